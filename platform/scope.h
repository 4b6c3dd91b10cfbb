#ifndef PARLEY_PLATFORM_SCOPE_H
#define PARLEY_PLATFORM_SCOPE_H

#include <stdint.h>

/*
 * What address.c needs of the platform that is linked in: the index of the network interface of this
 * name ("eth0"), 0 when there is none. Numbers behind '%' are read by address.c itself.
 */
uint32_t parley_scope_index(const char *interface_name);

#endif
