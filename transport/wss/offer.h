#ifndef PARLEY_TRANSPORT_WSS_OFFER_H
#define PARLEY_TRANSPORT_WSS_OFFER_H

#include <mbedtls/ssl.h>
#include <stdbool.h>

/*
 * What we offer to a server: TLS 1.2 and newer, suites with forward secrecy and authenticated encryption,
 * ALPN http/1.1; and with `tickets` that it gives us some.
 *
 * Sets up an initialised *config, whom to trust apart. Returns 0 or mbedTLS's code (no memory).
 */
int parley_offer(mbedtls_ssl_config *config, bool tickets);

#endif
