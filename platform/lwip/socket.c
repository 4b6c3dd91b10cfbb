/*
 * TCP connections by lwIP's sockets. For one task: what went wrong last is kept once.
 */
#include "platform/socket.h"
#include "platform/lwip/sockaddr.h"
#include "platform/status.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { GONE_S = 20 }; /* a link that says nothing for so long is lost */

static int last_error;

/* The numbers are few and boards without strerror many. */
const char *parley_socket_reason(void)
{
    static char number[32];

    switch (last_error) {
    case 0:
        return "";
    case ECONNREFUSED:
        return "Connection refused";
    case ECONNRESET:
        return "Connection reset by peer";
    case ECONNABORTED:
        return "Connection aborted";
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "No way there";
    case ETIMEDOUT:
        return "Connection timed out";
    case ENOMEM:
    case ENOBUFS:
    case ENFILE:
        return "lwIP has no memory or no socket left";
    case EAFNOSUPPORT:
        return "lwIP is built without such addresses";
    default:
        snprintf(number, sizeof number, "error %d of lwIP", last_error);
        return number;
    }
}

/* Remembers why, and returns `status`. */
static int failed(int error, int status)
{
    last_error = error;
    return status;
}

static void set(int fd, int level, int option, int value)
{
    (void)lwip_setsockopt(fd, level, option, &value, sizeof value); /* not built in: no reason to fail */
}

/* Small messages at once; a link that has gone noticed soon. */
static void tune(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#if LWIP_TCP_KEEPALIVE
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, GONE_S / 2);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, GONE_S / 4);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
#endif
}

int parley_socket_connect(const struct parley_address *to)
{
    struct sockaddr_storage address;
    socklen_t length = parley_lwip_sockaddr(to, &address);
    int fd;

    if (length == 0)
        return failed(EAFNOSUPPORT, PARLEY_ERR_CONNECT);
    fd = lwip_socket(address.ss_family, SOCK_STREAM, IPPROTO_TCP);
    if (fd < 0)
        return failed(errno, PARLEY_ERR_SYSTEM);
    tune(fd);
    if (lwip_fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        (lwip_connect(fd, (struct sockaddr *)&address, length) == 0 || errno == EINPROGRESS))
        return fd;
    last_error = errno;
    lwip_close(fd);
    return PARLEY_ERR_CONNECT;
}

int parley_socket_connected(int fd)
{
    struct pollfd watched = {.fd = fd, .events = POLLOUT};
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer, error_length = sizeof(int);
    int error = 0;

    if (lwip_poll(&watched, 1, 0) == 0)
        return 0;
    if (lwip_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_length) != 0)
        error = errno;
    /* The error is told only once; that there is no peer stays true. */
    if (error == 0 && lwip_getpeername(fd, (struct sockaddr *)&peer, &length) != 0)
        error = errno;
    return error == 0 ? 1 : failed(error, PARLEY_ERR_CONNECT);
}

static size_t at_most_int(size_t bytes)
{
    return bytes < INT_MAX ? bytes : INT_MAX;
}

static bool means_not_now(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOMEM || error == ENOBUFS;
}

int parley_socket_read(int fd, void *into, size_t bytes)
{
    ssize_t got;

    if (bytes == 0)
        return 0;
    got = lwip_recv(fd, into, at_most_int(bytes), 0);
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
    put = lwip_send(fd, from, at_most_int(bytes), 0);
    if (put >= 0)
        return (int)put;
    return means_not_now(errno) ? 0 : failed(errno, PARLEY_ERR_LOST);
}

void parley_socket_close(int fd)
{
    if (fd >= 0)
        lwip_close(fd);
}
