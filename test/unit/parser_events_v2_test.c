/*
 * parser/events_v2: the wire examples of the reference, what its sections 4.1 to 4.4 say beyond them, and
 * what every message goes through.
 */
#include "test/unit/parser_events.h"

static void the_wire_examples(void **unused)
{
    (void)unused;
    assert_int_equal(check_examples(parley_events_v2, "v2"), 56);
}

static void messages_that_mean_nothing(void **unused)
{
    (void)unused;
    static const struct event_case cases[] = {
        {"an array", "[{\"type\":\"error\",\"message\":\"m\"}]", "ignored"},
        {"a string", "\"error\"", "ignored"},
        {"a number", " -1.5e3 ", "ignored"},
        {"an empty object", "{}", "ignored"},
        {"type is a number", "{\"type\":5,\"message\":\"m\"}", "ignored"},
        {"type is null", "{\"type\":null,\"message\":\"m\"}", "ignored"},
        {"an empty type", "{\"type\":\"\",\"message\":\"m\"}", "ignored"},
        {"a type that goes on", "{\"type\":\"errors\",\"message\":\"m\"}", "ignored"},
        {"a type with a NUL", "{\"type\":\"error\\u0000\",\"message\":\"m\"}", "ignored"},
        {"the last type counts", "{\"type\":\"error\",\"message\":\"m\",\"type\":\"other\"}", "ignored"},
        {"the last type counts, also 5", "{\"type\":\"error\",\"message\":\"m\",\"type\":5}", "ignored"},
        {"created", "{\"type\":\"session.created\",\"session\":{\"id\":\"s\"}}", "ignored"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));

    char message[] = "{\"type\":\"rate_limits.\\u0075pdated\"}";
    struct parley_wire_event event;
    size_t offset;
    const char *why;
    assert_int_equal(parley_events_v2(&event, message, sizeof message - 1, &offset, &why), PARLEY_OK);
    assert_int_equal(event.kind, PARLEY_WIRE_IGNORED);
    assert_true(parley_view_is(event.type, "rate_limits.updated"));
}

static void what_is_not_json_is_told(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *message, *why;
        size_t offset;
    } cases[] = {
        {"no text", "", "the text ends too early", 0},
        {"cut short", "{\"type\":\"error\",\"mess", "the text ends too early", 21},
        {"no JSON at all", "hello", "a value is missing", 0},
        {"wrong inside what nobody asked for", "{\"x\":[1,{]}],\"type\":\"error\"}",
         "the name of a member is missing", 9},
        {"wrong after a good event", "{\"type\":\"error\",\"message\":\"m\"} x",
         "something follows the value", 31},
        {"wrong inside the audio", "{\"type\":\"response.audio.delta\",\"delta\":\"AQ\nID\"}",
         "a control character in a string is not escaped", 42},
        {"not UTF-8", "{\"type\":\"error\",\"message\":\"\xFF\"}", "a string is not UTF-8", 27},
    };
    parse_function *const dialects[] = {parley_events_v1, parley_events_v2};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t d = 0; d < COUNT(dialects); d++) {
            size_t len = strlen(cases[i].message), offset = 999;
            char *copy = copy_of(cases[i].message, len);
            const char *why = NULL;
            struct parley_wire_event event;
            if (dialects[d](&event, copy, len, &offset, &why) != PARLEY_ERR_JSON ||
                offset != cases[i].offset || strcmp(why, cases[i].why) != 0)
                fail_msg("%s: %s at %zu", cases[i].title, why != NULL ? why : "fine", offset);
            free(copy);
        }
    char deep[1024];
    memset(deep, '[', sizeof deep);
    size_t offset = 0;
    const char *why = NULL;
    struct parley_wire_event event;
    assert_int_equal(parley_events_v2(&event, deep, sizeof deep, &offset, &why), PARLEY_ERR_JSON);
    assert_int_equal(offset, 512);
    assert_string_equal(why, "objects and arrays are nested too deep");
}

static void sessions(void **unused)
{
    (void)unused;
#define SESSION "{\"type\":\"session.updated\",\"session\":"
    static const struct event_case cases[] = {
        {"all of it",
         SESSION "{\"object\":\"x\",\"id\":\"s\",\"expires_at\":1750000000,\"instructions\":\"a\\nb\"}}",
         "session_updated session=<s> text=<a\nb> expires=1750000000"},
        {"empty instructions are some", SESSION "{\"id\":\"s\",\"instructions\":\"\"}}",
         "session_updated session=<s> text=<>"},
        {"instructions that are no string", SESSION "{\"id\":\"s\",\"instructions\":[\"x\"]}}",
         "session_updated session=<s>"},
        {"expiry is no integer", SESSION "{\"id\":\"s\",\"expires_at\":1e9}}", "session_updated session=<s>"},
        {"expiry is a string", SESSION "{\"id\":\"s\",\"expires_at\":\"1\"}}", "session_updated session=<s>"},
        {"expiry beyond 32 bits", SESSION "{\"id\":\"s\",\"expires_at\":4102444800}}",
         "session_updated session=<s> expires=4102444800"},
        {"an empty id is one", SESSION "{\"id\":\"\"}}", "session_updated session=<>"},
        {"id is no string", SESSION "{\"id\":1}}", "ignored"},
        {"session is no object", SESSION "[\"id\",\"s\"]}", "ignored"},
        {"no session", "{\"type\":\"session.updated\",\"id\":\"s\"}", "ignored"},
        {"the last id counts", SESSION "{\"id\":\"a\",\"id\":\"b\"}}", "session_updated session=<b>"},
        {"the last id counts, also null", SESSION "{\"id\":\"a\",\"id\":null}}", "ignored"},
        {"the last session counts",
         SESSION "{\"id\":\"a\",\"instructions\":\"x\"},\"session\":{\"id\":\"b\"}}",
         "session_updated session=<b>"},
        {"names may be escaped",
         "{\"t\\u0079pe\":\"session.updated\",\"sess\\u0069on\":{\"\\u0069d\":\"s\"}}",
         "session_updated session=<s>"},
        {"members of others are not mistaken",
         SESSION "{\"tools\":[{\"id\":\"x\",\"instructions\":\"y\"}],\"id\":\"s\"}}",
         "session_updated session=<s>"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

static void texts_with_their_ids(void **unused)
{
    (void)unused;
    static const struct event_case cases[] = {
        {"all ids",
         "{\"type\":\"response.output_text.delta\",\"response_id\":\"r\",\"item_id\":\"i\",\"output_index\":"
         "9,"
         "\"content_index\":3,\"delta\":\"d\"}",
         "output_delta item=<i> response=<r> content=3 text=<d>"},
        {"ids that are no strings",
         "{\"type\":\"response.output_text.done\",\"response_id\":1,\"item_id\":null,"
         "\"content_index\":\"3\",\"text\":\"d\"}",
         "output_done text=<d>"},
        {"content index of 33 bits",
         "{\"type\":\"response.output_audio_transcript.done\",\"content_index\":4294967296,"
         "\"transcript\":\"d\"}",
         "output_done text=<d>"},
        {"done takes the whole text, not a delta", "{\"type\":\"response.output_text.done\",\"delta\":\"d\"}",
         "ignored"},
        {"a transcript done has no text",
         "{\"type\":\"response.output_audio_transcript.done\",\"text\":\"d\"}", "ignored"},
        {"what the user said",
         "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":\"u\","
         "\"content_index\":1,\"transcript\":\"\\ud83d\\ude00\"}",
         "input_done item=<u> content=1 text=<\xF0\x9F\x98\x80>"},
        {"part of it",
         "{\"type\":\"conversation.item.input_audio_transcription.delta\",\"item_id\":\"u\",\"delta\":\"\"}",
         "input_delta item=<u> text=<>"},
        {"the last delta counts", "{\"delta\":\"a\",\"type\":\"response.output_text.delta\",\"delta\":\"b\"}",
         "output_delta text=<b>"},
        {"also when it is no string",
         "{\"delta\":\"a\",\"type\":\"response.output_text.delta\",\"delta\":{\"a\":1}}", "ignored"},
        {"speech begins", "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"u\"}",
         "speech_started item=<u>"},
        {"speech begins, nowhere", "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":3}",
         "speech_started"},
        {"speech ends",
         "{\"type\":\"input_audio_buffer.speech_stopped\",\"audio_end_ms\":5,\"item_id\":\"u\"}",
         "speech_stopped item=<u>"},
        {"speech ends, nowhere", "{\"type\":\"input_audio_buffer.speech_stopped\"}", "speech_stopped"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

static void audio(void **unused)
{
    (void)unused;
#define AUDIO "{\"type\":\"response.output_audio.delta\",\"delta\":"
    static const struct event_case cases[] = {
        {"with everything",
         AUDIO
         "\"AQIDBA==\",\"item_id\":\"i\",\"response_id\":\"r\",\"content_index\":1,\"sample_rate\":8000,"
         "\"channels\":2,\"samples_per_channel\":1}",
         "audio item=<i> response=<r> content=1 rate=8000 channels=2 samples=1 pcm=01020304"},
        {"no data is audio, too", AUDIO "\"\"}", "audio rate=24000 channels=1 pcm="},
        {"escaped base64", AUDIO "\"\\/+\\/\\u002B\"}", "audio rate=24000 channels=1 pcm=ffeffe"},
        {"the second name of channels", AUDIO "\"\",\"num_channels\":2}", "audio rate=24000 channels=2 pcm="},
        {"channels no integer: num_channels does not count",
         AUDIO "\"\",\"channels\":\"2\",\"num_channels\":2}", "audio rate=24000 channels=1 pcm="},
        {"channels of 17 bits", AUDIO "\"\",\"channels\":65536}", "audio rate=24000 channels=1 pcm="},
        {"channels of 16 bits", AUDIO "\"\",\"channels\":65535}", "audio rate=24000 channels=65535 pcm="},
        {"no channels at all", AUDIO "\"\",\"channels\":0}", "audio rate=24000 channels=0 pcm="},
        {"a rate in a string", AUDIO "\"\",\"sample_rate\":\"8000\"}", "audio rate=24000 channels=1 pcm="},
        {"a rate with an exponent", AUDIO "\"\",\"sample_rate\":8e3}", "audio rate=24000 channels=1 pcm="},
        {"negative zero is no unsigned integer", AUDIO "\"\",\"sample_rate\":-0}",
         "audio rate=24000 channels=1 pcm="},
        {"samples of 33 bits", AUDIO "\"\",\"samples_per_channel\":4294967296}",
         "audio rate=24000 channels=1 pcm="},
        {"samples of 32 bits", AUDIO "\"\",\"samples_per_channel\":4294967295}",
         "audio rate=24000 channels=1 samples=4294967295 pcm="},
        {"not base64", AUDIO "\"AQIDAQID AQID\",\"item_id\":\"i\"}",
         "audio item=<i> rate=24000 channels=1 bad_at=8 pcm="},
        {"base64 cut short", AUDIO "\"AQIDA\"}", "audio rate=24000 channels=1 bad_at=5 pcm="},
        {"base64 that is not ASCII", AUDIO "\"AQ\xC3\xA9\"}", "audio rate=24000 channels=1 bad_at=2 pcm="},
        {"delta is null", AUDIO "null}", "ignored"},
        {"escapes behind groups", AUDIO "\"AQIDAQID\\/+\\/\\u002B\"}",
         "audio rate=24000 channels=1 pcm=010203010203ffeffe"},
        {"padding in escapes", AUDIO "\"AQIDAQ\\u003d\\u003D\"}", "audio rate=24000 channels=1 pcm=01020301"},
        {"not base64, behind an escape", AUDIO "\"AQIDAQID\\/\\/*/\"}",
         "audio rate=24000 channels=1 bad_at=10 pcm="},
        {"more behind padding", AUDIO "\"AQIDAQ==AQID\"}", "audio rate=24000 channels=1 bad_at=8 pcm="},
        {"the last of two counts", AUDIO "\"AQID\",\"delta\":\"BAUG\"}",
         "audio rate=24000 channels=1 pcm=040506"},
        {"the last of two counts, also a number", AUDIO "\"AQID\",\"delta\":1}", "ignored"},
        {"the type comes last", "{\"delta\":\"AQID\",\"type\":\"response.output_audio.delta\"}",
         "audio rate=24000 channels=1 pcm=010203"},
        {"a type with an escape", "{\"type\":\"response.output_audio.d\\u0065lta\",\"delta\":\"AQID\"}",
         "audio rate=24000 channels=1 pcm=010203"},
        {"the last type counts", AUDIO "\"AQIDBAUG+/==\",\"type\":\"response.output_text.delta\"}",
         "output_delta text=<AQIDBAUG+/==>"},
        {"the last type counts, behind escapes",
         AUDIO "\"AQIDBAUG\\u0021 you\",\"type\":\"response.output_text.delta\"}",
         "output_delta text=<AQIDBAUG! you>"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

/* Audio is decoded while its string is passed if the type came before, and afterwards if not; with the type
   of a text behind it, it is put back. The same comes of it at every length, address and fault. */
static void audio_on_the_way_and_afterwards(void **unused)
{
    (void)unused;
    static const char *const orders[] = {"{\"type\":\"response.audio.delta\",%*s\"delta\":\"%.*s\"}",
                                         "{%*s\"delta\":\"%.*s\",\"type\":\"response.audio.delta\"}"};
    static const char text_last[] =
        "{\"type\":\"response.audio.delta\",%*s\"delta\":\"%.*s\",\"type\":\"response.output_text.delta\"}";
    static const char some[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t random = 88172645463325252;
    for (int len = 0; len <= 300; len++)
        for (int fault = 0; fault < 4; fault++) {
            char text[304], expected[400];
            for (int i = 0; i < len; i++)
                text[i] = some[below(&random, 64)];
            for (int i = 0; i < fault && i < len; i++) /* padding as it should be, or anywhere */
                text[fault < 3 ? len - 1 - i : (int)below(&random, (size_t)len)] = "=!"[fault / 3];
            struct shown lines[COUNT(orders)];
            for (size_t order = 0; order <= COUNT(orders); order++) {
                bool is_text = order == COUNT(orders);
                char message[512], *copy;
                struct parley_wire_event event;
                struct shown line;
                size_t offset;
                const char *why;
                int bytes = snprintf(message, sizeof message, is_text ? text_last : orders[order],
                                     (int)below(&random, 4), "", len, text);
                copy = copy_of(message, (size_t)bytes);
                assert_int_equal(parley_events_v2(&event, copy, (size_t)bytes, &offset, &why), PARLEY_OK);
                check_views(&event, copy, (size_t)bytes);
                if (!is_text)
                    assert_int_equal((uintptr_t)event.pcm & 1, 0);
                show(is_text ? &line : &lines[order], &event);
                free(copy);
                snprintf(expected, sizeof expected, "output_delta text=<%.*s>", len, text);
                if (is_text)
                    assert_string_equal(line.text, expected);
            }
            assert_string_equal(lines[0].text, lines[1].text);
        }
}

/* A tenth of a second, decoded where it stood. */
static void a_whole_chunk_of_audio(void **unused)
{
    (void)unused;
    enum { BYTES = 4800, LENGTH = 6400 };
    static const char head[] = "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1\","
                               "\"response_id\":\"resp_1\",\"item_"
                               "id\":\"item_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"";
    char message[sizeof head + LENGTH + 2];
    memcpy(message, head, sizeof head - 1);
    for (size_t i = 0; i < LENGTH; i++)
        message[sizeof head - 1 + i] = "AQIDBAUG"[i % 8];
    memcpy(message + sizeof head - 1 + LENGTH, "\"}", 2);
    size_t len = sizeof head - 1 + LENGTH + 2, offset;
    char *copy = copy_of(message, len);
    const char *why;
    struct parley_wire_event event;
    assert_int_equal(parley_events_v2(&event, copy, len, &offset, &why), PARLEY_OK);
    assert_int_equal(event.pcm_bytes, BYTES);
    uint8_t *text =
        (uint8_t *)copy + sizeof head - 1; /* from the quote on, if the text is at an odd address */
    assert_ptr_equal(event.pcm, ((uintptr_t)text & 1) != 0 ? text - 1 : text);
    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(event.pcm[i], i % 6 + 1);
    free(copy);
}

static void responses(void **unused)
{
    (void)unused;
#define DONE "{\"type\":\"response.done\",\"response\":{\"id\":\"r\","
    static const struct event_case cases[] = {
        {"created",
         "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"status\":\"in_progress\","
         "\"conversation_id\":\"c\"}}",
         "created response=<r>"},
        {"created beside the conversation",
         "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"conversation_id\":null}}",
         "created response=<r> out_of_band=1"},
        {"the id inside comes first",
         "{\"type\":\"response.created\",\"response_id\":\"b\",\"response\":{\"id\":\"a\"}}",
         "created response=<a>"},
        {"an id inside that is no string",
         "{\"type\":\"response.created\",\"response_id\":\"b\",\"response\":{\"id\":1}}",
         "created response=<b>"},
        {"a response that is no object",
         "{\"type\":\"response.created\",\"response_id\":\"b\",\"response\":null}", "created response=<b>"},
        {"cancelled", "{\"type\":\"response.cancelled\",\"response\":{\"conversation_id\":null}}",
         "cancelled out_of_band=1"},
        {"done", DONE "\"status\":\"completed\",\"status_details\":null,\"output\":[{\"id\":\"x\"}]}}",
         "done response=<r> status=<completed>"},
        {"done beside the conversation", DONE "\"conversation_id\":null,\"status\":\"completed\"}}",
         "done response=<r> out_of_band=1 status=<completed>"},
        {"done, cancelled is no failure",
         DONE "\"status\":\"cancelled\",\"status_details\":{\"type\":\"cancelled\",\"reason\":"
              "\"turn_detected\"}}}",
         "done response=<r> status=<cancelled>"},
        {"failed",
         DONE "\"status\":\"failed\",\"status_details\":{\"type\":\"failed\",\"error\":{\"type\":\"server_"
              "error\",\"code\":"
              "\"rate_limit\",\"message\":\"Too \\\"much\\\"\"}}}}",
         "done response=<r> status=<failed> code=<rate_limit> text=<Too \"much\">"},
        {"failed with a message alone",
         DONE "\"status\":\"failed\",\"status_details\":{\"error\":{\"code\":null,\"message\":\"m\"}}}}",
         "done response=<r> status=<failed> text=<m>"},
        {"failed with a code alone",
         DONE "\"status\":\"failed\",\"status_details\":{\"error\":{\"code\":\"c\"}}}}",
         "done response=<r> status=<failed> code=<c> text=<c>"},
        {"failed, and nobody says why", DONE "\"status\":\"failed\",\"status_details\":null}}",
         "done response=<r> status=<failed>"},
        {"incomplete",
         DONE "\"status\":\"incomplete\",\"status_details\":{\"type\":\"incomplete\",\"reason\":\"max_output_"
              "tokens\"}}}",
         "done response=<r> status=<incomplete> code=<max_output_tokens> text=<max_output_tokens>"},
        {"without anything", "{\"type\":\"response.done\"}", "done"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

static void items(void **unused)
{
    (void)unused;
    static const struct event_case cases[] = {
        {"verbatim, also its escapes and spaces",
         "{\"item\": { \"id\" : \"\\u0069\" , \"id\":1.0 } ,\"type\":\"conversation.item.added\"}",
         "item_added json=<{ \"id\" : \"\\u0069\" , \"id\":1.0 }>"},
        {"any JSON", "{\"item\":false,\"type\":\"conversation.item.created\"}", "item_added json=<false>"},
        {"the last one", "{\"item\":1,\"type\":\"conversation.item.created\",\"item\":\"\\n\"}",
         "item_added json=<\"\\n\">"},
        {"none", "{\"type\":\"conversation.item.created\"}", "ignored"},
        {"done",
         "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"i\",\"content\":[{\"type\":\"function_"
         "call\",\"name\":"
         "\"background_agent\"}]}}",
         "item_done item=<i>"},
        {"done, a list", "{\"type\":\"conversation.item.done\",\"item\":[\"id\"]}", "ignored"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

static void function_calls(void **unused)
{
    (void)unused;
#define CALL(name, rest)                                                                                     \
    "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"" name "\"" rest   \
    "}}"
    static const struct event_case cases[] = {
        {"silence",
         CALL("remain_silent",
              ",\"id\":\"i\",\"call_id\":\"c\",\"arguments\":\"{\\\"prompt\\\":\\\"x\\\"}\""),
         "silence call=<c> item=<i>"},
        {"silence without a call id", CALL("remain_silent", ",\"id\":\"i\""), "silence call=<i> item=<i>"},
        {"silence without an item id", CALL("remain_silent", ",\"call_id\":\"c\""),
         "silence call=<c> item=<c>"},
        {"silence without any id", CALL("remain_silent", ""), "ignored"},
        {"ids that are no strings", CALL("background_agent", ",\"id\":1,\"call_id\":2"), "ignored"},
        {"a call id that is no string", CALL("background_agent", ",\"id\":\"i\",\"call_id\":2"),
         "handoff call=<i> item=<i> text=<>"},
        {"names may be escaped", CALL("remain\\u005fsilent", ",\"id\":\"i\",\"c\\u0061ll_id\":\"\\u0063\""),
         "silence call=<c> item=<i>"},
        {"another function", CALL("background_agents", ",\"id\":\"i\",\"call_id\":\"c\""),
         "item_done item=<i>"},
        {"another function without an item id", CALL("lookup", ",\"call_id\":\"c\""), "ignored"},
        {"another type of item",
         "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"mcp_call\",\"name\":\"remain_silent\","
         "\"id\":\"i\",\"call_id\":\"c\"}}",
         "item_done item=<i>"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

/* The arguments, as the string they are inside the message. */
static void check_request(const char *title, const char *arguments, const char *expected)
{
    json_t *message = json_pack("{s:s, s:{s:s, s:s, s:s, s:s%}}", "type", "conversation.item.done", "item",
                                "type", "function_call", "name", "background_agent", "call_id", "c",
                                "arguments", arguments, strlen(arguments));
    assert_non_null(message);
    static const size_t spellings[] = {JSON_COMPACT, JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH};
    for (size_t i = 0; i < COUNT(spellings); i++) {
        char *text = json_dumps(message, spellings[i]);
        struct parley_wire_event event;
        size_t offset;
        const char *why;
        assert_int_equal(parley_events_v2(&event, text, strlen(text), &offset, &why), PARLEY_OK);
        if (event.kind != PARLEY_WIRE_HANDOFF || !parley_view_is(event.text, expected) ||
            event.text.at == NULL)
            fail_msg("%s: %.*s", title, (int)event.text.len, event.text.at);
        free(text);
    }
    json_decref(message);
}

static void requests_out_of_arguments(void **unused)
{
    (void)unused;
    static const struct {
        const char *title, *arguments, *expected;
    } cases[] = {
        {"nothing", "", ""},
        {"the prompt", "{\"prompt\":\"run ls\"}", "run ls"},
        {"trimmed as Unicode has it", "{\"prompt\":\" \\t\xE3\x80\x80run\xC2\xA0ls\xC2\xA0\\n\"}",
         "run\xC2\xA0ls"},
        {"trimmed behind escapes", "{\"prompt\":\"\\u3000\\u0020run\\u0020\\u2003\"}", "run"},
        {"escapes inside", "{\"prompt\":\"say \\\"h\\u00e9\\\"\\nand \\ud83d\\ude00\"}",
         "say \"h\xC3\xA9\"\nand \xF0\x9F\x98\x80"},
        {"the first of the five",
         "{\"query\":\"5\",\"prompt\":\"4\",\"text\":\"3\",\"input\":\"2\",\"input_transcript\":\"1\"}", "1"},
        {"the second", "{\"query\":\"5\",\"prompt\":\"4\",\"text\":\"3\",\"input\":\"2\"}", "2"},
        {"the third", "{\"query\":\"5\",\"prompt\":\"4\",\"text\":\"3\"}", "3"},
        {"the fourth", "{\"query\":\"5\",\"prompt\":\"4\"}", "4"},
        {"the fifth", "{\"query\":\"5\",\"other\":\"6\"}", "5"},
        {"blank ones are passed over",
         "{\"input_transcript\":\" \\n\",\"input\":\"\",\"text\":\"\\u00a0\\u2003\",\"prompt\":\"p\"}", "p"},
        {"no strings are passed over",
         "{\"input_transcript\":1,\"input\":[\"a\"],\"text\":{\"text\":\"x\"},\"prompt\":\"p\"}", "p"},
        {"the last of a name counts", "{\"prompt\":\"a\",\"prompt\":\"b\"}", "b"},
        {"also when it is blank: then all is the request", "{\"prompt\":\"a\",\"prompt\":\" \"}",
         "{\"prompt\":\"a\",\"prompt\":\" \"}"},
        {"an empty object", "{}", "{}"},
        {"no usable member, unchanged to the last escape", " {\"prompt\":\"\\u0020\\n\", \"x\":\"\\u0041\"} ",
         " {\"prompt\":\"\\u0020\\n\", \"x\":\"\\u0041\"} "},
        {"an array", "[\"prompt\"]", "[\"prompt\"]"},
        {"a string", "\"run \\u006cs\"", "\"run \\u006cs\""},
        {"not JSON", "  run ls ", "  run ls "},
        {"not JSON after a usable member", "{\"prompt\":\"a\\u0062\",}", "{\"prompt\":\"a\\u0062\",}"},
        {"something behind the object", "{\"prompt\":\"a\"}x", "{\"prompt\":\"a\"}x"},
        {"names may be escaped", "{\"pr\\u006fmpt\":\"p\"}", "p"},
        {"white space around", " \n{ \"prompt\" : \"p\" } \t", "p"},
        {"JSON again inside is text", "{\"prompt\":\"{\\\"prompt\\\":\\\"x\\\"}\"}", "{\"prompt\":\"x\"}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_request(cases[i].title, cases[i].arguments, cases[i].expected);

    static const struct event_case others[] = {
        {"no arguments", CALL("background_agent", ",\"id\":\"i\",\"call_id\":\"c\""),
         "handoff call=<c> item=<i> text=<>"},
        {"arguments that are an object",
         CALL("background_agent", ",\"id\":\"i\",\"call_id\":\"c\",\"arguments\":{\"prompt\":\"x\"}"),
         "handoff call=<c> item=<i> text=<>"},
    };
    check_cases(parley_events_v2, others, COUNT(others));
}

static void errors(void **unused)
{
    (void)unused;
#define ERROR(rest) "{\"type\":\"error\"," rest "}"
    static const struct event_case cases[] = {
        {"as the service sends them",
         ERROR("\"event_id\":\"event_890\",\"error\":{\"type\":\"invalid_request_error\",\"code\":"
               "\"invalid_event\",\"message\":\"The 'type' field is "
               "missing.\",\"param\":null,\"event_id\":\"event_567\"}"),
         "error code=<invalid_event> event=<event_567> text=<The 'type' field is missing.>"},
        {"its own event id is not the one it answers",
         ERROR("\"event_id\":\"event_890\",\"error\":{\"message\":\"m\",\"event_id\":null,"
               "\"param\":\"session.voice\"}"),
         "error param=<session.voice> text=<m>"},
        {"also when it answers none",
         ERROR("\"event_id\":\"event_890\",\"code\":\"x\",\"error\":{\"message\":\"m\"}"), "error text=<m>"},
        {"flat", ERROR("\"message\":\"m\",\"code\":\"c\",\"param\":\"p\",\"event_id\":\"e\""),
         "error code=<c> event=<e> param=<p> text=<m>"},
        {"the message outside comes first",
         ERROR("\"message\":\"out\",\"code\":\"o\",\"error\":{\"message\":\"in\",\"code\":\"i\"}"),
         "error code=<i> text=<out>"},
        {"a message that is no string", ERROR("\"message\":5,\"error\":{\"message\":\"in\"}"),
         "error text=<in>"},
        {"an empty message is one", ERROR("\"message\":\"\""), "error text=<>"},
        {"a message with escapes", ERROR("\"error\":{\"message\":\"a\\n\\\"b\\\"\",\"code\":\"\\u0063\"}"),
         "error code=<c> text=<a\n\"b\">"},
        {"no message: compact",
         ERROR("\"error\": { \"code\" : \"bad\" ,\n\t\"list\": [ 1 , \" a \\\" b \" , { } ] , "
               "\"param\":\"p\" } "),
         "error code=<bad> param=<p> text=<{\"code\":\"bad\",\"list\":[1,\" a \\\" b "
         "\",{}],\"param\":\"p\"}> "
         "json=<{\"code\":\"bad\",\"list\":[1,\" a \\\" b \",{}],\"param\":\"p\"}>"},
        {"no message, an escaped code: left out", ERROR("\"error\":{\"code\":\"\\u0062\",\"param\":\"p\"}"),
         "error param=<p> text=<{\"code\":\"\\u0062\",\"param\":\"p\"}> "
         "json=<{\"code\":\"\\u0062\",\"param\":\"p\"}>"},
        {"a message inside that is no string", ERROR("\"error\":{\"message\":[ ]}"),
         "error text=<{\"message\":[]}> json=<{\"message\":[]}>"},
        {"a string, with its quotes", ERROR("\"error\":\"a \\\" b\\\\\""),
         "error text=<\"a \\\" b\\\\\"> json=<\"a \\\" b\\\\\">"},
        {"a number", ERROR("\"error\":-1.50"), "error text=<-1.50> json=<-1.50>"},
        {"null is an error of any kind", ERROR("\"error\":null,\"code\":\"c\""),
         "error code=<c> text=<null> json=<null>"},
        {"a list", ERROR("\"error\":[ \"x\" , [ ] ]"), "error text=<[\"x\",[]]> json=<[\"x\",[]]>"},
        {"nothing to tell", "{\"type\":\"error\"}", "ignored"},
        {"nothing but a code", ERROR("\"code\":\"c\""), "ignored"},
        {"the last error counts",
         ERROR("\"error\":{\"message\":\"a\",\"code\":\"c\"},\"error\":{\"message\":\"b\"}"),
         "error text=<b>"},
    };
    check_cases(parley_events_v2, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wire_examples),
        cmocka_unit_test(messages_that_mean_nothing),
        cmocka_unit_test(what_is_not_json_is_told),
        cmocka_unit_test(sessions),
        cmocka_unit_test(texts_with_their_ids),
        cmocka_unit_test(audio),
        cmocka_unit_test(audio_on_the_way_and_afterwards),
        cmocka_unit_test(a_whole_chunk_of_audio),
        cmocka_unit_test(responses),
        cmocka_unit_test(items),
        cmocka_unit_test(function_calls),
        cmocka_unit_test(requests_out_of_arguments),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
