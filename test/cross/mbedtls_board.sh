#!/bin/sh
# shellcheck disable=SC2016,SC2086 # dollars of apt and of an inner shell, flags that are words
# usage: test/cross/mbedtls_board.sh [SOURCE...]
# mbedTLS as a board would build it, with transport/wss/mbedtls_board.h on top of its own configuration, out of each
# SOURCE (a tree of mbedTLS), or without one out of Debian's sources of this release and of 13; and links on each, in a
# slice of memory (mbedtls_board.c). Run by hand: it needs the network, deb-src of Debian's archive, and a few minutes.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}" "${LDFLAGS=}"
root=$BUILD/board
mkdir -p "$root"
root=$(cd "$root" && pwd)

. test/bench/tls/peer.sh

# mbedTLS's sources of a release of Debian, unpacked below $root. Lists and caches are there, too.
fetch() { # SUITE
    mkdir -p "$root/$1/lists/partial" "$root/$1/cache/archives/partial"
    archive=$(apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(REPO_URI)' | sed -n 's/^Packages main //p' | head -n 1)
    : >"$root/$1/status"
    echo "deb-src $archive $1 main" >"$root/$1/list"
    cat >"$root/$1/conf" <<CONF
APT::Sandbox::User "$(id -un)";
Dir::Etc::sourcelist "$root/$1/list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$root/$1/lists";
Dir::State::status "$root/$1/status";
Dir::Cache "$root/$1/cache";
CONF
    (
        cd "$root/$1"
        export APT_CONFIG=$root/$1/conf
        apt-get update -qq && apt-get source -qq --download-only mbedtls && mkdir -p source &&
            tar -xf mbedtls_*.orig.tar.* -C source --strip-components=1
    ) >"$root/$1/log" 2>&1 || { sed 's/^/# /' "$root/$1/log" && return 1; }
}

# One build of mbedTLS and of parley, and the program on both.
links() { # NAME SOURCE PORT FLAG...
    name=$1 source=$2 port=$3
    shift 3
    bin=$root/$name
    flags="$CFLAGS -isystem $source/include -I$PWD -DMBEDTLS_USER_CONFIG_FILE=\\\"transport/wss/mbedtls_board.h\\\" $*"
    mkdir -p "$bin/objects"
    if [ ! -f "$bin/libmbedall.a" ]; then
        for file in "$source"/library/*.c; do
            printf '%s\n' "$file"
        done | flags=$flags objects=$bin/objects xargs -P 2 -I FILE sh -c \
            'eval "$CC -w $flags -I\"$(dirname FILE)\" -c FILE -o \"$objects/$(basename FILE .c).o\""'
        ${AR:-ar} rcs "$bin/libmbedall.a" "$bin"/objects/*.o
    fi
    BUILD=$bin/build CFLAGS=$flags ./build.sh make "$bin/build/lib/libparley.a"
    eval "$CC -std=gnu11 $flags $LDFLAGS" test/cross/mbedtls_board.c -o "$bin/mbedtls_board" -Wl,--gc-sections \
        "$bin/build/lib/libparley.a" -lwslay "$bin/libmbedall.a" -lz \
        "$(sed -n 's/^.*link: \(-.*\)/\1/p' test/cross/mbedtls_board.c)"
    "$bin/mbedtls_board" "$port" "$directory/ca.pem" || failed=1
}
export CC

failed=0
if [ $# = 0 ]; then
    for suite in "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" trixie; do
        if fetch "$suite"; then set -- "$@" "$root/$suite/source"; fi
    done
fi
[ $# -gt 0 ] || { echo '# no sources of mbedTLS can be had' && exit 1; }
number=0
for source; do
    number=$((number + 1))
    links "$number" "$source" "$newest"
    links "$number-short" "$source" "$old" -DPARLEY_BOARD_SHORT_RECORDS
done
[ "$failed" = 0 ]
