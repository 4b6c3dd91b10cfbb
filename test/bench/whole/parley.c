/* A host of parley that takes the reply's audio from the events. usage: parley [CONVERSATIONS] */
#include "client.h"

#include "core/parley.h"

#include <stdlib.h>

enum { CONVERSATIONS = 1000 };

static struct parley_conversation *all[CONVERSATIONS];
static struct parley_interest want[CONVERSATIONS * PARLEY_INTERESTS];

static void take_events(struct parley_conversation *c)
{
    struct parley_event event;

    while (parley_next_event(c, &event) > 0) {
        if (event.kind == PARLEY_EVENT_AUDIO)
            client_count(event.pcm, event.samples);
        else if (event.kind == PARLEY_EVENT_ERROR)
            fprintf(stderr, "parley: %.*s\n", (int)event.text.len, event.text.at);
        if (event.kind == PARLEY_EVENT_STARTED || event.kind == PARLEY_EVENT_CLOSED)
            client_mark();
    }
}

static struct parley_conversation *open_one(const struct parley_options *options)
{
    size_t bytes = parley_memory_needed(options);
    struct parley_conversation *c;
    struct parley_error error;

    if (bytes == 0 || parley_open(&c, malloc(bytes), bytes, options, parley_clock_us(), &error) < 0) {
        fprintf(stderr, "parley: cannot open\n");
        exit(1);
    }
    return c;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, open = count;
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;

    options.url = parley_view(getenv("BENCH_URL"));
    options.ca_file = parley_view(getenv("BENCH_CA"));
    options.api_key = parley_view("sk-bench");
    options.limits.output_audio_ms = PARLEY_LIMIT_NONE;
    for (size_t i = 0; i < count; i++)
        all[i] = open_one(&options);
    while (open > 0) {
        size_t wants = 0;

        for (size_t i = 0; i < count; i++)
            if (all[i] != NULL)
                wants += parley_interest(all[i], want + wants);
        parley_wait(want, wants, PARLEY_NEVER);
        for (size_t i = 0; i < count; i++) {
            if (all[i] == NULL)
                continue;
            parley_service(all[i], parley_clock_us());
            take_events(all[i]);
            if (parley_error(all[i])->status != PARLEY_OK) {
                all[i] = NULL;
                open--;
            }
        }
    }
    client_report();
    return 0;
}
