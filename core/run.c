/*
 * The driver, with link.c the only file that knows the transport at work and, in parley_run_once, the
 * platform's clock. Everything is built from public calls, so a host with a loop of its own does without
 * parley_run_once.
 */
#include "core/restore.h"
#include "core/session.h"

/* Audio given to the link and not yet on the network, in bytes of messages: 200 ms. More would only be late,
   and what the conversation has to say would stand behind it. */
enum { AUDIO_IN_FLIGHT_BYTES = 13000 };

/* How soon the link is looked after again that has more for us while session.update is not out. */
enum { OPENING_WAIT_US = 10000 };

/* ---- out --------------------------------------------------------------------------------------- */

/* Offers a message to the link. Returns true when all of it is taken; *rest is what is not. */
static bool offer(struct parley_conversation *c, struct parley_view *rest)
{
    while (rest->len > 0) {
        long taken = parley_transport_send(c->transport, *rest);
        if (taken < 0 && rest == &c->opening)
            *rest = parley_view(NULL); /* it stands where what can still be read comes in */
        if (taken <= 0)
            return false;
        PARLEY_RECORD(c, sent, *rest, (size_t)taken, rest == &c->audio_rest);
        *rest = parley_view_skip(*rest, (size_t)taken);
        c->stats.bytes_out += (uint64_t)taken;
        if (rest->len == 0)
            c->stats.messages_out++;
    }
    return true;
}

/* Sends the first message that waits. Returns false when the link does not take all of it. */
static bool flush_message(struct parley_conversation *c)
{
    struct parley_view first = parley_outbox_first(&c->outbox);
    size_t whole = first.len;
    bool out = offer(c, &first);

    if (whole > 0)
        parley_outbox_took(&c->outbox, whole - first.len);
    return out;
}

/* Sends those of the host whose turn it is, and what stands before them. */
static bool flush_turns(struct parley_conversation *c)
{
    while (c->restore.turns > 0) {
        size_t before = parley_outbox_count(&c->outbox, PARLEY_OUTBOX_HOST);

        if (!flush_message(c))
            return false;
        if (before == 0 || parley_outbox_count(&c->outbox, PARLEY_OUTBOX_HOST) < before)
            c->restore.turns--;
    }
    return true;
}

/* What went before, for a session that takes the place of another; what waits has its place among it. */
static bool flush_restore(struct parley_conversation *c)
{
    do
        if (!offer(c, &c->restore.rest) || !flush_turns(c))
            return false;
    while (parley_restore_next(c));
    return true;
}

static bool flush_messages(struct parley_conversation *c)
{
    while (parley_outbox_first(&c->outbox).len > 0)
        if (!flush_message(c))
            return false;
    return true;
}

/* True while the network has not taken what it was given last. */
static bool is_congested(struct parley_conversation *c)
{
    size_t pending = parley_transport_pending(c->transport);

    if (pending < AUDIO_IN_FLIGHT_BYTES)
        return false;
    PARLEY_RECORD(c, number, "busy", (int64_t)pending);
    return true;
}

static void flush_audio(struct parley_conversation *c)
{
    char pcm[PARLEY_OUTBOX_CHUNK];

    while (c->outbox.audio_bytes > 0 && !is_congested(c)) {
        size_t bytes = parley_outbox_take_audio(&c->outbox, pcm);
        struct parley_slot slots[] = {{.name = "audio", .text = {pcm, bytes}}, {.name = NULL}};
        struct parley_render r = parley_render(c->audio_message, c->audio_message_size);

        if (bytes == 0)
            return;
        parley_outbox_forget_audio(&c->outbox,
                                   parley_speech_needed(&c->speech, c->outbox.audio_taken, c->now_us));
        parley_render_template(&r, c->dialect->audio_append, slots);
        c->audio_rest = parley_rendered(&r);
        if (!offer(c, &c->audio_rest))
            return;
    }
}

void parley_flush(struct parley_conversation *c)
{
    if (c->life == PARLEY_LIFE_OPENING && c->webrtc.state == PARLEY_WEBRTC_CREATING)
        offer(c, &c->webrtc.rest);
    if (c->life != PARLEY_LIFE_LIVE)
        return;
    /* A message once begun is finished before any other; then session.update, what the session has to know,
       and messages before audio. */
    if (offer(c, &c->audio_rest) && offer(c, &c->opening) && flush_restore(c) && flush_messages(c))
        flush_audio(c);
}

/* ---- in ---------------------------------------------------------------------------------------- */

/* Puts fragments together until a message is whole. Returns < 0 when the link has ended and nothing is left
 * of it. */
static int fill_inbox(struct parley_conversation *c)
{
    struct parley_fragment fragment;
    int got = 0;

    while (c->inbox.state == PARLEY_INBOX_FILLING) {
        got = parley_transport_recv(c->transport, &fragment);
        if (got < 0)
            PARLEY_RECORD(c, lost, c->transport, got);
        if (got <= 0)
            return got;
        parley_inbox_add(&c->inbox, &fragment);
        PARLEY_RECORD(c, fragment, &fragment, &c->inbox,
                      parley_view(c->webrtc.state == PARLEY_WEBRTC_CREATING ? c->facts->call_id : NULL));
        c->stats.bytes_in += fragment.bytes.len;
        if (fragment.last)
            c->stats.messages_in++;
        if (c->inbox.len > c->stats.inbox_peak)
            c->stats.inbox_peak = c->inbox.len;
        if (c->life >= PARLEY_LIFE_CLOSING && c->inbox.state != PARLEY_INBOX_FILLING)
            parley_inbox_release(&c->inbox); /* nobody wants it any more */
    }
    return 1;
}

/* The host is done with the message of the last event, or nobody wants it any more. */
static void release_message(struct parley_conversation *c)
{
    if (!c->release && c->life < PARLEY_LIFE_CLOSING)
        return;
    c->release = false;
    c->webrtc.answer_waits = false;
    c->handoff_lines = 0;
    if (c->inbox.state == PARLEY_INBOX_FILLING)
        return;
    parley_inbox_release(&c->inbox);
    if (c->transport != NULL)
        parley_transport_release(c->transport);
}

/* Takes what has arrived, and the news that no more will; but not while session.update, which goes out first,
   stands where messages come in. */
static void pull(struct parley_conversation *c)
{
    int got = c->transport != NULL && c->opening.len == 0 ? fill_inbox(c) : 0;

    if (got < 0)
        parley_link_ended(c, got);
    else if (got > 0 && c->webrtc.state == PARLEY_WEBRTC_CREATING && c->life == PARLEY_LIFE_OPENING)
        parley_link_answered(c);
}

/* A message may take effect only while whatever it makes us say and tell is sure to fit. */
static bool can_take_message(const struct parley_conversation *c)
{
    return c->inbox.state != PARLEY_INBOX_FILLING && c->life == PARLEY_LIFE_LIVE && !c->webrtc.answer_waits &&
           parley_outbox_has_reserve(&c->outbox) && parley_notices_room(c) &&
           (!c->wire_held || parley_audio_fits(c));
}

/* ---- service ----------------------------------------------------------------------------------- */

static void tell_stage(struct parley_conversation *c)
{
    const char *stage = parley_transport_stage(c->transport);

    if (stage == c->stage || c->life >= PARLEY_LIFE_CLOSING)
        return;
    c->stage = stage;
    parley_log_line(&c->log, PARLEY_LOG_INFO, "link: %s", stage);
    parley_notice(c, (struct parley_notice){.kind = PARLEY_EVENT_LINK, .text = stage});
}

static void tell_played(struct parley_conversation *c)
{
    struct parley_heard played;

    while (parley_notices_room(c) && parley_output_audio_next_played(&c->audio, c->now_us, &played))
        parley_notice(c, (struct parley_notice){
                             .kind = PARLEY_EVENT_PLAYED, .item = played.item, .heard_ms = played.heard_ms});
}

/* Whatever the link has to do. */
static void work(struct parley_conversation *c)
{
    int up = parley_transport_work(c->transport, c->now_us);

    PARLEY_RECORD(c, work, c->transport, up);
    tell_stage(c);
    if (up == 1 && c->life == PARLEY_LIFE_OPENING && c->webrtc.state != PARLEY_WEBRTC_CREATING)
        parley_link_up(c);
    parley_flush(c);
    if (up < 0)
        c->opening = parley_view(NULL); /* nobody takes it any more */
    if (up < 0 && c->life != PARLEY_LIFE_LIVE)
        parley_link_ended(c, up);
    else
        pull(c); /* a link that broke while it was live may still hold messages */
}

int parley_service(struct parley_conversation *c, uint64_t now_us)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "service", .number_name = "us", .number = now_us});
    if (now_us > c->now_us)
        c->now_us = now_us;
    if (c->life >= PARLEY_LIFE_CLOSED)
        return c->life == PARLEY_LIFE_OVER ? c->error.status : PARLEY_OK;

    release_message(c);
    if (c->life != PARLEY_LIFE_WAITING || parley_link_again(c))
        work(c);
    tell_played(c);
    parley_link_renew(c);
    return PARLEY_OK;
}

/* True also when all is over: then parley_service has the final status to tell. */
static bool has_event(const struct parley_conversation *c)
{
    return parley_has_notice(c) || c->shed > 0 || c->life >= PARLEY_LIFE_CLOSED || c->webrtc.answer_waits ||
           can_take_message(c);
}

size_t parley_interest(const struct parley_conversation *c, struct parley_interest want[PARLEY_INTERESTS])
{
    size_t count = c->transport != NULL ? parley_transport_interest(c->transport, want) : 0;
    uint64_t link_us = parley_link_deadline(c), deadline_us = parley_output_audio_deadline(&c->audio);

    if (link_us < deadline_us)
        deadline_us = link_us;
    if (has_event(c))
        deadline_us = c->now_us;
    if (count == 0)
        want[count++] = (struct parley_interest){.fd = -1, .deadline_us = PARLEY_NEVER};
    /* While a message waits for room, the link's "there is more at once" is no reason to wake: only the host
       can make room, by playing, or the network, by taking what is queued. */
    if (c->inbox.state != PARLEY_INBOX_FILLING && want[0].deadline_us <= c->now_us)
        want[0].deadline_us = PARLEY_NEVER;
    /* Nor while session.update stands where messages come in: the network has to take it first. */
    if (c->opening.len > 0 && want[0].write && want[0].deadline_us <= c->now_us)
        want[0].deadline_us = parley_clock_add(c->now_us, OPENING_WAIT_US);
    if (deadline_us < want[0].deadline_us)
        want[0].deadline_us = deadline_us;
    return count;
}

int parley_run_once(struct parley_conversation *c, uint64_t wait_us)
{
    struct parley_interest want[PARLEY_INTERESTS];
    size_t count = parley_interest(c, want);
    int status = parley_wait(want, count, parley_clock_add(parley_clock_us(), wait_us));

    return status < 0 ? status : parley_service(c, parley_clock_us());
}

/* ---- events ------------------------------------------------------------------------------------ */

static int take_notice(struct parley_conversation *c, struct parley_event *event)
{
    struct parley_notice *notice = &c->notice;

    parley_ring_take(&c->notices, notice, PARLEY_NOTICE_HEAD);
    parley_ring_take(&c->notices, notice->item.text, notice->item.len);
    memset(event, 0, sizeof *event);
    event->kind = notice->kind;
    event->at_us = c->now_us;
    event->text = parley_view(notice->text);
    event->item_id = parley_id_view(&notice->item);
    event->heard_ms = notice->heard_ms;
    event->reason = notice->reason;
    event->attempt = notice->attempt;
    event->wait_ms = notice->wait_ms;
    event->status = notice->status;
    event->gap_ms = notice->gap_ms;
    event->state_restored = notice->restored;
    if (notice->kind == PARLEY_EVENT_STARTED)
        event->session_id = c->session_id;
    return 1;
}

static int take_shed(struct parley_conversation *c, struct parley_event *event)
{
    memset(event, 0, sizeof *event);
    event->kind = PARLEY_EVENT_SHED;
    event->at_us = c->now_us;
    event->samples = (size_t)c->shed;
    c->shed = 0;
    return 1;
}

/* The host has the answer until its next call, and the call may be joined. */
static int take_answer(struct parley_conversation *c, struct parley_event *event)
{
    memset(event, 0, sizeof *event);
    event->kind = PARLEY_EVENT_SDP;
    event->at_us = c->now_us;
    event->text = parley_view_of(c->inbox.at, c->inbox.len);
    event->call_id = parley_view(c->webrtc.id);
    c->webrtc.answer_waits = false;
    c->release = true;
    return 1;
}

/* The last two: why, if there was a reason, and that it is over. */
static int take_end(struct parley_conversation *c, struct parley_event *event)
{
    memset(event, 0, sizeof *event);
    event->at_us = c->now_us;
    if (c->closed == PARLEY_CLOSED_ERROR && !c->error_told) {
        c->error_told = true;
        event->kind = PARLEY_EVENT_ERROR;
        event->fatal = true;
        event->status = c->error.status;
        event->text = parley_view(c->error.text);
        return 1;
    }
    if (c->error.status == PARLEY_OK)
        parley_error_set(&c->error, PARLEY_ERR_CLOSED, "%s", parley_status_text(PARLEY_ERR_CLOSED));
    c->life = PARLEY_LIFE_OVER;
    event->kind = PARLEY_EVENT_CLOSED;
    event->closed = c->closed;
    event->status = c->error.status;
    return 1;
}

/* A message of the service, read just now, may tell when its session ends: as a date, so this is the one
   place where a conversation looks at the calendar. */
static void note_expiry(struct parley_conversation *c)
{
    int64_t unix_s;

    if (c->wire.expires_at_s <= 0 || c->webrtc.state != PARLEY_WEBRTC_NONE)
        return; /* no other session could take the place of a call's */
    unix_s = parley_clock_unix_s();
    PARLEY_RECORD(c, draw, "unix_s", &unix_s);
    parley_reconnection_expires(&c->reconnection, c->wire.expires_at_s - unix_s, c->now_us);
}

static int next_event(struct parley_conversation *c, struct parley_event *event)
{
    if (c->life == PARLEY_LIFE_OVER)
        return c->error.status;
    if (parley_has_notice(c))
        return take_notice(c, event);
    if (c->shed > 0)
        return take_shed(c, event);
    if (c->webrtc.answer_waits)
        return take_answer(c, event);
    while (can_take_message(c)) {
        int got = parley_conversation_message(c, event);
        if (got == 0 && c->wire_held)
            return 0;
        c->release = true;
        if (got == 1 && event->kind == PARLEY_EVENT_SESSION_UPDATED)
            note_expiry(c);
        if (got == 1)
            return 1;
        release_message(c);
        pull(c);
    }
    if (parley_has_notice(c)) /* the link was lost meanwhile */
        return take_notice(c, event);
    return c->life == PARLEY_LIFE_CLOSED ? take_end(c, event) : 0;
}

int parley_next_event(struct parley_conversation *c, struct parley_event *event)
{
    int got;

    PARLEY_RECORD(c, call, &(struct parley_called){.name = "next"});
    release_message(c);
    pull(c);
    got = next_event(c, event);
    if (got > 0) {
        c->stats.events++;
        PARLEY_RECORD(c, event, event);
    }
    parley_flush(c);
    return got;
}
