/*
 * Processes that do what a test has written down for their command.
 */
#include "platform/process.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "platform/fake/inside.h"
#include "platform/status.h"
#include "platform/view.h"

enum {
    COMMANDS = 16,
    LINES = 64,
    VARIABLES = 16,
    PROGRAMS = 16,
    STREAMS = 3,
    FIRST_PID = 100,
    NOT_FOUND = 127, /* as a shell says it */
    TERMINATED = 128 + 15,
    KILLED = 128 + 9,
    SIGNAL_FD = PARLEY_FAKE_FD_END - 1,
};

struct command {
    const char *text;
    uint64_t ends_after_us;
    int exit_code;
    bool stubborn;
};

/* Something a command says. */
struct line {
    const char *command;
    uint64_t after_us;
    int stream;
    const char *text;
};

struct pipe {
    struct parley_ring ring;
    bool open;  /* our end */
    bool ended; /* the child's end is closed */
    unsigned char bytes[PARLEY_FAKE_PIPE_BYTES];
};

struct process {
    char command[256];
    uint64_t started_us, ends_us;
    size_t next_line; /* of the table of lines */
    bool exited, stubborn;
    int exit_code;
    struct pipe pipes[STREAMS];
};

static struct command commands[COMMANDS];
static size_t command_count;
static struct line lines[LINES];
static size_t line_count;
static struct process processes[PARLEY_FAKE_PROCESSES];
static int process_count;
static struct {
    const char *name, *value;
} variables[VARIABLES];
static size_t variable_count;
static const char *programs[PROGRAMS];
static size_t program_count;
static bool is_broken, catches_signals;
static int signal_count, signals_unread;

void parley_fake_reset_processes(void)
{
    command_count = line_count = variable_count = program_count = 0;
    process_count = signal_count = signals_unread = 0;
    is_broken = catches_signals = false;
}

/* ---- the life of a process -------------------------------------------------------------------- */

static void end(struct process *p, int exit_code)
{
    if (p->exited)
        return;
    p->exited = true;
    p->exit_code = exit_code;
    for (int i = 0; i < STREAMS; i++)
        p->pipes[i].ended = true;
}

static void say(struct process *p, int stream, const char *text)
{
    struct pipe *pipe = &p->pipes[stream];

    size_t put = pipe->open ? parley_ring_put(&pipe->ring, text, strlen(text)) : strlen(text);

    PARLEY_FAKE_MUST(put == strlen(text), "room in the pipe for what it says");
}

/* The next line of a process's script; NULL after the last. */
static const struct line *next_line(struct process *p)
{
    while (p->next_line < line_count && strcmp(lines[p->next_line].command, p->command) != 0)
        p->next_line++;
    return p->next_line < line_count ? &lines[p->next_line] : NULL;
}

/* When the process does something next. */
static uint64_t due_us(struct process *p)
{
    const struct line *line = next_line(p);
    uint64_t says_us = line != NULL ? parley_clock_add(p->started_us, line->after_us) : PARLEY_NEVER;

    if (p->exited)
        return PARLEY_NEVER;
    return says_us < p->ends_us ? says_us : p->ends_us;
}

/* Lets everything happen that is due. What it says at the moment of its end it still says. */
static void live(struct process *p)
{
    const struct line *line;

    while (!p->exited && (line = next_line(p)) != NULL) {
        uint64_t says_us = parley_clock_add(p->started_us, line->after_us);

        if (says_us > parley_clock_us() || says_us > p->ends_us)
            break;
        say(p, line->stream, line->text);
        p->next_line++;
    }
    if (!p->exited && parley_clock_us() >= p->ends_us)
        end(p, p->exit_code);
}

static void live_all(void)
{
    for (int i = 0; i < process_count; i++)
        live(&processes[i]);
}

uint64_t parley_fake_processes_next_us(void)
{
    uint64_t next_us = PARLEY_NEVER;

    live_all();
    for (int i = 0; i < process_count; i++)
        if (due_us(&processes[i]) < next_us)
            next_us = due_us(&processes[i]);
    return next_us;
}

/* ---- the test's side -------------------------------------------------------------------------- */

static struct command *find_command(const char *text)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].text, text) == 0)
            return &commands[i];
    return NULL;
}

void parley_fake_command(const char *command, uint64_t ends_after_us, int exit_code)
{
    struct command *entry = find_command(command);

    if (entry == NULL && command_count < COMMANDS)
        entry = &commands[command_count++];
    PARLEY_FAKE_MUST(entry != NULL, "a place for the command");
    *entry = (struct command){.text = command, .ends_after_us = ends_after_us, .exit_code = exit_code};
}

void parley_fake_command_says(const char *command, uint64_t after_us, int stream, const char *text)
{
    PARLEY_FAKE_MUST(line_count < LINES && (stream == 1 || stream == 2),
                     "a place for the line, and stream 1 or 2");
    lines[line_count++] = (struct line){command, after_us, stream, text};
}

void parley_fake_command_stubborn(const char *command)
{
    struct command *entry = find_command(command);

    PARLEY_FAKE_MUST(entry != NULL, "a command that was described");
    entry->stubborn = true;
}

void parley_fake_process_broken(bool broken)
{
    is_broken = broken;
}

static struct process *numbered(int process)
{
    PARLEY_FAKE_MUST(process >= 0 && process < process_count, "a process that was started");
    live(&processes[process]);
    return &processes[process];
}

int parley_fake_processes(void)
{
    return process_count;
}

const char *parley_fake_process_command(int process)
{
    return numbered(process)->command;
}

bool parley_fake_process_running(int process)
{
    return !numbered(process)->exited;
}

size_t parley_fake_process_read(int process, void *into, size_t bytes)
{
    return parley_ring_take(&numbered(process)->pipes[0].ring, into, bytes);
}

bool parley_fake_process_input_ended(int process)
{
    return !numbered(process)->pipes[0].open;
}

size_t parley_fake_process_write(int process, int stream, const void *from, size_t bytes)
{
    struct process *p = numbered(process);

    PARLEY_FAKE_MUST(stream == 1 || stream == 2, "stream 1 or 2");
    return p->exited || !p->pipes[stream].open ? 0 : parley_ring_put(&p->pipes[stream].ring, from, bytes);
}

void parley_fake_process_exit(int process, int exit_code)
{
    end(numbered(process), exit_code);
}

void parley_fake_signal(void)
{
    signal_count += catches_signals;
    signals_unread += catches_signals;
}

void parley_fake_environment(const char *name, const char *value)
{
    size_t i = 0;

    while (i < variable_count && strcmp(variables[i].name, name) != 0)
        i++;
    PARLEY_FAKE_MUST(i < VARIABLES, "a place for the variable");
    if (i == variable_count)
        variable_count++;
    variables[i].name = name;
    variables[i].value = value;
}

void parley_fake_program(const char *name)
{
    PARLEY_FAKE_MUST(program_count < PROGRAMS, "a place for the program");
    programs[program_count++] = name;
}

/* ---- the side of the program under test -------------------------------------------------------- */

/* The descriptor of a pipe says whose and which it is. */
static int pipe_fd(int process, int stream)
{
    return PARLEY_FAKE_FD_PIPE + process * STREAMS + stream;
}

int parley_process_start(struct parley_process *p, const char *command, int pipes)
{
    const struct command *described = find_command(command);
    struct process *child = &processes[process_count];

    *p = (struct parley_process){.in = -1, .out = -1, .err = -1};
    if (is_broken || process_count == PARLEY_FAKE_PROCESSES || strlen(command) >= sizeof child->command)
        return PARLEY_ERR_SYSTEM;
    *child = (struct process){.started_us = parley_clock_us(), .exit_code = NOT_FOUND};
    memcpy(child->command, command, strlen(command));
    child->ends_us = child->started_us;
    if (described != NULL) {
        child->ends_us = parley_clock_add(child->started_us, described->ends_after_us);
        child->exit_code = described->exit_code;
        child->stubborn = described->stubborn;
    }
    for (int i = 0; i < STREAMS; i++) {
        child->pipes[i].ring = parley_fake_ring(child->pipes[i].bytes, sizeof child->pipes[i].bytes);
        child->pipes[i].open = (pipes & 1 << i) != 0;
    }
    p->pid = FIRST_PID + process_count;
    p->in = child->pipes[0].open ? pipe_fd(process_count, 0) : -1;
    p->out = child->pipes[1].open ? pipe_fd(process_count, 1) : -1;
    p->err = child->pipes[2].open ? pipe_fd(process_count, 2) : -1;
    process_count++;
    return 0;
}

int parley_process_poll(struct parley_process *p)
{
    const struct process *child;

    if (p->pid == 0 || p->exited)
        return 1;
    child = numbered(p->pid - FIRST_PID);
    p->exited = child->exited;
    p->exit_code = child->exited ? child->exit_code : 0;
    return p->exited;
}

void parley_process_kill(struct parley_process *p, bool hard)
{
    struct process *child;

    if (p->pid == 0 || p->exited)
        return;
    child = numbered(p->pid - FIRST_PID);
    if (hard || !child->stubborn)
        end(child, hard ? KILLED : TERMINATED);
}

void parley_process_close(int *fd)
{
    if (*fd >= PARLEY_FAKE_FD_PIPE)
        parley_fake_pipe_close(*fd);
    *fd = -1;
}

void parley_process_stop(struct parley_process *p)
{
    if (p->pid == 0)
        return;
    parley_process_kill(p, true);
    parley_process_poll(p);
    parley_process_close(&p->in);
    parley_process_close(&p->out);
    parley_process_close(&p->err);
    p->pid = 0;
}

int parley_process_catch_signals(void)
{
    catches_signals = true;
    return SIGNAL_FD;
}

int parley_process_signals(void)
{
    return signal_count;
}

const char *parley_process_environment(const char *name)
{
    for (size_t i = 0; i < variable_count; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return NULL;
}

bool parley_process_exists(const char *program)
{
    for (size_t i = 0; i < program_count; i++)
        if (strcmp(programs[i], program) == 0)
            return true;
    return false;
}

/* ---- its pipes -------------------------------------------------------------------------------- */

/* The open pipe behind a descriptor; NULL for any other number. */
static struct pipe *opened(int fd)
{
    int index = fd - PARLEY_FAKE_FD_PIPE;
    struct pipe *pipe;

    if (index < 0 || index >= process_count * STREAMS)
        return NULL;
    live(&processes[index / STREAMS]);
    pipe = &processes[index / STREAMS].pipes[index % STREAMS];
    return pipe->open ? pipe : NULL;
}

static bool is_input(int fd)
{
    return (fd - PARLEY_FAKE_FD_PIPE) % STREAMS == 0;
}

static int read_signals(unsigned char *into, size_t bytes)
{
    size_t count = 0;

    for (; count < bytes && signals_unread > 0; signals_unread--)
        into[count++] = '!';
    return (int)count;
}

int parley_fake_pipe_read(int fd, void *into, size_t bytes, const char **why)
{
    struct pipe *pipe = opened(fd);
    size_t got;

    if (fd == SIGNAL_FD)
        return read_signals(into, bytes);
    *why = "Bad file descriptor";
    if (pipe == NULL || is_input(fd))
        return PARLEY_ERR_FILE;
    got = parley_ring_take(&pipe->ring, into, bytes);
    *why = "the other end closed it";
    return got == 0 && bytes > 0 && pipe->ended ? PARLEY_ERR_PEER_CLOSED : (int)got;
}

int parley_fake_pipe_write(int fd, const void *from, size_t bytes, const char **why)
{
    struct pipe *pipe = opened(fd);

    *why = "Bad file descriptor";
    if (pipe == NULL || !is_input(fd))
        return PARLEY_ERR_FILE;
    *why = "Broken pipe";
    return pipe->ended ? PARLEY_ERR_PEER_CLOSED : (int)parley_ring_put(&pipe->ring, from, bytes);
}

void parley_fake_pipe_close(int fd)
{
    struct pipe *pipe = opened(fd);

    if (pipe != NULL)
        pipe->open = false;
}

bool parley_fake_pipe_ready(int fd, bool read, bool write)
{
    const struct pipe *pipe = opened(fd);

    if (fd == SIGNAL_FD)
        return read && signals_unread > 0;
    if (pipe == NULL) /* poll tells of it at once, too */
        return true;
    if (is_input(fd))
        return write && (pipe->ended || parley_ring_free(&pipe->ring) > 0);
    return read && (pipe->ended || parley_ring_used(&pipe->ring) > 0);
}
