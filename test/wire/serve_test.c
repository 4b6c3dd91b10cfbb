/* The server's side: requests as they are read, and one connection's deadlines on the virtual clock. What
   wrong requests and frames are answered with is test/peer/fake_raw.py's. */
#include "wire_test.h"

#include "platform/clock.h"
#include "transport/wss/serve.h"

/* ---- requests ---------------------------------------------------------------------------------- */

static const struct {
    const char *title, *bytes;
    long head; /* -1: all of it */
    int status;
    const char *told; /* method path?query host/length */
} requests[] = {
    {"a short one", "GET / HTTP/1.0\r\n\r\n", -1, 0, "GET /? /0"},
    {"lines that end with LF alone", "GET /a?b=c HTTP/1.1\nHost: x\n\n", -1, 0, "GET /a?b=c x/0"},
    {"empty lines before it", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", -1, 0, "GET /? x/0"},
    {"what comes behind it stays", "GET / HTTP/1.1\r\nHost: x\r\n\r\nmore", 27, 0, "GET /? x/0"},
    {"an absolute target", "GET http://y:8/a?b HTTP/1.1\r\nHost: x\r\n\r\n", -1, 0, "GET /a?b x/0"},
    {"an absolute target without a path", "GET https://y HTTP/1.1\r\nHost: x\r\n\r\n", PARLEY_ERR_HTTP, 400,
     NULL},
    {"a length", "POST /a HTTP/1.1\r\nHOST:  x \r\ncontent-length: 12\r\n\r\n", -1, 0, "POST /a? x/12"},
    {"the same length twice", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
     -1, 0, "POST /a? x/1"},
    {"an unfinished one", "GET / HTTP/1.1\r\nHost: x\r\n", 0, 0, NULL},
    {"nothing at all", "", 0, 0, NULL},
    {"no host, in HTTP/1.1", "GET / HTTP/1.1\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"a length of 5 GB", "GET / HTTP/1.0\r\nContent-Length: 50000000000\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"an empty length", "GET / HTTP/1.0\r\nContent-Length:\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"a version of three digits", "GET / HTTP/1.10\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n\r\n", PARLEY_ERR_HTTP, 505, NULL},
    {"two spaces", "GET  / HTTP/1.1\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"a target with a tab", "GET /\t HTTP/1.1\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"no name of a header", "GET / HTTP/1.0\r\n: x\r\n\r\n", PARLEY_ERR_HTTP, 400, NULL},
    {"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", PARLEY_ERR_HTTP, 501,
     NULL},
};

/* Brings so many bytes more each time. */
static long read_in_pieces(struct parley_request *r, const char *bytes, size_t piece)
{
    size_t size = strlen(bytes), end = 0;
    long head = 0;

    memset(r, 0, sizeof *r);
    while (head == 0 && end < size) {
        struct parley_request fresh = {.searched = r->searched};

        end = size - end > piece ? end + piece : size;
        *r = fresh;
        head = parley_request_read(r, parley_view_of(bytes, end));
    }
    return head;
}

static void requests_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++)
        for (size_t piece = 1; piece < 100; piece += 7) {
            struct parley_request r;
            long head = read_in_pieces(&r, requests[i].bytes, piece);
            char told[200];

            expect_int(requests[i].title, head,
                       requests[i].head == -1 ? (long)strlen(requests[i].bytes) : requests[i].head);
            expect_int(requests[i].title, r.status, requests[i].status);
            if (requests[i].told == NULL)
                continue;
            snprintf(told, sizeof told, "%.*s %.*s?%.*s %.*s/%u", (int)r.method.len, r.method.at,
                     (int)r.path.len, r.path.at, (int)r.query.len, r.query.len > 0 ? r.query.at : "",
                     (int)r.host.len, r.host.len > 0 ? r.host.at : "", (unsigned)r.length);
            expect_text(requests[i].title, told, requests[i].told);
        }
}

static void parameters_are_decoded(void **state)
{
    static const struct {
        const char *query, *value;
    } rows[] = {
        {"model=gpt-realtime", "gpt-realtime"},
        {"a=b&model=x&model=y", "x"},
        {"model=a%2Db%2fc+d", "a-b/c d"},
        {"model=50%&c", "50%"},
        {"model=%4", "%4"},
        {"model=%zz%41", "%zzA"},
        {"model=", ""},
        {"model", ""},
        {"amodel=x&Model=y&model2=z", NULL},
        {"", NULL},
        {"model=0123456789012345", "0123456789"}, /* cut at what there is room for */
    };
    char into[10];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_request r = {.query = parley_view(rows[i].query)};
        struct parley_view value = parley_request_parameter(&r, "model", into, sizeof into);

        assert_true((value.at == NULL) == (rows[i].value == NULL));
        if (rows[i].value != NULL &&
            !parley_view_equal(
                value,
                parley_view_of(rows[i].value, strlen(rows[i].value) < 10 ? strlen(rows[i].value) : 10)))
            fail_msg("%s: \"%.*s\"", rows[i].query, (int)value.len, value.at);
    }
}

/* ---- a connection ------------------------------------------------------------------------------ */

enum { HEAD_MS = 1000, IDLE_MS = 10000, STALL_MS = 3000, CLOSE_MS = 500, MESSAGE_BYTES = 1000 };

static struct parley_serve *serve;
static struct bytes written; /* by the server, since it was last looked at */
static unsigned taken;
static struct { /* instead of the request's body, if there is one */
    const char *headers;
    struct parley_view body;
} given;

static void requested(void *user, const struct parley_request *request, struct parley_view body)
{
    (void)user;
    if (parley_request_is_upgrade(request))
        parley_serve_upgrade(serve, request, parley_view(NULL));
    else
        parley_serve_answer(serve, 404, given.headers, "text/plain",
                            given.body.at != NULL ? given.body : body);
}

static void received(void *user, struct parley_view message)
{
    (void)user;
    taken += (unsigned)message.len;
}

static int work(void)
{
    int status = parley_serve_work(serve, parley_clock_us());

    written.used += parley_fake_peer_read(0, written.at + written.used, sizeof written.at - written.used);
    return status;
}

/* Time passes, with no more work than is asked for by parley_serve_interest. */
static int pass(uint64_t ms)
{
    uint64_t end_us = parley_clock_us() + ms * 1000;
    int status = work();

    while (status >= 0 && parley_clock_us() < end_us) {
        struct parley_interest want;

        parley_serve_interest(serve, &want);
        parley_wait(&want, 1, end_us);
        status = work();
    }
    return status;
}

static void come(const char *script)
{
    static struct bytes bytes;

    bytes.used = 0;
    add_script(&bytes, script);
    assert_int_equal(parley_fake_peer_write(0, bytes.at, bytes.used), bytes.used);
}

static void come_text(const char *text)
{
    assert_int_equal(parley_fake_peer_write(0, text, strlen(text)), strlen(text));
}

static int setup(void **state)
{
    const struct parley_serve_options options = {
        .message_bytes = MESSAGE_BYTES,
        .body_bytes = 100,
        .head_ms = HEAD_MS,
        .idle_ms = IDLE_MS,
        .stall_ms = STALL_MS,
        .close_ms = CLOSE_MS,
        .requested = requested,
        .received = received,
    };
    struct parley_address address;

    (void)state;
    parley_fake_reset();
    parley_fake_address("10.0.0.1", 80, PARLEY_FAKE_ACCEPT, 0);
    assert_true(parley_address_parse(parley_view("10.0.0.1"), &address));
    address.port = 80;
    written.used = 0;
    taken = 0;
    given.headers = "";
    given.body = parley_view(NULL);
    return parley_serve_open(&serve, parley_socket_connect(&address), &options, parley_clock_us());
}

static int teardown(void **state)
{
    (void)state;
    parley_serve_drop(serve);
    return 0;
}

static void upgrade(void)
{
    come_text("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    work();
    assert_int_equal(work(), 1);
    assert_non_null(strstr(written.at, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    written.used = 0;
}

static void expect_written(const char *script)
{
    static struct bytes wanted;

    wanted.used = 0;
    add_script(&wanted, script);
    assert_int_equal(written.used, wanted.used);
    assert_memory_equal(written.at, wanted.at, wanted.used);
    written.used = 0;
}

static void a_request_has_a_deadline(void **state)
{
    (void)state;
    come_text("GET / HTTP/1.1\r\n");
    assert_int_equal(pass(HEAD_MS - 1), 0);
    assert_int_equal(pass(1), PARLEY_ERR_TIMEOUT);
    assert_string_equal(parley_serve_ended(serve).why, "the request takes too long");
    assert_int_equal(written.used, 0);
}

static void an_answer_ends_the_connection(void **state)
{
    (void)state;
    come_text("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab");
    assert_int_equal(pass(10), 0);
    assert_int_equal(written.used, 0); /* the body is not whole */
    come_text("c");
    assert_int_equal(pass(10), 0);
    expect_written("'HTTP/1.1 404 Not Found' 0d0a 'Connection: close' 0d0a 'Content-Type: text/plain' 0d0a "
                   "'Content-Length: 3' 0d0a 0d0a 'abc'");
    assert_int_equal(pass(CLOSE_MS), PARLEY_ERR_CLOSED); /* the client has not gone by itself */
    assert_int_equal(parley_serve_ended(serve).http_status, 404);
}

/* An answer with a body as long as its head says. */
static void expect_answer(const char *title, int status)
{
    const char *length, *body;

    written.at[written.used] = '\0';
    length = strstr(written.at, "Content-Length: ");
    body = strstr(written.at, "\r\n\r\n");
    assert_true(length != NULL && body != NULL);
    expect_int(title, parley_serve_ended(serve).http_status, status);
    expect_int(title, atoi(written.at + strlen("HTTP/1.1 ")), status);
    expect_int(title, atoi(length + strlen("Content-Length: ")), (long)strlen(body + 4));
    if (status == 500)
        expect_text(title, body + 4, "the answer is too long to be sent\n");
}

/* What would be cut is not begun: an answer of ours says so. */
static void an_answer_that_does_not_fit_is_a_500(void **state)
{
    enum {
        OUT_BYTES = 32768,
        HEAD_BYTES = sizeof "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                            "Content-Length: 32674\r\n\r\n" -
                     1
    };
    static const struct {
        const char *title;
        size_t header_bytes, body_bytes;
        int status;
    } rows[] = {
        {"a body that just fits", 0, OUT_BYTES - HEAD_BYTES, 404},
        {"a body of one byte more", 0, OUT_BYTES - HEAD_BYTES + 1, 500},
        {"a body longer than the buffer", 0, 40000, 500},
        {"headers that do not fit", 1000, 3, 500},
    };
    static char long_body[40000], long_header[1100];

    memset(long_body, 'x', sizeof long_body);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (i > 0) {
            parley_serve_drop(serve);
            setup(state);
        }
        memset(long_header, 'h', sizeof long_header);
        long_header[rows[i].header_bytes] = '\0';
        given.headers = long_header;
        given.body = parley_view_of(long_body, rows[i].body_bytes);
        come_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_int_equal(pass(10), 0);
        expect_answer(rows[i].title, rows[i].status);
    }
}

static void who_is_silent_is_pinged_and_closed(void **state)
{
    (void)state;
    upgrade();
    assert_int_equal(pass(IDLE_MS / 2 - 1), 1);
    expect_written("");
    assert_int_equal(pass(2), 1);
    expect_written("8900");
    come("8a80 01020304"); /* its pong */
    assert_int_equal(pass(IDLE_MS / 2 - 1), 1);
    expect_written("");
    assert_int_equal(pass(2), 1);
    expect_written("8900");
    assert_int_equal(pass(IDLE_MS / 2), 0);
    expect_written("8811 03e9 'no sign of life'");
    assert_int_equal(pass(CLOSE_MS), PARLEY_ERR_CLOSED);
    assert_int_equal(parley_serve_ended(serve).said, 1001);
    assert_int_equal(parley_serve_ended(serve).heard, 1006);
    assert_false(parley_serve_ended(serve).violated);
}

static void who_takes_nothing_is_dropped(void **state)
{
    struct parley_fake_limits limits = {.queue_bytes = 100};
    static char long_text[3000];

    (void)state;
    upgrade();
    memset(long_text, 'x', sizeof long_text);
    parley_fake_limits(0, &limits);
    assert_true(parley_serve_send(serve, parley_view_of(long_text, sizeof long_text), false, 0));
    assert_int_equal(pass(STALL_MS - 1), 1); /* the peer of this test reads once in each round: it goes on */
    limits.write_bytes = 0;
    limits.queue_bytes = 1;
    parley_fake_limits(0, &limits);
    for (int i = 0; i < 5; i++) { /* nobody reads */
        assert_true(parley_serve_send(serve, parley_view_of(long_text, sizeof long_text), false, 0));
        assert_int_equal(parley_serve_work(serve, parley_clock_us()), 1);
    }
    parley_fake_clock_advance_us(STALL_MS * 1000);
    assert_int_equal(parley_serve_work(serve, parley_clock_us()), PARLEY_ERR_TIMEOUT);
    assert_string_equal(parley_serve_ended(serve).why, "the client takes nothing");
}

static void a_close_goes_behind_what_is_queued(void **state)
{
    (void)state;
    upgrade();
    assert_true(parley_serve_send(serve, parley_view("one"), false, 0));
    assert_true(parley_serve_send(serve, parley_view("twotwo"), false, 4));
    parley_serve_close(serve, 4000, "bye");
    assert_false(parley_serve_room(serve));
    assert_int_equal(pass(10), 0);
    expect_written("8103 'one' 0104 'twot' 8002 'wo' 8805 0fa0 'bye'");
    come("8882 00000000 0fa0");
    assert_int_equal(pass(0), PARLEY_ERR_CLOSED);
    assert_int_equal(parley_serve_ended(serve).heard, 4000);
}

static void pings_are_not_of_the_message_they_come_in(void **state)
{
    (void)state;
    upgrade();
    come("0182 00000000 'ab' 8983 00000000 'xyz' 8081 00000000 'c'");
    assert_int_equal(pass(0), 1);
    assert_int_equal(taken, 3);
    expect_written("8a03 'xyz'");
}

static void malformed_frames_are_told_why(void **state)
{
    static const struct {
        const char *title, *frame, *answer;
    } rows[] = {
        {"a ping of 126 bytes", "89fe 007e 00000000", "8802 03ea"},
        {"not masked", "8102 'ab'", "8802 03ea"},
        {"too long", "81fe 03e9 00000000 'x'", "8819 03f1 'the message is too long'"},
        {"binary", "8281 00000000 'x'", "8824 03eb 'the protocol has no binary messages'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t wanted = strlen(rows[i].title);

        if (i > 0) {
            parley_serve_drop(serve);
            assert_int_equal(setup(NULL), 0);
        }
        upgrade();
        come(rows[i].frame);
        expect_int(rows[i].title, pass(1), 0);
        assert_true(wanted > 0 && written.used >= 4);
        assert_int_equal((unsigned char)written.at[0], 0x88);
        {
            static struct bytes answer;

            answer.used = 0;
            add_script(&answer, rows[i].answer);
            assert_memory_equal(written.at + 2, answer.at + 2,
                                2); /* the code; the words are wslay's at times */
        }
        expect_int(rows[i].title, parley_serve_ended(serve).violated, true);
        expect_int(rows[i].title, pass(CLOSE_MS), PARLEY_ERR_CLOSED);
    }
}

static void a_bad_network(void **state)
{
    (void)state;
    upgrade();
    parley_serve_screws(serve)->read_a_second = 100; /* 6 bytes in 50 ms */
    come("8194 00000000 '0123456789'*2");
    assert_int_equal(pass(100), 1);
    assert_int_equal(taken, 0);
    assert_int_equal(pass(250), 1);
    assert_int_equal(taken, 20);
    parley_serve_screws(serve)->write_a_second = 20; /* 2 bytes in 50 ms */
    assert_true(parley_serve_send(serve, parley_view("0123456789"), false, 0));
    assert_int_equal(pass(99), 1);
    assert_in_range(written.used, 2, 4);
    assert_int_equal(pass(600), 1);
    expect_written("810a '0123456789'");
    parley_serve_screws(serve)->frozen = true;
    come("8980 00000000");
    assert_true(parley_serve_send(serve, parley_view("never"), false, 0));
    assert_int_equal(pass(IDLE_MS / 2), 1);
    expect_written("");
    assert_int_equal(pass(IDLE_MS), PARLEY_ERR_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test_setup_teardown(a_request_has_a_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_ends_the_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_does_not_fit_is_a_500, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_silent_is_pinged_and_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(who_takes_nothing_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_close_goes_behind_what_is_queued, setup, teardown),
        cmocka_unit_test_setup_teardown(pings_are_not_of_the_message_they_come_in, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_frames_are_told_why, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_network, setup, teardown),
    };

    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
