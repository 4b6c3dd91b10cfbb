/*
 * Base64 by vectors: dozens of characters at a time and no table in memory. See parser/base64_vector.h.
 *
 * On x86 a shuffle looks up the class of a byte by its upper half, and multiplications shift each element its
 * own way, to make bytes of six bits or the reverse (the ideas are those of W. Muła and D. Lemire, "Faster
 * Base64 Encoding and Decoding Using AVX2 Instructions", 2018). On ARM loads and stores deal out every third
 * or fourth byte, so that plain shifts do, and comparisons tell the classes.
 */
#include "parser/base64_vector.h"

#ifdef PARLEY_VECTOR_X86
#include <immintrin.h>

/* ---- x86: what is looked up -------------------------------------------------------------------- */

/* A character is wrong when its halves have a bit in common: 0x10 is of the upper halves that no character
 * has; 1, 2, 4 and 8 are of 2, 3, 4 and 6, 5 and 7, and set for the lower halves that do not go with them. */
#define WRONG_HIGH 16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16
#define WRONG_LOW  21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26

/* What makes six bits of a character, by its upper half; for '/' by the one below, as '+' has the same. */
#define TO_BITS 0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0

/* What makes a character of six bits: 0 to 25, 26 to 51, and each of the others for itself. */
#define DIGIT 48 - 52
#define TO_CHARACTER                                                                                         \
    'A', 'a' - 26, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, '+' - 62, '/' - 63, \
        0, 0

/* The bytes of groups of three: behind each other, from the elements that were decoded; and from there into
 * elements to be encoded, the second byte twice. */
#define FROM_ELEMENTS 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1
#define TO_ELEMENTS   1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10

#define SSSE3 __attribute__((target("ssse3")))
#define AVX2  __attribute__((target("avx2")))

/* ---- SSSE3: 16 characters, 12 bytes ------------------------------------------------------------ */

SSSE3 static size_t decode_ssse3(unsigned char *out, const char *in, size_t len)
{
    const __m128i wrong_high = _mm_setr_epi8(WRONG_HIGH), wrong_low = _mm_setr_epi8(WRONG_LOW);
    const __m128i to_bits = _mm_setr_epi8(TO_BITS), from_elements = _mm_setr_epi8(FROM_ELEMENTS);
    const __m128i slash = _mm_set1_epi8('/'); /* 0x2F, so a mask for halves as well: a shuffle skips 0x20 */
    size_t at = 0;

    for (; len - at >= 24; at += 16, out += 12) {
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(in + at));
        __m128i high = _mm_and_si128(_mm_srli_epi32(text, 4), slash);
        __m128i low = _mm_and_si128(text, slash);
        __m128i wrong = _mm_and_si128(_mm_shuffle_epi8(wrong_high, high), _mm_shuffle_epi8(wrong_low, low));
        if (_mm_movemask_epi8(_mm_cmpgt_epi8(wrong, _mm_setzero_si128())) != 0)
            break;
        high = _mm_add_epi8(high, _mm_cmpeq_epi8(text, slash));
        __m128i bits = _mm_add_epi8(text, _mm_shuffle_epi8(to_bits, high));
        bits = _mm_maddubs_epi16(bits, _mm_set1_epi32(0x01400140)); /* twice six to twelve */
        bits = _mm_madd_epi16(bits, _mm_set1_epi32(0x00011000));    /* twice twelve to 24 */
        _mm_storeu_si128((__m128i *)(void *)out, _mm_shuffle_epi8(bits, from_elements));
    }
    return at;
}

SSSE3 static size_t encode_ssse3(char *out, const unsigned char *in, size_t bytes)
{
    const __m128i to_elements = _mm_setr_epi8(TO_ELEMENTS), to_character = _mm_setr_epi8(TO_CHARACTER);
    size_t at = 0;

    for (; bytes - at >= 16; at += 12, out += 16) {
        __m128i data = _mm_loadu_si128((const __m128i *)(const void *)(in + at));
        data = _mm_shuffle_epi8(data, to_elements);
        __m128i right = _mm_and_si128(data, _mm_set1_epi32(0x0FC0FC00)); /* by 10 and by 6 */
        __m128i left = _mm_and_si128(data, _mm_set1_epi32(0x003F03F0));  /* by 4 and by 8 */
        __m128i bits = _mm_or_si128(_mm_mulhi_epu16(right, _mm_set1_epi32(0x04000040)),
                                    _mm_mullo_epi16(left, _mm_set1_epi32(0x01000010)));
        __m128i class =
            _mm_sub_epi8(_mm_subs_epu8(bits, _mm_set1_epi8(51)), _mm_cmpgt_epi8(bits, _mm_set1_epi8(25)));
        bits = _mm_add_epi8(bits, _mm_shuffle_epi8(to_character, class));
        _mm_storeu_si128((__m128i *)(void *)out, bits);
    }
    return at;
}

/* ---- AVX2: the same in both halves of a vector, 32 characters, 24 bytes ------------------------ */

AVX2 static size_t decode_avx2(unsigned char *out, const char *in, size_t len)
{
    const __m256i wrong_high = _mm256_setr_epi8(WRONG_HIGH, WRONG_HIGH);
    const __m256i wrong_low = _mm256_setr_epi8(WRONG_LOW, WRONG_LOW);
    const __m256i to_bits = _mm256_setr_epi8(TO_BITS, TO_BITS);
    const __m256i from_elements = _mm256_setr_epi8(FROM_ELEMENTS, FROM_ELEMENTS);
    const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7), slash = _mm256_set1_epi8('/');
    size_t at = 0;

    for (; len - at >= 44; at += 32, out += 24) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)(in + at));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
        __m256i low = _mm256_and_si256(text, slash);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(wrong_high, high), _mm256_shuffle_epi8(wrong_low, low)))
            break;
        high = _mm256_add_epi8(high, _mm256_cmpeq_epi8(text, slash));
        __m256i bits = _mm256_add_epi8(text, _mm256_shuffle_epi8(to_bits, high));
        bits = _mm256_maddubs_epi16(bits, _mm256_set1_epi32(0x01400140));
        bits = _mm256_madd_epi16(bits, _mm256_set1_epi32(0x00011000));
        bits = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(bits, from_elements), join);
        _mm256_storeu_si256((__m256i *)(void *)out, bits);
    }
    return at;
}

AVX2 static size_t encode_avx2(char *out, const unsigned char *in, size_t bytes)
{
    const __m256i to_elements = _mm256_setr_epi8(TO_ELEMENTS, TO_ELEMENTS);
    const __m256i to_character = _mm256_setr_epi8(TO_CHARACTER, TO_CHARACTER);
    size_t at = 0;

    for (; bytes - at >= 28; at += 24, out += 32) {
        __m128i first = _mm_loadu_si128((const __m128i *)(const void *)(in + at));
        __m128i second = _mm_loadu_si128((const __m128i *)(const void *)(in + at + 12));
        __m256i data = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
        data = _mm256_shuffle_epi8(data, to_elements);
        __m256i right = _mm256_and_si256(data, _mm256_set1_epi32(0x0FC0FC00));
        __m256i left = _mm256_and_si256(data, _mm256_set1_epi32(0x003F03F0));
        __m256i bits = _mm256_or_si256(_mm256_mulhi_epu16(right, _mm256_set1_epi32(0x04000040)),
                                       _mm256_mullo_epi16(left, _mm256_set1_epi32(0x01000010)));
        __m256i class = _mm256_sub_epi8(_mm256_subs_epu8(bits, _mm256_set1_epi8(51)),
                                        _mm256_cmpgt_epi8(bits, _mm256_set1_epi8(25)));
        bits = _mm256_add_epi8(bits, _mm256_shuffle_epi8(to_character, class));
        _mm256_storeu_si256((__m256i *)(void *)out, bits);
    }
    return at;
}

/* ---- which ------------------------------------------------------------------------------------- */

enum parley_vector parley_vector_best(void)
{
    return __builtin_cpu_supports("avx2")    ? PARLEY_VECTOR_AVX2
           : __builtin_cpu_supports("ssse3") ? PARLEY_VECTOR_SSSE3
                                             : PARLEY_VECTOR_NONE;
}

size_t parley_vector_decode(enum parley_vector by, void *into, const char *text, size_t len)
{
    size_t done = by == PARLEY_VECTOR_AVX2 ? decode_avx2(into, text, len) : 0;

    if (by != PARLEY_VECTOR_NONE)
        done += decode_ssse3((unsigned char *)into + done / 4 * 3, text + done, len - done);
    return done;
}

size_t parley_vector_encode(enum parley_vector by, char *out, const void *from, size_t bytes)
{
    size_t done = by == PARLEY_VECTOR_AVX2 ? encode_avx2(out, from, bytes) : 0;

    if (by != PARLEY_VECTOR_NONE)
        done += encode_ssse3(out + done / 3 * 4, (const unsigned char *)from + done, bytes - done);
    return done;
}

#elif defined(PARLEY_VECTOR_ARM)
#include <arm_neon.h>

/* ---- NEON: 64 characters, 48 bytes ------------------------------------------------------------- */

static uint8x16_t all(unsigned value)
{
    return vdupq_n_u8((uint8_t)value);
}

/* The six bits of each character; what is not of the alphabet makes *right zero there. */
static uint8x16_t to_bits(uint8x16_t text, uint8x16_t *right)
{
    uint8x16_t letter = vsubq_u8(vorrq_u8(text, all(0x20)), all('a')), is_letter = vcltq_u8(letter, all(26));
    uint8x16_t digit = vsubq_u8(text, all('0')), is_digit = vcltq_u8(digit, all(10));
    uint8x16_t is_plus = vceqq_u8(text, all('+')), is_slash = vceqq_u8(text, all('/'));
    uint8x16_t other = vorrq_u8(vandq_u8(is_plus, all(62)), vandq_u8(is_slash, all(63)));

    letter = vaddq_u8(letter, vandq_u8(vtstq_u8(text, all(0x20)), all(26)));
    digit = vaddq_u8(digit, all(52));
    *right = vandq_u8(*right, vorrq_u8(vorrq_u8(is_letter, is_digit), vorrq_u8(is_plus, is_slash)));
    return vbslq_u8(is_letter, letter, vbslq_u8(is_digit, digit, other));
}

static uint8x16_t to_character(uint8x16_t bits)
{
    uint8x16_t text = vaddq_u8(bits, all('A'));

    text = vaddq_u8(text, vandq_u8(vcgeq_u8(bits, all(26)), all('a' - 26 - 'A')));
    text = vsubq_u8(text, vandq_u8(vcgeq_u8(bits, all(52)), all('a' - 26 - ('0' - 52))));
    text = vsubq_u8(text, vandq_u8(vceqq_u8(bits, all(62)), all('0' - 52 + 62 - '+')));
    return vsubq_u8(text, vandq_u8(vceqq_u8(bits, all(63)), all('0' - 52 + 63 - '/')));
}

enum parley_vector parley_vector_best(void)
{
    return PARLEY_VECTOR_NEON;
}

size_t parley_vector_decode(enum parley_vector by, void *into, const char *text, size_t len)
{
    unsigned char *out = into;
    size_t at = 0;

    for (; by == PARLEY_VECTOR_NEON && len - at >= 64; at += 64, out += 48) {
        uint8x16x4_t four = vld4q_u8((const uint8_t *)text + at);
        uint8x16x3_t three;
        uint8x16_t right = all(0xFF);

        for (int i = 0; i < 4; i++)
            four.val[i] = to_bits(four.val[i], &right);
        uint8x8_t both = vand_u8(vget_low_u8(right), vget_high_u8(right));
        if (vget_lane_u64(vreinterpret_u64_u8(both), 0) != UINT64_MAX)
            break;
        three.val[0] = vorrq_u8(vshlq_n_u8(four.val[0], 2), vshrq_n_u8(four.val[1], 4));
        three.val[1] = vorrq_u8(vshlq_n_u8(four.val[1], 4), vshrq_n_u8(four.val[2], 2));
        three.val[2] = vorrq_u8(vshlq_n_u8(four.val[2], 6), four.val[3]);
        vst3q_u8(out, three);
    }
    return at;
}

size_t parley_vector_encode(enum parley_vector by, char *out, const void *from, size_t bytes)
{
    const unsigned char *in = from;
    size_t at = 0;

    for (; by == PARLEY_VECTOR_NEON && bytes - at >= 48; at += 48, out += 64) {
        uint8x16x3_t three = vld3q_u8(in + at);
        uint8x16x4_t four;

        four.val[0] = vshrq_n_u8(three.val[0], 2);
        four.val[1] = vorrq_u8(vshlq_n_u8(three.val[0], 4), vshrq_n_u8(three.val[1], 4));
        four.val[2] = vorrq_u8(vshlq_n_u8(three.val[1], 2), vshrq_n_u8(three.val[2], 6));
        four.val[3] = three.val[2];
        for (int i = 0; i < 4; i++)
            four.val[i] = to_character(vandq_u8(four.val[i], all(63)));
        vst4q_u8((uint8_t *)out, four);
    }
    return at;
}

#else
typedef int parley_no_vectors; /* a file of C holds something */
#endif
