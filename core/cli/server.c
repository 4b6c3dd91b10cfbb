/*
 * Capabilities, threads, and the table of methods: see server.h.
 */
#include "core/cli/server.h"

#include "platform/clock.h"
#include "platform/random.h"

#include <stdarg.h>
#include <stdio.h>

static parley_cli_method initialize, thread_start, thread_archive, nothing;

static const struct method {
    const char *name;
    parley_cli_method *run;
    bool at_once;      /* also before initialize */
    bool experimental; /* only for clients that said they know what that means (reference 11) */
} methods[] = {
    {"initialize", initialize, true, false},
    {"initialized", nothing, true, false},
    {"thread/start", thread_start, false, false},
    {"thread/archive", thread_archive, false, false},
    {"turn/start", parley_cli_turn_start, false, false},
    {"thread/realtime/start", parley_cli_realtime_start, false, true},
    {"thread/realtime/appendAudio", parley_cli_realtime_audio, false, true},
    {"thread/realtime/appendText", parley_cli_realtime_text, false, true},
    {"thread/realtime/stop", parley_cli_realtime_stop, false, true},
    {"thread/realtime/listVoices", parley_cli_realtime_voices, false, true},
    {"thread/realtime/handoffAppend", parley_cli_realtime_handoff_append, false, true},
    {"thread/realtime/handoffComplete", parley_cli_realtime_handoff_complete, false, true},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

void parley_cli_server_open(struct parley_cli_server *s, const struct parley_cli_server_settings *settings,
                            int fd, bool nonblocking, struct parley_arena *arena)
{
    *s = (struct parley_cli_server){.settings = *settings};
    s->threads = parley_arena_take(arena, settings->max_threads, sizeof *s->threads);
    s->request = parley_arena_take(arena, PARLEY_CLI_TURN_REQUEST, 1);
    parley_cli_rpc_out_open(&s->out, fd, nonblocking, arena);
}

/* ---- what methods share ------------------------------------------------------------------------ */

void parley_cli_server_refuse(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                              enum parley_cli_rpc_code code, const char *format, ...)
{
    char why[PARLEY_CLI_RPC_WHY + 200];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    parley_cli_rpc_error(&s->out, m->id, code, why);
}

bool parley_cli_server_params(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                              const struct parley_cli_rpc_param *params, size_t count,
                              struct parley_cli_rpc_value *values)
{
    char why[PARLEY_CLI_RPC_WHY];

    if (parley_cli_rpc_params(m->params, m->params_len, "", params, count, values, why))
        return true;
    parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS, "invalid params: %s", why);
    return false;
}

void parley_cli_server_not_running(struct parley_cli_server *s, const struct parley_cli_thread *t)
{
    struct parley_view running = parley_cli_turn_id(t);
    char turn[PARLEY_CLI_UUID];

    parley_cli_uuid(turn);
    parley_cli_notify_not_running(&s->out, parley_view(t->id), running.len > 0 ? running : parley_view(turn));
}

bool parley_cli_uuid(char uuid[PARLEY_CLI_UUID])
{
    unsigned char b[16];
    bool random = parley_random(b, sizeof b) == 0;

    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 9562: version 4, variant 1 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(uuid, PARLEY_CLI_UUID, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return random;
}

void parley_cli_server_log(const struct parley_cli_server *s, struct parley_view what,
                           struct parley_view text)
{
    parley_log_line(&s->settings.options.log, PARLEY_LOG_WARN, "%.*s%.*s", (int)what.len, what.at,
                    (int)(text.len < 200 ? text.len : 200), text.len > 0 ? text.at : "");
}

/* ---- the client -------------------------------------------------------------------------------- */

static void nothing(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    parley_cli_rpc_done(&s->out, m->id);
}

/* Takes the names in optOutNotificationMethods. */
static bool opt_out(struct parley_cli_server *s, char *names, size_t names_len)
{
    size_t at = 0, len;
    struct parley_view name;
    char *element;

    s->out.opted_out = 0;
    while (parley_cli_rpc_element(names, names_len, &at, &element, &len)) {
        if (!parley_cli_rpc_string(element, len, &name))
            return false;
        parley_cli_rpc_opt_out(&s->out, name);
    }
    return true;
}

static bool read_capabilities(struct parley_cli_server *s, const struct parley_cli_rpc_message *m, char *json,
                              size_t len)
{
    static const struct parley_cli_rpc_param params[] = {
        {"experimentalApi", PARLEY_CLI_RPC_BOOL, false, 0},
        {"optOutNotificationMethods", PARLEY_CLI_RPC_ARRAY, false, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];
    char why[PARLEY_CLI_RPC_WHY] = "capabilities.optOutNotificationMethods must hold strings only";

    if (!parley_cli_rpc_params(json, len, "capabilities.", params, COUNT(params), values, why) ||
        (values[1].json != NULL && !opt_out(s, values[1].json, values[1].len))) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS, "invalid params: %s", why);
        return false;
    }
    s->experimental = values[0].yes;
    return true;
}

static void initialize(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {
        {"clientInfo", PARLEY_CLI_RPC_OBJECT, false, 0},
        {"capabilities", PARLEY_CLI_RPC_OBJECT, false, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_render *r;
    char agent[80];

    if (s->initialized) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "already initialized");
        return;
    }
    if (!parley_cli_server_params(s, m, params, COUNT(params), values) ||
        (values[1].json != NULL && !read_capabilities(s, m, values[1].json, values[1].len)))
        return;
    s->initialized = true;
    snprintf(agent, sizeof agent, "parley/%s (%s)", PARLEY_VERSION, parley_transport());
    r = parley_cli_rpc_result(&s->out, m->id);
    parley_cli_json_open(r, NULL, '{');
    parley_cli_json_word(r, "userAgent", agent);
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(&s->out);
}

/* ---- threads ----------------------------------------------------------------------------------- */

static bool is_free(const struct parley_cli_thread *t)
{
    bool busy = t->id[0] != '\0';

    for (int role = 0; role < PARLEY_CLI_ROLES; role++)
        busy = busy || t->calls[role].c != NULL; /* of one archived a moment ago */
    return !busy;
}

static struct parley_cli_thread *free_thread(struct parley_cli_server *s)
{
    for (size_t i = 0; i < s->settings.max_threads; i++)
        if (is_free(&s->threads[i]))
            return &s->threads[i];
    return NULL;
}

static bool is_uuid(struct parley_view id)
{
    if (id.len != PARLEY_CLI_UUID - 1)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? id.at[i] != '-' : strchr("0123456789abcdefABCDEF", id.at[i]) == NULL || id.at[i] == '\0')
            return false;
    }
    return true;
}

struct parley_cli_thread *parley_cli_server_thread(struct parley_cli_server *s,
                                                   const struct parley_cli_rpc_message *m,
                                                   struct parley_view id)
{
    for (size_t i = 0; i < s->settings.max_threads; i++)
        if (id.len > 0 && parley_view_is(id, s->threads[i].id))
            return &s->threads[i];
    if (is_uuid(id))
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "thread not found: %.*s", (int)id.len, id.at);
    else
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "invalid thread id: it is no UUID");
    return NULL;
}

static void write_thread(struct parley_render *r, const struct parley_cli_thread *t)
{
    uint64_t now_s = (uint64_t)parley_clock_unix_s();

    parley_cli_json_open(r, "thread", '{');
    parley_cli_json_word(r, "id", t->id);
    parley_cli_json_word(r, "cwd", t->cwd);
    parley_cli_json_word(r, "preview", "");
    parley_cli_json_number(r, "createdAt", now_s);
    parley_cli_json_number(r, "updatedAt", now_s);
    parley_cli_json_open(r, "status", '{');
    parley_cli_json_word(r, "type", "idle");
    parley_cli_json_close(r, '}');
    parley_cli_json_open(r, "turns", '[');
    parley_cli_json_close(r, ']');
    parley_cli_json_close(r, '}');
}

/* Makes a thread. Answers NULL when there can be none, which the client has then been told. */
static struct parley_cli_thread *make_thread(struct parley_cli_server *s,
                                             const struct parley_cli_rpc_message *m, struct parley_view cwd)
{
    struct parley_cli_thread *t = free_thread(s);

    if (t == NULL) {
        parley_cli_server_refuse(
            s, m, PARLEY_CLI_RPC_INTERNAL,
            "there are %zu threads already, and no more at once; thread/archive ends one",
            s->settings.max_threads);
        return NULL;
    }
    *t = (struct parley_cli_thread){.turn = NULL};
    memcpy(t->cwd, cwd.at, cwd.len);
    if (!parley_cli_turn_open(s, t)) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INTERNAL, "no memory for the agent of another thread");
        return NULL;
    }
    if (!parley_cli_uuid(t->id)) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INTERNAL, "no random number for the thread's id");
        parley_cli_turn_close(t);
        t->id[0] = '\0';
        return NULL;
    }
    return t;
}

static void thread_start(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {{"cwd", PARLEY_CLI_RPC_TEXT, false, 0}};
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_cli_thread *t;
    struct parley_view cwd;
    struct parley_render *r;

    if (!parley_cli_server_params(s, m, params, COUNT(params), values))
        return;
    cwd = values[0].text.len > 0 ? values[0].text : parley_view(s->settings.cwd);
    if (cwd.len >= PARLEY_CLI_CWD || memchr(cwd.at, '\0', cwd.len) != NULL) {
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS, "invalid params: cwd can be no folder: %s",
                                 cwd.len >= PARLEY_CLI_CWD ? "it is too long" : "it holds a zero");
        return;
    }
    t = make_thread(s, m, cwd);
    if (t == NULL)
        return;
    r = parley_cli_rpc_result(&s->out, m->id);
    parley_cli_json_open(r, NULL, '{');
    write_thread(r, t);
    parley_cli_json_word(r, "cwd", t->cwd);
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(&s->out);
    write_thread(parley_cli_rpc_notify(&s->out, PARLEY_CLI_NOTIFY_THREAD_STARTED), t);
    parley_cli_rpc_send(&s->out);
}

/* Ends a thread, so that another one can take its place. Of its conversation nothing more is told. */
static void thread_archive(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {{"threadId", PARLEY_CLI_RPC_TEXT, true, 0}};
    struct parley_cli_rpc_value values[COUNT(params)];
    struct parley_cli_thread *t;
    struct parley_render *r;

    if (!parley_cli_server_params(s, m, params, COUNT(params), values) ||
        (t = parley_cli_server_thread(s, m, values[0].text)) == NULL)
        return;
    parley_cli_rpc_done(&s->out, m->id);
    r = parley_cli_rpc_notify(&s->out, PARLEY_CLI_NOTIFY_THREAD_ARCHIVED);
    parley_cli_json_word(r, "threadId", t->id);
    parley_cli_rpc_send(&s->out);
    parley_cli_conversation_stop(t);
    parley_cli_turn_close(t);
    t->id[0] = '\0';
    t->shed = (struct parley_cli_shed){0, 0};
}

/* ---- lines ------------------------------------------------------------------------------------- */

bool parley_cli_server_room(const struct parley_cli_server *s)
{
    return parley_cli_rpc_room(&s->out);
}

static const struct method *find_method(struct parley_view name)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (parley_view_is(name, methods[i].name))
            return &methods[i];
    return NULL;
}

static void run_method(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    const struct method *method = find_method(m->method);

    if (method == NULL)
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_METHOD, "method not found: %.*s",
                                 (int)(m->method.len < 100 ? m->method.len : 100), m->method.at);
    else if (!s->initialized && !method->at_once)
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "not initialized");
    else if (method->experimental && !s->experimental)
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_INVALID, "%s requires experimentalApi capability",
                                 method->name);
    else
        method->run(s, m);
}

void parley_cli_server_line(struct parley_cli_server *s, char *line, size_t len, uint64_t now_us)
{
    struct parley_cli_rpc_message m;

    s->now_us = now_us;
    if (parley_view_trim(parley_view_of(line, len)).len == 0)
        return;
    parley_cli_rpc_read(&m, line, len);
    if (m.kind == PARLEY_CLI_RPC_FAULT) {
        parley_cli_rpc_error(&s->out, m.id, m.code, m.why);
        return;
    }
    s->out.versioned = m.versioned;
    if (m.kind != PARLEY_CLI_RPC_ANSWER)
        run_method(s, &m);
}

void parley_cli_server_long_line(struct parley_cli_server *s, char *beginning, size_t len)
{
    struct parley_cli_rpc_message m;

    parley_cli_rpc_read_beginning(&m, beginning, len, len);
    parley_cli_rpc_error(&s->out, m.id, m.code, m.why);
}

/* ---- the loop ---------------------------------------------------------------------------------- */

size_t parley_cli_server_interest(struct parley_cli_server *s, struct parley_interest *want, size_t most,
                                  uint64_t now_us)
{
    struct parley_interest *moment = &want[0];
    size_t used = 1;

    s->now_us = now_us;
    *moment = (struct parley_interest){.fd = -1, .deadline_us = PARLEY_NEVER};
    used += parley_cli_output_interest(&s->out.queue, want + used);
    for (size_t i = 0; i < s->settings.max_threads; i++) {
        struct parley_cli_thread *t = &s->threads[i];

        used = parley_cli_conversation_interest(s, t, want, used, most);
        for (int role = 0; role < PARLEY_CLI_ROLES; role++)
            if (t->calls[role].c != NULL && t->calls[role].deadline_us < moment->deadline_us)
                moment->deadline_us = t->calls[role].deadline_us;
        used = parley_cli_turn_interest(s, t, want, used, most);
    }
    return used;
}

void parley_cli_server_work(struct parley_cli_server *s, const struct parley_interest *want, size_t count,
                            uint64_t now_us)
{
    bool writable = false;

    s->now_us = now_us;
    for (size_t i = 0; i < count; i++)
        writable = writable || (want[i].ready && want[i].write && want[i].fd == s->out.queue.fd);
    for (size_t i = 0; i < s->settings.max_threads; i++) {
        parley_cli_conversation_work(s, &s->threads[i], want);
        parley_cli_turn_work(s, &s->threads[i]);
    }
    parley_cli_output_flush(&s->out.queue, writable);
}

void parley_cli_server_stop(struct parley_cli_server *s)
{
    for (size_t i = 0; i < s->settings.max_threads; i++) {
        struct parley_cli_thread *t = &s->threads[i];

        if (t->calls[PARLEY_CLI_LIVE].c != NULL)
            parley_cli_conversation_closed(s, t, PARLEY_CLOSED_REQUESTED);
        parley_cli_conversation_stop(t);
        parley_cli_turn_close(t);
    }
}

bool parley_cli_server_idle(const struct parley_cli_server *s)
{
    for (size_t i = 0; i < s->settings.max_threads; i++)
        for (int role = 0; role < PARLEY_CLI_ROLES; role++)
            if (s->threads[i].calls[role].c != NULL)
                return false;
    return true;
}

void parley_cli_server_close(struct parley_cli_server *s)
{
    for (size_t i = 0; i < s->settings.max_threads; i++) {
        parley_cli_turn_close(&s->threads[i]);
        parley_cli_conversation_drop(&s->threads[i]);
    }
}
