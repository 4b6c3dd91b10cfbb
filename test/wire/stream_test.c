/* The real byte stream over the fake network: its stages with a proxy and without, on the virtual clock.
   Stands in for libwire's stream_pipe, which is not linked then. */
#include "transport/wss/stream_tls.c" /* the file under test, which libwire lacks */

#include "wire_test.h" /* cmocka has a fail() of its own */

enum { CONNECT_MS = 3000, PROXY_MS = 4000 };

static struct {
    struct parley_stream *s;
    struct parley_facts facts;
    struct parley_endpoint to;
    unsigned char block[65536];
    char why[PARLEY_TRANSPORT_REASON];
} link;

static int open_to(const char *proxy, bool tls)
{
    struct parley_stream_options options = {PARLEY_VIEW("api.test"), tls ? 443 : 80, tls, &link.to,
                                            &link.facts};
    struct parley_arena arena = parley_arena(link.block, sizeof link.block);

    link.to.proxy = parley_view(proxy);
    link.to.insecure_no_verify = true;
    link.to.deadlines = (struct parley_deadlines){
        .resolve_ms = 2000, .connect_ms = CONNECT_MS, .proxy_ms = PROXY_MS, .tls_ms = 5000};
    return parley_stream_open(&link.s, &arena, &options, link.why);
}

static int setup(void **state)
{
    (void)state;
    parley_fake_reset();
    memset(&link, 0, sizeof link);
    parley_fake_name("proxy.test", "192.0.2.8");
    parley_fake_name_delay_us("proxy.test", 1000);
    parley_fake_address("192.0.2.8", 3128, PARLEY_FAKE_ACCEPT, 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parley_stream_drop(link.s);
    return 0;
}

/* Waits once for what the stream wants, and lets it work. */
static int serve(void)
{
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];
    size_t count = parley_stream_interest(link.s, true, false, want);

    assert_true(parley_wait(want, count, parley_clock_us() + 60000000) >= 0);
    return parley_stream_work(link.s, parley_clock_us());
}

static int serve_until(const char *stage)
{
    int status = 0;

    for (int i = 0; i < 100 && status == 0 && strcmp(parley_stream_stage(link.s), stage) != 0; i++)
        status = serve();
    if (status == 0)
        assert_string_equal(parley_stream_stage(link.s), stage);
    return status;
}

static void through_a_proxy(void **state)
{
    char text[256];
    size_t got;

    (void)state;
    assert_int_equal(open_to("http://proxy.test:3128", false), 0);
    assert_string_equal(link.facts.host, "proxy.test");
    assert_int_equal(link.facts.port, 3128);
    assert_true(link.facts.proxied);
    assert_string_equal(parley_stream_stage(link.s),
                        "resolve"); /* of proxy.test; nobody knows api.test here */
    assert_int_equal(serve_until("connect"), 0);
    assert_int_equal(serve_until("proxy"), 0);
    assert_int_equal(link.facts.address.port, 3128);
    assert_int_equal(parley_stream_write(link.s, "early", 5), 0);
    assert_int_equal(parley_stream_read(link.s, text, sizeof text), 0);
    got = parley_fake_peer_read(0, text, sizeof text - 1);
    text[got] = '\0';
    assert_string_equal(text, "CONNECT api.test:80 HTTP/1.1\r\nHost: api.test:80\r\n\r\n");
    parley_fake_peer_write(0, "HTTP/1.1 200 OK\r\n\r\n", 19);
    assert_int_equal(serve(), 1);
    assert_string_equal(parley_stream_stage(link.s), "open");
    assert_int_equal(link.facts.proxy_status, 200);
    assert_int_equal(parley_stream_write(link.s, "GET", 3), 3);
    assert_int_equal(parley_fake_peer_read(0, text, sizeof text), 3);
    assert_memory_equal(text, "GET", 3);
}

static void tls_begins_within_the_tunnel(void **state)
{
    unsigned char text[256];

    (void)state;
    assert_int_equal(open_to("proxy.test:3128", true), 0);
    assert_int_equal(serve_until("proxy"), 0);
    assert_in_range(parley_fake_peer_read(0, text, sizeof text), 50, 100);
    parley_fake_peer_write(0, "HTTP/1.1 200 OK\r\n\r\n", 19);
    assert_int_equal(serve_until("tls"), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(parley_stream_work(link.s, parley_clock_us()), 0);
    assert_in_range(parley_fake_peer_read(0, text, sizeof text), 60, 256);
    assert_int_equal(text[0], 22); /* a handshake record: the hello */
    assert_int_equal(text[1], 3);
}

static void failures_name_the_proxy(void **state)
{
    static const struct {
        const char *title, *proxy, *answer;
        int status;
        const char *why;
    } rows[] = {
        {"no such proxy", "http://gone.test", NULL, PARLEY_ERR_RESOLVE,
         "resolve: gone.test: no such name (of the proxy)"},
        {"it refuses", "http://proxy.test:1", NULL, PARLEY_ERR_CONNECT,
         "connect: 192.0.2.8:1: Connection refused (of the proxy)"},
        {"it says no", "http://proxy.test:3128", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
         PARLEY_ERR_REFUSED, "proxy: HTTP 403 No"},
        {"it says nothing", "http://proxy.test:3128", "", PARLEY_ERR_TIMEOUT,
         "proxy: no answer within 4000 ms"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int status = 0;

        setup(state);
        parley_fake_address("192.0.2.8", 1, PARLEY_FAKE_REFUSE, 1000);
        assert_int_equal(open_to(rows[i].proxy, true), 0);
        if (rows[i].answer != NULL) {
            assert_int_equal(serve_until("proxy"), 0);
            parley_fake_peer_write(0, rows[i].answer, strlen(rows[i].answer));
        }
        for (int n = 0; n < 100 && status == 0; n++)
            status = serve();
        expect_int(rows[i].title, status, rows[i].status);
        expect_text(rows[i].title, parley_stream_reason(link.s).at, rows[i].why);
        teardown(state);
        link.s = NULL;
    }
}

static void without_a_proxy(void **state)
{
    (void)state;
    parley_fake_name("api.test", "192.0.2.9");
    parley_fake_address("192.0.2.9", 80, PARLEY_FAKE_ACCEPT, 1000);
    link.facts.host = "api.test";
    assert_int_equal(open_to(" ", false), 0);
    assert_false(link.facts.proxied);
    assert_int_equal(serve_until("open"), 1);
    assert_int_equal(link.facts.address.port, 80);
}

static void refuses_what_is_no_proxy(void **state)
{
    (void)state;
    assert_int_equal(open_to("https://proxy.test", true), PARLEY_ERR_URL);
    assert_null(link.s);
    assert_non_null(strstr(link.why, "proxy: a proxy that is itself spoken to in TLS"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(through_a_proxy), TEST(tls_begins_within_the_tunnel), TEST(failures_name_the_proxy),
        TEST(without_a_proxy), TEST(refuses_what_is_no_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
