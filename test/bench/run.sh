#!/bin/sh
# usage: test/bench/run.sh [PART...]      called by ./build.sh bench
# Runs the parts named, or all: each is a script beside this one that prints Markdown.
#   stages    what one message costs at each stage, beside a copy of its bytes and other libraries
#   whole     whole processes side by side: parley, a bare loop, other clients, app-server
#   growth    from 1 to 1,000 conversations, 1 KB to 1 MB, a minute to a day
#   tls       what mbedTLS costs: suites, heap, a slice of memory
#   idle      what idle conversations over wss keep resident, from 1 to 1,000
#   crowd     conversations with sound over wss in real time on one core: how late, how much of it
set -eu
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || set -- stages whole growth tls idle crowd
for part; do
    if [ "$part" = run ] || [ ! -x "test/bench/$part.sh" ]; then echo "bench: there is no part '$part'" >&2 && exit 2; fi
done
for part; do sh "test/bench/$part.sh"; done
