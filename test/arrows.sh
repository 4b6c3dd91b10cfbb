#!/bin/sh
# shellcheck disable=SC2046 # lists of files are words on purpose
# usage: test/arrows.sh [TREE]      TREE: this one; built into $BUILD
# That arrows go down only: who includes whom, who calls whom, and what the libraries show and need. TAP.
set -eu
cd "$(dirname "$0")/.."
. test/check.sh
exports=$PWD/test/exports.sh
cd "${1:-.}"
: "${BUILD:=build}"

# ---- the law -------------------------------------------------------------------------------------

# What the headers of ours that a folder includes may stand in. The files core/cli/play* are linked with the
# loopback alone, and so may know it; core/cli/fake* is a server, with the one transport's service behind the
# other's sockets.
cat >"$scratch/floors" <<'END'
platform            platform
platform/posix      platform/posix platform
platform/fake       platform/fake platform
platform/lwip       platform/lwip platform
parser              parser platform
templates           templates parser platform
context             context templates parser platform
transport           transport templates parser platform
transport/loopback  transport/loopback transport templates parser platform
transport/wss       transport/wss transport templates parser platform
core                core context transport templates parser platform
core/cli            core/cli core context transport templates parser platform
core/cli/play       core/cli core context transport/loopback transport templates parser platform
core/cli/fake       core/cli core context transport/loopback transport/wss transport templates parser platform
END

# Headers and functions of C itself that ask nothing of a system. Two files of the parser may name those of a
# compiler for vector instructions.
plain_headers='assert float stdalign inttypes limits math stdarg stdbool stddef stdint stdio stdlib string'
plain_functions='mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr|rchr|str|spn|cspn|pbrk)|v?snprintf|abort'
plain_folders='core/[^/]*$|context/|templates/|parser/|transport/loopback/|platform/[^/]*$|platform/fake/'
compiler='_GLOBAL_OFFSET_TABLE_|__cpu_model|__stack_chk_(fail|guard)|__assert_fail|__assert_func|__aeabi_.*|__(u?div|u?mod)[a-z]i3'
heap='malloc|calloc|realloc|free|aligned_alloc|strdup'
packages='wslay_.*|mbedtls_.*|psa_.*|inflate.*|deflate.*|zlib.*|crc32.*|adler32.*'
never='pthread_.*|thrd_.*|fork|vfork|system|popen|getaddrinfo.*|gethostby.*|u?sleep|(clock_)?nanosleep|select|exit'

# ---- includes ------------------------------------------------------------------------------------

# file, line, header, "system" or "ours"; an include that cannot be read comes as it is
find core transport context templates parser platform -name '*.[ch]' | sort |
    xargs grep -nE '^[[:space:]]*#[[:space:]]*include' |
    sed -E 's/^([^:]*):([0-9]*):.*<([^>]*)>.*/\1 \2 \3 system/; s/^([^:]*):([0-9]*):[^"]*"([^"]*)".*/\1 \2 \3 ours/' \
        >"$scratch/includes"

up_a_floor() {
    awk 'function folder(path) { sub(/\/?[^\/]*$/, "", path); return path }
    function floor(path) { return match(path, /^core\/cli\/(play|fake)/) ? substr(path, 1, RLENGTH) : folder(path) }
    FNR == NR { for (i = 2; i <= NF; i++) may[$1, $i] = 1; next }
    $4 == "ours" && !((floor($1), folder($3)) in may) { print $1 ":" $2 ": may not include " $3 }
    $4 !~ /^(ours|system)$/ { print "not understood: " $0 }' "$scratch/floors" "$scratch/includes"
}

# the folder that may name them, headers (a pattern)
package_outside() {
    awk -v home="^$1/" -v headers="^($2)" '$4 == "system" && $3 ~ headers && $1 !~ home {
        print $1 ":" $2 ": <" $3 "> outside of " home }' "$scratch/includes"
}

system_header() {
    awk -v plain=" $plain_headers " '$4 == "system" && $1 !~ /^(platform\/(posix|lwip)|core\/cli)\// &&
    !($1 ~ /^transport\/wss\// && $3 ~ /^(wslay\/|mbedtls\/|psa\/|zlib\.h)/) &&
    !($1 ~ /^parser\/(base64_vector\.c|scan\.h)$/ && $3 ~ /^(immintrin|emmintrin|arm_neon)\.h$/) {
        name = $3
        sub(/\.h$/, "", name)
        if (!index(plain, " " name " ")) print $1 ":" $2 ": <" $3 "> is of the system"
    }' "$scratch/includes"
}

# newlib's small printf writes "zu" for %zu; 64 bits go through parley_render_number.
format_of_c99() {
    find core transport context templates parser platform -name '*.c' ! -path 'core/cli/*' ! -path 'platform/posix/*' \
        ! -path 'platform/fake/*' | sort | xargs grep -nE '%[-+ #0-9.*]*(z|ll|j|t)[diouxX]' || :
}

# ---- symbols -------------------------------------------------------------------------------------

all_objects() { find core transport context templates parser platform -name '*.c' ! -path 'platform/lwip/*' | sort | sed "s|\(.*\)c\$|$BUILD/obj/\1o|"; }

# Every object of ours with what it needs from outside of itself: path, symbol (__memcpy_chk is memcpy).
undefined() {
    all_objects | xargs nm -A -u | awk -v start="$BUILD/obj/" '{
        sub(/:$/, "", $1)
        if ($NF ~ /^__.*_chk$/) { sub(/^__/, "", $NF); sub(/_chk$/, "", $NF) }
        print substr($1, length(start) + 1), $NF
    }'
}

# files (a pattern), symbols they may need besides ours (a pattern)
calls() {
    awk -v files="$1" -v may="^(parley_.*|$2)\$" '$1 ~ files && $2 !~ may { print $1 ": needs " $2 }' "$scratch/undefined"
}
calls_never() {
    awk -v never="^($1)\$" '$1 !~ /^core\/cli\// && $2 ~ never { print $1 ": needs " $2 }' "$scratch/undefined"
}

not_built() { for object in $(all_objects); do [ -f "$object" ] || echo "$object"; done; }
foreign_name() { nm -g --defined-only "$1" | awk 'NF == 3 && $3 !~ /^parley_/ { print $3 }'; }
package_symbol() { nm "$1" | awk -v packages="^($packages)\$" '$NF ~ packages { print $NF }'; }
loads() { ldd "$1" | grep -vE '^[[:space:]]*(linux-(vdso|gate)|lib[cm]\.so|/lib.*/ld-linux|statically linked|not a dynamic executable)' || :; }
shown() { nm -D --defined-only "$1" | awk '{ print $3 }' | sort; }
declared() { sh "$exports" "$BUILD/gen/parley.h" | sed -n 's/^ *\(parley_.*\);/\1/p' | sort; }
shows_the_header() { [ -n "$(declared)" ] && show_difference "$(declared)" "$(shown "$1")"; }

# A check that nothing, error messages included, comes out of a command.
none() {
    found=$("$@" 2>&1) || found="$found (failed)"
    [ -z "$found" ] || { printf '%s\n' "$found" && return 1; }
}
check_none() {
    title=$1
    shift
    check "$title" none "$@"
}

check_none 'no include goes up a floor, or aside' up_a_floor
check_none 'wslay, mbedTLS and zlib are named in transport/wss alone' package_outside transport/wss 'wslay|mbedtls|psa/|zlib|zconf'
check_none 'lwIP is named in platform/lwip alone' package_outside platform/lwip 'lwip/'
check_none 'headers of the system are named in platform/posix and core/cli alone' system_header
check_none 'formats are of those that small C libraries know, too (no z, ll, j, t)' format_of_c99

check_none 'every source is built' not_built
undefined >"$scratch/undefined" 2>/dev/null || :
check_none 'no thread, no sleep, no blocking look-up anywhere in the libraries' calls_never "$never"
check_none 'outside of platform/posix, transport/wss and core/cli nothing but plain C is called, and no heap' \
    calls "^($plain_folders)" "$plain_functions|$compiler"
check_none 'transport/wss calls its packages, the heap and plain C' calls '^transport/wss/' \
    "$plain_functions|$compiler|$heap|$packages"
for library in libparley libparley-loopback; do
    check_none "$library.a defines names with parley_ alone" foreign_name "$BUILD/lib/$library.a"
    check "$library.so shows what parley.h declares, no more and no less" shows_the_header "$BUILD/lib/$library.so"
done
check_none 'libparley-loopback.a needs nothing of mbedTLS, wslay or zlib' package_symbol "$BUILD/lib/libparley-loopback.a"
check_none 'libparley-loopback.so loads the C library alone' loads "$BUILD/lib/libparley-loopback.so"
check_none 'parley-loopback holds nothing of mbedTLS, wslay or zlib' package_symbol "$BUILD/bin/parley-loopback"
check_none 'parley-loopback loads the C library alone' loads "$BUILD/bin/parley-loopback"

plan
