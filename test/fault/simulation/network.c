/* What is between the engine and the service: see network.h. */
#include "test/fault/simulation/network.h"

#include "test/fault/simulation/dice.h"
#include "transport/loopback/service.h"
#include <string.h>

enum { SERVICE_BYTES = 1024 * 1024, NEVER_SLOW = 1 << 20 };

/* ---- the built-in service -------------------------------------------------------------------------- */

/* A new one for each link: a service forgets a session with it. */
static struct parley_loopback_peer *open_service(uint64_t seed)
{
    static const char heard[] =
        "heard \"hello\"\nheard \"run the tests\"\nheard \"thanks\"\nheard \"count to "
        "ten\"\nheard \"be quiet\"\n";
    static char memory[SERVICE_BYTES];
    static struct parley_talk_settings asked;
    const struct parley_service_settings settings = {.seed = seed};
    struct parley_arena arena = parley_arena(memory, sizeof memory);
    const struct parley_talk talk = {.text = parley_view(heard)};
    char why[PARLEY_TALK_WHY];

    if (asked.heard == 0)
        parley_talk_check(&talk, &asked, why);
    return parley_loopback_service_open(&arena, &talk, &asked, &settings);
}

/* The next thing the service says of its own. */
static int service_says(struct network *n, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    int said;

    *due_us = PARLEY_NEVER;
    if (n->inner == NULL)
        return chaos_next(&n->chaos, message);
    if (n->service_end < 0)
        return n->service_end;
    said = n->inner->say(n->inner->state, now_us, message, due_us);
    if (said < 0)
        n->service_end = said;
    return said;
}

/* Rules that even a client that keeps them breaks at times, as messages cross on their way: the service
   begins a response by itself, or ends one, before it hears ours. */
static bool is_race(enum parley_rule rule)
{
    return rule == PARLEY_RULE_RESPONSE_ONE || rule == PARLEY_RULE_CANCEL_IDLE;
}

static void service_hears(struct network *n, struct parley_view message, uint64_t now_us)
{
    const struct parley_service_breach *first;
    size_t count;

    if (n->inner == NULL)
        return;
    n->inner->received(n->inner->state, message, now_us);
    count = parley_service_breaches(n->inner, &first);
    for (; n->breaches < count && n->watch->honest; n->breaches++)
        if (!is_race(first[n->breaches].rule))
            watch_broken(n->watch, "rule", "%s: %s", parley_rule(first[n->breaches].rule)->id,
                         first[n->breaches].excerpt);
}

/* ---- messages under way ---------------------------------------------------------------------------- */

static void pipe_clear(struct pipe *p)
{
    p->used = 0;
    p->count = p->left = 0;
    p->last_us = 0;
}

static bool pipe_has_room(const struct pipe *p, size_t bytes)
{
    return p->count + 2 <= PIPE_MESSAGES && p->used + bytes <= PIPE_BYTES;
}

static void pipe_put(struct pipe *p, const struct parley_fragment *message, uint64_t due_us)
{
    memcpy(p->bytes + p->used, message->bytes.at, message->bytes.len);
    p->messages[p->count].due_us = due_us;
    p->messages[p->count].at = p->used;
    p->messages[p->count].length = message->bytes.len;
    p->messages[p->count].binary = message->binary;
    p->messages[p->count].gone = false;
    p->used += message->bytes.len;
    p->count++;
    p->left++;
    p->last_us = due_us;
}

/* The message that arrives first; -1 when there is none. */
static int pipe_first(const struct pipe *p)
{
    int first = -1;

    for (unsigned i = 0; i < p->count; i++)
        if (!p->messages[i].gone && (first < 0 || p->messages[i].due_us < p->messages[first].due_us))
            first = (int)i;
    return first;
}

static uint64_t pipe_due(const struct pipe *p)
{
    int first = pipe_first(p);

    return first < 0 ? PARLEY_NEVER : p->messages[first].due_us;
}

static struct parley_fragment pipe_at(const struct pipe *p, int message)
{
    return (struct parley_fragment){
        .bytes = parley_view_of(p->bytes + p->messages[message].at, p->messages[message].length),
        .last = true,
        .binary = p->messages[message].binary,
    };
}

static void pipe_drop(struct pipe *p, int message)
{
    p->messages[message].gone = true;
    if (--p->left == 0)
        p->count = 0, p->used = 0;
}

/* When a message that is sent now arrives. */
static uint64_t arrival(struct network *n, const struct pipe *p, uint64_t now_us, struct dice *d)
{
    uint64_t due_us = now_us;

    if (!n->perfect)
        due_us += n->settings->delay_us + (n->settings->jitter_us > 0 ? roll(d, n->settings->jitter_us) : 0);
    if (!n->perfect && n->settings->shuffle && roll_one(d, 4))
        return due_us + roll(d, 50000);
    return due_us > p->last_us ? due_us : p->last_us;
}

static void enter(struct network *n, struct pipe *p, const struct parley_fragment *message, uint64_t now_us)
{
    struct dice d = dice_for(n->seed, OF_NETWORK, n->messages++);

    pipe_put(p, message, arrival(n, p, now_us, &d));
    if (n->settings->mirror && !n->perfect && roll_one(&d, 8) && pipe_has_room(p, message->bytes.len))
        pipe_put(p, message, arrival(n, p, now_us, &d));
}

/* ---- towards the service --------------------------------------------------------------------------- */

static void deliver(struct network *n, uint64_t now_us)
{
    int first = pipe_first(&n->out);

    while (first >= 0 && n->out.messages[first].due_us <= now_us) {
        service_hears(n, pipe_at(&n->out, first).bytes, now_us);
        pipe_drop(&n->out, first);
        first = pipe_first(&n->out);
    }
}

/* In both directions messages take the pipe only where something may happen to them there. */
static bool is_direct(const struct network *n, const struct pipe *p)
{
    const struct settings *s = n->settings;

    return p->left == 0 && (n->perfect || (s->delay_us == 0 && !s->mirror && !s->shuffle));
}

static void received(void *state, struct parley_view bytes, uint64_t now_us)
{
    struct network *n = state;
    struct parley_fragment message = {.bytes = bytes, .last = true};

    watch_sent(n->watch, bytes);
    if (n->mute || n->inner == NULL)
        return;
    if (is_direct(n, &n->out) || bytes.len > PIPE_BYTES) {
        service_hears(n, bytes, now_us);
        return;
    }
    while (!pipe_has_room(&n->out, bytes.len)) { /* they arrive early, then */
        deliver(n, pipe_due(&n->out) > now_us ? pipe_due(&n->out) : now_us);
        if (n->out.left == 0)
            break;
    }
    enter(n, &n->out, &message, now_us);
}

/* ---- towards the engine ---------------------------------------------------------------------------- */

static void gone(struct network *n)
{
    n->up = false;
    pipe_clear(&n->in);
    pipe_clear(&n->out);
    n->holding = -1;
    watch_gone(n->watch);
}

static int give(struct network *n, const struct parley_fragment *message)
{
    watch_said(n->watch, message->bytes);
    return message->bytes.len > 0;
}

/* Takes what the service has to say into the pipe. */
static void fill(struct network *n, uint64_t now_us, uint64_t *due_us)
{
    struct parley_fragment message;

    while (pipe_has_room(&n->in, 32768)) {
        if (service_says(n, now_us, &message, due_us) <= 0)
            return;
        enter(n, &n->in, &message, now_us);
    }
    *due_us = PARLEY_NEVER;
}

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    struct network *n = state;
    int first;

    *due_us = n->lost_us;
    if (n->holding >= 0)
        pipe_drop(&n->in, n->holding);
    n->holding = -1;
    if (n->mute && now_us >= n->lost_us)
        n->end = PARLEY_ERR_LOST;
    if (n->end < 0) {
        gone(n);
        return n->end;
    }
    if (n->mute)
        return 0;
    deliver(n, now_us);
    if (is_direct(n, &n->in) && service_says(n, now_us, message, due_us) > 0)
        return give(n, message);
    if (!is_direct(n, &n->in))
        fill(n, now_us, due_us);
    if (n->service_end < 0 && n->in.left == 0) {
        n->outer.close_code = n->inner->close_code;
        gone(n);
        return n->service_end;
    }
    first = pipe_first(&n->in);
    if (first >= 0 && n->in.messages[first].due_us <= now_us) {
        *message = pipe_at(&n->in, first);
        n->holding = first;
        return give(n, message);
    }
    if (pipe_due(&n->in) < *due_us)
        *due_us = pipe_due(&n->in);
    if (pipe_due(&n->out) < *due_us)
        *due_us = pipe_due(&n->out);
    return 0;
}

static void opened(void *state, uint64_t now_us)
{
    struct network *n = state;
    struct dice d = dice_for(n->seed, OF_NETWORK, UINT64_C(1) << 40 | n->watch->links);

    pipe_clear(&n->in);
    pipe_clear(&n->out);
    n->holding = -1;
    n->up = true;
    n->mute = n->outer.stuck = false;
    if (n->outer.send_bytes > 0)
        n->outer.send_bytes =
            n->settings->send_bytes > 0 && !n->perfect ? n->settings->send_bytes : NEVER_SLOW;
    n->end = n->service_end = 0;
    n->breaches = 0;
    n->lost_us = PARLEY_NEVER;
    watch_opened(n->watch);
    if (n->settings->chaos) {
        chaos_opened(&n->chaos);
    } else {
        n->inner = open_service(n->settings->even_service ? 0 : n->seed);
        n->inner->opened(n->inner->state, now_us);
    }
    if (n->watch->links > 1 && !n->perfect && roll_one(&d, 4))
        network_break(n, roll(&d, 16));
}

static void closed(void *state, uint16_t code, uint64_t now_us)
{
    struct network *n = state;

    if (n->inner != NULL && n->inner->closed != NULL)
        n->inner->closed(n->inner->state, code, now_us);
    watch_hash(n->watch, code);
    gone(n);
}

/* ---- what goes wrong ------------------------------------------------------------------------------- */

void network_start(struct network *n, const struct plan *plan, struct watch *watch)
{
    const struct settings *s = &plan->settings;
    bool slow = s->send_bytes > 0;

    for (unsigned i = 0; i < plan->count; i++)
        slow = slow || plan->steps[i].kind == STEP_SLOW;
    n->outer = (struct parley_loopback_peer){.state = n,
                                             .opened = opened,
                                             .received = received,
                                             .say = say,
                                             .closed = closed,
                                             .fragment_bytes = s->fragment_bytes,
                                             .send_bytes = s->send_bytes > 0 ? s->send_bytes
                                                           : slow            ? NEVER_SLOW
                                                                             : 0};
    watch->slow = slow;
    n->inner = NULL;
    n->watch = watch;
    n->settings = s;
    n->seed = plan->seed;
    n->messages = 0;
    n->up = n->perfect = n->mute = false;
    n->lost_us = PARLEY_NEVER;
    n->end = n->service_end = 0;
    n->breaches = 0;
    n->holding = -1;
    pipe_clear(&n->in);
    pipe_clear(&n->out);
    chaos_start(&n->chaos, plan->seed, s->v1);
}

void network_fault(struct network *n, uint32_t kind, uint64_t amount, uint64_t now_us)
{
    const struct parley_service_fault fault = {.kind = (enum parley_service_fault_kind)kind,
                                               .amount = amount};

    if (n->inner != NULL && n->up)
        parley_service_strike(n->inner, &fault, now_us);
}

void network_break(struct network *n, uint32_t how)
{
    static const uint16_t codes[] = {1001, 1006, 1011, 1000, 0, 1013, 4000, 1001};

    n->outer.close_code = codes[how % 8];
    if (n->up)
        n->end = how >= 8 ? PARLEY_ERR_LOST : PARLEY_ERR_PEER_CLOSED;
}

void network_stick(struct network *n)
{
    n->outer.stuck = true;
    n->watch->slow = true;
}

void network_mute(struct network *n, uint64_t lost_us)
{
    if (!n->up)
        return;
    n->mute = true;
    n->lost_us = lost_us;
    network_stick(n);
}

void network_heal(struct network *n)
{
    n->perfect = true;
    n->outer.stuck = n->mute;
    if (n->outer.send_bytes > 0)
        n->outer.send_bytes = NEVER_SLOW;
}
