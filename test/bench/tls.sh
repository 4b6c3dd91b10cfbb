#!/bin/sh
# shellcheck disable=SC2086 # flags are words
# usage: test/bench/tls.sh [DIR...]
# What TLS costs: the two kinds of cipher suites side by side, and the heap of a connection. With this machine's
# mbedTLS, with Debian 13's where it can be had (test/cross/sysroot.sh), and with those installed below DIR, such as a
# build of one's own. Prints Markdown tables.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}" "${LDFLAGS=}"
export BUILD CC CFLAGS LDFLAGS

. test/bench/tls/peer.sh

# Leaves the programs in $BUILD/bench/tls/NAME; INCLUDE and LIB: where that mbedTLS is, empty for the system's.
programs() { # NAME INCLUDE LIB
    (
        bin=$BUILD/bench/tls/$1
        [ -z "$2" ] || CFLAGS="$CFLAGS -isystem $2" LDFLAGS="$LDFLAGS -L$3"
        BUILD=$bin/build ./build.sh make "$bin/build/lib/libparley.a"
        archives=
        for lib in mbedtls mbedx509 mbedcrypto; do
            file=$3/lib$lib.a
            [ -n "$3" ] || file=$($CC -print-file-name=lib$lib.a)
            archives="$archives $file"
        done
        for program in ciphers memory; do
            wrap=$(sed -n 's/^.*link: \(-.*\)/\1/p' test/bench/tls/$program.c)
            $CC -std=gnu11 -I. $CFLAGS $LDFLAGS test/bench/tls/$program.c -o "$bin/$program" -Wl,--gc-sections \
                "$bin/build/lib/libparley.a" -lwslay $archives -lz $wrap
        done
    )
    names="$names $1"
}
names=
programs here '' ''
triplet=$($CC -dumpmachine)
if sh test/cross/sysroot.sh trixie own "$BUILD/bench/tls/debian13" libmbedtls-dev; then
    programs 13 "$BUILD/bench/tls/debian13/usr/include" "$BUILD/bench/tls/debian13/usr/lib/$triplet"
fi
for root; do programs "$(basename "$root")" "$root/include" "$root/lib"; done

echo "Microseconds to open an event of 6.6 KB (100 ms of audio), \`$triplet\`, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1):"
printf '\n| mbedTLS | AES-128-GCM | ChaCha20-Poly1305 | faster |\n|---|---:|---:|---|\n'
for name in $names; do "$BUILD/bench/tls/$name/ciphers"; done
printf '\nHeap of one connection, in bytes, with one authority:\n\n'
echo '| mbedTLS | link | after open | peak, in the handshake | held while open | allocations once up |'
echo '|---|---|---:|---:|---:|---:|'
for name in $names; do
    for port in $old $newest; do
        "$BUILD/bench/tls/$name/memory" '32 KB link' "$port" "$directory/ca.pem" 32768
    done
done
