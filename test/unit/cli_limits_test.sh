#!/bin/sh
# shellcheck disable=SC2016 # Markdown has backquotes
# What `parley limits` says: that the smallest profile stays within 24 KB beside TLS, and that the figures in README
# are those of the library.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh

./build.sh make "$BUILD/bin/parley" >/dev/null 2>&1
parley=$BUILD/bin/parley
field() { # profile, name: a number of its object
    "$parley" limits --json --profile "$1" | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"
}
sum_of_parts() { # profile
    "$parley" limits --json --profile "$1" | sed 's/.*"parts":{\([^}]*\)}.*/\1/' | tr ',' '\n' |
        awk -F: '{ sum += $2 } END { print sum }'
}
table() { awk '/^\| block of memory/ { inside = 1 } !/^\|/ { inside = 0 } inside'; }

for profile in tiny board server; do
    check_equal "$profile: its parts are the whole" "$(field $profile bytes)" "$(sum_of_parts $profile)"
    check "$profile: as text it says the same" sh -c "'$parley' limits --profile $profile | grep -q '^$profile: a block of $(field $profile bytes) bytes (wss)'"
done
check 'tiny: at most 24 KB beside TLS' test "$(($(field tiny bytes) - $(field tiny tls)))" -le 24576
check 'every bound and every deadline has its line' sh -c "[ \$('$parley' limits --profile board | grep -cE '^  [a-z_]+ +[0-9]+ .*when full') = 8 ] &&
    '$parley' limits | grep -q 'close_ms 2000'"
check_equal 'the stack is what test/stack.sh holds it to' "$(sed -n 's/^open_most=\([0-9]*\) most=\([0-9]*\)$/\1 \2/p' test/stack.sh)" \
    "$(field tiny open) $(field tiny other)"
check 'another word is refused' sh -c "! '$parley' limits --profile huge 2>/dev/null"
mbedtls=$(echo MBEDTLS_VERSION_STRING | $CC -E -include mbedtls/version.h - | tail -n 1)
case $($CC -dumpmachine)$mbedtls in
x86_64-*2.28.*) check_equal 'the table in README' "$(sh test/sizes.sh memory | table)" "$(table <README.md)" ;;
*) skip 'the table in README' 'it is that of x86-64 with mbedTLS 2.28' ;;
esac
plan
