/*
 * Happy eyeballs over platform/resolve.h and platform/socket.h; knows nothing of TLS, so it runs on the
 * fake platform as well. See dial.h.
 */
#include "transport/wss/dial.h"

#include "platform/clock.h"
#include "platform/resolve.h"
#include "transport/wss/why.h"

#include <stdio.h>

enum {
    KNOWN = PARLEY_RESOLVE_ADDRESSES,
    ATTEMPTS = 3,
    ATTEMPTS_WHILE_ASKING = (int)PARLEY_TRANSPORT_INTERESTS - (int)PARLEY_RESOLVE_INTERESTS,
    ANSWER_DELAY_US = 50000,   /* RFC 8305 section 3: "Resolution Delay" */
    ATTEMPT_DELAY_US = 250000, /* RFC 8305 section 5: "Connection Attempt Delay" */
    TAIL = 48,                 /* bytes of the reason kept for "; and 12 more; 12 not tried" */
};
_Static_assert((int)ATTEMPTS <= (int)PARLEY_TRANSPORT_INTERESTS, "each attempt needs an interest");

struct attempt {
    int fd;
    struct parley_address address;
};

struct parley_dial {
    struct parley_view host;
    uint16_t port;
    uint32_t resolve_ms, connect_ms;
    struct parley_log log;

    struct parley_resolver *resolver;
    bool begun, asking;
    bool ordered;                       /* the host chose the order of the addresses */
    struct parley_address known[KNOWN]; /* without doubles, in the order they came */
    bool tried[KNOWN];
    size_t known_count, tried_count, unnamed; /* unnamed: failures the reason had no room for */
    uint8_t last_family;                      /* of the newest attempt; 0 before the first */

    struct attempt attempts[ATTEMPTS]; /* under way, oldest first */
    size_t attempt_count;
    uint64_t next_us; /* no attempt before */
    uint64_t resolve_by_us, connect_by_us;

    struct parley_address winner; /* to which it connected */
    int fd;                       /* connected and not taken yet, or -1 */
    int status;                   /* 0 under way, 1 connected, < 0 failed */
    char why[PARLEY_TRANSPORT_REASON];
};

/* ---- addresses --------------------------------------------------------------------------------- */

static bool same_address(const struct parley_address *a, const struct parley_address *b)
{
    return a->family == b->family && a->port == b->port && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, a->family == 6 ? 16 : 4) == 0;
}

static void learn(struct parley_dial *d, const struct parley_address *list, size_t count)
{
    for (size_t i = 0; i < count && d->known_count < KNOWN; i++) {
        struct parley_address found = list[i];
        size_t at = 0;

        if (found.port == 0)
            found.port = d->port;
        while (at < d->known_count && !same_address(&d->known[at], &found))
            at++;
        if (at == d->known_count)
            d->known[d->known_count++] = found;
    }
}

static bool knows_family(const struct parley_dial *d, uint8_t family)
{
    for (size_t i = 0; i < d->known_count; i++)
        if (d->known[i].family == family)
            return true;
    return false;
}

/* The family whose turn it is (RFC 8305 section 4, with a First Address Family Count of 1). */
static uint8_t next_family(const struct parley_dial *d)
{
    if (d->last_family != 0)
        return d->last_family == 6 ? 4 : 6;
    return d->ordered ? d->known[0].family : 6;
}

/* Index of the address to try next; KNOWN when all have been tried. */
static size_t next_address(const struct parley_dial *d)
{
    uint8_t family = next_family(d);
    size_t other = KNOWN;

    for (size_t i = 0; i < d->known_count; i++) {
        if (d->tried[i])
            continue;
        if (d->known[i].family == family)
            return i;
        if (other == KNOWN)
            other = i;
    }
    return other;
}

/* ---- the reason -------------------------------------------------------------------------------- */

/* Adds what became of one address. */
static void name_failure(struct parley_dial *d, const struct parley_address *address, const char *reason)
{
    char text[PARLEY_ADDRESS_TEXT];
    bool first = d->why[0] == '\0';

    parley_address_text(address, text);
    parley_log_line(&d->log, PARLEY_LOG_INFO, "connect: %s: %s", text, reason);
    if (d->unnamed > 0 || !parley_why_add(d->why, TAIL, "%s%s: %s", first ? "connect: " : "; ", text, reason))
        d->unnamed++;
}

static int fail(struct parley_dial *d, int status)
{
    if (d->unnamed > 0)
        parley_why_add(d->why, 0, "; and %lu more", (unsigned long)d->unnamed);
    if (d->known_count > d->tried_count)
        parley_why_add(d->why, 0, "; %lu not tried", (unsigned long)(d->known_count - d->tried_count));
    parley_dial_drop(d);
    return d->status = status;
}

/* ---- asking for the name ----------------------------------------------------------------------- */

static void end_asking(struct parley_dial *d, uint64_t now_us)
{
    d->asking = false;
    parley_resolver_stop(d->resolver);
    if (d->tried_count == 0)
        d->next_us = now_us; /* nothing more to wait for */
}

static int fail_resolve(struct parley_dial *d, int status, uint64_t now_us)
{
    struct parley_view reason = parley_resolver_reason(d->resolver);

    if (d->known_count == 0 && reason.len > 0)
        parley_why(d->why, "resolve: %.*s", (int)reason.len, reason.at);
    else if (d->known_count == 0)
        parley_why(d->why, "resolve: %.*s: %s", (int)d->host.len, d->host.at, parley_status_text(status));
    end_asking(d, now_us);
    return d->known_count == 0 ? fail(d, status) : 0; /* one family is enough */
}

/* Fetches what has been answered so far, and sees the end of it. */
static int ask(struct parley_dial *d, uint64_t now_us)
{
    int answered = parley_resolver_work(d->resolver, now_us);
    size_t count = 0, before = d->known_count;
    const struct parley_address *list = parley_resolver_addresses(d->resolver, &count);

    learn(d, list, count);
    if (answered < 0)
        return fail_resolve(d, answered, now_us);
    if (answered > 0) {
        end_asking(d, now_us);
        return 0;
    }
    if (before == 0 && d->known_count > 0)
        d->next_us = parley_clock_add(now_us, ANSWER_DELAY_US);
    if (d->tried_count == 0 && knows_family(d, 6))
        d->next_us = now_us;
    if (now_us < d->resolve_by_us)
        return 0;
    if (d->known_count == 0)
        parley_why(d->why, "resolve: %.*s: no answer in %u ms", (int)d->host.len, d->host.at,
                   (unsigned)d->resolve_ms);
    end_asking(d, now_us);
    return d->known_count == 0 ? fail(d, PARLEY_ERR_TIMEOUT) : 0;
}

static int begin(struct parley_dial *d, uint64_t now_us)
{
    d->begun = true;
    d->next_us = now_us;
    if (d->known_count > 0)
        return 0;
    d->resolve_by_us = parley_clock_add(now_us, (uint64_t)d->resolve_ms * 1000);
    d->asking = true;
    int status = parley_resolver_start(d->resolver, d->host, d->port, now_us);
    return status < 0 ? fail_resolve(d, status, now_us) : 0;
}

/* ---- connecting -------------------------------------------------------------------------------- */

/* True when another attempt may start, now or as soon as next_us has come. */
static bool has_next(const struct parley_dial *d)
{
    size_t most = d->asking ? ATTEMPTS_WHILE_ASKING : ATTEMPTS;

    return d->tried_count < d->known_count && d->attempt_count < most;
}

static void start_attempt(struct parley_dial *d, uint64_t now_us)
{
    size_t index = next_address(d);
    const struct parley_address *address = &d->known[index];
    int fd = parley_socket_connect(address);

    if (d->tried_count++ == 0)
        d->connect_by_us = parley_clock_add(now_us, (uint64_t)d->connect_ms * 1000);
    d->tried[index] = true;
    d->last_family = address->family;
    if (fd < 0) {
        name_failure(d, address, parley_socket_reason()); /* and the next one follows at once */
        return;
    }
    d->attempts[d->attempt_count++] = (struct attempt){fd, *address};
    d->next_us = parley_clock_add(now_us, ATTEMPT_DELAY_US);
}

/* The first to connect: the others are not needed any more, nor are the failures before. */
static void win(struct parley_dial *d, size_t winner)
{
    char text[PARLEY_ADDRESS_TEXT];

    parley_address_text(&d->attempts[winner].address, text);
    parley_log_line(&d->log, PARLEY_LOG_DEBUG, "connect: connected to %s", text);
    int fd = d->attempts[winner].fd;
    d->winner = d->attempts[winner].address;
    d->attempts[winner].fd = -1;
    parley_dial_drop(d);
    d->fd = fd;
    d->status = 1;
}

static void lose(struct parley_dial *d, size_t loser)
{
    name_failure(d, &d->attempts[loser].address, parley_socket_reason());
    parley_socket_close(d->attempts[loser].fd);
    d->attempt_count--;
    memmove(&d->attempts[loser], &d->attempts[loser + 1], (d->attempt_count - loser) * sizeof *d->attempts);
}

/* Sees what became of the attempts under way. Returns true when one failed, so that another may start. */
static bool settle(struct parley_dial *d, uint64_t now_us)
{
    bool failed = false;
    size_t i = 0;

    while (i < d->attempt_count) {
        int connected = parley_socket_connected(d->attempts[i].fd);

        if (connected > 0) {
            win(d, i);
            return false;
        }
        if (connected == 0) {
            i++;
            continue;
        }
        lose(d, i);
        d->next_us = now_us;
        failed = true;
    }
    return failed;
}

static int fail_late(struct parley_dial *d)
{
    char reason[48];

    snprintf(reason, sizeof reason, "no answer in %u ms", (unsigned)d->connect_ms);
    for (size_t i = 0; i < d->attempt_count; i++)
        name_failure(d, &d->attempts[i].address, reason);
    return fail(d, PARLEY_ERR_TIMEOUT);
}

static int try_addresses(struct parley_dial *d, uint64_t now_us)
{
    do {
        while (has_next(d) && now_us >= d->next_us)
            start_attempt(d, now_us);
    } while (settle(d, now_us));

    if (d->status != 0)
        return d->status;
    if (now_us >= d->connect_by_us)
        return fail_late(d);
    if (!d->asking && d->attempt_count == 0 && d->tried_count == d->known_count)
        return fail(d, PARLEY_ERR_CONNECT);
    return 0;
}

/* ---- the interface ----------------------------------------------------------------------------- */

/* A dial and, behind it, its resolver: in the scratch if that has room for them. */
static struct parley_dial *carve(struct parley_arena *arena, const struct parley_dial_options *options)
{
    const size_t dial_bytes = (sizeof(struct parley_dial) + 15) / 16 * 16;
    const size_t bytes = dial_bytes + parley_resolver_size();
    unsigned char *at = options->scratch;
    struct parley_dial *d;

    if (options->scratch_bytes < bytes)
        at = parley_arena_take(arena, 1, bytes);
    if (at == NULL)
        return NULL;
    memset(at, 0, bytes);
    d = (struct parley_dial *)(void *)at;
    d->resolver = (struct parley_resolver *)(void *)(at + dial_bytes);
    return d;
}

struct parley_dial *parley_dial_open(struct parley_arena *arena, const struct parley_dial_options *options)
{
    struct parley_dial *d = carve(arena, options);
    struct parley_address literal;

    if (d == NULL)
        return NULL;
    d->host = options->host;
    d->port = options->port;
    d->resolve_ms = options->resolve_ms;
    d->connect_ms = options->connect_ms;
    d->log = options->log;
    d->resolve_by_us = d->connect_by_us = PARLEY_NEVER;
    d->fd = -1;
    d->ordered = options->address_count > 0;
    learn(d, options->addresses, options->address_count);
    if (d->known_count == 0 && parley_address_parse(d->host, &literal))
        learn(d, &literal, 1);
    return d;
}

int parley_dial_work(struct parley_dial *d, uint64_t now_us)
{
    int status = d->status;

    if (status == 0 && !d->begun)
        status = begin(d, now_us);
    if (status == 0 && d->asking)
        status = ask(d, now_us);
    if (status == 0)
        status = try_addresses(d, now_us);
    return status;
}

int parley_dial_take(struct parley_dial *d)
{
    int fd = d->fd;

    d->fd = -1;
    return fd;
}

const struct parley_address *parley_dial_address(const struct parley_dial *d)
{
    return &d->winner;
}

/* When work is due although no descriptor says so. */
static uint64_t deadline_of(const struct parley_dial *d)
{
    uint64_t deadline_us = d->connect_by_us;

    if (!d->begun || d->status != 0)
        return d->status < 0 ? PARLEY_NEVER : 0;
    if (d->asking && d->resolve_by_us < deadline_us)
        deadline_us = d->resolve_by_us;
    if (has_next(d) && d->next_us < deadline_us)
        deadline_us = d->next_us;
    return deadline_us;
}

size_t parley_dial_interest(const struct parley_dial *d, struct parley_interest *want)
{
    uint64_t deadline_us = deadline_of(d);
    size_t count = d->asking ? parley_resolver_interest(d->resolver, want) : 0;

    for (size_t i = 0; i < d->attempt_count; i++)
        want[count++] =
            (struct parley_interest){.fd = d->attempts[i].fd, .write = true, .deadline_us = PARLEY_NEVER};
    if (count == 0)
        want[count++] = (struct parley_interest){.fd = -1, .deadline_us = deadline_us};
    if (deadline_us < want[0].deadline_us)
        want[0].deadline_us = deadline_us;
    return count;
}

const char *parley_dial_stage(const struct parley_dial *d)
{
    return d->known_count > 0 ? "connect" : "resolve";
}

struct parley_view parley_dial_reason(const struct parley_dial *d)
{
    return parley_view(d->status < 0 ? d->why : "");
}

void parley_dial_drop(struct parley_dial *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->attempt_count; i++)
        parley_socket_close(d->attempts[i].fd);
    d->attempt_count = 0;
    parley_socket_close(d->fd);
    d->fd = -1;
    if (d->asking)
        parley_resolver_stop(d->resolver);
    d->asking = false;
}
