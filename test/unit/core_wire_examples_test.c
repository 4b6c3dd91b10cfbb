/*
 * The reference's wire examples through a whole conversation: what the service says becomes the event the
 * example names, and what makes us speak gives the example's message. Each example of the file is a test of
 * its name; not here are call creation, the frames (test/wire), truncation (context) and JSON-RPC (cli).
 */
#include "test/unit/event_model.h"
#include "test/wire_examples.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The example being run; all are borrowed from the file's list. */
static json_t *message, *maps_to;
static const char *name;

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static enum parley_protocol protocol_of(const json_t *example)
{
    return strcmp(member(example, "version"), "v1") == 0 ? PARLEY_PROTOCOL_V1 : PARLEY_PROTOCOL_V2;
}

/* ---- what the service says ----------------------------------------------------------------------- */

/* The event in `maps_to`, without the remarks beside it. */
static json_t *event_of(const json_t *all)
{
    json_t *event = json_deep_copy(all);

    json_object_del(event, "note");
    json_object_del(event, "state");
    return event;
}

/* Difference: an error of this kind never ends a conversation (design, "Errors from the service"). */
static bool can_survive(const json_t *event)
{
    return strstr(member(event, "Error"), "already has an active response") != NULL;
}

/* An error ends it when the host wants the reference's behaviour; all else leaves it open. */
static void expect_it_goes_on(const json_t *event)
{
    struct parley_event closed;

    if (json_object_get(event, "Error") != NULL && options.close_on_error && !can_survive(event)) {
        closed = expect(PARLEY_EVENT_CLOSED);
        assert_int_equal(closed.closed, PARLEY_CLOSED_ERROR);
        return;
    }
    service_says("{\"type\":\"conversation.item.added\",\"item\":\"still there\"}");
    expect_view(expect(PARLEY_EVENT_ITEM_ADDED).json, "\"still there\"");
}

static void run_in(const json_t *example, enum parley_mode mode, bool close_on_error)
{
    const char *raw = json_string_value(json_object_get(message, "$raw"));
    char *text = json_dumps(message, JSON_COMPACT);
    json_t *event = event_of(maps_to);

    again();
    options.protocol = protocol_of(example);
    options.mode = mode;
    options.close_on_error = close_on_error;
    begin(&options);
    if (strcmp(name, "v2_in_agent_call_steer") == 0) {
        service_says(CALL("call_1", "working on it already"));
        expect(PARLEY_EVENT_HANDOFF);
    }
    service_says(raw != NULL ? raw : text);
    if (strcmp(name, "raw_not_json") == 0) /* difference: it is told that something was passed over */
        assert_int_equal(expect(PARLEY_EVENT_SKIPPED).status, PARLEY_ERR_JSON);
    else
        expect_model(event);
    expect_it_goes_on(event);
    json_decref(event);
    free(text);
}

static void test_in(void **state)
{
    const json_t *example = *state;

    message = json_object_get(example, "message");
    maps_to = json_object_get(example, "maps_to");
    name = member(example, "name");
    for (int i = 0; i < 4; i++)
        run_in(example, i % 2 == 0 ? PARLEY_CONVERSATIONAL : PARLEY_TRANSCRIPTION, i >= 2);
}

/* ---- what we say ----------------------------------------------------------------------------------- */

/* The example's descriptions of tools are placeholders: in both, they become empty. */
static void empty_descriptions(json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;

    json_object_foreach(value, key, inner)
    {
        if (strcmp(key, "description") == 0)
            json_string_set(inner, "");
        empty_descriptions(inner);
    }
    json_array_foreach(value, i, inner) empty_descriptions(inner);
}

/* The next message sent must be the example's. */
static void expect_the_example(void)
{
    json_t *wanted = json_deep_copy(message);
    const char *sent = next_sent(name);
    json_t *got = json_loads(sent, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(got);
    empty_descriptions(got);
    empty_descriptions(wanted);
    if (!json_equal(got, wanted))
        fail_msg("sent %s", sent);
    json_decref(got);
    json_decref(wanted);
}

static void session_update(void)
{
    const json_t *session = json_object_get(message, "session");
    const json_t *modality = json_array_get(json_object_get(session, "output_modalities"), 0);
    const json_t *output = json_object_get(json_object_get(session, "audio"), "output");

    /* What the example was asked for with stands in it. */
    options.voice = parley_view(json_string_value(json_object_get(output, "voice")));
    options.prompt = parley_view(member(session, "instructions"));
    if (modality != NULL && strcmp(json_string_value(modality), "text") == 0)
        options.modality = PARLEY_MODALITY_TEXT;
    open_with(&options);
    expect_the_example();
    expect_nothing_sent();
}

static void session_update_with_context(void)
{
    static const char context[] = "<startup_context>\nctx\n</startup_context>";

    options.prompt = parley_view("backend prompt");
    options.startup_context = parley_view(context);
    open_with(&options);
    expect_the_example();
}

static void audio(void)
{
    begin(&options);
    assert_int_equal(parley_send_audio(c, (int16_t[]){0x0201, 0x0403}, 2), 2);
    expect_the_example();
}

static void audio_of_another_rate(void)
{
    begin(&options);
    assert_int_equal(parley_send_audio_bytes(c, "\0\0\0\0\0", 6), 6);
    expect_the_example();
}

static void typed(const char *text)
{
    begin(&options);
    assert_int_equal(parley_send_text(c, parley_view(text)), PARLEY_OK);
    expect_the_example();
    expect_nothing_sent();
}

static void typed_hello(void)
{
    typed("hello there");
}

static void typed_again(void)
{
    typed("[USER] again");
}

static void typed_nothing(void)
{
    typed("");
}

static void mirrored(void)
{
    begin(&options);
    assert_int_equal(parley_mirror_text(c, parley_view("please run the tests")), PARLEY_OK);
    expect_the_example();
    expect_nothing_sent();
}

/* Reference 8.2's last example. */
static void mirrored_and_cut(void)
{
    begin(&options);
    assert_int_equal(parley_mirror_text(c, parley_view(long_turn(""))), PARLEY_OK);
    expect_the_example();
}

/* The agent works on call_1 or handoff_1, and says `text`. */
static void progress(const char *text)
{
    begin(&options);
    service_says(options.protocol == PARLEY_PROTOCOL_V1 ? V1_CALL("handoff_1", "work")
                                                        : CALL("call_1", "work"));
    expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(parley_agent_progress(c, parley_view(NULL), parley_view(text)), PARLEY_OK);
}

static void progress_plain(void)
{
    progress("I am looking at the failing test.");
    expect_the_example();
    expect_nothing_sent();
}

static void progress_with_label(void)
{
    progress("[BACKEND] done");
    expect_the_example();
}

static void final_output(void)
{
    progress("done");
    expect_sent(USER_ITEM("[BACKEND] done"));
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    expect_the_example();
    expect_sent(CREATE);
}

static void steering(void)
{
    progress("at it");
    next_sent("progress");
    service_says(CALL("call_2", "also fix the docs"));
    assert_true(expect(PARLEY_EVENT_HANDOFF).steering);
    expect_the_example();
    expect_sent(CREATE);
}

static void silence(void)
{
    begin(&options);
    service_says(
        "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"id\":\"item_s\","
        "\"name\":\"remain_silent\",\"call_id\":\"call_silent\",\"arguments\":\"{}\"}}");
    expect(PARLEY_EVENT_SILENCE);
    expect_the_example();
    expect_nothing_sent();
}

/* After an acknowledgement, and deferred until the response is over. */
static void create(void)
{
    begin(&options);
    service_says(CREATED);
    expect(PARLEY_EVENT_RESPONSE_CREATED);
    service_says(CALL("call_1", "work"));
    expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    next_sent("function_call_output");
    expect_nothing_sent();
    service_says(DONE);
    expect(PARLEY_EVENT_RESPONSE_DONE);
    expect_the_example();
}

static void truncate_by_samples(void)
{
    static const char frame[] =
        "{\"type\":\"response.output_audio.delta\",\"delta\":\"AQID\",\"channels\":1,"
        "\"sample_rate\":24000,\"samples_per_channel\":480,\"item_id\":\"item_audio\"}";

    begin(&options);
    for (int i = 0; i < 2; i++) {
        service_says(frame);
        expect(PARLEY_EVENT_AUDIO);
    }
    service_says("{\"type\":\"input_audio_buffer.speech_started\"}");
    expect(PARLEY_EVENT_SPEECH_STARTED);
    expect_the_example();
    expect_nothing_sent();
}

static void truncate_by_bytes(void)
{
    static char frame[6800];
    size_t at = (size_t)sprintf(
        frame, "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_b\",\"delta\":\"");

    memset(frame + at, 'A', 6400); /* 4800 bytes */
    strcpy(frame + at + 6400, "\"}");
    begin(&options);
    service_says(frame);
    expect(PARLEY_EVENT_AUDIO);
    service_says("{\"type\":\"input_audio_buffer.speech_started\"}");
    expect(PARLEY_EVENT_SPEECH_STARTED);
    expect_the_example();
}

static void append_first(void)
{
    progress("all tests pass");
    expect_the_example();
}

static void append_second(void)
{
    progress("first message");
    expect_sent(V1_APPEND("handoff_1", "first message"));
    assert_int_equal(parley_agent_progress(c, parley_view(NULL), parley_view("second message")), PARLEY_OK);
    expect_the_example();
}

/* ---- delegations ----------------------------------------------------------------------------------- */

/* A call that asks for `request`; the caller frees it. */
static char *call_for(const char *request)
{
    json_t *arguments = json_pack("{s:s}", "prompt", request);
    char *text = json_dumps(arguments, 0);
    json_t *call = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "type", "conversation.item.done", "item",
                             "type", "function_call", "name", "background_agent", "id", "item_f", "call_id",
                             "call_1", "arguments", *request != '\0' ? text : "");
    char *said = json_dumps(call, 0);

    json_decref(arguments);
    json_decref(call);
    free(text);
    return said;
}

static struct parley_event hand_over(const char *call)
{
    service_says(call);
    return expect(PARLEY_EVENT_HANDOFF);
}

/* What was said before, as in the example; its last line may be the request itself, which adds itself. */
static void say_before(const json_t *lines, const char *request)
{
    static char said[8][200];
    json_t *line;
    size_t i;

    json_array_foreach(lines, i, line)
    {
        bool user = strcmp(member(line, "role"), "user") == 0;

        if (strcmp(member(line, "text"), request) == 0)
            continue;
        assert_true(i < COUNT(said));
        snprintf(said[i], sizeof said[i], "{\"type\":\"%s\",\"transcript\":\"%s\"}",
                 user ? "conversation.item.input_audio_transcription.completed"
                      : "response.output_audio_transcript.done",
                 member(line, "text"));
        service_says(said[i]);
        expect(user ? PARLEY_EVENT_USER_DONE : PARLEY_EVENT_REPLY_DONE);
    }
}

static void delegation(void)
{
    json_t *from = json_object_get(maps_to, "from"), *lines = json_object_get(from, "active_transcript");
    const char *request = member(from, "input_transcript");
    char *call = call_for(request);
    struct parley_event event;

    begin(&options);
    say_before(lines, request);
    if (json_array_size(lines) == 0 && *request != '\0') { /* said before, and handed over with that */
        hand_over(call);
        parley_agent_done(c, parley_view(NULL));
    }
    event = hand_over(call);
    assert_int_equal(event.lines, json_array_size(lines));
    if (json_is_null(message))
        assert_int_equal(event.delegation.len, 0);
    else
        expect_view(event.delegation, member(message, "$text"));
    free(call);
}

/* ---- all of them ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(void);
} outbound[] = {
    {"v1_session_update", session_update_with_context},
    {"v1_session_update_empty_instructions", session_update},
    {"v1_session_update_transcription_ignored", session_update},
    {"v2_session_update_audio", session_update},
    {"v2_session_update_text", session_update},
    {"v2_session_update_transcription", session_update},
    {"v1_audio_append", audio},
    {"v2_audio_append", audio},
    {"v2_audio_append_odd_rate_not_converted", audio_of_another_rate},
    {"v1_user_text", typed_hello},
    {"v2_user_text", typed_hello},
    {"v2_user_text_already_prefixed", typed_again},
    {"v2_user_text_empty", typed_nothing},
    {"v2_user_turn_mirror", mirrored},
    {"v2_user_turn_mirror_truncated", mirrored_and_cut},
    {"v2_agent_progress", progress_plain},
    {"v2_agent_progress_already_prefixed", progress_with_label},
    {"v2_final_ack", final_output},
    {"v2_steer_ack", steering},
    {"v2_silence_ack", silence},
    {"v2_response_create", create},
    {"v2_truncate_with_item", truncate_by_samples},
    {"v2_truncate_from_bytes", truncate_by_bytes},
    {"v1_handoff_append", append_first},
    {"v1_handoff_append_second", append_second},
    {"deleg_input_only", delegation},
    {"deleg_with_transcript", delegation},
    {"deleg_transcript_fallback", delegation},
    {"deleg_escape", delegation},
    {"deleg_none", delegation},
};

static void test_out(void **state)
{
    const json_t *example = *state;
    size_t i = 0;

    message = json_object_get(example, "message");
    maps_to = json_object_get(example, "maps_to");
    name = member(example, "name");
    options.protocol = protocol_of(example);
    options.mode =
        strcmp(member(example, "mode"), "transcription") == 0 ? PARLEY_TRANSCRIPTION : PARLEY_CONVERSATIONAL;
    while (i < COUNT(outbound) && strcmp(outbound[i].name, name) != 0)
        i++;
    if (i == COUNT(outbound))
        fail_msg("nothing here sends %s", name);
    outbound[i].run();
}

/* Whether an example is for this program. */
static bool is_ours(const json_t *example)
{
    const char *mode = member(example, "mode");
    const json_t *what = json_object_get(example, "message");

    return strcmp(mode, "jsonrpc") != 0 && strcmp(mode, "truncation") != 0 &&
           json_object_get(what, "$http") == NULL && json_object_get(what, "$frame") == NULL &&
           strcmp(member(json_object_get(example, "maps_to"), "state"), "L") != 0;
}

int main(void)
{
    static struct CMUnitTest tests[200];
    static json_t *examples[200];
    FILE *file = NULL;
    size_t count = 0;
    json_t *example;
    int failed;

    while ((example = next_example(&file)) != NULL) {
        assert_true(count < COUNT(tests));
        if (!is_ours(example)) {
            json_decref(example);
            continue;
        }
        examples[count] = example;
        tests[count++] = (struct CMUnitTest){
            member(example, "name"), strcmp(member(example, "direction"), "in") == 0 ? test_in : test_out,
            set_up, tear_down, example};
    }
    failed = _cmocka_run_group_tests("core_wire_examples", tests, count, NULL, NULL);
    while (count > 0)
        json_decref(examples[--count]);
    return failed;
}
