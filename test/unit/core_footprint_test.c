/*
 * What a conversation touches of its block: little while it is idle, and at the end nothing of what it wrote
 * stays. Pages are asked of the system, for a block that it maps.
 */
#define _DEFAULT_SOURCE /* mincore */
#include "core/parley.h"
#include "test/loopback_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECOND_US = 1000000, FRAME = 480, BEFORE = 0xA5 };

/* ---- a service that says a number of things, again and again ------------------------------------- */

struct service {
    size_t count, said;
};

static const char *const lines[] = {
    "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\",\"instructions\":\"be brief\"}}",
    "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}",
    "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"a word \",\"item_id\":\"item_1\"}",
    "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_1\",\"response_id\":\"resp_1\",\"delta\":"
    "\"W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb\"}",
    "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"background_agent\","
    "\"id\":\"fc\",\"call_id\":\"call_1\",\"arguments\":\"{\\\"prompt\\\":\\\"count\\\"}\"}}",
    "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_2\"}",
    "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"well then\"}",
    "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\"}}",
};
enum { LINES = sizeof lines / sizeof *lines };

static int say(void *state, uint64_t now_us, struct parley_fragment *out, uint64_t *due_us)
{
    struct service *service = state;

    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (service->said == service->count)
        return 0;
    *out = (struct parley_fragment){.bytes = parley_view(lines[service->said++ % LINES]), .last = true};
    return 1;
}

/* ---- a host whose block is mapped ---------------------------------------------------------------- */

struct host {
    struct service service;
    struct parley_loopback_peer peer;
    struct parley_options options;
    struct parley_conversation *c;
    unsigned char *block;
    size_t bytes;
    uint64_t now_us;
};

static void map(struct host *h)
{
    h->peer = (struct parley_loopback_peer){
        .state = &h->service, .opened = ignore_opened, .received = ignore_received, .say = say};
    h->options.peer = &h->peer;
    h->bytes = parley_memory_needed(&h->options);
    h->block = mmap(NULL, h->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    h->now_us = SECOND_US;
    assert_true(h->bytes > 0 && h->block != MAP_FAILED);
}

static void begin(struct host *h)
{
    assert_int_equal(parley_open(&h->c, h->block, h->bytes, &h->options, h->now_us, NULL), PARLEY_OK);
}

static void serve(struct host *h, uint64_t for_us, bool speaks)
{
    static int16_t pcm[FRAME];
    struct parley_event event;

    for (uint64_t until_us = h->now_us + for_us; h->now_us < until_us; h->now_us += 20000) {
        assert_int_equal(parley_service(h->c, h->now_us), PARLEY_OK);
        if (speaks) {
            memset(pcm, 0x5b, sizeof pcm);
            parley_send_audio(h->c, pcm, FRAME);
            parley_read_audio(h->c, pcm, FRAME / 4);
        }
        while (parley_next_event(h->c, &event) > 0)
            if (event.kind == PARLEY_EVENT_HANDOFF)
                parley_agent_done(h->c, parley_view(NULL));
    }
}

static size_t resident_kb(const struct host *h)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (h->bytes + page - 1) / page, count = 0;
    unsigned char *there = calloc(pages, 1);

    assert_non_null(there);
    assert_int_equal(mincore(h->block, h->bytes, (void *)there), 0);
    for (size_t i = 0; i < pages; i++)
        count += there[i] & 1;
    free(there);
    return count * page / 1024;
}

/* ---- the tests ----------------------------------------------------------------------------------- */

static const struct {
    const char *title;
    struct parley_limits limits;
    bool reconnect;
} rows[] = {
    {"default limits", {0}, false},
    {"default limits, reconnecting", {0}, true},
    {"an hour of sound in each direction", {.input_audio_ms = 3600000, .output_audio_ms = 3600000}, false},
};
enum { ROWS = sizeof rows / sizeof *rows, IDLE_KB = 64 };

static void an_idle_conversation_touches_little_of_its_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct host h = {.options = {.limits = rows[i].limits, .reconnect.on = rows[i].reconnect}};
        size_t after_open, idle, after_close;

        map(&h);
        begin(&h);
        after_open = resident_kb(&h);
        serve(&h, 60 * SECOND_US, false);
        idle = resident_kb(&h);
        parley_close(h.c);
        after_close = resident_kb(&h);
        print_message("# %s: of %zu KB resident %zu after open, %zu after a minute, %zu after close\n",
                      rows[i].title, h.bytes / 1024, after_open, idle, after_close);
        munmap(h.block, h.bytes);
        assert_in_range(after_open, 1, IDLE_KB);
        assert_in_range(idle, after_open, IDLE_KB);
        assert_in_range(after_close, idle, 4 * IDLE_KB); /* what is small is wiped without asking */
    }
}

/* What stood in the block before and what is wiped are all that may be found in it afterwards. */
static void nothing_a_conversation_wrote_stays_behind(void **state)
{
    static const size_t things[] = {0, 3, LINES, 400 * LINES};

    (void)state;
    for (size_t i = 0; i < ROWS - 1; i++)
        for (size_t k = 0; k < sizeof things / sizeof *things; k++) {
            struct host h = {.service.count = things[k],
                             .options = {.limits = rows[i].limits, .reconnect.on = rows[i].reconnect}};
            size_t wiped = 0;

            h.options.limits.input_audio_ms = k == 3 ? 100 : 0; /* once around and more */
            h.options.limits.output_audio_ms = k == 3 ? 100 : 0;
            map(&h);
            memset(h.block, BEFORE, h.bytes);
            begin(&h);
            serve(&h, 2 * SECOND_US, true);
            parley_close(h.c);
            for (size_t at = 0; at < h.bytes; at++) {
                wiped += h.block[at] == 0;
                if (h.block[at] != 0 && h.block[at] != BEFORE)
                    fail_msg("%s: byte %zu of %zu is %02x", rows[i].title, at, h.bytes, h.block[at]);
            }
            assert_true(wiped > 50000);
            munmap(h.block, h.bytes);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_conversation_touches_little_of_its_block),
        cmocka_unit_test(nothing_a_conversation_wrote_stays_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
