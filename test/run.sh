#!/bin/sh
# shellcheck disable=SC2016,SC2046,SC2086 # lists of files are patterns and words on purpose
# usage: test/run.sh [STAGE...]      called by ./build.sh test
#   gcc       all tests with the compiler from outside: programs, talks, scripts, gates   (quick: the same)
#   peer      against servers that are not ours
#   mbedtls36 what stands on TLS, again with mbedTLS 3.6 where this machine has the older line: Debian 13's, in a
#             folder of its own (test/cross/sysroot.sh)
#   board     a Cortex-M4 without an operating system, emulated (test/cross/cortex_m4.sh): 32 bits, and what a port needs
#   clang     programs, talks, scripts and peers under AddressSanitizer and UBSan
#   valgrind  the unit tests under memcheck
#   fuzz      each fuzzer for FUZZ_SECONDS (3)
# Without a stage, all of them. The last line is "N passed, N failed", with ", N skipped" if so.
set -eu
cd "$(dirname "$0")/.."

. test/queue.sh
: "${FUZZ_SECONDS:=3}"
root=$BUILD

with_gcc() { BUILD=$root/gcc; }
with_clang() {
    BUILD=$root/clang CC=clang LDFLAGS=
    CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'
}

tests='test/unit/*_test.c test/wire/*_test.c test/fault/*_test.c test/talk/*_test.c'
peers='test/peer/*.c'
benchmarks='test/bench/stages/main.c test/bench/stages/conversation.c'
fuzzers='test/fuzz/*_fuzz.c'

stage_gcc() {
    with_gcc
    build lib cli "$BUILD/lib/libfake.a" "$BUILD/lib/libwire.a" "$BUILD/gen/parley.h" $(programs $tests $benchmarks)
    queue_programs $tests
    queue_talks
    queue_scripts test/unit/*_test.sh test/talk/*_test.sh test/arrows.sh test/bench/budgets.sh test/stack.sh \
        test/fault/mutants.sh test/wire/mutants.sh
}

stage_peer() {
    with_gcc
    build cli $(programs $peers test/unit/transport_rules_test.c) # service_types.sh reads what the latter says
    queue_programs test/peer/*_test.c
    queue_scripts test/peer/*.sh
}

stage_mbedtls36() {
    BUILD=$root/mbedtls36
    sysroot=$BUILD/sysroot why=
    here=$(printf '#include <mbedtls/version.h>\nMBEDTLS_VERSION_MAJOR\n' | $CC -E -P - | tail -n 1)
    if [ "$here" != 2 ]; then
        why='the mbedTLS of this machine is not of the older line'
    elif ! told=$(sh test/cross/sysroot.sh trixie own "$sysroot" libmbedtls-dev 2>&1); then
        why=$(printf '%s' "$told" | tr "'\n" '" ')
    fi
    if [ -n "$why" ]; then
        queue tap peers "echo '1..0 # SKIP $why'"
        return 0
    fi
    CFLAGS="$CFLAGS -isystem $sysroot/usr/include" LDFLAGS="$LDFLAGS -L$sysroot/usr/lib/$($CC -print-multiarch)"
    build cli $(programs test/wire/*_test.c test/peer/fault_host.c test/peer/tls_matrix.c test/peer/trickle.c)
    queue_programs test/wire/*_test.c
    queue_scripts test/peer/tls_matrix.sh test/peer/fault_matrix.sh test/peer/conversation.sh
}

stage_board() {
    BUILD=$root/board CFLAGS=-Os
    # Half a gigabyte of compiler, so not among what every test needs: where it cannot be had this is skipped.
    ./build.sh deps gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm liblwip-dev >"$RESULTS/board" 2>&1 || :
    LIMIT_S=300
    export LIMIT_S
    queue_scripts test/cross/cortex_m4.sh
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
    LIMIT_S=300 PARLEY_TEST_SLOWLY=1 # it is that much slower; exhaustive tests ask for the latter
    export LIMIT_S PARLEY_TEST_SLOWLY
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

[ $# -gt 0 ] || set -- gcc peer mbedtls36 board clang valgrind fuzz
for stage; do
    case $stage in
    quick | gcc | peer | mbedtls36 | board | clang | valgrind | fuzz) ;;
    *) echo "run.sh: there is no stage '$stage'" >&2 && exit 2 ;;
    esac
done

queue_start
# Where all is committed, as in a fresh clone, the tests must leave it so.
changes=$(git status --porcelain 2>/dev/null || echo 'no git here')
for stage; do
    [ "$stage" != quick ] || stage=gcc
    # In a subshell, so that a stage's settings end with it.
    (
        "stage_$stage"
        queue_run
    )
done
if [ -z "$changes" ]; then
    stage=after
    queue exit 'the sources are as they were' 'changes=$(git status --porcelain) && echo "$changes" && test -z "$changes"'
    queue_run
fi
queue_end
