#ifndef PARLEY_TRANSPORT_WSS_ACCEPT_H
#define PARLEY_TRANSPORT_WSS_ACCEPT_H

/*
 * What makes an answer to the opening handshake the answer to this request (RFC 6455, 1.3).
 */
enum {
    PARLEY_ACCEPT_KEY = 24,   /* 16 random bytes as base64, in Sec-WebSocket-Key */
    PARLEY_ACCEPT_BYTES = 28, /* what a server makes of it, in Sec-WebSocket-Accept */
};

/* Without terminating zeros. */
void parley_accept(char accept[PARLEY_ACCEPT_BYTES], const char key[PARLEY_ACCEPT_KEY]);

#endif
