/*
 * Programs that work for us: see program.h.
 */
#include "core/cli/program.h"

#include "core/cli/text.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <stdio.h>

/* Enough for any message, and no more in one round: a program that talks without end must not stop the loop.
 */
enum { READS_A_ROUND = 8 };

int parley_cli_program_start(struct parley_cli_program *p, const char *command, int pipes)
{
    *p = (struct parley_cli_program){.process = {.in = -1, .out = -1, .err = -1}};
    return parley_process_start(&p->process, command, pipes | PARLEY_PIPE_ERR);
}

static void end_line(struct parley_cli_program *p)
{
    struct parley_view line = parley_view_trim(parley_view_of(p->line, p->line_len));

    if (line.len > 0) {
        memcpy(p->last, line.at, line.len);
        p->last_len = line.len;
    }
    p->line_len = 0;
}

static void hear(struct parley_cli_program *p, struct parley_view said)
{
    for (size_t i = 0; i < said.len; i++)
        if (said.at[i] == '\n')
            end_line(p);
        else if (p->line_len < sizeof p->line)
            p->line[p->line_len++] = said.at[i];
}

static void read_errors(struct parley_cli_program *p)
{
    for (int round = 0; round < READS_A_ROUND && p->process.err >= 0; round++) {
        char piece[512];
        int got = parley_file_read(p->process.err, piece, sizeof piece);

        if (got == 0)
            return;
        if (got > 0) {
            hear(p, parley_view_of(piece, (size_t)got));
            continue;
        }
        end_line(p);
        parley_process_close(&p->process.err);
    }
}

void parley_cli_program_work(struct parley_cli_program *p)
{
    if (p->process.pid != 0 && !p->process.exited)
        parley_process_poll(&p->process);
    read_errors(p);
}

size_t parley_cli_program_interest(const struct parley_cli_program *p, struct parley_interest *want)
{
    if (p->process.pid == 0 || p->process.err < 0)
        return 0;
    *want = (struct parley_interest){.fd = p->process.err, .read = true, .deadline_us = PARLEY_NEVER};
    return 1;
}

void parley_cli_program_verdict(const struct parley_cli_program *p, char out[PARLEY_CLI_VERDICT])
{
    char last[PARLEY_CLI_LAST_LINE];
    struct parley_view said = parley_view_of(p->last, p->last_len);
    struct parley_view unfinished = parley_view_trim(parley_view_of(p->line, p->line_len));
    size_t len = parley_cli_text_clean(last, sizeof last, unfinished.len > 0 ? unfinished : said);

    snprintf(out, PARLEY_CLI_VERDICT, "exit status %d%s%.*s", p->process.exit_code, len > 0 ? ": " : "",
             (int)len, last);
}

void parley_cli_program_stop(struct parley_cli_program *p)
{
    if (p->process.pid != 0)
        parley_process_stop(&p->process);
    p->process.pid = 0;
}
