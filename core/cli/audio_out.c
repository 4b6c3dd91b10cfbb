/*
 * What the user hears, in real time: see audio_out.h.
 */
#include "core/cli/audio_out.h"

#include "core/cli/sound.h"
#include "platform/clock.h"
#include "platform/file.h"

#include <stdio.h>

enum {
    STDOUT = 1,
    PIECE = PARLEY_CLI_AUDIO_OUT_PIECE,
    PIECE_US = 20 * 1000,
    IDLE_US = 250 * 1000,               /* how often an idle time line is continued */
    SLEPT = 5 * PARLEY_SAMPLE_RATE,     /* a hole this long: the machine slept, nobody heard that */
    PATCH = PARLEY_SAMPLE_RATE,         /* the file's header is brought up to date once a second */
    LEAD_US = 500 * 1000,               /* how far ahead of the clock the program is fed */
    SILENCE_LEAD_US = 60 * 1000,        /* the same for silence: a reply may follow */
    TAIL = PARLEY_SAMPLE_RATE * 7 / 10, /* programs play in blocks: the last one must be filled */
    FILE_BYTES = 256 * 1024,
};

static void fail(struct parley_cli_audio_out *a, const char *why)
{
    snprintf(a->why, sizeof a->why, "%.80s: %s", a->name, why);
    a->failed = true;
}

static uint64_t microseconds(uint64_t samples)
{
    return samples * 1000 / (PARLEY_SAMPLE_RATE / 1000);
}

/* ---- opening --------------------------------------------------------------------------------- */

void parley_cli_audio_out_nowhere(struct parley_cli_audio_out *a)
{
    *a = (struct parley_cli_audio_out){.file = {.fd = -1}, .idle = true};
}

int parley_cli_audio_out_file(struct parley_cli_audio_out *a, const char *path, struct parley_arena *arena)
{
    unsigned char header[PARLEY_CLI_WAV_HEADER];
    int fd;

    parley_cli_audio_out_nowhere(a);
    a->own_file = strcmp(path, "-") != 0;
    a->name = a->own_file ? path : "standard output";
    fd = a->own_file ? parley_file_open(path, PARLEY_FILE_CREATE) : STDOUT;
    if (fd < 0 || (!a->own_file && parley_file_is_terminal(fd))) {
        fail(a, fd < 0 ? parley_file_reason() : "it is a terminal, which is no place for sound");
        return PARLEY_ERR_FILE;
    }
    a->wav = parley_cli_sound_is_wav_name(path);
    parley_cli_output_open(&a->file, fd, a->own_file, arena, FILE_BYTES);
    if (a->wav) {
        parley_cli_wav_header(header, UINT64_MAX);
        parley_cli_output_put(&a->file, header, sizeof header);
    }
    return PARLEY_OK;
}

void parley_cli_audio_out_program(struct parley_cli_audio_out *a, const char *command)
{
    parley_cli_audio_out_nowhere(a);
    a->name = command;
    a->has_program = true;
}

static void start_program(struct parley_cli_audio_out *a, uint64_t now_us)
{
    a->pending_at = a->pending_end = a->tail = 0;
    a->plays_until_us = a->audible_until_us = now_us;
    if (parley_cli_program_start(&a->program, a->name, PARLEY_PIPE_IN | PARLEY_PIPE_OUT) != PARLEY_OK)
        fail(a, "the loudspeaker program could not be started");
}

void parley_cli_audio_out_start(struct parley_cli_audio_out *a, uint64_t now_us)
{
    a->running = true;
    a->base_us = now_us;
    if (a->has_program)
        start_program(a, now_us);
}

/* ---- the clock ------------------------------------------------------------------------------- */

static void put(struct parley_cli_audio_out *a, const int16_t *pcm, size_t samples)
{
    unsigned char bytes[2 * PIECE];

    a->written += samples;
    if (a->file.fd < 0)
        return;
    parley_cli_sound_bytes(bytes, pcm, samples);
    parley_cli_output_put(&a->file, bytes, 2 * samples);
    if (a->own_file)
        parley_cli_output_flush(&a->file, false);
}

/* Continues the time line up to `until` samples, with the reply as long as there is some, unless `silent`. */
static void advance(struct parley_cli_audio_out *a, struct parley_conversation *c, uint64_t until,
                    bool silent)
{
    while (a->written < until) {
        int16_t pcm[PIECE] = {0};
        size_t room = until - a->written < PIECE ? (size_t)(until - a->written) : PIECE;

        if (!silent)
            parley_read_audio(c, pcm, room); /* silence where it gives fewer */
        put(a, pcm, room);
    }
}

/* Keeps the header of a WAV file true, so that the file can be played whatever happens to us. */
static void patch(struct parley_cli_audio_out *a)
{
    unsigned char header[PARLEY_CLI_WAV_HEADER];
    uint64_t bytes = 2 * a->written;

    a->patched = a->written;
    if (!a->wav || !a->own_file || parley_cli_output_waiting(&a->file) || a->file.status != 0 ||
        parley_file_seek(a->file.fd, 0) != PARLEY_OK)
        return; /* a pipe keeps the header that tells no length */
    parley_cli_wav_header(header, bytes);
    if (parley_file_write(a->file.fd, header, sizeof header) != (int)sizeof header ||
        parley_file_seek(a->file.fd, (unsigned long)(sizeof header + bytes)) != PARLEY_OK)
        fail(a, parley_file_reason());
}

static void work_clock(struct parley_cli_audio_out *a, struct parley_conversation *c, uint64_t now_us)
{
    uint64_t until = (now_us - a->base_us) * (PARLEY_SAMPLE_RATE / 1000) / 1000;

    if (until > a->written + SLEPT) {
        a->base_us += microseconds(until - a->written);
        until = a->written;
    }
    advance(a, c, until, a->idle); /* what was queued since we last looked comes after what is over */
    a->idle = parley_audio_queued(c) == 0;
    if (a->written >= a->patched + PATCH)
        patch(a);
    if (a->file.status == 0 && a->file.lost > 0)
        fail(a, "who reads it is too slow: more than 5 s behind");
    if (a->file.status != 0)
        fail(a, a->file.status == PARLEY_ERR_PEER_CLOSED ? "nobody reads it any more" : parley_file_reason());
}

/* ---- the program ----------------------------------------------------------------------------- */

/* False while something is left that the pipe does not take. */
static bool flush_pending(struct parley_cli_audio_out *a)
{
    while (a->pending_at < a->pending_end) {
        int taken = parley_file_write(a->program.process.in, a->pending + a->pending_at,
                                      a->pending_end - a->pending_at);

        if (taken < 0)
            a->pending_end = a->pending_at; /* it has ended; watch_program says why */
        if (taken <= 0)
            return false;
        a->pending_at += (size_t)taken;
    }
    return true;
}

static void feed(struct parley_cli_audio_out *a, const int16_t *pcm, size_t samples, uint64_t now_us)
{
    parley_cli_sound_bytes(a->pending, pcm, samples);
    a->pending_at = 0;
    a->pending_end = 2 * samples;
    if (a->plays_until_us < now_us)
        a->plays_until_us = now_us;
    a->plays_until_us += microseconds(samples);
    flush_pending(a);
}

static uint64_t ahead_us(const struct parley_cli_audio_out *a, uint64_t now_us)
{
    return a->plays_until_us > now_us ? a->plays_until_us - now_us : 0;
}

/* The next piece of the reply, else of the silence behind it. False when there is nothing to feed now. */
static bool feed_next(struct parley_cli_audio_out *a, struct parley_conversation *c, uint64_t now_us)
{
    int16_t pcm[PIECE] = {0};
    size_t count;

    parley_playout_delay(c, ahead_us(a, now_us));
    count = ahead_us(a, now_us) < LEAD_US ? parley_read_audio(c, pcm, PIECE) : 0;
    if (count > 0) {
        feed(a, pcm, count, now_us);
        a->audible_until_us = a->plays_until_us;
        a->tail = TAIL;
        return true;
    }
    if (a->tail == 0 || ahead_us(a, now_us) >= SILENCE_LEAD_US)
        return false;
    feed(a, pcm, PIECE, now_us);
    a->tail -= a->tail < PIECE ? a->tail : PIECE;
    return true;
}

/* What it prints is not for our standard output, which may be somebody's JSON. */
static void discard_output(struct parley_cli_audio_out *a)
{
    char piece[512];

    while (a->program.process.out >= 0 &&
           parley_file_read(a->program.process.out, piece, sizeof piece) == (int)sizeof piece)
        ;
}

static void watch_program(struct parley_cli_audio_out *a)
{
    char how[PARLEY_CLI_VERDICT];

    discard_output(a);
    parley_cli_program_work(&a->program);
    if (!a->program.process.exited)
        return;
    parley_cli_program_verdict(&a->program, how);
    fail(a, how);
}

/* A pipe that takes no more holds what the clock says has been played: the program is slower than we. */
static void mind_full_pipe(struct parley_cli_audio_out *a, uint64_t now_us)
{
    if (a->pending_at < a->pending_end && ahead_us(a, now_us) < LEAD_US)
        a->plays_until_us = a->audible_until_us = now_us + LEAD_US;
}

static void work_program(struct parley_cli_audio_out *a, struct parley_conversation *c, uint64_t now_us)
{
    watch_program(a);
    while (!a->failed && flush_pending(a) && feed_next(a, c, now_us))
        ;
    mind_full_pipe(a, now_us);
    parley_playout_delay(c, ahead_us(a, now_us));
}

/* ---- the outside ----------------------------------------------------------------------------- */

void parley_cli_audio_out_work(struct parley_cli_audio_out *a, struct parley_conversation *c, bool ready,
                               uint64_t now_us)
{
    if (!a->running || a->failed)
        return;
    if (a->has_program)
        work_program(a, c, now_us);
    else
        work_clock(a, c, now_us);
    if (a->file.fd >= 0)
        parley_cli_output_flush(&a->file, ready);
}

void parley_cli_audio_out_cut(struct parley_cli_audio_out *a, uint64_t now_us)
{
    if (!a->has_program || !a->running || a->failed || a->audible_until_us <= now_us)
        return;
    parley_cli_program_stop(&a->program);
    start_program(a, now_us);
}

bool parley_cli_audio_out_playing(const struct parley_cli_audio_out *a, const struct parley_conversation *c,
                                  uint64_t now_us)
{
    return !a->failed && (parley_audio_queued(c) > 0 || a->audible_until_us > now_us);
}

size_t parley_cli_audio_out_interest(const struct parley_cli_audio_out *a,
                                     const struct parley_conversation *c, uint64_t now_us,
                                     struct parley_interest *want)
{
    bool busy = parley_audio_queued(c) > 0 || a->tail > 0;
    size_t count = 0;

    if (!a->running || a->failed)
        return 0;
    if (busy || a->file.fd >= 0)
        want[count++] =
            (struct parley_interest){.fd = -1, .deadline_us = now_us + (busy ? PIECE_US : IDLE_US)};
    if (a->file.fd >= 0)
        count += parley_cli_output_interest(&a->file, want + count);
    if (a->has_program && a->pending_at < a->pending_end)
        want[count++] =
            (struct parley_interest){.fd = a->program.process.in, .write = true, .deadline_us = PARLEY_NEVER};
    if (a->has_program)
        count += parley_cli_program_interest(&a->program, want + count);
    return count;
}

void parley_cli_audio_out_close(struct parley_cli_audio_out *a)
{
    if (a->file.fd >= 0 && a->own_file) {
        patch(a);
        parley_file_close(a->file.fd);
    }
    parley_cli_program_stop(&a->program);
    a->running = a->has_program = false;
    a->file.fd = -1;
}
