/*
 * Looks into JSON by path, for the script and the built-in service: both get the client's messages as views
 * that belong to the client, so nothing is unescaped in place here.
 */
#include "transport/loopback/peek.h"
#include "parser/utf8.h"

/* The reader takes a text it may change; it does so in parley_json_string alone, which is not called here. */
static void start(struct parley_json *j, struct parley_view json)
{
    parley_json_start(j, (char *)(uintptr_t)json.at, json.len);
}

bool parley_peek_valid(struct parley_view json, const char **why, size_t *offset)
{
    struct parley_json j;
    enum parley_json_token token;

    start(&j, json);
    do {
        token = parley_json_next(&j);
    } while (token > 0);
    *why = j.error;
    *offset = j.offset;
    return token == PARLEY_JSON_END;
}

/* The present NAME, unescaped, is `name`. */
static bool named(const struct parley_json *j, struct parley_view name)
{
    char text[64];

    if (name.len >= sizeof(text))
        return false;
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    return parley_json_name_is(j, text);
}

static bool member(struct parley_json *j, struct parley_view name, struct parley_view *raw)
{
    while (parley_json_next(j) == PARLEY_JSON_NAME) {
        if (named(j, name))
            return parley_json_raw(j, raw);
        if (!parley_json_skip(j))
            return false;
    }
    return false;
}

/* `index` as a number, or SIZE_MAX when it is none. */
static size_t element_index(struct parley_view index)
{
    size_t number = 0;

    if (index.len == 0 || index.len > 6)
        return SIZE_MAX;
    for (size_t i = 0; i < index.len; i++) {
        if (index.at[i] < '0' || index.at[i] > '9')
            return SIZE_MAX;
        number = number * 10 + (size_t)(index.at[i] - '0');
    }
    return number;
}

static bool element(struct parley_json *j, struct parley_view index, struct parley_view *raw)
{
    size_t wanted = element_index(index);
    enum parley_json_token token;

    for (size_t i = 0; (token = parley_json_next(j)) > 0 && token != PARLEY_JSON_ARRAY_END; i++) {
        const char *at = j->raw.at;

        if (!parley_json_skip(j))
            return false;
        if (i == wanted) {
            *raw = parley_view_of(at, (size_t)(j->at - at));
            return true;
        }
    }
    return false;
}

/* Cuts the first component off a path. */
static struct parley_view component(struct parley_view *path)
{
    const char *dot = memchr(path->at, '.', path->len);
    struct parley_view first = parley_view_of(path->at, dot != NULL ? (size_t)(dot - path->at) : path->len);

    *path = parley_view_skip(*path, first.len + 1);
    return first;
}

bool parley_peek(struct parley_view json, struct parley_view path, struct parley_view *raw)
{
    *raw = parley_view_trim(json);
    while (path.len > 0) {
        struct parley_view name = component(&path);
        struct parley_json j;
        enum parley_json_token token;

        start(&j, *raw);
        token = parley_json_next(&j);
        if (!(token == PARLEY_JSON_OBJECT && member(&j, name, raw)) &&
            !(token == PARLEY_JSON_ARRAY && element(&j, name, raw)))
            return false;
    }
    return true;
}

bool parley_peek_is_string(struct parley_view raw)
{
    return raw.len >= 2 && raw.at[0] == '"';
}

/* Bytes of the UTF-8 character that begins with `lead`. */
static size_t width(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* The character at *at, unescaped, and *at moved past it. Returns its bytes. */
static size_t take_character(const char **at, const char *end, char put[4])
{
    size_t length;

    if (**at == '\\')
        return parley_utf8_put(put, parley_json_escape(at));
    length = width((unsigned char)**at);
    if (length > (size_t)(end - *at)) /* the text ends within a character */
        length = (size_t)(end - *at);
    memcpy(put, *at, length);
    *at += length;
    return length;
}

struct parley_view parley_peek_unescape(struct parley_view raw, char *into, size_t bytes)
{
    const char *at = raw.at + 1, *end = raw.at + raw.len - 1;
    size_t used = 0;

    while (at < end) {
        char put[4];
        size_t length = take_character(&at, end, put);

        if (length > bytes - used)
            break;
        memcpy(into + used, put, length);
        used += length;
    }
    return parley_view_of(into, used);
}

/* True when two strings, quotes included, are the same text, however each is escaped. */
static bool is_same_text(struct parley_view a, struct parley_view b)
{
    const char *at = a.at + 1, *end = a.at + a.len - 1;
    const char *other = b.at + 1, *other_end = b.at + b.len - 1;

    while (at < end && other < other_end) {
        char one[4], two[4];
        size_t length = take_character(&at, end, one);

        if (take_character(&other, other_end, two) != length || memcmp(one, two, length) != 0)
            return false;
    }
    return at == end && other == other_end;
}

bool parley_peek_member(struct parley_view object, struct parley_view name, struct parley_view *raw)
{
    struct parley_json j;

    start(&j, object);
    if (parley_json_next(&j) != PARLEY_JSON_OBJECT)
        return false;
    while (parley_json_next(&j) == PARLEY_JSON_NAME) {
        if (is_same_text(j.raw, name))
            return parley_json_raw(&j, raw);
        if (!parley_json_skip(&j))
            return false;
    }
    return false;
}

struct parley_view parley_peek_text(struct parley_view json, const char *path, char *into, size_t bytes)
{
    struct parley_view raw;

    if (!parley_peek(json, parley_view(path), &raw) || !parley_peek_is_string(raw))
        return parley_view(NULL);
    return parley_peek_unescape(raw, into, bytes);
}

bool parley_peek_is(struct parley_view json, const char *path, const char *text)
{
    char value[128];
    struct parley_view found = parley_peek_text(json, path, value, sizeof(value));

    return found.at != NULL && parley_view_is(found, text);
}

bool parley_peek_number(struct parley_view json, const char *path, uint64_t *number)
{
    struct parley_json j;
    struct parley_view raw;

    if (!parley_peek(json, parley_view(path), &raw))
        return false;
    start(&j, raw);
    return parley_json_next(&j) == PARLEY_JSON_NUMBER && parley_json_u64(&j, number);
}

bool parley_peek_double(struct parley_view json, const char *path, double *number)
{
    struct parley_json j;
    struct parley_view raw;

    if (!parley_peek(json, parley_view(path), &raw))
        return false;
    start(&j, raw);
    return parley_json_next(&j) == PARLEY_JSON_NUMBER && parley_json_double(&j, number);
}
