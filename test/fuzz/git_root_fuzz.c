/*
 * Any bytes as the content of a `.git` file, and any as the path to look from: the answer is a plain absolute
 * path or none, and nothing is read or written beyond a bound.
 */
#include "context/git_root.h"
#include "platform/fake/fake.h"
#include "test/fuzz/fuzz.h"

/* Absolute, terminated, and its own plain form. */
static void check(const char *out, size_t len)
{
    char again[PARLEY_PATH_BYTES];

    must(len < PARLEY_PATH_BYTES && out[len] == '\0' && memchr(out, '\0', len) == NULL);
    if (len == 0)
        return;
    must(parley_path_plain(again, parley_view(NULL), parley_view_of(out, len)) == len);
    must(memcmp(again, out, len) == 0);
}

static size_t root_of(char *out, const uint8_t *path, size_t len)
{
    char *exact = exact_copy(path, len);
    size_t found = parley_git_root(out, parley_view_of(exact, len));

    free(exact);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t in_worktree[] = "/w/src";
    char out[PARLEY_PATH_BYTES];

    if (size > 2 * PARLEY_PATH_BYTES)
        return 0;
    parley_fake_reset();
    parley_fake_folder("/w/src");
    parley_fake_folder("/a/.git");
    parley_fake_file("/w/.git", data, size);
    check(out, root_of(out, in_worktree, sizeof in_worktree - 1));
    check(out, root_of(out, data, size));
    return 0;
}
