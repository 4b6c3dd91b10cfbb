#!/bin/sh
# Builds parley. Plain sh; the lists of sources stand here and nowhere else.
#
#   ./build.sh deps      install what is missing (Debian, as root) or say how
#   ./build.sh lib       libparley and libparley-loopback, static and shared
#   ./build.sh cli       the programs parley (wss) and parley-loopback
#   ./build.sh demo      deps, cli, and a whole spoken conversation over the loopback
#   ./build.sh test      deps and all tests; the last line is "N passed, N failed"
#   ./build.sh cross     the libraries and parley-loopback for ARM (test/cross)
#   ./build.sh bench     the benchmarks (test/bench)
#   ./build.sh install   header, libraries, parley.pc and programs below DESTDIR/PREFIX
#   ./build.sh clean     throw the build directory away
#
# From outside: CC CFLAGS LDFLAGS AR BUILD PREFIX DESTDIR. Objects never land beside the sources, and only
# what changed is compiled.
set -eu
cd "$(dirname "$0")"

: "${CC:=cc}" "${AR:=ar}" "${CFLAGS=-O2 -g}" "${LDFLAGS=}" "${BUILD:=build}" "${PREFIX:=/usr/local}" "${DESTDIR:=}"
export CC AR CFLAGS LDFLAGS BUILD PREFIX DESTDIR

# ---- the sources, floor by floor ---------------------------------------------------------------
platform='status arena ring log address dns'
platform_os='clock wait random socket resolve file process user'
parser='json utf8 base64 events_v1 events_v2'
templates='render'
context='transcript token_budget'
loopback='loopback talk script service voice'
wss='wss url http upgrade frames'
stream_tls='stream_tls dial'
stream_pipe='stream_pipe'
core='conversation session response_queue handoff output_audio inbox outbox run names'
cli='main talk agent sound screen'

warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'

# ---- small helpers -----------------------------------------------------------------------------
say() { printf '%s\n' "$*" >&2; }
in_folder() { for name in $2; do printf '%s/%s.c ' "$1" "$name"; done; } # folder, names -> paths

sources_base="$(in_folder platform "$platform") $(in_folder parser "$parser") $(in_folder templates "$templates") \
$(in_folder context "$context") $(in_folder core "$core")"
sources_posix=$(in_folder platform/posix "$platform_os")
sources_fake=$(in_folder platform/fake "$platform_os")
sources_loopback=$(in_folder transport/loopback "$loopback")
sources_wss=$(in_folder transport/wss "$wss")
sources_tls=$(in_folder transport/wss "$stream_tls")
sources_pipe=$(in_folder transport/wss "$stream_pipe")
sources_cli=$(in_folder core/cli "$cli")

objects() { for source in $*; do printf '%s/obj/%s.o ' "$BUILD" "${source%.c}"; done; }

# Static mbedTLS and zlib where there are archives, wslay shared unless a prefix has libwslay.a
# (Debian has none). The order matters and no pkg-config gets it right.
libs_wss() {
    for lib in wslay mbedtls mbedx509 mbedcrypto; do
        archive=$($CC $CFLAGS $LDFLAGS -print-file-name=lib$lib.a)
        case $archive in */*) printf '%s ' "$archive" ;; *) printf -- '-l%s ' "$lib" ;; esac
    done
}

# Writes the makefile that does the work: one rule for objects, one for each library and program.
write_makefile() {
    mkdir -p "$BUILD"
    base="$(objects $sources_base) $BUILD/obj/gen/templates.o"
    posix=$(objects $sources_posix)
    wss_all="$(objects $sources_wss) $(objects $sources_tls)"
    cat >"$BUILD/makefile.new" <<MAKE
.SUFFIXES:
.DELETE_ON_ERROR:
FLAGS := -std=c11 -I. -I$BUILD/gen -fPIC -ffunction-sections -fdata-sections $warnings $CFLAGS

LOOPBACK := $base $posix $(objects $sources_loopback)
WSS := $base $posix $wss_all
FAKE := $base $(objects $sources_fake) $(objects $sources_loopback)
WIRE := $base $(objects $sources_fake) $(objects $sources_wss) $(objects $sources_pipe)
CLI := $(objects $sources_cli)

.PHONY: lib cli tests
lib: $BUILD/lib/libparley.a $BUILD/lib/libparley-loopback.a $BUILD/lib/libparley.so $BUILD/lib/libparley-loopback.so
cli: $BUILD/bin/parley $BUILD/bin/parley-loopback

$BUILD/gen/templates/templates.h $BUILD/gen/templates.c &: templates/embed.sh \$(shell find templates -name '*.md' -o -name '*.json' -o -name '*.xml')
	@mkdir -p $BUILD/gen/templates
	sh templates/embed.sh $BUILD/gen
$BUILD/obj/gen/templates.o: $BUILD/gen/templates.c
	@mkdir -p \$(@D)
	$CC \$(FLAGS) -MMD -MP -c $BUILD/gen/templates.c -o \$@
$BUILD/obj/%.o: %.c $BUILD/flags | $BUILD/gen/templates/templates.h
	@mkdir -p \$(@D)
	$CC \$(FLAGS) -MMD -MP -c \$< -o \$@

$BUILD/lib/libparley.a: \$(WSS)
$BUILD/lib/libparley-loopback.a: \$(LOOPBACK)
$BUILD/lib/libfake.a: \$(FAKE)
$BUILD/lib/libwire.a: \$(WIRE)
$BUILD/lib/%.a:
	@mkdir -p \$(@D); rm -f \$@
	$AR rcs \$@ \$^
$BUILD/lib/exports: core/parley.h platform/clock.h platform/wait.h platform/status.h platform/socket.h
	@mkdir -p \$(@D)
	sh test/exports.sh \$^ >\$@
$BUILD/lib/libparley.so: \$(WSS) | $BUILD/lib/exports
	$CC -shared -Wl,-soname,libparley.so.0 -Wl,--version-script=$BUILD/lib/exports -Wl,--gc-sections $CFLAGS $LDFLAGS -o \$@ \$^ -lwslay -lmbedtls -lmbedx509 -lmbedcrypto
$BUILD/lib/libparley-loopback.so: \$(LOOPBACK) | $BUILD/lib/exports
	$CC -shared -Wl,-soname,libparley-loopback.so.0 -Wl,--version-script=$BUILD/lib/exports -Wl,--gc-sections $CFLAGS $LDFLAGS -o \$@ \$^

$BUILD/bin/parley: \$(CLI) $BUILD/lib/libparley.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -Wl,--gc-sections -o \$@ \$^ $(libs_wss)
$BUILD/bin/parley-loopback: \$(CLI) $BUILD/lib/libparley-loopback.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -Wl,--gc-sections -o \$@ \$^

# Tests: test/unit on the fake platform (platform_posix_* on the real one), test/wire on scripted bytes,
# test/fault and test/talk on the fake one, test/peer and test/fuzz on the real one.
$BUILD/test/unit/platform_posix_%: $BUILD/obj/test/unit/platform_posix_%.o $BUILD/lib/libparley-loopback.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -o \$@ \$^ -lcmocka
$BUILD/test/unit/%: $BUILD/obj/test/unit/%.o $BUILD/lib/libfake.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -o \$@ \$^ -lcmocka -ljansson -lm
$BUILD/test/fault/%: $BUILD/obj/test/fault/%.o $BUILD/lib/libfake.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -o \$@ \$^ -lcmocka
$BUILD/test/wire/%: $BUILD/obj/test/wire/%.o $BUILD/lib/libwire.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -o \$@ \$^ -lcmocka $(libs_wss)
$BUILD/test/peer/%: $BUILD/obj/test/peer/%.o $BUILD/lib/libparley.a
	@mkdir -p \$(@D)
	$CC $CFLAGS $LDFLAGS -o \$@ \$^ -lcmocka $(libs_wss)

-include \$(shell find $BUILD/obj -name '*.d' 2>/dev/null)
MAKE
    cmp -s "$BUILD/makefile.new" "$BUILD/makefile" || mv "$BUILD/makefile.new" "$BUILD/makefile"
    rm -f "$BUILD/makefile.new"
    # Other flags or another compiler make every object old.
    printf '%s\n' "$CC $CFLAGS $warnings $($CC --version | head -n 1)" >"$BUILD/flags.new"
    cmp -s "$BUILD/flags.new" "$BUILD/flags" || mv "$BUILD/flags.new" "$BUILD/flags"
    rm -f "$BUILD/flags.new"
}

run_make() {
    write_makefile
    ${MAKE:-make} --no-print-directory -s -j"$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" -f "$BUILD/makefile" "$@"
}

# ---- the commands ------------------------------------------------------------------------------
packages_build='gcc make libc6-dev libmbedtls-dev libwslay-dev zlib1g-dev'
packages_test='clang libclang-rt-14-dev valgrind libcmocka-dev libjansson-dev openssl python3 python3-websockets clang-format'

# deps [test]: installs the Debian packages that are missing.
deps() {
    wanted=$packages_build
    [ "${1:-}" = test ] && wanted="$wanted $packages_test"
    missing=
    for package in $wanted; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        say "installing:$missing"
        apt-get update -qq >/dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        say "missing:$missing"
        say "run:  sudo apt-get install --no-install-recommends$missing"
        return 1
    fi
}

install_all() {
    run_make lib cli
    root=$DESTDIR$PREFIX
    mkdir -p "$root/include" "$root/lib/pkgconfig" "$root/bin"
    sh test/flatten.sh core/parley.h >"$root/include/parley.h"
    for lib in parley parley-loopback; do
        cp "$BUILD/lib/lib$lib.a" "$root/lib/"
        cp "$BUILD/lib/lib$lib.so" "$root/lib/lib$lib.so.0"
        ln -sf "lib$lib.so.0" "$root/lib/lib$lib.so"
    done
    cp "$BUILD/bin/parley" "$BUILD/bin/parley-loopback" "$root/bin/"
    sed "s|@PREFIX@|$PREFIX|; s|@VERSION@|$(sed -n 's/^#define PARLEY_VERSION "\(.*\)"/\1/p' core/parley.h)|" \
        <<'PC' >"$root/lib/pkgconfig/parley.pc"
prefix=@PREFIX@
libdir=${prefix}/lib
includedir=${prefix}/include

Name: parley
Description: realtime voice conversation engine
Version: @VERSION@
Cflags: -I${includedir}
Libs: -L${libdir} -lparley
Libs.private: -lwslay -lmbedtls -lmbedx509 -lmbedcrypto -lz
PC
    say "installed below $root"
}

case ${1:-help} in
deps) shift; deps "$@" ;;
lib) run_make lib ;;
cli) run_make cli ;;
make) shift; run_make "$@" ;; # any single target, for people at work on the code
demo) deps; run_make cli; exec sh test/demo.sh ;;
test) shift; deps test; exec sh test/run.sh "$@" ;;
cross) shift; exec sh test/cross/run.sh "$@" ;;
bench) shift; exec sh test/bench/run.sh "$@" ;;
install) install_all ;;
clean) rm -rf "$BUILD" ;;
*) sed -n '2,14s/^# \{0,1\}//p' "$0"; [ "${1:-help}" = help ] ;;
esac
