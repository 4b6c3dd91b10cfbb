/*
 * The one place where a program of parley's waits.
 */
#define _GNU_SOURCE
#include "platform/wait.h"
#include "platform/clock.h"
#include "platform/status.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

/* Who wants neither to read nor to write waits for a moment only. Were its descriptor watched all the same,
   a hung-up one would end every wait at once. */
static struct pollfd pollfd_of(const struct parley_interest *want)
{
    struct pollfd watched = {.fd = want->read || want->write ? want->fd : -1};

    watched.events = (short)((want->read ? POLLIN : 0) | (want->write ? POLLOUT : 0));
    return watched;
}

/* The time left until `until_us`; NULL for ever. ppoll because voice has deadlines below a millisecond. */
static const struct timespec *time_left(uint64_t until_us, struct timespec *left)
{
    uint64_t now_us = parley_clock_us();
    uint64_t left_us = until_us > now_us ? until_us - now_us : 0;
    const uint64_t day_us = UINT64_C(86400000000); /* a longer wait does not fit everywhere; nobody minds */

    if (until_us == PARLEY_NEVER)
        return NULL;
    if (left_us > day_us)
        left_us = day_us;
    left->tv_sec = (time_t)(left_us / 1000000);
    left->tv_nsec = (long)(left_us % 1000000) * 1000;
    return left;
}

int parley_wait(struct parley_interest *want, size_t count, uint64_t until_us)
{
    struct pollfd watched[PARLEY_WAIT_MAX];
    struct timespec left;
    int ready;

    if (count > PARLEY_WAIT_MAX)
        return PARLEY_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        watched[i] = pollfd_of(&want[i]);
        want[i].ready = false;
        if (want[i].deadline_us < until_us)
            until_us = want[i].deadline_us;
    }
    ready = ppoll(watched, (nfds_t)count, time_left(until_us, &left), NULL);
    if (ready < 0)
        return errno == EINTR ? 0 : PARLEY_ERR_SYSTEM;
    for (size_t i = 0; i < count; i++)
        want[i].ready = watched[i].revents != 0;
    return ready;
}
