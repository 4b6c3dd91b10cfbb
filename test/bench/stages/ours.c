/* parley's ways: as built, and as plain C alone, which test/bench/stages.sh builds beside it under other
 * names. */
#include "test/bench/stages/bench.h"

#include "parser/base64.h"
#include "parser/base64_vector.h"
#include "parser/event.h"
#include "parser/utf8.h"
#include "templates/render.h"
#include "templates/templates.h"

/* The same without vectors; absent in the program that only counts instructions. */
__attribute__((weak)) int plain_events_v2(struct parley_wire_event *event, char *message, size_t len,
                                          size_t *offset, const char **why);
__attribute__((weak)) long plain_render_template(struct parley_render *r, const struct parley_template *t,
                                                 const struct parley_slot *slots);
typedef int read_event(struct parley_wire_event *event, char *message, size_t len, size_t *offset,
                       const char **why);
typedef long render_template(struct parley_render *r, const struct parley_template *t,
                             const struct parley_slot *slots);

/* ---- events ------------------------------------------------------------------------------------ */

static bool audio_by(read_event *read, char *text, size_t len)
{
    struct parley_wire_event event;

    return read(&event, text, len, NULL, NULL) == 0 && event.kind == PARLEY_WIRE_AUDIO &&
           event.pcm_bytes == bench_pcm_bytes && event.item_id.len > 0 && event.response_id.len > 0;
}

static bool audio(char *text, size_t len)
{
    return audio_by(parley_events_v2, text, len);
}

static bool audio_plain(char *text, size_t len)
{
    return audio_by(plain_events_v2, text, len);
}

static bool transcript(char *text, size_t len)
{
    struct parley_wire_event event;

    return parley_events_v2(&event, text, len, NULL, NULL) == 0 && event.kind == PARLEY_WIRE_OUTPUT_DELTA &&
           event.text.len > 0 && event.item_id.len > 0;
}

static bool done(char *text, size_t len)
{
    struct parley_wire_event event;

    return parley_events_v2(&event, text, len, NULL, NULL) == 0 && event.kind == PARLEY_WIRE_RESPONSE_DONE &&
           event.response_id.len > 0 && parley_view_is(event.status, "completed");
}

/* ---- base64 ------------------------------------------------------------------------------------ */

static bool decode_by(enum parley_vector by, const char *text, size_t len)
{
    return parley_base64_decode_by(by, bench_out, parley_view_of(text, len), NULL) == (long)bench_pcm_bytes;
}

static bool decode_plain(char *text, size_t len)
{
    return decode_by(PARLEY_VECTOR_NONE, text, len);
}

static bool encode_plain(char *from, size_t bytes)
{
    parley_base64_encode_by(PARLEY_VECTOR_NONE, bench_out, from, bytes);
    return true;
}

static bool table_decode(char *text, size_t len)
{
    return bench_table_decode(bench_out, text, len) == bench_pcm_bytes;
}

static bool table_encode(char *from, size_t bytes)
{
    return bench_table_encode(bench_out, from, bytes) >= bytes / 3 * 4;
}

#ifdef PARLEY_VECTOR_X86
static bool decode_ssse3(char *text, size_t len)
{
    return decode_by(PARLEY_VECTOR_SSSE3, text, len);
}

static bool encode_ssse3(char *from, size_t bytes)
{
    parley_base64_encode_by(PARLEY_VECTOR_SSSE3, bench_out, from, bytes);
    return true;
}
#endif

static bool decode(char *text, size_t len)
{
    return decode_by(parley_vector_best(), text, len);
}

static bool encode(char *from, size_t bytes)
{
    parley_base64_encode(bench_out, from, bytes);
    return true;
}

/* ---- other stages ------------------------------------------------------------------------------ */

static bool append_by(render_template *by, const char *pcm, size_t bytes)
{
    struct parley_render render = parley_render(bench_out, BENCH_ROOM);
    const struct parley_slot slots[] = {{.name = "audio", .text = {pcm, bytes}}, {.name = NULL}};

    return by(&render, &parley_template_wire_v2_audio_append, slots) > (long)bytes;
}

static bool append(char *pcm, size_t bytes)
{
    return append_by(parley_render_template, pcm, bytes);
}

static bool append_plain(char *pcm, size_t bytes)
{
    return append_by(plain_render_template, pcm, bytes);
}

static bool append_by_hand(char *pcm, size_t bytes)
{
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    char *at = bench_out + sizeof head - 1;

    memcpy(bench_out, head, sizeof head);
    at += bench_table_encode(at, pcm, bytes);
    memcpy(at, "\"}", 3);
    return at > bench_out + bytes;
}

static bool utf8(char *text, size_t len)
{
    return parley_utf8_valid(parley_view_of(text, len));
}

/* One byte at a time, which is what most programs do. */
static bool utf8_by_bytes(char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + len;

    while (at < end) {
        int more = *at < 0x80                  ? 0
                   : *at >= 0xC2 && *at < 0xE0 ? 1
                   : *at < 0xC2                ? -1
                   : *at < 0xF0                ? 2
                   : *at < 0xF5                ? 3
                                               : -1;
        if (more < 0 || end - at <= more)
            return false;
        for (at++; more > 0; more--, at++)
            if ((*at & 0xC0) != 0x80)
                return false;
    }
    return true;
}

/* ---- the ways ---------------------------------------------------------------------------------- */

const struct bench_way bench_audio[] = {{"parley", audio}, {"parley, plain C", audio_plain}, {0}};
const struct bench_way bench_transcript[] = {{"parley", transcript}, {0}};
const struct bench_way bench_done[] = {{"parley", done}, {0}};
const struct bench_way bench_decode[] = {
    {"parley", decode},
#ifdef PARLEY_VECTOR_X86
    {"parley, SSSE3", decode_ssse3},
#endif
    {"parley, plain C", decode_plain},
    {"four tables", table_decode},
    {0},
};
const struct bench_way bench_encode[] = {
    {"parley", encode},
#ifdef PARLEY_VECTOR_X86
    {"parley, SSSE3", encode_ssse3},
#endif
    {"parley, plain C", encode_plain},
    {"a table", table_encode},
    {0},
};
const struct bench_way bench_append[] = {
    {"parley", append}, {"parley, plain C", append_plain}, {"memcpy and a table", append_by_hand}, {0}};
const struct bench_way bench_utf8[] = {{"parley", utf8}, {"a loop over bytes", utf8_by_bytes}, {0}};

bool bench_is_here(bench_run *run)
{
    return (run != audio_plain || plain_events_v2 != NULL) &&
           (run != append_plain || plain_render_template != NULL);
}
