/*
 * TCP connections that never block.
 */
#define _GNU_SOURCE
#include "platform/socket.h"
#include "platform/posix/reason.h"
#include "platform/posix/sockaddr.h"
#include "platform/status.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GONE_S = 20 }; /* a link that says nothing for so long is lost */

static _Thread_local int last_error;

const char *parley_socket_reason(void)
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

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value); /* missing somewhere: no reason to fail */
}

/* What a conversation wants of its connection: small messages at once, and a link that has gone (the Wi-Fi,
   the other machine) noticed soon, also while nobody speaks. By themselves systems take 15 minutes to two
   hours. */
static void tune(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, GONE_S / 2);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, GONE_S / 4);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
#ifdef TCP_USER_TIMEOUT
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, GONE_S * 1000);
#endif
}

int parley_socket_connect(const struct parley_address *to)
{
    struct sockaddr_storage address;
    socklen_t length = parley_posix_sockaddr(to, &address);
    int fd;

    if (length == 0)
        return failed(EAFNOSUPPORT, PARLEY_ERR_CONNECT);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0) /* a kernel without IPv6 is no reason to give up the other addresses */
        return failed(errno, errno == EAFNOSUPPORT ? PARLEY_ERR_CONNECT : PARLEY_ERR_SYSTEM);
    tune(fd);
    if (connect(fd, (struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS || errno == EINTR)
        return fd;
    last_error = errno;
    close(fd);
    return PARLEY_ERR_CONNECT;
}

int parley_socket_connected(int fd)
{
    struct pollfd watched = {.fd = fd, .events = POLLOUT};
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer, error_length = sizeof(int);
    int error = 0;

    if (poll(&watched, 1, 0) == 0)
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_length) != 0)
        error = errno;
    /* The error is told only once; that there is no peer stays true. */
    if (error == 0 && getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        error = errno;
    return error == 0 ? 1 : failed(error, PARLEY_ERR_CONNECT);
}

static size_t at_most_int(size_t bytes)
{
    return bytes < INT_MAX ? bytes : INT_MAX;
}

static bool means_not_now(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int parley_socket_read(int fd, void *into, size_t bytes)
{
    ssize_t got;

    if (bytes == 0)
        return 0;
    got = recv(fd, into, at_most_int(bytes), 0);
    if (got > 0)
        return (int)got;
    if (got == 0)
        return failed(0, PARLEY_ERR_PEER_CLOSED);
    return means_not_now(errno) ? 0 : failed(errno, PARLEY_ERR_LOST);
}

int parley_socket_write(int fd, const void *from, size_t bytes)
{
    ssize_t put;

    if (bytes == 0)
        return 0;
    put = send(fd, from, at_most_int(bytes), MSG_NOSIGNAL);
    if (put >= 0)
        return (int)put;
    return means_not_now(errno) ? 0 : failed(errno, PARLEY_ERR_LOST);
}

void parley_socket_close(int fd)
{
    if (fd >= 0)
        close(fd);
}
