/*
 * Names by lwIP's own resolver, both families at once; one address of each is all it gives. It calls back in
 * a task of its own, and cannot be told to stop: so answers land in a table here, in which the place of a
 * question that nobody waits for any more is free again when it has been answered. All of the table is
 * touched under lwIP's lock.
 *
 * An lwIP without LWIP_DNS knows address literals only; the host then sets `addresses` in the options.
 */
#include "platform/resolve.h"
#include "platform/clock.h"
#include "platform/dns.h"
#include "platform/status.h"

#include <lwip/dns.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <stdio.h>
#include <string.h>

enum {
    HOST_BYTES = 256,
    FAMILIES = 2,
    LOOK_US = 10000,        /* nobody wakes us: so often we look for an answer */
    SETTLE_US = 50000,      /* one family waits so long for the other (RFC 8305 section 3) */
    PATIENCE_US = 10000000, /* lwIP asks four times; longer than that it only waits */
    QUESTIONS = 8,          /* at once, also of resolvers that have been stopped */
};

enum state { FREE, ASKED, ABANDONED, ANSWERED };

struct question {
    enum state state;
    bool found;
    struct parley_address address;
};

struct parley_resolver {
    int result; /* of work(); 0 while asking */
    uint16_t port;
    char host[HOST_BYTES];
    struct question *questions[FAMILIES]; /* IPv6 first; NULL: not asked, or its answer is here */
    uint64_t now_us, give_up_us;
    struct parley_address addresses[FAMILIES];
    size_t count;
    char reason[HOST_BYTES + 64];
};

size_t parley_resolver_size(void)
{
    return sizeof(struct parley_resolver);
}

static int fail(struct parley_resolver *r, int status, const char *words)
{
    snprintf(r->reason, sizeof r->reason, "%s: %s", r->host, words);
    return r->result = status;
}

static void add_address(struct parley_resolver *r, const struct parley_address *address)
{
    r->addresses[r->count] = *address;
    r->addresses[r->count++].port = r->port;
}

/* ---- questions to lwIP --------------------------------------------------------------------------- */

#if LWIP_DNS
static struct question table[QUESTIONS];

static void read_address(struct parley_address *to, const ip_addr_t *from)
{
    *to = (struct parley_address){.family = IP_IS_V6(from) ? 6 : 4};
    if (IP_IS_V6(from))
        memcpy(to->bytes, ip_2_ip6(from)->addr, 16);
    else
        memcpy(to->bytes, &ip_2_ip4(from)->addr, 4);
}

/* In lwIP's task, which holds the lock. */
static void answer(const char *name, const ip_addr_t *address, void *user)
{
    struct question *q = user;

    (void)name;
    q->found = address != NULL;
    if (address != NULL)
        read_address(&q->address, address);
    q->state = q->state == ABANDONED ? FREE : ANSWERED;
}

static struct question *free_question(void)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        if (table[i].state == FREE)
            return &table[i];
    return NULL;
}

/* Asks for one family; NULL when all places are taken. */
static struct question *ask(const char *host, u8_t family)
{
    struct question *q;
    ip_addr_t address;
    err_t asked;

    LOCK_TCPIP_CORE();
    q = free_question();
    if (q != NULL) {
        q->state = ASKED;
        asked = dns_gethostbyname_addrtype(host, &address, answer, q, family);
        if (asked == ERR_OK) /* lwIP had it in its table */
            answer(host, &address, q);
        else if (asked != ERR_INPROGRESS)
            answer(host, NULL, q);
    }
    UNLOCK_TCPIP_CORE();
    return q;
}

/* True when at least one family could be asked for. */
static bool ask_all(struct parley_resolver *r)
{
#if LWIP_IPV6
    r->questions[0] = ask(r->host, LWIP_DNS_ADDRTYPE_IPV6);
#endif
#if LWIP_IPV4
    r->questions[1] = ask(r->host, LWIP_DNS_ADDRTYPE_IPV4);
#endif
    return r->questions[0] != NULL || r->questions[1] != NULL;
}

/* Takes the answers that are there. Returns true while one is missing. */
static bool collect(struct parley_resolver *r)
{
    bool missing = false;

    LOCK_TCPIP_CORE();
    for (size_t i = 0; i < FAMILIES; i++) {
        struct question *q = r->questions[i];

        if (q == NULL)
            continue;
        if (q->state != ANSWERED) {
            missing = true;
            continue;
        }
        if (q->found)
            add_address(r, &q->address);
        q->state = FREE;
        r->questions[i] = NULL;
    }
    UNLOCK_TCPIP_CORE();
    return missing;
}

static void abandon(struct parley_resolver *r)
{
    LOCK_TCPIP_CORE();
    for (size_t i = 0; i < FAMILIES; i++) {
        if (r->questions[i] != NULL)
            r->questions[i]->state = r->questions[i]->state == ASKED ? ABANDONED : FREE;
        r->questions[i] = NULL;
    }
    UNLOCK_TCPIP_CORE();
}
#else
static bool ask_all(struct parley_resolver *r)
{
    (void)r;
    return true; /* and there is no answer */
}

static bool collect(struct parley_resolver *r)
{
    (void)r;
    return false;
}

static void abandon(struct parley_resolver *r)
{
    (void)r;
}
#endif

/* ---- the port ------------------------------------------------------------------------------------ */

int parley_resolver_start(struct parley_resolver *r, struct parley_view host, uint16_t port, uint64_t now_us)
{
    const char *fault;
    struct parley_address address;

    *r = (struct parley_resolver){.port = port, .now_us = now_us};
    r->give_up_us = parley_clock_add(now_us, PATIENCE_US);
    snprintf(r->host, sizeof r->host, "%.*s", (int)(host.len < HOST_BYTES ? host.len : 0), host.at);
    if (parley_address_parse(host, &address)) {
        add_address(r, &address);
        r->result = 1;
        return PARLEY_OK;
    }
    fault = parley_dns_name_fault(host);
    if (fault != NULL)
        return fail(r, PARLEY_ERR_RESOLVE, fault);
    return ask_all(r) ? PARLEY_OK : fail(r, PARLEY_ERR_RESOLVE, "too many names are asked for already");
}

int parley_resolver_work(struct parley_resolver *r, uint64_t now_us)
{
    bool missing;

    r->now_us = now_us;
    if (r->result != 0)
        return r->result;
    missing = collect(r);
    if (r->count > 0 && parley_clock_add(now_us, SETTLE_US) < r->give_up_us)
        r->give_up_us = parley_clock_add(now_us, SETTLE_US);
    if (missing && now_us < r->give_up_us)
        return 0;
    abandon(r);
    if (r->count > 0)
        return r->result = (int)r->count;
    return missing ? fail(r, PARLEY_ERR_TIMEOUT, "no name server answers")
                   : fail(r, PARLEY_ERR_RESOLVE, "no such name, as far as lwIP knows");
}

const struct parley_address *parley_resolver_addresses(const struct parley_resolver *r, size_t *count)
{
    *count = r->count;
    return r->addresses;
}

size_t parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want)
{
    uint64_t next_us = parley_clock_add(r->now_us, LOOK_US);

    if (r->result != 0)
        return 0;
    want[0] =
        (struct parley_interest){.fd = -1, .deadline_us = next_us < r->give_up_us ? next_us : r->give_up_us};
    return 1;
}

struct parley_view parley_resolver_reason(const struct parley_resolver *r)
{
    return parley_view(r->reason);
}

void parley_resolver_stop(struct parley_resolver *r)
{
    abandon(r);
}
