#ifndef PARLEY_CORE_RECONNECT_H
#define PARLEY_CORE_RECONNECT_H

#include "core/parley.h"

/*
 * Whether to connect again, and when; for the first connection of a conversation as for every later one.
 *
 *     coming up --up--> up --lost--> waits --retry_us--> coming up
 *         \--lost--> waits                        any --lost--> given up
 *
 * The wait before the n-th attempt is drawn from 0 to base * 2^(n-1), at most `cap` ("full jitter"): clients
 * that lost the same service at the same moment do not all come back at the same moment. The count starts
 * again once a connection has held for a while, not when it comes up; so a service that accepts and drops
 * is not asked ever faster.
 *
 * To create and to join a call there are 4 further attempts, whatever the host's limits are, and the wait is
 * between 0.9 and 1.1 times 200 ms * 2^(n-1).
 *
 * A session whose end is known is replaced before it: planned, without a wait. Pure: time, chance and
 * what the calendar says are handed in.
 */
enum parley_aim {
    PARLEY_AIM_SESSION, /* a link as the host's limits say */
    PARLEY_AIM_CREATE,  /* a call is created (reference 9.1): the network and 5xx are worth another attempt */
    PARLEY_AIM_JOIN,    /* and joined for the first time (reference 9.3): whatever is in the way */
};
struct parley_reconnection {
    struct parley_reconnect limits; /* filled in */
    enum parley_aim aim;            /* SESSION once a link has been up */
    bool up, was_up;
    uint32_t attempts;     /* begun since a connection last held */
    uint32_t all_attempts; /* of the conversation, planned ones apart */
    uint64_t up_us;        /* since when the link is up */
    uint64_t lost_us;      /* since when it is not, if it was */
    uint64_t retry_us;     /* while it waits: when to connect */
    uint32_t wait_ms;      /* what was drawn for that */
    /* Replacing the session: from when in a quiet moment, and at the latest; PARLEY_NEVER: not known. */
    uint64_t renew_from_us, renew_by_us;
};

/* Why a link is gone. */
struct parley_lost {
    int status;          /* enum parley_status, as the transport gave it */
    uint16_t close_code; /* with PARLEY_ERR_PEER_CLOSED: of its close frame, 0 for none */
    int http_status;     /* with PARLEY_ERR_REFUSED: of the answer; 0: unknown */
    bool expired;        /* the service said that the session's time is over: all the rest does not matter */
};

/* Fills in what is 0. Returns NULL, or what is wrong with them (static text). */
const char *parley_reconnect_fill(struct parley_reconnect *filled, const struct parley_reconnect *given);

void parley_reconnection_start(struct parley_reconnection *r, const struct parley_reconnect *filled);

/*
 * True for what another attempt may cure: the network; HTTP 408, 425, 429 and 5xx (501 and 505 apart); the
 * close codes 1001, 1005, 1006, 1011 to 1015 (RFC 6455, 7.4.1, and the registry for 1012 to 1014). Not: a
 * service that ended in good order (1000) or says that we are wrong (1002, 1003, 1007 to 1010, 3xxx, 4xxx,
 * 401, 403, ...), a certificate that is not trusted, and what is wrong on this side.
 */
bool parley_lost_is_transient(const struct parley_lost *why);

/* What is attempted from now on, at once; the count begins again. */
void parley_reconnection_aim(struct parley_reconnection *r, enum parley_aim aim, uint64_t now_us);

/* The link has come up. */
void parley_reconnection_up(struct parley_reconnection *r, uint64_t now_us);

/*
 * The link is gone, or did not come up. `chance` is any number, all equally likely. Returns true when it
 * is to be tried again at r->retry_us, which is after r->wait_ms; false when it is over.
 */
bool parley_reconnection_lost(struct parley_reconnection *r, const struct parley_lost *why, uint64_t now_us,
                              uint32_t chance);

/* The session ends in `left_s` seconds. What cannot be (a calendar that is not set) is not believed. */
void parley_reconnection_expires(struct parley_reconnection *r, int64_t left_s, uint64_t now_us);

/* True when the session is to be replaced now; `quiet`: nothing is going on that would be disturbed. */
bool parley_reconnection_is_due(const struct parley_reconnection *r, bool quiet, uint64_t now_us);

/* It is being replaced: the link may be dropped, and there is no wait before the next. */
void parley_reconnection_renew(struct parley_reconnection *r, uint64_t now_us);

/* When something is due next: the next attempt, or while the link is up replacing the session. PARLEY_NEVER:
   nothing is. */
uint64_t parley_reconnection_deadline(const struct parley_reconnection *r, bool quiet);

#endif
