/* The two lanes out: whole messages, a reserve, and audio that sheds its oldest. */
#include "core/outbox.h"

#include "core/inbox.h"
#include "platform/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct parley_piece pieces[] = {{"<", "text", 1, PARLEY_FILTER_RAW},
                                             {">", NULL, 1, PARLEY_FILTER_RAW}};
static const struct parley_template bracket = {pieces, 2};
static struct parley_outbox outbox;
static unsigned char block[200000];

static void open_outbox(size_t bytes, size_t reserve, size_t audio_bytes)
{
    struct parley_arena arena = parley_arena(block, sizeof block);

    parley_outbox_open(&outbox, &arena, bytes, reserve, audio_bytes);
    assert_int_equal(arena.failed, 0);
}

static int put(enum parley_outbox_for whose, const char *text)
{
    const struct parley_slot slots[] = {{.name = "text", .text = parley_view(text)}, {.name = NULL}};

    return parley_outbox_put(&outbox, whose, &bracket, slots);
}

static void expect_first(const char *text)
{
    struct parley_view first = parley_outbox_first(&outbox);

    assert_true(parley_view_is(first, text));
}

static void messages_leave_in_order_and_in_pieces(void **state)
{
    (void)state;
    open_outbox(100, 0, 0);
    assert_int_equal(put(PARLEY_OUTBOX_HOST, "one"), 0);
    assert_int_equal(put(PARLEY_OUTBOX_HOST, "two"), 0);
    expect_first("<one>");
    assert_false(parley_outbox_took(&outbox, 2));
    expect_first("ne>");
    assert_true(parley_outbox_took(&outbox, 3));
    expect_first("<two>");
    assert_true(parley_outbox_took(&outbox, 5));
    assert_int_equal(parley_outbox_first(&outbox).len, 0);
}

static void a_message_fits_whole_or_not_at_all(void **state)
{
    char text[200];

    (void)state;
    memset(text, 'x', sizeof text);
    open_outbox(100, 0, 0);
    text[40] = 0;
    assert_int_equal(put(PARLEY_OUTBOX_HOST, text), 0);
    assert_int_equal(put(PARLEY_OUTBOX_HOST, text), 0);
    assert_int_equal(put(PARLEY_OUTBOX_HOST, text), PARLEY_ERR_FULL);
    text[40] = 'x';
    text[150] = 0;
    assert_int_equal(put(PARLEY_OUTBOX_HOST, text), PARLEY_ERR_TOO_LONG);
    parley_outbox_took(&outbox, parley_outbox_first(&outbox).len);
    text[40] = 0;
    assert_int_equal(put(PARLEY_OUTBOX_HOST, text), 0);
}

static void the_reserve_is_for_the_conversation(void **state)
{
    (void)state;
    open_outbox(60, 30, 0);
    assert_int_equal(put(PARLEY_OUTBOX_HOST, "12345678901234567890"), 0);
    assert_true(parley_outbox_has_reserve(&outbox));
    assert_int_equal(put(PARLEY_OUTBOX_HOST, "1"), PARLEY_ERR_FULL);
    assert_int_equal(put(PARLEY_OUTBOX_OWN, "1234567890"), 0);
    assert_false(parley_outbox_has_reserve(&outbox));
    assert_int_equal(put(PARLEY_OUTBOX_HOST, "1234567890123456789012345"), PARLEY_ERR_TOO_LONG);
}

static void the_space_of_what_left_is_used_again(void **state)
{
    (void)state;
    open_outbox(64, 0, 0);
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "message %d", i);
        assert_int_equal(put(PARLEY_OUTBOX_HOST, text), 0);
        if (i > 0)
            parley_outbox_took(&outbox, parley_outbox_first(&outbox).len);
    }
}

static void clearing_keeps_a_message_that_was_begun(void **state)
{
    (void)state;
    open_outbox(100, 0, 0);
    put(PARLEY_OUTBOX_HOST, "one");
    put(PARLEY_OUTBOX_HOST, "two");
    parley_outbox_took(&outbox, 1);
    parley_outbox_clear(&outbox);
    expect_first("one>");
    assert_true(parley_outbox_took(&outbox, 4));
    assert_int_equal(parley_outbox_first(&outbox).len, 0);
}

static void audio_keeps_its_chunks(void **state)
{
    char out[PARLEY_OUTBOX_CHUNK];

    (void)state;
    open_outbox(100, 0, 96000);
    assert_int_equal(parley_outbox_put_audio(&outbox, "aaaa", 4), 0);
    assert_int_equal(parley_outbox_put_audio(&outbox, "bb", 2), 0);
    assert_int_equal(parley_outbox_take_audio(&outbox, out), 4);
    assert_memory_equal(out, "aaaa", 4);
    assert_int_equal(parley_outbox_take_audio(&outbox, out), 2);
    assert_memory_equal(out, "bb", 2);
    assert_int_equal(parley_outbox_take_audio(&outbox, out), 0);
}

static void full_audio_drops_the_oldest(void **state)
{
    char pcm[960], out[PARLEY_OUTBOX_CHUNK];
    size_t dropped = 0;

    (void)state;
    open_outbox(100, 0, 4800);
    for (int i = 0; i < 8; i++) {
        memset(pcm, 'a' + i, sizeof pcm);
        dropped += parley_outbox_put_audio(&outbox, pcm, sizeof pcm);
    }
    assert_int_equal(dropped, 3 * 960);
    for (int i = 3; i < 8; i++) {
        assert_int_equal(parley_outbox_take_audio(&outbox, out), 960);
        assert_int_equal(out[0], 'a' + i);
    }
}

static void tiny_chunks_are_bounded_too(void **state)
{
    size_t dropped = 0;

    (void)state;
    open_outbox(100, 0, 4800);
    for (int i = 0; i < 5000; i++)
        dropped += parley_outbox_put_audio(&outbox, "ab", 2);
    assert_int_equal(dropped + outbox.audio_bytes, 10000);
    assert_true(outbox.audio_bytes > 0);
}

static void the_inbox_joins_fragments_and_skips_what_is_too_long(void **state)
{
    struct parley_arena arena = parley_arena(block, sizeof block);
    struct parley_inbox inbox;

    (void)state;
    parley_inbox_open(&inbox, parley_arena_take_raw(&arena, 8, 1), 8);
    parley_inbox_add(&inbox, &(struct parley_fragment){.bytes = PARLEY_VIEW("1234")});
    assert_int_equal(inbox.state, PARLEY_INBOX_FILLING);
    parley_inbox_add(&inbox, &(struct parley_fragment){.bytes = PARLEY_VIEW("5678"), .last = true});
    assert_int_equal(inbox.state, PARLEY_INBOX_MESSAGE);
    assert_memory_equal(inbox.at, "12345678", 8);
    parley_inbox_release(&inbox);
    parley_inbox_add(&inbox, &(struct parley_fragment){.bytes = PARLEY_VIEW("12345")});
    parley_inbox_add(&inbox, &(struct parley_fragment){.bytes = PARLEY_VIEW("6789")});
    parley_inbox_add(&inbox, &(struct parley_fragment){.bytes = PARLEY_VIEW("0"), .last = true});
    assert_int_equal(inbox.state, PARLEY_INBOX_TOO_LONG);
    assert_int_equal(inbox.total, 10);
    parley_inbox_release(&inbox);
    parley_inbox_add(&inbox,
                     &(struct parley_fragment){.bytes = PARLEY_VIEW("1"), .binary = true, .last = true});
    assert_int_equal(inbox.state, PARLEY_INBOX_BINARY);
    parley_inbox_release(&inbox);
    parley_inbox_add(&inbox, &(struct parley_fragment){.bytes = PARLEY_VIEW(""), .last = true});
    assert_int_equal(inbox.state, PARLEY_INBOX_MESSAGE);
    assert_int_equal(inbox.len, 0);
}

static void another_session_gets_what_is_good_for_any(void **state)
{
    (void)state;
    open_outbox(200, 20, 0);
    put(PARLEY_OUTBOX_HOST, "one");
    put(PARLEY_OUTBOX_OWN, "cut");
    put(PARLEY_OUTBOX_HOST, "two");
    put(PARLEY_OUTBOX_HOST_SESSION, "about a call");
    put(PARLEY_OUTBOX_OWN, "output");
    put(PARLEY_OUTBOX_HOST, "three");
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_HOST), 3);
    parley_outbox_took(&outbox, 5); /* the first is out, and half of the second */
    parley_outbox_took(&outbox, 2);
    parley_outbox_restart(&outbox);
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_HOST), 2);
    expect_first("<two>");
    parley_outbox_took(&outbox, 2);
    parley_outbox_restart(&outbox);
    expect_first("<two>"); /* from its beginning */
    parley_outbox_took(&outbox, 5);
    expect_first("<three>");
    parley_outbox_took(&outbox, 7);
    parley_outbox_restart(&outbox);
    assert_int_equal(parley_outbox_first(&outbox).len, 0);
}

static void what_asks_for_a_response_is_told_apart(void **state)
{
    (void)state;
    open_outbox(40, 20, 0);
    put(PARLEY_OUTBOX_OWN, "note");
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_ASK), 0);
    put(PARLEY_OUTBOX_ASK, "respond, please"); /* also where only the reserve is left */
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_ASK), 1);
    parley_outbox_took(&outbox, 6);
    parley_outbox_took(&outbox, 16);
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_ASK), 1); /* not all of it is out */
    parley_outbox_took(&outbox, 1);
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_ASK), 0);
    put(PARLEY_OUTBOX_ASK, "again");
    parley_outbox_restart(&outbox);
    assert_int_equal(parley_outbox_count(&outbox, PARLEY_OUTBOX_ASK), 0);
}

static void put_sound(const char *sound)
{
    assert_int_equal(parley_outbox_put_audio(&outbox, sound, strlen(sound)), 0);
}

static void expect_sound(const char *sound)
{
    char pcm[PARLEY_OUTBOX_CHUNK];
    size_t bytes = parley_outbox_take_audio(&outbox, pcm);

    assert_int_equal(bytes, strlen(sound));
    assert_memory_equal(pcm, sound, bytes);
}

static void audio_that_is_kept_can_be_taken_again(void **state)
{
    (void)state;
    open_outbox(100, 0, 960);
    outbox.audio_kept_on = true;
    put_sound("aa");
    put_sound("bbb");
    put_sound("cc");
    expect_sound("aa");
    expect_sound("bbb");
    assert_int_equal(outbox.audio_taken, 5);
    parley_outbox_rewind_audio(&outbox);
    assert_int_equal(outbox.audio_taken, 0);
    expect_sound("aa");
    expect_sound("bbb");
    expect_sound("cc");
    expect_sound("");
    parley_outbox_forget_audio(&outbox, 4); /* in the middle of the second: that stays */
    put_sound("d");
    parley_outbox_rewind_audio(&outbox);
    assert_int_equal(outbox.audio_taken, 2);
    expect_sound("bbb");
    expect_sound("cc");
    expect_sound("d");
    assert_int_equal(outbox.audio_taken, 8);
    parley_outbox_forget_audio(&outbox, 100);
    parley_outbox_rewind_audio(&outbox);
    expect_sound("");
}

/* What is kept gives way to what waits, and only the latter counts as dropped. */
static void kept_audio_is_bounded(void **state)
{
    char chunk[97];

    (void)state;
    memset(chunk, 'x', 96);
    chunk[96] = 0;
    open_outbox(100, 0, 960);
    outbox.audio_kept_on = true;
    for (int i = 0; i < 10; i++)
        put_sound(chunk);
    for (int i = 0; i < 4; i++)
        expect_sound(chunk);
    for (int i = 0; i < 4; i++)
        put_sound(chunk);
    assert_int_equal(outbox.audio_kept, 0);
    assert_int_equal(parley_outbox_put_audio(&outbox, chunk, 96), 96);
    assert_int_equal(outbox.audio_bytes, 960);
    assert_int_equal(outbox.audio_taken, 5 * 96); /* places go on */
}

/* Against a plain model: random puts, takes, rewinds and forgets. */
static void kept_audio_against_a_model(void **state)
{
    static char model[1 << 20];
    size_t first = 0, next = 0, end = 0; /* kept from, to be taken, put */
    unsigned dice = 1;

    (void)state;
    open_outbox(100, 0, 500);
    outbox.audio_kept_on = true;
    for (int step = 0; step < 40000 && end + 100 < sizeof model; step++) {
        char pcm[PARLEY_OUTBOX_CHUNK];
        size_t bytes = 1 + (dice = dice * 1103515245 + 12345) / 65536 % 60;

        switch (dice / 16777216 % 8) {
        case 0:
            parley_outbox_rewind_audio(&outbox);
            next = first;
            break;
        case 1:
            parley_outbox_forget_audio(&outbox, next - bytes < next ? next - bytes : 0);
            break;
        case 2:
        case 3:
        case 4:
            bytes = parley_outbox_take_audio(&outbox, pcm);
            assert_memory_equal(pcm, model + next, bytes);
            next += bytes;
            break;
        default:
            for (size_t i = 0; i < bytes; i++)
                model[end + i] = (char)(step + (int)i);
            parley_outbox_put_audio(&outbox, model + end, bytes);
            end += bytes;
            next = end - outbox.audio_bytes;
        }
        first = next - outbox.audio_kept;
        assert_int_equal(outbox.audio_taken, next);
        assert_int_equal(outbox.audio_bytes, end - next);
        assert_true(outbox.audio_bytes + outbox.audio_kept <= 500);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_leave_in_order_and_in_pieces),
        cmocka_unit_test(a_message_fits_whole_or_not_at_all),
        cmocka_unit_test(the_reserve_is_for_the_conversation),
        cmocka_unit_test(the_space_of_what_left_is_used_again),
        cmocka_unit_test(clearing_keeps_a_message_that_was_begun),
        cmocka_unit_test(audio_keeps_its_chunks),
        cmocka_unit_test(full_audio_drops_the_oldest),
        cmocka_unit_test(tiny_chunks_are_bounded_too),
        cmocka_unit_test(the_inbox_joins_fragments_and_skips_what_is_too_long),
        cmocka_unit_test(another_session_gets_what_is_good_for_any),
        cmocka_unit_test(what_asks_for_a_response_is_told_apart),
        cmocka_unit_test(audio_that_is_kept_can_be_taken_again),
        cmocka_unit_test(kept_audio_is_bounded),
        cmocka_unit_test(kept_audio_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
