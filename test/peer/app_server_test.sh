#!/bin/sh
# `parley app-server` from outside: see app_server_test.py.
set -eu
: "${BUILD:=build}"
PARLEY_LOOPBACK=$(realpath "$BUILD/bin/parley-loopback")
PARLEY=$(realpath "$BUILD/bin/parley")
export PARLEY_LOOPBACK PARLEY
exec /usr/bin/python3 -B test/peer/app_server_test.py
