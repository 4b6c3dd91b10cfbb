#!/bin/sh
# shellcheck disable=SC2086 # flags are words
# usage: test/bench/crowd.sh      called by ./build.sh bench crowd
# Conversations with sound both ways, in real time and over wss, in one process that has one core: how late an event of
# 100 ms is handed over, and how much of the core that takes. Prints a Markdown table.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
export BUILD CC CFLAGS

. test/bench/whole/server.sh
host crowd
last=$(($(nproc) - 1)) # the core of the crowd; those before it are the server's
[ $last -gt 0 ] && server="taskset -c 0-$((last - 1))" || server=

field() { printf '%s\n' "$figures" | sed -n "s/.*\\b$1=\\([0-9]*\\).*/\\1/p"; }
echo '| conversations | core used | p50 µs | p99 | p99.9 | events | of them later than 20 ms | microphone dropped, samples |'
echo '|---:|---:|---:|---:|---:|---:|---:|---:|'
for count in 1 100 300 1000; do
    figures=$($server "$bin/runner" --tls "$bin/cert.pem" "$bin/key.pem" ECDHE-ECDSA-CHACHA20-POLY1305 --events 200 \
        --gap-us 100000 --together $count -- taskset -c $last "$bin/crowd" $count)
    echo "| $count | $(($(field cpu_us) * 100 / $(field wall_us))) % | $(field p50_us) | $(field p99_us) | $(field p999_us) |" \
        "$(($(field samples) / 2400)) | $(field late) | $(field shed) |"
done
