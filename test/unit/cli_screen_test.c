/* What a person sees: plain lines, and the rows that are drawn anew on a terminal. */
#include "cli_test.h"

#include "core/cli/screen.h"

enum { BYTES = 128 * 1024, S = 1000000 };

static struct parley_cli_output out;
static struct parley_cli_screen screen;

static void begin(bool live, bool colour, size_t columns)
{
    static unsigned char memory[BYTES + 64];
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    parley_cli_output_open(&out, 1, false, &arena, BYTES);
    parley_cli_screen_open(&screen, &out, live, colour);
    screen.columns = columns;
}

/* What has been written since the last call. */
static const char *written(void)
{
    static char text[BYTES + 1];

    text[parley_ring_take(&out.ring, text, BYTES)] = '\0';
    return text;
}

static void see(struct parley_event event)
{
    parley_cli_screen_event(&screen, &event);
}

#define SEE(...)           see((struct parley_event){__VA_ARGS__})
#define TEXT(kind_, text_) SEE(.kind = (kind_), .text = parley_view(text_))
#define ITEM(kind_, item_, text_)                                                                            \
    SEE(.kind = (kind_), .item_id = parley_view(item_), .text = parley_view(text_))

/* ---- plain lines ----------------------------------------------------------------------------- */

static const struct {
    const char *title;
    struct parley_event event;
    const char *line; /* empty: nothing is shown */
} events[] = {
    {"a stage", {.kind = PARLEY_EVENT_LINK, .text = PARLEY_VIEW("tls")}, "-- link: tls --\n"},
    {"the stages of closing are the end's to tell",
     {.kind = PARLEY_EVENT_LINK, .text = PARLEY_VIEW("closed")},
     ""},
    {"the start", {.kind = PARLEY_EVENT_STARTED}, "-- the conversation has started --\n"},
    {"the answer of a call, without what a terminal would obey",
     {.kind = PARLEY_EVENT_SDP,
      .text = PARLEY_VIEW("v=0\r\ns=\x1B[2J-\r\n"),
      .call_id = PARLEY_VIEW("rtc_1")},
     "-- call rtc_1 is created; the answer: --\nv=0\ns=?[2J-\n"},
    {"a call whose answer is elsewhere",
     {.kind = PARLEY_EVENT_SDP, .call_id = PARLEY_VIEW("rtc_1")},
     "-- call rtc_1 is created --\n"},
    {"speech begins", {.kind = PARLEY_EVENT_SPEECH_STARTED}, ""},
    {"speech ends", {.kind = PARLEY_EVENT_SPEECH_STOPPED}, ""},
    {"more of the user", {.kind = PARLEY_EVENT_USER_DELTA, .text = PARLEY_VIEW("Hel")}, ""},
    {"the user", {.kind = PARLEY_EVENT_USER_DONE, .text = PARLEY_VIEW(" Hello! \n")}, "you: Hello!\n"},
    {"more of the model", {.kind = PARLEY_EVENT_REPLY_DELTA, .text = PARLEY_VIEW("Good")}, ""},
    {"the model", {.kind = PARLEY_EVENT_REPLY_DONE, .text = PARLEY_VIEW("Good day.")}, "parley: Good day.\n"},
    {"a model that says nothing", {.kind = PARLEY_EVENT_REPLY_DONE, .text = PARLEY_VIEW("")}, ""},
    {"sound", {.kind = PARLEY_EVENT_AUDIO, .samples = 480}, ""},
    {"a handoff",
     {.kind = PARLEY_EVENT_HANDOFF, .text = PARLEY_VIEW("count\nfiles")},
     "[agent] asked: count files\n"},
    {"steering",
     {.kind = PARLEY_EVENT_HANDOFF, .text = PARLEY_VIEW("all"), .steering = true},
     "[agent] also asked: all\n"},
    {"chosen silence", {.kind = PARLEY_EVENT_SILENCE}, "-- the model chose to say nothing --\n"},
    {"an interruption",
     {.kind = PARLEY_EVENT_INTERRUPTED, .heard_ms = 1449},
     "-- interrupted after 1.4 s --\n"},
    {"one at once", {.kind = PARLEY_EVENT_INTERRUPTED, .heard_ms = 0}, "-- interrupted after 0.0 s --\n"},
    {"a break",
     {.kind = PARLEY_EVENT_RECONNECTING,
      .text = PARLEY_VIEW("open: the connection broke"),
      .attempt = 2,
      .wait_ms = 731},
     "-- open: the connection broke; connecting again in 0.7 s (attempt 2) --\n"},
    {"its end",
     {.kind = PARLEY_EVENT_RECONNECTED, .gap_ms = 1949, .state_restored = true},
     "-- connected again after 1.9 s --\n"},
    {"its end, not as before",
     {.kind = PARLEY_EVENT_RECONNECTED, .gap_ms = 61000, .text = PARLEY_VIEW("speech")},
     "-- connected again after 61.0 s; lost: speech --\n"},
    {"speech shed",
     {.kind = PARLEY_EVENT_SHED, .samples = 4800},
     "-- 200 ms of your speech were dropped: the link is too slow --\n"},
    {"something left out",
     {.kind = PARLEY_EVENT_SKIPPED, .text = PARLEY_VIEW("no JSON at byte 3")},
     "-- left out: no JSON at byte 3 --\n"},
    {"an error that can be survived",
     {.kind = PARLEY_EVENT_ERROR, .text = PARLEY_VIEW("no such item"), .code = PARLEY_VIEW("item_missing")},
     "error: no such item (item_missing)\n"},
    {"one without a code", {.kind = PARLEY_EVENT_ERROR, .text = PARLEY_VIEW("no")}, "error: no\n"},
    {"one that ends it is said at the end",
     {.kind = PARLEY_EVENT_ERROR, .text = PARLEY_VIEW("lost"), .fatal = true},
     ""},
    {"a reply that was made",
     {.kind = PARLEY_EVENT_RESPONSE_DONE, .status_text = PARLEY_VIEW("completed")},
     ""},
    {"a reply that failed",
     {.kind = PARLEY_EVENT_RESPONSE_DONE,
      .status_text = PARLEY_VIEW("failed"),
      .text = PARLEY_VIEW("no quota")},
     "error: the reply is failed: no quota\n"},
    {"the end",
     {.kind = PARLEY_EVENT_CLOSED, .closed = PARLEY_CLOSED_REQUESTED},
     "-- closed: requested --\n"},
    {"what the model says cannot touch the terminal",
     {.kind = PARLEY_EVENT_REPLY_DONE,
      .text = PARLEY_VIEW("a\033]0;title\a\xc2\x9b"
                          "31mb")},
     "parley: a?]0;title??31mb\n"},
    {"nor what the user is heard to say",
     {.kind = PARLEY_EVENT_USER_DONE, .text = PARLEY_VIEW("a\r\033[2Jb")},
     "you: a ?[2Jb\n"},
    {"nor an error",
     {.kind = PARLEY_EVENT_ERROR, .text = PARLEY_VIEW("\033[31m"), .code = PARLEY_VIEW("\033c")},
     "error: ?[31m (?c)\n"},
    {"nor what the agent is asked",
     {.kind = PARLEY_EVENT_HANDOFF, .text = PARLEY_VIEW("\033[5m")},
     "[agent] asked: ?[5m\n"},
};

static void a_line_for_each_finished_thing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        const char *line;

        begin(false, false, 80);
        see(events[i].event);
        line = written();
        if (strcmp(line, events[i].line) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", events[i].title, line, events[i].line);
    }
}

static void every_event_can_be_shown(void **state)
{
    (void)state;
    for (int kind = PARLEY_EVENT_LINK; kind <= PARLEY_EVENT_CLOSED; kind++)
        for (int live = 0; live < 2; live++) {
            begin(live, false, 20);
            SEE(.kind = (enum parley_event_kind)kind); /* all its texts absent */
            parley_cli_screen_draw(&screen, 10 * S);
        }
}

static void what_the_agent_does(void **state)
{
    (void)state;
    begin(false, false, 80);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_STARTED, parley_view(NULL), 1 * S);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_SAID, parley_view("two\nlines\033"), 2 * S);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_FAILED, parley_view("no"), 2 * S);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_LOST, parley_view("too long"), 2 * S);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_DONE, parley_view(NULL), 3 * S + 200000);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_DROPPED, parley_view("stale"), 4 * S);
    assert_string_equal(written(), "[agent] two lines?\n"
                                   "[agent] no\n"
                                   "[agent] a message was left out: too long\n"
                                   "[agent] finished after 2.2 s\n"
                                   "[agent] stopped: stale\n");
}

static void what_the_program_says(void **state)
{
    (void)state;
    begin(false, false, 80);
    parley_cli_screen_typed(&screen, parley_view("hello"));
    parley_cli_screen_note(&screen, "a note");
    parley_cli_screen_wrong(&screen, "a fault");
    assert_string_equal(written(), "you (typed): hello\n-- a note --\nerror: a fault\n");
}

static void quiet_is_quiet_but_for_errors(void **state)
{
    (void)state;
    begin(false, false, 80);
    screen.quiet = true;
    TEXT(PARLEY_EVENT_USER_DONE, "hello");
    parley_cli_screen_note(&screen, "a note");
    parley_cli_screen_typed(&screen, parley_view("hello"));
    TEXT(PARLEY_EVENT_ERROR, "a fault");
    assert_string_equal(written(), "error: a fault\n");
}

/* ---- replies that are cut -------------------------------------------------------------------- */

static void a_reply_cut_while_it_is_told_shows_what_was_told(void **state)
{
    (void)state;
    begin(false, false, 80);
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_1", "One, two, ");
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_1", "three, ");
    SEE(.kind = PARLEY_EVENT_INTERRUPTED, .item_id = parley_view("item_1"), .heard_ms = 900);
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_1", "four, "); /* nobody hears that */
    ITEM(PARLEY_EVENT_REPLY_DONE, "item_1", "One, two, three, four, five.");
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_2", "Yes?");
    ITEM(PARLEY_EVENT_REPLY_DONE, "item_2", "Yes?");
    assert_string_equal(written(),
                        "parley: One, two, three, ...\n-- interrupted after 0.9 s --\nparley: Yes?\n");
}

static void a_reply_cut_after_it_was_told_is_not_told_twice(void **state)
{
    (void)state;
    begin(false, false, 80);
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_1", "One, two.");
    ITEM(PARLEY_EVENT_REPLY_DONE, "item_1", "One, two.");
    SEE(.kind = PARLEY_EVENT_INTERRUPTED, .item_id = parley_view("item_1"), .heard_ms = 900);
    assert_string_equal(written(), "parley: One, two.\n-- interrupted after 0.9 s --\n");
}

static void an_end_shows_what_was_told_so_far(void **state)
{
    (void)state;
    begin(false, false, 80);
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_1", "One, two");
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_2", "Three");
    SEE(.kind = PARLEY_EVENT_CLOSED, .closed = PARLEY_CLOSED_TRANSPORT);
    assert_string_equal(written(),
                        "parley: One, two ...\nparley: Three ...\n-- closed: transport_closed --\n");
}

/* ---- a terminal ------------------------------------------------------------------------------ */

static void rows_below_are_drawn_anew(void **state)
{
    (void)state;
    begin(true, false, 30);
    parley_cli_screen_draw(&screen, 1 * S);
    assert_string_equal(written(), "connecting ");
    TEXT(PARLEY_EVENT_LINK, "tls");
    parley_cli_screen_draw(&screen, 2 * S);
    assert_string_equal(written(), "\r\033[Jconnecting tls");
    SEE(.kind = PARLEY_EVENT_STARTED);
    SEE(.kind = PARLEY_EVENT_SPEECH_STARTED);
    parley_cli_screen_draw(&screen, 3 * S);
    assert_string_equal(written(), "\r\033[J-- the conversation has\n  started --\nyou: ...\nyou speak");
    TEXT(PARLEY_EVENT_USER_DELTA, "What a long sentence this has become");
    parley_cli_screen_draw(&screen, 4 * S);
    assert_string_equal(written(), "\r\033[1A\033[Jyou: sentence this has become\nyou speak");
    SEE(.kind = PARLEY_EVENT_SPEECH_STOPPED);
    TEXT(PARLEY_EVENT_USER_DONE, "What a long sentence this has become.");
    ITEM(PARLEY_EVENT_REPLY_DELTA, "item_1", "Yes");
    parley_cli_screen_draw(&screen, 5 * S);
    assert_string_equal(written(), "\r\033[1A\033[Jyou: What a long sentence this\n  has become.\n"
                                   "parley: Yes\nparley speaks");
    parley_cli_screen_close(&screen);
    assert_string_equal(written(), "\r\033[1A\033[J");
}

static void the_agent_and_the_typed_line_are_shown(void **state)
{
    (void)state;
    begin(true, false, 40);
    screen.prompts = true;
    SEE(.kind = PARLEY_EVENT_STARTED);
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_STARTED, parley_view(NULL), 1 * S);
    parley_cli_screen_typing(&screen, parley_view("hello\033"));
    parley_cli_screen_draw(&screen, 13 * S);
    assert_string_equal(written(), "-- the conversation has started --\n"
                                   "listening, the agent works (12 s)\n> hello?");
    parley_cli_screen_playing(&screen, true);
    parley_cli_screen_draw(&screen, 14 * S);
    assert_string_equal(written(), "\r\033[1A\033[Jparley speaks, the agent works (13 s)\n> hello?");
}

static void nothing_is_drawn_twice_or_too_often(void **state)
{
    (void)state;
    begin(true, false, 80);
    SEE(.kind = PARLEY_EVENT_STARTED);
    parley_cli_screen_draw(&screen, 1 * S);
    written();
    assert_true(parley_cli_screen_deadline_us(&screen) == PARLEY_NEVER);
    SEE(.kind = PARLEY_EVENT_SPEECH_STARTED);
    assert_int_equal(parley_cli_screen_deadline_us(&screen), 1 * S + 50000);
    parley_cli_screen_draw(&screen, 1 * S + 49999);
    assert_string_equal(written(), "");
    parley_cli_screen_draw(&screen, 1 * S + 50000);
    assert_string_equal(written(), "\r\033[Jyou: ...\nyou speak");
    SEE(.kind = PARLEY_EVENT_AUDIO, .samples = 480);
    parley_cli_screen_draw(&screen, 2 * S);
    assert_string_equal(written(), ""); /* it would look the same */
    parley_cli_screen_agent(&screen, PARLEY_CLI_AGENT_STARTED, parley_view(NULL), 2 * S);
    parley_cli_screen_draw(&screen, 3 * S);
    assert_int_equal(parley_cli_screen_deadline_us(&screen), 4 * S); /* a clock is running */
}

static void no_row_is_wider_than_the_terminal(void **state)
{
    (void)state;
    for (size_t columns = 1; columns < 60; columns++) {
        const char *text;
        size_t width = 0;

        begin(true, false, columns);
        SEE(.kind = PARLEY_EVENT_SPEECH_STARTED);
        TEXT(PARLEY_EVENT_USER_DELTA, "世界 e\xcc\x81t\xcc\x81 und so weiter, mit einem langen Satz");
        parley_cli_screen_draw(&screen, 1 * S);
        for (text = written(); *text != '\0'; text++) {
            width = *text == '\n' ? 0 : width + ((*text & 0xc0) != 0x80 && (unsigned char)*text != 0xcc);
            width += (unsigned char)*text == 0xe4 || (unsigned char)*text == 0xe7; /* the two wide ones */
            assert_in_range(width, 0,
                            columns > 13 ? columns - 1 : 14); /* "connecting" has a width of its own */
        }
    }
}

static void colours_are_switched_off_again(void **state)
{
    (void)state;
    begin(true, true, 80);
    TEXT(PARLEY_EVENT_USER_DONE, "hello");
    assert_string_equal(written(), "\033[36myou: \033[0mhello\n");
    parley_cli_screen_note(&screen, "a note");
    assert_string_equal(written(), "\033[2m-- a note --\033[0m\n");
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void long_texts_are_cut(void **state)
{
    static char text[300000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    for (int live = 0; live < 2; live++) {
        begin(live, true, 10);
        TEXT(PARLEY_EVENT_REPLY_DELTA, text);
        TEXT(PARLEY_EVENT_REPLY_DELTA, text);
        TEXT(PARLEY_EVENT_REPLY_DONE, text);
        assert_int_equal(out.lost, 0);
        assert_in_range(parley_ring_used(&out.ring), PARLEY_CLI_SCREEN_TEXT, PARLEY_CLI_SCREEN_ROOM);
    }
}

static void a_terminal_that_is_stuck_gets_no_picture(void **state)
{
    static const char filling[BYTES];

    (void)state;
    begin(true, false, 80);
    parley_cli_output_put(&out, filling, BYTES - 100);
    parley_cli_screen_draw(&screen, 1 * S);
    assert_int_equal(parley_ring_used(&out.ring), BYTES - 100);
    assert_int_equal(parley_cli_screen_deadline_us(&screen), 1 * S + 50000); /* and nobody spins over it */
    written();
    parley_cli_screen_draw(&screen, 2 * S);
    assert_string_equal(written(), "connecting ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_each_finished_thing),
        cmocka_unit_test(every_event_can_be_shown),
        cmocka_unit_test(what_the_agent_does),
        cmocka_unit_test(what_the_program_says),
        cmocka_unit_test(quiet_is_quiet_but_for_errors),
        cmocka_unit_test(a_reply_cut_while_it_is_told_shows_what_was_told),
        cmocka_unit_test(a_reply_cut_after_it_was_told_is_not_told_twice),
        cmocka_unit_test(an_end_shows_what_was_told_so_far),
        cmocka_unit_test(rows_below_are_drawn_anew),
        cmocka_unit_test(the_agent_and_the_typed_line_are_shown),
        cmocka_unit_test(nothing_is_drawn_twice_or_too_often),
        cmocka_unit_test(no_row_is_wider_than_the_terminal),
        cmocka_unit_test(colours_are_switched_off_again),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(a_terminal_that_is_stuck_gets_no_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
