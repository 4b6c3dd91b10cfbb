/*
 * Some thousand seeds of the simulation (test/fault/simulation): random users, agents, services and networks,
 * with random faults, and no invariant broken; and what makes a seed good for anything, that it always gives
 * the same trace. Many more are run by test/fault/simulate.
 */
#include "test/fault/simulation/simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = 3000, CUT_SEEDS = 60 };

static struct simulation sim;
static struct plan plan;

static uint64_t run(uint64_t seed)
{
    if (!simulate(&sim, &plan))
        fail_msg("simulate %lu: %s: %s", (unsigned long)seed, sim.watch.broken, sim.watch.why);
    return sim.watch.hash;
}

static unsigned seeds(unsigned usual)
{
    return getenv("PARLEY_TEST_SLOWLY") != NULL ? usual / 20 : usual;
}

static void no_invariant_is_broken(void **state)
{
    uint64_t events = 0, links = 0, creates = 0, cuts = 0, handoffs = 0, count = seeds(SEEDS);

    (void)state;
    for (uint64_t seed = 1; seed <= count; seed++) {
        plan_make(&plan, seed);
        run(seed);
        events += sim.watch.events;
        links += sim.watch.links;
        creates += sim.watch.creates;
        cuts += sim.watch.cuts;
        handoffs += sim.watch.handoffs;
    }
    /* The dice did reach what is to be tested. */
    assert_true(events > count * 20 && links > count && creates > count / 2 && cuts > count / 8 &&
                handoffs > count / 2);
}

static void the_same_trace_at_every_cut(void **state)
{
    static const uint32_t cuts[] = {1, 2, 3, 7, 64, 1000};

    (void)state;
    for (uint64_t seed = 1; seed <= seeds(CUT_SEEDS); seed++) {
        uint64_t whole;

        plan_make(&plan, seed);
        plan.settings.fragment_bytes = 0;
        whole = run(seed);
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            plan.settings.fragment_bytes = cuts[i];
            if (run(seed) != whole)
                fail_msg("seed %lu: another trace in pieces of %u bytes", (unsigned long)seed,
                         (unsigned)cuts[i]);
        }
    }
}

/* Nothing of what ran before is left. */
static void the_same_trace_whatever_ran_before(void **state)
{
    uint64_t first[20];

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        plan_make(&plan, seed);
        first[seed] = run(seed);
    }
    for (uint64_t seed = 20; seed-- > 0;) {
        plan_make(&plan, seed);
        assert_int_equal(run(seed), first[seed]);
    }
}

/* Leaving out steps leaves the others what and when they were, and plain settings stay plain. */
static void plans_can_be_made_short(void **state)
{
    bool left[PLAN_STEPS] = {false};
    struct plan whole;
    uint64_t us = 0, us_left = 0;

    (void)state;
    plan_make(&whole, 7);
    plan = whole;
    for (unsigned i = 0; i < plan.count; i++) {
        left[i] = i % 3 == 2;
        us += i <= (plan.count / 3) * 3 - 1 ? plan.steps[i].wait_us : 0;
    }
    plan_keep(&plan, left);
    assert_int_equal(plan.count, whole.count / 3);
    for (unsigned i = 0; i < plan.count; i++) {
        assert_int_equal(plan.steps[i].kind, whole.steps[i * 3 + 2].kind);
        us_left += plan.steps[i].wait_us;
    }
    assert_int_equal(us_left, us);
    for (unsigned i = 0; i < PLAN_SETTINGS; i++) {
        assert_non_null(plan_setting_name(i));
        plan_make_plain(&plan, i);
        assert_false(plan_make_plain(&plan, i));
    }
    run(7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_invariant_is_broken),
        cmocka_unit_test(the_same_trace_at_every_cut),
        cmocka_unit_test(the_same_trace_whatever_ran_before),
        cmocka_unit_test(plans_can_be_made_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
