#!/bin/sh
# shellcheck disable=SC2046,SC2086,SC2154 # lists and flags are words on purpose
# usage: test/cross/cortex_m4.sh      called by test/cross/run.sh, with BUILD
# That parley needs no operating system: compiled for a Cortex-M4, it asks for the functions of platform/ and a few of C,
# and on a board that qemu emulates it holds a whole conversation in a static block. TAP.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
. test/cross/target.sh
: "${BUILD:=build}" "${CFLAGS=-Os}" "${LDFLAGS=}"
if ! command -v arm-none-eabi-gcc >/dev/null; then
    echo '1..0 # SKIP no arm-none-eabi-gcc (Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi)'
    exit 0
fi
hosted_cc=cc hosted_build=$BUILD/hosted
BUILD=$BUILD/bare
export BUILD
mkdir -p "$BUILD"
board=$BUILD/obj/test/cross/board
player=$(for name in test play play_options json_lines sound text flight; do echo "$BUILD/obj/core/cli/$name.o"; done)

# ---- the law -------------------------------------------------------------------------------------

# The functions a port gives: those of the headers in platform/ that each platform implements for itself.
port=$(for header in clock random wait scope socket resolve file directory process user pages; do
    sed -n 's/^[a-z].*[ *]\(parley_[a-z_0-9]*\)(.*/\1/p' "platform/$header.h"
done | grep -vx 'parley_clock_add\|parley_random_below')
plain_c='memchr memcmp memcpy memmove memset snprintf strchr strcmp strcpy strcspn strlen strncmp strrchr strspn vsnprintf'
compiler='__aeabi_[a-z0-9]*|__(ctz|clz|popcount)[sd]i2|__assert_func' # the compiler's arithmetic, and what a failed assert calls
packages='wslay_frame_[a-z_]*|mbedtls_[a-z0-9_]*|psa_crypto_init|(in|de)flate[A-Za-z_0-9]*|zlibVersion'
lwip='lwip_[a-z]*|dns_gethostbyname_addrtype|netif_name_to_index|(un)?lock_tcpip_core|sys_mutex_(un)?lock'

# archives, patterns...: what they need that is neither in them nor of the patterns, the port or plain C
needs() {
    $T-nm $1 | awk 'NF == 3 { print $3 }' | sort -u >"$scratch/given"
    $T-nm -u $1 | awk 'NF == 2 { print $2 }' | sort -u | comm -23 - "$scratch/given"
}
foreign() { # archives, pattern
    needs "$1" >"$scratch/needs"
    grep -vxE "$2|$compiler|$(echo $plain_c | tr ' ' '|')" "$scratch/needs" || :
}
of_port() { echo $port | tr ' ' '|'; }
tell() { printf '# %s:%s\n' "$1" "$(grep -xE "$2" "$scratch/needs" | tr '\n' ' ' | sed 's/^/ /')"; }

# ---- compiling -----------------------------------------------------------------------------------

headers=$BUILD/packages
CFLAGS="$CFLAGS $(target_headers "$headers") -fcallgraph-info=su -DPARLEY_BOARD"
target_settings cortex-m4

link() { # image, objects and archives
    image=$1
    shift
    $CC -mcpu=cortex-m4 -mthumb --specs=nano.specs -nostartfiles -Wl,--gc-sections -T test/cross/board/mps2.ld \
        -o "$BUILD/$image" "$@"
}
check 'engine, parser, templates, context and loopback compile' ./build.sh make "$BUILD/lib/libbare-loopback.a"
check_equal 'they need the port and plain C, and nothing of a system' '' "$(foreign "$BUILD/lib/libbare-loopback.a" "$(of_port)")"
tell 'of C' "$(echo $plain_c | tr ' ' '|')"
tell 'of the port, programs included' "$(of_port)"

recorder=$BUILD-recorder
recording() { BUILD=$recorder RECORDER=on ./build.sh make "$recorder/lib/libbare-loopback.a"; }
check 'so does all of it with the flight recorder' recording
check_equal 'that needs no more either' '' "$(foreign "$recorder/lib/libbare-loopback.a" "$(of_port)")"

# Flash: what a program takes that uses every call. Another compiler makes other code, and is told without a judgement.
linked() { sh test/linked.sh >"$scratch/linked"; }
small() { [ "$(sed -n 's/^core, parser, templates: //p' "$scratch/linked")" -le $((48 * 1024)) ]; }
check 'every call of parley.h links, without a transport' linked
sed 's/^/#  /' "$scratch/linked"
case $($CC -dumpversion)-$CFLAGS in
12.*-Os*) check 'engine, parser and templates take at most 48 KB of flash then' small ;;
*) skip 'engine, parser and templates take at most 48 KB of flash then' 'that is for gcc 12 and -Os' ;;
esac

if [ -e "$headers/mbedtls/ssl.h" ] && [ -e "$headers/wslay/wslay.h" ] && [ -e "$headers/zlib.h" ]; then
    check 'transport/wss compiles' ./build.sh make "$BUILD/lib/libbare-wss.a"
    check_equal 'it needs the port, its packages, their heap and plain C' '' \
        "$(foreign "$BUILD/lib/libbare-wss.a" "$(of_port)|$packages|malloc|calloc|realloc|free")"
else
    skip 'transport/wss compiles' 'no headers of mbedTLS, wslay and zlib'
    skip 'it needs the port, its packages, their heap and plain C' 'no headers of mbedTLS, wslay and zlib'
fi

if [ -e /usr/include/lwip/lwip/sockets.h ]; then
    check 'the port to lwIP compiles' ./build.sh make "$BUILD/lib/libport-lwip.a"
    # As a program is linked: what a conversation does not reach (files, folders) stays out.
    whole="$BUILD/wss.o"
    check 'a conversation over wss links with it' $T-ld -r --gc-sections -u parley_open -u parley_run_once \
        -u parley_next_event -u parley_send_audio -u parley_read_audio -e parley_open -o "$whole" \
        --start-group "$BUILD/lib/libbare-wss.a" "$BUILD/lib/libport-lwip.a" --end-group
    check_equal 'all that is left to give: lwIP, the packages, plain C and no files, and three functions of the board' '' \
        "$(foreign "$whole" "parley_board_(us|unix_s|random)|$lwip|$packages|malloc|calloc|realloc|free|__errno")"
    tell 'of the board' 'parley_board_.*'
    tell 'of lwIP' "$lwip"
else
    for title in 'the port to lwIP compiles' 'a conversation over wss links with it' \
        'all that is left to give: lwIP, the packages, plain C and no files, and three functions of the board'; do
        skip "$title" 'no headers of lwIP (Debian: liblwip-dev)'
    done
fi

# The stack, without what mbedTLS and C take; see test/stack.sh.
stack() { # folders (a pattern), file
    ./build.sh make "$BUILD/gen/parley.h" || return 1
    python3 test/stack.py $(find "$BUILD/obj" -name '*.ci' | grep -E "/obj/($1|gen)/[^/]*$") -- \
        $(sh test/exports.sh "$BUILD/gen/parley.h" | sed -n 's/^ *\(parley_.*\);/\1/p') >"$2" ||
        { cat "$2" && return 1; }
}
if [ -f "$BUILD/lib/libbare-wss.a" ] && [ -f "$BUILD/lib/libport-lwip.a" ]; then
    check 'the deepest stack of each function over wss and lwIP' \
        stack 'core|context|parser|templates|platform|platform/lwip|transport/wss' "$scratch/stack"
    grep -v '^not counted' "$scratch/stack" | sed 's/^/#  /'
else
    skip 'the deepest stack of each function over wss and lwIP' 'they are not built'
fi

./build.sh make "$board/mps2.o" "$board/conversation.o" "$board/speech.o" "$board/files.o" "$board/talks.o" \
    "$BUILD/obj/test/stack.o" $player >"$scratch/build" 2>&1 || cat "$scratch/build"
check 'a whole image links, with the three functions a board without a network needs' \
    link conversation.elf "$board/mps2.o" "$board/conversation.o" "$board/speech.o" "$BUILD/lib/libbare-loopback.a"
check 'talks and their player link' link talks.elf "$board/mps2.o" "$board/files.o" "$board/talks.o" \
    $player "$BUILD/lib/libbare-loopback.a"
check 'conversations on a painted stack link' \
    link stack.elf "$board/mps2.o" "$BUILD/obj/test/stack.o" "$BUILD/lib/libbare-loopback.a"

# ---- running -------------------------------------------------------------------------------------

# An instruction takes a nanosecond there, so the board's timer counts them.
run() { # image, argument
    timeout 300 $qemu -M mps2-an386 -display none -monitor none -serial none -icount shift=0,sleep=off \
        -semihosting-config "enable=on,target=native${2:+,arg=$2}" -kernel "$BUILD/$1" </dev/null >"$scratch/said" 2>&1 ||
        { cat "$scratch/said" && return 1; }
}
passes_all() { run "$1" "$2" && ! grep '^not ok' "$scratch/said" && [ "$(grep -c '^ok' "$scratch/said")" = "$3" ]; }
digest() { grep '^digest: ................$' "$1"; }

if command -v "$qemu" >/dev/null; then
    check 'a spoken conversation on the board, in a static block, without a heap' run conversation.elf
    sed 's/^/# /' "$scratch/said"
    digest "$scratch/said" >"$scratch/digest" || echo 'none on the board' >"$scratch/digest"
    hosted() {
        export BUILD="$hosted_build" CC="$hosted_cc" AR=ar CFLAGS='-O2' LDFLAGS='' CONTEXT=on
        ./build.sh make "$BUILD/lib/libparley-loopback.a" $(for name in hosted conversation speech; do
            echo "$BUILD/obj/test/cross/board/$name.o"
        done) && $CC "$BUILD"/obj/test/cross/board/*.o "$BUILD/lib/libparley-loopback.a" -o "$BUILD/conversation" &&
            "$BUILD/conversation" >"$scratch/hosted"
    }
    check 'the same conversation on this machine' hosted
    check_equal 'both come to the same events and the same sound' "$(digest "$scratch/hosted" || echo 'none here')" "$(cat "$scratch/digest")"
    check 'conversations on a painted stack' run stack.elf
    sed 's/^/#  /' "$scratch/said"
    ls test/talk/*.talk >"$BUILD/talks"
    check 'all talks on the board' passes_all talks.elf "$BUILD/talks" "$(wc -l <"$BUILD/talks")"
else
    for title in 'a spoken conversation on the board, in a static block, without a heap' \
        'the same conversation on this machine' 'both come to the same events and the same sound' 'conversations on a painted stack' 'all talks on the board'; do
        skip "$title" "no $qemu"
    done
fi

# Of the port to lwIP, on this machine and Debian's own lwIP.
lwip_test() {
    export BUILD="$hosted_build" CC="$hosted_cc" AR=ar LDFLAGS='' CONTEXT=on
    CFLAGS='-O1 -g -D_DEFAULT_SOURCE -isystem /usr/include/lwip' BUILD=$hosted_build-lwip
    objects=$(for name in address dns random_below status text; do echo "$BUILD/obj/platform/$name.o"; done)
    test=$BUILD/obj/test/cross/board/lwip_test.o
    ./build.sh make "$BUILD/lib/libport-lwip.a" "$test" $objects &&
        $CC "$test" "$BUILD/lib/libport-lwip.a" $objects -llwip -lcmocka -o "$BUILD/lwip_test" && timeout 60 "$BUILD/lwip_test"
}
if echo 'int main(void) { return 0; }' | cc -xc - -llwip -lcmocka -o "$scratch/try" 2>/dev/null; then
    check 'the port to lwIP keeps the promises of platform/ on an lwIP' lwip_test
else
    skip 'the port to lwIP keeps the promises of platform/ on an lwIP' 'no liblwip here (Debian: liblwip-dev)'
fi
plan
