/*
 * Paths through the library that cost processor time alone, for test/bench/run.sh, which counts their
 * instructions. Each is a row: prepared outside, then run inside of parley_bench_measured, the only function
 * that is counted. The unit throughout is 100 ms of audio, 4,800 bytes of PCM: what one message carries.
 */
#include "core/parley.h"
#include "parser/base64.h"
#include "parser/event.h"
#include "parser/json.h"
#include "platform/fake/fake.h"
#include "templates/render.h"
#include "templates/templates.h"
#include "transport/loopback/loopback.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { PCM_BYTES = 4800, TEXT_BYTES = 6400, MESSAGE_BYTES = 8192, ROUNDS = 200 };

static int16_t pcm[PCM_BYTES / 2];
static char base64[TEXT_BYTES + 1];
static char audio_event[MESSAGE_BYTES]; /* an audio delta as the service sends it */
static size_t audio_event_bytes;
static char work[MESSAGE_BYTES]; /* what is read in place, or written */

/* Noise, so that nothing can profit from silence. */
static void prepare(void)
{
    uint32_t state = 1;

    for (size_t i = 0; i < PCM_BYTES / 2; i++) {
        state = state * 1664525u + 1013904223u;
        pcm[i] = (int16_t)((int32_t)(state >> 16) - 32768);
    }
    parley_base64_encode(base64, pcm, PCM_BYTES);
    int length = snprintf(audio_event, sizeof(audio_event),
                          "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1234567890\","
                          "\"response_id\":\"resp_1234567890\",\"item_id\":\"item_1234567890\","
                          "\"output_index\":0,\"content_index\":0,\"delta\":\"%s\"}",
                          base64);
    audio_event_bytes = (size_t)length;
}

/* ---- the paths: each returns false when it did not do what is measured ------------------------- */

static bool read_event(void)
{
    struct parley_wire_event event;

    return parley_events_v2(&event, work, audio_event_bytes, NULL, NULL) == 0 &&
           event.kind == PARLEY_WIRE_AUDIO && event.pcm_bytes == PCM_BYTES;
}

static bool read_json(void)
{
    struct parley_json json;
    enum parley_json_token token;
    unsigned tokens = 0;

    parley_json_start(&json, work, audio_event_bytes);
    while ((token = parley_json_next(&json)) > 0)
        tokens++;
    return token == PARLEY_JSON_END && tokens == 16;
}

static bool read_jansson(void)
{
    json_error_t error;
    json_t *root = json_loadb(work, audio_event_bytes, 0, &error);
    bool fine = root != NULL && json_string_length(json_object_get(root, "delta")) == TEXT_BYTES;

    json_decref(root);
    return fine;
}

static bool decode_base64(void)
{
    return parley_base64_decode(work, parley_view_of(base64, TEXT_BYTES), NULL) == PCM_BYTES;
}

static bool render_append(void)
{
    struct parley_render render = parley_render(work, sizeof(work));
    const struct parley_slot slots[] = {{.name = "audio", .text = {(const char *)pcm, PCM_BYTES}},
                                        {.name = NULL}};

    return parley_render_template(&render, &parley_template_wire_v2_audio_append, slots) > TEXT_BYTES;
}

static bool append_jansson(void)
{
    json_t *root = json_pack("{s:s, s:s}", "type", "input_audio_buffer.append", "audio", base64);
    size_t written = json_dumpb(root, work, sizeof(work), JSON_COMPACT);

    json_decref(root);
    return written > TEXT_BYTES;
}

/* ---- a conversation ---------------------------------------------------------------------------- */

static struct parley_conversation *conversation;
static bool audio_due; /* the peer says an audio event, once */

static void opened(void *state, uint64_t now_us)
{
    (void)state, (void)now_us;
}

static void received(void *state, struct parley_view message, uint64_t now_us)
{
    (void)state, (void)message, (void)now_us;
}

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    (void)state, (void)now_us;
    *due_us = PARLEY_NEVER;
    if (!audio_due)
        return 0;
    audio_due = false;
    *message = (struct parley_fragment){.bytes = {audio_event, audio_event_bytes}, .last = true};
    return 1;
}

static struct parley_loopback_peer peer = {.opened = opened, .received = received, .say = say};

static void open_conversation(void)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_event event;
    struct parley_error error;
    bool started = false;

    options.peer = &peer;
    options.api_key = parley_view("none");
    size_t bytes = parley_memory_needed(&options);
    if (parley_open(&conversation, malloc(bytes), bytes, &options, parley_clock_us(), &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    while (!started && parley_run_once(conversation, 1000) == PARLEY_OK)
        while (parley_next_event(conversation, &event) > 0)
            started |= event.kind == PARLEY_EVENT_STARTED;
}

/* 100 ms pass: a microphone's chunk goes out, a reply's chunk comes in and is played. */
static bool converse(void)
{
    struct parley_event event;
    bool heard = false;

    audio_due = true;
    parley_send_audio(conversation, pcm, PCM_BYTES / 2);
    parley_service(conversation, parley_clock_us());
    while (parley_next_event(conversation, &event) > 0)
        heard |= event.kind == PARLEY_EVENT_AUDIO && event.samples == PCM_BYTES / 2;
    return parley_read_audio(conversation, (int16_t *)work, PCM_BYTES / 2) == PCM_BYTES / 2 && heard;
}

/* ---- the rows ---------------------------------------------------------------------------------- */

struct path {
    const char *name, *title;
    bool (*run)(void);
};

static const struct path paths[] = {
    {"read_event", "an audio event read: JSON, base64, event", read_event},
    {"read_json", "its JSON alone", read_json},
    {"read_jansson", "its JSON alone, jansson", read_jansson},
    {"decode_base64", "its base64 alone", decode_base64},
    {"render_append", "an append message written: JSON, base64", render_append},
    {"append_jansson", "its JSON alone, jansson (base64 made before)", append_jansson},
    {"converse", "a conversation, both ways: sent, received, played", converse},
};

/* Not inlined, and known by this name to callgrind. */
bool parley_bench_measured(bool (*run)(void));
__attribute__((noinline)) bool parley_bench_measured(bool (*run)(void))
{
    return run();
}

static int run(const struct path *path)
{
    prepare();
    if (path->run == converse)
        open_conversation();
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(work, audio_event, audio_event_bytes);
        parley_fake_clock_advance_us(100000);
        if (!parley_bench_measured(path->run)) {
            fprintf(stderr, "%s went wrong in round %d\n", path->name, round);
            return 1;
        }
    }
    return 0;
}

/* Without an argument: the names, rounds and titles, one path a line. With a name: runs that path. */
int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (argc < 2)
            printf("%s %d %s\n", paths[i].name, ROUNDS, paths[i].title);
        else if (strcmp(argv[1], paths[i].name) == 0)
            return run(&paths[i]);
    }
    return argc < 2 ? 0 : 2;
}
