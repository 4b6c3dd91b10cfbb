/* Names of the public enumerations, the dialects by protocol, and what follows from them without a
 * conversation. */
#include "core/dialect.h"
#include "transport/transport.h"

const char *parley_event_name(enum parley_event_kind kind)
{
    static const char *const names[] = {
        [PARLEY_EVENT_LINK] = "link",
        [PARLEY_EVENT_STARTED] = "started",
        [PARLEY_EVENT_SDP] = "sdp",
        [PARLEY_EVENT_SESSION_UPDATED] = "session_updated",
        [PARLEY_EVENT_SPEECH_STARTED] = "speech_started",
        [PARLEY_EVENT_SPEECH_STOPPED] = "speech_stopped",
        [PARLEY_EVENT_USER_DELTA] = "user_delta",
        [PARLEY_EVENT_USER_DONE] = "user_done",
        [PARLEY_EVENT_REPLY_DELTA] = "reply_delta",
        [PARLEY_EVENT_REPLY_DONE] = "reply_done",
        [PARLEY_EVENT_AUDIO] = "audio",
        [PARLEY_EVENT_RESPONSE_CREATED] = "response_created",
        [PARLEY_EVENT_RESPONSE_CANCELLED] = "response_cancelled",
        [PARLEY_EVENT_RESPONSE_DONE] = "response_done",
        [PARLEY_EVENT_ITEM_ADDED] = "item_added",
        [PARLEY_EVENT_ITEM_DONE] = "item_done",
        [PARLEY_EVENT_HANDOFF] = "handoff",
        [PARLEY_EVENT_SILENCE] = "silence",
        [PARLEY_EVENT_INTERRUPTED] = "interrupted",
        [PARLEY_EVENT_PLAYED] = "played",
        [PARLEY_EVENT_RECONNECTING] = "reconnecting",
        [PARLEY_EVENT_RECONNECTED] = "reconnected",
        [PARLEY_EVENT_SHED] = "shed",
        [PARLEY_EVENT_SKIPPED] = "skipped",
        [PARLEY_EVENT_ERROR] = "error",
        [PARLEY_EVENT_CLOSED] = "closed",
    };
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "?";
}

const char *parley_reason_name(enum parley_reason reason)
{
    switch (reason) {
    case PARLEY_REASON_SPEECH:
        return "speech";
    case PARLEY_REASON_TEXT:
        return "text";
    case PARLEY_REASON_HOST:
        return "host";
    }
    return "?";
}

const char *parley_closed_name(enum parley_closed closed)
{
    switch (closed) {
    case PARLEY_CLOSED_REQUESTED:
        return "requested";
    case PARLEY_CLOSED_TRANSPORT:
        return "transport_closed";
    case PARLEY_CLOSED_ERROR:
        return "error";
    }
    return "?";
}

const struct parley_dialect *parley_dialect(enum parley_protocol protocol)
{
    switch (protocol) {
    case PARLEY_PROTOCOL_V2:
        return &parley_dialect_v2;
    case PARLEY_PROTOCOL_V1:
        return &parley_dialect_v1;
    }
    return NULL;
}

const char *parley_transport(void)
{
    return parley_transport_name;
}

const char *const *parley_voices(enum parley_protocol protocol, size_t *fallback)
{
    const struct parley_dialect *dialect = parley_dialect(protocol);

    if (dialect == NULL)
        return NULL;
    if (fallback != NULL)
        *fallback = dialect->voice_default;
    return dialect->voices;
}
