/* What the transport is handed: see endpoint.h. */
#include "core/endpoint.h"

#include "core/dialect.h"
#include "core/session.h"
#include "core/webrtc.h"
#include <stdio.h>

static uint32_t number_or(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

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

static int add_headers(struct parley_endpoint_parts *parts, struct parley_endpoint *to,
                       const struct parley_options *o, struct parley_error *error)
{
    if (o->header_count > PARLEY_HEADERS_MAX - 2)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "more than %d headers", PARLEY_HEADERS_MAX - 2);
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
    if (o->api_key.len > PARLEY_KEY_BYTES || !is_header_value(o->api_key))
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "invalid realtime api key header: it %s",
                                o->api_key.len > PARLEY_KEY_BYTES ? "is too long"
                                                                  : "holds a control character");
    if (o->api_key.len > 0) {
        int len =
            snprintf(parts->bearer, sizeof parts->bearer, "Bearer %.*s", (int)o->api_key.len, o->api_key.at);
        parts->headers[to->header_count++] =
            (struct parley_pair){PARLEY_VIEW("Authorization"), {parts->bearer, (size_t)len}};
    }
    return PARLEY_OK;
}

/* Reference 1.2: intent before model, then those of the host that are neither; the call's id comes last. */
static int add_query(struct parley_endpoint_parts *parts, struct parley_endpoint *to,
                     const struct parley_options *o, struct parley_error *error)
{
    const struct parley_dialect *dialect = parley_dialect(o->protocol);
    bool joins = parley_webrtc_is_asked(o); /* a call has a model already */

    if (o->query_count > PARLEY_QUERY_MAX - 2)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "more than %d query parameters",
                                PARLEY_QUERY_MAX - 2);
    if (dialect->intent.at != NULL)
        parts->query[to->query_count++] = (struct parley_pair){PARLEY_VIEW("intent"), dialect->intent};
    if (!joins)
        parts->query[to->query_count++] = (struct parley_pair){PARLEY_VIEW("model"), parley_session_model(o)};
    for (size_t i = 0; i < o->query_count; i++)
        if (!parley_view_is(o->query[i].name, "intent") &&
            (joins || !parley_view_is(o->query[i].name, "model")))
            parts->query[to->query_count++] = (struct parley_pair){o->query[i].name, o->query[i].value};
    if (joins)
        parts->query[to->query_count++] = (struct parley_pair){PARLEY_VIEW("call_id"), parley_webrtc_id(o)};
    return PARLEY_OK;
}

int parley_endpoint_make(struct parley_endpoint_parts *parts, struct parley_endpoint *to,
                         const struct parley_options *o, const struct parley_limits *limits,
                         struct parley_error *error)
{
    int status;

    *to = (struct parley_endpoint){
        .url = o->url.at != NULL ? o->url : parley_view("https://api.openai.com/v1"),
        .query = parts->query,
        .headers = parts->headers,
        .ca_pem = o->ca_pem,
        .ca_file = o->ca_file,
        .ca_dir = o->ca_dir,
        .pins = o->pins,
        .pin_count = o->pin_count,
        .client_cert = o->client_cert,
        .client_key = o->client_key,
        .client_cert_pem = o->client_cert_pem,
        .client_key_pem = o->client_key_pem,
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

void parley_endpoint_join(struct parley_endpoint *kept, struct parley_view id)
{
    struct parley_pair *own = (struct parley_pair *)kept->query; /* its copies lie in the arena */

    own[kept->query_count - 1].value = id;
}

/* ---- keeping it -------------------------------------------------------------------------------- */

struct parley_view parley_carve_text(struct parley_arena *arena, struct parley_view text)
{
    char *copy = parley_arena_take_raw(arena, text.len, 1);

    if (copy == NULL || text.at == NULL)
        return parley_view_of(NULL, 0);
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    return parley_view_of(copy, text.len);
}

static const struct parley_pair *copy_pairs(struct parley_arena *arena, const struct parley_pair *pairs,
                                            size_t count)
{
    struct parley_pair *copies = parley_arena_take(arena, count, sizeof *copies);

    for (size_t i = 0; i < count; i++) {
        struct parley_pair copy = {parley_carve_text(arena, pairs[i].name),
                                   parley_carve_text(arena, pairs[i].value)};
        if (copies != NULL)
            copies[i] = copy;
    }
    return copies;
}

static const struct parley_view *copy_views(struct parley_arena *arena, const struct parley_view *views,
                                            size_t count)
{
    struct parley_view *copies = parley_arena_take(arena, count, sizeof *copies);

    for (size_t i = 0; i < count; i++) {
        struct parley_view copy = parley_carve_text(arena, views[i]);
        if (copies != NULL)
            copies[i] = copy;
    }
    return copies;
}

static const struct parley_address *copy_addresses(struct parley_arena *arena,
                                                   const struct parley_address *addresses, size_t count)
{
    struct parley_address *copies = parley_arena_take(arena, count, sizeof *copies);

    if (copies != NULL && count > 0)
        memcpy(copies, addresses, count * sizeof *copies);
    return copies;
}

struct parley_endpoint parley_endpoint_keep(const struct parley_endpoint *to, struct parley_arena *arena)
{
    struct parley_endpoint kept = *to;

    kept.url = parley_carve_text(arena, to->url);
    kept.query = copy_pairs(arena, to->query, to->query_count);
    kept.headers = copy_pairs(arena, to->headers, to->header_count);
    kept.ca_pem = parley_carve_text(arena, to->ca_pem);
    kept.ca_file = parley_carve_text(arena, to->ca_file);
    kept.ca_dir = parley_carve_text(arena, to->ca_dir);
    kept.pins = copy_views(arena, to->pins, to->pin_count);
    kept.client_cert = parley_carve_text(arena, to->client_cert);
    kept.client_key = parley_carve_text(arena, to->client_key);
    kept.client_cert_pem = parley_carve_text(arena, to->client_cert_pem);
    kept.client_key_pem = parley_carve_text(arena, to->client_key_pem);
    kept.addresses = copy_addresses(arena, to->addresses, to->address_count);
    kept.proxy = parley_carve_text(arena, to->proxy);
    kept.script = parley_carve_text(arena, to->script);
    kept.script_name = parley_carve_text(arena, to->script_name);
    return kept;
}
