/* When a conversation whose input is over is over itself; and the echo gate, as small and as pure. */
#include "cli_test.h"

#include "core/cli/gate.h"
#include "core/cli/lull.h"

enum { S = 1000000, LINGER_US = 1500 * 1000 };

/* Events at seconds 1, 2, ...; then the seconds after the last of them at which it is over. */
static const struct {
    const char *title;
    enum parley_event_kind events[8];
    size_t count;
    uint64_t wait_us;
} stories[] = {
    {"nothing ever happens", {PARLEY_EVENT_STARTED}, 1, LINGER_US},
    {"the user speaks", {PARLEY_EVENT_SPEECH_STARTED}, 1, PARLEY_CLI_LULL_PATIENCE_US},
    {"the user has spoken, no answer yet",
     {PARLEY_EVENT_SPEECH_STARTED, PARLEY_EVENT_SPEECH_STOPPED, PARLEY_EVENT_USER_DONE},
     3,
     PARLEY_CLI_LULL_PATIENCE_US},
    {"an answer is being made",
     {PARLEY_EVENT_SPEECH_STOPPED, PARLEY_EVENT_RESPONSE_CREATED, PARLEY_EVENT_AUDIO},
     3,
     PARLEY_CLI_LULL_PATIENCE_US},
    {"an answer has been made",
     {PARLEY_EVENT_SPEECH_STOPPED, PARLEY_EVENT_RESPONSE_CREATED, PARLEY_EVENT_RESPONSE_DONE},
     3,
     LINGER_US},
    {"an answer was cancelled",
     {PARLEY_EVENT_RESPONSE_CREATED, PARLEY_EVENT_RESPONSE_CANCELLED},
     2,
     LINGER_US},
    {"on v1 an answer is its words", {PARLEY_EVENT_SPEECH_STOPPED, PARLEY_EVENT_REPLY_DELTA}, 2, LINGER_US},
};

static void it_ends_when_nothing_is_owed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(stories); i++) {
        struct parley_cli_lull lull;
        uint64_t now_us = 1 * S;

        parley_cli_lull_start(&lull, LINGER_US, now_us);
        for (size_t k = 0; k < stories[i].count; k++) {
            struct parley_event event = {.kind = stories[i].events[k]};

            now_us += S;
            parley_cli_lull_event(&lull, &event, now_us);
        }
        if (parley_cli_lull_end_us(&lull) != now_us + stories[i].wait_us)
            fail_msg("%s: after %llu us", stories[i].title,
                     (unsigned long long)(parley_cli_lull_end_us(&lull) - now_us));
    }
}

static void nothing_is_over_while_a_link_is_awaited(void **state)
{
    const struct parley_event away = {.kind = PARLEY_EVENT_RECONNECTING},
                              back = {.kind = PARLEY_EVENT_RECONNECTED},
                              begun = {.kind = PARLEY_EVENT_RESPONSE_CREATED};
    struct parley_cli_lull lull;

    (void)state;
    parley_cli_lull_start(&lull, LINGER_US, S);
    parley_cli_lull_event(&lull, &away, 2 * S);
    assert_true(parley_cli_lull_end_us(&lull) == PARLEY_NEVER);
    parley_cli_lull_event(&lull, &back, 60 * S);
    assert_int_equal(parley_cli_lull_end_us(&lull), 60 * S + LINGER_US);
    /* A reply that was cut may come yet. */
    parley_cli_lull_event(&lull, &begun, 61 * S);
    parley_cli_lull_event(&lull, &away, 62 * S);
    parley_cli_lull_event(&lull, &back, 63 * S);
    assert_int_equal(parley_cli_lull_end_us(&lull), 63 * S + PARLEY_CLI_LULL_PATIENCE_US);
}

static void nothing_is_over_before_a_call_is_joined(void **state)
{
    const struct parley_event answer = {.kind = PARLEY_EVENT_SDP}, away = {.kind = PARLEY_EVENT_RECONNECTING},
                              stage = {.kind = PARLEY_EVENT_LINK, .text = PARLEY_VIEW("upgrade")},
                              open = {.kind = PARLEY_EVENT_LINK, .text = PARLEY_VIEW("open")};
    struct parley_cli_lull lull;

    (void)state;
    parley_cli_lull_start(&lull, LINGER_US, S);
    parley_cli_lull_event(&lull, &answer, S);
    parley_cli_lull_event(&lull, &away, 2 * S);
    parley_cli_lull_event(&lull, &stage, 3 * S);
    assert_true(parley_cli_lull_end_us(&lull) == PARLEY_NEVER);
    parley_cli_lull_event(&lull, &open, 4 * S);
    assert_int_equal(parley_cli_lull_end_us(&lull), 4 * S + LINGER_US);
}

static void what_goes_on_puts_it_off(void **state)
{
    struct parley_cli_lull lull;

    (void)state;
    parley_cli_lull_start(&lull, LINGER_US, 1 * S);
    parley_cli_lull_busy(&lull, 5 * S);
    assert_int_equal(parley_cli_lull_end_us(&lull), 5 * S + LINGER_US);
    parley_cli_lull_expect(&lull, 6 * S);
    assert_int_equal(parley_cli_lull_end_us(&lull), 6 * S + PARLEY_CLI_LULL_PATIENCE_US);
    parley_cli_lull_start(&lull, 60 * (uint64_t)S, 1 * S); /* who lingers longer than that lingers */
    parley_cli_lull_expect(&lull, 2 * S);
    assert_int_equal(parley_cli_lull_end_us(&lull), 62 * S);
}

/* ---- the gate -------------------------------------------------------------------------------- */

static const struct {
    const char *title;
    bool on, playing;
    int16_t peak;
    uint64_t at_ms;
    bool passes;
} frames[] = {
    {"off: everything passes", false, true, 0, 0, true},
    {"nothing is played: everything passes", true, false, 100, 0, true},
    {"an echo does not pass", true, true, 4000, 20, false},
    {"a voice passes", true, true, 4001, 40, true},
    {"its quiet end passes", true, true, 10, 60, true},
    {"for 0.9 s", true, true, 10, 939, true},
    {"not longer", true, true, 10, 940, false},
    {"a negative peak is a peak", true, true, -4001, 960, true},
    {"and holds it open anew", true, true, 0, 1859, true},
    {"until then", true, true, 0, 1860, false},
    {"the deepest sample of all", true, true, -32768, 3000, true},
};

static void the_gate_keeps_echoes_out(void **state)
{
    struct parley_cli_gate gate = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(frames); i++) {
        int16_t pcm[480] = {0};

        pcm[479] = frames[i].peak;
        gate.on = frames[i].on;
        if (parley_cli_gate_passes(&gate, pcm, 480, frames[i].playing, frames[i].at_ms * 1000 + S) !=
            frames[i].passes)
            fail_msg("%s", frames[i].title);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_when_nothing_is_owed),
        cmocka_unit_test(nothing_is_over_while_a_link_is_awaited),
        cmocka_unit_test(nothing_is_over_before_a_call_is_joined),
        cmocka_unit_test(what_goes_on_puts_it_off),
        cmocka_unit_test(the_gate_keeps_echoes_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
