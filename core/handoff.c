/* The handoff to the background agent as a state machine; see handoff.h. */
#include "core/handoff.h"

static bool is_active(const struct parley_handoff *h, struct parley_view id)
{
    return h->active.len > 0 && (id.at == NULL || parley_id_is(&h->active, id));
}

void parley_handoff_restart(struct parley_handoff *h)
{
    h->orphan = h->active.len > 0;
}

enum parley_handoff_action parley_handoff_request(struct parley_handoff *h, struct parley_view id, bool empty)
{
    if (is_active(h, id))
        return PARLEY_HANDOFF_NOTHING;
    /* The reference lets an empty request stay active for ever, where it swallows the next one as steering.
     */
    if (empty)
        return PARLEY_HANDOFF_EMPTY;
    if (h->active.len > 0)
        return PARLEY_HANDOFF_STEER;
    parley_id_set(&h->active, id);
    h->reported = h->orphan = false;
    return PARLEY_HANDOFF_ROUTE;
}

enum parley_handoff_action parley_handoff_progress(struct parley_handoff *h, struct parley_view id)
{
    if (!is_active(h, id))
        return PARLEY_HANDOFF_NOTHING;
    h->reported = true;
    return PARLEY_HANDOFF_PROGRESS;
}

enum parley_handoff_action parley_handoff_done(struct parley_handoff *h, struct parley_view id,
                                               struct parley_id *finished)
{
    if (!is_active(h, id))
        return PARLEY_HANDOFF_NOTHING;
    *finished = h->active;
    h->active.len = 0;
    if (h->orphan)
        return h->reported ? PARLEY_HANDOFF_TELL : PARLEY_HANDOFF_TELL_MUTE;
    /* The reference leaves the call of a silent agent unanswered; the model would wait for it. */
    return h->reported ? PARLEY_HANDOFF_FINISH : PARLEY_HANDOFF_FINISH_MUTE;
}
