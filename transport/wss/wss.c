/*
 * The transport over the network: stream -> upgrade -> frames, or stream -> call, each a state of one loop.
 * This file holds the states, the deadlines and how a link ends; what bytes mean stands in the files it uses.
 */
#include "platform/clock.h"
#include "transport/wss/call.h"
#include "transport/wss/frames.h"
#include "transport/wss/stream.h"
#include "transport/wss/upgrade.h"
#include "transport/wss/why.h"

const char parley_transport_name[] = "wss";

enum stage {
    STAGE_STREAM, /* the stream has stages of its own */
    STAGE_UPGRADE,
    STAGE_CALL, /* instead of all that follows: a call is created, and that is the end */
    STAGE_OPEN,
    STAGE_CLOSING, /* a close frame is on its way; `outcome` is how it will have ended */
    STAGE_CLOSED,
};

/* A compressed message may become so many times what the conversation can hold. Longer ones are of no use to
   it; up to here they are skipped like those that are not compressed, and the link goes on. */
enum { INFLATED_MESSAGES = 16 };

union shake {
    struct parley_upgrade upgrade;
    struct parley_call call;
};

struct parley_transport {
    enum stage stage;
    bool was_open;     /* messages may be in the buffer */
    int end;           /* how it ended, 0 while it has not */
    int outcome;       /* of STAGE_CLOSING, and of STAGE_OPEN once writing has failed */
    bool await_close;  /* in STAGE_CLOSING: the peer's close frame is due as well */
    int stream_end;    /* what reading from the stream ended with, 0 while it goes on */
    bool write_broken; /* nothing can be written any more; what was received is still handed out */
    uint64_t now_us;
    uint64_t deadline_us; /* of the stage */
    uint32_t timer_ms;    /* not 0: the deadline is that long after the next work() */
    uint32_t upgrade_ms, close_ms, ping_ms, pong_ms;
    uint64_t silent_us; /* the deadline of a sign of life, while open; then that of the answer to a ping */
    bool pinged;
    struct parley_stream *stream; /* NULL once the link has ended */
    struct parley_frames frames;  /* its buffers also serve the upgrade and the call */
    struct parley_deflate deflate;
    bool calls; /* what it is for */
    size_t request_bytes;
    union shake *shake; /* until it is open; an upgrade's may lie in the endpoint's scratch */
    char key[PARLEY_UPGRADE_KEY];
    bool compress;
    struct parley_url url;
    struct parley_facts facts;
    struct parley_log log;
    char reason[PARLEY_TRANSPORT_REASON];
};

/* ---- open -------------------------------------------------------------------------------------- */

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The request, as far as its body if it has one. It is of the same length for every key. */
static void render_request(const struct parley_transport *t, struct parley_render *r,
                           const struct parley_endpoint *to, const char key[PARLEY_UPGRADE_KEY])
{
    if (t->calls)
        parley_call_render(r, &t->url, to);
    else
        parley_upgrade_render(r, &t->url, to, key);
}

static void render_target(const struct parley_transport *t, struct parley_render *r,
                          const struct parley_endpoint *to)
{
    if (t->calls)
        parley_url_render_call_target(&t->url, r);
    else
        parley_url_render_target(&t->url, to->query, to->query_count, r);
}

/* Reads and checks what can be wrong before anything is started; *request is the length of the request. */
static int check(struct parley_transport *t, const struct parley_endpoint *to, size_t *request,
                 char why[PARLEY_TRANSPORT_REASON])
{
    static const char any_key[PARLEY_UPGRADE_KEY] = "";
    struct parley_render target = parley_render(NULL, 0), all = parley_render(NULL, 0);
    int status = parley_url_read(&t->url, to->url, why);

    if (status == 0)
        status = parley_upgrade_check(to, why);
    if (status < 0)
        return status;
    render_target(t, &target, to);
    if (target.used > PARLEY_URL_TARGET_BYTES) {
        parley_why(why, "url: with its query it is longer than %d bytes", PARLEY_URL_TARGET_BYTES);
        return PARLEY_ERR_URL;
    }
    render_request(t, &all, to, any_key);
    if (all.used > PARLEY_UPGRADE_REQUEST_BYTES) {
        parley_why(why, "%s: the headers are longer than %d bytes", t->calls ? "call" : "upgrade",
                   PARLEY_UPGRADE_REQUEST_BYTES);
        return PARLEY_ERR_ARGUMENT;
    }
    *request = all.used;
    return 0;
}

/* Writes the request into the send buffer, where it waits for the stream. */
static int prepare_request(struct parley_transport *t, const struct parley_endpoint *to,
                           char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_buffer *out = &t->frames.out;
    struct parley_render r = parley_render((char *)out->at, out->size);
    char key[PARLEY_UPGRADE_KEY];
    int status = parley_upgrade_draw(key);

    if (status < 0) {
        parley_why(why, "upgrade: the system gives no random bytes");
        return status;
    }
    render_request(t, &r, to, key);
    out->end = t->request_bytes = r.used;
    memcpy(t->key, key, sizeof t->key);
    return 0;
}

static int start(struct parley_transport *t, struct parley_arena *arena, const struct parley_endpoint *to,
                 char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_stream_options options = {
        .host = parley_view_of(t->url.host, t->url.host_bytes),
        .port = t->url.port,
        .tls = t->url.tls,
        .endpoint = to,
        .facts = &t->facts,
    };

    t->facts.host = t->url.host;
    t->facts.port = t->url.port;
    t->facts.tls = t->url.tls;
    return parley_stream_open(&t->stream, arena, &options, why);
}

/* wslay, and zlib if we offer to compress. */
static int start_packages(struct parley_transport *t, const struct parley_endpoint *to,
                          char why[PARLEY_TRANSPORT_REASON])
{
    int status = parley_frames_start(&t->frames);

    if (status < 0)
        parley_why(why, "memory: no room for the WebSocket reader");
    return status == 0 && to->compress ? parley_deflate_start(&t->deflate, why) : status;
}

int parley_transport_open(struct parley_transport **t, struct parley_arena *arena,
                          const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_transport made = {
        .stage = STAGE_STREAM,
        .calls = to->call_type.at != NULL,
        .compress = to->compress,
        .deadline_us = PARLEY_NEVER,
        .silent_us = PARLEY_NEVER,
        .upgrade_ms = to->deadlines.upgrade_ms,
        .close_ms = to->deadlines.close_ms,
        .ping_ms = to->deadlines.ping_ms,
        .pong_ms = to->deadlines.pong_ms,
        .log = to->log,
    };
    size_t request = 0;
    int status;

    *t = NULL;
    why[0] = '\0';
    status = check(&made, to, &request, why);
    if (status < 0)
        return status;
    *t = parley_arena_take(arena, 1, sizeof **t);
    parley_frames_carve(&made.frames, arena,
                        made.calls ? max_size(to->recv_bytes, PARLEY_HTTP_LINE_BYTES) : to->recv_bytes,
                        max_size(to->send_bytes, request));
    made.frames.inflated_bytes = INFLATED_MESSAGES * (uint64_t)to->message_bytes;
    if (to->compress)
        parley_deflate_carve(&made.deflate, arena);
    /* The answer to a call is read while the caller has the scratch already. */
    made.shake = made.calls || to->scratch_bytes < sizeof *made.shake
                     ? parley_arena_take(arena, 1, sizeof *made.shake)
                     : to->scratch;
    if (arena->failed) {
        *t = NULL;
        parley_why(why, "memory: the block is too small for the link");
        return PARLEY_ERR_MEMORY;
    }
    if (*t == NULL) /* it counts */
        return start(&made, arena, to, why);
    **t = made;
    status = start_packages(*t, to, why);
    if (status == 0)
        status = prepare_request(*t, to, why);
    if (status == 0)
        status = start(*t, arena, to, why);
    (*t)->url.path = (*t)->url.query = parley_view_of(NULL, 0); /* they pointed into the endpoint */
    if (status < 0) {
        parley_transport_drop(*t);
        *t = NULL;
    }
    return status;
}

/* ---- how it ends ------------------------------------------------------------------------------- */

/* The request holds secrets; nothing of it stays once it is out, or will not go out. */
static void wipe_request(struct parley_transport *t)
{
    parley_buffer_skip(&t->frames.out, parley_buffer_used(&t->frames.out));
    parley_wipe(t->frames.out.at, t->request_bytes);
}

/* The link is over, and the words for it are in `reason`. What was received can still be read. */
static int finish(struct parley_transport *t, int status)
{
    if (t->end != 0)
        return t->end;
    if (!t->was_open)
        wipe_request(t);
    if (t->stage != STAGE_STREAM)
        parley_stream_shutdown(t->stream);
    parley_stream_drop(t->stream);
    t->stream = NULL;
    t->end = status;
    t->stage = STAGE_CLOSED;
    t->timer_ms = 0;
    t->deadline_us = PARLEY_NEVER;
    parley_log_line(&t->log, status == PARLEY_ERR_CLOSED ? PARLEY_LOG_DEBUG : PARLEY_LOG_INFO,
                    "wss: ended (%s), %lu pings, %lu pongs", parley_status_name(status),
                    (unsigned long)t->frames.pings, (unsigned long)t->frames.pongs);
    return status;
}

/* The stream's words for how it broke, without the stage it puts before them; `otherwise` if it has none. */
static struct parley_view stream_words(const struct parley_transport *t, const char *otherwise)
{
    static const struct parley_view stage = PARLEY_VIEW("open: ");
    struct parley_view words = parley_stream_reason(t->stream);

    if (words.len == 0)
        return parley_view(otherwise);
    return parley_view_starts(words, stage) ? parley_view_skip(words, stage.len) : words;
}

/* The stage's deadline is `ms` after the next work(), which is the one that knows the time. */
static void set_timer(struct parley_transport *t, uint32_t ms)
{
    t->timer_ms = ms > 0 ? ms : 1;
}

/* A close frame is queued: what is left is to send it and, if one is due, to wait for the peer's. */
static void begin_closing(struct parley_transport *t, int outcome, bool await_close)
{
    t->stage = STAGE_CLOSING;
    t->outcome = outcome;
    t->await_close = await_close;
    t->silent_us = PARLEY_NEVER;
    set_timer(t, t->close_ms);
}

/* Adds to the reason that a message was cut. */
static void add_half_message(struct parley_transport *t)
{
    char cause[PARLEY_TRANSPORT_REASON];

    if (!t->frames.in_message)
        return;
    memcpy(cause, t->reason, sizeof cause);
    parley_why(t->reason, "%s, %lu bytes into a message", cause, (unsigned long)t->frames.message_bytes);
}

/* The stream has ended and all that came is read, without a close frame. */
static int finish_lost(struct parley_transport *t)
{
    struct parley_view words = stream_words(t, "the connection broke");

    if (t->stream_end == PARLEY_ERR_PEER_CLOSED)
        words = parley_view("the connection ended without a close frame");
    if (!t->write_broken) /* else the words are there already */
        parley_why(t->reason, "open: %.*s", (int)words.len, words.at);
    add_half_message(t);
    return finish(t, PARLEY_ERR_LOST);
}

/* ---- moving bytes ------------------------------------------------------------------------------ */

/* Reads what there is and fits, in as few calls as can be. True when there was something. */
static bool fill(struct parley_transport *t)
{
    struct parley_buffer *in = &t->frames.in;
    size_t before = parley_buffer_used(in);
    int got;

    do {
        size_t room = parley_buffer_reserve(in, in->size / 4);

        if (room == 0 || t->stream_end != 0)
            break;
        got = parley_stream_read(t->stream, in->at + in->end, room);
        if (got < 0)
            t->stream_end = got;
        else
            in->end += (size_t)got;
    } while (got > 0 && parley_stream_buffered(t->stream));
    return parley_buffer_used(in) > before;
}

/* Writes what is queued. Once that fails nothing more is sent, but what the peer has said before, perhaps
   why it closed, is still read. */
static void flush(struct parley_transport *t)
{
    struct parley_buffer *out = &t->frames.out;

    while (parley_buffer_used(out) > 0 && !t->write_broken) {
        int put = parley_stream_write(t->stream, out->at + out->start, parley_buffer_used(out));

        if (put > 0)
            parley_buffer_skip(out, (size_t)put);
        t->write_broken = put < 0;
        if (put <= 0)
            break;
    }
    if (t->write_broken)
        parley_buffer_skip(out, parley_buffer_used(out));
}

/* ---- the stages -------------------------------------------------------------------------------- */

static void start_shake(struct parley_transport *t)
{
    t->stage = t->calls ? STAGE_CALL : STAGE_UPGRADE;
    if (t->calls)
        parley_call_start(&t->shake->call);
    else
        parley_upgrade_start(&t->shake->upgrade, t->key, t->compress);
}

static int work_stream(struct parley_transport *t)
{
    int status = parley_stream_work(t->stream, t->now_us);

    if (status < 0) {
        struct parley_view reason = parley_stream_reason(t->stream);

        parley_why(t->reason, "%.*s", (int)reason.len, reason.at);
        return finish(t, status);
    }
    if (status > 0) {
        parley_log_line(&t->log, PARLEY_LOG_DEBUG, "wss: the stream is up, %s",
                        t->url.tls ? "with TLS" : "without TLS");
        start_shake(t);
        t->deadline_us = parley_clock_add(t->now_us, UINT64_C(1000) * t->upgrade_ms);
    }
    return status;
}

static void send_request(struct parley_transport *t)
{
    if (parley_buffer_used(&t->frames.out) == 0)
        return;
    flush(t);
    if (parley_buffer_used(&t->frames.out) == 0)
        wipe_request(t);
}

/* No complete answer will come: tells how far it got. */
static int end_upgrade(struct parley_transport *t, int status, struct parley_view what)
{
    struct parley_view rest = parley_buffer_view(&t->frames.in);

    return finish(t, parley_upgrade_end(&t->shake->upgrade, rest, status, what, t->reason));
}

static int upgrade_lost(struct parley_transport *t)
{
    struct parley_view words = stream_words(t, "the connection broke");

    if (t->stream_end == PARLEY_ERR_PEER_CLOSED)
        words = parley_view("the service ended the connection before it had answered");
    return end_upgrade(t, PARLEY_ERR_LOST, words);
}

/* The service has answered just now, and may be silent for a while. */
static void note_life(struct parley_transport *t)
{
    t->pinged = false;
    t->silent_us = t->ping_ms > 0 ? parley_clock_add(t->now_us, UINT64_C(1000) * t->ping_ms) : PARLEY_NEVER;
}

static void begin_open(struct parley_transport *t)
{
    const struct parley_extension *x = &t->shake->upgrade.compression;

    t->stage = STAGE_OPEN;
    t->was_open = true;
    t->deadline_us = PARLEY_NEVER;
    note_life(t);
    if (!x->agreed) {
        parley_log_line(&t->log, PARLEY_LOG_INFO, "wss: open");
        return;
    }
    parley_deflate_agree(&t->deflate, x);
    t->frames.deflate = &t->deflate;
    parley_log_line(&t->log, PARLEY_LOG_INFO, "wss: open, compressed (windows %d in, %d out%s%s)",
                    x->server_bits, x->client_bits,
                    x->server_no_context_takeover ? ", each message in alone" : "",
                    x->client_no_context_takeover ? ", each message out alone" : "");
}

static int work_upgrade(struct parley_transport *t)
{
    struct parley_buffer *in = &t->frames.in;
    struct parley_view rest;
    char what[PARLEY_TRANSPORT_REASON];
    int status;

    send_request(t);
    fill(t);
    rest = parley_buffer_view(in);
    status = parley_upgrade_read(&t->shake->upgrade, &rest, t->reason);
    parley_buffer_skip(in, parley_buffer_used(in) - rest.len);
    t->facts.http_status = t->shake->upgrade.http.status;
    if (status < 0)
        return finish(t, status);
    if (status > 0) {
        begin_open(t);
        return 1;
    }
    if (t->stream_end != 0)
        return upgrade_lost(t);
    if (parley_buffer_room(in) == 0) { /* of a line, or it would have been taken */
        parley_why(what, "a line of the answer is longer than the %lu bytes of link_recv_bytes",
                   (unsigned long)in->size);
        return end_upgrade(t, PARLEY_ERR_PROTOCOL, parley_view(what));
    }
    if (t->now_us < t->deadline_us)
        return 0;
    parley_why(what, "no answer within %u ms", (unsigned)t->upgrade_ms);
    return end_upgrade(t, PARLEY_ERR_TIMEOUT, parley_view(what));
}

/* ---- a call ------------------------------------------------------------------------------------ */

/* No answer, or not all of it. Returns 1 when it may end here. */
static int end_call(struct parley_transport *t, bool orderly, int status, struct parley_view what,
                    struct parley_fragment *out)
{
    struct parley_view rest = parley_buffer_view(&t->frames.in);

    status = parley_call_end(&t->shake->call, rest, orderly, status, what, out, t->reason);
    t->facts.http_status = t->shake->call.http.status;
    return status < 0 ? finish(t, status) : status;
}

/* The body is taken in send(), the answer read in recv(). */
static int work_call(struct parley_transport *t)
{
    char what[PARLEY_TRANSPORT_REASON];
    struct parley_fragment none;

    send_request(t);
    if (!fill(t) && t->stream_end == 0 && t->now_us >= t->deadline_us) {
        parley_why(what, "no answer within %u ms", (unsigned)t->upgrade_ms);
        return end_call(t, false, PARLEY_ERR_TIMEOUT, parley_view(what), &none);
    }
    return 1;
}

static long send_body(struct parley_transport *t, struct parley_view body)
{
    struct parley_buffer *out = &t->frames.out;
    size_t room = parley_buffer_reserve(out, body.len), some = body.len < room ? body.len : room;

    memcpy(out->at + out->end, body.at, some);
    out->end += some;
    return (long)some;
}

static int recv_answer(struct parley_transport *t, struct parley_fragment *out)
{
    struct parley_buffer *in = &t->frames.in;
    struct parley_view rest = parley_buffer_view(in), words = parley_view("");
    int got = parley_call_read(&t->shake->call, &rest, out, t->reason);

    parley_buffer_skip(in, parley_buffer_used(in) - rest.len);
    t->facts.http_status = t->shake->call.http.status;
    if (got < 0)
        return finish(t, got);
    if (got == 0 && t->stream_end != 0) {
        bool orderly = t->stream_end == PARLEY_ERR_PEER_CLOSED;

        words = orderly ? parley_view("the service ended the connection before it had answered")
                        : stream_words(t, "the connection broke");
        got = end_call(t, orderly, PARLEY_ERR_LOST, words, out);
    }
    if (got > 0 && out->last) {
        memcpy(t->facts.call_id, t->shake->call.id, sizeof t->facts.call_id);
        parley_why(t->reason, "the call is created");
        finish(t, PARLEY_ERR_CLOSED);
    }
    return got;
}

/* ---- a WebSocket ------------------------------------------------------------------------------- */

/* Writing failed while open: a close frame that says why may be on its way here, for a while. */
static void note_broken(struct parley_transport *t)
{
    struct parley_view words = stream_words(t, "the connection broke while sending");

    if (!t->write_broken || t->outcome != 0)
        return;
    t->outcome = PARLEY_ERR_LOST;
    parley_why(t->reason, "open: %.*s", (int)words.len, words.at);
    set_timer(t, t->close_ms);
}

/* Long replies have filled buffers that an idle link needs nothing of. */
static void rest(struct parley_transport *t)
{
    parley_buffer_rest(&t->frames.in);
    parley_buffer_rest(&t->frames.out);
    parley_stream_rest(t->stream);
}

/* Anything that comes is a sign of life; `came` says that something did. While the host takes so little that
   nothing can be read, silence is no sign of anything. */
static void watch_silence(struct parley_transport *t, bool came)
{
    if (t->stage != STAGE_OPEN || t->stream_end != 0)
        return;
    if (came || parley_buffer_room(&t->frames.in) == 0) {
        note_life(t);
        return;
    }
    if (t->now_us < t->silent_us)
        return;
    if (!t->pinged) {
        rest(t);
        parley_frames_ping(&t->frames);
        t->pinged = true;
        t->silent_us = parley_clock_add(t->now_us, UINT64_C(1000) * t->pong_ms);
        return;
    }
    parley_why(t->reason, "open: the service has fallen silent: it did not answer a ping within %u ms",
               (unsigned)t->pong_ms);
    add_half_message(t);
    finish(t, PARLEY_ERR_LOST);
}

/* The service broke the protocol and may be sending on. Were the connection closed while there is something
   of that to read, the system would reset it, and our close frame, which says what was wrong, might never be
   read (RFC 6455, 7.1.1 and 10.7). So for a while we read on, and throw it away. */
static bool lingers(const struct parley_transport *t)
{
    int status = t->frames.status;

    return status != 0 && status != PARLEY_ERR_PEER_CLOSED && !t->frames.close_seen && t->stream_end == 0;
}

/* Ends the link when nothing is left to do for it. */
static void settle(struct parley_transport *t)
{
    bool sent = t->write_broken || parley_buffer_used(&t->frames.out) == 0;

    if (t->stage == STAGE_OPEN && t->stream_end != 0 && !parley_frames_ready(&t->frames))
        finish_lost(t);
    if (t->stage != STAGE_CLOSING)
        return;
    if (t->stream_end != 0 && t->await_close && !t->frames.close_seen)
        parley_why(t->reason, "closed as asked; the service ended the connection without a close frame");
    if (t->stream_end != 0 || (sent && !lingers(t) && (!t->await_close || t->frames.close_seen)))
        finish(t, t->outcome);
}

static void check_deadline(struct parley_transport *t)
{
    if (t->now_us < t->deadline_us)
        return;
    if (t->stage == STAGE_OPEN) { /* writing had failed */
        finish_lost(t);
        return;
    }
    if (t->await_close) {
        t->outcome = PARLEY_ERR_TIMEOUT;
        parley_why(t->reason, "closing: the service did not answer the close within %u ms",
                   (unsigned)t->close_ms);
    }
    finish(t, t->outcome);
}

static int work_open(struct parley_transport *t)
{
    watch_silence(t, fill(t));
    if (t->end != 0)
        return t->end;
    if (lingers(t))
        parley_buffer_skip(&t->frames.in, parley_buffer_used(&t->frames.in));
    parley_frames_arrived(&t->frames);
    flush(t);
    parley_frames_room(&t->frames);
    note_broken(t);
    settle(t);
    if (t->stage != STAGE_CLOSED)
        check_deadline(t);
    return t->end != 0 ? t->end : 1;
}

int parley_transport_work(struct parley_transport *t, uint64_t now_us)
{
    int status = 1;

    t->now_us = now_us;
    if (t->timer_ms > 0) {
        t->deadline_us = parley_clock_add(now_us, UINT64_C(1000) * t->timer_ms);
        t->timer_ms = 0;
    }
    if (t->stage == STAGE_STREAM)
        status = work_stream(t);
    else if (t->stage != STAGE_CLOSED)
        parley_stream_work(t->stream, now_us); /* a failure shows when reading, behind what came before it */
    if (t->stage == STAGE_UPGRADE)
        status = work_upgrade(t);
    if (t->stage == STAGE_CALL)
        status = work_call(t);
    if (t->stage == STAGE_OPEN || t->stage == STAGE_CLOSING)
        status = work_open(t);
    return t->end != 0 ? t->end : status;
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* Reading has come to its end: the peer's close frame, or a fault of the peer. */
static void end_reading(struct parley_transport *t)
{
    bool answered = t->stage == STAGE_CLOSING && t->frames.status == PARLEY_ERR_PEER_CLOSED;

    if (t->stage == STAGE_CLOSED)
        return;
    if (!answered && (t->stage == STAGE_OPEN || t->await_close)) {
        parley_why(t->reason, "%s: %s", parley_transport_stage(t), t->frames.why);
        begin_closing(t, t->frames.status, false);
    }
    flush(t);
    settle(t);
}

int parley_transport_recv(struct parley_transport *t, struct parley_fragment *out)
{
    int status;

    if (t->stage == STAGE_CALL)
        return recv_answer(t, out);
    if (!t->was_open)
        return t->end;
    status = parley_frames_next(&t->frames, out);
    if (status > 0)
        return 1;
    if (status < 0)
        end_reading(t);
    else if (t->stage != STAGE_CLOSED)
        settle(t);
    return t->end;
}

void parley_transport_release(struct parley_transport *t)
{
    parley_frames_release(&t->frames);
}

long parley_transport_send(struct parley_transport *t, struct parley_view message)
{
    long taken;

    if (t->end != 0)
        return t->end;
    if (t->write_broken)
        return PARLEY_ERR_LOST;
    if (t->stage == STAGE_CALL)
        return send_body(t, message);
    if (t->stage != STAGE_OPEN)
        return 0;
    taken = parley_frames_text(&t->frames, message);
    if (taken < 0) {
        parley_why(t->reason, "open: %s", t->frames.why);
        return finish(t, (int)taken);
    }
    return taken;
}

size_t parley_transport_pending(const struct parley_transport *t)
{
    return t->was_open ? parley_buffer_used(&t->frames.out) : 0;
}

size_t parley_transport_interest(const struct parley_transport *t, struct parley_interest *want)
{
    bool bytes_flow = t->stage != STAGE_STREAM;
    bool read = bytes_flow && t->stream_end == 0 && parley_buffer_room(&t->frames.in) > 0;
    bool write = bytes_flow && !t->write_broken && parley_buffer_used(&t->frames.out) > 0;
    uint64_t due_us = t->deadline_us < t->silent_us ? t->deadline_us : t->silent_us;
    size_t count;

    if (t->stage == STAGE_CLOSED)
        return 0;
    if (t->timer_ms > 0 || (t->was_open && parley_frames_ready(&t->frames)) ||
        (read && parley_stream_buffered(t->stream)))
        due_us = t->now_us;
    count = parley_stream_interest(t->stream, read, write, want);
    if (count == 0)
        want[count++] = (struct parley_interest){.fd = -1, .deadline_us = PARLEY_NEVER};
    if (want[0].deadline_us > due_us)
        want[0].deadline_us = due_us;
    return count;
}

const char *parley_transport_stage(const struct parley_transport *t)
{
    switch (t->stage) {
    case STAGE_STREAM:
        return parley_stream_stage(t->stream);
    case STAGE_UPGRADE:
        return "upgrade";
    case STAGE_CALL:
        return "call";
    case STAGE_OPEN:
        return "open";
    case STAGE_CLOSING:
        return "closing";
    case STAGE_CLOSED:
        break;
    }
    return "closed";
}

struct parley_view parley_transport_reason(const struct parley_transport *t)
{
    return t->end != 0 ? parley_view(t->reason) : parley_view("");
}

uint16_t parley_transport_close_code(const struct parley_transport *t)
{
    return t->frames.close_code;
}

const struct parley_facts *parley_transport_facts(const struct parley_transport *t)
{
    return &t->facts;
}

/* ---- the end ----------------------------------------------------------------------------------- */

void parley_transport_close(struct parley_transport *t, uint16_t code)
{
    if (t->stage == STAGE_CLOSED || t->stage == STAGE_CLOSING)
        return;
    parley_why(t->reason, "closed as asked%s", t->was_open ? "" : ", before the link was up");
    if (t->stage != STAGE_OPEN || t->write_broken) {
        finish(t, PARLEY_ERR_CLOSED);
        return;
    }
    parley_frames_close(&t->frames, code, "");
    begin_closing(t, PARLEY_ERR_CLOSED, true);
}

void parley_transport_drop(struct parley_transport *t)
{
    if (t == NULL)
        return;
    parley_stream_drop(t->stream);
    t->stream = NULL;
    parley_frames_stop(&t->frames);
    parley_deflate_stop(&t->deflate);
    if (t->calls)
        parley_wipe(t->shake, sizeof *t->shake);
    t->stage = STAGE_CLOSED;
}
