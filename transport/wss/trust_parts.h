#ifndef PARLEY_TRANSPORT_WSS_TRUST_PARTS_H
#define PARLEY_TRANSPORT_WSS_TRUST_PARTS_H

#include "transport/wss/trust.h"

#include <mbedtls/version.h>

/*
 * What trust.c is made of: the two places that certificates and keys come from, files and texts in memory.
 * Each returns 0, or a negative status with the reason in `why`, which begins with the name of the option and
 * holds nothing of a key. Without files in mbedTLS (MBEDTLS_FS_IO) those of trust_file.c say so, and call
 * nothing of platform/file.h: a board then needs none.
 */

/* Authorities of a file, of folders (with ':' in between), of the system. PARLEY_ERR_FILE, _MEMORY. */
int parley_trust_file(mbedtls_x509_crt *trusted, struct parley_view ca_file, const struct parley_log *log,
                      char why[PARLEY_TRANSPORT_REASON]);
int parley_trust_folders(mbedtls_x509_crt *trusted, struct parley_view ca_dir,
                         char why[PARLEY_TRANSPORT_REASON]);
int parley_trust_system(mbedtls_x509_crt *trusted, const struct parley_log *log,
                        char why[PARLEY_TRANSPORT_REASON]);

/* The file that `option` names: a certificate with its chain, and a key. PARLEY_ERR_FILE, _MEMORY. */
int parley_trust_certificate_file(mbedtls_x509_crt *own, const char *option, struct parley_view name,
                                  char why[PARLEY_TRANSPORT_REASON]);
int parley_trust_key_file(mbedtls_pk_context *key, const char *option, struct parley_view name,
                          char why[PARLEY_TRANSPORT_REASON]);

/*
 * The text of `option`: certificates, PEM with anything in between or DER one behind the other, and a key in
 * either. One certificate that can be read is enough; what is wrong with the others then goes to the log (may
 * be NULL). PARLEY_ERR_ARGUMENT, _MEMORY. The text may go when they return, and no copy of a key is left.
 */
int parley_trust_certificate_text(mbedtls_x509_crt *into, const char *option, struct parley_view text,
                                  const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON]);
int parley_trust_key_text(mbedtls_pk_context *key, const char *option, struct parley_view text,
                          char why[PARLEY_TRANSPORT_REASON]);

/* True for what mbedTLS says when its heap is used up. */
bool parley_trust_is_full(int code);

/* What mbedTLS 3 wants for keys. */
int parley_trust_random(void *nothing, unsigned char *out, size_t bytes);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#define PARLEY_TRUST_RANDOM , parley_trust_random, NULL
#else
#define PARLEY_TRUST_RANDOM
#endif

#endif
