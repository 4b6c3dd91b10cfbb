#!/bin/sh
# usage: test/peer/fault_matrix.sh [TITLE]      called by test/run.sh; the program is below $BUILD
# TITLE is a regular expression that picks rows. What can go wrong between a host and a service, as a table: see
# fault_matrix.py. The certificates are made here.
set -eu
cd "$(dirname "$0")/../.."
: "${BUILD:=build}"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' HUP INT TERM
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE SSL_CERT_DIR

. test/certificates.sh
good_and_bad
issue future ca localhost "$end" "$later" subjectAltName=DNS:localhost
cat "$directory/good.pem" "$directory/good.key" >"$directory/good-both.pem"

/usr/bin/python3 -W ignore::DeprecationWarning test/peer/fault_matrix.py "$BUILD/test/peer/fault_host" "$directory" "$@"
