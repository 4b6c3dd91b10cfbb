#!/bin/sh
# shellcheck disable=SC2016,SC2046,SC2086 # Markdown has backquotes; lists of flags and files are words on purpose
# usage: test/bench/stages.sh      called by test/bench/run.sh
# What one message costs at each stage: the median time of rounds in which all ways of a stage take their turn, and
# instructions (callgrind), beside a copy of the same bytes and other libraries. A library that Debian does not
# have here, or nobody may install, is a row "not here". Prints Markdown tables.
#   ROUNDS=301     of the times
#   COUNT=on       off: without instructions
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CXX:=c++}" "${CFLAGS=-O2 -g}" "${ROUNDS:=301}" "${COUNT:=on}"
BUILD=$BUILD/bench
export BUILD CC CFLAGS

# ---- other libraries -----------------------------------------------------------------------------

# file below test/bench/stages, its header, what to link, its package in Debian
libraries='yyjson.c yyjson.h -lyyjson libyyjson-dev
simdjson.cpp simdjson.h -lsimdjson libsimdjson-dev
rapidjson.cpp rapidjson/document.h - rapidjson-dev
cjson.c cjson/cJSON.h -lcjson libcjson-dev
jansson.c jansson.h -ljansson libjansson-dev
jsonc.c json-c/json.h -ljson-c libjson-c-dev
lejp.c libwebsockets.h -lwebsockets libwebsockets-dev
openssl.c openssl/evp.h -lcrypto libssl-dev
libb64.c b64/cencode.h -lb64 libb64-dev'

if command -v apt-cache >/dev/null && [ "$(id -u)" = 0 ]; then
    packages=$(echo "$libraries g++" | while read -r words; do apt-cache show "${words##* }" >/dev/null 2>&1 && echo "${words##* }"; done || :)
    ./build.sh deps $packages || echo 'bench: going on with what is here' >&2
fi

# source, header, libraries: compiles and says what to link, or nothing when it is not here
other() {
    object=$BUILD/others/${1%.*}.o
    case $1 in *.cpp) compiler="$CXX -std=c++17" ;; *) compiler="$CC -std=gnu11" ;; esac
    echo "#include <$2>" | $compiler -E -x "$([ "${1%.cpp}" = "$1" ] && echo c || echo c++)" - >/dev/null 2>&1 || return 0
    $compiler -I. $CFLAGS -c "test/bench/stages/$1" -o "$object" && echo "$object" && echo "${3#-}" | sed '/./s/^/-/'
}

# ---- ours ----------------------------------------------------------------------------------------

# Plain C beside the vectors, in one program: the same objects built with SIMD=off, their names with another prefix.
plain() {
    names='json json_number utf8 base64 base64_vector events_common events_v2'
    parts="$(printf "$BUILD/plain/obj/parser/%s.o " $names) $BUILD/plain/obj/templates/render.o $BUILD/plain/obj/platform/status.o"
    BUILD=$BUILD/plain SIMD=off ./build.sh make $parts
    ld -r -o "$BUILD/plain/all.o" $parts
    nm -g --defined-only "$BUILD/plain/all.o" | sed -n 's/^.* parley_\(.*\)/parley_\1 plain_\1/p' >"$BUILD/plain/names"
    objcopy --redefine-syms="$BUILD/plain/names" "$BUILD/plain/all.o"
}

mkdir -p "$BUILD/others"
ours=$(printf "$BUILD/obj/test/bench/stages/%s.o " main ours wire table)
conversation=$BUILD/test/bench/stages/conversation
./build.sh make $ours "$BUILD/lib/libwire.a" "$conversation"
plain
others=$(echo "$libraries" | while read -r source header link _; do other "$source" "$header" "$link"; done)
linker=$CC
case $others in */simdjson.o* | */rapidjson.o*) linker=$CXX ;; esac
$linker $CFLAGS -Wl,--gc-sections -o "$BUILD/stages" $ours "$BUILD/plain/all.o" "$BUILD/lib/libwire.a" $others -lwslay -lz

# ---- measuring -----------------------------------------------------------------------------------

. test/bench/count.sh
count_all() {
    while read -r stage way rest; do
        case $rest in *'not here') continue ;; esac
        printf '%s\t%s\t%s\n' "$stage" "$way" "$(count_instructions "$BUILD/stages" count "$stage" "$way")"
    done <"$BUILD/list"
    printf 'conversation\t1\t%s\n' "$(count_instructions "$conversation" count)"
}
{
    "$BUILD/stages" list
    printf 'conversation\t1\t100 ms of a conversation, both ways, over the loopback\tparley\n'
} >"$BUILD/list"
{
    "$BUILD/stages" time "$ROUNDS"
    printf 'conversation\t1\t%s\n' "$("$conversation" time)"
} >"$BUILD/times"
: >"$BUILD/counts"
if [ "$COUNT" = on ] && command -v valgrind >/dev/null; then count_all >"$BUILD/counts"; fi

echo "Stages of one message, \`$($CC -dumpmachine)\`, \`$($CC --version | head -n 1)\`, \`$CFLAGS\`,"
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1); the median of $ROUNDS rounds. Those who bring no base64 of their own have one of four tables."
awk -F '\t' -v times="$BUILD/times" -v counts="$BUILD/counts" '
BEGIN {
    while ((getline < times) > 0) ns[$1, $2] = $3
    while ((getline < counts) > 0) instructions[$1, $2] = $3
}
$1 != stage {
    stage = $1
    printf "\n| %s | ns | × copy | × parley | instructions |\n|---|---:|---:|---:|---:|\n", $3
}
$5 != "" { printf "| %s | not here | | | |\n", $4; next }
{ # the floor is way 0, parley is way 1
    printf "| %s | %.0f | %s | %.2f | %s |\n", $4, ns[$1, $2], ns[$1, 0] ? sprintf("%.1f", ns[$1, $2] / ns[$1, 0]) : "",
        ns[$1, $2] / ns[$1, 1], instructions[$1, $2]
}' "$BUILD/list"
