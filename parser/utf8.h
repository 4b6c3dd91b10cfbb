#ifndef PARLEY_PARSER_UTF8_H
#define PARLEY_PARSER_UTF8_H

#include "platform/view.h"
#include <stdint.h>

/* How far the check of a text that comes in pieces has got. Zeroed at the start of each text. */
struct parley_utf8 {
    uint8_t need;      /* continuation bytes still to come; 0 between characters */
    uint8_t low, high; /* the range the next one must lie in */
};

/* Checks the next piece (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
   Returns its length when all of it is fine so far, else the offset of the first wrong byte. */
size_t parley_utf8_feed(struct parley_utf8 *state, struct parley_view piece);

/* True when the whole text is UTF-8. */
bool parley_utf8_valid(struct parley_view text);

/* The longest start of `text` of at most `bytes` bytes that ends with a whole character. */
struct parley_view parley_utf8_cut(struct parley_view text, size_t bytes);

/* `text` without the white space at both ends, white space being what Unicode calls so (as in reference 4.4,
   where "trimmed" is that of Rust's strings): the ASCII kinds, U+0085, U+00A0, U+1680, U+2000 to U+200A,
   U+2028, U+2029, U+202F, U+205F, U+3000. */
struct parley_view parley_utf8_trim(struct parley_view text);

/* The length of the character of that white space that `text` begins with, 0 when it begins with none. */
size_t parley_utf8_space(struct parley_view text);

/* Writes one code point (up to 0x10FFFF); returns its length 1..4. */
size_t parley_utf8_put(char out[4], uint32_t code_point);

#endif
