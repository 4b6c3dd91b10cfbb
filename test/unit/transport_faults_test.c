/*
 * What goes wrong with the built-in service on purpose, by its settings and at any moment, and what its other
 * settings change; driven without a transport, as a server drives it.
 */
#include "test/unit/service_feed.h"

#define SESSION                                                                                              \
    "{'type':'session.update','session':{'type':'realtime','audio':{'input':{'transcription':{'model':"      \
    "'whisper-1'}}}}}"
#define SAY                                                                                                  \
    "{'type':'conversation.item.create','item':{'type':'message','role':'user','content':[{'type':"          \
    "'input_text','text':'hello'}]}}"
#define CREATE "{'type':'response.create'}"

static void start(struct feed *f, const struct parley_service_settings *settings)
{
    feed_open(f, "use service\nheard \"one\"\nheard \"two\"\n", settings);
    feed_send(f, SESSION);
    feed_wanted(f, "session.updated");
}

static void strike(struct feed *f, enum parley_service_fault_kind kind, uint64_t amount)
{
    struct parley_service_fault fault = {.kind = kind, .amount = amount};

    parley_service_strike(f->peer, &fault, f->now_us);
    feed_turn(f);
}

/* Asks for an answer, and gives the response.done. */
static struct parley_view answer(struct feed *f)
{
    feed_send(f, SAY);
    feed_send(f, CREATE);
    feed_pass(f, 10000);
    return feed_wanted(f, "response.done");
}

static void names_lead_to_faults_and_back(void **state)
{
    (void)state;
    for (int i = 0; i < PARLEY_FAULT_KINDS; i++) {
        const char *name = parley_service_fault_name((enum parley_service_fault_kind)i);

        assert_true(name[0] != '\0');
        assert_int_equal(parley_service_fault_named(parley_view(name)), i);
    }
    assert_int_equal(parley_service_fault_named(parley_view("toothache")), PARLEY_FAULT_KINDS);
    assert_string_equal(parley_service_fault_name(PARLEY_FAULT_KINDS), "");
}

/* A response that fails or is filtered: the one that is running, or else the next; the one after it is well.
 */
static void a_response_ends_badly(void **state)
{
    static const struct {
        enum parley_service_fault_kind kind;
        const char *status, *path, *value;
    } rows[] = {
        {PARLEY_FAULT_FAIL_REPLY, "'failed'", "response.status_details.error.type", "'server_error'"},
        {PARLEY_FAULT_FILTER_REPLY, "'incomplete'", "response.status_details.reason", "'content_filter'"},
    };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        bool running = i >= 2;
        struct parley_view done;
        struct feed f;

        start(&f, NULL);
        if (running) {
            feed_send(&f, SAY);
            feed_send(&f, CREATE);
            feed_pass(&f, 500);
        }
        strike(&f, rows[i % 2].kind, 0);
        feed_pass(&f, 1000);
        done = running ? feed_wanted(&f, "response.done") : answer(&f);
        feed_member(done, "response.status", rows[i % 2].status);
        feed_member(done, rows[i % 2].path, rows[i % 2].value);
        assert_int_equal(feed_has(done, "response.output.0"), running);
        feed_member(answer(&f), "response.status", "'completed'");
        feed_close(&f);
    }
}

static void an_utterance_is_not_transcribed(void **state)
{
    struct parley_view failed;
    struct feed f;

    (void)state;
    start(&f, NULL);
    strike(&f, PARLEY_FAULT_FAIL_TRANSCRIPT, 0);
    feed_sound(&f, "please", 500, 100);
    feed_sound(&f, NULL, 5000, 100);
    failed = feed_wanted(&f, "conversation.item.input_audio_transcription.failed");
    feed_member(failed, "item_id", "'item_0001'");
    feed_member(failed, "error.code", "'audio_unintelligible'");
    feed_wanted(&f, "response.done"); /* the model has heard it all the same */
    f.looked = 0;
    feed_none(&f, "conversation.item.input_audio_transcription.completed");
    feed_sound(&f, "please", 500, 100);
    feed_sound(&f, NULL, 1000, 100);
    feed_member(feed_wanted(&f, "conversation.item.input_audio_transcription.completed"), "transcript",
                "'two'");
    feed_close(&f);
}

static void nothing_is_said_for_a_while(void **state)
{
    struct feed f;

    (void)state;
    start(&f, NULL);
    strike(&f, PARLEY_FAULT_STALL, 3000000);
    feed_send(&f, SAY);
    feed_send(&f, "{'type':'nothing'}");
    feed_pass(&f, 2999);
    feed_none(&f, "error");
    feed_pass(&f, 1);
    feed_wanted(&f, "conversation.item.added");
    feed_wanted(&f, "error");
    assert_int_equal(feed_at_ms(&f), 3000);
    feed_close(&f);
}

/* All ends come when what was said before is out, and stay. */
static void the_link_ends(void **state)
{
    static const struct {
        struct parley_service_fault fault;
        int status;
        unsigned code;
        const char *reason, *error;
    } rows[] = {
        {{.kind = PARLEY_FAULT_CLOSE, .amount = 1011}, PARLEY_ERR_PEER_CLOSED, 1011, "closed", NULL},
        {{.kind = PARLEY_FAULT_CLOSE}, PARLEY_ERR_PEER_CLOSED, 1000, "closed", NULL},
        {{.kind = PARLEY_FAULT_BREAK}, PARLEY_ERR_LOST, 0, "broke", NULL},
        {{.kind = PARLEY_FAULT_EXPIRE}, PARLEY_ERR_PEER_CLOSED, 1001, "60 minutes", "'session_expired'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct feed f;

        start(&f, NULL);
        f.peer->received(f.peer->state, parley_view("{\"type\":\"input_audio_buffer.clear\"}"), f.now_us);
        strike(&f, rows[i].fault.kind, rows[i].fault.amount);
        feed_wanted(&f, "input_audio_buffer.cleared");
        if (rows[i].error != NULL)
            feed_member(feed_wanted(&f, "error"), "error.code", rows[i].error);
        assert_int_equal(f.status, rows[i].status);
        assert_int_equal(f.peer->close_code, rows[i].code);
        assert_non_null(strstr(f.peer->reason(f.peer->state).at, rows[i].reason));

        /* Another connection begins anew. */
        f.status = 0;
        f.peer->opened(f.peer->state, f.now_us);
        feed_send(&f, SESSION);
        feed_member(feed_wanted(&f, "session.updated"), "session.id", "'sess_0002'");
        feed_close(&f);
    }
}

static void faults_come_at_their_times(void **state)
{
    static const struct parley_service_fault faults[] = {
        {.kind = PARLEY_FAULT_ERROR, .at_us = 1000000},
        {.kind = PARLEY_FAULT_ERROR, .at_us = 1000000},
        {.kind = PARLEY_FAULT_CLOSE, .amount = 1012, .at_us = 2500000},
    };
    const struct parley_service_settings settings = {.faults = faults, .fault_count = 3};
    struct feed f;

    (void)state;
    start(&f, &settings);
    feed_pass(&f, 2400);
    for (unsigned i = 0; i < 2; i++) {
        feed_wanted(&f, "error");
        assert_int_equal(feed_at_ms(&f), 1000);
    }
    assert_int_equal(f.status, 0);
    assert_int_equal(f.due_us, FEED_START_US + 2500000);
    feed_pass(&f, 100);
    assert_int_equal(f.status, PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(f.peer->close_code, 1012);
    feed_close(&f);
}

static void the_session_is_as_long_as_it_is_set(void **state)
{
    const struct parley_service_settings settings = {.session_minutes = 2};
    struct feed f;

    (void)state;
    start(&f, &settings);
    f.looked = 0;
    assert_int_equal(feed_number(feed_wanted(&f, "session.created"), "session.expires_at"),
                     FEED_START_US / 1000000 + 120);
    feed_pass(&f, 120000);
    assert_int_equal(f.status, PARLEY_ERR_PEER_CLOSED);
    assert_non_null(strstr(f.peer->reason(f.peer->state).at, "2 minutes"));
    feed_close(&f);
}

/* When all it said was said, summed up. */
static uint64_t course(uint64_t seed)
{
    const struct parley_service_settings settings = {.seed = seed};
    uint64_t sum = 0;
    struct feed f;

    start(&f, &settings);
    answer(&f);
    for (size_t i = 0; i < f.count; i++)
        sum = (sum ^ f.messages[i].at_us) * 0x100000001B3;
    feed_close(&f);
    return sum;
}

static void a_seed_varies_the_times_and_repeats(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        assert_true(course(seed) == course(seed));
        assert_true(course(seed) != course(seed + 1));
    }
}

static void telephone_sound_is_refused_and_breaks_no_rule(void **state)
{
    struct feed f;

    (void)state;
    start(&f, NULL);
    feed_send(&f, "{'type':'session.update','session':{'type':'realtime','audio':{'input':{'format':{'type':"
                  "'audio/pcmu'}}}}}");
    feed_member(feed_wanted(&f, "error"), "error.type", "'server_error'");
    feed_none(&f, "session.updated");
    assert_int_equal(parley_service_breach_count(f.peer), 0);
    feed_close(&f);
}

/* The first are kept, all are counted, also over connections. */
static void many_broken_rules(void **state)
{
    const struct parley_service_breach *first;
    struct feed f;

    (void)state;
    start(&f, NULL);
    feed_pass(&f, 1234);
    for (unsigned i = 0; i < 50; i++)
        feed_send(&f, "{'type':'response.cancel'}");
    f.peer->opened(f.peer->state, f.now_us);
    for (unsigned i = 0; i < 50; i++)
        feed_send(&f, "{'type':'nothing'}");
    assert_int_equal(parley_service_breach_count(f.peer), 100);
    assert_int_equal(parley_service_breaches(f.peer, &first), 64);
    assert_int_equal(first[0].rule, PARLEY_RULE_CANCEL_IDLE);
    assert_int_equal(first[0].at_us, 1234000);
    assert_int_equal(first[63].rule, PARLEY_RULE_TYPE_KNOWN);
    assert_int_equal(first[63].at_us, 0);
    feed_close(&f);
}

static void an_error_says_what_was_allowed(void **state)
{
    static const struct {
        const char *audio, *text;
    } rows[] = {
        {"'output':{'speed':0.1}", ">= 0.25, but got 0.1 "},
        {"'output':{'speed':2e0}", "<= 1.50, but got 2e0 "},
        {"'input':{'format':{'type':'audio/pcm','rate':8000}}",
         "Invalid value: 8000. Supported values are: 24000."},
        {"'input':{'turn_detection':{'type':'server_vad','idle_timeout_ms':1}}", ">= 5000, but got 1 "},
        {"'output':{'voice':'bob'}", "'bob'. Supported values are: alloy|ash"},
        {"'input':{'turn_detection':{'type':'dog'}}",
         "'dog'. Supported values are: 'server_vad', 'semantic_vad'."},
        {"'input':5", "expected an object, but got an integer instead"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char message[256];
        struct parley_view error;
        struct feed f;

        start(&f, NULL);
        snprintf(message, sizeof(message),
                 "{'type':'session.update','session':{'type':'realtime','audio':{%s}}}", rows[i].audio);
        feed_send(&f, message);
        error = feed_wanted(&f, "error");
        if (strstr(error.at, rows[i].text) == NULL)
            fail_msg("%s", error.at);
        feed_close(&f);
    }
}

/* A client that writes and does not read breaks no rule by it: what it is told gets lost. */
static void a_client_that_does_not_read(void **state)
{
    static const char item[] = "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\","
                               "\"role\":\"user\",\"content\":[]}}",
                      update[] = "{\"type\":\"session.update\",\"session\":{\"type\":\"realtime\"}}";
    struct feed f;

    (void)state;
    start(&f, NULL);
    for (unsigned i = 0; i < 1000; i++)
        f.peer->received(f.peer->state, parley_view(item), f.now_us);
    f.peer->received(f.peer->state, parley_view(update), f.now_us);
    feed_turn(&f);
    feed_none(&f, "session.updated");
    feed_send(&f, SESSION);
    feed_wanted(&f, "session.updated");
    assert_int_equal(parley_service_breach_count(f.peer), 0);
    feed_close(&f);
}

/* More of them at once than there is room for: said, and no rule. */
static void responses_beside_have_a_bound(void **state)
{
    struct feed f;

    (void)state;
    start(&f, NULL);
    for (unsigned i = 0; i < 4; i++)
        feed_send(&f, "{'type':'response.create','response':{'conversation':'none'}}");
    feed_member(feed_wanted(&f, "error"), "error.type", "'server_error'");
    assert_int_equal(parley_service_breach_count(f.peer), 0);
    feed_pass(&f, 20000);
    f.looked = 0;
    for (unsigned i = 0; i < 3; i++)
        feed_wanted(&f, "response.done");
    feed_none(&f, "response.done");
    feed_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_to_faults_and_back),
        cmocka_unit_test(a_response_ends_badly),
        cmocka_unit_test(an_utterance_is_not_transcribed),
        cmocka_unit_test(nothing_is_said_for_a_while),
        cmocka_unit_test(the_link_ends),
        cmocka_unit_test(faults_come_at_their_times),
        cmocka_unit_test(the_session_is_as_long_as_it_is_set),
        cmocka_unit_test(a_seed_varies_the_times_and_repeats),
        cmocka_unit_test(telephone_sound_is_refused_and_breaks_no_rule),
        cmocka_unit_test(many_broken_rules),
        cmocka_unit_test(an_error_says_what_was_allowed),
        cmocka_unit_test(a_client_that_does_not_read),
        cmocka_unit_test(responses_beside_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
