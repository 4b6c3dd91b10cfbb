#ifndef PARLEY_CORE_HANDOFF_H
#define PARLEY_CORE_HANDOFF_H

#include "core/id.h"

/*
 * Which piece of work is with the background agent, and what the model is owed for it (reference 6.4, 6.6):
 *
 *     none --request--> active --done--> none
 *                       active --request--> active, steered: the new call is answered at once, the work
 *                                           and its id stay those of the first
 *
 * Pure: a step changes the state and names the one thing to do; the caller does it.
 */
struct parley_handoff {
    struct parley_id active; /* none: no work is out */
    bool reported;           /* the agent has said something about it */
    bool orphan;             /* its call belongs to a session that is gone, and cannot be answered */
};

enum parley_handoff_action {
    PARLEY_HANDOFF_NOTHING,     /* stale: drop it */
    PARLEY_HANDOFF_ROUTE,       /* a new piece of work for the agent */
    PARLEY_HANDOFF_STEER,       /* acknowledge the new call as steering, and give it to the agent */
    PARLEY_HANDOFF_EMPTY,       /* acknowledge a call that asks for nothing; no work */
    PARLEY_HANDOFF_PROGRESS,    /* give the message to the model */
    PARLEY_HANDOFF_FINISH,      /* acknowledge the call: the messages before are the result */
    PARLEY_HANDOFF_FINISH_MUTE, /* acknowledge the call: the agent ended without a message */
    PARLEY_HANDOFF_TELL,        /* as FINISH, but there is no call to acknowledge: say it as a message */
    PARLEY_HANDOFF_TELL_MUTE,   /* likewise, as FINISH_MUTE */
};

/* The session is gone in which the active work was called for; the work goes on. */
void parley_handoff_restart(struct parley_handoff *h);

/* The model calls the agent; `empty` when there is nothing to route. A repeat of the active id is stale. */
enum parley_handoff_action parley_handoff_request(struct parley_handoff *h, struct parley_view id,
                                                  bool empty);

/* The agent says something about `id` (absent: about whatever is active). */
enum parley_handoff_action parley_handoff_progress(struct parley_handoff *h, struct parley_view id);

/* The agent has finished `id` (absent: whatever is active). `*finished` gets the id to answer. */
enum parley_handoff_action parley_handoff_done(struct parley_handoff *h, struct parley_view id,
                                               struct parley_id *finished);

#endif
