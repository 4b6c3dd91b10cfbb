/*
 * From the lines of a record to spans and moments: see story.h.
 */
#include "core/cli/story.h"

#include "core/cli/text.h"
#include "core/parley.h"
#include "parser/json.h"
#include "platform/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ITEMS = 32,              /* replies that are remembered at once */
    PAUSE_US = 120 * 1000,   /* in what is heard: shorter ones are none */
    ANSWER_US = 30 * 1000000 /* what is heard later is no answer */
};
static const size_t NONE = SIZE_MAX;

struct item {
    char id[64];
    uint64_t samples; /* received */
    size_t span;      /* in the lane RECEIVED */
    char text[PARLEY_CLI_STORY_TEXT];
    bool done; /* the text is all of it */
};

struct reader {
    struct parley_cli_story *story;
    struct parley_cli_flight_file file;
    bool no_memory;
    uint64_t now_us, delay_us;
    bool reading;                   /* the present call is parley_read_audio */
    size_t open[PARLEY_CLI_LANES];  /* the span that lasts */
    size_t unwritten;               /* the first of the user's spans whose text has not come */
    uint64_t asked_us, answered_us; /* since when a response, and its sound, are waited for */
    struct item items[ITEMS];       /* a ring */
    size_t item_count;
};

/* ---- building ---------------------------------------------------------------------------------- */

static void *grow(void *at, size_t count, size_t *size, size_t each)
{
    void *grown;

    if (count < *size)
        return at;
    *size = *size * 2 + 64;
    grown = realloc(at, *size * each);
    if (grown == NULL)
        *size = count;
    return grown;
}

static void set_text(char out[PARLEY_CLI_STORY_TEXT], struct parley_view text)
{
    out[parley_cli_text_clean(out, PARLEY_CLI_STORY_TEXT - 1, text)] = '\0';
}

static size_t add_span(struct reader *r, enum parley_cli_lane lane, enum parley_cli_tone tone,
                       uint64_t from_us, uint64_t to_us)
{
    struct parley_cli_story *s = r->story;
    void *spans = grow(s->spans, s->span_count, &s->span_size, sizeof *s->spans);

    if (spans == NULL) {
        r->no_memory = true;
        return NONE;
    }
    s->spans = spans;
    s->spans[s->span_count] =
        (struct parley_cli_span){.lane = lane, .tone = tone, .from_us = from_us, .to_us = to_us};
    return s->span_count++;
}

static void add_moment(struct reader *r, enum parley_cli_lane lane, enum parley_cli_mark mark,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
static void add_moment(struct reader *r, enum parley_cli_lane lane, enum parley_cli_mark mark,
                       const char *format, ...)
{
    struct parley_cli_story *s = r->story;
    void *moments = grow(s->moments, s->moment_count, &s->moment_size, sizeof *s->moments);
    struct parley_cli_moment *m;
    char text[PARLEY_CLI_STORY_TEXT];
    va_list values;

    if (moments == NULL) {
        r->no_memory = true;
        return;
    }
    s->moments = moments;
    m = &s->moments[s->moment_count++];
    *m = (struct parley_cli_moment){.lane = lane, .mark = mark, .at_us = r->now_us};
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    set_text(m->text, parley_view_of(text, parley_cli_text_whole(parley_view(text))));
}

static void gap(struct reader *r, enum parley_cli_lane lane, uint64_t from_us, uint64_t to_us)
{
    if (from_us != PARLEY_NEVER && to_us >= from_us + 1000 && to_us - from_us < ANSWER_US)
        add_span(r, lane, PARLEY_CLI_TONE_GAP, from_us, to_us);
}

static struct parley_cli_span *span(struct reader *r, size_t i)
{
    return i < r->story->span_count ? &r->story->spans[i] : NULL;
}

static void end_span(struct reader *r, enum parley_cli_lane lane)
{
    struct parley_cli_span *s = span(r, r->open[lane]);

    if (s != NULL)
        s->to_us = r->now_us;
    r->open[lane] = NONE;
}

static struct parley_cli_span *begin_span(struct reader *r, enum parley_cli_lane lane,
                                          enum parley_cli_tone tone)
{
    end_span(r, lane);
    r->open[lane] = add_span(r, lane, tone, r->now_us, PARLEY_NEVER);
    return span(r, r->open[lane]);
}

/* ---- members ----------------------------------------------------------------------------------- */

static const struct parley_cli_flight_line *line(const struct reader *r)
{
    return &r->file.line;
}

static bool is(const struct reader *r, const char *member, const char *word)
{
    return parley_cli_flight_is(line(r), member, word);
}

static uint64_t amount(const struct reader *r, const char *member)
{
    int64_t number = parley_cli_flight_amount(line(r), member);

    return number > 0 ? (uint64_t)number : 0;
}

static void take_text(const struct parley_cli_flight_line *from, const char *member,
                      char out[PARLEY_CLI_STORY_TEXT])
{
    struct parley_view text = parley_cli_flight_text(from, member);

    set_text(out, text);
    free((char *)(uintptr_t)text.at);
}

/* ---- what is said ------------------------------------------------------------------------------ */

static void on_speech_started(struct reader *r)
{
    size_t before = r->story->span_count;

    begin_span(r, PARLEY_CLI_LANE_USER, PARLEY_CLI_TONE_PLAIN);
    if (r->unwritten == NONE)
        r->unwritten = before;
    r->asked_us = r->answered_us = PARLEY_NEVER;
}

static void on_speech_stopped(struct reader *r)
{
    end_span(r, PARLEY_CLI_LANE_USER);
    r->asked_us = r->answered_us = r->now_us;
}

/* Texts come in the order in which the user spoke. */
static void on_user_done(struct reader *r)
{
    struct parley_cli_story *s = r->story;
    size_t i = r->unwritten;

    if (i == NONE)
        return;
    take_text(line(r), "text", s->spans[i].text);
    for (i++; i < s->span_count && s->spans[i].lane != PARLEY_CLI_LANE_USER;)
        i++;
    r->unwritten = i < s->span_count ? i : NONE;
}

/* ---- replies ----------------------------------------------------------------------------------- */

static struct item *find_item(struct reader *r, bool make)
{
    char id[PARLEY_CLI_STORY_TEXT];
    struct item *item;

    take_text(line(r), "item_id", id);
    id[sizeof item->id - 1] = '\0';
    for (size_t i = r->item_count; i > 0 && i + ITEMS > r->item_count; i--)
        if (strcmp(r->items[(i - 1) % ITEMS].id, id) == 0)
            return &r->items[(i - 1) % ITEMS];
    if (!make)
        return NULL;
    item = &r->items[r->item_count++ % ITEMS];
    *item = (struct item){.span = NONE};
    memcpy(item->id, id, sizeof item->id);
    return item;
}

static void on_audio(struct reader *r)
{
    struct item *item = find_item(r, true);
    struct parley_cli_span *s;

    if (parley_cli_flight_raw(line(r), "late").at != NULL)
        return;
    if (item->span == NONE) {
        gap(r, PARLEY_CLI_LANE_RECEIVED, r->answered_us, r->now_us);
        item->span = add_span(r, PARLEY_CLI_LANE_RECEIVED, PARLEY_CLI_TONE_PLAIN, r->now_us, r->now_us);
    }
    item->samples += amount(r, "samples");
    s = span(r, item->span);
    if (s != NULL)
        s->to_us = r->now_us;
}

static void on_reply_delta(struct reader *r)
{
    struct item *item = find_item(r, true);
    struct parley_view more = parley_cli_flight_text(line(r), "text");
    size_t used = strlen(item->text), room = sizeof item->text - 1 - used;

    if (!item->done && more.len > 0 && more.len <= room) {
        memcpy(item->text + used, more.at, more.len);
        item->text[used + more.len] = '\0';
    }
    free((char *)(uintptr_t)more.at);
}

static void on_reply_done(struct reader *r)
{
    struct item *item = find_item(r, true);

    item->done = true;
    take_text(line(r), "text", item->text);
    if (span(r, item->span) != NULL)
        memcpy(span(r, item->span)->text, item->text, sizeof item->text);
}

static void on_read(struct reader *r, uint64_t samples)
{
    uint64_t from_us = r->now_us + r->delay_us;
    struct parley_cli_span *s = span(r, r->open[PARLEY_CLI_LANE_HEARD]);

    if (s == NULL || from_us > s->to_us + PAUSE_US) {
        gap(r, PARLEY_CLI_LANE_HEARD, r->answered_us, from_us);
        r->open[PARLEY_CLI_LANE_HEARD] =
            add_span(r, PARLEY_CLI_LANE_HEARD, PARLEY_CLI_TONE_PLAIN, from_us, from_us);
        r->answered_us = PARLEY_NEVER;
        s = span(r, r->open[PARLEY_CLI_LANE_HEARD]);
    }
    if (s != NULL)
        s->to_us = (from_us > s->to_us ? from_us : s->to_us) + samples * 1000000 / PARLEY_SAMPLE_RATE;
}

/* What has been heard now was this reply: the span in which it began gets its text. */
static void name_heard(struct reader *r, const struct item *item, uint64_t heard_ms)
{
    struct parley_cli_story *s = r->story;
    uint64_t began_us = r->now_us > heard_ms * 1000 ? r->now_us - heard_ms * 1000 : 0;

    for (size_t i = s->span_count; i > 0; i--) {
        struct parley_cli_span *heard = &s->spans[i - 1];

        if (heard->lane != PARLEY_CLI_LANE_HEARD || heard->tone != PARLEY_CLI_TONE_PLAIN)
            continue;
        if (heard->from_us > began_us + PAUSE_US)
            continue;
        if (heard->text[0] == '\0')
            set_text(heard->text, parley_view_trim(parley_view(item->text)));
        return;
    }
}

static void on_interrupted(struct reader *r)
{
    struct item *item = find_item(r, true);
    uint64_t heard_ms = amount(r, "heard_ms"), received_ms = item->samples * 1000 / PARLEY_SAMPLE_RATE;
    struct parley_cli_span *s = span(r, r->open[PARLEY_CLI_LANE_HEARD]);

    name_heard(r, item, heard_ms);
    if (s != NULL && s->to_us > r->now_us)
        s->to_us = r->now_us > s->from_us ? r->now_us : s->from_us;
    r->open[PARLEY_CLI_LANE_HEARD] = NONE;
    if (received_ms > heard_ms)
        add_span(r, PARLEY_CLI_LANE_HEARD, PARLEY_CLI_TONE_GHOST, r->now_us,
                 r->now_us + (received_ms - heard_ms) * 1000);
    add_moment(r, PARLEY_CLI_LANE_HEARD, PARLEY_CLI_MARK_INTERRUPTED, "cut after %llu ms (%s)",
               (unsigned long long)heard_ms,
               is(r, "reason", "speech") ? "speech"
               : is(r, "reason", "text") ? "text"
                                         : "host");
}

static void on_played(struct reader *r)
{
    const struct item *item = find_item(r, false);

    if (item != NULL)
        name_heard(r, item, amount(r, "heard_ms"));
}

/* ---- responses and agent ----------------------------------------------------------------------- */

static void on_response_created(struct reader *r)
{
    gap(r, PARLEY_CLI_LANE_RESPONSE, r->asked_us, r->now_us);
    r->asked_us = PARLEY_NEVER;
    begin_span(r, PARLEY_CLI_LANE_RESPONSE, PARLEY_CLI_TONE_PLAIN);
}

static void on_response_ended(struct reader *r)
{
    struct parley_cli_span *s = span(r, r->open[PARLEY_CLI_LANE_RESPONSE]);

    if (s != NULL)
        take_text(line(r), "status", s->text);
    if (s != NULL && is(r, "event", "response_cancelled"))
        set_text(s->text, parley_view("cancelled"));
    end_span(r, PARLEY_CLI_LANE_RESPONSE);
}

static void on_handoff(struct reader *r)
{
    bool steering = parley_cli_flight_raw(line(r), "steering").at != NULL;
    char text[PARLEY_CLI_STORY_TEXT];
    struct parley_cli_span *s;

    take_text(line(r), "text", text);
    add_moment(r, PARLEY_CLI_LANE_AGENT, PARLEY_CLI_MARK_HANDOFF, "%s: %.150s",
               steering ? "steering" : "handoff", text);
    if (steering)
        return;
    s = begin_span(r, PARLEY_CLI_LANE_AGENT, PARLEY_CLI_TONE_PLAIN);
    if (s != NULL)
        memcpy(s->text, text, sizeof text);
}

static void on_agent(struct reader *r)
{
    char text[PARLEY_CLI_STORY_TEXT];

    take_text(line(r), "text", text);
    if (is(r, "call", "progress")) {
        add_moment(r, PARLEY_CLI_LANE_AGENT, PARLEY_CLI_MARK_TOLD, "%.180s", text);
        return;
    }
    end_span(r, PARLEY_CLI_LANE_AGENT);
    r->asked_us = r->answered_us = r->now_us;
}

static void on_typed(struct reader *r)
{
    char text[PARLEY_CLI_STORY_TEXT];

    take_text(line(r), "text", text);
    add_moment(r, PARLEY_CLI_LANE_USER, PARLEY_CLI_MARK_TYPED, "typed: %.180s", text);
    r->asked_us = r->answered_us = r->now_us;
}

/* ---- the link ---------------------------------------------------------------------------------- */

static void on_link(struct reader *r)
{
    int64_t up = parley_cli_flight_amount(line(r), "up");
    bool lost = up < 0 && up != PARLEY_ERR_CLOSED;
    struct parley_cli_span *s =
        begin_span(r, PARLEY_CLI_LANE_LINK, lost ? PARLEY_CLI_TONE_BAD : PARLEY_CLI_TONE_PLAIN);

    if (s != NULL)
        take_text(line(r), lost ? "reason" : "link", s->text);
    if (up == PARLEY_ERR_CLOSED)
        end_span(r, PARLEY_CLI_LANE_LINK);
}

static void on_lost(struct reader *r)
{
    struct parley_cli_span *s = begin_span(r, PARLEY_CLI_LANE_LINK, PARLEY_CLI_TONE_BAD);

    if (s != NULL)
        take_text(line(r), "reason", s->text);
}

/* Nothing of what was under way goes on. */
static void on_reconnecting(struct reader *r)
{
    end_span(r, PARLEY_CLI_LANE_USER);
    end_span(r, PARLEY_CLI_LANE_RESPONSE);
    add_moment(r, PARLEY_CLI_LANE_LINK, PARLEY_CLI_MARK_RETRY, "attempt %llu in %llu ms",
               (unsigned long long)amount(r, "attempt"), (unsigned long long)amount(r, "wait_ms"));
}

static void on_problem(struct reader *r)
{
    char text[PARLEY_CLI_STORY_TEXT], kind[PARLEY_CLI_STORY_TEXT];

    take_text(line(r), "event", kind);
    take_text(line(r), "text", text);
    add_moment(r, PARLEY_CLI_LANE_LINK, PARLEY_CLI_MARK_PROBLEM, "%.20s: %.160s", kind, text);
}

/* A message of ours that says where a reply was cut. */
static void on_out(struct reader *r)
{
    static const char truncate[] = "\"{\\\"type\\\":\\\"conversation.item.truncate\\\"";
    static const char delete[] = "\"{\\\"type\\\":\\\"conversation.item.delete\\\"";
    struct parley_view raw = parley_cli_flight_raw(line(r), "out"), message;
    struct parley_cli_flight_line inner;

    if (parley_view_starts(raw, parley_view(delete)))
        add_moment(r, PARLEY_CLI_LANE_RECEIVED, PARLEY_CLI_MARK_TRUNCATED, "deleted: nothing was heard");
    if (!parley_view_starts(raw, parley_view(truncate)))
        return;
    message = parley_cli_flight_text(line(r), "out");
    if (parley_cli_flight_take_apart(&inner, message))
        add_moment(r, PARLEY_CLI_LANE_RECEIVED, PARLEY_CLI_MARK_TRUNCATED, "truncated at %lld ms",
                   (long long)parley_cli_flight_amount(&inner, "audio_end_ms"));
    free((char *)(uintptr_t)message.at);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void on_event(struct reader *r)
{
    static const struct {
        const char *kind;
        void (*on)(struct reader *r);
    } kinds[] = {
        {"speech_started", on_speech_started},
        {"speech_stopped", on_speech_stopped},
        {"user_done", on_user_done},
        {"audio", on_audio},
        {"reply_delta", on_reply_delta},
        {"reply_done", on_reply_done},
        {"interrupted", on_interrupted},
        {"played", on_played},
        {"response_created", on_response_created},
        {"response_done", on_response_ended},
        {"response_cancelled", on_response_ended},
        {"handoff", on_handoff},
        {"reconnecting", on_reconnecting},
        {"error", on_problem},
        {"skipped", on_problem},
        {"shed", on_problem},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (is(r, "event", kinds[i].kind))
            kinds[i].on(r);
}

static void on_call(struct reader *r)
{
    uint64_t us = amount(r, "us");

    r->reading = is(r, "call", "read");
    if (is(r, "call", "service") && us > r->now_us)
        r->now_us = us;
    else if (is(r, "call", "delay"))
        r->delay_us = us < ANSWER_US ? us : 0;
    else if (is(r, "call", "text") || is(r, "call", "mirror"))
        on_typed(r);
    else if (is(r, "call", "progress") || is(r, "call", "done"))
        on_agent(r);
}

static void on_line(struct reader *r)
{
    static const struct {
        const char *member;
        void (*on)(struct reader *r);
    } kinds[] = {
        {"call", on_call}, {"event", on_event}, {"link", on_link}, {"recv", on_lost}, {"out", on_out}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (parley_cli_flight_raw(line(r), kinds[i].member).at != NULL) {
            kinds[i].on(r);
            return;
        }
    if (r->reading && amount(r, "gave") > 0)
        on_read(r, amount(r, "gave"));
}

static void read_head(struct reader *r)
{
    char text[PARLEY_CLI_STORY_TEXT];
    struct parley_cli_flight_line options;
    struct parley_view raw = parley_cli_flight_raw(line(r), "options");

    r->story->unix_s = parley_cli_flight_amount(line(r), "unix_s");
    take_text(line(r), "transport", text);
    snprintf(r->story->transport, sizeof r->story->transport, "%.15s", text);
    if (raw.at == NULL || !parley_cli_flight_take_apart(&options, raw))
        return;
    take_text(&options, "model", text);
    snprintf(r->story->model, sizeof r->story->model, "%.60s", text);
}

/* What was never heard is shown up to where something else is. */
static void cut_ghosts(struct parley_cli_story *s)
{
    struct parley_cli_span *ghost = NULL;

    for (size_t i = 0; i < s->span_count; i++) {
        struct parley_cli_span *next = &s->spans[i];

        if (next->lane != PARLEY_CLI_LANE_HEARD)
            continue;
        if (ghost != NULL && next->from_us < ghost->to_us)
            ghost->to_us = next->from_us > ghost->from_us ? next->from_us : ghost->from_us;
        if (next->tone == PARLEY_CLI_TONE_GHOST)
            ghost = next;
    }
}

/* What lasts to the end lasts to the end. */
static void finish(struct reader *r)
{
    struct parley_cli_story *s = r->story;

    s->end_us = r->now_us;
    for (size_t i = 0; i < s->span_count; i++) {
        if (s->spans[i].to_us == PARLEY_NEVER)
            s->spans[i].to_us = r->now_us;
        if (s->spans[i].tone != PARLEY_CLI_TONE_GHOST && s->spans[i].to_us > s->end_us)
            s->end_us = s->spans[i].to_us;
    }
    s->torn = r->file.torn;
    cut_ghosts(s);
}

uint64_t parley_cli_story_strips(const struct parley_cli_story *story, unsigned most_s, uint64_t *wide_us)
{
    uint64_t most_us = most_s * UINT64_C(1000000);
    uint64_t strips = story->end_us > 0 ? (story->end_us - 1) / most_us + 1 : 1;

    *wide_us = (story->end_us / strips / 1000000 + 1) * 1000000;
    return strips;
}

int parley_cli_story_read(struct parley_cli_story *story, const char *path,
                          char why[PARLEY_CLI_FLIGHT_FILE_WHY])
{
    struct reader *r = calloc(1, sizeof *r);
    int got;

    memset(story, 0, sizeof *story);
    snprintf(why, PARLEY_CLI_FLIGHT_FILE_WHY, "no memory");
    if (r == NULL)
        return PARLEY_ERR_MEMORY;
    r->story = story;
    r->unwritten = NONE;
    r->asked_us = r->answered_us = PARLEY_NEVER;
    for (size_t i = 0; i < PARLEY_CLI_LANES; i++)
        r->open[i] = NONE;
    got = parley_cli_flight_file_open(&r->file, path);
    if (got == PARLEY_OK) {
        read_head(r);
        while ((got = parley_cli_flight_file_next(&r->file)) > 0 && !r->no_memory)
            on_line(r);
        finish(r);
    }
    if (got < 0)
        snprintf(why, PARLEY_CLI_FLIGHT_FILE_WHY, "%s", r->file.why);
    if (r->no_memory)
        got = PARLEY_ERR_MEMORY;
    parley_cli_flight_file_close(&r->file);
    free(r);
    return got < 0 ? got : PARLEY_OK;
}

void parley_cli_story_free(struct parley_cli_story *story)
{
    free(story->spans);
    free(story->moments);
    memset(story, 0, sizeof *story);
}
