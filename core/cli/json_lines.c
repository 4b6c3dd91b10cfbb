/*
 * Events as JSON lines: see json_lines.h.
 */
#include "core/cli/json_lines.h"

static void raw(struct parley_render *r, const char *text)
{
    parley_render_raw(r, parley_view(text));
}

static void name(struct parley_render *r, const char *name)
{
    raw(r, ",\"");
    raw(r, name);
    raw(r, "\":");
}

static void text(struct parley_render *r, const char *member, struct parley_view value)
{
    if (value.at == NULL)
        return;
    name(r, member);
    raw(r, "\"");
    parley_render_json(r, value);
    raw(r, "\"");
}

static void word(struct parley_render *r, const char *member, const char *value)
{
    text(r, member, parley_view(value));
}

static void number(struct parley_render *r, const char *member, uint64_t value)
{
    name(r, member);
    parley_render_number(r, value);
}

static void flag(struct parley_render *r, const char *member, bool value)
{
    name(r, member);
    raw(r, value ? "true" : "false");
}

/* JSON as it came, on one line: line breaks can stand between its tokens only. */
static void json(struct parley_render *r, const char *member, struct parley_view value)
{
    if (value.at == NULL)
        return;
    name(r, member);
    while (value.len > 0) {
        size_t len = 0;

        while (len < value.len && value.at[len] != '\n' && value.at[len] != '\r')
            len++;
        parley_render_raw(r, parley_view_of(value.at, len));
        value = parley_view_skip(value, len + 1);
    }
}

static void begin(struct parley_render *r, const char *event, uint64_t at_us)
{
    raw(r, "{\"event\":\"");
    raw(r, event);
    raw(r, "\"");
    number(r, "at_ms", at_us / 1000);
}

/* The members that are numbers and words: which ones mean something depends on the kind. */
static void members(struct parley_render *r, const struct parley_event *e)
{
    switch (e->kind) {
    case PARLEY_EVENT_AUDIO:
        number(r, "samples", e->samples);
        number(r, "sample_rate", e->sample_rate);
        number(r, "channels", e->channels);
        flag(r, "late", e->late);
        break;
    case PARLEY_EVENT_HANDOFF:
        flag(r, "steering", e->steering);
        number(r, "dropped", e->dropped);
        break;
    case PARLEY_EVENT_INTERRUPTED:
        word(r, "reason", parley_reason_name(e->reason));
        number(r, "heard_ms", e->heard_ms);
        break;
    case PARLEY_EVENT_PLAYED:
        number(r, "heard_ms", e->heard_ms);
        break;
    case PARLEY_EVENT_RECONNECTING:
        word(r, "problem", parley_status_name(e->status));
        number(r, "attempt", e->attempt);
        number(r, "wait_ms", e->wait_ms);
        break;
    case PARLEY_EVENT_RECONNECTED:
        number(r, "gap_ms", e->gap_ms);
        flag(r, "state_restored", e->state_restored);
        break;
    case PARLEY_EVENT_SHED:
        number(r, "samples", e->samples);
        break;
    case PARLEY_EVENT_SKIPPED:
        word(r, "problem", parley_status_name(e->status));
        break;
    case PARLEY_EVENT_ERROR:
        word(r, "problem", parley_status_name(e->status));
        flag(r, "fatal", e->fatal);
        break;
    case PARLEY_EVENT_CLOSED:
        word(r, "reason", parley_closed_name(e->closed));
        word(r, "problem", e->status != PARLEY_OK ? parley_status_name(e->status) : NULL);
        break;
    default: /* texts say it all */
        break;
    }
}

void parley_cli_json_event(struct parley_render *r, const struct parley_event *e, uint64_t start_us)
{
    size_t used = r->used;
    uint64_t at_us = e->at_us > start_us ? e->at_us - start_us : 0;

    begin(r, parley_event_name(e->kind), at_us);
    text(r, "session_id", e->session_id);
    text(r, "item_id", e->item_id);
    text(r, "response_id", e->response_id);
    text(r, "handoff_id", e->handoff_id);
    text(r, "call_id", e->call_id);
    text(r, "event_id", e->event_id);
    text(r, "status", e->status_text);
    text(r, "code", e->code);
    members(r, e);
    text(r, "text", e->text);
    text(r, "delegation", e->delegation);
    json(r, "json", e->json);
    raw(r, "}\n");
    if (!r->overflow || r->at == NULL)
        return;
    r->overflow = false;
    r->used = used;
    begin(r, parley_event_name(e->kind), at_us);
    flag(r, "too_long", true);
    raw(r, "}\n");
}

void parley_cli_json_own(struct parley_render *r, const char *event, uint64_t at_us, const char *what,
                         struct parley_view said)
{
    begin(r, event, at_us);
    word(r, "what", what);
    text(r, "text", said);
    raw(r, "}\n");
}
