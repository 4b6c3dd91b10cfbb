/* Creating a call over scripted bytes (reference 9.1, 9.2): the request as a whole, and every kind of answer.
 */
#include "wire_test.h"

#include "platform/clock.h"
#include "transport/transport.h"
#include "transport/wss/stream_pipe.h"
#include "transport/wss/url.h"

#define PAIR(name, value)                                                                                    \
    {                                                                                                        \
        PARLEY_VIEW(name), PARLEY_VIEW(value)                                                                \
    }

enum { RECV_BYTES = 8192, SEND_BYTES = 1024, ANSWER_MS = 5000 };

static const struct parley_pair headers[] = {PAIR("x-session-id", "conv_1"),
                                             PAIR("Authorization", "Bearer topsecret")};

static struct {
    struct parley_transport *t;
    struct parley_stream *pipe;
    void *block;
    size_t bytes;
    uint64_t now_us;
    struct parley_view body, rest; /* to be sent, and what of it is not taken */
    char received[1 << 16];
    size_t received_bytes;
    bool whole; /* the last piece has come */
} link;

static struct parley_endpoint endpoint(void)
{
    return (struct parley_endpoint){
        .url = PARLEY_VIEW("https://api.test/v1"),
        .headers = headers,
        .header_count = 2,
        .deadlines = {1000, 1000, 1000, 1000, ANSWER_MS, 1000, 0, 1000},
        .call_type = PARLEY_VIEW("application/sdp"),
        .call_bytes = link.body.len,
        .recv_bytes = RECV_BYTES,
        .send_bytes = SEND_BYTES,
        .message_bytes = 1024,
    };
}

static int open_to(const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_arena count = parley_arena(NULL, 0), arena;
    int status = parley_transport_open(&link.t, &count, to, why);

    if (status < 0)
        return status;
    link.bytes = count.used;
    link.block = calloc(1, link.bytes);
    arena = parley_arena(link.block, link.bytes);
    status = parley_transport_open(&link.t, &arena, to, why);
    assert_false(arena.failed);
    link.pipe = parley_pipe_last();
    return status;
}

static int teardown(void **state)
{
    (void)state;
    parley_transport_drop(link.t);
    free(link.block);
    memset(&link, 0, sizeof link);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    parley_fake_reset();
    parley_pipe_reset();
    memset(&link, 0, sizeof link);
    link.now_us = 1000000;
    link.body = link.rest = parley_view("v=offer\r\n");
    return 0;
}

static void open_link(void)
{
    struct parley_endpoint to = endpoint();
    char why[PARLEY_TRANSPORT_REASON];

    assert_int_equal(open_to(&to, why), 0);
}

static void reopen(void)
{
    teardown(NULL);
    setup(NULL);
    open_link();
}

/* A turn of the host: works, sends what is taken, receives what there is. */
static int turn(void)
{
    struct parley_fragment piece;
    int status = parley_transport_work(link.t, link.now_us);

    while (status > 0 && link.rest.len > 0) {
        long taken = parley_transport_send(link.t, link.rest);
        if (taken <= 0)
            break;
        link.rest = parley_view_skip(link.rest, (size_t)taken);
    }
    while ((status = parley_transport_recv(link.t, &piece)) > 0) {
        assert_false(link.whole);
        assert_true(link.received_bytes + piece.bytes.len < sizeof link.received);
        if (piece.bytes.len > 0)
            memcpy(link.received + link.received_bytes, piece.bytes.at, piece.bytes.len);
        link.received_bytes += piece.bytes.len;
        link.received[link.received_bytes] = '\0';
        link.whole = piece.last;
    }
    return status;
}

/* Until nothing moves any more; returns how the link ended, 0 while it has not. */
static int run(void)
{
    int status = 0, quiet = 0;

    while (status >= 0 && quiet < 20) {
        size_t calls = parley_pipe_calls(link.pipe);

        status = turn();
        quiet = parley_pipe_calls(link.pipe) == calls ? quiet + 1 : 0;
    }
    return status;
}

static int answer(const char *text)
{
    run();
    assert_true(parley_pipe_feed(link.pipe, parley_view(text)));
    return run();
}

static const char *reason(void)
{
    static char text[PARLEY_TRANSPORT_REASON + 1];
    struct parley_view why = parley_transport_reason(link.t);

    snprintf(text, sizeof text, "%.*s", (int)why.len, why.at != NULL ? why.at : "");
    return text;
}

/* Besides what the script keeps of what was written. */
static bool block_holds(const char *text)
{
    struct parley_view sent = parley_pipe_written(link.pipe);

    memset((char *)link.block + ((char *)sent.at - (char *)link.block), 0, sent.len);
    for (size_t i = 0; i + strlen(text) <= link.bytes; i++)
        if (memcmp((char *)link.block + i, text, strlen(text)) == 0)
            return true;
    return false;
}

#define CREATED "HTTP/1.1 201 Created\r\nLocation: /v1/realtime/calls/rtc_1\r\n"
#define PLAIN   CREATED "Content-Length: 10\r\n\r\nv=answer\r\n"
#define CHUNKED                                                                                              \
    CREATED "Transfer-Encoding: chunked\r\n\r\n3\r\nv=a\r\n7;x=y\r\nnswer\r\n\r\n0\r\nx-end: 1\r\n\r\n"

/* ---- the request ------------------------------------------------------------------------------- */

static void the_request_as_a_whole(void **state)
{
    struct parley_view sent;

    (void)state;
    open_link();
    assert_int_equal(run(), 0);
    sent = parley_pipe_written(link.pipe);
    assert_true(parley_view_is(sent, "POST /v1/realtime/calls HTTP/1.1\r\n"
                                     "Host: api.test\r\n"
                                     "Connection: close\r\n"
                                     "Content-Type: application/sdp\r\n"
                                     "Content-Length: 9\r\n"
                                     "x-session-id: conv_1\r\n"
                                     "Authorization: Bearer topsecret\r\n"
                                     "\r\n"
                                     "v=offer\r\n"));
    assert_string_equal(parley_transport_stage(link.t), "call");
    assert_string_equal(parley_pipe_host(link.pipe).at, "api.test");
    assert_false(block_holds("topsecret"));
}

static void where_it_goes(void **state)
{
    static const struct {
        const char *base, *target;
    } rows[] = {
        {"https://h", "/v1/realtime/calls"},
        {"https://h/", "/v1/realtime/calls"},
        {"https://h/v1", "/v1/realtime/calls"},
        {"https://h/v1/", "/v1/realtime/calls"},
        {"wss://h/v1/realtime", "/v1/realtime/calls"},
        {"https://h/v1/realtime/", "/v1/realtime/calls"},
        {"https://h/v1/realtime/calls", "/v1/realtime/calls"},
        {"https://h/backend-api/codex", "/backend-api/codex/realtime/calls"},
        {"https://h/openai/v1?api-version=1", "/openai/v1/realtime/calls?api-version=1"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_url url;
        char why[PARLEY_TRANSPORT_REASON], text[200] = "";
        struct parley_render r = parley_render(text, sizeof text - 1);

        assert_int_equal(parley_url_read(&url, parley_view(rows[i].base), why), 0);
        parley_url_render_call_target(&url, &r);
        expect_text(rows[i].base, text, rows[i].target);
    }
}

/* Far more than the buffer holds, and the network takes it in small pieces. */
static void a_long_body(void **state)
{
    static const size_t cuts[] = {700, 0, 1, 90};
    static char body[20000];
    struct parley_view sent;

    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)('a' + i % 26);
    link.body = link.rest = parley_view_of(body, sizeof body);
    open_link();
    parley_pipe_write_cuts(link.pipe, cuts, COUNT(cuts));
    assert_int_equal(run(), 0);
    assert_int_equal(link.rest.len, 0);
    sent = parley_pipe_written(link.pipe);
    assert_true(sent.len > sizeof body);
    assert_memory_equal(sent.at + sent.len - sizeof body, body, sizeof body);
    assert_int_equal(answer(PLAIN), PARLEY_ERR_CLOSED);
    assert_true(link.whole);
}

static void refuses_to_open(void **state)
{
    static const struct parley_pair typed[] = {PAIR("content-type", "text/plain")};
    static char text[33000];
    struct parley_pair longer = {PARLEY_VIEW("a"), {text, sizeof text}};
    struct parley_endpoint to = endpoint();
    char why[PARLEY_TRANSPORT_REASON] = "";

    (void)state;
    memset(text, 'x', sizeof text);
    to.headers = typed;
    to.header_count = 1;
    assert_int_equal(open_to(&to, why), PARLEY_ERR_ARGUMENT);
    assert_non_null(strstr(why, "\"content-type\" cannot be sent"));
    to.headers = &longer;
    assert_int_equal(open_to(&to, why), PARLEY_ERR_ARGUMENT);
    assert_string_equal(why, "call: the headers are longer than 32768 bytes");
}

/* ---- answers ----------------------------------------------------------------------------------- */

static void expect_call(void)
{
    const struct parley_facts *facts = parley_transport_facts(link.t);
    struct parley_fragment piece;

    assert_true(link.whole);
    assert_string_equal(link.received, "v=answer\r\n");
    assert_string_equal(facts->call_id, "rtc_1");
    assert_int_equal(facts->http_status, 201);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(parley_transport_recv(link.t, &piece), PARLEY_ERR_CLOSED);
        assert_int_equal(parley_transport_work(link.t, link.now_us), PARLEY_ERR_CLOSED);
        assert_int_equal(parley_transport_send(link.t, parley_view("x")), PARLEY_ERR_CLOSED);
    }
    assert_true(parley_pipe_dropped(link.pipe));
}

static void any_framing_at_every_cut(void **state)
{
    static const char *const answers[] = {PLAIN, CHUNKED, CREATED "\r\nv=answer\r\n",
                                          "HTTP/1.1 100 Continue\r\n\r\n" PLAIN};
    (void)state;

    for (size_t i = 0; i < COUNT(answers); i++)
        for (size_t cut = 1; cut <= strlen(answers[i]); cut++) {
            reopen();
            parley_pipe_read_cuts(link.pipe, &cut, 1);
            answer(answers[i]);
            if (i == 2) /* it ends with the connection */
                parley_pipe_end(link.pipe, PARLEY_ERR_PEER_CLOSED);
            assert_int_equal(run(), PARLEY_ERR_CLOSED);
            expect_call();
        }
}

/* Every prefix of an answer is no answer, however it breaks off. */
static void a_truncated_answer_is_lost(void **state)
{
    static const char *const answers[] = {PLAIN, CHUNKED};
    (void)state;

    for (size_t i = 0; i < COUNT(answers); i++)
        for (size_t end = 0; end < strlen(answers[i]); end++) {
            reopen();
            run();
            parley_pipe_feed(link.pipe, parley_view_of(answers[i], end));
            parley_pipe_end(link.pipe, end % 2 == 0 ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_LOST);
            assert_int_equal(run(), PARLEY_ERR_LOST);
            assert_false(link.whole);
            assert_memory_equal(reason(), "call: ", 6);
        }
    /* One that ends with the connection does not end where that breaks. */
    reopen();
    answer(CREATED "\r\nv=answer\r\n");
    parley_pipe_end(link.pipe, PARLEY_ERR_LOST);
    assert_int_equal(run(), PARLEY_ERR_LOST);
    assert_false(link.whole);
}

static void answers_that_create_no_call(void **state)
{
    static const struct {
        const char *title, *answer;
        int status, http_status;
        const char *why;
    } rows[] = {
        {"no Location", "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nv", PARLEY_ERR_HTTP, 201,
         "realtime call response missing Location"},
        {"no Location and no body", "HTTP/1.1 204 No Content\r\n\r\n", PARLEY_ERR_HTTP, 204,
         "realtime call response missing Location"},
        {"a Location without an id", "HTTP/1.1 201 Created\r\nlocation: /v1/calls/other?k=topsecret\r\n\r\nv",
         PARLEY_ERR_HTTP, 201, "realtime call Location does not contain a call id: /v1/calls/other"},
        {"a Location that cannot be shown", "HTTP/1.1 201 Created\r\nLocation: /rtc_\xFF\r\n\r\nv",
         PARLEY_ERR_HTTP, 201,
         "invalid realtime call Location: it holds a character that is not printable ASCII"},
        {"the key",
         "HTTP/1.1 401 Unauthorized\r\nContent-Length: 59\r\n\r\n"
         "{\"error\":{\"message\":\"Incorrect API key provided: sk-abc123\"}}",
         PARLEY_ERR_AUTH, 401, "call: HTTP 401 Unauthorized: Incorrect API key provided: ***"},
        {"too many", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 9\r\n\r\nslow down",
         PARLEY_ERR_REFUSED, 429, "call: HTTP 429 Too Many Requests: slow down"},
        {"a fault of the service", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
         PARLEY_ERR_REFUSED, 500, "call: HTTP 500 Internal Server Error"},
        {"a redirect, though it names a call",
         "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://else.test/rtc_1?t=topsecret\r\n"
         "Content-Length: 0\r\n\r\n",
         PARLEY_ERR_REFUSED, 307,
         "call: HTTP 307 Temporary Redirect: redirects are not followed; it points to "
         "https://else.test/rtc_1"},
        {"a switch", "HTTP/1.1 101 Switching Protocols\r\n\r\n", PARLEY_ERR_HTTP, 101,
         "call: HTTP 101 Switching Protocols: the address does not create calls"},
        {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", PARLEY_ERR_HTTP, 0,
         "call: the other side does not speak HTTP; it said \"SSH-2.0-OpenSSH_9.2\""},
        {"bad HTTP", "HTTP/1.1 201 Created\r\nContent-Length: x\r\n\r\n", PARLEY_ERR_HTTP, 201,
         "call: the answer is not proper HTTP: its Content-Length is not a number"},
        {"a bad chunk behind a good one", CREATED "Transfer-Encoding: chunked\r\n\r\n1\r\nv\r\nzz\r\n",
         PARLEY_ERR_HTTP, 201, "call: the answer is not proper HTTP: the size of a chunk is not a number"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        int status;

        reopen();
        status = answer(rows[i].answer);
        if (status == 0) {
            parley_pipe_end(link.pipe, PARLEY_ERR_PEER_CLOSED);
            status = run();
        }
        expect_int(rows[i].title, status, rows[i].status);
        expect_text(rows[i].title, reason(), rows[i].why);
        expect_int(rows[i].title, parley_transport_facts(link.t)->http_status, rows[i].http_status);
        assert_false(link.whole);
        assert_null(strstr(reason(), "topsecret"));
    }
}

/* A service may refuse before it has heard everything. */
static void an_answer_before_the_body_is_out(void **state)
{
    static const size_t stuck[] = {100, 0};
    static char body[5000];

    (void)state;
    link.body = link.rest = parley_view_of(body, sizeof body);
    open_link();
    parley_pipe_write_cuts(link.pipe, stuck, 2);
    parley_pipe_break_write(link.pipe, 600);
    assert_int_equal(answer("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n"),
                     PARLEY_ERR_REFUSED);
    assert_string_equal(reason(), "call: HTTP 413 Payload Too Large");
}

static void a_silent_service_ends_in_time(void **state)
{
    static const struct {
        const char *come, *why;
    } rows[] = {
        {"", "call: no answer within 5000 ms"},
        {CREATED, "call: no answer within 5000 ms (within the answer)"},
        {CREATED "Content-Length: 10\r\n\r\nv=", "call: no answer within 5000 ms (within the answer)"},
    };
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        reopen();
        assert_int_equal(answer(rows[i].come), 0);
        parley_transport_interest(link.t, want);
        assert_int_equal(want[0].deadline_us, link.now_us + ANSWER_MS * 1000);
        link.now_us += ANSWER_MS * 1000 - 1;
        assert_int_equal(run(), 0);
        link.now_us++;
        assert_int_equal(run(), PARLEY_ERR_TIMEOUT);
        expect_text("why", reason(), rows[i].why);
        assert_false(block_holds("topsecret"));
    }
    reopen(); /* what has come in time is read, however late */
    run();
    assert_true(parley_pipe_feed(link.pipe, parley_view(PLAIN)));
    link.now_us += 2 * ANSWER_MS * 1000;
    assert_int_equal(run(), PARLEY_ERR_CLOSED);
    expect_call();
}

static void a_connection_that_fails(void **state)
{
    (void)state;
    open_link();
    parley_pipe_fail(link.pipe, PARLEY_ERR_CONNECT, "connect: 192.0.2.1:443: Connection refused");
    assert_int_equal(run(), PARLEY_ERR_CONNECT);
    assert_string_equal(reason(), "connect: 192.0.2.1:443: Connection refused");
    assert_false(block_holds("topsecret"));
}

static void closing_ends_it_at_once(void **state)
{
    (void)state;
    open_link();
    run();
    parley_transport_close(link.t, 1000);
    assert_int_equal(turn(), PARLEY_ERR_CLOSED);
    assert_int_equal(parley_transport_facts(link.t)->call_id[0], '\0');
    reopen();
    run();
    parley_transport_drop(link.t); /* without a goodbye */
    link.t = NULL;
    assert_false(block_holds("topsecret"));
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, setup, teardown, NULL                                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("the request as a whole", the_request_as_a_whole),
        TEST("where it goes", where_it_goes),
        TEST("a body longer than the buffer", a_long_body),
        TEST("what cannot be asked", refuses_to_open),
        TEST("any framing of the answer, at every cut", any_framing_at_every_cut),
        TEST("a truncated answer is lost", a_truncated_answer_is_lost),
        TEST("answers that create no call", answers_that_create_no_call),
        TEST("an answer before the body is out", an_answer_before_the_body_is_out),
        TEST("a silent service ends in time", a_silent_service_ends_in_time),
        TEST("a connection that fails", a_connection_that_fails),
        TEST("closing ends it at once", closing_ends_it_at_once),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
