#!/bin/sh
# shellcheck disable=SC2317 # functions are called by check
# The timeline of recorded conversations: the picture of the README is the one the program makes, what pictures of all
# talks hold, and files that are none. TAP.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
parley=$BUILD/bin/parley-loopback

record() { "$parley" test --whole --record "$scratch/$1.record" "test/talk/$1.talk" >"$scratch/tap" || { cat "$scratch/tap" && return 1; }; }

is_the_readme() {
    record service_conversation && "$parley" timeline "$scratch/service_conversation.record" -o "$scratch/demo.svg" &&
        cmp "$scratch/demo.svg" test/talk/demo.svg
}
check 'the picture of the README (test/talk/demo.svg) is that of service_conversation.talk' is_the_readme
# words
shows() {
    for words; do
        grep -qF -- "$words" "$scratch/demo.svg" || { echo "not in it: $words" && return 1; }
    done
}
check 'it shows speech, replies, the agent, responses and the link, with latencies in ms' shows 'user speech' \
    'reply received' 'reply heard' '>agent<' '>responses<' '>link<' 'Please count the files in this folder.' '>300 ms<'
check 'it shows where replies were cut, and what the service was told of it' shows 'cut after 1860 ms (speech)' \
    'truncated at 1860 ms' 'received, never heard'
check 'it knows dark and light' shows '@media (prefers-color-scheme:dark)'
stands_alone() { ! grep -iE '<script|<image|@import|url\(|href' "$scratch/demo.svg"; }
check 'it holds no script, no font and no file from elsewhere' stands_alone

python=$(command -v python3 || :)
well_formed() {
    for talk in test/talk/*.talk; do
        name=$(basename "$talk" .talk)
        record "$name" && "$parley" timeline "$scratch/$name.record" -o "$scratch/$name.svg" &&
            "$parley" timeline "$scratch/$name.record" --strip 1 --out "$scratch/$name.html" &&
            "$parley" timeline "$scratch/$name.record" >"$scratch/$name.txt" || return 1
        # shellcheck disable=SC2016
        "$python" -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/$name.svg" || return 1
    done
}
if [ -n "$python" ]; then
    check 'the pictures of all talks are XML' well_formed
else
    skip 'the pictures of all talks are XML' 'no python3'
fi
text_shows() { "$parley" timeline --columns 60 "$scratch/service_conversation.record" >"$scratch/text" && grep -F -- "$1" "$scratch/text"; }
check 'as text: when it was heard' text_shows '3.133 s  heard      for 1840 ms: Hello! I am'
check 'as text: until the answer' text_shows 'heard      after 300 ms'
check 'as text: the cut' text_shows 'cut after 1860 ms (speech)'
is_narrow() { ! grep -E '^.{61}' "$scratch/text"; }
check 'as text: as wide as asked for' is_narrow
torn() { head -c 30000 "$scratch/service_conversation.record" >"$scratch/torn" && "$parley" timeline "$scratch/torn" >"$scratch/text" && grep -q 'The record is torn' "$scratch/text"; }
check 'a torn record is shown as far as it goes' torn

# words, argument...
refuses() {
    words=$1 status=0
    shift
    "$parley" timeline "$@" >"$scratch/said" 2>&1 || status=$?
    show_difference 2 "$status" && grep -qF -- "$words" "$scratch/said" && return
    cat "$scratch/said" && return 1
}
check 'no record' refuses 'this is no record' test/talk/hello.talk
check 'no file' refuses 'No such file' "$scratch/nothing"
check 'no name' refuses 'which record?'
check 'a picture of no kind it knows' refuses 'ends in .svg or .html' "$scratch/hello.record" -o "$scratch/x.png"
head -n 1 "$scratch/hello.record" >"$scratch/years" && echo '{"call":"service","us":9000000000000000000}' >>"$scratch/years"
check 'a record of centuries, as text' refuses 'it lasts too long' "$scratch/years"
check 'a record of centuries, as a picture' refuses 'it lasts too long' "$scratch/years" --strip 3600 -o "$scratch/x.svg"
check 'a folder that is not there' refuses 'No such file' "$scratch/hello.record" -o "$scratch/no/x.svg"
plan
