/*
 * Carves the caller's one block of memory. Everything in a conversation comes out of here, once, at open.
 */
#include "platform/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { ALIGNMENT = alignof(max_align_t) };

struct parley_arena parley_arena(void *memory, size_t bytes)
{
    struct parley_arena arena = {.base = memory, .size = memory != NULL ? bytes : 0};

    return arena;
}

/* The address the next object could start at. When counting, the block is taken to lie one byte behind an
   aligned address: there the first padding is as long as it can get. */
static uintptr_t next_address(const struct parley_arena *arena)
{
    uintptr_t start = arena->base != NULL ? (uintptr_t)arena->base : 1;

    return start + arena->used;
}

void *parley_arena_take_raw(struct parley_arena *arena, size_t count, size_t size)
{
    size_t room = (arena->base != NULL ? arena->size : SIZE_MAX) - arena->used;
    size_t padding = (size_t)(0 - next_address(arena)) & (ALIGNMENT - 1);

    if ((size != 0 && count > SIZE_MAX / size) || padding > room || count * size > room - padding) {
        arena->failed = 1;
        return NULL;
    }
    arena->used += padding + count * size;
    return arena->base != NULL ? arena->base + arena->used - count * size : NULL;
}

void *parley_arena_take(struct parley_arena *arena, size_t count, size_t size)
{
    void *taken = parley_arena_take_raw(arena, count, size);

    if (taken != NULL)
        memset(taken, 0, count * size);
    return taken;
}

/* The compiler cannot know what a volatile pointer points to, so it has to make the call. */
static void *(*const volatile fill)(void *, int, size_t) = memset;

void parley_wipe(void *memory, size_t bytes)
{
    if (bytes > 0)
        fill(memory, 0, bytes);
}
