#!/bin/sh
# A whole spoken conversation with a server whose WebSocket and TLS code is not ours (python3-websockets, OpenSSL), with
# authorities made here: over wss, over ws, and over wss with one-byte reads and writes on our side.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
. test/converse.sh

# ---- the conversations, and their verdicts -------------------------------------------------------------
# Under an emulator (RUN) a byte at a time takes so long that the user interrupts too late.
names='wss ws trickle'
[ -z "${RUN-}" ] || names='wss ws'
for name in $names; do
    scheme=wss program=$BUILD/bin/parley
    case $name in ws) scheme=ws ;; trickle) program=$BUILD/test/peer/trickle ;; esac
    converse "$name" "$scheme" "$program" --record "$scratch/$name.record" &
done
wait

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
