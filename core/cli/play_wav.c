/*
 * What was heard: see play_wav.h.
 */
#include "core/cli/play_wav.h"

#include "core/cli/sound.h"
#include "platform/file.h"

#include <stdlib.h>

enum {
    STEP = 1200,  /* samples written at once */
    SLACK = 1440, /* 60 ms: so far apart two pieces are still one sound */
    QUEUE_MAX = 24000 * 600,
};
static const uint64_t WAV_SAMPLES_MAX = UINT32_MAX / sizeof(int16_t); /* 24 hours */

static uint64_t samples_at(uint64_t us)
{
    return us * 3 / 125; /* 24000 in a second */
}

static void put(struct parley_play_wav *w, const int16_t *pcm, size_t samples)
{
    unsigned char bytes[2 * STEP];

    while (samples > 0 && !w->failed) {
        size_t count = samples < STEP ? samples : STEP;

        parley_cli_sound_bytes(bytes, pcm, count);
        w->failed = parley_file_write(w->fd, bytes, 2 * count) != (int)(2 * count);
        w->written += count;
        pcm += count;
        samples -= count;
    }
}

/* What was to be heard before this moment was heard. */
static void settle(struct parley_play_wav *w, uint64_t now_us)
{
    uint64_t until = samples_at(now_us);
    size_t count = until <= w->written ? 0 : w->count;

    if (count > until - w->written)
        count = (size_t)(until - w->written);
    if (count == 0)
        return;
    put(w, w->queue, count);
    w->count -= count;
    memmove(w->queue, w->queue + count, w->count * sizeof *w->queue);
}

static bool room(struct parley_play_wav *w, size_t samples)
{
    size_t size = w->size;
    int16_t *grown;

    while (size < w->count + samples)
        size = size * 2 + 48000;
    if (size == w->size)
        return true;
    grown = size <= QUEUE_MAX ? realloc(w->queue, size * sizeof *grown) : NULL;
    if (grown == NULL)
        return false;
    w->queue = grown;
    w->size = size;
    return true;
}

/* Silence up to a place on the time line: what is far away is written at once. */
static void silence_until(struct parley_play_wav *w, uint64_t place)
{
    static const int16_t nothing[STEP];

    if (place > WAV_SAMPLES_MAX) {
        w->failed = true;
        return;
    }
    put(w, w->queue, w->count);
    w->count = 0;
    while (w->written < place && !w->failed)
        put(w, nothing, place - w->written < STEP ? (size_t)(place - w->written) : STEP);
}

static void add(struct parley_play_wav *w, const int16_t *pcm, size_t samples, uint64_t place)
{
    if (place > w->written + w->count + SLACK)
        silence_until(w, place);
    if (!room(w, samples)) {
        w->failed = true;
        return;
    }
    memcpy(w->queue + w->count, pcm, samples * sizeof *pcm);
    w->count += samples;
}

int parley_play_wav_open(struct parley_play_wav *w, const char *path)
{
    unsigned char header[PARLEY_CLI_WAV_HEADER];

    *w = (struct parley_play_wav){.fd = parley_file_open(path, PARLEY_FILE_CREATE)};
    if (w->fd < 0)
        return PARLEY_ERR_FILE;
    parley_cli_wav_header(header, UINT64_MAX);
    w->failed = parley_file_write(w->fd, header, sizeof header) != (int)sizeof header;
    return PARLEY_OK;
}

void parley_play_wav_line(struct parley_play_wav *w, const struct parley_cli_flight_line *line,
                          uint64_t now_us)
{
    struct parley_view options = parley_cli_flight_raw(line, "options"), limits;
    struct parley_cli_flight_line inner;

    if (parley_cli_flight_is(line, "call", "delay"))
        w->delay_us = (uint64_t)parley_cli_flight_amount(line, "us");
    if (options.at != NULL && parley_cli_flight_take_apart(&inner, options)) {
        limits = parley_cli_flight_raw(&inner, "limits");
        if (limits.at != NULL && parley_cli_flight_take_apart(&inner, limits))
            w->from_events = parley_cli_flight_amount(&inner, "output_audio_ms") == PARLEY_LIMIT_NONE;
    }
    settle(w, now_us);
}

void parley_play_wav_heard(struct parley_play_wav *w, const int16_t *pcm, size_t samples, uint64_t now_us)
{
    add(w, pcm, samples, samples_at(now_us + w->delay_us));
}

void parley_play_wav_event(struct parley_play_wav *w, const struct parley_event *event, uint64_t now_us)
{
    settle(w, now_us);
    if (event->kind == PARLEY_EVENT_INTERRUPTED)
        w->count = 0;
    else if (event->kind == PARLEY_EVENT_AUDIO && w->from_events && !event->late && event->channels == 1 &&
             event->sample_rate == PARLEY_SAMPLE_RATE)
        add(w, event->pcm, event->samples, samples_at(now_us));
}

bool parley_play_wav_close(struct parley_play_wav *w)
{
    unsigned char header[PARLEY_CLI_WAV_HEADER];

    put(w, w->queue, w->count);
    parley_cli_wav_header(header, w->written * 2);
    if (parley_file_seek(w->fd, 0) == PARLEY_OK)
        w->failed |= parley_file_write(w->fd, header, sizeof header) != (int)sizeof header;
    parley_file_close(w->fd);
    free(w->queue);
    return !w->failed;
}
