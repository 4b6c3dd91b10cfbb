/* The lines of the flight recorder; see recorder.h. */
#include "core/recorder.h"
#include "core/record_options.h"

#include "parser/base64.h"
#include "parser/utf8.h"
#include "templates/render.h"

#include <stdio.h>

enum {
    BUFFER_BYTES = 4096,
    LINE_BYTES = 2048, /* of a line, besides its texts */
    FULL_BYTES = 64,   /* of the line that says it is full */
    ESCAPED_MAX = 6,   /* bytes of the record for one of a text */
    SHOWN_BYTES = 240, /* of a text of an event, whose sum tells about the rest */
    EVENT_TEXTS = 11,
};
static const uint64_t BYTES_DEFAULT = UINT64_C(256) << 20;
static const uint64_t SUM_START = UINT64_C(0xCBF29CE484222325);

/* ---- bytes ------------------------------------------------------------------------------------- */

static void flush(struct parley_recording *r)
{
    if (r->used > 0)
        r->to.write(r->to.state, parley_view_of(r->buffer, r->used));
    r->used = 0;
}

/* A full buffer is handed over when there is more, so that within a line its last byte is always there. */
static void raw(struct parley_recording *r, const char *at, size_t len)
{
    r->bytes += len;
    while (len > 0) {
        size_t count;

        if (r->used == BUFFER_BYTES)
            flush(r);
        count = len < BUFFER_BYTES - r->used ? len : BUFFER_BYTES - r->used;
        memcpy(r->buffer + r->used, at, count);
        r->used += count;
        at += count;
        len -= count;
    }
}

static void words(struct parley_recording *r, const char *text)
{
    raw(r, text, strlen(text));
}

static void escaped(struct parley_recording *r, const char *at, size_t len)
{
    size_t plain = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)at[i];
        char escape[8];

        if (byte >= ' ' && byte != '"' && byte != '\\')
            continue;
        raw(r, at + plain, i - plain);
        plain = i + 1;
        snprintf(escape, sizeof escape, byte < ' ' ? "\\u%04x" : "\\%c", byte);
        words(r, escape);
    }
    raw(r, at + plain, len - plain);
}

static void hexadecimal(struct parley_recording *r, const char *at, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        char two[] = {digits[(unsigned char)at[i] >> 4], digits[at[i] & 15]};
        raw(r, two, sizeof two);
    }
}

static uint64_t sum_of(uint64_t sum, const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)at[i]) * UINT64_C(0x100000001B3);
    return sum;
}

/* ---- texts, as they may be told ---------------------------------------------------------------- */

static void put_text(void *r, const char *at, size_t len)
{
    escaped(r, at, len);
}

static void put_hex(void *r, const char *at, size_t len)
{
    hexadecimal(r, at, len);
}

static void put_sum(void *sum, const char *at, size_t len)
{
    *(uint64_t *)sum = sum_of(*(uint64_t *)sum, at, len);
}

static uint64_t sum_clean(const struct parley_recording *r, uint64_t sum, struct parley_view text)
{
    parley_scrub(&r->scrub, text, put_sum, &sum);
    return sum;
}

/* ---- members ----------------------------------------------------------------------------------- */

enum { DIGITS = 24 };

/* In digits, terminated; the printf of a small C library knows no 64 bits. Returns the length. */
static size_t decimal(char out[DIGITS], uint64_t value)
{
    struct parley_render r = parley_render(out, DIGITS - 1);

    parley_render_number(&r, value);
    out[r.used] = '\0';
    return r.used;
}

/* Begins a line that holds so many bytes of texts. False when the record would become too long: it then says
   so, and that was it. */
static bool begin(struct parley_recording *r, size_t text_bytes)
{
    char digits[DIGITS];
    uint64_t most = (uint64_t)text_bytes * ESCAPED_MAX + LINE_BYTES;

    if (r->bytes + most + FULL_BYTES > r->to.bytes) {
        decimal(digits, r->to.bytes);
        words(r, "{\"full\":");
        words(r, digits);
        words(r, "}\n");
        flush(r);
        r->on = false;
        return false;
    }
    words(r, "{");
    return true;
}

static void end(struct parley_recording *r)
{
    words(r, "}\n");
    flush(r);
}

static void name(struct parley_recording *r, const char *member, const char *more)
{
    if (r->buffer[r->used - 1] != '{')
        words(r, ",");
    words(r, "\"");
    words(r, member);
    words(r, more);
    words(r, "\":");
}

static void number(struct parley_recording *r, const char *member, int64_t value)
{
    char digits[DIGITS];

    decimal(digits, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    name(r, member, "");
    words(r, value < 0 ? "-" : "");
    words(r, digits);
}

static void number_if(struct parley_recording *r, const char *member, uint64_t value)
{
    if (value != 0)
        number(r, member, (int64_t)value);
}

static void flag(struct parley_recording *r, const char *member, bool value)
{
    if (!value)
        return;
    name(r, member, "");
    words(r, "true");
}

static void word(struct parley_recording *r, const char *member, const char *value)
{
    name(r, member, "");
    words(r, "\"");
    words(r, value);
    words(r, "\"");
}

static void text(struct parley_recording *r, const char *member, struct parley_view value)
{
    bool valid = parley_utf8_valid(value);

    if (value.at == NULL)
        return;
    name(r, member, valid ? "" : "_hex");
    words(r, "\"");
    parley_scrub(&r->scrub, value, valid ? put_text : put_hex, r);
    words(r, "\"");
}

static void sum(struct parley_recording *r, uint64_t value)
{
    char digits[20];

    snprintf(digits, sizeof digits, "%08lx%08lx", (unsigned long)(value >> 32),
             (unsigned long)(value & UINT32_MAX));
    word(r, "sum", digits);
}

static void base64(struct parley_recording *r, const char *member, struct parley_view bytes)
{
    enum { STEP = 768 };
    char encoded[STEP / 3 * 4];

    name(r, member, "");
    words(r, "\"");
    while (bytes.len > 0) {
        size_t count = bytes.len < STEP ? bytes.len : STEP;

        parley_base64_encode(encoded, bytes.at, count);
        raw(r, encoded, parley_base64_length(count));
        bytes = parley_view_skip(bytes, count);
    }
    words(r, "\"");
}

/* ---- the beginning ----------------------------------------------------------------------------- */

void parley_record_carve(struct parley_recording *r, struct parley_arena *arena,
                         const struct parley_options *o)
{
    r->to = o->recorder;
    r->to.bytes = r->to.bytes != 0 ? r->to.bytes : BYTES_DEFAULT;
    r->buffer = parley_arena_take_raw(arena, BUFFER_BYTES, 1);
    parley_scrub_open(&r->scrub, arena, o);
    r->scrub.silence = o->recorder.without_audio;
}

/* Without what may be secret in an address. */
static void address(struct parley_recording *r, const char *member, struct parley_view url)
{
    size_t end = 0, from = 0;

    while (end < url.len && url.at[end] != '?' && url.at[end] != '#')
        end++;
    for (size_t i = 0; i < end; i++)
        if (url.at[i] == '@')
            from = i + 1;
    if (url.at != NULL)
        text(r, member, parley_view_of(url.at + from, end - from));
}

static void lengths(struct parley_recording *r, const char *member, const struct parley_header *pairs,
                    size_t count)
{
    if (count == 0)
        return;
    name(r, member, "");
    words(r, "{");
    for (size_t i = 0; i < count; i++) {
        char digits[DIGITS];

        words(r, i > 0 ? ",\"" : "\"");
        parley_scrub(&r->scrub, pairs[i].name, parley_utf8_valid(pairs[i].name) ? put_text : put_hex, r);
        decimal(digits, pairs[i].value.len);
        words(r, "\":");
        words(r, digits);
    }
    words(r, "}");
}

static void limits(struct parley_recording *r, const struct parley_limits *l)
{
    name(r, "limits", "");
    words(r, "{");
#define NUMBER(type, member) number_if(r, #member, l->member);
    PARLEY_RECORD_LIMITS(NUMBER)
#undef NUMBER
    words(r, "}");
}

static void reconnect(struct parley_recording *r, const struct parley_reconnect *c)
{
    if (!c->on)
        return;
    name(r, "reconnect", "");
    words(r, "{");
#define NUMBER(type, member) number_if(r, #member, c->member);
    PARLEY_RECORD_RECONNECT(NUMBER)
#undef NUMBER
    words(r, "}");
}

static void options(struct parley_recording *r, const struct parley_options *o)
{
    name(r, "options", "");
    words(r, "{");
    address(r, "url", o->url);
    flag(r, "api_key", o->api_key.len > 0);
    flag(r, "proxy", o->proxy.len > 0);
    lengths(r, "query", o->query, o->query_count);
    lengths(r, "headers", o->headers, o->header_count);
    word(r, "protocol", o->protocol == PARLEY_PROTOCOL_V1 ? "v1" : "v2");
    word(r, "mode", o->mode == PARLEY_TRANSCRIPTION ? "transcription" : "conversational");
    word(r, "modality", o->modality == PARLEY_MODALITY_TEXT ? "text" : "audio");
#define TEXT(member) text(r, #member, o->member);
    PARLEY_RECORD_TEXTS(TEXT)
#undef TEXT
    flag(r, "close_on_error", o->close_on_error);
    address(r, "call_url", o->call_url);
    flag(r, "keep_session", o->keep_session);
    limits(r, &o->limits);
    reconnect(r, &o->reconnect);
    words(r, "}");
}

static size_t options_bytes(const struct parley_options *o)
{
    size_t bytes = o->url.len + o->call_url.len;

#define TEXT(member) bytes += o->member.len;
    PARLEY_RECORD_TEXTS(TEXT)
#undef TEXT
    for (size_t i = 0; i < o->query_count; i++)
        bytes += o->query[i].name.len + sizeof "\"\":18446744073709551615,";
    for (size_t i = 0; i < o->header_count; i++)
        bytes += o->headers[i].name.len + sizeof "\"\":18446744073709551615,";
    return bytes;
}

void parley_record_start(struct parley_recording *r, const struct parley_options *o, uint64_t now_us)
{
    r->start_us = now_us;
    if (!begin(r, options_bytes(o)))
        return;
    number(r, "record", PARLEY_RECORD_VERSION);
    word(r, "parley", PARLEY_VERSION);
    word(r, "transport", parley_transport_name);
    number(r, "us", (int64_t)now_us);
    number(r, "unix_s", parley_clock_unix_s());
    word(r, "audio", r->to.without_audio ? "off" : "on");
    options(r, o);
    end(r);
}

/* ---- calls of the host ------------------------------------------------------------------------- */

void parley_record_call(struct parley_recording *r, const struct parley_called *c)
{
    uint64_t value = c->number;

    if (!begin(r, c->text.len + c->handoff.len + c->pcm.len))
        return;
    if (strcmp(c->name, "service") == 0)
        value = value > r->start_us ? value - r->start_us : 0;
    word(r, "call", c->name);
    if (c->number_name != NULL)
        number(r, c->number_name, (int64_t)value);
    if (c->reason != NULL)
        word(r, "reason", c->reason);
    text(r, "handoff", c->handoff);
    text(r, "text", c->text);
    if (c->pcm.at != NULL && !r->to.without_audio)
        base64(r, "pcm", c->pcm);
    end(r);
}

void parley_record_gave(struct parley_recording *r, long result, struct parley_view pcm)
{
    if (!begin(r, 0))
        return;
    number(r, "gave", result);
    if (pcm.len > 0 && !r->to.without_audio)
        sum(r, sum_of(SUM_START, pcm.at, pcm.len));
    end(r);
}

/* A text of an event goes into its sum whole, and into the line as far as it helps a reader. */
struct event_line {
    struct parley_recording *r;
    uint64_t sum;
};

static void event_text(struct event_line *line, const char *member, struct parley_view value)
{
    line->sum = sum_clean(line->r, sum_of(line->sum, member, 1), value);
    text(line->r, member, parley_scrub_cut(&line->r->scrub, value, SHOWN_BYTES));
}

static void event_number(struct event_line *line, const char *member, uint64_t value)
{
    char digits[DIGITS];
    size_t len = decimal(digits, value);

    digits[len++] = ','; /* in the place of the end */
    line->sum = sum_of(line->sum, digits, len);
    number_if(line->r, member, value);
}

static void event_texts(struct event_line *line, const struct parley_event *e)
{
    event_text(line, "session_id", e->session_id);
    event_text(line, "item_id", e->item_id);
    event_text(line, "response_id", e->response_id);
    event_text(line, "handoff_id", e->handoff_id);
    event_text(line, "call_id", e->call_id);
    event_text(line, "status", e->status_text);
    event_text(line, "code", e->code);
    event_text(line, "event_id", e->event_id);
    event_text(line, "text", e->text);
    event_text(line, "delegation", e->delegation);
    event_text(line, "json", e->json);
}

static void event_numbers(struct event_line *line, const struct parley_event *e)
{
    event_number(line, "samples", e->samples);
    event_number(line, "pcm_bytes", e->pcm_bytes);
    event_number(line, "sample_rate", e->sample_rate);
    event_number(line, "channels", e->channels);
    event_number(line, "samples_per_channel", e->samples_per_channel);
    event_number(line, "has_samples", e->has_samples);
    event_number(line, "late", e->late);
    event_number(line, "steering", e->steering);
    event_number(line, "fatal", e->fatal);
    event_number(line, "heard_ms", e->heard_ms);
    event_number(line, "attempt", e->attempt);
    event_number(line, "wait_ms", e->wait_ms);
    event_number(line, "gap_ms", e->gap_ms);
    event_number(line, "state_restored", e->state_restored);
    event_number(line, "dropped", e->dropped);
    event_number(line, "lines", e->lines);
    event_number(line, "problem", (uint64_t)-e->status);
}

void parley_record_event(struct parley_recording *r, const struct parley_event *e)
{
    struct event_line line = {.r = r, .sum = SUM_START};

    if (!begin(r, EVENT_TEXTS * (SHOWN_BYTES + r->scrub.longest)))
        return;
    word(r, "event", parley_event_name(e->kind));
    if (e->kind == PARLEY_EVENT_INTERRUPTED)
        word(r, "reason", parley_reason_name(e->reason));
    if (e->kind == PARLEY_EVENT_CLOSED)
        word(r, "reason", parley_closed_name(e->closed));
    event_texts(&line, e);
    event_numbers(&line, e);
    if (e->pcm != NULL && !r->to.without_audio)
        line.sum = sum_of(line.sum, (const char *)e->pcm, e->pcm_bytes);
    sum(r, line.sum);
    end(r);
}

/* ---- the link ---------------------------------------------------------------------------------- */

void parley_record_number(struct parley_recording *r, const char *member, int64_t value)
{
    if (!begin(r, 0))
        return;
    number(r, member, value);
    end(r);
}

void parley_record_draw(struct parley_recording *r, const char *what, int64_t *value)
{
    int64_t earlier;

    if (r->to.draw != NULL && r->to.draw(r->to.state, what, &earlier))
        *value = earlier;
    if (!begin(r, 0))
        return;
    word(r, "draw", what);
    number(r, "is", *value);
    end(r);
}

void parley_record_opened(struct parley_recording *r, int status, const char *why)
{
    r->stage = NULL;
    r->up = 0;
    r->parts = r->sent = 0;
    if (!begin(r, strlen(why)))
        return;
    number(r, "opened", status);
    if (status < 0)
        text(r, "reason", parley_view(why));
    end(r);
}

/* How a link ended, as far as it matters for what comes next. */
static void ended(struct parley_recording *r, const struct parley_transport *t)
{
    const struct parley_facts *facts = parley_transport_facts(t);

    text(r, "reason", parley_transport_reason(t));
    number_if(r, "code", parley_transport_close_code(t));
    number_if(r, "http", (uint64_t)(facts->http_status != 0 ? facts->http_status : facts->proxy_status));
}

void parley_record_work(struct parley_recording *r, const struct parley_transport *t, int up)
{
    const char *stage = parley_transport_stage(t);

    if ((stage == r->stage && up == r->up) || !begin(r, PARLEY_TRANSPORT_REASON))
        return;
    r->stage = stage;
    r->up = up;
    word(r, "link", stage);
    number(r, "up", up);
    if (up < 0)
        ended(r, t);
    end(r);
}

void parley_record_lost(struct parley_recording *r, const struct parley_transport *t, int status)
{
    if (!begin(r, PARLEY_TRANSPORT_REASON))
        return;
    number(r, "recv", status);
    ended(r, t);
    end(r);
}

void parley_record_fragment(struct parley_recording *r, const struct parley_fragment *fragment,
                            const struct parley_inbox *inbox, struct parley_view call_id)
{
    if (!fragment->last) {
        parley_record_number(r, "part", (int64_t)fragment->bytes.len);
    } else if (inbox->state != PARLEY_INBOX_MESSAGE) {
        parley_record_number(r, inbox->binary ? "binary" : "too_long", (int64_t)inbox->total);
    } else if (begin(r, inbox->len + call_id.len)) {
        if (call_id.len > 0)
            text(r, "call_id", call_id);
        text(r, "in", parley_view_of(inbox->at, inbox->len));
        end(r);
    }
}

void parley_record_sent(struct parley_recording *r, struct parley_view rest, size_t taken, bool audio)
{
    struct parley_view whole;

    if (taken < rest.len) {
        r->sent += taken;
        parley_record_number(r, "took", (int64_t)taken);
        return;
    }
    whole = parley_view_of(rest.at - r->sent, r->sent + rest.len);
    r->sent = 0;
    if (!begin(r, audio ? 0 : whole.len))
        return;
    if (audio) {
        number(r, "append", (int64_t)whole.len);
        if (!r->to.without_audio)
            sum(r, sum_clean(r, SUM_START, whole));
    } else {
        text(r, "out", whole);
    }
    end(r);
}
