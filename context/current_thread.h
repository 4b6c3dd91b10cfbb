#ifndef PARLEY_CONTEXT_CURRENT_THREAD_H
#define PARLEY_CONTEXT_CURRENT_THREAD_H

#include "context/section.h"
#include "context/transcript.h"

/*
 * What was said in this very thread, newest turn first (reference 8.3).
 */

/* One message of a thread. */
struct parley_message {
    enum parley_role role;
    struct parley_view text; /* of several text parts: joined with newlines */
};

/*
 * True for a message that a host put into a thread in the user's name, not the user: it begins with <tag> and
 * ends with </tag>, white space aside, where the tag is realtime_conversation, startup_context,
 * environment_context or user_instructions. The section leaves these out by itself.
 */
bool parley_message_injected(struct parley_view text);

/* Writes the body of the section, of `count` messages, the oldest first; nothing when there is no turn.
   `turn` is room for one turn. Linear in the bytes of all messages. */
void parley_current_thread(struct parley_section *out, struct parley_section *turn,
                           const struct parley_message *messages, size_t count);

#endif
