/*
 * A network in memory. The program under test holds one end of each connection through socket.h, the test
 * the other one through fake.h.
 */
#include "platform/socket.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/status.h"

#include <limits.h>

enum { RULES = 32 };

struct rule {
    struct parley_address address; /* port 0: any */
    enum parley_fake_answer answer;
    uint64_t after_us;
};

struct connection {
    struct parley_address to;
    bool accepts;           /* or refuses */
    uint64_t settled_us;    /* when it does */
    bool closed;            /* by the program under test */
    bool ended, broken;     /* by the test */
    uint64_t read, written; /* bytes so far */
    struct parley_fake_limits limits;
    struct parley_ring in, out; /* as the program under test sees it */
    unsigned char in_bytes[PARLEY_FAKE_PIPE_BYTES], out_bytes[PARLEY_FAKE_PIPE_BYTES];
};

static struct rule rules[RULES];
static size_t rule_count;
static struct connection connections[PARLEY_FAKE_CONNECTIONS];
static int connection_count;
static struct parley_fake_limits limits_to_come;
static const char *last_reason = "";

void parley_fake_reset_sockets(void)
{
    rule_count = 0;
    connection_count = 0;
    limits_to_come = (struct parley_fake_limits){0};
    last_reason = "";
}

/* ---- the test's side -------------------------------------------------------------------------- */

void parley_fake_address(const char *address, uint16_t port, enum parley_fake_answer answer,
                         uint64_t after_us)
{
    struct rule rule = {.answer = answer, .after_us = after_us};
    int is_address = parley_address_parse(parley_view(address), &rule.address);

    PARLEY_FAKE_MUST(is_address && rule_count < RULES, "an address, and a place for the rule");
    rule.address.port = port;
    if (answer == PARLEY_FAKE_SILENT)
        rule.after_us = PARLEY_NEVER;
    rules[rule_count++] = rule;
}

static struct connection *numbered(int connection)
{
    PARLEY_FAKE_MUST(connection >= 0 && connection < connection_count, "a connection that was made");
    return &connections[connection];
}

int parley_fake_connections(void)
{
    return connection_count;
}

const struct parley_address *parley_fake_connection_to(int connection)
{
    return &numbered(connection)->to;
}

static bool is_settled(const struct connection *c)
{
    return parley_clock_us() >= c->settled_us;
}

bool parley_fake_connection_open(int connection)
{
    const struct connection *c = numbered(connection);

    return c->accepts && is_settled(c) && !c->closed && !c->ended && !c->broken;
}

bool parley_fake_connection_closed(int connection)
{
    return numbered(connection)->closed;
}

void parley_fake_limits(int connection, const struct parley_fake_limits *limits)
{
    if (connection == -1)
        limits_to_come = *limits;
    else
        numbered(connection)->limits = *limits;
}

size_t parley_fake_peer_read(int connection, void *into, size_t bytes)
{
    return parley_ring_take(&numbered(connection)->out, into, bytes);
}

size_t parley_fake_peer_write(int connection, const void *from, size_t bytes)
{
    return parley_ring_put(&numbered(connection)->in, from, bytes);
}

void parley_fake_peer_end(int connection)
{
    numbered(connection)->ended = true;
}

void parley_fake_peer_break(int connection)
{
    numbered(connection)->broken = true;
}

/* ---- the side of the program under test -------------------------------------------------------- */

static int failed(const char *reason, int status)
{
    last_reason = reason;
    return status;
}

const char *parley_socket_reason(void)
{
    return last_reason;
}

/* The last rule for an address; NULL when there is none. */
static const struct rule *rule_for(const struct parley_address *to)
{
    for (size_t i = rule_count; i-- > 0;) {
        const struct parley_address *address = &rules[i].address;

        if (address->family == to->family && memcmp(address->bytes, to->bytes, sizeof to->bytes) == 0 &&
            (address->port == 0 || address->port == to->port))
            return &rules[i];
    }
    return NULL;
}

int parley_socket_connect(const struct parley_address *to)
{
    const struct rule *rule = rule_for(to);
    struct connection *c;

    if (rule == NULL)
        return failed("No route to host", PARLEY_ERR_CONNECT);
    if (rule->answer == PARLEY_FAKE_REFUSE && rule->after_us == 0)
        return failed("Connection refused", PARLEY_ERR_CONNECT);
    if (connection_count == PARLEY_FAKE_CONNECTIONS)
        return failed("Too many open files", PARLEY_ERR_SYSTEM);
    c = &connections[connection_count];
    *c = (struct connection){
        .to = *to, .accepts = rule->answer == PARLEY_FAKE_ACCEPT, .limits = limits_to_come};
    c->settled_us = parley_clock_add(parley_clock_us(), rule->after_us);
    c->in = parley_fake_ring(c->in_bytes, sizeof c->in_bytes);
    c->out = parley_fake_ring(c->out_bytes, sizeof c->out_bytes);
    return PARLEY_FAKE_FD_SOCKET + connection_count++;
}

/* The connection behind an open descriptor; NULL for any other number. */
static struct connection *opened(int fd)
{
    int index = fd - PARLEY_FAKE_FD_SOCKET;

    return index >= 0 && index < connection_count && !connections[index].closed ? &connections[index] : NULL;
}

int parley_socket_connected(int fd)
{
    const struct connection *c = opened(fd);

    if (c == NULL)
        return failed("Bad file descriptor", PARLEY_ERR_CONNECT);
    if (!is_settled(c))
        return 0;
    return c->accepts ? 1 : failed("Connection refused", PARLEY_ERR_CONNECT);
}

/* How many bytes more a limit lets through, of those there could be; a limit of 0 is none. */
static size_t within(uint64_t limit, uint64_t so_far, size_t bytes)
{
    uint64_t left = limit > so_far ? limit - so_far : 0;

    return limit == 0 || left > bytes ? bytes : (size_t)left;
}

static bool is_broken(const struct connection *c)
{
    return c->broken || !c->accepts || within(c->limits.break_after_read, c->read, 1) == 0 ||
           within(c->limits.break_after_write, c->written, 1) == 0;
}

/* What stands in the way of moving bytes now: 1 for nothing, 0 for time, or the failure. */
static int passage(const struct connection *c)
{
    if (c == NULL)
        return failed("Bad file descriptor", PARLEY_ERR_LOST);
    if (!is_settled(c))
        return 0;
    return is_broken(c) ? failed("Connection reset by peer", PARLEY_ERR_LOST) : 1;
}

int parley_socket_read(int fd, void *into, size_t bytes)
{
    struct connection *c = opened(fd);
    int free = passage(c);
    size_t got;

    if (free != 1)
        return free;
    bytes = within(c->limits.read_bytes, 0, within(INT_MAX, 0, bytes));
    got = parley_ring_take(&c->in, into, within(c->limits.break_after_read, c->read, bytes));
    c->read += got;
    if (got == 0 && bytes > 0 && c->ended)
        return failed("the other end closed it", PARLEY_ERR_PEER_CLOSED);
    return (int)got;
}

/* How many of `bytes` bytes the way out takes in one call. */
static size_t room(const struct connection *c, size_t bytes)
{
    bytes = within(c->limits.write_bytes, 0, within(INT_MAX, 0, bytes));
    bytes = within(c->limits.break_after_write, c->written, bytes);
    return within(c->limits.queue_bytes != 0 ? c->limits.queue_bytes : PARLEY_FAKE_PIPE_BYTES,
                  parley_ring_used(&c->out), bytes);
}

int parley_socket_write(int fd, const void *from, size_t bytes)
{
    struct connection *c = opened(fd);
    int free = passage(c);
    size_t put;

    if (free != 1)
        return free;
    put = parley_ring_put(&c->out, from, room(c, bytes));
    c->written += put;
    return (int)put;
}

void parley_socket_close(int fd)
{
    struct connection *c = opened(fd);

    if (c != NULL)
        c->closed = true;
}

bool parley_fake_socket_ready(int fd, bool read, bool write)
{
    const struct connection *c = opened(fd);

    if (c == NULL) /* poll tells of it at once, too */
        return true;
    if (!is_settled(c))
        return false;
    return is_broken(c) || (read && (c->ended || parley_ring_used(&c->in) > 0)) || (write && room(c, 1) > 0);
}

uint64_t parley_fake_sockets_next_us(void)
{
    uint64_t next_us = PARLEY_NEVER;

    for (int i = 0; i < connection_count; i++)
        if (!connections[i].closed && !is_settled(&connections[i]) && connections[i].settled_us < next_us)
            next_us = connections[i].settled_us;
    return next_us;
}
