# shellcheck shell=sh disable=SC2034 # for those who read this file
# For test/cross/run.sh and test/sizes.sh, which read it: how to build for another machine, and run what was built.

# What the tests and libparley need of Debian for such a machine, its C library included, so that what runs has the
# same one as its libraries.
target_libraries='libc6 libc6-dev linux-libc-dev libgcc-s1 libmbedtls-dev libwslay-dev libwslay1 zlib1g-dev zlib1g
    libcmocka-dev libcmocka0 libjansson-dev libjansson4'

# name -> T, the compiler's word for the machine, and qemu's; `bare` is cortex-m4's: no operating system
target_names() {
    bare=no
    case $1 in
    armhf) T=arm-linux-gnueabihf qemu=qemu-arm-static ;;
    arm64) T=aarch64-linux-gnu qemu=qemu-aarch64-static ;;
    riscv64) T=riscv64-linux-gnu qemu=qemu-riscv64-static ;;
    cortex-m4) T=arm-none-eabi qemu=qemu-system-arm bare=yes ;;
    musl) T=musl qemu= ;;
    *) echo "cross: armhf, arm64, riscv64, cortex-m4 and musl are known, not '$1'" >&2 && exit 2 ;;
    esac
}

# name -> the Debian packages of the tools for it
target_packages() {
    target_names "$1"
    case $1 in
    cortex-m4) echo gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm liblwip-dev ;;
    musl) echo musl-tools ;;
    *) echo qemu-user-static "gcc-$T" "libc6-dev-$1-cross" ;;
    esac
}

# name, suite of Debian, folder: fills $sysroot below the folder, as a plain user. Fails where the archive cannot be had.
target_sysroot() {
    case $2 in
    bookworm) versions='libmbedtls14 libmbedx509-1 libmbedcrypto7' ;;
    *) versions='libmbedtls21 libmbedx509-7 libmbedcrypto16' ;;
    esac
    sysroot=$3/$1-$2
    # Since Debian 13 all of armhf has 64 bits of time, and mbedTLS has times in its structures.
    case $1-$2 in
    armhf-bookworm | arm64-* | riscv64-*) sysroot_cflags= ;;
    *) sysroot_cflags='-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64' ;;
    esac
    # shellcheck disable=SC2086 # lists are words
    sh test/cross/sysroot.sh "$2" "$1" "$sysroot" $target_libraries $versions || return 1
    sysroot=$(cd "$sysroot" && pwd)
    [ -e "$sysroot/lib" ] || ln -s usr/lib "$sysroot/lib" # newer suites leave that to base-files
}

# name -> CC, AR and flags for build.sh, and `checker`, what its programs are run under
target_settings() {
    target_names "$1"
    CC=$T-gcc AR=$T-ar checker=
    case $1 in
    cortex-m4) # no place to load shared objects to, nobody's home, and no file for a record
        CFLAGS="$CFLAGS -mcpu=cortex-m4 -mthumb -fno-pic" CONTEXT=off RECORDER=off
        export CONTEXT RECORDER
        ;;
    musl) AR=ar LDFLAGS="$LDFLAGS -static" ;;
    *)
        # The cross compiler has a C library of its own and looks there first, unless told otherwise.
        CFLAGS="$CFLAGS --sysroot=$sysroot $sysroot_cflags" LDFLAGS="$LDFLAGS -L$sysroot/usr/lib/$T -L$sysroot/lib/$T"
        checker="$qemu -L $sysroot"
        ;;
    esac
    export CC AR CFLAGS LDFLAGS
}

# folder: puts links to the headers of packages there, without those of this machine's C library, and says the flags that
# make them those of a board.
target_headers() {
    mkdir -p "$1"
    for name in wslay mbedtls psa zlib.h zconf.h; do
        for folder in /usr/include "/usr/include/$(cc -dumpmachine)"; do
            [ ! -e "$folder/$name" ] || ln -sfn "$folder/$name" "$1/$name"
        done
    done
    echo "-isystem $(cd "$1" && pwd) -DMBEDTLS_CONFIG_FILE=\\<test/cross/board/mbedtls_config.h\\>" \
        '-isystem test/cross/board/lwip -isystem /usr/include/lwip'
}
