#ifndef PARLEY_CORE_DELEGATION_H
#define PARLEY_CORE_DELEGATION_H

#include "context/transcript.h"
#include "templates/render.h"

/*
 * The envelope in which a request reaches the agent (reference 10.3): the request, else the transcript in its
 * place, and what was said since the last handoff. `entries` is the count parley_transcript_handoff gave.
 * What does not fit into the render is left out from the oldest entry on, and of a request that is itself too
 * long its end; *dropped grows by the bytes left out.
 *
 * Returns the envelope, or an empty view when nothing was asked.
 */
struct parley_view parley_delegation_render(struct parley_render *r, const struct parley_transcript *t,
                                            size_t entries, struct parley_view request, size_t *dropped);

#endif
