#ifndef PARLEY_CORE_ENDPOINT_H
#define PARLEY_CORE_ENDPOINT_H

#include "core/parley.h"
#include "transport/transport.h"

/*
 * Where a link goes to and how, out of the options: what the transport is handed. It points into the options
 * and into the parts, which hold the key in a header; so they live only while the link is opened, unless
 * a copy is kept for the next one.
 */

/* An API key is shorter than this; a bearer token of a login may come near. */
enum { PARLEY_KEY_BYTES = 4096, PARLEY_HEADERS_MAX = 32, PARLEY_QUERY_MAX = 32 };

/* A secret: to be wiped. */
struct parley_endpoint_parts {
    struct parley_pair headers[PARLEY_HEADERS_MAX];
    struct parley_pair query[PARLEY_QUERY_MAX];
    char bearer[sizeof "Bearer " + PARLEY_KEY_BYTES];
};

/* Fills *to, with `limits` filled in. Returns PARLEY_OK, or PARLEY_ERR_ARGUMENT with the reason in *error. */
int parley_endpoint_make(struct parley_endpoint_parts *parts, struct parley_endpoint *to,
                         const struct parley_options *o, const struct parley_limits *limits,
                         struct parley_error *error);

/* Copies *to with all it points to, the peer apart, into the arena; nothing of use when that only counts. */
struct parley_endpoint parley_endpoint_keep(const struct parley_endpoint *to, struct parley_arena *arena);

/* The id of the call to join, which is known only now. It stays with the caller. */
void parley_endpoint_join(struct parley_endpoint *kept, struct parley_view id);

/* Copies a text into the arena; absent stays absent. Absent also when that only counts. */
struct parley_view parley_carve_text(struct parley_arena *arena, struct parley_view text);

#endif
