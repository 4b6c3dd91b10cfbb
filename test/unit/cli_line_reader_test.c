/* Lines of bounded length: against a model that has all of the input at once, however it arrives. */
#include "cli_test.h"

#include "core/cli/line_reader.h"

#include <stdlib.h>

enum { LINE = 16, OUT = 4096 };

static char memory[LINE + 64];
static struct parley_cli_line_reader reader;

static int begin(void **state)
{
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    fresh(state);
    parley_cli_line_reader_open(&reader, 0, &arena, LINE);
    assert_false(arena.failed);
    return 0;
}

/* ---- as text: "[line]" for each line, "<beginning>" for one that is too long --------------------- */

static void note(char *out, const char *brackets, const char *line, size_t len)
{
    size_t used = strlen(out);

    assert_true(used + len + 3 < OUT);
    snprintf(out + used, OUT - used, "%c%.*s%c", brackets[0], (int)len, line, brackets[1]);
}

/* Takes all lines there are. */
static void take_lines(char *out)
{
    enum parley_cli_line_kind kind;
    char *line;
    size_t len;

    while ((kind = parley_cli_line_reader_next(&reader, &line, &len)) != PARLEY_CLI_LINE_READ_NONE)
        note(out, kind == PARLEY_CLI_LINE_READ_WHOLE ? "[]" : "<>", line, len);
}

/* What comes out when the input arrives `piece` bytes at a time. */
static void read_in_pieces(char *out, const char *input, size_t len, size_t piece)
{
    out[0] = '\0';
    begin(NULL);
    for (size_t at = 0; at < len; at += piece) {
        parley_fake_input(input + at, len - at < piece ? len - at : piece);
        for (int i = 0; i < 4; i++) { /* a full buffer takes the rest when lines were taken */
            parley_cli_line_reader_fill(&reader);
            take_lines(out);
        }
    }
    assert_false(reader.ended);
    parley_fake_input_end();
    for (int i = 0; i < 4; i++) {
        parley_cli_line_reader_fill(&reader);
        take_lines(out);
    }
    assert_true(reader.ended);
    assert_false(parley_cli_line_reader_wants(&reader));
}

/* A line fits when it, with its line break, is not longer than the buffer; one that fills it without a line
   break might go on. */
static void model(char *out, const char *input, size_t len)
{
    out[0] = '\0';
    for (size_t at = 0; at < len;) {
        const char *newline = memchr(input + at, '\n', len - at);
        size_t line = newline != NULL ? (size_t)(newline - input) - at : len - at;
        size_t whole = newline != NULL ? line + 1 : line;

        if (whole > LINE || (newline == NULL && line == LINE)) {
            size_t shown = LINE; /* the beginning, a CR at its end taken for that of a line break */
            note(out, "<>", input + at, shown - (input[at + shown - 1] == '\r'));
        } else {
            note(out, "[]", input + at, line - (line > 0 && input[at + line - 1] == '\r'));
        }
        at += whole;
    }
}

static void lines_come_whole_however_they_arrive(void **state)
{
    static const char *const inputs[] = {
        "",
        "\n",
        "one\n",
        "one\ntwo\n\nthree",
        "one\r\n\r\ntwo\r\n",
        "123456789012345\n",  /* exactly as long as the buffer */
        "1234567890123456\n", /* too long by its line break */
        "12345678901234567\nnext\n",
        "much too long to fit in, and yet it ends here\nnext\nmuch too long again, to the very end",
        "1234567890123456", /* fills it, and then nothing comes */
        "a\nbb\nccc\ndddd\neeeee\nffffff\nggggggg\nhhhhhhhh\niiiiiiiii\njjjjjjjjjj\n",
    };
    char got[OUT], wanted[OUT];

    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++)
        for (size_t piece = 1; piece <= 40; piece++) {
            model(wanted, inputs[i], strlen(inputs[i]));
            read_in_pieces(got, inputs[i], strlen(inputs[i]), piece);
            if (strcmp(got, wanted) != 0)
                fail_msg("%s, %zu at a time: %s instead of %s", inputs[i], piece, got, wanted);
        }
}

static void any_input_comes_out_as_the_model_says(void **state)
{
    char input[200], got[OUT], wanted[OUT];

    (void)state;
    srand(7);
    for (int round = 0; round < 3000; round++) {
        size_t len = (size_t)rand() % sizeof input;

        for (size_t i = 0; i < len; i++)
            input[i] = "abc\r\n"[rand() % (round % 2 == 0 ? 5 : 4)];
        model(wanted, input, len);
        read_in_pieces(got, input, len, (size_t)rand() % 30 + 1);
        assert_string_equal(got, wanted);
    }
}

static void a_broken_input_has_ended(void **state)
{
    (void)state;
    reader.fd = 77;
    parley_cli_line_reader_fill(&reader);
    assert_true(reader.ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_come_whole_however_they_arrive, begin),
        cmocka_unit_test_setup(any_input_comes_out_as_the_model_says, begin),
        cmocka_unit_test_setup(a_broken_input_has_ended, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
