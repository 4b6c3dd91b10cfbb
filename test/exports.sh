#!/bin/sh
# usage: test/exports.sh HEADER... >exports
# Prints a GNU ld version script: a shared library exports exactly the functions these headers declare.
set -eu

cat "$@" | awk '
# One statement outside of all braces, without what stands in them.
function declaration(text) {
    sub(/^[ \n]+/, "", text)
    if (text ~ /^(static|typedef) / || !match(text, /parley_[a-z0-9_]+[ \n]*\(/))
        return
    text = substr(text, RSTART, RLENGTH)
    sub(/[ \n]*\(/, ";", text)
    print "        " text
}
/^ *#/ || continued { continued = /\\$/; next }
{ all = all $0 "\n" }
END {
    gsub(/extern "C" \{/, "", all)
    print "{\n    global:"
    for (i = 1; i <= length(all); i++) {
        c = substr(all, i, 1)
        if (substr(all, i, 2) == "/*")
            i += 3 + index(substr(all, i + 2), "*/") - 1
        else if (c == "{")
            depth++
        else if (c == "}" && depth > 0 && --depth == 0 && text ~ /^[ \n]*static /)
            text = "" # a function with a body: nothing to export
        else if (c == ";" && depth == 0) {
            declaration(text)
            text = ""
        } else if (c != "}" && depth == 0)
            text = text c
    }
    print "    local:\n        *;\n};"
}'
