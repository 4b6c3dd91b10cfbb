/*
 * The peer that plays a talk; see script.h. It keeps one line, the present one, and a log of what the client
 * sent and nobody expected yet.
 */
#include "transport/loopback/script.h"
#include "platform/text.h"
#include "transport/loopback/form.h"
#include "transport/loopback/journal.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/voice.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    LOG_BYTES = 128 * 1024,
    AUDIO_MS_MAX = 1000,
    MESSAGE_BYTES = AUDIO_MS_MAX * 64 + 4096, /* base64 of a second is 64000 bytes */
    LONG_PIECE = 4096,                        /* `server long` comes in pieces of this many bytes */
};

struct parley_script {
    struct parley_loopback_peer peer;
    struct parley_loopback_peer *service; /* `use service`; else NULL */
    struct parley_talk talk;
    struct parley_talk_settings settings;
    bool hosted;

    bool opened, over;
    uint64_t opened_us;
    struct parley_talk_line line; /* the present one, unless over */
    uint64_t due_us;              /* when its turn comes */

    struct parley_journal log; /* messages in the order they were sent */
    uint64_t audio_samples;    /* appended and not expected yet */
    uint64_t digest;
    size_t breaches; /* broken rules that lines have expected */
    bool closed;
    uint16_t close_code;

    char *message; /* the one being said */
    size_t long_left;
    struct parley_voice voice;
    char failure[PARLEY_TALK_WHY];
    char reason[80];
    struct parley_view answer; /* to a call; absent: the loopback's own */

    void (*seen)(void *user, const struct parley_talk_line *line, struct parley_view sent); /* or NULL */
    void *user;
};

/* ---- failing ------------------------------------------------------------------------------------- */

void parley_script_fail(struct parley_script *s, const char *format, ...)
{
    va_list list;
    int used;

    if (s->failure[0] != '\0')
        return;
    used = snprintf(s->failure, sizeof(s->failure), "%.*s:%u: ", (int)(s->talk.name.len & 0x7F),
                    s->talk.name.len > 0 ? s->talk.name.at : "", s->line.number);
    va_start(list, format);
    vsnprintf(s->failure + used, sizeof(s->failure) - (size_t)used, format, list);
    va_end(list);
    parley_text_tame(s->failure, strlen(s->failure));
}

struct parley_view parley_script_failure(const struct parley_script *s)
{
    return parley_view(s->failure);
}

/* ---- the log of what was sent -------------------------------------------------------------------- */

/* A talk without a judge keeps what fits: it may well say all it has to say without looking. */
static void log_add(struct parley_script *s, struct parley_view message)
{
    struct parley_view oldest;

    while (!parley_journal_add(&s->log, message)) {
        if (s->hosted || !parley_journal_first(&s->log, &oldest)) {
            parley_script_fail(s, "more was sent than can be remembered until a line expects it (%d bytes)",
                               LOG_BYTES);
            return;
        }
        parley_journal_drop(&s->log);
    }
}

/* The samples in the base64 of an append. */
static uint64_t append_samples(struct parley_view message)
{
    struct parley_view raw;
    size_t bytes;

    if (!parley_peek(message, (struct parley_view)PARLEY_VIEW("audio"), &raw) || raw.len < 6)
        return 0;
    bytes = (raw.len - 2) / 4 * 3;
    for (size_t i = raw.len - 3; i < raw.len - 1; i++)
        bytes -= raw.at[i] == '=';
    return bytes / 2;
}

static void add_digest(struct parley_script *s, struct parley_view message)
{
    for (size_t i = 0; i <= message.len; i++) /* a zero ends each message */
        s->digest = (s->digest ^ (i < message.len ? (unsigned char)message.at[i] : 0)) * 0x100000001B3;
}

static void received(void *state, struct parley_view message, uint64_t now_us)
{
    struct parley_script *s = state;

    add_digest(s, message);
    if (s->seen != NULL)
        s->seen(s->user, NULL, message);
    if (parley_peek_is(message, "type", "input_audio_buffer.append"))
        s->audio_samples += append_samples(message);
    else if (s->hosted || !s->over)
        log_add(s, message);
    if (s->service != NULL)
        s->service->received(s->service->state, message, now_us);
}

/* session.update comes first of all and need not be expected. */
static bool first_sent(struct parley_script *s, struct parley_view wanted, struct parley_view *message)
{
    if (!parley_journal_first(&s->log, message))
        return false;
    if (!parley_view_is(wanted, "session.update") && parley_peek_is(*message, "type", "session.update")) {
        parley_journal_drop(&s->log);
        return parley_journal_first(&s->log, message);
    }
    return true;
}

bool parley_script_unexpected(struct parley_script *s, struct parley_view *message)
{
    return first_sent(s, parley_view(""), message);
}

void parley_script_watch(struct parley_script *s,
                         void (*seen)(void *user, const struct parley_talk_line *line,
                                      struct parley_view sent),
                         void *user)
{
    s->seen = seen;
    s->user = user;
}

uint64_t parley_script_digest(const struct parley_script *s)
{
    return s->digest;
}

/* ---- from line to line --------------------------------------------------------------------------- */

/* Makes the next line the present one. Lines were checked when the script was opened. */
static void load_line(struct parley_script *s, uint64_t now_us)
{
    char why[PARLEY_TALK_WHY];

    do {
        s->over = parley_talk_next(&s->talk, &s->line, why) <= 0;
    } while (!s->over && s->line.verb <= PARLEY_TALK_HEARD);
    s->due_us = now_us;
    if (s->over)
        s->due_us = PARLEY_NEVER;
    else if (s->line.when == PARLEY_TALK_AT)
        s->due_us = parley_clock_add(s->opened_us, s->line.when_us);
    else if (s->line.when == PARLEY_TALK_AFTER)
        s->due_us = parley_clock_add(now_us, s->line.when_us);
}

void parley_script_step(struct parley_script *s, uint64_t now_us)
{
    if (s->over || s->failure[0] != '\0')
        return;
    if (s->seen != NULL)
        s->seen(s->user, &s->line, parley_view(NULL));
    load_line(s, now_us);
}

static bool is_server_line(const struct parley_script *s)
{
    return s->line.verb >= PARLEY_TALK_SERVER_JSON && s->line.verb <= PARLEY_TALK_SERVER_BREAK;
}

static bool is_host_line(const struct parley_script *s)
{
    return s->line.verb >= PARLEY_TALK_EXPECT_EVENT;
}

/* True when the script itself waits for something to be sent. */
static bool is_expectation(const struct parley_script *s)
{
    return !is_server_line(s) && !is_host_line(s);
}

uint64_t parley_script_moment(const struct parley_script *s, uint64_t after_us)
{
    return after_us == PARLEY_NEVER ? PARLEY_NEVER : parley_clock_add(s->opened_us, after_us);
}

uint64_t parley_script_patience(const struct parley_script *s)
{
    return s->settings.patience_us;
}

bool parley_script_uses_service(const struct parley_script *s)
{
    return s->service != NULL;
}

struct parley_loopback_peer *parley_script_service(struct parley_script *s)
{
    return s->service;
}

/* The first moment that is too late for the present expectation: what happens at its last is in time. */
static uint64_t deadline(const struct parley_script *s)
{
    uint64_t before_us = parley_script_moment(s, s->line.before_us);

    if (before_us == PARLEY_NEVER)
        before_us = parley_clock_add(s->due_us, s->settings.patience_us);
    return parley_clock_add(before_us, 1);
}

const struct parley_talk_line *parley_script_line(const struct parley_script *s, uint64_t *due_us)
{
    *due_us = s->opened ? s->due_us : PARLEY_NEVER;
    return s->over ? NULL : &s->line;
}

uint64_t parley_script_due(const struct parley_script *s)
{
    if (!s->opened || s->over || s->failure[0] != '\0')
        return PARLEY_NEVER;
    return is_expectation(s) && s->line.verb != PARLEY_TALK_EXPECT_NOTHING ? deadline(s) : s->due_us;
}

/* ---- expectations -------------------------------------------------------------------------------- */

static int shown(struct parley_view view, size_t most)
{
    return (int)parley_text_cut(view, most);
}

/* Holds the next message against the line. Returns true when it is the one. */
static bool meet_sent(struct parley_script *s)
{
    char why[PARLEY_TALK_WHY];
    struct parley_view sent;

    if (!first_sent(s, s->line.name, &sent))
        return false;
    if (!parley_talk_matches(sent, "type", s->line.name, s->line.fields, why)) {
        parley_script_fail(s, "something else was sent (%.*s): %.*s", shown(parley_view(why), 100), why,
                           shown(sent, 130), sent.at);
        return false;
    }
    parley_journal_drop(&s->log);
    return true;
}

static bool meet_audio(struct parley_script *s)
{
    uint64_t wanted = s->line.amount * PARLEY_VOICE_RATE / 1000000;

    if (s->audio_samples < wanted)
        return false;
    s->audio_samples -= wanted;
    return true;
}

static bool meet_nothing(struct parley_script *s)
{
    struct parley_view sent;

    if (!parley_script_unexpected(s, &sent))
        return true;
    parley_script_fail(s, "nothing was to be sent, but: %.*s", shown(sent, 150), sent.at);
    return false;
}

static bool meet_close(struct parley_script *s)
{
    if (s->closed && s->close_code != s->line.amount)
        parley_script_fail(s, "the client closed with code %u", (unsigned)s->close_code);
    return s->closed && s->close_code == s->line.amount;
}

bool parley_script_breach(const struct parley_script *s, const struct parley_service_breach **breach)
{
    const struct parley_service_breach *all;

    if (s->service == NULL || s->breaches >= parley_service_breaches(s->service, &all))
        return false;
    *breach = &all[s->breaches];
    return true;
}

static bool meet_broken(struct parley_script *s)
{
    const struct parley_service_breach *breach;

    if (!parley_script_breach(s, &breach))
        return false;
    if (!parley_view_is(s->line.name, parley_rule(breach->rule)->id)) {
        parley_script_fail(s, "another rule was broken, %s: %s", parley_rule(breach->rule)->id,
                           breach->excerpt);
        return false;
    }
    s->breaches++;
    return true;
}

static bool meet(struct parley_script *s)
{
    switch (s->line.verb) {
    case PARLEY_TALK_EXPECT_SENT:
        return meet_sent(s);
    case PARLEY_TALK_EXPECT_AUDIO:
        return meet_audio(s);
    case PARLEY_TALK_EXPECT_NOTHING:
        return meet_nothing(s);
    case PARLEY_TALK_EXPECT_BROKEN:
        return meet_broken(s);
    default:
        return meet_close(s);
    }
}

/* An expectation's time is over: says what came instead. */
static void miss(struct parley_script *s, uint64_t now_us)
{
    unsigned long ms = (unsigned long)((now_us - s->opened_us) / 1000);

    if (s->line.verb == PARLEY_TALK_EXPECT_AUDIO)
        parley_script_fail(s, "only %lu ms of audio were sent until %lu ms",
                           (unsigned long)(s->audio_samples * 1000 / PARLEY_VOICE_RATE), ms);
    else if (s->line.verb == PARLEY_TALK_EXPECT_CLOSE)
        parley_script_fail(s, "the client had not closed until %lu ms", ms);
    else if (s->line.verb == PARLEY_TALK_EXPECT_BROKEN)
        parley_script_fail(s, "no rule was broken until %lu ms", ms);
    else
        parley_script_fail(s, "%.*s was not sent until %lu ms, nor anything else", shown(s->line.name, 80),
                           s->line.name.at, ms);
}

void parley_script_settle(struct parley_script *s, uint64_t now_us)
{
    while (s->opened && !s->over && s->failure[0] == '\0' && now_us >= s->due_us) {
        if (is_server_line(s) || (is_host_line(s) && s->hosted))
            return;
        if (is_host_line(s) || meet(s)) {
            parley_script_step(s, now_us);
            continue;
        }
        if (s->failure[0] == '\0' && now_us >= deadline(s))
            miss(s, now_us);
        return;
    }
}

/* ---- what the service says ----------------------------------------------------------------------- */

static void put(struct parley_render *r, const char *text)
{
    parley_render_raw(r, parley_view(text));
}

static void put_string(struct parley_render *r, const char *name, struct parley_view value)
{
    char plain[256];

    put(r, name);
    put(r, "\"");
    parley_render_json(r, parley_talk_plain(value, plain, sizeof(plain)));
    put(r, "\"");
}

/* `samples` samples of the voice as base64; it begins anew when its text is over. */
static void put_sound(struct parley_script *s, struct parley_render *r, size_t samples)
{
    while (samples > 0) {
        int16_t pcm[480]; /* a multiple of 3 */
        size_t wanted = samples < 480 ? samples : 480, made = parley_voice_read(&s->voice, pcm, wanted);

        while (made < wanted) {
            parley_voice_start(&s->voice, parley_view("one two, three four. "), s->talk.name);
            made += parley_voice_read(&s->voice, pcm + made, wanted - made);
        }
        parley_form_pcm(r, pcm, wanted);
        samples -= wanted;
    }
}

/* An audio delta of the second protocol, or of the first, which tells the format in each message. */
static void render_audio(struct parley_script *s, struct parley_render *r)
{
    struct parley_view type = parley_talk_value(s->line.fields, "type");
    struct parley_view item = parley_talk_value(s->line.fields, "item");
    struct parley_view response = parley_talk_value(s->line.fields, "response");
    uint64_t ms = parley_talk_number(s->line.fields, "ms", 100);

    put(r, "{");
    put_string(r, "\"type\":", type.len > 0 ? type : parley_view("response.output_audio.delta"));
    if (item.len > 0)
        put_string(r, ",\"item_id\":", item);
    if (response.len > 0)
        put_string(r, ",\"response_id\":", response);
    if (parley_view_is(type, "conversation.output_audio.delta"))
        put(r, ",\"sample_rate\":24000,\"channels\":1");
    else
        put(r, ",\"output_index\":0,\"content_index\":0");
    put(r, ",\"delta\":\"");
    put_sound(s, r, (size_t)(ms < AUDIO_MS_MAX ? ms : AUDIO_MS_MAX) * (PARLEY_VOICE_RATE / 1000));
    put(r, "\"}");
}

/* The next piece of a message that is only there to be long. */
static int say_long(struct parley_script *s, struct parley_fragment *message, uint64_t now_us)
{
    static const char head[] = "{\"type\":\"loopback.long\",\"padding\":\"", tail[] = "\"}";
    const size_t frame = sizeof(head) - 1 + sizeof(tail) - 1;
    size_t piece;

    message->binary = false;
    if (s->long_left == 0) {
        s->long_left = (s->line.amount > frame ? (size_t)s->line.amount - frame : 0) + sizeof(tail) - 1;
        message->bytes = parley_view(head);
        message->last = false;
        return 1;
    }
    piece = s->long_left < LONG_PIECE ? s->long_left : LONG_PIECE;
    memset(s->message, '.', piece);
    for (size_t i = 0; i < piece; i++)
        if (s->long_left - i < sizeof(tail))
            s->message[i] = tail[sizeof(tail) - 1 - (s->long_left - i)];
    s->long_left -= piece;
    message->bytes = parley_view_of(s->message, piece);
    message->last = s->long_left == 0;
    if (message->last)
        parley_script_step(s, now_us);
    return 1;
}

/* Ends the link as the line says. */
static int say_end(struct parley_script *s, uint64_t now_us)
{
    bool broken = s->line.verb == PARLEY_TALK_SERVER_BREAK;
    unsigned code = s->line.amount > 0 ? (unsigned)s->line.amount : 1000;

    if (broken)
        snprintf(s->reason, sizeof(s->reason), "the connection broke");
    else
        snprintf(s->reason, sizeof(s->reason), "the service closed with code %u", code);
    s->peer.close_code = broken ? 0 : (uint16_t)code;
    parley_script_step(s, now_us);
    return broken ? PARLEY_ERR_LOST : PARLEY_ERR_PEER_CLOSED;
}

/* The text of a line, without quotes, in the message buffer. */
static struct parley_view plain_text(struct parley_script *s)
{
    return parley_talk_plain(s->line.text, s->message, MESSAGE_BYTES);
}

/* Lets something go wrong with the built-in service; nothing is said for the line itself. */
static void strike(struct parley_script *s, uint64_t now_us)
{
    struct parley_service_fault fault = {.kind = parley_service_fault_named(s->line.name),
                                         .amount = s->line.amount};

    parley_service_strike(s->service, &fault, now_us);
    parley_script_step(s, now_us);
}

static int say_line(struct parley_script *s, uint64_t now_us, struct parley_fragment *message)
{
    struct parley_render r = parley_render(s->message, MESSAGE_BYTES);

    *message = (struct parley_fragment){.last = true, .binary = s->line.verb == PARLEY_TALK_SERVER_BINARY};
    switch (s->line.verb) {
    case PARLEY_TALK_SERVER_CLOSE:
    case PARLEY_TALK_SERVER_BREAK:
        return say_end(s, now_us);
    case PARLEY_TALK_SERVER_LONG:
        return say_long(s, message, now_us);
    case PARLEY_TALK_SERVER_JSON:
        message->bytes = s->line.text;
        break;
    case PARLEY_TALK_SERVER_RAW:
    case PARLEY_TALK_SERVER_BINARY:
        message->bytes = plain_text(s);
        break;
    case PARLEY_TALK_SERVER_AUDIO:
        render_audio(s, &r);
        break;
    default:
        parley_talk_message(&r, s->line.name, s->line.fields);
        break;
    }
    if (message->bytes.at == NULL)
        message->bytes = parley_rendered(&r);
    if (r.overflow)
        parley_script_fail(s, "the message is longer than %d bytes", MESSAGE_BYTES);
    parley_script_step(s, now_us);
    return 1;
}

/* What the built-in service says, and how it ends. */
static int say_service(struct parley_script *s, uint64_t now_us, struct parley_fragment *message,
                       uint64_t *due_us)
{
    int said = s->service->say(s->service->state, now_us, message, due_us);

    if (said < 0) {
        s->peer.close_code = s->service->close_code;
        snprintf(s->reason, sizeof(s->reason), "%s", s->service->reason(s->service->state).at);
    }
    return said;
}

/* True when the next line is one of the service's, and its time has come. */
static bool is_turn(const struct parley_script *s, uint64_t now_us)
{
    return s->opened && !s->over && s->failure[0] == '\0' && is_server_line(s) && now_us >= s->due_us;
}

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    struct parley_script *s = state;
    uint64_t service_due_us = PARLEY_NEVER;

    parley_script_settle(s, now_us);
    while (is_turn(s, now_us) && s->line.verb == PARLEY_TALK_FAULT) {
        strike(s, now_us);
        parley_script_settle(s, now_us);
    }
    if (s->failure[0] != '\0' && !s->hosted)
        return PARLEY_ERR_LOST;
    if (is_turn(s, now_us))
        return say_line(s, now_us, message);
    if (s->service != NULL) {
        int said = say_service(s, now_us, message, &service_due_us);

        if (said != 0)
            return said;
    }
    *due_us = parley_script_due(s);
    if (s->hosted && !s->over && is_host_line(s))
        *due_us = PARLEY_NEVER; /* whoever plays the host looks after it */
    if (service_due_us < *due_us)
        *due_us = service_due_us;
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------------- */

static void opened(void *state, uint64_t now_us)
{
    struct parley_script *s = state;

    s->opened = true;
    s->opened_us = now_us;
    load_line(s, now_us);
    if (s->service != NULL)
        s->service->opened(s->service->state, now_us);
}

static void closed(void *state, uint16_t code, uint64_t now_us)
{
    struct parley_script *s = state;

    s->closed = true;
    s->close_code = code;
    if (s->service != NULL && s->service->closed != NULL)
        s->service->closed(s->service->state, code, now_us);
}

static void called(void *state, struct parley_view body, struct parley_loopback_answer *answer)
{
    const struct parley_script *s = state;

    (void)body;
    if (s->answer.at != NULL)
        answer->sdp = s->answer;
}

static struct parley_view reason(void *state)
{
    const struct parley_script *s = state;

    return parley_view(s->failure[0] != '\0' && !s->hosted ? s->failure : s->reason);
}

struct parley_loopback_peer *parley_script_peer(struct parley_script *s)
{
    return &s->peer;
}

/* Carves a copy of a text; absent when the arena only counts or is full. */
static struct parley_view copy(struct parley_arena *arena, struct parley_view text)
{
    char *at = parley_arena_take(arena, text.len + 1, 1);

    if (at != NULL && text.len > 0)
        memcpy(at, text.at, text.len);
    return parley_view_of(at, at != NULL ? text.len : 0);
}

static void fill(struct parley_script *s, const struct parley_talk_settings *settings, bool hosted)
{
    s->settings = *settings;
    s->hosted = hosted;
    s->digest = 0xCBF29CE484222325; /* FNV-1a */
    s->peer = (struct parley_loopback_peer){
        .state = s,
        .opened = opened,
        .received = received,
        .say = say,
        .closed = closed,
        .called = called,
        .reason = reason,
        .fragment_bytes = settings->fragment_bytes,
        .send_bytes = settings->send_bytes,
    };
}

static struct parley_service_settings service_settings(const struct parley_talk_settings *settings)
{
    return (struct parley_service_settings){
        .lenient = settings->lenient,
        .seed = settings->seed,
        .speed = settings->speed,
        .session_minutes = settings->session_minutes,
        .tokens_a_minute = settings->tokens_a_minute,
    };
}

int parley_script_open(struct parley_script **script, struct parley_arena *arena, struct parley_view text,
                       struct parley_view name, bool hosted, char why[PARLEY_TALK_WHY])
{
    struct parley_talk talk = {.text = text, .name = name};
    struct parley_talk_settings settings;
    struct parley_service_settings asked;
    struct parley_loopback_peer *service = NULL;
    struct parley_script *s;
    struct parley_journal log;
    char *message, *answer;
    int status = parley_talk_check(&talk, &settings, why);

    *script = NULL;
    if (status != PARLEY_OK)
        return status;
    s = parley_arena_take(arena, 1, sizeof(*s));
    log = parley_journal(arena, LOG_BYTES);
    message = parley_arena_take(arena, 1, MESSAGE_BYTES);
    asked = service_settings(&settings);
    if (settings.service)
        service = parley_loopback_service_open(arena, &talk, &settings, &asked);
    answer = parley_arena_take(arena, settings.answer.len, 1);
    talk.text = copy(arena, text);
    talk.name = copy(arena, name);
    if (arena->base == NULL || arena->failed)
        return PARLEY_OK;
    fill(s, &settings, hosted);
    s->talk = talk;
    s->log = log;
    s->message = message;
    s->service = service;
    if (settings.answer.at != NULL)
        s->answer = parley_talk_plain(settings.answer, answer, settings.answer.len);
    *script = s;
    return PARLEY_OK;
}
