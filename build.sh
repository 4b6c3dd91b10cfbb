#!/bin/sh
# shellcheck disable=SC2086 # flags and lists are split into words on purpose
# Builds parley. Plain sh; the lists of sources stand here and nowhere else.
#
#   ./build.sh deps      install what is missing (Debian, as root) or say how; or the packages named
#   ./build.sh lib       libparley and libparley-loopback, static and shared
#   ./build.sh cli       the programs parley (wss) and parley-loopback
#   ./build.sh loopback  libparley-loopback and parley-loopback alone: needs a C compiler and make
#   ./build.sh demo      a whole spoken conversation over the loopback
#   ./build.sh test      all tests (or the stages named); the last line is "N passed, N failed"
#   ./build.sh cross     [--target armhf|arm64|riscv64|cortex-m4|musl...] for other machines, tested there (test/cross)
#   ./build.sh bench     the benchmarks (test/bench)
#   ./build.sh sizes     [--target ...] the table of sizes (test/sizes.sh)
#   ./build.sh install   header, libraries, .pc files and programs below DESTDIR/PREFIX
#   ./build.sh clean     throw the build directory away
#
# From outside: CC CFLAGS LDFLAGS AR MAKE BUILD PREFIX DESTDIR, and CONTEXT=off, which leaves the startup context
# out (for a board that has neither a home nor a workspace), RECORDER=off, which leaves the flight recorder out, and
# SIMD=off, which leaves vector instructions out.
# Objects never land beside the sources, and only what changed is compiled.
set -eu
cd "$(dirname "$0")"

given_cflags=${CFLAGS-}
: "${CC:=cc}" "${AR:=ar}" "${CFLAGS=-O2 -g}" "${LDFLAGS=}" "${MAKE:=make}"
: "${BUILD:=build}" "${PREFIX:=/usr/local}" "${DESTDIR:=}" "${CONTEXT:=on}" "${RECORDER:=on}" "${SIMD:=on}"
export CC AR CFLAGS LDFLAGS BUILD PREFIX DESTDIR CONTEXT RECORDER SIMD

# ---- the sources, floor by floor ---------------------------------------------------------------
platform='status arena ring text log address dns host_files first_name random_below'
platform_posix='clock wait random reason sockaddr socket listen lookup resolve file directory process user pages'
platform_lwip='clock wait random sockaddr socket resolve file pages' # for boards, to copy from: see board.h there
platform_fake='reset clock wait random socket listen resolve file directory process user pages'
parser='json json_number utf8 base64 base64_vector events_common events_v1 events_v2'
templates='render'
context='transcript token_budget path git_branch thread_line thread_store thread_log'
context_startup='section git_root current_thread recent_work workspace_tree startup_context' # only with CONTEXT=on
loopback='loopback'
service='script talk talk_words talk_check talk_message include peek form journal voice answers rules shape service service_out service_session service_items service_ear service_response service_reply service_shapes'
wss='wss url http answer location call upgrade extension deflate frames why dial tls offer alert certificate judge resume trust trust_file trust_text proxy'
serve='request serve serve_frames serve_stream serve_tls' # wss on the side of the server, for the program
stream_tls='stream_tls'
stream_pipe='stream_pipe'
core='open limits endpoint webrtc startup conversation calls restore link reconnect speech run session delegation dialect_v1 dialect_v2 response_queue handoff output_audio inbox outbox names'
core_recorder='recorder scrub' # only with RECORDER=on
cli='talk limits context threads background record flight flight_file story sheet picture_svg picture_text timeline option_table way proxy probe advice doctor options setup key report screen text json_lines output terminal typed audio_in audio_out sound gate program agent lull text_file app_options app_server line_reader json_write rpc rpc_out notifications server realtime_methods conversations turns'
cli_loopback='test play play_rules play_options play_again play_wav play_write play_replay' # for the program with the loopback alone
cli_fake='fake fake_client fake_door fake_faults fake_log' # for the program with wss alone
cli_main='main'
simulation='plan chaos network watch world shrink' # of test/fault
conversations='story wire partner host check' # of test/wire

headers='core/parley.h' # the public ones
libs='wslay mbedtls mbedx509 mbedcrypto z' # of transport/wss; the order matters and no pkg-config gets it right
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'

packages_loopback='gcc make libc6-dev'
packages_build="$packages_loopback libmbedtls-dev libwslay-dev zlib1g-dev"
packages_test="$packages_build clang libclang-rt-dev clang-format valgrind shellcheck pkg-config \
libcmocka-dev libjansson-dev openssl ca-certificates python3 python3-websockets node-ws haproxy tinyproxy-bin"

# ---- small helpers -----------------------------------------------------------------------------
say() { printf '%s\n' "$*" >&2; }
fail() { say "build.sh: $*" && exit 1; }

# What may be left out: the name of the switch, what it is.
defined=
switch() {
    case $2 in
    on) ;;
    off) defined="$defined -DPARLEY_WITHOUT_$1" ;;
    *) fail "$1='$2' is neither on nor off" ;;
    esac
}
switch CONTEXT "$CONTEXT"
switch RECORDER "$RECORDER"
switch SIMD "$SIMD"
[ "$CONTEXT" = on ] || context_startup=
[ "$RECORDER" = on ] || core_recorder=

# Keeps a file as it is, and so its age, when it would get the same content.
stamp() {
    cat >"$1.$$" # two builds may run at a time
    if cmp -s "$1.$$" "$1"; then rm "$1.$$"; else mv "$1.$$" "$1"; fi
}

# folder, names -> objects
objects() { for name in $2; do printf '%s/obj/%s/%s.o ' "$BUILD" "$1" "$name"; done; }

# Where the archive of a library is, or -lname when there is only a shared one. So mbedTLS comes static and
# wslay shared (Debian has no libwslay.a), unless LDFLAGS or the compiler knows a folder that has it.
archive() {
    for flag in $CFLAGS $LDFLAGS; do
        file=${flag#-L}/lib$1.a
        if [ "$flag" != "${flag#-L}" ] && [ -f "$file" ]; then printf '%s ' "$file" && return; fi
    done
    file=$($CC $CFLAGS $LDFLAGS -print-file-name="lib$1.a")
    case $file in */*) printf '%s ' "$file" ;; *) printf -- '-l%s ' "$1" ;; esac
}

# Writes the makefile that does the work: one rule for objects, one for each kind of library and program.
write_makefile() {
    libs_shared=$(printf -- '-l%s ' $libs)
    libs_static=$(for lib in $libs; do archive "$lib"; done)
    pieces=$(find templates -name '*.md' -o -name '*.json' -o -name '*.xml' | sort | tr '\n' ' ')
    mkdir -p "$BUILD"
    printf '%s\n' "$pieces" | stamp "$BUILD/templates"
    printf '%s\n' "$CC $warnings $defined $CFLAGS" "$($CC --version)" | stamp "$BUILD/flags"
    stamp "$BUILD/makefile" <<MAKE
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: lib cli loopback
COMPILE := $CC -std=c11 -I. -I$BUILD/gen -fPIC -ffunction-sections -fdata-sections $warnings $defined $CFLAGS -MMD -MP -c
LINK := $CC $CFLAGS $LDFLAGS
SHARED := -shared -Wl,--gc-sections -Wl,--version-script=$BUILD/gen/exports

BASE := $(objects platform "$platform") $(objects parser "$parser") $(objects templates "$templates")\\
    $(objects context "$context $context_startup") $(objects core "$core $core_recorder") $BUILD/obj/gen/templates.o
POSIX := $(objects platform/posix "$platform_posix")
FAKE := $(objects platform/fake "$platform_fake")
LWIP := $(objects platform/lwip "$platform_lwip")
SERVICE := $(objects transport/loopback "$service")
LOOPBACK := $(objects transport/loopback "$loopback") \$(SERVICE)
SERVE := $(objects transport/wss "$serve")
WSS := $(objects transport/wss "$wss")
TLS := $(objects transport/wss "$stream_tls")
PIPE := $(objects transport/wss "$stream_pipe")
CLI := $(objects core/cli "$cli")
CLI_LOOPBACK := $(objects core/cli "$cli_loopback")
CLI_FAKE := $(objects core/cli "$cli_fake") \$(SERVE) \$(SERVICE)
MAIN := $(objects core/cli "$cli_main")
SIMULATION := $(objects test/fault/simulation "$simulation")
CONVERSATIONS := $(objects test/wire/conversations "$conversations") $(objects test/fault/simulation chaos)

lib: $BUILD/lib/libparley.a $BUILD/lib/libparley-loopback.a $BUILD/lib/libparley.so $BUILD/lib/libparley-loopback.so
cli: $BUILD/bin/parley $BUILD/bin/parley-loopback
loopback: $BUILD/lib/libparley-loopback.a $BUILD/bin/parley-loopback

# What is generated: the templates as C, the header that is installed, the names a shared library exports.
$BUILD/gen/templates/templates.h: templates/embed.sh $BUILD/templates $pieces
	@mkdir -p \$(@D)
	sh templates/embed.sh $BUILD/gen
	@touch \$@
$BUILD/gen/templates.c: $BUILD/gen/templates/templates.h ;
$BUILD/gen/parley.h: test/flatten.sh $headers $(echo platform/*.h)
	@mkdir -p \$(@D)
	sh test/flatten.sh $headers >\$@
$BUILD/gen/exports: test/exports.sh $BUILD/gen/parley.h
	sh test/exports.sh $BUILD/gen/parley.h >\$@

$BUILD/obj/gen/templates.o: $BUILD/gen/templates.c $BUILD/flags
	@mkdir -p \$(@D)
	\$(COMPILE) \$< -o \$@
$BUILD/obj/%.o: %.c $BUILD/flags | $BUILD/gen/templates/templates.h
	@mkdir -p \$(@D)
	\$(COMPILE) \$< -o \$@

# The libraries. libfake and libwire are for tests: the fake platform below the loopback and the programs'
# parts, and below WebSocket over scripted bytes.
$BUILD/lib/libparley.a: \$(BASE) \$(POSIX) \$(WSS) \$(TLS)
$BUILD/lib/libparley-loopback.a: \$(BASE) \$(POSIX) \$(LOOPBACK)
$BUILD/lib/libfake.a: \$(BASE) \$(FAKE) \$(LOOPBACK) \$(CLI) \$(CLI_LOOPBACK)
$BUILD/lib/libwire.a: \$(BASE) \$(FAKE) \$(WSS) \$(PIPE) \$(SERVE)
# For boards without an operating system: the two libraries without a port, and a port.
$BUILD/lib/libbare-loopback.a: \$(BASE) \$(LOOPBACK)
$BUILD/lib/libbare-wss.a: \$(BASE) \$(WSS) \$(TLS)
$BUILD/lib/libport-lwip.a: \$(LWIP)
$BUILD/lib/%.a: $BUILD/makefile
	@mkdir -p \$(@D); rm -f \$@
	$AR rcs \$@ \$(filter %.o,\$^)
$BUILD/lib/libparley.so: \$(BASE) \$(POSIX) \$(WSS) \$(TLS) $BUILD/gen/exports $BUILD/makefile
	@mkdir -p \$(@D)
	\$(LINK) \$(SHARED) -Wl,-soname,\$(@F).0 -o \$@ \$(filter %.o,\$^) $libs_shared
$BUILD/lib/libparley-loopback.so: \$(BASE) \$(POSIX) \$(LOOPBACK) $BUILD/gen/exports $BUILD/makefile
	@mkdir -p \$(@D)
	\$(LINK) \$(SHARED) -Wl,-soname,\$(@F).0 -o \$@ \$(filter %.o,\$^)

# The programs: what a pattern names is linked with the archive it depends on. Tests stand on the fake
# platform, those of platform/posix, transport/wss, test/wire and test/peer on what they are for. A test that
# wants more says so in its source, in a line "link: -Wl,--wrap=malloc".
wanted = \$(shell sed -n 's/^.*link: \(-.*\)/\1/p' \$(patsubst $BUILD/obj/%.o,%.c,\$(filter $BUILD/obj/test/%.o,\$^)) /dev/null)
program = @mkdir -p \$(@D); \$(LINK) -Wl,--gc-sections -o \$@ \$(filter %.o %.a,\$^) \$(wanted)
$BUILD/bin/parley: \$(MAIN) \$(CLI) \$(CLI_FAKE) $BUILD/lib/libparley.a $BUILD/makefile
	\$(program) $libs_static
$BUILD/bin/parley-loopback: \$(MAIN) \$(CLI) \$(CLI_LOOPBACK) $BUILD/lib/libparley-loopback.a $BUILD/makefile
	\$(program)
$BUILD/test/unit/platform_posix_%: $BUILD/obj/test/unit/platform_posix_%.o $BUILD/lib/libparley-loopback.a $BUILD/makefile
	\$(program) -lcmocka
$BUILD/test/unit/transport_wss_%: $BUILD/obj/test/unit/transport_wss_%.o $BUILD/lib/libwire.a $BUILD/makefile
	\$(program) -lcmocka -ljansson $libs_static
# The service of the loopback behind the frames of the other.
$BUILD/test/wire/conversations_test: $BUILD/obj/test/wire/conversations_test.o \$(CONVERSATIONS) \$(SERVICE) $BUILD/lib/libwire.a $BUILD/makefile
	\$(program) -lcmocka -ljansson $libs_static
$BUILD/test/wire/%: $BUILD/obj/test/wire/%.o $BUILD/lib/libwire.a $BUILD/makefile
	\$(program) -lcmocka -ljansson $libs_static
# parley itself, with a link of one byte at a time.
$BUILD/test/peer/trickle: $BUILD/obj/test/peer/trickle.o \$(MAIN) \$(CLI) \$(CLI_FAKE) $BUILD/lib/libparley.a $BUILD/makefile
	\$(program) -Wl,--wrap=parley_socket_read -Wl,--wrap=parley_socket_write $libs_static
$BUILD/test/peer/%: $BUILD/obj/test/peer/%.o $BUILD/lib/libparley.a $BUILD/makefile
	\$(program) -lcmocka -ljansson $libs_static
# Neither cmocka nor jansson: it also runs where they are not (test/fault/same_everywhere.sh).
$BUILD/test/fault/simulate: $BUILD/obj/test/fault/simulate.o \$(SIMULATION) $BUILD/lib/libfake.a $BUILD/makefile
	\$(program)
$BUILD/test/fault/simulation_test: $BUILD/obj/test/fault/simulation_test.o \$(SIMULATION) $BUILD/lib/libfake.a $BUILD/makefile
	\$(program) -lcmocka
# Of the benchmark, the part that needs no other library.
STAGES := $(objects test/bench/stages 'main ours wire table')
$BUILD/test/bench/stages/main: \$(STAGES) $BUILD/lib/libwire.a $BUILD/makefile
	\$(program) $libs_static
$BUILD/test/fuzz/transport_wss_%: $BUILD/obj/test/fuzz/transport_wss_%.o $BUILD/lib/libwire.a $BUILD/makefile
	\$(program) -fsanitize=fuzzer $libs_static
$BUILD/test/fuzz/%: $BUILD/obj/test/fuzz/%.o $BUILD/lib/libfake.a $BUILD/makefile
	\$(program) -fsanitize=fuzzer
$BUILD/test/%: $BUILD/obj/test/%.o $BUILD/lib/libfake.a $BUILD/makefile
	\$(program) -lcmocka -ljansson -lm

-include \$(shell find $BUILD/obj -name '*.d' 2>/dev/null)
MAKE
}

run_make() {
    case $BUILD in *[[:space:]]*) fail "BUILD='$BUILD': make cannot work with white space in it" ;; esac
    if ! command -v "${CC%% *}" >/dev/null || ! command -v "$MAKE" >/dev/null; then install_packages "$needs"; fi
    write_makefile
    if ! $MAKE --no-print-directory -s -j"$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" -f "$BUILD/makefile" "$@"; then
        find_missing "$needs"
        [ -z "$missing" ] || say "build.sh: these packages are missing, which may be why:$missing (./build.sh deps)"
        return 1
    fi
}

# ---- the commands ------------------------------------------------------------------------------

# Sets `missing` to the Debian packages of a list that are not there.
find_missing() {
    missing=
    command -v dpkg-query >/dev/null || return 0
    for package in $1; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
}

# Installs those that are missing, or prints the one command that would.
install_packages() {
    find_missing "$1"
    command -v dpkg-query >/dev/null || say "no dpkg here, so unchecked; what is needed, by its names in Debian: $1"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        say "installing:$missing"
        apt-get update -qq >/dev/null || say "apt-get update failed; going on with the lists at hand"
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        say "missing:$missing"
        say "run:  sudo apt-get install --no-install-recommends$missing"
        return 1
    fi
}

# library, libraries behind it: a pkg-config file
pc_file() {
    version=$(sed -n 's/^#define PARLEY_VERSION "\(.*\)"/\1/p' core/parley.h)
    cat <<PC
prefix=$PREFIX
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: $1
Description: realtime voice conversation engine
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -l$1
PC
    [ -z "$2" ] || printf 'Libs.private:%s\n' "$(printf ' -l%s' $2)"
}

install_all() {
    run_make lib cli "$BUILD/gen/parley.h"
    root=$DESTDIR$PREFIX
    install -d "$root/include" "$root/lib/pkgconfig" "$root/bin"
    install -m 644 "$BUILD/gen/parley.h" "$root/include/"
    for lib in parley parley-loopback; do
        install -m 644 "$BUILD/lib/lib$lib.a" "$root/lib/"
        install -m 755 "$BUILD/lib/lib$lib.so" "$root/lib/lib$lib.so.0"
        ln -sf "lib$lib.so.0" "$root/lib/lib$lib.so"
        install -m 755 "$BUILD/bin/$lib" "$root/bin/"
    done
    pc_file parley "$libs" >"$root/lib/pkgconfig/parley.pc"
    pc_file parley-loopback '' >"$root/lib/pkgconfig/parley-loopback.pc"
    say "installed below $root"
}

clean() {
    [ ! -e "$BUILD" ] || [ -f "$BUILD/makefile" ] || fail "'$BUILD' was not made by build.sh: left alone"
    rm -rf "$BUILD"
}

usage() { sed -n '3,/^[^#]/s/^# \{0,1\}//p' build.sh; }

command=${1:-help}
needs=$packages_build # by what this command makes
[ $# = 0 ] || shift
case $command in
deps) install_packages "${*:-$packages_test}" ;;
lib | cli) run_make "$command" ;;
loopback) needs=$packages_loopback && run_make loopback ;;
make) run_make "$@" ;; # single targets, for people at work on the code
demo) needs=$packages_loopback && install_packages "$needs" && run_make loopback && exec sh test/demo.sh "$@" ;;
test) install_packages "$packages_test" && CONTEXT=on RECORDER=on SIMD=on && exec sh test/run.sh "$@" ;;
cross) exec sh test/cross/run.sh "$@" ;;
bench) install_packages "$packages_test" && exec sh test/bench/run.sh "$@" ;;
sizes) CFLAGS=${given_cflags:--Os} exec sh test/sizes.sh "$@" ;;
install) install_all ;;
clean) clean ;;
help | -h | --help) usage ;;
*) say "build.sh: there is no command '$command'" && usage >&2 && exit 1 ;;
esac
