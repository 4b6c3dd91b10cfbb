/*
 * Files and pipes of the programs, and the few files the library reads when it opens.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "platform/file.h"
#include "platform/posix/reason.h"
#include "platform/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { PIPE_PATIENCE_MS = 5000 };

static _Thread_local int last_error;

const char *parley_file_reason(void)
{
    static _Thread_local char words[96];

    parley_posix_reason(last_error, words, sizeof words);
    return words;
}

/* Remembers why, and returns `status`. */
static int failed(int error, int status)
{
    last_error = error;
    return status;
}

/* A file that was there before keeps its mode when it is opened: what is to be private has to be made so. */
static int make_private(int fd)
{
    struct stat found;

    if (fstat(fd, &found) != 0)
        return -1;
    return S_ISREG(found.st_mode) && (found.st_mode & 0777) != 0600 ? fchmod(fd, 0600) : 0;
}

int parley_file_open(const char *path, enum parley_file_mode mode)
{
    static const struct {
        int flags;
        mode_t mode;
    } ways[] = {
        [PARLEY_FILE_READ] = {O_RDONLY, 0},
        [PARLEY_FILE_CREATE] = {O_WRONLY | O_CREAT | O_TRUNC, 0644},
        [PARLEY_FILE_PRIVATE] = {O_WRONLY | O_CREAT | O_TRUNC, 0600},
        [PARLEY_FILE_APPEND] = {O_WRONLY | O_CREAT | O_APPEND, 0600},
    };
    int fd = open(path, ways[mode].flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, ways[mode].mode);

    if (fd < 0)
        return failed(errno, PARLEY_ERR_FILE);
    if (mode == PARLEY_FILE_PRIVATE && make_private(fd) != 0) {
        last_error = errno;
        close(fd);
        return PARLEY_ERR_FILE;
    }
    return fd;
}

int parley_file_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return failed(errno, PARLEY_ERR_FILE);
    return 0;
}

static size_t at_most_int(size_t bytes)
{
    return bytes < INT_MAX ? bytes : INT_MAX;
}

static bool means_not_now(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int parley_file_read(int fd, void *into, size_t bytes)
{
    ssize_t got;

    if (bytes == 0)
        return 0;
    got = read(fd, into, at_most_int(bytes));
    if (got > 0)
        return (int)got;
    if (got == 0)
        return failed(0, PARLEY_ERR_PEER_CLOSED);
    return means_not_now(errno) ? 0 : failed(errno, PARLEY_ERR_FILE);
}

int parley_file_write(int fd, const void *from, size_t bytes)
{
    ssize_t put;

    if (bytes == 0)
        return 0;
    put = write(fd, from, at_most_int(bytes));
    if (put >= 0)
        return (int)put;
    if (errno == EPIPE)
        return failed(EPIPE, PARLEY_ERR_PEER_CLOSED);
    return means_not_now(errno) ? 0 : failed(errno, PARLEY_ERR_FILE);
}

int parley_file_seek(int fd, unsigned long offset)
{
    return lseek(fd, (off_t)offset, SEEK_SET) >= 0 ? 0 : failed(errno, PARLEY_ERR_FILE);
}

/* Reads to the end, waiting for whoever writes at the other end of a pipe ("--prompt <(make-prompt)"). */
static int read_to_end(int fd, char *into, size_t bytes)
{
    size_t read = 0;
    char beyond;

    for (;;) {
        bool full = read == bytes;
        int got = parley_file_read(fd, full ? &beyond : into + read, full ? 1 : bytes - read);
        struct pollfd more = {.fd = fd, .events = POLLIN};

        if (got == PARLEY_ERR_PEER_CLOSED)
            return (int)read;
        if (got < 0)
            return got;
        if (got > 0 && full)
            return failed(EFBIG, PARLEY_ERR_TOO_LONG);
        read += (size_t)got;
        if (got == 0 && poll(&more, 1, PIPE_PATIENCE_MS) == 0)
            return failed(ETIMEDOUT, PARLEY_ERR_FILE);
    }
}

int parley_file_load(const char *path, void *into, size_t bytes)
{
    int fd = parley_file_open(path, PARLEY_FILE_READ);
    int length;

    if (fd < 0)
        return fd;
    length = read_to_end(fd, into, at_most_int(bytes));
    parley_file_close(fd);
    return length;
}

/* ---- without opening ------------------------------------------------------------------------- */

int parley_file_look(const char *path, struct parley_file_facts *facts)
{
    struct stat found;

    if (lstat(path, &found) != 0)
        return failed(errno, PARLEY_ERR_FILE);
    if (!S_ISREG(found.st_mode))
        return failed(EINVAL, PARLEY_ERR_FILE);
    facts->bytes = (uint64_t)found.st_size;
    facts->changed_us = (int64_t)found.st_mtim.tv_sec * 1000000 + found.st_mtim.tv_nsec / 1000;
    return 0;
}

int parley_file_remove(const char *path)
{
    return unlink(path) == 0 ? 0 : failed(errno, PARLEY_ERR_FILE);
}

/* Makes the folder that the first `len` bytes of `path` name; fine if there is one. */
static int make_one_folder(const char *path, size_t len)
{
    char name[PATH_MAX];

    if (len >= sizeof name)
        return failed(ENAMETOOLONG, PARLEY_ERR_FILE);
    memcpy(name, path, len);
    name[len] = '\0';
    return mkdir(name, 0700) == 0 || errno == EEXIST ? 0 : failed(errno, PARLEY_ERR_FILE);
}

int parley_file_make_folder(const char *path)
{
    struct stat found;

    for (size_t len = 1; path[0] != '\0'; len++) {
        if (path[len] == '/' || path[len] == '\0') {
            int status = make_one_folder(path, len);

            if (status != 0)
                return status;
        }
        if (path[len] == '\0')
            break;
    }
    if (stat(path, &found) != 0)
        return failed(errno, PARLEY_ERR_FILE);
    if (!S_ISDIR(found.st_mode))
        return failed(ENOTDIR, PARLEY_ERR_FILE);
    if ((found.st_mode & 077) != 0 && chmod(path, 0700) != 0)
        return failed(errno, PARLEY_ERR_FILE);
    return 0;
}

int parley_file_working_folder(char *out, size_t bytes)
{
    if (getcwd(out, bytes) != NULL)
        return (int)strlen(out);
    return failed(errno, errno == ERANGE || bytes == 0 ? PARLEY_ERR_TOO_LONG : PARLEY_ERR_FILE);
}

bool parley_file_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

void parley_file_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
