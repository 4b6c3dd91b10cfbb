#!/bin/sh
# `parley fake` with clients that are not ours, and with our own: see fake_test.py.
set -eu
cd "$(dirname "$0")/../.."
PARLEY=$(realpath "${BUILD:-build}/bin/parley")
CERTIFICATES=$(mktemp -d)
HOME=$CERTIFICATES XDG_STATE_HOME=$CERTIFICATES/state
export PARLEY CERTIFICATES HOME XDG_STATE_HOME
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE SSL_CERT_DIR
trap 'rm -rf "$CERTIFICATES"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$CERTIFICATES/server.key" \
    -out "$CERTIFICATES/server.pem" 2>/dev/null
cat "$CERTIFICATES/server.pem" "$CERTIFICATES/server.key" >"$CERTIFICATES/both.pem"
/usr/bin/python3 -B -W ignore::DeprecationWarning test/peer/fake_test.py
