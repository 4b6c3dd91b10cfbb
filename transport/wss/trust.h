#ifndef PARLEY_TRANSPORT_WSS_TRUST_H
#define PARLEY_TRANSPORT_WSS_TRUST_H

#include "transport/transport.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

/*
 * The files TLS stands on: authorities to trust, and a certificate of our own. All of it reads files in one
 * go and takes heap (about 3.3 KB for each certificate): before the loop.
 */

/*
 * Adds the authorities to trust to *trusted (initialised): those of `ca_file` and those of the files in
 * `ca_dir` (one folder, or several with ':' in between); with neither those of the system, looked for where
 * the usual distributions keep them. Files of a folder that hold no certificate are passed over.
 * Returns 0, PARLEY_ERR_FILE, PARLEY_ERR_MEMORY; `why` then names the file or folder and what is wrong with
 * it.
 */
int parley_trust_load(mbedtls_x509_crt *trusted, struct parley_view ca_file, struct parley_view ca_dir,
                      const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON]);

/*
 * Reads our own certificate, with its chain, into *own and its key into *key (both initialised); `key_file`
 * absent: the key stands in `cert_file` too. The two have to belong together.
 * Returns 0, PARLEY_ERR_FILE, PARLEY_ERR_MEMORY, PARLEY_ERR_ARGUMENT (a key without a certificate), with the
 * reason in `why`, which holds nothing of the key.
 */
int parley_trust_own(mbedtls_x509_crt *own, mbedtls_pk_context *key, struct parley_view cert_file,
                     struct parley_view key_file, char why[PARLEY_TRANSPORT_REASON]);

#endif
