#ifndef PARLEY_TEST_STORY_H
#define PARLEY_TEST_STORY_H

#include "core/parley.h"
#include "test/fault/simulation/dice.h"

/*
 * What a seed stands for: one conversation in phases. In a phase some time passes and the host does one
 * thing; the service hears it and says what it has to say by then; the host takes that in, and plays some
 * sound. Within a phase the clock stands still, so that what is told must not depend on how the bytes of it
 * travel, nor on when the host looks.
 */
enum { STORY_PHASES = 14, STORY_SAYINGS = 10 };

enum act { ACT_NOTHING, ACT_TYPE, ACT_MIRROR, ACT_ASK, ACT_MIC, ACT_INTERRUPT, ACT_PROGRESS, ACT_DONE };

struct phase {
    uint64_t wait_us;
    enum act act;
    uint32_t amount; /* of the act: which text, samples */
    unsigned sayings;
    struct {
        uint32_t what, chance; /* as chaos.h says */
    } says[STORY_SAYINGS];     /* of a service that says anything */
    uint32_t plays;            /* samples */
};

struct story {
    uint64_t seed;
    bool strict; /* the service is the built-in one; else it says anything */
    bool v1, text, transcription;
    size_t inbox_bytes;
    uint32_t output_audio_ms;
    struct phase phases[STORY_PHASES];
    unsigned count;
};

void story_make(struct story *story, uint64_t seed);

/* What the host does upon the n-th event. */
enum act story_reaction(const struct story *story, unsigned n, const struct parley_event *event);

/* The n-th text of the host. Good until the next call. */
struct parley_view story_text(unsigned n);

#endif
