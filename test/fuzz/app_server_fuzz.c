/*
 * Any lines to the server of app-server: those that begin with '!' are said by the service, an empty one lets
 * 100 ms pass, all others come from the client, with the id of the latest thread in the place of each '*'.
 * Whatever comes, each line of the client has at most one answer, and all that is written is JSON.
 */
#include "core/cli/server.h"
#include "parser/json.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "test/fuzz/fuzz.h"
#include "test/loopback_peer.h"

enum { ARENA = 4 * 1024 * 1024, LINE = 8192 };

/* ---- the service: says the line that is waiting ---------------------------------------------------- */

static struct parley_view waiting;

static int say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    (void)state;
    (void)now_us;
    *due_us = PARLEY_NEVER;
    if (waiting.at == NULL)
        return 0;
    *message = (struct parley_fragment){.bytes = waiting, .last = true};
    waiting = parley_view(NULL);
    return 1;
}

static struct parley_loopback_peer peer = {.opened = ignore_opened, .received = ignore_received, .say = say};

/* ---- the client ------------------------------------------------------------------------------------ */

static struct parley_cli_server server;
static char thread[PARLEY_CLI_UUID];

/* Looks through all that was written; returns the number of answers. */
static unsigned read_output(void)
{
    static char line[PARLEY_CLI_RPC_MESSAGE];
    struct parley_ring *ring = &server.out.queue.ring;
    unsigned answers = 0;
    size_t len = 0;

    while (parley_ring_take(ring, line + len, 1) == 1) {
        struct parley_json j;
        bool id = false;

        must(len < sizeof line - 1);
        if (line[len++] != '\n')
            continue;
        parley_json_start(&j, line, len);
        must(parley_json_next(&j) == PARLEY_JSON_OBJECT);
        while (parley_json_next(&j) == PARLEY_JSON_NAME) {
            id = id || parley_json_name_is(&j, "id");
            parley_json_skip(&j);
        }
        must(parley_json_next(&j) == PARLEY_JSON_END);
        answers += id;
        len = 0;
    }
    must(len == 0);
    return answers;
}

static void work(void)
{
    struct parley_interest want[PARLEY_WAIT_MAX];

    for (int round = 0; round < 4; round++) {
        size_t count = parley_cli_server_interest(&server, want, PARLEY_WAIT_MAX, parley_clock_us());

        parley_wait(want, count, parley_clock_us());
        server.out.queue.fd = -1; /* what is written stays, to be looked at */
        parley_cli_server_work(&server, want, count, parley_clock_us());
        must(read_output() == 0);
    }
}

static void say_line(struct parley_view line)
{
    static char text[LINE];
    struct parley_render r = parley_render(text, sizeof text);

    for (size_t i = 0; i < line.len; i++)
        parley_render_raw(&r, line.at[i] == '*' ? parley_view(thread) : parley_view_of(line.at + i, 1));
    if (r.overflow)
        parley_cli_server_long_line(&server, text, r.used);
    else
        parley_cli_server_line(&server, text, r.used, parley_clock_us());
    must(read_output() <= 1);
    for (size_t i = 0; i < server.settings.max_threads; i++)
        if (server.threads[i].id[0] != '\0')
            memcpy(thread, server.threads[i].id, sizeof thread);
}

static void take_line(struct parley_view line)
{
    if (line.len == 0)
        parley_fake_clock_advance_us(100000);
    else if (line.at[0] == '!')
        waiting = parley_view_skip(line, 1);
    else
        say_line(line);
    for (size_t i = 0; i < server.settings.max_threads; i++)
        for (int role = 0; role < PARLEY_CLI_ROLES; role++)
            server.threads[i].calls[role].touched = true;
    work();
    waiting = parley_view(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char memory[ARENA];
    struct parley_arena arena = parley_arena(memory, sizeof memory);
    struct parley_cli_server_settings settings = {.cwd = "/", .max_threads = 2, .agent_timeout_us = 1000000};
    struct parley_view text = parley_view_of((const char *)data, size);

    parley_fake_reset();
    settings.options.peer = &peer;
    settings.options.close_on_error = true;
    settings.options.limits.output_audio_ms = PARLEY_LIMIT_NONE;
    settings.agent = size > 0 && data[0] == '@' ? "work" : NULL;
    memset(thread, 0, sizeof thread);
    parley_cli_server_open(&server, &settings, -1, false, &arena);
    must(!arena.failed);
    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.at) : text.len;

        take_line(parley_view_of(text.at, len));
        text = parley_view_skip(text, len + 1);
    }
    parley_cli_server_stop(&server);
    parley_cli_server_close(&server);
    return 0;
}
