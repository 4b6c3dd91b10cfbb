#!/bin/sh
# RECORDER=off leaves the flight recorder out of the libraries, and whoever asks for a record is refused in words.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${CC:=cc}"
unset LDFLAGS MAKEFLAGS MFLAGS
CFLAGS=-O0 BUILD=$scratch/build
export CFLAGS BUILD
library=$BUILD/lib/libparley-loopback.a parley=$BUILD/bin/parley-loopback talk=test/talk/hello.talk

# Only the recorder's; and the name of a reason, which the engine asks for to have it in a record.
left_out='parley_(record_|scrub).*'
contains() { nm "$library" | grep -qE " T $left_out\$"; }
contains_not() { ! nm "$library" | grep -E " [TU] $left_out\$"; }
asks_not() { nm "$BUILD/obj/core/calls.o" >"$scratch/calls" && grep -q ' T parley_interrupt$' "$scratch/calls" && ! grep ' U parley_reason_name$' "$scratch/calls"; }

# exit status, words, a command
fails() {
    wanted=$1 words=$2 status=0
    shift 2
    "$@" >"$scratch/said" 2>&1 </dev/null || status=$?
    show_difference "$wanted" "$status" && grep -qF -- "$words" "$scratch/said" && return
    cat "$scratch/said" && return 1
}
cat >"$scratch/host.c" <<'END'
#include "core/parley.h"

static void take(void *nobody, struct parley_view piece) { (void)nobody, (void)piece; }

int main(void)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    static char block[4 << 20];
    struct parley_conversation *c;

    if (parley_open(&c, block, sizeof block, &options, 0, NULL) != PARLEY_OK)
        return 1;
    parley_close(c);
    options.recorder.write = take;
    return parley_memory_needed(&options) != 0 ||
           parley_open(&c, block, sizeof block, &options, 0, NULL) != PARLEY_ERR_STATE || c != NULL;
}
END
host_is_refused() { $CC -std=c11 -I. "$scratch/host.c" "$library" -o "$scratch/host" && "$scratch/host"; }
refused='recorder: this library is built without it (RECORDER=off)'
says() { timeout 20 "$parley" talk --no-store --quiet --linger-ms 1 "$@" </dev/null; }

RECORDER=off
export RECORDER
check 'it builds without the flight recorder' ./build.sh make "$library"
check 'nothing of it is there, and nobody asks for it' contains_not
check 'nor for what only a record tells' asks_not
check 'a program is linked' ./build.sh make "$parley"
check 'a talk passes' "$parley" test "$talk"
check 'and a conversation by the clock' says
check 'a talk that is to be recorded is not' fails 1 "$refused" "$parley" test --record "$scratch/record" "$talk"
check 'nor a conversation' fails 2 "$refused" says --record "$scratch/record"
check 'nor one of a host, which is told the status' host_is_refused
check 'nothing was written' test ! -s "$scratch/record"
cp "$parley" "$scratch/without"
check 'small and without asserts it builds, too' \
    env CFLAGS='-Os -DNDEBUG' BUILD="$scratch/small" ./build.sh make "$scratch/small/lib/libparley-loopback.a"
RECORDER=on
check 'switched on again it is there' ./build.sh make "$library" "$parley"
check 'in the library' contains
check 'and a talk is recorded' "$parley" test --record "$scratch/record" "$talk"
check 'held again' "$parley" replay "$scratch/record"
check 'but not without the recorder' fails 2 "$refused" "$scratch/without" replay "$scratch/record"
RECORDER=perhaps
check 'anything else is refused in words' sh -c "./build.sh lib 2>&1 | grep -q 'neither on nor off'"

plan
