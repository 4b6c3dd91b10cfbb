#!/bin/sh
# shellcheck disable=SC2046,SC2086 # lists of files are words on purpose
# test/arrows.sh, the gate for includes and symbols: it passes a small tree that keeps the law, and for each
# violation planted in it just the check that is for it fails.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${CC:=cc}"
tree=$scratch/tree

# file, text: writes it and builds it
plant() {
    mkdir -p "$tree/$(dirname "$1")"
    printf '%s\n' "$2" >>"$tree/$1"
    case $1 in *.c) compile "$1" ;; esac
}

compile() {
    object=$tree/build/obj/${1%.c}.o
    mkdir -p "$(dirname "$object")"
    (cd "$tree" && $CC -std=c11 -w -O1 -fPIC -I. -c "$1" -o "$object")
}

pack() { # library, folders
    library=$1
    shift
    (
        cd "$tree/build/obj"
        ar rcs "../lib/$library.a" $(find "$@" -maxdepth 1 -name '*.o')
        $CC -shared -Wl,--version-script=../gen/exports -o "../lib/$library.so" $(find "$@" -maxdepth 1 -name '*.o') \
            $extra_libs
    )
}

link() {
    base='core context templates parser platform platform/posix'
    mkdir -p "$tree/build/lib" "$tree/build/gen" "$tree/build/bin"
    cp "$tree/core/parley.h" "$tree/build/gen/"
    [ -f "$tree/build/gen/exports" ] || sh test/exports.sh "$tree/core/parley.h" >"$tree/build/gen/exports"
    pack libparley $base transport/wss
    pack libparley-loopback $base transport/loopback
    $CC -o "$tree/build/bin/parley-loopback" "$tree/build/obj/core/cli/main.o" "$tree/build/lib/libparley-loopback.a" \
        $extra_libs
}

# A tree in which everything is as it should be.
extra_libs=
plant core/parley.h 'int parley_open(void);'
plant transport/transport.h 'int parley_transport_open(void);'
plant platform/clock.h 'int parley_clock(void);'
plant core/run.c '#include "core/parley.h"
#include "transport/transport.h"
int parley_open(void) { return parley_transport_open() + parley_render() + parley_budget(); }'
plant core/cli/main.c '#include "core/parley.h"
#include <unistd.h>
#include <stdlib.h>
int main(void) { free(malloc(1)); return parley_open(); }'
plant transport/loopback/loopback.c '#include "transport/transport.h"
int parley_transport_open(void) { return 1; }'
plant transport/wss/wss.c '#include "transport/transport.h"
#include <stdlib.h>
int parley_transport_open(void) { free(malloc(7)); return inflateEnd(0); }'
plant context/budget.c '#include "platform/clock.h"
int parley_budget(void) { return parley_clock(); }'
plant templates/render.c 'int parley_render(void) { return parley_json("x"); }'
plant parser/json.c '#include <string.h>
int parley_json(const char *s) { return (int)strlen(s); }'
plant platform/posix/clock.c '#include "platform/clock.h"
#include <time.h>
int parley_clock(void) { return (int)time(0); }'
plant platform/fake/clock.c '#include "platform/clock.h"
int parley_clock(void) { return 1; }'
link
cp -r "$tree" "$scratch/lawful"

failures() { BUILD=build sh test/arrows.sh "$tree" | sed -n 's/^not ok [0-9]* - //p'; }

check_equal 'a tree that keeps the law passes' '' "$(failures)"

again() { rm -rf "$tree" && cp -r "$scratch/lawful" "$tree"; }

# title, file, text, titles of the checks that fail
violation() {
    again
    plant "$2" "$3"
    case $2 in *.c) link ;; esac
    check_equal "$1" "$4" "$(failures)"
}

floor='no include goes up a floor, or aside'
package='wslay, mbedTLS and zlib are named in transport/wss alone'
system='headers of the system are named in platform/posix and core/cli alone'
plain='outside of platform/posix, transport/wss and core/cli nothing but plain C is called, and no heap'
never='no thread, no sleep, no blocking look-up anywhere in the libraries'
wss='transport/wss calls its packages, the heap and plain C'

violation 'the parser includes a template' parser/x.h '#include "templates/render.h"' "$floor"
violation 'the platform includes the parser' platform/x.h '  #  include "parser/json.h"' "$floor"
violation 'the plain platform includes the posix one' platform/x.h '#include "platform/posix/x.h"' "$floor"
violation 'the context includes the transport' context/x.h '#include "transport/transport.h"' "$floor"
violation 'the transport includes the context' transport/x.h '#include "context/budget.h"' "$floor"
violation 'the loopback includes wss' transport/loopback/x.h '#include "transport/wss/x.h"' "$floor"
violation 'core includes one of the transports' core/x.h '#include "transport/loopback/x.h"' "$floor"
violation 'core includes a program' core/x.h '#include "core/cli/x.h"' "$floor"
violation 'a program includes one of the transports' core/cli/x.h '#include "transport/loopback/x.h"' "$floor"
violation 'the player of talks may know the loopback' core/cli/play.h '#include "transport/loopback/x.h"' ''
violation 'but not wss' core/cli/play.h '#include "transport/wss/x.h"' "$floor"
violation 'a header without its folder' core/x.h '#include "parley.h"' "$floor"
violation 'a header by way of a macro' core/x.h '#include HEADER' "$floor"
violation 'a folder without a floor' core/extra/x.h '#include "core/parley.h"' "$floor"
violation 'a program names mbedTLS' core/cli/x.h '#include <mbedtls/ssl.h>' "$package"
violation 'core names zlib' core/x.h '#include <zlib.h>' "$package
$system"
violation 'wss names a socket header' transport/wss/x.h '#include <sys/socket.h>' "$system"
violation 'the context names unistd.h' context/x.h '#include <unistd.h>' "$system"

violation 'the parser calls malloc' parser/x.c 'void *malloc(unsigned long); void *parley_x(void) { return malloc(9); }' \
    "$plain"
violation 'core opens a file' core/x.c 'int open(const char *, int); int parley_x(void) { return open("x", 0); }' "$plain"
violation 'wss reads the clock of the system' transport/wss/x.c \
    'long time(long *); long parley_x(void) { return time(0); }' "$wss"
violation 'the platform asks getaddrinfo' platform/posix/x.c 'int getaddrinfo(void); int parley_x(void) { return getaddrinfo(); }' \
    "$never"
violation 'a thread' platform/posix/x.c 'int pthread_create(void); int parley_x(void) { return pthread_create(); }' "$never"
violation 'a name without parley_' parser/x.c 'int json_x;' 'libparley.a defines names with parley_ alone
libparley-loopback.a defines names with parley_ alone'

again
printf '%s\n' 'int parley_x;' >"$tree/parser/x.c"
check_equal 'a source that is in no list' 'every source is built' "$(failures)"

again
plant core/parley.h 'int parley_more(void);'
cp "$tree/core/parley.h" "$tree/build/gen/"
check_equal 'a function that is declared and not there' 'libparley.so shows what parley.h declares, no more and no less
libparley-loopback.so shows what parley.h declares, no more and no less' "$(failures)"

again
echo '{ global: parley_*; };' >"$tree/build/gen/exports"
link
check_equal 'an inner function is shown' 'libparley.so shows what parley.h declares, no more and no less
libparley-loopback.so shows what parley.h declares, no more and no less' "$(failures)"

again
plant transport/loopback/x.c 'int inflateEnd(void); int parley_x(void) { return inflateEnd(); }'
extra_libs=-lz
link
check_equal 'the loopback needs zlib' "$plain
libparley-loopback.a needs nothing of mbedTLS, wslay or zlib
libparley-loopback.so loads the C library alone" "$(failures)"

plan
