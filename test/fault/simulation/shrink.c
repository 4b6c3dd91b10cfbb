/* A plan that fails, made short: see simulation.h. */
#include "test/fault/simulation/simulation.h"

#include <string.h>

void plan_keep(struct plan *plan, const bool left[PLAN_STEPS])
{
    unsigned count = 0;
    uint32_t wait_us = 0;

    for (unsigned i = 0; i < plan->count; i++) {
        wait_us += plan->steps[i].wait_us; /* what remains happens when it did */
        if (!left[i])
            continue;
        plan->steps[count] = plan->steps[i];
        plan->steps[count++].wait_us = wait_us;
        wait_us = 0;
    }
    plan->count = count;
}

/* Does it still fail by the same invariant? */
static bool still_fails(struct simulation *sim, const struct plan *plan, const char *invariant)
{
    simulate(sim, plan);
    return strcmp(sim->watch.broken, invariant) == 0;
}

static bool fails_with(struct simulation *sim, const struct plan *whole, const bool left[PLAN_STEPS],
                       const char *invariant)
{
    static struct plan plan;

    plan = *whole;
    plan_keep(&plan, left);
    return still_fails(sim, &plan, invariant);
}

/* Leaves out runs of steps: half of them, a quarter, at last single ones, until none can go. */
static void shrink_steps(struct simulation *sim, const struct plan *plan, bool left[PLAN_STEPS],
                         const char *invariant)
{
    for (unsigned size = plan->count; size > 0; size = size > 1 ? size / 2 : 0)
        for (unsigned from = 0; from < plan->count; from += size) {
            bool before[PLAN_STEPS];

            memcpy(before, left, sizeof before);
            for (unsigned i = from; i < from + size && i < plan->count; i++)
                left[i] = false;
            if (memcmp(before, left, sizeof before) != 0 && !fails_with(sim, plan, left, invariant))
                memcpy(left, before, sizeof before);
        }
}

static void shrink_settings(struct simulation *sim, struct plan *plan, const bool left[PLAN_STEPS],
                            bool plain[PLAN_SETTINGS], const char *invariant)
{
    for (unsigned i = 0; i < PLAN_SETTINGS; i++) {
        struct settings before = plan->settings;

        if (!plan_make_plain(plan, i))
            continue;
        plain[i] = fails_with(sim, plan, left, invariant);
        if (!plain[i])
            plan->settings = before;
    }
}

void shrink(struct simulation *sim, struct plan *plan, bool left[PLAN_STEPS], bool plain[PLAN_SETTINGS])
{
    char invariant[sizeof sim->watch.broken];

    simulate(sim, plan);
    memcpy(invariant, sim->watch.broken, sizeof invariant);
    memset(plain, 0, PLAN_SETTINGS * sizeof *plain);
    for (unsigned i = 0; i < PLAN_STEPS; i++)
        left[i] = i < plan->count;
    for (int round = 0; round < 3; round++) {
        shrink_steps(sim, plan, left, invariant);
        shrink_settings(sim, plan, left, plain, invariant);
    }
    plan_keep(plan, left);
    simulate(sim, plan);
}
