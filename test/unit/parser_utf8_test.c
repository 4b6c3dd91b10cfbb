/* parser/utf8: the check against one written straight from the table of RFC 3629, whole and in pieces. */
#include "test/unit/parser_test.h"

#include "parser/utf8.h"

/* How many bytes of `text` UTF-8 can begin with; *whole tells whether it could end there. By the table of
   RFC 3629, section 4, and in no hurry. */
static size_t expected_good(const unsigned char *text, size_t len, bool *whole)
{
    static const unsigned char rows[][8] = {
        /* first from, to; then from, to of each byte that follows */
        {0x00, 0x7F, 0},
        {0xC2, 0xDF, 0x80, 0xBF},
        {0xE0, 0xE0, 0xA0, 0xBF, 0x80, 0xBF},
        {0xE1, 0xEC, 0x80, 0xBF, 0x80, 0xBF},
        {0xED, 0xED, 0x80, 0x9F, 0x80, 0xBF},
        {0xEE, 0xEF, 0x80, 0xBF, 0x80, 0xBF},
        {0xF0, 0xF0, 0x90, 0xBF, 0x80, 0xBF, 0x80, 0xBF},
        {0xF1, 0xF3, 0x80, 0xBF, 0x80, 0xBF, 0x80, 0xBF},
        {0xF4, 0xF4, 0x80, 0x8F, 0x80, 0xBF, 0x80, 0xBF},
    };
    size_t at = 0;
    *whole = true;
    while (at < len) {
        const unsigned char *row = NULL;
        for (size_t i = 0; i < COUNT(rows); i++)
            if (text[at] >= rows[i][0] && text[at] <= rows[i][1])
                row = rows[i];
        if (row == NULL)
            return at;
        at++;
        for (size_t i = 2; i < 8 && row[i] != 0; i += 2, at++) {
            *whole = at < len;
            if (at == len || text[at] < row[i] || text[at] > row[i + 1]) {
                *whole = false;
                return at;
            }
        }
    }
    return at;
}

static void check(const unsigned char *text, size_t len)
{
    struct parley_utf8 state = {0};
    struct parley_view view = parley_view_of((const char *)text, len);
    bool whole;
    size_t good = expected_good(text, len, &whole), got = parley_utf8_feed(&state, view);
    if (got != good || parley_utf8_valid(view) != (good == len && whole) ||
        (good == len && (state.need == 0) != whole))
        fail_msg("%02x %02x %02x %02x (%zu bytes): good to %zu instead of %zu", text[0], text[1], text[2],
                 text[3], len, got, good);
}

static void every_pair_and_the_edges_of_longer_ones(void **unused)
{
    (void)unused;
    static const unsigned char edges[] = {0x00, 0x22, 0x7F, 0x80, 0x8F, 0x90,
                                          0x9F, 0xA0, 0xBF, 0xC0, 0xF4, 0xFF};
    unsigned char text[4] = {0};
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        text[0] = (unsigned char)(pair >> 8);
        text[1] = (unsigned char)pair;
        check(text, 1);
        check(text, 2);
        for (size_t third = 0; third < COUNT(edges); third++) {
            text[2] = edges[third];
            check(text, 3);
            for (size_t fourth = 0; text[0] >= 0xE0 && fourth < COUNT(edges); fourth++) {
                text[3] = edges[fourth];
                check(text, 4);
            }
        }
    }
}

static void every_code_point_is_written_as_what_is_read(void **unused)
{
    (void)unused;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char out[4];
        size_t len = parley_utf8_put(out, c);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(len, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(parley_utf8_valid(parley_view_of(out, len)), !surrogate);
    }
    char out[4];
    assert_int_equal(parley_utf8_put(out, 0x20AC), 3);
    assert_memory_equal(out, "\xE2\x82\xAC", 3);
    assert_int_equal(parley_utf8_put(out, 0x1F600), 4);
    assert_memory_equal(out, "\xF0\x9F\x98\x80", 4);
}

/* Blocks and strides must find a wrong byte wherever it lies in them. */
static void a_wrong_byte_is_found_at_every_place(void **unused)
{
    (void)unused;
    for (size_t len = 1; len < 220; len += len < 40 ? 1 : 9)
        for (size_t wrong = 0; wrong < len; wrong++) {
            char text[220];
            memset(text, 'a', sizeof text);
            text[wrong] = '\xFF';
            char *copy = copy_of(text, len);
            struct parley_utf8 state = {0};
            assert_int_equal(parley_utf8_feed(&state, parley_view_of(copy, len)), wrong);
            free(copy);
        }
}

static void pieces_give_what_the_whole_gives(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "plain text that is longer than one stride of eight",
        "caf\xC3\xA9, \xE2\x82\xAC 5, \xF0\x9F\x98\x80 and \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E",
        "surrogate \xED\xA0\x80 inside",
        "overlong \xC0\xAF inside",
        "\xF0\x9F\x98",
        "too high \xF4\x90\x80\x80",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct parley_view all = parley_view(texts[i]);
        struct parley_utf8 once = {0};
        size_t good = parley_utf8_feed(&once, all);
        for (size_t first = 0; first <= all.len; first++)
            for (size_t second = first; second <= all.len; second++) {
                size_t cuts[] = {0, first, second, all.len}, got = 0;
                struct parley_utf8 state = {0};
                for (int k = 0; k < 3; k++) {
                    size_t len = cuts[k + 1] - cuts[k];
                    size_t fed = parley_utf8_feed(&state, parley_view_of(all.at + cuts[k], len));
                    got += fed;
                    if (fed < len)
                        break;
                }
                assert_int_equal(got, good);
                if (good == all.len)
                    assert_int_equal(state.need, once.need);
            }
    }
}

static void a_cut_falls_between_characters(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *text;
        size_t bytes, expected;
    } cases[] = {
        {"room for all", "abc", 3, 3},
        {"more room than text", "abc", 10, 3},
        {"no room", "abc", 0, 0},
        {"ASCII anywhere", "abc", 2, 2},
        {"inside two bytes", "a\xC3\xA9", 2, 1},
        {"inside three bytes, late", "\xE2\x82\xAC", 2, 0},
        {"inside three bytes, early", "\xE2\x82\xAC", 1, 0},
        {"between two characters", "\xE2\x82\xAC\xE2\x82\xAC", 3, 3},
        {"inside four bytes", "ab\xF0\x9F\x98\x80z", 5, 2},
        {"after four bytes", "ab\xF0\x9F\x98\x80z", 6, 6},
        {"no text at all is cut anywhere", "\x80\x80\x80\x80\x80\x80", 5, 5},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parley_view cut = parley_utf8_cut(parley_view(cases[i].text), cases[i].bytes);
        if (cut.len != cases[i].expected || cut.at != cases[i].text)
            fail_msg("%s: %zu bytes", cases[i].title, cut.len);
    }
}

static void white_space_is_what_unicode_calls_so(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *text, *expected;
    } cases[] = {
        {"nothing", "", ""},
        {"nothing else", " \t\r\n\v\f", ""},
        {"inside stays", "  a b  ", "a b"},
        {"next line, no-break space", "\xC2\x85\xC2\xA0x\xC2\xA0\xC2\x85", "x"},
        {"ogham space", "\xE1\x9A\x80x\xE1\x9A\x80", "x"},
        {"en quad to hair space", "\xE2\x80\x80\xE2\x80\x8Ax\xE2\x80\x8A\xE2\x80\x80", "x"},
        {"zero width space is none", "\xE2\x80\x8Bx\xE2\x80\x8B", "\xE2\x80\x8Bx\xE2\x80\x8B"},
        {"line and paragraph separator", "\xE2\x80\xA8x\xE2\x80\xA9", "x"},
        {"narrow no-break, mathematical", "\xE2\x80\xAFx\xE2\x81\x9F", "x"},
        {"ideographic", "\xE3\x80\x80x y\xE3\x80\x80", "x y"},
        {"a byte order mark is none", "\xEF\xBB\xBFx", "\xEF\xBB\xBFx"},
        {"other two bytes", "\xC3\x85", "\xC3\x85"},
        {"half a character is none", "\xE2\x80", "\xE2\x80"},
        {"mixed at both ends", " \xE3\x80\x80\n\xC2\xA0\xC3\xA9t\xC3\xA9 \xE2\x80\x83\t",
         "\xC3\xA9t\xC3\xA9"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text);
        char *copy = copy_of(cases[i].text, len);
        if (!parley_view_is(parley_utf8_trim(parley_view_of(copy, len)), cases[i].expected))
            fail_msg("%s", cases[i].title);
        free(copy);
    }
    assert_null(parley_utf8_trim(parley_view(NULL)).at);
}

/* The list above, and no other character: counted over all of Unicode. */
static void no_other_character_is_white_space(void **unused)
{
    (void)unused;
    unsigned spaces = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char out[4];
        size_t len = parley_utf8_put(out, c);
        spaces += parley_utf8_trim(parley_view_of(out, len)).len == 0;
    }
    assert_int_equal(spaces, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_and_the_edges_of_longer_ones),
        cmocka_unit_test(every_code_point_is_written_as_what_is_read),
        cmocka_unit_test(a_wrong_byte_is_found_at_every_place),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
        cmocka_unit_test(a_cut_falls_between_characters),
        cmocka_unit_test(white_space_is_what_unicode_calls_so),
        cmocka_unit_test(no_other_character_is_white_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
