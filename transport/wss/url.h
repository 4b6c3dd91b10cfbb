#ifndef PARLEY_TRANSPORT_WSS_URL_H
#define PARLEY_TRANSPORT_WSS_URL_H

#include "templates/render.h"
#include "transport/transport.h"

/*
 * The address of the service: read, checked and completed as reference 1.2 says.
 */
enum {
    PARLEY_URL_BYTES = 8192,        /* the longest URL taken */
    PARLEY_URL_TARGET_BYTES = 8192, /* the longest request target made of it */
    PARLEY_URL_HOST = 254,          /* the longest host name (RFC 1035, 2.3.4, as text) and its zero */
};

struct parley_url {
    char host[PARLEY_URL_HOST]; /* lower case, zero-terminated; an IPv6 address without its brackets */
    size_t host_bytes;
    uint16_t port;
    bool tls;
    bool ipv6;                      /* the host is an IPv6 address */
    struct parley_view path, query; /* as given, into the text that was read */
};

/*
 * Reads an absolute http, https, ws or wss URL; white space around it is left out, a fragment is dropped.
 * Returns 0, or PARLEY_ERR_URL with the reason in `why`, which never repeats user name, password, path or
 * query. Refused: other schemes, user-info, no host, a host that is not ASCII (its punycode form works) or
 * longer than a name can be, port 0 or above 65535, control characters, and a '%' without two hex digits.
 */
int parley_url_read(struct parley_url *url, struct parley_view text, char why[PARLEY_TRANSPORT_REASON]);

/* Writes what stands in the Host header: the host, in brackets if need be, and the port unless it is the
   scheme's own (RFC 9110, 7.2). */
void parley_url_render_host(const struct parley_url *url, struct parley_render *r);

/*
 * Writes the request target: the completed path, the URL's own query, then `query` form-encoded in the
 * order given. Characters that may not stand in a URL are written as %XX. Needs the text that was read.
 */
void parley_url_render_target(const struct parley_url *url, const struct parley_pair *query,
                              size_t query_count, struct parley_render *r);

/* Writes the request target of a call's creation (reference 9.1): the path completed with /realtime/calls,
   and the URL's own query. Needs the text that was read. */
void parley_url_render_call_target(const struct parley_url *url, struct parley_render *r);

#endif
