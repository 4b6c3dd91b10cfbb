/*
 * The startup context of a prepared workspace on the real file system: what the machine itself has to say to
 * context/git_root.c and context/workspace_tree.c.
 */
#define _GNU_SOURCE
#include "context/git_root.h"
#include "context/startup_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/parley-workspace-XXXXXX";
static char text[PARLEY_STARTUP_CONTEXT_BYTES + 1];
static struct parley_startup_work work;

/* Runs a script in a new folder "workspace" of ours. Returns its status. */
static int prepare(const char *script)
{
    char command[2048];
    int len = snprintf(command, sizeof command,
                       "exec 2>&1 && cd %s && chmod -R u+rwx . && rm -rf workspace && mkdir workspace && "
                       "cd workspace && umask 022 && set -e\n%s",
                       root, script);

    assert_true(len > 0 && (size_t)len < sizeof command);
    return system(command);
}

static const char *in_workspace(const char *path)
{
    static char space[4][256];
    static int next;

    next = (next + 1) % 4;
    snprintf(space[next], sizeof space[next], "%s/workspace%s", root, path);
    return space[next];
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int clear_up(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", root, root);
    return system(command);
}

static void root_is(const char *path, const char *expected)
{
    char out[PARLEY_PATH_BYTES];
    size_t len = parley_git_root(out, parley_view(in_workspace(path)));

    if (expected == NULL && len > 0)
        fail_msg("%s: came %s", path, out);
    if (expected != NULL && strcmp(out, in_workspace(expected)) != 0)
        fail_msg("%s: came '%s'", path, out);
}

static const char *written(const char *cwd, const char *home)
{
    const struct parley_startup startup = {.cwd = parley_view(cwd), .home = parley_view(home)};
    long len = parley_startup_context(text, PARLEY_STARTUP_CONTEXT_BYTES, &startup, &work);

    assert_true(len >= 0);
    text[len] = '\0';
    return text;
}

/* The block of a tree, without its title; "" when there is none. */
static const char *tree(const char *title)
{
    char *start = strstr(text, title), *end;

    if (start == NULL)
        return "";
    start += strlen(title);
    end = strstr(start, "\n\n");
    if (end != NULL)
        *end = '\0';
    return start;
}

static void worktrees_and_submodules_of_git_itself(void **state)
{
    (void)state;
    if (system("command -v git >/dev/null") != 0)
        skip();
    assert_int_equal(
        prepare("export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_COUNT=1\n"
                "export GIT_CONFIG_KEY_0=protocol.file.allow GIT_CONFIG_VALUE_0=always\n"
                "for id in AUTHOR COMMITTER; do\n"
                "  export GIT_${id}_NAME=Ann GIT_${id}_EMAIL=ann@example.org\n"
                "done\n"
                "git init -q main && cd main && mkdir -p src/deep && echo x >src/a\n"
                "git add . && git commit -q -m one\n"
                "git worktree add -q ../linked && mkdir ../linked/inner\n"
                "git init -q ../part && cd ../part && echo y >b && git add . && git commit -q -m two\n"
                "cd ../main && git submodule --quiet add ../part part && mkdir -p ../plain\n"),
        0);
    root_is("/main", "/main");
    root_is("/main/src/deep", "/main");
    root_is("/main/src/a", "/main");
    root_is("/main/.git/refs", "/main");
    root_is("/linked", "/main");
    root_is("/linked/inner", "/main");
    root_is("/linked/src/a", "/main");
    root_is("/main/part", NULL);
    root_is("/plain", NULL);
    written(in_workspace("/linked/inner"), NULL);
    assert_non_null(strstr(text, "/workspace/main\nGit project: main\n"));
    assert_string_equal(tree("Git root tree:\n"), "- part/\n  - b\n- src/\n  - deep/\n  - a");
}

static void what_looks_like_git_and_is_not(void **state)
{
    (void)state;
    assert_int_equal(
        prepare("mkdir .git pipe link dangling relative sub\n"
                "mkfifo pipe/.git && mkdir real && ln -s ../real link/.git && ln -s nowhere dangling/.git\n"
                "printf 'gitdir: ../main/.git/worktrees/r \\t\\n\\n' >relative/.git\n"
                "printf 'gitdir: ../.git/modules/sub\\n' >sub/.git\n"),
        0);
    root_is("/pipe", NULL);
    root_is("/link", "/link");
    root_is("/dangling", "");
    root_is("/relative", "/main");
    root_is("/sub", NULL);
    root_is("/gone", "");
    root_is("/gone/deep", "");
}

static void a_whole_workspace(void **state)
{
    (void)state;
    assert_int_equal(
        prepare("mkdir -p src/lib/deep docs .hidden build node_modules many outside\n"
                "touch README.md src/main.c src/lib/deep/x .profile build/x node_modules/x outside/y\n"
                "for i in $(seq -w 30); do touch many/file$i; done\n"
                "ln -s outside link && ln -s nowhere dangling && ln -s .. src/up && mkfifo fifo\n"
                "touch 'Öl' \"$(printf 'two\\nlines')\" \"$(printf 'caf\\351')\" '<tag>' 'a  b'\n"
                "mkdir home && touch home/note home/.secret\n"),
        0);
    written(in_workspace(""), in_workspace("/home"));
    assert_string_equal(tree("User root tree:\n"), "- note");
    assert_string_equal(tree("Working directory tree:\n"), "- docs/\n"
                                                           "- home/\n"
                                                           "  - note\n"
                                                           "- many/\n"
                                                           "  - file01\n  - file02\n  - file03\n  - file04\n"
                                                           "  - file05\n  - file06\n  - file07\n  - file08\n"
                                                           "  - file09\n  - file10\n  - file11\n  - file12\n"
                                                           "  - file13\n  - file14\n  - file15\n  - file16\n"
                                                           "  - file17\n  - file18\n  - file19\n  - file20\n"
                                                           "  - ... 10 more entries\n"
                                                           "- outside/\n"
                                                           "  - y\n"
                                                           "- src/\n"
                                                           "  - lib/\n"
                                                           "  - main.c\n"
                                                           "  - up\n"

                                                           "- \\x3Ctag\\x3E\n"
                                                           "- README.md\n"
                                                           "- a  b\n"
                                                           "- caf\\xE9\n"
                                                           "- dangling\n"
                                                           "- fifo\n"
                                                           "- link\n"
                                                           "- two\\nlines\n"
                                                           "- Öl");
    written(in_workspace("/link"), NULL); /* the start may be one */
    assert_string_equal(tree("Working directory tree:\n"), "- y");
}

static void a_closed_folder_is_empty(void **state)
{
    (void)state;
    assert_int_equal(prepare("mkdir closed open && touch closed/secret open/known && chmod 0 closed\n"), 0);
    assert_int_equal(chmod(root, 0755), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0); /* nothing is closed to root */
    written(in_workspace(""), NULL);
    assert_int_equal(seteuid(getuid()), 0);
    assert_string_equal(tree("Working directory tree:\n"), "- closed/\n- open/\n  - known");
}

static void nothing_is_left_open(void **state)
{
    int before = dup(0), after;

    (void)state;
    close(before);
    assert_int_equal(prepare("mkdir -p a/b .git && touch a/c\n"), 0);
    written(in_workspace(""), in_workspace("/a"));
    after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worktrees_and_submodules_of_git_itself),
        cmocka_unit_test(what_looks_like_git_and_is_not),
        cmocka_unit_test(a_whole_workspace),
        cmocka_unit_test(a_closed_folder_is_empty),
        cmocka_unit_test(nothing_is_left_open),
    };

    return cmocka_run_group_tests(tests, set_up, clear_up);
}
