#ifndef PARLEY_TEST_CONVERSATIONS_PARTNER_H
#define PARLEY_TEST_CONVERSATIONS_PARTNER_H

#include "test/wire/conversations/story.h"

/*
 * The other one in a conversation: the built-in service, as a judge of what the host says, or one that says
 * anything. What it says goes out by wire.h and is written down.
 */
enum { SCRIPT_SAID = 2048, SCRIPT_BYTES = 2 * 1024 * 1024 };

/* What a service said. */
struct script {
    char bytes[SCRIPT_BYTES];
    size_t used;
    struct {
        size_t at, length;
        unsigned phase;
        bool binary, told; /* told: as an event */
    } said[SCRIPT_SAID];
    unsigned count;
};

/* Begins a session, and `script` anew. */
void partner_start(const struct story *story, bool strict, struct script *script, uint64_t now_us);

/* The host says this; it is heard at the next turn. */
void partner_note(struct parley_view message);

/* Hears what was noted, and says what it has to say by now: in a phase that of the phase as well (NULL:
   none). Returns the code with which it closes, once; else 0. A rule that the host broke ends the test. */
int partner_turn(const struct phase *phase, unsigned number, uint64_t now_us);

#endif
