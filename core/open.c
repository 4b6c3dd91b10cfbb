/* A conversation is carved out of the caller's block here, and the block wiped at the end. */
#include "core/conversation.h"

#include "core/limits.h"
#include "core/restore.h"
#include "core/session.h"
#include "parser/base64.h"
#include <stdio.h>

enum { LINK_NOTICES = 14, SAMPLES_PER_MS = PARLEY_SAMPLE_RATE / 1000 };

/* ---- carving ----------------------------------------------------------------------------------- */

static size_t opening_bytes(const struct parley_conversation *c)
{
    struct parley_render counted = parley_render(NULL, 0);

    parley_session_render(&counted, &c->session);
    return counted.used;
}

/* The most PCM in one message. A queue so short needs short ones. */
static size_t chunk_bytes(const struct parley_limits *limits)
{
    return limits->input_audio_ms < 100 ? PARLEY_OUTBOX_CHUNK / 5 : PARLEY_OUTBOX_CHUNK;
}

/* An audio message of a whole chunk: one of nothing, and the chunk's base64. */
static size_t audio_message_bytes(const struct parley_conversation *c)
{
    const struct parley_slot slots[] = {{.name = "audio", .text = {"", 0}}, {.name = NULL}};
    struct parley_render r = parley_render(NULL, 0);

    parley_render_template(&r, c->dialect->audio_append, slots);
    return r.used + parley_base64_length(c->audio_chunk_bytes);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Room for the request, which comes in the inbox, beside a full transcript, and for some escapes in both. */
static size_t delegation_bytes(const struct parley_limits *limits)
{
    return limits->transcript_bytes * 2 + smaller(limits->inbox_bytes / 4, 4096);
}

/* What others than the inbox may write of its memory. */
static size_t touched_before(const struct parley_conversation *c)
{
    size_t end = larger(c->opening_bytes, smaller(c->workspace_size, PARLEY_TRANSPORT_SCRATCH));

    return smaller(end, c->inbox.size);
}

static size_t rounded(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

/*
 * One piece of memory for what is not there at the same time. What comes before the link is up, of its own
 * (endpoint.scratch), lies at its start; then session.update, until it is out, and nothing is received; then
 * the inbox, the text of a handoff and a message of microphone audio, side by side.
 */
static void carve_workspace(struct parley_conversation *c, struct parley_arena *arena,
                            const struct parley_limits *limits)
{
    size_t inbox_bytes = rounded(limits->inbox_bytes);

    c->audio_chunk_bytes = chunk_bytes(limits);
    c->delegation_size = rounded(delegation_bytes(limits));
    c->audio_message_size = rounded(audio_message_bytes(c));
    c->workspace_size = larger(inbox_bytes + c->delegation_size + c->audio_message_size, c->opening_bytes);
    c->workspace = parley_arena_take_raw(arena, c->workspace_size, 1);
    if (c->workspace == NULL)
        return;
    parley_inbox_open(&c->inbox, c->workspace, limits->inbox_bytes);
    c->delegation = c->workspace + inbox_bytes;
    c->audio_message = c->delegation + c->delegation_size;
    c->inbox.touched = touched_before(c);
}

/* What has been taken since the last part. */
static void count_part(size_t *part, const struct parley_arena *arena, struct parley_memory *parts)
{
    *part = arena->used - parts->all;
    parts->all = arena->used;
}

/*
 * Everything a conversation consists of, in one order: what is always in use stands together, so that an idle
 * one takes few pages; with a counting arena `c` is a scratch of the caller and only the sizes matter. Leaves
 * the transport to the caller, which comes last.
 */
static void carve(struct parley_conversation *c, struct parley_arena *arena, const struct parley_options *o,
                  const struct parley_limits *limits, struct parley_memory *parts)
{
    uint32_t queue_ms = limits->output_audio_ms != PARLEY_LIMIT_NONE ? limits->output_audio_ms : 0;

    c->dialect = parley_dialect(o->protocol);
    c->mode = o->mode;
    c->close_on_error = o->close_on_error;
    c->log = o->log;
    c->session_id = parley_carve_text(arena, o->session_id);
    c->session = parley_session_of(o);
    c->opening_bytes = o->keep_session ? 0 : opening_bytes(c);
    c->session = parley_session_keep(&c->session, arena);
    count_part(&parts->conversation, arena, parts);
    parley_output_audio_open(&c->audio, arena, (size_t)queue_ms * SAMPLES_PER_MS, limits->reply_items);
    count_part(&parts->output_audio, arena, parts);
    /* Every reply may be cut and, before that, played; the link and its stages need some more. */
    c->notices = parley_ring(arena, limits->reply_items * 2 * sizeof(struct parley_notice) +
                                        LINK_NOTICES * (size_t)PARLEY_NOTICE_HEAD);
    count_part(&parts->notices, arena, parts);
    carve_workspace(c, arena, limits);
    count_part(&parts->workspace, arena, parts);
    parley_outbox_open(&c->outbox, arena, limits->outbox_bytes, parley_limits_reserve(limits),
                       (size_t)limits->input_audio_ms * SAMPLES_PER_MS * sizeof(int16_t));
    count_part(&parts->outbox, arena, parts);
    c->transcript = parley_transcript_open(arena, limits->transcript_bytes);
    count_part(&parts->transcript, arena, parts);
    if (o->reconnect.on)
        parley_restore_open(c, arena, limits);
    PARLEY_RECORD(c, carve, arena, o);
}

/* ---- life -------------------------------------------------------------------------------------- */

/* For the links to come, if there may be others than the first. */
static void keep_endpoints(struct parley_conversation *c, struct parley_arena *arena,
                           const struct parley_options *o, struct parley_endpoint *to,
                           struct parley_endpoint *call)
{
    struct parley_endpoint kept;

    if (!o->reconnect.on && !parley_webrtc_is_asked(o))
        return;
    to->kept = parley_arena_take(arena, 1, parley_transport_kept_bytes);
    kept = parley_endpoint_keep(to, arena);
    c->endpoint = parley_arena_take(arena, 1, sizeof *c->endpoint);
    if (c->endpoint != NULL)
        *c->endpoint = kept;
    parley_webrtc_open(&c->webrtc, arena, o, c->endpoint != NULL ? c->endpoint : to, call);
    if (c->webrtc.state == PARLEY_WEBRTC_CREATING)
        parley_reconnection_aim(&c->reconnection, PARLEY_AIM_CREATE, c->now_us);
    else if (c->webrtc.state == PARLEY_WEBRTC_JOINING)
        parley_reconnection_aim(&c->reconnection, PARLEY_AIM_JOIN, c->now_us);
}

/* Opens the first link. One that creates a call is followed, in the same place, by one that joins it: that
   has to have room, and to be possible, from the start. */
static int open_link(struct parley_conversation *c, struct parley_arena *arena,
                     const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_arena after = {.used = arena->used};
    struct parley_transport *none;
    int status;

    if (c->webrtc.state != PARLEY_WEBRTC_CREATING)
        return parley_transport_open(&c->transport, arena, to, why);
    status = parley_transport_open(&none, &after, to, why);
    if (status == PARLEY_OK && arena->base != NULL && after.used > arena->size) {
        snprintf(why, PARLEY_TRANSPORT_REASON, "the memory block is too small: %lu bytes",
                 (unsigned long)arena->size);
        status = PARLEY_ERR_MEMORY;
    }
    if (status == PARLEY_OK)
        status = parley_transport_open(&c->transport, arena, c->webrtc.to, why);
    if (arena->used < after.used)
        arena->used = after.used;
    return status;
}

/* Checks and carves; with a counting arena nothing is opened. Returns a status. */
static int build(struct parley_conversation *c, struct parley_arena *arena, const struct parley_options *o,
                 struct parley_memory *memory, struct parley_error *error)
{
    struct parley_limits limits = parley_limits_fill(o);
    struct parley_reconnect reconnect;
    struct parley_endpoint_parts parts;
    struct parley_endpoint to, call;
    const char *wrong = parley_reconnect_fill(&reconnect, &o->reconnect);
    char why[PARLEY_TRANSPORT_REASON] = "";
    int status = parley_session_check(o, error);

    memset(&parts, 0, sizeof parts);
    if (status == PARLEY_OK)
        status = parley_limits_check(&limits, error);
    if (status == PARLEY_OK && wrong != NULL)
        status = parley_error_set(error, PARLEY_ERR_ARGUMENT, "%s", wrong);
    if (status == PARLEY_OK)
        status = parley_webrtc_check(o, error);
    if (status == PARLEY_OK)
        status = parley_recording_ask(&c->recording, o, error);
    if (status == PARLEY_OK)
        status = parley_endpoint_make(&parts, &to, o, &limits, error);
    if (status == PARLEY_OK) {
        parley_reconnection_start(&c->reconnection, &reconnect);
        carve(c, arena, o, &limits, memory);
        to.scratch = c->workspace;
        to.scratch_bytes = smaller(c->workspace_size, PARLEY_TRANSPORT_SCRATCH);
        keep_endpoints(c, arena, o, &to, &call);
        count_part(&memory->extras, arena, memory);
        c->link_arena = *arena;
        if (arena->failed != 0)
            status = parley_error_set(error, PARLEY_ERR_MEMORY, "the memory block is too small: %lu bytes",
                                      (unsigned long)arena->size);
    }
    if (status == PARLEY_OK) {
        status = open_link(c, arena, &to, why);
        if (status < 0)
            parley_error_set(error, status, "%s", why);
        else if (c->transport != NULL)
            c->facts = parley_transport_facts(c->transport);
        count_part(&memory->link, arena, memory);
    }
    parley_wipe(&parts, sizeof parts);
    return status;
}

int parley_memory_split(const struct parley_options *options, struct parley_memory *memory,
                        struct parley_error *error)
{
    struct parley_conversation scratch = {0};
    struct parley_arena arena = parley_arena(NULL, 0);
    int status;

    *memory = (struct parley_memory){0};
    parley_arena_take(&arena, 1, sizeof scratch);
    status = build(&scratch, &arena, options, memory, error);
    if (status < 0)
        *memory = (struct parley_memory){0};
    return status;
}

size_t parley_memory_needed(const struct parley_options *options)
{
    struct parley_memory memory;

    parley_memory_split(options, &memory, NULL);
    return memory.all;
}

/* Without a block: because parley_memory_needed said 0? Then the reason for that is the better answer. */
static int refuse_no_memory(const struct parley_options *options, struct parley_error *error)
{
    struct parley_memory memory;
    int status = parley_memory_split(options, &memory, error);

    return status < 0 ? status : parley_error_set(error, PARLEY_ERR_MEMORY, "no memory block was given");
}

int parley_open(struct parley_conversation **out, void *block, size_t bytes,
                const struct parley_options *options, uint64_t now_us, struct parley_error *error)
{
    struct parley_arena arena = parley_arena(block, bytes);
    struct parley_memory memory = {0};
    struct parley_conversation *c;
    int status;

    *out = NULL;
    if (error != NULL)
        *error = (struct parley_error){PARLEY_OK, ""};
    if (block == NULL || bytes == 0) /* malloc(0) may give a pointer */
        return refuse_no_memory(options, error);
    c = parley_arena_take(&arena, 1, sizeof *c);
    if (c == NULL)
        return parley_error_set(error, PARLEY_ERR_MEMORY, "the memory block is too small: %lu bytes",
                                (unsigned long)bytes);
    c->block = block;
    c->block_bytes = bytes;
    c->now_us = now_us;
    c->life = PARLEY_LIFE_OPENING;
    status = build(c, &arena, options, &memory, error);
    if (status < 0) {
        parley_wipe(block, arena.used);
        return status;
    }
    c->stats.memory_bytes = arena.used;
    PARLEY_RECORD(c, start, options, now_us);
    *out = c;
    return PARLEY_OK;
}

/* A part of the block that nothing has ever been written to. */
struct untouched {
    void *from, *to;
};

static struct untouched untouched(void *at, size_t written, size_t size)
{
    return (struct untouched){(char *)at + written, (char *)at + size};
}

/* Wipes the block but for what was never written: of its large queues a conversation may have used little,
   and then the system need not give their memory only to have it wiped. */
static void wipe_block(const struct parley_conversation *c)
{
    const struct untouched parts[] = {
        /* As they lie in the block. */
        untouched(c->audio.queue, c->audio.touched * sizeof *c->audio.queue,
                  c->audio.size * sizeof *c->audio.queue),
        untouched(c->inbox.own, c->inbox.touched, c->inbox.size),
        untouched(c->outbox.audio.at, c->outbox.audio.touched, c->outbox.audio.size),
    };
    char *at = c->block, *end = at + c->stats.memory_bytes;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        parley_wipe(at, (size_t)((char *)parts[i].from - at));
        at = parts[i].to;
    }
    parley_wipe(at, (size_t)(end - at));
}

void parley_close(struct parley_conversation *c)
{
    if (c == NULL)
        return;
    PARLEY_RECORD(c, call, &(struct parley_called){.name = "close"});
    parley_transport_drop(c->transport);
    wipe_block(c);
}
