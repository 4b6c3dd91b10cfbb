/*
 * The port to lwIP, on the lwIP that Debian has for its own systems: an interface that talks to itself, a
 * server on it, and what platform/socket.h, wait.h and resolve.h promise. Names cannot be asked for: that
 * lwIP has no DNS.
 */
#include "platform/clock.h"
#include "platform/lwip/board.h"
#include "platform/lwip/sockaddr.h"
#include "platform/random.h"
#include "platform/resolve.h"
#include "platform/scope.h"
#include "platform/socket.h"
#include "platform/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <lwip/netif.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>

/* ---- a board ------------------------------------------------------------------------------------- */

uint64_t parley_board_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int64_t parley_board_unix_s(void)
{
    return 0;
}

static bool no_randomness;

int parley_board_random(void *out, size_t bytes)
{
    memset(out, 7, bytes);
    return no_randomness ? -1 : 0;
}

static struct netif interface;
static volatile bool up;

static err_t nowhere(struct netif *netif, struct pbuf *packet, const ip4_addr_t *to)
{
    (void)netif;
    (void)packet;
    (void)to;
    return ERR_OK;
}

static err_t init_interface(struct netif *netif)
{
    netif->name[0] = 'p';
    netif->name[1] = 'y';
    netif->output = nowhere;
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

static void add_interface(void *unused)
{
    ip4_addr_t address, mask, gateway;

    (void)unused;
    IP4_ADDR(&address, 192, 0, 2, 1);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 0, 0, 0, 0);
    netif_add(&interface, &address, &mask, &gateway, NULL, init_interface, tcpip_input);
    netif_set_up(&interface);
    up = true;
}

static int start_board(void **state)
{
    (void)state;
    tcpip_init(add_interface, NULL);
    for (int i = 0; i < 1000 && !up; i++)
        lwip_poll(NULL, 0, 1);
    return up ? 0 : -1;
}

/* ---- a server ------------------------------------------------------------------------------------ */

static struct parley_address here(uint16_t port)
{
    struct parley_address address;

    assert_int_equal(parley_address_parse(parley_view("192.0.2.1"), &address), 1);
    address.port = port;
    return address;
}

static int listen_at(uint16_t port)
{
    struct parley_address address = here(port);
    struct sockaddr_storage at;
    socklen_t length = parley_lwip_sockaddr(&address, &at);
    int fd = lwip_socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(lwip_bind(fd, (struct sockaddr *)&at, length), 0);
    assert_int_equal(lwip_listen(fd, 1), 0);
    return fd;
}

/* Waits until the socket is ready, at most 5 s. */
static bool ready(int fd, bool read, bool write)
{
    struct parley_interest want = {.fd = fd, .read = read, .write = write, .deadline_us = PARLEY_NEVER};

    return parley_wait(&want, 1, parley_clock_us() + 5000000) == 1 && want.ready;
}

static int settle(int fd)
{
    int connected = 0;

    for (int i = 0; i < 100 && connected == 0; i++) {
        ready(fd, false, true);
        connected = parley_socket_connected(fd);
    }
    return connected;
}

/* ---- what is promised ---------------------------------------------------------------------------- */

static void two_talk_until_one_hangs_up(void **state)
{
    struct parley_address to = here(4433);
    int listening = listen_at(4433), fd = parley_socket_connect(&to), peer;
    char text[16] = "";

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(settle(fd), 1);
    peer = lwip_accept(listening, NULL, NULL);
    assert_true(peer >= 0);
    assert_int_equal(parley_socket_read(fd, text, sizeof text), 0);
    assert_int_equal(parley_socket_write(fd, "hello", 5), 5);
    assert_int_equal(lwip_recv(peer, text, sizeof text, 0), 5);
    assert_memory_equal(text, "hello", 5);
    assert_int_equal(lwip_send(peer, "welcome", 7, 0), 7);
    assert_true(ready(fd, true, false));
    assert_int_equal(parley_socket_read(fd, text, sizeof text), 7);
    assert_memory_equal(text, "welcome", 7);
    lwip_close(peer);
    assert_true(ready(fd, true, false));
    assert_int_equal(parley_socket_read(fd, text, sizeof text), PARLEY_ERR_PEER_CLOSED);
    parley_socket_close(fd);
    lwip_close(listening);
}

/* Writing never waits: what no buffer takes is "not now", until the other side has read. */
static void a_full_link_takes_no_more(void **state)
{
    static char bytes[4096];
    struct parley_address to = here(4434);
    int listening = listen_at(4434), fd = parley_socket_connect(&to), peer, put;
    size_t sent = 0, got = 0;

    (void)state;
    assert_int_equal(settle(fd), 1);
    peer = lwip_accept(listening, NULL, NULL);
    while ((put = parley_socket_write(fd, bytes, sizeof bytes)) > 0 && sent < 100000000)
        sent += (size_t)put;
    assert_int_equal(put, 0);
    while (got < sent) {
        ssize_t part = lwip_recv(peer, bytes, sizeof bytes, 0);

        assert_true(part > 0);
        got += (size_t)part;
    }
    assert_true(ready(fd, false, true));
    assert_true(parley_socket_write(fd, bytes, sizeof bytes) > 0);
    parley_socket_close(fd);
    lwip_close(peer);
    lwip_close(listening);
}

static void nobody_listens(void **state)
{
    struct parley_address to = here(4435);
    int fd = parley_socket_connect(&to);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(settle(fd), PARLEY_ERR_CONNECT);
    assert_true(parley_socket_reason()[0] != '\0');
    parley_socket_close(fd);
}

static void there_is_no_way(void **state)
{
    struct parley_address to = here(443);

    (void)state;
    to.bytes[0] = 198; /* of no interface's */
    assert_int_equal(parley_socket_connect(&to), PARLEY_ERR_CONNECT);
    assert_string_equal(parley_socket_reason(), "No way there");
}

static void a_wait_ends_with_its_time(void **state)
{
    struct parley_interest none = {.fd = -1, .deadline_us = parley_clock_us() + 20000};
    uint64_t before_us = parley_clock_us();

    (void)state;
    assert_int_equal(parley_wait(&none, 1, PARLEY_NEVER), 0);
    assert_true(parley_clock_us() >= before_us + 20000);
    assert_int_equal(parley_wait(NULL, 0, parley_clock_us()), 0);
    assert_int_equal(parley_wait(&none, PARLEY_WAIT_MAX, 0), PARLEY_ERR_ARGUMENT);
}

static void literals_need_no_name_server(void **state)
{
    struct parley_resolver *r = calloc(1, parley_resolver_size());
    const struct parley_address *found;
    size_t count;

    (void)state;
    parley_resolver_stop(r);
    assert_int_equal(parley_resolver_start(r, parley_view("2001:db8::7"), 443, parley_clock_us()), 0);
    assert_int_equal(parley_resolver_work(r, parley_clock_us()), 1);
    found = parley_resolver_addresses(r, &count);
    assert_int_equal(count, 1);
    assert_int_equal(found->family, 6);
    assert_int_equal(found->port, 443);
    parley_resolver_stop(r);
    assert_int_equal(parley_resolver_start(r, parley_view("no name"), 443, parley_clock_us()),
                     PARLEY_ERR_RESOLVE);
    assert_non_null(strstr(parley_resolver_reason(r).at, "no name: "));
    free(r);
}

static void names_without_an_answer(void **state)
{
    struct parley_resolver *r = calloc(1, parley_resolver_size());

    (void)state;
    assert_int_equal(parley_resolver_start(r, parley_view("api.example"), 443, parley_clock_us()), 0);
    assert_int_equal(parley_resolver_work(r, parley_clock_us()), PARLEY_ERR_RESOLVE);
    assert_string_equal(parley_resolver_reason(r).at, "api.example: no such name, as far as lwIP knows");
    parley_resolver_stop(r);
    free(r);
}

static void interfaces_have_names(void **state)
{
    (void)state;
    assert_true(parley_scope_index("py0") > 0);
    assert_int_equal(parley_scope_index("xx0"), 0);
}

static void a_board_without_randomness_says_so(void **state)
{
    unsigned char out[4] = {1, 2, 3, 4};

    (void)state;
    no_randomness = true;
    assert_int_equal(parley_random(out, sizeof out), PARLEY_ERR_SYSTEM);
    assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
    no_randomness = false;
    assert_int_equal(parley_random(out, sizeof out), 0);
    assert_int_equal(out[3], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_talk_until_one_hangs_up),
        cmocka_unit_test(a_full_link_takes_no_more),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(there_is_no_way),
        cmocka_unit_test(a_wait_ends_with_its_time),
        cmocka_unit_test(literals_need_no_name_server),
        cmocka_unit_test(names_without_an_answer),
        cmocka_unit_test(interfaces_have_names),
        cmocka_unit_test(a_board_without_randomness_says_so),
    };

    return cmocka_run_group_tests(tests, start_board, NULL);
}
