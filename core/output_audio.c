/* The ledger of reply audio; see output_audio.h. Time comes in, nothing goes out but numbers. */
#include "core/output_audio.h"

#include "core/parley.h"

void parley_output_audio_open(struct parley_output_audio *o, struct parley_arena *arena, size_t queue_samples,
                              uint32_t replies)
{
    memset(o, 0, sizeof *o);
    o->size = queue_samples;
    o->replies_size = replies;
    o->runs_size = (size_t)replies * 2;
    o->queue = parley_arena_take_raw(arena, queue_samples, sizeof *o->queue);
    o->replies = parley_arena_take(arena, o->replies_size, sizeof *o->replies);
    o->runs = parley_arena_take(arena, o->runs_size, sizeof *o->runs);
}

/* ---- the table of replies ---------------------------------------------------------------------- */

static struct parley_reply *find(const struct parley_output_audio *o, const struct parley_chunk *chunk)
{
    for (uint32_t i = 0; i < o->replies_top; i++) {
        struct parley_reply *reply = &o->replies[i];
        if (reply->used && !reply->orphan && parley_id_is(&reply->item, chunk->item) &&
            reply->content_index == chunk->content_index)
            return reply;
    }
    return NULL;
}

/* A place for a new reply: a free one, else the oldest that was cut, of which only late audio could come. */
static struct parley_reply *vacancy(const struct parley_output_audio *o)
{
    struct parley_reply *oldest = NULL;

    for (uint32_t i = 0; i < o->replies_size; i++) {
        struct parley_reply *reply = &o->replies[i];
        if (!reply->used)
            return reply;
        if (reply->cut && reply->told && (oldest == NULL || reply->order < oldest->order))
            oldest = reply;
    }
    return oldest;
}

static struct parley_reply *add(struct parley_output_audio *o, const struct parley_chunk *chunk)
{
    struct parley_reply *reply = vacancy(o);

    if (reply == NULL)
        return NULL;
    if (reply == o->replies + o->replies_top)
        o->replies_top++;
    memset(reply, 0, sizeof *reply);
    reply->used = true;
    reply->order = o->next_order++;
    reply->rate = chunk->rate > 0 ? chunk->rate : 1;
    reply->content_index = chunk->content_index;
    parley_id_set(&reply->item, chunk->item);
    parley_id_set(&reply->response, chunk->response);
    reply->cut = o->cut_response.len > 0 && parley_id_is(&o->cut_response, chunk->response);
    reply->told = reply->cut;
    return reply;
}

/* ---- the queue of samples ---------------------------------------------------------------------- */

static size_t queue_free(const struct parley_output_audio *o)
{
    return o->size - (o->write_at - o->read_at);
}

static void queue_put(struct parley_output_audio *o, const int16_t *pcm, size_t samples)
{
    size_t at = o->write_at % o->size;
    size_t first = o->size - at < samples ? o->size - at : samples;

    memcpy(o->queue + at, pcm, first * sizeof *pcm);
    memcpy(o->queue, pcm + first, (samples - first) * sizeof *pcm);
    o->write_at += samples;
    if (o->touched < o->size && o->write_at > o->touched)
        o->touched = o->write_at < o->size ? o->write_at : o->size;
}

static void queue_take(struct parley_output_audio *o, int16_t *pcm, size_t samples)
{
    size_t at = o->read_at % o->size;
    size_t first = o->size - at < samples ? o->size - at : samples;

    memcpy(pcm, o->queue + at, first * sizeof *pcm);
    memcpy(pcm + first, o->queue, (samples - first) * sizeof *pcm);
    o->read_at += samples;
    if (o->read_at == o->write_at)
        o->read_at = o->write_at = 0; /* a short reply then touches few pages of a large queue */
}

static void run_put(struct parley_output_audio *o, uint32_t reply, size_t samples)
{
    if (o->runs_write > o->runs_read && o->runs[(o->runs_write - 1) % o->runs_size].reply == reply) {
        o->runs[(o->runs_write - 1) % o->runs_size].samples += samples;
        return;
    }
    o->runs[o->runs_write++ % o->runs_size] = (struct parley_run){reply, samples};
}

/* The host does not take audio here, so it hears that of the events: what is queued counts as heard. */
static void count_as_heard(struct parley_output_audio *o)
{
    for (uint32_t i = 0; i < o->replies_top; i++) {
        o->replies[i].played += o->replies[i].queued;
        o->played += o->replies[i].queued;
        o->replies[i].queued = 0;
    }
    o->read_at = o->write_at = 0;
    o->runs_read = o->runs_write = 0;
}

bool parley_output_audio_fits(const struct parley_output_audio *o, const struct parley_chunk *chunk)
{
    const struct parley_reply *reply = find(o, chunk);
    bool fits = queue_free(o) >= chunk->samples || (chunk->samples > o->size && o->write_at == o->read_at);

    if (o->size == 0 || o->unread ||
        (reply != NULL && reply->cut)) /* which is thrown away, so it needs none */
        return true;
    return fits && o->runs_write - o->runs_read < o->runs_size && (reply != NULL || vacancy(o) != NULL);
}

/* All places are taken, and another reply begins. The oldest that has been read will have no more: its end
   may stand behind this very message. Returns false while there is none. */
static bool end_oldest(struct parley_output_audio *o)
{
    struct parley_reply *oldest = NULL;

    for (uint32_t i = 0; i < o->replies_top; i++) {
        struct parley_reply *reply = &o->replies[i];
        if (!reply->cut && reply->queued == 0 && (oldest == NULL || reply->order < oldest->order))
            oldest = reply;
    }
    if (oldest == NULL)
        return false;
    oldest->complete = true;
    return true;
}

bool parley_output_audio_room(struct parley_output_audio *o, const struct parley_chunk *chunk)
{
    if (parley_output_audio_fits(o, chunk))
        return true;
    if (o->host_reads) {
        o->crowded = find(o, chunk) == NULL && vacancy(o) == NULL && !end_oldest(o);
        return false;
    }
    /* Full, and nothing was ever taken. To wait for such a host would be to wait for ever. */
    o->unread = true;
    count_as_heard(o);
    return true;
}

/* ---- receiving and reading --------------------------------------------------------------------- */

bool parley_output_audio_receive(struct parley_output_audio *o, const struct parley_chunk *chunk)
{
    struct parley_reply *reply = find(o, chunk);

    if (reply == NULL)
        reply = add(o, chunk);
    o->received += chunk->samples;
    if (reply == NULL) { /* only without a queue: nothing to be cut later, so nothing to remember */
        o->played += chunk->samples;
        return true;
    }
    reply->received += chunk->samples;
    if (reply->cut) {
        reply->discarded += chunk->samples;
        o->discarded += chunk->samples;
        return false;
    }
    if (!chunk->playable || o->unread || chunk->samples == 0 || chunk->samples > o->size) {
        reply->played += chunk->samples;
        o->played += chunk->samples;
        return true;
    }
    queue_put(o, chunk->pcm, chunk->samples);
    run_put(o, (uint32_t)(reply - o->replies), chunk->samples);
    reply->queued += chunk->samples;
    return true;
}

size_t parley_output_audio_read(struct parley_output_audio *o, int16_t *pcm, size_t samples, uint64_t now_us)
{
    size_t taken = 0;

    o->host_reads = true;
    o->unread = false;
    while (taken < samples && o->runs_read < o->runs_write) {
        struct parley_run *run = &o->runs[o->runs_read % o->runs_size];
        struct parley_reply *reply = &o->replies[run->reply];
        size_t count = run->samples < samples - taken ? run->samples : samples - taken;

        queue_take(o, pcm + taken, count);
        run->samples -= count;
        if (run->samples == 0)
            o->runs_read++;
        reply->queued -= count;
        reply->played += count;
        reply->last_read_us = now_us;
        o->played += count;
        taken += count;
    }
    if (o->crowded)
        o->crowded = !end_oldest(o);
    return taken;
}

size_t parley_output_audio_queued(const struct parley_output_audio *o)
{
    return o->write_at - o->read_at;
}

void parley_output_audio_complete(struct parley_output_audio *o, struct parley_view response)
{
    for (uint32_t i = 0; i < o->replies_top; i++) {
        struct parley_reply *reply = &o->replies[i];
        if (response.len == 0 || reply->response.len == 0 || parley_id_is(&reply->response, response))
            reply->complete = true;
        if (reply->used && reply->complete && reply->cut && reply->told)
            reply->used = false;
    }
    if (response.len == 0 || parley_id_is(&o->cut_response, response))
        o->cut_response.len = 0;
}

void parley_output_audio_restart(struct parley_output_audio *o)
{
    parley_output_audio_complete(o, parley_view(NULL));
    for (uint32_t i = 0; i < o->replies_top; i++)
        o->replies[i].orphan = true;
}

/* ---- what was heard ---------------------------------------------------------------------------- */

/* Samples of a reply that the host has taken and nobody has heard yet. */
static uint64_t on_the_way(const struct parley_output_audio *o, const struct parley_reply *reply,
                           uint64_t now_us)
{
    uint64_t passed_us = now_us - reply->last_read_us;
    uint64_t samples;

    if (reply->last_read_us == 0 || passed_us >= o->delay_us)
        return 0;
    samples = ((o->delay_us - passed_us) * PARLEY_SAMPLE_RATE + 999999) / 1000000;
    return samples < reply->played ? samples : reply->played;
}

static bool is_heard(const struct parley_output_audio *o, const struct parley_reply *reply, uint64_t now_us)
{
    return reply->complete && reply->queued == 0 && on_the_way(o, reply, now_us) == 0;
}

/* Milliseconds come of the sum; the reference floors each chunk, and is short by one for many of them. */
static struct parley_heard heard(const struct parley_reply *reply)
{
    uint64_t ms = reply->played * 1000 / reply->rate;

    return (struct parley_heard){reply->item, reply->content_index,
                                 ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX, reply->orphan};
}

uint32_t parley_output_audio_cut(struct parley_output_audio *o, struct parley_view response, uint64_t now_us)
{
    uint32_t cuts = 0;

    if (!o->host_reads)
        count_as_heard(o);
    for (uint32_t i = 0; i < o->replies_top; i++) {
        struct parley_reply *reply = &o->replies[i];
        uint64_t lost = on_the_way(o, reply, now_us);

        if (!reply->used || reply->cut || is_heard(o, reply, now_us))
            continue;
        reply->played -= lost;
        o->played -= lost;
        reply->discarded += lost + reply->queued;
        o->discarded += lost + reply->queued;
        reply->queued = 0;
        reply->cut = true;
        cuts++;
    }
    o->read_at = o->write_at = 0;
    o->runs_read = o->runs_write = 0;
    parley_id_set(&o->cut_response, response);
    return cuts;
}

bool parley_output_audio_next_cut(struct parley_output_audio *o, struct parley_heard *cut)
{
    struct parley_reply *first = NULL;

    for (uint32_t i = 0; i < o->replies_top; i++) {
        struct parley_reply *reply = &o->replies[i];
        if (reply->used && reply->cut && !reply->told && (first == NULL || reply->order < first->order))
            first = reply;
    }
    if (first == NULL)
        return false;
    first->told = true;
    *cut = heard(first);
    if (first->complete)
        first->used = false;
    return true;
}

bool parley_output_audio_next_played(struct parley_output_audio *o, uint64_t now_us,
                                     struct parley_heard *played)
{
    for (uint32_t i = 0; i < o->replies_top; i++) {
        struct parley_reply *reply = &o->replies[i];
        if (reply->used && !reply->cut && is_heard(o, reply, now_us)) {
            *played = heard(reply);
            reply->used = false;
            return true;
        }
    }
    return false;
}

uint64_t parley_output_audio_deadline(const struct parley_output_audio *o)
{
    uint64_t deadline_us = PARLEY_NEVER;

    for (uint32_t i = 0; i < o->replies_top; i++) {
        const struct parley_reply *reply = &o->replies[i];
        uint64_t heard_us = reply->last_read_us > 0 ? reply->last_read_us + o->delay_us : 0;
        if (reply->used && reply->complete && !reply->cut && reply->queued == 0 && heard_us < deadline_us)
            deadline_us = heard_us;
    }
    return deadline_us;
}
