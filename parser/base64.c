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

/* The six bits of a character, or -1 for any other. */
#define BITS(c)                                                                                              \
    ((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'                                                                  \
     : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26                                                             \
     : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52                                                             \
     : (c) == '+'               ? 62                                                                         \
     : (c) == '/'               ? 63                                                                         \
                                : -1)
#define WRONG        0xFF000000u /* no group of four characters has any of these bits */
#define AT_4(at, c)  at(c), at((c) + 1), at((c) + 2), at((c) + 3)
#define AT_16(at, c) AT_4(at, c), AT_4(at, (c) + 4), AT_4(at, (c) + 8), AT_4(at, (c) + 12)
#define AT_64(at, c) AT_16(at, c), AT_16(at, (c) + 16), AT_16(at, (c) + 32), AT_16(at, (c) + 48)
#define AT_256(at)   AT_64(at, 0), AT_64(at, 64), AT_64(at, 128), AT_64(at, 192)

/* The bits of the character `c` at its place in a group of four, 0 to 3; at least WRONG for what is none. */
#ifdef __OPTIMIZE_SIZE__
#define AT(c) (signed char)BITS(c)
static const signed char bits[256] = {AT_256(AT)};

static uint32_t placed(int place, unsigned char c)
{
    return (uint32_t)bits[c] << (18 - 6 * place);
}
#else /* a table for each place, so that nothing is left to shift */
#define SHIFTED(c, shift) (BITS(c) < 0 ? WRONG : (uint32_t)BITS(c) << (shift))
#define AT_0(c)           SHIFTED(c, 18)
#define AT_1(c)           SHIFTED(c, 12)
#define AT_2(c)           SHIFTED(c, 6)
#define AT_3(c)           SHIFTED(c, 0)
static const uint32_t places[4][256] = {{AT_256(AT_0)}, {AT_256(AT_1)}, {AT_256(AT_2)}, {AT_256(AT_3)}};

static uint32_t placed(int place, unsigned char c)
{
    return places[place][c];
}
#endif

static uint32_t group(const unsigned char *in)
{
    return placed(0, in[0]) | placed(1, in[1]) | placed(2, in[2]) | placed(3, in[3]);
}

/* Where `in`, which begins with a group and ends the text, stops to be what base64 can begin with; `len`
 * when nowhere. */
static size_t first_wrong(const unsigned char *in, size_t len)
{
    size_t at = 0;
    while (at < len && placed(3, in[at]) < WRONG)
        at++;
    size_t place = at % 4;
    if (at == len || in[at] != '=' || place < 2)
        return at;
    if ((placed(3, in[at - 1]) & (place == 2 ? 15 : 3)) != 0) /* the bits padding leaves unused */
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
    uint32_t bytes = placed(0, in[0]) | placed(1, in[1]);
    bool two = in[2] != '=';
    *out++ = (unsigned char)(bytes >> 16);
    if (two)
        *out++ = (unsigned char)((bytes | placed(2, in[2])) >> 8);
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
