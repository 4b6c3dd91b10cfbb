/*
 * The engine's inner half: what a message of the service does, and the event it becomes (reference 6.4
 * to 6.7). Every effect comes before its event, so that a host can answer from what it was told.
 */
#include "core/restore.h"

#include "core/delegation.h"
#include "core/session.h"
#include "parser/utf8.h"
#include "templates/templates.h"
#include <stdio.h>

enum { TOLD_BYTES = 256 }; /* of the service's words, in an error of ours */
/* The text of a SKIPPED event. The smallest `delegation` has more. */
enum { SKIPPED_BYTES = 320 };

/* ---- saying things ----------------------------------------------------------------------------- */

void parley_notice(struct parley_conversation *c, struct parley_notice notice)
{
    size_t bytes = (size_t)PARLEY_NOTICE_HEAD + notice.item.len;

    if (parley_ring_free(&c->notices) >= bytes)
        parley_ring_put(&c->notices, &notice, bytes);
}

bool parley_notices_room(const struct parley_conversation *c)
{
    return parley_ring_free(&c->notices) >=
           PARLEY_NOTICE_HEAD + c->audio.replies_size * sizeof(struct parley_notice);
}

void parley_write_labelled(struct parley_render *r, const void *labelled)
{
    const struct parley_labelled *l = labelled;

    if (l->text.len > 0 && !parley_view_starts(l->text, l->label))
        parley_render_text(r, l->label);
    parley_render_text(r, l->text);
}

static void say(struct parley_conversation *c, enum parley_outbox_for whose, const struct parley_template *t,
                const struct parley_slot *slots)
{
    /* Callers see to it that the reserve is whole, so this can fail by our own mistake only. */
    if (parley_outbox_put(&c->outbox, whose, t, slots) < 0)
        parley_log_line(&c->log, PARLEY_LOG_ERROR, "no room in the outbox for %s", t->pieces[0].literal);
}

void parley_say(struct parley_conversation *c, const struct parley_template *t,
                const struct parley_slot *slots)
{
    say(c, PARLEY_OUTBOX_OWN, t, slots);
}

void parley_say_create(struct parley_conversation *c, bool now)
{
    const struct parley_slot none = {.name = NULL};

    if (now && parley_can_ask(c))
        say(c, PARLEY_OUTBOX_ASK, c->dialect->response_create, &none);
}

/* What asks for a response has not gone out, so the service cannot have answered it. */
static bool create_waits(const struct parley_conversation *c)
{
    return parley_outbox_count(&c->outbox, PARLEY_OUTBOX_ASK) > 0;
}

void parley_say_output(struct parley_conversation *c, struct parley_view call_id, struct parley_view output)
{
    const struct parley_slot slots[] = {
        {.name = "call_id", .text = call_id},
        {.name = "output", .text = output},
        {.name = NULL},
    };

    if (c->dialect->function_output != NULL)
        parley_say(c, c->dialect->function_output, slots);
}

/* ---- cutting replies --------------------------------------------------------------------------- */

static void say_cut(struct parley_conversation *c, const struct parley_heard *cut)
{
    const struct parley_slot slots[] = {
        {.name = "item_id", .text = parley_id_view(&cut->item)},
        {.name = "content_index", .number = cut->content_index},
        {.name = "audio_end_ms", .number = cut->heard_ms},
        {.name = NULL},
    };

    if (cut->item.len == 0 || cut->orphan || c->dialect->item_truncate == NULL)
        return;
    c->last_cut = *cut;
    /* Nothing of it was heard: then, for the user, it was never said. The reference truncates at 0. */
    parley_say(c, cut->heard_ms > 0 ? c->dialect->item_truncate : c->dialect->item_delete, slots);
}

/* The first "<number>ms" in a text; 0 when there is none. */
static uint32_t first_ms(struct parley_view text)
{
    uint64_t number = 0;
    bool digits = false;

    for (; text.len > 0; text = parley_view_skip(text, 1)) {
        char at = text.at[0];
        if (at >= '0' && at <= '9' && number < UINT32_MAX) {
            number = digits ? number * 10 + (uint64_t)(at - '0') : (uint64_t)(at - '0');
            digits = true;
        } else if (digits && parley_view_starts(text, parley_view("ms"))) {
            return number <= UINT32_MAX ? (uint32_t)number : 0;
        } else {
            digits = false;
            number = 0;
        }
    }
    return 0;
}

/*
 * The service holds less of a reply than we say was heard ("Audio content of 900ms is already shorter than
 * 1000ms"): then all it holds was heard, and that is said once more with its own number. Only once for each
 * cut.
 */
static bool correct_cut(struct parley_conversation *c, struct parley_view text)
{
    struct parley_heard cut = c->last_cut;
    uint32_t ms = first_ms(text);
    bool shorter = false;

    for (struct parley_view rest = text; rest.len > 0 && !shorter; rest = parley_view_skip(rest, 1))
        shorter = parley_view_starts(rest, parley_view("already shorter than"));
    if (!shorter || cut.item.len == 0 || ms == 0 || ms >= cut.heard_ms)
        return false;
    cut.heard_ms = ms;
    say_cut(c, &cut);
    c->last_cut.item.len = 0;
    return true;
}

/* The reference truncates only the item that speech_started names, which is the *future* user item; so in
   practice never. Here whatever has unheard audio is cut. */
uint32_t parley_cut(struct parley_conversation *c, enum parley_reason reason)
{
    struct parley_view response = parley_id_view(&c->responses.id);
    uint32_t cuts = parley_output_audio_cut(&c->audio, response, c->now_us);
    struct parley_heard cut;

    while (parley_output_audio_next_cut(&c->audio, &cut)) {
        say_cut(c, &cut);
        parley_notice(c, (struct parley_notice){.kind = PARLEY_EVENT_INTERRUPTED,
                                                .item = cut.item,
                                                .heard_ms = cut.heard_ms,
                                                .reason = reason});
    }
    return cuts;
}

/* ---- one handler for each kind of message; all return what parley_conversation_message returns --- */

static int skipped(struct parley_conversation *c, struct parley_event *event, int status)
{
    c->stats.skipped++;
    event->kind = PARLEY_EVENT_SKIPPED;
    event->status = status;
    event->text = parley_view(c->delegation);
    parley_log_line(&c->log, PARLEY_LOG_WARN, "skipped: %s", c->delegation);
    return 1;
}

static int on_text(struct parley_event *event, enum parley_event_kind kind)
{
    event->kind = kind;
    return 1;
}

static int on_response_ended(struct parley_conversation *c, struct parley_event *event)
{
    const struct parley_wire_event *wire = &c->wire;
    bool cancelled =
        wire->kind == PARLEY_WIRE_RESPONSE_CANCELLED || parley_view_is(wire->status, "cancelled");

    event->kind = wire->kind == PARLEY_WIRE_RESPONSE_CANCELLED ? PARLEY_EVENT_RESPONSE_CANCELLED
                                                               : PARLEY_EVENT_RESPONSE_DONE;
    if (wire->out_of_band)
        return 1;
    c->reply_owed = false;
    if (!cancelled)
        parley_speech_answered(&c->speech);
    parley_output_audio_complete(&c->audio, wire->response_id);
    /* A cancelled reply is not to be played on (reference 10.7); what was heard of it stays. */
    if (cancelled)
        parley_cut(c, PARLEY_REASON_HOST);
    parley_say_create(c, parley_response_ended(&c->responses, wire->response_id, create_waits(c)));
    return 1;
}

static struct parley_chunk chunk_of(const struct parley_wire_event *wire)
{
    size_t frames = wire->pcm_bytes / 2 / (wire->channels > 0 ? wire->channels : 1);

    return (struct parley_chunk){
        .pcm = (const int16_t *)(const void *)wire->pcm,
        .samples = wire->has_samples ? wire->samples : frames,
        .playable = wire->sample_rate == PARLEY_SAMPLE_RATE && wire->channels == 1 &&
                    (!wire->has_samples || wire->samples == frames),
        .item = wire->item_id,
        .response = wire->response_id,
        .content_index = wire->content_index,
        .rate = wire->sample_rate,
    };
}

bool parley_audio_fits(const struct parley_conversation *c)
{
    const struct parley_chunk chunk = chunk_of(&c->wire);

    return parley_output_audio_fits(&c->audio, &chunk);
}

static int on_audio(struct parley_conversation *c, struct parley_event *event)
{
    const struct parley_wire_event *wire = &c->wire;
    const struct parley_chunk chunk = chunk_of(wire);

    if (wire->audio_bad) {
        snprintf(c->delegation, SKIPPED_BYTES, "audio is not base64 at character %lu",
                 (unsigned long)wire->bad_offset);
        return skipped(c, event, PARLEY_ERR_BASE64);
    }
    if (chunk.playable && !parley_output_audio_room(&c->audio, &chunk)) {
        c->wire_held = true;
        return 0;
    }
    event->kind = PARLEY_EVENT_AUDIO;
    event->pcm = chunk.pcm;
    event->samples = wire->pcm_bytes / 2;
    event->pcm_bytes = wire->pcm_bytes;
    event->sample_rate = wire->sample_rate;
    event->has_samples = wire->has_samples;
    event->samples_per_channel = wire->has_samples ? wire->samples : 0;
    event->channels = wire->channels;
    event->late = !parley_output_audio_receive(&c->audio, &chunk);
    return 1;
}

/* A function call is answered at once with a fixed text, and the model asked to go on. v1 has no function
   calls: there the text goes to the handoff, and nobody has to be asked. */
static void answer_call(struct parley_conversation *c, const struct parley_template *answer)
{
    struct parley_view text = parley_template_text(answer);
    const struct parley_slot slots[] = {
        {.name = "handoff_id", .text = c->wire.call_id},
        {.name = "text", .text = text},
        {.name = NULL},
    };

    if (c->dialect->function_output == NULL) {
        parley_say(c, c->dialect->agent_message, slots);
        return;
    }
    parley_say_output(c, c->wire.call_id, text);
    parley_say_create(c, parley_response_want(&c->responses));
}

static int on_handoff(struct parley_conversation *c, struct parley_event *event)
{
    const struct parley_wire_event *wire = &c->wire;
    size_t entries = parley_transcript_handoff(c->transcript, wire->text, &event->dropped);
    struct parley_render r = parley_render(c->delegation, c->delegation_size);

    event->kind = PARLEY_EVENT_HANDOFF;
    event->handoff_id = wire->call_id;
    event->delegation = parley_delegation_render(&r, c->transcript, entries, wire->text, &event->dropped);
    event->lines = c->handoff_lines = entries;
    if (c->dialect->function_output == NULL && event->delegation.len > 0 && c->handoff.active.len > 0) {
        /* On v1 a new handoff takes the place of the old one (reference 6.6); for the agent it is steering.
         */
        event->steering = true;
        c->handoff.active.len = 0;
    }
    switch (parley_handoff_request(&c->handoff, wire->call_id, event->delegation.len == 0)) {
    case PARLEY_HANDOFF_ROUTE:
        return 1;
    case PARLEY_HANDOFF_STEER:
        event->steering = true;
        answer_call(c, &parley_template_wire_v2_output_steered);
        return 1;
    case PARLEY_HANDOFF_EMPTY:
        answer_call(c, &parley_template_wire_v2_output_empty_request);
        return 1;
    case PARLEY_HANDOFF_NOTHING:
    case PARLEY_HANDOFF_PROGRESS:
    case PARLEY_HANDOFF_FINISH:
    case PARLEY_HANDOFF_FINISH_MUTE:
    case PARLEY_HANDOFF_TELL:
    case PARLEY_HANDOFF_TELL_MUTE:
        break;
    }
    return 0; /* a call that is being worked on already, sent once more */
}

/* The id in "Conversation already has an active response in progress: resp_1", absent if there is none. */
static struct parley_view active_response_id(struct parley_view text)
{
    size_t at = text.len;

    while (at > 0 && text.at[at - 1] != ' ')
        at--;
    text = parley_view_skip(text, at);
    while (text.len > 0 && (text.at[text.len - 1] == '.' || text.at[text.len - 1] == ')'))
        text.len--;
    return parley_view_starts(text, parley_view("resp")) ? text : parley_view(NULL);
}

static bool is_active_response_error(const struct parley_wire_event *wire)
{
    return parley_view_is(wire->code, "conversation_already_has_active_response") ||
           parley_view_starts(wire->text,
                              parley_view("Conversation already has an active response in progress"));
}

/* What the service cannot go on after: PARLEY_ERR_AUTH, _REFUSED, _SERVICE; or PARLEY_OK. */
static int fatal_status(const struct parley_wire_event *wire)
{
    static const struct {
        const char *code;
        int status;
    } fatal[] = {
        {"invalid_api_key", PARLEY_ERR_AUTH},
        {"authentication_error", PARLEY_ERR_AUTH},
        {"invalid_authentication", PARLEY_ERR_AUTH},
        {"permission_denied", PARLEY_ERR_AUTH},
        {"insufficient_quota", PARLEY_ERR_REFUSED},
        {"quota_exceeded", PARLEY_ERR_REFUSED},
        {"billing_hard_limit_reached", PARLEY_ERR_REFUSED},
        {"session_expired", PARLEY_ERR_SERVICE},
    };

    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if (parley_view_is(wire->code, fatal[i].code))
            return fatal[i].status;
    return PARLEY_OK;
}

/* For the reference every error is the end, the race for the active response included, which it could defer.
   Here that one always defers, and others end the conversation only when it cannot go on, or when asked to be
   like it. */
static int on_error(struct parley_conversation *c, struct parley_event *event)
{
    const struct parley_wire_event *wire = &c->wire;
    struct parley_view told = parley_utf8_cut(wire->text, TOLD_BYTES);
    int status = fatal_status(wire);

    event->kind = PARLEY_EVENT_ERROR;
    event->status = PARLEY_ERR_SERVICE;
    if (is_active_response_error(wire)) {
        parley_response_refused(&c->responses, active_response_id(wire->text), create_waits(c));
        return 1;
    }
    if (c->reconnection.limits.on && c->webrtc.state == PARLEY_WEBRTC_NONE &&
        parley_view_is(wire->code, "session_expired")) {
        c->expired = true; /* another one follows; but of a call's session there is only one */
        return 1;
    }
    if (correct_cut(c, wire->text))
        return 1;
    if (status == PARLEY_OK && c->close_on_error)
        status = PARLEY_ERR_SERVICE;
    if (status == PARLEY_OK)
        return 1;
    event->fatal = true;
    event->status = status;
    c->error_told = true;
    parley_error_set(&c->error, status, "service: %.*s", (int)told.len, told.at);
    parley_end(c, PARLEY_CLOSED_ERROR);
    return 1;
}

/* ---- who said what ----------------------------------------------------------------------------- */

static void begin(struct parley_conversation *c, enum parley_role role)
{
    parley_transcript_begin(c->transcript, role);
    if (c->restore.memory != NULL)
        parley_transcript_begin(c->restore.memory, role);
}

static int on_delta(struct parley_conversation *c, struct parley_event *event, enum parley_role role)
{
    parley_transcript_delta(c->transcript, role, c->wire.text);
    if (c->restore.memory != NULL)
        parley_transcript_delta(c->restore.memory, role, c->wire.text);
    return on_text(event, role == PARLEY_ROLE_USER ? PARLEY_EVENT_USER_DELTA : PARLEY_EVENT_REPLY_DELTA);
}

static int on_done(struct parley_conversation *c, struct parley_event *event, enum parley_role role)
{
    parley_transcript_done(c->transcript, role, c->wire.text);
    if (c->restore.memory != NULL) {
        parley_transcript_take_back(c->restore.memory, role); /* also where something came in between */
        parley_transcript_done(c->restore.memory, role, c->wire.text);
    }
    return on_text(event, role == PARLEY_ROLE_USER ? PARLEY_EVENT_USER_DONE : PARLEY_EVENT_REPLY_DONE);
}

static int on_speech_started(struct parley_conversation *c, struct parley_event *event)
{
    begin(c, PARLEY_ROLE_USER);
    parley_cut(c, PARLEY_REASON_SPEECH);
    if (c->dialect->hears_turns)
        parley_speech_started(&c->speech);
    return on_text(event, PARLEY_EVENT_SPEECH_STARTED);
}

static int on_speech_stopped(struct parley_conversation *c, struct parley_event *event)
{
    if (c->dialect->hears_turns)
        parley_speech_stopped(&c->speech, c->outbox.audio_taken);
    c->reply_owed = c->mode == PARLEY_CONVERSATIONAL; /* the service begins it by itself */
    return on_text(event, PARLEY_EVENT_SPEECH_STOPPED);
}

static int on_response_created(struct parley_conversation *c, struct parley_event *event)
{
    begin(c, PARLEY_ROLE_ASSISTANT);
    if (!c->wire.out_of_band) {
        parley_response_created(&c->responses, c->wire.response_id, create_waits(c));
        parley_speech_response(&c->speech);
        c->reply_owed = true;
    }
    return on_text(event, PARLEY_EVENT_RESPONSE_CREATED);
}

static int on_item_done(struct parley_conversation *c, struct parley_event *event)
{
    /* v1 tells of no responses: the end of an item is that of the reply. */
    if (c->dialect->response_create == NULL)
        parley_output_audio_complete(&c->audio, parley_view(NULL));
    return on_text(event, PARLEY_EVENT_ITEM_DONE);
}

static int on_silence(struct parley_conversation *c, struct parley_event *event)
{
    event->handoff_id = c->wire.call_id;
    parley_say_output(c, c->wire.call_id, parley_view(""));
    return on_text(event, PARLEY_EVENT_SILENCE);
}

/* True for what the model says or does: the reply that was owed. */
static bool is_reply(enum parley_wire_kind kind)
{
    return kind == PARLEY_WIRE_OUTPUT_DELTA || kind == PARLEY_WIRE_OUTPUT_DONE || kind == PARLEY_WIRE_AUDIO ||
           kind == PARLEY_WIRE_HANDOFF || kind == PARLEY_WIRE_SILENCE;
}

static int on_wire_event(struct parley_conversation *c, struct parley_event *event)
{
    if (is_reply(c->wire.kind))
        c->reply_owed = false;
    switch (c->wire.kind) {
    case PARLEY_WIRE_IGNORED:
        return 0;
    case PARLEY_WIRE_SESSION_UPDATED:
        event->session_id = c->wire.session_id;
        return on_text(event, PARLEY_EVENT_SESSION_UPDATED);
    case PARLEY_WIRE_SPEECH_STARTED:
        return on_speech_started(c, event);
    case PARLEY_WIRE_SPEECH_STOPPED:
        return on_speech_stopped(c, event);
    case PARLEY_WIRE_INPUT_DELTA:
        return on_delta(c, event, PARLEY_ROLE_USER);
    case PARLEY_WIRE_INPUT_DONE:
        parley_speech_written(&c->speech);
        return on_done(c, event, PARLEY_ROLE_USER);
    case PARLEY_WIRE_OUTPUT_DELTA:
        return on_delta(c, event, PARLEY_ROLE_ASSISTANT);
    case PARLEY_WIRE_OUTPUT_DONE:
        return on_done(c, event, PARLEY_ROLE_ASSISTANT);
    case PARLEY_WIRE_AUDIO:
        return on_audio(c, event);
    case PARLEY_WIRE_RESPONSE_CREATED:
        return on_response_created(c, event);
    case PARLEY_WIRE_RESPONSE_CANCELLED:
    case PARLEY_WIRE_RESPONSE_DONE:
        return on_response_ended(c, event);
    case PARLEY_WIRE_ITEM_ADDED:
        return on_text(event, PARLEY_EVENT_ITEM_ADDED);
    case PARLEY_WIRE_ITEM_DONE:
        return on_item_done(c, event);
    case PARLEY_WIRE_HANDOFF:
        return on_handoff(c, event);
    case PARLEY_WIRE_SILENCE:
        return on_silence(c, event);
    case PARLEY_WIRE_ERROR:
        return on_error(c, event);
    }
    return 0;
}

/* ---- the message as a whole -------------------------------------------------------------------- */

/* The service's ids are short. One that cannot be kept cannot be answered, so the message means nothing to
 * us. */
static bool ids_fit(const struct parley_wire_event *wire)
{
    return parley_id_fits(wire->item_id) && parley_id_fits(wire->response_id) &&
           parley_id_fits(wire->call_id);
}

static void native_pcm(struct parley_wire_event *wire)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (size_t i = 0; i + 1 < wire->pcm_bytes; i += 2) {
        uint8_t low = wire->pcm[i];
        wire->pcm[i] = wire->pcm[i + 1];
        wire->pcm[i + 1] = low;
    }
#else
    (void)wire;
#endif
}

/* True for the beginning of a response.done. */
static bool ends_response(struct parley_view head)
{
    static const struct parley_view name = PARLEY_VIEW("\"type\""), value = PARLEY_VIEW("\"response.done\"");

    while (head.len > 0 && !parley_view_starts(head, name))
        head = parley_view_skip(head, 1);
    head = parley_view_skip(head, name.len);
    while (head.len > 0 && (head.at[0] == ' ' || head.at[0] == ':'))
        head = parley_view_skip(head, 1);
    return parley_view_starts(head, value);
}

/* A message for which the inbox is too small is not read. But were the end of a response missed, all that
   waits for it would wait for ever. */
static void note_too_long(struct parley_conversation *c)
{
    struct parley_view head = parley_view_of(c->inbox.at, c->inbox.len < 256 ? c->inbox.len : 256);

    if (!ends_response(head))
        return;
    c->reply_owed = false;
    parley_speech_answered(&c->speech);
    parley_output_audio_complete(&c->audio, parley_view(NULL));
    parley_say_create(c, parley_response_ended(&c->responses, parley_view(NULL), create_waits(c)));
}

/* Reads the inbox into c->wire. Returns 0, or the status of a SKIPPED event with its text in c->delegation.
 */
static int read_inbox(struct parley_conversation *c)
{
    size_t offset = 0;
    const char *why = "";

    if (c->inbox.state == PARLEY_INBOX_TOO_LONG) {
        note_too_long(c);
        snprintf(c->delegation, SKIPPED_BYTES, "a message of %lu bytes is longer than the inbox of %lu",
                 (unsigned long)c->inbox.total, (unsigned long)c->inbox.size);
        return PARLEY_ERR_TOO_LONG;
    }
    if (c->dialect->read(&c->wire, c->inbox.at, c->inbox.len, &offset, &why) < 0) {
        snprintf(c->delegation, SKIPPED_BYTES, "a message is not JSON at byte %lu: %s", (unsigned long)offset,
                 why);
        return PARLEY_ERR_JSON;
    }
    if (!ids_fit(&c->wire)) {
        snprintf(c->delegation, SKIPPED_BYTES, "an id in %.*s is longer than %d bytes",
                 (int)(c->wire.type.len < 64 ? c->wire.type.len : 64), c->wire.type.at, PARLEY_ID_BYTES);
        return PARLEY_ERR_TOO_LONG;
    }
    native_pcm(&c->wire);
    return PARLEY_OK;
}

/* The reference ends the session on a binary frame; we do when asked to be like it. */
static int on_binary(struct parley_conversation *c, struct parley_event *event)
{
    snprintf(c->delegation, SKIPPED_BYTES, "unexpected binary realtime websocket event");
    if (!c->close_on_error)
        return skipped(c, event, PARLEY_ERR_PROTOCOL);
    event->kind = PARLEY_EVENT_ERROR;
    event->fatal = true;
    event->text = parley_view(c->delegation);
    event->status = parley_error_set(&c->error, PARLEY_ERR_PROTOCOL, "%s", c->delegation);
    c->error_told = true;
    parley_end(c, PARLEY_CLOSED_ERROR);
    return 1;
}

static void copy_views(struct parley_event *event, const struct parley_wire_event *wire)
{
    event->text = wire->text;
    event->json = wire->json;
    event->item_id = wire->item_id;
    event->response_id = wire->response_id;
    event->status_text = wire->status;
    event->code = wire->code;
    event->event_id = wire->event_id;
}

int parley_conversation_message(struct parley_conversation *c, struct parley_event *event)
{
    int status;

    memset(event, 0, sizeof *event);
    event->at_us = c->now_us;
    if (!c->wire_held) {
        if (c->inbox.state == PARLEY_INBOX_BINARY)
            return on_binary(c, event);
        status = read_inbox(c);
        if (status < 0)
            return skipped(c, event, status);
    }
    c->wire_held = false;
    copy_views(event, &c->wire);
    return on_wire_event(c, event);
}
