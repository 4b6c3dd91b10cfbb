#ifndef PARLEY_CLI_AUDIO_IN_H
#define PARLEY_CLI_AUDIO_IN_H

#include "core/cli/gate.h"
#include "core/cli/program.h"
#include "core/cli/sound.h"
#include "core/parley.h"

/*
 * What the user says: a file or a microphone program, sent in frames of 20 ms at the pace of the clock. When
 * it has ended silence follows at the same pace, as from a microphone in a quiet room: without it the
 * service could not tell that the speaker has finished.
 */
enum { PARLEY_CLI_FRAME = PARLEY_SAMPLE_RATE / 50, PARLEY_CLI_AUDIO_WHY = 360 };

enum parley_cli_audio_in_kind { PARLEY_CLI_IN_NONE, PARLEY_CLI_IN_FILE, PARLEY_CLI_IN_PROGRAM };

struct parley_cli_audio_in {
    enum parley_cli_audio_in_kind kind;
    const char *name; /* the file, or the command */
    int fd;           /* of the file, or -1 */
    struct parley_cli_sound sound;
    struct parley_cli_program program;
    struct parley_cli_gate gate; /* off unless the caller switches it on */
    bool running, over;          /* frames are sent; what comes now is silence */
    uint64_t anchor_us;          /* `sent` counts from here */
    uint64_t sent;               /* samples, suppressed ones included */
    uint64_t retry_us;           /* the source had nothing: not before then */
    int16_t frame[PARLEY_CLI_FRAME];
    size_t filled;
    bool failed;
    char why[PARLEY_CLI_AUDIO_WHY]; /* failed: the reason; over: a note, or empty */
};

/* Takes a file ("-": standard input) and reads its header as far as it is there already. Returns PARLEY_OK or
   PARLEY_ERR_FILE with the reason in `why`, the file's name in front. */
int parley_cli_audio_in_file(struct parley_cli_audio_in *a, const char *path);

/* Takes a program, which is started by parley_cli_audio_in_start. */
void parley_cli_audio_in_program(struct parley_cli_audio_in *a, const char *command);

/* The conversation has started: so does the sound. */
void parley_cli_audio_in_start(struct parley_cli_audio_in *a, uint64_t now_us);

/* Sends what is due. `playing` tells whether a reply can be heard. */
void parley_cli_audio_in_work(struct parley_cli_audio_in *a, struct parley_conversation *c, bool playing,
                              uint64_t now_us);

/* What to wait for: up to PARLEY_CLI_AUDIO_IN_INTERESTS entries, returns how many. */
enum { PARLEY_CLI_AUDIO_IN_INTERESTS = 2 };
size_t parley_cli_audio_in_interest(const struct parley_cli_audio_in *a, uint64_t now_us,
                                    struct parley_interest *want);

void parley_cli_audio_in_close(struct parley_cli_audio_in *a);

#endif
