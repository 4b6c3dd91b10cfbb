/* Base64 as one would write it by hand for speed: a table for each place in a group of four, errors seen once
 * a group. */
#include "test/bench/stages/bench.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint32_t places[4][256];

static void fill(void)
{
    for (unsigned place = 0; place < 4; place++) {
        for (unsigned c = 0; c < 256; c++)
            places[place][c] = UINT32_MAX;
        for (unsigned bits = 0; bits < 64; bits++)
            places[place][(unsigned char)alphabet[bits]] = bits << (18 - 6 * place);
    }
}

size_t bench_table_decode(char *out, const char *text, size_t len)
{
    const unsigned char *in = (const unsigned char *)text;
    char *start = out;

    if (places[0]['B'] == 0)
        fill();
    for (size_t i = 0; i + 4 <= len; i += 4, out += 3) {
        uint32_t bytes =
            places[0][in[i]] | places[1][in[i + 1]] | places[2][in[i + 2]] | places[3][in[i + 3]];
        if (bytes == UINT32_MAX) {
            if (i + 4 < len || in[i + 3] != '=')
                return 0;
            bytes = places[0][in[i]] | places[1][in[i + 1]] | (in[i + 2] != '=' ? places[2][in[i + 2]] : 0);
            out[0] = (char)(bytes >> 16);
            out[1] = (char)(bytes >> 8);
            return (size_t)(out - start) + (in[i + 2] != '=' ? 2 : 1);
        }
        out[0] = (char)(bytes >> 16);
        out[1] = (char)(bytes >> 8);
        out[2] = (char)bytes;
    }
    return (size_t)(out - start);
}

size_t bench_table_encode(char *out, const char *from, size_t bytes)
{
    const unsigned char *in = (const unsigned char *)from;
    char *start = out;

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
        out += 4;
    }
    return (size_t)(out - start);
}
