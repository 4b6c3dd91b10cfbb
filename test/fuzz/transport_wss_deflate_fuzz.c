/* Any bytes as compressed messages, and as messages to compress: the same comes out however it is cut,
   nothing is written behind the bound, and zlib as a server uses it reads what we made. The first byte of the
   input says how to cut, the second what was agreed on, and the rest is cut into messages at each byte that
   is 0xfe. */
#include "test/fuzz/fuzz.h"
#include "transport/wss/deflate.h"

#define ZLIB_CONST
#include <zlib.h>

enum { MOST = 1 << 20 }; /* of what a message becomes */

struct result {
    uint64_t hash, bytes, ends;
    int status;
};

static void *start(struct parley_deflate *d, uint8_t agreed)
{
    const struct parley_extension x = {.agreed = true,
                                       .server_no_context_takeover = (agreed & 8) != 0,
                                       .client_no_context_takeover = (agreed & 8) != 0,
                                       .server_bits = 15,
                                       .client_bits = (uint8_t)(8 + agreed % 8)};
    struct parley_arena count = parley_arena(NULL, 0), arena;
    char why[PARLEY_TRANSPORT_REASON];
    void *block;

    parley_deflate_carve(d, &count);
    block = exact_room(count.used);
    arena = parley_arena(block, count.used);
    parley_deflate_carve(d, &arena);
    must(!arena.failed && parley_deflate_start(d, why) == 0);
    parley_deflate_agree(d, &x);
    return block;
}

/* The first message of *rest. */
static struct parley_view next_message(struct parley_view *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->at, 0xfe, rest->len) : NULL;
    struct parley_view message = parley_view_of(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len);

    *rest = parley_view_skip(*rest, message.len + 1);
    return message;
}

/* Hands out what was given, up to MOST bytes of it. */
static void drain(struct parley_deflate *d, struct result *r)
{
    struct parley_view piece;
    bool last;

    while (r->status == 0 && parley_inflate_busy(d) && r->bytes < MOST) {
        r->status = parley_inflate_next(d, &piece, &last);
        if (r->status < 0)
            break;
        must(piece.len <= PARLEY_INFLATE_PIECE && !(last && parley_inflate_busy(d)));
        for (size_t i = 0; i < piece.len && r->bytes < MOST; i++, r->bytes++)
            r->hash = (r->hash ^ (unsigned char)piece.at[i]) * UINT64_C(0x100000001b3);
        r->ends += last;
    }
    must((r->status < 0) == (d->why != NULL));
}

static struct result inflate_all(struct parley_view data, size_t cut, uint8_t agreed)
{
    struct parley_deflate d = {0};
    struct result r = {0};
    void *block = start(&d, agreed);

    while (data.len > 0 && r.status == 0 && r.bytes < MOST) {
        struct parley_view message = next_message(&data);

        parley_inflate_begin(&d);
        do {
            size_t some = message.len < cut ? message.len : cut;
            char *here = exact_copy(message.at, some);

            message = parley_view_skip(message, some);
            parley_inflate_give(&d, parley_view_of(here, some), message.len == 0);
            drain(&d, &r);
            free(here);
        } while (message.len > 0 && r.status == 0 && r.bytes < MOST);
    }
    parley_deflate_stop(&d);
    free(block);
    return r;
}

/* Compresses a message in pieces, and inflates them as a server would. */
static void there_and_back(struct parley_deflate *d, z_stream *server, struct parley_view message, size_t cut,
                           bool resets)
{
    static const unsigned char tail[] = {0, 0, 0xff, 0xff};
    static char back[1 << 16];
    struct parley_view rest = message;

    if (message.len == 0 || message.len >= sizeof back)
        return;
    if (resets)
        must(inflateReset(server) == Z_OK);
    server->next_out = (Bytef *)back;
    server->avail_out = sizeof back;
    while (rest.len > 0) {
        size_t some = rest.len < cut ? rest.len : cut, bytes;
        unsigned char *made = exact_room(parley_deflate_bound(some));

        bytes = parley_deflate_piece(d, parley_view_of(rest.at, some), rest.len == message.len,
                                     some == rest.len, made);
        must(bytes > 0);
        server->next_in = made;
        server->avail_in = (uInt)bytes;
        must(inflate(server, Z_SYNC_FLUSH) == Z_OK && server->avail_in == 0);
        rest = parley_view_skip(rest, some);
        free(made);
    }
    server->next_in = tail;
    server->avail_in = sizeof tail;
    must(inflate(server, Z_SYNC_FLUSH) == Z_OK && server->avail_in == 0);
    must(sizeof back - server->avail_out == message.len && memcmp(back, message.at, message.len) == 0);
}

static void deflate_all(struct parley_view data, size_t cut, uint8_t agreed)
{
    struct parley_deflate d = {0};
    z_stream server = {0};
    void *block = start(&d, agreed);

    must(d.writes == (agreed % 8 != 0));
    must(inflateInit2(&server, agreed % 8 != 0 ? -(8 + agreed % 8) : -15) == Z_OK);
    while (data.len > 0 && d.writes)
        there_and_back(&d, &server, next_message(&data), cut, (agreed & 8) != 0);
    inflateEnd(&server);
    parley_deflate_stop(&d);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view bytes = parley_view_of((const char *)data + 2, size - 2);
    struct result whole, pieces;

    if (size < 3)
        return 0;
    whole = inflate_all(bytes, SIZE_MAX, data[1]);
    pieces = inflate_all(bytes, 1 + data[0] % 16, data[1]);
    must(whole.bytes == pieces.bytes && whole.hash == pieces.hash);
    must(whole.bytes >= MOST || (whole.status == pieces.status && whole.ends == pieces.ends));
    deflate_all(bytes, 1 + (size_t)data[0] * data[0], data[1]);
    return 0;
}
