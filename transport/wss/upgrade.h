#ifndef PARLEY_TRANSPORT_WSS_UPGRADE_H
#define PARLEY_TRANSPORT_WSS_UPGRADE_H

#include "transport/wss/accept.h"
#include "transport/wss/answer.h"
#include "transport/wss/extension.h"
#include "transport/wss/http.h"
#include "transport/wss/url.h"

/*
 * The opening handshake of WebSocket (RFC 6455, 4.1): the request, and the judgement of the answer.
 */
enum {
    PARLEY_UPGRADE_REQUEST_BYTES = 32768,        /* the longest request, headers of the host included */
    PARLEY_UPGRADE_KEY = PARLEY_ACCEPT_KEY,      /* 16 random bytes as base64 */
    PARLEY_UPGRADE_ACCEPT = PARLEY_ACCEPT_BYTES, /* what a server makes of it */
};

struct parley_upgrade {
    struct parley_http http;
    char accept[PARLEY_UPGRADE_ACCEPT]; /* the one right answer to our key */
    bool offered;                       /* permessage-deflate */
    /* What the answer's headers said. */
    bool upgrades, connects, accepted, accepted_wrong, subprotocol;
    struct parley_extension compression; /* as agreed, once the answer is judged */
    char extension_wrong[PARLEY_EXTENSION_WHY];
    char location[PARLEY_ANSWER_LOCATION]; /* cleaned, without its query */
};

/*
 * Checks the endpoint's headers: names are tokens and none of the handshake's own, values visible ASCII
 * with spaces and tabs in between. Returns 0 or PARLEY_ERR_ARGUMENT; `why` names the header, never its value.
 */
int parley_upgrade_check(const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON]);

/* Draws a key. Returns 0 or PARLEY_ERR_SYSTEM when the system has no random bytes. */
int parley_upgrade_draw(char key[PARLEY_UPGRADE_KEY]);

/* Writes the request; all of it is of the same length for every key. It holds secrets: the caller wipes it.
 */
void parley_upgrade_render(struct parley_render *r, const struct parley_url *url,
                           const struct parley_endpoint *to, const char key[PARLEY_UPGRADE_KEY]);

/* Starts to wait for the answer to `key`; `offered`: the request offers compression. */
void parley_upgrade_start(struct parley_upgrade *u, const char key[PARLEY_UPGRADE_KEY], bool offered);

/*
 * Reads on in `bytes`, taking what it has used off its front (see parley_http_next for what has to stay).
 * Returns 1 when the connection speaks WebSocket now: the bytes left over are its first. 0 for more bytes,
 * or the refusal with `why` set: PARLEY_ERR_AUTH (401, 403), PARLEY_ERR_REFUSED (any other answer of 3xx to
 * 5xx), PARLEY_ERR_HTTP (an answer that does not switch, or no HTTP at all).
 */
int parley_upgrade_read(struct parley_upgrade *u, struct parley_view *bytes,
                        char why[PARLEY_TRANSPORT_REASON]);

/*
 * No more will come, with `rest` unread. Judges what is there: a refusal already read as far as its headers
 * is returned as parley_upgrade_read would; otherwise `status`, with `what` ("no answer within 5 s") in
 * `why`.
 */
int parley_upgrade_end(struct parley_upgrade *u, struct parley_view rest, int status, struct parley_view what,
                       char why[PARLEY_TRANSPORT_REASON]);

#endif
