/*
 * When a conversation is over although nobody said so: see lull.h.
 */
#include "core/cli/lull.h"

void parley_cli_lull_start(struct parley_cli_lull *l, uint64_t linger_us, uint64_t now_us)
{
    *l = (struct parley_cli_lull){.linger_us = linger_us, .last_us = now_us};
}

void parley_cli_lull_busy(struct parley_cli_lull *l, uint64_t now_us)
{
    l->last_us = now_us;
}

void parley_cli_lull_expect(struct parley_cli_lull *l, uint64_t now_us)
{
    l->owed = true;
    l->last_us = now_us;
}

void parley_cli_lull_event(struct parley_cli_lull *l, const struct parley_event *event, uint64_t now_us)
{
    l->last_us = now_us;
    switch (event->kind) {
    case PARLEY_EVENT_SPEECH_STARTED:
        l->speaking = true;
        break;
    case PARLEY_EVENT_SPEECH_STOPPED:
        l->speaking = false;
        l->owed = true;
        break;
    case PARLEY_EVENT_RESPONSE_CREATED:
        l->replying = true;
        l->owed = false;
        break;
    case PARLEY_EVENT_RESPONSE_DONE:
    case PARLEY_EVENT_RESPONSE_CANCELLED:
        l->replying = false;
        break;
    case PARLEY_EVENT_REPLY_DELTA:
    case PARLEY_EVENT_AUDIO:
        l->owed = false;
        break;
    case PARLEY_EVENT_SDP: /* there is no conversation before the call is joined */
        l->away = true;
        break;
    case PARLEY_EVENT_LINK:
        l->away = l->away && !parley_view_is(event->text, "open");
        break;
    case PARLEY_EVENT_RECONNECTING:
        l->owed = l->owed || l->speaking || l->replying; /* what was cut may come yet */
        l->speaking = l->replying = false;
        l->away = true;
        break;
    case PARLEY_EVENT_RECONNECTED:
        l->away = false;
        break;
    default: /* the rest is a sign of life, no more */
        break;
    }
}

uint64_t parley_cli_lull_end_us(const struct parley_cli_lull *l)
{
    bool waits = l->speaking || l->owed || l->replying;
    uint64_t wait_us =
        waits && l->linger_us < PARLEY_CLI_LULL_PATIENCE_US ? PARLEY_CLI_LULL_PATIENCE_US : l->linger_us;

    return l->away ? PARLEY_NEVER : parley_clock_add(l->last_us, wait_us);
}
