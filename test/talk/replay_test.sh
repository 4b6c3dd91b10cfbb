#!/bin/sh
# shellcheck disable=SC2317 # functions are called by check
# The flight recorder and its replay: every talk of this folder, files that are torn, full, damaged or no records,
# and keys, which no record holds. TAP.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
parley=$BUILD/bin/parley-loopback

# ---- every talk ----------------------------------------------------------------------------------
all_replay() {
    for talk in test/talk/*.talk; do
        "$parley" test --whole --record "$scratch/record" "$talk" >"$scratch/tap" || { cat "$scratch/tap" && return 1; }
        "$parley" replay "$scratch/record" >"$scratch/said" 2>&1 || { echo "$talk" && cat "$scratch/said" && return 1; }
        ! grep -q 'torn\|full' "$scratch/said" || { echo "$talk" && cat "$scratch/said" && return 1; }
        name=$(basename "$talk" .talk)
        cp "$scratch/record" "$scratch/$name.record"
        "$parley" replay --to-talk "$scratch/again/$name.talk" --to-wav "$scratch/$name.wav" "$scratch/record" >"$scratch/said" ||
            return 1
    done
}
mkdir "$scratch/again"
check 'every talk, recorded, is held again byte for byte' all_replay
pass_as_talks() { "$parley" test "$scratch/again/"*.talk >"$scratch/tap" || { grep -v '^ok' "$scratch/tap" && return 1; }; }
check 'and its record, made into a talk, passes as one' pass_as_talks
# What was heard: 1.86 s of the first reply, which was cut, 2.78 s of the third, and the others as long as they are.
heard() {
    od -An -v -td2 -w960 -j44 "$scratch/service_conversation.wav" | awk '{
        peak = 0
        for (i = 1; i <= NF; i++) { value = $i < 0 ? -$i : $i; if (value > peak) peak = value }
        if (peak < 300) next
        now = NR * 0.02
        if (begun && now - last > 0.2) { printf "%.1f+%.1f ", from, last - from; begun = 0 }
        last = now
        if (!begun) { from = now - 0.02; begun = 1 }
    }
    END { printf "%.1f+%.1f\n", from, last - from }'
}
check_equal 'what the user heard, as sound' \
    '3.1+0.3 3.8+0.6 4.7+0.3 7.8+0.5 8.5+1.5 10.6+0.9 11.7+1.1 13.2+0.1 15.7+1.0 17.0+0.9 18.2+0.4 18.8+1.0' "$(heard)"

# exit status, words, file
replays() {
    status=0
    "$parley" replay "$3" >"$scratch/said" 2>&1 || status=$?
    show_difference "$1" "$status" && grep -qF -- "$2" "$scratch/said" && return
    cat "$scratch/said" && return 1
}

# ---- files that are not whole ----------------------------------------------------------------------
record=$scratch/handoff.record
size=$(wc -c <"$record")
torn_anywhere() {
    at=$((size - 700))
    while [ "$at" -lt "$size" ]; do
        head -c "$at" "$record" >"$scratch/torn"
        replays 0 'torn there' "$scratch/torn" || { echo "at byte $at of $size" && return 1; }
        at=$((at + 1))
    done
}
check 'torn at any byte of its last lines, it is held again as far as it goes' torn_anywhere
torn_elsewhere() {
    for part in 2 3 5 7 11 13; do
        head -c $((size / part)) "$record" >"$scratch/torn"
        replays 0 'torn there' "$scratch/torn" || { echo "at byte $((size / part)) of $size" && return 1; }
    done
}
check 'torn anywhere else, too' torn_elsewhere

# sed program, exit status, words
damaged() {
    sed "$1" "$record" >"$scratch/damaged"
    ! cmp -s "$record" "$scratch/damaged" || { echo 'nothing was damaged' && return 1; }
    replays "$2" "$3" "$scratch/damaged"
}
line_of() { grep -n "$1" "$record" | head -n 1 | cut -d: -f1; }
out=$(line_of '{"out":.*function_call_output')
check 'something else was sent' damaged "${out}s/call_1/call_2/" 1 "damaged:$out: from byte"
event=$(line_of '{"event":"handoff"')
check 'an event was another' damaged "${event}s/\"sum\":\"./&0/" 1 "damaged:$event: from byte"
check 'something that was sent is missing' damaged "${out}d" 1 "damaged:$out: from byte"
check 'something never happened' damaged "${out}s/.*/&\n&/" 1 "damaged:$((out + 1)): "
check 'a call nobody knows' damaged "$(line_of '"call":"done"')s/done/dine/" 2 'this program knows no such call'
check 'a line that is none' damaged "${out}s/.*/out/" 2 "damaged:$out: this is no line of a record"
check 'another version' damaged '1s/"record":1/"record":2/' 2 'a record of version 2'
check 'no options' damaged '1s/"options":{.*/"opt":{}}/' 2 ':1: it tells no options'
check 'options that cannot be' damaged '1s/"options":{/&"voice":"nobody",/' 2 ':1: '
check 'no record' replays 2 'this is no record' test/talk/hello.talk
check 'no file' replays 2 'No such file' "$scratch/nothing"
: >"$scratch/empty"
check 'an empty file' replays 2 'this is no record' "$scratch/empty"

# ---- what talk records -----------------------------------------------------------------------------
cat >"$scratch/echo.talk" <<'END'
server {"type":"session.updated","session":{"id":"sess_1","instructions":"as sk-live-0123456789 says"}}
server {"type":"error","error":{"type":"x","message":"not for \u0073k-live-0123456789 or token=hush-hush!"}}
server response.output_text.delta item_id=item_1 response_id=resp_1 delta="your key is sk-live-0123456789"
server response.output_text.done item_id=item_1 response_id=resp_1 text="your key is sk-live-0123456789"
END
speak() { # name, option...
    name=$1
    shift
    (KEY=sk-live-0123456789 timeout 60 "$parley" talk --no-store --json --linger-ms 1 --record "$scratch/$name" \
        "$@" </dev/null >"$scratch/$name.out" 2>&1) || { cat "$scratch/$name.out" && return 1; }
}
keeps_secrets() {
    speak secret --script "$scratch/echo.talk" --key-env KEY --header 'X-Token: token=hush-hush!' --query 'api=sesame-open' \
        --prompt 'Say sk-live-0123456789 to nobody, nor sesame-open.' &&
        ! grep -E 'sk-live|0123456789|hush|sesame' "$scratch/secret" && grep -q 'your key is \*\*\*' "$scratch/secret" &&
        grep -q '"headers":{"X-Token":16}' "$scratch/secret" && replays 0 'the same' "$scratch/secret"
}
check 'keys and values of headers and parameters are in no record, whoever says them' keeps_secrets
is_private() { find "$scratch/secret" -perm 600 | grep .; }
check 'a record is for its user alone' is_private
is_bounded() {
    speak bounded --record-bytes 65536 --in test/vectors/speech/hello.wav && test "$(wc -c <"$scratch/bounded")" -le 65536 &&
        show_difference '{"full":65536}' "$(tail -n 1 "$scratch/bounded")" && replays 0 'full before' "$scratch/bounded"
}
check 'a record is as long as it may be, and says so' is_bounded
is_silent() {
    speak silent --record-audio off --in test/vectors/speech/hello.wav && replays 0 'the same' "$scratch/silent" &&
        test "$(wc -c <"$scratch/silent")" -gt 100000 && ! grep -q '"pcm"' "$scratch/silent" &&
        ! grep -E '[B-Zb-z0-9+/]{200}' "$scratch/silent"
}
check 'without sound' is_silent
records_a_call() {
    printf 'v=0\r\na=ice-pwd:sWsWsWsWsWsWsWsW\r\n' >"$scratch/offer.sdp"
    "$parley" call --sdp "$scratch/offer.sdp" --no-store --quiet --linger-ms 50 --record "$scratch/call" </dev/null &&
        grep -q '"event":"sdp"' "$scratch/call" && replays 0 'the same' "$scratch/call" &&
        grep -q '"sdp_offer"' "$scratch/call" && ! grep 'sWsWsWsWsWsWsWsW' "$scratch/call"
}
check 'a call over WebRTC is held again, its password hidden' records_a_call
plan
