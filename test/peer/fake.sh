#!/bin/sh
# `parley fake` with clients that are not ours, and with our own: see fake_test.py.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
PARLEY=$(realpath "${BUILD:-build}/bin/parley")
CERTIFICATES=$scratch
export PARLEY CERTIFICATES
directory=$scratch
. test/certificates.sh
self_signed server localhost subjectAltName=DNS:localhost,IP:127.0.0.1
cat "$CERTIFICATES/server.pem" "$CERTIFICATES/server.key" >"$CERTIFICATES/both.pem"
/usr/bin/python3 -B -W ignore::DeprecationWarning test/peer/fake_test.py
