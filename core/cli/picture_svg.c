/*
 * A story as SVG: see picture.h. Lengths are in pixels of a picture 1200 wide.
 */
#include "core/cli/picture.h"

#include "core/cli/text.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    WIDTH = 1200,
    LEFT = 118, /* names of lanes */
    RIGHT = 22,
    PLOT = WIDTH - LEFT - RIGHT,
    TOP = 58,
    AXIS = 26,
    STRIP_GAP = 26,
    BOTTOM = 40,
    BAR = 14,
    LABELS = 64, /* in one lane of one strip */
    MS = 1000,
    S = 1000000,
};

static const struct {
    const char *name, *class;
    int y, height; /* within a strip, below its axis */
} lanes[PARLEY_CLI_LANES] = {
    [PARLEY_CLI_LANE_USER] = {"user speech", "user", 0, 40},
    [PARLEY_CLI_LANE_RECEIVED] = {"reply received", "received", 40, 40},
    [PARLEY_CLI_LANE_HEARD] = {"reply heard", "heard", 80, 40},
    [PARLEY_CLI_LANE_AGENT] = {"agent", "agent", 120, 40},
    [PARLEY_CLI_LANE_RESPONSE] = {"responses", "response", 160, 26},
    [PARLEY_CLI_LANE_LINK] = {"link", "link", 186, 40},
};
enum { LANES_HEIGHT = 226, STRIP = AXIS + LANES_HEIGHT + STRIP_GAP };

static const char style[] =
    "<style>\n"
    ".parley text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    ".parley .title{font-size:17px;font-weight:600}.parley .in,.parley .ms{font-size:10px}\n"
    ".parley .ms{paint-order:stroke;stroke-width:3px}.parley .gap,.parley .cut,.parley .ghost,.parley "
    ".hand{fill:none}\n"
    ".parley .cut,.parley .hand{stroke-width:1.5}.parley .cut{stroke-dasharray:4 3}.parley "
    ".ghost{stroke-dasharray:3 3}\n"
    ".parley text{fill:#1f2430}.parley .dim,.parley .ms{fill:#5d6778}.parley .in{fill:#fff}.parley "
    ".badt{fill:#d32f2f}\n"
    ".parley .bg{fill:#fff}.parley .band{fill:#f6f7f9}.parley .grid{stroke:#e3e7ed}.parley .edge,.parley "
    ".ms{stroke:#fff}\n"
    ".parley .user{fill:#2563eb}.parley .received{fill:#8fd0b4}.parley .heard{fill:#0b8a61}\n"
    ".parley .agent{fill:#b06f0a}.parley .response{fill:#7c4ddb}.parley .link{fill:#7d899b}.parley "
    ".bad{fill:#d32f2f}\n"
    ".parley .gap{stroke:#5d6778}.parley .cut{stroke:#d32f2f}.parley .ghost{stroke:#0b8a61}.parley "
    ".hand{stroke:#b06f0a}\n"
    "@media (prefers-color-scheme:dark){\n"
    ".parley text{fill:#e7eaf0}.parley .dim,.parley .ms{fill:#9aa6b8}.parley .in{fill:#10151d}.parley "
    ".badt{fill:#ff7b72}\n"
    ".parley .bg{fill:#10151d}.parley .band{fill:#161d27}.parley .grid{stroke:#27303d}.parley .edge,.parley "
    ".ms{stroke:#10151d}\n"
    ".parley .user{fill:#6ea8ff}.parley .received{fill:#2b7a5f}.parley .heard{fill:#3ddba0}\n"
    ".parley .agent{fill:#f2b24c}.parley .response{fill:#b59bff}.parley .link{fill:#8d9ab0}.parley "
    ".bad{fill:#ff7b72}\n"
    ".parley .gap{stroke:#9aa6b8}.parley .cut{stroke:#ff7b72}.parley .ghost{stroke:#3ddba0}.parley "
    ".hand{stroke:#f2b24c}\n"
    "}\n"
    "</style>\n";

/* A strip being drawn. */
struct strip {
    struct parley_cli_sheet *sheet;
    const struct parley_cli_story *story;
    uint64_t from_us, to_us;
    int top; /* of its lanes */
};

/* ---- places ------------------------------------------------------------------------------------ */

/* In tenths of a pixel, so that the text of the picture is the same wherever it is made. */
static long place(const struct strip *strip, uint64_t at_us)
{
    uint64_t since_us = at_us > strip->from_us ? at_us - strip->from_us : 0;
    uint64_t wide_us = strip->to_us - strip->from_us;

    if (since_us > wide_us)
        since_us = wide_us;
    return LEFT * 10L + (long)(since_us * (PLOT * 10) / wide_us);
}

static bool is_inside(const struct strip *strip, uint64_t at_us)
{
    return at_us >= strip->from_us && at_us < strip->to_us;
}

static int lane_y(const struct strip *strip, enum parley_cli_lane lane)
{
    return strip->top + lanes[lane].y + 6;
}

#define TENTHS "%ld.%ld"
#define OF(x)  (x) / 10, (x) % 10

/* What a text of 11 px takes, in tenths; as good as it goes without the reader's font. */
static long width_of(struct parley_view text)
{
    long tenths = 0;

    while (text.len > 0) {
        uint32_t code;
        size_t len = parley_cli_text_next(text, &code), columns = parley_cli_text_columns(code);

        tenths += code < 128 ? 60 : (long)columns * 66;
        text = parley_view_skip(text, len);
    }
    return tenths;
}

/* The text, or as much of it as there is room for, with an ellipsis. */
static void fit(const struct strip *strip, const char *text, long room)
{
    struct parley_view whole = parley_view(text);
    size_t len = whole.len;

    if (width_of(whole) <= room) {
        parley_cli_sheet_xml(strip->sheet, whole);
        return;
    }
    while (len > 0 && width_of(parley_view_of(text, len)) + 80 > room)
        for (len--; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
            len--;
    parley_cli_sheet_xml(strip->sheet, parley_view_trim(parley_view_of(text, len)));
    parley_cli_sheet_raw(strip->sheet, "\xE2\x80\xA6");
}

static void title(const struct strip *strip, const char *text, uint64_t us)
{
    parley_cli_sheet_raw(strip->sheet, "<title>");
    parley_cli_sheet_xml(strip->sheet, parley_view(text));
    if (us > 0)
        parley_cli_sheet_format(strip->sheet, "%s%llu ms", text[0] != '\0' ? " - " : "",
                                (unsigned long long)(us / MS));
    parley_cli_sheet_raw(strip->sheet, "</title>");
}

/* ---- labels: texts below the bars of a lane, each up to the next -------------------------------- */

struct label {
    long x;
    const char *text, *class;
};

enum { MS_TEXT = 24 };

struct labels {
    struct label at[LABELS];
    char ms[LABELS][MS_TEXT]; /* of gaps */
    size_t count;
};

static void add_label(struct labels *labels, long x, const char *text, const char *class)
{
    size_t i = labels->count;

    if (text[0] == '\0' || i == LABELS)
        return;
    for (labels->count++; i > 0 && labels->at[i - 1].x > x; i--)
        labels->at[i] = labels->at[i - 1];
    labels->at[i] = (struct label){x, text, class};
}

static void draw_labels(const struct strip *strip, enum parley_cli_lane lane, const struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        const struct label *label = &labels->at[i];
        long end = i + 1 < labels->count ? labels->at[i + 1].x - 60 : (LEFT + PLOT + RIGHT) * 10L - 40;

        if (strcmp(label->class, "ms") == 0)
            end = label->x + 1000; /* a number is never cut */
        if (end - label->x < 260 && width_of(parley_view(label->text)) > end - label->x)
            continue; /* no room for anything that could be read; the title has it */
        parley_cli_sheet_format(strip->sheet, "<text x=\"" TENTHS "\" y=\"%d\" class=\"%s\">", OF(label->x),
                                lane_y(strip, lane) + BAR + 12, label->class);
        fit(strip, label->text, end - label->x);
        parley_cli_sheet_raw(strip->sheet, "</text>\n");
    }
}

/* ---- spans ------------------------------------------------------------------------------------- */

static bool has_text_inside(enum parley_cli_lane lane)
{
    return lane == PARLEY_CLI_LANE_AGENT || lane == PARLEY_CLI_LANE_RESPONSE || lane == PARLEY_CLI_LANE_LINK;
}

static void draw_bar(const struct strip *strip, const struct parley_cli_span *span, long from, long to)
{
    const char *class = lanes[span->lane].class;
    int y = lane_y(strip, span->lane);
    long width = to - from > 15 ? to - from : 15;

    if (span->tone == PARLEY_CLI_TONE_GHOST)
        class = "ghost";
    if (span->tone == PARLEY_CLI_TONE_BAD)
        class = "bad";
    parley_cli_sheet_format(strip->sheet,
                            "<rect x=\"" TENTHS "\" y=\"%d\" width=\"" TENTHS
                            "\" height=\"%d\" rx=\"3\" class=\"%s\">",
                            OF(from), y, OF(width), BAR, class);
    title(strip, span->tone == PARLEY_CLI_TONE_GHOST ? "received, never heard" : span->text,
          span->to_us - span->from_us);
    parley_cli_sheet_raw(strip->sheet, "</rect>\n");
    if (!has_text_inside(span->lane) || span->text[0] == '\0' || width < 300)
        return;
    parley_cli_sheet_format(strip->sheet, "<text x=\"" TENTHS "\" y=\"%d\" class=\"in\">", OF(from + 50),
                            y + BAR - 4);
    fit(strip, span->text, (width - 80) * 11 / 10);
    parley_cli_sheet_raw(strip->sheet, "</text>\n");
}

/* A time between two things: a line with its ends, and how long it is, on it or below. */
static void draw_gap(const struct strip *strip, const struct parley_cli_span *span, struct labels *labels)
{
    long from = place(strip, span->from_us), to = place(strip, span->to_us);
    int y = lane_y(strip, span->lane) + BAR / 2;
    char *ms = labels->ms[labels->count < LABELS ? labels->count : LABELS - 1];

    parley_cli_sheet_format(strip->sheet,
                            "<path class=\"gap\" d=\"M" TENTHS " %dv8M" TENTHS " %dv8M" TENTHS " %dH" TENTHS
                            "\"/>\n",
                            OF(from), y - 4, OF(to), y - 4, OF(from), y, OF(to));
    snprintf(ms, MS_TEXT, "%llu ms", (unsigned long long)((span->to_us - span->from_us) / MS));
    if (!is_inside(strip, span->from_us))
        return;
    if (to - from > 480)
        parley_cli_sheet_format(
            strip->sheet, "<text x=\"" TENTHS "\" y=\"%d\" class=\"ms\" text-anchor=\"middle\">%s</text>\n",
            OF((from + to) / 2), y + 4, ms);
    else if (span->lane != PARLEY_CLI_LANE_RESPONSE)
        add_label(labels, to - (long)strlen(ms) * 60 - 40, ms, "ms");
    else
        parley_cli_sheet_format(
            strip->sheet, "<text x=\"" TENTHS "\" y=\"%d\" class=\"ms\" text-anchor=\"end\">%s</text>\n",
            OF(from - 40), y + 4, ms);
}

static void draw_span(const struct strip *strip, const struct parley_cli_span *span, struct labels *labels)
{
    long from = place(strip, span->from_us), to = place(strip, span->to_us);

    if (span->from_us >= strip->to_us || span->to_us < strip->from_us ||
        (span->to_us == strip->from_us && span->from_us < strip->from_us))
        return;
    if (span->tone == PARLEY_CLI_TONE_GAP) {
        draw_gap(strip, span, labels);
        return;
    }
    draw_bar(strip, span, from, to);
    /* Again where it goes on in another strip. */
    if (!has_text_inside(span->lane) && span->lane != PARLEY_CLI_LANE_RECEIVED && to - from > 200)
        add_label(labels, from + 25, span->text, "said");
}

/* ---- moments ----------------------------------------------------------------------------------- */

static void draw_cut(const struct strip *strip, long x)
{
    parley_cli_sheet_format(strip->sheet, "<path class=\"cut\" d=\"M" TENTHS " %dV%d\"/>\n", OF(x),
                            lane_y(strip, PARLEY_CLI_LANE_USER) - 3,
                            lane_y(strip, PARLEY_CLI_LANE_HEARD) + BAR + 2);
}

static void draw_handoff(const struct strip *strip, long x)
{
    int to = lane_y(strip, PARLEY_CLI_LANE_AGENT) + BAR + 1;

    parley_cli_sheet_format(strip->sheet,
                            "<path class=\"hand\" d=\"M" TENTHS " %dV%dm-3.5 5l3.5-5l3.5 5\"/>\n", OF(x),
                            lane_y(strip, PARLEY_CLI_LANE_RESPONSE), to);
}

static void draw_point(const struct strip *strip, const struct parley_cli_moment *m, long x,
                       const char *class)
{
    int y = lane_y(strip, m->lane) + BAR / 2;

    parley_cli_sheet_format(strip->sheet, "<path class=\"%s edge\" d=\"M" TENTHS " %dl5 5l-5 5l-5-5z\">",
                            class, OF(x), y - 5);
    title(strip, m->text, 0);
    parley_cli_sheet_raw(strip->sheet, "</path>\n");
}

static void draw_moment(const struct strip *strip, const struct parley_cli_moment *m, struct labels *labels)
{
    long x = place(strip, m->at_us);
    const char *class = "bad", *label = "badt";

    if (!is_inside(strip, m->at_us))
        return;
    switch (m->mark) {
    case PARLEY_CLI_MARK_INTERRUPTED:
        draw_cut(strip, x);
        add_label(labels, x + 40, m->text, label);
        return;
    case PARLEY_CLI_MARK_HANDOFF:
        draw_handoff(strip, x);
        return;
    case PARLEY_CLI_MARK_TYPED:
    case PARLEY_CLI_MARK_TOLD:
        class = lanes[m->lane].class;
        label = "said";
        break;
    case PARLEY_CLI_MARK_TRUNCATED:
    case PARLEY_CLI_MARK_RETRY:
    case PARLEY_CLI_MARK_PROBLEM:
        break;
    }
    draw_point(strip, m, x, class);
    add_label(labels, x + (m->mark == PARLEY_CLI_MARK_TRUNCATED ? 40 : 0), m->text, label);
}

/* ---- strips ------------------------------------------------------------------------------------ */

static void draw_ground(const struct strip *strip)
{
    for (int lane = 0; lane < PARLEY_CLI_LANES; lane++) {
        if (lane % 2 == 0)
            parley_cli_sheet_format(strip->sheet,
                                    "<rect x=\"0\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"band\"/>\n",
                                    strip->top + lanes[lane].y, WIDTH, lanes[lane].height);
        parley_cli_sheet_format(
            strip->sheet, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" class=\"dim\">%s</text>\n", LEFT - 14,
            lane_y(strip, (enum parley_cli_lane)lane) + BAR - 3, lanes[lane].name);
    }
}

static void draw_axis(const struct strip *strip)
{
    uint64_t wide_s = (strip->to_us - strip->from_us) / S, step_s = 1;

    while (wide_s / step_s > 20)
        step_s = step_s == 1 ? 2 : step_s == 2 ? 5 : step_s * 2;
    for (uint64_t at_us = strip->from_us; at_us <= strip->to_us; at_us += step_s * S) {
        long x = place(strip, at_us);

        parley_cli_sheet_format(strip->sheet,
                                "<path class=\"grid\" d=\"M" TENTHS " %dv%d\"/><text x=\"" TENTHS
                                "\" y=\"%d\" text-anchor=\"middle\" class=\"dim\">%llu s</text>\n",
                                OF(x), strip->top - 4, LANES_HEIGHT + 4, OF(x), strip->top - 10,
                                (unsigned long long)(at_us / S));
    }
}

static void draw_lane(const struct strip *strip, enum parley_cli_lane lane)
{
    const struct parley_cli_story *story = strip->story;
    struct labels labels = {.count = 0};

    for (size_t i = 0; i < story->span_count; i++)
        if (story->spans[i].lane == lane)
            draw_span(strip, &story->spans[i], &labels);
    for (size_t i = 0; i < story->moment_count; i++)
        if (story->moments[i].lane == lane)
            draw_moment(strip, &story->moments[i], &labels);
    draw_labels(strip, lane, &labels);
}

static void draw_strip(const struct strip *strip)
{
    draw_ground(strip);
    draw_axis(strip);
    for (int lane = 0; lane < PARLEY_CLI_LANES; lane++)
        draw_lane(strip, (enum parley_cli_lane)lane);
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void draw_head(struct parley_cli_sheet *sheet, const struct parley_cli_story *story, int height)
{
    parley_cli_sheet_format(
        sheet,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"parley\" viewBox=\"0 0 %d %d\" "
        "width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"Timeline of a conversation\">\n",
        WIDTH, height, WIDTH, height);
    parley_cli_sheet_raw(sheet, style);
    parley_cli_sheet_format(sheet, "<rect width=\"%d\" height=\"%d\" class=\"bg\"/>\n", WIDTH, height);
    parley_cli_sheet_format(
        sheet, "<text x=\"%d\" y=\"30\" class=\"title\">A conversation of %llu.%llu s</text>\n", 22,
        (unsigned long long)(story->end_us / S), (unsigned long long)(story->end_us / (S / 10) % 10));
    parley_cli_sheet_format(sheet, "<text x=\"%d\" y=\"30\" text-anchor=\"end\" class=\"dim\">parley (%s)",
                            WIDTH - RIGHT, story->transport);
    if (story->model[0] != '\0')
        parley_cli_sheet_raw(sheet, ", ");
    parley_cli_sheet_xml(sheet, parley_view(story->model));
    parley_cli_sheet_format(sheet, "%s</text>\n", story->torn ? "; its record is torn" : "");
}

static void draw_key(struct parley_cli_sheet *sheet, int y)
{
    parley_cli_sheet_format(
        sheet,
        "<g transform=\"translate(%d %d)\"><path class=\"gap\" d=\"M0-8v8M24-8v8M0-4h24\"/>"
        "<text x=\"32\" class=\"dim\">time to an answer, in ms</text>"
        "<rect x=\"182\" y=\"-10\" width=\"26\" height=\"11\" rx=\"3\" class=\"ghost\"/>"
        "<text x=\"216\" class=\"dim\">received, never heard</text>"
        "<path class=\"cut\" d=\"M352-11v14\"/><text x=\"360\" class=\"dim\">interrupted</text>"
        "<path class=\"bad\" d=\"M446-9l5 5l-5 5l-5-5z\"/><text x=\"458\" class=\"dim\">truncated, or a "
        "retry</text>"
        "<path class=\"hand\" d=\"M596 2v-12m-3.5 5l3.5-5l3.5 5\"/><text x=\"606\" "
        "class=\"dim\">handoff</text>"
        "<path class=\"agent\" d=\"M676-9l5 5l-5 5l-5-5z\"/><text x=\"688\" class=\"dim\">the agent says "
        "something"
        "</text></g>\n",
        LEFT, y);
}

void parley_cli_picture_svg(struct parley_cli_sheet *sheet, const struct parley_cli_story *story,
                            unsigned strip_s, bool page)
{
    uint64_t wide_us, strips = parley_cli_story_strips(story, strip_s, &wide_us);
    int height = TOP + (int)strips * STRIP + BOTTOM - STRIP_GAP;

    if (page)
        parley_cli_sheet_raw(sheet, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                    "<title>A conversation</title>\n"
                                    "<style>:root{color-scheme:light dark}body{margin:0;background:#fff}"
                                    "svg{display:block;margin:auto;max-width:100%;height:auto}"
                                    "@media (prefers-color-scheme:dark){body{background:#10151d}}</style>\n"
                                    "</head><body>\n");
    draw_head(sheet, story, height);
    for (uint64_t i = 0; i < strips; i++) {
        const struct strip strip = {.sheet = sheet,
                                    .story = story,
                                    .from_us = i * wide_us,
                                    .to_us = (i + 1) * wide_us,
                                    .top = TOP + (int)i * STRIP + AXIS};
        draw_strip(&strip);
    }
    draw_key(sheet, height - 16);
    parley_cli_sheet_raw(sheet, page ? "</svg>\n</body></html>\n" : "</svg>\n");
}
