/*
 * What the user types: see typed.h.
 */
#include "core/cli/typed.h"

#include "parser/utf8.h"
#include "platform/clock.h"
#include "platform/file.h"

enum { CTRL_D = 4, CTRL_H = 8, CTRL_U = 21, CTRL_W = 23, ESCAPE = 27, RUBOUT = 127 };

void parley_cli_typed_open(struct parley_cli_typed *t, int fd, bool edits)
{
    *t = (struct parley_cli_typed){.fd = fd, .edits = edits, .ended = fd < 0};
}

/* ---- editing --------------------------------------------------------------------------------- */

static void rub_out(struct parley_cli_typed *t)
{
    while (t->len > 0 && (t->line[t->len - 1] & 0xc0) == 0x80) /* the inside of a UTF-8 character */
        t->len--;
    if (t->len > 0)
        t->len--;
}

static void rub_out_word(struct parley_cli_typed *t)
{
    while (t->len > 0 && t->line[t->len - 1] == ' ')
        rub_out(t);
    while (t->len > 0 && t->line[t->len - 1] != ' ')
        rub_out(t);
}

/* Keys that send several bytes (arrows and their like) mean nothing here. True while inside of one. */
static bool in_escape(struct parley_cli_typed *t, char c)
{
    if (t->escape == 1)
        t->escape = c == '[' || c == 'O' ? 2 : 0;
    else if (t->escape == 2)
        t->escape = c >= '@' && c <= '~' ? 0 : 2;
    else
        return false;
    return true;
}

static void append(struct parley_cli_typed *t, char c)
{
    if (t->len < sizeof t->line)
        t->line[t->len++] = c;
    else
        t->too_long = true;
}

/* One byte of a line being edited. */
static void edit(struct parley_cli_typed *t, char c)
{
    if (in_escape(t, c))
        return;
    switch (c) {
    case CTRL_D:
        t->ended = t->len == 0;
        break;
    case CTRL_H:
    case RUBOUT:
        rub_out(t);
        break;
    case CTRL_U:
        t->len = 0;
        t->too_long = false;
        break;
    case CTRL_W:
        rub_out_word(t);
        break;
    case ESCAPE:
        t->escape = 1;
        break;
    default:
        if ((unsigned char)c >= ' ' || c == '\t')
            append(t, c);
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void look_at(struct parley_cli_typed *t)
{
    while (t->piece_at < t->piece_end && !t->complete && !t->ended) {
        char c = t->piece[t->piece_at++];

        if (c == '\n' || (t->edits && c == '\r'))
            t->complete = true;
        else if (t->edits)
            edit(t, c);
        else
            append(t, c);
    }
}

void parley_cli_typed_work(struct parley_cli_typed *t, bool ready)
{
    int got;

    look_at(t);
    if (!ready || t->complete || t->ended)
        return;
    got = parley_file_read(t->fd, t->piece, sizeof t->piece);
    t->piece_at = 0;
    t->piece_end = got > 0 ? (size_t)got : 0;
    look_at(t);
    if (got < 0) {
        t->ended = true;
        t->complete = t->len > 0; /* a last line without its end */
    }
}

enum parley_cli_line parley_cli_typed_line(const struct parley_cli_typed *t, struct parley_view *text)
{
    *text = parley_view_trim(parley_view_of(t->line, t->len));
    if (!t->complete)
        return PARLEY_CLI_LINE_NONE;
    if (t->too_long)
        return PARLEY_CLI_LINE_TOO_LONG;
    if (text->len == 0)
        return PARLEY_CLI_LINE_EMPTY;
    return parley_utf8_valid(*text) ? PARLEY_CLI_LINE_TEXT : PARLEY_CLI_LINE_INVALID;
}

void parley_cli_typed_taken(struct parley_cli_typed *t)
{
    t->len = 0;
    t->complete = t->too_long = false;
    look_at(t);
}

struct parley_view parley_cli_typed_unfinished(const struct parley_cli_typed *t)
{
    return parley_view_of(t->line, t->complete ? 0 : t->len);
}

bool parley_cli_typed_over(const struct parley_cli_typed *t)
{
    return t->ended && !t->complete;
}

size_t parley_cli_typed_interest(const struct parley_cli_typed *t, struct parley_interest *want)
{
    if (t->ended || t->complete)
        return 0;
    *want = (struct parley_interest){.fd = t->fd, .read = true, .deadline_us = PARLEY_NEVER};
    return 1;
}
