/*
 * Prints two tables for test/sizes.sh: how large a block parley_open needs, and what more of each limit
 * costs. Figures of the library itself, so the README cannot be wrong about them for long.
 */
#include "core/parley.h"

#include <stdio.h>

static size_t needed(struct parley_limits limits)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;

    options.limits = limits;
    return parley_memory_needed(&options);
}

/* What `limits`, a default with one field set to twice its value, costs more than the default, a unit. */
static void print_cost(const char *title, struct parley_limits limits, double units)
{
    const struct parley_limits defaults = {0};

    printf("| %s | %.2f |\n", title, (double)(needed(limits) - needed(defaults)) / units);
}

int main(void)
{
    const struct parley_limits defaults = {0};
    const struct parley_limits no_queue = {.output_audio_ms = PARLEY_LIMIT_NONE};
    const struct parley_limits small = {
        .inbox_bytes = 32768,
        .outbox_bytes = 8192,
        .input_audio_ms = 500,
        .output_audio_ms = PARLEY_LIMIT_NONE,
        .transcript_bytes = 4096,
        .reply_items = 4,
        .link_recv_bytes = 4096,
        .link_send_bytes = 16384,
    };

    struct parley_options compressed = PARLEY_OPTIONS_DEFAULT;

    if (needed(defaults) == 0 || needed(small) == 0)
        return 1;
    printf("| block of memory (%s) | bytes |\n|---|---:|\n", parley_transport());
    printf("| default limits | %zu |\n", needed(defaults));
    printf("| the same, audio taken from the events (`output_audio_ms` none) | %zu |\n", needed(no_queue));
    compressed.compress = PARLEY_COMPRESS_AUTO;
    printf("| default limits, compressed if the service agrees | %zu |\n", parley_memory_needed(&compressed));
    printf("| a small board: inbox 32 KiB, outbox 8 KiB, 500 ms in, transcript 4 KiB, link 4 + 16 KiB | %zu "
           "|\n\n",
           needed(small));
    printf("| one more of | costs bytes |\n|---|---:|\n");
    print_cost("`inbox_bytes`", (struct parley_limits){.inbox_bytes = 2 * 262144}, 262144);
    print_cost("`outbox_bytes`", (struct parley_limits){.outbox_bytes = 2 * 65536}, 65536);
    print_cost("`input_audio_ms`", (struct parley_limits){.input_audio_ms = 2 * 2000}, 2000);
    print_cost("`output_audio_ms`", (struct parley_limits){.output_audio_ms = 2 * 30000}, 30000);
    print_cost("`transcript_bytes`", (struct parley_limits){.transcript_bytes = 2 * 16384}, 16384);
    print_cost("`reply_items`", (struct parley_limits){.reply_items = 2 * 16}, 16);
    return 0;
}
