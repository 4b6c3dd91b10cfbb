#!/bin/sh
# usage: test/bench/whole.sh [REPETITIONS]      called by ./build.sh bench whole
# Whole processes side by side, against one server: parley, a bare loop, libwebsockets with cJSON, npm's ws, openai and
# @openai/agents-realtime, python3-websockets. What cannot be had is left out. Prints Markdown tables.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
export BUILD CC CFLAGS

# What is fixed here is what the figures in README were made with.
npm_packages='ws@8.23.0 openai@7.55.0 @openai/agents-realtime@0.20.0'
. test/bench/whole/server.sh
mkdir -p "$bin/node"
./build.sh deps libwebsockets-dev libcjson-dev strace
./build.sh make "$BUILD/bin/parley"
cp "$BUILD/bin/parley" "$bin/program"
# shellcheck disable=SC2086 # lists of words
{
    $CC -std=gnu11 -O2 -static "$src/measure.c" -o "$bin/measure"
    $CC -std=gnu11 -O2 -shared -fPIC "$src/allocations.c" -o "$bin/allocations.so"
    $CC -std=gnu11 $CFLAGS "$src/bare.c" -o "$bin/bare" $archives
    host parley
    $CC -std=gnu11 $CFLAGS "$src/lws.c" -o "$bin/lws" -lwebsockets -lcjson || rm -f "$bin/lws"
}
cp "$src"/*.mjs "$bin/node/"
# shellcheck disable=SC2086 # a list of words
if command -v npm >/dev/null; then
    (cd "$bin/node" && npm install --silent --no-audit --no-fund --no-save $npm_packages >/dev/null 2>&1) ||
        echo "npm has none of $npm_packages here: left out" >&2
fi
echo "Clients: parley ($($CC --version | head -n 1), \`$CFLAGS\`), node $(node --version 2>/dev/null || echo 'not here'), $npm_packages."
exec python3 "$src/whole.py" "$bin" "$src" "$@"
