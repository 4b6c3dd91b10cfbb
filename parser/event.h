#ifndef PARLEY_PARSER_EVENT_H
#define PARLEY_PARSER_EVENT_H

#include "platform/view.h"
#include <stdint.h>

/*
 * One message of the service, read: what a dialect (events_v1, events_v2) hands to core. It is the
 * same structure for every protocol version (reference 4.5). All views point into the message.
 */
enum parley_wire_kind {
    PARLEY_WIRE_IGNORED,            /* JSON, but of no meaning here (reference 4: ignored) */
    PARLEY_WIRE_SESSION_UPDATED,    /* session_id, text = instructions (absent if not given), expires_at_s */
    PARLEY_WIRE_SPEECH_STARTED,     /* item_id? (the *future* user item) */
    PARLEY_WIRE_SPEECH_STOPPED,     /* item_id?; the reference ignores it, hosts like to show it */
    PARLEY_WIRE_INPUT_DELTA,        /* text, item_id? */
    PARLEY_WIRE_INPUT_DONE,         /* text, item_id? */
    PARLEY_WIRE_OUTPUT_DELTA,       /* text, item_id?, response_id? */
    PARLEY_WIRE_OUTPUT_DONE,        /* text, item_id?, response_id? */
    PARLEY_WIRE_AUDIO,              /* pcm or base64, sample_rate, channels, samples?, item_id?, response_id?,
                                       content_index */
    PARLEY_WIRE_RESPONSE_CREATED,   /* response_id?, out_of_band */
    PARLEY_WIRE_RESPONSE_CANCELLED, /* response_id?, out_of_band */
    PARLEY_WIRE_RESPONSE_DONE,      /* response_id?, out_of_band, status?, and of status failed or incomplete
                                       code?, text?: why (either may stand for the other) */
    PARLEY_WIRE_ITEM_ADDED,         /* json = the item verbatim */
    PARLEY_WIRE_ITEM_DONE,          /* item_id */
    PARLEY_WIRE_HANDOFF,            /* call_id (the handoff id), item_id, text = the request */
    PARLEY_WIRE_SILENCE,            /* call_id, item_id: the model chose to say nothing */
    PARLEY_WIRE_ERROR,              /* text, code?, event_id? (our event it answers), param?, json? (the
                                       error as compact JSON, when it holds no message; text is the same) */
};

struct parley_wire_event {
    enum parley_wire_kind kind;
    struct parley_view type; /* the message's own type, for logs and for what is ignored */
    struct parley_view text;
    struct parley_view json;
    struct parley_view session_id, item_id, response_id, call_id;
    struct parley_view status;                /* of response.done: completed, cancelled, failed, incomplete */
    struct parley_view code, event_id, param; /* of an error; absent when null or missing */
    bool out_of_band;              /* response.conversation_id is null: not the default conversation */
    uint32_t content_index;        /* default 0 */
    uint32_t sample_rate, samples; /* Hz; samples per channel, 0 when has_samples is false */
    uint16_t channels;
    bool has_samples;
    bool audio_bad; /* the data is not base64: pcm is empty, bad_offset tells where in the data */
    size_t bad_offset;
    uint8_t *pcm; /* PCM16 little-endian, decoded in the place of its base64, at an even address */
    size_t pcm_bytes;
    int64_t expires_at_s; /* of a session, unix seconds, 0 when not told */
};

/*
 * Reads one message in place.
 * Returns 0 with *event filled (kind IGNORED for what has no meaning), or PARLEY_ERR_JSON with *offset
 * the place and *why the reason in words (static). A message that is JSON but no object, or has no
 * string "type", is IGNORED as in reference 4.
 */
int parley_events_v2(struct parley_wire_event *event, char *message, size_t len, size_t *offset,
                     const char **why);
int parley_events_v1(struct parley_wire_event *event, char *message, size_t len, size_t *offset,
                     const char **why);

#endif
