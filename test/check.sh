# shellcheck shell=sh
# For shell tests, which read it with `. test/check.sh`: each check is a test, and `plan` ends the program.
# $scratch is a folder that goes away at the end.
scratch=$(mktemp -d)
HOME=$scratch/home XDG_STATE_HOME=$scratch/state # programs find a user who has never used them
export HOME XDG_STATE_HOME
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY SSL_CERT_FILE SSL_CERT_DIR
mkdir "$HOME"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
checks=0

# title, command...: passes when the command succeeds; what it printed is shown when it does not.
check() {
    title=$1 checks=$((checks + 1))
    shift
    if output=$("$@" 2>&1); then
        printf 'ok %d - %s\n' "$checks" "$title"
    else
        printf 'not ok %d - %s\n# exit status %d of %s\n' "$checks" "$title" $? "$1"
        printf '%s\n' "$output" | sed 's/^/# /'
    fi
}

# command...: until it succeeds, for 10 s at most
await() {
    for _ in $(seq 100); do
        "$@" && break
        sleep 0.1
    done
}

# title, reason
skip() {
    checks=$((checks + 1))
    printf 'ok %d - %s # SKIP %s\n' "$checks" "$1" "$2"
}

# title, what was expected, what came
check_equal() { check "$1" show_difference "$2" "$3"; }
show_difference() {
    [ "$1" = "$2" ] || { printf 'expected:\n%s\ncame:\n%s\n' "$1" "$2" && return 1; }
}

plan() { printf '1..%d\n' "$checks"; }
