#!/bin/sh
# usage: test/peer/fake_raw.sh      called by test/run.sh; the program is below $BUILD
# The server's side of HTTP and WebSocket of `parley fake`, by raw bytes: see fake_raw.py.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}"
exec /usr/bin/python3 test/peer/fake_raw.py "$BUILD/bin/parley"
