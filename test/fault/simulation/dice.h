#ifndef PARLEY_TEST_DICE_H
#define PARLEY_TEST_DICE_H

#include <stdint.h>

/*
 * Chance without a shared stream: what is drawn follows from the seed, a purpose and a number, so that
 * leaving out one step of a plan changes no other. The same on every machine.
 */
struct dice {
    uint64_t state;
};

enum purpose { OF_CONFIG = 1, OF_PLAN, OF_STEP, OF_HOST, OF_NETWORK, OF_SERVICE, OF_AGENT };

static inline uint64_t dice_mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static inline struct dice dice_for(uint64_t seed, enum purpose purpose, uint64_t number)
{
    return (struct dice){dice_mix(dice_mix(seed * 31 + purpose) + number)};
}

/* 0 to sides - 1. */
static inline uint32_t roll(struct dice *d, uint32_t sides)
{
    d->state += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)((dice_mix(d->state) >> 32) * sides >> 32);
}

/* low to high */
static inline uint32_t roll_from(struct dice *d, uint32_t low, uint32_t high)
{
    return low + roll(d, high - low + 1);
}

/* True once in `times`. */
static inline int roll_one(struct dice *d, uint32_t times)
{
    return roll(d, times) == 0;
}

#endif
