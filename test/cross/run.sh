#!/bin/sh
# shellcheck disable=SC2046,SC2086 # lists of files are patterns and words on purpose
# usage: test/cross/run.sh [armhf|arm64|riscv64...]      called by ./build.sh cross; without a name armhf and arm64
# Builds the loopback for other machines with Debian's cross compilers, and runs its unit tests and talks there under
# qemu's user mode. The packages the tests need for such a machine go into a folder below $BUILD, with an apt
# of its own, and leave the system alone; where the archive has none (riscv64 in Debian 12) the talks run alone.
# The last line is "N passed, N failed".
set -eu
cd "$(dirname "$0")/../.."
. test/queue.sh
root=$BUILD

# architecture -> T, the compiler's name of it, and qemu's
names_of() {
    case $1 in
    armhf) T=arm-linux-gnueabihf qemu=qemu-arm-static ;;
    arm64) T=aarch64-linux-gnu qemu=qemu-aarch64-static ;;
    riscv64) T=riscv64-linux-gnu qemu=qemu-riscv64-static ;;
    *) echo "cross: armhf, arm64 and riscv64 are known, not '$1'" >&2 && exit 2 ;;
    esac
}

# Where the test libraries of an architecture are: made once, with the package lists of this machine.
sysroot() {
    sysroot=$(mkdir -p "$root/sysroot/$1" && cd "$root/sysroot/$1" && pwd)
    [ ! -f "$sysroot/usr/lib/$T/libcmocka.so" ] || return 0
    mkdir -p "$sysroot/apt/lists/partial" "$sysroot/apt/cache/archives/partial"
    : >"$sysroot/apt/status"
    cat >"$sysroot/apt/conf" <<CONF
APT::Architecture "$1";
APT::Architectures { "$1"; };
APT::Sandbox::User "root";
Dir::State::lists "$sysroot/apt/lists";
Dir::State::status "$sysroot/apt/status";
Dir::Cache "$sysroot/apt/cache";
CONF
    (
        APT_CONFIG=$sysroot/apt/conf
        export APT_CONFIG
        cd "$sysroot/apt"
        apt-get update -qq # lists of other archives than Debian's may well lack this architecture
        apt-get download -qq libcmocka0 libcmocka-dev libjansson4 libjansson-dev &&
            for package in *.deb; do dpkg-deb -x "$package" "$sysroot"; done
    ) >"$sysroot/log" 2>&1
}

[ $# -gt 0 ] || set -- armhf arm64
packages="qemu-user-static"
for stage; do
    names_of "$stage"
    packages="$packages gcc-$T libc6-dev-$stage-cross"
done
./build.sh deps $packages

queue_start
for stage; do
    (
        names_of "$stage"
        BUILD=$root/$stage CC=$T-gcc AR=$T-ar
        export AR
        checker="$qemu -L /usr/$T"
        tests=
        if sysroot "$stage"; then
            tests=$(find test/unit -name '*_test.c' ! -name 'transport_wss_*' ! -name 'platform_posix_process_*' | sort)
            queue tap unit/platform_posix_process_test \
                "echo '1..0 # SKIP qemu makes a vfork a fork: a signal sent right after a start gets lost'"
            CFLAGS="$CFLAGS -isystem $sysroot/usr/include" LDFLAGS="$LDFLAGS -L$sysroot/usr/lib/$T"
            checker="$checker -E LD_LIBRARY_PATH=$sysroot/usr/lib/$T"
        else
            queue tap 'unit tests' "echo '1..0 # SKIP no libcmocka for $stage: see $sysroot/log'"
        fi
        build loopback "$BUILD/lib/libparley-loopback.so" $(programs $tests)
        queue_programs $tests
        queue_talks
        queue_run
    )
done
queue_end
