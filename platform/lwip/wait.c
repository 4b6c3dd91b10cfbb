/*
 * Waiting for sockets, with a millisecond's resolution. It blocks the task that calls it; a host that waits
 * for more (a codec's interrupt) asks parley_interest instead and calls parley_service itself.
 */
#include "platform/wait.h"
#include "platform/clock.h"
#include "platform/status.h"

#include <lwip/sockets.h>

enum { WATCHED_MAX = 16 }; /* on the stack; a conversation has at most four */

/* Who wants neither to read nor to write waits for a moment only. */
static struct pollfd pollfd_of(const struct parley_interest *want)
{
    struct pollfd watched = {.fd = want->read || want->write ? want->fd : -1};

    watched.events = (short)((want->read ? POLLIN : 0) | (want->write ? POLLOUT : 0));
    return watched;
}

/* Whole milliseconds, so that it does not wake too early and find nothing to do; -1 for ever. */
static int time_left_ms(uint64_t until_us)
{
    uint64_t now_us = parley_clock_us();
    uint64_t left_ms = until_us > now_us ? (until_us - now_us + 999) / 1000 : 0;
    const int hour_ms = 3600 * 1000; /* a longer wait does not fit everywhere; nobody minds */

    if (until_us == PARLEY_NEVER)
        return -1;
    return left_ms < (uint64_t)hour_ms ? (int)left_ms : hour_ms;
}

int parley_wait(struct parley_interest *want, size_t count, uint64_t until_us)
{
    struct pollfd watched[WATCHED_MAX];
    int ready;

    if (count > WATCHED_MAX)
        return PARLEY_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        watched[i] = pollfd_of(&want[i]);
        want[i].ready = false;
        if (want[i].deadline_us < until_us)
            until_us = want[i].deadline_us;
    }
    ready = lwip_poll(count > 0 ? watched : NULL, (nfds_t)count, time_left_ms(until_us));
    if (ready < 0)
        return PARLEY_ERR_SYSTEM;
    for (size_t i = 0; i < count; i++)
        want[i].ready = watched[i].revents != 0;
    return ready;
}
