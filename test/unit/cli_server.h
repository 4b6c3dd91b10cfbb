#ifndef PARLEY_TEST_CLI_SERVER_H
#define PARLEY_TEST_CLI_SERVER_H

/*
 * The server of app-server without its loop: a client that says lines and reads what comes, and a service
 * that says what it is told to and remembers what it got, on the virtual clock. Every conversation has the
 * same service, which counts how often it was opened.
 */
#include "cli_test.h"

#include "core/cli/server.h"
#include "platform/clock.h"
#include "transport/loopback/loopback.h"

#include <jansson.h>
#include <stdlib.h>

/* ---- the service --------------------------------------------------------------------------------- */

enum { SERVICE_MESSAGES = 64 };

static struct {
    const char *says[SERVICE_MESSAGES];
    size_t say_read, say_write;
    int end; /* a status, once everything has been said */
    char *got[SERVICE_MESSAGES];
    size_t got_read, got_write;
    int opened, closed;
    /* of calls: what attempts to create and to join one end with (0: they do not), and how often there were
       some; the body of the last */
    int post_end, join_end;
    unsigned posted, joined;
    bool join_waits;
    char *offered;
} service;

static inline void service_opened(void *state, uint64_t now_us)
{
    (void)state;
    (void)now_us;
    service.opened++;
}

static inline void service_received(void *state, struct parley_view message, uint64_t now_us)
{
    char *copy = malloc(message.len + 1);

    (void)state;
    (void)now_us;
    assert_true(service.got_write < SERVICE_MESSAGES);
    memcpy(copy, message.at, message.len);
    copy[message.len] = '\0';
    service.got[service.got_write++] = copy;
}

static inline int service_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (service.say_read == service.say_write)
        return service.end;
    *message = (struct parley_fragment){.bytes = parley_view(service.says[service.say_read++]), .last = true};
    return 1;
}

static inline void service_closed(void *state, uint16_t code, uint64_t now_us)
{
    (void)state;
    (void)code;
    (void)now_us;
    service.closed++;
}

static inline int service_dialled(void *state, bool call, uint64_t now_us, uint64_t *due_us)
{
    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    service.posted += call;
    if (call)
        return 1;
    if (service.join_waits)
        return 0;
    service.joined++;
    return service.join_end < 0 ? service.join_end : 1;
}

static inline void service_called(void *state, struct parley_view body, struct parley_loopback_answer *answer)
{
    (void)state;
    free(service.offered);
    service.offered = malloc(body.len + 1);
    memcpy(service.offered, body.at, body.len);
    service.offered[body.len] = '\0';
    answer->sdp = parley_view("v=answer\r\n");
    answer->id = "rtc_1";
    if (service.post_end > 0)
        answer->http_status = service.post_end;
}

static struct parley_loopback_peer service_peer = {.opened = service_opened,
                                                   .received = service_received,
                                                   .say = service_say,
                                                   .closed = service_closed,
                                                   .dialled = service_dialled,
                                                   .called = service_called};

/* The next message the service got, parsed; session.update counts as any other. */
static inline json_t *service_got(void)
{
    assert_true(service.got_read < service.got_write);
    return json_loads(service.got[service.got_read++], 0, NULL);
}

/* ---- the server ---------------------------------------------------------------------------------- */

enum { SERVER_ARENA = 4 * 1024 * 1024 };

static struct parley_cli_server server;
static struct parley_cli_server_settings settings;
static unsigned char *server_memory;
static char *output; /* lines not taken yet */
static size_t output_len, output_size;

static inline void server_settings(void)
{
    settings = (struct parley_cli_server_settings){
        .cwd = "/home/ada", .max_threads = 4, .agent_timeout_us = 60000000};
    settings.options.close_on_error = true;
    settings.options.limits.output_audio_ms = PARLEY_LIMIT_NONE;
    settings.options.peer = &service_peer;
}

static inline void server_begin(void)
{
    struct parley_arena arena;

    server_memory = calloc(1, SERVER_ARENA);
    arena = parley_arena(server_memory, SERVER_ARENA);
    parley_cli_server_open(&server, &settings, 1, true, &arena);
    assert_false(arena.failed);
}

static inline int server_set_up(void **state)
{
    fresh(state);
    memset(&service, 0, sizeof service);
    server_settings();
    server_begin();
    return 0;
}

static inline int server_tear_down(void **state)
{
    (void)state;
    parley_cli_server_close(&server);
    free(server_memory);
    free(output);
    output = NULL;
    output_len = output_size = 0;
    while (service.got_write > 0)
        free(service.got[--service.got_write]);
    free(service.offered);
    service.offered = NULL;
    return 0;
}

/* The loopback does not look for what nobody announced, so whoever says something wakes it. */
static inline void service_wakes(void)
{
    for (size_t i = 0; i < settings.max_threads; i++)
        for (int role = 0; role < PARLEY_CLI_ROLES; role++)
            server.threads[i].calls[role].touched = true;
}

static inline void service_says(const char *message)
{
    assert_true(service.say_write < SERVICE_MESSAGES);
    service.says[service.say_write++] = message;
    service_wakes();
}

static inline void service_ends(int status)
{
    service.end = status;
    service_wakes();
}

/* The same with other settings. */
static inline void server_again(void)
{
    parley_cli_server_close(&server);
    free(server_memory);
    server_begin();
}

static inline void keep_output(void)
{
    size_t got;

    do {
        if (output_size - output_len < PARLEY_FAKE_PIPE_BYTES) {
            output_size += PARLEY_FAKE_PIPE_BYTES * 4;
            output = realloc(output, output_size);
        }
        got = parley_fake_output(1, output + output_len, output_size - output_len);
        output_len += got;
    } while (got > 0);
}

/* Lets everything happen that happens within `us`. */
static inline void serve_us(uint64_t us)
{
    struct parley_interest want[PARLEY_WAIT_MAX];
    uint64_t end_us = parley_clock_us() + us;

    for (int quiet = 0; quiet < 8;) {
        size_t count = parley_cli_server_interest(&server, want, PARLEY_WAIT_MAX, parley_clock_us());
        uint64_t before_us = parley_clock_us();

        parley_wait(want, count, end_us);
        parley_cli_server_work(&server, want, count, parley_clock_us());
        keep_output();
        quiet = parley_clock_us() == before_us && before_us == end_us ? quiet + 1 : 0;
    }
}

static inline void serve(void)
{
    serve_us(0);
}

static inline char *copy_of(const char *text)
{
    char *copy = malloc(strlen(text) + 1);

    memcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* ---- the client ---------------------------------------------------------------------------------- */

static inline void say_line(const char *line)
{
    char *copy = copy_of(line);

    parley_cli_server_line(&server, copy, strlen(copy), parley_clock_us());
    free(copy);
}

/* The next line, parsed; NULL when there is none. */
static inline json_t *next_line(void)
{
    char *newline = output != NULL ? memchr(output, '\n', output_len) : NULL;
    json_error_t error;
    json_t *line;

    if (newline == NULL)
        return NULL;
    line = json_loadb(output, (size_t)(newline - output), 0, &error);
    if (line == NULL)
        fail_msg("not JSON (%s): %.*s", error.text, (int)(newline - output), output);
    output_len -= (size_t)(newline - output) + 1;
    memmove(output, newline + 1, output_len);
    return line;
}

static inline void expect_equal(const char *what, json_t *got, json_t *wanted)
{
    if (!json_equal(got, wanted)) {
        char *a = json_dumps(got, JSON_SORT_KEYS), *b = json_dumps(wanted, JSON_SORT_KEYS);

        fail_msg("%s: %s instead of %s", what, a != NULL ? a : "nothing", b);
    }
}

/* The next line is this message, given as JSON with ' for ". */
static inline void expect_line(const char *message)
{
    char *text = copy_of(message);
    json_t *got, *wanted;

    for (char *at = text; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    serve();
    got = next_line();
    wanted = json_loads(text, 0, NULL);
    assert_non_null(wanted);
    expect_equal("line", got, wanted);
    json_decref(got);
    json_decref(wanted);
    free(text);
}

/* The next line notifies of `method`, and its params hold `member` with this text (NULL: whatever). */
static inline void expect_notification(const char *method, const char *member, const char *text)
{
    json_t *got;
    const char *name, *value;

    serve();
    got = next_line();
    name = json_string_value(json_object_get(got, "method"));
    if (name == NULL || strcmp(name, method) != 0)
        fail_msg("%s instead of %s", got != NULL ? json_dumps(got, 0) : "nothing", method);
    value =
        member != NULL ? json_string_value(json_object_get(json_object_get(got, "params"), member)) : NULL;
    if (text != NULL && (value == NULL || strstr(value, text) == NULL))
        fail_msg("%s: %s instead of %s", method, json_dumps(got, 0), text);
    json_decref(got);
}

static inline void expect_silence(void)
{
    json_t *got;

    serve();
    got = next_line();
    if (got != NULL)
        fail_msg("%s instead of nothing", json_dumps(got, 0));
}

/* Says hello, and passes over the answer. */
static inline void client_begin(void)
{
    say_line("{\"id\":0,\"method\":\"initialize\",\"params\":{\"capabilities\":{\"experimentalApi\":true}}}");
    serve();
    json_decref(next_line());
}

/* Makes a thread, and passes over what is told of it. Its id is that of the last thread made. */
static inline const char *client_thread(void)
{
    static char id[PARLEY_CLI_UUID];
    json_t *answer;
    const char *made;

    say_line("{\"id\":0,\"method\":\"thread/start\"}");
    serve();
    answer = next_line();
    made = json_string_value(
        json_object_get(json_object_get(json_object_get(answer, "result"), "thread"), "id"));
    assert_non_null(made);
    snprintf(id, sizeof id, "%s", made);
    json_decref(answer);
    json_decref(next_line());
    return id;
}

/* Says a request, given as JSON with ' for ", in which * stands for the thread's id. */
static inline void request(const char *thread, const char *message)
{
    char text[4096];
    size_t used = 0;

    for (const char *at = message; *at != '\0'; at++) {
        assert_true(used + 64 < sizeof text);
        if (*at == '*')
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", thread);
        else
            text[used++] = *at == '\'' ? '"' : *at;
    }
    text[used] = '\0';
    say_line(text);
}

/* Starts a conversation in it, up to its beginning. */
static inline void client_start(const char *thread)
{
    request(thread,
            "{'id':1,'method':'thread/realtime/start','params':{'threadId':'*','outputModality':'audio'}}");
    expect_line("{'id':1,'result':{}}");
    expect_notification("thread/realtime/started", "threadId", thread);
}

#endif
