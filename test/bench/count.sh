# shellcheck shell=sh
# For test/bench/stages.sh and test/bench/budgets.sh, which read it.

# program, arguments -> the instructions of one of the times that its parley_bench_measured ran. It says how often that
# was in a line "counted N"; nothing comes when it fails.
count_instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect=parley_bench_measured "$@" 2>&1 </dev/null |
        awk '/^counted / { times = $2 } / Collected :/ { all = $NF } END { if (times > 0) printf "%d\n", all / times }'
}
