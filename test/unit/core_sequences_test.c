/*
 * The engine against a small model of it, over every sequence of up to six things that can happen: a wish for
 * a reply, created, done, cancelled, done of another response, the active-response error, a request for the
 * agent, an empty one, progress, completion. A million sequences in a few seconds, as each continues from a
 * copy of the block.
 */
#include "core/parley.h"
#include "transport/loopback/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum input {
    WANT,
    CREATED,
    DONE,
    CANCELLED,
    DONE_OTHER,
    REFUSED,
    CALL,
    CALL_EMPTY,
    PROGRESS,
    COMPLETE,
    INPUTS
};
enum { DEPTH = 6, SENT_MAX = 4 };

/* What was sent in one step, as letters: C create, F finished, M finished without a message, S steered, E
   empty, P progress; the calls answered stand behind as digits. */
struct sent {
    char text[16];
};

/* ---- the model: what the reference asks for (6.4, 6.5), with our differences ------------------------ */

struct model {
    enum { IDLE, ASKED, RUNNING } response;
    int running; /* the number of the running response */
    int last;    /* of the latest created one */
    bool wanted;
    int active; /* the call being worked on, 0 none */
    bool reported;
    int calls;
};

static void model_send(struct sent *sent, char what, int call)
{
    size_t at = strlen(sent->text);

    sent->text[at++] = what;
    if (call > 0)
        sent->text[at++] = (char)('0' + call);
    sent->text[at] = 0;
}

static void model_want(struct model *m, struct sent *sent)
{
    if (m->response == IDLE) {
        m->response = ASKED;
        model_send(sent, 'C', 0);
    } else {
        m->wanted = true;
    }
}

static void model_end(struct model *m, int number, struct sent *sent)
{
    if (m->response != RUNNING || number != m->running)
        return;
    m->response = IDLE;
    if (m->wanted) {
        m->wanted = false;
        model_want(m, sent);
    }
}

static void model_call(struct model *m, bool empty, struct sent *sent)
{
    m->calls++;
    if (empty) {
        model_send(sent, 'E', m->calls);
        model_want(m, sent);
    } else if (m->active > 0) {
        model_send(sent, 'S', m->calls);
        model_want(m, sent);
    } else {
        m->active = m->calls;
        m->reported = false;
    }
}

static void model_step(struct model *m, enum input input, struct sent *sent)
{
    sent->text[0] = 0;
    switch (input) {
    case WANT:
        model_want(m, sent);
        break;
    case CREATED:
        m->response = RUNNING;
        m->running = ++m->last;
        break;
    case DONE:
    case CANCELLED:
        model_end(m, m->last, sent);
        break;
    case DONE_OTHER:
        model_end(m, 99, sent);
        break;
    case REFUSED:
        m->response = RUNNING;
        m->running = m->last;
        m->wanted = true;
        break;
    case CALL:
    case CALL_EMPTY:
        model_call(m, input == CALL_EMPTY, sent);
        break;
    case PROGRESS:
        if (m->active > 0) {
            m->reported = true;
            model_send(sent, 'P', 0);
        }
        break;
    case COMPLETE:
        if (m->active > 0) {
            model_send(sent, m->reported ? 'F' : 'M', m->active);
            m->active = 0;
            model_want(m, sent);
        }
        break;
    case INPUTS:
        break;
    }
}

/* ---- the engine, behind a peer that hands over one message and notes what comes back --------------- */

static const char *to_say;
static struct sent heard;

static char kind_of(const char *message)
{
    if (strstr(message, "\"response.create\"") != NULL)
        return 'C';
    if (strstr(message, "[BACKEND]") != NULL && strstr(message, "input_text") != NULL)
        return 'P';
    if (strstr(message, "Background agent finished. Use") != NULL)
        return 'F';
    if (strstr(message, "Background agent finished without") != NULL)
        return 'M';
    if (strstr(message, "steer the previous") != NULL)
        return 'S';
    if (strstr(message, "function_call_output") != NULL)
        return 'E';
    return '?';
}

static void on_received(void *state, struct parley_view message, uint64_t now_us)
{
    char text[512];
    const char *call;
    size_t len = message.len < sizeof text - 1 ? message.len : sizeof text - 1;

    (void)state;
    (void)now_us;
    memcpy(text, message.at, len);
    text[len] = 0;
    if (strstr(text, "session.update") != NULL)
        return;
    call = strstr(text, "\"call_id\":\"call_");
    assert_true(strlen(heard.text) < sizeof heard.text - 3);
    model_send(&heard, kind_of(text), call != NULL ? call[16] - '0' : 0);
}

static int on_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (to_say == NULL)
        return 0;
    *message = (struct parley_fragment){.bytes = parley_view(to_say), .last = true};
    to_say = NULL;
    return 1;
}

static void on_opened(void *state, uint64_t now_us)
{
    (void)state;
    (void)now_us;
}

static struct parley_loopback_peer peer = {.opened = on_opened, .received = on_received, .say = on_say};
static struct parley_conversation *c;

static void let_say(const char *format, int number)
{
    static char message[400];
    struct parley_event event;

    snprintf(message, sizeof message, format, number, number);
    to_say = message;
    while (parley_next_event(c, &event) > 0)
        ;
    assert_null(to_say);
}

static void engine_step(const struct model *before, enum input input)
{
    struct parley_view any = parley_view(NULL);

    heard.text[0] = 0;
    switch (input) {
    case WANT:
        parley_request_reply(c);
        break;
    case CREATED:
        let_say("{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%d\"}}", before->last + 1);
        break;
    case DONE:
        let_say("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%d\"}}", before->last);
        break;
    case CANCELLED:
        let_say("{\"type\":\"response.cancelled\",\"response\":{\"id\":\"resp_%d\"}}", before->last);
        break;
    case DONE_OTHER:
        let_say("{\"type\":\"response.done\",\"response\":{\"id\":\"resp_99\"}}", 0);
        break;
    case REFUSED:
        let_say("{\"type\":\"error\",\"error\":{\"code\":\"conversation_already_has_active_response\","
                "\"message\":\"Conversation already has an active response in progress: resp_%d\"}}",
                before->last);
        break;
    case CALL:
        let_say("{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"i%d\",\"type\":\"function_call\","
                "\"name\":"
                "\"background_agent\",\"call_id\":\"call_%d\",\"arguments\":\"{\\\"prompt\\\":\\\"x\\\"}\"}}",
                before->calls + 1);
        break;
    case CALL_EMPTY:
        let_say("{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"i%d\",\"type\":\"function_call\","
                "\"name\":"
                "\"background_agent\",\"call_id\":\"call_%d\",\"arguments\":\"\"}}",
                before->calls + 1);
        break;
    case PROGRESS:
        parley_agent_progress(c, any, parley_view("so far"));
        break;
    case COMPLETE:
        parley_agent_done(c, any);
        break;
    case INPUTS:
        break;
    }
}

/* ---- all of them --------------------------------------------------------------------------------- */

static unsigned char *block, *copies[DEPTH];
static size_t block_bytes;
static long sequences;
static unsigned depth_max = DEPTH;
static enum input path[DEPTH];

/* Created and not yet begun, ended or refused: never two at once, whatever the model says. */
static bool is_outstanding(bool outstanding, enum input input, const struct sent *sent)
{
    const char *create = strchr(sent->text, 'C');

    if (input == CREATED || input == REFUSED)
        outstanding = false;
    assert_false(outstanding && create != NULL);
    assert_true(create == NULL || strchr(create + 1, 'C') == NULL);
    assert_true(create == NULL || create[1] == 0); /* function_call_output comes before its create */
    return outstanding || create != NULL;
}

static void walk(unsigned depth, struct model model, bool outstanding)
{
    if (depth == depth_max)
        return;
    memcpy(copies[depth], block, block_bytes);
    for (unsigned i = 0; i < INPUTS; i++) {
        struct model next = model;
        struct sent expected;

        if (i > 0)
            memcpy(block, copies[depth], block_bytes);
        path[depth] = (enum input)i;
        model_step(&next, (enum input)i, &expected);
        engine_step(&model, (enum input)i);
        if (strcmp(expected.text, heard.text) != 0) {
            for (unsigned d = 0; d <= depth; d++)
                print_error("%d ", path[d]);
            fail_msg("sent \"%s\", \"%s\" expected", heard.text, expected.text);
        }
        sequences++;
        walk(depth + 1, next, is_outstanding(outstanding, (enum input)i, &heard));
    }
}

static void every_sequence_of_six(void **state)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    struct parley_event event;

    (void)state;
    if (getenv("PARLEY_TEST_SLOWLY") != NULL) /* under valgrind */
        depth_max = 3;
    options.peer = &peer;
    options.prompt = parley_view("");
    options.limits = (struct parley_limits){.inbox_bytes = 1024,
                                            .outbox_bytes = 8192,
                                            .input_audio_ms = 100,
                                            .output_audio_ms = PARLEY_LIMIT_NONE,
                                            .transcript_bytes = 256,
                                            .reply_items = 2,
                                            .link_recv_bytes = 1024,
                                            .link_send_bytes = 8192};
    block_bytes = parley_memory_needed(&options);
    block = malloc(block_bytes);
    for (unsigned i = 0; i < DEPTH; i++)
        copies[i] = malloc(block_bytes);
    assert_int_equal(parley_open(&c, block, block_bytes, &options, 1, NULL), PARLEY_OK);
    parley_service(c, 2);
    parley_service(c, 3);
    while (parley_next_event(c, &event) > 0)
        ;
    walk(0, (struct model){0}, false);
    assert_int_equal(sequences, depth_max == DEPTH ? 1111110 : 1110);
    parley_close(c);
    for (unsigned i = 0; i < DEPTH; i++)
        free(copies[i]);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_sequence_of_six)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
