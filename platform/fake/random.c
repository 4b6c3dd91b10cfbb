/*
 * Chance that can be repeated: splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators"), eight bytes at a time, the rest of each eight thrown away.
 */
#include "platform/random.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/status.h"

#include <string.h>

static uint64_t state = 1;
static bool is_broken;

void parley_fake_reset_random(void)
{
    state = 1;
    is_broken = false;
}

void parley_fake_random_seed(uint64_t seed)
{
    state = seed;
}

void parley_fake_random_broken(bool broken)
{
    is_broken = broken;
}

static uint64_t next(void)
{
    uint64_t mixed;

    state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

int parley_random(void *out, size_t bytes)
{
    unsigned char *at = out;

    memset(out, 0, bytes);
    if (is_broken)
        return PARLEY_ERR_SYSTEM;
    while (bytes > 0) {
        uint64_t number = next();

        /* Byte by byte from the low end: the same on machines of either byte order. */
        for (int i = 0; i < 8 && bytes > 0; i++, bytes--)
            *at++ = (unsigned char)(number >> (8 * i));
    }
    return 0;
}
