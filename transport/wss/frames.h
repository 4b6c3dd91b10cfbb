#ifndef PARLEY_TRANSPORT_WSS_FRAMES_H
#define PARLEY_TRANSPORT_WSS_FRAMES_H

#include "parser/utf8.h"
#include "transport/transport.h"
#include "transport/wss/buffer.h"
#include "transport/wss/deflate.h"

/*
 * WebSocket frames (RFC 6455, 5) of a client, on the frame layer of wslay, between two buffers: whoever
 * owns the stream fills `in` and empties `out`, this fills `out` and empties `in`.
 *
 * Messages are read in order and only when asked for, so that a slow host slows the peer down. Control
 * frames cannot wait for that: whatever arrives is looked over at once, pings are answered from there, and
 * a close frame is noticed, though it takes effect in its turn.
 */
enum {
    PARLEY_FRAMES_CONTROL = 125,                            /* payload of a control frame at most (5.5) */
    PARLEY_FRAMES_CONTROL_ROOM = PARLEY_FRAMES_CONTROL + 6, /* with header and mask */
    PARLEY_FRAMES_MASKS = 256,
};

struct wslay_frame_context;

struct parley_frames {
    struct parley_buffer in, out;
    struct parley_deflate *deflate; /* the caller's, once compression is agreed on; NULL: it is not */
    uint64_t inflated_bytes;        /* with it: the longest a compressed message may become */
    int status; /* 0; why reading ended: PARLEY_ERR_PEER_CLOSED, _PROTOCOL, _UTF8, _TOO_LONG, _SYSTEM */
    char why[PARLEY_TRANSPORT_REASON];
    uint16_t close_code;    /* of the peer's close frame, once that was read; 0: there was none in it */
    bool close_seen;        /* a close frame of the peer has come, perhaps behind messages not yet read */
    bool close_queued;      /* ours went into `out`: nothing follows it */
    bool in_message;        /* a message has begun and not ended */
    uint64_t message_bytes; /* of it, so far, inflated */
    uint64_t pings, pongs;  /* that came */

    /* Internal: reading. */
    struct wslay_frame_context *wslay;
    uint8_t header[2]; /* of the frame being read, as wslay sees it: without payload */
    size_t header_left;
    bool in_frame, fin, marked; /* of the frame: it ends the message; has a bit set that says "compressed" */
    uint8_t opcode;
    uint64_t payload_left;
    bool binary, compressed; /* of the message */
    struct parley_utf8 utf8;
    /* Looking ahead: the first frame not looked at starts this many bytes behind the front of `in`. */
    uint64_t ahead;
    bool ahead_stuck; /* at a close frame or a fault: there is nothing to see behind it */

    /* Internal: writing. */
    bool out_message;    /* a message has begun and not ended */
    bool out_compressed; /* and is compressed */
    bool ping_waits;     /* for room */
    bool pong_waits;     /* likewise; a newer one takes its place (5.5.3) */
    uint8_t pong[PARLEY_FRAMES_CONTROL];
    size_t pong_bytes;
    uint8_t masks[PARLEY_FRAMES_MASKS];
    size_t masks_left;
};

/* Carves the buffers: `in` of at least `recv_bytes`, `out` of at least `send_bytes` and room for control
   frames. */
void parley_frames_carve(struct parley_frames *f, struct parley_arena *arena, size_t recv_bytes,
                         size_t send_bytes);

/* Makes wslay's context: the one allocation, 4.3 KB. `f` stays where it is from here on. Returns 0 or
   PARLEY_ERR_MEMORY. */
int parley_frames_start(struct parley_frames *f);

/* Frees wslay's context and wipes what waits to be sent. */
void parley_frames_stop(struct parley_frames *f);

/* To be called whenever bytes have been put into `in`: looks them over for control frames. */
void parley_frames_arrived(struct parley_frames *f);

/* True when parley_frames_next would make progress without further bytes. */
bool parley_frames_ready(const struct parley_frames *f);

/*
 * The next piece of a message. It is good until the next call; that of one that is not compressed lies in
 * `in`, is lent (see transport.h), and good until parley_frames_release or the next call.
 * Returns 1, 0 when more bytes are needed, or `status` once reading has ended: the peer's close frame (its
 * code echoed) or a violation of the protocol (a close frame with the code of RFC 6455, 7.4.1 queued), with
 * the reason in `why`. A compressed message that is none, or becomes longer than `inflated_bytes`, ends it
 * too.
 */
int parley_frames_next(struct parley_frames *f, struct parley_fragment *out);

/* What was lent is not needed any more. */
void parley_frames_release(struct parley_frames *f);

/* Asks the peer for a sign of life, as soon as there is room. */
void parley_frames_ping(struct parley_frames *f);

/*
 * Puts a text message, or as much of it as makes sense now, into `out` as a frame, compressed if that was
 * agreed on and is worth it. A message that fits into
 * an empty `out` waits until it goes as one frame; a longer one goes in several. Call again with the rest.
 * Returns the bytes taken, 0 for "not now", or PARLEY_ERR_SYSTEM when there are no random bytes.
 */
long parley_frames_text(struct parley_frames *f, struct parley_view message);

/* Queues a close frame with a code (0: without; one that may not be sent counts as 1000) and an ASCII
   reason; not twice. Nothing is sent behind it. */
void parley_frames_close(struct parley_frames *f, uint16_t code, const char *reason);

/* To be called when `out` has been emptied, in part or whole: a pong or ping that waited goes in. */
void parley_frames_room(struct parley_frames *f);

#endif
