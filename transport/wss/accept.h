#ifndef PARLEY_TRANSPORT_WSS_ACCEPT_H
#define PARLEY_TRANSPORT_WSS_ACCEPT_H

#include "parser/base64.h"

#include <mbedtls/md.h>
#include <string.h>

/*
 * What makes an answer to the opening handshake the answer to this request (RFC 6455, 1.3), for both sides.
 */
enum {
    PARLEY_ACCEPT_KEY = 24,   /* 16 random bytes as base64, in Sec-WebSocket-Key */
    PARLEY_ACCEPT_BYTES = 28, /* what a server makes of it, in Sec-WebSocket-Accept */
    PARLEY_ACCEPT_SHA1 = 20,
};

/* base64(SHA-1(key + the RFC's constant)), without a terminating zero. */
static inline void parley_accept(char accept[PARLEY_ACCEPT_BYTES], const char key[PARLEY_ACCEPT_KEY])
{
    static const char constant[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[PARLEY_ACCEPT_KEY + sizeof constant - 1], digest[PARLEY_ACCEPT_SHA1] = {0};

    memcpy(text, key, PARLEY_ACCEPT_KEY);
    memcpy(text + PARLEY_ACCEPT_KEY, constant, sizeof constant - 1);
    /* Fails only in a library built without SHA-1, and then no answer is accepted. */
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text, sizeof text, digest);
    parley_base64_encode(accept, digest, sizeof digest);
}

#endif
