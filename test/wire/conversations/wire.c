/* The service's end of a link: see wire.h. */
#include "test/wire/conversations/wire.h"

#include "test/wire/wire_test.h"
#include "transport/wss/serve_frames.h"

#define ZLIB_CONST
#include <zlib.h>

enum {
    SAID_BYTES = 8 * 1024 * 1024,
    FRAMES_MAX = 32768,
    MESSAGES_MAX = 8192,
    CLIENT_BYTES = 256 * 1024, /* the longest message of a client */
};

static struct {
    const struct manner *manner;
    struct dice *dice;
    struct parley_stream *pipe;
    struct parley_serve_frames *frames; /* in the ordinary manner */
    bool up, broken, closed, closing;

    /* What the service says: all of it stays, as the pipe does not copy. */
    size_t used, fed;
    size_t ends[FRAMES_MAX], messages[MESSAGES_MAX]; /* where frames end, and messages */
    unsigned end_count, next_end, message_count;
    z_stream deflate, inflate;
    bool zlib;

    /* What the client says. */
    size_t coming, written;
    bool coming_squeezed, in_message;
    unsigned pings, pong, pings_fed; /* numbered from 1 */
    size_t ping_ends[MESSAGES_MAX];
} wire;

static unsigned char said[SAID_BYTES], squeezed[CLIENT_BYTES];
static char coming[CLIENT_BYTES], unsqueezed[CLIENT_BYTES];

/* ---- saying ------------------------------------------------------------------------------------------ */

static void put(const void *bytes, size_t length)
{
    assert_true(length <= SAID_BYTES - wire.used);
    memcpy(said + wire.used, bytes, length);
    wire.used += length;
}

static void put_frame(unsigned first, struct parley_view payload)
{
    unsigned char header[10] = {(unsigned char)first};
    size_t extra = payload.len > 0xffff ? 8 : payload.len > 125 ? 2 : 0;

    header[1] = (unsigned char)(extra == 8 ? 127 : extra == 2 ? 126 : payload.len);
    for (size_t i = 0; i < extra; i++)
        header[2 + i] = (unsigned char)((uint64_t)payload.len >> 8 * (extra - 1 - i));
    put(header, 2 + extra);
    if (payload.len > 0)
        put(payload.at, payload.len);
    assert_true(wire.end_count < FRAMES_MAX);
    wire.ends[wire.end_count++] = wire.used;
}

static void put_ping(void)
{
    char number[16];

    if (!wire.manner->pings || roll(wire.dice, 6) > 0 || wire.pings == MESSAGES_MAX)
        return;
    snprintf(number, sizeof number, "%u", wire.pings + 1);
    put_frame(FIN | PING, parley_view(number));
    wire.ping_ends[wire.pings++] = wire.used;
}

/* A message as it travels, in frames of any length. */
static void put_message(unsigned first, struct parley_view rest)
{
    put_ping();
    while (wire.manner->fragments && roll_one(wire.dice, 3)) {
        size_t some = roll(wire.dice, (uint32_t)rest.len + 1);

        put_frame(first, parley_view_of(rest.at, some));
        rest = parley_view_skip(rest, some);
        first = CONTINUATION;
        put_ping();
    }
    put_frame(FIN | first, rest);
    assert_true(wire.message_count < MESSAGES_MAX);
    wire.messages[wire.message_count++] = wire.used;
}

static struct parley_view squeeze(struct parley_view message)
{
    wire.deflate.next_in = (const unsigned char *)message.at;
    wire.deflate.avail_in = (unsigned)message.len;
    wire.deflate.next_out = squeezed;
    wire.deflate.avail_out = sizeof squeezed;
    assert_int_equal(deflate(&wire.deflate, Z_SYNC_FLUSH), Z_OK);
    assert_true(wire.deflate.avail_out > 0);
    return parley_view_of((char *)squeezed, sizeof squeezed - wire.deflate.avail_out - 4);
}

void wire_say(struct parley_view message, bool binary)
{
    if (wire.manner->ordinary)
        assert_true(parley_serve_frames_send(wire.frames, message, binary, 0));
    else if (wire.manner->compressed && roll(wire.dice, 4) > 0)
        put_message((binary ? BINARY : TEXT) | RSV1, squeeze(message));
    else
        put_message(binary ? BINARY : TEXT, message);
}

void wire_close(uint16_t code)
{
    const char payload[] = {(char)(code >> 8), (char)code};

    if (wire.manner->ordinary)
        parley_serve_frames_close(wire.frames, code, "");
    else if (!wire.closing)
        put_frame(FIN | CLOSE, parley_view_of(payload, 2));
    wire.closing = true;
}

/* ---- arriving ---------------------------------------------------------------------------------------- */

/* How many bytes arrive at once. */
static size_t next_piece(void)
{
    switch (wire.manner->pieces) {
    case PIECES_BYTES:
        return 1;
    case PIECES_SMALL:
        return 1 + roll(wire.dice, 16);
    case PIECES_ANY:
        return roll_one(wire.dice, 3) ? 1 + roll(wire.dice, 8) : 1 + roll(wire.dice, 4000);
    case PIECES_FRAMES: /* up to the end of some frame, or a few bytes of the next */
        while (wire.next_end < wire.end_count && wire.ends[wire.next_end] <= wire.fed)
            wire.next_end++;
        if (wire.next_end + 3 < wire.end_count)
            return wire.ends[wire.next_end + roll(wire.dice, 3)] - wire.fed + roll(wire.dice, 4);
        return SIZE_MAX;
    case PIECES_ALL:
    case PIECES_KINDS:
        break;
    }
    return SIZE_MAX;
}

static bool has_ended(void)
{
    return wire.closing && wire.fed == wire.used &&
           (wire.manner->ordinary ? !parley_serve_frames_wants_write(wire.frames) : wire.closed);
}

bool wire_feed(void)
{
    size_t some = wire.used - wire.fed, piece = next_piece(), until = wire.manner->break_read;

    if (wire.broken || some == 0)
        return false;
    some = piece < some ? piece : some;
    if (until > 0 && wire.fed + some >= until)
        some = until - wire.fed;
    if (!parley_pipe_feed(wire.pipe, parley_view_of((const char *)said + wire.fed, some)))
        return false;
    wire.fed += some;
    if (until > 0 && wire.fed == until) {
        parley_pipe_end(wire.pipe, wire.manner->break_status);
        wire.broken = true;
    }
    while (wire.pings_fed < wire.pings && wire.ping_ends[wire.pings_fed] <= wire.fed)
        wire.pings_fed++;
    if (has_ended())
        parley_pipe_end(wire.pipe, PARLEY_ERR_PEER_CLOSED);
    return true;
}

/* ---- hearing ----------------------------------------------------------------------------------------- */

static void forget(size_t bytes)
{
    wire.written += bytes;
    parley_pipe_forget_written(wire.pipe, bytes);
}

/* A request: it is accepted. */
static bool accept_request(void)
{
    static struct bytes answer;
    struct parley_view request = parley_pipe_written(wire.pipe);
    bool offered = false;

    if (request.len < 4 || memcmp(request.at + request.len - 4, "\r\n\r\n", 4) != 0)
        return false;
    for (size_t i = 0; i + 18 < request.len; i++)
        offered = offered || memcmp(request.at + i, "permessage-deflate", 18) == 0;
    assert_true(offered == wire.manner->compressed);
    answer.used = 0;
    add_accept(&answer, request,
               wire.manner->compressed ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
    put(answer.at, answer.used);
    wire.ends[wire.end_count++] = wire.used;
    forget(request.len);
    wire.up = true;
    return true;
}

/* All frames of the message are here. */
static struct parley_view whole_message(void)
{
    if (!wire.coming_squeezed)
        return parley_view_of(coming, wire.coming);
    memcpy(coming + wire.coming, "\0\0\xff\xff", 4); /* the tail that was left away (RFC 7692, 7.2.2) */
    wire.inflate.next_in = (const unsigned char *)coming;
    wire.inflate.avail_in = (unsigned)wire.coming + 4;
    wire.inflate.next_out = (unsigned char *)unsqueezed;
    wire.inflate.avail_out = sizeof unsqueezed;
    assert_int_equal(inflate(&wire.inflate, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(wire.inflate.avail_in, 0);
    return parley_view_of(unsqueezed, sizeof unsqueezed - wire.inflate.avail_out);
}

static void take_data(const struct client_frame *frame, void (*heard)(struct parley_view message))
{
    bool starts = (frame->first & 0xf) == TEXT;

    assert_true(starts != wire.in_message);
    if (starts) {
        wire.coming = 0;
        wire.coming_squeezed = (frame->first & RSV1) != 0;
    }
    assert_true(frame->len + 4 <= sizeof coming - wire.coming);
    memcpy(coming + wire.coming, frame->payload, frame->len);
    wire.coming += frame->len;
    wire.in_message = (frame->first & FIN) == 0;
    if (!wire.in_message)
        heard(whole_message());
}

static void take_client_frame(const struct client_frame *frame, void (*heard)(struct parley_view message))
{
    unsigned pong = 0;

    assert_false(wire.closed); /* nothing follows a close frame */
    switch (frame->first & 0xf) {
    case TEXT:
    case CONTINUATION:
        take_data(frame, heard);
        break;
    case PONG:
        pong = (unsigned)strtoul(frame->payload, NULL, 10);
        if (pong <= wire.pong || pong > wire.pings_fed)
            fail_msg("a pong for ping %u, after %u; %u pings have arrived", pong, wire.pong, wire.pings_fed);
        wire.pong = pong;
        break;
    case CLOSE:
        wire.closed = true;
        wire_close(1000);
        break;
    default:
        fail_msg("a frame that begins with %02x", frame->first);
    }
}

static bool work_frames(void (*heard)(struct parley_view message))
{
    static struct client_frame frame;
    struct parley_view written = parley_pipe_written(wire.pipe), rest = written;

    while (take_frame(&rest, &frame))
        take_client_frame(&frame, heard);
    forget(written.len - rest.len);
    if (has_ended())
        parley_pipe_end(wire.pipe, PARLEY_ERR_PEER_CLOSED);
    return rest.len < written.len;
}

/* ---- the ordinary manner: what a server of ours makes of it ------------------------------------------ */

static void (*hears)(struct parley_view message);

static int read_written(void *user, void *into, size_t bytes)
{
    struct parley_view written = parley_pipe_written(wire.pipe);
    size_t some = written.len < bytes ? written.len : bytes;

    (void)user;
    memcpy(into, written.at, some);
    forget(some);
    return (int)some;
}

static size_t write_said(void *user, const void *from, size_t bytes)
{
    (void)user;
    put(from, bytes);
    return bytes;
}

static void hear_whole(void *user, struct parley_view message)
{
    (void)user;
    hears(message);
}

static bool work_ordinary(void (*heard)(struct parley_view message))
{
    size_t read = wire.written, wrote = wire.used;
    int status;

    hears = heard;
    status = parley_serve_frames_work(wire.frames);
    assert_false(parley_serve_frames_violated(wire.frames));
    assert_true(status == 0 || status == PARLEY_ERR_CLOSED);
    if (status == PARLEY_ERR_CLOSED)
        wire.closed = wire.closing = true;
    if (has_ended())
        parley_pipe_end(wire.pipe, PARLEY_ERR_PEER_CLOSED);
    return wire.written > read || wire.used > wrote;
}

bool wire_work(void (*heard)(struct parley_view message))
{
    if (!wire.up)
        return accept_request();
    return wire.manner->ordinary ? work_ordinary(heard) : work_frames(heard);
}

void wire_check_pongs(void)
{
    if (wire.pong != wire.pings_fed)
        fail_msg("%u pings have been read, the last pong is for %u", wire.pings_fed, wire.pong);
}

/* ---- life -------------------------------------------------------------------------------------------- */

void wire_stop(void)
{
    parley_serve_frames_drop(wire.frames);
    wire.frames = NULL;
    if (wire.zlib) {
        deflateEnd(&wire.deflate);
        inflateEnd(&wire.inflate);
    }
    wire.zlib = false;
}

void wire_start(const struct manner *manner, struct dice *dice)
{
    wire_stop(); /* of a run that failed */
    memset(&wire, 0, sizeof wire);
    wire.manner = manner;
    wire.dice = dice;
}

static size_t count_cuts(const size_t cuts[WIRE_CUTS])
{
    size_t sum = 0;

    for (size_t i = 0; i < WIRE_CUTS; i++)
        sum += cuts[i];
    return sum > 0 ? WIRE_CUTS : 0;
}

void wire_connect(void)
{
    const struct manner *manner = wire.manner;
    const struct parley_serve_frames_options options = {
        .message_bytes = CLIENT_BYTES, .read = read_written, .write = write_said, .received = hear_whole};

    wire.pipe = parley_pipe_last();
    wire.up = wire.broken = wire.closed = wire.closing = wire.in_message = false;
    wire.fed = wire.used;
    wire.pong = wire.pings_fed = wire.pings;
    parley_pipe_read_cuts(wire.pipe, manner->cuts[0], count_cuts(manner->cuts[0]));
    parley_pipe_write_cuts(wire.pipe, manner->cuts[1], count_cuts(manner->cuts[1]));
    parley_pipe_buffers(wire.pipe, manner->buffers);
    if (manner->break_write > 0)
        parley_pipe_break_write(wire.pipe, manner->break_write);
    wire_stop();
    if (manner->ordinary) {
        wire.frames = parley_serve_frames_open(&options);
        assert_non_null(wire.frames);
    }
    if (manner->compressed) {
        assert_int_equal(deflateInit2(&wire.deflate, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(inflateInit2(&wire.inflate, -15), Z_OK);
        wire.zlib = true;
    }
}

bool wire_is_up(void)
{
    return wire.up;
}

bool wire_is_broken(void)
{
    return wire.broken;
}

bool wire_is_stuck(void)
{
    return wire.manner->break_write > 0 &&
           wire.written + parley_pipe_written(wire.pipe).len >= wire.manner->break_write;
}

unsigned wire_arrived(void)
{
    unsigned whole = 0;

    while (whole < wire.message_count && wire.messages[whole] <= wire.fed)
        whole++;
    return whole;
}

size_t wire_fed(void)
{
    return wire.fed;
}
