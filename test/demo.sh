#!/bin/sh
# shellcheck disable=SC2317 # functions are called by confirm
# usage: ./build.sh demo      or, when parley-loopback is built: sh test/demo.sh
# A whole spoken conversation without network, key or microphone. The user is a recording (speech/demo.wav), the
# service is the one built into the loopback, the agent is a shell command that counts the files of this tree.
# What happens is printed as it happens; then it is checked, in the lines and in the samples, that it really did.
# Exit status 0: everything did. Takes as long as the conversation, half a minute.
set -eu
cd "$(dirname "$0")/.."
: "${BUILD:=build}"
program=$BUILD/bin/parley-loopback
folder=$BUILD/demo
reply=$folder/reply.wav
mkdir -p "$folder/home"
HOME=$(cd "$folder/home" && pwd) XDG_STATE_HOME=$HOME/state # the demo leaves nothing in the user's own
export HOME XDG_STATE_HOME

# The service hears no words, only where speech begins and ends; so it is told what was said.
cat >"$folder/service.talk" <<'END'
use service
heard "Hello there, how are you today?"
heard "Please count the files in this folder."
heard "Thank you, stop now."
END

# The agent gets the request on its input; each paragraph it writes is told to the model at once.
cat >"$folder/agent.sh" <<'END'
grep -q '<input>.*count the files' || { echo 'I can count files only.' >&2 && exit 1; }
echo "I am counting in $(basename "$PWD")."
echo
echo "There are $(find core transport parser templates context platform -type f | wc -l) files in the six folders."
END
files=$(find core transport parser templates context platform -type f | wc -l)

printf '%s\n\n' "A recording speaks to $program; what it hears goes to $reply."
{
    status=0
    "$program" talk --script "$folder/service.talk" --in test/vectors/speech/demo.wav --out "$reply" \
        --agent "sh $folder/agent.sh" --record "$folder/demo.record" </dev/null 2>&1 || status=$?
    echo "$status" >"$folder/status"
} | tee "$folder/lines"

# Where sound is in the WAV file: lines "from to" in seconds. Silence of less than 0.6 s is a pause in speech.
sounds() {
    od -An -v -td2 -w960 -j44 "$1" | awk '{
        peak = 0
        for (i = 1; i <= NF; i++) { value = $i < 0 ? -$i : $i; if (value > peak) peak = value }
        if (peak < 300) next
        now = NR * 0.02
        if (begun && now - last > 0.6) { print from, last; begun = 0 }
        if (!begun) { from = now - 0.02; begun = 1 }
        last = now
    }
    END { if (begun) print from, last }'
}

said() { grep -q "^$1" "$folder/lines"; }
seconds() { awk -v at="$1" 'NR == at { printf "%.1f", $2 - $1 }' "$folder/sounds"; }
is_near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && b != "" && a - b < 0.4 && b - a < 0.4) }'; }
in_order() { # patterns: each in a line behind that of the one before
    awk 'BEGIN { for (i = 1; i < ARGC; i++) wanted[i] = ARGV[i]; last = ARGC - 1; ARGC = 1; at = 1 }
        at <= last && index($0, wanted[at]) == 1 { at++ }
        END { exit at <= last }' "$@" <"$folder/lines"
}

failures=0
confirm() { # what, command...
    what=$1
    shift
    if "$@"; then echo "  yes  $what"; else echo "  NO   $what" && failures=$((failures + 1)); fi
}

sounds "$reply" >"$folder/sounds"
heard=$(sed -n 's/^-- interrupted after \([0-9.]*\) s --$/\1/p' "$folder/lines" | head -n 1)

all_words_heard() {
    said 'you: Hello there, how are you today?' && said 'you: Please count the files in this folder.' &&
        said 'you: Thank you, stop now.'
}
handed_over() { in_order 'you: Please count the files' '[agent] asked: ' '[agent] I am counting in '; }
result_spoken() {
    in_order "[agent] There are $files files" '[agent] finished' 'parley: ' &&
        grep '^parley: ' "$folder/lines" | grep -q "There are $files files"
}
cut_where_heard() {
    in_order 'parley: ' '-- interrupted after ' 'you: Please count the files' && is_near "$(seconds 1)" "${heard:-}"
}

# What happened as a picture; and the one of the README, which is of such a conversation on a made-up clock.
replayed() { "$program" replay "$folder/demo.record" >"$folder/replayed" 2>&1 || { cat "$folder/replayed" && return 1; }; }
pictured() {
    "$program" timeline "$folder/demo.record" -o "$folder/timeline.svg" &&
        "$program" test --whole --record "$folder/picture.record" test/talk/service_conversation.talk >"$folder/played" &&
        "$program" timeline "$folder/picture.record" -o "$folder/picture.svg"
}

printf '\n%s\n' 'What happened:'
confirm "the user was heard, three times" all_words_heard
confirm "replies were spoken: $(wc -l <"$folder/sounds") in $reply, the last of $(seconds 3) s" test "$(wc -l <"$folder/sounds")" -ge 3
confirm "work was handed to the agent" handed_over
confirm "its result came back, $files files, and was told to the user" result_spoken
confirm "the user interrupted: told as ${heard:-?} s, and $(seconds 1) s of that reply are in the file" cut_where_heard
confirm "it ended by itself, with exit status $(cat "$folder/status")" grep -qx 0 "$folder/status"
confirm "its record, held again, is the same byte for byte" replayed
confirm "a picture of it: $folder/timeline.svg (of the README: $folder/picture.svg, kept as test/talk/demo.svg)" pictured
exit "$((failures > 0))"
