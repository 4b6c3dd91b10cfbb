#!/bin/sh
# shellcheck disable=SC2046,SC2086 # flags and lists are split on purpose
# usage: BUILD=... CC=... CFLAGS=... test/linked.sh
# What a program that uses every call of core/parley.h takes of the library, when the linker drops what it does not
# need (--gc-sections): bytes of code and constants, first of engine, parser and templates, then with the other floors.
# Without transport, port and C's library. For test/sizes.sh and test/cross/cortex_m4.sh; takes the objects as they are.
set -eu
cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-Os}"
./build.sh make "$BUILD/gen/parley.h" >&2
every_call=$(sh test/exports.sh "$BUILD/gen/parley.h" | sed -n 's/^ *\(parley_.*\);/-Wl,-u,\1/p')
size=$($CC -print-prog-name=size)

# folders of $BUILD/obj: links what they hold, and tells its size
linked() {
    $CC $CFLAGS -nostdlib -Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all -Wl,-e,parley_open $every_call \
        -o "$BUILD/linked" $(for folder; do find "$BUILD/obj/$folder" -maxdepth 1 -name '*.o'; done)
    $size "$BUILD/linked" | awk 'NR == 2 { print $1 }'
}

echo "core, parser, templates: $(linked core parser templates gen)"
echo "with context: $(linked core parser templates gen context)"
echo "with context and platform: $(linked core parser templates gen context platform)"
