#ifndef PARLEY_TRANSPORT_WSS_TRUST_H
#define PARLEY_TRANSPORT_WSS_TRUST_H

#include "transport/transport.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

/*
 * What TLS stands on: authorities to trust, and a certificate of our own, out of files or of texts in memory.
 * All of it is read in one go and takes mbedTLS's heap (about 3.3 KB for each certificate): before the loop.
 */

/*
 * Adds the authorities to trust to *trusted (initialised): those of `ca_pem`, of `ca_file` and of the files
 * in `ca_dir` (one folder, or several with ':' in between); with none of the three those of the system,
 * looked for where the usual distributions keep them. Files of a folder that hold no certificate are passed
 * over. Returns 0, PARLEY_ERR_FILE, PARLEY_ERR_ARGUMENT (ca_pem), PARLEY_ERR_MEMORY; `why` then names the
 * option, with the file or folder or the place in the text, and what is wrong with it.
 */
int parley_trust_load(mbedtls_x509_crt *trusted, const struct parley_endpoint *to,
                      const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON]);

/*
 * Reads our own certificate, with its chain, into *own and its key into *key (both initialised), each out of
 * a file (client_cert, client_key) or of a text (client_cert_pem, client_key_pem); without either for the key
 * it stands where the certificate does. The two have to belong together. Returns 0, PARLEY_ERR_FILE,
 * PARLEY_ERR_MEMORY, PARLEY_ERR_ARGUMENT (a key without a certificate, a text), with the reason in `why`,
 * which holds nothing of the key.
 */
int parley_trust_own(mbedtls_x509_crt *own, mbedtls_pk_context *key, const struct parley_endpoint *to,
                     char why[PARLEY_TRANSPORT_REASON]);

#endif
