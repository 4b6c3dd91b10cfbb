/*
 * Talks that include others; see include.h. The whole text grows from the start of the buffer, and each file
 * on its way into it waits at the end: what was read of it makes room for what is written.
 */
#include "transport/loopback/include.h"
#include "platform/file.h"
#include "transport/loopback/peek.h"

#include <stdio.h>

enum { DEPTH = 8, PATH = 200 };

struct load {
    char *into;
    size_t used, limit; /* what is written ends before what is still to be read */
    char *why;
};

static long failed(const struct load *l, long status, const char *path, unsigned line, const char *what)
{
    if (line > 0)
        snprintf(l->why, PARLEY_TALK_WHY, "%.90s:%u:1: %.140s", path, line, what);
    else
        snprintf(l->why, PARLEY_TALK_WHY, "%.90s: %.140s", path, what);
    return status;
}

static bool put(struct load *l, struct parley_view text)
{
    if (text.len > l->limit - l->used)
        return false;
    memmove(l->into + l->used, text.at, text.len);
    l->used += text.len;
    return true;
}

/* The name in an include line; absent for any other. */
static struct parley_view included(struct parley_view line)
{
    const struct parley_view word = PARLEY_VIEW("include");

    line = parley_view_trim(line);
    if (!parley_view_starts(line, word) || line.len == word.len ||
        (line.at[word.len] != ' ' && line.at[word.len] != '\t'))
        return parley_view(NULL);
    return parley_view_trim(parley_view_skip(line, word.len));
}

/* The path of a file that `from` names. */
static bool path_of(struct parley_view name, const char *from, char path[PATH])
{
    const char *slash = strrchr(from, '/'), *fault;
    int folder = slash != NULL ? (int)(slash - from) + 1 : 0;
    char plain[PATH];
    struct parley_view file;
    size_t offset;

    if (!parley_peek_valid(name, &fault, &offset) || !parley_peek_is_string(name))
        return false;
    file = parley_peek_unescape(name, plain, sizeof(plain));
    if (file.len == 0 || file.len + (size_t)folder >= PATH || memchr(file.at, '\n', file.len) != NULL)
        return false;
    if (file.at[0] == '/')
        folder = 0;
    snprintf(path, PATH, "%.*s%.*s", folder, from, (int)file.len, file.at);
    return true;
}

static long load_file(struct load *l, const char *path, const char *from, unsigned line, unsigned depth);

/* Puts another file in the place of a line. */
static long include(struct load *l, struct parley_view name, const char *from, unsigned line, unsigned depth)
{
    char path[PATH], place[PATH + 32];
    long status;

    if (!path_of(name, from, path))
        return failed(l, PARLEY_ERR_ARGUMENT, from, line,
                      "include needs the name of a file in double quotes");
    if (depth == DEPTH)
        return failed(l, PARLEY_ERR_ARGUMENT, from, line, "files include one another too deep");
    snprintf(place, sizeof(place), "#@ 1 %s\n", path);
    if (!put(l, parley_view(place)))
        return failed(l, PARLEY_ERR_TOO_LONG, from, line, "the talk is too long");
    status = load_file(l, path, from, line, depth + 1);
    snprintf(place, sizeof(place), "#@ %u %s\n", line + 1, from);
    if (status == 0 && !put(l, parley_view(place)))
        return failed(l, PARLEY_ERR_TOO_LONG, from, line, "the talk is too long");
    return status;
}

static long put_lines(struct load *l, struct parley_view text, const char *path, unsigned depth)
{
    for (unsigned number = 1; text.len > 0; number++) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.at) : text.len;
        struct parley_view line = parley_view_of(text.at, len), name = included(line);
        long status = 0;

        text = parley_view_skip(text, end != NULL ? len + 1 : len);
        l->limit = (size_t)(text.at - l->into);
        if (name.at != NULL) {
            char kept[PATH + 8];

            snprintf(kept, sizeof(kept), "%.*s", (int)(name.len < PATH ? name.len : PATH), name.at);
            status = include(l, parley_view(kept), path, number, depth);
        } else if (!put(l, line) || !put(l, parley_view("\n"))) {
            status = failed(l, PARLEY_ERR_TOO_LONG, path, number, "the talk is too long");
        }
        if (status < 0)
            return status;
    }
    return 0;
}

/* `from` and `line`: who includes it; line 0 for the talk itself. */
static long load_file(struct load *l, const char *path, const char *from, unsigned line, unsigned depth)
{
    size_t limit = l->limit, room = limit - l->used;
    char text[PARLEY_TALK_WHY];
    long length, status;

    /* It is read to where it will be written, and then moved to the end of the room. */
    length = parley_file_load(path, l->into + l->used, room);
    if (length < 0) {
        snprintf(text, sizeof(text), "%.60s%s%.60s", line > 0 ? path : "", line > 0 ? ": " : "",
                 length == PARLEY_ERR_FILE ? parley_file_reason() : parley_status_text((int)length));
        return failed(l, length, line > 0 ? from : path, line, text);
    }
    memmove(l->into + limit - length, l->into + l->used, (size_t)length);
    status = put_lines(l, parley_view_of(l->into + limit - (size_t)length, (size_t)length), path, depth);
    l->limit = limit;
    return status;
}

long parley_talk_load(const char *path, char *into, size_t bytes, char why[PARLEY_TALK_WHY])
{
    struct load l = {.into = into, .limit = bytes, .why = why};
    long status = load_file(&l, path, path, 0, 0);

    return status < 0 ? status : (long)l.used;
}
