#ifndef PARLEY_CLI_LULL_H
#define PARLEY_CLI_LULL_H

#include "core/parley.h"

/*
 * Tells when a conversation whose input is over has come to its end by itself: nobody speaks, no reply is
 * owed, under way or being heard, and nothing has happened for a while. Pure.
 */
struct parley_cli_lull {
    uint64_t linger_us;
    uint64_t last_us;              /* when something happened last */
    bool speaking, owed, replying; /* the user; a reply was asked for; the model */
    bool away;                     /* there is no link, and another follows: nothing can be over */
};

/* Something is only waited for this long when nothing at all happens meanwhile. */
enum { PARLEY_CLI_LULL_PATIENCE_US = 20 * 1000 * 1000 };

void parley_cli_lull_start(struct parley_cli_lull *l, uint64_t linger_us, uint64_t now_us);

/* What an event means for it. */
void parley_cli_lull_event(struct parley_cli_lull *l, const struct parley_event *event, uint64_t now_us);

/* Something goes on that brings no events: sound is played, an agent works, a typed line waits. */
void parley_cli_lull_busy(struct parley_cli_lull *l, uint64_t now_us);

/* A reply has been asked for. */
void parley_cli_lull_expect(struct parley_cli_lull *l, uint64_t now_us);

/* The moment from which it is over, if nothing more happens. */
uint64_t parley_cli_lull_end_us(const struct parley_cli_lull *l);

#endif
