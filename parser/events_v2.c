/* The messages of protocol v2, as events (reference 4.3, 4.4). */
#include "parser/events_common.h"
#include "parser/utf8.h"

static bool read_audio(struct parley_wire_event *event, const struct parley_members *members)
{
    event->sample_rate = 24000;
    parley_value_whole(parley_member(members, PARLEY_MEMBER_SAMPLE_RATE), UINT32_MAX, &event->sample_rate);
    event->channels = 1;
    parley_read_channels(members, &event->channels);
    parley_read_ids(event, members);
    return parley_read_pcm(event, parley_member(members, PARLEY_MEMBER_DELTA), members);
}

/* ---- responses --------------------------------------------------------------------------------- */

/* Why a response failed or stayed incomplete: an error with code and message, or one word for both. */
static void read_reason(struct parley_wire_event *event, const struct parley_value *details)
{
    enum { REASON, ERROR, DETAILS, CODE = 0, MESSAGE, ERRORS };
    static const struct parley_view detail_names[DETAILS] = {PARLEY_VIEW("reason"), PARLEY_VIEW("error")};
    static const struct parley_view error_names[ERRORS] = {PARLEY_VIEW("code"), PARLEY_VIEW("message")};
    struct parley_value in[DETAILS], error[ERRORS];
    parley_value_members(details, detail_names, DETAILS, in);
    parley_value_members(&in[ERROR], error_names, ERRORS, error);
    event->code = parley_value_string(&error[CODE]);
    event->text = parley_value_string(&error[MESSAGE]);
    if (event->code.at == NULL)
        event->code = parley_value_string(&in[REASON]);
    if (event->text.at == NULL)
        event->text = event->code;
}

static bool read_response(struct parley_wire_event *event, const struct parley_members *members)
{
    enum { ID, CONVERSATION_ID, STATUS, STATUS_DETAILS, COUNT };
    static const struct parley_view names[COUNT] = {PARLEY_VIEW("id"), PARLEY_VIEW("conversation_id"),
                                                    PARLEY_VIEW("status"), PARLEY_VIEW("status_details")};
    struct parley_value in[COUNT];
    const struct parley_value *response = parley_member(members, PARLEY_MEMBER_RESPONSE);
    parley_value_members(response, names, COUNT, in);
    event->response_id = parley_value_string(&in[ID]);
    if (event->response_id.at == NULL)
        event->response_id = parley_value_string(parley_member(members, PARLEY_MEMBER_RESPONSE_ID));
    event->out_of_band = in[CONVERSATION_ID].token == PARLEY_JSON_NULL;
    if (event->kind != PARLEY_WIRE_RESPONSE_DONE)
        return true;
    event->status = parley_value_string(&in[STATUS]);
    if (parley_view_is(event->status, "failed") || parley_view_is(event->status, "incomplete"))
        read_reason(event, &in[STATUS_DETAILS]);
    return true;
}

/* ---- items that are done ----------------------------------------------------------------------- */

/* True when a string holds nothing but white space; does not change it. */
static bool blank(const struct parley_value *string)
{
    const char *at = string->at + 1, *end = string->at + string->len - 1;
    while (at < end) {
        char character[4];
        struct parley_view piece = {character, 0};
        if (*at == '\\') {
            piece.len = parley_utf8_put(character, parley_json_escape(&at));
        } else {
            const char *escape = memchr(at, '\\', (size_t)(end - at));
            piece = parley_view_of(at, (size_t)((escape != NULL ? escape : end) - at));
            at += piece.len;
        }
        if (parley_utf8_trim(piece).len > 0)
            return false;
    }
    return true;
}

/* What the model asks for: the first usable one of these members of the arguments, else the arguments
 * themselves as they are, which therefore stay unchanged until one was found. */
static struct parley_view read_request(const struct parley_value *arguments)
{
    static const struct parley_view names[] = {PARLEY_VIEW("input_transcript"), PARLEY_VIEW("input"),
                                               PARLEY_VIEW("text"), PARLEY_VIEW("prompt"),
                                               PARLEY_VIEW("query")};
    enum { COUNT = sizeof names / sizeof names[0] };
    struct parley_value in[COUNT];
    struct parley_view all = parley_value_string(arguments);
    if (all.at == NULL)
        return parley_view("");
    parley_object_members(arguments->at + 1, all.len, names, COUNT, in);
    for (int i = 0; i < COUNT; i++)
        if (in[i].token == PARLEY_JSON_STRING && !blank(&in[i]))
            return parley_utf8_trim(parley_value_string(&in[i]));
    return all;
}

static enum parley_wire_kind call_kind(struct parley_view type, struct parley_view name)
{
    if (parley_view_is(type, "function_call") && parley_view_is(name, "background_agent"))
        return PARLEY_WIRE_HANDOFF;
    if (parley_view_is(type, "function_call") && parley_view_is(name, "remain_silent"))
        return PARLEY_WIRE_SILENCE;
    return PARLEY_WIRE_ITEM_DONE;
}

static bool read_item_done(struct parley_wire_event *event, const struct parley_members *members)
{
    enum { TYPE, NAME, ID, CALL_ID, ARGUMENTS, COUNT };
    static const struct parley_view names[COUNT] = {PARLEY_VIEW("type"), PARLEY_VIEW("name"),
                                                    PARLEY_VIEW("id"), PARLEY_VIEW("call_id"),
                                                    PARLEY_VIEW("arguments")};
    struct parley_value in[COUNT];
    const struct parley_value *item = parley_member(members, PARLEY_MEMBER_ITEM);
    parley_value_members(item, names, COUNT, in);
    struct parley_view id = parley_value_string(&in[ID]), call_id = parley_value_string(&in[CALL_ID]);
    event->kind = call_kind(parley_value_string(&in[TYPE]), parley_value_string(&in[NAME]));
    if (event->kind == PARLEY_WIRE_ITEM_DONE) {
        event->item_id = id;
        return id.at != NULL;
    }
    event->call_id = call_id.at != NULL ? call_id : id;
    event->item_id = id.at != NULL ? id : call_id;
    if (event->kind == PARLEY_WIRE_HANDOFF)
        event->text = read_request(&in[ARGUMENTS]);
    return event->call_id.at != NULL; /* without any id the item is of no use as an item done either */
}

/* ---- the table --------------------------------------------------------------------------------- */

static const struct parley_rule rules[] = {
    PARLEY_RULE("response.output_audio.delta", AUDIO, NONE, read_audio),
    PARLEY_RULE("response.audio.delta", AUDIO, NONE, read_audio),
    PARLEY_RULE("response.output_audio_transcript.delta", OUTPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("response.output_audio_transcript.done", OUTPUT_DONE, TRANSCRIPT, parley_read_ids),
    PARLEY_RULE("response.output_text.delta", OUTPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("response.output_text.done", OUTPUT_DONE, TEXT, parley_read_ids),
    PARLEY_RULE("conversation.item.input_audio_transcription.delta", INPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("conversation.item.input_audio_transcription.completed", INPUT_DONE, TRANSCRIPT,
                parley_read_ids),
    PARLEY_RULE("input_audio_buffer.speech_started", SPEECH_STARTED, NONE, parley_read_ids),
    PARLEY_RULE("input_audio_buffer.speech_stopped", SPEECH_STOPPED, NONE, parley_read_ids),
    PARLEY_RULE("response.created", RESPONSE_CREATED, NONE, read_response),
    PARLEY_RULE("response.cancelled", RESPONSE_CANCELLED, NONE, read_response),
    PARLEY_RULE("response.done", RESPONSE_DONE, NONE, read_response),
    PARLEY_RULE("conversation.item.added", ITEM_ADDED, NONE, parley_read_item_added),
    PARLEY_RULE("conversation.item.created", ITEM_ADDED, NONE, parley_read_item_added),
    PARLEY_RULE("conversation.item.done", ITEM_DONE, NONE, read_item_done),
    PARLEY_RULE("session.updated", SESSION_UPDATED, NONE, parley_read_session),
    PARLEY_RULE("error", ERROR, NONE, parley_read_error),
};

int parley_events_v2(struct parley_wire_event *event, char *message, size_t len, size_t *offset,
                     const char **why)
{
    return parley_events_read(event, message, len, rules, sizeof rules / sizeof rules[0], offset, why);
}
