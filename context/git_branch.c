/* Which branch is checked out: see git_branch.h. */
#include "context/git_branch.h"

#include "platform/directory.h"
#include "platform/file.h"

#include <stdio.h>

/* "folder/name"; false when that is too long. */
static bool join(char out[PARLEY_PATH_BYTES], struct parley_view folder, const char *name)
{
    const char *slash = folder.len == 1 ? "" : "/"; /* "/" ends in one */
    int len = snprintf(out, PARLEY_PATH_BYTES, "%.*s%s%s", (int)folder.len, folder.at, slash, name);

    return len < PARLEY_PATH_BYTES;
}

/* What stands behind `label` in a small file of one line, which is read into `text`; absent when it is none.
 */
static struct parley_view read_line(char text[PARLEY_PATH_BYTES], const char *path, const char *label)
{
    int len = parley_file_load(path, text, PARLEY_PATH_BYTES);
    struct parley_view line = parley_view_trim(parley_view_of(text, len > 0 ? (size_t)len : 0));

    if (!parley_view_starts(line, parley_view(label)))
        return parley_view(NULL);
    return parley_view_trim(parley_view_skip(line, strlen(label)));
}

/* Writes the folder that `.git` in `folder` is or points to; returns its length, 0 when there is none. */
static size_t git_folder(char out[PARLEY_PATH_BYTES], struct parley_view folder, char text[PARLEY_PATH_BYTES])
{
    struct parley_view elsewhere;

    if (!join(out, folder, ".git"))
        return 0;
    if (parley_directory_look(out) == PARLEY_ENTRY_FOLDER)
        return strlen(out);
    elsewhere = read_line(text, out, "gitdir:");
    return elsewhere.len > 0 ? parley_path_plain(out, folder, elsewhere) : 0;
}

size_t parley_git_branch(char *out, size_t bytes, struct parley_view path)
{
    char plain[PARLEY_PATH_BYTES], git[PARLEY_PATH_BYTES], text[PARLEY_PATH_BYTES];
    struct parley_view folder = parley_view_of(plain, parley_path_plain(plain, parley_view(NULL), path));
    struct parley_view branch;
    char head[PARLEY_PATH_BYTES];

    for (; folder.len > 0; folder = parley_path_parent(folder))
        if (join(git, folder, ".git") && parley_directory_look(git) != PARLEY_ENTRY_NONE)
            break;
    if (folder.len == 0 || git_folder(git, folder, text) == 0 || !join(head, parley_view(git), "HEAD"))
        return 0;
    branch = read_line(text, head, "ref: refs/heads/");
    if (branch.len == 0 || branch.len >= bytes)
        return 0;
    memcpy(out, branch.at, branch.len);
    out[branch.len] = '\0';
    return branch.len;
}
