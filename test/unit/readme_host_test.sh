#!/bin/sh
# shellcheck disable=SC2016,SC2086 # Markdown has backquotes; flags are split on purpose
# The host program in the README compiles as it stands against what `./build.sh install` installs, and holds its
# conversation over the loopback.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh

prefix=$scratch/usr
DESTDIR='' PREFIX=$prefix ./build.sh install >/dev/null 2>&1
awk '/^```$/ { inside = 0 } inside { print } /^```c$/ { inside = 1 }' README.md >"$scratch/host.c"

# shellcheck disable=SC2086 # flags are words
compile() {
    $CC -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror ${CFLAGS:-} ${LDFLAGS:-} -I"$prefix/include" \
        "$scratch/host.c" -L"$prefix/lib" -lparley-loopback -Wl,-rpath,"$prefix/lib" -o "$scratch/host"
}
check 'the program compiles without a warning' compile
check 'it is about 40 lines long' test "$(wc -l <"$scratch/host.c")" -le 45
check 'it holds a conversation and ends by itself' sh -c "OPENAI_API_KEY=none timeout 60 '$scratch/host' | grep -q '^reply: '"
plan
