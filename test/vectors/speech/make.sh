#!/bin/sh
# usage: sh test/vectors/speech/make.sh        needs espeak-ng and sox; the tests do not
# Makes the speech beside it: 24 kHz, mono, 16 bit, trimmed to where the voice begins and ends. Another version of
# espeak-ng makes other sounds, so the boundaries in test/unit/transport_service_test.c belong to these files.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# name, text: one utterance
say() {
    espeak-ng -v en-us -s 165 -a 120 -w "$scratch/$1.wav" "$2"
    sox -D "$scratch/$1.wav" -r 24000 -c 1 -b 16 "$1.wav" silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse
}

# name, seconds
quiet() { sox -D -n -r 24000 -c 1 -b 16 "$scratch/$1.wav" trim 0 "$2"; }

say hello "Hello there, how are you today?"
say count "Please count the files in this folder."
say thanks "Thank you, stop now."

# What somebody says to the demo, with the time to listen: a greeting, a request (in the middle of the answer),
# and a farewell (in the middle of the result).
quiet before 0.5
quiet after_hello 4.5
quiet after_count 12
quiet after_thanks 1
sox "$scratch/before.wav" hello.wav "$scratch/after_hello.wav" count.wav "$scratch/after_count.wav" thanks.wav \
    "$scratch/after_thanks.wav" demo.wav
