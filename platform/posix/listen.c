/*
 * Taking TCP connections, never blocking. See listen.h.
 */
#define _GNU_SOURCE
#include "platform/listen.h"
#include "platform/posix/reason.h"
#include "platform/posix/sockaddr.h"
#include "platform/status.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAITING = 128 }; /* connections that wait to be taken */

static _Thread_local int last_error;

const char *parley_listen_reason(void)
{
    static _Thread_local char words[96];

    parley_posix_reason(last_error, words, sizeof words);
    return words;
}

static int failed(int fd, int error)
{
    last_error = error;
    if (fd >= 0)
        close(fd);
    return PARLEY_ERR_SYSTEM;
}

/* The way back from a system's address. */
static void read_address(const struct sockaddr_storage *from, struct parley_address *to)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;

    memset(to, 0, sizeof *to);
    if (from->ss_family == AF_INET) {
        memcpy(&four, from, sizeof four);
        to->family = 4;
        to->port = ntohs(four.sin_port);
        memcpy(to->bytes, &four.sin_addr, sizeof four.sin_addr);
    } else if (from->ss_family == AF_INET6) {
        memcpy(&six, from, sizeof six);
        to->family = 6;
        to->port = ntohs(six.sin6_port);
        to->scope = six.sin6_scope_id;
        memcpy(to->bytes, &six.sin6_addr, sizeof six.sin6_addr);
    }
}

int parley_listen(struct parley_address *at)
{
    struct sockaddr_storage address;
    socklen_t length = parley_posix_sockaddr(at, &address), got = sizeof address;
    int on = 1, fd;

    if (length == 0)
        return failed(-1, EAFNOSUPPORT);
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return failed(-1, errno);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, WAITING) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &got) != 0)
        return failed(fd, errno);
    read_address(&address, at);
    return fd;
}

/* What is wrong with one connection, or with none, and not with us (accept(2)). */
static bool means_not_now(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EPERM:
        return true;
    default:
        return false;
    }
}

int parley_listen_accept(int listening, int *fd, struct parley_address *from)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    int on = 1;

    *fd = accept4(listening, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (*fd < 0)
        return means_not_now(errno) ? 0 : failed(-1, errno);
    (void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    read_address(&address, from);
    return 1;
}

void parley_listen_finish(int fd)
{
    (void)shutdown(fd, SHUT_WR); /* gone already: fine */
}
