#ifndef PARLEY_TRANSPORT_WSS_CERTIFICATE_H
#define PARLEY_TRANSPORT_WSS_CERTIFICATE_H

#include "platform/address.h"
#include "transport/transport.h"

#include <mbedtls/x509_crt.h>

/*
 * What mbedTLS leaves to its user about certificates: addresses as names, pins, and words for what they say
 * and for what is wrong.
 */

/*
 * True when one of the certificate's iPAddress names is `address` (RFC 5280 section 4.2.1.6; the port does
 * not matter). mbedTLS 2.28 does not look at these.
 */
bool parley_certificate_has_address(const mbedtls_x509_crt *certificate,
                                    const struct parley_address *address);

enum { PARLEY_CERTIFICATE_DIGEST = 32, PARLEY_CERTIFICATE_PIN = sizeof "sha256/" + 44 };

/* "sha256/" and the base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo (as RFC 7469),
 * terminated.
 */
void parley_certificate_pin(char pin[PARLEY_CERTIFICATE_PIN], const mbedtls_x509_crt *certificate);

/* What a certificate says, as text that is cleaned and cut. */
void parley_certificate_fact(struct parley_fact_certificate *fact, const mbedtls_x509_crt *certificate);

/* The date that the platform's clock shows, "1970-01-01", in UTC. */
void parley_certificate_today(char out[11]);

/*
 * Appends to `why` what the verification found wrong with one certificate of the chain: `flags` are
 * mbedTLS's MBEDTLS_X509_BADCERT_*, `depth` 0 is the server's own, `host` is what it should be for.
 * Text of the certificate is shown cleaned and cut.
 */
void parley_certificate_why(char why[PARLEY_TRANSPORT_REASON], const mbedtls_x509_crt *certificate, int depth,
                            uint32_t flags, struct parley_view host);

#endif
