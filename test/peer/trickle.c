/*
 * The program parley with a link that gives and takes one byte at a time: every read and write of a socket is
 * cut down, and nothing else is changed. Built by build.sh with the linker's --wrap.
 */
#include "platform/socket.h"

int __real_parley_socket_read(int fd, void *into, size_t bytes);
int __real_parley_socket_write(int fd, const void *from, size_t bytes);
int __wrap_parley_socket_read(int fd, void *into, size_t bytes);
int __wrap_parley_socket_write(int fd, const void *from, size_t bytes);

int __wrap_parley_socket_read(int fd, void *into, size_t bytes)
{
    return __real_parley_socket_read(fd, into, bytes < 1 ? bytes : 1);
}

int __wrap_parley_socket_write(int fd, const void *from, size_t bytes)
{
    return __real_parley_socket_write(fd, from, bytes < 1 ? bytes : 1);
}
