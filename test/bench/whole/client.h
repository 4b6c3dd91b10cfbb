#ifndef PARLEY_BENCH_CLIENT_H
#define PARLEY_BENCH_CLIENT_H

/*
 * What every client in C does with an event's audio: it counts the samples and how long ago they were sent,
 * which the runner tells in the first of them.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CLIENT_LATE_US = 1 << 16 }; /* later than that counts as that */

static struct {
    unsigned long long samples, events;
    unsigned late[CLIENT_LATE_US]; /* how many events were so many us late */
} client;

static inline void client_count(const void *pcm, size_t samples)
{
    struct timespec t;
    uint64_t sent_ns, late_us;

    if (samples < sizeof sent_ns / 2)
        return;
    memcpy(&sent_ns, pcm, sizeof sent_ns);
    clock_gettime(CLOCK_MONOTONIC, &t);
    late_us = ((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec - sent_ns) / 1000;
    client.late[late_us < CLIENT_LATE_US ? late_us : CLIENT_LATE_US - 1]++;
    client.events++;
    client.samples += samples;
}

/* So late were at most `part` of a thousand events. */
static inline unsigned client_late(unsigned long long part)
{
    unsigned long long seen = 0;
    unsigned us = 0;

    while (us < CLIENT_LATE_US - 1 && (seen += client.late[us]) * 1000 < client.events * part)
        us++;
    return us;
}

/* Where the heap is to be left alone begins, or ends: of allocations.c, if that is preloaded. */
void bench_mark(void) __attribute__((weak));
static inline void client_mark(void)
{
    if (bench_mark)
        bench_mark();
}

static inline void client_report(void)
{
    printf("samples=%llu p50_us=%u p99_us=%u p999_us=%u\n", client.samples, client_late(500),
           client_late(990), client_late(999));
}

#endif
