#ifndef PARLEY_CLI_REPORT_H
#define PARLEY_CLI_REPORT_H

#include "core/cli/options.h"
#include "core/cli/screen.h"

/*
 * Where the news of a conversation go: to the screen, or out as JSON lines; and log lines to standard error.
 * All of it is queued, so that a slow reader stops nothing but the news.
 */
struct parley_cli_report {
    struct parley_cli_output out, errors;
    struct parley_cli_screen screen;
    bool json;
    char *line; /* one JSON line */
    uint64_t start_us, now_us;
};

/* Everything is written to `fd`, which is a terminal or is not; buffers come out of `arena`. */
void parley_cli_report_open(struct parley_cli_report *r, const struct parley_cli_options *o, int fd,
                            struct parley_arena *arena, uint64_t now_us);

/* True while one more event can be told. */
bool parley_cli_report_room(const struct parley_cli_report *r);

void parley_cli_report_event(struct parley_cli_report *r, const struct parley_event *event);
void parley_cli_report_note(struct parley_cli_report *r, const char *text);
void parley_cli_report_wrong(struct parley_cli_report *r, const char *text);
void parley_cli_report_typed(struct parley_cli_report *r, struct parley_view line);
void parley_cli_report_typing(struct parley_cli_report *r, struct parley_view line);

/* To be handed on as parley_cli_agent_hear and parley_log_fn, with the report as `user`. */
void parley_cli_report_agent(void *report, enum parley_cli_agent_news news, struct parley_view text);
void parley_cli_report_log(void *report, enum parley_log_level level, struct parley_view line);

/* Draws and writes; the flags tell which descriptors the loop found ready. */
void parley_cli_report_work(struct parley_cli_report *r, bool out_ready, bool errors_ready, uint64_t now_us);

/* What to wait for: up to PARLEY_CLI_REPORT_INTERESTS entries, returns how many. */
enum { PARLEY_CLI_REPORT_INTERESTS = 3 };
size_t parley_cli_report_interest(const struct parley_cli_report *r, struct parley_interest *want);

/* Leaves the screen in order; what is queued still has to be written. */
void parley_cli_report_close(struct parley_cli_report *r);

#endif
