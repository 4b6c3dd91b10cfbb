/* UTF-8 as RFC 3629 has it: checked piece by piece, cut, trimmed and written. See parser/utf8.h. */
#include "parser/utf8.h"
#include "parser/scan.h"

/* The plain ASCII bytes `text` begins with. A long run, which is most likely audio, is passed in strides. */
static size_t ascii_run(const char *text, size_t len)
{
    enum { BLOCK = PARLEY_SCAN_BYTES, STRIDE = 4 * BLOCK };
    size_t at = 0;
    while (len - at >= BLOCK) {
        uint64_t marks = parley_scan_not_ascii(text + at);
        if (marks != 0) {
            at += parley_scan_first(marks);
            break;
        }
        at += BLOCK;
        while (at >= STRIDE && len - at >= STRIDE && parley_scan_four_ascii(text + at))
            at += STRIDE;
    }
    while (at < len && (unsigned char)text[at] < 0x80)
        at++;
    return at;
}

/* What may follow the first byte of a character of several bytes: `need` 0 says it is no such byte. The
 * narrower ranges shut out overlong forms (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4). */
static struct parley_utf8 after_lead(unsigned char lead)
{
    struct parley_utf8 next = {0, 0x80, 0xBF};
    if (lead >= 0xC2 && lead <= 0xDF)
        next.need = 1;
    else if (lead >= 0xE0 && lead <= 0xEF)
        next.need = 2;
    else if (lead >= 0xF0 && lead <= 0xF4)
        next.need = 3;

    if (lead == 0xE0)
        next.low = 0xA0;
    else if (lead == 0xED)
        next.high = 0x9F;
    else if (lead == 0xF0)
        next.low = 0x90;
    else if (lead == 0xF4)
        next.high = 0x8F;
    return next;
}

size_t parley_utf8_feed(struct parley_utf8 *state, struct parley_view piece)
{
    struct parley_utf8 now = *state;
    size_t at = 0;
    while (at < piece.len) {
        unsigned char c = (unsigned char)piece.at[at];
        if (now.need > 0) {
            if (c < now.low || c > now.high)
                break;
            now = (struct parley_utf8){(uint8_t)(now.need - 1), 0x80, 0xBF};
            at++;
        } else if (c < 0x80) {
            at += ascii_run(piece.at + at, piece.len - at);
        } else {
            struct parley_utf8 next = after_lead(c);
            if (next.need == 0)
                break;
            now = next;
            at++;
        }
    }
    *state = now;
    return at;
}

bool parley_utf8_valid(struct parley_view text)
{
    struct parley_utf8 state = {0};
    return parley_utf8_feed(&state, text) == text.len && state.need == 0;
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

struct parley_view parley_utf8_cut(struct parley_view text, size_t bytes)
{
    if (bytes >= text.len)
        return text;
    size_t len = bytes;
    /* A character has at most three continuation bytes; more of them are no text, and cut anywhere. */
    while (len > 0 && bytes - len < 4 && continues(text.at[len]))
        len--;
    return parley_view_of(text.at, bytes - len < 4 ? len : bytes);
}

size_t parley_utf8_put(char out[4], uint32_t code_point)
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t more = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t i = more; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)(lead[more] | code_point);
    return more + 1;
}

/* Unicode's White_Space above ASCII, all of it in the forms C2 xx and E1..E3 xx xx. */
static bool wide_space(struct parley_view c)
{
    static const char *const two[] = {"\xC2\x85", "\xC2\xA0"};
    static const char *const three[] = {"\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9",
                                        "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    if (c.len == 2)
        return memcmp(c.at, two[0], 2) == 0 || memcmp(c.at, two[1], 2) == 0;
    if (memcmp(c.at, "\xE2\x80", 2) == 0 && continues(c.at[2]) && (unsigned char)c.at[2] <= 0x8A)
        return true; /* U+2000 to U+200A */
    for (size_t i = 0; i < sizeof three / sizeof three[0]; i++)
        if (memcmp(c.at, three[i], 3) == 0)
            return true;
    return false;
}

size_t parley_utf8_space(struct parley_view text)
{
    if (text.len == 0)
        return 0;
    char c = text.at[0];
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return 1;
    size_t len = (unsigned char)c == 0xC2 ? 2 : 3;
    return len <= text.len && wide_space(parley_view_of(text.at, len)) ? len : 0;
}

/* The same at its end. */
static size_t space_last(struct parley_view text)
{
    for (size_t len = 1; len <= 3 && len <= text.len; len++)
        if (parley_utf8_space(parley_view_of(text.at + text.len - len, len)) == len)
            return len;
    return 0;
}

struct parley_view parley_utf8_trim(struct parley_view text)
{
    for (size_t len; (len = parley_utf8_space(text)) > 0;)
        text = parley_view_skip(text, len);
    for (size_t len; (len = space_last(text)) > 0;)
        text.len -= len;
    return text;
}
