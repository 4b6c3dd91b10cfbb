#!/bin/sh
# shellcheck disable=SC2086 # flags are words
# usage: test/fault/same_everywhere.sh      prints TAP
# A seed of the simulation is worth keeping only if it means the same wherever it is run: SEEDS (300) of them must
# leave the same hashes behind at -O0 and -O2, by gcc and clang, with sanitizers, and, where Debian's cross
# compilers and qemu's user mode are installed, on armhf (32 bits) and arm64.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}" "${SEEDS:=300}"
root=$BUILD/same
mkdir -p "$root"
sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=all'

# name, compiler, flags, how to run it: writes the hashes of the seeds to a file
hashes() {
    BUILD=$root/$1 CC=$2 AR=ar CFLAGS=$3 LDFLAGS='' ./build.sh make "$root/$1/test/fault/simulate" &&
        ${4-} "$root/$1/test/fault/simulate" --from 1 --count "$SEEDS" --hash >"$scratch/$1"
}

# title, then the same: it builds, runs, and its hashes are those of the first
same() {
    machine=$1 first=${first:-$2}
    shift
    if ! command -v "$2" >/dev/null || { [ -n "${4-}" ] && ! command -v "${4%% *}" >/dev/null; }; then
        skip "$machine" "no $2, or nothing to run what it makes"
        return
    fi
    check "$machine: builds and runs" hashes "$@"
    check "$machine: $SEEDS seeds, the hashes of $first" agree "$1"
}
agree() {
    test "$(wc -l <"$scratch/$1")" -eq "$SEEDS" && cmp "$scratch/$first" "$scratch/$1"
}

same 'gcc -O2' gcc-O2 gcc '-O2'
same 'gcc -O0' gcc-O0 gcc '-O0'
same 'gcc with sanitizers' gcc-san gcc "-O1 -g $sanitizers"
same 'clang -O2' clang-O2 clang '-O2'
same 'clang -O0' clang-O0 clang '-O0'
same 'clang with sanitizers' clang-san clang "-O1 -g $sanitizers"
same 'armhf under qemu' armhf arm-linux-gnueabihf-gcc '-O2' 'qemu-arm-static -L /usr/arm-linux-gnueabihf'
same 'arm64 under qemu' arm64 aarch64-linux-gnu-gcc '-O2' 'qemu-aarch64-static -L /usr/aarch64-linux-gnu'
plan
