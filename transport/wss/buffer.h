#ifndef PARLEY_TRANSPORT_WSS_BUFFER_H
#define PARLEY_TRANSPORT_WSS_BUFFER_H

#include "platform/arena.h"
#include "platform/pages.h"
#include "platform/view.h"

/*
 * Bytes in a row in a fixed buffer: filled at the end, emptied at the front, so that one call of the
 * network takes or gives all of them. A ring would cut them in two where it wraps.
 *
 * Bytes taken from the front may be lent on: then nothing is moved or written before `end` until they are
 * back.
 */
struct parley_buffer {
    unsigned char *at;
    size_t size, start, end; /* what is held lies in [start, end) */
    bool lent;
};

static inline struct parley_buffer parley_buffer(struct parley_arena *arena, size_t bytes)
{
    struct parley_buffer made = {.at = parley_arena_take_raw(arena, bytes, 1), .size = bytes};
    return made;
}

/* The bytes held, and how many more fit. */
static inline size_t parley_buffer_used(const struct parley_buffer *b)
{
    return b->end - b->start;
}
static inline size_t parley_buffer_room(const struct parley_buffer *b)
{
    return b->size - (b->lent ? b->end : parley_buffer_used(b));
}
static inline struct parley_view parley_buffer_view(const struct parley_buffer *b)
{
    return parley_view_of((const char *)b->at + b->start, parley_buffer_used(b));
}

/* Moves what is held to the front when fewer than `want` bytes are free behind it; returns what is free
   behind it then. */
static inline size_t parley_buffer_reserve(struct parley_buffer *b, size_t want)
{
    if (b->start > 0 && b->size - b->end < want && !b->lent) {
        memmove(b->at, b->at + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    return b->size - b->end;
}

/* Takes `bytes` bytes, which are held, from the front. */
static inline void parley_buffer_skip(struct parley_buffer *b, size_t bytes)
{
    b->start += bytes;
    if (b->start == b->end && !b->lent)
        b->start = b->end = 0;
}

/* The same, and they are lent. */
static inline unsigned char *parley_buffer_lend(struct parley_buffer *b, size_t bytes)
{
    unsigned char *at = b->at + b->start;

    b->lent = true;
    parley_buffer_skip(b, bytes);
    return at;
}

/* Whatever was lent is back. */
static inline void parley_buffer_take_back(struct parley_buffer *b)
{
    b->lent = false;
    parley_buffer_skip(b, 0);
}

/* While it is empty the system may have its memory. */
static inline void parley_buffer_rest(struct parley_buffer *b)
{
    if (parley_buffer_used(b) == 0 && !b->lent)
        parley_pages_give_back(b->at, b->size);
}

#endif
