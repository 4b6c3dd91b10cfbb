/* session.update for every kind of session, and the envelope of a handoff. */
#include "core/delegation.h"
#include "core/session.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static char buffer[40000];

static json_t *render_session(const struct parley_options *o)
{
    struct parley_render counted = parley_render(NULL, 0);
    struct parley_render r = parley_render(buffer, sizeof buffer);
    struct parley_session session = parley_session_of(o);
    json_t *message;

    parley_session_render(&counted, &session);
    parley_session_render(&r, &session);
    assert_false(r.overflow);
    assert_int_equal(counted.used, r.used);
    message = json_loadb(buffer, r.used, 0, NULL);
    assert_non_null(message);
    return message;
}

static const char *instructions(json_t *message)
{
    return json_string_value(json_object_get(json_object_get(message, "session"), "instructions"));
}

static void instructions_are_prompt_and_context(void **state)
{
    static const struct {
        const char *title, *override, *prompt, *context, *expected;
    } rows[] = {
        {"the request's prompt", NULL, "backend prompt", NULL, "backend prompt"},
        {"prompt and context, a blank line between", NULL, "p", "<ctx>", "p\n\n<ctx>"},
        {"an empty prompt stays empty", NULL, "", NULL, ""},
        {"an empty prompt and a context", NULL, "", "<ctx>", "<ctx>"},
        {"an empty context", NULL, "p", "", "p"},
        {"the override wins", " o ", "p", "c", " o \n\nc"},
        {"a blank override does not", " \n", "p", NULL, "p"},
        {"nor one of wide blanks", "\u00a0\u3000", "p", NULL, "p"},
        {"an empty override does not", "", "", "c", "c"},
        {"quotes and control characters", NULL, "a \"b\"\n\t\\ \x01", NULL, "a \"b\"\n\t\\ \x01"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_options o = PARLEY_OPTIONS_DEFAULT;
        json_t *message;

        o.prompt_override = parley_view(rows[i].override);
        o.prompt = parley_view(rows[i].prompt);
        o.startup_context = parley_view(rows[i].context);
        message = render_session(&o);
        if (strcmp(instructions(message), rows[i].expected) != 0)
            fail_msg("%s: %s", rows[i].title, instructions(message));
        json_decref(message);
    }
}

static void the_built_in_prompt_knows_the_names(void **state)
{
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;
    json_t *message;
    const char *text;

    (void)state;
    o.user_first_name = parley_view("Zo\"e");
    o.assistant_name = parley_view("robin");
    o.startup_context = parley_view("<ctx>");
    message = render_session(&o);
    text = instructions(message);
    assert_non_null(strstr(text, "Zo\"e"));
    assert_non_null(strstr(text, "robin"));
    assert_null(strstr(text, "${"));
    assert_null(strstr(text, "parley"));
    assert_string_equal(text + strlen(text) - 7, "\n\n<ctx>");
    assert_null(strchr(" \t\n", text[strlen(text) - 8])); /* no white space at the end of the prompt */
    assert_true(strlen(text) > 3000 && strlen(text) < 7000);
    json_decref(message);
}

static void voice_and_modality_are_asked_for(void **state)
{
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;
    json_t *message, *session;
    const char *type, *voice, *modality;

    (void)state;
    o.modality = PARLEY_MODALITY_TEXT;
    o.voice = parley_view("cedar");
    message = render_session(&o);
    session = json_object_get(message, "session");
    assert_int_equal(json_unpack(session, "{s:s, s:[s], s:{s:{s:s}}}", "type", &type, "output_modalities",
                                 &modality, "audio", "output", "voice", &voice),
                     0);
    assert_string_equal(type, "realtime");
    assert_string_equal(modality, "text");
    assert_string_equal(voice, "cedar");
    json_decref(message);
}

static void transcription_and_v1_have_their_own_shape(void **state)
{
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;
    json_t *message, *session;

    (void)state;
    o.mode = PARLEY_TRANSCRIPTION;
    message = render_session(&o);
    session = json_object_get(message, "session");
    assert_string_equal(json_string_value(json_object_get(session, "type")), "transcription");
    assert_null(json_object_get(session, "instructions"));
    json_decref(message);

    o.protocol = PARLEY_PROTOCOL_V1; /* which ignores the mode */
    message = render_session(&o);
    session = json_object_get(message, "session");
    assert_string_equal(json_string_value(json_object_get(session, "type")), "quicksilver");
    assert_non_null(json_object_get(session, "instructions"));
    assert_null(json_object_get(session, "tools"));
    json_decref(message);
}

static void texts_must_be_utf8(void **state)
{
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;
    struct parley_error error;

    (void)state;
    o.startup_context = parley_view("a\xff");
    assert_int_equal(parley_session_check(&o, &error), PARLEY_ERR_UTF8);
    assert_string_equal(error.text, "startup_context is not UTF-8");
}

/* ---- delegation -------------------------------------------------------------------------------- */

static unsigned char block[20000];

static struct parley_transcript *open_transcript(size_t bytes)
{
    struct parley_arena arena = parley_arena(block, sizeof block);

    return parley_transcript_open(&arena, bytes);
}

static void expect_delegation(struct parley_transcript *t, const char *request, size_t room,
                              const char *expected, size_t expected_dropped)
{
    struct parley_render r = parley_render(buffer, room);
    size_t dropped = 0;
    size_t entries = parley_transcript_handoff(t, parley_view(request), &dropped);
    struct parley_view got = parley_delegation_render(&r, t, entries, parley_view(request), &dropped);

    if (!parley_view_is(got, expected))
        fail_msg("%.*s", (int)got.len, got.len > 0 ? got.at : "");
    assert_int_equal(dropped, expected_dropped);
    assert_false(r.overflow);
}

static void the_envelope(void **state)
{
    struct parley_transcript *t = open_transcript(1000);

    (void)state;
    parley_transcript_delta(t, PARLEY_ROLE_USER, parley_view("hi"));
    parley_transcript_delta(t, PARLEY_ROLE_ASSISTANT, parley_view("hello & <welcome>"));
    expect_delegation(
        t, "run \"ls\" > out", 4000,
        "<realtime_delegation>\n  <input>run \"ls\" &gt; out</input>\n  <transcript_delta>user: hi\n"
        "assistant: hello &amp; &lt;welcome&gt;\nuser: run \"ls\" &gt; out</transcript_delta>\n"
        "</realtime_delegation>",
        0);
    expect_delegation(t, "hi", 4000, "<realtime_delegation>\n  <input>hi</input>\n</realtime_delegation>", 0);
    expect_delegation(t, "", 4000, "", 0);
    parley_transcript_begin(t, PARLEY_ROLE_USER);
    parley_transcript_delta(t, PARLEY_ROLE_USER, parley_view("well"));
    expect_delegation(t, "", 4000,
                      "<realtime_delegation>\n  <input>user: well</input>\n  <transcript_delta>user: well"
                      "</transcript_delta>\n</realtime_delegation>",
                      0);
}

static void what_does_not_fit_goes_oldest_first(void **state)
{
    struct parley_transcript *t = open_transcript(2000);

    (void)state;
    parley_transcript_delta(t, PARLEY_ROLE_USER,
                            parley_view("the oldest of the three lines of this transcript"));
    parley_transcript_delta(t, PARLEY_ROLE_ASSISTANT, parley_view("the second"));
    expect_delegation(
        t, "the request", 230,
        "<realtime_delegation>\n  <input>the request</input>\n  <transcript_delta>assistant: the second\n"
        "user: the request</transcript_delta>\n</realtime_delegation>",
        48);
}

static void a_request_that_is_too_long_is_cut(void **state)
{
    static char request[9000];
    struct parley_transcript *t = open_transcript(500);
    struct parley_render r = parley_render(buffer, 1000);
    size_t dropped = 0;
    struct parley_view got;

    (void)state;
    memset(request, '&', sizeof request - 1);
    got = parley_delegation_render(&r, t, 0, parley_view(request), &dropped);
    assert_false(r.overflow);
    assert_true(got.len > 300 && got.len <= 1000);
    assert_true(dropped > 8000 && dropped < sizeof request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_are_prompt_and_context),
        cmocka_unit_test(the_built_in_prompt_knows_the_names),
        cmocka_unit_test(voice_and_modality_are_asked_for),
        cmocka_unit_test(transcription_and_v1_have_their_own_shape),
        cmocka_unit_test(texts_must_be_utf8),
        cmocka_unit_test(the_envelope),
        cmocka_unit_test(what_does_not_fit_goes_oldest_first),
        cmocka_unit_test(a_request_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
