#!/bin/sh
# usage: test/peer/tls_matrix.sh [TITLE]      called by test/run.sh; the program is below $BUILD
# TITLE, which may hold * and ?, picks the tests to run.
# Makes authorities and certificates of every kind, starts the peers of tls_peers.py with them, and lets
# tls_matrix.c meet each. All of it lives in a temporary directory and on free ports of 127.0.0.1.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}"

directory=$(mktemp -d)
peers=
clean() {
    [ -z "$peers" ] || kill "$peers" 2>/dev/null || :
    rm -rf "$directory"
}
trap clean EXIT
trap 'exit 1' INT TERM

# ---- certificates ------------------------------------------------------------------------------
. test/certificates.sh
root ca 'Parley Test Authority'
root other 'Somebody Else'
key good-rsa RSA rsa_keygen_bits:2048
key weak RSA rsa_keygen_bits:1024
issue good ca localhost $begin $end subjectAltName=DNS:localhost
issue good-rsa ca localhost $begin $end subjectAltName=DNS:localhost
issue address ca nobody $begin $end subjectAltName=DNS:other.test,IP:10.0.0.1,IP:127.0.0.1
issue address6 ca nobody $begin $end subjectAltName=IP:::1
issue wildcard ca nobody $begin $end 'subjectAltName=DNS:*.parley.test'
issue common-name ca localhost $begin $end basicConstraints=CA:false
issue wrong-name ca localhost $begin $end 'subjectAltName=DNS:other.test,DNS:*.wild.test,IP:192.0.2.7'
issue many-names ca nobody $begin $end \
    "subjectAltName=$(seq -s , -f 'DNS:a-rather-long-name-of-a-server-%g.example.test' 40)"
issue large ca localhost $begin $end \
    "subjectAltName=DNS:localhost,$(seq -s , -f 'DNS:a-rather-long-name-of-a-server-%g.example.test' 120)"
issue odd-name ca "$(printf 'bad\033[31mname')" $begin $end basicConstraints=CA:false
issue stranger other localhost $begin $end subjectAltName=DNS:localhost
issue expired ca localhost $past $expiry subjectAltName=DNS:localhost
issue future ca localhost $end $later subjectAltName=DNS:localhost
issue all-wrong other nobody $past $expiry subjectAltName=DNS:other.test
issue weak ca localhost $begin $end subjectAltName=DNS:localhost
issue for-clients ca localhost $begin $end subjectAltName=DNS:localhost extendedKeyUsage=clientAuth
issue middle ca 'Parley Test Intermediate' $begin $end basicConstraints=critical,CA:true keyUsage=keyCertSign
issue chain-cut middle localhost $begin $end subjectAltName=DNS:localhost
cat "$directory/chain-cut.pem" "$directory/middle.pem" >"$directory/chain.pem"
cp "$directory/chain-cut.key" "$directory/chain.key"
self_signed self-signed localhost subjectAltName=DNS:localhost

: >"$directory/empty.pem"
echo 'these are not the certificates you are looking for' >"$directory/text.pem"
openssl x509 -in "$directory/ca.pem" -outform der -out "$directory/ca.der"
sed '5s/./!/g' "$directory/ca.pem" >"$directory/broken.pem"
cat "$directory/broken.pem" "$directory/ca.pem" >"$directory/partly-broken.pem"
mkfifo "$directory/pipe.pem"

# pins of the certificates' keys, as OpenSSL computes them
for name in good ca middle chain self-signed stranger; do
    openssl x509 -in "$directory/$name.pem" -pubkey -noout | openssl pkey -pubin -outform der |
        openssl dgst -sha256 -binary | base64 | sed 's|^|sha256/|' >"$directory/$name.pin"
done

# folders of authorities, and our own certificate in one file with its key, and with a key that has a passphrase
mkdir "$directory/authorities" "$directory/others" "$directory/nothing"
cp "$directory/ca.pem" "$directory/text.pem" "$directory/authorities"
ln -s gone "$directory/authorities/dangling.pem"
cp "$directory/other.pem" "$directory/others"
cp "$directory/text.pem" "$directory/nothing"
issue client ca 'a board' $begin $end extendedKeyUsage=clientAuth
cat "$directory/client.pem" "$directory/client.key" >"$directory/client-both.pem"
quietly openssl pkey -in "$directory/client.key" -aes128 -passout pass:secret -out "$directory/client-locked.key"

# ---- the peers, and the program that meets them --------------------------------------------------
mkfifo "$directory/out"
/usr/bin/python3 -W ignore::DeprecationWarning test/peer/tls_peers.py "$directory" >"$directory/out" &
peers=$!
cat "$directory/out" >"$directory/ports" # until the peers, all listening, close their end

CMOCKA_MESSAGE_OUTPUT=TAP "$BUILD/test/peer/tls_matrix" "$directory" "$@"
