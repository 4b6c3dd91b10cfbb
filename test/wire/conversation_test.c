/*
 * Whole conversations over WebSocket, the stream below it scripted: what the service is asked in the opening
 * handshake, what frames do, how it ends. The tests named "13..." are lines of the reference's checklist,
 * those named "frame_..." its wire examples.
 */
#include "wire_test.h"

#include "core/parley.h"
#include "test/wire_examples.h"
#include "transport/wss/stream_pipe.h"

/* A conversation and its service. Two of them are there for the test that replaces one by the other. */
struct call {
    struct parley_conversation *c;
    void *block;
    struct parley_stream *pipe;
    size_t request_bytes; /* of what was written */
    struct bytes said;    /* by the service */
    uint64_t now_us;
};

static struct call first, second;
static struct parley_options options;

static int set_up(void **state)
{
    (void)state;
    parley_fake_reset();
    parley_pipe_reset();
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    options = (struct parley_options)PARLEY_OPTIONS_DEFAULT;
    options.url = parley_view("wss://api.test/v1");
    return 0;
}

static void drop(struct call *call)
{
    parley_close(call->c);
    free(call->block);
    call->c = NULL;
    call->block = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    drop(&first);
    drop(&second);
    return 0;
}

/* Nothing has gone out yet. */
static void open_call(struct call *call)
{
    struct parley_error error = {PARLEY_OK, ""};
    size_t bytes = parley_memory_needed(&options);

    call->block = malloc(bytes + 1);
    call->now_us = 1000000;
    parley_open(&call->c, call->block, bytes, &options, call->now_us, &error);
    assert_string_equal(error.text, "");
    call->pipe = parley_pipe_last();
}

/* The request goes out. */
static void dial(struct call *call)
{
    open_call(call);
    parley_service(call->c, call->now_us);
}

static void serve(struct call *call)
{
    for (int i = 0; i < 4; i++)
        parley_service(call->c, call->now_us);
}

/* What was said since `before` goes to the client. */
static void feed(struct call *call, size_t before)
{
    assert_true(
        parley_pipe_feed(call->pipe, parley_view_of(call->said.at + before, call->said.used - before)));
}

static void service_says(struct call *call, const char *message)
{
    size_t before = call->said.used;

    add_text(&call->said, message);
    feed(call, before);
}

static void service_sends(struct call *call, unsigned opcode, struct parley_view payload)
{
    size_t before = call->said.used;

    add_frame(&call->said, FIN | opcode, payload);
    feed(call, before);
}

static void connect_with(struct call *call, const char *headers)
{
    dial(call);
    add_accept(&call->said, parley_pipe_written(call->pipe), headers);
    call->request_bytes = parley_pipe_written(call->pipe).len;
    feed(call, 0);
    serve(call);
}

static void connect_call(struct call *call)
{
    connect_with(call, "");
}

/* The next event but for those of the link. */
static struct parley_event expect(struct call *call, enum parley_event_kind kind)
{
    struct parley_event event = {.kind = PARLEY_EVENT_LINK};
    int got = 1;

    serve(call);
    while (got == 1 && event.kind == PARLEY_EVENT_LINK)
        got = parley_next_event(call->c, &event);
    if (got != 1)
        fail_msg("no event, %s expected", parley_event_name(kind));
    if (event.kind != kind)
        fail_msg("%s: %.*s, %s expected", parley_event_name(event.kind), (int)event.text.len,
                 event.text.len > 0 ? event.text.at : "", parley_event_name(kind));
    return event;
}

static void expect_view(struct parley_view view, const char *text)
{
    if (!parley_view_is(view, text))
        fail_msg("\"%.*s\", \"%s\" expected", (int)view.len, view.len > 0 ? view.at : "", text);
}

/* The frame at *rest, the rest of what was written. Its payload is good until the next. */
static const struct client_frame *next_frame(struct parley_view *rest)
{
    static struct client_frame frame;

    assert_true(take_frame(rest, &frame));
    return &frame;
}

static struct parley_view written(const struct call *call)
{
    return parley_view_skip(parley_pipe_written(call->pipe), call->request_bytes);
}

static void expect_message(struct parley_view *rest, const char *part)
{
    const struct client_frame *frame = next_frame(rest);

    assert_int_equal(frame->first, FIN | TEXT);
    if (strstr(frame->payload, part) == NULL)
        fail_msg("%s is not in %s", part, frame->payload);
}

/* The request as text. */
static const char *request(const struct call *call)
{
    static char text[4096];
    struct parley_view bytes = parley_pipe_written(call->pipe);

    snprintf(text, sizeof text, "%.*s", (int)bytes.len, bytes.at);
    return text;
}

static void expect_request(const struct call *call, const char *part)
{
    if (strstr(request(call), part) == NULL)
        fail_msg("\"%s\" is not in\n%s", part, request(call));
}

/* ---- the address, as the engine completes it ------------------------------------------------------- */

#define V1 PARLEY_PROTOCOL_V1
#define V2 PARLEY_PROTOCOL_V2

static const struct address {
    const char *title, *url;
    enum parley_protocol protocol;
    enum parley_mode mode;
    const char *model, *host, *target;
} addresses[] = {
    {"13.1/1 a bare host, without TLS", "http://127.0.0.1:8011", V1, PARLEY_CONVERSATIONAL, NULL,
     "127.0.0.1:8011", "/v1/realtime?intent=quicksilver&model=gpt-realtime-1.5"},
    {"13.1/2 scheme kept, intent before model", "wss://example.com", V1, PARLEY_CONVERSATIONAL,
     "realtime-test-model", "example.com", "/v1/realtime?intent=quicksilver&model=realtime-test-model"},
    {"13.1/3 a base that ends with /v1", "https://api.openai.com/v1", V1, PARLEY_CONVERSATIONAL, "snapshot",
     "api.openai.com", "/v1/realtime?intent=quicksilver&model=snapshot"},
    {"13.1/4 a nested base that ends with /v1", "https://example.com/openai/v1", V1, PARLEY_CONVERSATIONAL,
     "snapshot", "example.com", "/openai/v1/realtime?intent=quicksilver&model=snapshot"},
    {"13.1/5 a query of its own stays first", "https://example.com/v1/realtime?foo=bar&trace=1", V1,
     PARLEY_CONVERSATIONAL, "snapshot", "example.com",
     "/v1/realtime?foo=bar&trace=1&intent=quicksilver&model=snapshot"},
    {"13.1/6 no intent on v2", "https://example.com/v1/realtime?foo=bar&trace=1", V2, PARLEY_CONVERSATIONAL,
     "snapshot", "example.com", "/v1/realtime?foo=bar&trace=1&model=snapshot"},
    {"13.1/7 the mode changes nothing on v1", "https://example.com", V1, PARLEY_TRANSCRIPTION, "snapshot",
     "example.com", "/v1/realtime?intent=quicksilver&model=snapshot"},
    {"13.1/8 transcription on v2 has no intent", "https://example.com", V2, PARLEY_TRANSCRIPTION, "snapshot",
     "example.com", "/v1/realtime?model=snapshot"},
};

static void test_address(void **state)
{
    const struct address *a = *state;
    char line[300];

    options.url = parley_view(a->url);
    options.protocol = a->protocol;
    options.mode = a->mode;
    options.model = parley_view(a->model);
    dial(&first);
    snprintf(line, sizeof line, "GET %s HTTP/1.1\r\nHost: %s\r\n", a->target, a->host);
    assert_int_equal(strncmp(request(&first), line, strlen(line)), 0);
    assert_int_equal(parley_pipe_tls(first.pipe), strncmp(a->url, "http:", 5) != 0);
}

/* Parameters of the host follow ours, in their order; intent and model are ours alone (reference 1.2). */
static void query_parameters_follow(void **state)
{
    static const struct parley_header query[] = {{PARLEY_VIEW("intent"), PARLEY_VIEW("other")},
                                                 {PARLEY_VIEW("api version"), PARLEY_VIEW("1&2")},
                                                 {PARLEY_VIEW("model"), PARLEY_VIEW("other")},
                                                 {PARLEY_VIEW("trace"), PARLEY_VIEW("")}};
    struct parley_header many[31];

    (void)state;
    options.url = parley_view("wss://example.com/v1?foo=bar");
    options.model = parley_view("snapshot");
    options.query = query;
    options.query_count = COUNT(query);
    dial(&first);
    expect_request(&first, "GET /v1/realtime?foo=bar&model=snapshot&api+version=1%262&trace= HTTP/1.1\r\n");
    drop(&first);
    options.protocol = PARLEY_PROTOCOL_V1;
    dial(&first);
    expect_request(&first,
                   "?foo=bar&intent=quicksilver&model=snapshot&api+version=1%262&trace= HTTP/1.1\r\n");
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = query[1];
    options.query = many;
    options.query_count = COUNT(many);
    assert_int_equal(parley_memory_needed(&options), 0);
    options.query_count = COUNT(many) - 1;
    assert_int_not_equal(parley_memory_needed(&options), 0);
}

/* What the conversation is asked for with wins over a header of the host's, whatever its case; others stay.
 */
static void headers_are_merged(void **state)
{
    static const struct parley_header headers[] = {{PARLEY_VIEW("X-Session-ID"), PARLEY_VIEW("provider")},
                                                   {PARLEY_VIEW("authorization"), PARLEY_VIEW("provider")},
                                                   {PARLEY_VIEW("originator"), PARLEY_VIEW("provider")}};

    (void)state;
    options.headers = headers;
    options.header_count = COUNT(headers);
    dial(&first); /* without values of our own they are sent */
    expect_request(&first,
                   "\r\nX-Session-ID: provider\r\nauthorization: provider\r\noriginator: provider\r\n");
    drop(&first);
    options.session_id = parley_view("conv_1");
    options.api_key = parley_view("sk-test");
    dial(&first);
    expect_request(&first,
                   "\r\noriginator: provider\r\nx-session-id: conv_1\r\nAuthorization: Bearer sk-test\r\n");
    assert_null(strstr(request(&first), "X-Session-ID"));
    assert_null(strstr(request(&first), "authorization"));
}

/* ---- lives -------------------------------------------------------------------------------------------- */

static void a_whole_life_of_v1(void **state)
{
    struct parley_view rest;
    struct parley_event event;

    (void)state;
    options.protocol = PARLEY_PROTOCOL_V1;
    options.model = parley_view("realtime-test-model");
    options.session_id = parley_view("conv_1");
    options.api_key = parley_view("sk-test");
    connect_call(&first);
    expect_request(&first, "GET /v1/realtime?intent=quicksilver&model=realtime-test-model HTTP/1.1\r\n");
    expect_request(&first, "\r\nx-session-id: conv_1\r\nAuthorization: Bearer sk-test\r\n");
    expect_view(expect(&first, PARLEY_EVENT_STARTED).session_id, "conv_1");
    assert_int_equal(parley_send_audio(first.c, (int16_t[]){0x0201}, 1), 1);
    serve(&first);
    assert_int_equal(parley_send_text(first.c, parley_view("hello")), PARLEY_OK);
    service_says(&first, "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\"}}");
    service_says(&first, "{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"hi\"}");
    expect_view(expect(&first, PARLEY_EVENT_SESSION_UPDATED).session_id, "sess_1");
    expect_view(expect(&first, PARLEY_EVENT_REPLY_DELTA).text, "hi");
    parley_stop(first.c);
    serve(&first);

    rest = written(&first);
    expect_message(&rest, "\"voice\":\"cove\"");
    expect_message(&rest, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AQI=\"}");
    expect_message(&rest, "\"content\":[{\"type\":\"text\",\"text\":\"hello\"}]");
    assert_memory_equal(next_frame(&rest)->payload, "\x03\xe8", 2); /* difference: a close frame, 1000 */
    service_sends(&first, CLOSE, parley_view_of("\x03\xe8", 2));
    event = expect(&first, PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_REQUESTED);
}

static void nothing_is_configured(void **state)
{
    struct parley_view rest;

    (void)state;
    options = (struct parley_options)PARLEY_OPTIONS_DEFAULT;
    connect_call(&first);
    expect_view(parley_pipe_host(first.pipe), "api.openai.com");
    expect_request(&first, "GET /v1/realtime?model=gpt-realtime-1.5 HTTP/1.1\r\n");
    rest = written(&first);
    expect_message(&rest, "\"voice\":\"marin\"");
    rest = written(&first);
    expect_message(&rest, "\"type\":\"realtime\"");
}

static void the_service_closes(void **state)
{
    struct parley_event event;

    (void)state;
    connect_call(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    service_sends(&first, CLOSE, parley_view_of("\x03\xe8", 2));
    event = expect(&first, PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_TRANSPORT);
    assert_int_equal(parley_next_event(first.c, &event), PARLEY_ERR_PEER_CLOSED);
}

/* Difference: a stream that just ends was cut off, and the reference calls that closed by the transport, too.
 */
static void the_stream_just_ends(void **state)
{
    struct parley_event event;

    (void)state;
    connect_call(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    parley_pipe_end(first.pipe, PARLEY_ERR_PEER_CLOSED);
    event = expect(&first, PARLEY_EVENT_ERROR);
    assert_true(event.fatal);
    assert_int_equal(expect(&first, PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_ERROR);
}

/* One error that names the reason, and no start. Difference: CLOSED ends every life, this one as well. */
static void the_service_cannot_be_reached(void **state)
{
    struct parley_event event;

    (void)state;
    open_call(&first);
    parley_pipe_stage(first.pipe, "connect");
    serve(&first);
    parley_pipe_fail(first.pipe, PARLEY_ERR_CONNECT, "connect: 192.0.2.1:443: Connection refused");
    event = expect(&first, PARLEY_EVENT_ERROR);
    assert_true(event.fatal);
    expect_view(event.text, "connect: 192.0.2.1:443: Connection refused");
    assert_int_equal(expect(&first, PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_ERROR);
    assert_int_equal(parley_next_event(first.c, &event), PARLEY_ERR_CONNECT);
}

static void one_takes_the_place_of_another(void **state)
{
    (void)state;
    options.session_id = parley_view("conv_old");
    connect_call(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    options.session_id = parley_view("conv_new");
    connect_call(&second);
    assert_ptr_not_equal(first.pipe, second.pipe);
    expect_request(&second, "\r\nx-session-id: conv_new\r\n");
    drop(&first); /* nothing more is heard of it */
    expect_view(expect(&second, PARLEY_EVENT_STARTED).session_id, "conv_new");
    service_says(&second, "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_2\"}}");
    expect_view(expect(&second, PARLEY_EVENT_SESSION_UPDATED).session_id, "sess_2");
}

static void the_base_url_is_where_it_goes(void **state)
{
    (void)state;
    options.url = parley_view("ws://override.test:8080");
    dial(&first);
    expect_view(parley_pipe_host(first.pipe), "override.test");
    assert_int_equal(parley_pipe_port(first.pipe), 8080);
    assert_false(parley_pipe_tls(first.pipe));
    expect_request(&first, "\r\nHost: override.test:8080\r\n");
}

/* ---- the frames among the wire examples --------------------------------------------------------------- */

/* The payload of a frame in the examples, as bytes. */
static struct parley_view frame_bytes(const json_t *frame)
{
    static char bytes[64];
    const char *hex = json_string_value(json_object_get(frame, "bytes_hex"));
    size_t len = strlen(hex) / 2;

    assert_true(len <= sizeof bytes);
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    return parley_view_of(bytes, len);
}

static void frame_binary(void **state)
{
    json_t *e = example_of("frame_binary"), *maps_to = json_object_get(e, "maps_to");
    struct parley_event event;

    (void)state;
    options.close_on_error = true;
    connect_call(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    service_sends(&first, BINARY, frame_bytes(json_object_get(e, "message")));
    event = expect(&first, PARLEY_EVENT_ERROR);
    assert_true(event.fatal);
    expect_view(event.text, json_string_value(json_object_get(maps_to, "Error")));
    serve(&first);
    service_sends(&first, CLOSE, parley_view_of("\x03\xe8", 2));
    assert_string_equal(parley_closed_name(expect(&first, PARLEY_EVENT_CLOSED).closed),
                        json_string_value(json_object_get(maps_to, "closed")));
    json_decref(e);
}

static void frame_ping(void **state)
{
    json_t *e = example_of("frame_ping");
    struct parley_view payload, rest;
    struct parley_event event;
    const struct client_frame *pong;

    (void)state;
    connect_call(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    service_sends(&first, PING, frame_bytes(json_object_get(e, "message")));
    serve(&first);
    assert_int_equal(parley_next_event(first.c, &event), 0);
    rest = written(&first);
    expect_message(&rest, "session.update");
    pong = next_frame(&rest);
    payload = frame_bytes(json_object_get(json_object_get(e, "maps_to"), "reply"));
    assert_int_equal(pong->first, FIN | PONG);
    assert_int_equal(pong->len, payload.len);
    assert_memory_equal(pong->payload, payload.at, payload.len);
    assert_int_equal(rest.len, 0);
    json_decref(e);
}

static void frame_close(void **state)
{
    json_t *e = example_of("frame_close");
    json_int_t code = json_integer_value(json_object_get(json_object_get(e, "message"), "code"));
    char payload[2] = {(char)(code >> 8), (char)code};

    (void)state;
    connect_call(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    service_sends(&first, CLOSE, parley_view_of(payload, 2));
    assert_string_equal(parley_closed_name(expect(&first, PARLEY_EVENT_CLOSED).closed),
                        json_string_value(json_object_get(json_object_get(e, "maps_to"), "closed")));
    json_decref(e);
}

/* ---- compression and silence ----------------------------------------------------------------------- */

static void messages_may_be_compressed(void **state)
{
    static const char offer[] =
        "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    struct parley_view rest;
    size_t plain;

    (void)state;
    plain = parley_memory_needed(&options);
    options.compress = PARLEY_COMPRESS_AUTO;
    assert_in_range(parley_memory_needed(&options) - plain, 80000, 100000); /* what parley.h says */
    connect_with(&first, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    expect_request(&first, offer);
    expect(&first, PARLEY_EVENT_STARTED);
    rest = written(&first);
    assert_int_equal(next_frame(&rest)->first, FIN | RSV1 | TEXT); /* session.update */

    drop(&first);
    set_up(NULL);
    connect_call(&first);
    if (strstr(request(&first), "Extensions") != NULL)
        fail_msg("offered, though nobody asked for it");
}

/* A message that becomes longer than the inbox is skipped; one that is a bomb ends the conversation. */
static void a_bomb_ends_the_conversation(void **state)
{
    /* 16384 letters 'a', and one more */
    static const char long_one[] = "ecc13101000000c2a0aceb5fc2183e40010000000000000000000000000000006f03";
    static const char bomb[] = "ecc13101000000c2a0aceb5fc2183e40010000000000000000000000000000007703";
    static struct bytes payload;

    (void)state;
    options.compress = PARLEY_COMPRESS_AUTO;
    options.limits.inbox_bytes = 1024;
    connect_with(&first, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    expect(&first, PARLEY_EVENT_STARTED);
    payload.used = 0;
    add_script(&payload, long_one);
    service_sends(&first, RSV1 | TEXT, view_of(&payload));
    assert_int_equal(expect(&first, PARLEY_EVENT_SKIPPED).status, PARLEY_ERR_TOO_LONG);
    service_says(&first, "{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}");
    expect(&first, PARLEY_EVENT_RESPONSE_CREATED);
    payload.used = 0;
    add_script(&payload, bomb);
    service_sends(&first, RSV1 | TEXT, view_of(&payload));
    parley_pipe_end(first.pipe, PARLEY_ERR_PEER_CLOSED);
    expect_view(expect(&first, PARLEY_EVENT_ERROR).text,
                "open: the service sent a compressed message of more than 16384 bytes");
    assert_int_equal(expect(&first, PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_ERROR);
}

/* How long the service may be silent: 20 s and 20 s more, or as the host says, or for ever. */
static void silence_has_an_end(void **state)
{
    static const struct {
        uint32_t ping_ms, pong_ms, first_s, second_s;
        const char *text;
    } rows[] = {
        {0, 0, 20, 20, "open: the service has fallen silent: it did not answer a ping within 20000 ms"},
        {5000, 3000, 5, 3, "open: the service has fallen silent: it did not answer a ping within 3000 ms"},
        {PARLEY_LIMIT_NONE, 3000, 3600, 3600, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_event event;
        struct parley_view rest;

        tear_down(NULL);
        set_up(NULL);
        options.timeouts.ping_ms = rows[i].ping_ms;
        options.timeouts.pong_ms = rows[i].pong_ms;
        connect_call(&first);
        expect(&first, PARLEY_EVENT_STARTED);
        first.request_bytes = parley_pipe_written(first.pipe).len;
        first.now_us += UINT64_C(1000000) * rows[i].first_s;
        serve(&first);
        rest = written(&first);
        if (rows[i].text != NULL)
            assert_int_equal(next_frame(&rest)->first, FIN | PING);
        assert_int_equal(rest.len, 0);
        first.now_us += UINT64_C(1000000) * rows[i].second_s;
        serve(&first);
        if (rows[i].text == NULL) {
            assert_int_equal(parley_next_event(first.c, &event), 0);
            continue;
        }
        event = expect(&first, PARLEY_EVENT_ERROR);
        assert_int_equal(event.status, PARLEY_ERR_LOST);
        expect_view(event.text, rows[i].text);
        assert_int_equal(expect(&first, PARLEY_EVENT_CLOSED).status, PARLEY_ERR_LOST);
    }
}

#define TEST(title, function)                                                                                \
    {                                                                                                        \
        title, function, set_up, tear_down, NULL                                                             \
    }

/* As long as the network does not take session.update, no message is read, whose coming wakes nobody then. */
static void what_cannot_be_read_yet_wakes_nobody(void **state)
{
    static const size_t nothing[] = {0};
    static char prompt[20000];
    struct parley_interest want[PARLEY_INTERESTS];
    struct parley_event event;

    (void)state;
    memset(prompt, 'x', sizeof prompt);
    options.prompt = parley_view_of(prompt, sizeof prompt);
    options.limits.link_send_bytes = 2048;
    dial(&first);
    parley_pipe_write_cuts(first.pipe, nothing, COUNT(nothing));
    add_accept(&first.said, parley_pipe_written(first.pipe), "");
    feed(&first, 0);
    service_says(&first, "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\"}}");
    serve(&first);
    while (parley_next_event(first.c, &event) > 0)
        assert_in_range(event.kind, PARLEY_EVENT_LINK, PARLEY_EVENT_STARTED);
    serve(&first);
    assert_int_equal(parley_interest(first.c, want), 1);
    assert_true(want[0].write);
    assert_true(want[0].deadline_us > first.now_us);
    parley_pipe_write_cuts(first.pipe, NULL, 0);
    for (int i = 0; i < 10; i++)
        serve(&first);
    expect_view(expect(&first, PARLEY_EVENT_SESSION_UPDATED).session_id, "sess_1");
}

/* Why the service ends it is read also when session.update never got out. */
static void a_refusal_is_read_before_all_is_said(void **state)
{
    static char prompt[20000];
    struct parley_event event;

    (void)state;
    memset(prompt, 'x', sizeof prompt);
    options.prompt = parley_view_of(prompt, sizeof prompt);
    options.limits.link_send_bytes = 2048;
    dial(&first);
    parley_pipe_break_write(first.pipe, parley_pipe_written(first.pipe).len + 3000);
    add_accept(&first.said, parley_pipe_written(first.pipe), "");
    add_close(&first.said, 4001, "no");
    feed(&first, 0);
    for (int i = 0; i < 10; i++)
        serve(&first);
    expect(&first, PARLEY_EVENT_STARTED);
    event = expect(&first, PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_TRANSPORT);
    assert_int_equal(event.status, PARLEY_ERR_PEER_CLOSED);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        TEST("13.1/11 headers of the host and our own", headers_are_merged),
        TEST("parameters of the query, of the host and our own", query_parameters_follow),
        TEST("13.8/75 a whole conversation of v1", a_whole_life_of_v1),
        TEST("13.8/76 nothing is configured", nothing_is_configured),
        TEST("13.8/81 the service closes", the_service_closes),
        TEST("13.8/81 the stream just ends", the_stream_just_ends),
        TEST("13.8/85 the service cannot be reached", the_service_cannot_be_reached),
        TEST("13.8/86 one conversation takes the place of another", one_takes_the_place_of_another),
        TEST("13.8/87 the base URL is where it goes", the_base_url_is_where_it_goes),
        TEST("frame_binary", frame_binary),
        TEST("frame_ping", frame_ping),
        TEST("frame_close", frame_close),
        TEST("messages may be compressed", messages_may_be_compressed),
        TEST("a bomb ends the conversation, a long message does not", a_bomb_ends_the_conversation),
        TEST("silence has an end", silence_has_an_end),
        TEST("what cannot be read yet wakes nobody", what_cannot_be_read_yet_wakes_nobody),
        TEST("a refusal is read before all is said", a_refusal_is_read_before_all_is_said),
    };
    struct CMUnitTest tests[COUNT(addresses) + COUNT(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(addresses); i++)
        tests[count++] =
            (struct CMUnitTest){addresses[i].title, test_address, set_up, tear_down, (void *)&addresses[i]};
    for (size_t i = 0; i < COUNT(others); i++)
        tests[count++] = others[i];
    return _cmocka_run_group_tests("wire_conversation", tests, count, NULL, NULL);
}
