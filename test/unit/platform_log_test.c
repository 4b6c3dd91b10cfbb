/* Lines for a log: which are written, how long, and that they cannot play tricks on a terminal. */
#include "platform/log.h"
#include "platform/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct sink {
    int lines;
    enum parley_log_level level;
    char text[512];
};

static void write_line(void *user, enum parley_log_level level, struct parley_view line)
{
    struct sink *sink = user;

    sink->lines++;
    sink->level = level;
    memcpy(sink->text, line.at, line.len);
    sink->text[line.len] = '\0';
}

static struct parley_log log_into(struct sink *sink, enum parley_log_level level)
{
    struct parley_log log = {.write = write_line, .user = sink, .level = level};

    return log;
}

static void a_line_is_formatted_and_handed_over(void **state)
{
    struct sink sink = {0};
    struct parley_log log = log_into(&sink, PARLEY_LOG_DEBUG);

    (void)state;
    parley_log_line(&log, PARLEY_LOG_WARN, "connect: %s:%d", "192.0.2.7", 443);
    assert_string_equal(sink.text, "connect: 192.0.2.7:443");
    assert_int_equal(sink.level, PARLEY_LOG_WARN);
    parley_log_line(&log, PARLEY_LOG_INFO, "%s", "");
    assert_string_equal(sink.text, "");
    assert_int_equal(sink.lines, 2);
}

static void lines_above_the_level_are_left_out(void **state)
{
    static const enum parley_log_level levels[] = {PARLEY_LOG_ERROR, PARLEY_LOG_WARN, PARLEY_LOG_INFO,
                                                   PARLEY_LOG_DEBUG};

    (void)state;
    for (int wanted = 0; wanted < 4; wanted++) {
        struct sink sink = {0};
        struct parley_log log = log_into(&sink, levels[wanted]);

        for (int i = 0; i < 4; i++)
            parley_log_line(&log, levels[i], "line");
        assert_int_equal(sink.lines, wanted + 1);
    }
}

static void silence_needs_no_sink(void **state)
{
    struct parley_log log = {.level = PARLEY_LOG_DEBUG};

    (void)state;
    parley_log_line(&log, PARLEY_LOG_ERROR, "nobody hears this");
    parley_log_line(NULL, PARLEY_LOG_ERROR, "nor this");
}

static void a_long_line_is_cut_at_a_whole_character(void **state)
{
    struct sink sink = {0};
    struct parley_log log = log_into(&sink, PARLEY_LOG_INFO);
    char text[300];

    (void)state;
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    parley_log_line(&log, PARLEY_LOG_INFO, "%s", text);
    assert_int_equal(strlen(sink.text), 240);
    memcpy(text + 239, "\xc3\xa9", 2); /* the 240th byte is the first half of a character */
    parley_log_line(&log, PARLEY_LOG_INFO, "%s", text);
    assert_int_equal(strlen(sink.text), 239);
}

static void control_characters_are_shown_as_question_marks(void **state)
{
    static const struct {
        const char *title, *given, *shown;
    } cases[] = {
        {"a new line", "one\ntwo\r", "one?two?"},
        {"an escape sequence", "\x1b[31mred", "?[31mred"},
        {"delete and tab", "a\x7f\tb", "a??b"},
        {"the same in one C1 character",
         "\xc2\x9b"
         "31m",
         "??31m"},
        {"other characters of two bytes stay", "\xc2\xa9 \xc3\xa9", "\xc2\xa9 \xc3\xa9"},
        {"half a C1 character at the end", "a\xc2", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sink sink = {0};
        struct parley_log log = log_into(&sink, PARLEY_LOG_INFO);

        parley_log_line(&log, PARLEY_LOG_INFO, "%s", cases[i].given);
        if (strcmp(sink.text, cases[i].shown) != 0)
            fail_msg("%s: '%s'", cases[i].title, sink.text);
    }
}

static void a_text_is_cut_between_characters(void **state)
{
    static const struct {
        const char *title, *text;
        size_t limit, cut;
    } cases[] = {
        {"it fits", "abc", 5, 3},
        {"it does not", "abcdef", 4, 4},
        {"nothing", "abc", 0, 0},
        {"an empty one", "", 4, 0},
        {"two bytes, whole", "a\xc3\xa9", 3, 3},
        {"two bytes, half", "a\xc3\xa9", 2, 1},
        {"three bytes, two of them", "\xe2\x82\xac", 2, 0},
        {"four bytes, three of them", "ab\xf0\x9f\x8e\xa4", 5, 2},
        {"four bytes, whole", "ab\xf0\x9f\x8e\xa4", 6, 6},
        {"nothing but continuation bytes", "\x80\x80\x80\x80\x80\x80", 5, 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t cut = parley_text_cut(parley_view(cases[i].text), cases[i].limit);

        if (cut != cases[i].cut)
            fail_msg("%s: %zu", cases[i].title, cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_formatted_and_handed_over),
        cmocka_unit_test(lines_above_the_level_are_left_out),
        cmocka_unit_test(silence_needs_no_sink),
        cmocka_unit_test(a_long_line_is_cut_at_a_whole_character),
        cmocka_unit_test(control_characters_are_shown_as_question_marks),
        cmocka_unit_test(a_text_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
