/* A text of which the start and the end are kept. See context/section.h. */
#include "context/section.h"

#include "parser/utf8.h"

enum { EDGE = PARLEY_SECTION_EDGE };

void parley_section_begin(struct parley_section *s)
{
    s->used = 0;
    s->gone = 0;
}

/* Drops what lies between the start and the end. That moves EDGE bytes and makes room for as many, so it
   costs each byte added no more than one move. */
static void drop_middle(struct parley_section *s)
{
    size_t between = s->used - 2 * EDGE;

    memmove(s->at + EDGE, s->at + EDGE + between, EDGE);
    s->used -= between;
    s->gone += between;
}

void parley_section_add(struct parley_section *s, struct parley_view text)
{
    while (text.len > 0) {
        size_t room = sizeof s->at - s->used;
        size_t taken = text.len < room ? text.len : room;

        if (room == 0) {
            drop_middle(s);
            continue;
        }
        memcpy(s->at + s->used, text.at, taken);
        s->used += taken;
        text = parley_view_skip(text, taken);
    }
}

void parley_section_add_text(struct parley_section *s, const char *text)
{
    parley_section_add(s, parley_view(text));
}

void parley_section_add_number(struct parley_section *s, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    parley_section_add(s, parley_view_of(digits + at, sizeof digits - at));
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The length of the UTF-8 character `text` begins with, 0 when it begins with none. */
static size_t character_first(struct parley_view text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++)
        if (parley_utf8_valid(parley_view_of(text.at, len)))
            return len;
    return 0;
}

/* Characters of several bytes that end a line, steer a terminal or turn the writing round: they would let a
   name look like something else. */
static bool misleads(struct parley_view c)
{
    const unsigned char *at = (const unsigned char *)c.at;

    if (c.len == 2) /* C1, U+061C */
        return (at[0] == 0xC2 && at[1] < 0xA0) || (at[0] == 0xD8 && at[1] == 0x9C);
    if (c.len != 3 || at[0] != 0xE2)
        return false;
    if (at[1] == 0x80) /* U+200E, U+200F, U+2028 to U+202E */
        return at[2] == 0x8E || at[2] == 0x8F || (at[2] >= 0xA8 && at[2] <= 0xAE);
    return at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9; /* U+2066 to U+2069 */
}

static bool shown_as_it_is(struct parley_view c)
{
    if (c.len == 1)
        return (unsigned char)c.at[0] >= ' ' && c.at[0] != 0x7F && strchr("\\<>", c.at[0]) == NULL;
    return c.len > 1 && !misleads(c);
}

static void add_escaped(struct parley_section *s, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char named[][2] = {{'\n', 'n'}, {'\t', 't'}, {'\r', 'r'}, {'\\', '\\'}};
    char hex[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (byte == (unsigned char)named[i][0]) {
            parley_section_add(s, parley_view_of((const char[]){'\\', named[i][1]}, 2));
            return;
        }
    }
    parley_section_add(s, parley_view_of(hex, sizeof hex));
}

void parley_section_add_name(struct parley_section *s, struct parley_view name)
{
    while (name.len > 0) {
        size_t len = character_first(name);
        struct parley_view c = parley_view_of(name.at, len > 0 ? len : 1);

        if (len > 0 && shown_as_it_is(c))
            parley_section_add(s, c);
        else
            for (size_t i = 0; i < c.len; i++)
                add_escaped(s, (unsigned char)c.at[i]);
        name = parley_view_skip(name, c.len);
    }
}

/* ---- the end --------------------------------------------------------------------------------- */

long parley_section_fit(const struct parley_section *s, char *out, size_t bytes, size_t tokens)
{
    size_t gone =
        s->gone < SIZE_MAX / 2 ? (size_t)s->gone : SIZE_MAX / 2; /* where 32 bits are all there is */

    return parley_fit_shortened(out, bytes, parley_utf8_trim(parley_view_of(s->at, s->used)), gone, tokens);
}
