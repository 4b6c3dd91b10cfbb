/*
 * How much stack parley's functions take, measured: below each call the stack is painted, and afterwards
 * looked at. The service's lines are canned, so no stack but parley's, C's and a few bytes of the peer's is
 * in it. Prints "bytes name" for test/stack.sh, which compares with what the call graph says.
 */
#include "core/parley.h"
#include "test/loopback_peer.h"

#ifdef PARLEY_BOARD /* test/cross/board/mps2.c, which has no stdio */
#include "test/cross/board/board.h"
#endif
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH = 28 * 1024, ROUNDS = 200, BLOCK_BYTES = 3 * 1024 * 1024 };

/* ---- painting ------------------------------------------------------------------------------------ */

enum { PAINT = 0xA5 };

/* The bytes below the frame that calls are nobody's, as the stack grows down: a frame of this function's own
   lies there, is painted, given back, and found again at the same place after the call. */
static __attribute__((noinline)) void paint(void)
{
    volatile unsigned char below[DEPTH];

    for (size_t i = 0; i < sizeof below; i++)
        below[i] = PAINT;
}

static __attribute__((noinline)) size_t used(void)
{
    unsigned char below[DEPTH];
    size_t untouched = 0;

    __asm__ volatile("" : "=m"(below)); /* it holds what the call left there */
    while (untouched < sizeof below && below[untouched] == PAINT)
        untouched++;
    return sizeof below - untouched;
}

enum function {
    NEEDED,
    OPEN,
    SERVICE,
    NEXT_EVENT,
    SEND_AUDIO,
    READ_AUDIO,
    SEND_TEXT,
    MIRROR_TEXT,
    REQUEST_REPLY,
    INTERRUPT,
    PROGRESS,
    DONE,
    INTEREST,
    STOP,
    CLOSE,
    FUNCTIONS
};
static const char *const names[FUNCTIONS] = {
    "parley_memory_needed", "parley_open",       "parley_service",        "parley_next_event",
    "parley_send_audio",    "parley_read_audio", "parley_send_text",      "parley_mirror_text",
    "parley_request_reply", "parley_interrupt",  "parley_agent_progress", "parley_agent_done",
    "parley_interest",      "parley_stop",       "parley_close"};
static size_t most[FUNCTIONS];

/* Calls and measures. */
#define MEASURE(function, call)                                                                              \
    do {                                                                                                     \
        size_t took;                                                                                         \
        paint();                                                                                             \
        call;                                                                                                \
        took = used();                                                                                       \
        most[function] = took > most[function] ? took : most[function];                                      \
    } while (0)

/* ---- a peer that says the same over and over ----------------------------------------------------- */

static unsigned said, received;
static size_t line;
static bool ends;

static int on_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    static const char *const lines[] = {
        "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\",\"instructions\":\"be kind\"}}",
        "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}",
        "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"a word \",\"item_id\":\"item_1\"}",
        "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_1\",\"response_id\":\"resp_1\","
        "\"delta\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"background_"
        "agent\",\"id\":\"fc\",\"call_id\":\"call_1\",\"arguments\":\"{\\\"prompt\\\":\\\"count\\\"}\"}}",
        "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_2\"}",
        "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"well then\"}",
        "{\"type\":\"error\",\"error\":{\"message\":\"odd\"}}",
        "not json",
        "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_1\",\"delta\":\"A*A\"}",
        "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\"}}",
    };

    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (said == ROUNDS)
        return ends ? PARLEY_ERR_LOST : 0;
    *message = (struct parley_fragment){.bytes = parley_view(lines[line++]), .last = true};
    if (line == sizeof lines / sizeof *lines) {
        line = 0;
        said++;
    }
    return 1;
}

static void on_received(void *state, struct parley_view message, uint64_t now_us)
{
    (void)state;
    (void)message;
    (void)now_us;
    received++;
}

/* ---- the host ------------------------------------------------------------------------------------ */

static unsigned char block[BLOCK_BYTES];

static void take_events(struct parley_conversation *c, bool *closed)
{
    struct parley_event event;
    int got = 1;

    for (int i = 0; i < 20 && got > 0 && !*closed; i++) {
        MEASURE(NEXT_EVENT, got = parley_next_event(c, &event));
        if (got <= 0)
            return;
        *closed = event.kind == PARLEY_EVENT_CLOSED;
        if (event.kind == PARLEY_EVENT_HANDOFF) {
            MEASURE(PROGRESS, parley_agent_progress(c, event.handoff_id, parley_view("I am counting.")));
            MEASURE(DONE, parley_agent_done(c, parley_view(NULL)));
        }
    }
}

/* One conversation from beginning to end, broken off by the service or ended by the host. */
static bool converse(bool broken, bool reconnects)
{
    static const int16_t microphone[480];
    static struct parley_loopback_peer peer = {
        .opened = ignore_opened, .received = on_received, .say = on_say};
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_interest want[PARLEY_INTERESTS];
    struct parley_conversation *c = NULL;
    struct parley_error error;
    int16_t loudspeaker[480];
    uint64_t now_us = 1000000;
    bool closed = false;
    int status = 0;
    size_t bytes = 0;

    said = 0;
    line = 0;
    ends = broken;
    options.peer = &peer;
    options.reconnect.on = reconnects;
    options.reconnect.attempts = 2;
    options.limits.output_audio_ms = 4000;
    MEASURE(NEEDED, bytes = parley_memory_needed(&options));
    if (bytes == 0 || bytes > sizeof block)
        return false;
    MEASURE(OPEN, status = parley_open(&c, block, bytes, &options, now_us, &error));
    if (status != PARLEY_OK)
        return false;
    for (unsigned i = 0; !closed && i < 100000; i++) {
        MEASURE(SERVICE, parley_service(c, now_us));
        take_events(c, &closed);
        MEASURE(SEND_AUDIO, parley_send_audio(c, microphone, 480));
        MEASURE(READ_AUDIO, parley_read_audio(c, loudspeaker, 480));
        MEASURE(INTEREST, parley_interest(c, want));
        MEASURE(SEND_TEXT, parley_send_text(c, parley_view("And now?")));
        MEASURE(MIRROR_TEXT, parley_mirror_text(c, parley_view("What the agent was told.")));
        MEASURE(REQUEST_REPLY, parley_request_reply(c));
        if (i % 50 == 49)
            MEASURE(INTERRUPT, parley_interrupt(c, PARLEY_REASON_HOST));
        if (said == ROUNDS)
            MEASURE(STOP, parley_stop(c));
        now_us += 20000;
    }
    MEASURE(CLOSE, parley_close(c));
    return closed;
}

int main(void)
{
    bool fine = converse(false, false);

    fine = converse(true, true) && converse(false, true) && fine;
    for (size_t i = 0; i < FUNCTIONS; i++) {
        char text[64];

        snprintf(text, sizeof text, "%lu %s\n", (unsigned long)most[i], names[i]);
#ifdef PARLEY_BOARD
        board_print(text);
#else
        fputs(text, stdout);
#endif
    }
    return fine && received > ROUNDS ? 0 : 1;
}
