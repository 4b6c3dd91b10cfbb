/*
 * An example that is a test: a host with a poll() loop of its own and a second descriptor to watch (here a
 * pipe on which somebody types; in a device a microphone, a button, a bus). Nothing of parley blocks, so
 * parley is one more thing to wait for: parley_interest tells for what, parley_service does what is ready.
 */
#include "core/parley.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct host {
    struct parley_conversation *c;
    int keyboard;    /* the second descriptor */
    char reply[400]; /* what the model said last */
    unsigned replies;
};

/* How long poll() may wait, in milliseconds: until the earliest deadline, rounded up; -1 for ever. */
static int milliseconds_until(uint64_t deadline_us)
{
    uint64_t now_us = parley_clock_us();

    if (deadline_us == PARLEY_NEVER)
        return -1;
    return deadline_us <= now_us ? 0 : (int)((deadline_us - now_us + 999) / 1000);
}

/* Waits for parley and for the keyboard at once. Returns true when there is something to read from the
 * latter. */
static bool wait_for_both(struct host *host)
{
    struct parley_interest want[PARLEY_INTERESTS];
    struct pollfd fds[PARLEY_INTERESTS + 1];
    size_t count = parley_interest(host->c, want);
    uint64_t deadline_us = PARLEY_NEVER;

    for (size_t i = 0; i < count; i++) {
        fds[i].fd = want[i].fd; /* poll() passes over -1 */
        fds[i].events = (short)((want[i].read ? POLLIN : 0) | (want[i].write ? POLLOUT : 0));
        if (want[i].deadline_us < deadline_us)
            deadline_us = want[i].deadline_us;
    }
    fds[count] = (struct pollfd){.fd = host->keyboard, .events = POLLIN};
    poll(fds, (nfds_t)(count + 1), milliseconds_until(deadline_us));
    return (fds[count].revents & (POLLIN | POLLHUP)) != 0;
}

static void on_typed(struct host *host)
{
    char line[100];
    ssize_t len = read(host->keyboard, line, sizeof line);

    if (len <= 0) {
        parley_stop(host->c); /* nobody types any more */
        host->keyboard = -1;
        return;
    }
    parley_send_text(host->c, parley_view_of(line, (size_t)len));
    parley_request_reply(host->c);
}

static void on_event(struct host *host, const struct parley_event *event)
{
    if (event->kind != PARLEY_EVENT_REPLY_DONE)
        return;
    snprintf(host->reply, sizeof host->reply, "%.*s", (int)event->text.len, event->text.at);
    host->replies++;
}

/* The loop. Returns the status that ended the conversation. */
static int run(struct host *host)
{
    struct parley_event event;
    int status;

    do {
        if (wait_for_both(host))
            on_typed(host);
        status = parley_service(host->c, parley_clock_us());
        while (parley_next_event(host->c, &event) > 0)
            on_event(host, &event);
    } while (status == PARLEY_OK);
    return status;
}

static void a_host_waits_for_parley_and_for_something_else(void **state)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct host host = {0};
    int pipe_ends[2];
    size_t bytes;
    void *block;

    (void)state;
    options.modality = PARLEY_MODALITY_TEXT;
    bytes = parley_memory_needed(&options);
    block = malloc(bytes);
    assert_int_equal(pipe(pipe_ends), 0);
    host.keyboard = pipe_ends[0];
    assert_int_equal(parley_open(&host.c, block, bytes, &options, parley_clock_us(), NULL), PARLEY_OK);
    assert_int_equal(write(pipe_ends[1], "hello", 5), 5);

    /* Somebody types once, reads the answer, and leaves. */
    while (host.replies == 0 && parley_service(host.c, parley_clock_us()) == PARLEY_OK) {
        struct parley_event event;
        if (wait_for_both(&host))
            on_typed(&host);
        while (parley_next_event(host.c, &event) > 0)
            on_event(&host, &event);
    }
    close(pipe_ends[1]);
    assert_int_equal(run(&host), PARLEY_ERR_CLOSED);
    assert_true(strlen(host.reply) > 10);

    close(pipe_ends[0]);
    parley_close(host.c);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_host_waits_for_parley_and_for_something_else)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
