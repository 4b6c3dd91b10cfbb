#!/bin/sh
# `parley fake` with the clients that most programs in JavaScript use, as they are: npm's openai over wss, and
# @openai/agents-realtime over ws and wss, each with a whole conversation. They come from the npm registry, or from the
# folder NODE_PACKAGES, which has them in node_modules.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
parley=$BUILD/bin/parley
npm_packages='ws@8.23.0 openai@7.55.0 @openai/agents-realtime@0.20.0'

give_up() { skip "clients of npm hold conversations" "$1" && plan && exit 0; }
command -v node >/dev/null || give_up 'node is missing'
[ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || give_up 'node is older than 20'
packages=${NODE_PACKAGES:-$BUILD/test/peer/fake_npm}
if [ ! -d "$packages/node_modules/@openai/agents-realtime" ]; then
    command -v npm >/dev/null || give_up 'npm is missing'
    mkdir -p "$packages"
    # shellcheck disable=SC2086 # a list of words
    timeout 120 npm install --silent --no-audit --no-fund --no-save --ignore-scripts --prefix "$packages" $npm_packages \
        >"$scratch/npm" 2>&1 || give_up 'the npm registry cannot be reached'
fi
cp test/peer/fake_*.mjs "$packages"

directory=$scratch
. test/certificates.sh
self_signed server localhost subjectAltName=DNS:localhost
printf 'use service\nheard "hello there"\nheard "please count the files in this folder"\n' >"$scratch/it.talk"

# CLIENT SCHEME SPEECH EXPECTED: a whole conversation, after which no rule may be broken
converse() {
    certificate=
    [ "$2" = ws ] || certificate="--cert $scratch/server.pem --key $scratch/server.key"
    mkfifo "$scratch/$1.$2"
    # shellcheck disable=SC2086 # no certificate, no words
    timeout 60 "$parley" fake --once --speed 0 --script "$scratch/it.talk" $certificate >"$scratch/$1.$2" 2>&1 &
    fake=$!
    {
        read -r first
        port=${first##*:}
        said=$(FAKE_URL=$2://localhost:$port SPEECH=$3 NODE_EXTRA_CA_CERTS=$scratch/server.pem timeout 60 node "$packages/fake_$1.mjs" 2>&1) || :
        log=$(cat)
    } <"$scratch/$1.$2"
    status=0
    wait "$fake" || status=$?
    case $log in *', 0 broken rules') ;; *) status="$status, rules broken" ;; esac
    [ "$said, status $status" = "$4, status 0" ] || { printf '%s\n%s, status %s\n' "$log" "$said" "$status" && return 1; }
}

here=$PWD/test/vectors/speech
check 'openai over wss: a typed turn and a spoken one, no rule broken' \
    converse openai wss "$here/hello.wav" 'turns=2 words=true audio=true spoken=true'
for scheme in ws wss; do
    check "@openai/agents-realtime over $scheme: a typed turn, a spoken one, a tool and its result, no rule broken" \
        converse agents $scheme "$here" 'turns=4 called=true audio=true history=true'
done
plan
