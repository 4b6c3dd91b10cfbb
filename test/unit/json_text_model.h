#ifndef PARLEY_TEST_JSON_TEXT_MODEL_H
#define PARLEY_TEST_JSON_TEXT_MODEL_H

/*
 * The inside of a JSON string, put together one byte at a time and as plainly as it can be written: what
 * parley_render_json is compared with. Bad UTF-8 becomes U+FFFD by table 3-7 of the Unicode standard.
 */
#include "platform/view.h"
#include <stdio.h>

/* The length of the character at `at`, in *matched how many of its bytes are right; 0 when it is none. */
static inline size_t model_character(struct parley_view text, size_t at, size_t *matched)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    const unsigned char *c = (const unsigned char *)text.at + at;

    *matched = 0;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        if (c[0] < forms[f].first_low || c[0] > forms[f].first_high)
            continue;
        for (*matched = 1; *matched < forms[f].length && at + *matched < text.len; ++*matched) {
            unsigned char low = *matched == 1 ? forms[f].second_low : 0x80;
            unsigned char high = *matched == 1 ? forms[f].second_high : 0xBF;
            if (c[*matched] < low || c[*matched] > high)
                return 0;
        }
        return *matched == forms[f].length ? *matched : 0;
    }
    return 0;
}

/* Writes to `out`, which has room for 6 bytes for each of `text`; returns the length. */
static inline size_t model_json(char *out, struct parley_view text)
{
    size_t used = 0, matched;

    for (size_t at = 0; at < text.len;) {
        size_t length = model_character(text, at, &matched);
        char c = text.at[at];

        if (length == 0)
            used += (size_t)sprintf(out + used, "\xEF\xBF\xBD");
        else if (c == '"' || c == '\\')
            used += (size_t)sprintf(out + used, "\\%c", c);
        else if (c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t')
            used += (size_t)sprintf(out + used, "\\%c",
                                    c == '\b'   ? 'b'
                                    : c == '\f' ? 'f'
                                    : c == '\n' ? 'n'
                                    : c == '\r' ? 'r'
                                                : 't');
        else if (length == 1 && (unsigned char)c < 0x20)
            used += (size_t)sprintf(out + used, "\\u%04x", (unsigned)c);
        else
            for (size_t i = 0; i < length; i++)
                out[used++] = text.at[at + i];
        at += length > 0 ? length : matched > 0 ? matched : 1;
    }
    return used;
}

#endif
