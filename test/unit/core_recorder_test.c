/* The flight recorder: what it writes of secrets, sound and pieces, how it ends; and conversations over
   broken links, held again from their record. What whole talks look like is tested in
   test/talk/replay_test.sh. */
#include "conversation.h"

#include "core/cli/play_again.h"
#include "core/scrub.h"
#include "platform/fake/fake.h"

/* ---- a record in memory ------------------------------------------------------------------------- */

static char record[PARLEY_FAKE_FILE_BYTES];
static size_t record_used;

static void take(void *nobody, struct parley_view piece)
{
    (void)nobody;
    assert_true(piece.len > 0 && record_used + piece.len < sizeof record);
    memcpy(record + record_used, piece.at, piece.len);
    record_used += piece.len;
    record[record_used] = '\0';
}

static int set_up_recorder(void **state)
{
    parley_fake_reset();
    record_used = 0;
    set_up(state);
    peer.fragment_bytes = peer.send_bytes = 0;
    peer.close_code = 0;
    options.recorder = (struct parley_recorder){.write = take};
    return 0;
}

static void finish(void)
{
    parley_close(c);
    c = NULL;
}

static void assert_replays(void)
{
    struct parley_play_again_result result;

    parley_fake_file("record", record, record_used);
    if (parley_play_again("record", NULL, &result) != 1 || result.torn)
        fail_msg("%s (%lu lines)", result.why, result.lines);
}

/* ---- secrets ------------------------------------------------------------------------------------- */

static void keep(void *out, const char *at, size_t len)
{
    strncat(out, at, len);
}

static void secrets_become_stars(void **state)
{
    static const struct {
        const char *title, *secret, *text, *wanted;
    } rows[] = {
        {"as it is", "sk-12345678", "my sk-12345678!", "my ***********!"},
        {"twice", "sk-12345678", "sk-12345678sk-12345678", "**********************"},
        {"begun", "sk-12345678", "sk-1234567 sk-sk-12345678", "sk-1234567 sk-***********"},
        {"with escapes", "sk-12345678", "\\u0073k-1234567\\u0038", "\\u002a*********\\u002a"},
        {"in JSON within JSON", "sk-12345678", "\\\\u0073k-12345678", "\\\\u002a**********"},
        {"a slash of it may have an escape", "abc/defgh", "abc\\/defgh abc/defgh", "***\\/***** ***/*****"},
        {"a quote of it has one", "pass\"word", "pass\\\"word", "****\\\"****"},
        {"a backslash of it has one", "pass\\word", "pass\\\\word pass\\word", "****\\\\**** ****\\****"},
        {"a word of it", "Bearer abcdefgh", "abcdefgh", "********"},
        {"all its words", "Bearer abcdefgh", "Bearer abcdefgh", "***************"},
        {"a short word is none", "Bearer abcdefgh", "Bearer", "Bearer"},
        {"a short one is none", "1234567", "1234567", "1234567"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct parley_header header = {PARLEY_VIEW("X"), {rows[i].secret, strlen(rows[i].secret)}};
        const struct parley_options o = {.headers = &header, .header_count = 1};
        char block[2048], out[256] = "";
        struct parley_arena arena = parley_arena(block, sizeof block);
        struct parley_scrub scrub = {.silence = false};

        parley_scrub_open(&scrub, &arena, &o);
        assert_false(arena.failed);
        parley_scrub(&scrub, parley_view(rows[i].text), keep, out);
        if (strcmp(out, rows[i].wanted) != 0)
            fail_msg("%s: %s becomes %s", rows[i].title, rows[i].text, out);
    }
}

static void every_secret_of_the_options_is_known(void **state)
{
    const struct parley_header header = {PARLEY_VIEW("X-A"), PARLEY_VIEW("header-secret")};
    const struct parley_header query = {PARLEY_VIEW("k"), PARLEY_VIEW("query-secret")};
    static const char *const secrets[] = {"key-secret", "header-secret", "query-secret", "pass-secret",
                                          "ice-secret", "client-secret", "ca-text"};

    (void)state;
    options.api_key = parley_view("key-secret");
    options.headers = &header;
    options.header_count = 1;
    options.query = &query;
    options.query_count = 1;
    options.proxy = parley_view("http://user:pass-secret@proxy:3128");
    options.ca_pem = options.client_cert_pem = parley_view("ca-text");
    options.client_key_pem = parley_view("client-secret");
    options.url = parley_view("wss://somebody:url-secret@service.test/v1?k=url-secret");
    options.prompt = parley_view("key-secret header-secret query-secret pass-secret");
    begin(&options);
    service_says("{\"type\":\"session.updated\",\"session\":{\"id\":\"s\",\"instructions\":"
                 "\"key-secret header-secret query-secret pass-secret\"}}");
    serve();
    parley_send_text(c, parley_view("key-secret pass-secret"));
    finish();
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        assert_null(strstr(record, secrets[i]));
    assert_null(strstr(record, "url-secret"));
    assert_non_null(
        strstr(record, "\"api_key\":true,\"proxy\":true,\"query\":{\"k\":12},\"headers\":{\"X-A\":13}"));
    assert_replays();
}

/* The names are those of the options' members, so that whoever reads a record knows them. */
static void options_are_told_under_their_names(void **state)
{
    (void)state;
    options.session_id = parley_view("s");
    options.voice = parley_view("cedar");
    options.prompt = parley_view("Be \"kind\".");
    options.user_first_name = parley_view("Ada");
    options.limits = (struct parley_limits){.inbox_bytes = 9000, .output_audio_ms = 1000, .reply_items = 4};
    options.reconnect = (struct parley_reconnect){.on = true, .attempts = 3, .renew_ms = 20000};
    begin(&options);
    service_says("{\"type\":\"session.updated\",\"session\":{\"id\":\"s\"}}");
    serve();
    finish();
    assert_non_null(strstr(record, "\"session_id\":\"s\","));
    assert_non_null(strstr(record, "\"voice\":\"cedar\",\"prompt\":\"Be \\\"kind\\\".\""));
    assert_non_null(strstr(record, "\"user_first_name\":\"Ada\""));
    assert_non_null(strstr(record,
                           "\"limits\":{\"inbox_bytes\":9000,\"output_audio_ms\":1000,\"reply_items\":4},"
                           "\"reconnect\":{\"attempts\":3,\"renew_ms\":20000}}}\n"));
    assert_replays(); /* its session.update tells the voice and the prompt */
}

/* ---- pieces -------------------------------------------------------------------------------------- */

static void a_key_between_pieces_is_hidden(void **state)
{
    (void)state;
    options.api_key = parley_view("sk-0123456789");
    for (size_t bytes = 1; bytes < 20; bytes++) {
        again();
        set_up_recorder(state);
        options.api_key = parley_view("sk-0123456789");
        peer.fragment_bytes = bytes;
        service_says("{\"type\":\"error\",\"error\":{\"message\":\"sk-0123456789 sk-0123456789\"}}");
        open_with(&options);
        expect(PARLEY_EVENT_LINK);
        expect(PARLEY_EVENT_STARTED);
        expect(PARLEY_EVENT_ERROR);
        finish();
        assert_null(strstr(record, "0123456789"));
        assert_replays();
    }
}

static void what_is_sent_in_pieces_is_told_whole(void **state)
{
    (void)state;
    options.limits.link_send_bytes = 1024;
    peer.send_bytes = 7;
    open_with(&options);
    expect(PARLEY_EVENT_LINK);
    assert_int_equal(parley_send_text(c, parley_view("in pieces")), PARLEY_OK);
    for (int i = 0; i < 4000 && peer_state.got_write < 2; i++)
        parley_service(c, now_us += 10);
    assert_int_equal(peer_state.got_write, 2);
    finish();
    assert_non_null(strstr(record, "{\"took\":7}"));
    assert_non_null(strstr(record, "[USER] in pieces"));
    assert_replays();
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    begin(&options);
    service_says("{\"type\":\"x\",\"y\":\"\xff\"}");
    expect(PARLEY_EVENT_SKIPPED);
    assert_int_equal(parley_send_text(c, parley_view("\xc3")), PARLEY_ERR_UTF8);
    finish();
    assert_non_null(strstr(record, "\"in_hex\":\"7b2274"));
    assert_non_null(strstr(record, "{\"call\":\"text\",\"text_hex\":\"c3\"}\n{\"gave\":-305}"));
    assert_replays();
}

/* The recorder hands its lines over as its buffer is full: that may be between any two bytes of them. */
static void a_line_may_be_parted_anywhere(void **state)
{
    char handoff[4200];

    (void)state;
    memset(handoff, 'h', sizeof handoff);
    begin(&options);
    for (size_t len = 4000; len < sizeof handoff; len++) {
        record_used = 0;
        parley_agent_progress(c, parley_view_of(handoff, len), parley_view("t"));
        if (strstr(record, "{\"call\":\"progress\",\"handoff\":\"hhh") != record ||
            strstr(record, "hhh\",\"text\":\"t\"}\n{\"gave\":") == NULL)
            fail_msg("with %lu bytes it ends: %.40s", (unsigned long)len, strstr(record, "hhh\""));
    }
}

/* ---- links that break ---------------------------------------------------------------------------- */

static void wait_until_live(void)
{
    struct parley_event event;

    for (int i = 0; i < 100; i++) {
        parley_service(c, now_us += 500000);
        while (parley_next_event(c, &event) > 0)
            if (event.kind == PARLEY_EVENT_RECONNECTED)
                return;
    }
    fail_msg("no other link came");
}

static void another_link_is_held_again(void **state)
{
    static const int16_t sound[2400] = {1, 2, 3};
    struct parley_event event;

    (void)state;
    options.reconnect.on = true;
    begin(&options);
    service_says("{\"type\":\"session.updated\",\"session\":{\"id\":\"s\",\"expires_at\":1767230000}}");
    service_says("{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"u\"}");
    expect(PARLEY_EVENT_SESSION_UPDATED);
    assert_int_equal(parley_send_audio(c, sound, 2400), 2400);
    assert_int_equal(parley_send_text(c, parley_view("said before")), PARLEY_OK);
    expect(PARLEY_EVENT_SPEECH_STARTED);
    for (int i = 0; i < 3; i++) {
        peer_state.end = PARLEY_ERR_LOST;
        serve();
        while (parley_next_event(c, &event) > 0)
            if (event.kind == PARLEY_EVENT_RECONNECTING)
                peer_state.end = 0;
        assert_int_equal(peer_state.end, 0);
        wait_until_live();
    }
    finish();
    assert_non_null(strstr(record, "{\"draw\":\"chance\",\"is\":"));
    assert_non_null(strstr(record, "{\"draw\":\"unix_s\",\"is\":"));
    assert_non_null(strstr(record, "{\"opened\":0}"));
    assert_replays();
}

static void an_end_with_a_code_is_held_again(void **state)
{
    (void)state;
    begin(&options);
    peer.close_code = 1011;
    peer_state.end = PARLEY_ERR_PEER_CLOSED;
    expect(PARLEY_EVENT_CLOSED);
    finish();
    assert_non_null(strstr(record, "\"code\":1011"));
    assert_replays();
}

/* ---- bounds -------------------------------------------------------------------------------------- */

static void a_record_has_its_bound(void **state)
{
    static const int16_t sound[2400];

    for (size_t most = 30000; most < 60000; most += 1777) {
        again();
        set_up_recorder(state);
        options.recorder.bytes = most;
        begin(&options);
        for (int i = 0; i < 20; i++)
            parley_send_audio(c, sound, 2400);
        finish();
        assert_true(record_used <= most);
        assert_non_null(strstr(record, "{\"full\":"));
        assert_int_equal(record[record_used - 1], '\n');
    }
}

static void off_it_takes_no_memory(void **state)
{
    size_t with = 0, without = 0;

    (void)state;
    options.peer = &peer;
    with = parley_memory_needed(&options);
    options.recorder.write = NULL;
    without = parley_memory_needed(&options);
    assert_in_range(with - without, 4096, 4200);
}

int main(void)
{
#define RECORDS(test) cmocka_unit_test_setup_teardown(test, set_up_recorder, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_become_stars),
        RECORDS(every_secret_of_the_options_is_known),
        RECORDS(options_are_told_under_their_names),
        RECORDS(a_key_between_pieces_is_hidden),
        RECORDS(what_is_sent_in_pieces_is_told_whole),
        RECORDS(bytes_that_are_no_text),
        RECORDS(a_line_may_be_parted_anywhere),
        RECORDS(another_link_is_held_again),
        RECORDS(an_end_with_a_code_is_held_again),
        RECORDS(a_record_has_its_bound),
        RECORDS(off_it_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
