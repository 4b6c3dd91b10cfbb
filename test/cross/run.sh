#!/bin/sh
# shellcheck disable=SC2030,SC2031,SC2046,SC2086 # a stage's settings end with its subshell; lists are words on purpose
# usage: test/cross/run.sh [--target] [TARGET...]      called by ./build.sh cross; without a name all of them
#   armhf arm64   Debian 12 (mbedTLS 2.28) and Debian 13 (3.6), under qemu's user mode
#   riscv64       Debian 13
#   cortex-m4     no operating system, on a board that qemu emulates (test/cross/board)
#   musl          this machine, all in one static program
# Builds libraries, programs and tests with Debian's cross compilers and runs them: all on the first Debian of a machine,
# on its second what stands on mbedTLS; with both a spoken conversation over TLS, with a server on this machine.
# Compilers are installed (as root) or the command that would is printed; all else goes into a folder below $BUILD.
# Ends with a line for each target, and "N passed, N failed".
set -eu
cd "$(dirname "$0")/../.."
. test/queue.sh
. test/cross/target.sh
root=$BUILD

targets=
for word; do [ "$word" = --target ] || targets="$targets $word"; done
[ "$targets" ] || targets='armhf arm64 riscv64 cortex-m4 musl'
packages=$(for name in $targets; do target_packages "$name"; done)
./build.sh deps $(echo $packages | tr ' ' '\n' | sort -u)

LIMIT_S=300 PARLEY_TEST_SLOWLY=1 # emulated; tests that are exhaustive ask for the latter
export LIMIT_S PARLEY_TEST_SLOWLY

# suite, tests (patterns of find): on that Debian of the target's machine
on_debian() {
    stage=$target/$1
    if ! target_sysroot "$target" "$1" "$root/sysroot" 2>"$RESULTS/why"; then
        queue tap "with $1" "echo '1..0 # SKIP $(tr -d "'" <"$RESULTS/why")'"
        queue_run
        return
    fi
    target_settings "$target"
    BUILD=$root/$target-$1
    shift
    tests=$(find test/unit test/wire test/fault -maxdepth 1 \( "$@" \) ! -name 'platform_posix_process_*' | sort)
    build lib cli $(programs $tests)
    queue_programs $tests
    queue_talks
    RUN=$checker
    export RUN
    queue_scripts test/peer/conversation.sh
    queue tap unit/platform_posix_process_test \
        "echo '1..0 # SKIP qemu makes a vfork a fork: a signal sent right after a start gets lost'"
    queue_run
}

on_mbedtls() { on_debian "$1" -path 'test/wire/*_test.c' -o -name 'transport_wss_*_test.c'; }

on_musl() {
    target_settings musl
    BUILD=$root/musl
    build "$BUILD/bin/parley-loopback"
    queue exit 'it is one static program' "file '$BUILD/bin/parley-loopback' | grep -q 'statically linked'"
    queue_talks
    queue exit 'a conversation by the clock' "sh test/demo.sh"
    queue_run
}

queue_start
for target in $targets; do
    began_s=$(date +%s)
    : >"$RESULTS/tally"
    (
        stage=$target
        case $target in
        riscv64) on_debian trixie -name '*_test.c' ;;
        armhf | arm64)
            (on_debian bookworm -name '*_test.c')
            on_mbedtls trixie
            ;;
        cortex-m4)
            BUILD=$root/cortex-m4 CFLAGS=-Os
            queue_scripts test/cross/cortex_m4.sh
            queue_run
            ;;
        musl) on_musl ;;
        esac
    )
    cat "$RESULTS/tally" >>"$RESULTS/all"
    awk -v target="$target" -v took_s="$(($(date +%s) - began_s))" '
    { passed += $1; failed += $2; skipped += $3 }
    END { printf "%s: %d passed, %d failed, %d skipped, %d s\n", target, passed, failed, skipped, took_s }' \
        "$RESULTS/tally" | tee -a "$RESULTS/targets"
done
echo
cat "$RESULTS/targets"
mv "$RESULTS/all" "$RESULTS/tally"
queue_end
