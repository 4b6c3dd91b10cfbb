/*
 * Records of a length and a text, one behind the other; see journal.h.
 */
#include "transport/loopback/journal.h"

enum { HEAD = sizeof(size_t) };

struct parley_journal parley_journal(struct parley_arena *arena, size_t bytes)
{
    char *at = parley_arena_take(arena, 1, bytes);
    struct parley_journal j = {.at = at, .size = at != NULL ? bytes : 0};

    return j;
}

char *parley_journal_room(const struct parley_journal *j, size_t *bytes)
{
    *bytes = j->size - j->used > HEAD ? j->size - j->used - HEAD : 0;
    return *bytes > 0 ? j->at + j->used + HEAD : NULL;
}

void parley_journal_keep(struct parley_journal *j, size_t bytes)
{
    memcpy(j->at + j->used, &bytes, HEAD);
    j->used += HEAD + bytes;
}

bool parley_journal_add(struct parley_journal *j, struct parley_view text)
{
    size_t room;
    char *at = parley_journal_room(j, &room);

    if (text.len > room)
        return false;
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    if (at != NULL)
        parley_journal_keep(j, text.len);
    return at != NULL;
}

/* The text whose record starts `offset` bytes in. */
static bool text_at(const struct parley_journal *j, size_t offset, struct parley_view *text)
{
    size_t len;

    if (offset >= j->used)
        return false;
    memcpy(&len, j->at + offset, HEAD);
    *text = parley_view_of(j->at + offset + HEAD, len);
    return true;
}

bool parley_journal_first(const struct parley_journal *j, struct parley_view *text)
{
    return text_at(j, 0, text);
}

bool parley_journal_after(const struct parley_journal *j, struct parley_view *text)
{
    return text_at(j, (size_t)(text->at - j->at) + text->len, text);
}

void parley_journal_drop(struct parley_journal *j)
{
    struct parley_view first;

    if (!text_at(j, 0, &first))
        return;
    j->used -= HEAD + first.len;
    memmove(j->at, j->at + HEAD + first.len, j->used);
}
