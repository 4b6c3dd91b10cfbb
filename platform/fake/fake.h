#ifndef PARLEY_PLATFORM_FAKE_H
#define PARLEY_PLATFORM_FAKE_H

#include "platform/socket.h"
#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * The strings on which a test plays the fake platform. Time stands still until it is moved; every
 * random byte follows from the seed.
 */

/* Puts all fakes back to their beginning: clock 1 s, seed 1, no names, no hosts, no processes. */
void parley_fake_reset(void);

void parley_fake_clock_set_us(uint64_t now_us);
void parley_fake_clock_advance_us(uint64_t by_us);
void parley_fake_clock_unix_s(int64_t now_s);
void parley_fake_random_seed(uint64_t seed);

#endif
