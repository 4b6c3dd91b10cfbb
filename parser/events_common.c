/* Reading a message, and the events both dialects know. See parser/events_common.h. */
#include "parser/events_common.h"
#include "parser/base64.h"
#include "platform/arena.h"
#include "platform/status.h"

/* ---- values ------------------------------------------------------------------------------------ */

static bool name_is(const struct parley_json *j, struct parley_view name)
{
    if (j->escaped)
        return parley_json_name_is(j, name.at);
    return j->raw.len == name.len + 2 && memcmp(j->raw.at + 1, name.at, name.len) == 0;
}

/* Which of `names` the present NAME is; `count` for none. */
static size_t which(const struct parley_json *j, const struct parley_view *names, size_t count)
{
    size_t i = 0;
    while (i < count && !name_is(j, names[i]))
        i++;
    return i;
}

/* Notes the present token, and passes over the rest of it. */
static void note(struct parley_json *j, enum parley_json_token token, struct parley_value *value)
{
    char *at = j->start + (j->raw.at - j->start);
    bool escaped = j->escaped;
    if (token == PARLEY_JSON_OBJECT || token == PARLEY_JSON_ARRAY)
        parley_json_skip(j);
    *value = (struct parley_value){.token = token, .escaped = escaped, .at = at, .len = (size_t)(j->at - at)};
}

/* The members of the object whose OBJECT token was just read, to its end or to where it fails. */
static void read_members(struct parley_json *j, const struct parley_view *names, size_t count,
                         struct parley_value *values)
{
    while (parley_json_next(j) == PARLEY_JSON_NAME) {
        size_t i = which(j, names, count);
        enum parley_json_token token = parley_json_next(j);
        if (i < count && token > 0)
            note(j, token, &values[i]);
        else
            parley_json_skip(j);
    }
}

static bool object_members(struct parley_json *j, const struct parley_view *names, size_t count,
                           struct parley_value *values)
{
    memset(values, 0, count * sizeof *values);
    bool object = parley_json_next(j) == PARLEY_JSON_OBJECT;
    if (object)
        read_members(j, names, count, values);
    if (object && parley_json_next(j) == PARLEY_JSON_END)
        return true;
    memset(values, 0, count * sizeof *values);
    return false;
}

bool parley_object_members(char *text, size_t len, const struct parley_view *names, size_t count,
                           struct parley_value *values)
{
    struct parley_json j;
    parley_json_start(&j, text, len);
    return object_members(&j, names, count, values);
}

bool parley_value_members(const struct parley_value *value, const struct parley_view *names, size_t count,
                          struct parley_value *values)
{
    struct parley_json j;
    parley_json_start(&j, value->at, value->len);
    j.checked = true;
    return object_members(&j, names, count, values);
}

/* Makes a reader stand at the value, as if it had just been read. */
static void stand_at(struct parley_json *j, const struct parley_value *value)
{
    parley_json_start(j, value->at, value->len);
    j->raw = parley_view_of(value->at, value->len);
    j->escaped = value->escaped;
}

/* ---- audio in its place ------------------------------------------------------------------------ */

/* Where the data of a string goes: to its start, or to the quote before it, so that samples lie at even
 * addresses. */
static char *data_place(char *string)
{
    return string + (((uintptr_t)string & 1) != 0);
}

/* Reads a string and decodes it on the way, as far as it is nothing but whole groups of base64. False, with
 * nothing read, for any other value. */
static bool note_audio(struct parley_json *j, struct parley_value *value)
{
    char *text = parley_json_string_begin(j);
    if (text == NULL)
        return false;
    struct parley_view rest = parley_view_of(text, (size_t)(j->end - text));
    size_t decoded = parley_base64_decode_start(data_place(text - 1), rest);
    enum parley_json_token token = parley_json_string_end(j, text + decoded);
    if (token > 0) {
        note(j, token, value);
        value->decoded = decoded;
    }
    return true;
}

/* Puts back what was decoded, which then turns out not to be audio: base64 is one to one. From behind, as
 * text is longer than its data. */
static void put_back(const struct parley_value *value)
{
    const char *data = data_place(value->at);
    for (size_t group = value->decoded / 4; group-- > 0;) {
        char three[3];
        memcpy(three, data + 3 * group, sizeof three);
        parley_base64_encode(value->at + 1 + 4 * group, three, sizeof three);
    }
    value->at[0] = '"';
}

struct parley_view parley_value_string(const struct parley_value *value)
{
    if (value->token != PARLEY_JSON_STRING)
        return parley_view(NULL);
    if (value->decoded > 0)
        put_back(value);
    if (!value->escaped)
        return parley_view_of(value->at + 1, value->len - 2);
    struct parley_json j;
    stand_at(&j, value);
    return parley_json_string(&j);
}

bool parley_value_whole(const struct parley_value *value, uint32_t most, uint32_t *number)
{
    uint64_t whole;
    if (value->token != PARLEY_JSON_NUMBER)
        return false;
    struct parley_json j;
    stand_at(&j, value);
    if (!parley_json_u64(&j, &whole) || whole > most)
        return false;
    *number = (uint32_t)whole;
    return true;
}

/* ---- messages ---------------------------------------------------------------------------------- */

static const struct parley_view member_names[PARLEY_MEMBERS] = {
    [PARLEY_MEMBER_TYPE] = PARLEY_VIEW("type"),
    [PARLEY_MEMBER_TEXT] = PARLEY_VIEW("text"),
    [PARLEY_MEMBER_DATA] = PARLEY_VIEW("data"),
    [PARLEY_MEMBER_ITEM] = PARLEY_VIEW("item"),
    [PARLEY_MEMBER_CODE] = PARLEY_VIEW("code"),
    [PARLEY_MEMBER_DELTA] = PARLEY_VIEW("delta"),
    [PARLEY_MEMBER_ERROR] = PARLEY_VIEW("error"),
    [PARLEY_MEMBER_PARAM] = PARLEY_VIEW("param"),
    [PARLEY_MEMBER_ITEM_ID] = PARLEY_VIEW("item_id"),
    [PARLEY_MEMBER_SESSION] = PARLEY_VIEW("session"),
    [PARLEY_MEMBER_MESSAGE] = PARLEY_VIEW("message"),
    [PARLEY_MEMBER_EVENT_ID] = PARLEY_VIEW("event_id"),
    [PARLEY_MEMBER_RESPONSE] = PARLEY_VIEW("response"),
    [PARLEY_MEMBER_CHANNELS] = PARLEY_VIEW("channels"),
    [PARLEY_MEMBER_TRANSCRIPT] = PARLEY_VIEW("transcript"),
    [PARLEY_MEMBER_HANDOFF_ID] = PARLEY_VIEW("handoff_id"),
    [PARLEY_MEMBER_RESPONSE_ID] = PARLEY_VIEW("response_id"),
    [PARLEY_MEMBER_SAMPLE_RATE] = PARLEY_VIEW("sample_rate"),
    [PARLEY_MEMBER_NUM_CHANNELS] = PARLEY_VIEW("num_channels"),
    [PARLEY_MEMBER_CONTENT_INDEX] = PARLEY_VIEW("content_index"),
    [PARLEY_MEMBER_INPUT_TRANSCRIPT] = PARLEY_VIEW("input_transcript"),
    [PARLEY_MEMBER_SAMPLES_PER_CHANNEL] = PARLEY_VIEW("samples_per_channel"),
};

/* The first member with a name of each length; the others follow it. */
static const uint8_t member_by_length[] = {
    [4] = PARLEY_MEMBER_TYPE,
    [5] = PARLEY_MEMBER_DELTA,
    [7] = PARLEY_MEMBER_ITEM_ID,
    [8] = PARLEY_MEMBER_EVENT_ID,
    [10] = PARLEY_MEMBER_TRANSCRIPT,
    [11] = PARLEY_MEMBER_RESPONSE_ID,
    [12] = PARLEY_MEMBER_NUM_CHANNELS,
    [13] = PARLEY_MEMBER_CONTENT_INDEX,
    [16] = PARLEY_MEMBER_INPUT_TRANSCRIPT,
    [19] = PARLEY_MEMBER_SAMPLES_PER_CHANNEL,
};

/* Which member the present NAME is; PARLEY_MEMBERS for none. */
static size_t which_member(const struct parley_json *j)
{
    if (j->escaped)
        return which(j, member_names, PARLEY_MEMBERS);
    const char *name = j->raw.at + 1;
    size_t len = j->raw.len - 2, i = len < sizeof member_by_length ? member_by_length[len] : PARLEY_MEMBERS;
    for (; i < PARLEY_MEMBERS && member_names[i].len == len; i++)
        if (name[0] == member_names[i].at[0] && memcmp(name, member_names[i].at, len) == 0)
            return i;
    return PARLEY_MEMBERS;
}

static bool apply(const struct parley_rule *rule, struct parley_wire_event *event,
                  const struct parley_members *members)
{
    event->kind = rule->kind;
    if (rule->text != PARLEY_MEMBER_NONE) {
        event->text = parley_value_string(parley_member(members, rule->text));
        if (event->text.at == NULL)
            return false;
    }
    return rule->read(event, members);
}

/* A dialect. */
struct rules {
    const struct parley_rule *at;
    size_t count;
};

static const struct parley_rule *find_rule(struct rules rules, struct parley_view type)
{
    for (size_t i = 0; i < rules.count && type.at != NULL; i++)
        if (parley_view_equal(type, rules.at[i].type))
            return &rules.at[i];
    return NULL;
}

/* The rule for a type, the token just read; NULL for one with escapes, too. */
static const struct parley_rule *plain_rule(struct rules rules, const struct parley_json *j,
                                            enum parley_json_token token)
{
    if (token != PARLEY_JSON_STRING || j->escaped)
        return NULL;
    return find_rule(rules, parley_view_of(j->raw.at + 1, j->raw.len - 2));
}

/* True when, by the type told so far, a member is audio. */
static bool is_audio(const struct parley_rule *rule, size_t member)
{
    return (member == PARLEY_MEMBER_DELTA || member == PARLEY_MEMBER_DATA) && rule != NULL &&
           rule->kind == PARLEY_WIRE_AUDIO;
}

/* Answers the rule for its type, if that has no escapes. */
static const struct parley_rule *read_message(struct parley_json *j, struct rules rules,
                                              struct parley_members *members)
{
    const struct parley_rule *rule = NULL;
    while (parley_json_next(j) == PARLEY_JSON_NAME) {
        size_t i = which_member(j);
        if (i == PARLEY_MEMBERS) {
            parley_json_skip(j);
            continue;
        }
        if (!is_audio(rule, i) || !note_audio(j, &members->values[i])) {
            enum parley_json_token token = parley_json_next(j);
            if (i == PARLEY_MEMBER_TYPE)
                rule = plain_rule(rules, j, token);
            note(j, token, &members->values[i]);
        }
        members->told |= UINT32_C(1) << i;
    }
    return rule;
}

/* By a function, as the instruction that is made of a memset of such a size (rep stos) is slow to start. */
static void clear(struct parley_wire_event *event, struct parley_view type)
{
    parley_wipe(event, sizeof *event);
    event->type = type;
}

int parley_events_read(struct parley_wire_event *event, char *message, size_t len,
                       const struct parley_rule *at, size_t count, size_t *offset, const char **why)
{
    const struct rules rules = {at, count};
    const struct parley_rule *rule = NULL;
    struct parley_members members;
    struct parley_json j;
    members.told = 0;
    parley_json_start(&j, message, len);
    if (parley_json_next(&j) == PARLEY_JSON_OBJECT)
        rule = read_message(&j, rules, &members);
    parley_json_skip(&j);
    if (parley_json_next(&j) != PARLEY_JSON_END) {
        *offset = j.offset;
        *why = j.error;
        return PARLEY_ERR_JSON;
    }

    const struct parley_value *told = parley_member(&members, PARLEY_MEMBER_TYPE);
    struct parley_view type = parley_value_string(told);
    if (told->escaped)
        rule = find_rule(rules, type);
    clear(event, type);
    if (rule != NULL && !apply(rule, event, &members))
        clear(event, type);
    return PARLEY_OK;
}

/* ---- what rules have in common ----------------------------------------------------------------- */

bool parley_read_ids(struct parley_wire_event *event, const struct parley_members *members)
{
    event->item_id = parley_value_string(parley_member(members, PARLEY_MEMBER_ITEM_ID));
    event->response_id = parley_value_string(parley_member(members, PARLEY_MEMBER_RESPONSE_ID));
    parley_value_whole(parley_member(members, PARLEY_MEMBER_CONTENT_INDEX), UINT32_MAX,
                       &event->content_index);
    return true;
}

bool parley_read_session(struct parley_wire_event *event, const struct parley_members *members)
{
    enum { ID, INSTRUCTIONS, EXPIRES_AT, COUNT };
    static const struct parley_view names[COUNT] = {PARLEY_VIEW("id"), PARLEY_VIEW("instructions"),
                                                    PARLEY_VIEW("expires_at")};
    struct parley_value in[COUNT];
    const struct parley_value *session = parley_member(members, PARLEY_MEMBER_SESSION);
    parley_value_members(session, names, COUNT, in);
    event->session_id = parley_value_string(&in[ID]);
    event->text = parley_value_string(&in[INSTRUCTIONS]);
    if (in[EXPIRES_AT].token == PARLEY_JSON_NUMBER) {
        struct parley_json j;
        stand_at(&j, &in[EXPIRES_AT]);
        parley_json_i64(&j, &event->expires_at_s);
    }
    return event->session_id.at != NULL;
}

bool parley_read_item_added(struct parley_wire_event *event, const struct parley_members *members)
{
    const struct parley_value *item = parley_member(members, PARLEY_MEMBER_ITEM);
    event->json = parley_view_of(item->at, item->len);
    return item->token != PARLEY_JSON_END;
}

bool parley_read_channels(const struct parley_members *members, uint16_t *channels)
{
    const struct parley_value *value = parley_member(members, PARLEY_MEMBER_CHANNELS);
    /* The second name counts only without the first, also when that one holds something unusable. */
    if (value->token == PARLEY_JSON_END)
        value = parley_member(members, PARLEY_MEMBER_NUM_CHANNELS);
    uint32_t count;
    if (!parley_value_whole(value, UINT16_MAX, &count))
        return false;
    *channels = (uint16_t)count;
    return true;
}

/* What is left of it to decode. */
static void read_rest(struct parley_wire_event *event, const struct parley_value *data)
{
    struct parley_value rest = *data;
    rest.at += data->decoded;
    rest.len -= data->decoded;
    rest.decoded = 0;
    long bytes =
        parley_base64_decode(event->pcm + event->pcm_bytes, parley_value_string(&rest), &event->bad_offset);
    event->audio_bad = bytes < 0;
    if (event->audio_bad) {
        event->bad_offset += data->decoded;
        event->pcm_bytes = 0;
    } else {
        event->pcm_bytes += (size_t)bytes;
    }
}

bool parley_read_pcm(struct parley_wire_event *event, const struct parley_value *data,
                     const struct parley_members *members)
{
    if (data->token != PARLEY_JSON_STRING)
        return false;
    size_t decoded = data->decoded;
    event->pcm = (uint8_t *)data_place(data->at);
    event->pcm_bytes = decoded / 4 * 3;
    if (data->len > decoded + 2)
        read_rest(event, data);
    event->has_samples = parley_value_whole(parley_member(members, PARLEY_MEMBER_SAMPLES_PER_CHANNEL),
                                            UINT32_MAX, &event->samples);
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

bool parley_read_error(struct parley_wire_event *event, const struct parley_members *members)
{
    const struct parley_value *error = parley_member(members, PARLEY_MEMBER_ERROR);
    struct parley_value in[ERROR_MEMBERS];
    bool object = error_members(error->at, error->len, in);
    event->text = parley_value_string(parley_member(members, PARLEY_MEMBER_MESSAGE));
    if (event->text.at == NULL)
        event->text = parley_value_string(&in[ERROR_MESSAGE]);
    if (event->text.at == NULL) {
        if (error->token == PARLEY_JSON_END)
            return false;
        read_error_text(event, error, in);
    }
    const struct parley_value *code = object ? &in[ERROR_CODE] : parley_member(members, PARLEY_MEMBER_CODE);
    const struct parley_value *event_id =
        object ? &in[ERROR_EVENT_ID] : parley_member(members, PARLEY_MEMBER_EVENT_ID);
    const struct parley_value *param =
        object ? &in[ERROR_PARAM] : parley_member(members, PARLEY_MEMBER_PARAM);
    event->code = parley_value_string(code);
    event->event_id = parley_value_string(event_id);
    event->param = parley_value_string(param);
    return true;
}
