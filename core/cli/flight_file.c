/*
 * Reading the record of a flight recorder: see flight_file.h.
 */
#include "core/cli/flight_file.h"

#include "core/recorder.h"
#include "parser/json.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ_BYTES = 256 * 1024, LINE_BYTES_MAX = 256 * 1024 * 1024 };

/* ---- what went wrong --------------------------------------------------------------------------- */

int parley_cli_flight_file_wrong(struct parley_cli_flight_file *f, const char *what)
{
    snprintf(f->why, sizeof f->why, "%.250s:%lu: %.300s", f->path, f->number, what);
    return PARLEY_ERR_JSON;
}

static int cannot(struct parley_cli_flight_file *f, int status, const char *why)
{
    snprintf(f->why, sizeof f->why, "%.250s: %.300s", f->path, why);
    return status;
}

/* ---- bytes ------------------------------------------------------------------------------------- */

/* Reads on, behind what is there. Returns false when there is no more, or no room for it. */
static bool fill(struct parley_cli_flight_file *f)
{
    int got;

    if (f->input_ended)
        return false;
    if (f->size - f->end < READ_BYTES) {
        size_t size = f->size * 2 + READ_BYTES;
        char *at = size <= LINE_BYTES_MAX ? realloc(f->at, size) : NULL;

        if (at == NULL) {
            f->input_ended = true;
            return false;
        }
        f->at = at;
        f->size = size;
    }
    got = parley_file_read(f->fd, f->at + f->end, READ_BYTES);
    f->input_ended = got <= 0;
    f->end += got > 0 ? (size_t)got : 0;
    return got > 0;
}

/* Where the line that begins at `from` has its break; SIZE_MAX when it has none. */
static size_t find_break(struct parley_cli_flight_file *f, size_t from)
{
    size_t looked = from;

    for (;;) {
        const char *at = f->end > looked ? memchr(f->at + looked, '\n', f->end - looked) : NULL;

        if (at != NULL)
            return (size_t)(at - f->at);
        looked = f->end;
        if (!fill(f))
            return SIZE_MAX;
    }
}

/* ---- lines ------------------------------------------------------------------------------------- */

bool parley_cli_flight_take_apart(struct parley_cli_flight_line *line, struct parley_view text)
{
    struct parley_json j;
    enum parley_json_token token;

    *line = (struct parley_cli_flight_line){.text = text};
    parley_json_start(&j, (char *)(uintptr_t)text.at,
                      text.len); /* nothing is unescaped, so nothing changed */
    if (parley_json_next(&j) != PARLEY_JSON_OBJECT)
        return false;
    while ((token = parley_json_next(&j)) == PARLEY_JSON_NAME) {
        size_t i = line->count;

        if (i == PARLEY_CLI_FLIGHT_MEMBERS)
            return false;
        line->members[i].name = parley_view_of(j.raw.at + 1, j.raw.len - 2);
        if (!parley_json_raw(&j, &line->members[i].raw))
            return false;
        line->count++;
    }
    return token == PARLEY_JSON_OBJECT_END && parley_json_next(&j) == PARLEY_JSON_END && line->count > 0;
}

/* The buffer may have moved: the line's views are made again. */
static void again(struct parley_cli_flight_file *f)
{
    if (f->line.text.at != NULL)
        parley_cli_flight_take_apart(&f->line, parley_view_of(f->at + f->start, f->line.text.len));
}

int parley_cli_flight_file_next(struct parley_cli_flight_file *f)
{
    struct parley_view text;
    size_t end;

    if (f->line.text.at != NULL)
        f->start += f->line.text.len + 1;
    f->line = (struct parley_cli_flight_line){.count = 0};
    if (f->start > f->size / 2) {
        memmove(f->at, f->at + f->start, f->end - f->start);
        f->end -= f->start;
        f->start = 0;
    }
    f->number++;
    end = find_break(f, f->start);
    if (end == SIZE_MAX) {
        f->torn = f->end > f->start;
        return 0;
    }
    text = parley_view_of(f->at + f->start, end - f->start);
    if (parley_cli_flight_take_apart(&f->line, text))
        return 1;
    f->line = (struct parley_cli_flight_line){.count = 0};
    if (find_break(f, end + 1) == SIZE_MAX) { /* the last line: written by half, too */
        f->torn = true;
        return 0;
    }
    return parley_cli_flight_file_wrong(f, "this is no line of a record");
}

bool parley_cli_flight_file_peek(struct parley_cli_flight_file *f, size_t ahead,
                                 struct parley_cli_flight_line *line)
{
    size_t from = f->start, end = SIZE_MAX;

    for (size_t i = 0; i <= ahead; i++) {
        end = find_break(f, from);
        if (end == SIZE_MAX)
            break;
        if (i < ahead)
            from = end + 1;
    }
    again(f);
    return end != SIZE_MAX && parley_cli_flight_take_apart(line, parley_view_of(f->at + from, end - from));
}

int parley_cli_flight_file_open(struct parley_cli_flight_file *f, const char *path)
{
    int64_t version;
    int got;

    memset(f, 0, sizeof *f);
    f->path = path;
    f->fd = parley_file_open(path, PARLEY_FILE_READ);
    if (f->fd < 0) {
        f->fd = -1;
        return cannot(f, PARLEY_ERR_FILE, parley_file_reason());
    }
    f->at = malloc(READ_BYTES);
    if (f->at == NULL)
        return cannot(f, PARLEY_ERR_MEMORY, "no memory");
    f->size = READ_BYTES;
    got = parley_cli_flight_file_next(f);
    if (got <= 0 || !parley_cli_flight_number(&f->line, "record", &version))
        return cannot(f, PARLEY_ERR_FILE, "this is no record: it does not begin with {\"record\":");
    if (version == PARLEY_RECORD_VERSION)
        return PARLEY_OK;
    snprintf(f->why, sizeof f->why, "%.250s: a record of version %lld; this program knows version %d", path,
             (long long)version, PARLEY_RECORD_VERSION);
    return PARLEY_ERR_FILE;
}

void parley_cli_flight_file_close(struct parley_cli_flight_file *f)
{
    if (f->fd >= 0)
        parley_file_close(f->fd);
    free(f->at);
    f->fd = -1;
    f->at = NULL;
}

/* ---- members ----------------------------------------------------------------------------------- */

struct parley_view parley_cli_flight_raw(const struct parley_cli_flight_line *line, const char *name)
{
    for (size_t i = 0; i < line->count; i++)
        if (parley_view_is(line->members[i].name, name))
            return line->members[i].raw;
    return parley_view(NULL);
}

bool parley_cli_flight_number(const struct parley_cli_flight_line *line, const char *name, int64_t *number)
{
    struct parley_view raw = parley_cli_flight_raw(line, name);
    struct parley_json j;

    if (raw.at == NULL)
        return false;
    parley_json_start(&j, (char *)(uintptr_t)raw.at, raw.len);
    return parley_json_next(&j) == PARLEY_JSON_NUMBER && parley_json_i64(&j, number);
}

int64_t parley_cli_flight_amount(const struct parley_cli_flight_line *line, const char *name)
{
    int64_t number = 0;

    return parley_cli_flight_number(line, name, &number) ? number : 0;
}

bool parley_cli_flight_is(const struct parley_cli_flight_line *line, const char *name, const char *word)
{
    struct parley_view raw = parley_cli_flight_raw(line, name);

    return raw.len >= 2 && parley_view_is(parley_view_of(raw.at + 1, raw.len - 2), word);
}

static int digit(char at)
{
    if (at >= '0' && at <= '9')
        return at - '0';
    return at >= 'a' && at <= 'f' ? at - 'a' + 10 : -1;
}

/* In place. */
static struct parley_view from_hex(char *at, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        int high = digit(at[2 * i]), low = digit(at[2 * i + 1]);

        if (high < 0 || low < 0)
            return parley_view_of(at, i);
        at[i] = (char)(high * 16 + low);
    }
    return parley_view_of(at, len / 2);
}

struct parley_view parley_cli_flight_text(const struct parley_cli_flight_line *line, const char *name)
{
    char hex_name[40];
    struct parley_view raw = parley_cli_flight_raw(line, name), text;
    struct parley_json j;
    bool hex = raw.at == NULL;
    char *copy;

    snprintf(hex_name, sizeof hex_name, "%.30s_hex", name);
    if (hex)
        raw = parley_cli_flight_raw(line, hex_name);
    if (raw.len < 2 || raw.at[0] != '"')
        return parley_view(NULL);
    copy = malloc(raw.len);
    if (copy == NULL)
        return parley_view(NULL);
    memcpy(copy, raw.at, raw.len);
    parley_json_start(&j, copy, raw.len);
    parley_json_next(&j);
    text = parley_json_string(&j);
    /* Moved to the front, so that whoever frees it has the start of the block. */
    memmove(copy, text.at, text.len);
    return hex ? from_hex(copy, text.len) : parley_view_of(copy, text.len);
}
