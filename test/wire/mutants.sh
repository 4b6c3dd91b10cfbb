#!/bin/sh
# usage: test/wire/mutants.sh [FILE...]      only those of these files of the engine; prints TAP
# Breaks on purpose what reads messages where they came to lie, and counts the seeds of conversations_test it takes
# until that is noticed.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}" "${SEEDS:=1000}"
. test/mutants.sh
# shellcheck disable=SC2034 # for test/mutants.sh
files=" $* " program=wire/conversations_test

mutants() {
    cat <<'END'
transport/wss/buffer.h|s/ && !b->lent) {/) {/|moves bytes to the front while a message is lent
transport/wss/buffer.h|s/(b->lent ? b->end : parley_buffer_used(b))/parley_buffer_used(b)/|finds room where a message is lent
transport/wss/buffer.h|s/if (b->start == b->end \&\& !b->lent)/if (b->start == b->end)/|begins anew while its last message is lent
transport/wss/frames.c|s/f->ahead -= f->ahead < bytes ? f->ahead : bytes;/;/|looks ahead over bytes that were taken
transport/wss/frames.c|s/f->ahead -= f->ahead < bytes ? f->ahead : bytes;/f->ahead = 0;/|looks twice at what it has passed
transport/wss/frames.c|s/if (h.opcode == WSLAY_PING)/if (h.opcode == WSLAY_PING \&\& f->ahead == 0)/|answers pings at the front alone
transport/wss/frames.c|s/if (!is_inflating(f)) .*/if (false)/|never takes back what it lent
transport/wss/frames.c|s/^    if (status <= 0)$/    if (false)/|keeps what it lent when nothing is left
transport/wss/frames.c|s/parley_inflate_give(f->deflate, bytes, last);/parley_inflate_give(f->deflate, bytes, f->fin);/|ends a compressed message too early
core/inbox.c|s/ && inbox->total == piece->bytes.len//|takes the last piece of a message for all of it
core/inbox.c|s/^    inbox->at = inbox->own;$//|stays where the last message was
core/run.c|s/if (!c->release \&\& c->life < PARLEY_LIFE_CLOSING)/if (false)/|releases a message nobody took
core/run.c|/^int parley_next_event/,/^}/s/^    parley_flush(c);/&parley_transport_release(c->transport), parley_transport_work(c->transport, c->now_us);/|reads on while the host has an event
core/conversation.c|s/^        c->wire_held = true;$//|drops audio for which there is no room
core/conversation.c|s/^    c->wire_held = false;$//|takes audio that waited twice
core/conversation.c|s/    if (!c->wire_held) {/    if (true) {/|reads a message twice
END
}

intact() { "$build/test/wire/conversations_test" --seeds 100; }

# Runs seeds until one fails, and prints how many it took.
hunt() {
    status=0
    timeout 60 "$build/test/wire/conversations_test" --seeds "$SEEDS" >"$scratch/out" 2>&1 || status=$?
    case $status in
    0) echo "survived $SEEDS seeds" && return 1 ;;
    1) sed -n 's/^# seed \([0-9]*\): .*/caught after \1 seeds/p' "$scratch/out" ;;
    124) echo 'caught, as it does not end' ;;
    *) echo "caught by a crash (status $status)" ;;
    esac
}

repeat() {
    seed=$(sed -n 's/^# seed \([0-9]*\): .*/\1/p' "$scratch/out")
    echo "--seed $seed repeats it"
    ! "$build/test/wire/conversations_test" --seed "$seed" >/dev/null 2>&1
}

check_mutants
