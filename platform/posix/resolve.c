/*
 * Looks a name up without blocking: what the machine knows by itself at once, everything else by asking the
 * name servers for A and AAAA at the same time (lookup.c). Here the names to try and the two answers come
 * together.
 */
#define _GNU_SOURCE
#include "platform/resolve.h"
#include "platform/clock.h"
#include "platform/dns.h"
#include "platform/file.h"
#include "platform/host_files.h"
#include "platform/posix/lookup.h"
#include "platform/posix/resolve_files.h"
#include "platform/status.h"
#include "platform/text.h"

#include <stdio.h>
#include <string.h>

enum {
    LINE_BYTES = 2048, /* of a file; the rest of a longer line is passed over */
    FAMILIES = 2,
    SETTLE_US = 50000, /* the resolution delay of RFC 8305 section 3 */
};
_Static_assert((int)FAMILIES == (int)PARLEY_RESOLVE_INTERESTS, "each question has one descriptor");
_Static_assert((int)PARLEY_RESOLVE_ADDRESSES / FAMILIES >= (int)PARLEY_DNS_ADDRESSES,
               "all of both answers fit");

struct parley_resolver {
    int result; /* of work(); 0 while asking */
    uint16_t port;
    char host[PARLEY_NAME_BYTES];
    struct parley_resolv_conf conf;
    size_t name_index;                      /* the next of the names to try for this host */
    char name[PARLEY_NAME_BYTES];           /* the one being asked for */
    struct parley_lookup lookups[FAMILIES]; /* IPv6 first, as RFC 8305 prefers it */
    uint64_t settle_us; /* until when the first family waits for the other; 0: none has an answer yet */
    enum parley_lookup_outcome worst; /* of all questions so far */
    struct parley_address addresses[PARLEY_RESOLVE_ADDRESSES];
    size_t count;
    char reason[PARLEY_NAME_BYTES + PARLEY_ADDRESS_TEXT + 128];
};

size_t parley_resolver_size(void)
{
    return sizeof(struct parley_resolver);
}

static void add_address(struct parley_resolver *r, const struct parley_address *address)
{
    if (r->count == PARLEY_RESOLVE_ADDRESSES)
        return;
    r->addresses[r->count] = *address;
    r->addresses[r->count++].port = r->port;
}

/* ---- what the machine knows by itself --------------------------------------------------------- */

static const char *hosts_path = "/etc/hosts", *resolv_conf_path = "/etc/resolv.conf";

void parley_resolver_files(const char *hosts, const char *resolv_conf)
{
    hosts_path = hosts != NULL ? hosts : "/etc/hosts";
    resolv_conf_path = resolv_conf != NULL ? resolv_conf : "/etc/resolv.conf";
}

/* Hands the lines of a file to `take`; a file that cannot be read has none. */
static void each_line(struct parley_resolver *r, const char *path,
                      void (*take)(struct parley_resolver *r, struct parley_view line))
{
    int fd = parley_file_open(path, PARLEY_FILE_READ), got;
    char chunk[512], line[LINE_BYTES];
    size_t length = 0;

    if (fd < 0)
        return;
    while ((got = parley_file_read(fd, chunk, sizeof chunk)) > 0) {
        for (int i = 0; i < got; i++) {
            if (chunk[i] == '\n') {
                take(r, parley_view_of(line, length));
                length = 0;
            } else if (length < sizeof line) {
                line[length++] = chunk[i];
            }
        }
    }
    take(r, parley_view_of(line, length)); /* the last one may lack its newline */
    parley_file_close(fd);
}

static void take_conf_line(struct parley_resolver *r, struct parley_view line)
{
    parley_resolv_conf_line(&r->conf, line);
}

static void take_hosts_line(struct parley_resolver *r, struct parley_view line)
{
    struct parley_address address;

    if (parley_hosts_line(line, parley_view(r->host), &address))
        add_address(r, &address);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* "localhost" and everything below it (RFC 6761 section 6.3), with or without a dot at the end. */
static bool is_localhost(struct parley_view host)
{
    const struct parley_view local = PARLEY_VIEW("localhost");

    if (host.len > 0 && host.at[host.len - 1] == '.')
        host.len--;
    if (host.len < local.len)
        return false;
    for (size_t i = 0; i < local.len; i++)
        if (lower(host.at[host.len - local.len + i]) != local.at[i])
            return false;
    return host.len == local.len || host.at[host.len - local.len - 1] == '.';
}

/* Adds the addresses of a literal, of localhost, or of the hosts file. */
static void look_at_home(struct parley_resolver *r, struct parley_view host)
{
    struct parley_address address;

    if (parley_address_parse(host, &address)) {
        add_address(r, &address);
    } else if (is_localhost(host)) {
        parley_address_parse(parley_view("::1"), &address);
        add_address(r, &address);
        parley_address_parse(parley_view("127.0.0.1"), &address);
        add_address(r, &address);
    } else {
        each_line(r, hosts_path, take_hosts_line);
    }
}

/* ---- what the servers know -------------------------------------------------------------------- */

static void finish(struct parley_resolver *r, int result)
{
    for (size_t i = 0; i < FAMILIES; i++)
        parley_lookup_stop(&r->lookups[i]);
    r->result = result;
}

/* The words for a question that ended without addresses. */
static void describe(struct parley_resolver *r, const struct parley_lookup *l)
{
    char server[PARLEY_ADDRESS_TEXT];
    const char *rcode = l->rcode != 0 ? parley_dns_rcode_name(l->rcode) : "nothing usable";
    size_t room = sizeof r->reason;

    parley_address_text(&l->asked, server);
    if (l->outcome == PARLEY_LOOKUP_NXDOMAIN)
        snprintf(r->reason, room, "%s: no such name", r->host);
    else if (l->outcome == PARLEY_LOOKUP_NODATA)
        snprintf(r->reason, room, "%s: the name has no address", r->host);
    else if (l->outcome == PARLEY_LOOKUP_FAILED)
        snprintf(r->reason, room, "%s: the name server %s answers %s", r->host, server, rcode);
    else if (l->why[0] != '\0')
        snprintf(r->reason, room, "%s: the name server %s cannot be asked: %s", r->host, server, l->why);
    else
        snprintf(r->reason, room, "%s: the name server %s does not answer", r->host, server);
}

/* Asks for the next of the names this host may have; ends without addresses after the last. */
static void ask_next_name(struct parley_resolver *r, uint64_t now_us)
{
    static const enum parley_dns_type types[FAMILIES] = {PARLEY_DNS_AAAA, PARLEY_DNS_A};
    struct parley_view name = parley_view(r->name);
    int there;

    do { /* a domain of the search list may not make a name that can be asked for */
        there = parley_resolv_conf_name(&r->conf, parley_view(r->host), r->name_index++, r->name);
        name.len = strlen(r->name);
    } while (there == 0 || (there > 0 && parley_dns_name_fault(name) != NULL));
    if (there < 0) {
        finish(r, PARLEY_ERR_RESOLVE);
        return;
    }
    for (size_t i = 0; i < FAMILIES; i++)
        parley_lookup_start(&r->lookups[i], &r->conf, name, types[i], now_us);
}

/* Puts together what the answers hold; returns how many questions are still open. */
static int gather(struct parley_resolver *r)
{
    int asking = 0;

    r->count = 0;
    for (size_t i = 0; i < FAMILIES; i++) {
        const struct parley_lookup *l = &r->lookups[i];

        asking += l->outcome == PARLEY_LOOKUP_ASKING;
        for (size_t k = 0; l->outcome == PARLEY_LOOKUP_FOUND && k < l->answer.count; k++)
            add_address(r, &l->answer.addresses[k]);
    }
    return asking;
}

/* Both questions for a name have ended without addresses. Another name of the search list is worth a try
   unless nobody answers. */
static void give_up_name(struct parley_resolver *r, uint64_t now_us)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        if (r->lookups[i].outcome > r->worst) {
            r->worst = r->lookups[i].outcome;
            describe(r, &r->lookups[i]);
        }
    }
    if (r->worst == PARLEY_LOOKUP_SILENT)
        finish(r, PARLEY_ERR_TIMEOUT);
    else
        ask_next_name(r, now_us);
}

static void conclude(struct parley_resolver *r, uint64_t now_us)
{
    while (r->result == 0) {
        int asking = gather(r);

        if (r->count > 0 && asking > 0 && r->settle_us == 0)
            r->settle_us = parley_clock_add(now_us, SETTLE_US);
        if (r->count > 0 && (asking == 0 || now_us >= r->settle_us))
            finish(r, (int)r->count);
        else if (asking > 0)
            return;
        else
            give_up_name(r, now_us);
    }
}

/* ---- see platform/resolve.h ------------------------------------------------------------------- */

static int refuse(struct parley_resolver *r, struct parley_view host, const char *fault)
{
    size_t shown = parley_text_cut(host, 64);

    snprintf(r->reason, sizeof r->reason, "'%.*s%s' is no host name: %s", (int)shown,
             host.at != NULL ? host.at : "", shown < host.len ? "..." : "", fault);
    parley_text_tame(r->reason, strlen(r->reason));
    return r->result = PARLEY_ERR_RESOLVE;
}

int parley_resolver_start(struct parley_resolver *r, struct parley_view host, uint16_t port, uint64_t now_us)
{
    struct parley_address literal;
    const char *fault = parley_address_parse(host, &literal) ? NULL : parley_dns_name_fault(host);

    memset(r, 0, sizeof *r);
    if (fault != NULL)
        return refuse(r, host, fault);
    r->port = port;
    memcpy(r->host, host.at, host.len);
    look_at_home(r, host);
    if (r->count > 0) {
        finish(r, (int)r->count);
        return 0;
    }
    parley_resolv_conf_begin(&r->conf);
    each_line(r, resolv_conf_path, take_conf_line);
    parley_resolv_conf_end(&r->conf);
    ask_next_name(r, now_us);
    conclude(r, now_us);
    return 0;
}

int parley_resolver_work(struct parley_resolver *r, uint64_t now_us)
{
    if (r->result != 0)
        return r->result;
    for (size_t i = 0; i < FAMILIES; i++)
        parley_lookup_work(&r->lookups[i], now_us);
    conclude(r, now_us);
    return r->result;
}

const struct parley_address *parley_resolver_addresses(const struct parley_resolver *r, size_t *count)
{
    *count = r->count;
    return r->addresses;
}

size_t parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want)
{
    size_t count = 0;

    for (size_t i = 0; r->result == 0 && i < FAMILIES; i++) {
        if (r->lookups[i].outcome != PARLEY_LOOKUP_ASKING)
            continue;
        want[count] = parley_lookup_interest(&r->lookups[i]);
        if (r->settle_us != 0 && r->settle_us < want[count].deadline_us)
            want[count].deadline_us = r->settle_us;
        count++;
    }
    return count;
}

struct parley_view parley_resolver_reason(const struct parley_resolver *r)
{
    return parley_view(r->result < 0 ? r->reason : "");
}

void parley_resolver_stop(struct parley_resolver *r)
{
    for (size_t i = 0; i < FAMILIES; i++)
        parley_lookup_stop(&r->lookups[i]);
    r->count = 0;
}
