#ifndef PARLEY_PLATFORM_FILE_H
#define PARLEY_PLATFORM_FILE_H

#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Files and pipes as the programs use them. Regular files are read and written directly (a disk does
 * not make poll() wait); pipes and terminals are put into non-blocking mode.
 */

/* How parley_file_open opens. */
enum parley_file_mode {
    PARLEY_FILE_READ,    /* must exist */
    PARLEY_FILE_CREATE,  /* made or emptied, mode 0644 */
    PARLEY_FILE_PRIVATE, /* made or emptied, mode 0600 */
    PARLEY_FILE_APPEND,  /* made if missing, mode 0600, each write at the end */
};

/* Opens; close-on-exec, non-blocking. Returns the descriptor or PARLEY_ERR_FILE. */
int parley_file_open(const char *path, enum parley_file_mode mode);

/* Puts an inherited descriptor (stdin, a pipe) into non-blocking mode. Returns 0 or PARLEY_ERR_FILE. */
int parley_file_nonblocking(int fd);

/* Bytes moved (> 0), 0 for "nothing now", PARLEY_ERR_PEER_CLOSED at the end of input or when the reader
   of a pipe is gone, PARLEY_ERR_FILE when it failed. */
int parley_file_read(int fd, void *into, size_t bytes);
int parley_file_write(int fd, const void *from, size_t bytes);

/* Goes to byte `offset` from the start. Returns 0, PARLEY_ERR_FILE when it cannot (a pipe). */
int parley_file_seek(int fd, unsigned long offset);

/*
 * Reads a whole small file. For before the loop: when it is a pipe ("--prompt <(make-prompt)") it waits for
 * the writer, up to 5 s without a byte. Returns its length (0 for an empty one), PARLEY_ERR_FILE when it
 * cannot be read, PARLEY_ERR_TOO_LONG when it is longer than `bytes`.
 */
int parley_file_load(const char *path, void *into, size_t bytes);

/* True for a terminal. */
bool parley_file_is_terminal(int fd);

/* What there is to know about a file without opening it. */
struct parley_file_facts {
    uint64_t bytes;
    int64_t changed_us; /* its content, in microseconds since 1970-01-01 UTC */
};

/* Looks at a regular file, not at what a symbolic link points to. Returns 0 or PARLEY_ERR_FILE, also for what
   is no regular file. */
int parley_file_look(const char *path, struct parley_file_facts *facts);

/* Removes a file. Returns 0 or PARLEY_ERR_FILE. */
int parley_file_remove(const char *path);

/*
 * Makes a folder for private files, mode 0700, and those above it that are missing. One that is there already
 * gets that mode if it is not as private. Returns 0 or PARLEY_ERR_FILE.
 */
int parley_file_make_folder(const char *path);

/* The absolute path of the folder this process works in, terminated. Returns its length, PARLEY_ERR_FILE when
   it has gone, PARLEY_ERR_TOO_LONG. */
int parley_file_working_folder(char *out, size_t bytes);

/* The system's words for the last failure of this module in this thread. */
const char *parley_file_reason(void);

void parley_file_close(int fd);

#endif
