#ifndef PARLEY_PLATFORM_LWIP_SOCKADDR_H
#define PARLEY_PLATFORM_LWIP_SOCKADDR_H

#include "platform/address.h"

#include <lwip/sockets.h>

/* Fills *to; returns its length, 0 for a family this lwIP is built without. */
socklen_t parley_lwip_sockaddr(const struct parley_address *from, struct sockaddr_storage *to);

#endif
