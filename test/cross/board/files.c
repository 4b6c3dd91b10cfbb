/*
 * Files of the machine that emulates the board, by semihosting: just what playing talks asks of
 * platform/file.h, and what newlib's printf and malloc ask of a system. Only for talks; a conversation has
 * neither.
 */
#include "platform/file.h"
#include "platform/status.h"
#include "test/cross/board/board.h"

#include <stdlib.h>

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_READ = 0x06, SYS_SEEK = 0x0A, SYS_FLEN = 0x0C };

void *_sbrk(ptrdiff_t more);
int _write(int fd, const char *text, int bytes);
int _read(int fd, char *into, int bytes);
int _lseek(int fd, int offset, int from);
int _close(int fd);
int _fstat(int fd, void *facts);
int _isatty(int fd);

/* ---- for newlib ---------------------------------------------------------------------------------- */

/* The board's other memory. */
void *_sbrk(ptrdiff_t more)
{
    static unsigned char *const begin = (unsigned char *)0x21000000;
    static ptrdiff_t used;

    if (used + more > 16 * 1024 * 1024)
        return (void *)-1;
    used += more;
    return begin + used - more;
}

int _write(int fd, const char *text, int bytes)
{
    char line[256];

    (void)fd;
    for (int done = 0; done < bytes;) {
        int now = bytes - done < (int)sizeof line - 1 ? bytes - done : (int)sizeof line - 1;

        memcpy(line, text + done, (size_t)now);
        line[now] = '\0';
        board_print(line);
        done += now;
    }
    return bytes;
}

int _read(int fd, char *into, int bytes)
{
    (void)fd;
    (void)into;
    (void)bytes;
    return 0;
}

int _lseek(int fd, int offset, int from)
{
    (void)fd;
    (void)offset;
    (void)from;
    return 0;
}

int _close(int fd)
{
    (void)fd;
    return 0;
}

int _fstat(int fd, void *facts)
{
    (void)fd;
    (void)facts;
    return -1;
}

int _isatty(int fd)
{
    return fd <= 2;
}

/* ---- platform/file.h ----------------------------------------------------------------------------- */

static int ask(unsigned what, unsigned a, unsigned b, unsigned c)
{
    const unsigned with[3] = {a, b, c};

    return board_ask(what, with);
}

int parley_file_open(const char *path, enum parley_file_mode mode)
{
    int fd = mode == PARLEY_FILE_READ ? ask(SYS_OPEN, (unsigned)path, 1 /* "rb" */, strlen(path)) : -1;

    return fd >= 0 ? fd : PARLEY_ERR_FILE;
}

int parley_file_read(int fd, void *into, size_t bytes)
{
    int left = ask(SYS_READ, (unsigned)fd, (unsigned)into, bytes);

    if (left < 0)
        return PARLEY_ERR_FILE;
    return (size_t)left < bytes ? (int)bytes - left : PARLEY_ERR_PEER_CLOSED;
}

int parley_file_write(int fd, const void *from, size_t bytes)
{
    (void)fd;
    (void)from;
    (void)bytes;
    return PARLEY_ERR_FILE;
}

int parley_file_seek(int fd, unsigned long offset)
{
    return ask(SYS_SEEK, (unsigned)fd, offset, 0) == 0 ? 0 : PARLEY_ERR_FILE;
}

int parley_file_load(const char *path, void *into, size_t bytes)
{
    int fd = parley_file_open(path, PARLEY_FILE_READ);
    int length = fd >= 0 ? ask(SYS_FLEN, (unsigned)fd, 0, 0) : PARLEY_ERR_FILE;
    int got = 0;

    if (fd < 0)
        return fd;
    if (length < 0 || (size_t)length > bytes)
        got = length < 0 ? PARLEY_ERR_FILE : PARLEY_ERR_TOO_LONG;
    else if (length > 0)
        got = parley_file_read(fd, into, (size_t)length);
    parley_file_close(fd);
    return got;
}

const char *parley_file_reason(void)
{
    return "the debugger says no";
}

void parley_file_close(int fd)
{
    ask(SYS_CLOSE, (unsigned)fd, 0, 0);
}
