/*
 * What idle conversations cost: opens some over the network, in one loop of its own, and tells what the
 * system gave for them. usage: idle CONVERSATIONS tiny|board|server      started by runner, with --events 0
 * --hold-ms LONG
 *
 * parley_wait takes 256 entries; a host with more conversations than that waits by itself, as this one does.
 * IDLE_CA: authorities in place of BENCH_CA.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "core/parley.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MOST = 1000,
    AT_ONCE = 8,         /* coming up */
    SETTLE_US = 1000000, /* idle before it counts */
    NOTHING = 1000,      /* milliseconds */
};

struct one {
    struct parley_conversation *c;
    size_t first, count; /* of its interests among all */
    uint64_t due_us;
    bool up;
};

static struct one all[MOST];
static size_t opened, up;
static struct parley_interest want[MOST * PARLEY_INTERESTS];
static struct pollfd watched[MOST * PARLEY_INTERESTS];

/* "VmRSS" or "VmHWM", in KB. */
static long memory_kb(const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[128];
    long kb = -1;

    while (file != NULL && kb < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtol(line + strlen(name) + 1, NULL, 10);
    if (kb < 0)
        exit(2);
    fclose(file);
    return kb;
}

/* The block is mapped: malloc may give memory that authorities lay in before, and that is resident already.
 */
static void open_one(const struct parley_options *options)
{
    size_t bytes = parley_memory_needed(options);
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct parley_error error;

    if (bytes == 0 || block == MAP_FAILED ||
        parley_open(&all[opened++].c, block, bytes, options, parley_clock_us(), &error) < 0) {
        fprintf(stderr, "idle: cannot open\n");
        exit(1);
    }
}

static void serve(struct one *one)
{
    struct parley_event event;

    parley_service(one->c, parley_clock_us());
    while (parley_next_event(one->c, &event) > 0) {
        if (event.kind == PARLEY_EVENT_ERROR) {
            fprintf(stderr, "idle: %.*s\n", (int)event.text.len, event.text.at);
            exit(1);
        }
        if (event.kind == PARLEY_EVENT_STARTED && !one->up) {
            one->up = true;
            up++;
        }
    }
}

/* Waits for all of them, and serves those for which there is something. */
static void turn(uint64_t until_us)
{
    size_t wants = 0;
    uint64_t now_us;

    for (size_t i = 0; i < opened; i++) {
        struct one *one = &all[i];

        one->first = wants;
        one->count = parley_interest(one->c, want + wants);
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
    poll(watched, (nfds_t)wants, until_us > now_us ? (int)((until_us - now_us) / 1000 + 1) : 0);
    now_us = parley_clock_us();
    for (size_t i = 0; i < opened; i++) {
        bool ready = all[i].due_us <= now_us;

        for (size_t k = 0; k < all[i].count; k++)
            ready = ready || watched[all[i].first + k].revents != 0;
        if (ready)
            serve(&all[i]);
    }
}

/* Until `count` are up, and have been so for a while. */
static long bring_up(size_t count, const struct parley_options *options)
{
    uint64_t until_us;

    while (up < count) {
        while (opened < count && opened - up < AT_ONCE)
            open_one(options);
        turn(parley_clock_us() + NOTHING * UINT64_C(1000));
    }
    for (until_us = parley_clock_us() + SETTLE_US; parley_clock_us() < until_us;)
        turn(until_us);
    return memory_kb("VmRSS");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum parley_profile profile;
    } profiles[] = {
        {"board", PARLEY_PROFILE_BOARD}, {"tiny", PARLEY_PROFILE_TINY}, {"server", PARLEY_PROFILE_SERVER}};
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    const char *name = argc > 2 ? argv[2] : "board", *authorities = getenv("IDLE_CA");
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    long one_kb, all_kb;

    if (count < 1 || count > MOST)
        return 2;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
        if (strcmp(profiles[i].name, name) == 0)
            options.limits = parley_limits_for(profiles[i].profile);
    options.url = parley_view(getenv("BENCH_URL"));
    options.ca_file = parley_view(authorities != NULL ? authorities : getenv("BENCH_CA"));
    options.timeouts.ping_ms = SETTLE_US / 2000; /* with the first one a link gives back what it can */
    options.timeouts.pong_ms = 600000;           /* runner answers none */
    options.api_key = parley_view("sk-bench");
    one_kb = bring_up(1, &options);
    all_kb = bring_up(count, &options);
    printf("one_kb=%ld all_kb=%ld each_kb=%.1f peak_kb=%ld\n", one_kb, all_kb,
           count > 1 ? (double)(all_kb - one_kb) / (double)(count - 1) : 0.0, memory_kb("VmHWM"));
    return 0;
}
