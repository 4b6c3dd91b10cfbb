/*
 * Formats a line for the host's log. Levels above the wanted one cost one comparison.
 */
#include "platform/log.h"
#include "platform/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES = 240 };

void parley_log_line(const struct parley_log *log, enum parley_log_level level, const char *format, ...)
{
    char line[LINE_BYTES + 1];
    size_t bytes;
    va_list arguments;
    int length;

    if (log == NULL || log->write == NULL || level > log->level)
        return;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    bytes = parley_text_cut(parley_view_of(line, strlen(line)), LINE_BYTES);
    parley_text_tame(line, bytes);
    log->write(log->user, level, parley_view_of(line, bytes));
}
