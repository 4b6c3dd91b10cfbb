/* The clocks of the machine. */
#define _GNU_SOURCE
#include "platform/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void time_does_not_go_back_and_is_never_0(void **state)
{
    uint64_t before_us = parley_clock_us();

    (void)state;
    assert_true(before_us > 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t now_us = parley_clock_us();

        assert_true(now_us >= before_us);
        before_us = now_us;
    }
}

static void it_counts_microseconds(void **state)
{
    struct timespec start, end;
    uint64_t start_us, took_us, expected_us;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &start);
    start_us = parley_clock_us();
    do
        clock_gettime(CLOCK_MONOTONIC, &end);
    while ((end.tv_sec - start.tv_sec) * 1000000000 + (end.tv_nsec - start.tv_nsec) < 5000000);
    took_us = parley_clock_us() - start_us;
    clock_gettime(CLOCK_MONOTONIC, &end);
    expected_us = (uint64_t)((end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000);
    assert_in_range(took_us, 4900, expected_us + 1);
}

static void the_calendar_is_that_of_the_machine(void **state)
{
    time_t before = time(NULL);
    int64_t now_s = parley_clock_unix_s();

    (void)state;
    /* time() may look at a coarser clock, which is a little behind. */
    assert_true(now_s >= before && now_s <= time(NULL) + 1);
}

static void sums_stop_at_never(void **state)
{
    (void)state;
    assert_true(parley_clock_add(1, 2) == 3);
    assert_true(parley_clock_add(PARLEY_NEVER, 1) == PARLEY_NEVER);
    assert_true(parley_clock_add(PARLEY_NEVER - 1, 5) == PARLEY_NEVER);
    assert_true(parley_clock_add(PARLEY_NEVER - 5, 5) == PARLEY_NEVER);
    assert_true(parley_clock_add(0, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_does_not_go_back_and_is_never_0),
        cmocka_unit_test(it_counts_microseconds),
        cmocka_unit_test(the_calendar_is_that_of_the_machine),
        cmocka_unit_test(sums_stop_at_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
