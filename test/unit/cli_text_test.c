/* Text of others on our terminal: cleaned, measured, wrapped. */
#include "cli_test.h"

#include "core/cli/text.h"
#include "parser/utf8.h"

static const struct {
    const char *title, *text, *clean;
    size_t bytes; /* of the buffer; 0: plenty */
} cleanings[] = {
    {"plain text", "Grüße, 世界", "Grüße, 世界", 0},
    {"lines become one", "a\nb\r\nc\td", "a b  c d", 0},
    {"colours stay out", "\033[31mred\033[0m", "?[31mred?[0m", 0},
    {"a title sequence stays out", "\033]0;x\a", "?]0;x?", 0},
    {"C1 control characters",
     "a\xc2\x9b"
     "31m",
     "a?31m", 0},
    {"delete and backspace", "a\x7f\b", "a??", 0},
    {"text that turns what follows around", "a\u202eb\u2066c", "a?b?c", 0},
    {"a line separator", "a\u2028b", "a?b", 0},
    {"bytes that are no UTF-8", "a\xff\xc3(b", "a\ufffd\ufffd(b", 0},
    {"half a character at the end", "a\xe4\xb8", "a\ufffd\ufffd", 0},
    {"an overlong form", "\xc0\xaf", "\ufffd\ufffd", 0},
    {"too long: cut with a mark", "0123456789", "01234...", 8},
    {"too long: never inside a character", "ääääää", "ää...", 8},
    {"it just fits", "01234567", "01234567", 8},
};

static void clean_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cleanings); i++) {
        char out[200];
        size_t bytes = cleanings[i].bytes != 0 ? cleanings[i].bytes : sizeof out;
        size_t len = parley_cli_text_clean(out, bytes, parley_view(cleanings[i].text));

        if (!parley_view_is(parley_view_of(out, len), cleanings[i].clean))
            fail_msg("%s: %.*s", cleanings[i].title, (int)len, out);
    }
}

/* Whatever comes in, what goes out is UTF-8 without a control character. */
static void any_bytes_become_clean(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        char in[64], out[200];
        size_t len = (size_t)round % sizeof in, got;

        for (size_t i = 0; i < len; i++) {
            random = random * 1664525 + 1013904223;
            in[i] = (char)(random >> 24);
        }
        got = parley_cli_text_clean(out, (size_t)round % sizeof out, parley_view_of(in, len));
        assert_true(got <= (size_t)round % sizeof out);
        assert_true(parley_utf8_valid(parley_view_of(out, got)));
        for (size_t i = 0; i < got; i++)
            assert_true((unsigned char)out[i] >= ' ' && out[i] != 127);
        got = parley_cli_text_repair(out, sizeof out, parley_view_of(in, len));
        assert_true(got <= 3 * len);
        assert_true(parley_utf8_valid(parley_view_of(out, got)));
    }
}

static void repair_leaves_what_is_valid(void **state)
{
    static const char text[] = "a\033[1m\n\xff\u00e4";
    char out[100];
    size_t len = parley_cli_text_repair(out, sizeof out, parley_view(text));

    (void)state;
    assert_true(parley_view_is(parley_view_of(out, len), "a\033[1m\n\ufffd\u00e4"));
    assert_int_equal(parley_cli_text_repair(out, 7, parley_view("ääää")), 6);
}

static void unfinished_characters(void **state)
{
    static const struct {
        const char *text;
        size_t whole;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {"a\xc3", 1},
        {"\xc3\xa4", 2},
        {"\xe4\xb8", 0},
        {"x\xe4", 1},
        {"\xf0\x9f\x98", 0},
        {"\xf0\x9f\x98\x80", 4},
        {"\x80\x80\x80\x80", 4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(parley_cli_text_whole(parley_view(cases[i].text)), cases[i].whole);
}

static void columns(void **state)
{
    (void)state;
    assert_int_equal(parley_cli_text_width(parley_view("abc")), 3);
    assert_int_equal(parley_cli_text_width(parley_view("äöü")), 3);
    assert_int_equal(parley_cli_text_width(parley_view("世界")), 4);
    assert_int_equal(parley_cli_text_width(parley_view("e\u0301")), 1);
    assert_int_equal(parley_cli_text_width(parley_view("\U0001f600")), 2);
    assert_int_equal(parley_cli_text_width(parley_view("")), 0);
}

static const struct {
    const char *text;
    size_t columns;
    const char *tail, *line;
} cuts[] = {
    {"one two three", 20, "one two three", "one two three"},
    {"one two three", 13, "one two three", "one two three"},
    {"one two three", 9, "two three", "one two"},
    {"one two three", 7, "o three", "one two"},
    {"one two three", 6, " three", "one"},
    {"onetwothree", 4, "hree", "onet"},
    {"世界世界", 5, "世界", "世界"},
    {"世界", 1, "", "世"}, /* a line has at least one character, or wrapping would not end */
    {"", 5, "", ""},
};

static void tails_and_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cuts); i++) {
        struct parley_view text = parley_view(cuts[i].text);
        struct parley_view tail = parley_cli_text_tail(text, cuts[i].columns);
        struct parley_view line = parley_cli_text_line(text, cuts[i].columns);

        if (!parley_view_is(tail, cuts[i].tail) || !parley_view_is(line, cuts[i].line))
            fail_msg("\"%s\" in %zu columns: \"%.*s\", \"%.*s\"", cuts[i].text, cuts[i].columns,
                     (int)tail.len, tail.at, (int)line.len, line.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_text),
        cmocka_unit_test(any_bytes_become_clean),
        cmocka_unit_test(repair_leaves_what_is_valid),
        cmocka_unit_test(unfinished_characters),
        cmocka_unit_test(columns),
        cmocka_unit_test(tails_and_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
