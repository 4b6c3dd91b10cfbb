#ifndef PARLEY_CONTEXT_GIT_BRANCH_H
#define PARLEY_CONTEXT_GIT_BRANCH_H

#include "context/path.h"

/*
 * The branch of git that a path lies in: what HEAD names in the nearest `.git` at or above it, be that a
 * folder or, as in a linked worktree or a submodule, a file that says where the folder is. Runs no git.
 * `path` is absolute, and taken by its letters.
 *
 * Writes the name without "refs/heads/", terminated; returns its length, 0 when there is no repository, HEAD
 * names a commit and no branch, or the name is longer than `bytes` take.
 */
size_t parley_git_branch(char *out, size_t bytes, struct parley_view path);

#endif
