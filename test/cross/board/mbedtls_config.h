/*
 * mbedTLS for a board without an operating system: as packaged, less what needs threads, sockets or a place
 * for keys. A board takes this as a beginning. What parley wants of it: TLS 1.2 or 1.3 as a client, X.509
 * with PEM (or authorities as DER), SHA-256 and a calendar (MBEDTLS_HAVE_TIME_DATE). Files it does not want:
 * the authorities are a text (ca_pem in the options); who has them in files leaves MBEDTLS_FS_IO on.
 * Randomness comes from parley_random. No include guard: mbedTLS has one around the only place where it is
 * read.
 */
#if __has_include("mbedtls/mbedtls_config.h")
#include "mbedtls/mbedtls_config.h"
#else
#include "mbedtls/config.h"
#endif

#undef MBEDTLS_THREADING_C
#undef MBEDTLS_THREADING_PTHREAD
#undef MBEDTLS_NET_C
#undef MBEDTLS_TIMING_C
#undef MBEDTLS_FS_IO
#undef MBEDTLS_PSA_ITS_FILE_C
#undef MBEDTLS_PSA_CRYPTO_STORAGE_C
#define MBEDTLS_NO_PLATFORM_ENTROPY

#include "transport/wss/mbedtls_board.h" /* its memory, and its buffers */
