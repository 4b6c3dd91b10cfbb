#ifndef PARLEY_PLATFORM_FAKE_H
#define PARLEY_PLATFORM_FAKE_H

#include "platform/address.h"
#include "platform/view.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The strings on which a test plays the fake platform. Time stands still until it is moved or waited for;
 * every random byte follows from the seed; network, files and processes are what the test says they are.
 * Nothing here touches the machine, so that a test gives the same result on each.
 *
 * Tables have fixed sizes; a call that overfills one, or names what is not there, is a fault of the test and
 * ends it (assert).
 */

/* Puts all fakes back to their beginning: clock 1 s, 2026-01-01, seed 1, no hook, no names, no addresses, no
   files, no processes, no environment, the user "there" without a home. */
void parley_fake_reset(void);

/* ---- time and chance -------------------------------------------------------------------------- */

void parley_fake_clock_set_us(uint64_t now_us);
void parley_fake_clock_advance_us(uint64_t by_us);

/* The calendar moves with the clock; this sets what it shows now. */
void parley_fake_clock_unix_s(int64_t now_s);

/* The generator is splitmix64: a pure function of the seed and of how many bytes were drawn before. */
void parley_fake_random_seed(uint64_t seed);

/* While true, parley_random fails. */
void parley_fake_random_broken(bool broken);

/*
 * parley_wait never sleeps: it moves the clock to the earliest deadline, or to the next thing that happens in
 * the fake network or to a process. A test that plays the other side hangs itself in here: `hook` is called
 * each time before descriptors are looked at, and returns when it wants to be called again at the latest
 * (PARLEY_NEVER: whenever). A wait for nothing at all returns PARLEY_ERR_SYSTEM instead of hanging. NULL:
 * none.
 */
typedef uint64_t parley_fake_hook(void *user, uint64_t now_us);
void parley_fake_each_wait(parley_fake_hook *hook, void *user);

/* How many bytes parley_pages_give_back was told of. What they held is overwritten. */
size_t parley_fake_given_back(void);

/* ---- names ------------------------------------------------------------------------------------ */

/* Gives `name` one more address ("192.0.2.7", "2001:db8::1"); the resolver gives them in this order. Names
   that are not listed do not exist. Literals need no entry. */
void parley_fake_name(const char *name, const char *address);

/* Lets the answer for `name` take so long; PARLEY_NEVER: for ever. */
void parley_fake_name_delay_us(const char *name, uint64_t after_us);

/* Lets looking up `name` end with `status` (PARLEY_ERR_RESOLVE, PARLEY_ERR_TIMEOUT) and these words, which
   follow "name: ". */
void parley_fake_name_fails(const char *name, int status, const char *words);

/* ---- network ---------------------------------------------------------------------------------- */

/*
 * What happens to connections to `address` and `port` (0: any) from now on: they are accepted or refused
 * after a while, or never answered. The rule given last counts. Without a rule there is no route: refused
 * at once, as is a refusal after 0.
 */
enum parley_fake_answer { PARLEY_FAKE_ACCEPT, PARLEY_FAKE_REFUSE, PARLEY_FAKE_SILENT };
void parley_fake_address(const char *address, uint16_t port, enum parley_fake_answer answer,
                         uint64_t after_us);

/*
 * Connections are numbered from 0 in the order parley_socket_connect made them (those that were refused at
 * once have no number). There is room for PARLEY_FAKE_CONNECTIONS between two resets.
 */
enum { PARLEY_FAKE_CONNECTIONS = 32, PARLEY_FAKE_PIPE_BYTES = 32768 };
int parley_fake_connections(void);
const struct parley_address *parley_fake_connection_to(int connection);
bool parley_fake_connection_open(int connection);   /* accepted, and closed by nobody */
bool parley_fake_connection_closed(int connection); /* by the program under test */

/* How a connection is hindered. All zero: not at all. */
struct parley_fake_limits {
    size_t read_bytes;          /* the most that one parley_socket_read gives */
    size_t write_bytes;         /* the most that one parley_socket_write takes */
    size_t queue_bytes;         /* the most that waits for parley_fake_peer_read */
    uint64_t break_after_read;  /* it breaks when so many bytes have been read */
    uint64_t break_after_write; /* or written */
};

/* Sets the limits of one connection, or with -1 those of all made from now on. */
void parley_fake_limits(int connection, const struct parley_fake_limits *limits);

/* The other end, which the test plays. Both return the bytes moved: up to PARLEY_FAKE_PIPE_BYTES queue. */
size_t parley_fake_peer_read(int connection, void *into, size_t bytes);
size_t parley_fake_peer_write(int connection, const void *from, size_t bytes);

/* The orderly end of what the other end sends (the program still reads what was written before), or a
   break, which loses that. */
void parley_fake_peer_end(int connection);
void parley_fake_peer_break(int connection);

/* ---- files and standard streams --------------------------------------------------------------- */

/* Files live in memory: up to PARLEY_FAKE_FILES_MAX of at most PARLEY_FAKE_FILE_BYTES; then the disk is
   full. What is opened for writing is made. */
enum { PARLEY_FAKE_FILES_MAX = 16, PARLEY_FAKE_FILE_BYTES = 262144 };
void parley_fake_file(const char *path, const void *bytes, size_t length);
void parley_fake_file_denied(const char *path); /* it can be neither read nor written */

/*
 * What else is on the disk, by absolute paths: folders, which need no entry when something is in them, files
 * nobody will read, and what is neither (a link that leads nowhere, a pipe). A folder that was denied as if
 * it were a file cannot be opened. The strings are kept.
 */
enum { PARLEY_FAKE_ENTRIES_MAX = 256 };
void parley_fake_folder(const char *path);
void parley_fake_entry(const char *path);
void parley_fake_special(const char *path);

/* A folder with `count` files, one-0000001 and so on, each of which takes so long to read from the disk. */
void parley_fake_crowd(const char *path, size_t count, uint64_t each_us);

/* The folder the program works in ("/" at first). The string is kept. */
void parley_fake_working_folder(const char *path);

/* What is in it now; absent when there is no such file. Good until it is written to. */
struct parley_view parley_fake_file_content(const char *path);

/* Descriptors 0, 1 and 2: what the program will read, and what it has written since the last call (the
   oldest is lost beyond PARLEY_FAKE_PIPE_BYTES). */
void parley_fake_input(const void *bytes, size_t length);
void parley_fake_input_end(void);
size_t parley_fake_output(int fd, void *into, size_t bytes);

/* Whether 0, 1 and 2 are terminals (at first they are not). */
void parley_fake_terminal(bool terminal);

/* ---- processes -------------------------------------------------------------------------------- */

/*
 * Says what `command` does when it is started: it ends after `ends_after_us` (PARLEY_NEVER: only when it is
 * killed or made to exit) with this code. A command nobody described ends at once with 127. The strings of
 * these calls are kept, not copied.
 */
void parley_fake_command(const char *command, uint64_t ends_after_us, int exit_code);

/* It writes `text` to its stream (1 or 2), so long after its start. To be given in the order of time. */
void parley_fake_command_says(const char *command, uint64_t after_us, int stream, const char *text);

/* It does not mind SIGTERM. */
void parley_fake_command_stubborn(const char *command);

/* While true, parley_process_start fails. */
void parley_fake_process_broken(bool broken);

/* Started processes are numbered from 0; up to PARLEY_FAKE_PROCESSES between two resets. */
enum { PARLEY_FAKE_PROCESSES = 16 };
int parley_fake_processes(void);
const char *parley_fake_process_command(int process);
bool parley_fake_process_running(int process);

/* The other ends of its pipes: what it was given, whether its input has ended, and what it says besides its
   script. Returns the bytes moved. */
size_t parley_fake_process_read(int process, void *into, size_t bytes);
bool parley_fake_process_input_ended(int process);
size_t parley_fake_process_write(int process, int stream, const void *from, size_t bytes);
void parley_fake_process_exit(int process, int exit_code);

/* Somebody presses Ctrl-C (seen if parley_process_catch_signals was called). */
void parley_fake_signal(void);

/* An environment variable (value NULL: none), and a program in PATH. The strings are kept. */
void parley_fake_environment(const char *name, const char *value);
void parley_fake_program(const char *name);

/* ---- the user --------------------------------------------------------------------------------- */

/* The account: full name (as in a GECOS field), login, home. The strings are kept; NULL: none. */
void parley_fake_user(const char *full_name, const char *login, const char *home);

#endif
