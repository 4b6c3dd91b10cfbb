/*
 * What a person sees: see screen.h.
 */
#include "core/cli/screen.h"

#include "core/cli/text.h"
#include "platform/clock.h"

#include <stdarg.h>
#include <stdio.h>

enum { DRAW_US = 50 * 1000, TICK_US = 1000 * 1000, INDENT = 2 };

/* How something is painted: what stands before it, its colour, and whether its text has the colour too. */
struct style {
    const char *label, *colour;
    bool whole, wrong; /* wrong: shown even where everything else is not */
};
static const struct style style_you = {"you: ", "\033[36m", false, false};
static const struct style style_typed = {"you (typed): ", "\033[36m", false, false};
static const struct style style_model = {"parley: ", "\033[32m", false, false};
static const struct style style_agent = {"[agent] ", "\033[33m", false, false};
static const struct style style_note = {"-- ", "\033[2m", true, false};
static const struct style style_plain = {"", "", false, false};
static const struct style style_wrong = {"error: ", "\033[31m", true, true};
static const char colour_off[] = "\033[0m";

void parley_cli_screen_open(struct parley_cli_screen *s, struct parley_cli_output *out, bool live,
                            bool colour)
{
    *s = (struct parley_cli_screen){.out = out, .live = live, .colour = colour, .columns = 80};
    s->stage = "";
    s->dirty = live;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put(struct parley_cli_screen *s, struct parley_view text)
{
    parley_cli_output_put(s->out, text.at, text.len);
}

static void paint(struct parley_cli_screen *s, const char *colour)
{
    if (s->colour)
        put(s, parley_view(colour));
}

/* Takes the rows below away, so that a line can stand in their place. */
static void erase(struct parley_cli_screen *s)
{
    char up[40];

    if (s->rows == 0)
        return;
    if (s->rows > 1)
        snprintf(up, sizeof up, "\r\033[%zuA\033[J", s->rows - 1);
    else
        snprintf(up, sizeof up, "\r\033[J");
    put(s, parley_view(up));
    s->rows = s->picture_len = 0;
}

/* A text on as many rows as it needs; the first has `used` columns already. */
static void put_wrapped(struct parley_cli_screen *s, struct parley_view text, size_t used)
{
    size_t columns = s->columns > 2 * INDENT ? s->columns : 2 * INDENT;

    for (;;) {
        struct parley_view row = parley_cli_text_line(text, columns > used ? columns - used : 1);

        put(s, row);
        text = parley_view_skip(text, row.len);
        while (text.len > 0 && text.at[0] == ' ')
            text = parley_view_skip(text, 1);
        if (text.len == 0)
            return;
        put(s, parley_view("\n  "));
        used = INDENT;
    }
}

/* A finished thing. */
static void line(struct parley_cli_screen *s, struct style style, struct parley_view text, const char *after)
{
    size_t len = parley_cli_text_clean(s->clean, sizeof s->clean, parley_view_trim(text));
    struct parley_view clean = parley_view_of(s->clean, len);

    if (s->quiet && !style.wrong)
        return;
    erase(s);
    paint(s, style.colour);
    put(s, parley_view(style.label));
    if (!style.whole)
        paint(s, colour_off);
    if (s->live)
        put_wrapped(s, clean, strlen(style.label));
    else
        put(s, clean);
    put(s, parley_view(after));
    if (style.whole)
        paint(s, colour_off);
    put(s, parley_view("\n"));
    s->dirty = s->live;
}

static void note(struct parley_cli_screen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct parley_cli_screen *s, const char *format, ...)
{
    char text[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    line(s, style_note, parley_view(text), " --");
}

void parley_cli_screen_note(struct parley_cli_screen *s, const char *text)
{
    line(s, style_note, parley_view(text), " --");
}

void parley_cli_screen_wrong(struct parley_cli_screen *s, const char *text)
{
    line(s, style_wrong, parley_view(text), "");
}

/* ---- texts that grow ------------------------------------------------------------------------- */

static void grow(struct parley_cli_partial *partial, struct parley_view more)
{
    size_t room = sizeof partial->text;

    if (more.len == 0)
        return;
    if (more.len > room)
        more = parley_view_skip(more, more.len - room);
    if (more.len > room - partial->len) { /* the end is what people look at */
        size_t gone = partial->len + more.len - room;

        memmove(partial->text, partial->text + gone, partial->len - gone);
        partial->len -= gone;
    }
    memcpy(partial->text + partial->len, more.at, more.len);
    partial->len += more.len;
}

static struct parley_view grown(const struct parley_cli_partial *partial)
{
    return parley_view_of(partial->text, partial->len);
}

/* A reply that goes on although it was cut has not been heard; its words would mislead. */
static bool is_cut(const struct parley_cli_screen *s, struct parley_view item)
{
    return item.len > 0 && parley_id_is(&s->cut_item, item);
}

/* What the model has said of a reply that will say no more. */
static void finish_partial_reply(struct parley_cli_screen *s)
{
    if (s->reply.len > 0)
        line(s, style_model, grown(&s->reply), " ...");
    s->reply.len = 0;
}

static void reply_delta(struct parley_cli_screen *s, const struct parley_event *event)
{
    if (is_cut(s, event->item_id))
        return;
    if (!parley_id_is(&s->reply_item, event->item_id))
        finish_partial_reply(s);
    parley_id_set(&s->reply_item, event->item_id);
    grow(&s->reply, event->text);
}

static void reply_done(struct parley_cli_screen *s, const struct parley_event *event)
{
    if (is_cut(s, event->item_id))
        return;
    s->reply.len = 0;
    if (event->text.len > 0)
        line(s, style_model, event->text, "");
}

static void interrupted(struct parley_cli_screen *s, const struct parley_event *event)
{
    if (parley_id_is(&s->reply_item, event->item_id)) {
        finish_partial_reply(s);
        parley_id_set(&s->cut_item, event->item_id);
    }
    note(s, "interrupted after %u.%u s", event->heard_ms / 1000, event->heard_ms % 1000 / 100);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* For "%.*s": the first bytes of a text that may be absent. */
#define SHOWN(view, most) (int)((view).len < (most) ? (view).len : (most)), (view).len > 0 ? (view).at : ""

static void stage(struct parley_cli_screen *s, const struct parley_event *event)
{
    static const char *const stages[] = {"resolve", "connect", "tls", "upgrade", "open"};

    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        if (!parley_view_is(event->text, stages[i]))
            continue; /* closing is told by the event of its own */
        s->stage = stages[i];
        if (!s->live)
            note(s, "link: %s", stages[i]);
    }
}

static void error(struct parley_cli_screen *s, const struct parley_event *event)
{
    char text[400];
    bool coded = event->code.len > 0;

    if (event->fatal)
        return; /* whoever ends the program says it, once */
    snprintf(text, sizeof text, "%.*s%s%.*s%s", SHOWN(event->text, 300), coded ? " (" : "",
             SHOWN(event->code, 60), coded ? ")" : "");
    parley_cli_screen_wrong(s, text);
}

static void response_done(struct parley_cli_screen *s, const struct parley_event *event)
{
    char text[300];

    if (!parley_view_is(event->status_text, "failed") && !parley_view_is(event->status_text, "incomplete"))
        return;
    snprintf(text, sizeof text, "the reply is %.*s%s%.*s", SHOWN(event->status_text, 20),
             event->text.len > 0 ? ": " : "", SHOWN(event->text, 200));
    parley_cli_screen_wrong(s, text);
}

static void handoff(struct parley_cli_screen *s, const struct parley_event *event)
{
    struct style style = style_agent;

    style.label = event->steering ? "[agent] also asked: " : "[agent] asked: ";
    line(s, style, event->text, "");
}

/* The answer as it came, to be given to a peer connection; unless it is told elsewhere. */
static void answer(struct parley_cli_screen *s, const struct parley_event *event)
{
    struct parley_view rest = event->text;

    note(s, "call %.*s is created%s", SHOWN(event->call_id, 128), rest.len > 0 ? "; the answer:" : "");
    while (rest.len > 0) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t len = end != NULL ? (size_t)(end - rest.at) : rest.len;

        line(s, style_plain, parley_view_of(rest.at, len), "");
        rest = parley_view_skip(rest, len + 1);
    }
}

/* What was under way is over, and nothing else will say so. */
static void reconnecting(struct parley_cli_screen *s, const struct parley_event *event)
{
    finish_partial_reply(s);
    s->user.len = 0;
    s->speaking = false;
    s->stage = "again";
    note(s, "%.*s; connecting again in %u.%u s (attempt %u)", SHOWN(event->text, 300), event->wait_ms / 1000,
         event->wait_ms % 1000 / 100, event->attempt);
}

static void reconnected(struct parley_cli_screen *s, const struct parley_event *event)
{
    bool missing = !event->state_restored;

    s->stage = NULL;
    note(s, "connected again after %u.%u s%s%.*s", (unsigned)(event->gap_ms / 1000),
         (unsigned)(event->gap_ms % 1000 / 100), missing ? "; lost: " : "", SHOWN(event->text, 200));
}

static void started(struct parley_cli_screen *s, const struct parley_event *event)
{
    (void)event;
    s->stage = NULL;
    note(s, "the conversation has started");
}

static void closed(struct parley_cli_screen *s, const struct parley_event *event)
{
    finish_partial_reply(s);
    note(s, "closed: %s", parley_closed_name(event->closed));
}

static void speech(struct parley_cli_screen *s, const struct parley_event *event)
{
    s->speaking = event->kind == PARLEY_EVENT_SPEECH_STARTED;
}

static void user_delta(struct parley_cli_screen *s, const struct parley_event *event)
{
    grow(&s->user, event->text);
}

static void user_done(struct parley_cli_screen *s, const struct parley_event *event)
{
    s->user.len = 0;
    line(s, style_you, event->text, "");
}

static void silence(struct parley_cli_screen *s, const struct parley_event *event)
{
    (void)event;
    note(s, "the model chose to say nothing");
}

static void shed(struct parley_cli_screen *s, const struct parley_event *event)
{
    note(s, "%zu ms of your speech were dropped: the link is too slow",
         event->samples * 1000 / PARLEY_SAMPLE_RATE);
}

static void skipped(struct parley_cli_screen *s, const struct parley_event *event)
{
    note(s, "left out: %.*s", SHOWN(event->text, 300));
}

/* Of the kinds without a row there is nothing to see. */
static void (*const shown[])(struct parley_cli_screen *s, const struct parley_event *event) = {
    [PARLEY_EVENT_LINK] = stage,
    [PARLEY_EVENT_STARTED] = started,
    [PARLEY_EVENT_SDP] = answer,
    [PARLEY_EVENT_SPEECH_STARTED] = speech,
    [PARLEY_EVENT_SPEECH_STOPPED] = speech,
    [PARLEY_EVENT_USER_DELTA] = user_delta,
    [PARLEY_EVENT_USER_DONE] = user_done,
    [PARLEY_EVENT_REPLY_DELTA] = reply_delta,
    [PARLEY_EVENT_REPLY_DONE] = reply_done,
    [PARLEY_EVENT_RESPONSE_DONE] = response_done,
    [PARLEY_EVENT_HANDOFF] = handoff,
    [PARLEY_EVENT_SILENCE] = silence,
    [PARLEY_EVENT_INTERRUPTED] = interrupted,
    [PARLEY_EVENT_RECONNECTING] = reconnecting,
    [PARLEY_EVENT_RECONNECTED] = reconnected,
    [PARLEY_EVENT_SHED] = shed,
    [PARLEY_EVENT_SKIPPED] = skipped,
    [PARLEY_EVENT_ERROR] = error,
    [PARLEY_EVENT_CLOSED] = closed,
};

void parley_cli_screen_event(struct parley_cli_screen *s, const struct parley_event *event)
{
    s->dirty = s->live;
    if ((size_t)event->kind < sizeof shown / sizeof shown[0] && shown[event->kind] != NULL)
        shown[event->kind](s, event);
}

void parley_cli_screen_agent(struct parley_cli_screen *s, enum parley_cli_agent_news news,
                             struct parley_view text, uint64_t now_us)
{
    char took[60];

    switch (news) {
    case PARLEY_CLI_AGENT_STARTED:
        if (!s->agent)
            s->agent_since_us = now_us;
        s->agent = true;
        break;
    case PARLEY_CLI_AGENT_SAID:
    case PARLEY_CLI_AGENT_FAILED:
        line(s, style_agent, text, "");
        break;
    case PARLEY_CLI_AGENT_LOST:
        line(s, (struct style){"[agent] a message was left out: ", style_agent.colour, false, false}, text,
             "");
        break;
    case PARLEY_CLI_AGENT_DROPPED:
        s->agent = false;
        line(s, (struct style){"[agent] stopped: ", style_agent.colour, false, false}, text, "");
        break;
    case PARLEY_CLI_AGENT_DONE:
        if (s->agent) {
            snprintf(took, sizeof took, "finished after %.1f s", (double)(now_us - s->agent_since_us) / 1e6);
            line(s, style_agent, parley_view(took), "");
        }
        s->agent = false;
        break;
    }
    s->dirty = s->live;
}

void parley_cli_screen_typed(struct parley_cli_screen *s, struct parley_view text)
{
    line(s, style_typed, text, "");
}

void parley_cli_screen_typing(struct parley_cli_screen *s, struct parley_view text)
{
    if (parley_view_equal(grown(&s->typed), text))
        return;
    s->typed.len = 0;
    grow(&s->typed, text);
    s->dirty = s->live;
}

void parley_cli_screen_playing(struct parley_cli_screen *s, bool playing)
{
    s->dirty = s->dirty || (s->live && s->playing != playing);
    s->playing = playing;
}

/* ---- the rows below -------------------------------------------------------------------------- */

struct picture {
    char text[PARLEY_CLI_SCREEN_PICTURE];
    size_t len, rows;
};

static void add(struct picture *p, struct parley_view text)
{
    if (text.len > sizeof p->text - p->len)
        return;
    memcpy(p->text + p->len, text.at, text.len);
    p->len += text.len;
}

/* A row: a label, and as much of the end of a text as fits beside it. */
static void add_row(struct picture *p, struct parley_cli_screen *s, struct style style,
                    struct parley_view text)
{
    size_t width = s->columns > 1 ? s->columns - 1 : 1; /* the last column would wrap on some terminals */
    size_t label = parley_cli_text_width(parley_view(style.label));
    size_t len = parley_cli_text_clean(s->clean, sizeof s->clean, text);
    bool fits = label < width;

    if (p->rows++ > 0)
        add(p, parley_view("\n"));
    if (s->colour)
        add(p, parley_view(style.colour));
    if (fits)
        add(p, parley_view(style.label));
    if (s->colour && !style.whole)
        add(p, parley_view(colour_off));
    add(p, parley_cli_text_tail(parley_view_of(s->clean, len), fits ? width - label : width));
    if (s->colour && style.whole)
        add(p, parley_view(colour_off));
}

static void add_status(struct picture *p, struct parley_cli_screen *s, uint64_t now_us)
{
    char text[120];
    const char *doing = s->speaking                      ? "you speak"
                        : s->playing || s->reply.len > 0 ? "parley speaks"
                                                         : "listening";
    unsigned seconds = (unsigned)((now_us - s->agent_since_us) / 1000000);

    if (s->stage != NULL)
        snprintf(text, sizeof text, "connecting %s", s->stage);
    else if (s->agent)
        snprintf(text, sizeof text, "%s, the agent works (%u s)", doing, seconds);
    else
        snprintf(text, sizeof text, "%s", doing);
    add_row(p, s, (struct style){"", style_note.colour, true, false}, parley_view(text));
}

static void compose(struct picture *p, struct parley_cli_screen *s, uint64_t now_us)
{
    p->len = p->rows = 0;
    if (s->speaking || s->user.len > 0)
        add_row(p, s, style_you, s->user.len > 0 ? grown(&s->user) : parley_view("..."));
    if (s->reply.len > 0)
        add_row(p, s, style_model, grown(&s->reply));
    add_status(p, s, now_us);
    if (s->prompts)
        add_row(p, s, (struct style){"> ", style_you.colour, false, false}, grown(&s->typed));
}

void parley_cli_screen_draw(struct parley_cli_screen *s, uint64_t now_us)
{
    struct picture picture;

    if (!s->live || s->quiet || now_us < parley_cli_screen_deadline_us(s))
        return;
    s->drawn_us = now_us;
    if (parley_cli_output_room(s->out) < PARLEY_CLI_SCREEN_ROOM)
        return; /* a slow terminal gets the lines, and the picture when there is time */
    s->dirty = false;
    compose(&picture, s, now_us);
    if (picture.len == s->picture_len && memcmp(picture.text, s->picture, picture.len) == 0)
        return;
    erase(s);
    put(s, parley_view_of(picture.text, picture.len));
    memcpy(s->picture, picture.text, picture.len);
    s->picture_len = picture.len;
    s->rows = picture.rows;
}

uint64_t parley_cli_screen_deadline_us(const struct parley_cli_screen *s)
{
    if (!s->live || s->quiet || !(s->dirty || s->agent))
        return PARLEY_NEVER;
    return parley_clock_add(s->drawn_us, s->dirty ? DRAW_US : TICK_US);
}

void parley_cli_screen_close(struct parley_cli_screen *s)
{
    erase(s);
    s->live = false;
}
