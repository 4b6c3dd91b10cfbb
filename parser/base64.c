/*
 * Base64 by tables: audio comes and goes in it, so it runs over every sample. See parser/base64.h. Where the
 * machine has vectors they go first (parser/base64_vector.h); what they leave is done here, and all that is
 * said about a text that is wrong.
 */
#include "parser/base64.h"
#include "parser/base64_vector.h"
#include "platform/status.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void parley_base64_encode(char *out, const void *from, size_t bytes)
{
    parley_base64_encode_by(parley_vector_best(), out, from, bytes);
}

void parley_base64_encode_by(enum parley_vector by, char *out, const void *from, size_t bytes)
{
    size_t done = parley_vector_encode(by, out, from, bytes);
    const unsigned char *in = (const unsigned char *)from + done;
    out += done / 3 * 4;
    bytes -= done;
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

static void put_three(unsigned char *out, uint32_t bytes)
{
    out[0] = (unsigned char)(bytes >> 16);
    out[1] = (unsigned char)(bytes >> 8);
    out[2] = (unsigned char)bytes;
}

/* Decodes whole groups and returns where that ends. Two at a time as long as there are: writing stays behind
 * reading, so what is left from there on is untouched. */
static const unsigned char *pass_groups(unsigned char *out, const unsigned char *in, const unsigned char *end)
{
    for (; end - in >= 8; in += 8, out += 6) {
        uint32_t first = group(in), second = group(in + 4);
        if ((first | second) >= WRONG)
            break;
        put_three(out, first);
        put_three(out + 3, second);
    }
    for (; end - in >= 4 && group(in) < WRONG; in += 4, out += 3)
        put_three(out, group(in));
    return in;
}

/* The last group, which is padded. Returns where writing ended. */
static unsigned char *finish(unsigned char *out, const unsigned char *in)
{
    uint32_t bytes = places[0][in[0]] | places[1][in[1]];
    bool two = in[2] != '=';
    *out++ = (unsigned char)(bytes >> 16);
    if (two)
        *out++ = (unsigned char)((bytes | places[2][in[2]]) >> 8);
    return out;
}

size_t parley_base64_decode_start_by(enum parley_vector by, void *into, struct parley_view text)
{
    size_t done = parley_vector_decode(by, into, text.at, text.len);
    const unsigned char *start = (const unsigned char *)text.at;
    return (size_t)(pass_groups((unsigned char *)into + done / 4 * 3, start + done, start + text.len) -
                    start);
}

size_t parley_base64_decode_start(void *into, struct parley_view text)
{
    return parley_base64_decode_start_by(parley_vector_best(), into, text);
}

long parley_base64_decode_by(enum parley_vector by, void *into, struct parley_view text, size_t *bad)
{
    if (text.len == 0)
        return 0;
    size_t done = parley_base64_decode_start_by(by, into, text), left = text.len - done;
    const unsigned char *in = (const unsigned char *)text.at + done;
    size_t wrong = first_wrong(in, left);
    if (wrong < left || left % 4 != 0) {
        if (bad != NULL)
            *bad = done + wrong;
        return PARLEY_ERR_BASE64;
    }
    unsigned char *end = (unsigned char *)into + done / 4 * 3;
    if (left > 0)
        end = finish(end, in);
    return (long)(end - (unsigned char *)into);
}

long parley_base64_decode(void *into, struct parley_view text, size_t *bad)
{
    return parley_base64_decode_by(parley_vector_best(), into, text, bad);
}
