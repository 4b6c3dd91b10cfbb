#ifndef PARLEY_TEST_LOOPBACK_PEER_H
#define PARLEY_TEST_LOOPBACK_PEER_H

/* For peers of the loopback that have something to say, and do not look at what they are told. */
#include "transport/loopback/loopback.h"

static inline void ignore_opened(void *state, uint64_t now_us)
{
    (void)state;
    (void)now_us;
}

static inline void ignore_received(void *state, struct parley_view message, uint64_t now_us)
{
    (void)state;
    (void)message;
    (void)now_us;
}

#endif
