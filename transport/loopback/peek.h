#ifndef PARLEY_TRANSPORT_LOOPBACK_PEEK_H
#define PARLEY_TRANSPORT_LOOPBACK_PEEK_H

#include "parser/json.h"

/*
 * Single looks into a JSON text that may not be changed, by dotted path ("item.content.0.text"; a number
 * picks an element of an array). For the other side of the loopback, whose messages are short; each look
 * reads from the start.
 */

/* True when `json` is one JSON value; else *why (static) and *offset tell where it stops being one. */
bool parley_peek_valid(struct parley_view json, const char **why, size_t *offset);

/* The value at `path`, exactly as it stands. False when there is none (or no JSON on the way to it). */
bool parley_peek(struct parley_view json, struct parley_view path, struct parley_view *raw);

/* The value of an object's member by its name as a string of JSON, quotes included: dots are part of it, and
   either may be escaped in another way. False when there is none. */
bool parley_peek_member(struct parley_view object, struct parley_view name, struct parley_view *raw);

/* True when `raw` is a string, with quotes. */
bool parley_peek_is_string(struct parley_view raw);

/* Unescapes a string as it stands in JSON, quotes included, into `into`, cut at a whole character when it is
   longer than `bytes`. Returns what was written, at `into`. */
struct parley_view parley_peek_unescape(struct parley_view raw, char *into, size_t bytes);

/* Both at once: the string at `path`; absent when it is missing or no string. */
struct parley_view parley_peek_text(struct parley_view json, const char *path, char *into, size_t bytes);

/* True when the value at `path` is the string `text`. */
bool parley_peek_is(struct parley_view json, const char *path, const char *text);

/* True, with *number, when the value at `path` is an unsigned integer. */
bool parley_peek_number(struct parley_view json, const char *path, uint64_t *number);

/* The same for any number. */
bool parley_peek_double(struct parley_view json, const char *path, double *number);

#endif
