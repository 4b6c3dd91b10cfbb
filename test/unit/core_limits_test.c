/* The profiles; and that the smallest one holds a whole conversation. */
#include "test/unit/conversation.h"

#include <string.h>

enum { FRAME = PARLEY_SAMPLE_RATE / 50, AGENT_TEXT = 800 };

static void profiles_are_whole_and_can_be_opened(void **state)
{
    static const enum parley_profile profiles[] = {PARLEY_PROFILE_TINY, PARLEY_PROFILE_SERVER,
                                                   PARLEY_PROFILE_BOARD};
    size_t before = 0;

    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        struct parley_limits limits = parley_limits_for(profiles[i]);
        struct parley_memory m;

        assert_true(limits.inbox_bytes > 0 && limits.outbox_bytes > 0 && limits.input_audio_ms > 0);
        assert_true(limits.output_audio_ms > 0 && limits.transcript_bytes > 0 && limits.reply_items > 0);
        assert_true(limits.link_recv_bytes > 0 && limits.link_send_bytes > 0);
        options.limits = limits;
        options.peer = &peer;
        assert_int_equal(parley_memory_split(&options, &m, NULL), PARLEY_OK);
        assert_int_equal(m.all, parley_memory_needed(&options));
        assert_int_equal(m.all, m.conversation + m.workspace + m.outbox + m.output_audio + m.transcript +
                                    m.notices + m.extras + m.link);
        assert_true(m.all > before); /* the order above */
        before = m.all;
        begin(&options);
        again();
    }
    open_with(&options); /* for tear_down */
}

static void the_default_is_the_board(void **state)
{
    struct parley_options zero = PARLEY_OPTIONS_DEFAULT, board = PARLEY_OPTIONS_DEFAULT;
    const struct parley_limits unknown = parley_limits_for((enum parley_profile)99);

    (void)state;
    board.limits = parley_limits_for(PARLEY_PROFILE_BOARD);
    assert_memory_equal(&unknown, &board.limits, sizeof unknown);
    assert_int_equal(parley_memory_needed(&zero), parley_memory_needed(&board));
    open_with(&options);
}

static void what_cannot_be_used_needs_no_memory(void **state)
{
    struct parley_error error = {0};
    struct parley_memory m;

    (void)state;
    options.limits.outbox_bytes = 2048;
    assert_int_equal(parley_memory_split(&options, &m, &error), PARLEY_ERR_ARGUMENT);
    assert_string_equal(error.text, "limits.outbox_bytes is 2048; 16 reply items need at least 6656");
    assert_int_equal(m.all + m.link + m.workspace, 0);
    options.limits.outbox_bytes = 0;
    open_with(&options);
}

/* ---- a conversation in `tiny` -------------------------------------------------------------------- */

static void begin_tiny(void)
{
    options.limits = parley_limits_for(PARLEY_PROFILE_TINY);
    begin(&options);
}

/* Sound goes out frame by frame, each a message of its own. */
static void it_hears(void)
{
    static const int16_t frame[FRAME];

    for (int i = 0; i < 50; i++) {
        assert_int_equal(parley_send_audio(c, frame, FRAME), FRAME);
        assert_non_null(strstr(next_sent("audio"), "input_audio_buffer.append"));
    }
    assert_int_equal(parley_send_audio(c, frame, FRAME), FRAME);
    peer_state.got_read = peer_state.got_write;
}

static void it_answers(void)
{
    struct parley_event event;

    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    for (int i = 0; i < 20; i++) {
        service_says(audio_ms(20));
        event = expect(PARLEY_EVENT_AUDIO);
        assert_int_equal(event.samples, FRAME);
        assert_false(event.late);
    }
    service_says("{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"Well <then>\","
                 "\"item_id\":\"item_a\"}");
    expect(PARLEY_EVENT_REPLY_DONE);
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
}

static void tiny_holds_a_whole_conversation(void **state)
{
    static const char request[] = "what is the weather in Bern, and in Basel?";
    char agent[AGENT_TEXT + 1];
    struct parley_event event;

    (void)state;
    memset(agent, 'a', AGENT_TEXT);
    agent[AGENT_TEXT] = '\0';
    begin_tiny();
    for (int round = 0; round < 3; round++) {
        it_hears();
        it_answers();
        expect(PARLEY_EVENT_PLAYED);
        service_says(CALL("call_1", "{\\\"prompt\\\":\\\"what is the weather in Bern, and in Basel?\\\"}"));
        event = expect(PARLEY_EVENT_HANDOFF);
        expect_view(event.text, request);
        assert_true(event.delegation.len > 2 * sizeof request); /* input and transcript */
        assert_int_equal(parley_agent_progress(c, parley_view(NULL), parley_view(agent)), PARLEY_OK);
        assert_non_null(strstr(next_sent("progress"), agent));
        assert_int_equal(parley_agent_done(c, parley_view(NULL)), PARLEY_OK);
        assert_non_null(strstr(next_sent("output"), "function_call_output"));
        expect_sent(CREATE);
        service_says(DONE);
        expect(PARLEY_EVENT_RESPONSE_DONE);
        assert_int_equal(parley_send_text(c, parley_view(agent)), PARLEY_OK);
        assert_non_null(strstr(next_sent("text"), agent));
    }
}

static void tiny_is_interrupted(void **state)
{
    struct parley_event event;

    (void)state;
    begin_tiny();
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    service_says(audio_ms(20));
    expect(PARLEY_EVENT_AUDIO);
    assert_int_equal(parley_interrupt(c, PARLEY_REASON_HOST), 1);
    assert_non_null(strstr(next_sent("cancel"), "response.cancel"));
    event = expect(PARLEY_EVENT_INTERRUPTED);
    expect_view(event.item_id, "item_a");
    service_says(audio_ms(20));
    event = expect(PARLEY_EVENT_AUDIO);
    assert_true(event.late);
}

/* What is too long is told, and costs nothing but itself: the end of a response is noticed even so. */
static void tiny_skips_what_is_too_long(void **state)
{
    static char updated[8000], done[6000];
    struct parley_event event;

    (void)state;
    memset(updated, ' ', sizeof updated - 1);
    memcpy(updated, "{\"type\":\"session.updated\",", 26);
    memset(done, ' ', sizeof done - 1);
    memcpy(done, "{\"event_id\":\"event_1\", \"type\": \"response.done\",", 47);
    begin_tiny();
    service_says(updated);
    event = expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(event.status, PARLEY_ERR_TOO_LONG);
    expect_view(event.text, "a message of 7999 bytes is longer than the inbox of 3584");
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    parley_request_reply(c);
    expect_nothing_sent();
    service_says(updated);
    expect(PARLEY_EVENT_SKIPPED);
    expect_nothing_sent();
    service_says(done);
    expect(PARLEY_EVENT_SKIPPED);
    expect_sent(CREATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(profiles_are_whole_and_can_be_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_default_is_the_board, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_used_needs_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tiny_holds_a_whole_conversation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tiny_is_interrupted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tiny_skips_what_is_too_long, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
