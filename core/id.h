#ifndef PARLEY_CORE_ID_H
#define PARLEY_CORE_ID_H

#include "platform/view.h"
#include <stdint.h>

/*
 * A name the service gave to something (item, response, call), kept beyond the message it came in.
 * len 0 is "none". Real ones have about 30 bytes.
 */
enum { PARLEY_ID_BYTES = 127 };

struct parley_id {
    uint8_t len;
    char text[PARLEY_ID_BYTES];
};

/* True when `view` fits into a parley_id. */
static inline bool parley_id_fits(struct parley_view view)
{
    return view.len <= PARLEY_ID_BYTES;
}

/* Keeps a copy; one that does not fit becomes "none". */
static inline void parley_id_set(struct parley_id *id, struct parley_view view)
{
    id->len = parley_id_fits(view) ? (uint8_t)view.len : 0;
    if (id->len > 0)
        memcpy(id->text, view.at, id->len);
}

/* The kept name; absent for "none". Good as long as *id. */
static inline struct parley_view parley_id_view(const struct parley_id *id)
{
    return parley_view_of(id->len > 0 ? id->text : NULL, id->len);
}

static inline bool parley_id_is(const struct parley_id *id, struct parley_view view)
{
    return parley_view_equal(parley_id_view(id), view);
}

#endif
