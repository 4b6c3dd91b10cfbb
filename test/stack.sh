#!/bin/sh
# shellcheck disable=SC2046,SC2086 # lists of files and flags are words on purpose
# usage: test/stack.sh      called by test/run.sh, with BUILD and CC (a gcc)
# How deep the stack gets in each function of parley.h: by gcc's call graph, with the loopback and over wss without what
# mbedTLS takes itself; and measured, in conversations on a painted stack. TAP; the tables are its comments.
set -eu
cd "$(dirname "$0")/.."
. test/check.sh
: "${BUILD:=build}" "${CC:=cc}" "${LDFLAGS=}"
BUILD=$BUILD/stack
export BUILD CC

# The law, in bytes, on 64-bit machines (32-bit ones take less): what opens, which is done once, and all the rest.
open_most=22528 most=10240
c_takes=3072 # C's printf, of which no graph knows

opening='parley_open|parley_memory_needed|parley_memory_split|parley_context_render'
if ! echo 'int f(void); int f(void) { return 0; }' | $CC -fcallgraph-info=su -xc - -c -o "$scratch/x.o" 2>/dev/null; then
    skip 'the stack of each function' "$CC makes no call graphs (gcc does)"
    plan
    exit 0
fi
export CFLAGS='-Os -fcallgraph-info=su' LDFLAGS CONTEXT=on
./build.sh make "$BUILD/lib/libparley-loopback.a" "$BUILD/lib/libparley.a" "$BUILD/gen/parley.h" "$BUILD/obj/test/stack.o" \
    >"$scratch/build" 2>&1 || cat "$scratch/build"
public=$(sh test/exports.sh "$BUILD/gen/parley.h" | sed -n 's/^ *\(parley_.*\);/\1/p')

# folders left out (a pattern), file: the table of a library
graph() {
    python3 test/stack.py $(find "$BUILD/obj" -name '*.ci' | grep -vE "/core/cli/|/test/|$1") -- $public >"$2" ||
        { cat "$2" && return 1; }
}
show() { echo "# $1:" && grep -v '^not counted' "$2" | sed 's/^/#  /'; }
within() { # file
    awk -v opening="^($opening)$" -v open_most="$open_most" -v most="$most" '
    $1 ~ /^[0-9]+$/ { seen++; limit = $2 ~ opening ? open_most : most; if ($1 > limit) { print $2 " takes " $1 ", more than " limit; bad = 1 } }
    END { exit bad || seen < 20 }' "$1"
}
measured() { # every call took no more than the graph says, and C
    awk -v c="$c_takes" 'FNR == NR { if ($1 ~ /^[0-9]+$/) bound[$2] = $1; next }
    { seen++; if (!($2 in bound) || $1 > bound[$2] + c) { print $2 ": " $1 " bytes, the graph says " bound[$2]; bad = 1 } }
    END { exit bad || seen < 15 }' "$1" "$2"
}

check 'calls by pointer and recursion are all known, no frame is without a bound' graph /transport/loopback/ "$scratch/wss"
check "over wss, without mbedTLS: no more than $open_most bytes to open, $most in the loop" within "$scratch/wss"
show 'over wss, without mbedTLS and C' "$scratch/wss"
check 'the same of the engine with the loopback' graph '/transport/wss/|/loopback/(script|talk|service|voice|answers|form|peek|journal)' "$scratch/loopback"
run() {
    $CC -o "$scratch/stack" "$BUILD/obj/test/stack.o" "$BUILD/lib/libparley-loopback.a" -Wl,-z,now &&
        ${RUN-} "$scratch/stack" >"$scratch/measured"
}
check 'conversations on a painted stack' run
check 'no call took more than its bound' measured "$scratch/loopback" "$scratch/measured"
show 'measured, C included' "$scratch/measured"
plan
