#!/bin/sh
# test/flatten.sh and test/exports.sh: one header out of several, and the functions it declares.
set -eu
cd "$(dirname "$0")/../.."
. test/check.sh

functions() { sh test/exports.sh "$@" | sed -n 's/^ *\(parley_.*\);/\1/p' | tr '\n' ' ' | sed 's/ $//'; }
# title, header, functions
case_of() {
    printf '%s\n' "$2" >"$scratch/x.h"
    check_equal "$1" "$3" "$(functions "$scratch/x.h")"
}
case_of 'a function' 'int parley_a(void);' 'parley_a'
case_of 'several on a line and over lines' 'int parley_a(void); const char *
    parley_b
    (int x,
     int y); extern void parley_c(void);' 'parley_a parley_b parley_c'
case_of 'attributes and pointers to functions' \
    'void parley_a(const char *f, ...) __attribute__((format(printf, 1, 2)));
int parley_b(int (*parley_fn)(int), void *user);' 'parley_a parley_b'
case_of 'not what has a body here' 'static inline int parley_a(int x) { if (x) { return parley_b(x); } return 1; }
int parley_c(void);' 'parley_c'
case_of 'not types, constants and members' 'typedef void parley_fn(int x); enum { PARLEY_A = 1 }; enum parley_b { PARLEY_B };
struct parley_c { int (*parley_d)(void); int e; }; struct parley_f;' ''
case_of 'not comments and macros' '/* int parley_a(void); */
#define PARLEY_M(X) \
    parley_b(X); \
    parley_c(X);
/* one * two / */ int parley_d(void); /**/ int parley_e(void);' 'parley_d parley_e'
case_of 'inside of extern "C"' '#ifdef __cplusplus
extern "C" {
#endif
int parley_a(void);
#ifdef __cplusplus
}
#endif
int parley_b(void);' 'parley_a parley_b'

# flatten.sh reads below the root of the tree: it gets one of its own.
mkdir -p "$scratch/tree/test" "$scratch/tree/a"
cp test/flatten.sh "$scratch/tree/test/"
cd "$scratch/tree"
printf '%s\n' '#ifndef TOP' '#define TOP' '#include "a/one.h"' '#include "a/two.h"' '#include <stdint.h>' 'top' '#endif' >a/top.h
printf '%s\n' '#ifndef ONE' '#define ONE' '#include "a/two.h"' '#include <stddef.h>' 'one' '#endif' >a/one.h
printf '%s\n' '#ifndef TWO' '#define TWO' '#include <stdint.h>' 'two' '#endif' >a/two.h
check_equal 'each header comes once, before who includes it; the system comes first' \
    '<stdint.h> <stddef.h> extern "C" { TOP ONE TWO two one top }' \
    "$(sh test/flatten.sh a/top.h | sed -n 's/^#include //p; s/^#ifndef //p; /^[a-z}]/p' | tr '\n' ' ' | sed 's/ $//')"
printf '#include "a/nothing.h"\n' >a/bad.h
check 'a header that is not there is an error' sh -c '! sh test/flatten.sh a/bad.h'

plan
