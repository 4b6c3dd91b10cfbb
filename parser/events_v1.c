/* The messages of protocol v1, as events (reference 4.2). */
#include "parser/events_common.h"

/* Nothing of audio goes without saying here, and it belongs to no item. */
static bool read_audio(struct parley_wire_event *event, const struct parley_members *members)
{
    enum parley_member data = parley_member(members, PARLEY_MEMBER_DELTA)->token == PARLEY_JSON_STRING
                                  ? PARLEY_MEMBER_DELTA
                                  : PARLEY_MEMBER_DATA;
    return parley_value_whole(parley_member(members, PARLEY_MEMBER_SAMPLE_RATE), UINT32_MAX,
                              &event->sample_rate) &&
           parley_read_channels(members, &event->channels) &&
           parley_read_pcm(event, parley_member(members, data), members);
}

static bool read_item_done(struct parley_wire_event *event, const struct parley_members *members)
{
    static const struct parley_view name = PARLEY_VIEW("id");
    struct parley_value id;
    const struct parley_value *item = parley_member(members, PARLEY_MEMBER_ITEM);
    parley_value_members(item, &name, 1, &id);
    event->item_id = parley_value_string(&id);
    return event->item_id.at != NULL;
}

static bool read_handoff(struct parley_wire_event *event, const struct parley_members *members)
{
    event->call_id = parley_value_string(parley_member(members, PARLEY_MEMBER_HANDOFF_ID));
    event->item_id = parley_value_string(parley_member(members, PARLEY_MEMBER_ITEM_ID));
    return event->call_id.at != NULL && event->item_id.at != NULL;
}

static const struct parley_rule rules[] = {
    PARLEY_RULE("conversation.output_audio.delta", AUDIO, NONE, read_audio),
    PARLEY_RULE("conversation.output_transcript.delta", OUTPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("response.output_text.delta", OUTPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("response.output_audio_transcript.delta", OUTPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("response.output_audio_transcript.done", OUTPUT_DONE, TRANSCRIPT, parley_read_ids),
    PARLEY_RULE("conversation.input_transcript.delta", INPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("conversation.input_transcript.turn_marked", INPUT_DONE, TRANSCRIPT, parley_read_ids),
    PARLEY_RULE("conversation.item.input_audio_transcription.delta", INPUT_DELTA, DELTA, parley_read_ids),
    PARLEY_RULE("conversation.item.input_audio_transcription.completed", INPUT_DONE, TRANSCRIPT,
                parley_read_ids),
    PARLEY_RULE("conversation.item.added", ITEM_ADDED, NONE, parley_read_item_added),
    PARLEY_RULE("conversation.item.done", ITEM_DONE, NONE, read_item_done),
    PARLEY_RULE("conversation.handoff.requested", HANDOFF, INPUT_TRANSCRIPT, read_handoff),
    PARLEY_RULE("session.updated", SESSION_UPDATED, NONE, parley_read_session),
    PARLEY_RULE("error", ERROR, NONE, parley_read_error),
};

int parley_events_v1(struct parley_wire_event *event, char *message, size_t len, size_t *offset,
                     const char **why)
{
    return parley_events_read(event, message, len, rules, sizeof rules / sizeof rules[0], offset, why);
}
