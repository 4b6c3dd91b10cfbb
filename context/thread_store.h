#ifndef PARLEY_CONTEXT_THREAD_STORE_H
#define PARLEY_CONTEXT_THREAD_STORE_H

#include "context/thread_line.h"
#include "platform/arena.h"
#include "platform/log.h"

/*
 * parley's own record of conversations ("threads"): a folder with a file ID.jsonl for each, whose lines are
 * those of thread_line.h. This reads, lists and removes; thread_log.h writes.
 *
 * Files are only ever appended to, one line with one write, so that what was said is there even if the
 * program was killed, and at worst the last line is torn. Such a line, and any other that cannot be read, is
 * left out and told to the log; so is a file that is none of ours. Reads the disk, so not for the loop.
 */
enum {
    PARLEY_THREAD_ID = 65,              /* with its zero */
    PARLEY_THREAD_FOLDER = 1024,        /* likewise */
    PARLEY_THREAD_FILE_BYTES = 1 << 20, /* no file is longer: a day of talking takes less */
    PARLEY_THREAD_FILES = 200,          /* kept at most, */
    PARLEY_THREAD_DAYS = 90,            /* and no longer since they were last written to */
};

/* A place of parley_thread_store_newest. */
struct parley_thread_place {
    char id[PARLEY_THREAD_ID];
    int64_t changed_us;
};

struct parley_thread_store {
    char folder[PARLEY_THREAD_FOLDER];
    char *scratch; /* a file while it is read */
    struct parley_thread_place *places;
    struct parley_log log;
};

/*
 * Where the record is: $XDG_STATE_HOME/parley/threads, or ~/.local/state/parley/threads when that variable is
 * missing, empty or no absolute path (XDG Base Directory Specification 0.8). Returns the length, 0 when there
 * is neither, or PARLEY_ERR_TOO_LONG.
 */
int parley_thread_folder(char folder[PARLEY_THREAD_FOLDER], const char *state_home, const char *home);

/* A store over a folder, which need not exist; its memory comes out of `arena`. `log` hears what is left out.
 */
void parley_thread_store_open(struct parley_thread_store *s, const char *folder, struct parley_arena *arena,
                              const struct parley_log *log);

/* True for what can be the id of a thread, and so the name of a file: 1 to 64 letters, digits, '-' and '_'.
 */
bool parley_thread_id_valid(struct parley_view id);

/* A new id: a UUID of version 7 (RFC 9562 section 5.7), so that they sort by age. */
void parley_thread_id_new(char id[PARLEY_THREAD_ID], int64_t now_s);

/* What is to be known of a thread at a glance. Texts are cut at a whole character. */
struct parley_thread_summary {
    char id[PARLEY_THREAD_ID];
    char cwd[1024], branch[256]; /* of its last session; branch "" when there is none */
    char ask[1024];              /* the first thing the user said; "" when nothing was */
    int64_t created_s, updated_s;
    size_t asks, replies, handoffs;
};

/* Fills `out` with the newest threads, at most `most` and PARLEY_THREAD_FILES, the one last written to first;
   returns how many. Those without a line that can be read are left out. */
size_t parley_thread_store_list(struct parley_thread_store *s, struct parley_thread_summary *out,
                                size_t most);

/* The lines of a thread, one after the other. */
struct parley_thread_reader {
    char *at, *end;
    size_t unread; /* lines that could not be read */
    bool torn;     /* the last one is not whole */
};

/* Loads a thread into the store's memory, where it stays until the next call with the store. Returns
   PARLEY_OK, PARLEY_ERR_ARGUMENT for what is no id, PARLEY_ERR_FILE, or PARLEY_ERR_TOO_LONG. */
int parley_thread_store_read(struct parley_thread_store *s, struct parley_view id,
                             struct parley_thread_reader *reader);

/* The next line that can be read; its views stay as long as what was loaded. Returns 1, or 0 at the end. */
int parley_thread_reader_next(struct parley_thread_reader *reader, struct parley_thread_line *line);

/* Tells the log what had to be left out of thread `id`, if anything. */
void parley_thread_store_tell(const struct parley_thread_store *s, struct parley_view id,
                              const struct parley_thread_reader *reader);

/* Removes a thread for good. Returns PARLEY_OK, PARLEY_ERR_ARGUMENT for what is no id, or PARLEY_ERR_FILE. */
int parley_thread_store_remove(struct parley_thread_store *s, struct parley_view id);

/* Removes all but the newest `most` threads, and all that are older than PARLEY_THREAD_DAYS; returns how many
   that were. */
size_t parley_thread_store_prune(struct parley_thread_store *s, size_t most, int64_t now_s);

/* The path of a thread's file; "" for what is no id or would be too long. */
enum { PARLEY_THREAD_PATH = PARLEY_THREAD_FOLDER + PARLEY_THREAD_ID + 8 };
void parley_thread_store_path(const struct parley_thread_store *s, struct parley_view id,
                              char path[PARLEY_THREAD_PATH]);

#endif
