#!/bin/sh
# shellcheck disable=SC2317 # functions are called by check
# The program as a person or a script meets it: real pipes, signals, processes and a terminal. TAP.
# What talk does in a conversation is tested on a virtual clock, by cli_talk_test.c.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
parley=$BUILD/bin/parley-loopback

# A command, with everything kept: $scratch/NAME.out, .err, .status. Standard input stays the caller's.
run() {
    name=$1 result=0
    shift
    timeout 30 "$@" >"$scratch/$name.out" 2>"$scratch/$name.err" || result=$?
    echo "$result" >"$scratch/$name.status"
}
status_is() { show_difference "$2" "$(cat "$scratch/$1.status")"; }
has() { grep -qF -- "$2" "$scratch/$1" || { cat "$scratch/$1" && return 1; }; }
lacks() { ! grep -F -- "$2" "$scratch/$1"; }

# ---- the command line ----------------------------------------------------------------------------

# name, words of the one line on standard error
refused() { status_is "$1" 2 && has "$1.err" "$2" && show_difference 1 "$(wc -l <"$scratch/$1.err")"; }

run none "$parley"
lists_commands() { status_is none 2 && has none.err talk && lacks none.out talk; }
check 'without a command: the list of commands, on standard error' lists_commands
run help "$parley" help talk
run option_help "$parley" talk --help
helps() { status_is help 0 && has help.out --agent-timeout && cmp "$scratch/help.out" "$scratch/option_help.out"; }
check 'help of a command, either way' helps
run version "$parley" --version
check 'version and transport' has version.out '(loopback)'
run command "$parley" tlak
check 'an unknown command' refused command 'unknown command tlak'
run option "$parley" talk --modle x
check 'an unknown option' refused option 'unknown option --modle'
printf 'fLaC' >"$scratch/song.wav"
run format "$parley" talk --in "$scratch/song.wav"
check 'a sound file in another format' refused format 'song.wav: this is a FLAC file'
run missing "$parley" talk --in "$scratch/missing.wav"
check 'a sound file that is not there' refused missing 'missing.wav: No such file'
run no_offer "$parley" call --sdp "$scratch/missing.sdp"
check 'an offer that is not there' refused no_offer 'missing.sdp: No such file'
run no_key env -u OPENAI_API_KEY "${parley%-loopback}" talk </dev/null
[ -x "${parley%-loopback}" ] && check 'the real service wants a key' refused no_key 'OPENAI_API_KEY'

# ---- conversations, all at once, as each takes some seconds ---------------------------------------

# name, lines to type, options...
talk() {
    typed=$2 name=$1
    shift 2
    printf '%s\n' "$typed" | run "$name" "$parley" talk --linger-ms 300 "$@"
}

# name, file: bytes of samples that the header of a WAV file tells, and those that are there
whole_wav() { show_difference $(($(wc -c <"$1") - 44)) "$(od -An -tu4 -j40 -N4 "$1" | tr -d ' ')"; }
sounds() { [ "$(od -An -v -td2 -w2 "$1" | awk '$1 > 1000 { loud++ } END { print loud + 0 }')" -gt 2000 ]; }

talk plain 'Hello!' --out "$scratch/plain.wav" --insecure-no-verify &
talk json 'Hello!' --json &
talk raw 'Hello!' --out - &
talk speaker 'Hello!' --speaker "cat >'$scratch/spoken'" &
talk failing 'Please count the files.' --agent 'echo half; echo broken >&2; exit 3' &
OPENAI_API_KEY=sk-secret talk key 'Please count the files.' --key-env OPENAI_API_KEY --verbose --agent \
    "env >'$scratch/env'; tr '\\0' '\\n' <\"/proc/\$PPID/environ\" >'$scratch/environ'; echo 42" &
printf 'v=0\r\n' >"$scratch/offer.sdp"
call() { # name, options...
    name=$1
    shift
    printf 'Please count the files.\n' | run "$name" "$parley" call --linger-ms 300 --no-store --sdp "$scratch/offer.sdp" "$@"
}
call call --agent 'echo 42' &
call call_file --answer "$scratch/answer.sdp" --quiet &
call call_nowhere --answer "$scratch/no/answer.sdp" &
call call_json --json &
printf 'Hello!\n' | { timeout 30 "$parley" talk --json 2>"$scratch/early.err" || echo $? >"$scratch/early.status"; } |
    head -n 1 >"$scratch/early.out" &

# Ctrl-C while an agent works that would never end. It tells its number, so nobody has to guess when it works.
interrupt() {
    mkfifo "$scratch/typing" "$scratch/number"
    "$parley" talk --out "$scratch/interrupted.wav" --agent "echo \$\$ >'$scratch/number'; exec tail -f /dev/null" \
        <"$scratch/typing" >"$scratch/interrupted.out" 2>&1 &
    exec 3>"$scratch/typing"
    echo 'Please count the files.' >&3
    timeout 30 cat "$scratch/number" >"$scratch/agent"
    kill -INT $!
    result=0
    wait $! || result=$?
    echo "$result" >"$scratch/interrupted.status"
}
interrupt &

# Killed in the middle of a reply.
kill_it() {
    mkfifo "$scratch/events"
    "$parley" talk --json --in test/vectors/speech/hello.wav --out "$scratch/killed.wav" \
        >"$scratch/events" </dev/null &
    exec 4<"$scratch/events"
    while read -r line <&4; do
        case $line in *'"audio"'*) break ;; esac
    done
    kill -KILL $!
    wait $! || :
}
kill_it 2>/dev/null &

# On a terminal: the line is edited by us, and the terminal is afterwards as it was before.
cat >"$scratch/terminal.py" <<'END'
import os, pty, select, sys, termios
child, fd = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], [sys.argv[1], "talk", "--mic", "none", "--speaker", "none"])
before = termios.tcgetattr(fd)
shown, steps = b"", [(b"> ", b"Hellp\x7fo!\r"), (b"What can I do for you?", b"\x03")]
while select.select([fd], [], [], 30)[0]:
    try:
        piece = os.read(fd, 65536)
    except OSError:
        break
    shown += piece
    if steps and steps[0][0] in shown:
        os.write(fd, steps.pop(0)[1])
print("status", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print("restored", termios.tcgetattr(fd)[3] == before[3])
print("steps left", len(steps))
print("typed", b"you (typed): \x1b[0mHello!\r\n" in shown)
print("drawn", b"parley speaks" in shown)
END
python3 "$scratch/terminal.py" "$parley" >"$scratch/terminal" 2>&1 &
wait

answers() { status_is plain 0 && has plain.out 'you (typed): Hello!' && has plain.out 'parley: Hello'; }
check 'a typed line is answered, and the end of input ends it' answers
check 'no check of certificates is said on every run' has plain.err 'warning: the certificate of the service is not checked'
heard() { whole_wav "$scratch/plain.wav" && sounds "$scratch/plain.wav"; }
check 'the reply is in the WAV file' heard
raw() { status_is raw 0 && sounds "$scratch/raw.out" && has raw.err 'parley: Hello'; }
check 'raw samples to standard output, and the lines to standard error' raw
spoken() { status_is speaker 0 && sounds "$scratch/spoken"; }
check 'a loudspeaker program gets the reply' spoken
events() {
    status_is json 0 && python3 -c 'import json, sys
kinds = [json.loads(line)["event"] for line in sys.stdin]
for kind in "link started typed response_created audio reply_done response_done played closed".split():
    assert kind in kinds, kind
assert kinds[-1] == "closed", kinds[-1]' <"$scratch/json.out"
}
check 'JSON lines' events
goes_away() { status_is early 1 && has early.err 'standard output: nobody reads it any more'; }
check 'a reader that goes away ends it' goes_away
no_key_inside() {
    status_is key 0 && has env PATH= && lacks env sk-secret && lacks env OPENAI_API_KEY &&
        lacks environ sk-secret && lacks key.out sk-secret && lacks key.err sk-secret
}
check 'the agent does not get the key, and nobody sees it' no_key_inside
check 'log lines go to standard error' has key.err 'parley: info: '
tells_failure() { status_is failing 0 && has failing.out '[agent] half' && has failing.out 'exit status 3: broken'; }
check 'an agent that fails is told' tells_failure
orderly() { status_is interrupted 0 && has interrupted.out 'closed: requested' && whole_wav "$scratch/interrupted.wav"; }
check 'Ctrl-C ends in good order' orderly
gone() { [ -s "$scratch/agent" ] && ! kill -0 "$(cat "$scratch/agent")" 2>/dev/null; }
check 'and the agent ends with it' gone
plays() {
    there=$(($(wc -c <"$scratch/killed.wav") - 44))
    told=$(od -An -tu4 -j40 -N4 "$scratch/killed.wav" | tr -d ' ')
    [ "$told" -ge 48000 ] && [ "$told" -le "$there" ] && [ $((there - told)) -le 72000 ]
}
check 'a file that was being written when it was killed can be played' plays
calls() {
    status_is call 0 && has call.out 'call rtc_loopback is created; the answer:' && has call.out 's=loopback' &&
        has call.out '[agent] 42' && has call.out 'closed: requested'
}
check 'a call: its answer, what is typed, the agent' calls
answered() { status_is call_file 0 && show_difference "$(printf 's=loopback\r')" "$(sed -n 3p "$scratch/answer.sdp")"; }
check 'its answer in a file' answered
nowhere() { status_is call_nowhere 1 && has call_nowhere.err 'no/answer.sdp: No such file'; }
check 'a file that cannot be written ends the call' nowhere
call_event() { status_is call_json 0 && has call_json.out '"event":"sdp"' && has call_json.out '"call_id":"rtc_loopback"'; }
check 'its answer as a JSON line' call_event
check 'a terminal: edited line, live picture, Ctrl-C, and restored' show_difference 'status 0
restored True
steps left 0
typed True
drawn True' "$(cat "$scratch/terminal")"
plan
