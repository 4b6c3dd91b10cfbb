#!/bin/sh
# usage: test/bench/budgets.sh [update]      run by ./build.sh test
# Holds the stages of a message to the instructions in budgets.txt, give or take what memcpy of another processor may
# differ: whoever makes one dearer sees its name and both figures. TAP. With "update" it writes the file anew.
#
# Another compiler makes other instructions, so this is for one: gcc 12 on x86-64 with -O2, and AVX2, which is what a
# processor there has. Elsewhere everything is skipped.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
. test/bench/count.sh
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}"
budgets=test/bench/budgets.txt margin_percent=3
stages=$BUILD/test/bench/stages/main conversation=$BUILD/test/bench/stages/conversation

elsewhere() {
    case $(printf '__GNUC__ __clang__ __x86_64__' | $CC -E -P -) in '12 __clang__ 1') ;; *) echo 'gcc 12 on x86-64 alone' && return ;; esac
    [ "$CFLAGS" = '-O2 -g' ] || { echo "CFLAGS='-O2 -g' alone" && return; }
    grep -qw avx2 /proc/cpuinfo || { echo 'a processor with AVX2 alone' && return; }
    command -v valgrind >/dev/null || echo 'valgrind is not installed'
}

# stage, way -> its instructions
count() {
    case $1 in
    conversation) count_instructions "$conversation" count ;;
    *) count_instructions "$stages" count "$1" "$2" ;;
    esac
}

# budget, what came
within() {
    [ -n "$2" ] || { echo 'it did not run' && return 1; }
    echo "$2 instructions, and the budget is $1 ($((($2 - $1) * 100 / $1)) % more): make it cheaper, or say why not and run $0 update"
    [ $(($2 * 100)) -le $(($1 * (100 + margin_percent))) ]
}

if [ "${1-}" = update ]; then
    {
        sed '/^[^#]/d' "$budgets"
        sed '/^#/d' "$budgets" | while read -r stage way _ title; do
            now=$(count "$stage" "$way")
            [ -n "$now" ] || { echo "$title: it did not run" >&2 && exit 1; }
            printf '%-12s %d %7d  %s\n' "$stage" "$way" "$now" "$title"
        done
    } >"$scratch/budgets"
    cp "$scratch/budgets" "$budgets"
    exit
fi
reason=$(elsewhere)
while read -r stage way budget title; do
    case $stage in '#'*) continue ;; esac
    if [ -n "$reason" ]; then
        skip "$title" "this is for $reason"
    else
        check "$title: at most $budget instructions" within "$budget" "$(count "$stage" "$way")"
    fi
done <"$budgets"

plan
