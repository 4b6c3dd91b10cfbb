/* The startup context as a host has it made: out of its own threads and lines, in a block of its own. */
#include "core/parley.h"
#include "platform/fake/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct parley_context_thread threads[] = {
    {PARLEY_VIEW("/src/engine/doc"), PARLEY_VIEW("main"), PARLEY_VIEW("write  the\nmanual"),
     1709251200000000},
    {PARLEY_VIEW("/tmp/elsewhere"), {NULL, 0}, PARLEY_VIEW("look here"), 1709251100000000},
};
static const struct parley_line lines[] = {
    {"user", PARLEY_VIEW("What is left?")},
    {"assistant", PARLEY_VIEW("The manual.")},
};
static const struct parley_context everything = {
    .cwd = PARLEY_VIEW("/src/engine"),
    .home = PARLEY_VIEW("/home/ada"),
    .threads = threads,
    .thread_count = COUNT(threads),
    .lines = lines,
    .line_count = COUNT(lines),
};

static int fresh(void **state)
{
    (void)state;
    parley_fake_reset();
    parley_fake_file("/src/engine/.git/HEAD", "ref: refs/heads/main\n", 21);
    parley_fake_file("/src/engine/main.c", "", 0);
    return 0;
}

/* Rendered in a block of exactly the size that was told, at an odd address; terminated for looking at. */
static char *render(const struct parley_context *context)
{
    size_t bytes = parley_context_memory(context);
    char *block = malloc(bytes + 1), *copy;
    struct parley_view text;

    assert_true(block != NULL && bytes > 0);
    memset(block, '~', bytes + 1);
    assert_int_equal(parley_context_render(context, block + 1, bytes, &text), PARLEY_OK);
    copy = text.at != NULL ? calloc(1, text.len + 1) : NULL;
    if (copy != NULL)
        memcpy(copy, text.at, text.len);
    free(block);
    return copy;
}

static void what_the_host_gives_is_told(void **state)
{
    static const char *const parts[] = {
        "<startup_context>\n",
        "## Current Thread\n",
        "### Latest turn\nUser:\nWhat is left?\n\nAssistant:\nThe manual.\n",
        "## Recent Work\n### Git repo: /src/engine\nRecent sessions: 1\n",
        "- /src/engine/doc: write the manual\n",
        "### Directory: /tmp/elsewhere\n",
        "- /tmp/elsewhere: look here\n",
        "## Machine / Workspace Map\nCurrent working directory: /src/engine\n",
        "User root: /home/ada\n",
        "- main.c\n",
        "## Notes\n",
        "</startup_context>",
    };
    char *text = render(&everything), *at = text;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(parts); i++) {
        char *found = strstr(at, parts[i]);

        if (found == NULL)
            fail_msg("not there, or not in order: %s\n%s", parts[i], text);
        at = found + strlen(parts[i]);
    }
    assert_string_equal(at, "");
    free(text);
}

static void nothing_given_is_nothing_told(void **state)
{
    const struct parley_context nothing = {.cwd = {NULL, 0}};

    (void)state;
    assert_null(render(&nothing));
}

static void only_the_newest_threads_count(void **state)
{
    static struct parley_context_thread many[100];
    struct parley_context context = {.threads = many, .thread_count = COUNT(many)};
    char *text;

    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct parley_context_thread){PARLEY_VIEW("/a"), {NULL, 0}, PARLEY_VIEW("x"), 100};
    text = render(&context);
    assert_non_null(strstr(text, "Recent sessions: 40\n"));
    free(text);
}

static void what_is_wrong_with_a_call_is_said(void **state)
{
    struct parley_line wrong[] = {lines[0], {"system", PARLEY_VIEW("no")}};
    struct parley_context context = everything;
    size_t bytes = parley_context_memory(&context);
    char *block = malloc(bytes);
    struct parley_view text;

    (void)state;
    assert_int_equal(parley_context_render(&context, block, 1000, &text), PARLEY_ERR_MEMORY);
    assert_null(text.at);
    assert_int_equal(parley_context_render(&context, NULL, 0, &text), PARLEY_ERR_MEMORY);
    context.lines = wrong;
    assert_int_equal(parley_context_render(&context, block, bytes, &text), PARLEY_ERR_ARGUMENT);
    wrong[1].role = NULL;
    assert_int_equal(parley_context_render(&context, block, bytes, &text), PARLEY_ERR_ARGUMENT);
    assert_null(text.at);
    free(block);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_host_gives_is_told),
        TEST(nothing_given_is_nothing_told),
        TEST(only_the_newest_threads_count),
        TEST(what_is_wrong_with_a_call_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
