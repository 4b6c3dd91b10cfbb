#ifndef PARLEY_TRANSPORT_LOOPBACK_SCRIPT_H
#define PARLEY_TRANSPORT_LOOPBACK_SCRIPT_H

#include "transport/loopback/loopback.h"
#include "transport/loopback/service.h"
#include "transport/loopback/talk.h"

/*
 * A peer that plays a talk. Its lines are taken one after the other, each when its time has come and the one
 * before is done: what the service says is said, what is expected to be sent is waited for.
 *
 * The host's lines are passed over, unless the talk is `hosted`: then each waits until whoever plays the host
 * (core/cli/play.c) has done it and called parley_script_step.
 */
struct parley_script;

/*
 * Carves one out of `arena`, with a copy of the talk; *script is NULL when the arena only counts or is full.
 * Returns 0, or PARLEY_ERR_ARGUMENT with "name:line:column: ..." in `why` for a talk that cannot be read.
 */
int parley_script_open(struct parley_script **script, struct parley_arena *arena, struct parley_view text,
                       struct parley_view name, bool hosted, char why[PARLEY_TALK_WHY]);

/* The peer to give to the loopback; good as long as the script. */
struct parley_loopback_peer *parley_script_peer(struct parley_script *s);

/* ---- for whoever plays the host --------------------------------------------------------------- */

/* Goes on as far as it can without saying anything. */
void parley_script_settle(struct parley_script *s, uint64_t now_us);

/* The line whose turn it is, and when (PARLEY_NEVER before the link is up); NULL when the talk is over. */
const struct parley_talk_line *parley_script_line(const struct parley_script *s, uint64_t *due_us);

/* When something will happen by time alone: a line's turn comes, or an expectation's time is over. */
uint64_t parley_script_due(const struct parley_script *s);

/* A moment after the link came up (of "before", say) on the clock. */
uint64_t parley_script_moment(const struct parley_script *s, uint64_t after_us);

/* How long an expectation waits that names no moment. */
uint64_t parley_script_patience(const struct parley_script *s);

/* True when the built-in service has a part in it. */
bool parley_script_uses_service(const struct parley_script *s);

/* The service itself, for its rules and faults (service.h); NULL when it has no part. */
struct parley_loopback_peer *parley_script_service(struct parley_script *s);

/* The host has done its line. */
void parley_script_step(struct parley_script *s, uint64_t now_us);

/* What went wrong, "name:line: ..."; empty while nothing has. It stays. */
struct parley_view parley_script_failure(const struct parley_script *s);

/* Says that the present line failed. The first failure counts. */
void parley_script_fail(struct parley_script *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* True when a message was sent that no line has expected so far, audio and session.update apart; *message is
   the first. */
bool parley_script_unexpected(struct parley_script *s, struct parley_view *message);

/* True when a rule of the built-in service was broken that no line has expected so far; *breach is the first.
 */
bool parley_script_breach(const struct parley_script *s, const struct parley_service_breach **breach);

/* Lets `seen` know of each line that is done, and of each message that was sent (with `line` NULL). */
void parley_script_watch(struct parley_script *s,
                         void (*seen)(void *user, const struct parley_talk_line *line,
                                      struct parley_view sent),
                         void *user);

/* A number that all messages sent so far, and their order, come to. */
uint64_t parley_script_digest(const struct parley_script *s);

#endif
