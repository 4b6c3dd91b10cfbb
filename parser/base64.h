#ifndef PARLEY_PARSER_BASE64_H
#define PARLEY_PARSER_BASE64_H

#include "platform/view.h"
#include <stdint.h>

/* Bytes of base64 text for `bytes` bytes of data, with padding and without a terminator. */
static inline size_t parley_base64_length(size_t bytes)
{
    return (bytes + 2) / 3 * 4;
}

/* Encodes (RFC 4648, section 4, padded). `out` has room for parley_base64_length(bytes), and may not overlap.
 */
void parley_base64_encode(char *out, const void *from, size_t bytes);

/*
 * Decodes; `into` may be text.at itself (in place), or begin before it. Strict: the standard alphabet,
 * padding required, unused bits zero, no white space. `into` has room for text.len / 4 * 3 bytes. Returns the
 * number of bytes, or PARLEY_ERR_BASE64 with *bad (may be NULL) the offset of the first wrong character; what
 * `into` then holds is undefined.
 */
long parley_base64_decode(void *into, struct parley_view text, size_t *bad);

/*
 * Decodes the groups of four characters that `text` begins with, up to the first that holds anything else
 * than the alphabet, padding included: for a text that is found only by reading on. `into` as above. Returns
 * the characters decoded, of which each four are three bytes. What follows them is untouched, and
 * parley_base64_decode decodes it as if nothing were before it.
 */
size_t parley_base64_decode_start(void *into, struct parley_view text);

#endif
