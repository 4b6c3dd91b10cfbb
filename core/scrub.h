#ifndef PARLEY_CORE_SCRUB_H
#define PARLEY_CORE_SCRUB_H

#include "core/parley.h"
#include "platform/arena.h"

/*
 * Texts without the secrets of the options: the key, and the values of headers and query parameters, with
 * their words, and the proxy's password, where they are of PARLEY_SCRUB_MIN bytes or more. Wherever one
 * occurs, as it is or with escapes of JSON, each of its characters becomes a star; all lengths stay what they
 * were, also that of what JSON makes of the text. Where sound is not to be told, long runs of base64 become
 * silence in the same way.
 */
enum { PARLEY_SCRUB_MIN = 8 };

struct parley_scrub {
    struct parley_view *secrets;
    size_t secret_count;
    size_t longest;          /* bytes of a text that may be one secret */
    uint8_t begins[256 / 8]; /* a bit for each character with which one may begin */
    bool silence;
};

/* Carves copies of the secrets, which stay until the block is wiped. */
void parley_scrub_open(struct parley_scrub *s, struct parley_arena *arena, const struct parley_options *o);

/* Gives the text to `take`, cleaned, in pieces of any length; as many bytes in all as the text has. */
void parley_scrub(const struct parley_scrub *s, struct parley_view text,
                  void (*take)(void *to, const char *at, size_t len), void *to);

/* The first `bytes` bytes of a text, or so: a secret, or a character, is not cut in two. */
struct parley_view parley_scrub_cut(const struct parley_scrub *s, struct parley_view text, size_t bytes);

#endif
