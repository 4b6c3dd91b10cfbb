/* The queue of bytes, next to a plain model that moves everything along. */
#include "platform/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static unsigned char memory[64 + 16];

static struct parley_ring ring_of(size_t bytes)
{
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    return parley_ring(&arena, bytes);
}

static void what_goes_in_comes_out_in_order(void **state)
{
    struct parley_ring ring = ring_of(8);
    char out[8] = "";

    (void)state;
    assert_int_equal(parley_ring_put(&ring, "abcde", 5), 5);
    assert_int_equal(parley_ring_used(&ring), 5);
    assert_int_equal(parley_ring_free(&ring), 3);
    assert_int_equal(parley_ring_take(&ring, out, 3), 3);
    assert_memory_equal(out, "abc", 3);
    assert_int_equal(parley_ring_put(&ring, "fghijkl", 7), 6);
    assert_int_equal(parley_ring_free(&ring), 0);
    assert_int_equal(parley_ring_put(&ring, "m", 1), 0);
    assert_int_equal(parley_ring_take(&ring, out, sizeof out), 8);
    assert_memory_equal(out, "defghijk", 8);
    assert_int_equal(parley_ring_take(&ring, out, sizeof out), 0);
}

static void peeking_leaves_everything_and_stops_at_the_end(void **state)
{
    struct parley_ring ring = ring_of(6);
    char out[8] = "";

    (void)state;
    parley_ring_put(&ring, "xxxx", 4);
    parley_ring_take(&ring, NULL, 4);
    parley_ring_put(&ring, "abcdef", 6); /* lies around the end of the buffer */
    assert_int_equal(parley_ring_peek(&ring, 1, out, 4), 4);
    assert_memory_equal(out, "bcde", 4);
    assert_int_equal(parley_ring_peek(&ring, 4, out, 8), 2);
    assert_memory_equal(out, "ef", 2);
    assert_int_equal(parley_ring_peek(&ring, 6, out, 8), 0);
    assert_int_equal(parley_ring_peek(&ring, SIZE_MAX, out, 8), 0);
    assert_int_equal(parley_ring_used(&ring), 6);
}

static void clearing_starts_at_the_front_again(void **state)
{
    struct parley_ring ring = ring_of(6);

    (void)state;
    parley_ring_put(&ring, "abcd", 4);
    parley_ring_take(&ring, NULL, 2);
    parley_ring_clear(&ring);
    assert_int_equal(parley_ring_used(&ring), 0);
    assert_int_equal(parley_ring_put(&ring, "xy", 2), 2);
    assert_memory_equal(ring.at, "xy", 2);
}

static void a_ring_without_memory_takes_nothing(void **state)
{
    struct parley_arena counting = parley_arena(NULL, 0), small = parley_arena(memory, 4);
    struct parley_ring rings[] = {parley_ring(&counting, 16), parley_ring(&small, 16), ring_of(0)};
    char out[4];

    (void)state;
    for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
        assert_int_equal(parley_ring_put(&rings[i], "abc", 3), 0);
        assert_int_equal(parley_ring_take(&rings[i], out, 3), 0);
        assert_int_equal(parley_ring_free(&rings[i]), 0);
    }
    assert_true(counting.used >= 16);
    assert_int_equal(small.failed, 1);
}

/* Counting up forever would reach the end of size_t within a day of audio on a 32-bit machine. */
static void positions_stay_within_twice_the_size(void **state)
{
    struct parley_ring ring = ring_of(7);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        parley_ring_put(&ring, "abcde", 5);
        parley_ring_take(&ring, NULL, 5);
        assert_true(ring.read_at < 7 && ring.write_at < 14);
    }
}

static unsigned next(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % below;
}

/* A queue that anybody can see is right. */
struct model {
    unsigned char bytes[64];
    size_t used;
};

static size_t model_put(struct model *m, size_t size, const unsigned char *from, size_t bytes)
{
    size_t count = bytes < size - m->used ? bytes : size - m->used;

    memcpy(m->bytes + m->used, from, count);
    m->used += count;
    return count;
}

static size_t model_take(struct model *m, unsigned char *into, size_t bytes)
{
    size_t count = bytes < m->used ? bytes : m->used;

    memcpy(into, m->bytes, count);
    memmove(m->bytes, m->bytes + count, m->used - count);
    m->used -= count;
    return count;
}

static void any_order_of_calls_agrees_with_the_model(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (size_t size = 1; size <= 33; size += 4) {
        struct parley_ring ring = ring_of(size);
        struct model model = {.used = 0};

        for (int step = 0; step < 2000; step++) {
            unsigned char in[40], ours[40], theirs[40];
            size_t bytes = next(&seed, sizeof in), offset = next(&seed, 40), left, count;

            for (size_t i = 0; i < bytes; i++)
                in[i] = (unsigned char)next(&seed, 256);
            if (next(&seed, 2) == 0) {
                assert_int_equal(parley_ring_put(&ring, in, bytes), model_put(&model, size, in, bytes));
            } else {
                count = model_take(&model, theirs, bytes);
                assert_int_equal(parley_ring_take(&ring, ours, bytes), count);
                assert_memory_equal(ours, theirs, count);
            }
            left = offset < model.used ? model.used - offset : 0;
            assert_int_equal(parley_ring_peek(&ring, offset, ours, sizeof ours), left);
            if (left > 0)
                assert_memory_equal(ours, model.bytes + offset, left);
            assert_int_equal(parley_ring_used(&ring), model.used);
            assert_int_equal(parley_ring_free(&ring), size - model.used);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_in_order),
        cmocka_unit_test(peeking_leaves_everything_and_stops_at_the_end),
        cmocka_unit_test(clearing_starts_at_the_front_again),
        cmocka_unit_test(a_ring_without_memory_takes_nothing),
        cmocka_unit_test(positions_stay_within_twice_the_size),
        cmocka_unit_test(any_order_of_calls_agrees_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
