/* Paths by their letters. See context/path.h. */
#include "context/path.h"

enum { TOO_LONG = PARLEY_PATH_BYTES };

/* The next part of a path between slashes, taken off its front; absent at the end. */
static struct parley_view take_part(struct parley_view *path)
{
    size_t end = 0;
    struct parley_view part;

    while (path->len > 0 && path->at[0] == '/')
        *path = parley_view_skip(*path, 1);
    if (path->len == 0)
        return parley_view(NULL);
    while (end < path->len && path->at[end] != '/')
        end++;
    part = parley_view_of(path->at, end);
    *path = parley_view_skip(*path, end);
    return part;
}

/* Goes on with the parts of `path` behind the `len` bytes there are ("" stands for the root). Returns the new
   length, or TOO_LONG. */
static size_t go_on(char *out, size_t len, struct parley_view path)
{
    for (struct parley_view part; (part = take_part(&path)).at != NULL;) {
        if (parley_view_is(part, "."))
            continue;
        if (parley_view_is(part, "..")) {
            while (len > 0 && out[--len] != '/')
                ;
            continue;
        }
        if (len + 1 + part.len >= PARLEY_PATH_BYTES)
            return TOO_LONG;
        out[len] = '/';
        memcpy(out + len + 1, part.at, part.len);
        len += 1 + part.len;
    }
    return len;
}

static bool is_absolute(struct parley_view path)
{
    return path.len > 0 && path.at[0] == '/';
}

static bool holds_zero(struct parley_view path)
{
    return path.len > 0 && memchr(path.at, '\0', path.len) != NULL;
}

size_t parley_path_plain(char out[PARLEY_PATH_BYTES], struct parley_view base, struct parley_view path)
{
    size_t len;

    if (is_absolute(path))
        base.len = 0;
    else if (!is_absolute(base))
        return 0;
    if (holds_zero(base) || holds_zero(path))
        return 0;
    len = go_on(out, 0, base);
    if (len != TOO_LONG)
        len = go_on(out, len, path);
    if (len == TOO_LONG)
        return 0;
    if (len == 0)
        out[len++] = '/';
    out[len] = '\0';
    return len;
}

/* Where the last slash is. */
static size_t last_slash(struct parley_view path)
{
    size_t at = path.len;

    while (at > 0 && path.at[at - 1] != '/')
        at--;
    return at > 0 ? at - 1 : 0;
}

struct parley_view parley_path_parent(struct parley_view path)
{
    size_t slash = last_slash(path);

    if (path.len <= 1)
        return parley_view(NULL);
    return parley_view_of(path.at, slash > 0 ? slash : 1);
}

struct parley_view parley_path_name(struct parley_view path)
{
    return path.len <= 1 ? parley_view(NULL) : parley_view_skip(path, last_slash(path) + 1);
}
