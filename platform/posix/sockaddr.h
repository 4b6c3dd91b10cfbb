#ifndef PARLEY_PLATFORM_POSIX_SOCKADDR_H
#define PARLEY_PLATFORM_POSIX_SOCKADDR_H

#include "platform/address.h"
#include <sys/socket.h>

/* The address as the system wants it. Returns its length, 0 for a family that is neither 4 nor 6. */
socklen_t parley_posix_sockaddr(const struct parley_address *from, struct sockaddr_storage *to);

#endif
