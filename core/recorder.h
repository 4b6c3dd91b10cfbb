#ifndef PARLEY_CORE_RECORDER_H
#define PARLEY_CORE_RECORDER_H

#include "core/inbox.h"
#include "core/scrub.h"
#include "core/session.h"
#include "transport/transport.h"

/*
 * The flight recorder: what goes into a conversation and what comes out of it, as lines of JSON, so that the
 * same conversation can be held again (core/cli/play_again.c) and looked at (core/cli/timeline.c).
 *
 * The first line tells the options. Then each call of the host is a line, with all that it was given; behind
 * it, in their order, stand what the link gave and took while it ran, the numbers it drew, and what it gave
 * back. Time is told by the calls of parley_service alone, as for the engine. What a call did not meet
 * has no line: the link took nothing, gave nothing, is as it was; the call gave 0.
 *
 *   {"call":"service","us":N}    since the first line; also next, audio, read, delay, text, mirror, ask,
 *                                interrupt, progress, done, stop, close
 *   {"link":STAGE,"up":N}        the link's stage, and what its work gave, where either is another
 *   {"recv":N,"reason":TEXT}     the link has ended, as a read found
 *   {"opened":N}                 another link
 *   {"close":N}                  it is closed by us
 *   {"part":N}                   a piece of a message; the last one is
 *   {"in":TEXT}                  the message, whole (of a call that is created, with its "call_id"); or
 *                                {"binary":N}, {"too_long":N}: its length
 *   {"took":N}                   a piece of ours was taken; the last one is
 *   {"out":TEXT}                 the message, whole; or {"append":N,"sum":SUM}: one of microphone audio
 *   {"busy":N}                   audio has to wait, as so much is on its way
 *   {"draw":NAME,"is":N}         chance, or the calendar
 *   {"gave":N}                   what the call gave; {"event":KIND,...,"sum":SUM} what parley_next_event did
 *   {"full":N}                   no more is recorded
 *
 * A text that is not UTF-8 is told in hexadecimal, by a member whose name ends in "_hex". Sums are FNV-1a, of
 * 64 bits. Secrets of the options are known here, and each of their characters becomes a star wherever they
 * occur, so lengths stay what they were.
 */
enum { PARLEY_RECORD_VERSION = 1 };

#ifndef PARLEY_WITHOUT_RECORDER

struct parley_recording {
    struct parley_recorder to;
    bool on;
    char *buffer;
    size_t used;
    uint64_t bytes; /* of the record so far */
    uint64_t start_us;
    struct parley_scrub scrub;
    const char *stage;
    int up;
    size_t parts; /* bytes of a message of the service so far */
    size_t sent;  /* the same of ours */
};

/* A call of the host. Texts that are absent and numbers without a name are left out. */
struct parley_called {
    const char *name, *number_name;
    uint64_t number;
    struct parley_view handoff, text, pcm;
    const char *reason;
};

/* Whether recording is asked for, which comes first. Returns PARLEY_OK. */
static inline int parley_recording_ask(struct parley_recording *r, const struct parley_options *o,
                                       struct parley_error *error)
{
    (void)error;
    r->on = o->recorder.write != NULL;
    return PARLEY_OK;
}

/* How the conversation c calls one of the functions below, by its name behind parley_record_: only while
   something is recorded. What is given is not looked at otherwise. */
#define PARLEY_RECORD(c, what, ...)                                                                          \
    do {                                                                                                     \
        if ((c)->recording.on)                                                                               \
            parley_record_##what(&(c)->recording, __VA_ARGS__);                                              \
    } while (0)

/* Carves what recording needs. */
void parley_record_carve(struct parley_recording *r, struct parley_arena *arena,
                         const struct parley_options *o);

/* Each writes a line; this one the first. */
void parley_record_start(struct parley_recording *r, const struct parley_options *o, uint64_t now_us);
void parley_record_call(struct parley_recording *r, const struct parley_called *called);
void parley_record_gave(struct parley_recording *r, long result, struct parley_view pcm);
void parley_record_event(struct parley_recording *r, const struct parley_event *event);
void parley_record_number(struct parley_recording *r, const char *name, int64_t number);
/* The number drawn for `what`, which becomes that of an earlier conversation if the recorder has it. */
void parley_record_draw(struct parley_recording *r, const char *what, int64_t *number);
void parley_record_opened(struct parley_recording *r, int status, const char *why);
/* What `up` a transport's work gave, unless there is nothing new. */
void parley_record_work(struct parley_recording *r, const struct parley_transport *t, int up);
/* That a read found the link ended. */
void parley_record_lost(struct parley_recording *r, const struct parley_transport *t, int status);
/* A fragment that came, and the inbox it is in by now; `call_id`: of the call it creates, if it does. */
void parley_record_fragment(struct parley_recording *r, const struct parley_fragment *fragment,
                            const struct parley_inbox *inbox, struct parley_view call_id);
/* `taken` bytes of `rest`, the end of a message of ours, were taken. */
void parley_record_sent(struct parley_recording *r, struct parley_view rest, size_t taken, bool audio);

#else /* RECORDER=off of build.sh: nothing of all that, and nobody asks for it */

struct parley_recording {
    char none; /* as C wants one member */
};

/* Returns PARLEY_ERR_STATE, with the reason in *error, where recording is asked for. */
static inline int parley_recording_ask(struct parley_recording *r, const struct parley_options *o,
                                       struct parley_error *error)
{
    (void)r;
    if (o->recorder.write == NULL)
        return PARLEY_OK;
    return parley_error_set(error, PARLEY_ERR_STATE,
                            "recorder: this library is built without it (RECORDER=off)");
}

#define PARLEY_RECORD(c, what, ...) ((void)(c))

#endif

#endif
