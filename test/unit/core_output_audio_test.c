/* The ledger of reply audio: what was heard when, and the books that balance at every step. */
#include "core/output_audio.h"
#include "platform/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MS = 24 }; /* samples */

static struct parley_output_audio o;
static unsigned char block[400000];
static int16_t pcm[24000];

static void open_ledger(size_t queue_ms, uint32_t replies)
{
    struct parley_arena arena = parley_arena(block, sizeof block);

    parley_output_audio_open(&o, &arena, queue_ms * MS, replies);
    assert_int_equal(arena.failed, 0);
}

static void check_books(void)
{
    uint64_t queued = 0;

    for (uint32_t i = 0; i < o.replies_size; i++) {
        const struct parley_reply *reply = &o.replies[i];
        if (!reply->used)
            continue;
        assert_int_equal(reply->received, reply->played + reply->queued + reply->discarded);
        queued += reply->queued;
    }
    assert_int_equal(queued, parley_output_audio_queued(&o));
    assert_int_equal(o.received, o.played + o.discarded + queued);
}

static bool receive_of(const char *item, const char *response, size_t ms)
{
    struct parley_chunk chunk = {.pcm = pcm,
                                 .samples = ms * MS,
                                 .playable = true,
                                 .item = parley_view(item),
                                 .response = parley_view(response),
                                 .rate = 24000};
    bool on_time = parley_output_audio_receive(&o, &chunk);

    check_books();
    return on_time;
}

static bool receive(const char *item, size_t ms)
{
    return receive_of(item, "resp_1", ms);
}

static bool has_room(const char *item, size_t ms)
{
    const struct parley_chunk chunk = {
        .pcm = pcm, .samples = ms * MS, .playable = true, .item = parley_view(item)};

    return parley_output_audio_room(&o, &chunk);
}

static size_t read_ms(size_t ms, uint64_t now_us)
{
    static int16_t out[24000];
    size_t samples = parley_output_audio_read(&o, out, ms * MS, now_us);

    check_books();
    return samples / MS;
}

static uint32_t cut(uint64_t now_us)
{
    uint32_t cuts = parley_output_audio_cut(&o, parley_view("resp_1"), now_us);

    check_books();
    return cuts;
}

static void expect_cut(const char *item, uint32_t heard_ms)
{
    struct parley_heard heard;

    assert_true(parley_output_audio_next_cut(&o, &heard));
    assert_true(parley_id_is(&heard.item, parley_view(item)));
    assert_int_equal(heard.heard_ms, heard_ms);
    check_books();
}

static void expect_no_more(void)
{
    struct parley_heard heard;

    assert_false(parley_output_audio_next_cut(&o, &heard));
}

/* ---- stories ----------------------------------------------------------------------------------- */

static void a_reply_is_cut_where_it_was_heard(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    receive("a", 500);
    receive("a", 500);
    assert_int_equal(read_ms(300, 1000000), 300);
    assert_int_equal(cut(1000000), 1);
    expect_cut("a", 300);
    expect_no_more();
    assert_int_equal(parley_output_audio_queued(&o), 0);
    assert_false(receive("a", 100)); /* late */
    assert_int_equal(read_ms(100, 1100000), 0);
}

static void what_is_in_the_device_is_not_heard_yet(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    o.delay_us = 200000;
    receive("a", 1000);
    read_ms(500, 1000000);
    assert_int_equal(cut(1050000), 1); /* 150 ms still on their way */
    expect_cut("a", 350);
}

static void the_device_runs_empty_by_itself(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    o.delay_us = 200000;
    receive("a", 300);
    read_ms(300, 1000000);
    assert_int_equal(cut(1500000), 1); /* the response goes on, so the reply is not at its end */
    expect_cut("a", 300);
}

static void a_reply_counts_until_it_is_heard_also_after_its_response(void **state)
{
    struct parley_heard played;

    (void)state;
    open_ledger(2000, 4);
    o.delay_us = 100000;
    receive("a", 400);
    parley_output_audio_complete(&o, parley_view("resp_1"));
    assert_int_equal(parley_output_audio_deadline(&o), PARLEY_NEVER);
    read_ms(400, 1000000);
    assert_int_equal(parley_output_audio_deadline(&o), 1100000);
    assert_false(parley_output_audio_next_played(&o, 1099999, &played));
    assert_true(parley_output_audio_next_played(&o, 1100000, &played));
    assert_int_equal(played.heard_ms, 400);
    assert_int_equal(cut(1100000), 0);
    check_books();
}

static void a_reply_is_cut_after_its_response_was_done(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    receive("a", 400);
    parley_output_audio_complete(&o, parley_view("resp_1"));
    read_ms(100, 1000000);
    assert_int_equal(cut(1000000), 1);
    expect_cut("a", 100);
}

static void several_items_are_each_cut_at_their_own_place(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    receive("a", 200);
    receive("b", 200);
    receive("c", 200);
    read_ms(300, 1000000);
    assert_int_equal(cut(1000000), 3);
    expect_cut("a", 200); /* more of it could have come */
    expect_cut("b", 100);
    expect_cut("c", 0);
    expect_no_more();
}

static void two_replies_in_the_device_each_lose_their_share(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    o.delay_us = 150000;
    receive("a", 100);
    receive("b", 100);
    read_ms(100, 1000000);
    read_ms(100, 1100000);
    assert_int_equal(cut(1120000), 2);
    expect_cut("a", 70); /* taken 120 ms ago: its last 30 ms are on their way */
    expect_cut("b", 0);
}

static void items_that_take_turns_keep_their_order(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    receive("a", 100);
    receive("b", 100);
    receive("a", 100);
    read_ms(250, 1000000);
    cut(1000000);
    expect_cut("a", 150);
    expect_cut("b", 100);
}

static void a_host_that_reads_nothing_heard_what_came(void **state)
{
    (void)state;
    open_ledger(2000, 4);
    receive("a", 20);
    receive("a", 20);
    assert_int_equal(cut(1000000), 1);
    expect_cut("a", 40);
}

static void without_a_queue_what_came_was_heard(void **state)
{
    struct parley_heard played;

    (void)state;
    open_ledger(0, 4);
    assert_true(has_room("a", 1000000 / MS));
    o.delay_us = 100000; /* of a loudspeaker that gets nothing from here */
    receive("a", 20);
    receive("a", 20);
    assert_int_equal(cut(1000000), 1);
    expect_cut("a", 40);
    receive_of("b", "resp_2", 60);
    parley_output_audio_complete(&o, parley_view("resp_2"));
    assert_in_range(parley_output_audio_deadline(&o), 0, 1);
    assert_true(parley_output_audio_next_played(&o, 1, &played));
    assert_int_equal(played.heard_ms, 60);
    assert_int_equal(cut(1000000), 0);
}

static void whole_milliseconds_come_from_the_sum(void **state)
{
    (void)state;
    open_ledger(0, 4);
    for (int i = 0; i < 10; i++) { /* 0.4 ms each; the reference would count 0 */
        struct parley_chunk chunk = {
            .pcm = pcm, .samples = 10, .item = parley_view("a"), .response = parley_view("r"), .rate = 24000};
        parley_output_audio_receive(&o, &chunk);
    }
    cut(1);
    expect_cut("a", 4);
}

static void a_full_queue_waits_for_a_host_that_plays(void **state)
{
    (void)state;
    open_ledger(100, 4);
    read_ms(10, 1); /* it plays */
    receive("a", 80);
    assert_false(has_room("a", 30));
    read_ms(20, 2);
    assert_true(has_room("a", 30));
    receive("a", 30);
}

static void a_full_queue_does_not_wait_for_a_host_that_does_not(void **state)
{
    (void)state;
    open_ledger(100, 4);
    receive("a", 80);
    assert_true(has_room("x", 30));
    receive("a", 30);
    check_books();
    cut(1);
    expect_cut("a", 110);
}

static void a_chunk_larger_than_the_queue_is_taken_when_it_is_empty(void **state)
{
    (void)state;
    open_ledger(100, 4);
    read_ms(10, 1);
    assert_true(has_room("x", 200));
    receive("a", 200); /* cannot be played from here, but it is accounted for */
}

static void a_full_table_forgets_the_cut_ones_first(void **state)
{
    (void)state;
    open_ledger(1000, 2);
    read_ms(1, 1);
    receive("a", 10);
    receive("b", 10);
    assert_false(has_room("x", 10));
    cut(2);
    expect_cut("a", 0);
    assert_true(has_room("x", 10));
    receive_of("c", "resp_2", 10);
    expect_cut("b", 0);
}

static void new_items_of_a_cut_response_are_late_too(void **state)
{
    (void)state;
    open_ledger(1000, 4);
    receive("a", 10);
    cut(1);
    assert_false(receive("b", 10));
    parley_output_audio_complete(&o, parley_view("resp_1"));
    assert_true(receive_of("c", "resp_2", 10));
}

/* A service may say a piece of audio in which there is none. */
static void a_chunk_without_samples_is_nothing(void **state)
{
    (void)state;
    open_ledger(0, 2);
    assert_true(receive("item_1", 0));
    open_ledger(100, 2);
    assert_true(receive("item_1", 0));
    assert_int_equal(parley_output_audio_queued(&o), 0);
}

/* The response that would end them may stand behind the audio that waits. */
static void a_full_table_ends_the_reply_that_was_read(void **state)
{
    struct parley_heard heard;

    (void)state;
    open_ledger(100, 2);
    assert_int_equal(read_ms(10, 1000), 0);
    assert_true(receive("item_1", 10));
    assert_true(receive("item_2", 10));
    assert_false(has_room("x", 10));
    assert_false(parley_output_audio_next_played(&o, 1000, &heard)); /* both are still to be heard */
    assert_int_equal(read_ms(10, 2000), 10);
    assert_true(parley_output_audio_next_played(&o, 2000, &heard));
    assert_true(parley_id_is(&heard.item, parley_view("item_1")));
    assert_true(has_room("x", 10));
    assert_true(receive("item_3", 10));
    /* Again, where one has been read before it gets crowded. */
    assert_int_equal(read_ms(10, 3000), 10);
    assert_false(has_room("x", 10));
    assert_true(parley_output_audio_next_played(&o, 3000, &heard));
    assert_true(parley_id_is(&heard.item, parley_view("item_2")));
    assert_true(has_room("x", 10));
}

/* Its place is taken already, so a reply in a full table goes on; once cut, what comes of it is late, and
   needs no room at all. */
static void a_reply_in_a_full_table_needs_no_other_place(void **state)
{
    struct parley_heard heard;

    (void)state;
    open_ledger(100, 2);
    o.delay_us = 150000;
    assert_true(receive("item_1", 10));
    assert_true(receive("item_2", 10));
    assert_int_equal(read_ms(20, 1000), 20);
    assert_true(has_room("item_1", 10));
    assert_false(o.crowded);
    assert_false(o.replies[0].complete);
    assert_true(receive("item_1", 10));
    assert_int_equal(cut(2000), 2);
    assert_true(parley_output_audio_next_cut(&o, &heard));
    assert_true(parley_output_audio_next_cut(&o, &heard));
    assert_true(receive_of("item_3", "resp_2", 95)); /* in the place of item_1 */
    assert_true(has_room("item_2", 10));
    assert_false(receive("item_2", 10));
    assert_false(has_room("item_3", 10)); /* the queue is full */
    assert_false(o.crowded);
}

/* Ten thousand random steps: the books balance, and nothing is cut beyond what came. */
static void random_steps(void **state)
{
    static const char *const items[] = {"a", "b", "c", "d", "e", "f", ""};
    uint64_t now_us = 1000000;
    struct parley_heard heard;
    const char *item;

    (void)state;
    srand(7);
    open_ledger(300, 5);
    for (int i = 0; i < 10000; i++) {
        size_t ms = (size_t)(rand() % 60);
        now_us += (uint64_t)(rand() % 40000);
        switch (rand() % 8) {
        case 0:
        case 1:
        case 2:
            item = items[rand() % 7];
            if (has_room(item, ms))
                receive_of(item, rand() % 2 ? "resp_1" : "resp_2", ms);
            break;
        case 3:
        case 4:
            read_ms(ms, now_us);
            break;
        case 5:
            parley_output_audio_complete(&o, parley_view(rand() % 2 ? "resp_1" : "resp_2"));
            break;
        case 6:
            if (rand() % 4 == 0)
                cut(now_us);
            while (parley_output_audio_next_cut(&o, &heard))
                check_books();
            break;
        default:
            o.delay_us = (uint64_t)(rand() % 100000);
            while (parley_output_audio_next_played(&o, now_us, &heard))
                check_books();
        }
        check_books();
    }
    assert_true(o.discarded > 0 && o.played > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_cut_where_it_was_heard),
        cmocka_unit_test(what_is_in_the_device_is_not_heard_yet),
        cmocka_unit_test(the_device_runs_empty_by_itself),
        cmocka_unit_test(a_reply_counts_until_it_is_heard_also_after_its_response),
        cmocka_unit_test(a_reply_is_cut_after_its_response_was_done),
        cmocka_unit_test(several_items_are_each_cut_at_their_own_place),
        cmocka_unit_test(two_replies_in_the_device_each_lose_their_share),
        cmocka_unit_test(items_that_take_turns_keep_their_order),
        cmocka_unit_test(a_host_that_reads_nothing_heard_what_came),
        cmocka_unit_test(without_a_queue_what_came_was_heard),
        cmocka_unit_test(whole_milliseconds_come_from_the_sum),
        cmocka_unit_test(a_full_queue_waits_for_a_host_that_plays),
        cmocka_unit_test(a_full_queue_does_not_wait_for_a_host_that_does_not),
        cmocka_unit_test(a_chunk_larger_than_the_queue_is_taken_when_it_is_empty),
        cmocka_unit_test(a_full_table_forgets_the_cut_ones_first),
        cmocka_unit_test(new_items_of_a_cut_response_are_late_too),
        cmocka_unit_test(a_chunk_without_samples_is_nothing),
        cmocka_unit_test(a_full_table_ends_the_reply_that_was_read),
        cmocka_unit_test(a_reply_in_a_full_table_needs_no_other_place),
        cmocka_unit_test(random_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
