/*
 * Lines of the reference's checklist that one conversation shows (13.4, 13.6, 13.8 to 13.15), each a test of
 * its number. What of them is told better as a story is in test/talk; test/conformance.txt has them all.
 */
#include "test/unit/conversation.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define SESSION "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\"}}"
#define USER_SAID(text)                                                                                      \
    "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"" text "\"}"
#define MODEL_SAID(text) "{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"" text "\"}"
#define PLAIN_SPEECH     "{\"type\":\"input_audio_buffer.speech_started\"}"

/* ---- 13.4: the connection ------------------------------------------------------------------------- */

static void v1_message_by_message(void **state)
{
    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    options.prompt = parley_view("be brief");
    options.voice = parley_view("sol");
    open_with(&options);
    expect_sent(
        "{\"type\":\"session.update\",\"session\":{\"type\":\"quicksilver\",\"instructions\":\"be brief\","
        "\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcm\",\"rate\":24000}},"
        "\"output\":{\"voice\":\"sol\"}}}}");
    expect(PARLEY_EVENT_LINK);
    expect(PARLEY_EVENT_STARTED);
    parley_send_audio(c, (int16_t[]){0x0201, 0x0403}, 2);
    expect_sent("{\"type\":\"input_audio_buffer.append\",\"audio\":\"AQIDBA==\"}");
    parley_send_text(c, parley_view("hello"));
    expect_sent(V1_USER_ITEM("hello"));
    service_says(SESSION);
    service_says("{\"type\":\"conversation.output_audio.delta\",\"delta\":\"AAAA\",\"sample_rate\":24000,"
                 "\"channels\":1}");
    service_says("{\"type\":\"conversation.input_transcript.delta\",\"delta\":\"do \"}");
    service_says("{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"ok\"}");
    service_says(V1_CALL("h1", "do it"));
    service_says("{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_1\"}}");
    expect(PARLEY_EVENT_SESSION_UPDATED);
    expect(PARLEY_EVENT_AUDIO);
    expect(PARLEY_EVENT_USER_DELTA);
    expect(PARLEY_EVENT_REPLY_DELTA);
    expect(PARLEY_EVENT_HANDOFF);
    expect(PARLEY_EVENT_ITEM_DONE);
    parley_agent_progress(c, parley_view("h1"), parley_view("done"));
    expect_sent(V1_APPEND("h1", "done"));
    expect_nothing_sent();
}

/* The session of the first message; *message is the caller's. */
static json_t *asked_for(json_t **message)
{
    open_with(&options);
    *message = json_loads(next_sent("session.update"), 0, NULL);
    assert_non_null(*message);
    return json_object_get(*message, "session");
}

/* Takes the session apart by a format of jansson's. */
#define UNPACK(session, ...) assert_int_equal(json_unpack(session, __VA_ARGS__), 0)

static void v2_asks_for_both_tools(void **state)
{
    const char *first, *second, *choice, *modality, *model, *vad;
    json_t *message, *session;
    int interrupt, create, silence_ms;

    (void)state;
    session = asked_for(&message);
    UNPACK(session, "{s:[{s:s},{s:s}!], s:s, s:[s!]}", "tools", "name", &first, "name", &second,
           "tool_choice", &choice, "output_modalities", &modality);
    assert_string_equal(first, "background_agent");
    assert_string_equal(second, "remain_silent");
    assert_string_equal(choice, "auto");
    assert_string_equal(modality, "audio");
    UNPACK(session, "{s:{s:{s:{s:s!}, s:{s:s, s:b, s:b, s:i!}}}}", "audio", "input", "transcription", "model",
           &model, "turn_detection", "type", &vad, "interrupt_response", &interrupt, "create_response",
           &create, "silence_duration_ms", &silence_ms);
    assert_string_equal(model, "gpt-4o-mini-transcribe");
    assert_string_equal(vad, "server_vad");
    assert_true(interrupt && create && silence_ms == 500);
    json_decref(message);
    expect(PARLEY_EVENT_LINK);
    expect(PARLEY_EVENT_STARTED);
    service_says(CALL("call_1", "work"));
    expect(PARLEY_EVENT_HANDOFF);
    parley_agent_progress(c, parley_view(NULL), parley_view("done"));
    parley_agent_done(c, parley_view(NULL));
    expect_sent(USER_ITEM("[BACKEND] done"));
    expect_sent(OUTPUT("call_1", FINISHED));
}

static void transcription_asks_for_little(void **state)
{
    (void)state;
    options.mode = PARLEY_TRANSCRIPTION;
    options.prompt = parley_view("not sent");
    open_with(&options);
    expect_sent("{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":{\"input\":{"
                "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},"
                "\"transcription\":{\"model\":\"gpt-4o-mini-transcribe\"}}}}}");
}

static void v1_knows_no_transcription(void **state)
{
    char conversational[8192];

    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    open_with(&options);
    snprintf(conversational, sizeof conversational, "%s", next_sent("session.update"));
    again();
    options.protocol = PARLEY_PROTOCOL_V1;
    options.mode = PARLEY_TRANSCRIPTION;
    open_with(&options);
    assert_string_equal(next_sent("session.update"), conversational);
}

static void sending_does_not_wait_for_reading(void **state)
{
    (void)state;
    begin(&options);
    service_says(SESSION);
    serve(); /* it has come, and nobody takes it */
    assert_int_equal(parley_send_text(c, parley_view("now")), PARLEY_OK);
    assert_int_equal(peer_state.got_write, 2); /* out within the call */
    expect_sent(USER_ITEM("[USER] now"));
    expect(PARLEY_EVENT_SESSION_UPDATED);
}

static void the_end_is_told_once(void **state)
{
    struct parley_event event;

    (void)state;
    begin(&options);
    peer_state.end = PARLEY_ERR_PEER_CLOSED;
    assert_int_equal(expect(PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_TRANSPORT);
    for (int i = 0; i < 2; i++) {
        serve();
        assert_int_equal(parley_next_event(c, &event), PARLEY_ERR_PEER_CLOSED);
    }
}

static void unknown_messages_are_passed_over(void **state)
{
    (void)state;
    begin(&options);
    service_says("{\"type\":\"rate_limits.updated\",\"rate_limits\":[]}");
    service_says("{\"type\":\"response.output_item.added\",\"item\":{\"id\":\"x\"}}");
    service_says("{\"type\":\"of.tomorrow\"}");
    service_says(SESSION);
    expect(PARLEY_EVENT_SESSION_UPDATED); /* at the first try */
}

/* ---- 13.6 and 13.9: what the session is asked to be -------------------------------------------------- */

static const struct session_line {
    const char *title, *override, *prompt, *context, *instructions;
} session_lines[] = {
    {"13.6/53 the override wins over the prompt", "from the settings", "from the request", NULL,
     "from the settings"},
    {"13.6/54 the prompt of the request", NULL, "from the request", NULL, "from the request"},
    {"13.6/55 an empty prompt stays empty", NULL, "", NULL, ""},
    {"13.9/89 an empty prompt leaves the built-in one out", NULL, "", "<ctx>", "<ctx>"},
    {"13.9/93 the override replaces the prompt of the request", "o", "p", "<ctx>", "o\n\n<ctx>"},
    {"13.9/94 the startup context of the host", NULL, "p", "<mine>", "p\n\n<mine>"},
    {"13.9/95 an empty startup context is none", NULL, "p", "", "p"},
};

static void test_session_line(void **state)
{
    const struct session_line *line = *state;
    const char *instructions;
    json_t *message;

    options.prompt_override = parley_view(line->override);
    options.prompt = parley_view(line->prompt);
    options.startup_context = parley_view(line->context);
    UNPACK(asked_for(&message), "{s:s}", "instructions", &instructions);
    assert_string_equal(instructions, line->instructions);
    json_decref(message);
}

static void the_built_in_prompt(void **state)
{
    const char *instructions;
    json_t *message;

    (void)state;
    options.user_first_name = parley_view("Zora");
    options.startup_context = parley_view("<ctx>");
    UNPACK(asked_for(&message), "{s:s}", "instructions", &instructions);
    assert_non_null(strstr(instructions, "Zora"));
    assert_non_null(strstr(instructions, "background_agent"));
    assert_null(strstr(instructions, "${"));
    assert_null(strstr(instructions, "{{"));
    assert_string_equal(instructions + strlen(instructions) - 7, "\n\n<ctx>");
    json_decref(message);
}

static void the_voice(void **state)
{
    const char *voice;
    json_t *message;

    (void)state;
    options.voice = parley_view("cedar");
    UNPACK(asked_for(&message), "{s:{s:{s:s}}}", "audio", "output", "voice", &voice);
    assert_string_equal(voice, "cedar");
    json_decref(message);
}

static void written_replies(void **state)
{
    const char *modality, *voice;
    json_t *message;

    (void)state;
    options.modality = PARLEY_MODALITY_TEXT;
    UNPACK(asked_for(&message), "{s:[s!], s:{s:{s:s}}}", "output_modalities", &modality, "audio", "output",
           "voice", &voice);
    assert_string_equal(modality, "text");
    assert_string_equal(voice, "marin"); /* the rest stays as it is */
    json_decref(message);
}

/* Difference: the call that opens it says so; there is no conversation that could have an event. */
static void expect_refused(const char *why)
{
    struct parley_error error;

    memory = malloc(1 << 20);
    options.peer = &peer;
    assert_int_equal(parley_open(&c, memory, 1 << 20, &options, 1, &error), PARLEY_ERR_ARGUMENT);
    assert_null(c);
    assert_string_equal(error.text, why);
    free(memory);
    memory = NULL;
}

static void a_voice_of_the_other_version(void **state)
{
    (void)state;
    options.voice = parley_view("cove");
    expect_refused(
        "realtime voice `cove` is not supported for v2; supported voices: alloy, ash, ballad, coral, "
        "echo, sage, shimmer, verse, marin, cedar");
    options.protocol = PARLEY_PROTOCOL_V1;
    options.voice = parley_view("alloy");
    expect_refused(
        "realtime voice `alloy` is not supported for v1; supported voices: juniper, maple, spruce, "
        "ember, vale, breeze, arbor, sol, cove");
}

static void written_replies_on_v1(void **state)
{
    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    options.modality = PARLEY_MODALITY_TEXT;
    expect_refused("text realtime output modality requires realtime v2");
}

/* ---- 13.6 and 13.12: what the agent is given ---------------------------------------------------------- */

static const struct delegation_line {
    const char *title;
    const char *said[3]; /* in turn, the user first; NULL ends it */
    const char *arguments, *envelope;
} delegation_lines[] = {
    {"13.6/57 the request comes before what was said",
     {"hi", "hello"},
     "run ls",
     "<realtime_delegation>\n  <input>run ls</input>\n  <transcript_delta>user: hi\nassistant: hello\n"
     "user: run ls</transcript_delta>\n</realtime_delegation>"},
    {"13.6/58 what was said in the place of a request",
     {"hi", "hello"},
     "",
     "<realtime_delegation>\n  <input>user: hi\nassistant: hello</input>\n  <transcript_delta>user: hi\n"
     "assistant: hello</transcript_delta>\n</realtime_delegation>"},
    {"13.6/59 request and transcript",
     {"run ls"},
     "run ls",
     "<realtime_delegation>\n  <input>run ls</input>\n  <transcript_delta>user: run ls</transcript_delta>\n"
     "</realtime_delegation>"},
    {"13.6/61 nothing at all", {NULL}, "", ""},
    {"13.6/63 special characters in both",
     {"a <b> & c"},
     "x < y && y > z",
     "<realtime_delegation>\n  <input>x &lt; y &amp;&amp; y &gt; z</input>\n  <transcript_delta>user: a "
     "&lt;b&gt; "
     "&amp; c\nuser: x &lt; y &amp;&amp; y &gt; z</transcript_delta>\n</realtime_delegation>"},
};

/* A call with these arguments; `text` is the caller's. */
static const char *write_call(char *text, const char *id, const char *arguments)
{
    sprintf(text,
            "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_%s\",\"type\":\"function_call\","
            "\"name\":\"background_agent\",\"call_id\":\"%s\",\"arguments\":\"%s\"}}",
            id, id, arguments);
    return text;
}

static void test_delegation_line(void **state)
{
    const struct delegation_line *line = *state;
    char said[COUNT(line->said)][200], call[400];

    begin(&options);
    for (size_t i = 0; line->said[i] != NULL; i++) {
        sprintf(said[i], i % 2 == 0 ? USER_SAID("%s") : MODEL_SAID("%s"), line->said[i]);
        service_says(said[i]);
        expect(i % 2 == 0 ? PARLEY_EVENT_USER_DONE : PARLEY_EVENT_REPLY_DONE);
    }
    service_says(write_call(call, "call_1", line->arguments));
    expect_view(expect(PARLEY_EVENT_HANDOFF).delegation, line->envelope);
}

/* A second handoff with the words of the first has nothing new to tell beside them. */
static void expect_alone(const char *arguments, const char *envelope)
{
    char calls[2][400];

    begin(&options);
    service_says(write_call(calls[0], "call_1", arguments));
    expect(PARLEY_EVENT_HANDOFF);
    parley_agent_done(c, parley_view(NULL));
    service_says(write_call(calls[1], "call_2", arguments));
    expect_view(expect(PARLEY_EVENT_HANDOFF).delegation, envelope);
}

static void a_request_alone(void **state)
{
    (void)state;
    expect_alone("run ls", "<realtime_delegation>\n  <input>run ls</input>\n</realtime_delegation>");
}

static void special_characters_alone(void **state)
{
    (void)state;
    expect_alone("a <b> &amp; 'c'",
                 "<realtime_delegation>\n  <input>a &lt;b&gt; &amp;amp; 'c'</input>\n</realtime_delegation>");
}

/* Difference: the caller is told that nobody wants it; the reference drops it and calls that a success. */
static void expect_nobody_wants_progress(const char *id)
{
    assert_int_equal(parley_agent_progress(c, parley_view(id), parley_view("late")), PARLEY_ERR_STATE);
    expect_nothing_sent();
}

static void a_handoff_that_is_over(void **state)
{
    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1; /* where nothing else is sent at its end */
    begin(&options);
    service_says(V1_CALL("h1", "work"));
    expect(PARLEY_EVENT_HANDOFF);
    expect_view(parley_handoff_id(c), "h1");
    assert_int_equal(parley_agent_done(c, parley_view(NULL)), PARLEY_OK);
    assert_null(parley_handoff_id(c).at);
    expect_nobody_wants_progress(NULL);
    expect_nobody_wants_progress("h1");
}

static void lines_since_the_last_handoff(void **state)
{
    struct parley_event event;
    struct parley_line line;

    (void)state;
    begin(&options);
    service_says(USER_SAID("hello"));
    service_says(CALL("call_1", "first"));
    expect(PARLEY_EVENT_USER_DONE);
    assert_int_equal(expect(PARLEY_EVENT_HANDOFF).lines, 2);
    service_says(MODEL_SAID("at it"));
    service_says(CALL("call_2", "second"));
    expect(PARLEY_EVENT_REPLY_DONE);
    event = expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(event.lines, 2);
    assert_true(parley_handoff_line(c, 0, &line));
    assert_string_equal(line.role, "assistant");
    expect_view(line.text, "at it");
    assert_true(parley_handoff_line(c, 1, &line));
    assert_string_equal(line.role, "user");
    expect_view(line.text, "second");
}

static void no_handoff_no_progress(void **state)
{
    (void)state;
    begin(&options);
    expect_nobody_wants_progress(NULL);
    again();
    options.protocol = PARLEY_PROTOCOL_V1;
    begin(&options);
    expect_nobody_wants_progress("codex");
}

/* ---- 13.8: after the end ------------------------------------------------------------------------------- */

static void after_the_end(void **state)
{
    (void)state;
    begin(&options);
    parley_stop(c);
    assert_int_equal(parley_send_audio(c, (int16_t[]){1}, 1), PARLEY_ERR_STATE);
    assert_int_equal(parley_send_text(c, parley_view("x")), PARLEY_ERR_STATE);
    expect(PARLEY_EVENT_CLOSED);
    assert_int_equal(parley_send_audio(c, (int16_t[]){1}, 1), PARLEY_ERR_STATE);
    assert_int_equal(parley_send_text(c, parley_view("x")), PARLEY_ERR_STATE);
    expect_nothing_sent();
}

/* ---- 13.11: typed text --------------------------------------------------------------------------------- */

static void a_long_turn_is_mirrored_in_part(void **state)
{
    static char turn[5000];
    json_t *message;
    const char *text;

    (void)state;
    memset(turn, 'a', sizeof turn - 1);
    memcpy(turn + sizeof turn - 4, "end", 3);
    begin(&options);
    assert_int_equal(parley_mirror_text(c, parley_view(turn)), PARLEY_OK);
    message = json_loads(next_sent("the turn"), 0, NULL);
    UNPACK(message, "{s:{s:[{s:s}]}}", "item", "content", "text", &text);
    assert_true(strlen(text) <= 300 * 4);
    assert_int_equal(strncmp(text, "[USER] aaa", 10), 0);
    assert_non_null(strstr(text, " tokens truncated"));
    assert_string_equal(text + strlen(text) - 3, "end");
    json_decref(message);
    expect_nothing_sent();
}

static void a_label_is_not_put_twice(void **state)
{
    (void)state;
    begin(&options);
    parley_send_text(c, parley_view("[USER] once"));
    parley_mirror_text(c, parley_view("[USER] and again"));
    expect_sent(USER_ITEM("[USER] once"));
    expect_sent(USER_ITEM("[USER] and again"));
}

/* ---- 13.14: what the agent is told of the conversation ----------------------------------------------------
 */

static void expect_notice(bool active, const char *custom, const char *begins, const char *ends)
{
    char out[4096];
    long len = parley_agent_notice(active, parley_view(custom), out, sizeof out - 1);

    assert_true(len >= (long)strlen(begins) && len >= (long)strlen(ends));
    out[len] = '\0';
    assert_int_equal(strncmp(out, begins, strlen(begins)), 0);
    assert_string_equal(out + len - strlen(ends), ends);
}

static void it_has_begun(void **state)
{
    (void)state;
    expect_notice(true, NULL, "<realtime_conversation>\nRealtime conversation started.",
                  "\n</realtime_conversation>");
}

static void it_is_over(void **state)
{
    (void)state;
    expect_notice(false, NULL, "<realtime_conversation>\nRealtime conversation ended.",
                  "\n\nReason: inactive\n</realtime_conversation>");
}

static void it_has_begun_in_words_of_the_host(void **state)
{
    (void)state;
    expect_notice(true, " Speak up & <be> clear. ",
                  "<realtime_conversation>\n Speak up & <be> clear. \n</realtime_conversation>",
                  " clear. \n</realtime_conversation>");
}

/* ---- 13.15: implied by the code
 * ---------------------------------------------------------------------------- */

/* Difference: the oldest goes, not the newest, and the host is told how much. */
static void a_full_microphone_queue(void **state)
{
    static int16_t pcm[4800 + 480];
    struct parley_event event = {.kind = PARLEY_EVENT_LINK};

    (void)state;
    for (size_t i = 0; i < COUNT(pcm); i++)
        pcm[i] = (int16_t)(i / 480);
    options.limits.input_audio_ms = 200;
    options.peer = &peer;
    memory = malloc(parley_memory_needed(&options));
    parley_open(&c, memory, parley_memory_needed(&options), &options, 1, NULL);
    for (size_t i = 0; i < COUNT(pcm); i += 480) /* 220 ms while the link is not up */
        assert_int_equal(parley_send_audio(c, pcm + i, 480), 480);
    serve();
    while (event.kind != PARLEY_EVENT_SHED)
        assert_int_equal(parley_next_event(c, &event), 1);
    assert_int_equal(event.samples, 480);
    next_sent("session.update");
    assert_non_null(strstr(next_sent("audio"), "\"audio\":\"AQAB")); /* the second piece comes first */
    assert_non_null(
        strstr(peer_state.got[peer_state.got_write - 1], "\"audio\":\"CgAK")); /* the newest last */
}

/* Difference: the call says "not now" where the reference waits. Nothing is lost either way. */
static void a_full_text_queue(void **state)
{
    char text[1000];
    size_t taken = 0;
    int status;

    (void)state;
    options.limits.outbox_bytes = 16384;
    options.peer = &peer;
    memory = malloc(parley_memory_needed(&options));
    parley_open(&c, memory, parley_memory_needed(&options), &options, 1, NULL);
    memset(text, 'x', sizeof text);
    do {
        sprintf(text, "%zu", taken);
        text[strlen(text)] = ' ';
        status = parley_send_text(c, parley_view_of(text, sizeof text));
    } while (status == PARLEY_OK && ++taken < 100);
    assert_int_equal(status, PARLEY_ERR_FULL);
    assert_true(taken > 5);
    for (int i = 0; i < 100; i++)
        serve();
    assert_int_equal(parley_send_text(c, parley_view_of(text, sizeof text)), PARLEY_OK); /* now */
    next_sent("session.update");
    for (size_t i = 0; i <= taken; i++) {
        sprintf(text, "[USER] %zu x", i);
        assert_non_null(strstr(next_sent("text"), text));
    }
    expect_nothing_sent();
}

static void frame_without_samples(unsigned channels, size_t bytes, unsigned ms)
{
    static char frame[20000];
    char truncate[200];
    size_t at =
        (size_t)sprintf(frame,
                        "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_a\",\"channels\":%u,"
                        "\"delta\":\"",
                        channels);

    again();
    options.limits.inbox_bytes = sizeof frame;
    options.limits.output_audio_ms = PARLEY_LIMIT_NONE; /* so that what came counts as heard */
    memset(frame + at, 'A', bytes / 3 * 4);
    strcpy(frame + at + bytes / 3 * 4, "\"}");
    begin(&options);
    service_says(frame);
    expect(PARLEY_EVENT_AUDIO);
    service_says(PLAIN_SPEECH);
    expect(PARLEY_EVENT_SPEECH_STARTED);
    sprintf(truncate,
            "{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_a\",\"content_index\":0,"
            "\"audio_end_ms\":%u}",
            ms);
    expect_sent(truncate);
}

static void durations_from_the_data(void **state)
{
    (void)state;
    frame_without_samples(1, 4800, 100);
    frame_without_samples(2, 4800, 50);
    frame_without_samples(1, 9600, 200);
}

/* Difference: what was said for the active handoff goes out before its end; the reference may drop it. What
   is said for another is refused, in both. */
static void progress_of_another_handoff(void **state)
{
    (void)state;
    begin(&options);
    service_says(CALL("call_1", "work"));
    expect(PARLEY_EVENT_HANDOFF);
    assert_int_equal(parley_agent_progress(c, parley_view("call_1"), parley_view("one")), PARLEY_OK);
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    service_says(CALL("call_2", "more"));
    expect_sent(USER_ITEM("[BACKEND] one"));
    expect_sent(OUTPUT("call_1", FINISHED));
    expect_sent(CREATE);
    assert_false(expect(PARLEY_EVENT_HANDOFF).steering);
    expect_nobody_wants_progress("call_1");
    expect_view(parley_handoff_id(c), "call_2");
}

static void stopped_before_it_began(void **state)
{
    (void)state;
    options.peer = &peer;
    memory = malloc(parley_memory_needed(&options));
    parley_open(&c, memory, parley_memory_needed(&options), &options, 1, NULL);
    parley_stop(c);
    assert_int_equal(expect(PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_REQUESTED);
    expect_nothing_sent();
}

#define LINE(title, function)                                                                                \
    {                                                                                                        \
        title, function, set_up, tear_down, NULL                                                             \
    }

int main(void)
{
    static const struct CMUnitTest others[] = {
        LINE("13.4/39 a conversation of v1, message by message", v1_message_by_message),
        LINE("13.4/40 v2 asks for both tools, transcription and turn detection", v2_asks_for_both_tools),
        LINE("13.4/41 transcription asks for little", transcription_asks_for_little),
        LINE("13.4/42 v1 knows no transcription", v1_knows_no_transcription),
        LINE("13.4/43 sending does not wait for reading", sending_does_not_wait_for_reading),
        LINE("13.4/44 the end is told once", the_end_is_told_once),
        LINE("13.4/45 unknown messages are passed over", unknown_messages_are_passed_over),
        LINE("13.6/56 the built-in prompt, with the user's name", the_built_in_prompt),
        LINE("13.6/60 a request alone", a_request_alone),
        LINE("13.6/64 special characters in a request alone", special_characters_alone),
        LINE("13.6/65 a handoff that is over", a_handoff_that_is_over),
        LINE("13.8/82 and 83 nothing is taken after the end", after_the_end),
        LINE("13.9/88 the built-in prompt and the startup context", the_built_in_prompt),
        LINE("13.9/90 and 91 the voice the host has set", the_voice),
        LINE("13.9/92 a voice of the other version", a_voice_of_the_other_version),
        LINE("13.9/96 written replies on v1", written_replies_on_v1),
        LINE("13.9/97 written replies on v2", written_replies),
        LINE("13.11/103 a long turn is mirrored in part", a_long_turn_is_mirrored_in_part),
        LINE("13.11/104 a label is not put twice", a_label_is_not_put_twice),
        LINE("13.12/110 a second handoff has the lines since the first", lines_since_the_last_handoff),
        LINE("13.12/116 without a handoff nobody wants progress", no_handoff_no_progress),
        LINE("13.14/142 the agent is told that it has begun", it_has_begun),
        LINE("13.14/143 the agent is told that it is over", it_is_over),
        LINE("13.14/147 the agent is told so in words of the host", it_has_begun_in_words_of_the_host),
        LINE("13.15/153 a full microphone queue", a_full_microphone_queue),
        LINE("13.15/154 a full text queue", a_full_text_queue),
        LINE("13.15/159 durations from the data", durations_from_the_data),
        LINE("13.15/160 progress of another handoff", progress_of_another_handoff),
        LINE("13.15/164 stopped before it began", stopped_before_it_began),
    };
    struct CMUnitTest tests[COUNT(others) + COUNT(session_lines) + COUNT(delegation_lines)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(session_lines); i++)
        tests[count++] = (struct CMUnitTest){session_lines[i].title, test_session_line, set_up, tear_down,
                                             (void *)&session_lines[i]};
    for (size_t i = 0; i < COUNT(delegation_lines); i++)
        tests[count++] = (struct CMUnitTest){delegation_lines[i].title, test_delegation_line, set_up,
                                             tear_down, (void *)&delegation_lines[i]};
    for (size_t i = 0; i < COUNT(others); i++)
        tests[count++] = others[i];
    return _cmocka_run_group_tests("core_conformance", tests, count, NULL, NULL);
}
