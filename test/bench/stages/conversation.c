/*
 * usage: conversation count|time
 * 100 ms of a conversation over the loopback: a microphone's chunk goes out, an audio event comes in and is
 * played. For test/bench/stages.sh and test/bench/budgets.sh, as test/bench/stages/main.c: "count" prints how
 * often it did so inside of parley_bench_measured, "time" the median in nanoseconds.
 */
#define _GNU_SOURCE
#include "core/parley.h"
#include "parser/base64.h"
#include "platform/fake/fake.h"
#include "test/loopback_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PCM_BYTES = 4800, TEXT_BYTES = 6400, MESSAGE_BYTES = 8192, ROUNDS = 301 };

static int16_t pcm[PCM_BYTES / 2], played[PCM_BYTES / 2];
static char base64[TEXT_BYTES + 1];
static char audio_event[MESSAGE_BYTES]; /* an audio delta as the service sends it */
static size_t audio_event_bytes;

/* Noise, so that nothing can profit from silence. */
static void prepare(void)
{
    uint32_t state = 1;

    for (size_t i = 0; i < PCM_BYTES / 2; i++) {
        state = state * 1664525u + 1013904223u;
        pcm[i] = (int16_t)((int32_t)(state >> 16) - 32768);
    }
    parley_base64_encode(base64, pcm, PCM_BYTES);
    int length = snprintf(audio_event, sizeof(audio_event),
                          "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1234567890\","
                          "\"response_id\":\"resp_1234567890\",\"item_id\":\"item_1234567890\","
                          "\"output_index\":0,\"content_index\":0,\"delta\":\"%s\"}",
                          base64);
    audio_event_bytes = (size_t)length;
}

static struct parley_conversation *conversation;
static bool audio_due; /* the peer says an audio event, once */

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    (void)state, (void)now_us;
    *due_us = PARLEY_NEVER;
    if (!audio_due)
        return 0;
    audio_due = false;
    *message = (struct parley_fragment){.bytes = {audio_event, audio_event_bytes}, .last = true};
    return 1;
}

static struct parley_loopback_peer peer = {.opened = ignore_opened, .received = ignore_received, .say = say};

static void open_conversation(void)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_event event;
    struct parley_error error;
    bool started = false;

    options.peer = &peer;
    options.api_key = parley_view("none");
    size_t bytes = parley_memory_needed(&options);
    if (parley_open(&conversation, malloc(bytes), bytes, &options, parley_clock_us(), &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    while (!started && parley_run_once(conversation, 1000) == PARLEY_OK)
        while (parley_next_event(conversation, &event) > 0)
            started |= event.kind == PARLEY_EVENT_STARTED;
}

/* 100 ms pass: a microphone's chunk goes out, a reply's chunk comes in and is played. */
static bool converse(void)
{
    struct parley_event event;
    bool heard = false;

    audio_due = true;
    parley_send_audio(conversation, pcm, PCM_BYTES / 2);
    parley_service(conversation, parley_clock_us());
    while (parley_next_event(conversation, &event) > 0)
        heard |= event.kind == PARLEY_EVENT_AUDIO && event.samples == PCM_BYTES / 2;
    return parley_read_audio(conversation, played, PCM_BYTES / 2) == PCM_BYTES / 2 && heard;
}

/* Not inlined, and known by this name to callgrind. */
bool parley_bench_measured(void);
__attribute__((noinline)) bool parley_bench_measured(void)
{
    return converse();
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
    static double took[ROUNDS];

    prepare();
    open_conversation();
    for (int round = 0; round < ROUNDS; round++) {
        parley_fake_clock_advance_us(100000);
        double start = now_ns();
        if (!parley_bench_measured()) {
            fprintf(stderr, "the conversation went wrong in round %d\n", round);
            return 1;
        }
        took[round] = now_ns() - start;
    }
    qsort(took, ROUNDS, sizeof took[0], by_size);
    if (argc > 1 && strcmp(argv[1], "time") == 0)
        printf("%.0f\n", took[ROUNDS / 2]);
    else
        printf("counted %d\n", ROUNDS);
    return 0;
}
