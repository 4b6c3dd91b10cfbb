#ifndef PARLEY_PLATFORM_HOST_FILES_H
#define PARLEY_PLATFORM_HOST_FILES_H

#include "platform/address.h"
#include "platform/view.h"
#include <stdint.h>

/*
 * The lines of /etc/hosts (hosts(5)) and /etc/resolv.conf (resolv.conf(5)), one at a time and without I/O.
 * What cannot be understood is passed over, as every reader of these files does.
 */

/* True when the line gives `host` an address; *address is that then (port 0). Case does not matter. */
bool parley_hosts_line(struct parley_view line, struct parley_view host, struct parley_address *address);

/* As many as the system's own resolver takes. */
enum {
    PARLEY_NAME_SERVERS = 3,
    PARLEY_SEARCH_DOMAINS = 6,
    PARLEY_SEARCH_BYTES = 256,
    PARLEY_NAME_BYTES = 256
};

/* Whom to ask, how, and where to look for short names. */
struct parley_resolv_conf {
    struct parley_address servers[PARLEY_NAME_SERVERS];
    size_t server_count;
    char search[PARLEY_SEARCH_BYTES]; /* domains, each followed by a zero */
    size_t search_bytes;
    uint32_t timeout_ms; /* for one server in the first round; doubles with each round */
    unsigned attempts;   /* rounds over all servers */
    unsigned ndots;      /* a name with fewer dots is searched for in the domains first */
};

/*
 * The values that hold where the file says nothing. The time-out is 2 s instead of the 5 s of resolv.conf(5),
 * so that a dead first server does not take up all the time a caller gives.
 */
void parley_resolv_conf_begin(struct parley_resolv_conf *conf);

/* Takes over what a line says: nameserver (also as "[address]:port"), domain, search, and of the options
   timeout, attempts and ndots. */
void parley_resolv_conf_line(struct parley_resolv_conf *conf, struct parley_view line);

/* To be called after the last line: no server means the one on this machine. */
void parley_resolv_conf_end(struct parley_resolv_conf *conf);

/*
 * The name to ask for in the `index`th place when somebody looks for `host` (which has no fault): with the
 * domains of the search list first or last, depending on its dots; alone when it ends in a dot.
 * Returns 1 with the name in `out`, 0 when that name would be too long, -1 after the last.
 */
int parley_resolv_conf_name(const struct parley_resolv_conf *conf, struct parley_view host, size_t index,
                            char out[PARLEY_NAME_BYTES]);

#endif
