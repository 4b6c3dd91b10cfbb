#!/bin/sh
# `parley app-server` from outside, over the loopback: see app_server_test.py.
set -eu
PARLEY_LOOPBACK=$(realpath "${BUILD:-build}/bin/parley-loopback")
export PARLEY_LOOPBACK
exec /usr/bin/python3 -B test/peer/app_server_test.py
