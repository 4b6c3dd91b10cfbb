#ifndef PARLEY_CLI_PLAY_AGAIN_H
#define PARLEY_CLI_PLAY_AGAIN_H

#include "core/cli/flight_file.h"
#include "core/parley.h"

/*
 * Holds a recorded conversation again: the same options, the same calls at the same times, a link that gives
 * and takes what the recorded one did, and the same numbers where any were drawn. It is recorded anew, and
 * every line has to be the one that stands in the file. For programs with the loopback linked in.
 */
struct parley_play_watch {
    void *user;
    /* Each line of the record that was met again, in order, at a moment since the first line. */
    void (*line)(void *user, const struct parley_cli_flight_line *line, uint64_t now_us);
    /* What parley_read_audio gave, and what parley_next_event did. */
    void (*heard)(void *user, const int16_t *pcm, size_t samples, uint64_t now_us);
    void (*event)(void *user, const struct parley_event *event, uint64_t now_us);
};

enum { PARLEY_PLAY_AGAIN_WHY = 1200 };

struct parley_play_again_result {
    char why[PARLEY_PLAY_AGAIN_WHY]; /* "file:line: ..."; empty when all was the same */
    unsigned long lines;             /* that were the same, the first included */
    uint64_t took_us;
    bool torn;   /* the file ends in the middle: up to there it was the same */
    bool full;   /* recording ended before the conversation did */
    bool closed; /* the record goes to the end of the conversation */
};

/*
 * Plays the record at `path`. `watch` may be NULL. Returns 1 when all was the same, 0 when something was not;
 * a negative status for a file that cannot be used. In the last two cases `why` says what.
 */
int parley_play_again(const char *path, const struct parley_play_watch *watch,
                      struct parley_play_again_result *result);

#endif
