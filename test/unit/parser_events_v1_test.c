/* parser/events_v1: the wire examples of the reference, and what its table 4.2 says beyond them. */
#include "test/unit/parser_events.h"

static void the_wire_examples(void **unused)
{
    (void)unused;
    assert_int_equal(check_examples(parley_events_v1, "v1"), 34);
}

#define AUDIO "\"type\":\"conversation.output_audio.delta\""

static void audio_needs_all_its_parts(void **unused)
{
    (void)unused;
    static const struct event_case cases[] = {
        {"by the second names", "{" AUDIO ",\"data\":\"AQID\",\"sample_rate\":1,\"num_channels\":65535}",
         "audio rate=1 channels=65535 pcm=010203"},
        {"delta before data",
         "{" AUDIO ",\"data\":\"AQID\",\"delta\":\"BAUG\",\"sample_rate\":1,\"channels\":1}",
         "audio rate=1 channels=1 pcm=040506"},
        {"data when delta is no string",
         "{" AUDIO ",\"data\":\"AQID\",\"delta\":1,\"sample_rate\":1,\"channels\":1}",
         "audio rate=1 channels=1 pcm=010203"},
        {"channels before num_channels",
         "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":1,\"num_channels\":2,\"channels\":1}",
         "audio rate=1 channels=1 pcm=010203"},
        {"channels null hides num_channels",
         "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":1,\"num_channels\":2,\"channels\":null}", "ignored"},
        {"a rate above 32 bits", "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":4294967296,\"channels\":1}",
         "ignored"},
        {"the largest rate", "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":4294967295,\"channels\":1}",
         "audio rate=4294967295 channels=1 pcm=010203"},
        {"channels above 16 bits", "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":1,\"channels\":65536}",
         "ignored"},
        {"a rate with a fraction", "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":24000.0,\"channels\":1}",
         "ignored"},
        {"a negative rate", "{" AUDIO ",\"delta\":\"AQID\",\"sample_rate\":-1,\"channels\":1}", "ignored"},
        {"no data", "{" AUDIO ",\"sample_rate\":1,\"channels\":1}", "ignored"},
        {"ids do not belong to it",
         "{" AUDIO
         ",\"delta\":\"\",\"sample_rate\":1,\"channels\":1,\"samples_per_channel\":0,\"item_id\":\"i\","
         "\"response_id\":\"r\",\"content_index\":2}",
         "audio rate=1 channels=1 samples=0 pcm="},
        {"not base64", "{" AUDIO ",\"delta\":\"AQ*D\",\"sample_rate\":1,\"channels\":1}",
         "audio rate=1 channels=1 bad_at=2 pcm="},
    };
    check_cases(parley_events_v1, cases, COUNT(cases));
}

static void texts_and_handoffs(void **unused)
{
    (void)unused;
    static const struct event_case cases[] = {
        {"text delta", "{\"type\":\"response.output_text.delta\",\"delta\":\"a\",\"item_id\":\"i\"}",
         "output_delta item=<i> text=<a>"},
        {"an empty delta is one", "{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"\"}",
         "output_delta text=<>"},
        {"a delta that is no string", "{\"type\":\"conversation.output_transcript.delta\",\"delta\":1}",
         "ignored"},
        {"marked turn", "{\"type\":\"conversation.input_transcript.turn_marked\",\"transcript\":\"t\"}",
         "input_done text=<t>"},
        {"marked turn without text",
         "{\"type\":\"conversation.input_transcript.turn_marked\",\"delta\":\"t\"}", "ignored"},
        {"no text done here", "{\"type\":\"response.output_text.done\",\"text\":\"t\"}", "ignored"},
        {"item created is none of v1", "{\"type\":\"conversation.item.created\",\"item\":{}}", "ignored"},
        {"any item is passed on", "{\"type\":\"conversation.item.added\",\"item\": [ 1, \"\\u0041\" ] }",
         "item_added json=<[ 1, \"\\u0041\" ]>"},
        {"null is an item", "{\"type\":\"conversation.item.added\",\"item\":null}", "item_added json=<null>"},
        {"item done, a function call",
         "{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":"
         "\"background_agent\",\"id\":\"i\",\"call_id\":\"c\",\"arguments\":\"{}\"}}",
         "item_done item=<i>"},
        {"handoff",
         "{\"input_transcript\":\" do "
         "\\u00e9\",\"type\":\"conversation.handoff.requested\",\"handoff_id\":\"h\","
         "\"item_id\":\"i\"}",
         "handoff call=<h> item=<i> text=< do \xC3\xA9>"},
        {"handoff without an id",
         "{\"input_transcript\":\"x\",\"type\":\"conversation.handoff.requested\",\"item_id\":\"i\"}",
         "ignored"},
        {"handoff without an item",
         "{\"input_transcript\":\"x\",\"type\":\"conversation.handoff.requested\",\"handoff_id\":\"h\"}",
         "ignored"},
        {"the user stops", "{\"type\":\"input_audio_buffer.speech_stopped\"}", "ignored"},
        {"created", "{\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}", "ignored"},
        {"an error", "{\"type\":\"error\",\"message\":\"m\",\"code\":\"c\"}", "error code=<c> text=<m>"},
    };
    check_cases(parley_events_v1, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wire_examples),
        cmocka_unit_test(audio_needs_all_its_parts),
        cmocka_unit_test(texts_and_handoffs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
