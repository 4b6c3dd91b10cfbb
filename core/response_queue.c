/* The response-create queue; see response_queue.h. No message, no clock: a table in four functions. */
#include "core/response_queue.h"

bool parley_response_want(struct parley_response_queue *q)
{
    if (q->state != PARLEY_RESPONSE_NONE) {
        q->wanted = true;
        return false;
    }
    q->state = PARLEY_RESPONSE_ASKED;
    q->id.len = 0;
    return true;
}

bool parley_response_created(struct parley_response_queue *q, struct parley_view id, bool unsent)
{
    q->state = PARLEY_RESPONSE_RUNNING;
    q->owed = unsent;
    parley_id_set(&q->id, id);
    return false;
}

static bool is_stale(const struct parley_response_queue *q, struct parley_view id)
{
    if (id.len == 0)
        return false;
    if (q->state == PARLEY_RESPONSE_ASKED)
        return true;
    return q->id.len > 0 && !parley_id_is(&q->id, id);
}

bool parley_response_ended(struct parley_response_queue *q, struct parley_view id, bool unsent)
{
    bool owed = q->owed || unsent;

    if (is_stale(q, id))
        return false;
    q->state = owed ? PARLEY_RESPONSE_ASKED : PARLEY_RESPONSE_NONE;
    q->owed = false;
    q->id.len = 0;
    if (owed || !q->wanted)
        return false;
    q->wanted = false;
    return parley_response_want(q);
}

bool parley_response_refused(struct parley_response_queue *q, struct parley_view id, bool unsent)
{
    q->state = PARLEY_RESPONSE_RUNNING;
    q->owed = unsent;
    if (id.len > 0)
        parley_id_set(&q->id, id);
    q->wanted = q->wanted || !unsent; /* what was refused was not ours, then */
    return false;
}

bool parley_response_restart(struct parley_response_queue *q)
{
    bool again = q->wanted || q->owed || q->state == PARLEY_RESPONSE_ASKED;

    *q = (struct parley_response_queue){.state = PARLEY_RESPONSE_NONE};
    return again;
}
