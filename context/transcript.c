/*
 * What was said so far, in one buffer: the texts one behind another from its start, a record for each from
 * its end downwards, and the room between for both.
 *
 *     |  gone  | text text text last |      room      | last record ... oldest record | gone |
 *              head                  tail
 *
 * New text goes to `tail`, so the last entry grows where it stands and every text is in one piece; the oldest
 * go at `head`. The buffer is a quarter larger than the bound, so that all has to be moved to the
 * edges only now and then. See context/transcript.h.
 */
#include "context/transcript.h"

#include "parser/utf8.h"

#include <string.h>

struct record {
    uint32_t at;                                      /* of its text in the buffer */
    uint32_t len : 28, kind : 2, parts : 1, role : 1; /* parts: it has come as deltas alone */
};

struct parley_transcript {
    char *buffer;
    size_t size, bound;
    size_t head, tail;
    size_t gone, count;              /* records dropped since all was moved last, and records kept */
    size_t first;                    /* entries dropped since open */
    bool incomplete;                 /* not all there ever was is kept */
    size_t handed;                   /* how many of those kept a handoff has had */
    size_t lost;                     /* bytes of text dropped that no handoff has had */
    size_t lost_of_last;             /* those of them that were the beginning of the last entry */
    bool begun[2];                   /* by role: the next text is a new entry */
    size_t turn[2];                  /* by role: the number of the entry that was begun last */
    size_t given_first, given_count; /* the entries of the last handoff, until something changes */
};

enum { RECORD = sizeof(struct record), BOUND_MAX = 1 << 27, LEN_MAX = (1 << 28) - 1 };
_Static_assert(sizeof(struct record) == PARLEY_TRANSCRIPT_ENTRY_BYTES, "what transcript.h promises");

/* ---- records --------------------------------------------------------------------------------- */

/* Where the first `count` of the records end, seen from the end of the buffer: that is where the last of
   them starts. */
static struct record *records(const struct parley_transcript *t, size_t count)
{
    return (struct record *)(void *)(t->buffer + t->size) - t->gone - count;
}

/* The i-th one kept, the oldest being 0. */
static struct record *record(const struct parley_transcript *t, size_t i)
{
    return records(t, i + 1);
}

static struct record *last_record(const struct parley_transcript *t)
{
    return record(t, t->count - 1);
}

static struct parley_transcript_entry entry(const struct parley_transcript *t, size_t i)
{
    const struct record *r = record(t, i);
    struct parley_transcript_entry e = {(enum parley_role)r->role, {t->buffer + r->at, r->len}};
    return e;
}

/* ---- the bound ------------------------------------------------------------------------------- */

/* True when `bytes` more would exceed the bound. */
static bool exceeds(const struct parley_transcript *t, size_t bytes)
{
    return t->tail - t->head + t->count * RECORD + bytes > t->bound;
}

static void drop_oldest(struct parley_transcript *t)
{
    if (t->handed > 0)
        t->handed--;
    else
        t->lost += record(t, 0)->len;
    t->incomplete = true;
    t->gone++;
    t->first++;
    t->count--;
    t->head = t->count > 0 ? record(t, 0)->at : t->tail;
}

/* `text`, of the last entry, without at least `excess` bytes of its beginning: no part of a character stays.
 */
static struct parley_view without_beginning(struct parley_transcript *t, struct parley_view text,
                                            size_t excess)
{
    while (excess < text.len && ((unsigned char)text.at[excess] & 0xC0) == 0x80)
        excess++;
    t->incomplete = true;
    if (t->handed < t->count) {
        t->lost += excess;
        t->lost_of_last += excess;
    }
    return parley_view_skip(text, excess);
}

/* Takes at least `excess` bytes from the beginning of the only entry. */
static void shorten(struct parley_transcript *t, size_t excess)
{
    struct record *only = record(t, 0);
    struct parley_view kept = without_beginning(t, entry(t, 0).text, excess);

    t->head = t->tail - kept.len;
    only->at = (uint32_t)t->head;
    only->len = (uint32_t)kept.len & LEN_MAX;
}

/* Moves all texts to the start of the buffer and all records to its end, unless there is room for `bytes`. */
static void make_room(struct parley_transcript *t, size_t bytes)
{
    struct record *newest = records(t, t->count);

    if (t->size - t->tail - (t->gone + t->count) * RECORD >= bytes)
        return;
    for (size_t i = 0; i < t->count; i++)
        record(t, i)->at -= (uint32_t)t->head;
    memmove(newest + t->gone, newest, t->count * RECORD);
    memmove(t->buffer, t->buffer + t->head, t->tail - t->head);
    t->gone = 0;
    t->tail -= t->head;
    t->head = 0;
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Adds text to the last entry; what is older, and then the beginning of its own, goes as far as needed. */
static void extend(struct parley_transcript *t, struct parley_view text)
{
    while (t->count > 1 && exceeds(t, text.len))
        drop_oldest(t);
    if (exceeds(t, text.len)) {
        size_t there = t->tail - t->head;
        size_t excess = there + RECORD + text.len - t->bound;

        shorten(t, excess < there ? excess : there);
        if (excess > there)
            text = without_beginning(t, text, excess - there);
    }
    make_room(t, text.len);
    if (text.len > 0)
        memcpy(t->buffer + t->tail, text.at, text.len);
    t->tail += text.len;
    last_record(t)->len = (uint32_t)(t->tail - last_record(t)->at) & LEN_MAX;
}

static void push(struct parley_transcript *t, enum parley_role role, struct parley_view text)
{
    make_room(t, RECORD); /* there is always room for one beyond the bound */
    t->count++;
    t->lost_of_last = 0;
    *last_record(t) = (struct record){.at = (uint32_t)t->tail, .role = (unsigned)role & 1};
    extend(t, text);
}

/* Puts another text in the place of the last entry's; what was lost of its beginning comes again with it. */
static void replace(struct parley_transcript *t, struct parley_view text)
{
    t->lost -= t->lost_of_last;
    t->lost_of_last = 0;
    t->tail = last_record(t)->at;
    last_record(t)->len = 0;
    extend(t, text);
}

/* Uses up the "begun" mark of a role; true when its text belongs to the last entry. */
static bool joins_last(struct parley_transcript *t, enum parley_role role)
{
    bool begun = t->begun[role];

    t->begun[role] = false;
    if (begun)
        t->turn[role] = t->first + t->count;
    return !begun && t->count > 0 && last_record(t)->role == role && last_record(t)->kind == 0;
}

/* ---- the interface --------------------------------------------------------------------------- */

struct parley_transcript *parley_transcript_open(struct parley_arena *arena, size_t bytes)
{
    size_t bound = bytes < PARLEY_TRANSCRIPT_MIN_BYTES ? PARLEY_TRANSCRIPT_MIN_BYTES
                   : bytes > BOUND_MAX                 ? BOUND_MAX
                                                       : bytes;
    size_t records = (bound + bound / 4) / RECORD + 1;
    char *buffer = parley_arena_take_raw(arena, records, RECORD);
    struct parley_transcript *t = parley_arena_take(arena, 1, sizeof *t);

    if (t == NULL || buffer == NULL)
        return NULL;
    t->buffer = buffer;
    t->size = records * RECORD;
    t->bound = bound;
    return t;
}

void parley_transcript_begin(struct parley_transcript *t, enum parley_role role)
{
    t->begun[role] = true;
}

void parley_transcript_delta(struct parley_transcript *t, enum parley_role role, struct parley_view text)
{
    bool joins = joins_last(t, role);

    if (text.len == 0)
        return;
    t->given_count = 0;
    if (joins)
        extend(t, text);
    else
        push(t, role, text);
    last_record(t)->parts = 1;
}

void parley_transcript_done(struct parley_transcript *t, enum parley_role role, struct parley_view text)
{
    bool joins = joins_last(t, role);

    if (text.len == 0)
        return;
    t->given_count = 0;
    if (joins)
        replace(t, text);
    else
        push(t, role, text);
    last_record(t)->parts = 0;
}

void parley_transcript_add(struct parley_transcript *t, unsigned kind, struct parley_view label,
                           struct parley_view text)
{
    size_t most = t->bound - RECORD - label.len;

    t->given_count = 0;
    push(t, PARLEY_ROLE_USER, label);
    last_record(t)->kind = kind & 3;
    if (text.len > most) /* else the label would go first */
        text = without_beginning(t, text, text.len - most);
    extend(t, text);
}

static void remove_last(struct parley_transcript *t)
{
    t->lost -= t->lost_of_last;
    t->lost_of_last = 0;
    t->tail = last_record(t)->at;
    t->count--;
    if (t->count == 0)
        t->head = t->tail;
}

void parley_transcript_take_back(struct parley_transcript *t, enum parley_role role)
{
    for (size_t i = t->count; i-- > t->handed && t->first + i >= t->turn[role];) {
        struct record *r = record(t, i);

        if (r->role != role || !r->parts)
            continue;
        t->given_count = 0;
        t->begun[role] = true;
        if (i + 1 == t->count)
            remove_last(t);
        else
            r->len = 0; /* its place stays, as what follows has numbers already */
    }
}

static bool user_said(const struct parley_transcript *t, struct parley_view trimmed)
{
    for (size_t i = 0; i < t->count; i++) {
        struct parley_transcript_entry e = entry(t, i);

        if (e.role == PARLEY_ROLE_USER && parley_view_equal(parley_utf8_trim(e.text), trimmed))
            return true;
    }
    return false;
}

size_t parley_transcript_handoff(struct parley_transcript *t, struct parley_view request, size_t *dropped)
{
    struct parley_view trimmed = parley_utf8_trim(request);

    if (trimmed.len > 0 && !user_said(t, trimmed))
        push(t, PARLEY_ROLE_USER, trimmed);
    t->given_first = t->handed;
    t->given_count = t->count - t->handed;
    t->handed = t->count;
    t->begun[PARLEY_ROLE_USER] = t->begun[PARLEY_ROLE_ASSISTANT] = true;
    *dropped = t->lost;
    t->lost = t->lost_of_last = 0;
    return t->given_count;
}

size_t parley_transcript_first(const struct parley_transcript *t)
{
    return t->first;
}

size_t parley_transcript_end(const struct parley_transcript *t)
{
    return t->first + t->count;
}

struct parley_transcript_entry parley_transcript_at(const struct parley_transcript *t, size_t number,
                                                    unsigned *kind)
{
    *kind = record(t, number - t->first)->kind;
    return entry(t, number - t->first);
}

bool parley_transcript_is_complete(const struct parley_transcript *t)
{
    return !t->incomplete;
}

struct parley_transcript_entry parley_transcript_entry(const struct parley_transcript *t, size_t i)
{
    if (i >= t->given_count)
        return (struct parley_transcript_entry){PARLEY_ROLE_USER, {NULL, 0}};
    return entry(t, t->given_first + i);
}
