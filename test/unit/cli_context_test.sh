#!/bin/sh
# shellcheck disable=SC2317 # functions are called by check
# What parley remembers, from outside: conversations in the worktrees of one repository, killed and not, and what
# the next one is told of them; context, threads, and what switches both off. TAP.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
parley=$(realpath "$BUILD/bin/parley-loopback")
store=$XDG_STATE_HOME/parley/threads
main=$scratch/engine side=$scratch/side

# A command in a folder, with everything kept: $scratch/NAME.out, .err, .status.
run() { # name, folder, command...
    name=$1 folder=$2 result=0
    shift 2
    (cd "$folder" && exec timeout 30 "$@") >"$scratch/$name.out" 2>"$scratch/$name.err" || result=$?
    echo "$result" >"$scratch/$name.status"
}
status_is() { show_difference "$2" "$(cat "$scratch/$1.status")"; }
has() { grep -qF -- "$2" "$scratch/$1" || { cat "$scratch/$1" && return 1; }; }
lacks() { ! grep -F -- "$2" "$scratch/$1"; }
in_order() { # file, lines that stand in it one after the other
    file=$scratch/$1
    shift
    printf '%s\n' "$@" | awk 'FNR == NR { wanted[++n] = $0; next } $0 == wanted[at + 1] { at++ }
        END { if (at < n) print "not found: " wanted[at + 1]; exit at < n }' - "$file" || { cat "$file" && return 1; }
}

# The instructions as the service took them, of a conversation with --json.
told() { python3 -c 'import json, sys
for line in sys.stdin:
    event = json.loads(line)
    if event["event"] == "session_updated":
        sys.stdout.write(event["text"])' <"$scratch/$1.out" >"$scratch/$1.told"; }

# name, folder, line to type, options...
talk() {
    name=$1 folder=$2 line=$3
    shift 3
    printf '%s\n' "$line" | run "$name" "$folder" "$parley" talk --json --modality text --linger-ms 100 "$@"
    told "$name"
}

if command -v git >/dev/null; then
    mkdir "$main"
    {
        git -C "$main" -c init.defaultBranch=trunk init
        git -C "$main" -c user.name=ada -c user.email=ada@example.org commit --allow-empty -m first
        git -C "$main" worktree add -b topic/sound "$side"
    } >"$scratch/git" 2>&1 || { cat "$scratch/git" >&2 && exit 1; }
else # as git would leave them
    mkdir -p "$main/.git/worktrees/side" "$side"
    echo 'ref: refs/heads/trunk' >"$main/.git/HEAD"
    echo 'ref: refs/heads/topic/sound' >"$main/.git/worktrees/side/HEAD"
    echo "gitdir: $main/.git/worktrees/side" >"$side/.git"
fi
touch "$side/mixer.c" "$HOME/notes"

run fresh "$side" "$parley" context
alone() {
    status_is fresh 0 && in_order fresh.out '<startup_context>' '## Machine / Workspace Map' '- mixer.c' '## Notes' &&
        lacks fresh.out '## Recent Work' && lacks fresh.out '## Current Thread' && [ ! -e "$XDG_STATE_HOME" ]
}
check 'without any history the workspace is told of, and looking leaves nothing behind' alone

# ---- a conversation is killed, and a second one is held elsewhere --------------------------------

kill_in_the_middle() {
    mkfifo "$scratch/typing" "$scratch/events"
    (cd "$main" && exec "$parley" talk --json --modality text <"$scratch/typing" >"$scratch/events") &
    exec 3>"$scratch/typing" 4<"$scratch/events"
    printf '%s\n' 'Please tune the mixer.' >&3
    while read -r line <&4; do
        case $line in *'"reply_delta"'*) break ;; esac
    done
    kill -KILL $!
    wait $! || :
    exec 3>&- 4<&-
}
kill_in_the_middle 2>/dev/null

private() { show_difference '700 600' "$(stat -c %a "$store") $(stat -c %a "$store"/*.jsonl)"; }
check 'a conversation killed in the middle is on disk, for nobody else' private
first=$(basename "$store"/*.jsonl .jsonl)

run printed "$side" "$parley" context --budget
talk second "$side" 'And now the filters?'

under_one_group() {
    status_is second 0 && in_order second.told '<startup_context>' '## Recent Work' "### Git repo: $main" \
        'Recent sessions: 1' 'Latest branch: trunk' 'User asks:' "- $main: Please tune the mixer." \
        '## Machine / Workspace Map' "Current working directory: $side" "Git root: $main" \
        '- mixer.c' '## Notes' '</startup_context>'
}
check 'the next one, in another worktree, is told of it under the same group, with its ask' under_one_group
exactly() {
    status_is printed 0 || return 1
    sed -n '/^<startup_context>$/,$p' "$scratch/second.told" >"$scratch/sent"
    echo >>"$scratch/sent"
    cmp "$scratch/sent" "$scratch/printed.out"
}
check 'context prints exactly what is sent' exactly
budget() { grep -qE '^Recent Work +[1-9][0-9]* +2200$' "$scratch/printed.err" && grep -qE '^Current Thread +0 +1200$' "$scratch/printed.err"; }
check 'and with --budget what each section takes' budget

run both "$side" "$parley" context
grouped() {
    in_order both.out "### Git repo: $main" 'Recent sessions: 2' 'Latest branch: topic/sound' 'User asks:' \
        "- $side: And now the filters?" "- $main: Please tune the mixer."
}
check 'both worktrees are one group, the newest first' grouped
run elsewhere "$scratch" "$parley" context --cwd "$HOME" --home "$main"
check 'context of another folder, for another home' in_order elsewhere.out '## Recent Work' "### Git repo: $main" \
    "Current working directory: $HOME" "User root: $main"
run nowhere "$scratch" "$parley" context --cwd missing
no_folder() { status_is nowhere 2 && has nowhere.err 'parley: missing: there is no such folder'; }
check 'a folder that is not there' no_folder

# ---- a thread goes on ----------------------------------------------------------------------------

talk third "$side" 'Where were we?' --thread "$first"
goes_on() {
    status_is third 0 && in_order third.told '## Current Thread' '### Latest turn' 'User:' 'Please tune the mixer.' &&
        show_difference 2 "$(find "$store" -type f | wc -l)"
}
check 'a thread goes on in its file, and the model is told what was said in it' goes_on
run show "$side" "$parley" threads show "$first"
shown() {
    status_is show 0 && sed 's/^[-0-9]* [:0-9]*  //' "$scratch/show.out" >"$scratch/show.plain" &&
        in_order show.plain "in $main, on branch trunk" 'you: Please tune the mixer.' \
            "in $side, on branch topic/sound" 'you: Where were we?' && has show.plain 'parley: '
}
check 'threads show prints it' shown
run list "$side" "$parley" threads
listed() {
    status_is list 0 && show_difference 4 "$(wc -l <"$scratch/list.out")" &&
        grep -qE "^$first  [-0-9]+ [:0-9]+  2 asked, [0-9]+ answered  $side \(topic/sound\)$" "$scratch/list.out"
}
check 'threads lists it' listed
talk nobody "$side" 'Hello?' --thread 0195
unknown() { status_is nobody 2 && has nobody.err 'parley: 0195: there is no such thread'; }
check 'a thread that is not there' unknown

# Fifty threads with long asks in ten folders, and one with four hundred long turns, the last of which is longer still.
awk -v store="$store" -v cwd="$side" 'BEGIN {
    for (i = 0; i < 300; i++) words = words " word" i
    for (thread = 1; thread <= 50; thread++) {
        file = store "/many" thread ".jsonl"
        printf "{\"type\":\"session\",\"at\":%d,\"cwd\":\"/gone/%d\"}\n", 1700000000 + thread, thread % 10 >file
        printf "{\"type\":\"user\",\"at\":%d,\"text\":\"ask %d%s\"}\n", 1700000000 + thread, thread, words >file
        close(file)
    }
    file = store "/long.jsonl"
    printf "{\"type\":\"session\",\"at\":1700000000,\"cwd\":\"%s\"}\n", cwd >file
    for (turn = 1; turn <= 400; turn++) {
        printf "{\"type\":\"user\",\"at\":1700000000,\"text\":\"question %d.\"}\n", turn >file
        printf "{\"type\":\"assistant\",\"at\":1700000000,\"text\":\"answer %d%s\"}\n", turn, turn == 400 ? words : "" >file
    }
}'
talk long "$side" "$(printf 'One.\nTwo.')" --thread long
newest_first() {
    status_is long 0 && in_order long.told '### Latest turn' 'question 400.' '### Previous turn 1' 'question 399.' \
        '### Previous turn 30' 'question 370.' && has long.told 'tokens truncated' && lacks long.told 'question 100.'
}
check 'of a long thread the newest turns are told, the older ones are missing' newest_first
bounded() {
    sed -n '/^<startup_context>$/,$p' "$scratch/long.told" >"$scratch/long.context"
    bytes=$(wc -c <"$scratch/long.context")
    if [ "$bytes" -lt 12000 ] || [ "$bytes" -gt 20500 ]; then echo "$bytes bytes" && return 1; fi
    show_difference 1 "$(grep -c '<startup_context>' "$scratch/long.out")"
}
check 'the whole is bounded, and sent once' bounded
rm "$store"/many*.jsonl "$store/long.jsonl"

# ---- damage --------------------------------------------------------------------------------------

printf '{"type":"user","at":1795235583,"te' >>"$store/$first.jsonl"
echo nonsense >"$store/garbage.jsonl"
mkfifo "$store/pipe.jsonl"
ln -s "$store/$first.jsonl" "$store/link.jsonl"
truncate -s 2G "$store/huge.jsonl"
run damaged "$side" "$parley" context
survives() {
    status_is damaged 0 && in_order damaged.out "### Git repo: $main" 'Recent sessions: 2' &&
        has damaged.err "parley: thread $first: its last line is not whole and is left out" &&
        has damaged.err 'parley: thread huge is left out: it is too long' &&
        has damaged.err 'parley: thread garbage: 1 lines cannot be read'
}
check 'what is torn, foreign or huge is left out, and said' survives
talk mended "$side" 'Again.' --thread "$first"
run mended_show "$side" "$parley" threads show "$first"
mended() { status_is mended 0 && has mended_show.out 'you: Again.' && has mended_show.err '1 lines cannot be read'; }
check 'what is said after a torn line can be read' mended
echo >"$scratch/file"
XDG_STATE_HOME=$scratch/file talk unwritable "$side" 'Hello!'
unwritable() {
    status_is unwritable 0 && show_difference 1 "$(grep -c 'not recorded' "$scratch/unwritable.out")" &&
        has unwritable.out 'Not a directory' && has unwritable.out '"reply_done"'
}
check 'a record that cannot be written is said once, and the conversation goes on' unwritable

# ---- switched off --------------------------------------------------------------------------------

find "$store" -type f | sort >"$scratch/before"
talk silent "$side" 'Hello!' --no-store
silent() {
    status_is silent 0 && find "$store" -type f | sort | cmp - "$scratch/before" && has silent.told '<startup_context>' &&
        lacks silent.told '## Recent Work'
}
check '--no-store: nothing is recorded and nothing told of before' silent
talk off "$side" 'Hello!' --startup-context off --no-store
check '--startup-context off' lacks off.told startup_context
talk text "$side" 'Hello!' --startup-context 'It is raining.' --no-store
own() { lacks text.told '<startup_context>' && show_difference 'It is raining.' "$(tail -n 1 "$scratch/text.told")"; }
check '--startup-context TEXT goes behind the prompt' own
echo 'It is snowing.' >"$scratch/weather"
talk file "$side" 'Hello!' --startup-context "@$scratch/weather" --prompt 'Be brief.' --no-store
check_equal '--startup-context @FILE, behind a prompt of its own' "$(printf 'Be brief.\n\nIt is snowing.')" \
    "$(cat "$scratch/file.told")"
talk bare "$side" 'Hello!' --prompt '' --no-store --startup-context ''
check_equal 'neither prompt nor context' '' "$(cat "$scratch/bare.told")"

run delete "$side" "$parley" threads delete "$first" 0195 ../x
deletes() {
    status_is delete 1 && [ ! -e "$store/$first.jsonl" ] && has delete.err '0195: No such file' &&
        has delete.err '../x: this is not the name of a thread'
}
check 'threads delete' deletes
run delete_all "$side" "$parley" threads delete --all
deletes_all() { status_is delete_all 0 && show_difference '' "$(find "$store" -type f)"; }
check 'threads delete --all' deletes_all
run empty "$side" "$parley" threads
check 'no thread is left' has empty.err 'no conversation is recorded in'
plan
