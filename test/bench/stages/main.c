/*
 * The stages of what a conversation costs, for test/bench/stages.sh and test/bench/budgets.sh.
 *
 *   list               the ways of each stage: stage, way, title of the stage, name of the way, by tabs
 *   time [ROUNDS]      stage, way, nanoseconds: the median of ROUNDS rounds, in each of which all ways of a
 *                      stage take their turn over several copies of the input
 *   count STAGE WAY    does it COUNTED times inside of parley_bench_measured, the only function that
 * callgrind is to count
 */
#define _GNU_SOURCE
#include "test/bench/stages/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COUNTED = 16, WAYS = 16, ROUNDS = 301, COPIES_BYTES = 1 << 17, COPIES_MAX = 64, ROUNDS_MAX = 10000 };

char bench_out[BENCH_ROOM];
size_t bench_pcm_bytes;

#define LIBRARY __attribute__((weak)) extern const struct
LIBRARY bench_json bench_yyjson, bench_simdjson, bench_rapidjson, bench_cjson, bench_jansson, bench_jsonc,
    bench_lejp;
LIBRARY bench_base64 bench_openssl, bench_libb64;
__attribute__((weak)) bool bench_simdjson_utf8(char *text, size_t len);

/* ---- inputs ------------------------------------------------------------------------------------ */

static char input[BENCH_ROOM];
static size_t input_bytes;

/* Noise, so that nothing can profit from silence. */
static void noise(char *into, size_t bytes)
{
    uint32_t state = 1;

    for (size_t i = 0; i < bytes; i++) {
        state = state * 1664525u + 1013904223u;
        into[i] = (char)(state >> 24);
    }
}

static void pcm_of(size_t ms)
{
    bench_pcm_bytes = ms * 48;
    noise(input, bench_pcm_bytes);
    input_bytes = bench_pcm_bytes;
}

static void base64_of(size_t ms)
{
    static char pcm[BENCH_ROOM];

    pcm_of(ms);
    memcpy(pcm, input, bench_pcm_bytes);
    input_bytes = bench_table_encode(input, pcm, bench_pcm_bytes);
}

static void audio_of(size_t ms)
{
    static char base64[BENCH_ROOM];

    base64_of(ms);
    memcpy(base64, input, input_bytes);
    input_bytes = (size_t)snprintf(
        input, sizeof input,
        "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_BvQ1YyA1Zl0yq7ZDr3PZk\","
        "\"response_id\":\"resp_BvQ1XNmOQ0sGgT8hJ2cUe\",\"item_id\":\"item_BvQ1XoEHtjBq5bYkRzvPn\","
        "\"output_index\":0,\"content_index\":0,\"delta\":\"%.*s\"}",
        (int)input_bytes, base64);
}

static void transcript_of(size_t nothing)
{
    (void)nothing;
    input_bytes = (size_t)snprintf(
        input, sizeof input,
        "{\"type\":\"response.output_audio_transcript.delta\",\"event_id\":\"event_BvQ1YyA1Zl0yq7ZDr3PZk\","
        "\"response_id\":\"resp_BvQ1XNmOQ0sGgT8hJ2cUe\",\"item_id\":\"item_BvQ1XoEHtjBq5bYkRzvPn\","
        "\"output_index\":0,\"content_index\":0,\"delta\":\" certainly\",\"obfuscation\":\"Xq3fZ\"}");
}

/* As the service sends it, pretty printed as a part of it is, with a long transcript. */
static void done_of(size_t bytes)
{
    size_t at = (size_t)snprintf(
        input, sizeof input,
        "{\n  \"type\": \"response.done\",\n  \"event_id\": \"event_BvQ1YyA1Zl0yq7ZDr3PZk\",\n  "
        "\"response\": {\n"
        "    \"object\": \"realtime.response\",\n    \"id\": \"resp_BvQ1XNmOQ0sGgT8hJ2cUe\",\n"
        "    \"status\": \"completed\",\n    \"status_details\": null,\n    \"conversation_id\": "
        "\"conv_BvQ1X\",\n"
        "    \"output\": [");
    while (at < bytes - 1000)
        at += (size_t)snprintf(
            input + at, sizeof input - at,
            "%s{\"id\": \"item_BvQ1XoEHtjBq5bYkRzvPn\", \"object\": \"realtime.item\", \"type\": "
            "\"message\", "
            "\"status\": \"completed\", \"role\": \"assistant\", \"content\": [{\"type\": \"output_audio\", "
            "\"transcript\": \"It is twenty-one degrees in K\\u00f6ln, \\\"partly cloudy\\\", and the wind "
            "comes from "
            "the west; there will be rain tonight \xe2\x80\x93 take an umbrella with you.\"}]}",
            input[at - 1] == '[' ? "" : ", ");
    at += (size_t)snprintf(
        input + at, sizeof input - at,
        "],\n    \"output_modalities\": [\"audio\"],\n    \"max_output_tokens\": \"inf\",\n    \"usage\": {"
        "\"total_tokens\": 1284, \"input_tokens\": 1020, \"output_tokens\": 264, \"input_token_details\": "
        "{\"text_tokens\": 310, \"audio_tokens\": 710, \"image_tokens\": 0, \"cached_tokens\": 896}, "
        "\"output_token_details\": {\"text_tokens\": 61, \"audio_tokens\": 203}},\n    \"metadata\": null,\n"
        "    \"audio\": {\"output\": {\"format\": {\"type\": \"audio/pcm\", \"rate\": 24000}, \"voice\": "
        "\"marin\"}}\n"
        "  }\n}");
    input_bytes = at;
}

/* German words in any order: every fifth holds a character that is not ASCII. */
static void german_of(size_t bytes)
{
    static const char *const words[] = {"Das ",
                                        "Wetter ",
                                        "wird ",
                                        "sch\xc3\xb6n, ",
                                        "\xc3\xbc"
                                        "ber ",
                                        "zwanzig ",
                                        "Grad, ",
                                        "und ",
                                        "heute ",
                                        "Regenschirm "};
    uint32_t state = 1;

    input_bytes = 0;
    while (input_bytes < bytes) {
        state = state * 1664525u + 1013904223u;
        const char *word = words[(state >> 16) % (sizeof words / sizeof words[0])];
        memcpy(input + input_bytes, word, strlen(word));
        input_bytes += strlen(word);
    }
}

static void frame_of(size_t ms)
{
    audio_of(ms);
    bench_wire_prepare(input, input_bytes);
}

static void deflated_of(size_t ms)
{
    frame_of(ms);
    memcpy(input, bench_deflated, bench_deflated_bytes);
    input_bytes = bench_deflated_bytes;
}

/* ---- stages ------------------------------------------------------------------------------------ */

enum others { NONE, AUDIO, TRANSCRIPT, DONE, DECODE, ENCODE, UTF8 };

static const struct stage {
    const char *name, *title;
    void (*input)(size_t size);
    size_t size;
    const struct bench_way *ours;
    enum others others;
} stages[] = {
    {"audio_20", "audio event to PCM, 20 ms", audio_of, 20, bench_audio, AUDIO},
    {"audio_100", "audio event to PCM, 100 ms", audio_of, 100, bench_audio, AUDIO},
    {"audio_400", "audio event to PCM, 400 ms", audio_of, 400, bench_audio, AUDIO},
    {"transcript", "transcript delta", transcript_of, 0, bench_transcript, TRANSCRIPT},
    {"done", "response.done of 6 KB", done_of, 6144, bench_done, DONE},
    {"decode", "base64 to PCM, 100 ms", base64_of, 100, bench_decode, DECODE},
    {"encode", "PCM to base64, 100 ms", pcm_of, 100, bench_encode, ENCODE},
    {"append", "append message from PCM, 100 ms", pcm_of, 100, bench_append, NONE},
    {"send", "frame out, masked, 100 ms of audio", frame_of, 100, bench_send, NONE},
    {"receive", "frame in, 100 ms of audio", frame_of, 100, bench_receive, NONE},
    {"utf8", "UTF-8 check, an audio event", audio_of, 100, bench_utf8, UTF8},
    {"german", "UTF-8 check, 6 KB of German", german_of, 6144, bench_utf8, UTF8},
    {"inflate", "inflate, 100 ms of audio", deflated_of, 100, bench_inflate, NONE},
};
enum { STAGES = sizeof stages / sizeof stages[0] };

static bool copy_input(char *text, size_t len)
{
    memcpy(bench_out, text, len);
    return true;
}

static size_t add_json(struct bench_way *ways, size_t count, const char *name,
                       const struct bench_json *library, enum others what)
{
    bench_run *run = library == NULL      ? NULL
                     : what == AUDIO      ? library->audio
                     : what == TRANSCRIPT ? library->transcript
                                          : library->done;
    ways[count] = (struct bench_way){.name = library != NULL ? library->name : name, .run = run};
    return count + 1;
}

static size_t add_base64(struct bench_way *ways, size_t count, const char *name,
                         const struct bench_base64 *library, enum others what)
{
    bench_run *run = library == NULL ? NULL : what == DECODE ? library->decode : library->encode;

    ways[count] = (struct bench_way){.name = library != NULL ? library->name : name, .run = run};
    return count + 1;
}

static size_t add_others(struct bench_way *ways, size_t count, enum others what)
{
    if (what >= AUDIO && what <= DONE) {
        count = add_json(ways, count, "yyjson", &bench_yyjson, what);
        count = add_json(ways, count, "simdjson", &bench_simdjson, what);
        count = add_json(ways, count, "RapidJSON", &bench_rapidjson, what);
        count = add_json(ways, count, "cJSON", &bench_cjson, what);
        count = add_json(ways, count, "jansson", &bench_jansson, what);
        count = add_json(ways, count, "json-c", &bench_jsonc, what);
        count = add_json(ways, count, "lejp", &bench_lejp, what);
    } else if (what == DECODE || what == ENCODE) {
        count = add_base64(ways, count, "OpenSSL EVP", &bench_openssl, what);
        count = add_base64(ways, count, "libb64", &bench_libb64, what);
    } else if (what == UTF8) {
        ways[count++] = (struct bench_way){"simdjson", bench_simdjson_utf8};
    }
    return count;
}

/* The floor, ours, and others. */
static size_t ways_of(const struct stage *stage, struct bench_way ways[WAYS])
{
    size_t count = 0;

    ways[count++] = (struct bench_way){"memcpy of the same bytes", copy_input};
    for (const struct bench_way *way = stage->ours; way->name != NULL; way++) {
        ways[count] = *way;
        if (!bench_is_here(way->run))
            ways[count].run = NULL;
        count++;
    }
    return add_others(ways, count, stage->others);
}

/* ---- copies of the input ----------------------------------------------------------------------- */

static char *copies[COPIES_MAX];
static size_t copy_count;

static void make_copies(const struct stage *stage)
{
    static char memory[COPIES_BYTES + BENCH_ROOM + BENCH_SPARE];
    size_t step;

    stage->input(stage->size);
    step = (input_bytes + 2 * BENCH_SPARE - 1) / BENCH_SPARE * BENCH_SPARE;
    copy_count = COPIES_BYTES / step < COPIES_MAX ? COPIES_BYTES / step : COPIES_MAX;
    memset(memory, 0, sizeof memory);
    for (size_t i = 0; i < copy_count; i++)
        copies[i] = memory + i * step;
}

static void fill_copies(void)
{
    for (size_t i = 0; i < copy_count; i++)
        memcpy(copies[i], input, input_bytes);
}

static void must(bool fine, const struct stage *stage, const struct bench_way *way)
{
    if (!fine) {
        fprintf(stderr, "%s, %s: not what it should be\n", stage->title, way->name);
        exit(1);
    }
}

/* ---- what is asked for ------------------------------------------------------------------------- */

static void list(void)
{
    for (size_t i = 0; i < STAGES; i++) {
        struct bench_way ways[WAYS];
        size_t count = ways_of(&stages[i], ways);

        for (size_t w = 0; w < count; w++)
            printf("%s\t%zu\t%s\t%s%s\n", stages[i].name, w, stages[i].title, ways[w].name,
                   ways[w].run == NULL ? "\tnot here" : "");
    }
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_once(const struct stage *stage, const struct bench_way *way)
{
    bool fine = true;
    double start;

    fill_copies();
    fine = way->run(copies[0], input_bytes); /* code and tables are warm */
    fill_copies();
    start = now_ns();
    for (size_t i = 0; i < copy_count; i++)
        fine = way->run(copies[i], input_bytes) && fine;
    double took = (now_ns() - start) / (double)copy_count;
    must(fine, stage, way);
    return took;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void time_stage(const struct stage *stage, size_t rounds)
{
    static double took[WAYS][ROUNDS_MAX];
    struct bench_way ways[WAYS];
    size_t count = ways_of(stage, ways);

    make_copies(stage);
    for (size_t round = 0; round < rounds; round++)
        for (size_t w = 0; w < count; w++)
            if (ways[w].run != NULL)
                took[w][round] = time_once(stage, &ways[w]);
    for (size_t w = 0; w < count; w++)
        if (ways[w].run != NULL) {
            qsort(took[w], rounds, sizeof took[w][0], by_size);
            printf("%s\t%zu\t%.1f\n", stage->name, w, took[w][rounds / 2]);
        }
}

/* Not inlined, and known by this name to callgrind. */
bool parley_bench_measured(bench_run *run, char *text, size_t len);
__attribute__((noinline)) bool parley_bench_measured(bench_run *run, char *text, size_t len)
{
    return run(text, len);
}

static int count_way(const char *name, size_t which)
{
    for (size_t i = 0; i < STAGES; i++) {
        struct bench_way ways[WAYS];

        if (strcmp(name, stages[i].name) != 0 || which >= ways_of(&stages[i], ways) ||
            ways[which].run == NULL)
            continue;
        make_copies(&stages[i]);
        fill_copies();
        must(ways[which].run(copies[0], input_bytes), &stages[i], &ways[which]); /* what is done once */
        for (int round = 0; round < COUNTED; round++) {
            memcpy(copies[0], input, input_bytes);
            must(parley_bench_measured(ways[which].run, copies[0], input_bytes), &stages[i], &ways[which]);
        }
        printf("counted %d\n", COUNTED);
        return 0;
    }
    return 2;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : ROUNDS;

    if (argc == 2 && strcmp(argv[1], "list") == 0)
        list();
    else if (argc >= 2 && strcmp(argv[1], "time") == 0 && rounds > 0 && rounds <= ROUNDS_MAX)
        for (size_t i = 0; i < STAGES; i++)
            time_stage(&stages[i], rounds);
    else if (argc == 4 && strcmp(argv[1], "count") == 0)
        return count_way(argv[2], strtoul(argv[3], NULL, 10));
    else
        return 2;
    return 0;
}
