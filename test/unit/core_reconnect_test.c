/* Connecting again: what is worth it, the waits and their bounds, how often, and sessions that are to end. */
#include "core/reconnect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SECOND       UINT64_C(1000000)

static struct parley_reconnection r;

static void start(struct parley_reconnect given)
{
    struct parley_reconnect filled;

    given.on = true;
    assert_null(parley_reconnect_fill(&filled, &given));
    parley_reconnection_start(&r, &filled);
}

static const struct parley_lost broken = {.status = PARLEY_ERR_LOST};

static bool lose(uint64_t now_us, uint32_t chance)
{
    return parley_reconnection_lost(&r, &broken, now_us, chance);
}

/* ---- what is worth another attempt --------------------------------------------------------------- */

static void every_close_code(void **state)
{
    static const uint16_t again[] = {0, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015};

    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        struct parley_lost why = {.status = PARLEY_ERR_PEER_CLOSED, .close_code = (uint16_t)code};
        bool expected = false;

        for (size_t i = 0; i < COUNT(again); i++)
            expected |= again[i] == code;
        if (parley_lost_is_transient(&why) != expected)
            fail_msg("code %u", code);
    }
}

static void every_answer_of_http(void **state)
{
    (void)state;
    for (int status = 0; status < 1000; status++) {
        struct parley_lost refused = {.status = PARLEY_ERR_REFUSED, .http_status = status};
        struct parley_lost key = {.status = PARLEY_ERR_AUTH, .http_status = status};
        bool expected = status == 408 || status == 425 || status == 429 ||
                        (status >= 500 && status < 600 && status != 501 && status != 505);

        if (parley_lost_is_transient(&refused) != expected)
            fail_msg("status %d", status);
        assert_false(parley_lost_is_transient(&key));
    }
}

static void every_status(void **state)
{
    static const int again[] = {PARLEY_ERR_RESOLVE, PARLEY_ERR_CONNECT, PARLEY_ERR_TLS,
                                PARLEY_ERR_LOST,    PARLEY_ERR_TIMEOUT, PARLEY_ERR_SYSTEM};

    (void)state;
    for (int status = 0; status >= -500; status--) {
        struct parley_lost why = {.status = status, .close_code = 1008, .http_status = 403};
        bool expected = false;

        for (size_t i = 0; i < COUNT(again); i++)
            expected |= again[i] == status;
        if (parley_lost_is_transient(&why) != expected)
            fail_msg("%s", parley_status_name(status));
        why.expired = true;
        assert_true(parley_lost_is_transient(&why));
    }
}

/* ---- waits --------------------------------------------------------------------------------------- */

static void waits_grow_to_the_cap_and_are_drawn_from_0_on(void **state)
{
    static const uint32_t longest_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};

    (void)state;
    start((struct parley_reconnect){.attempts = COUNT(longest_ms)});
    parley_reconnection_up(&r, 1);
    for (size_t i = 0; i < COUNT(longest_ms); i++) {
        struct parley_reconnection before = r;

        assert_true(lose(7 * SECOND, 0));
        assert_int_equal(r.wait_ms, 0);
        assert_int_equal(r.retry_us, 7 * SECOND);
        r = before;
        assert_true(lose(7 * SECOND, UINT32_MAX / 2 + 1));
        assert_int_equal(r.wait_ms, longest_ms[i] / 2);
        r = before;
        assert_true(lose(7 * SECOND, UINT32_MAX));
        assert_int_equal(r.wait_ms, longest_ms[i]);
        assert_int_equal(r.retry_us, 7 * SECOND + longest_ms[i] * UINT64_C(1000));
        assert_int_equal(r.attempts, i + 1);
    }
    assert_false(lose(7 * SECOND, 0));
}

static void waits_of_any_size_stay_within_their_bounds(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 500, 65536, UINT32_MAX - 1, UINT32_MAX};

    (void)state;
    for (size_t base = 0; base < COUNT(sizes); base++)
        for (size_t cap = base; cap < COUNT(sizes); cap++) {
            start((struct parley_reconnect){.attempts = 100, .base_ms = sizes[base], .cap_ms = sizes[cap]});
            for (int i = 0; i < 100; i++) {
                assert_true(lose(SECOND, UINT32_MAX));
                assert_in_range(r.wait_ms, sizes[base], sizes[cap]);
            }
            assert_int_equal(r.wait_ms, sizes[cap]);
        }
}

static void the_draw_is_even(void **state)
{
    unsigned counts[5] = {0};

    (void)state;
    for (uint64_t chance = 0; chance <= UINT32_MAX; chance += 65536) {
        start((struct parley_reconnect){.base_ms = 4, .cap_ms = 4});
        lose(SECOND, (uint32_t)chance);
        counts[r.wait_ms]++;
    }
    for (size_t i = 0; i < COUNT(counts); i++)
        assert_in_range(counts[i], 65536 / 5 - 1, 65536 / 5 + 2);
}

/* ---- how often ----------------------------------------------------------------------------------- */

static unsigned attempts_until_given_up(void)
{
    unsigned count = 0;

    while (count < 1000 && lose(SECOND, 0))
        count++;
    return count;
}

static void limits_of_attempts(void **state)
{
    static const struct {
        const char *title;
        struct parley_reconnect limits;
        bool was_up;
        unsigned expected;
    } rows[] = {
        {"8 by default", {0}, true, 8},
        {"8 before the first connection as well", {0}, false, 8},
        {"as many as given", {.attempts = 3}, true, 3},
        {"as many before the first", {.attempts = 3}, false, 3},
        {"fewer before the first", {.attempts = 3, .first_attempts = 1}, false, 1},
        {"none before the first", {.first_attempts = PARLEY_LIMIT_NONE}, false, 0},
        {"which says nothing about later ones", {.first_attempts = PARLEY_LIMIT_NONE}, true, 8},
        {"all of a conversation", {.all_attempts = 5}, true, 5},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        print_message("# %s\n", rows[i].title);
        start(rows[i].limits);
        if (rows[i].was_up)
            parley_reconnection_up(&r, SECOND);
        assert_int_equal(attempts_until_given_up(), rows[i].expected);
    }
}

static void off_is_off(void **state)
{
    struct parley_reconnect filled, none = {0};

    (void)state;
    assert_null(parley_reconnect_fill(&filled, &none));
    parley_reconnection_start(&r, &filled);
    parley_reconnection_up(&r, SECOND);
    assert_false(lose(SECOND, 0));
    parley_reconnection_start(&r, &filled);
    parley_reconnection_up(&r, SECOND);
    parley_reconnection_expires(&r, 3600, SECOND);
    assert_true(parley_reconnection_deadline(&r, true) == PARLEY_NEVER);
}

static void a_base_above_the_cap_is_refused(void **state)
{
    struct parley_reconnect filled, wrong = {.base_ms = 2, .cap_ms = 1};

    (void)state;
    assert_non_null(parley_reconnect_fill(&filled, &wrong));
}

static void a_connection_that_held_starts_the_count_again(void **state)
{
    static const struct {
        uint64_t held_us;
        uint32_t attempt;
    } rows[] = {{0, 4}, {1, 4}, {30 * SECOND - 1, 4}, {30 * SECOND, 1}, {86400 * SECOND, 1}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        start((struct parley_reconnect){0});
        for (int k = 0; k < 3; k++)
            lose(SECOND, 0);
        parley_reconnection_up(&r, 5 * SECOND);
        assert_true(lose(5 * SECOND + rows[i].held_us, 0));
        assert_int_equal(r.attempts, rows[i].attempt);
        assert_int_equal(r.lost_us, 5 * SECOND + rows[i].held_us);
    }
}

static void the_gap_begins_with_the_break(void **state)
{
    (void)state;
    start((struct parley_reconnect){0});
    parley_reconnection_up(&r, SECOND);
    for (uint64_t s = 10; s < 15; s++)
        lose(s * SECOND, 0);
    assert_int_equal(r.lost_us, 10 * SECOND);
    parley_reconnection_up(&r, 20 * SECOND);
    lose(21 * SECOND, 0);
    assert_int_equal(r.lost_us, 21 * SECOND);
}

static void what_cannot_be_cured_ends_it_at_once(void **state)
{
    const struct parley_lost policy = {.status = PARLEY_ERR_PEER_CLOSED, .close_code = 1008};

    (void)state;
    start((struct parley_reconnect){0});
    parley_reconnection_up(&r, SECOND);
    assert_false(parley_reconnection_lost(&r, &policy, 2 * SECOND, 0));
}

/* ---- a session that is to end -------------------------------------------------------------------- */

static void sessions_are_replaced_before_they_end(void **state)
{
    static const struct {
        const char *title;
        uint32_t renew_ms;
        int64_t left_s;
        uint64_t from_s, by_s; /* 0: never */
    } rows[] = {
        {"an hour", 0, 3600, 3480, 3590},
        {"another time before", 60000, 3600, 3540, 3590},
        {"never before it", PARLEY_LIMIT_NONE, 3600, 0, 0},
        {"not less than 10 s before", 1, 3600, 3590, 3590},
        {"not more than half of it", 3600000, 1000, 500, 990},
        {"the shortest that is believed", 0, 300, 180, 290},
        {"a calendar that is ahead", 0, 299, 0, 0},
        {"far ahead", 0, -1000000, 0, 0},
        {"the longest that is believed", 0, 86400, 86280, 86390},
        {"a calendar that was never set", 0, 1800000000, 0, 0},
        {"nonsense", 0, INT64_MAX, 0, 0},
        {"nonsense below zero", 0, INT64_MIN, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t now = 100 * SECOND, from = now + rows[i].from_s * SECOND, by = now + rows[i].by_s * SECOND;

        print_message("# %s\n", rows[i].title);
        start((struct parley_reconnect){.renew_ms = rows[i].renew_ms});
        parley_reconnection_up(&r, now);
        parley_reconnection_expires(&r, rows[i].left_s, now);
        if (rows[i].by_s == 0)
            from = by = PARLEY_NEVER;
        assert_true(parley_reconnection_deadline(&r, true) == from);
        assert_true(parley_reconnection_deadline(&r, false) == by);
        assert_false(parley_reconnection_is_due(&r, true, from - 1));
        assert_false(parley_reconnection_is_due(&r, false, by - 1));
        if (rows[i].by_s == 0)
            continue;
        assert_true(parley_reconnection_is_due(&r, true, from));
        assert_true(parley_reconnection_is_due(&r, false, by));
    }
}

static void replacing_takes_no_wait_and_counts_as_the_first_attempt(void **state)
{
    (void)state;
    start((struct parley_reconnect){.all_attempts = 1});
    parley_reconnection_up(&r, SECOND);
    parley_reconnection_expires(&r, 3600, SECOND);
    parley_reconnection_renew(&r, 3500 * SECOND);
    assert_int_equal(r.attempts, 1);
    assert_int_equal(r.wait_ms, 0);
    assert_int_equal(parley_reconnection_deadline(&r, true), 3500 * SECOND);
    assert_false(parley_reconnection_is_due(&r, true, 3500 * SECOND)); /* not again */
    assert_true(lose(3501 * SECOND, UINT32_MAX)); /* the plan was none of `all_attempts` */
    assert_int_equal(r.attempts, 2);
    assert_int_equal(r.lost_us, 3500 * SECOND);
    assert_false(lose(3502 * SECOND, 0));
}

static void a_break_forgets_when_the_session_would_have_ended(void **state)
{
    (void)state;
    start((struct parley_reconnect){0});
    parley_reconnection_up(&r, SECOND);
    parley_reconnection_expires(&r, 3600, SECOND);
    lose(2 * SECOND, 0);
    parley_reconnection_up(&r, 3 * SECOND);
    assert_true(parley_reconnection_deadline(&r, true) == PARLEY_NEVER);
}

/* ---- calls --------------------------------------------------------------------------------------- */

static void a_call_has_rules_of_its_own(void **state)
{
    static const struct {
        struct parley_lost why;
        bool create, join;
    } rows[] = {
        {{.status = PARLEY_ERR_CONNECT}, true, true},
        {{.status = PARLEY_ERR_TIMEOUT}, true, true},
        {{.status = PARLEY_ERR_REFUSED, .http_status = 500}, true, true},
        {{.status = PARLEY_ERR_REFUSED, .http_status = 501}, true, true},
        {{.status = PARLEY_ERR_REFUSED, .http_status = 429}, false, true},
        {{.status = PARLEY_ERR_REFUSED, .http_status = 408}, false, true},
        {{.status = PARLEY_ERR_REFUSED, .http_status = 302}, false, true},
        {{.status = PARLEY_ERR_AUTH, .http_status = 401}, false, true},
        {{.status = PARLEY_ERR_HTTP}, false, true},
        {{.status = PARLEY_ERR_UTF8}, false, true},
        {{.status = PARLEY_ERR_CERTIFICATE}, false, true},
    };
    const struct parley_reconnect off = {.on = false};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int join = 0; join < 2; join++) {
            parley_reconnection_start(&r, &off); /* whatever the host wants of links */
            parley_reconnection_aim(&r, join ? PARLEY_AIM_JOIN : PARLEY_AIM_CREATE, SECOND);
            assert_true(parley_reconnection_deadline(&r, false) == SECOND);
            if (parley_reconnection_lost(&r, &rows[i].why, SECOND, 0) !=
                (join ? rows[i].join : rows[i].create))
                fail_msg("row %zu, %s", i, join ? "join" : "create");
        }
}

static void waits_of_a_call_double_give_or_take_a_tenth(void **state)
{
    static const uint32_t least[] = {180, 360, 720, 1440}, most[] = {220, 440, 880, 1760};

    (void)state;
    for (int longest = 0; longest < 2; longest++) {
        parley_reconnection_start(&r, &(struct parley_reconnect){.on = false});
        parley_reconnection_aim(&r, PARLEY_AIM_JOIN, SECOND);
        for (size_t i = 0; i < COUNT(least); i++) {
            assert_true(lose(SECOND, longest ? UINT32_MAX : 0));
            assert_int_equal(r.wait_ms, longest ? most[i] : least[i]);
        }
        assert_false(lose(SECOND, 0));
    }
    /* Once it is joined a break is the host's matter. */
    start((struct parley_reconnect){0});
    parley_reconnection_aim(&r, PARLEY_AIM_JOIN, SECOND);
    assert_true(lose(SECOND, 0));
    parley_reconnection_up(&r, 2 * SECOND);
    assert_int_equal(r.all_attempts, 0);
    for (int i = 0; i < 8; i++)
        assert_true(lose(3 * SECOND, 0));
    assert_int_equal(r.wait_ms, 0);
    assert_false(lose(3 * SECOND, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_close_code),
        cmocka_unit_test(every_answer_of_http),
        cmocka_unit_test(every_status),
        cmocka_unit_test(waits_grow_to_the_cap_and_are_drawn_from_0_on),
        cmocka_unit_test(waits_of_any_size_stay_within_their_bounds),
        cmocka_unit_test(the_draw_is_even),
        cmocka_unit_test(limits_of_attempts),
        cmocka_unit_test(off_is_off),
        cmocka_unit_test(a_base_above_the_cap_is_refused),
        cmocka_unit_test(a_connection_that_held_starts_the_count_again),
        cmocka_unit_test(the_gap_begins_with_the_break),
        cmocka_unit_test(what_cannot_be_cured_ends_it_at_once),
        cmocka_unit_test(sessions_are_replaced_before_they_end),
        cmocka_unit_test(replacing_takes_no_wait_and_counts_as_the_first_attempt),
        cmocka_unit_test(a_break_forgets_when_the_session_would_have_ended),
        cmocka_unit_test(a_call_has_rules_of_its_own),
        cmocka_unit_test(waits_of_a_call_double_give_or_take_a_tenth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
