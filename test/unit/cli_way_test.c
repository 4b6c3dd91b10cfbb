/* The way to the service: options that every command has, what the environment adds, and which proxy it
 * means. */
#include "test/unit/cli_test.h"

#include "core/cli/options.h"
#include "core/cli/proxy.h"

/* ---- options ----------------------------------------------------------------------------------- */

static struct parley_cli_options given;
static char why[PARLEY_CLI_OPTIONS_WHY];

/* Reads a command line whose arguments stand between bars. */
static int read_line(const char *line)
{
    static char text[4096];
    char *argv[64] = {(char *)"talk"};
    int argc = 1;

    snprintf(text, sizeof text, "%s", line);
    for (char *at = strtok(text, "|"); at != NULL; at = strtok(NULL, "|"))
        argv[argc++] = at;
    why[0] = '\0';
    return parley_cli_options_read(&given, argc, argv, "wss", why);
}

static void options_become_those_of_a_conversation(void **state)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;

    (void)state;
    assert_int_equal(
        read_line("--url|wss://h|--query|a=b=c|--query=d=|--header|X-A: b|--proxy|p:1|--ca-file|f|"
                  "--ca-dir|g|--pin|sha256/x|--pin=sha256/y=|--client-cert|c|--client-key|k|"
                  "--clock-unset|ignore-dates"),
        PARLEY_OK);
    parley_fake_environment("SSL_CERT_FILE", "other");
    parley_cli_way_apply(&given.way, &options);
    assert_true(parley_view_is(options.url, "wss://h"));
    assert_int_equal(options.query_count, 2);
    assert_true(parley_view_is(options.query[0].name, "a") && parley_view_is(options.query[0].value, "b=c"));
    assert_true(parley_view_is(options.query[1].name, "d") && parley_view_is(options.query[1].value, ""));
    assert_int_equal(options.header_count, 1);
    assert_true(parley_view_is(options.proxy, "p:1"));
    assert_true(parley_view_is(options.ca_file, "f") && parley_view_is(options.ca_dir, "g"));
    assert_int_equal(options.pin_count, 2);
    assert_true(parley_view_is(options.pins[0], "sha256/x") && parley_view_is(options.pins[1], "sha256/y="));
    assert_true(parley_view_is(options.client_cert, "c") && parley_view_is(options.client_key, "k"));
    assert_int_equal(options.clock_unset, PARLEY_CLOCK_UNSET_IGNORE_DATES);
    assert_false(options.insecure_no_verify);
}

static void what_is_not_given_is_absent(void **state)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;

    (void)state;
    assert_int_equal(read_line(""), PARLEY_OK);
    parley_fake_environment("SSL_CERT_FILE", "");
    parley_cli_way_apply(&given.way, &options);
    assert_null(options.url.at);
    assert_null(options.proxy.at);
    assert_null(options.ca_file.at);
    assert_null(options.ca_dir.at);
    assert_null(options.client_cert.at);
    assert_int_equal(options.pin_count + options.query_count + options.header_count, 0);
    assert_int_equal(options.clock_unset, PARLEY_CLOCK_UNSET_REFUSE);
}

static void authorities_come_from_the_environment(void **state)
{
    static const struct {
        const char *title, *line, *file, *folder, *expected_file, *expected_folder;
    } rows[] = {
        {"a file", "", "/env.pem", NULL, "/env.pem", NULL},
        {"a folder", "", NULL, "/env", NULL, "/env"},
        {"both", "", "/env.pem", "/env:/more", "/env.pem", "/env:/more"},
        {"the command line names a file", "--ca-file|mine", "/env.pem", "/env", "mine", NULL},
        {"the command line names a folder", "--ca-dir|mine", "/env.pem", "/env", NULL, "mine"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_options options = PARLEY_OPTIONS_DEFAULT;

        parley_fake_reset();
        parley_fake_environment("SSL_CERT_FILE", rows[i].file);
        parley_fake_environment("SSL_CERT_DIR", rows[i].folder);
        assert_int_equal(read_line(rows[i].line), PARLEY_OK);
        parley_cli_way_apply(&given.way, &options);
        if (!parley_view_equal(options.ca_file, parley_view(rows[i].expected_file)) ||
            !parley_view_equal(options.ca_dir, parley_view(rows[i].expected_folder)))
            fail_msg("%s: %.*s and %.*s", rows[i].title, (int)options.ca_file.len, options.ca_file.at,
                     (int)options.ca_dir.len, options.ca_dir.at);
    }
}

static void refuses_what_does_not_go_together(void **state)
{
    static const struct {
        const char *line, *why;
    } rows[] = {
        {"--ca-file|a|--insecure-no-verify", "--ca-file says whom to trust"},
        {"--ca-dir|a|--insecure-no-verify", "--ca-dir says whom to trust"},
        {"--client-key|a", "--client-key needs --client-cert"},
        {"--query|secret", "--query wants 'name=value'"},
        {"--query|=x", "--query wants 'name=value'"},
        {"--clock-unset|never", "--clock-unset wants refuse or ignore-dates"},
        {"--pin|1|--pin|2|--pin|3|--pin|4|--pin|5|--pin|6|--pin|7|--pin|8|--pin|9",
         "--pin may be given 8 times, not more"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(read_line(rows[i].line), PARLEY_ERR_ARGUMENT);
        if (strstr(why, rows[i].why) == NULL || strstr(why, "secret") != NULL)
            fail_msg("%s: %s", rows[i].line, why);
    }
}

/* ---- which proxy ------------------------------------------------------------------------------- */

static void the_proxy_is_the_one_meant(void **state)
{
    static const struct {
        const char *title, *asked, *url;
        const char *environment[6]; /* name, value, ... */
        const char *expected;
    } rows[] = {
        {"nothing is set", NULL, NULL, {NULL}, NULL},
        {"the command line", "http://p", NULL, {NULL}, "http://p"},
        {"the command line wins", "http://p", NULL, {"https_proxy", "q", "no_proxy", "*"}, "http://p"},
        {"the command line says none", "none", NULL, {"https_proxy", "q"}, NULL},
        {"the command line says nothing", "", NULL, {"https_proxy", "q"}, NULL},
        {"the default service", NULL, NULL, {"HTTPS_PROXY", "q"}, "q"},
        {"small letters win", NULL, NULL, {"HTTPS_PROXY", "q", "https_proxy", "r"}, "r"},
        {"set and empty is none", NULL, NULL, {"HTTPS_PROXY", "q", "https_proxy", ""}, NULL},
        {"for all", NULL, NULL, {"ALL_PROXY", "a"}, "a"},
        {"for all, in small letters", NULL, NULL, {"all_proxy", "a", "ALL_PROXY", "b"}, "a"},
        {"for https before for all", NULL, NULL, {"all_proxy", "a", "HTTPS_PROXY", "b"}, "b"},
        {"wss", NULL, "wss://h", {"HTTPS_PROXY", "q"}, "q"},
        {"WSS", NULL, " WSS://h", {"HTTPS_PROXY", "q"}, "q"},
        {"ws is not https", NULL, "ws://h", {"HTTPS_PROXY", "q"}, NULL},
        {"ws", NULL, "ws://h", {"http_proxy", "q"}, "q"},
        {"http", NULL, "HTTP://h", {"http_proxy", "q"}, "q"},
        {"https is not http", NULL, "https://h", {"http_proxy", "q"}, NULL},
        {"HTTP_PROXY is not ours to set", NULL, "ws://h", {"HTTP_PROXY", "q"}, NULL},
        {"ws, for all", NULL, "ws://h", {"ALL_PROXY", "q"}, "q"},
        {"an exception", NULL, "wss://h.test/v1", {"HTTPS_PROXY", "q", "NO_PROXY", "a,h.test"}, NULL},
        {"no exception", NULL, "wss://i.test", {"HTTPS_PROXY", "q", "NO_PROXY", "a,h.test"}, "q"},
        {"small letters win there too",
         NULL,
         "wss://h",
         {"HTTPS_PROXY", "q", "NO_PROXY", "h", "no_proxy", "i"},
         "q"},
        {"an exception for the default service",
         NULL,
         NULL,
         {"HTTPS_PROXY", "q", "NO_PROXY", "openai.com"},
         NULL},
        {"the port of the scheme", NULL, "wss://h", {"HTTPS_PROXY", "q", "NO_PROXY", "h:443"}, NULL},
        {"a port of its own", NULL, "wss://h:8443/x:443", {"HTTPS_PROXY", "q", "NO_PROXY", "h:8443"}, NULL},
        {"another port", NULL, "wss://h:8443", {"HTTPS_PROXY", "q", "NO_PROXY", "h:443"}, "q"},
        {"an IPv6 address", NULL, "wss://[::1]:8443/", {"HTTPS_PROXY", "q", "NO_PROXY", "::1"}, NULL},
        {"no URL at all", NULL, "h", {"HTTPS_PROXY", "q", "NO_PROXY", "h"}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got;

        parley_fake_reset();
        for (size_t n = 0; n < 6 && rows[i].environment[n] != NULL; n += 2)
            parley_fake_environment(rows[i].environment[n], rows[i].environment[n + 1]);
        got = parley_cli_proxy(rows[i].asked, rows[i].url);
        if ((got == NULL) != (rows[i].expected == NULL) ||
            (got != NULL && strcmp(got, rows[i].expected) != 0))
            fail_msg("%s: %s", rows[i].title, got != NULL ? got : "none");
    }
}

static void exceptions_are_domains_addresses_and_networks(void **state)
{
    static const struct {
        const char *list, *host;
        unsigned port;
        bool excepts;
    } rows[] = {
        {"", "h", 443, false},
        {",, ,", "h", 443, false},
        {"*", "h", 443, true},
        {" * ", "192.0.2.1", 443, true},
        {"example.com", "example.com", 443, true},
        {"EXAMPLE.com", "Example.COM.", 443, true},
        {"example.com.", "example.com", 443, true},
        {"example.com", "api.example.com", 443, true},
        {".example.com", "example.com", 443, true},
        {".example.com", "api.example.com", 443, true},
        {"*.example.com", "a.api.example.com", 443, true},
        {"example.com", "badexample.com", 443, false},
        {"example.com", "example.com.evil.test", 443, false},
        {"api.example.com", "example.com", 443, false},
        {".", "example.com", 443, false},
        {"*.", "example.com", 443, false},
        {"*x", "ax", 443, false},
        {"a b\tc,d", "c", 443, true},
        {"a, b", "b", 443, true},
        {"h:443", "h", 443, true},
        {"h:443", "h", 80, false},
        {"h:", "h", 80, false},
        {"h:x", "h", 80, false},
        {".h:80", "a.h", 80, true},
        {"192.0.2.1", "192.0.2.1", 443, true},
        {"192.0.2.1:443", "192.0.2.1", 443, true},
        {"192.0.2.1:80", "192.0.2.1", 443, false},
        {"2.1", "192.0.2.1", 443, false},
        {"192.0.2.0/24", "192.0.2.255", 443, true},
        {"192.0.2.0/24", "192.0.3.1", 443, false},
        {"192.0.2.128/25", "192.0.2.127", 443, false},
        {"0.0.0.0/0", "192.0.2.1", 443, true},
        {"192.0.2.0/33", "192.0.2.0", 443, false},
        {"192.0.2.0/", "192.0.2.0", 443, false},
        {"192.0.2.0/24", "h", 443, false},
        {"0.0.0.0/0", "::1", 443, false},
        {"::1", "::1", 443, true},
        {"[::1]", "::1", 443, true},
        {"[::1]:443", "::1", 443, true},
        {"[::1]:80", "::1", 443, false},
        {"0:0::1", "::1", 443, true},
        {"fd00::/8", "fd12::7", 443, true},
        {"fd00::/8", "fe12::7", 443, false},
        {"[", "h", 443, false},
        {"[]", "h", 443, false},
        {"[:", "h", 443, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (parley_cli_proxy_excepts(parley_view(rows[i].list), parley_view(rows[i].host), rows[i].port) !=
            rows[i].excepts)
            fail_msg("\"%s\" and %s:%u: %d", rows[i].list, rows[i].host, rows[i].port, !rows[i].excepts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(options_become_those_of_a_conversation, fresh),
        cmocka_unit_test_setup(what_is_not_given_is_absent, fresh),
        cmocka_unit_test(authorities_come_from_the_environment),
        cmocka_unit_test(refuses_what_does_not_go_together),
        cmocka_unit_test(the_proxy_is_the_one_meant),
        cmocka_unit_test(exceptions_are_domains_addresses_and_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
