/* Real TCP connections to listeners of this very process, and the system's opinion on addresses. */
#define _GNU_SOURCE
#include "platform/clock.h"
#include "platform/socket.h"
#include "platform/status.h"
#include "platform/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int listener = -1, peer = -1, fd = -1;

static struct parley_address listen_on_loopback(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct parley_address address;
    socklen_t length = sizeof name;

    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(parley_address_parse(parley_view("127.0.0.1"), &address), 1);
    address.port = ntohs(name.sin_port);
    return address;
}

/* Waits until the descriptor can be read or written. */
static void ready(bool read, bool write)
{
    struct parley_interest want = {.fd = fd, .read = read, .write = write, .deadline_us = PARLEY_NEVER};

    assert_int_equal(parley_wait(&want, 1, parley_clock_us() + 5000000), 1);
}

static void connect_both_ends(void)
{
    struct parley_address address = listen_on_loopback();

    fd = parley_socket_connect(&address);
    assert_true(fd >= 0);
    ready(false, true);
    assert_int_equal(parley_socket_connected(fd), 1);
    peer = accept(listener, NULL, NULL);
    assert_true(peer >= 0);
}

static int close_all(void **state)
{
    (void)state;
    parley_socket_close(fd);
    parley_socket_close(peer);
    parley_socket_close(listener);
    fd = peer = listener = -1;
    return 0;
}

static void a_connection_has_the_right_options(void **state)
{
    int value = 0;
    socklen_t length = sizeof value;

    (void)state;
    connect_both_ends();
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    assert_true(value != 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length), 0);
    assert_true(value != 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length), 0);
    assert_int_equal(value, 10);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &length), 0);
    assert_int_equal(value, 20000);
}

static void bytes_travel_both_ways_and_end_in_order(void **state)
{
    char out[16];

    (void)state;
    connect_both_ends();
    assert_int_equal(parley_socket_read(fd, out, sizeof out), 0);
    assert_int_equal(write(peer, "hello", 5), 5);
    ready(true, false);
    assert_int_equal(parley_socket_read(fd, out, 0), 0);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), 5);
    assert_int_equal(parley_socket_write(fd, "good day", 8), 8);
    assert_int_equal(parley_socket_write(fd, "", 0), 0);
    assert_int_equal(read(peer, out, sizeof out), 8);
    shutdown(peer, SHUT_WR);
    ready(true, false);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(parley_socket_write(fd, "still", 5), 5);
}

static void a_full_connection_takes_nothing_more(void **state)
{
    static char lots[65536];
    int put, calls = 0;

    (void)state;
    connect_both_ends();
    while ((put = parley_socket_write(fd, lots, sizeof lots)) > 0)
        assert_true(++calls < 10000);
    assert_int_equal(put, 0);
}

static void a_reset_connection_is_lost_without_a_signal(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    char out[4];

    (void)state;
    connect_both_ends();
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(peer);
    peer = -1;
    ready(true, false);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), PARLEY_ERR_LOST);
    assert_string_equal(parley_socket_reason(), "Connection reset by peer");
    assert_int_equal(parley_socket_write(fd, "x", 1), PARLEY_ERR_LOST); /* SIGPIPE would end this program */
    assert_string_equal(parley_socket_reason(), "Broken pipe");
}

static void a_refusal_is_told_again_and_again(void **state)
{
    struct parley_address address = listen_on_loopback();

    (void)state;
    close(listener);
    listener = -1;
    fd = parley_socket_connect(&address);
    if (fd >= 0) { /* some systems refuse later */
        ready(false, true);
        assert_int_equal(parley_socket_connected(fd), PARLEY_ERR_CONNECT);
        assert_string_equal(parley_socket_reason(), "Connection refused");
        assert_int_equal(parley_socket_connected(fd), PARLEY_ERR_CONNECT);
    } else {
        assert_int_equal(fd, PARLEY_ERR_CONNECT);
        assert_string_equal(parley_socket_reason(), "Connection refused");
    }
}

static void an_unfinished_connection_is_under_way(void **state)
{
    struct parley_address address = listen_on_loopback();
    int fillers[8], count = 0;

    (void)state;
    /* A full backlog on loopback leaves the next connection in the air. */
    assert_int_equal(listen(listener, 0), 0);
    for (; count < 8; count++) {
        fillers[count] = parley_socket_connect(&address);
        assert_true(fillers[count] >= 0);
        if (parley_socket_connected(fillers[count]) == 0)
            break;
    }
    assert_true(count < 8);
    assert_int_equal(parley_socket_connected(fillers[count]), 0);
    assert_int_equal(parley_socket_read(fillers[count], &(char){0}, 1), 0);
    for (; count >= 0; count--)
        parley_socket_close(fillers[count]);
}

static void no_family_and_no_route_are_refusals(void **state)
{
    struct parley_address nowhere = {.family = 0}, reserved;

    (void)state;
    assert_int_equal(parley_socket_connect(&nowhere), PARLEY_ERR_CONNECT);
    assert_string_equal(parley_socket_reason(), "Address family not supported by protocol");
    assert_int_equal(parley_address_parse(parley_view("255.255.255.255"), &reserved), 1);
    assert_int_equal(parley_socket_connect(&reserved), PARLEY_ERR_CONNECT);
}

static void ipv6_connects(void **state)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct parley_address address;
    socklen_t length = sizeof name;

    (void)state;
    listener = socket(AF_INET6, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&name, sizeof name) != 0)
        skip(); /* a machine without IPv6 */
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
    assert_int_equal(parley_address_parse(parley_view("::1"), &address), 1);
    address.port = ntohs(name.sin6_port);
    fd = parley_socket_connect(&address);
    ready(false, true);
    assert_int_equal(parley_socket_connected(fd), 1);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    parley_socket_close(-1);
}

/* ---- addresses: the system's own functions as judges ------------------------------------------- */

static unsigned next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

/* Texts near an address: pieces of one in any order. */
static void make_text(unsigned *seed, char out[128])
{
    static const char *const pieces[] = {":",    "::",  ".",   "0",       "1", "ffff",
                                         "00ab", "255", "256", "1.2.3.4", "g"};
    size_t at = 0;

    for (unsigned left = 1 + next(seed, 15); left > 0; left--)
        at +=
            (size_t)snprintf(out + at, 128 - at, "%s", pieces[next(seed, sizeof pieces / sizeof pieces[0])]);
}

static void the_system_reads_the_same_texts_as_addresses(void **state)
{
    unsigned seed = 1, read = 0;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct parley_address address;
        unsigned char v4[4], v6[16];
        char text[128];
        int is_v4, is_v6;

        make_text(&seed, text);
        is_v4 = inet_pton(AF_INET, text, v4);
        is_v6 = inet_pton(AF_INET6, text, v6);
        if (parley_address_parse(parley_view(text), &address) != (is_v4 == 1 || is_v6 == 1))
            fail_msg("'%s': the system says %d, %d", text, is_v4, is_v6);
        if (is_v4 == 1 || is_v6 == 1) {
            assert_memory_equal(address.bytes, is_v4 == 1 ? v4 : v6, is_v4 == 1 ? 4 : 16);
            read++;
        }
    }
    assert_in_range(read, 1000, 200000); /* enough of them were addresses */
}

static void the_system_writes_the_same_texts_of_addresses(void **state)
{
    unsigned seed = 2;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct parley_address address = {.family = 6, .port = 443};
        char ours[PARLEY_ADDRESS_TEXT], theirs[INET6_ADDRSTRLEN], whole[80];

        for (size_t k = 0; k < 16; k += 2) { /* many groups of zeros */
            address.bytes[k] = (uint8_t)(next(&seed, 4) == 0 ? next(&seed, 256) : 0);
            address.bytes[k + 1] = (uint8_t)(next(&seed, 2) == 0 ? next(&seed, 256) : 0);
        }
        inet_ntop(AF_INET6, address.bytes, theirs, sizeof theirs);
        if (strchr(theirs, '.') != NULL)
            continue; /* the system writes the obsolete "::192.0.2.7", too */
        parley_address_text(&address, ours);
        snprintf(whole, sizeof whole, "[%s]:443", theirs);
        assert_string_equal(ours, whole);
    }
}

static void interfaces_have_names(void **state)
{
    struct parley_address address;

    (void)state;
    if (if_nametoindex("lo") == 0)
        skip();
    assert_int_equal(parley_address_parse(parley_view("fe80::1%lo"), &address), 1);
    assert_int_equal(address.scope, if_nametoindex("lo"));
    assert_int_equal(parley_address_parse(parley_view("fe80::1%no-such-if"), &address), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_has_the_right_options),
        TEST(bytes_travel_both_ways_and_end_in_order),
        TEST(a_full_connection_takes_nothing_more),
        TEST(a_reset_connection_is_lost_without_a_signal),
        TEST(a_refusal_is_told_again_and_again),
        TEST(an_unfinished_connection_is_under_way),
        TEST(no_family_and_no_route_are_refusals),
        TEST(ipv6_connects),
        TEST(closing_nothing_is_fine),
        TEST(the_system_reads_the_same_texts_as_addresses),
        TEST(the_system_writes_the_same_texts_of_addresses),
        TEST(interfaces_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
