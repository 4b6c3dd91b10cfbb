/*
 * Both dialects on any bytes: what is not JSON is told with its place, every view of an event lies in the
 * message, strings are UTF-8, JSON handed on is JSON, and what the event's kind promises is there.
 */
#include "parser/event.h"
#include "parser/json.h"
#include "parser/utf8.h"
#include "platform/status.h"
#include "test/fuzz/fuzz.h"

static void check_text(struct parley_view text, const char *message, size_t size)
{
    if (text.len == 0)
        return;
    must(text.at >= message && text.at + text.len <= message + size);
    must(parley_utf8_valid(text));
}

static void check_json(struct parley_view json)
{
    if (json.at == NULL)
        return;
    char *copy = exact_copy(json.at, json.len);
    struct parley_json j;
    must(json.len > 0);
    parley_json_start(&j, copy, json.len);
    must(parley_json_skip(&j) && parley_json_next(&j) == PARLEY_JSON_END);
    free(copy);
}

/* What event.h says a kind always has. */
static void check_kind(const struct parley_wire_event *e)
{
    switch (e->kind) {
    case PARLEY_WIRE_SESSION_UPDATED:
        must(e->session_id.at != NULL);
        break;
    case PARLEY_WIRE_INPUT_DELTA:
    case PARLEY_WIRE_INPUT_DONE:
    case PARLEY_WIRE_OUTPUT_DELTA:
    case PARLEY_WIRE_OUTPUT_DONE:
    case PARLEY_WIRE_ERROR:
        must(e->text.at != NULL);
        break;
    case PARLEY_WIRE_AUDIO:
        must(e->pcm != NULL && (e->pcm_bytes == 0 || !e->audio_bad));
        break;
    case PARLEY_WIRE_ITEM_ADDED:
        must(e->json.at != NULL);
        break;
    case PARLEY_WIRE_ITEM_DONE:
        must(e->item_id.at != NULL);
        break;
    case PARLEY_WIRE_HANDOFF:
        must(e->text.at != NULL && e->call_id.at != NULL && e->item_id.at != NULL);
        break;
    case PARLEY_WIRE_SILENCE:
        must(e->call_id.at != NULL && e->item_id.at != NULL);
        break;
    case PARLEY_WIRE_IGNORED:
    case PARLEY_WIRE_SPEECH_STARTED:
    case PARLEY_WIRE_SPEECH_STOPPED:
    case PARLEY_WIRE_RESPONSE_CREATED:
    case PARLEY_WIRE_RESPONSE_CANCELLED:
    case PARLEY_WIRE_RESPONSE_DONE:
        break;
    }
}

static void check(int (*parse)(struct parley_wire_event *, char *, size_t, size_t *, const char **),
                  const uint8_t *data, size_t size)
{
    char *message = exact_copy(data, size);
    struct parley_wire_event e;
    size_t offset = SIZE_MAX;
    const char *why = NULL;
    int status = parse(&e, message, size, &offset, &why);
    must(status == PARLEY_OK || (status == PARLEY_ERR_JSON && offset <= size && why != NULL));
    if (status == PARLEY_OK) {
        const struct parley_view views[] = {e.type,    e.text,        e.json,    e.session_id,
                                            e.item_id, e.response_id, e.call_id, e.status,
                                            e.code,    e.event_id,    e.param};
        for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
            check_text(views[i], message, size);
        if (e.pcm != NULL)
            must((char *)e.pcm >= message && (char *)e.pcm + e.pcm_bytes <= message + size);
        check_json(e.json);
        check_kind(&e);
    }
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(parley_events_v1, data, size);
    check(parley_events_v2, data, size);
    return 0;
}
