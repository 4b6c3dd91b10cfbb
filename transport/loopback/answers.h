#ifndef PARLEY_TRANSPORT_LOOPBACK_ANSWERS_H
#define PARLEY_TRANSPORT_LOOPBACK_ANSWERS_H

#include "platform/view.h"

/*
 * What the built-in service has to say: no model, a handful of rules over words. Pure: the same question
 * gives the same answer.
 */
struct parley_question {
    struct parley_view said;    /* by the user since the last answer, spoken or typed; empty for nothing */
    bool understood;            /* `said` is words, not the description of a sound */
    struct parley_view backend; /* what the agent told since the last answer */
    bool finished;              /* the agent has finished what it was asked */
    bool steered;               /* something was passed on to the agent at work */
    bool agent, silence;        /* the tools at hand: background_agent, remain_silent */
    bool busy;                  /* the agent is at work */
    unsigned turn;              /* answers so far, for a little variety */
};

/* Both may be set: first the speech, then the call. */
enum parley_answer_call { PARLEY_CALL_NONE, PARLEY_CALL_AGENT, PARLEY_CALL_SILENCE };

enum { PARLEY_SPEECH_BYTES = 1024, PARLEY_PROMPT_BYTES = 1024 };

struct parley_answer {
    enum parley_answer_call call;
    char speech[PARLEY_SPEECH_BYTES]; /* empty: nothing is said */
    char prompt[PARLEY_PROMPT_BYTES]; /* for the agent */
};

void parley_answer(struct parley_answer *answer, const struct parley_question *question);

#endif
