/* Any bytes as frames of a server: the same messages and the same end however they are cut, answers that are
   whole frames within bounds, and no byte read that has not come. The first byte of the input says how to
   cut, whether what is to be sent goes out, and whether compression was agreed on, with or without what went
   before in view. */
#include "platform/fake/fake.h"
#include "test/fuzz/fuzz.h"
#include "transport/wss/frames.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, bytes)   ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

enum { RECV_BYTES = 600, SEND_BYTES = 300, INFLATED_BYTES = 100000 };
enum { GOES_OUT = 1, COMPRESSES = 2, RESETS = 4, CUTS_FROM = 8 };

struct reading {
    uint64_t hash, bytes, messages;
    int status;
};

/* What is written has to be whole, masked frames, and nothing behind a close. */
static void check_sent(struct parley_frames *f)
{
    struct parley_view out = parley_buffer_view(&f->out);
    bool closed = false;

    while (out.len > 0) {
        const unsigned char *at = (const unsigned char *)out.at;
        size_t len, header = 6;

        must(!closed && out.len >= 6 && (at[1] & 0x80) != 0);
        len = at[1] & 0x7f;
        if (len == 126) {
            len = (size_t)at[2] << 8 | at[3];
            header = 8;
        }
        must(len < SEND_BYTES + 600 && out.len >= header + len);
        closed = at[0] == 0x88;
        out = parley_view_skip(out, header + len);
    }
    must(!closed || f->close_queued);
}

static void drain(struct parley_frames *f, struct reading *r)
{
    struct parley_fragment piece;
    int got;

    while ((got = parley_frames_next(f, &piece)) > 0) {
        must(piece.bytes.len > 0 || piece.last);
        for (size_t i = 0; i < piece.bytes.len; i++)
            r->hash = (r->hash ^ (unsigned char)piece.bytes.at[i]) * UINT64_C(0x100000001b3);
        r->hash =
            (r->hash ^ (piece.last ? 256u + piece.binary : 0)) * (piece.last ? UINT64_C(0x100000001b3) : 1);
        r->bytes += piece.bytes.len;
        r->messages += piece.last;
    }
    must(!parley_frames_ready(f));
    r->status = got;
}

static void start_deflate(struct parley_frames *f, struct parley_deflate *d, uint8_t how)
{
    const struct parley_extension x = {.agreed = true,
                                       .server_no_context_takeover = (how & RESETS) != 0,
                                       .client_no_context_takeover = (how & RESETS) != 0,
                                       .server_bits = 15,
                                       .client_bits = 10};
    char why[PARLEY_TRANSPORT_REASON];

    f->inflated_bytes = INFLATED_BYTES;
    if ((how & COMPRESSES) == 0)
        return;
    must(parley_deflate_start(d, why) == 0);
    parley_deflate_agree(d, &x);
    f->deflate = d;
}

static struct reading read_all(const uint8_t *data, size_t size, size_t cut, uint8_t how)
{
    static char message[1000];
    struct parley_deflate deflate = {0};
    struct parley_arena count = parley_arena(NULL, 0), arena;
    struct parley_frames f = {0};
    struct reading r = {0};
    void *block;

    parley_fake_reset();
    parley_frames_carve(&f, &count, RECV_BYTES, SEND_BYTES);
    parley_deflate_carve(&deflate, &count);
    block = exact_room(count.used);
    arena = parley_arena(block, count.used);
    parley_frames_carve(&f, &arena, RECV_BYTES, SEND_BYTES);
    parley_deflate_carve(&deflate, &arena);
    must(!arena.failed && parley_frames_start(&f) == 0);
    start_deflate(&f, &deflate, how);
    while (size > 0 && r.status == 0) {
        size_t room, some;

        ASAN_UNPOISON_MEMORY_REGION(f.in.at, f.in.size);
        room = parley_buffer_reserve(&f.in, 1);
        some = cut < size ? cut : size;
        some = some < room ? some : room;
        must(some > 0);
        memcpy(f.in.at + f.in.end, data, some);
        f.in.end += some;
        ASAN_POISON_MEMORY_REGION(f.in.at + f.in.end, f.in.size - f.in.end);
        data += some;
        size -= some;
        parley_frames_arrived(&f);
        parley_frames_text(&f, parley_view_of(message, sizeof message));
        drain(&f, &r);
        check_sent(&f);
        if ((how & GOES_OUT) != 0)
            parley_buffer_skip(&f.out, parley_buffer_used(&f.out));
        parley_frames_room(&f);
    }
    must((r.status == 0) == (f.why[0] == '\0'));
    ASAN_UNPOISON_MEMORY_REGION(f.in.at, f.in.size);
    parley_frames_stop(&f);
    parley_deflate_stop(&deflate);
    free(block);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, pieces;

    if (size < 2)
        return 0;
    whole = read_all(data + 1, size - 1, size, data[0]);
    pieces = read_all(data + 1, size - 1, 1 + data[0] / CUTS_FROM, data[0]);
    must(whole.status == pieces.status && whole.messages == pieces.messages);
    /* Of a text that turns out to be no UTF-8, or too long, a finer cut hands out more before it shows. */
    must(whole.status == PARLEY_ERR_UTF8 || whole.status == PARLEY_ERR_TOO_LONG ||
         (whole.hash == pieces.hash && whole.bytes == pieces.bytes));
    return 0;
}
