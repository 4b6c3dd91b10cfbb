/*
 * The scripted stream: what the other side says is fed by a test, and so is how it is cut. Links in the
 * place of stream_tls.c; see stream_pipe.h for the test's side of it.
 */
#include "transport/wss/stream_pipe.h"

#include "platform/clock.h"

#include <stdio.h>

struct cuts {
    const size_t *at;
    size_t count, next;
};

struct parley_stream {
    char host[256];
    size_t host_bytes;
    uint16_t port;
    bool tls, buffers, shut, dropped;
    const char *stage, *reason;
    int failed, end;
    struct parley_view pieces[PARLEY_PIPE_PIECES];
    size_t first, count; /* pieces not yet read all */
    struct cuts read_cuts, write_cuts;
    size_t break_after, calls, written;
    uint64_t worked_us;
    unsigned char *bytes_written;
};

static struct parley_stream *last;
static unsigned opened;
static int refusal;
static const char *refusal_why;

/* ---- the test's side --------------------------------------------------------------------------- */

struct parley_stream *parley_pipe_last(void)
{
    return last;
}

unsigned parley_pipe_opened(void)
{
    return opened;
}

void parley_pipe_reset(void)
{
    last = NULL;
    opened = 0;
    refusal = 0;
}

void parley_pipe_refuse_open(int status, const char *why)
{
    refusal = status;
    refusal_why = why;
}

struct parley_view parley_pipe_host(const struct parley_stream *s)
{
    return parley_view_of(s->host, s->host_bytes);
}

uint16_t parley_pipe_port(const struct parley_stream *s)
{
    return s->port;
}

bool parley_pipe_tls(const struct parley_stream *s)
{
    return s->tls;
}

void parley_pipe_stage(struct parley_stream *s, const char *stage)
{
    s->stage = stage;
}

void parley_pipe_fail(struct parley_stream *s, int status, const char *reason)
{
    s->failed = status;
    s->reason = reason;
}

bool parley_pipe_feed(struct parley_stream *s, struct parley_view bytes)
{
    if (s->first > 0) {
        memmove(s->pieces, s->pieces + s->first, s->count * sizeof s->pieces[0]);
        s->first = 0;
    }
    if (s->count == PARLEY_PIPE_PIECES)
        return false;
    if (bytes.len > 0)
        s->pieces[s->count++] = bytes;
    return true;
}

size_t parley_pipe_unread(const struct parley_stream *s)
{
    size_t bytes = 0;

    for (size_t i = 0; i < s->count; i++)
        bytes += s->pieces[s->first + i].len;
    return bytes;
}

void parley_pipe_end(struct parley_stream *s, int status)
{
    s->end = status;
}

void parley_pipe_read_cuts(struct parley_stream *s, const size_t *cuts, size_t count)
{
    s->read_cuts = (struct cuts){cuts, count, 0};
}

void parley_pipe_buffers(struct parley_stream *s, bool buffers)
{
    s->buffers = buffers;
}

void parley_pipe_write_cuts(struct parley_stream *s, const size_t *cuts, size_t count)
{
    s->write_cuts = (struct cuts){cuts, count, 0};
}

void parley_pipe_break_write(struct parley_stream *s, size_t after_bytes)
{
    s->break_after = after_bytes;
}

struct parley_view parley_pipe_written(const struct parley_stream *s)
{
    return parley_view_of((const char *)s->bytes_written, s->written);
}

void parley_pipe_forget_written(struct parley_stream *s, size_t bytes)
{
    s->written -= bytes;
    memmove(s->bytes_written, s->bytes_written + bytes, s->written);
    if (s->break_after != SIZE_MAX)
        s->break_after -= bytes;
}

size_t parley_pipe_calls(const struct parley_stream *s)
{
    return s->calls;
}

uint64_t parley_pipe_worked_us(const struct parley_stream *s)
{
    return s->worked_us;
}

bool parley_pipe_shut(const struct parley_stream *s)
{
    return s->shut;
}

bool parley_pipe_dropped(const struct parley_stream *s)
{
    return s->dropped;
}

/* ---- the transport's side ---------------------------------------------------------------------- */

int parley_stream_open(struct parley_stream **s, struct parley_arena *arena,
                       const struct parley_stream_options *options, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_stream *made = parley_arena_take(arena, 1, sizeof *made);
    unsigned char *written = parley_arena_take(arena, PARLEY_PIPE_WRITTEN_BYTES, 1);

    *s = NULL;
    if (refusal != 0)
        snprintf(why, PARLEY_TRANSPORT_REASON, "%s", refusal_why);
    if (refusal != 0 || arena->failed)
        return refusal != 0 ? refusal : PARLEY_ERR_MEMORY;
    if (made == NULL)
        return 0;
    made->bytes_written = written;
    made->host_bytes = options->host.len < sizeof made->host ? options->host.len : 0;
    memcpy(made->host, options->host.at, made->host_bytes);
    made->port = options->port;
    made->tls = options->tls;
    made->stage = "open";
    made->break_after = SIZE_MAX;
    *s = last = made;
    opened++;
    return 0;
}

int parley_stream_work(struct parley_stream *s, uint64_t now_us)
{
    s->worked_us = now_us;
    if (s->failed != 0)
        return s->failed;
    return strcmp(s->stage, "open") == 0 ? 1 : 0;
}

/* The most one call may move, by the next cut. */
static size_t next_cut(struct cuts *cuts, size_t bytes)
{
    size_t cut;

    if (cuts->count == 0)
        return bytes;
    cut = cuts->at[cuts->next++ % cuts->count];
    return cut < bytes ? cut : bytes;
}

int parley_stream_read(struct parley_stream *s, void *into, size_t bytes)
{
    struct parley_view *piece = &s->pieces[s->first];
    size_t some;

    if (s->failed != 0)
        return PARLEY_ERR_LOST;
    if (s->count == 0)
        return s->end;
    some = next_cut(&s->read_cuts, bytes < piece->len ? bytes : piece->len);
    if (some == 0)
        return 0;
    memcpy(into, piece->at, some);
    *piece = parley_view_skip(*piece, some);
    if (piece->len == 0) {
        s->first++;
        s->count--;
    }
    s->calls++;
    return (int)some;
}

int parley_stream_write(struct parley_stream *s, const void *from, size_t bytes)
{
    size_t room = PARLEY_PIPE_WRITTEN_BYTES - s->written;
    size_t some;

    if (s->failed != 0 || s->written >= s->break_after)
        return PARLEY_ERR_LOST;
    if (room > s->break_after - s->written)
        room = s->break_after - s->written;
    some = next_cut(&s->write_cuts, bytes < room ? bytes : room);
    memcpy(s->bytes_written + s->written, from, some);
    s->written += some;
    s->calls += some > 0;
    return (int)some;
}

bool parley_stream_buffered(const struct parley_stream *s)
{
    return s->buffers && s->count > 0 && s->failed == 0;
}

size_t parley_stream_interest(const struct parley_stream *s, bool want_read, bool want_write,
                              struct parley_interest *want)
{
    bool readable = s->count > 0 ? !s->buffers : s->end != 0;
    bool ready = (want_read && readable) || (want_write && s->written < s->break_after);

    /* There is no descriptor to wait for: what would make one ready is a matter of now. */
    want[0] = (struct parley_interest){.fd = -1, .read = want_read, .write = want_write};
    want[0].deadline_us = ready || s->failed != 0 ? 0 : PARLEY_NEVER;
    return 1;
}

const char *parley_stream_stage(const struct parley_stream *s)
{
    return s->stage;
}

struct parley_view parley_stream_reason(const struct parley_stream *s)
{
    return parley_view(s->reason);
}

void parley_stream_rest(struct parley_stream *s)
{
    (void)s;
}

void parley_stream_shutdown(struct parley_stream *s)
{
    s->shut = true;
}

void parley_stream_drop(struct parley_stream *s)
{
    if (s != NULL)
        s->dropped = true;
}
