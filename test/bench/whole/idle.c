/*
 * What idle conversations cost: opens some over the network and tells what the system gave for them.
 * usage: idle CONVERSATIONS tiny|board|server      started by runner, with --events 0 --hold-ms LONG
 *
 * IDLE_CA: authorities in place of BENCH_CA.
 */
#include "many.h"

enum { SETTLE_US = 1000000 }; /* idle before it counts */

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

/* Until `count` are up, and have been so for a while. */
static long bring_up(size_t count, const struct parley_options *options)
{
    uint64_t until_us;

    many_bring_up(count, options);
    for (until_us = parley_clock_us() + SETTLE_US; parley_clock_us() < until_us;)
        many_turn(until_us);
    return memory_kb("VmRSS");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum parley_profile profile;
    } profiles[] = {
        {"board", PARLEY_PROFILE_BOARD}, {"tiny", PARLEY_PROFILE_TINY}, {"server", PARLEY_PROFILE_SERVER}};
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, which = 0;
    struct parley_options options;
    long one_kb, all_kb;

    for (size_t i = 0; argc > 2 && i < sizeof profiles / sizeof *profiles; i++)
        if (strcmp(profiles[i].name, argv[2]) == 0)
            which = i;
    if (count < 1 || count > MANY_MOST)
        return 2;
    options = many_options(profiles[which].profile, getenv("IDLE_CA"));
    options.timeouts.ping_ms = SETTLE_US / 2000; /* with the first one a link gives back what it can */
    options.timeouts.pong_ms = 600000;           /* runner answers none */
    one_kb = bring_up(1, &options);
    all_kb = bring_up(count, &options);
    printf("one_kb=%ld all_kb=%ld each_kb=%.1f peak_kb=%ld\n", one_kb, all_kb,
           count > 1 ? (double)(all_kb - one_kb) / (double)(count - 1) : 0.0, memory_kb("VmHWM"));
    return 0;
}
