/* Writes a conversation into the record: see thread_log.h. */
#include "context/thread_log.h"

#include "context/token_budget.h"
#include "parser/utf8.h"
#include "platform/file.h"
#include "platform/status.h"

#include <stdio.h>

enum {
    TEXT_BYTES = PARLEY_THREAD_TEXT_TOKENS * 4 + 64, /* with the mark of what was cut */
    LINE_BYTES = TEXT_BYTES * 6 + 256,               /* each byte an escape, at the worst */
};

/* ---- opening ----------------------------------------------------------------------------------- */

static int refuse(struct parley_thread_log *l, int status, struct parley_view id, const char *why)
{
    snprintf(l->why, sizeof l->why, "thread %.*s: %.160s", (int)(id.len < 80 ? id.len : 80), id.at, why);
    return status;
}

static void copy(char *out, size_t bytes, struct parley_view text)
{
    struct parley_view kept = parley_utf8_cut(text, bytes - 1);

    if (kept.len > 0)
        memcpy(out, kept.at, kept.len);
    out[kept.len] = '\0';
}

/* The thread must be there, and may end with a line that was torn when the machine went down. */
static int find_end(struct parley_thread_log *l, struct parley_thread_store *s, struct parley_view id)
{
    struct parley_thread_reader reader;
    int status = parley_thread_store_read(s, id, &reader);

    if (status == PARLEY_ERR_ARGUMENT)
        return refuse(l, status, id, "this is not the name of a thread");
    if (status != PARLEY_OK)
        return refuse(l, status, id, status == PARLEY_ERR_TOO_LONG ? "it is too long" : parley_file_reason());
    l->bytes = (size_t)(reader.end - reader.at);
    l->torn = l->bytes > 0 && reader.end[-1] != '\n';
    return PARLEY_OK;
}

static void carve(struct parley_thread_log *l, struct parley_arena *arena)
{
    l->text = parley_arena_take(arena, TEXT_BYTES, 1);
    l->line = parley_arena_take(arena, LINE_BYTES, 1);
}

size_t parley_thread_log_memory(void)
{
    struct parley_arena arena = parley_arena(NULL, 0);
    struct parley_thread_log scratch;

    carve(&scratch, &arena);
    return arena.used;
}

int parley_thread_log_open(struct parley_thread_log *l, struct parley_thread_store *s, struct parley_view id,
                           struct parley_view cwd, struct parley_view branch, int64_t now_s,
                           struct parley_arena *arena)
{
    *l = (struct parley_thread_log){.fd = -1};
    carve(l, arena);
    memcpy(l->folder, s->folder, sizeof l->folder);
    copy(l->cwd, sizeof l->cwd, cwd);
    copy(l->branch, sizeof l->branch, branch);
    if (id.at == NULL) {
        parley_thread_store_prune(s, PARLEY_THREAD_FILES - 1, now_s);
        parley_thread_id_new(l->id, now_s);
    } else {
        int status = find_end(l, s, id);

        if (status != PARLEY_OK)
            return status;
        copy(l->id, sizeof l->id, id);
    }
    parley_thread_store_path(s, parley_view(l->id), l->path);
    return PARLEY_OK;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static int failed(struct parley_thread_log *l, const char *what, const char *why)
{
    if (l->told)
        return PARLEY_OK;
    l->told = true;
    snprintf(l->why, sizeof l->why, "this conversation is not recorded: %.200s: %.120s", what, why);
    return PARLEY_ERR_FILE;
}

static bool open_file(struct parley_thread_log *l)
{
    if (l->fd < 0 && parley_file_make_folder(l->folder) == PARLEY_OK)
        l->fd = parley_file_open(l->path, PARLEY_FILE_APPEND);
    return l->fd >= 0;
}

/* One line, one write. What comes behind a torn line begins a new one. */
static int put(struct parley_thread_log *l, const struct parley_thread_line *line)
{
    struct parley_render r = parley_render(l->line, LINE_BYTES);
    int put;

    if (l->torn)
        parley_render_raw(&r, parley_view("\n"));
    parley_thread_line_render(&r, line);
    if (r.overflow || l->bytes + r.used > PARLEY_THREAD_FILE_BYTES)
        return failed(l, l->path, "the file has its largest size");
    if (!open_file(l))
        return failed(l, l->path, parley_file_reason());
    put = parley_file_write(l->fd, r.at, r.used);
    if (put > 0)
        l->bytes += (size_t)put;
    if (put > 0)
        l->torn = (size_t)put < r.used;
    if (put >= 0 && (size_t)put == r.used)
        return 1;
    return failed(l, l->path, put < 0 ? parley_file_reason() : "No space left on device");
}

/* Long texts lose their middle, as they do for the model. */
static struct parley_view shorten(struct parley_thread_log *l, struct parley_view text)
{
    long len = parley_truncate(l->text, TEXT_BYTES, text, PARLEY_THREAD_TEXT_TOKENS);

    return len >= 0 ? parley_view_of(l->text, (size_t)len) : parley_utf8_cut(text, TEXT_BYTES);
}

int parley_thread_log_write(struct parley_thread_log *l, enum parley_thread_line_kind kind,
                            struct parley_view text, int64_t now_s)
{
    struct parley_thread_line session = {.kind = PARLEY_THREAD_SESSION,
                                         .at_s = now_s,
                                         .cwd = parley_view(l->cwd),
                                         .branch = parley_view(l->branch[0] != '\0' ? l->branch : NULL)};
    struct parley_thread_line line = {.kind = kind, .at_s = now_s};
    int status;

    if (parley_utf8_trim(text).len == 0)
        return PARLEY_OK;
    if (!l->session_written) {
        status = put(l, &session);
        if (status != 1)
            return status;
        l->session_written = true;
    }
    line.text = shorten(l, text);
    status = put(l, &line);
    return status == 1 ? PARLEY_OK : status;
}

void parley_thread_log_close(struct parley_thread_log *l)
{
    parley_file_close(l->fd);
    l->fd = -1;
}
