#ifndef PARLEY_CLI_NOTIFICATIONS_H
#define PARLEY_CLI_NOTIFICATIONS_H

#include "core/cli/rpc_out.h"
#include "core/parley.h"

/*
 * What happens, as the notifications of reference 11.2 and of the turns beside them. Absent optional texts
 * and numbers are null there, never missing.
 */

/* Audio that was left out since this was told last. */
struct parley_cli_shed {
    uint64_t notifications, ms;
};

/*
 * An event of a live conversation by the table of reference 11.3; those that have no line there tell nothing.
 * Audio the client has no room for is added to *shed instead. `c` is asked for the lines of a handoff.
 */
void parley_cli_notify_event(struct parley_cli_rpc_out *o, struct parley_view thread,
                             const struct parley_conversation *c, const struct parley_event *event,
                             struct parley_cli_shed *shed);

/* Tells what was left out, if anything was; then there is nothing left to tell. */
void parley_cli_notify_shed(struct parley_cli_rpc_out *o, struct parley_view thread,
                            struct parley_cli_shed *shed);

void parley_cli_notify_started(struct parley_cli_rpc_out *o, struct parley_view thread,
                               struct parley_view session, enum parley_protocol protocol);
void parley_cli_notify_failed(struct parley_cli_rpc_out *o, struct parley_view thread,
                              struct parley_view why);
void parley_cli_notify_closed(struct parley_cli_rpc_out *o, struct parley_view thread,
                              enum parley_closed closed);

/* The notification "error" for audio or text that no conversation takes (reference 6.8). */
void parley_cli_notify_not_running(struct parley_cli_rpc_out *o, struct parley_view thread,
                                   struct parley_view turn);

/* A turn that has begun ("inProgress"), or has ended ("completed", or "failed" with the reason in `why`). As
   a value it is in the answer to turn/start as well. */
void parley_cli_write_turn(struct parley_render *r, const char *name, struct parley_view turn,
                           const char *status, struct parley_view why);
void parley_cli_notify_turn(struct parley_cli_rpc_out *o, enum parley_cli_rpc_notification what,
                            struct parley_view thread, struct parley_view turn, const char *status,
                            struct parley_view why);

/* A message of the user or the agent that belongs to a turn. */
enum parley_cli_item { PARLEY_CLI_ITEM_USER, PARLEY_CLI_ITEM_AGENT };
void parley_cli_notify_item(struct parley_cli_rpc_out *o, struct parley_view thread, struct parley_view turn,
                            struct parley_view item, enum parley_cli_item kind, struct parley_view text);

#endif
