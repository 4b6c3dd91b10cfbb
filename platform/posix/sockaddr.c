/*
 * Addresses for the system calls of socket.c and resolve.c, and the names of interfaces for address.c.
 */
#define _GNU_SOURCE
#include "platform/posix/sockaddr.h"
#include "platform/scope.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static socklen_t fill_4(const struct parley_address *from, struct sockaddr_in *to)
{
    to->sin_family = AF_INET;
    to->sin_port = htons(from->port);
    memcpy(&to->sin_addr, from->bytes, sizeof to->sin_addr);
    return sizeof *to;
}

static socklen_t fill_6(const struct parley_address *from, struct sockaddr_in6 *to)
{
    to->sin6_family = AF_INET6;
    to->sin6_port = htons(from->port);
    to->sin6_scope_id = from->scope;
    memcpy(&to->sin6_addr, from->bytes, sizeof to->sin6_addr);
    return sizeof *to;
}

socklen_t parley_posix_sockaddr(const struct parley_address *from, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
    if (from->family == 4)
        return fill_4(from, (struct sockaddr_in *)to);
    if (from->family == 6)
        return fill_6(from, (struct sockaddr_in6 *)to);
    return 0;
}

uint32_t parley_scope_index(const char *interface_name)
{
    return if_nametoindex(interface_name);
}
