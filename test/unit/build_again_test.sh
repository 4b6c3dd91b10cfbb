#!/bin/sh
# ./build.sh makes what changed and nothing else, follows what it is given from outside, and leaves the sources
# alone. It does so here for a small tree, one source in each of its lists, with a compiler that keeps a record.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
real_cc=${CC:-cc} tree=$scratch/tree
unset BUILD CFLAGS LDFLAGS MAKEFLAGS MFLAGS

mkdir -p "$tree/test"
cp test/flatten.sh test/exports.sh "$tree/test/"
sed "/^platform=/,/^cli_main=/s/='.*'/='one'/; s/^cli_main=.*/cli_main='main'/; s/^libs='.*'/libs='z'/" build.sh >"$tree/build.sh"
chmod +x "$tree/build.sh"
cd "$tree"
for folder in platform platform/posix platform/fake parser templates context transport/loopback transport/wss core core/cli; do
    mkdir -p "$folder"
    name=parley_$(echo "$folder" | tr / _)
    printf 'int %s(void);\nint %s(void)\n{\n    return 0;\n}\n' "$name" "$name" >"$folder/one.c"
done
mkdir templates/wire
echo hello >templates/wire/text.md
cat >templates/embed.sh <<'EMBED'
mkdir -p "$1/templates"
echo "extern const char parley_text[];" >"$1/templates/templates.h"
printf '#include "templates/templates.h"\nconst char parley_text[] = "%s";\n' "$(cat templates/wire/* | tr -d "\n")" >"$1/templates.c"
EMBED
printf '#include "platform/status.h"\nint parley_core(void);\n' >core/parley.h
echo 'int parley_platform(void);' >platform/status.h
sed -i '1i #include "core/parley.h"\n#include "templates/templates.h"' core/one.c
printf '#include "core/parley.h"\nint main(void)\n{\n    return parley_core();\n}\n' >core/cli/main.c
cat >"$scratch/cc" <<CC
#!/bin/sh
echo "\$*" >>"$scratch/calls"
exec $real_cc "\$@"
CC
chmod +x "$scratch/cc"
CC=$scratch/cc
export CC

# command... -> "C compiled, L linked", after what went wrong if something did
did() {
    : >"$scratch/calls"
    "$@" 2>&1 || echo "exit status $?"
    awk '/ -c / { compiled++ } / -o / && !/ -c / { linked++ }
        END { printf "%d compiled, %d linked\n", compiled, linked }' "$scratch/calls"
}
listing() { find . -path ./build -prune -o -type f -print | LC_ALL=C sort; }
listing >"$scratch/before"

check_equal 'the first build makes everything' '11 compiled, 4 linked' "$(did ./build.sh make lib cli)"
check_equal 'the second build does nothing' '0 compiled, 0 linked' "$(did ./build.sh make lib cli)"
check_equal 'no file is left beside the sources' "$(cat "$scratch/before")" "$(listing)"
check_equal 'called from elsewhere it does the same' '0 compiled, 0 linked' "$(cd / && did "$tree/build.sh" cli)"

# A second must pass before make sees a change; files are made a minute older instead.
age() { find . -exec touch -d '1 minute ago' -h {} +; }

# title, change, what is done
after() {
    age
    eval "$2"
    check_equal "$1" "$3" "$(did ./build.sh make lib cli)"
    check_equal "$1, once" '0 compiled, 0 linked' "$(did ./build.sh make lib cli)"
}
after 'one source touched' 'touch parser/one.c' '1 compiled, 4 linked'
after 'a source of wss alone' 'touch transport/wss/one.c' '1 compiled, 2 linked'
after 'a header of two sources' 'touch core/parley.h' '2 compiled, 4 linked'
after 'a header behind that header' 'touch platform/status.h' '2 compiled, 4 linked'
after 'a template edited' 'echo bye >templates/wire/text.md' '2 compiled, 4 linked'
check 'its text is in the library' grep -q bye build/lib/libparley.a
after 'a template added' 'echo aye >templates/wire/more.md' '2 compiled, 4 linked'
after 'a template removed' 'rm templates/wire/more.md' '2 compiled, 4 linked'
after 'other CFLAGS' 'export CFLAGS=-O1' '11 compiled, 4 linked'
after 'other LDFLAGS' 'export LDFLAGS=-Wl,-O1' '0 compiled, 4 linked'
after 'another AR' 'export AR=gcc-ar' '0 compiled, 4 linked'
after 'a function declared' 'echo "int parley_parser(void);" >>core/parley.h' '2 compiled, 4 linked'
check 'and so exported' sh -c 'nm -D build/lib/libparley.so | grep -qw parley_parser'
after 'a source more in a list' 'sed -i "s/^context=.*/context=\"one two\"/" build.sh; echo "extern int parley_two;" >context/two.c' \
    '1 compiled, 4 linked'
after 'a source less in a list' 'sed -i "s/^context=.*/context=one/" build.sh; rm context/two.c' '0 compiled, 4 linked'
check 'it is no longer in the archive' sh -c '! ar t build/lib/libparley.a | grep two.o'

mkdir test/unit
printf '%s\n' '/*' ' * link: -Wl,--defsym=given=main' ' */' 'void given(void);' 'int main(void)' '{ given(); }' >test/unit/some_test.c
check 'a test says in its source what it is linked with' ./build.sh make build/test/unit/some_test
rm -r test/unit

echo 'int broken' >>parser/one.c
check 'what does not compile fails the build and names the place' sh -c './build.sh lib 2>&1 | grep -q "^parser/one.c:.*error"'
check 'and again' sh -c '! ./build.sh lib'
sed -i '$d' parser/one.c
check_equal 'mended, it builds' '1 compiled, 2 linked' "$(did ./build.sh lib)"

check_equal 'BUILD from outside' '11 compiled, 2 linked' "$(BUILD=$scratch/elsewhere && export BUILD && did ./build.sh cli)"
check 'all goes there' test -x "$scratch/elsewhere/bin/parley"
check 'a BUILD with white space is refused in words' sh -c 'BUILD="a b" ./build.sh lib 2>&1 | grep -q "white space"'
check 'another compiler compiles everything' sh -c "CC='$real_cc -DOTHER' ./build.sh lib && ! cmp -s build/flags '$scratch/elsewhere/flags'"

mkdir "$scratch/prefix" && ar rcs "$scratch/prefix/libz.a"
LDFLAGS=-L$scratch/prefix did ./build.sh cli >/dev/null
check 'an archive in a folder of LDFLAGS is linked, and before the system has a say' grep -q " $scratch/prefix/libz.a" "$scratch/calls"

mkdir "$scratch/mine"
check 'clean refuses a folder that is not a build' sh -c "! BUILD='$scratch/mine' ./build.sh clean && test -d '$scratch/mine'"
check 'clean removes the build' sh -c './build.sh clean && ! test -e build && ./build.sh clean'
check_equal 'at the end the sources are what they were' "$(cat "$scratch/before")" "$(listing)"
check 'an unknown command fails and tells the known ones' \
    sh -c "! ./build.sh nonsense 2>'$scratch/said' && grep -q 'build.sh install' '$scratch/said'"

plan
