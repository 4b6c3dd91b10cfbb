# shellcheck shell=sh disable=SC2046,SC2086,SC2154 # lists of files are patterns and words on purpose
# For test/run.sh and test/cross/run.sh, which read it: a stage builds what it needs, queues jobs, and runs them, as
# many at a time as there are processors. Each job is a line "kind, label, command" for test/tap.sh.
#
# A stage sets `stage` (its name), BUILD, CC and so on, and `checker` (what a test program is run under).
: "${BUILD:=build}" "${CC:=cc}" "${CFLAGS=-O2 -g}" "${LDFLAGS=}"
RESULTS=$BUILD/results
export BUILD CC CFLAGS LDFLAGS RESULTS
# The same for everybody: how programs report, and nothing of the user's own that they could pick up.
export CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C.UTF-8
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
unset OPENAI_API_KEY http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY || :
checker=

queue_start() {
    rm -rf "$RESULTS"
    mkdir -p "$RESULTS/home"
    HOME=$(cd "$RESULTS/home" && pwd) XDG_STATE_HOME=$HOME/state # what programs leave behind stays here
    export HOME XDG_STATE_HOME
    : >"$RESULTS/tally"
}

queue() { printf '%s\t%s\t%s\n' "$1" "$stage $2" "$3" >>"$RESULTS/jobs"; }
queue_run() {
    [ -f "$RESULTS/jobs" ] || return 0
    xargs -d '\n' -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh test/tap.sh <"$RESULTS/jobs" || :
    rm "$RESULTS/jobs"
}

# The closing line; fails when a test did, or when there was none.
queue_end() {
    awk '{ passed += $1; failed += $2; skipped += $3 }
    END {
        printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
        exit failed > 0 || passed == 0
    }' "$RESULTS/tally"
}

# Those of the files named that exist: a pattern without a match stays as it is.
existing() { for file in "$@"; do [ ! -f "$file" ] || printf '%s ' "$file"; done; }

# sources -> the programs made of them
programs() { for source in $(existing "$@"); do printf '%s ' "$BUILD/${source%.c}"; done; }

# Builds what a stage needs, as far as it goes, as a test of its own.
build() {
    (
        LIMIT_S=600
        export LIMIT_S
        queue exit build "./build.sh make -k $*"
        queue_run
    )
}

# A program that was not built does not start, and so counts as failed.
queue_programs() {
    for source in $(existing "$@"); do
        name=${source#test/}
        queue tap "${name%.c}" "$checker '$BUILD/${source%.c}'"
    done
}
queue_scripts() { for script in $(existing "$@"); do queue tap "${script#test/}" "sh $script"; done; }
queue_talks() {
    [ ! "$(existing test/talk/*.talk)" ] || queue tap talks "$checker '$BUILD/bin/parley-loopback' test test/talk/*.talk"
}
