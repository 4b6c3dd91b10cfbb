#ifndef PARLEY_CONTEXT_THREAD_LINE_H
#define PARLEY_CONTEXT_THREAD_LINE_H

#include "templates/render.h"
#include <stdint.h>

/*
 * One line of the record of a conversation, which is a JSON object:
 *
 *     {"type":"session","at":1767225600,"version":1,"cwd":"/home/ada/engine","branch":"main"}
 *     {"type":"user","at":1767225612,"text":"What is left to do?"}
 *     {"type":"handoff","at":1767225613,"text":"list what is left to do"}
 *     {"type":"assistant","at":1767225615,"text":"Let me see."}
 *
 * Times are seconds since 1970-01-01 UTC. A session line stands before what was said in it, so there are
 * several in a conversation that was continued.
 */
#define PARLEY_THREAD_LAST_S INT64_C(253402300799) /* a time beyond the year 9999 is none */

enum parley_thread_line_kind {
    PARLEY_THREAD_SESSION,
    PARLEY_THREAD_USER,      /* said or typed */
    PARLEY_THREAD_ASSISTANT, /* said by the model */
    PARLEY_THREAD_HANDOFF,   /* asked of the agent */
};

struct parley_thread_line {
    enum parley_thread_line_kind kind;
    int64_t at_s;
    struct parley_view text;        /* all but the session */
    struct parley_view cwd, branch; /* the session; branch may be absent */
};

/* Writes a line with its line feed; a text that is not UTF-8 is mended (see parley_render_json). */
void parley_thread_line_render(struct parley_render *r, const struct parley_thread_line *line);

/*
 * Reads a line, which changes it; the views point into it. Members come in any order, and unknown ones are
 * passed over. Returns 1, 0 for an object of a type that is not known (a later version wrote it), or
 * PARLEY_ERR_JSON for anything else: torn, not JSON, or without what its type needs.
 */
int parley_thread_line_read(struct parley_thread_line *line, char *text, size_t len);

#endif
