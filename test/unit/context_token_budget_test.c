/* context/token_budget.c: the examples of reference 8.2, its bounds, and random texts against a literal
 * model. */
#include "context/token_budget.h"
#include "parser/utf8.h"
#include "platform/status.h"
#include "test/unit/token_budget_model.h"
#include "test/wire_examples.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char room[65536];

typedef long cutter(char *out, size_t bytes, struct parley_view text, size_t tokens);

/* The result, in exactly the room it needs, and refused in one byte less. */
static struct parley_view cut(cutter *call, struct parley_view text, size_t tokens)
{
    long length = call(NULL, 0, text, tokens);

    assert_true(length >= 0 && (size_t)length < sizeof room);
    memset(room, '~', (size_t)length + 1);
    assert_int_equal(call(room, (size_t)length, text, tokens), length);
    assert_int_equal(room[length], '~');
    if (length > 0) {
        static char small[sizeof room];
        assert_int_equal(call(small, (size_t)length - 1, text, tokens), PARLEY_ERR_TOO_LONG);
    }
    return parley_view_of(room, (size_t)length);
}

static const struct cut_case {
    const char *title;
    cutter *call;
    struct parley_view text;
    size_t tokens;
    const char *expected;
} cases[] = {
    {"truncate: empty stays empty", parley_truncate, {NULL, 0}, 5, ""},
    {"truncate: empty to nothing", parley_truncate, {NULL, 0}, 0, ""},
    {"truncate: to nothing is the mark alone", parley_truncate, PARLEY_VIEW("hello"), 0,
     "…2 tokens truncated…"},
    {"truncate: exactly the budget", parley_truncate, PARLEY_VIEW("12345678"), 2, "12345678"},
    {"truncate: one byte over", parley_truncate, PARLEY_VIEW("123456789"), 2, "1234…1 tokens truncated…6789"},
    {"truncate: a budget beyond all bounds", parley_truncate, PARLEY_VIEW("hello"), SIZE_MAX, "hello"},
    {"truncate: characters of two bytes stay whole", parley_truncate, PARLEY_VIEW("ääääää"), 1,
     "ä…2 tokens truncated…ä"},
    {"truncate: characters of three bytes, none fits", parley_truncate, PARLEY_VIEW("日本語日本語"), 1,
     "…4 tokens truncated…"},
    {"truncate: characters of four bytes", parley_truncate, PARLEY_VIEW("🎧🎧🎧🎧🎧"), 2,
     "🎧…3 tokens truncated…🎧"},
    {"fit: empty", parley_fit, {NULL, 0}, 0, ""},
    {"fit: nothing fits into nothing", parley_fit, PARLEY_VIEW("hello"), 0, ""},
    {"fit: unchanged when it fits to the byte", parley_fit, PARLEY_VIEW("abcdefghijklmnopqrstuvwxyz12"), 7,
     "abcdefghijklmnopqrstuvwxyz12"},
    {"fit: reference, 26 letters into 3", parley_fit, PARLEY_VIEW("abcdefghijklmnopqrstuvwxyz"), 3, ""},
    {"fit: reference, 26 letters into 7", parley_fit, PARLEY_VIEW("abcdefghijklmnopqrstuvwxyz"), 7,
     "abcdefghijklmnopqrstuvwxyz"},
    {"fit: a budget beyond all bounds", parley_fit, PARLEY_VIEW("hello"), SIZE_MAX, "hello"},
};

static void test_case(void **state)
{
    const struct cut_case *c = *state;

    assert_true(parley_view_is(cut(c->call, c->text, c->tokens), c->expected));
}

/* All cases of mode "truncation" in the file of examples: those of reference 8.2. */
static void test_reference_examples(void **state)
{
    FILE *file = NULL;
    size_t count = 0;
    json_t *c;
    (void)state;

    while ((c = next_example(&file)) != NULL) {
        json_t *from = json_object_get(json_object_get(c, "maps_to"), "from");

        if (strcmp(json_string_value(json_object_get(c, "mode")), "truncation") == 0) {
            bool fit = strcmp(json_string_value(json_object_get(from, "call")), "fit") == 0;
            struct parley_view came = cut(fit ? parley_fit : parley_truncate,
                                          parley_view(json_string_value(json_object_get(from, "input"))),
                                          (size_t)json_integer_value(json_object_get(from, "tokens")));
            const char *expected = json_string_value(json_object_get(json_object_get(c, "message"), "$text"));

            if (!parley_view_is(came, expected))
                fail_msg("%s: expected %s, came %.*s", json_string_value(json_object_get(c, "name")),
                         expected, (int)came.len, came.at);
            count++;
        }
        json_decref(c);
    }
    assert_int_equal(count, 7);
}

static void test_long_typed_turn(void **state)
{
    struct parley_view came;
    (void)state;

    came = cut(parley_fit, parley_view(long_turn("[USER] ")), 300);
    assert_int_equal(came.len, 1199);
    assert_int_equal(parley_tokens(came.len), 300);
    room[came.len] = '\0';
    assert_non_null(strstr(room, "alpha alp…2419 tokens truncated…ega omega"));
    assert_true(parley_view_starts(came, parley_view("[USER] mirror-head alpha")));
    assert_string_equal(room + came.len - strlen(" mirror-tail"), " mirror-tail");
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void test_random_texts_as_the_model(void **state)
{
    static const char *const characters[] = {"a", " ", "é", "ß", "日", "…", "🎧", "\n"};
    static char text[4096], expected[4096 + 64];
    uint32_t seed = 20260421;
    (void)state;

    for (int round = 0; round < 20000; round++) {
        uint32_t wanted = next(&seed) % (round % 50 == 0 ? 900 : 60);
        uint32_t kinds = 1 + next(&seed) % COUNT(characters);
        size_t len = 0, tokens = next(&seed) % (wanted * 3 / 4 + 2), length;
        struct parley_view view;

        for (uint32_t i = 0; i < wanted; i++) {
            const char *c = characters[next(&seed) % kinds];
            memcpy(text + len, c, strlen(c));
            len += strlen(c);
        }
        view = parley_view_of(text, len);

        length = model_truncate(expected, view, tokens);
        assert_true(parley_view_equal(cut(parley_truncate, view, tokens), parley_view_of(expected, length)));
        length = model_fit(expected, view, tokens);
        assert_true(parley_view_equal(cut(parley_fit, view, tokens), parley_view_of(expected, length)));
        assert_true(parley_tokens(length) <= tokens);
    }
}

/* What is no UTF-8 cannot come this far, but if it did nothing would break. */
static void test_bytes_that_are_no_text(void **state)
{
    char text[64];
    (void)state;

    for (size_t len = 0; len <= sizeof text; len++) {
        memset(text, 0x80, len);
        for (size_t tokens = 0; tokens < 20; tokens++) {
            cut(parley_truncate, parley_view_of(text, len), tokens);
            assert_true(cut(parley_fit, parley_view_of(text, len), tokens).len <= 4 * tokens);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_reference_examples),
        cmocka_unit_test(test_long_typed_turn),
        cmocka_unit_test(test_random_texts_as_the_model),
        cmocka_unit_test(test_bytes_that_are_no_text),
    };
    struct CMUnitTest tests[COUNT(cases) + COUNT(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(cases); i++)
        tests[count++] = (struct CMUnitTest){cases[i].title, test_case, NULL, NULL, (void *)&cases[i]};
    for (size_t i = 0; i < COUNT(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests_name("context_token_budget", tests, NULL, NULL);
}
