#ifndef PARLEY_TEST_FUZZ_H
#define PARLEY_TEST_FUZZ_H

/* What fuzzers have in common. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool hold)
{
    if (!hold)
        abort();
}

/* A block of just that size, so that a sanitizer sees a byte beyond; the caller frees it. */
static inline void *exact_room(size_t size)
{
    void *room = malloc(size > 0 ? size : 1);

    must(room != NULL);
    return room;
}

static inline void *exact_copy(const void *bytes, size_t size)
{
    void *copy = exact_room(size);

    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

/* That a text ends in its room and has no control characters. */
static inline void must_be_clean(const char *text, size_t size)
{
    must(memchr(text, 0, size) != NULL);
    for (; *text != '\0'; text++)
        must((unsigned char)*text >= ' ' && *text != 0x7f);
}

#endif
