/*
 * A thousand random conversations: a peer that says whatever a service might say, in any order, and a host
 * that calls whatever it may call, interleaved by a seed. After every step the invariants of core are
 * checked, and each seed gives the same events at every cut of the input, from one byte to whole messages.
 * Once more with links that break and are followed by others: then nothing may name what an earlier session
 * handed out.
 */
#include "core/parley.h"
#include "platform/fake/fake.h"
#include "transport/loopback/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = 1000, STEPS = 150, ITEMS = 8, QUEUE = 64, MESSAGE = 8192 };

/* ---- a seeded generator, the same everywhere ----------------------------------------------------- */

static uint64_t dice_state;

static unsigned dice(unsigned sides)
{
    dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((dice_state >> 33) % sides);
}

/* ---- the peer, and what it knows to be true ------------------------------------------------------ */

static struct {
    char queue[QUEUE][MESSAGE];
    unsigned read, write;
    int end;

    unsigned responses, items, calls; /* handed out so far */
    unsigned received_ms[1000];       /* of audio, by item */
    bool outstanding;                 /* a response.create came and was not answered */
    bool answered[1000];              /* calls */
    unsigned creates, cuts, outputs, closes;
    unsigned links, old_items, old_calls; /* of sessions that are gone */
    bool updated;                         /* the session was asked for */
} peer_state;

static unsigned number_after(const char *text, const char *label)
{
    const char *at = strstr(text, label);

    return at != NULL ? (unsigned)strtoul(at + strlen(label), NULL, 10) : 0;
}

static void check_truncate(const char *text)
{
    unsigned item = number_after(text, "\"item_id\":\"item_"), ms = number_after(text, "\"audio_end_ms\":");

    peer_state.cuts++;
    assert_true(item > peer_state.old_items);
    assert_true(item > 0 && item <= peer_state.items);
    assert_in_range(ms, 1, peer_state.received_ms[item]);
}

static void check_output(const char *text)
{
    unsigned call = number_after(text, "\"call_id\":\"call_");

    peer_state.outputs++;
    assert_true(call > peer_state.old_calls);
    assert_true(call > 0 && call <= peer_state.calls);
    assert_false(peer_state.answered[call]); /* once */
    peer_state.answered[call] = true;
}

static void on_received(void *state, struct parley_view message, uint64_t now_us)
{
    static char text[65536];

    (void)state;
    (void)now_us;
    assert_true(message.len < sizeof text);
    memcpy(text, message.at, message.len);
    text[message.len] = 0;
    if (strstr(text, "\"session.update\"") != NULL) {
        assert_false(peer_state.updated);
        peer_state.updated = true;
        return;
    }
    assert_true(peer_state.updated); /* before anything else */
    if (strstr(text, "\"response.create\"") != NULL) {
        assert_false(peer_state.outstanding);
        peer_state.outstanding = true;
        peer_state.creates++;
    } else if (strstr(text, "conversation.item.truncate") != NULL) {
        check_truncate(text);
    } else if (strstr(text, "function_call_output") != NULL) {
        check_output(text);
    }
}

static int on_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    const char *text;

    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (peer_state.read == peer_state.write)
        return peer_state.end;
    text = peer_state.queue[peer_state.read++ % QUEUE];
    /* What the engine does on these it does when it reads them, not when they were written. */
    if (strstr(text, "response.created") != NULL || strstr(text, "already_has_active") != NULL ||
        strstr(text, "\"response.done\",\"response\":{}") != NULL)
        peer_state.outstanding = false;
    *message = (struct parley_fragment){.bytes = parley_view(text), .last = true};
    return 1;
}

static void on_opened(void *state, uint64_t now_us)
{
    (void)state;
    (void)now_us;
    peer_state.links++;
    peer_state.end = 0;
    peer_state.read = peer_state.write; /* whatever it had to say */
    peer_state.outstanding = peer_state.updated = false;
    peer_state.old_items = peer_state.items;
    peer_state.old_calls = peer_state.calls;
}

static void on_closed(void *state, uint16_t code, uint64_t now_us)
{
    (void)state;
    (void)code;
    (void)now_us;
    peer_state.closes++;
}

static struct parley_loopback_peer peer = {
    .opened = on_opened, .received = on_received, .say = on_say, .closed = on_closed};

static void say(const char *format, unsigned a, unsigned b)
{
    if (peer_state.write - peer_state.read < QUEUE)
        snprintf(peer_state.queue[peer_state.write++ % QUEUE], MESSAGE, format, a, b, a);
}

static void say_audio(void)
{
    char format[MESSAGE];
    unsigned ms = 1 + dice(100), item, at;

    if (peer_state.items == peer_state.old_items || dice(6) == 0)
        peer_state.items++;
    item = peer_state.items > ITEMS && dice(8) == 0 ? peer_state.items - dice(ITEMS) : peer_state.items;
    if (item <= peer_state.old_items)
        item = peer_state.items;
    at = (unsigned)sprintf(
        format, "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_%%u\",\"response_id\":"
                "\"resp_%%u\",\"delta\":\"");
    memset(format + at, 'A', ms * 64);
    strcpy(format + at + ms * 64, "\"}");
    if (peer_state.write - peer_state.read < QUEUE) {
        peer_state.received_ms[item] += ms;
        say(format, item, peer_state.responses);
    }
}

static void service_step(void)
{
    unsigned last = peer_state.responses;

    switch (dice(16)) {
    case 0:
    case 1:
        say("{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%u\"}}", ++peer_state.responses, 0);
        break;
    case 2:
        say("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%u\",\"status\":\"completed\"}}", last,
            0);
        break;
    case 3:
        say("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%u\",\"status\":\"cancelled\"}}", last,
            0);
        break;
    case 4:
        say("{\"type\":\"response.cancelled\",\"response\":{\"id\":\"resp_%u\"}}", dice(2) ? last : last / 2,
            0);
        break;
    case 5:
        say("{\"type\":\"response.created\",\"response\":{\"id\":\"oob_%u\",\"conversation_id\":null}}", 1,
            0);
        break;
    case 6:
        say("{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"user_%u\"}", dice(100), 0);
        break;
    case 7:
        say("{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"said %u\"}",
            dice(9), 0);
        break;
    case 8:
        say("{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"word %u \"}", dice(9), 0);
        break;
    case 9:
        ++peer_state.calls;
        say("{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"background_"
            "agent\","
            "\"id\":\"fc_%u\",\"arguments\":\"{\\\"prompt\\\":\\\"do %u\\\"}\",\"call_id\":\"call_%u\"}}",
            peer_state.calls, dice(5));
        break;
    case 10:
        ++peer_state.calls;
        say("{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"remain_"
            "silent\","
            "\"id\":\"fc_%u\",\"arguments\":\"{%u}\",\"call_id\":\"call_%u\"}}",
            peer_state.calls, 0);
        break;
    case 11:
        say(dice(2) ? "not json %u" : "{\"type\":\"rate_limits.updated\",\"n\":%u}", dice(9), 0);
        break;
    case 12:
        say("{\"type\":\"error\",\"error\":{\"code\":\"conversation_already_has_active_response\","
            "\"message\":"
            "\"Conversation already has an active response in progress: resp_%u\"}}",
            last, 0);
        break;
    case 13:
        say("{\"type\":\"error\",\"error\":{\"code\":\"odd\",\"message\":\"boom %u\"}}", dice(9), 0);
        break;
    default:
        say_audio();
    }
}

/* ---- the host, and what it is told --------------------------------------------------------------- */

static struct parley_conversation *c;
static uint64_t now_us, trace;
static unsigned events, closed_events;
static int16_t pcm[4800];

static void trace_bytes(const void *from, size_t bytes)
{
    const unsigned char *at = from;

    for (size_t i = 0; i < bytes; i++)
        trace = (trace ^ at[i]) * 1099511628211u;
}

static void trace_event(const struct parley_event *event)
{
    trace_bytes(&event->kind, sizeof event->kind);
    trace_bytes(event->text.at, event->text.len);
    trace_bytes(event->item_id.at, event->item_id.len);
    trace_bytes(event->delegation.at, event->delegation.len);
    trace_bytes(event->pcm, event->samples * 2);
    trace_bytes(&event->heard_ms, sizeof event->heard_ms);
    trace_bytes(&event->late, sizeof event->late);
}

static void check_ledger(void)
{
    struct parley_stats stats;

    parley_stats(c, &stats);
    assert_true(stats.output_received == stats.output_played + stats.output_queued + stats.output_discarded);
}

static void take_events(unsigned most)
{
    struct parley_event event;

    while (most-- > 0 && parley_next_event(c, &event) > 0) {
        assert_int_equal(closed_events, 0); /* nothing after closed */
        trace_event(&event);
        closed_events += event.kind == PARLEY_EVENT_CLOSED;
        events++;
        check_ledger();
    }
}

static void host_step(void)
{
    struct parley_view any = parley_view(NULL);

    switch (dice(12)) {
    case 0:
        parley_send_text(c, parley_view("typed"));
        break;
    case 1:
        parley_request_reply(c);
        break;
    case 2:
        parley_interrupt(c, dice(2) ? PARLEY_REASON_HOST : PARLEY_REASON_TEXT);
        break;
    case 3:
        parley_agent_progress(c, any, parley_view("so far"));
        break;
    case 4:
        if (dice(3) == 0)
            parley_agent_done(c, any);
        break;
    case 5:
        parley_playout_delay(c, dice(200000));
        break;
    case 6:
        parley_send_audio(c, pcm, dice(4800));
        break;
    default:
        parley_read_audio(c, pcm, dice(2400));
    }
    check_ledger();
}

/* ---- one conversation ---------------------------------------------------------------------------- */

static void converse(void *memory, size_t bytes, struct parley_options *options, uint64_t seed, size_t cut)
{
    memset(&peer_state, 0, sizeof peer_state);
    parley_fake_reset(); /* the waits are drawn from it */
    memset(pcm, 0, sizeof pcm);
    peer.fragment_bytes = cut;
    dice_state = seed;
    trace = 14695981039346656037u;
    events = closed_events = 0;
    now_us = 1000000;
    assert_int_equal(parley_open(&c, memory, bytes, options, now_us, NULL), PARLEY_OK);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned what = dice(3);

        if (what == 0)
            service_step();
        else if (what == 1)
            host_step();
        else if (options->reconnect.on && dice(20) == 0)
            peer_state.end = dice(2) ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_LOST;
        now_us += dice(30000);
        assert_int_equal(parley_service(c, now_us), PARLEY_OK);
        take_events(dice(2) ? 100 : 1);
    }
    if (dice(2) && !options->reconnect.on)
        peer_state.end = dice(2) ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_LOST;
    else
        parley_stop(c);
    /* The queue of unheard audio may hold messages back: play on until the end is there. */
    for (unsigned i = 0; i < 1000 && closed_events == 0; i++) {
        now_us += 10000;
        parley_service(c, now_us);
        parley_read_audio(c, pcm, 2400);
        take_events(100);
    }
    assert_int_equal(closed_events, 1);
    parley_close(c);
}

static void the_same_events_at_every_cut(bool reconnect)
{
    static const size_t cuts[] = {0, 1, 2, 3, 7, 64, 1000};
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    unsigned long all_events = 0, all_links = 0, all_cuts = 0, all_outputs = 0, all_creates = 0;
    unsigned seeds = getenv("PARLEY_TEST_SLOWLY") != NULL ? SEEDS / 100 : SEEDS;
    size_t bytes;
    void *memory;

    options.peer = &peer;
    options.reconnect.on = reconnect;
    options.prompt = parley_view("p");
    options.limits.inbox_bytes = 8192;
    options.limits.output_audio_ms = 700;
    options.limits.reply_items = 4;
    options.limits.transcript_bytes = 600;
    bytes = parley_memory_needed(&options);
    memory = malloc(bytes);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        uint64_t first = 0;

        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            if (i > 1 && seed % 10 != 0)
                continue; /* all the cuts for every tenth seed, whole messages and one byte for each */
            converse(memory, bytes, &options, seed, cuts[i]);
            if (i == 0)
                first = trace;
            if (trace != first)
                fail_msg("seed %lu: other events when cut to %zu bytes", (unsigned long)seed, cuts[i]);
        }
        all_events += events;
        all_links += peer_state.links;
        all_cuts += peer_state.cuts;
        all_outputs += peer_state.outputs;
        all_creates += peer_state.creates;
    }
    free(memory);
    /* The dice did reach what is to be tested. */
    assert_true(all_events > seeds * 30 && all_cuts > seeds / 4 && all_outputs > seeds &&
                all_creates > seeds);
    assert_true(reconnect ? all_links > seeds * 2 : all_links == seeds);
}

static void one_link(void **state)
{
    (void)state;
    the_same_events_at_every_cut(false);
}

static void links_that_break(void **state)
{
    (void)state;
    the_same_events_at_every_cut(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_link), cmocka_unit_test(links_that_break)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
