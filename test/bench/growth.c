/*
 * How the cost of conversations grows: with their number, with the length of events and with the length of a
 * session. Over the loopback, on a made-up clock, all in this process; for test/bench/growth.sh. Memory is
 * what the system gave (resident), processor time is this process's own.
 */
#define _GNU_SOURCE
#include "core/parley.h"
#include "parser/base64.h"
#include "test/loopback_peer.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MEGABYTE = 1 << 20, FRAME = PARLEY_SAMPLE_RATE / 50, FRAME_US = 20000 };

static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t resident_kb(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all, resident = 0;

    if (file == NULL || fscanf(file, "%lu %lu", &all, &resident) != 2)
        exit(2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- a service with a number of things to say ------------------------------------------------------ */

struct service {
    unsigned long left;
};

static char message[2 * MEGABYTE];
static size_t message_bytes;

/* An audio event of `bytes` bytes in all, more or less. */
static void make_message(size_t bytes)
{
    static const char head[] =
        "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1\",\"response_id\":"
        "\"resp_1\",\"item_id\":\"item_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"";
    static unsigned char pcm[MEGABYTE];
    size_t at = sizeof head - 1, pcm_bytes = bytes > at + 8 ? (bytes - at - 2) / 4 * 3 / 6 * 6 : 6;

    for (size_t i = 0; i < pcm_bytes; i++)
        pcm[i] = (unsigned char)(i * 2654435761u >> 24);
    memcpy(message, head, at);
    parley_base64_encode(message + at, pcm, pcm_bytes);
    at += pcm_bytes / 3 * 4;
    memcpy(message + at, "\"}", 2);
    message_bytes = at + 2;
}

static int say(void *state, uint64_t now_us, struct parley_fragment *out, uint64_t *due_us)
{
    struct service *service = state;

    *due_us = now_us + FRAME_US;
    if (service->left == 0)
        return 0;
    service->left--;
    *out = (struct parley_fragment){.bytes = parley_view_of(message, message_bytes), .last = true};
    return 1;
}

/* ---- conversations --------------------------------------------------------------------------------- */

struct host {
    struct parley_conversation *c;
    struct service service;
    struct parley_loopback_peer peer;
    void *block;
    size_t bytes;
};

static uint64_t now_us = 1000000;

static void host_open(struct host *h, const struct parley_limits *limits)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;

    h->peer = (struct parley_loopback_peer){
        .state = &h->service, .opened = ignore_opened, .received = ignore_received, .say = say};
    options.peer = &h->peer;
    options.limits = *limits;
    h->bytes = parley_memory_needed(&options);
    h->block = mmap(NULL, h->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (h->block == MAP_FAILED || parley_open(&h->c, h->block, h->bytes, &options, now_us, NULL) < 0)
        exit(2);
}

static void host_close(struct host *h)
{
    parley_close(h->c);
    munmap(h->block, h->bytes);
}

/* All that is ready. Returns the audio events taken. */
static unsigned long host_serve(struct host *h)
{
    static int16_t heard[FRAME];
    struct parley_event event;
    unsigned long audio = 0;

    if (parley_service(h->c, now_us) != PARLEY_OK)
        exit(2);
    while (parley_next_event(h->c, &event) > 0)
        audio += event.kind == PARLEY_EVENT_AUDIO;
    while (parley_read_audio(h->c, heard, FRAME) == FRAME)
        continue;
    return audio;
}

/* ---- the tables ------------------------------------------------------------------------------------ */

static void by_number(const char *title, const struct parley_limits *limits)
{
    enum { MOST = 1000, EVENTS = 50 };
    static struct host hosts[MOST];

    printf("\n%s\n\n| conversations | resident KB each, idle | the same behind 5 s of audio | µs per audio "
           "event |\n"
           "|---:|---:|---:|---:|\n",
           title);
    make_message(6600);
    for (size_t count = 1; count <= MOST; count *= 10) {
        size_t before_kb = resident_kb(), idle_kb;
        unsigned long audio = 0;
        uint64_t begun_ns;

        for (size_t i = 0; i < count; i++) {
            host_open(&hosts[i], limits);
            host_serve(&hosts[i]);
        }
        idle_kb = resident_kb() - before_kb;
        for (size_t i = 0; i < count; i++)
            hosts[i].service.left = EVENTS;
        begun_ns = cpu_ns();
        for (int round = 0; round < EVENTS; round++, now_us += 100000)
            for (size_t i = 0; i < count; i++)
                audio += host_serve(&hosts[i]);
        if (audio != count * EVENTS)
            exit(3);
        printf("| %zu | %.1f | %.1f | %.2f |\n", count, (double)idle_kb / (double)count,
               (double)(resident_kb() - before_kb) / (double)count,
               (double)(cpu_ns() - begun_ns) / 1000 / (double)audio);
        for (size_t i = 0; i < count; i++)
            host_close(&hosts[i]);
    }
}

static void by_length(void)
{
    static const size_t kilobytes[] = {1, 4, 16, 64, 256, 1024};

    printf("\n| KB in an event | µs per event | ns per KB |\n|---:|---:|---:|\n");
    for (size_t i = 0; i < sizeof kilobytes / sizeof *kilobytes; i++) {
        struct parley_limits limits = {.inbox_bytes = MEGABYTE + 4096};
        unsigned long rounds = 64 * 1024 / kilobytes[i], audio = 0;
        struct host host = {.c = NULL};
        uint64_t begun_ns;

        make_message(kilobytes[i] * 1024);
        host_open(&host, &limits);
        host_serve(&host);
        begun_ns = cpu_ns();
        for (unsigned long round = 0; round < rounds; round++, now_us += 20000000) {
            host.service.left = 1;
            audio += host_serve(&host);
        }
        if (audio != rounds)
            exit(3);
        printf("| %zu | %.2f | %.0f |\n", kilobytes[i], (double)(cpu_ns() - begun_ns) / 1000 / (double)rounds,
               (double)(cpu_ns() - begun_ns) / (double)(rounds * kilobytes[i]));
        host_close(&host);
    }
}

/* Every 20 ms a frame from the microphone; half of the time the service speaks, 100 ms an event. */
static void by_duration(void)
{
    static const struct {
        const char *name;
        unsigned long seconds;
    } sessions[] = {{"1 minute", 60}, {"10 minutes", 600}, {"1 hour", 3600}, {"24 hours", 86400}};
    static const int16_t silence[FRAME];

    printf("\n| a session of | messages in | messages out | heap grew, bytes | resident grew, KB | CPU ms "
           "per hour |\n"
           "|---|---:|---:|---:|---:|---:|\n");
    make_message(6600);
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
        struct parley_limits limits = {.inbox_bytes = 0};
        struct host host = {.c = NULL};
        struct parley_stats stats;
        struct mallinfo2 heap;
        size_t before_kb = 0;
        uint64_t begun_ns;

        host_open(&host, &limits);
        heap = mallinfo2();
        begun_ns = cpu_ns();
        for (unsigned long frame = 0; frame < sessions[i].seconds * 50; frame++, now_us += FRAME_US) {
            if (frame == 30 * 50) /* all that is needed has been touched */
                before_kb = resident_kb();
            if (frame % 5 == 0 && frame / 500 % 2 == 0)
                host.service.left++;
            parley_send_audio(host.c, silence, FRAME);
            host_serve(&host);
        }
        parley_stats(host.c, &stats);
        printf("| %s | %llu | %llu | %lld | %lld | %.0f |\n", sessions[i].name,
               (unsigned long long)stats.messages_in, (unsigned long long)stats.messages_out,
               (long long)mallinfo2().uordblks - (long long)heap.uordblks,
               (long long)resident_kb() - (long long)before_kb,
               (double)(cpu_ns() - begun_ns) / 1e6 * 3600 / (double)sessions[i].seconds);
        host_close(&host);
    }
}

int main(void)
{
    const struct parley_limits default_limits = {.inbox_bytes = 0};
    const struct parley_limits small = {.inbox_bytes = 16384,
                                        .outbox_bytes = 8192,
                                        .input_audio_ms = 200,
                                        .output_audio_ms = 500,
                                        .transcript_bytes = 2048,
                                        .reply_items = 2,
                                        .link_recv_bytes = 4096,
                                        .link_send_bytes = 4096};

    by_number("Default limits", &default_limits);
    by_number("Small limits", &small);
    by_length();
    by_duration();
    return 0;
}
