/*
 * A story as text for a terminal: see picture.h.
 */
#include "core/cli/picture.h"

#include "core/cli/text.h"

#include <stdio.h>

enum { NAME = 10, COLUMNS_MAX = 1000, US_A_S = 1000000 };

static const struct {
    const char *name;
    char bar;
} lanes[PARLEY_CLI_LANES] = {
    [PARLEY_CLI_LANE_USER] = {"user", '#'},         [PARLEY_CLI_LANE_RECEIVED] = {"received", '-'},
    [PARLEY_CLI_LANE_HEARD] = {"heard", '='},       [PARLEY_CLI_LANE_AGENT] = {"agent", 'a'},
    [PARLEY_CLI_LANE_RESPONSE] = {"response", 'r'}, [PARLEY_CLI_LANE_LINK] = {"link", '_'},
};

static const char marks[] = {
    [PARLEY_CLI_MARK_TYPED] = 'T',   [PARLEY_CLI_MARK_INTERRUPTED] = 'X', [PARLEY_CLI_MARK_TRUNCATED] = 'x',
    [PARLEY_CLI_MARK_HANDOFF] = 'H', [PARLEY_CLI_MARK_TOLD] = '*',        [PARLEY_CLI_MARK_RETRY] = 'R',
    [PARLEY_CLI_MARK_PROBLEM] = '!',
};

struct strip {
    uint64_t from_us, to_us;
    unsigned columns; /* of time */
};

static unsigned column(const struct strip *s, uint64_t at_us)
{
    uint64_t since_us = at_us > s->from_us ? at_us - s->from_us : 0, wide_us = s->to_us - s->from_us;

    return since_us >= wide_us ? s->columns : (unsigned)(since_us * s->columns / wide_us);
}

static char bar_of(const struct parley_cli_span *span)
{
    switch (span->tone) {
    case PARLEY_CLI_TONE_PLAIN:
        return lanes[span->lane].bar;
    case PARLEY_CLI_TONE_GHOST:
        return '.';
    case PARLEY_CLI_TONE_BAD:
        return '!';
    case PARLEY_CLI_TONE_GAP:
        break;
    }
    return '~';
}

static void draw_lane(char *row, const struct strip *strip, const struct parley_cli_story *story,
                      enum parley_cli_lane lane)
{
    memset(row, ' ', strip->columns);
    for (size_t i = 0; i < story->span_count; i++) {
        const struct parley_cli_span *span = &story->spans[i];
        unsigned from = column(strip, span->from_us), to = column(strip, span->to_us);

        if (span->lane != lane || span->from_us >= strip->to_us || span->to_us < strip->from_us)
            continue;
        for (unsigned at = from; at < strip->columns && (at < to || at == from); at++)
            row[at] = bar_of(span);
    }
    for (size_t i = 0; i < story->moment_count; i++) {
        const struct parley_cli_moment *m = &story->moments[i];

        if (m->lane == lane && m->at_us >= strip->from_us && m->at_us < strip->to_us)
            row[column(strip, m->at_us)] = marks[m->mark];
    }
}

/* Whole seconds, where there is room for them. */
static void draw_axis(char *row, const struct strip *strip)
{
    unsigned free_from = 0;

    memset(row, ' ', strip->columns);
    for (uint64_t at_us = strip->from_us; at_us < strip->to_us; at_us += US_A_S) {
        char text[32];
        int len = snprintf(text, sizeof text, "|%llu", (unsigned long long)(at_us / US_A_S));
        unsigned at = column(strip, at_us);

        if (at < free_from || at + (unsigned)len > strip->columns)
            continue;
        memcpy(row + at, text, (size_t)len);
        free_from = at + (unsigned)len + 2;
    }
}

static void put_row(struct parley_cli_sheet *sheet, const char *name, char *row, unsigned columns)
{
    while (columns > 0 && row[columns - 1] == ' ')
        columns--;
    row[columns] = '\0';
    parley_cli_sheet_format(sheet, "%-*s", NAME, name);
    parley_cli_sheet_raw(sheet, row);
    parley_cli_sheet_raw(sheet, "\n");
}

static void draw_strip(struct parley_cli_sheet *sheet, const struct strip *strip,
                       const struct parley_cli_story *story)
{
    char row[COLUMNS_MAX + 1];

    draw_axis(row, strip);
    put_row(sheet, "", row, strip->columns);
    for (int lane = 0; lane < PARLEY_CLI_LANES; lane++) {
        draw_lane(row, strip, story, (enum parley_cli_lane)lane);
        put_row(sheet, lanes[lane].name, row, strip->columns);
    }
    parley_cli_sheet_raw(sheet, "\n");
}

/* ---- what happened when ------------------------------------------------------------------------ */

static void tell(struct parley_cli_sheet *sheet, uint64_t at_us, enum parley_cli_lane lane, const char *text,
                 unsigned columns)
{
    char when[32];
    size_t len = strlen(text), room = columns > 27 ? columns - 27 : 1;

    snprintf(when, sizeof when, "%4llu.%03u s", (unsigned long long)(at_us / US_A_S),
             (unsigned)(at_us / 1000 % 1000));
    parley_cli_sheet_format(sheet, "%s  %-*s ", when, NAME, lanes[lane].name);
    if (parley_cli_text_width(parley_view(text)) > room)
        len = parley_cli_text_line(parley_view(text), room).len;
    parley_cli_sheet_format(sheet, "%.*s%s\n", (int)len, text, text[len] != '\0' ? "..." : "");
}

static void tell_span(struct parley_cli_sheet *sheet, const struct parley_cli_span *span, unsigned columns)
{
    char text[PARLEY_CLI_STORY_TEXT + 64];
    unsigned long long ms = (span->to_us - span->from_us) / 1000;

    if (span->tone == PARLEY_CLI_TONE_GHOST)
        return;
    if (span->tone == PARLEY_CLI_TONE_GAP)
        snprintf(text, sizeof text, "after %llu ms", ms);
    else
        snprintf(text, sizeof text, "for %llu ms%s%s", ms, span->text[0] != '\0' ? ": " : "", span->text);
    tell(sheet, span->tone == PARLEY_CLI_TONE_GAP ? span->to_us : span->from_us, span->lane, text, columns);
}

static uint64_t when(const struct parley_cli_span *span)
{
    return span->tone == PARLEY_CLI_TONE_GAP ? span->to_us : span->from_us;
}

/* Spans and moments in one order: by time, and those of one moment as they were found. */
static void tell_all(struct parley_cli_sheet *sheet, const struct parley_cli_story *story, unsigned columns)
{
    size_t span = 0, moment = 0;

    while (span < story->span_count || moment < story->moment_count) {
        bool is_span =
            moment == story->moment_count ||
            (span < story->span_count && when(&story->spans[span]) <= story->moments[moment].at_us);

        if (is_span) {
            tell_span(sheet, &story->spans[span++], columns);
        } else {
            const struct parley_cli_moment *m = &story->moments[moment++];
            tell(sheet, m->at_us, m->lane, m->text, columns);
        }
    }
}

void parley_cli_picture_text(struct parley_cli_sheet *sheet, const struct parley_cli_story *story,
                             unsigned strip_s, unsigned columns)
{
    uint64_t wide_us, strips = parley_cli_story_strips(story, strip_s, &wide_us);

    if (columns > COLUMNS_MAX)
        columns = COLUMNS_MAX;
    for (uint64_t i = 0; i < strips; i++) {
        const struct strip strip = {i * wide_us, (i + 1) * wide_us, columns - NAME};

        draw_strip(sheet, &strip, story);
    }
    parley_cli_sheet_raw(sheet, "X interrupted   x truncated   . received, never heard\n"
                                "~ until an answer   H handoff   * the agent speaks\n"
                                "T typed   R retry   ! problem\n\n");
    tell_all(sheet, story, columns);
    if (story->torn)
        parley_cli_sheet_raw(sheet, "\nThe record is torn: there was more.\n");
}
