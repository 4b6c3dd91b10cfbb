#ifndef PARLEY_PLATFORM_LWIP_BOARD_H
#define PARLEY_PLATFORM_LWIP_BOARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * This folder is a port of platform/ to boards that have lwIP with its sockets (an RTOS, so NO_SYS 0) and
 * nothing else. It is compiled for a Cortex-M4 and tested on Debian's lwIP, and is meant to be copied and
 * changed. Here is what lwIP does not have and the board has to give. Besides that:
 *
 * - lwipopts.h as in test/cross/board/lwip. A conversation takes one TCP socket, and up to three while it
 *   connects (RFC 8305). A TCP_WND and TCP_SND_BUF of 8 KB are enough for speech.
 *
 * - A stack for the task that calls parley: test/stack.sh tells how deep; TLS comes on top.
 *
 * - Authorities as a text in flash (ca_pem in the options, and client_cert_pem, client_key_pem). Then no
 *   files are needed: mbedTLS is built without MBEDTLS_FS_IO, and file.c is not linked. A board that keeps
 *   them in files builds mbedTLS with it, and has the C library's open, read, lseek and close for them. The
 *   rest of platform/file.h, and directory.h, process.h and user.h, are for programs on a system: a
 *   conversation calls none of it.
 *
 * - A failed assert says that parley has a mistake: newlib's __assert_func may end in the board's reset.
 */

/* Microseconds since some start, monotonic, in 64 bits: a timer of 32 bits and what counts its wraps. Also in
   sleep, so that a link that died meanwhile is noticed. */
uint64_t parley_board_us(void);

/* Seconds since 1970-01-01 UTC by a clock or SNTP; 0 while the board does not know, and then certificates are
   judged as clock_unset in the options says. */
int64_t parley_board_unix_s(void);

/* Fills `bytes` bytes from a true generator of random numbers. All of TLS hangs on it: a counter or the time
   will not do. Returns 0, anything else when it has none (yet). Does not wait. */
int parley_board_random(void *out, size_t bytes);

#endif
