/* The branch of folders in repositories of every shape, on the fake platform. */
#include "context/git_branch.h"
#include "platform/fake/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *title, *path;
    const char *files[6]; /* name, content ... */
    const char *expected;
} rows[] = {
    {"at the root", "/src/engine", {"/src/engine/.git/HEAD", "ref: refs/heads/main\n"}, "main"},
    {"deep below, on a branch with a slash",
     "/src/engine/a/b/c",
     {"/src/engine/.git/HEAD", "ref: refs/heads/topic/one\n"},
     "topic/one"},
    {"in no plain form",
     "/src//engine/x/../a/.",
     {"/src/engine/.git/HEAD", "ref: refs/heads/main\n"},
     "main"},
    {"the root of the machine", "/a", {"/.git/HEAD", "ref: refs/heads/main\n"}, "main"},
    {"the nearest repository counts",
     "/src/engine/inner",
     {"/src/engine/.git/HEAD", "ref: refs/heads/outer\n", "/src/engine/inner/.git/HEAD",
      "ref: refs/heads/inner\n"},
     "inner"},
    {"a linked worktree",
     "/src/side/a",
     {"/src/engine/.git/HEAD", "ref: refs/heads/main\n", "/src/side/.git",
      "gitdir: /src/engine/.git/worktrees/side\n", "/src/engine/.git/worktrees/side/HEAD",
      "ref: refs/heads/topic\n"},
     "topic"},
    {"a submodule, by a relative path",
     "/src/engine/lib",
     {"/src/engine/lib/.git", "gitdir: ../.git/modules/lib", "/src/engine/.git/modules/lib/HEAD",
      "ref: refs/heads/stable\n"},
     "stable"},
    {"a commit and no branch",
     "/src/engine",
     {"/src/engine/.git/HEAD", "0123456789012345678901234567890123456789\n"},
     ""},
    {"a ref that is no branch", "/src/engine", {"/src/engine/.git/HEAD", "ref: refs/remotes/x\n"}, ""},
    {"an empty HEAD", "/src/engine", {"/src/engine/.git/HEAD", ""}, ""},
    {"no HEAD", "/src/engine", {"/src/engine/.git/config", ""}, ""},
    {"a file .git that points nowhere", "/src/engine", {"/src/engine/.git", "gitdir: /gone\n"}, ""},
    {"a file .git that says nothing", "/src/engine", {"/src/engine/.git", "hello\n"}, ""},
    {"no repository", "/src/engine", {"/src/other/.git/HEAD", "ref: refs/heads/main\n"}, ""},
    {"a relative path", "src/engine", {"/src/engine/.git/HEAD", "ref: refs/heads/main\n"}, ""},
    {"a name of 15 bytes", "/a", {"/a/.git/HEAD", "ref: refs/heads/123456789012345\n"}, "123456789012345"},
    {"a name that does not fit", "/a", {"/a/.git/HEAD", "ref: refs/heads/1234567890123456\n"}, ""},
};

static void branches_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char branch[16] = "";
        size_t len;

        parley_fake_reset();
        for (size_t k = 0; k < COUNT(rows[i].files) && rows[i].files[k] != NULL; k += 2)
            parley_fake_file(rows[i].files[k], rows[i].files[k + 1], strlen(rows[i].files[k + 1]));
        len = parley_git_branch(branch, sizeof branch, parley_view(rows[i].path));
        if (strcmp(branch, rows[i].expected) != 0 || len != strlen(rows[i].expected))
            fail_msg("%s: %s", rows[i].title, branch);
    }
}

static void a_head_that_is_too_large_names_none(void **state)
{
    static char head[PARLEY_PATH_BYTES + 1];
    char branch[16];

    (void)state;
    parley_fake_reset();
    memset(head, ' ', sizeof head);
    memcpy(head, "ref: refs/heads/main", 20);
    parley_fake_file("/a/.git/HEAD", head, sizeof head);
    assert_int_equal(parley_git_branch(branch, sizeof branch, parley_view("/a")), 0);
    parley_fake_file("/a/.git/HEAD", head, sizeof head - 1);
    assert_int_equal(parley_git_branch(branch, sizeof branch, parley_view("/a")), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches_are_found),
        cmocka_unit_test(a_head_that_is_too_large_names_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
