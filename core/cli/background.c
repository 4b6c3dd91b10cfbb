/*
 * The startup context of the programs: see background.h.
 */
#include "core/cli/background.h"

#include "platform/directory.h"
#include "platform/file.h"
#include "platform/user.h"

#include <stdio.h>
#include <stdlib.h>

#ifndef PARLEY_WITHOUT_CONTEXT

enum { MESSAGES = 2048 }; /* more than the section can show, whatever they are */

struct work {
    char here[PARLEY_PATH_BYTES], cwd[PARLEY_PATH_BYTES], home[PARLEY_PATH_BYTES];
    struct parley_cli_store store;
    struct parley_thread_summary summaries[PARLEY_RECENT_THREADS];
    struct parley_recent_thread threads[PARLEY_RECENT_THREADS];
    struct parley_message messages[MESSAGES];
    struct parley_startup startup;
    struct parley_startup_work rendering;
};

static int refuse(struct parley_cli_background *b, int status, const char *what, const char *why)
{
    snprintf(b->why, sizeof b->why, "%.200s: %.200s", what, why);
    return status;
}

/* ---- where ----------------------------------------------------------------------------------- */

/* Writes `path`, seen from the working folder, in plain form. A folder that was named has to be one. */
static int find_folder(struct parley_cli_background *b, struct work *w, char out[PARLEY_PATH_BYTES],
                       const char *path)
{
    if (parley_path_plain(out, parley_view(w->here), parley_view(path)) == 0)
        return refuse(b, PARLEY_ERR_ARGUMENT, path, "this cannot be a folder");
    if (parley_directory_look(out) != PARLEY_ENTRY_FOLDER)
        return refuse(b, PARLEY_ERR_FILE, path, "there is no such folder");
    return PARLEY_OK;
}

static int find_folders(struct parley_cli_background *b, struct work *w,
                        const struct parley_cli_background_wish *wish)
{
    int status = PARLEY_OK;

    if (parley_file_working_folder(w->here, sizeof w->here) < 0)
        w->here[0] = '\0'; /* it may have been removed */
    memcpy(w->cwd, w->here, sizeof w->cwd);
    if (wish->cwd != NULL)
        status = find_folder(b, w, w->cwd, wish->cwd);
    if (status == PARLEY_OK && wish->home != NULL)
        status = find_folder(b, w, w->home, wish->home);
    else if (wish->home == NULL && parley_user_home(w->home, sizeof w->home) < 0)
        w->home[0] = '\0';
    w->startup.cwd = parley_view(w->cwd);
    w->startup.home = parley_view(w->home);
    return status;
}

/* ---- earlier conversations ------------------------------------------------------------------- */

static void take_threads(struct work *w)
{
    size_t count = parley_thread_store_list(&w->store.files, w->summaries, PARLEY_RECENT_THREADS);

    for (size_t i = 0; i < count; i++) {
        const struct parley_thread_summary *t = &w->summaries[i];

        w->threads[i] = (struct parley_recent_thread){
            .cwd = parley_view(t->cwd),
            .branch = parley_view(t->branch),
            .ask = parley_view(t->ask),
            .updated_us = t->updated_s * 1000000,
        };
    }
    w->startup.threads = w->threads;
    w->startup.thread_count = count;
}

static void add_message(struct work *w, enum parley_role role, struct parley_view text)
{
    if (w->startup.message_count == MESSAGES) {
        memmove(w->messages, w->messages + MESSAGES / 2, MESSAGES / 2 * sizeof *w->messages);
        w->startup.message_count = MESSAGES / 2;
    }
    w->messages[w->startup.message_count++] = (struct parley_message){role, text};
}

static int take_messages(struct parley_cli_background *b, struct work *w, struct parley_view id)
{
    struct parley_thread_reader reader;
    struct parley_thread_line line;
    int status = parley_thread_store_read(&w->store.files, id, &reader);

    if (status != PARLEY_OK)
        return refuse(b, status, id.at,
                      status == PARLEY_ERR_FILE ? "there is no such thread" : "this cannot be a thread");
    while (parley_thread_reader_next(&reader, &line) == 1)
        if (line.kind == PARLEY_THREAD_USER || line.kind == PARLEY_THREAD_ASSISTANT)
            add_message(w, line.kind == PARLEY_THREAD_USER ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT,
                        line.text);
    parley_thread_store_tell(&w->store.files, id, &reader);
    w->startup.messages = w->messages;
    return PARLEY_OK;
}

/* Without a folder for the record nothing is known of earlier conversations, which is no failure unless one
   was asked for. */
static int look_back(struct parley_cli_background *b, struct work *w,
                     const struct parley_cli_background_wish *wish)
{
    const struct parley_log log = {wish->quiet ? NULL : parley_cli_store_warn, NULL, PARLEY_LOG_WARN};
    int status = wish->no_store ? PARLEY_OK : parley_cli_store_open(&w->store, &log, b->why);

    if (wish->no_store || (status == PARLEY_ERR_FILE && wish->thread == NULL))
        return PARLEY_OK;
    if (status == PARLEY_OK)
        take_threads(w);
    if (status == PARLEY_OK && wish->thread != NULL)
        status = take_messages(b, w, parley_view(wish->thread));
    return status;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int render(struct parley_cli_background *b, struct work *w)
{
    long len = parley_startup_context(b->memory, PARLEY_STARTUP_CONTEXT_BYTES, &w->startup, &w->rendering);

    if (len > 0)
        b->text = parley_view_of(b->memory, (size_t)len);
    memcpy(b->uses, w->rendering.uses, sizeof b->uses);
    return PARLEY_OK;
}

int parley_cli_background_make(struct parley_cli_background *b, const struct parley_cli_background_wish *wish)
{
    struct work *w = calloc(1, sizeof *w);
    int status = PARLEY_OK;

    *b = (struct parley_cli_background){.memory = malloc(PARLEY_STARTUP_CONTEXT_BYTES)};
    if (w == NULL || b->memory == NULL)
        status = refuse(b, PARLEY_ERR_MEMORY, "startup context", "no memory");
    if (status == PARLEY_OK)
        status = find_folders(b, w, wish);
    if (status == PARLEY_OK)
        status = look_back(b, w, wish);
    if (status == PARLEY_OK)
        status = render(b, w);
    if (w != NULL)
        parley_cli_store_close(&w->store);
    free(w);
    return status;
}

#else

int parley_cli_background_make(struct parley_cli_background *b, const struct parley_cli_background_wish *wish)
{
    (void)wish;
    *b = (struct parley_cli_background){.why = "this program was built without the startup context"};
    return PARLEY_ERR_STATE;
}

#endif

void parley_cli_background_free(struct parley_cli_background *b)
{
    free(b->memory);
    *b = (struct parley_cli_background){.memory = NULL};
}
