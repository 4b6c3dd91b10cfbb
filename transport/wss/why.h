#ifndef PARLEY_TRANSPORT_WSS_WHY_H
#define PARLEY_TRANSPORT_WSS_WHY_H

#include "transport/transport.h"

/*
 * The words for a failure: formatting within PARLEY_TRANSPORT_REASON bytes, and care for text that
 * the other side chose.
 */

/* Formats a reason, cut at a whole UTF-8 character, control characters shown as '?'. */
void parley_why(char why[PARLEY_TRANSPORT_REASON], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Copies `text`, which somebody else wrote, so that it can stand in a reason: runs of white space and
 * control characters become one space, what is not UTF-8 becomes '?', and words that look like a key
 * ("sk-...", whatever follows "Bearer") become "***", as some services repeat the key they were sent.
 * Cut at a whole character so that it fits into `size` bytes (> 0) with its terminating zero.
 * Returns the length.
 */
size_t parley_why_clean(char *out, size_t size, struct parley_view text);

/*
 * Appends a piece to a reason, all of it or nothing, so that a list ends with a whole entry; `spare`
 * bytes stay free for what has to follow. Returns true when it fitted.
 */
bool parley_why_add(char why[PARLEY_TRANSPORT_REASON], size_t spare, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
