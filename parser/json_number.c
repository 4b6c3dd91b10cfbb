/*
 * The values of JSON numbers: integers exactly, anything else as the nearest double.
 *
 * strtod would read "1.5" as 1 in a host whose locale writes a comma, and may allocate. So the double is
 * worked out here, in whole numbers and exactly: digits times or over a power of ten is one long
 * division to 64 bits, and what it leaves over decides how the last bit is rounded.
 */
#include "parser/json.h"

#include <float.h>

_Static_assert(DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024 && sizeof(double) == 8, "IEEE 754 doubles");

/* ---- integers ---------------------------------------------------------------------------------- */

/* All of `digits` as an integer. */
static bool whole(struct parley_view digits, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];
        if (c < '0' || c > '9')
            return false;
        uint64_t digit = (uint64_t)(c - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool parley_json_u64(const struct parley_json *j, uint64_t *value)
{
    return whole(j->raw, value);
}

bool parley_json_i64(const struct parley_json *j, int64_t *value)
{
    bool negative = j->raw.at[0] == '-';
    uint64_t size;
    if (!whole(parley_view_skip(j->raw, negative), &size) || size > (uint64_t)INT64_MAX + negative)
        return false;
    /* The way by -(size - 1) - 1 keeps the least of all in range. */
    *value = !negative ? (int64_t)size : size == 0 ? 0 : -(int64_t)(size - 1) - 1;
    return true;
}

/* ---- large integers ---------------------------------------------------------------------------- */

enum {
    DIGITS = 780, /* more never decide: two doubles and the middle between them differ within 768 */
    WORDS = 120,  /* the most is 10^1104, over which the least of doubles is 780 digits */
};

struct large {
    uint32_t words[WORDS]; /* the least first; the last one used is not zero */
    unsigned count;
};

/* n * by + plus */
static void multiply(struct large *n, uint32_t by, uint32_t plus)
{
    uint64_t carry = plus;
    for (unsigned i = 0; i < n->count; i++) {
        carry += (uint64_t)n->words[i] * by;
        n->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        n->words[n->count++] = (uint32_t)carry;
}

static void multiply_power_of_ten(struct large *n, int64_t power)
{
    for (; power >= 9; power -= 9)
        multiply(n, 1000000000, 0);
    for (; power > 0; power--)
        multiply(n, 10, 0);
}

static int bit_length(uint64_t n)
{
    int bits = 0;
    for (; n != 0; n >>= 1)
        bits++;
    return bits;
}

static int large_bits(const struct large *n)
{
    return (int)(n->count - 1) * 32 + bit_length(n->words[n->count - 1]);
}

/* n * 2^by */
static void shift_left(struct large *n, int by)
{
    for (; by >= 16; by -= 16)
        multiply(n, 1u << 16, 0);
    multiply(n, 1u << by, 0);
}

static bool less(const struct large *a, const struct large *b)
{
    if (a->count != b->count)
        return a->count < b->count;
    unsigned i = a->count;
    while (i > 1 && a->words[i - 1] == b->words[i - 1])
        i--;
    return i > 0 && a->words[i - 1] < b->words[i - 1];
}

/* a - b, which is not negative */
static void subtract(struct large *a, const struct large *b)
{
    uint64_t borrow = 0;
    for (unsigned i = 0; i < a->count; i++) {
        uint64_t difference = (uint64_t)a->words[i] - (i < b->count ? b->words[i] : 0) - borrow;
        a->words[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
    while (a->count > 0 && a->words[a->count - 1] == 0)
        a->count--;
}

/* ---- doubles ----------------------------------------------------------------------------------- */

/* A number as it is written: digits * 10^power, without leading zeros. */
struct decimal {
    struct large digits;
    int count; /* of digits, 0 for zero */
    int64_t power;
};

static int64_t read_exponent(struct parley_view text)
{
    const int64_t enough = 1000000000000000; /* no text has as many digits to set against it */
    bool negative = text.len > 0 && text.at[0] == '-';
    int64_t power = 0;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= '0' && text.at[i] <= '9' && power < enough)
            power = power * 10 + (text.at[i] - '0');
    return negative ? -power : power;
}

/* Digits beyond those that count only leave a trace: a last digit 1, when one of them was not zero. */
static void read_decimal(struct decimal *d, struct parley_view text)
{
    bool fraction = false, rest = false;
    d->digits.count = 0;
    d->count = 0;
    d->power = 0;
    size_t i = text.at[0] == '-';
    for (; i < text.len && text.at[i] != 'e' && text.at[i] != 'E'; i++) {
        char c = text.at[i];
        if (c == '.') {
            fraction = true;
        } else if (d->count == DIGITS) {
            rest |= c != '0';
            d->power += !fraction;
        } else {
            multiply(&d->digits, 10, (uint32_t)(c - '0'));
            d->count += c != '0' || d->count > 0;
            d->power -= fraction;
        }
    }
    if (rest) {
        multiply(&d->digits, 10, 1);
        d->count++;
        d->power--;
    }
    d->power += read_exponent(parley_view_skip(text, i + 1));
}

/* above / below as *bits * 2^exponent with 63 or 64 bits, the last one set when more would follow.
 * `above` is used up. */
static int divide(struct large *above, struct large *below, uint64_t *bits)
{
    int apart = large_bits(above) - large_bits(below);
    shift_left(apart < 0 ? above : below, apart < 0 ? -apart : apart);
    uint64_t quotient = 0;
    for (int i = 0; i < 64; i++) {
        bool one = !less(above, below);
        if (one)
            subtract(above, below);
        quotient = quotient << 1 | one;
        multiply(above, 2, 0);
    }
    *bits = quotient | (above->count > 0);
    return apart - 63;
}

/* The double nearest to bits * 2^exponent, in its bits: of two equally near the even one. */
static uint64_t round_to_double(uint64_t bits, int exponent)
{
    int top = exponent + bit_length(bits) - 1; /* the value lies in 2^top to 2^(top + 1) */
    bool normal = top >= DBL_MIN_EXP - 1;
    int least = normal ? top - 52 : DBL_MIN_EXP - DBL_MANT_DIG; /* what the last bit of the result is worth */
    int drop = least - exponent;
    if (drop > 64)
        return 0;
    uint64_t kept = drop < 64 ? bits >> drop : 0;
    uint64_t half = UINT64_C(1) << (drop - 1), lost = bits & (half | (half - 1));
    kept += lost > half || (lost == half && (kept & 1) != 0);
    /* The leading one of a normal number counts as one of the exponent, and so does a carry into it. */
    return kept + (normal ? (uint64_t)(top - DBL_MIN_EXP + 1) << 52 : 0);
}

/* The bits of the double nearest to a decimal above zero. */
static uint64_t nearest(struct decimal *d)
{
    const uint64_t infinity = UINT64_C(0x7FF) << 52;
    int64_t magnitude = d->count + d->power; /* the value lies in 10^(magnitude - 1) to 10^magnitude */
    if (magnitude > DBL_MAX_10_EXP + 1)
        return infinity;
    if (magnitude < -323)
        return 0;
    struct large below = {{1}, 1};
    multiply_power_of_ten(d->power < 0 ? &below : &d->digits, d->power < 0 ? -d->power : d->power);
    uint64_t bits;
    int exponent = divide(&d->digits, &below, &bits);
    uint64_t result = round_to_double(bits, exponent);
    return result < infinity ? result : infinity;
}

bool parley_json_double(const struct parley_json *j, double *value)
{
    struct decimal d;
    read_decimal(&d, j->raw);
    uint64_t bits = d.count > 0 ? nearest(&d) : 0;
    if (bits == UINT64_C(0x7FF) << 52)
        return false;
    bits |= (uint64_t)(j->raw.at[0] == '-') << 63;
    memcpy(value, &bits, sizeof *value);
    return true;
}
