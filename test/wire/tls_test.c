/*
 * TLS over the fake network, with a server by mbedTLS in the same program: what no real peer does on demand.
 * Certificates and real peers are the matter of test/peer/tls_matrix.
 *
 * link: -Wl,--wrap=parley_socket_read,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "certificate_test.h"

#include "platform/clock.h"
#include "platform/socket.h"
#include "transport/wss/resume.h"
#include "transport/wss/tls.h"

#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ticket.h>

/* ---- memory that runs out ------------------------------------------------------------------------ */

/* While `on`, as the client works, allocations count, and the one with this number fails. `live`: of the
   whole program, but for shared libraries. */
static struct {
    bool on;
    unsigned count, fail_at;
    long live;
} heap;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void __wrap_free(void *memory);

static bool is_refused(void)
{
    return heap.on && ++heap.count == heap.fail_at;
}

void *__wrap_malloc(size_t bytes)
{
    void *memory = is_refused() ? NULL : __real_malloc(bytes);

    heap.live += memory != NULL;
    return memory;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    void *memory = is_refused() ? NULL : __real_calloc(count, bytes);

    heap.live += memory != NULL;
    return memory;
}

void *__wrap_realloc(void *old, size_t bytes)
{
    bool fresh = old == NULL;
    void *memory = is_refused() ? NULL : __real_realloc(old, bytes);

    heap.live += fresh && memory != NULL;
    return memory;
}

void __wrap_free(void *memory)
{
    heap.live -= memory != NULL;
    __real_free(memory);
}

/* ---- the server -------------------------------------------------------------------------------- */

static mbedtls_pk_context key;
static mbedtls_x509_crt certificate;

/* A key and a certificate by itself, for all the tests. */
static int make_certificate(void **state)
{
    static unsigned char der[1024];
    mbedtls_x509write_cert writer;
    int bytes;

    (void)state;
    mbedtls_x509_crt_init(&certificate);
    make_certificate_of("CN=localhost", &key, &writer);
    bytes = mbedtls_x509write_crt_der(&writer, der, sizeof der, random_bytes, NULL);
    assert_true(bytes > 0);
    assert_int_equal(mbedtls_x509_crt_parse_der(&certificate, der + sizeof der - bytes, (size_t)bytes), 0);
    mbedtls_x509write_crt_free(&writer);
    return 0;
}

static int free_certificate(void **state)
{
    (void)state;
    mbedtls_x509_crt_free(&certificate);
    mbedtls_pk_free(&key);
    return 0;
}

static int server_send(void *context, const unsigned char *from, size_t bytes)
{
    size_t sent = parley_fake_peer_write(0, from, bytes);

    (void)context;
    return sent > 0 ? (int)sent : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int server_receive(void *context, unsigned char *into, size_t bytes)
{
    size_t got = parley_fake_peer_read(0, into, bytes);

    (void)context;
    return got > 0 ? (int)got : MBEDTLS_ERR_SSL_WANT_READ;
}

/* ---- both ends --------------------------------------------------------------------------------- */

static struct pair {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    bool server_done;
    struct parley_tls *tls;
    struct parley_facts facts;
    int fd;
    unsigned char memory[16384];
} pair;

/* What outlives a pair: at the client's end, and at the server's. */
static struct lasting {
    struct parley_resume kept;
    struct parley_view pin;    /* absent: nothing is verified */
    struct parley_view ca_pem; /* absent: but by the pin */
    bool keeps;
    uint64_t links;
    bool ids, has_tickets;
    size_t ticket_bytes; /* more in each ticket than it needs */
    size_t recv_bytes;   /* of the link's buffer; 0: 4096 */
    mbedtls_ssl_cache_context cache;
    mbedtls_ssl_ticket_context tickets;
} lasting;

/* As mbedTLS does it, with as many bytes more behind it. */
static int write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
                        const unsigned char *end, size_t *bytes, uint32_t *lifetime)
{
    int code = mbedtls_ssl_ticket_write(context, session, start, end, bytes, lifetime);

    if (code != 0 || (size_t)(end - start) < *bytes + lasting.ticket_bytes)
        return code;
    memset(start + *bytes, 0, lasting.ticket_bytes);
    *bytes += lasting.ticket_bytes;
    return 0;
}

/* A server without either resumes nothing; that is what mbedTLS does on its own. */
static void remember_sessions(mbedtls_ssl_config *config)
{
    mbedtls_ssl_conf_session_tickets(config, lasting.has_tickets ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                                 : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    if (lasting.ids)
        mbedtls_ssl_conf_session_cache(config, &lasting.cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
    if (lasting.has_tickets)
        mbedtls_ssl_conf_session_tickets_cb(config, write_ticket, mbedtls_ssl_ticket_parse, &lasting.tickets);
}

static void open_server(bool only_1_2)
{
    mbedtls_ssl_init(&pair.ssl);
    mbedtls_ssl_config_init(&pair.config);
    assert_int_equal(mbedtls_ssl_config_defaults(&pair.config, MBEDTLS_SSL_IS_SERVER,
                                                 MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
                     0);
    mbedtls_ssl_conf_rng(&pair.config, random_bytes, NULL);
    mbedtls_ssl_conf_renegotiation(&pair.config, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
    mbedtls_ssl_conf_renegotiation_enforced(&pair.config, MBEDTLS_SSL_RENEGOTIATION_NOT_ENFORCED);
#if MBEDTLS_3
    if (only_1_2)
        mbedtls_ssl_conf_max_tls_version(&pair.config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    (void)only_1_2;
#endif
    remember_sessions(&pair.config);
    assert_int_equal(mbedtls_ssl_conf_own_cert(&pair.config, &certificate, &key), 0);
    assert_int_equal(mbedtls_ssl_setup(&pair.ssl, &pair.config), 0);
    mbedtls_ssl_set_bio(&pair.ssl, NULL, server_send, server_receive, NULL);
}

static int try_client(const struct parley_fake_limits *limits, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_endpoint to = {.insecure_no_verify = lasting.ca_pem.at == NULL,
                                 .ignore_dates_unset = true,
                                 .ca_pem = lasting.ca_pem,
                                 .pins = &lasting.pin,
                                 .pin_count = lasting.pin.len > 0,
                                 .recv_bytes = lasting.recv_bytes > 0 ? lasting.recv_bytes
                                                                      : 4096, /* a quarter is read ahead */
                                 .kept = lasting.keeps ? &lasting.kept : NULL};
    struct parley_tls_options options = {parley_view("localhost"), &to, &pair.facts};
    struct parley_arena arena = parley_arena(pair.memory, sizeof pair.memory);
    struct parley_address address = {.family = 4, .bytes = {192, 0, 2, 1}, .port = 443};
    int status;

    parley_fake_address("192.0.2.1", 443, PARLEY_FAKE_ACCEPT, 0);
    parley_fake_limits(-1, limits);
    pair.fd = parley_socket_connect(&address);
    heap.on = true;
    status = parley_tls_open(&pair.tls, &arena, &options, why);
    heap.on = false;
    if (status == PARLEY_OK)
        parley_tls_attach(pair.tls, pair.fd);
    return status;
}

static void open_client(const struct parley_fake_limits *limits)
{
    char why[PARLEY_TRANSPORT_REASON];

    assert_int_equal(try_client(limits, why), 0);
}

static void open_half(bool only_1_2)
{
    parley_fake_reset();
    parley_fake_random_seed(++lasting.links); /* else a server draws the ids again that it drew before */
    memset(&pair, 0, sizeof pair);
    open_server(only_1_2);
}

static void open_pair(bool only_1_2, const struct parley_fake_limits *limits)
{
    open_half(only_1_2);
    open_client(limits);
}

static void close_pair(void)
{
    parley_tls_drop(pair.tls);
    parley_socket_close(pair.fd);
    mbedtls_ssl_free(&pair.ssl);
    mbedtls_ssl_config_free(&pair.config);
}

static bool is_pause(int code)
{
    return code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* Goes on at both ends until the client has finished or failed; `calls` counts those of the client. */
static int shake_hands(unsigned *calls)
{
    int status = 0;

    *calls = 0;
    while (status == 0) {
        if (!pair.server_done)
            pair.server_done = mbedtls_ssl_handshake(&pair.ssl) == 0;
        heap.on = true;
        status = parley_tls_handshake(pair.tls);
        heap.on = false;
        assert_true(++*calls < 20000);
    }
    while (status > 0 && !pair.server_done)
        pair.server_done = mbedtls_ssl_handshake(&pair.ssl) == 0;
    return status;
}

static int server_read(void *into, size_t bytes)
{
    int got, rounds = 0;

    do
        got = mbedtls_ssl_read(&pair.ssl, into, bytes);
    while (is_pause(got) && ++rounds < 10);
    return got;
}

/* ---- the tests --------------------------------------------------------------------------------- */

static void shakes_hands_however_the_socket_cuts(void **state)
{
    static const struct {
        const char *title;
        struct parley_fake_limits limits;
    } rows[] = {
        {"as it comes", {0, 0, 0, 0, 0}},
        {"reading a byte at a time", {1, 0, 0, 0, 0}},
        {"writing a byte at a time", {0, 1, 0, 0, 0}},
        {"seven bytes fit into the way out", {0, 0, 7, 0, 0}},
        {"all of that", {3, 2, 5, 0, 0}},
    };
    unsigned calls;
    char text[16];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        open_pair(false, &rows[i].limits);
        expect_int(rows[i].title, shake_hands(&calls), 1);
        assert_int_equal(mbedtls_ssl_write(&pair.ssl, (const unsigned char *)"hello", 5), 5);
        int got = 0;
        while (got == 0)
            got = parley_tls_read(pair.tls, text, sizeof text);
        expect_int(rows[i].title, got, 5);
        assert_memory_equal(text, "hello", 5);
        close_pair();
    }
}

/* Its two buffers have room for 16 KB each, and hold next to nothing once the handshake is done. The fake
   platform overwrites what is given back, so the other tests tell whether any of it was wanted. */
static void gives_back_the_buffers_of_the_handshake(void **state)
{
    unsigned calls;

    (void)state;
    for (int only_1_2 = 0; only_1_2 < 2; only_1_2++) {
        open_pair(only_1_2 != 0, &(struct parley_fake_limits){0});
        expect_int("before", (int)parley_fake_given_back(), 0);
        assert_int_equal(shake_hands(&calls), 1);
        assert_in_range(parley_fake_given_back(),
                        MBEDTLS_SSL_IN_CONTENT_LEN + MBEDTLS_SSL_OUT_CONTENT_LEN - 1024,
                        MBEDTLS_SSL_IN_CONTENT_LEN + MBEDTLS_SSL_OUT_CONTENT_LEN);
        close_pair();
    }
}

static struct {
    unsigned char bytes[256];
    size_t used;
} held;

static int hold(void *context, const unsigned char *from, size_t bytes)
{
    (void)context;
    assert_true(bytes <= sizeof held.bytes - held.used);
    memcpy(held.bytes + held.used, from, bytes);
    held.used += bytes;
    return (int)bytes;
}

/* A record of the server comes byte by byte. */
static int rest_at_each_byte(const char *said, char *text, size_t bytes)
{
    int got = 0;

    held.used = 0;
    mbedtls_ssl_set_bio(&pair.ssl, NULL, hold, server_receive, NULL);
    assert_true(mbedtls_ssl_write(&pair.ssl, (const unsigned char *)said, strlen(said)) > 0);
    mbedtls_ssl_set_bio(&pair.ssl, NULL, server_send, server_receive, NULL);
    for (size_t i = 0; i < held.used && got == 0; i++) {
        parley_fake_peer_write(0, held.bytes + i, 1);
        got = parley_tls_read(pair.tls, text, bytes);
        if (got == 0)
            parley_tls_rest(pair.tls);
    }
    return got;
}

/* While it rests in the middle of a record, in or out, nothing of that is lost. */
static void rests_without_loss(void **state)
{
    static const struct parley_fake_limits none = {0}, tight = {.queue_bytes = 3};
    const size_t both = MBEDTLS_SSL_IN_CONTENT_LEN + MBEDTLS_SSL_OUT_CONTENT_LEN;
    unsigned calls;
    size_t before;
    char text[16];

    (void)state;
    for (int only_1_2 = 0; only_1_2 < 2; only_1_2++) {
        open_pair(only_1_2 != 0, &none);
        assert_int_equal(shake_hands(&calls), 1);
        assert_int_equal(mbedtls_ssl_write(&pair.ssl, (const unsigned char *)"hello you", 9), 9);
        while (parley_tls_read(pair.tls, text, 5) == 0)
            ;
        parley_tls_rest(pair.tls); /* a message that is read in part */
        assert_int_equal(parley_tls_read(pair.tls, text, sizeof text), 4);
        assert_memory_equal(text, " you", 4);

        assert_int_equal(rest_at_each_byte("again", text, sizeof text), 5);
        assert_memory_equal(text, "again", 5);

        parley_fake_limits(0, &tight);
        assert_int_equal(parley_tls_write(pair.tls, "hello", 5), 0);
        parley_tls_rest(pair.tls); /* one that does not go out */
        parley_fake_limits(0, &none);
        assert_int_equal(parley_tls_write(pair.tls, "hello", 5), 5);
        assert_int_equal(server_read(text, sizeof text), 5);
        assert_memory_equal(text, "hello", 5);

        before = parley_fake_given_back();
        parley_tls_rest(pair.tls); /* nothing of anything: all goes, with the 1024 bytes read ahead */
        assert_in_range(parley_fake_given_back() - before, both, both + 1024);
        close_pair();
    }
}

static unsigned socket_reads;

int __real_parley_socket_read(int fd, void *into, size_t bytes);
int __wrap_parley_socket_read(int fd, void *into, size_t bytes);
int __wrap_parley_socket_read(int fd, void *into, size_t bytes)
{
    socket_reads++;
    return __real_parley_socket_read(fd, into, bytes);
}

/* Short records come with one call of the system, long ones with another for what is not read ahead, and
   whoever asks is told whether there may be more without one. */
static void reads_ahead_of_records(void **state)
{
    static const struct {
        const char *title;
        struct parley_fake_limits limits;
        size_t records[6];
        unsigned reads; /* at most, with the one that finds nothing */
    } rows[] = {
        {"one short one", {0}, {100}, 2},
        {"some short ones", {0}, {1, 300, 20, 100, 7}, 2},
        {"one that is longer than what is read ahead", {0}, {8000}, 3},
        {"long and short ones", {0}, {1, 5000, 20, 1000, 3000}, 8},
        {"cut by the socket", {.read_bytes = 7}, {1, 300, 2000, 20}, 2500 / 7},
    };
    static unsigned char sent[16384], came[16384];
    unsigned calls;

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (unsigned char)(i * 7 + i / 256);
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t all = 0, got = 0;
        open_pair(true, &rows[i].limits);
        expect_int(rows[i].title, shake_hands(&calls), 1);
        for (size_t n = 0; n < COUNT(rows[i].records) && rows[i].records[n] > 0; all += rows[i].records[n++])
            assert_int_equal(mbedtls_ssl_write(&pair.ssl, sent + all, rows[i].records[n]),
                             rows[i].records[n]);
        socket_reads = 0;
        for (int some = 1; some > 0 || got < all; got += (size_t)some) {
            bool more = parley_tls_buffered(pair.tls);
            unsigned before = socket_reads;
            some = parley_tls_read(pair.tls, came + got, sizeof came - got);
            assert_true(some >= 0 && (some > 0 || socket_reads > before)); /* nothing comes of asking alone */
            assert_true(more || socket_reads > before);
        }
        expect_int(rows[i].title, (int)got, (int)all);
        assert_memory_equal(came, sent, all);
        assert_false(parley_tls_buffered(pair.tls));
        if (socket_reads > rows[i].reads)
            fail_msg("%s: %u reads", rows[i].title, socket_reads);
        close_pair();
    }
}

/* What comes closely behind something else is read by as few calls as can be, what comes after a pause with
   little to copy. */
static void reads_further_ahead_in_a_rush(void **state)
{
    static const struct {
        const char *title;
        uint64_t gap_us;
        unsigned reads; /* with the one that finds nothing */
    } rows[] = {
        {"at once", 0, 2},
        {"within a millisecond", 999, 2},
        {"after one", 1000, 8},
        {"after a pause", 4000, 8},
    };
    static const struct parley_fake_limits none = {0};
    static unsigned char sent[1400], came[1500];
    const uint64_t first_us = 5000000;
    unsigned calls;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        lasting.recv_bytes = 32768;
        open_pair(true, &none);
        lasting.recv_bytes = 0;
        expect_int(rows[i].title, shake_hands(&calls), 1);
        assert_int_equal(mbedtls_ssl_write(&pair.ssl, sent, 10), 10);
        assert_int_equal(parley_tls_work(pair.tls, first_us), 0);
        assert_int_equal(parley_tls_read(pair.tls, came, sizeof came), 10);
        for (int n = 0; n < 5; n++)
            assert_int_equal(mbedtls_ssl_write(&pair.ssl, sent, sizeof sent), sizeof sent);
        assert_int_equal(parley_tls_work(pair.tls, first_us + rows[i].gap_us), 0);
        socket_reads = 0;
        for (int n = 0; n < 5; n++)
            expect_int(rows[i].title, parley_tls_read(pair.tls, came, sizeof came), sizeof sent);
        expect_int(rows[i].title, parley_tls_read(pair.tls, came, sizeof came), 0);
        expect_int(rows[i].title, (long)socket_reads, (long)rows[i].reads);
        close_pair();
    }
}

/* So that a board without AES or multiplication in hardware stays responsive. */
static void does_one_step_in_a_call(void **state)
{
    static const struct parley_fake_limits none = {0};
    unsigned calls = 0, eager = 0;
    int status = 0;

    (void)state;
    open_pair(false, &none);
    while (status == 0) {
        if (!pair.server_done && !parley_tls_buffered(pair.tls))
            pair.server_done = mbedtls_ssl_handshake(&pair.ssl) == 0;
        status = parley_tls_handshake(pair.tls);
        calls++;
        eager += parley_tls_buffered(pair.tls);
    }
    assert_int_equal(status, 1);
    assert_in_range(calls, 12, 40);
    assert_in_range(eager, 10, 40);
    assert_false(parley_tls_buffered(pair.tls));
    close_pair();
}

/* The server asks for another handshake, which we decline with an alert; while half of that waits for the
   socket, our own bytes must neither get lost nor overtake it. */
static void loses_no_bytes_behind_a_stuck_alert(void **state)
{
    static const struct parley_fake_limits none = {0}, tight = {.queue_bytes = 3};
    unsigned calls;
    char text[16] = "";

    (void)state;
    open_pair(true, &none);
    assert_int_equal(shake_hands(&calls), 1);
    assert_int_equal(mbedtls_ssl_renegotiate(&pair.ssl), 0);
    parley_fake_limits(0, &tight);
    assert_int_equal(parley_tls_read(pair.tls, text, sizeof text), 0);
    assert_true(parley_tls_unsent(pair.tls));
    assert_int_equal(parley_tls_write(pair.tls, "hello", 5), 0);
    assert_true(parley_tls_unsent(pair.tls));
    assert_int_equal(parley_tls_work(pair.tls, 0), 0);

    parley_fake_limits(0, &none);
    assert_int_equal(parley_tls_write(pair.tls, "hello", 5), 5);
    assert_false(parley_tls_unsent(pair.tls));
    assert_int_equal(server_read(text, sizeof text), 5);
    assert_string_equal(text, "hello");
    close_pair();
}

/* A write that got stuck is repeated, with more behind it; what was stuck is what counts. */
static void repeats_a_stuck_write(void **state)
{
    static const struct parley_fake_limits none = {0}, tight = {.queue_bytes = 3};
    unsigned calls;
    char text[16] = "";

    (void)state;
    open_pair(true, &none);
    assert_int_equal(shake_hands(&calls), 1);
    parley_fake_limits(0, &tight);
    assert_int_equal(parley_tls_write(pair.tls, "hello", 5), 0);
    assert_int_equal(parley_tls_write(pair.tls, "hello", 4), PARLEY_ERR_ARGUMENT);
    assert_int_equal(parley_tls_write(pair.tls, "hello", 0), 0);
    parley_fake_limits(0, &none);
    assert_int_equal(parley_tls_write(pair.tls, "hello you", 9), 5);
    assert_int_equal(parley_tls_write(pair.tls, " you", 4), 4);
    assert_int_equal(server_read(text, 5), 5);
    assert_int_equal(server_read(text + 5, 4), 4);
    assert_string_equal(text, "hello you");
    close_pair();
}

static void says_goodbye_once(void **state)
{
    static const struct parley_fake_limits none = {0}, tight = {.queue_bytes = 3};
    unsigned calls;
    char text[16];

    (void)state;
    open_pair(true, &none);
    assert_int_equal(shake_hands(&calls), 1);
    parley_fake_limits(0, &tight);
    assert_int_equal(parley_tls_write(pair.tls, "hello", 5), 0);
    parley_tls_shutdown(pair.tls);
    parley_fake_limits(0, &none);
    parley_tls_shutdown(pair.tls);
    parley_tls_shutdown(pair.tls);
    assert_int_equal(server_read(text, sizeof text), 5);
    assert_int_equal(server_read(text, sizeof text), MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
    assert_int_equal(parley_fake_peer_read(0, text, sizeof text), 0);
    close_pair();
}

/* Wherever the connection breaks, it ends the handshake, with the reason of the socket. */
static void ends_where_the_connection_breaks(void **state)
{
    unsigned calls;
    int failed = 0, status;
    uint64_t at = 1;

    (void)state;
    do {
        struct parley_fake_limits limits = {.break_after_read = at};

        open_pair(true, &limits);
        status = shake_hands(&calls);
        if (status < 0) {
            failed++;
            assert_int_equal(status, PARLEY_ERR_TLS);
            assert_string_equal(parley_tls_reason(pair.tls),
                                "tls: the connection broke: Connection reset by peer");
            assert_int_equal(parley_tls_handshake(pair.tls), PARLEY_ERR_TLS);
            assert_int_equal(parley_tls_read(pair.tls, &limits, 1), PARLEY_ERR_TLS);
            assert_int_equal(parley_tls_write(pair.tls, &limits, 1), PARLEY_ERR_TLS);
            parley_tls_shutdown(pair.tls);
        }
        close_pair();
        at += 97;
    } while (status < 0);
    assert_in_range(failed, 5, 50);
}

static void ends_without_randomness(void **state)
{
    static const struct parley_fake_limits none = {0};

    (void)state;
    open_pair(true, &none);
    parley_fake_random_broken(true);
    int status = 0;
    for (int i = 0; i < 10 && status == 0; i++)
        status = parley_tls_handshake(pair.tls);
    assert_int_equal(status, PARLEY_ERR_TLS);
    assert_non_null(strstr(parley_tls_reason(pair.tls), "tls: the handshake failed (mbedTLS -0x"));
    close_pair();
}

/* Of an mbedTLS that was built with less room than the longest record takes; any other asks for nothing. */
static void asks_for_short_records_where_long_ones_have_no_room(void **state)
{
    static const struct parley_fake_limits none = {0};
    static const unsigned char long_record[] = "\x17\x03\x03\x40\x10";
    bool has_room = MBEDTLS_SSL_IN_CONTENT_LEN >= 16384;
    unsigned calls;
    char text[16];

    (void)state;
    open_pair(true, &none);
    assert_int_equal(shake_hands(&calls), 1);
    assert_int_equal(pair.ssl.session->mfl_code,
                     has_room ? MBEDTLS_SSL_MAX_FRAG_LEN_NONE : MBEDTLS_SSL_MAX_FRAG_LEN_4096);
    parley_fake_peer_write(0, long_record, sizeof long_record);
    assert_int_equal(parley_tls_read(pair.tls, text, sizeof text), has_room ? 0 : PARLEY_ERR_LOST);
    if (!has_room)
        assert_non_null(strstr(parley_tls_reason(pair.tls), "; its records may be longer than the "));
    close_pair();
}

/* ---- one link after another ---------------------------------------------------------------------- */

enum remembers { NOTHING, IDS, TICKETS };

/* The server has the means, and what it remembered before is gone. */
static void remember(enum remembers by, size_t ticket_bytes)
{
    lasting.ids = by == IDS;
    lasting.has_tickets = by == TICKETS;
    lasting.ticket_bytes = ticket_bytes;
    mbedtls_ssl_cache_free(&lasting.cache);
    mbedtls_ssl_ticket_free(&lasting.tickets);
    mbedtls_ssl_cache_init(&lasting.cache);
    mbedtls_ssl_ticket_init(&lasting.tickets);
    assert_int_equal(
        mbedtls_ssl_ticket_setup(&lasting.tickets, random_bytes, NULL, MBEDTLS_CIPHER_AES_256_GCM, 86400), 0);
}

static void begin_lasting(bool keeps)
{
    static char pin[PARLEY_CERTIFICATE_PIN];

    parley_fake_reset();
    memset(&lasting, 0, sizeof lasting);
    parley_certificate_pin(pin, &certificate);
    lasting.pin = parley_view(pin);
    lasting.keeps = keeps;
    mbedtls_ssl_cache_init(&lasting.cache);
    mbedtls_ssl_ticket_init(&lasting.tickets);
}

static void end_lasting(void)
{
    mbedtls_ssl_cache_free(&lasting.cache);
    mbedtls_ssl_ticket_free(&lasting.tickets);
    memset(&lasting, 0, sizeof lasting);
}

/* A whole link on which a word comes, behind whatever tickets; returns whether it was resumed. */
static bool link_once(const char *title, bool only_1_2)
{
    static const struct parley_fake_limits none = {0};
    unsigned calls;
    char text[16];
    int got = 0;

    open_pair(only_1_2, &none);
    expect_int(title, shake_hands(&calls), 1);
    assert_true(mbedtls_ssl_write(&pair.ssl, (const unsigned char *)"hello", 5) == 5);
    while (got == 0)
        got = parley_tls_read(pair.tls, text, sizeof text);
    expect_int(title, got, 5);
    assert_memory_equal(text, "hello", 5);
    assert_non_null(pair.facts.tls_version);
    assert_int_equal(pair.facts.chain_count, pair.facts.resumed ? 0 : 1);
    bool resumed = pair.facts.resumed;
    close_pair();
    return resumed;
}

static void resumes_what_the_last_link_left(void **state)
{
    static const struct {
        const char *title;
        bool only_1_2;
        enum remembers by;
        size_t ticket_bytes;
        bool keeps, forgets, kept, resumed;
    } rows[] = {
        {"by the session's id", true, IDS, 0, true, false, true, true},
        {"by a ticket", true, TICKETS, 0, true, false, true, true},
        {"by a ticket, with the newest version", false, TICKETS, 0, true, false, true, true},
        {"a service that has forgotten the id", true, IDS, 0, true, true, true, false},
        {"a service that has another key for tickets", true, TICKETS, 0, true, true, true, false},
        {"the same with the newest version", false, TICKETS, 0, true, true, true, false},
        {"a ticket larger than the memory", true, TICKETS, PARLEY_RESUME_BYTES, true, false, false, false},
        {"the same with the newest version", false, TICKETS, PARLEY_RESUME_BYTES, true, false, false, false},
        {"no memory to keep it", true, TICKETS, 0, false, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        begin_lasting(rows[i].keeps);
        remember(rows[i].by, rows[i].ticket_bytes);
        expect_int(rows[i].title, link_once(rows[i].title, rows[i].only_1_2), false);
        expect_int(rows[i].title, lasting.kept.bytes > 0, rows[i].kept);
        if (rows[i].forgets)
            remember(rows[i].by, rows[i].ticket_bytes);
        expect_int(rows[i].title, link_once(rows[i].title, rows[i].only_1_2), rows[i].resumed);
        expect_int(rows[i].title, lasting.kept.bytes > 0, rows[i].kept); /* of the second, for the third */
        expect_int(rows[i].title, link_once(rows[i].title, rows[i].only_1_2), rows[i].kept);
        end_lasting();
    }
}

/* One link after another is verified by the same text, which mbedTLS only sees while each is opened. */
static void verifies_by_a_text(void **state)
{
    static char text[2048];
    const char *begin = "-----BEGIN CERTIFICATE-----\n", *end = "-----END CERTIFICATE-----\n";
    size_t bytes;

    (void)state;
    assert_int_equal(mbedtls_pem_write_buffer(begin, end, certificate.raw.p, certificate.raw.len,
                                              (unsigned char *)text, sizeof text, &bytes),
                     0);
    for (int keeps = 0; keeps < 2; keeps++) {
        begin_lasting(keeps);
        remember(IDS, 0);
        lasting.pin = parley_view(NULL);
        lasting.ca_pem = parley_view_of(text, bytes - 1);
        assert_false(link_once("first", true));
        assert_int_equal(link_once("second", true), keeps);
        remember(IDS, 0);
        assert_false(link_once("third, forgotten", true));
        end_lasting();
    }
}

/* A resumed link proves nothing new: a day after the certificates were seen they are asked for again. */
static void resumes_for_a_day(void **state)
{
    static const struct parley_fake_limits none = {0};
    unsigned calls;

    (void)state;
    begin_lasting(true);
    remember(IDS, 0);
    assert_false(link_once("first", true));
    for (unsigned hours = 23; hours <= 24; hours++) {
        open_pair(true, &none);
        parley_fake_clock_advance_us(hours * UINT64_C(3600000000));
        assert_int_equal(shake_hands(&calls), 1);
        assert_int_equal(pair.facts.resumed, hours < 24);
        assert_true(lasting.kept.proof.verified_us == (hours < 24 ? 1000000 : parley_clock_us()));
        close_pair();
    }
    end_lasting();
}

static void resumes_up_to_the_last_day_of_the_certificates(void **state)
{
    static const struct {
        const char *title;
        const char *last_day;
        bool check_days, offered;
    } rows[] = {
        {"a later day", "2026-01-02", true, true},
        {"the day itself", "2026-01-01", true, true},
        {"the day before", "2025-12-31", true, false},
        {"the day before, and dates do not count", "2025-12-31", false, true},
    };
    struct parley_resume_proof proof;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static const struct parley_fake_limits none = {0};

        begin_lasting(true);
        remember(IDS, 0);
        link_once(rows[i].title, true);
        assert_string_equal(lasting.kept.proof.last_day, "2045-01-01");
        memcpy(lasting.kept.proof.last_day, rows[i].last_day, sizeof lasting.kept.proof.last_day);
        struct parley_resume kept = lasting.kept;
        lasting.kept.bytes = 0;
        open_pair(true, &none);
        mbedtls_ssl_context ssl;
        mbedtls_ssl_config config;
        mbedtls_ssl_init(&ssl);
        mbedtls_ssl_config_init(&config);
        assert_int_equal(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT,
                                                     MBEDTLS_SSL_TRANSPORT_STREAM,
                                                     MBEDTLS_SSL_PRESET_DEFAULT),
                         0);
        mbedtls_ssl_conf_rng(&config, random_bytes, NULL);
        assert_int_equal(mbedtls_ssl_setup(&ssl, &config), 0);
        expect_int(rows[i].title, parley_resume_offer(&kept, &ssl, rows[i].check_days, &proof),
                   rows[i].offered);
        assert_int_equal(kept.bytes, 0);
        for (size_t at = 0; at < sizeof kept.session; at++)
            assert_int_equal(kept.session[at], 0);
        mbedtls_ssl_free(&ssl);
        mbedtls_ssl_config_free(&config);
        close_pair();
        end_lasting();
    }
}

/* What was kept is offered once: a handshake that fails takes it along. */
static void offers_a_session_once(void **state)
{
    static const struct parley_fake_limits breaks = {.break_after_read = 20};
    unsigned calls;

    (void)state;
    begin_lasting(true);
    remember(IDS, 0);
    assert_false(link_once("first", true));
    assert_true(lasting.kept.bytes > 0);
    open_pair(true, &breaks);
    assert_int_equal(shake_hands(&calls), PARLEY_ERR_TLS);
    close_pair();
    assert_int_equal(lasting.kept.bytes, 0);
    assert_false(link_once("third", true));
    assert_true(link_once("fourth", true));
    end_lasting();
}

/* With nothing to go by there is nothing worth keeping. */
static void keeps_no_session_of_an_unverified_peer(void **state)
{
    (void)state;
    begin_lasting(true);
    remember(TICKETS, 0);
    lasting.pin = parley_view("");
    assert_false(link_once("1.2", true));
    assert_int_equal(lasting.kept.bytes, 0);
    assert_false(link_once("newest", false));
    assert_int_equal(lasting.kept.bytes, 0);
    end_lasting();
}

static void forgets_the_session_of_a_link_that_was_tampered_with(void **state)
{
    static const struct parley_fake_limits none = {0};
    static const unsigned char forged[] = "\x17\x03\x03\0\x20 a record that nobody with keys wrote";
    unsigned calls;
    char text[16];

    (void)state;
    for (int broken = 0; broken < 3; broken++) {
        begin_lasting(true);
        remember(IDS, 0);
        open_pair(true, &none);
        assert_int_equal(shake_hands(&calls), 1);
        assert_true(lasting.kept.bytes > 0);
        if (broken == 0)
            parley_fake_peer_write(0, forged, sizeof forged);
        else if (broken == 1)
            mbedtls_ssl_send_alert_message(&pair.ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                           MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR);
        else
            parley_fake_peer_break(0);
        assert_int_equal(parley_tls_read(pair.tls, text, sizeof text), PARLEY_ERR_LOST);
        assert_int_equal(lasting.kept.bytes > 0, broken == 2); /* networks break */
        close_pair();
        end_lasting();
    }
}

/* A link up to a message each way. Returns 1, or how it failed. */
static int greet(void)
{
    unsigned calls;
    char text[16];
    int status = shake_hands(&calls), got = 0;

    if (status < 0)
        return status;
    assert_int_equal(mbedtls_ssl_write(&pair.ssl, (const unsigned char *)"hello", 5), 5);
    heap.on = true;
    while (got == 0 && ++calls < 20000)
        got = parley_tls_read(pair.tls, text, sizeof text);
    status = got < 0 ? got : parley_tls_write(pair.tls, "hi", 2);
    heap.on = false;
    if (status < 0)
        return status;
    assert_int_equal(got, 5);
    assert_memory_equal(text, "hello", 5);
    assert_int_equal(server_read(text, sizeof text), 2);
    return 1;
}

static bool is_clean(int status)
{
    return status == PARLEY_ERR_MEMORY || status == PARLEY_ERR_TLS || status == PARLEY_ERR_CERTIFICATE ||
           status == PARLEY_ERR_SYSTEM;
}

/* One link of which the allocation with this number fails. Returns false when it does without so many. */
static bool starve(const char *title, bool only_1_2, unsigned number)
{
    static const struct parley_fake_limits none;
    char why[PARLEY_TRANSPORT_REASON] = "";
    long before = heap.live;
    bool opened;
    int status;

    heap.count = 0;
    heap.fail_at = number;
    open_half(only_1_2);
    status = try_client(&none, why);
    opened = status == PARLEY_OK;
    if (opened)
        status = greet();
    if (opened && status < 0)
        snprintf(why, sizeof why, "%s", parley_tls_reason(pair.tls));
    if (heap.count >= number ? status < 0 && (!is_clean(status) || why[0] == 0) : status < 0)
        fail_msg("%s: allocation %u: status %d, \"%s\"", title, number, status, why);
    if (!opened)
        pair.tls = NULL;
    close_pair();
    if (heap.live != before)
        fail_msg("%s: allocation %u: %ld are not given back", title, number, heap.live - before);
    heap.fail_at = 0;
    return heap.count >= number;
}

/* All of them with PARLEY_TEST_ALL, else all of the first and some of the others: most are of numbers in the
   mathematics, one like another. */
static void every_allocation_may_fail(void **state)
{
    static const struct {
        const char *title;
        bool only_1_2, keeps;
    } rows[] = {
        {"TLS 1.2", true, false}, {"the newest", false, false}, {"with a session to keep", true, true}};
    unsigned step = getenv("PARLEY_TEST_ALL") != NULL ? 1 : 197;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned number = 1;

        lasting.keeps = rows[i].keeps;
        starve(rows[i].title, rows[i].only_1_2, UINT32_MAX); /* what a process keeps for good */
        if (heap.count == 0) {
            print_message("# mbedTLS is a shared library here: its allocations cannot be made to fail\n");
            skip();
        }
        while (starve(rows[i].title, rows[i].only_1_2, number))
            number += number < 60 ? 1 : step;
        print_message("# %s: %u allocations\n", rows[i].title, heap.count);
    }
    lasting.keeps = false;
    memset(&lasting.kept, 0, sizeof lasting.kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shakes_hands_however_the_socket_cuts),
        cmocka_unit_test(gives_back_the_buffers_of_the_handshake),
        cmocka_unit_test(rests_without_loss),
        cmocka_unit_test(does_one_step_in_a_call),
        cmocka_unit_test(loses_no_bytes_behind_a_stuck_alert),
        cmocka_unit_test(repeats_a_stuck_write),
        cmocka_unit_test(says_goodbye_once),
        cmocka_unit_test(ends_where_the_connection_breaks),
        cmocka_unit_test(ends_without_randomness),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(reads_ahead_of_records),
        cmocka_unit_test(reads_further_ahead_in_a_rush),
        cmocka_unit_test(asks_for_short_records_where_long_ones_have_no_room),
        cmocka_unit_test(resumes_what_the_last_link_left),
        cmocka_unit_test(verifies_by_a_text),
        cmocka_unit_test(resumes_for_a_day),
        cmocka_unit_test(resumes_up_to_the_last_day_of_the_certificates),
        cmocka_unit_test(offers_a_session_once),
        cmocka_unit_test(keeps_no_session_of_an_unverified_peer),
        cmocka_unit_test(forgets_the_session_of_a_link_that_was_tampered_with),
    };

#if MBEDTLS_3
    if (psa_crypto_init() != PSA_SUCCESS)
        return 1;
#endif
    return cmocka_run_group_tests(tests, make_certificate, free_certificate);
}
