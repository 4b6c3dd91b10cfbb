#ifndef PARLEY_PLATFORM_RESOLVE_H
#define PARLEY_PLATFORM_RESOLVE_H

#include "platform/socket.h"
#include "platform/wait.h"

/*
 * Name resolution that never blocks and starts neither thread nor process, so that it is safe in any
 * host: getaddrinfo() may block for seconds, is not safe after fork() in a threaded program, and its
 * asynchronous forms start threads. The posix one reads address literals, /etc/hosts and
 * /etc/resolv.conf and asks the listed servers itself for A and AAAA at once (RFC 1035, RFC 3596;
 * over TCP when an answer is truncated). What only NSS modules know (mDNS, LDAP) it does not find:
 * for those a host hands in the addresses itself.
 */
enum { PARLEY_RESOLVE_ADDRESSES = 16, PARLEY_RESOLVE_INTERESTS = 2 };

/* Complete in the one platform linked in; lives in memory of this many bytes, aligned for any type. */
struct parley_resolver;
size_t parley_resolver_size(void);

/*
 * Starts to look up `host` (a name or an address literal without brackets; copied) for `port`.
 * Returns 0 (also when the answer is already there), PARLEY_ERR_RESOLVE when the name cannot exist.
 */
int parley_resolver_start(struct parley_resolver *r, struct parley_view host, uint16_t port, uint64_t now_us);

/*
 * Goes on without blocking. One family of addresses waits for the other no longer than 50 ms (RFC 8305
 * section 3). Returns the number of addresses known once no more will come (>= 1,
 * at most PARLEY_RESOLVE_ADDRESSES), 0 while still asking, PARLEY_ERR_RESOLVE when there are none,
 * PARLEY_ERR_TIMEOUT when no server answered.
 */
int parley_resolver_work(struct parley_resolver *r, uint64_t now_us);

/* The addresses found so far: of a name server's answers IPv6 before IPv4, otherwise in the order they stood
   in. Good until the resolver works again or is stopped. */
const struct parley_address *parley_resolver_addresses(const struct parley_resolver *r, size_t *count);

/* What to wait for: up to PARLEY_RESOLVE_INTERESTS entries; returns how many. */
size_t parley_resolver_interest(const struct parley_resolver *r, struct parley_interest *want);

/* Why it failed, in words ("example.test: no such name"); empty when it did not. Good until the next call. */
struct parley_view parley_resolver_reason(const struct parley_resolver *r);

/* Ends it and closes its descriptors; the memory may be used again. A zeroed resolver may be stopped. */
void parley_resolver_stop(struct parley_resolver *r);

#endif
