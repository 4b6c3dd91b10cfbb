/* Addresses for lwIP's sockets, and the names of its interfaces for address.c. */
#include "platform/lwip/sockaddr.h"
#include "platform/scope.h"

#include <lwip/netif.h>
#include <lwip/tcpip.h>
#include <string.h>

socklen_t parley_lwip_sockaddr(const struct parley_address *from, struct sockaddr_storage *to)
{
    memset(to, 0, sizeof *to);
#if LWIP_IPV4
    if (from->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)to;

        in->sin_family = AF_INET;
        in->sin_port = lwip_htons(from->port);
        memcpy(&in->sin_addr, from->bytes, sizeof in->sin_addr);
        return sizeof *in;
    }
#endif
#if LWIP_IPV6
    if (from->family == 6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)to;

        in->sin6_family = AF_INET6;
        in->sin6_port = lwip_htons(from->port);
        in->sin6_scope_id = from->scope;
        memcpy(&in->sin6_addr, from->bytes, sizeof in->sin6_addr);
        return sizeof *in;
    }
#endif
    return 0;
}

uint32_t parley_scope_index(const char *interface_name)
{
    uint32_t index;

    LOCK_TCPIP_CORE();
    index = netif_name_to_index(interface_name);
    UNLOCK_TCPIP_CORE();
    return index;
}
