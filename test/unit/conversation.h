#ifndef PARLEY_TEST_CONVERSATION_H
#define PARLEY_TEST_CONVERSATION_H

/*
 * A host and the service's side of one conversation over the loopback, for the tests of core: the peer says
 * what it is told to and remembers what it got. One conversation at a time, opened by begin or open_with.
 */
#include "core/parley.h"
#include "transport/loopback/loopback.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the peer: says what it is told to, remembers what it got ------------------------------------ */

enum { LINES = 400 };

static struct {
    const char *says[LINES];
    size_t say_read, say_write;
    bool binary_next;
    int end; /* a status, once everything has been said */
    char *got[LINES];
    size_t got_read, got_write;
    uint16_t close_code;
} peer_state;

static inline void peer_received(void *state, struct parley_view message, uint64_t now_us)
{
    char *copy = malloc(message.len + 1);

    (void)state;
    (void)now_us;
    assert_true(peer_state.got_write < LINES);
    memcpy(copy, message.at, message.len);
    copy[message.len] = 0;
    peer_state.got[peer_state.got_write++] = copy;
}

static inline int peer_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (peer_state.say_read == peer_state.say_write)
        return peer_state.end;
    *message = (struct parley_fragment){.bytes = parley_view(peer_state.says[peer_state.say_read++]),
                                        .last = true,
                                        .binary = peer_state.binary_next};
    peer_state.binary_next = false;
    return 1;
}

static inline void peer_opened(void *state, uint64_t now_us)
{
    (void)state;
    (void)now_us;
}

static inline void peer_closed(void *state, uint16_t code, uint64_t now_us)
{
    (void)state;
    (void)now_us;
    peer_state.close_code = code;
}

static struct parley_loopback_peer peer = {
    .opened = peer_opened, .received = peer_received, .say = peer_say, .closed = peer_closed};

/* `message` has to stay until it has been taken. */
static inline void service_says(const char *message)
{
    assert_true(peer_state.say_write < LINES);
    peer_state.says[peer_state.say_write++] = message;
}

/* ---- the host ---------------------------------------------------------------------------------- */

static struct parley_conversation *c;
static struct parley_options options;
static void *memory;
static uint64_t now_us;

static inline void serve(void)
{
    for (int i = 0; i < 4; i++)
        parley_service(c, now_us);
}

static inline void open_with(struct parley_options *o)
{
    struct parley_error error;
    size_t bytes;

    o->peer = &peer;
    bytes = parley_memory_needed(o);
    assert_true(bytes > 0);
    memory = calloc(1, bytes); /* zeroed, as some tests look for what is left in it */
    now_us = 1000000;
    assert_int_equal(parley_open(&c, memory, bytes, o, now_us, &error), PARLEY_OK);
    serve();
}

static inline int set_up(void **state)
{
    (void)state;
    memset(&peer_state, 0, sizeof peer_state);
    options = (struct parley_options)PARLEY_OPTIONS_DEFAULT;
    options.limits.inbox_bytes = 8192;
    options.limits.output_audio_ms = 1000;
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    parley_close(c);
    c = NULL;
    free(memory);
    memory = NULL;
    while (peer_state.got_write > 0)
        free(peer_state.got[--peer_state.got_write]);
    return 0;
}

/* Another conversation in the same test. */
static inline void again(void)
{
    tear_down(NULL);
    set_up(NULL);
}

/* Passes over the beginning: link, started, session.update. */
static inline void begin(struct parley_options *o)
{
    struct parley_event event;

    open_with(o);
    while (parley_next_event(c, &event) > 0)
        assert_true(event.kind == PARLEY_EVENT_LINK || event.kind == PARLEY_EVENT_STARTED);
    assert_int_equal(peer_state.got_write, 1);
    assert_non_null(strstr(peer_state.got[0], "\"session.update\""));
    peer_state.got_read = 1;
}

/* ---- what happens, and what is sent ------------------------------------------------------------ */

/* The next event must be of this kind. */
static inline struct parley_event expect(enum parley_event_kind kind)
{
    struct parley_event event;
    int got;

    serve();
    got = parley_next_event(c, &event);
    if (got != 1)
        fail_msg("no event, %s expected", parley_event_name(kind));
    if (event.kind != kind)
        fail_msg("%s: %.*s, %s expected", parley_event_name(event.kind), (int)event.text.len,
                 event.text.len > 0 ? event.text.at : "", parley_event_name(kind));
    return event;
}

static inline void expect_nothing(void)
{
    struct parley_event event;

    serve();
    if (parley_next_event(c, &event) != 0)
        fail_msg("an event: %s", parley_event_name(event.kind));
}

static inline void expect_view(struct parley_view view, const char *text)
{
    if (!parley_view_is(view, text))
        fail_msg("\"%.*s\", \"%s\" expected", (int)view.len, view.len > 0 ? view.at : "", text);
}

/* Takes the next message sent, as text that stays until tear_down. `wanted` is for the failure. */
static inline const char *next_sent(const char *wanted)
{
    serve();
    if (peer_state.got_read == peer_state.got_write)
        fail_msg("nothing was sent, %s expected", wanted);
    return peer_state.got[peer_state.got_read++];
}

/* The next message sent must equal this one as a JSON value. */
static inline void expect_sent(const char *message)
{
    const char *sent = next_sent(message);
    json_t *got = json_loads(sent, 0, NULL), *wanted = json_loads(message, 0, NULL);

    assert_non_null(got);
    assert_non_null(wanted);
    if (!json_equal(got, wanted))
        fail_msg("sent %s, %s expected", sent, message);
    json_decref(got);
    json_decref(wanted);
}

static inline void expect_nothing_sent(void)
{
    serve();
    if (peer_state.got_read < peer_state.got_write)
        fail_msg("sent %s", peer_state.got[peer_state.got_read]);
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* An audio delta of `ms` milliseconds of silence for item_a of resp_1; good until the next one. */
static inline const char *audio_ms(unsigned ms)
{
    static char message[6800];
    char *at = message;
    size_t base64 = (size_t)ms * 48 / 3 * 4;

    assert_true(base64 + 200 < sizeof message);
    at += sprintf(
        at, "{\"type\":\"response.output_audio.delta\",\"response_id\":\"resp_1\",\"item_id\":\"item_a\","
            "\"output_index\":0,\"content_index\":0,\"delta\":\"");
    memset(at, 'A', base64);
    strcpy(at + base64, "\"}");
    return message;
}

#define CREATED                                                                                              \
    "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"conversation_id\":\"conv_1\"}}"
#define DONE   "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\"}}"
#define SPEECH "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_user_2\"}"
#define CALL(id, arguments)                                                                                  \
    "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_" id "\",\"type\":\"function_call\","      \
    "\"name\":\"background_agent\",\"call_id\":\"" id "\",\"arguments\":\"" arguments "\"}}"
#define OUTPUT(id, text)                                                                                     \
    "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call_output\",\"call_id\":\"" id   \
    "\",\"output\":\"" text "\"}}"
#define USER_ITEM(text)                                                                                      \
    "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"user\",\"content\":["  \
    "{\"type\":\"input_text\",\"text\":\"" text "\"}]}}"
#define V1_USER_ITEM(text)                                                                                   \
    "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"user\",\"content\":["  \
    "{\"type\":\"text\",\"text\":\"" text "\"}]}}"
#define CREATE   "{\"type\":\"response.create\"}"
#define FINISHED "Background agent finished. Use the preceding [BACKEND] messages as the result."
#define FINISHED_MUTE                                                                                        \
    "Background agent finished without a message. Tell the user that it is done and that it reported "       \
    "nothing."
#define STEERED "This was sent to steer the previous background agent task."

#define V1_CALL(id, text)                                                                                    \
    "{\"type\":\"conversation.handoff.requested\",\"handoff_id\":\"" id "\",\"item_id\":\"item_" id          \
    "\",\"input_transcript\":\"" text "\"}"
#define V1_APPEND(id, text)                                                                                  \
    "{\"type\":\"conversation.handoff.append\",\"handoff_id\":\"" id "\",\"output_text\":\"\\\"Agent Final " \
    "Message\\\":\\n\\n" text "\"}"

#endif
