/* Base64 by tables: audio comes and goes in it, so it runs over every sample. See parser/base64.h. */
#include "parser/base64.h"
#include "platform/status.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void parley_base64_encode(char *out, const void *from, size_t bytes)
{
    const unsigned char *in = from;
    for (; bytes >= 3; bytes -= 3, in += 3, out += 4) {
        uint32_t three = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = alphabet[three >> 18];
        out[1] = alphabet[three >> 12 & 63];
        out[2] = alphabet[three >> 6 & 63];
        out[3] = alphabet[three & 63];
    }
    if (bytes > 0) {
        uint32_t rest = (uint32_t)in[0] << 16 | (bytes > 1 ? (uint32_t)in[1] << 8 : 0);
        out[0] = alphabet[rest >> 18];
        out[1] = alphabet[rest >> 12 & 63];
        out[2] = bytes > 1 ? alphabet[rest >> 6 & 63] : '=';
        out[3] = '=';
    }
}

/* The six bits of a character; WRONG, with bits no group of four characters has, for any other. */
#define WRONG 0xFF000000u
#define BITS(c)                                                                                              \
    ((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'                                                                  \
     : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26                                                             \
     : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52                                                             \
     : (c) == '+'               ? 62                                                                         \
     : (c) == '/'               ? 63                                                                         \
                                : WRONG)

/* One table for each place in a group of four, so that nothing is left to shift. */
#define AT_1(c, shift)  (BITS(c) == WRONG ? WRONG : BITS(c) << (shift))
#define AT_4(c, shift)  AT_1(c, shift), AT_1((c) + 1, shift), AT_1((c) + 2, shift), AT_1((c) + 3, shift)
#define AT_16(c, shift) AT_4(c, shift), AT_4((c) + 4, shift), AT_4((c) + 8, shift), AT_4((c) + 12, shift)
#define AT_64(c, shift)                                                                                      \
    AT_16(c, shift), AT_16((c) + 16, shift), AT_16((c) + 32, shift), AT_16((c) + 48, shift)
#define AT_256(shift) AT_64(0u, shift), AT_64(64u, shift), AT_64(128u, shift), AT_64(192u, shift)
static const uint32_t places[4][256] = {{AT_256(18)}, {AT_256(12)}, {AT_256(6)}, {AT_256(0)}};

static uint32_t group(const unsigned char *in)
{
    return places[0][in[0]] | places[1][in[1]] | places[2][in[2]] | places[3][in[3]];
}

/* Where `in`, which begins with a group and ends the text, stops to be what base64 can begin with; `len`
 * when nowhere. */
static size_t first_wrong(const unsigned char *in, size_t len)
{
    size_t at = 0;
    while (at < len && places[3][in[at]] != WRONG)
        at++;
    size_t place = at % 4;
    if (at == len || in[at] != '=' || place < 2)
        return at;
    if ((places[3][in[at - 1]] & (place == 2 ? 15 : 3)) != 0) /* the bits padding leaves unused */
        return at;
    for (; place < 4; place++, at++)
        if (at == len || in[at] != '=')
            return at;
    return at;
}

/* The last groups, of which the very last may be padded. Returns where writing ended. */
static unsigned char *finish(unsigned char *out, const unsigned char *in, const unsigned char *end)
{
    for (; in < end; in += 4) {
        bool second = in[2] != '=', third = in[3] != '=';
        uint32_t bytes = places[0][in[0]] | places[1][in[1]] | (second ? places[2][in[2]] : 0) |
                         (third ? places[3][in[3]] : 0);
        *out++ = (unsigned char)(bytes >> 16);
        if (second)
            *out++ = (unsigned char)(bytes >> 8);
        if (third)
            *out++ = (unsigned char)bytes;
    }
    return out;
}

long parley_base64_decode(void *into, struct parley_view text, size_t *bad)
{
    if (text.len == 0)
        return 0;
    const unsigned char *start = (const unsigned char *)text.at, *in = start, *end = start + text.len;
    unsigned char *out = into;
    /* Two groups at a time: writing stays behind reading, so what is left from `in` on is untouched. */
    for (; end - in >= 8; in += 8, out += 6) {
        uint32_t first = group(in), second = group(in + 4);
        if ((first | second) >= WRONG)
            break;
        out[0] = (unsigned char)(first >> 16);
        out[1] = (unsigned char)(first >> 8);
        out[2] = (unsigned char)first;
        out[3] = (unsigned char)(second >> 16);
        out[4] = (unsigned char)(second >> 8);
        out[5] = (unsigned char)second;
    }
    size_t left = (size_t)(end - in), wrong = first_wrong(in, left);
    if (wrong < left || text.len % 4 != 0) {
        if (bad != NULL)
            *bad = (size_t)(in - start) + wrong;
        return PARLEY_ERR_BASE64;
    }
    return (long)(finish(out, in, end) - (unsigned char *)into);
}
