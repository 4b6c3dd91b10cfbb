#!/bin/sh
# usage: test/bench/run.sh      called by ./build.sh bench
# Instructions (callgrind) of paths that cost processor time alone, per 100 ms of audio: the same on every run and
# every machine of a kind. Beside them jansson's, where it does the same. Prints a Markdown table.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
BUILD=$BUILD/bench
export BUILD CC CFLAGS

program=$BUILD/test/bench/paths
./build.sh make "$program"
counts=$BUILD/counts

echo "Instructions per 100 ms of audio, \`$($CC -dumpmachine)\`, \`$($CC --version | head -n 1)\`, \`$CFLAGS\`:"
echo
echo '| path | instructions | per byte of PCM |'
echo '|---|---:|---:|'
"$program" | while read -r name rounds title; do
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no --toggle-collect=parley_bench_measured \
        "$program" "$name" >"$counts" 2>&1 || { cat "$counts" >&2 && exit 1; }
    awk -v title="$title" -v rounds="$rounds" '/Collected :/ { printf "| %s | %d | %.1f |\n", title, $NF / rounds, $NF / rounds / 4800 }' \
        "$counts"
done
