/*
 * The pull reader: a state (what may come next), a bit per open container, and no stack but that.
 *
 * Each byte is looked at once, and every failure is noted at the first byte no JSON text could have
 * there, so that all before it is JSON so far. Numbers are given their values in json_number.c.
 */
#include "parser/json.h"
#include "parser/scan.h"
#include "parser/utf8.h"

/* What may come next; from FAILED_MORE on nothing does, and the same answer is given again. */
enum expect {
    EXPECT_VALUE,       /* a value: the text's own, or an element after a comma */
    EXPECT_FIRST_VALUE, /* just after '[': an element or ']' */
    EXPECT_FIRST_NAME,  /* just after '{': a name or '}' */
    EXPECT_COLON,       /* after a name: a colon and a value */
    EXPECT_NEXT,        /* after a value inside a container: a comma and more, or its end */
    EXPECT_END,         /* after the text's own value: white space alone */
    FAILED_MORE,
    FAILED_BAD,
    FAILED_DEEP,
};

void parley_json_start(struct parley_json *j, char *text, size_t len)
{
    j->start = j->at = text;
    j->end = len > 0 ? text + len : text;
    j->raw = parley_view(NULL);
    j->error = NULL;
    j->offset = 0;
    j->depth = 0;
    j->expect = EXPECT_VALUE;
    j->escaped = j->checked = false;
}

/* ---- failures --------------------------------------------------------------------------------- */

static enum parley_json_token failure(const struct parley_json *j)
{
    return j->expect == FAILED_MORE  ? PARLEY_JSON_MORE
           : j->expect == FAILED_BAD ? PARLEY_JSON_BAD
                                     : PARLEY_JSON_DEEP;
}

static enum parley_json_token fail(struct parley_json *j, enum expect how, const char *at, const char *why)
{
    j->expect = (uint8_t)how;
    j->error = why;
    j->offset = (size_t)(at - j->start);
    return failure(j);
}

/* Not JSON: `at` is the first byte that shows it. At the end of the text it is merely not complete. */
static enum parley_json_token bad(struct parley_json *j, const char *at, const char *why)
{
    return at == j->end ? fail(j, FAILED_MORE, at, "the text ends too early") : fail(j, FAILED_BAD, at, why);
}

/* The same for those who answer where to go on. */
static char *stop(struct parley_json *j, const char *at, const char *why)
{
    bad(j, at, why);
    return NULL;
}

/* ---- strings ---------------------------------------------------------------------------------- */

static bool plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* The first byte at or after `at` that is not plain, or `end`. */
static char *pass_plain(char *at, const char *end)
{
    for (; end - at >= PARLEY_SCAN_BYTES; at += PARLEY_SCAN_BYTES) {
        uint64_t marks = parley_scan_not_plain(at);
        if (marks == 0)
            continue;
        at += parley_scan_first(marks);
        if (PARLEY_SCAN_EXACT)
            return at;
        break;
    }
    while (at < end && plain(*at))
        at++;
    return at;
}

/* A run of bytes above ASCII has to be whole characters. */
static char *pass_wide(struct parley_json *j, char *at)
{
    char *end = at;
    while (end < j->end && (unsigned char)*end >= 0x80)
        end++;
    struct parley_utf8 state = {0};
    char *good = at + parley_utf8_feed(&state, parley_view_of(at, (size_t)(end - at)));
    return good == end && state.need == 0 ? end : stop(j, good, "a string is not UTF-8");
}

static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a' + 10) : 16;
}

/* The four digits of a \u escape, put into *unit. The second of a pair has to be DC00 to DFFF and any
 * other may not be; both show with the second digit at the latest. */
static char *pass_unit(struct parley_json *j, char *at, bool second_of_pair, unsigned *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, at++) {
        unsigned digit = at < j->end ? hex_value(*at) : 16;
        if (digit == 16)
            return stop(j, at, "an escape \\u lacks its four hexadecimal digits");
        *unit = *unit << 4 | digit;
        if (second_of_pair && (i == 0 ? *unit != 0xD : i == 1 && *unit < 0xDC))
            return stop(j, at, "the first half of a surrogate pair lacks its second");
        if (!second_of_pair && i == 1 && *unit >= 0xDC && *unit <= 0xDF)
            return stop(j, at, "the second half of a surrogate pair lacks its first");
    }
    return at;
}

/* What follows \u: one unit, or the pair of escapes that makes a character above U+FFFF. */
static char *pass_unicode(struct parley_json *j, char *at)
{
    unsigned unit;
    at = pass_unit(j, at, false, &unit);
    if (at == NULL || unit < 0xD800 || unit > 0xDBFF)
        return at;
    for (const char *mark = "\\u"; *mark != '\0'; mark++, at++)
        if (at == j->end || *at != *mark)
            return stop(j, at, "the first half of a surrogate pair lacks its second");
    return pass_unit(j, at, true, &unit);
}

/* An escape, `at` its backslash. */
static char *pass_escape(struct parley_json *j, char *at)
{
    at++;
    if (at < j->end && *at == 'u')
        return pass_unicode(j, at + 1);
    if (at == j->end || memchr("\"\\/bfnrt", *at, 8) == NULL)
        return stop(j, at, "there is no such escape");
    return at + 1;
}

/* What is left of a string from `at` on, which is not plain. */
static char *pass_more(struct parley_json *j, char *at)
{
    do {
        if (at == j->end || (unsigned char)*at < 0x20)
            return stop(j, at, "a control character in a string is not escaped");
        j->escaped |= *at == '\\';
        at = *at == '\\' ? pass_escape(j, at) : pass_wide(j, at);
        if (at == NULL)
            return NULL;
        at = pass_plain(at, j->end);
    } while (at == j->end || *at != '"');
    return at + 1;
}

/* The same from anywhere inside of it. Most strings are plain. */
static char *pass_string(struct parley_json *j, char *at)
{
    j->escaped = false;
    at = pass_plain(at, j->end);
    return at < j->end && *at == '"' ? at + 1 : pass_more(j, at);
}

/* ---- other values ------------------------------------------------------------------------------ */

static char *pass_digits(struct parley_json *j, char *at)
{
    if (at == j->end || *at < '0' || *at > '9')
        return stop(j, at, "a digit of a number is missing");
    while (at < j->end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259, section 6: sign, integer without leading zeros, fraction, exponent. */
static char *pass_number(struct parley_json *j, char *at)
{
    at += *at == '-';
    bool zero = at < j->end && *at == '0';
    at = zero ? at + 1 : pass_digits(j, at);
    if (at != NULL && zero && at < j->end && *at >= '0' && *at <= '9')
        return stop(j, at, "a number begins with a needless zero");
    if (at != NULL && at < j->end && *at == '.')
        at = pass_digits(j, at + 1);
    if (at != NULL && at < j->end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < j->end && (*at == '+' || *at == '-');
        at = pass_digits(j, at);
    }
    return at;
}

static char *pass_word(struct parley_json *j, char *at, const char *word)
{
    for (; *word != '\0'; word++, at++)
        if (at == j->end || *at != *word)
            return stop(j, at, "a word that is not true, false or null");
    return at;
}

/* What was passed, from `at` to `end`, is the present token; `end` NULL says it failed. */
static enum parley_json_token passed(struct parley_json *j, const char *at, char *end,
                                     enum parley_json_token token, enum expect next)
{
    if (end == NULL)
        return failure(j);
    j->raw = parley_view_of(at, (size_t)(end - at));
    j->at = end;
    j->expect = (uint8_t)next;
    return token;
}

static enum parley_json_token value(struct parley_json *j, const char *at, char *end,
                                    enum parley_json_token token)
{
    return passed(j, at, end, token, j->depth > 0 ? EXPECT_NEXT : EXPECT_END);
}

/* ---- containers -------------------------------------------------------------------------------- */

static bool in_object(const struct parley_json *j)
{
    unsigned level = (unsigned)j->depth - 1;
    return (j->kinds[level / 8] >> level % 8 & 1) != 0;
}

static enum parley_json_token open_container(struct parley_json *j, char *at, bool object)
{
    if (j->depth == PARLEY_JSON_DEPTH)
        return fail(j, FAILED_DEEP, at, "objects and arrays are nested too deep");
    unsigned bit = 1u << j->depth % 8;
    uint8_t *kinds = &j->kinds[j->depth / 8];
    *kinds = (uint8_t)(object ? *kinds | bit : *kinds & ~bit);
    j->depth++;
    return object ? passed(j, at, at + 1, PARLEY_JSON_OBJECT, EXPECT_FIRST_NAME)
                  : passed(j, at, at + 1, PARLEY_JSON_ARRAY, EXPECT_FIRST_VALUE);
}

static enum parley_json_token close_container(struct parley_json *j, char *at)
{
    bool object = in_object(j);
    j->depth--;
    return value(j, at, at + 1, object ? PARLEY_JSON_OBJECT_END : PARLEY_JSON_ARRAY_END);
}

/* ---- what comes next --------------------------------------------------------------------------- */

static char *pass_spaces(const struct parley_json *j, char *at)
{
    while (at < j->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* Mostly there is none. */
static inline char *pass_space(const struct parley_json *j, char *at)
{
    return at < j->end && (unsigned char)*at > ' ' ? at : pass_spaces(j, at);
}

static inline bool stands(const struct parley_json *j, const char *at, char c)
{
    return at < j->end && *at == c;
}

static enum parley_json_token read_value(struct parley_json *j, char *at)
{
    if (stands(j, at, '"'))
        return value(j, at, pass_string(j, at + 1), PARLEY_JSON_STRING);
    char c = at < j->end ? *at : '\0';
    if (c == '{' || c == '[')
        return open_container(j, at, c == '{');
    if (c == '-' || (c >= '0' && c <= '9'))
        return value(j, at, pass_number(j, at), PARLEY_JSON_NUMBER);
    if (c == 't')
        return value(j, at, pass_word(j, at, "true"), PARLEY_JSON_TRUE);
    if (c == 'f')
        return value(j, at, pass_word(j, at, "false"), PARLEY_JSON_FALSE);
    if (c == 'n')
        return value(j, at, pass_word(j, at, "null"), PARLEY_JSON_NULL);
    return bad(j, at, "a value is missing");
}

static enum parley_json_token read_name(struct parley_json *j, char *at)
{
    if (!stands(j, at, '"'))
        return bad(j, at, "the name of a member is missing");
    return passed(j, at, pass_string(j, at + 1), PARLEY_JSON_NAME, EXPECT_COLON);
}

static enum parley_json_token read_after_value(struct parley_json *j, char *at)
{
    bool object = in_object(j);
    if (stands(j, at, ',')) {
        at = pass_space(j, at + 1);
        return object ? read_name(j, at) : read_value(j, at);
    }
    if (stands(j, at, object ? '}' : ']'))
        return close_container(j, at);
    return bad(j, at,
               object ? "a comma or the end of an object is missing"
                      : "a comma or the end of an array is missing");
}

enum parley_json_token parley_json_next(struct parley_json *j)
{
    char *at = pass_space(j, j->at);
    switch ((enum expect)j->expect) {
    case EXPECT_VALUE:
        return read_value(j, at);
    case EXPECT_FIRST_VALUE:
        return stands(j, at, ']') ? close_container(j, at) : read_value(j, at);
    case EXPECT_FIRST_NAME:
        return stands(j, at, '}') ? close_container(j, at) : read_name(j, at);
    case EXPECT_COLON:
        return stands(j, at, ':') ? read_value(j, pass_space(j, at + 1))
                                  : bad(j, at, "the colon after a name is missing");
    case EXPECT_NEXT:
        return read_after_value(j, at);
    case EXPECT_END:
        return at == j->end ? PARLEY_JSON_END : bad(j, at, "something follows the value");
    case FAILED_MORE:
    case FAILED_BAD:
    case FAILED_DEEP:
        break;
    }
    return failure(j);
}

char *parley_json_string_begin(struct parley_json *j)
{
    char *at = pass_space(j, j->at);
    if (j->expect != EXPECT_COLON || !stands(j, at, ':'))
        return NULL;
    at = pass_space(j, at + 1);
    if (!stands(j, at, '"'))
        return NULL;
    j->at = at;
    return at + 1;
}

enum parley_json_token parley_json_string_end(struct parley_json *j, char *at)
{
    return value(j, j->at, pass_string(j, at), PARLEY_JSON_STRING);
}

/* The closing quote of a string that is known to have one. */
static char *string_end(char *at, const char *end)
{
    for (;; at++) {
        at = memchr(at, '"', (size_t)(end - at));
        size_t backslashes = 0;
        while (at[-1 - (ptrdiff_t)backslashes] == '\\')
            backslashes++;
        if (backslashes % 2 == 0)
            return at;
    }
}

/* The end of an object or array that is known to have one, `at` inside of it. */
static char *container_end(char *at, const char *end)
{
    for (unsigned depth = 1; depth > 0; at++) {
        if (*at == '"')
            at = string_end(at + 1, end);
        else if ((*at | 0x20) == '{') /* or '[' */
            depth++;
        else if ((*at | 0x20) == '}') /* or ']' */
            depth--;
    }
    return at;
}

bool parley_json_skip(struct parley_json *j)
{
    unsigned outside = j->depth;
    if (j->expect == EXPECT_FIRST_NAME || j->expect == EXPECT_FIRST_VALUE)
        outside--; /* the container just opened is the value */
    else if (j->expect == EXPECT_COLON || j->expect == EXPECT_VALUE)
        parley_json_next(j);
    if (j->checked && j->depth > outside) {
        j->depth = (uint16_t)outside;
        value(j, j->at, container_end(j->at, j->end), PARLEY_JSON_OBJECT_END);
    }
    while (j->depth > outside && parley_json_next(j) > 0)
        continue;
    return j->expect < FAILED_MORE;
}

bool parley_json_raw(struct parley_json *j, struct parley_view *raw)
{
    if (parley_json_next(j) <= 0)
        return false;
    const char *start = j->raw.at;
    if (!parley_json_skip(j))
        return false;
    *raw = parley_view_of(start, (size_t)(j->at - start));
    return true;
}

/* ---- the text of strings ----------------------------------------------------------------------- */

/* Four digits that were checked. */
static uint32_t unit(const char *digits)
{
    return (uint32_t)(hex_value(digits[0]) << 12 | hex_value(digits[1]) << 8 | hex_value(digits[2]) << 4 |
                      hex_value(digits[3]));
}

uint32_t parley_json_escape(const char **at)
{
    char c = (*at)[1];
    if (c != 'u') {
        *at += 2;
        switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return (uint32_t)c; /* quote, backslash, slash */
        }
    }
    uint32_t first = unit(*at + 2);
    bool pair = first >= 0xD800 && first <= 0xDBFF;
    uint32_t second = pair ? unit(*at + 8) : 0;
    *at += pair ? 12 : 6;
    return pair ? 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00) : first;
}

struct parley_view parley_json_string(struct parley_json *j)
{
    char *start = j->start + (j->raw.at - j->start) + 1, *out = start;
    const char *at = start, *end = start + j->raw.len - 2;
    if (!j->escaped)
        return parley_view_of(start, j->raw.len - 2);
    /* No escape is shorter than what it stands for, so writing never overtakes reading. */
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        size_t len = (size_t)((escape != NULL ? escape : end) - at);
        memmove(out, at, len);
        at += len;
        out += len;
        if (escape != NULL)
            out += parley_utf8_put(out, parley_json_escape(&at));
    }
    return parley_view_of(start, (size_t)(out - start));
}

bool parley_json_name_is(const struct parley_json *j, const char *name)
{
    struct parley_view expected = parley_view(name);
    struct parley_view inside = parley_view_of(j->raw.at + 1, j->raw.len - 2);
    if (!j->escaped)
        return parley_view_equal(inside, expected);
    const char *at = inside.at, *end = inside.at + inside.len;
    while (at < end) {
        char out[4] = {*at};
        size_t len = 1;
        if (*at == '\\')
            len = parley_utf8_put(out, parley_json_escape(&at));
        else
            at++;
        if (!parley_view_starts(expected, parley_view_of(out, len)))
            return false;
        expected = parley_view_skip(expected, len);
    }
    return expected.len == 0;
}
