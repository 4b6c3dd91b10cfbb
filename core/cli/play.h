#ifndef PARLEY_CLI_PLAY_H
#define PARLEY_CLI_PLAY_H

#include "core/parley.h"

#include <stdint.h>

/*
 * Plays a talk (test/talk/README.md): a whole conversation with a scripted service, with the host's part
 * taken by the script as well. Time is made up and jumps from deadline to deadline, so a talk of minutes
 * takes milliseconds, and the same talk always runs the same way. For programs with the loopback linked in.
 */
struct parley_play_options {
    size_t fragment_bytes; /* cut what the service says into pieces of this size; 0: as the talk says */
    size_t send_bytes;     /* let the link take this much at a time; 0: as the talk says */
    const char *folder;    /* where `host wav` finds its files; NULL: the present one */
    struct parley_recorder recorder; /* of the conversation; zeroed: it is not recorded */
    /* Gets each line of the talk when it is done ("line"), each message sent ("sent") and each event
       ("event", as the line of JSON that `talk --json` prints). NULL: nobody asks. */
    void (*trace)(void *user, uint64_t at_ms, const char *what, struct parley_view text);
    void *user;
};

enum { PARLEY_PLAY_WHY = 320 };

struct parley_play_result {
    char why[PARLEY_PLAY_WHY]; /* "name:line: ..."; empty when it passed */
    uint64_t took_us;          /* of the made-up clock */
    uint64_t events;
    uint64_t events_digest, sent_digest; /* what all of each come to: equal for equal runs */
    bool service;                        /* the built-in service had a part in it */
};

/*
 * Plays the talk `text`; `name` is for messages.
 * Returns 1 when it passed; 0 when it failed; PARLEY_ERR_ARGUMENT when it, or an option in it, cannot be
 * used, PARLEY_ERR_MEMORY when there is none. In all but the first case `result->why` says why.
 */
int parley_play_talk(struct parley_view text, const char *name, const struct parley_play_options *options,
                     struct parley_play_result *result);

/*
 * Reads a talk from a file, with those it includes, to `into`. Returns its length, or a negative status with
 * what and where in `why`.
 */
long parley_play_load(const char *path, char *into, size_t bytes, char why[PARLEY_PLAY_WHY]);

#endif
