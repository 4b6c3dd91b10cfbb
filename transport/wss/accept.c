/*
 * base64(SHA-1(key + the constant of RFC 6455, 1.3)), for both sides of the handshake. See accept.h.
 */
#include "transport/wss/accept.h"

#include "parser/base64.h"

#include <mbedtls/md.h>
#include <string.h>

enum { SHA1_BYTES = 20 };

void parley_accept(char accept[PARLEY_ACCEPT_BYTES], const char key[PARLEY_ACCEPT_KEY])
{
    static const char constant[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[PARLEY_ACCEPT_KEY + sizeof constant - 1], digest[SHA1_BYTES] = {0};

    memcpy(text, key, PARLEY_ACCEPT_KEY);
    memcpy(text + PARLEY_ACCEPT_KEY, constant, sizeof constant - 1);
    /* Fails only in a library built without SHA-1, and then no answer is accepted. */
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text, sizeof text, digest);
    parley_base64_encode(accept, digest, sizeof digest);
}
