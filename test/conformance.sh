#!/bin/sh
# usage: test/conformance.sh      after ./build.sh test gcc; BUILD: where the programs are (build/gcc)
# The table of test/conformance.txt with what became of each test in it: every program named there runs once. A row
# whose test fails or is not there fails. TAP, a test for each group of rows; the rows are its comments.
set -eu
cd "$(dirname "$0")/.."
. test/check.sh
: "${BUILD:=build/gcc}"
export BUILD CMOCKA_MESSAGE_OUTPUT=TAP
table=test/conformance.txt

# "FILE: TEST<tab>passes" from TAP; a talk's test is the file. What its program prints beside it does not matter.
outcomes() {
    awk -v file="$1" '
    /^(not )?ok [0-9]+ - / {
        verdict = /^not/ ? "FAILS" : / # SKIP/ ? "skipped" : "passes"
        sub(/^(not )?ok [0-9]+ - /, "")
        sub(/ # SKIP.*/, "")
        if (file == "talks") sub(/ \([^)]*\)$/, "")
        print (file == "talks" ? "" : file ": ") $0 "\t" verdict
    }'
}

# The tests a row may name, with what became of them.
run_all() {
    files=$(grep -oE 'test/[a-z/]+/[a-z0-9_]+\.(c|sh)(: )' "$table" | sed 's/: $//' | sort -u)
    for file in $files; do
        case $file in
        *.c) timeout 120 "$BUILD/${file%.c}" 2>&1 ;;
        *.sh) timeout 120 sh "$file" 2>&1 ;;
        esac </dev/null | outcomes "$file"
    done
    # shellcheck disable=SC2046 # a list of files
    timeout 120 "$BUILD/bin/parley-loopback" test $(grep -oE 'test/talk/[a-z0-9_]+\.talk' "$table" | sort -u) |
        outcomes talks
}

run_all >"$scratch/outcomes" || :
sed -n 's/^{"name":"\([^"]*\)".*/\1/p' test/vectors/wire-examples.jsonl >"$scratch/examples"

awk -F '\t' -v lines=167 '
function trimmed(text) { gsub(/^ +| +$/, "", text); return text }
function say(what, verdict, where) { printf "#   %-5s %-15s %s\n", what, verdict, where }

# What became of a test; of several, if its name ends with *.
function verdict_of(where,    name, found, start) {
    if (where in verdicts)
        return verdicts[where]
    if (where !~ /\*$/)
        return "NOT THERE"
    start = substr(where, 1, length(where) - 1)
    for (name in verdicts)
        if (index(name, start) == 1 && found != "FAILS")
            found = verdicts[name]
    return found == "" ? "NOT THERE" : found
}
function judge(what, words, where,    kind, verdict) {
    if (match(where, /^(difference|not applicable|later): /)) {
        kind = substr(where, 1, RLENGTH - 2)
        say(what, kind, substr(where, RLENGTH + 1))
        return kind
    }
    verdict = verdict_of(where)
    say(what, verdict, where (words == "" ? "" : "  (" words ")"))
    bad += verdict ~ /^[A-Z]/
    return verdict
}
function end_group() {
    if (group == "")
        return
    printf "%sok %d - %s\n", bad ? "not " : "", ++tests, group
    failed += bad > 0
    bad = 0
}

FILENAME == ARGV[1] { verdicts[$1] = $2; next }
FILENAME == ARGV[2] { examples[++example_count] = $1; next }
/^## / { end_group(); group = substr($0, 4); sub(/:.*/, "", group); print "# " group; next }
/^#|^$/ { next }
{
    split($0, cell, "|")
    what = trimmed(cell[1]); words = trimmed(cell[2]); where = trimmed(cell[3])
}
what ~ /^[0-9]+$/ {
    if (what != last && what != last + 1)
        out_of_order = out_of_order " " what
    rows[what, judge(what, words, where)]++
    last = what
    next
}
# A pattern of the wire examples.
{
    pattern = "^" what "$"
    gsub(/\*/, ".*", pattern)
    count = 0
    delete of
    for (i = 1; i <= example_count; i++) {
        name = examples[i]
        if (name in placed || name !~ pattern)
            continue
        placed[name] = 1
        count++
        test = where
        sub(/: =$/, ": " name, test)
        if (test ~ /^(difference|not applicable|later): /) {
            sub(/:.*/, "", test)
            of[test]++
        } else {
            verdict = verdict_of(test)
            of[verdict]++
            if (verdict ~ /^[A-Z]/) { bad++; say(name, verdict, test) }
        }
    }
    for (verdict in of)
        say(sprintf("%-32s %3d", what, of[verdict]), verdict, where)
    if (!count) { bad++; say(what, "NO EXAMPLE", where) }
}
END {
    for (i = 1; i <= example_count; i++)
        if (!(examples[i] in placed)) { bad++; say(examples[i], "NOT IN THE TABLE", "") }
    end_group()
    for (i = 1; i <= lines; i++) {
        some = (i, "passes") in rows
        still = (i, "later") in rows
        pass += some && !still
        in_part += some && still
        later += !some && still
        no_matter += (i, "not applicable") in rows
    }
    printf "# %d lines: %d pass, %d in part, %d later, %d not applicable\n", lines, pass, in_part, later, no_matter
    complete = last == lines && out_of_order == ""
    printf "%sok %d - every line is there, in its order%s\n", complete ? "" : "not ", ++tests,
        out_of_order == "" ? "" : " (not:" out_of_order ")"
    printf "1..%d\n", tests
    exit failed || !complete
}' "$scratch/outcomes" "$scratch/examples" "$table"
