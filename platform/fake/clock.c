/*
 * A clock that moves only when it is told to.
 */
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"

enum { SECOND_US = 1000000 };

#define NEW_YEAR_2026_S INT64_C(1767225600)

static uint64_t clock_us = SECOND_US;
static uint64_t calendar_set_us = SECOND_US; /* when the calendar was set, and to what */
static int64_t calendar_s = NEW_YEAR_2026_S;

void parley_fake_reset_clock(void)
{
    clock_us = calendar_set_us = SECOND_US;
    calendar_s = NEW_YEAR_2026_S;
}

uint64_t parley_clock_us(void)
{
    return clock_us;
}

int64_t parley_clock_unix_s(void)
{
    uint64_t since_us = clock_us > calendar_set_us ? clock_us - calendar_set_us : 0;

    return calendar_s + (int64_t)(since_us / SECOND_US);
}

void parley_fake_clock_set_us(uint64_t now_us)
{
    clock_us = now_us;
}

void parley_fake_clock_advance_us(uint64_t by_us)
{
    clock_us = parley_clock_add(clock_us, by_us);
}

void parley_fake_clock_unix_s(int64_t now_s)
{
    calendar_s = now_s;
    calendar_set_us = clock_us;
}
