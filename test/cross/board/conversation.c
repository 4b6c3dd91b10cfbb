/*
 * A whole spoken conversation in one static block, on a board without an operating system: a recording speaks
 * to the service that is built into the loopback, asks for work, an agent does it, the result is interrupted.
 * On a made-up clock, so that it comes to the same on every machine: the last line but one is a digest of all
 * events and all sound. What it took is counted, without the service. Then a short one on the
 * board's own clock.
 */
#include "core/parley.h"
#include "test/cross/board/board.h"
#include "transport/loopback/service.h"

#include <stdarg.h>
#include <stdio.h>

static const char heard[] = "use service\n"
                            "heard \"Hello there, how are you today?\"\n"
                            "heard \"Please count the files in this folder.\"\n"
                            "heard \"Thank you, stop now.\"\n";

enum {
    STEP_US = 20000, /* of microphone and loudspeaker */
    STEP_SAMPLES = PARLEY_SAMPLE_RATE / 50,
    AGENT_US = 1000000,     /* what the agent takes for each of its two messages */
    GIVE_UP_US = 120000000, /* no conversation here is as long */
    BLOCK_BYTES = 640 * 1024,
    SERVICE_BYTES = 1024 * 1024,
};

static unsigned char block[BLOCK_BYTES], service_block[SERVICE_BYTES];
static const struct parley_limits limits = {
    .inbox_bytes = 32768,
    .outbox_bytes = 8192,
    .input_audio_ms = 500,
    .output_audio_ms = 8000, /* the service speaks ahead; see parley.h */
    .transcript_bytes = 4096,
    .reply_items = 4,
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    board_print(line);
}

/* ---- what is not counted as parley's: the service, and the digest --------------------------------- */

static struct parley_loopback_peer *service;
static uint64_t instructions_apart;

static void opened(void *state, uint64_t now_us)
{
    uint64_t before = board_instructions();

    service->opened(state, now_us);
    instructions_apart += board_instructions() - before;
}

static void received(void *state, struct parley_view message, uint64_t now_us)
{
    uint64_t before = board_instructions();

    service->received(state, message, now_us);
    instructions_apart += board_instructions() - before;
}

static int speak(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    uint64_t before = board_instructions();
    int said = service->say(state, now_us, message, due_us);

    instructions_apart += board_instructions() - before;
    return said;
}

static uint64_t own_instructions(void)
{
    return board_instructions() - instructions_apart;
}

/* A new service that stands in `peer`. Returns false when its block is too small. */
static bool open_service(struct parley_loopback_peer *peer)
{
    struct parley_talk talk = {.text = parley_view(heard), .name = parley_view("board")};
    struct parley_arena arena = parley_arena(service_block, sizeof service_block);
    struct parley_talk_settings settings = {0};
    char why[PARLEY_TALK_WHY];

    if (parley_talk_check(&talk, &settings, why) != PARLEY_OK)
        return false;
    service = parley_loopback_service_open(&arena, &talk, &settings, NULL);
    if (service == NULL)
        return false;
    *peer = *service;
    peer->opened = opened;
    peer->received = received;
    peer->say = speak;
    return true;
}

/* ---- the host ------------------------------------------------------------------------------------ */

struct host {
    struct parley_conversation *c;
    uint64_t now_us, digest, agent_us;
    unsigned events, handoffs, interruptions, replies, messages_of_agent;
    bool closed;
};

static void digest(struct host *h, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint64_t before = board_instructions();

    for (size_t i = 0; i < count; i++) /* FNV-1a */
        h->digest = (h->digest ^ at[i]) * 0x100000001B3;
    instructions_apart += board_instructions() - before;
}

static void take_event(struct host *h, const struct parley_event *event)
{
    const char *name = parley_event_name(event->kind);

    h->events++;
    digest(h, name, strlen(name));
    digest(h, event->text.at, event->text.len);
    digest(h, event->item_id.at, event->item_id.len);
    digest(h, event->pcm, event->samples * sizeof *event->pcm);
    digest(h, &event->heard_ms, sizeof event->heard_ms);
    if (event->kind == PARLEY_EVENT_HANDOFF) {
        h->handoffs++;
        h->messages_of_agent = 0;
        h->agent_us = h->now_us + AGENT_US;
    }
    h->interruptions += event->kind == PARLEY_EVENT_INTERRUPTED;
    h->replies += event->kind == PARLEY_EVENT_REPLY_DONE;
    h->closed |= event->kind == PARLEY_EVENT_CLOSED;
    if (event->kind == PARLEY_EVENT_USER_DONE || event->kind == PARLEY_EVENT_REPLY_DONE)
        say("  %s: %.*s\n", event->kind == PARLEY_EVENT_USER_DONE ? "user" : "parley",
            (int)(event->text.len < 150 ? event->text.len : 150), event->text.at);
    if (event->kind == PARLEY_EVENT_ERROR)
        say("  error: %.*s\n", (int)(event->text.len < 150 ? event->text.len : 150), event->text.at);
}

static void take_events(struct host *h)
{
    struct parley_event event;

    while (!h->closed && parley_next_event(h->c, &event) > 0)
        take_event(h, &event);
}

/* The agent says something a second after it was asked, and its result a second after that. */
static void agent(struct host *h)
{
    static const char *const words[] = {"I am counting.", "There are twelve files in this folder, and the "
                                                          "largest of them is a recording."};

    if (h->agent_us == 0 || h->now_us < h->agent_us)
        return;
    parley_agent_progress(h->c, parley_view(NULL), parley_view(words[h->messages_of_agent]));
    h->agent_us = h->now_us + AGENT_US;
    if (++h->messages_of_agent == 2) {
        parley_agent_done(h->c, parley_view(NULL));
        h->agent_us = 0;
    }
}

/* 20 ms of microphone and loudspeaker. */
static void sound(struct host *h, const int16_t *microphone, size_t samples)
{
    int16_t loudspeaker[STEP_SAMPLES];

    if (samples > 0)
        parley_send_audio(h->c, microphone, samples);
    digest(h, loudspeaker, parley_read_audio(h->c, loudspeaker, STEP_SAMPLES) * sizeof *loudspeaker);
}

static bool begin(struct host *h, struct parley_loopback_peer *peer)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_error error;
    size_t needed;

    options.limits = limits;
    options.peer = peer;
    if (!open_service(peer)) {
        say("the service does not open\n");
        return false;
    }
    needed = parley_memory_needed(&options);
    if (parley_open(&h->c, block, sizeof block, &options, h->now_us, &error) != PARLEY_OK) {
        say("it does not open: a block of %lu bytes is wanted\n", (unsigned long)needed);
        return false;
    }
    say("block: %lu bytes\n", (unsigned long)needed);
    return true;
}

/* ---- the two conversations ----------------------------------------------------------------------- */

/* All of the recording, on a made-up clock. */
static bool spoken(struct host *h, struct parley_loopback_peer *peer)
{
    const int16_t *at = board_speech;
    uint64_t longest = 0, start, all;

    if (!begin(h, peer))
        return false;
    start = own_instructions();
    while (!h->closed && h->now_us < GIVE_UP_US) {
        size_t left = (size_t)(board_speech_end - at);
        size_t samples = left < STEP_SAMPLES ? left : STEP_SAMPLES;
        uint64_t before = own_instructions();

        sound(h, at, samples);
        at += samples;
        agent(h);
        if (samples == 0)
            parley_stop(h->c);
        parley_service(h->c, h->now_us);
        take_events(h);
        before = own_instructions() - before;
        longest = before > longest ? before : longest;
        h->now_us += STEP_US;
    }
    all = own_instructions() - start;
    parley_close(h->c);
    say("events %u, replies %u, handoffs %u, interruptions %u; %lu ms of conversation\n", h->events,
        h->replies, h->handoffs, h->interruptions, (unsigned long)(h->now_us / 1000));
    if (all > 0)
        say("instructions: %lu for a second of conversation, at most %lu in 20 ms of it\n",
            (unsigned long)(all * 1000000 / h->now_us), (unsigned long)longest);
    return h->closed && h->handoffs == 1 && h->interruptions >= 1 && h->replies >= 3;
}

/* Typed words and a spoken answer, by parley_run_once. */
static bool by_the_clock(struct host *h, struct parley_loopback_peer *peer)
{
    uint64_t until_us = parley_clock_us() + 20000000;

    h->now_us = parley_clock_us();
    if (!begin(h, peer))
        return false;
    parley_send_text(h->c, parley_view("Hello!"));
    parley_request_reply(h->c);
    while (!h->closed && parley_clock_us() < until_us) {
        parley_run_once(h->c, STEP_US);
        take_events(h);
        if (h->replies > 0)
            parley_stop(h->c);
        else
            sound(h, NULL, 0);
    }
    parley_close(h->c);
    return h->closed && h->replies == 1;
}

int main(void)
{
    struct host first = {.now_us = STEP_US}, second = {0};
    struct parley_loopback_peer peer;
    bool fine = spoken(&first, &peer);

    fine = by_the_clock(&second, &peer) && fine;
    if (board_stack_peak() > 0)
        say("stack: %lu bytes at most\n", (unsigned long)board_stack_peak());
    say("digest: %08lx%08lx\n", (unsigned long)(first.digest >> 32),
        (unsigned long)(first.digest & UINT32_MAX));
    say(fine ? "all went well\n" : "it went wrong\n");
    return fine ? 0 : 1;
}
