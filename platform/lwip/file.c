/*
 * Files, as far as a conversation reads any: the authorities it trusts and a certificate of its own, where
 * the options name files for them and mbedTLS has MBEDTLS_FS_IO. Then the board's C library has to have open,
 * read, lseek and close (newlib: _open ...), as mbedTLS uses them, too; with texts (ca_pem) nothing of this
 * is linked.
 */
#include "platform/file.h"
#include "platform/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

int parley_file_open(const char *path, enum parley_file_mode mode)
{
    int fd = mode == PARLEY_FILE_READ ? open(path, O_RDONLY) : -1;

    return fd >= 0 ? fd : PARLEY_ERR_FILE;
}

int parley_file_read(int fd, void *into, size_t bytes)
{
    long got = (long)read(fd, into, bytes < INT_MAX ? bytes : INT_MAX);

    if (got > 0)
        return (int)got;
    return got == 0 ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_FILE;
}

int parley_file_seek(int fd, unsigned long offset)
{
    return lseek(fd, (off_t)offset, SEEK_SET) >= 0 ? 0 : PARLEY_ERR_FILE;
}

const char *parley_file_reason(void)
{
    return errno == ENOENT ? "No such file" : "it cannot be read";
}

void parley_file_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
