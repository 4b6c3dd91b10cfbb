#!/bin/sh
# usage: test/bench/growth.sh      called by ./build.sh bench growth
# How the cost of conversations grows with their number, the length of events and that of a session. Prints Markdown tables.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
export BUILD CC CFLAGS

./build.sh loopback
# shellcheck disable=SC2086 # a list of words
$CC -std=gnu11 $CFLAGS -I. test/bench/growth.c "$BUILD/lib/libparley-loopback.a" -o "$BUILD/bench-growth"
exec "$BUILD/bench-growth"
