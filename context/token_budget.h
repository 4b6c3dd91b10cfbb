#ifndef PARLEY_CONTEXT_TOKEN_BUDGET_H
#define PARLEY_CONTEXT_TOKEN_BUDGET_H

#include "platform/view.h"

/* Tokens as this system estimates them everywhere: bytes / 4, rounded up (reference 8). */
static inline size_t parley_tokens(size_t bytes)
{
    return bytes / 4 + (bytes % 4 != 0);
}

/*
 * Cuts the middle out of a text so that about `tokens` remain, with a mark in its place (reference 8.2).
 * Writes to `out`, which may not overlap the text; with `out` NULL only counts. Never cuts a character.
 * Returns the length of the result, which may exceed the budget by the mark, or PARLEY_ERR_TOO_LONG when
 * `bytes` are not enough (what `out` then holds is of no use).
 */
long parley_truncate(char *out, size_t bytes, struct parley_view text, size_t tokens);

/* Like parley_truncate, but the result, mark included, fits into `tokens`; "" when not even the mark does. */
long parley_fit(char *out, size_t bytes, struct parley_view text, size_t tokens);

/* parley_fit of a text out of whose middle `gone` bytes are missing, but none of the first or the last
   2 * tokens + 4. */
long parley_fit_shortened(char *out, size_t bytes, struct parley_view text, size_t gone, size_t tokens);

/* parley_fit of a text with a short ASCII label in front, which counts. `tokens` is at least twice the
 * label's. */
long parley_fit_labelled(char *out, size_t bytes, struct parley_view label, struct parley_view text,
                         size_t tokens);

#endif
