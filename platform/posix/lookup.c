/*
 * The part of resolve.c that talks to name servers: one question, its socket, its patience.
 *
 * The socket is connected and its port chosen by the kernel: together with the random id that is what keeps
 * forged answers out (RFC 5452), and a machine without a name server says so at once.
 */
#define _GNU_SOURCE
#include "platform/posix/lookup.h"
#include "platform/clock.h"
#include "platform/posix/reason.h"
#include "platform/posix/sockaddr.h"
#include "platform/random.h"
#include "platform/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAMS_MAX = 16 }; /* read in one go, so that a flood cannot hold up the loop */

void parley_lookup_stop(struct parley_lookup *l)
{
    if (l->open)
        close(l->fd);
    l->open = false;
}

static void settle(struct parley_lookup *l, enum parley_lookup_outcome outcome)
{
    parley_lookup_stop(l);
    l->outcome = outcome;
}

/* ---- asking ----------------------------------------------------------------------------------- */

static int remember_errno(struct parley_lookup *l)
{
    parley_posix_reason(errno, l->why, sizeof l->why);
    return -1;
}

static bool write_question(struct parley_lookup *l)
{
    uint16_t id;
    size_t bytes;

    if (parley_random(&id, sizeof id) != 0) {
        snprintf(l->why, sizeof l->why, "the system has no random bytes");
        return false;
    }
    bytes = parley_dns_question(l->out + PARLEY_LOOKUP_PREFIX, id, l->name, l->type);
    l->out[0] = (unsigned char)(bytes >> 8);
    l->out[1] = (unsigned char)bytes;
    l->out_bytes = PARLEY_LOOKUP_PREFIX + bytes;
    return true;
}

/* Sends the question, with a new id, to l->asked over UDP. Returns 0, or -1 with the reason in `why`. */
static int ask_over_udp(struct parley_lookup *l)
{
    struct sockaddr_storage address;
    socklen_t length = parley_posix_sockaddr(&l->asked, &address);

    parley_lookup_stop(l);
    if (!write_question(l))
        return -1;
    l->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return remember_errno(l);
    l->open = true;
    l->tcp = false;
    if (connect(l->fd, (struct sockaddr *)&address, length) != 0 ||
        send(l->fd, l->out + PARLEY_LOOKUP_PREFIX, l->out_bytes - PARLEY_LOOKUP_PREFIX, MSG_NOSIGNAL) < 0)
        return remember_errno(l);
    return 0;
}

/* Each round over the servers has twice the patience of the one before. */
static uint64_t patience_us(const struct parley_lookup *l)
{
    unsigned round = l->tries / (unsigned)l->conf->server_count;

    return ((uint64_t)l->conf->timeout_ms * 1000) << round;
}

/* Asks the server whose turn it is, or the first after it that can be asked. */
static void ask(struct parley_lookup *l, uint64_t now_us)
{
    for (; l->tries < l->conf->server_count * l->conf->attempts; l->tries++) {
        l->asked = l->conf->servers[l->tries % l->conf->server_count];
        if (ask_over_udp(l) == 0) {
            l->deadline_us = parley_clock_add(now_us, patience_us(l));
            return;
        }
    }
    if (l->failed)
        l->asked = l->failed_server;
    settle(l, l->failed ? PARLEY_LOOKUP_FAILED : PARLEY_LOOKUP_SILENT);
}

static void ask_next(struct parley_lookup *l, uint64_t now_us)
{
    l->tries++;
    ask(l, now_us);
}

/* The connection to the server broke, or there was none. */
static void lost(struct parley_lookup *l, uint64_t now_us)
{
    snprintf(l->why, sizeof l->why, "%s", parley_socket_reason());
    ask_next(l, now_us);
}

/* The same question to the same server over TCP. */
static void ask_over_tcp(struct parley_lookup *l, uint64_t now_us)
{
    parley_lookup_stop(l);
    l->fd = parley_socket_connect(&l->asked);
    if (l->fd < 0) {
        lost(l, now_us);
        return;
    }
    l->open = l->tcp = true;
    l->sent = l->in_bytes = 0;
    l->deadline_us = parley_clock_add(now_us, patience_us(l));
}

void parley_lookup_start(struct parley_lookup *l, const struct parley_resolv_conf *conf,
                         struct parley_view name, enum parley_dns_type type, uint64_t now_us)
{
    *l = (struct parley_lookup){.conf = conf, .name = name, .type = type};
    ask(l, now_us);
}

/* ---- hearing ---------------------------------------------------------------------------------- */

/* Acts on a message of `bytes` bytes; `cut` as parley_dns_answer wants it. */
static void hear(struct parley_lookup *l, size_t bytes, bool cut, uint64_t now_us)
{
    enum parley_dns_verdict verdict =
        parley_dns_answer(&l->answer, l->out + PARLEY_LOOKUP_PREFIX, l->out_bytes - PARLEY_LOOKUP_PREFIX,
                          l->in + PARLEY_LOOKUP_PREFIX, bytes, cut);

    /* Over UDP anybody may have sent it; over TCP it is the server that does not know what it does. */
    if (l->tcp && (verdict == PARLEY_DNS_FOREIGN || verdict == PARLEY_DNS_TRUNCATED))
        verdict = PARLEY_DNS_UNUSABLE;
    switch (verdict) {
    case PARLEY_DNS_FOREIGN:
        return;
    case PARLEY_DNS_FOUND:
        settle(l, PARLEY_LOOKUP_FOUND);
        return;
    case PARLEY_DNS_NODATA:
        settle(l, PARLEY_LOOKUP_NODATA);
        return;
    case PARLEY_DNS_NXDOMAIN:
        settle(l, PARLEY_LOOKUP_NXDOMAIN);
        return;
    case PARLEY_DNS_TRUNCATED:
        ask_over_tcp(l, now_us);
        return;
    case PARLEY_DNS_FAILED:
    case PARLEY_DNS_UNUSABLE:
        l->failed = true;
        l->failed_server = l->asked;
        l->rcode = l->answer.rcode;
        ask_next(l, now_us);
        return;
    }
}

static void hear_udp(struct parley_lookup *l, uint64_t now_us)
{
    for (int i = 0; i < DATAGRAMS_MAX && l->open && !l->tcp; i++) {
        ssize_t got = recv(l->fd, l->in + PARLEY_LOOKUP_PREFIX, PARLEY_LOOKUP_MESSAGE, 0);

        if (got >= 0) {
            hear(l, (size_t)got, false, now_us);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            return;
        } else {
            remember_errno(l); /* nobody listens there, or there is no way there */
            ask_next(l, now_us);
        }
    }
}

/* Up to where the answer on TCP is read: the length itself, then the message as far as it has room. */
static size_t wanted(const struct parley_lookup *l)
{
    size_t announced = l->in_bytes < PARLEY_LOOKUP_PREFIX ? 0 : (size_t)l->in[0] << 8 | l->in[1];
    size_t all = PARLEY_LOOKUP_PREFIX + announced;

    return all < sizeof l->in ? all : sizeof l->in;
}

/* Both: 1 when all of the message has been moved, 0 for not now, < 0 when the connection broke. */
static int send_rest(struct parley_lookup *l)
{
    int connected = l->sent > 0 ? 1 : parley_socket_connected(l->fd);

    if (connected <= 0)
        return connected;
    while (l->sent < l->out_bytes) {
        int put = parley_socket_write(l->fd, l->out + l->sent, l->out_bytes - l->sent);

        if (put <= 0)
            return put;
        l->sent += (size_t)put;
    }
    return 1;
}

static int read_rest(struct parley_lookup *l)
{
    while (l->in_bytes < PARLEY_LOOKUP_PREFIX || l->in_bytes < wanted(l)) {
        int got = parley_socket_read(l->fd, l->in + l->in_bytes, wanted(l) - l->in_bytes);

        if (got <= 0)
            return got;
        l->in_bytes += (size_t)got;
    }
    return 1;
}

static void hear_tcp(struct parley_lookup *l, uint64_t now_us)
{
    int moved = send_rest(l);
    size_t announced;

    if (moved == 1)
        moved = read_rest(l);
    if (moved < 0) {
        lost(l, now_us);
    } else if (moved == 1) {
        announced = (size_t)l->in[0] << 8 | l->in[1];
        hear(l, l->in_bytes - PARLEY_LOOKUP_PREFIX, announced > PARLEY_LOOKUP_MESSAGE, now_us);
    }
}

void parley_lookup_work(struct parley_lookup *l, uint64_t now_us)
{
    if (l->open && !l->tcp)
        hear_udp(l, now_us);
    if (l->open && l->tcp)
        hear_tcp(l, now_us);
    if (l->open && now_us >= l->deadline_us) {
        l->why[0] = '\0';
        ask_next(l, now_us);
    }
}

struct parley_interest parley_lookup_interest(const struct parley_lookup *l)
{
    struct parley_interest want = {.fd = l->fd, .read = true, .deadline_us = l->deadline_us};

    want.write = l->tcp && l->sent < l->out_bytes;
    return want;
}
