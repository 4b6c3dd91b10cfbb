#ifndef PARLEY_BENCH_MANY_H
#define PARLEY_BENCH_MANY_H

/*
 * Many conversations over the network in one loop, for clients started by runner. parley_wait takes 256
 * entries; a host with more conversations than that waits by itself, as this one does.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS, ppoll */
#include "core/parley.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MANY_MOST = 2000,
    MANY_AT_ONCE = 8, /* coming up */
};

struct many_one {
    struct parley_conversation *c; /* NULL: it has ended */
    size_t first, count;           /* of its interests among all */
    uint64_t due_us;
    bool up;
};

static struct {
    struct many_one all[MANY_MOST];
    size_t opened, up, ended;
    /* What an event, other than an error, means to the program. */
    void (*told)(struct many_one *one, const struct parley_event *event);
} many;

/* The block is mapped: malloc may give memory that authorities lay in before, and that is resident already.
 */
static void many_open(const struct parley_options *options)
{
    size_t bytes = parley_memory_needed(options);
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct parley_error error;

    if (bytes == 0 || block == MAP_FAILED ||
        parley_open(&many.all[many.opened++].c, block, bytes, options, parley_clock_us(), &error) < 0) {
        fprintf(stderr, "cannot open\n");
        exit(1);
    }
}

static void many_event(struct many_one *one, const struct parley_event *event)
{
    if (event->kind == PARLEY_EVENT_ERROR) {
        fprintf(stderr, "%.*s\n", (int)event->text.len, event->text.at);
        exit(1);
    }
    if (event->kind == PARLEY_EVENT_STARTED && !one->up) {
        one->up = true;
        many.up++;
    }
    if (many.told != NULL)
        many.told(one, event);
}

static void many_serve(struct many_one *one)
{
    struct parley_event event;

    parley_service(one->c, parley_clock_us());
    while (parley_next_event(one->c, &event) > 0)
        many_event(one, &event);
    if (parley_error(one->c)->status == PARLEY_OK)
        return;
    one->c = NULL;
    many.ended++;
}

/* Waits for all of them, but not beyond `until_us`, and serves those for which there is something. */
static void many_turn(uint64_t until_us)
{
    static struct parley_interest want[MANY_MOST * PARLEY_INTERESTS];
    static struct pollfd watched[MANY_MOST * PARLEY_INTERESTS];
    size_t wants = 0;
    uint64_t now_us;

    for (size_t i = 0; i < many.opened; i++) {
        struct many_one *one = &many.all[i];

        one->first = wants;
        one->count = one->c != NULL ? parley_interest(one->c, want + wants) : 0;
        one->due_us = PARLEY_NEVER;
        for (size_t k = wants; k < wants + one->count; k++) {
            watched[k] = (struct pollfd){
                want[k].fd, (short)((want[k].read ? POLLIN : 0) | (want[k].write ? POLLOUT : 0)), 0};
            if (want[k].deadline_us < one->due_us)
                one->due_us = want[k].deadline_us;
        }
        wants += one->count;
        if (one->due_us < until_us)
            until_us = one->due_us;
    }
    now_us = parley_clock_us();
    until_us = until_us > now_us ? until_us - now_us : 0;
    ppoll(watched, (nfds_t)wants,
          &(struct timespec){(time_t)(until_us / 1000000), (long)(until_us % 1000000) * 1000}, NULL);
    now_us = parley_clock_us();
    for (size_t i = 0; i < many.opened; i++) {
        bool ready = many.all[i].due_us <= now_us;

        for (size_t k = 0; k < many.all[i].count; k++)
            ready = ready || watched[many.all[i].first + k].revents != 0;
        if (ready)
            many_serve(&many.all[i]);
    }
}

static void many_bring_up(size_t count, const struct parley_options *options)
{
    while (many.up < count) {
        while (many.opened < count && many.opened - many.up < MANY_AT_ONCE)
            many_open(options);
        many_turn(parley_clock_us() + 1000000);
    }
}

/* What every such client connects to, and what it knows. */
static struct parley_options many_options(enum parley_profile profile, const char *authorities)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;

    options.limits = parley_limits_for(profile);
    options.url = parley_view(getenv("BENCH_URL"));
    options.ca_file = parley_view(authorities != NULL ? authorities : getenv("BENCH_CA"));
    options.api_key = parley_view("sk-bench");
    return options;
}

#endif
