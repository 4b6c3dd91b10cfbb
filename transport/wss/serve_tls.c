/*
 * TLS for a server. See serve_tls.h; the client's side stands in tls.c.
 */
#include "transport/wss/serve_tls.h"

#include "platform/random.h"
#include "transport/wss/trust.h"
#include "transport/wss/why.h"

#include <limits.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <stdlib.h>

#define MBEDTLS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)
#if MBEDTLS_3
#include <psa/crypto.h>
#endif

struct parley_serve_keys {
    mbedtls_ssl_config config;
    mbedtls_x509_crt own;
    mbedtls_pk_context key;
};

struct parley_serve_tls {
    mbedtls_ssl_context ssl;
    int fd;
    bool open, steps_left, unsent;
    size_t owed; /* bytes of the write that mbedTLS wants repeated; 0: none */
    char why[PARLEY_TRANSPORT_REASON];
};

/* ---- what sessions share ----------------------------------------------------------------------- */

static int random_bytes(void *context, unsigned char *out, size_t bytes)
{
    (void)context;
    return parley_random(out, bytes) == 0 ? 0 : MBEDTLS_ERR_SSL_NO_RNG;
}

static int configure(struct parley_serve_keys *keys)
{
    static const char *alpn[] = {"http/1.1", NULL};
    int code = mbedtls_ssl_config_defaults(&keys->config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);

    if (code != 0)
        return code;
#if MBEDTLS_3
    mbedtls_ssl_conf_min_tls_version(&keys->config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&keys->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_rng(&keys->config, random_bytes, NULL);
    mbedtls_ssl_conf_authmode(&keys->config, MBEDTLS_SSL_VERIFY_NONE);
    code = mbedtls_ssl_conf_alpn_protocols(&keys->config, alpn);
    return code == 0 ? mbedtls_ssl_conf_own_cert(&keys->config, &keys->own, &keys->key) : code;
}

int parley_serve_keys_open(struct parley_serve_keys **out, struct parley_view cert_file,
                           struct parley_view key_file, char why[PARLEY_TRANSPORT_REASON])
{
    const struct parley_endpoint files = {.client_cert = cert_file, .client_key = key_file};
    struct parley_serve_keys *keys = calloc(1, sizeof *keys);
    int status = PARLEY_OK;

    *out = NULL;
    parley_why(why, "tls: no memory");
    if (keys == NULL)
        return PARLEY_ERR_MEMORY;
    mbedtls_ssl_config_init(&keys->config);
    mbedtls_x509_crt_init(&keys->own);
    mbedtls_pk_init(&keys->key);
#if MBEDTLS_3
    if (psa_crypto_init() != PSA_SUCCESS) {
        parley_why(why, "tls: mbedTLS finds no source of randomness");
        status = PARLEY_ERR_SYSTEM;
    }
#endif
    if (status == PARLEY_OK)
        status = parley_trust_own(&keys->own, &keys->key, &files, why);
    if (status == PARLEY_OK && configure(keys) != 0)
        status = PARLEY_ERR_MEMORY;
    if (status == PARLEY_OK)
        *out = keys;
    else
        parley_serve_keys_drop(keys);
    return status;
}

void parley_serve_keys_drop(struct parley_serve_keys *keys)
{
    if (keys == NULL)
        return;
    mbedtls_ssl_config_free(&keys->config);
    mbedtls_x509_crt_free(&keys->own);
    mbedtls_pk_free(&keys->key); /* wipes it */
    free(keys);
}

/* ---- the socket, as mbedTLS sees it ------------------------------------------------------------ */

static int bio_write(void *context, const unsigned char *from, size_t bytes)
{
    struct parley_serve_tls *t = context;
    int moved = parley_socket_write(t->fd, from, bytes);

    t->unsent = moved <= 0;
    if (moved < 0)
        return MBEDTLS_ERR_NET_CONN_RESET;
    return moved > 0 ? moved : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int bio_read(void *context, unsigned char *into, size_t bytes)
{
    struct parley_serve_tls *t = context;
    int moved = parley_socket_read(t->fd, into, bytes);

    if (moved == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (moved == PARLEY_ERR_PEER_CLOSED)
        return MBEDTLS_ERR_SSL_CONN_EOF;
    return moved > 0 ? moved : MBEDTLS_ERR_NET_CONN_RESET;
}

/* ---- a session --------------------------------------------------------------------------------- */

struct parley_serve_tls *parley_serve_tls_open(struct parley_serve_keys *keys, int fd)
{
    struct parley_serve_tls *t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    mbedtls_ssl_init(&t->ssl);
    t->fd = fd;
    if (mbedtls_ssl_setup(&t->ssl, &keys->config) != 0) {
        parley_serve_tls_drop(t);
        return NULL;
    }
    mbedtls_ssl_set_bio(&t->ssl, t, bio_write, bio_read, NULL);
    return t;
}

static bool is_over(struct parley_serve_tls *t)
{
#if MBEDTLS_3
    return mbedtls_ssl_is_handshake_over(&t->ssl) != 0;
#else
    return t->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER;
#endif
}

static bool is_pause(int code)
{
    return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

int parley_serve_tls_handshake(struct parley_serve_tls *t)
{
    int code = mbedtls_ssl_handshake_step(&t->ssl);

    t->steps_left = code == 0 && !is_over(t);
    if (code != 0 && !is_pause(code)) {
        if (code == MBEDTLS_ERR_SSL_CONN_EOF || code == MBEDTLS_ERR_NET_CONN_RESET)
            parley_why(t->why, "tls: the client left during the handshake");
        else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
            parley_why(t->why, "tls: the client refuses the handshake; does it trust the certificate?");
        else
            parley_why(t->why, "tls: the handshake failed (mbedTLS -0x%04x)", (unsigned)-code);
        return PARLEY_ERR_TLS;
    }
    t->open = code == 0 && !t->steps_left;
    return t->open;
}

static int fail(struct parley_serve_tls *t, int code)
{
    if (code == 0 || code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || code == MBEDTLS_ERR_SSL_CONN_EOF) {
        parley_why(t->why, "the client closed the connection");
        return PARLEY_ERR_PEER_CLOSED;
    }
    if (code == MBEDTLS_ERR_NET_CONN_RESET)
        parley_why(t->why, "the connection broke: %s", parley_socket_reason());
    else
        parley_why(t->why, "tls: the session broke (mbedTLS -0x%04x)", (unsigned)-code);
    return PARLEY_ERR_LOST;
}

int parley_serve_tls_read(struct parley_serve_tls *t, void *into, size_t bytes)
{
    int got = bytes == 0 ? MBEDTLS_ERR_SSL_WANT_READ
                         : mbedtls_ssl_read(&t->ssl, into, bytes < INT_MAX ? bytes : INT_MAX);

    if (got > 0)
        return got;
    return is_pause(got) ? 0 : fail(t, got);
}

int parley_serve_tls_write(struct parley_serve_tls *t, const void *from, size_t bytes)
{
    size_t offer = t->owed > 0 ? t->owed : bytes;
    int sent;

    if (bytes == 0 || bytes < t->owed)
        return 0;
    sent = mbedtls_ssl_write(&t->ssl, from, offer);
    t->owed = is_pause(sent) ? offer : 0;
    if (sent > 0)
        return sent;
    if (t->owed == 0)
        fail(t, sent);
    return t->owed > 0 ? 0 : PARLEY_ERR_LOST;
}

bool parley_serve_tls_busy(const struct parley_serve_tls *t)
{
    return t->steps_left || (t->open && mbedtls_ssl_check_pending(&t->ssl) != 0);
}

bool parley_serve_tls_unsent(const struct parley_serve_tls *t)
{
    return t->unsent;
}

const char *parley_serve_tls_reason(const struct parley_serve_tls *t)
{
    return t->why;
}

void parley_serve_tls_finish(struct parley_serve_tls *t)
{
    if (t->open && t->owed == 0)
        mbedtls_ssl_close_notify(&t->ssl);
}

void parley_serve_tls_drop(struct parley_serve_tls *t)
{
    if (t == NULL)
        return;
    mbedtls_ssl_free(&t->ssl);
    free(t);
}
