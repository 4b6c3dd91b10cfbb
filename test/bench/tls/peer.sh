# shellcheck shell=sh disable=SC2034,SC2154 # $old and $newest are for the caller; $begin and $end of certificates.sh
# For test/bench/tls.sh and test/cross/mbedtls_board.sh, which read it with `. test/bench/tls/peer.sh`: peer.py listens
# until the program ends, at the ports $old and $newest, with a certificate of the authority $directory/ca.pem.
directory=$(mktemp -d)
peer=
clean() {
    [ -z "$peer" ] || kill "$peer" 2>/dev/null || :
    rm -rf "$directory"
}
trap clean EXIT
trap 'exit 1' INT TERM
. test/certificates.sh
root ca 'Parley Test Authority'
issue good ca localhost "$begin" "$end" subjectAltName=DNS:localhost
mkfifo "$directory/out"
python3 test/bench/tls/peer.py "$directory/good.pem" "$directory/good.key" >"$directory/out" &
peer=$!
read -r old newest <"$directory/out"
