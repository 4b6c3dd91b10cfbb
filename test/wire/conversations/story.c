/* From a seed to a conversation: see story.h. */
#include "test/wire/conversations/story.h"

#include "test/fault/simulation/chaos.h"

#include <stdio.h>

enum { INBOX_BYTES = 32768, MS_SAMPLES = PARLEY_SAMPLE_RATE / 1000 };

/* A built-in service answers what it is asked, and hears what is loud for long enough. */
static enum act strict_act(struct dice *d, bool v1)
{
    static const enum act acts[] = {ACT_TYPE, ACT_ASK, ACT_ASK, ACT_MIC, ACT_MIC, ACT_NOTHING, ACT_INTERRUPT};

    return v1 && roll_one(d, 2) ? ACT_MIC : acts[roll(d, sizeof acts / sizeof *acts)];
}

/* A reply may be over with it, which the host learns when it serves next. What is said behind it, of the same
   reply, is taken one way or the other; so it is the last of a phase. */
static bool may_end_reply(uint32_t what)
{
    switch (what) {
    case SAY_CREATED:
    case SAY_DONE:
    case SAY_CANCELLED:
    case SAY_RESPONSE_CANCELLED:
    case SAY_DONE_OTHER:
    case SAY_OUT_OF_BAND:
    case SAY_ITEM:
    case SAY_ODD:
        return true;
    default:
        return false;
    }
}

static void make_sayings(struct phase *p, struct dice *d)
{
    unsigned first = 0, last = p->sayings;

    for (unsigned i = 0; i < p->sayings; i++) {
        uint32_t what = roll_one(d, 3) ? (uint32_t)SAY_AUDIO : roll(d, SAYINGS);
        unsigned at = may_end_reply(what) ? --last : first++;

        p->says[at].what = what;
        p->says[at].chance = roll(d, 1u << 31);
    }
}

static void make_phase(const struct story *story, struct phase *p, unsigned number)
{
    struct dice d = dice_for(story->seed, OF_STEP, number);

    p->wait_us = roll_from(&d, 1, 8) * UINT64_C(20000);
    p->act = story->strict ? strict_act(&d, story->v1) : (enum act)roll(&d, ACT_DONE + 1);
    if (number == 0 && p->act == ACT_MIC) /* what overtakes it before the link is up would be chance */
        p->act = ACT_NOTHING;
    p->amount = roll_from(&d, 1, 6) * 20 * MS_SAMPLES;
    p->plays = roll_one(&d, 3) ? 0 : roll_from(&d, 1, 300) * MS_SAMPLES;
    p->sayings = story->strict ? 0 : roll(&d, STORY_SAYINGS + 1);
    make_sayings(p, &d);
}

void story_make(struct story *story, uint64_t seed)
{
    static const uint32_t output_ms[] = {200, 400, 3000, PARLEY_LIMIT_NONE};
    struct dice d = dice_for(seed, OF_CONFIG, 0);

    *story = (struct story){.seed = seed, .inbox_bytes = INBOX_BYTES};
    story->strict = roll_one(&d, 4);
    story->v1 = roll_one(&d, 4);
    story->text = roll_one(&d, 3);
    story->transcription = roll_one(&d, 10);
    story->output_audio_ms = output_ms[roll(&d, story->v1 ? 3 : 4)];
    story->count = roll_from(&d, 3, STORY_PHASES);
    for (unsigned i = 0; i < story->count; i++)
        make_phase(story, &story->phases[i], i);
}

enum act story_reaction(const struct story *story, unsigned n, const struct parley_event *event)
{
    static const enum act acts[] = {ACT_TYPE, ACT_INTERRUPT, ACT_ASK, ACT_MIRROR};
    struct dice d = dice_for(story->seed, OF_HOST, n);

    if (event->kind == PARLEY_EVENT_HANDOFF)
        return roll_one(&d, 2) ? ACT_DONE : ACT_PROGRESS;
    return roll_one(&d, 24) ? acts[roll(&d, sizeof acts / sizeof *acts)] : ACT_NOTHING;
}

struct parley_view story_text(unsigned n)
{
    static const char *const texts[] = {"hello", "how far is it \xe2\x80\x94 in \"miles\"\\?",
                                        "run\nthe tests", "z\xc3\xa4hl bis \xf0\x9f\x94\x9f"};
    static char text[80];

    snprintf(text, sizeof text, "%u %s", n, texts[n % (sizeof texts / sizeof *texts)]);
    return parley_view(text);
}
