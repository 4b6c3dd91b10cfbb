/* context/git_root.c: each kind of `.git` there is, on a made-up disk (reference 8.6). */
#include "context/git_root.h"
#include "platform/fake/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* /w/.git holds `content`; NULL: it is a folder. */
static const struct git_case {
    const char *title, *content, *path, *root;
} cases[] = {
    {"at the root of a repository", NULL, "/w", "/w"},
    {"below it", NULL, "/w/src/deep", "/w"},
    {"a file in it", NULL, "/w/src/main.c", "/w"},
    {"what is not there counts as a file", NULL, "/w/src/gone", "/w"},
    {"a slash at the end", NULL, "/w/src/", "/w"},
    {"beside it", NULL, "/x", ""},
    {"a name that only begins so", NULL, "/wx", ""},
    {"the root of the disk", NULL, "/", ""},
    {"a relative path", NULL, "w", ""},
    {"a worktree", "gitdir: /repo/.git/worktrees/w\n", "/w/src", "/repo"},
    {"white space around everything", " \n gitdir:\t /repo/.git/worktrees/w \r\n\n", "/w", "/repo"},
    {"no white space at all", "gitdir:/repo/.git/worktrees/w", "/w", "/repo"},
    {"a relative pointer", "gitdir: ../repo/.git/worktrees/w\n", "/w/src", "/repo"},
    {"a pointer with dots and slashes", "gitdir: /x/..//repo/./.git/worktrees/w/\n", "/w", "/repo"},
    {"a pointer to a repository with a space", "gitdir: /my repo/.git/worktrees/w\n", "/w", "/my repo"},
    {"a bare repository", "gitdir: /srv/repo.git/worktrees/w\n", "/w", "/srv"},
    {"the repository is the root of the disk", "gitdir: /.git/worktrees/w\n", "/w", "/"},
    {"a pointer with nothing above", "gitdir: /worktrees/w\n", "/w", ""},
    {"a submodule", "gitdir: ../.git/modules/w\n", "/w/src", ""},
    {"a repository kept elsewhere", "gitdir: /elsewhere/w.git\n", "/w", ""},
    {"a pointer to the root", "gitdir: /\n", "/w", ""},
    {"a pointer to nothing", "gitdir:   \n", "/w", ""},
    {"no pointer", "hello\n", "/w", ""},
    {"a pointer of another case", "Gitdir: /repo/.git/worktrees/w\n", "/w", ""},
    {"an empty file", "", "/w", ""},
};

static void test_case(void **state)
{
    const struct git_case *c = *state;
    char out[PARLEY_PATH_BYTES];
    size_t len;

    parley_fake_reset();
    parley_fake_folder("/w/src/deep");
    parley_fake_entry("/w/src/main.c");
    if (c->content == NULL)
        parley_fake_folder("/w/.git");
    else
        parley_fake_file("/w/.git", c->content, strlen(c->content));
    len = parley_git_root(out, parley_view(c->path));
    if (!parley_view_is(parley_view_of(out, len), c->root))
        fail_msg("came: %.*s", (int)len, out);
    assert_int_equal(out[len], '\0');
}

static void root_is(const char *path, const char *root)
{
    char out[PARLEY_PATH_BYTES];
    size_t len = parley_git_root(out, parley_view(path));

    if (!parley_view_is(parley_view_of(out, len), root))
        fail_msg("%s: %.*s", path, (int)len, out);
}

static void test_the_nearest_counts(void **state)
{
    (void)state;
    parley_fake_reset();
    parley_fake_folder("/.git");
    parley_fake_folder("/a/.git");
    parley_fake_file("/a/sub/.git", "gitdir: ../.git/modules/sub", 27);
    parley_fake_folder("/a/sub/inner");
    parley_fake_folder("/a/b/c");
    parley_fake_folder("/z");
    root_is("/a/b/c", "/a");
    root_is("/a/sub/inner", ""); /* not "/a": the submodule is none of it */
    root_is("/z", "/");
    root_is("/", "/");
}

static void test_what_cannot_be_used(void **state)
{
    static char much[PARLEY_PATH_BYTES + 1];
    (void)state;

    parley_fake_reset();
    parley_fake_folder("/outer/.git");
    parley_fake_special("/outer/pipe/.git");
    parley_fake_file("/outer/closed/.git", "gitdir: /repo/.git/worktrees/w", 30);
    parley_fake_file_denied("/outer/closed/.git");
    memset(much, '\n', sizeof much);
    memcpy(much, "gitdir: /repo/.git/worktrees/w", 30);
    parley_fake_file("/outer/long/.git", much, sizeof much);
    parley_fake_file("/outer/fits/.git", much, sizeof much - 1);
    parley_fake_file("/outer/zero/.git", "gitdir: /repo/.git/worktrees/\0w", 31);
    root_is("/outer/pipe", "");
    root_is("/outer/closed", "");
    root_is("/outer/long", "");
    root_is("/outer/fits", "/repo");
    root_is("/outer/zero", "");
}

/* A path may be as long as there is room for; "/.git" behind it may not fit any more, that of a folder above
 * does. */
static void test_long_paths(void **state)
{
    static char path[PARLEY_PATH_BYTES + 1];
    (void)state;

    parley_fake_reset();
    parley_fake_folder("/w/.git");
    memset(path, 'x', PARLEY_PATH_BYTES);
    memcpy(path, "/w/", 3);
    for (size_t i = 100; i < PARLEY_PATH_BYTES - 1; i += 100)
        path[i] = '/';
    path[PARLEY_PATH_BYTES - 1] = '\0';
    root_is(path, "/w");
    path[PARLEY_PATH_BYTES - 1] = 'x';
    root_is(path, "");
}

int main(void)
{
    struct CMUnitTest tests[COUNT(cases) + 3] = {
        cmocka_unit_test(test_the_nearest_counts),
        cmocka_unit_test(test_what_cannot_be_used),
        cmocka_unit_test(test_long_paths),
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        tests[i + 3] = (struct CMUnitTest){
            .name = cases[i].title, .test_func = test_case, .initial_state = (void *)(uintptr_t)&cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
