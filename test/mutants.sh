# shellcheck shell=sh
# shellcheck disable=SC2153,SC2154 # what they give it
# For scripts that break the engine on purpose, one line at a time in a copy of the tree, and see that a program of
# seeds notices. They read it with `. test/mutants.sh`, behind test/check.sh, and give it
#   program    which is built, below $BUILD/test; what it is built of stays for the next time, at $build
#   files      those of whose mutants there are to be checks, with spaces around; two spaces: all
#   mutants    a command that prints the table: file, in sed what is broken, in words; '|' in between
#   intact     one that fails where the program does not pass as it is
#   hunt       one that prints how the mutant was caught, "caught by ..."; it fails where it was not
#   repeat     one that fails where what was caught does not fail again; it prints how to repeat it
tree=$scratch/tree

copy() {
    mkdir -p "$tree"
    # as new, so that nothing of the last mutant of an earlier run is taken for built
    git ls-files -co --exclude-standard | tar -cf - -T - 2>/dev/null | tar -xmf - -C "$tree"
}
build() { (cd "$tree" && BUILD=$build CFLAGS='-O1 -Wno-error' ./build.sh make "$build/test/$program"); }

check_mutants() {
    if ! git ls-files >/dev/null 2>&1; then
        echo '1..0 # SKIP no git here to tell which files are sources'
        exit 0
    fi
    build=$(mkdir -p "$BUILD/mutants/$program" && cd "$BUILD/mutants/$program" && pwd)
    copy
    check 'as it is, it is built' build
    check 'as it is, nothing is broken' intact
    mutants >"$scratch/mutants"
    while IFS='|' read -r file change words; do
        case $files in '  ' | *" $file "*) ;; *) continue ;; esac
        name=$(basename "$file")
        name=${name%.c}
        cp "$tree/$file" "$scratch/saved"
        sed "$change" "$scratch/saved" >"$tree/$file"
        if cmp -s "$scratch/saved" "$tree/$file" || ! build >/dev/null 2>&1; then
            check "$name $words: no such mutant" false
        else
            found=$(hunt) || found="not caught"
            check "$name $words: $found" test "$found" != 'not caught'
            case $found in
            *seeds) check "$name $words: $(repeat)" repeat ;;
            esac
        fi
        cp "$scratch/saved" "$tree/$file"
    done <"$scratch/mutants"
    plan
}
