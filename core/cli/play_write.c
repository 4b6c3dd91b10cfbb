/*
 * From a record to a talk: see play_write.h.
 */
#include "core/cli/play_write.h"

#include "platform/file.h"
#include "templates/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- writing ----------------------------------------------------------------------------------- */

static void put(struct parley_play_write *w, struct parley_view text)
{
    while (text.len > 0 && !w->failed) {
        int took = parley_file_write(w->fd, text.at, text.len);

        w->failed = took <= 0;
        text = parley_view_skip(text, took > 0 ? (size_t)took : 0);
    }
}

/* More of the present line, which is short. */
static void add(struct parley_play_write *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct parley_play_write *w, const char *format, ...)
{
    va_list values;
    int len;

    va_start(values, format);
    len = vsnprintf(w->line + w->used, sizeof w->line - w->used, format, values);
    va_end(values);
    if (len < 0 || (size_t)len >= sizeof w->line - w->used)
        w->failed = true;
    else
        w->used += (size_t)len;
}

static void end(struct parley_play_write *w)
{
    if (w->used > 0)
        put(w, parley_view_of(w->line, w->used));
    if (w->used > 0)
        put(w, parley_view("\n"));
    w->used = 0;
    w->waits = false;
}

/* The moment, counted from when the link was up; before that a line comes at once. */
static void begin(struct parley_play_write *w)
{
    end(w);
    if (w->up)
        add(w, "%lluus ", (unsigned long long)(w->now_us - w->up_us));
}

/* A text of any length, in quotes: first what stands before it. */
static void quote(struct parley_play_write *w, struct parley_view text)
{
    size_t bytes = text.len * 6 + 2;
    char *at = malloc(bytes);
    struct parley_render r = parley_render(at, bytes);

    put(w, parley_view_of(w->line, w->used));
    w->used = 0;
    if (at == NULL) {
        w->failed = true;
        return;
    }
    parley_render_raw(&r, parley_view("\""));
    parley_render_json(&r, text);
    parley_render_raw(&r, parley_view("\""));
    put(w, parley_rendered(&r));
    free(at);
    add(w, "%s", " ");
}

static void quote_member(struct parley_play_write *w, const struct parley_cli_flight_line *line,
                         const char *member)
{
    struct parley_view text = parley_cli_flight_text(line, member);

    quote(w, text);
    free((char *)(uintptr_t)text.at);
}

/* PATH="TEXT", where there is such a member. */
static void field(struct parley_play_write *w, const struct parley_cli_flight_line *line, const char *member,
                  const char *path)
{
    struct parley_view raw = parley_cli_flight_raw(line, member);

    if (raw.at != NULL && raw.len < 1024)
        add(w, "%s=%.*s ", path, (int)raw.len, raw.at);
}

/* ---- settings ---------------------------------------------------------------------------------- */

static void option(struct parley_play_write *w, const struct parley_cli_flight_line *from, const char *member,
                   const char *name)
{
    struct parley_view raw = parley_cli_flight_raw(from, member);

    if (raw.at == NULL)
        return;
    end(w);
    if (raw.at[0] == '"') {
        add(w, "option %s ", name);
        quote_member(w, from, member);
    } else {
        add(w, "option %s %.*s", name, (int)(raw.len & 63), raw.at);
    }
    end(w);
}

static void write_settings(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    static const char *const words[] = {"protocol", "mode", "modality"};
    static const char *const texts[] = {"model",           "voice",      "prompt",
                                        "startup_context", "session_id", "user_first_name"};
    static const char *const limits[] = {"inbox_bytes",     "outbox_bytes",     "input_audio_ms",
                                         "output_audio_ms", "transcript_bytes", "reply_items"};
    struct parley_cli_flight_line o, l;

    if (!parley_cli_flight_take_apart(&o, parley_cli_flight_raw(line, "options")))
        return;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct parley_view raw = parley_cli_flight_raw(&o, words[i]);

        if (raw.len > 2)
            add(w, "option %s %.*s", words[i], (int)(raw.len - 2), raw.at + 1);
        end(w);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        option(w, &o, texts[i], texts[i]);
    option(w, &o, "prompt_override", "prompt");
    if (parley_cli_flight_raw(&o, "close_on_error").at != NULL)
        add(w, "option close_on_error");
    end(w);
    w->reconnects = parley_cli_flight_raw(&o, "reconnect").at != NULL;
    if (parley_cli_flight_take_apart(&l, parley_cli_flight_raw(&o, "limits")))
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
            option(w, &l, limits[i], limits[i]);
    add(w, "option patience 60s");
    end(w);
}

/* ---- what the service says --------------------------------------------------------------------- */

/* Sound of whole milliseconds is made anew, which keeps a talk short. Returns false for anything else. */
static bool write_sound(struct parley_play_write *w, const struct parley_cli_flight_line *message)
{
    struct parley_view type = parley_cli_flight_raw(message, "type");
    struct parley_view delta = parley_cli_flight_raw(message, "delta");
    size_t padding = 0, bytes;
    bool is_audio = parley_view_is(type, "\"response.output_audio.delta\"") ||
                    parley_view_is(type, "\"response.audio.delta\"");

    if (!is_audio || delta.len < 6 || parley_cli_flight_raw(message, "sample_rate").at != NULL ||
        parley_cli_flight_amount(message, "content_index") != 0)
        return false;
    while (padding < 2 && delta.at[delta.len - 2 - padding] == '=')
        padding++;
    bytes = (delta.len - 2) / 4 * 3 - padding;
    if ((delta.len - 2) % 4 != 0 || bytes % 48 != 0 || bytes / 48 > 1000)
        return false;
    begin(w);
    add(w, "server audio ");
    field(w, message, "item_id", "item");
    field(w, message, "response_id", "response");
    field(w, message, "type", "type");
    add(w, "ms=%zu", bytes / 48);
    end(w);
    return true;
}

static void write_in(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    struct parley_view text = parley_cli_flight_text(line, "in");
    struct parley_cli_flight_line message;

    if (!parley_cli_flight_take_apart(&message, text) || !write_sound(w, &message)) {
        begin(w);
        add(w, "server raw ");
        quote(w, text);
        end(w);
    }
    free((char *)(uintptr_t)text.at);
}

static void write_link_end(struct parley_play_write *w, const struct parley_cli_flight_line *line,
                           int64_t status)
{
    if (w->closing)
        return;
    begin(w);
    if (status == PARLEY_ERR_PEER_CLOSED)
        add(w, "server close %lld", (long long)parley_cli_flight_amount(line, "code"));
    else
        add(w, "server break");
    end(w);
    if (!w->reconnects)
        return;
    /* Another link followed; here this is the end. */
    if (status != PARLEY_ERR_PEER_CLOSED)
        put(w, parley_view("expect event error fatal=true\n"));
    put(w, parley_view("expect event closed\n"));
    w->over = true;
}

static void write_link(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    int64_t up = parley_cli_flight_amount(line, "up");

    if (up == 1 && !w->up) {
        w->up = true;
        w->up_us = w->now_us;
    }
}

/* ---- what comes of it ---------------------------------------------------------------------------- */

static void write_out(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    struct parley_view text = parley_cli_flight_text(line, "out"), type;
    struct parley_cli_flight_line message;

    if (parley_cli_flight_take_apart(&message, text)) {
        type = parley_cli_flight_raw(&message, "type");
        if (!parley_view_is(type, "\"session.update\"") && type.len > 2) {
            end(w);
            add(w, "expect sent %.*s ", (int)(type.len - 2), type.at + 1);
            field(w, &message, "item_id", "item_id");
            field(w, &message, "audio_end_ms", "audio_end_ms");
            end(w);
        }
    }
    free((char *)(uintptr_t)text.at);
}

/* Events that a talk may not pass over. */
static void write_event(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    static const char *const kinds[] = {"error",       "skipped", "closed", "shed",
                                        "interrupted", "handoff", "silence"};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!parley_cli_flight_is(line, "event", kinds[i]))
            continue;
        end(w);
        add(w, "expect event %s ", kinds[i]);
        field(w, line, "item_id", "item_id");
        field(w, line, "handoff_id", "handoff_id");
        if (i == 2)
            field(w, line, "reason", "reason");
        if (i == 4)
            add(w, "heard_ms=%lld", (long long)parley_cli_flight_amount(line, "heard_ms"));
        end(w);
    }
}

static void write_call(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    static const struct {
        const char *call, *words;
        bool text, handoff, may_fail;
    } calls[] = {
        {"text", "host text ", true, false, true},
        {"mirror", "host text ", true, false, true},
        {"progress", "host progress ", true, true, true},
        {"done", "host done ", false, true, true},
        {"ask", "host ask ", false, false, true},
        {"interrupt", "host interrupt ", false, false, true},
        {"stop", "host stop ", false, false, false},
    };

    struct parley_view raw = parley_cli_flight_raw(line, "handoff");

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!parley_cli_flight_is(line, "call", calls[i].call))
            continue;
        begin(w);
        add(w, "%s", calls[i].words);
        if (calls[i].text)
            quote_member(w, line, "text");
        if (calls[i].handoff && raw.len > 2)
            add(w, "handoff=%.*s ", (int)(raw.len - 2), raw.at + 1); /* a word: ids have no blanks */
        w->waits = calls[i].may_fail;
        return;
    }
    if (parley_cli_flight_is(line, "call", "read")) {
        begin(w);
        add(w, "host take %lld", (long long)parley_cli_flight_amount(line, "samples"));
    } else if (parley_cli_flight_is(line, "call", "delay")) {
        begin(w);
        add(w, "host delay %lldus", (long long)parley_cli_flight_amount(line, "us"));
    }
}

/* ---- the whole --------------------------------------------------------------------------------- */

static bool has(const struct parley_cli_flight_line *line, const char *member)
{
    return parley_cli_flight_raw(line, member).at != NULL;
}

static void write_other(struct parley_play_write *w, const struct parley_cli_flight_line *line)
{
    int64_t gave = parley_cli_flight_amount(line, "gave"), up = parley_cli_flight_amount(line, "up");

    if (has(line, "gave") && gave < 0 && w->waits)
        add(w, " gives %s", parley_status_name((int)gave));
    end(w);
    w->closing |= has(line, "close");
    if (has(line, "link"))
        write_link(w, line);
    if (up < 0 && up != PARLEY_ERR_CLOSED)
        write_link_end(w, line, up);
    if (has(line, "recv") && parley_cli_flight_amount(line, "recv") != PARLEY_ERR_CLOSED)
        write_link_end(w, line, parley_cli_flight_amount(line, "recv"));
    if (!w->closing && (has(line, "too_long") || has(line, "binary"))) {
        begin(w);
        add(w, has(line, "binary") ? "server binary \"%lld bytes\"" : "server long %lld",
            (long long)parley_cli_flight_amount(line, has(line, "binary") ? "binary" : "too_long"));
        end(w);
    }
}

void parley_play_write_line(struct parley_play_write *w, const struct parley_cli_flight_line *line,
                            uint64_t now_us)
{
    if (w->over)
        return;
    w->now_us = now_us;
    if (has(line, "record"))
        write_settings(w, line);
    else if (has(line, "call") && (end(w), true))
        write_call(w, line);
    else if ((has(line, "in") || has(line, "in_hex")) && !w->closing)
        write_in(w, line);
    else if (has(line, "out"))
        write_out(w, line);
    else if (has(line, "event"))
        write_event(w, line);
    else
        write_other(w, line);
}

int parley_play_write_open(struct parley_play_write *w, const char *path, const char *record)
{
    memset(w, 0, sizeof *w);
    w->fd = parley_file_open(path, PARLEY_FILE_CREATE);
    if (w->fd < 0)
        return PARLEY_ERR_FILE;
    add(w, "# Made by parley-loopback replay --to-talk of %.300s; what the microphone heard is left out.",
        record);
    end(w);
    return PARLEY_OK;
}

bool parley_play_write_close(struct parley_play_write *w)
{
    end(w);
    parley_file_close(w->fd);
    return !w->failed;
}
