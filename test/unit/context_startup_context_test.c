/* context/startup_context.c: the whole, its sections and its bounds (reference 8.1). */
#include "context/startup_context.h"
#include "platform/fake/fake.h"
#include "platform/status.h"
#include "templates/render.h"
#include "templates/templates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define THREAD(cwd, branch, ask)                                                                             \
    {                                                                                                        \
        PARLEY_VIEW(cwd), PARLEY_VIEW(branch), PARLEY_VIEW(ask), INT64_C(1709251200000000)                   \
    }

static struct parley_startup_work work;
static char text[PARLEY_STARTUP_CONTEXT_BYTES + 1];

static const struct parley_message talk[] = {{PARLEY_ROLE_USER, PARLEY_VIEW("hi")},
                                             {PARLEY_ROLE_ASSISTANT, PARLEY_VIEW("hello")}};
static const struct parley_recent_thread recent[] = {THREAD("/w", "main", "fix it")};

/* Terminated; in exactly the room it takes, and refused in less. */
static const char *written(const struct parley_startup *startup)
{
    long len;

    memset(&work, 0xA5, sizeof work); /* whatever was there before */
    len = parley_startup_context(text, PARLEY_STARTUP_CONTEXT_BYTES, startup, &work);
    assert_true(len >= 0);
    if (len > 0) {
        static char exact[sizeof text];

        memset(exact, '~', sizeof exact);
        assert_int_equal(parley_startup_context(exact, (size_t)len, startup, &work), len);
        assert_memory_equal(exact, text, (size_t)len);
        assert_int_equal(exact[len], '~');
        assert_int_equal(parley_startup_context(exact, (size_t)len - 1, startup, &work), PARLEY_ERR_TOO_LONG);
        assert_int_equal(parley_startup_context(exact, 0, startup, &work), PARLEY_ERR_TOO_LONG);
    }
    parley_startup_context(text, PARLEY_STARTUP_CONTEXT_BYTES, startup, &work); /* for the uses */
    text[len] = '\0';
    return text;
}

static int fresh(void **state)
{
    (void)state;
    parley_fake_reset();
    return 0;
}

static void tags_around_all_of_it(void **state)
{
    const struct parley_startup startup = {.messages = talk,
                                           .message_count = COUNT(talk),
                                           .threads = recent,
                                           .thread_count = COUNT(recent),
                                           .cwd = PARLEY_VIEW("/w/"),
                                           .home = PARLEY_VIEW("/home/ann")};
    (void)state;

    parley_fake_folder("/w/.git");
    parley_fake_entry("/w/src/main.c");
    assert_string_equal(
        written(&startup),
        "<startup_context>\n"
        "Startup context from parley.\n"
        "Background on recent work and on how this machine and its workspace are laid out. It may be "
        "incomplete "
        "or out of date. Let it inform your answers, and do not recite it.\n"
        "\n"
        "## Current Thread\n"
        "The last turns of user and assistant in this very thread, newest first. Use these for continuity.\n"
        "\n"
        "### Latest turn\n"
        "User:\n"
        "hi\n"
        "\n"
        "Assistant:\n"
        "hello\n"
        "\n"
        "## Recent Work\n"
        "### Git repo: /w\n"
        "Recent sessions: 1\n"
        "Latest activity: 2024-03-01T00:00:00+00:00\n"
        "Latest branch: main\n"
        "\n"
        "User asks:\n"
        "- /w: fix it\n"
        "\n"
        "## Machine / Workspace Map\n"
        "Current working directory: /w\n"
        "Working directory name: w\n"
        "Git root: /w\n"
        "Git project: w\n"
        "User root: /home/ann\n"
        "\n"
        "Working directory tree:\n"
        "- src/\n"
        "  - main.c\n"
        "\n"
        "## Notes\n"
        "Built at startup from the history of this thread, what is stored here about other threads, and a "
        "bounded "
        "look at the workspace. Instructions from memory, AGENTS files, project documents and memory "
        "summaries are "
        "left out.\n"
        "</startup_context>");
}

static void nothing_known_is_no_context(void **state)
{
    static const struct parley_recent_thread silent[] = {THREAD("/w", "", "")};
    static const struct parley_message welcome[] = {{PARLEY_ROLE_ASSISTANT, PARLEY_VIEW("welcome")}};
    const struct parley_startup nothing = {.cwd = {NULL, 0}};
    const struct parley_startup little = {.messages = welcome,
                                          .message_count = 1,
                                          .threads = silent,
                                          .thread_count = 1,
                                          .cwd = PARLEY_VIEW("/w"),
                                          .home = PARLEY_VIEW("/home/ann")};
    (void)state;

    parley_fake_folder("/w");
    assert_string_equal(written(&nothing), "");
    assert_string_equal(written(&little), "");
    assert_int_equal(parley_startup_context(text, 0, &nothing, &work), PARLEY_ERR_TOO_LONG);
}

/* Each of the three alone is a context, with the notes behind it. */
static void each_section_alone_is_enough(void **state)
{
    static const struct {
        struct parley_startup startup;
        const char *section;
    } alone[] = {
        {{.messages = talk, .message_count = 2}, "\n\n## Current Thread\n"},
        {{.threads = recent, .thread_count = 1}, "\n\n## Recent Work\n"},
        {{.cwd = PARLEY_VIEW("/w")}, "\n\n## Machine / Workspace Map\n"},
    };
    (void)state;

    parley_fake_entry("/w/a");
    for (size_t i = 0; i < COUNT(alone); i++) {
        written(&alone[i].startup);
        for (size_t j = 0; j < COUNT(alone); j++)
            assert_int_equal(strstr(text, alone[j].section) != NULL, i == j);
        assert_non_null(strstr(text, "\n\n## Notes\nBuilt at startup"));
    }
}

static void threads_are_listed_with_their_asks(void **state)
{
    static const struct parley_recent_thread threads[] = {THREAD("/w", "main", "fix it"),
                                                          THREAD("/x", "", "and that")};
    const struct parley_startup startup = {.threads = threads, .thread_count = 2, .cwd = PARLEY_VIEW("/x")};
    (void)state;

    written(&startup);
    assert_non_null(strstr(text, "## Recent Work\n### Directory: /x\n"));
    assert_non_null(strstr(text, "\n- /x: and that\n\n### Directory: /w\n"));
    assert_non_null(strstr(text, "\n- /w: fix it\n\n## Notes\n"));
}

static void paths_that_cannot_be_used_are_left_out(void **state)
{
    const struct parley_startup relative = {
        .messages = talk, .message_count = 2, .cwd = PARLEY_VIEW("w"), .home = {"", 0}};
    (void)state;

    parley_fake_entry("/w/a");
    assert_null(strstr(written(&relative), "Workspace"));
}

/* ---- bounds --------------------------------------------------------------------------------------- */

/* The largest of everything: the longest messages, asks, paths and names, in every place there is for them.
 */
static void fill(struct parley_startup *startup)
{
    static struct parley_message messages[400];
    static struct parley_recent_thread threads[PARLEY_RECENT_THREADS];
    static char long_text[50000], cwds[PARLEY_RECENT_THREADS][1024], names[220][420];

    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i < COUNT(messages); i++)
        messages[i] = (struct parley_message){i % 2 == 0 ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT,
                                              {long_text, sizeof long_text - i * 100}};
    for (size_t i = 0; i < COUNT(threads); i++) {
        int len = snprintf(cwds[i], sizeof cwds[i], "/%zu/%01000zu", i % 10, i);

        threads[i] =
            (struct parley_recent_thread){{cwds[i], (size_t)len}, {long_text, 9000}, {long_text, 50000}, 1};
    }
    for (int i = 0; i < 220; i++) {
        snprintf(names[i], sizeof names[i], "/w/%d/%0400d", i % 20, i);
        parley_fake_entry(names[i]);
    }
    *startup = (struct parley_startup){messages,       COUNT(messages),     threads,
                                       COUNT(threads), PARLEY_VIEW("/w/1"), PARLEY_VIEW("/w")};
}

/* The tokens of a section, heading included, as it stands in the text. */
static size_t tokens_of(const char *heading, const char *behind)
{
    const char *start = strstr(text, heading), *end = strstr(text, behind);

    assert_non_null(start);
    assert_non_null(end);
    return parley_tokens(strlen(heading)) + parley_tokens((size_t)(end - start) - strlen(heading));
}

static void each_section_keeps_its_budget(void **state)
{
    struct parley_startup startup;
    (void)state;

    fill(&startup);
    written(&startup);
    assert_in_range(tokens_of("## Current Thread\n", "\n\n## Recent Work\n"), 1190, 1200);
    assert_in_range(tokens_of("## Recent Work\n", "\n\n## Machine / Workspace Map\n"), 2190, 2200);
    assert_in_range(tokens_of("## Machine / Workspace Map\n", "\n\n## Notes\n"), 1590, 1600);
    assert_true(tokens_of("## Notes\n", "\n</startup_context>") <= 300);
    for (size_t i = 0; i < PARLEY_STARTUP_SECTIONS; i++)
        assert_true(work.uses[i].tokens <= work.uses[i].budget);
    assert_int_equal(work.uses[1].tokens, tokens_of("## Recent Work\n", "\n\n## Machine / Workspace Map\n"));
}

static void all_of_it_has_a_bound(void **state)
{
    struct parley_startup startup;
    const char *end = "\n</startup_context>";
    (void)state;

    fill(&startup);
    written(&startup);
    assert_in_range(strlen(text), 20000, 20500);
    assert_memory_equal(text, "<startup_context>\n", 18);
    assert_string_equal(text + strlen(text) - strlen(end), end); /* nothing is cut from the whole */
}

/* What the bound of 20,500 bytes rests on besides the budgets. */
static void fixed_sentences_are_no_longer_than_planned(void **state)
{
    (void)state;
    assert_true(parley_tokens(parley_template_text(&parley_template_prompts_startup_header).len) <= 51);
    assert_true(parley_tokens(parley_template_text(&parley_template_prompts_startup_notes).len) <= 55);
    assert_int_equal(parley_tokens(parley_template_text(&parley_template_prompts_startup_thread).len), 25);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)
#define TEST_OF(lines, name)                                                                                 \
    {                                                                                                        \
        lines, name, fresh, NULL, NULL                                                                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF("69: tags around it", tags_around_all_of_it),
        TEST_OF("70: each section keeps its budget", each_section_keeps_its_budget),
        TEST(nothing_known_is_no_context),
        TEST_OF("98: recent work with its asks", threads_are_listed_with_their_asks),
        TEST_OF("100: without history the workspace is there", each_section_alone_is_enough),
        TEST_OF("101: 20500 bytes at most", all_of_it_has_a_bound),
        TEST(paths_that_cannot_be_used_are_left_out),
        TEST(fixed_sentences_are_no_longer_than_planned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
