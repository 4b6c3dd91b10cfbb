/*
 * The record of conversations: see record.h.
 */
#include "core/cli/record.h"

#include "context/git_branch.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/user.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the store ------------------------------------------------------------------------------- */

static int refuse(char *why, int status, const char *what)
{
    snprintf(why, PARLEY_CLI_RECORD_WHY, "%s", what);
    return status;
}

int parley_cli_store_open(struct parley_cli_store *s, const struct parley_log *log,
                          char why[PARLEY_CLI_RECORD_WHY])
{
    char folder[PARLEY_THREAD_FOLDER], home[PARLEY_THREAD_FOLDER];
    struct parley_arena arena = parley_arena(NULL, 0);
    int len = parley_user_home(home, sizeof home);

    *s = (struct parley_cli_store){.memory = NULL};
    if (len >= 0)
        len = parley_thread_folder(folder, parley_process_environment("XDG_STATE_HOME"), home);
    if (len <= 0)
        return refuse(why, PARLEY_ERR_FILE,
                      len == 0 ? "no folder for the record of conversations: HOME is not set"
                               : "the folder for the record of conversations has too long a name");
    parley_thread_store_open(&s->files, folder, &arena, log);
    s->memory = malloc(arena.used);
    if (s->memory == NULL)
        return refuse(why, PARLEY_ERR_MEMORY, "no memory for the record of conversations");
    arena = parley_arena(s->memory, arena.used);
    parley_thread_store_open(&s->files, folder, &arena, log);
    return PARLEY_OK;
}

void parley_cli_store_close(struct parley_cli_store *s)
{
    free(s->memory);
    s->memory = NULL;
}

void parley_cli_store_warn(void *nobody, enum parley_log_level level, struct parley_view line)
{
    (void)nobody;
    if (level <= PARLEY_LOG_WARN)
        fprintf(stderr, "parley: %.*s\n", (int)line.len, line.at);
}

/* ---- one conversation ------------------------------------------------------------------------ */

static int open_log(struct parley_cli_record *r, struct parley_cli_store *s, const char *id,
                    struct parley_arena *arena)
{
    char cwd[PARLEY_PATH_BYTES], branch[sizeof r->log.branch];

    if (parley_file_working_folder(cwd, sizeof cwd) < 0)
        snprintf(cwd, sizeof cwd, "/");
    if (parley_git_branch(branch, sizeof branch, parley_view(cwd)) == 0)
        branch[0] = '\0';
    return parley_thread_log_open(&r->log, &s->files, parley_view(id), parley_view(cwd), parley_view(branch),
                                  parley_clock_unix_s(), arena);
}

int parley_cli_record_open(struct parley_cli_record *r, const char *id, char why[PARLEY_CLI_RECORD_WHY])
{
    struct parley_cli_store store;
    struct parley_arena arena;
    size_t bytes = parley_thread_log_memory();
    int status;

    *r = (struct parley_cli_record){.on = false};
    status = parley_cli_store_open(&store, NULL, why);
    if (status == PARLEY_ERR_FILE && id == NULL)
        return PARLEY_OK; /* a user without a home leaves nothing behind */
    if (status != PARLEY_OK)
        return status;
    r->memory = malloc(bytes);
    arena = parley_arena(r->memory, bytes);
    status = r->memory != NULL ? open_log(r, &store, id, &arena) : PARLEY_ERR_MEMORY;
    if (status != PARLEY_OK)
        refuse(why, status, r->memory != NULL ? r->log.why : "no memory for the record of this conversation");
    parley_cli_store_close(&store);
    r->on = status == PARLEY_OK;
    return status;
}

static void write_line(struct parley_cli_record *r, enum parley_thread_line_kind kind,
                       struct parley_view text, struct parley_cli_report *report)
{
    if (r->on && parley_thread_log_write(&r->log, kind, text, parley_clock_unix_s()) != PARLEY_OK)
        parley_cli_report_wrong(report, r->log.why);
}

void parley_cli_record_event(struct parley_cli_record *r, const struct parley_event *event,
                             struct parley_cli_report *report)
{
    switch (event->kind) {
    case PARLEY_EVENT_USER_DONE:
        write_line(r, PARLEY_THREAD_USER, event->text, report);
        break;
    case PARLEY_EVENT_REPLY_DONE:
        write_line(r, PARLEY_THREAD_ASSISTANT, event->text, report);
        break;
    case PARLEY_EVENT_HANDOFF:
        write_line(r, PARLEY_THREAD_HANDOFF, event->text, report);
        break;
    default: /* not said */
        break;
    }
}

void parley_cli_record_typed(struct parley_cli_record *r, struct parley_view line,
                             struct parley_cli_report *report)
{
    write_line(r, PARLEY_THREAD_USER, line, report);
}

void parley_cli_record_close(struct parley_cli_record *r)
{
    if (r->on)
        parley_thread_log_close(&r->log);
    free(r->memory);
    *r = (struct parley_cli_record){.on = false};
}
