#!/bin/sh
# shellcheck disable=SC2086 # flags are words
# usage: test/bench/idle.sh      called by ./build.sh bench idle
# What idle conversations over wss cost: resident memory of a process that holds 1, 10, 100 and 1,000 of them in one
# loop, by profile; with one authority and with all of the system's. Prints Markdown tables.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
export BUILD CC CFLAGS

. test/bench/whole/server.sh
host idle
cat "$bin/cert.pem" /etc/ssl/certs/ca-certificates.crt >"$bin/authorities.pem"

run() { # the arguments of idle: its figures
    "$bin/runner" --tls "$bin/cert.pem" "$bin/key.pem" ECDHE-ECDSA-AES128-GCM-SHA256 --events 0 --hold-ms 600000 -- \
        "$bin/idle" "$@" | sed -n 's/^one_kb=\([0-9]*\) all_kb=[0-9]* each_kb=\([0-9.]*\) peak_kb=\([0-9]*\)$/\1 \2 \3/p'
}

echo "Idle conversations over wss, in KB of resident memory:"
printf '\n| profile | conversations | the first, with the process | each further one | peak |\n'
echo '|---|---:|---:|---:|---:|'
for profile in tiny board server; do
    for count in 1 10 100 1000; do
        # shellcheck disable=SC2046 # words
        set -- $(run $count $profile)
        [ $count -gt 1 ] || set -- "$1" - "$3"
        echo "| \`$profile\` | $count | $1 | $2 | $3 |"
    done
done
printf '\nThe same with the %s authorities of this system, which are there until the handshake is over:\n\n' \
    "$(grep -c 'BEGIN CERT' "$bin/authorities.pem")"
echo '| profile | conversations | the first, with the process | each further one | peak |'
echo '|---|---:|---:|---:|---:|'
export IDLE_CA="$bin/authorities.pem"
for count in 1 100; do
    # shellcheck disable=SC2046 # words
    set -- $(run $count server)
    [ $count -gt 1 ] || set -- "$1" - "$3"
    echo "| \`server\` | $count | $1 | $2 | $3 |"
done
