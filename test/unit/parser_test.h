#ifndef PARLEY_TEST_PARSER_TEST_H
#define PARLEY_TEST_PARSER_TEST_H

/* What the tests of the parser share: cmocka, the vectors, and a generator that repeats itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/view.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A copy on the heap of exactly `len` bytes, so that a sanitizer sees every byte read beyond; freed by the
   caller. */
static inline char *copy_of(const char *text, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, text, len);
    return copy;
}

/* The whole of test/vectors/<name>, zero-terminated; freed by the caller. Tests run at the top of the tree.
 */
static inline char *vectors(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "test/vectors/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s (tests run at the top of the tree)", path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    assert_true(size >= 0);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    text[size] = '\0';
    return text;
}

/* xorshift64: the same numbers in each run. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A number below `bound`. */
static inline size_t below(uint64_t *state, size_t bound)
{
    return (size_t)(next_random(state) % bound);
}

#endif
