#ifndef PARLEY_PLATFORM_SOCKET_H
#define PARLEY_PLATFORM_SOCKET_H

#include "platform/view.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 or IPv6 address with a port. */
struct parley_address {
    uint8_t family; /* 4 or 6 */
    uint8_t bytes[16];
    uint16_t port;
    uint32_t scope; /* interface index of a link-local IPv6 address, else 0 */
};

/*
 * Reads "192.0.2.7", "2001:db8::1" or "fe80::1%eth0" (without brackets or port) into *address.
 * Returns 1, or 0 when `text` is no address literal. Port is left 0.
 */
int parley_address_parse(struct parley_view text, struct parley_address *address);

/* "192.0.2.7:443" or "[2001:db8::1]:443", always terminated. */
enum { PARLEY_ADDRESS_TEXT = 72 };
void parley_address_text(const struct parley_address *address, char out[PARLEY_ADDRESS_TEXT]);

/* Starts a TCP connection; non-blocking, close-on-exec, no delay, no SIGPIPE, keep-alive on. Returns the
   descriptor (>= 0) at once, PARLEY_ERR_CONNECT when refused at once, PARLEY_ERR_SYSTEM. */
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
