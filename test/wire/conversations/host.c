/* A host and what it is told: see host.h. */
#include "test/wire/conversations/host.h"

#include "platform/fake/fake.h"
#include "test/wire/conversations/check.h"
#include "test/wire/conversations/partner.h"
#include "test/wire/wire_test.h"

enum {
    NOON = 100000000,
    PCM_SAMPLES = PARLEY_SAMPLE_RATE,
    LOUD = 6000,
    TONE = 50,        /* samples of half a wave */
    SPEECH = 18000,   /* samples of it, and of the silence behind it, for a service to notice */
    IDLE_TURNS = 400, /* in a row in which nothing moves, though the conversation says it is ready */
    WHAT_CALL = 100,  /* tellings that are no events */
    WHAT_SOUND = 200,
    PLAYOUT_US = 10000000,
    TURN_US = 50000, /* after a break */
    TURNS = 400,
};

struct figures figures;
bool converse_tells;

static struct {
    const struct course *course;
    const struct story *story;
    struct trace *trace;
    struct dice dice;
    struct parley_conversation *c;
    void *block;
    struct parley_stream *pipe;
    uint64_t now_us;
    unsigned links, told, played, heard, said, typed, phase;
    uint64_t message; /* of the service, read last */
    bool over, cut;   /* CLOSED was taken; the link broke, and the host knows */
    bool started, reconnected, user_done, reply_done;
    uint64_t beside; /* what was told at no certain place, together */

    struct script *script; /* what a service that listens says */
    uint64_t script_from;  /* messages of the links before */
} run;

static struct script after; /* what a second service says */
static bool is_ordinary(void)
{
    return run.course->manner.ordinary;
}

static bool may_break(void)
{
    return run.course->manner.break_read > 0 || run.course->manner.break_write > 0;
}

static void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void broken(const char *format, ...)
{
    char words[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    fail_msg("seed %llu, %s, phase %u: %s", (unsigned long long)run.story->seed, run.course->name, run.phase,
             words);
}

/* ---- tellings ---------------------------------------------------------------------------------------- */

static const char *what_name(int what)
{
    return what >= WHAT_SOUND  ? "sound"
           : what >= WHAT_CALL ? "a call"
                               : parley_event_name((enum parley_event_kind)what);
}

static void tell(struct tellings *all, unsigned *count, int what, uint64_t hash, unsigned message)
{
    if (run.cut)
        return;
    if (is_ordinary()) {
        if (all->count == TRACE_TOLD)
            broken("too much is told");
        all->at[all->count].what = what;
        all->at[all->count].hash = hash;
        all->at[all->count++].message = message;
    } else if (*count >= all->count) {
        broken("%s is told, behind the end", what_name(what));
    } else if (all->at[*count].what != what || all->at[*count].hash != hash) {
        broken("telling %u is %s%s, it was %s of message %u", *count, what_name(what),
               all->at[*count].what == what ? " of other content" : "", what_name(all->at[*count].what),
               all->at[*count].message);
    }
    ++*count;
}

static void tell_result(enum act act, long result)
{
    if (may_break() && (wire_is_broken() || wire_is_stuck())) { /* it may be refused now */
        run.told++;
        return;
    }
    tell(&run.trace->told, &run.told, WHAT_CALL + (int)act, (uint64_t)result, 0);
}

/* ---- calls of the host ------------------------------------------------------------------------------- */

static const int16_t *sound(bool loud)
{
    static int16_t pcm[2][PCM_SAMPLES];

    if (pcm[1][0] == 0)
        for (size_t i = 0; i < PCM_SAMPLES; i++)
            pcm[1][i] = i / TONE % 2 == 0 ? LOUD : -LOUD;
    return pcm[loud];
}

static void do_act(enum act act, uint32_t amount)
{
    const struct parley_view none = {0};

    switch (act) {
    case ACT_NOTHING:
        break;
    case ACT_TYPE:
        tell_result(act, parley_send_text(run.c, story_text(run.typed++)));
        break;
    case ACT_MIRROR:
        tell_result(act, parley_mirror_text(run.c, story_text(run.typed++)));
        break;
    case ACT_ASK:
        tell_result(act, parley_request_reply(run.c));
        break;
    case ACT_MIC:
        tell_result(act, parley_send_audio(run.c, sound(amount % 2 == 0), amount));
        break;
    case ACT_INTERRUPT:
        tell_result(act, parley_interrupt(run.c, PARLEY_REASON_HOST));
        break;
    case ACT_PROGRESS:
        tell_result(act, parley_agent_progress(run.c, none, story_text(run.typed++)));
        break;
    case ACT_DONE:
        tell_result(act, parley_agent_done(run.c, none));
        break;
    }
}

/* Takes sound for the loudspeaker. Returns how much there was. */
static size_t play(uint32_t samples)
{
    static int16_t pcm[PCM_SAMPLES];
    size_t got = parley_read_audio(run.c, pcm, samples < PCM_SAMPLES ? samples : PCM_SAMPLES);

    tell(&run.trace->played, &run.played, WHAT_SOUND, check_hash(got, pcm, got * sizeof *pcm), 0);
    return got;
}

/* ---- events ------------------------------------------------------------------------------------------ */

/* True for what no message of the service is. */
static bool is_notice(const struct parley_event *event)
{
    switch (event->kind) {
    case PARLEY_EVENT_LINK:
    case PARLEY_EVENT_STARTED:
    case PARLEY_EVENT_INTERRUPTED:
    case PARLEY_EVENT_PLAYED:
    case PARLEY_EVENT_RECONNECTING:
    case PARLEY_EVENT_RECONNECTED:
    case PARLEY_EVENT_SHED:
    case PARLEY_EVENT_CLOSED:
        return true;
    default:
        return event->fatal;
    }
}

/* An event of a message: of a later one than the event before, and with what that said. */
static unsigned note_message(const struct parley_event *event)
{
    struct parley_stats stats;
    uint64_t message;

    parley_stats(run.c, &stats);
    message = stats.messages_in;
    if (message <= run.message)
        broken("two events of message %u: %s", (unsigned)message, parley_event_name(event->kind));
    run.message = message;
    if (run.script == NULL || (run.cut && run.script != &after))
        return (unsigned)message;
    message -= run.script_from;
    if (message == 0 || message > run.script->count)
        broken("%s of a message that nobody said", parley_event_name(event->kind));
    run.script->said[message - 1].told = true;
    check_event(event, parley_view_of(run.script->bytes + run.script->said[message - 1].at,
                                      run.script->said[message - 1].length));
    return (unsigned)message;
}

static void note_figures(const struct parley_event *event)
{
    figures.events++;
    figures.audio += event->kind == PARLEY_EVENT_AUDIO;
    figures.skipped += event->kind == PARLEY_EVENT_SKIPPED;
    figures.interrupted += event->kind == PARLEY_EVENT_INTERRUPTED;
}

/* What is told at no certain place among the rest: what time brings (and how much of it, where replies have
   no names: v1), and the link, which may be closed before all that it brought is told. */
static bool is_beside(const struct parley_event *event)
{
    return event->kind == PARLEY_EVENT_PLAYED || event->kind == PARLEY_EVENT_LINK ||
           (event->kind == PARLEY_EVENT_SHED && may_break());
}

/* The link is gone, or is about to be replaced: from here on it is another story. */
static bool is_break(const struct parley_event *event)
{
    if (!may_break())
        return false;
    if (run.course->reconnect && parley_view_is(event->code, "session_expired"))
        return true;
    return event->kind == PARLEY_EVENT_RECONNECTING ||
           (event->kind == PARLEY_EVENT_ERROR && event->fatal && (wire_is_broken() || wire_is_stuck()));
}

static void print_event(const struct parley_event *event, unsigned message)
{
    printf("# %s: %u at %llu %s, message %u, item %.*s, %u samples%s, heard %u, status %d, \"%.*s\"\n",
           run.course->name, run.told, (unsigned long long)event->at_us, parley_event_name(event->kind),
           message, (int)event->item_id.len, event->item_id.len > 0 ? event->item_id.at : "",
           (unsigned)event->samples, event->late ? " late" : "", (unsigned)event->heard_ms, event->status,
           (int)event->text.len, event->text.len > 0 ? event->text.at : "");
}

static void note_event(const struct parley_event *event)
{
    unsigned message = is_notice(event) ? 0 : note_message(event);
    uint64_t hash = check_hash_event(run.c, event);

    if (converse_tells)
        print_event(event, message);
    if (!run.cut && is_break(event)) {
        run.cut = true;
        figures.cut++;
    }
    run.started = run.started || event->kind == PARLEY_EVENT_STARTED;
    run.reconnected = run.reconnected || (run.cut && event->kind == PARLEY_EVENT_STARTED);
    run.reconnected = run.reconnected || event->kind == PARLEY_EVENT_RECONNECTED;
    run.user_done = run.user_done || event->kind == PARLEY_EVENT_USER_DONE;
    run.reply_done = run.reply_done || event->kind == PARLEY_EVENT_REPLY_DONE;
    run.over = event->kind == PARLEY_EVENT_CLOSED;
    note_figures(event);
    if (is_beside(event))
        run.beside += hash;
    else
        tell(&run.trace->told, &run.told, (int)event->kind, hash, message);
}

static bool take_event(void)
{
    struct parley_event event;
    enum act act;
    int got = run.over ? 0 : parley_next_event(run.c, &event);

    if (got <= 0)
        return false;
    act = run.cut || is_beside(&event) ? ACT_NOTHING : story_reaction(run.story, run.told, &event);
    note_event(&event);
    if (!run.over && !run.cut)
        do_act(act, 0);
    return true;
}

static void take_events(unsigned most)
{
    while (most > 0 && take_event())
        most--;
}

/* ---- the loop ---------------------------------------------------------------------------------------- */

static void serve(void)
{
    if (!run.over && parley_service(run.c, run.now_us) != PARLEY_OK)
        broken("parley_service: %s", parley_error(run.c)->text);
}

static uint64_t deadline(void)
{
    struct parley_interest want[PARLEY_INTERESTS];
    size_t count = parley_interest(run.c, want);
    uint64_t first_us = PARLEY_NEVER;

    for (size_t i = 0; i < count; i++) {
        if (want[i].deadline_us < first_us)
            first_us = want[i].deadline_us;
        /* as a descriptor would tell */
        if ((want[i].write && !wire_is_stuck()) ||
            (want[i].read && !run.course->manner.buffers && parley_pipe_unread(run.pipe) > 0))
            first_us = run.now_us;
    }
    return first_us;
}

/* One turn of the host; `idle` of them before it moved nothing. */
static void turn(unsigned idle)
{
    enum pace pace = run.course->pace;

    if (pace == PACE_ANY) {
        for (uint32_t i = roll(&run.dice, 4); i > 0; i--)
            serve();
        take_events(roll(&run.dice, 4));
        return;
    }
    serve();
    if (pace == PACE_EAGER || (pace == PACE_LAZY && roll_one(&run.dice, 8)) ||
        (pace == PACE_LATE && idle > WIRE_CUTS))
        take_events(pace == PACE_LATE ? 1 + roll(&run.dice, 20) : TRACE_TOLD);
    else if (pace == PACE_ONE)
        take_events(1);
}

static void hear(struct parley_view message)
{
    uint64_t hash = check_hash(0, message.at, message.len);
    struct trace *trace = run.trace;

    if (is_ordinary() || run.cut)
        partner_note(message);
    if (run.cut || run.course->send_bytes > 0)
        return;
    if (is_ordinary()) {
        assert_true(trace->heard_count < TRACE_HEARD);
        trace->heard[trace->heard_count].hash = hash;
        snprintf(trace->heard[trace->heard_count++].begin, sizeof trace->heard[0].begin, "%.*s",
                 (int)message.len, message.at);
    } else if (run.heard >= trace->heard_count || trace->heard[run.heard].hash != hash) {
        broken("message %u of the host is %.*s, it was %s", run.heard,
               message.len < 200 ? (int)message.len : 200, message.at,
               run.heard < trace->heard_count ? trace->heard[run.heard].begin : "none");
    }
    run.heard++;
}

/* Until nothing moves any more. The host looks only when the conversation says that there is a reason. */
static void settle(void)
{
    unsigned idle = 0;

    serve();
    while (!run.over && idle < IDLE_TURNS && parley_pipe_opened() == run.links) {
        size_t calls = parley_pipe_calls(run.pipe);
        unsigned told = run.told + run.played;
        bool moved = wire_work(hear);

        if (is_ordinary() || run.course->manner.pieces == PIECES_ALL || roll_one(&run.dice, 2))
            moved = wire_feed() || moved;
        if (deadline() > run.now_us && !moved && !wire_feed())
            break;
        turn(idle);
        moved = moved || calls != parley_pipe_calls(run.pipe) || told != run.told + run.played;
        idle = moved ? 0 : idle + 1;
    }
    if (idle == IDLE_TURNS)
        broken("it is ready, but for nothing");
    if (!run.over && !run.cut && run.course->manner.pings && !may_break() &&
        parley_pipe_unread(run.pipe) == 0)
        wire_check_pongs();
    figures.held += !run.over && parley_pipe_unread(run.pipe) > 0;
}

/* ---- a life ------------------------------------------------------------------------------------------ */

/* The service's turn: it listens and speaks, or says the same again. `phase` NULL: before the first. */
static void speak(const struct phase *phase)
{
    struct trace *trace = run.trace;
    unsigned number = phase != NULL ? run.phase : STORY_PHASES;
    int end = is_ordinary() ? partner_turn(phase, number, run.now_us) : 0;

    if (end > 0) {
        trace->end_phase = (int)number;
        trace->end_code = (uint16_t)end;
    }
    if (is_ordinary())
        return;
    for (; run.said < trace->script.count && trace->script.said[run.said].phase == number; run.said++)
        wire_say(parley_view_of(trace->script.bytes + trace->script.said[run.said].at,
                                trace->script.said[run.said].length),
                 trace->script.said[run.said].binary);
    if (trace->end_phase == (int)number)
        wire_close(trace->end_code);
}

static struct parley_options options_for(const struct course *course)
{
    const struct story *story = course->story;
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;

    o.url = parley_view("wss://api.test/v1");
    o.prompt = parley_view("p");
    o.protocol = story->v1 ? PARLEY_PROTOCOL_V1 : PARLEY_PROTOCOL_V2;
    o.mode = story->transcription ? PARLEY_TRANSCRIPTION : PARLEY_CONVERSATIONAL;
    o.modality = story->text && !story->v1 ? PARLEY_MODALITY_TEXT : PARLEY_MODALITY_AUDIO;
    o.compress = course->manner.compressed ? PARLEY_COMPRESS_AUTO : PARLEY_COMPRESS_OFF;
    o.reconnect.on = course->reconnect;
    o.limits.inbox_bytes = story->inbox_bytes;
    o.limits.outbox_bytes = 32768;
    o.limits.transcript_bytes = 2048;
    o.limits.output_audio_ms = story->output_audio_ms;
    o.limits.link_recv_bytes = course->recv_bytes;
    o.limits.link_send_bytes = course->send_bytes;
    return o;
}

/* Until the link has been asked for, and the service is about to say its first word. */
static void start(void)
{
    struct parley_options options = options_for(run.course);
    size_t bytes = parley_memory_needed(&options);
    struct parley_error error;

    parley_fake_reset();
    parley_fake_random_seed(run.story->seed);
    parley_pipe_reset();
    wire_start(&run.course->manner, &run.dice);
    run.block = malloc(bytes);
    run.now_us = NOON;
    if (parley_open(&run.c, run.block, bytes, &options, run.now_us, &error) != PARLEY_OK)
        broken("%s", error.text);
    parley_playout_delay(run.c, PLAYOUT_US);
    if (run.story->v1)
        play(1); /* so it is known to read: what its replies, which have no names, have played is up to it */
    run.pipe = parley_pipe_last();
    run.links = parley_pipe_opened();
    wire_connect();
    for (unsigned i = 0; i < 10000 && !wire_is_up() && !wire_is_stuck(); i++) {
        serve();
        wire_work(hear);
    }
    if (run.over || (!wire_is_up() && run.course->manner.break_write == 0))
        broken("no request");
    if (is_ordinary()) {
        run.script = &run.trace->script;
        partner_start(run.story, run.story->strict, run.script, run.now_us);
    }
    run.cut = !wire_is_up();
    if (!run.cut)
        speak(NULL);
}

/* All that the service should have heard by now. */
static void check_heard(unsigned half)
{
    if (is_ordinary())
        run.trace->heard_until[half] = run.heard;
    else if (!run.cut && !may_break() && run.course->send_bytes == 0 &&
             run.heard != run.trace->heard_until[half])
        broken("%u messages of the host have come, %u should have", run.heard, run.trace->heard_until[half]);
}

static unsigned said_so_far(void)
{
    return is_ordinary() ? run.script->count : run.said;
}

static bool goes_on(void)
{
    return !run.over && !run.cut;
}

/* What is left of the phase, where there was no room for sound. */
static void take_rest(void)
{
    struct parley_stats stats;

    for (parley_stats(run.c, &stats); goes_on() && stats.messages_in < said_so_far();
         parley_stats(run.c, &stats)) {
        play(PCM_SAMPLES);
        settle();
    }
}

static void live_through(const struct phase *phase)
{
    uint32_t amount = phase->act == ACT_MIC && run.story->strict ? SPEECH + run.phase % 2 : phase->amount;

    run.now_us += phase->wait_us;
    do_act(phase->act, amount);
    settle();
    if (!goes_on())
        return;
    check_heard(2 * run.phase);
    speak(phase);
    settle();
    if (!goes_on())
        return;
    play(phase->plays);
    settle();
    if (!run.story->strict)
        take_rest();
    if (goes_on())
        check_heard(2 * run.phase + 1);
}

/* The service has come to an end, and nothing of it is on its way. */
static void check_all_told(void)
{
    const struct script *script = run.script;
    struct parley_stats stats;

    parley_stats(run.c, &stats);
    if (stats.messages_in != script->count)
        broken("%u of %u messages were read", (unsigned)stats.messages_in, script->count);
    for (unsigned i = 0; i < script->count; i++)
        if (!script->said[i].told &&
            check_has_event(parley_view_of(script->bytes + script->said[i].at, script->said[i].length)))
            broken("message %u was not told: %.60s", i + 1, script->bytes + script->said[i].at);
}

/* Plays what is left, and says goodbye. */
static void finish(void)
{
    unsigned told = run.told + 1;

    while (goes_on() && (told != run.told || parley_audio_queued(run.c) > 0)) {
        told = run.told;
        play(PCM_SAMPLES);
        run.now_us += 1;
        settle();
    }
    if (goes_on() && (wire_is_broken() || wire_is_stuck()))
        run.cut = true; /* it has yet to learn of it */
    if (!goes_on())
        return;
    run.now_us += PLAYOUT_US; /* all of it is heard */
    settle();
    if (!goes_on())
        return;
    if (is_ordinary())
        check_all_told();
    parley_stop(run.c);
    settle();
    if (!run.over && !run.cut)
        broken("it does not end");
}

/* ---- after a break ----------------------------------------------------------------------------------- */

/* What had arrived whole before the link broke has been told, unless there was no room for sound. */
static void check_arrived(void)
{
    const struct tellings *told = &run.trace->told;
    unsigned arrived = wire_arrived();

    if (!wire_is_broken() || parley_audio_queued(run.c) > 0)
        return;
    for (unsigned i = run.told; i < told->count; i++)
        if (told->at[i].message > 0 && told->at[i].message <= arrived)
            broken("message %u had arrived before the link broke, and was not told", told->at[i].message);
}

/* Another link, and a service of its own at its end. */
static void connect_again(void)
{
    static struct manner manner;
    struct parley_stats stats;

    parley_stats(run.c, &stats);
    manner = run.course->manner;
    manner.break_read = manner.break_write = 0;
    wire_start(&manner, &run.dice);
    run.pipe = parley_pipe_last();
    run.links = parley_pipe_opened();
    wire_connect();
    run.script = &after;
    run.script_from = stats.messages_in;
    partner_start(run.story, true, &after, run.now_us);
}

static void turn_again(void)
{
    uint64_t due_us = deadline();

    run.now_us = due_us > run.now_us && due_us < run.now_us + TURN_US ? due_us : run.now_us + TURN_US;
    serve();
    if (parley_pipe_opened() > run.links)
        connect_again();
    settle();
    if (wire_is_up() && run.script == &after)
        partner_turn(NULL, 0, run.now_us);
    settle();
    if (!run.over)
        play(PCM_SAMPLES);
}

/* A new session in which one can speak and be answered. */
static void go_on(void)
{
    bool replies = !run.story->transcription;

    for (unsigned i = 0; i < TURNS && !run.over && !run.reconnected; i++)
        turn_again();
    if (run.over && !run.story->strict) /* the service had said something that ends it */
        return;
    if (!run.reconnected)
        broken("no other link came up: %s", parley_error(run.c)->text);
    run.user_done = run.reply_done = false;
    parley_send_audio(run.c, sound(true), SPEECH);
    settle();
    parley_send_audio(run.c, sound(false), SPEECH);
    for (unsigned i = 0; i < TURNS && !run.over && !(run.user_done && (run.reply_done || !replies)); i++)
        turn_again();
    if (!run.user_done || (replies && !run.reply_done))
        broken("the other link is of no use");
    figures.reconnected++;
}

static void end_break(void)
{
    if (run.course->reconnect && !run.over) {
        check_arrived();
        go_on();
        parley_stop(run.c);
    }
    for (unsigned i = 0; i < TURNS && !run.over; i++)
        turn_again();
    if (!run.over)
        broken("it does not end after a break");
}

/* ---- a run ------------------------------------------------------------------------------------------- */

/* After an orderly end nothing is missing. */
static void check_complete(void)
{
    if (is_ordinary())
        run.trace->beside = run.beside;
    if (!may_break() && !run.story->v1 && run.trace->beside != run.beside)
        broken("what was heard to its end differs");
    if (run.told != run.trace->told.count || run.played != run.trace->played.count ||
        (!may_break() && run.course->send_bytes == 0 && run.heard != run.trace->heard_count))
        broken("%u of %u told, %u of %u played, %u of %u heard", run.told, run.trace->told.count, run.played,
               run.trace->played.count, run.heard, run.trace->heard_count);
}

static void clear(struct trace *trace)
{
    trace->told.count = trace->played.count = trace->heard_count = 0;
    trace->end_phase = -1;
}

void converse(const struct course *course, struct trace *trace)
{
    memset(&run, 0, sizeof run);
    run.course = course;
    run.story = course->story;
    run.trace = trace;
    run.dice = dice_for(course->seed, OF_NETWORK, 0);
    if (is_ordinary())
        clear(trace);
    start();
    for (run.phase = 0; run.phase < run.story->count && goes_on(); run.phase++)
        live_through(&run.story->phases[run.phase]);
    finish();
    if (run.cut)
        end_break();
    else
        check_complete();
    figures.runs++;
    figures.bytes += wire_fed();
    parley_close(run.c);
    free(run.block);
    wire_stop();
}
