/*
 * A day of conversation in a few seconds: a service that hears speech in the samples, answers, forgets
 * everything with its session, ends each after an hour, and whose connections break every few minutes or do
 * not come up; and a user who says, types and has done this and that all day. Nothing said may be lost or
 * said twice, each turn is answered once, and every session knows what went before it, in the order it
 * happened.
 */
#include "core/parley.h"
#include "parser/base64.h"
#include "platform/fake/fake.h"
#include "transport/loopback/loopback.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    DAYS = 3,
    STEP_MS = 100,
    STEP_SAMPLES = STEP_MS * 24,
    SESSION_MS = 3600 * 1000,
    PLANS = 64,
    TEXT = 200,
    LOG = 8192,
    TURNS = 4096,
};

static uint64_t dice_state;

static unsigned dice(unsigned sides)
{
    dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((dice_state >> 33) % sides);
}

static uint64_t now_ms; /* since the beginning of the day */

/* ---- what happened, in its order: the measure for what sessions are told ------------------------- */

static char told[LOG][TEXT];
static size_t told_count;
static size_t reply_at = LOG; /* the one that is a reply whose end has not come */

static void note(const char *who, struct parley_view text)
{
    assert_true(told_count < LOG);
    snprintf(told[told_count++], TEXT, "%s %.*s", who, (int)text.len, text.at);
}

/* All of it has come, and takes the place of its beginning behind what was said meanwhile. */
static void note_whole(const char *who, struct parley_view text)
{
    memmove(told[reply_at], told[reply_at + 1], (--told_count - reply_at) * TEXT);
    reply_at = LOG;
    note(who, text);
}

/* ---- the service --------------------------------------------------------------------------------- */

/* Something to be said later. */
struct plan {
    uint64_t at_ms;
    unsigned order;
    char text[TEXT * 2];
};

static struct {
    struct plan plans[PLANS];
    unsigned count, order;
    char saying[TEXT * 2];
    uint64_t born_ms, break_ms;
    bool tells_end, updated, expired;

    char items[LOG][TEXT]; /* that this session was given */
    size_t item_count;
    char last[TEXT];  /* what is to be answered */
    unsigned running; /* responses, to come and under way */

    unsigned voice;   /* the number that is spoken, 0 while nobody speaks */
    unsigned samples; /* of the present millisecond */
    unsigned voice_ms, silence_ms;

    unsigned responses, sessions, breaks, renewals, expiries, refusals;
} service;

static unsigned voice_length[TURNS]; /* of the n-th thing the user says, in ms */

static void plan(unsigned in_ms, const char *format, ...)
{
    struct plan *p = &service.plans[service.count++];
    va_list arguments;

    assert_true(service.count < PLANS);
    p->at_ms = now_ms + in_ms;
    p->order = service.order++;
    va_start(arguments, format);
    vsnprintf(p->text, sizeof p->text, format, arguments);
    va_end(arguments);
}

/* Each tenth thing that is spoken goes to the agent as well. */
static void respond(unsigned in_ms, const char *said)
{
    const char *format = "{\"type\":\"response.output_audio_transcript.%s\",\"item_id\":\"item_%u_%u\","
                         "\"%s\":\"%s%s\"}";
    unsigned id = ++service.responses, number = 0, s = service.sessions;

    if (service.running++ > 0)
        in_ms += 3000; /* behind the other */
    plan(in_ms, "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%u_%u\"}}", s, id);
    if (sscanf(said, "u%u", &number) == 1 && number % 10 == 0)
        plan(in_ms + 400,
             "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":"
             "\"background_agent\",\"id\":\"fc_%u\",\"call_id\":\"call_%u\",\"arguments\":"
             "\"{\\\"prompt\\\":\\\"do %s\\\"}\"}}",
             number, number, said);
    plan(in_ms + 500, format, "delta", s, id, "delta", said, " is");
    plan(in_ms + 1500, format, "done", s, id, "transcript", said, " is answered");
    plan(in_ms + 1600,
         "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%u_%u\",\"status\":\"completed\"}}", s, id);
}

static void voice_ends(void)
{
    unsigned n = service.voice;
    char text[TEXT];

    /* More than was spoken is heard only if something is heard twice. */
    if (service.voice_ms == voice_length[n])
        snprintf(text, sizeof text, "u%u", n);
    else
        snprintf(text, sizeof text, "u%u, %u of %u ms", n, service.voice_ms, voice_length[n]);
    plan(0, "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"user_%u\"}", n);
    plan(100 + dice(200),
         "{\"type\":\"conversation.item.input_audio_transcription.delta\",\"item_id\":\"user_%u\","
         "\"delta\":\"u\"}",
         n);
    plan(300,
         "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":\"user_%u\","
         "\"transcript\":\"%s\"}",
         n, text);
    snprintf(service.last, TEXT, "%s", text);
    respond(50 + dice(200), text);
    service.voice = 0;
}

static void hear_sample(int16_t sample)
{
    service.samples = (service.samples + 1) % 24;
    if (service.samples != 0)
        return;
    if (sample != 0) {
        if (service.voice == 0)
            plan(0, "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"user_%d\"}", sample);
        if (service.voice != (unsigned)sample)
            service.voice_ms = 0;
        service.voice = (unsigned)sample;
        service.voice_ms++;
        service.silence_ms = 0;
    } else if (service.voice != 0 && ++service.silence_ms == 500) {
        voice_ends();
    }
}

static void hear_audio(const char *text)
{
    static union {
        char text[8192];
        int16_t samples[4096];
    } audio;
    const char *base64 = strstr(text, "\"audio\":\"") + 9;
    long bytes = parley_base64_decode(audio.text, parley_view_of(base64, strcspn(base64, "\"")), NULL);

    assert_true(bytes >= 0);
    for (long i = 0; i < bytes / 2; i++)
        hear_sample(audio.samples[i]);
}

static void take_item(json_t *item)
{
    const char *who = json_string_value(json_object_get(item, "role"));
    const char *text =
        json_string_value(json_object_get(json_array_get(json_object_get(item, "content"), 0), "text"));

    if (text == NULL)
        return; /* the output of a call */
    assert_true(service.item_count < LOG);
    if (strncmp(text, "[USER] ", 7) == 0)
        who = "user", text += 7;
    else if (strncmp(text, "[BACKEND] ", 10) == 0)
        who = "agent";
    snprintf(service.items[service.item_count++], TEXT, "%s %.150s", who, text);
    if (strcmp(who, "assistant") != 0)
        snprintf(service.last, TEXT, "%s", strcmp(who, "user") == 0 ? text : "the result");
}

static void on_received(void *state, struct parley_view message, uint64_t at_us)
{
    static char text[16384];
    const char *type;
    json_t *json;

    (void)state;
    (void)at_us;
    assert_true(message.len < sizeof text);
    memcpy(text, message.at, message.len);
    text[message.len] = 0;
    if (strstr(text, "input_audio_buffer.append") != NULL) {
        assert_true(service.updated);
        hear_audio(text);
        return;
    }
    json = json_loads(text, 0, NULL);
    type = json_string_value(json_object_get(json, "type"));
    if (strcmp(type, "session.update") == 0) {
        assert_false(service.updated);
        service.updated = true;
        if (service.tells_end)
            plan(20, "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_%u\",\"expires_at\":%lld}}",
                 service.sessions,
                 (long long)(parley_clock_unix_s() + SESSION_MS / 1000 -
                             (int64_t)(now_ms - service.born_ms) / 1000));
    } else if (strcmp(type, "conversation.item.create") == 0) {
        take_item(json_object_get(json, "item"));
    } else {
        assert_string_equal(type, "response.create");
        if (service.running > 0)
            plan(0, "{\"type\":\"error\",\"error\":{\"code\":\"conversation_already_has_active_response\","
                    "\"message\":\"Conversation already has an active response in progress\"}}");
        else
            respond(100, service.last);
    }
    json_decref(json);
}

/* An hour in four nothing breaks, so that sessions come to their end. */
static uint64_t next_break_ms(void)
{
    uint64_t at_ms = now_ms + 1000 + dice(400 * 1000);

    return at_ms / SESSION_MS % 6 >= 4 ? UINT64_MAX : at_ms;
}

static void on_opened(void *state, uint64_t at_us)
{
    (void)state;
    (void)at_us;
    service.count = 0;
    service.item_count = 0;
    snprintf(service.last, TEXT, "greeting");
    service.running = service.voice = service.voice_ms = service.silence_ms = service.samples = 0;
    service.updated = service.expired = false;
    service.tells_end = dice(3) > 0;
    service.born_ms = now_ms;
    service.break_ms = dice(5) == 0 && now_ms / SESSION_MS % 6 < 4 ? now_ms : next_break_ms();
    service.sessions++;
}

static void on_closed(void *state, uint16_t code, uint64_t at_us)
{
    (void)state;
    (void)at_us;
    if (code == 1000 && !service.expired)
        service.renewals++;
}

static struct parley_loopback_peer peer;

static int break_off(void)
{
    static const uint16_t codes[] = {0, 1001, 1011, 1012, 1013};

    service.breaks++;
    service.refusals += now_ms == service.born_ms;
    service.break_ms = UINT64_MAX;
    peer.close_code = codes[dice(5)];
    return dice(2) ? PARLEY_ERR_LOST : PARLEY_ERR_PEER_CLOSED;
}

static int on_say(void *state, uint64_t at_us, struct parley_fragment *message, uint64_t *due_us)
{
    struct plan *first = NULL;

    (void)state;
    *due_us = at_us + STEP_MS * 1000;
    if (now_ms >= service.break_ms)
        return break_off();
    if (now_ms - service.born_ms >= SESSION_MS && !service.expired) {
        service.expired = true;
        service.expiries++;
        plan(0,
             "{\"type\":\"error\",\"error\":{\"code\":\"session_expired\",\"message\":\"an hour is over\"}}");
    }
    for (unsigned i = 0; i < service.count; i++) {
        struct plan *p = &service.plans[i];
        if (p->at_ms <= now_ms && (first == NULL || p->at_ms < first->at_ms ||
                                   (p->at_ms == first->at_ms && p->order < first->order)))
            first = p;
    }
    if (first == NULL)
        return 0;
    memcpy(service.saying, first->text, sizeof service.saying);
    *first = service.plans[--service.count];
    if (strstr(service.saying, "\"response.done\"") != NULL)
        service.running--;
    *message = (struct parley_fragment){.bytes = parley_view(service.saying), .last = true};
    return 1;
}

/* ---- the user's side ----------------------------------------------------------------------------- */

static struct parley_conversation *c;

static struct {
    unsigned spoken, heard;      /* the number of what is said, and of the last that came back as text */
    uint64_t speak_ms, spoke_ms; /* when the next begins, and the last ended */
    unsigned typed;
    uint64_t type_ms;
    bool ask; /* for a reply to what was typed */
    unsigned begun[TURNS], greetings;
    char handoff[TEXT];
    uint64_t done_ms;
    unsigned handoffs;

    unsigned breaks, restored, whole;
    uint64_t gap_ms, longest_gap_ms;
    bool away;
} user;

/* The microphone is on from a second before to two after what is said. */
static void speak(void)
{
    static int16_t pcm[STEP_SAMPLES];
    unsigned n = user.spoken;
    int64_t at = (int64_t)now_ms - (int64_t)user.speak_ms;

    if (at < -1000)
        return;
    for (int i = 0; i < STEP_SAMPLES; i++) {
        int64_t ms = at + i / 24;
        pcm[i] = ms >= 0 && ms < voice_length[n] ? (int16_t)n : 0;
    }
    parley_send_audio(c, pcm, STEP_SAMPLES);
    if (at < voice_length[n] + 2000)
        return;
    user.spoken++;
    user.spoke_ms = now_ms;
    voice_length[user.spoken] = 300 + dice(3000);
    user.speak_ms = now_ms + 15000 + STEP_MS * dice(600);
}

/* Nobody has spoken for a while or is about to: what is answered now is what is said now. */
static bool is_quiet(void)
{
    return now_ms + 8000 < user.speak_ms && now_ms > user.spoke_ms + 8000;
}

static void type(void)
{
    char text[TEXT];

    if (now_ms >= user.type_ms && is_quiet() && user.handoff[0] == 0) {
        snprintf(text, sizeof text, "t%u", ++user.typed);
        assert_int_equal(parley_send_text(c, parley_view(text)), PARLEY_OK);
        note("user", parley_view(text));
        user.type_ms = now_ms + 60000 + STEP_MS * dice(6000);
        user.ask = true;
    }
    if (user.ask && parley_request_reply(c) == PARLEY_OK)
        user.ask = false;
}

static void work_as_agent(void)
{
    char text[TEXT];

    if (user.handoff[0] == 0 || now_ms < user.done_ms || !is_quiet())
        return;
    snprintf(text, sizeof text, "[BACKEND] result of %.100s", user.handoff);
    assert_int_equal(parley_agent_progress(c, parley_view(user.handoff), parley_view(text)), PARLEY_OK);
    note("agent", parley_view(text));
    assert_int_equal(parley_agent_done(c, parley_view(user.handoff)), PARLEY_OK);
    note("agent",
         parley_view("[BACKEND] Background agent finished. Use the preceding [BACKEND] messages as the "
                     "result."));
    user.handoff[0] = 0;
}

/* A turn has been answered if anything of its reply was heard; and only once. */
static void on_reply(const struct parley_event *event)
{
    unsigned number;

    if (event->kind == PARLEY_EVENT_REPLY_DONE) {
        note_whole("assistant", event->text);
        return;
    }
    reply_at = told_count;
    note("assistant", event->text);
    if (event->text.at[0] == 'g')
        user.greetings++;
    if (sscanf(event->text.at, "u%u is", &number) == 1)
        user.begun[number]++;
}

static void on_event(const struct parley_event *event)
{
    char expected[TEXT];

    switch (event->kind) {
    case PARLEY_EVENT_STARTED:
        user.ask = true; /* for a greeting */
        break;
    case PARLEY_EVENT_USER_DONE:
        snprintf(expected, sizeof expected, "u%u", ++user.heard);
        if (!parley_view_is(event->text, expected))
            fail_msg("%.*s, %s expected", (int)event->text.len, event->text.at, expected);
        note("user", event->text);
        break;
    case PARLEY_EVENT_REPLY_DELTA:
    case PARLEY_EVENT_REPLY_DONE:
        on_reply(event);
        break;
    case PARLEY_EVENT_HANDOFF:
        snprintf(user.handoff, sizeof user.handoff, "%.*s", (int)event->handoff_id.len, event->handoff_id.at);
        user.done_ms = now_ms + 3000 + dice(20000);
        user.handoffs++;
        break;
    case PARLEY_EVENT_RECONNECTING:
        user.breaks += !user.away;
        user.away = true;
        reply_at = LOG;
        break;
    case PARLEY_EVENT_RECONNECTED:
        user.away = false;
        user.restored++;
        user.whole += event->state_restored;
        user.gap_ms += event->gap_ms;
        if (event->gap_ms > user.longest_gap_ms)
            user.longest_gap_ms = event->gap_ms;
        if (!event->state_restored)
            assert_true(parley_view_starts(event->text, parley_view("the beginning of the conversation")));
        break;
    case PARLEY_EVENT_SHED:
    case PARLEY_EVENT_SKIPPED:
    case PARLEY_EVENT_CLOSED:
        fail_msg("%s", parley_event_name(event->kind));
        break;
    case PARLEY_EVENT_ERROR:
        assert_false(event->fatal);
        assert_true(parley_view_is(event->code, "session_expired") ||
                    parley_view_is(event->code, "conversation_already_has_active_response"));
        break;
    default:
        break;
    }
}

/* What the new session has been told is the end of what happened, in its order. */
static void check_restored(size_t happened)
{
    size_t given = service.item_count, skip;

    assert_true(given <= happened);
    skip = happened - given;
    assert_true(skip == 0 || given > 50); /* as much as the bound allows */
    for (size_t i = 0; i < given; i++)
        if (strcmp(service.items[i], told[skip + i]) != 0)
            fail_msg("a session was told \"%s\" for \"%s\"", service.items[i], told[skip + i]);
}

static void take_events(void)
{
    struct parley_event event;

    while (parley_next_event(c, &event) > 0) {
        on_event(&event);
        if (event.kind == PARLEY_EVENT_RECONNECTED && service.updated)
            check_restored(told_count);
    }
}

static void start_of_day(uint64_t seed)
{
    parley_fake_reset();
    dice_state = seed;
    memset(&service, 0, sizeof service);
    memset(&user, 0, sizeof user);
    told_count = 0;
    reply_at = LOG;
    user.spoken = 1;
    voice_length[1] = 1000;
    user.speak_ms = 20000;
    user.type_ms = 90000;
    peer = (struct parley_loopback_peer){
        .opened = on_opened, .received = on_received, .say = on_say, .closed = on_closed};
}

static void live_through(uint64_t day_ms)
{
    for (now_ms = 0; now_ms < day_ms || user.heard + 1 < user.spoken || user.away; now_ms += STEP_MS) {
        assert_true(now_ms < day_ms + 120000);
        if (now_ms < day_ms) {
            speak();
            type();
        }
        work_as_agent();
        assert_int_equal(parley_service(c, 1000000 + now_ms * 1000), PARLEY_OK);
        take_events();
        parley_fake_clock_advance_us(STEP_MS * 1000);
    }
}

static void check_day(void)
{
    assert_int_equal(user.greetings, 1);
    for (unsigned n = 1; n + 1 < user.spoken; n++)
        if (user.begun[n] != 1 && !(n % 10 == 0 && user.begun[n] == 0)) /* the agent has had it */
            fail_msg("u%u was answered %u times", n, user.begun[n]);
    /* It did hold what is to be tested. */
    assert_true(service.breaks > 200 && service.refusals > 20);
    assert_true(service.renewals > 0 && service.expiries > 0);
    assert_true(user.heard > 1000 && user.typed > 50 && user.handoffs > 50);
}

static void days_of_breaks(void **state)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    size_t bytes;
    uint64_t days = getenv("PARLEY_TEST_SLOWLY") != NULL ? 1 : DAYS; /* under an emulator */
    void *memory;

    (void)state;
    options.peer = &peer;
    options.prompt = parley_view("p");
    options.reconnect.on = true;
    options.limits.transcript_bytes = 4096;
    bytes = parley_memory_needed(&options);
    memory = malloc(bytes);
    for (uint64_t day = 1; day <= days; day++) {
        start_of_day(day);
        assert_int_equal(parley_open(&c, memory, bytes, &options, 1000000, NULL), PARLEY_OK);
        live_through(UINT64_C(24) * 3600 * 1000);
        parley_close(c);
        print_message("# day %u: %u said, %u typed, %u handed off; %u sessions: %u breaks (%u at once), "
                      "%u replaced, %u expired; %u gaps of %u ms on average, the longest %u ms\n",
                      (unsigned)day, user.heard, user.typed, user.handoffs, service.sessions, service.breaks,
                      service.refusals, service.renewals, service.expiries, user.restored,
                      (unsigned)(user.gap_ms / user.restored), (unsigned)user.longest_gap_ms);
        check_day();
    }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days_of_breaks)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
