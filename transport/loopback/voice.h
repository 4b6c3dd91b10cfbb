#ifndef PARLEY_TRANSPORT_LOOPBACK_VOICE_H
#define PARLEY_TRANSPORT_LOOPBACK_VOICE_H

#include "platform/view.h"
#include <stdint.h>

/*
 * Sound for the other side of the loopback, 24 kHz mono: a voice that babbles a text, and an ear that tells
 * where somebody speaks. Whole numbers only, so every machine makes and hears the same.
 */
enum { PARLEY_VOICE_RATE = 24000 };

/*
 * Says a text in syllables: a tone shaped by each group of vowels, a breath of noise for consonants, pauses
 * at the ends of words and sentences. No words can be understood, but rhythm and length are those of speech.
 */
struct parley_voice {
    struct parley_view text;
    size_t at;      /* where the sound after the present one begins in the text */
    uint32_t pitch; /* phase steps a sample of the speaker's ground tone */
    uint32_t tone;  /* the same of the present syllable */
    uint32_t phase;
    uint32_t noise;  /* state of the generator */
    uint32_t length; /* of the present sound, in samples */
    uint32_t done;   /* of it */
    uint32_t breath; /* samples of consonant at its start */
    uint8_t vowel;   /* which; silence for a pause */
    bool rises;      /* a question ends */
};

/* Starts to say `text` (which must stay); voices of other names have other pitches. */
void parley_voice_start(struct parley_voice *v, struct parley_view text, struct parley_view name);

/* Puts the next samples at `pcm`; fewer than asked for only when the text is over. Returns how many. */
size_t parley_voice_read(struct parley_voice *v, int16_t *pcm, size_t samples);

/* Bytes of the text that have begun to sound, up to the end of the present word. */
size_t parley_voice_said(const struct parley_voice *v);

/* Samples it takes to say all of `text`. */
uint64_t parley_voice_length(struct parley_view text);

/* ---- hearing ---------------------------------------------------------------------------------- */

/* What to take for speech: louder than `threshold` (0 to 1000; 500 is meant for a headset) and than the noise
   of the room; it is over after `silence_ms` without. */
struct parley_ear_settings {
    uint32_t threshold, silence_ms;
};

enum parley_ear_answer { PARLEY_EAR_NOTHING, PARLEY_EAR_STARTED, PARLEY_EAR_STOPPED };

/* Zeroed at the start. All positions are samples since then. */
struct parley_ear {
    uint64_t heard; /* samples listened to */
    uint64_t begin; /* where speech began */
    uint64_t end;   /* where the last sound of it was */
    bool speaking;
    uint32_t floor;     /* loudness of the room, in 1/16 of a step */
    uint32_t loud;      /* frames in a row, or nearly so, that were loud */
    uint32_t sum, fill; /* the frame being listened to */
};

/* Takes what was heard so far for dealt with: speech, if it goes on, begins anew. Positions go on. */
void parley_ear_forget(struct parley_ear *ear);

/*
 * Listens to `samples` samples, up to the first change: *used tells how many were listened to; go on with the
 * rest. STARTED: ear->begin is set. STOPPED: ear->end is set.
 */
enum parley_ear_answer parley_ear_listen(struct parley_ear *ear, const struct parley_ear_settings *settings,
                                         const int16_t *pcm, size_t samples, size_t *used);

#endif
