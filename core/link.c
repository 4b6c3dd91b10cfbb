/*
 * The driver's other half: how a link begins, ends and is followed by another. Whether and when one follows
 * is up to reconnect.c, what its session is given again to restore.c.
 */
#include "core/restore.h"
#include "core/session.h"
#include "parser/utf8.h"
#include "platform/random.h"
#include <stdio.h>

enum { CLOSE_NORMAL = 1000 };

static void say_close(struct parley_conversation *c)
{
    PARLEY_RECORD(c, number, "close", CLOSE_NORMAL);
    parley_transport_close(c->transport, CLOSE_NORMAL);
}

static void drop(struct parley_conversation *c, enum parley_life life)
{
    parley_transport_drop(c->transport);
    c->transport = NULL;
    c->life = life;
}

/* ---- the end ----------------------------------------------------------------------------------- */

/* The reference drops the connection, for the service an end without a reason (1006); here it is told one. */
void parley_end(struct parley_conversation *c, enum parley_closed closed)
{
    if (c->life >= PARLEY_LIFE_CLOSING)
        return;
    parley_flush(c);
    c->opening = parley_view(NULL);
    c->closed = closed;
    if (c->life < PARLEY_LIFE_LIVE) {
        drop(c, PARLEY_LIFE_CLOSED);
        return;
    }
    c->life = PARLEY_LIFE_CLOSING;
    parley_outbox_clear(&c->outbox);
    say_close(c);
}

void parley_stop(struct parley_conversation *c)
{
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "stop"});
    parley_end(c, PARLEY_CLOSED_REQUESTED);
}

/* ---- another one --------------------------------------------------------------------------------- */

static struct parley_lost lost(const struct parley_conversation *c, int status)
{
    struct parley_lost why = {.status = status, .expired = c->expired};

    if (c->transport == NULL)
        return why;
    why.close_code = parley_transport_close_code(c->transport);
    why.http_status = c->facts->http_status != 0 ? c->facts->http_status : c->facts->proxy_status;
    return why;
}

/* A number without a pattern; without one of the system there is only less of a spread. */
static uint32_t chance(struct parley_conversation *c)
{
    uint32_t fresh;
    int64_t number;

    parley_random(&fresh, sizeof fresh);
    number = fresh;
    PARLEY_RECORD(c, draw, "chance", &number);
    return (uint32_t)number;
}

/* Everything in flight is settled first, so that a host that acts on the event finds things as they are. */
static void wait_for_next(struct parley_conversation *c, int status)
{
    drop(c, PARLEY_LIFE_WAITING);
    if (c->reconnection.was_up)
        parley_restore_settle(c);
    if (c->webrtc.state == PARLEY_WEBRTC_CREATING) {
        parley_inbox_release(&c->inbox); /* part of an answer */
        parley_webrtc_again(&c->webrtc);
    }
    c->expired = false;
    parley_log_line(&c->log, PARLEY_LOG_INFO, "link: lost (%s), attempt %u in %u ms", c->lost_why,
                    (unsigned)c->reconnection.attempts, (unsigned)c->reconnection.wait_ms);
    parley_notice(c, (struct parley_notice){.kind = PARLEY_EVENT_RECONNECTING,
                                            .attempt = c->reconnection.attempts,
                                            .wait_ms = c->reconnection.wait_ms,
                                            .status = status,
                                            .text = c->lost_why});
}

/* Reference 4.6, 9.2: what a call that failed with 5xx is told as. */
static const char overloaded[] = "the service is currently experiencing high demand: ";

static bool is_overloaded(const struct parley_conversation *c, int status)
{
    return c->webrtc.state == PARLEY_WEBRTC_CREATING && status == PARLEY_ERR_REFUSED &&
           c->facts->http_status >= 500;
}

/* The link is gone for this reason. */
static void end_or_wait(struct parley_conversation *c, int status, struct parley_view words)
{
    const struct parley_lost why = lost(c, status);
    bool draws = c->reconnection.limits.on || c->webrtc.state != PARLEY_WEBRTC_NONE;
    const char *label = is_overloaded(c, status) ? overloaded : "";

    words = parley_utf8_cut(words, sizeof c->lost_why - 1 - strlen(label));
    snprintf(c->lost_why, sizeof c->lost_why, "%s%.*s", label, (int)words.len, words.len > 0 ? words.at : "");
    if (parley_reconnection_lost(&c->reconnection, &why, c->now_us, draws ? chance(c) : 0)) {
        wait_for_next(c, status);
        return;
    }
    parley_error_set(&c->error, status, "%s", c->lost_why);
    c->closed = status == PARLEY_ERR_PEER_CLOSED ? PARLEY_CLOSED_TRANSPORT : PARLEY_CLOSED_ERROR;
    drop(c, PARLEY_LIFE_CLOSED);
}

void parley_link_ended(struct parley_conversation *c, int status)
{
    if (c->life >= PARLEY_LIFE_CLOSING)
        drop(c, PARLEY_LIFE_CLOSED);
    else
        end_or_wait(c, status, parley_transport_reason(c->transport));
}

bool parley_link_again(struct parley_conversation *c)
{
    struct parley_arena arena = c->link_arena;
    char why[PARLEY_TRANSPORT_REASON] = "";
    bool creates = c->webrtc.state == PARLEY_WEBRTC_CREATING;
    int status;

    /* The host has to know of the last attempt before there is another: its text stands in one place. And of
       the answer before the call is joined, however that goes. */
    if (c->now_us < c->reconnection.retry_us || parley_has_notice(c) || c->webrtc.answer_waits)
        return false;
    status = parley_transport_open(&c->transport, &arena, creates ? c->webrtc.to : c->endpoint, why);
    PARLEY_RECORD(c, opened, status, why);
    if (status < 0) {
        end_or_wait(c, status, parley_view(why));
        return false;
    }
    c->facts = parley_transport_facts(c->transport);
    c->life = PARLEY_LIFE_OPENING;
    return true;
}

static void tell_started(struct parley_conversation *c)
{
    c->started = true;
    parley_notice(c, (struct parley_notice){.kind = PARLEY_EVENT_STARTED});
}

/* What the link needed of the workspace while it came up is done with; what has been written to it is wiped
   at the end. */
static void write_opening(struct parley_conversation *c)
{
    struct parley_render r = parley_render(c->workspace, c->opening_bytes);

    if (c->opening_bytes > 0)
        parley_session_render(&r, &c->session);
    c->opening = parley_rendered(&r);
}

void parley_link_up(struct parley_conversation *c)
{
    bool again = c->reconnection.was_up;

    c->life = PARLEY_LIFE_LIVE;
    write_opening(c);
    parley_reconnection_up(&c->reconnection, c->now_us);
    if (again)
        parley_restore_begin(c);
    else if (!c->started)
        tell_started(c);
}

void parley_link_answered(struct parley_conversation *c)
{
    const char *why;
    int status = parley_webrtc_answered(&c->webrtc, &c->inbox, c->facts, &why);

    if (status < 0) {
        end_or_wait(c, status, parley_view(why));
        return;
    }
    parley_endpoint_join(c->endpoint, parley_view(c->webrtc.id));
    drop(c, PARLEY_LIFE_WAITING);
    parley_reconnection_aim(&c->reconnection, PARLEY_AIM_JOIN, c->now_us);
    parley_log_line(&c->log, PARLEY_LOG_INFO, "link: the call is created");
    tell_started(c);
}

/* ---- before a session ends ----------------------------------------------------------------------- */

/* Nobody speaks, nobody is about to, nothing is on its way: nothing would be cut by another session. */
static bool is_quiet(const struct parley_conversation *c)
{
    bool unheard = c->audio.host_reads && parley_output_audio_queued(&c->audio) > 0;

    return c->responses.state == PARLEY_RESPONSE_NONE && !c->reply_owed && !unheard &&
           !parley_speech_is_open(&c->speech) && c->handoff.active.len == 0 && !c->restore.active &&
           c->opening.len == 0 && c->audio_rest.len == 0 && parley_outbox_first(&c->outbox).len == 0 &&
           c->inbox.state == PARLEY_INBOX_FILLING && c->inbox.total == 0 && !parley_has_notice(c) &&
           parley_output_audio_deadline(&c->audio) == PARLEY_NEVER;
}

/* In good order towards the service, but without waiting for its answer. */
static void say_goodbye(struct parley_conversation *c)
{
    say_close(c);
    parley_transport_work(c->transport, c->now_us);
}

void parley_link_renew(struct parley_conversation *c)
{
    if (c->life != PARLEY_LIFE_LIVE)
        return;
    if (c->expired) {
        say_goodbye(c);
        end_or_wait(c, PARLEY_ERR_SERVICE, parley_view("the session has expired"));
    } else if (parley_reconnection_is_due(&c->reconnection, is_quiet(c), c->now_us)) {
        say_goodbye(c);
        parley_reconnection_renew(&c->reconnection, c->now_us);
        snprintf(c->lost_why, sizeof c->lost_why, "the session is about to expire");
        wait_for_next(c, PARLEY_OK);
    }
}

uint64_t parley_link_deadline(const struct parley_conversation *c)
{
    if (c->life != PARLEY_LIFE_WAITING && c->life != PARLEY_LIFE_LIVE)
        return PARLEY_NEVER;
    return parley_reconnection_deadline(&c->reconnection, c->life == PARLEY_LIFE_LIVE && is_quiet(c));
}
