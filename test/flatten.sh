#!/bin/sh
# usage: test/flatten.sh HEADER >parley.h
# Prints HEADER as one self-contained file, the one that is installed: each header of ours that it includes
# stands in its place, once, with its guard; the system's come first, outside of extern "C".
set -eu
cd "$(dirname "$0")/.."

awk -v top="$1" '
function splice(path, line, got) {
    if (path in spliced)
        return
    spliced[path] = 1
    while ((got = (getline line <path)) > 0) {
        if (line ~ /^#include </)
            foreign = foreign (index(foreign, line "\n") ? "" : line "\n")
        else if (split(line, part, "\"") == 3 && part[1] == "#include ")
            splice(part[2])
        else
            body = body line "\n"
    }
    if (got < 0) {
        print "flatten: cannot read " path | "cat >&2"
        exit failed = 1
    }
    close(path)
}
BEGIN {
    splice(top)
    gsub(/\n\n\n+/, "\n\n", body)
    print "/* Made by build.sh out of " top " and the headers it includes. */\n\n" foreign
    print "#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
    print body "\n#ifdef __cplusplus\n}\n#endif"
}
'
