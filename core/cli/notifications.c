/*
 * From events to JSON: see notifications.h.
 */
#include "core/cli/notifications.h"

static struct parley_render *notify(struct parley_cli_rpc_out *o, enum parley_cli_rpc_notification what,
                                    struct parley_view thread)
{
    struct parley_render *r = parley_cli_rpc_notify(o, what);

    parley_cli_json_text(r, "threadId", thread);
    return r;
}

/* ---- events of a conversation ------------------------------------------------------------------ */

/* Begins an item of our own making, for events that have none. */
static struct parley_render *open_item(struct parley_cli_rpc_out *o, struct parley_view thread,
                                       const char *type)
{
    struct parley_render *r = notify(o, PARLEY_CLI_NOTIFY_REALTIME_ITEM_ADDED, thread);

    parley_cli_json_open(r, "item", '{');
    parley_cli_json_word(r, "type", type);
    return r;
}

static void send_item(struct parley_cli_rpc_out *o)
{
    parley_cli_json_close(&o->line, '}');
    parley_cli_rpc_send(o);
}

static void item_added(struct parley_cli_rpc_out *o, struct parley_view thread, struct parley_view item)
{
    struct parley_render *r = notify(o, PARLEY_CLI_NOTIFY_REALTIME_ITEM_ADDED, thread);

    parley_cli_json_verbatim(r, "item", item);
    parley_cli_rpc_send(o);
}

static void item_of_id(struct parley_cli_rpc_out *o, struct parley_view thread, const char *type,
                       const char *name, struct parley_view id)
{
    parley_cli_json_text(open_item(o, thread, type), name, id);
    send_item(o);
}

static void handoff(struct parley_cli_rpc_out *o, struct parley_view thread,
                    const struct parley_conversation *c, const struct parley_event *event)
{
    struct parley_render *r = open_item(o, thread, "handoff_request");
    struct parley_line line;

    parley_cli_json_text(r, "handoff_id", event->handoff_id);
    parley_cli_json_text(r, "item_id", event->item_id);
    parley_cli_json_text(r, "input_transcript", event->text);
    parley_cli_json_open(r, "active_transcript", '[');
    for (size_t i = 0; i < event->lines && parley_handoff_line(c, i, &line); i++) {
        parley_cli_json_open(r, NULL, '{');
        parley_cli_json_word(r, "role", line.role);
        parley_cli_json_text(r, "text", line.text);
        parley_cli_json_close(r, '}');
    }
    parley_cli_json_close(r, ']');
    send_item(o);
}

static void transcript(struct parley_cli_rpc_out *o, struct parley_view thread, const char *role, bool done,
                       struct parley_view text)
{
    struct parley_render *r = notify(
        o, done ? PARLEY_CLI_NOTIFY_REALTIME_TRANSCRIPT_DONE : PARLEY_CLI_NOTIFY_REALTIME_TRANSCRIPT_DELTA,
        thread);

    parley_cli_json_word(r, "role", role);
    parley_cli_json_text(r, done ? "text" : "delta", text);
    parley_cli_rpc_send(o);
}

static void sdp(struct parley_cli_rpc_out *o, struct parley_view thread, struct parley_view answer)
{
    parley_cli_json_text(notify(o, PARLEY_CLI_NOTIFY_REALTIME_SDP, thread), "sdp", answer);
    parley_cli_rpc_send(o);
}

/* ---- audio ------------------------------------------------------------------------------------- */

/* Base64 of the bytes as the service sent them: little-endian, whatever this machine is. */
static void write_pcm(struct parley_render *r, const struct parley_event *event)
{
    enum { SAMPLES = 768 }; /* pieces of a multiple of three bytes need no padding between them */
    char piece[2 * SAMPLES + 1];

    for (size_t at = 0; 2 * at < event->pcm_bytes; at += SAMPLES) {
        size_t bytes = event->pcm_bytes - 2 * at < 2 * SAMPLES ? event->pcm_bytes - 2 * at : 2 * SAMPLES;

        for (size_t i = 0; i < bytes / 2; i++) {
            piece[2 * i] = (char)(event->pcm[at + i] & 0xff);
            piece[2 * i + 1] = (char)(event->pcm[at + i] >> 8 & 0xff);
        }
        if (bytes % 2 != 0) /* half a sample at the very end */
            piece[bytes - 1] = ((const char *)event->pcm)[event->pcm_bytes - 1];
        parley_render_base64(r, parley_view_of(piece, bytes));
    }
}

static uint64_t duration_ms(const struct parley_event *event)
{
    uint64_t rate = (uint64_t)event->sample_rate * (event->channels > 0 ? event->channels : 1);

    return rate > 0 ? event->samples * UINT64_C(1000) / rate : 0;
}

/* Late audio goes out too: the client has been told by then that somebody speaks, and the order of what comes
   is that of the service. */
static void audio(struct parley_cli_rpc_out *o, struct parley_view thread, const struct parley_event *event)
{
    struct parley_render *r = notify(o, PARLEY_CLI_NOTIFY_REALTIME_AUDIO, thread);

    parley_cli_json_open(r, "audio", '{');
    parley_render_raw(r, parley_view("\"data\":\""));
    write_pcm(r, event);
    parley_render_raw(r, parley_view("\""));
    parley_cli_json_number(r, "sampleRate", event->sample_rate);
    parley_cli_json_number(r, "numChannels", event->channels);
    if (event->has_samples)
        parley_cli_json_number(r, "samplesPerChannel", event->samples_per_channel);
    else
        parley_cli_json_null(r, "samplesPerChannel");
    parley_cli_json_text(r, "itemId", event->item_id);
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(o);
}

static void audio_or_shed(struct parley_cli_rpc_out *o, struct parley_view thread,
                          const struct parley_event *event, struct parley_cli_shed *shed)
{
    if (!parley_cli_rpc_wanted(o, PARLEY_CLI_NOTIFY_REALTIME_AUDIO))
        return;
    if (parley_cli_rpc_audio_room(o)) {
        parley_cli_notify_shed(o, thread, shed);
        audio(o, thread, event);
        return;
    }
    shed->notifications++;
    shed->ms += duration_ms(event);
}

void parley_cli_notify_shed(struct parley_cli_rpc_out *o, struct parley_view thread,
                            struct parley_cli_shed *shed)
{
    struct parley_render *r;

    if (shed->notifications == 0)
        return;
    r = notify(o, PARLEY_CLI_NOTIFY_REALTIME_AUDIO_SHED, thread);
    parley_cli_json_number(r, "notifications", shed->notifications);
    parley_cli_json_number(r, "durationMs", shed->ms);
    parley_cli_rpc_send(o);
    *shed = (struct parley_cli_shed){0, 0};
}

/* ---- the table --------------------------------------------------------------------------------- */

void parley_cli_notify_event(struct parley_cli_rpc_out *o, struct parley_view thread,
                             const struct parley_conversation *c, const struct parley_event *event,
                             struct parley_cli_shed *shed)
{
    switch (event->kind) {
    case PARLEY_EVENT_SDP:
        sdp(o, thread, event->text);
        break;
    case PARLEY_EVENT_SPEECH_STARTED:
        item_of_id(o, thread, "input_audio_buffer.speech_started", "item_id", event->item_id);
        break;
    case PARLEY_EVENT_RESPONSE_CANCELLED:
        item_of_id(o, thread, "response.cancelled", "response_id", event->response_id);
        break;
    case PARLEY_EVENT_ITEM_ADDED:
        item_added(o, thread, event->json);
        break;
    case PARLEY_EVENT_HANDOFF:
        handoff(o, thread, c, event);
        break;
    case PARLEY_EVENT_USER_DELTA:
    case PARLEY_EVENT_USER_DONE:
        transcript(o, thread, "user", event->kind == PARLEY_EVENT_USER_DONE, event->text);
        break;
    case PARLEY_EVENT_REPLY_DELTA:
    case PARLEY_EVENT_REPLY_DONE:
        transcript(o, thread, "assistant", event->kind == PARLEY_EVENT_REPLY_DONE, event->text);
        break;
    case PARLEY_EVENT_AUDIO:
        audio_or_shed(o, thread, event, shed);
        break;
    case PARLEY_EVENT_LINK:
    case PARLEY_EVENT_STARTED:
    case PARLEY_EVENT_SESSION_UPDATED:
    case PARLEY_EVENT_SPEECH_STOPPED:
    case PARLEY_EVENT_RESPONSE_CREATED:
    case PARLEY_EVENT_RESPONSE_DONE:
    case PARLEY_EVENT_ITEM_DONE:
    case PARLEY_EVENT_SILENCE:
    case PARLEY_EVENT_INTERRUPTED:
    case PARLEY_EVENT_PLAYED:
    case PARLEY_EVENT_RECONNECTING: /* of calls only: what matters is how it ends */
    case PARLEY_EVENT_RECONNECTED:
    case PARLEY_EVENT_SHED:
    case PARLEY_EVENT_SKIPPED:
    case PARLEY_EVENT_ERROR: /* its beginning and its end are told by whoever runs the conversation */
    case PARLEY_EVENT_CLOSED:
        break;
    }
}

/* ---- beginning and end ------------------------------------------------------------------------- */

void parley_cli_notify_started(struct parley_cli_rpc_out *o, struct parley_view thread,
                               struct parley_view session, enum parley_protocol protocol)
{
    struct parley_render *r = notify(o, PARLEY_CLI_NOTIFY_REALTIME_STARTED, thread);

    parley_cli_json_text(r, "sessionId", session);
    parley_cli_json_word(r, "version", protocol == PARLEY_PROTOCOL_V1 ? "v1" : "v2");
    parley_cli_rpc_send(o);
}

void parley_cli_notify_failed(struct parley_cli_rpc_out *o, struct parley_view thread, struct parley_view why)
{
    parley_cli_json_text(notify(o, PARLEY_CLI_NOTIFY_REALTIME_ERROR, thread), "message", why);
    parley_cli_rpc_send(o);
}

void parley_cli_notify_closed(struct parley_cli_rpc_out *o, struct parley_view thread,
                              enum parley_closed closed)
{
    parley_cli_json_word(notify(o, PARLEY_CLI_NOTIFY_REALTIME_CLOSED, thread), "reason",
                         parley_closed_name(closed));
    parley_cli_rpc_send(o);
}

/* ---- turns ------------------------------------------------------------------------------------- */

static void write_error(struct parley_render *r, struct parley_view message, const char *info)
{
    parley_cli_json_open(r, "error", '{');
    parley_cli_json_text(r, "message", message);
    parley_cli_json_word(r, "codexErrorInfo", info);
    parley_cli_json_null(r, "additionalDetails");
    parley_cli_json_close(r, '}');
}

void parley_cli_notify_not_running(struct parley_cli_rpc_out *o, struct parley_view thread,
                                   struct parley_view turn)
{
    struct parley_render *r = parley_cli_rpc_notify(o, PARLEY_CLI_NOTIFY_ERROR);

    write_error(r, parley_view("conversation is not running"), "badRequest");
    parley_cli_json_bool(r, "willRetry", false);
    parley_cli_json_text(r, "threadId", thread);
    parley_cli_json_text(r, "turnId", turn);
    parley_cli_rpc_send(o);
}

void parley_cli_write_turn(struct parley_render *r, const char *name, struct parley_view turn,
                           const char *status, struct parley_view why)
{
    parley_cli_json_open(r, name, '{');
    parley_cli_json_text(r, "id", turn);
    parley_cli_json_open(r, "items", '[');
    parley_cli_json_close(r, ']');
    parley_cli_json_word(r, "status", status);
    if (why.at != NULL)
        write_error(r, why, NULL);
    else
        parley_cli_json_null(r, "error");
    parley_cli_json_close(r, '}');
}

void parley_cli_notify_turn(struct parley_cli_rpc_out *o, enum parley_cli_rpc_notification what,
                            struct parley_view thread, struct parley_view turn, const char *status,
                            struct parley_view why)
{
    parley_cli_write_turn(notify(o, what, thread), "turn", turn, status, why);
    parley_cli_rpc_send(o);
}

void parley_cli_notify_item(struct parley_cli_rpc_out *o, struct parley_view thread, struct parley_view turn,
                            struct parley_view item, enum parley_cli_item kind, struct parley_view text)
{
    struct parley_render *r = notify(o, PARLEY_CLI_NOTIFY_ITEM_COMPLETED, thread);

    parley_cli_json_text(r, "turnId", turn);
    parley_cli_json_open(r, "item", '{');
    parley_cli_json_word(r, "type", kind == PARLEY_CLI_ITEM_USER ? "userMessage" : "agentMessage");
    parley_cli_json_text(r, "id", item);
    if (kind == PARLEY_CLI_ITEM_AGENT) {
        parley_cli_json_text(r, "text", text);
    } else {
        parley_cli_json_open(r, "content", '[');
        parley_cli_json_open(r, NULL, '{');
        parley_cli_json_word(r, "type", "text");
        parley_cli_json_text(r, "text", text);
        parley_cli_json_close(r, '}');
        parley_cli_json_close(r, ']');
    }
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(o);
}
