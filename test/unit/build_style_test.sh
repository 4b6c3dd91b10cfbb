#!/bin/sh
# The layout of every C file is what .clang-format says, and shellcheck finds nothing in any script.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh

# Versions of clang-format differ in small things; the one meant is that of Debian 12.
layout='every C file is laid out as .clang-format says'
if clang-format --version 2>/dev/null | grep -q ' version 14\.'; then
    find core transport context templates parser platform test -name '*.[ch]' >"$scratch/files"
    check_equal "$layout" '' "$(xargs -a "$scratch/files" clang-format --dry-run 2>&1 | sed -n 's/^\([^ :]*\):.*/\1/p' | sort -u)"
else
    skip "$layout" 'this is for clang-format 14'
fi

scripts='shellcheck finds nothing in any script'
if command -v shellcheck >/dev/null; then
    { echo build.sh && find test templates -name '*.sh'; } >"$scratch/scripts"
    check "$scripts" xargs -a "$scratch/scripts" shellcheck -x
else
    skip "$scripts" 'shellcheck is not installed'
fi

plan
