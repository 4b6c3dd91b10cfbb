#ifndef PARLEY_CORE_SESSION_H
#define PARLEY_CORE_SESSION_H

#include "core/parley.h"
#include "templates/render.h"

/*
 * What we ask the service to be: the checks of reference 7.4 in their order, and the one session.update
 * of section 2.
 */

/* Checks modality, voice and key. Returns PARLEY_OK or PARLEY_ERR_ARGUMENT with the reason in `error`. */
int parley_session_check(const struct parley_options *options, struct parley_error *error);

/* Writes the session.update message. With a counting render it only counts. */
void parley_session_render(struct parley_render *r, const struct parley_options *options);

#endif
