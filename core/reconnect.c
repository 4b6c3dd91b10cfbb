/* Connecting again as a state machine; see reconnect.h. */
#include "core/reconnect.h"

enum {
    HELD_US = 30 * 1000 * 1000,     /* a connection that held so long was a good one */
    RENEW_BY_US = 10 * 1000 * 1000, /* the latest: so long before a session's end */
    LEFT_S_MIN = 300,               /* what the service grants is an hour; less than this, or more */
    LEFT_S_MAX = 86400,             /* than a day, comes of a calendar that is wrong */
    CALL_ATTEMPTS = 4,              /* besides the first (reference 9.3, 1.1) */
    CALL_BASE_MS = 200,
};

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value != 0 ? value : fallback;
}

const char *parley_reconnect_fill(struct parley_reconnect *filled, const struct parley_reconnect *given)
{
    *filled = (struct parley_reconnect){
        .on = given->on,
        .attempts = or_default(given->attempts, 8),
        .first_attempts = or_default(given->first_attempts, or_default(given->attempts, 8)),
        .all_attempts = given->all_attempts,
        .base_ms = or_default(given->base_ms, 500),
        .cap_ms = or_default(given->cap_ms, 30000),
        .renew_ms = or_default(given->renew_ms, 120000),
    };
    return filled->base_ms > filled->cap_ms ? "reconnect.base_ms is more than reconnect.cap_ms" : NULL;
}

void parley_reconnection_start(struct parley_reconnection *r, const struct parley_reconnect *filled)
{
    *r = (struct parley_reconnection){
        .limits = *filled, .renew_from_us = PARLEY_NEVER, .renew_by_us = PARLEY_NEVER};
}

/* ---- what is worth another attempt --------------------------------------------------------------- */

static bool is_transient_close(uint16_t code)
{
    switch (code) {
    case 0:    /* a close frame without a code, which is reported as 1005 */
    case 1001: /* going away */
    case 1005:
    case 1006: /* no close frame */
    case 1011: /* internal error */
    case 1012: /* restart */
    case 1013: /* try again later */
    case 1014: /* bad gateway */
    case 1015: /* TLS */
        return true;
    default:
        return false;
    }
}

static bool is_transient_http(int status)
{
    return status == 408 || status == 425 || status == 429 ||
           (status >= 500 && status <= 599 && status != 501 && status != 505);
}

bool parley_lost_is_transient(const struct parley_lost *why)
{
    if (why->expired)
        return true;
    switch (why->status) {
    case PARLEY_ERR_RESOLVE:
    case PARLEY_ERR_CONNECT:
    case PARLEY_ERR_TLS:
    case PARLEY_ERR_LOST:
    case PARLEY_ERR_TIMEOUT:
    case PARLEY_ERR_SYSTEM: /* no descriptor, no buffer, no route */
        return true;
    case PARLEY_ERR_PEER_CLOSED:
        return is_transient_close(why->close_code);
    case PARLEY_ERR_REFUSED:
        return is_transient_http(why->http_status);
    default:
        return false;
    }
}

/* Reference 9.1: what HTTP clients of its kind repeat; not 429. */
static bool is_worth_creating(const struct parley_lost *why)
{
    if (why->status == PARLEY_ERR_REFUSED)
        return why->http_status >= 500 && why->http_status <= 599;
    return why->status != PARLEY_ERR_PEER_CLOSED && parley_lost_is_transient(why);
}

/* ---- steps --------------------------------------------------------------------------------------- */

void parley_reconnection_aim(struct parley_reconnection *r, enum parley_aim aim, uint64_t now_us)
{
    r->aim = aim;
    r->attempts = 0;
    r->wait_ms = 0;
    r->retry_us = now_us;
}

void parley_reconnection_up(struct parley_reconnection *r, uint64_t now_us)
{
    if (r->aim != PARLEY_AIM_SESSION)
        r->attempts = 0;
    r->aim = PARLEY_AIM_SESSION;
    r->up = r->was_up = true;
    r->up_us = now_us;
}

/* No link any more, and whatever was planned for it. */
static void note_lost(struct parley_reconnection *r, uint64_t now_us)
{
    if (r->up)
        r->lost_us = now_us;
    if (r->up && now_us - r->up_us >= HELD_US)
        r->attempts = 0;
    r->up = false;
    r->renew_from_us = r->renew_by_us = PARLEY_NEVER;
}

static bool may_try(const struct parley_reconnection *r, const struct parley_lost *why)
{
    uint32_t most = r->was_up ? r->limits.attempts : r->limits.first_attempts;

    if (r->aim != PARLEY_AIM_SESSION)
        return r->attempts < CALL_ATTEMPTS && (r->aim == PARLEY_AIM_JOIN || is_worth_creating(why));
    return parley_lost_is_transient(why) && r->limits.on && most != PARLEY_LIMIT_NONE && r->attempts < most &&
           (r->limits.all_attempts == 0 || r->all_attempts < r->limits.all_attempts);
}

/* `chance` as one of 0 to `most`. */
static uint32_t up_to(uint32_t most, uint32_t chance)
{
    return (uint32_t)(((uint64_t)most + 1) * chance >> 32);
}

/* For a call: a fixed wait, twice as long each time, and a tenth of it more or less. */
static uint32_t call_wait_ms(uint32_t attempt, uint32_t chance)
{
    uint32_t ms = (uint32_t)CALL_BASE_MS << (attempt - 1);

    return ms - ms / 10 + up_to(ms / 5, chance);
}

/* The most the present attempt may wait: twice as long each time. */
static uint32_t longest_wait_ms(const struct parley_reconnection *r)
{
    uint64_t ms = r->limits.base_ms;

    for (uint32_t i = 1; i < r->attempts && ms < r->limits.cap_ms; i++)
        ms *= 2;
    return ms < r->limits.cap_ms ? (uint32_t)ms : r->limits.cap_ms;
}

bool parley_reconnection_lost(struct parley_reconnection *r, const struct parley_lost *why, uint64_t now_us,
                              uint32_t chance)
{
    note_lost(r, now_us);
    if (!may_try(r, why))
        return false;
    r->attempts++;
    if (r->aim == PARLEY_AIM_SESSION)
        r->all_attempts++;
    r->wait_ms =
        r->aim == PARLEY_AIM_SESSION ? up_to(longest_wait_ms(r), chance) : call_wait_ms(r->attempts, chance);
    r->retry_us = parley_clock_add(now_us, r->wait_ms * UINT64_C(1000));
    return true;
}

/* ---- a session that is to end -------------------------------------------------------------------- */

void parley_reconnection_expires(struct parley_reconnection *r, int64_t left_s, uint64_t now_us)
{
    uint64_t end_us, early_us = r->limits.renew_ms * UINT64_C(1000);

    if (!r->limits.on || r->limits.renew_ms == PARLEY_LIMIT_NONE || left_s < LEFT_S_MIN ||
        left_s > LEFT_S_MAX)
        return;
    end_us = (uint64_t)left_s * 1000000;
    if (early_us > end_us / 2)
        early_us = end_us / 2;
    if (early_us < RENEW_BY_US)
        early_us = RENEW_BY_US;
    r->renew_from_us = parley_clock_add(now_us, end_us - early_us);
    r->renew_by_us = parley_clock_add(now_us, end_us - RENEW_BY_US);
}

bool parley_reconnection_is_due(const struct parley_reconnection *r, bool quiet, uint64_t now_us)
{
    return r->up && now_us >= (quiet ? r->renew_from_us : r->renew_by_us);
}

void parley_reconnection_renew(struct parley_reconnection *r, uint64_t now_us)
{
    note_lost(r, now_us);
    r->attempts = 1;
    r->wait_ms = 0;
    r->retry_us = now_us;
}

uint64_t parley_reconnection_deadline(const struct parley_reconnection *r, bool quiet)
{
    if (!r->up)
        return r->retry_us;
    return quiet ? r->renew_from_us : r->renew_by_us;
}
