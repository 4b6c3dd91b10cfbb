#ifndef PARLEY_CLI_JSON_LINES_H
#define PARLEY_CLI_JSON_LINES_H

#include "core/cli/agent.h"
#include "core/parley.h"
#include "templates/render.h"

/*
 * Events as JSON, one on a line, for programs: {"event":"user_done","at_ms":1204,"text":"..."}. Members
 * that an event does not have are left out; audio is told by its sample count.
 */

/* An event of the conversation; `start_us` is when at_ms counts from. With too small a buffer the line
   tells only the kind and that it was too long. */
void parley_cli_json_event(struct parley_render *r, const struct parley_event *event, uint64_t start_us);

/* What the program itself has to tell: {"event":"agent","at_ms":...,"what":"said","text":"..."}, with `event`
   "agent", "typed" or "note"; `what` NULL and an absent text are left out. */
void parley_cli_json_own(struct parley_render *r, const char *event, uint64_t at_us, const char *what,
                         struct parley_view text);

#endif
