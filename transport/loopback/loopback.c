/*
 * The seam of transport.h with no network behind it: what the client sends goes to the peer by a call, what
 * the peer says is pulled from it when the client reads. There is no queue in between, so a client that does
 * not read holds the peer up as a full socket would.
 */
#include "transport/loopback/loopback.h"
#include "transport/loopback/script.h"

#include <stdio.h>

const char parley_transport_name[] = "loopback";
const size_t parley_transport_kept_bytes = 0;

/* A message that is taken in parts waits here for its end; only with a limit on send is there such a thing.
 */
enum { PART_BYTES_MIN = 256 * 1024 };

enum link_state { LINK_CONNECTING, LINK_OPEN, LINK_CLOSING, LINK_ENDED };

struct parley_transport {
    struct parley_loopback_peer *peer;
    enum link_state state;
    int status; /* why it ended, once it has */
    uint64_t now_us, due_us;
    bool holding; /* `said` is not handed out to its end yet */
    struct parley_fragment said;
    bool calls, called; /* the link is for a call; its body is here */
    struct parley_facts facts;
    char *part;
    size_t part_bytes, part_used, taken;
    bool refused; /* not all that was offered was taken: there will be room after the next work */
    uint16_t close_code, peer_code; /* ours to send, and what the peer closed with */
    char reason[PARLEY_TRANSPORT_REASON];
};

/* Chooses the peer: the host's own, or one that script.c makes (the built-in service when there is no text).
 */
static int choose_peer(struct parley_loopback_peer **peer, struct parley_arena *arena,
                       const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_script *script;
    int status;

    *peer = to->peer;
    if (to->peer != NULL)
        return PARLEY_OK;
    status =
        parley_script_open(&script, arena, to->script.at != NULL ? to->script : parley_view("use service"),
                           to->script_name, false, why);
    if (status == PARLEY_OK && script != NULL)
        *peer = parley_script_peer(script);
    return status;
}

/* Bytes for a message that is taken in parts; 0 when all are taken whole. */
static size_t part_size(const struct parley_endpoint *to)
{
    const struct parley_loopback_peer *peer = to->peer;
    struct parley_talk talk = {.text = to->script};
    struct parley_talk_settings settings = {0};
    char why[PARLEY_TALK_WHY];

    if (peer == NULL && parley_talk_check(&talk, &settings, why) != PARLEY_OK)
        return 0; /* choose_peer tells why */
    if ((peer != NULL ? peer->send_bytes : settings.send_bytes) == 0)
        return 0;
    return to->send_bytes > PART_BYTES_MIN ? to->send_bytes : PART_BYTES_MIN;
}

int parley_transport_open(struct parley_transport **t, struct parley_arena *arena,
                          const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_loopback_peer *peer;
    struct parley_transport *made = parley_arena_take(arena, 1, sizeof(*made));
    size_t part_bytes = part_size(to);
    char *part = part_bytes > 0 ? parley_arena_take(arena, 1, part_bytes) : NULL;
    int status = choose_peer(&peer, arena, to, why);

    *t = NULL;
    if (status != PARLEY_OK || (arena->base == NULL && !arena->failed))
        return status;
    if (arena->failed || made == NULL) {
        snprintf(why, PARLEY_TRANSPORT_REASON, "loopback: the memory block is too small");
        return PARLEY_ERR_MEMORY;
    }
    if (peer->link != NULL)
        status = peer->link->open(peer->state, why);
    if (status != PARLEY_OK)
        return status;
    made->peer = peer;
    made->part = part;
    made->part_bytes = part_bytes;
    made->calls = to->call_type.at != NULL;
    *t = made;
    return PARLEY_OK;
}

/* The link is over for `status`; the first reason stays. */
static int end_link(struct parley_transport *t, int status, struct parley_view words)
{
    const char *stage = parley_transport_stage(t);

    t->state = LINK_ENDED;
    t->status = status;
    snprintf(t->reason, sizeof(t->reason), "%s: %.*s", t->calls ? stage : "open",
             (int)(words.len < 200 ? words.len : 200), words.len > 0 ? words.at : "");
    return status;
}

/* Asks the peer whether the link comes up. */
static void dial(struct parley_transport *t)
{
    int up = 1;

    t->due_us = PARLEY_NEVER;
    if (t->peer->dialled != NULL)
        up = t->peer->dialled(t->peer->state, t->calls, t->now_us, &t->due_us);
    if (up < 0)
        end_link(t, up, parley_view(parley_status_text(up)));
    if (up <= 0)
        return;
    t->state = LINK_OPEN;
    if (!t->calls)
        t->peer->opened(t->peer->state, t->now_us);
}

/* What the peer was told of has a right to its end as well. */
static void tell_closed(struct parley_transport *t, uint16_t code)
{
    if (!t->calls && t->peer->closed != NULL)
        t->peer->closed(t->peer->state, code, t->now_us);
}

int parley_transport_work(struct parley_transport *t, uint64_t now_us)
{
    if (t->peer->link != NULL)
        return t->peer->link->work(t->peer->state, now_us);
    t->now_us = now_us;
    t->taken = 0;
    t->refused = false;
    if (t->state == LINK_CONNECTING) {
        dial(t);
    } else if (t->state == LINK_CLOSING) {
        tell_closed(t, t->close_code);
        t->state = LINK_ENDED;
        t->status = PARLEY_ERR_CLOSED;
    }
    if (t->state == LINK_ENDED)
        return t->status;
    return t->state == LINK_CONNECTING ? 0 : 1;
}

/* ---- calls --------------------------------------------------------------------------------------- */

/* The service's part of reference 9.2, as far as there is one without a network. */
static void answer_call(struct parley_transport *t, struct parley_view body)
{
    struct parley_loopback_answer answer = {
        .http_status = 201,
        .id = "rtc_loopback",
        .sdp = PARLEY_VIEW("v=0\r\no=parley 1 1 IN IP4 127.0.0.1\r\ns=loopback\r\nt=0 0\r\n"),
    };
    char words[32];

    if (t->peer->called != NULL)
        t->peer->called(t->peer->state, body, &answer);
    t->facts.http_status = answer.http_status;
    if (answer.http_status / 100 != 2) {
        snprintf(words, sizeof words, "HTTP %d", answer.http_status);
        end_link(t, answer.http_status == 401 ? PARLEY_ERR_AUTH : PARLEY_ERR_REFUSED, parley_view(words));
        return;
    }
    if (answer.id == NULL) {
        end_link(t, PARLEY_ERR_HTTP, parley_view("realtime call response missing Location"));
        return;
    }
    snprintf(t->facts.call_id, sizeof t->facts.call_id, "%s", answer.id);
    t->said = (struct parley_fragment){.bytes = answer.sdp, .last = true};
    t->called = t->holding = true;
}

/* Asks the peer for more. Returns 1 when it is now held, 0, or the status that ended the link. */
static int pull(struct parley_transport *t)
{
    int said;

    t->due_us = PARLEY_NEVER;
    said = t->peer->say(t->peer->state, t->now_us, &t->said, &t->due_us);
    if (said < 0) {
        struct parley_view words = {0};

        t->peer_code = said == PARLEY_ERR_PEER_CLOSED ? t->peer->close_code : 0;
        if (t->peer->reason != NULL)
            words = t->peer->reason(t->peer->state);
        return end_link(t, said, words.len > 0 ? words : parley_view(parley_status_text(said)));
    }
    t->holding = said > 0;
    return said;
}

int parley_transport_recv(struct parley_transport *t, struct parley_fragment *out)
{
    size_t most = t->peer->fragment_bytes;
    int status;

    out->lent = false;
    if (t->peer->link != NULL)
        return t->peer->link->recv(t->peer->state, out);
    if (!t->holding) {
        if (t->called)
            end_link(t, PARLEY_ERR_CLOSED, parley_view("the call is created"));
        if (t->state == LINK_CONNECTING || (t->calls && t->state != LINK_ENDED))
            return 0;
        status = t->state == LINK_ENDED ? t->status : pull(t);
        if (status <= 0)
            return status;
    }
    *out = t->said;
    out->lent = false;
    t->holding = most > 0 && out->bytes.len > most;
    if (t->holding) {
        out->bytes.len = most;
        out->last = false;
        t->said.bytes = parley_view_skip(t->said.bytes, most);
    }
    t->due_us = 0; /* there may be more at once */
    return 1;
}

void parley_transport_release(struct parley_transport *t)
{
    (void)t; /* nothing is ever lent */
}

/* The peer gets a whole message; whatever it had planned may be different now. */
static void deliver(struct parley_transport *t, struct parley_view message)
{
    t->due_us = 0;
    if (t->calls) {
        answer_call(t, message);
        return;
    }
    t->peer->received(t->peer->state, message, t->now_us);
}

/* Keeps the next `bytes` bytes of a message until its end has come. */
static long take_part(struct parley_transport *t, struct parley_view message, size_t bytes)
{
    if (bytes > t->part_bytes - t->part_used)
        return end_link(t, PARLEY_ERR_TOO_LONG,
                        parley_view("a message sent in parts exceeds the loopback's buffer"));
    memcpy(t->part + t->part_used, message.at, bytes);
    t->part_used += bytes;
    t->taken += bytes;
    if (bytes == message.len) {
        struct parley_view whole = parley_view_of(t->part, t->part_used);

        t->part_used = 0;
        deliver(t, whole);
    }
    return (long)bytes;
}

long parley_transport_send(struct parley_transport *t, struct parley_view message)
{
    size_t left;

    if (t->peer->link != NULL)
        return t->peer->link->send(t->peer->state, message);
    if (t->state == LINK_ENDED)
        return t->status;
    if (t->state != LINK_OPEN || message.len == 0 || t->peer->stuck)
        return 0;
    if (t->peer->send_bytes == 0) {
        deliver(t, message);
        return (long)message.len;
    }
    left = t->peer->send_bytes - t->taken;
    t->refused = message.len > left;
    return take_part(t, message, t->refused ? left : message.len);
}

size_t parley_transport_pending(const struct parley_transport *t)
{
    if (t->peer->link != NULL)
        return t->peer->link->pending(t->peer->state);
    return t->part_used;
}

size_t parley_transport_interest(const struct parley_transport *t, struct parley_interest *want)
{
    bool busy = (t->state == LINK_CONNECTING && t->due_us <= t->now_us) || t->state == LINK_CLOSING ||
                t->holding || t->refused;
    uint64_t due_us = t->state == LINK_ENDED ? PARLEY_NEVER : t->due_us;

    if (t->peer->link != NULL) /* its host knows */
        busy = false, due_us = PARLEY_NEVER;
    *want = (struct parley_interest){.fd = -1, .deadline_us = busy ? 0 : due_us};
    return 1;
}

const char *parley_transport_stage(const struct parley_transport *t)
{
    static const char *const names[] = {"connect", "open", "closing", "closed"};

    if (t->peer->link != NULL)
        return t->peer->link->stage(t->peer->state);
    return t->calls && t->state == LINK_OPEN ? "call" : names[t->state];
}

struct parley_view parley_transport_reason(const struct parley_transport *t)
{
    if (t->peer->link != NULL)
        return t->peer->link->reason(t->peer->state);
    return parley_view(t->reason);
}

uint16_t parley_transport_close_code(const struct parley_transport *t)
{
    if (t->peer->link != NULL)
        return t->peer->link->close_code(t->peer->state);
    return t->peer_code;
}

const struct parley_facts *parley_transport_facts(const struct parley_transport *t)
{
    return t->peer->link != NULL ? t->peer->link->facts(t->peer->state) : &t->facts;
}

void parley_transport_close(struct parley_transport *t, uint16_t code)
{
    if (t->state == LINK_ENDED || t->state == LINK_CLOSING || t->peer->link != NULL)
        return;
    t->close_code = code;
    t->state = LINK_CLOSING;
}

void parley_transport_drop(struct parley_transport *t)
{
    if (t == NULL || t->peer->link != NULL)
        return;
    if (t->state != LINK_ENDED && (t->state != LINK_CONNECTING || t->peer->dialled == NULL))
        tell_closed(t, 0);
    t->state = LINK_ENDED;
    t->status = PARLEY_ERR_CLOSED;
    t->holding = false;
}
