#!/bin/sh
# Turns the texts beside this script into constants: each .md, .json and .xml below becomes a
# `parley_template_<path with _>`, declared in OUTDIR/templates/templates.h and defined in
# OUTDIR/templates.c, in the shape templates/render.h describes.
#
#   sh templates/embed.sh OUTDIR [TREE]     TREE: where the texts are; default: the folder of this script
#
# In a text stand
#
#   ${name} ${name|filter}  a slot; filters are raw, json, xml, base64, number; without one the kind of
#                           file decides: json in .json, xml in .xml, raw in .md
#   ${<path}                another text of the tree, put in at this place, with its slots
#   $${                     a plain ${
#
# The newline at the end of a file is left out. JSON may be written over many lines: white space outside of
# strings does not reach the wire. What cannot be right is refused, with file and line, and nothing is
# written then. The same tree gives the same output, byte for byte.
#
# Each piece of text is an array of its own, and so is each name in the table, as a linker keeps or drops the
# literals of a file together: so a program linked with --gc-sections holds only those it uses, and once,
# however many texts put it in. None exceeds 4095 bytes, the longest string literal a C11 compiler has to take.
#
# Needs a POSIX sh, find, sort and any awk (mawk, gawk and busybox are tested).
set -eu
LC_ALL=C
export LC_ALL

[ $# -ge 1 ] || { echo "usage: embed.sh OUTDIR [TREE]" >&2; exit 2; }
out=$1
tree=${2:-$(dirname "$0")}
mkdir -p "$out/templates"
trap 'rm -f "$out/templates.h.new" "$out/templates.c.new"' EXIT

(cd "$tree" && find . -type f \( -name '*.md' -o -name '*.json' -o -name '*.xml' \)) | sed 's|^\./||' | sort |
    awk -v tree="$tree" -v header="$out/templates.h.new" -v source="$out/templates.c.new" '

function fail(where, what) {
    print where ": " what > "/dev/stderr"
    failed = 1
    exit 1
}

# How each byte is written inside a C string. "?" because of trigraphs.
function prepare(    i) {
    for (i = 1; i < 32; i++)
        escape[sprintf("%c", i)] = sprintf("\\%03o", i)
    escape["\t"] = "\\t"
    escape["\n"] = "\\n"
    escape["\""] = "\\\""
    escape["\\"] = "\\\\"
    escape["?"] = "\\?"
    filters["raw"] = "PARLEY_FILTER_RAW"
    filters["json"] = "PARLEY_FILTER_JSON"
    filters["xml"] = "PARLEY_FILTER_XML"
    filters["base64"] = "PARLEY_FILTER_BASE64"
    filters["number"] = "PARLEY_FILTER_NUMBER"
    default_of["md"] = "raw"
    default_of["json"] = "json"
    default_of["xml"] = "xml"
}

# Text into the present piece; a line of text is a line of the C file.
function put(text,    i, c) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (bytes >= 4000 && !(c >= "\200" && c < "\300")) # not within a character
            end_text()
        literal = literal (c in escape ? escape[c] : c) (c == "\n" ? "\"\n    \"" : "")
        bytes++
    }
}

# Closes the piece: its text as an array, and the slot behind it.
function end_piece(slot, filter,    name) {
    name = "text_" id "_" count
    if (bytes > 0)
        arrays = arrays "static const char " name "[] =\n    \"" literal "\";\n"
    pieces = pieces "    {" (bytes > 0 ? name : "\"\"") ", " slot ", " (bytes > 0 ? "sizeof " name " - 1" : 0) ", " filters[filter] "},\n"
    literal = ""
    bytes = 0
    count++
}

# Closes it where no slot follows.
function end_text() {
    if (bytes > 0)
        end_piece("NULL", "raw")
}

# What stands between ${ and }.
function put_slot(text, kind, quoted, where,    bar, name, filter) {
    bar = index(text, "|")
    name = bar > 0 ? substr(text, 1, bar - 1) : text
    filter = bar > 0 ? substr(text, bar + 1) : default_of[kind]
    if (name !~ /^[a-z][a-z0-9_]*$/)
        fail(where, "a slot cannot be named \"" name "\"")
    if (!(filter in filters))
        fail(where, "slot \"" name "\" has an unknown filter \"" filter "\"")
    if (kind == "json" && !quoted && filter != "raw" && filter != "number")
        fail(where, "slot \"" name "\" stands outside of quotes, so it needs |raw or |number")
    end_piece("\"" name "\"", filter)
}

# Puts another text in: its pieces, made before.
function put_text(path, where,    outer) {
    if (path in reading)
        fail(where, path " contains itself")
    end_text()
    outer["id"] = id
    outer["arrays"] = arrays
    outer["pieces"] = pieces
    outer["count"] = count
    if (!(path in pieces_of))
        read_text(path, where)
    id = outer["id"]
    arrays = outer["arrays"]
    pieces = outer["pieces"] pieces_of[path]
    count = outer["count"] + count_of[path]
}

# Reads a text into pieces; calls itself for a text within.
function read_text(path, from,    file, kind, line, number, where, got, quoted, i, end, c) {
    file = tree "/" path
    reading[path] = 1
    id = kind = path
    sub(/\.[a-z]*$/, "", id)
    gsub(/[^A-Za-z0-9_]/, "_", id)
    if (id in made)
        fail(file, "gets the same name as " made[id])
    made[id] = path
    arrays = pieces = literal = ""
    bytes = count = number = quoted = 0
    sub(/.*\./, "", kind)
    while ((got = (getline line < file)) > 0) {
        where = file ":" (number + 1)
        if (number++ > 0 && kind != "json")
            put("\n")
        for (i = 1; i <= length(line); i++) {
            c = substr(line, i, 1)
            if (substr(line, i, 3) == "$${") {
                put("${")
                i += 2
            } else if (substr(line, i, 2) == "${") {
                end = index(substr(line, i), "}")
                if (end == 0)
                    fail(where, "a slot without its }")
                if (substr(line, i + 2, 1) != "<")
                    put_slot(substr(line, i + 2, end - 3), kind, quoted, where)
                else if (quoted)
                    fail(where, "a text cannot be put inside of quotes")
                else
                    put_text(substr(line, i + 3, end - 4), where)
                i += end - 1
            } else if (kind != "json") {
                put(c)
            } else if (quoted && c == "\\") {
                put(substr(line, i++, 2))
            } else if (quoted || (c != " " && c != "\t" && c != "\r")) {
                put(c)
                if (c == "\"")
                    quoted = !quoted
            }
        }
        if (quoted)
            fail(where, "a quote without its partner")
    }
    if (got < 0)
        fail(from, file " cannot be read")
    close(file)
    end_text()
    if (count == 0)
        end_piece("NULL", "raw")
    printf "%s", "\n" arrays > source
    id_of[path] = id
    pieces_of[path] = pieces
    count_of[path] = count
    delete reading[path]
}

# One text of the list as a template of its own.
function make(path,    name) {
    if (!(path in pieces_of))
        read_text(path, path)
    name = "parley_template_" id_of[path]
    print "extern const struct parley_template " name ";" > header
    print "static const struct parley_piece pieces_" id_of[path] "[] = {\n" pieces_of[path] "};" > source
    print "const struct parley_template " name " = {pieces_" id_of[path] ", " count_of[path] "};" > source
    names = names "static const char name_" id_of[path] "[] = \"" path "\";\n"
    table = table "    {name_" id_of[path] ", &" name "},\n"
    total++
}

BEGIN {
    prepare()
    print "/* Made by templates/embed.sh; change the texts in templates/ instead. */" > header
    print "#ifndef PARLEY_TEMPLATES_TEMPLATES_H\n#define PARLEY_TEMPLATES_TEMPLATES_H\n" > header
    print "#include \"templates/render.h\"\n" > header
    print "/* Made by templates/embed.sh; change the texts in templates/ instead. */" > source
    print "#include \"templates/templates.h\"" > source
}

{ make($0) }

END {
    if (failed)
        exit 1
    if (total == 0)
        fail(tree, "no texts here")
    print "\n/* All of them, by name. */\nenum { PARLEY_TEMPLATES = " total " };" > header
    print "extern const struct parley_named_template parley_templates[PARLEY_TEMPLATES];\n\n#endif" > header
    print "\n" names "const struct parley_named_template parley_templates[PARLEY_TEMPLATES] = {\n" table "};" > source
}
'
mv "$out/templates.h.new" "$out/templates/templates.h"
mv "$out/templates.c.new" "$out/templates.c"
