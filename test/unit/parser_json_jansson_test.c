/*
 * parser/json against jansson: texts damaged in 100,000 ways, the same verdict and the same values.
 *
 * From our tokens a tree of jansson's own is built and compared with the one jansson reads. Where the two
 * differ by design it is noted on the way and asserted: jansson takes no integer beyond 64 bits, no number
 * that overflows a double, and no NUL in a name; it nests to 2048 levels where we stop at 512. And it loses a
 * NUL byte just behind a number or a word (seen with 2.14), which is no difference to keep.
 */
#include "test/unit/parser_test.h"

#include "parser/json.h"

#include <jansson.h>

struct reading {
    struct parley_json json;
    bool jansson_refuses;
};

static json_t *build(struct reading *r, enum parley_json_token token);

static json_t *build_string(struct reading *r)
{
    struct parley_view text = parley_json_string(&r->json);
    return json_stringn(text.at, text.len);
}

static json_t *build_number(struct reading *r)
{
    int64_t whole;
    double real;
    if (parley_json_i64(&r->json, &whole))
        return json_integer(whole);
    bool fraction = false;
    for (size_t i = 0; i < r->json.raw.len; i++)
        fraction |= memchr(".eE", r->json.raw.at[i], 3) != NULL;
    if (!fraction || !parley_json_double(&r->json, &real)) {
        r->jansson_refuses = true;
        return json_null();
    }
    return json_real(real);
}

static json_t *build_object(struct reading *r)
{
    json_t *object = json_object();
    while (parley_json_next(&r->json) == PARLEY_JSON_NAME) {
        struct parley_view name = parley_json_string(&r->json);
        r->jansson_refuses |= name.len > 0 && memchr(name.at, '\0', name.len) != NULL;
        json_t *value = build(r, parley_json_next(&r->json));
        if (value == NULL)
            break;
        json_object_setn_new(object, name.at, name.len, value);
    }
    return object;
}

static json_t *build_array(struct reading *r)
{
    json_t *array = json_array();
    enum parley_json_token token;
    while ((token = parley_json_next(&r->json)) > 0 && token != PARLEY_JSON_ARRAY_END)
        json_array_append_new(array, build(r, token));
    return array;
}

/* The value whose first token was just read; NULL for no value. */
static json_t *build(struct reading *r, enum parley_json_token token)
{
    switch (token) {
    case PARLEY_JSON_OBJECT:
        return build_object(r);
    case PARLEY_JSON_ARRAY:
        return build_array(r);
    case PARLEY_JSON_STRING:
        return build_string(r);
    case PARLEY_JSON_NUMBER:
        return build_number(r);
    case PARLEY_JSON_TRUE:
        return json_true();
    case PARLEY_JSON_FALSE:
        return json_false();
    case PARLEY_JSON_NULL:
        return json_null();
    default:
        return NULL;
    }
}

static bool is_lost_by_jansson(const char *text, size_t offset)
{
    return text[offset] == '\0' && offset > 0 && memchr("0123456789els", text[offset - 1], 13) != NULL;
}

/* Returns whether the text is JSON. */
static bool compare(const char *text, size_t len)
{
    char *copy = copy_of(text, len);
    struct reading r = {.jansson_refuses = false};
    parley_json_start(&r.json, copy, len);
    json_t *ours = build(&r, parley_json_next(&r.json));
    enum parley_json_token end = parley_json_next(&r.json);

    json_error_t error;
    json_t *theirs = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (end == PARLEY_JSON_END && !r.jansson_refuses) {
        if (theirs == NULL)
            fail_msg("jansson refuses (%s at %d): %.*s", error.text, error.position, (int)len, text);
        if (!json_equal(ours, theirs))
            fail_msg("other values: %.*s", (int)len, text);
    } else if (theirs != NULL && end != PARLEY_JSON_DEEP &&
               !(end == PARLEY_JSON_BAD && is_lost_by_jansson(text, r.json.offset))) {
        fail_msg("jansson takes (we: %s at %zu): %.*s", r.json.error, r.json.offset, (int)len, text);
    }
    json_decref(ours);
    json_decref(theirs);
    free(copy);
    return end == PARLEY_JSON_END;
}

static const char *const seeds[] = {
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\","
    "\"item_id\":\"i\"}",
    "{\"a\":[1,-2.5e-3,0,true,false,null,\"x\\u00e9\\ud83d\\ude00\\n\\\"\\/"
    "\"],\"b\":{\"c\":{},\"d\":[]},\"a\":7}",
    "[0.1,1e23,9007199254740993,-0,-0.0,9223372036854775807,-9223372036854775808,18446744073709551615,1e308,"
    "4.9e-324]",
    "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 \xE6\x97\xA5\xE6\x9C\xAC and plain \\u0000 \\uD834\\uDD1E\"",
    " [ [ [ { \"deep\" : [ { } , [ ] , \"\" ] } ] ] , 12.50E+2 ] \n",
    "{\"arguments\":\"{\\\"prompt\\\":\\\"run \\\\\\\"ls\\\\\\\"\\\"}\",\"n\":-12,\"m\":1.25}",
    "-123.456e7",
    "[\"\\b\\f\\n\\r\\t\\\\\",\"\\u2028\\uFFFF\\u007f\",\"\x7F\"]",
};

static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\u0000",
    "\\n",
    "0",
    "1",
    "-",
    "+",
    ".",
    "e",
    "E5",
    "e-400",
    "e400",
    "true",
    "null",
    "false",
    " ",
    "\t",
    "\n",
    "\r",
    "\v",
    "\x01",
    "\x80",
    "\xC3",
    "\xE2\x82",
    "\xED\xA0\x80",
    "\xF0\x9F\x98\x80",
    "\xF4\x90\x80\x80",
    "\xFF",
    "00",
    "99999999999999999999",
    "\"a\":",
    "[]",
    "{}",
    "\"\"",
    "123456789012345678",
    "/**/",
    "'",
    "\xEF\xBB\xBF",
};

/* Changes, drops, doubles, inserts: one to four times. */
static size_t damage(char *text, size_t len, size_t room, uint64_t *random)
{
    for (size_t hits = 1 + below(random, 4); hits > 0 && len > 0; hits--) {
        size_t at = below(random, len), run = 1 + below(random, below(random, 4) == 0 ? len - at : 3);
        if (at + run > len)
            run = len - at;
        const char *piece = pieces[below(random, COUNT(pieces))];
        size_t size = strlen(piece);
        switch (below(random, 4)) {
        case 0:
            text[at] = (char)next_random(random);
            break;
        case 1:
            memmove(text + at, text + at + run, len - at - run);
            len -= run;
            break;
        case 2:
            if (len + run > room)
                break;
            memmove(text + at + run, text + at, len - at);
            len += run;
            break;
        default:
            if (len + size > room)
                break;
            memmove(text + at + size, text + at, len - at);
            memcpy(text + at, piece, size);
            len += size;
            break;
        }
    }
    return len;
}

static void the_same_verdict_and_values_as_jansson(void **unused)
{
    (void)unused;
    uint64_t random = 0xA0761D6478BD642F;
    unsigned valid = 0, rounds = 120000;
    for (unsigned round = 0; round < rounds; round++) {
        char text[1024];
        const char *seed = seeds[round % COUNT(seeds)];
        size_t len = strlen(seed);
        memcpy(text, seed, len);
        valid += compare(text, damage(text, len, sizeof text, &random));
    }
    /* Neither side of the comparison may be starved. */
    assert_in_range(valid, rounds / 20, rounds - rounds / 20);
}

static void the_same_for_the_seeds_and_their_cuts(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(seeds); i++) {
        assert_true(compare(seeds[i], strlen(seeds[i])));
        for (size_t cut = 0; cut < strlen(seeds[i]); cut++)
            compare(seeds[i], cut);
    }
}

/* Numbers put together at random, most of them valid: the doubles have to be the same to the last bit. */
static void the_same_numbers_as_jansson(void **unused)
{
    (void)unused;
    uint64_t random = 0xE7037ED1A0B428DB;
    static const char *const parts[] = {
        "-", "0", ".", "e", "E", "+", "1", "9", "5", "12345678901234567", "0000000000000000000000"};
    for (unsigned round = 0; round < 40000; round++) {
        char text[256];
        size_t len = 0;
        if (round % 2 == 0)
            len = (size_t)snprintf(text, sizeof text, "%d.%llue%d", (int)below(&random, 2000) - 1000,
                                   (unsigned long long)next_random(&random), (int)below(&random, 640) - 330);
        for (size_t i = below(&random, 6); i > 0; i--)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", parts[below(&random, COUNT(parts))]);
        compare(text, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_for_the_seeds_and_their_cuts),
        cmocka_unit_test(the_same_verdict_and_values_as_jansson),
        cmocka_unit_test(the_same_numbers_as_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
