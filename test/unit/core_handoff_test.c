/* The handoff state machine: which acknowledgement is owed for what. */
#include "core/handoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct parley_view id(const char *text)
{
    return parley_view(text);
}

static void a_request_is_routed_and_finished(void **state)
{
    struct parley_handoff h = {0};
    struct parley_id finished;

    (void)state;
    assert_int_equal(parley_handoff_request(&h, id("call_1"), false), PARLEY_HANDOFF_ROUTE);
    assert_int_equal(parley_handoff_progress(&h, id("call_1")), PARLEY_HANDOFF_PROGRESS);
    assert_int_equal(parley_handoff_progress(&h, id(NULL)), PARLEY_HANDOFF_PROGRESS);
    assert_int_equal(parley_handoff_done(&h, id("call_1"), &finished), PARLEY_HANDOFF_FINISH);
    assert_true(parley_id_is(&finished, id("call_1")));
    assert_int_equal(h.active.len, 0);
}

static void a_silent_agent_is_acknowledged_all_the_same(void **state)
{
    struct parley_handoff h = {0};
    struct parley_id finished;

    (void)state;
    parley_handoff_request(&h, id("call_1"), false);
    assert_int_equal(parley_handoff_done(&h, id(NULL), &finished), PARLEY_HANDOFF_FINISH_MUTE);
}

static void what_was_reported_for_one_does_not_count_for_the_next(void **state)
{
    struct parley_handoff h = {0};
    struct parley_id finished;

    (void)state;
    parley_handoff_request(&h, id("call_1"), false);
    parley_handoff_progress(&h, id("call_1"));
    parley_handoff_done(&h, id("call_1"), &finished);
    parley_handoff_request(&h, id("call_2"), false);
    assert_int_equal(parley_handoff_done(&h, id("call_2"), &finished), PARLEY_HANDOFF_FINISH_MUTE);
}

static void a_second_request_steers_and_the_first_stays_active(void **state)
{
    struct parley_handoff h = {0};
    struct parley_id finished;

    (void)state;
    parley_handoff_request(&h, id("call_1"), false);
    assert_int_equal(parley_handoff_request(&h, id("call_2"), false), PARLEY_HANDOFF_STEER);
    assert_int_equal(parley_handoff_progress(&h, id("call_2")), PARLEY_HANDOFF_NOTHING);
    assert_int_equal(parley_handoff_done(&h, id("call_2"), &finished), PARLEY_HANDOFF_NOTHING);
    assert_int_equal(parley_handoff_progress(&h, id("call_1")), PARLEY_HANDOFF_PROGRESS);
}

static void an_empty_request_is_answered_and_swallows_nothing(void **state)
{
    struct parley_handoff h = {0};

    (void)state;
    assert_int_equal(parley_handoff_request(&h, id("call_1"), true), PARLEY_HANDOFF_EMPTY);
    assert_int_equal(parley_handoff_request(&h, id("call_2"), false), PARLEY_HANDOFF_ROUTE);
    assert_int_equal(parley_handoff_request(&h, id("call_3"), true), PARLEY_HANDOFF_EMPTY);
    assert_true(parley_id_is(&h.active, id("call_2")));
}

static void the_same_call_again_is_nothing_new(void **state)
{
    struct parley_handoff h = {0};

    (void)state;
    parley_handoff_request(&h, id("call_1"), false);
    assert_int_equal(parley_handoff_request(&h, id("call_1"), false), PARLEY_HANDOFF_NOTHING);
}

static void without_work_nothing_is_owed(void **state)
{
    struct parley_handoff h = {0};
    struct parley_id finished;

    (void)state;
    assert_int_equal(parley_handoff_progress(&h, id(NULL)), PARLEY_HANDOFF_NOTHING);
    assert_int_equal(parley_handoff_progress(&h, id("call_1")), PARLEY_HANDOFF_NOTHING);
    assert_int_equal(parley_handoff_done(&h, id(NULL), &finished), PARLEY_HANDOFF_NOTHING);
}

static void work_outlives_the_session_that_asked_for_it(void **state)
{
    struct parley_handoff h = {0};
    struct parley_id finished;

    (void)state;
    parley_handoff_restart(&h);
    parley_handoff_request(&h, id("call_1"), false);
    assert_false(h.orphan); /* of this session */
    parley_handoff_restart(&h);
    assert_int_equal(parley_handoff_request(&h, id("call_2"), false), PARLEY_HANDOFF_STEER);
    assert_int_equal(parley_handoff_done(&h, id(NULL), &finished), PARLEY_HANDOFF_TELL_MUTE);
    parley_handoff_request(&h, id("call_3"), false);
    parley_handoff_restart(&h);
    assert_int_equal(parley_handoff_progress(&h, id("call_3")), PARLEY_HANDOFF_PROGRESS);
    assert_int_equal(parley_handoff_done(&h, id("call_3"), &finished), PARLEY_HANDOFF_TELL);
    parley_handoff_request(&h, id("call_4"), false);
    assert_int_equal(parley_handoff_done(&h, id("call_4"), &finished), PARLEY_HANDOFF_FINISH_MUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_routed_and_finished),
        cmocka_unit_test(a_silent_agent_is_acknowledged_all_the_same),
        cmocka_unit_test(what_was_reported_for_one_does_not_count_for_the_next),
        cmocka_unit_test(a_second_request_steers_and_the_first_stays_active),
        cmocka_unit_test(an_empty_request_is_answered_and_swallows_nothing),
        cmocka_unit_test(the_same_call_again_is_nothing_new),
        cmocka_unit_test(without_work_nothing_is_owed),
        cmocka_unit_test(work_outlives_the_session_that_asked_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
