#ifndef PARLEY_TRANSPORT_LOOPBACK_SERVICE_H
#define PARLEY_TRANSPORT_LOOPBACK_SERVICE_H

#include "transport/loopback/loopback.h"
#include "transport/loopback/talk.h"

/*
 * The built-in service: a peer that behaves like the real one in kind, for demonstrations and for trying a
 * host out. It hears where speech begins and ends in the samples it is sent, answers in the same families of
 * events and in the same order as the Realtime API, speaks faster than real time in a voice of syllables,
 * stops when it is interrupted, hands work to `background_agent`, and refuses what the real one refuses. Both
 * protocols.
 *
 * It knows no words. What the user said is told by the `heard "..."` lines of the talk it is made with: the
 * n-th utterance it hears is the n-th of them. When they are used up it says what it did hear, "(2.1 s of
 * speech)". Typed text it reads.
 *
 * All bounded: items beyond the 64 latest are forgotten, a session larger than 64 KiB is refused, and of
 * events nobody reads the latest are dropped.
 */

/* Carves one out of `arena`. The talk is only read here, for its heard lines. NULL when the arena only counts
   or is full. Good as long as the arena's memory. */
struct parley_loopback_peer *parley_loopback_service_open(struct parley_arena *arena,
                                                          const struct parley_talk *talk,
                                                          const struct parley_talk_settings *settings);

#endif
