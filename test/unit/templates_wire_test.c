/*
 * The texts themselves: every message of ours in test/vectors/wire-examples.jsonl is rendered and compared,
 * and what is fixed in words (reference 2.4, 3, 7.3, 10.6) is looked at.
 */
#include "context/token_budget.h"
#include "parser/utf8.h"
#include "platform/status.h"
#include "templates/render.h"
#include "templates/templates.h"
#include "test/wire_examples.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(slot, value)                                                                                    \
    {                                                                                                        \
        .name = slot, .text = PARLEY_VIEW(value)                                                             \
    }
#define NUMBER(slot, value)                                                                                  \
    {                                                                                                        \
        .name = slot, .number = value                                                                        \
    }

static char room[65536];

static struct parley_view rendered(const struct parley_template *t, const struct parley_slot *slots)
{
    struct parley_render r = parley_render(room, sizeof room - 1);

    assert_true(parley_render_template(&r, t, slots) >= 0);
    room[r.used] = '\0';
    return parley_rendered(&r);
}

/* ---- the messages ---------------------------------------------------------------------------- */

enum { SLOTS = 4 };
static const struct example {
    const char *name;
    const struct parley_template *template; /* NULL: not one of our messages */
    struct parley_slot slots[SLOTS];        /* ended by what is zero */
} examples[] = {
    {"v1_session_update",
     &parley_template_wire_v1_session_update,
     {TEXT("instructions", "backend prompt\n\n<startup_context>\nctx\n</startup_context>"),
      TEXT("voice", "cove")}},
    {"v1_session_update_empty_instructions",
     &parley_template_wire_v1_session_update,
     {TEXT("instructions", ""), TEXT("voice", "sol")}},
    {"v1_session_update_transcription_ignored",
     &parley_template_wire_v1_session_update,
     {TEXT("instructions", "p"), TEXT("voice", "breeze")}},
    {"v2_session_update_audio",
     &parley_template_wire_v2_session_update,
     {TEXT("instructions", "backend prompt"), TEXT("modality", "audio"), TEXT("voice", "marin")}},
    {"v2_session_update_text",
     &parley_template_wire_v2_session_update,
     {TEXT("instructions", "backend prompt"), TEXT("modality", "text"), TEXT("voice", "cedar")}},
    {"v2_session_update_transcription", &parley_template_wire_v2_session_update_transcription, {{0}}},
    {"v1_audio_append", &parley_template_wire_v1_audio_append, {TEXT("audio", "\x01\x02\x03\x04")}},
    {"v2_audio_append", &parley_template_wire_v2_audio_append, {TEXT("audio", "\x01\x02\x03\x04")}},
    {"v2_audio_append_odd_rate_not_converted",
     &parley_template_wire_v2_audio_append,
     {TEXT("audio", "\0\0\0\0\0\0")}},
    {"v1_user_text", &parley_template_wire_v1_item_user_text, {TEXT("text", "hello there")}},
    {"v1_user_text_later_content_type", NULL, {{0}}}, /* of a later state of the service (reference 3) */
    {"v2_user_text", &parley_template_wire_v2_item_user_text, {TEXT("text", "[USER] hello there")}},
    {"v2_user_text_already_prefixed",
     &parley_template_wire_v2_item_user_text,
     {TEXT("text", "[USER] again")}},
    {"v2_user_text_empty", &parley_template_wire_v2_item_user_text, {TEXT("text", "")}},
    {"v2_user_turn_mirror",
     &parley_template_wire_v2_item_user_text,
     {TEXT("text", "[USER] please run the tests")}},
    {"v2_user_turn_mirror_truncated", NULL, {{0}}}, /* test_mirrored_turn */
    {"v2_agent_progress",
     &parley_template_wire_v2_item_user_text,
     {TEXT("text", "[BACKEND] I am looking at the failing test.")}},
    {"v2_agent_progress_already_prefixed",
     &parley_template_wire_v2_item_user_text,
     {TEXT("text", "[BACKEND] done")}},
    {"v2_final_ack",
     &parley_template_wire_v2_function_output,
     {TEXT("call_id", "call_1"),
      TEXT("output", "Background agent finished. Use the preceding [BACKEND] messages as the result.")}},
    {"v2_steer_ack",
     &parley_template_wire_v2_function_output,
     {TEXT("call_id", "call_2"),
      TEXT("output", "This was sent to steer the previous background agent task.")}},
    {"v2_silence_ack",
     &parley_template_wire_v2_function_output,
     {TEXT("call_id", "call_silent"), TEXT("output", "")}},
    {"v2_response_create", &parley_template_wire_v2_response_create, {{0}}},
    {"v2_truncate_with_item",
     &parley_template_wire_v2_item_truncate,
     {TEXT("item_id", "item_audio"), NUMBER("content_index", 0), NUMBER("audio_end_ms", 40)}},
    {"v2_truncate_from_bytes",
     &parley_template_wire_v2_item_truncate,
     {TEXT("item_id", "item_b"), NUMBER("content_index", 0), NUMBER("audio_end_ms", 100)}},
    {"v1_handoff_append",
     &parley_template_wire_v1_handoff_append,
     {TEXT("handoff_id", "handoff_1"), TEXT("text", "all tests pass")}},
    {"v1_handoff_append_second",
     &parley_template_wire_v1_handoff_append,
     {TEXT("handoff_id", "handoff_1"), TEXT("text", "second message")}},
    {"http_call_v1_multipart", NULL, {{0}}}, /* made by core/webrtc.c, and compared in its test */
    {"http_call_v2_multipart", NULL, {{0}}},
    {"http_call_backend_api", NULL, {{0}}},
    {"deleg_input_only", &parley_template_delegation, {TEXT("input", "run ls")}},
    {"deleg_with_transcript",
     &parley_template_delegation_with_transcript,
     {TEXT("input", "run ls"), TEXT("transcript", "user: hi\nassistant: hello\nuser: run ls")}},
    {"deleg_transcript_fallback",
     &parley_template_delegation_with_transcript,
     {TEXT("input", "user: hi"), TEXT("transcript", "user: hi")}},
    {"deleg_escape", &parley_template_delegation, {TEXT("input", "a <b> &amp; \"c\"")}},
    {"deleg_none", NULL, {{0}}}, /* nothing is routed */
};

/* The example's descriptions of tools are placeholders: in both, they become empty. Ours must say something.
 */
static void empty_descriptions(json_t *value, size_t least)
{
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach(value, key, member)
    {
        if (strcmp(key, "description") == 0) {
            assert_true(json_string_length(member) >= least);
            json_string_set(member, "");
        }
        empty_descriptions(member, least);
    }
    json_array_foreach(value, i, member) empty_descriptions(member, least);
}

static char *compact(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);

    assert_non_null(text);
    return text;
}

/* Equal as JSON values, with the members in the same order and nothing superfluous on the wire. */
static void assert_message(struct parley_view message, const json_t *expected_message)
{
    json_t *expected = json_deep_copy(expected_message);
    json_t *came = json_loadb(message.at, message.len, JSON_REJECT_DUPLICATES, NULL);
    char *again, *expected_text, *came_text;

    assert_non_null(came);
    again = compact(came);
    assert_int_equal(strlen(again), message.len);
    assert_memory_equal(again, message.at, message.len);

    empty_descriptions(expected, 1);
    empty_descriptions(came, 30);
    assert_true(json_equal(came, expected));
    expected_text = compact(expected);
    came_text = compact(came);
    assert_string_equal(came_text, expected_text);
    free(again);
    free(expected_text);
    free(came_text);
    json_decref(came);
    json_decref(expected);
}

static void test_example(void **state)
{
    const struct example *e = *state;
    struct parley_slot slots[SLOTS + 1] = {{0}};
    struct parley_view message;
    json_t *c = example_of(e->name);
    const json_t *expected = json_object_get(c, "message");
    const json_t *text = json_object_get(expected, "$text");

    memcpy(slots, e->slots, sizeof e->slots);
    message = rendered(e->template, slots);
    if (text != NULL)
        assert_string_equal(message.at, json_string_value(text));
    else
        assert_message(message, expected);
    json_decref(c);
}

/* Reference 8.2's last example, as a typed turn that was too long reaches the model (reference 10.5). */
static void test_mirrored_turn(void **state)
{
    static char fitted[1200];
    json_t *c = example_of("v2_user_turn_mirror_truncated");
    struct parley_slot slots[] = {{.name = "text"}, {.name = NULL}};
    long length;
    (void)state;

    length = parley_fit(fitted, sizeof fitted, parley_view(long_turn("[USER] ")), 300);
    assert_int_equal(length, 1199);
    slots[0].text = parley_view_of(fitted, 1199);
    assert_message(rendered(&parley_template_wire_v2_item_user_text, slots), json_object_get(c, "message"));
    json_decref(c);
}

/* So that an example added to the file is not passed over. */
static void test_all_examples_are_known(void **state)
{
    FILE *file = NULL;
    size_t known = 0;
    json_t *c;
    (void)state;

    while ((c = next_example(&file)) != NULL) {
        const char *name = json_string_value(json_object_get(c, "name"));
        const char *mode = json_string_value(json_object_get(c, "mode"));
        bool ours = strcmp(json_string_value(json_object_get(c, "direction")), "out") == 0 &&
                    strcmp(mode, "jsonrpc") != 0 && strcmp(mode, "truncation") != 0;
        size_t i = 0;

        while (ours && i < COUNT(examples) && strcmp(examples[i].name, name) != 0)
            i++;
        if (i == COUNT(examples))
            fail_msg("no template is tested with %s", name);
        known += ours;
        json_decref(c);
    }
    assert_int_equal(known, COUNT(examples));
}

/* ---- any value in any slot ------------------------------------------------------------------- */

/* Fills every slot of every message with what would break it, were it put there as it is: the message stays
 * JSON.
 */
static void test_slots_cannot_break_a_message(void **state)
{
    static const struct parley_view hostile = PARLEY_VIEW("\"},\\\n\0\x1F</input>\xF0\x9F${text}");
    (void)state;

    for (size_t t = 0; t < PARLEY_TEMPLATES; t++) {
        const char *name = parley_templates[t].name;
        const struct parley_template *template = parley_templates[t].template;
        struct parley_slot slots[16] = {{0}};
        json_t *message;
        size_t count = 0;

        if (strstr(name, ".json") == NULL || strstr(name, "/session_members") != NULL)
            continue; /* the members stand in others */
        for (size_t i = 0; i < template->count; i++) {
            const struct parley_piece *piece = &template->pieces[i];

            if (piece->slot != NULL)
                slots[count++] = (struct parley_slot){
                    .name = piece->slot,
                    .text = piece->filter == PARLEY_FILTER_RAW ? parley_view("{}") : hostile,
                    .number = 7};
        }
        message = json_loads(rendered(template, slots).at, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        if (message == NULL)
            fail_msg("%s is no JSON", name);
        json_decref(message);
    }
}

static void test_texts_are_clean(void **state)
{
    (void)state;

    for (size_t t = 0; t < PARLEY_TEMPLATES; t++) {
        const struct parley_template *template = parley_templates[t].template;

        assert_true(t == 0 || strcmp(parley_templates[t - 1].name, parley_templates[t].name) < 0);
        for (size_t i = 0; i < template->count; i++) {
            struct parley_view literal =
                parley_view_of(template->pieces[i].literal, template->pieces[i].bytes);

            assert_true(parley_utf8_valid(literal));
            for (size_t at = 0; at < literal.len; at++)
                assert_true(literal.at[at] == '\n' || literal.at[at] == '\t' ||
                            (unsigned char)literal.at[at] >= 0x20);
        }
        assert_true(template->count > 1 || template->pieces[0].slot != NULL || template->pieces[0].bytes > 0);
    }
}

/* ---- fixed words ----------------------------------------------------------------------------- */

static void test_fixed_outputs(void **state)
{
    (void)state;

    assert_true(
        parley_view_is(parley_template_text(&parley_template_wire_v2_output_finished),
                       "Background agent finished. Use the preceding [BACKEND] messages as the result."));
    assert_true(parley_view_is(parley_template_text(&parley_template_wire_v2_output_steered),
                               "This was sent to steer the previous background agent task."));
    assert_true(parley_template_text(&parley_template_wire_v2_output_finished_mute).len > 0);
    assert_true(parley_template_text(&parley_template_wire_v2_output_empty_request).len > 0);
}

static void test_response_cancel_and_item_delete(void **state)
{
    const struct parley_slot none[] = {{.name = NULL}};
    const struct parley_slot item[] = {TEXT("item_id", "item_9"), {.name = NULL}};
    (void)state;

    assert_string_equal(rendered(&parley_template_wire_v2_response_cancel, none).at,
                        "{\"type\":\"response.cancel\"}");
    assert_string_equal(rendered(&parley_template_wire_v2_item_delete, item).at,
                        "{\"type\":\"conversation.item.delete\",\"item_id\":\"item_9\"}");
}

/* Reference 7.3: names in, headings and labels there, about as long as the one it stands for. */
static void test_backend_prompt(void **state)
{
    static const char *const words[] = {"# Who you are",
                                        "# How this conversation works",
                                        "# Using the backend",
                                        "# What reaches you",
                                        "# Presenting results",
                                        "# What the user prefers",
                                        "# How you speak",
                                        "[USER]",
                                        "[BACKEND]",
                                        "`background_agent`",
                                        "`remain_silent`",
                                        "You are Polly",
                                        "\"Eve\""};
    const struct parley_slot names[] = {
        TEXT("assistant_name", "Polly"), TEXT("user_first_name", "Eve"), {.name = NULL}};
    struct parley_view prompt = rendered(&parley_template_prompts_backend_prompt, names);
    (void)state;

    for (size_t i = 0; i < COUNT(words); i++) {
        if (strstr(prompt.at, words[i]) == NULL)
            fail_msg("the prompt does not say %s", words[i]);
    }
    assert_null(strstr(prompt.at, "${"));
    assert_true(prompt.len > 4000 && prompt.len < 5200);
    assert_int_equal(parley_view_trim(prompt).len, prompt.len);
}

static void test_notices(void **state)
{
    const struct parley_slot reason[] = {TEXT("reason", "inactive"), {.name = NULL}};
    const struct parley_slot notice[] = {TEXT("text", "now"), {.name = NULL}};
    struct parley_view start = parley_template_text(&parley_template_prompts_realtime_start);
    struct parley_view end = rendered(&parley_template_prompts_realtime_end, reason);
    const char *last = "\n\nReason: inactive";
    (void)state;

    assert_true(parley_view_starts(start, parley_view("Realtime conversation started.\n\n")));
    assert_true(parley_view_starts(end, parley_view("Realtime conversation ended.\n\n")));
    assert_string_equal(end.at + end.len - strlen(last), last);
    assert_string_equal(rendered(&parley_template_prompts_realtime_notice, notice).at,
                        "<realtime_conversation>\nnow\n</realtime_conversation>");
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_mirrored_turn),
        cmocka_unit_test(test_all_examples_are_known),
        cmocka_unit_test(test_slots_cannot_break_a_message),
        cmocka_unit_test(test_texts_are_clean),
        cmocka_unit_test(test_fixed_outputs),
        cmocka_unit_test(test_response_cancel_and_item_delete),
        cmocka_unit_test(test_backend_prompt),
        cmocka_unit_test(test_notices),
    };
    struct CMUnitTest tests[COUNT(examples) + COUNT(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(examples); i++) {
        if (examples[i].template != NULL)
            tests[count++] =
                (struct CMUnitTest){examples[i].name, test_example, NULL, NULL, (void *)&examples[i]};
    }
    for (size_t i = 0; i < COUNT(others); i++)
        tests[count++] = others[i];
    return _cmocka_run_group_tests("templates_wire", tests, count, NULL, NULL);
}
