/*
 * parser/json: the verdicts of JSONTestSuite, the place of every failure, strings, numbers, and the ways to
 * pass over values.
 */
#include "test/unit/parser_test.h"

#include "parser/json.h"
#include "parser/utf8.h"

#include <math.h>

/* What reading a whole text comes to: PARLEY_JSON_END or a failure, and where. */
struct verdict {
    enum parley_json_token token;
    size_t offset;
    const char *error;
};

/* On the way: tokens follow each other in the text, and an answer <= 0 stays. Reads a copy of exactly `len`
   bytes. */
static struct verdict read_all(const char *text, size_t len)
{
    char *copy = copy_of(text, len);
    struct parley_json j;
    enum parley_json_token token;
    parley_json_start(&j, copy, len);
    size_t tokens = 0;
    const char *before = copy;
    while ((token = parley_json_next(&j)) > 0) {
        assert_true(j.raw.at >= before && j.raw.len > 0 && j.raw.at + j.raw.len == j.at && j.at <= j.end);
        assert_true(++tokens <= len);
        before = j.at;
    }
    for (int again = 0; again < 3; again++)
        assert_int_equal(parley_json_next(&j), token);
    assert_true(token == PARLEY_JSON_END ? j.error == NULL : j.error != NULL && j.offset <= len);
    assert_true(token != PARLEY_JSON_MORE || j.offset == len);
    assert_false(token < 0 && parley_json_skip(&j));
    free(copy);
    return (struct verdict){token, token < 0 ? j.offset : len, j.error};
}

/* When a text is not JSON from an offset on, then up to there it is JSON so far, and one byte later it is
   not. */
static void check_place(const char *name, const char *text, struct verdict v)
{
    if (v.token != PARLEY_JSON_BAD && v.token != PARLEY_JSON_DEEP)
        return;
    struct verdict until = read_all(text, v.offset), with = read_all(text, v.offset + 1);
    if (until.token < PARLEY_JSON_MORE || with.token != v.token || with.offset != v.offset)
        fail_msg("%s: at %zu (%s), yet %d before and %d with it", name, v.offset, v.error, until.token,
                 with.token);
}

/* ---- JSONTestSuite ----------------------------------------------------------------------------- */

/* The text of a case in the notation of the file; freed by the caller. */
static char *written_out(const char *from, const char *end, size_t *len)
{
    char *text = malloc(300000), *out = text;
    assert_non_null(text);
    while (from < end) {
        unsigned byte, times;
        int taken = 0;
        if (sscanf(from, "%%{%u}(%n", &times, &taken) == 1 && taken > 0) {
            const char *unit = from + taken, *close = memchr(unit, ')', (size_t)(end - unit));
            for (; times > 0; times--, out += close - unit)
                memcpy(out, unit, (size_t)(close - unit));
            from = close + 1;
        } else if (sscanf(from, "%%%2x", &byte) == 1) {
            *out++ = (char)byte;
            from += 3;
        } else {
            *out++ = *from++;
        }
    }
    *len = (size_t)(out - text);
    return text;
}

/* Of those a reader may choose on, we take all numbers (they are read without loss, or told to be out of
   range), 500 levels, and no text that is not UTF-8, lone surrogates in escapes and a byte order mark
   included. */
static bool chosen(const char *name)
{
    return strncmp(name, "i_number_", 9) == 0 || strncmp(name, "i_structure_500", 15) == 0;
}

static void each_case_of_the_suite(void (*check)(const char *name, const char *text, size_t len))
{
    char *file = vectors("json_suite.txt");
    unsigned cases = 0;
    for (char *line = strtok(file, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (*line == '#')
            continue;
        char *space = strchr(line, ' '), *end = line + strlen(line);
        size_t len;
        char *text = written_out(space != NULL ? space + 1 : end, end, &len);
        if (space != NULL)
            *space = '\0';
        check(line, text, len);
        cases++;
        free(text);
    }
    free(file);
    assert_int_equal(cases, 318);
}

static void check_verdict(const char *name, const char *text, size_t len)
{
    struct verdict v = read_all(text, len);
    bool taken = v.token == PARLEY_JSON_END;
    if (taken != (name[0] == 'y' || (name[0] == 'i' && chosen(name))))
        fail_msg("%s: %s at %zu", name, taken ? "taken" : v.error, v.offset);
    check_place(name, text, v);
}

static void the_verdicts_of_the_suite(void **unused)
{
    (void)unused;
    each_case_of_the_suite(check_verdict);
}

/* Every cut of a valid text is "not yet", but for those that leave a whole text: a number that could have
   gone on, or the end of the white space. */
static void check_cuts(const char *name, const char *text, size_t len)
{
    if (read_all(text, len).token != PARLEY_JSON_END)
        return;
    for (size_t cut = 0; cut < len; cut++) {
        struct verdict v = read_all(text, cut);
        bool number = strchr("-0123456789", text[0]) != NULL;
        bool rest_is_space = strspn(text + cut, " \t\r\n") == len - cut;
        if (v.token == PARLEY_JSON_END ? !number && !rest_is_space : v.token != PARLEY_JSON_MORE)
            fail_msg("%s cut at %zu: %d, %s", name, cut, v.token, v.error);
    }
}

/* written_out does not terminate its text: give check_cuts one that is. */
static void check_cuts_of(const char *name, const char *text, size_t len)
{
    char *terminated = malloc(len + 1);
    assert_non_null(terminated);
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    check_cuts(name, terminated, len);
    free(terminated);
}

static void every_cut_of_a_valid_text_is_not_yet(void **unused)
{
    (void)unused;
    each_case_of_the_suite(check_cuts_of);
    static const char all[] =
        " { \"a\\u00e9\\ud83d\\ude00\\n\" : [ -0.5e-10 , true , false , null , \"\xC3\xA9\xE2\x82\xAC"
        "\xF0\x9F\x98\x80\" , { } , [ ] , 18446744073709551615 ] } ";
    check_cuts("all there is", all, sizeof all - 1);
}

/* ---- failures ---------------------------------------------------------------------------------- */

static void failures_are_told_in_words_with_their_place(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *text;
        size_t offset;
        const char *error;
    } cases[] = {
        {"nothing", "", 0, "the text ends too early"},
        {"half a word", "[tru", 4, "the text ends too early"},
        {"half a surrogate pair", "[\"\\ud83d", 8, "the text ends too early"},
        {"half a character", "\"\xE2\x82", 3, "the text ends too early"},
        {"no value", "[1,]", 3, "a value is missing"},
        {"a comma too many in an object", "{\"a\":1,}", 7, "the name of a member is missing"},
        {"no colon", "{\"a\" 1}", 5, "the colon after a name is missing"},
        {"no comma in an array", "[1 2]", 3, "a comma or the end of an array is missing"},
        {"the wrong end of an object", "{\"a\":1]", 6, "a comma or the end of an object is missing"},
        {"a second value", "{} {}", 3, "something follows the value"},
        {"a word misspelt", "[nulL]", 4, "a word that is not true, false or null"},
        {"two zeros", "[00]", 2, "a number begins with a needless zero"},
        {"leading zero", "-012", 2, "a number begins with a needless zero"},
        {"no digit after the point", "[1.]", 3, "a digit of a number is missing"},
        {"no digit in the exponent", "[1e+]", 4, "a digit of a number is missing"},
        {"a tab in a string", "\"a\tb\"", 2, "a control character in a string is not escaped"},
        {"an unknown escape", "\"a\\x\"", 3, "there is no such escape"},
        {"a short \\u", "\"\\u12g4\"", 5, "an escape \\u lacks its four hexadecimal digits"},
        {"a first half alone", "\"\\ud83d!\"", 7, "the first half of a surrogate pair lacks its second"},
        {"a first half, another escape", "\"\\ud83d\\n\"", 8,
         "the first half of a surrogate pair lacks its second"},
        {"two first halves, the last there is", "\"\\ud83d\\udbff\"", 10,
         "the first half of a surrogate pair lacks its second"},
        {"two first halves", "\"\\ud83d\\ud83d\"", 10, "the first half of a surrogate pair lacks its second"},
        {"a first half, not a surrogate", "\"\\ud83d\\u0041\"", 9,
         "the first half of a surrogate pair lacks its second"},
        {"a second half alone", "\"\\ude00\"", 4, "the second half of a surrogate pair lacks its first"},
        {"overlong UTF-8", "\"ab\xC0\xAF\"", 3, "a string is not UTF-8"},
        {"a character cut by the quote", "\"\xE2\x82\"", 3, "a string is not UTF-8"},
        {"a surrogate in UTF-8", "\"\xED\xA0\x80\"", 2, "a string is not UTF-8"},
        {"UTF-8 in a name", "{\"\xFF\":1}", 2, "a string is not UTF-8"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct verdict v = read_all(cases[i].text, strlen(cases[i].text));
        bool more = strstr(cases[i].error, "early") != NULL;
        if (v.token != (more ? PARLEY_JSON_MORE : PARLEY_JSON_BAD) || v.offset != cases[i].offset ||
            strcmp(v.error, cases[i].error) != 0)
            fail_msg("%s: %d at %zu, %s", cases[i].title, v.token, v.offset, v.error);
        check_place(cases[i].title, cases[i].text, v);
    }
}

/* What is left of the suite's valid texts when bytes are changed, dropped or doubled. */
static void the_place_is_exact_in_damaged_texts(void **unused)
{
    (void)unused;
    static const char text[] =
        "{\"a\\u00e9\\ud83d\\ude00\\n\":[-0.5e-10,true,false,null,\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98"
        "\x80 plain text of some length\",{},[],{\"x\":[[]]},184]}";
    static const char bytes[] = "{}[]:,\"\\u0dDtfn-.e1 \n\x1F\x80\xBF\xC3\xE2\xED\xF0\xF4\xFF";
    uint64_t random = 0x9E3779B97F4A7C15;
    unsigned bad = 0;
    for (int round = 0; round < 20000; round++) {
        char damaged[sizeof text + 4];
        size_t len = sizeof text - 1;
        memcpy(damaged, text, len);
        for (size_t hits = 1 + below(&random, 3); hits > 0; hits--) {
            size_t at = below(&random, len);
            switch (below(&random, 3)) {
            case 0:
                damaged[at] = bytes[below(&random, sizeof bytes)];
                break;
            case 1:
                memmove(damaged + at, damaged + at + 1, len - at - 1);
                len--;
                break;
            default:
                memmove(damaged + at + 1, damaged + at, len - at);
                len++;
                break;
            }
        }
        struct verdict v = read_all(damaged, len);
        bad += v.token == PARLEY_JSON_BAD;
        check_place("damaged", damaged, v);
    }
    assert_true(bad > 10000);
}

static void nesting_is_bounded(void **unused)
{
    (void)unused;
    char text[4 * PARLEY_JSON_DEPTH + 4];
    for (int objects = 0; objects < 2; objects++) {
        const char *open = objects ? "{\"\":" : "[";
        size_t step = strlen(open), most = PARLEY_JSON_DEPTH * step;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = open[i % step];
        struct verdict v = read_all(text, most);
        assert_int_equal(v.token, PARLEY_JSON_MORE);
        v = read_all(text, most + 1);
        assert_int_equal(v.token, PARLEY_JSON_DEEP);
        assert_int_equal(v.offset, most);
        assert_string_equal(v.error, "objects and arrays are nested too deep");
    }

    /* All the levels there may be, of both kinds, closed again. */
    size_t len = 0;
    for (int i = 0; i < PARLEY_JSON_DEPTH; i++)
        len += (size_t)sprintf(text + len, "%s", i % 5 == 0 ? "{\"\":" : "[");
    for (int i = PARLEY_JSON_DEPTH - 1; i >= 0; i--)
        text[len++] = i % 5 == 0 ? '}' : ']';
    assert_int_equal(read_all(text, len).token, PARLEY_JSON_END);
    text[len - 2] = text[len - 2] == '}' ? ']' : '}';
    struct verdict v = read_all(text, len);
    assert_int_equal(v.token, PARLEY_JSON_BAD);
    assert_int_equal(v.offset, len - 2);
}

/* ---- tokens ------------------------------------------------------------------------------------ */

static void tokens_come_as_they_stand(void **unused)
{
    (void)unused;
    static const struct {
        enum parley_json_token token;
        const char *raw;
        unsigned depth;
    } expected[] = {
        {PARLEY_JSON_OBJECT, "{", 1},     {PARLEY_JSON_NAME, "\"a\\n\"", 1},
        {PARLEY_JSON_ARRAY, "[", 2},      {PARLEY_JSON_NUMBER, "-1.50e+7", 2},
        {PARLEY_JSON_TRUE, "true", 2},    {PARLEY_JSON_STRING, "\"\"", 2},
        {PARLEY_JSON_ARRAY, "[", 3},      {PARLEY_JSON_ARRAY_END, "]", 2},
        {PARLEY_JSON_ARRAY_END, "]", 1},  {PARLEY_JSON_NAME, "\"\"", 1},
        {PARLEY_JSON_OBJECT, "{", 2},     {PARLEY_JSON_OBJECT_END, "}", 1},
        {PARLEY_JSON_NAME, "\"x\"", 1},   {PARLEY_JSON_FALSE, "false", 1},
        {PARLEY_JSON_NAME, "\"y\"", 1},   {PARLEY_JSON_NULL, "null", 1},
        {PARLEY_JSON_OBJECT_END, "}", 0}, {PARLEY_JSON_END, NULL, 0},
        {PARLEY_JSON_END, NULL, 0},
    };
    char text[] = " {\"a\\n\" : [-1.50e+7,true ,\"\", [\r\n]],\"\":{\t}, \"x\":false,\"y\" :null }\n";
    struct parley_json j;
    parley_json_start(&j, text, sizeof text - 1);
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_int_equal(parley_json_next(&j), expected[i].token);
        assert_int_equal(j.depth, expected[i].depth);
        if (expected[i].raw != NULL)
            assert_true(parley_view_is(j.raw, expected[i].raw));
        if (expected[i].token == PARLEY_JSON_NAME || expected[i].token == PARLEY_JSON_STRING)
            assert_int_equal(j.escaped, strchr(expected[i].raw, '\\') != NULL);
    }
    parley_json_start(&j, NULL, 0);
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_MORE);
}

/* ---- strings ----------------------------------------------------------------------------------- */

static void strings_are_unescaped_in_place(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *text, *expected;
        size_t len;
    } cases[] = {
        {"empty", "\"\"", "", 0},
        {"plain", "\"plain text\"", "plain text", 10},
        {"the short escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"digits of both cases", "\"\\u00e9\\u00E9\"", "\xC3\xA9\xC3\xA9", 4},
        {"one, two, three bytes", "\"\\u0041\\u03c0\\u20AC\"", "A\xCF\x80\xE2\x82\xAC", 6},
        {"a pair is four bytes", "\"\\ud83d\\uDE00\"", "\xF0\x9F\x98\x80", 4},
        {"the first and last pair", "\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF",
         8},
        {"around the surrogates", "\"\\uD7FF\\uE000\"", "\xED\x9F\xBF\xEE\x80\x80", 6},
        {"U+0000 is kept", "\"a\\u0000b\"", "a\0b", 3},
        {"UTF-8 stays", "\"\xC3\xA9\\n\xF0\x9F\x98\x80\"", "\xC3\xA9\n\xF0\x9F\x98\x80", 7},
        {"text between", "\"one\\ttwo\\u0020three\\\\\"", "one\ttwo three\\", 14},
        {"an escaped escape", "\"\\\\u0041\"", "\\u0041", 6},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].text);
        char *copy = copy_of(cases[i].text, len);
        struct parley_json j;
        parley_json_start(&j, copy, len);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_STRING);
        assert_int_equal(j.escaped, strchr(cases[i].text, '\\') != NULL);
        struct parley_view got = parley_json_string(&j);
        if (!parley_view_equal(got, parley_view_of(cases[i].expected, cases[i].len)) || got.at != copy + 1)
            fail_msg("%s: %.*s", cases[i].title, (int)got.len, got.at);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_END);
        free(copy);
    }
}

static void every_code_point_by_its_escape(void **unused)
{
    (void)unused;
    for (uint32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 7) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char text[16], expected[4];
        int len = c < 0x10000
                      ? sprintf(text, "\"\\u%04x\"", (unsigned)c)
                      : sprintf(text, "\"\\u%04X\\u%04x\"", (unsigned)(0xD800 + ((c - 0x10000) >> 10)),
                                (unsigned)(0xDC00 + ((c - 0x10000) & 0x3FF)));
        struct parley_json j;
        parley_json_start(&j, text, (size_t)len);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_STRING);
        const char *at = text + 1;
        assert_int_equal(parley_json_escape(&at), c);
        assert_ptr_equal(at, text + len - 1);
        assert_true(parley_view_equal(parley_json_string(&j),
                                      parley_view_of(expected, parley_utf8_put(expected, c))));
    }
}

/* The wide loop sees what ends a plain run wherever it lies, and nothing else ends it. */
static void every_byte_is_seen_at_every_place(void **unused)
{
    (void)unused;
    for (size_t len = 1; len <= 41; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                char text[48] = "\"";
                memset(text + 1, c % 2 != 0 ? '~' : ' ', len);
                text[1 + at] = (char)c;
                text[1 + len] = '"';
                char *copy = copy_of(text, len + 2);
                struct parley_json j;
                parley_json_start(&j, copy, len + 2);
                enum parley_json_token got = parley_json_next(&j);
                if (c == '"')
                    assert_true(got == PARLEY_JSON_STRING && j.raw.len == at + 2);
                else if (c >= 0x20 && c < 0x80 && c != '\\')
                    assert_true(got == PARLEY_JSON_STRING && j.raw.len == len + 2 && !j.escaped);
                else if (c == '\\' && at + 1 == len)
                    assert_true(got == PARLEY_JSON_MORE); /* it escapes the closing quote */
                else
                    assert_true(got == PARLEY_JSON_BAD && j.offset <= at + 2 && j.offset >= at + 1);
                free(copy);
            }
}

static void names_are_compared_unescaped_and_stay(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *name, *with;
        bool same;
    } cases[] = {
        {"the same", "type", "type", true},
        {"shorter", "typ", "type", false},
        {"longer", "types", "type", false},
        {"another", "tape", "type", false},
        {"empty", "", "", true},
        {"escaped in part", "t\\u0079pe", "type", true},
        {"escaped as a whole", "\\u0074\\u0079\\u0070\\u0065", "type", true},
        {"escaped and shorter", "\\u0074yp", "type", false},
        {"escaped and longer", "\\u0074ypes", "type", false},
        {"escaped and another", "\\u0075ype", "type", false},
        {"an escape of its own", "a\\nb", "a\nb", true},
        {"two bytes", "\\u00e9", "\xC3\xA9", true},
        {"four bytes", "\xC3\xA9\\ud83d\\ude00", "\xC3\xA9\xF0\x9F\x98\x80", true},
        {"half of four bytes", "\\ud83d\\ude00", "\xF0\x9F", false},
        {"a NUL ends no name", "type\\u0000", "type", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        int len = snprintf(text, sizeof text, "{\"%s\":1}", cases[i].name);
        struct parley_json j;
        parley_json_start(&j, text, (size_t)len);
        parley_json_next(&j);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_NAME);
        if (parley_json_name_is(&j, cases[i].with) != cases[i].same)
            fail_msg("%s", cases[i].title);
        assert_memory_equal(text + 2, cases[i].name, strlen(cases[i].name));
    }
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static struct parley_json number(char *text)
{
    struct parley_json j;
    parley_json_start(&j, text, strlen(text));
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_NUMBER);
    return j;
}

static void integers_are_exact_or_none(void **unused)
{
    (void)unused;
    static const struct {
        char text[40];
        bool is_unsigned, is_signed;
        uint64_t value; /* the signed one in two's complement */
    } cases[] = {
        {"0", true, true, 0},
        {"-0", false, true, 0},
        {"7", true, true, 7},
        {"-7", false, true, (uint64_t)-7},
        {"4294967296", true, true, UINT64_C(4294967296)},
        {"9007199254740993", true, true, UINT64_C(9007199254740993)},
        {"9223372036854775807", true, true, INT64_MAX},
        {"9223372036854775808", true, false, UINT64_C(9223372036854775808)},
        {"-9223372036854775808", false, true, (uint64_t)INT64_MIN},
        {"-9223372036854775809", false, false, 0},
        {"18446744073709551615", true, false, UINT64_MAX},
        {"18446744073709551616", false, false, 0},
        {"18446744073709551625", false, false, 0},
        {"99999999999999999999999", false, false, 0},
        {"1.0", false, false, 0},
        {"1e3", false, false, 0},
        {"1E0", false, false, 0},
        {"-1.5", false, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[40];
        uint64_t u = 1;
        int64_t s = 1;
        memcpy(text, cases[i].text, sizeof text);
        struct parley_json j = number(text);
        bool is_unsigned = parley_json_u64(&j, &u), is_signed = parley_json_i64(&j, &s);
        if (is_unsigned != cases[i].is_unsigned || is_signed != cases[i].is_signed ||
            (is_unsigned && u != cases[i].value) || (is_signed && (uint64_t)s != cases[i].value))
            fail_msg("%s: %d %llu, %d %lld", text, is_unsigned, (unsigned long long)u, is_signed,
                     (long long)s);
        if (!is_unsigned)
            assert_int_equal(u, 1);
        if (!is_signed)
            assert_int_equal(s, 1);
    }
}

/* A text on the edge between two doubles, and what it has to become. 0x1.8p0 and so on are exact. */
static void doubles_are_the_nearest(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *text;
        double expected; /* INFINITY: out of range */
    } cases[] = {
        {"zero", "0", 0.0},
        {"negative zero", "-0.0e7", -0.0},
        {"a tenth", "0.1", 0x1.999999999999ap-4},
        {"negative", "-1.5", -0x1.8p0},
        {"many zeros", "0.00000000000000000000000000000000000000001e41", 1.0},
        {"just above 2^53, odd: to even", "9007199254740993", 0x1p53},
        {"the same and a little more", "9007199254740993.00000000000000000000000000000001",
         0x1.0000000000001p53},
        {"halfway the other way", "9007199254740995", 0x1.0000000000002p53},
        {"1e23 is no power of ten", "1e23", 0x1.52d02c7e14af6p+76},
        {"the largest", "1.7976931348623157e308", 0x1.fffffffffffffp1023},
        {"nearest still the largest", "1.7976931348623158e308", 0x1.fffffffffffffp1023},
        {"halfway to what is no double", "1.797693134862315807937289714053e308", 0x1.fffffffffffffp1023},
        {"beyond", "1.7976931348623159e308", INFINITY},
        {"far beyond", "-123123e100000", INFINITY},
        {"the exponent of a liar", "1e99999999999999999999999999", INFINITY},
        {"zero has any exponent", "0e99999999999999999999999999", 0.0},
        {"the least normal", "2.2250738585072014e-308", 0x1p-1022},
        {"the largest subnormal", "2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"the least", "4.9e-324", 0x1p-1074},
        {"just above half of it", "2.4703282292062328e-324", 0x1p-1074},
        {"just below half of it", "2.4703282292062327e-324", 0.0},
        {"nothing left", "123e-10000000", 0.0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[80];
        double got = 1;
        snprintf(text, sizeof text, "%s", cases[i].text);
        struct parley_json j = number(text);
        bool fits = parley_json_double(&j, &got);
        if (fits != !isinf(cases[i].expected) || (fits && memcmp(&got, &cases[i].expected, sizeof got) != 0))
            fail_msg("%s: %s became %a", cases[i].title, text, got);
    }
}

/* As the C library reads it, in the C locale this program runs in. */
static void check_as_strtod_does(char *text)
{
    double got = 0, expected = strtod(text, NULL);
    struct parley_json j = number(text);
    bool fits = parley_json_double(&j, &got);
    if (fits != !isinf(expected) || (fits && memcmp(&got, &expected, sizeof got) != 0))
        fail_msg("%s: %a instead of %a", text, got, expected);
}

static void doubles_are_those_of_the_c_library(void **unused)
{
    (void)unused;
    uint64_t random = 0xD1B54A32D192ED03;
    char text[2048];
    for (int round = 0; round < 20000; round++) {
        uint64_t bits = next_random(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.*e", (int)below(&random, 25), value);
        check_as_strtod_does(text);
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(bits >> below(&random, 64)),
                 (unsigned long long)(next_random(&random) >> below(&random, 64)),
                 (int)below(&random, 700) - 350);
        check_as_strtod_does(text);
        if (round % 20 != 0)
            continue;
        /* All digits of a small double or a power of two, and one more. */
        size_t len = (size_t)snprintf(text, sizeof text, "%.1074f",
                                      fabs(value) < 1 ? value : ldexp(1, -1074 + round / 20));
        check_as_strtod_does(text);
        snprintf(text + len, sizeof text - len, "5");
        check_as_strtod_does(text);
    }
}

/* Adds two numbers written with the same number of digits before and after the point. */
static void add_written(char *sum, const char *other)
{
    int carry = 0;
    for (size_t i = strlen(sum); i-- > 0;) {
        if (sum[i] == '.')
            continue;
        int digit = sum[i] - '0' + other[i] - '0' + carry;
        sum[i] = (char)('0' + digit % 10);
        carry = digit / 10;
    }
    assert_int_equal(carry, 0);
}

/* A number of `text`, whose needless zeros in front are passed over. */
static double read_double(char *text)
{
    double value = -1;
    struct parley_json j = number(text + strspn(text, "0") - (text[strspn(text, "0")] == '.'));
    assert_true(parley_json_double(&j, &value));
    return value;
}

/* The middle of two doubles goes to the even one; the least digit after it, however far, tips it. Written
   out in full, as no floating point type can be trusted to hold the middle. */
static void the_middle_of_two_doubles(void **unused)
{
    (void)unused;
    uint64_t random = 0x94D049BB133111EB;
    enum { WIDTH = 1412, DIGITS = 1100 };
    for (int round = 0; round < 200; round++) {
        uint64_t bits = (next_random(&random) >> 12) | (60 + (uint64_t)below(&random, 1960)) << 52;
        double value;
        char text[WIDTH + 802], half[WIDTH + 1];
        memcpy(&value, &bits, sizeof value);
        double next = nextafter(value, INFINITY);
        snprintf(text, sizeof text, "%0*.*f", WIDTH, DIGITS, value);
        snprintf(half, sizeof half, "%0*.*f", WIDTH, DIGITS, (next - value) / 2);
        add_written(text, half);
        assert_true(read_double(text) == ((bits & 1) == 0 ? value : next));
        snprintf(text + WIDTH, sizeof text - WIDTH, "%0800d", 1);
        assert_true(read_double(text) == next);
    }
}

/* ---- passing over values ----------------------------------------------------------------------- */

static void skipping_passes_over_one_value(void **unused)
{
    (void)unused;
    char text[] = "{\"a\":[1,{\"b\":[]}],\"c\":\"x\",\"d\":{\"e\":{}},\"f\":[[2],3,\"g\"]}";
    struct parley_json j;
    parley_json_start(&j, text, sizeof text - 1);
    parley_json_next(&j);

    parley_json_next(&j);
    assert_true(parley_json_skip(&j)); /* after a name: an array */
    parley_json_next(&j);
    assert_true(parley_json_name_is(&j, "c"));
    assert_true(parley_json_skip(&j)); /* after a name: a string */
    parley_json_next(&j);
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_OBJECT);
    assert_true(parley_json_skip(&j)); /* at an object: its rest */
    parley_json_next(&j);
    assert_true(parley_json_name_is(&j, "f"));
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_ARRAY);
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_ARRAY);
    assert_true(parley_json_skip(&j)); /* at an element that is an array: its rest */
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_NUMBER);
    assert_true(parley_json_skip(&j)); /* at a scalar: nothing */
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_STRING);
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_ARRAY_END);
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_OBJECT_END);
    assert_true(parley_json_skip(&j)); /* at the end: nothing */
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_END);

    parley_json_start(&j, text, sizeof text - 1);
    assert_true(parley_json_skip(&j)); /* at the start: all of it */
    assert_int_equal(parley_json_next(&j), PARLEY_JSON_END);
}

/* What was read before is passed without a look at it, to the same place. */
static void skipping_what_was_checked(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "{}",
        "[]",
        "[[],{},[{}]]",
        "{\"a\":[1,2,{\"b\":null}],\"c\":{}}",
        "[\"]\",\"}\",\"{[\",\"\\\"]\",\"\\\\\",\"\\\\\\\"]\",\"\"]",
        "{\"}\":\"\\\\\\\\\",\"\\\"\":\"{\"}",
        " [ \"\\u005d\" , \"\xC3\x9B\xE2\x9B\xBD\" ] ",
        "{\"long\":\"0123456789012345678901234567890123456789]\",\"n\":-1.5e3}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t len = strlen(texts[i]);
        char around[128];
        int bytes = snprintf(around, sizeof around, "{\"x\":%s,\"after\":1}", texts[i]);
        char *copy = copy_of(around, (size_t)bytes);
        struct parley_json j;
        parley_json_start(&j, copy, (size_t)bytes);
        j.checked = true;
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_OBJECT);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_NAME);
        assert_true(parley_json_next(&j) > 0);
        assert_true(parley_json_skip(&j));
        while (len > 0 && texts[i][len - 1] == ' ')
            len--;
        assert_ptr_equal(j.at, copy + strlen("{\"x\":") + len);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_NAME);
        assert_true(parley_json_name_is(&j, "after"));
        assert_true(parley_json_skip(&j));
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_OBJECT_END);
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_END);

        parley_json_start(&j, copy, (size_t)bytes); /* and as a whole */
        j.checked = true;
        assert_true(parley_json_skip(&j));
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_END);
        free(copy);
    }
}

static void skipping_tells_of_failures(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        enum parley_json_token token;
    } cases[] = {
        {"{\"a\":[1,{\"b\":[", PARLEY_JSON_MORE},
        {"{\"a\":[1,{\"b\":]}", PARLEY_JSON_BAD},
        {"{\"a\":nil}", PARLEY_JSON_BAD},
        {"{\"a\"}", PARLEY_JSON_BAD},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int raw = 0; raw < 2; raw++) {
            char text[32];
            struct parley_json j;
            struct parley_view view;
            snprintf(text, sizeof text, "%s", cases[i].text);
            parley_json_start(&j, text, strlen(text));
            parley_json_next(&j);
            parley_json_next(&j);
            assert_false(raw ? parley_json_raw(&j, &view) : parley_json_skip(&j));
            assert_int_equal(parley_json_next(&j), cases[i].token);
        }
}

static void raw_values_are_verbatim(void **unused)
{
    (void)unused;
    static const char *const values[] = {
        "1.50e+1", "\"a\\u0041\\n\"", "null", "{ \"x\" : [ 1 ,2 ] , \"x\":\"\\/\" }", "[ ]", "{}", "\"\"",
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        char text[80];
        snprintf(text, sizeof text, "{\"a\" :\n %s ,\"b\":1}", values[i]);
        struct parley_json j;
        struct parley_view raw;
        parley_json_start(&j, text, strlen(text));
        parley_json_next(&j);
        parley_json_next(&j);
        assert_true(parley_json_raw(&j, &raw));
        assert_true(parley_view_is(raw, values[i]));
        assert_int_equal(parley_json_next(&j), PARLEY_JSON_NAME);
        assert_true(parley_json_name_is(&j, "b"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verdicts_of_the_suite),
        cmocka_unit_test(every_cut_of_a_valid_text_is_not_yet),
        cmocka_unit_test(failures_are_told_in_words_with_their_place),
        cmocka_unit_test(the_place_is_exact_in_damaged_texts),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(tokens_come_as_they_stand),
        cmocka_unit_test(strings_are_unescaped_in_place),
        cmocka_unit_test(every_code_point_by_its_escape),
        cmocka_unit_test(every_byte_is_seen_at_every_place),
        cmocka_unit_test(names_are_compared_unescaped_and_stay),
        cmocka_unit_test(integers_are_exact_or_none),
        cmocka_unit_test(doubles_are_the_nearest),
        cmocka_unit_test(doubles_are_those_of_the_c_library),
        cmocka_unit_test(the_middle_of_two_doubles),
        cmocka_unit_test(skipping_passes_over_one_value),
        cmocka_unit_test(skipping_what_was_checked),
        cmocka_unit_test(skipping_tells_of_failures),
        cmocka_unit_test(raw_values_are_verbatim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
