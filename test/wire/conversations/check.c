/* What an event holds: see check.h. */
#include "test/wire/conversations/check.h"

#include "test/fault/simulation/dice.h"
#include "test/wire/wire_test.h"

#include <jansson.h>

uint64_t check_hash(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    uint64_t word = length;

    hash = dice_mix(hash + word);
    for (; length >= sizeof word; length -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    word = 0;
    if (length > 0)
        memcpy(&word, at, length);
    return dice_mix(hash ^ word);
}

static uint64_t hash_view(uint64_t hash, struct parley_view view)
{
    return check_hash(hash + (view.at != NULL), view.at, view.len);
}

uint64_t check_hash_event(const struct parley_conversation *c, const struct parley_event *event)
{
    const struct parley_event *e = event;
    const struct parley_view views[] = {e->text,        e->json,        e->delegation, e->session_id,
                                        e->item_id,     e->response_id, e->handoff_id, e->call_id,
                                        e->status_text, e->code,        e->event_id};
    const uint64_t numbers[] = {e->kind,
                                e->at_us,
                                e->samples,
                                e->pcm_bytes,
                                e->sample_rate,
                                e->channels,
                                e->has_samples,
                                e->samples_per_channel,
                                e->late,
                                e->steering,
                                e->fatal,
                                e->heard_ms,
                                e->attempt,
                                e->wait_ms,
                                e->gap_ms,
                                e->state_restored,
                                e->dropped,
                                e->lines,
                                (uint64_t)e->status,
                                e->reason,
                                e->closed};
    struct parley_line line;
    uint64_t hash = check_hash(0, numbers, sizeof numbers);

    assert_true((uintptr_t)e->pcm % sizeof *e->pcm == 0);
    for (size_t i = 0; i < COUNT(views); i++)
        hash = hash_view(hash, views[i]);
    for (size_t i = 0; i < e->lines && parley_handoff_line(c, i, &line); i++)
        hash = hash_view(hash_view(hash, parley_view(line.role)), line.text);
    return check_hash(hash, e->pcm, e->pcm_bytes);
}

/* ---- what was said ----------------------------------------------------------------------------------- */

static size_t decode(unsigned char *into, const char *text, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static unsigned char values[256];
    uint32_t bits = 0;
    size_t bytes = 0;

    for (unsigned i = 0; i < 64; i++)
        values[(unsigned char)digits[i]] = (unsigned char)i;
    for (size_t i = 0; i < length && text[i] != '='; i++) {
        bits = bits << 6 | values[(unsigned char)text[i]];
        if (i % 4 > 0)
            into[bytes++] = (unsigned char)(bits >> (6 - i % 4 * 2));
    }
    return bytes;
}

/* What stands behind a text in a message; NULL: it does not occur. */
static const char *find_text(struct parley_view message, const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i + length <= message.len; i++)
        if (memcmp(message.at + i, text, length) == 0)
            return message.at + i + length;
    return NULL;
}

static void check_sound(const struct parley_event *event, struct parley_view message)
{
    static unsigned char pcm[1 << 16];
    const char *delta = find_text(message, "\"delta\":\""), *end;
    size_t bytes;

    assert_non_null(delta);
    end = memchr(delta, '"', message.len - (size_t)(delta - message.at));
    assert_non_null(end);
    assert_true((size_t)(end - delta) < sizeof pcm);
    bytes = decode(pcm, delta, (size_t)(end - delta));
    if (bytes != event->pcm_bytes || memcmp(pcm, event->pcm, bytes) != 0)
        fail_msg("an audio event of %u bytes is not the %u bytes that were said", (unsigned)event->pcm_bytes,
                 (unsigned)bytes);
}

static void check_text(const struct parley_event *event, const json_t *said)
{
    static const char *const names[] = {"delta", "transcript", "text"};

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *text = json_string_value(json_object_get(said, names[i]));

        if (text != NULL && parley_view_is(event->text, text))
            return;
    }
    fail_msg("%s: \"%.*s\" was not said", parley_event_name(event->kind), (int)event->text.len,
             event->text.at);
}

void check_event(const struct parley_event *event, struct parley_view message)
{
    json_t *said;

    switch (event->kind) {
    case PARLEY_EVENT_AUDIO:
        check_sound(event, message);
        return;
    case PARLEY_EVENT_USER_DELTA:
    case PARLEY_EVENT_USER_DONE:
    case PARLEY_EVENT_REPLY_DELTA:
    case PARLEY_EVENT_REPLY_DONE:
        said = json_loadb(message.at, message.len, 0, NULL);
        assert_non_null(said);
        check_text(event, said);
        json_decref(said);
        return;
    default:
        return;
    }
}

bool check_has_event(struct parley_view message)
{
    if (find_text(message, "\"item_id\":7") != NULL) /* which is no name of an item */
        return false;
    return find_text(message, "output_audio.delta\"") != NULL ||
           find_text(message, "transcript.delta\"") != NULL ||
           find_text(message, "\"speech_started\"") != NULL;
}
