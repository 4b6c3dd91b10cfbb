/*
 * A bounded number out of random bytes, the same way on every platform.
 */
#include "platform/random.h"

uint32_t parley_random_below(uint32_t below)
{
    uint32_t number = 0;
    /* 2^32 modulo `below`: that many of the numbers would make the small results more likely. */
    uint32_t uneven = below > 1 ? (0 - below) % below : 0;

    if (below <= 1)
        return 0;
    do {
        if (parley_random(&number, sizeof number) != 0)
            return 0;
    } while (number < uneven);
    return number % below;
}
