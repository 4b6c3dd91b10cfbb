#ifndef PARLEY_PLATFORM_ADDRESS_H
#define PARLEY_PLATFORM_ADDRESS_H

#include "platform/view.h"
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

#endif
