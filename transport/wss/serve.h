#ifndef PARLEY_TRANSPORT_WSS_SERVE_H
#define PARLEY_TRANSPORT_WSS_SERVE_H

#include "transport/wss/request.h"
#include "transport/wss/serve_stream.h"

/*
 * One connection of a WebSocket server: TLS if there are keys, a request, and then either an answer or
 * WebSocket (RFC 6455, 4.2). Nothing blocks; what waits has a bound and a deadline. Compression is not agreed
 * on.
 *
 *     parley_serve_open, then round after round
 *         parley_serve_work           calls `requested` once, which answers or upgrades; then `received`
 *         parley_serve_send           while parley_serve_room
 *         parley_serve_interest       what to wait for
 */
struct parley_serve;

struct parley_serve_options {
    struct parley_serve_keys *keys;   /* stay as long as the connection; NULL: plain */
    size_t message_bytes, body_bytes; /* the longest message, and body of a request, that are taken */
    uint32_t head_ms;                 /* until the request is there, TLS included */
    uint32_t idle_ms;  /* without a byte of the client's; it is asked for a sign of life halfway */
    uint32_t stall_ms; /* in which it takes nothing although something waits */
    uint32_t close_ms; /* of waiting for its goodbye */
    void *user;
    /* The request is there, with its body. Has to answer it or to upgrade. */
    void (*requested)(void *user, const struct parley_request *request, struct parley_view body);
    /* A text message; good during the call. */
    void (*received)(void *user, struct parley_view message);
};

/* Takes a connected socket over, also when it fails. Returns 0 or PARLEY_ERR_MEMORY. */
int parley_serve_open(struct parley_serve **s, int fd, const struct parley_serve_options *options,
                      uint64_t now_us);

/* Returns 1 while messages travel, 0 before and after, or how it ended: PARLEY_ERR_CLOSED (both have said
   goodbye, or the answer is out), _PEER_CLOSED and _LOST (the client left without), _TIMEOUT, _TLS, _HTTP (no
   request that can be answered), _MEMORY. It stays so. */
int parley_serve_work(struct parley_serve *s, uint64_t now_us);

/* Answers the request; further headers are whole lines with CRLF. The connection ends behind it. An answer
   that is too long, with about 30 KB of body or 1 KB of head, is a 500 that says so. */
void parley_serve_answer(struct parley_serve *s, int status, const char *headers, const char *type,
                         struct parley_view body);

/* Answers it with 101; of the subprotocols that were offered `protocol` is chosen (absent: none). False when
   it had to be refused: 400 without a proper key, 503 without memory. */
bool parley_serve_upgrade(struct parley_serve *s, const struct parley_request *request,
                          struct parley_view protocol);

/* True while a message can be sent. */
bool parley_serve_room(const struct parley_serve *s);

/* Sends a message, in frames of at most so many bytes (0: in one). False when there is no room or memory. */
bool parley_serve_send(struct parley_serve *s, struct parley_view message, bool binary, size_t frame_bytes);

/* Sends bytes that need not be frames. False when there is no room. */
bool parley_serve_send_raw(struct parley_serve *s, struct parley_view bytes);

/* Closes in good order. Does nothing unless messages travel. */
void parley_serve_close(struct parley_serve *s, uint16_t code, const char *reason);

/* Lets the network be bad. */
struct parley_serve_screws *parley_serve_screws(struct parley_serve *s);

/* What to wait for; one entry. */
void parley_serve_interest(const struct parley_serve *s, struct parley_interest *want);

/* How it ended: the HTTP status of an answer that was no 101, else 0; the codes of both close frames (0 and
   1006: there was none, 1005: one without a code); whether the client broke RFC 6455; words. */
struct parley_serve_end {
    int http_status;
    uint16_t said, heard;
    bool violated;
    const char *why;
};
struct parley_serve_end parley_serve_ended(const struct parley_serve *s);

/* Closes the socket and frees everything. NULL is allowed. */
void parley_serve_drop(struct parley_serve *s);

#endif
