/*
 * The server of app-server on the virtual clock: what a client elsewhere could not bring about at will. Its
 * methods and notifications are seen from outside by test/peer/app_server_test.sh.
 *
 * link: -Wl,--wrap=malloc
 */
#include "cli_server.h"

/* ---- memory that runs out ------------------------------------------------------------------------ */

static unsigned mallocs;
static bool no_memory;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    mallocs++;
    return no_memory ? NULL : __real_malloc(bytes);
}

/* A service that keeps nothing, so that every malloc is the server's. */
static void forget(void *state, struct parley_view message, uint64_t now_us)
{
    (void)state;
    (void)message;
    (void)now_us;
}

static void work_quietly(void)
{
    struct parley_interest want[PARLEY_WAIT_MAX];

    for (int round = 0; round < 8; round++) {
        size_t count = parley_cli_server_interest(&server, want, PARLEY_WAIT_MAX, parley_clock_us());

        parley_wait(want, count, parley_clock_us());
        parley_cli_server_work(&server, want, count, parley_clock_us());
    }
}

static void a_conversation_is_one_block(void **state)
{
    static const char *const methods[] = {"start\",\"params\":{\"outputModality\":\"audio\",",
                                          "appendText\",\"params\":{\"text\":\"hello\",",
                                          "stop\",\"params\":{"};
    const char *thread;
    char line[200];

    (void)state;
    service_peer.received = forget;
    client_begin();
    thread = client_thread();
    for (int i = 0; i < 3; i++) {
        unsigned before = mallocs;

        for (size_t k = 0; k < COUNT(methods); k++) {
            snprintf(line, sizeof line, "{\"id\":1,\"method\":\"thread/realtime/%s\"threadId\":\"%s\"}}",
                     methods[k], thread);
            parley_cli_server_line(&server, line, strlen(line), parley_clock_us());
            work_quietly();
        }
        assert_int_equal(mallocs - before, 1);
        assert_true(parley_cli_server_idle(&server));
    }
    service_peer.received = service_received;
    assert_int_equal(service.opened, 3);
}

static void without_memory_a_start_fails_and_the_server_goes_on(void **state)
{
    const char *thread;

    (void)state;
    client_begin();
    thread = client_thread();
    no_memory = true;
    {
        char line[] = "{\"id\":1,\"method\":\"thread/realtime/start\",\"params\":{\"threadId\":"
                      "\"01234567-0123-4123-8123-0123456789ab\",\"outputModality\":\"audio\"}}";

        memcpy(strstr(line, "01234567"), thread, PARLEY_CLI_UUID - 1);
        parley_cli_server_line(&server, line, strlen(line), parley_clock_us());
    }
    no_memory = false;
    expect_line("{'id':1,'result':{}}");
    expect_notification("thread/realtime/error", "message", "memory");
    client_start(thread);
}

static void without_memory_a_thread_gets_no_agent(void **state)
{
    char line[] = "{\"id\":1,\"method\":\"thread/start\"}";

    (void)state;
    settings.agent = "work";
    server_again();
    client_begin();
    no_memory = true;
    parley_cli_server_line(&server, line, strlen(line), parley_clock_us());
    no_memory = false;
    expect_line("{'id':1,'error':{'code':-32603,'message':'no memory for the agent of another thread'}}");
    client_thread();
}

/* ---- a client that does not read ----------------------------------------------------------------- */

static void fill_queue(size_t left)
{
    static char zeros[4096];

    while (parley_cli_output_room(&server.out.queue) > left) {
        size_t room = parley_cli_output_room(&server.out.queue) - left;

        parley_cli_output_put(&server.out.queue, zeros, room < sizeof zeros ? room : sizeof zeros);
    }
}

static void events_wait_for_room_and_the_loop_does_not_spin(void **state)
{
    struct parley_interest want[PARLEY_WAIT_MAX];
    const char *thread;
    uint64_t before_us;

    (void)state;
    client_begin();
    thread = client_thread();
    client_start(thread);
    fill_queue(PARLEY_CLI_RPC_MESSAGE - 1);
    server.out.queue.fd = 2; /* what is not read now */
    server.out.queue.nonblocking = false;
    service_says("{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"item_1\"}}");
    service_says("{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"item_2\"}}");
    before_us = parley_clock_us();
    for (int i = 0; i < 10; i++) {
        size_t count = parley_cli_server_interest(&server, want, PARLEY_WAIT_MAX, parley_clock_us());

        for (size_t k = 0; k < count; k++)
            if (want[k].write)
                want[k].write = false; /* nobody reads */
        parley_wait(want, count, PARLEY_NEVER);
        parley_cli_server_work(&server, want, count, parley_clock_us());
    }
    assert_true(parley_clock_us() - before_us >= 8 * 20000);
    assert_false(parley_cli_server_room(&server));
    parley_ring_clear(&server.out.queue.ring);
    server.out.queue.fd = 1;
    server.out.queue.nonblocking = true;
    serve_us(50000);
    for (int i = 0; i < 2; i++)
        expect_notification("thread/realtime/itemAdded", "threadId", thread);
    expect_silence();
}

static void what_was_left_out_is_told_before_the_end(void **state)
{
    struct parley_interest want[PARLEY_WAIT_MAX];
    const char *thread;

    (void)state;
    client_begin();
    thread = client_thread();
    client_start(thread);
    fill_queue(PARLEY_CLI_RPC_QUEUE - PARLEY_CLI_RPC_AUDIO_SHARE);
    for (int i = 0; i < 3; i++)
        service_says("{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA\",\"sample_rate\":1000}");
    parley_cli_server_interest(&server, want, PARLEY_WAIT_MAX, parley_clock_us());
    parley_cli_conversation_work(&server, &server.threads[0], want);
    assert_int_equal(server.threads[0].shed.notifications, 3);
    parley_ring_clear(&server.out.queue.ring);
    request(thread, "{'id':2,'method':'thread/realtime/stop','params':{'threadId':'*'}}");
    expect_line("{'id':2,'result':{}}");
    serve();
    {
        json_t *shed = next_line(), *params = json_object_get(shed, "params");

        assert_string_equal(json_string_value(json_object_get(shed, "method")),
                            "thread/realtime/outputAudio/shed");
        assert_int_equal(json_integer_value(json_object_get(params, "notifications")), 3);
        assert_int_equal(json_integer_value(json_object_get(params, "durationMs")), 3); /* a sample each */
        json_decref(shed);
    }
    expect_notification("thread/realtime/closed", "reason", "requested");
    expect_silence();
}

/* ---- a service that does not read ---------------------------------------------------------------- */

static void text_the_service_does_not_take_is_refused_not_lost(void **state)
{
    const char *thread;
    int taken = 0;

    (void)state;
    service_peer.send_bytes = 1;
    client_begin();
    thread = client_thread();
    client_start(thread);
    for (;;) {
        json_t *answer;
        bool refused;

        request(
            thread,
            "{'id':7,'method':'thread/realtime/appendText','params':{'threadId':'*','text':"
            "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'}}");
        parley_cli_output_flush(&server.out.queue, true);
        keep_output();
        answer = next_line();
        refused = json_object_get(answer, "error") != NULL;
        if (refused)
            assert_string_equal(
                json_string_value(json_object_get(json_object_get(answer, "error"), "message")),
                "failed to append realtime conversation text: a queue is full");
        json_decref(answer);
        if (refused)
            break;
        taken++;
    }
    assert_in_range(taken, 100, 1000); /* 64 KiB, less what is kept for the conversation */
    service_peer.send_bytes = 0;
}

static void text_that_never_fits_is_refused(void **state)
{
    const char *thread;
    char *line = malloc(200 + 100000);

    (void)state;
    client_begin();
    thread = client_thread();
    client_start(thread);
    sprintf(line,
            "{\"id\":7,\"method\":\"thread/realtime/"
            "appendText\",\"params\":{\"threadId\":\"%s\",\"text\":\"%0100000d\"}}",
            thread, 1);
    say_line(line);
    free(line);
    expect_line("{'id':7,'error':{'code':-32603,'message':"
                "'failed to append realtime conversation text: a message exceeds its buffer'}}");
}

/* ---- goodbyes ------------------------------------------------------------------------------------ */

static void each_start_and_stop_closes_a_link_of_its_own(void **state)
{
    const char *thread;

    (void)state;
    client_begin();
    thread = client_thread();
    for (int i = 1; i <= 20; i++) {
        client_start(thread);
        request(thread, "{'id':2,'method':'thread/realtime/stop','params':{'threadId':'*'}}");
        expect_line("{'id':2,'result':{}}");
        expect_notification("thread/realtime/closed", "reason", "requested");
        assert_int_equal(service.opened, i);
    }
    expect_silence();
    assert_int_equal(service.closed, 20);
    assert_true(parley_cli_server_idle(&server));
}

static void replacing_in_one_breath_leaves_the_last(void **state)
{
    const char *thread;

    (void)state;
    client_begin();
    thread = client_thread();
    for (int i = 0; i < 5; i++)
        request(thread,
                "{'id':1,'method':'thread/realtime/start','params':{'threadId':'*','outputModality':'audio',"
                "'sessionId':'conv'}}");
    for (int i = 0; i < 5; i++)
        expect_line("{'id':1,'result':{}}");
    expect_notification("thread/realtime/started", "sessionId", "conv");
    expect_silence();
    assert_int_equal(service.opened, 1);
}

static void an_archived_thread_is_free_when_its_link_is_gone(void **state)
{
    char first[PARLEY_CLI_UUID];

    (void)state;
    settings.max_threads = 1;
    server_again();
    client_begin();
    snprintf(first, sizeof first, "%s", client_thread());
    client_start(first);
    request(first, "{'id':2,'method':'thread/archive','params':{'threadId':'*'}}");
    say_line("{\"id\":3,\"method\":\"thread/start\"}"); /* its link still says goodbye */
    expect_line("{'id':2,'result':{}}");
    expect_notification("thread/archived", "threadId", first);
    expect_line("{'id':3,'error':{'code':-32603,'message':"
                "'there are 1 threads already, and no more at once; thread/archive ends one'}}");
    assert_string_not_equal(client_thread(), first);
    expect_silence();
}

static void stopping_the_server_tells_what_was_live(void **state)
{
    char first[PARLEY_CLI_UUID];

    (void)state;
    client_begin();
    snprintf(first, sizeof first, "%s", client_thread());
    client_thread(); /* idle: nothing to tell */
    client_start(first);
    parley_cli_server_stop(&server);
    expect_notification("thread/realtime/closed", "threadId", first);
    expect_silence();
    assert_true(parley_cli_server_idle(&server));
    assert_int_equal(service.closed, 1);
}

/* ---- calls --------------------------------------------------------------------------------------- */

#define WEBRTC                                                                                               \
    "{'id':1,'method':'thread/realtime/start','params':{'threadId':'*','outputModality':'audio',"            \
    "'transport':{'type':'webrtc','sdp':'v=offer'}}}"

static const char *begin_call(void)
{
    const char *thread;

    client_begin();
    thread = client_thread();
    request(thread, WEBRTC);
    expect_line("{'id':1,'result':{}}");
    return thread;
}

static void a_stop_drops_the_join_of_a_call(void **state)
{
    const char *thread;

    (void)state;
    service.join_waits = true;
    thread = begin_call();
    expect_notification("thread/realtime/started", "threadId", thread);
    expect_notification("thread/realtime/sdp", "sdp", "v=answer\r\n");
    request(thread, "{'id':2,'method':'thread/realtime/appendText','params':{'threadId':'*','text':'x'}}");
    expect_line("{'id':2,'result':{}}");
    request(thread, "{'id':3,'method':'thread/realtime/stop','params':{'threadId':'*'}}");
    expect_line("{'id':3,'result':{}}");
    expect_notification("thread/realtime/closed", "reason", "requested");
    service.join_waits = false;
    serve_us(10000000);
    expect_silence();
    assert_int_equal(service.joined, 0);
    assert_true(parley_cli_server_idle(&server));
}

static void a_call_that_is_refused_never_started(void **state)
{
    const char *thread;

    (void)state;
    service.post_end = 429;
    thread = begin_call();
    expect_notification("thread/realtime/error", "message", "HTTP 429");
    expect_silence();
    request(thread, "{'id':2,'method':'thread/realtime/appendText','params':{'threadId':'*','text':'x'}}");
    expect_line("{'id':2,'result':{}}");
    expect_notification("error", "threadId", thread);
    assert_int_equal(service.posted, 1);
}

static void a_call_that_cannot_be_joined_ends(void **state)
{
    const char *thread;

    (void)state;
    service.join_end = PARLEY_ERR_AUTH;
    thread = begin_call();
    expect_notification("thread/realtime/started", "threadId", thread);
    expect_notification("thread/realtime/sdp", "sdp", "v=answer\r\n");
    for (int i = 0; i < 5; i++)
        serve_us(2000000);
    expect_notification("thread/realtime/error", "message", "does not accept the key");
    expect_notification("thread/realtime/closed", "reason", "error");
    expect_silence();
    assert_int_equal(service.joined, 5);
}

static void a_refused_call_leaves_the_old_conversation(void **state)
{
    const char *thread;

    (void)state;
    client_begin();
    thread = client_thread();
    client_start(thread);
    service.post_end = 404;
    request(thread, WEBRTC);
    expect_line("{'id':1,'result':{}}");
    expect_notification("thread/realtime/error", "message", "HTTP 404");
    service_says("{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_u\"}");
    expect_notification("thread/realtime/itemAdded", "threadId", thread);
    assert_int_equal(service.closed, 0);
}

/* ---- the agent ----------------------------------------------------------------------------------- */

#define COMMAND "cd -- '/home/ada' || exit\nwork"
#define CALL(id)                                                                                             \
    "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_" id "\",\"type\":\"function_call\","      \
    "\"name\":\"background_agent\",\"call_id\":\"" id "\",\"arguments\":\"{\\\"prompt\\\":\\\"go\\\"}\"}}"

static const char *begin_with_agent(void)
{
    settings.agent = "work";
    server_again();
    client_begin();
    return client_thread();
}

static void a_turn_outlives_its_conversation(void **state)
{
    const char *thread = begin_with_agent();

    (void)state;
    parley_fake_command(COMMAND, 2000000, 0);
    parley_fake_command_says(COMMAND, 1000000, 1, "late\n");
    client_start(thread);
    service_says(CALL("call_1"));
    expect_notification("thread/realtime/itemAdded", NULL, NULL);
    expect_notification("turn/started", "threadId", thread);
    request(thread, "{'id':2,'method':'thread/realtime/stop','params':{'threadId':'*'}}");
    expect_line("{'id':2,'result':{}}");
    expect_notification("thread/realtime/closed", NULL, NULL);
    expect_silence();
    serve_us(3000000);
    expect_notification("item/completed", "threadId", thread);
    expect_notification("turn/completed", "threadId", thread);
    expect_silence();
}

static void an_agent_that_cannot_start_fails_its_turn(void **state)
{
    const char *thread = begin_with_agent();
    json_t *ended;

    (void)state;
    parley_fake_process_broken(true);
    request(thread,
            "{'id':2,'method':'turn/start','params':{'threadId':'*','input':[{'type':'text','text':'x'}]}}");
    serve_us(1000000);
    for (int i = 0; i < 4; i++) /* answer, turn/started, the user's message, the agent's */
        json_decref(next_line());
    ended = next_line();
    assert_string_equal(json_string_value(json_object_get(ended, "method")), "turn/completed");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_object_get(ended, "params"), "turn"), "status")),
                        "failed");
    json_decref(ended);
}

static void an_agent_that_takes_too_long_is_ended(void **state)
{
    const char *thread = begin_with_agent();

    (void)state;
    parley_fake_command(COMMAND, PARLEY_NEVER, 0);
    request(thread,
            "{'id':2,'method':'turn/start','params':{'threadId':'*','input':[{'type':'text','text':'x'}]}}");
    serve_us(59000000);
    assert_true(parley_fake_process_running(0));
    serve_us(3000000);
    assert_false(parley_fake_process_running(0));
    for (int i = 0; i < 4; i++)
        json_decref(next_line());
    expect_notification("turn/completed", "threadId", thread);
}

/* An agent is looked at a few times a second, beside whatever it says. */
static void an_agent_at_work_does_not_make_the_loop_spin(void **state)
{
    const char *thread = begin_with_agent();
    struct parley_interest want[PARLEY_WAIT_MAX];
    uint64_t end_us;
    int rounds = 0;

    (void)state;
    parley_fake_command(COMMAND, PARLEY_NEVER, 0);
    client_start(thread);
    service_says(CALL("call_1"));
    serve();
    assert_true(parley_fake_process_running(0));
    for (end_us = parley_clock_us() + 10000000; parley_clock_us() < end_us && rounds < 1000; rounds++) {
        size_t count = parley_cli_server_interest(&server, want, PARLEY_WAIT_MAX, parley_clock_us());

        parley_wait(want, count, end_us);
        parley_cli_server_work(&server, want, count, parley_clock_us());
    }
    assert_in_range(rounds, 50, 150);
}

/* What the agent says waits while the client does not read, and comes whole. */
static void a_talkative_agent_is_held_back(void **state)
{
    const char *thread = begin_with_agent();
    size_t messages = 0;
    json_t *line;

    (void)state;
    parley_fake_command(COMMAND, PARLEY_NEVER, 0);
    request(thread,
            "{'id':2,'method':'turn/start','params':{'threadId':'*','input':[{'type':'text','text':'x'}]}}");
    serve();
    fill_queue(PARLEY_CLI_RPC_MESSAGE - 1);
    server.out.queue.nonblocking = false;
    server.out.queue.fd = 2;
    for (int i = 0; i < 2000; i++)
        parley_fake_process_write(0, 1, "yes\n\n", 5);
    parley_fake_process_exit(0, 0);
    for (int i = 0; i < 50; i++) {
        parley_fake_clock_advance_us(20000);
        parley_cli_turn_work(&server, &server.threads[0]);
    }
    assert_true(parley_cli_output_room(&server.out.queue) == PARLEY_CLI_RPC_MESSAGE - 1);
    assert_int_equal(server.out.queue.lost, 0);
    parley_ring_clear(&server.out.queue.ring);
    server.out.queue.fd = 1; /* and is read again, piece by piece */
    output_len = 0;
    serve_us(2000000);
    while ((line = next_line()) != NULL) {
        messages += strcmp(json_string_value(json_object_get(line, "method")), "item/completed") == 0;
        json_decref(line);
    }
    assert_int_equal(messages, 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_conversation_is_one_block),
        TEST(without_memory_a_start_fails_and_the_server_goes_on),
        TEST(without_memory_a_thread_gets_no_agent),
        TEST(events_wait_for_room_and_the_loop_does_not_spin),
        TEST(what_was_left_out_is_told_before_the_end),
        TEST(text_the_service_does_not_take_is_refused_not_lost),
        TEST(text_that_never_fits_is_refused),
        TEST(each_start_and_stop_closes_a_link_of_its_own),
        TEST(replacing_in_one_breath_leaves_the_last),
        TEST(an_archived_thread_is_free_when_its_link_is_gone),
        TEST(stopping_the_server_tells_what_was_live),
        TEST(a_stop_drops_the_join_of_a_call),
        TEST(a_call_that_is_refused_never_started),
        TEST(a_call_that_cannot_be_joined_ends),
        TEST(a_refused_call_leaves_the_old_conversation),
        TEST(a_turn_outlives_its_conversation),
        TEST(an_agent_that_cannot_start_fails_its_turn),
        TEST(an_agent_that_takes_too_long_is_ended),
        TEST(an_agent_at_work_does_not_make_the_loop_spin),
        TEST(a_talkative_agent_is_held_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
