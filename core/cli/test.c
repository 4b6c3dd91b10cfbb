/*
 * The command `test`: see test.h.
 */
#include "core/cli/test.h"
#include "core/cli/flight.h"
#include "core/cli/play.h"
#include "platform/status.h"

#include <stdio.h>
#include <stdlib.h>

enum { TALK_BYTES = 1024 * 1024 };

struct settings {
    bool whole, verbose;
    struct parley_cli_flight *flight; /* NULL: nothing is recorded */
};

/* How the runs after the first cut what travels: what the service says, and what it is sent. */
static const struct cut {
    size_t fragment_bytes, send_bytes;
} cuts[] = {{1, 0}, {2, 0}, {3, 0}, {7, 0}, {64, 0}, {4096, 0}, {0, 1}, {0, 100}, {1, 4096}};

static void show(void *user, uint64_t at_ms, const char *what, struct parley_view text)
{
    (void)user;
    printf("# %6lu ms  %-5s  %.*s\n", (unsigned long)at_ms, what, (int)(text.len < 400 ? text.len : 400),
           text.at);
}

/* The folder a file is in. */
static void folder_of(const char *path, char *folder, size_t bytes)
{
    const char *slash = strrchr(path, '/');

    snprintf(folder, bytes, "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
}

/* True when two runs came to the same. When the link takes messages slowly, some may not be out yet at the
   end of a talk; and the built-in service, unlike a script, then hears of things at another point of what it
   says. */
static bool same(const struct parley_play_result *a, const struct parley_play_result *b,
                 const struct cut *cut)
{
    bool slow = cut->send_bytes > 0;

    return (a->events_digest == b->events_digest || (slow && a->service)) &&
           (a->sent_digest == b->sent_digest || slow);
}

/* Plays a talk cut as `cut` says; the result has to be that of the first run. */
static bool repeat(struct parley_view text, const char *path, const struct parley_play_options *options,
                   const struct cut *cut, struct parley_play_result *first)
{
    struct parley_play_options again = *options;
    struct parley_play_result result;
    char why[PARLEY_PLAY_WHY];

    again.trace = NULL;
    again.recorder.write = NULL;
    again.fragment_bytes = cut->fragment_bytes;
    again.send_bytes = cut->send_bytes;
    if (parley_play_talk(text, path, &again, &result) == 1 && same(&result, first, cut))
        return true;
    snprintf(why, sizeof(why), "%.230s (cut into %lu bytes in, %lu out)",
             result.why[0] != '\0' ? result.why : "it passes, but other events happen",
             (unsigned long)cut->fragment_bytes, (unsigned long)cut->send_bytes);
    memcpy(first->why, why, sizeof(why));
    return false;
}

static bool play(struct parley_view text, const char *path, const struct settings *settings,
                 struct parley_play_result *result)
{
    char folder[256];
    struct parley_play_options options = {.folder = folder, .trace = settings->verbose ? show : NULL};

    folder_of(path, folder, sizeof(folder));
    if (settings->flight != NULL)
        options.recorder = parley_cli_flight_recorder(settings->flight, 0, false);
    if (parley_play_talk(text, path, &options, result) != 1)
        return false;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]) && !settings->whole; i++)
        if (!repeat(text, path, &options, &cuts[i], result))
            return false;
    return true;
}

static bool test_file(const char *path, unsigned number, const struct settings *settings)
{
    struct parley_play_result result = {.why = ""};
    char *text = malloc(TALK_BYTES);
    char why[PARLEY_PLAY_WHY] = "no memory";
    long length = text != NULL ? parley_play_load(path, text, TALK_BYTES, why) : PARLEY_ERR_MEMORY;
    bool passed = false;

    if (length < 0)
        snprintf(result.why, sizeof(result.why), "%.300s", why);
    else
        passed = play(parley_view_of(text, (size_t)length), path, settings, &result);
    free(text);
    printf("%sok %u - %s (%lu.%lu s, %lu events)\n", passed ? "" : "not ", number, path,
           (unsigned long)(result.took_us / 1000000), (unsigned long)(result.took_us / 100000 % 10),
           (unsigned long)result.events);
    if (!passed)
        printf("# %s\n", result.why);
    fflush(stdout);
    return passed;
}

static int help(void)
{
    printf("usage: parley-loopback test [OPTION...] FILE...\n\n"
           "Plays talks, conversations written down in a file, on a made-up clock, and prints\n"
           "what came of them (Test Anything Protocol). test/talk/README.md tells how to write one.\n\n"
           "  --verbose      print each line and event as it happens\n"
           "  --whole        play each talk once, not again with everything cut into small pieces\n"
           "  --record FILE  flight recorder: write all that happens in a single talk, for parley-loopback\n"
           "                 replay and parley timeline\n");
    return 0;
}

/* Reads the options; returns the index of the first file, or 0 when the command line cannot be used. */
static int read_options(struct settings *settings, const char **record, int argc, char **argv)
{
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--verbose") == 0 || strcmp(argv[at], "-v") == 0)
            settings->verbose = true;
        else if (strcmp(argv[at], "--whole") == 0)
            settings->whole = true;
        else if (strcmp(argv[at], "--record") == 0 && at + 1 < argc)
            *record = argv[++at];
        else {
            fprintf(stderr, "parley-loopback test: unknown option %.60s; see: parley-loopback test --help\n",
                    argv[at]);
            return 0;
        }
    }
    if (*record != NULL && at + 1 != argc) {
        fprintf(stderr, "parley-loopback test: --record wants a single talk\n");
        return 0;
    }
    if (at == argc)
        fprintf(stderr, "parley-loopback test: which talks? See: parley-loopback test --help\n");
    return at < argc ? at : 0;
}

int parley_cli_test(int argc, char **argv)
{
    struct settings settings = {0};
    struct parley_cli_flight flight = {.fd = -1};
    const char *record = NULL;
    int first, failed = 0;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help();
    first = read_options(&settings, &record, argc, argv);
    if (first == 0)
        return 2;
    if (record != NULL && parley_cli_flight_open(&flight, record) != PARLEY_OK) {
        fprintf(stderr, "parley-loopback test: %s\n", flight.why);
        return 2;
    }
    settings.flight = record != NULL ? &flight : NULL;
    printf("1..%d\n", argc - first);
    for (int i = first; i < argc; i++)
        failed += !test_file(argv[i], (unsigned)(i - first + 1), &settings);
    parley_cli_flight_close(&flight);
    return failed > 0;
}
