#ifndef PARLEY_PLATFORM_FILE_H
#define PARLEY_PLATFORM_FILE_H

#include "platform/view.h"
#include <stdbool.h>

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

/* The system's words for the last failure of this module in this thread. */
const char *parley_file_reason(void);

void parley_file_close(int fd);

#endif
