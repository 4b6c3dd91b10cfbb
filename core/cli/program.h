#ifndef PARLEY_CLI_PROGRAM_H
#define PARLEY_CLI_PROGRAM_H

#include "platform/process.h"
#include "platform/view.h"
#include "platform/wait.h"

/*
 * A program that works for us (microphone, loudspeaker, agent): its process, and the last thing it said on
 * standard error, which is what tells a person why it failed.
 */
enum { PARLEY_CLI_LAST_LINE = 200, PARLEY_CLI_VERDICT = PARLEY_CLI_LAST_LINE + 60 };

struct parley_cli_program {
    struct parley_process process;
    char last[PARLEY_CLI_LAST_LINE]; /* the last whole line that says something */
    size_t last_len;
    char line[PARLEY_CLI_LAST_LINE]; /* the one being received; what is longer is left out */
    size_t line_len;
};

/* Starts `command` with the pipes asked for and one for standard error. Returns 0 or PARLEY_ERR_SYSTEM. */
int parley_cli_program_start(struct parley_cli_program *p, const char *command, int pipes);

/* Reads standard error and looks whether it has ended (p->process.exited). Does not block. */
void parley_cli_program_work(struct parley_cli_program *p);

/* What to wait for besides the pipes the caller uses: standard error. Returns 0 or 1. */
size_t parley_cli_program_interest(const struct parley_cli_program *p, struct parley_interest *want);

/* How it ended: "exit status 3: no such device" (the last line of standard error, if there was one). */
void parley_cli_program_verdict(const struct parley_cli_program *p, char out[PARLEY_CLI_VERDICT]);

/* Ends it hard if it still runs, and closes everything. A zeroed one is fine. */
void parley_cli_program_stop(struct parley_cli_program *p);

#endif
