#ifndef PARLEY_TRANSPORT_LOOPBACK_RULES_H
#define PARLEY_TRANSPORT_LOOPBACK_RULES_H

#include "platform/view.h"
#include <stdbool.h>

/*
 * The rules of the realtime service as the built-in one keeps them, in one table: what test/talk/README.md
 * prints, what a test goes through, and what a broken rule is called.
 *
 * A row: name, id, kind, what is answered, title, source. The kind says whose rule it is:
 *
 *   'c'   the client may break it; the answer is an error event of that code, and the conversation goes on
 *   'f'   the same, but a matter of form: a lenient service lets it pass
 *   's'   what the service does by itself, for a client to rely on; the answer is the event that shows it
 *
 * Sources: "API: ..." is the public Realtime API reference (the event or object named there), "types: ..."
 * the types of the npm package `openai` 6, "seen: ..." a public report of what the service answered,
 * "reference N.N" the description of the first protocol and of the client. "in kind" marks an answer whose
 * code no public text names.
 */
#define PARLEY_RULES(X)                                                                                      \
    /* messages */                                                                                           \
    X(MESSAGE_JSON, "message-json", 'c', "invalid_json", "a message is JSON", "API: client events, in kind") \
    X(MESSAGE_OBJECT, "message-object", 'c', "invalid_type", "a message is an object",                       \
      "API: client events, in kind")                                                                         \
    X(TYPE_MISSING, "type-missing", 'c', "missing_required_parameter", "a message has a type",               \
      "API: client events")                                                                                  \
    X(TYPE_STRING, "type-string", 'c', "invalid_type", "the type is a string", "API: client events")         \
    X(TYPE_KNOWN, "type-known", 'c', "invalid_value", "the type is one the service knows",                   \
      "seen: crmitchelmore/justspeaktoit #427")                                                              \
    X(EVENT_ID_LENGTH, "event-id-length", 'f', "string_above_max_length",                                    \
      "a client's event_id has at most 512 characters", "API: client events")                                \
    X(MEMBER_UNKNOWN, "member-unknown", 'f', "unknown_parameter",                                            \
      "a message has no members that are not of its type", "API: client events")                             \
    X(MEMBER_TYPE, "member-type", 'c', "invalid_type", "members are of their types", "API: client events")   \
    X(MEMBER_MISSING, "member-missing", 'c', "missing_required_parameter", "no member is missing",           \
      "API: client events")                                                                                  \
    X(ERROR_ECHO, "error-echo", 's', "error", "an error names the event_id of the message it answers",       \
      "API: error")                                                                                          \
    X(ERROR_NULLS, "error-nulls", 's', "error",                                                              \
      "without one, error.event_id is null; code and param may be", "types: RealtimeError")                  \
    X(ERROR_GOES_ON, "error-goes-on", 's', "error", "after an error the conversation goes on", "API: error") \
    X(EVENT_IDS, "event-ids", 's', "event_id", "no two events have the same event_id", "API: server events") \
    /* session */                                                                                            \
    X(SESSION_CREATED, "session-created", 's', "session.created",                                            \
      "the first event is session.created with an id, a model and when it expires", "API: session.created")  \
    X(SESSION_EFFECTIVE, "session-effective", 's', "session.updated",                                        \
      "session.updated shows the whole session in force, what was not named included",                       \
      "API: session.update")                                                                                 \
    X(SESSION_MISSING, "session-missing", 'c', "missing_required_parameter", "session.update has a session", \
      "API: session.update")                                                                                 \
    X(SESSION_TYPE, "session-type", 'c', "missing_required_parameter",                                       \
      "session.update names the session's type", "seen: TanStack/ai #586")                                   \
    X(SESSION_TYPE_KNOWN, "session-type-known", 'c', "invalid_value",                                        \
      "the type is realtime or transcription (quicksilver in the first protocol)", "API: session.update")    \
    X(SESSION_TYPE_FIXED, "session-type-fixed", 'c', "invalid_parameter",                                    \
      "the type of a session does not change", "seen: crmitchelmore/justspeaktoit #427")                     \
    X(SESSION_UNKNOWN, "session-unknown", 'c', "unknown_parameter",                                          \
      "an unknown field anywhere refuses the whole session.update", "seen: livekit/agents #3210")            \
    X(SESSION_ILL_TYPED, "session-ill-typed", 'c', "invalid_type",                                           \
      "an ill-typed field refuses the whole session.update", "API: session.update")                          \
    X(SESSION_FIELD_MISSING, "session-field-missing", 'c', "missing_required_parameter",                     \
      "an object in the session is whole", "seen: Azure-Samples/aoai-realtime-audio-sdk #132")               \
    X(SESSION_LENGTH, "session-length", 'c', "string_above_max_length", "a session fits (64 KiB here)",      \
      "API: session.update, in kind")                                                                        \
    X(MODEL_FIXED, "model-fixed", 'c', "invalid_value", "the model of a session does not change",            \
      "API: session.update, in kind")                                                                        \
    X(VOICE_KNOWN, "voice-known", 'c', "invalid_value", "the voice is one of the ten",                       \
      "types: RealtimeAudioConfigOutput")                                                                    \
    X(VOICE_FIXED, "voice-fixed", 'c', "cannot_update_voice",                                                \
      "the voice does not change once the model has spoken", "seen: openai/openai-agents-python #1661")      \
    X(MODALITIES_KNOWN, "modalities-known", 'c', "invalid_value", "modalities are audio or text",            \
      "types: RealtimeSessionCreateRequest")                                                                 \
    X(MODALITIES_ONE, "modalities-one", 'c', "invalid_value", "audio and text cannot be asked for at once",  \
      "types: RealtimeSessionCreateRequest")                                                                 \
    X(FORMAT_KNOWN, "format-known", 'c', "invalid_value", "audio is audio/pcm, audio/pcmu or audio/pcma",    \
      "types: RealtimeAudioFormats")                                                                         \
    X(FORMAT_RATE, "format-rate", 'c', "invalid_value", "audio/pcm has a rate of 24000",                     \
      "types: RealtimeAudioFormats")                                                                         \
    X(NOISE_REDUCTION, "noise-reduction", 'c', "invalid_value",                                              \
      "noise reduction is near_field, far_field or null", "types: NoiseReductionType")                       \
    X(TRANSCRIPTION_MODEL, "transcription-model", 'c', "invalid_value",                                      \
      "input is transcribed by a model there is", "types: AudioTranscription")                               \
    X(TRANSCRIPTION_DELAY, "transcription-delay", 'c', "invalid_value",                                      \
      "a delay of transcription is one of the five", "types: AudioTranscription")                            \
    X(WHISPER_TURNS, "whisper-turns", 'c', "invalid_value", "gpt-realtime-whisper takes no turn detection",  \
      "types: RealtimeAudioConfigInput")                                                                     \
    X(TURN_TYPE, "turn-type", 'c', "invalid_value", "turns are found by server_vad or semantic_vad",         \
      "types: RealtimeAudioInputTurnDetection")                                                              \
    X(VAD_THRESHOLD, "vad-threshold", 'c', "decimal_above_max_value", "a threshold is from 0 to 1",          \
      "types: ServerVad")                                                                                    \
    X(VAD_PADDING, "vad-padding", 'c', "integer_below_min_value", "prefix_padding_ms is not negative",       \
      "types: ServerVad")                                                                                    \
    X(VAD_SILENCE, "vad-silence", 'c', "integer_below_min_value", "silence_duration_ms is not negative",     \
      "types: ServerVad")                                                                                    \
    X(IDLE_RANGE, "idle-range", 'c', "integer_below_min_value", "idle_timeout_ms is 5000 to 30000 or null",  \
      "API: session.update, turn_detection")                                                                 \
    X(SEMANTIC_FIELDS, "semantic-fields", 'c', "unknown_parameter",                                          \
      "semantic_vad has neither threshold, padding, silence nor idle timeout", "types: SemanticVad")         \
    X(EAGERNESS, "eagerness", 'c', "invalid_value", "eagerness is low, medium, high or auto",                \
      "types: SemanticVad")                                                                                  \
    X(SPEED_RANGE, "speed-range", 'c', "decimal_above_max_value", "speed is 0.25 to 1.5",                    \
      "types: RealtimeAudioConfigOutput")                                                                    \
    X(SPEED_BETWEEN, "speed-between", 'c', "invalid_value",                                                  \
      "the speed does not change while a response is in progress",                                           \
      "types: RealtimeAudioConfigOutput, in kind")                                                           \
    X(MAX_TOKENS, "max-tokens", 'c', "integer_above_max_value", "max_output_tokens is 1 to 4096, or inf",    \
      "types: RealtimeSessionCreateRequest")                                                                 \
    X(TOOL_TYPE, "tool-type", 'c', "invalid_value", "a tool is a function or mcp",                           \
      "types: RealtimeToolsConfigUnion")                                                                     \
    X(TOOL_NAME, "tool-name", 'c', "invalid_value",                                                          \
      "a function has a name of at most 64 letters, digits, _ and -", "types: RealtimeFunctionTool")         \
    X(TOOL_CHOICE, "tool-choice", 'c', "invalid_value", "tool_choice is auto, none, required or a function", \
      "types: RealtimeToolChoiceConfig")                                                                     \
    X(TRACING_FIXED, "tracing-fixed", 'c', "invalid_value", "tracing, once on, does not change",             \
      "types: RealtimeSessionCreateRequest, in kind")                                                        \
    X(TRUNCATION, "truncation", 'c', "invalid_value", "truncation is auto, disabled or a retention ratio",   \
      "types: RealtimeTruncation")                                                                           \
    X(RETENTION, "retention", 'c', "decimal_above_max_value", "a retention ratio is from 0 to 1",            \
      "types: RealtimeTruncationRetentionRatio")                                                             \
    X(INCLUDE, "include", 'c', "invalid_value",                                                              \
      "only item.input_audio_transcription.logprobs can be included", "types: RealtimeSessionCreateRequest") \
    X(EFFORT, "effort", 'c', "invalid_value", "an effort of reasoning is one of the five",                   \
      "types: RealtimeReasoning")                                                                            \
    X(TRANSCRIPTION_FIELDS, "transcription-fields", 'c', "unknown_parameter",                                \
      "a transcription session has no instructions, tools, modalities nor output",                           \
      "seen: openai/codex #14635")                                                                           \
    X(SESSION_MINUTES, "session-minutes", 's', "session_expired",                                            \
      "a session ends after 60 minutes: an error, then close 1001",                                          \
      "seen: pollen-robotics/reachy_mini_conversation_app #134")                                             \
    /* the microphone */                                                                                     \
    X(APPEND_MISSING, "append-missing", 'c', "missing_required_parameter", "an append has audio",            \
      "API: input_audio_buffer.append")                                                                      \
    X(APPEND_BASE64, "append-base64", 'c', "invalid_value", "audio is base64",                               \
      "API: input_audio_buffer.append")                                                                      \
    X(APPEND_WHOLE, "append-whole", 'c', "invalid_value", "audio is whole samples",                          \
      "API: input_audio_buffer.append, in kind")                                                             \
    X(APPEND_LENGTH, "append-length", 'c', "string_above_max_length",                                        \
      "an append is at most 15 MiB of audio", "API: input_audio_buffer.append")                              \
    X(APPEND_SILENT, "append-silent", 's', "(no event)", "no event answers an append",                       \
      "API: input_audio_buffer.append")                                                                      \
    X(COMMIT_EMPTY, "commit-empty", 'c', "input_audio_buffer_commit_empty",                                  \
      "a commit needs 100 ms of audio", "seen: betalgo/openai #674")                                         \
    X(COMMIT_ONLY, "commit-only", 's', "input_audio_buffer.committed",                                       \
      "a commit makes an item and no response", "API: input_audio_buffer.commit")                            \
    X(CLEAR, "clear", 's', "input_audio_buffer.cleared", "a clear empties the buffer, also an empty one",    \
      "API: input_audio_buffer.clear")                                                                       \
    X(SPEECH_ITEM, "speech-item", 's', "input_audio_buffer.speech_started",                                  \
      "speech_started names the user item that will be there, not the one being said",                       \
      "API: input_audio_buffer.speech_started")                                                              \
    X(SPEECH_PADDING, "speech-padding", 's', "audio_start_ms",                                               \
      "audio_start_ms lies prefix_padding_ms ahead", "API: input_audio_buffer.speech_started")               \
    X(SPEECH_SILENCE, "speech-silence", 's', "audio_end_ms",                                                 \
      "speech is over after silence_duration_ms of silence", "API: input_audio_buffer.speech_stopped")       \
    X(SPEECH_THRESHOLD, "speech-threshold", 's', "input_audio_buffer.speech_started",                        \
      "a higher threshold needs louder speech", "types: ServerVad")                                          \
    X(SPEECH_EAGERNESS, "speech-eagerness", 's', "input_audio_buffer.speech_stopped",                        \
      "semantic_vad waits for the end of a sentence, up to 8, 4 or 2 s by eagerness", "types: SemanticVad")  \
    X(SPEECH_IDLE, "speech-idle", 's', "input_audio_buffer.timeout_triggered",                               \
      "idle_timeout_ms after an answer was played, the model goes on by itself", "types: ServerVad")         \
    X(SPEECH_INTERRUPTS, "speech-interrupts", 's', "response.done",                                          \
      "speech cancels the response, unless interrupt_response is false", "types: ServerVad")                 \
    X(SPEECH_ANSWERED, "speech-answered", 's', "response.created",                                           \
      "speech is answered, unless create_response is false", "types: ServerVad")                             \
    X(TURNS_OFF, "turns-off", 's', "(no event)",                                                             \
      "with turn_detection null nothing is heard until it is committed", "API: session.update")              \
    X(TRANSCRIBED, "transcribed", 's', "conversation.item.input_audio_transcription.completed",              \
      "speech is transcribed when the session asks for it",                                                  \
      "API: conversation.item.input_audio_transcription.completed")                                          \
    /* items */                                                                                              \
    X(ITEM_TYPE, "item-type", 'c', "invalid_value",                                                          \
      "an item is a message, a function_call or a function_call_output", "types: ConversationItem")          \
    X(ITEM_ROLE, "item-role", 'c', "invalid_value",                                                          \
      "a message is the user's, the system's or the assistant's", "types: ConversationItem")                 \
    X(ITEM_CONTENT, "item-content", 'c', "missing_required_parameter", "a message has a content",            \
      "types: RealtimeConversationItemUserMessage")                                                          \
    X(PART_TYPE, "part-type", 'c', "invalid_value", "a part is of a type its role may have",                 \
      "types: RealtimeConversationItemUserMessage")                                                          \
    X(PART_TEXT, "part-text", 'c', "missing_required_parameter", "a part has its text, audio or picture",    \
      "seen: openai/openai-agents-js #963")                                                                  \
    X(ASSISTANT_AUDIO, "assistant-audio", 'c', "missing_required_parameter",                                 \
      "the assistant's audio cannot be put in", "seen: openai/openai-agents-js #963")                        \
    X(ITEM_UNKNOWN, "item-unknown", 'f', "unknown_parameter", "an item has no unknown fields",               \
      "API: conversation.item.create")                                                                       \
    X(ITEM_ILL_TYPED, "item-ill-typed", 'c', "invalid_type", "an item's fields are of their types",          \
      "API: conversation.item.create")                                                                       \
    X(ITEM_ID_LENGTH, "item-id-length", 'f', "string_above_max_length",                                      \
      "a client's item id has at most 32 characters", "API: conversation.item.create")                       \
    X(ITEM_ID_UNIQUE, "item-id-unique", 'c', "item_create_duplicate", "item ids are unique",                 \
      "API: conversation.item.create, in kind")                                                              \
    X(ITEM_PREVIOUS, "item-previous", 'c', "item_create_invalid_previous_item_id",                           \
      "previous_item_id is there, or root", "API: conversation.item.create, in kind")                        \
    X(ITEM_CHAIN, "item-chain", 's', "conversation.item.added",                                              \
      "previous_item_id chains the items, and one can be put in between", "API: conversation.item.added")    \
    X(CALL_KNOWN, "call-known", 'c', "invalid_tool_call_id", "an output is for a call that was made",        \
      "seen: livekit/agents #3344")                                                                          \
    X(CALL_FIELDS, "call-fields", 'c', "missing_required_parameter",                                         \
      "a call has name and arguments, an output call_id and output",                                         \
      "types: RealtimeConversationItemFunctionCall")                                                         \
    X(TRUNCATE_ITEM, "truncate-item", 'c', "item_truncate_invalid_item_id", "what is truncated is there",    \
      "API: conversation.item.truncate")                                                                     \
    X(TRUNCATE_AUDIO, "truncate-audio", 'c', "unsupported_content_type",                                     \
      "only audio of the model can be truncated, once there is some", "seen: livekit/agents #6157")          \
    X(TRUNCATE_LENGTH, "truncate-length", 'c', "invalid_value",                                              \
      "an item is not cut behind its end, nor behind an earlier cut", "seen: openclaw/openclaw #125502")     \
    X(TRUNCATE_INDEX, "truncate-index", 'c', "invalid_value", "content_index is 0",                          \
      "API: conversation.item.truncate")                                                                     \
    X(TRUNCATE_END, "truncate-end", 'c', "integer_below_min_value", "audio_end_ms is not negative",          \
      "API: conversation.item.truncate")                                                                     \
    X(TRUNCATE_FORGETS, "truncate-forgets", 's', "conversation.item.retrieved",                              \
      "what is cut off has no transcript any more", "API: conversation.item.truncate")                       \
    X(DELETE_ITEM, "delete-item", 'c', "item_delete_invalid_item_id", "what is deleted is there",            \
      "API: conversation.item.delete")                                                                       \
    X(RETRIEVE_ITEM, "retrieve-item", 'c', "item_retrieve_invalid_item_id", "what is retrieved is there",    \
      "API: conversation.item.retrieve")                                                                     \
    /* responses */                                                                                          \
    X(RESPONSE_ONE, "response-one", 'c', "conversation_already_has_active_response",                         \
      "there is one response of the default conversation at a time", "API: response.create; reference 6.5")  \
    X(RESPONSE_PARALLEL, "response-parallel", 's', "response.created",                                       \
      "responses with conversation none run beside it, and add no items", "API: response.create")            \
    X(RESPONSE_UNKNOWN, "response-unknown", 'f', "unknown_parameter", "a response has no unknown fields",    \
      "API: response.create")                                                                                \
    X(RESPONSE_ILL_TYPED, "response-ill-typed", 'c', "invalid_type",                                         \
      "a response's fields are of their types", "API: response.create")                                      \
    X(RESPONSE_CONVERSATION, "response-conversation", 'c', "invalid_value", "conversation is auto or none",  \
      "types: RealtimeResponseCreateParams")                                                                 \
    X(RESPONSE_MODALITIES, "response-modalities", 'c', "invalid_value",                                      \
      "a response has audio or text, not both", "types: RealtimeResponseCreateParams")                       \
    X(RESPONSE_VOICE, "response-voice", 'c', "cannot_update_voice",                                          \
      "a response has the voice that has spoken already", "seen: openai/openai-agents-python #1661")         \
    X(RESPONSE_INPUT, "response-input", 'c', "invalid_value",                                                \
      "a reference in the input is to an item there is", "types: RealtimeResponseCreateParams, in kind")     \
    X(METADATA, "metadata", 'c', "invalid_value", "metadata are at most 16 strings of 512 with names of 64", \
      "types: RealtimeResponseCreateParams")                                                                 \
    X(METADATA_ECHO, "metadata-echo", 's', "response.created", "a response's events repeat its metadata",    \
      "API: response.create")                                                                                \
    X(RESPONSE_TRANSCRIPTION, "response-transcription", 'c', "invalid_value",                                \
      "a transcription session has no responses", "API: session.update, in kind")                            \
    X(CANCEL_IDLE, "cancel-idle", 'c', "response_cancel_not_active", "what is cancelled is in progress",     \
      "API: response.cancel")                                                                                \
    X(OUTPUT_CLEAR, "output-clear", 'c', "invalid_value", "output_audio_buffer.clear is for WebRTC alone",   \
      "API: output_audio_buffer.clear, in kind")                                                             \
    X(REPLY_ORDER, "reply-order", 's', "response.done",                                                      \
      "a response is told in order: created, item, part, deltas, their ends, done",                          \
      "API: server events; reference 4.3")                                                                   \
    X(REPLY_DELTAS, "reply-deltas", 's', "response.output_audio_transcript.done",                            \
      "the deltas together are what the done events say", "API: server events")                              \
    X(REPLY_FAST, "reply-fast", 's', "response.output_audio.delta",                                          \
      "sound comes faster than it plays; response.done long before its end",                                 \
      "API: conversation.item.truncate")                                                                     \
    X(REPLY_USAGE, "reply-usage", 's', "response.done", "response.done tells the tokens, and they add up",   \
      "types: RealtimeResponseUsage")                                                                        \
    X(REPLY_CANCELLED, "reply-cancelled", 's', "response.done",                                              \
      "a cancelled response ends what it began: incomplete, then cancelled and why", "API: response.cancel") \
    X(REPLY_INCOMPLETE, "reply-incomplete", 's', "response.done",                                            \
      "max_output_tokens ends a response incomplete", "types: RealtimeResponseStatus")                       \
    X(REPLY_CALL, "reply-call", 's', "response.function_call_arguments.done",                                \
      "a call comes with its arguments, whole, before the response is done", "API: server events")           \
    X(RATE_LIMITS, "rate-limits", 's', "rate_limits.updated",                                                \
      "each response updates the rate limits, and what is left grows back", "API: rate_limits.updated")      \
    X(RATE_EXCEEDED, "rate-exceeded", 's', "rate_limit_exceeded",                                            \
      "a response beyond the limit fails, and the session goes on",                                          \
      "types: RealtimeResponseStatus, in kind")                                                              \
    /* the first protocol */                                                                                 \
    X(FIRST_SESSION, "first-session", 'c', "unknown_parameter",                                              \
      "a quicksilver session is instructions, input format and voice", "reference 2.1")                      \
    X(FIRST_HANDOFF, "first-handoff", 'c', "invalid_value",                                                  \
      "conversation.handoff.append is for a handoff there was", "reference 3")                               \
    X(FIRST_ONLY, "first-only", 'c', "invalid_value",                                                        \
      "conversation.handoff.append is of the first protocol alone", "reference 3")                           \
    X(FIRST_EVENTS, "first-events", 's', "conversation.output_audio.delta",                                  \
      "its events are those of the first protocol, with the format in each piece of sound", "reference 4.2")

enum parley_rule {
    PARLEY_RULE_NONE,
#define PARLEY_RULE_NAME(name, id, kind, answer, title, source) PARLEY_RULE_##name,
    PARLEY_RULES(PARLEY_RULE_NAME)
#undef PARLEY_RULE_NAME
        PARLEY_RULES_END
};

struct parley_rule_row {
    const char *id, *answer, *title, *source;
    char kind;
};

/* A rule's row; that of NONE is empty. */
const struct parley_rule_row *parley_rule(enum parley_rule rule);

/* The rule of that id, or NONE. */
enum parley_rule parley_rule_named(struct parley_view id);

/* True for a rule that a lenient service does not enforce. */
bool parley_rule_is_form(enum parley_rule rule);

#endif
