/*
 * The lines of the reference's checklist on reading what the service says (13.2, 13.3, and 13.15/162, 163):
 * each message through a whole conversation, as the event the host takes. Each line is a test of its number;
 * what is expected is written as in reference 4.5.
 */
#include "test/unit/event_model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MESSAGES = 6 };

/* NULL as event: nothing reaches the host. */
struct exchange {
    const char *message, *event;
};

static const struct line {
    const char *title;
    enum parley_protocol protocol;
    struct exchange said[MESSAGES];
} lines[] = {
    {"13.2/12 session.updated with its id and instructions",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_7\",\"instructions\":\"Be kind.\"}}",
       "{\"SessionUpdated\":{\"session_id\":\"sess_7\",\"instructions\":\"Be kind.\"}}"}}},
    {"13.2/13 audio of v1, without an item id",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.output_audio.delta\",\"delta\":\"AQIDBA==\",\"sample_rate\":24000,"
       "\"channels\":1,\"item_id\":\"x\"}",
       "{\"AudioOut\":{\"data\":\"AQIDBA==\",\"sample_rate\":24000,\"num_channels\":1}}"}}},
    {"13.2/14 audio of v1 without rate or channels",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.output_audio.delta\",\"delta\":\"AQID\",\"channels\":1}", NULL},
      {"{\"type\":\"conversation.output_audio.delta\",\"delta\":\"AQID\",\"sample_rate\":24000}", NULL}}},
    {"13.2/15 an item that was added, verbatim",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"i\",\"x\":[1,null,{\"y\":\"\\u00e9\"}]}}",
       "{\"ConversationItemAdded\":{\"id\":\"i\",\"x\":[1,null,{\"y\":\"\\u00e9\"}]}}"},
      {"{\"type\":\"conversation.item.added\",\"item\":17}", "{\"ConversationItemAdded\":17}"}}},
    {"13.2/16 an item that is done",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_9\"}}",
       "{\"ConversationItemDone\":{\"item_id\":\"item_9\"}}"}}},
    {"13.2/17 a message that is done is no transcript",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_9\",\"type\":\"message\",\"role\":"
       "\"user\","
       "\"content\":[{\"type\":\"input_text\",\"text\":\"hello\"}]}}",
       "{\"ConversationItemDone\":{\"item_id\":\"item_9\"}}"}}},
    {"13.2/18 a handoff of v1, with no line but its own request",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.handoff.requested\",\"handoff_id\":\"h\",\"item_id\":\"i\","
       "\"input_transcript\":\"do it\"}",
       "{\"HandoffRequested\":{\"handoff_id\":\"h\",\"item_id\":\"i\",\"input_transcript\":\"do it\","
       "\"active_transcript\":[{\"role\":\"user\",\"text\":\"do it\"}]}}"}}},
    {"13.2/19 what the user said, by its first name",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.input_transcript.delta\",\"delta\":\"hel\"}",
       "{\"InputTranscriptDelta\":{\"delta\":\"hel\"}}"}}},
    {"13.2/20 what the user said, by the names of v2",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.item.input_audio_transcription.delta\",\"delta\":\"hel\"}",
       "{\"InputTranscriptDelta\":{\"delta\":\"hel\"}}"},
      {"{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"hello\"}",
       "{\"InputTranscriptDone\":{\"text\":\"hello\"}}"}}},
    {"13.2/21 what the model says, by its first name",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.output_transcript.delta\",\"delta\":\"wor\"}",
       "{\"OutputTranscriptDelta\":{\"delta\":\"wor\"}}"}}},
    {"13.2/22 what the model says, by the names of v2",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"wor\"}",
       "{\"OutputTranscriptDelta\":{\"delta\":\"wor\"}}"},
      {"{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"working\"}",
       "{\"OutputTranscriptDone\":{\"text\":\"working\"}}"}}},
    {"13.2/23 a marked turn of the user",
     PARLEY_PROTOCOL_V1,
     {{"{\"type\":\"conversation.input_transcript.turn_marked\",\"transcript\":\"hello\"}",
       "{\"InputTranscriptDone\":{\"text\":\"hello\"}}"}}},

    {"13.3/24 a call of the agent",
     PARLEY_PROTOCOL_V2,
     {{CALL("call_1", "{\\\"prompt\\\":\\\"run ls\\\"}"),
       "{\"HandoffRequested\":{\"handoff_id\":\"call_1\",\"item_id\":\"item_call_1\",\"input_transcript\":"
       "\"run ls\",\"active_transcript\":[{\"role\":\"user\",\"text\":\"run ls\"}]}}"}}},
    {"13.3/25 a call of the silence tool",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"conversation.item.done\",\"item\":{\"type\":\"function_call\",\"name\":\"remain_silent\","
       "\"id\":\"i\",\"call_id\":\"call_s\",\"arguments\":\"{}\"}}",
       "{\"NoopRequested\":{\"call_id\":\"call_s\",\"item_id\":\"i\"}}"}}},
    {"13.3/26 what the user said",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"conversation.item.input_audio_transcription.delta\",\"delta\":\"hel\"}",
       "{\"InputTranscriptDelta\":{\"delta\":\"hel\"}}"},
      {"{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"hello\"}",
       "{\"InputTranscriptDone\":{\"text\":\"hello\"}}"}}},
    {"13.3/27 all of what the model said",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"working\"}",
       "{\"OutputTranscriptDone\":{\"text\":\"working\"}}"}}},
    {"13.3/28 all of what the model wrote",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.output_text.done\",\"text\":\"working\"}",
       "{\"OutputTranscriptDone\":{\"text\":\"working\"}}"}}},
    {"13.3/29 an item that was created",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"conversation.item.created\",\"item\":{\"id\":\"i\"}}",
       "{\"ConversationItemAdded\":{\"id\":\"i\"}}"}}},
    {"13.3/30 a message that is done is no transcript",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"i\",\"type\":\"message\",\"role\":"
       "\"assistant\","
       "\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}}",
       "{\"ConversationItemDone\":{\"item_id\":\"i\"}}"}}},
    {"13.3/31 audio without rate and channels",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.output_audio.delta\",\"delta\":\"AQID\"}",
       "{\"AudioOut\":{\"data\":\"AQID\",\"sample_rate\":24000,\"num_channels\":1}}"}}},
    {"13.3/32 audio by its other name, with the item",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.audio.delta\",\"delta\":\"AQID\",\"item_id\":\"i\"}",
       "{\"AudioOut\":{\"data\":\"AQID\",\"sample_rate\":24000,\"num_channels\":1,\"item_id\":\"i\"}}"}}},
    {"13.3/33 the user speaks, with and without an item",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"i\"}",
       "{\"InputAudioSpeechStarted\":{\"item_id\":\"i\"}}"},
      {"{\"type\":\"input_audio_buffer.speech_started\"}",
       "{\"InputAudioSpeechStarted\":{\"item_id\":null}}"}}},
    {"13.3/34 a response begins",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}",
       "{\"ResponseCreated\":{\"response_id\":\"resp_1\"}}"}}},
    {"13.3/35 a response is cancelled",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.cancelled\",\"response\":{\"id\":\"resp_1\"}}",
       "{\"ResponseCancelled\":{\"response_id\":\"resp_1\"}}"}}},
    {"13.3/36 a response is done: calls in its output are not looked at",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"output\":[{\"type\":\"function_call\","
       "\"name\":\"background_agent\",\"call_id\":\"c\",\"id\":\"i\",\"arguments\":\"{}\"}]}}",
       "{\"ResponseDone\":{\"response_id\":\"resp_1\"}}"},
      {"{\"type\":\"response.done\",\"response\":{\"output\":[]}}",
       "{\"ResponseDone\":{\"response_id\":null}}"}}},
    {"13.3/37 an error in each of its forms",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"error\",\"message\":\"out\",\"error\":{\"message\":\"in\"}}", "{\"Error\":\"out\"}"},
      {"{\"type\":\"error\",\"error\":{\"message\":\"in\",\"code\":\"c\"}}", "{\"Error\":\"in\"}"},
      {"{\"type\":\"error\",\"error\":{\"code\": \"c\"}}", "{\"Error\":\"{\\\"code\\\":\\\"c\\\"}\"}"},
      {"{\"type\":\"error\",\"error\":\"bad\"}", "{\"Error\":\"\\\"bad\\\"\"}"},
      {"{\"type\":\"error\",\"error\":[1, 2]}", "{\"Error\":\"[1,2]\"}"}}},
    {"13.3/38 what is unknown or has no type means nothing",
     PARLEY_PROTOCOL_V2,
     {{"{\"type\":\"rate_limits.updated\",\"rate_limits\":[]}", NULL},
      {"{\"foo\":1}", NULL},
      {"{\"type\":5}", NULL},
      {"[\"type\"]", NULL}}},

    {"13.15/162 the request in arguments without a usable key",
     PARLEY_PROTOCOL_V2,
     {{CALL("call_1", "{}"), "{\"HandoffRequested\":{\"handoff_id\":\"call_1\",\"item_id\":\"item_call_1\","
                             "\"input_transcript\":\"{}\","
                             "\"active_transcript\":[{\"role\":\"user\",\"text\":\"{}\"}]}}"},
      {CALL("call_2", "not json"),
       "{\"HandoffRequested\":{\"handoff_id\":\"call_2\",\"item_id\":\"item_call_2\",\"input_transcript\":"
       "\"not json\",\"active_transcript\":[{\"role\":\"user\",\"text\":\"not json\"}]}}"},
      {CALL("call_3", "{\\\"query\\\":\\\"  x \\\"}"),
       "{\"HandoffRequested\":{\"handoff_id\":\"call_3\",\"item_id\":\"item_call_3\",\"input_transcript\":"
       "\"x\","
       "\"active_transcript\":[{\"role\":\"user\",\"text\":\"x\"}]}}"}}},
    {"13.15/163 an error that says nothing is none", PARLEY_PROTOCOL_V2, {{"{\"type\":\"error\"}", NULL}}},
};

static void test_line(void **state)
{
    const struct line *line = *state;

    options.protocol = line->protocol;
    begin(&options);
    for (size_t i = 0; i < MESSAGES && line->said[i].message != NULL; i++) {
        const char *event = line->said[i].event;
        json_t *wanted = event != NULL ? json_loads(event, 0, NULL) : json_null();

        assert_non_null(wanted);
        service_says(line->said[i].message);
        expect_model(wanted);
        json_decref(wanted);
    }
    /* It goes on. */
    service_says("{\"type\":\"conversation.item.added\",\"item\":\"still there\"}");
    expect_view(expect(PARLEY_EVENT_ITEM_ADDED).json, "\"still there\"");
}

/* Difference: the reference passes over it in silence. */
static void what_is_not_json_is_told(void **state)
{
    static const char *const messages[] = {"not json at all", "", "{\"type\":\"error\",\"message\":\"x\""};

    (void)state;
    options.close_on_error = true;
    for (options.protocol = PARLEY_PROTOCOL_V2; options.protocol <= PARLEY_PROTOCOL_V1; options.protocol++) {
        begin(&options);
        for (size_t i = 0; i < COUNT(messages); i++) {
            service_says(messages[i]);
            assert_int_equal(expect(PARLEY_EVENT_SKIPPED).status, PARLEY_ERR_JSON);
        }
        service_says("{\"type\":\"conversation.item.added\",\"item\":1}");
        expect(PARLEY_EVENT_ITEM_ADDED);
        tear_down(NULL);
        memset(&peer_state, 0, sizeof peer_state);
    }
}

int main(void)
{
    struct CMUnitTest tests[COUNT(lines) + 1];

    for (size_t i = 0; i < COUNT(lines); i++)
        tests[i] = (struct CMUnitTest){lines[i].title, test_line, set_up, tear_down, (void *)&lines[i]};
    tests[COUNT(lines)] = (struct CMUnitTest){"13.3/38 what is not JSON is told, and it goes on",
                                              what_is_not_json_is_told, set_up, tear_down, NULL};
    return cmocka_run_group_tests_name("core_conformance_events", tests, NULL, NULL);
}
