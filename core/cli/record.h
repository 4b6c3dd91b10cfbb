#ifndef PARLEY_CLI_RECORD_H
#define PARLEY_CLI_RECORD_H

#include "context/thread_log.h"
#include "core/cli/report.h"

/*
 * The record of conversations (context/thread_store.h) as the programs use it: where it is, and what of a
 * conversation goes into it.
 */
enum { PARLEY_CLI_RECORD_WHY = 512 };

/* A store in the folder of this user, with memory from the heap. */
struct parley_cli_store {
    struct parley_thread_store files;
    void *memory;
};

/* Opens it; `log` may be NULL. Returns PARLEY_OK, or PARLEY_ERR_FILE when there is no folder for such things
   and PARLEY_ERR_MEMORY, with one line in `why`. */
int parley_cli_store_open(struct parley_cli_store *s, const struct parley_log *log,
                          char why[PARLEY_CLI_RECORD_WHY]);
void parley_cli_store_close(struct parley_cli_store *s);

/* A parley_log_fn: warnings and worse, to standard error. */
void parley_cli_store_warn(void *nobody, enum parley_log_level level, struct parley_view line);

/* One conversation as it is recorded. Zeroed, it is not. */
struct parley_cli_record {
    bool on;
    struct parley_thread_log log;
    void *memory;
};

/*
 * Begins to record in thread `id` (NULL: a new one), as one held in the working folder. A user who has no
 * home leaves nothing behind. Returns PARLEY_OK, or a negative status with one line in `why`: then nothing is
 * recorded.
 */
int parley_cli_record_open(struct parley_cli_record *r, const char *id, char why[PARLEY_CLI_RECORD_WHY]);

/* What happened, and what was typed. What goes wrong is reported once. */
void parley_cli_record_event(struct parley_cli_record *r, const struct parley_event *event,
                             struct parley_cli_report *report);
void parley_cli_record_typed(struct parley_cli_record *r, struct parley_view line,
                             struct parley_cli_report *report);

/* Also of one that was never opened. */
void parley_cli_record_close(struct parley_cli_record *r);

#endif
