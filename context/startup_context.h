#ifndef PARLEY_CONTEXT_STARTUP_CONTEXT_H
#define PARLEY_CONTEXT_STARTUP_CONTEXT_H

#include "context/current_thread.h"
#include "context/recent_work.h"
#include "context/workspace_tree.h"

/*
 * What the model is told of what went before and of the machine, at the start of a conversation (reference
 * 8): the current thread, recent work, a map of the workspace, and a note on where all that is from, each
 * within a budget of its own. It goes behind the prompt as `startup_context` of core/parley.h.
 *
 * Optional at build time: after `CONTEXT=off ./build.sh` nothing of it is built or linked, and everything is
 * compiled with PARLEY_WITHOUT_CONTEXT defined, for programs to say so.
 */
struct parley_startup {
    const struct parley_message *messages; /* of this thread, the oldest first */
    size_t message_count;
    const struct parley_recent_thread
        *threads; /* the one updated last first; PARLEY_RECENT_THREADS at most count */
    size_t thread_count;
    struct parley_view cwd, home; /* absolute paths; absent or empty: there is none */
};

/* Whatever is written, it is not longer. */
enum { PARLEY_STARTUP_CONTEXT_BYTES = 20500 };

/* What a section takes of the tokens it may take; its heading counts. */
enum { PARLEY_STARTUP_SECTIONS = 4 };
struct parley_startup_use {
    const char *title;
    size_t tokens, budget;
};

/* Scratch memory, about 60 KiB, which need not be set to anything. After the call only `uses`, in the order
 * of the sections, is of interest. */
struct parley_startup_work {
    struct parley_startup_use uses[PARLEY_STARTUP_SECTIONS];
    struct parley_section section;
    char cwd[PARLEY_PATH_BYTES], git_root[PARLEY_PATH_BYTES], home[PARLEY_PATH_BYTES];
    union {
        struct parley_section turn;
        struct parley_recent_work recent;
        struct parley_workspace_tree tree;
    } of;
};

/*
 * Writes the whole, with its tags; not terminated. Reads folders and `.git` files, for which it takes time
 * (bounded, see workspace_tree.h), and no more memory than `work` and about 10 KiB of stack. What cannot be
 * read is left out.
 *
 * Returns the length, 0 when there is nothing to tell (no turn, no recent work and no workspace), or
 * PARLEY_ERR_TOO_LONG when `bytes` are not enough, which PARLEY_STARTUP_CONTEXT_BYTES always are.
 */
long parley_startup_context(char *out, size_t bytes, const struct parley_startup *startup,
                            struct parley_startup_work *work);

#endif
