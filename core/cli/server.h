#ifndef PARLEY_CLI_SERVER_H
#define PARLEY_CLI_SERVER_H

#include "core/cli/agent.h"
#include "core/cli/flight.h"
#include "core/cli/notifications.h"

/*
 * The server behind `app-server`: threads, each with at most one conversation and one turn of the agent, and
 * the methods that act on them. It reads lines and fills a queue, waits for nothing and knows no descriptor
 * of its client; app_server.c has the loop.
 *
 *   server.c            capabilities, threads, which method is whose
 *   realtime_methods.c  thread/realtime/...
 *   conversations.c     one thread's conversation: connecting, live, saying goodbye
 *   turns.c             one thread's agent
 *
 * Everything is as large as it will be from the start, but for a block for each conversation, and one for the
 * agent of a thread.
 */
enum {
    PARLEY_CLI_UUID = 37, /* with its zero */
    PARLEY_CLI_CWD = 1024,
    PARLEY_CLI_STEERED = 8,
    PARLEY_CLI_TURN_TEXT = 256 * 1024,                     /* what a turn may say, in bytes */
    PARLEY_CLI_TURN_REQUEST = PARLEY_CLI_TURN_TEXT + 4096, /* and what the agent is told before it */
};

/* What the command line says. All of it stays as long as the server. */
struct parley_cli_server_settings {
    struct parley_options options; /* of every conversation, unless its start says otherwise */
    const char *no_key;            /* why the service cannot be asked; NULL: it can */
    const struct parley_view *scripts, *script_names; /* loopback: the n-th conversation plays the n-th, */
    size_t script_count;                              /* further ones the last */
    const char *agent;                                /* NULL: the client is the agent */
    uint64_t agent_timeout_us;
    const char *cwd; /* of threads that name none */
    bool background; /* the model is told of the thread's folder and of earlier conversations */
    bool no_store;   /* but not of the latter */
    bool no_realtime;
    size_t max_threads;
    const char *record; /* a folder, which is there: each conversation is recorded in a file of its own */
    uint64_t record_bytes;
    bool record_silent;
};

/* A conversation's place in a thread, by what it is there for. */
enum parley_cli_role {
    PARLEY_CLI_LIVE,
    PARLEY_CLI_NEXT,    /* connecting; takes the live one's place when it is up */
    PARLEY_CLI_LEAVING, /* over for the client; the link still says goodbye */
    PARLEY_CLI_ROLES
};

struct parley_cli_call {
    struct parley_conversation *c; /* NULL: none */
    void *block;
    struct parley_cli_flight *flight; /* NULL: it is not recorded */
    bool touched;                     /* something was given to it */
    bool given;                       /* NEXT: the client has given it something to say already */
    bool failed;                      /* NEXT: which has been told */
    uint64_t deadline_us;             /* when it wants to be served at the latest */
    size_t want, wants;               /* its place among the interests of this round */
};

struct parley_cli_turn; /* turns.c */

struct parley_cli_thread {
    char id[PARLEY_CLI_UUID]; /* empty: the place is free */
    char cwd[PARLEY_CLI_CWD];
    struct parley_cli_call calls[PARLEY_CLI_ROLES];
    struct parley_cli_turn *turn; /* with an agent */
    struct parley_cli_shed shed;
    struct parley_id steered[PARLEY_CLI_STEERED]; /* handoffs that joined the active one; a ring */
    size_t steered_at;
};

struct parley_cli_server {
    struct parley_cli_server_settings settings;
    struct parley_cli_rpc_out out;
    struct parley_cli_thread *threads;
    bool initialized, experimental;
    size_t opened; /* conversations so far */
    uint64_t now_us;
    char *request; /* scratch: what the agent is asked */
};

/* ---- for app_server.c -------------------------------------------------------------------------- */

/* A server that writes to `fd`; see rpc_out.h. Everything it needs comes out of `arena`. */
void parley_cli_server_open(struct parley_cli_server *s, const struct parley_cli_server_settings *settings,
                            int fd, bool nonblocking, struct parley_arena *arena);

/* True while one more line can be taken. */
bool parley_cli_server_room(const struct parley_cli_server *s);

/* Does what a line asks for, which changes it. */
void parley_cli_server_line(struct parley_cli_server *s, char *line, size_t len, uint64_t now_us);

/* Refuses a line of more than `len` bytes, of which this is the beginning. */
void parley_cli_server_long_line(struct parley_cli_server *s, char *beginning, size_t len);

/* What to wait for, the queue included: up to `most` entries (at least PARLEY_CLI_SERVER_INTERESTS) at
   `want`, returns how many. */
enum { PARLEY_CLI_SERVER_INTERESTS = 2 };
size_t parley_cli_server_interest(struct parley_cli_server *s, struct parley_interest *want, size_t most,
                                  uint64_t now_us);

/* Does all that is ready by the answers in `want`, which parley_cli_server_interest filled. */
void parley_cli_server_work(struct parley_cli_server *s, const struct parley_interest *want, size_t count,
                            uint64_t now_us);

/* Stops all conversations in good order, and all turns at once. */
void parley_cli_server_stop(struct parley_cli_server *s);

/* True once no conversation is left. */
bool parley_cli_server_idle(const struct parley_cli_server *s);

/* Ends everything at once. */
void parley_cli_server_close(struct parley_cli_server *s);

/* ---- server.c, for the others ------------------------------------------------------------------ */

typedef void parley_cli_method(struct parley_cli_server *s, const struct parley_cli_rpc_message *m);

/* The thread of this id; NULL when there is none, which the client has then been told. */
struct parley_cli_thread *parley_cli_server_thread(struct parley_cli_server *s,
                                                   const struct parley_cli_rpc_message *m,
                                                   struct parley_view id);

/* Reads the params of a request. False when they do not fit, which the client has then been told. */
bool parley_cli_server_params(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                              const struct parley_cli_rpc_param *params, size_t count,
                              struct parley_cli_rpc_value *values);

void parley_cli_server_refuse(struct parley_cli_server *s, const struct parley_cli_rpc_message *m,
                              enum parley_cli_rpc_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tells that audio or text found no conversation (reference 6.8). */
void parley_cli_server_not_running(struct parley_cli_server *s, const struct parley_cli_thread *t);

/* A new name for something. False when the system gives no randomness: then it is that of others too. */
bool parley_cli_uuid(char uuid[PARLEY_CLI_UUID]);

void parley_cli_server_log(const struct parley_cli_server *s, struct parley_view what,
                           struct parley_view text);

/* ---- realtime_methods.c ------------------------------------------------------------------------ */

parley_cli_method parley_cli_realtime_start, parley_cli_realtime_audio, parley_cli_realtime_text,
    parley_cli_realtime_stop, parley_cli_realtime_voices, parley_cli_realtime_handoff_append,
    parley_cli_realtime_handoff_complete;

/* ---- conversations.c --------------------------------------------------------------------------- */

/* Opens a conversation, which takes the live one's place once it is up. What goes wrong is notified. */
void parley_cli_conversation_start(struct parley_cli_server *s, struct parley_cli_thread *t,
                                   const struct parley_options *options);

/* Whom text and audio are for; NULL when nobody is there. It will be served soon. */
struct parley_conversation *parley_cli_conversation(struct parley_cli_thread *t);

/* Who speaks of a handoff by this id, and means one that joined the active one? `forget`: then not again. */
bool parley_cli_conversation_steered(struct parley_cli_thread *t, struct parley_view id, bool forget);

/* Ends whatever runs or connects, without a word to the client. */
void parley_cli_conversation_stop(struct parley_cli_thread *t);

/* Tells that it is over, and what was left out of it; after that nothing more is told of it. */
void parley_cli_conversation_closed(struct parley_cli_server *s, struct parley_cli_thread *t,
                                    enum parley_closed closed);

/* Serves those of a thread that are due, and tells what happened. */
void parley_cli_conversation_work(struct parley_cli_server *s, struct parley_cli_thread *t,
                                  const struct parley_interest *want);

/* Adds what to wait for behind the first `used` of `most` entries; returns how many there are then. */
size_t parley_cli_conversation_interest(struct parley_cli_server *s, struct parley_cli_thread *t,
                                        struct parley_interest *want, size_t used, size_t most);

/* Ends all of it at once. */
void parley_cli_conversation_drop(struct parley_cli_thread *t);

/* ---- turns.c ----------------------------------------------------------------------------------- */

parley_cli_method parley_cli_turn_start;

/* Gives a thread its agent, if there is one. False: no memory. */
bool parley_cli_turn_open(struct parley_cli_server *s, struct parley_cli_thread *t);
void parley_cli_turn_close(struct parley_cli_thread *t);

/* A handoff is for the agent here. */
void parley_cli_turn_handoff(struct parley_cli_server *s, struct parley_cli_thread *t,
                             const struct parley_event *event);

/* The id of the turn that runs; absent when none does. */
struct parley_view parley_cli_turn_id(const struct parley_cli_thread *t);

void parley_cli_turn_work(struct parley_cli_server *s, struct parley_cli_thread *t);
size_t parley_cli_turn_interest(struct parley_cli_server *s, struct parley_cli_thread *t,
                                struct parley_interest *want, size_t used, size_t most);

#endif
