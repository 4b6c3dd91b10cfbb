#ifndef PARLEY_CONTEXT_RECENT_WORK_H
#define PARLEY_CONTEXT_RECENT_WORK_H

#include "context/path.h"
#include "context/section.h"
#include <stdint.h>

/*
 * What was lately asked for and where, by repository or folder (reference 8.4).
 */
enum { PARLEY_RECENT_THREADS = 40, PARLEY_RECENT_ROOTS_BYTES = 8192 };

/* A stored thread at a glance. */
struct parley_recent_thread {
    struct parley_view cwd;    /* the absolute path of the folder it last worked in; absent: left out */
    struct parley_view branch; /* of git there; absent or empty: none is known */
    struct parley_view ask;    /* the first message of the user; absent or empty: there is none */
    int64_t updated_us;        /* since 1970-01-01 UTC */
};

/* Where it works. Complete here so that the caller can have it; of no interest otherwise. */
struct parley_recent_work {
    struct parley_recent_place {
        const struct parley_recent_thread *thread;
        struct parley_view key; /* the root of its repository, else its cwd */
        int64_t group_us;       /* when any thread with that key was updated last */
        bool git;
    } places[PARLEY_RECENT_THREADS];
    char plain[PARLEY_PATH_BYTES];
    char roots[PARLEY_RECENT_ROOTS_BYTES]; /* keys that are no part of a cwd: repositories of linked worktrees
                                            */
    size_t roots_used;
};

/*
 * Writes the body of the section, of the first PARLEY_RECENT_THREADS of `count` threads, the one updated last
 * first; nothing when no group is worth it. `cwd` is that of the present session, absent when it has none.
 * Looks for the repository of each thread (git_root.h).
 */
void parley_recent_work(struct parley_section *out, struct parley_recent_work *work, struct parley_view cwd,
                        const struct parley_recent_thread *threads, size_t count);

#endif
