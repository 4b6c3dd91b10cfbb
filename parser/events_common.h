#ifndef PARLEY_PARSER_EVENTS_COMMON_H
#define PARLEY_PARSER_EVENTS_COMMON_H

#include "parser/event.h"
#include "parser/json.h"

/*
 * What the dialects share (reference 4.1). For events_*.c alone.
 *
 * A message is passed over once, which checks all of it and notes where the members of interest lie;
 * the last of a name wins, as in other readers. Then the dialect's table tells by the type what is
 * made of them. Only what an event hands out is unescaped or decoded, in its place.
 */

/* The members of a message that mean something in either dialect, by the length of their names. */
enum parley_member {
    PARLEY_MEMBER_TYPE,
    PARLEY_MEMBER_TEXT,
    PARLEY_MEMBER_DATA,
    PARLEY_MEMBER_ITEM,
    PARLEY_MEMBER_CODE,
    PARLEY_MEMBER_DELTA,
    PARLEY_MEMBER_ERROR,
    PARLEY_MEMBER_PARAM,
    PARLEY_MEMBER_ITEM_ID,
    PARLEY_MEMBER_SESSION,
    PARLEY_MEMBER_MESSAGE,
    PARLEY_MEMBER_EVENT_ID,
    PARLEY_MEMBER_RESPONSE,
    PARLEY_MEMBER_CHANNELS,
    PARLEY_MEMBER_TRANSCRIPT,
    PARLEY_MEMBER_HANDOFF_ID,
    PARLEY_MEMBER_RESPONSE_ID,
    PARLEY_MEMBER_SAMPLE_RATE,
    PARLEY_MEMBER_NUM_CHANNELS,
    PARLEY_MEMBER_CONTENT_INDEX,
    PARLEY_MEMBER_INPUT_TRANSCRIPT,
    PARLEY_MEMBER_SAMPLES_PER_CHANNEL,
    PARLEY_MEMBERS,
    PARLEY_MEMBER_NONE = PARLEY_MEMBERS
};

/* A value where it lies in the message; token PARLEY_JSON_END when there is none. */
struct parley_value {
    enum parley_json_token token;
    bool escaped;
    char *at;
    size_t len;
    size_t decoded; /* characters at the start of a string that are decoded base64 already; see
                       parley_read_pcm */
};

/* The members of interest of one message, the last of each name. Those not told are not filled in. */
struct parley_members {
    uint32_t told; /* a bit each */
    struct parley_value values[PARLEY_MEMBERS];
};

/* One of them, absent where it is not told. */
static inline const struct parley_value *parley_member(const struct parley_members *members,
                                                       enum parley_member member)
{
    static const struct parley_value absent = {.token = PARLEY_JSON_END};

    return (members->told >> member & 1) != 0 ? &members->values[member] : &absent;
}

/*
 * What is made of one type of message. `text` is the member whose string becomes the event's text, required
 * to be there; PARLEY_MEMBER_NONE when there is none. `read` fills in the rest, and may change the kind; it
 * answers false when something else that is required is missing. Then the message is ignored.
 */
struct parley_rule {
    struct parley_view type;
    enum parley_wire_kind kind;
    enum parley_member text;
    bool (*read)(struct parley_wire_event *event, const struct parley_members *members);
};

/* One line of a dialect's table, without the prefixes. */
#define PARLEY_RULE(type, kind, text, read)                                                                  \
    {                                                                                                        \
        PARLEY_VIEW(type), PARLEY_WIRE_##kind, PARLEY_MEMBER_##text, read                                    \
    }

/* Reads a message by the rules of a dialect; answers what parley_events_v2 does. */
int parley_events_read(struct parley_wire_event *event, char *message, size_t len,
                       const struct parley_rule *rules, size_t count, size_t *offset, const char **why);

/* ---- values ---------------------------------------------------------------------------------- */

/* Finds the members called `names` (zero-terminated) in the object that `text` is, read to its end; those
   that are missing become absent. False, and all absent, when `text` is no JSON or no object. */
bool parley_object_members(char *text, size_t len, const struct parley_view *names, size_t count,
                           struct parley_value *values);

/* The same of a value of the message; false for one that is absent, too. */
bool parley_value_members(const struct parley_value *value, const struct parley_view *names, size_t count,
                          struct parley_value *values);

/* A string, unescaped in its place; the absent view when the value is none. Call once per value. */
struct parley_view parley_value_string(const struct parley_value *value);

/* A whole number from 0 to `most`. False, with *number left alone, for any other value. */
bool parley_value_whole(const struct parley_value *value, uint32_t most, uint32_t *number);

/* ---- what rules have in common ----------------------------------------------------------------- */

/* The ids of what a text or a sound belongs to, all of them optional. */
bool parley_read_ids(struct parley_wire_event *event, const struct parley_members *members);

/* session.updated */
bool parley_read_session(struct parley_wire_event *event, const struct parley_members *members);

/* conversation.item.added */
bool parley_read_item_added(struct parley_wire_event *event, const struct parley_members *members);

/* error */
bool parley_read_error(struct parley_wire_event *event, const struct parley_members *members);

/* The channels of audio, by either name. False, with *channels left alone, when they are not told. */
bool parley_read_channels(const struct parley_members *members, uint16_t *channels);

/* Decodes the audio of `data`, a string, in its place, and reads the number of samples. Most of it is decoded
   already if the message told its type before: then that happened while the string was passed. */
bool parley_read_pcm(struct parley_wire_event *event, const struct parley_value *data,
                     const struct parley_members *members);

#endif
