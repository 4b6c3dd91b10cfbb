#ifndef PARLEY_CLI_GATE_H
#define PARLEY_CLI_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Keeps the loudspeaker out of the microphone where both stand in one room and nothing cancels the echo:
 * while a reply can be heard only frames that are louder than an echo pass; they hold the gate open for a
 * while, so that the quiet ends of words pass too. Reference 10.7.
 */
enum { PARLEY_CLI_GATE_PEAK = 4000, PARLEY_CLI_GATE_OPEN_US = 900 * 1000 };

struct parley_cli_gate {
    bool on;
    uint64_t open_until_us;
};

/* True when this frame is to be sent; `playing` tells whether a reply can be heard. */
bool parley_cli_gate_passes(struct parley_cli_gate *gate, const int16_t *pcm, size_t samples, bool playing,
                            uint64_t now_us);

#endif
