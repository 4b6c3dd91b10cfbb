#ifndef PARLEY_TRANSPORT_LOOPBACK_JOURNAL_H
#define PARLEY_TRANSPORT_LOOPBACK_JOURNAL_H

#include "platform/arena.h"
#include "platform/view.h"

/*
 * A queue of texts in a fixed buffer, each whole: what was sent and is not judged yet, what is to be said.
 * Texts stay where they are until the first is dropped, so they can be given out as views.
 */
struct parley_journal {
    char *at;
    size_t size, used;
};

/* A journal over `bytes` bytes out of `arena`. */
struct parley_journal parley_journal(struct parley_arena *arena, size_t bytes);

/* Adds a text; false when it does not fit. */
bool parley_journal_add(struct parley_journal *j, struct parley_view text);

/* The same in two steps, for a text that is written in place: where, and how much fits (NULL for no room at
   all); then how much it was. */
char *parley_journal_room(const struct parley_journal *j, size_t *bytes);
void parley_journal_keep(struct parley_journal *j, size_t bytes);

/* The first text; false when there is none. */
bool parley_journal_first(const struct parley_journal *j, struct parley_view *text);

/* The text after `text`, which is one of the journal's. */
bool parley_journal_after(const struct parley_journal *j, struct parley_view *text);

/* Drops the first text, if there is one; the others move. */
void parley_journal_drop(struct parley_journal *j);

#endif
