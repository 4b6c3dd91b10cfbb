#ifndef PARLEY_CONTEXT_WORKSPACE_TREE_H
#define PARLEY_CONTEXT_WORKSPACE_TREE_H

#include "context/path.h"
#include "context/section.h"
#include <stdint.h>

/*
 * What the machine looks like from where we stand (reference 8.5): the working folder, its repository, the
 * home of the user, and the first two levels of each as a tree.
 *
 * A tree shows the first 20 entries of a folder and counts the others: only these 20 are kept while the
 * folder is read, so its size costs time alone. That is bounded as well: of a folder at most
 * PARLEY_TREE_ENTRIES are read, and none any more when PARLEY_TREE_US have passed since the section was
 * begun; its last line then says "- ... at least N more entries". No symbolic link is followed, except that
 * the start itself may be one.
 *
 * Names and paths are shown so that none of them can be taken for more than a name (section.h).
 */
enum {
    PARLEY_TREE_SHOWN = 20,
    PARLEY_TREE_ENTRIES = 1000000,
    PARLEY_TREE_US = 2000000,
    PARLEY_TREE_NAME_BYTES = 768, /* an entry with a longer name is counted, but not shown */
};

/* Room for two open levels: about 34 KiB. Complete here so that the caller can have it. */
struct parley_workspace_tree {
    struct parley_tree_level {
        struct parley_tree_entry {
            bool folder;
            uint16_t len;
            char name[PARLEY_TREE_NAME_BYTES];
        } entries[PARLEY_TREE_SHOWN];
        uint8_t order[PARLEY_TREE_SHOWN]; /* of entries[], the first to be shown first */
        size_t count;                     /* of those */
        uint64_t seen;                    /* of all that can be shown */
        bool cut;                         /* not all were read */
    } levels[2];
    char path[PARLEY_PATH_BYTES];
    uint64_t until_us;
};

/* Writes the body of the section for paths in plain form (path.h), each absent when there is none; nothing
   when there is no repository and no tree has a line. */
void parley_workspace(struct parley_section *out, struct parley_workspace_tree *work, struct parley_view cwd,
                      struct parley_view git_root, struct parley_view home);

#endif
