#ifndef PARLEY_CLI_STORY_H
#define PARLEY_CLI_STORY_H

#include "core/cli/flight_file.h"

/*
 * What happened in a recorded conversation, as a picture needs it: spans of time in lanes, times between two
 * things that belong together, and single moments. Read from the record alone; no engine runs. The counting
 * of time begins with the record. Memory is from the heap.
 */
enum parley_cli_lane {
    PARLEY_CLI_LANE_USER,     /* the user speaks, as the service hears it */
    PARLEY_CLI_LANE_RECEIVED, /* sound of replies comes in */
    PARLEY_CLI_LANE_HEARD,    /* and is heard */
    PARLEY_CLI_LANE_AGENT,    /* from handoff to answer */
    PARLEY_CLI_LANE_RESPONSE, /* the service's responses */
    PARLEY_CLI_LANE_LINK,     /* its stages */
    PARLEY_CLI_LANES
};

/* How a span is meant. */
enum parley_cli_tone {
    PARLEY_CLI_TONE_PLAIN,
    PARLEY_CLI_TONE_GHOST, /* it was there and never heard */
    PARLEY_CLI_TONE_BAD,   /* something that went wrong lasts */
    PARLEY_CLI_TONE_GAP,   /* a time between two things, to be told in ms */
};

enum parley_cli_mark {
    PARLEY_CLI_MARK_TYPED,
    PARLEY_CLI_MARK_INTERRUPTED,
    PARLEY_CLI_MARK_TRUNCATED,
    PARLEY_CLI_MARK_HANDOFF,
    PARLEY_CLI_MARK_TOLD, /* the agent says something */
    PARLEY_CLI_MARK_RETRY,
    PARLEY_CLI_MARK_PROBLEM,
};

enum { PARLEY_CLI_STORY_TEXT = 200 };

struct parley_cli_span {
    enum parley_cli_lane lane;
    enum parley_cli_tone tone;
    uint64_t from_us, to_us; /* PARLEY_NEVER while it lasts; none once it has been read */
    char text[PARLEY_CLI_STORY_TEXT];
};

struct parley_cli_moment {
    enum parley_cli_lane lane;
    enum parley_cli_mark mark;
    uint64_t at_us;
    char text[PARLEY_CLI_STORY_TEXT];
};

struct parley_cli_story {
    struct parley_cli_span *spans; /* in the order in which they begin, but for gaps */
    size_t span_count, span_size;
    struct parley_cli_moment *moments; /* in order */
    size_t moment_count, moment_size;
    uint64_t end_us;
    int64_t unix_s; /* when the record begins */
    char transport[16], model[64];
    bool torn;
};

/* Reads the record at `path`. Returns PARLEY_OK, or a negative status with the reason in `why`. Free it in
   both cases. */
int parley_cli_story_read(struct parley_cli_story *story, const char *path,
                          char why[PARLEY_CLI_FLIGHT_FILE_WHY]);
/* How many strips of at most `most_s` seconds (at least 1) it takes, all as long, so that the last is no
   stub: whole seconds, a second more than asked for at most. */
uint64_t parley_cli_story_strips(const struct parley_cli_story *story, unsigned most_s, uint64_t *wide_us);

void parley_cli_story_free(struct parley_cli_story *story);

#endif
