/*
 * The built-in service's responses, as far as they are asked for: what is answered, what may be asked, and
 * when one is stopped. service_reply.c tells them.
 */
#include "platform/clock.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

enum { CONTEXT_TOKENS = 28224 }; /* more of a conversation does not go in */

/* ---- starting and stopping ----------------------------------------------------------------------- */

static bool is_running(const struct parley_service_reply *reply)
{
    return reply->stage != PARLEY_REPLY_IDLE && reply->stage != PARLEY_REPLY_LIMITS;
}

bool parley_service_replying(const struct parley_service_state *s)
{
    return is_running(&s->replies[0]);
}

/* Asks for an answer to what happened since the last one. */
static void find_answer(struct parley_service_state *s, struct parley_service_reply *reply)
{
    struct parley_question question = {
        .said = parley_view(s->said),
        .understood = s->understood,
        .backend = parley_view(s->backend),
        .finished = s->finished,
        .steered = s->steered,
        .agent = s->agent,
        .silence = s->silence,
        .busy = parley_service_open_call(s) != NULL,
        .turn = s->turns++,
    };

    parley_answer(&reply->answer, &question);
    if (s->finished)
        s->backend[0] = '\0';
    if (!s->finished && !s->steered)
        s->said[0] = '\0';
    s->finished = s->steered = false;
}

/* An answer to what a response of its own is given: the last text of its input, or its instructions. It has
   no tools. */
static void find_answer_apart(struct parley_service_reply *reply, struct parley_view response)
{
    char path[48], text[PARLEY_PROMPT_BYTES];
    struct parley_question question = {.understood = true};
    struct parley_view part;

    question.said = parley_peek_text(response, "instructions", text, sizeof(text));
    for (unsigned i = 0; i < 32; i++) {
        snprintf(path, sizeof(path), "input.%u.content.0.text", i);
        part = parley_peek_text(response, path, text, sizeof(text));
        if (part.at != NULL)
            question.said = part;
    }
    parley_answer(&reply->answer, &question);
}

/* What grows back of the rate limit since it was looked at last. */
uint64_t parley_service_tokens_left(struct parley_service_state *s)
{
    uint64_t limit = s->settings.tokens_a_minute, past_us = s->now_us - s->tokens_us;
    uint64_t grown = past_us >= 60000000 ? limit : past_us * limit / 60000000;

    s->tokens_us = s->now_us;
    s->tokens_left = s->tokens_left + grown < limit ? s->tokens_left + grown : limit;
    return s->tokens_left;
}

void parley_service_take_tokens(struct parley_service_state *s, uint64_t tokens)
{
    uint64_t left = parley_service_tokens_left(s);

    s->tokens_left = left > tokens ? left - tokens : 0;
}

/* What somebody wanted to go wrong with the next response, and whether there are tokens for it. */
static void strike(struct parley_service_state *s, struct parley_service_reply *reply)
{
    unsigned input = 50 + s->turns * 20;

    reply->input = input < CONTEXT_TOKENS ? input : CONTEXT_TOKENS;
    reply->ended = s->next_ended;
    reply->reason = s->next_reason;
    if (reply->ended == NULL && parley_service_tokens_left(s) < reply->input) {
        reply->ended = "failed";
        reply->reason = "rate_limit_exceeded";
    }
    if (s->next_empty)
        memset(&reply->answer, 0, sizeof(reply->answer));
    s->next_ended = s->next_reason = NULL;
    s->next_empty = false;
}

/* What the request has of its own. */
static void set_request(struct parley_service_state *s, struct parley_service_reply *reply,
                        struct parley_view response)
{
    struct parley_view raw;
    uint64_t most;

    reply->text = s->text;
    reply->most = s->most;
    if (response.at == NULL)
        return;
    if (parley_peek(response, parley_view("output_modalities.0"), &raw))
        reply->text = parley_view_is(raw, "\"text\"");
    if (parley_peek_number(response, "max_output_tokens", &most))
        reply->most = (unsigned)most;
    if (parley_peek(response, parley_view("metadata"), &raw) && raw.len < sizeof(reply->metadata))
        snprintf(reply->metadata, sizeof(reply->metadata), "%.*s", (int)raw.len, raw.at);
}

static void begin(struct parley_service_state *s, struct parley_service_reply *reply, bool apart,
                  struct parley_view response)
{
    memset(reply, 0, sizeof(*reply));
    reply->apart = apart;
    if (apart)
        find_answer_apart(reply, response);
    else
        find_answer(s, reply);
    strike(s, reply);
    parley_service_id(reply->id, "resp", &s->responses);
    if (reply->answer.speech[0] != '\0')
        parley_service_id(reply->message, "item", &s->items_made);
    if (reply->answer.call != PARLEY_CALL_NONE) {
        parley_service_id(reply->call, "item", &s->items_made);
        parley_service_id(reply->call_id, "call", &s->calls);
    }
    set_request(s, reply, response);
    reply->stage = PARLEY_REPLY_CREATED;
    reply->due_us = s->now_us;
    parley_voice_start(&reply->voice, parley_view(reply->answer.speech), parley_view(s->voice));
}

void parley_service_reply(struct parley_service_state *s)
{
    s->want_reply = parley_service_replying(s);
    s->idle_us = PARLEY_NEVER;
    if (!s->want_reply)
        begin(s, &s->replies[0], false, parley_view(NULL));
}

void parley_service_end(struct parley_service_state *s, struct parley_service_reply *reply, const char *ended,
                        const char *reason)
{
    if (reply->ended != NULL)
        return;
    reply->ended = ended;
    reply->reason = reason;
    reply->due_us = s->now_us;
    if (!reply->apart)
        s->played_us = s->now_us;
}

/* ---- what the client asks ------------------------------------------------------------------------ */

/* Pairs of short strings, and not too many. */
static bool metadata_fit(struct parley_view response)
{
    struct parley_view raw;
    struct parley_json j;

    if (!parley_peek(response, parley_view("metadata"), &raw) || raw.at[0] != '{')
        return true;
    parley_json_start(&j, (char *)(uintptr_t)raw.at, raw.len); /* nothing is unescaped */
    parley_json_next(&j);
    for (unsigned i = 0; parley_json_next(&j) == PARLEY_JSON_NAME; i++) {
        bool fits = i < 16 && j.raw.len <= 64 + 2;

        if (!fits || parley_json_next(&j) != PARLEY_JSON_STRING || j.raw.len > 512 + 2)
            return false;
    }
    return true;
}

/* The id of a reference in the input that is to nothing; false when there is none. */
static bool dangling(struct parley_service_state *s, struct parley_view response, char id[PARLEY_SERVICE_ID])
{
    for (unsigned i = 0; i < 32; i++) {
        char path[32];
        struct parley_view named;

        snprintf(path, sizeof(path), "input.%u.type", i);
        if (!parley_peek_is(response, path, "item_reference"))
            continue;
        snprintf(path, sizeof(path), "input.%u.id", i);
        named = parley_peek_text(response, path, id, PARLEY_SERVICE_ID - 1);
        id[named.len] = '\0';
        if (parley_service_find(s, named) == NULL)
            return true;
    }
    return false;
}

/* What can be wrong with a response of the right shape. */
static bool may_respond(struct parley_service_state *s, struct parley_view message,
                        struct parley_view response)
{
    struct parley_view raw;
    char text[PARLEY_SERVICE_ID];

    if (parley_peek(response, parley_view("output_modalities.1"), &raw))
        parley_service_refuse(s, message, PARLEY_RULE_RESPONSE_MODALITIES, "response.output_modalities",
                              "Invalid modalities. Supported combinations are: ['text'] and ['audio'].");
    else if (s->spoken && parley_peek_text(response, "audio.output.voice", text, sizeof(text)).at != NULL &&
             !parley_peek_is(response, "audio.output.voice", s->voice))
        parley_service_refuse(s, message, PARLEY_RULE_RESPONSE_VOICE, NULL,
                              "Cannot update a conversation's voice if assistant audio is present.");
    else if (!metadata_fit(response))
        parley_service_refuse(s, message, PARLEY_RULE_METADATA, "response.metadata",
                              "Invalid 'response.metadata': at most 16 strings of 512 characters.");
    else if (dangling(s, response, text))
        parley_service_refuse(s, message, PARLEY_RULE_RESPONSE_INPUT, "response.input",
                              "There is no item with id '%s' to refer to.", text);
    else
        return true;
    return false;
}

/* A place for a response of its own; NULL when all are taken. */
static struct parley_service_reply *free_reply(struct parley_service_state *s)
{
    for (size_t i = 1; i < PARLEY_SERVICE_REPLIES; i++)
        if (s->replies[i].stage == PARLEY_REPLY_IDLE)
            return &s->replies[i];
    return NULL;
}

/* Beside the default conversation as many as there is room for. */
static void respond_apart(struct parley_service_state *s, struct parley_view response)
{
    struct parley_service_reply *reply = free_reply(s);

    if (reply != NULL)
        begin(s, reply, true, response);
    else
        parley_service_complain(s, "server_error", "too_many_responses",
                                "The loopback has no room for one more response at a time.");
}

void parley_service_response_create(struct parley_service_state *s, struct parley_view message)
{
    static const struct parley_shape_rules rules = {
        .unknown = PARLEY_RULE_RESPONSE_UNKNOWN,
        .type = PARLEY_RULE_RESPONSE_ILL_TYPED,
        .missing = PARLEY_RULE_RESPONSE_ILL_TYPED,
        .value = PARLEY_RULE_RESPONSE_ILL_TYPED,
    };
    struct parley_view response = parley_view(NULL);
    bool own = parley_peek(message, parley_view("response"), &response);

    if (own &&
        (!parley_service_check(s, message, &parley_service_response_shape, response, "response", &rules) ||
         !may_respond(s, message, response)))
        return;
    if (!own)
        response = parley_view(NULL);
    if (s->transcription)
        parley_service_refuse(s, message, PARLEY_RULE_RESPONSE_TRANSCRIPTION, "type",
                              "A transcription session has no responses.");
    else if (own && parley_peek_is(response, "conversation", "none"))
        respond_apart(s, response);
    else if (parley_service_replying(s))
        parley_service_refuse(s, message, PARLEY_RULE_RESPONSE_ONE, NULL,
                              "Conversation already has an active response in progress: %s",
                              s->replies[0].id);
    else
        begin(s, &s->replies[0], false, response);
}

void parley_service_response_cancel(struct parley_service_state *s, struct parley_view message)
{
    char id[PARLEY_SERVICE_ID];
    struct parley_view named = parley_peek_text(message, "response_id", id, sizeof(id));

    for (size_t i = 0; i < PARLEY_SERVICE_REPLIES; i++) {
        struct parley_service_reply *reply = &s->replies[i];

        if (is_running(reply) && (named.at != NULL ? parley_view_is(named, reply->id) : i == 0)) {
            parley_service_end(s, reply, "cancelled", "client_cancelled");
            return;
        }
    }
    parley_service_refuse(s, message, PARLEY_RULE_CANCEL_IDLE, NULL,
                          "Cancellation failed: no active response found");
}
