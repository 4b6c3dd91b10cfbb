#ifndef PARLEY_CLI_AUDIO_OUT_H
#define PARLEY_CLI_AUDIO_OUT_H

#include "core/cli/output.h"
#include "core/cli/program.h"
#include "core/parley.h"

/*
 * What the user hears. Two ways:
 *
 *   the clock    replies are taken from the conversation at the pace of the clock, and written to a file, or
 *                nowhere. The file is a time line: silence where nothing is said, and a reply that is
 *                interrupted breaks off there.
 *   a program    replies go to a loudspeaker program as long as it is less than half a second ahead of the
 *                clock. On an interruption it is started anew, as that empties its buffers.
 */
enum { PARLEY_CLI_AUDIO_OUT_WHY = 360, PARLEY_CLI_AUDIO_OUT_PIECE = PARLEY_SAMPLE_RATE / 50 };

struct parley_cli_audio_out {
    const char *name;              /* the file or command; NULL: nowhere */
    struct parley_cli_output file; /* fd -1: none */
    bool own_file, wav;
    uint64_t written;   /* samples on the time line */
    uint64_t base_us;   /* where it began */
    uint64_t patched;   /* samples the header of the WAV file tells of */
    bool running, idle; /* idle: nothing was queued when we last looked */

    bool has_program;
    struct parley_cli_program program;
    unsigned char
        pending[2 * PARLEY_CLI_AUDIO_OUT_PIECE]; /* taken from the conversation, not yet by the pipe */
    size_t pending_at, pending_end;
    uint64_t plays_until_us;   /* all that was written has been played then */
    uint64_t audible_until_us; /* the same, of what was not silence */
    size_t tail;               /* samples of silence still to follow, which push the last sound out */

    bool failed;
    char why[PARLEY_CLI_AUDIO_OUT_WHY];
};

/* Nobody listens, but replies take their time all the same. */
void parley_cli_audio_out_nowhere(struct parley_cli_audio_out *a);

/* A file ("-": standard output), with a buffer out of `arena`. Returns PARLEY_OK or PARLEY_ERR_FILE with the
   reason in `why`. */
int parley_cli_audio_out_file(struct parley_cli_audio_out *a, const char *path, struct parley_arena *arena);

/* A program, started by parley_cli_audio_out_start. */
void parley_cli_audio_out_program(struct parley_cli_audio_out *a, const char *command);

/* The conversation has started: so does the time line. */
void parley_cli_audio_out_start(struct parley_cli_audio_out *a, uint64_t now_us);

/* Takes what is due from the conversation and passes it on; `ready` tells that the file was found writable.
 */
void parley_cli_audio_out_work(struct parley_cli_audio_out *a, struct parley_conversation *c, bool ready,
                               uint64_t now_us);

/* A reply was interrupted: what is on its way to the ear is thrown away. */
void parley_cli_audio_out_cut(struct parley_cli_audio_out *a, uint64_t now_us);

/* True while a reply can be heard, or is about to be. */
bool parley_cli_audio_out_playing(const struct parley_cli_audio_out *a, const struct parley_conversation *c,
                                  uint64_t now_us);

/* What to wait for: up to PARLEY_CLI_AUDIO_OUT_INTERESTS entries, returns how many. */
enum { PARLEY_CLI_AUDIO_OUT_INTERESTS = 4 };
size_t parley_cli_audio_out_interest(const struct parley_cli_audio_out *a,
                                     const struct parley_conversation *c, uint64_t now_us,
                                     struct parley_interest *want);

/* The end: what is left goes out as far as it is taken at once, and the WAV file gets its length. */
void parley_cli_audio_out_close(struct parley_cli_audio_out *a);

#endif
