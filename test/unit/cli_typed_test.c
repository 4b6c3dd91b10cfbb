/* Lines from standard input: in pieces, edited, too long, not text. */
#include "cli_test.h"

#include "core/cli/typed.h"

static struct parley_cli_typed typed;

static void type(const char *text)
{
    parley_fake_input(text, strlen(text));
    parley_cli_typed_work(&typed, true);
}

static void expect(enum parley_cli_line kind, const char *text)
{
    struct parley_view line;

    assert_int_equal(parley_cli_typed_line(&typed, &line), kind);
    if (text != NULL)
        assert_true(parley_view_is(line, text));
    if (kind != PARLEY_CLI_LINE_NONE)
        parley_cli_typed_taken(&typed);
}

static void lines_come_one_at_a_time(void **state)
{
    struct parley_interest want;
    struct parley_view line;

    (void)state;
    parley_cli_typed_open(&typed, 0, false);
    type("hel");
    expect(PARLEY_CLI_LINE_NONE, NULL);
    assert_int_equal(parley_cli_typed_interest(&typed, &want), 1);
    type("lo\n  two  \n\nfour");
    assert_int_equal(parley_cli_typed_line(&typed, &line), PARLEY_CLI_LINE_TEXT);
    assert_int_equal(parley_cli_typed_interest(&typed, &want), 0); /* it has to be taken first */
    expect(PARLEY_CLI_LINE_TEXT, "hello");
    expect(PARLEY_CLI_LINE_TEXT, "two");
    expect(PARLEY_CLI_LINE_EMPTY, NULL);
    expect(PARLEY_CLI_LINE_NONE, NULL);
    assert_false(parley_cli_typed_over(&typed));
    parley_fake_input_end();
    parley_cli_typed_work(&typed, true);
    assert_false(parley_cli_typed_over(&typed));
    expect(PARLEY_CLI_LINE_TEXT, "four"); /* without its newline */
    assert_true(parley_cli_typed_over(&typed));
    assert_int_equal(parley_cli_typed_interest(&typed, &want), 0);
}

static void nothing_is_read_before_it_is_ready(void **state)
{
    (void)state;
    parley_cli_typed_open(&typed, 0, false);
    parley_fake_input("x\n", 2);
    parley_cli_typed_work(&typed, false);
    expect(PARLEY_CLI_LINE_NONE, NULL);
    parley_cli_typed_work(&typed, true);
    expect(PARLEY_CLI_LINE_TEXT, "x");
}

static void long_lines_are_told_and_left_out(void **state)
{
    static char text[PARLEY_CLI_LINE + 2];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t len = PARLEY_CLI_LINE; len <= PARLEY_CLI_LINE + 1; len++) {
        parley_cli_typed_open(&typed, 0, false);
        parley_fake_input(text, len);
        parley_fake_input("\nnext\n", 6);
        for (int i = 0; i < 20; i++)
            parley_cli_typed_work(&typed, true);
        expect(len == PARLEY_CLI_LINE ? PARLEY_CLI_LINE_TEXT : PARLEY_CLI_LINE_TOO_LONG, NULL);
        parley_cli_typed_work(&typed, true);
        expect(PARLEY_CLI_LINE_TEXT, "next");
    }
}

static void lines_that_are_not_text_are_told(void **state)
{
    (void)state;
    parley_cli_typed_open(&typed, 0, false);
    type("a\xff\nb\n");
    expect(PARLEY_CLI_LINE_INVALID, NULL);
    expect(PARLEY_CLI_LINE_TEXT, "b");
}

static const struct {
    const char *title, *keys, *line;
} edits[] = {
    {"letters", "abc\r", "abc"},
    {"backspace", "abx\177c\r", "abc"},
    {"backspace takes a whole character", "aä\177b\r", "ab"},
    {"backspace on nothing", "\177\177a\r", "a"},
    {"Ctrl-H as well", "ab\bc\r", "ac"},
    {"Ctrl-U takes all", "abc\025d\r", "d"},
    {"Ctrl-W takes a word", "one two \027three\n", "one three"},
    {"arrow keys mean nothing", "a\033[Ab\033[1;5Cc\033OHd\r", "abcd"},
    {"a key with Alt means nothing", "a\033bc\r", "ac"},
    {"control characters stay out", "a\001b\002\r", "ab"},
    {"Ctrl-D inside a line means nothing", "a\004b\r", "ab"},
};

static void lines_are_edited(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edits); i++) {
        struct parley_view line;

        parley_cli_typed_open(&typed, 0, true);
        type(edits[i].keys);
        parley_cli_typed_line(&typed, &line);
        if (!parley_view_is(line, edits[i].line))
            fail_msg("%s: %.*s", edits[i].title, (int)line.len, line.at);
    }
}

static void the_unfinished_line_is_shown(void **state)
{
    (void)state;
    parley_cli_typed_open(&typed, 0, true);
    type("ab");
    assert_true(parley_view_is(parley_cli_typed_unfinished(&typed), "ab"));
    type("\r");
    assert_int_equal(parley_cli_typed_unfinished(&typed).len, 0);
    expect(PARLEY_CLI_LINE_TEXT, "ab");
    type("\004");
    assert_true(parley_cli_typed_over(&typed)); /* Ctrl-D on an empty line */
}

static void no_input_is_over_at_once(void **state)
{
    struct parley_interest want;

    (void)state;
    parley_cli_typed_open(&typed, -1, false);
    assert_true(parley_cli_typed_over(&typed));
    assert_int_equal(parley_cli_typed_interest(&typed, &want), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_come_one_at_a_time, fresh),
        cmocka_unit_test_setup(nothing_is_read_before_it_is_ready, fresh),
        cmocka_unit_test_setup(long_lines_are_told_and_left_out, fresh),
        cmocka_unit_test_setup(lines_that_are_not_text_are_told, fresh),
        cmocka_unit_test_setup(lines_are_edited, fresh),
        cmocka_unit_test_setup(the_unfinished_line_is_shown, fresh),
        cmocka_unit_test_setup(no_input_is_over_at_once, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
