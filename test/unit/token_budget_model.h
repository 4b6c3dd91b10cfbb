#ifndef PARLEY_TEST_TOKEN_BUDGET_MODEL_H
#define PARLEY_TEST_TOKEN_BUDGET_MODEL_H

/*
 * Reference 8.2 taken literally, character by character and with a copy at every step: what
 * context/token_budget.c is compared with. Texts are UTF-8; `out` has room for the text and 64 bytes more.
 */
#include "platform/view.h"
#include <stdio.h>
#include <string.h>

static inline size_t model_tokens(size_t bytes)
{
    return (bytes + 3) / 4;
}

static inline size_t model_character_length(char first)
{
    unsigned char c = (unsigned char)first;
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static inline size_t model_truncate(char *out, struct parley_view s, size_t n)
{
    size_t left, right, length = 0;
    bool marked = false;

    if (s.len == 0)
        return 0;
    if (n == 0)
        return (size_t)sprintf(out, "…%zu tokens truncated…", model_tokens(s.len));
    if (s.len <= 4 * n) {
        memcpy(out, s.at, s.len);
        return s.len;
    }
    left = 4 * n / 2;
    right = 4 * n - left;
    for (size_t at = 0, bytes; at < s.len; at += bytes) {
        bytes = model_character_length(s.at[at]);
        if (at + bytes > left && !marked) {
            length += (size_t)sprintf(out + length, "…%zu tokens truncated…", model_tokens(s.len - 4 * n));
            marked = true;
        }
        if (at + bytes <= left || at >= s.len - right) {
            memcpy(out + length, s.at + at, bytes);
            length += bytes;
        }
    }
    return length;
}

static inline size_t model_fit(char *out, struct parley_view s, size_t budget)
{
    size_t t = budget;

    for (;;) {
        size_t length = model_truncate(out, s, t);
        size_t over;

        if (model_tokens(length) <= budget)
            return length;
        over = model_tokens(length) - budget > 1 ? model_tokens(length) - budget : 1;
        t = over < t ? t - over : 0;
        if (t == 0) {
            length = model_truncate(out, s, 0);
            return model_tokens(length) <= budget ? length : 0;
        }
    }
}

#endif
