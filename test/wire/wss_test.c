/* The transport over scripted bytes: connecting, messages, closing, and everything that can go wrong. */
#include "wire_test.h"

#include "platform/clock.h"
#include "transport/wss/deflate.h"
#include "transport/wss/stream_pipe.h"

#define PAIR(name, value)                                                                                    \
    {                                                                                                        \
        PARLEY_VIEW(name), PARLEY_VIEW(value)                                                                \
    }

enum {
    RECV_BYTES = 16384,
    SEND_BYTES = 8192,
    UPGRADE_MS = 5000,
    CLOSE_MS = 2000,
    PING_MS = 20000,
    PONG_MS = 10000
};

static const struct parley_pair headers[] = {PAIR("Authorization", "Bearer topsecret"),
                                             PAIR("x-session-id", "s1")};
static const struct parley_pair query[] = {PAIR("model", "m")};

/* One link, and what has come over it. */
static struct {
    struct parley_transport *t;
    struct parley_stream *pipe;
    void *block;
    size_t bytes;
    uint64_t now_us;
    struct bytes answer; /* what the server sends */
    char received[1 << 18];
    size_t received_bytes;
    char log[4096];
    bool compress;    /* what open_link asks for */
    uint32_t ping_ms; /* likewise; 0: no pings */
} link;

static struct parley_endpoint endpoint(void)
{
    struct parley_endpoint to = {
        .url = PARLEY_VIEW("wss://api.test/v1"),
        .query = query,
        .query_count = 1,
        .headers = headers,
        .header_count = 2,
        .deadlines = {1000, 1000, 1000, 1000, UPGRADE_MS, CLOSE_MS, link.ping_ms, PONG_MS},
        .compress = link.compress,
        .recv_bytes = RECV_BYTES,
        .send_bytes = SEND_BYTES,
        .message_bytes = 1024,
    };

    return to;
}

static void keep_log(void *user, enum parley_log_level level, struct parley_view line)
{
    size_t used = strlen(link.log);

    (void)user;
    snprintf(link.log + used, sizeof link.log - used, "%d %.*s\n", (int)level, (int)line.len, line.at);
}

/* Opens in a block of exactly the size the counting arena told. */
static int open_to(const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_arena count = parley_arena(NULL, 0), arena;
    int status = parley_transport_open(&link.t, &count, to, why);

    assert_null(link.t);
    if (status < 0)
        return status;
    link.bytes = count.used;
    link.block = calloc(1, link.bytes);
    assert_non_null(link.block);
    arena = parley_arena(link.block, link.bytes);
    status = parley_transport_open(&link.t, &arena, to, why);
    assert_false(arena.failed);
    link.pipe = parley_pipe_last();
    return status;
}

static int work(void)
{
    return parley_transport_work(link.t, link.now_us);
}

static void wait_ms(uint64_t ms)
{
    link.now_us += ms * 1000;
}

static void open_link(void)
{
    struct parley_endpoint to = endpoint();
    char why[PARLEY_TRANSPORT_REASON];

    assert_int_equal(open_to(&to, why), 0);
}

static int setup(void **state)
{
    (void)state;
    parley_fake_reset();
    parley_pipe_reset();
    memset(&link, 0, sizeof link);
    link.now_us = 1000000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    parley_transport_drop(link.t);
    free(link.block);
    link.t = NULL;
    link.block = NULL;
    return 0;
}

static void reopen(void)
{
    teardown(NULL);
    setup(NULL);
    open_link();
}

/* Lets the request go out; the answer to it goes into link.answer. */
static void make_answer(const char *more)
{
    assert_int_equal(work(), 0);
    add_accept(&link.answer, parley_pipe_written(link.pipe), more);
}

static void feed(void)
{
    assert_true(parley_pipe_feed(link.pipe, view_of(&link.answer)));
}

/* Opens and gets through the upgrade. What was written begins behind the request from here on. */
static size_t request_bytes;
static void connect_with(const char *more)
{
    open_link();
    make_answer(more);
    feed();
    assert_int_equal(work(), 1);
    assert_string_equal(parley_transport_stage(link.t), "open");
    request_bytes = parley_pipe_written(link.pipe).len;
    link.answer.used = 0;
}

static void connect_link(void)
{
    connect_with("");
}

/* Bytes from the server from now on. */
static void say(const char *script)
{
    size_t before = link.answer.used;

    add_script(&link.answer, script);
    assert_true(
        parley_pipe_feed(link.pipe, parley_view_of(link.answer.at + before, link.answer.used - before)));
}

/* What the client has written since the upgrade. */
static struct parley_view written(void)
{
    return parley_view_skip(parley_pipe_written(link.pipe), request_bytes);
}

/* The next frame in *rest as "81 payload". */
static const char *next_frame(struct parley_view *rest)
{
    static struct client_frame frame;
    static char text[sizeof frame.payload + 8];

    if (!take_frame(rest, &frame))
        return "nothing";
    snprintf(text, sizeof text, "%02x %s", frame.first, frame.payload);
    if (frame.first == (FIN | CLOSE) && frame.len >= 2)
        snprintf(text, sizeof text, "88 %d%s%s",
                 (unsigned char)frame.payload[0] << 8 | (unsigned char)frame.payload[1],
                 frame.len > 2 ? " " : "", frame.payload + 2);
    return text;
}

/* Takes what there is; returns what recv ended with. Messages are ended by "/T " or "/B ". */
static int receive(void)
{
    struct parley_fragment piece;
    int got;

    while ((got = parley_transport_recv(link.t, &piece)) > 0) {
        assert_true(link.received_bytes + piece.bytes.len + 4 < sizeof link.received);
        memcpy(link.received + link.received_bytes, piece.bytes.at, piece.bytes.len);
        link.received_bytes += piece.bytes.len;
        if (piece.last)
            memcpy(link.received + link.received_bytes, piece.binary ? "/B " : "/T ", 3);
        link.received_bytes += piece.last ? 3 : 0;
    }
    link.received[link.received_bytes] = '\0';
    return got;
}

/* The host's loop until nothing moves any more; returns how the link ended, 0 while it has not. */
static int run(void)
{
    int status = 0, quiet = 0;

    while (status >= 0 && quiet < 20) {
        size_t calls = parley_pipe_calls(link.pipe);

        work();
        status = receive();
        quiet = parley_pipe_calls(link.pipe) == calls ? quiet + 1 : 0;
    }
    return status;
}

/* The same for a link that the service has broken: it lasts until the service has read why. */
static int run_to_end(void)
{
    assert_int_equal(run(), 0);
    assert_string_equal(parley_transport_stage(link.t), "closing");
    parley_pipe_end(link.pipe, PARLEY_ERR_PEER_CLOSED);
    return run();
}

static const char *reason(void)
{
    struct parley_view why = parley_transport_reason(link.t);
    static char text[PARLEY_TRANSPORT_REASON + 1];

    snprintf(text, sizeof text, "%.*s", (int)why.len, why.at != NULL ? why.at : "");
    return text;
}

/* Every call tells the same end, and there is nothing more to wait for. */
static void expect_ended(int status, const char *why)
{
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];
    struct parley_fragment piece;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(parley_transport_recv(link.t, &piece), status);
        assert_int_equal(work(), status);
        assert_int_equal(parley_transport_send(link.t, parley_view("late")), status);
    }
    assert_string_equal(reason(), why);
    assert_string_equal(parley_transport_stage(link.t), "closed");
    assert_int_equal(parley_transport_interest(link.t, want), 0);
    assert_true(parley_pipe_dropped(link.pipe));
}

static bool block_holds(const char *text)
{
    for (size_t i = 0; i + strlen(text) <= link.bytes; i++)
        if (memcmp((char *)link.block + i, text, strlen(text)) == 0)
            return true;
    return false;
}

static uint64_t deadline(void)
{
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];
    size_t count = parley_transport_interest(link.t, want);
    uint64_t soonest_us = PARLEY_NEVER;

    for (size_t i = 0; i < count; i++)
        if (want[i].deadline_us < soonest_us)
            soonest_us = want[i].deadline_us;
    return soonest_us;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void opens_through_its_stages(void **state)
{
    struct parley_fragment piece;

    (void)state;
    open_link();
    assert_string_equal(parley_pipe_host(link.pipe).at, "api.test");
    assert_int_equal(parley_pipe_port(link.pipe), 443);
    assert_true(parley_pipe_tls(link.pipe));
    parley_pipe_stage(link.pipe, "resolve");
    assert_int_equal(work(), 0);
    assert_string_equal(parley_transport_stage(link.t), "resolve");
    parley_pipe_stage(link.pipe, "tls");
    assert_int_equal(work(), 0);
    assert_string_equal(parley_transport_stage(link.t), "tls");
    assert_int_equal(parley_transport_send(link.t, parley_view("x")), 0);
    assert_int_equal(parley_transport_recv(link.t, &piece), 0);
    assert_int_equal(parley_transport_pending(link.t), 0);
    assert_int_equal(parley_pipe_written(link.pipe).len, 0);

    parley_pipe_stage(link.pipe, "open");
    make_answer("");
    assert_string_equal(parley_transport_stage(link.t), "upgrade");
    assert_memory_equal(parley_pipe_written(link.pipe).at,
                        "GET /v1/realtime?model=m HTTP/1.1\r\nHost: api.test\r\n", 51);
    assert_int_equal(parley_transport_pending(link.t), 0);
    feed();
    assert_int_equal(work(), 1);
    assert_string_equal(parley_transport_stage(link.t), "open");
    assert_string_equal(reason(), "");
}

/* Whoever keeps the facts may read them as long as there is the block. */
static void tells_the_facts(void **state)
{
    const struct parley_facts *facts;

    (void)state;
    open_link();
    facts = parley_transport_facts(link.t);
    assert_string_equal(facts->host, "api.test");
    assert_int_equal(facts->port, 443);
    assert_true(facts->tls && !facts->proxied);
    assert_int_equal(facts->http_status, 0);
    make_answer("");
    link.answer.used = 0;
    say("'HTTP/1.1 401 No' 0d0a 'Content-Length: 0' 0d0a0d0a");
    assert_int_equal(work(), PARLEY_ERR_AUTH);
    assert_int_equal(facts->http_status, 401);
    parley_transport_drop(link.t);
    link.t = NULL;
    assert_string_equal(facts->host, "api.test");
    assert_int_equal(facts->http_status, 401);
}

static void wipes_the_request_once_it_is_out(void **state)
{
    static const size_t slowly[] = {100};
    struct parley_view request;

    (void)state;
    open_link();
    parley_pipe_write_cuts(link.pipe, slowly, 1);
    assert_true(block_holds("topsecret"));
    work();
    request = parley_pipe_written(link.pipe);
    assert_int_equal(request.at[request.len - 1], '\n');
    memset((char *)link.block + ((char *)request.at - (char *)link.block), 0,
           request.len); /* the script's own copy */
    assert_false(block_holds("topsecret"));
    assert_false(block_holds("Bearer"));
}

static void wipes_the_request_when_it_cannot_go_out(void **state)
{
    (void)state;
    open_link();
    parley_pipe_fail(link.pipe, PARLEY_ERR_CONNECT, "connect: 192.0.2.1:443: Connection refused");
    assert_int_equal(work(), PARLEY_ERR_CONNECT);
    assert_false(block_holds("topsecret"));
    expect_ended(PARLEY_ERR_CONNECT, "connect: 192.0.2.1:443: Connection refused");

    reopen();
    parley_transport_drop(link.t);
    link.t = NULL;
    assert_false(block_holds("topsecret"));
}

static void refuses_to_open(void **state)
{
    static const struct parley_pair bad_header[] = {PAIR("X", "a\nb")};
    struct parley_endpoint to = endpoint();
    char why[PARLEY_TRANSPORT_REASON] = "";

    (void)state;
    to.url = parley_view("ftp://x");
    assert_int_equal(open_to(&to, why), PARLEY_ERR_URL);
    assert_string_equal(why, "url: the scheme \"ftp\" is not one of https, http, wss, ws");
    to = endpoint();
    to.headers = bad_header;
    to.header_count = 1;
    assert_int_equal(open_to(&to, why), PARLEY_ERR_ARGUMENT);
    assert_string_equal(
        why,
        "upgrade: the header \"X\" cannot be sent: its value holds a line end or another control character");
    to = endpoint();
    parley_pipe_refuse_open(PARLEY_ERR_FILE, "tls: no such file");
    assert_int_equal(open_to(&to, why), PARLEY_ERR_FILE);
    assert_string_equal(why, "tls: no such file");
    assert_null(link.t);
}

static void bounds_the_request(void **state)
{
    static char text[40000];
    struct parley_pair long_query = {PARLEY_VIEW("a"), {text, 8192}};
    struct parley_pair long_header = {PARLEY_VIEW("a"), {text, 32768}};
    struct parley_endpoint to = endpoint();
    char why[PARLEY_TRANSPORT_REASON] = "";

    (void)state;
    memset(text, 'x', sizeof text);
    to.query = &long_query;
    assert_int_equal(open_to(&to, why), PARLEY_ERR_URL);
    assert_string_equal(why, "url: with its query it is longer than 8192 bytes");
    to = endpoint();
    to.headers = &long_header;
    to.header_count = 1;
    assert_int_equal(open_to(&to, why), PARLEY_ERR_ARGUMENT);
    assert_string_equal(why, "upgrade: the headers are longer than 32768 bytes");
    /* A request longer than the send buffer is no trouble. */
    long_header.value.len = 20000;
    assert_int_equal(open_to(&to, why), 0);
    make_answer("");
    assert_true(parley_pipe_written(link.pipe).len > 20000);
    feed();
    assert_int_equal(work(), 1);
}

static void needs_the_memory_it_counts(void **state)
{
    struct parley_endpoint to = endpoint();
    struct parley_arena count = parley_arena(NULL, 0);
    char why[PARLEY_TRANSPORT_REASON];
    struct parley_transport *t;
    unsigned char *block;

    (void)state;
    assert_int_equal(parley_transport_open(&t, &count, &to, why), 0);
    block = malloc(count.used + 16);
    assert_non_null(block);
    for (size_t bytes = 0; bytes < count.used - 16; bytes += 977) {
        struct parley_arena arena = parley_arena(block, bytes);

        assert_int_equal(parley_transport_open(&t, &arena, &to, why), PARLEY_ERR_MEMORY);
        assert_null(t);
    }
    for (size_t shift = 0; shift < 16; shift++) {
        struct parley_arena arena = parley_arena(block + shift, count.used);

        assert_int_equal(parley_transport_open(&t, &arena, &to, why), 0);
        parley_transport_drop(t);
    }
    free(block);
    parley_transport_drop(NULL);
}

static void tells_why_the_upgrade_failed(void **state)
{
    static const struct {
        const char *title, *answer;
        bool ends;
        int status;
        const char *why;
    } rows[] = {
        {"401", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 29\r\n\r\n{\"error\":{\"message\":\"no key\"}}",
         false, PARLEY_ERR_AUTH, "upgrade: HTTP 401 Unauthorized: no key"},
        {"a body that ends with the stream", "HTTP/1.1 503 Busy\r\n\r\ntry later", true, PARLEY_ERR_REFUSED,
         "upgrade: HTTP 503 Busy: try later"},
        {"another protocol", "SSH-2.0-x\r\n", false, PARLEY_ERR_HTTP,
         "upgrade: the other side does not speak HTTP; it said \"SSH-2.0-x\""},
        {"an end without an answer", "", true, PARLEY_ERR_LOST,
         "upgrade: the service ended the connection before it had answered"},
        {"an end within the answer", "HTTP/1.1 101 Sw", true, PARLEY_ERR_LOST,
         "upgrade: the service ended the connection before it had answered (within the answer)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        reopen();
        parley_pipe_feed(link.pipe, parley_view(rows[i].answer));
        if (rows[i].ends)
            parley_pipe_end(link.pipe, PARLEY_ERR_PEER_CLOSED);
        for (int j = 0; j < 5 && work() == 0; j++)
            ;
        expect_ended(rows[i].status, rows[i].why);
    }
    reopen();
    work();
    parley_pipe_fail(link.pipe, PARLEY_ERR_LOST, "open: Connection reset by peer");
    work();
    expect_ended(PARLEY_ERR_LOST, "upgrade: Connection reset by peer");
}

static void a_silent_upgrade_ends_in_time(void **state)
{
    static const struct {
        const char *title, *answer;
        int status;
        const char *why;
    } rows[] = {
        {"nothing comes", "", PARLEY_ERR_TIMEOUT, "upgrade: no answer within 5000 ms"},
        {"half an answer comes", "HTTP/1.1 101 Switching\r\n", PARLEY_ERR_TIMEOUT,
         "upgrade: no answer within 5000 ms (within the answer)"},
        {"a refusal whose body does not end", "HTTP/1.1 429 Slow\r\nContent-Length: 99\r\n\r\nlater",
         PARLEY_ERR_REFUSED, "upgrade: HTTP 429 Slow: later"},
        {"a banner that does not end", "220 mail", PARLEY_ERR_HTTP,
         "upgrade: the other side does not speak HTTP; it said \"220 mail\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        reopen();
        parley_pipe_stage(link.pipe, "connect");
        work();
        wait_ms(60000); /* is not of the upgrade's time */
        parley_pipe_stage(link.pipe, "open");
        assert_int_equal(work(), 0);
        parley_pipe_feed(link.pipe, parley_view(rows[i].answer));
        assert_int_equal(work(), 0);
        assert_int_equal(deadline(), link.now_us + 1000 * UPGRADE_MS);
        wait_ms(UPGRADE_MS - 1);
        assert_int_equal(work(), 0);
        wait_ms(1);
        expect_int(rows[i].title, work(), rows[i].status);
        expect_ended(rows[i].status, rows[i].why);
    }
}

static void logs_stages_and_no_secret(void **state)
{
    struct parley_endpoint to = endpoint();
    char why[PARLEY_TRANSPORT_REASON];

    (void)state;
    to.log = (struct parley_log){keep_log, NULL, PARLEY_LOG_DEBUG};
    assert_int_equal(open_to(&to, why), 0);
    make_answer("");
    feed();
    work();
    say("88 02 03e8");
    run();
    assert_string_equal(link.log, "3 wss: the stream is up, with TLS\n"
                                  "2 wss: open\n"
                                  "2 wss: ended (ERR_PEER_CLOSED), 0 pings, 0 pongs\n");
}

/* ---- a recorded exchange ----------------------------------------------------------------------- */

static const char recorded[] =
    "81 1a '{\"type\":\"session.created\"}' 89 04 'ping' 01 05 'hello' 89 00 00 01 20 80 05 'world' "
    "82 03 00ff80 8a 02 'hi' 81 7e 0200 'audio---'*64 81 04 f09f8e99 81 00 "
    "81 7e 1400 'base64==data'*426 'base64==' 88 0d 03e9 'deploying !'";

static void a_recorded_exchange_reads_the_same_at_every_cut(void **state)
{
    static char expected[1 << 14];
    size_t expected_bytes = 0;

    (void)state;
    for (size_t cut = 1; cut < 7000; cut = cut < 300 ? cut + 1 : cut + cut / 5) {
        struct parley_view rest;

        reopen();
        parley_pipe_read_cuts(link.pipe, &cut, 1);
        make_answer("");
        request_bytes = parley_pipe_written(link.pipe).len;
        add_script(&link.answer, recorded);
        feed();
        assert_int_equal(run(), PARLEY_ERR_PEER_CLOSED);
        if (cut == 1)
            memcpy(expected, link.received, expected_bytes = link.received_bytes);
        assert_int_equal(link.received_bytes, expected_bytes);
        assert_memory_equal(link.received, expected, expected_bytes);
        rest = written();
        assert_string_equal(next_frame(&rest), "8a ping");
        assert_string_equal(next_frame(&rest), "8a ");
        assert_string_equal(next_frame(&rest), "88 1001");
        assert_int_equal(rest.len, 0);
        assert_int_equal(parley_transport_close_code(link.t), 1001);
        expect_ended(PARLEY_ERR_PEER_CLOSED,
                     "open: the service closed the connection: code 1001 (going away): deploying !");
    }
    assert_memory_equal(expected, "{\"type\":\"session.created\"}/T hello world/T \x00\xff\x80/B audio---",
                        55);
    assert_int_equal(expected_bytes, 29 + 14 + 6 + 515 + 7 + 3 + 5123);
}

static void a_truncated_stream_gives_one_error(void **state)
{
    static struct bytes all;

    (void)state;
    open_link();
    make_answer("");
    add_script(&link.answer, recorded);
    add(&all, link.answer.at, link.answer.used);
    for (size_t end = 0; end < all.used; end = end < 400 || end > all.used - 30 ? end + 1 : end + 37) {
        int how = end % 2 == 0 ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_LOST, status;

        reopen();
        parley_pipe_feed(link.pipe, parley_view_of(all.at, end));
        parley_pipe_end(link.pipe, how);
        status = run();
        assert_int_equal(status, PARLEY_ERR_LOST);
        assert_int_equal(parley_transport_close_code(link.t), 0);
        expect_ended(status, reason());
        assert_true(strlen(reason()) > 10);
    }
}

/* The reason may lie in the buffer when the stream is over. */
static void a_close_frame_counts_also_when_the_stream_is_over(void **state)
{
    (void)state;
    connect_link();
    say("81 02 'hi' 88 02 03f3");
    parley_pipe_end(link.pipe, PARLEY_ERR_LOST);
    for (int i = 0; i < 3; i++)
        assert_int_equal(work(), 1); /* the host takes nothing yet */
    assert_true(deadline() <= link.now_us);
    assert_int_equal(receive(), PARLEY_ERR_PEER_CLOSED);
    assert_string_equal(link.received, "hi/T ");
    expect_ended(PARLEY_ERR_PEER_CLOSED,
                 "open: the service closed the connection: code 1011 (internal error)");
}

static void tells_how_far_a_lost_message_had_come(void **state)
{
    (void)state;
    connect_link();
    say("81 02 'ab' 01 03 'cde' 00 05 'fg'");
    parley_pipe_end(link.pipe, PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(run(), PARLEY_ERR_LOST);
    assert_string_equal(link.received, "ab/T cdefg");
    expect_ended(PARLEY_ERR_LOST, "open: the connection ended without a close frame, 5 bytes into a message");

    reopen();
    make_answer("");
    feed();
    parley_pipe_end(link.pipe, PARLEY_ERR_LOST);
    assert_int_equal(run(), PARLEY_ERR_LOST);
    expect_ended(PARLEY_ERR_LOST, "open: the connection broke");
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void sends_what_work_flushes(void **state)
{
    struct parley_view rest;
    size_t calls;

    (void)state;
    connect_link();
    assert_int_equal(parley_transport_send(link.t, parley_view("one")), 3);
    assert_int_equal(parley_transport_send(link.t, parley_view("two")), 3);
    assert_int_equal(parley_transport_pending(link.t), 2 * (3 + 6));
    assert_int_equal(written().len, 0);
    calls = parley_pipe_calls(link.pipe);
    assert_int_equal(work(), 1);
    assert_int_equal(parley_pipe_calls(link.pipe), calls + 1); /* both in one call */
    assert_int_equal(parley_transport_pending(link.t), 0);
    rest = written();
    assert_string_equal(next_frame(&rest), "81 one");
    assert_string_equal(next_frame(&rest), "81 two");
}

static void sends_a_message_longer_than_the_buffer(void **state)
{
    static const size_t cuts[] = {1, 0, 700, 3};
    static struct client_frame frame;
    static char message[50000], got[50000];
    struct parley_view left = parley_view_of(message, sizeof message), rest;
    size_t used = 0;

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)('a' + i % 26);
    connect_link();
    parley_pipe_write_cuts(link.pipe, cuts, COUNT(cuts));
    for (int i = 0; i < 2000 && left.len > 0; i++) {
        long taken = parley_transport_send(link.t, left);

        assert_true(taken >= 0);
        left = parley_view_skip(left, (size_t)taken);
        assert_int_equal(work(), 1);
        assert_true(parley_transport_pending(link.t) <= SEND_BYTES + 300);
    }
    assert_int_equal(left.len, 0);
    run();
    for (rest = written(); take_frame(&rest, &frame); used += frame.len)
        memcpy(got + used, frame.payload, frame.len);
    assert_int_equal(rest.len, 0);
    assert_int_equal(used, sizeof message);
    assert_memory_equal(got, message, sizeof message);
    assert_int_equal(frame.first, FIN | CONTINUATION);
}

static void a_broken_write_still_lets_the_reason_in(void **state)
{
    (void)state;
    connect_link();
    parley_pipe_break_write(link.pipe, request_bytes + 3);
    parley_transport_send(link.t, parley_view("lost"));
    assert_int_equal(work(), 1);
    assert_int_equal(parley_transport_send(link.t, parley_view("not taken")), PARLEY_ERR_LOST);
    say("81 02 'hi' 88 06 03f0 'quit'");
    assert_int_equal(run(), PARLEY_ERR_PEER_CLOSED);
    assert_string_equal(link.received, "hi/T ");
    expect_ended(PARLEY_ERR_PEER_CLOSED,
                 "open: the service closed the connection: code 1008 (policy violation): quit");
}

static void a_broken_write_ends_the_link(void **state)
{
    (void)state;
    connect_link();
    parley_pipe_break_write(link.pipe, request_bytes);
    parley_transport_send(link.t, parley_view("lost"));
    assert_int_equal(work(), 1);
    assert_int_equal(work(), 1);
    assert_int_equal(deadline(), link.now_us + 1000 * CLOSE_MS);
    wait_ms(CLOSE_MS);
    assert_int_equal(work(), PARLEY_ERR_LOST);
    expect_ended(PARLEY_ERR_LOST, "open: the connection broke while sending");

    reopen();
    make_answer("");
    feed();
    work();
    parley_pipe_break_write(link.pipe, parley_pipe_written(link.pipe).len);
    parley_transport_send(link.t, parley_view("lost"));
    say("01 02 'hi'");
    parley_pipe_end(link.pipe, PARLEY_ERR_LOST);
    assert_int_equal(run(), PARLEY_ERR_LOST);
    expect_ended(PARLEY_ERR_LOST, "open: the connection broke while sending, 2 bytes into a message");
}

/* ---- a slow host ------------------------------------------------------------------------------- */

static void stops_reading_when_the_host_does_not_take(void **state)
{
    static struct bytes many;

    (void)state;
    connect_link();
    for (int i = 0; i < 100; i++)
        add_script(&many, "81 7e 03e8 'x'*1000");
    add_text(&many, "last");
    parley_pipe_feed(link.pipe, view_of(&many));
    for (int i = 0; i < 50; i++)
        assert_int_equal(work(), 1);
    assert_int_equal(parley_pipe_unread(link.pipe), many.used - RECV_BYTES);
    assert_true(deadline() <= link.now_us); /* there is work left for the host */
    assert_int_equal(run(), 0);
    assert_int_equal(parley_pipe_unread(link.pipe), 0);
    assert_int_equal(link.received_bytes, 100 * 1003 + 7);
    assert_int_equal(deadline(), PARLEY_NEVER);
}

static void answers_pings_while_the_host_does_not_take(void **state)
{
    struct parley_view rest;

    (void)state;
    connect_link();
    say("81 7e 03e8 'x'*1000 01 01 'y' 89 05 'alive'");
    assert_int_equal(work(), 1);
    rest = written();
    assert_string_equal(next_frame(&rest), "8a alive");
    assert_int_equal(run(), 0);
    rest = written();
    next_frame(&rest);
    assert_int_equal(rest.len, 0);
}

static void sends_the_newest_pong_once_it_can(void **state)
{
    static const size_t nothing[] = {0};
    struct parley_view rest;
    static char text[8192];
    const char *last = "";

    (void)state;
    connect_link();
    parley_pipe_write_cuts(link.pipe, nothing, 1);
    memset(text, 'x', sizeof text);
    parley_transport_send(link.t, parley_view_of(text, 8000));
    say("89 7d 'a'*125 89 7d 'b'*125 89 7d 'c'*125 89 03 'new'");
    run();
    assert_int_equal(written().len, 0);
    parley_pipe_write_cuts(link.pipe, NULL, 0);
    run();
    for (rest = written(); rest.len > 0;)
        last = next_frame(&rest);
    assert_string_equal(last, "8a new");
}

/* ---- waiting ----------------------------------------------------------------------------------- */

static void waits_for_what_is_missing(void **state)
{
    struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];

    (void)state;
    connect_link();
    assert_int_equal(parley_transport_interest(link.t, want), 1);
    assert_true(want[0].read);
    assert_false(want[0].write);
    assert_int_equal(want[0].deadline_us, PARLEY_NEVER);

    parley_transport_send(link.t, parley_view("x"));
    parley_transport_interest(link.t, want);
    assert_true(want[0].write);
    work();

    say("81 02 'a'"); /* half a frame: what is there of it can be taken */
    work();
    assert_true(deadline() <= link.now_us);
    assert_int_equal(receive(), 0);
    assert_int_equal(deadline(), PARLEY_NEVER);
    say("'b' 81 7e"); /* half a header: it cannot */
    work();
    receive();
    assert_string_equal(link.received, "ab/T ");
    assert_int_equal(deadline(), PARLEY_NEVER);
    say("0080 'x'*128 89 05 'pi'"); /* nor half a ping, once the message before it is taken */
    work();
    receive();
    assert_int_equal(deadline(), PARLEY_NEVER);
}

/* TLS has alerts of its own to send, and so needs its turn. */
static void gives_the_stream_its_turn(void **state)
{
    (void)state;
    connect_link();
    wait_ms(7);
    assert_int_equal(work(), 1);
    assert_int_equal(parley_pipe_worked_us(link.pipe), link.now_us);
}

/* Bytes that are decrypted but not read make no descriptor readable. */
static void comes_back_for_buffered_bytes(void **state)
{
    static const size_t one[] = {1};

    (void)state;
    connect_link();
    parley_pipe_buffers(link.pipe, true);
    parley_pipe_read_cuts(link.pipe, one, 1);
    say("81 03 'abc' 81 00");
    assert_int_equal(work(), 1); /* reads on while there are some */
    assert_int_equal(parley_pipe_unread(link.pipe), 0);
    receive();
    assert_string_equal(link.received, "abc/T /T ");

    assert_int_equal(deadline(), PARLEY_NEVER);
    say("81 00");
    assert_int_equal(deadline(), link.now_us);
}

/* ---- closing ----------------------------------------------------------------------------------- */

static void closes_in_good_order(void **state)
{
    struct parley_view rest;

    (void)state;
    connect_link();
    parley_transport_send(link.t, parley_view("last words"));
    parley_transport_close(link.t, 1000);
    parley_transport_close(link.t, 1001);
    assert_string_equal(parley_transport_stage(link.t), "closing");
    assert_int_equal(parley_transport_send(link.t, parley_view("too late")), 0);
    assert_int_equal(work(), 1);
    rest = written();
    assert_string_equal(next_frame(&rest), "81 last words");
    assert_string_equal(next_frame(&rest), "88 1000");
    assert_int_equal(rest.len, 0);
    say("81 03 'bye' 88 02 03e8");
    assert_int_equal(run(), PARLEY_ERR_CLOSED);
    assert_string_equal(link.received, "bye/T ");
    assert_true(parley_pipe_shut(link.pipe));
    expect_ended(PARLEY_ERR_CLOSED, "closed as asked");
    assert_int_equal(written().len, 16 + 8); /* the peer's close is not answered again */
}

/* The host need not take messages any more for the close to complete. */
static void closes_without_the_host_taking(void **state)
{
    (void)state;
    connect_link();
    say("81 03 'one'");
    work();
    parley_transport_close(link.t, 1000);
    say("81 03 'two' 88 02 03e8");
    for (int i = 0; i < 5 && work() > 0; i++)
        ;
    assert_int_equal(work(), PARLEY_ERR_CLOSED);
    assert_int_equal(receive(), PARLEY_ERR_CLOSED); /* and yet can */
    assert_string_equal(link.received, "one/T two/T ");
    expect_ended(PARLEY_ERR_CLOSED, "closed as asked");
}

static void a_close_that_is_not_answered_ends_in_time(void **state)
{
    (void)state;
    connect_link();
    wait_ms(60000);
    parley_transport_close(link.t, 1000);
    assert_true(deadline() <= link.now_us); /* the next work starts its time */
    assert_int_equal(work(), 1);
    assert_int_equal(deadline(), link.now_us + 1000 * CLOSE_MS);
    say("81 01 'x'");
    wait_ms(CLOSE_MS - 1);
    assert_int_equal(work(), 1);
    wait_ms(1);
    assert_int_equal(work(), PARLEY_ERR_TIMEOUT);
    receive();
    expect_ended(PARLEY_ERR_TIMEOUT, "closing: the service did not answer the close within 2000 ms");
}

static void a_close_answered_by_the_end_of_the_stream(void **state)
{
    (void)state;
    connect_link();
    parley_transport_close(link.t, 1000);
    work();
    parley_pipe_end(link.pipe, PARLEY_ERR_LOST);
    assert_int_equal(run(), PARLEY_ERR_CLOSED);
    expect_ended(PARLEY_ERR_CLOSED,
                 "closed as asked; the service ended the connection without a close frame");
}

static void closing_before_it_is_open_ends_at_once(void **state)
{
    (void)state;
    open_link();
    parley_pipe_stage(link.pipe, "connect");
    work();
    parley_transport_close(link.t, 1000);
    expect_ended(PARLEY_ERR_CLOSED, "closed as asked, before the link was up");
    assert_false(block_holds("topsecret"));
    parley_transport_close(link.t, 1000);

    reopen();
    work();
    parley_transport_close(link.t, 1000);
    expect_ended(PARLEY_ERR_CLOSED, "closed as asked, before the link was up");
}

static void closes_between_fragments(void **state)
{
    static char message[SEND_BYTES * 2];
    struct parley_view rest;

    (void)state;
    memset(message, 'm', sizeof message);
    connect_link();
    assert_in_range(parley_transport_send(link.t, parley_view_of(message, sizeof message)), 1,
                    sizeof message - 1);
    parley_transport_close(link.t, 1000);
    work();
    rest = written();
    assert_memory_equal(next_frame(&rest), "01 mmm", 6);
    assert_string_equal(next_frame(&rest), "88 1000");
}

/* Both ends close at once: nobody waits for anybody. */
static void crossing_closes_end_as_asked(void **state)
{
    (void)state;
    connect_link();
    say("88 02 03e9");
    parley_transport_close(link.t, 1000);
    assert_int_equal(run(), PARLEY_ERR_CLOSED);
    expect_ended(PARLEY_ERR_CLOSED, "closed as asked");
}

static void a_fault_while_closing_is_told(void **state)
{
    (void)state;
    connect_link();
    parley_transport_close(link.t, 1000);
    work();
    say("83 00");
    assert_int_equal(run_to_end(), PARLEY_ERR_PROTOCOL);
    expect_ended(
        PARLEY_ERR_PROTOCOL,
        "closing: the service broke the WebSocket protocol: a frame has an opcode that does not exist");
}

static void answers_the_peers_close_also_slowly(void **state)
{
    static const size_t cuts[] = {1, 0, 0};
    struct parley_fragment piece;
    struct parley_view rest;

    (void)state;
    connect_link();
    parley_pipe_write_cuts(link.pipe, cuts, COUNT(cuts));
    say("88 02 0fa0");
    work();
    assert_int_equal(parley_transport_recv(link.t, &piece), 0); /* the answer is on its way */
    assert_string_equal(parley_transport_stage(link.t), "closing");
    assert_int_equal(run(), PARLEY_ERR_PEER_CLOSED);
    rest = written();
    assert_string_equal(next_frame(&rest), "88 4000");
    expect_ended(PARLEY_ERR_PEER_CLOSED,
                 "open: the service closed the connection: code 4000 (application code)");

    reopen();
    make_answer("");
    feed();
    work();
    parley_pipe_write_cuts(link.pipe, cuts + 1, 1); /* it never goes out */
    say("88 00");
    work();
    assert_int_equal(receive(), 0);
    assert_int_equal(work(), 1);
    wait_ms(CLOSE_MS);
    assert_int_equal(work(), PARLEY_ERR_PEER_CLOSED);
    expect_ended(PARLEY_ERR_PEER_CLOSED, "open: the service closed the connection without a code");
}

static void tells_the_peer_what_it_broke(void **state)
{
    struct parley_view rest;

    (void)state;
    connect_link();
    parley_transport_send(link.t, parley_view("mine"));
    say("81 02 'ok' c1 01 'x' 81 02 'no'");
    assert_int_equal(run_to_end(), PARLEY_ERR_PROTOCOL);
    assert_string_equal(link.received, "ok/T ");
    rest = written();
    assert_string_equal(next_frame(&rest), "81 mine");
    assert_string_equal(next_frame(&rest),
                        "88 1002 a frame has reserved bits set though no extension was agreed on");
    expect_ended(PARLEY_ERR_PROTOCOL,
                 "open: the service broke the WebSocket protocol: a frame has reserved bits set "
                 "though no extension was agreed on");
}

/* A connection that is closed while there is something to read is reset, and our close frame with it: what
   comes behind a fault is read and thrown away, but not for ever. */
static void a_service_that_talks_on_hears_what_it_broke(void **state)
{
    static struct bytes flood;

    (void)state;
    connect_link();
    flood.used = 0;
    add_script(&flood, "83 00");
    while (flood.used < 5 * RECV_BYTES)
        add_text(&flood, "and another thing");
    parley_pipe_feed(link.pipe, view_of(&flood));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(work(), 1);
        assert_int_equal(receive(), 0);
    }
    assert_int_equal(parley_pipe_unread(link.pipe), 0);
    assert_false(parley_pipe_dropped(link.pipe));
    assert_int_equal(deadline(), link.now_us + UINT64_C(1000) * CLOSE_MS);
    wait_ms(CLOSE_MS);
    assert_int_equal(work(), PARLEY_ERR_PROTOCOL);
    assert_string_equal(link.received, "");
    expect_ended(PARLEY_ERR_PROTOCOL,
                 "open: the service broke the WebSocket protocol: a frame has an opcode that does not exist");
}

/* A close frame that is none: the service awaits no answer, and sends no more. */
static void a_wrong_close_frame_is_the_last(void **state)
{
    (void)state;
    connect_link();
    say("88 01 03");
    assert_int_equal(run(), PARLEY_ERR_PROTOCOL);
    expect_ended(PARLEY_ERR_PROTOCOL,
                 "open: the service broke the WebSocket protocol: a close frame holds half a code");
}

/* A message longer than what the conversation can hold is the business of the conversation. */
static void hands_out_messages_of_any_length(void **state)
{
    static struct bytes all;

    (void)state;
    connect_link();
    add_header(&all, FIN | TEXT, 200000);
    for (int i = 0; i < 20000; i++)
        add_string(&all, "0123456789");
    add_text(&all, "next");
    parley_pipe_feed(link.pipe, view_of(&all));
    assert_int_equal(run(), 0);
    assert_int_equal(link.received_bytes, 200000 + 3 + 4 + 3);
    assert_memory_equal(link.received + 199990, "0123456789/T next/T ", 20);
}

/* ---- compression --------------------------------------------------------------------------------- */

#define ANSWER(parameters) "Sec-WebSocket-Extensions: permessage-deflate" parameters "\r\n"
#define HELLO              "f248 cdc9 c907 00"

static const char long_text[] =
    "a text that is long enough to be worth it, a text that is long enough to be worth it, a text that is "
    "long enough to be worth it, a text that is long enough to be worth it, a text that is long enough to be "
    "worth it, a text that is long enough to be worth it, a text that is long enough to be worth it";

static bool request_holds(const char *line)
{
    struct parley_view request = parley_pipe_written(link.pipe);

    for (size_t i = 0; i + strlen(line) <= request.len; i++)
        if (memcmp(request.at + i, line, strlen(line)) == 0)
            return true;
    return false;
}

static void offers_compression_when_asked_to(void **state)
{
    size_t without, with;

    (void)state;
    connect_link();
    assert_false(request_holds("Extensions"));
    without = link.bytes;

    teardown(NULL);
    setup(NULL);
    link.compress = true;
    connect_with(ANSWER("; server_max_window_bits=11; client_no_context_takeover"));
    assert_true(
        request_holds("\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
    with = link.bytes;
    assert_in_range(with - without, PARLEY_DEFLATE_BYTES + PARLEY_INFLATE_BYTES + PARLEY_INFLATE_PIECE,
                    PARLEY_DEFLATE_BYTES + PARLEY_INFLATE_BYTES + PARLEY_INFLATE_PIECE + 300);
}

static void messages_travel_compressed(void **state)
{
    static struct client_frame frame;
    struct parley_view rest;

    (void)state;
    link.compress = true;
    connect_with(ANSWER(""));
    say("c1 07 " HELLO " 81 02 'yo' c1 05 f200110000");
    assert_int_equal(run(), 0);
    assert_string_equal(link.received, "Hello/T yo/T Hello/T ");

    assert_int_equal(parley_transport_send(link.t, parley_view("short")), 5);
    assert_int_equal(parley_transport_send(link.t, parley_view(long_text)), sizeof long_text - 1);
    assert_true(parley_transport_pending(link.t) < 130);
    work();
    rest = written();
    assert_string_equal(next_frame(&rest), "81 short");
    assert_true(take_frame(&rest, &frame));
    assert_int_equal(frame.first, FIN | RSV1 | TEXT);
    assert_int_equal(rest.len, 0);
}

static void declined_it_does_without(void **state)
{
    static const char *const refusals[] = {"", "Sec-WebSocket-Extensions:\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct parley_view rest;

        teardown(NULL);
        setup(NULL);
        link.compress = true;
        connect_with(refusals[i]);
        assert_int_equal(parley_transport_send(link.t, parley_view(long_text)), sizeof long_text - 1);
        work();
        rest = written();
        assert_memory_equal(next_frame(&rest), "81 a text", 9);
        say("c1 07 " HELLO);
        assert_int_equal(run_to_end(), PARLEY_ERR_PROTOCOL);
        expect_ended(PARLEY_ERR_PROTOCOL,
                     "open: the service broke the WebSocket protocol: a frame has reserved bits set "
                     "though no extension was agreed on");
    }
}

static void a_wrong_answer_ends_the_upgrade(void **state)
{
    static const struct {
        const char *more, *why;
    } rows[] = {
        {ANSWER("; level=9"), "its permessage-deflate has an unknown parameter (level=9)"},
        {ANSWER("; server_max_window_bits=16"),
         "its permessage-deflate has a window that is not 8 to 15 (server_max_window_bits=16)"},
        {ANSWER("") ANSWER(""), "it sets an extension twice (permessage-deflate)"},
        {"Sec-WebSocket-Extensions: gzip\r\n", "it sets an extension nobody asked for (gzip)"},
        {ANSWER(", gzip"), "it sets an extension nobody asked for (gzip)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[PARLEY_TRANSPORT_REASON];

        teardown(NULL);
        setup(NULL);
        link.compress = true;
        open_link();
        make_answer(rows[i].more);
        feed();
        assert_int_equal(work(), PARLEY_ERR_HTTP);
        snprintf(expected, sizeof expected, "upgrade: HTTP 101, but %s", rows[i].why);
        expect_ended(PARLEY_ERR_HTTP, expected);
    }
}

/* 16 times what the conversation can hold is skipped as ever, more than that is no honest message. */
static void a_bomb_ends_the_link_and_a_long_message_does_not(void **state)
{
    struct parley_view rest;

    (void)state;
    link.compress = true;
    connect_with(ANSWER(""));
    /* 16384 letters 'a', and one more. */
    say("c1 22 ecc13101000000c2a0aceb5fc2183e40010000000000000000000000000000006f03");
    say("c1 22 ecc13101000000c2a0aceb5fc2183e40010000000000000000000000000000007703");
    assert_int_equal(run_to_end(), PARLEY_ERR_TOO_LONG);
    assert_memory_equal(link.received + 16 * 1024 - 1, "a/T a", 5);
    rest = written();
    assert_string_equal(next_frame(&rest), "88 1009 a compressed message is too long");
    expect_ended(PARLEY_ERR_TOO_LONG, "open: the service sent a compressed message of more than 16384 bytes");
}

/* ---- silence ------------------------------------------------------------------------------------- */

static void connect_pinging(void)
{
    link.ping_ms = PING_MS;
    connect_link();
}

/* The frames sent since the last call, each by its first byte and payload. */
static void expect_sent(const char *expected)
{
    struct parley_view rest = written();
    char all[256] = "";

    request_bytes += rest.len;
    while (rest.len > 0) {
        strcat(all, all[0] != '\0' ? ", " : "");
        strcat(all, next_frame(&rest));
    }
    assert_string_equal(all, expected);
}

static void asks_a_silent_service_for_a_sign_of_life(void **state)
{
    (void)state;
    connect_pinging();
    for (int round = 0; round < 3; round++) {
        assert_int_equal(deadline(), link.now_us + UINT64_C(1000) * PING_MS);
        wait_ms(PING_MS - 1);
        assert_int_equal(work(), 1);
        expect_sent("");
        wait_ms(1);
        assert_int_equal(work(), 1);
        expect_sent("89 ");
        assert_int_equal(deadline(), link.now_us + UINT64_C(1000) * PONG_MS);
        wait_ms(PONG_MS - 1);
        assert_int_equal(work(), 1);
        say("8a 00");
        assert_int_equal(run(), 0);
        expect_sent("");
    }
}

/* What the fake platform was given is overwritten: whatever is still wanted would come out wrong. */
static void gives_its_buffers_back_in_silence(void **state)
{
    struct parley_endpoint to = endpoint();

    (void)state;
    connect_pinging();
    say("81 05 'hello'");
    assert_int_equal(run(), 0);
    expect_int("while it is not silent", (int)parley_fake_given_back(), 0);
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    assert_true(parley_fake_given_back() >= to.recv_bytes + to.send_bytes);
    expect_sent("89 ");
    say("81 05 'again'");
    assert_int_equal(run(), 0);
    assert_string_equal(link.received, "hello/T again/T ");
}

/* Of what it holds nothing goes: a message nobody takes, and half of one. */
static void keeps_what_is_not_taken_in_silence(void **state)
{
    size_t before;

    (void)state;
    connect_pinging();
    say("81 05 'hello' 81 05 'aga'");
    assert_int_equal(work(), 1);
    before = parley_fake_given_back();
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    assert_true(parley_fake_given_back() > before); /* the other direction's */
    expect_sent("89 ");
    say("'in'");
    assert_int_equal(run(), 0);
    assert_string_equal(link.received, "hello/T again/T ");
}

static void any_byte_is_a_sign_of_life(void **state)
{
    (void)state;
    connect_pinging();
    for (int i = 0; i < 8; i++) {
        wait_ms(PING_MS - 1);
        say(i == 0 ? "81 07" : "'x'"); /* a message that comes very slowly */
        assert_int_equal(run(), 0);
        expect_sent("");
    }
    assert_string_equal(link.received, "xxxxxxx/T ");
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    expect_sent("89 ");
    say("81"); /* not even a pong */
    assert_int_equal(run(), 0);
    wait_ms(PONG_MS);
    assert_int_equal(work(), 1);
    expect_sent("");
}

static void silence_ends_the_link(void **state)
{
    (void)state;
    connect_pinging();
    say("81 02 'ab' 01 01 'c'");
    assert_int_equal(work(), 1);
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    expect_sent("89 ");
    wait_ms(PONG_MS);
    assert_int_equal(work(), PARLEY_ERR_LOST);
    assert_int_equal(receive(), PARLEY_ERR_LOST); /* what had come is still handed out */
    assert_string_equal(link.received, "ab/T c");
    expect_ended(PARLEY_ERR_LOST,
                 "open: the service has fallen silent: it did not answer a ping within 10000 ms");
    expect_sent("");
}

static void tells_that_a_message_was_under_way(void **state)
{
    (void)state;
    connect_pinging();
    say("01 03 'abc'");
    assert_int_equal(run(), 0);
    wait_ms(PING_MS);
    work();
    wait_ms(PONG_MS);
    assert_int_equal(work(), PARLEY_ERR_LOST);
    expect_ended(PARLEY_ERR_LOST,
                 "open: the service has fallen silent: it did not answer a ping within 10000 ms, "
                 "3 bytes into a message");
}

/* A laptop that slept: whether it was waiting for a pong then or not, silence ends within the deadline; and
   nothing ends when the service is there. */
static void a_clock_that_jumps_ends_nothing_that_lives(void **state)
{
    (void)state;
    connect_pinging();
    wait_ms(3600000);
    assert_int_equal(work(), 1);
    expect_sent("89 ");
    say("8a 00");
    wait_ms(3600000);
    assert_int_equal(work(), 1); /* the pong was there, though nobody looked */
    expect_sent("");

    wait_ms(3600000);
    assert_int_equal(work(), 1);
    expect_sent("89 ");
    wait_ms(PONG_MS);
    assert_int_equal(work(), PARLEY_ERR_LOST);
}

static void a_clock_that_jumps_behind_a_ping_ends_what_is_gone(void **state)
{
    (void)state;
    connect_pinging();
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    wait_ms(3600000);
    assert_int_equal(work(), PARLEY_ERR_LOST);
}

/* While the host takes nothing and the buffer is full nothing is read, so silence means nothing. */
static void a_slow_host_is_no_silent_service(void **state)
{
    static struct bytes flood;

    (void)state;
    connect_pinging();
    flood.used = 0;
    while (flood.used < 3 * RECV_BYTES)
        add_text(&flood, "0123456789");
    parley_pipe_feed(link.pipe, view_of(&flood));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(work(), 1);
        wait_ms(PING_MS);
    }
    expect_sent("");
    assert_int_equal(run(), 0);
    assert_int_equal(link.received_bytes, flood.used / 12 * 13);
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    expect_sent("89 ");
}

/* A ping that cannot go out counts as one: nothing goes any way. */
static void a_link_that_takes_nothing_ends_too(void **state)
{
    static const size_t nothing[] = {0};

    (void)state;
    connect_pinging();
    parley_pipe_write_cuts(link.pipe, nothing, 1);
    while (parley_transport_send(link.t, parley_view("a message")) > 0)
        work();
    wait_ms(PING_MS);
    assert_int_equal(work(), 1);
    wait_ms(PONG_MS);
    assert_int_equal(work(), PARLEY_ERR_LOST);
}

/* The stream is over, and the host takes its time to read what came: there is nobody to ask. */
static void nobody_is_asked_behind_the_end(void **state)
{
    (void)state;
    connect_pinging();
    say("81 02 'ab'");
    parley_pipe_end(link.pipe, PARLEY_ERR_PEER_CLOSED);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(work(), 1);
        wait_ms(PING_MS);
    }
    expect_sent("");
    assert_int_equal(run(), PARLEY_ERR_LOST);
    assert_string_equal(link.received, "ab/T ");
    expect_ended(PARLEY_ERR_LOST, "open: the connection ended without a close frame");
}

static void a_close_is_waited_for_without_pings(void **state)
{
    (void)state;
    connect_pinging();
    wait_ms(PING_MS - 1);
    parley_transport_close(link.t, 1000);
    assert_int_equal(work(), 1);
    expect_sent("88 1000");
    assert_int_equal(deadline(), link.now_us + UINT64_C(1000) * CLOSE_MS);
    wait_ms(CLOSE_MS - 1);
    assert_int_equal(work(), 1);
    expect_sent("");
}

/* ---- faults, by seed --------------------------------------------------------------------------- */

/* Ends a link that has fallen silent; it has to be over by its deadline at the latest. */
static int end_in_time(int status)
{
    if (status == 0)
        status = receive();
    if (status == 0)
        parley_transport_close(link.t, 1000);
    for (int i = 0; i < 4 && status == 0; i++) {
        work();
        status = receive();
        wait_ms(CLOSE_MS);
    }
    return status;
}

/* One random life of a link; checks that whatever happens, it ends once and says something true. */
static void live(uint64_t seed)
{
    static struct bytes said;
    static char expected[1 << 14];
    static struct client_frame frame;
    size_t reads[8], writes[8], expected_bytes = 0, sent = 0, got = 0;
    struct parley_view rest;
    int status = 0, idle = 0;

    teardown(NULL);
    setup(NULL);
    link.compress = below(&seed, 2) == 0;
    link.ping_ms = below(&seed, 2) == 0 ? PING_MS : 0;
    open_link();
    for (size_t i = 0; i < COUNT(reads); i++) {
        reads[i] = below(&seed, 3) == 0 ? below(&seed, 4) : below(&seed, 400);
        writes[i] = below(&seed, 3) == 0 ? below(&seed, 4) : below(&seed, 400);
    }
    parley_pipe_read_cuts(link.pipe, reads, COUNT(reads));
    parley_pipe_write_cuts(link.pipe, writes, COUNT(writes));
    parley_pipe_buffers(link.pipe, below(&seed, 2) == 0);
    for (int i = 0; i < 300 && parley_pipe_written(link.pipe).len < 200; i++)
        work();
    add_accept(&link.answer, parley_pipe_written(link.pipe), link.compress ? ANSWER("") : "");

    said.used = 0;
    for (size_t i = below(&seed, 8); i > 0; i--) {
        char text[256];
        size_t len = below(&seed, 250);

        memset(text, 'a' + (int)(i % 26), sizeof text);
        if (below(&seed, 4) == 0)
            add_frame(&said, FIN | PING, parley_view_of(text, len % 126));
        add_frame(&said, FIN | TEXT, parley_view_of(text, len));
        memcpy(expected + expected_bytes, text, len);
        memcpy(expected + expected_bytes + len, "/T ", 3);
        expected_bytes += len + 3;
    }
    switch (below(&seed, 4)) {
    case 0:
        add_close(&said, 1000, "");
        break;
    case 1:
        said.used = below(&seed, said.used + 1);
        break;
    case 2:
        add_script(&said, "ff00");
        break;
    default:
        break;
    }
    add(&link.answer, said.at, said.used);
    feed();
    if (below(&seed, 4) > 0) /* else it falls silent */
        parley_pipe_end(link.pipe, below(&seed, 2) == 0 ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_LOST);
    if (below(&seed, 4) == 0)
        parley_pipe_break_write(link.pipe, below(&seed, 800));
    for (int i = 0; status == 0 && i < 20000 && idle < 100; i++) {
        uint64_t at_us;

        if (below(&seed, 30) == 0) {
            long taken = parley_transport_send(link.t, parley_view("a message of the client"));

            assert_true(taken <= 0 || taken == 23);
            sent += taken > 0;
        }
        if (below(&seed, 200) == 0)
            parley_transport_close(link.t, 1000);
        work();
        if (below(&seed, 3) > 0)
            status = receive();
        at_us = deadline();
        idle = at_us == PARLEY_NEVER ? idle + 1 : 0;
        if (at_us > link.now_us && at_us != PARLEY_NEVER)
            link.now_us = at_us;
    }
    status = end_in_time(status);
    assert_true(status < 0);
    expect_ended(status, reason());
    assert_true(strlen(reason()) > 10);
    assert_true(link.received_bytes <= expected_bytes);
    assert_memory_equal(link.received, expected, link.received_bytes);
    if (status == PARLEY_ERR_PEER_CLOSED)
        assert_int_equal(link.received_bytes, expected_bytes);

    rest = parley_pipe_written(link.pipe);
    for (size_t i = 0; i + 4 <= rest.len; i++)
        if (memcmp(rest.at + i, "\r\n\r\n", 4) == 0) {
            rest = parley_view_skip(rest, i + 4);
            while (take_frame(&rest, &frame))
                got += frame.first == (FIN | TEXT);
            break;
        }
    assert_true(got <= sent);
}

static void random_lives_end_well(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        uint64_t mixed = seed * UINT64_C(0x9e3779b97f4a7c15);

        live(mixed);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(opens_through_its_stages),
        TEST(wipes_the_request_once_it_is_out),
        TEST(wipes_the_request_when_it_cannot_go_out),
        TEST(refuses_to_open),
        TEST(tells_the_facts),
        TEST(bounds_the_request),
        TEST(needs_the_memory_it_counts),
        TEST(tells_why_the_upgrade_failed),
        TEST(a_silent_upgrade_ends_in_time),
        TEST(logs_stages_and_no_secret),
        TEST(a_recorded_exchange_reads_the_same_at_every_cut),
        TEST(a_truncated_stream_gives_one_error),
        TEST(a_close_frame_counts_also_when_the_stream_is_over),
        TEST(tells_how_far_a_lost_message_had_come),
        TEST(sends_what_work_flushes),
        TEST(sends_a_message_longer_than_the_buffer),
        TEST(a_broken_write_still_lets_the_reason_in),
        TEST(a_broken_write_ends_the_link),
        TEST(stops_reading_when_the_host_does_not_take),
        TEST(answers_pings_while_the_host_does_not_take),
        TEST(sends_the_newest_pong_once_it_can),
        TEST(waits_for_what_is_missing),
        TEST(gives_the_stream_its_turn),
        TEST(comes_back_for_buffered_bytes),
        TEST(closes_in_good_order),
        TEST(closes_without_the_host_taking),
        TEST(a_close_that_is_not_answered_ends_in_time),
        TEST(a_close_answered_by_the_end_of_the_stream),
        TEST(closing_before_it_is_open_ends_at_once),
        TEST(closes_between_fragments),
        TEST(crossing_closes_end_as_asked),
        TEST(a_fault_while_closing_is_told),
        TEST(answers_the_peers_close_also_slowly),
        TEST(tells_the_peer_what_it_broke),
        TEST(a_service_that_talks_on_hears_what_it_broke),
        TEST(a_wrong_close_frame_is_the_last),
        TEST(hands_out_messages_of_any_length),
        TEST(offers_compression_when_asked_to),
        TEST(messages_travel_compressed),
        TEST(declined_it_does_without),
        TEST(a_wrong_answer_ends_the_upgrade),
        TEST(a_bomb_ends_the_link_and_a_long_message_does_not),
        TEST(asks_a_silent_service_for_a_sign_of_life),
        TEST(gives_its_buffers_back_in_silence),
        TEST(keeps_what_is_not_taken_in_silence),
        TEST(any_byte_is_a_sign_of_life),
        TEST(silence_ends_the_link),
        TEST(tells_that_a_message_was_under_way),
        TEST(a_clock_that_jumps_ends_nothing_that_lives),
        TEST(a_clock_that_jumps_behind_a_ping_ends_what_is_gone),
        TEST(a_slow_host_is_no_silent_service),
        TEST(a_link_that_takes_nothing_ends_too),
        TEST(nobody_is_asked_behind_the_end),
        TEST(a_close_is_waited_for_without_pings),
        TEST(random_lives_end_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
