/*
 * A queue of bytes: between the network and the messages, and between a reply and the loudspeaker.
 */
#include "platform/ring.h"

#include <string.h>

struct parley_ring parley_ring(struct parley_arena *arena, size_t bytes)
{
    struct parley_ring ring = {.at = parley_arena_take_raw(arena, bytes, 1)};

    ring.size = ring.at != NULL ? bytes : 0;
    return ring;
}

size_t parley_ring_used(const struct parley_ring *ring)
{
    return ring->write_at - ring->read_at;
}

size_t parley_ring_free(const struct parley_ring *ring)
{
    return ring->size - parley_ring_used(ring);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t parley_ring_put(struct parley_ring *ring, const void *from, size_t bytes)
{
    size_t count = smaller(bytes, parley_ring_free(ring));
    size_t start, first;

    if (count == 0)
        return 0;
    start = ring->write_at % ring->size;
    first = smaller(count, ring->size - start);
    memcpy(ring->at + start, from, first);
    memcpy(ring->at, (const unsigned char *)from + first, count - first);
    ring->write_at += count;
    if (ring->write_at > ring->touched)
        ring->touched = smaller(ring->write_at, ring->size);
    return count;
}

size_t parley_ring_peek(const struct parley_ring *ring, size_t offset, void *into, size_t bytes)
{
    size_t used = parley_ring_used(ring);
    size_t count = offset < used ? smaller(bytes, used - offset) : 0;
    size_t start, first;

    if (count == 0)
        return 0;
    start = (ring->read_at + offset) % ring->size;
    first = smaller(count, ring->size - start);
    memcpy(into, ring->at + start, first);
    memcpy((unsigned char *)into + first, ring->at, count - first);
    return count;
}

size_t parley_ring_take(struct parley_ring *ring, void *into, size_t bytes)
{
    size_t count = smaller(bytes, parley_ring_used(ring));

    if (into != NULL)
        parley_ring_peek(ring, 0, into, count);
    ring->read_at += count;
    /* A wrap of size_t (after a day of audio, where it has 32 bits) would tear the index unless the size
       were a power of two: so both positions step back together. */
    if (ring->read_at >= ring->size) {
        ring->read_at -= ring->size;
        ring->write_at -= ring->size;
    }
    return count;
}

void parley_ring_clear(struct parley_ring *ring)
{
    ring->read_at = ring->write_at = 0;
}
