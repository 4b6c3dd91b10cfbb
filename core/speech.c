/* What of the microphone's audio may have to be said again; see speech.h. */
#include "core/speech.h"

#include <string.h>

enum {
    BYTES_PER_MS = 48,
    BEFORE_BYTES = 1000 * BYTES_PER_MS, /* until a beginning is noticed */
    BEFORE_US = 1000 * 1000,
    MARGIN_BYTES = 300 * BYTES_PER_MS, /* of the silence that ends a turn: 500 ms (reference 2.2) */
};

static void account_until(struct parley_speech *s, uint64_t place)
{
    if (place > s->from)
        s->from = place;
}

static void forget_oldest(struct parley_speech *s)
{
    if (s->stopped[0] > MARGIN_BYTES)
        account_until(s, s->stopped[0] - MARGIN_BYTES);
    s->turns--;
    memmove(s->stopped, s->stopped + 1, s->turns * sizeof *s->stopped);
    if (s->answered > 0)
        s->answered--;
}

void parley_speech_started(struct parley_speech *s)
{
    s->speaking = true;
}

void parley_speech_stopped(struct parley_speech *s, uint64_t sent)
{
    if (s->turns == PARLEY_SPEECH_TURNS)
        forget_oldest(s);
    s->speaking = false;
    s->stopped[s->turns++] = sent;
    s->unwritten++;
}

void parley_speech_written(struct parley_speech *s)
{
    if (s->unwritten > 0)
        s->unwritten--;
    if (s->turns > s->unwritten)
        forget_oldest(s);
}

void parley_speech_response(struct parley_speech *s)
{
    s->answered = s->turns;
}

void parley_speech_answered(struct parley_speech *s)
{
    while (s->answered > 0)
        forget_oldest(s);
}

bool parley_speech_is_open(const struct parley_speech *s)
{
    return s->speaking || s->turns > 0;
}

uint64_t parley_speech_needed(struct parley_speech *s, uint64_t sent, uint64_t now_us)
{
    if (now_us - s->recent_us >= BEFORE_US) {
        s->settled = s->recent;
        s->recent = sent;
        s->recent_us = now_us;
    }
    if (!parley_speech_is_open(s) && sent > BEFORE_BYTES)
        account_until(s, s->settled < sent - BEFORE_BYTES ? s->settled : sent - BEFORE_BYTES);
    return s->from;
}

void parley_speech_restart(struct parley_speech *s, uint64_t now_us)
{
    *s = (struct parley_speech){.from = s->from, .settled = s->from, .recent = s->from, .recent_us = now_us};
}
