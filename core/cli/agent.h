#ifndef PARLEY_CLI_AGENT_H
#define PARLEY_CLI_AGENT_H

#include "core/cli/program.h"
#include "core/id.h"
#include "core/parley.h"
#include "platform/arena.h"
#include "platform/ring.h"

/*
 * The background agent as a command. Each handoff starts it: the delegation goes to its standard input, what
 * it writes is cut into messages at empty lines and told to the model, its end ends the handoff. A further
 * request for the same work (steering) is kept and given to a further run, oldest first, before the handoff
 * is completed; one that does not fit any more is refused, and the model is told so.
 *
 *     idle --handoff--> running --exit, all told--> finishing --nothing left--> idle
 *                          ^                            |
 *                          +--------- a request waits --+
 *
 * Memory is fixed and nothing blocks: while the model's queue is full the command's output is not read.
 */
enum {
    PARLEY_CLI_AGENT_INPUT = 512 * 1024, /* requests not yet read by the command */
    PARLEY_CLI_AGENT_MESSAGE = 4096,     /* the longest message, before repair; longer ones are cut */
};

enum parley_cli_agent_state { PARLEY_CLI_AGENT_IDLE, PARLEY_CLI_AGENT_RUNNING, PARLEY_CLI_AGENT_FINISHING };

/* What the agent does, for whoever shows it. */
enum parley_cli_agent_news {
    PARLEY_CLI_AGENT_STARTED, /* a run began */
    PARLEY_CLI_AGENT_SAID,    /* text: told to the model */
    PARLEY_CLI_AGENT_FAILED,  /* text: told to the model */
    PARLEY_CLI_AGENT_LOST,    /* text: why a message could not be told */
    PARLEY_CLI_AGENT_DROPPED, /* text: why the run was ended and its handoff left as it is */
    PARLEY_CLI_AGENT_DONE,    /* the handoff is completed */
};
const char *parley_cli_agent_news_name(enum parley_cli_agent_news news);

/* Receives the news; the text is good during the call, and may hold anything the command wrote. */
typedef void parley_cli_agent_hear(void *user, enum parley_cli_agent_news news, struct parley_view text);

struct parley_cli_agent {
    const char *command; /* NULL: there is none */
    uint64_t timeout_us;
    parley_cli_agent_hear *hear;
    void *user;
    /* May be set after parley_cli_agent_open. Independent: its work goes on whether a handoff waits for it or
       not; what it says is heard, and told to whatever handoff is active. Room: false while no more news can
       be taken; NULL: they always can. */
    bool independent;
    bool (*room)(const void *user);

    enum parley_cli_agent_state state;
    struct parley_id handoff; /* none: whatever is active */
    struct parley_ring input; /* requests: a size_t, then that many bytes */
    size_t input_left;        /* of the request being written: bytes not yet taken by the command */
    unsigned refused;         /* requests that did not fit */

    struct parley_cli_program program;
    uint64_t deadline_us; /* of the run; then of the step after */
    bool timed_out, killed, output_ended;

    char raw[PARLEY_CLI_AGENT_MESSAGE]; /* output, not yet cut */
    size_t raw_len;
    char text[3 * PARLEY_CLI_AGENT_MESSAGE]; /* the message to be told next */
    size_t text_len;                         /* 0: none */
    bool text_is_failure;
    bool held_back; /* the model's queue was full */
};

/* An agent that runs `command` (NULL: answers that there is none). Its input buffer comes out of `arena`. */
void parley_cli_agent_open(struct parley_cli_agent *a, const char *command, uint64_t timeout_us,
                           parley_cli_agent_hear *hear, void *user, struct parley_arena *arena);

/* Takes a PARLEY_EVENT_HANDOFF; copies what it needs. */
void parley_cli_agent_handoff(struct parley_cli_agent *a, const struct parley_event *event, uint64_t now_us);

/* Takes a request of another kind, for an independent agent: starts a run, or keeps it for a further one. */
void parley_cli_agent_ask(struct parley_cli_agent *a, struct parley_view request, uint64_t now_us);

/* Does all that is ready. Call it after each parley_service. `c` may be NULL for an independent agent. */
void parley_cli_agent_work(struct parley_cli_agent *a, struct parley_conversation *c, uint64_t now_us);

bool parley_cli_agent_busy(const struct parley_cli_agent *a);

/* What to wait for: up to PARLEY_CLI_AGENT_INTERESTS entries, returns how many. */
enum { PARLEY_CLI_AGENT_INTERESTS = 4 };
size_t parley_cli_agent_interest(const struct parley_cli_agent *a, uint64_t now_us,
                                 struct parley_interest *want);

/* Ends the command, if it runs, at once. */
void parley_cli_agent_close(struct parley_cli_agent *a);

#endif
