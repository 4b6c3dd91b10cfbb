#ifndef PARLEY_TEST_SIMULATION_H
#define PARLEY_TEST_SIMULATION_H

#include "test/fault/simulation/network.h"

/*
 * One whole conversation on a clock that is made up: a host with a user, an agent and a loudspeaker, the
 * engine, the network, the service. All of it follows from the plan.
 *
 *   plan.c      from a seed to a plan
 *   world.c     time, the host's loop, and the steps
 *   network.c   what is between the engine and the service, with its faults
 *   chaos.c     a service that says anything
 *   watch.c     the invariants
 *   shrink.c    a plan that fails, made short
 */
struct simulation {
    struct watch watch;
    struct network network;
};

/* Runs a plan; what came of it is in `watch`. Returns true when every invariant held. */
bool simulate(struct simulation *sim, const struct plan *plan);

/* Leaves out what a failing plan does not need to fail in the same way. `left` gets true for each of its
   steps that is needed; the plan itself becomes the short one. */
void shrink(struct simulation *sim, struct plan *plan, bool left[PLAN_STEPS], bool plain[PLAN_SETTINGS]);

/* Takes the steps out that are not `left`. */
void plan_keep(struct plan *plan, const bool left[PLAN_STEPS]);

#endif
