#!/bin/sh
# test/tap.sh, the judge of all tests: what it says of programs that pass, fail, crash, hang or stop early.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh

# kind, command -> "passed failed skipped" as added to the tally, then the first line printed
judge() {
    rm -rf "$scratch/results"
    mkdir "$scratch/results"
    line=$(RESULTS=$scratch/results LIMIT_S=1 sh test/tap.sh "$1	label	$2" | head -n 1)
    cat "$scratch/results/tally"
    printf '%s\n' "$line"
}

# title, kind, command, tally, line
case_of() {
    check_equal "$1" "$4
$5" "$(judge "$2" "$3")"
}

case_of 'all tests pass' tap 'echo 1..2; echo ok 1 - a; echo ok 2 - b' '2 0 0' 'ok    label: 2 passed'
case_of 'the plan may come last' tap 'echo ok 1 - a; echo 1..1' '1 0 0' 'ok    label: 1 passed'
case_of 'several plans, as cmocka prints for several groups' \
    tap 'echo 1..1; echo ok 1 - a; echo 1..1; echo ok 1 - b' '2 0 0' 'ok    label: 2 passed'
case_of 'a failed test' tap 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1' '1 1 0' \
    'FAIL  label: 1 failed, 1 passed'
case_of 'a failed test whose program forgets its exit status' tap 'echo 1..1; echo not ok 1 - a' '0 1 0' \
    'FAIL  label: 1 failed, 0 passed'
case_of 'skipped tests, as cmocka and as others print them' \
    tap 'echo 1..3; echo ok 1 - a; echo not ok 2 \# SKIP b; echo ok 3 - c \# skip why' '1 0 2' \
    'ok    label: 1 passed, 2 skipped'
case_of 'a program that skips itself' tap 'echo 1..0 \# SKIP no network' '0 0 1' 'ok    label: 0 passed, 1 skipped'
case_of 'no output at all' tap 'true' '0 1 0' 'FAIL  label: 1 failed, 0 passed (printed no plan)'
case_of 'a program that is not there' tap './nothing' '0 1 0' 'FAIL  label: 1 failed, 0 passed (printed no plan)'
case_of 'a plan of no tests' tap 'echo 1..0' '0 1 0' 'FAIL  label: 1 failed, 0 passed (has no test)'
case_of 'an end before the last test' tap 'echo 1..3; echo ok 1 - a' '1 1 0' \
    'FAIL  label: 1 failed, 1 passed (ran 1 of 3 tests)'
case_of 'more tests than planned' tap 'echo 1..1; echo ok 1 - a; echo ok 2 - b' '2 1 0' \
    'FAIL  label: 1 failed, 2 passed (ran 2 of 1 tests)'
case_of 'a crash' tap 'echo 1..2; echo ok 1 - a; kill -SEGV $$' '1 1 0' \
    'FAIL  label: 1 failed, 1 passed (ended by signal 11)'
case_of 'all pass, yet the exit status is not 0 (valgrind, sanitizers)' tap 'echo 1..1; echo ok 1 - a; exit 9' '1 1 0' \
    'FAIL  label: 1 failed, 1 passed (exit status 9)'
case_of 'giving up' tap 'echo 1..1; echo ok 1 - a; echo Bail out!; exit 1' '1 1 0' \
    'FAIL  label: 1 failed, 1 passed (bailed out)'
case_of 'a hang' tap 'echo 1..1; sleep 60' '0 1 0' 'FAIL  label: 1 failed, 0 passed (stopped after 1 s)'
case_of 'a command that succeeds' exit 'true' '1 0 0' 'ok    label: 1 passed'
case_of 'a command that fails, whatever it prints' exit 'echo 1..1; echo ok 1 - a; exit 3' '0 1 0' \
    'FAIL  label: 1 failed, 0 passed (exit status 3)'

plan
