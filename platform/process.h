#ifndef PARLEY_PLATFORM_PROCESS_H
#define PARLEY_PLATFORM_PROCESS_H

#include <stdbool.h>

/*
 * A child process with pipes, started by posix_spawn and never waited for in a blocking way.
 * Its ends of the pipes here are non-blocking and close-on-exec; -1 where none was asked for.
 */
struct parley_process {
    int pid;      /* 0: none */
    int in;       /* we write, the child reads */
    int out, err; /* we read, the child writes */
    bool exited;
    int exit_code; /* 0..255 when it ended by itself, 128 + signal when a signal ended it, 255 when somebody
                      else reaped it */
};

/* Which of the child's streams are pipes to us; the others are inherited. */
enum parley_process_pipes { PARLEY_PIPE_IN = 1, PARLEY_PIPE_OUT = 2, PARLEY_PIPE_ERR = 4 };

/*
 * Starts `command` with /bin/sh -c, in a process group of its own, so that its children end with it.
 * Returns 0 or PARLEY_ERR_SYSTEM.
 */
int parley_process_start(struct parley_process *p, const char *command, int pipes);

/* 1 when it has ended (exited and exit_code are set), 0 while it runs. Does not block. */
int parley_process_poll(struct parley_process *p);

/* Asks the whole group to end (SIGTERM), or ends it (SIGKILL) when `hard`. */
void parley_process_kill(struct parley_process *p, bool hard);

/* Closes one end (sets it to -1), for example `&p->in` to let the child see the end of its input. */
void parley_process_close(int *end);

/* Ends the child hard if it still runs, and what is left of its group if it was not reaped yet; reaps it, for
   which it waits up to 0.1 s; closes all ends. A zeroed or closed one is fine. */
void parley_process_stop(struct parley_process *p);

/*
 * Collects SIGINT and SIGTERM instead of dying of them, and ignores SIGPIPE. For programs, not for
 * libraries. Returns a descriptor that becomes readable when one has come, or PARLEY_ERR_SYSTEM.
 */
int parley_process_catch_signals(void);

/* How many of them have come since the start. */
int parley_process_signals(void);

/* The value of an environment variable, NULL when there is none. */
const char *parley_process_environment(const char *name);

/* True when a program of this name stands in PATH and may be run. */
bool parley_process_exists(const char *program);

#endif
