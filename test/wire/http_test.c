/* The HTTP reader: every response at every cut gives the same events (RFC 9112). */
#include "wire_test.h"

#include "transport/wss/http.h"

/* What a response was read as, in one line: "200 OK; name=value; body=...; done". */
struct reading {
    char text[2048];
    size_t used;
    struct parley_view left; /* what was not of it */
};

static void say(struct reading *to, struct parley_view text)
{
    assert_true(to->used + text.len < sizeof to->text);
    if (text.len > 0)
        memcpy(to->text + to->used, text.at, text.len);
    to->used += text.len;
    to->text[to->used] = '\0';
}

static void say_status(struct reading *to, const struct parley_http *http)
{
    char text[80];

    snprintf(text, sizeof text, "%d %s; ", http->status, http->phrase);
    say(to, parley_view(text));
}

/* Notes one event. `body` tells whether the text ends within the body already. */
static void note(struct reading *to, const struct parley_http *http, int event,
                 const struct parley_http_item *item, bool *head, bool *body)
{
    if (event != PARLEY_HTTP_MORE && !*head && http->status != 0) {
        say_status(to, http);
        *head = true;
    }
    if (event == PARLEY_HTTP_BODY) {
        say(to, *body ? parley_view("") : parley_view("body="));
        say(to, item->value);
        *body = true;
    } else if (*body && event != PARLEY_HTTP_MORE) {
        say(to, parley_view("; "));
    }
    if (event == PARLEY_HTTP_HEADER) {
        say(to, item->name);
        say(to, parley_view("="));
        say(to, item->value);
        say(to, parley_view("; "));
    }
    if (event == PARLEY_HTTP_DONE)
        say(to, parley_view("done"));
    if (event < 0) {
        say(to, parley_view("ERROR "));
        say(to, parley_view(http->why));
    }
}

/* Reads `all`, brought `cut` bytes at a time, each time in memory of exactly the size of what is there. */
static void read_all(struct reading *to, struct parley_view all, size_t cut, bool tunnel)
{
    struct parley_http http;
    struct parley_http_item item;
    size_t start = 0, end = 0;
    bool head = false, body = false;
    int event = PARLEY_HTTP_MORE;

    to->used = 0;
    parley_http_start(&http, tunnel);
    while (event == PARLEY_HTTP_MORE && end < all.len) {
        char *here;
        struct parley_view rest;

        end = end + cut < all.len ? end + cut : all.len;
        here = malloc(end - start);
        assert_non_null(here);
        memcpy(here, all.at + start, end - start);
        rest = parley_view_of(here, end - start);
        do {
            event = parley_http_next(&http, &rest, &item);
            note(to, &http, event, &item, &head, &body);
        } while (event > 0 && event != PARLEY_HTTP_DONE);
        start = end - rest.len;
        free(here);
    }
    to->left = parley_view_of(all.at + start, all.len - start);
    if (event == PARLEY_HTTP_MORE)
        note(to, &http, parley_http_end(&http, to->left), &item, &head, &body);
}

static void expect_at_every_cut(const char *title, struct parley_view all, bool tunnel, const char *expected)
{
    for (size_t cut = 1; cut <= all.len; cut++) {
        struct reading got;
        char where[128];

        read_all(&got, all, cut, tunnel);
        snprintf(where, sizeof where, "%s, %zu bytes at a time", title, cut);
        expect_text(where, got.text, expected);
    }
}

static void reads_responses_at_every_cut(void **state)
{
    static const struct {
        const char *title, *response, *expected;
    } rows[] = {
        {"no body by its status", "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", "204 No Content; A=b; done"},
        {"a body by its length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
         "200 OK; Content-Length=5; body=hello; done"},
        {"what follows it is left", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nheLLO",
         "200 OK; Content-Length=2; body=he; done"},
        {"a body of no bytes", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
         "200 OK; content-length=0; done"},
        {"a body up to the end", "HTTP/1.0 200 OK\r\nA:\r\n\r\nhello", "200 OK; A=; body=hello; done"},
        {"an empty body up to the end", "HTTP/1.1 200 OK\r\n\r\n", "200 OK; done"},
        {"chunks",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n02;x=\"y\"\r\nlo\r\n0\r\n\r\n",
         "200 OK; Transfer-Encoding=chunked; body=hello; done"},
        {"chunks win over a length, trailers are ignored",
         "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: x, Chunked\r\n\r\nA "
         "\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
         "200 OK; Content-Length=99; Transfer-Encoding=x, Chunked; body=0123456789; done"},
        {"a coding that does not end by itself",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nhello",
         "200 OK; Transfer-Encoding=chunked, gzip; body=hello; done"},
        {"1xx is passed over",
         "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
         "204 None; done"},
        {"101 is not", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x01x",
         "101 Switching Protocols; Upgrade=x; done"},
        {"lines that end with LF alone", "HTTP/1.1 204 No\nA: b\n\n", "204 No; A=b; done"},
        {"white space around a value", "HTTP/1.1 204 No\r\nA: \t b c\t \r\n\r\n", "204 No; A=b c; done"},
        {"no words in the status line", "HTTP/1.1 204 \r\n\r\n", "204 ; done"},
        {"nor the blank before them", "HTTP/1.1 204\r\n\r\n", "204 ; done"},
        {"words that are not UTF-8", "HTTP/1.1 204 \xff x\r\n\r\n", "204 ? x; done"},
        {"a length told twice", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nhi",
         "200 OK; Content-Length=2, 2; Content-Length=2; body=hi; done"},
        {"bytes above ASCII in a value", "HTTP/1.1 204 No\r\nA: \xe4\r\n\r\n", "204 No; A=\xe4; done"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_at_every_cut(rows[i].title, parley_view(rows[i].response), false, rows[i].expected);
}

static void refuses_at_every_cut(void **state)
{
    static const struct {
        const char *title, *response, *expected;
    } rows[] = {
        {"a banner", "SSH-2.0-OpenSSH_9.2p1\r\n", "ERROR it is not HTTP"},
        {"a banner without an end", "220 mail", "ERROR it is not HTTP"},
        {"a TLS alert", "\x15\x03\x03\x00\x02\x02\x28", "ERROR it is not HTTP"},
        {"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", "ERROR it is not HTTP"},
        {"another version", "HTTP/2.0 200 OK\r\n\r\n", "ERROR its status line is not one of HTTP/1.1"},
        {"a short status", "HTTP/1.1 20 OK\r\n\r\n", "ERROR its status line is not one of HTTP/1.1"},
        {"a long status", "HTTP/1.1 2000 OK\r\n\r\n", "ERROR its status line is not one of HTTP/1.1"},
        {"status 600", "HTTP/1.1 600 Odd\r\n\r\n", "ERROR its status line is not one of HTTP/1.1"},
        {"status 099", "HTTP/1.1 099 Odd\r\n\r\n", "ERROR its status line is not one of HTTP/1.1"},
        {"two blanks", "HTTP/1.1  200 OK\r\n\r\n", "ERROR its status line is not one of HTTP/1.1"},
        {"a cut status line", "HTTP/1.1 200", "ERROR it ends before its status line does"},
        {"a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
         "200 OK; A=b; ERROR a header line is folded"},
        {"a folded first line", "HTTP/1.1 200 OK\r\n\tA: b\r\n\r\n", "200 OK; ERROR a header line is folded"},
        {"no colon", "HTTP/1.1 200 OK\r\nA b\r\n\r\n", "200 OK; ERROR a header line has no colon"},
        {"white space before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
         "200 OK; ERROR the name of a header holds what it may not"},
        {"no name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
         "200 OK; ERROR the name of a header holds what it may not"},
        {"a bare CR", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
         "200 OK; ERROR a carriage return stands alone in a line"},
        {"a control character", "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n",
         "200 OK; ERROR a line holds a control character"},
        {"a control character in the status line", "HTTP/1.1 200 O\x7fK\r\n\r\n",
         "ERROR a line holds a control character"},
        {"a cut header", "HTTP/1.1 200 OK\r\nA: b\r\n", "200 OK; A=b; ERROR it ends within its headers"},
        {"a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
         "200 OK; ERROR its Content-Length is not a number"},
        {"an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
         "200 OK; ERROR its Content-Length is not a number"},
        {"a length with an empty element", "HTTP/1.1 200 OK\r\nContent-Length: 5,\r\n\r\n",
         "200 OK; Content-Length=5,; ERROR it ends within its body"},
        {"an absurd length", "HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\n\r\n",
         "200 OK; ERROR its Content-Length is not a number"},
        {"a length that overflows", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
         "200 OK; ERROR its Content-Length is not a number"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         "200 OK; Content-Length=1; ERROR its Content-Length contradicts itself"},
        {"a cut body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
         "200 OK; Content-Length=5; body=hel; ERROR it ends within its body"},
        {"a chunk without size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n",
         "200 OK; Transfer-Encoding=chunked; ERROR the size of a chunk is not a number"},
        {"a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\n",
         "200 OK; Transfer-Encoding=chunked; ERROR the size of a chunk is not a number"},
        {"an absurd chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n",
         "200 OK; Transfer-Encoding=chunked; ERROR the size of a chunk is not a number"},
        {"a chunk that goes on", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
         "200 OK; Transfer-Encoding=chunked; body=a; ERROR a chunk is longer than its size says"},
        {"a cut chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
         "200 OK; Transfer-Encoding=chunked; body=ab; ERROR it ends within its body"},
        {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
         "200 OK; Transfer-Encoding=chunked; body=ab; ERROR it ends within its body"},
        {"a folded trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n A: b\r\n\r\n",
         "200 OK; Transfer-Encoding=chunked; ERROR a header line is folded"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_at_every_cut(rows[i].title, parley_view(rows[i].response), false, rows[i].expected);
}

static void an_answer_to_connect_has_no_body(void **state)
{
    (void)state;
    expect_at_every_cut("a 2xx", parley_view("HTTP/1.1 200 Established\r\nContent-Length: 5\r\n\r\nHTTP/"),
                        true, "200 Established; Content-Length=5; done");
    expect_at_every_cut("a refusal has one", parley_view("HTTP/1.1 407 Who\r\nContent-Length: 2\r\n\r\nno"),
                        true, "407 Who; Content-Length=2; body=no; done");
}

static void leaves_what_is_not_of_it(void **state)
{
    static const char all[] = "HTTP/1.1 101 Go\r\n\r\n\x81\x02hi";

    (void)state;
    for (size_t cut = 1; cut < sizeof all; cut++) {
        struct reading got;

        read_all(&got, parley_view_of(all, sizeof all - 1), cut, false);
        assert_memory_equal(got.left.at, "\x81\x02hi", got.left.len);
        assert_int_equal(got.left.len, 4);
    }
}

/* A response whose n-th kind of part is of a size that is still allowed, or just not. */
static int read_sized(struct bytes *response, size_t line_bytes, size_t headers, const char **why)
{
    static struct parley_http http;
    struct parley_view rest;
    struct parley_http_item item;
    int event;

    response->used = 0;
    add_string(response, "HTTP/1.1 200 OK\r\n");
    for (size_t i = 0; i < headers; i++) {
        add_string(response, "A:");
        for (size_t j = 4; j < line_bytes; j++)
            add_byte(response, 'x');
        add_string(response, "\r\n");
    }
    add_string(response, "\r\n");
    rest = view_of(response);
    parley_http_start(&http, true);
    do
        event = parley_http_next(&http, &rest, &item);
    while (event == PARLEY_HTTP_HEADER);
    *why = http.why;
    return event;
}

static void bounds_lines_and_headers(void **state)
{
    static struct bytes response;
    const char *why;

    (void)state;
    assert_int_equal(read_sized(&response, PARLEY_HTTP_LINE_BYTES, 1, &why), PARLEY_HTTP_DONE);
    assert_int_equal(read_sized(&response, PARLEY_HTTP_LINE_BYTES + 1, 1, &why), PARLEY_ERR_HTTP);
    assert_string_equal(why, "a line is longer than 8192 bytes");
    assert_int_equal(read_sized(&response, 8, PARLEY_HTTP_HEADERS, &why), PARLEY_HTTP_DONE);
    assert_int_equal(read_sized(&response, 8, PARLEY_HTTP_HEADERS + 1, &why), PARLEY_ERR_HTTP);
    assert_string_equal(why, "it has more than 128 headers");
    assert_int_equal(read_sized(&response, (65536 - 19) / 16, 16, &why), PARLEY_HTTP_DONE);
    assert_int_equal(read_sized(&response, 65536 / 16, 16, &why), PARLEY_ERR_HTTP);
    assert_string_equal(why, "its headers are longer than 65536 bytes");
}

/* The reader asks for no more than a line in a row: with that much and no line end it has to decide. */
static void a_full_buffer_without_a_line_end_is_refused(void **state)
{
    static char line[PARLEY_HTTP_LINE_BYTES];
    struct parley_view rest;
    struct parley_http_item item;
    struct parley_http http;

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "HTTP/1.1 200 ", 13);
    parley_http_start(&http, false);
    rest = parley_view_of(line, sizeof line - 1);
    assert_int_equal(parley_http_next(&http, &rest, &item), PARLEY_HTTP_MORE);
    rest = parley_view_of(line, sizeof line);
    assert_int_equal(parley_http_next(&http, &rest, &item), PARLEY_ERR_HTTP);
    assert_int_equal(parley_http_next(&http, &rest, &item), PARLEY_ERR_HTTP);
    assert_string_equal(http.why, "a line is longer than 8192 bytes");
}

/* 1xx answers without end are bounded like headers. */
static void endless_interim_answers_are_refused(void **state)
{
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct parley_http_item item;
    struct parley_http http;
    int event = 0, answers = 0;

    (void)state;
    parley_http_start(&http, false);
    for (; event == 0 && answers < 10000; answers++) {
        struct parley_view rest = parley_view(interim);

        event = parley_http_next(&http, &rest, &item);
    }
    assert_int_equal(event, PARLEY_ERR_HTTP);
    assert_in_range(answers, 2000, 3000);
}

static void keeps_how_the_body_begins(void **state)
{
    static struct bytes response;
    struct parley_http_item item;
    struct parley_http http;
    struct parley_view rest;
    int event;

    (void)state;
    response.used = 0;
    add_string(&response, "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (unsigned i = 0; i < 33000; i++) /* far more lines than headers may have */
        add_string(&response, "2\r\nab\r\n");
    add_string(&response, "0\r\n\r\n");
    parley_http_start(&http, false);
    rest = view_of(&response);
    do
        event = parley_http_next(&http, &rest, &item);
    while (event > 0 && event != PARLEY_HTTP_DONE);
    assert_int_equal(event, PARLEY_HTTP_DONE);
    assert_int_equal(http.kept_bytes, PARLEY_HTTP_KEPT_BYTES);
    for (size_t i = 0; i < http.kept_bytes; i++)
        assert_int_equal(http.kept[i], i % 2 == 0 ? 'a' : 'b');
}

static void lists_and_tokens(void **state)
{
    (void)state;
    assert_true(parley_http_lists(parley_view("keep-alive, Upgrade"), "upgrade"));
    assert_true(parley_http_lists(parley_view(" ,UPGRADE\t,"), "upgrade"));
    assert_false(parley_http_lists(parley_view("upgraded, up grade"), "upgrade"));
    assert_false(parley_http_lists(parley_view(""), "upgrade"));
    assert_true(parley_http_is_token(parley_view("X-Session_Id.1~")));
    assert_false(parley_http_is_token(parley_view("")));
    assert_false(parley_http_is_token(parley_view("a b")));
    assert_false(parley_http_is_token(parley_view("a:")));
    assert_false(parley_http_is_token(parley_view_of("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_responses_at_every_cut),
        cmocka_unit_test(refuses_at_every_cut),
        cmocka_unit_test(an_answer_to_connect_has_no_body),
        cmocka_unit_test(leaves_what_is_not_of_it),
        cmocka_unit_test(bounds_lines_and_headers),
        cmocka_unit_test(a_full_buffer_without_a_line_end_is_refused),
        cmocka_unit_test(endless_interim_answers_are_refused),
        cmocka_unit_test(keeps_how_the_body_begins),
        cmocka_unit_test(lists_and_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
