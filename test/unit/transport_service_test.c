/*
 * The built-in service, driven as a client drives the real one. What it hears are the files of
 * test/vectors/speech, so the program runs in the top folder of the tree.
 */
#include "parser/base64.h"
#include "templates/render.h"
#include "test/unit/loopback_link.h"
#include "transport/loopback/answers.h"
#include "transport/loopback/voice.h"

#define MS (PARLEY_VOICE_RATE / 1000)

/* session.update as parley sends it, in short (reference 2.2). */
static const char session_audio[] =
    "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"instructions\":\"Be \\\"kind\\\".\","
    "\"output_modalities\":[\"audio\"],\"audio\":{\"input\":{\"format\":{\"type\":\"audio/"
    "pcm\",\"rate\":24000},"
    "\"transcription\":{\"model\":\"gpt-4o-mini-transcribe\"},\"turn_detection\":{\"type\":\"server_vad\","
    "\"interrupt_response\":true,\"create_response\":true,\"silence_duration_ms\":500}},\"output\":{"
    "\"voice\":"
    "\"marin\"}},\"tools\":[{\"type\":\"function\",\"name\":\"background_agent\"},{\"type\":\"function\","
    "\"name\":\"remain_silent\"}]}}";

static const char session_text[] =
    "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"output_modalities\":[\"text\"]}}";

static const char create[] = "{\"type\":\"response.create\"}";

/* ---- a client ------------------------------------------------------------------------------------- */

static void start_with(struct link *l, const char *script, const char *session)
{
    struct parley_endpoint to = {.script = parley_view(script), .send_bytes = 65536};

    link_open(l, &to);
    link_turn(l);
    link_send(l, session);
    link_turn(l);
}

static void start(struct link *l)
{
    start_with(l, NULL, session_audio);
    link_wanted(l, "session.updated");
}

static void type_text(struct link *l, const char *text)
{
    char message[4096];
    struct parley_render r = parley_render(message, sizeof(message) - 1);

    parley_render_raw(&r, parley_view("{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\","
                                      "\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\""));
    parley_render_json(&r, parley_view(text));
    parley_render_raw(&r, parley_view("\"}]}}"));
    message[r.used] = '\0';
    link_send(l, message);
}

static void output(struct link *l, const char *call_id, const char *text)
{
    char message[1024];

    snprintf(message, sizeof(message),
             "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call_output\",\"call_id\":"
             "\"%s\",\"output\":\"%s\"}}",
             call_id, text);
    link_send(l, message);
}

/* Appends samples in pieces of 20 ms, each in its time, as a microphone does. */
static void speak(struct link *l, const int16_t *pcm, size_t samples)
{
    char message[2048];
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";

    for (size_t at = 0; at < samples; at += 20 * MS) {
        size_t piece = samples - at < 20 * MS ? samples - at : 20 * MS, used = sizeof(head) - 1;

        memcpy(message, head, used);
        parley_base64_encode(message + used, pcm + at, piece * 2);
        used += parley_base64_length(piece * 2);
        memcpy(message + used, "\"}", 3);
        link_send(l, message);
        link_pass(l, 20);
    }
}

static void silence(struct link *l, size_t ms)
{
    int16_t *pcm = calloc(ms, MS * sizeof(*pcm));

    speak(l, pcm, ms * MS);
    free(pcm);
}

/* A file of test/vectors/speech; free it. */
static int16_t *wav(const char *name, size_t *samples)
{
    char path[128];
    unsigned char head[44];
    int16_t *pcm;
    FILE *file;

    snprintf(path, sizeof(path), "test/vectors/speech/%s.wav", name);
    file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: cannot be read; tests run in the top folder", path);
    assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
    *samples = (head[40] | (size_t)head[41] << 8 | (size_t)head[42] << 16 | (size_t)head[43] << 24) / 2;
    pcm = malloc(*samples * 2);
    assert_int_equal(fread(pcm, 2, *samples, file), *samples);
    fclose(file);
    return pcm;
}

static void say_wav(struct link *l, const char *name)
{
    size_t samples;
    int16_t *pcm = wav(name, &samples);

    speak(l, pcm, samples);
    free(pcm);
}

static uint64_t member_number(struct parley_view message, const char *path)
{
    uint64_t number = 0;

    if (!parley_peek_number(message, path, &number))
        fail_msg("%s is no number in %.200s", path, message.at);
    return number;
}

/* The types of the messages from `from` on, deltas in a row once. */
static void assert_types(const struct link *l, size_t from, const char *const *types)
{
    char before[128] = "", type[128];

    for (size_t i = from; i < l->count; i++) {
        struct parley_view message = parley_view_of(l->messages[i].text, l->messages[i].len);
        struct parley_view found = parley_peek_text(message, "type", type, sizeof(type) - 1);

        type[found.len] = '\0';
        if (strstr(type, "output_audio.delta") != NULL ||
            strstr(type, "output_audio_transcript.delta") != NULL ||
            strcmp(type, "conversation.output_transcript.delta") == 0)
            strcpy(type, "deltas");
        if (strcmp(type, before) == 0 && strstr(type, "delta") != NULL)
            continue;
        strcpy(before, type);
        if (*types == NULL)
            fail_msg("%s is too much", type);
        assert_string_equal(type, *types++);
    }
    if (*types != NULL)
        fail_msg("%s is missing", *types);
}

/* ---- session -------------------------------------------------------------------------------------- */

static void the_session_is_echoed(void **state)
{
    struct parley_view message;
    struct link l;

    (void)state;
    start_with(&l, NULL, session_audio);
    message = link_wanted(&l, "session.created");
    link_member(message, "session.id", "\"sess_0001\"");
    message = link_wanted(&l, "session.updated");
    link_member(message, "session.id", "\"sess_0001\"");
    link_member(message, "session.instructions", "\"Be \\\"kind\\\".\"");
    link_member(message, "session.audio.output.voice", "\"marin\"");
    link_member(message, "event_id", "\"event_0002\"");
    link_pass(&l, 60000);
    assert_int_equal(l.count, 2); /* nobody is greeted unasked */
    link_close(&l);
}

static void what_is_wrong_is_answered_with_an_error(void **state)
{
    static const struct {
        const char *sent, *code, *param, *text;
    } rows[] = {
        {"no json", "\"invalid_json\"", "null", "not JSON"},
        {"[1]", "\"invalid_type\"", "null", "object"},
        {"{\"type\":5}", "\"invalid_type\"", "\"type\"", "type"},
        {"{\"type\":\"make.coffee\"}", "\"invalid_value\"", "\"type\"", "make.coffee"},
        {"{\"type\":\"session.update\"}", "\"missing_required_parameter\"", "\"session\"", "session"},
        {"{\"type\":\"session.update\",\"session\":{\"type\":\"x\"}}", "\"invalid_value\"",
         "\"session.type\"", ""},
        {"{\"type\":\"input_audio_buffer.append\"}", "\"missing_required_parameter\"", "\"audio\"", ""},
        {"{\"type\":\"input_audio_buffer.append\",\"audio\":\"A$==\"}", "\"invalid_value\"", "\"audio\"", ""},
        {"{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}", "\"invalid_value\"", "\"audio\"",
         "whole"},
        {"{\"type\":\"input_audio_buffer.commit\"}", "\"input_audio_buffer_commit_empty\"", "null", "0 ms"},
        {"{\"type\":\"conversation.item.create\"}", "\"missing_required_parameter\"", "\"item\"", ""},
        {"{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"picture\"}}", "\"invalid_value\"",
         "\"item.type\"", ""},
        {"{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\",\"role\":\"user\"}}",
         "\"missing_required_parameter\"", "\"item.content\"", ""},
        {"{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"function_call_output\",\"call_id\":"
         "\"c\","
         "\"output\":\"\"}}",
         "\"invalid_tool_call_id\"", "null", "'c' not found"},
        {"{\"type\":\"conversation.item.truncate\",\"item_id\":\"i\",\"content_index\":0,\"audio_end_ms\":1}",
         "\"item_truncate_invalid_item_id\"", "\"item_id\"", "'i'"},
        {"{\"type\":\"conversation.item.delete\"}", "\"missing_required_parameter\"", "\"item_id\"",
         "item_id"},
        {"{\"type\":\"response.cancel\"}", "\"response_cancel_not_active\"", "null", "no active response"},
        {"{\"type\":\"conversation.handoff.append\",\"handoff_id\":\"h\",\"output_text\":\"t\"}",
         "\"invalid_value\"", "\"type\"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_view message;
        struct link l;

        start(&l);
        link_send(&l, rows[i].sent);
        link_pass(&l, 3000);
        assert_int_equal(l.count, 3);
        message = link_wanted(&l, "error");
        link_member(message, "error.type", "\"invalid_request_error\"");
        link_member(message, "error.code", rows[i].code);
        link_member(message, "error.param", rows[i].param);
        link_member(message, "error.event_id", "null");
        if (strstr(message.at, rows[i].text) == NULL)
            fail_msg("%s", message.at);
        link_close(&l);
    }
}

static void an_error_names_the_event_it_answers(void **state)
{
    struct link l;

    (void)state;
    start(&l);
    link_send(&l, "{\"type\":\"response.cancel\",\"event_id\":\"mine \\\"7\\\"\"}");
    link_turn(&l);
    link_member(link_wanted(&l, "error"), "error.event_id", "\"mine \\\"7\\\"\"");
    link_close(&l);
}

/* ---- hearing -------------------------------------------------------------------------------------- */

static void speech_is_found_in_recordings(void **state)
{
    static const struct {
        const char *name;
        unsigned ms;
    } rows[] = {{"hello", 1834}, {"count", 2079}, {"thanks", 1529}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct parley_view message;
        uint64_t start_ms, end_ms;
        struct link l;

        print_message("# %s\n", rows[i].name);
        start(&l);
        silence(&l, 1000);
        say_wav(&l, rows[i].name);
        silence(&l, 1000);
        message = link_wanted(&l, "input_audio_buffer.speech_started");
        start_ms = member_number(message, "audio_start_ms");
        link_member(message, "item_id", "\"item_0001\"");
        assert_in_range(start_ms, 1000 - 300 - 20, 1000 - 300 + 80);
        message = link_wanted(&l, "input_audio_buffer.speech_stopped");
        end_ms = member_number(message, "audio_end_ms");
        assert_in_range(end_ms, 1000 + rows[i].ms + 500 - 200, 1000 + rows[i].ms + 500 + 40);
        link_member(message, "item_id", "\"item_0001\"");
        assert_null(link_next(&l, "input_audio_buffer.speech_started"));
        link_close(&l);
    }
}

/* The whole of the demo: three utterances, each where it is. */
static void a_whole_conversation_is_heard(void **state)
{
    static const unsigned starts_ms[] = {500, 6834, 20913}, lengths_ms[] = {1834, 2079, 1529};
    struct link l;

    (void)state;
    start(&l);
    say_wav(&l, "demo");
    for (size_t i = 0; i < 3; i++) {
        struct parley_view message = link_wanted(&l, "input_audio_buffer.speech_started");

        assert_in_range(member_number(message, "audio_start_ms"), starts_ms[i] - 320, starts_ms[i] - 220);
        message = link_wanted(&l, "input_audio_buffer.speech_stopped");
        assert_in_range(member_number(message, "audio_end_ms"), starts_ms[i] + lengths_ms[i] + 300,
                        starts_ms[i] + lengths_ms[i] + 540);
    }
    assert_null(link_next(&l, "input_audio_buffer.speech_started"));
    link_close(&l);
}

/* A steady noise is a room, not speech; a click is nothing; speech in a noisy room is speech. */
static void noise_is_not_speech(void **state)
{
    static const struct {
        const char *title;
        int noise; /* its mean loudness */
        bool speech;
        unsigned utterances;
    } rows[] = {
        {"a quiet room", 30, false, 0},
        {"a noisy room", 150, false, 0},
        {"speech in a noisy room", 150, true, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t samples;
        int16_t *pcm = wav("hello", &samples);
        int16_t *room = malloc(samples * 4 * sizeof(*room));
        uint32_t seed = 1;
        unsigned found = 0;
        struct link l;

        print_message("# %s\n", rows[i].title);
        for (size_t at = 0; at < samples * 4; at++) {
            int noise = (int)((seed = seed * 1664525 + 1013904223) >> 16) % (4 * rows[i].noise + 1) -
                        2 * rows[i].noise;
            bool speaks = rows[i].speech && at >= samples * 2 && at < samples * 3;
            int sum = noise + (speaks ? pcm[at - samples * 2] : 0);

            room[at] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : sum);
        }
        room[samples] = 32767; /* a click */
        start(&l);
        speak(&l, room, samples * 4);
        while (link_next(&l, "input_audio_buffer.speech_started") != NULL)
            found++;
        assert_int_equal(found, rows[i].utterances);
        link_close(&l);
        free(room);
        free(pcm);
    }
}

static void an_utterance_becomes_an_item_a_text_and_an_answer(void **state)
{
    static const char *const types[] = {"input_audio_buffer.speech_started",
                                        "input_audio_buffer.speech_stopped",
                                        "input_audio_buffer.committed",
                                        "conversation.item.added",
                                        "conversation.item.done",
                                        "response.created",
                                        "conversation.item.input_audio_transcription.delta",
                                        "conversation.item.input_audio_transcription.completed",
                                        "response.output_item.added",
                                        "conversation.item.added",
                                        "response.content_part.added",
                                        "deltas",
                                        "response.output_audio.done",
                                        "response.output_audio_transcript.done",
                                        "response.content_part.done",
                                        "conversation.item.done",
                                        "response.output_item.done",
                                        "response.done",
                                        "rate_limits.updated",
                                        NULL};
    struct parley_view message;
    struct link l;

    (void)state;
    start_with(&l, "use service\nheard \"Hello there, how are you today?\"\n", session_audio);
    say_wav(&l, "hello");
    silence(&l, 5000);
    assert_types(&l, 2, types);
    message = link_wanted(&l, "input_audio_buffer.committed");
    link_member(message, "previous_item_id", "null");
    link_member(message, "item_id", "\"item_0001\"");
    message = link_wanted(&l, "conversation.item.added");
    link_member(message, "item.role", "\"user\"");
    link_member(message, "item.content.0.type", "\"input_audio\"");
    message = link_wanted(&l, "response.created");
    link_member(message, "response.id", "\"resp_0001\"");
    link_member(message, "response.status", "\"in_progress\"");
    message = link_wanted(&l, "conversation.item.input_audio_transcription.completed");
    link_member(message, "item_id", "\"item_0001\"");
    link_member(message, "transcript", "\"Hello there, how are you today?\"");
    message = link_wanted(&l, "conversation.item.added");
    link_member(message, "previous_item_id", "\"item_0001\"");
    link_member(message, "item.id", "\"item_0002\"");
    message = link_wanted(&l, "response.done");
    link_member(message, "response.status", "\"completed\"");
    link_member(message, "response.status_details", "null");
    link_member(message, "response.output.0.id", "\"item_0002\"");
    assert_true(member_number(message, "response.usage.output_token_details.audio_tokens") > 0);
    link_close(&l);
}

/* Sums of the deltas: the texts are the whole text, the sound is as long as the voice says it. */
static void the_deltas_come_to_the_whole(void **state)
{
    char text[2048] = "", part[512], whole[2048];
    uint64_t samples = 0, first_us = 0, last_us = 0;
    struct parley_view found;
    struct link l;

    (void)state;
    start(&l);
    type_text(&l, "[USER] Hello!");
    link_send(&l, create);
    link_pass(&l, 10000);
    for (size_t i = 0; i < l.count; i++) {
        struct parley_view message = parley_view_of(l.messages[i].text, l.messages[i].len), delta;

        if (parley_peek_is(message, "type", "response.output_audio_transcript.delta")) {
            delta = parley_peek_text(message, "delta", part, sizeof(part));
            strncat(text, delta.at, delta.len);
        }
        if (!parley_peek_is(message, "type", "response.output_audio.delta"))
            continue;
        assert_true(parley_peek(message, parley_view("delta"), &delta));
        assert_in_range(delta.len, 6, 6402); /* 100 ms at most */
        samples += (delta.len - 2) / 4 * 3 / 2;
        first_us = first_us == 0 ? l.messages[i].at_us : first_us;
        last_us = l.messages[i].at_us;
    }
    found = parley_peek_text(link_wanted(&l, "response.output_audio_transcript.done"), "transcript", whole,
                             sizeof(whole) - 1);
    whole[found.len] = '\0';
    assert_string_equal(text, whole);
    assert_in_range(samples, parley_voice_length(found), parley_voice_length(found) + 2);
    assert_in_range(samples / MS, 2000, 8000);
    /* five times as fast as it plays */
    assert_in_range((last_us - first_us) / 1000, samples / MS / 5 - 40, samples / MS / 5 + 40);
    link_close(&l);
}

/* Without a list of what was said, what was heard is described. */
static void what_is_not_known_is_described(void **state)
{
    struct link l;

    (void)state;
    start_with(&l, "use service\nheard \"one\"\n", session_audio);
    for (int i = 0; i < 2; i++) {
        say_wav(&l, "hello");
        silence(&l, 3000);
    }
    link_member(link_wanted(&l, "conversation.item.input_audio_transcription.completed"), "transcript",
                "\"one\"");
    link_member(link_wanted(&l, "conversation.item.input_audio_transcription.completed"), "transcript",
                "\"(1.8 s of speech)\"");
    link_close(&l);
}

/* ---- interrupting --------------------------------------------------------------------------------- */

/* Asks for an answer and lets it run until some of its sound has come. */
static struct parley_view begin_answer(struct link *l)
{
    start(l);
    type_text(l, "hello, how are you?");
    link_send(l, create);
    link_pass(l, 500);
    link_wanted(l, "response.output_item.added");
    return link_wanted(l, "response.output_audio.delta");
}

static void speech_stops_the_answer(void **state)
{
    static const char *const types[] = {"input_audio_buffer.speech_started",
                                        "response.output_audio.done",
                                        "response.output_audio_transcript.done",
                                        "response.content_part.done",
                                        "conversation.item.done",
                                        "response.output_item.done",
                                        "response.done",
                                        "rate_limits.updated",
                                        NULL};
    struct parley_view message;
    struct link l;
    size_t from;
    int16_t *pcm;
    size_t samples;

    (void)state;
    begin_answer(&l);
    pcm = wav("hello", &samples);
    speak(&l, pcm, 40 * MS); /* not yet enough to count */
    assert_null(link_next(&l, "input_audio_buffer.speech_started"));
    from = l.count;
    for (size_t at = 40 * MS; at < 200 * MS && link_next(&l, "input_audio_buffer.speech_started") == NULL;
         at += 20 * MS) {
        from = l.count;
        speak(&l, pcm + at, 20 * MS);
    }
    while (!parley_peek_is(parley_view(l.messages[from].text), "type", "input_audio_buffer.speech_started"))
        from++;
    assert_types(&l, from, types);
    message = link_wanted(&l, "response.done");
    link_member(message, "response.status", "\"cancelled\"");
    link_member(message, "response.status_details.reason", "\"turn_detected\"");
    link_member(message, "response.output.0.status", "\"incomplete\"");
    free(pcm);
    link_close(&l);
}

static void speech_does_not_stop_it_when_it_shall_not(void **state)
{
    struct parley_view message;
    struct link l;

    (void)state;
    begin_answer(&l);
    link_send(&l, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"audio\":{\"input\":{"
                  "\"turn_detection\":{\"type\":\"server_vad\",\"interrupt_response\":false}}}}}");
    say_wav(&l, "hello");
    silence(&l, 8000);
    link_wanted(&l, "input_audio_buffer.speech_started");
    message = link_wanted(&l, "response.done");
    link_member(message, "response.status", "\"completed\"");
    link_member(link_wanted(&l, "response.created"), "response.id", "\"resp_0002\""); /* it had to wait */
    link_close(&l);
}

static void the_client_cancels(void **state)
{
    struct parley_view message;
    struct link l;

    (void)state;
    begin_answer(&l);
    link_send(&l, "{\"type\":\"response.cancel\",\"response_id\":\"resp_9\"}");
    link_turn(&l);
    link_member(link_wanted(&l, "error"), "error.code", "\"response_cancel_not_active\"");
    link_send(&l, "{\"type\":\"response.cancel\"}");
    link_turn(&l);
    message = link_wanted(&l, "response.done");
    link_member(message, "response.status", "\"cancelled\"");
    link_member(message, "response.status_details.reason", "\"client_cancelled\"");
    link_close(&l);
}

/* Before it has begun to speak, there is nothing to end but the response. */
static void a_response_is_cancelled_before_it_speaks(void **state)
{
    static const char *const types[] = {"conversation.item.added", "conversation.item.done",
                                        "response.created",        "response.done",
                                        "rate_limits.updated",     NULL};
    struct link l;

    (void)state;
    start(&l);
    type_text(&l, "hello");
    link_send(&l, create);
    link_pass(&l, 100);
    link_send(&l, "{\"type\":\"response.cancel\"}");
    link_pass(&l, 5000);
    assert_types(&l, 2, types);
    link_close(&l);
}

static void only_one_response_at_a_time(void **state)
{
    struct parley_view message;
    struct link l;

    (void)state;
    begin_answer(&l);
    link_send(&l, create);
    link_pass(&l, 10000);
    message = link_wanted(&l, "error");
    link_member(message, "error.code", "\"conversation_already_has_active_response\"");
    link_member(message, "error.message",
                "\"Conversation already has an active response in progress: resp_0001\"");
    link_wanted(&l, "response.done");
    assert_null(link_next(&l, "response.created"));
    link_send(&l, create);
    link_pass(&l, 1000);
    link_wanted(&l, "response.created");
    link_close(&l);
}

/* ---- items ---------------------------------------------------------------------------------------- */

static void truncation_is_checked(void **state)
{
    static const struct {
        const char *title, *rest, *code, *param;
    } rows[] = {
        {"within the audio", "\"content_index\":0,\"audio_end_ms\":100", NULL, NULL},
        {"all of it", "\"content_index\":0,\"audio_end_ms\":ALL", NULL, NULL},
        {"nothing of it", "\"content_index\":0,\"audio_end_ms\":0", NULL, NULL},
        {"beyond its end", "\"content_index\":0,\"audio_end_ms\":60000", "\"invalid_value\"",
         "\"audio_end_ms\""},
        {"no end", "\"content_index\":0", "\"missing_required_parameter\"", "\"audio_end_ms\""},
        {"a fraction", "\"content_index\":0,\"audio_end_ms\":1.5", "\"invalid_type\"", "\"audio_end_ms\""},
        {"another part", "\"content_index\":1,\"audio_end_ms\":10", "\"invalid_value\"", "\"content_index\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_view message;
        char text[256], rest[128], item[64], *all;
        uint64_t ms = 0;
        struct link l;

        print_message("# %s\n", rows[i].title);
        message = begin_answer(&l);
        memcpy(item, parley_peek_text(message, "item_id", item, sizeof(item)).at, 9);
        item[9] = '\0';
        link_pass(&l, 10000);
        for (size_t k = 0; k < l.count; k++) {
            struct parley_view delta = parley_view_of(l.messages[k].text, l.messages[k].len), raw;

            if (parley_peek_is(delta, "type", "response.output_audio.delta") &&
                parley_peek(delta, parley_view("delta"), &raw))
                ms += raw.len - 2;
        }
        ms = ms / 4 * 3 / 2 / MS;
        strcpy(rest, rows[i].rest);
        if ((all = strstr(rest, "ALL")) != NULL)
            snprintf(all, 16, "%u", (unsigned)ms);
        snprintf(text, sizeof(text), "{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\",%s}", item,
                 rest);
        link_send(&l, text);
        link_turn(&l);
        if (rows[i].code == NULL) {
            message = link_wanted(&l, "conversation.item.truncated");
            link_member(message, "item_id", "\"item_0002\"");
            /* what was cut off cannot be had back */
            snprintf(text, sizeof(text),
                     "{\"type\":\"conversation.item.truncate\",\"item_id\":\"%s\",\"content_index\":0,"
                     "\"audio_end_ms\":%u}",
                     item, (unsigned)ms + 1);
            link_send(&l, text);
            link_turn(&l);
            assert_non_null(strstr(link_wanted(&l, "error").at, "already shorter than"));
        } else {
            message = link_wanted(&l, "error");
            link_member(message, "error.code", rows[i].code);
            link_member(message, "error.param", rows[i].param);
        }
        link_close(&l);
    }
}

static void only_spoken_items_are_truncated(void **state)
{
    struct link l;

    (void)state;
    start(&l);
    type_text(&l, "hello");
    link_send(&l, "{\"type\":\"conversation.item.truncate\",\"item_id\":\"item_0001\",\"content_index\":0,"
                  "\"audio_end_ms\":0}");
    link_turn(&l);
    link_member(link_wanted(&l, "error"), "error.code", "\"unsupported_content_type\"");
    link_close(&l);
}

static void items_have_ids_and_an_order(void **state)
{
    struct parley_view message;
    struct link l;

    (void)state;
    start(&l);
    type_text(&l, "hello");
    link_send(
        &l, "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"my \\\"own\\\"\",\"type\":\"message\","
            "\"role\":\"user\",\"content\":[]}}");
    link_send(
        &l, "{\"type\":\"conversation.item.create\",\"item\":{\"id\":\"my \\\"own\\\"\",\"type\":\"message\","
            "\"role\":\"user\",\"content\":[]}}");
    type_text(&l, "again");
    link_turn(&l);
    message = link_wanted(&l, "conversation.item.added");
    link_member(message, "previous_item_id", "null");
    link_member(message, "item.id", "\"item_0001\"");
    link_member(message, "item.content.0.text", "\"hello\"");
    message = link_wanted(&l, "conversation.item.added");
    link_member(message, "previous_item_id", "\"item_0001\"");
    link_member(message, "item.id", "\"my \\\"own\\\"\"");
    link_member(link_wanted(&l, "error"), "error.code", "\"item_create_duplicate\"");
    message = link_wanted(&l, "conversation.item.added");
    link_member(message, "previous_item_id", "\"my \\\"own\\\"\"");
    link_send(&l, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_0001\"}");
    link_turn(&l);
    link_member(link_wanted(&l, "conversation.item.deleted"), "item_id", "\"item_0001\"");
    link_send(&l, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_0001\"}");
    link_turn(&l);
    link_member(link_wanted(&l, "error"), "error.code", "\"item_delete_invalid_item_id\"");
    link_close(&l);
}

/* ---- the agent ------------------------------------------------------------------------------------ */

/* Asks for work; returns the finished call. */
static struct parley_view ask_for_work(struct link *l, const char *text)
{
    struct parley_view message;

    type_text(l, text);
    link_send(l, create);
    link_pass(l, 6000);
    link_wanted(l, "response.function_call_arguments.done");
    message = link_wanted(l, "conversation.item.done");
    link_member(link_wanted(l, "response.done"), "response.status", "\"completed\"");
    return message;
}

static void work_is_handed_to_the_agent(void **state)
{
    static const char *const types[] = {"response.created",
                                        "response.output_item.added",
                                        "conversation.item.added",
                                        "response.content_part.added",
                                        "deltas",
                                        "response.output_audio.done",
                                        "response.output_audio_transcript.done",
                                        "response.content_part.done",
                                        "conversation.item.done",
                                        "response.output_item.done",
                                        "response.output_item.added",
                                        "conversation.item.added",
                                        "response.function_call_arguments.delta",
                                        "response.function_call_arguments.done",
                                        "conversation.item.done",
                                        "response.output_item.done",
                                        "response.done",
                                        "rate_limits.updated",
                                        NULL};
    struct parley_view message;
    struct link l;

    (void)state;
    start(&l);
    message = ask_for_work(&l, "[USER] Please count the \"big\" files.");
    assert_types(&l, 4, types);
    link_member(message, "item.type", "\"function_call\"");
    link_member(message, "item.name", "\"background_agent\"");
    link_member(message, "item.call_id", "\"call_0001\"");
    link_member(message, "item.arguments",
                "\"{\\\"prompt\\\":\\\"Please count the \\\\\\\"big\\\\\\\" files.\\\"}\"");

    /* Its news are kept, and read when it has finished and the client asks for a reply. */
    type_text(&l, "[BACKEND] I am looking");
    type_text(&l, "[BACKEND] There are 12 files");
    link_pass(&l, 2000);
    assert_null(link_next(&l, "response.created"));
    output(&l, "call_0001", "Background agent finished.");
    link_send(&l, create);
    link_pass(&l, 5000);
    message = link_wanted(&l, "response.output_audio_transcript.done");
    link_member(message, "transcript",
                "\"The agent is back, and this is what it says. I am looking. There are 12 files.\"");
    link_close(&l);
}

static void more_work_steers_the_agent(void **state)
{
    struct link l;

    (void)state;
    start(&l);
    ask_for_work(&l, "count the files");
    link_member(ask_for_work(&l, "only check the big ones"), "item.call_id", "\"call_0002\"");
    output(&l, "call_0002", "steered");
    link_send(&l, create);
    link_pass(&l, 3000);
    link_member(link_wanted(&l, "response.output_audio_transcript.done"), "transcript",
                "\"Done, the agent knows.\"");
    output(&l, "call_0001", "finished");
    link_send(&l, create);
    link_pass(&l, 6000);
    link_member(link_wanted(&l, "response.output_audio_transcript.done"), "transcript",
                "\"The agent has finished, and it had nothing to add.\"");
    link_close(&l);
}

static void silence_is_a_call_without_words(void **state)
{
    static const char *const types[] = {"conversation.item.added",
                                        "conversation.item.done",
                                        "response.created",
                                        "response.output_item.added",
                                        "conversation.item.added",
                                        "response.function_call_arguments.delta",
                                        "response.function_call_arguments.done",
                                        "conversation.item.done",
                                        "response.output_item.done",
                                        "response.done",
                                        "rate_limits.updated",
                                        NULL};
    struct parley_view message;
    struct link l;

    (void)state;
    start(&l);
    type_text(&l, "Be quiet, please.");
    link_send(&l, create);
    link_pass(&l, 3000);
    assert_types(&l, 2, types);
    link_wanted(&l, "response.function_call_arguments.done");
    message = link_wanted(&l, "conversation.item.done");
    link_member(message, "item.name", "\"remain_silent\"");
    link_member(message, "item.arguments", "\"{}\"");
    output(&l, "call_0001", "");
    link_pass(&l, 3000);
    link_wanted(&l, "conversation.item.done");
    assert_null(link_next(&l, "error"));
    link_close(&l);
}

/* ---- other sessions ------------------------------------------------------------------------------- */

static void a_text_session_is_written(void **state)
{
    static const char *const types[] = {"conversation.item.added",    "conversation.item.done",
                                        "response.created",           "response.output_item.added",
                                        "conversation.item.added",    "response.content_part.added",
                                        "response.output_text.delta", "response.output_text.done",
                                        "response.content_part.done", "conversation.item.done",
                                        "response.output_item.done",  "response.done",
                                        "rate_limits.updated",        NULL};
    struct parley_view message;
    struct link l;

    (void)state;
    start_with(&l, NULL, session_text);
    type_text(&l, "thanks");
    link_send(&l, create);
    link_pass(&l, 5000);
    assert_types(&l, 2, types);
    link_member(link_wanted(&l, "response.output_text.done"), "text",
                "\"You are welcome. Is there anything else?\"");
    message = link_wanted(&l, "conversation.item.done");
    link_member(message, "item.content.0.type", "\"output_text\"");
    link_member(link_wanted(&l, "response.done"), "response.output_modalities", "[\"text\"]");
    link_close(&l);
}

static void a_transcription_session_only_writes_down(void **state)
{
    struct link l;

    (void)state;
    start_with(&l, "use service\nheard \"take this down\"\n",
               "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":{\"input\":{"
               "\"transcription\":{\"model\":\"gpt-4o-mini-transcribe\"}}}}}");
    say_wav(&l, "hello");
    silence(&l, 5000);
    link_member(link_wanted(&l, "conversation.item.input_audio_transcription.completed"), "transcript",
                "\"take this down\"");
    l.looked = 0;
    assert_null(link_next(&l, "response.created"));
    link_send(&l, create);
    link_pass(&l, 1000);
    l.looked = 0;
    link_wanted(&l, "error");
    link_close(&l);
}

static void without_turn_detection_the_client_commits(void **state)
{
    static const char *const types[] = {"input_audio_buffer.committed",
                                        "conversation.item.added",
                                        "conversation.item.done",
                                        "conversation.item.input_audio_transcription.delta",
                                        "conversation.item.input_audio_transcription.completed",
                                        NULL};
    struct link l;

    (void)state;
    start_with(&l, NULL, session_audio);
    link_send(&l, "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"audio\":{\"input\":{"
                  "\"turn_detection\":null}}}}");
    link_turn(&l);
    say_wav(&l, "hello");
    silence(&l, 3000);
    assert_int_equal(l.count, 3);
    link_send(&l, "{\"type\":\"input_audio_buffer.commit\"}");
    link_pass(&l, 2000);
    assert_types(&l, 3, types);
    link_send(&l, "{\"type\":\"input_audio_buffer.commit\"}");
    link_turn(&l);
    link_wanted(&l, "error");
    silence(&l, 200);
    link_send(&l, "{\"type\":\"input_audio_buffer.clear\"}");
    link_send(&l, "{\"type\":\"input_audio_buffer.commit\"}");
    link_turn(&l);
    link_wanted(&l, "input_audio_buffer.cleared");
    link_wanted(&l, "error");
    link_close(&l);
}

/* The first protocol has its own names, and few of them (reference 4.2). */
static void the_first_protocol_is_spoken(void **state)
{
    static const char *const types[] = {"conversation.item.added",
                                        "conversation.item.done",
                                        "conversation.input_transcript.delta",
                                        "conversation.item.input_audio_transcription.completed",
                                        "conversation.item.added",
                                        "deltas",
                                        "response.output_audio_transcript.done",
                                        "conversation.item.done",
                                        "conversation.item.added",
                                        "conversation.handoff.requested",
                                        NULL};
    struct parley_view message;
    struct link l;

    (void)state;
    start_with(
        &l, "use service\nheard \"please count the files\"\n",
        "{\"type\":\"session.update\",\"session\":{\"type\":\"quicksilver\",\"instructions\":\"\",\"audio\":{"
        "\"input\":{\"format\":{\"type\":\"audio/pcm\",\"rate\":24000}},\"output\":{\"voice\":\"cove\"}}}}");
    link_member(link_wanted(&l, "session.updated"), "session.id", "\"sess_0001\"");
    say_wav(&l, "count");
    silence(&l, 5000);
    assert_types(&l, 2, types);
    message = link_wanted(&l, "conversation.output_audio.delta");
    link_member(message, "sample_rate", "24000");
    link_member(message, "channels", "1");
    link_member(message, "samples_per_channel", "2400");
    message = link_wanted(&l, "conversation.handoff.requested");
    link_member(message, "input_transcript", "\"please count the files\"");
    link_member(message, "handoff_id", "\"call_0001\"");
    link_send(&l, "{\"type\":\"conversation.handoff.append\",\"handoff_id\":\"call_0001\",\"output_text\":"
                  "\"\\\"Agent Final Message\\\":\\n\\nTwelve.\"}");
    link_pass(&l, 5000);
    link_member(link_wanted(&l, "response.output_audio_transcript.done"), "transcript",
                "\"The agent is back, and this is what it says. Twelve.\"");
    link_close(&l);
}

/* ---- bounds --------------------------------------------------------------------------------------- */

/* A client that sends and never reads costs nothing but the messages it then does not get. */
static void a_flood_is_survived(void **state)
{
    struct link l;

    (void)state;
    start(&l);
    for (int i = 0; i < 20000; i++)
        link_send(&l, "{\"type\":\"response.cancel\"}");
    link_pass(&l, 1000);
    assert_in_range(l.count, 200, 2000);
    type_text(&l, "hello");
    link_send(&l, create);
    link_pass(&l, 3000);
    link_wanted(&l, "response.done");
    link_close(&l);
}

static void many_items_are_forgotten_in_order(void **state)
{
    struct link l;

    (void)state;
    start(&l);
    for (int i = 0; i < 100; i++) {
        type_text(&l, "x");
        link_turn(&l);
    }
    link_send(&l, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_0036\"}");
    link_send(&l, "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_0037\"}");
    link_turn(&l);
    l.looked = 200;
    link_wanted(&l, "error");
    link_member(link_wanted(&l, "conversation.item.deleted"), "item_id", "\"item_0037\"");
    link_close(&l);
}

static void a_session_too_large_is_refused(void **state)
{
    static char text[70000];
    struct link l;

    (void)state;
    snprintf(
        text, sizeof(text),
        "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\",\"instructions\":\"%066000d\"}}", 0);
    start_with(&l, NULL, text);
    link_member(link_wanted(&l, "error"), "error.param", "\"session\"");
    link_close(&l);
}

/* The same input gives the same output, byte for byte. */
static void it_repeats_itself(void **state)
{
    struct link a, b;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct link *l = i == 0 ? &a : &b;

        start_with(l, "use service\nheard \"tell me a story\"\n", session_audio);
        say_wav(l, "hello");
        silence(l, 1500);
        say_wav(l, "thanks");
        silence(l, 4000);
    }
    assert_int_equal(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        assert_string_equal(a.messages[i].text, b.messages[i].text);
        assert_true(a.messages[i].at_us == b.messages[i].at_us);
    }
    link_close(&a);
    link_close(&b);
}

/* ---- answers -------------------------------------------------------------------------------------- */

static void rules_fit_what_is_said(void **state)
{
    static const struct {
        const char *said;
        bool agent, busy;
        enum parley_answer_call call;
        const char *speech; /* a part of it; NULL: none */
    } rows[] = {
        {"Hello there, how are you today?", true, false, PARLEY_CALL_NONE, "I am fine"},
        {"hi!", true, false, PARLEY_CALL_NONE, "nice to hear you"},
        {"Please count the files in this folder.", true, false, PARLEY_CALL_AGENT, "agent"},
        {"RUN the tests", true, false, PARLEY_CALL_AGENT, "I will hand that to the agent"},
        {"run the tests", false, false, PARLEY_CALL_NONE, "this session has none"},
        {"also check the logs", true, true, PARLEY_CALL_AGENT, "pass that on"},
        {"how far is it?", true, true, PARLEY_CALL_NONE, "still at work"},
        {"a prune run", true, false, PARLEY_CALL_AGENT, ""},
        {"the prunes are overrun", true, false, PARLEY_CALL_NONE, ""},
        {"be quiet", true, false, PARLEY_CALL_SILENCE, NULL},
        {"Don't say anything, please", true, false, PARLEY_CALL_SILENCE, NULL},
        {"Thank you, stop now.", true, false, PARLEY_CALL_NONE, "Goodbye"},
        {"thanks", true, false, PARLEY_CALL_NONE, "anything else"},
        {"count to ten", true, false, PARLEY_CALL_NONE, "One, two, three"},
        {"", true, false, PARLEY_CALL_NONE, "I am here"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_question q = {.said = parley_view(rows[i].said),
                                    .understood = true,
                                    .agent = rows[i].agent,
                                    .silence = true,
                                    .busy = rows[i].busy,
                                    .turn = (unsigned)i};
        struct parley_answer a;

        print_message("# %s: ", rows[i].said);
        parley_answer(&a, &q);
        print_message("%s\n", a.speech);
        assert_int_equal(a.call, rows[i].call);
        if (a.call == PARLEY_CALL_AGENT)
            assert_string_equal(a.prompt, rows[i].said);
        if (rows[i].speech == NULL)
            assert_string_equal(a.speech, "");
        else if (strstr(a.speech, rows[i].speech) == NULL)
            fail();
    }
}

static void a_long_result_is_cut(void **state)
{
    static char told[3000];
    struct parley_question q = {.finished = true};
    struct parley_answer a;

    (void)state;
    memset(told, 'x', sizeof(told) - 1);
    for (size_t i = 5; i < sizeof(told) - 1; i += 6)
        told[i] = i % 4 == 0 ? '\n' : ' ';
    q.backend = parley_view(told);
    parley_answer(&a, &q);
    assert_non_null(strstr(a.speech, "which you can read on your screen."));
    assert_in_range(strlen(a.speech), 600, 720);
    assert_null(strchr(a.speech, '\n'));
}

/* ---- the voice ------------------------------------------------------------------------------------ */

/* As long as somebody would need to say it, loud enough, with pauses in between, and not too loud. */
static void the_voice_sounds_like_speech(void **state)
{
    static const char text[] = "Hello! It is nice to hear you. What can I do for you?";
    struct parley_voice v;
    static int16_t pcm[10 * PARLEY_VOICE_RATE];
    size_t samples, loud = 0, quiet = 0;
    double sum = 0;

    (void)state;
    parley_voice_start(&v, parley_view(text), parley_view("marin"));
    samples = parley_voice_read(&v, pcm, sizeof(pcm) / sizeof(pcm[0]));
    assert_int_equal(samples, parley_voice_length(parley_view(text)));
    assert_in_range(samples / MS, 2500, 5000);
    for (size_t at = 0; at + 20 * MS <= samples; at += 20 * MS) {
        double frame = 0;

        for (size_t i = at; i < at + 20 * MS; i++)
            frame += (double)pcm[i] * pcm[i];
        sum += frame;
        loud += frame / (20 * MS) > 1000.0 * 1000.0;
        quiet += frame == 0;
    }
    assert_in_range(loud * 100 / (loud + quiet), 50, 95);
    assert_true(quiet > 10);
    assert_true(sum / (double)samples > 1500.0 * 1500.0);
    assert_true(parley_voice_said(&v) == sizeof(text) - 1);
    assert_int_equal(parley_voice_read(&v, pcm, 1), 0);
}

static void the_voice_is_the_same_in_any_pieces(void **state)
{
    static int16_t whole[4 * PARLEY_VOICE_RATE], pieces[4 * PARLEY_VOICE_RATE];
    struct parley_view text = PARLEY_VIEW("Count to 10, \xc3\xa9t\xc3\xa9 -- y?");
    struct parley_voice v;
    size_t all, at = 0, got;

    (void)state;
    parley_voice_start(&v, text, parley_view("cedar"));
    all = parley_voice_read(&v, whole, 4 * PARLEY_VOICE_RATE);
    parley_voice_start(&v, text, parley_view("cedar"));
    for (size_t piece = 1; (got = parley_voice_read(&v, pieces + at, piece)) > 0;
         piece = piece * 3 % 1009 + 1)
        at += got;
    assert_int_equal(at, all);
    assert_memory_equal(whole, pieces, all * sizeof(whole[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_session_is_echoed),
        cmocka_unit_test(what_is_wrong_is_answered_with_an_error),
        cmocka_unit_test(an_error_names_the_event_it_answers),
        cmocka_unit_test(speech_is_found_in_recordings),
        cmocka_unit_test(a_whole_conversation_is_heard),
        cmocka_unit_test(noise_is_not_speech),
        cmocka_unit_test(an_utterance_becomes_an_item_a_text_and_an_answer),
        cmocka_unit_test(the_deltas_come_to_the_whole),
        cmocka_unit_test(what_is_not_known_is_described),
        cmocka_unit_test(speech_stops_the_answer),
        cmocka_unit_test(speech_does_not_stop_it_when_it_shall_not),
        cmocka_unit_test(the_client_cancels),
        cmocka_unit_test(a_response_is_cancelled_before_it_speaks),
        cmocka_unit_test(only_one_response_at_a_time),
        cmocka_unit_test(truncation_is_checked),
        cmocka_unit_test(only_spoken_items_are_truncated),
        cmocka_unit_test(items_have_ids_and_an_order),
        cmocka_unit_test(work_is_handed_to_the_agent),
        cmocka_unit_test(more_work_steers_the_agent),
        cmocka_unit_test(silence_is_a_call_without_words),
        cmocka_unit_test(a_text_session_is_written),
        cmocka_unit_test(a_transcription_session_only_writes_down),
        cmocka_unit_test(without_turn_detection_the_client_commits),
        cmocka_unit_test(the_first_protocol_is_spoken),
        cmocka_unit_test(a_flood_is_survived),
        cmocka_unit_test(many_items_are_forgotten_in_order),
        cmocka_unit_test(a_session_too_large_is_refused),
        cmocka_unit_test(it_repeats_itself),
        cmocka_unit_test(rules_fit_what_is_said),
        cmocka_unit_test(a_long_result_is_cut),
        cmocka_unit_test(the_voice_sounds_like_speech),
        cmocka_unit_test(the_voice_is_the_same_in_any_pieces),
    };

    return cmocka_run_group_tests_name("transport_service", tests, NULL, NULL);
}
