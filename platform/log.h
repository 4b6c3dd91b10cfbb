#ifndef PARLEY_PLATFORM_LOG_H
#define PARLEY_PLATFORM_LOG_H

#include "platform/view.h"

/*
 * A line for whoever looks for a fault. Never holds a key, a token, an Authorization header or the
 * text of what somebody said: callers pass names, numbers and stages.
 */
enum parley_log_level { PARLEY_LOG_ERROR, PARLEY_LOG_WARN, PARLEY_LOG_INFO, PARLEY_LOG_DEBUG };

/* Receives a line without newline; the view is good during the call. Must not call back into parley. */
typedef void parley_log_fn(void *user, enum parley_log_level level, struct parley_view line);

/* Where lines go, and how many; `write` NULL (the default) is silence. Copied by value into what logs. */
struct parley_log {
    parley_log_fn *write;
    void *user;
    enum parley_log_level level; /* lines above it are not even formatted */
};

/* Formats one line (cut at 240 bytes, control characters shown as '?') and hands it to the sink. */
void parley_log_line(const struct parley_log *log, enum parley_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
