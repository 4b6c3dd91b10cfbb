/*
 * Words for failures; used by all of transport/wss above the stream.
 */
#include "transport/wss/why.h"

#include "parser/utf8.h"
#include "platform/text.h"

#include <stdarg.h>
#include <stdio.h>

void parley_why(char why[PARLEY_TRANSPORT_REASON], const char *format, ...)
{
    size_t bytes;
    va_list arguments;

    va_start(arguments, format);
    if (vsnprintf(why, PARLEY_TRANSPORT_REASON, format, arguments) < 0)
        why[0] = '\0';
    va_end(arguments);
    bytes = parley_text_cut(parley_view(why), PARLEY_TRANSPORT_REASON - 1);
    parley_text_tame(why, bytes);
    why[bytes] = '\0';
}

bool parley_why_add(char why[PARLEY_TRANSPORT_REASON], size_t spare, const char *format, ...)
{
    size_t used = strlen(why), room = PARLEY_TRANSPORT_REASON - used;
    va_list arguments;

    va_start(arguments, format);
    int wanted = vsnprintf(why + used, room, format, arguments);
    va_end(arguments);
    if (wanted < 0 || (size_t)wanted + spare >= room) {
        why[used] = '\0';
        return false;
    }
    parley_text_tame(why + used, (size_t)wanted);
    return true;
}

static bool is_space(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

/* The bytes up to the next white space. */
static struct parley_view first_word(struct parley_view text)
{
    size_t len = 0;

    while (len < text.len && !is_space(text.at[len]))
        len++;
    return parley_view_of(text.at, len);
}

/* The length of the character that `text` begins with, 0 when that is not UTF-8. */
static size_t character(struct parley_view text)
{
    struct parley_utf8 state = {0};

    for (size_t i = 0; i < text.len; i++) {
        if (parley_utf8_feed(&state, parley_view_of(text.at + i, 1)) == 0)
            return 0;
        if (state.need == 0)
            return i + 1;
    }
    return 0;
}

/* Appends a word, with '?' for each byte that is not UTF-8. Returns the new length. When not all of it fits,
 *size becomes that length as well, so that nothing follows. */
static size_t put_word(char *out, size_t used, size_t *size, struct parley_view word)
{
    while (word.len > 0) {
        size_t good = character(word), bytes = good > 0 ? good : 1;

        if (*size - used < bytes)
            *size = used;
        if (*size == used)
            break;
        memcpy(out + used, good > 0 ? word.at : "?", bytes);
        used += bytes;
        word = parley_view_skip(word, bytes);
    }
    return used;
}

size_t parley_why_clean(char *out, size_t size, struct parley_view text)
{
    static const struct parley_view bearer = PARLEY_VIEW("Bearer");
    static const struct parley_view key = PARLEY_VIEW("sk-");
    static const struct parley_view hidden = PARLEY_VIEW("***");
    bool secret = false;
    size_t used = 0;

    size--;
    while (text.len > 0 && used < size) {
        struct parley_view word = first_word(text);

        text = parley_view_skip(text, word.len > 0 ? word.len : 1);
        if (word.len == 0)
            continue;
        if (used > 0)
            out[used++] = ' ';
        used = put_word(out, used, &size, secret || parley_view_starts(word, key) ? hidden : word);
        secret = parley_view_equal(word, bearer);
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
    return used;
}
