#!/bin/sh
# usage: test/tap.sh "KIND<tab>LABEL<tab>COMMAND"      called by test/run.sh
# Runs one test program and judges it. KIND tap: it prints the Test Anything Protocol, and each of its tests
# counts; one that crashes, hangs, prints no plan or stops before its end counts as a failed test more.
# KIND exit: one test, passed when the command succeeds. Prints one line, or all there is to see when something
# failed, and adds "passed failed skipped" to $RESULTS/tally.
set -eu
tab=$(printf '\t')
kind=${1%%"$tab"*} rest=${1#*"$tab"}
label=${rest%%"$tab"*} command=${rest#*"$tab"}
limit_s=${LIMIT_S:-120}
log=$RESULTS/$(printf '%s' "$label" | tr -c 'A-Za-z0-9_.-' '_').log

began_s=$(date +%s)
status=0
timeout -k 5 "$limit_s" sh -c "$command" >"$log" 2>&1 </dev/null || status=$?
took_s=$(($(date +%s) - began_s))

verdict=$(awk -v kind="$kind" -v status="$status" -v took_s="$took_s" -v limit_s="$limit_s" '
/^1\.\.[0-9]+/ { plans++; planned += substr($1, 4); if ($1 == "1..0" && /# *(SKIP|skip)/) skipped++ }
/^(not )?ok / && /# *(SKIP|skip)/ { skipped++; ran++; next }
/^ok / { passed++; ran++ }
/^not ok / { failed++; ran++ }
/^Bail out!/ { bailed = 1 }
END {
    if (kind == "exit") {
        plans = planned = ran = 1
        passed = status == 0
        failed = skipped = 0
    }
    if (status == 124 || (status == 137 && took_s >= limit_s)) wrong = "stopped after " limit_s " s"
    else if (status > 128) wrong = "ended by signal " status - 128
    else if (bailed) wrong = "bailed out"
    else if (!plans) wrong = "printed no plan"
    else if (planned == 0 && !skipped) wrong = "has no test"
    else if (planned > 0 && ran != planned) wrong = "ran " ran + 0 " of " planned " tests"
    else if (status != 0 && !failed) wrong = "exit status " status
    if (wrong != "" && (kind == "tap" || !failed)) failed++
    print passed + 0, failed + 0, skipped + 0, wrong
}' "$log")
read -r passed failed skipped wrong <<EOF
$verdict
EOF

report() {
    counts="$passed passed"
    [ "$skipped" = 0 ] || counts="$counts, $skipped skipped"
    [ "$took_s" -lt 5 ] || counts="$counts, $took_s s"
    if [ "$failed" = 0 ]; then
        printf 'ok    %s: %s\n' "$label" "$counts"
        grep -iE '^((not )?ok |1\.\.0).*# *skip' "$log" | sed 's/^/      /' || :
    else
        printf 'FAIL  %s: %s failed, %s%s\n' "$label" "$failed" "$counts" "${wrong:+ ($wrong)}"
        grep -v '^ok ' "$log" | tail -n 200 | sed 's/^/      /' || :
    fi
}

# Two may run at a time: each speaks in one piece.
{
    flock 9
    report
    echo "$passed $failed $skipped" >>"$RESULTS/tally"
} 9>>"$RESULTS/lock"
