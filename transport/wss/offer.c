/*
 * The policy of TLS in one place: versions, suites, extensions. See offer.h.
 */
#include "transport/wss/offer.h"

#include "platform/random.h"

#include <mbedtls/version.h>

#define MBEDTLS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)

/*
 * Cipher suites, the preferred first. ChaCha20-Poly1305 is the faster one in mbedTLS wherever it was measured
 * (test/bench/tls.sh), also beside AES in hardware, which both lines feed block by block (3.6.6 with -maes
 * comes near: 12.4 against 10.8 us for an event); and where AES goes by tables, its time depends on the key.
 * For a build that is measured to do otherwise: PARLEY_TLS_AES_FIRST.
 */
#if defined(PARLEY_TLS_AES_FIRST)
#define IN_ORDER(chacha, aes128, aes256) aes128, aes256, chacha
#else
#define IN_ORDER(chacha, aes128, aes256) chacha, aes128, aes256
#endif
static const int suites[] = {
#if MBEDTLS_3
    IN_ORDER(MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
             MBEDTLS_TLS1_3_AES_256_GCM_SHA384),
#endif
    IN_ORDER(MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
             MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    IN_ORDER(MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
             MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    0,
};

static const char *alpn[] = {"http/1.1", NULL};

/* mbedTLS's source of randomness: the platform's, without a generator of its own in between. */
static int random_bytes(void *context, unsigned char *out, size_t bytes)
{
    (void)context;
    return parley_random(out, bytes) == 0 ? 0 : MBEDTLS_ERR_SSL_NO_RNG;
}

/* Tickets are asked for when there is a place for them. In TLS 1.3 the keys are made anew even so; in TLS 1.2
   they follow from those of the session. */
static void allow_resumption(mbedtls_ssl_config *config, bool tickets)
{
    mbedtls_ssl_conf_session_tickets(config, tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                     : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_key_exchange_modes(config, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#if MBEDTLS_VERSION_NUMBER >= 0x03060100 /* before that they were always told of */
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        config, tickets ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                        : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
#endif
#endif
}

/*
 * Asks for short records (RFC 6066 section 4) where mbedTLS was built without room for the longest. A service
 * may ignore that. One that has the room asks for nothing: 2.28 cannot put together a chain of certificates
 * that comes in several records, and with TLS 1.3 mbedTLS (3.6.6) ends the handshake when the service agrees.
 */
static void ask_for_records(mbedtls_ssl_config *config)
{
#if MBEDTLS_SSL_IN_CONTENT_LEN < 16384 && defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH) &&                        \
    !defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_max_frag_len(config, MBEDTLS_SSL_IN_CONTENT_LEN >= 4096 ? MBEDTLS_SSL_MAX_FRAG_LEN_4096
                                                                             : MBEDTLS_SSL_MAX_FRAG_LEN_2048);
#else
    (void)config;
#endif
}

int parley_offer(mbedtls_ssl_config *config, bool tickets)
{
    int code = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);

    if (code != 0)
        return code;
#if MBEDTLS_3
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_rng(config, random_bytes, NULL);
    mbedtls_ssl_conf_ciphersuites(config, suites);
    allow_resumption(config, tickets);
    ask_for_records(config);
    return mbedtls_ssl_conf_alpn_protocols(config, alpn);
}
