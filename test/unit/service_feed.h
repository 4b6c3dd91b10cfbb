#ifndef PARLEY_TEST_SERVICE_FEED_H
#define PARLEY_TEST_SERVICE_FEED_H

/*
 * The built-in service for tests, driven by its three calls and without a transport, as a server drives it:
 * what it says is kept with the moment it was said at. Texts may be written with ' for ".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "parser/base64.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/service.h"
#include "transport/loopback/voice.h"

enum { FEED_MESSAGES = 4096, FEED_START_US = 5000000, FEED_MS = PARLEY_VOICE_RATE / 1000 };

struct feed {
    struct parley_loopback_peer *peer;
    void *block;
    uint64_t now_us, due_us;
    int status; /* of the latest say, once it is an end */
    struct {
        char *text;
        uint64_t at_us;
    } messages[FEED_MESSAGES];
    size_t count, looked;
};

/* Takes all there is now. */
static inline void feed_turn(struct feed *f)
{
    struct parley_fragment said;
    int status = 0;

    while (f->status == 0 && (status = f->peer->say(f->peer->state, f->now_us, &said, &f->due_us)) > 0) {
        if (f->count == FEED_MESSAGES)
            fail_msg("too many messages for the test");
        assert_true(said.last);
        f->messages[f->count].text = calloc(said.bytes.len + 1, 1);
        memcpy(f->messages[f->count].text, said.bytes.at, said.bytes.len);
        f->messages[f->count++].at_us = f->now_us;
    }
    f->status = status < 0 ? status : f->status;
}

static inline void feed_open(struct feed *f, const char *talk_text,
                             const struct parley_service_settings *settings)
{
    struct parley_talk talk = {.text = parley_view(talk_text)};
    struct parley_talk_settings asked;
    char why[PARLEY_TALK_WHY];
    struct parley_arena arena = parley_arena(NULL, 0);

    memset(f, 0, sizeof(*f));
    f->now_us = FEED_START_US;
    assert_int_equal(parley_talk_check(&talk, &asked, why), 0);
    assert_null(parley_loopback_service_open(&arena, &talk, &asked, settings));
    f->block = malloc(arena.used);
    arena = parley_arena(f->block, arena.used);
    f->peer = parley_loopback_service_open(&arena, &talk, &asked, settings);
    assert_non_null(f->peer);
    f->peer->opened(f->peer->state, f->now_us);
    feed_turn(f);
}

/* Lets time pass, from one due moment to the next. */
static inline void feed_pass(struct feed *f, uint64_t ms)
{
    uint64_t end_us = f->now_us + ms * 1000;

    for (feed_turn(f); f->status == 0 && f->due_us <= end_us; feed_turn(f)) {
        assert_true(f->due_us > f->now_us);
        f->now_us = f->due_us;
    }
    f->now_us = end_us;
    feed_turn(f);
}

/* Sends a message; @N@ stands for N letters. */
static inline void feed_send(struct feed *f, const char *pattern)
{
    size_t bytes = strlen(pattern) + 1, used = 0;
    const char *mark = strchr(pattern, '@');
    char *text;

    bytes += mark != NULL ? strtoul(mark + 1, NULL, 10) : 0;
    text = malloc(bytes);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '@') {
            char *end;
            size_t count = strtoul(at + 1, &end, 10);

            memset(text + used, 'A', count);
            used += count;
            at = end;
        } else {
            text[used++] = *at == '\'' ? '"' : *at;
        }
    }
    f->peer->received(f->peer->state, parley_view_of(text, used), f->now_us);
    free(text);
    feed_turn(f);
}

/* Appends sound, 20 ms at a time, each in its time: the voice saying `text` over and over, or silence, at
   `percent` of its loudness. */
static inline void feed_sound(struct feed *f, const char *text, unsigned ms, unsigned percent)
{
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    struct parley_voice voice;

    parley_voice_start(&voice, parley_view(text), parley_view("user"));
    for (unsigned at = 0; at < ms; at += 20) {
        int16_t pcm[20 * FEED_MS] = {0};
        char message[2700];
        size_t used = sizeof(head) - 1;

        if (text != NULL && parley_voice_read(&voice, pcm, 20 * FEED_MS) < 20 * FEED_MS)
            parley_voice_start(&voice, parley_view(text), parley_view("user"));
        for (size_t i = 0; i < 20 * FEED_MS; i++)
            pcm[i] = (int16_t)(pcm[i] * (int)percent / 100);
        memcpy(message, head, used);
        parley_base64_encode(message + used, pcm, sizeof(pcm));
        used += parley_base64_length(sizeof(pcm));
        memcpy(message + used, "\"}", 3);
        f->peer->received(f->peer->state, parley_view(message), f->now_us);
        feed_pass(f, 20);
    }
}

/* The next message of this type not looked at yet, passing over others; absent for none. */
static inline struct parley_view feed_next(struct feed *f, const char *type)
{
    while (f->looked < f->count) {
        struct parley_view message = parley_view(f->messages[f->looked++].text);

        if (parley_peek_is(message, "type", type))
            return message;
    }
    return parley_view(NULL);
}

static inline struct parley_view feed_wanted(struct feed *f, const char *type)
{
    size_t from = f->looked;
    struct parley_view message = feed_next(f, type);

    for (size_t i = from; message.at == NULL && i < f->count; i++)
        print_message("  %.160s\n", f->messages[i].text);
    if (message.at == NULL)
        fail_msg("no %s among %zu messages", type, f->count - from);
    return message;
}

static inline void feed_none(struct feed *f, const char *type)
{
    struct parley_view message = feed_next(f, type);

    if (message.at != NULL)
        fail_msg("%.200s", message.at);
}

/* The moment the message looked at last was said, in milliseconds since the connection came up. */
static inline uint64_t feed_at_ms(const struct feed *f)
{
    return (f->messages[f->looked - 1].at_us - FEED_START_US) / 1000;
}

static inline void feed_ignore(struct feed *f)
{
    f->looked = f->count;
}

/* Checks one member; the value is JSON with ' for ". */
static inline void feed_member(struct parley_view message, const char *path, const char *value)
{
    struct parley_view found;
    char wanted[512], shown[512];

    if (!parley_peek(message, parley_view(path), &found))
        fail_msg("%s is missing in %.300s", path, message.at);
    snprintf(wanted, sizeof(wanted), "%s", value);
    for (char *at = wanted; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    snprintf(shown, sizeof(shown), "%.*s", (int)found.len, found.at);
    assert_string_equal(shown, wanted);
}

static inline bool feed_has(struct parley_view message, const char *path)
{
    struct parley_view found;

    return parley_peek(message, parley_view(path), &found);
}

static inline uint64_t feed_number(struct parley_view message, const char *path)
{
    uint64_t number = 0;

    if (!parley_peek_number(message, path, &number))
        fail_msg("%s is no number in %.300s", path, message.at);
    return number;
}

/* Adds what was said to the file that EVENTS names, a line each, for test/peer/service_types.sh. */
static inline void feed_record(const struct feed *f)
{
    const char *path = getenv("EVENTS");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;

    for (size_t i = 0; i < f->count && file != NULL; i++)
        fprintf(file, "%s\n", f->messages[i].text);
    if (file != NULL)
        fclose(file);
}

static inline void feed_close(struct feed *f)
{
    feed_record(f);
    for (size_t i = 0; i < f->count; i++)
        free(f->messages[i].text);
    free(f->block);
}

#endif
