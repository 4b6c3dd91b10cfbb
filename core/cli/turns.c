/*
 * Turns of a thread's agent: see server.h. One that the user typed and one that a handoff asked for are the
 * same kind of work (reference 10.3 to 10.5): what is asked while one runs steers it, what the agent says is
 * a message of the turn and goes to whatever handoff is active, and the end of the turn ends that handoff.
 *
 * Without a command the client is the agent: then a turn is mirrored into the conversation, and over.
 */
#include "core/cli/server.h"

#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { FAILURE_BYTES = 400, CROWDED_US = 5 * 1000 };

struct parley_cli_turn {
    struct parley_cli_server *server;
    struct parley_cli_thread *thread;
    struct parley_cli_agent agent;
    char id[PARLEY_CLI_UUID]; /* of the turn that runs; empty: none does */
    char failure[FAILURE_BYTES];
    size_t failure_len;
    bool told_live; /* the agent was told last that the user speaks with it */
};

struct parley_view parley_cli_turn_id(const struct parley_cli_thread *t)
{
    return parley_view(t->turn != NULL && t->turn->id[0] != '\0' ? t->turn->id : NULL);
}

/* ---- what the agent says ----------------------------------------------------------------------- */

static void notify_message(struct parley_cli_turn *turn, struct parley_view text)
{
    char item[PARLEY_CLI_UUID];

    parley_cli_uuid(item);
    parley_cli_notify_item(&turn->server->out, parley_view(turn->thread->id), parley_view(turn->id),
                           parley_view(item), PARLEY_CLI_ITEM_AGENT, text);
}

static void end_turn(struct parley_cli_turn *turn)
{
    bool failed = turn->failure_len > 0;

    parley_cli_notify_turn(&turn->server->out, PARLEY_CLI_NOTIFY_TURN_COMPLETED,
                           parley_view(turn->thread->id), parley_view(turn->id),
                           failed ? "failed" : "completed",
                           parley_view_of(failed ? turn->failure : NULL, turn->failure_len));
    turn->id[0] = '\0';
    turn->failure_len = 0;
}

static void hear(void *user, enum parley_cli_agent_news news, struct parley_view text)
{
    struct parley_cli_turn *turn = user;

    turn->thread->calls[PARLEY_CLI_LIVE].touched = true; /* what it was told may wait to go out */
    switch (news) {
    case PARLEY_CLI_AGENT_STARTED:
        break;
    case PARLEY_CLI_AGENT_FAILED:
        turn->failure_len = text.len < FAILURE_BYTES ? text.len : FAILURE_BYTES;
        memcpy(turn->failure, text.at, turn->failure_len);
        notify_message(turn, text);
        break;
    case PARLEY_CLI_AGENT_SAID:
        notify_message(turn, text);
        break;
    case PARLEY_CLI_AGENT_LOST:
    case PARLEY_CLI_AGENT_DROPPED:
        parley_cli_server_log(turn->server, parley_view("the agent's message was not told: "), text);
        break;
    case PARLEY_CLI_AGENT_DONE:
        end_turn(turn);
        break;
    }
}

static bool has_room(const void *user)
{
    const struct parley_cli_turn *turn = user;

    return parley_cli_rpc_room(&turn->server->out);
}

/* ---- life -------------------------------------------------------------------------------------- */

/* The command, after a line that goes to the thread's folder, with its zero. Returns the length; with `out`
   NULL it only counts. */
static size_t write_command(char *out, size_t bytes, const char *cwd, const char *command)
{
    struct parley_render r = parley_render(out, bytes);

    parley_render_raw(&r, parley_view("cd -- '"));
    for (const char *at = cwd; *at != '\0'; at++)
        parley_render_raw(&r, *at == '\'' ? parley_view("'\\''") : parley_view_of(at, 1));
    parley_render_raw(&r, parley_view("' || exit\n"));
    parley_render_raw(&r, parley_view_of(command, strlen(command) + 1));
    return r.used;
}

/* NULL when the arena only counts. */
static struct parley_cli_turn *carve(struct parley_arena *arena, const struct parley_cli_server *s,
                                     const struct parley_cli_thread *t)
{
    size_t bytes = write_command(NULL, 0, t->cwd, s->settings.agent);
    struct parley_cli_turn *turn = parley_arena_take(arena, 1, sizeof *turn), scratch;
    char *command = parley_arena_take(arena, bytes, 1);

    if (command != NULL)
        write_command(command, bytes, t->cwd, s->settings.agent);
    parley_cli_agent_open(turn != NULL ? &turn->agent : &scratch.agent, s->settings.agent,
                          s->settings.agent_timeout_us, hear, turn, arena);
    if (turn != NULL)
        turn->agent.command = command;
    return turn;
}

bool parley_cli_turn_open(struct parley_cli_server *s, struct parley_cli_thread *t)
{
    struct parley_arena arena = parley_arena(NULL, 0);
    void *block;

    if (s->settings.agent == NULL)
        return true;
    carve(&arena, s, t);
    block = malloc(arena.used);
    if (block == NULL)
        return false;
    arena = parley_arena(block, arena.used);
    t->turn = carve(&arena, s, t);
    t->turn->server = s;
    t->turn->thread = t;
    t->turn->agent.independent = true;
    t->turn->agent.room = has_room;
    return true;
}

void parley_cli_turn_close(struct parley_cli_thread *t)
{
    if (t->turn == NULL)
        return;
    parley_cli_agent_close(&t->turn->agent);
    free(t->turn);
    t->turn = NULL;
}

/* ---- asking it --------------------------------------------------------------------------------- */

static void notify_begin(struct parley_cli_server *s, const struct parley_cli_thread *t,
                         struct parley_view turn)
{
    parley_cli_notify_turn(&s->out, PARLEY_CLI_NOTIFY_TURN_STARTED, parley_view(t->id), turn, "inProgress",
                           parley_view(NULL));
}

/* What is asked for while a turn runs belongs to it. Returns true when a new one begins. */
static bool begin_turn(struct parley_cli_turn *turn)
{
    if (turn->id[0] != '\0')
        return false;
    parley_cli_uuid(turn->id);
    return true;
}

/* The envelope of a handoff is no text of the user, and the client is not shown it as one. */
void parley_cli_turn_handoff(struct parley_cli_server *s, struct parley_cli_thread *t,
                             const struct parley_event *event)
{
    if (t->turn == NULL || event->delegation.len == 0)
        return;
    if (begin_turn(t->turn))
        notify_begin(s, t, parley_view(t->turn->id));
    parley_cli_agent_ask(&t->turn->agent, event->delegation, s->now_us);
}

/* What the user typed, behind a notice when the agent has not yet been told that the user speaks with it now,
   or no longer does (reference 10.6). */
static struct parley_view write_request(struct parley_cli_server *s, struct parley_cli_turn *turn,
                                        struct parley_view text)
{
    bool live = turn->thread->calls[PARLEY_CLI_LIVE].c != NULL;
    struct parley_render r = parley_render(s->request, PARLEY_CLI_TURN_REQUEST);

    if (live != turn->told_live) {
        char notice[PARLEY_CLI_TURN_REQUEST - PARLEY_CLI_TURN_TEXT - 2];
        long len = parley_agent_notice(live, parley_view(NULL), notice, sizeof notice);

        parley_render_raw(&r, parley_view_of(notice, len > 0 ? (size_t)len : 0));
        parley_render_raw(&r, parley_view("\n\n"));
        turn->told_live = live;
    }
    parley_render_raw(&r, text);
    return parley_rendered(&r);
}

/* ---- turn/start -------------------------------------------------------------------------------- */

/* An element of the input. Returns false when it is none; *text is absent when it is something else than
   text. */
static bool read_element(char *json, size_t len, struct parley_view *text, char *why)
{
    static const struct parley_cli_rpc_param params[] = {
        {"type", PARLEY_CLI_RPC_TEXT, true, 0},
        {"text", PARLEY_CLI_RPC_TEXT, false, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];

    if (!parley_cli_rpc_params(json, len, "input.", params, COUNT(params), values, why))
        return false;
    *text = parley_view(NULL);
    if (!parley_view_is(values[0].text, "text"))
        return true;
    *text = values[1].text;
    snprintf(why, PARLEY_CLI_RPC_WHY, "input.text is missing");
    return text->at != NULL;
}

/* Puts the texts of the input together, without anything between them, where the first one stands. */
static bool read_input(const struct parley_cli_rpc_value *input, struct parley_view *joined, char *why)
{
    size_t at = 0, used = 0, len;
    char *element;

    while (parley_cli_rpc_element(input->json, input->len, &at, &element, &len)) {
        struct parley_view text;

        if (!read_element(element, len, &text, why))
            return false;
        if (text.len > 0)
            memmove(input->json + used, text.at, text.len);
        used += text.len;
    }
    *joined = parley_view_of(input->json, used);
    snprintf(why, PARLEY_CLI_RPC_WHY,
             used == 0 ? "input holds no text" : "input holds more than %d bytes of text",
             PARLEY_CLI_TURN_TEXT);
    return used > 0 && used <= PARLEY_CLI_TURN_TEXT;
}

/* The text in front of the conversation's model, which answers nothing to it (reference 10.5). */
static void mirror(struct parley_cli_server *s, struct parley_cli_thread *t, struct parley_view text)
{
    struct parley_conversation *c = parley_cli_conversation(t);
    int status = c != NULL ? parley_mirror_text(c, text) : PARLEY_OK;

    if (status != PARLEY_OK)
        parley_cli_server_log(s, parley_view("a typed turn was not mirrored: "),
                              parley_view(parley_status_text(status)));
}

/* Tells the client that its turn is taken, and what is in it. */
static void answer_turn(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                        const struct parley_cli_thread *t, struct parley_view turn, bool begins,
                        struct parley_view text)
{
    struct parley_render *r = parley_cli_rpc_result(&s->out, m->id);
    char item[PARLEY_CLI_UUID];

    parley_cli_json_open(r, NULL, '{');
    parley_cli_write_turn(r, "turn", turn, "inProgress", parley_view(NULL));
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(&s->out);
    if (begins)
        notify_begin(s, t, turn);
    parley_cli_uuid(item);
    parley_cli_notify_item(&s->out, parley_view(t->id), turn, parley_view(item), PARLEY_CLI_ITEM_USER, text);
}

static void run_turn(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                     struct parley_cli_thread *t, struct parley_view text)
{
    bool begins = begin_turn(t->turn);

    answer_turn(s, m, t, parley_view(t->turn->id), begins, text);
    mirror(s, t, text);
    parley_cli_agent_ask(&t->turn->agent, write_request(s, t->turn, text), s->now_us);
}

/* The client is the agent: what it asks itself needs no answer from here. */
static void pass_turn(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                      struct parley_cli_thread *t, struct parley_view text)
{
    char turn[PARLEY_CLI_UUID];

    parley_cli_uuid(turn);
    answer_turn(s, m, t, parley_view(turn), true, text);
    mirror(s, t, text);
    parley_cli_notify_turn(&s->out, PARLEY_CLI_NOTIFY_TURN_COMPLETED, parley_view(t->id), parley_view(turn),
                           "completed", parley_view(NULL));
}

void parley_cli_turn_start(struct parley_cli_server *s, const struct parley_cli_rpc_message *m)
{
    static const struct parley_cli_rpc_param params[] = {
        {"threadId", PARLEY_CLI_RPC_TEXT, true, 0},
        {"input", PARLEY_CLI_RPC_ARRAY, true, 0},
    };
    struct parley_cli_rpc_value values[COUNT(params)];
    char why[PARLEY_CLI_RPC_WHY];
    struct parley_cli_thread *t;
    struct parley_view text;

    if (!parley_cli_server_params(s, m, params, COUNT(params), values) ||
        (t = parley_cli_server_thread(s, m, values[0].text)) == NULL)
        return;
    if (!read_input(&values[1], &text, why))
        parley_cli_server_refuse(s, m, PARLEY_CLI_RPC_PARAMS, "invalid params: %s", why);
    else if (t->turn != NULL)
        run_turn(s, m, t, text);
    else
        pass_turn(s, m, t, text);
}

/* ---- the loop ---------------------------------------------------------------------------------- */

void parley_cli_turn_work(struct parley_cli_server *s, struct parley_cli_thread *t)
{
    if (t->turn == NULL || !parley_cli_agent_busy(&t->turn->agent))
        return;
    parley_cli_agent_work(&t->turn->agent, t->calls[PARLEY_CLI_LIVE].c, s->now_us);
}

size_t parley_cli_turn_interest(struct parley_cli_server *s, struct parley_cli_thread *t,
                                struct parley_interest *want, size_t used, size_t most)
{
    if (t->turn == NULL)
        return used;
    if (most - used >= PARLEY_CLI_AGENT_INTERESTS)
        return used + parley_cli_agent_interest(&t->turn->agent, s->now_us, want + used);
    if (parley_cli_agent_busy(&t->turn->agent) && s->now_us + CROWDED_US < want[0].deadline_us)
        want[0].deadline_us = s->now_us + CROWDED_US;
    return used;
}
