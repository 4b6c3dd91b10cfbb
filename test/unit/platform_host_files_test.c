/* The lines of hosts and resolv.conf, and the names a search list makes. */
#include "platform/host_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void lines_of_hosts(void **state)
{
    static const struct {
        const char *title, *line, *host, *address; /* NULL: none */
    } cases[] = {
        {"a name", "192.0.2.7 box.test", "box.test", "192.0.2.7:0"},
        {"an alias, with tabs", "192.0.2.7\tbox.test\t\tbox  b", "b", "192.0.2.7:0"},
        {"in other letters", "192.0.2.7 Box.TEST", "bOX.test", "192.0.2.7:0"},
        {"with a dot at the end", "192.0.2.7 box.test", "box.test.", "192.0.2.7:0"},
        {"IPv6 with scope", "fe80::1%eth0 router", "router", "[fe80::1%2]:0"},
        {"blanks around, and a comment behind", "  192.0.2.7 box # the box\r", "box", "192.0.2.7:0"},
        {"only the start of the name", "192.0.2.7 boxes", "box", NULL},
        {"only the end of the name", "192.0.2.7 www.box", "box", NULL},
        {"in a comment", "192.0.2.7 other # box", "box", NULL},
        {"commented out", "#192.0.2.7 box", "box", NULL},
        {"no address", "box box", "box", NULL},
        {"a broken address", "192.0.2 box", "box", NULL},
        {"nothing but the address", "192.0.2.7", "192.0.2.7", NULL},
        {"an empty line", "", "box", NULL},
        {"blanks", " \t ", "box", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_address address;
        char text[PARLEY_ADDRESS_TEXT] = "none";

        if (parley_hosts_line(parley_view(cases[i].line), parley_view(cases[i].host), &address))
            parley_address_text(&address, text);
        if (strcmp(text, cases[i].address != NULL ? cases[i].address : "none") != 0)
            fail_msg("%s: %s", cases[i].title, text);
    }
}

static struct parley_resolv_conf read_conf(const char *text)
{
    struct parley_resolv_conf conf;
    struct parley_view rest = parley_view(text);

    parley_resolv_conf_begin(&conf);
    while (rest.len > 0) {
        const char *end = memchr(rest.at, '\n', rest.len);
        size_t length = end != NULL ? (size_t)(end - rest.at) : rest.len;

        parley_resolv_conf_line(&conf, parley_view_of(rest.at, length));
        rest = parley_view_skip(rest, length + 1);
    }
    parley_resolv_conf_end(&conf);
    return conf;
}

static void servers_in_resolv_conf(void **state)
{
    static const struct {
        const char *title, *text;
        size_t count;
        const char *servers[3];
    } cases[] = {
        {"none", "", 1, {"127.0.0.1:53"}},
        {"only comments", "# nameserver 192.0.2.7\n;nameserver 192.0.2.8\n", 1, {"127.0.0.1:53"}},
        {"two, one of IPv6",
         "nameserver 192.0.2.7\nnameserver\t2001:db8::1 \n",
         2,
         {"192.0.2.7:53", "[2001:db8::1]:53"}},
        {"with a scope", "nameserver fe80::1%eth0", 1, {"[fe80::1%2]:53"}},
        {"with ports",
         "nameserver [192.0.2.7]:5353\nnameserver [2001:db8::1]:54",
         2,
         {"192.0.2.7:5353", "[2001:db8::1]:54"}},
        {"in brackets without a port", "nameserver [2001:db8::1]", 1, {"[2001:db8::1]:53"}},
        {"more than three",
         "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
         3,
         {"192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"}},
        {"what is no address is passed over",
         "nameserver dns.test\nnameserver\nnameserver 192.0.2.7",
         1,
         {"192.0.2.7:53"}},
        {"more on the line is passed over", "nameserver 192.0.2.7 192.0.2.8 # first", 1, {"192.0.2.7:53"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_resolv_conf conf = read_conf(cases[i].text);

        if (conf.server_count != cases[i].count)
            fail_msg("%s: %zu servers", cases[i].title, conf.server_count);
        for (size_t k = 0; k < conf.server_count; k++) {
            char text[PARLEY_ADDRESS_TEXT];

            parley_address_text(&conf.servers[k], text);
            if (strcmp(text, cases[i].servers[k]) != 0)
                fail_msg("%s: %s", cases[i].title, text);
        }
    }
}

static void options_in_resolv_conf(void **state)
{
    static const struct {
        const char *title, *text;
        uint32_t timeout_ms;
        unsigned attempts, ndots;
    } cases[] = {
        {"none", "", 2000, 2, 1},
        {"all", "options timeout:1 attempts:3 ndots:0", 1000, 3, 0},
        {"on two lines, with others", "options rotate timeout:4\noptions\tedns0 ndots:5", 4000, 2, 5},
        {"too large", "options timeout:999999999999 attempts:99 ndots:16", 30000, 5, 15},
        {"out of place", "options timeout:0 attempts:0 ndots:", 2000, 2, 1},
        {"no numbers", "options timeout:x attempts:-1 ndots:1x timeout", 2000, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_resolv_conf conf = read_conf(cases[i].text);

        if (conf.timeout_ms != cases[i].timeout_ms || conf.attempts != cases[i].attempts ||
            conf.ndots != cases[i].ndots)
            fail_msg("%s: timeout %u, attempts %u, ndots %u", cases[i].title, (unsigned)conf.timeout_ms,
                     conf.attempts, conf.ndots);
    }
}

static void names_to_ask_for(void **state)
{
    static const struct {
        const char *title, *conf, *host, *names[5]; /* "-": one that is too long */
    } cases[] = {
        {"no search list", "", "box", {"box"}},
        {"a short name", "search a.test b.test", "box", {"box.a.test", "box.b.test", "box"}},
        {"a name with dots", "search a.test b.test", "box.c", {"box.c", "box.c.a.test", "box.c.b.test"}},
        {"more dots are asked for", "search a.test\noptions ndots:2", "box.c", {"box.c.a.test", "box.c"}},
        {"no dots are asked for", "search a.test\noptions ndots:0", "box", {"box", "box.a.test"}},
        {"a dot at the end says that this is all", "search a.test", "box.", {"box"}},
        {"domain", "domain a.test b.test", "box", {"box.a.test", "box"}},
        {"the last line counts", "domain a.test\nsearch b.test", "box", {"box.b.test", "box"}},
        {"an empty line takes the list back", "search a.test\nsearch", "box", {"box"}},
        {"domains with a dot at the end", "search a.test.", "box", {"box.a.test", "box"}},
        {"the domain of all is no domain", "search .", "box", {"box"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_resolv_conf conf = read_conf(cases[i].conf);
        char name[PARLEY_NAME_BYTES];
        size_t index = 0;

        for (; index < 5 && cases[i].names[index] != NULL; index++) {
            assert_int_equal(parley_resolv_conf_name(&conf, parley_view(cases[i].host), index, name), 1);
            if (strcmp(name, cases[i].names[index]) != 0)
                fail_msg("%s: %s", cases[i].title, name);
        }
        assert_int_equal(parley_resolv_conf_name(&conf, parley_view(cases[i].host), index, name), -1);
    }
}

static void a_name_that_gets_too_long_is_left_out(void **state)
{
    struct parley_resolv_conf conf = read_conf("search a.test bcde.test\noptions ndots:9");
    char host[248], name[PARLEY_NAME_BYTES];

    (void)state;
    memset(host, 'h', sizeof host);
    host[60] = host[120] = host[180] = host[240] = '.';
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view_of(host, 246), 0, name), 1); /* 253 in all */
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view_of(host, 246), 1, name), 0);
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view_of(host, 246), 2, name), 1);
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view_of(host, 247), 0, name), 0);
}

static void a_search_list_takes_what_fits(void **state)
{
    struct parley_resolv_conf conf = read_conf("search a b c d e f g h");
    char line[400] = "search ", name[PARLEY_NAME_BYTES];

    (void)state;
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view("x"), 6, name), 1);
    assert_string_equal(name, "x");
    parley_resolv_conf_line(&conf, parley_view_of("search a.test b\0.test", 21)); /* no zero in the list */
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view("x"), 1, name), 1);
    assert_string_equal(name, "x");
    memset(line + 7, 'a', 300);
    line[7 + 200] = ' ';
    conf = read_conf(line); /* domains of 200 and 99 characters: the second does not fit */
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view("x"), 0, name), 1);
    assert_int_equal(strlen(name), 202);
    assert_int_equal(parley_resolv_conf_name(&conf, parley_view("x"), 1, name), 1);
    assert_string_equal(name, "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_hosts),
        cmocka_unit_test(servers_in_resolv_conf),
        cmocka_unit_test(options_in_resolv_conf),
        cmocka_unit_test(names_to_ask_for),
        cmocka_unit_test(a_name_that_gets_too_long_is_left_out),
        cmocka_unit_test(a_search_list_takes_what_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
