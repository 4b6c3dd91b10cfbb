/*
 * The fields of a talk's line as messages: made of them, and held against them.
 */
#include "transport/loopback/peek.h"
#include "transport/loopback/talk.h"

#include <stdio.h>

/* ---- making one --------------------------------------------------------------------------------- */

/* The part of a path before its last dot, without the dot; empty for a member of the message itself. */
static struct parley_view parent_of(struct parley_view path)
{
    while (path.len > 0 && path.at[path.len - 1] != '.')
        path.len--;
    if (path.len > 0)
        path.len--;
    return path;
}

/* Components of a path. */
static size_t depth_of(struct parley_view path)
{
    size_t depth = path.len > 0;

    for (size_t i = 0; i < path.len; i++)
        depth += path.at[i] == '.';
    return depth;
}

/* The length of the components that both paths begin with. */
static size_t common_length(struct parley_view a, struct parley_view b)
{
    size_t common = 0;

    for (size_t i = 0; i <= a.len && i <= b.len; i++) {
        bool a_ends = i == a.len || a.at[i] == '.', b_ends = i == b.len || b.at[i] == '.';

        if (a_ends && b_ends)
            common = i;
        if (a_ends != b_ends || i == a.len || i == b.len || a.at[i] != b.at[i])
            break;
    }
    return common;
}

static void put_name(struct parley_render *r, struct parley_view name)
{
    parley_render_raw(r, parley_view("\""));
    parley_render_json(r, name);
    parley_render_raw(r, parley_view("\":"));
}

static void put_value(struct parley_render *r, struct parley_view value)
{
    const char *fault;
    size_t offset;

    if (parley_peek_valid(value, &fault, &offset)) {
        parley_render_raw(r, value);
        return;
    }
    parley_render_raw(r, parley_view("\""));
    parley_render_json(r, value);
    parley_render_raw(r, parley_view("\""));
}

static void close_objects(struct parley_render *r, size_t count)
{
    while (count-- > 0)
        parley_render_raw(r, parley_view("}"));
}

/* Opens an object for each component of `path`. */
static void open_objects(struct parley_render *r, struct parley_view path)
{
    while (path.len > 0) {
        const char *dot = memchr(path.at, '.', path.len);
        size_t len = dot != NULL ? (size_t)(dot - path.at) : path.len;

        put_name(r, parley_view_of(path.at, len));
        parley_render_raw(r, parley_view("{"));
        path = parley_view_skip(path, len + 1);
    }
}

void parley_talk_message(struct parley_render *r, struct parley_view type, struct parley_view fields)
{
    struct parley_talk_field field;
    struct parley_view before = {"", 0};

    parley_render_raw(r, parley_view("{\"type\":\""));
    parley_render_json(r, type);
    parley_render_raw(r, parley_view("\""));
    while (parley_talk_field(&fields, &field)) {
        struct parley_view parent = parent_of(field.path), further;
        size_t common = common_length(before, parent);

        close_objects(r, depth_of(before) - depth_of(parley_view_of(before.at, common)));
        parley_render_raw(r, parley_view(","));
        further = parley_view_skip(parent, common > 0 ? common + 1 : 0);
        open_objects(r, further);
        put_name(r, parley_view_skip(field.path, parent.len > 0 ? parent.len + 1 : 0));
        put_value(r, field.value);
        before = parent;
    }
    close_objects(r, depth_of(before) + 1);
}

/* ---- holding one against them ------------------------------------------------------------------- */

/* True when the value `found` is the one that was written down. */
static bool same_value(struct parley_view found, struct parley_view wanted)
{
    char a[2048], b[2048];

    if (!parley_peek_is_string(found))
        return parley_view_equal(found, wanted);
    return parley_view_equal(parley_peek_unescape(found, a, sizeof(a)),
                             parley_talk_plain(wanted, b, sizeof(b)));
}

/* True when the text `found`, or the JSON it stands for, contains `part`. */
static bool contains(struct parley_view found, struct parley_view part)
{
    char a[8192], b[1024];
    struct parley_view text = parley_talk_plain(found, a, sizeof(a)),
                       wanted = parley_talk_plain(part, b, sizeof(b));

    for (size_t i = 0; i + wanted.len <= text.len; i++)
        if (wanted.len == 0 || memcmp(text.at + i, wanted.at, wanted.len) == 0)
            return true;
    return false;
}

/* True when the whole text is as the pattern: * for any characters, ? for one. */
static bool is_like(struct parley_view text, struct parley_view pattern)
{
    size_t at = 0, p = 0, star = SIZE_MAX, tried = 0;

    while (at < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            tried = at;
        } else if (p < pattern.len && (pattern.at[p] == '?' || pattern.at[p] == text.at[at])) {
            p++;
            at++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            at = ++tried;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static bool compares(struct parley_view found, const struct parley_talk_field *field)
{
    char a[2048], b[1024];
    double is, wanted;

    switch (field->kind) {
    case '~':
        return contains(found, field->value);
    case '*':
        return is_like(parley_talk_plain(found, a, sizeof(a)), parley_talk_plain(field->value, b, sizeof(b)));
    case '<':
    case '>':
        return parley_peek_double(found, "", &is) && parley_peek_double(field->value, "", &wanted) &&
               (field->kind == '<' ? is < wanted : is > wanted);
    default:
        return same_value(found, field->value);
    }
}

/* A length that keeps messages readable. */
static int shown(struct parley_view view)
{
    return (int)(view.len < 80 ? view.len : 80);
}

static bool holds(struct parley_view message, const struct parley_talk_field *field,
                  char why[PARLEY_TALK_WHY])
{
    struct parley_view found;
    bool there = parley_peek(message, field->path, &found);
    int width = shown(field->path);

    if (field->kind == '!' && there)
        snprintf(why, PARLEY_TALK_WHY, "%.*s is there: %.*s", width, field->path.at, shown(found), found.at);
    else if (field->kind == '!')
        return true;
    else if (!there)
        snprintf(why, PARLEY_TALK_WHY, "%.*s is missing", width, field->path.at);
    else if (compares(found, field))
        return true;
    else
        snprintf(why, PARLEY_TALK_WHY, "%.*s is %.*s", width, field->path.at, shown(found), found.at);
    return false;
}

bool parley_talk_matches(struct parley_view message, const char *type_member, struct parley_view type,
                         struct parley_view fields, char why[PARLEY_TALK_WHY])
{
    struct parley_talk_field of_type = {.path = parley_view(type_member), .kind = '=', .value = type}, field;

    if (!holds(message, &of_type, why))
        return false;
    while (parley_talk_field(&fields, &field))
        if (!holds(message, &field, why))
            return false;
    return true;
}
