/* The other one in a conversation: see partner.h. */
#include "test/wire/conversations/partner.h"

#include "test/fault/simulation/chaos.h"
#include "test/wire/conversations/wire.h"
#include "test/wire/wire_test.h"
#include "transport/loopback/service.h"

enum { SERVICE_BYTES = 1024 * 1024, NOTES = 2048, NOTE_BYTES = 2 * 1024 * 1024 };

static struct {
    const struct story *story;
    struct script *script;
    struct parley_loopback_peer *service; /* NULL: it says anything */
    struct chaos chaos;
    size_t breaches; /* of rules, that were looked at */
    bool closed;
} partner;

/* What it has yet to hear. */
static struct {
    char bytes[NOTE_BYTES];
    size_t used, ends[NOTES];
    unsigned count;
} notes;

static struct parley_loopback_peer *open_service(void)
{
    static const char heard[] = "heard \"hello\"\nheard \"it is \\\"late\\\"\"\nheard \"thanks\"\n";
    static char memory[SERVICE_BYTES];
    static struct parley_talk_settings asked;
    const struct parley_service_settings settings = {.seed = partner.story->seed};
    struct parley_arena arena = parley_arena(memory, sizeof memory);
    const struct parley_talk talk = {.text = parley_view(heard)};
    char why[PARLEY_TALK_WHY];

    if (asked.heard == 0)
        assert_int_equal(parley_talk_check(&talk, &asked, why), PARLEY_OK);
    return parley_loopback_service_open(&arena, &talk, &asked, &settings);
}

static void say(const struct parley_fragment *message, unsigned phase)
{
    struct script *script = partner.script;

    assert_true(message->last && script->count < SCRIPT_SAID &&
                message->bytes.len <= SCRIPT_BYTES - script->used);
    memcpy(script->bytes + script->used, message->bytes.at, message->bytes.len);
    script->said[script->count].at = script->used;
    script->said[script->count].length = message->bytes.len;
    script->said[script->count].binary = message->binary;
    script->said[script->count].told = false;
    script->said[script->count++].phase = phase;
    script->used += message->bytes.len;
    wire_say(message->bytes, message->binary);
}

/* Messages may cross on their way, and a service that says anything may ask for an agent where there are no
   replies: that a client cannot help. */
static bool may_be_broken(enum parley_rule rule)
{
    return rule == PARLEY_RULE_RESPONSE_ONE || rule == PARLEY_RULE_CANCEL_IDLE ||
           (rule == PARLEY_RULE_RESPONSE_TRANSCRIPTION && !partner.story->strict);
}

static void check_rules(struct parley_view message)
{
    const struct parley_service_breach *first;
    size_t count = parley_service_breaches(partner.service, &first);

    for (; partner.breaches < count; partner.breaches++)
        if (!may_be_broken(first[partner.breaches].rule))
            fail_msg("rule %s: %s: %.*s", parley_rule(first[partner.breaches].rule)->id,
                     first[partner.breaches].excerpt, message.len < 200 ? (int)message.len : 200, message.at);
}

static void hear_notes(uint64_t now_us)
{
    size_t at = 0;

    for (unsigned i = 0; i < notes.count && partner.service != NULL; at = notes.ends[i++]) {
        struct parley_view message = parley_view_of(notes.bytes + at, notes.ends[i] - at);

        partner.service->received(partner.service->state, message, now_us);
        check_rules(message);
    }
    notes.count = 0;
    notes.used = 0;
}

static int next_message(struct parley_fragment *message, uint64_t now_us)
{
    uint64_t due_us;

    return partner.service != NULL ? partner.service->say(partner.service->state, now_us, message, &due_us)
                                   : chaos_next(&partner.chaos, message);
}

void partner_note(struct parley_view message)
{
    assert_true(notes.count < NOTES && message.len <= NOTE_BYTES - notes.used);
    memcpy(notes.bytes + notes.used, message.at, message.len);
    notes.used += message.len;
    notes.ends[notes.count++] = notes.used;
}

int partner_turn(const struct phase *phase, unsigned number, uint64_t now_us)
{
    struct parley_fragment message;
    int said;

    for (unsigned i = 0; phase != NULL && i < phase->sayings; i++)
        chaos_say(&partner.chaos, phase->says[i].what, phase->says[i].chance);
    hear_notes(now_us);
    while ((said = next_message(&message, now_us)) > 0)
        say(&message, number);
    if (said == 0 || partner.closed)
        return 0;
    partner.closed = true;
    wire_close(partner.service->close_code);
    return partner.service->close_code;
}

void partner_start(const struct story *story, bool strict, struct script *script, uint64_t now_us)
{
    memset(&partner, 0, sizeof partner);
    partner.story = story;
    partner.script = script;
    script->used = 0;
    script->count = 0;
    notes.count = 0;
    notes.used = 0;
    if (strict) {
        partner.service = open_service();
        partner.service->opened(partner.service->state, now_us);
    } else {
        chaos_start(&partner.chaos, story->seed, story->v1);
        chaos_say(&partner.chaos, SAY_UPDATED, 0);
    }
}
