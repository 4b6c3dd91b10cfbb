#ifndef PARLEY_PLATFORM_RING_H
#define PARLEY_PLATFORM_RING_H

#include "platform/arena.h"
#include <stdbool.h>
#include <stddef.h>

/*
 * A queue of bytes in a fixed buffer. Not for two threads.
 * The write position runs up to `size` ahead of the read position (both are used modulo `size`), so
 * `write_at - read_at` is the fill without a special case for "full".
 */
struct parley_ring {
    unsigned char *at;
    size_t size;
    size_t read_at, write_at;
    size_t touched; /* bytes of the buffer that have ever been written, from its start */
};

/* A ring over `bytes` bytes out of `arena`. */
struct parley_ring parley_ring(struct parley_arena *arena, size_t bytes);

/* Bytes queued, and bytes that still fit. */
size_t parley_ring_used(const struct parley_ring *ring);
size_t parley_ring_free(const struct parley_ring *ring);

/* Appends up to `bytes` bytes; returns how many fitted. */
size_t parley_ring_put(struct parley_ring *ring, const void *from, size_t bytes);

/* Takes up to `bytes` bytes out, copying them to `into` (NULL: throws them away); returns how many. */
size_t parley_ring_take(struct parley_ring *ring, void *into, size_t bytes);

/* Copies up to `bytes` bytes that start `offset` bytes behind the front, leaving them; returns how many. */
size_t parley_ring_peek(const struct parley_ring *ring, size_t offset, void *into, size_t bytes);

/* Throws everything away; the next byte lands at the start of the buffer again. */
void parley_ring_clear(struct parley_ring *ring);

#endif
