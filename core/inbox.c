/* The inbox; see inbox.h. */
#include "core/inbox.h"

void parley_inbox_open(struct parley_inbox *inbox, void *memory, size_t bytes)
{
    memset(inbox, 0, sizeof *inbox);
    inbox->size = bytes;
    inbox->at = inbox->own = memory;
}

/* True for a message that is one piece and need not be copied. A longer one than the inbox is refused all the
   same: what can be read must not depend on how the network cuts. */
static bool can_stay(const struct parley_inbox *inbox, const struct parley_fragment *piece)
{
    return piece->lent && piece->last && !inbox->binary && inbox->total == piece->bytes.len &&
           inbox->total <= inbox->size;
}

static void copy(struct parley_inbox *inbox, struct parley_view bytes)
{
    size_t room = inbox->size - inbox->len, kept = bytes.len < room ? bytes.len : room;

    if (kept > 0)
        memcpy(inbox->own + inbox->len, bytes.at, kept);
    inbox->len += kept;
    if (inbox->len > inbox->touched)
        inbox->touched = inbox->len;
}

void parley_inbox_add(struct parley_inbox *inbox, const struct parley_fragment *fragment)
{
    inbox->total += fragment->bytes.len;
    inbox->binary = inbox->binary || fragment->binary;
    if (can_stay(inbox, fragment)) {
        inbox->at = (char *)fragment->bytes.at;
        inbox->len = fragment->bytes.len;
    } else if (!inbox->binary) {
        copy(inbox, fragment->bytes);
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
    inbox->at = inbox->own;
    inbox->len = 0;
    inbox->total = 0;
    inbox->binary = false;
}
