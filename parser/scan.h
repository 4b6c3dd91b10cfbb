#ifndef PARLEY_PARSER_SCAN_H
#define PARLEY_PARSER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Runs of bytes that need no look at each of them, seen a block at a time. For json.c and utf8.c.
 *
 * For each kind of machine a block is PARLEY_SCAN_BYTES long; its marks are zero when nothing in it ends the
 * run, else parley_scan_first tells how many bytes of it surely belong to the run: all before the one that
 * ends it where the compiler can count zeros and the least byte of a word comes first (PARLEY_SCAN_EXACT),
 * and none elsewhere. Of four blocks at once parley_scan_four_ascii only tells whether all of them belong to
 * a run.
 *
 * SSE2 is in every x86-64 and NEON in every 64-bit ARM. SIMD=off and all others have words of eight bytes.
 */
#if !defined(PARLEY_WITHOUT_SIMD) && defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>

enum { PARLEY_SCAN_BYTES = 16, PARLEY_SCAN_MARK_BITS = 1 };

static inline __m128i parley_scan_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline uint64_t parley_scan_not_ascii(const char *at)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(parley_scan_load(at));
}

static inline bool parley_scan_four_ascii(const char *at)
{
    __m128i first = _mm_or_si128(parley_scan_load(at), parley_scan_load(at + 16));
    __m128i second = _mm_or_si128(parley_scan_load(at + 32), parley_scan_load(at + 48));

    return _mm_movemask_epi8(_mm_or_si128(first, second)) == 0;
}

/* A quote, a backslash, a control character, or a byte above ASCII, which as a number with a sign is less
   than a space, too. */
static inline uint64_t parley_scan_not_plain(const char *at)
{
    __m128i bytes = parley_scan_load(at), ends = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));

    ends = _mm_or_si128(ends, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    ends = _mm_or_si128(ends, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    return (uint64_t)(unsigned)_mm_movemask_epi8(ends);
}

#elif !defined(PARLEY_WITHOUT_SIMD) && defined(__GNUC__) && defined(__aarch64__) && !defined(__AARCH64EB__)
#include <arm_neon.h>

enum { PARLEY_SCAN_BYTES = 16, PARLEY_SCAN_MARK_BITS = 4 };

static inline uint64_t parley_scan_marks(uint8x16_t ends)
{
    uint8x8_t halves = vshrn_n_u16(vreinterpretq_u16_u8(ends), 4);

    return vget_lane_u64(vreinterpret_u64_u8(halves), 0);
}

static inline uint64_t parley_scan_not_ascii(const char *at)
{
    return parley_scan_marks(vcgeq_u8(vld1q_u8((const uint8_t *)at), vdupq_n_u8(0x80)));
}

static inline bool parley_scan_four_ascii(const char *at)
{
    const uint8_t *bytes = (const uint8_t *)at;
    uint8x16_t first = vorrq_u8(vld1q_u8(bytes), vld1q_u8(bytes + 16));
    uint8x16_t second = vorrq_u8(vld1q_u8(bytes + 32), vld1q_u8(bytes + 48));

    return parley_scan_marks(vcgeq_u8(vorrq_u8(first, second), vdupq_n_u8(0x80))) == 0;
}

static inline uint64_t parley_scan_not_plain(const char *at)
{
    uint8x16_t bytes = vld1q_u8((const uint8_t *)at);
    uint8x16_t ends = vcgeq_u8(vsubq_u8(bytes, vdupq_n_u8(' ')), vdupq_n_u8(0x80 - ' '));

    ends = vorrq_u8(ends, vceqq_u8(bytes, vdupq_n_u8('"')));
    return parley_scan_marks(vorrq_u8(ends, vceqq_u8(bytes, vdupq_n_u8('\\'))));
}

#else

enum { PARLEY_SCAN_BYTES = 8, PARLEY_SCAN_MARK_BITS = 8 };

static inline uint64_t parley_scan_load(const char *at)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

static inline uint64_t parley_scan_not_ascii(const char *at)
{
    return parley_scan_load(at) & UINT64_C(0x8080808080808080);
}

static inline bool parley_scan_four_ascii(const char *at)
{
    uint64_t all = parley_scan_load(at) | parley_scan_load(at + 8) | parley_scan_load(at + 16) |
                   parley_scan_load(at + 24);

    return (all & UINT64_C(0x8080808080808080)) == 0;
}

/* `quote` or `backslash` keeps the top bit of a byte above ASCII. A borrow can only wrongly mark bytes above
   one that is rightly marked. */
static inline uint64_t parley_scan_not_plain(const char *at)
{
    const uint64_t each = UINT64_C(0x0101010101010101), bytes = parley_scan_load(at);
    uint64_t quote = (bytes ^ each * '"') - each;
    uint64_t backslash = (bytes ^ each * '\\') - each;
    uint64_t control = bytes - each * 0x20;

    return (quote | backslash | control) & each * 0x80;
}

#endif

#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { PARLEY_SCAN_EXACT = 1 };

static inline size_t parley_scan_first(uint64_t marks)
{
    return (size_t)__builtin_ctzll(marks) / PARLEY_SCAN_MARK_BITS;
}
#else
enum { PARLEY_SCAN_EXACT = 0 };

static inline size_t parley_scan_first(uint64_t marks)
{
    (void)marks;
    return 0;
}
#endif

#endif
