#ifndef PARLEY_TEST_PARSER_EVENTS_H
#define PARLEY_TEST_PARSER_EVENTS_H

/* What the tests of both dialects share: an event as a line of text, and the wire examples of the
   reference run through a dialect in several spellings. */
#include "test/unit/parser_test.h"

#include "parser/event.h"
#include "platform/status.h"
#include "test/wire_examples.h"

typedef int parse_function(struct parley_wire_event *event, char *message, size_t len, size_t *offset,
                           const char **why);

struct shown {
    char text[4096];
    size_t len;
};

static inline void show_view(struct shown *line, const char *name, struct parley_view view)
{
    if (view.at == NULL)
        return;
    assert_true(line->len + view.len + 32 < sizeof line->text);
    line->len += (size_t)snprintf(line->text + line->len, 32, " %s=<", name);
    memcpy(line->text + line->len, view.at, view.len);
    line->len += view.len;
    line->len += (size_t)snprintf(line->text + line->len, 2, ">");
}

static inline void show_number(struct shown *line, const char *name, long long number, long long usual)
{
    if (number != usual)
        line->len += (size_t)snprintf(line->text + line->len, 64, " %s=%lld", name, number);
}

static inline void show_audio(struct shown *line, const struct parley_wire_event *e)
{
    show_number(line, "rate", e->sample_rate, -1);
    show_number(line, "channels", e->channels, -1);
    if (e->has_samples)
        show_number(line, "samples", e->samples, -1);
    if (e->audio_bad)
        show_number(line, "bad_at", (long long)e->bad_offset, -1);
    line->len += (size_t)snprintf(line->text + line->len, 8, " pcm=");
    for (size_t i = 0; i < e->pcm_bytes; i++)
        line->len += (size_t)snprintf(line->text + line->len, 3, "%02x", e->pcm[i]);
}

/* "kind name=<text> …" with what is there, in this order. */
static inline const char *show(struct shown *line, const struct parley_wire_event *e)
{
    static const char *const kinds[] = {
        "ignored",      "session_updated", "speech_started", "speech_stopped", "input_delta", "input_done",
        "output_delta", "output_done",     "audio",          "created",        "cancelled",   "done",
        "item_added",   "item_done",       "handoff",        "silence",        "error",
    };
    assert_true((size_t)e->kind < COUNT(kinds));
    line->len = (size_t)snprintf(line->text, sizeof line->text, "%s", kinds[e->kind]);
    show_view(line, "session", e->session_id);
    show_view(line, "call", e->call_id);
    show_view(line, "item", e->item_id);
    show_view(line, "response", e->response_id);
    show_number(line, "content", e->content_index, 0);
    if (e->out_of_band)
        show_number(line, "out_of_band", 1, 0);
    show_view(line, "status", e->status);
    show_view(line, "code", e->code);
    show_view(line, "event", e->event_id);
    show_view(line, "param", e->param);
    show_view(line, "text", e->text);
    show_view(line, "json", e->json);
    show_number(line, "expires", e->expires_at_s, 0);
    if (e->kind == PARLEY_WIRE_AUDIO)
        show_audio(line, e);
    return line->text;
}

/* Every view lies in the message, but for an empty text, which may lie anywhere. */
static inline void check_views(const struct parley_wire_event *e, const char *message, size_t len)
{
    const struct parley_view views[] = {e->type,    e->text,        e->json,    e->session_id,
                                        e->item_id, e->response_id, e->call_id, e->status,
                                        e->code,    e->event_id,    e->param};
    for (size_t i = 0; i < COUNT(views); i++)
        if (views[i].len > 0)
            assert_true(views[i].at >= message && views[i].at + views[i].len <= message + len);
    if (e->pcm != NULL)
        assert_true((char *)e->pcm >= message && (char *)e->pcm + e->pcm_bytes <= message + len);
}

/* A case of a table: what a message is shown as. */
struct event_case {
    const char *title, *message, *expected;
};

static inline void check_cases(parse_function *parse, const struct event_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(cases[i].message), offset;
        char *copy = copy_of(cases[i].message, len);
        const char *why;
        struct parley_wire_event event;
        struct shown line;
        memset(&event, 0xA5, sizeof event); /* every field has to be filled */
        if (parse(&event, copy, len, &offset, &why) != PARLEY_OK)
            fail_msg("%s: %s at %zu", cases[i].title, why, offset);
        if (strcmp(show(&line, &event), cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].title, line.text);
        check_views(&event, copy, len);
        free(copy);
    }
}

/* ---- the wire examples of the reference --------------------------------------------------------- */

static inline struct parley_view member(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return parley_view_of(json_string_value(value), json_string_length(value));
}

/* What `maps_to` says an event has to be. */
static inline struct parley_wire_event expected_event(json_t *maps_to, unsigned char *pcm)
{
    static const struct {
        const char *name, *text;
        enum parley_wire_kind kind;
    } kinds[] = {
        {"SessionUpdated", "instructions", PARLEY_WIRE_SESSION_UPDATED},
        {"InputAudioSpeechStarted", NULL, PARLEY_WIRE_SPEECH_STARTED},
        {"InputTranscriptDelta", "delta", PARLEY_WIRE_INPUT_DELTA},
        {"InputTranscriptDone", "text", PARLEY_WIRE_INPUT_DONE},
        {"OutputTranscriptDelta", "delta", PARLEY_WIRE_OUTPUT_DELTA},
        {"OutputTranscriptDone", "text", PARLEY_WIRE_OUTPUT_DONE},
        {"AudioOut", NULL, PARLEY_WIRE_AUDIO},
        {"ResponseCreated", NULL, PARLEY_WIRE_RESPONSE_CREATED},
        {"ResponseCancelled", NULL, PARLEY_WIRE_RESPONSE_CANCELLED},
        {"ResponseDone", NULL, PARLEY_WIRE_RESPONSE_DONE},
        {"ConversationItemAdded", NULL, PARLEY_WIRE_ITEM_ADDED},
        {"ConversationItemDone", NULL, PARLEY_WIRE_ITEM_DONE},
        {"HandoffRequested", "input_transcript", PARLEY_WIRE_HANDOFF},
        {"NoopRequested", NULL, PARLEY_WIRE_SILENCE},
        {"Error", NULL, PARLEY_WIRE_ERROR},
    };
    struct parley_wire_event e = {.kind = PARLEY_WIRE_IGNORED};
    size_t i = 0;
    while (i < COUNT(kinds) && json_object_get(maps_to, kinds[i].name) == NULL)
        i++;
    if (i == COUNT(kinds)) {
        assert_true(json_is_null(maps_to));
        return e;
    }
    json_t *fields = json_object_get(maps_to, kinds[i].name);
    e.kind = kinds[i].kind;
    e.text = kinds[i].text != NULL ? member(fields, kinds[i].text) : parley_view(json_string_value(fields));
    e.session_id = member(fields, "session_id");
    e.item_id = member(fields, "item_id");
    e.response_id = member(fields, "response_id");
    e.call_id = member(fields, e.kind == PARLEY_WIRE_HANDOFF ? "handoff_id" : "call_id");
    if (e.kind == PARLEY_WIRE_AUDIO) {
        e.sample_rate = (uint32_t)json_integer_value(json_object_get(fields, "sample_rate"));
        e.channels = (uint16_t)json_integer_value(json_object_get(fields, "num_channels"));
        e.has_samples = json_object_get(fields, "samples_per_channel") != NULL;
        e.samples = (uint32_t)json_integer_value(json_object_get(fields, "samples_per_channel"));
        assert_true(parley_view_is(member(fields, "data"), "AQID"));
        e.pcm = memcpy(pcm, "\x01\x02\x03", 3);
        e.pcm_bytes = 3;
    }
    return e;
}

/* Leaves of an event what the reference's has, so that the two can be shown alike. */
static inline void reduce(struct parley_wire_event *e)
{
    const struct parley_view absent = {NULL, 0};
    e->type = e->json = e->status = e->code = e->event_id = e->param = absent;
    if (e->kind == PARLEY_WIRE_INPUT_DELTA || e->kind == PARLEY_WIRE_INPUT_DONE ||
        e->kind == PARLEY_WIRE_OUTPUT_DELTA || e->kind == PARLEY_WIRE_OUTPUT_DONE)
        e->item_id = e->response_id = absent;
    if (e->kind == PARLEY_WIRE_AUDIO)
        e->response_id = absent;
}

static inline void check_example(parse_function *parse, const char *name, const char *message,
                                 json_t *maps_to)
{
    size_t len = strlen(message), offset = 0;
    char *copy = copy_of(message, len);
    unsigned char pcm[3];
    struct parley_wire_event event = {0}, expected = expected_event(maps_to, pcm);
    struct shown got, wanted;
    const char *why = "";
    int status = parse(&event, copy, len, &offset, &why);
    /* What is not JSON is ignored in the reference; ours tells it, and its reader ignores it. */
    if (status != PARLEY_OK && (status != PARLEY_ERR_JSON || expected.kind != PARLEY_WIRE_IGNORED ||
                                strcmp(name, "raw_not_json") != 0))
        fail_msg("%s: %s at %zu", name, why, offset);
    check_views(&event, copy, len);
    if (event.kind == PARLEY_WIRE_ITEM_ADDED) {
        json_t *item = json_loadb(event.json.at, event.json.len, JSON_DECODE_ANY, NULL);
        assert_true(json_equal(item, json_object_get(maps_to, "ConversationItemAdded")));
        json_decref(item);
    }
    reduce(&event);
    if (strcmp(show(&got, &event), show(&wanted, &expected)) != 0)
        fail_msg("%s: %s\n instead of %s\n from %s", name, got.text, wanted.text, message);
    free(copy);
}

/* The same value with the members of its objects the other way round. */
static inline json_t *reversed(json_t *value)
{
    if (!json_is_object(value))
        return json_incref(value);
    const char *names[64];
    size_t count = 0;
    const char *name;
    json_t *inner, *result = json_object();
    json_object_foreach(value, name, inner)
    {
        assert_true(count < COUNT(names));
        names[count++] = name;
    }
    while (count-- > 0)
        json_object_set_new(result, names[count], reversed(json_object_get(value, names[count])));
    return result;
}

/* Every inbound message of a version, in five spellings; returns how many there were. */
static inline unsigned check_examples(parse_function *parse, const char *version)
{
    static const size_t spellings[] = {JSON_COMPACT, JSON_INDENT(3), JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH,
                                       JSON_SORT_KEYS, JSON_COMPACT};
    FILE *file = NULL;
    json_t *example;
    unsigned count = 0;
    while ((example = next_example(&file)) != NULL) {
        json_t *message = json_object_get(example, "message");
        const char *name = json_string_value(json_object_get(example, "name"));
        const char *raw = json_string_value(json_object_get(message, "$raw"));
        bool ours = parley_view_is(member(example, "version"), version) &&
                    parley_view_is(member(example, "direction"), "in") &&
                    !parley_view_is(member(example, "mode"), "jsonrpc") &&
                    json_object_get(message, "$frame") == NULL && json_object_get(message, "$http") == NULL;
        json_t *maps_to = json_object_get(example, "maps_to");
        if (ours && raw != NULL)
            check_example(parse, name, raw, maps_to);
        for (size_t i = 0; ours && raw == NULL && i < COUNT(spellings); i++) {
            json_t *turned = i + 1 == COUNT(spellings) ? reversed(message) : json_incref(message);
            char *text = json_dumps(turned, spellings[i]);
            check_example(parse, name, text, maps_to);
            free(text);
            json_decref(turned);
        }
        count += ours;
        json_decref(example);
    }
    return count;
}

#endif
