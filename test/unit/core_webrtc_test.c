/* Calls over WebRTC (reference 9): created with an offer, answered, joined, and joined again. */
#include "platform/fake/fake.h"
#include "test/unit/conversation.h"
#include "test/wire_examples.h"

#define OFFER  "v=offer\r\n"
#define ANSWER "v=answer\r\n"

/* ---- a service that takes calls ------------------------------------------------------------------ */

/* What becomes of each attempt: the HTTP status of a POST, or a status of parley; 0: it works. */
enum { ATTEMPTS = 8 };
static struct {
    int posts[ATTEMPTS], joins[ATTEMPTS];
    unsigned posted, joined, bodies;
    bool slow; /* joining takes until this is false */
    struct parley_loopback_answer answer;
    char body[65536];
    size_t body_bytes;
} calls;

static int dialled(void *state, bool call, uint64_t at_us, uint64_t *due_us)
{
    (void)state;
    (void)at_us;
    *due_us = PARLEY_NEVER;
    if (call) {
        int end = calls.posts[calls.posted % ATTEMPTS];
        calls.posted++;
        return end < 0 ? end : 1;
    }
    if (calls.slow)
        return 0;
    calls.joined++;
    return calls.joins[(calls.joined - 1) % ATTEMPTS] < 0 ? calls.joins[(calls.joined - 1) % ATTEMPTS] : 1;
}

static void called(void *state, struct parley_view body, struct parley_loopback_answer *answer)
{
    (void)state;
    assert_true(body.len < sizeof calls.body);
    memcpy(calls.body, body.at, body.len);
    calls.body[body.len] = '\0';
    calls.body_bytes = body.len;
    calls.bodies++;
    *answer = calls.answer;
    if (calls.posts[calls.posted - 1] > 0)
        answer->http_status = calls.posts[calls.posted - 1];
}

static int set_up_call(void **state)
{
    set_up(state);
    parley_fake_reset();
    memset(&calls, 0, sizeof calls);
    calls.answer =
        (struct parley_loopback_answer){.http_status = 201, .id = "rtc_1", .sdp = PARLEY_VIEW(ANSWER)};
    peer = (struct parley_loopback_peer){.opened = peer_opened,
                                         .received = peer_received,
                                         .say = peer_say,
                                         .closed = peer_closed,
                                         .dialled = dialled,
                                         .called = called};
    options.sdp_offer = parley_view(OFFER);
    options.prompt = parley_view("p");
    return 0;
}

/* The next event that is not about the link. */
static struct parley_event next(void)
{
    struct parley_event event;

    do {
        serve();
        if (parley_next_event(c, &event) != 1)
            fail_msg("no event");
    } while (event.kind == PARLEY_EVENT_LINK);
    return event;
}

static struct parley_event expect_next(enum parley_event_kind kind)
{
    struct parley_event event = next();

    if (event.kind != kind)
        fail_msg("%s (%.*s), %s expected", parley_event_name(event.kind), (int)event.text.len,
                 event.text.len > 0 ? event.text.at : "", parley_event_name(kind));
    return event;
}

static void expect_quiet(void)
{
    struct parley_event event;

    for (serve(); parley_next_event(c, &event) > 0; serve())
        assert_int_equal(event.kind, PARLEY_EVENT_LINK);
}

static void expect_answer(void)
{
    struct parley_event event;

    expect_next(PARLEY_EVENT_STARTED);
    event = expect_next(PARLEY_EVENT_SDP);
    expect_view(event.text, ANSWER);
    expect_view(event.call_id, "rtc_1");
}

/* The next attempt is told, and its time comes. `ms` is about what is waited. */
static void expect_attempt(unsigned number, unsigned ms)
{
    struct parley_event event = expect_next(PARLEY_EVENT_RECONNECTING);

    assert_int_equal(event.attempt, number);
    if (event.wait_ms < ms - ms / 10 || event.wait_ms > ms + ms / 10)
        fail_msg("attempt %u after %u ms", number, (unsigned)event.wait_ms);
    now_us += event.wait_ms * UINT64_C(1000) - 1;
    expect_quiet();
    now_us++;
}

static void expect_end(int status, const char *words)
{
    struct parley_event event = expect_next(PARLEY_EVENT_ERROR);

    assert_int_equal(event.status, status);
    assert_true(event.fatal);
    if (strstr(parley_error(c)->text, words) == NULL)
        fail_msg("\"%s\", \"%s\" expected", parley_error(c)->text, words);
    event = expect_next(PARLEY_EVENT_CLOSED);
    assert_int_equal(event.closed, PARLEY_CLOSED_ERROR);
    assert_int_equal(parley_next_event(c, &event), status);
}

/* ---- the request --------------------------------------------------------------------------------- */

/* The words of a tool are everybody's own. */
static void drop_descriptions(json_t *value)
{
    json_t *inner;
    const char *key;
    size_t i;

    if (json_is_object(value))
        json_object_del(value, "description");
    json_object_foreach(value, key, inner) drop_descriptions(inner);
    json_array_foreach(value, i, inner) drop_descriptions(inner);
}

static void expect_same_json(const char *got_text, size_t got_bytes, const char *wanted_text,
                             size_t wanted_bytes)
{
    json_t *got = json_loadb(got_text, got_bytes, JSON_REJECT_DUPLICATES, NULL);
    json_t *wanted = json_loadb(wanted_text, wanted_bytes, 0, NULL);

    assert_non_null(got);
    assert_non_null(wanted);
    drop_descriptions(got);
    drop_descriptions(wanted);
    if (!json_equal(got, wanted))
        fail_msg("%s", json_dumps(got, 0));
    json_decref(got);
    json_decref(wanted);
}

/* Byte for byte, but for what the session says. */
static void expect_multipart(const char *wanted)
{
    static const char tail[] = "\r\n--codex-realtime-call-boundary--\r\n";
    const char *session = strstr(wanted, "\r\n\r\n{") + 4;
    size_t head = (size_t)(session - wanted), wanted_bytes = strlen(wanted) - head - strlen(tail);
    size_t got_bytes = calls.body_bytes - head - strlen(tail);

    assert_memory_equal(calls.body, wanted, head);
    assert_string_equal(calls.body + calls.body_bytes - strlen(tail), tail);
    expect_same_json(calls.body + head, got_bytes, session, wanted_bytes);
}

static void post_as(const char *name, enum parley_protocol protocol, const char *call_url)
{
    json_t *all = example_of(name);
    json_t *http = json_object_get(json_object_get(all, "message"), "$http");
    json_t *body = json_object_get(http, "json");

    options.protocol = protocol;
    options.call_url = parley_view(call_url);
    open_with(&options);
    expect_answer();
    if (body != NULL) {
        char *text = json_dumps(body, 0);

        expect_same_json(calls.body, calls.body_bytes, text, strlen(text));
        free(text);
    } else {
        expect_multipart(json_string_value(json_object_get(http, "body")));
    }
    json_decref(all);
}

static void multipart_v1(void **state)
{
    (void)state;
    post_as("http_call_v1_multipart", PARLEY_PROTOCOL_V1, NULL);
}

static void multipart_v2(void **state)
{
    (void)state;
    post_as("http_call_v2_multipart", PARLEY_PROTOCOL_V2, NULL);
}

static void json_for_a_backend(void **state)
{
    (void)state;
    post_as("http_call_backend_api", PARLEY_PROTOCOL_V1, "https://chatgpt.test/backend-api/codex");
}

static void the_bare_offer(void **state)
{
    (void)state;
    options.keep_session = true;
    open_with(&options);
    expect_answer();
    assert_string_equal(calls.body, OFFER);
    expect_quiet();
    assert_int_equal(calls.joined, 1);
    expect_nothing_sent(); /* no session.update either */
}

static void the_model_is_asked_for(void **state)
{
    (void)state;
    options.model = parley_view("a \"model\"");
    options.mode = PARLEY_TRANSCRIPTION;
    open_with(&options);
    expect_answer();
    assert_non_null(strstr(calls.body, "{\"type\":\"transcription\",\"audio\":{\"input\":{"));
    assert_non_null(strstr(calls.body, ",\"model\":\"a \\\"model\\\"\"}\r\n--codex"));
}

static void wrong_options(void **state)
{
    static const char longest[] = "rtc_567890123456789012345678901234567890123456789012345678901234567890123"
                                  "4567890123456789012345678901234567890123456789012345678";
    static const struct {
        const char *title, *offer, *id;
        bool keep_session;
        const char *words;
    } rows[] = {
        {"an offer and an id", OFFER, "rtc_1", false, "give one"},
        {"an empty offer", "", NULL, false, "sdp_offer is empty"},
        {"an empty id", NULL, "", false, "call_id is empty"},
        {"an id that is too long", NULL, longest, false, "call_id is too long"},
        {"an offer that is not UTF-8", "\xFF", NULL, false, "sdp_offer is not UTF-8"},
        {"an offer with a boundary", "v=0\r\n--codex-realtime-call-boundary\r\n", NULL, false,
         "ends the parts"},
        {"nothing to keep a session of", NULL, NULL, true, "keep_session needs a call"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_error error;

        options.sdp_offer = parley_view(rows[i].offer);
        options.call_id = parley_view(rows[i].id);
        options.keep_session = rows[i].keep_session;
        assert_int_equal(parley_memory_needed(&options), 0);
        assert_true(parley_open(&c, NULL, 0, &options, 0, &error) < 0);
        if (strstr(error.text, rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].title, error.text);
    }
}

/* ---- from the offer to the conversation ---------------------------------------------------------- */

static void started_answer_joined(void **state)
{
    (void)state;
    options.session_id = parley_view("conv_1");
    open_with(&options);
    expect_view(expect_next(PARLEY_EVENT_STARTED).session_id, "conv_1");
    expect_view(expect_next(PARLEY_EVENT_SDP).text, ANSWER);
    expect_quiet();
    assert_int_equal(calls.posted, 1);
    assert_int_equal(calls.joined, 1);
    assert_non_null(strstr(next_sent("session.update"), "\"session.update\""));
    service_says(CREATED);
    expect_next(PARLEY_EVENT_RESPONSE_CREATED);
}

/* The same events, and the same body, however all of it is cut. */
static void any_cut(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 40; cut += 3) {
        again();
        set_up_call(NULL);
        peer.fragment_bytes = cut;
        peer.send_bytes = cut * 50;
        open_with(&options);
        for (int i = 0; i < 4000 && calls.bodies == 0; i++)
            parley_service(c, now_us);
        expect_answer();
        assert_int_equal(calls.bodies, 1);
        assert_non_null(strstr(calls.body, "\r\n\r\n" OFFER "\r\n--codex"));
        for (int i = 0; i < 4000; i++)
            parley_service(c, now_us);
        assert_non_null(strstr(next_sent("session.update"), "\"session.update\""));
    }
}

/* The answer does not wait for the call to be joined, and what is said meanwhile does. */
static void text_waits_for_the_join(void **state)
{
    (void)state;
    calls.slow = true;
    open_with(&options);
    expect_answer();
    assert_int_equal(parley_send_text(c, parley_view("hello")), PARLEY_OK);
    now_us += 5000000;
    expect_quiet();
    expect_nothing_sent();
    calls.slow = false;
    expect_quiet();
    assert_non_null(strstr(next_sent("session.update"), "\"session.update\""));
    expect_sent(USER_ITEM("[USER] hello"));
}

/* The host looks late: it gets the answer all the same, and before it no attempt is made to join. */
static void the_answer_is_never_lost(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        calls.joins[i] = PARLEY_ERR_CONNECT;
    open_with(&options);
    for (int i = 0; i < 10; i++) {
        now_us += 1000000;
        serve();
    }
    assert_int_equal(calls.joined, 0);
    expect_answer();
    expect_attempt(1, 200);
}

static void close_drops_the_join(void **state)
{
    struct parley_event event;

    (void)state;
    calls.slow = true;
    open_with(&options);
    expect_answer();
    expect_quiet();
    parley_stop(c);
    assert_int_equal(expect_next(PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_REQUESTED);
    calls.slow = false;
    now_us += 10000000;
    serve();
    assert_int_equal(parley_next_event(c, &event), PARLEY_ERR_CLOSED);
    assert_int_equal(calls.joined, 0);
}

static void close_between_two_attempts(void **state)
{
    (void)state;
    calls.joins[0] = PARLEY_ERR_LOST;
    open_with(&options);
    expect_answer();
    expect_next(PARLEY_EVENT_RECONNECTING);
    parley_stop(c);
    assert_int_equal(expect_next(PARLEY_EVENT_CLOSED).closed, PARLEY_CLOSED_REQUESTED);
    now_us += 10000000;
    serve();
    assert_int_equal(calls.joined, 1);
}

/* Whatever is in the way, a key that is refused among it. */
static void five_attempts_to_join(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        calls.joins[i] = i % 2 == 0 ? PARLEY_ERR_CONNECT : PARLEY_ERR_AUTH;
    open_with(&options);
    expect_answer();
    expect_attempt(1, 200);
    expect_attempt(2, 400);
    expect_attempt(3, 800);
    expect_attempt(4, 1600);
    expect_end(PARLEY_ERR_CONNECT, "no address of the service accepts a connection");
    assert_int_equal(calls.joined, 5);
    assert_int_equal(calls.posted, 1);
}

static void joined_at_the_third_attempt(void **state)
{
    (void)state;
    calls.joins[0] = calls.joins[1] = PARLEY_ERR_LOST;
    open_with(&options);
    expect_answer();
    expect_attempt(1, 200);
    expect_attempt(2, 400);
    expect_quiet();
    assert_int_equal(calls.joined, 3);
    assert_non_null(strstr(next_sent("session.update"), "\"session.update\""));
    service_says(CREATED);
    expect_next(PARLEY_EVENT_RESPONSE_CREATED);
}

/* ---- a call that is not created ------------------------------------------------------------------ */

static void failures_of_the_service_are_repeated(void **state)
{
    (void)state;
    calls.posts[0] = 500;
    calls.posts[1] = PARLEY_ERR_CONNECT;
    calls.posts[2] = 503;
    open_with(&options);
    expect_attempt(1, 200);
    expect_attempt(2, 400);
    expect_attempt(3, 800);
    expect_answer();
    assert_int_equal(calls.posted, 4);
    assert_int_equal(calls.bodies, 3); /* each whole */
    assert_non_null(strstr(calls.body, OFFER));
    expect_quiet();
    assert_int_equal(calls.joined, 1);
}

static void high_demand(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        calls.posts[i] = 500;
    open_with(&options);
    for (unsigned i = 0; i < 4; i++)
        expect_attempt(i + 1, 200u << i);
    expect_end(PARLEY_ERR_REFUSED, "currently experiencing high demand"); /* and before it no STARTED */
    assert_int_equal(calls.posted, 5);
}

static void not_repeated(void **state)
{
    static const struct {
        int post, status;
        const char *words;
    } rows[] = {
        {429, PARLEY_ERR_REFUSED, "HTTP 429"},
        {401, PARLEY_ERR_AUTH, "HTTP 401"},
        {302, PARLEY_ERR_REFUSED, "HTTP 302"},
        {408, PARLEY_ERR_REFUSED, "HTTP 408"},
        {PARLEY_ERR_CERTIFICATE, PARLEY_ERR_CERTIFICATE, "not trusted"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        again();
        set_up_call(NULL);
        options.reconnect.on = true; /* is about links */
        calls.posts[0] = rows[i].post;
        open_with(&options);
        expect_end(rows[i].status, rows[i].words);
        assert_int_equal(calls.posted, 1);
    }
}

static void answers_that_are_none(void **state)
{
    static char much[9000];
    const struct {
        const char *title, *id;
        struct parley_view sdp;
        int status;
        const char *words;
    } rows[] = {
        {"no Location", NULL, PARLEY_VIEW(ANSWER), PARLEY_ERR_HTTP,
         "realtime call response missing Location"},
        {"no UTF-8", "rtc_1", PARLEY_VIEW("v=\xC3("), PARLEY_ERR_UTF8,
         "failed to decode realtime call SDP response: it is not UTF-8"},
        {"empty", "rtc_1", PARLEY_VIEW(""), PARLEY_ERR_UTF8, "it is empty"},
        {"longer than the inbox", "rtc_1", {much, sizeof much}, PARLEY_ERR_TOO_LONG, "limits.inbox_bytes"},
    };
    (void)state;

    memset(much, 'a', sizeof much);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        again();
        set_up_call(NULL);
        calls.answer.id = rows[i].id;
        calls.answer.sdp = rows[i].sdp;
        open_with(&options);
        expect_end(rows[i].status, rows[i].words);
        assert_int_equal(calls.joined, 0);
    }
}

/* ---- a call that there is, and one whose link breaks --------------------------------------------- */

static void a_call_that_there_is(void **state)
{
    (void)state;
    options.sdp_offer = parley_view(NULL);
    options.call_id = parley_view("rtc_other");
    calls.joins[0] = PARLEY_ERR_CONNECT;
    open_with(&options);
    expect_attempt(1, 200);
    expect_next(PARLEY_EVENT_STARTED);
    assert_int_equal(calls.posted, 0);
    assert_non_null(strstr(next_sent("session.update"), "\"session.update\""));
}

/* The session is the call's: nothing is told again, and what was called for can be answered. */
static void the_same_call_is_joined_again(void **state)
{
    struct parley_event event;

    (void)state;
    options.reconnect.on = true;
    open_with(&options);
    expect_answer();
    expect_quiet();
    next_sent("session.update");
    assert_int_equal(parley_send_text(c, parley_view("hello")), PARLEY_OK);
    expect_sent(USER_ITEM("[USER] hello"));
    service_says(CALL("call_1", "{\\\"prompt\\\":\\\"look\\\"}"));
    expect_next(PARLEY_EVENT_HANDOFF);
    peer_state.end = PARLEY_ERR_LOST;
    event = expect_next(PARLEY_EVENT_RECONNECTING);
    peer_state.end = 0;
    now_us += event.wait_ms * UINT64_C(1000);
    event = expect_next(PARLEY_EVENT_RECONNECTED);
    assert_false(event.state_restored);
    expect_view(event.text, "what was on its way");
    assert_int_equal(calls.posted, 1);
    assert_int_equal(calls.joined, 2);
    assert_non_null(strstr(next_sent("session.update"), "\"session.update\""));
    assert_int_equal(parley_agent_done(c, parley_view("call_1")), PARLEY_OK);
    assert_non_null(strstr(next_sent("output"), "\"function_call_output\""));
}

/* Another session could not take the place of this one: it is left in peace until it ends. */
static void a_call_is_not_renewed(void **state)
{
    char message[200];
    struct parley_event event;

    (void)state;
    options.reconnect.on = true;
    open_with(&options);
    expect_answer();
    expect_quiet();
    snprintf(message, sizeof message,
             "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\",\"expires_at\":%lld}}",
             (long long)parley_clock_unix_s() + 3600);
    service_says(message);
    expect_next(PARLEY_EVENT_SESSION_UPDATED);
    now_us += 3595 * UINT64_C(1000000);
    expect_quiet();
    assert_int_equal(calls.joined, 1);
    service_says("{\"type\":\"error\",\"error\":{\"code\":\"session_expired\",\"message\":\"over\"}}");
    for (serve(); parley_next_event(c, &event) == 1; serve())
        assert_int_not_equal(event.kind, PARLEY_EVENT_RECONNECTING);
    assert_int_equal(parley_next_event(c, &event), PARLEY_ERR_SERVICE);
    assert_int_equal(calls.joined, 1);
}

static void without_reconnect_a_break_is_the_end(void **state)
{
    (void)state;
    open_with(&options);
    expect_answer();
    expect_quiet();
    peer_state.end = PARLEY_ERR_LOST;
    expect_end(PARLEY_ERR_LOST, "connection broke");
    assert_int_equal(calls.joined, 1);
}

/* ---- memory -------------------------------------------------------------------------------------- */

static void memory_is_exact(void **state)
{
    struct parley_error error;
    size_t bytes;
    void *block;

    (void)state;
    options.peer = &peer;
    options.api_key = parley_view("sk-secret");
    bytes = parley_memory_needed(&options);
    block = calloc(1, bytes);
    assert_int_equal(parley_open(&c, block, bytes - 64, &options, 0, &error), PARLEY_ERR_MEMORY);
    assert_int_equal(parley_open(&c, block, bytes, &options, 0, &error), PARLEY_OK);
    expect_answer();
    expect_quiet();
    parley_close(c);
    c = NULL;
    for (size_t i = 0; i + 9 < bytes; i++)
        assert_memory_not_equal((char *)block + i, "sk-secret", 9);
    free(block);
    options.sdp_offer = parley_view(NULL);
    assert_true(parley_memory_needed(&options) < bytes); /* without a call there is nothing to pay for */
}

#define TEST(name, function)                                                                                 \
    {                                                                                                        \
        name, function, set_up_call, tear_down, NULL                                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST("13.5/47 a bare offer as body", the_bare_offer),
        TEST("http_call_v1_multipart", multipart_v1),
        TEST("http_call_v2_multipart", multipart_v2),
        TEST("http_call_backend_api", json_for_a_backend),
        TEST("the model and the mode of the request", the_model_is_asked_for),
        TEST("options that cannot be", wrong_options),
        TEST("13.8/77 started, the answer, joined", started_answer_joined),
        TEST("any cut of what is sent and received", any_cut),
        TEST("text waits until the call is joined", text_waits_for_the_join),
        TEST("a host that looks late loses no answer", the_answer_is_never_lost),
        TEST("13.8/78 a close drops the join", close_drops_the_join),
        TEST("a close between two attempts to join", close_between_two_attempts),
        TEST("13.8/79 five attempts to join, then the end", five_attempts_to_join),
        TEST("13.15/167 joined at the third attempt", joined_at_the_third_attempt),
        TEST("failures of network and service are repeated", failures_of_the_service_are_repeated),
        TEST("5xx to the end is told as high demand", high_demand),
        TEST("429 and the like are not repeated", not_repeated),
        TEST("answers that are none", answers_that_are_none),
        TEST("a call that there is", a_call_that_there_is),
        TEST("the same call is joined again", the_same_call_is_joined_again),
        TEST("a call is not renewed, and its time is over once", a_call_is_not_renewed),
        TEST("a break without reconnect is the end", without_reconnect_a_break_is_the_end),
        TEST("memory is exact, and holds no secret afterwards", memory_is_exact),
    };
    return cmocka_run_group_tests_name("core_webrtc", tests, NULL, NULL);
}
