/* Bytes from the kernel. */
#include "platform/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void no_two_draws_are_the_same(void **state)
{
    unsigned char first[32], second[32];

    (void)state;
    assert_int_equal(parley_random(first, sizeof first), 0);
    assert_int_equal(parley_random(second, sizeof second), 0);
    assert_memory_not_equal(first, second, sizeof first);
}

/* More than one call of the kernel gives, and not a byte beyond. */
static void every_byte_is_filled_and_none_beyond(void **state)
{
    static unsigned char bytes[5000 + 1];
    unsigned seen[256] = {0}, kinds = 0;

    (void)state;
    bytes[5000] = 7;
    assert_int_equal(parley_random(bytes, 5000), 0);
    assert_int_equal(bytes[5000], 7);
    for (size_t i = 0; i < 5000; i++)
        seen[bytes[i]]++;
    for (size_t i = 0; i < 256; i++)
        kinds += seen[i] > 0;
    assert_in_range(kinds, 250, 256); /* one missing value: e^-19.5 each */
    assert_int_equal(parley_random(bytes, 0), 0);
}

static void numbers_below_a_bound(void **state)
{
    unsigned seen[3] = {0};

    (void)state;
    assert_int_equal(parley_random_below(0), 0);
    assert_int_equal(parley_random_below(1), 0);
    for (int i = 0; i < 300; i++) {
        uint32_t number = parley_random_below(3);

        assert_in_range(number, 0, 2);
        seen[number]++;
    }
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
    for (int i = 0; i < 100; i++)
        assert_true(parley_random_below(UINT32_MAX) < UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_draws_are_the_same),
        cmocka_unit_test(every_byte_is_filled_and_none_beyond),
        cmocka_unit_test(numbers_below_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
