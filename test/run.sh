#!/bin/sh
# shellcheck disable=SC2046,SC2086 # lists of files are patterns and words on purpose
# usage: test/run.sh [STAGE...]      called by ./build.sh test
#   gcc       all tests with the compiler from outside: programs, talks, scripts, gates   (quick: the same)
#   peer      against servers that are not ours
#   clang     programs, talks, scripts and peers under AddressSanitizer and UBSan
#   valgrind  the unit tests under memcheck
#   fuzz      each fuzzer for FUZZ_SECONDS (3)
# Without a stage, all of them. The last line is "N passed, N failed", with ", N skipped" if so.
set -eu
cd "$(dirname "$0")/.."

: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}" "${LDFLAGS=}" "${FUZZ_SECONDS:=3}"
root=$BUILD
RESULTS=$root/results
export BUILD CC CFLAGS LDFLAGS RESULTS
export CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C.UTF-8
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
unset OPENAI_API_KEY http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY || :

# Jobs are lines "kind, label, command" for test/tap.sh.
queue() { printf '%s\t%s\t%s\n' "$1" "$stage $2" "$3" >>"$RESULTS/jobs"; }
run_queue() {
    [ -f "$RESULTS/jobs" ] || return 0
    xargs -d '\n' -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh test/tap.sh <"$RESULTS/jobs" || :
    rm "$RESULTS/jobs"
}

# Those of the files named that exist: a pattern without a match stays as it is.
existing() { for file in "$@"; do [ ! -f "$file" ] || printf '%s ' "$file"; done; }

# sources -> the programs made of them
programs() { for source in $(existing "$@"); do printf '%s ' "$BUILD/${source%.c}"; done; }

# Builds what a stage needs, as far as it goes, as a test of its own.
build() {
    (
        LIMIT_S=600
        export LIMIT_S
        queue exit build "./build.sh make -k $*"
        run_queue
    )
}

# Test programs print their plan; one that was not built does not start, and so counts as failed.
queue_programs() {
    for source in $(existing "$@"); do
        name=${source#test/}
        queue tap "${name%.c}" "$checker '$BUILD/${source%.c}'"
    done
}
queue_scripts() { for script in $(existing "$@"); do queue tap "${script#test/}" "sh $script"; done; }
queue_talks() { [ ! "$(existing test/talk/*.talk)" ] || queue tap talks "'$BUILD/bin/parley-loopback' test test/talk/*.talk"; }

checker= # what a test program is run under
with_gcc() { BUILD=$root/gcc; }
with_clang() {
    BUILD=$root/clang CC=clang LDFLAGS=
    CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
}

tests='test/unit/*_test.c test/wire/*_test.c test/fault/*_test.c test/talk/*_test.c'
peers='test/peer/*.c'
fuzzers='test/fuzz/*_fuzz.c'

stage_gcc() {
    with_gcc
    build lib cli "$BUILD/gen/parley.h" $(programs $tests)
    queue_programs $tests
    queue_talks
    queue_scripts test/unit/*_test.sh test/talk/*_test.sh test/arrows.sh
}

stage_peer() {
    with_gcc
    build cli $(programs $peers)
    queue_programs test/peer/*_test.c
    queue_scripts test/peer/*.sh
}

stage_clang() {
    with_clang
    build cli $(programs $tests $peers)
    queue_programs $tests test/peer/*_test.c
    queue_talks
    for script in $(existing test/unit/*_test.sh test/talk/*_test.sh test/peer/*.sh); do
        case $script in */build_*) ;; *) queue_scripts "$script" ;; esac # those test the build itself
    done
}

stage_valgrind() {
    with_gcc
    build $(programs test/unit/*_test.c)
    leaks=definite,indirect,possible
    checker="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=$leaks --errors-for-leak-kinds=$leaks"
    queue_programs test/unit/*_test.c
}

stage_fuzz() {
    with_clang
    build $(programs $fuzzers)
    for program in $(programs $fuzzers); do
        name=$(basename "$program" _fuzz)
        found=$RESULTS/fuzz/$name # what the fuzzer finds and where it writes what breaks the target
        mkdir -p "$found"
        seeds=test/fuzz/seeds/$name
        [ -d "$seeds" ] || seeds=
        queue exit "$name" "'$program' -seed=1 -max_total_time=$FUZZ_SECONDS -timeout=10 -rss_limit_mb=1024 \
-artifact_prefix='$found-' '$found' $seeds"
    done
}

rm -rf "$RESULTS"
mkdir -p "$RESULTS"
: >"$RESULTS/tally"

[ $# -gt 0 ] || set -- gcc peer clang valgrind fuzz
for stage; do
    case $stage in
    quick) stage=gcc ;;
    gcc | peer | clang | valgrind | fuzz) ;;
    *) echo "run.sh: there is no stage '$stage'" >&2 && exit 2 ;;
    esac
    # In a subshell, so that a stage's settings end with it.
    (
        "stage_$stage"
        run_queue
    )
done

awk '{ passed += $1; failed += $2; skipped += $3 }
END {
    printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
    exit failed > 0 || passed == 0
}' "$RESULTS/tally"
