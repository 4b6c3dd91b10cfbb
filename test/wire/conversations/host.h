#ifndef PARLEY_TEST_CONVERSATIONS_HOST_H
#define PARLEY_TEST_CONVERSATIONS_HOST_H

#include "test/wire/conversations/partner.h"
#include "test/wire/conversations/wire.h"

/*
 * A host, its conversation, and what came of it. In the ordinary course the service listens and speaks, and
 * all that is said, told and heard is written down; in any other it says the same again, and the host has to
 * be told the same.
 */
enum { TRACE_TOLD = 8192, TRACE_HEARD = 2048 };

/* Events and results of calls, by what they hold. `message`: of the script, from 1; 0: of none. */
struct tellings {
    struct {
        uint64_t hash;
        int what;
        unsigned message;
    } at[TRACE_TOLD];
    unsigned count;
};

struct trace {
    struct script script;
    int end_phase; /* in which the service closes; -1 */
    uint16_t end_code;
    struct tellings told;
    struct tellings played; /* sound that was taken */
    uint64_t beside;        /* what is told at no certain place among the rest, together */
    struct {
        uint64_t hash;
        char begin[60];
    } heard[TRACE_HEARD]; /* by the service */
    unsigned heard_count;
    unsigned heard_until[2 * STORY_PHASES + 1]; /* halves of phases */
};

/* When the host serves the conversation and takes events. */
enum pace {
    PACE_EAGER, /* all at once */
    PACE_ONE,   /* one by one */
    PACE_LAZY,  /* mostly none */
    PACE_LATE,  /* none before all bytes that can be read were */
    PACE_ANY,
    PACE_KINDS
};

struct course {
    const struct story *story;
    const char *name;
    uint64_t seed;
    struct manner manner;
    enum pace pace;
    size_t recv_bytes, send_bytes; /* 0: the defaults */
    bool reconnect;                /* once it broke */
};

/* Figures over all runs. */
struct figures {
    unsigned runs, events, audio, skipped, interrupted, held, cut, reconnected;
    size_t bytes;
};
extern struct figures figures;

/* Prints each event. */
extern bool converse_tells;

/* Holds the conversation. Whatever is not as it has to be ends the test. */
void converse(const struct course *course, struct trace *trace);

#endif
