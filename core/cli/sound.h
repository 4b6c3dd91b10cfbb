#ifndef PARLEY_CLI_SOUND_H
#define PARLEY_CLI_SOUND_H

#include "platform/view.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Sound in files and pipes: WAV by its header (RIFF chunks walked in order, nothing but reading on, so that
 * a pipe serves as well), everything else as raw PCM16. Only 24 kHz mono PCM16 is taken; what else a file
 * may hold is refused by its name. Source: the RIFF/WAVE description of Microsoft and IBM, 1991, and its
 * WAVE_FORMAT_EXTENSIBLE form.
 */

/* Where the walk through the bytes has come to. */
enum parley_cli_sound_at {
    PARLEY_CLI_SOUND_START,  /* nothing known yet */
    PARLEY_CLI_SOUND_CHUNK,  /* the header of a chunk comes next */
    PARLEY_CLI_SOUND_FORMAT, /* the inside of "fmt " */
    PARLEY_CLI_SOUND_SKIP,   /* the inside of a chunk that does not matter */
    PARLEY_CLI_SOUND_DATA,   /* samples */
    PARLEY_CLI_SOUND_ENDED,
    PARLEY_CLI_SOUND_REFUSED,
};

enum { PARLEY_CLI_SOUND_WHY = 240 };

/* A reader. The descriptor stays the caller's. */
struct parley_cli_sound {
    int fd;
    enum parley_cli_sound_at at;
    bool wav, format_seen;
    uint64_t left;          /* bytes of the present chunk still to come; UINT64_MAX: to the end of input */
    unsigned char held[64]; /* read and not yet used */
    size_t held_bytes;
    bool input_ended;
    char why[PARLEY_CLI_SOUND_WHY]; /* refused: the reason; else a note (the file ended early), or empty */
};

/* A reader on `fd`, which parley_file_read can read without blocking. */
void parley_cli_sound_open(struct parley_cli_sound *sound, int fd);

/*
 * Reads on until the format is known. Returns 1 when samples come next (or the input ended orderly), 0 when
 * more input is needed and none is there now, PARLEY_ERR_FILE when the sound cannot be used (`why`).
 */
int parley_cli_sound_probe(struct parley_cli_sound *sound);

/*
 * Reads up to `samples` samples. Returns how many (> 0), 0 when none are there now, PARLEY_ERR_PEER_CLOSED at
 * the end (`why` may hold a note: data cut short), PARLEY_ERR_FILE when the sound cannot be used (`why`).
 */
long parley_cli_sound_read(struct parley_cli_sound *sound, int16_t *pcm, size_t samples);

/* The header of a WAV file with this many bytes of 24 kHz mono PCM16 behind it. More than a WAV file can
   count, or UINT64_MAX: "as much as there is", which players take as reading to the end. */
enum { PARLEY_CLI_WAV_HEADER = 44 };
void parley_cli_wav_header(unsigned char out[PARLEY_CLI_WAV_HEADER], uint64_t data_bytes);

/* Samples as little-endian bytes, two for each. */
void parley_cli_sound_bytes(unsigned char *out, const int16_t *pcm, size_t samples);

/* True when the name ends in .wav, in any case. */
bool parley_cli_sound_is_wav_name(const char *path);

#endif
