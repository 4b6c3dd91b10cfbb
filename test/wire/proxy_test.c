/* The way through a proxy, over the fake network: what is asked, how each answer is judged however it is cut,
   and what becomes of the password. */
#include "wire_test.h"

#include "platform/clock.h"
#include "transport/wss/proxy.h"

enum { PROXY_MS = 4000, BLOCK_BYTES = 32768 };

static struct {
    struct parley_proxy *p;
    struct parley_facts facts;
    struct parley_view host;
    unsigned char block[BLOCK_BYTES];
    char why[PARLEY_TRANSPORT_REASON];
    int fd;
    uint64_t now_us;
} link;

static int open_for(const char *url, const char *host, uint16_t port)
{
    struct parley_endpoint to = {.proxy = parley_view(url), .deadlines = {.proxy_ms = PROXY_MS}};
    struct parley_proxy_options options = {parley_view(host), port, &to, &link.facts};
    struct parley_arena arena, count = parley_arena(NULL, 0);

    memset(&link, 0, sizeof link);
    link.now_us = 5000000;
    link.fd = -1;
    assert_int_equal(parley_proxy_open(&link.p, &count, &options, link.why), 0);
    assert_null(link.p);
    assert_in_range(count.used, 1, BLOCK_BYTES);
    arena = parley_arena(link.block, count.used);
    return parley_proxy_open(&link.p, &arena, &options, link.why);
}

/* Opens, and connects to the proxy that the test plays. */
static void connect_for(const char *url, const struct parley_fake_limits *limits)
{
    struct parley_address address = {.family = 4, .bytes = {192, 0, 2, 8}, .port = 3128};

    parley_fake_reset();
    parley_fake_address("192.0.2.8", 3128, PARLEY_FAKE_ACCEPT, 0);
    parley_fake_limits(-1, limits);
    assert_int_equal(open_for(url, "api.test", 443), 0);
    link.fd = parley_socket_connect(&address);
    assert_true(link.fd >= 0);
    parley_proxy_attach(link.p, link.fd, link.now_us);
}

static void close_link(void)
{
    parley_proxy_drop(link.p);
    parley_socket_close(link.fd);
}

static int work(void)
{
    return parley_proxy_work(link.p, link.now_us);
}

static bool block_holds(const char *text)
{
    for (size_t i = 0; i + strlen(text) <= sizeof link.block; i++)
        if (memcmp(link.block + i, text, strlen(text)) == 0)
            return true;
    return false;
}

static void say(const char *text, size_t bytes)
{
    assert_int_equal(parley_fake_peer_write(0, text, bytes), bytes);
}

/* Everything the proxy was told, with a zero behind it. */
static const char *heard(void)
{
    static char text[4096];

    text[parley_fake_peer_read(0, text, sizeof text - 1)] = '\0';
    return text;
}

/* ---- what is asked ----------------------------------------------------------------------------- */

static void asks_for_the_service_by_its_name(void **state)
{
    static const struct {
        const char *title, *url, *host;
        uint16_t port;
        const char *at, *target, *authorization;
        uint16_t proxy_port;
    } rows[] = {
        {"host and port", "http://proxy.test:3128", "api.test", 443, "proxy.test", "api.test:443", "", 3128},
        {"port 80 by itself", "http://proxy.test", "api.test", 80, "proxy.test", "api.test:80", "", 80},
        {"a slash behind it, and blanks", " http://Proxy.test:8080/ ", "api.test", 8443, "proxy.test",
         "api.test:8443", "", 8080},
        {"no scheme", "proxy.test:3128", "api.test", 443, "proxy.test", "api.test:443", "", 3128},
        {"an IPv6 proxy, an IPv6 service", "http://[2001:db8::1]:3128", "2001:db8::2", 443, "2001:db8::1",
         "[2001:db8::2]:443", "", 3128},
        {"a user and a password", "http://Aladdin:open%20sesame@p.test:1", "api.test", 443, "p.test",
         "api.test:443", "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 1},
        {"no scheme, a password", "Aladdin:open%20sesame@p.test:1", "api.test", 443, "p.test", "api.test:443",
         "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n", 1},
        {"an '@' and colons in the password", "http://u:a@b:c%3ad@p.test:1", "api.test", 443, "p.test",
         "api.test:443", "Proxy-Authorization: Basic dTphQGI6Yzpk\r\n", 1},
        {"a user without a password", "http://u@p.test:1", "api.test", 443, "p.test", "api.test:443",
         "Proxy-Authorization: Basic dTo=\r\n", 1},
    };
    char expected[512];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        parley_fake_reset();
        expect_int(rows[i].title, open_for(rows[i].url, rows[i].host, rows[i].port), 0);
        expect_text(rows[i].title, parley_proxy_host(link.p).at, rows[i].at);
        expect_int(rows[i].title, parley_proxy_port(link.p), rows[i].proxy_port);
        snprintf(expected, sizeof expected, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", rows[i].target,
                 rows[i].target, rows[i].authorization);
        assert_true(block_holds(expected));
        parley_proxy_drop(link.p);
        assert_false(block_holds("CONNECT"));
    }
}

static void refuses_urls(void **state)
{
    static char long_user[1000], long_host[400];
    const struct {
        const char *title, *url, *why;
    } rows[] = {
        {"TLS to the proxy", "https://u:secret@p.test",
         "proxy: a proxy that is itself spoken to in TLS (https://) is not supported; most take http://"},
        {"SOCKS", "socks5://u:secret@p.test", "proxy: only HTTP proxies are supported: http://HOST:PORT"},
        {"no host", "http://u:secret@:80", "proxy: it names no host"},
        {"no host at all", "http://", "proxy: it names no host"},
        {"a bad port", "http://u:secret@p.test:99999", "proxy: the port is above 65535"},
        {"a slash in the password", "http://u:se/cret@p.test", "proxy: the port is not a number"},
        {"a blank in the host", "http://u:secret@p test",
         "proxy: the host holds a character that no host name has"},
        {"a line end in the host", "http://u:secret@p\r\nX: y", "proxy: it holds a control character"},
        {"a bad escape", "http://u:secret%zz@p.test",
         "proxy: its user name and password are too long, or escaped in a wrong way"},
        {"an escape cut short", "http://u:secret%2@p.test",
         "proxy: its user name and password are too long, or escaped in a wrong way"},
        {"a line end in the password", "http://u:secret%0d%0aX@p.test",
         "proxy: its user name and password are too long, or escaped in a wrong way"},
        {"a colon in the user name", "http://u%3asecret:x@p.test",
         "proxy: its user name holds a colon, which HTTP has no way to send"},
        {"513 bytes of password", long_user,
         "proxy: its user name and password are too long, or escaped in a wrong way"},
        {"a long host", long_host, "proxy: its host is longer than a name can be"},
    };

    (void)state;
    snprintf(long_user, sizeof long_user, "http://secret%0507d@p.test", 0);
    snprintf(long_host, sizeof long_host, "http://u:secret@%0380d", 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        parley_fake_reset();
        expect_int(rows[i].title, open_for(rows[i].url, "api.test", 443), PARLEY_ERR_URL);
        assert_null(link.p);
        expect_text(rows[i].title, link.why, rows[i].why);
        assert_false(block_holds("secret"));
    }
    snprintf(long_user, sizeof long_user, "http://u:%0510d@p.test", 0);
    assert_int_equal(open_for(long_user, "api.test", 443), 0); /* 512 bytes are taken */
    parley_proxy_drop(link.p);
}

static void nothing_of_the_password_stays(void **state)
{
    static const struct parley_fake_limits slowly = {.write_bytes = 7};

    (void)state;
    connect_for("http://Aladdin:open%20sesame@p.test:3128", &slowly);
    assert_true(block_holds("QWxhZGRpbjpvcGVuIHNlc2FtZQ"));
    assert_int_equal(work(), 0);
    assert_non_null(strstr(heard(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
    assert_false(block_holds("QWxhZGRpbjpvcGVuIHNlc2FtZQ"));
    assert_false(block_holds("sesame"));
    close_link();
}

/* ---- what it answers --------------------------------------------------------------------------- */

#define PAGE                                                                                                 \
    "<!DOCTYPE html>\n<html><head><title>ERROR</title><style>p { color: red }</style></head><body>\n"        \
    "<h1>Access denied</h1><p>Not   <b>today</b>.</p></body></html>"

static const struct answer {
    const char *title, *url, *answer;
    int status;
    const char *why;
    int http_status;
    bool ends; /* the proxy closes behind it */
} answers[] = {
    {"the tunnel is open", "p.test", "HTTP/1.1 200 Connection established\r\n\r\n", 1, "", 200, false},
    {"any 2xx opens it, and its headers say nothing of a body", "p.test",
     "HTTP/1.1 204 Fine\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 1, "", 204, false},
    {"HTTP/1.0, as old proxies say", "p.test", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", 1, "", 200, false},
    {"an interim answer before it", "p.test", "HTTP/1.1 100 Wait\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 1,
     "", 200, false},
    {"200 with junk behind it", "p.test", "HTTP/1.1 200 OK\r\n\r\njunk", PARLEY_ERR_HTTP, NULL, 200, false},
    {"a password is wanted", "p.test",
     "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
     "Content-Length: 0\r\n\r\n",
     PARLEY_ERR_AUTH, "proxy: HTTP 407: it wants a user name and a password: http://USER:PASSWORD@HOST:PORT",
     407, false},
    {"another password is wanted", "u:secret@p.test",
     "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: BASIC realm=\"x\"\r\n"
     "Content-Length: 3\r\n\r\nbad",
     PARLEY_ERR_AUTH, "proxy: HTTP 407: it does not accept this user name and password", 407, false},
    {"a way of authenticating that we have not", "p.test",
     "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM x\r\nContent-Length: "
     "0\r\n\r\n",
     PARLEY_ERR_AUTH,
     "proxy: HTTP 407: it wants to be authenticated to by Negotiate NTLM, and only Basic is supported", 407,
     false},
    {"407 and no more words", "p.test", "HTTP/1.1 407 \r\nContent-Length: 0\r\n\r\n", PARLEY_ERR_AUTH,
     "proxy: HTTP 407: it wants a user name and a password: http://USER:PASSWORD@HOST:PORT", 407, false},
    {"403 with a page for people", "p.test", "HTTP/1.1 403 Filtered\r\nConnection: close\r\n\r\n" PAGE,
     PARLEY_ERR_REFUSED, "proxy: HTTP 403 Filtered: ERROR Access denied Not today .", 403, true},
    {"502 with words, in chunks", "p.test",
     "HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nno "
     "ad\r\n7;x=y\r\ndress\033[\r\n0\r\n\r\n",
     PARLEY_ERR_REFUSED, "proxy: HTTP 502 Bad Gateway: no address [", 502, false},
    {"a page that is cut off within its style", "p.test",
     "HTTP/1.1 503 Busy\r\nContent-Length: 900\r\n\r\n<html><style>p {", PARLEY_ERR_REFUSED,
     "proxy: HTTP 503 Busy", 503, true},
    {"a page that is cut off within a tag", "p.test", "HTTP/1.1 500 X\r\nContent-Length: 900\r\n\r\n<p>why<",
     PARLEY_ERR_REFUSED, "proxy: HTTP 500 X: why", 500, true},
    {"a redirect", "p.test",
     "HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\nContent-Length: 0\r\n\r\n", PARLEY_ERR_REFUSED,
     "proxy: HTTP 302 Found", 302, false},
    {"101, which opens no tunnel", "p.test", "HTTP/1.1 101 Switching\r\n\r\n", PARLEY_ERR_HTTP,
     "proxy: HTTP 101 Switching", 101, false},
    {"a service that is no proxy", "p.test", "220 mail.test ESMTP\r\n", PARLEY_ERR_HTTP,
     "proxy: the answer is not proper HTTP: this is no HTTP proxy", 0, false},
    {"a header without a colon", "p.test", "HTTP/1.1 200 OK\r\nwhat\r\n\r\n", PARLEY_ERR_HTTP,
     "proxy: the answer is not proper HTTP: a header line has no colon", 200, false},
    {"an end without an answer", "p.test", "", PARLEY_ERR_LOST,
     "proxy: it ended the connection before it had answered", 0, true},
    {"an end within the headers", "p.test", "HTTP/1.1 200 OK\r\nVia", PARLEY_ERR_LOST,
     "proxy: it ended the connection before it had answered (within the answer)", 200, true},
};

static void expect_answer(const struct answer *a)
{
    int status = work();

    expect_int(a->title, status, a->status);
    if (a->why != NULL)
        expect_text(a->title, parley_proxy_reason(link.p), a->why);
    expect_int(a->title, work(), a->status); /* and so it stays */
    /* The status is known from the first header on. */
    if (a->status != PARLEY_ERR_LOST && a->http_status != 0 && link.facts.proxy_status != 0)
        expect_int(a->title, link.facts.proxy_status, a->http_status);
    assert_false(block_holds("CONNECT "));
}

static void judges_answers_cut_at_every_byte(void **state)
{
    static const struct parley_fake_limits none = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct answer *a = &answers[i];
        size_t bytes = strlen(a->answer);

        for (size_t cut = 0; cut <= bytes; cut++) {
            connect_for(a->url, &none);
            assert_int_equal(work(), 0);
            say(a->answer, cut);
            work(); /* some of them are clear before their end */
            if (parley_proxy_work(link.p, link.now_us) == 0)
                say(a->answer + cut, bytes - cut);
            else if (a->status == PARLEY_ERR_HTTP && a->http_status == 200 && cut < bytes)
                goto next; /* 200 is an open tunnel until the junk comes */
            if (a->ends)
                parley_fake_peer_end(0);
            expect_answer(a);
        next:
            close_link();
        }
    }
}

static void judges_answers_byte_by_byte(void **state)
{
    static const struct parley_fake_limits slowly = {.read_bytes = 1, .write_bytes = 1};

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct answer *a = &answers[i];

        connect_for(a->url, &slowly);
        assert_int_equal(work(), 0);
        say(a->answer, strlen(a->answer));
        if (a->ends)
            parley_fake_peer_end(0);
        if (strstr(a->answer, "junk") == NULL) /* the first byte of it is left for TLS, which refuses it */
            expect_answer(a);
        close_link();
    }
}

/* The tunnel's first byte belongs to the service: none may be lost, and none may be taken for it. */
static void takes_nothing_of_the_tunnel(void **state)
{
    static const struct parley_fake_limits none = {0};
    static const char open[] = "HTTP/1.1 200 OK\r\n\r\n";
    char text[8];

    (void)state;
    connect_for("p.test", &none);
    work();
    say(open, sizeof open - 1);
    assert_int_equal(work(), 1);
    say("hello", 5);
    assert_int_equal(work(), 1);
    assert_int_equal(parley_socket_read(link.fd, text, sizeof text), 5);
    close_link();

    connect_for("p.test", &none);
    work();
    say(open, sizeof open - 1);
    say("hello", 5);
    assert_int_equal(work(), PARLEY_ERR_HTTP);
    assert_string_equal(parley_proxy_reason(link.p),
                        "proxy: HTTP 200, and 5 bytes behind it that nobody asked for");
    close_link();
}

static void bounds_what_it_reads(void **state)
{
    static const struct parley_fake_limits none = {0};
    static char line[9000], page[20000];
    int status;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "HTTP/1.1 200 OK\r\nA: ", 20);
    connect_for("p.test", &none);
    work();
    say(line, sizeof line);
    assert_int_equal(work(), PARLEY_ERR_HTTP);
    assert_string_equal(parley_proxy_reason(link.p),
                        "proxy: the answer is not proper HTTP: a line is longer than 8192 bytes");
    close_link();

    memset(page, 'y', sizeof page);
    memcpy(page, "HTTP/1.1 500 X\r\n\r\n<b>", 21);
    connect_for("p.test", &none);
    work();
    say(page, sizeof page);
    status = work();
    assert_int_equal(status, PARLEY_ERR_REFUSED);
    assert_in_range(strlen(parley_proxy_reason(link.p)), 100, 150);
    close_link();
}

/* ---- time, and ends ---------------------------------------------------------------------------- */

static void waits_until_its_deadline(void **state)
{
    static const struct {
        const char *title, *said;
        int status;
        const char *why;
    } rows[] = {
        {"silence", "", PARLEY_ERR_TIMEOUT, "proxy: no answer within 4000 ms"},
        {"half a line", "HTTP/1.1 20", PARLEY_ERR_TIMEOUT,
         "proxy: no answer within 4000 ms (within the answer)"},
        {"half an answer", "HTTP/1.1 200 OK\r\nVia: x\r\n", PARLEY_ERR_TIMEOUT,
         "proxy: no answer within 4000 ms (within the answer)"},
        {"half a refusal", "HTTP/1.1 403 No\r\nContent-Length: 90\r\n\r\nnot to", PARLEY_ERR_REFUSED,
         "proxy: HTTP 403 No: not to"},
    };
    static const struct parley_fake_limits none = {0};
    struct parley_interest want;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        connect_for("p.test", &none);
        parley_proxy_interest(link.p, &want);
        assert_true(want.write && want.read);
        assert_int_equal(work(), 0);
        say(rows[i].said, strlen(rows[i].said));
        assert_int_equal(work(), 0);
        parley_proxy_interest(link.p, &want);
        assert_true(!want.write && want.read && want.fd == link.fd);
        assert_int_equal(want.deadline_us, link.now_us + 1000 * PROXY_MS);
        link.now_us += 1000 * PROXY_MS - 1;
        assert_int_equal(work(), 0);
        link.now_us++;
        expect_int(rows[i].title, work(), rows[i].status);
        expect_text(rows[i].title, parley_proxy_reason(link.p), rows[i].why);
        close_link();
    }
}

static void ends_where_the_connection_breaks(void **state)
{
    static const struct parley_fake_limits reading = {.break_after_read = 8},
                                           writing = {.break_after_write = 8};

    (void)state;
    connect_for("p.test", &reading);
    work();
    say("HTTP/1.1 200 OK\r\n\r\n", 19);
    assert_int_equal(work(), PARLEY_ERR_LOST);
    assert_string_equal(parley_proxy_reason(link.p),
                        "proxy: the connection broke: Connection reset by peer (within the answer)");
    close_link();
    connect_for("p.test", &writing);
    assert_int_equal(work(), PARLEY_ERR_LOST);
    assert_string_equal(parley_proxy_reason(link.p), "proxy: the connection broke: Connection reset by peer");
    assert_false(block_holds("CONNECT "));
    close_link();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_the_service_by_its_name),
        cmocka_unit_test(refuses_urls),
        cmocka_unit_test(nothing_of_the_password_stays),
        cmocka_unit_test(judges_answers_cut_at_every_byte),
        cmocka_unit_test(judges_answers_byte_by_byte),
        cmocka_unit_test(takes_nothing_of_the_tunnel),
        cmocka_unit_test(bounds_what_it_reads),
        cmocka_unit_test(waits_until_its_deadline),
        cmocka_unit_test(ends_where_the_connection_breaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
