#ifndef PARLEY_TRANSPORT_LOOPBACK_SERVICE_H
#define PARLEY_TRANSPORT_LOOPBACK_SERVICE_H

#include "transport/loopback/loopback.h"
#include "transport/loopback/rules.h"
#include "transport/loopback/talk.h"

/*
 * The built-in service: a peer that behaves like the real one in kind, for demonstrations, for trying a host
 * out, and as a judge of what a client sends. It hears where speech begins and ends in the samples it is
 * sent, answers in the same families of events and in the same order as the Realtime API, speaks faster than
 * real time in a voice of syllables, stops when it is interrupted, and hands work to `background_agent`. Both
 * protocols. The rules it keeps, and makes its client keep, are the table of rules.h: a broken one is
 * answered as the real service answers it, noted for whoever asks, and the conversation goes on.
 *
 * It knows no words. What the user said is told by the `heard "..."` lines of the talk it is made with: the
 * n-th utterance it hears is the n-th of them. When they are used up it says what it did hear, "(2.1 s of
 * speech)". Typed text it reads.
 *
 * It needs neither a transport nor a clock of its own. A server makes one for each connection and calls
 *
 *     peer->opened(peer->state, now_us);                          once, when the connection is up
 *     peer->received(peer->state, message, now_us);               for each text message of the client
 *     peer->say(peer->state, now_us, &fragment, &due_us);         until it returns 0; again at due_us, and
 *                                                                 after each message received
 *
 * as loopback.h says; what say() gives is always a whole message. When it returns PARLEY_ERR_PEER_CLOSED,
 * peer->close_code and peer->reason are for the close frame. opened() once more is another connection:
 * another session, in which nothing is left of the first but the heard lines.
 *
 * What it does not do: telephone formats (audio/pcmu and audio/pcma are known and refused as a server_error),
 * the sound of items that are retrieved, MCP servers, pictures, and WebRTC.
 *
 * All bounded: items beyond the 64 latest are forgotten, a session larger than 64 KiB is refused, and of
 * events nobody reads the latest are dropped.
 */

/* What goes wrong on purpose, as it does with the real one. */
enum parley_service_fault_kind {
    PARLEY_FAULT_ERROR,           /* an error event of type server_error, with neither code nor event_id */
    PARLEY_FAULT_FAIL_REPLY,      /* the running response, or the next, fails */
    PARLEY_FAULT_FILTER_REPLY,    /* ... ends incomplete: content_filter */
    PARLEY_FAULT_EMPTY_REPLY,     /* the next is completed and holds nothing */
    PARLEY_FAULT_FAIL_TRANSCRIPT, /* the next utterance is not transcribed */
    PARLEY_FAULT_RATE_LIMIT,      /* no tokens are left; they grow back */
    PARLEY_FAULT_STALL,           /* amount: microseconds in which nothing is said */
    PARLEY_FAULT_EXPIRE,          /* the session's time is over */
    PARLEY_FAULT_CLOSE,           /* amount: the code */
    PARLEY_FAULT_BREAK,           /* the connection is gone */
    PARLEY_FAULT_KINDS
};

struct parley_service_fault {
    enum parley_service_fault_kind kind;
    uint64_t amount;
    uint64_t at_us; /* after the connection came up */
};

/* Zeros are the defaults: strict, the same times whenever it is asked the same. */
struct parley_service_settings {
    bool lenient;             /* what is only a matter of form passes (kind 'f' in rules.h) */
    uint64_t seed;            /* varies how long it thinks and how its sound comes; 0: it does not vary */
    uint32_t speed;           /* sound is sent so many times faster than it plays; 0: 5 */
    uint32_t session_minutes; /* until it expires; 0: 60 */
    uint32_t tokens_a_minute; /* the rate limit; 0: 400000 */
    const struct parley_service_fault *faults; /* in the order of their times; has to stay */
    size_t fault_count;
};

/* Carves one out of `arena`. The talk is only read here, for its heard lines, and `asked` are its settings;
   both may be NULL, as may `settings`. NULL when the arena only counts or is full. Good as long as the
   arena's memory. */
struct parley_loopback_peer *parley_loopback_service_open(struct parley_arena *arena,
                                                          const struct parley_talk *talk,
                                                          const struct parley_talk_settings *asked,
                                                          const struct parley_service_settings *settings);

/* The model that a client's address names: the one of its sessions from now on, which it may not change.
   Without this it is called "loopback", and a client's first session.update may name another. One that is no
   name of a model (of up to 63 letters, digits and ._:-) is passed over. */
void parley_service_model(struct parley_loopback_peer *service, struct parley_view model);

/* A rule that was broken. */
struct parley_service_breach {
    enum parley_rule rule;
    uint64_t at_us;    /* after the connection came up */
    char excerpt[100]; /* what the error said, cut */
};

/* The first breaches (64 at most) in their order at *first, good until the next call with the service;
   returns how many. */
size_t parley_service_breaches(const struct parley_loopback_peer *service,
                               const struct parley_service_breach **first);

/* All of them, also those that were not kept. They count on when a client connects again. */
unsigned parley_service_breach_count(const struct parley_loopback_peer *service);

/* Lets something go wrong now. `at_us` is not looked at. */
void parley_service_strike(struct parley_loopback_peer *service, const struct parley_service_fault *fault,
                           uint64_t now_us);

/* The name of a fault in talks and on command lines ("fail-reply"), and back (KINDS: none of them). */
const char *parley_service_fault_name(enum parley_service_fault_kind kind);
enum parley_service_fault_kind parley_service_fault_named(struct parley_view name);

#endif
