/*
 * What the programs show of other people's text: see text.h.
 */
#include "core/cli/text.h"

#include "parser/utf8.h"

#include <stdbool.h>

enum { REPLACEMENT = 0xfffd };

/* The length that a leading byte announces; 1 for one that leads nothing. */
static size_t announced(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

size_t parley_cli_text_next(struct parley_view text, uint32_t *code)
{
    unsigned char lead = (unsigned char)text.at[0];
    size_t len = announced(lead);

    if (len > text.len || !parley_utf8_valid(parley_view_of(text.at, len))) {
        *code = REPLACEMENT;
        return 1;
    }
    *code = len == 1 ? lead : lead & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        *code = *code << 6 | ((unsigned char)text.at[i] & 0x3fu);
    return len;
}

struct range {
    uint32_t first, last;
};

static bool within(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

/* Coarse, and enough for a status line: Unicode's East Asian Width W and F, and the common combining marks.
 */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
static const struct range combining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x093c, 0x093c}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x1ab0, 0x1aff},
    {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0x2060, 0x2064}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};
static const struct range dangerous[] = {
    {0x00, 0x1f}, {0x7f, 0x9f}, {0x061c, 0x061c}, {0x2028, 0x202e}, {0x2066, 0x2069},
};

#define WITHIN(ranges, code) within(ranges, sizeof(ranges) / sizeof(ranges)[0], code)

size_t parley_cli_text_columns(uint32_t code)
{
    return WITHIN(combining, code) ? 0 : WITHIN(wide, code) ? 2 : 1;
}

size_t parley_cli_text_width(struct parley_view text)
{
    size_t columns = 0;

    while (text.len > 0) {
        uint32_t code;

        text = parley_view_skip(text, parley_cli_text_next(text, &code));
        columns += parley_cli_text_columns(code);
    }
    return columns;
}

static uint32_t shown(uint32_t code)
{
    if (code == '\n' || code == '\r' || code == '\t')
        return ' ';
    return WITHIN(dangerous, code) ? '?' : code;
}

/* Copies character by character through `change`; *all tells whether everything fitted. */
static size_t copy(char *out, size_t bytes, struct parley_view text, uint32_t (*change)(uint32_t), bool *all)
{
    size_t used = 0;

    while (text.len > 0) {
        char character[4];
        uint32_t code;
        size_t taken = parley_cli_text_next(text, &code);
        size_t len = parley_utf8_put(character, change(code));

        if (len > bytes - used)
            break;
        memcpy(out + used, character, len);
        used += len;
        text = parley_view_skip(text, taken);
    }
    *all = text.len == 0;
    return used;
}

size_t parley_cli_text_clean(char *out, size_t bytes, struct parley_view text)
{
    static const char more[] = "...";
    bool all;
    size_t used = copy(out, bytes, text, shown, &all);

    if (all || bytes < sizeof more)
        return used;
    used = copy(out, bytes - (sizeof more - 1), text, shown, &all);
    memcpy(out + used, more, sizeof more - 1);
    return used + sizeof more - 1;
}

static uint32_t unchanged(uint32_t code)
{
    return code;
}

size_t parley_cli_text_repair(char *out, size_t bytes, struct parley_view text)
{
    bool all;

    return copy(out, bytes, text, unchanged, &all);
}

size_t parley_cli_text_whole(struct parley_view text)
{
    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        unsigned char byte = (unsigned char)text.at[text.len - back];

        if ((byte & 0xc0) != 0x80)
            return announced(byte) > back ? text.len - back : text.len;
    }
    return text.len;
}

struct parley_view parley_cli_text_tail(struct parley_view text, size_t columns)
{
    size_t width = parley_cli_text_width(text);

    while (text.len > 0 && width > columns) {
        uint32_t code;

        text = parley_view_skip(text, parley_cli_text_next(text, &code));
        width -= parley_cli_text_columns(code);
    }
    return text;
}

struct parley_view parley_cli_text_line(struct parley_view text, size_t columns)
{
    size_t len = 0, at_space = 0, width = 0;

    while (len < text.len) {
        uint32_t code;
        size_t next = parley_cli_text_next(parley_view_skip(text, len), &code);

        if (code == ' ' && len > 0)
            at_space = len;
        width += parley_cli_text_columns(code);
        if (width > columns && len > 0)
            return parley_view_of(text.at, at_space > 0 ? at_space : len);
        len += next;
    }
    return text;
}
