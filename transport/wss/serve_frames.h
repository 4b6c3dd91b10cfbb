#ifndef PARLEY_TRANSPORT_WSS_SERVE_FRAMES_H
#define PARLEY_TRANSPORT_WSS_SERVE_FRAMES_H

#include "transport/transport.h"

/*
 * WebSocket frames (RFC 6455, 5) of a server, by wslay's event layer: it judges what comes, answers pings and
 * close frames, and queues what goes. Its memory is the heap, which a server for tests can afford; what it
 * would take without end is bounded here: a message grows only as its bytes come, and nothing is read while
 * too much waits to be sent.
 */
enum {
    PARLEY_SERVE_QUEUE_BYTES = 256 * 1024, /* that wait: beyond them nothing is read, or taken */
    PARLEY_SERVE_QUEUE_MESSAGES = 256,
};

struct parley_serve_frames;

struct parley_serve_frames_options {
    size_t message_bytes; /* the longest message taken; a longer one ends it with 1009 */
    void *user;
    int (*read)(void *user, void *into, size_t bytes);           /* as parley_socket_read */
    size_t (*write)(void *user, const void *from, size_t bytes); /* takes 16 bytes whole, or none of them */
    void (*received)(void *user, struct parley_view message);    /* a text message, good during the call */
};

/* NULL when there is no memory. */
struct parley_serve_frames *parley_serve_frames_open(const struct parley_serve_frames_options *options);

/*
 * Reads and writes as far as that goes. Returns 0, or how it ended: PARLEY_ERR_CLOSED when both have said
 * goodbye, PARLEY_ERR_PEER_CLOSED or _LOST as the stream ended, PARLEY_ERR_MEMORY.
 */
int parley_serve_frames_work(struct parley_serve_frames *f);

bool parley_serve_frames_wants_read(const struct parley_serve_frames *f);
bool parley_serve_frames_wants_write(const struct parley_serve_frames *f);

/* True while there is room for a message to go. */
bool parley_serve_frames_room(const struct parley_serve_frames *f);

/* Queues a message, in frames of at most `frame_bytes` (0: in one; 4096 is the most). False when there is no
   room, or no memory. */
bool parley_serve_frames_send(struct parley_serve_frames *f, struct parley_view message, bool binary,
                              size_t frame_bytes);

void parley_serve_frames_ping(struct parley_serve_frames *f);

/* Closes, unless that has begun: behind what is queued goes a close frame, and nothing more is taken. */
void parley_serve_frames_close(struct parley_serve_frames *f, uint16_t code, const char *reason);

/* The code of our close frame, 0 when there is none; that of the client's, 1005 when it has none. */
uint16_t parley_serve_frames_said(const struct parley_serve_frames *f);
uint16_t parley_serve_frames_heard(const struct parley_serve_frames *f);

/* True once the client broke the protocol: `said` is the code for it. */
bool parley_serve_frames_violated(const struct parley_serve_frames *f);

/* Wipes and frees. NULL is allowed. */
void parley_serve_frames_drop(struct parley_serve_frames *f);

#endif
