/*
 * WebSocket frames. wslay's frame layer reads their headers; what it lacks stands here: the checks that span
 * frames, reasons in words (it has one error number for all of them), and the look ahead. Payload it would
 * copy through four kilobytes of its own, so it sees none, and messages are read where they came to lie. Its
 * event layer is of no use to us: it allocates for each message, as much as the peer announces. Our own
 * frames are put together here, as wslay masks byte by byte, which would cost most of what sending does.
 */
#include "transport/wss/frames.h"

#include "platform/random.h"
#include "transport/wss/why.h"

#include <stdio.h>
#include <wslay/wslay.h>

enum {
    MASK = 4,
    HEADER_MAX = 2 + 8 + MASK, /* with the longest length */
    FIN = 0x80,
    RSV1 = 0x40,   /* of a header's first byte */
    MASKED = 0x80, /* of its second */
    CONTROLS = 2,  /* the room behind the messages in `out`: one pong and the close frame */
    CLOSE_NORMAL = 1000,
    CLOSE_PROTOCOL = 1002,
    CLOSE_DATA = 1007,
    CLOSE_TOO_BIG = 1009,
};

/* No message is that long: 2^53. A length like this is meant to do harm. */
static const uint64_t length_max = UINT64_C(1) << 53;

/* ---- what wslay calls -------------------------------------------------------------------------- */

/* Gives wslay the header of the frame being read. */
static ssize_t give(uint8_t *into, size_t bytes, int flags, void *user)
{
    struct parley_frames *f = user;
    size_t some = f->header_left < bytes ? f->header_left : bytes;

    (void)flags;
    if (some == 0)
        return -1; /* "none now" */
    memcpy(into, f->header + sizeof f->header - f->header_left, some);
    f->header_left -= some;
    return (ssize_t)some;
}

/* ---- life -------------------------------------------------------------------------------------- */

void parley_frames_carve(struct parley_frames *f, struct parley_arena *arena, size_t recv_bytes,
                         size_t send_bytes)
{
    size_t least = 2 * PARLEY_FRAMES_CONTROL_ROOM;

    f->in = parley_buffer(arena, recv_bytes > least ? recv_bytes : least);
    f->out = parley_buffer(arena,
                           (send_bytes > least ? send_bytes : least) + CONTROLS * PARLEY_FRAMES_CONTROL_ROOM);
}

int parley_frames_start(struct parley_frames *f)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = give};

    return wslay_frame_context_init(&f->wslay, &callbacks, f) == 0 ? 0 : PARLEY_ERR_MEMORY;
}

void parley_frames_stop(struct parley_frames *f)
{
    if (f->wslay != NULL)
        wslay_frame_context_free(f->wslay);
    f->wslay = NULL;
    parley_wipe(f->out.at + f->out.start, parley_buffer_used(&f->out));
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* What stands in the first byte of a frame. */
struct kind {
    uint8_t opcode;
    bool last, compressed;
};

/* Mask bytes, drawn in bulk: one call of the system for 64 frames. False when there are none. */
static bool draw_mask(struct parley_frames *f, unsigned char mask[MASK])
{
    if (f->masks_left < MASK) {
        if (parley_random(f->masks, sizeof f->masks) < 0)
            return false;
        f->masks_left = sizeof f->masks;
    }
    f->masks_left -= MASK;
    memcpy(mask, f->masks + f->masks_left, MASK);
    return true;
}

/* A header up to the mask (RFC 6455, 5.2); returns its length. */
static size_t put_header(unsigned char *at, struct kind kind, uint64_t length)
{
    size_t extra = length > 0xffff ? 8 : length > 125 ? 2 : 0;

    at[0] = (unsigned char)((kind.last ? FIN : 0) | (kind.compressed ? RSV1 : 0) | kind.opcode);
    at[1] = (unsigned char)(MASKED | (extra == 8 ? 127 : extra == 2 ? 126 : length));
    for (size_t i = 0; i < extra; i++)
        at[2 + i] = (unsigned char)(length >> 8 * (extra - 1 - i));
    return 2 + extra;
}

/* Masks from one place to another, which may begin before it: a word at a time. */
static void put_masked(unsigned char *into, const char *from, size_t bytes, const unsigned char mask[MASK])
{
    uint64_t key, first, second;
    enum { WORD = sizeof key };

    memcpy(&key, mask, MASK);
    memcpy((unsigned char *)&key + MASK, mask, MASK);
    for (; bytes >= 2 * WORD; bytes -= 2 * WORD, from += 2 * WORD, into += 2 * WORD) {
        memcpy(&first, from, WORD);
        memcpy(&second, from + WORD, WORD);
        first ^= key;
        second ^= key;
        memcpy(into, &first, WORD);
        memcpy(into + WORD, &second, WORD);
    }
    for (size_t i = 0; i < bytes; i++)
        into[i] = (unsigned char)from[i] ^ mask[i % MASK];
}

/* Puts one whole frame into `out`, in which there is room for it. False when no mask can be drawn. */
static bool put_frame(struct parley_frames *f, struct kind kind, struct parley_view payload)
{
    unsigned char header[HEADER_MAX], *at;
    size_t header_bytes = put_header(header, kind, payload.len), bytes = header_bytes + MASK + payload.len;

    if (parley_buffer_reserve(&f->out, bytes) < bytes || !draw_mask(f, header + header_bytes))
        return false;
    at = f->out.at + f->out.end;
    memcpy(at, header, header_bytes + MASK);
    put_masked(at + header_bytes + MASK, payload.at, payload.len, header + header_bytes);
    f->out.end += bytes;
    return true;
}

/* The same, compressed. What the payload becomes stands in `out` itself, as far behind the frame as its
   header is long, so that each byte is read before another one takes its place. */
static bool put_compressed(struct parley_frames *f, struct kind kind, struct parley_view payload)
{
    size_t want = HEADER_MAX + parley_deflate_bound(payload.len);
    unsigned char *at;
    size_t bytes;

    if (parley_buffer_reserve(&f->out, want) < want)
        return false;
    at = f->out.at + f->out.end + HEADER_MAX;
    bytes = parley_deflate_piece(f->deflate, payload, kind.compressed, kind.last, at);
    return bytes > 0 && put_frame(f, kind, parley_view_of((const char *)at, bytes));
}

/* Puts a control frame into `out` if that leaves `spare` bytes free. */
static bool put_control(struct parley_frames *f, uint8_t opcode, struct parley_view payload, size_t spare)
{
    struct kind kind = {.opcode = opcode, .last = true};

    return parley_buffer_room(&f->out) >= PARLEY_FRAMES_CONTROL_ROOM + spare && put_frame(f, kind, payload);
}

/* True for a code that may stand in a close frame (RFC 6455, 7.4, and the registry it founds). */
static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

void parley_frames_close(struct parley_frames *f, uint16_t code, const char *reason)
{
    char payload[PARLEY_FRAMES_CONTROL];
    size_t bytes = 0;

    if (f->close_queued)
        return;
    if (code != 0 && !is_close_code(code))
        code = CLOSE_NORMAL;
    if (code != 0) {
        struct parley_view text = parley_utf8_cut(parley_view(reason), sizeof payload - 2);

        payload[0] = (char)(code >> 8);
        payload[1] = (char)(code & 0xff);
        memcpy(payload + 2, text.at, text.len);
        bytes = 2 + text.len;
    }
    put_control(f, WSLAY_CONNECTION_CLOSE, parley_view_of(payload, bytes), 0);
    f->close_queued = true;
    f->ping_waits = f->pong_waits = false;
}

void parley_frames_room(struct parley_frames *f)
{
    struct parley_view payload = parley_view_of((const char *)f->pong, f->pong_bytes);

    if (f->pong_waits && put_control(f, WSLAY_PONG, payload, PARLEY_FRAMES_CONTROL_ROOM))
        f->pong_waits = false;
    if (f->ping_waits && put_control(f, WSLAY_PING, parley_view(""), PARLEY_FRAMES_CONTROL_ROOM))
        f->ping_waits = false;
}

void parley_frames_ping(struct parley_frames *f)
{
    f->ping_waits = !f->close_queued;
    parley_frames_room(f);
}

static void answer_ping(struct parley_frames *f, const uint8_t *payload, size_t bytes)
{
    if (f->close_queued)
        return;
    memcpy(f->pong, payload, bytes);
    f->pong_bytes = bytes;
    f->pong_waits = true;
    parley_frames_room(f);
}

/* How much of `bytes` bytes of a message to put into `out` now. */
static size_t how_much(const struct parley_frames *f, size_t bytes, bool compressed)
{
    size_t kept = HEADER_MAX + CONTROLS * PARLEY_FRAMES_CONTROL_ROOM; /* not for payload */
    size_t most = f->out.size - kept, room = parley_buffer_room(&f->out);

    if (room < kept)
        return 0;
    room -= kept;
    if (compressed) {
        most = parley_deflate_fits(most);
        room = parley_deflate_fits(room);
    }
    if (bytes <= room)
        return bytes;
    /* It will fit as a whole, or a piece worth its header will. */
    return bytes <= most || room < most / 2 ? 0 : room;
}

long parley_frames_text(struct parley_frames *f, struct parley_view message)
{
    bool first = !f->out_message;
    bool compressed = first ? f->deflate != NULL && f->deflate->writes && message.len >= PARLEY_DEFLATE_WORTH
                            : f->out_compressed;
    struct parley_view piece = parley_view_of(message.at, how_much(f, message.len, compressed));
    struct kind kind = {
        .opcode = first ? WSLAY_TEXT_FRAME : WSLAY_CONTINUATION_FRAME,
        .last = piece.len == message.len,
        .compressed = first && compressed,
    };

    if (piece.len == 0 || f->close_queued || f->status != 0)
        return 0;
    if (compressed ? !put_compressed(f, kind, piece) : !put_frame(f, kind, piece)) {
        f->status = PARLEY_ERR_SYSTEM;
        parley_why(f->why, "the system gives no random bytes to mask a frame with%s",
                   compressed ? ", or zlib failed" : "");
        return f->status;
    }
    f->out_message = !kind.last;
    f->out_compressed = compressed;
    return (long)piece.len;
}

/* ---- reading headers --------------------------------------------------------------------------- */

struct header {
    bool fin, masked;
    uint8_t reserved, opcode, short_length; /* short_length: 126 and 127 announce a longer field */
    size_t bytes;
    uint64_t length; /* of the payload, if `whole` */
    bool whole;
};

static bool is_control(const struct header *h)
{
    return h->opcode >= 8;
}

/* Reads what is there of a header at `at`; false when not even its first two bytes are. */
static bool read_header(struct header *h, const unsigned char *at, size_t available)
{
    size_t extra;

    if (available < 2)
        return false;
    h->fin = (at[0] & 0x80) != 0;
    h->reserved = (uint8_t)(at[0] & 0x70);
    h->opcode = at[0] & 0x0f;
    h->masked = (at[1] & 0x80) != 0;
    h->short_length = at[1] & 0x7f;
    extra = h->short_length == 127 ? 8 : h->short_length == 126 ? 2 : 0;
    h->bytes = 2 + extra;
    h->whole = available >= h->bytes;
    h->length = extra == 0 ? h->short_length : 0;
    for (size_t i = 0; h->whole && i < extra; i++)
        h->length = h->length << 8 | at[2 + i];
    return true;
}

/* What is wrong with its reserved bits (RFC 7692, 6): the first frame of a message says that it is
 * compressed. */
static const char *wrong_reserved(const struct parley_frames *f, const struct header *h)
{
    if (h->reserved == 0)
        return NULL;
    if (f->deflate == NULL)
        return "a frame has reserved bits set though no extension was agreed on";
    if (h->reserved != RSV1)
        return "a frame has reserved bits set that compression does not use";
    if (is_control(h))
        return "a control frame is marked as compressed";
    return h->opcode == WSLAY_CONTINUATION_FRAME ? "a continuation is marked as compressed" : NULL;
}

/* What is wrong with a frame that begins like this; NULL for nothing (RFC 6455, 5.2 and 5.5). */
static const char *wrong_header(const struct parley_frames *f, const struct header *h)
{
    const char *wrong = wrong_reserved(f, h);

    if (wrong != NULL)
        return wrong;
    if ((h->opcode > 2 && h->opcode < 8) || h->opcode > 10)
        return "a frame has an opcode that does not exist";
    if (h->masked)
        return "a frame is masked, which only a client may do";
    if (is_control(h) && !h->fin)
        return "a control frame is fragmented";
    if (is_control(h) && h->short_length > PARLEY_FRAMES_CONTROL)
        return "a control frame is longer than 125 bytes";
    if (h->whole &&
        ((h->short_length == 126 && h->length < 126) || (h->short_length == 127 && h->length <= 0xffff)))
        return "a frame tells its length in more bytes than needed";
    return NULL;
}

/* The end of reading by a fault of the peer: tells it why. */
static int violation(struct parley_frames *f, int status, uint16_t code, const char *what)
{
    f->status = status;
    parley_why(f->why, "the service broke the WebSocket protocol: %s", what);
    parley_frames_close(f, code, what);
    return status;
}

/* Takes `bytes` bytes from the front of what came, which are lent on. */
static struct parley_view take(struct parley_frames *f, size_t bytes)
{
    f->ahead -= f->ahead < bytes ? f->ahead : bytes;
    return parley_view_of((const char *)parley_buffer_lend(&f->in, bytes), bytes);
}

/* Has wslay read a header that has been checked, as one of a frame without payload. Returns 1, or < 0. */
static int enter_frame(struct parley_frames *f, const struct header *h)
{
    struct wslay_frame_iocb io = {0};

    f->header[0] = (uint8_t)take(f, h->bytes).at[0];
    f->header[1] = 0;
    f->header_left = sizeof f->header;
    if (wslay_frame_recv(f->wslay, &io) < 0) /* by a check that only wslay has */
        return violation(f, PARLEY_ERR_PROTOCOL, CLOSE_PROTOCOL, "a frame is malformed");
    f->in_frame = true;
    f->payload_left = h->length;
    f->opcode = io.opcode;
    f->fin = io.fin != 0;
    f->marked = io.rsv != WSLAY_RSV_NONE;
    return 1;
}

/* Where a frame may begin: checks its header and gets ready to read it. Returns 1, 0 for more bytes, < 0. */
static int begin_frame(struct parley_frames *f)
{
    struct header h;
    const char *wrong;

    if (!read_header(&h, f->in.at + f->in.start, parley_buffer_used(&f->in)))
        return 0;
    wrong = wrong_header(f, &h);
    if (wrong == NULL && h.opcode == WSLAY_CONTINUATION_FRAME && !f->in_message)
        wrong = "a continuation has nothing to continue";
    if (wrong == NULL && !is_control(&h) && h.opcode != WSLAY_CONTINUATION_FRAME && f->in_message)
        wrong = "a message begins before the one before it has ended";
    if (wrong != NULL)
        return violation(f, PARLEY_ERR_PROTOCOL, CLOSE_PROTOCOL, wrong);
    if (h.length > length_max)
        return violation(f, PARLEY_ERR_PROTOCOL, h.length >> 63 != 0 ? CLOSE_PROTOCOL : CLOSE_TOO_BIG,
                         "a frame announces more bytes than anybody can send");
    /* Control frames are read whole, so that the look ahead has always seen them first. */
    if (!h.whole || (is_control(&h) && parley_buffer_used(&f->in) < h.bytes + h.length))
        return 0;
    return enter_frame(f, &h);
}

/* There is, or may be, more of a compressed message than was handed out. */
static bool is_inflating(const struct parley_frames *f)
{
    return f->deflate != NULL && parley_inflate_busy(f->deflate);
}

bool parley_frames_ready(const struct parley_frames *f)
{
    struct header h;
    size_t available = parley_buffer_used(&f->in);

    if (f->status != 0)
        return false;
    if (is_inflating(f))
        return true;
    if (available == 0)
        return false;
    if (f->in_frame)
        return true;
    if (!read_header(&h, f->in.at + f->in.start, available))
        return false;
    return wrong_header(f, &h) != NULL || (h.whole && (!is_control(&h) || available >= h.bytes + h.length));
}

/* ---- looking ahead ----------------------------------------------------------------------------- */

/* Looks at the frame that begins `f->ahead` bytes behind the front. True when it could be passed. */
static bool look_at_frame(struct parley_frames *f)
{
    size_t used = parley_buffer_used(&f->in);
    const unsigned char *at = f->in.at + f->in.start;
    struct header h;

    if (f->ahead >= used || !read_header(&h, at + f->ahead, used - (size_t)f->ahead))
        return false;
    f->ahead_stuck = wrong_header(f, &h) != NULL || h.length > length_max;
    if (f->ahead_stuck || !h.whole)
        return false;
    if (is_control(&h)) {
        if (used - f->ahead < h.bytes + h.length)
            return false;
        if (h.opcode == WSLAY_PING)
            answer_ping(f, at + f->ahead + h.bytes, (size_t)h.length);
        f->close_seen = f->ahead_stuck = h.opcode == WSLAY_CONNECTION_CLOSE;
    }
    f->ahead += h.bytes + h.length;
    return !f->ahead_stuck;
}

void parley_frames_arrived(struct parley_frames *f)
{
    while (!f->ahead_stuck && f->status == 0 && look_at_frame(f))
        ;
}

/* ---- reading frames ---------------------------------------------------------------------------- */

static const char *close_name(unsigned code)
{
    static const char *const names[] = {
        "normal closure",
        "going away",
        "protocol error",
        "unsupported data",
        "",
        "",
        "",
        "invalid payload",
        "policy violation",
        "message too big",
        "extension missing",
        "internal error",
        "service restart",
        "try again later",
        "bad gateway",
    };

    return code < 1000 + sizeof names / sizeof names[0] ? names[code - 1000] : "application code";
}

/* The peer's close frame: the code is echoed (RFC 6455, 5.5.1), and there is no more to read. */
static int take_close(struct parley_frames *f, struct parley_view payload)
{
    struct parley_view text = parley_view_skip(payload, 2);
    char reason[PARLEY_FRAMES_CONTROL + 1];
    unsigned code;

    f->close_seen = true;
    if (payload.len == 1)
        return violation(f, PARLEY_ERR_PROTOCOL, CLOSE_PROTOCOL, "a close frame holds half a code");
    f->status = PARLEY_ERR_PEER_CLOSED;
    if (payload.len == 0) {
        parley_why(f->why, "the service closed the connection without a code");
        parley_frames_close(f, 0, "");
        return f->status;
    }
    code = (unsigned)(unsigned char)payload.at[0] << 8 | (unsigned char)payload.at[1];
    if (!is_close_code(code))
        return violation(f, PARLEY_ERR_PROTOCOL, CLOSE_PROTOCOL,
                         "a close frame holds a code that may not be sent");
    if (!parley_utf8_valid(text))
        return violation(f, PARLEY_ERR_UTF8, CLOSE_DATA, "the reason in a close frame is not UTF-8");
    parley_why_clean(reason, sizeof reason, text);
    parley_why(f->why, "the service closed the connection: code %u (%s)%s%s", code, close_name(code),
               reason[0] != '\0' ? ": " : "", reason);
    f->close_code = (uint16_t)code;
    parley_frames_close(f, f->close_code, "");
    return f->status;
}

/* A whole control frame; pings are answered already. */
static int take_control(struct parley_frames *f, struct parley_view payload)
{
    if (f->opcode == WSLAY_CONNECTION_CLOSE)
        return take_close(f, payload);
    if (f->opcode == WSLAY_PING)
        f->pings++;
    else
        f->pongs++;
    return 0;
}

static void begin_message(struct parley_frames *f)
{
    f->in_message = true;
    f->binary = f->opcode == WSLAY_BINARY_FRAME;
    f->compressed = f->marked;
    f->message_bytes = 0;
    memset(&f->utf8, 0, sizeof f->utf8);
    if (f->compressed)
        parley_inflate_begin(f->deflate);
}

/* Hands out what a message holds. Returns 1 with *out filled, 0 when it is nothing, < 0. */
static int hand_out(struct parley_frames *f, struct parley_view bytes, bool last, struct parley_fragment *out)
{
    *out = (struct parley_fragment){.bytes = bytes, .last = last, .binary = f->binary};
    f->in_message = !last;
    f->message_bytes += bytes.len;
    if (!f->binary && (parley_utf8_feed(&f->utf8, bytes) < bytes.len || (last && f->utf8.need > 0)))
        return violation(f, PARLEY_ERR_UTF8, CLOSE_DATA, "a text message is not UTF-8");
    return last || bytes.len > 0;
}

/* A piece of a message as it travelled. Returns as hand_out; a compressed one has yet to be inflated. */
static int take_piece(struct parley_frames *f, struct parley_view bytes, struct parley_fragment *out)
{
    bool last = f->fin && !f->in_frame;
    int status;

    if (!f->in_message)
        begin_message(f);
    if (f->compressed) {
        parley_inflate_give(f->deflate, bytes, last);
        return 0;
    }
    status = hand_out(f, bytes, last, out);
    out->lent = true;
    return status;
}

/* A message that is small while it travels and large when it is read would keep us busy for nothing. */
static int too_long(struct parley_frames *f)
{
    f->status = PARLEY_ERR_TOO_LONG;
    parley_why(f->why, "the service sent a compressed message of more than %lu bytes",
               (unsigned long)f->inflated_bytes);
    parley_frames_close(f, CLOSE_TOO_BIG, "a compressed message is too long");
    return f->status;
}

enum { AGAIN = 2 }; /* nothing to hand out so far */

/* Goes on with what was given to inflate. Returns 1 with a piece, < 0, or AGAIN. */
static int read_inflated(struct parley_frames *f, struct parley_fragment *out)
{
    struct parley_view bytes;
    char what[PARLEY_FRAMES_CONTROL];
    bool last;
    int status = parley_inflate_next(f->deflate, &bytes, &last);

    if (status < 0) {
        snprintf(what, sizeof what, "a compressed message cannot be inflated: %s", f->deflate->why);
        return violation(f, status, CLOSE_DATA, what);
    }
    if (f->message_bytes + bytes.len > f->inflated_bytes)
        return too_long(f);
    status = hand_out(f, bytes, last, out);
    return status == 0 ? AGAIN : status;
}

/* Reads on within a frame. Returns 1 with a piece, 0 for more bytes, < 0, or AGAIN. */
static int read_frame(struct parley_frames *f, struct parley_fragment *out)
{
    size_t some = parley_buffer_used(&f->in);
    struct parley_view piece;
    int status;

    if (some == 0 && f->payload_left > 0)
        return 0;
    if (some > f->payload_left)
        some = (size_t)f->payload_left;
    piece = take(f, some);
    f->payload_left -= some;
    f->in_frame = f->payload_left > 0;
    status = (f->opcode & 8) != 0 ? take_control(f, piece) : take_piece(f, piece, out);
    return status == 0 ? AGAIN : status;
}

void parley_frames_release(struct parley_frames *f)
{
    if (!is_inflating(f)) /* from there */
        parley_buffer_take_back(&f->in);
}

int parley_frames_next(struct parley_frames *f, struct parley_fragment *out)
{
    int status = AGAIN;

    while (status == AGAIN) {
        parley_frames_release(f);
        if (f->status != 0)
            return f->status;
        if (is_inflating(f)) {
            status = read_inflated(f, out);
            continue;
        }
        status = f->in_frame ? 1 : begin_frame(f);
        if (status > 0)
            status = read_frame(f, out);
    }
    if (status <= 0)
        parley_frames_release(f);
    return status;
}
