/* Address literals to bytes and back. That the system agrees is tested in platform_posix_socket_test.c. */
#include "platform/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void literals_are_read_and_written_in_one_form(void **state)
{
    static const struct {
        const char *title, *text, *written;
    } cases[] = {
        {"IPv4", "192.0.2.7", "192.0.2.7:443"},
        {"the lowest", "0.0.0.0", "0.0.0.0:443"},
        {"the highest", "255.255.255.255", "255.255.255.255:443"},
        {"IPv6 in full", "2001:db8:1:2:3:4:5:6", "[2001:db8:1:2:3:4:5:6]:443"},
        {"leading zeros and capitals", "2001:0DB8:0000:0000:0000:0000:0000:00Aa", "[2001:db8::aa]:443"},
        {"any", "::", "[::]:443"},
        {"loopback", "::1", "[::1]:443"},
        {"zeros at the end", "fe80::", "[fe80::]:443"},
        {"zeros in the middle", "1::8", "[1::8]:443"},
        {"one group of zeros is written out", "1:0:2:3:4:5:6:7", "[1:0:2:3:4:5:6:7]:443"},
        {"'::' for one group", "1:2:3:4:5:6:7::", "[1:2:3:4:5:6:7:0]:443"},
        {"'::' for one group at the front", "::2:3:4:5:6:7:8", "[0:2:3:4:5:6:7:8]:443"},
        {"the longer run is shortened", "1:0:0:2:0:0:0:3", "[1:0:0:2::3]:443"},
        {"of two equal runs the first", "1:0:0:2:3:0:0:4", "[1::2:3:0:0:4]:443"},
        {"mapped IPv4", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:443"},
        {"mapped, in groups", "::ffff:c000:207", "[::ffff:192.0.2.7]:443"},
        {"dotted end elsewhere", "64:ff9b::192.0.2.7", "[64:ff9b::c000:207]:443"},
        {"dotted end in full", "1:2:3:4:5:6:192.0.2.7", "[1:2:3:4:5:6:c000:207]:443"},
        {"a scope by number", "fe80::1%7", "[fe80::1%7]:443"},
        {"a scope by name", "fe80::1%eth0", "[fe80::1%2]:443"}, /* the fake machine has just this one */
        {"the largest scope", "fe80::1%4294967295", "[fe80::1%4294967295]:443"},
        {"multicast with scope", "ff02::fb%7", "[ff02::fb%7]:443"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_address address;
        char text[PARLEY_ADDRESS_TEXT];

        if (!parley_address_parse(parley_view(cases[i].text), &address))
            fail_msg("%s: not read", cases[i].title);
        assert_int_equal(address.port, 0);
        address.port = 443;
        parley_address_text(&address, text);
        if (strcmp(text, cases[i].written) != 0)
            fail_msg("%s: written as %s", cases[i].title, text);
    }
}

static void what_is_no_literal_is_refused(void **state)
{
    static const char *const cases[] = {"",
                                        "example.test",
                                        "localhost",
                                        "1",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "1.2.3.",
                                        ".1.2.3",
                                        "1..2.3",
                                        "1.2.3.256",
                                        "1.2.3.1000",
                                        "01.2.3.4",
                                        "1.2.3.04",
                                        "1.2.3.4 ",
                                        " 1.2.3.4",
                                        "1.2.3.4%1",
                                        "+1.2.3.4",
                                        "0x1.2.3.4",
                                        ":",
                                        ":::",
                                        "::1::",
                                        "1::2::3",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1:2:3:4:5:6:7:8::",
                                        "::1:2:3:4:5:6:7:8",
                                        "1:2:3:4::5:6:7:8",
                                        ":1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:",
                                        "12345::",
                                        "g::",
                                        "::1.2.3",
                                        "::1.2.3.4.5",
                                        "1.2.3.4::",
                                        "1:2:3:4:5:6:7:1.2.3.4",
                                        "[::1]",
                                        "fe80::1%",
                                        "fe80::1%0",
                                        "fe80::1%eth9",
                                        "fe80::1%4294967296",
                                        "fe80::1%0000000000000000000000000000000000000001",
                                        "2001:db8::1%7",
                                        "%1",
                                        "::1%1",
                                        "fe80::1%7%7",
                                        "1::2%"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_address address = {.port = 7};

        if (parley_address_parse(parley_view(cases[i]), &address) != 0)
            fail_msg("'%s' was read", cases[i]);
        assert_int_equal(address.port, 7); /* untouched */
    }
    assert_int_equal(parley_address_parse(parley_view(NULL), &(struct parley_address){0}), 0);
    assert_int_equal(parley_address_parse(parley_view_of("1.2.3.4\0", 8), &(struct parley_address){0}), 0);
}

static void the_bytes_are_in_network_order(void **state)
{
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [14] = 0x12, [15] = 0x34};
    struct parley_address address;

    (void)state;
    assert_int_equal(parley_address_parse(parley_view("192.0.2.7"), &address), 1);
    assert_int_equal(address.family, 4);
    assert_memory_equal(address.bytes, "\xc0\x00\x02\x07\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(parley_address_parse(parley_view("2001:db8::1234"), &address), 1);
    assert_int_equal(address.family, 6);
    assert_memory_equal(address.bytes, v6, 16);
}

static void the_longest_text_fits(void **state)
{
    struct parley_address address = {.family = 6, .port = 65535, .scope = UINT32_MAX};
    char text[PARLEY_ADDRESS_TEXT];

    (void)state;
    memset(address.bytes, 0xff, sizeof address.bytes);
    parley_address_text(&address, text);
    assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_read_and_written_in_one_form),
        cmocka_unit_test(what_is_no_literal_is_refused),
        cmocka_unit_test(the_bytes_are_in_network_order),
        cmocka_unit_test(the_longest_text_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
