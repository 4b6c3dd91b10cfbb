/* The profiles, the defaults and the bounds of limits; see limits.h. */
#include "core/limits.h"

#include "core/outbox.h"
#include "core/session.h"

enum {
    INBOX_MIN = 1024,
    OUTBOX_MIN = 2048,
    HOST_MIN = 1024, /* of the outbox, for the host */
    INPUT_AUDIO_MIN_MS = 40,
    TRANSCRIPT_MIN = 256,
    LINK_MIN = 1024,
    INPUT_AUDIO_KEPT_MS = 15000, /* the default where it may have to be said again */
    CUT_BYTES = 256,             /* a truncate message, with a usual id */
    ANSWER_BYTES = 1536,         /* a function output and a response.create */
};

/* What `tiny` has is what README says a block of 24 KB holds, beside TLS; test/unit/core_limits_test.c. */
static const struct parley_limits profiles[] = {
    [PARLEY_PROFILE_BOARD] =
        {
            .inbox_bytes = 262144,
            .outbox_bytes = 65536,
            .input_audio_ms = 2000,
            .output_audio_ms = 30000,
            .transcript_bytes = 16384,
            .reply_items = 16,
            .link_recv_bytes = 32768,
            .link_send_bytes = 65536,
        },
    [PARLEY_PROFILE_TINY] =
        {
            .inbox_bytes = 3584,
            .outbox_bytes = 3072,
            .input_audio_ms = 40,
            .output_audio_ms = PARLEY_LIMIT_NONE,
            .transcript_bytes = 512,
            .reply_items = 2,
            .link_recv_bytes = 2048,
            .link_send_bytes = 1536,
        },
    [PARLEY_PROFILE_SERVER] =
        {
            .inbox_bytes = 131072,
            .outbox_bytes = 32768,
            .input_audio_ms = 1000,
            .output_audio_ms = PARLEY_LIMIT_NONE,
            .transcript_bytes = 8192,
            .reply_items = 4,
            .link_recv_bytes = 8192,
            .link_send_bytes = 4096,
        },
};

struct parley_limits parley_limits_for(enum parley_profile profile)
{
    bool known = (size_t)profile < sizeof profiles / sizeof *profiles;

    return profiles[known ? profile : PARLEY_PROFILE_BOARD];
}

/* ---- filled in ----------------------------------------------------------------------------------- */

static size_t size_or(size_t value, size_t fallback)
{
    return value != 0 ? value : fallback;
}

static uint32_t number_or(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

struct parley_limits parley_limits_fill(const struct parley_options *o)
{
    const struct parley_limits *d = &profiles[PARLEY_PROFILE_BOARD], *given = &o->limits;
    uint32_t input_audio_ms = o->reconnect.on ? INPUT_AUDIO_KEPT_MS : d->input_audio_ms;

    return (struct parley_limits){
        .inbox_bytes = size_or(given->inbox_bytes, d->inbox_bytes),
        .outbox_bytes = size_or(given->outbox_bytes, d->outbox_bytes),
        .input_audio_ms = number_or(given->input_audio_ms, input_audio_ms),
        .output_audio_ms = number_or(given->output_audio_ms, d->output_audio_ms),
        .transcript_bytes = size_or(given->transcript_bytes, d->transcript_bytes),
        .reply_items = number_or(given->reply_items, d->reply_items),
        .link_recv_bytes = size_or(given->link_recv_bytes, d->link_recv_bytes),
        .link_send_bytes = size_or(given->link_send_bytes, d->link_send_bytes),
    };
}

/* ---- checked ------------------------------------------------------------------------------------- */

size_t parley_limits_reserve(const struct parley_limits *limits)
{
    return ANSWER_BYTES + (size_t)limits->reply_items * CUT_BYTES;
}

int parley_limits_check(const struct parley_limits *limits, struct parley_error *error)
{
    const struct {
        const char *name;
        size_t value, min, max;
    } fields[] = {
        {"inbox_bytes", limits->inbox_bytes, INBOX_MIN, UINT32_MAX},
        {"outbox_bytes", limits->outbox_bytes, OUTBOX_MIN, PARLEY_OUTBOX_BYTES_MAX},
        {"input_audio_ms", limits->input_audio_ms, INPUT_AUDIO_MIN_MS, 3600000},
        {"transcript_bytes", limits->transcript_bytes, TRANSCRIPT_MIN, UINT32_MAX},
        {"reply_items", limits->reply_items, 2, 1024},
        {"link_recv_bytes", limits->link_recv_bytes, LINK_MIN, UINT32_MAX},
        {"link_send_bytes", limits->link_send_bytes, LINK_MIN, UINT32_MAX},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].value < fields[i].min || fields[i].value > fields[i].max)
            return parley_error_set(error, PARLEY_ERR_ARGUMENT, "limits.%s is %lu, not within %lu and %lu",
                                    fields[i].name, (unsigned long)fields[i].value,
                                    (unsigned long)fields[i].min, (unsigned long)fields[i].max);
    if (limits->output_audio_ms != PARLEY_LIMIT_NONE && limits->output_audio_ms > 3600000)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT, "limits.output_audio_ms is more than an hour");
    if (limits->outbox_bytes < parley_limits_reserve(limits) + HOST_MIN)
        return parley_error_set(error, PARLEY_ERR_ARGUMENT,
                                "limits.outbox_bytes is %lu; %u reply items need at least %lu",
                                (unsigned long)limits->outbox_bytes, (unsigned)limits->reply_items,
                                (unsigned long)(parley_limits_reserve(limits) + HOST_MIN));
    return PARLEY_OK;
}
