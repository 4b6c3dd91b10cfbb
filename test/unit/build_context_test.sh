#!/bin/sh
# CONTEXT=off leaves the startup context out of the libraries, and changes nothing else about a build.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
unset LDFLAGS MAKEFLAGS MFLAGS
CFLAGS=-O0 BUILD=$scratch/build
export CFLAGS BUILD
library=$BUILD/lib/libparley-loopback.a

# What only the startup context is made of.
left_out='parley_(startup_context|current_thread|recent_work|workspace|git_root|section_.*)'
contains() { nm "$library" | grep -qE " T $left_out\$"; }
contains_not() { ! nm "$library" | grep -E " [TU] $left_out\$"; }

CONTEXT=off
export CONTEXT
check 'it builds without the startup context' ./build.sh make "$library"
check 'nothing of it is there, and nobody asks for it' contains_not
check 'a program is linked' ./build.sh make "$BUILD/bin/parley-loopback"
check 'without its texts' sh -c "! grep -qa 'Startup context from parley' '$BUILD/bin/parley-loopback'"
CONTEXT=on
check 'switched on again it is there' ./build.sh make "$library" "$BUILD/bin/parley-loopback"
check 'in the library' contains
check 'and in the program' grep -qa 'Startup context from parley' "$BUILD/bin/parley-loopback"
CONTEXT=perhaps
check 'anything else is refused in words' sh -c "./build.sh lib 2>&1 | grep -q 'neither on nor off'"

plan
