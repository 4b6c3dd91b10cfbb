/* A service that says anything: see chaos.h. */
#include "test/fault/simulation/chaos.h"

#include "test/fault/simulation/dice.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES_PER_MS = 24, BASE64_PER_MS = 64, MS_MAX = 100, ITEMS_BACK = 5 };

/* All samples the service ever says, twice, as base64: 3 samples are 8 characters. */
static char base64[CHAOS_PERIOD / 3 * 8 + MS_MAX * BASE64_PER_MS];

static void make_base64(void)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[3];

    if (base64[0] != 0)
        return;
    for (size_t i = 0; i < sizeof base64 / 4; i++) {
        uint32_t bits;

        for (size_t k = 0; k < 3; k++) {
            size_t at = i * 3 + k, sample = at / 2 % CHAOS_PERIOD;
            bytes[k] = (unsigned char)(at % 2 == 0 ? sample : sample >> 8);
        }
        bits = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
        for (size_t k = 0; k < 4; k++)
            base64[i * 4 + k] = digits[bits >> (18 - 6 * k) & 63];
    }
}

void chaos_start(struct chaos *chaos, uint64_t seed, bool v1)
{
    make_base64();
    chaos->seed = seed;
    chaos->v1 = v1;
    chaos->read = chaos->write = 0;
    chaos->serial = chaos->responses = chaos->items = chaos->calls = 0;
    chaos->first_item = chaos->first_call = 1;
    chaos->position = 0;
}

void chaos_opened(struct chaos *chaos)
{
    chaos->read = chaos->write;
    chaos->first_item = chaos->items + 1;
    chaos->first_call = chaos->calls + 1;
}

void chaos_say(struct chaos *chaos, uint32_t what, uint32_t chance)
{
    if (chaos->write - chaos->read == CHAOS_QUEUE)
        return;
    chaos->queue[chaos->write % CHAOS_QUEUE].what = what;
    chaos->queue[chaos->write++ % CHAOS_QUEUE].chance = chance;
}

/* ---- messages ------------------------------------------------------------------------------------ */

static void put(struct chaos *chaos, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct chaos *chaos, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(chaos->text, sizeof chaos->text, format, arguments);
    va_end(arguments);
}

static void put_audio(struct chaos *chaos, struct dice *d)
{
    unsigned ms = 1 + roll(d, roll_one(d, 4) ? MS_MAX : 15), item, at;

    if (chaos->items < chaos->first_item || roll_one(d, 6))
        chaos->items++;
    item = chaos->items;
    if (roll_one(d, 8))
        item -= roll(d, ITEMS_BACK) % (item - chaos->first_item + 1);
    if (chaos->v1)
        put(chaos, "{\"type\":\"conversation.output_audio.delta\",\"sample_rate\":24000,\"channels\":1,"
                   "\"delta\":\"");
    else
        put(chaos,
            "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_%u\",\"response_id\":"
            "\"resp_%u\",\"delta\":\"",
            item, chaos->responses);
    at = (unsigned)strlen(chaos->text);
    memcpy(chaos->text + at, base64 + chaos->position % CHAOS_PERIOD / 3 * 8, (size_t)ms * BASE64_PER_MS);
    memcpy(chaos->text + at + ms * BASE64_PER_MS, "\"}", 3);
    chaos->position += (uint64_t)ms * SAMPLES_PER_MS;
}

static void put_odd_audio(struct chaos *chaos, struct dice *d)
{
    static const char *const kinds[] = {
        "\"sample_rate\":16000,\"channels\":1,\"delta\":\"AAAAAAAA\"",
        "\"sample_rate\":24000,\"channels\":2,\"delta\":\"AAAAAAAA\"",
        "\"sample_rate\":24000,\"channels\":1,\"samples_per_channel\":7,\"delta\":\"AAAAAAAA\"",
        "\"sample_rate\":24000,\"channels\":1,\"delta\":\"AAAA\"",
        "\"sample_rate\":24000,\"channels\":1,\"delta\":\"A*AA\"",
        "\"sample_rate\":24000,\"channels\":1,\"delta\":\"\"",
        "\"sample_rate\":0,\"channels\":0,\"delta\":\"AAAA\"",
        "\"sample_rate\":4294967295,\"channels\":65535,\"samples_per_channel\":4294967295,\"delta\":\"AAA=\"",
    };

    put(chaos, "{\"type\":\"%s\",\"item_id\":\"odd_%u\",\"response_id\":\"resp_%u\",%s}",
        chaos->v1 ? "conversation.output_audio.delta" : "response.output_audio.delta", chaos->responses,
        chaos->responses, kinds[roll(d, 8)]);
}

static void put_call(struct chaos *chaos, struct dice *d, unsigned call, bool silence)
{
    unsigned task = ++chaos->serial;
    bool empty = roll_one(d, 6);

    if (chaos->v1) {
        put(chaos,
            empty ? "{\"type\":\"conversation.handoff.requested\",\"handoff_id\":\"call_%u\",\"item_id\":"
                    "\"fc_%u\",\"input_transcript\":\"\"}"
                  : "{\"type\":\"conversation.handoff.requested\",\"handoff_id\":\"call_%u\",\"item_id\":"
                    "\"fc_%u\",\"input_transcript\":\"%u do\"}",
            call, call, task);
        return;
    }
    put(chaos,
        "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"%s\","
        "\"id\":\"fc_%u\",\"arguments\":\"%s\",\"call_id\":\"call_%u\"}}",
        silence ? "remain_silent" : "background_agent", call, empty ? "{}" : "{\\\"prompt\\\":\\\"@ do\\\"}",
        call);
    if (!empty) { /* the number into the place of its sign */
        char *sign = strchr(chaos->text, '@'), number[16];
        size_t length = (size_t)snprintf(number, sizeof number, "%u", task);

        memmove(sign + length, sign + 1, strlen(sign));
        memcpy(sign, number, length);
    }
}

static void put_error(struct chaos *chaos, struct dice *d)
{
    static const char *const errors[] = {
        "\"odd\",\"message\":\"boom\"",
        "\"odd\",\"message\":\"boom\"",
        "\"odd\",\"message\":\"boom\"",
        "\"invalid_value\",\"message\":\"Audio content of 10ms is already shorter than 1000ms\"",
        "\"invalid_value\",\"message\":\"Audio content of 0ms is already shorter than 5ms\"",
        "\"response_cancel_not_active\",\"message\":\"Cancellation failed: no active response found\"",
        "\"session_expired\",\"message\":\"Your session hit the maximum duration of 60 minutes.\"",
        "\"invalid_api_key\",\"message\":\"Incorrect API key provided\"",
    };
    unsigned which = roll(d, roll_one(d, 8) ? 8 : 6);

    put(chaos, "{\"type\":\"error\",\"error\":{\"type\":\"x\",\"code\":%s}}", errors[which]);
}

static void put_odd(struct chaos *chaos, struct dice *d)
{
    static const char *const odd[] = {
        "not json",
        "{\"type\":\"rate_limits.updated\",\"rate_limits\":[]}",
        "{}",
        "[1,2,3]",
        "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_a_name_much_longer_than_anybody_would_"
        "think_"
        "of_giving_to_anything_at_all_however_many_there_are_of_them_and_then_some_more_so_that_it_does_not_"
        "fit_"
        "anywhere_123456789012345678901234567890\"}}",
        "{\"type\":\"response.done\"}",
        "{\"type\":5}",
        "{\"type\":\"conversation.item.done\",\"item\":{}}",
        "{\"type\":\"response.output_audio.delta\",\"item_id\":7,\"delta\":\"AAAA\"}",
    };

    put(chaos, "%s", odd[roll(d, sizeof odd / sizeof *odd)]);
    if (roll_one(d, 8)) { /* as long as it can be */
        memset(chaos->text, ' ', sizeof chaos->text - 3);
        memcpy(chaos->text + sizeof chaos->text - 3, "{}", 3);
    }
}

static void put_ended(struct chaos *chaos, const char *status, unsigned response)
{
    put(chaos, "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%u\",\"status\":\"%s\"}}", response,
        status);
}

static void put_response(struct chaos *chaos, uint32_t what, struct dice *d)
{
    switch (what) {
    case SAY_CREATED:
        put(chaos, "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%u\"}}", ++chaos->responses);
        break;
    case SAY_DONE:
        put_ended(chaos, "completed", chaos->responses);
        break;
    case SAY_CANCELLED:
        put_ended(chaos, "cancelled", chaos->responses);
        break;
    case SAY_RESPONSE_CANCELLED:
        put(chaos, "{\"type\":\"response.cancelled\",\"response\":{\"id\":\"resp_%u\"}}", chaos->responses);
        break;
    case SAY_OUT_OF_BAND:
        put(chaos, "{\"type\":\"response.%s\",\"response\":{\"id\":\"oob_1\",\"conversation_id\":null}}",
            roll(d, 2) ? "created" : "done");
        break;
    default:
        if (roll_one(d, 2))
            put(chaos, "{\"type\":\"response.done\",\"response\":{}}");
        else
            put_ended(chaos, "completed", chaos->responses / 2);
    }
}

static void put_text(struct chaos *chaos, uint32_t what)
{
    static const char *const kinds[2][4] = {
        {"{\"type\":\"conversation.item.input_audio_transcription.delta\",\"delta\":\"%u \"}",
         "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"%u said\"}",
         "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"%u \"}",
         "{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"%u told\"}"},
        {"{\"type\":\"conversation.input_transcript.delta\",\"delta\":\"%u \"}",
         "{\"type\":\"conversation.input_transcript.turn_marked\",\"transcript\":\"%u said\"}",
         "{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"%u \"}",
         "{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"%u told\"}"}};
    const char *format = kinds[chaos->v1][what - SAY_INPUT_DELTA], *number = strstr(format, "%u");

    put(chaos, "%.*s%u%s", (int)(number - format), format, ++chaos->serial, number + 2);
}

static void put_saying(struct chaos *chaos, uint32_t what, struct dice *d)
{
    switch (what) {
    case SAY_SPEECH_STARTED:
        put(chaos, "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"user_%u\"}", roll(d, 100));
        break;
    case SAY_SPEECH_STOPPED:
        put(chaos, "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"user_%u\"}", roll(d, 100));
        break;
    case SAY_INPUT_DELTA:
    case SAY_INPUT_DONE:
    case SAY_OUTPUT_DELTA:
    case SAY_OUTPUT_DONE:
        put_text(chaos, what);
        break;
    case SAY_AUDIO:
    case SAY_AUDIO_TOO:
        put_audio(chaos, d);
        break;
    case SAY_AUDIO_ODD:
        put_odd_audio(chaos, d);
        break;
    case SAY_CALL:
    case SAY_SILENCE:
        put_call(chaos, d, ++chaos->calls, what == SAY_SILENCE);
        break;
    case SAY_CALL_AGAIN:
        put_call(chaos, d, chaos->calls >= chaos->first_call ? chaos->calls : ++chaos->calls, false);
        break;
    case SAY_ACTIVE_ERROR:
        put(chaos,
            "{\"type\":\"error\",\"error\":{\"code\":\"conversation_already_has_active_response\","
            "\"message\":\"Conversation already has an active response in progress: resp_%u\"}}",
            chaos->responses);
        break;
    case SAY_ERROR:
        put_error(chaos, d);
        break;
    case SAY_UPDATED:
        put(chaos, "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\",\"expires_at\":%u}}",
            1767225600u + roll(d, 4000));
        break;
    case SAY_ITEM:
        put(chaos,
            "{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"item_%u\",\"type\":\"message\"}}",
            chaos->items);
        if (chaos->v1 && roll_one(d, 2)) /* so a reply ends there */
            put(chaos, "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_%u\"}}", chaos->items);
        break;
    case SAY_ODD:
        put_odd(chaos, d);
        break;
    default:
        put_response(chaos, what, d);
    }
}

bool chaos_next(struct chaos *chaos, struct parley_fragment *message)
{
    unsigned at = chaos->read % CHAOS_QUEUE;
    struct dice d;

    if (chaos->read == chaos->write)
        return false;
    chaos->read++;
    d = dice_for(chaos->seed, OF_SERVICE, chaos->queue[at].chance);
    put_saying(chaos, chaos->queue[at].what, &d);
    *message = (struct parley_fragment){.bytes = parley_view(chaos->text), .last = true};
    message->binary = chaos->queue[at].what == SAY_ODD && roll_one(&d, 16);
    return true;
}
