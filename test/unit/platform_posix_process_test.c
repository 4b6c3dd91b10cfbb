/* Real children: pipes, ends, signals. What is waited for is waited for with parley_wait. */
#define _GNU_SOURCE
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/status.h"
#include "platform/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ALL = PARLEY_PIPE_IN | PARLEY_PIPE_OUT | PARLEY_PIPE_ERR, PATIENCE_US = 5000000 };

/* Reads a pipe to its end; returns how many bytes came, with a zero behind them. */
static size_t read_all(int fd, char *into, size_t bytes)
{
    uint64_t until_us = parley_clock_us() + PATIENCE_US;
    size_t read = 0;

    for (;;) {
        struct parley_interest want = {.fd = fd, .read = true, .deadline_us = PARLEY_NEVER};
        int got = parley_file_read(fd, into + read, bytes - 1 - read);

        if (got < 0) {
            assert_int_equal(got, PARLEY_ERR_PEER_CLOSED);
            into[read] = '\0';
            return read;
        }
        read += (size_t)got;
        if (got == 0)
            assert_int_equal(parley_wait(&want, 1, until_us), 1);
    }
}

static void wait_for_end(struct parley_process *p)
{
    uint64_t until_us = parley_clock_us() + PATIENCE_US;

    while (parley_process_poll(p) == 0) {
        assert_true(parley_clock_us() < until_us);
        parley_wait(NULL, 0, parley_clock_us() + 1000);
    }
}

/* What the command writes; it gets no input. */
static const char *output_of(const char *command, struct parley_process *p)
{
    static char text[4096];

    assert_int_equal(parley_process_start(p, command, PARLEY_PIPE_IN | PARLEY_PIPE_OUT), 0);
    parley_process_close(&p->in);
    read_all(p->out, text, sizeof text);
    wait_for_end(p);
    return text;
}

static void a_child_reads_writes_and_ends(void **state)
{
    struct parley_process p;
    char out[64];

    (void)state;
    assert_int_equal(parley_process_start(&p, "cat; echo bad >&2; exit 3", ALL), 0);
    assert_int_equal(parley_process_poll(&p), 0);
    assert_int_equal(parley_file_read(p.out, out, sizeof out), 0); /* does not block */
    assert_int_equal(parley_file_write(p.in, "hello", 5), 5);
    parley_process_close(&p.in);
    assert_int_equal(p.in, -1);
    assert_int_equal(read_all(p.out, out, sizeof out), 5);
    assert_string_equal(out, "hello");
    read_all(p.err, out, sizeof out);
    assert_string_equal(out, "bad\n");
    wait_for_end(&p);
    assert_true(p.exited);
    assert_int_equal(p.exit_code, 3);
    assert_int_equal(parley_process_poll(&p), 1);
    parley_process_stop(&p);
    assert_int_equal(p.pid, 0);
    assert_int_equal(p.out, -1);
    parley_process_stop(&p);
}

static void exit_codes_are_those_of_a_shell(void **state)
{
    static const struct {
        const char *command;
        int exit_code;
    } cases[] = {{"true", 0},         {"false", 1},           {"exit 255", 255},
                 {"kill -9 $$", 137}, {"kill -TERM $$", 143}, {"no-such-program-at-all 2>&-", 127}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_process p;

        assert_int_equal(parley_process_start(&p, cases[i].command, 0), 0);
        assert_true(p.in == -1 && p.out == -1 && p.err == -1);
        wait_for_end(&p);
        if (p.exit_code != cases[i].exit_code)
            fail_msg("%s: %d", cases[i].command, p.exit_code);
        parley_process_stop(&p);
    }
}

static void our_ends_do_not_block_and_do_not_leak(void **state)
{
    struct parley_process p, second;
    int ends[3];

    (void)state;
    assert_int_equal(parley_process_start(&p, "cat", ALL), 0);
    ends[0] = p.in;
    ends[1] = p.out;
    ends[2] = p.err;
    for (int i = 0; i < 3; i++) {
        assert_true((fcntl(ends[i], F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(ends[i], F_GETFD) & FD_CLOEXEC) != 0);
    }
    /* A second child must not hold the first one's input open. */
    assert_int_equal(parley_process_start(&second, "sleep 20", 0), 0);
    parley_process_close(&p.in);
    wait_for_end(&p);
    assert_int_equal(p.exit_code, 0);
    parley_process_stop(&p);
    parley_process_stop(&second);
}

static void the_child_is_alone_in_a_group_with_signals_as_new(void **state)
{
    struct parley_process p;
    sigset_t blocked;
    const char *text;
    unsigned long long value;
    char group[16];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    text = output_of("exec cat /proc/self/status /proc/self/stat", &p);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (strstr(text, "SigBlk:") == NULL)
        skip(); /* no /proc here */
    assert_int_equal(sscanf(strstr(text, "SigBlk:"), "SigBlk: %llx", &value), 1);
    assert_true(value == 0);
    assert_int_equal(sscanf(strstr(text, "SigIgn:"), "SigIgn: %llx", &value), 1);
    assert_true((value & 0x7fffffff) == 0); /* above are those the C library keeps for itself */
    snprintf(group, sizeof group, ") R %d %d ", getpid(), p.pid); /* state, parent, group */
    assert_non_null(strstr(text, group));
    parley_process_stop(&p);
}

/* True when no process of this number is alive (a zombie nobody has reaped yet counts as dead). */
static bool is_dead(int pid)
{
    char path[64], text[512] = "";
    const char *state;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (kill(pid, 0) != 0 || parley_file_load(path, text, sizeof text - 1) < 0)
        return true;
    state = strrchr(text, ')');
    return state != NULL && state[2] == 'Z';
}

/* Starts a shell that starts a child of its own and tells its number. */
static int start_family(struct parley_process *p, const char *command)
{
    struct parley_interest want = {.read = true, .deadline_us = PARLEY_NEVER};
    char text[32] = "";

    assert_int_equal(parley_process_start(p, command, PARLEY_PIPE_OUT), 0);
    want.fd = p->out;
    assert_int_equal(parley_wait(&want, 1, parley_clock_us() + PATIENCE_US), 1);
    assert_true(parley_file_read(p->out, text, sizeof text - 1) > 0);
    return atoi(text);
}

static void wait_for_death(int pid)
{
    uint64_t until_us = parley_clock_us() + PATIENCE_US;

    while (!is_dead(pid)) {
        assert_true(parley_clock_us() < until_us);
        parley_wait(NULL, 0, parley_clock_us() + 1000);
    }
}

static void its_children_end_with_it(void **state)
{
    struct parley_process p;
    int grandchild = start_family(&p, "sleep 20 & echo $!; wait");

    (void)state;
    parley_process_kill(&p, false);
    wait_for_end(&p);
    assert_int_equal(p.exit_code, 143);
    wait_for_death(grandchild);
    parley_process_stop(&p);
}

static void stopping_ends_the_stubborn_and_their_children(void **state)
{
    struct parley_process p;
    int grandchild = start_family(&p, "trap '' TERM; sleep 20 & echo $!; sleep 20");
    uint64_t start_us = parley_clock_us();

    (void)state;
    parley_process_kill(&p, false);
    assert_int_equal(parley_process_poll(&p), 0);
    parley_process_stop(&p);
    assert_int_equal(p.pid, 0);
    assert_true(p.exited);
    assert_int_equal(p.exit_code, 137);
    assert_true(parley_clock_us() - start_us < 1000000);
    wait_for_death(grandchild);
}

static void what_a_finished_child_left_behind_is_stopped_too(void **state)
{
    struct parley_process p;
    siginfo_t info;
    int grandchild = start_family(&p, "sleep 20 >&- & echo $!");

    (void)state;
    assert_int_equal(waitid(P_PID, (id_t)p.pid, &info, WEXITED | WNOWAIT), 0); /* ended, not yet reaped */
    parley_process_stop(&p);
    assert_int_equal(p.exit_code, 0);
    wait_for_death(grandchild);
}

static void a_child_that_somebody_else_reaped_has_ended(void **state)
{
    struct parley_process p;

    (void)state;
    assert_int_equal(parley_process_start(&p, "true", 0), 0);
    assert_int_equal(waitpid(p.pid, NULL, 0), p.pid);
    assert_int_equal(parley_process_poll(&p), 1);
    assert_int_equal(p.exit_code, 255);
    parley_process_stop(&p);
}

static void the_number_of_a_reaped_child_is_not_killed(void **state)
{
    struct parley_process running, reaped;

    (void)state;
    assert_int_equal(parley_process_start(&running, "sleep 20", 0), 0);
    reaped = running; /* as if the system had given the number to another one since */
    reaped.exited = true;
    parley_process_kill(&reaped, true);
    parley_process_stop(&reaped);
    assert_int_equal(parley_process_poll(&running), 0);
    parley_process_kill(&running, false);
    wait_for_end(&running);
    assert_int_equal(running.exit_code, 143); /* and not 137 */
    parley_process_stop(&running);
}

static void a_zeroed_process_may_be_stopped(void **state)
{
    struct parley_process p = {0};

    (void)state;
    parley_process_stop(&p);
    assert_true(fcntl(0, F_GETFD) != -1); /* and does not take our standard streams along */
    parley_process_kill(&p, true);
    assert_int_equal(parley_process_poll(&p), 1);
}

/* When a program is started with its standard streams closed, pipes land there. */
static void it_works_with_the_standard_streams_closed(void **state)
{
    int kept[3];
    struct parley_process p;
    char out[64] = "", err[64] = "";
    int started;

    (void)state;
    for (int i = 0; i < 3; i++) {
        kept[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
        close(i);
    }
    started = parley_process_start(&p, "cat; echo bad >&2", ALL);
    for (int i = 0; i < 3; i++) {
        dup2(kept[i], i);
        close(kept[i]);
    }
    assert_int_equal(started, 0);
    assert_true(p.in > 2 && p.out > 2 && p.err > 2);
    assert_int_equal(parley_file_write(p.in, "hello", 5), 5);
    parley_process_close(&p.in);
    read_all(p.out, out, sizeof out);
    assert_string_equal(out, "hello");
    read_all(p.err, err, sizeof err);
    assert_string_equal(err, "bad\n");
    wait_for_end(&p);
    parley_process_stop(&p);
}

static void without_descriptors_it_fails_and_leaves_none(void **state)
{
    enum { FIRST_FREE = 50 };
    struct rlimit limit, few;
    struct parley_process p;
    bool filled[FIRST_FREE] = {false};

    (void)state;
    for (int i = 3; i < FIRST_FREE; i++)
        filled[i] = fcntl(i, F_GETFD) == -1 && dup2(0, i) == i;
    getrlimit(RLIMIT_NOFILE, &limit);
    few = limit;
    for (int more = 0; more < 6; more++) { /* three pipes have six ends */
        few.rlim_cur = (rlim_t)(FIRST_FREE + more);
        setrlimit(RLIMIT_NOFILE, &few);
        assert_int_equal(parley_process_start(&p, "true", ALL), PARLEY_ERR_SYSTEM);
        setrlimit(RLIMIT_NOFILE, &limit);
        assert_int_equal(p.pid, 0);
        assert_true(p.in == -1 && p.out == -1 && p.err == -1);
        for (int i = 0; i < 6; i++)
            assert_int_equal(fcntl(FIRST_FREE + i, F_GETFD), -1);
    }
    for (int i = 3; i < FIRST_FREE; i++)
        if (filled[i])
            close(i);
}

static void caught_signals_are_counted_and_wake_a_wait(void **state)
{
    int fd = parley_process_catch_signals(), before = parley_process_signals(), ends[2];
    struct parley_interest want = {.fd = fd, .read = true, .deadline_us = PARLEY_NEVER};
    char out[8];

    (void)state;
    assert_true(fd > 2);
    assert_int_equal(parley_process_catch_signals(), fd);
    assert_int_equal(parley_file_read(fd, out, sizeof out), 0);
    raise(SIGINT);
    raise(SIGTERM);
    assert_int_equal(parley_process_signals() - before, 2);
    assert_int_equal(parley_wait(&want, 1, parley_clock_us() + PATIENCE_US), 1);
    assert_int_equal(parley_file_read(fd, out, sizeof out), 2);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(parley_file_write(ends[1], "x", 1), PARLEY_ERR_PEER_CLOSED); /* and no SIGPIPE */
    close(ends[1]);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
}

static void variables_and_programs_are_found(void **state)
{
    (void)state;
    setenv("PARLEY_TEST", "yes", 1);
    assert_string_equal(parley_process_environment("PARLEY_TEST"), "yes");
    unsetenv("PARLEY_TEST");
    assert_null(parley_process_environment("PARLEY_TEST"));
    setenv("PATH", "/no-such-folder::/usr/bin:/bin", 1);
    assert_true(parley_process_exists("sh"));
    assert_true(parley_process_exists("/bin/sh"));
    assert_false(parley_process_exists("no-such-program-at-all"));
    assert_false(parley_process_exists("/etc/passwd"));
    assert_false(parley_process_exists("/bin"));
    assert_false(parley_process_exists(""));
    setenv("PATH", "/no-such-folder", 1);
    assert_false(parley_process_exists("sh"));
    unsetenv("PATH");
    assert_false(parley_process_exists("sh"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_reads_writes_and_ends),
        cmocka_unit_test(exit_codes_are_those_of_a_shell),
        cmocka_unit_test(our_ends_do_not_block_and_do_not_leak),
        cmocka_unit_test(the_child_is_alone_in_a_group_with_signals_as_new),
        cmocka_unit_test(its_children_end_with_it),
        cmocka_unit_test(stopping_ends_the_stubborn_and_their_children),
        cmocka_unit_test(what_a_finished_child_left_behind_is_stopped_too),
        cmocka_unit_test(a_child_that_somebody_else_reaped_has_ended),
        cmocka_unit_test(the_number_of_a_reaped_child_is_not_killed),
        cmocka_unit_test(a_zeroed_process_may_be_stopped),
        cmocka_unit_test(it_works_with_the_standard_streams_closed),
        cmocka_unit_test(without_descriptors_it_fails_and_leaves_none),
        cmocka_unit_test(caught_signals_are_counted_and_wake_a_wait),
        cmocka_unit_test(variables_and_programs_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
