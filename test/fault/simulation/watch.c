/* The invariants: see watch.h. */
#include "test/fault/simulation/watch.h"

#include "test/fault/simulation/chaos.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_PER_MS = 24, NOT_COUNTED = WATCH_ITEMS };

void watch_start(struct watch *w, const struct plan *plan)
{
    const struct settings *s = &plan->settings;

    memset(w, 0, offsetof(struct watch, calls));
    memset(&w->call_count, 0, offsetof(struct watch, items) - offsetof(struct watch, call_count));
    memset(&w->item_count, 0, offsetof(struct watch, runs) - offsetof(struct watch, item_count));
    memset(&w->runs_read, 0, sizeof *w - offsetof(struct watch, runs_read));
    w->plan = plan;
    w->hash = UINT64_C(14695981039346656037);
    w->sure = w->whole = true;
    w->honest = !s->chaos && !s->mirror && !s->shuffle;
}

void watch_broken(struct watch *w, const char *invariant, const char *format, ...)
{
    va_list arguments;

    if (w->broken[0] != 0)
        return;
    snprintf(w->broken, sizeof w->broken, "%s", invariant);
    va_start(arguments, format);
    vsnprintf(w->why, sizeof w->why, format, arguments);
    va_end(arguments);
}

/* ---- the trace ------------------------------------------------------------------------------------ */

void watch_hash(struct watch *w, uint64_t number)
{
    w->hash = (w->hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    w->hash ^= w->hash >> 32;
}

/* Eight bytes at a time, from the low end: the same on machines of either byte order. */
static void hash_bytes(struct watch *w, const void *from, size_t bytes)
{
    const unsigned char *at = from;

    watch_hash(w, bytes);
    for (; bytes >= 8; bytes -= 8, at += 8)
        watch_hash(w, (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
                          (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
                          (uint64_t)at[7] << 56);
    for (; bytes > 0; bytes--)
        watch_hash(w, *at++);
}

static void hash_view(struct watch *w, struct parley_view view)
{
    hash_bytes(w, view.at, view.len);
}

static void hash_event(struct watch *w, const struct parley_event *event)
{
    watch_hash(w, (uint64_t)event->kind);
    watch_hash(w, event->at_us);
    hash_view(w, event->text);
    hash_view(w, event->json);
    hash_view(w, event->delegation);
    hash_view(w, event->session_id);
    hash_view(w, event->item_id);
    hash_view(w, event->response_id);
    hash_view(w, event->handoff_id);
    hash_view(w, event->status_text);
    hash_view(w, event->code);
    hash_view(w, event->event_id);
    hash_bytes(w, event->pcm, event->pcm_bytes);
    watch_hash(w, event->samples);
    watch_hash(w, (uint64_t)event->sample_rate << 32 | event->samples_per_channel);
    watch_hash(w, event->channels);
    watch_hash(w, (uint64_t)(event->has_samples | event->late << 1 | event->steering << 2 |
                             event->fatal << 3 | event->state_restored << 4));
    watch_hash(w, (uint64_t)event->heard_ms << 32 | event->attempt);
    watch_hash(w, event->wait_ms);
    watch_hash(w, event->gap_ms);
    watch_hash(w, (uint64_t)event->dropped << 32 | event->lines);
    watch_hash(w, (uint64_t)(int64_t)event->status);
    watch_hash(w, (uint64_t)((unsigned)event->reason << 8 | (unsigned)event->closed));
}

/* ---- texts ---------------------------------------------------------------------------------------- */

static const char *find(struct parley_view text, const char *part)
{
    size_t length = strlen(part);
    const char *at = text.at, *end = text.at + text.len;

    while (at != NULL && (size_t)(end - at) >= length) {
        at = memchr(at, part[0], (size_t)(end - at) - length + 1);
        if (at == NULL)
            return NULL;
        if (memcmp(at, part, length) == 0)
            return at;
        at++;
    }
    return NULL;
}

static unsigned number_at(struct parley_view text)
{
    unsigned number = 0;

    for (; text.len > 0 && text.at[0] >= '0' && text.at[0] <= '9'; text = parley_view_skip(text, 1))
        number = number * 10 + (unsigned)(text.at[0] - '0');
    return number;
}

/* What stands behind `label`, up to a quote. Absent when the label is not there. */
static struct parley_view behind(struct parley_view text, const char *label)
{
    const char *at = find(text, label), *end;

    if (at == NULL)
        return parley_view(NULL);
    text = parley_view_skip(text, (size_t)(at - text.at) + strlen(label));
    end = memchr(text.at, '"', text.len);
    return parley_view_of(text.at, end != NULL ? (size_t)(end - text.at) : text.len);
}

static void keep(char id[WATCH_ID], struct parley_view view)
{
    size_t length = view.len < WATCH_ID - 1 ? view.len : WATCH_ID - 1;

    if (length > 0)
        memcpy(id, view.at, length);
    id[length] = 0;
}

/* ---- replies: one request at a time ---------------------------------------------------------------- */

static void want_reply(struct watch *w)
{
    if (w->plan->settings.v1 || w->plan->settings.transcription)
        return;
    if (w->reply != REPLY_NONE) {
        w->wanted = true;
        return;
    }
    w->reply = REPLY_ASKED;
    w->reply_id[0] = 0;
    w->creates_due++;
}

/* A response has ended, or all of them. */
static void items_ended(struct watch *w, struct parley_view id)
{
    for (unsigned i = 0; i < w->item_count; i++) {
        struct watch_item *item = &w->items[i];

        item->over =
            item->over || id.len == 0 || item->response[0] == 0 || parley_view_is(id, item->response);
        item->here = item->here && !(item->cut && item->over);
        item->ended = true;
        item->cut = false;
    }
}

static void reply_ended(struct watch *w, struct parley_view id)
{
    bool other = w->reply_id[0] != 0 && !parley_view_is(id, w->reply_id);

    items_ended(w, id);
    if (id.len > 0 && (w->reply == REPLY_ASKED || other))
        return;
    w->reply = w->owed || w->unsent ? REPLY_ASKED : REPLY_NONE;
    w->owed = false;
    w->reply_id[0] = 0;
    if (!w->wanted || w->reply == REPLY_ASKED)
        return;
    w->wanted = false;
    want_reply(w);
}

static void reply_refused(struct watch *w, struct parley_view text)
{
    const char *id = find(text, "resp_");

    w->reply = REPLY_RUNNING;
    w->owed = w->unsent;
    w->wanted = w->wanted || !w->unsent;
    if (id != NULL)
        keep(w->reply_id, parley_view_skip(text, (size_t)(id - text.at)));
}

void watch_asked(struct watch *w)
{
    want_reply(w);
}

/* ---- calls: each is answered once ------------------------------------------------------------------ */

static struct watch_call *call_of(struct watch *w, struct parley_view id)
{
    for (unsigned i = 0; i < w->call_count; i++)
        if (parley_view_is(id, w->calls[i].id))
            return &w->calls[i];
    if (w->call_count == WATCH_CALLS)
        return NULL;
    w->calls[w->call_count] = (struct watch_call){.due = 0};
    keep(w->calls[w->call_count].id, id);
    return &w->calls[w->call_count++];
}

static void owe_answer(struct watch *w, struct parley_view id)
{
    struct watch_call *call = call_of(w, id);

    if (call == NULL)
        return;
    call->link = w->links;
    call->due += w->sure;
}

/* Nothing names what a session that is gone has handed out. (The ids of the built-in service begin again with
   each: it knows by itself.) */
static void check_link(struct watch *w, const char *id, unsigned link)
{
    if (w->plan->settings.chaos && link > 0 && link < w->links)
        watch_broken(w, "stale", "%s is of link %u, this is %u", id, link, w->links);
}

void watch_reported(struct watch *w)
{
    if (w->active[0] == 0)
        watch_broken(w, "handoff", "progress is taken of no work");
    w->reported = true;
}

static void owe_finish(struct watch *w, struct parley_view id)
{
    struct watch_call *call = call_of(w, id);

    owe_answer(w, id);
    if (call == NULL)
        return;
    call->reported = w->reported;
}

void watch_finished(struct watch *w)
{
    struct parley_view id = parley_view(w->active);

    if (w->active[0] == 0)
        watch_broken(w, "handoff", "no work is finished");
    if (!w->plan->settings.v1 && w->sure) /* else its call may be gone */
        owe_finish(w, id);
    w->active[0] = 0;
    want_reply(w);
}

/* Whether the agent had anything to say is told with its end; which goes out at once, or later. */
static void check_finish(struct watch *w, const struct watch_call *call, struct parley_view message)
{
    bool at_once = parley_view_is(parley_view(call->id), w->active);
    bool reported = at_once ? w->reported : call->reported;

    if (!w->sure || call->due + at_once > 1 || find(message, "agent finished") == NULL)
        return;
    if (reported == (find(message, "finished without") != NULL))
        watch_broken(w, "answer", "%s: what its agent had said is %s", call->id,
                     reported ? "forgotten" : "made up");
}

static void on_output(struct watch *w, struct parley_view message)
{
    struct watch_call *call = call_of(w, behind(message, "\"call_id\":\""));

    if (call == NULL)
        return;
    check_link(w, call->id, call->link);
    call->answers++;
    check_finish(w, call, message);
}

/* ---- audio ----------------------------------------------------------------------------------------- */

static struct watch_item *item_of(struct watch *w, struct parley_view id)
{
    for (unsigned i = w->item_count; i > 0; i--)
        if (parley_view_is(id, w->items[i - 1].id))
            return &w->items[i - 1];
    if (w->item_count == WATCH_ITEMS) {
        w->items_full = true;
        return NULL;
    }
    w->items[w->item_count] = (struct watch_item){.received = 0};
    keep(w->items[w->item_count].id, id);
    return &w->items[w->item_count++];
}

/* Each reply has a place in a table of the engine. Where that is full, the oldest that was cut makes room for
   another: what still comes of it counts as a new one. */
static void take_place(struct watch *w, struct watch_item *item, struct parley_view response)
{
    unsigned here = 0;

    if (item->here)
        return;
    for (unsigned i = 0; i < w->item_count; i++)
        here += w->items[i].here;
    for (unsigned i = 0; i < w->item_count && here >= w->plan->settings.reply_items; i++)
        w->items[i].cut = false;
    item->here = true;
    item->over = false;
    keep(item->response, response);
}

/* The queue was emptied at once: as a reply was cut, or as the host never reads and so is taken to have
 * heard. */
static void clear_runs(struct watch *w)
{
    for (; w->runs_read < w->runs_write; w->runs_read++) {
        unsigned item = w->runs[w->runs_read % WATCH_RUNS].item;

        if (!w->reads && item < WATCH_ITEMS)
            w->items[item].read += w->runs[w->runs_read % WATCH_RUNS].samples;
    }
    w->queued = 0;
}

static void add_run(struct watch *w, unsigned item, size_t samples, uint32_t start)
{
    if (samples == 0)
        return;
    if (w->runs_write - w->runs_read == WATCH_RUNS) {
        watch_broken(w, "bounds", "more than %d pieces of audio wait", WATCH_RUNS);
        return;
    }
    w->runs[w->runs_write % WATCH_RUNS].item = item;
    w->runs[w->runs_write % WATCH_RUNS].samples = samples;
    w->runs[w->runs_write++ % WATCH_RUNS].start = start;
    w->queued += samples;
}

static void on_audio(struct watch *w, const struct parley_event *event)
{
    size_t frames = event->has_samples ? event->samples_per_channel
                                       : event->pcm_bytes / 2 / (event->channels > 0 ? event->channels : 1);
    struct watch_item *item = item_of(w, event->item_id);
    unsigned number = item != NULL ? (unsigned)(item - w->items) : NOT_COUNTED;
    uint64_t queued;

    w->received += frames;
    w->audio_told += !w->plan->settings.v1 && parley_view_starts(event->item_id, parley_view("item_"));
    w->late += event->late ? frames : 0;
    if (w->anew && event->late)
        watch_broken(w, "late", "audio behind the end of a reply is taken for that reply's");
    if (item != NULL) {
        item->cut = item->cut && item->link == w->links;
        item->link = w->links;
        take_place(w, item, event->response_id);
        if (item->cut && !event->late)
            watch_broken(w, "late", "%s was cut, and goes on", item->id);
    }
    parley_stats(w->c, &w->stats);
    queued = w->stats.output_queued;
    if (queued != w->queued && queued != w->queued + frames)
        clear_runs(w);
    if (item != NULL && (event->sample_rate != PARLEY_SAMPLE_RATE || event->channels != 1))
        item->odd = true;
    if (item != NULL && !event->late)
        item->received += frames;
    if (queued == w->queued + frames && queued != w->queued) {
        add_run(w, number, frames, (uint32_t)event->pcm[0]);
        if (event->late)
            watch_broken(w, "late", "audio of a reply that was cut is queued");
    } else if (item != NULL && !event->late) {
        w->unread = true;
        item->read += frames;
    }
}

/* What the host reads is what came, in its order. */
static size_t take_run(struct watch *w, const int16_t *pcm, size_t samples)
{
    unsigned at = w->runs_read % WATCH_RUNS;
    size_t count = w->runs[at].samples < samples ? w->runs[at].samples : samples;

    if (w->plan->settings.chaos) {
        uint32_t last = (uint32_t)((w->runs[at].start + count - 1) % CHAOS_PERIOD);

        if ((uint32_t)pcm[0] != w->runs[at].start || (uint32_t)pcm[count - 1] != last)
            watch_broken(w, "played", "samples %d to %d were read, %u to %u expected", pcm[0], pcm[count - 1],
                         (unsigned)w->runs[at].start, (unsigned)last);
    }
    if (w->runs[at].item < WATCH_ITEMS) {
        w->items[w->runs[at].item].read += count;
        w->items[w->runs[at].item].read_us = w->now_us;
    }
    w->runs[at].start = (uint32_t)((w->runs[at].start + count) % CHAOS_PERIOD);
    w->runs[at].samples -= count;
    if (w->runs[at].samples == 0)
        w->runs_read++;
    w->queued -= count;
    return count;
}

void watch_read(struct watch *w, const int16_t *pcm, size_t samples)
{
    w->reads = true;
    hash_bytes(w, pcm, samples * sizeof *pcm);
    if (samples > w->queued)
        watch_broken(w, "played", "%zu samples were read, %u are queued", samples, (unsigned)w->queued);
    while (samples > 0 && w->broken[0] == 0) {
        size_t count = take_run(w, pcm, samples);
        pcm += count;
        samples -= count;
    }
}

/* Samples of an item that were heard: what was read of it, but for what the device still has to play. */
static uint64_t heard_of(const struct watch *w, const struct watch_item *item)
{
    uint64_t passed_us = w->now_us - item->read_us, waiting;

    if (!w->reads)
        return item->received;
    if (!w->sure || w->slow || w->unread || item->told || passed_us >= w->delay_us)
        return item->read;
    waiting = (w->delay_us - passed_us) * SAMPLES_PER_MS / 1000;
    return waiting < item->read ? item->read - waiting : 0;
}

/* A cut in what was heard, as the service is told. */
static void on_truncate(struct watch *w, struct parley_view message)
{
    struct parley_view id = behind(message, "\"item_id\":\""), ms = behind(message, "\"audio_end_ms\":");
    struct watch_item *item = item_of(w, id);
    uint64_t heard;

    w->cuts++;
    if (item != NULL)
        check_link(w, item->id, item->link);
    if (item == NULL || w->items_full || item->odd)
        return;
    heard = heard_of(w, item);
    if (number_at(ms) == 0 || number_at(ms) > heard / SAMPLES_PER_MS)
        watch_broken(w, "truncation", "%s is truncated at %u ms; %u ms were heard, %u came", item->id,
                     number_at(ms), (unsigned)(heard / SAMPLES_PER_MS),
                     (unsigned)(item->received / SAMPLES_PER_MS));
}

/* The same as the host is told: to the millisecond, where nothing is in the way of knowing it. */
static void on_heard(struct watch *w, const struct parley_event *event)
{
    struct watch_item *item = item_of(w, event->item_id);
    uint64_t heard;
    bool exact = w->sure && w->reads && !w->unread && !w->delayed && !w->plan->settings.v1 &&
                 w->item_count <= w->plan->settings.reply_items && event->kind == PARLEY_EVENT_INTERRUPTED;

    if (item == NULL || w->items_full || item->odd)
        return;
    heard = (w->reads ? item->read : item->received) / SAMPLES_PER_MS;
    exact = exact && !item->told; /* what comes behind its end counts for itself */
    item->told = true;
    item->cut = event->kind == PARLEY_EVENT_INTERRUPTED && !item->ended;
    item->here = item->here && event->kind == PARLEY_EVENT_INTERRUPTED && !item->over;
    if (event->heard_ms > heard || (exact && event->heard_ms != heard))
        watch_broken(w, "heard", "%s: %s says %u ms were heard, it is %u", item->id,
                     parley_event_name(event->kind), (unsigned)event->heard_ms, (unsigned)heard);
}

/* ---- the microphone ------------------------------------------------------------------------------- */

void watch_given(struct watch *w, size_t samples)
{
    w->given += samples;
}

static unsigned digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : 63;
}

/* Samples are numbered where the service does not listen to them: so gaps show. */
static void on_append(struct watch *w, struct parley_view message)
{
    struct parley_view audio = behind(message, "\"audio\":\"");
    uint32_t samples, first;

    if (audio.len < 4 || audio.len % 4 != 0) {
        watch_broken(w, "microphone", "an audio message without audio");
        return;
    }
    samples =
        (uint32_t)(audio.len / 4 * 3 - (audio.at[audio.len - 1] == '=') - (audio.at[audio.len - 2] == '=')) /
        2;
    w->mic_sent += samples;
    if (!w->plan->settings.chaos || w->links > 1)
        return;
    first = (digit(audio.at[0]) << 2 | digit(audio.at[1]) >> 4) |
            ((digit(audio.at[1]) & 15) << 12 | (digit(audio.at[2]) & 60) << 6);
    w->mic_gaps += (first + CHAOS_PERIOD - w->mic_next) % CHAOS_PERIOD;
    w->mic_next = (first + samples) % CHAOS_PERIOD;
}

/* ---- the link -------------------------------------------------------------------------------------- */

void watch_opened(struct watch *w)
{
    w->links++;
    w->up = true;
    w->updated = w->outstanding = false;
    w->last_text = w->link_texts = 0;
    watch_hash(w, 'o');
    if (w->links > 1)
        w->sure = false;
    items_ended(w, parley_view(NULL));
}

void watch_gone(struct watch *w)
{
    w->up = w->sure = false;
    watch_hash(w, 'g');
}

/* The number of a text, which stands between two marks; 0 without one, or where the text was too long to be
   told again whole and its beginning went. */
static unsigned number_of(struct parley_view message)
{
    const char *mark = find(message, "#");
    struct parley_view text, rest;

    if (mark == NULL)
        return 0;
    text = rest = parley_view_skip(message, (size_t)(mark - message.at) + 1);
    while (rest.len > 0 && rest.at[0] >= '0' && rest.at[0] <= '9')
        rest = parley_view_skip(rest, 1);
    return parley_view_starts(rest, parley_view("#")) ? number_at(text) : 0;
}

static void on_text(struct watch *w, struct parley_view message)
{
    unsigned number = number_of(message);

    if (number == 0 || find(message, "\"assistant\"") != NULL)
        return;
    if (number <= w->last_text || (w->sure && number != w->last_text + 1))
        watch_broken(w, "order", "text %u follows text %u", number, w->last_text);
    w->last_text = number;
    w->link_texts++;
}

static void on_create(struct watch *w)
{
    if (w->outstanding)
        watch_broken(w, "create-twice", "response.create while one is outstanding");
    w->outstanding = true;
    w->creates++;
}

void watch_sent(struct watch *w, struct parley_view message)
{
    struct parley_view type = behind(message, "\"type\":\"");

    hash_view(w, message);
    if (parley_view_is(type, "session.update")) {
        if (w->updated)
            watch_broken(w, "session", "session.update twice");
        w->updated = true;
        return;
    }
    if (!w->updated)
        watch_broken(w, "session", "%.*s before session.update", (int)type.len, type.at);
    if (parley_view_is(type, "input_audio_buffer.append"))
        on_append(w, message);
    else if (parley_view_is(type, "response.create"))
        on_create(w);
    else if (parley_view_is(type, "conversation.item.truncate"))
        on_truncate(w, message);
    else if (find(message, "\"function_call_output\"") != NULL)
        on_output(w, message);
    else if (parley_view_is(type, "conversation.item.create") ||
             parley_view_is(type, "conversation.handoff.append"))
        on_text(w, message);
    else if (!parley_view_is(type, "response.cancel") && !parley_view_is(type, "conversation.item.delete"))
        watch_broken(w, "message", "an unknown message: %.*s", (int)type.len, type.at);
}

/* Audio of chaos.h that is as it should be, and finds room. */
static bool is_audio(const struct watch *w, struct parley_view message)
{
    struct parley_view head = parley_view_of(message.at, message.len < 120 ? message.len : 120);

    return w->plan->settings.chaos && !w->plan->settings.v1 && message.len <= w->plan->settings.inbox_bytes &&
           find(head, "output_audio.delta\"") != NULL && find(head, "\"item_id\":\"item_") != NULL;
}

/* What the engine does on these it does when it reads them, not when they were written. */
void watch_said(struct watch *w, struct parley_view message)
{
    struct parley_view type = message.len < 400 ? behind(message, "\"type\":\"") : parley_view(NULL);

    w->audio_said += is_audio(w, message);
    if ((parley_view_is(type, "response.created") && find(message, "oob_") == NULL) ||
        (parley_view_is(type, "response.done") && find(message, "\"id\"") == NULL) ||
        (parley_view_is(type, "error") && find(message, "already_has_active") != NULL))
        w->outstanding = false;
    else if (message.len >= 400 && find(parley_view_of(message.at, 400), "\"response.created\"") != NULL)
        w->outstanding = false;
}

/* ---- events ---------------------------------------------------------------------------------------- */

/* What goes along with a handoff is what was said, in its order, each text once. */
static void check_lines(struct watch *w, const struct parley_event *event)
{
    struct parley_line line;
    size_t i = 0;

    for (; parley_handoff_line(w->c, i, &line); i++) {
        unsigned number = number_at(line.text);

        hash_view(w, line.text);
        if (!w->plan->settings.chaos || number == 0 || w->plan->settings.mirror || w->plan->settings.shuffle)
            continue;
        if (find(line.text, line.role[0] == 'u' ? "told" : "said") != NULL)
            watch_broken(w, "transcript", "text %u is told as of the %s", number, line.role);
        if (number <= w->last_line)
            watch_broken(w, "transcript", "a handoff with text %u behind text %u", number, w->last_line);
        w->last_line = number;
    }
    if (i != event->lines)
        watch_broken(w, "transcript", "%zu lines are told, %zu are there", event->lines, i);
}

static void begin_work(struct watch *w, struct parley_view id)
{
    keep(w->active, id);
    w->reported = false;
}

/* The first call is work for the agent, those that come meanwhile steer it; in v1 each takes the place of the
   one before. */
static void on_handoff(struct watch *w, const struct parley_event *event)
{
    bool asks = event->delegation.len > 0;

    w->handoffs++;
    check_lines(w, event);
    if (asks && event->steering != (w->active[0] != 0))
        watch_broken(w, "handoff", "%.*s steers: %d, at work: '%s'", (int)event->handoff_id.len,
                     event->handoff_id.at, event->steering, w->active);
    if (asks && (!event->steering || w->plan->settings.v1))
        begin_work(w, event->handoff_id);
    if (w->plan->settings.v1 || (!event->steering && asks))
        return;
    owe_answer(w, event->handoff_id);
    want_reply(w);
}

static void on_error(struct watch *w, const struct parley_event *event)
{
    if (parley_view_is(event->code, "conversation_already_has_active_response"))
        reply_refused(w, event->text);
}

void watch_asks(struct watch *w)
{
    w->unsent = w->creates < w->creates_due;
}

void watch_event(struct watch *w, const struct parley_event *event)
{
    struct parley_line line;

    hash_event(w, event);
    w->events++;
    if (event->kind != PARLEY_EVENT_HANDOFF && parley_handoff_line(w->c, 0, &line))
        watch_broken(w, "transcript", "%s comes with lines", parley_event_name(event->kind));
    if (w->closed > 0)
        watch_broken(w, "closed", "%s after closed", parley_event_name(event->kind));
    switch (event->kind) {
    case PARLEY_EVENT_RESPONSE_CREATED:
        if (parley_view_starts(event->response_id, parley_view("oob_")))
            break;
        w->reply = REPLY_RUNNING;
        w->owed = w->unsent;
        w->outstanding = false; /* also where ours went out while it waited to be read */
        keep(w->reply_id, event->response_id);
        break;
    case PARLEY_EVENT_RESPONSE_CANCELLED:
    case PARLEY_EVENT_RESPONSE_DONE:
        if (!parley_view_starts(event->response_id, parley_view("oob_")))
            reply_ended(w, event->response_id);
        break;
    case PARLEY_EVENT_AUDIO:
        on_audio(w, event);
        break;
    case PARLEY_EVENT_HANDOFF:
        on_handoff(w, event);
        break;
    case PARLEY_EVENT_SILENCE:
        owe_answer(w, event->handoff_id);
        break;
    case PARLEY_EVENT_INTERRUPTED:
    case PARLEY_EVENT_PLAYED:
        w->interrupted += event->kind == PARLEY_EVENT_INTERRUPTED;
        w->anew = w->anew && event->kind == PARLEY_EVENT_PLAYED;
        on_heard(w, event);
        break;
    case PARLEY_EVENT_ERROR:
        on_error(w, event);
        break;
    case PARLEY_EVENT_ITEM_DONE:
        w->anew = w->plan->settings.v1;
        if (w->anew)
            items_ended(w, parley_view(NULL));
        break;
    case PARLEY_EVENT_SHED:
        w->shed_told += event->samples;
        break;
    case PARLEY_EVENT_RECONNECTED:
        w->whole = w->whole && event->state_restored;
        break;
    case PARLEY_EVENT_CLOSED:
        w->closed++;
        break;
    default:
        break;
    }
}

/* ---- after each call ------------------------------------------------------------------------------- */

static void check_audio(struct watch *w)
{
    const struct parley_stats *s = &w->stats;

    if (s->output_received != s->output_played + s->output_queued + s->output_discarded)
        watch_broken(w, "ledger", "%u received, %u played, %u queued, %u discarded",
                     (unsigned)s->output_received, (unsigned)s->output_played, (unsigned)s->output_queued,
                     (unsigned)s->output_discarded);
    if (s->output_received != w->received)
        watch_broken(w, "ledger", "%u received, %u told", (unsigned)s->output_received,
                     (unsigned)w->received);
    if (s->output_queued != w->queued && s->output_queued == 0)
        clear_runs(w);
    if (s->output_queued != w->queued)
        watch_broken(w, "ledger", "%u queued, %u expected", (unsigned)s->output_queued, (unsigned)w->queued);
    if (!parley_view_is(parley_handoff_id(w->c), w->active))
        watch_broken(w, "handoff", "the agent is told to work on another call than '%s'", w->active);
    if (parley_audio_queued(w->c) != s->output_queued)
        watch_broken(w, "ledger", "parley_audio_queued differs");
}

static void check_calls(struct watch *w)
{
    for (unsigned i = 0; i < w->call_count; i++)
        if (w->calls[i].answers > w->calls[i].due)
            watch_broken(w, "answer", "%s is answered %u times, %u are due", w->calls[i].id,
                         w->calls[i].answers, w->calls[i].due);
}

void watch_check(struct watch *w)
{
    parley_stats(w->c, &w->stats);
    check_audio(w);
    if (w->stats.input_samples != w->given)
        watch_broken(w, "microphone", "%u given, %u counted", (unsigned)w->given,
                     (unsigned)w->stats.input_samples);
    if (!w->sure)
        return;
    if (w->creates > w->creates_due)
        watch_broken(w, "create", "%u replies asked for, %u were due", w->creates, w->creates_due);
    if (w->mic_sent + w->stats.input_shed > w->given || w->mic_gaps > w->stats.input_shed)
        watch_broken(w, "microphone", "%u given, %u sent with gaps of %u, %u shed", (unsigned)w->given,
                     (unsigned)w->mic_sent, (unsigned)w->mic_gaps, (unsigned)w->stats.input_shed);
    check_calls(w);
}

/* ---- when all has come to rest --------------------------------------------------------------------- */

void watch_check_settled(struct watch *w)
{
    bool texts_kept = w->sure || (w->whole && w->up && !w->plan->settings.transcription);

    if (w->queued > 0 && w->reads)
        watch_broken(w, "settled", "%u samples are queued and cannot be read", (unsigned)w->queued);
    if (texts_kept && (w->link_texts != w->accepted || w->last_text != w->accepted))
        watch_broken(w, "lost", "%u texts were taken, %u came, the last is %u", w->accepted, w->link_texts,
                     w->last_text);
    if (w->stats.output_discarded > w->late && w->interrupted == 0)
        watch_broken(w, "ledger", "%u samples were thrown away, and nothing was interrupted",
                     (unsigned)(w->stats.output_discarded - w->late));
    if (w->sure && w->plan->settings.chaos && w->audio_told != w->audio_said)
        watch_broken(w, "audio", "%u pieces of audio were told, %u came", w->audio_told, w->audio_said);
    if (w->shed_told != w->stats.input_shed)
        watch_broken(w, "shed", "%u samples shed, %u told", (unsigned)w->stats.input_shed,
                     (unsigned)w->shed_told);
    if (!w->sure)
        return;
    if (w->creates != w->creates_due)
        watch_broken(w, "create", "%u replies asked for, %u were due", w->creates, w->creates_due);
    if (w->mic_sent + w->stats.input_shed != w->given)
        watch_broken(w, "microphone", "%u given, %u sent, %u shed", (unsigned)w->given, (unsigned)w->mic_sent,
                     (unsigned)w->stats.input_shed);
    for (unsigned i = 0; i < w->call_count; i++)
        if (w->calls[i].answers != w->calls[i].due)
            watch_broken(w, "answer", "%s is answered %u times, %u are due", w->calls[i].id,
                         w->calls[i].answers, w->calls[i].due);
}
