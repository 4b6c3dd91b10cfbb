#!/bin/sh
# A conversation whose connection breaks twice: each resumes the TLS session of the one before. With a server that is
# not ours (python3-websockets, OpenSSL).
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"

directory=$scratch
. test/certificates.sh
root ca 'Parley Test Authority'
issue good ca localhost "$begin" "$end" subjectAltName=DNS:localhost

# VERSION: leaves VERSION.seen, what the service saw, and VERSION.log
converse() {
    timeout 40 /usr/bin/python3 test/peer/resume.py "$scratch/$1.port" "$scratch/good.pem" "$scratch/good.key" "$1" \
        >"$scratch/$1.seen" 2>"$scratch/$1.broken" & # it complains of each connection it breaks itself
    service=$!
    await [ -s "$scratch/$1.port" ]
    KEY=sk-test-key timeout 30 "$BUILD/bin/parley" talk --url "wss://localhost:$(cat "$scratch/$1.port")/v1" \
        --ca-file "$scratch/ca.pem" --key-env KEY --mic none --speaker none --no-store --verbose --json \
        >"$scratch/$1.out" 2>"$scratch/$1.log" </dev/zero || :
    wait "$service" || :
}
resumptions() { grep -c 'tls: TLSv1.*, resumed$' "$scratch/$1.log" || { cat "$scratch/$1.log" && return 1; }; }

seen='1 new
2 resumed
3 resumed'
for version in 1.2 newest; do
    converse "$version"
    check_equal "TLS $version: the second and third connection resume the first one's session" "$seen" "$(cat "$scratch/$version.seen")"
    check_equal "TLS $version: the log says so" 2 "$(resumptions "$version")"
done
plan
