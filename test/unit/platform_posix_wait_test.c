/* Waiting for descriptors, moments and signals. Real time passes only in tens of milliseconds. */
#define _GNU_SOURCE
#include "platform/clock.h"
#include "platform/status.h"
#include "platform/wait.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_US = 5000000 }; /* a wait that must not last so long */

static int ends[2]; /* of a pipe */

static int make_pipe(void **state)
{
    (void)state;
    return pipe(ends);
}

static int close_pipe(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static uint64_t in_us(uint64_t us)
{
    return parley_clock_us() + us;
}

static void a_readable_descriptor_ends_it_and_is_the_one_marked(void **state)
{
    struct parley_interest want[] = {
        {.fd = ends[0], .read = true, .deadline_us = PARLEY_NEVER},
        {.fd = ends[1], .write = true, .deadline_us = PARLEY_NEVER},
        {.fd = -1, .ready = true, .deadline_us = PARLEY_NEVER},
    };

    (void)state;
    assert_int_equal(parley_wait(want, 3, PARLEY_NEVER), 1); /* a pipe with room can be written to */
    assert_false(want[0].ready);
    assert_true(want[1].ready);
    assert_false(want[2].ready);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(parley_wait(want, 3, PARLEY_NEVER), 2);
    assert_true(want[0].ready);
}

static void the_earliest_moment_ends_it(void **state)
{
    static const struct {
        const char *title;
        uint64_t deadline_us, until_us; /* from now; 0 of the deadline: never */
    } cases[] = {{"the deadline", 20000, LONG_US}, {"until", 0, 20000}, {"both", 20000, 20000}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t start_us = parley_clock_us(), took_us;
        struct parley_interest want = {.fd = ends[0], .read = true, .deadline_us = PARLEY_NEVER};

        if (cases[i].deadline_us != 0)
            want.deadline_us = start_us + cases[i].deadline_us;
        assert_int_equal(parley_wait(&want, 1, start_us + cases[i].until_us), 0);
        took_us = parley_clock_us() - start_us;
        if (took_us < 20000 || took_us > LONG_US / 2)
            fail_msg("%s: %lu us", cases[i].title, (unsigned long)took_us);
        assert_false(want.ready);
    }
}

static void a_moment_that_has_passed_still_looks_at_descriptors(void **state)
{
    struct parley_interest want = {.fd = ends[1], .write = true, .deadline_us = 1};

    (void)state;
    assert_int_equal(parley_wait(&want, 1, 0), 1);
    assert_true(want.ready);
    want = (struct parley_interest){.fd = ends[0], .read = true, .deadline_us = 1};
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 0);
}

static void a_descriptor_nobody_reads_or_writes_is_not_watched(void **state)
{
    struct parley_interest want = {.fd = ends[0], .deadline_us = PARLEY_NEVER};
    uint64_t start_us = parley_clock_us();

    (void)state;
    close(ends[1]); /* hung up: poll would tell of it again and again */
    ends[1] = -1;
    assert_int_equal(parley_wait(&want, 1, in_us(10000)), 0);
    assert_true(parley_clock_us() - start_us >= 10000);
    want.read = true;
    assert_int_equal(parley_wait(&want, 1, in_us(LONG_US)), 1);
    assert_true(want.ready);
}

static void a_closed_descriptor_is_ready_to_fail(void **state)
{
    struct parley_interest want = {.fd = 999, .read = true, .deadline_us = PARLEY_NEVER};

    (void)state;
    assert_int_equal(parley_wait(&want, 1, in_us(LONG_US)), 1);
    assert_true(want.ready);
}

static void nothing_to_wait_for_is_a_pause(void **state)
{
    uint64_t start_us = parley_clock_us();

    (void)state;
    assert_int_equal(parley_wait(NULL, 0, in_us(5000)), 0);
    assert_true(parley_clock_us() - start_us >= 5000);
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_signal_ends_it(void **state)
{
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    struct sigaction action = {.sa_handler = on_alarm};
    struct parley_interest want = {.fd = ends[0], .read = true, .deadline_us = PARLEY_NEVER};
    uint64_t start_us = parley_clock_us();

    (void)state;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(parley_wait(&want, 1, in_us(LONG_US)), 0);
    assert_true(parley_clock_us() - start_us < LONG_US / 2);
    signal(SIGALRM, SIG_DFL);
}

static void so_many_and_no_more(void **state)
{
    struct parley_interest want[PARLEY_WAIT_MAX + 1];

    (void)state;
    for (size_t i = 0; i <= PARLEY_WAIT_MAX; i++)
        want[i] = (struct parley_interest){.fd = ends[1], .write = true, .deadline_us = PARLEY_NEVER};
    assert_int_equal(parley_wait(want, PARLEY_WAIT_MAX, PARLEY_NEVER), PARLEY_WAIT_MAX);
    assert_int_equal(parley_wait(want, PARLEY_WAIT_MAX + 1, 0), PARLEY_ERR_ARGUMENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_readable_descriptor_ends_it_and_is_the_one_marked),
        TEST(the_earliest_moment_ends_it),
        TEST(a_moment_that_has_passed_still_looks_at_descriptors),
        TEST(a_descriptor_nobody_reads_or_writes_is_not_watched),
        TEST(a_closed_descriptor_is_ready_to_fail),
        TEST(nothing_to_wait_for_is_a_pause),
        TEST(a_signal_ends_it),
        TEST(so_many_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
