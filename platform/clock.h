#ifndef PARLEY_PLATFORM_CLOCK_H
#define PARLEY_PLATFORM_CLOCK_H

#include <stdint.h>

/*
 * Monotonic time in microseconds from an arbitrary start that is never 0. 64 bits do not wrap.
 * On Linux it is CLOCK_BOOTTIME where there is one, so that a suspended machine sees the time pass.
 */
uint64_t parley_clock_us(void);

/* Seconds since 1970-01-01 UTC, for time stamps and certificates only; may jump. */
int64_t parley_clock_unix_s(void);

/* "Never", as a deadline. */
#define PARLEY_NEVER UINT64_MAX

/* a + b microseconds, PARLEY_NEVER when that does not fit. */
static inline uint64_t parley_clock_add(uint64_t a_us, uint64_t b_us)
{
    return a_us > UINT64_MAX - b_us ? PARLEY_NEVER : a_us + b_us;
}

#endif
