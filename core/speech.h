#ifndef PARLEY_CORE_SPEECH_H
#define PARLEY_CORE_SPEECH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the user has said and the service has not answered for yet, so that it can be said again to another
 * session: from which place of the microphone audio on it has to be kept. Places are bytes of audio sent
 * since the beginning.
 *
 *     ..... silence .....|--speech--|..... |--speech--
 *      needed by nobody ^            ^ stopped: until its text has come
 *
 * Before the service notices that somebody speaks a little time passes, so while nobody does the last second
 * is kept, or two; and what was sent within it, which after a break is more. Pure.
 */
enum { PARLEY_SPEECH_TURNS = 4 };

struct parley_speech {
    bool speaking;
    uint64_t from;                         /* what lies before is accounted for */
    uint64_t stopped[PARLEY_SPEECH_TURNS]; /* where turns ended whose text has not come, the oldest first */
    uint32_t turns;
    uint32_t answered;          /* of these: those with a response under way */
    uint32_t unwritten;         /* turns whose text has not come, answered or not */
    uint64_t recent, recent_us; /* what had been sent at some moment of the last second or two */
    uint64_t settled;           /* at the moment before that: a second ago, or longer */
};

/* The service hears the user begin, and end; `sent` is all audio sent so far. */
void parley_speech_started(struct parley_speech *s);
void parley_speech_stopped(struct parley_speech *s, uint64_t sent);

/* The text of the oldest turn has come. */
void parley_speech_written(struct parley_speech *s);

/* A response to what was said begins; it has come to its end. Then the turn counts as dealt with, should its
   text never come. */
void parley_speech_response(struct parley_speech *s);
void parley_speech_answered(struct parley_speech *s);

/* True while something was said that may have to be said again. */
bool parley_speech_is_open(const struct parley_speech *s);

/* From where on audio is needed, when `sent` has been sent. To be called when more is, and before it counts.
 */
uint64_t parley_speech_needed(struct parley_speech *s, uint64_t sent, uint64_t now_us);

/* The session is gone: what is needed will be sent again, and heard as something new. */
void parley_speech_restart(struct parley_speech *s, uint64_t now_us);

#endif
