/*
 * The examples of JSON-RPC in test/vectors/wire-examples.jsonl, each a test of its name: requests with what
 * comes of them, notifications with what they come from. The thread is called thr_1 there and something else
 * here, so the one is put in the place of the other.
 */
#include "cli_server.h"
#include "test/wire_examples.h"

static const char *thread;

/* The value of a member of a member. */
static json_t *of(json_t *object, const char *first, const char *second)
{
    json_t *value = json_object_get(object, first);

    return second != NULL ? json_object_get(value, second) : value;
}

static const char *text_of(json_t *object, const char *first, const char *second)
{
    return json_string_value(of(object, first, second));
}

/* ---- requests ------------------------------------------------------------------------------------ */

/* Says the request of an example, with our thread in it, and returns the answer. */
static json_t *ask(json_t *message)
{
    json_t *copy = json_deep_copy(message), *answer;
    char *line;

    if (of(copy, "params", "threadId") != NULL)
        json_object_set_new(json_object_get(copy, "params"), "threadId", json_string(thread));
    line = json_dumps(copy, JSON_COMPACT);
    say_line(line);
    free(line);
    json_decref(copy);
    serve();
    answer = next_line();
    expect_equal("id of the answer", json_object_get(answer, "id"), json_object_get(message, "id"));
    return answer;
}

/* session.update, as the service got it. */
static json_t *session_update(void)
{
    json_t *message = service_got();

    assert_string_equal(text_of(message, "type", NULL), "session.update");
    return message;
}

static void check_start(json_t *op)
{
    json_t *update = session_update(), *session = json_object_get(update, "session"), *prompt;
    const char *id = text_of(op, "session_id", NULL), *voice = text_of(op, "voice", NULL);
    bool written = strcmp(text_of(op, "output_modality", NULL), "text") == 0;

    expect_notification("thread/realtime/started", "sessionId", id != NULL ? id : thread);
    prompt = json_object_get(op, "prompt");
    assert_string_equal(text_of(session, "instructions", NULL),
                        json_is_null(prompt) ? "" : json_string_value(prompt));
    assert_string_equal(json_string_value(json_array_get(json_object_get(session, "output_modalities"), 0)),
                        written ? "text" : "audio");
    if (voice != NULL)
        assert_string_equal(text_of(of(session, "audio", "output"), "voice", NULL), voice);
    json_decref(update);
}

static void check_audio(json_t *op)
{
    json_t *sent = service_got();

    assert_string_equal(text_of(sent, "type", NULL), "input_audio_buffer.append");
    assert_string_equal(text_of(sent, "audio", NULL), text_of(op, "frame", "data"));
    json_decref(sent);
}

static void check_text(json_t *op)
{
    json_t *sent = service_got();
    json_t *content = json_array_get(of(sent, "item", "content"), 0);
    char labelled[200];

    snprintf(labelled, sizeof labelled, "[USER] %s", text_of(op, "text", NULL));
    assert_string_equal(text_of(content, "text", NULL), labelled);
    json_decref(sent);
}

/* The offer goes to the service, and the answer to the client before the call is joined. */
static void check_call(json_t *op)
{
    assert_non_null(strstr(service.offered, text_of(op, "transport", "sdp")));
    expect_notification("thread/realtime/started", "threadId", thread);
    expect_notification("thread/realtime/sdp", "sdp", "v=answer\r\n");
    serve();
    json_decref(session_update());
}

/* What came of a request beside its answer. */
static void check_op(json_t *op)
{
    const char *type = text_of(op, "type", NULL);

    if (strcmp(type, "realtime_conversation_start") != 0)
        json_decref(session_update());
    if (strcmp(type, "realtime_conversation_audio") == 0)
        check_audio(op);
    else if (strcmp(type, "realtime_conversation_text") == 0)
        check_text(op);
    else if (strcmp(type, "realtime_conversation_close") == 0)
        expect_notification("thread/realtime/closed", "reason", "requested");
    else if (of(op, "transport", NULL) != NULL)
        check_call(op);
    else
        check_start(op);
    expect_silence();
}

static void a_request(void **state)
{
    json_t *example = *state, *message = json_object_get(example, "message"), *answer;
    json_t *op = of(example, "maps_to", "op");

    client_begin();
    thread = client_thread();
    if (op != NULL && strcmp(text_of(op, "type", NULL), "realtime_conversation_start") != 0)
        client_start(thread);
    answer = ask(message);
    expect_equal("result", json_object_get(answer, "result"), of(example, "maps_to", "result"));
    json_decref(answer);
    if (op != NULL)
        check_op(op);
}

/* ---- what is said to the client ------------------------------------------------------------------ */

#define CALL                                                                                                 \
    "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_f\",\"type\":\"function_call\","           \
    "\"name\":\"background_agent\",\"call_id\":\"call_1\",\"arguments\":\"{\\\"prompt\\\":\\\"delegate "     \
    "now\\\"}\"}}"
#define SAYS_BOTH                                                                                            \
    "{\"type\":\"conversation.item.input_audio_transcription.completed\",\"transcript\":\"delegate now\"}",  \
        "{\"type\":\"response.output_audio_transcript.done\",\"transcript\":\"working on it\"}"

/* What the service says, what else happens, and how many messages come before the example's own. */
static const struct trigger {
    const char *name, *says[3], *request;
    int end, before;
} triggers[] = {
    {"ntf_started", {NULL}, NULL, 0, 0},
    {"ntf_sdp", {NULL}, NULL, 0, 1},
    {"ntf_item_added",
     {"{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"item_1\",\"type\":\"message\",\"role\":"
      "\"assistant\"}}"},
     NULL,
     0,
     1},
    {"ntf_speech_started",
     {"{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_u\"}"},
     NULL,
     0,
     1},
    {"ntf_cancelled", {"{\"type\":\"response.cancelled\",\"response\":{\"id\":\"resp_1\"}}"}, NULL, 0, 1},
    {"ntf_handoff", {SAYS_BOTH, CALL}, NULL, 0, 3},
    {"ntf_tr_delta_user",
     {"{\"type\":\"conversation.item.input_audio_transcription.delta\",\"delta\":\"delegate \"}"},
     NULL,
     0,
     1},
    {"ntf_tr_done_user", {SAYS_BOTH}, NULL, 0, 1},
    {"ntf_tr_delta_assistant",
     {"{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"work\"}"},
     NULL,
     0,
     1},
    {"ntf_tr_done_assistant", {SAYS_BOTH}, NULL, 0, 2},
    {"ntf_audio",
     {"{\"type\":\"response.output_audio.delta\",\"delta\":\"AQID\",\"samples_per_channel\":512}"},
     NULL,
     0,
     1},
    {"ntf_error", {"{\"type\":\"error\",\"error\":{\"message\":\"upstream boom\"}}"}, NULL, 0, 1},
    {"ntf_closed_error", {"{\"type\":\"error\",\"error\":{\"message\":\"upstream boom\"}}"}, NULL, 0, 2},
    {"ntf_closed_requested",
     {NULL},
     "{'id':2,'method':'thread/realtime/stop','params':{'threadId':'*'}}",
     0,
     2},
    {"ntf_closed_transport", {NULL}, NULL, PARLEY_ERR_PEER_CLOSED, 1},
};

static const struct trigger *find_trigger(const char *name)
{
    for (size_t i = 0; i < COUNT(triggers); i++)
        if (strcmp(triggers[i].name, name) == 0)
            return &triggers[i];
    fail_msg("nothing here brings %s about", name);
    return NULL;
}

static void a_notification(void **state)
{
    json_t *example = *state, *wanted = json_object_get(example, "message"), *got;
    const struct trigger *trigger = find_trigger(text_of(example, "name", NULL));

    client_begin();
    thread = client_thread();
    request(
        thread,
        strcmp(trigger->name, "ntf_sdp") == 0
            ? "{'id':1,'method':'thread/realtime/start','params':{'threadId':'*','outputModality':'audio',"
              "'transport':{'type':'webrtc','sdp':'v=offer'}}}"
            : "{'id':1,'method':'thread/realtime/start','params':{'threadId':'*','outputModality':'audio',"
              "'sessionId':'conv_1'}}");
    expect_line("{'id':1,'result':{}}");
    for (size_t i = 0; i < COUNT(trigger->says) && trigger->says[i] != NULL; i++)
        service_says(trigger->says[i]);
    service_ends(trigger->end);
    serve();
    if (trigger->request != NULL)
        request(thread, trigger->request);
    serve();
    for (int i = 0; i < trigger->before; i++)
        json_decref(next_line());
    json_object_set_new(json_object_get(wanted, "params"), "threadId", json_string(thread));
    got = next_line();
    expect_equal("notification", got, wanted);
    json_decref(got);
}

/* ---- errors -------------------------------------------------------------------------------------- */

static void a_refusal(void **state)
{
    json_t *example = *state, *wanted = json_object_get(example, "message"), *got;
    char message[200];

    settings.no_realtime = strcmp(text_of(example, "name", NULL), "rpc_feature_off") == 0;
    server_again();
    if (settings.no_realtime)
        client_begin();
    else
        say_line("{\"method\":\"initialize\"}");
    thread = client_thread();
    request(thread,
            "{'id':1,'method':'thread/realtime/start','params':{'threadId':'*','outputModality':'audio'}}");
    if (settings.no_realtime) {
        snprintf(message, sizeof message, "thread %s does not support realtime conversation", thread);
        json_object_set_new(json_object_get(wanted, "error"), "message", json_string(message));
    }
    serve();
    got = next_line();
    expect_equal("error", got, wanted);
    json_decref(got);
    expect_silence();
}

/* ---- one test for each example ------------------------------------------------------------------- */

static CMUnitTestFunction test_for(json_t *example)
{
    const char *name = text_of(example, "name", NULL);

    if (strcmp(text_of(example, "mode", NULL), "jsonrpc") != 0)
        return NULL;
    if (strncmp(name, "ntf_", 4) == 0)
        return a_notification;
    return strcmp(text_of(example, "direction", NULL), "in") == 0 ? a_request : a_refusal;
}

/* cmocka's state is the example; set_up of cli_server.h looks at it no further. */
static int set_up(void **state)
{
    void *unused = NULL;

    (void)state;
    return server_set_up(&unused);
}

int main(void)
{
    static struct CMUnitTest tests[64];
    FILE *file = NULL;
    size_t count = 0;
    json_t *example;
    int failed;

    while ((example = next_example(&file)) != NULL) {
        assert_true(count < COUNT(tests));
        if (test_for(example) != NULL)
            tests[count++] = (struct CMUnitTest){text_of(example, "name", NULL), test_for(example), set_up,
                                                 server_tear_down, example};
        else
            json_decref(example);
    }
    failed = count == 0 || _cmocka_run_group_tests("cli_rpc_examples", tests, count, NULL, NULL) != 0;
    while (count > 0)
        json_decref(tests[--count].initial_state);
    return failed;
}
