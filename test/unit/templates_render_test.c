/* templates/render.c: each escape, the bound, and slots that write themselves. */
#include "parser/base64.h"
#include "parser/utf8.h"
#include "platform/status.h"
#include "templates/render.h"
#include "test/unit/json_text_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_rendered(const struct parley_render *r, struct parley_view expected)
{
    assert_false(r->overflow);
    assert_int_equal(r->used, expected.len);
    assert_memory_equal(r->at, expected.at, expected.len);
}

/* ---- escapes --------------------------------------------------------------------------------- */

typedef void escape(struct parley_render *r, struct parley_view text);

static const struct escape_case {
    const char *title;
    escape *render;
    struct parley_view text, expected;
} escape_cases[] = {
    {"raw: as it is", parley_render_raw, PARLEY_VIEW("<a> & \"b\"\n\xFF"), PARLEY_VIEW("<a> & \"b\"\n\xFF")},
    {"raw: nothing", parley_render_raw, {NULL, 0}, PARLEY_VIEW("")},
    {"json: nothing", parley_render_json, {NULL, 0}, PARLEY_VIEW("")},
    {"json: plain text, with slash and DEL", parley_render_json, PARLEY_VIEW("run a/b \x7F now"),
     PARLEY_VIEW("run a/b \x7F now")},
    {"json: quote and backslash", parley_render_json, PARLEY_VIEW("say \"C:\\x\""),
     PARLEY_VIEW("say \\\"C:\\\\x\\\"")},
    {"json: the short escapes", parley_render_json, PARLEY_VIEW("\b\f\n\r\t"),
     PARLEY_VIEW("\\b\\f\\n\\r\\t")},
    {"json: other control characters, NUL among them", parley_render_json, PARLEY_VIEW("\0\x01\x0B\x1B\x1F"),
     PARLEY_VIEW("\\u0000\\u0001\\u000b\\u001b\\u001f")},
    {"json: umlauts, CJK and emoji verbatim", parley_render_json, PARLEY_VIEW("für 日本 🎧!"),
     PARLEY_VIEW("für 日本 🎧!")},
    {"json: U+2028 and U+2029 verbatim", parley_render_json, PARLEY_VIEW("a\xE2\x80\xA8z\xE2\x80\xA9"),
     PARLEY_VIEW("a\xE2\x80\xA8z\xE2\x80\xA9")},
    {"json: a quote right behind an emoji", parley_render_json, PARLEY_VIEW("🎧\"🎧"), PARLEY_VIEW("🎧\\\"🎧")},
    {"json: a lone continuation byte", parley_render_json, PARLEY_VIEW("a\x80z"), PARLEY_VIEW("a�z")},
    {"json: a byte that never occurs", parley_render_json, PARLEY_VIEW("\xFF\xFE"), PARLEY_VIEW("��")},
    {"json: a character broken off by another", parley_render_json, PARLEY_VIEW("\xE2\x82\"z"),
     PARLEY_VIEW("�\\\"z")},
    {"json: a character broken off by the end", parley_render_json, PARLEY_VIEW("go\xF0\x9F\x8E"),
     PARLEY_VIEW("go�")},
    {"json: a character broken off by a new one", parley_render_json, PARLEY_VIEW("\xF0\x9F\xC3\xBC"),
     PARLEY_VIEW("�ü")},
    {"json: an overlong slash, byte for byte", parley_render_json, PARLEY_VIEW("\xC0\xAF\xE0\x80\xAF"),
     PARLEY_VIEW("�����")},
    {"json: a surrogate, byte for byte", parley_render_json, PARLEY_VIEW("\xED\xA0\x80"), PARLEY_VIEW("���")},
    {"json: above U+10FFFF, byte for byte", parley_render_json, PARLEY_VIEW("\xF4\x90\x80\x80"),
     PARLEY_VIEW("����")},
    {"xml: & < > and nothing else", parley_render_xml, PARLEY_VIEW("a <b> &amp; \"c\" 'd'\n"),
     PARLEY_VIEW("a &lt;b&gt; &amp;amp; \"c\" 'd'\n")},
    {"xml: at both ends", parley_render_xml, PARLEY_VIEW("<>"), PARLEY_VIEW("&lt;&gt;")},
    {"xml: nothing", parley_render_xml, {NULL, 0}, PARLEY_VIEW("")},
    {"base64: nothing", parley_render_base64, {NULL, 0}, PARLEY_VIEW("")},
    {"base64: one, padded twice", parley_render_base64, PARLEY_VIEW("f"), PARLEY_VIEW("Zg==")},
    {"base64: two, padded once", parley_render_base64, PARLEY_VIEW("fo"), PARLEY_VIEW("Zm8=")},
    {"base64: bytes of any value", parley_render_base64, PARLEY_VIEW("\x00\xFF\x10\x80"),
     PARLEY_VIEW("AP8QgA==")},
};

/* In a large buffer, in one of exactly the size, in every smaller one, and only counted. */
static void test_escape(void **state)
{
    const struct escape_case *c = *state;
    char room[96];
    struct parley_render r = parley_render(room, sizeof room);
    struct parley_render counted = parley_render(NULL, 0);

    c->render(&r, c->text);
    assert_rendered(&r, c->expected);

    c->render(&counted, c->text);
    assert_false(counted.overflow);
    assert_int_equal(counted.used, c->expected.len);

    for (size_t size = 0; size <= c->expected.len; size++) {
        memset(room, '~', sizeof room);
        r = parley_render(room, size);
        c->render(&r, c->text);
        assert_int_equal(r.overflow, size < c->expected.len);
        assert_true(r.used <= size);
        assert_memory_equal(room, c->expected.at, r.used);
        for (size_t i = r.used; i < sizeof room; i++)
            assert_int_equal(room[i], '~');
    }
}

static void test_number(void **state)
{
    static const struct {
        uint64_t number;
        const char *expected;
    } cases[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {1234567890, "1234567890"}, {UINT64_MAX, "18446744073709551615"}};
    char room[32];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parley_render r = parley_render(room, sizeof room);
        parley_render_number(&r, cases[i].number);
        assert_rendered(&r, parley_view(cases[i].expected));
    }
}

/* ---- JSON against the model ------------------------------------------------------------------ */

static void assert_json_as_model(struct parley_view text)
{
    static char expected[4096], room[4096];
    size_t length = model_json(expected, text);
    struct parley_render r = parley_render(room, length); /* exactly enough */

    parley_render_json(&r, text);
    assert_rendered(&r, parley_view_of(expected, length));
    assert_true(parley_utf8_valid(parley_rendered(&r)));
}

static void test_json_special_at_every_place(void **state)
{
    static const char special[] = "\"\\\n\x01\x1F\x20\x7F\x80\xC3\xE2\xF0\xFF";
    char text[40];
    (void)state;

    for (const char *c = special; *c != '\0'; c++) {
        for (size_t len = 1; len <= sizeof text; len++) {
            for (size_t at = 0; at < len; at++) {
                memset(text, 'a', sizeof text);
                text[at] = *c;
                assert_json_as_model(parley_view_of(text, len));
            }
        }
    }
}

/* Bytes chosen so that escapes, whole characters and broken ones meet in all ways. */
static void test_json_random(void **state)
{
    static const char *const parts[] = {"a",    "plain run of text",
                                        "\"",   "\\",
                                        "\n",   "\x02",
                                        "ü",    "日",
                                        "🎧",    "\x80",
                                        "\xBF", "\xC3",
                                        "\xE0", "\xED",
                                        "\xA0", "\xF0",
                                        "\xF4", "\x90",
                                        "\xE2", "\x82",
                                        "\xFF", " ",
                                        "\x1F", "\xC1"};
    unsigned seed = 7;
    char text[600];
    (void)state;

    for (int round = 0; round < 20000; round++) {
        size_t len = 0;
        for (int n = 0; n < 24; n++) {
            const char *part;
            seed = seed * 1664525u + 1013904223u;
            part = parts[(seed >> 16) % COUNT(parts)];
            memcpy(text + len, part, strlen(part));
            len += strlen(part);
        }
        assert_json_as_model(parley_view_of(text, len));
    }
}

/* ---- templates ------------------------------------------------------------------------------- */

#define PIECE(text, slot, filter)                                                                            \
    {                                                                                                        \
        text, slot, sizeof(text) - 1, filter                                                                 \
    }
static const struct parley_piece pieces[] = {
    PIECE("{\"a\":\"", "a", PARLEY_FILTER_JSON),     PIECE("\",\"n\":", "n", PARLEY_FILTER_NUMBER),
    PIECE(",\"b\":\"", "b", PARLEY_FILTER_BASE64),   PIECE("\",\"r\":", "r", PARLEY_FILTER_RAW),
    PIECE(",\"again\":\"", "a", PARLEY_FILTER_JSON), PIECE("\"}", NULL, PARLEY_FILTER_RAW),
};
static const struct parley_template all_filters = {pieces, COUNT(pieces)};
static const struct parley_slot all_slots[] = {
    {.name = "not in the template", .text = PARLEY_VIEW("x")}, {.name = "r", .text = PARLEY_VIEW("[1]")},
    {.name = "b", .text = PARLEY_VIEW("\x01\x02\x03\x04")},    {.name = "n", .number = 4294967296},
    {.name = "a", .text = PARLEY_VIEW("say \"hi\"")},          {.name = NULL},
};
static const struct parley_view all_expected = PARLEY_VIEW(
    "{\"a\":\"say \\\"hi\\\"\",\"n\":4294967296,\"b\":\"AQIDBA==\",\"r\":[1],\"again\":\"say \\\"hi\\\"\"}");

static void test_template(void **state)
{
    char room[128];
    struct parley_render r = parley_render(room, sizeof room);
    (void)state;

    assert_int_equal(parley_render_template(&r, &all_filters, all_slots), all_expected.len);
    assert_rendered(&r, all_expected);
}

static void test_template_appends(void **state)
{
    char room[256];
    struct parley_render r = parley_render(room, sizeof room);
    (void)state;

    parley_render_raw(&r, parley_view("before"));
    assert_int_equal(parley_render_template(&r, &all_filters, all_slots), all_expected.len);
    assert_int_equal(r.used, all_expected.len + strlen("before"));
    assert_memory_equal(room + strlen("before"), all_expected.at, all_expected.len);
}

static void test_template_counts(void **state)
{
    struct parley_render r = parley_render(NULL, 0);
    (void)state;

    assert_int_equal(parley_render_template(&r, &all_filters, all_slots), all_expected.len);
    assert_int_equal(r.used, all_expected.len);
    assert_false(r.overflow);
}

static void test_template_bound(void **state)
{
    char room[128];
    (void)state;

    for (size_t size = 0; size < all_expected.len; size++) {
        struct parley_render r = parley_render(room, size);
        memset(room, '~', sizeof room);
        assert_int_equal(parley_render_template(&r, &all_filters, all_slots), PARLEY_ERR_TOO_LONG);
        assert_true(r.overflow);
        assert_int_equal(room[size], '~');
    }
}

/* What comes behind a piece that did not fit is left out even where it would fit. */
static void test_overflow_stays(void **state)
{
    char room[8];
    struct parley_render r = parley_render(room, sizeof room);
    (void)state;

    parley_render_raw(&r, parley_view("four"));
    parley_render_raw(&r, parley_view("too long"));
    parley_render_raw(&r, parley_view("x"));
    parley_render_json(&r, parley_view("\"\xFFx"));
    parley_render_xml(&r, parley_view("<x"));
    parley_render_number(&r, 7);
    parley_render_base64(&r, parley_view("x"));
    assert_true(r.overflow);
    assert_true(parley_view_is(parley_rendered(&r), "four"));
}

static const struct parley_piece inner_pieces[] = {
    PIECE("\"Hi\" ", "name", PARLEY_FILTER_RAW),
    PIECE(" <", "count", PARLEY_FILTER_NUMBER),
    PIECE(">", NULL, PARLEY_FILTER_RAW),
};
static const struct parley_template inner = {inner_pieces, COUNT(inner_pieces)};

static void write_inner(struct parley_render *r, const void *state)
{
    const struct parley_slot names[] = {
        {.name = "name", .text = *(const struct parley_view *)state},
        {.name = "count", .number = 3},
        {.name = NULL},
    };

    parley_render_template(r, &inner, names);
    parley_render_text(r, parley_view("\n&"));
}

/* A slot that writes itself, with a template of its own: all of it goes through the slot's escape. */
static void test_slot_that_writes(void **state)
{
    static const struct {
        enum parley_filter filter;
        const char *expected;
    } cases[] = {
        {PARLEY_FILTER_RAW, "[\"Hi\" \"Eve\" <3>\n&]after"},
        {PARLEY_FILTER_JSON, "[\\\"Hi\\\" \\\"Eve\\\" <3>\\n&]after"},
        {PARLEY_FILTER_XML, "[\"Hi\" \"Eve\" &lt;3&gt;\n&amp;]after"},
    };
    static const struct parley_view name = PARLEY_VIEW("\"Eve\"");
    const struct parley_slot slots[] = {{.name = "s", .write = write_inner, .state = &name}, {.name = NULL}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct parley_piece outer_pieces[] = {
            PIECE("[", "s", cases[i].filter),
            PIECE("]", NULL, PARLEY_FILTER_RAW),
        };
        const struct parley_template outer = {outer_pieces, COUNT(outer_pieces)};
        char room[64];
        struct parley_render r = parley_render(room, sizeof room);

        parley_render_template(&r, &outer, slots);
        parley_render_text(&r, parley_view("after"));
        assert_rendered(&r, parley_view(cases[i].expected));
    }
}

static void test_text_of_a_template(void **state)
{
    static const struct parley_piece piece[] = {PIECE("fixed", NULL, PARLEY_FILTER_RAW)};
    static const struct parley_template fixed = {piece, 1};
    (void)state;

    assert_true(parley_view_is(parley_template_text(&fixed), "fixed"));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_number),           cmocka_unit_test(test_json_special_at_every_place),
        cmocka_unit_test(test_json_random),      cmocka_unit_test(test_template),
        cmocka_unit_test(test_template_appends), cmocka_unit_test(test_template_counts),
        cmocka_unit_test(test_template_bound),   cmocka_unit_test(test_overflow_stays),
        cmocka_unit_test(test_slot_that_writes), cmocka_unit_test(test_text_of_a_template),
    };
    struct CMUnitTest tests[COUNT(escape_cases) + COUNT(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(escape_cases); i++)
        tests[count++] =
            (struct CMUnitTest){escape_cases[i].title, test_escape, NULL, NULL, (void *)&escape_cases[i]};
    for (size_t i = 0; i < COUNT(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests_name("templates_render", tests, NULL, NULL);
}
