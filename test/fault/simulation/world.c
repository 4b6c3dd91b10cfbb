/* Time, the host's loop, and the steps of a plan: see simulation.h. */
#include "test/fault/simulation/simulation.h"

#include "platform/fake/fake.h"
#include "test/fault/simulation/dice.h"
#include <stdio.h>
#include <string.h>

enum {
    BLOCK_BYTES = 1024 * 1024,
    GUARD_BYTES = 64,
    PCM_SAMPLES = 8000,
    IDLE_WAKES = 8,      /* in a row, at one moment, in which nothing happens: more is a busy loop */
    WAKES_MAX = 200000,  /* in a whole conversation */
    EVENTS_MAX = 100000, /* likewise */
    LOUD = 6000,
    TONE = 50, /* samples of half a wave */
    SETTLE_STEP_US = 100000,
    SETTLE_CHAOS_US = 4000000,
    SETTLE_TALK_US = 8000000,
    NOON = 1000000,
    CLOSE_WAKES = 100,
};

struct host {
    struct simulation *sim;
    struct watch *watch;
    struct network *network;
    const struct plan *plan;
    struct parley_conversation *c;
    uint64_t now_us, tick_us; /* and when audio is read next; PARLEY_NEVER */
    unsigned idle, wakes, typed;
    bool over; /* CLOSED has been taken */
    unsigned agent_calls;
};

static unsigned char memory[GUARD_BYTES * 2 + 16 + BLOCK_BYTES];
static int16_t counting[CHAOS_PERIOD + PCM_SAMPLES], tone[PCM_SAMPLES], silence[PCM_SAMPLES];
static int16_t loudspeaker[PCM_SAMPLES];

static void make_sounds(void)
{
    if (counting[1] != 0)
        return;
    for (size_t i = 0; i < sizeof counting / sizeof *counting; i++)
        counting[i] = (int16_t)(i % CHAOS_PERIOD);
    for (size_t i = 0; i < PCM_SAMPLES; i++)
        tone[i] = i / TONE % 2 == 0 ? LOUD : -LOUD;
}

/* ---- calls of the host ----------------------------------------------------------------------------- */

static bool is_going(const struct host *h)
{
    return !h->over && h->watch->broken[0] == 0;
}

static void note(struct host *h, long result)
{
    watch_hash(h->watch, (uint64_t)(int64_t)result);
    watch_check(h->watch);
}

/* A text of the user or the agent; those that were taken are numbered. */
static struct parley_view numbered(struct host *h, const char *text, size_t more, char *into, size_t bytes)
{
    int length = snprintf(into, bytes, "%s #%u#", text, h->watch->accepted + 1);

    if (more > bytes - (size_t)length)
        more = bytes - (size_t)length;
    memset(into + length, '.', more);
    return parley_view_of(into, (size_t)length + more);
}

static void type(struct host *h, uint32_t which, bool mirrored)
{
    static const char *const texts[] = {"hello",         "run the tests", "thanks",    "be quiet",
                                        "how far is it", "count to ten",  "what else", "find \"it\" \\"};
    char into[64];
    struct parley_view text = numbered(h, texts[which % 8], 0, into, sizeof into);
    int status = mirrored ? parley_mirror_text(h->c, text) : parley_send_text(h->c, text);

    h->watch->accepted += status == PARLEY_OK;
    if (status != PARLEY_OK && status != PARLEY_ERR_FULL && status != PARLEY_ERR_STATE)
        watch_broken(h->watch, "status", "a text is refused: %d", status);
    note(h, status);
}

static void ask(struct host *h)
{
    int status = parley_request_reply(h->c);

    if (status == PARLEY_OK)
        watch_asked(h->watch);
    note(h, status);
}

static void report(struct host *h, struct parley_view handoff, size_t more)
{
    char into[4100];
    int status = parley_agent_progress(h->c, handoff, numbered(h, "so far", more, into, sizeof into));

    h->watch->accepted += status == PARLEY_OK;
    if (status == PARLEY_OK)
        watch_reported(h->watch);
    note(h, status);
}

static void finish(struct host *h, struct parley_view handoff)
{
    int status = parley_agent_done(h->c, handoff);

    if (status == PARLEY_OK)
        watch_finished(h->watch);
    note(h, status);
}

static size_t hear(struct host *h, uint32_t samples)
{
    size_t most = samples < PCM_SAMPLES ? samples : PCM_SAMPLES, got;

    if (h->plan->settings.silent_host && !h->network->perfect)
        return 0;
    got = parley_read_audio(h->c, loudspeaker, most);
    if (got > most)
        watch_broken(h->watch, "status", "%u samples were read, %u asked for", (unsigned)got, (unsigned)most);
    else
        watch_read(h->watch, loudspeaker, got);
    note(h, (long)got);
    return got;
}

static void speak(struct host *h, uint32_t samples, bool loud)
{
    const int16_t *pcm = loud ? tone : silence;
    long taken;

    if (samples > PCM_SAMPLES)
        samples = PCM_SAMPLES;
    if (h->plan->settings.chaos)
        pcm = counting + h->watch->given % CHAOS_PERIOD;
    taken = parley_send_audio(h->c, pcm, samples);
    if (taken >= 0)
        watch_given(h->watch, samples);
    if (taken != (long)samples && taken != PARLEY_ERR_STATE)
        watch_broken(h->watch, "status", "%ld of %u samples taken", taken, (unsigned)samples);
    note(h, taken);
}

/* Calls that are wrong, and must change nothing. */
static void talk_nonsense(struct host *h, uint32_t which)
{
    static const char huge[16000] = "x";
    const struct parley_view text = parley_view_of(huge, sizeof huge);
    struct parley_line line;
    long status;

    switch (which) {
    case 0:
        status = parley_send_text(h->c, parley_view("\xff\xfe"));
        break;
    case 1:
        status = parley_send_text(h->c, text);
        break;
    case 2:
        status = parley_agent_progress(h->c, parley_view("call_none"), parley_view("x"));
        break;
    case 3:
        status = parley_agent_done(h->c, parley_view("call_none"));
        break;
    case 4:
        status = parley_handoff_line(h->c, 1000, &line) ? 0 : -1;
        break;
    case 5:
        status = parley_send_audio(h->c, counting, 0) > 0 ? 0 : -1;
        break;
    case 6:
        status = parley_agent_progress(h->c, parley_view("call_none"), text);
        break;
    default:
        status = parley_mirror_text(h->c, parley_view("\xc0"));
    }
    if (status >= 0)
        watch_broken(h->watch, "status", "nonsense %u is accepted", (unsigned)which);
    note(h, status);
}

/* ---- the agent that acts by itself ----------------------------------------------------------------- */

static void on_handoff(struct host *h)
{
    struct parley_view active = parley_view(NULL);

    switch (h->plan->settings.agent) {
    case AGENT_CHATTY:
        for (int i = 0; i < 3; i++)
            report(h, active, 10);
        finish(h, active);
        break;
    case AGENT_FAST:
        if (h->agent_calls++ % 2 == 0)
            report(h, active, 0);
        finish(h, active);
        break;
    case AGENT_IN_STEPS:
    case AGENT_FAILING:
        break;
    }
}

/* ---- the loop -------------------------------------------------------------------------------------- */

/* Returns how many events there were. */
static unsigned take_events(struct host *h, unsigned most)
{
    struct parley_event event;
    unsigned taken = 0;

    while (taken < most && is_going(h)) {
        bool routed;

        watch_asks(h->watch);
        if (parley_next_event(h->c, &event) <= 0)
            break;
        taken++;
        routed = event.kind == PARLEY_EVENT_HANDOFF && !event.steering && event.delegation.len > 0;
        watch_event(h->watch, &event);
        watch_check(h->watch);
        h->over = event.kind == PARLEY_EVENT_CLOSED;
        if (routed)
            on_handoff(h);
        if (h->watch->events > EVENTS_MAX)
            watch_broken(h->watch, "busy", "more than %d events", EVENTS_MAX);
    }
    watch_check(h->watch);
    return taken;
}

/* One turn of the loop: whatever is ready. A wake in which nothing comes or goes is for nothing. */
static void wake(struct host *h)
{
    struct parley_stats before = h->watch->stats, *after = &h->watch->stats;
    unsigned links = h->watch->links, events;
    bool up = h->network->up;
    int status;

    h->watch->now_us = h->now_us;
    status = parley_service(h->c, h->now_us);
    if (status != PARLEY_OK)
        watch_broken(h->watch, "status", "parley_service returns %d", status);
    watch_check(h->watch);
    events = take_events(h, h->plan->settings.slow_host ? 1 : EVENTS_MAX);
    if (events > 0 || after->bytes_in != before.bytes_in || after->bytes_out != before.bytes_out ||
        links != h->watch->links || up != h->network->up)
        h->idle = 0;
    else if (++h->idle > IDLE_WAKES)
        watch_broken(h->watch, "busy", "%u wakes for nothing", h->idle);
    if (++h->wakes > WAKES_MAX)
        watch_broken(h->watch, "busy", "more than %d wakes", WAKES_MAX);
}

static uint64_t deadline(struct host *h)
{
    struct parley_interest want[PARLEY_INTERESTS];
    size_t count = parley_interest(h->c, want);
    uint64_t first_us = PARLEY_NEVER;

    for (size_t i = 0; i < count; i++)
        if (want[i].deadline_us < first_us)
            first_us = want[i].deadline_us;
    if (first_us <= h->now_us)
        first_us = h->now_us;
    watch_hash(h->watch, first_us);
    return first_us;
}

/* Lives until then, as a host with a loop of its own does: it wakes when it was asked to, and to read audio.
 */
static void live_until(struct host *h, uint64_t until_us)
{
    while (is_going(h)) {
        uint64_t next_us = deadline(h);

        if (next_us > h->now_us)
            h->idle = 0;
        if (next_us > until_us && h->tick_us > until_us) {
            h->now_us = until_us;
            return;
        }
        if (h->tick_us < next_us) {
            h->now_us = h->tick_us > h->now_us ? h->tick_us : h->now_us;
            h->tick_us = h->now_us + h->plan->settings.tick_us;
            hear(h, h->plan->settings.tick_us * 24 / 1000);
            h->idle = 0;
            continue;
        }
        h->now_us = next_us;
        wake(h);
    }
}

/* After a call of the host: what it gave rise to goes out. */
static void serve(struct host *h)
{
    h->idle = 0;
    if (is_going(h))
        wake(h);
    h->idle = 0;
}

/* ---- steps ----------------------------------------------------------------------------------------- */

static void take_step(struct host *h, const struct step *step)
{
    struct parley_view any = parley_view(NULL), stale = parley_view("call_stale");

    switch ((enum step_kind)step->kind) {
    case STEP_MIC:
        speak(h, step->a, step->b != 0);
        break;
    case STEP_TYPE:
        type(h, step->a, step->b != 0);
        break;
    case STEP_ASK:
        ask(h);
        break;
    case STEP_INTERRUPT:
        note(h, parley_interrupt(h->c, (enum parley_reason)step->a));
        break;
    case STEP_PLAY:
        hear(h, step->a);
        break;
    case STEP_DELAY:
        h->watch->delayed = true;
        h->watch->delay_us = step->a;
        parley_playout_delay(h->c, step->a);
        break;
    case STEP_SERVE:
        for (uint32_t i = 0; i < step->a; i++)
            serve(h);
        break;
    case STEP_NONSENSE:
        talk_nonsense(h, step->a);
        break;
    case STEP_PROGRESS:
        report(h, step->a != 0 ? stale : any, step->b);
        break;
    case STEP_DONE:
        if (h->plan->settings.agent != AGENT_FAILING)
            finish(h, step->a != 0 ? stale : any);
        break;
    case STEP_SAY:
        if (h->plan->settings.chaos && h->network->up)
            chaos_say(&h->network->chaos, step->a, step->b);
        break;
    case STEP_BREAK:
        network_break(h->network, step->a);
        break;
    case STEP_MUTE:
        network_mute(h->network, h->now_us + step->a * UINT64_C(1000));
        break;
    case STEP_SLOW:
        if (h->network->outer.send_bytes > 0)
            h->network->outer.send_bytes = step->a;
        break;
    case STEP_STICK:
        if (step->a == 0 && h->network->up)
            network_stick(h->network);
        else
            h->network->outer.stuck = h->network->mute;
        break;
    case STEP_JUMP:
        h->now_us += step->a * UINT64_C(1000);
        break;
    case STEP_FAULT:
        network_fault(h->network, step->a, step->b, h->now_us);
        break;
    case STEP_WAIT:
    case STEP_KINDS:
        break;
    }
}

/* ---- the beginning --------------------------------------------------------------------------------- */

static struct parley_options options_for(const struct plan *plan, struct network *network)
{
    const struct settings *s = &plan->settings;
    struct parley_options o = PARLEY_OPTIONS_DEFAULT;

    o.protocol = s->v1 ? PARLEY_PROTOCOL_V1 : PARLEY_PROTOCOL_V2;
    o.mode = s->transcription ? PARLEY_TRANSCRIPTION : PARLEY_CONVERSATIONAL;
    o.modality = s->text && !s->v1 ? PARLEY_MODALITY_TEXT : PARLEY_MODALITY_AUDIO;
    o.prompt = parley_view("p");
    o.close_on_error = s->close_on_error;
    o.peer = &network->outer;
    o.reconnect.on = s->reconnect;
    o.reconnect.attempts = s->attempts;
    o.reconnect.base_ms = s->base_ms;
    o.reconnect.cap_ms = 1000;
    o.limits.inbox_bytes = s->inbox_bytes;
    o.limits.outbox_bytes = s->outbox_bytes;
    o.limits.input_audio_ms = s->input_audio_ms;
    o.limits.output_audio_ms = s->queue_off ? PARLEY_LIMIT_NONE : s->output_audio_ms;
    o.limits.transcript_bytes = s->transcript_bytes;
    o.limits.reply_items = s->reply_items;
    return o;
}

static bool is_guarded(const unsigned char *block, size_t bytes)
{
    for (size_t i = 0; i < GUARD_BYTES; i++)
        if (block[-1 - (int)i] != 0xA5 || block[bytes + i] != 0xA5)
            return false;
    return true;
}

/* A block that is too small by any number of bytes: an error, in words, and nothing touched behind its end.
 */
static void open_short(struct host *h, const struct parley_options *options, unsigned char *block,
                       size_t bytes)
{
    struct dice d = dice_for(h->plan->seed, OF_HOST, 0);
    /* By a share of it: how large it is differs from machine to machine. */
    size_t less = roll_one(&d, 4) ? bytes - 1 : (size_t)((uint64_t)bytes * roll(&d, 1000) / 1000);
    struct parley_error error;

    memset(block - GUARD_BYTES, 0xA5, GUARD_BYTES);
    memset(block + less, 0xA5, GUARD_BYTES);
    if (parley_open(&h->c, block, less, options, h->now_us, &error) == PARLEY_OK) {
        if (parley_memory_needed(options) - less > 16) /* an aligned block needs less */
            watch_broken(h->watch, "memory", "%lu bytes are enough, it said %lu", (unsigned long)less,
                         (unsigned long)bytes);
        parley_close(h->c);
    } else if (h->c != NULL || error.status != PARLEY_ERR_MEMORY || error.text[0] == 0) {
        watch_broken(h->watch, "memory", "a block that is too small: status %d", error.status);
    }
    if (!is_guarded(block, less))
        watch_broken(h->watch, "memory", "written behind a block that is too small");
}

/* ---- the end --------------------------------------------------------------------------------------- */

/* Nothing goes wrong any more, and nothing new is said: what is under way comes to its end. */
static void settle(struct host *h)
{
    uint64_t step_us = SETTLE_STEP_US, end_us = h->now_us;

    end_us += h->plan->settings.chaos ? SETTLE_CHAOS_US : SETTLE_TALK_US;
    network_heal(h->network);
    while (is_going(h) && h->now_us < end_us) {
        live_until(h, h->now_us + step_us);
        while (is_going(h) && hear(h, PCM_SAMPLES) > 0)
            serve(h);
        serve(h);
        if (h->network->chaos.read == h->network->chaos.write && step_us < SETTLE_STEP_US * 8)
            step_us *= 2;
    }
    while (is_going(h) && hear(h, PCM_SAMPLES) > 0)
        continue;
    if (is_going(h) && h->watch->up)
        watch_check_settled(h->watch);
}

/* It ends, one way or the other, soon, with one CLOSED that is the last event. */
static void end(struct host *h)
{
    uint64_t began_us = h->now_us;
    unsigned wakes = h->wakes;
    struct parley_event event;

    if (h->plan->settings.ending == END_AT_ONCE)
        return;
    if (h->plan->settings.ending == END_STOP || !h->network->up || h->plan->settings.reconnect)
        parley_stop(h->c);
    else
        h->network->end = h->plan->settings.ending == END_PEER ? PARLEY_ERR_PEER_CLOSED : PARLEY_ERR_LOST;
    for (int i = 0; is_going(h) && i < CLOSE_WAKES; i++) {
        serve(h);
        if (h->plan->settings.ending != END_STOP)
            hear(h, PCM_SAMPLES);
    }
    if (h->watch->broken[0] != 0)
        return;
    if (!h->over)
        watch_broken(h->watch, "close", "not over after %u wakes and %u us", h->wakes - wakes,
                     (unsigned)(h->now_us - began_us));
    else if (parley_next_event(h->c, &event) >= 0 || parley_service(h->c, h->now_us) >= 0 ||
             parley_send_text(h->c, parley_view("late")) != PARLEY_ERR_STATE ||
             parley_agent_progress(h->c, parley_view(NULL), parley_view("late")) != PARLEY_ERR_STATE ||
             parley_agent_done(h->c, parley_view(NULL)) != PARLEY_ERR_STATE ||
             parley_request_reply(h->c) != PARLEY_ERR_STATE ||
             parley_interrupt(h->c, PARLEY_REASON_HOST) != PARLEY_ERR_STATE || h->watch->closed != 1)
        watch_broken(h->watch, "closed", "it goes on after CLOSED");
}

static void converse(struct host *h)
{
    const struct plan *plan = h->plan;

    for (unsigned i = 0; i < plan->count && is_going(h); i++) {
        live_until(h, h->now_us + plan->steps[i].wait_us);
        if (!is_going(h))
            break;
        take_step(h, &plan->steps[i]);
        serve(h);
    }
    if (is_going(h))
        settle(h);
    if (is_going(h))
        end(h);
}

bool simulate(struct simulation *sim, const struct plan *plan)
{
    struct host h = {
        .sim = sim, .watch = &sim->watch, .network = &sim->network, .plan = plan, .now_us = NOON};
    struct parley_options options = options_for(plan, &sim->network);
    unsigned char *block = memory + GUARD_BYTES + plan->settings.offset % 16;
    struct parley_error error;
    size_t bytes;

    make_sounds();
    parley_fake_clock_set_us(NOON);
    parley_fake_clock_unix_s(1767225600);
    parley_fake_random_seed(plan->seed);
    watch_start(&sim->watch, plan);
    network_start(&sim->network, plan, &sim->watch);
    h.tick_us = plan->settings.tick_us > 0 ? NOON : PARLEY_NEVER;
    bytes = parley_memory_needed(&options);
    if (bytes == 0 || bytes > BLOCK_BYTES) {
        watch_broken(&sim->watch, "memory", "%lu bytes are needed", (unsigned long)bytes);
        return false;
    }
    if (plan->settings.short_block)
        open_short(&h, &options, block, bytes);
    memset(block - GUARD_BYTES, 0xA5, GUARD_BYTES + bytes + GUARD_BYTES);
    if (parley_open(&h.c, block, bytes, &options, h.now_us, &error) != PARLEY_OK) {
        watch_broken(&sim->watch, "memory", "not opened: %s", error.text);
        return false;
    }
    sim->watch.c = h.c;
    converse(&h);
    parley_close(h.c);
    for (size_t i = 0; i < sim->watch.stats.memory_bytes; i += 64)
        if (block[i] != 0 && block[i] != 0xA5) /* what it never used is left alone */
            watch_broken(&sim->watch, "memory", "the block is not wiped");
    if (!is_guarded(block, bytes))
        watch_broken(&sim->watch, "memory", "written outside of the block");
    return sim->watch.broken[0] == 0;
}
