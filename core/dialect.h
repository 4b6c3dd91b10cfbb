#ifndef PARLEY_CORE_DIALECT_H
#define PARLEY_CORE_DIALECT_H

#include "core/parley.h"
#include "parser/event.h"
#include "templates/render.h"

/*
 * A protocol version: how its messages are read, which of ours it knows, and with which words. A further
 * version is one more dialect_*.c beside its events_*.c and its templates/wire folder.
 */
struct parley_dialect {
    const char *name;
    int (*read)(struct parley_wire_event *event, char *message, size_t len, size_t *offset, const char **why);

    const struct parley_template *session_update;
    const struct parley_template
        *session_update_transcription; /* NULL: that mode is ignored (reference 2.1) */
    const struct parley_template *call_session, *call_session_transcription; /* for creating a call */
    const struct parley_template *audio_append;
    const struct parley_template *user_text, *assistant_text;
    const struct parley_template *agent_message;
    /* NULL where the version has no such message. */
    const struct parley_template *function_output;
    const struct parley_template *response_create, *response_cancel;
    const struct parley_template *item_truncate, *item_delete;

    struct parley_view user_prefix, agent_prefix; /* put before the text unless it is there (reference 6.2) */
    struct parley_view agent_label;               /* before what the agent says about a call that is gone */
    struct parley_view intent;                    /* query parameter of the URL; absent: none */
    bool text_modality;
    bool hears_turns;          /* tells when the user begins and stops to speak, and then what was said */
    const char *const *voices; /* ended by NULL */
    size_t voice_default;
};

extern const struct parley_dialect parley_dialect_v1, parley_dialect_v2;

/* The dialect of a protocol; NULL for a number that is none. */
const struct parley_dialect *parley_dialect(enum parley_protocol protocol);

#endif
