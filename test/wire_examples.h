#ifndef PARLEY_TEST_WIRE_EXAMPLES_H
#define PARLEY_TEST_WIRE_EXAMPLES_H

/* The examples of test/vectors/wire-examples.jsonl. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The next one, which is the caller's then; NULL at the end. *file is NULL before the first and after the
 * last. */
static inline json_t *next_example(FILE **file)
{
    static char line[65536];
    json_t *example;

    if (*file == NULL)
        *file = fopen("test/vectors/wire-examples.jsonl", "r");
    assert_non_null(*file);
    if (fgets(line, sizeof line, *file) == NULL) {
        fclose(*file);
        *file = NULL;
        return NULL;
    }
    example = json_loads(line, 0, NULL);
    assert_non_null(example);
    return example;
}

/* The one of that name, which is the caller's then. */
static inline json_t *example_of(const char *name)
{
    FILE *file = NULL;
    json_t *example;

    while ((example = next_example(&file)) != NULL &&
           strcmp(json_string_value(json_object_get(example, "name")), name) != 0)
        json_decref(example);
    if (example == NULL)
        fail_msg("there is no example %s", name);
    fclose(file);
    return example;
}

/* Behind `before`, the typed turn of the last example of reference 8.2. */
static inline const char *long_turn(const char *before)
{
    static char turn[16384];
    size_t at = (size_t)snprintf(turn, sizeof turn, "%smirror-head ", before);

    for (int i = 0; i < 900; i++)
        at += (size_t)sprintf(turn + at, "alpha ");
    at += (size_t)sprintf(turn + at, " mirror-middle ");
    for (int i = 0; i < 900; i++)
        at += (size_t)sprintf(turn + at, "omega ");
    sprintf(turn + at, " mirror-tail");
    return turn;
}

#endif
