/*
 * The real byte stream (transport/wss/stream_tls.c) against TLS servers that are not ours, and against
 * peers that are none. tls_matrix.sh makes the certificates, starts the peers of tls_peers.py and runs this
 * with their directory.
 *
 * The linker wraps the socket's read and write, so that all of it can be done one byte at a time, malloc, so
 * that its calls can be counted, the opening of files, so that a machine can lack its authorities, and the
 * calendar, so that a clock can be one that nobody has set.
 *
 * link: -Wl,--wrap=parley_socket_read,--wrap=parley_socket_write
 * link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=parley_file_open
 * link: -Wl,--wrap=parley_clock_unix_s,--wrap=time
 */
#include "platform/clock.h"
#include "platform/file.h"
#include "transport/wss/stream.h"

#include <mbedtls/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
/* cmocka wants the three above */
#include <cmocka.h>

/* ---- what the linker wraps ------------------------------------------------------------------- */

static bool one_byte;         /* read and write a byte at a time, and now and then nothing */
static unsigned socket_calls; /* to say "nothing" at every eleventh */
static unsigned long allocations;
static bool no_system_files; /* below /etc and /usr */
static bool in_1970;

int __real_parley_socket_read(int fd, void *into, size_t bytes);
int __real_parley_socket_write(int fd, const void *from, size_t bytes);
int __wrap_parley_socket_read(int fd, void *into, size_t bytes);
int __wrap_parley_socket_write(int fd, const void *from, size_t bytes);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
int __real_parley_file_open(const char *path, enum parley_file_mode mode);
int __wrap_parley_file_open(const char *path, enum parley_file_mode mode);
int64_t __real_parley_clock_unix_s(void);
int64_t __wrap_parley_clock_unix_s(void);
time_t __real_time(time_t *at);
time_t __wrap_time(time_t *at);

/* Not more often than an alert has bytes: mbedTLS 3.6 starts an alert anew that was cut short. */
static bool nothing_now(void)
{
    return one_byte && ++socket_calls % 11 == 0;
}

int __wrap_parley_socket_read(int fd, void *into, size_t bytes)
{
    return nothing_now() ? 0 : __real_parley_socket_read(fd, into, one_byte && bytes > 1 ? 1 : bytes);
}

int __wrap_parley_socket_write(int fd, const void *from, size_t bytes)
{
    return nothing_now() ? 0 : __real_parley_socket_write(fd, from, one_byte && bytes > 1 ? 1 : bytes);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

int __wrap_parley_file_open(const char *path, enum parley_file_mode mode)
{
    bool system_file = strncmp(path, "/etc/", 5) == 0 || strncmp(path, "/usr/", 5) == 0;

    return no_system_files && system_file ? PARLEY_ERR_FILE : __real_parley_file_open(path, mode);
}

int64_t __wrap_parley_clock_unix_s(void)
{
    return in_1970 ? 3600 : __real_parley_clock_unix_s();
}

/* mbedTLS's calendar. */
time_t __wrap_time(time_t *at)
{
    return in_1970 ? 3600 : __real_time(at);
}

/* ---- the table --------------------------------------------------------------------------------- */

enum action {
    NOTHING,  /* connecting is all */
    GREETED,  /* the peer's first line holds `words` */
    ECHO,     /* many bytes there and back, without an allocation; then our goodbye */
    READ_END, /* after its first line, if it has one, the peer ends the connection with `status` */
};
enum {
    PLAIN = 1,
    INSECURE = 2,
    SYSTEM_CAS = 4,
    LOOK_UP = 8,
    NOT_SLOWLY = 16,
    WARNS = 32,
    STICKS = 64,
    NO_SYSTEM_CAS = 128,
    TRUSTS = 256, /* the row is one of a struct trust_row */
    NO_CA_FILE = 512,
    IN_1970 = 1024,
    IGNORE_DATES = 2048,
    FROM_MEMORY = 4096, /* of a trust_row: its files, folders apart, are given as texts */
};

struct row {
    const char *title, *peer, *host;
    const char *ca; /* a file in the directory, NULL: ca.pem */
    int flags;
    enum action action;
    int status;
    const char *words;
    unsigned tls_ms, at_least_ms; /* 0: 5000; 0 */
};

#define OK       PARLEY_OK
#define BAD_CERT PARLEY_ERR_CERTIFICATE
#define BAD_TLS  PARLEY_ERR_TLS
#define REFUSED  "tls: the peer refused with alert "
#define MODERN   "; we speak TLS 1.2 and newer, with ECDHE and AES-GCM or ChaCha20-Poly1305"

static const struct row rows[] = {
    /* accepted */
    {"a good certificate, its name as SNI, http/1.1 by ALPN", "good", "localhost", NULL, 0, GREETED, OK,
     "sni=localhost alpn=http/1.1 version=TLSv1." /* 2 or 3 */, 0, 0},
    {"a host that is looked up", "good", "localhost", NULL, LOOK_UP, GREETED, OK, "sni=localhost ", 0, 0},
    {"TLS 1.2 at most", "good-1.2", "localhost", NULL, 0, GREETED, OK, "version=TLSv1.2", 0, 0},
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    {"TLS 1.3 at least", "good-1.3", "localhost", NULL, 0, GREETED, OK, "version=TLSv1.3", 0, 0},
    {"a server that refuses us for want of a certificate, TLS 1.3", "asks-1.3", "localhost", NULL, NOT_SLOWLY,
     READ_END, PARLEY_ERR_LOST, REFUSED "116 (certificate required)", 0, 0},
#else
    {"TLS 1.3 at least, which this mbedTLS has not", "good-1.3", "localhost", NULL, 0, NOTHING, BAD_TLS,
     REFUSED "70 (protocol version)" MODERN, 0, 0},
#endif
    {"an RSA certificate", "good-rsa", "localhost", NULL, 0, GREETED, OK, "version=TLSv1.", 0, 0},
    {"a server that has ChaCha20-Poly1305 alone", "chacha", "localhost", NULL, 0, GREETED, OK, "version", 0,
     0},
    {"a trailing dot belongs to DNS alone", "good", "localhost.", NULL, 0, GREETED, OK, "sni=localhost ", 0,
     0},
    {"a wildcard", "wildcard", "a.parley.test", NULL, 0, GREETED, OK, "sni=a.parley.test ", 0, 0},
    {"no alternative name: the common name counts", "common-name", "localhost", NULL, 0, GREETED, OK, "", 0,
     0},
    {"an intermediate authority", "chain", "localhost", NULL, 0, GREETED, OK, "", 0, 0},
#if MBEDTLS_SSL_IN_CONTENT_LEN >= 16384
    {"a certificate of 6 KB", "large", "localhost", NULL, 0, GREETED, OK, "", 0, 0},
    {"a certificate of 6 KB, TLS 1.2", "large-1.2", "localhost", NULL, 0, GREETED, OK, "", 0, 0},
#endif
    {"an IPv4 address in the certificate, no SNI", "address", "127.0.0.1", NULL, 0, GREETED, OK, "sni=None ",
     0, 0},
    {"an IPv6 address in the certificate, no SNI", "address6", "::1", NULL, 0, GREETED, OK, "sni=None ", 0,
     0},
    {"a self-signed certificate that is the ca_file", "self-signed", "localhost", "self-signed.pem", 0,
     GREETED, OK, "", 0, 0},
    {"a ca_file of which one certificate is broken, with a warning", "good", "localhost", "partly-broken.pem",
     WARNS, GREETED, OK, "", 0, 0},
    {"insecure_no_verify takes anything", "all-wrong", "localhost", NULL, INSECURE, GREETED, OK,
     "sni=localhost ", 0, 0},
    {"insecure_no_verify takes anything, by address", "self-signed", "127.0.0.1", NULL, INSECURE, GREETED, OK,
     "sni=None ", 0, 0},
    {"insecure_no_verify needs no ca_file", "good", "localhost", "missing.pem", INSECURE, GREETED, OK, "", 0,
     0},

    /* certificates that are not */
    {"another name", "wrong-name", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is for other.test, *.wild.test, 192.0.2.7, not for localhost", 0, 0},
    {"a wildcard is one label", "wildcard", "a.b.parley.test", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is for *.parley.test, not for a.b.parley.test", 0, 0},
    {"forty other names", "many-names", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "server-4.example.test and 36 more, not for localhost", 0, 0},
    {"another name with control characters", "odd-name", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is for bad [31mname, not for localhost", 0, 0},
    {"another address", "address", "127.0.0.2", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is for other.test, 10.0.0.1, 127.0.0.1, not for 127.0.0.2", 0, 0},
    {"an address, and the certificate has only names", "good", "127.0.0.1", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is for localhost, not for 127.0.0.1", 0, 0},
    {"an IPv6 address, and the certificate has an IPv4 one", "address", "::1", NULL, 0, NOTHING, BAD_CERT,
     "not for ::1", 0, 0},
    {"a name, and the certificate has its address", "address6", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is for [::1], not for localhost", 0, 0},
    {"an unknown authority", "stranger", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate comes from an unknown authority (Somebody Else)", 0, 0},
    {"an unknown authority, by address", "stranger", "127.0.0.1", NULL, 0, NOTHING, BAD_CERT,
     "unknown authority (Somebody Else); the certificate is for localhost, not for 127.0.0.1", 0, 0},
    {"an authority the system does not know", "good", "localhost", NULL, SYSTEM_CAS, NOTHING, BAD_CERT,
     "tls: the certificate comes from an unknown authority (Parley Test Authority)", 0, 0},
    {"a chain without its intermediate", "chain-cut", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate comes from an unknown authority (Parley Test Intermediate)", 0, 0},
    {"a self-signed certificate", "self-signed", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is self-signed (localhost) and not a trusted one", 0, 0},
    {"an expired certificate", "expired", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate expired on 2020-02-01 (this machine's date is 20", 0, 0},
    {"a certificate from the future", "future", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is not valid before 2045-06-01 (this machine's date is 20", 0, 0},
    {"nothing right at all", "all-wrong", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "(Somebody Else); the certificate expired on 2020-02-01", 0, 0},
    {"a key that is too short", "weak", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: a signature or key in the chain is too weak", 0, 0},
    {"a certificate for clients", "for-clients", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate is not meant for a server", 0, 0},

    /* handshakes that fail */
    {"TLS 1.1 at most", "tls-1.1", "localhost", NULL, 0, NOTHING, BAD_TLS, MODERN, 0, 0},
    {"TLS 1.1 in the hello", "old-hello", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the peer chose a protocol version older than TLS 1.2", 0, 0},
    {"no cipher suite in common", "no-suite", "localhost", NULL, 0, NOTHING, BAD_TLS,
     REFUSED "40 (handshake failure)" MODERN, 0, 0},
    {"a server that refuses us for want of a certificate, TLS 1.2", "asks-1.2", "localhost", NULL, NOT_SLOWLY,
     NOTHING, BAD_TLS, REFUSED "40 (handshake failure)" MODERN, 0, 0},
    {"a peer that speaks HTTP", "http", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the peer does not speak TLS, its answer begins with \"HTTP/\"", 0, 0},
    {"a peer that says three bytes and closes", "short", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the peer does not speak TLS, its answer begins with \"no\"", 0, 0},
    {"a peer that speaks something binary", "binary", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the peer does not speak TLS, its answer begins with \"? [3\"", 0, 0},
    {"a certificate that is none", "no-certificate", "localhost", NULL, 0, NOTHING, BAD_CERT,
     "tls: the certificate cannot be used (mbedTLS -0x", 0, 0},
    {"a record of nonsense", "garbage", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the handshake failed (mbedTLS -0x", 0, 0},
    {"silence until the deadline", "silent", "localhost", NULL, 0, NOTHING, PARLEY_ERR_TIMEOUT,
     "tls: no end of the handshake in 300 ms", 300, 300},
    {"a reset in the handshake", "reset", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the connection broke: Connection reset by peer", 0, 0},
    {"a peer that closes in the handshake", "closes", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the peer closed the connection during the handshake", 0, 0},
    {"a peer that closes within a record", "cut", "localhost", NULL, 0, NOTHING, BAD_TLS,
     "tls: the peer closed the connection during the handshake", 0, 0},
    {"nobody listens", "nobody", "localhost", NULL, 0, NOTHING, PARLEY_ERR_CONNECT, ": Connection refused", 0,
     0},

    /* files of authorities */
    {"ca_file is not there", "good", "localhost", "missing.pem", 0, NOTHING, PARLEY_ERR_FILE,
     "/missing.pem: No such file or directory", 0, 0},
    {"ca_file is empty", "good", "localhost", "empty.pem", 0, NOTHING, PARLEY_ERR_FILE,
     "/empty.pem: the file is empty", 0, 0},
    {"ca_file holds something else", "good", "localhost", "text.pem", 0, NOTHING, PARLEY_ERR_FILE,
     "/text.pem: holds no certificate that can be read", 0, 0},
    {"ca_file holds a broken certificate", "good", "localhost", "broken.pem", 0, NOTHING, PARLEY_ERR_FILE,
     "/broken.pem: holds no certificate that can be read", 0, 0},
    {"ca_file is a directory", "good", "localhost", ".", 0, NOTHING, PARLEY_ERR_FILE, "/.: Is a directory", 0,
     0},
    {"ca_file is a pipe, which nobody fills", "good", "localhost", "pipe.pem", 0, NOTHING, PARLEY_ERR_FILE,
     "/pipe.pem: ", 0, 0},

    {"the system has no authorities", "good", "localhost", NULL, SYSTEM_CAS | NO_SYSTEM_CAS, NOTHING,
     PARLEY_ERR_FILE, "no bundle of trusted certificates: neither /etc/ssl/certs/ca-certificates.crt nor", 0,
     0},

    /* data */
    {"an echo over TLS 1.2", "good-1.2", "localhost", NULL, 0, ECHO, OK, "", 0, 0},
    {"an echo over the newest TLS", "good", "localhost", NULL, 0, ECHO, OK, "", 0, 0},
    {"an echo with ChaCha20-Poly1305", "chacha", "localhost", NULL, 0, ECHO, OK, "", 0, 0},
    {"an echo from a peer that lets us wait", "slow", "localhost", NULL, STICKS, ECHO, OK, "", 0, 0},
    {"an echo without TLS", "plain", "localhost", NULL, PLAIN, ECHO, OK, "", 0, 0},
    {"the peer says goodbye", "goodbye", "localhost", NULL, 0, READ_END, PARLEY_ERR_PEER_CLOSED,
     "tls: the peer ended the session", 0, 0},
    {"the peer vanishes without a goodbye", "vanish", "localhost", NULL, 0, READ_END, PARLEY_ERR_LOST,
     "tls: the peer closed the connection without a goodbye", 0, 0},
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    {"the peer changes its keys", "key-update", "localhost", NULL, 0, READ_END, PARLEY_ERR_LOST,
     "tls: the peer changes its keys while the link is up (KeyUpdate), which mbedTLS cannot", 0, 0},
#endif
    {"the peer insists on another handshake", "renegotiate", "localhost", NULL, 0, READ_END, PARLEY_ERR_LOST,
     REFUSED "40 (handshake failure)", 0, 0},
    {"the peer closes, without TLS", "plain-close", "localhost", NULL, PLAIN, READ_END,
     PARLEY_ERR_PEER_CLOSED, "open: the peer closed the connection", 0, 0},
    {"the peer resets the connection, without TLS", "plain-reset", "localhost", NULL, PLAIN, READ_END,
     PARLEY_ERR_LOST, "open: the connection broke: Connection reset by peer", 0, 0},
};

/* Rows with more to say about trust. Files are in the directory. */
struct trust_row {
    struct row row;
    const char *pins[3]; /* "@good": what good.pin holds; "/good": the same as curl writes it */
    const char *ca_dir[2], *client_cert, *client_key;
    const char *seen; /* whose pin the reason names */
};

#define TRUST(title, peer, ca, flags, action, status, words)                                                 \
    .row = {title, peer, "localhost", ca, (flags) | TRUSTS, action, status, words, 0, 0}
#define MEETS(title, peer, flags) TRUST(title, peer, NULL, flags, GREETED, OK, "sni=localhost ")
#define BAD_FILE(title, words)    TRUST(title, "asks-1.2", NULL, 0, NOTHING, PARLEY_ERR_FILE, words)
#define CLIENT(certificate, key)  .client_cert = certificate, .client_key = key

static const struct trust_row trust_rows[] = {
    {MEETS("a pin of the server's own key", "good", 0), .pins = {"@good"}},
    {MEETS("a pin of the authority's key", "good", 0), .pins = {"@ca"}},
    {MEETS("a pin of an intermediate key", "chain", 0), .pins = {"@middle"}},
    {MEETS("the third of three pins, as curl writes it", "good", 0), .pins = {"@chain", "@middle", "/good"}},
    {TRUST("no pin fits", "good", NULL, 0, NOTHING, BAD_CERT, "tls: no pin fits; seen: sha256/"),
     .pins = {"@chain", "@middle"}, .seen = "good"},
    {TRUST("no pin fits: the authority's is told as well", "good", NULL, 0, NOTHING, BAD_CERT,
           "(localhost), sha256/"),
     .pins = {"@chain"}, .seen = "ca"},
    {TRUST("a pin does not stand in for trust", "stranger", NULL, 0, NOTHING, BAD_CERT,
           "tls: the certificate comes from an unknown authority (Somebody Else)"),
     .pins = {"@stranger"}},
    {TRUST("a fault of the chain is told before pins are", "stranger", NULL, 0, NOTHING, BAD_CERT,
           "unknown authority (Somebody Else)"),
     .pins = {"@good"}},
    {MEETS("insecure, with the server's own pin", "self-signed", INSECURE), .pins = {"@self-signed"}},
    {TRUST("insecure, with another pin", "self-signed", NULL, INSECURE, NOTHING, BAD_CERT,
           "tls: no pin fits"),
     .pins = {"@good"}, .seen = "self-signed"},
    {TRUST("insecure, with the pin of a certificate that vouches for nothing", "chain", NULL, INSECURE,
           NOTHING, BAD_CERT, "tls: no pin fits"),
     .pins = {"@middle"}},
    {TRUST("a pin of another kind", "good", NULL, 0, NOTHING, PARLEY_ERR_ARGUMENT,
           "pin sha1/AAAA: not \"sha256/\" and the base64 of 32 bytes"),
     .pins = {"sha1/AAAA"}},
    {TRUST("a pin that is too short", "good", NULL, 0, NOTHING, PARLEY_ERR_ARGUMENT, "pin sha256/AAAA: not"),
     .pins = {"@good", "sha256/AAAA"}},
    {TRUST("a pin that is no base64", "good", NULL, 0, NOTHING, PARLEY_ERR_ARGUMENT, "pin sha256/!!!!"),
     .pins = {"sha256/!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!="}},

    {MEETS("a folder of authorities", "good", NO_CA_FILE), .ca_dir = {"authorities"}},
    {MEETS("two folders of authorities", "good", NO_CA_FILE), .ca_dir = {"others", "authorities"}},
    {TRUST("a file and a folder of authorities: the folder's", "stranger", NULL, 0, GREETED, OK, ""),
     .ca_dir = {"others"}},
    {TRUST("a file and a folder of authorities: the file's", "good", NULL, 0, GREETED, OK, ""),
     .ca_dir = {"others"}},
    {TRUST("a folder without the right authority", "good", NULL, NO_CA_FILE, NOTHING, BAD_CERT,
           "unknown authority (Parley Test Authority)"),
     .ca_dir = {"others"}},
    {TRUST("a folder without certificates", "good", NULL, NO_CA_FILE, NOTHING, PARLEY_ERR_FILE,
           "/nothing: no file in it holds a certificate that can be read"),
     .ca_dir = {"authorities", "nothing"}},
    {TRUST("a folder that is not there", "good", NULL, NO_CA_FILE, NOTHING, PARLEY_ERR_FILE,
           "/gone: not a folder that can be read"),
     .ca_dir = {"gone"}},

    {MEETS("authorities from memory", "good", FROM_MEMORY)},
    {TRUST("authorities from memory, DER", "good", "ca.der", FROM_MEMORY, GREETED, OK, "")},
    {TRUST("authorities from memory, of which one is broken, with a warning", "good", "partly-broken.pem",
           FROM_MEMORY | WARNS, GREETED, OK, "")},
    {TRUST("authorities from memory and a folder of them: the folder's", "stranger", NULL, FROM_MEMORY,
           GREETED, OK, ""),
     .ca_dir = {"others"}},
    {TRUST("authorities from memory and a folder of them: the memory's", "good", NULL, FROM_MEMORY, GREETED,
           OK, ""),
     .ca_dir = {"others"}},
    {TRUST("authorities from memory without the right one", "good", "other.pem", FROM_MEMORY, NOTHING,
           BAD_CERT, "unknown authority (Parley Test Authority)")},
    {TRUST("authorities from memory that are none", "good", "text.pem", FROM_MEMORY, NOTHING,
           PARLEY_ERR_ARGUMENT, "ca_pem: no certificate in it (51 bytes; PEM or DER is expected)")},
    {TRUST("authorities from memory, empty", "good", "empty.pem", FROM_MEMORY, NOTHING, PARLEY_ERR_ARGUMENT,
           "ca_pem: no certificate in it (0 bytes")},
    {TRUST("authorities from memory, broken", "good", "broken.pem", FROM_MEMORY, NOTHING, PARLEY_ERR_ARGUMENT,
           "ca_pem: the certificate at byte 0 cannot be read (mbedTLS -0x")},

    {TRUST("a certificate of our own, TLS 1.2", "asks-1.2", NULL, 0, GREETED, OK, "version=TLSv1.2"),
     CLIENT("client.pem", "client.key")},
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    {TRUST("a certificate of our own, TLS 1.3", "asks-1.3", NULL, 0, GREETED, OK, "version=TLSv1.3"),
     CLIENT("client.pem", "client.key")},
    {TRUST("data with a certificate of our own, TLS 1.3", "asks-1.3", NULL, 0, ECHO, OK, ""),
     CLIENT("client-both.pem", NULL)},
#endif
    {TRUST("data with a certificate and its key in one file", "asks-1.2", NULL, 0, ECHO, OK, ""),
     CLIENT("client-both.pem", NULL)},
    {TRUST("a certificate of our own that nobody asks for", "good", NULL, 0, GREETED, OK, ""),
     CLIENT("client.pem", "client.key")},
    {TRUST("a certificate of our own from memory", "asks-1.2", NULL, FROM_MEMORY, GREETED, OK, ""),
     CLIENT("client.pem", "client.key")},
    {TRUST("a certificate and its key in one text", "asks-1.2", NULL, FROM_MEMORY, ECHO, OK, ""),
     CLIENT("client-both.pem", NULL)},
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    {TRUST("a certificate of our own from memory, TLS 1.3", "asks-1.3", NULL, FROM_MEMORY, GREETED, OK, ""),
     CLIENT("client.pem", "client.key")},
#endif
    {TRUST("our key from memory has a passphrase", "asks-1.2", NULL, FROM_MEMORY, NOTHING,
           PARLEY_ERR_ARGUMENT, "client_key_pem: the key has a passphrase"),
     CLIENT("client.pem", "client-locked.key")},
    {TRUST("our key from memory is of another certificate", "asks-1.2", NULL, FROM_MEMORY, NOTHING,
           PARLEY_ERR_ARGUMENT,
           "client_key_pem: the key is not the one of the certificate in client_cert_pem"),
     CLIENT("client.pem", "good.key")},
    {BAD_FILE("our certificate is not there", "client_cert "), CLIENT("gone.pem", "client.key")},
    {BAD_FILE("our key is not there", "/gone.key: No such file or directory"),
     CLIENT("client.pem", "gone.key")},
    {BAD_FILE("our key is no key", "/text.pem: holds no key that can be read"),
     CLIENT("client.pem", "text.pem")},
    {BAD_FILE("our key stands nowhere", "/client.pem: holds no key that can be read"),
     CLIENT("client.pem", NULL)},
    {BAD_FILE("our key has a passphrase", "/client-locked.key: the key has a passphrase"),
     CLIENT("client.pem", "client-locked.key")},
    {BAD_FILE("our key is of another certificate", "/good.key: the key is not the one of the certificate"),
     CLIENT("client.pem", "good.key")},
    {TRUST("our key without a certificate", "asks-1.2", NULL, 0, NOTHING, PARLEY_ERR_ARGUMENT,
           "client_key needs client_cert"),
     CLIENT(NULL, "client.key")},

    {TRUST("a clock that nobody has set", "good", NULL, IN_1970, NOTHING, BAD_CERT,
           "tls: the clock says 1970-01-01, so it is not set")},
    {MEETS("a clock that nobody has set, dates ignored", "good", IN_1970 | IGNORE_DATES | WARNS)},
    {TRUST("a clock that nobody has set, dates ignored, and nothing else", "stranger", NULL,
           IN_1970 | IGNORE_DATES | WARNS, NOTHING, BAD_CERT,
           "tls: the certificate comes from an unknown authority (Somebody Else)")},
    {MEETS("a clock that nobody has set, insecure", "expired", IN_1970 | INSECURE)},
    {TRUST("dates that would be ignored, and a clock that is set", "expired", NULL, IGNORE_DATES, NOTHING,
           BAD_CERT, "tls: the certificate expired on 2020-02-01")},
};

/* ---- one meeting ------------------------------------------------------------------------------- */

static const char *directory;
static struct longest {
    uint64_t us;
    const char *title;
} longest; /* call of parley_stream_work */
enum {
    LATEST_MS = 3000,
    ECHO_BYTES = 300000,
    STUCK_BYTES = 6000000, /* more than a connection to ourselves buffers */
    SLOW_BYTES = 3000,     /* byte by byte */
    LINE_BYTES = 256,
};

struct meeting {
    const char *title;
    struct parley_stream *stream;
    void *memory;
    int status; /* of open, then of work */
    char why[PARLEY_TRANSPORT_REASON];
    unsigned warnings;
    struct parley_facts facts;
    uint64_t began_us, longest_us;
    bool keeps; /* what it leaves to the next stays in `kept` */
};
static _Alignas(max_align_t) unsigned char kept[4096];

static uint16_t port_of(const char *peer)
{
    char path[512], name[64];
    unsigned port = 0;

    snprintf(path, sizeof path, "%s/ports", directory);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fscanf(file, "%63s %u", name, &port) == 2)
        if (strcmp(name, peer) == 0)
            break;
    fclose(file);
    assert_string_equal(name, peer);
    return (uint16_t)port;
}

/* The text of NAME.pin. */
static void read_pin(char pin[64], const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.pin", directory, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%63s", pin), 1);
    fclose(file);
}

/* Texts that an endpoint points to. */
struct texts {
    char pins[3][64], ca_file[512], ca_dir[1024], client_cert[512], client_key[512];
    struct parley_view views[3];
    char loaded[3][8192];
};

static void set_pins(struct parley_endpoint *to, const struct trust_row *row, struct texts *texts)
{
    for (size_t i = 0; i < 3 && row->pins[i] != NULL; i++) {
        const char *pin = row->pins[i];

        if (pin[0] == '@' || pin[0] == '/')
            read_pin(texts->pins[i], pin + 1);
        else
            snprintf(texts->pins[i], sizeof texts->pins[i], "%s", pin);
        if (pin[0] == '/') { /* sha256//... */
            memmove(texts->pins[i] + 7, texts->pins[i] + 6, strlen(texts->pins[i] + 6) + 1);
            texts->pins[i][6] = '/';
        }
        texts->views[i] = parley_view(texts->pins[i]);
        to->pin_count = i + 1;
    }
    to->pins = texts->views;
}

static struct parley_view in_directory(char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s", directory, name);
    return parley_view(name != NULL ? path : NULL);
}

/* What is in a file that is named there; then it is named no more. */
static struct parley_view load(char into[8192], struct parley_view *name)
{
    int bytes = parley_file_load(name->at, into, 8192);

    assert_true(bytes >= 0);
    *name = parley_view(NULL);
    return parley_view_of(into, (size_t)bytes);
}

static void load_all(struct parley_endpoint *to, struct texts *texts)
{
    if (to->ca_file.at != NULL)
        to->ca_pem = load(texts->loaded[0], &to->ca_file);
    if (to->client_cert.at != NULL)
        to->client_cert_pem = load(texts->loaded[1], &to->client_cert);
    if (to->client_key.at != NULL)
        to->client_key_pem = load(texts->loaded[2], &to->client_key);
}

static void set_trust(struct parley_endpoint *to, const struct trust_row *row, struct texts *texts)
{
    set_pins(to, row, texts);
    to->client_cert = in_directory(texts->client_cert, row->client_cert);
    to->client_key = in_directory(texts->client_key, row->client_key);
    to->ignore_dates_unset = (row->row.flags & IGNORE_DATES) != 0;
    for (size_t i = 0; i < 2 && row->ca_dir[i] != NULL; i++) {
        size_t used = strlen(texts->ca_dir);

        snprintf(texts->ca_dir + used, sizeof texts->ca_dir - used, "%s%s/%s", i > 0 ? ":" : "", directory,
                 row->ca_dir[i]);
        to->ca_dir = parley_view(texts->ca_dir);
    }
    if (row->row.flags & FROM_MEMORY)
        load_all(to, texts);
}

static void count_warnings(void *user, enum parley_log_level level, struct parley_view line)
{
    (void)line;
    if (level == PARLEY_LOG_WARN)
        ++*(unsigned *)user;
}

static void open_stream(struct meeting *m, const struct row *row)
{
    struct parley_address loopback = {.family = 4, .bytes = {127, 0, 0, 1}, .port = port_of(row->peer)};
    struct texts texts = {0};
    struct parley_endpoint to = {
        .insecure_no_verify = (row->flags & INSECURE) != 0,
        .addresses = &loopback,
        .address_count = row->flags & LOOK_UP ? 0 : 1,
        .deadlines = {.resolve_ms = 2000, .connect_ms = 2000, .tls_ms = row->tls_ms > 0 ? row->tls_ms : 5000},
        .kept = m->keeps ? kept : NULL,
        .log = {count_warnings, &m->warnings, PARLEY_LOG_DEBUG},
    };
    struct parley_stream_options options = {parley_view(row->host), loopback.port, !(row->flags & PLAIN), &to,
                                            &m->facts};
    struct parley_arena count = parley_arena(NULL, 0);

    m->title = row->title;
    in_directory(texts.ca_file, row->ca != NULL ? row->ca : "ca.pem");
    to.ca_file = parley_view(row->flags & (SYSTEM_CAS | NO_CA_FILE) ? NULL : texts.ca_file);
    if (row->flags & TRUSTS)
        set_trust(&to, (const struct trust_row *)row, &texts);
    assert_int_equal(parley_stream_open(&m->stream, &count, &options, m->why), 0);
    assert_null(m->stream);
    in_1970 = (row->flags & IN_1970) != 0;
    m->memory = malloc(count.used);
    struct parley_arena arena = parley_arena(m->memory, count.used);
    m->began_us = parley_clock_us();
    m->status = parley_stream_open(&m->stream, &arena, &options, m->why);
    assert_true(m->status < 0 || m->stream != NULL);
}

/* Lets the stream work until it has something to tell; `read` and `write` are what the test waits for. */
static void serve(struct meeting *m, bool read, bool write)
{
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];
    size_t count = parley_stream_interest(m->stream, read, write, want);

    assert_in_range(count, 1, PARLEY_TRANSPORT_INTERESTS);
    assert_true(parley_wait(want, count, m->began_us + LATEST_MS * 1000) >= 0);
    uint64_t before_us = parley_clock_us();
    m->status = parley_stream_work(m->stream, before_us);
    uint64_t took_us = parley_clock_us() - before_us;
    if (took_us > m->longest_us)
        m->longest_us = took_us;
    if (took_us > longest.us)
        longest = (struct longest){took_us, m->title};
    assert_true(parley_clock_us() < m->began_us + LATEST_MS * 1000);
}

static void connect_stream(struct meeting *m)
{
    if (m->status < 0)
        return;
    while (m->status == 0)
        serve(m, false, false);
    if (m->status < 0) {
        assert_int_equal(parley_stream_work(m->stream, parley_clock_us()), m->status);
        snprintf(m->why, sizeof m->why, "%s", parley_stream_reason(m->stream).at);
    } else {
        assert_string_equal(parley_stream_stage(m->stream), "open");
        assert_int_equal(parley_stream_reason(m->stream).len, 0);
    }
}

static void read_line(struct meeting *m, char line[LINE_BYTES])
{
    size_t len = 0;

    while (len == 0 || line[len - 1] != '\n') {
        int got = parley_stream_read(m->stream, line + len, 1);

        assert_true(got >= 0);
        len += (size_t)got;
        assert_true(len < LINE_BYTES);
        if (got == 0)
            serve(m, true, false);
    }
    line[len] = '\0';
}

/* ---- what is done with an open stream ------------------------------------------------------------ */

static unsigned char pattern(size_t at)
{
    return (unsigned char)(at * 31 + at / 251);
}

/* Writes what the stream takes; a write it did not take is repeated, sometimes with more behind it. */
static size_t write_some(struct meeting *m, size_t at, size_t total)
{
    static unsigned char block[40000];
    size_t bytes = sizeof block < total - at ? sizeof block : total - at;

    for (size_t i = 0; i < bytes; i++)
        block[i] = pattern(at + i);
    int took = parley_stream_write(m->stream, block, bytes);
    assert_true(took >= 0);
    return (size_t)took;
}

static size_t read_some(struct meeting *m, size_t at)
{
    unsigned char block[5000];
    int got = parley_stream_read(m->stream, block, sizeof block);

    assert_true(got >= 0);
    for (int i = 0; i < got; i++)
        assert_int_equal(block[i], pattern(at + (size_t)i));
    return (size_t)got;
}

static void say_goodbye(struct meeting *m)
{
    struct parley_interest want;

    parley_stream_shutdown(m->stream);
    while (parley_stream_interest(m->stream, false, false, &want) == 1 && want.write) {
        serve(m, false, false);
        parley_stream_shutdown(m->stream);
    }
    parley_stream_drop(m->stream);
    m->stream = NULL;
}

/* The peer notes in a file which end it saw. */
static void see_goodbye(void)
{
    char saw[512], missed[512];
    uint64_t latest_us = parley_clock_us() + LATEST_MS * 1000;
    FILE *file = NULL;

    snprintf(saw, sizeof saw, "%s/goodbye", directory);
    snprintf(missed, sizeof missed, "%s/no-goodbye", directory);
    while (file == NULL) {
        file = fopen(saw, "r");
        assert_null(fopen(missed, "r"));
        assert_true(parley_clock_us() < latest_us);
        parley_wait(NULL, 0, parley_clock_us() + 1000);
    }
    fclose(file);
    remove(saw);
}

/* Tells the peer that reads nothing to do so after all, or takes it back. */
static void read_on(bool on)
{
    char path[512];

    snprintf(path, sizeof path, "%s/read-on", directory);
    if (on)
        fclose(fopen(path, "w"));
    else
        remove(path);
}

static void echo(struct meeting *m, const struct row *row)
{
    bool sticks = (row->flags & STICKS) != 0, was_stuck = false;
    size_t total = one_byte ? SLOW_BYTES : sticks ? STUCK_BYTES : ECHO_BYTES, sent = 0, got = 0;
    char line[LINE_BYTES];

    if (!(row->flags & PLAIN))
        read_line(m, line);
    unsigned long before = allocations; /* those of the handshake show that they are counted */
    while (got < total) {
        size_t took = sent < total ? write_some(m, sent, total) : 0, came = read_some(m, got);

        if (sticks && took == 0 && !was_stuck)
            read_on(true);
        was_stuck = was_stuck || (took == 0 && sent < total);
        sent += took;
        got += came;
        if (took == 0 && came == 0)
            serve(m, true, sent < total);
        assert_int_equal(m->status, 1);
    }
    assert_true(before > 0 || (row->flags & PLAIN));
    assert_int_equal(allocations, before);
    read_on(false);
    assert_true(was_stuck || !(sticks || one_byte));
    say_goodbye(m);
    see_goodbye();
}

static void read_end(struct meeting *m, const struct row *row)
{
    char line[LINE_BYTES];
    int got = 0;

    while ((row->flags & PLAIN) && got == 0)
        got = parley_stream_write(m->stream, "x", 1);
    while ((got = parley_stream_read(m->stream, line, sizeof line)) >= 0)
        if (got == 0)
            serve(m, true, false);
    assert_int_equal(got, row->status);
    do /* and so it stays, the nothings of byte by byte apart */
        got = parley_stream_read(m->stream, line, sizeof line);
    while (got == 0);
    assert_int_equal(got, row->status);
    assert_non_null(strstr(parley_stream_reason(m->stream).at, row->words));
}

/* ---- the tests --------------------------------------------------------------------------------- */

static void close_meeting(struct meeting *m)
{
    parley_stream_drop(m->stream);
    free(m->memory);
}

static void check(struct meeting *m, const struct row *row)
{
    uint64_t took_ms = (parley_clock_us() - m->began_us) / 1000;
    char line[LINE_BYTES], pin[64];

    assert_in_range(took_ms, row->at_least_ms, LATEST_MS);
    assert_int_equal(m->warnings > 0, (row->flags & (INSECURE | WARNS)) != 0);
    switch (row->action) {
    case NOTHING:
        if (m->status != row->status || strstr(m->why, row->words) == NULL)
            fail_msg("%s, \"%s\", but it has to be %s, \"%s\"", parley_status_name(m->status), m->why,
                     parley_status_name(row->status), row->words);
        if (row->flags & TRUSTS && ((const struct trust_row *)row)->seen != NULL) {
            read_pin(pin, ((const struct trust_row *)row)->seen);
            assert_non_null(strstr(m->why, pin));
        }
        return;
    case GREETED:
        assert_int_equal(m->status, 1);
        read_line(m, line);
        assert_non_null(strstr(line, row->words));
        say_goodbye(m); /* else the peer notes that it missed one, and a later row finds that */
        see_goodbye();
        return;
    case ECHO:
        assert_int_equal(m->status, 1);
        echo(m, row);
        return;
    case READ_END:
        assert_int_equal(m->status, 1);
        read_end(m, row);
        return;
    }
}

static void meet(void **state)
{
    const struct row *row = *state;
    struct meeting m = {0};

    allocations = 0;
    no_system_files = (row->flags & NO_SYSTEM_CAS) != 0;
    open_stream(&m, row);
    connect_stream(&m);
    check(&m, row);
    close_meeting(&m);
    in_1970 = false;
}

static void meet_quickly(void **state)
{
    one_byte = false;
    meet(state);
}

static void meet_slowly(void **state)
{
    one_byte = true;
    meet(state);
}

static void expect_certificate(const struct parley_fact_certificate *got, const char *subject,
                               const char *issuer, const char *names, const char *to, const char *pin_of)
{
    char pin[64];

    assert_string_equal(got->subject, subject);
    assert_string_equal(got->issuer, issuer);
    assert_string_equal(got->names, names);
    if (to != NULL) {
        assert_string_equal(got->from, "2024-01-01");
        assert_string_equal(got->to, to);
    }
    read_pin(pin, pin_of);
    assert_string_equal(got->pin, pin);
}

/* What a link tells of itself: the chain, the protocol, the address; and it stays when the stream is gone, in
   the stream's memory. */
static void facts(void **state)
{
    static const struct row row = {.title = "facts", .peer = "chain", .host = "localhost"};
    struct meeting m = {0};
    char line[LINE_BYTES];

    (void)state;
    one_byte = false;
    open_stream(&m, &row);
    connect_stream(&m);
    assert_int_equal(m.status, 1);
    read_line(&m, line);
    say_goodbye(&m);
    see_goodbye();
    assert_int_equal(m.facts.address.family, 4);
    assert_int_equal(m.facts.address.port, port_of("chain"));
    assert_int_equal(strncmp(m.facts.tls_version, "TLSv1.", 6), 0);
    assert_non_null(strstr(m.facts.cipher, "TLS"));
    assert_int_equal(m.facts.chain_count, 3);
    expect_certificate(&m.facts.chain[0], "localhost", "Parley Test Intermediate", "localhost", "2045-06-01",
                       "chain");
    expect_certificate(&m.facts.chain[1], "Parley Test Intermediate", "Parley Test Authority",
                       "Parley Test Intermediate", "2045-06-01", "middle");
    expect_certificate(&m.facts.chain[2], "Parley Test Authority", "Parley Test Authority",
                       "Parley Test Authority", NULL, "ca");
    close_meeting(&m);
}

/* They tell of a certificate that is refused as well, and of many names as many as fit. */
static void facts_of_a_refusal(void **state)
{
    static const struct row row = {.title = "facts of a refusal", .peer = "many-names", .host = "localhost"};
    struct meeting m = {0};

    (void)state;
    open_stream(&m, &row);
    connect_stream(&m);
    assert_int_equal(m.status, BAD_CERT);
    parley_stream_drop(m.stream);
    m.stream = NULL;
    assert_int_equal(m.facts.chain_count, 2);
    assert_string_equal(m.facts.chain[0].names, "a-rather-long-name-of-a-server-1.example.test, "
                                                "a-rather-long-name-of-a-server-2.example.test");
    close_meeting(&m);
}

/* One link after another with the same peer: what the first leaves, the second offers, and so on. */
static const struct again {
    struct trust_row row;
    bool resumed;
} agains[] = {
    {{TRUST("again, TLS 1.2", "good-1.2", NULL, 0, GREETED, OK, "")}, true},
    {{TRUST("again, the newest TLS", "good", NULL, 0, GREETED, OK, "")}, true},
    {{TRUST("again, an RSA certificate", "good-rsa", NULL, 0, GREETED, OK, "")}, true},
    {{TRUST("again, with a certificate of our own", "asks-1.2", NULL, 0, GREETED, OK, ""),
      CLIENT("client.pem", "client.key")},
     true},
    {{TRUST("again, all from memory", "asks-1.2", NULL, FROM_MEMORY, GREETED, OK, ""),
      CLIENT("client.pem", "client.key")},
     true},
    {{TRUST("again, all from memory, a peer that has forgotten", "forgets-1.2", NULL, FROM_MEMORY, GREETED,
            OK, "")},
     false},
    {{TRUST("again, a peer that has forgotten, TLS 1.2", "forgets-1.2", NULL, 0, GREETED, OK, "")}, false},
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    {{TRUST("again, TLS 1.3", "good-1.3", NULL, 0, GREETED, OK, "")}, true},
    {{TRUST("again, with a certificate of our own, TLS 1.3", "asks-1.3", NULL, 0, GREETED, OK, ""),
      CLIENT("client.pem", "client.key")},
     true},
    {{TRUST("again, a peer that has forgotten, TLS 1.3", "forgets-1.3", NULL, 0, GREETED, OK, "")}, false},
#endif
    {{TRUST("again, unverified", "good", NULL, INSECURE, GREETED, OK, "")}, false},
    {{TRUST("again, unverified but pinned", "good", NULL, INSECURE, GREETED, OK, ""), .pins = {"@good"}},
     true},
};

static void meet_again(void **state)
{
    const struct again *again = *state;
    const struct row *row = &again->row.row;
    uint64_t longest_us[3];

    one_byte = false;
    memset(kept, 0, sizeof kept);
    assert_in_range(parley_transport_kept_bytes, 1, sizeof kept);
    for (int link = 0; link < 3; link++) {
        bool resumed = link > 0 && again->resumed;
        struct meeting m = {.keeps = true};
        char line[LINE_BYTES];

        open_stream(&m, row);
        connect_stream(&m);
        assert_int_equal(m.status, 1);
        read_line(&m, line);
        assert_non_null(strstr(line, resumed ? " resumed=True" : " resumed=False"));
        assert_int_equal(m.facts.resumed, resumed);
        assert_int_equal(m.facts.chain_count > 0, !resumed);
        assert_non_null(m.facts.cipher);
        say_goodbye(&m);
        see_goodbye();
        longest_us[link] = m.longest_us;
        close_meeting(&m);
    }
    printf("# %s: the longest call took %.1f ms, then %.1f and %.1f ms\n", row->title,
           (double)longest_us[0] / 1000, (double)longest_us[1] / 1000, (double)longest_us[2] / 1000);
}

/* mbedTLS wants the bytes of a write it could not finish again: fewer are a fault of the caller. */
static void fewer_bytes(void **state)
{
    const struct row *row = *state;
    struct meeting m = {0};
    static unsigned char block[16384];
    int took;

    one_byte = false;
    open_stream(&m, row);
    connect_stream(&m);
    assert_int_equal(m.status, 1);
    do
        took = parley_stream_write(m.stream, block, sizeof block);
    while (took > 0);
    assert_int_equal(took, 0);
    assert_int_equal(parley_stream_write(m.stream, block, 1), PARLEY_ERR_ARGUMENT);
    assert_true(parley_stream_write(m.stream, block, sizeof block) >= 0);
    close_meeting(&m);
}

/* Nothing is kept when the block is too small, wherever it ends. */
static void small_block(void **state)
{
    struct parley_address loopback = {.family = 4, .bytes = {127, 0, 0, 1}, .port = 1};
    struct parley_endpoint to = {.insecure_no_verify = true, .addresses = &loopback, .address_count = 1};
    struct parley_facts facts = {0};
    struct parley_stream_options options = {parley_view("localhost"), 1, true, &to, &facts};
    struct parley_arena count = parley_arena(NULL, 0);
    struct parley_stream *stream = NULL;
    char why[PARLEY_TRANSPORT_REASON];

    (void)state;
    assert_int_equal(parley_stream_open(&stream, &count, &options, why), 0);
    unsigned char *memory = malloc(count.used);
    for (size_t bytes = 0; bytes + 64 < count.used; bytes += 500) {
        struct parley_arena arena = parley_arena(memory, bytes);

        assert_int_equal(parley_stream_open(&stream, &arena, &options, why), PARLEY_ERR_MEMORY);
        assert_null(stream);
        assert_string_equal(why, "the memory block is too small for the stream");
    }
    free(memory);
}

int main(int count, char **arguments)
{
    enum {
        ROWS = sizeof rows / sizeof *rows,
        TRUST_ROWS = sizeof trust_rows / sizeof *trust_rows,
        AGAINS = sizeof agains / sizeof *agains
    };
    static struct CMUnitTest tests[2 * (ROWS + TRUST_ROWS) + AGAINS + 4];
    static const struct row *all[ROWS + TRUST_ROWS];
    static char slow_titles[ROWS + TRUST_ROWS][128];
    static const struct row stuck = {.peer = "slow", .host = "localhost"};
    size_t used = 0;

    if (count < 2) {
        fprintf(stderr, "usage: test/peer/tls_matrix.sh [TITLE], which runs this\n");
        return 2;
    }
    if (count > 2)
        cmocka_set_test_filter(arguments[2]);
    directory = arguments[1];
    for (size_t i = 0; i < ROWS + TRUST_ROWS; i++) {
        all[i] = i < ROWS ? &rows[i] : &trust_rows[i - ROWS].row;
        tests[used++] = (struct CMUnitTest){all[i]->title, meet_quickly, NULL, NULL, (void *)all[i]};
    }
    for (size_t i = 0; i < ROWS + TRUST_ROWS; i++) {
        if (all[i]->status == PARLEY_ERR_FILE || all[i]->status == PARLEY_ERR_ARGUMENT ||
            all[i]->flags & (NOT_SLOWLY | STICKS))
            continue;
        snprintf(slow_titles[i], sizeof *slow_titles, "byte by byte: %s", all[i]->title);
        tests[used++] = (struct CMUnitTest){slow_titles[i], meet_slowly, NULL, NULL, (void *)all[i]};
    }
    for (size_t i = 0; i < AGAINS; i++)
        tests[used++] =
            (struct CMUnitTest){agains[i].row.row.title, meet_again, NULL, NULL, (void *)&agains[i]};
    tests[used++] = (struct CMUnitTest){"the facts of a link", facts, NULL, NULL, NULL};
    tests[used++] = (struct CMUnitTest){"the facts of a refusal", facts_of_a_refusal, NULL, NULL, NULL};
    tests[used++] = (struct CMUnitTest){"a stuck write that is repeated with fewer bytes", fewer_bytes, NULL,
                                        NULL, (void *)&stuck};
    tests[used++] = (struct CMUnitTest){"a block of memory that is too small", small_block, NULL, NULL, NULL};
    used = (size_t)_cmocka_run_group_tests("tls", tests, used, NULL, NULL);
    printf("# the longest call of parley_stream_work took %.1f ms (%s)\n", (double)longest.us / 1000,
           longest.title);
    return (int)used;
}
