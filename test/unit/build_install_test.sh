#!/bin/sh
# shellcheck disable=SC2046,SC2086 # flags are split into words on purpose
# ./build.sh install: what it puts where, and that a host program builds and runs against it and nothing else.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${CC:=cc}"
warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror'
root=$scratch/root PREFIX=/opt/parley

# The build of the stage is used, so that only the installation is new.
check 'it installs below DESTDIR and PREFIX' env DESTDIR="$root" PREFIX="$PREFIX" ./build.sh install
check_equal 'the files are these' 'bin/parley
bin/parley-loopback
include/parley.h
lib/libparley-loopback.a
lib/libparley-loopback.so
lib/libparley-loopback.so.0
lib/libparley.a
lib/libparley.so
lib/libparley.so.0
lib/pkgconfig/parley-loopback.pc
lib/pkgconfig/parley.pc' "$(cd "$root$PREFIX" && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort)"

# So far in a staging folder; a package manager would move it. Here it moves to where it says it is.
mv "$root$PREFIX" "$scratch/moved"
PREFIX=$scratch/moved
for pc in parley parley-loopback; do sed -i "s|^prefix=.*|prefix=$PREFIX|" "$PREFIX/lib/pkgconfig/$pc.pc"; done
PKG_CONFIG_PATH=$PREFIX/lib/pkgconfig LD_LIBRARY_PATH=$PREFIX/lib
export PKG_CONFIG_PATH LD_LIBRARY_PATH

soname() { readelf -d "$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'; }
for lib in libparley libparley-loopback; do
    check_equal "$lib.so.0 calls itself so" "$lib.so.0" "$(soname "$PREFIX/lib/$lib.so.0")"
done

version=$(sed -n 's/^#define PARLEY_VERSION "\(.*\)"/\1/p' core/parley.h)
check_equal 'parley.pc gives the version of parley.h' "$version" "$(pkg-config --modversion parley)"
check_equal 'parley.pc names the packages for a static link in their order' \
    "-lparley $(sed -n "s/^libs='\([^']*\)'.*/\1/p" build.sh | sed 's/[^ ]*/-l&/g')" "$(pkg-config --static --libs-only-l parley | sed 's/ *$//')"
check_equal 'parley-loopback.pc needs no package' '-lparley-loopback' \
    "$(pkg-config --static --libs-only-l parley-loopback | sed 's/ *$//')"

# A host: opens a conversation, waits until the service is there, ends it, and tells which transport it was.
cat >"$scratch/host.c" <<'HOST'
#include <parley.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_conversation *c;
    struct parley_error error;
    struct parley_event event;
    int started = 0;

    options.api_key = parley_view("none");
    size_t bytes = parley_memory_needed(&options);
    void *memory = malloc(bytes);
    if (parley_open(&c, memory, bytes, &options, parley_clock_us(), &error) < 0) {
        printf("%s\n", error.text);
        return 1;
    }
    while (parley_run_once(c, 100000) == PARLEY_OK)
        while (parley_next_event(c, &event) > 0)
            if (event.kind == PARLEY_EVENT_STARTED) {
                started = 1;
                parley_stop(c);
            }
    printf("%s %s\n", parley_transport(), started ? "started" : parley_error(c)->text);
    parley_close(c);
    free(memory);
    return !started;
}
HOST

# title, compiler and options...: builds the host there and runs it
host_runs() {
    host=$1
    shift
    rm -f "$scratch/host"
    check "$host: builds" "$@" -o "$scratch/host"
    check_equal "$host: runs" 'loopback started' "$("$scratch/host" 2>&1)"
}
cd "$scratch" # from here on nothing of the tree can be found by accident
host_runs 'a host with the shared loopback' $CC -std=c11 $warnings host.c $(pkg-config --cflags --libs parley-loopback)
check 'it loads the shared library' sh -c "ldd ./host | grep -q 'libparley-loopback.so.0 => $PREFIX/lib/'"
host_runs 'a host with the static loopback' \
    $CC -static -std=c11 $warnings host.c $(pkg-config --static --cflags --libs parley-loopback)
check_equal 'nothing of ours is loaded then' '' "$(ldd ./host 2>&1 | grep parley)"
check 'a host with the shared wss library builds' \
    $CC -std=c11 $warnings host.c $(pkg-config --cflags --libs parley) -o host-wss
check 'a host with the static wss library builds' \
    $CC -std=c11 $warnings host.c $(pkg-config --cflags parley) "$PREFIX/lib/libparley.a" $(pkg-config --static --libs parley) -o host-wss

cp host.c host.cc
for standard in c++11 c++17 c++20; do
    check "parley.h and the host are $standard, too" \
        clang++ -std=$standard -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags parley) -c host.cc -o host.o
done
check 'the C++ host finds the C functions' $CC host.o $(pkg-config --libs parley-loopback) -o host-cc
check 'the header is good alone, first and twice' sh -c \
    "printf '#include <parley.h>\n#include <parley.h>\n' | $CC -std=c11 $warnings $(pkg-config --cflags parley) -xc -fsyntax-only -"
check_equal 'it includes headers of C alone' '' "$(grep '^#include "' "$PREFIX/include/parley.h")"

plan
