#ifndef PARLEY_TEST_CHAOS_H
#define PARLEY_TEST_CHAOS_H

#include "transport/loopback/loopback.h"

/*
 * A service that says whatever one might say, in any order, as it is told. What it says is numbered, so that
 * what came of it can be recognised: texts and calls by a serial number that only grows, samples by their
 * place in all the audio it ever said, modulo CHAOS_PERIOD.
 */
enum saying {
    SAY_CREATED,
    SAY_DONE,
    SAY_CANCELLED, /* response.done */
    SAY_RESPONSE_CANCELLED,
    SAY_DONE_OTHER, /* of another response, or without a name */
    SAY_OUT_OF_BAND,
    SAY_SPEECH_STARTED,
    SAY_SPEECH_STOPPED,
    SAY_INPUT_DELTA,
    SAY_INPUT_DONE,
    SAY_OUTPUT_DELTA,
    SAY_OUTPUT_DONE,
    SAY_AUDIO,
    SAY_AUDIO_TOO,
    SAY_AUDIO_ODD, /* of another kind, half samples, no base64 */
    SAY_CALL,
    SAY_CALL_AGAIN,
    SAY_SILENCE,
    SAY_ACTIVE_ERROR,
    SAY_ERROR,
    SAY_UPDATED,
    SAY_ITEM,
    SAY_ODD, /* not JSON, unknown, too long, binary, ids that do not fit */
    SAYINGS
};

enum { CHAOS_PERIOD = 30000, CHAOS_QUEUE = 64 };

struct chaos {
    uint64_t seed;
    bool v1;
    struct {
        uint32_t what, chance;
    } queue[CHAOS_QUEUE];
    unsigned read, write;
    unsigned serial, responses, items, calls;
    unsigned first_item, first_call; /* of this session */
    uint64_t position;
    char text[9000];
};

void chaos_start(struct chaos *chaos, uint64_t seed, bool v1);

/* Another session. */
void chaos_opened(struct chaos *chaos);

/* Says so as soon as somebody listens. */
void chaos_say(struct chaos *chaos, uint32_t what, uint32_t chance);

/* The next message. Returns false when there is none. */
bool chaos_next(struct chaos *chaos, struct parley_fragment *message);

#endif
