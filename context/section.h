#ifndef PARLEY_CONTEXT_SECTION_H
#define PARLEY_CONTEXT_SECTION_H

#include "context/token_budget.h"
#include <stdint.h>

/*
 * A text of any length, written piece by piece, of which a budget of tokens will remain (reference 8.1, 8.2).
 * Only what a cut to that budget can show is kept, its start and its end; what lies between is counted. So a
 * section takes the same memory, whatever goes into it.
 */
enum {
    PARLEY_SECTION_TOKENS = 2200, /* the largest budget there is */
    PARLEY_SECTION_SLACK = 256,   /* for characters at the cuts, and for white space at the ends */
    PARLEY_SECTION_EDGE = 2 * PARLEY_SECTION_TOKENS + PARLEY_SECTION_SLACK,
};

struct parley_section {
    char at[3 * PARLEY_SECTION_EDGE]; /* the first EDGE bytes, then the last ones: at least EDGE of them, if
                                         so many */
    size_t used;
    uint64_t gone; /* bytes between the two that are not kept */
};

/* Empties it. */
void parley_section_begin(struct parley_section *s);

/* Adds a text as it is. */
void parley_section_add(struct parley_section *s, struct parley_view text);
void parley_section_add_text(struct parley_section *s, const char *text);
void parley_section_add_number(struct parley_section *s, uint64_t number);

/*
 * Adds a name or a path that may hold anything, as one that cannot be taken for more than that: a newline,
 * another control character (C0, DEL, C1, U+2028, U+2029, marks that turn the direction of writing), '<',
 * '>', '\' and a byte that is not UTF-8 are written as \n, \t, \r, \\, or for each byte \xNN with two capital
 * digits.
 */
void parley_section_add_name(struct parley_section *s, struct parley_view name);

/* Writes the text, without white space at its ends, cut so that it fits into `tokens` (at most
   PARLEY_SECTION_TOKENS). Returns its length, 0 also when not even the mark fits; PARLEY_ERR_TOO_LONG when
   `bytes` are not enough. */
long parley_section_fit(const struct parley_section *s, char *out, size_t bytes, size_t tokens);

#endif
