#ifndef PARLEY_PLATFORM_ARENA_H
#define PARLEY_PLATFORM_ARENA_H

#include <stddef.h>

/*
 * One block of memory, handed out once from front to back and never taken back piece by piece.
 *
 * With `base` NULL it only counts: the same code that carves a block then also tells how large the
 * block has to be, so the two cannot disagree.
 */
struct parley_arena {
    unsigned char *base; /* NULL: count only */
    size_t size;         /* bytes at base; ignored when counting */
    size_t used;         /* bytes handed out so far, padding included */
    int failed;          /* 1 once a request did not fit; it stays 1 */
};

/* An arena over `bytes` bytes at `memory` (any alignment), or a counting one for memory NULL. */
struct parley_arena parley_arena(void *memory, size_t bytes);

/*
 * `count` objects of `size` bytes, zeroed, aligned for any type. Never NULL when it fits, even for a
 * size of 0. Returns NULL when counting, when it does not fit, or when count * size overflows; the
 * last two set `failed`. Counting always reserves room for the alignment of the block's start, so a
 * block of that many bytes is enough wherever it lies.
 */
void *parley_arena_take(struct parley_arena *arena, size_t count, size_t size);

/*
 * The same, but as the memory is: for buffers that are never read where they have not been written. So the
 * system need not give pages to what a conversation does not use.
 */
void *parley_arena_take_raw(struct parley_arena *arena, size_t count, size_t size);

/* Overwrites memory in a way the compiler may not leave out. */
void parley_wipe(void *memory, size_t bytes);

#endif
