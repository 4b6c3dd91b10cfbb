#ifndef PARLEY_TRANSPORT_WSS_PROXY_H
#define PARLEY_TRANSPORT_WSS_PROXY_H

#include "transport/transport.h"

/*
 * The way through an HTTP proxy: CONNECT and its answer (RFC 9110, 9.3.6), over a connected socket that
 * somebody else owns. What it opens is a tunnel, in which TLS or, for ws://, the upgrade follows; the proxy
 * sees nothing of either but the service's name and port.
 */
struct parley_proxy;

struct parley_proxy_options {
    struct parley_view host; /* of the service; stays as long as the proxy */
    uint16_t port;
    const struct parley_endpoint *endpoint; /* proxy, deadlines, log; only until open returns */
    struct parley_facts *facts;             /* stay as long as the proxy */
};

/*
 * Carves a proxy and reads its URL; *p is NULL while the arena counts, or when it is full. The request with
 * its secret waits in the arena until it is out. Returns 0, or PARLEY_ERR_URL with the reason in `why`, which
 * never repeats user name and password. Refused: other schemes than http, a user name that holds a colon,
 * what parley_url_read refuses.
 */
int parley_proxy_open(struct parley_proxy **p, struct parley_arena *arena,
                      const struct parley_proxy_options *options, char why[PARLEY_TRANSPORT_REASON]);

/* Where the proxy is; good as long as it. The host is zero-terminated as well. */
struct parley_view parley_proxy_host(const struct parley_proxy *p);
uint16_t parley_proxy_port(const struct parley_proxy *p);

/* The connected socket to talk over; the deadline runs from here. */
void parley_proxy_attach(struct parley_proxy *p, int fd, uint64_t now_us);

/*
 * Goes on. Returns 1 when the tunnel is open and nothing of it has been read, 0 while it is not,
 * PARLEY_ERR_AUTH (407), PARLEY_ERR_REFUSED (any other answer but 2xx), PARLEY_ERR_HTTP (no proper one),
 * PARLEY_ERR_LOST, PARLEY_ERR_TIMEOUT; each again at each later call.
 */
int parley_proxy_work(struct parley_proxy *p, uint64_t now_us);

/* What to wait for; fills one entry. */
void parley_proxy_interest(const struct parley_proxy *p, struct parley_interest *want);

/* "proxy: HTTP 403 Forbidden: not today"; empty while it has not failed. Good as long as the proxy. */
const char *parley_proxy_reason(const struct parley_proxy *p);

/* Wipes the request and the answer. NULL is allowed. */
void parley_proxy_drop(struct parley_proxy *p);

#endif
