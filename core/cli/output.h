#ifndef PARLEY_CLI_OUTPUT_H
#define PARLEY_CLI_OUTPUT_H

#include "platform/arena.h"
#include "platform/ring.h"
#include "platform/view.h"
#include "platform/wait.h"

/*
 * Bytes on their way to a descriptor that may not take them at once: a terminal, a pipe, a file. Bounded;
 * whoever writes asks parley_cli_output_room first, or finds what did not fit counted in `lost`.
 */
struct parley_cli_output {
    int fd;
    bool nonblocking; /* may be written to at any time; else only after the loop found it ready */
    struct parley_ring ring;
    uint64_t lost; /* bytes that did not fit */
    int status;    /* 0, or why nothing goes out any more: PARLEY_ERR_PEER_CLOSED, PARLEY_ERR_FILE */
};

/* An output of `bytes` bytes out of `arena` to `fd`, which stays the caller's. */
void parley_cli_output_open(struct parley_cli_output *o, int fd, bool nonblocking, struct parley_arena *arena,
                            size_t bytes);

/* Queues all of it, or nothing when it does not fit or the output is broken. Returns true when queued. */
bool parley_cli_output_put(struct parley_cli_output *o, const void *bytes, size_t count);

/* Bytes that fit now; all there is once the output is broken, so that nobody waits for it. */
size_t parley_cli_output_room(const struct parley_cli_output *o);

/* True while bytes wait. */
bool parley_cli_output_waiting(const struct parley_cli_output *o);

/* Writes what the descriptor takes; `ready` tells that the loop found it ready. */
void parley_cli_output_flush(struct parley_cli_output *o, bool ready);

/* What to wait for: fills *want and returns 1 while bytes wait, else 0. */
size_t parley_cli_output_interest(const struct parley_cli_output *o, struct parley_interest *want);

#endif
