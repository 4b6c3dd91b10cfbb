#ifndef PARLEY_TRANSPORT_WSS_REQUEST_H
#define PARLEY_TRANSPORT_WSS_REQUEST_H

#include "platform/status.h"
#include "platform/view.h"
#include <stdint.h>

/*
 * Reads the head of one HTTP/1.x request (RFC 9112, 3 and 5), the server's side of http.h: what a client
 * sends to begin a WebSocket, or to create a call. It keeps no bytes: the caller holds what has come in a row
 * and brings all of it again when there is more.
 */
enum {
    PARLEY_REQUEST_HEAD_BYTES = 16384, /* the longest head, its empty line included */
    PARLEY_REQUEST_LINE_BYTES = 8192,  /* its first line */
    PARLEY_REQUEST_HEADERS = 100,
};

/* Views point into the caller's bytes; absent where the head says nothing of it. */
struct parley_request {
    struct parley_view method, target, path, query; /* the last two without the '?' between them */
    uint8_t minor;                                  /* of HTTP/1.x */
    struct parley_view host, authorization, type, key, version, protocols;
    bool upgrades, connects; /* it lists "websocket" and "upgrade" where those belong */
    bool expects;            /* it waits for a 100 before it sends its body */
    bool has_length;
    uint64_t length; /* of the body */

    int status;      /* why it cannot be answered: 400, 414, 431, 501 or 505 */
    const char *why; /* in words, static */

    /* Internal. */
    size_t searched; /* bytes known to hold no end of the head */
    size_t headers;
};

/*
 * Reads a head out of `bytes`, which begins where the one before ended. *r is zeroed before the first call.
 * Returns its length, behind which the body begins; 0 when it has not ended; PARLEY_ERR_HTTP with status and
 * why.
 *
 * Refused are what http.h refuses in an answer, a request of HTTP/1.1 without a host or with two, a length
 * that contradicts itself, any transfer coding, and a header of the handshake that comes twice.
 */
long parley_request_read(struct parley_request *r, struct parley_view bytes);

/* True when it asks for a WebSocket. */
bool parley_request_is_upgrade(const struct parley_request *r);

/* The value of a parameter of the query, decoded into `into`, cut at `bytes`. Absent when it is not there. */
struct parley_view parley_request_parameter(const struct parley_request *r, const char *name, char *into,
                                            size_t bytes);

/* Takes the next element off a list with commas in between. Returns false when there is none. */
bool parley_request_item(struct parley_view *list, struct parley_view *item);

#endif
