/*
 * Lines of bounded length: see line_reader.h.
 */
#include "core/cli/line_reader.h"

#include "platform/file.h"

#include <string.h>

void parley_cli_line_reader_open(struct parley_cli_line_reader *l, int fd, struct parley_arena *arena,
                                 size_t bytes)
{
    *l = (struct parley_cli_line_reader){.fd = fd, .size = bytes};
    l->at = parley_arena_take(arena, bytes, 1);
}

/* Moves what is left to the front, but not for every small line. */
static void make_room(struct parley_cli_line_reader *l)
{
    if (l->start == 0 || (l->start < l->size / 2 && l->end < l->size))
        return;
    memmove(l->at, l->at + l->start, l->end - l->start);
    l->end -= l->start;
    l->scanned -= l->start;
    l->start = 0;
}

bool parley_cli_line_reader_wants(const struct parley_cli_line_reader *l)
{
    return !l->ended && l->end - l->start < l->size;
}

void parley_cli_line_reader_fill(struct parley_cli_line_reader *l)
{
    int got;

    make_room(l);
    if (!parley_cli_line_reader_wants(l))
        return;
    got = parley_file_read(l->fd, l->at + l->end, l->size - l->end);
    if (got < 0)
        l->ended = true;
    else
        l->end += (size_t)got;
}

/* Hands out what lies before `next`, where the following line begins. */
static void take(struct parley_cli_line_reader *l, size_t next, char **line, size_t *len)
{
    *line = l->at + l->start;
    *len = next - l->start;
    if (*len > 0 && (*line)[*len - 1] == '\n')
        --*len;
    if (*len > 0 && (*line)[*len - 1] == '\r')
        --*len;
    l->start = l->scanned = next;
}

static bool is_full(const struct parley_cli_line_reader *l)
{
    return l->end - l->start == l->size;
}

enum parley_cli_line_kind parley_cli_line_reader_next(struct parley_cli_line_reader *l, char **line,
                                                      size_t *len)
{
    for (;;) {
        const char *newline =
            l->end > l->scanned ? memchr(l->at + l->scanned, '\n', l->end - l->scanned) : NULL;
        bool passing = l->passing;

        l->scanned = l->end;
        if (newline == NULL && !is_full(l) && !l->ended)
            return PARLEY_CLI_LINE_READ_NONE;
        if (newline == NULL && l->end == l->start)
            return PARLEY_CLI_LINE_READ_NONE;
        take(l, newline != NULL ? (size_t)(newline - l->at) + 1 : l->end, line, len);
        l->passing = newline == NULL && !l->ended;
        if (passing)
            continue;
        return l->passing ? PARLEY_CLI_LINE_READ_TOO_LONG : PARLEY_CLI_LINE_READ_WHOLE;
    }
}
