/*
 * A recorded conversation, once more: see play_again.h. The file is read once, from front to back: a call
 * in it is made, and what the engine then does, as the recorder tells it, has to be what the next lines say,
 * where the link looks up what to give and take.
 */
#include "core/cli/play_again.h"

#include "core/record_options.h"
#include "parser/base64.h"
#include "transport/loopback/loopback.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN = 400, READ_SAMPLES_MAX = 1 << 24, TEXTS = 16 };

struct again {
    const struct parley_play_watch *watch;
    struct parley_play_again_result *result;
    struct parley_cli_flight_file file;
    bool over; /* the file has no more lines, or one was not met */
    int status;

    struct parley_conversation *c;
    void *block;
    uint64_t start_us, now_us;
    bool begun; /* the first line has been made anew */

    char *made; /* the line being made */
    size_t made_size, made_len;

    /* the link */
    bool opened;
    int up;
    const char *stage;
    struct parley_view reason;
    uint16_t close_code;
    struct parley_facts facts;
    struct parley_view message; /* of the service, from the heap */
    size_t given;               /* bytes of it given so far */
    char zeros[4096];
};

/* ---- lines ------------------------------------------------------------------------------------- */

static const struct parley_cli_flight_line *line(const struct again *a)
{
    return &a->file.line;
}

static bool has(const struct again *a, const char *name)
{
    return !a->over && parley_cli_flight_raw(line(a), name).at != NULL;
}

static void pass(struct again *a)
{
    int got;

    a->result->lines++;
    got = parley_cli_flight_file_next(&a->file);
    if (got < 0) {
        snprintf(a->result->why, sizeof a->result->why, "%s", a->file.why);
        a->status = got;
    }
    a->over = got <= 0;
    if (has(a, "full"))
        a->over = a->result->full = true;
}

static int shown(struct parley_view text)
{
    return (int)(text.len < SHOWN ? text.len : SHOWN);
}

static void differs(struct again *a, struct parley_view made)
{
    struct parley_view was = line(a)->text;
    size_t same = 0, from;

    while (same < was.len && same < made.len && was.at[same] == made.at[same])
        same++;
    from = same > 60 ? same - 60 : 0;
    was = parley_view_skip(was, from);
    made = parley_view_skip(made, from);
    snprintf(a->result->why, sizeof a->result->why,
             "%.200s:%lu: from byte %zu on it is not the same\n  recorded: %s%.*s\n  now:      %s%.*s",
             a->file.path, a->file.number, same + 1, from > 0 ? "..." : "", shown(was), was.at,
             from > 0 ? "..." : "", shown(made), made.at);
    a->over = true;
}

static void unusable(struct again *a, const char *what)
{
    a->status = parley_cli_flight_file_wrong(&a->file, what);
    snprintf(a->result->why, sizeof a->result->why, "%s", a->file.why);
    a->over = true;
}

/* A line of the conversation as it is held now. */
static void judge(struct again *a, struct parley_view made)
{
    if (!a->begun) { /* the first: of other options, as secrets are not known, and of another day */
        a->begun = true;
        return;
    }
    if (a->over)
        return;
    if (!parley_view_equal(made, line(a)->text)) {
        differs(a, made);
        return;
    }
    if (a->watch != NULL && a->watch->line != NULL)
        a->watch->line(a->watch->user, line(a), a->now_us - a->start_us);
    pass(a);
}

static bool keep(struct again *a, struct parley_view piece)
{
    if (a->made_len + piece.len > a->made_size) {
        size_t size = (a->made_len + piece.len) * 2;
        char *at = realloc(a->made, size);

        if (at == NULL) {
            unusable(a, "no memory");
            return false;
        }
        a->made = at;
        a->made_size = size;
    }
    memcpy(a->made + a->made_len, piece.at, piece.len);
    a->made_len += piece.len;
    return true;
}

static void take(void *state, struct parley_view piece)
{
    struct again *a = state;

    if (!keep(a, piece) || a->made[a->made_len - 1] != '\n')
        return;
    judge(a, parley_view_of(a->made, a->made_len - 1));
    a->made_len = 0;
}

static bool draw(void *state, const char *what, int64_t *number)
{
    const struct again *a = state;

    *number = 0;
    if (has(a, "draw") && parley_cli_flight_is(line(a), "draw", what))
        *number = parley_cli_flight_amount(line(a), "is");
    return true;
}

/* ---- the link ---------------------------------------------------------------------------------- */

static void forget_message(struct again *a)
{
    free((char *)(uintptr_t)a->message.at);
    a->message = parley_view(NULL);
    a->given = 0;
}

/* Why the link ended, in the present line. */
static void note_end(struct again *a)
{
    free((char *)(uintptr_t)a->reason.at);
    a->reason = parley_cli_flight_text(line(a), "reason");
    a->close_code = (uint16_t)parley_cli_flight_amount(line(a), "code");
    a->facts.http_status = (int)parley_cli_flight_amount(line(a), "http");
}

static int link_open(void *state, char why[PARLEY_TRANSPORT_REASON])
{
    struct again *a = state;
    int status = PARLEY_OK;

    if (a->opened && has(a, "opened")) {
        note_end(a);
        status = (int)parley_cli_flight_amount(line(a), "opened");
        snprintf(why, PARLEY_TRANSPORT_REASON, "%.*s", (int)a->reason.len,
                 a->reason.len > 0 ? a->reason.at : "");
    }
    a->opened = true;
    a->up = 0;
    forget_message(a);
    return status > 0 ? PARLEY_OK : status;
}

/* The same pointer for the same name. */
static const char *stage_name(struct parley_view raw)
{
    static const char *const names[] = {"resolve", "connect", "proxy",   "tls",    "call",
                                        "upgrade", "open",    "closing", "closed", "?"};
    size_t i = 0;

    raw = raw.len >= 2 ? parley_view_of(raw.at + 1, raw.len - 2) : raw;
    while (i + 1 < sizeof names / sizeof *names && !parley_view_is(raw, names[i]))
        i++;
    return names[i];
}

static int link_work(void *state, uint64_t now_us)
{
    struct again *a = state;

    (void)now_us;
    if (!has(a, "link"))
        return a->up;
    a->stage = stage_name(parley_cli_flight_raw(line(a), "link"));
    a->up = (int)parley_cli_flight_amount(line(a), "up");
    if (a->up < 0)
        note_end(a);
    return a->up;
}

/* The message whose first piece is about to be given: it stands some lines further on, or nowhere, when the
   link was lost before its end. */
static void look_ahead(struct again *a, struct parley_fragment *out)
{
    struct parley_cli_flight_line further;

    for (size_t i = 0; parley_cli_flight_file_peek(&a->file, i, &further); i++) {
        if (parley_cli_flight_raw(&further, "recv").at != NULL ||
            parley_cli_flight_raw(&further, "opened").at != NULL ||
            parley_cli_flight_raw(&further, "too_long").at != NULL)
            return;
        out->binary = parley_cli_flight_raw(&further, "binary").at != NULL;
        a->message = parley_cli_flight_text(&further, "in");
        if (out->binary || a->message.at != NULL)
            return;
    }
}

/* The call that is created by the answer in the present line. */
static void note_call(struct again *a)
{
    struct parley_view id = parley_cli_flight_text(line(a), "call_id");

    snprintf(a->facts.call_id, sizeof a->facts.call_id, "%.*s", (int)id.len, id.len > 0 ? id.at : "");
    free((char *)(uintptr_t)id.at);
}

/* So many bytes of the message, or of nothing where it is not known. */
static struct parley_view piece(struct again *a, size_t bytes)
{
    struct parley_view rest = parley_view_skip(a->message, a->given);

    a->given += bytes;
    if (rest.len >= bytes)
        return parley_view_of(rest.at, bytes);
    return parley_view_of(a->zeros, bytes < sizeof a->zeros ? bytes : sizeof a->zeros);
}

static int give_part(struct again *a, struct parley_fragment *out)
{
    int64_t bytes = parley_cli_flight_amount(line(a), "part");

    if (a->given == 0) {
        forget_message(a);
        look_ahead(a, out);
    }
    out->bytes = piece(a, bytes > 0 ? (size_t)bytes : 0);
    return 1;
}

static int give_whole(struct again *a, struct parley_fragment *out)
{
    int64_t total = parley_cli_flight_amount(line(a), has(a, "binary") ? "binary" : "too_long");
    size_t given = a->given;

    forget_message(a);
    out->last = true;
    out->binary = has(a, "binary");
    if (has(a, "in") || has(a, "in_hex")) {
        note_call(a);
        a->message = parley_cli_flight_text(line(a), "in");
        out->bytes = parley_view_skip(a->message, given);
    } else {
        size_t rest = total > (int64_t)given ? (size_t)total - given : 0;
        char *nothing = calloc(rest + 1, 1);

        if (nothing == NULL)
            return PARLEY_ERR_MEMORY;
        a->message = out->bytes = parley_view_of(nothing, rest);
    }
    return 1;
}

static int link_recv(void *state, struct parley_fragment *out)
{
    struct again *a = state;

    *out = (struct parley_fragment){.last = false};
    if (has(a, "part"))
        return give_part(a, out);
    if (has(a, "in") || has(a, "in_hex") || has(a, "binary") || has(a, "too_long"))
        return give_whole(a, out);
    if (!has(a, "recv"))
        return 0;
    note_end(a);
    return (int)parley_cli_flight_amount(line(a), "recv");
}

static long link_send(void *state, struct parley_view message)
{
    const struct again *a = state;
    int64_t took = parley_cli_flight_amount(line(a), "took");

    if (has(a, "out") || has(a, "out_hex") || has(a, "append"))
        return (long)message.len;
    return has(a, "took") && took > 0 && (uint64_t)took < message.len ? (long)took : 0;
}

static size_t link_pending(void *state)
{
    const struct again *a = state;

    return has(a, "busy") ? (size_t)parley_cli_flight_amount(line(a), "busy") : 0;
}

static const char *link_stage(void *state)
{
    return ((const struct again *)state)->stage;
}

static struct parley_view link_reason(void *state)
{
    return ((const struct again *)state)->reason;
}

static uint16_t link_close_code(void *state)
{
    return ((const struct again *)state)->close_code;
}

static const struct parley_facts *link_facts(void *state)
{
    return &((const struct again *)state)->facts;
}

static const struct parley_loopback_link the_link = {
    .open = link_open,
    .work = link_work,
    .recv = link_recv,
    .send = link_send,
    .pending = link_pending,
    .stage = link_stage,
    .reason = link_reason,
    .close_code = link_close_code,
    .facts = link_facts,
};

/* ---- the calls --------------------------------------------------------------------------------- */

static void free_text(struct parley_view text)
{
    free((char *)(uintptr_t)text.at);
}

static void call_audio(struct again *a)
{
    int64_t bytes = parley_cli_flight_amount(line(a), "bytes");
    struct parley_view text = parley_cli_flight_text(line(a), "pcm");
    char *pcm;

    if (text.at != NULL) {
        long decoded = parley_base64_decode((char *)(uintptr_t)text.at, text, NULL);

        if (decoded < 0)
            unusable(a, "this sound is not base64");
        else
            parley_send_audio_bytes(a->c, text.at, (size_t)decoded);
        free_text(text);
        return;
    }
    if (bytes < 0 || bytes > READ_SAMPLES_MAX || (pcm = calloc((size_t)bytes + 1, 1)) == NULL) {
        unusable(a, "this is too much sound");
        return;
    }
    parley_send_audio_bytes(a->c, pcm, (size_t)bytes);
    free(pcm);
}

static void call_read(struct again *a)
{
    int64_t samples = parley_cli_flight_amount(line(a), "samples");
    int16_t *pcm;
    size_t got;

    if (samples < 0 || samples > READ_SAMPLES_MAX ||
        (pcm = calloc((size_t)samples + 1, sizeof *pcm)) == NULL) {
        unusable(a, "this is too much sound");
        return;
    }
    got = parley_read_audio(a->c, pcm, (size_t)samples);
    if (a->watch != NULL && a->watch->heard != NULL && got > 0)
        a->watch->heard(a->watch->user, pcm, got, a->now_us - a->start_us);
    free(pcm);
}

static void call_next(struct again *a)
{
    struct parley_event event;

    if (parley_next_event(a->c, &event) > 0 && a->watch != NULL && a->watch->event != NULL)
        a->watch->event(a->watch->user, &event, a->now_us - a->start_us);
}

static void call_service(struct again *a)
{
    int64_t us = parley_cli_flight_amount(line(a), "us");

    if (us > 0 && a->start_us + (uint64_t)us > a->now_us)
        a->now_us = a->start_us + (uint64_t)us;
    parley_service(a->c, a->start_us + (uint64_t)us);
}

static void call_close(struct again *a)
{
    parley_close(a->c);
    a->c = NULL;
    a->result->closed = true;
}

static enum parley_reason reason_of(const struct again *a)
{
    if (parley_cli_flight_is(line(a), "reason", "text"))
        return PARLEY_REASON_TEXT;
    return parley_cli_flight_is(line(a), "reason", "speech") ? PARLEY_REASON_SPEECH : PARLEY_REASON_HOST;
}

/* Texts of a call. */
struct words {
    struct parley_view text, handoff;
};

/* Those that only take texts. Returns false when it is none of them. */
static bool call_with_words(struct again *a, const struct words *w)
{
    if (parley_cli_flight_is(line(a), "call", "text"))
        parley_send_text(a->c, w->text);
    else if (parley_cli_flight_is(line(a), "call", "mirror"))
        parley_mirror_text(a->c, w->text);
    else if (parley_cli_flight_is(line(a), "call", "progress"))
        parley_agent_progress(a->c, w->handoff, w->text);
    else if (parley_cli_flight_is(line(a), "call", "done"))
        parley_agent_done(a->c, w->handoff);
    else
        return false;
    return true;
}

static bool call_plain(struct again *a)
{
    static const struct {
        const char *name;
        void (*call)(struct again *a);
    } calls[] = {{"service", call_service},
                 {"next", call_next},
                 {"audio", call_audio},
                 {"read", call_read},
                 {"close", call_close}};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (parley_cli_flight_is(line(a), "call", calls[i].name)) {
            calls[i].call(a);
            return true;
        }
    if (parley_cli_flight_is(line(a), "call", "delay"))
        parley_playout_delay(a->c, (uint64_t)parley_cli_flight_amount(line(a), "us"));
    else if (parley_cli_flight_is(line(a), "call", "ask"))
        parley_request_reply(a->c);
    else if (parley_cli_flight_is(line(a), "call", "interrupt"))
        parley_interrupt(a->c, reason_of(a));
    else if (parley_cli_flight_is(line(a), "call", "stop"))
        parley_stop(a->c);
    else
        return false;
    return true;
}

static void call(struct again *a)
{
    struct words words;

    if (!has(a, "call")) {
        snprintf(a->result->why, sizeof a->result->why,
                 "%.200s:%lu: this was recorded, and does not happen now: %.*s", a->file.path, a->file.number,
                 shown(line(a)->text), line(a)->text.at);
        a->over = true;
        return;
    }
    if (call_plain(a))
        return;
    words =
        (struct words){parley_cli_flight_text(line(a), "text"), parley_cli_flight_text(line(a), "handoff")};
    if (!call_with_words(a, &words))
        unusable(a, "this program knows no such call");
    free_text(words.text);
    free_text(words.handoff);
}

/* ---- the beginning ----------------------------------------------------------------------------- */

struct texts {
    struct parley_view at[TEXTS];
    size_t count;
};

static struct parley_view text_of(struct texts *t, const struct parley_cli_flight_line *from,
                                  const char *name)
{
    struct parley_view text = parley_cli_flight_text(from, name);

    if (text.at != NULL)
        t->at[t->count++] = text;
    return text;
}

static void read_limits(struct parley_limits *l, struct parley_view raw)
{
    struct parley_cli_flight_line from;

    if (raw.at == NULL || !parley_cli_flight_take_apart(&from, raw))
        return;
#define NUMBER(type, member) l->member = (type)parley_cli_flight_amount(&from, #member);
    PARLEY_RECORD_LIMITS(NUMBER)
#undef NUMBER
}

static void read_reconnect(struct parley_reconnect *c, struct parley_view raw)
{
    struct parley_cli_flight_line from = {.count = 0};

    c->on = raw.at != NULL;
    if (!c->on || (raw.len > 2 && !parley_cli_flight_take_apart(&from, raw)))
        return;
#define NUMBER(type, member) c->member = (type)parley_cli_flight_amount(&from, #member);
    PARLEY_RECORD_RECONNECT(NUMBER)
#undef NUMBER
}

static void read_options(struct parley_options *o, struct texts *t, const struct parley_cli_flight_line *from)
{
    o->protocol = parley_cli_flight_is(from, "protocol", "v1") ? PARLEY_PROTOCOL_V1 : PARLEY_PROTOCOL_V2;
    o->mode =
        parley_cli_flight_is(from, "mode", "transcription") ? PARLEY_TRANSCRIPTION : PARLEY_CONVERSATIONAL;
    o->modality =
        parley_cli_flight_is(from, "modality", "text") ? PARLEY_MODALITY_TEXT : PARLEY_MODALITY_AUDIO;
#define TEXT(member) o->member = text_of(t, from, #member);
    PARLEY_RECORD_TEXTS(TEXT)
#undef TEXT
    o->url = text_of(t, from, "url");
    o->call_url = text_of(t, from, "call_url");
    o->keep_session = parley_cli_flight_raw(from, "keep_session").at != NULL;
    o->close_on_error = parley_cli_flight_raw(from, "close_on_error").at != NULL;
    read_limits(&o->limits, parley_cli_flight_raw(from, "limits"));
    read_reconnect(&o->reconnect, parley_cli_flight_raw(from, "reconnect"));
}

static int open_with(struct again *a, struct parley_options *o, struct parley_loopback_peer *peer)
{
    struct parley_error error = {PARLEY_OK, ""};
    size_t bytes;
    int status;

    o->peer = peer;
    o->recorder = (struct parley_recorder){
        .state = a,
        .write = take,
        .bytes = UINT64_MAX,
        .without_audio = parley_cli_flight_is(line(a), "audio", "off"),
        .draw = draw,
    };
    bytes = parley_memory_needed(o);
    a->opened = false;
    a->block = bytes > 0 ? malloc(bytes) : NULL;
    if (a->block == NULL && bytes > 0)
        return unusable(a, "no memory"), a->status;
    status = parley_open(&a->c, a->block, bytes, o, a->start_us, &error);
    if (status != PARLEY_OK)
        unusable(a, error.text);
    return status;
}

static int begin(struct again *a, struct parley_loopback_peer *peer)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct texts texts = {.count = 0};
    struct parley_cli_flight_line from;
    int64_t us = parley_cli_flight_amount(line(a), "us");
    int status;

    a->start_us = a->now_us = us > 0 ? (uint64_t)us : 0;
    if (!parley_cli_flight_take_apart(&from, parley_cli_flight_raw(line(a), "options")))
        return unusable(a, "it tells no options"), a->status;
    read_options(&options, &texts, &from);
    status = open_with(a, &options, peer);
    for (size_t i = 0; i < texts.count; i++)
        free_text(texts.at[i]);
    return status;
}

int parley_play_again(const char *path, const struct parley_play_watch *watch,
                      struct parley_play_again_result *result)
{
    struct again *a = calloc(1, sizeof *a);
    struct parley_loopback_peer peer = {.state = a, .link = &the_link};
    int status;

    memset(result, 0, sizeof *result);
    if (a == NULL)
        return PARLEY_ERR_MEMORY;
    a->watch = watch;
    a->result = result;
    a->stage = "resolve";
    status = parley_cli_flight_file_open(&a->file, path);
    if (status != PARLEY_OK)
        snprintf(result->why, sizeof result->why, "%s", a->file.why);
    else
        status = begin(a, &peer);
    if (status == PARLEY_OK) {
        if (watch != NULL && watch->line != NULL)
            watch->line(watch->user, line(a), 0);
        for (pass(a); !a->over && a->c != NULL;)
            call(a);
        status = a->status;
    }
    a->over = true;
    parley_close(a->c);
    result->took_us = a->now_us - a->start_us;
    result->torn = a->file.torn || (!result->closed && !result->full);
    parley_cli_flight_file_close(&a->file);
    forget_message(a);
    free_text(a->reason);
    free(a->made);
    free(a->block);
    free(a);
    return status < 0 ? status : result->why[0] == '\0';
}
