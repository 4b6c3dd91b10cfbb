#ifndef PARLEY_CLI_PROBE_H
#define PARLEY_CLI_PROBE_H

#include "platform/resolve.h"

/*
 * What lies below a link, tried by itself: the addresses of a name, and each of them. A link takes the first
 * address that answers and keeps quiet about the others; to find a fault all of them have to be seen.
 * Both calls wait, so they are for a program that does nothing else meanwhile.
 */
enum { PARLEY_CLI_PROBE_WHY = 160, PARLEY_CLI_PROBE_REASON = 64 };

struct parley_cli_probe_address {
    struct parley_address address;
    bool connected;
    uint32_t took_ms;
    char reason[PARLEY_CLI_PROBE_REASON]; /* why not */
};

struct parley_cli_probe {
    struct parley_cli_probe_address at[PARLEY_RESOLVE_ADDRESSES];
    size_t count;
    char why[PARLEY_CLI_PROBE_WHY]; /* why there is none */
};

/* Looks `host` up. Returns PARLEY_OK, or PARLEY_ERR_RESOLVE, _TIMEOUT, _MEMORY with the reason in `why`. */
int parley_cli_probe_resolve(struct parley_cli_probe *p, const char *host, uint16_t port, uint32_t most_ms);

/* Connects to each address, all at a time. Returns how many accepted. */
size_t parley_cli_probe_connect(struct parley_cli_probe *p, uint32_t most_ms);

#endif
