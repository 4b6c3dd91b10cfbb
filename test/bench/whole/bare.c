/*
 * The floor: a loop of poll and recv, over TLS by mbedTLS as packaged, which only reads what comes. No
 * frames, no JSON, no audio.
 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fd;
static unsigned char buffer[32768];

static void wait_for(short what)
{
    struct pollfd want = {.fd = fd, .events = what};

    poll(&want, 1, -1);
}

static int send_some(void *nothing, const unsigned char *bytes, size_t len)
{
    (void)nothing;
    return (int)send(fd, bytes, len, MSG_NOSIGNAL);
}

static int recv_some(void *nothing, unsigned char *bytes, size_t len)
{
    ssize_t got = recv(fd, bytes, len, MSG_DONTWAIT);

    (void)nothing;
    return got < 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int)got;
}

static void dial(const char *url)
{
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;

    there.sin_port = htons((unsigned short)atoi(strrchr(url, ':') + 1));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&there, sizeof there) != 0)
        exit(1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static const char request[] = "GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/* 1000, masked with zeros: the runner waits for no more than the connection's end. */
static const unsigned char goodbye[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};

static void read_plain(void)
{
    long got = 1;

    send(fd, request, sizeof request - 1, 0);
    while (got > 0) {
        wait_for(POLLIN);
        got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got >= 4 && memcmp(buffer + got - 4, "\x88\x02\x03\xe8", 4) == 0)
            break;
    }
    send(fd, goodbye, sizeof goodbye, MSG_NOSIGNAL);
}

static void read_tls(void)
{
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_entropy_context *entropy = malloc(sizeof *entropy);
    mbedtls_ctr_drbg_context random;
    int got;

    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&config);
    mbedtls_entropy_init(entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, entropy, NULL, 0);
    mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_setup(&ssl, &config);
    mbedtls_ssl_set_hostname(&ssl, "localhost");
    mbedtls_ssl_set_bio(&ssl, NULL, send_some, recv_some, NULL);
    while ((got = mbedtls_ssl_handshake(&ssl)) == MBEDTLS_ERR_SSL_WANT_READ)
        wait_for(POLLIN);
    if (got != 0)
        exit(1);
    mbedtls_ssl_write(&ssl, (const unsigned char *)request, sizeof request - 1);
    for (;;) {
        got = mbedtls_ssl_read(&ssl, buffer, sizeof buffer);
        if (got == MBEDTLS_ERR_SSL_WANT_READ)
            wait_for(POLLIN);
        else if (got <= 0 || (got >= 4 && memcmp(buffer + got - 4, "\x88\x02\x03\xe8", 4) == 0))
            break;
    }
    mbedtls_ssl_write(&ssl, goodbye, sizeof goodbye);
}

int main(void)
{
    const char *url = getenv("BENCH_URL");

    dial(url);
    if (strncmp(url, "wss", 3) == 0)
        read_tls();
    else
        read_plain();
    close(fd);
    return 0;
}
