/* Which repository a path lies in. See context/git_root.h. */
#include "context/git_root.h"

#include "parser/utf8.h"
#include "platform/directory.h"
#include "platform/file.h"

/*
 * `file`, the path of a `.git` file in `folder`, becomes the path of the repository it points to:
 * "gitdir: REPOSITORY/.git/worktrees/NAME". Returns its length, 0 for a pointer of any other kind.
 */
static size_t follow_pointer(char file[PARLEY_PATH_BYTES], struct parley_view folder)
{
    static const struct parley_view label = PARLEY_VIEW("gitdir:");
    char content[PARLEY_PATH_BYTES];
    int len = parley_file_load(file, content, sizeof content);
    struct parley_view pointer = parley_utf8_trim(parley_view_of(content, len > 0 ? (size_t)len : 0));
    struct parley_view worktrees, root;
    size_t target;

    if (!parley_view_starts(pointer, label))
        return 0;
    pointer = parley_utf8_trim(parley_view_skip(pointer, label.len));
    target = pointer.len > 0 ? parley_path_plain(file, folder, pointer) : 0;
    worktrees = parley_path_parent(parley_view_of(file, target));
    if (target == 0 || !parley_view_is(parley_path_name(worktrees), "worktrees"))
        return 0;
    root = parley_path_parent(parley_path_parent(worktrees));
    return root.at != NULL ? root.len : 0;
}

/* The path of the `.git` in a folder; false when it is too long for one. */
static bool git_of(char path[PARLEY_PATH_BYTES], struct parley_view folder)
{
    static const char name[] = "/.git";
    size_t len = folder.len > 1 ? folder.len : 0; /* "/" ends with the slash */

    if (len + sizeof name > PARLEY_PATH_BYTES)
        return false;
    memcpy(path, folder.at, len);
    memcpy(path + len, name, sizeof name);
    return true;
}

size_t parley_git_root(char out[PARLEY_PATH_BYTES], struct parley_view path)
{
    char git[PARLEY_PATH_BYTES];
    struct parley_view folder = {out, parley_path_plain(out, parley_view(NULL), path)};
    size_t found = 0;

    out[folder.len] = '\0';
    if (folder.len == 0)
        return 0;
    if (parley_directory_look(out) != PARLEY_ENTRY_FOLDER)
        folder = parley_path_parent(folder);
    for (; folder.at != NULL; folder = parley_path_parent(folder)) {
        enum parley_entry entry = git_of(git, folder) ? parley_directory_look(git) : PARLEY_ENTRY_NONE;

        if (entry == PARLEY_ENTRY_NONE)
            continue;
        if (entry == PARLEY_ENTRY_FOLDER)
            found = folder.len;
        else if (entry == PARLEY_ENTRY_FILE && (found = follow_pointer(git, folder)) > 0)
            memcpy(out, git, found);
        break;
    }
    out[found] = '\0';
    return found;
}
