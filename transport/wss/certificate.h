#ifndef PARLEY_TRANSPORT_WSS_CERTIFICATE_H
#define PARLEY_TRANSPORT_WSS_CERTIFICATE_H

#include "platform/address.h"
#include "transport/transport.h"

#include <mbedtls/x509_crt.h>

/*
 * What mbedTLS leaves to its user about certificates: the trusted ones from a file, addresses as names,
 * and words for what is wrong.
 */

/*
 * Adds the authorities to trust to *trusted (initialised): those of `ca_file`, or for an absent one those
 * of the system, whose bundle is looked for where the usual distributions keep it.
 * Takes about 3.3 KB of heap for each certificate and reads the file in one go: before the loop.
 * Returns 0, PARLEY_ERR_FILE, PARLEY_ERR_MEMORY; `why` then names the file and what is wrong with it.
 */
int parley_certificate_trust(mbedtls_x509_crt *trusted, struct parley_view ca_file,
                             const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON]);

/*
 * True when one of the certificate's iPAddress names is `address` (RFC 5280 section 4.2.1.6; the port does
 * not matter). mbedTLS 2.28 does not look at these.
 */
bool parley_certificate_has_address(const mbedtls_x509_crt *certificate,
                                    const struct parley_address *address);

/*
 * Appends to `why` what the verification found wrong with one certificate of the chain: `flags` are
 * mbedTLS's MBEDTLS_X509_BADCERT_*, `depth` 0 is the server's own, `host` is what it should be for.
 * Text of the certificate is shown cleaned and cut.
 */
void parley_certificate_why(char why[PARLEY_TRANSPORT_REASON], const mbedtls_x509_crt *certificate, int depth,
                            uint32_t flags, struct parley_view host);

#endif
