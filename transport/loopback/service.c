/*
 * The built-in service: what the client asks of it, and what comes out next. See service.h and
 * service_state.h.
 */
#include "transport/loopback/service.h"
#include "platform/clock.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

/* ---- what the client sends ----------------------------------------------------------------------- */

/* There is no such buffer without WebRTC. */
static void output_clear(struct parley_service_state *s, struct parley_view message)
{
    parley_service_refuse(s, message, PARLEY_RULE_OUTPUT_CLEAR, "type",
                          "Invalid value: 'output_audio_buffer.clear' is for WebRTC connections.");
}

static const struct request {
    const char *type;
    const struct parley_shape *shape;
    void (*act)(struct parley_service_state *s, struct parley_view message);
} requests[] = {
    {"input_audio_buffer.append", &parley_service_append_shape, parley_service_append},
    {"input_audio_buffer.commit", &parley_service_plain_shape, parley_service_commit},
    {"input_audio_buffer.clear", &parley_service_plain_shape, parley_service_clear},
    {"output_audio_buffer.clear", &parley_service_plain_shape, output_clear},
    {"session.update", &parley_service_update_shape, parley_service_session_update},
    {"conversation.item.create", &parley_service_create_shape, parley_service_item_create},
    {"conversation.item.truncate", &parley_service_truncate_shape, parley_service_item_truncate},
    {"conversation.item.delete", &parley_service_named_shape, parley_service_item_delete},
    {"conversation.item.retrieve", &parley_service_named_shape, parley_service_item_retrieve},
    {"response.create", &parley_service_ask_shape, parley_service_response_create},
    {"response.cancel", &parley_service_cancel_shape, parley_service_response_cancel},
    {"conversation.handoff.append", &parley_service_handoff_shape, parley_service_handoff_append},
};

static void act(struct parley_service_state *s, struct parley_view message, const struct request *request)
{
    static const struct parley_shape_rules rules = {
        .unknown = PARLEY_RULE_MEMBER_UNKNOWN,
        .type = PARLEY_RULE_MEMBER_TYPE,
        .missing = PARLEY_RULE_MEMBER_MISSING,
        .value = PARLEY_RULE_MEMBER_TYPE,
    };

    if (parley_service_check(s, message, request->shape, message, "", &rules))
        request->act(s, message);
}

/* A message of no known type. */
static void refuse_type(struct parley_service_state *s, struct parley_view message, struct parley_view type)
{
    struct parley_view raw;

    if (message.at[0] != '{')
        parley_service_refuse(s, message, PARLEY_RULE_MESSAGE_OBJECT, NULL,
                              "Invalid message: expected an object.");
    else if (!parley_peek(message, parley_view("type"), &raw))
        parley_service_refuse(s, message, PARLEY_RULE_TYPE_MISSING, "type",
                              "Missing required parameter: 'type'.");
    else if (!parley_peek_is_string(raw))
        parley_service_refuse(s, message, PARLEY_RULE_TYPE_STRING, "type",
                              "Invalid type for 'type': expected a string.");
    else
        parley_service_refuse(s, message, PARLEY_RULE_TYPE_KNOWN, "type",
                              "Invalid value: '%.*s' is no event the loopback knows.", (int)type.len,
                              type.at);
}

static void received(void *state, struct parley_view message, uint64_t now_us)
{
    struct parley_service_state *s = state;
    char name[64];
    struct parley_view type;
    const char *why;
    size_t offset;

    s->now_us = now_us;
    message = parley_view_trim(message);
    if (!parley_peek_valid(message, &why, &offset)) {
        parley_service_refuse(s, parley_view("{}"), PARLEY_RULE_MESSAGE_JSON, NULL,
                              "The message is not JSON: %s (byte %lu)", why, (unsigned long)offset);
        return;
    }
    type = parley_peek_text(message, "type", name, sizeof(name));
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        if (parley_view_is(type, requests[i].type)) {
            act(s, message, &requests[i]);
            return;
        }
    refuse_type(s, message, type);
}

/* ---- what goes wrong ----------------------------------------------------------------------------- */

static const char *const fault_names[PARLEY_FAULT_KINDS] = {
    "error",      "fail-reply", "filter-reply", "empty-reply", "fail-transcript",
    "rate-limit", "stall",      "expire",       "close",       "break",
};

const char *parley_service_fault_name(enum parley_service_fault_kind kind)
{
    return kind < PARLEY_FAULT_KINDS ? fault_names[kind] : "";
}

enum parley_service_fault_kind parley_service_fault_named(struct parley_view name)
{
    int kind = 0;

    while (kind < PARLEY_FAULT_KINDS && !parley_view_is(name, fault_names[kind]))
        kind++;
    return (enum parley_service_fault_kind)kind;
}

/* Ends the link, once all that is queued was said. */
static void end(struct parley_service_state *s, int status, unsigned code, const char *why)
{
    if (s->over != 0)
        return;
    s->over = status;
    s->peer.close_code = (uint16_t)code;
    snprintf(s->over_reason, sizeof(s->over_reason), "%s", why);
}

static void expire(struct parley_service_state *s)
{
    char text[80];

    snprintf(text, sizeof(text), "Your session hit the maximum duration of %u minutes.",
             (unsigned)s->settings.session_minutes);
    parley_service_complain(s, "invalid_request_error", "session_expired", text);
    end(s, PARLEY_ERR_PEER_CLOSED, 1001, text);
}

/* The running response, or else the next, ends badly. */
static void end_reply(struct parley_service_state *s, const char *ended, const char *reason)
{
    if (parley_service_replying(s)) {
        parley_service_end(s, &s->replies[0], ended, reason);
    } else {
        s->next_ended = ended;
        s->next_reason = reason;
    }
}

static void strike(struct parley_service_state *s, const struct parley_service_fault *fault)
{
    switch (fault->kind) {
    case PARLEY_FAULT_ERROR:
        parley_service_complain(s, "server_error", NULL,
                                "The server had an error while processing your request. Sorry about that!");
        break;
    case PARLEY_FAULT_FAIL_REPLY:
        end_reply(s, "failed", NULL);
        break;
    case PARLEY_FAULT_FILTER_REPLY:
        end_reply(s, "incomplete", "content_filter");
        break;
    case PARLEY_FAULT_EMPTY_REPLY:
        s->next_empty = true;
        break;
    case PARLEY_FAULT_FAIL_TRANSCRIPT:
        s->fail_transcript = true;
        break;
    case PARLEY_FAULT_RATE_LIMIT:
        parley_service_take_tokens(s, UINT32_MAX);
        break;
    case PARLEY_FAULT_STALL:
        s->quiet_us = parley_clock_add(s->now_us, fault->amount);
        break;
    case PARLEY_FAULT_EXPIRE:
        expire(s);
        break;
    case PARLEY_FAULT_CLOSE:
        end(s, PARLEY_ERR_PEER_CLOSED, fault->amount > 0 ? (unsigned)fault->amount : 1000,
            "the service closed");
        break;
    default:
        end(s, PARLEY_ERR_LOST, 0, "the connection broke");
        break;
    }
}

void parley_service_strike(struct parley_loopback_peer *service, const struct parley_service_fault *fault,
                           uint64_t now_us)
{
    struct parley_service_state *s = service->state;

    s->now_us = now_us;
    strike(s, fault);
}

/* What goes wrong by time alone. Returns when the next of it does. */
static uint64_t suffer(struct parley_service_state *s)
{
    uint64_t expires_us = parley_clock_add(s->opened_us, (uint64_t)s->settings.session_minutes * 60000000);

    if (s->over == 0 && s->now_us >= expires_us)
        expire(s);
    while (s->faults_done < s->settings.fault_count) {
        const struct parley_service_fault *fault = &s->settings.faults[s->faults_done];
        uint64_t at_us = parley_clock_add(s->opened_us, fault->at_us);

        if (at_us > s->now_us)
            return at_us < expires_us ? at_us : expires_us;
        s->faults_done++;
        strike(s, fault);
    }
    return expires_us;
}

/* ---- the peer ------------------------------------------------------------------------------------ */

/* A connection is a session of its own: what was said in another is gone. */
static void opened(void *state, uint64_t now_us)
{
    struct parley_service_state *s = state;

    s->now_us = s->opened_us = s->tokens_us = now_us;
    s->tokens_left = s->settings.tokens_a_minute;
    s->quiet_us = s->played_us = s->transcribed_us = 0;
    s->idle_us = PARLEY_NEVER;
    s->over = 0;
    s->peer.close_code = 0;
    memset(s->items, 0, sizeof(s->items));
    memset(s->replies, 0, sizeof(s->replies));
    memset(s->utterances, 0, sizeof(s->utterances));
    memset(&s->ear, 0, sizeof(s->ear));
    s->last_item[0] = s->speech_item[0] = s->said[0] = s->backend[0] = '\0';
    s->uncommitted = 0;
    s->understood = s->finished = s->steered = s->want_reply = s->spoken = false;
    s->queue.used = 0;
    s->queue_said = false;
    parley_service_begin(s);
}

/* The next message that is due, if there is one; else *due_us tells when. */
static bool next_message(struct parley_service_state *s, struct parley_view *message, uint64_t *due_us)
{
    struct parley_render r = parley_render(s->message, PARLEY_SERVICE_MESSAGE);
    uint64_t heard_us;

    if (parley_service_queued(s, message))
        return true;
    if (s->over != 0)
        return false;
    if (!parley_service_transcript(s, &r, &heard_us) && !parley_service_speak(s, &r, due_us)) {
        *due_us = heard_us < *due_us ? heard_us : *due_us;
        parley_service_idle(s, due_us);
        return parley_service_queued(s, message);
    }
    *message = parley_rendered(&r);
    return true;
}

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    struct parley_service_state *s = state;
    uint64_t next_us;

    s->now_us = now_us;
    *message = (struct parley_fragment){.last = true};
    *due_us = PARLEY_NEVER;
    next_us = suffer(s);
    if (now_us < s->quiet_us) {
        *due_us = s->quiet_us;
        return 0;
    }
    if (next_message(s, &message->bytes, due_us))
        return 1;
    if (s->over != 0)
        return s->over;
    *due_us = next_us < *due_us ? next_us : *due_us;
    return 0;
}

static struct parley_view reason(void *state)
{
    const struct parley_service_state *s = state;

    return parley_view(s->over_reason);
}

size_t parley_service_breaches(const struct parley_loopback_peer *service,
                               const struct parley_service_breach **first)
{
    const struct parley_service_state *s = service->state;

    *first = s->breaches;
    return s->breach_count < PARLEY_SERVICE_BREACHES ? s->breach_count : PARLEY_SERVICE_BREACHES;
}

unsigned parley_service_breach_count(const struct parley_loopback_peer *service)
{
    const struct parley_service_state *s = service->state;

    return s->breach_count;
}

/* ---- life ---------------------------------------------------------------------------------------- */

/* Copies the texts of the heard lines, each with a zero behind it. */
static void copy_heard(char *into, const struct parley_talk *talk, size_t bytes)
{
    struct parley_talk reader = *talk;
    struct parley_talk_line line;
    char why[PARLEY_TALK_WHY];
    size_t used = 0;

    while (parley_talk_next(&reader, &line, why) > 0) {
        if (line.verb != PARLEY_TALK_HEARD)
            continue;
        used += parley_peek_unescape(line.text, into + used, bytes - used).len;
        into[used++] = '\0';
    }
}

static void fill(struct parley_service_state *s, const struct parley_service_settings *settings)
{
    if (settings != NULL)
        s->settings = *settings;
    if (s->settings.speed == 0)
        s->settings.speed = 5;
    if (s->settings.session_minutes == 0)
        s->settings.session_minutes = 60;
    if (s->settings.tokens_a_minute == 0)
        s->settings.tokens_a_minute = 400000;
    s->random = s->settings.seed;
    s->peer = (struct parley_loopback_peer){
        .state = s, .opened = opened, .received = received, .say = say, .reason = reason};
}

struct parley_loopback_peer *parley_loopback_service_open(struct parley_arena *arena,
                                                          const struct parley_talk *talk,
                                                          const struct parley_talk_settings *asked,
                                                          const struct parley_service_settings *settings)
{
    size_t heard_bytes = asked != NULL ? asked->heard_bytes : 0;
    struct parley_service_state *s = parley_arena_take(arena, 1, sizeof(*s));
    struct parley_journal queue = parley_journal(arena, PARLEY_SERVICE_QUEUE);
    char *message = parley_arena_take(arena, 1, PARLEY_SERVICE_MESSAGE);
    char *session = parley_arena_take(arena, 1, PARLEY_SERVICE_SESSION);
    char *heard = parley_arena_take(arena, 1, heard_bytes);

    if (arena->base == NULL || arena->failed)
        return NULL;
    s->queue = queue;
    s->message = message;
    s->session = session;
    s->heard = heard;
    s->heard_left = asked != NULL ? asked->heard : 0;
    if (talk != NULL && heard_bytes > 0)
        copy_heard(heard, talk, heard_bytes);
    fill(s, settings);
    return &s->peer;
}
