#ifndef PARLEY_PARSER_BASE64_VECTOR_H
#define PARLEY_PARSER_BASE64_VECTOR_H

#include "platform/view.h"
#include <stdint.h>

/*
 * Base64 by vector instructions, in front of the plain C of base64.c, which does the rest of any text and is
 * right without them. For base64.c, its tests and its benchmark.
 *
 * On x86-64 the processor is asked when the program runs; on ARM the compiler knows. SIMD=off in build.sh
 * (PARLEY_WITHOUT_SIMD) and any other machine or compiler leave PARLEY_VECTOR_NONE, and no code at all.
 */
#if !defined(PARLEY_WITHOUT_SIMD) && defined(__GNUC__) && defined(__x86_64__)
#define PARLEY_VECTOR_X86 1
#elif !defined(PARLEY_WITHOUT_SIMD) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)
#define PARLEY_VECTOR_ARM 1
#endif

enum parley_vector {
    PARLEY_VECTOR_NONE,
    PARLEY_VECTOR_SSSE3,
    PARLEY_VECTOR_AVX2,
    PARLEY_VECTOR_NEON,
};

/* The public functions of base64.h, by vectors of the caller's choice, which this machine must have. */
long parley_base64_decode_by(enum parley_vector by, void *into, struct parley_view text, size_t *bad);
size_t parley_base64_decode_start_by(enum parley_vector by, void *into, struct parley_view text);
void parley_base64_encode_by(enum parley_vector by, char *out, const void *from, size_t bytes);

#if defined(PARLEY_VECTOR_X86) || defined(PARLEY_VECTOR_ARM)

/* The best this machine has. */
enum parley_vector parley_vector_best(void);

/*
 * Decodes blocks from the start of `text` as long as they hold nothing but the alphabet, and answers how many
 * characters that were, a multiple of 16. The last few dozen are always left, as whole vectors are read and
 * written. `into` may be `text`, or begin before it.
 */
size_t parley_vector_decode(enum parley_vector by, void *into, const char *text, size_t len);

/* Encodes blocks from the start of `from` and answers how many bytes that were, a multiple of 12. */
size_t parley_vector_encode(enum parley_vector by, char *out, const void *from, size_t bytes);

#else

static inline enum parley_vector parley_vector_best(void)
{
    return PARLEY_VECTOR_NONE;
}

static inline size_t parley_vector_decode(enum parley_vector by, void *into, const char *text, size_t len)
{
    (void)by, (void)into, (void)text, (void)len;
    return 0;
}

static inline size_t parley_vector_encode(enum parley_vector by, char *out, const void *from, size_t bytes)
{
    (void)by, (void)out, (void)from, (void)bytes;
    return 0;
}

#endif
#endif
