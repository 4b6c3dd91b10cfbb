#ifndef PARLEY_CORE_SESSION_H
#define PARLEY_CORE_SESSION_H

#include "core/dialect.h"
#include "platform/arena.h"

/*
 * What we ask the service to be: the checks of reference 7.4 in their order, and the one session.update
 * of section 2.
 */

/* Writes a formatted reason into *error (which may be NULL) and returns `status`. */
int parley_error_set(struct parley_error *error, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Checks protocol, mode, modality, voice and the texts. Returns PARLEY_OK or PARLEY_ERR_ARGUMENT / _UTF8. */
int parley_session_check(const struct parley_options *options, struct parley_error *error);

/* What is asked for, out of checked options; the texts are theirs. */
struct parley_session {
    const struct parley_dialect *dialect;
    bool transcribes, answers_in_text;
    struct parley_view model, voice;
    struct parley_view prompt; /* absent: the built-in one, with these names */
    struct parley_view assistant_name, user_first_name;
    struct parley_view startup_context;
};
struct parley_session parley_session_of(const struct parley_options *options);

/* A copy with texts of its own, in the arena; nothing of use when that only counts. */
struct parley_session parley_session_keep(const struct parley_session *s, struct parley_arena *arena);

/* Writes the session.update message; a counting render only counts. */
void parley_session_render(struct parley_render *r, const struct parley_session *s);

/* Writes the session as creating a call takes it: with the model (reference 2.5). */
void parley_session_render_for_call(struct parley_render *r, const struct parley_session *s);

/* The model that is asked for. */
struct parley_view parley_session_model(const struct parley_options *options);

#endif
