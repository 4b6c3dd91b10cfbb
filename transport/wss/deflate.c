/*
 * Compressed messages on zlib. A message is raw deflate data, flushed to a whole byte, without the four bytes
 * every such flush ends with (RFC 7692, 7.2.1).
 */
#include "transport/wss/deflate.h"

#include "transport/wss/why.h"

#define ZLIB_CONST
#include <zlib.h>

enum { ALIGNMENT = 16, TAIL_BYTES = 4, LEVEL = 1, BOUND_SPARE = 64 };

static const char cut_short[] = "it is cut short";
static const unsigned char tail[TAIL_BYTES] = {0x00, 0x00, 0xff, 0xff};

/* ---- memory ------------------------------------------------------------------------------------ */

/* What zlib calls for memory, all of which it takes at the start, or with the first bytes it inflates. */
static void *take(void *user, unsigned count, unsigned size)
{
    struct parley_deflate_slice *slice = user;
    size_t bytes = ((size_t)count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *at = slice->at + slice->used;

    if (bytes > slice->size - slice->used)
        return NULL;
    slice->used += bytes;
    return at;
}

/* It gives back all or nothing, and then the slice begins anew. */
static void give_back(void *user, void *at)
{
    (void)user;
    (void)at;
}

static struct parley_deflate_slice carve(struct parley_arena *arena, size_t bytes)
{
    return (struct parley_deflate_slice){parley_arena_take_raw(arena, bytes, 1), bytes, 0};
}

void parley_deflate_carve(struct parley_deflate *d, struct parley_arena *arena)
{
    d->in_slice = carve(arena, PARLEY_INFLATE_BYTES);
    d->out_slice = carve(arena, PARLEY_DEFLATE_BYTES);
    d->into = parley_arena_take_raw(arena, PARLEY_INFLATE_PIECE, 1);
    d->in = parley_arena_take(arena, 1, sizeof *d->in);
    d->out = parley_arena_take(arena, 1, sizeof *d->out);
}

/* ---- life -------------------------------------------------------------------------------------- */

static bool start_writing(struct parley_deflate *d, int bits)
{
    *d->out = (z_stream){.zalloc = take, .zfree = give_back, .opaque = &d->out_slice};
    d->out_slice.used = 0;
    return deflateInit2(d->out, LEVEL, Z_DEFLATED, -bits, PARLEY_DEFLATE_MEM_LEVEL, Z_DEFAULT_STRATEGY) ==
           Z_OK;
}

static void stop_writing(struct parley_deflate *d)
{
    if (d->out != NULL && d->out->state != NULL)
        deflateEnd(d->out);
}

/* Inflates one byte: zlib takes its window with the first, and so it does now. */
static bool prime(struct parley_deflate *d)
{
    static const unsigned char stored[] = {0x00, 0x01, 0x00, 0xfe, 0xff, 'x'};

    d->in->next_in = stored;
    d->in->avail_in = sizeof stored;
    d->in->next_out = d->into;
    d->in->avail_out = PARLEY_INFLATE_PIECE;
    return inflate(d->in, Z_SYNC_FLUSH) == Z_OK && inflateReset(d->in) == Z_OK;
}

int parley_deflate_start(struct parley_deflate *d, char why[PARLEY_TRANSPORT_REASON])
{
    *d->in = (z_stream){.zalloc = take, .zfree = give_back, .opaque = &d->in_slice};
    d->in_slice.used = 0;
    /* The largest window reads whatever a smaller one has made. */
    if (inflateInit2(d->in, -PARLEY_EXTENSION_WINDOW_MAX) != Z_OK || !prime(d)) {
        parley_why(why, "memory: this zlib (%s) wants more than %d bytes; go without compression",
                   zlibVersion(), PARLEY_INFLATE_BYTES);
        return PARLEY_ERR_MEMORY;
    }
    d->writes = start_writing(d, PARLEY_DEFLATE_WINDOW);
    return 0;
}

void parley_deflate_agree(struct parley_deflate *d, const struct parley_extension *x)
{
    d->in_resets = x->server_no_context_takeover;
    d->out_resets = x->client_no_context_takeover;
    if (x->client_bits < PARLEY_DEFLATE_WINDOW_MIN)
        d->writes = false;
    if (d->writes && x->client_bits < PARLEY_DEFLATE_WINDOW) {
        stop_writing(d);
        d->writes = start_writing(d, x->client_bits);
    }
}

void parley_deflate_stop(struct parley_deflate *d)
{
    if (d->in != NULL && d->in->state != NULL)
        inflateEnd(d->in);
    stop_writing(d);
    d->writes = false;
    parley_wipe(d->in_slice.at, d->in_slice.at != NULL ? d->in_slice.size : 0);
    parley_wipe(d->out_slice.at, d->out_slice.at != NULL ? d->out_slice.size : 0);
}

/* ---- reading ----------------------------------------------------------------------------------- */

void parley_inflate_begin(struct parley_deflate *d)
{
    if (d->in_resets)
        inflateReset(d->in);
    d->in_clean = true;
}

void parley_inflate_give(struct parley_deflate *d, struct parley_view bytes, bool last)
{
    d->in->next_in = (const Bytef *)bytes.at;
    d->in->avail_in = (uInt)bytes.len;
    d->in_last = last;
    d->in_tail = false;
    d->in_busy = true;
}

bool parley_inflate_busy(const struct parley_deflate *d)
{
    return d->in_busy;
}

/* Inflates what is there and fits. A block may say that it is the last of all (RFC 7692, 7.2.3.4); what
   follows goes on with the same window. */
static int inflate_some(struct parley_deflate *d)
{
    uInt before = d->in->avail_in;
    int got = inflate(d->in, Z_SYNC_FLUSH);

    if (d->in->avail_in < before)
        d->in_clean = false;
    if (got == Z_STREAM_END) {
        inflateResetKeep(d->in);
        d->in_clean = true;
    } else if (got != Z_OK && got != Z_BUF_ERROR) {
        d->why = d->in_tail ? cut_short : d->in->msg != NULL ? d->in->msg : "zlib failed";
        return PARLEY_ERR_PROTOCOL;
    }
    return 0;
}

/* All of a message is inflated: was its end one? Behind the tail zlib stands between two blocks, at a whole
   byte: 128. */
static int end_message(struct parley_deflate *d)
{
    if (d->in_clean || d->in->data_type == 128)
        return 0;
    d->why = cut_short;
    return PARLEY_ERR_PROTOCOL;
}

int parley_inflate_next(struct parley_deflate *d, struct parley_view *piece, bool *last)
{
    int status;

    d->in->next_out = d->into;
    d->in->avail_out = PARLEY_INFLATE_PIECE;
    *last = false;
    for (;;) {
        status = inflate_some(d);
        if (status < 0 || d->in->avail_out == 0)
            break;
        if (d->in->avail_in > 0)
            continue;
        /* A message without a byte, and one that ends with a last block, need no tail: some leave it so. */
        if (d->in_last && !d->in_tail && !d->in_clean) {
            d->in->next_in = tail;
            d->in->avail_in = TAIL_BYTES;
            d->in_tail = true;
            continue;
        }
        status = d->in_last ? end_message(d) : 0;
        d->in_busy = status < 0;
        *last = d->in_last && status == 0;
        break;
    }
    *piece = parley_view_of((const char *)d->into, PARLEY_INFLATE_PIECE - d->in->avail_out);
    return piece->len > 0 ? 0 : status; /* what came before a fault goes first; zlib then says it again */
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* More than zlib's deflateBound for any window and memLevel, and the flush. */
size_t parley_deflate_bound(size_t bytes)
{
    return bytes + bytes / 4 + BOUND_SPARE;
}

size_t parley_deflate_fits(size_t room)
{
    return room > BOUND_SPARE ? (room - BOUND_SPARE) / 5 * 4 : 0;
}

size_t parley_deflate_piece(struct parley_deflate *d, struct parley_view piece, bool first, bool last,
                            unsigned char *into)
{
    size_t bound = parley_deflate_bound(piece.len), made;

    if (first && d->out_resets)
        deflateReset(d->out);
    d->out->next_in = (const Bytef *)piece.at;
    d->out->avail_in = (uInt)piece.len;
    d->out->next_out = into;
    d->out->avail_out = (uInt)bound;
    if (deflate(d->out, Z_SYNC_FLUSH) != Z_OK || d->out->avail_in > 0 || d->out->avail_out == 0)
        return 0;
    made = bound - d->out->avail_out;
    return last ? made - TAIL_BYTES : made;
}
