/* Reading a message, and the events both dialects know. See parser/events_common.h. */
#include "parser/events_common.h"
#include "parser/base64.h"
#include "platform/status.h"

/* ---- values ------------------------------------------------------------------------------------ */

static bool name_is(const struct parley_json *j, struct parley_view name)
{
    if (j->escaped)
        return parley_json_name_is(j, name.at);
    return j->raw.len == name.len + 2 && memcmp(j->raw.at + 1, name.at, name.len) == 0;
}

/* Notes the present token, and passes over the rest of it. */
static void note(struct parley_json *j, enum parley_json_token token, struct parley_value *value)
{
    char *at = j->start + (j->raw.at - j->start);
    bool escaped = j->escaped;
    parley_json_skip(j);
    *value = (struct parley_value){token, escaped, at, (size_t)(j->at - at)};
}

/* The members of the object whose OBJECT token was just read, to its end or to where it fails. */
static void read_members(struct parley_json *j, const struct parley_view *names, size_t count,
                         struct parley_value *values)
{
    while (parley_json_next(j) == PARLEY_JSON_NAME) {
        size_t i = 0;
        while (i < count && !name_is(j, names[i]))
            i++;
        enum parley_json_token token = parley_json_next(j);
        if (i < count && token > 0)
            note(j, token, &values[i]);
        else
            parley_json_skip(j);
    }
}

bool parley_object_members(char *text, size_t len, const struct parley_view *names, size_t count,
                           struct parley_value *values)
{
    struct parley_json j;
    memset(values, 0, count * sizeof *values);
    parley_json_start(&j, text, len);
    bool object = parley_json_next(&j) == PARLEY_JSON_OBJECT;
    if (object)
        read_members(&j, names, count, values);
    if (object && parley_json_next(&j) == PARLEY_JSON_END)
        return true;
    memset(values, 0, count * sizeof *values);
    return false;
}

/* A reader that stands at the value, as if it had just been read. */
static struct parley_json at_value(const struct parley_value *value)
{
    return (struct parley_json){
        .start = value->at, .raw = {value->at, value->len}, .escaped = value->escaped};
}

struct parley_view parley_value_string(const struct parley_value *value)
{
    if (value->token != PARLEY_JSON_STRING)
        return parley_view(NULL);
    struct parley_json j = at_value(value);
    return parley_json_string(&j);
}

bool parley_value_whole(const struct parley_value *value, uint32_t most, uint32_t *number)
{
    uint64_t whole;
    if (value->token != PARLEY_JSON_NUMBER)
        return false;
    struct parley_json j = at_value(value);
    if (!parley_json_u64(&j, &whole) || whole > most)
        return false;
    *number = (uint32_t)whole;
    return true;
}

/* ---- messages ---------------------------------------------------------------------------------- */

static const struct parley_view member_names[PARLEY_MEMBERS] = {
    [PARLEY_MEMBER_TYPE] = PARLEY_VIEW("type"),
    [PARLEY_MEMBER_DELTA] = PARLEY_VIEW("delta"),
    [PARLEY_MEMBER_DATA] = PARLEY_VIEW("data"),
    [PARLEY_MEMBER_TEXT] = PARLEY_VIEW("text"),
    [PARLEY_MEMBER_TRANSCRIPT] = PARLEY_VIEW("transcript"),
    [PARLEY_MEMBER_ITEM_ID] = PARLEY_VIEW("item_id"),
    [PARLEY_MEMBER_RESPONSE_ID] = PARLEY_VIEW("response_id"),
    [PARLEY_MEMBER_CONTENT_INDEX] = PARLEY_VIEW("content_index"),
    [PARLEY_MEMBER_SAMPLE_RATE] = PARLEY_VIEW("sample_rate"),
    [PARLEY_MEMBER_CHANNELS] = PARLEY_VIEW("channels"),
    [PARLEY_MEMBER_NUM_CHANNELS] = PARLEY_VIEW("num_channels"),
    [PARLEY_MEMBER_SAMPLES_PER_CHANNEL] = PARLEY_VIEW("samples_per_channel"),
    [PARLEY_MEMBER_ITEM] = PARLEY_VIEW("item"),
    [PARLEY_MEMBER_SESSION] = PARLEY_VIEW("session"),
    [PARLEY_MEMBER_RESPONSE] = PARLEY_VIEW("response"),
    [PARLEY_MEMBER_HANDOFF_ID] = PARLEY_VIEW("handoff_id"),
    [PARLEY_MEMBER_INPUT_TRANSCRIPT] = PARLEY_VIEW("input_transcript"),
    [PARLEY_MEMBER_ERROR] = PARLEY_VIEW("error"),
    [PARLEY_MEMBER_MESSAGE] = PARLEY_VIEW("message"),
    [PARLEY_MEMBER_CODE] = PARLEY_VIEW("code"),
    [PARLEY_MEMBER_PARAM] = PARLEY_VIEW("param"),
    [PARLEY_MEMBER_EVENT_ID] = PARLEY_VIEW("event_id"),
};

static bool apply(const struct parley_rule *rule, struct parley_wire_event *event,
                  const struct parley_value *members)
{
    event->kind = rule->kind;
    if (rule->text != PARLEY_MEMBER_NONE) {
        event->text = parley_value_string(&members[rule->text]);
        if (event->text.at == NULL)
            return false;
    }
    return rule->read(event, members);
}

int parley_events_read(struct parley_wire_event *event, char *message, size_t len,
                       const struct parley_rule *rules, size_t count, size_t *offset, const char **why)
{
    struct parley_value members[PARLEY_MEMBERS] = {0};
    struct parley_json j;
    parley_json_start(&j, message, len);
    if (parley_json_next(&j) == PARLEY_JSON_OBJECT)
        read_members(&j, member_names, PARLEY_MEMBERS, members);
    parley_json_skip(&j);
    if (parley_json_next(&j) != PARLEY_JSON_END) {
        *offset = j.offset;
        *why = j.error;
        return PARLEY_ERR_JSON;
    }

    struct parley_view type = parley_value_string(&members[PARLEY_MEMBER_TYPE]);
    memset(event, 0, sizeof *event);
    event->type = type;
    for (size_t i = 0; i < count && type.at != NULL; i++) {
        if (!parley_view_equal(type, rules[i].type))
            continue;
        if (!apply(&rules[i], event, members)) {
            memset(event, 0, sizeof *event);
            event->type = type;
        }
        break;
    }
    return PARLEY_OK;
}

/* ---- what rules have in common ----------------------------------------------------------------- */

bool parley_read_ids(struct parley_wire_event *event, const struct parley_value *members)
{
    event->item_id = parley_value_string(&members[PARLEY_MEMBER_ITEM_ID]);
    event->response_id = parley_value_string(&members[PARLEY_MEMBER_RESPONSE_ID]);
    parley_value_whole(&members[PARLEY_MEMBER_CONTENT_INDEX], UINT32_MAX, &event->content_index);
    return true;
}

bool parley_read_session(struct parley_wire_event *event, const struct parley_value *members)
{
    enum { ID, INSTRUCTIONS, EXPIRES_AT, COUNT };
    static const struct parley_view names[COUNT] = {PARLEY_VIEW("id"), PARLEY_VIEW("instructions"),
                                                    PARLEY_VIEW("expires_at")};
    struct parley_value in[COUNT];
    const struct parley_value *session = &members[PARLEY_MEMBER_SESSION];
    parley_object_members(session->at, session->len, names, COUNT, in);
    event->session_id = parley_value_string(&in[ID]);
    event->text = parley_value_string(&in[INSTRUCTIONS]);
    if (in[EXPIRES_AT].token == PARLEY_JSON_NUMBER) {
        struct parley_json j = at_value(&in[EXPIRES_AT]);
        parley_json_i64(&j, &event->expires_at_s);
    }
    return event->session_id.at != NULL;
}

bool parley_read_item_added(struct parley_wire_event *event, const struct parley_value *members)
{
    const struct parley_value *item = &members[PARLEY_MEMBER_ITEM];
    event->json = parley_view_of(item->at, item->len);
    return item->token != PARLEY_JSON_END;
}

bool parley_read_channels(const struct parley_value *members, uint16_t *channels)
{
    const struct parley_value *value = &members[PARLEY_MEMBER_CHANNELS];
    /* The second name counts only without the first, also when that one holds something unusable. */
    if (value->token == PARLEY_JSON_END)
        value = &members[PARLEY_MEMBER_NUM_CHANNELS];
    uint32_t count;
    if (!parley_value_whole(value, UINT16_MAX, &count))
        return false;
    *channels = (uint16_t)count;
    return true;
}

bool parley_read_pcm(struct parley_wire_event *event, const struct parley_value *data,
                     const struct parley_value *members)
{
    struct parley_view text = parley_value_string(data);
    if (text.at == NULL)
        return false;
    event->pcm = (uint8_t *)data->at + 1;
    long bytes = parley_base64_decode(event->pcm, text, &event->bad_offset);
    event->audio_bad = bytes < 0;
    event->pcm_bytes = bytes < 0 ? 0 : (size_t)bytes;
    event->has_samples =
        parley_value_whole(&members[PARLEY_MEMBER_SAMPLES_PER_CHANNEL], UINT32_MAX, &event->samples);
    return true;
}

/* ---- errors ------------------------------------------------------------------------------------ */

/* A value without the white space between its tokens, which is taken out in place. */
static struct parley_view compact(const struct parley_value *value)
{
    char *out = value->at;
    bool inside = false; /* a string */
    for (const char *at = value->at, *end = at + value->len; at < end; at++) {
        if (!inside && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
            continue;
        if (*at == '"')
            inside = !inside;
        *out++ = *at;
        if (inside && *at == '\\')
            *out++ = *++at;
    }
    return parley_view_of(value->at, (size_t)(out - value->at));
}

enum { ERROR_MESSAGE, ERROR_CODE, ERROR_EVENT_ID, ERROR_PARAM, ERROR_MEMBERS };

static bool error_members(char *text, size_t len, struct parley_value *in)
{
    static const struct parley_view names[ERROR_MEMBERS] = {PARLEY_VIEW("message"), PARLEY_VIEW("code"),
                                                            PARLEY_VIEW("event_id"), PARLEY_VIEW("param")};
    return parley_object_members(text, len, names, ERROR_MEMBERS, in);
}

/* An error without a message is its own text. What it holds is read where it now lies; a string with
 * escapes is left out, as unescaping it would spoil the text around it. */
static void read_error_text(struct parley_wire_event *event, const struct parley_value *error,
                            struct parley_value *in)
{
    event->json = event->text = compact(error);
    if (!error_members(error->at, event->json.len, in))
        return;
    for (int i = 0; i < ERROR_MEMBERS; i++)
        if (in[i].escaped)
            in[i].token = PARLEY_JSON_END;
}

bool parley_read_error(struct parley_wire_event *event, const struct parley_value *members)
{
    const struct parley_value *error = &members[PARLEY_MEMBER_ERROR];
    struct parley_value in[ERROR_MEMBERS];
    bool object = error_members(error->at, error->len, in);
    event->text = parley_value_string(&members[PARLEY_MEMBER_MESSAGE]);
    if (event->text.at == NULL)
        event->text = parley_value_string(&in[ERROR_MESSAGE]);
    if (event->text.at == NULL) {
        if (error->token == PARLEY_JSON_END)
            return false;
        read_error_text(event, error, in);
    }
    const struct parley_value *code = object ? &in[ERROR_CODE] : &members[PARLEY_MEMBER_CODE];
    const struct parley_value *event_id = object ? &in[ERROR_EVENT_ID] : &members[PARLEY_MEMBER_EVENT_ID];
    const struct parley_value *param = object ? &in[ERROR_PARAM] : &members[PARLEY_MEMBER_PARAM];
    event->code = parley_value_string(code);
    event->event_id = parley_value_string(event_id);
    event->param = parley_value_string(param);
    return true;
}
