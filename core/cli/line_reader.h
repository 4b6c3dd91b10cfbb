#ifndef PARLEY_CLI_LINE_READER_H
#define PARLEY_CLI_LINE_READER_H

#include "platform/arena.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * Lines from a descriptor, in a buffer of fixed size: what is longer is told as such and passed over to its
 * end, and the lines behind it come as if nothing had been.
 */
struct parley_cli_line_reader {
    int fd;
    bool ended; /* no more will be read: the end of input, or it failed */
    char *at;
    size_t size, start, end; /* what was read and not given out yet: at[start] to at[end] */
    size_t scanned;          /* up to here there is no line break */
    bool passing;            /* the rest of a line that is too long */
};

enum parley_cli_line_kind {
    PARLEY_CLI_LINE_READ_NONE, /* no whole line yet; once `ended`, none any more */
    PARLEY_CLI_LINE_READ_WHOLE,
    PARLEY_CLI_LINE_READ_TOO_LONG, /* the beginning of one longer than the buffer; told once */
};

/* A reader of lines of up to `bytes` bytes, its buffer out of `arena`. */
void parley_cli_line_reader_open(struct parley_cli_line_reader *l, int fd, struct parley_arena *arena,
                                 size_t bytes);

/* Reads once, as much as there is room for. Call it when the descriptor was found readable: it need not be
   non-blocking. */
void parley_cli_line_reader_fill(struct parley_cli_line_reader *l);

/* True when there is room for more, and more may come. */
bool parley_cli_line_reader_wants(const struct parley_cli_line_reader *l);

/* The next line, without its line break (LF or CRLF). The caller may change it; it is good until the next
   call of anything here. At the end of input what was read last is a line, with or without a break. */
enum parley_cli_line_kind parley_cli_line_reader_next(struct parley_cli_line_reader *l, char **line,
                                                      size_t *len);

#endif
