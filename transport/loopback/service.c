/*
 * The built-in service: what the client asks of it, and what comes out next. See service.h and
 * service_state.h.
 */
#include "transport/loopback/service.h"
#include "parser/utf8.h"
#include "platform/clock.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

/* ---- session ------------------------------------------------------------------------------------- */

/* The boolean at `path`, or what it was before. */
static bool flag(struct parley_view json, const char *path, bool before)
{
    struct parley_view raw;

    return parley_peek(json, parley_view(path), &raw) ? parley_view_is(raw, "true") : before;
}

static uint32_t number(struct parley_view json, const char *path, uint32_t before, uint32_t most)
{
    uint64_t value;

    return parley_peek_number(json, path, &value) ? (uint32_t)(value < most ? value : most) : before;
}

/* Turn detection: null switches it off, an object sets what it names, and without a word it stays. */
static void set_turns(struct parley_service_state *s, struct parley_view session)
{
    struct parley_view turns;
    double threshold;

    if (!parley_peek(session, parley_view("audio.input.turn_detection"), &turns))
        return;
    s->vad = !parley_view_is(turns, "null");
    s->create_response = flag(turns, "create_response", s->create_response);
    s->interrupt_response = flag(turns, "interrupt_response", s->interrupt_response);
    s->ear_settings.silence_ms = number(turns, "silence_duration_ms", s->ear_settings.silence_ms, 10000);
    s->prefix_ms = number(turns, "prefix_padding_ms", s->prefix_ms, 10000);
    if (parley_peek_double(turns, "threshold", &threshold) && threshold >= 0 && threshold <= 1)
        s->ear_settings.threshold = (uint32_t)(threshold * 1000);
}

/* True when a function of that name is among the tools. */
static bool has_tool(struct parley_view session, const char *name)
{
    for (unsigned i = 0; i < 16; i++) {
        char path[32];

        snprintf(path, sizeof(path), "tools.%u.name", i);
        if (parley_peek_is(session, path, name))
            return true;
    }
    return false;
}

static void set_session(struct parley_service_state *s, struct parley_view session)
{
    struct parley_view raw;

    s->v1 = parley_peek_is(session, "type", "quicksilver");
    s->transcription = parley_peek_is(session, "type", "transcription");
    s->transcribe = s->v1 || (parley_peek(session, parley_view("audio.input.transcription"), &raw)
                                  ? !parley_view_is(raw, "null")
                                  : s->transcribe);
    if (parley_peek(session, parley_view("output_modalities.0"), &raw))
        s->text = parley_view_is(raw, "\"text\"");
    if (parley_peek(session, parley_view("tools"), &raw)) {
        s->agent = has_tool(session, "background_agent");
        s->silence = has_tool(session, "remain_silent");
    }
    s->agent |= s->v1; /* handing over needs no tool there */
    if (parley_peek(session, parley_view("audio.output.voice"), &raw) && parley_peek_is_string(raw)) {
        struct parley_view voice = parley_peek_unescape(raw, s->voice, sizeof(s->voice) - 1);

        s->voice[voice.len] = '\0';
    }
    set_turns(s, session);
}

/* The session as it was asked for, with what the service adds. */
static void post_session(struct parley_service_state *s, const char *type, struct parley_view session)
{
    struct parley_view members = parley_view_trim(parley_view_skip(session, 1)); /* without the brace */

    parley_service_post(s, type,
                        ",'session':{'id':'sess_0001','object':'realtime.session','model':'loopback'%r%r",
                        parley_view(members.len > 1 ? "," : ""), members);
}

static void session_update(struct parley_service_state *s, struct parley_view message)
{
    static const char *const types[] = {"realtime", "transcription", "quicksilver"};
    struct parley_view session;
    bool known = false;

    if (!parley_peek(message, parley_view("session"), &session) || session.at[0] != '{') {
        parley_service_error(s, message, "missing_required_parameter", "session",
                             "Missing required parameter: 'session'.");
        return;
    }
    for (size_t i = 0; i < 3; i++)
        known |= parley_peek_is(session, "type", types[i]);
    if (!known)
        parley_service_error(s, message, "invalid_value", "session.type",
                             "Invalid 'session.type'. Expected 'realtime' or 'transcription'.");
    else if (session.len > PARLEY_SERVICE_SESSION)
        parley_service_error(s, message, "string_above_max_length", "session",
                             "Invalid 'session': the loopback takes at most %d bytes.",
                             PARLEY_SERVICE_SESSION);
    if (!known || session.len > PARLEY_SERVICE_SESSION)
        return;
    set_session(s, session);
    post_session(s, "session.updated", session);
}

/* ---- items --------------------------------------------------------------------------------------- */

/* Tells the client that its item is in the conversation. */
static void post_item(struct parley_service_state *s, const char *id, struct parley_view item)
{
    char quoted[PARLEY_SERVICE_QUOTED];
    struct parley_view previous = parley_service_quoted(s->last_item, quoted);
    struct parley_view members = parley_view_trim(parley_view_skip(item, 1)), own;

    for (int done = 0; done < 2; done++) {
        const char *type = done ? "conversation.item.done" : "conversation.item.added";

        if (parley_peek(item, parley_view("id"), &own))
            parley_service_post(s, type, ",'previous_item_id':%r,'item':%r", previous, item);
        else
            parley_service_post(s, type,
                                ",'previous_item_id':%r,'item':{'id':'%s','object':'realtime.item',"
                                "'status':'completed',%r",
                                previous, id, members);
    }
}

/* Appends to a text, parted from what is there, as far as it fits. */
static void append_text(char *text, size_t bytes, struct parley_view more)
{
    size_t used = strlen(text);
    const char *part = used == 0 ? "" : strchr(".!?:,", text[used - 1]) != NULL ? " " : ". ";
    int fits;

    more = parley_view_trim(more);
    if (more.len == 0 || used + 3 >= bytes)
        return;
    fits = (int)parley_utf8_cut(more, bytes - used - 3).len;
    snprintf(text + used, bytes - used, "%s%.*s", part, fits, more.at);
}

/* What the client says in somebody's name: the agent's news are kept, the user's words are the latest. */
static void take_text(struct parley_service_state *s, struct parley_view text)
{
    const struct parley_view backend = PARLEY_VIEW("[BACKEND]"), user = PARLEY_VIEW("[USER]");

    if (parley_view_starts(text, backend)) {
        append_text(s->backend, sizeof(s->backend), parley_view_skip(text, backend.len));
        return;
    }
    if (parley_view_starts(text, user))
        text = parley_view_skip(text, user.len);
    s->said[0] = '\0';
    append_text(s->said, sizeof(s->said), text);
    s->understood = true;
}

/* Answers a call. Whatever answers the agent's oldest one is its end; the others only steer it. */
static bool take_output(struct parley_service_state *s, struct parley_view item)
{
    char id[PARLEY_SERVICE_ID], text[PARLEY_SPEECH_BYTES];
    struct parley_view call_id = parley_peek_text(item, "call_id", id, sizeof(id));
    struct parley_view output = parley_peek_text(item, "output", text, sizeof(text));
    struct parley_service_item *call = parley_service_find_call(s, call_id);

    if (call == NULL || output.at == NULL)
        return false;
    if (call->kind == PARLEY_ITEM_AGENT && !call->answered) {
        s->finished = call == parley_service_open_call(s);
        s->steered = !s->finished;
    }
    call->answered = true;
    return true;
}

/* The text of a message's parts, one after the other. */
static void take_message(struct parley_service_state *s, struct parley_view item)
{
    for (unsigned i = 0; i < 16; i++) {
        char path[32], text[PARLEY_SPEECH_BYTES];
        struct parley_view part;

        snprintf(path, sizeof(path), "content.%u.text", i);
        part = parley_peek_text(item, path, text, sizeof(text));
        if (part.at != NULL && parley_peek_is(item, "role", "user"))
            take_text(s, part);
    }
}

/* Checks an item and lets it take effect. Returns true when it is now in the conversation. */
static bool take_item(struct parley_service_state *s, struct parley_view message, struct parley_view item)
{
    struct parley_view parts;

    if (parley_peek_is(item, "type", "function_call_output")) {
        if (take_output(s, item))
            return true;
        parley_service_error(s, message, "invalid_value", "item.call_id",
                             "Invalid 'item.call_id' or 'item.output': there is no such call to answer.");
        return false;
    }
    if (!parley_peek_is(item, "type", "message")) {
        parley_service_error(s, message, "invalid_value", "item.type",
                             "Invalid 'item.type'. Expected 'message' or 'function_call_output'.");
        return false;
    }
    if (!parley_peek(item, parley_view("content"), &parts) || parts.at[0] != '[') {
        parley_service_error(s, message, "missing_required_parameter", "item.content",
                             "Missing required parameter: 'item.content'.");
        return false;
    }
    take_message(s, item);
    return true;
}

static void item_create(struct parley_service_state *s, struct parley_view message)
{
    char id[PARLEY_SERVICE_ID];
    struct parley_view item, own;

    if (!parley_peek(message, parley_view("item"), &item) || item.at[0] != '{') {
        parley_service_error(s, message, "missing_required_parameter", "item",
                             "Missing required parameter: 'item'.");
        return;
    }
    own = parley_peek_text(item, "id", id, sizeof(id) - 1);
    if (own.len > 0 && parley_service_find(s, own) != NULL) {
        parley_service_error(s, message, "item_create_duplicate", "item.id",
                             "Error adding item: there is one with id '%.*s' already.", (int)own.len, own.at);
        return;
    }
    if (!take_item(s, message, item))
        return;
    if (own.len > 0)
        id[own.len] = '\0';
    else
        parley_service_id(id, "item", &s->items_made);
    post_item(s, id, item);
    parley_service_item(s, parley_peek_is(item, "type", "message") ? PARLEY_ITEM_USER : PARLEY_ITEM_OUTPUT,
                        id);
}

/* The item a request is about, or NULL with an error told. */
static struct parley_service_item *item_named(struct parley_service_state *s, struct parley_view message,
                                              const char *code)
{
    char id[PARLEY_SERVICE_ID];
    struct parley_view name = parley_peek_text(message, "item_id", id, sizeof(id));
    struct parley_service_item *item = parley_service_find(s, name);

    if (item == NULL)
        parley_service_error(s, message, code, "item_id", "There is no item with id '%.*s'.", (int)name.len,
                             name.len > 0 ? name.at : "");
    return item;
}

static void item_truncate(struct parley_service_state *s, struct parley_view message)
{
    struct parley_service_item *item = item_named(s, message, "item_truncate_invalid_item_id");
    uint64_t end_ms = 0, index = 0, length_ms;

    if (item == NULL)
        return;
    length_ms = item->samples / (PARLEY_VOICE_RATE / 1000);
    if (item->kind != PARLEY_ITEM_SPOKEN || !item->sounded)
        parley_service_error(s, message, "unsupported_content_type", "item_id",
                             "Only audio of the model can be truncated.");
    else if (!parley_peek_number(message, "content_index", &index) || index != 0)
        parley_service_error(s, message, "invalid_value", "content_index",
                             "Invalid 'content_index': expected 0.");
    else if (!parley_peek_number(message, "audio_end_ms", &end_ms))
        parley_service_error(s, message, "invalid_value", "audio_end_ms",
                             "Invalid 'audio_end_ms': expected milliseconds.");
    else if (end_ms > length_ms)
        parley_service_error(s, message, "invalid_value", "audio_end_ms",
                             "Audio content of %lums is already shorter than %lums", (unsigned long)length_ms,
                             (unsigned long)end_ms);
    else {
        item->samples = end_ms * (PARLEY_VOICE_RATE / 1000);
        parley_service_post(s, "conversation.item.truncated",
                            ",'item_id':'%s','content_index':0,'audio_end_ms':%U", item->id, end_ms);
    }
}

static void item_delete(struct parley_service_state *s, struct parley_view message)
{
    struct parley_service_item *item = item_named(s, message, "item_delete_invalid_item_id");

    if (item == NULL)
        return;
    parley_service_post(s, "conversation.item.deleted", ",'item_id':'%s'", item->id);
    if (strcmp(s->last_item, item->id) == 0)
        s->last_item[0] = '\0';
    memset(item, 0, sizeof(*item));
}

/* ---- responses ----------------------------------------------------------------------------------- */

static void response_create(struct parley_service_state *s, struct parley_view message)
{
    if (s->transcription)
        parley_service_error(s, message, "invalid_value", "type",
                             "A transcription session has no responses.");
    else if (parley_service_replying(s))
        parley_service_error(s, message, "conversation_already_has_active_response", NULL,
                             "Conversation already has an active response in progress: %s", s->reply.id);
    else
        parley_service_reply(s);
}

static void response_cancel(struct parley_service_state *s, struct parley_view message)
{
    char id[PARLEY_SERVICE_ID];
    struct parley_view named = parley_peek_text(message, "response_id", id, sizeof(id));

    if (!parley_service_replying(s) || (named.at != NULL && !parley_view_is(named, s->reply.id)))
        parley_service_error(s, message, "response_cancel_not_active", NULL,
                             "Cancellation failed: no active response found");
    else
        parley_service_cancel(s, "client_cancelled");
}

/* The first protocol: the agent's words for a handoff, to be said at once. */
static void handoff_append(struct parley_service_state *s, struct parley_view message)
{
    const struct parley_view prefix = PARLEY_VIEW("\"Agent Final Message\":");
    char id[PARLEY_SERVICE_ID], words[PARLEY_SPEECH_BYTES];
    struct parley_view handoff = parley_peek_text(message, "handoff_id", id, sizeof(id));
    struct parley_view text = parley_peek_text(message, "output_text", words, sizeof(words));
    struct parley_service_item *call = parley_service_find_call(s, handoff);

    if (call == NULL || text.at == NULL) {
        parley_service_error(s, message, "invalid_value", "handoff_id", "There is no handoff of that id.");
        return;
    }
    if (parley_view_starts(text, prefix))
        text = parley_view_skip(text, prefix.len);
    append_text(s->backend, sizeof(s->backend), text);
    call->answered = true;
    s->finished = true;
    parley_service_reply(s);
}

/* ---- the peer ------------------------------------------------------------------------------------ */

static void buffer_clear(struct parley_service_state *s, struct parley_view message)
{
    (void)message;
    parley_service_clear(s);
}

static const struct request {
    const char *type;
    void (*act)(struct parley_service_state *s, struct parley_view message);
} requests[] = {
    {"input_audio_buffer.append", parley_service_append},
    {"input_audio_buffer.commit", parley_service_commit},
    {"input_audio_buffer.clear", buffer_clear},
    {"session.update", session_update},
    {"conversation.item.create", item_create},
    {"conversation.item.truncate", item_truncate},
    {"conversation.item.delete", item_delete},
    {"response.create", response_create},
    {"response.cancel", response_cancel},
    {"conversation.handoff.append", handoff_append},
};

static void received(void *state, struct parley_view message, uint64_t now_us)
{
    struct parley_service_state *s = state;
    char name[64];
    struct parley_view type;
    const char *why;
    size_t offset;

    s->now_us = now_us;
    if (!parley_peek_valid(message, &why, &offset)) {
        parley_service_error(s, parley_view("{}"), "invalid_json", NULL,
                             "The message is not JSON: %s (byte %lu)", why, (unsigned long)offset);
        return;
    }
    type = parley_peek_text(message, "type", name, sizeof(name));
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        if (parley_view_is(type, requests[i].type)) {
            requests[i].act(s, message);
            return;
        }
    if (type.at == NULL)
        parley_service_error(s, message, "missing_required_parameter", "type",
                             "Missing required parameter: 'type'.");
    else
        parley_service_error(s, message, "invalid_value", "type",
                             "Invalid value: '%.*s' is no event the loopback "
                             "knows.",
                             (int)type.len, type.at);
}

static void opened(void *state, uint64_t now_us)
{
    struct parley_service_state *s = state;

    s->now_us = now_us;
    post_session(s, "session.created", parley_view("{\"type\":\"realtime\"}"));
}

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    struct parley_service_state *s = state;
    struct parley_render r = parley_render(s->message, PARLEY_SERVICE_MESSAGE);
    uint64_t heard_us;

    s->now_us = now_us;
    *message = (struct parley_fragment){.last = true};
    if (parley_service_queued(s, &message->bytes))
        return 1;
    if (!parley_service_transcript(s, &r, &heard_us) && !parley_service_speak(s, &r, due_us)) {
        if (heard_us < *due_us)
            *due_us = heard_us;
        return 0;
    }
    message->bytes = parley_rendered(&r);
    return 1;
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

/* The settings the real service starts with. */
static void fill(struct parley_service_state *s)
{
    s->vad = s->create_response = s->interrupt_response = true;
    s->prefix_ms = 300;
    s->ear_settings = (struct parley_ear_settings){.threshold = 500, .silence_ms = 500};
    s->peer = (struct parley_loopback_peer){.state = s, .opened = opened, .received = received, .say = say};
}

struct parley_loopback_peer *parley_loopback_service_open(struct parley_arena *arena,
                                                          const struct parley_talk *talk,
                                                          const struct parley_talk_settings *settings)
{
    struct parley_service_state *s = parley_arena_take(arena, 1, sizeof(*s));
    struct parley_journal queue = parley_journal(arena, PARLEY_SERVICE_QUEUE);
    char *message = parley_arena_take(arena, 1, PARLEY_SERVICE_MESSAGE);
    char *heard = parley_arena_take(arena, 1, settings->heard_bytes);

    if (arena->base == NULL || arena->failed)
        return NULL;
    s->queue = queue;
    s->message = message;
    s->heard = heard;
    s->heard_left = settings->heard;
    copy_heard(heard, talk, settings->heard_bytes);
    fill(s);
    return &s->peer;
}
