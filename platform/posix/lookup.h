#ifndef PARLEY_PLATFORM_POSIX_LOOKUP_H
#define PARLEY_PLATFORM_POSIX_LOOKUP_H

#include "platform/dns.h"
#include "platform/host_files.h"
#include "platform/wait.h"

/*
 * One question to the name servers: one name, one type of address. It asks one server after the other, each
 * with a fresh id from a fresh port, over UDP and on truncation over TCP, until one answers.
 */

/* What became of it. Of several failures the highest tells best why there are no addresses. */
enum parley_lookup_outcome {
    PARLEY_LOOKUP_ASKING,
    PARLEY_LOOKUP_FOUND,    /* `answer` holds addresses */
    PARLEY_LOOKUP_NXDOMAIN, /* no such name */
    PARLEY_LOOKUP_NODATA,   /* a name without such an address */
    PARLEY_LOOKUP_FAILED,   /* servers answered that they cannot answer: `asked` with `rcode` */
    PARLEY_LOOKUP_SILENT,   /* no server answered: `why` in the system's words, or empty for silence */
};

enum {
    PARLEY_LOOKUP_PREFIX = 2,     /* the length in front of a message on TCP */
    PARLEY_LOOKUP_MESSAGE = 1280, /* read of an answer: UDP brings 512 bytes, TCP up to 64 KiB */
};

struct parley_lookup {
    enum parley_lookup_outcome outcome;
    const struct parley_resolv_conf *conf;
    struct parley_view name;
    enum parley_dns_type type;
    bool open, tcp, failed;
    int fd;
    unsigned tries; /* servers asked so far, over all rounds */
    uint64_t deadline_us;
    unsigned char out[PARLEY_LOOKUP_PREFIX + PARLEY_DNS_QUESTION];
    size_t out_bytes, sent; /* with the prefix; only TCP counts them */
    unsigned char in[PARLEY_LOOKUP_PREFIX + PARLEY_LOOKUP_MESSAGE];
    size_t in_bytes;
    struct parley_dns_answer answer;
    struct parley_address asked; /* the server asked now, or to blame for the outcome */
    struct parley_address failed_server;
    unsigned rcode; /* of that one */
    char why[64];
};

/* Starts to ask. `conf` (with a server in it) and `name` (without a fault) have to stay. */
void parley_lookup_start(struct parley_lookup *l, const struct parley_resolv_conf *conf,
                         struct parley_view name, enum parley_dns_type type, uint64_t now_us);

/* Goes on without blocking; see `outcome`. */
void parley_lookup_work(struct parley_lookup *l, uint64_t now_us);

/* What to wait for while the outcome is ASKING. */
struct parley_interest parley_lookup_interest(const struct parley_lookup *l);

/* Closes its socket. A zeroed one may be stopped. */
void parley_lookup_stop(struct parley_lookup *l);

#endif
