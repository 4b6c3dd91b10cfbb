/* The conversation against a peer of the test's own on the loopback: what it sends, says and ends with. */
#include "test/unit/conversation.h"
#include "test/wire_examples.h"

/* ---- life -------------------------------------------------------------------------------------- */

static void it_starts_with_session_update_and_ends_when_asked(void **state)
{
    struct parley_event event;

    (void)state;
    options.session_id = parley_view("conv_1");
    open_with(&options);
    do {
        assert_int_equal(parley_next_event(c, &event), 1);
    } while (event.kind == PARLEY_EVENT_LINK);
    assert_int_equal(event.kind, PARLEY_EVENT_STARTED);
    expect_view(event.session_id, "conv_1");
    parley_stop(c);
    event = expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_REQUESTED);
    assert_int_equal(peer_state.close_code, 1000);
    assert_int_equal(parley_next_event(c, &event), PARLEY_ERR_CLOSED);
    assert_int_equal(parley_next_event(c, &event), PARLEY_ERR_CLOSED);
    assert_int_equal(parley_service(c, now_us), PARLEY_ERR_CLOSED);
    assert_int_equal(parley_send_text(c, parley_view("too late")), PARLEY_ERR_STATE);
    assert_int_equal(parley_send_audio(c, (int16_t[]){0}, 1), PARLEY_ERR_STATE);
}

static void a_close_by_the_service_comes_after_what_it_said(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says(CREATED);
    service_says(DONE);
    peer_state.end = PARLEY_ERR_PEER_CLOSED;
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    event = expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_TRANSPORT);
    assert_int_equal(parley_next_event(c, &event), PARLEY_ERR_PEER_CLOSED);
}

static void a_broken_link_is_an_error_and_then_the_end(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    peer_state.end = PARLEY_ERR_LOST;
    event = expect(PARLEY_EVENT_ERROR);
    assert_true(event.fatal);
    assert_int_equal(event.status, PARLEY_ERR_LOST);
    event = expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_ERROR);
    assert_int_equal(parley_error(c)->status, PARLEY_ERR_LOST);
}

static void the_block_may_be_exact_and_not_a_byte_less(void **state)
{
    struct parley_error error;
    size_t bytes;

    (void)state;
    options.peer = &peer;
    bytes = parley_memory_needed(&options);
    memory = malloc(bytes + 1);
    for (size_t shift = 0; shift < 2; shift++) {
        assert_int_equal(parley_open(&c, (char *)memory + shift, bytes, &options, 1, &error), PARLEY_OK);
        parley_close(c);
        c = NULL;
    }
    assert_int_equal(parley_open(&c, memory, bytes / 2, &options, 1, &error), PARLEY_ERR_MEMORY);
    assert_null(c);
    assert_true(strlen(error.text) > 0);
}

/* Certificates that are texts lie in the block only for other links to come, each byte of them once. */
static void texts_of_certificates_take_what_they_are_long(void **state)
{
    static char text[4096];

    (void)state;
    options.peer = &peer;
    for (int on = 0; on < 2; on++) {
        struct parley_error error;
        size_t bytes, without;

        options.reconnect.on = on;
        options.ca_pem = options.client_cert_pem = options.client_key_pem = parley_view("");
        without = parley_memory_needed(&options);
        options.ca_pem = parley_view_of(text, 4096);
        options.client_cert_pem = parley_view_of(text, 1024);
        options.client_key_pem = parley_view_of(text, 256);
        bytes = parley_memory_needed(&options);
        assert_int_equal(bytes - without, on ? 4096 + 1024 + 256 : 0);
        memory = malloc(bytes);
        assert_int_equal(parley_open(&c, memory, bytes, &options, 1, &error), PARLEY_OK);
        parley_close(c);
        c = NULL;
        free(memory);
    }
    memory = NULL;
}

static void a_key_leaves_no_trace_in_the_block(void **state)
{
    static const char key[] = "sk-secret-0123456789";
    struct parley_error error;
    size_t bytes;

    (void)state;
    options.peer = &peer;
    options.api_key = parley_view(key);
    bytes = parley_memory_needed(&options);
    memory = calloc(1, bytes);
    assert_int_equal(parley_open(&c, memory, bytes, &options, 1, &error), PARLEY_OK);
    parley_close(c);
    c = NULL;
    for (size_t i = 0; i + sizeof key <= bytes; i++)
        assert_memory_not_equal((char *)memory + i, key, sizeof key - 1);
}

static void wrong_options_are_named(void **state)
{
    static const struct {
        const char *title, *voice, *session, *key;
        int modality, protocol;
        size_t inbox;
        const char *text;
    } rows[] = {
        {"a voice of the other version", "cove", NULL, NULL, 0, PARLEY_PROTOCOL_V2, 0,
         "realtime voice `cove` is not supported for v2; supported voices: alloy, ash, ballad, coral, echo, "
         "sage, shimmer, verse, marin, cedar"},
        {"a voice of v2 on v1", "marin", NULL, NULL, 0, PARLEY_PROTOCOL_V1, 0,
         "realtime voice `marin` is not supported for v1; supported voices: juniper, maple, spruce, ember, "
         "vale, breeze, arbor, sol, cove"},
        {"text on v1", NULL, NULL, NULL, PARLEY_MODALITY_TEXT, PARLEY_PROTOCOL_V1, 0,
         "text realtime output modality requires realtime v2"},
        {"an inbox that is too small", NULL, NULL, NULL, 0, PARLEY_PROTOCOL_V2, 10,
         "limits.inbox_bytes is 10, not within 1024 and 4294967295"},
        {"a line end in the session id", NULL, "a\r\nb", NULL, 0, PARLEY_PROTOCOL_V2, 0,
         "invalid realtime session id header: it holds a control character"},
        {"a line end in the key", NULL, NULL, "sk\n", 0, PARLEY_PROTOCOL_V2, 0,
         "invalid realtime api key header: it holds a control character"},
        {"an unknown protocol", NULL, NULL, NULL, 0, 7, 0, "protocol 7 is not known"},
    };
    static unsigned char block[100];
    struct parley_error error;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_options o = PARLEY_OPTIONS_DEFAULT;
        o.peer = &peer;
        o.voice = parley_view(rows[i].voice);
        o.session_id = parley_view(rows[i].session);
        o.api_key = parley_view(rows[i].key);
        o.modality = (enum parley_modality)rows[i].modality;
        o.protocol = (enum parley_protocol)rows[i].protocol;
        o.limits.inbox_bytes = rows[i].inbox;
        assert_int_equal(parley_memory_needed(&o), 0);
        memory = malloc(1000000);
        assert_true(parley_open(&c, memory, 1000000, &o, 1, &error) < 0);
        assert_string_equal(error.text, rows[i].text);
        assert_true(parley_open(&c, NULL, 0, &o, 1, &error) < 0);
        assert_string_equal(error.text, rows[i].text);
        assert_true(parley_open(&c, memory, 0, &o, 1, &error) < 0); /* what malloc(0) gave */
        assert_string_equal(error.text, rows[i].text);
        free(memory);
        memory = NULL;
    }
    assert_int_equal(parley_open(&c, block, sizeof block, &options, 1, &error), PARLEY_ERR_MEMORY);
    assert_int_equal(parley_open(&c, NULL, 0, &options, 1, &error), PARLEY_ERR_MEMORY);
    assert_string_equal(error.text, "no memory block was given");
}

/* ---- text and responses ------------------------------------------------------------------------ */

static void typed_text_is_labelled_and_asks_for_nothing(void **state)
{
    (void)state;
    begin(&options);
    assert_int_equal(parley_send_text(c, parley_view("hello \"there\"")), PARLEY_OK);
    assert_int_equal(parley_send_text(c, parley_view("[USER] again")), PARLEY_OK);
    assert_int_equal(parley_send_text(c, parley_view("")), PARLEY_OK);
    assert_int_equal(parley_send_text(c, parley_view("\xff")), PARLEY_ERR_UTF8);
    expect_sent(USER_ITEM("[USER] hello \\\"there\\\""));
    expect_sent(USER_ITEM("[USER] again"));
    expect_sent(USER_ITEM(""));
    expect_nothing_sent();
}

static void a_typed_turn_is_mirrored_and_cut(void **state)
{
    json_t *message;
    const char *text;

    (void)state;
    begin(&options);
    assert_int_equal(parley_mirror_text(c, parley_view("please run the tests")), PARLEY_OK);
    expect_sent(USER_ITEM("[USER] please run the tests"));
    assert_int_equal(parley_mirror_text(c, parley_view("")), PARLEY_OK);
    assert_int_equal(parley_mirror_text(c, parley_view(long_turn(""))), PARLEY_OK);
    serve();
    message = json_loads(peer_state.got[peer_state.got_read++], 0, NULL);
    assert_int_equal(json_unpack(message, "{s:{s:[{s:s}]}}", "item", "content", "text", &text), 0);
    assert_int_equal(strlen(text), 1199); /* the reference's own example (8.2) */
    assert_non_null(strstr(text, "[USER] mirror-head alpha"));
    assert_non_null(strstr(text, "alpha alp\xE2\x80\xA6"
                                 "2419 tokens truncated\xE2\x80\xA6"
                                 "ega omega"));
    json_decref(message);
    expect_nothing_sent();
}

static void the_agent_is_told_that_the_user_speaks(void **state)
{
    char out[4096];
    long len = parley_agent_notice(true, parley_view(NULL), out, sizeof out);

    (void)state;
    assert_true(parley_view_starts(parley_view_of(out, (size_t)len),
                                   parley_view("<realtime_conversation>\nRealtime conversation started.")));
    len = parley_agent_notice(true, parley_view(" mine <x>"), out, sizeof out);
    expect_view(parley_view_of(out, (size_t)len),
                "<realtime_conversation>\n mine <x>\n</realtime_conversation>");
    len = parley_agent_notice(false, parley_view(NULL), out, sizeof out);
    assert_true(parley_view_starts(parley_view_of(out, (size_t)len),
                                   parley_view("<realtime_conversation>\nRealtime conversation ended.")));
    assert_memory_equal(out + len - 43, "\n\nReason: inactive\n</realtime_conversation>", 43);
    assert_int_equal(parley_agent_notice(false, parley_view(NULL), out, 20), PARLEY_ERR_TOO_LONG);
}

static void a_second_wish_waits_for_the_end_of_the_response(void **state)
{
    (void)state;
    begin(&options);
    parley_request_reply(c);
    expect_sent(CREATE);
    parley_request_reply(c);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    parley_request_reply(c);
    expect_nothing_sent();
    service_says("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_0\"}}"); /* stale */
    expect(PARLEY_EVENT_RESPONSE_DONE);
    service_says("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_9\",\"conversation_id\":null}}");
    expect(PARLEY_EVENT_RESPONSE_DONE);
    expect_nothing_sent();
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    expect_sent(CREATE);
    expect_nothing_sent();
}

static void an_active_response_defers_and_never_ends_anything(void **state)
{
    struct parley_event event;

    (void)state;
    options.close_on_error = true;
    begin(&options);
    parley_request_reply(c);
    expect_sent(CREATE);
    service_says("{\"type\":\"error\",\"error\":{\"code\":\"conversation_already_has_active_response\","
                 "\"message\":\"Conversation already has an active response in progress: resp_1. Wait.\"}}");
    event = expect(PARLEY_EVENT_ERROR);
    assert_false(event.fatal);
    expect_view(event.code, "conversation_already_has_active_response");
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    expect_sent(CREATE);
}

static void errors_end_the_conversation_only_when_they_must(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says("{\"type\":\"error\",\"error\":{\"code\":\"unknown_parameter\",\"message\":\"boom\"}}");
    event = expect(PARLEY_EVENT_ERROR);
    assert_false(event.fatal);
    expect_view(event.text, "boom");
    service_says("{\"type\":\"error\",\"error\":{\"code\":\"session_expired\",\"message\":\"over\"}}");
    event = expect(PARLEY_EVENT_ERROR);
    assert_true(event.fatal);
    event = expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_ERROR);
    assert_string_equal(parley_error(c)->text, "service: over");
}

/* The words of our own error are cut between characters: after 255 bytes, as there are no half ones. */
static void a_long_error_is_cut_between_characters(void **state)
{
    char message[900] = "{\"type\":\"error\",\"error\":{\"code\":\"invalid_api_key\",\"message\":\"x";
    const char *told;

    (void)state;
    begin(&options);
    for (int i = 0; i < 300; i++)
        strcat(message, "\xC3\xA4");
    strcat(message, "\"}}");
    service_says(message);
    assert_true(expect(PARLEY_EVENT_ERROR).fatal);
    told = parley_error(c)->text;
    assert_int_equal(strlen(told), strlen("service: x") + 2 * 127);
    assert_string_equal(told + strlen(told) - 2, "\xC3\xA4");
}

static void close_on_error_ends_it_with_any_error(void **state)
{
    (void)state;
    options.close_on_error = true;
    begin(&options);
    service_says("{\"type\":\"error\"}"); /* ignored (reference 4.1) */
    expect_nothing();
    service_says("{\"type\":\"error\",\"message\":\"top boom\"}");
    assert_true(expect(PARLEY_EVENT_ERROR).fatal);
    expect(PARLEY_EVENT_CLOSED);
}

/* ---- audio ------------------------------------------------------------------------------------- */

static void microphone_audio_is_sent_as_it_comes(void **state)
{
    (void)state;
    begin(&options);
    assert_int_equal(parley_send_audio(c, (int16_t[]){0x0201, 0x0403}, 2), 2);
    expect_sent("{\"type\":\"input_audio_buffer.append\",\"audio\":\"AQIDBA==\"}");
}

static void speech_cuts_the_reply_where_it_was_heard(void **state)
{
    struct parley_event event;
    int16_t out[2400];

    (void)state;
    begin(&options);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    service_says(audio_ms(100));
    event = expect(PARLEY_EVENT_AUDIO);
    assert_int_equal(event.samples, 2400);
    assert_int_equal((uintptr_t)event.pcm % 2, 0);
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    assert_int_equal(parley_read_audio(c, out, 700), 700);
    service_says(SPEECH);
    expect_view(expect(PARLEY_EVENT_SPEECH_STARTED).item_id, "item_user_2");
    event = expect(PARLEY_EVENT_INTERRUPTED);
    expect_view(event.item_id, "item_a");
    assert_int_equal(event.heard_ms, 29);
    assert_int_equal(event.reason, PARLEY_REASON_SPEECH);
    expect_sent("{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_a\",\"content_index\":0,"
                "\"audio_end_ms\":29}");
    assert_int_equal(parley_read_audio(c, out, 700), 0);
    service_says(SPEECH);
    expect(PARLEY_EVENT_SPEECH_STARTED);
    expect_nothing();
    expect_nothing_sent();
}

static void a_reply_nobody_heard_is_deleted(void **state)
{
    int16_t out[10];

    (void)state;
    begin(&options);
    parley_read_audio(c, out, 10); /* this host plays */
    service_says(audio_ms(100));
    expect(PARLEY_EVENT_AUDIO);
    service_says(SPEECH);
    expect(PARLEY_EVENT_SPEECH_STARTED);
    assert_int_equal(expect(PARLEY_EVENT_INTERRUPTED).heard_ms, 0);
    expect_sent("{\"type\":\"conversation.item.delete\",\"item_id\":\"item_a\"}");
    service_says(audio_ms(20));
    assert_true(expect(PARLEY_EVENT_AUDIO).late);
    assert_int_equal(parley_read_audio(c, out, 10), 0);
}

static void the_host_cuts_and_cancels(void **state)
{
    int16_t out[240];

    (void)state;
    begin(&options);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    service_says(audio_ms(50));
    expect(PARLEY_EVENT_AUDIO);
    parley_read_audio(c, out, 240);
    assert_int_equal(parley_interrupt(c, PARLEY_REASON_HOST), 1);
    expect_sent("{\"type\":\"response.cancel\"}");
    expect_sent("{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_a\",\"content_index\":0,"
                "\"audio_end_ms\":10}");
    assert_int_equal(expect(PARLEY_EVENT_INTERRUPTED).reason, PARLEY_REASON_HOST);
    assert_int_equal(parley_interrupt(c, PARLEY_REASON_SPEECH), 0);
}

static void a_reply_heard_to_its_end_is_told(void **state)
{
    struct parley_interest want[PARLEY_INTERESTS];
    int16_t out[2400];

    (void)state;
    begin(&options);
    parley_playout_delay(c, 80000);
    service_says(audio_ms(100));
    expect(PARLEY_EVENT_AUDIO);
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    parley_read_audio(c, out, 2400);
    expect_nothing();
    parley_interest(c, want);
    assert_int_equal(want[0].deadline_us, now_us + 80000);
    now_us += 80000;
    assert_int_equal(expect(PARLEY_EVENT_PLAYED).heard_ms, 100);
    expect_nothing();
}

static void the_service_knows_better_how_long_a_reply_is(void **state)
{
    static const char shorter[] = "{\"type\":\"error\",\"error\":{\"code\":\"invalid_value\",\"message\":"
                                  "\"Audio content of 90ms is already shorter than 100ms\"}}";

    (void)state;
    options.close_on_error = true;
    options.limits.output_audio_ms = PARLEY_LIMIT_NONE;
    begin(&options);
    service_says(audio_ms(100));
    expect(PARLEY_EVENT_AUDIO);
    service_says(SPEECH);
    expect(PARLEY_EVENT_SPEECH_STARTED);
    expect(PARLEY_EVENT_INTERRUPTED);
    expect_sent("{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_a\",\"content_index\":0,"
                "\"audio_end_ms\":100}");
    service_says(shorter);
    assert_false(expect(PARLEY_EVENT_ERROR).fatal);
    expect_sent("{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_a\",\"content_index\":0,"
                "\"audio_end_ms\":90}");
    service_says(shorter); /* once is enough */
    assert_true(expect(PARLEY_EVENT_ERROR).fatal);
    expect_nothing_sent();
}

static void a_full_queue_brakes_the_service(void **state)
{
    struct parley_interest want[PARLEY_INTERESTS];
    int16_t out[2400];

    (void)state;
    begin(&options);
    parley_read_audio(c, out, 1);
    for (int i = 0; i < 10; i++) {
        service_says(audio_ms(100));
        expect(PARLEY_EVENT_AUDIO);
    }
    service_says(audio_ms(100));
    service_says(DONE);
    expect_nothing();
    parley_interest(c, want);
    assert_true(want[0].deadline_us > now_us); /* it waits, it does not spin */
    parley_read_audio(c, out, 2400);
    expect(PARLEY_EVENT_AUDIO);
    expect(PARLEY_EVENT_RESPONSE_DONE);
}

/* v1 tells neither of responses nor to which item audio belongs: an item that is done ends a reply. */
static void on_v1_a_reply_behind_one_that_was_cut_is_heard(void **state)
{
    static const char audio[] = "{\"type\":\"conversation.output_audio.delta\",\"sample_rate\":24000,"
                                "\"channels\":1,\"delta\":\"AAAAAAAA\"}";
    static const char done[] = "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_1\"}}";
    int16_t pcm[8];

    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    begin(&options);
    assert_int_equal(parley_read_audio(c, pcm, 8), 0);
    service_says(audio);
    assert_false(expect(PARLEY_EVENT_AUDIO).late);
    assert_int_equal(parley_interrupt(c, PARLEY_REASON_HOST), 1);
    expect(PARLEY_EVENT_INTERRUPTED);
    service_says(audio);
    assert_true(expect(PARLEY_EVENT_AUDIO).late);
    service_says(done);
    expect(PARLEY_EVENT_ITEM_DONE);
    service_says(audio);
    assert_false(expect(PARLEY_EVENT_AUDIO).late);
    service_says(done);
    expect(PARLEY_EVENT_ITEM_DONE);
    assert_int_equal(parley_read_audio(c, pcm, 8), 3);
    expect(PARLEY_EVENT_PLAYED);
}

static void microphone_audio_sheds_its_oldest(void **state)
{
    static int16_t pcm[240000];
    struct parley_event event;
    struct parley_stats stats;

    (void)state;
    options.limits.input_audio_ms = 200;
    options.peer = &peer;
    memory = malloc(parley_memory_needed(&options));
    parley_open(&c, memory, parley_memory_needed(&options), &options, 1, NULL);
    assert_int_equal(parley_send_audio(c, pcm, 12000), 12000); /* the link is not up yet */
    event = expect(PARLEY_EVENT_LINK);
    while (event.kind != PARLEY_EVENT_SHED)
        assert_int_equal(parley_next_event(c, &event), 1);
    assert_int_equal(event.samples, 12000 - 4800);
    parley_stats(c, &stats);
    assert_int_equal(stats.input_samples, 12000);
    assert_int_equal(stats.input_shed, 7200);
}

/* ---- the agent --------------------------------------------------------------------------------- */

static void work_goes_out_and_its_result_comes_back(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says(
        "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"hi <you>\"}");
    expect(PARLEY_EVENT_USER_DONE);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    service_says(CALL("call_1", "{\\\"prompt\\\":\\\"run ls\\\"}"));
    event = expect(PARLEY_EVENT_HANDOFF);
    expect_view(event.handoff_id, "call_1");
    expect_view(event.text, "run ls");
    expect_view(event.delegation,
                "<realtime_delegation>\n  <input>run ls</input>\n  <transcript_delta>user: hi "
                "&lt;you&gt;\nuser: run ls</transcript_delta>\n</realtime_delegation>");
    assert_false(event.steering);
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    expect_view(parley_handoff_id(c), "call_1");
    assert_int_equal(parley_agent_progress(c, parley_view("call_1"), parley_view("two files")), PARLEY_OK);
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    expect_sent(USER_ITEM("[BACKEND] two files"));
    expect_sent(OUTPUT("call_1", FINISHED));
    expect_sent(CREATE);
    expect_nothing_sent();
    assert_int_equal(parley_agent_progress(c, parley_view("call_1"), parley_view("late")), PARLEY_ERR_STATE);
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_ERR_STATE);
}

static void a_final_waits_with_its_create_for_the_running_response(void **state)
{
    (void)state;
    begin(&options);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    service_says(CALL("call_1", "run"));
    expect(PARLEY_EVENT_HANDOFF);
    parley_agent_done(c, parley_view(NULL));
    serve();
    assert_non_null(strstr(peer_state.got[peer_state.got_read], "function_call_output"));
    peer_state.got_read++;
    expect_nothing_sent();
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    expect_sent(CREATE);
}

static void a_request_while_the_agent_works_steers(void **state)
{
    (void)state;
    begin(&options);
    service_says(CALL("call_1", "count"));
    expect(PARLEY_EVENT_HANDOFF);
    service_says(CALL("call_2", "only the red ones"));
    assert_true(expect(PARLEY_EVENT_HANDOFF).steering);
    expect_sent(OUTPUT("call_2", STEERED));
    expect_sent(CREATE);
    expect_view(parley_handoff_id(c), "call_1");
    assert_int_equal(parley_agent_progress(c, parley_view("call_2"), parley_view("x")), PARLEY_ERR_STATE);
}

static void an_empty_request_is_answered_at_once(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says(CALL("call_1", ""));
    event = expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(event.delegation.len, 0);
    serve();
    assert_int_equal(peer_state.got_write - peer_state.got_read, 2);
    assert_non_null(strstr(peer_state.got[peer_state.got_read], "\"call_1\""));
    peer_state.got_read++;
    expect_sent(CREATE);
    assert_int_equal(parley_handoff_id(c).len, 0);
    service_says(CALL("call_2", "work"));
    assert_false(expect(PARLEY_EVENT_HANDOFF).steering);
}

static void silence_is_acknowledged_and_stays_silent(void **state)
{
    (void)state;
    begin(&options);
    service_says(
        "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_s\",\"type\":\"function_call\","
        "\"name\":\"remain_silent\",\"call_id\":\"call_s\",\"arguments\":\"{}\"}}");
    expect_view(expect(PARLEY_EVENT_SILENCE).handoff_id, "call_s");
    expect_sent(OUTPUT("call_s", ""));
    expect_nothing_sent();
}

static void a_second_handoff_gets_what_was_said_since(void **state)
{
    (void)state;
    begin(&options);
    service_says(CALL("call_1", "first"));
    expect(PARLEY_EVENT_HANDOFF);
    parley_agent_done(c, parley_view(NULL));
    service_says("{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"done it\"}");
    expect(PARLEY_EVENT_REPLY_DONE);
    service_says(CALL("call_2", "second"));
    expect_view(
        expect(PARLEY_EVENT_HANDOFF).delegation,
        "<realtime_delegation>\n  <input>second</input>\n  <transcript_delta>assistant: done it\nuser: "
        "second</transcript_delta>\n</realtime_delegation>");
}

static void v1_hands_over_without_function_calls(void **state)
{
    struct parley_event event;
    struct parley_line line;

    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    begin(&options);
    service_says("{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"assistant context\"}");
    expect(PARLEY_EVENT_REPLY_DELTA);
    service_says(V1_CALL("h1", "delegate now"));
    event = expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(event.lines, 2);
    assert_true(parley_handoff_line(c, 0, &line));
    assert_string_equal(line.role, "assistant");
    assert_true(parley_handoff_line(c, 1, &line));
    expect_view(line.text, "delegate now");
    assert_false(parley_handoff_line(c, 2, &line));
    parley_agent_progress(c, parley_view("h1"), parley_view("one"));
    expect_sent(V1_APPEND("h1", "one"));
    service_says(V1_CALL("h2", "and this"));
    assert_true(expect(PARLEY_EVENT_HANDOFF).steering);
    expect_view(parley_handoff_id(c), "h2");
    parley_agent_progress(c, parley_view(NULL), parley_view("two"));
    expect_sent(V1_APPEND("h2", "two"));
    parley_agent_done(c, parley_view(NULL));
    expect_nothing_sent();
    assert_int_equal(parley_send_text(c, parley_view("typed")), PARLEY_OK);
    expect_sent(V1_USER_ITEM("typed"));
    assert_int_equal(parley_request_reply(c), PARLEY_ERR_STATE);
}

static void a_full_outbox_says_not_now_and_loses_nothing(void **state)
{
    char text[1000];
    int sent = 0, status;

    (void)state;
    options.limits.outbox_bytes = 16384;
    options.limits.link_send_bytes = 1024;
    options.peer = &peer;
    memory = malloc(parley_memory_needed(&options));
    parley_open(&c, memory, parley_memory_needed(&options), &options, 1, NULL);
    memset(text, 'x', sizeof text);
    while ((status = parley_send_text(c, parley_view_of(text, sizeof text))) == PARLEY_OK)
        sent++;
    assert_int_equal(status, PARLEY_ERR_FULL);
    assert_true(sent >= 8);
    assert_int_equal(parley_request_reply(c), PARLEY_OK); /* the reserve is for this */
    for (int i = 0; i < 100; i++)
        serve();
    assert_int_equal(peer_state.got_write, (size_t)sent + 2);
    assert_non_null(strstr(peer_state.got[0], "session.update"));
    assert_int_equal(parley_send_text(c, parley_view_of(text, sizeof text)), PARLEY_OK);
}

static void an_interruption_too_many_says_not_now(void **state)
{
    int taken = 0, status;

    (void)state;
    options.limits.outbox_bytes = 8192;
    begin(&options);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    peer.stuck = true;
    while ((status = parley_interrupt(c, PARLEY_REASON_HOST)) == 0 && taken < 10000)
        taken++; /* each cancels, and nothing goes out meanwhile */
    peer.stuck = false;
    assert_int_equal(status, PARLEY_ERR_FULL);
    assert_true(taken > 20);
    for (int i = 0; i < taken; i++)
        expect_sent("{\"type\":\"response.cancel\"}");
    expect_nothing_sent();
    assert_int_equal(parley_interrupt(c, PARLEY_REASON_HOST), 0);
    expect_sent("{\"type\":\"response.cancel\"}");
}

/* Nobody answers there, so nobody is asked: not even by a call, which a service has no reason to make. */
static void transcription_asks_for_no_response(void **state)
{
    (void)state;
    options.mode = PARLEY_TRANSCRIPTION;
    begin(&options);
    service_says(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"));
    expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(parley_agent_progress(c, parley_view(NULL), parley_view("found")), PARLEY_OK);
    expect_sent(USER_ITEM("[BACKEND] found"));
    assert_int_equal(parley_agent_done(c, parley_view(NULL)), PARLEY_OK);
    expect_sent(OUTPUT("call_1", FINISHED));
    service_says(CALL("call_2", ""));
    expect(PARLEY_EVENT_HANDOFF);
    next_sent("what an empty call is told");
    expect_nothing_sent();
}

/* ---- bad input --------------------------------------------------------------------------------- */

static void what_cannot_be_read_is_skipped_and_named(void **state)
{
    static char long_message[10000];
    static char long_id[600];
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says("{\"type\":\"response.created\",");
    event = expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(event.status, PARLEY_ERR_JSON);
    service_says("not json at all");
    event = expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(event.status, PARLEY_ERR_JSON);
    memset(long_message, ' ', sizeof long_message - 1);
    service_says(long_message);
    event = expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(event.status, PARLEY_ERR_TOO_LONG);
    expect_view(event.text, "a message of 9999 bytes is longer than the inbox of 8192");
    service_says("{\"type\":\"response.output_audio.delta\",\"item_id\":\"i\",\"delta\":\"AA*A\"}");
    event = expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(event.status, PARLEY_ERR_BASE64);
    sprintf(long_id,
            "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"message\",\"id\":\"%0300d\"}}", 7);
    service_says(long_id);
    event = expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(event.status, PARLEY_ERR_TOO_LONG);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
}

static void a_binary_message_is_skipped_or_ends_it(void **state)
{
    (void)state;
    begin(&options);
    peer_state.binary_next = true;
    service_says("xx");
    expect_view(expect(PARLEY_EVENT_SKIPPED).text, "unexpected binary realtime websocket event");
    again();
    options.close_on_error = true;
    begin(&options);
    peer_state.binary_next = true;
    service_says("xx");
    expect_view(expect(PARLEY_EVENT_ERROR).text, "unexpected binary realtime websocket event");
    assert_int_equal(expect(PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_ERROR);
}

static void absurd_sample_counts_do_not_stall(void **state)
{
    int16_t out[10];

    (void)state;
    begin(&options);
    parley_read_audio(c, out, 1);
    service_says(audio_ms(100));
    expect(PARLEY_EVENT_AUDIO);
    service_says("{\"type\":\"response.output_audio.delta\",\"item_id\":\"i\",\"delta\":\"AAAA\","
                 "\"samples_per_channel\":4294967295}");
    expect(PARLEY_EVENT_AUDIO);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
}

static void audio_is_handed_on_as_the_service_told_it(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    service_says("{\"type\":\"response.output_audio.delta\",\"delta\":\"AQID\",\"sample_rate\":24000,"
                 "\"channels\":1,\"samples_per_channel\":512}");
    event = expect(PARLEY_EVENT_AUDIO);
    assert_true(event.has_samples);
    assert_int_equal(event.samples_per_channel, 512);
    assert_int_equal(event.samples, 1);
    assert_int_equal(event.pcm_bytes, 3);
    assert_memory_equal((const char *)event.pcm + 2, "\x03", 1);
    service_says("{\"type\":\"response.output_audio.delta\",\"item_id\":\"i\",\"delta\":\"AAAA\"}");
    event = expect(PARLEY_EVENT_AUDIO);
    assert_false(event.has_samples);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_starts_with_session_update_and_ends_when_asked),
        TEST(a_close_by_the_service_comes_after_what_it_said),
        TEST(a_broken_link_is_an_error_and_then_the_end),
        TEST(the_block_may_be_exact_and_not_a_byte_less),
        TEST(texts_of_certificates_take_what_they_are_long),
        TEST(a_key_leaves_no_trace_in_the_block),
        TEST(wrong_options_are_named),
        TEST(typed_text_is_labelled_and_asks_for_nothing),
        TEST(a_typed_turn_is_mirrored_and_cut),
        TEST(the_agent_is_told_that_the_user_speaks),
        TEST(a_second_wish_waits_for_the_end_of_the_response),
        TEST(an_active_response_defers_and_never_ends_anything),
        TEST(errors_end_the_conversation_only_when_they_must),
        TEST(a_long_error_is_cut_between_characters),
        TEST(close_on_error_ends_it_with_any_error),
        TEST(microphone_audio_is_sent_as_it_comes),
        TEST(audio_is_handed_on_as_the_service_told_it),
        TEST(speech_cuts_the_reply_where_it_was_heard),
        TEST(a_reply_nobody_heard_is_deleted),
        TEST(the_host_cuts_and_cancels),
        TEST(a_reply_heard_to_its_end_is_told),
        TEST(the_service_knows_better_how_long_a_reply_is),
        TEST(a_full_queue_brakes_the_service),
        TEST(v1_hands_over_without_function_calls),
        TEST(on_v1_a_reply_behind_one_that_was_cut_is_heard),
        TEST(microphone_audio_sheds_its_oldest),
        TEST(work_goes_out_and_its_result_comes_back),
        TEST(a_final_waits_with_its_create_for_the_running_response),
        TEST(a_request_while_the_agent_works_steers),
        TEST(an_empty_request_is_answered_at_once),
        TEST(silence_is_acknowledged_and_stays_silent),
        TEST(a_second_handoff_gets_what_was_said_since),
        TEST(a_full_outbox_says_not_now_and_loses_nothing),
        TEST(an_interruption_too_many_says_not_now),
        TEST(transcription_asks_for_no_response),
        TEST(what_cannot_be_read_is_skipped_and_named),
        TEST(a_binary_message_is_skipped_or_ends_it),
        TEST(absurd_sample_counts_do_not_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
