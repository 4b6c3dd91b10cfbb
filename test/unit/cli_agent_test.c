/*
 * The background agent: what goes in, how what comes out is cut, and every way it can end. The conversation
 * is played by this file, which defines the two calls the agent makes; its processes by the fake platform.
 */
#include "cli_test.h"

#include "core/cli/agent.h"
#include "platform/clock.h"
#include "platform/wait.h"

enum { S = 1000000, TOLD_MAX = 64 };

static const char envelope[] = "<realtime_delegation>\n  <input>count</input>\n</realtime_delegation>";

/* ---- the conversation, played ---------------------------------------------------------------- */

static struct {
    char text[TOLD_MAX][3 * PARLEY_CLI_AGENT_MESSAGE + 1];
    size_t count;
    char id[64];
    int answers;          /* what progress answers */
    int full;             /* so many calls answer "full" first */
    unsigned done, calls; /* done: how often; calls: of both */
    int done_full;
    char done_id[64];
} told;

int parley_agent_progress(struct parley_conversation *c, struct parley_view id, struct parley_view text)
{
    assert_null(c);
    told.calls++;
    if (told.full > 0) {
        told.full--;
        return PARLEY_ERR_FULL;
    }
    if (told.answers != PARLEY_OK)
        return told.answers;
    assert_in_range(told.count, 0, TOLD_MAX - 1);
    assert_int_equal(told.done, 0); /* nothing is told after the end */
    memcpy(told.text[told.count], text.at, text.len);
    told.text[told.count++][text.len] = '\0';
    snprintf(told.id, sizeof told.id, "%.*s", (int)id.len, id.len > 0 ? id.at : "");
    return PARLEY_OK;
}

int parley_agent_done(struct parley_conversation *c, struct parley_view id)
{
    assert_null(c);
    told.calls++;
    if (told.done_full > 0) {
        told.done_full--;
        return PARLEY_ERR_FULL;
    }
    told.done++;
    snprintf(told.done_id, sizeof told.done_id, "%.*s", (int)id.len, id.len > 0 ? id.at : "");
    return PARLEY_OK;
}

/* ---- the loop, played ------------------------------------------------------------------------ */

static struct parley_cli_agent agent;
static char news[2000];

static void hear(void *user, enum parley_cli_agent_news what, struct parley_view text)
{
    size_t len = strlen(news);

    (void)user;
    snprintf(news + len, sizeof news - len, "%s%s", len > 0 ? " " : "", parley_cli_agent_news_name(what));
    if (what == PARLEY_CLI_AGENT_DROPPED || what == PARLEY_CLI_AGENT_LOST)
        snprintf(news + strlen(news), sizeof news - strlen(news), "(%.*s)", (int)text.len, text.at);
}

static int begin(void **state)
{
    static unsigned char memory[PARLEY_CLI_AGENT_INPUT + 4096];
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    fresh(state);
    memset(&told, 0, sizeof told);
    news[0] = '\0';
    parley_cli_agent_open(&agent, "work", 300 * (uint64_t)S, hear, NULL, &arena);
    assert_false(arena.failed);
    return 0;
}

static void handoff(const char *id, const char *delegation, bool steering)
{
    struct parley_event event = {.kind = PARLEY_EVENT_HANDOFF,
                                 .handoff_id = parley_view(id),
                                 .text = parley_view("count"),
                                 .delegation = parley_view(delegation),
                                 .steering = steering};

    parley_cli_agent_handoff(&agent, &event, parley_clock_us());
}

/* One turn of the loop; returns the microseconds it waited. */
static uint64_t turn(void)
{
    struct parley_interest want[PARLEY_CLI_AGENT_INTERESTS];
    uint64_t before_us = parley_clock_us();
    size_t count = parley_cli_agent_interest(&agent, before_us, want);

    assert_in_range(count, 1, PARLEY_CLI_AGENT_INTERESTS);
    assert_true(parley_wait(want, count, PARLEY_NEVER) >= 0);
    parley_cli_agent_work(&agent, NULL, parley_clock_us());
    return parley_clock_us() - before_us;
}

/* Serves until it is idle. The bound on turns catches a loop that spins. */
static void run(int turns)
{
    while (parley_cli_agent_busy(&agent)) {
        turn();
        if (turns-- == 0)
            fail_msg("it takes too many turns; news so far: %s", news);
    }
}

static void expect_told(const char *const *texts)
{
    size_t i = 0;

    for (; texts[i] != NULL; i++)
        if (i >= told.count || strcmp(texts[i], told.text[i]) != 0)
            fail_msg("message %zu is \"%s\" instead of \"%s\"", i, i < told.count ? told.text[i] : "none",
                     texts[i]);
    assert_int_equal(told.count, i);
}

#define EXPECT_TOLD(...) expect_told((const char *const[]){__VA_ARGS__, NULL})

/* ---- a run ----------------------------------------------------------------------------------- */

static void a_request_goes_in_and_messages_come_out(void **state)
{
    char got[200];
    size_t len;

    (void)state;
    parley_fake_command("work", 3 * S, 0);
    parley_fake_command_says("work", 1 * S, 1, "Looking at it.\n\n");
    parley_fake_command_says("work", 2 * S, 1, "There are 42\nof them.\n \t\r\n\n\nDone");
    parley_fake_command_says("work", 3 * S, 1, ".\n");
    handoff("call_1", envelope, false);
    len = parley_fake_process_read(0, got, sizeof got);
    assert_true(parley_view_is(parley_view_of(got, len), envelope));
    assert_true(parley_fake_process_input_ended(0));
    while (told.count == 0)
        turn();
    assert_int_equal(parley_clock_us(), 2 * S); /* at once, not at the end (the clock began at 1 s) */
    run(60);
    EXPECT_TOLD("Looking at it.", "There are 42\nof them.", "Done.");
    assert_string_equal(told.id, "call_1");
    assert_string_equal(told.done_id, "call_1");
    assert_int_equal(told.done, 1);
    assert_int_equal(parley_clock_us(), 4 * S);
    assert_string_equal(news, "started said said said done");
}

static void silence_is_no_message(void **state)
{
    (void)state;
    parley_fake_command("work", 1 * S, 0);
    parley_fake_command_says("work", 0, 1, "\n \n\n\t\n");
    handoff("call_1", envelope, false);
    run(30);
    assert_int_equal(told.count, 0);
    assert_int_equal(told.done, 1);
}

/* The output arrives in pieces of every size; the messages must be the same. */
static void cuts_do_not_depend_on_how_output_arrives(void **state)
{
    static const char output[] = "\n\none\r\n\r\ntwo\nlines\n\n\n\nth\xc3\xa4r\n \nfour";

    for (size_t piece = 1; piece < sizeof output; piece++) {
        begin(state);
        parley_fake_command("work", PARLEY_NEVER, 0);
        handoff("call_1", envelope, false);
        for (size_t at = 0; at < sizeof output - 1; at += piece) {
            size_t left = sizeof output - 1 - at;

            parley_fake_process_write(0, 1, output + at, left < piece ? left : piece);
            turn();
        }
        parley_fake_process_exit(0, 0);
        run(10);
        EXPECT_TOLD("one", "two\nlines", "th\xc3\xa4r", "four");
    }
}

static void long_messages_are_cut(void **state)
{
    static char output[3 * PARLEY_CLI_AGENT_MESSAGE];
    static const struct {
        const char *title, *unit;
        size_t first; /* length of the first message */
    } cases[] = {
        {"at a line", "ten bytes\n", 4089},
        {"at a word, where there is no line", "ten bytes.", 4093},
        {"at a character, where there is no word", "1234567890", 4096},
        {"never inside a character", "12345678\xc3\xa4", 4096},
        {"never inside a long character", "12\xf0\x9f\x98\x80", 4094},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = 0, unit = strlen(cases[i].unit), all = 0;

        begin(state);
        while (len + unit <= 2 * PARLEY_CLI_AGENT_MESSAGE) {
            memcpy(output + len, cases[i].unit, unit);
            len += unit;
        }
        parley_fake_command("work", PARLEY_NEVER, 0);
        handoff("call_1", envelope, false);
        parley_fake_process_write(0, 1, output, len);
        turn();
        parley_fake_process_exit(0, 0);
        run(10);
        if (strlen(told.text[0]) != cases[i].first)
            fail_msg("%s: after %zu bytes", cases[i].title, strlen(told.text[0]));
        for (size_t k = 0; k < told.count; k++)
            all += strlen(told.text[k]);
        assert_in_range(all, len - 2 * told.count, len); /* what is gone is white space at the cuts */
    }
}

static void bytes_that_are_not_text_are_replaced(void **state)
{
    static char bad[PARLEY_CLI_AGENT_MESSAGE * 2];
    size_t len = 0;

    (void)state;
    parley_fake_command("work", PARLEY_NEVER, 0);
    handoff("call_1", envelope, false);
    memset(bad, 0xff, sizeof bad);
    parley_fake_process_write(0, 1,
                              "a\xff"
                              "b\n\n",
                              5);
    parley_fake_process_write(0, 1, bad, sizeof bad);
    parley_fake_process_exit(0, 0);
    run(20);
    assert_string_equal(told.text[0], "a\xef\xbf\xbd"
                                      "b");
    for (size_t i = 1; i < told.count; i++)
        len += strlen(told.text[i]);
    assert_int_equal(len, 3 * sizeof bad); /* three bytes for each, none lost */
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void a_large_request_goes_in_as_the_pipe_takes_it(void **state)
{
    static char large[200 * 1024], got[sizeof large];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof large - 1; i++)
        large[i] = (char)('a' + i % 23);
    parley_fake_command("work", PARLEY_NEVER, 0);
    handoff("call_1", large, false);
    while (!parley_fake_process_input_ended(0)) {
        turn();
        len += parley_fake_process_read(0, got + len, 1000); /* it reads slowly */
    }
    len += parley_fake_process_read(0, got + len, sizeof got - len);
    assert_int_equal(len, sizeof large - 1);
    assert_memory_equal(got, large, len);
    parley_fake_process_exit(0, 0);
    run(5);
    assert_int_equal(told.done, 1);
}

static void a_request_that_is_too_large_is_refused(void **state)
{
    static char large[PARLEY_CLI_AGENT_INPUT + 1];

    (void)state;
    memset(large, 'x', sizeof large - 1);
    handoff("call_1", large, false);
    run(3);
    assert_int_equal(parley_fake_processes(), 0);
    EXPECT_TOLD("The background agent failed: the request is longer than it can be given");
    assert_int_equal(told.done, 1);
}

static void a_command_need_not_read_its_input(void **state)
{
    static char large[100 * 1024];

    (void)state;
    memset(large, 'x', sizeof large - 1);
    parley_fake_command("work", 1 * S, 0);
    parley_fake_command_says("work", 0, 1, "no need to ask\n");
    handoff("call_1", large, false);
    run(30);
    EXPECT_TOLD("no need to ask");
    assert_int_equal(told.done, 1);
    handoff("call_2", envelope, false); /* and nothing of the first is left */
    told.done = 0;
    run(30);
    assert_int_equal(told.done, 1);
    assert_string_equal(told.done_id, "call_2");
}

static void a_full_queue_holds_the_output_back(void **state)
{
    struct parley_interest want[PARLEY_CLI_AGENT_INTERESTS];
    static char lines[12000];
    char piece[8];

    (void)state;
    for (int i = 0; i < 1500; i++)
        memcpy(lines + 8 * i, "a line.\n", 8);
    memcpy(lines + 7, "\n\n", 2); /* the first is a message, at once */
    parley_fake_command("work", PARLEY_NEVER, 0);
    handoff("call_1", envelope, false);
    told.full = 10;
    parley_fake_process_write(0, 1, lines, sizeof lines);
    turn();
    assert_int_equal(told.count, 0);
    assert_true(agent.held_back);
    for (size_t i = 0, n = parley_cli_agent_interest(&agent, parley_clock_us(), want); i < n; i++)
        assert_false(want[i].fd == agent.program.process.out && want[i].read);
    while (told.full > 0)
        assert_true(turn() >= 10000); /* it waits; it does not spin */
    turn();
    assert_true(told.count > 0);
    parley_fake_process_exit(0, 0);
    run(20);
    assert_string_equal(told.text[0], "a line.");
    assert_int_equal(told.done, 1);
    assert_int_equal(parley_fake_process_read(0, piece, 0), 0);
}

static void the_end_waits_for_room_too(void **state)
{
    (void)state;
    parley_fake_command("work", 0, 0);
    parley_fake_command_says("work", 0, 1, "yes\n");
    told.full = 3;
    told.done_full = 3;
    handoff("call_1", envelope, false);
    run(12);
    EXPECT_TOLD("yes");
    assert_int_equal(told.done, 1);
    assert_int_equal(told.calls, 3 + 1 + 3 + 1);
}

/* ---- failures -------------------------------------------------------------------------------- */

static const struct {
    const char *title;
    int exit_code;
    const char *says, *errors, *first, *last;
} failures[] = {
    {"a status and the last line", 3, NULL, "starting\nno such folder\n", NULL,
     "The background agent failed: exit status 3: no such folder"},
    {"empty lines do not count", 3, NULL, "no such folder\n\n  \n", NULL,
     "The background agent failed: exit status 3: no such folder"},
    {"a line without an end counts", 3, NULL, "first\nthis one", NULL,
     "The background agent failed: exit status 3: this one"},
    {"a status alone", 1, NULL, NULL, NULL, "The background agent failed: exit status 1"},
    {"what was said before is told before", 2, "Half of it", "broken\n", "Half of it",
     "The background agent failed: exit status 2: broken"},
    {"control characters stay out", 1, NULL, "\033[31mred\n", NULL,
     "The background agent failed: exit status 1: ?[31mred"},
    {"a signal", 139, NULL, NULL, NULL, "The background agent failed: exit status 139"},
};

static void failures_are_told(void **state)
{
    for (size_t i = 0; i < COUNT(failures); i++) {
        begin(state);
        parley_fake_command("work", 1 * S, failures[i].exit_code);
        if (failures[i].says != NULL)
            parley_fake_command_says("work", 0, 1, failures[i].says);
        if (failures[i].errors != NULL)
            parley_fake_command_says("work", 0, 2, failures[i].errors);
        handoff("call_1", envelope, false);
        run(30);
        if (failures[i].first != NULL)
            assert_string_equal(told.text[0], failures[i].first);
        if (told.count == 0 || strcmp(told.text[told.count - 1], failures[i].last) != 0)
            fail_msg("%s: %s", failures[i].title, told.count > 0 ? told.text[told.count - 1] : "nothing");
        assert_int_equal(told.done, 1);
    }
}

static void a_command_that_cannot_start_is_told(void **state)
{
    (void)state;
    parley_fake_process_broken(true);
    handoff("call_1", envelope, false);
    run(3);
    EXPECT_TOLD("The background agent failed: the command could not be started");
    assert_int_equal(told.done, 1);
    assert_string_equal(news, "failed done");
}

static void without_an_agent_the_model_is_told_so(void **state)
{
    struct parley_arena arena = parley_arena(NULL, 0);

    (void)state;
    parley_cli_agent_open(&agent, NULL, 0, hear, NULL, &arena);
    told.full = 1;
    handoff("call_1", envelope, false);
    handoff("call_2", envelope, true);
    run(4);
    EXPECT_TOLD("There is no background agent here, so this cannot be done.");
    assert_int_equal(told.done, 1);
    assert_string_equal(told.done_id, "call_1");
}

static void time_is_bounded(void **state)
{
    static const struct {
        bool stubborn;
        uint64_t ends_us;
    } cases[] = {{false, 301 * (uint64_t)S}, {true, 303 * (uint64_t)S}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        begin(state);
        parley_fake_command("work", PARLEY_NEVER, 0);
        if (cases[i].stubborn)
            parley_fake_command_stubborn("work");
        parley_fake_command_says("work", 1 * S, 1, "thinking\n\nstill");
        handoff("call_1", envelope, false);
        run(4000);
        EXPECT_TOLD("thinking", "still",
                    "The background agent failed: it was stopped, as it took longer than 300 s");
        assert_in_range(parley_clock_us(), cases[i].ends_us, cases[i].ends_us + 200000);
        assert_false(parley_fake_process_running(0));
        assert_int_equal(told.done, 1);
    }
}

/* ---- several requests ------------------------------------------------------------------------ */

static void steering_gets_runs_of_its_own(void **state)
{
    char got[100];
    size_t len;

    (void)state;
    parley_fake_command("work", 1 * S, 0);
    parley_fake_command_says("work", 0, 1, "an answer");
    handoff("call_1", "first", false);
    handoff("call_2", "second", true);
    handoff("call_3", "third", true);
    run(60);
    assert_int_equal(parley_fake_processes(), 3);
    len = parley_fake_process_read(1, got, sizeof got);
    assert_true(parley_view_is(parley_view_of(got, len), "second"));
    len = parley_fake_process_read(2, got, sizeof got);
    assert_true(parley_view_is(parley_view_of(got, len), "third"));
    EXPECT_TOLD("an answer", "an answer", "an answer");
    assert_string_equal(told.id, "call_1"); /* the work stays that of the first call */
    assert_string_equal(told.done_id, "call_1");
    assert_int_equal(told.done, 1);
}

static void steering_that_does_not_fit_is_told(void **state)
{
    static char large[PARLEY_CLI_AGENT_INPUT / 2];

    (void)state;
    memset(large, 'x', sizeof large - 1);
    parley_fake_command("work", 1 * S, 0);
    handoff("call_1", "first", false);
    handoff("call_2", large, true);
    handoff("call_3", large, true);
    handoff("call_4", large, true);
    run(200);
    assert_int_equal(parley_fake_processes(), 2);
    EXPECT_TOLD(
        "2 further requests could not be given to the background agent: too much was waiting already");
    assert_int_equal(told.done, 1);
}

static void steering_goes_on_after_a_failure(void **state)
{
    (void)state;
    parley_fake_command("work", 1 * S, 1);
    handoff("call_1", "first", false);
    handoff("call_2", "second", true);
    run(60);
    assert_int_equal(parley_fake_processes(), 2);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.done, 1);
}

static void steering_without_a_run_is_for_the_active_handoff(void **state)
{
    (void)state;
    parley_fake_command("work", 0, 0);
    parley_fake_command_says("work", 0, 1, "yes");
    handoff("call_2", "second", true);
    run(10);
    assert_string_equal(told.id, ""); /* whichever is active */
    assert_int_equal(told.done, 1);
}

static void an_empty_request_is_not_for_us(void **state)
{
    (void)state;
    handoff("call_1", "", false);
    assert_false(parley_cli_agent_busy(&agent));
}

static void new_work_takes_the_place_of_old(void **state)
{
    (void)state;
    parley_fake_command("work", 10 * S, 0);
    parley_fake_command_says("work", 10 * S, 1, "yes");
    handoff("call_1", "first", false);
    turn();
    handoff("call_2", "second", false);
    assert_false(parley_fake_process_running(0));
    run(200);
    assert_string_equal(told.done_id, "call_2");
    assert_int_equal(told.done, 1);
    assert_string_equal(news, "started dropped(other work takes the place of this one) started said done");
}

static void work_nobody_waits_for_is_dropped(void **state)
{
    (void)state;
    parley_fake_command("work", 10 * S, 0);
    parley_fake_command_says("work", 1 * S, 1, "yes\n\n");
    told.answers = PARLEY_ERR_STATE;
    handoff("call_1", "first", false);
    handoff("call_2", "second", true);
    run(30);
    assert_false(parley_fake_process_running(0));
    assert_int_equal(told.done, 0);
    assert_string_equal(news, "started dropped(nobody waits for this work any more)");
}

static void a_message_that_never_fits_is_left_out(void **state)
{
    (void)state;
    parley_fake_command("work", 1 * S, 0);
    parley_fake_command_says("work", 0, 1, "yes");
    told.answers = PARLEY_ERR_TOO_LONG;
    handoff("call_1", "first", false);
    run(30);
    assert_int_equal(told.done, 1);
    assert_string_equal(news, "started lost(a message exceeds its buffer) done");
}

static void closing_ends_the_command(void **state)
{
    (void)state;
    parley_fake_command("work", PARLEY_NEVER, 0);
    handoff("call_1", "first", false);
    turn();
    parley_cli_agent_close(&agent);
    assert_false(parley_fake_process_running(0));
    assert_false(parley_cli_agent_busy(&agent));
}

/* ---- an agent with work of its own ------------------------------------------------------------ */

static void independent_work_goes_on_whoever_waits_for_it(void **state)
{
    char got[100];
    size_t len;

    (void)state;
    agent.independent = true;
    parley_fake_command("work", 1 * S, 0);
    parley_fake_command_says("work", 0, 1, "an answer");
    parley_cli_agent_ask(&agent, parley_view("typed"), parley_clock_us());
    handoff("call_1", "spoken", false); /* takes nothing's place: it is kept, as steering is */
    told.answers = PARLEY_ERR_STATE;
    run(60);
    assert_int_equal(parley_fake_processes(), 2);
    len = parley_fake_process_read(0, got, sizeof got);
    assert_true(parley_view_is(parley_view_of(got, len), "typed"));
    len = parley_fake_process_read(1, got, sizeof got);
    assert_true(parley_view_is(parley_view_of(got, len), "spoken"));
    assert_string_equal(news, "started said started said done");
    assert_int_equal(told.calls, 0); /* there was no conversation at all */
}

static bool has_room;
static bool room(const void *user)
{
    (void)user;
    return has_room;
}

static void news_wait_for_room(void **state)
{
    (void)state;
    agent.independent = true;
    agent.room = room;
    has_room = false;
    parley_fake_command("work", 0, 0);
    parley_fake_command_says("work", 0, 1, "one\n\ntwo");
    handoff("call_1", envelope, false);
    for (int i = 0; i < 5; i++)
        assert_true(turn() <= 100000);
    assert_string_equal(news, "started");
    has_room = true;
    run(20);
    assert_string_equal(news, "started said said done");
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_goes_in_and_messages_come_out),
        TEST(silence_is_no_message),
        TEST(cuts_do_not_depend_on_how_output_arrives),
        TEST(long_messages_are_cut),
        TEST(bytes_that_are_not_text_are_replaced),
        TEST(a_large_request_goes_in_as_the_pipe_takes_it),
        TEST(a_request_that_is_too_large_is_refused),
        TEST(a_command_need_not_read_its_input),
        TEST(a_full_queue_holds_the_output_back),
        TEST(the_end_waits_for_room_too),
        TEST(failures_are_told),
        TEST(a_command_that_cannot_start_is_told),
        TEST(without_an_agent_the_model_is_told_so),
        TEST(time_is_bounded),
        TEST(steering_gets_runs_of_its_own),
        TEST(steering_that_does_not_fit_is_told),
        TEST(steering_goes_on_after_a_failure),
        TEST(steering_without_a_run_is_for_the_active_handoff),
        TEST(an_empty_request_is_not_for_us),
        TEST(new_work_takes_the_place_of_old),
        TEST(work_nobody_waits_for_is_dropped),
        TEST(a_message_that_never_fits_is_left_out),
        TEST(closing_ends_the_command),
        TEST(independent_work_goes_on_whoever_waits_for_it),
        TEST(news_wait_for_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
