/* A conversation is carved out of the caller's block here, and the block wiped at the end. */
#include "core/conversation.h"

#include "core/session.h"
#include <stdio.h>

/* An API key is shorter than this; a bearer token of a login may come near. */
enum { KEY_BYTES = 4096, HEADERS_MAX = 32, QUERY_MAX = 32 };

static const struct parley_limits default_limits = {
    .inbox_bytes = 262144,
    .outbox_bytes = 65536,
    .input_audio_ms = 2000,
    .output_audio_ms = 30000,
    .transcript_bytes = 16384,
    .reply_items = 16,
    .link_recv_bytes = 32768,
    .link_send_bytes = 65536,
};

enum {
    INBOX_MIN = 1024,
    OUTBOX_MIN = 8192,
    TRANSCRIPT_MIN = 256,
    LINK_MIN = 1024,
    SAMPLES_PER_MS = PARLEY_SAMPLE_RATE / 1000,
    CUT_BYTES = 256,     /* a truncate message, with a usual id */
    ANSWER_BYTES = 2048, /* a function output and a response.create */
};

/* ---- options ----------------------------------------------------------------------------------- */

static size_t size_or(size_t value, size_t fallback)
{
    return value != 0 ? value : fallback;
}

static uint32_t number_or(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

static struct parley_limits fill_limits(const struct parley_limits *given)
{
    const struct parley_limits *d = &default_limits;

    return (struct parley_limits){
        .inbox_bytes = size_or(given->inbox_bytes, d->inbox_bytes),
        .outbox_bytes = size_or(given->outbox_bytes, d->outbox_bytes),
        .input_audio_ms = number_or(given->input_audio_ms, d->input_audio_ms),
        .output_audio_ms = number_or(given->output_audio_ms, d->output_audio_ms),
        .transcript_bytes = size_or(given->transcript_bytes, d->transcript_bytes),
        .reply_items = number_or(given->reply_items, d->reply_items),
        .link_recv_bytes = size_or(given->link_recv_bytes, d->link_recv_bytes),
        .link_send_bytes = size_or(given->link_send_bytes, d->link_send_bytes),
    };
}

static size_t reserve_bytes(const struct parley_limits *limits)
{
    return ANSWER_BYTES + (size_t)limits->reply_items * CUT_BYTES;
}

static int check_limits(const struct parley_limits *limits, struct parley_error *error)
{
    const struct {
        const char *name;
        size_t value, min, max;
    } fields[] = {
        {"inbox_bytes", limits->inbox_bytes, INBOX_MIN, UINT32_MAX},
        {"outbox_bytes", limits->outbox_bytes, OUTBOX_MIN, UINT32_MAX},
        {"input_audio_ms", limits->input_audio_ms, 100, 3600000},
        {"transcript_bytes", limits->transcript_bytes, TRANSCRIPT_MIN, UINT32_MAX},
        {"reply_items", limits->reply_items, 2, 1024},
        {"link_recv_bytes", limits->link_recv_bytes, LINK_MIN, UINT32_MAX},
        {"link_send_bytes", limits->link_send_bytes, LINK_MIN, UINT32_MAX},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].value < fields[i].min || fields[i].value > fields[i].max)
            return parley_error_set(error, PARLEY_ERR_ARGUMENT, "limits.%s is %zu, not within %zu and %zu",
                                    fields[i].name, fields[i].value, fields[i].min, fields[i].max);
    if (limits->output_audio_ms != PARLEY_LIMIT_NONE && limits->output_audio_ms > 3600000)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "limits.output_audio_ms is more than an hour");
    if (limits->outbox_bytes < 2 * reserve_bytes(limits))
        return parley_error_set(
            error, PARLEY_ERR_ARGUMENT, "limits.outbox_bytes is %zu; %u reply items need at least %zu",
            limits->outbox_bytes, (unsigned)limits->reply_items, 2 * reserve_bytes(limits));
    return PARLEY_OK;
}

/* ---- the endpoint ------------------------------------------------------------------------------ */

/* What the endpoint points to while parley_open runs. `bearer` holds the key. */
struct endpoint_parts {
    struct parley_pair headers[HEADERS_MAX];
    struct parley_pair query[QUERY_MAX];
    char bearer[sizeof "Bearer " + KEY_BYTES];
};

static bool is_header_value(struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 127)
            return false;
    return true;
}

/* Names of headers know no case; `lower` has none. */
static bool is_header(struct parley_view name, struct parley_view lower)
{
    if (name.len != lower.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char at = name.at[i];
        if (at >= 'A' && at <= 'Z')
            at = (char)(at | 0x20);
        if (at != lower.at[i])
            return false;
    }
    return true;
}

/* One of the host's that the options have a value of their own for, which wins (reference 1.3). */
static bool is_replaced(struct parley_view name, const struct parley_options *o)
{
    return (o->session_id.at != NULL && is_header(name, parley_view("x-session-id"))) ||
           (o->api_key.len > 0 && is_header(name, parley_view("authorization")));
}

static int add_headers(struct endpoint_parts *parts, struct parley_endpoint *to,
                       const struct parley_options *o, struct parley_error *error)
{
    if (o->header_count > HEADERS_MAX - 2)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "more than %d headers", HEADERS_MAX - 2);
    for (size_t i = 0; i < o->header_count; i++)
        if (!is_replaced(o->headers[i].name, o))
            parts->headers[to->header_count++] =
                (struct parley_pair){o->headers[i].name, o->headers[i].value};
    if (o->session_id.at != NULL) {
        if (!is_header_value(o->session_id))
            return parley_error_set(error, PARLEY_ERR_ARGUMENT,
                                    "invalid realtime session id header: it holds a control character");
        parts->headers[to->header_count++] = (struct parley_pair){PARLEY_VIEW("x-session-id"), o->session_id};
    }
    if (o->api_key.len > KEY_BYTES || !is_header_value(o->api_key))
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "invalid realtime api key header: it %s",
                                o->api_key.len > KEY_BYTES ? "is too long" : "holds a control character");
    if (o->api_key.len > 0) {
        int len =
            snprintf(parts->bearer, sizeof parts->bearer, "Bearer %.*s", (int)o->api_key.len, o->api_key.at);
        parts->headers[to->header_count++] =
            (struct parley_pair){PARLEY_VIEW("Authorization"), {parts->bearer, (size_t)len}};
    }
    return PARLEY_OK;
}

/* Reference 1.2: intent before model, then those of the host that are neither. */
static int add_query(struct endpoint_parts *parts, struct parley_endpoint *to, const struct parley_options *o,
                     struct parley_error *error)
{
    const struct parley_dialect *dialect = parley_dialect(o->protocol);

    if (o->query_count > QUERY_MAX - 2)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "more than %d query parameters", QUERY_MAX - 2);
    if (dialect->intent.at != NULL)
        parts->query[to->query_count++] = (struct parley_pair){PARLEY_VIEW("intent"), dialect->intent};
    parts->query[to->query_count++] = (struct parley_pair){
        PARLEY_VIEW("model"), o->model.len > 0 ? o->model : parley_view("gpt-realtime-1.5")};
    for (size_t i = 0; i < o->query_count; i++)
        if (!parley_view_is(o->query[i].name, "intent") && !parley_view_is(o->query[i].name, "model"))
            parts->query[to->query_count++] = (struct parley_pair){o->query[i].name, o->query[i].value};
    return PARLEY_OK;
}

static int make_endpoint(struct endpoint_parts *parts, struct parley_endpoint *to,
                         const struct parley_options *o, const struct parley_limits *limits,
                         struct parley_error *error)
{
    int status;

    *to = (struct parley_endpoint){
        .url = o->url.at != NULL ? o->url : parley_view("https://api.openai.com/v1"),
        .query = parts->query,
        .headers = parts->headers,
        .ca_file = o->ca_file,
        .ca_dir = o->ca_dir,
        .pins = o->pins,
        .pin_count = o->pin_count,
        .client_cert = o->client_cert,
        .client_key = o->client_key,
        .ignore_dates_unset = o->clock_unset == PARLEY_CLOCK_UNSET_IGNORE_DATES,
        .insecure_no_verify = o->insecure_no_verify,
        .addresses = o->addresses,
        .address_count = o->address_count,
        .proxy = o->proxy,
        .deadlines =
            {
                .resolve_ms = number_or(o->timeouts.resolve_ms, 10000),
                .connect_ms = number_or(o->timeouts.connect_ms, 15000),
                .proxy_ms = number_or(o->timeouts.proxy_ms, 15000),
                .tls_ms = number_or(o->timeouts.tls_ms, 15000),
                .upgrade_ms = number_or(o->timeouts.upgrade_ms, 15000),
                .close_ms = number_or(o->timeouts.close_ms, 2000),
                .ping_ms =
                    o->timeouts.ping_ms == PARLEY_LIMIT_NONE ? 0 : number_or(o->timeouts.ping_ms, 20000),
                .pong_ms = number_or(o->timeouts.pong_ms, 20000),
            },
        .compress = o->compress != PARLEY_COMPRESS_OFF,
        .recv_bytes = limits->link_recv_bytes,
        .send_bytes = limits->link_send_bytes,
        .message_bytes = limits->inbox_bytes,
        .log = o->log,
        .script = o->script,
        .script_name = o->script_name,
        .peer = o->peer,
    };
    status = add_query(parts, to, o, error);
    return status == PARLEY_OK ? add_headers(parts, to, o, error) : status;
}

/* ---- carving ----------------------------------------------------------------------------------- */

static struct parley_view carve_copy(struct parley_arena *arena, struct parley_view text)
{
    char *copy = parley_arena_take(arena, text.len, 1);

    if (copy == NULL || text.at == NULL)
        return parley_view_of(NULL, 0);
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    return parley_view_of(copy, text.len);
}

static struct parley_view carve_opening(struct parley_arena *arena, const struct parley_options *o)
{
    struct parley_render r = parley_render(NULL, 0);
    char *at;

    parley_session_render(&r, o);
    at = parley_arena_take(arena, r.used, 1);
    if (at == NULL)
        return parley_view_of(NULL, 0);
    r = parley_render(at, r.used);
    parley_session_render(&r, o);
    return parley_rendered(&r);
}

/* An audio message of a whole chunk. */
static size_t audio_message_bytes(const struct parley_dialect *dialect)
{
    static const char silence[PARLEY_OUTBOX_CHUNK];
    const struct parley_slot slots[] = {{.name = "audio", .text = {silence, sizeof silence}}, {.name = NULL}};
    struct parley_render r = parley_render(NULL, 0);

    parley_render_template(&r, dialect->audio_append, slots);
    return r.used;
}

/*
 * Everything a conversation consists of, in one order; with a counting arena `c` is a scratch of the caller
 * and only the sizes matter. Leaves the transport to the caller, which comes last.
 */
static void carve(struct parley_conversation *c, struct parley_arena *arena, const struct parley_options *o,
                  const struct parley_limits *limits)
{
    uint32_t queue_ms = limits->output_audio_ms != PARLEY_LIMIT_NONE ? limits->output_audio_ms : 0;

    c->dialect = parley_dialect(o->protocol);
    c->mode = o->mode;
    c->close_on_error = o->close_on_error;
    c->log = o->log;
    c->session_id = carve_copy(arena, o->session_id);
    c->opening = carve_opening(arena, o);
    parley_inbox_open(&c->inbox, arena, limits->inbox_bytes);
    parley_outbox_open(&c->outbox, arena, limits->outbox_bytes, reserve_bytes(limits),
                       (size_t)limits->input_audio_ms * SAMPLES_PER_MS * sizeof(int16_t));
    c->audio_message_size = audio_message_bytes(c->dialect);
    c->audio_message = parley_arena_take(arena, c->audio_message_size, 1);
    parley_output_audio_open(&c->audio, arena, (size_t)queue_ms * SAMPLES_PER_MS, limits->reply_items);
    c->transcript = parley_transcript_open(arena, limits->transcript_bytes);
    /* Room for the request beside a full transcript, and for some escapes in both. */
    c->delegation_size = limits->transcript_bytes * 2 + 4096;
    c->delegation = parley_arena_take(arena, c->delegation_size, 1);
    /* Every reply may be cut and, before that, played; the link and its stages need some more. */
    c->notices_size = limits->reply_items * 2 + 10;
    c->notices = parley_arena_take(arena, c->notices_size, sizeof *c->notices);
}

/* ---- life -------------------------------------------------------------------------------------- */

/* Checks and carves; with a counting arena nothing is opened. Returns a status. */
static int build(struct parley_conversation *c, struct parley_arena *arena, const struct parley_options *o,
                 struct parley_error *error)
{
    struct parley_limits limits = fill_limits(&o->limits);
    struct endpoint_parts parts;
    struct parley_endpoint to;
    char why[PARLEY_TRANSPORT_REASON] = "";
    int status = parley_session_check(o, error);

    memset(&parts, 0, sizeof parts);
    if (status == PARLEY_OK)
        status = check_limits(&limits, error);
    if (status == PARLEY_OK)
        status = make_endpoint(&parts, &to, o, &limits, error);
    if (status == PARLEY_OK) {
        carve(c, arena, o, &limits);
        if (arena->failed != 0)
            status = parley_error_set(error, PARLEY_ERR_MEMORY, "the memory block is too small: %zu bytes",
                                      arena->size);
    }
    if (status == PARLEY_OK) {
        status = parley_transport_open(&c->transport, arena, &to, why);
        if (status < 0)
            parley_error_set(error, status, "%s", why);
        else if (c->transport != NULL)
            c->facts = parley_transport_facts(c->transport);
    }
    parley_wipe(&parts, sizeof parts);
    return status;
}

size_t parley_memory_needed(const struct parley_options *options)
{
    struct parley_conversation scratch = {0};
    struct parley_arena arena = parley_arena(NULL, 0);

    parley_arena_take(&arena, 1, sizeof scratch);
    return build(&scratch, &arena, options, NULL) == PARLEY_OK ? arena.used : 0;
}

/* Without a block: because parley_memory_needed said 0? Then the reason for that is the better answer. */
static int refuse_no_memory(const struct parley_options *options, struct parley_error *error)
{
    struct parley_conversation scratch = {0};
    struct parley_arena arena = parley_arena(NULL, 0);
    int status = build(&scratch, &arena, options, error);

    return status < 0 ? status : parley_error_set(error, PARLEY_ERR_MEMORY, "no memory block was given");
}

int parley_open(struct parley_conversation **out, void *memory, size_t bytes,
                const struct parley_options *options, uint64_t now_us, struct parley_error *error)
{
    struct parley_arena arena = parley_arena(memory, bytes);
    struct parley_conversation *c;
    int status;

    *out = NULL;
    if (error != NULL)
        *error = (struct parley_error){PARLEY_OK, ""};
    if (memory == NULL)
        return refuse_no_memory(options, error);
    c = parley_arena_take(&arena, 1, sizeof *c);
    if (c == NULL)
        return parley_error_set(error, PARLEY_ERR_MEMORY, "the memory block is too small: %zu bytes", bytes);
    c->block = memory;
    c->block_bytes = bytes;
    c->now_us = now_us;
    status = build(c, &arena, options, error);
    if (status < 0) {
        parley_wipe(memory, arena.used);
        return status;
    }
    c->stats.memory_bytes = arena.used;
    *out = c;
    return PARLEY_OK;
}

void parley_close(struct parley_conversation *c)
{
    if (c == NULL)
        return;
    parley_transport_drop(c->transport);
    parley_wipe(c->block, c->stats.memory_bytes);
}
