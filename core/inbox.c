/* The inbox; see inbox.h. */
#include "core/inbox.h"

void parley_inbox_open(struct parley_inbox *inbox, void *memory, size_t bytes)
{
    memset(inbox, 0, sizeof *inbox);
    inbox->size = bytes;
    inbox->at = memory;
}

void parley_inbox_add(struct parley_inbox *inbox, const struct parley_fragment *fragment)
{
    size_t bytes = fragment->bytes.len, room = inbox->size - inbox->len;
    size_t kept = bytes < room ? bytes : room;

    inbox->total += bytes;
    inbox->binary = inbox->binary || fragment->binary;
    if (kept > 0 && !inbox->binary) {
        memcpy(inbox->at + inbox->len, fragment->bytes.at, kept);
        inbox->len += kept;
        if (inbox->len > inbox->touched)
            inbox->touched = inbox->len;
    }
    if (!fragment->last)
        return;
    if (inbox->binary)
        inbox->state = PARLEY_INBOX_BINARY;
    else
        inbox->state = inbox->total > inbox->size ? PARLEY_INBOX_TOO_LONG : PARLEY_INBOX_MESSAGE;
}

void parley_inbox_release(struct parley_inbox *inbox)
{
    inbox->state = PARLEY_INBOX_FILLING;
    inbox->len = 0;
    inbox->total = 0;
    inbox->binary = false;
}
