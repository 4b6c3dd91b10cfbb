/*
 * Care for text that is shown to a person: used by the log, by reasons and by the user's name.
 */
#include "platform/text.h"

/* How many bytes the UTF-8 character that starts with `lead` has; 1 for what starts none. */
static size_t length_of(unsigned char lead)
{
    return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

size_t parley_text_cut(struct parley_view text, size_t limit)
{
    size_t end = text.len < limit ? text.len : limit;
    size_t back = 1;

    /* Back over the continuation bytes to the start of the last character: is all of it there? */
    while (back < end && ((unsigned char)text.at[end - back] & 0xc0) == 0x80)
        back++;
    if (end > 0 && length_of((unsigned char)text.at[end - back]) > back)
        end -= back;
    return end;
}

void parley_text_tame(char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 = c == 0xc2 && i + 1 < bytes && ((unsigned char)text[i + 1] & 0xe0) == 0x80;

        if (c1)
            text[i + 1] = '?';
        if (c < 0x20 || c == 0x7f || c1)
            text[i] = '?';
    }
}
