#!/bin/sh
# usage: test/bench/run.sh [PART...]      called by ./build.sh bench
# Runs the parts named, or all: each is a script beside this one that prints Markdown. Those so far:
#   stages    what one message costs at each stage, beside a copy of its bytes and other libraries
set -eu
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || set -- stages
for part; do
    if [ "$part" = run ] || [ ! -x "test/bench/$part.sh" ]; then echo "bench: there is no part '$part'" >&2 && exit 2; fi
done
for part; do sh "test/bench/$part.sh"; done
