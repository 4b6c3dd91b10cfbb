#!/bin/sh
# usage: test/peer/ws_conformance.sh      called by test/run.sh; the program is below $BUILD
# WebSocket against a server that is not ours: see ws_conformance.py.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}"
exec /usr/bin/python3 -W ignore::DeprecationWarning test/peer/ws_conformance.py "$BUILD/test/peer/ws_echo"
