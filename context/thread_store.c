/* The record of past conversations, as it lies on the disk: see thread_store.h. */
#include "context/thread_store.h"

#include "parser/utf8.h"
#include "platform/directory.h"
#include "platform/file.h"
#include "platform/random.h"
#include "platform/status.h"

#include <stdio.h>

static const char suffix[] = ".jsonl";

enum { SUFFIX = sizeof suffix - 1 };

/* ---- names ------------------------------------------------------------------------------------- */

int parley_thread_folder(char folder[PARLEY_THREAD_FOLDER], const char *state_home, const char *home)
{
    int len;

    folder[0] = '\0';
    if (state_home != NULL && state_home[0] == '/')
        len = snprintf(folder, PARLEY_THREAD_FOLDER, "%s/parley/threads", state_home);
    else if (home != NULL && home[0] != '\0')
        len = snprintf(folder, PARLEY_THREAD_FOLDER, "%s/.local/state/parley/threads", home);
    else
        return 0;
    return len < PARLEY_THREAD_FOLDER ? len : PARLEY_ERR_TOO_LONG;
}

bool parley_thread_id_valid(struct parley_view id)
{
    for (size_t i = 0; i < id.len; i++) {
        char at = id.at[i];

        if (!((at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || (at >= '0' && at <= '9') || at == '-' ||
              at == '_'))
            return false;
    }
    return id.len > 0 && id.len < PARLEY_THREAD_ID;
}

void parley_thread_id_new(char id[PARLEY_THREAD_ID], int64_t now_s)
{
    uint64_t now_ms = (now_s > 0 ? (uint64_t)now_s : 0) * 1000;
    unsigned char b[16];
    size_t used = 0;

    parley_random(b, sizeof b);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(now_ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    for (int i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;

        used += (size_t)snprintf(id + used, PARLEY_THREAD_ID - used, "%s%02x", dash ? "-" : "", b[i]);
    }
}

void parley_thread_store_path(const struct parley_thread_store *s, struct parley_view id,
                              char path[PARLEY_THREAD_PATH])
{
    path[0] = '\0';
    if (parley_thread_id_valid(id))
        snprintf(path, PARLEY_THREAD_PATH, "%s/%.*s%s", s->folder, (int)id.len, id.at, suffix);
}

/* The id in the name of a file; absent when the file is none of ours. */
static struct parley_view id_of(struct parley_view name)
{
    struct parley_view id = parley_view_of(name.at, name.len > SUFFIX ? name.len - SUFFIX : 0);

    if (id.len == 0 || memcmp(name.at + id.len, suffix, SUFFIX) != 0 || !parley_thread_id_valid(id))
        return parley_view(NULL);
    return id;
}

void parley_thread_store_open(struct parley_thread_store *s, const char *folder, struct parley_arena *arena,
                              const struct parley_log *log)
{
    *s = (struct parley_thread_store){.log = log != NULL ? *log : (struct parley_log){.write = NULL}};
    snprintf(s->folder, sizeof s->folder, "%s", folder);
    s->scratch = parley_arena_take(arena, PARLEY_THREAD_FILE_BYTES, 1);
    s->places = parley_arena_take(arena, PARLEY_THREAD_FILES, sizeof *s->places);
}

/* ---- one thread -------------------------------------------------------------------------------- */

int parley_thread_store_read(struct parley_thread_store *s, struct parley_view id,
                             struct parley_thread_reader *reader)
{
    struct parley_file_facts facts; /* no pipe is opened, and no link followed */
    char path[PARLEY_THREAD_PATH];
    int status;

    parley_thread_store_path(s, id, path);
    if (path[0] == '\0')
        return PARLEY_ERR_ARGUMENT;
    status = parley_file_look(path, &facts);
    if (status == PARLEY_OK)
        status = parley_file_load(path, s->scratch, PARLEY_THREAD_FILE_BYTES);
    if (status < 0)
        return status;
    *reader = (struct parley_thread_reader){.at = s->scratch, .end = s->scratch + status};
    return PARLEY_OK;
}

int parley_thread_reader_next(struct parley_thread_reader *reader, struct parley_thread_line *line)
{
    while (reader->at < reader->end) {
        size_t left = (size_t)(reader->end - reader->at), len;
        char *text = reader->at, *feed = memchr(text, '\n', left);
        int status;

        len = feed != NULL ? (size_t)(feed - text) : left;
        reader->at = feed != NULL ? feed + 1 : reader->end;
        if (parley_view_trim(parley_view_of(text, len)).len == 0)
            continue;
        status = parley_thread_line_read(line, text, len);
        if (status == 1)
            return 1;
        if (status < 0 && feed == NULL)
            reader->torn = true;
        else if (status < 0)
            reader->unread++;
    }
    return 0;
}

void parley_thread_store_tell(const struct parley_thread_store *s, struct parley_view id,
                              const struct parley_thread_reader *reader)
{
    if (reader->unread > 0)
        parley_log_line(&s->log, PARLEY_LOG_WARN, "thread %.*s: %lu lines cannot be read and are left out",
                        (int)id.len, id.at, (unsigned long)reader->unread);
    if (reader->torn)
        parley_log_line(&s->log, PARLEY_LOG_WARN, "thread %.*s: its last line is not whole and is left out",
                        (int)id.len, id.at);
}

int parley_thread_store_remove(struct parley_thread_store *s, struct parley_view id)
{
    char path[PARLEY_THREAD_PATH];

    parley_thread_store_path(s, id, path);
    return path[0] != '\0' ? parley_file_remove(path) : PARLEY_ERR_ARGUMENT;
}

/* ---- the newest -------------------------------------------------------------------------------- */

/* Newest first; of the same moment the one with the later id. */
static bool is_newer(const struct parley_thread_place *a, const struct parley_thread_place *b)
{
    return a->changed_us != b->changed_us ? a->changed_us > b->changed_us : strcmp(a->id, b->id) > 0;
}

/*
 * Puts *place where it belongs among the `count` newest, of which there can be `most` (at least 1); returns
 * how many there are then. *fell says that there was one too many, which is left in *place.
 */
static size_t insert(struct parley_thread_place *places, size_t count, size_t most,
                     struct parley_thread_place *place, bool *fell)
{
    struct parley_thread_place entering = *place;
    size_t at = count;

    *fell = count == most;
    while (at > 0 && is_newer(&entering, &places[at - 1]))
        at--;
    if (at == most)
        return count;
    if (*fell)
        *place = places[--count];
    memmove(places + at + 1, places + at, (count - at) * sizeof *places);
    places[at] = entering;
    return count + 1;
}

/* What else is done while the folder is read. */
struct pruning {
    int64_t oldest_us; /* what is older goes */
    size_t removed;
};

static void drop(struct parley_thread_store *s, const struct parley_thread_place *place,
                 struct pruning *pruning)
{
    if (pruning != NULL && parley_thread_store_remove(s, parley_view(place->id)) == PARLEY_OK)
        pruning->removed++;
}

/* The place of a file of ours; false for what is none. */
static bool look(struct parley_thread_store *s, struct parley_view name, struct parley_thread_place *place)
{
    struct parley_view id = id_of(name);
    struct parley_file_facts facts;
    char path[PARLEY_THREAD_PATH];

    if (id.at == NULL)
        return false;
    parley_thread_store_path(s, id, path);
    if (parley_file_look(path, &facts) != PARLEY_OK)
        return false;
    memcpy(place->id, id.at, id.len);
    place->id[id.len] = '\0';
    place->changed_us = facts.changed_us;
    return true;
}

/* Reads the folder, and leaves the newest `most` (at least 1) of its threads in s->places; returns how many.
 */
static size_t newest(struct parley_thread_store *s, size_t most, struct pruning *pruning)
{
    struct parley_directory folder;
    struct parley_thread_place place;
    struct parley_view name;
    enum parley_entry kind;
    size_t count = 0;
    bool fell;

    if (parley_directory_open(&folder, s->folder, true) != PARLEY_OK)
        return 0; /* nothing was ever recorded */
    while (parley_directory_next(&folder, &name, &kind) == 1) {
        if (kind != PARLEY_ENTRY_FILE || !look(s, name, &place))
            continue;
        if (pruning != NULL && place.changed_us < pruning->oldest_us) {
            drop(s, &place, pruning);
            continue;
        }
        count = insert(s->places, count, most, &place, &fell);
        if (fell)
            drop(s, &place, pruning);
    }
    parley_directory_close(&folder);
    return count;
}

static size_t at_most_all(size_t most)
{
    return most < PARLEY_THREAD_FILES ? most : PARLEY_THREAD_FILES;
}

size_t parley_thread_store_prune(struct parley_thread_store *s, size_t most, int64_t now_s)
{
    struct pruning pruning = {.oldest_us = (now_s - PARLEY_THREAD_DAYS * INT64_C(86400)) * 1000000};

    newest(s, at_most_all(most), &pruning);
    return pruning.removed;
}

/* ---- at a glance ------------------------------------------------------------------------------- */

static void copy(char *out, size_t bytes, struct parley_view text)
{
    struct parley_view kept = parley_utf8_cut(text, bytes - 1);

    if (kept.len > 0)
        memcpy(out, kept.at, kept.len);
    out[kept.len] = '\0';
}

static void add_line(struct parley_thread_summary *t, const struct parley_thread_line *line)
{
    switch (line->kind) {
    case PARLEY_THREAD_SESSION:
        copy(t->cwd, sizeof t->cwd, line->cwd);
        copy(t->branch, sizeof t->branch, line->branch);
        break;
    case PARLEY_THREAD_USER:
        if (t->asks == 0)
            copy(t->ask, sizeof t->ask, line->text);
        t->asks++;
        break;
    case PARLEY_THREAD_ASSISTANT:
        t->replies++;
        break;
    case PARLEY_THREAD_HANDOFF:
        t->handoffs++;
        break;
    }
}

/* False when there is nothing to be known of it. */
static bool summarise(struct parley_thread_store *s, const char *id, struct parley_thread_summary *t)
{
    struct parley_thread_reader reader;
    struct parley_thread_line line;
    bool any = false;
    int status = parley_thread_store_read(s, parley_view(id), &reader);

    *t = (struct parley_thread_summary){.asks = 0};
    copy(t->id, sizeof t->id, parley_view(id));
    if (status != PARLEY_OK) {
        parley_log_line(&s->log, PARLEY_LOG_WARN, "thread %s is left out: %s", id,
                        status == PARLEY_ERR_TOO_LONG ? "it is too long" : parley_file_reason());
        return false;
    }
    while (parley_thread_reader_next(&reader, &line) == 1) {
        if (!any)
            t->created_s = line.at_s;
        any = true;
        t->updated_s = line.at_s;
        add_line(t, &line);
    }
    parley_thread_store_tell(s, parley_view(id), &reader);
    return any && t->cwd[0] != '\0';
}

size_t parley_thread_store_list(struct parley_thread_store *s, struct parley_thread_summary *out, size_t most)
{
    size_t found = most > 0 ? newest(s, at_most_all(most), NULL) : 0, count = 0;

    for (size_t i = 0; i < found; i++)
        if (summarise(s, s->places[i].id, &out[count]))
            count++;
    return count;
}
