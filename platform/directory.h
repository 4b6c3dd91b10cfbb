#ifndef PARLEY_PLATFORM_DIRECTORY_H
#define PARLEY_PLATFORM_DIRECTORY_H

#include "platform/view.h"
#include <stdbool.h>

/*
 * What is in a folder, entry by entry, so that one of any size takes no memory of ours. Not for the loop: a
 * disk over a network may take its time.
 */
enum parley_entry {
    PARLEY_ENTRY_NONE, /* nothing there, or nothing that can be looked at */
    PARLEY_ENTRY_FILE, /* a regular file */
    PARLEY_ENTRY_FOLDER,
    PARLEY_ENTRY_OTHER, /* a symbolic link that was not followed, a pipe, a device ... */
};

/* What a path leads to, symbolic links followed. */
enum parley_entry parley_directory_look(const char *path);

/* An open folder. The platform keeps what it needs behind `handle` (glibc: 32 KiB of heap until it is
 * closed). */
struct parley_directory {
    void *handle;
};

/*
 * Opens the folder. With `follow` the path may be a symbolic link to one; without, that is refused (links
 * within the path are followed either way). Never waits for a pipe. Returns 0 or PARLEY_ERR_FILE: there is
 * nothing to close then.
 */
int parley_directory_open(struct parley_directory *d, const char *path, bool follow);

/*
 * The next entry besides "." and "..", in no order: its name, of any bytes but '/' and 0 and good until the
 * next call, and what it is itself (a symbolic link is PARLEY_ENTRY_OTHER). Returns 1, 0 at the end, or
 * PARLEY_ERR_FILE.
 */
int parley_directory_next(struct parley_directory *d, struct parley_view *name, enum parley_entry *entry);

void parley_directory_close(struct parley_directory *d);

#endif
