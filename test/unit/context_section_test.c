/* context/section.c: what is kept is all that the cut needs, and a name stays a name. */
#include "context/section.h"
#include "parser/utf8.h"
#include "platform/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct parley_section section;
static char whole[200000], expected[65536], came[65536];

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static size_t random_text(uint32_t *seed, size_t wanted)
{
    static const char *const characters[] = {"a", "b", " ", "é", "日", "…", "🎧", "\n", "z"};
    uint32_t kinds = 1 + next(seed) % COUNT(characters);
    size_t len = 0;

    while (len < wanted) {
        const char *c = characters[next(seed) % kinds];

        memcpy(whole + len, c, strlen(c));
        len += strlen(c);
    }
    return len;
}

/* Whatever is written, in pieces of whatever size: what remains is the same as of the text in one piece. */
static void test_same_as_the_whole_text(void **state)
{
    uint32_t seed = 8;
    (void)state;

    for (int round = 0; round < 600; round++) {
        size_t len = random_text(&seed, next(&seed) % (round % 10 == 0 ? 150000 : 20000));
        size_t piece = 1 + next(&seed) % 3000, tokens = next(&seed) % (PARLEY_SECTION_TOKENS + 1);
        long want =
            parley_fit(expected, sizeof expected, parley_utf8_trim(parley_view_of(whole, len)), tokens);

        parley_section_begin(&section);
        for (size_t at = 0; at < len; at += piece)
            parley_section_add(&section, parley_view_of(whole + at, len - at < piece ? len - at : piece));
        assert_int_equal(parley_section_fit(&section, came, sizeof came, tokens), want);
        assert_memory_equal(came, expected, (size_t)want);
        assert_true(section.used <= sizeof section.at);
        assert_int_equal(section.used + section.gone, len);
    }
}

static void test_edges(void **state)
{
    (void)state;
    parley_section_begin(&section);
    assert_int_equal(parley_section_fit(&section, came, sizeof came, 10), 0);
    parley_section_add_text(&section, " \n\t ");
    assert_int_equal(parley_section_fit(&section, came, sizeof came, 10), 0);
    parley_section_add_number(&section, 0);
    parley_section_add_number(&section, UINT64_MAX);
    parley_section_add_text(&section, " \xE3\x80\x80");
    assert_int_equal(parley_section_fit(&section, came, sizeof came, 10), 21);
    assert_memory_equal(came, "018446744073709551615", 21);
    assert_int_equal(parley_section_fit(&section, came, 20, 10), PARLEY_ERR_TOO_LONG);
    assert_int_equal(parley_section_fit(&section, came, 21, 10), 21);
    assert_int_equal(parley_section_fit(&section, came, sizeof came, 5), 0); /* not even the mark */
}

static const struct name_case {
    const char *title, *name, *shown;
} names[] = {
    {"letters of any language stay", "Öl 日本 🎧.txt", "Öl 日本 🎧.txt"},
    {"signs that mean nothing here stay", "a & b's \"c\" #1 `d` *e* [f]", "a & b's \"c\" #1 `d` *e* [f]"},
    {"a newline", "a\n## Notes", "a\\n## Notes"},
    {"a newline and a line of a list", "a\n- b/", "a\\n- b/"},
    {"tab, return, backslash", "a\tb\rc\\nd", "a\\tb\\rc\\\\nd"},
    {"an escape sequence", "\033[2Jx\177", "\\x1B[2Jx\\x7F"},
    {"a tag", "</startup_context>", "\\x3C/startup_context\\x3E"},
    {"a byte that is not UTF-8", "caf\xe9 au lait", "caf\\xE9 au lait"},
    {"a character cut short", "caf\xc3", "caf\\xC3"},
    {"an overlong newline",
     "a\xc0\x8a"
     "b",
     "a\\xC0\\x8A"
     "b"},
    {"a surrogate", "\xed\xa0\x80", "\\xED\\xA0\\x80"},
    {"a C1 control, next line",
     "a\xc2\x85"
     "b",
     "a\\xC2\\x85"
     "b"},
    {"line and paragraph separators", "\xe2\x80\xa8\xe2\x80\xa9", "\\xE2\\x80\\xA8\\xE2\\x80\\xA9"},
    {"writing from right to left by force",
     "\xe2\x80\xae"
     "fdp.exe",
     "\\xE2\\x80\\xAE"
     "fdp.exe"},
    {"an isolate", "\xe2\x81\xa6x\xe2\x81\xa9", "\\xE2\\x81\\xA6x\\xE2\\x81\\xA9"},
    {"a no-break space and a dash stay",
     "a\xc2\xa0\xe2\x80\x93"
     "b",
     "a\xc2\xa0\xe2\x80\x93"
     "b"},
};

static void test_name(void **state)
{
    const struct name_case *c = *state;

    parley_section_begin(&section);
    parley_section_add_name(&section, parley_view(c->name));
    if (!parley_view_is(parley_view_of(section.at, section.used), c->shown))
        fail_msg("came: %.*s", (int)section.used, section.at);
}

int main(void)
{
    struct CMUnitTest tests[COUNT(names) + 2] = {
        cmocka_unit_test(test_same_as_the_whole_text),
        cmocka_unit_test(test_edges),
    };

    for (size_t i = 0; i < COUNT(names); i++)
        tests[i + 2] = (struct CMUnitTest){
            .name = names[i].title, .test_func = test_name, .initial_state = (void *)(uintptr_t)&names[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
