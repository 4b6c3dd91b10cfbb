/* The engine's outer half: what the host says and does (reference 6.2, 6.3). */
#include "core/restore.h"

#include "context/token_budget.h"
#include "parser/utf8.h"
#include "templates/templates.h"

enum { MIRROR_TOKENS = 300 }; /* reference 10.5 */

static bool accepts(const struct parley_conversation *c)
{
    return c->life <= PARLEY_LIFE_LIVE;
}

/* ---- text -------------------------------------------------------------------------------------- */

/* Where a text goes: by which message, for how long, and how it is labelled. */
struct way {
    const struct parley_template *message;
    enum parley_outbox_for whose;
    struct parley_view label;
};

static int queue_text(struct parley_conversation *c, const struct way *way, struct parley_view text)
{
    const struct parley_labelled labelled = {way->label, text};
    const struct parley_slot slots[] = {
        {.name = "text", .write = parley_write_labelled, .state = &labelled},
        {.name = "handoff_id", .text = parley_id_view(&c->handoff.active)},
        {.name = NULL},
    };
    int status;

    if (!parley_utf8_valid(text))
        return PARLEY_ERR_UTF8;
    status = parley_outbox_put(&c->outbox, way->whose, way->message, slots);
    if (status == PARLEY_OK && way->whose == PARLEY_OUTBOX_HOST)
        parley_remember(c, PARLEY_MEMORY_QUEUED, text.len > 0 ? way->label : parley_view(""), text);
    else if (status == PARLEY_OK)
        parley_remember(c, PARLEY_MEMORY_TOLD, c->dialect->agent_label, text);
    parley_flush(c);
    return status;
}

static int send_text(struct parley_conversation *c, struct parley_view text)
{
    const struct way way = {c->dialect->user_text, PARLEY_OUTBOX_HOST, c->dialect->user_prefix};

    return accepts(c) ? queue_text(c, &way, text) : PARLEY_ERR_STATE;
}

static int mirror_text(struct parley_conversation *c, struct parley_view text)
{
    char cut[MIRROR_TOKENS * 4];
    struct parley_view label = c->dialect->user_prefix;
    long len;

    if (!parley_utf8_valid(text))
        return PARLEY_ERR_UTF8;
    if (text.len == 0)
        return accepts(c) ? PARLEY_OK : PARLEY_ERR_STATE;
    if (parley_view_starts(text, label))
        label.len = 0;
    len = parley_fit_labelled(cut, sizeof cut, label, text, MIRROR_TOKENS);
    return len < 0 ? (int)len : send_text(c, parley_view_of(cut, (size_t)len));
}

/* ---- responses and interruptions --------------------------------------------------------------- */

static int request_reply(struct parley_conversation *c)
{
    if (!accepts(c) || !parley_can_ask(c))
        return PARLEY_ERR_STATE;
    if (!parley_outbox_has_reserve(&c->outbox))
        return PARLEY_ERR_FULL;
    parley_say_create(c, parley_response_want(&c->responses));
    parley_flush(c);
    return PARLEY_OK;
}

static int interrupt(struct parley_conversation *c, enum parley_reason reason)
{
    const struct parley_slot none = {.name = NULL};
    uint32_t cuts;

    if (!accepts(c))
        return PARLEY_ERR_STATE;
    if (!parley_outbox_has_reserve(&c->outbox) || !parley_notices_room(c))
        return PARLEY_ERR_FULL;
    if (reason != PARLEY_REASON_SPEECH && c->responses.state == PARLEY_RESPONSE_RUNNING &&
        c->dialect->response_cancel != NULL)
        parley_say(c, c->dialect->response_cancel, &none);
    cuts = parley_cut(c, reason);
    parley_flush(c);
    return (int)cuts;
}

/* ---- audio ------------------------------------------------------------------------------------- */

static long send_audio(struct parley_conversation *c, const void *pcm, size_t bytes)
{
    const char *at = pcm;

    if (!accepts(c))
        return PARLEY_ERR_STATE;
    for (size_t left = bytes; left > 0;) {
        size_t count = left < c->audio_chunk_bytes ? left : c->audio_chunk_bytes;
        size_t dropped = parley_outbox_put_audio(&c->outbox, at, count) / sizeof(int16_t);
        c->shed += dropped;
        c->stats.input_shed += dropped;
        if (dropped > 0 && c->started && (c->life < PARLEY_LIFE_LIVE || c->restore.active))
            c->restore.missing = "speech: there was more than limits.input_audio_ms holds";
        at += count;
        left -= count;
    }
    c->stats.input_samples += bytes / sizeof(int16_t);
    parley_flush(c);
    return (long)bytes;
}

long parley_send_audio_bytes(struct parley_conversation *c, const void *pcm, size_t bytes)
{
    PARLEY_RECORD(c, call,
                  &(struct parley_called){
                      .name = "audio", .number_name = "bytes", .number = bytes, .pcm = {pcm, bytes}});
    return send_audio(c, pcm, bytes);
}

long parley_send_audio(struct parley_conversation *c, const int16_t *pcm, size_t samples)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    unsigned char bytes[PARLEY_OUTBOX_CHUNK];

    for (size_t done = 0; done < samples;) {
        size_t count = samples - done < sizeof bytes / 2 ? samples - done : sizeof bytes / 2;
        for (size_t i = 0; i < count; i++) {
            bytes[2 * i] = (unsigned char)((unsigned)pcm[done + i] & 0xff);
            bytes[2 * i + 1] = (unsigned char)((unsigned)pcm[done + i] >> 8 & 0xff);
        }
        if (parley_send_audio_bytes(c, bytes, count * 2) < 0)
            return PARLEY_ERR_STATE;
        done += count;
    }
    return (long)samples;
#else
    long bytes = parley_send_audio_bytes(c, pcm, samples * sizeof *pcm);

    return bytes < 0 ? bytes : bytes / (long)sizeof *pcm;
#endif
}

size_t parley_read_audio(struct parley_conversation *c, int16_t *pcm, size_t samples)
{
    size_t got;

    PARLEY_RECORD(c, call,
                  &(struct parley_called){.name = "read", .number_name = "samples", .number = samples});
    got = parley_output_audio_read(&c->audio, pcm, samples, c->now_us);
    if (got > 0)
        PARLEY_RECORD(c, gave, (long)got, parley_view_of((const char *)pcm, got * sizeof *pcm));
    return got;
}

size_t parley_audio_queued(const struct parley_conversation *c)
{
    return parley_output_audio_queued(&c->audio);
}

void parley_playout_delay(struct parley_conversation *c, uint64_t delay_us)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "delay", .number_name = "us", .number = delay_us});
    c->audio.delay_us = delay_us;
}

/* ---- the agent --------------------------------------------------------------------------------- */

/* As a message about the call, unless that is gone; in v2 both are the same. */
static struct way agent_way(const struct parley_conversation *c)
{
    const struct parley_dialect *d = c->dialect;

    if (c->handoff.orphan || d->agent_message == d->user_text)
        return (struct way){d->user_text, PARLEY_OUTBOX_HOST, d->agent_label};
    return (struct way){d->agent_message, PARLEY_OUTBOX_HOST_SESSION, d->agent_prefix};
}

static int agent_progress(struct parley_conversation *c, struct parley_view handoff_id,
                          struct parley_view text)
{
    const struct way way = agent_way(c);
    struct parley_handoff next = c->handoff;
    int status;

    if (!accepts(c) || parley_handoff_progress(&next, handoff_id) != PARLEY_HANDOFF_PROGRESS)
        return PARLEY_ERR_STATE;
    status = queue_text(c, &way, text);
    if (status == PARLEY_OK)
        c->handoff = next;
    return status;
}

/* Tells that the agent has finished: as the output of its call, or as a message if that is gone. */
static int say_finished(struct parley_conversation *c, enum parley_handoff_action action,
                        const struct parley_id *call)
{
    const struct way way = {c->dialect->user_text, PARLEY_OUTBOX_HOST, c->dialect->agent_label};
    bool mute = action == PARLEY_HANDOFF_FINISH_MUTE || action == PARLEY_HANDOFF_TELL_MUTE;
    struct parley_view text = parley_template_text(mute ? &parley_template_wire_v2_output_finished_mute
                                                        : &parley_template_wire_v2_output_finished);

    if (action == PARLEY_HANDOFF_TELL || action == PARLEY_HANDOFF_TELL_MUTE)
        return queue_text(c, &way, text);
    parley_say_output(c, parley_id_view(call), text);
    parley_remember(c, PARLEY_MEMORY_TOLD, way.label, text);
    return PARLEY_OK;
}

static int agent_done(struct parley_conversation *c, struct parley_view handoff_id)
{
    struct parley_handoff next = c->handoff;
    struct parley_id finished;
    enum parley_handoff_action action;
    int status = PARLEY_OK;

    if (!accepts(c))
        return PARLEY_ERR_STATE;
    if (!parley_outbox_has_reserve(&c->outbox))
        return PARLEY_ERR_FULL;
    action = parley_handoff_done(&next, handoff_id, &finished);
    if (action == PARLEY_HANDOFF_NOTHING)
        return PARLEY_ERR_STATE;
    /* Its progress stands before it in the same queue, so nothing overtakes it (reference 6.9). */
    if (c->dialect->function_output != NULL)
        status = say_finished(c, action, &finished);
    if (status < 0)
        return status;
    c->handoff = next;
    if (c->dialect->function_output != NULL)
        parley_say_create(c, parley_response_want(&c->responses));
    parley_flush(c);
    return PARLEY_OK;
}

struct parley_view parley_handoff_id(const struct parley_conversation *c)
{
    return parley_id_view(&c->handoff.active);
}

static void write_notice(struct parley_render *r, const void *state)
{
    const struct parley_view *custom = state;
    const struct parley_slot reason[] = {{.name = "reason", .text = PARLEY_VIEW("inactive")}, {.name = NULL}};

    if (custom == NULL)
        parley_render_template(r, &parley_template_prompts_realtime_end, reason);
    else if (parley_view_trim(*custom).len > 0)
        parley_render_text(r, *custom);
    else
        parley_render_template(r, &parley_template_prompts_realtime_start, reason);
}

long parley_agent_notice(bool active, struct parley_view custom, char *out, size_t bytes)
{
    const struct parley_slot slots[] = {
        {.name = "text", .write = write_notice, .state = active ? &custom : NULL}, {.name = NULL}};
    struct parley_render r = parley_render(out, bytes);

    parley_render_template(&r, &parley_template_prompts_realtime_notice, slots);
    return r.overflow ? PARLEY_ERR_TOO_LONG : (long)r.used;
}

bool parley_handoff_line(const struct parley_conversation *c, size_t i, struct parley_line *line)
{
    struct parley_transcript_entry entry;

    if (i >= c->handoff_lines)
        return false;
    entry = parley_transcript_entry(c->transcript, i);
    *line = (struct parley_line){entry.role == PARLEY_ROLE_USER ? "user" : "assistant", entry.text};
    return true;
}

/* ---- what the host calls, as the recorder sees it ------------------------------------------------ */

static int gave(struct parley_conversation *c, int result)
{
    if (result != 0)
        PARLEY_RECORD(c, gave, result, parley_view(NULL));
    return result;
}

int parley_send_text(struct parley_conversation *c, struct parley_view text)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "text", .text = text});
    return gave(c, send_text(c, text));
}

int parley_mirror_text(struct parley_conversation *c, struct parley_view text)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "mirror", .text = text});
    return gave(c, mirror_text(c, text));
}

int parley_request_reply(struct parley_conversation *c)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "ask"});
    return gave(c, request_reply(c));
}

int parley_interrupt(struct parley_conversation *c, enum parley_reason reason)
{
    PARLEY_RECORD(c, call,
                  &(struct parley_called){.name = "interrupt", .reason = parley_reason_name(reason)});
    return gave(c, interrupt(c, reason));
}

int parley_agent_progress(struct parley_conversation *c, struct parley_view handoff_id,
                          struct parley_view text)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "progress", .handoff = handoff_id, .text = text});
    return gave(c, agent_progress(c, handoff_id, text));
}

int parley_agent_done(struct parley_conversation *c, struct parley_view handoff_id)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "done", .handoff = handoff_id});
    return gave(c, agent_done(c, handoff_id));
}

/* ---- figures ----------------------------------------------------------------------------------- */

void parley_stats(const struct parley_conversation *c, struct parley_stats *stats)
{
    *stats = c->stats;
    stats->output_received = c->audio.received;
    stats->output_played = c->audio.played;
    stats->output_discarded = c->audio.discarded;
    stats->output_queued = parley_output_audio_queued(&c->audio);
    stats->outbox_peak = c->outbox.peak;
}

const struct parley_error *parley_error(const struct parley_conversation *c)
{
    return &c->error;
}
