/* From a seed to a plan: see plan.h. */
#include "test/fault/simulation/plan.h"

#include "test/fault/simulation/chaos.h"
#include "test/fault/simulation/dice.h"
#include "transport/loopback/service.h"
#include <string.h>

/* The next step, so long after the one before at most. Each draw is a statement of its own here: in which
   order a call's arguments are made is up to the compiler. */
static struct step *add(struct plan *plan, struct dice *d, uint32_t wait_below_us, enum step_kind kind)
{
    static struct step none;
    uint32_t wait_us = wait_below_us > 0 ? roll(d, wait_below_us) : 0;

    if (plan->count == PLAN_STEPS)
        return &none;
    plan->steps[plan->count] = (struct step){.wait_us = wait_us, .kind = (uint8_t)kind};
    return &plan->steps[plan->count++];
}

/* ---- settings ------------------------------------------------------------------------------------ */

static uint32_t one_of(struct dice *d, const uint32_t *values, uint32_t count)
{
    return values[roll(d, count)];
}

static void draw_link(struct settings *s, struct dice *d)
{
    static const uint32_t cuts[] = {1, 2, 3, 7, 64, 1000}, takes[] = {1, 7, 100, 1000, 5000};

    if (roll_one(d, 3))
        s->delay_us = roll(d, 200000);
    if (s->delay_us > 0 && roll_one(d, 2))
        s->jitter_us = roll(d, 100000);
    if (roll_one(d, 4))
        s->fragment_bytes = one_of(d, cuts, 6);
    if (roll_one(d, 8))
        s->send_bytes = s->chaos ? one_of(d, takes, 5) : roll_from(d, 100, 5000);
    s->mirror = roll_one(d, 16);
    s->shuffle = roll_one(d, 16);
}

static void draw_limits(struct settings *s, struct dice *d)
{
    s->inbox_bytes = s->chaos ? roll_from(d, 1024, 9000) : 12000;
    s->reply_items = roll_from(d, 2, 6);
    s->outbox_bytes = roll_from(d, 8192, 12000);
    s->transcript_bytes = roll_from(d, 256, 2000);
    s->input_audio_ms = roll_from(d, 100, s->chaos ? 400 : 2000);
    s->output_audio_ms = s->chaos ? roll_from(d, 1, 700) : roll_from(d, 150, 1500);
    s->queue_off = roll_one(d, 8);
}

static void draw_settings(struct settings *s, struct dice *d)
{
    static const uint32_t ticks[] = {0, 0, 10000, 20000, 20000, 40000};

    memset(s, 0, sizeof *s);
    s->chaos = !roll_one(d, 3);
    s->v1 = roll_one(d, 4);
    s->transcription = roll_one(d, 12);
    s->text = !s->v1 && roll_one(d, 12);
    s->close_on_error = roll_one(d, 16);
    s->reconnect = roll_one(d, 3);
    s->attempts = roll_from(d, 1, 4);
    s->base_ms = roll_from(d, 1, 300);
    s->silent_host = roll_one(d, 8);
    s->slow_host = roll_one(d, 4);
    s->short_block = roll_one(d, 8);
    s->even_service = roll_one(d, 4);
    s->tick_us = one_of(d, ticks, 6);
    s->offset = roll_one(d, 4) ? roll(d, 16) : 0;
    s->agent = (enum agent)roll(d, 4);
    s->ending = roll_one(d, 3) ? (enum ending)roll(d, 4) : END_STOP;
    draw_link(s, d);
    draw_limits(s, d);
}

/* ---- steps --------------------------------------------------------------------------------------- */

static void draw_fault(struct plan *plan, struct dice *d, uint32_t wait_us)
{
    static const enum step_kind kinds[] = {STEP_BREAK, STEP_BREAK, STEP_MUTE,  STEP_SLOW,  STEP_SLOW,
                                           STEP_JUMP,  STEP_SERVE, STEP_FAULT, STEP_FAULT, STEP_FAULT};
    struct step *step = add(plan, d, wait_us, kinds[roll(d, plan->settings.chaos ? 7 : 10)]);

    switch (step->kind) {
    case STEP_BREAK:
        step->a = roll(d, 16);
        break;
    case STEP_MUTE:
        step->a = roll(d, 3000);
        break;
    case STEP_SLOW:
        step->a = plan->settings.chaos && roll_one(d, 2) ? 1 + roll(d, 4) : 100 + roll(d, 2000);
        break;
    case STEP_JUMP:
        step->a = roll(d, roll_one(d, 4) ? 100000 : 5000);
        break;
    case STEP_FAULT:
        step->a = roll(d, PARLEY_FAULT_KINDS);
        step->b = step->a == PARLEY_FAULT_STALL ? roll(d, 1000000) : 1000 + roll(d, 16);
        break;
    default:
        step->a = 1 + roll(d, 5);
    }
}

static enum step_kind host_step_kind(struct dice *d)
{
    static const enum step_kind kinds[] = {
        STEP_TYPE, STEP_TYPE, STEP_ASK,       STEP_ASK,  STEP_PROGRESS, STEP_PROGRESS, STEP_DONE, STEP_DONE,
        STEP_MIC,  STEP_MIC,  STEP_INTERRUPT, STEP_PLAY, STEP_PLAY,     STEP_PLAY,     STEP_PLAY, STEP_PLAY};

    if (roll_one(d, 24))
        return STEP_DELAY;
    if (roll_one(d, 24))
        return STEP_NONSENSE;
    return kinds[roll(d, 16)];
}

static void draw_host_step(struct plan *plan, struct dice *d, uint32_t wait_us)
{
    struct step *step = add(plan, d, wait_us, host_step_kind(d));

    switch (step->kind) {
    case STEP_TYPE:
        step->a = roll(d, 16);
        step->b = (uint32_t)roll_one(d, 8);
        break;
    case STEP_INTERRUPT:
        step->a = roll(d, 3);
        break;
    case STEP_PROGRESS:
        step->b = roll(d, roll_one(d, 8) ? 4000 : 20);
        step->a = (uint32_t)roll_one(d, 6);
        break;
    case STEP_DONE:
        step->a = (uint32_t)roll_one(d, 6);
        break;
    case STEP_DELAY:
        step->a = roll(d, 200000);
        break;
    case STEP_MIC:
        step->a = roll(d, roll_one(d, 8) ? 7000 : 1200);
        step->b = roll(d, 2);
        break;
    case STEP_NONSENSE:
        step->a = roll(d, 8);
        break;
    case STEP_PLAY:
        step->a = roll(d, 2400);
        break;
    default:
        break;
    }
}

static void draw_saying(struct plan *plan, struct dice *d, uint32_t wait_us, uint32_t saying)
{
    struct step *step = add(plan, d, wait_us, STEP_SAY);

    step->a = saying;
    step->b = roll(d, 1u << 30);
}

/* A link that gets stuck before it breaks: what is said meanwhile is still here then. */
static void draw_jam(struct plan *plan, struct dice *d)
{
    uint32_t count = roll(d, 8);

    add(plan, d, 30000, STEP_STICK);
    while (count-- > 0) {
        if (plan->settings.chaos && roll_one(d, 2))
            draw_saying(plan, d, 3000, roll(d, SAYINGS));
        else
            draw_host_step(plan, d, 3000);
    }
    if (plan->settings.reconnect)
        add(plan, d, 3000, STEP_BREAK)->a = 8;
    else
        add(plan, d, 100000, STEP_STICK)->a = 1;
}

/* A whole response, as it should be, or nearly: chaos alone would seldom make one. */
static void draw_response(struct plan *plan, struct dice *d)
{
    uint32_t pieces = roll(d, 6);

    draw_saying(plan, d, 100000, SAY_CREATED);
    if (roll_one(d, 4))
        draw_saying(plan, d, 30000, SAY_CALL);
    for (uint32_t i = 0; i < pieces; i++) {
        draw_saying(plan, d, 30000, roll_one(d, 4) ? SAY_OUTPUT_DELTA : SAY_AUDIO);
        if (roll_one(d, 3))
            draw_host_step(plan, d, 20000);
    }
    draw_saying(plan, d, 30000, roll_one(d, 6) ? SAY_CANCELLED : SAY_DONE);
}

static void draw_chaos(struct plan *plan, struct dice *d)
{
    uint32_t count = roll_from(d, 5, 60), faults = roll(d, 4);

    while (count-- > 0) {
        uint32_t wait_us = roll_one(d, 3) ? 0 : 30000, what = roll(d, 12);

        if (what < 4)
            draw_saying(plan, d, wait_us, roll(d, SAYINGS));
        else if (what == 4)
            draw_response(plan, d);
        else if (what > 5)
            draw_host_step(plan, d, wait_us);
        else if (faults > 0 && roll_one(d, 4))
            draw_fault(plan, d, wait_us);
        else if (roll_one(d, plan->settings.reconnect ? 4 : 16))
            draw_jam(plan, d);
    }
}

/* The microphone in pieces of 100 ms: something is said, then nothing, mostly for so long that it is over. */
static void draw_speech(struct plan *plan, struct dice *d)
{
    uint32_t loud = roll_from(d, 2, 8), quiet = roll_one(d, 6) ? roll(d, 5) : 7;

    for (uint32_t i = 0; i < loud + quiet; i++) {
        struct step *step = add(plan, d, 0, STEP_MIC);

        step->wait_us = 100000;
        step->a = 2400;
        step->b = i < loud;
    }
}

static void draw_typed(struct plan *plan, struct dice *d)
{
    struct step *step = add(plan, d, 200000, STEP_TYPE);

    step->a = roll(d, 16);
    step->b = (uint32_t)roll_one(d, 8);
    add(plan, d, 20000, STEP_ASK);
}

static void draw_talk(struct plan *plan, struct dice *d)
{
    uint32_t count = roll_from(d, 2, 8), faults = roll(d, 3);

    while (count-- > 0) {
        uint32_t what = roll(d, 8);

        if (what < 2)
            draw_speech(plan, d);
        else if (what < 4)
            draw_typed(plan, d);
        else if (what == 4)
            add(plan, d, 2000000, STEP_WAIT);
        else if (what > 5)
            draw_host_step(plan, d, 500000);
        else if (faults > 0 && roll_one(d, 3))
            draw_fault(plan, d, 300000);
        else if (roll_one(d, plan->settings.reconnect ? 4 : 16))
            draw_jam(plan, d);
    }
}

void plan_make(struct plan *plan, uint64_t seed)
{
    struct dice config = dice_for(seed, OF_CONFIG, 0), steps = dice_for(seed, OF_PLAN, 0);

    plan->seed = seed;
    plan->count = 0;
    draw_settings(&plan->settings, &config);
    if (plan->settings.chaos)
        draw_chaos(plan, &steps);
    else
        draw_talk(plan, &steps);
}

/* ---- names and plain values ---------------------------------------------------------------------- */

const char *plan_step_name(unsigned kind)
{
    static const char *const names[STEP_KINDS] = {
        "wait",     "mic",  "type", "ask",   "interrupt", "play", "delay", "serve", "nonsense",
        "progress", "done", "say",  "break", "mute",      "slow", "stick", "jump",  "fault"};

    return kind < STEP_KINDS ? names[kind] : "?";
}

#define FLAG(field)                                                                                          \
    {                                                                                                        \
#field, offsetof(struct settings, field), sizeof(bool), 0                                            \
    }
#define NUMBER(field, plain)                                                                                 \
    {                                                                                                        \
#field, offsetof(struct settings, field), sizeof(uint32_t), plain                                    \
    }
static const struct {
    const char *name;
    size_t at, bytes;
    uint32_t plain;
} fields[PLAN_SETTINGS] = {
    FLAG(v1),
    FLAG(transcription),
    FLAG(text),
    FLAG(close_on_error),
    FLAG(reconnect),
    FLAG(queue_off),
    FLAG(silent_host),
    FLAG(slow_host),
    FLAG(short_block),
    FLAG(even_service),
    FLAG(mirror),
    FLAG(shuffle),
    NUMBER(tick_us, 0),
    NUMBER(jitter_us, 0),
    NUMBER(delay_us, 0),
    NUMBER(fragment_bytes, 0),
    NUMBER(send_bytes, 0),
    NUMBER(inbox_bytes, 12000),
    NUMBER(outbox_bytes, 12000),
    NUMBER(transcript_bytes, 2000),
    NUMBER(input_audio_ms, 2000),
    NUMBER(output_audio_ms, 1500),
    NUMBER(reply_items, 6),
    NUMBER(offset, 0),
};

const char *plan_setting_name(unsigned setting)
{
    return setting < PLAN_SETTINGS ? fields[setting].name : NULL;
}

bool plan_make_plain(struct plan *plan, unsigned setting)
{
    char *at = (char *)&plan->settings + fields[setting].at;
    bool plain_flag = false;
    const void *plain = fields[setting].bytes == sizeof(bool) ? (const void *)&plain_flag
                                                              : (const void *)&fields[setting].plain;

    if (memcmp(at, plain, fields[setting].bytes) == 0)
        return false;
    memcpy(at, plain, fields[setting].bytes);
    return true;
}
