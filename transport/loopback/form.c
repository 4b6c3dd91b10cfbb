/*
 * Writes the messages of the loopback's peers; see form.h.
 */
#include "transport/loopback/form.h"

static void put_one(struct parley_render *r, char what, va_list *list)
{
    switch (what) {
    case 's':
        parley_render_json(r, parley_view(va_arg(*list, const char *)));
        break;
    case 'v':
        parley_render_json(r, va_arg(*list, struct parley_view));
        break;
    case 'r':
        parley_render_raw(r, va_arg(*list, struct parley_view));
        break;
    case 'u':
        parley_render_number(r, va_arg(*list, unsigned));
        break;
    default:
        parley_render_number(r, va_arg(*list, uint64_t));
        break;
    }
}

void parley_form_list(struct parley_render *r, const char *pattern, va_list list)
{
    va_list rest;

    va_copy(rest, list); /* so that a pointer to it can be passed on */
    while (*pattern != '\0') {
        size_t plain = strcspn(pattern, "'%");

        parley_render_raw(r, parley_view_of(pattern, plain));
        pattern += plain;
        if (*pattern == '\'') {
            parley_render_raw(r, parley_view("\""));
            pattern++;
        } else if (*pattern == '%') {
            put_one(r, pattern[1], &rest);
            pattern += 2;
        }
    }
    va_end(rest);
}

void parley_form(struct parley_render *r, const char *pattern, ...)
{
    va_list list;

    va_start(list, pattern);
    parley_form_list(r, pattern, list);
    va_end(list);
}

void parley_form_pcm(struct parley_render *r, const int16_t *pcm, size_t samples)
{
    enum { PIECE = 480 }; /* 960 bytes, a multiple of 3: pieces of base64 can be joined */

    while (samples > 0) {
        char bytes[PIECE * 2];
        size_t piece = samples < PIECE ? samples : PIECE;

        for (size_t i = 0; i < piece; i++) {
            bytes[2 * i] = (char)(pcm[i] & 0xFF);
            bytes[2 * i + 1] = (char)((uint16_t)pcm[i] >> 8);
        }
        parley_render_base64(r, parley_view_of(bytes, piece * 2));
        pcm += piece;
        samples -= piece;
    }
}
