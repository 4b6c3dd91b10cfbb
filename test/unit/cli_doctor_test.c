/* What `parley doctor` stands on: each address tried by itself, on the virtual clock, and what it advises. */
#include "test/unit/cli_test.h"

#include "core/cli/advice.h"
#include "core/cli/probe.h"
#include "platform/clock.h"
#include "platform/status.h"

static struct parley_cli_probe probe;

static void a_name_gives_its_addresses(void **state)
{
    uint64_t began_us = parley_clock_us();

    (void)state;
    parley_fake_name("h.test", "2001:db8::1");
    parley_fake_name("h.test", "192.0.2.1");
    assert_int_equal(parley_cli_probe_resolve(&probe, "h.test", 443, 1000), PARLEY_OK);
    assert_int_equal(probe.count, 2);
    assert_int_equal(probe.at[0].address.family, 6);
    assert_int_equal(probe.at[1].address.port, 443);
    assert_int_equal(parley_cli_probe_resolve(&probe, "192.0.2.7", 443, 1000), PARLEY_OK);
    assert_int_equal(probe.count, 1);
    assert_int_equal(parley_clock_us(), began_us); /* what is known is not waited for */
    parley_fake_name_delay_us("h.test", 300000);
    assert_int_equal(parley_cli_probe_resolve(&probe, "h.test", 443, 1000), PARLEY_OK);
    assert_int_equal(probe.count, 2);
}

static void a_name_may_not_be_found(void **state)
{
    uint64_t began_us = parley_clock_us();

    (void)state;
    assert_int_equal(parley_cli_probe_resolve(&probe, "gone.test", 443, 1000), PARLEY_ERR_RESOLVE);
    assert_string_equal(probe.why, "gone.test: no such name");
    assert_int_equal(probe.count, 0);
    parley_fake_name("slow.test", "192.0.2.1");
    parley_fake_name_delay_us("slow.test", PARLEY_NEVER);
    assert_int_equal(parley_cli_probe_resolve(&probe, "slow.test", 443, 1000), PARLEY_ERR_TIMEOUT);
    assert_int_equal(parley_clock_us() - began_us, 1000000);
    assert_holds("it says what", probe.why, "slow.test: ");
}

static void every_address_is_tried(void **state)
{
    uint64_t began_us = parley_clock_us();

    (void)state;
    for (int i = 1; i <= 4; i++) {
        char address[16];

        snprintf(address, sizeof address, "192.0.2.%d", i);
        parley_fake_name("h.test", address);
    }
    parley_fake_address("192.0.2.1", 443, PARLEY_FAKE_REFUSE, 5000);
    parley_fake_address("192.0.2.2", 443, PARLEY_FAKE_ACCEPT, 20000);
    parley_fake_address("192.0.2.3", 443, PARLEY_FAKE_SILENT, 0);
    assert_int_equal(parley_cli_probe_resolve(&probe, "h.test", 443, 1000), PARLEY_OK);
    assert_int_equal(parley_cli_probe_connect(&probe, 2000), 1);
    assert_int_equal(parley_clock_us() - began_us, 2000000);
    assert_string_equal(probe.at[0].reason, "Connection refused");
    assert_int_equal(probe.at[0].took_ms, 5);
    assert_true(probe.at[1].connected);
    assert_int_equal(probe.at[1].took_ms, 20);
    assert_string_equal(probe.at[2].reason, "no answer");
    assert_int_equal(probe.at[2].took_ms, 2000);
    assert_false(probe.at[3].connected); /* no way there */
    assert_int_equal(probe.at[3].took_ms, 0);
    for (int i = 0; i < parley_fake_connections(); i++)
        assert_false(parley_fake_connection_open(i));
}

static void advice_fits_the_fault(void **state)
{
    static const struct {
        const char *stage;
        int status;
        const char *reason;
        int http_status;
        const char *advice;
    } rows[] = {
        {"setup", PARLEY_ERR_FILE, "no bundle of trusted certificates", 0, "ca-certificates"},
        {"setup", PARLEY_ERR_FILE, "ca_file x: Permission denied", 0, "check the file"},
        {"setup", PARLEY_ERR_ARGUMENT, "key: the service wants one", 0, "OPENAI_API_KEY"},
        {"setup", PARLEY_ERR_URL, "url: it names no host", 0, "correct the option"},
        {"resolve", PARLEY_ERR_RESOLVE, "h: no such name", 0, "check the host's name"},
        {"resolve", PARLEY_ERR_TIMEOUT, "h: no answer", 0, "no name server answers"},
        {"connect", PARLEY_ERR_CONNECT, "connect: Connection refused", 0, "nothing listens"},
        {"connect", PARLEY_ERR_TIMEOUT, "connect: no answer", 0, "firewall"},
        {"proxy", PARLEY_ERR_AUTH, "proxy: HTTP 407", 0, "user name and password"},
        {"proxy", PARLEY_ERR_REFUSED, "proxy: HTTP 403", 0, "ask whoever runs it"},
        {"proxy", PARLEY_ERR_TIMEOUT, "proxy: no answer", 0, "does not answer"},
        {"tls", PARLEY_ERR_CERTIFICATE, "tls: the clock says 1970-01-01, so it is not set", 0, "NTP"},
        {"tls", PARLEY_ERR_CERTIFICATE, "tls: no pin fits; seen: sha256/", 0, "--pin"},
        {"tls", PARLEY_ERR_CERTIFICATE, "tls: the certificate comes from an unknown authority (X)", 0,
         "--ca-file"},
        {"tls", PARLEY_ERR_TLS, "tls: the peer refused with alert 116 (certificate required)", 0,
         "--client-cert"},
        {"upgrade", PARLEY_ERR_AUTH, "upgrade: HTTP 401", 401, "does not accept the key"},
        {"upgrade", PARLEY_ERR_AUTH, "upgrade: HTTP 403", 403, "not allowed"},
        {"upgrade", PARLEY_ERR_REFUSED, "upgrade: HTTP 307", 307, "it points to"},
        {"upgrade", PARLEY_ERR_REFUSED, "upgrade: HTTP 400", 400, "does not like the request"},
        {"upgrade", PARLEY_ERR_REFUSED, "upgrade: HTTP 503", 503, "try again later"},
        {"upgrade", PARLEY_ERR_TIMEOUT, "upgrade: no answer", 0, "does not answer"},
        {"session", PARLEY_ERR_TIMEOUT, "", 101, "says nothing"},
        {"session", PARLEY_ERR_PEER_CLOSED, "", 101, "ends the conversation"},
        {"elsewhere", PARLEY_ERR_LOST, "", 0, "try again"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_holds(rows[i].reason,
                     parley_cli_advice(rows[i].stage, rows[i].status, parley_view(rows[i].reason),
                                       rows[i].http_status),
                     rows[i].advice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_name_gives_its_addresses, fresh),
        cmocka_unit_test_setup(a_name_may_not_be_found, fresh),
        cmocka_unit_test_setup(every_address_is_tried, fresh),
        cmocka_unit_test(advice_fits_the_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
