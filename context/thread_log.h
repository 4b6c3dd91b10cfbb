#ifndef PARLEY_CONTEXT_THREAD_LOG_H
#define PARLEY_CONTEXT_THREAD_LOG_H

#include "context/thread_store.h"

/*
 * Writes one conversation into the record while it is held: see thread_store.h for where and how. The file,
 * mode 0600 in a folder of mode 0700, is made with the first line, so a conversation in which nobody said
 * anything leaves nothing behind.
 */
enum {
    PARLEY_THREAD_WHY = 400,
    PARLEY_THREAD_TEXT_TOKENS = 4096, /* a longer text loses its middle */
};

struct parley_thread_log {
    char id[PARLEY_THREAD_ID];
    char folder[PARLEY_THREAD_FOLDER], path[PARLEY_THREAD_PATH];
    char cwd[1024], branch[256];
    int fd;               /* -1: not open */
    size_t bytes;         /* in the file */
    bool session_written; /* of this session, by us */
    bool torn;            /* the last line in the file is not whole */
    bool told;            /* that something went wrong */
    char *text, *line;    /* scratch */
    char why[PARLEY_THREAD_WHY];
};

/* The bytes of an arena that parley_thread_log_open takes. */
size_t parley_thread_log_memory(void);

/*
 * Prepares to write: to a new thread when `id` is absent, for which the oldest ones make room, else to the
 * thread of that id. Memory comes out of `arena`; nothing is written yet. Returns PARLEY_OK, or
 * PARLEY_ERR_ARGUMENT for what is no id, PARLEY_ERR_FILE when it cannot be read, with one line in `why`.
 */
int parley_thread_log_open(struct parley_thread_log *l, struct parley_thread_store *s, struct parley_view id,
                           struct parley_view cwd, struct parley_view branch, int64_t now_s,
                           struct parley_arena *arena);

/*
 * Appends what was said or asked; blank text is not worth a line. When that fails it returns PARLEY_ERR_FILE
 * with one line in `why`, the first time; later failures are not told again, but each new line is tried.
 * Returns PARLEY_OK otherwise.
 */
int parley_thread_log_write(struct parley_thread_log *l, enum parley_thread_line_kind kind,
                            struct parley_view text, int64_t now_s);

/* Closes the file. */
void parley_thread_log_close(struct parley_thread_log *l);

#endif
