/* The response-create queue: every pair of state and input, and the stories behind the rules. */
#include "core/response_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum input { WANT, CREATED, ENDED, ENDED_OTHER, ENDED_UNNAMED, REFUSED, INPUTS };

/* `unsent`: our create waits in the outbox. */
static bool step(struct parley_response_queue *q, enum input input, bool unsent)
{
    switch (input) {
    case WANT:
        return parley_response_want(q);
    case CREATED:
        return parley_response_created(q, parley_view("resp_a"), unsent);
    case ENDED:
        return parley_response_ended(q, parley_view("resp_a"), unsent);
    case ENDED_OTHER:
        return parley_response_ended(q, parley_view("resp_b"), unsent);
    case ENDED_UNNAMED:
        return parley_response_ended(q, parley_view(NULL), unsent);
    case REFUSED:
        return parley_response_refused(q, parley_view("resp_a"), unsent);
    case INPUTS:
        break;
    }
    return false;
}

static void the_whole_table(void **state)
{
    enum { NONE = PARLEY_RESPONSE_NONE, ASKED = PARLEY_RESPONSE_ASKED, RUNNING = PARLEY_RESPONSE_RUNNING };
    static const struct {
        const char *title;
        int state;
        bool wanted;
        enum input input;
        int state_after;
        bool wanted_after, send;
    } rows[] = {
        {"idle: a wish is sent at once", NONE, false, WANT, ASKED, false, true},
        {"idle: the service starts one by itself", NONE, false, CREATED, RUNNING, false, false},
        {"idle: an end of nothing", NONE, false, ENDED, NONE, false, false},
        {"idle: an unnamed end of nothing", NONE, false, ENDED_UNNAMED, NONE, false, false},
        {"idle: refused although nothing was asked", NONE, false, REFUSED, RUNNING, true, false},
        {"asked: a second wish waits", ASKED, false, WANT, ASKED, true, false},
        {"asked: a third wish is the second", ASKED, true, WANT, ASKED, true, false},
        {"asked: it begins", ASKED, true, CREATED, RUNNING, true, false},
        {"asked: a named end is of an older one", ASKED, true, ENDED, ASKED, true, false},
        {"asked: an unnamed end counts", ASKED, false, ENDED_UNNAMED, NONE, false, false},
        {"asked: an unnamed end lets the next out", ASKED, true, ENDED_UNNAMED, ASKED, false, true},
        {"asked: refused, so it waits", ASKED, false, REFUSED, RUNNING, true, false},
        {"running: a wish waits", RUNNING, false, WANT, RUNNING, true, false},
        {"running: another begins", RUNNING, true, CREATED, RUNNING, true, false},
        {"running: it ends", RUNNING, false, ENDED, NONE, false, false},
        {"running: it ends and the wish goes out", RUNNING, true, ENDED, ASKED, false, true},
        {"running: another one's end is stale", RUNNING, true, ENDED_OTHER, RUNNING, true, false},
        {"running: an unnamed end counts", RUNNING, true, ENDED_UNNAMED, ASKED, false, true},
        {"running: refused once more", RUNNING, true, REFUSED, RUNNING, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_response_queue q = {.state = (enum parley_responding)rows[i].state,
                                          .wanted = rows[i].wanted};
        bool send;

        if (rows[i].state == RUNNING)
            parley_id_set(&q.id, parley_view("resp_a"));
        send = step(&q, rows[i].input, false);
        if (send != rows[i].send || (int)q.state != rows[i].state_after || q.wanted != rows[i].wanted_after)
            fail_msg("%s: state %d, wanted %d, send %d", rows[i].title, q.state, q.wanted, send);
    }
}

static void a_refused_create_goes_out_after_the_response_it_met(void **state)
{
    struct parley_response_queue q = {0};

    (void)state;
    assert_true(parley_response_want(&q));
    assert_false(parley_response_refused(&q, parley_view("resp_vad"), false));
    assert_false(parley_response_ended(&q, parley_view("resp_old"), false));
    assert_true(parley_response_ended(&q, parley_view("resp_vad"), false));
    assert_int_equal(q.state, PARLEY_RESPONSE_ASKED);
}

static void a_refusal_without_a_name_waits_for_any_end(void **state)
{
    struct parley_response_queue q = {0};

    (void)state;
    parley_response_want(&q);
    parley_response_refused(&q, parley_view(NULL), false);
    assert_true(parley_response_ended(&q, parley_view("resp_any"), false));
}

/* On a link that takes little, a response of the service's own begins and ends while ours waits to go out. */
static void a_create_that_waits_is_still_owed(void **state)
{
    static const struct {
        const char *title;
        struct {
            enum input input;
            bool unsent;
        } steps[6];
        unsigned count;
        enum parley_responding state;
        bool wanted;
        unsigned sent;
    } rows[] = {
        {"one came and went: ours is still on its way",
         {{WANT, 0}, {CREATED, 1}, {ENDED, 1}},
         3,
         PARLEY_RESPONSE_ASKED,
         false,
         1},
        {"so another wish waits for it",
         {{WANT, 0}, {CREATED, 1}, {ENDED, 1}, {WANT, 1}},
         4,
         PARLEY_RESPONSE_ASKED,
         true,
         1},
        {"a wish meanwhile as well",
         {{WANT, 0}, {CREATED, 1}, {WANT, 1}, {ENDED, 1}},
         4,
         PARLEY_RESPONSE_ASKED,
         true,
         1},
        {"ours went out before that one ended",
         {{WANT, 0}, {CREATED, 1}, {ENDED, 0}},
         3,
         PARLEY_RESPONSE_ASKED,
         false,
         1},
        {"and was refused",
         {{WANT, 0}, {CREATED, 1}, {REFUSED, 0}, {ENDED, 0}},
         4,
         PARLEY_RESPONSE_ASKED,
         false,
         2},
        {"ours began: its end is the end",
         {{WANT, 0}, {CREATED, 1}, {ENDED, 1}, {CREATED, 0}, {ENDED, 0}},
         5,
         PARLEY_RESPONSE_NONE,
         false,
         1},
        {"ours began at once behind that one",
         {{WANT, 0}, {CREATED, 1}, {CREATED, 0}, {ENDED, 0}},
         4,
         PARLEY_RESPONSE_NONE,
         false,
         1},
        {"two of the service's own",
         {{WANT, 0}, {CREATED, 1}, {CREATED, 1}, {ENDED, 1}},
         4,
         PARLEY_RESPONSE_ASKED,
         false,
         1},
        {"an unnamed end is not of ours",
         {{WANT, 0}, {ENDED_UNNAMED, 1}},
         2,
         PARLEY_RESPONSE_ASKED,
         false,
         1},
        {"a refusal neither", {{WANT, 0}, {REFUSED, 1}, {ENDED, 1}}, 3, PARLEY_RESPONSE_ASKED, false, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parley_response_queue q = {0};
        unsigned sent = 0;

        for (unsigned k = 0; k < rows[i].count; k++)
            sent += step(&q, rows[i].steps[k].input, rows[i].steps[k].unsent);
        if (sent != rows[i].sent || q.state != rows[i].state || q.wanted != rows[i].wanted || q.owed)
            fail_msg("%s: state %d, wanted %d, %u sent", rows[i].title, q.state, q.wanted, sent);
    }
}

/* Over all sequences up to length 7: never two creates out at once, and no wish is forgotten. */
static void all_sequences(void **state)
{
    long sequences = 0;

    (void)state;
    for (unsigned length = 1; length <= 7; length++) {
        unsigned long total = 1;
        for (unsigned i = 0; i < length; i++)
            total *= INPUTS;
        for (unsigned long code = 0; code < total; code++) {
            struct parley_response_queue q = {0};
            unsigned long rest = code;
            bool out = false;

            for (unsigned i = 0; i < length; i++, rest /= INPUTS) {
                enum input input = (enum input)(rest % INPUTS);
                bool wanted = q.wanted || input == WANT;
                bool send;

                if (input == CREATED || input == REFUSED || input == ENDED_UNNAMED)
                    out = false;
                send = step(&q, input, false);
                assert_false(send && out);
                out = out || send;
                if (wanted)
                    assert_true(send || q.wanted);
                assert_int_equal(out, q.state == PARLEY_RESPONSE_ASKED);
            }
            sequences++;
        }
    }
    assert_int_equal(sequences, 335922);
}

/* The same on a link that takes nothing until it is told to: what is in the outbox counts once, and only what
   came after it went out answers it. */
static void all_sequences_on_a_slow_link(void **state)
{
    enum { OUT = INPUTS, SLOW_INPUTS };
    long sequences = 0;

    (void)state;
    for (unsigned long code = 0; code < 823543; code++, sequences++) { /* 7 to the 7th */
        struct parley_response_queue q = {0};
        unsigned long rest = code;
        bool unsent = false, out = false;

        for (unsigned i = 0; i < 7; i++, rest /= SLOW_INPUTS) {
            unsigned input = (unsigned)(rest % SLOW_INPUTS);
            bool send;

            if (input == OUT) {
                out = out || unsent;
                unsent = false;
                continue;
            }
            if (input == CREATED || input == REFUSED || (input == ENDED_UNNAMED && !q.owed))
                out = false;
            send = step(&q, (enum input)input, unsent);
            assert_false(send && (out || unsent));
            unsent = unsent || send;
            assert_int_equal(out || unsent, q.state == PARLEY_RESPONSE_ASKED || q.owed);
        }
    }
    assert_int_equal(sequences, 823543);
}

/* In every state: only what was asked for and not begun is asked for again, and then once. */
static void another_session_starts_anew(void **state)
{
    (void)state;
    for (int i = PARLEY_RESPONSE_NONE; i <= PARLEY_RESPONSE_RUNNING; i++)
        for (int wanted = 0; wanted < 4; wanted++) { /* and owed */
            struct parley_response_queue q = {
                .state = (enum parley_responding)i, .wanted = wanted & 1, .owed = wanted >= 2};

            assert_int_equal(parley_response_restart(&q), wanted > 0 || i == PARLEY_RESPONSE_ASKED);
            assert_int_equal(q.state, PARLEY_RESPONSE_NONE);
            assert_false(q.wanted || q.owed);
            assert_true(parley_response_want(&q));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_table),
        cmocka_unit_test(a_refused_create_goes_out_after_the_response_it_met),
        cmocka_unit_test(a_refusal_without_a_name_waits_for_any_end),
        cmocka_unit_test(a_create_that_waits_is_still_owed),
        cmocka_unit_test(all_sequences),
        cmocka_unit_test(all_sequences_on_a_slow_link),
        cmocka_unit_test(another_session_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
