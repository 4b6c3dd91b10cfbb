/* The outbox; see outbox.h. Messages lie in one piece, because the transport takes them so. */
#include "core/outbox.h"

#include "platform/status.h"

/* Before each message, and before each chunk of audio. */
struct record {
    uint32_t length : 30, whose : 2;
};
typedef uint32_t record_length;

void parley_outbox_open(struct parley_outbox *outbox, struct parley_arena *arena, size_t bytes,
                        size_t reserve, size_t audio_bytes)
{
    memset(outbox, 0, sizeof *outbox);
    outbox->size = bytes;
    outbox->reserve = reserve;
    outbox->at = parley_arena_take_raw(arena, bytes, 1);
    outbox->audio_bytes_max = audio_bytes;
    /* Room for the lengths as well, should every chunk be a single millisecond. */
    outbox->audio = parley_ring(arena, audio_bytes + audio_bytes / 48 * sizeof(record_length));
}

/* ---- messages ---------------------------------------------------------------------------------- */

static size_t used(const struct parley_outbox *outbox)
{
    return outbox->tail - outbox->head;
}

bool parley_outbox_has_reserve(const struct parley_outbox *outbox)
{
    return outbox->size - used(outbox) >= outbox->reserve;
}

/* Moves what waits to the front, so that what is free is one piece. */
static void compact(struct parley_outbox *outbox)
{
    if (outbox->head == 0)
        return;
    memmove(outbox->at, outbox->at + outbox->head, used(outbox));
    outbox->tail -= outbox->head;
    outbox->head = 0;
}

/* It did not fit: would it, if the queue were empty? */
static int refusal(size_t limit, const struct parley_template *t, const struct parley_slot *slots)
{
    struct parley_render counted = parley_render(NULL, 0);

    parley_render_template(&counted, t, slots);
    return counted.used + sizeof(struct record) > limit ? PARLEY_ERR_TOO_LONG : PARLEY_ERR_FULL;
}

int parley_outbox_put(struct parley_outbox *outbox, enum parley_outbox_for whose,
                      const struct parley_template *t, const struct parley_slot *slots)
{
    size_t limit = outbox->size - (whose < PARLEY_OUTBOX_OWN ? outbox->reserve : 0);
    struct parley_render r;
    struct record record;

    compact(outbox);
    if (outbox->tail + sizeof record >= limit)
        return refusal(limit, t, slots);
    r = parley_render(outbox->at + outbox->tail + sizeof record, limit - outbox->tail - sizeof record);
    if (parley_render_template(&r, t, slots) < 0)
        return refusal(limit, t, slots);
    record = (struct record){.length = r.used & PARLEY_OUTBOX_BYTES_MAX, .whose = (unsigned)whose & 3};
    memcpy(outbox->at + outbox->tail, &record, sizeof record);
    outbox->tail += sizeof record + r.used;
    if (used(outbox) > outbox->peak)
        outbox->peak = used(outbox);
    return PARLEY_OK;
}

static struct record record_at(const struct parley_outbox *outbox, size_t at)
{
    struct record record = {.length = 0};

    if (at < outbox->tail)
        memcpy(&record, outbox->at + at, sizeof record);
    return record;
}

static size_t first_length(const struct parley_outbox *outbox)
{
    return record_at(outbox, outbox->head).length;
}

struct parley_view parley_outbox_first(const struct parley_outbox *outbox)
{
    if (used(outbox) == 0)
        return parley_view(NULL);
    return parley_view_of(outbox->at + outbox->head + sizeof(struct record) + outbox->sent,
                          first_length(outbox) - outbox->sent);
}

bool parley_outbox_took(struct parley_outbox *outbox, size_t bytes)
{
    size_t length = first_length(outbox);

    outbox->sent += bytes;
    if (outbox->sent < length)
        return false;
    outbox->head += sizeof(struct record) + length;
    outbox->sent = 0;
    if (outbox->head == outbox->tail)
        outbox->head = outbox->tail = 0;
    return true;
}

void parley_outbox_restart(struct parley_outbox *outbox)
{
    size_t end = outbox->head;

    for (size_t at = outbox->head; at < outbox->tail;) {
        struct record record = record_at(outbox, at);
        size_t bytes = sizeof record + record.length;

        if (record.whose == PARLEY_OUTBOX_HOST) {
            memmove(outbox->at + end, outbox->at + at, bytes);
            end += bytes;
        }
        at += bytes;
    }
    outbox->tail = end;
    outbox->sent = 0;
}

void parley_outbox_resume(struct parley_outbox *outbox)
{
    outbox->sent = 0;
}

size_t parley_outbox_count(const struct parley_outbox *outbox, enum parley_outbox_for whose)
{
    size_t count = 0;

    for (size_t at = outbox->head; at < outbox->tail;) {
        struct record record = record_at(outbox, at);

        count += record.whose == (unsigned)whose;
        at += sizeof record + record.length;
    }
    return count;
}

/* ---- audio ------------------------------------------------------------------------------------- */

/* The length of the chunk `offset` bytes into the ring. */
static record_length chunk_length(const struct parley_outbox *outbox, size_t offset)
{
    record_length length = 0;

    parley_ring_peek(&outbox->audio, offset, &length, sizeof length);
    return length;
}

/* Takes the first chunk of the ring out of it. */
static void drop_chunk(struct parley_outbox *outbox)
{
    record_length length = chunk_length(outbox, 0);

    parley_ring_take(&outbox->audio, NULL, sizeof length + length);
    if (outbox->audio_kept == 0) {
        outbox->audio_bytes -= length;
        outbox->audio_taken += length; /* the places of what follows stay what they are */
        return;
    }
    outbox->audio_kept -= length;
    outbox->kept_in_ring -= sizeof length + length;
}

size_t parley_outbox_take_audio(struct parley_outbox *outbox, void *pcm)
{
    record_length length;

    if (outbox->audio_bytes == 0)
        return 0;
    length = chunk_length(outbox, outbox->kept_in_ring);
    parley_ring_peek(&outbox->audio, outbox->kept_in_ring + sizeof length, pcm, length);
    if (!outbox->audio_kept_on) {
        drop_chunk(outbox);
        return length;
    }
    outbox->audio_bytes -= length;
    outbox->audio_taken += length;
    outbox->audio_kept += length;
    outbox->kept_in_ring += sizeof length + length;
    return length;
}

size_t parley_outbox_put_audio(struct parley_outbox *outbox, const void *pcm, size_t bytes)
{
    record_length length = (record_length)bytes;
    size_t before = outbox->audio_bytes, dropped;

    while (outbox->audio_bytes + outbox->audio_kept > 0 &&
           (outbox->audio_bytes + outbox->audio_kept + bytes > outbox->audio_bytes_max ||
            parley_ring_free(&outbox->audio) < bytes + sizeof length))
        drop_chunk(outbox);
    dropped = before - outbox->audio_bytes;
    if (bytes + sizeof length > parley_ring_free(&outbox->audio))
        return dropped + bytes;
    parley_ring_put(&outbox->audio, &length, sizeof length);
    parley_ring_put(&outbox->audio, pcm, bytes);
    outbox->audio_bytes += bytes;
    return dropped;
}

void parley_outbox_forget_audio(struct parley_outbox *outbox, uint64_t place)
{
    while (outbox->audio_kept > 0 &&
           outbox->audio_taken - outbox->audio_kept + chunk_length(outbox, 0) <= place)
        drop_chunk(outbox);
}

void parley_outbox_rewind_audio(struct parley_outbox *outbox)
{
    outbox->audio_taken -= outbox->audio_kept;
    outbox->audio_bytes += outbox->audio_kept;
    outbox->audio_kept = outbox->kept_in_ring = 0;
}

void parley_outbox_clear(struct parley_outbox *outbox)
{
    if (outbox->sent > 0)
        outbox->tail = outbox->head + sizeof(struct record) + first_length(outbox);
    else
        outbox->head = outbox->tail = 0;
    parley_ring_clear(&outbox->audio);
    outbox->audio_bytes = outbox->audio_kept = outbox->kept_in_ring = 0;
}
