/*
 * The host's side of a talk: see play.h. One loop: serve, take events, do the host's line if it is its turn,
 * and then go to the next moment at which something is due.
 */
#include "core/cli/play.h"
#include "core/cli/json_lines.h"
#include "core/cli/play_options.h"
#include "core/cli/sound.h"
#include "platform/file.h"
#include "transport/loopback/include.h"
#include "transport/loopback/journal.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/script.h"
#include "transport/loopback/voice.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    START_US = 1000000,
    STEP_US = 20000, /* of microphone and loudspeaker */
    STEP_SAMPLES = PARLEY_SAMPLE_RATE / 50,
    EVENTS_BYTES = 512 * 1024, /* of events no line has asked for yet */
    TURNS_MAX = 2000000,       /* without time going on: then it runs in a circle */
};

/* What of the host takes time. */
enum activity { IDLE, SPEAKING, PLAYING };

struct play {
    const struct parley_play_options *options;
    struct parley_play_result *result;
    struct parley_view name;
    void *block, *script_block;
    char *scratch; /* as long as the talk, and a kilobyte */
    size_t scratch_bytes;
    struct parley_conversation *c;
    struct parley_script *script;
    uint64_t now_us;

    struct parley_journal events;
    char last[120]; /* the event passed over last */
    bool closed;    /* CLOSED has been taken */

    enum activity activity;
    uint64_t next_us, left; /* its next step, and its samples */
    struct parley_voice voice;
    struct parley_cli_sound sound;
    int wav;             /* the file being spoken, or -1 */
    bool speaker;        /* replies are played as they come */
    uint64_t speaker_us; /* its next step */
};

/* ---- failing and telling ------------------------------------------------------------------------- */

static int shown(struct parley_view view, size_t most)
{
    return (int)(view.len < most ? view.len : most);
}

static uint64_t at_ms(const struct play *p)
{
    return (p->now_us - START_US) / 1000;
}

static void trace(const struct play *p, const char *what, struct parley_view text)
{
    if (p->options->trace != NULL)
        p->options->trace(p->options->user, at_ms(p), what, text);
}

/* What the script has seen. */
static void seen(void *user, const struct parley_talk_line *line, struct parley_view sent)
{
    if (line != NULL)
        trace(user, "line", line->source);
    else
        trace(user, "sent", sent);
}

/* Adds an event to what all of them come to (FNV-1a). */
static void digest(struct play *p, struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++)
        p->result->events_digest = (p->result->events_digest ^ (unsigned char)text.at[i]) * 0x100000001B3;
}

static bool failed(const struct play *p)
{
    return parley_script_failure(p->script).len > 0;
}

/* ---- events -------------------------------------------------------------------------------------- */

/* Writes down an event, as the line of JSON that `talk --json` would print. */
static void note_event(struct play *p, const struct parley_event *event)
{
    size_t bytes;
    char *at = parley_journal_room(&p->events, &bytes);
    struct parley_render r = parley_render(at, bytes);
    struct parley_view line;

    if (at != NULL)
        parley_cli_json_event(&r, event, START_US);
    if (at == NULL || r.overflow || r.used < 2) {
        parley_script_fail(p->script, "more events than can be remembered until a line asks for them");
        return;
    }
    line = parley_view_of(at, r.used - 1); /* without the line break */
    parley_journal_keep(&p->events, line.len);
    p->result->events++;
    digest(p, line);
    trace(p, "event", line);
    p->closed |= event->kind == PARLEY_EVENT_CLOSED;
}

static void take_events(struct play *p)
{
    struct parley_event event;

    while (!p->closed && parley_next_event(p->c, &event) > 0)
        note_event(p, &event);
}

static bool is_event(struct parley_view line, struct parley_view kind)
{
    char name[32];

    return parley_view_equal(parley_peek_text(line, "event", name, sizeof(name)), kind);
}

/* Events that a talk may not pass over in silence. */
static bool is_loud(struct parley_view line)
{
    static const char *const kinds[] = {"error",       "skipped", "closed", "shed",
                                        "interrupted", "handoff", "silence"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (is_event(line, parley_view(kinds[i])))
            return true;
    return false;
}

static void pass_over(struct play *p, struct parley_view line)
{
    snprintf(p->last, sizeof(p->last), "%.*s", shown(line, sizeof(p->last) - 1), line.at);
    parley_journal_drop(&p->events);
}

/* Looks for the event a line expects. Returns true when it has happened. */
static bool meet_event(struct play *p, const struct parley_talk_line *line)
{
    struct parley_view event;
    char why[PARLEY_TALK_WHY];

    while (!failed(p) && parley_journal_first(&p->events, &event)) {
        bool wanted = is_event(event, line->name);

        if (wanted && parley_talk_matches(event, "event", line->name, line->fields, why)) {
            pass_over(p, event);
            return true;
        }
        if (wanted)
            parley_script_fail(p->script, "it was another one (%.90s): %.*s", why, shown(event, 150),
                               event.at);
        else if (is_loud(event))
            parley_script_fail(p->script, "this came instead: %.*s", shown(event, 200), event.at);
        else
            pass_over(p, event);
    }
    return false;
}

/* The first moment that is too late for it. */
static uint64_t event_deadline(const struct play *p, const struct parley_talk_line *line, uint64_t due_us)
{
    uint64_t before_us = parley_script_moment(p->script, line->before_us);

    if (before_us == PARLEY_NEVER)
        before_us = parley_clock_add(due_us, parley_script_patience(p->script));
    return parley_clock_add(before_us, 1);
}

/* A line that expects an event: done, failed, or to be waited for. */
static bool expect_event(struct play *p, const struct parley_talk_line *line, uint64_t due_us)
{
    if (meet_event(p, line))
        return true;
    if (p->now_us >= event_deadline(p, line, due_us))
        parley_script_fail(p->script, "no %.*s until %lu ms%s%s", shown(line->name, 40), line->name.at,
                           (unsigned long)at_ms(p), p->last[0] != '\0' ? "; the last was " : "", p->last);
    return false;
}

static bool expect_no_event(struct play *p, const struct parley_talk_line *line)
{
    struct parley_view event;
    bool more = parley_journal_first(&p->events, &event);

    for (; more; more = parley_journal_after(&p->events, &event))
        if (is_event(event, line->name))
            parley_script_fail(p->script, "it has happened: %.*s", shown(event, 200), event.at);
    return !failed(p);
}

/* ---- sound --------------------------------------------------------------------------------------- */

/* The next samples the host says; fewer at the end of a file. */
static size_t next_samples(struct play *p, int16_t *pcm, size_t samples)
{
    size_t made = 0;

    if (p->wav >= 0) {
        long got = parley_cli_sound_read(&p->sound, pcm, samples);

        return got > 0 ? (size_t)got : 0;
    }
    memset(pcm, 0, samples * sizeof(*pcm));
    while (p->voice.text.len > 0 && made < samples) {
        made += parley_voice_read(&p->voice, pcm + made, samples - made);
        if (made < samples)
            parley_voice_start(&p->voice, p->voice.text, parley_view("host"));
    }
    return samples;
}

static void stop_activity(struct play *p)
{
    if (p->wav >= 0)
        parley_file_close(p->wav);
    p->wav = -1;
    p->activity = IDLE;
}

/* 20 ms of what the host is at. Returns false when it has come to its end. */
static bool step(struct play *p)
{
    int16_t pcm[STEP_SAMPLES];
    size_t samples = p->left < STEP_SAMPLES ? (size_t)p->left : STEP_SAMPLES;

    if (samples == 0)
        return false;
    if (p->activity == PLAYING) {
        parley_read_audio(p->c, pcm, samples);
    } else {
        samples = next_samples(p, pcm, samples);
        if (samples > 0 && parley_send_audio(p->c, pcm, samples) < 0)
            parley_script_fail(p->script, "audio is not taken: the conversation is over");
    }
    p->left -= samples;
    p->next_us += samples * 1000000 / PARLEY_SAMPLE_RATE;
    return samples > 0;
}

static void begin(struct play *p, enum activity activity, uint64_t samples)
{
    p->activity = activity;
    p->left = samples;
    p->next_us = p->now_us;
}

static uint64_t samples_of(const struct parley_talk_line *line)
{
    return line->amount * PARLEY_SAMPLE_RATE / 1000000;
}

static void begin_audio(struct play *p, const struct parley_talk_line *line)
{
    if (parley_view_is(line->name, "speech")) {
        parley_voice_start(&p->voice, parley_view("I say this, and I say it for as long as I like. "),
                           parley_view("host"));
    } else if (parley_view_is(line->name, "silence")) {
        p->voice.text = parley_view(NULL);
    } else {
        parley_script_fail(p->script, "audio is speech or silence");
        return;
    }
    begin(p, SPEAKING, samples_of(line));
}

static void begin_wav(struct play *p, const struct parley_talk_line *line)
{
    const char *folder = p->options->folder != NULL ? p->options->folder : ".";
    struct parley_view name = parley_talk_plain(line->text, p->scratch, p->scratch_bytes);
    char path[512];

    snprintf(path, sizeof(path), "%s/%.*s", folder, (int)name.len, name.at);
    p->wav = parley_file_open(path, PARLEY_FILE_READ);
    if (p->wav < 0) {
        p->wav = -1;
        parley_script_fail(p->script, "%s: %s", path, parley_file_reason());
        return;
    }
    parley_cli_sound_open(&p->sound, p->wav);
    if (parley_cli_sound_probe(&p->sound) != 1) {
        parley_script_fail(p->script, "%s: %s", path, p->sound.why);
        return;
    }
    begin(p, SPEAKING, UINT64_MAX);
}

/* So many samples for the loudspeaker, at once. */
static void take_sound(struct play *p, uint64_t samples)
{
    int16_t pcm[STEP_SAMPLES];

    for (size_t count; samples > 0; samples -= count) {
        count = samples < STEP_SAMPLES ? (size_t)samples : STEP_SAMPLES;
        parley_read_audio(p->c, pcm, count);
    }
}

/* The loudspeaker, if it is on: takes what there is at the pace of time. */
static void work_speaker(struct play *p)
{
    int16_t pcm[STEP_SAMPLES];

    if (!p->speaker || p->closed || p->now_us < p->speaker_us)
        return;
    if (parley_read_audio(p->c, pcm, STEP_SAMPLES) > 0)
        p->speaker_us = p->now_us + STEP_US;
}

static uint64_t speaker_due(const struct play *p)
{
    return p->speaker && !p->closed && parley_audio_queued(p->c) > 0 ? p->speaker_us : PARLEY_NEVER;
}

/* ---- the host's lines ---------------------------------------------------------------------------- */

/* Judges what a call gave, 0 or more being fine. */
static bool judge(struct play *p, const struct parley_talk_line *line, long result)
{
    const char *name = parley_status_name(result < 0 ? (int)result : PARLEY_OK);
    struct parley_view wanted = line->gives.at != NULL ? line->gives : parley_view("OK");

    if (!parley_view_is(wanted, name))
        parley_script_fail(p->script, "the call gave %s", name);
    return !failed(p);
}

static struct parley_view plain(struct play *p, const struct parley_talk_line *line)
{
    return parley_talk_plain(line->text, p->scratch, p->scratch_bytes);
}

/* Does a line that takes no time, or starts one that does. Returns true when it is done. */
static bool do_line(struct play *p, const struct parley_talk_line *line, uint64_t due_us)
{
    struct parley_view handoff = parley_talk_value(line->fields, "handoff");

    switch (line->verb) {
    case PARLEY_TALK_EXPECT_EVENT:
        return expect_event(p, line, due_us);
    case PARLEY_TALK_EXPECT_NO_EVENT:
        return expect_no_event(p, line);
    case PARLEY_TALK_HOST_TEXT:
        return judge(p, line, parley_send_text(p->c, plain(p, line)));
    case PARLEY_TALK_HOST_AUDIO:
        begin_audio(p, line);
        return false;
    case PARLEY_TALK_HOST_WAV:
        begin_wav(p, line);
        return false;
    case PARLEY_TALK_HOST_PLAY:
        begin(p, PLAYING, samples_of(line));
        return false;
    case PARLEY_TALK_HOST_TAKE:
        take_sound(p, line->amount);
        return true;
    case PARLEY_TALK_HOST_DELAY:
        parley_playout_delay(p->c, line->amount);
        return true;
    case PARLEY_TALK_HOST_INTERRUPT:
        return judge(p, line, parley_interrupt(p->c, PARLEY_REASON_HOST));
    case PARLEY_TALK_HOST_PROGRESS:
        return judge(p, line, parley_agent_progress(p->c, handoff, plain(p, line)));
    case PARLEY_TALK_HOST_DONE:
        return judge(p, line, parley_agent_done(p->c, handoff));
    case PARLEY_TALK_HOST_ASK:
        return judge(p, line, parley_request_reply(p->c));
    default:
        parley_stop(p->c);
        return true;
    }
}

/* The host's turn, if it is. Returns true when something was done, so that it has to be served again. */
static bool take_turn(struct play *p)
{
    uint64_t due_us;
    const struct parley_talk_line *line = parley_script_line(p->script, &due_us);

    if (failed(p) || line == NULL || line->verb < PARLEY_TALK_EXPECT_EVENT || p->now_us < due_us)
        return false;
    if (p->activity != IDLE) {
        if (p->now_us < p->next_us)
            return false;
        if (step(p))
            return true;
        stop_activity(p);
    } else if (!do_line(p, line, due_us)) {
        return p->activity != IDLE;
    }
    parley_script_step(p->script, p->now_us);
    return true;
}

/* ---- time ---------------------------------------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the host has something to do. */
static uint64_t host_due(const struct play *p)
{
    uint64_t due_us;
    const struct parley_talk_line *line = parley_script_line(p->script, &due_us);

    if (line == NULL || line->verb < PARLEY_TALK_EXPECT_EVENT)
        return PARLEY_NEVER;
    if (p->activity != IDLE)
        return p->next_us;
    return line->verb == PARLEY_TALK_EXPECT_EVENT && p->now_us >= due_us ? event_deadline(p, line, due_us)
                                                                         : due_us;
}

/* The script's next moment; a line of the host's is not the script's to wait for. */
static uint64_t script_due(const struct play *p)
{
    uint64_t due_us;
    const struct parley_talk_line *line = parley_script_line(p->script, &due_us);

    return line != NULL && line->verb < PARLEY_TALK_EXPECT_EVENT ? parley_script_due(p->script)
                                                                 : PARLEY_NEVER;
}

static uint64_t link_due(const struct play *p)
{
    struct parley_interest want[PARLEY_INTERESTS];
    size_t count = parley_interest(p->c, want);
    uint64_t due_us = PARLEY_NEVER;

    for (size_t i = 0; i < count && !p->closed; i++)
        due_us = earlier(due_us, want[i].deadline_us);
    return due_us;
}

/* True when the link is over and the service still has lines: they will never be said. */
static bool left_speechless(struct play *p)
{
    uint64_t due_us;
    const struct parley_talk_line *line = parley_script_line(p->script, &due_us);

    return p->closed && line != NULL && line->verb <= PARLEY_TALK_SERVER_BREAK;
}

/* Goes to the next moment at which something is due. Returns false when there is none. */
static bool pass_time(struct play *p)
{
    uint64_t next_us = earlier(earlier(link_due(p), script_due(p)), earlier(host_due(p), speaker_due(p)));

    if (left_speechless(p)) {
        parley_script_fail(p->script, "the link is over, and this cannot be said any more");
        return false;
    }
    if (next_us == PARLEY_NEVER) {
        parley_script_fail(p->script, "nothing more can happen%s%s", p->closed ? "" : ": ",
                           p->closed ? "" : parley_error(p->c)->text);
        return false;
    }
    if (next_us > p->now_us)
        p->now_us = next_us;
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* What is left over when the talk has been played: there may be nothing. */
static void check_rest(struct play *p)
{
    const struct parley_service_breach *breach;
    struct parley_view rest;

    if (parley_script_breach(p->script, &breach))
        parley_script_fail(p->script, "at the end, a rule had been broken, %s: %s",
                           parley_rule(breach->rule)->id, breach->excerpt);
    if (parley_script_unexpected(p->script, &rest))
        parley_script_fail(p->script, "at the end, this was sent and never expected: %.*s", shown(rest, 200),
                           rest.at);
    while (!failed(p) && parley_journal_first(&p->events, &rest)) {
        if (is_loud(rest))
            parley_script_fail(p->script, "at the end, this had happened and was never expected: %.*s",
                               shown(rest, 200), rest.at);
        parley_journal_drop(&p->events);
    }
}

/* Serves everybody at the present moment. Returns true when nothing more happens without time. */
static bool serve(struct play *p)
{
    parley_service(p->c, p->now_us);
    take_events(p);
    work_speaker(p);
    parley_script_settle(p->script, p->now_us);
    return !take_turn(p) && link_due(p) > p->now_us;
}

static void run(struct play *p)
{
    unsigned turns = 0;
    uint64_t due_us;

    while (!failed(p)) {
        uint64_t before_us = p->now_us;
        bool quiet = serve(p);

        if (quiet && parley_script_line(p->script, &due_us) == NULL) {
            check_rest(p);
            return;
        }
        if (quiet && !failed(p) && !pass_time(p))
            return;
        turns = p->now_us > before_us ? 0 : turns + 1;
        if (turns > TURNS_MAX)
            parley_script_fail(p->script, "it runs in a circle");
    }
}

/* ---- setting up ---------------------------------------------------------------------------------- */

static int unusable(struct play *p, int status, const char *why)
{
    snprintf(p->result->why, sizeof(p->result->why), "%s", why);
    return status;
}

/* Takes memory by running `open` twice: to count, and to carve. */
static int open_script(struct play *p, struct parley_view text)
{
    char why[PARLEY_TALK_WHY] = "no memory";
    struct parley_arena arena = parley_arena(NULL, 0);
    int status = parley_script_open(&p->script, &arena, text, p->name, true, why);

    if (status != PARLEY_OK)
        return unusable(p, status, why);
    p->events = parley_journal(&arena, EVENTS_BYTES);
    p->script_block = malloc(arena.used);
    if (p->script_block == NULL)
        return unusable(p, PARLEY_ERR_MEMORY, why);
    arena = parley_arena(p->script_block, arena.used);
    parley_script_open(&p->script, &arena, text, p->name, true, why);
    p->events = parley_journal(&arena, EVENTS_BYTES);
    return p->script != NULL ? PARLEY_OK : unusable(p, PARLEY_ERR_MEMORY, why);
}

static int open_conversation(struct play *p, struct parley_options *options)
{
    struct parley_loopback_peer *peer = parley_script_peer(p->script);
    struct parley_error error;
    size_t bytes;
    int status;

    parley_script_watch(p->script, seen, p);
    if (p->options->fragment_bytes > 0)
        peer->fragment_bytes = p->options->fragment_bytes;
    if (p->options->send_bytes > 0)
        peer->send_bytes = p->options->send_bytes;
    options->peer = peer;
    options->recorder = p->options->recorder;
    bytes = parley_memory_needed(options);
    p->block = bytes > 0 ? malloc(bytes) : NULL; /* 0: parley_open says what is wrong with the options */
    if (p->block == NULL && bytes > 0)
        return unusable(p, PARLEY_ERR_MEMORY, "no memory");
    status = parley_open(&p->c, p->block, bytes, options, p->now_us, &error);
    return status == PARLEY_OK ? status : unusable(p, status, error.text);
}

static int set_up(struct play *p, struct parley_view text)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_talk talk = {.text = text, .name = p->name};
    char why[PARLEY_TALK_WHY];
    int status = open_script(p, text);

    p->scratch_bytes = text.len + 1024;
    p->scratch = malloc(p->scratch_bytes);
    if (status != PARLEY_OK)
        return status;
    if (p->scratch == NULL)
        return unusable(p, PARLEY_ERR_MEMORY, "no memory");
    status = parley_play_read_options(&options, &p->speaker, &talk, p->scratch, p->scratch_bytes, why);
    return status == PARLEY_OK ? open_conversation(p, &options) : unusable(p, status, why);
}

static void tear_down(struct play *p)
{
    stop_activity(p);
    parley_close(p->c);
    free(p->scratch);
    free(p->block);
    free(p->script_block);
}

int parley_play_talk(struct parley_view text, const char *name, const struct parley_play_options *options,
                     struct parley_play_result *result)
{
    struct play p = {
        .options = options, .result = result, .name = parley_view(name), .now_us = START_US, .wav = -1};
    int status;

    memset(result, 0, sizeof(*result));
    result->events_digest = 0xCBF29CE484222325;
    status = set_up(&p, text);
    if (status == PARLEY_OK) {
        run(&p);
        snprintf(result->why, sizeof(result->why), "%s", parley_script_failure(p.script).at);
        result->took_us = p.now_us - START_US;
        result->sent_digest = parley_script_digest(p.script);
        result->service = parley_script_uses_service(p.script);
        status = result->why[0] == '\0';
    }
    tear_down(&p);
    return status;
}

long parley_play_load(const char *path, char *into, size_t bytes, char why[PARLEY_PLAY_WHY])
{
    return parley_talk_load(path, into, bytes, why);
}
