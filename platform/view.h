#ifndef PARLEY_PLATFORM_VIEW_H
#define PARLEY_PLATFORM_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Text that belongs to somebody else: a start and a length, no terminating zero. A view is good for
 * as long as the memory behind it; whoever hands one out says how long that is. An absent text has
 * at == NULL; an empty one has len == 0 and any other start.
 */
struct parley_view {
    const char *at;
    size_t len;
};

/* A view of a string literal, usable in an initialiser. */
#define PARLEY_VIEW(literal)                                                                                 \
    {                                                                                                        \
        "" literal, sizeof(literal) - 1                                                                      \
    }

/* A view of a zero-terminated string; NULL gives the absent view. */
static inline struct parley_view parley_view(const char *text)
{
    struct parley_view view = {text, text != NULL ? strlen(text) : 0};
    return view;
}

/* A view of `len` bytes at `at`. */
static inline struct parley_view parley_view_of(const char *at, size_t len)
{
    struct parley_view view = {at, len};
    return view;
}

/* True when both hold the same bytes. Absent and empty are equal here; ask `.at` to tell them apart. */
static inline bool parley_view_equal(struct parley_view a, struct parley_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* True when `view` holds exactly the text of the zero-terminated `text`. */
static inline bool parley_view_is(struct parley_view view, const char *text)
{
    return parley_view_equal(view, parley_view(text));
}

/* True when `view` begins with `start`. */
static inline bool parley_view_starts(struct parley_view view, struct parley_view start)
{
    return view.len >= start.len && (start.len == 0 || memcmp(view.at, start.at, start.len) == 0);
}

/* `view` without its first `count` bytes (all of them, if it has fewer). */
static inline struct parley_view parley_view_skip(struct parley_view view, size_t count)
{
    size_t skipped = count < view.len ? count : view.len;
    return parley_view_of(view.at != NULL ? view.at + skipped : NULL, view.len - skipped);
}

/* `view` without the ASCII white space (space, tab, CR, LF, VT, FF) at both ends. */
static inline struct parley_view parley_view_trim(struct parley_view view)
{
    while (view.len > 0 && (view.at[0] == ' ' || (view.at[0] >= '\t' && view.at[0] <= '\r')))
        view = parley_view_skip(view, 1);
    while (view.len > 0 &&
           (view.at[view.len - 1] == ' ' || (view.at[view.len - 1] >= '\t' && view.at[view.len - 1] <= '\r')))
        view.len--;
    return view;
}

#endif
