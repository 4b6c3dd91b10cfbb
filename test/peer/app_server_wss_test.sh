#!/bin/sh
# `parley app-server` from outside, over real WebSockets: see app_server_wss_test.py.
set -eu
PARLEY=$(realpath "${BUILD:-build}/bin/parley")
export PARLEY
exec /usr/bin/python3 -B test/peer/app_server_wss_test.py
