/*
 * parser/base64: RFC 4648, and strictness against a definition by search; then each kind of vectors this
 * machine has against the plain C, which the other tests hold to the definition.
 */
#include "test/unit/parser_test.h"

#include "parser/base64.h"
#include "parser/base64_vector.h"
#include "platform/status.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void the_examples_of_the_rfc(void **unused)
{
    (void)unused;
    static const struct {
        const char *data, *text;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\x01\x02\x03", "AQID"},
        {"\xFB\xFF\xBF", "+/+/"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[16], data[16];
        size_t bytes = strlen(cases[i].data), len = strlen(cases[i].text);
        assert_int_equal(parley_base64_length(bytes), len);
        parley_base64_encode(text, cases[i].data, bytes);
        assert_memory_equal(text, cases[i].text, len);
        assert_int_equal(parley_base64_decode(data, parley_view(cases[i].text), NULL), bytes);
        assert_memory_equal(data, cases[i].data, bytes);
    }
    assert_int_equal(parley_base64_decode(NULL, parley_view(NULL), NULL), 0);
}

/* Bit by bit: the n-th character holds the bits from 6 n on. */
static char expected_character(const unsigned char *data, size_t bytes, size_t n)
{
    unsigned value = 0;
    if (n * 6 >= bytes * 8)
        return '=';
    for (size_t bit = n * 6; bit < n * 6 + 6; bit++)
        value = value << 1 | (bit / 8 < bytes ? data[bit / 8] >> (7 - bit % 8) & 1u : 0);
    return alphabet[value];
}

static void every_length_there_and_back_in_place(void **unused)
{
    (void)unused;
    uint64_t random = 0x2545F4914F6CDD1D;
    for (size_t bytes = 0; bytes <= 300; bytes++) {
        unsigned char *data = malloc(bytes + 1);
        char *text = malloc(parley_base64_length(bytes) + 1);
        assert_non_null(data);
        assert_non_null(text);
        for (size_t i = 0; i < bytes; i++)
            data[i] = (unsigned char)next_random(&random);
        size_t len = parley_base64_length(bytes);
        text[len] = '!'; /* nobody writes here */
        parley_base64_encode_by(PARLEY_VECTOR_NONE, text, data, bytes);
        for (size_t n = 0; n < len; n++)
            assert_int_equal(text[n], expected_character(data, bytes, n));
        char *place = copy_of(text, len);
        assert_int_equal(parley_base64_decode_by(PARLEY_VECTOR_NONE, place, parley_view_of(place, len), NULL),
                         bytes);
        assert_memory_equal(place, data, bytes);
        assert_int_equal(text[len], '!');
        free(place);
        free(text);
        free(data);
    }
}

static void what_is_wrong_is_told_with_its_place(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *text;
        size_t bad;
    } cases[] = {
        {"too short", "A", 1},
        {"a character missing", "AQIDAQI", 7},
        {"padding missing", "AQIDAQ", 6},
        {"half of the padding missing", "AQIDAQ=", 7},
        {"padding alone", "====", 0},
        {"padding too early", "A===", 1},
        {"padding in the middle", "AQ==AQID", 4},
        {"more after padding", "AQI=A", 4},
        {"too much padding", "AQI==", 4},
        {"a character inside padding", "AQ=A", 3},
        {"unused bits of one byte", "AR==", 2},
        {"unused bits of two bytes", "AQJ=", 3},
        {"white space", "AQID AQI", 4},
        {"a line end", "AQID\n", 4},
        {"the URL alphabet", "AQ-_", 2},
        {"a NUL is wrong as any other", "AQI*", 3},
        {"a byte above ASCII", "AQI\xFF", 3},
        {"far behind", "AQIDAQIDAQIDAQIDAQIDAQI!AQIDAQIDAQIDAQIDAQID", 23},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char into[64];
        size_t bad = 999, len = strlen(cases[i].text);
        char *copy = copy_of(cases[i].text, len);
        long got = parley_base64_decode(into, parley_view_of(copy, len), &bad);
        long quiet = parley_base64_decode(copy, parley_view_of(copy, len), NULL);
        if (got != PARLEY_ERR_BASE64 || quiet != got || bad != cases[i].bad)
            fail_msg("%s: %ld at %zu", cases[i].title, got, bad);
        free(copy);
    }
}

/* The definition: groups of four, '=' only as the last one or two, and it must encode back to itself. */
static bool valid(const char *text, size_t len)
{
    unsigned char data[16] = {0};
    char again[16];
    if (len % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len - padding; i++) {
        const char *found = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
        if (found == NULL)
            return false;
        for (size_t bit = 0; bit < 6; bit++)
            if (((found - alphabet) >> (5 - bit) & 1) != 0)
                data[(i * 6 + bit) / 8] |= (unsigned char)(0x80 >> (i * 6 + bit) % 8);
    }
    parley_base64_encode(again, data, len / 4 * 3 - padding);
    return memcmp(again, text, len) == 0;
}

/* True when something valid begins with `text`. */
static bool viable(const char *text, size_t len)
{
    static const char *const endings[] = {"", "A", "AA", "AAA", "=", "==", "A=", "A==", "AA="};
    for (size_t i = 0; i < COUNT(endings); i++) {
        char whole[16];
        memcpy(whole, text, len);
        memcpy(whole + len, endings[i], strlen(endings[i]));
        if (valid(whole, len + strlen(endings[i])))
            return true;
    }
    return false;
}

/* All texts of up to seven characters of these: the verdict is that of the definition, and the place is the
   first at which nothing valid can begin so. */
static void every_short_text_by_definition(void **unused)
{
    (void)unused;
    static const char some[] = "AQB=!"; /* no bits; unused bits of two only; of both; the others */
    for (size_t len = 0; len <= 7; len++) {
        size_t all = 1;
        for (size_t i = 0; i < len; i++)
            all *= sizeof some - 1;
        for (size_t n = 0; n < all; n++) {
            char text[8] = {0}, into[8];
            for (size_t i = 0, rest = n; i < len; i++, rest /= sizeof some - 1)
                text[i] = some[rest % (sizeof some - 1)];
            size_t bad = 999, expected = 0;
            long got = parley_base64_decode_by(PARLEY_VECTOR_NONE, into, parley_view_of(text, len), &bad);
            if ((got >= 0) != valid(text, len))
                fail_msg("%s: %ld", text, got);
            while (expected < len && viable(text, expected + 1))
                expected++;
            if (got < 0 && bad != expected)
                fail_msg("%s: at %zu instead of %zu", text, bad, expected);
        }
    }
}

/* The loop over two groups notices a wrong character at every place, in place as well. */
static void a_wrong_character_is_found_at_every_place(void **unused)
{
    (void)unused;
    static const char wrong[] = "\x00\x20,-.:=@[_`{\x7F\x80\xC1\xFF";
    for (size_t len = 4; len <= 40; len += 4)
        for (size_t at = 0; at < len - 2; at++)
            for (size_t w = 0; w < sizeof wrong - 1; w++) {
                char text[40];
                size_t bad = 999;
                memset(text, 'q', sizeof text);
                text[at] = wrong[w];
                char *copy = copy_of(text, len);
                assert_int_equal(
                    parley_base64_decode_by(PARLEY_VECTOR_NONE, copy, parley_view_of(copy, len), &bad),
                    PARLEY_ERR_BASE64);
                assert_int_equal(bad, at);
                free(copy);
            }
}

static void all_characters_mean_what_the_alphabet_says(void **unused)
{
    (void)unused;
    for (unsigned c = 0; c < 256; c++)
        for (size_t place = 0; place < 4; place++) {
            char text[] = "AAAA";
            unsigned char into[3];
            const char *found = c != 0 ? strchr(alphabet, (int)c) : NULL;
            text[place] = (char)c;
            long got = parley_base64_decode(into, parley_view_of(text, 4), NULL);
            if (c == '=' && place == 3)
                continue; /* "AAA=" is two bytes */
            assert_int_equal(got, found != NULL ? 3 : PARLEY_ERR_BASE64);
            if (found == NULL)
                continue;
            unsigned value = (unsigned)into[0] << 16 | (unsigned)into[1] << 8 | into[2];
            assert_int_equal(value, (unsigned)(found - alphabet) << (18 - 6 * place));
        }
}

/* ---- vectors ------------------------------------------------------------------------------------ */

/* The next kind after `by` that this machine has; NONE behind the last. NONE itself is the plain C. */
static enum parley_vector next_vector(enum parley_vector by)
{
    static const enum parley_vector down[] = {
        [PARLEY_VECTOR_AVX2] = PARLEY_VECTOR_SSSE3, [PARLEY_VECTOR_NEON] = PARLEY_VECTOR_NONE};
    return by == PARLEY_VECTOR_NONE ? parley_vector_best() : by < COUNT(down) ? down[by] : PARLEY_VECTOR_NONE;
}
#define EACH_VECTOR(by)                                                                                      \
    enum parley_vector by = next_vector(PARLEY_VECTOR_NONE);                                                 \
    (by) != PARLEY_VECTOR_NONE;                                                                              \
    (by) = next_vector(by)

/* Everything the plain C decides about a text, and what it makes of it. */
static void check_decoding(enum parley_vector by, const char *text, size_t len)
{
    size_t room = len / 4 * 3, bad = 999, expected_bad = 999;
    unsigned char *into = malloc(room + 1), *expected = malloc(room + 1);
    char *exact = copy_of(text, len), *place = copy_of(text, len);

    assert_true(into != NULL && expected != NULL);
    into[room] = 0xA5; /* nobody writes here */
    struct parley_view view = parley_view_of(exact, len);
    long want = parley_base64_decode_by(PARLEY_VECTOR_NONE, expected, view, &expected_bad);
    long got = parley_base64_decode_by(by, into, view, &bad);
    if (got != want || bad != expected_bad)
        fail_msg("%.*s: %ld at %zu instead of %ld at %zu", (int)len, text, got, bad, want, expected_bad);
    assert_int_equal(into[room], 0xA5);
    if (want > 0)
        assert_memory_equal(into, expected, (size_t)want);

    size_t start = parley_base64_decode_start_by(by, place, parley_view_of(place, len));
    assert_int_equal(start, parley_base64_decode_start_by(PARLEY_VECTOR_NONE, expected, view));
    assert_memory_equal(place, expected, start / 4 * 3);
    assert_memory_equal(place + start, text + start, len - start);
    free(into), free(expected), free(exact), free(place);
}

static void vectors_decode_every_length_and_every_padding(void **unused)
{
    (void)unused;
    for (EACH_VECTOR(by)) {
        uint64_t random = 0x2545F4914F6CDD1D;
        for (size_t len = 0; len <= 300; len++) {
            char text[304];
            for (size_t i = 0; i < len; i++)
                text[i] = alphabet[below(&random, 64)];
            check_decoding(by, text, len);
            for (size_t padding = 1; padding <= 3 && padding <= len; padding++) {
                text[len - padding] = '=';
                check_decoding(by, text, len);
                if (padding < 3 && len > padding) { /* no bits unused */
                    text[len - padding - 1] = 'w';
                    check_decoding(by, text, len);
                }
            }
        }
    }
}

/* Every character there is, at every place of the widest block and of what is left behind it. */
static void vectors_find_every_character_at_every_place(void **unused)
{
    (void)unused;
    enum { LENGTH = 132 };
    char text[LENGTH];
    uint64_t random = 88172645463325252;
    for (EACH_VECTOR(by))
        for (size_t at = 0; at < LENGTH; at++)
            for (unsigned c = 0; c < 256; c++) {
                for (size_t i = 0; c % 64 == 0 && i < LENGTH; i++)
                    text[i] = alphabet[below(&random, 64)];
                char before = text[at];
                text[at] = (char)c;
                check_decoding(by, text, LENGTH);
                text[at] = before;
            }
}

static void vectors_refuse_white_space_as_plain_c_does(void **unused)
{
    (void)unused;
    static const char spaces[] = " \t\r\n\v\f";
    for (EACH_VECTOR(by))
        for (size_t len = 100; len <= 108; len++)
            for (size_t at = 0; at <= len; at++)
                for (size_t i = 0; i < sizeof spaces - 1; i++) {
                    char text[110];
                    memset(text, 'T', sizeof text);
                    text[at] = spaces[i];
                    check_decoding(by, text, len + 1);
                }
}

static void vectors_encode_every_length(void **unused)
{
    (void)unused;
    for (EACH_VECTOR(by)) {
        uint64_t random = 0x9E3779B97F4A7C15;
        for (size_t bytes = 0; bytes <= 300; bytes++) {
            size_t len = parley_base64_length(bytes);
            char *data = malloc(bytes + 1), *text = malloc(len + 1), *expected = malloc(len + 1);
            assert_true(data != NULL && text != NULL && expected != NULL);
            for (size_t i = 0; i < bytes; i++)
                data[i] = (char)next_random(&random);
            char *exact = copy_of(data, bytes);
            text[len] = '!';
            parley_base64_encode_by(PARLEY_VECTOR_NONE, expected, exact, bytes);
            parley_base64_encode_by(by, text, exact, bytes);
            assert_memory_equal(text, expected, len);
            assert_int_equal(text[len], '!');
            free(data), free(text), free(expected), free(exact);
        }
    }
}

/* All six bits in all places of all lanes. */
static void vectors_encode_and_decode_every_three_bytes(void **unused)
{
    (void)unused;
    enum { BYTES = 48 * 3 };
    unsigned char data[BYTES], back[BYTES];
    char text[BYTES / 3 * 4], expected[BYTES / 3 * 4];
    for (EACH_VECTOR(by))
        for (unsigned first = 0; first < 1u << 24; first += 48 * 37) {
            for (unsigned i = 0; i < BYTES / 3; i++) {
                data[3 * i] = (unsigned char)((first + 37 * i) >> 16);
                data[3 * i + 1] = (unsigned char)((first + 37 * i) >> 8);
                data[3 * i + 2] = (unsigned char)(first + 37 * i);
            }
            parley_base64_encode_by(PARLEY_VECTOR_NONE, expected, data, BYTES);
            parley_base64_encode_by(by, text, data, BYTES);
            assert_memory_equal(text, expected, sizeof text);
            assert_int_equal(parley_base64_decode_by(by, back, parley_view_of(text, sizeof text), NULL),
                             BYTES);
            assert_memory_equal(back, data, BYTES);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc),
        cmocka_unit_test(every_length_there_and_back_in_place),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(every_short_text_by_definition),
        cmocka_unit_test(a_wrong_character_is_found_at_every_place),
        cmocka_unit_test(all_characters_mean_what_the_alphabet_says),
        cmocka_unit_test(vectors_decode_every_length_and_every_padding),
        cmocka_unit_test(vectors_find_every_character_at_every_place),
        cmocka_unit_test(vectors_refuse_white_space_as_plain_c_does),
        cmocka_unit_test(vectors_encode_every_length),
        cmocka_unit_test(vectors_encode_and_decode_every_three_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
