/*
 * How to address the person at the machine: the part of user.h that needs no system.
 */
#include "platform/first_name.h"
#include "platform/text.h"

/* True when the text is made of whole UTF-8 characters. An account of another age may hold Latin-1, which
   would make every message that carries it unreadable. Overlong forms do not matter here. */
static bool is_whole(struct parley_view text)
{
    for (size_t i = 0; i < text.len;) {
        unsigned char lead = (unsigned char)text.at[i++];
        size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;

        if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || more > text.len - i)
            return false;
        for (; more > 0; more--)
            if (((unsigned char)text.at[i++] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

static struct parley_view first_word(struct parley_view text)
{
    size_t end = 0;

    text = parley_view_trim(text);
    while (end < text.len && text.at[end] != ',' && text.at[end] != ' ' &&
           (text.at[end] < '\t' || text.at[end] > '\r'))
        end++;
    return parley_view_of(text.at, end);
}

void parley_first_name(struct parley_view full_name, struct parley_view login, char *out, size_t bytes)
{
    struct parley_view name = first_word(full_name);

    if (bytes == 0)
        return;
    if (name.len == 0 || !is_whole(name))
        name = parley_view_trim(login);
    if (name.len == 0 || !is_whole(name))
        name = parley_view("there");
    name.len = parley_text_cut(name, bytes - 1);
    memcpy(out, name.at, name.len);
    out[name.len] = '\0';
    parley_text_tame(out, name.len);
}
