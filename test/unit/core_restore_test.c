/* From one session to the next: what a host is told of a break, and what the new session is given. */
#include "core/outbox.h"
#include "platform/fake/fake.h"
#include "test/unit/conversation.h"

#define UPDATE "session.update"
#define ASSISTANT_ITEM(text)                                                                                 \
    "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"assistant\","          \
    "\"content\":[{\"type\":\"output_text\",\"text\":\"" text "\"}]}}"
#define STOPPED "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"item_user_2\"}"
#define USER_SAID(text)                                                                                      \
    "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":\"item_user_2\","       \
    "\"transcript\":\"" text "\"}"
#define USER_DELTA(text)                                                                                     \
    "{\"type\":\"conversation.item.input_audio_transcription.delta\",\"item_id\":\"item_user_2\","           \
    "\"delta\":\"" text "\"}"
#define REPLY_DELTA(text)                                                                                    \
    "{\"type\":\"response.output_audio_transcript.delta\",\"item_id\":\"item_a\",\"delta\":\"" text "\"}"
#define REPLY_SAID(text)                                                                                     \
    "{\"type\":\"response.output_audio_transcript.done\",\"item_id\":\"item_a\",\"transcript\":\"" text "\"" \
    "}"

/* ---- losing a link and getting another ----------------------------------------------------------- */

static unsigned links;
static uint64_t wait_us;

static void count_link(void *state, uint64_t at_us)
{
    (void)state;
    (void)at_us;
    links++;
}

static int set_up_links(void **state)
{
    set_up(state);
    parley_fake_reset();
    links = 0;
    wait_us = 0;
    peer.opened = count_link;
    peer.close_code = 0;
    peer.send_bytes = 0;
    peer.stuck = false;
    options.reconnect.on = true;
    return 0;
}

/* The link ends so. What was sent to the old session is passed over; no event is taken. */
static void end_link(int status, uint16_t code)
{
    peer.close_code = code;
    peer_state.end = status;
    serve();
    peer_state.end = 0;
    peer_state.got_read = peer_state.got_write;
}

static void break_link(void)
{
    struct parley_event event;

    end_link(PARLEY_ERR_LOST, 0);
    event = expect(PARLEY_EVENT_RECONNECTING);
    wait_us = event.wait_ms * UINT64_C(1000);
}

/* Waits as long as was told, and takes events up to RECONNECTED. */
static struct parley_event link_again(void)
{
    struct parley_event event;

    now_us += wait_us;
    wait_us = 0;
    serve();
    while (parley_next_event(c, &event) == 1 && event.kind != PARLEY_EVENT_RECONNECTED)
        assert_int_equal(event.kind, PARLEY_EVENT_LINK);
    assert_int_equal(event.kind, PARLEY_EVENT_RECONNECTED);
    return event;
}

static void expect_update(void)
{
    assert_non_null(strstr(next_sent(UPDATE), "\"session.update\""));
}

/* The service says this and the host is told of it. */
static void hear(const char *message, enum parley_event_kind kind)
{
    service_says(message);
    expect(kind);
}

static void turn(const char *said, const char *reply)
{
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    hear(STOPPED, PARLEY_EVENT_SPEECH_STOPPED);
    hear(said, PARLEY_EVENT_USER_DONE);
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    hear(reply, PARLEY_EVENT_REPLY_DONE);
    hear(DONE, PARLEY_EVENT_RESPONSE_DONE);
}

/* ---- what a host is told ------------------------------------------------------------------------- */

static void a_break_is_told_with_its_reason_and_the_wait(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    end_link(PARLEY_ERR_PEER_CLOSED, 1012);
    event = expect(PARLEY_EVENT_RECONNECTING);
    assert_int_equal(event.status, PARLEY_ERR_PEER_CLOSED);
    expect_view(event.text, "open: the service closed the connection");
    assert_int_equal(event.attempt, 1);
    assert_in_range(event.wait_ms, 0, 500);
    expect_nothing();
    assert_int_equal(links, 1);
    now_us += event.wait_ms * UINT64_C(1000);
    event = link_again();
    assert_int_equal(links, 2);
    assert_true(event.state_restored);
    assert_null(event.text.at);
    expect_update();
    expect_nothing_sent();
    turn(USER_SAID("hi"), REPLY_SAID("hello"));
}

static void nothing_is_tried_before_its_time(void **state)
{
    struct parley_interest want[PARLEY_INTERESTS];
    struct parley_event event;

    (void)state;
    options.reconnect.base_ms = options.reconnect.cap_ms = 30000;
    begin(&options);
    end_link(PARLEY_ERR_LOST, 0);
    parley_interest(c, want);
    assert_true(want[0].deadline_us <= now_us); /* there is news */
    event = expect(PARLEY_EVENT_RECONNECTING);
    assert_true(event.wait_ms > 1000); /* with the seed as it is */
    assert_int_equal(parley_interest(c, want), 1);
    assert_int_equal(want[0].fd, -1);
    assert_int_equal(want[0].deadline_us, now_us + event.wait_ms * UINT64_C(1000));
    now_us += event.wait_ms * UINT64_C(1000) - 1;
    expect_nothing();
    assert_int_equal(links, 1);
    now_us += 1;
    event = link_again();
    assert_true(event.gap_ms > 1000);
    assert_int_equal(links, 2);
}

static void the_host_hears_of_one_attempt_before_the_next(void **state)
{
    (void)state;
    begin(&options);
    end_link(PARLEY_ERR_LOST, 0);
    now_us += 60000000;
    serve();
    assert_int_equal(links, 1);
    expect(PARLEY_EVENT_RECONNECTING);
    link_again();
}

static void what_is_not_worth_it_ends_the_conversation(void **state)
{
    static const struct {
        const char *title;
        int status;
        uint16_t code;
        enum parley_closed closed;
    } rows[] = {
        {"in good order", PARLEY_ERR_PEER_CLOSED, 1000, PARLEY_CLOSED_TRANSPORT},
        {"policy", PARLEY_ERR_PEER_CLOSED, 1008, PARLEY_CLOSED_TRANSPORT},
        {"a code of the service's own", PARLEY_ERR_PEER_CLOSED, 4001, PARLEY_CLOSED_TRANSPORT},
        {"the protocol was broken", PARLEY_ERR_PROTOCOL, 0, PARLEY_CLOSED_ERROR},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_event event;

        print_message("# %s\n", rows[i].title);
        begin(&options);
        end_link(rows[i].status, rows[i].code);
        if (rows[i].closed == PARLEY_CLOSED_ERROR)
            expect(PARLEY_EVENT_ERROR);
        event = expect(PARLEY_EVENT_CLOSED);
        assert_int_equal(event.closed, rows[i].closed);
        assert_int_equal(event.status, rows[i].status);
        tear_down(NULL);
        set_up_links(state);
    }
}

static void it_gives_up_in_the_end(void **state)
{
    struct parley_event event;

    (void)state;
    options.reconnect.attempts = 3;
    begin(&options);
    for (unsigned i = 1; i <= 3; i++) {
        peer_state.end = PARLEY_ERR_LOST;
        serve();
        do
            event = (assert_int_equal(parley_next_event(c, &event), 1), event);
        while (event.kind == PARLEY_EVENT_LINK || event.kind == PARLEY_EVENT_RECONNECTED);
        assert_int_equal(event.kind, PARLEY_EVENT_RECONNECTING);
        assert_int_equal(event.attempt, i);
        now_us += event.wait_ms * UINT64_C(1000);
    }
    serve();
    do
        event = (assert_int_equal(parley_next_event(c, &event), 1), event);
    while (event.kind == PARLEY_EVENT_LINK || event.kind == PARLEY_EVENT_RECONNECTED);
    assert_int_equal(event.kind, PARLEY_EVENT_ERROR);
    assert_int_equal(event.status, PARLEY_ERR_LOST);
    expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(links, 4);
}

static void stopping_while_it_waits(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    end_link(PARLEY_ERR_LOST, 0);
    expect(PARLEY_EVENT_RECONNECTING);
    parley_stop(c);
    event = expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_REQUESTED);
    assert_int_equal(links, 1);
}

static void many_breaks_take_no_more_memory(void **state)
{
    struct parley_stats before, after;

    (void)state;
    begin(&options);
    parley_stats(c, &before);
    for (int i = 0; i < 50; i++) {
        break_link();
        link_again();
        now_us += 31000000;
    }
    parley_stats(c, &after);
    assert_int_equal(after.memory_bytes, before.memory_bytes);
    assert_int_equal(links, 51);
}

/* ---- what the new session is given --------------------------------------------------------------- */

static void what_was_said_is_given_in_its_order(void **state)
{
    (void)state;
    begin(&options);
    turn(USER_SAID("my name is Ada"), REPLY_SAID("hello Ada"));
    parley_send_text(c, parley_view("typed \\u0001 \"quoted\""));
    turn(USER_SAID("and now?"), REPLY_SAID("this"));
    break_link();
    assert_true(link_again().state_restored);
    expect_update();
    expect_sent(USER_ITEM("[USER] my name is Ada"));
    expect_sent(ASSISTANT_ITEM("hello Ada"));
    expect_sent(USER_ITEM("[USER] typed \\\\u0001 \\\"quoted\\\""));
    expect_sent(USER_ITEM("[USER] and now?"));
    expect_sent(ASSISTANT_ITEM("this"));
    expect_nothing_sent();
    break_link(); /* and again, the same */
    link_again();
    expect_update();
    expect_sent(USER_ITEM("[USER] my name is Ada"));
}

static void what_is_typed_meanwhile_comes_behind_it(void **state)
{
    (void)state;
    begin(&options);
    parley_send_text(c, parley_view("before"));
    break_link();
    assert_int_equal(parley_send_text(c, parley_view("meanwhile")), PARLEY_OK);
    assert_int_equal(parley_request_reply(c), PARLEY_OK);
    assert_int_equal(parley_send_text(c, parley_view("and more")), PARLEY_OK);
    link_again();
    expect_update();
    expect_sent(USER_ITEM("[USER] before"));
    expect_sent(USER_ITEM("[USER] meanwhile"));
    expect_sent(CREATE);
    expect_sent(USER_ITEM("[USER] and more"));
    expect_nothing_sent();
}

/* At every place a message can be cut in two. */
static void a_message_sent_in_part_is_sent_once_more(void **state)
{
    for (size_t bytes = 1; bytes < 130; bytes++) {
        peer.send_bytes = 1 << 20;
        begin(&options);
        peer.send_bytes = bytes;
        parley_send_text(c, parley_view("first"));
        parley_send_text(c, parley_view("second"));
        peer_state.end = PARLEY_ERR_LOST;
        parley_service(c, now_us);
        peer_state.end = 0;
        peer.send_bytes = 1 << 20;
        peer_state.got_read = peer_state.got_write;
        wait_us = expect(PARLEY_EVENT_RECONNECTING).wait_ms * UINT64_C(1000);
        link_again();
        expect_update();
        expect_sent(USER_ITEM("[USER] first"));
        expect_sent(USER_ITEM("[USER] second"));
        expect_nothing_sent();
        tear_down(NULL);
        set_up_links(state);
    }
}

static void half_a_message_of_the_service_is_forgotten(void **state)
{
    (void)state;
    begin(&options);
    peer.fragment_bytes = 7;
    service_says(USER_SAID("never to be read to its end"));
    parley_service(c, now_us);
    for (int i = 0; i < 3; i++)
        peer_state.say_read = peer_state.say_write;
    peer.fragment_bytes = 0;
    expect(PARLEY_EVENT_USER_DONE);
    break_link();
    link_again();
    turn(USER_SAID("whole"), REPLY_SAID("again"));
}

static void the_oldest_goes_and_that_is_told(void **state)
{
    struct parley_event event;

    (void)state;
    options.limits.transcript_bytes = 256;
    begin(&options);
    for (int i = 0; i < 30; i++)
        turn(USER_SAID("something that is said"), REPLY_SAID("and something replied"));
    break_link();
    event = link_again();
    assert_false(event.state_restored);
    expect_view(event.text, "the beginning of the conversation: it is longer than limits.transcript_bytes");
    expect_update();
    for (int i = 0; i < 4; i++) {
        expect_sent(USER_ITEM("[USER] something that is said"));
        expect_sent(ASSISTANT_ITEM("and something replied"));
    }
    expect_nothing_sent();
}

static void a_transcription_session_holds_no_items(void **state)
{
    (void)state;
    options.mode = PARLEY_TRANSCRIPTION;
    begin(&options);
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    hear(STOPPED, PARLEY_EVENT_SPEECH_STOPPED);
    hear(USER_SAID("noted"), PARLEY_EVENT_USER_DONE);
    break_link();
    assert_true(link_again().state_restored);
    expect_update();
    expect_nothing_sent();
}

static void version_1_in_kind(void **state)
{
    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    begin(&options);
    hear("{\"type\":\"conversation.input_transcript.delta\",\"delta\":\"do it\"}", PARLEY_EVENT_USER_DELTA);
    hear("{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"sure\"}", PARLEY_EVENT_REPLY_DELTA);
    hear(V1_CALL("h1", "do it"), PARLEY_EVENT_HANDOFF);
    assert_int_equal(parley_agent_progress(c, parley_view("h1"), parley_view("begun")), PARLEY_OK);
    expect_sent(V1_APPEND("h1", "begun"));
    break_link();
    assert_int_equal(parley_agent_progress(c, parley_view("h1"), parley_view("half")), PARLEY_OK);
    link_again();
    assert_int_equal(parley_agent_done(c, parley_view("h1")), PARLEY_OK);
    expect_update();
    expect_sent(V1_USER_ITEM("do it"));
    expect_sent("{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":"
                "\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"sure\"}]}}");
    expect_sent(V1_USER_ITEM("\\\"Agent Final Message\\\":\\n\\nbegun"));
    expect_sent(V1_USER_ITEM("\\\"Agent Final Message\\\":\\n\\nhalf"));
    expect_nothing_sent();
}

/* ---- who is owed a reply ------------------------------------------------------------------------- */

static void replies_that_were_due_are_asked_for_again(void **state)
{
    static const struct {
        const char *title;
        bool ask;
        const char *heard[5];
        bool again;
    } rows[] = {
        {"nothing is due", false, {NULL}, false},
        {"asked for", true, {NULL}, true},
        {"asked for and begun", true, {CREATED}, true},
        {"and something has come of it", true, {CREATED, REPLY_DELTA("hel")}, false},
        {"and all has come of it", true, {CREATED, REPLY_SAID("hello"), DONE}, false},
        {"one that the service begins by itself", false, {SPEECH, STOPPED, USER_SAID("hi")}, true},
        {"has begun", false, {SPEECH, STOPPED, USER_SAID("hi"), CREATED}, true},
        {"is cut short", false, {SPEECH, STOPPED, USER_SAID("hi"), CREATED, REPLY_DELTA("hel")}, false},
        {"will be begun again, as its turn is heard again", false, {SPEECH, STOPPED}, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_event event;
        bool again = false;

        print_message("# %s\n", rows[i].title);
        begin(&options);
        if (rows[i].ask)
            parley_request_reply(c);
        for (size_t k = 0; k < 5 && rows[i].heard[k] != NULL; k++)
            service_says(rows[i].heard[k]);
        serve();
        while (parley_next_event(c, &event) == 1)
            ;
        break_link();
        link_again();
        expect_update();
        while (peer_state.got_read < peer_state.got_write)
            again = strcmp(next_sent("anything"), CREATE) == 0;
        assert_int_equal(again, rows[i].again);
        tear_down(NULL);
        set_up_links(state);
    }
}

static void what_names_the_old_session_is_dropped(void **state)
{
    int16_t pcm[480];

    (void)state;
    begin(&options);
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    parley_read_audio(c, pcm, 1);
    hear(audio_ms(90), PARLEY_EVENT_AUDIO);
    break_link();
    assert_int_equal(parley_interrupt(c, PARLEY_REASON_HOST), 1); /* of a reply that nobody knows any more */
    expect(PARLEY_EVENT_INTERRUPTED);
    link_again();
    expect_update();
    expect_nothing_sent();
}

static void what_was_received_plays_on(void **state)
{
    struct parley_event event;
    int16_t pcm[4800];

    (void)state;
    begin(&options);
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    hear(audio_ms(90), PARLEY_EVENT_AUDIO);
    break_link();
    assert_int_equal(parley_read_audio(c, pcm, 4800), 90 * 24);
    event = expect(PARLEY_EVENT_PLAYED);
    expect_view(event.item_id, "item_a");
    assert_int_equal(event.heard_ms, 90);
    link_again();
}

/* The new session may give the same names. */
static void a_reply_of_the_new_session_is_another(void **state)
{
    int16_t pcm[4800];

    (void)state;
    begin(&options);
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    parley_read_audio(c, pcm, 1);
    hear(audio_ms(90), PARLEY_EVENT_AUDIO);
    break_link();
    link_again();
    expect_update();
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    hear(audio_ms(90), PARLEY_EVENT_AUDIO);
    assert_int_equal(parley_read_audio(c, pcm, 140 * 24), 140 * 24);
    expect(PARLEY_EVENT_PLAYED); /* the old one, not to be cut any more */
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    expect_sent("{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_a\",\"content_index\":0,"
                "\"audio_end_ms\":50}");
}

/* ---- the agent ----------------------------------------------------------------------------------- */

static void an_open_handoff_goes_on_as_messages(void **state)
{
    (void)state;
    begin(&options);
    hear(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"), PARLEY_EVENT_HANDOFF);
    parley_agent_progress(c, parley_view("call_1"), parley_view("looking"));
    break_link();
    expect_view(parley_handoff_id(c), "call_1");
    parley_agent_progress(c, parley_view("call_1"), parley_view("found"));
    link_again();
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_ERR_STATE);
    expect_update();
    expect_sent(USER_ITEM("[BACKEND] looking"));
    expect_sent(USER_ITEM("[BACKEND] found"));
    expect_sent(USER_ITEM("[BACKEND] " FINISHED));
    expect_sent(CREATE);
    expect_nothing_sent();
}

static void one_that_ends_meanwhile_is_told_once(void **state)
{
    (void)state;
    begin(&options);
    hear(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"), PARLEY_EVENT_HANDOFF);
    parley_agent_progress(c, parley_view("call_1"), parley_view("found"));
    break_link();
    parley_agent_done(c, parley_view("call_1"));
    link_again();
    expect_update();
    expect_sent(USER_ITEM("[BACKEND] found"));
    expect_sent(USER_ITEM("[BACKEND] " FINISHED));
    expect_sent(CREATE);
    expect_nothing_sent();
}

static void one_that_ended_just_before_is_told_again(void **state)
{
    (void)state;
    begin(&options);
    hear(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"), PARLEY_EVENT_HANDOFF);
    parley_agent_progress(c, parley_view("call_1"), parley_view("found"));
    parley_agent_done(c, parley_view("call_1"));
    break_link();
    link_again();
    expect_update();
    expect_sent(USER_ITEM("[BACKEND] found"));
    expect_sent(USER_ITEM("[BACKEND] " FINISHED));
    expect_sent(CREATE);
    expect_nothing_sent();
}

/* More than can be told again: its end is, and still as the agent's, however it was labelled. */
static void the_end_of_long_words_of_an_agent_stays_the_agents(void **state)
{
    static const char label[] = "[BACKEND] ";
    char words[700];

    (void)state;
    for (int labelled = 0; labelled < 2; labelled++) {
        tear_down(NULL);
        set_up_links(NULL);
        memset(words, 'x', sizeof words);
        memcpy(words, label, labelled == 1 ? sizeof label - 1 : 0);
        options.limits.transcript_bytes = 512;
        begin(&options);
        hear(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"), PARLEY_EVENT_HANDOFF);
        assert_int_equal(parley_agent_progress(c, parley_view(NULL), parley_view_of(words, sizeof words)),
                         PARLEY_OK);
        break_link();
        link_again();
        expect_update();
        assert_non_null(strstr(next_sent("what the agent said"), "\"text\":\"[BACKEND] xxx"));
    }
}

/* What is refused leaves everything as it was: the agent is at work still, has said nothing, and the next
   session hears nothing of it. */
static void what_an_agent_is_refused_did_not_happen(void **state)
{
    static char long_text[20000];
    struct parley_view text = {long_text, sizeof long_text};
    unsigned taken = 0;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    options.limits.outbox_bytes = 12000;
    begin(&options);
    hear(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"), PARLEY_EVENT_HANDOFF);
    assert_int_equal(parley_agent_progress(c, parley_view("call_1"), text), PARLEY_ERR_TOO_LONG);
    assert_int_equal(parley_send_text(c, text), PARLEY_ERR_TOO_LONG);
    break_link();
    text.len = 100;
    while (parley_send_text(c, text) == PARLEY_OK)
        taken++;
    assert_int_equal(parley_agent_progress(c, parley_view("call_1"), text), PARLEY_ERR_FULL);
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_ERR_FULL);
    expect_view(parley_handoff_id(c), "call_1");
    link_again();
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    expect_update();
    while (taken-- > 0)
        assert_non_null(strstr(next_sent("a text"), "[USER] xxx"));
    expect_sent(USER_ITEM("[BACKEND] " FINISHED_MUTE));
    expect_sent(CREATE);
    expect_nothing_sent();
}

/* What was told with its call, and so goes with the old session, has its place among what was only queued. */
static void one_that_ended_while_the_network_was_stuck_keeps_its_place(void **state)
{
    (void)state;
    begin(&options);
    hear(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"), PARLEY_EVENT_HANDOFF);
    peer.stuck = true;
    parley_agent_progress(c, parley_view("call_1"), parley_view("found"));
    parley_agent_done(c, parley_view("call_1"));
    parley_send_text(c, parley_view("thanks"));
    break_link();
    peer.stuck = false;
    link_again();
    expect_update();
    expect_sent(USER_ITEM("[BACKEND] found"));
    expect_sent(USER_ITEM("[BACKEND] " FINISHED));
    expect_sent(USER_ITEM("[USER] thanks"));
    expect_sent(CREATE);
    expect_nothing_sent();
}

static void progress_of_version_1_stays_behind_what_was_typed_before(void **state)
{
    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    begin(&options);
    hear(V1_CALL("h1", "do it"), PARLEY_EVENT_HANDOFF);
    peer.stuck = true;
    parley_send_text(c, parley_view("and quickly"));
    parley_agent_progress(c, parley_view("h1"), parley_view("begun"));
    break_link();
    peer.stuck = false;
    link_again();
    expect_update();
    expect_sent(V1_USER_ITEM("and quickly"));
    expect_sent(V1_USER_ITEM("\\\"Agent Final Message\\\":\\n\\nbegun"));
    expect_nothing_sent();
}

static void what_waits_and_is_forgotten_comes_first(void **state)
{
    char text[250];

    (void)state;
    memset(text, 'x', sizeof text);
    options.protocol = PARLEY_PROTOCOL_V1;
    options.limits.transcript_bytes = 256;
    begin(&options);
    hear(V1_CALL("h1", "do it"), PARLEY_EVENT_HANDOFF);
    peer.stuck = true;
    parley_send_text(c, parley_view("and quickly"));
    parley_agent_progress(c, parley_view("h1"), parley_view_of(text, sizeof text));
    break_link();
    peer.stuck = false;
    assert_false(link_again().state_restored);
    expect_update();
    expect_sent(V1_USER_ITEM("and quickly"));
    assert_non_null(strstr(next_sent("progress"), "xxx"));
    expect_nothing_sent();
}

/* ---- speech -------------------------------------------------------------------------------------- */

static unsigned appended_ms(void)
{
    unsigned ms = 0;

    while (peer_state.got_read < peer_state.got_write) {
        const char *sent = next_sent("audio");
        if (strstr(sent, "input_audio_buffer.append") != NULL)
            ms += (unsigned)((strlen(sent) -
                              strlen("{\"type\":\"input_audio_buffer.append\",\"audio\":\"\"}")) /
                             64);
    }
    return ms;
}

/* Sound from the microphone, as time goes by. */
static void sound(unsigned ms)
{
    static const int16_t pcm[2400];

    for (unsigned done = 0; done < ms; done += 100) {
        now_us += 100000;
        serve();
        assert_int_equal(parley_send_audio(c, pcm, 2400), 2400);
    }
}

static void speech_without_a_text_is_sent_again(void **state)
{
    static const struct {
        const char *title;
        const char *heard[4];
        unsigned again_ms;
    } rows[] = {
        {"nobody speaks: the last second or two, as somebody may have begun", {NULL}, 1000},
        {"somebody speaks: from a second before on", {SPEECH, NULL}, 3000},
        {"has spoken", {SPEECH, STOPPED}, 3000},
        {"has spoken, and half the text has come", {SPEECH, STOPPED, USER_DELTA("hal")}, 3000},
        {"and all of it has", {SPEECH, STOPPED, USER_SAID("half")}, 300},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_event event;

        print_message("# %s\n", rows[i].title);
        begin(&options);
        sound(5000);
        for (size_t k = 0; k < 4 && rows[i].heard[k] != NULL; k++) {
            service_says(rows[i].heard[k]);
            serve();
            while (parley_next_event(c, &event) == 1)
                ;
            if (k == 0)
                sound(2000);
        }
        break_link();
        assert_true(link_again().state_restored);
        expect_update();
        assert_in_range(appended_ms(), rows[i].again_ms - 100, rows[i].again_ms + 1000);
        tear_down(NULL);
        set_up_links(state);
    }
}

static void half_a_text_is_not_kept_beside_the_whole(void **state)
{
    (void)state;
    begin(&options);
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    hear(STOPPED, PARLEY_EVENT_SPEECH_STOPPED);
    hear(USER_DELTA("what is"), PARLEY_EVENT_USER_DELTA);
    break_link();
    link_again();
    turn(USER_SAID("what is it?"), REPLY_SAID("that"));
    peer_state.got_read = peer_state.got_write;
    break_link();
    link_again();
    expect_update();
    expect_sent(USER_ITEM("[USER] what is it?"));
    expect_sent(ASSISTANT_ITEM("that"));
    expect_nothing_sent();
}

static void speech_goes_on_while_there_is_no_link(void **state)
{
    static const int16_t pcm[2400];

    (void)state;
    begin(&options);
    sound(3000);
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    sound(1000);
    break_link();
    for (int i = 0; i < 20; i++)
        parley_send_audio(c, pcm, 2400);
    assert_true(link_again().state_restored);
    expect_update();
    assert_in_range(appended_ms(), 1000 + 1000 + 2000 - 100, 5000);
}

static void speech_beyond_the_bound_is_shed_and_told(void **state)
{
    struct parley_event event;
    static const int16_t pcm[2400];

    (void)state;
    options.limits.input_audio_ms = 2000;
    begin(&options);
    sound(1000);
    break_link();
    for (int i = 0; i < 30; i++)
        parley_send_audio(c, pcm, 2400);
    event = expect(PARLEY_EVENT_SHED);
    assert_int_equal(event.samples, (1000 + 3000 - 2000) * 24);
    event = link_again();
    assert_false(event.state_restored);
    expect_view(event.text, "speech: there was more than limits.input_audio_ms holds");
    expect_update();
    assert_int_equal(appended_ms(), 2000);
    break_link();
    assert_true(link_again().state_restored); /* nothing was lost this time */
}

static void a_turn_longer_than_the_bound_loses_its_beginning(void **state)
{
    struct parley_event event;

    (void)state;
    options.limits.input_audio_ms = 2000;
    begin(&options);
    sound(1000);
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    sound(5000);
    break_link();
    event = link_again();
    assert_false(event.state_restored);
    expect_view(event.text, "the beginning of what the user was saying");
    expect_update();
    assert_int_equal(appended_ms(), 2000);
}

static void an_answered_turn_is_not_said_again(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    sound(3000);
    hear(STOPPED, PARLEY_EVENT_SPEECH_STOPPED);
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    hear(REPLY_SAID("yes"), PARLEY_EVENT_REPLY_DONE);
    hear(DONE, PARLEY_EVENT_RESPONSE_DONE);
    sound(1000);
    break_link();
    event = link_again();
    assert_false(event.state_restored);
    expect_view(event.text, "what the user said last: its text had not come");
    expect_update();
    expect_sent(ASSISTANT_ITEM("yes"));
    assert_in_range(appended_ms(), 900, 2000);
}

/* ---- sessions that end --------------------------------------------------------------------------- */

static char updated[200];

static const char *session_of(int64_t seconds)
{
    snprintf(updated, sizeof updated,
             "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\",\"expires_at\":%lld}}",
             (long long)(parley_clock_unix_s() + seconds));
    return updated;
}

static void pass(uint64_t seconds)
{
    now_us += seconds * 1000000;
    parley_fake_clock_advance_us(seconds * 1000000);
}

static void a_session_is_replaced_in_a_quiet_moment(void **state)
{
    struct parley_interest want[PARLEY_INTERESTS];
    struct parley_event event;

    (void)state;
    begin(&options);
    hear(session_of(3600), PARLEY_EVENT_SESSION_UPDATED);
    expect_nothing();
    parley_interest(c, want);
    assert_int_equal(want[0].deadline_us, now_us + 3480 * UINT64_C(1000000));
    pass(3479);
    expect_nothing();
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    pass(60);
    expect_nothing(); /* somebody speaks */
    hear(STOPPED, PARLEY_EVENT_SPEECH_STOPPED);
    hear(USER_SAID("go"), PARLEY_EVENT_USER_DONE);
    hear(CREATED, PARLEY_EVENT_RESPONSE_CREATED);
    expect_nothing(); /* there is a reply */
    hear(REPLY_SAID("gone"), PARLEY_EVENT_REPLY_DONE);
    assert_int_equal(links, 1);
    peer_state.got_read = peer_state.got_write;
    hear(DONE, PARLEY_EVENT_RESPONSE_DONE);
    event = expect(PARLEY_EVENT_RECONNECTING);
    assert_int_equal(event.status, PARLEY_OK);
    assert_int_equal(event.wait_ms, 0);
    expect_view(event.text, "the session is about to expire");
    assert_int_equal(peer_state.close_code, 1000);
    event = link_again();
    assert_int_equal(event.gap_ms, 0);
    assert_true(event.state_restored);
    assert_int_equal(links, 2);
    expect_update();
    expect_sent(USER_ITEM("[USER] go"));
    expect_sent(ASSISTANT_ITEM("gone"));
    expect_nothing_sent();
}

static void at_the_latest_ten_seconds_before_its_end(void **state)
{
    (void)state;
    begin(&options);
    hear(session_of(3600), PARLEY_EVENT_SESSION_UPDATED);
    hear(SPEECH, PARLEY_EVENT_SPEECH_STARTED);
    pass(3589);
    expect_nothing();
    pass(1);
    expect(PARLEY_EVENT_RECONNECTING);
    link_again();
}

static void an_expired_session_is_followed_by_another(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says(
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":"
        "\"session_expired\",\"message\":\"Your session hit the maximum duration of 60 minutes.\"}}");
    event = expect(PARLEY_EVENT_ERROR);
    assert_false(event.fatal);
    event = expect(PARLEY_EVENT_RECONNECTING);
    assert_int_equal(event.attempt, 1);
    expect_view(event.text, "the session has expired");
    now_us += event.wait_ms * UINT64_C(1000);
    link_again();
}

/* ---- the key ------------------------------------------------------------------------------------- */

static bool holds(const void *block, size_t bytes, const char *text)
{
    const char *at = block;
    size_t len = strlen(text);

    for (size_t i = 0; i + len <= bytes; i++)
        if (memcmp(at + i, text, len) == 0)
            return true;
    return false;
}

static void the_key_stays_until_close_only_where_it_is_needed(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        struct parley_header header = {PARLEY_VIEW("x-secret"), PARLEY_VIEW("sesame-header")};
        size_t bytes;

        options.reconnect.on = on;
        options.api_key = parley_view("sesame-key");
        options.proxy = parley_view("http://user:sesame-proxy@localhost:1");
        options.client_cert_pem = parley_view("a certificate");
        options.client_key_pem = parley_view("sesame-client");
        options.headers = &header;
        options.header_count = 1;
        begin(&options);
        bytes = parley_memory_needed(&options);
        assert_int_equal(holds(memory, bytes, "sesame-key"), on);
        assert_int_equal(holds(memory, bytes, "sesame-header"), on);
        assert_int_equal(holds(memory, bytes, "sesame-proxy"), on);
        assert_int_equal(holds(memory, bytes, "sesame-client"), on);
        parley_close(c);
        c = NULL;
        assert_false(holds(memory, bytes, "sesame"));
        tear_down(NULL);
        set_up_links(state);
    }
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up_links, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_break_is_told_with_its_reason_and_the_wait),
        STORY(nothing_is_tried_before_its_time),
        STORY(the_host_hears_of_one_attempt_before_the_next),
        STORY(what_is_not_worth_it_ends_the_conversation),
        STORY(it_gives_up_in_the_end),
        STORY(stopping_while_it_waits),
        STORY(many_breaks_take_no_more_memory),
        STORY(what_was_said_is_given_in_its_order),
        STORY(what_is_typed_meanwhile_comes_behind_it),
        STORY(a_message_sent_in_part_is_sent_once_more),
        STORY(half_a_message_of_the_service_is_forgotten),
        STORY(the_oldest_goes_and_that_is_told),
        STORY(a_transcription_session_holds_no_items),
        STORY(version_1_in_kind),
        STORY(replies_that_were_due_are_asked_for_again),
        STORY(what_names_the_old_session_is_dropped),
        STORY(what_was_received_plays_on),
        STORY(a_reply_of_the_new_session_is_another),
        STORY(an_open_handoff_goes_on_as_messages),
        STORY(one_that_ends_meanwhile_is_told_once),
        STORY(one_that_ended_just_before_is_told_again),
        STORY(the_end_of_long_words_of_an_agent_stays_the_agents),
        STORY(what_an_agent_is_refused_did_not_happen),
        STORY(one_that_ended_while_the_network_was_stuck_keeps_its_place),
        STORY(progress_of_version_1_stays_behind_what_was_typed_before),
        STORY(what_waits_and_is_forgotten_comes_first),
        STORY(speech_without_a_text_is_sent_again),
        STORY(half_a_text_is_not_kept_beside_the_whole),
        STORY(speech_goes_on_while_there_is_no_link),
        STORY(speech_beyond_the_bound_is_shed_and_told),
        STORY(a_turn_longer_than_the_bound_loses_its_beginning),
        STORY(an_answered_turn_is_not_said_again),
        STORY(a_session_is_replaced_in_a_quiet_moment),
        STORY(at_the_latest_ten_seconds_before_its_end),
        STORY(an_expired_session_is_followed_by_another),
        STORY(the_key_stays_until_close_only_where_it_is_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
