#!/bin/sh
# SIMD=off leaves vector instructions out: plain C alone is built, and does the same, fast or small.
# shellcheck disable=SC2086 # $objects is a list
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${CC:=cc}"
unset LDFLAGS MAKEFLAGS MFLAGS
CFLAGS=-O1 BUILD=$scratch/build SIMD=off
export CFLAGS BUILD SIMD
objects="$BUILD/obj/parser/base64.o $BUILD/obj/parser/base64_vector.o"

vectors() { nm $objects | grep -c ' T parley_vector_' || :; }
plain_c() { # optimization
    $CC -std=c11 "$1" -I. -DPARLEY_WITHOUT_SIMD test/unit/parser_base64_test.c parser/base64*.c platform/status.c -lcmocka -o "$scratch/plain"
    "$scratch/plain"
}

check 'it builds without vectors' ./build.sh make $objects
check_equal 'no vector code is there' 0 "$(vectors)"
check 'plain C does it all' plain_c -O1
check 'so does the small table of code that is to be small' plain_c -Os
SIMD=on
check 'switched on again it builds' ./build.sh make $objects
case $($CC -dumpmachine) in
x86_64-* | aarch64-*) check_equal 'with vectors' 3 "$(vectors)" ;;
*) skip 'with vectors' 'this machine may have none' ;;
esac
SIMD=perhaps
check 'anything else is refused in words' sh -c "./build.sh lib 2>&1 | grep -q 'neither on nor off'"

plan
