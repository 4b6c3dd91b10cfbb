#ifndef PARLEY_TEST_EVENT_MODEL_H
#define PARLEY_TEST_EVENT_MODEL_H

/* An event for the host as the reference writes it (4.5), so that the two can be compared. Below
   test/unit/conversation.h, whose conversation it is taken from. */
#include "parser/base64.h"
#include "test/unit/conversation.h"

static inline json_t *model_text(struct parley_view text)
{
    return text.at != NULL ? json_stringn(text.at, text.len) : json_null();
}

static inline json_t *model_handoff(const struct parley_event *e)
{
    json_t *lines = json_array();
    struct parley_line line;

    for (size_t i = 0; parley_handoff_line(c, i, &line); i++)
        json_array_append_new(lines,
                              json_pack("{s:s, s:o}", "role", line.role, "text", model_text(line.text)));
    assert_int_equal(json_array_size(lines), e->lines);
    return json_pack("{s:o, s:o, s:o, s:o}", "handoff_id", model_text(e->handoff_id), "item_id",
                     model_text(e->item_id), "input_transcript", model_text(e->text), "active_transcript",
                     lines);
}

static inline json_t *model_audio(const struct parley_event *e)
{
    size_t len = parley_base64_length(e->pcm_bytes);
    char *data = malloc(len + 1);
    json_t *model;

    parley_base64_encode(data, e->pcm, e->pcm_bytes);
    model = json_pack("{s:s%, s:i, s:i}", "data", data, len, "sample_rate", (int)e->sample_rate,
                      "num_channels", (int)e->channels);
    if (e->has_samples)
        json_object_set_new(model, "samples_per_channel", json_integer(e->samples_per_channel));
    if (e->item_id.at != NULL)
        json_object_set_new(model, "item_id", model_text(e->item_id));
    free(data);
    return model;
}

/* The fields of an event, and its name in *name; NULL for what the reference has not. */
static inline json_t *model_fields(const struct parley_event *e, const char **name)
{
    switch (e->kind) {
    case PARLEY_EVENT_SESSION_UPDATED:
        *name = "SessionUpdated";
        return json_pack("{s:o, s:o}", "session_id", model_text(e->session_id), "instructions",
                         model_text(e->text));
    case PARLEY_EVENT_SPEECH_STARTED:
        *name = "InputAudioSpeechStarted";
        return json_pack("{s:o}", "item_id", model_text(e->item_id));
    case PARLEY_EVENT_USER_DELTA:
    case PARLEY_EVENT_REPLY_DELTA:
        *name = e->kind == PARLEY_EVENT_USER_DELTA ? "InputTranscriptDelta" : "OutputTranscriptDelta";
        return json_pack("{s:o}", "delta", model_text(e->text));
    case PARLEY_EVENT_USER_DONE:
    case PARLEY_EVENT_REPLY_DONE:
        *name = e->kind == PARLEY_EVENT_USER_DONE ? "InputTranscriptDone" : "OutputTranscriptDone";
        return json_pack("{s:o}", "text", model_text(e->text));
    case PARLEY_EVENT_AUDIO:
        *name = "AudioOut";
        return model_audio(e);
    case PARLEY_EVENT_RESPONSE_CREATED:
        *name = "ResponseCreated";
        return json_pack("{s:o}", "response_id", model_text(e->response_id));
    case PARLEY_EVENT_RESPONSE_CANCELLED:
        *name = "ResponseCancelled";
        return json_pack("{s:o}", "response_id", model_text(e->response_id));
    case PARLEY_EVENT_RESPONSE_DONE:
        *name = "ResponseDone";
        return json_pack("{s:o}", "response_id", model_text(e->response_id));
    case PARLEY_EVENT_ITEM_ADDED:
        *name = "ConversationItemAdded";
        return json_loadb(e->json.at, e->json.len, JSON_DECODE_ANY, NULL);
    case PARLEY_EVENT_ITEM_DONE:
        *name = "ConversationItemDone";
        return json_pack("{s:o}", "item_id", model_text(e->item_id));
    case PARLEY_EVENT_HANDOFF:
        *name = "HandoffRequested";
        return model_handoff(e);
    case PARLEY_EVENT_SILENCE:
        *name = "NoopRequested";
        return json_pack("{s:o, s:o}", "call_id", model_text(e->handoff_id), "item_id",
                         model_text(e->item_id));
    case PARLEY_EVENT_ERROR:
        *name = "Error";
        return model_text(e->text);
    case PARLEY_EVENT_LINK:
    case PARLEY_EVENT_SDP:
    case PARLEY_EVENT_STARTED:
    case PARLEY_EVENT_SPEECH_STOPPED:
    case PARLEY_EVENT_INTERRUPTED:
    case PARLEY_EVENT_PLAYED:
    case PARLEY_EVENT_RECONNECTING:
    case PARLEY_EVENT_RECONNECTED:
    case PARLEY_EVENT_SHED:
    case PARLEY_EVENT_SKIPPED:
    case PARLEY_EVENT_CLOSED:
        break;
    }
    return NULL;
}

/* {"Name": fields}, of the caller's. */
static inline json_t *event_model(const struct parley_event *e)
{
    const char *name = NULL;
    json_t *fields = model_fields(e, &name), *model = json_object();

    if (fields == NULL)
        fail_msg("the reference has no event %s", parley_event_name(e->kind));
    json_object_set_new(model, name, fields);
    return model;
}

/* The next event must be this one, null for none. */
static inline void expect_model(const json_t *wanted)
{
    struct parley_event event;
    json_t *model;

    serve();
    if (json_is_null(wanted)) {
        expect_nothing();
        return;
    }
    if (parley_next_event(c, &event) != 1)
        fail_msg("no event, %s expected", json_dumps(wanted, 0));
    model = event_model(&event);
    if (!json_equal(model, wanted))
        fail_msg("%s, %s expected", json_dumps(model, 0), json_dumps(wanted, 0));
    json_decref(model);
}

#endif
