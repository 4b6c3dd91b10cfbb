/*
 * mbedTLS, 2.28 and 3.6 with one source. Its zeroes and error codes are translated here, once: above,
 * 0 means "nothing now". What is offered stands in offer.c, whom to believe in judge.c, what an earlier link
 * leaves in resume.c. See tls.h.
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* 3.6: no call tells which alert came, nor a session's secret */

#include "transport/wss/tls.h"

#include "platform/pages.h"
#include "transport/wss/alert.h"
#include "transport/wss/buffer.h"
#include "transport/wss/offer.h"
#include "transport/wss/resume.h"
#include "transport/wss/trust.h"
#include "transport/wss/why.h"

#include <limits.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#define MBEDTLS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)
#if MBEDTLS_3
#include <psa/crypto.h>
#define BAD_VERSION     MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION
#define BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_CERTIFICATE
#else
#define BAD_VERSION     MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION
#define BAD_CERTIFICATE MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE
#endif

/* Of mbedTLS's buffers; they are somewhat larger. */
#if defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH)
#define IN_BYTES(ssl)  (ssl)->in_buf_len
#define OUT_BYTES(ssl) (ssl)->out_buf_len
#else
#define IN_BYTES(ssl)  MBEDTLS_SSL_IN_CONTENT_LEN
#define OUT_BYTES(ssl) MBEDTLS_SSL_OUT_CONTENT_LEN
#endif

enum {
    AHEAD_PART = 4,    /* of the link's buffer: so much more is read ahead of TLS in a rush, */
    AHEAD_SLOW = 1024, /* and so much else */
    RUSH_US = 1000,    /* what follows on something else so soon is a rush */
    GREETING = 5,      /* bytes of a record's header, kept to tell who is no TLS peer */
    HOST_BYTES = 256   /* of a host name and its terminating zero */
};

struct parley_tls {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt trusted, own;
    mbedtls_pk_context key; /* of our own certificate */
    struct parley_judge judge;
    struct parley_resume *kept;       /* NULL: nothing is */
    struct parley_resume_proof proof; /* what this session rests on */
    unsigned char offered[48];        /* the secret of the session offered, if it is one of TLS 1.2 */
    bool offers;                      /* one was offered */
    struct parley_log log;
    bool ignore_dates_unset;
    bool begun;
    bool steps_left; /* the handshake could go on at once */
    bool open;       /* the handshake is done */
    bool ended;      /* the peer has said goodbye */
    bool goodbye;    /* and so have we, as far as the socket took it */
    bool unsent;     /* mbedTLS holds bytes the socket did not take */
    size_t owed;     /* bytes of the write that mbedTLS wants repeated; 0: none */
    int fd;
    struct parley_buffer ahead; /* read from the socket, and not asked for by mbedTLS so far */
    bool rush;
    uint64_t now_us, came_us; /* the present work's; when something was read last */
    int status;               /* < 0 once it failed */
    unsigned char greeting[GREETING];
    size_t greeting_bytes;
    char why[PARLEY_TRANSPORT_REASON];
};

/* ---- the socket, as mbedTLS sees it ------------------------------------------------------------ */

/* Right away, as mbedTLS may still try to send an alert; and the first reason stays. */
static int say_broken(struct parley_tls *t)
{
    if (t->why[0] == '\0')
        parley_why(t->why, "tls: the connection broke: %s", parley_socket_reason());
    return MBEDTLS_ERR_NET_CONN_RESET;
}

/*
 * A server that refuses us in the middle of our flight sends an alert and closes, so that our next write
 * breaks before the alert is read. Up to here alerts of TLS 1.2 are plain: one record of two bytes.
 */
static void hear_last_words(struct parley_tls *t)
{
    unsigned char record[7];
    static const unsigned char alert[] = {MBEDTLS_SSL_MSG_ALERT, MBEDTLS_SSL_MAJOR_VERSION_3,
                                          MBEDTLS_SSL_MINOR_VERSION_3, 0, 2};

    if (parley_socket_read(t->fd, record, sizeof record) == (int)sizeof record &&
        memcmp(record, alert, sizeof alert) == 0)
        parley_alert_why(t->why, record[6], true);
}

static int bio_write(void *context, const unsigned char *from, size_t bytes)
{
    struct parley_tls *t = context;
    int moved = parley_socket_write(t->fd, from, bytes);

    t->unsent = moved <= 0; /* mbedTLS goes on until all is gone or this says no */
    if (moved < 0) {
        say_broken(t);
        if (!t->open)
            hear_last_words(t);
        return MBEDTLS_ERR_NET_CONN_RESET;
    }
    return moved > 0 ? moved : MBEDTLS_ERR_SSL_WANT_WRITE;
}

/*
 * mbedTLS asks for the header of a record and then for the rest, two calls of the system for each; so once
 * there are messages more is read ahead: in a rush, when the next records are there already, as much as there
 * is room for. But after a pause a copy of a long record costs more than a call, as the memory for it is in
 * no cache. Returns as parley_socket_read.
 */
static int read_ahead(struct parley_tls *t, unsigned char *into, size_t bytes)
{
    size_t some = parley_buffer_used(&t->ahead), most = t->ahead.size;

    if (!t->rush && most > AHEAD_SLOW)
        most = AHEAD_SLOW;
    if (some == 0) {
        bool direct = !t->open || bytes >= most;
        int got =
            direct ? parley_socket_read(t->fd, into, bytes) : parley_socket_read(t->fd, t->ahead.at, most);
        if (got > 0)
            t->came_us = t->now_us;
        if (direct || got <= 0)
            return got;
        some = t->ahead.end = (size_t)got;
    }
    if (some > bytes)
        some = bytes;
    memcpy(into, t->ahead.at + t->ahead.start, some);
    parley_buffer_skip(&t->ahead, some);
    return (int)some;
}

static int bio_read(void *context, unsigned char *into, size_t bytes)
{
    struct parley_tls *t = context;
    int moved = read_ahead(t, into, bytes);

    if (moved == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (moved == PARLEY_ERR_PEER_CLOSED)
        return MBEDTLS_ERR_SSL_CONN_EOF;
    if (moved < 0)
        return say_broken(t);
    for (int i = 0; i < moved && t->greeting_bytes < GREETING; i++)
        t->greeting[t->greeting_bytes++] = into[i];
    return moved;
}

/* ---- opening ----------------------------------------------------------------------------------- */

/* Name for SNI and verification. Never left out: 2.28 then checks no name at all, 3.6 refuses to go on. */
static int set_host(struct parley_tls *t, char why[PARLEY_TRANSPORT_REASON])
{
    char name[HOST_BYTES];
    size_t len = t->judge.host.len;
    int code;

    if (len > 0 && t->judge.host.at[len - 1] == '.')
        len--; /* the root's dot belongs to DNS, not to certificates */
    if (len == 0 || len >= sizeof name) {
        parley_why(why, "tls: a host name of %lu bytes", (unsigned long)t->judge.host.len);
        return PARLEY_ERR_ARGUMENT;
    }
    memcpy(name, t->judge.host.at, len);
    name[len] = '\0';
    /* A literal is no server name (RFC 6066 section 3); judge.c looks for it instead. */
    code = mbedtls_ssl_set_hostname(&t->ssl, t->judge.address.family != 0 ? NULL : name);
    return code == 0 ? 0 : PARLEY_ERR_MEMORY;
}

static int configure(struct parley_tls *t)
{
    if (parley_offer(&t->config, t->kept != NULL) != 0)
        return PARLEY_ERR_MEMORY;
    mbedtls_ssl_conf_authmode(&t->config,
                              t->judge.insecure ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_verify(&t->config, parley_judge_certificate, &t->judge);
    mbedtls_ssl_conf_ca_chain(&t->config, &t->trusted, NULL);
    return mbedtls_ssl_setup(&t->ssl, &t->config) == 0 ? 0 : PARLEY_ERR_MEMORY;
}

static bool has_own(const struct parley_endpoint *to)
{
    return to->client_cert.len > 0 || to->client_key.len > 0 || to->client_cert_pem.at != NULL ||
           to->client_key_pem.at != NULL;
}

/* The authorities, the pins, and a certificate of our own: what comes from outside. */
static int set_trust(struct parley_tls *t, const struct parley_endpoint *to,
                     char why[PARLEY_TRANSPORT_REASON])
{
    int status = 0;

    for (; t->judge.pin_count < to->pin_count && status == 0; t->judge.pin_count++)
        status = parley_judge_pin(&t->judge.pins[t->judge.pin_count], to->pins[t->judge.pin_count], why);
    if (status == 0 && has_own(to)) {
        status = parley_trust_own(&t->own, &t->key, to, why);
        if (status == 0 && mbedtls_ssl_conf_own_cert(&t->config, &t->own, &t->key) != 0)
            status = PARLEY_ERR_MEMORY;
    }
    if (status == 0 && !t->judge.insecure)
        status = parley_trust_load(&t->trusted, to, &t->log, why);
    return status;
}

static int set_up(struct parley_tls *t, const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    int status;

    parley_why(why, "tls: no memory");
#if MBEDTLS_3
    if (psa_crypto_init() != PSA_SUCCESS) { /* TLS 1.3 computes with it */
        parley_why(why, "tls: mbedTLS finds no source of randomness");
        return PARLEY_ERR_SYSTEM;
    }
#endif
    if ((status = configure(t)) < 0)
        return status;
    if ((status = set_host(t, why)) < 0)
        return status;
    if (t->judge.insecure)
        parley_log_line(&t->log, PARLEY_LOG_WARN,
                        "tls: the certificate of %.*s is NOT verified, as was asked for",
                        (int)t->judge.host.len, t->judge.host.at);
    return set_trust(t, to, why);
}

int parley_tls_open(struct parley_tls **out, struct parley_arena *arena,
                    const struct parley_tls_options *options, char why[PARLEY_TRANSPORT_REASON])
{
    const struct parley_endpoint *to = options->endpoint;
    struct parley_tls *t = *out = parley_arena_take(arena, 1, sizeof *t);
    struct parley_pin *pins;

    if (to->pin_count > PARLEY_PINS_MAX) {
        *out = NULL;
        parley_why(why, "more than %d pins", PARLEY_PINS_MAX);
        return PARLEY_ERR_ARGUMENT;
    }
    pins = parley_arena_take(arena, to->pin_count, sizeof *pins);
    struct parley_fact_certificate *chain = parley_arena_take(arena, PARLEY_FACT_CERTIFICATES, sizeof *chain);
    struct parley_buffer ahead = parley_buffer(arena, to->recv_bytes / AHEAD_PART); /* after what is used */
    if (t == NULL || pins == NULL || ahead.at == NULL || chain == NULL) {
        *out = NULL;
        return 0; /* counting, or full: whoever opened the arena sees that */
    }
    t->ahead = ahead;
    t->judge.pins = pins;
    t->judge.host = options->host;
    t->judge.facts = options->facts;
    t->judge.facts->chain = chain;
    t->judge.insecure = to->insecure_no_verify;
    t->kept = to->kept;
    t->log = to->log;
    t->ignore_dates_unset = to->ignore_dates_unset;
    t->fd = -1;
    if (!parley_address_parse(t->judge.host, &t->judge.address))
        t->judge.address.family = 0;
    mbedtls_ssl_init(&t->ssl);
    mbedtls_ssl_config_init(&t->config);
    mbedtls_x509_crt_init(&t->trusted);
    mbedtls_x509_crt_init(&t->own);
    mbedtls_pk_init(&t->key);

    int status = set_up(t, to, why);
    if (status < 0) {
        parley_tls_drop(t);
        *out = NULL;
        return status;
    }
    why[0] = '\0';
    return 0;
}

void parley_tls_attach(struct parley_tls *t, int fd)
{
    t->fd = fd;
    mbedtls_ssl_set_bio(&t->ssl, t, bio_write, bio_read, NULL);
}

/* ---- the handshake ----------------------------------------------------------------------------- */

static bool is_over(struct parley_tls *t)
{
#if MBEDTLS_3
    return mbedtls_ssl_is_handshake_over(&t->ssl) != 0;
#else
    return t->ssl.state == MBEDTLS_SSL_HANDSHAKE_OVER;
#endif
}

/* False when the first bytes that came cannot begin a TLS record (RFC 8446 section 5.1). */
static bool speaks_tls(const struct parley_tls *t)
{
    const unsigned char *at = t->greeting;

    return t->greeting_bytes == 0 ||
           (at[0] >= MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC && at[0] <= MBEDTLS_SSL_MSG_APPLICATION_DATA &&
            (t->greeting_bytes == 1 || at[1] == MBEDTLS_SSL_MAJOR_VERSION_3));
}

static void say_no_tls(struct parley_tls *t)
{
    char shown[GREETING * 4 + 1]; /* a byte that is no UTF-8 takes one '?', a character at most 4 bytes */

    parley_why_clean(shown, sizeof shown, parley_view_of((const char *)t->greeting, t->greeting_bytes));
    parley_why(t->why, "tls: the peer does not speak TLS, its answer begins with \"%s\"", shown);
}

/* True for what mbedTLS says of a certificate it cannot even parse, or use for this. */
static bool blames_certificate(int code)
{
    int kind = -code & ~0x7f; /* the low bits tell details */

    return code == BAD_CERTIFICATE || code == MBEDTLS_ERR_X509_FATAL_ERROR ||
           (kind >= -MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && kind < 0x3000);
}

/* Before there is a certificate, or a session, mbedTLS has only a guess at the version. */
static void note_protocol(struct parley_tls *t)
{
    if (t->judge.facts->chain_count == 0 && !t->judge.facts->resumed)
        return;
    t->judge.facts->tls_version = mbedtls_ssl_get_version(&t->ssl);
    t->judge.facts->cipher = mbedtls_ssl_get_ciphersuite(&t->ssl);
}

/* What mbedTLS says of a record it has no room for. */
static bool blames_length(int code)
{
    return code == MBEDTLS_ERR_SSL_BAD_INPUT_DATA && MBEDTLS_SSL_IN_CONTENT_LEN < 16384;
}

static void say_code(struct parley_tls *t, const char *what, int code)
{
    parley_why(t->why, "tls: %s (mbedTLS -0x%04x)", what, (unsigned)-code);
    if (blames_length(code))
        parley_why_add(t->why, 0, "; its records may be longer than the %d bytes this mbedTLS has room for",
                       MBEDTLS_SSL_IN_CONTENT_LEN);
}

/* Puts the failure of a step into words. */
static int fail_handshake(struct parley_tls *t, int code)
{
    t->status = blames_certificate(code) ? PARLEY_ERR_CERTIFICATE : PARLEY_ERR_TLS;
    note_protocol(t);
    if (blames_certificate(code) && t->judge.faults[0] != '\0')
        parley_why(t->why, "%s", t->judge.faults);
    else if (t->status == PARLEY_ERR_CERTIFICATE)
        parley_why(t->why, "tls: the certificate cannot be used (mbedTLS -0x%04x)", (unsigned)-code);
    else if (!speaks_tls(t))
        say_no_tls(t);
    else if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        parley_alert_why(t->why, t->ssl.in_msg[1], !t->open);
    else if (code == MBEDTLS_ERR_SSL_CONN_EOF)
        parley_why(t->why, "tls: the peer closed the connection during the handshake");
    else if (code == BAD_VERSION)
        parley_why(t->why, "tls: the peer chose a protocol version older than TLS 1.2");
    else if (code != MBEDTLS_ERR_NET_CONN_RESET)
        say_code(t, "the handshake failed", code);
    return t->status;
}

/* Half a megabyte that is not needed any more, and a secret. */
static void forget_files(struct parley_tls *t)
{
    mbedtls_ssl_conf_ca_chain(&t->config, NULL, NULL);
    mbedtls_x509_crt_free(&t->trusted);
    mbedtls_x509_crt_free(&t->own);
    mbedtls_pk_free(&t->key); /* wipes it */
}

/* What lies between is of no use. */
static void give_back(unsigned char *from, unsigned char *to)
{
    if (from < to)
        parley_pages_give_back(from, (size_t)(to - from));
}

/*
 * mbedTLS's two buffers have room for the longest record, 16 KB. Most C libraries clear all of it and so make
 * it resident, and the handshake has been in there. Of the one for reading the message at its start counts,
 * and what is read of the next; of the one for writing the message, behind those that are not out.
 */
static void give_back_buffers(mbedtls_ssl_context *ssl)
{
    unsigned char *message = ssl->in_msg + ssl->in_msglen, *read = ssl->in_hdr + ssl->in_left;

    if (ssl->in_offt == NULL) /* nothing of a message is read, and the rest of it elsewhere */
        give_back(message > read ? message : read, ssl->in_buf + IN_BYTES(ssl));
    give_back(ssl->out_msg + ssl->out_msglen, ssl->out_buf + OUT_BYTES(ssl));
}

#if MBEDTLS_3
#define IS_TLS_1_3(t) (mbedtls_ssl_get_version_number(&(t)->ssl) == MBEDTLS_SSL_VERSION_TLS1_3)
#else
#define IS_TLS_1_3(t) false
#endif

/*
 * True when the handshake went on from the session offered, so that the peer has shown no certificate but
 * that it knows the session's secret: in TLS 1.2 that is ours still, in TLS 1.3 there is no other way without
 * one.
 */
static bool is_resumed(const struct parley_tls *t)
{
    if (!t->offers || t->judge.judged)
        return false;
    return IS_TLS_1_3(t) || memcmp(t->ssl.session->master, t->offered, sizeof t->offered) == 0;
}

/* Those of TLS 1.3 come later, with their tickets. */
static void keep_session(struct parley_tls *t)
{
    if (t->kept != NULL && (t->judge.facts->resumed || parley_judge_is_sure(&t->judge)))
        parley_resume_keep(t->kept, &t->ssl, &t->proof);
}

static int finish(struct parley_tls *t)
{
    bool resumed = t->judge.facts->resumed = is_resumed(t);

    parley_wipe(t->offered, sizeof t->offered);
    if (!t->judge.insecure && mbedtls_ssl_get_verify_result(&t->ssl) != 0)
        return fail_handshake(t, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    if (!resumed && !parley_judge_accepts(&t->judge))
        return fail_handshake(t, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED);
    if (!resumed)
        t->proof = parley_resume_proof(&t->judge);
    if (!IS_TLS_1_3(t))
        keep_session(t);
    forget_files(t);
    give_back_buffers(&t->ssl);
    note_protocol(t);
    parley_log_line(&t->log, PARLEY_LOG_DEBUG, "tls: %s, %s%s", mbedtls_ssl_get_version(&t->ssl),
                    mbedtls_ssl_get_ciphersuite(&t->ssl), resumed ? ", resumed" : "");
    t->open = true;
    return 1;
}

/* Once, before the first step. */
static int begin(struct parley_tls *t)
{
    t->begun = true;
    t->status = parley_judge_clock(&t->judge, t->ignore_dates_unset, &t->log, t->why);
    if (t->status < 0 || t->kept == NULL)
        return t->status;
    t->offers = parley_resume_offer(t->kept, &t->ssl, !t->judge.clock_unset && !t->judge.insecure, &t->proof);
    if (t->offers)
        memcpy(t->offered, t->ssl.session_negotiate->master, sizeof t->offered);
    return 0;
}

int parley_tls_handshake(struct parley_tls *t)
{
    int code;

    if (t->status < 0 || (!t->begun && begin(t) < 0))
        return t->status;
    t->steps_left = false;
    code = mbedtls_ssl_handshake_step(&t->ssl);
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE)
        return 0;
    if (code != 0)
        return fail_handshake(t, code);
    if (is_over(t))
        return finish(t);
    t->steps_left = true;
    return 0;
}

/* ---- data -------------------------------------------------------------------------------------- */

/* What ends an open session, in words. A connection that just breaks says nothing against the session. */
static int fail_open(struct parley_tls *t, int code)
{
    bool broke = code == 0 || code == MBEDTLS_ERR_SSL_CONN_EOF || code == MBEDTLS_ERR_NET_CONN_RESET;

    if (t->kept != NULL && !broke)
        parley_resume_forget(t->kept);
    if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        parley_alert_why(t->why, t->ssl.in_msg[1], !t->open);
    else if (code == 0 || code == MBEDTLS_ERR_SSL_CONN_EOF)
        parley_why(t->why, "tls: the peer closed the connection without a goodbye");
    else if (code == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE && IS_TLS_1_3(t))
        parley_why(t->why, "tls: the peer changes its keys while the link is up (KeyUpdate), which mbedTLS "
                           "cannot");
    else if (code != MBEDTLS_ERR_NET_CONN_RESET)
        say_code(t, "the session broke", code);
    return t->status = PARLEY_ERR_LOST;
}

/* True for the codes that mean "nothing now". */
static bool is_pause(int code)
{
#if MBEDTLS_3
    if (code == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        return true;
#endif
    return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

int parley_tls_read(struct parley_tls *t, void *into, size_t bytes)
{
    if (t->ended)
        return PARLEY_ERR_PEER_CLOSED;
    if (t->status < 0 || bytes == 0)
        return t->status;
    int got = mbedtls_ssl_read(&t->ssl, into, bytes < INT_MAX ? bytes : INT_MAX);
    if (got > 0)
        return got;
#if MBEDTLS_3
    if (got == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        keep_session(t);
#endif
    if (is_pause(got))
        return 0;
    if (got != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return fail_open(t, got);
    parley_why(t->why, "tls: the peer ended the session");
    t->ended = true;
    return PARLEY_ERR_PEER_CLOSED;
}

/*
 * Two things can wait in mbedTLS for the socket. A write that was cut short, which has to be repeated with
 * the same bytes, as a record has been made of them: `owed` tells how many those were. And an alert of its
 * own; the next write would send the rest of that and report its own bytes as sent, so a write of nothing
 * goes first.
 */
static int flush(struct parley_tls *t)
{
    if (t->status < 0 || !t->unsent || t->owed > 0)
        return t->status;
    int code = mbedtls_ssl_write(&t->ssl, (const unsigned char *)"", 0);
    return code < 0 && !is_pause(code) ? fail_open(t, code) : 0;
}

int parley_tls_work(struct parley_tls *t, uint64_t now_us)
{
    t->now_us = now_us;
    t->rush = now_us - t->came_us < RUSH_US;
    return flush(t);
}

int parley_tls_write(struct parley_tls *t, const void *from, size_t bytes)
{
    size_t offer = t->owed;

    if (flush(t) < 0 || bytes == 0)
        return t->status;
    if (t->unsent && t->owed == 0)
        return 0;
    if (bytes < t->owed)
        return PARLEY_ERR_ARGUMENT;
    if (offer == 0) {
        int most = mbedtls_ssl_get_max_out_record_payload(&t->ssl);
        offer = most > 0 && bytes > (size_t)most ? (size_t)most : bytes;
    }
    int sent = mbedtls_ssl_write(&t->ssl, from, offer);
    t->owed = is_pause(sent) ? offer : 0;
    if (t->owed > 0)
        return 0;
    return sent > 0 ? sent : fail_open(t, sent);
}

bool parley_tls_unsent(const struct parley_tls *t)
{
    return t->unsent;
}

bool parley_tls_buffered(const struct parley_tls *t)
{
    return t->status == 0 && !t->ended &&
           (t->steps_left ||
            (t->open && (parley_buffer_used(&t->ahead) > 0 || mbedtls_ssl_check_pending(&t->ssl) != 0)));
}

const char *parley_tls_reason(const struct parley_tls *t)
{
    return t->why;
}

void parley_tls_rest(struct parley_tls *t)
{
    if (t->status < 0 || !t->open)
        return;
    give_back_buffers(&t->ssl);
    parley_buffer_rest(&t->ahead);
}

/* ---- the end ----------------------------------------------------------------------------------- */

void parley_tls_shutdown(struct parley_tls *t)
{
    if (t->status < 0 || !t->open)
        return;
    if (t->unsent)
        mbedtls_ssl_close_notify(&t->ssl); /* which then sends what is left, and no goodbye */
    if (t->unsent || t->goodbye)
        return;
    t->goodbye = true;
    mbedtls_ssl_close_notify(&t->ssl);
}

void parley_tls_drop(struct parley_tls *t)
{
    if (t == NULL)
        return;
    mbedtls_ssl_free(&t->ssl); /* wipes its keys and buffers */
    mbedtls_ssl_config_free(&t->config);
    mbedtls_x509_crt_free(&t->trusted);
    mbedtls_x509_crt_free(&t->own);
    mbedtls_pk_free(&t->key);
    parley_wipe(t, sizeof *t);
}
