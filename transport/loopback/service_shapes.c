/*
 * What each message of a client may hold, in both protocols: tables for shape.c, after the types of the
 * public reference (rules.h tells which). A name here is a name on the wire.
 */
#include "transport/loopback/service_state.h"

#define STRING(name_)  .name = (name_), .kinds = PARLEY_IS_STRING
#define BOOLEAN(name_) .name = (name_), .kinds = PARLEY_IS_BOOLEAN
#define INTEGER(name_) .name = (name_), .kinds = PARLEY_IS_INTEGER
#define NUMBER(name_)  .name = (name_), .kinds = PARLEY_IS_NUMBER
#define OBJECT(name_)  .name = (name_), .kinds = PARLEY_IS_OBJECT
#define ARRAY(name_)   .name = (name_), .kinds = PARLEY_IS_ARRAY
#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }
#define FIELDS(...)                                                                                          \
    .fields = (const struct parley_shape_field[])                                                            \
    {                                                                                                        \
        __VA_ARGS__, END                                                                                     \
    }
#define VARIANTS(...)                                                                                        \
    .variants = (const struct parley_shape_variant[])                                                        \
    {                                                                                                        \
        __VA_ARGS__,                                                                                         \
        {                                                                                                    \
            NULL, NULL                                                                                       \
        }                                                                                                    \
    }
#define OR_NULL | PARLEY_IS_NULL

/* ---- sound --------------------------------------------------------------------------------------- */

static const struct parley_shape pcm = {FIELDS({INTEGER("rate"), .least = 24000, .most = 24000,
                                                .rule = PARLEY_RULE_FORMAT_RATE})},
                                 g711 = {.fields = (const struct parley_shape_field[]){END}};
static const struct parley_shape format = {
    .by = "type",
    .rule = PARLEY_RULE_FORMAT_KNOWN,
    VARIANTS({"audio/pcm", &pcm}, {"audio/pcmu", &g711}, {"audio/pcma", &g711})};

static const struct parley_shape noise_reduction = {
    FIELDS({STRING("type"), .values = "near_field|far_field", .rule = PARLEY_RULE_NOISE_REDUCTION})};

static const struct parley_shape transcription = {FIELDS(
    {STRING("model"),
     .values = "whisper-1|gpt-4o-transcribe|gpt-4o-transcribe-latest|gpt-4o-mini-transcribe|"
               "gpt-4o-mini-transcribe-2025-12-15|gpt-4o-transcribe-diarize|gpt-realtime-whisper",
     .rule = PARLEY_RULE_TRANSCRIPTION_MODEL},
    {STRING("language")}, {STRING("prompt")},
    {STRING("delay"), .values = "minimal|low|medium|high|xhigh", .rule = PARLEY_RULE_TRANSCRIPTION_DELAY})};

static const struct parley_shape server_vad = {
    FIELDS({NUMBER("threshold"), .least = 0, .most = 1, .rule = PARLEY_RULE_VAD_THRESHOLD},
           {INTEGER("prefix_padding_ms"), .least = 0, .most = 60000, .rule = PARLEY_RULE_VAD_PADDING},
           {INTEGER("silence_duration_ms"), .least = 0, .most = 60000, .rule = PARLEY_RULE_VAD_SILENCE},
           {INTEGER("idle_timeout_ms") OR_NULL, .least = 5000, .most = 30000, .rule = PARLEY_RULE_IDLE_RANGE},
           {BOOLEAN("create_response")}, {BOOLEAN("interrupt_response")})};
static const struct parley_shape semantic_vad = {
    .unknown = PARLEY_RULE_SEMANTIC_FIELDS,
    FIELDS({STRING("eagerness"), .values = "low|medium|high|auto", .rule = PARLEY_RULE_EAGERNESS},
           {BOOLEAN("create_response")}, {BOOLEAN("interrupt_response")})};
static const struct parley_shape turn_detection = {
    .by = "type",
    .rule = PARLEY_RULE_TURN_TYPE,
    VARIANTS({"server_vad", &server_vad}, {"semantic_vad", &semantic_vad})};

static const struct parley_shape input = {FIELDS(
    {OBJECT("format"), .shape = &format}, {OBJECT("noise_reduction") OR_NULL, .shape = &noise_reduction},
    {OBJECT("transcription") OR_NULL, .shape = &transcription},
    {OBJECT("turn_detection") OR_NULL, .shape = &turn_detection})};

#define VOICES "alloy|ash|ballad|coral|echo|sage|shimmer|verse|marin|cedar"

static const struct parley_shape own_voice = {FIELDS({STRING("id"), .required = true})};
static const struct parley_shape output = {
    FIELDS({OBJECT("format"), .shape = &format},
           {NUMBER("speed"), .least = 0.25, .most = 1.5, .rule = PARLEY_RULE_SPEED_RANGE},
           {STRING("voice") | PARLEY_IS_OBJECT, .values = VOICES, .shape = &own_voice,
            .rule = PARLEY_RULE_VOICE_KNOWN})};
static const struct parley_shape audio = {
    FIELDS({OBJECT("input"), .shape = &input}, {OBJECT("output"), .shape = &output})};

/* ---- the session --------------------------------------------------------------------------------- */

static const struct parley_shape function_tool = {
    FIELDS({STRING("name"), .required = true, .word = true, .longest = 64, .rule = PARLEY_RULE_TOOL_NAME},
           {STRING("description")}, {OBJECT("parameters")})};
static const struct parley_shape mcp_tool = {
    FIELDS({STRING("server_label"), .required = true}, {STRING("server_url")}, {STRING("server_description")},
           {STRING("connector_id")}, {STRING("tunnel_id")}, {STRING("authorization")},
           {BOOLEAN("defer_loading")}, {OBJECT("headers") OR_NULL}, {ARRAY("allowed_callers") OR_NULL},
           {ARRAY("allowed_tools") | PARLEY_IS_OBJECT OR_NULL},
           {STRING("require_approval") | PARLEY_IS_OBJECT OR_NULL})};
static const struct parley_shape tool = {
    .by = "type", .rule = PARLEY_RULE_TOOL_TYPE, VARIANTS({"function", &function_tool}, {"mcp", &mcp_tool})};

static const struct parley_shape choose_function = {FIELDS({STRING("name"), .required = true})},
                                 choose_mcp = {FIELDS({STRING("server_label"), .required = true},
                                                      {STRING("name") OR_NULL})};
static const struct parley_shape tool_choice = {
    .by = "type",
    .rule = PARLEY_RULE_TOOL_CHOICE,
    VARIANTS({"function", &choose_function}, {"mcp", &choose_mcp})};

static const struct parley_shape token_limits = {
    FIELDS({INTEGER("post_instructions"), .least = 0, .most = 4e6})};
static const struct parley_shape ratio = {FIELDS(
    {NUMBER("retention_ratio"), .required = true, .least = 0, .most = 1, .rule = PARLEY_RULE_RETENTION},
    {OBJECT("token_limits"), .shape = &token_limits})};
static const struct parley_shape truncation = {
    .by = "type", .rule = PARLEY_RULE_TRUNCATION, VARIANTS({"retention_ratio", &ratio})};

static const struct parley_shape tracing = {
    FIELDS({STRING("workflow_name")}, {STRING("group_id")}, {OBJECT("metadata")})};
static const struct parley_shape prompt = {
    FIELDS({STRING("id"), .required = true}, {STRING("version") OR_NULL}, {OBJECT("variables") OR_NULL})};
static const struct parley_shape reasoning = {
    FIELDS({STRING("effort"), .values = "minimal|low|medium|high|xhigh", .rule = PARLEY_RULE_EFFORT})};

#define MODALITIES(rule_)                                                                                    \
    {                                                                                                        \
        ARRAY("output_modalities"), .values = "audio|text", .rule = (rule_)                                  \
    }
#define MAX_TOKENS                                                                                           \
    {                                                                                                        \
        INTEGER("max_output_tokens") | PARLEY_IS_STRING, .values = "inf", .least = 1, .most = 4096,          \
                                                         .rule = PARLEY_RULE_MAX_TOKENS                      \
    }
#define TOOLS                                                                                                \
    {                                                                                                        \
        ARRAY("tools"), .shape = &tool                                                                       \
    }
#define CHOICE                                                                                               \
    {                                                                                                        \
        STRING("tool_choice") | PARLEY_IS_OBJECT, .values = "auto|none|required", .shape = &tool_choice,     \
                                                  .rule = PARLEY_RULE_TOOL_CHOICE                            \
    }
#define INCLUDE                                                                                              \
    {                                                                                                        \
        ARRAY("include")                                                                                     \
        OR_NULL, .values = "item.input_audio_transcription.logprobs", .rule = PARLEY_RULE_INCLUDE            \
    }

static const struct parley_shape realtime = {
    FIELDS({STRING("model")}, {STRING("instructions")}, MODALITIES(PARLEY_RULE_MODALITIES_KNOWN),
           {OBJECT("audio"), .shape = &audio}, TOOLS, CHOICE, MAX_TOKENS, INCLUDE,
           {STRING("tracing") | PARLEY_IS_OBJECT OR_NULL, .values = "auto", .shape = &tracing},
           {OBJECT("prompt") OR_NULL, .shape = &prompt},
           {STRING("truncation") | PARLEY_IS_OBJECT, .values = "auto|disabled", .shape = &truncation,
            .rule = PARLEY_RULE_TRUNCATION},
           {OBJECT("reasoning"), .shape = &reasoning}, {BOOLEAN("parallel_tool_calls")})};

static const struct parley_shape transcription_audio = {FIELDS({OBJECT("input"), .shape = &input})};
static const struct parley_shape transcribing = {
    .unknown = PARLEY_RULE_TRANSCRIPTION_FIELDS,
    FIELDS({OBJECT("audio"), .shape = &transcription_audio}, INCLUDE)};

#define FIRST_VOICES "juniper|maple|spruce|ember|vale|breeze|arbor|sol|cove"

static const struct parley_shape first_input = {.unknown = PARLEY_RULE_FIRST_SESSION,
                                                FIELDS({OBJECT("format"), .shape = &format})};
static const struct parley_shape first_output = {
    .unknown = PARLEY_RULE_FIRST_SESSION,
    FIELDS({STRING("voice"), .values = FIRST_VOICES, .rule = PARLEY_RULE_VOICE_KNOWN})};
static const struct parley_shape first_audio = {
    .unknown = PARLEY_RULE_FIRST_SESSION,
    FIELDS({OBJECT("input"), .shape = &first_input}, {OBJECT("output"), .shape = &first_output})};
static const struct parley_shape quicksilver = {
    .unknown = PARLEY_RULE_FIRST_SESSION,
    FIELDS({STRING("instructions")}, {OBJECT("audio"), .shape = &first_audio})};

const struct parley_shape parley_service_session_shape = {
    .by = "type",
    .rule = PARLEY_RULE_SESSION_TYPE_KNOWN,
    .missing = PARLEY_RULE_SESSION_TYPE,
    VARIANTS({"realtime", &realtime}, {"transcription", &transcribing}, {"quicksilver", &quicksilver})};

/* ---- items --------------------------------------------------------------------------------------- */

static const struct parley_shape
    text_part = {FIELDS({STRING("text"), .required = true, .rule = PARLEY_RULE_PART_TEXT})},
    audio_part = {FIELDS({STRING("audio"), .required = true, .rule = PARLEY_RULE_PART_TEXT},
                         {STRING("transcript") OR_NULL})},
    image_part = {FIELDS({STRING("image_url"), .required = true, .rule = PARLEY_RULE_PART_TEXT},
                         {STRING("detail"), .values = "auto|low|high"})},
    model_part = {FIELDS({STRING("text"), .required = true, .rule = PARLEY_RULE_ASSISTANT_AUDIO},
                         {STRING("transcript") OR_NULL}, {STRING("audio") OR_NULL})};

static const struct parley_shape
    user_part = {.by = "type",
                 .rule = PARLEY_RULE_PART_TYPE,
                 VARIANTS({"input_text", &text_part}, {"input_audio", &audio_part},
                          {"input_image", &image_part})},
    system_part = {.by = "type", .rule = PARLEY_RULE_PART_TYPE, VARIANTS({"input_text", &text_part})},
    assistant_part = {.by = "type",
                      .rule = PARLEY_RULE_PART_TYPE,
                      VARIANTS({"output_text", &text_part}, {"output_audio", &model_part})},
    first_part = {.by = "type",
                  .rule = PARLEY_RULE_PART_TYPE,
                  VARIANTS({"text", &text_part}, {"input_text", &text_part}, {"output_text", &text_part})};

#define ITEM                                                                                                 \
    {STRING("id"), .longest = 32, .rule = PARLEY_RULE_ITEM_ID_LENGTH},                                       \
        {STRING("object"), .values = "realtime.item"},                                                       \
    {                                                                                                        \
        STRING("status"), .values = "completed|incomplete|in_progress"                                       \
    }
#define CONTENT(shape_)                                                                                      \
    {                                                                                                        \
        ARRAY("content"), .required = true, .shape = &(shape_), .rule = PARLEY_RULE_ITEM_CONTENT             \
    }

static const struct parley_shape user = {FIELDS(ITEM, CONTENT(user_part))},
                                 system_message = {FIELDS(ITEM, CONTENT(system_part))},
                                 assistant = {FIELDS(ITEM, CONTENT(assistant_part))},
                                 first_message = {FIELDS(ITEM, CONTENT(first_part))};

static const struct parley_shape message = {
    .by = "role",
    .rule = PARLEY_RULE_ITEM_ROLE,
    .missing = PARLEY_RULE_ITEM_ROLE,
    VARIANTS({"user", &user}, {"system", &system_message}, {"assistant", &assistant})};
static const struct parley_shape first_messages = {
    .by = "role",
    .rule = PARLEY_RULE_ITEM_ROLE,
    .missing = PARLEY_RULE_ITEM_ROLE,
    VARIANTS({"user", &first_message}, {"system", &first_message}, {"assistant", &first_message})};

#define CALL(name_)                                                                                          \
    {                                                                                                        \
        STRING(name_), .required = true, .rule = PARLEY_RULE_CALL_FIELDS                                     \
    }

static const struct parley_shape call = {FIELDS(ITEM, CALL("name"), CALL("arguments"), {STRING("call_id")})},
                                 call_output = {FIELDS(ITEM, CALL("call_id"), CALL("output"))},
                                 reference = {FIELDS(CALL("id"))};

static const struct parley_shape item = {
    .by = "type",
    .rule = PARLEY_RULE_ITEM_TYPE,
    VARIANTS({"message", &message}, {"function_call", &call}, {"function_call_output", &call_output})};
static const struct parley_shape first_item = {
    .by = "type", .rule = PARLEY_RULE_ITEM_TYPE, VARIANTS({"message", &first_messages})};
static const struct parley_shape input_item = {.by = "type",
                                               .rule = PARLEY_RULE_ITEM_TYPE,
                                               VARIANTS({"message", &message}, {"function_call", &call},
                                                        {"function_call_output", &call_output},
                                                        {"item_reference", &reference})};

const struct parley_shape *parley_service_item_shape(bool v1)
{
    return v1 ? &first_item : &item;
}

/* ---- responses ----------------------------------------------------------------------------------- */

static const struct parley_shape response_output = {
    FIELDS({OBJECT("format"), .shape = &format}, {STRING("voice") | PARLEY_IS_OBJECT, .values = VOICES,
                                                  .shape = &own_voice, .rule = PARLEY_RULE_VOICE_KNOWN})};
static const struct parley_shape response_audio = {FIELDS({OBJECT("output"), .shape = &response_output})};

const struct parley_shape parley_service_response_shape = {
    FIELDS({OBJECT("audio"), .shape = &response_audio},
           {STRING("conversation"), .values = "auto|none", .rule = PARLEY_RULE_RESPONSE_CONVERSATION},
           {ARRAY("input"), .shape = &input_item}, {STRING("instructions")}, MAX_TOKENS,
           {OBJECT("metadata") OR_NULL}, MODALITIES(PARLEY_RULE_RESPONSE_MODALITIES),
           {BOOLEAN("parallel_tool_calls")}, {OBJECT("prompt") OR_NULL, .shape = &prompt},
           {OBJECT("reasoning"), .shape = &reasoning}, CHOICE, TOOLS)};

/* ---- messages ------------------------------------------------------------------------------------ */

/* Of every message; `type` has been looked at when this is. */
#define MESSAGE                                                                                              \
    {STRING("type")},                                                                                        \
    {                                                                                                        \
        STRING("event_id"), .longest = 512, .rule = PARLEY_RULE_EVENT_ID_LENGTH                              \
    }

const struct parley_shape parley_service_plain_shape = {FIELDS(MESSAGE)};

const struct parley_shape parley_service_append_shape = {
    FIELDS(MESSAGE, {STRING("audio"), .required = true, .rule = PARLEY_RULE_APPEND_MISSING})};

/* Of these the inside has a table of its own, and rules of its own. */
const struct parley_shape parley_service_update_shape = {
    FIELDS(MESSAGE, {OBJECT("session"), .required = true, .rule = PARLEY_RULE_SESSION_MISSING})};
const struct parley_shape parley_service_create_shape = {
    FIELDS(MESSAGE, {OBJECT("item"), .required = true}, {STRING("previous_item_id") OR_NULL})};
const struct parley_shape parley_service_ask_shape = {FIELDS(MESSAGE, {OBJECT("response")})};

const struct parley_shape parley_service_truncate_shape = {FIELDS(
    MESSAGE, {STRING("item_id"), .required = true}, {INTEGER("content_index"), .required = true},
    {INTEGER("audio_end_ms"), .required = true, .least = 0, .most = 2e7, .rule = PARLEY_RULE_TRUNCATE_END})};
const struct parley_shape parley_service_named_shape = {
    FIELDS(MESSAGE, {STRING("item_id"), .required = true})};
const struct parley_shape parley_service_cancel_shape = {FIELDS(MESSAGE, {STRING("response_id")})};
const struct parley_shape parley_service_handoff_shape = {
    FIELDS(MESSAGE, {STRING("handoff_id"), .required = true}, {STRING("output_text"), .required = true})};
