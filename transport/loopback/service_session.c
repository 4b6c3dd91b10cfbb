/*
 * The built-in service's session: what is in force, as JSON, and what a session.update may change of it.
 */
#include "platform/clock.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service_state.h"

#include <stdio.h>

#define SERVER_VAD                                                                                           \
    "{\"type\":\"server_vad\",\"threshold\":0.5,\"prefix_padding_ms\":300,\"silence_duration_ms\":500,"      \
    "\"idle_timeout_ms\":null,\"create_response\":true,\"interrupt_response\":true}"
#define SEMANTIC_VAD                                                                                         \
    "{\"type\":\"semantic_vad\",\"eagerness\":\"auto\",\"create_response\":true,"                            \
    "\"interrupt_response\":true}"
#define PCM "{\"type\":\"audio/pcm\",\"rate\":24000}"

static const char realtime[] =
    "{\"type\":\"realtime\",\"output_modalities\":[\"audio\"],\"instructions\":\"\",\"tools\":[],"
    "\"tool_choice\":\"auto\",\"max_output_tokens\":\"inf\",\"tracing\":null,\"truncation\":\"auto\","
    "\"prompt\":null,\"audio\":{\"input\":{\"format\":" PCM ",\"turn_detection\":" SERVER_VAD
    "},\"output\":{\"format\":" PCM ",\"voice\":\"marin\",\"speed\":1}}}";
static const char transcribing[] = "{\"type\":\"transcription\",\"audio\":{\"input\":{\"format\":" PCM
                                   ",\"turn_detection\":" SERVER_VAD "}}}";
static const char quicksilver[] =
    "{\"type\":\"quicksilver\",\"instructions\":\"\",\"audio\":{\"input\":{\"format\":" PCM
    "},\"output\":{\"voice\":\"cove\"}}}";

/* ---- what is in force ---------------------------------------------------------------------------- */

static struct parley_view session_of(const struct parley_service_state *s)
{
    return parley_view_of(s->session, s->session_bytes);
}

/* The value at `path`; null when it is not there. */
static struct parley_view or_null(struct parley_view json, const char *path)
{
    struct parley_view raw;

    return parley_peek(json, parley_view(path), &raw) ? raw : parley_view("null");
}

static bool flag(struct parley_view json, const char *path, bool otherwise)
{
    struct parley_view raw;

    return parley_peek(json, parley_view(path), &raw) ? parley_view_is(raw, "true") : otherwise;
}

static uint32_t number(struct parley_view json, const char *path)
{
    uint64_t value;

    return parley_peek_number(json, path, &value) ? (uint32_t)(value < 600000 ? value : 600000) : 0;
}

/* The longest pause that semantic_vad waits for. */
static uint32_t eager_ms(struct parley_view turns)
{
    return parley_peek_is(turns, "eagerness", "low")    ? 8000
           : parley_peek_is(turns, "eagerness", "high") ? 2000
                                                        : 4000;
}

static void set_turns(struct parley_service_state *s, struct parley_view session)
{
    struct parley_view turns = or_null(session, "audio.input.turn_detection");
    double threshold = 0.5;

    s->vad = s->v1 || !parley_view_is(turns, "null");
    s->semantic = parley_peek_is(turns, "type", "semantic_vad");
    s->create_response = flag(turns, "create_response", true);
    s->interrupt_response = flag(turns, "interrupt_response", true);
    s->ear_settings.silence_ms = s->semantic || s->v1 ? 500 : number(turns, "silence_duration_ms");
    s->prefix_ms = s->semantic || s->v1 ? 300 : number(turns, "prefix_padding_ms");
    s->idle_ms = number(turns, "idle_timeout_ms");
    s->eager_ms = eager_ms(turns);
    parley_peek_double(turns, "threshold", &threshold);
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

/* Reads what matters out of the session. */
static void set_session(struct parley_service_state *s)
{
    struct parley_view session = session_of(s), voice;

    s->v1 = parley_peek_is(session, "type", "quicksilver");
    s->transcription = parley_peek_is(session, "type", "transcription");
    s->transcribe = s->v1 || !parley_view_is(or_null(session, "audio.input.transcription"), "null");
    s->text = parley_peek_is(session, "output_modalities.0", "text");
    s->agent = s->v1 || has_tool(session, "background_agent"); /* handing over needs no tool there */
    s->silence = has_tool(session, "remain_silent");
    s->most = number(session, "max_output_tokens");
    voice = parley_peek_text(session, "audio.output.voice", s->voice, sizeof(s->voice) - 1);
    s->voice[voice.len] = '\0';
    set_turns(s, session);
}

/* The session, with what the service adds. */
static void post_session(struct parley_service_state *s, const char *type)
{
    uint64_t expires_us = parley_clock_add(s->opened_us, (uint64_t)s->settings.session_minutes * 60000000);
    struct parley_view raw;
    bool named = parley_peek(session_of(s), parley_view("model"), &raw);

    parley_service_post(s, type, ",'session':{'id':'%s','object':'realtime.session','expires_at':%U,%r%r",
                        s->session_id, expires_us / 1000000,
                        parley_view(named ? "" : "\"model\":\"loopback\","),
                        parley_view_skip(session_of(s), 1));
}

void parley_service_begin(struct parley_service_state *s)
{
    s->typed = false;
    parley_service_id(s->session_id, "sess", &s->sessions);
    s->session_bytes = sizeof(realtime) - 1;
    memcpy(s->session, realtime, s->session_bytes);
    if (s->model[0] != '\0')
        s->session_bytes = (size_t)snprintf(s->session, PARLEY_SERVICE_SESSION, "{\"model\":\"%s\",%s",
                                            s->model, realtime + 1);
    set_session(s);
    post_session(s, "session.created");
}

void parley_service_model(struct parley_loopback_peer *service, struct parley_view model)
{
    struct parley_service_state *s = service->state;
    static const char allowed[] = "-.:_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    if (model.len >= sizeof(s->model))
        return;
    for (size_t i = 0; i < model.len; i++)
        if (model.at[i] == '\0' || strchr(allowed, model.at[i]) == NULL)
            return;
    memcpy(s->model, model.at, model.len);
    s->model[model.len] = '\0';
}

/* ---- an update ----------------------------------------------------------------------------------- */

/* The members that are merged; all others are replaced. */
static bool is_merged(struct parley_view quoted)
{
    struct parley_view name = parley_view_of(quoted.at + 1, quoted.len - 2);

    return parley_view_is(name, "audio") || parley_view_is(name, "input") || parley_view_is(name, "output") ||
           parley_view_is(name, "turn_detection") || parley_view_is(name, "transcription");
}

/* What a kind of turn detection starts with when it is chosen. */
static struct parley_view base_for(struct parley_view base, struct parley_view patch)
{
    char was[16], is[16];
    struct parley_view before = parley_peek_text(base, "type", was, sizeof(was)),
                       now = parley_peek_text(patch, "type", is, sizeof(is));

    if (parley_view_equal(before, now))
        return base;
    return parley_view_is(now, "server_vad")     ? parley_view(SERVER_VAD)
           : parley_view_is(now, "semantic_vad") ? parley_view(SEMANTIC_VAD)
                                                 : parley_view("{}");
}

static bool is_object(struct parley_view raw)
{
    return raw.len > 0 && raw.at[0] == '{';
}

static void start(struct parley_json *j, struct parley_view json)
{
    parley_json_start(j, (char *)(uintptr_t)json.at, json.len); /* is not unescaped, so it stays */
    parley_json_next(j);
}

/* The name comes as it stands, in quotes. */
static bool next_member(struct parley_json *j, struct parley_view *name, struct parley_view *raw)
{
    if (parley_json_next(j) != PARLEY_JSON_NAME)
        return false;
    *name = j->raw;
    return parley_json_raw(j, raw);
}

static void put_member(struct parley_render *r, bool *first, struct parley_view name)
{
    parley_form(r, *first ? "%r:" : ",%r:", name);
    *first = false;
}

/* Writes `base` with what `patch` changes. Both are objects that were checked. */
static void merge(struct parley_render *r, struct parley_view base, struct parley_view patch, unsigned depth)
{
    struct parley_view name, raw, other;
    struct parley_json j;
    bool first = true;

    parley_form(r, "{");
    start(&j, base);
    while (next_member(&j, &name, &raw)) {
        put_member(r, &first, name);
        if (!parley_peek_member(patch, name, &other))
            parley_render_raw(r, raw);
        else if (is_merged(name) && is_object(other) && depth < 4)
            merge(r, is_object(raw) && depth < 2 ? raw : base_for(raw, other), other, depth + 1);
        else
            parley_render_raw(r, other);
    }
    start(&j, patch);
    while (next_member(&j, &name, &raw))
        if (!parley_peek_member(base, name, &other)) {
            put_member(r, &first, name);
            if (is_merged(name) && is_object(raw) && depth >= 2)
                merge(r, base_for(parley_view("{}"), raw), raw, depth + 1);
            else
                parley_render_raw(r, raw);
        }
    parley_form(r, "}");
}

/* True when `path` is named by the update, and not what it is now. */
static bool changes(const struct parley_service_state *s, struct parley_view update, const char *path)
{
    struct parley_view now = {0}, then;

    return parley_peek(update, parley_view(path), &then) &&
           !(parley_peek(session_of(s), parley_view(path), &now) && parley_view_equal(now, then));
}

static bool is_set(const struct parley_service_state *s, const char *path)
{
    return !parley_view_is(or_null(session_of(s), path), "null");
}

/* Whisper finds turns by itself; what is not said about turns stays as it is. */
static bool whisper_with_turns(const struct parley_service_state *s, struct parley_view update)
{
    struct parley_view turns;

    if (!parley_peek(update, parley_view("audio.input.turn_detection"), &turns))
        turns = or_null(session_of(s), "audio.input.turn_detection");
    return parley_peek_is(update, "audio.input.transcription.model", "gpt-realtime-whisper") &&
           !parley_view_is(turns, "null");
}

/* What can be wrong with a session of the right shape. */
static bool may_change(struct parley_service_state *s, struct parley_view message, struct parley_view update)
{
    struct parley_view raw;

    if (s->typed && changes(s, update, "type"))
        parley_service_refuse(
            s, message, PARLEY_RULE_SESSION_TYPE_FIXED, "session.type",
            "Passing a session update event of another type to a %s session is not allowed.",
            s->transcription ? "transcription" : "realtime");
    else if ((s->typed || s->model[0] != '\0') && changes(s, update, "model"))
        parley_service_refuse(s, message, PARLEY_RULE_MODEL_FIXED, "session.model",
                              "The model of a session cannot be changed.");
    else if (parley_peek(update, parley_view("output_modalities.1"), &raw))
        parley_service_refuse(s, message, PARLEY_RULE_MODALITIES_ONE, "session.output_modalities",
                              "Invalid modalities. Supported combinations are: ['text'] and ['audio'].");
    else if (s->spoken && changes(s, update, "audio.output.voice"))
        parley_service_refuse(s, message, PARLEY_RULE_VOICE_FIXED, NULL,
                              "Cannot update a conversation's voice if assistant audio is present.");
    else if (parley_service_replying(s) && changes(s, update, "audio.output.speed"))
        parley_service_refuse(s, message, PARLEY_RULE_SPEED_BETWEEN, "session.audio.output.speed",
                              "The speed cannot be changed while a response is in progress.");
    else if (is_set(s, "tracing") && changes(s, update, "tracing") &&
             !parley_view_is(or_null(update, "tracing"), "null"))
        parley_service_refuse(s, message, PARLEY_RULE_TRACING_FIXED, "session.tracing",
                              "Tracing cannot be changed once it is on.");
    else if (whisper_with_turns(s, update))
        parley_service_refuse(s, message, PARLEY_RULE_WHISPER_TURNS, "session.audio.input.turn_detection",
                              "Turn detection must be null with gpt-realtime-whisper.");
    else
        return true;
    return false;
}

/* What an update changes: the session in force, or, the first time, one of the type it names. */
static struct parley_view base_of(const struct parley_service_state *s, struct parley_view update)
{
    if (!s->typed && parley_peek_is(update, "type", "quicksilver"))
        return parley_view(quicksilver);
    if (!s->typed && parley_peek_is(update, "type", "transcription"))
        return parley_view(transcribing);
    return session_of(s);
}

/* Sound of telephones the real one takes; here it would be noise, so whoever asks for it is told. */
static bool is_pcm(struct parley_view update, const char *path)
{
    struct parley_view raw;

    return !parley_peek(update, parley_view(path), &raw) || parley_view_is(raw, "\"audio/pcm\"");
}

/* Merges into the room at the end of the queue, where nothing else is needed meanwhile. */
static bool take_over(struct parley_service_state *s, struct parley_view update)
{
    size_t bytes;
    char *at = parley_journal_room(&s->queue, &bytes);
    struct parley_render r = parley_render(at, bytes);

    if (at == NULL)
        return false;
    merge(&r, base_of(s, update), update, 0);
    if (r.overflow || r.used > PARLEY_SERVICE_SESSION)
        return false;
    memcpy(s->session, at, r.used);
    s->session_bytes = r.used;
    return true;
}

void parley_service_session_update(struct parley_service_state *s, struct parley_view message)
{
    static const struct parley_shape_rules rules = {
        .unknown = PARLEY_RULE_SESSION_UNKNOWN,
        .type = PARLEY_RULE_SESSION_ILL_TYPED,
        .missing = PARLEY_RULE_SESSION_FIELD_MISSING,
        .value = PARLEY_RULE_SESSION_ILL_TYPED,
    };
    struct parley_view update;
    size_t room;

    parley_peek(message, parley_view("session"), &update);
    if (!parley_service_check(s, message, &parley_service_session_shape, update, "session", &rules) ||
        !may_change(s, message, update))
        return;
    if (!is_pcm(update, "audio.input.format.type") || !is_pcm(update, "audio.output.format.type")) {
        parley_service_complain(s, "server_error", "unsupported_format",
                                "The loopback hears and speaks audio/pcm alone.");
        return;
    }
    parley_journal_room(&s->queue, &room);
    if (room <= PARLEY_SERVICE_SESSION) {
        parley_service_complain(s, "server_error", NULL, "The client does not read what it is told.");
        return;
    }
    if (!take_over(s, update)) {
        parley_service_refuse(s, message, PARLEY_RULE_SESSION_LENGTH, "session",
                              "Invalid 'session': the loopback takes at most %d bytes.",
                              PARLEY_SERVICE_SESSION);
        return;
    }
    s->typed = true;
    set_session(s);
    post_session(s, "session.updated");
}
