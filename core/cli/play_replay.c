/*
 * The command `replay`: see play_replay.h.
 */
#include "core/cli/play_replay.h"

#include "core/cli/play_wav.h"
#include "core/cli/play_write.h"
#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>

struct replay {
    const char *to_talk, *to_wav; /* NULL: not asked for */
    struct parley_play_wav wav;
    struct parley_play_write talk;
};

static int help(void)
{
    printf(
        "usage: parley-loopback replay [OPTION...] FILE...\n\n"
        "Holds recorded conversations (--record) again, and compares every line.\n\n"
        "  --to-talk FILE  make a talk of it, for parley-loopback test and --script\n"
        "  --to-wav FILE   make a WAV file of what the user heard\n\n"
        "Exit status: 0 all was the same, as far as the file goes; 1 something was not; 2 the command line\n"
        "or a file cannot be used.\n");
    return 0;
}

static int complain(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "parley-loopback replay: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
    return 2;
}

/* ---- who looks on ------------------------------------------------------------------------------ */

static void on_line(void *user, const struct parley_cli_flight_line *line, uint64_t now_us)
{
    struct replay *r = user;

    if (r->to_wav != NULL)
        parley_play_wav_line(&r->wav, line, now_us);
    if (r->to_talk != NULL)
        parley_play_write_line(&r->talk, line, now_us);
}

static void on_heard(void *user, const int16_t *pcm, size_t samples, uint64_t now_us)
{
    struct replay *r = user;

    if (r->to_wav != NULL)
        parley_play_wav_heard(&r->wav, pcm, samples, now_us);
}

static void on_event(void *user, const struct parley_event *event, uint64_t now_us)
{
    struct replay *r = user;

    if (r->to_wav != NULL)
        parley_play_wav_event(&r->wav, event, now_us);
}

static int open_outputs(struct replay *r, const char *record)
{
    if (r->to_talk != NULL && parley_play_write_open(&r->talk, r->to_talk, record) != PARLEY_OK)
        return complain(r->to_talk, parley_file_reason());
    if (r->to_wav != NULL && parley_play_wav_open(&r->wav, r->to_wav) != PARLEY_OK) {
        if (r->to_talk != NULL)
            parley_play_write_close(&r->talk);
        return complain(r->to_wav, parley_file_reason());
    }
    return 0;
}

static int close_outputs(struct replay *r)
{
    int status = 0;

    if (r->to_talk != NULL && !parley_play_write_close(&r->talk))
        status = complain(r->to_talk, "it cannot be written");
    if (r->to_wav != NULL && !parley_play_wav_close(&r->wav))
        status = complain(r->to_wav, "it cannot be written");
    return status;
}

/* ---- the command ------------------------------------------------------------------------------- */

static int tell(const char *path, int status, const struct parley_play_again_result *result)
{
    if (status != 1) {
        fflush(stdout);
        fprintf(stderr, "%s\n", result->why[0] != '\0' ? result->why : parley_status_text(status));
        return status < 0 ? 2 : 1;
    }
    printf("%s: the same, in %lu lines and %llu.%03u s%s\n", path, result->lines,
           (unsigned long long)(result->took_us / 1000000), (unsigned)(result->took_us / 1000 % 1000),
           result->full   ? "; its record was full before it ended"
           : result->torn ? "; the file is torn there"
                          : "");
    return 0;
}

static int replay(struct replay *r, const char *path)
{
    const struct parley_play_watch watch = {r, on_line, on_heard, on_event};
    struct parley_play_again_result result;
    int status = open_outputs(r, path), closed;

    if (status != 0)
        return status;
    status = tell(path, parley_play_again(path, &watch, &result), &result);
    closed = close_outputs(r);
    return status > closed ? status : closed;
}

/* Reads the options; returns the index of the first file, or 0 when the command line cannot be used. */
static int read_options(struct replay *r, int argc, char **argv)
{
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        const char **value = strcmp(argv[at], "--to-talk") == 0  ? &r->to_talk
                             : strcmp(argv[at], "--to-wav") == 0 ? &r->to_wav
                                                                 : NULL;

        if (value == NULL || at + 1 == argc) {
            complain(argv[at], value == NULL ? "there is no such option; see: parley-loopback replay --help"
                                             : "it wants the name of a file");
            return 0;
        }
        *value = argv[++at];
    }
    if (at == argc)
        complain("which records? See: parley-loopback replay --help", "");
    else if (at + 1 < argc && (r->to_talk != NULL || r->to_wav != NULL))
        complain("--to-talk and --to-wav want a single record", "");
    else
        return at;
    return 0;
}

int parley_cli_replay(int argc, char **argv)
{
    struct replay *r;
    int at, worst = 0;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return help();
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return complain("no memory", "");
    at = read_options(r, argc, argv);
    for (int i = at; i > 0 && i < argc; i++) {
        int status = replay(r, argv[i]);

        worst = status > worst ? status : worst;
    }
    free(r);
    return at > 0 ? worst : 2;
}
