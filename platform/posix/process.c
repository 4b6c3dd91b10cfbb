/*
 * Child processes of the programs (agents, players, recorders), and the signals that end a program.
 * posix_spawn instead of fork: it is safe whatever threads a host runs.
 */
#define _GNU_SOURCE
#include "platform/process.h"
#include "platform/file.h"
#include "platform/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { READ_END, WRITE_END, STREAMS = 3, STATUS_LOST = 255, REAP_TRIES = 100 };

/* ---- starting --------------------------------------------------------------------------------- */

/* Moves a descriptor out of 0..2, where it lands when a program was started with one of these closed: there
   the dup2 calls of the child would overwrite each other. */
static int move_up(int fd)
{
    int moved;

    if (fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return moved;
}

static int make_pipe(int ends[2])
{
    int made[2];

    if (pipe2(made, O_CLOEXEC) != 0)
        return -1;
    ends[READ_END] = move_up(made[READ_END]);
    ends[WRITE_END] = move_up(made[WRITE_END]);
    return ends[READ_END] >= 0 && ends[WRITE_END] >= 0 ? 0 : -1;
}

/* The child's end of the pipe for stream 0, 1 or 2, and ours. */
static int child_end(int stream)
{
    return stream == STDIN_FILENO ? READ_END : WRITE_END;
}

static int our_end(int stream)
{
    return stream == STDIN_FILENO ? WRITE_END : READ_END;
}

/* The bit of parley_process_pipes for a stream is 1 << stream. */
static int make_pipes(int pipes[STREAMS][2], int wanted)
{
    for (int stream = 0; stream < STREAMS; stream++)
        if ((wanted & 1 << stream) != 0 &&
            (make_pipe(pipes[stream]) != 0 || parley_file_nonblocking(pipes[stream][our_end(stream)]) != 0))
            return -1;
    return 0;
}

static void close_ends(int pipes[STREAMS][2], int (*which)(int stream))
{
    for (int stream = 0; stream < STREAMS; stream++)
        parley_process_close(&pipes[stream][which(stream)]);
}

/* A process group of its own, and signals as a fresh program expects them whatever we ignore or block.
   Returns 0 when all is set. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    if (posix_spawnattr_setpgroup(attributes, 0) != 0 || posix_spawnattr_setsigmask(attributes, &none) != 0 ||
        posix_spawnattr_setsigdefault(attributes, &all) != 0)
        return -1;
    return posix_spawnattr_setflags(attributes,
                                    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int set_streams(posix_spawn_file_actions_t *actions, int pipes[STREAMS][2])
{
    for (int stream = 0; stream < STREAMS; stream++) {
        int end = pipes[stream][child_end(stream)];

        if (end >= 0 && posix_spawn_file_actions_adddup2(actions, end, stream) != 0)
            return -1;
    }
    return 0;
}

/* Returns the process id, -1 when the system refuses. */
static int spawn(const char *command, int pipes[STREAMS][2])
{
    char shell[] = "sh", option[] = "-c";
    char *arguments[] = {shell, option, (char *)(uintptr_t)command,
                         NULL}; /* execve leaves them as they are */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -1;
    }
    if (set_attributes(&attributes) != 0 || set_streams(&actions, pipes) != 0 ||
        posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environ) != 0)
        pid = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

int parley_process_start(struct parley_process *p, const char *command, int wanted)
{
    int pipes[STREAMS][2] = {{-1, -1}, {-1, -1}, {-1, -1}};

    *p = (struct parley_process){.in = -1, .out = -1, .err = -1};
    if (make_pipes(pipes, wanted) == 0)
        p->pid = spawn(command, pipes);
    close_ends(pipes, child_end);
    if (p->pid <= 0) {
        close_ends(pipes, our_end);
        p->pid = 0;
        return PARLEY_ERR_SYSTEM;
    }
    p->in = pipes[STDIN_FILENO][WRITE_END];
    p->out = pipes[STDOUT_FILENO][READ_END];
    p->err = pipes[STDERR_FILENO][READ_END];
    return 0;
}

/* ---- watching and ending ---------------------------------------------------------------------- */

/* As a shell tells it; STATUS_LOST when somebody else has reaped the child. */
static int exit_code_of(pid_t reaped, int status)
{
    if (reaped < 0)
        return STATUS_LOST;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int parley_process_poll(struct parley_process *p)
{
    int status = 0;
    pid_t reaped;

    if (p->pid == 0 || p->exited)
        return 1;
    reaped = waitpid(p->pid, &status, WNOHANG);
    if (reaped == 0 || (reaped < 0 && errno == EINTR))
        return 0;
    p->exited = true;
    p->exit_code = exit_code_of(reaped, status);
    return 1;
}

/* Once the child has been reaped its number may belong to somebody else. */
void parley_process_kill(struct parley_process *p, bool hard)
{
    if (p->pid > 0 && !p->exited)
        (void)kill(-p->pid, hard ? SIGKILL : SIGTERM);
}

void parley_process_close(int *end)
{
    parley_file_close(*end);
    *end = -1;
}

/* A killed process is gone within milliseconds; one that the kernel holds on to is left to it after 0.1 s. */
static void reap(struct parley_process *p)
{
    for (int tries = 0; parley_process_poll(p) == 0 && tries < REAP_TRIES; tries++)
        (void)poll(NULL, 0, 1); /* a millisecond */
}

void parley_process_stop(struct parley_process *p)
{
    if (p->pid == 0) /* never started: the ends may be all zero */
        return;
    parley_process_kill(p, true); /* before it is reaped, as what it started may outlive it */
    reap(p);
    parley_process_close(&p->in);
    parley_process_close(&p->out);
    parley_process_close(&p->err);
    p->pid = 0;
}

/* ---- the program itself ----------------------------------------------------------------------- */

static atomic_int signals;
static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    int error = errno;
    ssize_t written;

    (void)number;
    atomic_fetch_add(&signals, 1);
    written = write(signal_pipe[WRITE_END], "!", 1);
    (void)written; /* a full pipe is fine: it is readable already */
    errno = error;
}

static int set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

int parley_process_catch_signals(void)
{
    if (signal_pipe[READ_END] < 0) {
        if (make_pipe(signal_pipe) != 0 || parley_file_nonblocking(signal_pipe[READ_END]) != 0 ||
            parley_file_nonblocking(signal_pipe[WRITE_END]) != 0)
            return PARLEY_ERR_SYSTEM;
    }
    if (set_handler(SIGINT, on_signal) != 0 || set_handler(SIGTERM, on_signal) != 0 ||
        set_handler(SIGPIPE, SIG_IGN) != 0)
        return PARLEY_ERR_SYSTEM;
    return signal_pipe[READ_END];
}

int parley_process_signals(void)
{
    return atomic_load(&signals);
}

const char *parley_process_environment(const char *name)
{
    return getenv(name);
}

static bool is_program(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0;
}

/* True when `program` stands in the folder that the next `length` characters of PATH name; an empty one
   means the current folder. */
static bool is_in(const char *folder, size_t length, const char *program)
{
    char path[PATH_MAX];
    int written = snprintf(path, sizeof path, "%.*s/%s", length > 0 ? (int)length : 1,
                           length > 0 ? folder : ".", program);

    return written > 0 && (size_t)written < sizeof path && is_program(path);
}

bool parley_process_exists(const char *program)
{
    const char *path = getenv("PATH");

    if (program[0] == '\0')
        return false;
    if (strchr(program, '/') != NULL)
        return is_program(program);
    while (path != NULL) {
        size_t length = strcspn(path, ":");

        if (length < PATH_MAX && is_in(path, length, program))
            return true;
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
    return false;
}
