#ifndef PARLEY_TRANSPORT_LOOPBACK_H
#define PARLEY_TRANSPORT_LOOPBACK_H

#include "platform/clock.h"
#include "transport/transport.h"

/*
 * The loopback: no socket, no TLS, nothing to install. The other side is a peer, one of
 *
 *   - the script (talk.h, script.h): plays a .talk file,
 *   - the built-in service (service.h): behaves like the real one in kind,
 *   - anything of the host's own, handed in as `peer` in the options.
 *
 * All of it lives on the clock that is handed in; the same input gives the same output, byte for byte.
 */
/* The whole seam of transport.h, for a peer that is the link as well and says how it fares: with the meaning
   and results that stand there. */
struct parley_loopback_link {
    int (*open)(void *state, char why[PARLEY_TRANSPORT_REASON]);
    int (*work)(void *state, uint64_t now_us);
    int (*recv)(void *state, struct parley_fragment *out);
    long (*send)(void *state, struct parley_view message);
    size_t (*pending)(void *state);
    const char *(*stage)(void *state); /* the same pointer for the same stage */
    struct parley_view (*reason)(void *state);
    uint16_t (*close_code)(void *state);
    const struct parley_facts *(*facts)(void *state);
};

/* What a peer answers to a call; filled in with what the loopback itself would. */
struct parley_loopback_answer {
    int http_status;
    const char *id; /* NULL: it names no call */
    struct parley_view sdp;
};

struct parley_loopback_peer {
    void *state;
    const struct parley_loopback_link *link; /* NULL: the loopback is it; else nothing below is asked */
    /* The link is up. */
    void (*opened)(void *state, uint64_t now_us);
    /* The client sent a whole text message; the view is good during the call. */
    void (*received)(void *state, struct parley_view message, uint64_t now_us);
    /*
     * The next thing to say, a whole message or the next piece of one. Returns 1 with *message (good until
     * the next call of say), 0 for none before *due_us (PARLEY_NEVER: not by time alone), or a negative
     * status to end the link: PARLEY_ERR_PEER_CLOSED for an orderly close, PARLEY_ERR_LOST for a broken one.
     */
    int (*say)(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us);
    /* The client closed (code), or dropped the link (code 0). May be NULL. */
    void (*closed)(void *state, uint16_t code, uint64_t now_us);
    /* Why say() ended the link, in words; good as long as the peer. May be NULL. */
    struct parley_view (*reason)(void *state);
    /* Whether a link comes up; `call`: one that creates a call, of which the peer learns by `called` alone.
       Returns 1, 0 for not before *due_us, or the status with which it fails. NULL: each does. */
    int (*dialled)(void *state, bool call, uint64_t now_us, uint64_t *due_us);
    /* The client creates a call with this body. What is put into *answer stays until the link has gone. May
       be NULL. */
    void (*called)(void *state, struct parley_view body, struct parley_loopback_answer *answer);
    /* The code of the close frame when say() returned PARLEY_ERR_PEER_CLOSED; 0: without one. */
    uint16_t close_code;

    /* Two screws for tests, 0 for none: what is said is handed out in pieces of at most `fragment_bytes`;
       send takes at most `send_bytes` between two calls of work, so longer messages go in parts. */
    size_t fragment_bytes, send_bytes;
    /* Another: while it is true send takes nothing, as with a network that is full or gone. */
    bool stuck;
};

#endif
