#!/bin/sh
# What `parley talk` says when it may not or cannot talk: one clear line that names the stage and the reason, within the
# stage's deadline, and a status that is not 0.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"

# ---- certificates ----------------------------------------------------------------------------------
directory=$scratch
. test/certificates.sh
good_and_bad

/usr/bin/python3 test/peer/refusals.py "$scratch" &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
await [ -s "$scratch/ports" ]

# ---- one try ---------------------------------------------------------------------------------------

# NAME [PORT]: leaves NAME.{out,err,status,seconds}
try() {
    port=${2:-$(sed -n "s/^$1 //p" "$scratch/ports")}
    started=$(date +%s)
    SECRET=sk-test-key timeout 60 "$BUILD/bin/parley" talk --url "wss://localhost:$port/v1" --ca-file "$scratch/ca.pem" \
        --key-env SECRET --in test/vectors/speech/hello.wav >"$scratch/$1.out" 2>"$scratch/$1.err" && status=0 || status=$?
    echo "$status" >"$scratch/$1.status"
    echo $(($(date +%s) - started)) >"$scratch/$1.seconds"
}
tries='wrong-name stranger expired plain-http http-401 silent-tcp silent-tls'
for name in $tries; do try "$name" & pids="${pids:-} $!"; done
try nobody 1 & pids="$pids $!"
# shellcheck disable=SC2086
wait $pids

# ---- the verdicts ----------------------------------------------------------------------------------
says() { # NAME PATTERN: exactly one line of error, with this in it
    if [ "$(wc -l <"$scratch/$1.err")" = 1 ] && grep -Eq "$2" "$scratch/$1.err"; then return 0; fi
    cat "$scratch/$1.err"
    return 1
}
fails() { [ "$(cat "$scratch/$1.status")" = 1 ] || { cat "$scratch/$1.status" && return 1; }; }
in_time() { [ "$(cat "$scratch/$1.seconds")" -le "$2" ] || { cat "$scratch/$1.seconds" && return 1; }; }
no_key() { ! cat "$scratch"/*.err "$scratch"/*.out | grep -q 'sk-test-key'; }

expect() { # NAME SECONDS PATTERN
    check "$1: the error names stage and reason" says "$1" "$3"
    check "$1: the status is 1" fails "$1"
    check "$1: within $2 s" in_time "$1" "$2"
}
expect wrong-name 5 'tls: .*elsewhere\.test.*localhost'
expect stranger 5 'tls: .*(authority|trusted)'
expect expired 5 'tls: .*expired'
expect plain-http 5 'upgrade: .*200'
expect http-401 5 'upgrade: .*401.*Incorrect API key provided'
expect silent-tcp 20 'tls: .*15000 ms'
expect silent-tls 20 'upgrade: .*15000 ms'
expect nobody 5 'connect: .*refused'
check 'the key is nowhere to be seen' no_key
plan
