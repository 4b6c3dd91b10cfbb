/*
 * WebSocket frames of a server. See serve_frames.h.
 */
#include "transport/wss/serve_frames.h"

#include "parser/utf8.h"

#include <stdlib.h>
#include <wslay/wslay.h>

enum {
    CLOSE_PROTOCOL = 1002,
    CLOSE_KIND = 1003,
    CLOSE_NO_CODE = 1005, /* what stands for a close frame without one */
    CLOSE_DATA = 1007,
    CLOSE_TOO_BIG = 1009,
    GROWTH_BYTES = 16384, /* of a message's memory, at first; then it doubles */
    ROUND_BYTES = 262144, /* read at once: others want their turn */
};

struct parley_serve_frames {
    struct parley_serve_frames_options options;
    struct wslay_event_context *wslay;
    char *message; /* as far as it has come */
    size_t size, used, read;
    bool binary, control; /* of the frame that comes */
    bool malformed;       /* a frame of the client's */
    bool ours;            /* ours: we have queued a close frame of our own accord */
    uint16_t said;
    uint16_t code; /* to close with once all is out; 0: not */
    char reason[123];
    size_t reason_bytes;
    int status;

    /* One message that goes in several frames. */
    char *parts;
    size_t parts_bytes, parts_sent, part_bytes;
};

/* ---- reading ----------------------------------------------------------------------------------- */

/* The end of reading by a fault of the client, that wslay does not know of. */
static void refuse(struct parley_serve_frames *f, uint16_t code, const char *reason)
{
    if (f->said == 0) {
        wslay_event_queue_close(f->wslay, code, (const uint8_t *)reason, strlen(reason));
        f->said = code;
    }
    wslay_event_shutdown_read(f->wslay);
}

static ssize_t give(wslay_event_context_ptr wslay, uint8_t *into, size_t bytes, int flags, void *user)
{
    struct parley_serve_frames *f = user;
    int got = f->read < ROUND_BYTES ? f->options.read(f->options.user, into, bytes) : 0;

    (void)flags;
    if (got > 0) {
        f->read += (size_t)got;
        return got;
    }
    if (got < 0)
        f->status = got;
    wslay_event_set_error(wslay, got < 0 ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static void begin_frame(wslay_event_context_ptr wslay,
                        const struct wslay_event_on_frame_recv_start_arg *frame, void *user)
{
    struct parley_serve_frames *f = user;

    (void)wslay;
    f->control = wslay_is_ctrl_frame(frame->opcode);
    if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
        refuse(f, CLOSE_PROTOCOL, "a close frame holds half a code");
    if (f->control)
        return;
    if (frame->opcode != WSLAY_CONTINUATION_FRAME) {
        f->used = 0;
        f->binary = frame->opcode == WSLAY_BINARY_FRAME;
    }
    if (f->binary)
        refuse(f, CLOSE_KIND, "the protocol has no binary messages");
    else if (frame->payload_length > f->options.message_bytes - f->used)
        refuse(f, CLOSE_TOO_BIG, "the message is too long");
}

/* Makes room for more of the message. */
static bool grow(struct parley_serve_frames *f, size_t bytes)
{
    size_t size = f->size > 0 ? f->size : GROWTH_BYTES;
    char *grown;

    while (size - f->used < bytes)
        size *= 2;
    if (size == f->size)
        return true;
    grown = realloc(f->message, size);
    if (grown == NULL)
        return false;
    f->message = grown;
    f->size = size;
    return true;
}

static void take_piece(wslay_event_context_ptr wslay, const struct wslay_event_on_frame_recv_chunk_arg *piece,
                       void *user)
{
    struct parley_serve_frames *f = user;

    if (f->control || !wslay_event_get_read_enabled(wslay) || piece->data_length == 0 ||
        piece->data_length > f->options.message_bytes - f->used)
        return;
    if (!grow(f, piece->data_length)) {
        f->status = PARLEY_ERR_MEMORY;
        wslay_event_shutdown_read(wslay);
        return;
    }
    memcpy(f->message + f->used, piece->data, piece->data_length);
    f->used += piece->data_length;
}

/* A message is whole. A large one's memory is not kept. */
static void take_message(wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *message,
                         void *user)
{
    struct parley_serve_frames *f = user;

    if (wslay_is_ctrl_frame(message->opcode) || !wslay_event_get_read_enabled(wslay))
        return;
    if (f->said == 0 && f->code == 0)
        f->options.received(f->options.user, parley_view_of(f->used > 0 ? f->message : "", f->used));
    f->used = 0;
    if (f->size > 16 * GROWTH_BYTES) {
        free(f->message);
        f->message = NULL;
        f->size = 0;
    }
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* For a frame that is malformed by itself wslay queues a close frame without a code: it gets its code here.
 */
static ssize_t put(wslay_event_context_ptr wslay, const uint8_t *from, size_t bytes, int flags, void *user)
{
    static const uint8_t plain[] = {0x88, 0}, coded[] = {0x88, 2, CLOSE_PROTOCOL >> 8, CLOSE_PROTOCOL & 0xff};
    struct parley_serve_frames *f = user;
    bool replaces = f->malformed && bytes == sizeof plain && memcmp(from, plain, sizeof plain) == 0;
    size_t taken;

    (void)flags;
    if (replaces)
        taken = f->options.write(f->options.user, coded, sizeof coded) / 2;
    else
        taken = f->options.write(f->options.user, from, bytes);
    if (taken > 0)
        return (ssize_t)taken;
    wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static void drop_parts(struct parley_serve_frames *f)
{
    free(f->parts);
    f->parts = NULL;
}

/* The next part of the one message that goes in several frames. */
static ssize_t next_part(wslay_event_context_ptr wslay, uint8_t *into, size_t bytes,
                         const union wslay_event_msg_source *source, int *eof, void *user)
{
    struct parley_serve_frames *f = source->data;
    size_t left = f->parts_bytes - f->parts_sent;
    size_t some = f->part_bytes < bytes ? f->part_bytes : bytes;

    (void)wslay;
    (void)user;
    if (some > left)
        some = left;
    memcpy(into, f->parts + f->parts_sent, some);
    f->parts_sent += some;
    *eof = f->parts_sent == f->parts_bytes;
    if (*eof)
        drop_parts(f);
    return (ssize_t)some;
}

bool parley_serve_frames_room(const struct parley_serve_frames *f)
{
    return f->parts == NULL && f->said == 0 && f->code == 0 &&
           wslay_event_get_queued_msg_count(f->wslay) < PARLEY_SERVE_QUEUE_MESSAGES &&
           wslay_event_get_queued_msg_length(f->wslay) < PARLEY_SERVE_QUEUE_BYTES;
}

static bool send_parts(struct parley_serve_frames *f, struct parley_view message, uint8_t opcode,
                       size_t frame_bytes)
{
    struct wslay_event_fragmented_msg whole = {opcode, {.data = f}, next_part};

    f->parts = malloc(message.len);
    if (f->parts == NULL)
        return false;
    memcpy(f->parts, message.at, message.len);
    f->parts_bytes = message.len;
    f->parts_sent = 0;
    f->part_bytes = frame_bytes;
    if (wslay_event_queue_fragmented_msg(f->wslay, &whole) == 0)
        return true;
    drop_parts(f);
    return false;
}

bool parley_serve_frames_send(struct parley_serve_frames *f, struct parley_view message, bool binary,
                              size_t frame_bytes)
{
    uint8_t opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME;
    struct wslay_event_msg whole = {opcode, (const uint8_t *)message.at, message.len};

    if (!parley_serve_frames_room(f))
        return false;
    if (frame_bytes > 0 && message.len > frame_bytes)
        return send_parts(f, message, opcode, frame_bytes);
    return wslay_event_queue_msg(f->wslay, &whole) == 0;
}

void parley_serve_frames_ping(struct parley_serve_frames *f)
{
    const struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};

    if (f->said == 0)
        wslay_event_queue_msg(f->wslay, &ping);
}

void parley_serve_frames_close(struct parley_serve_frames *f, uint16_t code, const char *reason)
{
    struct parley_view text = parley_utf8_cut(parley_view(reason), sizeof f->reason);

    if (f->said != 0 || f->code != 0)
        return;
    f->code = code;
    memcpy(f->reason, text.at, text.len);
    f->reason_bytes = text.len;
}

/* wslay lets close frames overtake messages; ours goes behind them. */
static void say_goodbye(struct parley_serve_frames *f)
{
    if (f->code == 0 || f->said != 0 || wslay_event_get_queued_msg_count(f->wslay) > 0)
        return;
    f->said = f->code;
    f->ours = true;
    wslay_event_queue_close(f->wslay, f->code, (const uint8_t *)f->reason, f->reason_bytes);
    if (wslay_event_send(f->wslay) != 0 && f->status == 0)
        f->status = PARLEY_ERR_MEMORY;
}

/* ---- life -------------------------------------------------------------------------------------- */

struct parley_serve_frames *parley_serve_frames_open(const struct parley_serve_frames_options *options)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = give,
        .send_callback = put,
        .on_frame_recv_start_callback = begin_frame,
        .on_frame_recv_chunk_callback = take_piece,
        .on_msg_recv_callback = take_message,
    };
    struct parley_serve_frames *f = calloc(1, sizeof *f);

    if (f == NULL)
        return NULL;
    f->options = *options;
    if (wslay_event_context_server_init(&f->wslay, &callbacks, f) != 0) {
        free(f);
        return NULL;
    }
    wslay_event_config_set_no_buffering(f->wslay, 1);
    wslay_event_config_set_max_recv_msg_length(f->wslay, options->message_bytes);
    return f;
}

bool parley_serve_frames_wants_read(const struct parley_serve_frames *f)
{
    return wslay_event_want_read(f->wslay) &&
           wslay_event_get_queued_msg_count(f->wslay) < 2 * PARLEY_SERVE_QUEUE_MESSAGES &&
           wslay_event_get_queued_msg_length(f->wslay) < 2 * PARLEY_SERVE_QUEUE_BYTES;
}

bool parley_serve_frames_wants_write(const struct parley_serve_frames *f)
{
    return wslay_event_want_write(f->wslay);
}

/* wslay queues a close frame by itself: to answer the client's, or for a fault it has found. */
static void note_close(struct parley_serve_frames *f)
{
    if (f->said == 0 && wslay_event_get_close_sent(f->wslay))
        f->said = wslay_event_get_status_code_sent(f->wslay);
}

/* Reads what has come. wslay fails where a frame by itself is malformed. */
static void read_frames(struct parley_serve_frames *f)
{
    int code = wslay_event_recv(f->wslay);

    if (code == 0 || f->status != 0)
        return;
    f->malformed = code != WSLAY_ERR_NOMEM;
    if (!f->malformed)
        f->status = PARLEY_ERR_MEMORY;
    else
        refuse(f, CLOSE_PROTOCOL, "a frame is malformed");
}

int parley_serve_frames_work(struct parley_serve_frames *f)
{
    f->read = 0;
    if (f->status == 0 && parley_serve_frames_wants_read(f))
        read_frames(f);
    if (wslay_event_want_write(f->wslay) && wslay_event_send(f->wslay) != 0 && f->status == 0)
        f->status = PARLEY_ERR_MEMORY;
    say_goodbye(f);
    note_close(f);
    if (f->status == 0 && wslay_event_get_close_received(f->wslay) && wslay_event_get_close_sent(f->wslay))
        f->status = PARLEY_ERR_CLOSED;
    return f->status;
}

uint16_t parley_serve_frames_said(const struct parley_serve_frames *f)
{
    return f->said;
}

uint16_t parley_serve_frames_heard(const struct parley_serve_frames *f)
{
    uint16_t code = wslay_event_get_close_received(f->wslay) ? wslay_event_get_status_code_received(f->wslay)
                                                             : WSLAY_CODE_ABNORMAL_CLOSURE;

    return code != 0 ? code : CLOSE_NO_CODE;
}

bool parley_serve_frames_violated(const struct parley_serve_frames *f)
{
    uint16_t code = parley_serve_frames_said(f);

    if (f->ours || (wslay_event_get_close_received(f->wslay) && code == parley_serve_frames_heard(f)))
        return false;
    return code == CLOSE_PROTOCOL || code == CLOSE_KIND || code == CLOSE_DATA || code == CLOSE_TOO_BIG;
}

void parley_serve_frames_drop(struct parley_serve_frames *f)
{
    if (f == NULL)
        return;
    wslay_event_context_free(f->wslay);
    if (f->message != NULL)
        parley_wipe(f->message, f->size);
    free(f->message);
    drop_parts(f);
    free(f);
}
