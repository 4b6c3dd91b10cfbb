/*
 * The other side of a whole-process benchmark, and its clock: starts a client, serves it one WebSocket
 * connection (RFC 6455, over TLS by OpenSSL or plain), says a number of audio events as a realtime service
 * does and reports what the client cost. It is built for what it measures and for nothing else.
 *
 *   runner [--tls CERT KEY SUITE] [--events N] [--gap-us N] [--ms N] [--hold-ms N] [--code N] [--together N]
 *          -- COMMAND...
 *
 *   --events   audio events to each connection (default 1000)
 *   --gap-us   between two of them (default 0: as fast as they are taken)
 *   --ms       of audio in each (default 100)
 *   --hold-ms  how long a connection stays open behind its events (default 0)
 *   --code     of the close frame after that (default 1000)
 *   --together how many connections have to be there before the events begin (default 1); those of each begin
 *              at another time within the first gap
 *
 * The command finds the service's address in BENCH_URL and the authority to trust in BENCH_CA (and
 * SSL_CERT_FILE, NODE_EXTRA_CA_CERTS). At its end one line, upgraded_ns=N, when the first request to upgrade
 * came (CLOCK_MONOTONIC); the exit status is the command's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { STAMP_BYTES = 9 };

static struct {
    SSL_CTX *tls;
    const char *cert;
    unsigned long events, gap_us, ms, hold_ms, code, together;
    char *message; /* one event, ready to be framed */
    size_t message_bytes, stamp_at;
    int listener;
    atomic_ullong upgraded_ns; /* 0 before the first */
    atomic_ulong upgraded;     /* connections */
} bench = {.events = 1000, .ms = 100, .code = 1000, .together = 1};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "runner: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- a connection ------------------------------------------------------------------------------- */

struct connection {
    int fd;
    SSL *ssl;
};

static bool put(const struct connection *c, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        long done = c->ssl != NULL ? SSL_write(c->ssl, at, (int)len) : send(c->fd, at, len, MSG_NOSIGNAL);
        if (done <= 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

static long get(const struct connection *c, void *bytes, size_t len)
{
    return c->ssl != NULL ? SSL_read(c->ssl, bytes, (int)len) : recv(c->fd, bytes, len, 0);
}

static bool upgrade(const struct connection *c)
{
    static const char label[] = "sec-websocket-key:";
    char request[8192], accept[64], answer[256];
    unsigned char hash[SHA_DIGEST_LENGTH];
    unsigned long long nobody = 0;
    size_t used = 0;
    char *key;

    do {
        long got = get(c, request + used, sizeof request - 1 - used);
        if (got <= 0)
            return false;
        used += (size_t)got;
        request[used] = '\0';
    } while (strstr(request, "\r\n\r\n") == NULL);
    atomic_compare_exchange_strong(&bench.upgraded_ns, &nobody, now_ns());
    key = strcasestr(request, label);
    if (key == NULL)
        return false;
    key += sizeof label - 1 + strspn(key + sizeof label - 1, " ");
    snprintf(accept, sizeof accept, "%.24s%s", key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    SHA1((unsigned char *)accept, strlen(accept), hash);
    EVP_EncodeBlock((unsigned char *)accept, hash, sizeof hash);
    snprintf(answer, sizeof answer,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             accept);
    return put(c, answer, strlen(answer));
}

/* A text frame of the server: not masked. Returns its length. */
static size_t frame(char *out, const char *text, size_t len)
{
    size_t head = len < 126 ? 2 : len < 65536 ? 4 : 10;

    out[0] = (char)0x81;
    out[1] = (char)(head == 2 ? len : head == 4 ? 126 : 127);
    for (size_t i = 2; i < head; i++)
        out[i] = (char)(head - 1 - i < sizeof len ? len >> 8 * (head - 1 - i) : 0);
    memcpy(out + head, text, len);
    return head + len;
}

/* The first samples of an event are the time it is sent, in nanoseconds, little-endian, and a zero. */
static void stamp(char *base64)
{
    uint64_t now = now_ns();
    unsigned char bytes[STAMP_BYTES] = {0}, text[STAMP_BYTES / 3 * 4 + 1];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(now >> 8 * i);
    EVP_EncodeBlock(text, bytes, sizeof bytes);
    memcpy(base64, text, sizeof text - 1);
}

/* Throws away what the client has said. */
static bool hear(const struct connection *c)
{
    static _Thread_local char said[65536];
    struct pollfd there = {.fd = c->fd, .events = POLLIN};

    while (poll(&there, 1, 0) > 0)
        if (get(c, said, sizeof said) <= 0)
            return false;
    return true;
}

/* Waits for the other connections; returns when the first event is due. */
static uint64_t meet(void)
{
    unsigned long place = atomic_fetch_add(&bench.upgraded, 1);

    while (atomic_load(&bench.upgraded) < bench.together)
        usleep(10000);
    return now_ns() + (bench.together > 1 ? place * 1000000 % (bench.gap_us * 1000 + 1) : 0);
}

/* As a service does: each event in a frame, and over TLS in records, of its own. */
static bool say_events(const struct connection *c)
{
    char *framed = malloc(bench.message_bytes + 16);
    size_t len = frame(framed, bench.message, bench.message_bytes), head = len - bench.message_bytes;
    uint64_t due_ns = meet();
    bool good = true;

    for (unsigned long i = 0; good && i < bench.events; i++) {
        if (bench.gap_us > 0) {
            struct timespec until;

            due_ns += bench.gap_us * 1000;
            until.tv_sec = (time_t)(due_ns / 1000000000u);
            until.tv_nsec = (long)(due_ns % 1000000000u);
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        }
        stamp(framed + head + bench.stamp_at);
        good = put(c, framed, len) && (bench.gap_us == 0 || hear(c));
    }
    free(framed);
    return good;
}

static void converse(const struct connection *c)
{
    static const char created[] =
        "{\"type\":\"session.created\",\"event_id\":\"event_1\",\"session\":{\"id\":\"sess_1\"}}";
    const char goodbye[] = {(char)0x88, 2, (char)(bench.code >> 8), (char)bench.code};
    char framed[sizeof created + 16], rest[4096];

    if (!upgrade(c) || !put(c, framed, frame(framed, created, sizeof created - 1)))
        return;
    if (!say_events(c))
        return;
    usleep((useconds_t)bench.hold_ms * 1000);
    if (put(c, goodbye, sizeof goodbye))
        while (get(c, rest, sizeof rest) > 0)
            continue;
}

static void *serve(void *argument)
{
    struct connection c = {.fd = (int)(intptr_t)argument};
    int on = 1;

    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bench.tls != NULL) {
        c.ssl = SSL_new(bench.tls);
        SSL_set_fd(c.ssl, c.fd);
    }
    if (c.ssl == NULL || SSL_accept(c.ssl) == 1)
        converse(&c);
    if (c.ssl != NULL) {
        SSL_shutdown(c.ssl);
        SSL_free(c.ssl);
    }
    close(c.fd);
    return NULL;
}

static void *accept_all(void *nothing)
{
    pthread_attr_t small;

    (void)nothing;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    for (;;) {
        int fd = accept(bench.listener, NULL, NULL);
        pthread_t thread;

        if (fd < 0)
            die("accept");
        if (pthread_create(&thread, &small, serve, (void *)(intptr_t)fd) != 0)
            die("pthread_create");
        pthread_detach(thread);
    }
    return NULL;
}

/* ---- what is said -------------------------------------------------------------------------------- */

static void make_message(void)
{
    static const char head[] =
        "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_DBsXvkNNWnyCrSGwJXl0o\","
        "\"response_id\":\"resp_DBsXuJLDT7uvs9ckjjkQb\",\"item_id\":\"item_DBsXuQ1sRTEqMhBKBvMeX\","
        "\"output_index\":0,\"content_index\":0,\"delta\":\"";
    size_t pcm_bytes = bench.ms * 48, at = sizeof head - 1;
    unsigned char *pcm = malloc(pcm_bytes);
    unsigned random = 1;

    for (size_t i = 0; i < pcm_bytes; i++) {
        random = random * 1103515245u + 12345u;
        pcm[i] = (unsigned char)(random >> 16);
    }
    bench.message = malloc(sizeof head + pcm_bytes / 3 * 4 + 16);
    memcpy(bench.message, head, at);
    bench.stamp_at = at;
    at += (size_t)EVP_EncodeBlock((unsigned char *)bench.message + at, pcm, (int)pcm_bytes);
    memcpy(bench.message + at, "\"}", 2);
    bench.message_bytes = at + 2;
    free(pcm);
}

/* ---- the client ---------------------------------------------------------------------------------- */

static unsigned short listen_here(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof here;

    bench.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(bench.listener, (struct sockaddr *)&here, len) != 0 || listen(bench.listener, 1024) != 0 ||
        getsockname(bench.listener, (struct sockaddr *)&here, &len) != 0)
        die("listen");
    return ntohs(here.sin_port);
}

static void use_tls(char **files)
{
    bench.tls = SSL_CTX_new(TLS_server_method());
    bench.cert = files[0];
    /* One version and one suite for all, of those the oldest of them has. */
    SSL_CTX_set_max_proto_version(bench.tls, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_chain_file(bench.tls, files[0]) != 1 ||
        SSL_CTX_use_PrivateKey_file(bench.tls, files[1], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_cipher_list(bench.tls, files[2]) != 1) {
        fprintf(stderr, "runner: certificate, key or suite cannot be used\n");
        exit(2);
    }
}

static void tell(unsigned short port)
{
    char url[64];

    snprintf(url, sizeof url, "%s://localhost:%u/v1", bench.tls != NULL ? "wss" : "ws", port);
    setenv("BENCH_URL", url, 1);
    if (bench.cert == NULL)
        return;
    setenv("BENCH_CA", bench.cert, 1);
    setenv("NODE_EXTRA_CA_CERTS", bench.cert, 1);
    setenv("SSL_CERT_FILE", bench.cert, 1);
}

static int run(char **command)
{
    pthread_t server;
    pid_t client;
    int status;

    tell(listen_here());
    pthread_create(&server, NULL, accept_all, NULL);
    errno = posix_spawnp(&client, command[0], NULL, NULL, command, environ);
    if (errno != 0)
        die(command[0]);
    if (waitpid(client, &status, 0) < 0)
        die("waitpid");
    printf("upgraded_ns=%llu\n", (unsigned long long)bench.upgraded_ns);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    char **word = argv + 1;

    (void)argc;
    signal(SIGPIPE, SIG_IGN);
    for (; *word != NULL && strcmp(*word, "--") != 0; word++) {
        const struct {
            const char *name;
            unsigned long *value;
        } numbers[] = {{"--events", &bench.events},
                       {"--gap-us", &bench.gap_us},
                       {"--ms", &bench.ms},
                       {"--hold-ms", &bench.hold_ms},
                       {"--code", &bench.code},
                       {"--together", &bench.together},
                       {NULL, NULL}};
        size_t i = 0;

        if (strcmp(*word, "--tls") == 0) {
            use_tls(word + 1);
            word += 3;
            continue;
        }
        while (numbers[i].name != NULL && strcmp(*word, numbers[i].name) != 0)
            i++;
        if (numbers[i].name == NULL || word[1] == NULL) {
            fprintf(stderr, "runner: %s is no option\n", *word);
            return 2;
        }
        *numbers[i].value = strtoul(*++word, NULL, 10);
    }
    if (*word == NULL || word[1] == NULL) {
        fprintf(stderr, "runner: no command\n");
        return 2;
    }
    make_message();
    return run(word + 1);
}
