#ifndef PARLEY_TRANSPORT_WSS_EXTENSION_H
#define PARLEY_TRANSPORT_WSS_EXTENSION_H

#include "transport/transport.h"

/*
 * What the two sides agree on about compression (RFC 7692, 7.1): our offer, and the reading of the answer.
 */
enum { PARLEY_EXTENSION_WHY = 128, PARLEY_EXTENSION_WINDOW_MIN = 8, PARLEY_EXTENSION_WINDOW_MAX = 15 };

struct parley_extension {
    bool agreed; /* false: the service has declined, nothing is compressed either way */
    /* True: each message is compressed by itself. False: it may refer to those before it. */
    bool server_no_context_takeover, client_no_context_takeover;
    uint8_t server_bits, client_bits; /* how far back, as powers of two: 8 to 15 */
};

/* The value of Sec-WebSocket-Extensions in the request: permessage-deflate, and the service may limit the
   window with which we compress. Anything it may ask for without being invited is understood as well. */
extern const char parley_extension_offer[];

/*
 * Reads a value of that header in the answer; a header that comes several times is read as often, into the
 * same `x`, which is zeroed at first. With `offered` false anything but an empty list is wrong.
 * Returns 0, or PARLEY_ERR_HTTP with `why` ("it sets an extension nobody asked for (x)").
 */
int parley_extension_read(struct parley_extension *x, struct parley_view value, bool offered,
                          char why[PARLEY_EXTENSION_WHY]);

#endif
