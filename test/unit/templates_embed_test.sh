#!/bin/sh
# shellcheck disable=SC2016,SC2034 # ${ } belongs to the texts; $out is used in double quotes
# templates/embed.sh: what it makes of every kind of text, and what it refuses.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh
: "${CC:=cc}" "${CFLAGS=}"

tree=$scratch/tree
out=$scratch/out
mkdir -p "$tree/wire/v9"

# file, text as for printf
# shellcheck disable=SC2059 # the text is the format
put() {
    printf "$2" >"$tree/$1"
}
embed() { sh templates/embed.sh "$out" "$tree"; }

# ---- texts that are taken ----------------------------------------------------------------------
put wire/v9/message.json '{\r\n  "type" : "a b",\n\t"text": "  ${text} ",\n  "n": ${n|number},\n  "sound": "${s|base64}",\n  "list": [ ${one|raw}, 1 ]\n}\n'
put wire/v9/quotes.json '{"a": "he said \\"no, {x}: 1\\" \\\\", "b" : ""}\n'
put wire/v9/outer.json '{\n  "inner": ${<wire/v9/message.json},\n  "after": "${after}"\n}\n'
put wire/v9/again.json '[${<wire/v9/message.json}]'
put wire/v9/deep.json '{"list": ${<wire/v9/again.json}, "and": ${<wire/v9/message.json}}'
put plain.md 'one  ${first}\n\n two $${kept} $ {} $$ ${last|json}\n\n'
put note.xml '<a>\n  <b>${b}</b>\n</a>\n'
put bytes.md 'für 日本 🎧 "q" \\\\n ??= ??/ %% \t\001\033\177 end'
put empty.md ''
put no-newline.md 'a\nb'
awk 'BEGIN { for (i = 0; i < 6000; i++) printf "%s", i % 3 ? "é" : "z" }' >"$tree/long.md"
put ignored.txt 'not a text of ours ${'

check 'the tree is taken' embed

cat >"$scratch/show.c" <<'C'
#include "templates/templates.h"
#include <stdio.h>
#include <string.h>
/* All texts, their slots as <name filter>; or only the one named. Fails on a character cut in two. */
int main(int argc, char **argv)
{
    for (size_t t = 0; t < PARLEY_TEMPLATES; t++) {
        const struct parley_template *p = parley_templates[t].template;
        if (argc < 2)
            printf("%s: ", parley_templates[t].name);
        else if (strcmp(parley_templates[t].name, argv[1]) != 0)
            continue;
        for (size_t i = 0; i < p->count; i++) {
            if (p->pieces[i].bytes > 0 && ((unsigned char)p->pieces[i].literal[0] & 0xC0) == 0x80)
                return 1;
            fwrite(p->pieces[i].literal, 1, p->pieces[i].bytes, stdout);
            if (p->pieces[i].slot != NULL)
                printf("<%s %d>", p->pieces[i].slot, (int)p->pieces[i].filter);
        }
        if (argc < 2)
            printf("|\n");
    }
    return 0;
}
C
strict='-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
# shellcheck disable=SC2086 # words on purpose
compile() { $CC $strict $CFLAGS -I. -I"$out" -o "$scratch/show" "$scratch/show.c" "$out/templates.c"; }
check 'what is made compiles with all warnings' compile

# title, file, its text with the slots shown
text_is() { check_equal "$1" "$3" "$("$scratch/show" "$2")"; }
text_is 'JSON loses white space outside of strings only; filters 1 json, 3 base64, 4 number, 0 raw' \
    wire/v9/message.json '{"type":"a b","text":"  <text 1> ","n":<n 4>,"sound":"<s 3>","list":[<one 0>,1]}'
text_is 'escaped quotes do not end a string' wire/v9/quotes.json '{"a":"he said \"no, {x}: 1\" \\","b":""}'
text_is 'a text within a text, with its slots' wire/v9/outer.json \
    '{"inner":{"type":"a b","text":"  <text 1> ","n":<n 4>,"sound":"<s 3>","list":[<one 0>,1]},"after":"<after 1>"}'
text_is 'a text within a text within a text, and once more' wire/v9/deep.json \
    '{"list":[{"type":"a b","text":"  <text 1> ","n":<n 4>,"sound":"<s 3>","list":[<one 0>,1]}],"and":{"type":"a b","text":"  <text 1> ","n":<n 4>,"sound":"<s 3>","list":[<one 0>,1]}}'
check_equal 'which stands in the program once' 1 "$(grep -a -c 'sound' "$out/templates.c")"
text_is 'md: as it is, slots raw, $${ plain' plain.md "$(printf 'one  <first 0>\n\n two ${kept} $ {} $$ <last 1>\n\n')"
text_is 'xml: as it is, slots escaped' note.xml "$(printf '<a>\n  <b><b 2></b>\n</a>')"
text_is 'a file without a newline at its end' no-newline.md "$(printf 'a\nb')"

# title, file: its bytes are those of the file without the last newline
same_bytes() { "$scratch/show" "$1" >"$scratch/came" && cmp "$scratch/came" "$tree/$1"; }
bytes_survive() { check "$1" same_bytes "$2"; }
bytes_survive 'UTF-8, quotes, backslashes, trigraphs and control characters survive' bytes.md
bytes_survive 'an empty file' empty.md
bytes_survive 'a text longer than a C11 string literal may be, in whole characters' long.md
check_equal 'that one is in three pieces' 3 "$(grep -a -c 'text_long_[0-9]*\[\]' "$out/templates.c")"
only_one_newline() { [ "$("$scratch/show" plain.md | tail -c 2 | od -An -c | tr -d ' ')" = '>\n' ]; }
check 'only the last newline is dropped' only_one_newline
check_equal 'all are in the table, sorted' \
    "bytes.md empty.md long.md no-newline.md note.xml plain.md wire/v9/again.json wire/v9/deep.json wire/v9/message.json wire/v9/outer.json wire/v9/quotes.json" \
    "$("$scratch/show" | LC_ALL=C grep -a -o '^[a-z/0-9-]*\.[a-z]*:' | tr -d ':' | tr '\n' ' ' | sed 's/ $//')"

# ---- the same everywhere -----------------------------------------------------------------------
mkdir "$scratch/bin"
for tool in mawk gawk 'busybox awk' original-awk; do
    if ! command -v "${tool%% *}" >/dev/null; then
        skip "the same output with $tool" 'not installed'
        continue
    fi
    printf '#!/bin/sh\nexec %s "$@"\n' "$tool" >"$scratch/bin/awk"
    chmod +x "$scratch/bin/awk"
    for shell in dash 'busybox sh' bash; do
        command -v "${shell%% *}" >/dev/null || continue
        # shellcheck disable=SC2086 # "busybox sh" is two words
        PATH=$scratch/bin:$PATH LC_ALL=C.UTF-8 $shell templates/embed.sh "$scratch/again" "$tree" || :
        check "the same output with $tool and $shell" diff -r "$out" "$scratch/again"
        rm -rf "$scratch/again"
    done
done

# ---- texts that are refused --------------------------------------------------------------------
# title, file, text, message, another file, its text
refused() {
    rm -rf "$tree" "$out"
    mkdir -p "$tree/wire"
    put fine.md 'fine\n'
    put "$2" "$3"
    [ $# -eq 4 ] || put "$5" "$6"
    check_equal "$1" "$tree/$4
status 1" "$(embed 2>&1 || echo "status $?")"
    check "$1: nothing is written" sh -c "! [ -e '$out/templates.c' ] && ! [ -e '$out/templates/templates.h' ]"
}
refused 'an unknown filter' wire/a.json '{\n"x": "${x|jsn}"}' 'wire/a.json:2: slot "x" has an unknown filter "jsn"'
refused 'a slot that does not end' a.md 'one\ntwo ${x\n' 'a.md:2: a slot without its }'
refused 'a slot without a name' a.md '${}' 'a.md:1: a slot cannot be named ""'
refused 'a slot with a space in its name' a.md '${a b}' 'a.md:1: a slot cannot be named "a b"'
refused 'a quote that does not end' wire/a.json '{\n\n"x": "y}\n' 'wire/a.json:3: a quote without its partner'
refused 'an escaped quote at the end of a line' wire/a.json '{"x": "y\\"\n}' 'wire/a.json:1: a quote without its partner'
refused 'a slot for text outside of quotes' wire/a.json '{"x": ${x}}' \
    'wire/a.json:1: slot "x" stands outside of quotes, so it needs |raw or |number'
refused 'a text within quotes' wire/a.json '{"x": "${<fine.md}"}' 'wire/a.json:1: a text cannot be put inside of quotes'
refused 'a text that is not there' a.md '\n${<b.md}' "a.md:2: $tree/b.md cannot be read"
refused 'a text that contains itself' a.md '${<a.md}' 'a.md:1: a.md contains itself'
refused 'a text that contains itself by another' a.md '\n${<wire/b.md}' 'wire/b.md:1: a.md contains itself' wire/b.md 'b ${<a.md}'
refused 'two files of one name' fine.xml '<a/>' 'fine.xml: gets the same name as fine.md'

rm -rf "$tree"
mkdir "$tree"
check_equal 'an empty tree' "$tree: no texts here" "$(embed 2>&1 || :)"

plan
