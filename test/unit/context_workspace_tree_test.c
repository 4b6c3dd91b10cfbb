/* context/workspace_tree.c on made-up disks, byte for byte (reference 8.5). */
#include "context/workspace_tree.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct parley_section section;
static struct parley_workspace_tree work;

static struct parley_view written(const char *cwd, const char *git_root, const char *home)
{
    memset(&work, 0xA5, sizeof work); /* whatever was there before */
    parley_section_begin(&section);
    parley_workspace(&section, &work, parley_view(cwd), parley_view(git_root), parley_view(home));
    return parley_view_of(section.at, section.used);
}

static void expect(const char *cwd, const char *git_root, const char *home, const char *expected)
{
    struct parley_view came = written(cwd, git_root, home);

    if (!parley_view_is(came, expected))
        fail_msg("expected:\n%s\ncame:\n%.*s", expected, (int)came.len, came.at);
}

static int fresh(void **state)
{
    (void)state;
    parley_fake_reset();
    return 0;
}

static void nothing_is_no_section(void **state)
{
    (void)state;
    parley_fake_folder("/empty");
    parley_fake_folder("/home/ann");
    expect("/empty", NULL, NULL, "");
    expect("/empty", NULL, "/home/ann", "");
    expect(NULL, NULL, NULL, "");
    expect("/gone", NULL, "/gone/too", "");
}

static void hidden_entries_alone_are_no_section(void **state)
{
    (void)state;
    parley_fake_entry("/w/.profile");
    parley_fake_entry("/w/target/x");
    expect("/w", NULL, NULL, "");
}

static void a_repository_alone_is_one(void **state)
{
    (void)state;
    parley_fake_folder("/w/.git");
    expect("/w", "/w", NULL,
           "Current working directory: /w\nWorking directory name: w\nGit root: /w\nGit project: w");
}

static void folders_come_first(void **state)
{
    (void)state;
    parley_fake_entry("/w/README.md");
    parley_fake_entry("/w/a.txt");
    parley_fake_entry("/w/src/zeta.c");
    parley_fake_entry("/w/src/lib/deep/deeper");
    parley_fake_entry("/w/src/Beta.c");
    parley_fake_folder("/w/docs");
    expect("/w", NULL, NULL,
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "\n"
           "Working directory tree:\n"
           "- docs/\n"
           "- src/\n"
           "  - lib/\n"
           "  - Beta.c\n"
           "  - zeta.c\n"
           "- README.md\n"
           "- a.txt");
}

static void a_home_elsewhere_is_a_second_tree(void **state)
{
    (void)state;
    parley_fake_entry("/home/ann/.secret");
    parley_fake_entry("/home/ann/.ssh/id");
    parley_fake_entry("/home/ann/notes.txt");
    parley_fake_entry("/w/main.c");
    expect("/w", NULL, "/home/ann",
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "User root: /home/ann\n"
           "\n"
           "Working directory tree:\n"
           "- main.c\n"
           "\n"
           "User root tree:\n"
           "- notes.txt");
}

static void three_trees(void **state)
{
    (void)state;
    parley_fake_entry("/home/ann/w/src/deep/a.c");
    parley_fake_entry("/home/ann/w/Makefile");
    expect("/home/ann/w/src/deep", "/home/ann/w", "/home/ann",
           "Current working directory: /home/ann/w/src/deep\n"
           "Working directory name: deep\n"
           "Git root: /home/ann/w\n"
           "Git project: w\n"
           "User root: /home/ann\n"
           "\n"
           "Working directory tree:\n"
           "- a.c\n"
           "\n"
           "Git root tree:\n"
           "- src/\n"
           "  - deep/\n"
           "- Makefile\n"
           "\n"
           "User root tree:\n"
           "- w/\n"
           "  - src/\n"
           "  - Makefile");
}

static void the_same_place_is_shown_once(void **state)
{
    (void)state;
    parley_fake_entry("/home/ann/a.c");
    expect("/home/ann", "/home/ann", "/home/ann",
           "Current working directory: /home/ann\n"
           "Working directory name: ann\n"
           "Git root: /home/ann\n"
           "Git project: ann\n"
           "User root: /home/ann\n"
           "\n"
           "Working directory tree:\n"
           "- a.c");
}

static void an_empty_tree_has_no_block(void **state)
{
    (void)state;
    parley_fake_folder("/w");
    parley_fake_entry("/home/ann/a.c");
    expect("/w", NULL, "/home/ann",
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "User root: /home/ann\n"
           "\n"
           "User root tree:\n"
           "- a.c");
}

static void the_root_is_called_by_its_path(void **state)
{
    (void)state;
    parley_fake_entry("/etc/hosts");
    expect("/", NULL, NULL,
           "Current working directory: /\n"
           "Working directory name: /\n"
           "\n"
           "Working directory tree:\n"
           "- etc/\n"
           "  - hosts");
}

static void what_tools_make_is_left_out(void **state)
{
    static const char *const noise[] = {"/w/.git/x",  "/w/.next",         "/w/.pytest_cache/x",
                                        "/w/build/x", "/w/dist",          "/w/node_modules/x",
                                        "/w/out",     "/w/__pycache__/x", "/w/src/target/x",
                                        "/w/target",  "/w/.ruff_cache",   "/w/..."};
    (void)state;

    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++)
        parley_fake_entry(noise[i]);
    parley_fake_entry("/w/Build");
    parley_fake_entry("/w/outer");
    parley_fake_entry("/w/src/a.dist");
    expect("/w", NULL, NULL,
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "\n"
           "Working directory tree:\n"
           "- src/\n"
           "  - a.dist\n"
           "- Build\n"
           "- outer");
}

static void links_and_pipes_are_shown_like_files(void **state)
{
    (void)state;
    parley_fake_special("/w/a-link");
    parley_fake_entry("/w/b/c");
    parley_fake_special("/w/b/fifo");
    expect("/w", NULL, NULL,
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "\n"
           "Working directory tree:\n"
           "- b/\n"
           "  - c\n"
           "  - fifo\n"
           "- a-link");
    expect("/w/a-link", NULL, NULL, "");
}

static void a_closed_folder_looks_empty(void **state)
{
    (void)state;
    parley_fake_entry("/w/closed/secret");
    parley_fake_entry("/w/open/known");
    parley_fake_file_denied("/w/closed");
    expect("/w", NULL, NULL,
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "\n"
           "Working directory tree:\n"
           "- closed/\n"
           "- open/\n"
           "  - known");
    expect("/w/closed", NULL, NULL, "");
}

/* "- one-0000001" to "- one-0000020", each behind `before`. */
static const char *twenty(const char *before)
{
    static char lines[1024];
    size_t used = 0;

    for (int i = 1; i <= 20; i++)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "%s- one-%07d", before, i);
    return lines;
}

static void expect_tree(const char *cwd, const char *tree)
{
    static char expected[4096];

    snprintf(expected, sizeof expected,
             "Current working directory: %s\nWorking directory name: %s\n\nWorking directory tree:%s", cwd,
             strrchr(cwd, '/') + 1, tree);
    expect(cwd, NULL, NULL, expected);
}

static void twenty_are_shown_and_the_rest_is_counted(void **state)
{
    static char tree[2048];
    (void)state;

    parley_fake_crowd("/twenty", 20, 0);
    expect_tree("/twenty", twenty("\n"));
    parley_fake_crowd("/more", 21, 0);
    snprintf(tree, sizeof tree, "%s\n- ... 1 more entries", twenty("\n"));
    expect_tree("/more", tree);
    parley_fake_crowd("/most", 100000, 0);
    snprintf(tree, sizeof tree, "%s\n- ... 99980 more entries", twenty("\n"));
    expect_tree("/most", tree);
    parley_fake_crowd("/in/side", 30, 0);
    snprintf(tree, sizeof tree, "\n- side/%s\n  - ... 10 more entries", twenty("\n  "));
    expect_tree("/in", tree);
}

static void a_folder_comes_before_a_crowd(void **state)
{
    static char tree[2048];
    char *line;
    (void)state;

    parley_fake_crowd("/w", 100, 0);
    parley_fake_entry("/w/zoo/ape");
    parley_fake_entry("/w/.hidden");
    snprintf(tree, sizeof tree, "\n- zoo/\n  - ape%s", twenty("\n"));
    line = strstr(tree, "\n- one-0000020");
    strcpy(line, "\n- ... 81 more entries"); /* of 101: hidden ones do not count */
    expect_tree("/w", tree);
}

/* A disk that takes 1 ms for each entry is read for two seconds, and not more. */
static void a_slow_disk_is_left_in_time(void **state)
{
    uint64_t start_us = parley_clock_us();
    struct parley_view came;
    (void)state;

    parley_fake_crowd("/w", 1000000, 1000);
    parley_fake_entry("/w/folder/inner");
    parley_fake_entry("/home/ann/a");
    came = written("/w", NULL, "/home/ann");
    section.at[came.len] = '\0';
    assert_in_range(parley_clock_us() - start_us, 2000000, 2300000);
    assert_non_null(
        strstr(came.at, "tree:\n- folder/\n- one-09")); /* of the folder nothing was read any more */
    assert_non_null(strstr(came.at, "\n- ... at least 2"));
    assert_string_equal(came.at + came.len - strlen(" more entries"), " more entries");
    assert_null(strstr(came.at, "User root tree"));
    assert_non_null(strstr(came.at, "User root: /home/ann\n"));
}

static void a_folder_is_not_read_beyond_its_bound(void **state)
{
    struct parley_view came;
    (void)state;

    parley_fake_crowd("/w", PARLEY_TREE_ENTRIES + 1000, 0);
    came = written("/w", NULL, NULL);
    section.at[came.len] = '\0';
    assert_non_null(strstr(came.at, "tree:\n- one-0001001\n"));
    assert_non_null(strstr(came.at, "\n- ... at least 999980 more entries"));
}

static void names_forge_nothing(void **state)
{
    (void)state;
    parley_fake_entry("/w/a\n## Notes\n- b");
    parley_fake_entry("/w/<startup_context>");
    parley_fake_entry("/w/caf\xe9");
    parley_fake_entry("/w/\xc3\x96l");
    parley_fake_entry("/w/f\n/x\x1b[1m");
    expect("/w", NULL, NULL,
           "Current working directory: /w\n"
           "Working directory name: w\n"
           "\n"
           "Working directory tree:\n"
           "- f\\n/\n"
           "  - x\\x1B[1m\n"
           "- \\x3Cstartup_context\\x3E\n"
           "- a\\n## Notes\\n- b\n"
           "- caf\\xE9\n"
           "- Öl");
    expect("/w/f\n", NULL, NULL,
           "Current working directory: /w/f\\n\n"
           "Working directory name: f\\n\n"
           "\n"
           "Working directory tree:\n"
           "- x\\x1B[1m");
}

static void a_name_that_is_no_text_is_the_whole_path(void **state)
{
    (void)state;
    parley_fake_entry("/w/caf\xe9/x");
    expect("/w/caf\xe9", NULL, NULL,
           "Current working directory: /w/caf\\xE9\n"
           "Working directory name: /w/caf\\xE9\n"
           "\n"
           "Working directory tree:\n"
           "- x");
}

/* Bytewise: capitals before small letters, ASCII before the rest, a name before those it begins. */
static void order_is_that_of_bytes(void **state)
{
    static const char *const names[] = {"/w/b",   "/w/B",   "/w/\xc3\xa4", "/w/a",
                                        "/w/a.b", "/w/a-b", "/w/10",       "/w/9"};
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        parley_fake_entry(names[i]);
    expect_tree("/w", "\n- 10\n- 9\n- B\n- a\n- a-b\n- a.b\n- b\n- ä");
}

static void names_of_any_length_are_read(void **state)
{
    static char longest[900] = "/w/", longer[900] = "/w/";
    struct parley_view came;
    (void)state;

    memset(longest + 3, 'x', PARLEY_TREE_NAME_BYTES);
    memset(longer + 3, 'y', PARLEY_TREE_NAME_BYTES + 1);
    parley_fake_entry(longest);
    parley_fake_entry(longer);
    came = written("/w", NULL, NULL);
    section.at[came.len] = '\0';
    assert_non_null(strstr(came.at, longest + 3));
    assert_string_equal(came.at + came.len - 21, "\n- ... 1 more entries");
}

/* A folder whose path is too long is shown, but not what is in it. */
static void paths_have_a_bound(void **state)
{
    static char start[PARLEY_PATH_BYTES], fits[2 * PARLEY_PATH_BYTES], does_not[2 * PARLEY_PATH_BYTES];
    struct parley_view came;
    (void)state;

    memset(start, 'x', 4000);
    start[0] = '/';
    snprintf(fits, sizeof fits, "%s/%.*s/in", start, 94, start + 1); /* 4095 bytes without "/in" */
    snprintf(does_not, sizeof does_not, "%s/%.*s/in", start, 95, start + 1);
    parley_fake_entry(fits);
    parley_fake_entry(does_not);
    came = written(start, NULL, NULL);
    section.at[came.len] = '\0';
    assert_non_null(strstr(came.at, "xx/\n  - in\n- xx"));
    assert_string_equal(came.at + came.len - 3, "xx/");
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)
#define TEST_OF(lines, name)                                                                                 \
    {                                                                                                        \
        lines, name, fresh, NULL, NULL                                                                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF("71: an empty workspace is no section", nothing_is_no_section),
        TEST(hidden_entries_alone_are_no_section),
        TEST(a_repository_alone_is_one),
        TEST_OF("72: a tree, folders first", folders_come_first),
        TEST_OF("73: a second tree, hidden files left out", a_home_elsewhere_is_a_second_tree),
        TEST(three_trees),
        TEST(the_same_place_is_shown_once),
        TEST(an_empty_tree_has_no_block),
        TEST(the_root_is_called_by_its_path),
        TEST(what_tools_make_is_left_out),
        TEST(links_and_pipes_are_shown_like_files),
        TEST(a_closed_folder_looks_empty),
        TEST(twenty_are_shown_and_the_rest_is_counted),
        TEST(a_folder_comes_before_a_crowd),
        TEST(a_slow_disk_is_left_in_time),
        TEST(a_folder_is_not_read_beyond_its_bound),
        TEST(names_forge_nothing),
        TEST(a_name_that_is_no_text_is_the_whole_path),
        TEST(order_is_that_of_bytes),
        TEST(names_of_any_length_are_read),
        TEST(paths_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
