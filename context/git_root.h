#ifndef PARLEY_CONTEXT_GIT_ROOT_H
#define PARLEY_CONTEXT_GIT_ROOT_H

#include "context/path.h"

/*
 * The folder of the git repository that a path lies in (reference 8.6): the nearest folder at or above it
 * that has a `.git`. When that is a file, as in a linked worktree, it is the folder of the repository the
 * worktree belongs to, so that all worktrees of one repository give the same answer; a submodule gives none.
 *
 * `path` is absolute, a file or a folder, and taken by its letters: "x/.." is nothing at all, whatever x is.
 * Runs no git, reads nothing but `.git` files, of at most PARLEY_PATH_BYTES. Takes about 8 KiB of stack.
 * Returns the length of the path in `out`, terminated and without a slash at its end, or 0 when there is
 * none.
 */
size_t parley_git_root(char out[PARLEY_PATH_BYTES], struct parley_view path);

#endif
