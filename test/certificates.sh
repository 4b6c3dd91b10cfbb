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

# root NAME COMMON-NAME: an authority
root() {
    key "$1"
    quietly openssl req -x509 -new -config "$directory/ca.conf" -key "$directory/$1.key" -subj "/CN=$2" -days 3650 \
        -addext basicConstraints=critical,CA:true -addext keyUsage=keyCertSign -out "$directory/$1.pem"
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
