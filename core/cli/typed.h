#ifndef PARLEY_CLI_TYPED_H
#define PARLEY_CLI_TYPED_H

#include "platform/view.h"
#include "platform/wait.h"

/*
 * Lines from standard input, one at a time: while one waits to be taken no more is read, so nothing piles
 * up. On a terminal that shows nothing by itself the line is edited here: backspace, Ctrl-U (all of it),
 * Ctrl-W (a word), Ctrl-D (the end, on an empty line).
 */
enum { PARLEY_CLI_LINE = 8192, PARLEY_CLI_TYPED_PIECE = 512 };

enum parley_cli_line {
    PARLEY_CLI_LINE_NONE,     /* nothing to take yet */
    PARLEY_CLI_LINE_TEXT,     /* a line */
    PARLEY_CLI_LINE_EMPTY,    /* just Enter */
    PARLEY_CLI_LINE_TOO_LONG, /* longer than PARLEY_CLI_LINE bytes: left out */
    PARLEY_CLI_LINE_INVALID,  /* not UTF-8: left out */
};

struct parley_cli_typed {
    int fd; /* -1: none */
    bool edits;
    bool ended;
    bool complete, too_long;
    int escape; /* inside an escape sequence of a key: 1 after ESC, 2 after ESC [ */
    char line[PARLEY_CLI_LINE];
    size_t len;
    char piece[PARLEY_CLI_TYPED_PIECE]; /* read and not yet looked at */
    size_t piece_at, piece_end;
};

/* `fd` -1: nothing is typed, ever. `edits`: see above. */
void parley_cli_typed_open(struct parley_cli_typed *t, int fd, bool edits);

/* Goes on until a line is complete; `ready` tells that the loop found the descriptor readable. */
void parley_cli_typed_work(struct parley_cli_typed *t, bool ready);

/* The line that waits. *text is good until parley_cli_typed_taken. */
enum parley_cli_line parley_cli_typed_line(const struct parley_cli_typed *t, struct parley_view *text);
void parley_cli_typed_taken(struct parley_cli_typed *t);

/* The line being edited, for the screen; good until the next work. */
struct parley_view parley_cli_typed_unfinished(const struct parley_cli_typed *t);

/* True once all lines have been taken and no more can come. */
bool parley_cli_typed_over(const struct parley_cli_typed *t);

/* What to wait for; returns 0 or 1. */
size_t parley_cli_typed_interest(const struct parley_cli_typed *t, struct parley_interest *want);

#endif
