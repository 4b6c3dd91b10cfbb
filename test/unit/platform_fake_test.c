/* The fake platform itself: what tests of everything else stand on. */
#include "platform/clock.h"
#include "platform/directory.h"
#include "platform/fake/fake.h"
#include "platform/file.h"
#include "platform/pages.h"
#include "platform/process.h"
#include "platform/random.h"
#include "platform/resolve.h"
#include "platform/socket.h"
#include "platform/status.h"
#include "platform/user.h"
#include "platform/wait.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static int fresh(void **state)
{
    (void)state;
    parley_fake_reset();
    return 0;
}

/* ---- time and chance -------------------------------------------------------------------------- */

static void the_clock_stands_still_until_it_is_moved(void **state)
{
    (void)state;
    assert_int_equal(parley_clock_us(), 1000000);
    assert_int_equal(parley_clock_us(), 1000000);
    parley_fake_clock_advance_us(2500000);
    assert_int_equal(parley_clock_us(), 3500000);
    assert_int_equal(parley_clock_unix_s(), 1767225602); /* 2026-01-01 00:00:02 */
    parley_fake_clock_unix_s(1000);
    parley_fake_clock_advance_us(1000000);
    assert_int_equal(parley_clock_unix_s(), 1001);
    parley_fake_clock_set_us(7);
    assert_int_equal(parley_clock_us(), 7);
}

/* The first values of splitmix64 for seed 1234567, as its authors give them. */
static void the_generator_is_splitmix64(void **state)
{
    static const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                        UINT64_C(9817491932198370423)};

    (void)state;
    parley_fake_random_seed(1234567);
    for (size_t i = 0; i < 3; i++) {
        unsigned char bytes[8];
        uint64_t number = 0;

        assert_int_equal(parley_random(bytes, sizeof bytes), 0);
        for (int k = 7; k >= 0; k--)
            number = number << 8 | bytes[k];
        assert_true(number == expected[i]);
    }
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    unsigned char first[21], second[21];

    (void)state;
    parley_random(first, sizeof first);
    parley_random(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    parley_fake_reset();
    parley_random(second, sizeof second);
    assert_memory_equal(first, second, sizeof first);
    parley_fake_random_seed(2);
    parley_random(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void chance_can_be_missing(void **state)
{
    unsigned char bytes[4] = {1, 2, 3, 4};

    (void)state;
    parley_fake_random_broken(true);
    assert_int_equal(parley_random(bytes, sizeof bytes), PARLEY_ERR_SYSTEM);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    assert_int_equal(parley_random_below(10), 0);
}

static void memory_given_back_holds_nothing_of_before(void **state)
{
    char bytes[] = "abcdef";

    (void)state;
    parley_pages_give_back(bytes + 1, 3);
    assert_int_equal(parley_fake_given_back(), 3);
    assert_memory_not_equal(bytes + 1, "b", 1);
    assert_memory_not_equal(bytes + 3, "d", 1);
    assert_int_equal(bytes[0], 'a');
    assert_string_equal(bytes + 4, "ef");
    parley_fake_reset();
    assert_int_equal(parley_fake_given_back(), 0);
}

static void numbers_below_a_bound_are_below_it_and_all_come(void **state)
{
    unsigned seen[7] = {0};

    (void)state;
    for (int i = 0; i < 700; i++) {
        uint32_t number = parley_random_below(7);

        assert_in_range(number, 0, 6);
        seen[number]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 60, 140);
    assert_int_equal(parley_random_below(0), 0);
    assert_int_equal(parley_random_below(1), 0);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

static void a_wait_jumps_to_the_earliest_deadline(void **state)
{
    struct parley_interest want[] = {{.fd = -1, .deadline_us = 5000000},
                                     {.fd = -1, .deadline_us = 4000000},
                                     {.fd = -1, .deadline_us = PARLEY_NEVER}};

    (void)state;
    assert_int_equal(parley_wait(want, 3, 9000000), 0);
    assert_int_equal(parley_clock_us(), 4000000);
    assert_int_equal(parley_wait(want, 3, 9000000), 0); /* it is over already: no time passes */
    assert_int_equal(parley_clock_us(), 4000000);
    assert_int_equal(parley_wait(want, 1, 4500000), 0);
    assert_int_equal(parley_clock_us(), 4500000);
    assert_int_equal(parley_wait(NULL, 0, 4600000), 0);
    assert_int_equal(parley_clock_us(), 4600000);
}

static void a_wait_for_nothing_is_an_error_not_a_hang(void **state)
{
    struct parley_interest want = {.fd = -1, .deadline_us = PARLEY_NEVER};

    (void)state;
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), PARLEY_ERR_SYSTEM);
    assert_int_equal(parley_wait(&want, PARLEY_WAIT_MAX + 1, 0), PARLEY_ERR_ARGUMENT);
}

/* Looks at the clock three times, each after 100 ms, then has the last word typed. */
static uint64_t type_after_three_looks(void *user, uint64_t now_us)
{
    int *looks = user;

    if (++*looks == 4)
        parley_fake_input("x", 1);
    return *looks < 4 ? now_us + 100000 : PARLEY_NEVER;
}

static void a_hook_plays_the_other_side(void **state)
{
    struct parley_interest want = {.fd = 0, .read = true, .deadline_us = PARLEY_NEVER};
    int looks = 0;

    (void)state;
    parley_fake_each_wait(type_after_three_looks, &looks);
    assert_int_equal(parley_wait(&want, 1, 9000000), 1);
    assert_true(want.ready);
    assert_int_equal(parley_clock_us(), 1300000);
}

/* ---- names ------------------------------------------------------------------------------------ */

static alignas(max_align_t) unsigned char resolver_memory[8192];

static struct parley_resolver *resolver(void)
{
    assert_true(parley_resolver_size() <= sizeof resolver_memory);
    memset(resolver_memory, 0, sizeof resolver_memory);
    return (struct parley_resolver *)resolver_memory;
}

static void names_have_the_addresses_they_were_given(void **state)
{
    struct parley_resolver *r = resolver();
    const struct parley_address *found;
    struct parley_interest want;
    char text[PARLEY_ADDRESS_TEXT];
    size_t count;

    (void)state;
    parley_fake_name("example.test", "2001:db8::1");
    parley_fake_name("example.test", "192.0.2.7");
    parley_fake_name_delay_us("example.test", 30000);
    assert_int_equal(parley_resolver_start(r, parley_view("example.test"), 443, parley_clock_us()), 0);
    assert_int_equal(parley_resolver_work(r, parley_clock_us()), 0);
    parley_resolver_addresses(r, &count);
    assert_int_equal(count, 0);
    assert_int_equal(parley_resolver_interest(r, &want), 1);
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 0);
    assert_int_equal(parley_clock_us(), 1030000);
    assert_int_equal(parley_resolver_work(r, parley_clock_us()), 2);
    assert_int_equal(parley_resolver_interest(r, &want), 0);
    found = parley_resolver_addresses(r, &count);
    parley_address_text(&found[0], text);
    assert_string_equal(text, "[2001:db8::1]:443");
    parley_address_text(&found[1], text);
    assert_string_equal(text, "192.0.2.7:443");
    assert_string_equal(parley_resolver_reason(r).at, "");
    parley_resolver_stop(r);
}

static void names_can_fail(void **state)
{
    static const struct {
        const char *host, *reason;
        int started, status;
    } cases[] = {
        {"missing.test", "missing.test: no such name", 0, PARLEY_ERR_RESOLVE},
        {"slow.test", "slow.test: no server answers", 0, PARLEY_ERR_TIMEOUT},
        {"empty.test", "empty.test: the name has no address", 0, PARLEY_ERR_RESOLVE},
        {"a b", "a b: it has a space or control character in it", PARLEY_ERR_RESOLVE, PARLEY_ERR_RESOLVE},
    };

    (void)state;
    parley_fake_name_fails("slow.test", PARLEY_ERR_TIMEOUT, "no server answers");
    parley_fake_name_delay_us("empty.test", 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_resolver *r = resolver();

        assert_int_equal(parley_resolver_start(r, parley_view(cases[i].host), 1, parley_clock_us()),
                         cases[i].started);
        assert_int_equal(parley_resolver_work(r, parley_clock_us()), cases[i].status);
        assert_string_equal(parley_resolver_reason(r).at, cases[i].reason);
        parley_resolver_stop(r);
    }
}

static void literals_need_no_name(void **state)
{
    struct parley_resolver *r = resolver();

    (void)state;
    assert_int_equal(parley_resolver_start(r, parley_view("fe80::1%eth0"), 443, parley_clock_us()), 0);
    assert_int_equal(parley_resolver_work(r, parley_clock_us()), 1);
    parley_resolver_stop(r);
    parley_resolver_stop(resolver()); /* a zeroed one may be stopped */
}

/* ---- network ---------------------------------------------------------------------------------- */

static int connect_to(const char *text)
{
    struct parley_address address;

    assert_int_equal(parley_address_parse(parley_view(text), &address), 1);
    address.port = 443;
    return parley_socket_connect(&address);
}

/* A connection that is open at once: its descriptor; its number is 0. */
static int open_connection(void)
{
    int fd;

    parley_fake_address("192.0.2.7", 443, PARLEY_FAKE_ACCEPT, 0);
    fd = connect_to("192.0.2.7");
    assert_int_equal(parley_socket_connected(fd), 1);
    return fd;
}

static void addresses_accept_refuse_or_stay_silent(void **state)
{
    static const struct {
        const char *title;
        enum parley_fake_answer answer;
        uint64_t after_us;
        int at_first, later;
    } cases[] = {
        {"accepts at once", PARLEY_FAKE_ACCEPT, 0, 1, 1},
        {"accepts after 20 ms", PARLEY_FAKE_ACCEPT, 20000, 0, 1},
        {"refuses after 20 ms", PARLEY_FAKE_REFUSE, 20000, 0, PARLEY_ERR_CONNECT},
        {"never answers", PARLEY_FAKE_SILENT, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_interest want = {.read = true, .write = true, .deadline_us = PARLEY_NEVER};

        parley_fake_reset();
        parley_fake_address("192.0.2.7", 443, cases[i].answer, cases[i].after_us);
        want.fd = connect_to("192.0.2.7");
        assert_true(want.fd >= 0);
        assert_int_equal(parley_socket_connected(want.fd), cases[i].at_first);
        assert_int_equal(parley_wait(&want, 1, 2000000), cases[i].later != 0);
        assert_int_equal(parley_clock_us(), cases[i].later != 0 ? 1000000 + cases[i].after_us : 2000000);
        if (parley_socket_connected(want.fd) != cases[i].later)
            fail_msg("%s", cases[i].title);
        assert_int_equal(parley_fake_connection_open(0), cases[i].later == 1);
    }
    assert_int_equal(parley_fake_connections(), 1);
    assert_int_equal(parley_fake_connection_to(0)->port, 443);
}

static void some_are_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(connect_to("192.0.2.7"), PARLEY_ERR_CONNECT);
    assert_string_equal(parley_socket_reason(), "No route to host");
    parley_fake_address("192.0.2.7", 0, PARLEY_FAKE_REFUSE, 0);
    assert_int_equal(connect_to("192.0.2.7"), PARLEY_ERR_CONNECT);
    assert_string_equal(parley_socket_reason(), "Connection refused");
    parley_fake_address("192.0.2.7", 80, PARLEY_FAKE_ACCEPT, 0); /* another port */
    assert_int_equal(connect_to("192.0.2.7"), PARLEY_ERR_CONNECT);
    parley_fake_address("192.0.2.7", 443, PARLEY_FAKE_ACCEPT, 0); /* the last rule counts */
    assert_true(connect_to("192.0.2.7") >= 0);
    for (int i = 1; i < PARLEY_FAKE_CONNECTIONS; i++)
        assert_true(connect_to("192.0.2.7") >= 0);
    assert_int_equal(connect_to("192.0.2.7"), PARLEY_ERR_SYSTEM);
}

static void bytes_travel_both_ways(void **state)
{
    int fd = open_connection();
    struct parley_interest want = {.fd = fd, .read = true, .deadline_us = PARLEY_NEVER};
    char out[16] = "";

    (void)state;
    assert_int_equal(parley_socket_read(fd, out, sizeof out), 0);
    assert_int_equal(parley_wait(&want, 1, 1500000), 0);
    assert_int_equal(parley_fake_peer_write(0, "hello", 5), 5);
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 1);
    assert_int_equal(parley_socket_read(fd, out, 3), 3);
    assert_int_equal(parley_socket_read(fd, out + 3, 9), 2);
    assert_string_equal(out, "hello");
    assert_int_equal(parley_socket_write(fd, "good day", 8), 8);
    assert_int_equal(parley_fake_peer_read(0, out, sizeof out), 8);
    assert_memory_equal(out, "good day", 8);
}

static void the_end_comes_after_what_was_written_a_break_before(void **state)
{
    int fd = open_connection(), second = connect_to("192.0.2.7");
    char out[16];

    (void)state;
    parley_fake_peer_write(0, "bye", 3);
    parley_fake_peer_end(0);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), 3);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(parley_socket_write(fd, "still", 5), 5);
    parley_fake_peer_write(1, "bye", 3);
    parley_fake_peer_break(1);
    assert_int_equal(parley_socket_read(second, out, sizeof out), PARLEY_ERR_LOST);
    assert_int_equal(parley_socket_write(second, "more", 4), PARLEY_ERR_LOST);
    assert_string_equal(parley_socket_reason(), "Connection reset by peer");
}

static void closing_is_seen_by_the_test(void **state)
{
    int fd = open_connection();
    char out[4];

    (void)state;
    parley_socket_write(fd, "last", 4);
    parley_socket_close(fd);
    parley_socket_close(-1);
    assert_true(parley_fake_connection_closed(0));
    assert_int_equal(parley_fake_peer_read(0, out, 4), 4);
    assert_int_equal(parley_socket_read(fd, out, 4), PARLEY_ERR_LOST);
    assert_string_equal(parley_socket_reason(), "Bad file descriptor");
}

static void limits_make_reads_and_writes_short(void **state)
{
    const struct parley_fake_limits limits = {.read_bytes = 1, .write_bytes = 2, .queue_bytes = 3};
    struct parley_interest want = {.write = true, .deadline_us = PARLEY_NEVER};
    char out[16];

    (void)state;
    parley_fake_limits(-1, &limits);
    want.fd = open_connection();
    parley_fake_peer_write(0, "abc", 3);
    assert_int_equal(parley_socket_read(want.fd, out, sizeof out), 1);
    assert_int_equal(parley_socket_write(want.fd, "abcdef", 6), 2);
    assert_int_equal(parley_socket_write(want.fd, "cdef", 4), 1);
    assert_int_equal(parley_socket_write(want.fd, "def", 3), 0);
    assert_int_equal(parley_wait(&want, 1, 1500000), 0);
    assert_int_equal(parley_fake_peer_read(0, out, 1), 1);
    assert_int_equal(parley_wait(&want, 1, 1500000), 1);
    parley_fake_limits(0, &(struct parley_fake_limits){0});
    assert_int_equal(parley_socket_write(want.fd, "def", 3), 3);
}

static void a_connection_breaks_after_so_many_bytes(void **state)
{
    int fd = open_connection(), second = connect_to("192.0.2.7");
    struct parley_interest want = {.fd = fd, .read = true, .deadline_us = PARLEY_NEVER};
    char out[16];

    (void)state;
    parley_fake_limits(0, &(struct parley_fake_limits){.break_after_read = 4});
    parley_fake_limits(1, &(struct parley_fake_limits){.break_after_write = 4});
    parley_fake_peer_write(0, "abcdef", 6);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), 4);
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 1);
    assert_int_equal(parley_socket_read(fd, out, sizeof out), PARLEY_ERR_LOST);
    assert_int_equal(parley_socket_write(second, "abcdef", 6), 4);
    assert_int_equal(parley_socket_write(second, "ef", 2), PARLEY_ERR_LOST);
    assert_int_equal(parley_fake_peer_read(1, out, sizeof out), 4);
}

/* ---- files ------------------------------------------------------------------------------------ */

static void files_are_read_written_and_appended_to(void **state)
{
    char out[16] = "";
    int fd;

    (void)state;
    parley_fake_file("/a", "hello", 5);
    fd = parley_file_open("/a", PARLEY_FILE_READ);
    assert_int_equal(parley_file_read(fd, out, 3), 3);
    assert_int_equal(parley_file_seek(fd, 1), 0);
    assert_int_equal(parley_file_read(fd, out, sizeof out), 4);
    assert_memory_equal(out, "ello", 4);
    assert_int_equal(parley_file_read(fd, out, sizeof out), PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(parley_file_write(fd, "x", 1), PARLEY_ERR_FILE);
    parley_file_close(fd);

    fd = parley_file_open("/a", PARLEY_FILE_APPEND);
    assert_int_equal(parley_file_write(fd, " you", 4), 4);
    parley_file_close(fd);
    assert_true(parley_view_is(parley_fake_file_content("/a"), "hello you"));

    fd = parley_file_open("/b", PARLEY_FILE_PRIVATE);
    parley_file_write(fd, "0123", 4);
    parley_file_seek(fd, 2);
    parley_file_write(fd, "x", 1);
    parley_file_seek(fd, 6);
    parley_file_write(fd, "y", 1);
    assert_true(parley_view_equal(parley_fake_file_content("/b"), parley_view_of("01x3\0\0y", 7)));
    parley_file_close(fd);
    parley_file_close(parley_file_open("/b", PARLEY_FILE_CREATE));
    assert_int_equal(parley_fake_file_content("/b").len, 0);
    assert_non_null(parley_fake_file_content("/b").at);
    assert_null(parley_fake_file_content("/c").at);
}

static void files_can_be_missing_denied_or_too_long(void **state)
{
    static char big[PARLEY_FAKE_FILE_BYTES];
    char out[4];
    int fd;

    (void)state;
    assert_int_equal(parley_file_open("/none", PARLEY_FILE_READ), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "No such file or directory");
    parley_fake_file_denied("/secret");
    assert_int_equal(parley_file_open("/secret", PARLEY_FILE_CREATE), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "Permission denied");
    parley_fake_file("/a", "12345", 5);
    assert_int_equal(parley_file_load("/a", out, 4), PARLEY_ERR_TOO_LONG);
    parley_fake_file("/a", "1234", 4);
    assert_int_equal(parley_file_load("/a", out, 4), 4);
    assert_int_equal(parley_file_load("/none", out, 4), PARLEY_ERR_FILE);
    fd = parley_file_open("/big", PARLEY_FILE_CREATE);
    assert_int_equal(parley_file_write(fd, big, sizeof big), sizeof big);
    assert_int_equal(parley_file_write(fd, big, 1), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "No space left on device");
}

/* All entries as "name=kind;", in the order in which they come. */
static const char *listing(const char *path)
{
    static char all[256];
    struct parley_directory d;
    struct parley_view name;
    enum parley_entry kind;
    size_t used = 0;

    all[0] = '\0';
    if (parley_directory_open(&d, path, true) != 0)
        return "not opened";
    while (parley_directory_next(&d, &name, &kind) == 1)
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%.*s=%d;", (int)name.len, name.at, (int)kind);
    parley_directory_close(&d);
    return all;
}

/* 1 a file, 2 a folder, 3 something else */
static void folders_are_what_files_imply_and_what_is_made(void **state)
{
    (void)state;
    parley_fake_file("/home/a/one", "x", 1);
    parley_fake_file("/home/a/two", "x", 1);
    parley_fake_file("/homes", "x", 1);
    parley_fake_folder("/home/empty");
    parley_fake_entry("/home/b/c/d");
    parley_fake_special("/home/pipe");
    assert_string_equal(listing("/"), "home=2;homes=1;");
    assert_string_equal(listing("/home"), "a=2;empty=2;b=2;pipe=3;");
    assert_string_equal(listing("/home/a"), "one=1;two=1;");
    assert_string_equal(listing("/home/empty"), "");
    assert_string_equal(listing("/home/pipe"), "not opened");
    assert_string_equal(listing("/home/a/one"), "not opened");
    assert_string_equal(listing("/nowhere"), "not opened");
    assert_int_equal(parley_directory_look("/home/b/c"), PARLEY_ENTRY_FOLDER);
    assert_int_equal(parley_directory_look("/home/a/one"), PARLEY_ENTRY_FILE);
    assert_int_equal(parley_directory_look("/home/b/c/d"), PARLEY_ENTRY_FILE);
    assert_int_equal(parley_directory_look("/home/pipe"), PARLEY_ENTRY_OTHER);
    assert_int_equal(parley_directory_look("/hom"), PARLEY_ENTRY_NONE);
    parley_file_remove("/home/a/one");
    assert_string_equal(listing("/home/a"), "two=1;");
    parley_fake_file_denied("/home/a");
    assert_string_equal(listing("/home/a"), "not opened");
}

static void a_crowd_takes_its_time(void **state)
{
    uint64_t start_us = parley_clock_us();

    (void)state;
    parley_fake_crowd("/many", 3, 1000);
    parley_fake_entry("/many/first");
    assert_string_equal(listing("/many"), "first=1;one-0000003=1;one-0000002=1;one-0000001=1;");
    assert_int_equal(parley_clock_us() - start_us, 3000);
}

static void files_are_looked_at_and_removed(void **state)
{
    struct parley_file_facts facts;
    char path[16] = "", folder[4];

    (void)state;
    parley_fake_file("/a", "hello", 5);
    parley_fake_clock_unix_s(1800000000);
    assert_int_equal(parley_file_look("/a", &facts), 0);
    assert_int_equal(facts.bytes, 5);
    assert_true(facts.changed_us < 1800000000000000);
    parley_file_close(parley_file_open("/b", PARLEY_FILE_APPEND));
    assert_int_equal(parley_file_look("/b", &facts), 0);
    assert_true(facts.changed_us == 1800000000000000 && facts.bytes == 0);
    assert_int_equal(parley_file_remove("/a"), 0);
    assert_int_equal(parley_file_look("/a", &facts), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_remove("/a"), PARLEY_ERR_FILE);
    for (int i = 0; i < 3 * PARLEY_FAKE_FILES_MAX; i++) { /* what was removed makes room */
        snprintf(path, sizeof path, "/f%d", i);
        parley_fake_file(path, "", 0);
        assert_int_equal(parley_file_remove(path), 0);
    }
    assert_int_equal(parley_file_make_folder("/x/y"), 0);
    parley_fake_file_denied("/x");
    assert_int_equal(parley_file_make_folder("/x"), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_remove("/x"), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_make_folder("/b"), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_working_folder(folder, sizeof folder), 1);
    parley_fake_working_folder("/src");
    assert_int_equal(parley_file_working_folder(folder, sizeof folder), PARLEY_ERR_TOO_LONG);
}

static void the_standard_streams_are_the_tests(void **state)
{
    static char lots[PARLEY_FAKE_PIPE_BYTES + 10];
    char out[8] = "";

    (void)state;
    assert_int_equal(parley_file_nonblocking(0), 0);
    assert_int_equal(parley_file_nonblocking(77), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_read(0, out, 4), 0);
    parley_fake_input("key", 3);
    parley_fake_input_end();
    assert_int_equal(parley_file_read(0, out, 8), 3);
    assert_int_equal(parley_file_read(0, out, 8), PARLEY_ERR_PEER_CLOSED);
    memcpy(lots + sizeof lots - 4, "last", 4);
    assert_int_equal(parley_file_write(1, "first", 5), 5);
    assert_int_equal(parley_file_write(1, lots, sizeof lots), sizeof lots); /* the oldest is lost */
    assert_int_equal(parley_fake_output(1, lots, sizeof lots), PARLEY_FAKE_PIPE_BYTES);
    assert_memory_equal(lots + PARLEY_FAKE_PIPE_BYTES - 4, "last", 4);
    assert_false(parley_file_is_terminal(1));
    parley_fake_terminal(true);
    assert_true(parley_file_is_terminal(1));
    assert_false(parley_file_is_terminal(1000));
}

/* ---- processes -------------------------------------------------------------------------------- */

static void a_process_follows_its_script(void **state)
{
    struct parley_process p;
    struct parley_interest want = {.read = true, .deadline_us = PARLEY_NEVER};
    char out[16] = "";

    (void)state;
    parley_fake_command("agent", 300000, 3);
    parley_fake_command_says("agent", 100000, 1, "one ");
    parley_fake_command_says("other", 150000, 1, "not mine");
    parley_fake_command_says("agent", 200000, 2, "oops");
    parley_fake_command_says("agent", 300000, 1, "two");
    assert_int_equal(parley_process_start(&p, "agent", PARLEY_PIPE_IN | PARLEY_PIPE_OUT), 0);
    assert_int_equal(p.err, -1);
    want.fd = p.out;
    assert_int_equal(parley_file_read(p.out, out, sizeof out), 0);
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 1);
    assert_int_equal(parley_clock_us(), 1100000);
    assert_int_equal(parley_file_read(p.out, out, sizeof out), 4);
    assert_memory_equal(out, "one ", 4);
    assert_int_equal(parley_process_poll(&p), 0);
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 1);
    assert_int_equal(parley_clock_us(), 1300000);
    assert_int_equal(parley_file_read(p.out, out, sizeof out), 3);
    assert_int_equal(parley_file_read(p.out, out, sizeof out), PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(parley_process_poll(&p), 1);
    assert_int_equal(p.exit_code, 3);
    assert_int_equal(parley_file_write(p.in, "late", 4), PARLEY_ERR_PEER_CLOSED);
    parley_process_stop(&p);
    assert_int_equal(p.pid, 0);
}

static void a_process_can_be_played_by_hand(void **state)
{
    struct parley_process p;
    char out[16] = "";

    (void)state;
    parley_fake_command("agent", PARLEY_NEVER, 0);
    assert_int_equal(parley_process_start(&p, "agent", PARLEY_PIPE_IN | PARLEY_PIPE_OUT), 0);
    assert_int_equal(parley_fake_processes(), 1);
    assert_string_equal(parley_fake_process_command(0), "agent");
    assert_int_equal(parley_file_write(p.in, "request", 7), 7);
    assert_int_equal(parley_fake_process_read(0, out, sizeof out), 7);
    assert_false(parley_fake_process_input_ended(0));
    parley_process_close(&p.in);
    assert_int_equal(p.in, -1);
    assert_true(parley_fake_process_input_ended(0));
    assert_int_equal(parley_fake_process_write(0, 1, "answer", 6), 6);
    assert_int_equal(parley_fake_process_write(0, 2, "answer", 6), 0); /* not a pipe to us */
    assert_true(parley_fake_process_running(0));
    parley_fake_process_exit(0, 5);
    assert_int_equal(parley_file_read(p.out, out, sizeof out), 6);
    assert_int_equal(parley_process_poll(&p), 1);
    assert_int_equal(p.exit_code, 5);
}

static void processes_are_killed(void **state)
{
    struct parley_process p, stubborn, unknown, zero = {0};

    (void)state;
    parley_fake_command("agent", PARLEY_NEVER, 0);
    parley_process_start(&p, "agent", 0);
    parley_process_kill(&p, false);
    assert_int_equal(parley_process_poll(&p), 1);
    assert_int_equal(p.exit_code, 143);
    parley_fake_command_stubborn("agent");
    parley_process_start(&stubborn, "agent", 0);
    parley_process_kill(&stubborn, false);
    assert_int_equal(parley_process_poll(&stubborn), 0);
    parley_process_kill(&stubborn, true);
    assert_int_equal(parley_process_poll(&stubborn), 1);
    assert_int_equal(stubborn.exit_code, 137);
    parley_process_start(&unknown, "no such thing", 0);
    assert_int_equal(parley_process_poll(&unknown), 1);
    assert_int_equal(unknown.exit_code, 127);
    parley_process_stop(&zero);
    parley_fake_process_broken(true);
    assert_int_equal(parley_process_start(&p, "agent", 0), PARLEY_ERR_SYSTEM);
    assert_int_equal(p.pid, 0);
}

static void signals_are_counted_once_they_are_caught(void **state)
{
    struct parley_interest want = {.read = true, .deadline_us = PARLEY_NEVER};
    char out[4];

    (void)state;
    parley_fake_signal();
    assert_int_equal(parley_process_signals(), 0);
    want.fd = parley_process_catch_signals();
    parley_fake_signal();
    assert_int_equal(parley_process_signals(), 1);
    assert_int_equal(parley_wait(&want, 1, PARLEY_NEVER), 1);
    assert_int_equal(parley_file_read(want.fd, out, 4), 1);
    assert_int_equal(parley_file_read(want.fd, out, 4), 0);
}

static void environment_programs_and_user_are_made_up(void **state)
{
    char out[16];

    (void)state;
    assert_null(parley_process_environment("HOME"));
    parley_fake_environment("HOME", "/home/ada");
    assert_string_equal(parley_process_environment("HOME"), "/home/ada");
    parley_fake_environment("HOME", NULL);
    assert_null(parley_process_environment("HOME"));
    assert_false(parley_process_exists("arecord"));
    parley_fake_program("arecord");
    assert_true(parley_process_exists("arecord"));

    parley_user_first_name(out, sizeof out);
    assert_string_equal(out, "there");
    assert_int_equal(parley_user_home(out, sizeof out), 0);
    parley_fake_user("Ada Lovelace", "ada", "/home/ada");
    parley_user_first_name(out, sizeof out);
    assert_string_equal(out, "Ada");
    assert_int_equal(parley_user_home(out, sizeof out), 9);
    assert_int_equal(parley_user_home(out, 9), PARLEY_ERR_TOO_LONG);
}

/* ---- all together ----------------------------------------------------------------------------- */

static void a_reset_forgets_everything(void **state)
{
    struct parley_process p;
    char out[4];

    (void)state;
    open_connection();
    parley_fake_file("/a", "x", 1);
    parley_fake_input("x", 1);
    parley_fake_command("agent", PARLEY_NEVER, 0);
    parley_process_start(&p, "agent", 0);
    parley_fake_clock_advance_us(5);
    parley_fake_reset();
    assert_int_equal(parley_clock_us(), 1000000);
    assert_int_equal(parley_fake_connections(), 0);
    assert_int_equal(parley_fake_processes(), 0);
    assert_int_equal(connect_to("192.0.2.7"), PARLEY_ERR_CONNECT);
    assert_int_equal(parley_file_load("/a", out, 4), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_read(0, out, 4), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_clock_stands_still_until_it_is_moved),
        TEST(the_generator_is_splitmix64),
        TEST(the_same_seed_gives_the_same_bytes),
        TEST(chance_can_be_missing),
        TEST(memory_given_back_holds_nothing_of_before),
        TEST(numbers_below_a_bound_are_below_it_and_all_come),
        TEST(a_wait_jumps_to_the_earliest_deadline),
        TEST(a_wait_for_nothing_is_an_error_not_a_hang),
        TEST(a_hook_plays_the_other_side),
        TEST(names_have_the_addresses_they_were_given),
        TEST(names_can_fail),
        TEST(literals_need_no_name),
        TEST(addresses_accept_refuse_or_stay_silent),
        TEST(some_are_refused_at_once),
        TEST(bytes_travel_both_ways),
        TEST(the_end_comes_after_what_was_written_a_break_before),
        TEST(closing_is_seen_by_the_test),
        TEST(limits_make_reads_and_writes_short),
        TEST(a_connection_breaks_after_so_many_bytes),
        TEST(files_are_read_written_and_appended_to),
        TEST(files_can_be_missing_denied_or_too_long),
        TEST(folders_are_what_files_imply_and_what_is_made),
        TEST(a_crowd_takes_its_time),
        TEST(files_are_looked_at_and_removed),
        TEST(the_standard_streams_are_the_tests),
        TEST(a_process_follows_its_script),
        TEST(a_process_can_be_played_by_hand),
        TEST(processes_are_killed),
        TEST(signals_are_counted_once_they_are_caught),
        TEST(environment_programs_and_user_are_made_up),
        TEST(a_reset_forgets_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
