/* The opening handshake: what is asked (RFC 6455, 4.1) and how each kind of answer is judged and told. */
#include "wire_test.h"

#include "transport/wss/upgrade.h"
#include "transport/wss/why.h"

#define PAIR(name, value)                                                                                    \
    {                                                                                                        \
        PARLEY_VIEW(name), PARLEY_VIEW(value)                                                                \
    }

/* The example of RFC 6455, 1.3. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void asks_as_rfc_6455_says(void **state)
{
    static const struct parley_pair query[] = {PAIR("model", "m 1")};
    static const struct parley_pair headers[] = {PAIR("Authorization", "Bearer k"),
                                                 PAIR("x-session-id", " s\t1 ")};
    struct parley_endpoint to = {.query = query, .query_count = 1, .headers = headers, .header_count = 2};
    char text[512], why[PARLEY_TRANSPORT_REASON];
    struct parley_render r = parley_render(text, sizeof text - 1), count = parley_render(NULL, 0);
    struct parley_url url;

    (void)state;
    assert_int_equal(parley_url_read(&url, parley_view("wss://h.test:444/v1"), why), 0);
    assert_int_equal(parley_upgrade_check(&to, why), 0);
    parley_upgrade_render(&r, &url, &to, key);
    parley_upgrade_render(&count, &url, &to, key);
    text[r.used] = '\0';
    assert_string_equal(text, "GET /v1/realtime?model=m+1 HTTP/1.1\r\n"
                              "Host: h.test:444\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Authorization: Bearer k\r\n"
                              "x-session-id: s\t1\r\n"
                              "\r\n");
    assert_int_equal(count.used, r.used);
}

static void draws_a_new_key_each_time(void **state)
{
    char first[PARLEY_UPGRADE_KEY], second[PARLEY_UPGRADE_KEY], nonce[18];

    (void)state;
    assert_int_equal(parley_upgrade_draw(first), 0);
    assert_int_equal(parley_upgrade_draw(second), 0);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(parley_base64_decode(nonce, parley_view_of(first, sizeof first), NULL), 16);
}

static void refuses_headers_that_cannot_be_sent(void **state)
{
    static const struct {
        const char *title;
        struct parley_pair header;
        const char *why;
    } rows[] = {
        {"a line end", PAIR("Authorization", "Bearer secret\r\nX: y"),
         "upgrade: the header \"Authorization\" cannot be sent: its value holds a line end or another "
         "control "
         "character"},
        {"LF alone", PAIR("X-A", "secret\n"),
         "upgrade: the header \"X-A\" cannot be sent: its value holds a line end or another control "
         "character"},
        {"a NUL", PAIR("X-A", "a\0b"),
         "upgrade: the header \"X-A\" cannot be sent: its value holds a line end or another control "
         "character"},
        {"not ASCII", PAIR("X-A", "k\xc3\xa4y"),
         "upgrade: the header \"X-A\" cannot be sent: its value holds a character that is not ASCII"},
        {"no name", PAIR("", "x"),
         "upgrade: the header \"\" cannot be sent: its name holds what a header name may not"},
        {"a blank in a name", PAIR("X A", "x"),
         "upgrade: the header \"X A\" cannot be sent: its name holds what a header name may not"},
        {"a line end in a name", PAIR("X\r\nA", "x"),
         "upgrade: the header \"X A\" cannot be sent: its name holds what a header name may not"},
        {"Host", PAIR("HOST", "x"),
         "upgrade: the header \"HOST\" cannot be sent: the handshake sets it itself"},
        {"Upgrade", PAIR("Upgrade", "x"),
         "upgrade: the header \"Upgrade\" cannot be sent: the handshake sets it itself"},
        {"Connection", PAIR("connection", "x"),
         "upgrade: the header \"connection\" cannot be sent: the handshake sets it itself"},
        {"a body's length", PAIR("Content-Length", "5"),
         "upgrade: the header \"Content-Length\" cannot be sent: the handshake sets it itself"},
        {"the key", PAIR("Sec-WebSocket-Key", "x"),
         "upgrade: the header \"Sec-WebSocket-Key\" cannot be sent: the handshake sets it itself"},
        {"a subprotocol", PAIR("sec-websocket-PROTOCOL", "x"),
         "upgrade: the header \"sec-websocket-PROTOCOL\" cannot be sent: the handshake sets it itself"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct parley_pair headers[] = {PAIR("X-Fine", "visible ASCII\tand blanks ~"), rows[i].header};
        struct parley_endpoint to = {.headers = headers, .header_count = 2};
        char why[PARLEY_TRANSPORT_REASON] = "";

        expect_int(rows[i].title, parley_upgrade_check(&to, why), PARLEY_ERR_ARGUMENT);
        expect_text(rows[i].title, why, rows[i].why);
        assert_null(strstr(why, "secret"));
        to.header_count = 1;
        expect_int(rows[i].title, parley_upgrade_check(&to, why), 0);
    }
}

/* Judges `answer`, brought `cut` bytes at a time, then an end of the stream. *left: bytes not used. */
static int judge(struct parley_view answer, size_t cut, char why[PARLEY_TRANSPORT_REASON], size_t *left)
{
    struct parley_upgrade u;
    size_t start = 0, end = 0;
    int status = 0;

    why[0] = '\0';
    parley_upgrade_start(&u, key, false);
    while (status == 0 && end < answer.len) {
        char *here;
        struct parley_view rest;

        end = end + cut < answer.len ? end + cut : answer.len;
        here = malloc(end - start);
        assert_non_null(here);
        memcpy(here, answer.at + start, end - start);
        rest = parley_view_of(here, end - start);
        status = parley_upgrade_read(&u, &rest, why);
        start = end - rest.len;
        free(here);
    }
    *left = answer.len - start;
    if (status == 0)
        status = parley_upgrade_end(&u, parley_view_of(answer.at + start, answer.len - start),
                                    PARLEY_ERR_LOST, parley_view("no answer"), why);
    return status;
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define FINE                                                                                                 \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void accepts_what_switches(void **state)
{
    static const struct {
        const char *title, *answer;
    } rows[] = {
        {"as in the RFC", SWITCH FINE "\r\n"},
        {"lower case, lists, more headers",
         SWITCH "connection: keep-alive, upgrade\r\nUPGRADE: h2c, WebSocket\r\nserver: x\r\n"
                "sec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions:\r\n\r\n"},
        {"after a 1xx", "HTTP/1.1 100 Continue\r\n\r\n" SWITCH FINE "\r\n"},
        {"with a length that means nothing", SWITCH FINE "Content-Length: 9\r\n\r\n"},
    };

    (void)state;
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 1; cut <= strlen(rows[i].answer); cut++) {
            char why[PARLEY_TRANSPORT_REASON];
            size_t left;

            expect_int(rows[i].title, judge(parley_view(rows[i].answer), cut, why, &left), 1);
            expect_int(rows[i].title, (long)left, 0);
        }
}

static void leaves_the_first_frames(void **state)
{
    static const char answer[] = SWITCH FINE "\r\n\x81\x02hi";
    char why[PARLEY_TRANSPORT_REASON];
    size_t left;

    (void)state;
    assert_int_equal(judge(parley_view(answer), sizeof answer - 1, why, &left), 1);
    assert_int_equal(left, 4);
}

static void tells_why_it_was_refused(void **state)
{
    static const struct {
        const char *title, *answer;
        int status;
        const char *why;
    } rows[] = {
        {"a wrong key",
         "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 112\r\n\r\n"
         "{\n  \"error\": {\n    \"message\": \"Incorrect API key provided: sk-abc123.\",\n    \"type\": "
         "\"invalid_request_error\"\n  }}",
         PARLEY_ERR_AUTH, "upgrade: HTTP 401 Unauthorized: Incorrect API key provided: ***"},
        {"forbidden, the message last",
         "HTTP/1.1 403 Forbidden\r\nContent-Length: 59\r\n\r\n"
         "{\"error\":{\"type\":\"x\",\"a\":[1],\"message\":\"not \\u0066or you\"}}",
         PARLEY_ERR_AUTH, "upgrade: HTTP 403 Forbidden: not for you"},
        {"an error that is a string",
         "HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\n\r\n{\"error\":\"no such model\"}",
         PARLEY_ERR_REFUSED, "upgrade: HTTP 404 Not Found: no such model"},
        {"a message of its own",
         "HTTP/1.1 400 Bad Request\r\nContent-Length: 18\r\n\r\n{\"message\":\"oh\\n\"}", PARLEY_ERR_REFUSED,
         "upgrade: HTTP 400 Bad Request: oh"},
        {"JSON that says nothing", "HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
         PARLEY_ERR_REFUSED, "upgrade: HTTP 400 Bad Request: {\"a\":1}"},
        {"JSON cut behind the message",
         "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 999\r\n\r\n{\"error\":{\"message\":\"slow "
         "down\",\"ty",
         PARLEY_ERR_REFUSED, "upgrade: HTTP 429 Too Many Requests: slow down"},
        {"text with control characters",
         "HTTP/1.1 503 Service Unavailable\r\n\r\n\x1b[31mtry\r\n\t later\x07\n", PARLEY_ERR_REFUSED,
         "upgrade: HTTP 503 Service Unavailable: [31mtry later"},
        {"text in chunks",
         "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbro\r\n3\r\nken\r\n0\r\n\r\n",
         PARLEY_ERR_REFUSED, "upgrade: HTTP 500 Oh: broken"},
        {"no text at all", "HTTP/1.1 502 \r\nContent-Length: 0\r\n\r\n", PARLEY_ERR_REFUSED,
         "upgrade: HTTP 502"},
        {"a key repeated in the text", "HTTP/1.1 400 Bad\r\n\r\nAuthorization: Bearer topsecret was sent",
         PARLEY_ERR_REFUSED, "upgrade: HTTP 400 Bad: Authorization: Bearer *** was sent"},
        {"cut within its headers", "HTTP/1.1 401 Unauthorized\r\nContent-", PARLEY_ERR_AUTH,
         "upgrade: HTTP 401 Unauthorized"},
        {"a redirect",
         "HTTP/1.1 302 Found\r\nLocation: https://b.test/login?token=secret\r\nContent-Length: 0\r\n\r\n",
         PARLEY_ERR_REFUSED,
         "upgrade: HTTP 302 Found: redirects are not followed; it points to https://b.test/login"},
        {"a redirect to nowhere", "HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n", PARLEY_ERR_REFUSED,
         "upgrade: HTTP 301 Moved: redirects are not followed; it points to nowhere"},
        {"a page", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", PARLEY_ERR_HTTP,
         "upgrade: HTTP 200 OK: the address does not lead to a WebSocket"},
        {"101 without Upgrade",
         SWITCH "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         PARLEY_ERR_HTTP, "upgrade: HTTP 101, but it has no \"Upgrade: websocket\""},
        {"101 to something else",
         SWITCH
         "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         PARLEY_ERR_HTTP, "upgrade: HTTP 101, but it has no \"Upgrade: websocket\""},
        {"101 without Connection",
         SWITCH "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         PARLEY_ERR_HTTP, "upgrade: HTTP 101, but it has no \"Connection: Upgrade\""},
        {"101 without Accept", SWITCH "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", PARLEY_ERR_HTTP,
         "upgrade: HTTP 101, but it has no Sec-WebSocket-Accept"},
        {"101 with the Accept of another key",
         SWITCH "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n\r\n",
         PARLEY_ERR_HTTP, "upgrade: HTTP 101, but its Sec-WebSocket-Accept does not answer our key"},
        {"101 with two Accepts", SWITCH FINE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
         PARLEY_ERR_HTTP, "upgrade: HTTP 101, but its Sec-WebSocket-Accept does not answer our key"},
        {"101 with an extension", SWITCH FINE "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         PARLEY_ERR_HTTP,
         "upgrade: HTTP 101, but it sets an extension nobody asked for (permessage-deflate)"},
        {"101 with a subprotocol", SWITCH FINE "Sec-WebSocket-Protocol: realtime\r\n\r\n", PARLEY_ERR_HTTP,
         "upgrade: HTTP 101, but it sets a subprotocol nobody asked for"},
        {"101 of HTTP/1.0", "HTTP/1.0 101 Switching\r\n" FINE "\r\n", PARLEY_ERR_HTTP,
         "upgrade: HTTP 101, but it is HTTP/1.0, which cannot switch"},
        {"101 cut", SWITCH FINE, PARLEY_ERR_LOST, "upgrade: no answer (within the answer)"},
        {"cut in the first line", "HTTP/1.1 10", PARLEY_ERR_LOST, "upgrade: no answer (within the answer)"},
        {"nothing", "", PARLEY_ERR_LOST, "upgrade: no answer"},
        {"folded headers", SWITCH "A: b\r\n c\r\n", PARLEY_ERR_HTTP,
         "upgrade: the answer is not proper HTTP: a header line is folded"},
        {"an SSH banner", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", PARLEY_ERR_HTTP,
         "upgrade: the other side does not speak HTTP; it said \"SSH-2.0-OpenSSH_9.2p1 Debian\""},
        {"a mail banner without end", "220 mail ESMTP", PARLEY_ERR_HTTP,
         "upgrade: the other side does not speak HTTP; it said \"220 mail ESMTP\""},
        {"other bytes", "\x16\x02\xff\x80", PARLEY_ERR_HTTP,
         "upgrade: the other side does not speak HTTP; it sent the bytes 16 02 ff 80"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 1; cut <= strlen(rows[i].answer) + 1; cut++) {
            char why[PARLEY_TRANSPORT_REASON];
            size_t left;

            expect_int(rows[i].title, judge(parley_view(rows[i].answer), cut, why, &left), rows[i].status);
            expect_text(rows[i].title, why, rows[i].why);
        }
}

static void knows_tls_where_none_was_expected(void **state)
{
    static const char alert[] = "\x15\x03\x03\x00\x02\x02\x28";
    char why[PARLEY_TRANSPORT_REASON];
    size_t left;

    (void)state;
    assert_int_equal(judge(parley_view_of(alert, 7), 7, why, &left), PARLEY_ERR_HTTP);
    assert_string_equal(why,
                        "upgrade: the other side does not speak HTTP; it sent the bytes 15 03 03 00 02 02 28 "
                        "(TLS: try https or wss)");
}

static void shows_a_few_bytes_of_many(void **state)
{
    char why[PARLEY_TRANSPORT_REASON];
    size_t left;

    (void)state;
    assert_int_equal(
        judge(parley_view("\x01\x02\x03\n\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e"), 14, why, &left),
        PARLEY_ERR_HTTP);
    assert_string_equal(why, "upgrade: the other side does not speak HTTP; it sent the bytes "
                             "01 02 03 0a 05 06 07 08 09 0a 0b 0c");
}

/* A long body is not waited for: what can be shown is there. */
static void stops_reading_a_long_body(void **state)
{
    static struct bytes answer;
    char why[PARLEY_TRANSPORT_REASON];
    size_t left;

    (void)state;
    answer.used = 0;
    add_string(&answer, "HTTP/1.1 500 Oh\r\n\r\n");
    for (int i = 0; i < 2000; i++)
        add_string(&answer, "\xe2\x82\xac");
    assert_int_equal(judge(view_of(&answer), 100, why, &left), PARLEY_ERR_REFUSED);
    assert_true(left > 4000);
    assert_true(strlen(why) < 200);
    assert_int_equal((strlen(why) - strlen("upgrade: HTTP 500 Oh: ")) % 3, 0); /* whole characters */
}

static void cleans_text_of_others(void **state)
{
    static const struct {
        const char *title, *text, *expected;
    } rows[] = {
        {"nothing", "", ""},
        {"only blanks", " \t\r\n", ""},
        {"runs of blanks", "  a \x01\n b ", "a b"},
        {"not UTF-8",
         "a\xff"
         "b\xc3",
         "a?b?"},
        {"UTF-8", "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac"},
        {"a key", "key sk-abc, sk-def", "key *** ***"},
        {"a bearer token", "Bearer a b", "Bearer ***"},
        {"cut at a word", "12345678 0abc", "12345678 0a"},
        {"cut before a blank", "1234567890 bc", "1234567890"},
        {"cut within a character", "1234567890\xc3\xa4", "1234567890"},
        {"nothing follows a cut", "123456789\xe2\x82\xac b", "123456789"},
        {"cut within a word that is not UTF-8", "123456789\xff\xff\xff", "123456789??"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[12];

        expect_int(rows[i].title, (long)parley_why_clean(out, sizeof out, parley_view(rows[i].text)),
                   (long)strlen(rows[i].expected));
        expect_text(rows[i].title, out, rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_as_rfc_6455_says),
        cmocka_unit_test(draws_a_new_key_each_time),
        cmocka_unit_test(refuses_headers_that_cannot_be_sent),
        cmocka_unit_test(accepts_what_switches),
        cmocka_unit_test(leaves_the_first_frames),
        cmocka_unit_test(tells_why_it_was_refused),
        cmocka_unit_test(knows_tls_where_none_was_expected),
        cmocka_unit_test(shows_a_few_bytes_of_many),
        cmocka_unit_test(stops_reading_a_long_body),
        cmocka_unit_test(cleans_text_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
