/*
 * The clocks of the system.
 */
#define _GNU_SOURCE
#include "platform/clock.h"

#include <time.h>

uint64_t parley_clock_us(void)
{
    struct timespec now = {0, 0};
    uint64_t now_us;

#ifdef CLOCK_BOOTTIME
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) /* an old kernel */
#endif
        clock_gettime(CLOCK_MONOTONIC, &now);
    now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    return now_us != 0 ? now_us : 1;
}

int64_t parley_clock_unix_s(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}
