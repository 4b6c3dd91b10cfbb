#ifndef PARLEY_CONTEXT_TRANSCRIPT_H
#define PARLEY_CONTEXT_TRANSCRIPT_H

#include "platform/arena.h"
#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * What was said, as the agent will be told (reference 5, variant S+): entries of a role and a text, of which
 * each handoff gets those since the last one. Bounded: when the text does not fit, the oldest entries
 * go (of a single one that is too long, its beginning), and the bytes lost are counted until the next handoff
 * tells them. Entries handed off are kept as long as there is room: a request that stands among them is not
 * added again.
 */
enum parley_role { PARLEY_ROLE_USER, PARLEY_ROLE_ASSISTANT };

struct parley_transcript_entry {
    enum parley_role role;
    struct parley_view text; /* good until the next change of the transcript */
};

struct parley_transcript; /* complete in transcript.c */

/* Each entry takes this much of the bound besides its text, and a bound is at least that large. */
enum { PARLEY_TRANSCRIPT_ENTRY_BYTES = 8, PARLEY_TRANSCRIPT_MIN_BYTES = 64 };

/* Carves one that holds `bytes` bytes. NULL when the arena only counts or is full. */
struct parley_transcript *parley_transcript_open(struct parley_arena *arena, size_t bytes);

/* The user began to speak / the model began a response: the next text of that role is a new entry. */
void parley_transcript_begin(struct parley_transcript *t, enum parley_role role);

/* More text of a role: joins the last entry if it is of that role and none was begun since. Empty: nothing,
   but the "begun" mark is used up (reference 5). */
void parley_transcript_delta(struct parley_transcript *t, enum parley_role role, struct parley_view text);

/* The whole text: replaces the last entry under the same conditions, else is a new one. Empty: as above. */
void parley_transcript_done(struct parley_transcript *t, enum parley_role role, struct parley_view text);

/*
 * A handoff with this request: adds it as a user entry unless an entry of the user with the same trimmed
 * text exists, then makes the entries since the last handoff available to parley_transcript_entry and marks
 * them handed off. *dropped gets the bytes lost to the bound since the last handoff.
 * Returns the number of entries.
 */
size_t parley_transcript_handoff(struct parley_transcript *t, struct parley_view request, size_t *dropped);

/* The i-th entry of the last handoff; only until the transcript changes (then, and for an `i` beyond, the
   text is absent). */
struct parley_transcript_entry parley_transcript_entry(const struct parley_transcript *t, size_t i);

/* An entry of role USER that nothing joins: `label`, of at most half of what is kept in all, and `text`, of
   which the beginning goes where it is too long. `kind` is a mark of the caller's, from 1 to 3; entries of
   deltas have 0. */
void parley_transcript_add(struct parley_transcript *t, unsigned kind, struct parley_view label,
                           struct parley_view text);

/* Takes away what has come of a turn of this role as deltas alone, as it will be said once more: entries that
   something follows become empty. What comes then is a new entry. */
void parley_transcript_take_back(struct parley_transcript *t, enum parley_role role);

/* All entries kept, handed off or not, by number: those from `first` to before `end`. They are counted from
   parley_transcript_open on, so a number means the same entry as long as that is kept. */
size_t parley_transcript_first(const struct parley_transcript *t);
size_t parley_transcript_end(const struct parley_transcript *t);
struct parley_transcript_entry parley_transcript_at(const struct parley_transcript *t, size_t number,
                                                    unsigned *kind);

/* False once something went because of the bound. */
bool parley_transcript_is_complete(const struct parley_transcript *t);

#endif
