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

static void print_profile(const char *title, enum parley_profile profile)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    size_t all, plain;

    options.limits = parley_limits_for(profile);
    all = parley_memory_needed(&options);
    options.url = parley_view("http://api.openai.com/v1");
    plain = parley_memory_needed(&options);
    printf("| %s | %zu | %zu |\n", title, all, all - plain);
}

int main(void)
{
    if (needed(parley_limits_for(PARLEY_PROFILE_TINY)) == 0)
        return 1;
    printf("| block of memory (%s) | bytes | of them for TLS |\n|---|---:|---:|\n", parley_transport());
    print_profile("`tiny`: text, and sound in pieces of 20 ms", PARLEY_PROFILE_TINY);
    print_profile("`board`: the default limits", PARLEY_PROFILE_BOARD);
    print_profile("`server`: many in a process", PARLEY_PROFILE_SERVER);
    printf("\n");
    printf("| one more of | costs bytes |\n|---|---:|\n");
    print_cost("`inbox_bytes`", (struct parley_limits){.inbox_bytes = 2 * 262144}, 262144);
    print_cost("`outbox_bytes`", (struct parley_limits){.outbox_bytes = 2 * 65536}, 65536);
    print_cost("`input_audio_ms`", (struct parley_limits){.input_audio_ms = 2 * 2000}, 2000);
    print_cost("`output_audio_ms`", (struct parley_limits){.output_audio_ms = 2 * 30000}, 30000);
    print_cost("`transcript_bytes`", (struct parley_limits){.transcript_bytes = 2 * 16384}, 16384);
    print_cost("`reply_items`", (struct parley_limits){.reply_items = 2 * 16}, 16);
    return 0;
}
