#ifndef PARLEY_PLATFORM_FAKE_INSIDE_H
#define PARLEY_PLATFORM_FAKE_INSIDE_H

#include "platform/ring.h"
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * What the fakes tell each other. A descriptor says by its number what it is.
 */
enum {
    PARLEY_FAKE_FD_SOCKET = 1000,
    PARLEY_FAKE_FD_FILE = 2000,
    PARLEY_FAKE_FD_PIPE = 3000, /* of a process, or the one of the signals */
    PARLEY_FAKE_FD_END = 4000,
};

/* Ends a test that plays the fakes wrongly: assert tells where and why, abort does it whatever the flags. */
#define PARLEY_FAKE_MUST(condition, words)                                                                   \
    do {                                                                                                     \
        assert((condition) && (words));                                                                      \
        if (!(condition))                                                                                    \
            abort();                                                                                         \
    } while (0)

/* An empty ring over a static buffer. */
struct parley_ring parley_fake_ring(unsigned char *at, size_t bytes);

/* Is the descriptor ready for what is wanted? */
bool parley_fake_socket_ready(int fd, bool read, bool write);
bool parley_fake_file_ready(int fd, bool read, bool write);
bool parley_fake_pipe_ready(int fd, bool read, bool write);

/* When something happens there next, later than now; PARLEY_NEVER when nothing will. */
uint64_t parley_fake_sockets_next_us(void);
uint64_t parley_fake_processes_next_us(void);

/* parley_file_read, _write and _close for descriptors of PARLEY_FAKE_FD_PIPE and up; the reason in *why. */
int parley_fake_pipe_read(int fd, void *into, size_t bytes, const char **why);
int parley_fake_pipe_write(int fd, const void *from, size_t bytes, const char **why);
void parley_fake_pipe_close(int fd);

/* The path of the i-th place for files, i < PARLEY_FAKE_FILES_MAX: "" when no file is there. */
const char *parley_fake_file_path(size_t i);
bool parley_fake_file_is_denied(const char *path);

/* Each back to its beginning. */
void parley_fake_reset_clock(void);
void parley_fake_reset_random(void);
void parley_fake_reset_wait(void);
void parley_fake_reset_names(void);
void parley_fake_reset_sockets(void);
void parley_fake_reset_files(void);
void parley_fake_reset_folders(void);
void parley_fake_reset_processes(void);
void parley_fake_reset_user(void);
void parley_fake_reset_pages(void);

#endif
