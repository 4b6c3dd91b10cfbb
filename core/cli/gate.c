/*
 * The echo gate: see gate.h.
 */
#include "core/cli/gate.h"

static bool is_loud(const int16_t *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        if (pcm[i] > PARLEY_CLI_GATE_PEAK || pcm[i] < -PARLEY_CLI_GATE_PEAK)
            return true;
    return false;
}

bool parley_cli_gate_passes(struct parley_cli_gate *gate, const int16_t *pcm, size_t samples, bool playing,
                            uint64_t now_us)
{
    if (!gate->on || !playing)
        return true;
    if (is_loud(pcm, samples))
        gate->open_until_us = now_us + PARLEY_CLI_GATE_OPEN_US;
    return now_us < gate->open_until_us;
}
