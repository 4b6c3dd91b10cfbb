#ifndef PARLEY_PLATFORM_SOCKET_H
#define PARLEY_PLATFORM_SOCKET_H

#include "platform/address.h"
#include "platform/view.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts a TCP connection; non-blocking, close-on-exec, no delay, no SIGPIPE; a link that has gone is noticed
   after about 20 s. Returns the descriptor (>= 0) at once, PARLEY_ERR_CONNECT when refused at once (also when
   there is no way to such an address), PARLEY_ERR_SYSTEM. */
int parley_socket_connect(const struct parley_address *to);

/* 1 when connected, 0 while under way, PARLEY_ERR_CONNECT when it failed. */
int parley_socket_connected(int fd);

/* Both: bytes moved (> 0), 0 for "nothing now", PARLEY_ERR_PEER_CLOSED at the orderly end (read only),
   PARLEY_ERR_LOST when broken. Never block. */
int parley_socket_read(int fd, void *into, size_t bytes);
int parley_socket_write(int fd, const void *from, size_t bytes);

/* The system's words for the last failure of a socket call in this thread ("Connection refused").
   Static memory, good until the next call of this module. */
const char *parley_socket_reason(void);

/* Closes; -1 is allowed and does nothing. */
void parley_socket_close(int fd);

#endif
