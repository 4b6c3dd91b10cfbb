#ifndef PARLEY_CORE_RESTORE_H
#define PARLEY_CORE_RESTORE_H

#include "core/conversation.h"

/*
 * From one session to the next. The service forgets a session with its link; what the user would miss is
 * kept here, within fixed bounds, and said again:
 *
 *   what was said   As items of the conversation, in its order: speech of both sides as text, what the user
 *                   typed, what the agent told. Bounded by limits.transcript_bytes; the oldest goes.
 *   what waits      Messages of the host that were not sent, or only in part.
 *   what was heard  by nobody: microphone audio of which no text has come (see speech.h); the service hears
 *                   it as something new and answers it by itself.
 *   who is owed     A response that was asked for, or was due, and of which nothing has come.
 *
 * What names something of the old session (truncations, outputs of function calls) is dropped with it.
 */

/* Kinds of entries of the memory (see parley_transcript_add); speech has 0. */
enum {
    PARLEY_MEMORY_QUEUED = 1, /* has been put into the outbox as PARLEY_OUTBOX_HOST */
    PARLEY_MEMORY_TOLD = 2,   /* has not, or only for its session */
};

void parley_restore_open(struct parley_conversation *c, struct parley_arena *arena,
                         const struct parley_limits *limits);

/* Keeps a text that was put into the conversation in other ways than by speech. */
void parley_remember(struct parley_conversation *c, unsigned kind, struct parley_view label,
                     struct parley_view text);

/* The session is gone: everything in flight is settled. */
void parley_restore_settle(struct parley_conversation *c);

/* A new session has begun: restoring starts. */
void parley_restore_begin(struct parley_conversation *c);

/* Makes the next message of it, in restore.rest; or, with restore.turns, it is one that waits in the outbox.
   False when there is none: then, the first time, the host is told that the conversation goes on. */
bool parley_restore_next(struct parley_conversation *c);

#endif
