# shellcheck shell=sh disable=SC2034,SC2154 # $directory is the caller's, some of what is set here too
# For tests that need certificates, which read it with `. test/certificates.sh`: authorities and what they issue, as
# NAME.pem and NAME.key in $directory.
cat >"$directory/ca.conf" <<CONF
[ca]
default_ca = made_here
[made_here]
database = $directory/index
new_certs_dir = $directory
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
CONF
: >"$directory/index"

quietly() { "$@" 2>"$directory/openssl.log" || { cat "$directory/openssl.log" >&2 && exit 1; }; }
key() { # NAME [KIND OPTION]
    quietly openssl genpkey -algorithm "${2:-EC}" -pkeyopt "${3:-ec_paramgen_curve:P-256}" -out "$directory/$1.key"
}

# self_signed NAME COMMON-NAME EXTENSION...
self_signed() {
    name=$1 common=$2
    shift 2
    for extension; do
        shift
        set -- "$@" -addext "$extension"
    done
    key "$name"
    quietly openssl req -x509 -new -config "$directory/ca.conf" -key "$directory/$name.key" -subj "/CN=$common" -days 3650 \
        "$@" -out "$directory/$name.pem"
}

# root NAME COMMON-NAME: an authority
root() {
    self_signed "$1" "$2" basicConstraints=critical,CA:true keyUsage=keyCertSign
}

# issue NAME AUTHORITY COMMON-NAME FROM TO EXTENSION...: its key may be there already
issue() {
    name=$1 by=$2 common=$3 from=$4 to=$5
    shift 5
    [ -f "$directory/$name.key" ] || key "$name"
    printf '%s\n' "[x]" "$@" >"$directory/x.conf"
    quietly openssl req -new -config "$directory/ca.conf" -key "$directory/$name.key" -subj "/CN=$common" \
        -out "$directory/$name.csr"
    quietly openssl ca -batch -notext -config "$directory/ca.conf" -cert "$directory/$by.pem" \
        -keyfile "$directory/$by.key" -in "$directory/$name.csr" -startdate "$from" -enddate "$to" \
        -extfile "$directory/x.conf" -extensions x -out "$directory/$name.pem"
}

# for FROM and TO
past=20200101000000Z expiry=20200201000000Z begin=20240101000000Z end=20450601000000Z later=20490101000000Z

# Certificates for localhost by the authority `ca`: a good one, and one with each fault.
good_and_bad() {
    root ca 'Parley Test Authority'
    root other 'Somebody Else'
    issue good ca localhost "$begin" "$end" subjectAltName=DNS:localhost
    issue wrong-name ca elsewhere.test "$begin" "$end" subjectAltName=DNS:elsewhere.test
    issue stranger other localhost "$begin" "$end" subjectAltName=DNS:localhost
    issue expired ca localhost "$past" "$expiry" subjectAltName=DNS:localhost
}
