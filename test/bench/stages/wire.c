/* What lies between messages and bytes: frames out and in, compressed messages. wslay and zlib alone beside
 * it. */
#include "test/bench/stages/bench.h"

#include "transport/wss/frames.h"

#include <wslay/wslay.h>
#define ZLIB_CONST
#include <zlib.h>

char bench_frame[BENCH_ROOM], bench_deflated[BENCH_ROOM];
size_t bench_deflated_bytes;

static size_t frame_bytes, message_bytes;
static struct parley_frames frames;
static struct parley_deflate deflated;
static wslay_frame_context_ptr wslay;
static size_t given, taken;
static z_stream inflating;

/* ---- wslay's callbacks ------------------------------------------------------------------------- */

static ssize_t take(const uint8_t *from, size_t bytes, int flags, void *user)
{
    (void)flags, (void)user;
    memcpy(bench_out + taken, from, bytes);
    taken += bytes;
    return (ssize_t)bytes;
}

static ssize_t give(uint8_t *into, size_t bytes, int flags, void *user)
{
    size_t some = frame_bytes - given < bytes ? frame_bytes - given : bytes;

    (void)flags, (void)user;
    memcpy(into, bench_frame + given, some);
    given += some;
    return some > 0 ? (ssize_t)some : -1;
}

static int mask(uint8_t *into, size_t bytes, void *user)
{
    (void)user;
    memset(into, 0x5A, bytes);
    return 0;
}

/* ---- preparing --------------------------------------------------------------------------------- */

static void prepare_parley(void)
{
    static max_align_t memory[16384];
    static char why[PARLEY_TRANSPORT_REASON];
    static const struct parley_extension alone = {
        .agreed = true, .server_no_context_takeover = true, .server_bits = 15, .client_bits = 15};
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    parley_frames_carve(&frames, &arena, 32768, 32768);
    parley_frames_start(&frames);
    parley_deflate_carve(&deflated, &arena);
    parley_deflate_start(&deflated, why);
    parley_deflate_agree(&deflated, &alone);
}

/* A frame of a server: not masked, with a length of two bytes. */
static void make_frame(const char *text, size_t len)
{
    const char head[] = {(char)0x81, 126, (char)(len >> 8), (char)len};

    memcpy(bench_frame, head, sizeof head);
    memcpy(bench_frame + sizeof head, text, len);
    frame_bytes = sizeof head + len;
    message_bytes = len;
}

static void make_deflated(const char *text, size_t len)
{
    z_stream z = {0};

    deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (const Bytef *)text;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)bench_deflated;
    z.avail_out = BENCH_ROOM;
    deflate(&z, Z_SYNC_FLUSH);
    bench_deflated_bytes = (size_t)z.total_out - 4; /* as RFC 7692 wants it */
    deflateEnd(&z);
}

void bench_wire_prepare(const char *text, size_t len)
{
    static const struct wslay_frame_callbacks callbacks = {take, give, mask};

    make_frame(text, len);
    make_deflated(text, len);
    if (wslay != NULL)
        return;
    prepare_parley();
    wslay_frame_context_init(&wslay, &callbacks, NULL);
    inflateInit2(&inflating, -15);
}

/* ---- out --------------------------------------------------------------------------------------- */

static bool send(char *text, size_t len)
{
    bool fine = parley_frames_text(&frames, parley_view_of(text, len)) == (long)len;

    frames.out.start = frames.out.end = 0; /* written */
    return fine;
}

static bool send_wslay(char *text, size_t len)
{
    struct wslay_frame_iocb io = {.fin = 1,
                                  .opcode = WSLAY_TEXT_FRAME,
                                  .payload_length = len,
                                  .mask = 1,
                                  .data = (const uint8_t *)text,
                                  .data_length = len};

    taken = 0;
    return wslay_frame_send(wslay, &io) == (ssize_t)len;
}

/* ---- in ---------------------------------------------------------------------------------------- */

/* The text is not looked at: it stands in `in` already, as if read from the network. */
static bool receive(char *text, size_t len)
{
    struct parley_fragment fragment = {0};
    size_t bytes = 0;

    (void)text;
    if (frames.in.at[1] != 126 || memcmp(frames.in.at, bench_frame, 8) != 0)
        memcpy(frames.in.at, bench_frame, frame_bytes);
    frames.in.start = 0;
    frames.in.end = frame_bytes;
    parley_frames_arrived(&frames);
    while (!fragment.last && parley_frames_next(&frames, &fragment) == 1) {
        memcpy(bench_out + bytes, fragment.bytes.at, fragment.bytes.len); /* the inbox */
        bytes += fragment.bytes.len;
    }
    return bytes == len;
}

static bool receive_wslay(char *text, size_t len)
{
    size_t bytes = 0;

    (void)text;
    given = 0;
    while (bytes < len) {
        struct wslay_frame_iocb io;
        if (wslay_frame_recv(wslay, &io) < 0)
            return false;
        memcpy(bench_out + bytes, io.data, io.data_length);
        bytes += io.data_length;
    }
    return bytes == len;
}

static bool inflate_parley(char *text, size_t len)
{
    struct parley_view piece;
    size_t bytes = 0;
    bool last = false;

    parley_inflate_begin(&deflated);
    parley_inflate_give(&deflated, parley_view_of(text, len), true);
    while (!last && parley_inflate_next(&deflated, &piece, &last) == 0)
        bytes += piece.len;
    return bytes == message_bytes;
}

static bool inflate_zlib(char *text, size_t len)
{
    inflateReset(&inflating);
    inflating.next_in = (const Bytef *)text;
    inflating.avail_in = (uInt)len;
    inflating.next_out = (Bytef *)bench_out;
    inflating.avail_out = BENCH_ROOM;
    inflate(&inflating, Z_SYNC_FLUSH);
    return inflating.total_out == message_bytes;
}

const struct bench_way bench_send[] = {{"parley", send}, {"wslay alone", send_wslay}, {0}};
const struct bench_way bench_receive[] = {
    {"parley, with UTF-8 checked", receive}, {"wslay alone, not checked", receive_wslay}, {0}};
const struct bench_way bench_inflate[] = {
    {"parley", inflate_parley}, {"zlib alone, in one piece", inflate_zlib}, {0}};
