/*
 * Waiting without time passing: the clock jumps to the next moment at which something can happen.
 */
#include "platform/wait.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/status.h"

static parley_fake_hook *hook;
static void *hook_user;

void parley_fake_reset_wait(void)
{
    hook = NULL;
}

void parley_fake_each_wait(parley_fake_hook *each_wait, void *user)
{
    hook = each_wait;
    hook_user = user;
}

static bool is_ready(const struct parley_interest *want)
{
    if (want->fd < 0 || (!want->read && !want->write))
        return false;
    if (want->fd >= PARLEY_FAKE_FD_PIPE)
        return parley_fake_pipe_ready(want->fd, want->read, want->write);
    if (want->fd >= PARLEY_FAKE_FD_SOCKET && want->fd < PARLEY_FAKE_FD_FILE)
        return parley_fake_socket_ready(want->fd, want->read, want->write);
    return parley_fake_file_ready(want->fd, want->read, want->write);
}

static int mark_ready(struct parley_interest *want, size_t count)
{
    int ready = 0;

    for (size_t i = 0; i < count; i++) {
        want[i].ready = is_ready(&want[i]);
        ready += want[i].ready;
    }
    return ready;
}

static uint64_t earlier(uint64_t a_us, uint64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

/* Moves the clock to the next thing that happens by itself, at most to `until_us`. Returns false when there
   is nothing to move to. */
static bool move_clock(uint64_t hook_us, uint64_t until_us)
{
    uint64_t next_us = earlier(parley_fake_sockets_next_us(), parley_fake_processes_next_us());

    next_us = earlier(earlier(next_us, hook_us > parley_clock_us() ? hook_us : PARLEY_NEVER), until_us);
    if (next_us == PARLEY_NEVER)
        return false;
    parley_fake_clock_set_us(next_us);
    return true;
}

int parley_wait(struct parley_interest *want, size_t count, uint64_t until_us)
{
    if (count > PARLEY_WAIT_MAX)
        return PARLEY_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++)
        until_us = earlier(until_us, want[i].deadline_us);
    for (;;) {
        uint64_t hook_us = hook != NULL ? hook(hook_user, parley_clock_us()) : PARLEY_NEVER;
        int ready = mark_ready(want, count);

        if (ready > 0 || until_us <= parley_clock_us())
            return ready;
        if (!move_clock(hook_us, until_us))
            return PARLEY_ERR_SYSTEM; /* nothing could ever end this wait */
    }
}
