/*
 * A thread's conversation: see server.h. Up to three at a time, each in a place of its own:
 *
 *     start --> NEXT --up--> LIVE --stopped, replaced, failed--> LEAVING --link gone--> nothing
 *                 `---fails: told, nothing else happens
 *
 * For the client only LIVE exists: what is in the other places tells nothing any more, or nothing yet.
 */
#include "core/cli/background.h"
#include "core/cli/server.h"

#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    EVENTS_A_ROUND = 32,    /* then it is the others' turn */
    STALLED_US = 20 * 1000, /* nothing can be told: look again then */
    CROWDED_US = 5 * 1000,  /* more descriptors than one wait takes: those left out are looked at so often */
};

static struct parley_view id_of(const struct parley_cli_thread *t)
{
    return parley_view(t->id);
}

/* ---- places ------------------------------------------------------------------------------------ */

static void drop(struct parley_cli_call *call)
{
    parley_close(call->c);
    free(call->block);
    if (call->flight != NULL)
        parley_cli_flight_close(call->flight);
    free(call->flight);
    *call = (struct parley_cli_call){.c = NULL};
}

static void move(struct parley_cli_call *from, struct parley_cli_call *to)
{
    *to = *from;
    to->touched = true;
    *from = (struct parley_cli_call){.c = NULL};
}

/* It says goodbye in good order, and nobody hears of it any more. Whoever still does so has had his time. */
static void leave(struct parley_cli_thread *t, enum parley_cli_role role)
{
    if (t->calls[role].c == NULL)
        return;
    drop(&t->calls[PARLEY_CLI_LEAVING]);
    move(&t->calls[role], &t->calls[PARLEY_CLI_LEAVING]);
    parley_stop(t->calls[PARLEY_CLI_LEAVING].c);
}

void parley_cli_conversation_drop(struct parley_cli_thread *t)
{
    for (int role = 0; role < PARLEY_CLI_ROLES; role++)
        drop(&t->calls[role]);
}

/* ---- beginning --------------------------------------------------------------------------------- */

static void choose_script(struct parley_cli_server *s, struct parley_options *o)
{
    const struct parley_cli_server_settings *settings = &s->settings;
    size_t last = settings->script_count - 1;

    if (settings->script_count == 0)
        return;
    o->script = settings->scripts[s->opened < last ? s->opened : last];
    o->script_name = settings->script_names[s->opened < last ? s->opened : last];
}

/* A file of its own, by thread and number. Without one the conversation goes on all the same. */
static void record(const struct parley_cli_server *s, const struct parley_cli_thread *t,
                   struct parley_cli_call *call, struct parley_options *o)
{
    const struct parley_cli_server_settings *settings = &s->settings;
    char path[512];

    if (settings->record == NULL)
        return;
    call->flight = malloc(sizeof *call->flight);
    if (call->flight == NULL)
        return;
    snprintf(path, sizeof path, "%.400s/%s-%zu.jsonl", settings->record, t->id, s->opened + 1);
    if (parley_cli_flight_open(call->flight, path) == PARLEY_OK)
        o->recorder =
            parley_cli_flight_recorder(call->flight, settings->record_bytes, settings->record_silent);
    else
        parley_cli_server_log(s, parley_view("not recorded: "), parley_view(call->flight->why));
}

/* Returns a status; `error` says what was wrong. The key comes last of the checks (reference 7.4). */
static int open_call(struct parley_cli_server *s, struct parley_cli_call *call,
                     const struct parley_options *o, struct parley_error *error)
{
    size_t bytes = parley_memory_needed(o);

    if (bytes == 0)
        return parley_open(&call->c, NULL, 0, o, s->now_us, error);
    if (s->settings.no_key != NULL) {
        *error = (struct parley_error){.status = PARLEY_ERR_AUTH};
        memcpy(error->text, s->settings.no_key, strlen(s->settings.no_key) + 1);
        return error->status;
    }
    call->block = malloc(bytes);
    return parley_open(&call->c, call->block, bytes, o, s->now_us, error);
}

/* What the model is told of the thread's folder, unless the command line says it. Without it the conversation
   goes on all the same. */
static void add_background(const struct parley_cli_server *s, const struct parley_cli_thread *t,
                           struct parley_cli_background *b, struct parley_options *o)
{
    const struct parley_cli_background_wish wish = {
        .cwd = t->cwd, .no_store = s->settings.no_store, .quiet = true};

    if (!s->settings.background)
        return;
    if (parley_cli_background_make(b, &wish) == PARLEY_OK)
        o->startup_context = b->text;
    else
        parley_cli_server_log(s, parley_view("startup context"), parley_view(b->why));
}

void parley_cli_conversation_start(struct parley_cli_server *s, struct parley_cli_thread *t,
                                   const struct parley_options *options)
{
    struct parley_options o = *options;
    struct parley_cli_call call = {.touched = true};
    struct parley_error error = {PARLEY_OK, ""};
    struct parley_cli_background background = {.memory = NULL};
    int status;

    choose_script(s, &o);
    add_background(s, t, &background, &o);
    record(s, t, &call, &o);
    status = open_call(s, &call, &o, &error);
    parley_cli_background_free(&background);
    if (status != PARLEY_OK) {
        drop(&call);
        parley_cli_notify_failed(&s->out, id_of(t), parley_view(error.text));
        return;
    }
    s->opened++;
    drop(&t->calls[PARLEY_CLI_NEXT]);
    t->calls[PARLEY_CLI_NEXT] = call;
}

/* The new one is up: the old one ends, of which nothing is told (reference 6.8). */
static void promote(struct parley_cli_server *s, struct parley_cli_thread *t, struct parley_view session)
{
    parley_cli_notify_shed(&s->out, id_of(t), &t->shed);
    parley_cli_notify_started(&s->out, id_of(t), session, s->settings.options.protocol);
    leave(t, PARLEY_CLI_LIVE);
    move(&t->calls[PARLEY_CLI_NEXT], &t->calls[PARLEY_CLI_LIVE]);
}

/* A start that failed: only an error is told. What was given to it meanwhile found nobody. */
static void start_failed(struct parley_cli_server *s, struct parley_cli_thread *t, struct parley_view why)
{
    struct parley_cli_call *call = &t->calls[PARLEY_CLI_NEXT];

    if (call->failed)
        return;
    call->failed = true;
    parley_cli_notify_failed(&s->out, id_of(t), why);
    if (call->given)
        parley_cli_server_not_running(s, t);
}

/* ---- the middle and the end -------------------------------------------------------------------- */

struct parley_conversation *parley_cli_conversation(struct parley_cli_thread *t)
{
    struct parley_cli_call *next = &t->calls[PARLEY_CLI_NEXT], *live = &t->calls[PARLEY_CLI_LIVE];

    if (next->c != NULL && !next->failed) {
        next->touched = true;
        return next->c;
    }
    live->touched = true;
    return live->c;
}

void parley_cli_conversation_closed(struct parley_cli_server *s, struct parley_cli_thread *t,
                                    enum parley_closed closed)
{
    parley_cli_notify_shed(&s->out, id_of(t), &t->shed);
    parley_cli_notify_closed(&s->out, id_of(t), closed);
}

void parley_cli_conversation_stop(struct parley_cli_thread *t)
{
    drop(&t->calls[PARLEY_CLI_NEXT]);
    leave(t, PARLEY_CLI_LIVE);
}

/* A handoff beside the active one: the service has its answer, its work belongs to the active one. */
static void keep_steered(struct parley_cli_thread *t, const struct parley_event *event)
{
    if (!event->steering)
        memset(t->steered, 0, sizeof t->steered);
    else
        parley_id_set(&t->steered[t->steered_at++ % PARLEY_CLI_STEERED], event->handoff_id);
}

bool parley_cli_conversation_steered(struct parley_cli_thread *t, struct parley_view id, bool forget)
{
    for (size_t i = 0; i < PARLEY_CLI_STEERED; i++)
        if (id.len > 0 && parley_id_is(&t->steered[i], id)) {
            if (forget)
                t->steered[i].len = 0;
            return true;
        }
    return false;
}

/* An event of a conversation that is connecting. Returns false when it has left its place. */
static bool next_event(struct parley_cli_server *s, struct parley_cli_thread *t,
                       const struct parley_event *event)
{
    if (event->kind == PARLEY_EVENT_STARTED) {
        promote(s, t, event->session_id);
        return false;
    }
    if (event->kind == PARLEY_EVENT_ERROR && event->fatal)
        start_failed(s, t, event->text);
    if (event->kind != PARLEY_EVENT_CLOSED)
        return true;
    start_failed(s, t, parley_view(parley_error(t->calls[PARLEY_CLI_NEXT].c)->text));
    drop(&t->calls[PARLEY_CLI_NEXT]);
    return false;
}

/* An event of the live one. After an error it is over at once for the client, though its link is not. */
static bool live_event(struct parley_cli_server *s, struct parley_cli_thread *t,
                       const struct parley_event *event)
{
    struct parley_cli_call *call = &t->calls[PARLEY_CLI_LIVE];

    parley_cli_notify_event(&s->out, id_of(t), call->c, event, &t->shed);
    switch (event->kind) {
    case PARLEY_EVENT_HANDOFF:
        keep_steered(t, event);
        parley_cli_turn_handoff(s, t, event);
        return true;
    case PARLEY_EVENT_ERROR:
        if (!event->fatal) { /* the conversation has dealt with it, and goes on */
            parley_cli_server_log(s, parley_view("the service complained: "), event->text);
            return true;
        }
        parley_cli_notify_failed(&s->out, id_of(t), event->text);
        parley_cli_conversation_closed(s, t, PARLEY_CLOSED_ERROR);
        leave(t, PARLEY_CLI_LIVE);
        return false;
    case PARLEY_EVENT_CLOSED:
        parley_cli_conversation_closed(s, t, event->closed);
        drop(call);
        return false;
    case PARLEY_EVENT_SKIPPED:
        parley_cli_server_log(s, parley_view("left out: "), event->text);
        return true;
    case PARLEY_EVENT_SHED:
        parley_cli_server_log(s, parley_view("microphone audio was dropped: the service does not keep up"),
                              parley_view(NULL));
        return true;
    default: /* told already, or nothing to tell */
        return true;
    }
}

static bool on_event(struct parley_cli_server *s, struct parley_cli_thread *t, enum parley_cli_role role,
                     const struct parley_event *event)
{
    switch (role) {
    case PARLEY_CLI_LIVE:
        return live_event(s, t, event);
    case PARLEY_CLI_NEXT:
        return next_event(s, t, event);
    case PARLEY_CLI_LEAVING:
    case PARLEY_CLI_ROLES:
        break;
    }
    return true; /* nobody wants to know */
}

/* Takes events while each is sure to have room in the queue: else they wait, which holds the service back. */
static void take_events(struct parley_cli_server *s, struct parley_cli_thread *t, enum parley_cli_role role)
{
    struct parley_cli_call *call = &t->calls[role];
    struct parley_event event;

    for (int i = 0; i < EVENTS_A_ROUND && (role == PARLEY_CLI_LEAVING || parley_cli_rpc_room(&s->out)); i++) {
        int got = parley_next_event(call->c, &event);

        if (got < 0)
            drop(call);
        if (got <= 0 || !on_event(s, t, role, &event))
            return;
    }
}

static bool is_due(const struct parley_cli_call *call, const struct parley_interest *want, uint64_t now_us)
{
    if (call->touched || call->deadline_us <= now_us)
        return true;
    for (size_t i = 0; i < call->wants; i++)
        if (want[call->want + i].ready)
            return true;
    return false;
}

void parley_cli_conversation_work(struct parley_cli_server *s, struct parley_cli_thread *t,
                                  const struct parley_interest *want)
{
    for (int role = 0; role < PARLEY_CLI_ROLES; role++) {
        struct parley_cli_call *call = &t->calls[role];

        if (call->c == NULL || !is_due(call, want, s->now_us))
            continue;
        call->touched = false;
        parley_service(call->c, s->now_us);
        if (call->flight != NULL && parley_cli_flight_has_failed(call->flight))
            parley_cli_server_log(s, parley_view(NULL), parley_view(call->flight->why));
        take_events(s, t, (enum parley_cli_role)role);
    }
    if (parley_cli_rpc_audio_room(&s->out))
        parley_cli_notify_shed(&s->out, id_of(t), &t->shed);
}

/* ---- waiting ----------------------------------------------------------------------------------- */

/* Adds the descriptors of a conversation; moments are put together in call->deadline_us. */
static size_t add_interest(struct parley_cli_call *call, struct parley_interest *want, size_t used,
                           size_t most, uint64_t now_us)
{
    struct parley_interest own[PARLEY_INTERESTS];
    size_t count = parley_interest(call->c, own);

    call->want = used;
    call->deadline_us = call->touched ? now_us : PARLEY_NEVER;
    for (size_t i = 0; i < count; i++) {
        if (own[i].deadline_us < call->deadline_us)
            call->deadline_us = own[i].deadline_us;
        if (own[i].fd < 0)
            continue;
        if (used < most)
            want[used++] = own[i];
        else if (now_us + CROWDED_US < call->deadline_us)
            call->deadline_us = now_us + CROWDED_US;
    }
    call->wants = used - call->want;
    return used;
}

size_t parley_cli_conversation_interest(struct parley_cli_server *s, struct parley_cli_thread *t,
                                        struct parley_interest *want, size_t used, size_t most)
{
    bool stalled = !parley_cli_rpc_room(&s->out);

    for (int role = 0; role < PARLEY_CLI_ROLES; role++) {
        struct parley_cli_call *call = &t->calls[role];
        size_t before = used;

        if (call->c == NULL)
            continue;
        used = add_interest(call, want, used, most, s->now_us);
        /* Events may wait although nothing can be told: that is no reason to look at once. */
        if (stalled && call->deadline_us < s->now_us + STALLED_US)
            call->deadline_us = s->now_us + STALLED_US;
        for (size_t i = before; i < used; i++)
            want[i].deadline_us = PARLEY_NEVER; /* the caller waits until the earliest deadline_us of all */
    }
    return used;
}
