#!/bin/sh
# A whole spoken conversation with a server whose WebSocket and TLS code is not ours (python3-websockets, OpenSSL), with
# authorities made here: over wss, over ws, and over wss with one-byte reads and writes on our side.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
python=/usr/bin/python3

# ---- a certificate for localhost, and what the user says ------------------------------------------
directory=$scratch
. test/certificates.sh
root ca 'Test Authority'
issue server ca localhost "$begin" "$end" subjectAltName=DNS:localhost
$python test/peer/speech.py "$scratch/user.wav"

# ---- one conversation ------------------------------------------------------------------------------

# NAME PROGRAM SCHEME: leaves NAME.{out,err,wav,status,verdict} in $scratch
converse() {
    name=$1 program=$2 scheme=$3 pem='' key='' trust=''
    [ "$scheme" = ws ] || pem=$scratch/server.pem key=$scratch/server.key trust="--ca-file $scratch/ca.pem"
    # shellcheck disable=SC2086 # no certificate, no words
    timeout 100 $python test/peer/service.py "$scratch/$name.port" $pem $key >"$scratch/$name.verdict" 2>&1 &
    service=$!
    for _ in $(seq 100); do
        [ -s "$scratch/$name.port" ] && break
        sleep 0.1
    done
    # shellcheck disable=SC2086
    KEY=sk-test-key timeout 90 ${RUN-} "$program" talk --url "$scheme://localhost:$(cat "$scratch/$name.port")/v1" $trust \
        --key-env KEY --in "$scratch/user.wav" --out "$scratch/$name.wav" --json --record "$scratch/$name.record" \
        --agent 'cat >/dev/null; echo There are three files.' >"$scratch/$name.out" 2>"$scratch/$name.err" &&
        status=0 || status=$?
    echo "$status" >"$scratch/$name.status"
    wait "$service" || echo "the service left with status $?" >>"$scratch/$name.verdict"
}

# Under an emulator (RUN) a byte at a time takes so long that the user interrupts too late.
names='wss ws trickle'
[ -z "${RUN-}" ] || names='wss ws'
converse wss "$BUILD/bin/parley" wss &
converse ws "$BUILD/bin/parley" ws &
[ -n "${RUN-}" ] || converse trickle "$BUILD/test/peer/trickle" wss &
wait

show() { cat "$scratch/$1.verdict" "$scratch/$1.err" && tail -n 5 "$scratch/$1.out"; }
ends_well() { [ "$(cat "$scratch/$1.status")" = 0 ] || { show "$1" && return 1; }; }
service_content() { [ ! -s "$scratch/$1.verdict" ] || { show "$1" && return 1; }; }
event() { grep -q "$2" "$scratch/$1.out" || { show "$1" && return 1; }; }
spoken() { # at least two seconds of sound above a whisper in what was heard
    $python - "$scratch/$1.wav" <<'PY'
import struct
import sys
import wave

with wave.open(sys.argv[1]) as heard:
    pcm = heard.readframes(heard.getnframes())
loud = sum(1 for s in struct.unpack("<%dh" % (len(pcm) // 2), pcm) if abs(s) > 500)
sys.exit(0 if loud > 2 * 24000 else "only %d loud samples" % loud)
PY
}
no_key() { ! grep -q 'sk-test-key' "$scratch/$1.out" "$scratch/$1.err"; }

for name in $names; do
    check "$name: the conversation ends by itself with status 0" ends_well "$name"
    check "$name: the service got all it should, in order, and close code 1000" service_content "$name"
    check "$name: the user's words are heard" event "$name" '"user_done".*hello there'
    check "$name: work is handed to the agent" event "$name" '"handoff".*count the files'
    check "$name: the agent's result is spoken" event "$name" '"reply_done".*There are three files'
    check "$name: the user interrupts, the reply is cut where it was heard" event "$name" '"interrupted".*"item_reply_'
    check "$name: the replies are in the WAV file" spoken "$name"
    check "$name: the key is nowhere to be seen" no_key "$name"
done
# ---- their records -----------------------------------------------------------------------------------
replays() {
    ${RUN-} "$BUILD/bin/parley-loopback" replay "$scratch/$1.record" >"$scratch/said" 2>&1 && grep -q 'the same, in' "$scratch/said" &&
        ! grep -q 'torn\|full' "$scratch/said" && return 0
    cat "$scratch/said" && return 1
}
keeps_the_key() { ! grep -F 'sk-test-key' "$scratch/$1.record"; }
for name in $names; do
    check "$name: recorded, it is held again byte for byte" replays "$name"
    check "$name: the key is not in the record" keeps_the_key "$name"
done
plan
