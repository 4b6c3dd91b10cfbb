#ifndef PARLEY_PARSER_JSON_H
#define PARLEY_PARSER_JSON_H

#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * A pull reader over one JSON text (RFC 8259), in place and without allocation.
 *
 *     struct parley_json j;
 *     parley_json_start(&j, text, length);
 *     if (parley_json_next(&j) == PARLEY_JSON_OBJECT)
 *         while (parley_json_next(&j) == PARLEY_JSON_NAME) {
 *             if (parley_json_name_is(&j, "type"))
 *                 type = parley_json_next(&j) == PARLEY_JSON_STRING ? parley_json_string(&j) : absent;
 *             else
 *                 parley_json_skip(&j);
 *         }
 *
 * Strings are checked as they are passed (escapes, UTF-8, surrogate pairs) and unescaped in their own
 * place only when asked for, so what is merely skipped stays verbatim.
 *
 * Where RFC 8259 leaves a choice: half a surrogate pair in an escape, text that is not UTF-8 and a byte
 * order mark are refused; numbers may have any size (and are told to be out of range when their value is
 * asked for); names may come twice, and it is for the caller to say which counts.
 */
enum parley_json_token {
    PARLEY_JSON_END = 0, /* the text is over, nothing but white space follows */
    PARLEY_JSON_OBJECT,
    PARLEY_JSON_OBJECT_END,
    PARLEY_JSON_ARRAY,
    PARLEY_JSON_ARRAY_END,
    PARLEY_JSON_NAME, /* a member's name; its value comes next */
    PARLEY_JSON_STRING,
    PARLEY_JSON_NUMBER,
    PARLEY_JSON_TRUE,
    PARLEY_JSON_FALSE,
    PARLEY_JSON_NULL,
    PARLEY_JSON_MORE = -1, /* so far it is JSON, but it ends too early: "not yet" */
    PARLEY_JSON_BAD = -2,  /* not JSON; `error` and `offset` tell what and where */
    PARLEY_JSON_DEEP = -3, /* nested deeper than PARLEY_JSON_DEPTH */
};

enum { PARLEY_JSON_DEPTH = 512 };

struct parley_json {
    char *start, *at, *end;               /* the text; `at` is where reading goes on */
    struct parley_view raw;               /* the token as it stands, with quotes; changed by unescaping */
    const char *error;                    /* in words, static; NULL while all is well */
    size_t offset;                        /* of the byte that made it fail */
    uint16_t depth;                       /* open objects and arrays */
    uint8_t expect;                       /* internal */
    bool escaped;                         /* the string token holds escapes */
    bool checked;                         /* the text was read before and is good; see parley_json_skip */
    uint8_t kinds[PARLEY_JSON_DEPTH / 8]; /* one bit a level that is open: object or array */
};

/* Starts to read `len` bytes at `text`; they must stay, and are changed by parley_json_string. */
void parley_json_start(struct parley_json *j, char *text, size_t len);

/* The next token. After an answer <= 0 it answers the same again. */
enum parley_json_token parley_json_next(struct parley_json *j);

/*
 * The two halves of parley_json_next after a NAME whose value is a string, for who reads its text on the way.
 * The first gives where the text begins, or NULL, with nothing passed, when the value is no string. The
 * second goes on at `at`: what lies before it was seen to be printable ASCII without quotes and backslashes,
 * and may have been changed since. Nothing else may be called between the two.
 */
char *parley_json_string_begin(struct parley_json *j);
enum parley_json_token parley_json_string_end(struct parley_json *j, char *at);

/* Passes over one whole value: after a NAME its value; at a value just read what is left of it, that is the
   rest of an object or array and nothing of any other. Returns false when the text fails within; the next
   parley_json_next tells how. Who sets `checked` after the start says that the text is a part of one that was
   read to its end: then objects and arrays are passed without being checked again. */
bool parley_json_skip(struct parley_json *j);

/* Like parley_json_skip after a NAME, and gives the value's text exactly as it stands. */
bool parley_json_raw(struct parley_json *j, struct parley_view *raw);

/* The present STRING or NAME token unescaped, in place; call once per token. Never fails: the token was
 * checked. U+0000 may be in it. */
struct parley_view parley_json_string(struct parley_json *j);

/* The character an escape stands for, and *at moved past it. *at is the backslash of an escape (the first of
   two, for a surrogate pair) inside a token that was checked. For those who may not change the text. */
uint32_t parley_json_escape(const char **at);

/* True when the present NAME, unescaped, is `name`. Does not change the text. */
bool parley_json_name_is(const struct parley_json *j, const char *name);

/* The present NUMBER as an unsigned / signed integer without loss. False for a fraction, an exponent,
   a sign where there may be none, or a value out of range. -0 is no unsigned integer. */
bool parley_json_u64(const struct parley_json *j, uint64_t *value);
bool parley_json_i64(const struct parley_json *j, int64_t *value);

/* The present NUMBER as the nearest double. False when it overflows to infinity. */
bool parley_json_double(const struct parley_json *j, double *value);

#endif
