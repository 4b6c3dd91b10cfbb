/* context/recent_work.c: groups, their order, their asks, byte for byte (reference 8.4). */
#include "context/recent_work.h"
#include "platform/fake/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2024-03-01 and so many minutes. */
#define AT(minutes) ((INT64_C(1709251200) + 60 * (minutes)) * 1000000)
#define THREAD(cwd, branch, ask, minutes)                                                                    \
    {                                                                                                        \
        PARLEY_VIEW(cwd), PARLEY_VIEW(branch), PARLEY_VIEW(ask), AT(minutes)                                 \
    }

static struct parley_section section;
static struct parley_recent_work work;

static struct parley_view written(const char *cwd, const struct parley_recent_thread *threads, size_t count)
{
    memset(&work, 0xA5, sizeof work); /* whatever was there before */
    parley_section_begin(&section);
    parley_recent_work(&section, &work, parley_view(cwd), threads, count);
    section.at[section.used] = '\0';
    return parley_view_of(section.at, section.used);
}

static void expect(const char *cwd, const struct parley_recent_thread *threads, size_t count,
                   const char *expected)
{
    struct parley_view came = written(cwd, threads, count);

    if (!parley_view_is(came, expected))
        fail_msg("expected:\n%s\ncame:\n%.*s", expected, (int)came.len, came.at);
}

static int fresh(void **state)
{
    (void)state;
    parley_fake_reset();
    parley_fake_folder("/a/.git");
    parley_fake_folder("/a/src");
    parley_fake_folder("/b/.git");
    parley_fake_folder("/plain");
    return 0;
}

static void by_repository_and_folder(void **state)
{
    static const struct parley_recent_thread threads[] = {
        THREAD("/plain", "", "tidy up", 30),
        THREAD("/b", "topic", "fix the test", 20),
        THREAD("/a/src", "main", "second ask", 10),
        THREAD("/a", "old", "first ask", 0),
    };
    (void)state;

    expect("/a/src", threads, COUNT(threads),
           "### Git repo: /a\n"
           "Recent sessions: 2\n"
           "Latest activity: 2024-03-01T00:10:00+00:00\n"
           "Latest branch: main\n"
           "\n"
           "User asks:\n"
           "- /a/src: second ask\n"
           "- /a: first ask\n"
           "\n"
           "### Directory: /plain\n"
           "Recent sessions: 1\n"
           "Latest activity: 2024-03-01T00:30:00+00:00\n"
           "\n"
           "User asks:\n"
           "- /plain: tidy up\n"
           "\n"
           "### Git repo: /b\n"
           "Recent sessions: 1\n"
           "Latest activity: 2024-03-01T00:20:00+00:00\n"
           "Latest branch: topic\n"
           "\n"
           "User asks:\n"
           "- /b: fix the test");
}

static void nothing_is_no_section(void **state)
{
    static const struct parley_recent_thread nowhere = {.ask = PARLEY_VIEW("x")};
    (void)state;

    expect("/a", NULL, 0, "");
    expect("/a", &nowhere, 1, "");
}

/* The order in which threads come does not matter, only when they were updated. */
static void order_is_by_time_then_by_path(void **state)
{
    static const struct parley_recent_thread threads[] = {
        THREAD("/p/z", "", "1", 0),  THREAD("/p/b", "", "2", 5), THREAD("/p/z", "", "3", 10),
        THREAD("/p/c", "", "4", 10), THREAD("/p/a", "", "5", 5), THREAD("/p/z", "", "6", -5),
    };
    const char *at;
    static const char *const order[] = {"### Directory: /p/c", "### Directory: /p/z", "- /p/z: 3",
                                        "- /p/z: 1",           "- /p/z: 6",           "### Directory: /p/a",
                                        "### Directory: /p/b"};
    (void)state;

    at = written(NULL, threads, COUNT(threads)).at;
    for (size_t i = 0; i < COUNT(order); i++) {
        at = strstr(at, order[i]);
        if (at == NULL)
            fail_msg("%s is not at its place in:\n%s", order[i], section.at);
    }
}

static void a_group_without_asks_shows_its_branch_or_goes(void **state)
{
    static const struct parley_recent_thread threads[] = {
        THREAD("/plain", "", " \n\t", 20),
        THREAD("/a", "main", "", 10),
        THREAD("/b", "", "ask", 5),
    };
    (void)state;

    expect(NULL, threads, COUNT(threads),
           "### Git repo: /a\n"
           "Recent sessions: 1\n"
           "Latest activity: 2024-03-01T00:10:00+00:00\n"
           "Latest branch: main\n"
           "\n"
           "User asks:\n"
           "\n"
           "### Git repo: /b\n"
           "Recent sessions: 1\n"
           "Latest activity: 2024-03-01T00:05:00+00:00\n"
           "\n"
           "User asks:\n"
           "- /b: ask");
}

static void the_branch_is_that_of_the_latest_thread(void **state)
{
    static const struct parley_recent_thread threads[] = {THREAD("/a", "", "x", 10),
                                                          THREAD("/a", "old", "y", 0)};
    (void)state;

    assert_null(strstr(written(NULL, threads, COUNT(threads)).at, "branch"));
}

static size_t occurrences(const char *what)
{
    size_t count = 0;

    for (const char *in = section.at; (in = strstr(in, what)) != NULL; in += strlen(what))
        count++;
    return count;
}

/* `count` threads, a minute apart, in the folder of each or in one. */
static const struct parley_recent_thread *many(size_t count, const char *in)
{
    static struct parley_recent_thread threads[60];
    static char texts[60][2][32];

    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i][0], sizeof texts[i][0], in, i);
        snprintf(texts[i][1], sizeof texts[i][1], "ask %zu", i);
        threads[i] = (struct parley_recent_thread){
            .cwd = parley_view(texts[i][0]), .ask = parley_view(texts[i][1]), .updated_us = AT(-(int)i)};
    }
    return threads;
}

static void eight_asks_here_five_elsewhere(void **state)
{
    (void)state;
    written("/a", many(12, "/a"), 12);
    assert_int_equal(occurrences("\n- /a: "), 8);
    assert_non_null(strstr(section.at, "Recent sessions: 12\n"));
    assert_non_null(strstr(section.at, "- /a: ask 7"));
    written("/b", many(12, "/a"), 12);
    assert_int_equal(occurrences("\n- /a: "), 5);
    assert_non_null(strstr(section.at, "- /a: ask 4"));
}

static void eight_groups_of_forty_threads(void **state)
{
    (void)state;
    written("/p/38", many(41, "/p/%zu"), 41);
    assert_int_equal(occurrences("### Directory: "), 8);
    assert_memory_equal(section.at, "### Directory: /p/38\n", 21);
    assert_non_null(strstr(section.at, "### Directory: /p/6\n"));
    assert_null(strstr(section.at, "### Directory: /p/7\n"));
    written("/p/40", many(41, "/p/%zu"), 41); /* which is one too many */
    assert_memory_equal(section.at, "### Directory: /p/0\n", 20);
    written(NULL, many(41, "/p"), 41);
    assert_non_null(strstr(section.at, "Recent sessions: 40\n"));
}

/* The first eight are taken before those that are not worth it go. */
static void hidden_groups_count(void **state)
{
    struct parley_recent_thread threads[9];
    (void)state;

    memcpy(threads, many(9, "/p/%zu"), sizeof threads);
    for (size_t i = 0; i < 8; i++)
        threads[i].ask.len = 0;
    expect(NULL, threads, 9, "");
}

static void the_same_ask_is_told_once(void **state)
{
    static const struct parley_recent_thread threads[] = {
        THREAD("/a", "", "run  the\ttests", 9),   THREAD("/a", "", "\nrun the tests ", 8),
        THREAD("/a/src", "", "run the tests", 7), THREAD("/a", "", "run the test", 6),
        THREAD("/a", "", "Run the tests", 5),
    };
    (void)state;

    expect(NULL, threads, COUNT(threads),
           "### Git repo: /a\n"
           "Recent sessions: 5\n"
           "Latest activity: 2024-03-01T00:09:00+00:00\n"
           "\n"
           "User asks:\n"
           "- /a: run the tests\n"
           "- /a/src: run the tests\n"
           "- /a: run the test\n"
           "- /a: Run the tests");
}

static void white_space_becomes_one_space(void **state)
{
    static const struct parley_recent_thread thread =
        THREAD("/a", "", "\xC2\xA0 one\n\n### two\xE3\x80\x80three\xE2\x80\xA8- four\v\f\r\n", 0);
    (void)state;

    written(NULL, &thread, 1);
    assert_non_null(strstr(section.at, "\n- /a: one ### two three - four"));
    assert_int_equal(strlen(strstr(section.at, "- /a: ")), strlen("- /a: one ### two three - four"));
}

/* An ask of `words` words of `size` times `c`, and what becomes of it. */
static const char *long_ask(size_t words, size_t size, const char *c)
{
    static char ask[4096];
    struct parley_recent_thread thread = {.cwd = PARLEY_VIEW("/a"), .ask = {ask, 0}};

    for (size_t i = 0; i < words * (size + 1) - 1; i++) {
        const char *next = i % (size + 1) == size ? " " : c;

        memcpy(ask + thread.ask.len, next, strlen(next));
        thread.ask.len += strlen(next);
    }
    written(NULL, &thread, 1);
    return strstr(section.at, "- /a: ") + 6;
}

static void a_long_ask_is_cut_by_characters(void **state)
{
    const char *cut;
    (void)state;

    assert_int_equal(strlen(long_ask(1, 240, "x")), 240);
    assert_int_equal(strlen(long_ask(1, 240, "日")), 720);
    cut = long_ask(1, 241, "x");
    assert_int_equal(strlen(cut), 240);
    assert_string_equal(cut + 236, "x...");
    cut = long_ask(1, 241, "日");
    assert_int_equal(strlen(cut), 237 * 3 + 3);
    assert_string_equal(cut + 236 * 3, "日...");
    assert_int_equal(strlen(long_ask(48, 4, "x")), 239); /* 48 * 4 and 47 spaces */
    cut = long_ask(79, 2, "x");                          /* 236 characters */
    assert_int_equal(strlen(cut), 236);
    cut = long_ask(100, 2, "x");
    assert_string_equal(cut + 234, "xx ..."); /* a cut behind a word leaves its space */
    assert_int_equal(strlen(cut), 240);
}

static void worktrees_belong_to_their_repository(void **state)
{
    static const char pointer[] = "gitdir: /a/.git/worktrees/w\n";
    static const struct parley_recent_thread threads[] = {THREAD("/elsewhere/w/deep", "w", "in the tree", 10),
                                                          THREAD("/a", "main", "at home", 0),
                                                          THREAD("/elsewhere/v", "v", "in another", -10)};
    (void)state;

    parley_fake_file("/elsewhere/w/.git", pointer, sizeof pointer - 1);
    parley_fake_file("/elsewhere/v/.git", pointer, sizeof pointer - 1);
    parley_fake_folder("/elsewhere/w/deep");
    written("/elsewhere/v", threads, COUNT(threads));
    assert_memory_equal(section.at, "### Git repo: /a\nRecent sessions: 3\n", 36);
    assert_int_equal(occurrences("###"), 1);
    assert_string_equal(work.roots, "/a"); /* kept once, for the two that do not begin with it */
    assert_int_equal(work.roots_used, 3);
}

/* When there is no room for the paths of repositories elsewhere, their threads are told by their folder. */
static void so_many_roots_are_kept(void **state)
{
    static char pointer[3][PARLEY_PATH_BYTES];
    static const struct parley_recent_thread threads[] = {
        THREAD("/w/1", "", "one", 3), THREAD("/w/2", "", "two", 2), THREAD("/w/3", "", "three", 1)};
    static const char *const files[] = {"/w/1/.git", "/w/2/.git", "/w/3/.git"};
    (void)state;

    for (int i = 0; i < 3; i++) {
        int len = snprintf(pointer[i], sizeof pointer[i], "gitdir: /%04050d/.git/worktrees/w", i);

        parley_fake_file(files[i], pointer[i], (size_t)len);
    }
    written(NULL, threads, COUNT(threads));
    assert_int_equal(occurrences("### Git repo: /000"), 2);
    assert_int_equal(occurrences("### Directory: /w/3\n"), 1);
}

static void a_cwd_need_not_be_plain(void **state)
{
    static const struct parley_recent_thread threads[] = {
        THREAD("/plain/x/..", "", "one", 3), THREAD("/plain/", "", "two", 2),
        THREAD("/plain", "", "three", 1), THREAD("relative", "", "four", 0)};
    (void)state;

    expect("/plain", threads, COUNT(threads),
           "### Directory: /plain\n"
           "Recent sessions: 3\n"
           "Latest activity: 2024-03-01T00:03:00+00:00\n"
           "\n"
           "User asks:\n"
           "- /plain/x/..: one\n"
           "- /plain/: two\n"
           "- /plain: three\n"
           "\n"
           "### Directory: relative\n"
           "Recent sessions: 1\n"
           "Latest activity: 2024-03-01T00:00:00+00:00\n"
           "\n"
           "User asks:\n"
           "- relative: four");
}

static void names_forge_nothing(void **state)
{
    static const struct parley_recent_thread thread = THREAD("/x\n## y", "<b>", "hi", 0);
    (void)state;

    expect(NULL, &thread, 1,
           "### Directory: /x\\n## y\n"
           "Recent sessions: 1\n"
           "Latest activity: 2024-03-01T00:00:00+00:00\n"
           "Latest branch: \\x3Cb\\x3E\n"
           "\n"
           "User asks:\n"
           "- /x\\n## y: hi");
}

static void times_are_those_of_the_calendar(void **state)
{
    static const struct {
        int64_t us;
        const char *shown;
    } times[] = {
        {0, "1970-01-01T00:00:00+00:00"},
        {-1, "1969-12-31T23:59:59+00:00"},
        {999999, "1970-01-01T00:00:00+00:00"},
        {INT64_C(951782400000000), "2000-02-29T00:00:00+00:00"},
        {INT64_C(951868799000000), "2000-02-29T23:59:59+00:00"},
        {INT64_C(951868800000000), "2000-03-01T00:00:00+00:00"},
        {INT64_C(1709164800000000), "2024-02-29T00:00:00+00:00"},
        {INT64_C(1735689599000000), "2024-12-31T23:59:59+00:00"},
        {INT64_C(4107542400000000), "2100-03-01T00:00:00+00:00"},
        {INT64_C(4107456000000000), "2100-02-28T00:00:00+00:00"},
        {INT64_C(-62167219200000000), "0000-01-01T00:00:00+00:00"},
        {INT64_C(253402300799000000), "9999-12-31T23:59:59+00:00"},
        {INT64_MAX, "9999-12-31T23:59:59+00:00"},
        {INT64_MIN, "0000-01-01T00:00:00+00:00"},
    };
    struct parley_recent_thread thread = THREAD("/plain", "", "x", 0);
    (void)state;

    for (size_t i = 0; i < COUNT(times); i++) {
        const char *came;

        thread.updated_us = times[i].us;
        came = strstr(written(NULL, &thread, 1).at, "activity: ") + 10;
        if (strncmp(came, times[i].shown, 25) != 0)
            fail_msg("%s: came %.25s", times[i].shown, came);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)
#define TEST_OF(lines, name)                                                                                 \
    {                                                                                                        \
        lines, name, fresh, NULL, NULL                                                                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF("74: threads by repository and folder, the current group first", by_repository_and_folder),
        TEST(nothing_is_no_section),
        TEST(order_is_by_time_then_by_path),
        TEST(a_group_without_asks_shows_its_branch_or_goes),
        TEST(the_branch_is_that_of_the_latest_thread),
        TEST(eight_asks_here_five_elsewhere),
        TEST(eight_groups_of_forty_threads),
        TEST(hidden_groups_count),
        TEST(the_same_ask_is_told_once),
        TEST(white_space_becomes_one_space),
        TEST(a_long_ask_is_cut_by_characters),
        TEST(worktrees_belong_to_their_repository),
        TEST(so_many_roots_are_kept),
        TEST(a_cwd_need_not_be_plain),
        TEST(names_forge_nothing),
        TEST(times_are_those_of_the_calendar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
