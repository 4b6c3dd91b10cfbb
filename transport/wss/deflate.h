#ifndef PARLEY_TRANSPORT_WSS_DEFLATE_H
#define PARLEY_TRANSPORT_WSS_DEFLATE_H

#include "platform/arena.h"
#include "transport/wss/extension.h"

/*
 * Compressed messages (permessage-deflate, RFC 7692) on zlib: what a message's bytes are before they go into
 * frames and after they come out of them. zlib's memory is a part of the caller's block.
 *
 * Measured with base64 speech in messages of 100 ms: a window of 2^12 and zlib's memLevel 5 leave 69 % of it
 * and take 39 KB, zlib's own choice (2^15, 8) leaves 68 % and takes 268 KB.
 */
enum {
    PARLEY_DEFLATE_WINDOW_MIN = 9, /* zlib's deflate cannot do 8: then we send nothing compressed */
    PARLEY_DEFLATE_WINDOW = 12,
    PARLEY_DEFLATE_MEM_LEVEL = 5,
    PARLEY_DEFLATE_BYTES = 45056, /* 38,720 in zlib 1.2.13; later ones take some more */
    PARLEY_INFLATE_BYTES = 45056, /* 7,168 and the window's 32,768 */
    PARLEY_INFLATE_PIECE = 4096,  /* the most that is handed out at once */
    PARLEY_DEFLATE_WORTH = 256,   /* shorter messages are not compressed */
};

struct z_stream_s; /* of zlib, whose header brings in the system's */

/* A part of the block, out of which zlib takes its memory. */
struct parley_deflate_slice {
    unsigned char *at;
    size_t size, used;
};

struct parley_deflate {
    bool writes;     /* our messages are compressed, if they are long enough */
    const char *why; /* why inflating failed, static */

    /* Internal: reading. */
    struct parley_deflate_slice in_slice;
    struct z_stream_s *in;
    bool in_resets;      /* each message is compressed by itself */
    bool in_last;        /* the message ends with what was given */
    bool in_tail;        /* its tail was given as well */
    bool in_clean;       /* nothing of a block has been read since the last end */
    bool in_busy;        /* there is, or may be, more to hand out of what was given */
    unsigned char *into; /* PARLEY_INFLATE_PIECE bytes */
    /* Internal: writing. */
    struct parley_deflate_slice out_slice;
    struct z_stream_s *out;
    bool out_resets;
};

void parley_deflate_carve(struct parley_deflate *d, struct parley_arena *arena);

/* Sets zlib up so that it has taken all it will ever want; `d` stays where it is from here on. Returns 0, or
   PARLEY_ERR_MEMORY, with `why`, when this zlib wants more than there is to read with. If it wants more than
   there is to write with, ours are not compressed. */
int parley_deflate_start(struct parley_deflate *d, char why[PARLEY_TRANSPORT_REASON]);

/* What the two sides agreed on, which is compression, holds from here on. */
void parley_deflate_agree(struct parley_deflate *d, const struct parley_extension *x);

/* Ends zlib's use of the block, and wipes what is left there of messages. */
void parley_deflate_stop(struct parley_deflate *d);

/* A compressed message begins. */
void parley_inflate_begin(struct parley_deflate *d);

/* More of it, once what was given before is used up. `bytes` stay where they are until then. */
void parley_inflate_give(struct parley_deflate *d, struct parley_view bytes, bool last);

/* True until what was given is used up. */
bool parley_inflate_busy(const struct parley_deflate *d);

/*
 * The next piece, good until the next call; it may be empty. *last: the message ends with it.
 * Returns 0, or PARLEY_ERR_PROTOCOL with `why` when this is no compressed message, or the end of it is not
 * that of one.
 */
int parley_inflate_next(struct parley_deflate *d, struct parley_view *piece, bool *last);

/* The most bytes that `bytes` bytes of a message become; the most of a message that surely fit into `room`.
 */
size_t parley_deflate_bound(size_t bytes);
size_t parley_deflate_fits(size_t room);

/* Compresses a piece (not empty) of a message into `into`, in which its bound is free. Returns the bytes it
   became, 0 if zlib failed. */
size_t parley_deflate_piece(struct parley_deflate *d, struct parley_view piece, bool first, bool last,
                            unsigned char *into);

#endif
