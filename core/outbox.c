/* The outbox; see outbox.h. Messages lie in one piece, because the transport takes them so. */
#include "core/outbox.h"

#include "platform/status.h"

/* Before each message and each chunk of audio. */
typedef uint32_t record_length;

void parley_outbox_open(struct parley_outbox *outbox, struct parley_arena *arena, size_t bytes,
                        size_t reserve, size_t audio_bytes)
{
    memset(outbox, 0, sizeof *outbox);
    outbox->size = bytes;
    outbox->reserve = reserve;
    outbox->at = parley_arena_take(arena, bytes, 1);
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
    return counted.used + sizeof(record_length) > limit ? PARLEY_ERR_TOO_LONG : PARLEY_ERR_FULL;
}

int parley_outbox_put(struct parley_outbox *outbox, enum parley_outbox_for whose,
                      const struct parley_template *t, const struct parley_slot *slots)
{
    size_t limit = outbox->size - (whose == PARLEY_OUTBOX_HOST ? outbox->reserve : 0);
    struct parley_render r;
    record_length length;

    compact(outbox);
    if (outbox->tail + sizeof length >= limit)
        return refusal(limit, t, slots);
    r = parley_render(outbox->at + outbox->tail + sizeof length, limit - outbox->tail - sizeof length);
    if (parley_render_template(&r, t, slots) < 0)
        return refusal(limit, t, slots);
    length = (record_length)r.used;
    memcpy(outbox->at + outbox->tail, &length, sizeof length);
    outbox->tail += sizeof length + r.used;
    if (used(outbox) > outbox->peak)
        outbox->peak = used(outbox);
    return PARLEY_OK;
}

static record_length first_length(const struct parley_outbox *outbox)
{
    record_length length = 0;

    if (used(outbox) > 0)
        memcpy(&length, outbox->at + outbox->head, sizeof length);
    return length;
}

struct parley_view parley_outbox_first(const struct parley_outbox *outbox)
{
    if (used(outbox) == 0)
        return parley_view(NULL);
    return parley_view_of(outbox->at + outbox->head + sizeof(record_length) + outbox->sent,
                          first_length(outbox) - outbox->sent);
}

bool parley_outbox_took(struct parley_outbox *outbox, size_t bytes)
{
    record_length length = first_length(outbox);

    outbox->sent += bytes;
    if (outbox->sent < length)
        return false;
    outbox->head += sizeof length + length;
    outbox->sent = 0;
    if (outbox->head == outbox->tail)
        outbox->head = outbox->tail = 0;
    return true;
}

/* ---- audio ------------------------------------------------------------------------------------- */

size_t parley_outbox_take_audio(struct parley_outbox *outbox, void *pcm)
{
    record_length length;

    if (parley_ring_take(&outbox->audio, &length, sizeof length) == 0)
        return 0;
    outbox->audio_bytes -= length;
    return parley_ring_take(&outbox->audio, pcm, length);
}

size_t parley_outbox_put_audio(struct parley_outbox *outbox, const void *pcm, size_t bytes)
{
    record_length length = (record_length)bytes;
    size_t dropped = 0;

    while (outbox->audio_bytes > 0 && (outbox->audio_bytes + bytes > outbox->audio_bytes_max ||
                                       parley_ring_free(&outbox->audio) < bytes + sizeof length))
        dropped += parley_outbox_take_audio(outbox, NULL);
    if (bytes + sizeof length > parley_ring_free(&outbox->audio))
        return dropped + bytes;
    parley_ring_put(&outbox->audio, &length, sizeof length);
    parley_ring_put(&outbox->audio, pcm, bytes);
    outbox->audio_bytes += bytes;
    return dropped;
}

void parley_outbox_clear(struct parley_outbox *outbox)
{
    if (outbox->sent > 0)
        outbox->tail = outbox->head + sizeof(record_length) + first_length(outbox);
    else
        outbox->head = outbox->tail = 0;
    parley_ring_clear(&outbox->audio);
    outbox->audio_bytes = 0;
}
