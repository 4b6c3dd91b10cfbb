/*
 * Once the link is up nobody allocates: every malloc of the process is counted while ten thousand events go
 * by, from the service and to it. The peak of the caller's block is printed.
 */
#include "core/parley.h"
#include "test/loopback_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the count ----------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define COUNTS 0 /* the sanitizer's own malloc stands in between */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS 0
#else
#define COUNTS 1
#endif
#else
#define COUNTS 1
#endif

static unsigned long allocations;

#if COUNTS
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);

void *malloc(size_t bytes)
{
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    allocations++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    allocations++;
    return __libc_realloc(old, bytes);
}
#endif

/* ---- a peer that always has something to say --------------------------------------------------- */

enum { EVENTS = 10000 };

static unsigned said, received;

static int on_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    static const char *const lines[] = {
        "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}",
        "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"a word \",\"item_id\":\"item_1\"}",
        "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_1\",\"response_id\":\"resp_1\","
        "\"delta\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"background_"
        "agent\",\"id\":"
        "\"fc\",\"call_id\":\"call_1\",\"arguments\":\"{\\\"prompt\\\":\\\"count\\\"}\"}}",
        "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_2\"}",
        "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"well then\"}",
        "{\"type\":\"error\",\"error\":{\"message\":\"odd\"}}",
        "not json",
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\"}}",
    };

    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (said == EVENTS)
        return 0;
    *message = (struct parley_fragment){.bytes = parley_view(lines[said++ % (sizeof lines / sizeof *lines)]),
                                        .last = true};
    return 1;
}

static void on_received(void *state, struct parley_view message, uint64_t now_us)
{
    (void)state;
    (void)message;
    (void)now_us;
    received++;
}

static struct parley_loopback_peer peer = {.opened = ignore_opened, .received = on_received, .say = on_say};

static void nothing_is_allocated_between_ready_and_closed(void **state)
{
    static int16_t pcm[480];
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_conversation *c;
    struct parley_event event;
    struct parley_stats stats;
    uint64_t now_us = 1000000;
    unsigned long before, during, events = 0;
    bool closed = false;
    size_t bytes;
    void *memory;

    (void)state;
    options.peer = &peer;
    bytes = parley_memory_needed(&options);
    memory = malloc(bytes);
    assert_int_equal(parley_open(&c, memory, bytes, &options, now_us, NULL), PARLEY_OK);
    parley_service(c, now_us);
    before = allocations;
    while (!closed) {
        now_us += 10000;
        parley_service(c, now_us);
        parley_send_audio(c, pcm, 480);
        parley_read_audio(c, pcm, 480);
        for (int i = 0; i < 20 && parley_next_event(c, &event) > 0; i++) {
            events++;
            if (event.kind == PARLEY_EVENT_HANDOFF) {
                parley_agent_progress(c, event.handoff_id, parley_view("done"));
                parley_agent_done(c, parley_view(NULL));
            }
            closed = event.kind == PARLEY_EVENT_CLOSED;
        }
        if (said == EVENTS)
            parley_stop(c);
    }
    during = allocations - before;
    parley_stats(c, &stats);
    print_message(
        "# %lu events, %u messages sent, %lu allocations; block %zu bytes, inbox peak %zu, outbox peak %zu\n",
        events, received, during, stats.memory_bytes, stats.inbox_peak, stats.outbox_peak);
    parley_close(c);
    free(memory);
    assert_true(events >= EVENTS && received > 1000);
    if (COUNTS)
        assert_true(before > 0); /* the count counts */
    assert_int_equal(during, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_allocated_between_ready_and_closed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
