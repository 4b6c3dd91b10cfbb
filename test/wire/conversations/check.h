#ifndef PARLEY_TEST_CONVERSATIONS_CHECK_H
#define PARLEY_TEST_CONVERSATIONS_CHECK_H

#include "core/parley.h"

/* What an event holds, as a number, and as what the service said. */

uint64_t check_hash(uint64_t hash, const void *bytes, size_t length);

/* Everything in it, and the lines of a handoff. */
uint64_t check_hash_event(const struct parley_conversation *c, const struct parley_event *event);

/* Sound and text of an event are those of the message it was made of, by a reader of JSON and base64 that is
   not ours. */
void check_event(const struct parley_event *event, struct parley_view message);

/* True for a message that has to become an event. */
bool check_has_event(struct parley_view message);

#endif
