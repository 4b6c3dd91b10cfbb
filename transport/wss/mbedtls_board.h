/*
 * What a board tells mbedTLS, 2.28 or 3.6, when it builds its own: on top of the configuration mbedTLS comes
 * with, with -DMBEDTLS_USER_CONFIG_FILE='"transport/wss/mbedtls_board.h"' for mbedTLS and for parley alike
 * (and -I for where that is). test/cross/mbedtls_board.sh builds it so and holds links with it. No file of
 * parley includes it.
 *
 * mbedTLS has no arena: what it holds comes and goes. So that none of it is the heap of the system, the host
 * gives it a slice before the first parley_open, and takes it back after the last parley_close:
 *
 *     static unsigned char slice[64 * 1024];
 *
 *     mbedtls_memory_buffer_alloc_init(slice, sizeof slice);
 *     ...
 *     mbedtls_memory_buffer_alloc_free();
 *
 * That is one slice for the whole program: all conversations share it, and all else that uses mbedTLS, and
 * only one thread may do so at a time (or MBEDTLS_THREADING_C). How large it has to be
 * test/cross/mbedtls_board.sh prints: for each link, and 3 KB more for each certificate of the authorities
 * while the handshake lasts, so a board has a ca_pem with those it needs, not all there are, and may do
 * without files (MBEDTLS_FS_IO, as test/cross/board/mbedtls_config.h does). A slice that is too small ends a
 * link with PARLEY_ERR_MEMORY or PARLEY_ERR_TLS, and nothing else.
 *
 * Without MBEDTLS_MEMORY_BUFFER_ALLOC_C an allocator of the host's own goes in by
 * mbedtls_platform_set_calloc_free. The packages of Debian have neither.
 */
#ifndef PARLEY_TRANSPORT_WSS_MBEDTLS_BOARD_H
#define PARLEY_TRANSPORT_WSS_MBEDTLS_BOARD_H

#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C

/*
 * Buffers of records. What we send is cut to the size that is here. What comes is up to the service: with
 * less than 16384 bytes we ask for short records where that mbedTLS can (no TLS 1.3), and a service that
 * ignores that, or has a longer chain of certificates, cannot be reached. So only where the service is known.
 */
#ifndef MBEDTLS_SSL_OUT_CONTENT_LEN
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096
#endif
#ifdef PARLEY_BOARD_SHORT_RECORDS
#define MBEDTLS_SSL_IN_CONTENT_LEN 4096
#undef MBEDTLS_SSL_PROTO_TLS1_3
#endif

/* mbedTLS shrinks them by what we asked for, not by what the service agreed to. */
#undef MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH

/* The certificate of the peer is of no use behind the handshake; but TLS 1.3 wants it. */
#ifndef MBEDTLS_SSL_PROTO_TLS1_3
#undef MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#endif

#endif
