/*
 * A connection of a WebSocket server: its stages, and their deadlines. See serve.h.
 */
#include "transport/wss/serve.h"

#include "platform/clock.h"
#include "transport/wss/accept.h"
#include "transport/wss/buffer.h"
#include "transport/wss/serve_frames.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_BYTES = 32768, JUNK_BYTES = 4096, JUNK_ROUNDS = 16, KEPT_WHOLE = 16 };

enum stage {
    REQUEST, /* of which the request has not come whole */
    OPEN,    /* messages travel */
    LAST,    /* an answer goes out, or a close frame; what still comes is thrown away */
    ENDED
};

struct parley_serve {
    struct parley_serve_options options;
    enum stage stage;
    int status; /* once it has ended */
    const char *why;
    struct parley_serve_stream stream;
    struct parley_request request;
    struct parley_buffer in, out;
    bool continued; /* a 100 was sent */
    int http_status;
    struct parley_serve_frames *frames; /* from the upgrade on */
    uint64_t now_us, by_us;             /* the stage's end; PARLEY_NEVER: it has none */
    uint64_t heard_us, taken_us;        /* when bytes last came, and went or were none */
    bool asked;                         /* for a sign of life */
    bool over;                          /* the client has sent its last byte */
};

static int end(struct parley_serve *s, int status, const char *why)
{
    if (s->stage != ENDED) {
        s->stage = ENDED;
        s->status = status;
        s->why = why;
    }
    return s->status;
}

static int end_by_stream(struct parley_serve *s, int status)
{
    return end(s, status, s->stream.why);
}

/* The rest is getting it out, and waiting for the client to go. */
static void begin_last(struct parley_serve *s)
{
    if (s->stage == LAST || s->stage == ENDED)
        return;
    s->stage = LAST;
    s->by_us = parley_clock_add(
        s->now_us, (uint64_t)(s->stream.screws.frozen ? s->options.idle_ms : s->options.close_ms) * 1000);
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* Keeps as much as there is room for, of a few bytes all or nothing; returns how much. */
static size_t keep(void *user, const void *from, size_t bytes)
{
    struct parley_serve *s = user;
    size_t room = parley_buffer_reserve(&s->out, bytes);

    if (bytes > room)
        bytes = bytes <= KEPT_WHOLE ? 0 : room;
    memcpy(s->out.at + s->out.end, from, bytes);
    s->out.end += bytes;
    return bytes;
}

/* Writes what waits. Returns whether something went. */
static bool flush(struct parley_serve *s)
{
    size_t before = parley_buffer_used(&s->out);

    while (parley_buffer_used(&s->out) > 0) {
        struct parley_view waiting = parley_buffer_view(&s->out);
        int put = parley_serve_stream_write(&s->stream, waiting.at, waiting.len);

        if (put < 0)
            end_by_stream(s, put);
        if (put <= 0)
            break;
        parley_buffer_skip(&s->out, (size_t)put);
        if (s->stream.screws.write_bytes > 0)
            break; /* one piece in each round */
    }
    if (before == 0 || parley_buffer_used(&s->out) < before)
        s->taken_us = s->now_us;
    return parley_buffer_used(&s->out) < before;
}

bool parley_serve_send_raw(struct parley_serve *s, struct parley_view bytes)
{
    if (parley_buffer_reserve(&s->out, bytes.len) < bytes.len)
        return false;
    keep(s, bytes.at, bytes.len);
    return true;
}

/* ---- the request ------------------------------------------------------------------------------- */

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *words;
    } phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].words;
    return "Answer";
}

/* Writes an answer whole, or, where there is no room for that, nothing of it. */
static bool put_answer(struct parley_serve *s, int status, const char *headers, const char *type,
                       struct parley_view body)
{
    char head[1024];
    int bytes = snprintf(head, sizeof head,
                         "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: "
                         "%lu\r\n%s\r\n",
                         status, phrase(status), type, (unsigned long)body.len, headers);

    if (bytes < 0 || bytes >= (int)sizeof head ||
        parley_buffer_reserve(&s->out, (size_t)bytes + body.len) < (size_t)bytes + body.len)
        return false;
    keep(s, head, (size_t)bytes);
    keep(s, body.at, body.len);
    s->http_status = status;
    return true;
}

void parley_serve_answer(struct parley_serve *s, int status, const char *headers, const char *type,
                         struct parley_view body)
{
    if (s->stage != REQUEST)
        return;
    if (!put_answer(s, status, headers, type, body))
        put_answer(s, 500, "", "text/plain", parley_view("the answer is too long to be sent\n"));
    begin_last(s);
}

/* One of our own, in the form errors of the service have. */
static void answer_wrong(struct parley_serve *s, int status, const char *why)
{
    char body[300];

    snprintf(
        body, sizeof body,
        "{\"error\":{\"message\":\"%s\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}\n",
        why);
    parley_serve_answer(s, status, "", "application/json", parley_view(body));
}

/* Bytes of the stream for wslay: first those that came behind the request. */
static int read_frames(void *user, void *into, size_t bytes)
{
    struct parley_serve *s = user;
    size_t some = parley_buffer_used(&s->in);
    int got;

    if (some > 0) {
        if (some > bytes)
            some = bytes;
        memcpy(into, s->in.at + s->in.start, some);
        parley_buffer_skip(&s->in, some);
        return (int)some;
    }
    got = parley_serve_stream_read(&s->stream, into, bytes);
    if (got > 0) {
        s->heard_us = s->now_us;
        s->asked = false;
    }
    return got;
}

static void received(void *user, struct parley_view message)
{
    struct parley_serve *s = user;

    s->options.received(s->options.user, message);
}

bool parley_serve_upgrade(struct parley_serve *s, const struct parley_request *request,
                          struct parley_view protocol)
{
    const struct parley_serve_frames_options options = {
        .message_bytes = s->options.message_bytes,
        .user = s,
        .read = read_frames,
        .write = keep,
        .received = received,
    };
    char accept[PARLEY_ACCEPT_BYTES], head[512];
    int bytes;

    if (s->stage != REQUEST)
        return false;
    if (request->key.len != PARLEY_ACCEPT_KEY) {
        answer_wrong(s, 400, "Sec-WebSocket-Key is not 16 bytes in base64");
        return false;
    }
    s->frames = parley_serve_frames_open(&options);
    if (s->frames == NULL) {
        answer_wrong(s, 503, "no memory");
        return false;
    }
    parley_accept(accept, request->key.at);
    bytes = snprintf(head, sizeof head,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %.*s\r\n%s%.*s%s\r\n",
                     PARLEY_ACCEPT_BYTES, accept, protocol.len > 0 ? "Sec-WebSocket-Protocol: " : "",
                     (int)(protocol.len & 0x7F), protocol.len > 0 ? protocol.at : "",
                     protocol.len > 0 ? "\r\n" : "");
    parley_serve_send_raw(s, parley_view_of(head, (size_t)bytes));
    s->stage = OPEN;
    s->by_us = PARLEY_NEVER;
    s->heard_us = s->taken_us = s->now_us;
    return true;
}

/* The head and the body are there. */
static void take_request(struct parley_serve *s, size_t head, size_t body)
{
    struct parley_view at = parley_buffer_view(&s->in);

    s->options.requested(s->options.user, &s->request, parley_view_of(at.at + head, body));
    parley_wipe(s->in.at + s->in.start, head); /* a key stands in it */
    parley_buffer_skip(&s->in, head + body);
    memset(&s->request, 0, sizeof s->request);
    if (s->stage == REQUEST)
        answer_wrong(s, 500, "nobody has answered");
}

static void judge_request(struct parley_serve *s)
{
    struct parley_view came = parley_buffer_view(&s->in);
    struct parley_request fresh = {.searched = s->request.searched};
    long head;

    s->request = fresh; /* the views of the last time may have moved */
    head = parley_request_read(&s->request, came);
    if (head < 0) {
        answer_wrong(s, s->request.status, s->request.why);
    } else if (head > 0 && s->request.length > s->options.body_bytes) {
        answer_wrong(s, 413, "the body is too long");
    } else if (head > 0 && came.len - (size_t)head >= s->request.length) {
        take_request(s, (size_t)head, (size_t)s->request.length);
    } else if (head > 0 && s->request.expects && !s->continued) {
        s->continued = parley_serve_send_raw(s, parley_view("HTTP/1.1 100 Continue\r\n\r\n"));
    }
}

static void read_request(struct parley_serve *s)
{
    size_t room = parley_buffer_reserve(&s->in, s->in.size);
    int got = parley_serve_stream_read(&s->stream, s->in.at + s->in.end, room);

    if (got < 0)
        end_by_stream(s, got);
    if (got <= 0)
        return;
    s->in.end += (size_t)got;
    judge_request(s);
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* When a client that takes nothing is given up; one that is kept from it on purpose is not. */
static uint64_t stall_by_us(const struct parley_serve *s)
{
    if (parley_buffer_used(&s->out) == 0 || s->stream.screws.write_a_second > 0 || s->stream.screws.frozen)
        return PARLEY_NEVER;
    return parley_clock_add(s->taken_us, (uint64_t)s->options.stall_ms * 1000);
}

/* When one that says nothing is asked for a sign of life, or given up. */
static uint64_t idle_by_us(const struct parley_serve *s)
{
    return parley_clock_add(s->heard_us, (uint64_t)s->options.idle_ms * (s->asked ? 1000 : 500));
}

/* Deadlines while messages travel. Returns whether something is to be said for one. */
static bool watch_client(struct parley_serve *s)
{
    if (s->now_us >= stall_by_us(s)) {
        end(s, PARLEY_ERR_TIMEOUT, "the client takes nothing");
    } else if (s->now_us >= idle_by_us(s) && !s->asked) {
        parley_serve_frames_ping(s->frames);
        return s->asked = true;
    } else if (s->now_us >= idle_by_us(s) && s->stream.screws.frozen) {
        end(s, PARLEY_ERR_TIMEOUT, "half-open for long enough");
    } else if (s->now_us >= idle_by_us(s)) {
        parley_serve_close(s, 1001, "no sign of life");
        return true;
    }
    return false;
}

static void work_frames(struct parley_serve *s)
{
    int status;

    do {
        status = parley_serve_frames_work(s->frames);
    } while (flush(s) && s->stage != ENDED && status == 0 && parley_serve_frames_wants_write(s->frames) &&
             s->stream.screws.write_bytes == 0);
    if (status == PARLEY_ERR_CLOSED && parley_buffer_used(&s->out) == 0)
        end(s, status, "");
    else if (status == PARLEY_ERR_CLOSED || (status == 0 && parley_serve_frames_said(s->frames) != 0))
        begin_last(s);
    else if (status == PARLEY_ERR_MEMORY)
        end(s, status, "no memory");
    else if (status < 0)
        end_by_stream(s, status);
}

bool parley_serve_room(const struct parley_serve *s)
{
    return s->stage == OPEN && parley_serve_frames_room(s->frames);
}

bool parley_serve_send(struct parley_serve *s, struct parley_view message, bool binary, size_t frame_bytes)
{
    return s->stage == OPEN && parley_serve_frames_send(s->frames, message, binary, frame_bytes);
}

void parley_serve_close(struct parley_serve *s, uint16_t code, const char *reason)
{
    if (s->stage != OPEN)
        return;
    parley_serve_frames_close(s->frames, code, reason);
    begin_last(s);
}

/* ---- the end ----------------------------------------------------------------------------------- */

/* Throws away what still comes; closed with bytes unread, the system would take back what was written. */
static void throw_away(struct parley_serve *s)
{
    char junk[JUNK_BYTES];
    int got = 1;

    for (int i = 0; i < JUNK_ROUNDS && got > 0; i++)
        got = parley_serve_stream_read(&s->stream, junk, sizeof junk);
    s->over = got < 0;
}

static void work_last(struct parley_serve *s)
{
    bool reads = s->frames != NULL && parley_serve_frames_wants_read(s->frames);

    if (s->frames != NULL)
        work_frames(s);
    else
        flush(s);
    if (s->stage == LAST && !reads && parley_buffer_used(&s->out) == 0 && !s->stream.screws.frozen)
        parley_serve_stream_finish(&s->stream);
    if (s->stage == LAST && !reads && !s->over)
        throw_away(s);
    if (s->stage == LAST && s->over && parley_buffer_used(&s->out) == 0)
        end(s, PARLEY_ERR_CLOSED, "");
    else if (s->stage == LAST && s->now_us >= s->by_us)
        end(s, PARLEY_ERR_CLOSED, s->http_status != 0 ? "" : "the client does not say goodbye");
}

/* ---- life -------------------------------------------------------------------------------------- */

int parley_serve_open(struct parley_serve **out, int fd, const struct parley_serve_options *options,
                      uint64_t now_us)
{
    size_t in_bytes = PARLEY_REQUEST_HEAD_BYTES + options->body_bytes, most = in_bytes + OUT_BYTES;
    struct parley_serve *s = calloc(1, sizeof *s + most);

    *out = NULL;
    if (s == NULL || parley_serve_stream_open(&s->stream, fd, options->keys) < 0) {
        free(s);
        parley_socket_close(fd);
        return PARLEY_ERR_MEMORY;
    }
    s->options = *options;
    s->why = "";
    s->in = (struct parley_buffer){.at = (unsigned char *)(s + 1), .size = in_bytes};
    s->out = (struct parley_buffer){.at = s->in.at + in_bytes, .size = OUT_BYTES};
    s->now_us = now_us;
    s->by_us = parley_clock_add(now_us, (uint64_t)options->head_ms * 1000);
    *out = s;
    return PARLEY_OK;
}

int parley_serve_work(struct parley_serve *s, uint64_t now_us)
{
    int status;

    if (s->stage == ENDED)
        return s->status;
    s->now_us = now_us;
    status = parley_serve_stream_work(&s->stream, now_us);
    if (status < 0)
        return end_by_stream(s, status);
    if (status > 0 && s->stage == REQUEST)
        read_request(s);
    if (s->stage == REQUEST && flush(s) && s->stage == ENDED)
        return s->status;
    if (s->stage == REQUEST && now_us >= s->by_us)
        return end(s, PARLEY_ERR_TIMEOUT, "the request takes too long");
    if (s->stage == OPEN) {
        work_frames(s);
        if (s->stage == OPEN && watch_client(s))
            work_frames(s);
    }
    if (s->stage == LAST)
        work_last(s);
    return s->stage == ENDED ? s->status : s->stage == OPEN;
}

struct parley_serve_screws *parley_serve_screws(struct parley_serve *s)
{
    return &s->stream.screws;
}

void parley_serve_interest(const struct parley_serve *s, struct parley_interest *want)
{
    bool read = s->stage != ENDED && !s->over;
    bool write = s->stage != ENDED && (parley_buffer_used(&s->out) > 0 ||
                                       (s->frames != NULL && parley_serve_frames_wants_write(s->frames)));
    uint64_t by_us = s->by_us;

    if (s->stage == OPEN) {
        read = parley_serve_frames_wants_read(s->frames);
        by_us = idle_by_us(s) < stall_by_us(s) ? idle_by_us(s) : stall_by_us(s);
    }
    parley_serve_stream_interest(&s->stream, read, write, want);
    if (by_us < want->deadline_us)
        want->deadline_us = by_us;
    if (s->stage == OPEN && read && parley_buffer_used(&s->in) > 0)
        want->deadline_us = 0;
}

struct parley_serve_end parley_serve_ended(const struct parley_serve *s)
{
    struct parley_serve_end how = {.http_status = s->http_status, .heard = 1006, .why = s->why};

    if (s->frames != NULL) {
        how.said = parley_serve_frames_said(s->frames);
        how.heard = parley_serve_frames_heard(s->frames);
        how.violated = parley_serve_frames_violated(s->frames);
    }
    return how;
}

void parley_serve_drop(struct parley_serve *s)
{
    if (s == NULL)
        return;
    parley_serve_frames_drop(s->frames);
    if (s->status == PARLEY_ERR_CLOSED)
        parley_serve_stream_finish(&s->stream);
    parley_serve_stream_close(&s->stream);
    parley_wipe(s->in.at, s->in.size);
    free(s);
}
