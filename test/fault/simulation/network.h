#ifndef PARLEY_TEST_NETWORK_H
#define PARLEY_TEST_NETWORK_H

#include "test/fault/simulation/chaos.h"
#include "test/fault/simulation/plan.h"
#include "test/fault/simulation/watch.h"

/*
 * What is between the engine and the service, with all that goes wrong there: a peer of the loopback towards
 * the engine, behind which messages are under way in both directions. They may be late, come twice or out of
 * order, in pieces, or not at all; the link may break, or go on in silence. The service behind it is the
 * built-in one or the one of chaos.h.
 */
enum { PIPE_BYTES = 128 * 1024, PIPE_MESSAGES = 64 };

struct pipe {
    char bytes[PIPE_BYTES];
    size_t used;
    struct {
        uint64_t due_us;
        size_t at, length;
        bool binary, gone;
    } messages[PIPE_MESSAGES];
    unsigned count, left; /* of messages, and those that are not gone */
    uint64_t last_us;
};

struct network {
    struct parley_loopback_peer outer;  /* the engine's */
    struct parley_loopback_peer *inner; /* the built-in service's; NULL */
    struct chaos chaos;
    struct watch *watch;
    const struct settings *settings;
    uint64_t seed, messages;
    size_t breaches;  /* of rules of the service, that were looked at */
    bool up, perfect; /* perfect: what has gone wrong so far was enough */
    bool mute;
    uint64_t lost_us; /* when a silent link is found to be lost */
    int end;          /* how it is to end */
    int service_end;  /* how the built-in service has ended it, once what it said has arrived */
    struct pipe in, out;
    int holding; /* the message of `in` that the engine reads; -1 */
};

/* Two networks with the same seed do the same. */
void network_start(struct network *n, const struct plan *plan, struct watch *watch);

/* The link breaks, in one of several ways. */
void network_break(struct network *n, uint32_t how);

/* The built-in service fails in a way of its own (enum parley_service_fault_kind). */
void network_fault(struct network *n, uint32_t kind, uint64_t amount, uint64_t now_us);

/* Nothing comes or goes any more; at `lost_us` that is noticed. */
void network_mute(struct network *n, uint64_t lost_us);

/* It takes nothing any more, for a while. */
void network_stick(struct network *n);

/* From now on all goes well. */
void network_heal(struct network *n);

#endif
