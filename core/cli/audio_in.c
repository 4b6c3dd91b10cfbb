/*
 * What the user says, in real time: see audio_in.h.
 */
#include "core/cli/audio_in.h"

#include "platform/file.h"

#include <stdio.h>

enum {
    STDIN = 0,
    RETRY_US = 10 * 1000,
    FRAMES_A_ROUND = 25,         /* half a second: what is late beyond that waits for the next round */
    BEHIND = PARLEY_SAMPLE_RATE, /* a second behind the clock: the machine slept, or the source did */
    MICROPHONE_SLACK = 64,       /* 1/64 faster than our clock, so that a fast sound card piles up nothing */
};

static void fail(struct parley_cli_audio_in *a, const char *why)
{
    snprintf(a->why, sizeof a->why, "%.80s: %s", a->name, why);
    a->failed = a->over = true;
}

/* ---- opening --------------------------------------------------------------------------------- */

int parley_cli_audio_in_file(struct parley_cli_audio_in *a, const char *path)
{
    bool is_stdin = strcmp(path, "-") == 0;

    *a = (struct parley_cli_audio_in){.kind = PARLEY_CLI_IN_FILE, .name = is_stdin ? "standard input" : path};
    a->fd = is_stdin ? STDIN : parley_file_open(path, PARLEY_FILE_READ);
    if (is_stdin && parley_file_is_terminal(STDIN)) {
        fail(a, "sound is wanted there, but it is a terminal");
        return PARLEY_ERR_FILE;
    }
    if (a->fd < 0 || (is_stdin && parley_file_nonblocking(STDIN) != PARLEY_OK)) {
        fail(a, parley_file_reason());
        return PARLEY_ERR_FILE;
    }
    parley_cli_sound_open(&a->sound, a->fd);
    if (parley_cli_sound_probe(&a->sound) < 0) {
        fail(a, a->sound.why);
        return PARLEY_ERR_FILE;
    }
    return PARLEY_OK;
}

void parley_cli_audio_in_program(struct parley_cli_audio_in *a, const char *command)
{
    *a = (struct parley_cli_audio_in){.kind = PARLEY_CLI_IN_PROGRAM, .name = command, .fd = -1};
}

void parley_cli_audio_in_start(struct parley_cli_audio_in *a, uint64_t now_us)
{
    if (a->kind == PARLEY_CLI_IN_NONE)
        return;
    a->running = true;
    a->anchor_us = now_us;
    if (a->kind != PARLEY_CLI_IN_PROGRAM)
        return;
    if (parley_cli_program_start(&a->program, a->name, PARLEY_PIPE_IN | PARLEY_PIPE_OUT) != PARLEY_OK) {
        fail(a, "the microphone program could not be started");
        return;
    }
    parley_process_close(&a->program.process.in); /* what is typed is not for it */
    parley_cli_sound_open(&a->sound, a->program.process.out);
}

void parley_cli_audio_in_close(struct parley_cli_audio_in *a)
{
    parley_cli_program_stop(&a->program);
    if (a->kind == PARLEY_CLI_IN_FILE && a->fd > STDIN)
        parley_file_close(a->fd);
    *a = (struct parley_cli_audio_in){.fd = -1};
}

/* ---- the source ------------------------------------------------------------------------------ */

/* A microphone that ends well is a source that is over; one that fails is an error. */
static void end_program(struct parley_cli_audio_in *a)
{
    char how[PARLEY_CLI_VERDICT];

    parley_cli_program_work(&a->program);
    if (!a->program.process.exited)
        return; /* its output has ended, it will soon */
    parley_cli_program_verdict(&a->program, how);
    if (a->program.process.exit_code != 0)
        fail(a, how);
    a->over = true;
}

static void end_source(struct parley_cli_audio_in *a, long how)
{
    if (how == PARLEY_ERR_FILE) {
        fail(a, a->sound.why);
    } else if (a->kind == PARLEY_CLI_IN_PROGRAM) {
        end_program(a);
    } else {
        a->over = true;
        if (a->sound.why[0] != '\0')
            snprintf(a->why, sizeof a->why, "%.80s: %s", a->name, a->sound.why);
    }
}

/* Fills the frame. False when the source has nothing now. */
static bool fill(struct parley_cli_audio_in *a)
{
    while (a->filled < PARLEY_CLI_FRAME && !a->over) {
        long got = parley_cli_sound_read(&a->sound, a->frame + a->filled, PARLEY_CLI_FRAME - a->filled);

        if (got < 0)
            end_source(a, got);
        if (got == 0 || (got < 0 && !a->over))
            return false;
        a->filled += got > 0 ? (size_t)got : 0;
    }
    memset(a->frame + a->filled, 0, (PARLEY_CLI_FRAME - a->filled) * sizeof a->frame[0]);
    a->filled = PARLEY_CLI_FRAME;
    return true;
}

/* ---- the pace -------------------------------------------------------------------------------- */

/* Samples that may have been sent by now. */
static uint64_t due(const struct parley_cli_audio_in *a, uint64_t now_us)
{
    uint64_t samples = (now_us - a->anchor_us) * (PARLEY_SAMPLE_RATE / 1000) / 1000;

    return a->kind == PARLEY_CLI_IN_PROGRAM ? samples + samples / MICROPHONE_SLACK : samples;
}

/* Far behind, the clock starts anew: a burst would only be thrown away by the queue. */
static void catch_up(struct parley_cli_audio_in *a, uint64_t now_us)
{
    if (due(a, now_us) < a->sent + BEHIND)
        return;
    a->anchor_us = now_us - PARLEY_CLI_FRAME * 1000000ull / PARLEY_SAMPLE_RATE;
    a->sent = 0;
}

void parley_cli_audio_in_work(struct parley_cli_audio_in *a, struct parley_conversation *c, bool playing,
                              uint64_t now_us)
{
    if (!a->running)
        return;
    if (a->kind == PARLEY_CLI_IN_PROGRAM)
        parley_cli_program_work(&a->program);
    catch_up(a, now_us);
    for (int frame = 0; frame < FRAMES_A_ROUND && a->sent + PARLEY_CLI_FRAME <= due(a, now_us); frame++) {
        if (!fill(a)) {
            a->retry_us = now_us + RETRY_US;
            return;
        }
        if (parley_cli_gate_passes(&a->gate, a->frame, a->filled, playing, now_us))
            parley_send_audio(c, a->frame, a->filled);
        a->sent += a->filled;
        a->filled = 0;
    }
}

size_t parley_cli_audio_in_interest(const struct parley_cli_audio_in *a, uint64_t now_us,
                                    struct parley_interest *want)
{
    uint64_t next_us = a->anchor_us + (a->sent + PARLEY_CLI_FRAME) * 1000 / (PARLEY_SAMPLE_RATE / 1000);

    if (!a->running)
        return 0;
    if (next_us < a->retry_us)
        next_us = a->retry_us;
    want[0] = (struct parley_interest){.fd = -1, .deadline_us = next_us > now_us ? next_us : now_us};
    return 1 + parley_cli_program_interest(&a->program, want + 1);
}
