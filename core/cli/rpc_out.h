#ifndef PARLEY_CLI_RPC_OUT_H
#define PARLEY_CLI_RPC_OUT_H

#include "core/cli/json_write.h"
#include "core/cli/output.h"
#include "core/cli/rpc.h"

/*
 * JSON-RPC 2.0 on its way out: answers and notifications, one on a line, in a queue of fixed size. Whoever
 * has something to say that can wait asks parley_cli_rpc_room first. Audio cannot wait: it gets a share of
 * the queue, and what exceeds it is left out by whoever has it (parley_cli_rpc_audio_room).
 */
enum {
    PARLEY_CLI_RPC_MESSAGE = 512 * 1024, /* the longest: an item that fills the inbox, or a handoff */
    PARLEY_CLI_RPC_QUEUE = 4 * PARLEY_CLI_RPC_MESSAGE,
    PARLEY_CLI_RPC_AUDIO_SHARE = 768 * 1024, /* 12 s of one conversation */
};

/* Everything a client can be notified of. */
#define PARLEY_CLI_RPC_NOTIFICATIONS(X)                                                                      \
    X(ERROR, "error")                                                                                        \
    X(THREAD_STARTED, "thread/started")                                                                      \
    X(THREAD_ARCHIVED, "thread/archived")                                                                    \
    X(TURN_STARTED, "turn/started")                                                                          \
    X(TURN_COMPLETED, "turn/completed")                                                                      \
    X(ITEM_COMPLETED, "item/completed")                                                                      \
    X(REALTIME_STARTED, "thread/realtime/started")                                                           \
    X(REALTIME_SDP, "thread/realtime/sdp")                                                                   \
    X(REALTIME_ITEM_ADDED, "thread/realtime/itemAdded")                                                      \
    X(REALTIME_TRANSCRIPT_DELTA, "thread/realtime/transcript/delta")                                         \
    X(REALTIME_TRANSCRIPT_DONE, "thread/realtime/transcript/done")                                           \
    X(REALTIME_AUDIO, "thread/realtime/outputAudio/delta")                                                   \
    X(REALTIME_AUDIO_SHED, "thread/realtime/outputAudio/shed")                                               \
    X(REALTIME_ERROR, "thread/realtime/error")                                                               \
    X(REALTIME_CLOSED, "thread/realtime/closed")

enum parley_cli_rpc_notification {
#define PARLEY_CLI_RPC_ENUM(name, method) PARLEY_CLI_NOTIFY_##name,
    PARLEY_CLI_RPC_NOTIFICATIONS(PARLEY_CLI_RPC_ENUM)
#undef PARLEY_CLI_RPC_ENUM
};

struct parley_cli_rpc_out {
    struct parley_cli_output queue;
    struct parley_render line; /* the message being written */
    const char *closing;       /* what ends it */
    bool versioned;            /* messages have the member "jsonrpc", as those of the client */
    bool shedding;             /* audio's share was used up, and is not half empty yet */
    uint32_t opted_out;        /* a bit for each notification the client does not want */
};

/* Everything goes to `fd`; `nonblocking` as in output.h. The buffers come out of `arena`. */
void parley_cli_rpc_out_open(struct parley_cli_rpc_out *o, int fd, bool nonblocking,
                             struct parley_arena *arena);

/* True when any one message fits. */
bool parley_cli_rpc_room(const struct parley_cli_rpc_out *o);

/* True when an audio notification may be queued now. Once it may not, it takes a half empty share until it
   may again, so that gaps are few and long instead of everywhere. */
bool parley_cli_rpc_audio_room(struct parley_cli_rpc_out *o);

/* The client does not want to be notified of `method`; names of other things are nothing to us. */
void parley_cli_rpc_opt_out(struct parley_cli_rpc_out *o, struct parley_view method);
bool parley_cli_rpc_wanted(const struct parley_cli_rpc_out *o, enum parley_cli_rpc_notification what);

/* Begin a message; write the result (a value with name NULL), or the members of the params, to the render
   they return; then send it. Ids come from a message read by rpc.h. */
struct parley_render *parley_cli_rpc_result(struct parley_cli_rpc_out *o, struct parley_view id);
struct parley_render *parley_cli_rpc_notify(struct parley_cli_rpc_out *o,
                                            enum parley_cli_rpc_notification what);
void parley_cli_rpc_send(struct parley_cli_rpc_out *o);

/* Whole messages: the result {}, and an error. */
void parley_cli_rpc_done(struct parley_cli_rpc_out *o, struct parley_view id);
void parley_cli_rpc_error(struct parley_cli_rpc_out *o, struct parley_view id, enum parley_cli_rpc_code code,
                          const char *why);

#endif
