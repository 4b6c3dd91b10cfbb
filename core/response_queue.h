#ifndef PARLEY_CORE_RESPONSE_QUEUE_H
#define PARLEY_CORE_RESPONSE_QUEUE_H

#include "core/id.h"

/*
 * May a response.create go out now, or does it wait for the running response? (reference 6.5)
 *
 * The service has one default response at a time and refuses a second. It also starts responses by itself,
 * when the user stops speaking. So: at most one create of ours is on its way, and one more is remembered.
 * On a slow link ours may still wait in the outbox (`unsent`) while responses come and go: those cannot be
 * the one it asks for, and what it asks for is owed until the service has seen it.
 * Pure: a step changes the state and says whether to send; the caller sends.
 */
enum parley_responding {
    PARLEY_RESPONSE_NONE,    /* none runs, as far as we know */
    PARLEY_RESPONSE_ASKED,   /* our create is out or waits to go, response.created has not come */
    PARLEY_RESPONSE_RUNNING, /* one runs; `id` names it, if we were told */
};

struct parley_response_queue {
    enum parley_responding state;
    struct parley_id id; /* of the running one, may be none */
    bool wanted;         /* a create waits until the running one ends; a flag, not a count */
    bool owed;           /* the running one is not the one that our create asked for */
};

/* All steps, but for the last, return true when response.create is to be sent now. */

/* Somebody wants a response. */
bool parley_response_want(struct parley_response_queue *q);

/* response.created of the default conversation; out-of-band ones are none of our business. */
bool parley_response_created(struct parley_response_queue *q, struct parley_view id, bool unsent);

/*
 * response.done or response.cancelled of the default conversation. One that names another response than the
 * running one is stale and changes nothing; so does a named one while our create is on its way, as
 * the response it asked for has not got its name yet. One without a name always counts.
 */
bool parley_response_ended(struct parley_response_queue *q, struct parley_view id, bool unsent);

/* The service said that a response is active (`id` may be absent): ours waits for its end. */
bool parley_response_refused(struct parley_response_queue *q, struct parley_view id, bool unsent);

/* The session is gone, and its responses with it: true when one that was asked for has to be asked for anew.
 */
bool parley_response_restart(struct parley_response_queue *q);

#endif
