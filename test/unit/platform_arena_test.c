/* One block of memory: what counting says is what carving needs, wherever the block lies. */
#include "platform/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ALIGNMENT = alignof(max_align_t) };

static const struct {
    size_t count, size;
} wishes[] = {{1, 1}, {3, 7}, {1, 0}, {0, 8}, {5, 16}, {1, 100}, {2, 33}, {1, 1}};
enum { WISHES = sizeof wishes / sizeof wishes[0] };

static size_t counted(void)
{
    struct parley_arena arena = parley_arena(NULL, 0);

    for (size_t i = 0; i < WISHES; i++)
        assert_null(parley_arena_take(&arena, wishes[i].count, wishes[i].size));
    assert_int_equal(arena.failed, 0);
    return arena.used;
}

static void a_block_of_the_counted_size_is_enough_wherever_it_starts(void **state)
{
    static alignas(max_align_t) unsigned char memory[512];
    size_t needed = counted();

    (void)state;
    for (size_t start = 0; start < ALIGNMENT; start++) {
        struct parley_arena arena = parley_arena(memory + start, needed);

        for (size_t i = 0; i < WISHES; i++) {
            void *taken = parley_arena_take(&arena, wishes[i].count, wishes[i].size);

            assert_non_null(taken);
            assert_int_equal((uintptr_t)taken % ALIGNMENT, 0);
        }
        assert_int_equal(arena.failed, 0);
        assert_true(arena.used <= needed);
    }
}

static void one_byte_less_is_not_enough_at_the_worst_start(void **state)
{
    static alignas(max_align_t) unsigned char memory[512];
    struct parley_arena arena = parley_arena(memory + 1, counted() - 1);
    int got = 0;

    (void)state;
    for (size_t i = 0; i < WISHES; i++)
        got += parley_arena_take(&arena, wishes[i].count, wishes[i].size) != NULL;
    assert_int_equal(got, WISHES - 1);
    assert_int_equal(arena.failed, 1);
}

static void objects_are_zero_and_do_not_overlap(void **state)
{
    unsigned char memory[256];
    struct parley_arena arena = parley_arena(memory, sizeof memory);
    unsigned char *first, *second;

    (void)state;
    memset(memory, 0xee, sizeof memory);
    first = parley_arena_take(&arena, 3, 5);
    second = parley_arena_take(&arena, 1, 9);
    assert_true(second >= first + 15);
    for (size_t i = 0; i < 15; i++)
        assert_int_equal(first[i], 0);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(second[i], 0);
}

static void a_raw_object_is_the_same_but_as_the_memory_was(void **state)
{
    unsigned char memory[256];
    struct parley_arena arena = parley_arena(memory, sizeof memory), twin = arena,
                        counts = parley_arena(NULL, 0);
    unsigned char *raw;

    (void)state;
    memset(memory, 0xee, sizeof memory);
    raw = parley_arena_take_raw(&arena, 3, 5);
    assert_ptr_equal(raw, parley_arena_take_raw(&twin, 3, 5));
    for (size_t i = 0; i < 15; i++)
        assert_int_equal(raw[i], 0xee);
    assert_null(parley_arena_take_raw(&counts, 3, 5));
    assert_true(counts.used >= 15 && counts.failed == 0);
    assert_null(parley_arena_take_raw(&arena, 1, sizeof memory));
    assert_int_equal(arena.failed, 1);
}

static void a_failure_stays_and_leaves_the_rest_usable(void **state)
{
    unsigned char memory[64];
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    (void)state;
    assert_null(parley_arena_take(&arena, 1, 65));
    assert_int_equal(arena.failed, 1);
    assert_non_null(parley_arena_take(&arena, 1, 8));
    assert_int_equal(arena.failed, 1);
}

static void a_product_or_sum_that_overflows_fails(void **state)
{
    unsigned char memory[64];

    (void)state;
    for (int counting = 0; counting < 2; counting++) {
        struct parley_arena arena = parley_arena(counting ? NULL : memory, sizeof memory);

        assert_null(parley_arena_take(&arena, SIZE_MAX / 2, 3));
        assert_int_equal(arena.failed, 1);
        arena.failed = 0;
        assert_null(parley_arena_take(&arena, 2, SIZE_MAX / 2 + 1));
        assert_int_equal(arena.failed, 1);
        arena.failed = 0;
        arena.used = 8;
        assert_null(parley_arena_take(&arena, 1, SIZE_MAX));
        assert_int_equal(arena.failed, 1);
        assert_int_equal(arena.used, 8);
    }
}

static void an_empty_block_gives_nothing(void **state)
{
    unsigned char memory[1];
    struct parley_arena arena = parley_arena(memory, 0);

    (void)state;
    assert_null(parley_arena_take(&arena, 1, 1));
    assert_int_equal(arena.failed, 1);
}

static void wiping_leaves_zeros_and_nothing_else_changed(void **state)
{
    char secret[] = "-sk-secret-";

    (void)state;
    parley_wipe(secret + 1, 9);
    assert_memory_equal(secret, "-\0\0\0\0\0\0\0\0\0-", 11);
    parley_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_of_the_counted_size_is_enough_wherever_it_starts),
        cmocka_unit_test(one_byte_less_is_not_enough_at_the_worst_start),
        cmocka_unit_test(objects_are_zero_and_do_not_overlap),
        cmocka_unit_test(a_raw_object_is_the_same_but_as_the_memory_was),
        cmocka_unit_test(a_failure_stays_and_leaves_the_rest_usable),
        cmocka_unit_test(a_product_or_sum_that_overflows_fails),
        cmocka_unit_test(an_empty_block_gives_nothing),
        cmocka_unit_test(wiping_leaves_zeros_and_nothing_else_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
