#ifndef PARLEY_TRANSPORT_WSS_DIAL_H
#define PARLEY_TRANSPORT_WSS_DIAL_H

#include "platform/arena.h"
#include "transport/transport.h"

/*
 * From a host to one connected socket, without ever blocking ("happy eyeballs", RFC 8305).
 *
 * Addresses are taken in turn from the two families. For a name IPv6 goes first, and an IPv4 answer that
 * comes before the IPv6 one waits 50 ms for it; addresses handed in keep their order, so their first one
 * names the family that begins. The next attempt starts 250 ms after the last, or at once when one
 * fails. At most three sockets are under way, two while the name is still being asked for, so that all
 * of it fits into PARLEY_TRANSPORT_INTERESTS; each goes on until the deadline. The first to connect wins
 * and the others are closed.
 */
struct parley_dial;

struct parley_dial_options {
    struct parley_view host; /* a name or an address literal without brackets; stays as long as the dial */
    uint16_t port;
    const struct parley_address *addresses; /* no name is asked for if there are some; the first 16 count, a
                                               port of 0 means `port`; copied */
    size_t address_count;
    void *scratch; /* memory that is the dial's until it is connected or dropped; NULL only while it counts */
    size_t scratch_bytes;
    uint32_t resolve_ms, connect_ms; /* from the first work(), and from the first attempt */
    struct parley_log log;
};

/* Carves a dial (NULL when the arena counts or is full); nothing is started before the first work(). */
struct parley_dial *parley_dial_open(struct parley_arena *arena, const struct parley_dial_options *options);

/*
 * Goes on. Returns 1 when connected, 0 while not yet, PARLEY_ERR_RESOLVE, PARLEY_ERR_CONNECT (no address
 * accepts), PARLEY_ERR_TIMEOUT (a deadline passed); each again at each later call.
 */
int parley_dial_work(struct parley_dial *d, uint64_t now_us);

/* Hands over the connected descriptor, which the caller then closes; -1 when there is none (any more). */
int parley_dial_take(struct parley_dial *d);

/* The address it is connected to; good, once work() has given 1, as long as the dial. */
const struct parley_address *parley_dial_address(const struct parley_dial *d);

/* What to wait for: up to PARLEY_TRANSPORT_INTERESTS entries; returns how many, at least 1 until it ends. */
size_t parley_dial_interest(const struct parley_dial *d, struct parley_interest *want);

/* "resolve" while no address is known, then "connect"; static. */
const char *parley_dial_stage(const struct parley_dial *d);

/*
 * Why it failed: "connect: 127.0.0.1:1: Connection refused; [::1]:1: Connection refused" names every address
 * tried as far as there is room, and how many more there were. Empty while it has not. Good as long as
 * the dial.
 */
struct parley_view parley_dial_reason(const struct parley_dial *d);

/* Closes all it holds. NULL is allowed, and calling it twice. */
void parley_dial_drop(struct parley_dial *d);

#endif
