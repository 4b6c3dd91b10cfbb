#!/bin/sh
# shellcheck disable=SC2016,SC2046,SC2086,SC2154 # Markdown has backquotes; flags and lists are split on purpose
# usage: test/sizes.sh [--target TARGET | memory]      called by ./build.sh sizes, with -Os unless CFLAGS are given
# Prints the tables of sizes for the README: code and data by folder and by what is linked, the block of memory by
# limits (`memory`: those alone). For this machine, for one of test/cross/target.sh, or with another CC for that
# one's (transport/wss only where its packages are).
set -eu
cd "$(dirname "$0")/.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-Os}"
: "${LDFLAGS=}" "${AR=ar}"
checker='' bare=no target='' given=$CFLAGS
[ "${1-}" != --target ] || target=$2
if [ "$target" ]; then
    . test/cross/target.sh
    target_names "$target"
    ./build.sh deps $(target_packages "$target") >&2
    case $target in
    armhf | arm64) target_sysroot "$target" bookworm "$BUILD/sysroot" || exit ;;
    riscv64) target_sysroot "$target" trixie "$BUILD/sysroot" || exit ;;
    esac
    [ "$bare" = no ] || CFLAGS="$CFLAGS $(target_headers "$BUILD/sizes-$target/packages")"
    target_settings "$target"
fi
[ "${1-}" = memory ] || BUILD=$BUILD/sizes${target:+-$target}
export BUILD CC CFLAGS LDFLAGS AR

made='lib cli' library=libparley libs='-lwslay -lmbedtls -lmbedx509 -lmbedcrypto -lz'
if [ "$bare" = yes ]; then
    made="$BUILD/lib/libbare-loopback.a $BUILD/lib/libbare-wss.a $BUILD/lib/libport-lwip.a" libs=
elif ! echo 'int main(void) { return 0; }' | $CC $CFLAGS $LDFLAGS -xc - $libs -o /dev/null 2>/dev/null; then
    made=loopback library=libparley-loopback libs=
    [ "$target" = musl ] || made="loopback $BUILD/lib/libparley-loopback.so"
fi
[ "${1-}" != memory ] || made=$BUILD/lib/$library.a
./build.sh make $made
[ "$bare" = yes ] || $CC $CFLAGS $LDFLAGS -std=c11 -I. test/sizes.c -o "$BUILD/memory" "$BUILD/lib/$library.a" $libs
[ "${1-}" != memory ] || exec "$BUILD/memory"
size=$($CC -print-prog-name=size) strip=$($CC -print-prog-name=strip)

# title, files: a line of the table with their sum
row() {
    title=$1
    shift
    $size "$@" | awk -v title="$title" 'NR > 1 { text += $1; data += $2; bss += $3 }
        END { printf "| %s | %d | %d | %d |\n", title, text, data, bss }'
}
folder() { row "$(echo "$1" | sed 's/ /, /g')" $(for name in $1; do find "$BUILD/obj/$name" -maxdepth 1 -name '*.o'; done); }
linked() {
    [ -f "$BUILD/$1" ] || return 0
    $strip -o "$BUILD/stripped" "$BUILD/$1"
    row "$2" "$BUILD/stripped"
}

echo "\`$($CC -dumpmachine)\`, \`$($CC --version | head -n 1)\`, \`$given\`:"
echo
echo '| | text | data | bss |'
echo '|---|---:|---:|---:|'
for name in 'platform platform/posix' platform/lwip parser 'templates gen' context core transport/loopback transport/wss core/cli; do
    [ "$bare" = no ] || name=${name% platform/posix}
    [ ! -d "$BUILD/obj/${name%% *}" ] || folder "$name"
done
row 'of parser, base64 by vectors (`SIMD=off` leaves it out)' "$BUILD/obj/parser/base64_vector.o"
linked lib/libparley-loopback.so '`libparley-loopback.so`, whole'
linked lib/libparley.so '`libparley.so`, whole (packages shared)'
linked bin/parley-loopback '`parley-loopback`, a whole program'
linked bin/parley '`parley`, a whole program with TLS'
if [ "$bare" = yes ]; then
    echo
    echo '| what a program that uses every call takes of it, `CONTEXT=off RECORDER=off` | text |'
    echo '|---|---:|'
    sh test/linked.sh | sed 's/\(.*\): \(.*\)/| \1 | \2 |/'
fi
echo
[ "$bare" = yes ] || $checker "$BUILD/memory" 2>/dev/null || echo "(no table of memory: this machine cannot run programs of that one)"
