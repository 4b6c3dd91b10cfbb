/* OpenSSL's base64. */
#include "test/bench/stages/bench.h"

#include <openssl/evp.h>

static bool decode(char *text, size_t len)
{
    int bytes = EVP_DecodeBlock((unsigned char *)bench_out, (const unsigned char *)text, (int)len);
    return bytes == (int)(len / 4 * 3); /* it counts padding, too */
}

static bool encode(char *from, size_t bytes)
{
    int len = EVP_EncodeBlock((unsigned char *)bench_out, (const unsigned char *)from, (int)bytes);
    return len == (int)((bytes + 2) / 3 * 4);
}

const struct bench_base64 bench_openssl = {"OpenSSL EVP", decode, encode};
