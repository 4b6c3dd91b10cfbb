/*
 * The byte stream of the real transport: dial.h, then proxy.h or nothing, and above it tls.h or nothing.
 * Keeps the stages and their deadlines; what each stage does stands in those three. See stream.h.
 */
#include "platform/clock.h"
#include "transport/wss/dial.h"
#include "transport/wss/proxy.h"
#include "transport/wss/stream.h"
#include "transport/wss/tls.h"
#include "transport/wss/why.h"

#include <stdio.h>

enum stage { DIALING, TUNNELLING, SECURING, OPEN };

struct parley_stream {
    enum stage stage;
    struct parley_dial *dial;
    struct parley_proxy *proxy; /* NULL: the service itself is dialled */
    struct parley_tls *tls;     /* NULL: plain */
    struct parley_facts *facts;
    uint32_t tls_ms;
    uint64_t tls_by_us;
    int fd;
    int status; /* < 0 once it failed */
    char why[PARLEY_TRANSPORT_REASON];
};

/* To the proxy if there is one, else to the service. */
static int open_dial(struct parley_stream *s, struct parley_arena *arena,
                     const struct parley_stream_options *options, char why[PARLEY_TRANSPORT_REASON])
{
    const struct parley_endpoint *to = options->endpoint;
    const struct parley_proxy_options proxy = {options->host, options->port, to, options->facts};
    struct parley_dial_options dial = {
        .host = options->host,
        .port = options->port,
        .addresses = to->addresses,
        .address_count = to->address_count,
        .scratch = to->scratch,
        .scratch_bytes = to->scratch_bytes,
        .resolve_ms = to->deadlines.resolve_ms,
        .connect_ms = to->deadlines.connect_ms,
        .log = to->log,
    };
    int status = parley_view_trim(to->proxy).len > 0 ? parley_proxy_open(&s->proxy, arena, &proxy, why) : 0;

    if (status == 0 && s->proxy != NULL) {
        dial.host = parley_proxy_host(s->proxy);
        dial.port = parley_proxy_port(s->proxy);
        options->facts->proxied = true;
        options->facts->host = dial.host.at;
        options->facts->port = dial.port;
    }
    s->dial = status == 0 ? parley_dial_open(arena, &dial) : NULL;
    return status;
}

int parley_stream_open(struct parley_stream **out, struct parley_arena *arena,
                       const struct parley_stream_options *options, char why[PARLEY_TRANSPORT_REASON])
{
    const struct parley_tls_options tls = {options->host, options->endpoint, options->facts};
    struct parley_stream made = {
        .facts = options->facts, .tls_ms = options->endpoint->deadlines.tls_ms, .fd = -1};
    struct parley_stream *s = parley_arena_take(arena, 1, sizeof *s);
    int status = open_dial(&made, arena, options, why);

    *out = NULL;
    if (status == 0 && options->tls)
        status = parley_tls_open(&made.tls, arena, &tls, why);
    if (status == 0 && arena->failed) {
        parley_why(why, "the memory block is too small for the stream");
        status = PARLEY_ERR_MEMORY;
    }
    if (status == 0 && s != NULL)
        *out = s, *s = made;
    if (status < 0)
        parley_stream_drop(&made);
    return status;
}

/* Ends the stream; the first status and the first reason stay. */
static int fail(struct parley_stream *s, int status, const char *reason)
{
    if (s->status == 0)
        s->status = status;
    if (s->why[0] == '\0')
        parley_why(s->why, "%s", reason);
    return s->status;
}

/* The way to the service is open. */
static void begin_tls(struct parley_stream *s, uint64_t now_us)
{
    s->stage = OPEN;
    if (s->tls == NULL)
        return;
    s->stage = SECURING;
    s->tls_by_us = parley_clock_add(now_us, (uint64_t)s->tls_ms * 1000);
    parley_tls_attach(s->tls, s->fd);
}

static int fail_dial(struct parley_stream *s, int status)
{
    fail(s, status, parley_dial_reason(s->dial).at);
    if (s->proxy != NULL)
        parley_why_add(s->why, 0, " (of the proxy)");
    return status;
}

static int work_dial(struct parley_stream *s, uint64_t now_us)
{
    int status = parley_dial_work(s->dial, now_us);

    if (status <= 0)
        return status < 0 ? fail_dial(s, status) : 0;
    s->facts->address = *parley_dial_address(s->dial);
    s->fd = parley_dial_take(s->dial);
    s->dial = NULL; /* the memory it lies in may not be ours any more */
    if (s->proxy == NULL) {
        begin_tls(s, now_us);
        return 1;
    }
    s->stage = TUNNELLING;
    parley_proxy_attach(s->proxy, s->fd, now_us);
    return 1;
}

static int work_proxy(struct parley_stream *s, uint64_t now_us)
{
    int status = parley_proxy_work(s->proxy, now_us);

    if (status < 0)
        return fail(s, status, parley_proxy_reason(s->proxy));
    if (status > 0)
        begin_tls(s, now_us);
    return status;
}

static int work_tls(struct parley_stream *s, uint64_t now_us)
{
    char late[64];
    int status = parley_tls_handshake(s->tls);

    if (status < 0)
        return fail(s, status, parley_tls_reason(s->tls));
    if (status == 0 && now_us >= s->tls_by_us) {
        snprintf(late, sizeof late, "tls: no end of the handshake in %u ms", (unsigned)s->tls_ms);
        return fail(s, PARLEY_ERR_TIMEOUT, late);
    }
    if (status > 0)
        s->stage = OPEN;
    return status;
}

int parley_stream_work(struct parley_stream *s, uint64_t now_us)
{
    if (s->status == 0 && s->stage == DIALING)
        work_dial(s, now_us);
    if (s->status == 0 && s->stage == TUNNELLING)
        work_proxy(s, now_us);
    if (s->status == 0 && s->stage == SECURING)
        work_tls(s, now_us);
    if (s->status == 0 && s->stage == OPEN && s->tls != NULL && parley_tls_work(s->tls, now_us) < 0)
        fail(s, PARLEY_ERR_LOST, parley_tls_reason(s->tls));
    return s->status < 0 ? s->status : s->stage == OPEN;
}

/* Passes on what a read or write gave, and keeps the words for how the stream ended. The peer's goodbye
   does not forbid to write what is left. */
static int moved(struct parley_stream *s, int status)
{
    if (status == PARLEY_ERR_PEER_CLOSED && s->why[0] == '\0')
        parley_why(s->why, "%s",
                   s->tls != NULL ? parley_tls_reason(s->tls) : "open: the peer closed the connection");
    if (status != PARLEY_ERR_LOST)
        return status;
    if (s->tls != NULL)
        return fail(s, status, parley_tls_reason(s->tls));
    char broken[128];
    snprintf(broken, sizeof broken, "open: the connection broke: %s", parley_socket_reason());
    return fail(s, status, broken);
}

int parley_stream_read(struct parley_stream *s, void *into, size_t bytes)
{
    if (s->status < 0 || s->stage != OPEN)
        return s->status;
    return moved(s, s->tls != NULL ? parley_tls_read(s->tls, into, bytes)
                                   : parley_socket_read(s->fd, into, bytes));
}

int parley_stream_write(struct parley_stream *s, const void *from, size_t bytes)
{
    if (s->status < 0 || s->stage != OPEN)
        return s->status;
    return moved(s, s->tls != NULL ? parley_tls_write(s->tls, from, bytes)
                                   : parley_socket_write(s->fd, from, bytes));
}

bool parley_stream_buffered(const struct parley_stream *s)
{
    return s->status == 0 && s->stage >= SECURING && s->tls != NULL && parley_tls_buffered(s->tls);
}

size_t parley_stream_interest(const struct parley_stream *s, bool want_read, bool want_write,
                              struct parley_interest *want)
{
    bool unsent = s->tls != NULL && parley_tls_unsent(s->tls);

    if (s->status == 0 && s->stage == DIALING)
        return parley_dial_interest(s->dial, want);
    if (s->status == 0 && s->stage == TUNNELLING) {
        parley_proxy_interest(s->proxy, want);
        return 1;
    }
    *want = (struct parley_interest){.fd = s->fd, .deadline_us = PARLEY_NEVER};
    if (s->stage == SECURING) {
        want->read = true;
        want->write = unsent;
        want->deadline_us = s->tls_by_us;
    } else {
        want->read = want_read;
        want->write = want_write || unsent;
    }
    if (parley_stream_buffered(s) && want->read)
        want->deadline_us = 0;
    /* A descriptor nobody wants anything of could still wake poll() for ever, by having hung up. */
    if (s->status < 0 || (!want->read && !want->write))
        want->fd = -1;
    return 1;
}

const char *parley_stream_stage(const struct parley_stream *s)
{
    switch (s->stage) {
    case DIALING:
        return parley_dial_stage(s->dial);
    case TUNNELLING:
        return "proxy";
    case SECURING:
        return "tls";
    case OPEN:
        return "open";
    }
    return "";
}

struct parley_view parley_stream_reason(const struct parley_stream *s)
{
    return parley_view(s->why);
}

void parley_stream_rest(struct parley_stream *s)
{
    if (s->status == 0 && s->stage == OPEN && s->tls != NULL)
        parley_tls_rest(s->tls);
}

void parley_stream_shutdown(struct parley_stream *s)
{
    if (s->status == 0 && s->tls != NULL)
        parley_tls_shutdown(s->tls);
}

void parley_stream_drop(struct parley_stream *s)
{
    if (s == NULL)
        return;
    parley_dial_drop(s->dial);
    parley_proxy_drop(s->proxy);
    parley_tls_drop(s->tls);
    parley_socket_close(s->fd);
    parley_wipe(s, sizeof *s);
    s->fd = -1;
}
