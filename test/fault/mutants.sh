#!/bin/sh
# usage: test/fault/mutants.sh [FILE...]      only those of these files of the engine; prints TAP
# Breaks the engine on purpose, one line at a time in a copy of the tree, and counts the seeds of the simulation it
# takes until that is noticed. One that survives SEEDS (5000) of them fails: then the simulation looks away there.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}" "${SEEDS:=5000}"
. test/mutants.sh
# shellcheck disable=SC2034 # for test/mutants.sh
files=" $* " program=fault/simulate

mutants() {
    cat <<'END'
core/response_queue.c|s/if (q->state != PARLEY_RESPONSE_NONE) {/if (q->state == PARLEY_RESPONSE_RUNNING) {/|asks for a reply while it waits for the one it asked for
core/response_queue.c|s/if (owed .. !q->wanted)/if (true)/|forgets who waits for a reply
core/response_queue.c|s/return q->id.len > 0 \&\& .*/return false;/|takes the end of any response for that of the running one
core/response_queue.c|s/^    q->wanted = q->wanted .. !unsent;.*//|forgets a request that was refused
core/output_audio.c|s/reply->played \* 1000/reply->received * 1000/|cuts a reply where it was received
core/output_audio.c|s/uint64_t lost = on_the_way(o, reply, now_us);/uint64_t lost = 0;/|takes what is in the device for heard
core/output_audio.c|s/^        o->played -= lost;$//|counts what is taken back twice
core/output_audio.c|s/^        reply->cut = true;$//|plays a reply on that was cut
core/output_audio.c|s/(reply != NULL .. vacancy(o) != NULL)/vacancy(o) != NULL/|wants another place for a reply that has one
core/response_queue.c|s/q->owed = unsent;/q->owed = false;/|takes any response for the one it asks for
core/conversation.c|s/return parley_outbox_count(.*PARLEY_OUTBOX_ASK) > 0;/return false;/|takes what waits in the outbox for sent
core/conversation.c|s/^        c->wire_held = true;$//|drops audio for which there is no room
core/conversation.c|s/^    c->wire_held = false;$//|takes audio that waited twice
core/conversation.c|s/    if (!c->wire_held) {/    if (true) {/|reads a message twice
core/run.c|s/^    c->handoff_lines = 0;$//|gives lines of a handoff that is over
core/calls.c|s/if (!accepts(c) .. parley_handoff_progress/if (parley_handoff_progress/|takes progress after the end
core/handoff.c|s/^    h->active.len = 0;$//|lets an agent finish twice
core/handoff.c|s/^    if (h->active.len > 0)$/    if (false)/|loses the work at hand to a new request
core/handoff.c|s/^    h->orphan = h->active.len > 0;$/    h->orphan = false;/|answers calls of sessions that are gone
core/outbox.c|s/dropped = before - outbox->audio_bytes;/dropped = before - before;/|drops microphone audio silently
core/outbox.c|s/record.whose == PARLEY_OUTBOX_HOST) {/true) {/|says in a new session what was for the old one
core/outbox.c|s/^    outbox->sent = 0;$//|forgets where a message ends
core/restore.c|s/kind == PARLEY_MEMORY_QUEUED \&\& number >= restore->queued_from/false/|says what waits twice
core/restore.c|s/^ *parley_outbox_restart.*//|goes on in the middle of a message
context/transcript.c|s/last_record(t)->role == role \&\& //|mixes up who said what
END
}

# Runs seeds until one fails, and prints how many it took.
hunt() {
    status=0
    timeout 600 "$build/test/fault/simulate" --from 1 --count "$SEEDS" --until-broken >"$scratch/out" 2>&1 || status=$?
    case $status in
    0) echo "survived $SEEDS seeds" && return 1 ;;
    1) sed -n 's/^simulate \([0-9]*\): \([^:]*\):.*/caught by "\2" after \1 seeds/p' "$scratch/out" ;;
    *) echo "caught by a crash (status $status)" ;;
    esac
}

# The failure again, from the line of the shrinker.
repeat() {
    seed=$(sed -n 's/^simulate \([0-9]*\): .*/\1/p' "$scratch/out")
    invariant=$(sed -n 's/^simulate [0-9]*: \([^:]*\): .*/\1/p' "$scratch/out")
    line=$("$build/test/fault/simulate" --shrink "$seed" | head -n 1)
    echo "the shrunk line repeats it: ${line#simulate }"
    # shellcheck disable=SC2086 # the line is words
    "$build/test/fault/"$line | grep -q "^simulate $seed: $invariant: "
}

intact() { "$build/test/fault/simulate" --from 1 --count 2000; }

check_mutants
