/*
 * Screen or JSON lines: see report.h.
 */
#include "core/cli/report.h"

#include "core/cli/json_lines.h"
#include "core/cli/terminal.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/process.h"

#include <stdio.h>

enum {
    STDERR = 2,
    SCREEN_BYTES = 128 * 1024,
    ERRORS_BYTES = 32 * 1024,
    LINE_BYTES = 512 * 1024, /* the inbox of the conversation, and a delegation beside it */
    JSON_BYTES = 2 * LINE_BYTES,
};

static bool is_set(const char *variable)
{
    const char *value = parley_process_environment(variable);

    return value != NULL && value[0] != '\0';
}

/* A terminal that obeys ANSI. */
static bool is_lively(int fd)
{
    const char *kind = parley_process_environment("TERM");

    return parley_file_is_terminal(fd) && kind != NULL && strcmp(kind, "dumb") != 0;
}

void parley_cli_report_open(struct parley_cli_report *r, const struct parley_cli_options *o, int fd,
                            struct parley_arena *arena, uint64_t now_us)
{
    bool live = !o->json && is_lively(fd);

    *r = (struct parley_cli_report){.json = o->json, .start_us = now_us, .now_us = now_us};
    parley_cli_output_open(&r->out, fd, false, arena, o->json ? JSON_BYTES : SCREEN_BYTES);
    parley_cli_output_open(&r->errors, STDERR, false, arena, ERRORS_BYTES);
    parley_cli_screen_open(&r->screen, &r->out, live, live && !is_set("NO_COLOR"));
    r->screen.quiet = o->quiet;
    if (o->json)
        r->line = parley_arena_take(arena, LINE_BYTES, 1);
}

bool parley_cli_report_room(const struct parley_cli_report *r)
{
    return parley_cli_output_room(&r->out) >= (r->json ? (size_t)LINE_BYTES : (size_t)PARLEY_CLI_SCREEN_ROOM);
}

/* ---- news ------------------------------------------------------------------------------------ */

static void write_line(struct parley_cli_report *r, const struct parley_render *line)
{
    parley_cli_output_put(&r->out, line->at, line->used);
}

static void write_own(struct parley_cli_report *r, const char *event, const char *what,
                      struct parley_view text)
{
    struct parley_render line = parley_render(r->line, LINE_BYTES);

    parley_cli_json_own(&line, event, r->now_us - r->start_us, what, text);
    write_line(r, &line);
}

void parley_cli_report_event(struct parley_cli_report *r, const struct parley_event *event)
{
    if (r->json) {
        struct parley_render line = parley_render(r->line, LINE_BYTES);

        parley_cli_json_event(&line, event, r->start_us);
        write_line(r, &line);
    } else {
        parley_cli_screen_event(&r->screen, event);
    }
}

void parley_cli_report_note(struct parley_cli_report *r, const char *text)
{
    if (r->json)
        write_own(r, "note", NULL, parley_view(text));
    else
        parley_cli_screen_note(&r->screen, text);
}

void parley_cli_report_wrong(struct parley_cli_report *r, const char *text)
{
    if (r->json)
        write_own(r, "note", "error", parley_view(text));
    else
        parley_cli_screen_wrong(&r->screen, text);
}

void parley_cli_report_typed(struct parley_cli_report *r, struct parley_view line)
{
    if (r->json)
        write_own(r, "typed", NULL, line);
    else
        parley_cli_screen_typed(&r->screen, line);
}

void parley_cli_report_typing(struct parley_cli_report *r, struct parley_view line)
{
    if (r->screen.prompts)
        parley_cli_screen_typing(&r->screen, line);
}

void parley_cli_report_agent(void *report, enum parley_cli_agent_news news, struct parley_view text)
{
    struct parley_cli_report *r = report;

    if (r->json)
        write_own(r, "agent", parley_cli_agent_news_name(news), text);
    else
        parley_cli_screen_agent(&r->screen, news, text, r->now_us);
}

void parley_cli_report_log(void *report, enum parley_log_level level, struct parley_view line)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    struct parley_cli_report *r = report;
    char text[320];
    int len = snprintf(text, sizeof text, "parley: %s: %.*s\n", names[level],
                       (int)(line.len < 260 ? line.len : 260), line.at);

    if (r->screen.live && parley_file_is_terminal(STDERR))
        parley_cli_screen_note(&r->screen, text); /* it would tear the picture */
    else if (len > 0)
        parley_cli_output_put(&r->errors, text, (size_t)len);
}

/* ---- work ------------------------------------------------------------------------------------ */

void parley_cli_report_work(struct parley_cli_report *r, bool out_ready, bool errors_ready, uint64_t now_us)
{
    r->now_us = now_us;
    if (!r->json && r->screen.live) {
        r->screen.columns = parley_cli_terminal_columns(r->out.fd);
        parley_cli_screen_draw(&r->screen, now_us);
    }
    parley_cli_output_flush(&r->out, out_ready);
    parley_cli_output_flush(&r->errors, errors_ready);
}

size_t parley_cli_report_interest(const struct parley_cli_report *r, struct parley_interest *want)
{
    size_t count = parley_cli_output_interest(&r->out, want);

    count += parley_cli_output_interest(&r->errors, want + count);
    want[count++] =
        (struct parley_interest){.fd = -1, .deadline_us = parley_cli_screen_deadline_us(&r->screen)};
    return count;
}

void parley_cli_report_close(struct parley_cli_report *r)
{
    parley_cli_screen_close(&r->screen);
}
