#!/bin/sh
# shellcheck disable=SC2317 # functions are called by check
# `parley-loopback test` and `rules` from outside: talks that include others, where their mistakes are told, rules
# that are broken, and the page of all rules. TAP.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${BUILD:=build}"
parley=$BUILD/bin/parley-loopback
talks=$scratch/talks
mkdir -p "$talks/parts"

# file: what stands on standard input
write() { cat >"$talks/$1"; }
# A talk, and what its result has to hold.
passes() { "$parley" test "$talks/$1" | tee "$scratch/out" | grep -q '^ok 1' || { cat "$scratch/out" && return 1; }; }
fails() { # talk, what it says
    status=0
    "$parley" test "$talks/$1" >"$scratch/out" || status=$?
    if [ "$status" != 1 ] || ! grep -qF -- "$2" "$scratch/out"; then cat "$scratch/out" && return 1; fi
}

write parts/start.inc <<'END'
# what all of them begin with
use service
include "answer.inc"
END
write parts/answer.inc <<'END'
expect event session_updated
END
write includes.talk <<'END'
option modality text
include "parts/start.inc"
host text "hello"   # not an include
expect sent conversation.item.create
host ask
expect sent response.create
expect event reply_done text*="Hello!*"
host stop
expect event closed
END
check 'a talk includes a file, and that another' passes includes.talk

write parts/wrong.inc <<'END'

host dance
END
printf 'use service\n  include "parts/wrong.inc"\n' | write wrong.talk
check 'a mistake in an included file is told with its place' fails wrong.talk "talks/parts/wrong.inc:2:1: 'host dance' is no command"

printf 'use service\ninclude "parts/answer.inc"\nhost dance\n' | write after.talk
check 'behind it lines have their own numbers again' fails after.talk "talks/after.talk:3:1: 'host dance'"

printf 'include "parts/start.inc"\nexpect event session_updated before 100ms\nhost stop\n' | write unmet.talk
check 'an expectation that fails is told so too' fails unmet.talk 'talks/unmet.talk:2: no session_updated until'

printf 'include "parts/none.inc"\n' | write missing.talk
check 'a file that is not there' fails missing.talk "talks/missing.talk:1:1: $talks/parts/none.inc: No such file"

printf 'host stop\ninclude nothing\n' | write bare.talk
check 'an include without a name' fails bare.talk 'talks/bare.talk:2:1: include needs the name of a file'

printf 'include "circle.talk"\n' | write circle.talk
check 'a talk that includes itself' fails circle.talk 'files include one another too deep'

{ echo '# a long talk' && head -c 1100000 /dev/zero | tr '\0' '#' && echo; } | write long.talk
check 'a talk that is too long' fails long.talk 'long.talk: '

{ head -c 600000 /dev/zero | tr '\0' '#' && echo; } | write parts/long.inc
printf 'include "parts/long.inc"\ninclude "parts/long.inc"\n' | write twice.talk
check 'one that is too long for what it includes' fails twice.talk 'talks/twice.talk:2:1: '

# Lines around an include are all there, in their order, whether or not the files end with a line break.
printf 'expect event session_updated' | write parts/bare_end.inc
printf 'use service\ninclude "parts/bare_end.inc"\nhost stop\nexpect event closed' | write bare_end.talk
check 'files without a line break at their end' passes bare_end.talk

printf 'use service\nserver response.created response.id=resp_9\nserver audio item=item_9 ms=400\nhost interrupt\n' >"$talks/breaks.talk"
printf 'expect sent response.cancel\nexpect sent conversation.item.truncate\n' >>"$talks/breaks.talk"
{
    cat "$talks/breaks.talk"
    printf 'expect event interrupted\nexpect event error\nexpect event error\nexpect broken cancel-idle\n'
    printf 'expect broken truncate-item\nhost stop\nexpect event closed\n'
} | write expected.talk
check 'rules that are broken can be expected' passes expected.talk
sed 's/broken cancel-idle/broken response-one/' "$talks/expected.talk" | write other.talk
check 'another one than the expected' fails other.talk 'another rule was broken, cancel-idle: Cancellation failed'
sed '/broken/d' "$talks/expected.talk" | write silent.talk
check 'one that nobody expects fails the talk at its end' fails silent.talk 'at the end, a rule had been broken, cancel-idle'
printf 'use service\nexpect broken response-one before 1s\n' | write unbroken.talk
check 'one that is not broken' fails unbroken.talk 'no rule was broken until'

"$parley" rules --markdown >"$scratch/rules.md"
check 'test/talk/RULES.md is what rules --markdown prints' cmp "$scratch/rules.md" test/talk/RULES.md
lists_each() { "$parley" rules | awk 'END { exit !(NR >= 61 && $0 == NR - 1 " rules") }'; }
check 'rules lists each rule in a line' lists_each
unusable() { ! "$parley" rules --yaml 2>"$scratch/err" && grep -q 'unknown option --yaml' "$scratch/err"; }
check 'an option that rules does not have' unusable
plan
