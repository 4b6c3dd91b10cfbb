/* The address of the service: reference 1.2 with all its examples, and what else a URL can hold. */
#include "wire_test.h"

#include "transport/wss/url.h"

#define PAIR(name, value)                                                                                    \
    {                                                                                                        \
        PARLEY_VIEW(name), PARLEY_VIEW(value)                                                                \
    }

/* The whole URL that is dialled, put together again from its parts. */
static void render(struct parley_render *r, const struct parley_url *url, const struct parley_pair *query)
{
    size_t count = 0;

    while (query[count].name.at != NULL)
        count++;
    parley_render_raw(r, parley_view(url->tls ? "wss://" : "ws://"));
    parley_url_render_host(url, r);
    parley_url_render_target(url, query, count, r);
}

static void completes_as_the_reference_says(void **state)
{
    static const struct {
        const char *title, *base;
        struct parley_pair query[4]; /* ended by an absent name */
        const char *expected;
    } rows[] = {
        {"v1, no model",
         "http://127.0.0.1:8011",
         {PAIR("intent", "quicksilver")},
         "ws://127.0.0.1:8011/v1/realtime?intent=quicksilver"},
        {"scheme kept, intent before model",
         "wss://example.com",
         {PAIR("intent", "quicksilver"), PAIR("model", "realtime-test-model")},
         "wss://example.com/v1/realtime?intent=quicksilver&model=realtime-test-model"},
        {"/v1 is completed",
         "https://api.openai.com/v1",
         {PAIR("intent", "quicksilver"), PAIR("model", "snapshot")},
         "wss://api.openai.com/v1/realtime?intent=quicksilver&model=snapshot"},
        {"a nested /v1 is completed",
         "https://example.com/openai/v1",
         {PAIR("intent", "quicksilver"), PAIR("model", "snapshot")},
         "wss://example.com/openai/v1/realtime?intent=quicksilver&model=snapshot"},
        {"its own query stays first",
         "https://example.com/v1/realtime?foo=bar",
         {PAIR("intent", "quicksilver"), PAIR("model", "snapshot"), PAIR("trace", "1")},
         "wss://example.com/v1/realtime?foo=bar&intent=quicksilver&model=snapshot&trace=1"},
        {"the same on v2",
         "https://example.com/v1/realtime?foo=bar",
         {PAIR("model", "snapshot"), PAIR("trace", "1")},
         "wss://example.com/v1/realtime?foo=bar&model=snapshot&trace=1"},
        {"v1 transcription",
         "https://example.com",
         {PAIR("intent", "quicksilver")},
         "wss://example.com/v1/realtime?intent=quicksilver"},
        {"v2 transcription without model: no dangling '?'",
         "https://example.com",
         {{{NULL, 0}, {NULL, 0}}},
         "wss://example.com/v1/realtime"},
        {"v2 sideband",
         "https://api.openai.com/v1",
         {PAIR("call_id", "rtc_test")},
         "wss://api.openai.com/v1/realtime?call_id=rtc_test"},
        {"v1 sideband",
         "http://127.0.0.1:1234/v1",
         {PAIR("intent", "quicksilver"), PAIR("call_id", "rtc_core_test")},
         "ws://127.0.0.1:1234/v1/realtime?intent=quicksilver&call_id=rtc_core_test"},
        {"path: /", "https://example.com/", {{{NULL, 0}, {NULL, 0}}}, "wss://example.com/v1/realtime"},
        {"path: ends with /realtime",
         "https://example.com/x/realtime",
         {{{NULL, 0}, {NULL, 0}}},
         "wss://example.com/x/realtime"},
        {"path: ends with /realtime/",
         "https://example.com/v1/realtime/",
         {{{NULL, 0}, {NULL, 0}}},
         "wss://example.com/v1/realtime"},
        {"path: ends with /v1/",
         "https://example.com/v1/",
         {{{NULL, 0}, {NULL, 0}}},
         "wss://example.com/v1/realtime"},
        {"path: anything else",
         "https://example.com/v2/stream/",
         {{{NULL, 0}, {NULL, 0}}},
         "wss://example.com/v2/stream/"},
        {"path: v1 is only a part of a name",
         "https://example.com/apiv1",
         {{{NULL, 0}, {NULL, 0}}},
         "wss://example.com/apiv1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512], why[PARLEY_TRANSPORT_REASON] = "";
        struct parley_render r = parley_render(text, sizeof text - 1);
        struct parley_url url;

        if (parley_url_read(&url, parley_view(rows[i].base), why) != 0)
            fail_msg("%s: %s", rows[i].title, why);
        render(&r, &url, rows[i].query);
        text[r.used] = '\0';
        expect_text(rows[i].title, text, rows[i].expected);
    }
}

static void reads_the_parts(void **state)
{
    static const struct {
        const char *title, *base, *host, *header, *target;
        unsigned port;
        bool tls;
    } rows[] = {
        {"the port of http", "http://a.test", "a.test", "a.test", "/v1/realtime", 80, false},
        {"the port of wss", "wss://a.test", "a.test", "a.test", "/v1/realtime", 443, true},
        {"the default port is not in the header", "https://a.test:443/x", "a.test", "a.test", "/x", 443,
         true},
        {"another one is", "https://a.test:80/x", "a.test", "a.test:80", "/x", 80, true},
        {"an empty port is the default", "ws://a.test:/x", "a.test", "a.test", "/x", 80, false},
        {"leading zeros in a port", "ws://a.test:00081/x", "a.test", "a.test:81", "/x", 81, false},
        {"an IPv6 address", "ws://[::1]:8080/x", "::1", "[::1]:8080", "/x", 8080, false},
        {"an IPv6 address without port", "wss://[2001:DB8::7]", "2001:db8::7", "[2001:db8::7]",
         "/v1/realtime", 443, true},
        {"an IPv4 address", "ws://192.0.2.7:1/x", "192.0.2.7", "192.0.2.7:1", "/x", 1, false},
        {"upper case in scheme and host", "WSS://Api.Example.COM/X", "api.example.com", "api.example.com",
         "/X", 443, true},
        {"a final dot and an underscore", "ws://a_b.test./x", "a_b.test.", "a_b.test.", "/x", 80, false},
        {"punycode", "wss://xn--bcher-kva.example/x", "xn--bcher-kva.example", "xn--bcher-kva.example", "/x",
         443, true},
        {"a fragment is dropped", "ws://a.test/x?y=1#z?w", "a.test", "a.test", "/x?y=1", 80, false},
        {"a fragment straight behind the host", "ws://a.test#z", "a.test", "a.test", "/v1/realtime", 80,
         false},
        {"a query straight behind the host", "ws://a.test?y", "a.test", "a.test", "/v1/realtime?y", 80,
         false},
        {"an empty query is none", "ws://a.test/x?", "a.test", "a.test", "/x", 80, false},
        {"an '@' in the path is none of a user", "ws://a.test/@x", "a.test", "a.test", "/@x", 80, false},
        {"white space around it", " \tws://a.test/x\r\n", "a.test", "a.test", "/x", 80, false},
        {"percent escapes stay", "ws://a.test/%7Ex?a=%2f", "a.test", "a.test", "/%7Ex?a=%2f", 80, false},
        {"what may not stand there is escaped", "ws://a.test/a b\"<>\\^`{|}?\xc3\xa4", "a.test", "a.test",
         "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D?%C3%A4", 80, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char header[300], target[300], why[PARLEY_TRANSPORT_REASON] = "";
        struct parley_render h = parley_render(header, sizeof header - 1);
        struct parley_render r = parley_render(target, sizeof target - 1);
        struct parley_url url;

        if (parley_url_read(&url, parley_view(rows[i].base), why) != 0)
            fail_msg("%s: %s", rows[i].title, why);
        parley_url_render_host(&url, &h);
        parley_url_render_target(&url, NULL, 0, &r);
        header[h.used] = target[r.used] = '\0';
        expect_text(rows[i].title, url.host, rows[i].host);
        expect_int(rows[i].title, (long)url.host_bytes, (long)strlen(rows[i].host));
        expect_text(rows[i].title, header, rows[i].header);
        expect_text(rows[i].title, target, rows[i].target);
        expect_int(rows[i].title, url.port, (long)rows[i].port);
        expect_int(rows[i].title, url.tls, rows[i].tls);
    }
}

static void refuses_what_cannot_be_dialled(void **state)
{
    static const struct {
        const char *title, *base, *why;
    } rows[] = {
        {"nothing", "", "url: it is empty"},
        {"blanks", " \n", "url: it is empty"},
        {"no scheme", "example.com/v1",
         "url: it has no scheme (it begins with https://, http://, wss:// or ws://)"},
        {"a colon first", "://a.test",
         "url: it has no scheme (it begins with https://, http://, wss:// or ws://)"},
        {"another scheme", "ftp://a.test", "url: the scheme \"ftp\" is not one of https, http, wss, ws"},
        {"a scheme that only begins right", "httpsx://a.test",
         "url: the scheme \"httpsx\" is not one of https, http, wss, ws"},
        {"a host that reads as a scheme", "localhost:8080",
         "url: the scheme \"localhost\" is not one of https, http, wss, ws"},
        {"a key that reads as a scheme", "sk-secret:x",
         "url: the scheme \"***\" is not one of https, http, wss, ws"},
        {"no slashes", "https:a.test", "url: \"//\" is missing after the scheme"},
        {"one slash", "https:/a.test", "url: \"//\" is missing after the scheme"},
        {"no host", "https://", "url: it names no host"},
        {"no host before a path", "https:///v1", "url: it names no host"},
        {"no host before a port", "https://:443/v1", "url: it names no host"},
        {"empty brackets", "https://[]/", "url: it names no host"},
        {"user and password", "https://user:secret@a.test/",
         "url: a user name or password cannot stand in it: use the key or a header"},
        {"a user", "https://secret@a.test",
         "url: a user name or password cannot stand in it: use the key or a header"},
        {"a host that is not ASCII",
         "https://b\xc3\xbc"
         "cher.example/",
         "url: the host is not ASCII: write it in its punycode form (xn--...)"},
        {"an escape in the host", "https://a%41.test/", "url: the host holds a '%'"},
        {"a blank in the host", "https://a b.test/", "url: the host holds a character that no host name has"},
        {"a backslash in the host", "https://a\\b/", "url: the host holds a character that no host name has"},
        {"two dots", "https://a..test/", "url: a part of the host between its dots is empty"},
        {"a dot first", "https://.test/", "url: a part of the host between its dots is empty"},
        {"a long label", "https://a23456789012345678901234567890123456789012345678901234567890wxyz.test/",
         "url: a part of the host is longer than 63 characters"},
        {"port 0", "https://a.test:0/", "url: port 0 cannot be connected to"},
        {"port 65536", "https://a.test:65536/", "url: the port is above 65535"},
        {"a port with many digits", "https://a.test:99999999999999999999/", "url: the port is above 65535"},
        {"a port with a sign", "https://a.test:+1/", "url: the port is not a number"},
        {"two ports", "https://a.test:1:2/", "url: the port is not a number"},
        {"an open bracket", "https://[::1/", "url: a '[' is not closed"},
        {"no IPv6 address", "https://[1.2.3.4]/", "url: what stands in brackets is not an IPv6 address"},
        {"a wrong IPv6 address", "https://[::1::2]/", "url: what stands in brackets is not an IPv6 address"},
        {"an IPv6 address without brackets", "https://2001:db8::7/", "url: the port is not a number"},
        {"an IPv6 zone", "https://[fe80::1%25eth0]/",
         "url: an IPv6 zone cannot stand in a URL: hand the address in separately"},
        {"something behind the brackets", "https://[::1]x/",
         "url: only a port may follow the address in brackets"},
        {"a line end in the path", "https://a.test/x\r\nHost: b", "url: it holds a control character"},
        {"a tab in the host", "https://a\tb.test/", "url: it holds a control character"},
        {"DEL in the query", "https://a.test/?\x7f", "url: it holds a control character"},
        {"half an escape", "https://a.test/%4", "url: it holds a '%' that is not followed by two hex digits"},
        {"a wrong escape", "https://a.test/?x=%zz",
         "url: it holds a '%' that is not followed by two hex digits"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char why[PARLEY_TRANSPORT_REASON] = "";
        struct parley_url url;

        expect_int(rows[i].title, parley_url_read(&url, parley_view(rows[i].base), why), PARLEY_ERR_URL);
        expect_text(rows[i].title, why, rows[i].why);
    }
}

static void bounds_lengths(void **state)
{
    static char text[PARLEY_URL_BYTES + 2];
    char why[PARLEY_TRANSPORT_REASON] = "";
    struct parley_url url;

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://h/", 10);
    assert_int_equal(parley_url_read(&url, parley_view_of(text, PARLEY_URL_BYTES), why), 0);
    assert_int_equal(parley_url_read(&url, parley_view_of(text, PARLEY_URL_BYTES + 1), why), PARLEY_ERR_URL);
    assert_string_equal(why, "url: it is longer than 8192 bytes");

    for (size_t i = 8; i < sizeof text; i++)
        text[i] = i % 50 == 0 ? '.' : 'a';
    assert_int_equal(parley_url_read(&url, parley_view_of(text, 8 + 253), why), 0);
    assert_int_equal(url.host_bytes, 253);
    assert_int_equal(parley_url_read(&url, parley_view_of(text, 8 + 254), why), PARLEY_ERR_URL);
    assert_string_equal(why, "url: the host is longer than 253 characters");
}

static void form_encodes_what_is_appended(void **state)
{
    static const struct parley_pair query[] = {PAIR("model", "a b&c=d/e?f#g%h+i"), PAIR("\xc3\xa4*-._", ""),
                                               PAIR("", "~\n")};
    char text[128], why[PARLEY_TRANSPORT_REASON];
    struct parley_render r = parley_render(text, sizeof text - 1), count = parley_render(NULL, 0);
    struct parley_url url;

    (void)state;
    assert_int_equal(parley_url_read(&url, parley_view("ws://h/x?y=z"), why), 0);
    parley_url_render_target(&url, query, COUNT(query), &r);
    parley_url_render_target(&url, query, COUNT(query), &count);
    text[r.used] = '\0';
    assert_string_equal(text, "/x?y=z&model=a+b%26c%3Dd%2Fe%3Ff%23g%25h%2Bi&%C3%A4*-._=&=%7E%0A");
    assert_int_equal(count.used, r.used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completes_as_the_reference_says), cmocka_unit_test(reads_the_parts),
        cmocka_unit_test(refuses_what_cannot_be_dialled),  cmocka_unit_test(bounds_lengths),
        cmocka_unit_test(form_encodes_what_is_appended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
