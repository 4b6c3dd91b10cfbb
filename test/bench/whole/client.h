#ifndef PARLEY_BENCH_CLIENT_H
#define PARLEY_BENCH_CLIENT_H

/*
 * What every client in C does with an event's audio: it counts the samples and how long ago they were sent,
 * which the runner tells in the first of them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIENT_EVENTS = 1 << 20 };

static struct {
    unsigned long long samples;
    size_t events;
    uint32_t *late_us;
} client;

static inline void client_count(const void *pcm, size_t samples)
{
    struct timespec t;
    uint64_t sent_ns;

    if (samples < sizeof sent_ns / 2)
        return;
    memcpy(&sent_ns, pcm, sizeof sent_ns);

    clock_gettime(CLOCK_MONOTONIC, &t);
    if (client.late_us == NULL)
        client.late_us = malloc(CLIENT_EVENTS * sizeof *client.late_us);
    if (client.events < CLIENT_EVENTS)
        client.late_us[client.events++] =
            (uint32_t)(((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec - sent_ns) / 1000);
    client.samples += samples;
}

static inline int client_compare(const void *a, const void *b)
{
    return *(const uint32_t *)a > *(const uint32_t *)b   ? 1
           : *(const uint32_t *)a < *(const uint32_t *)b ? -1
                                                         : 0;
}

static inline void client_report(void)
{
    size_t n = client.events;

    if (n > 0)
        qsort(client.late_us, n, sizeof *client.late_us, client_compare);
    printf("samples=%llu p50_us=%u p99_us=%u p999_us=%u\n", client.samples, n ? client.late_us[n / 2] : 0,
           n ? client.late_us[n * 99 / 100] : 0, n ? client.late_us[n * 999 / 1000] : 0);
}

#endif
