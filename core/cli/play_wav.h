#ifndef PARLEY_CLI_PLAY_WAV_H
#define PARLEY_CLI_PLAY_WAV_H

#include "core/cli/play_again.h"

/*
 * What the user heard of a recorded conversation, as a WAV file: a time line with silence where nothing was
 * heard, and replies that break off where they were interrupted. A host that took its sound from the events
 * is taken to have played it as it came.
 */
struct parley_play_wav {
    int fd;
    bool from_events, failed;
    uint64_t delay_us;
    uint64_t written; /* samples in the file */
    int16_t *queue;   /* what follows them and may still be cut */
    size_t count, size;
};

/* Makes the file. Returns PARLEY_OK or PARLEY_ERR_FILE (see parley_file_reason). */
int parley_play_wav_open(struct parley_play_wav *w, const char *path);

/* As in struct parley_play_watch. */
void parley_play_wav_line(struct parley_play_wav *w, const struct parley_cli_flight_line *line,
                          uint64_t now_us);
void parley_play_wav_heard(struct parley_play_wav *w, const int16_t *pcm, size_t samples, uint64_t now_us);
void parley_play_wav_event(struct parley_play_wav *w, const struct parley_event *event, uint64_t now_us);

/* Writes the rest, and how long it is. Returns false when something could not be written. */
bool parley_play_wav_close(struct parley_play_wav *w);

#endif
