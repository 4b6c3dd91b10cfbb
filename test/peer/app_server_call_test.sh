#!/bin/sh
# `parley app-server` and `parley call` with calls over WebRTC: see app_server_call_test.py.
set -eu
PARLEY=$(realpath "${BUILD:-build}/bin/parley")
export PARLEY
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
. test/certificates.sh
root root 'An authority'
issue server root localhost "$begin" "$end" 'subjectAltName=DNS:localhost'
/usr/bin/python3 -B test/peer/app_server_call_test.py "$directory"
