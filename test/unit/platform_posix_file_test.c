/* Real files, pipes and terminals, in a folder of the test's own. */
#define _GNU_SOURCE
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/parley-file-XXXXXX";
static char path_space[128];

static const char *in_folder(const char *name)
{
    snprintf(path_space, sizeof path_space, "%s/%s", folder, name);
    return path_space;
}

static int make_folder(void **state)
{
    (void)state;
    umask(022);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"a", "private", "append", "fifo", "closed"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(in_folder(names[i]));
    return rmdir(folder);
}

static void write_file(const char *name, enum parley_file_mode mode, const char *text)
{
    int fd = parley_file_open(in_folder(name), mode);

    assert_true(fd >= 0);
    assert_int_equal(parley_file_write(fd, text, strlen(text)), strlen(text));
    parley_file_close(fd);
}

static mode_t mode_of(const char *name)
{
    struct stat found;

    assert_int_equal(stat(in_folder(name), &found), 0);
    return found.st_mode & 0777;
}

static void what_is_written_can_be_read(void **state)
{
    char out[16];
    int fd;

    (void)state;
    write_file("a", PARLEY_FILE_CREATE, "hello");
    fd = parley_file_open(in_folder("a"), PARLEY_FILE_READ);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(parley_file_read(fd, out, 0), 0);
    assert_int_equal(parley_file_read(fd, out, 2), 2);
    assert_int_equal(parley_file_seek(fd, 1), 0);
    assert_int_equal(parley_file_read(fd, out, sizeof out), 4);
    assert_memory_equal(out, "ello", 4);
    assert_int_equal(parley_file_read(fd, out, sizeof out), PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(parley_file_write(fd, "x", 1), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "Bad file descriptor");
    parley_file_close(fd);
}

static void each_way_of_opening_has_its_mode(void **state)
{
    char out[32];

    (void)state;
    write_file("a", PARLEY_FILE_CREATE, "0123456789");
    assert_int_equal(mode_of("a"), 0644);
    write_file("a", PARLEY_FILE_CREATE, "01");
    assert_int_equal(parley_file_load(in_folder("a"), out, sizeof out), 2);

    write_file("private", PARLEY_FILE_CREATE, "old and open to all");
    write_file("private", PARLEY_FILE_PRIVATE, "secret");
    assert_int_equal(mode_of("private"), 0600);
    assert_int_equal(parley_file_load(in_folder("private"), out, sizeof out), 6);

    write_file("append", PARLEY_FILE_APPEND, "one ");
    write_file("append", PARLEY_FILE_APPEND, "two");
    assert_int_equal(mode_of("append"), 0600);
    assert_int_equal(parley_file_load(in_folder("append"), out, sizeof out), 7);
    assert_memory_equal(out, "one two", 7);
}

static void what_cannot_be_opened_says_why(void **state)
{
    (void)state;
    assert_int_equal(parley_file_open(in_folder("missing"), PARLEY_FILE_READ), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "No such file or directory");
    assert_int_equal(parley_file_open(folder, PARLEY_FILE_CREATE), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "Is a directory");
    assert_int_equal(parley_file_nonblocking(-1), PARLEY_ERR_FILE);
}

static void loading_fits_exactly_or_not_at_all(void **state)
{
    char out[8];

    (void)state;
    write_file("a", PARLEY_FILE_CREATE, "12345678");
    assert_int_equal(parley_file_load(in_folder("a"), out, 8), 8);
    assert_int_equal(parley_file_load(in_folder("a"), out, 7), PARLEY_ERR_TOO_LONG);
    write_file("a", PARLEY_FILE_CREATE, "");
    assert_int_equal(parley_file_load(in_folder("a"), out, 8), 0);
    assert_int_equal(parley_file_load(in_folder("a"), out, 0), 0);
    assert_int_equal(parley_file_load(in_folder("missing"), out, 8), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_load(folder, out, 8), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "Is a directory");
}

static void pipes_say_not_now_and_the_end(void **state)
{
    static char lots[65536];
    int ends[2], put;
    char out[4];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(parley_file_nonblocking(ends[0]), 0);
    assert_int_equal(parley_file_nonblocking(ends[1]), 0);
    assert_int_equal(parley_file_read(ends[0], out, 4), 0);
    assert_int_equal(parley_file_seek(ends[0], 0), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "Illegal seek");
    while ((put = parley_file_write(ends[1], lots, sizeof lots)) > 0)
        ;
    assert_int_equal(put, 0);
    parley_file_close(ends[1]);
    while ((put = parley_file_read(ends[0], lots, sizeof lots)) > 0)
        ;
    assert_int_equal(put, PARLEY_ERR_PEER_CLOSED);
    parley_file_close(ends[0]);
    parley_file_close(-1);
}

static void a_pipe_without_a_reader_is_closed(void **state)
{
    int ends[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as parley_process_catch_signals has it */
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(parley_file_write(ends[1], "x", 1), PARLEY_ERR_PEER_CLOSED);
    assert_string_equal(parley_file_reason(), "Broken pipe");
    parley_file_close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

/* "--prompt <(make-prompt)" opens a pipe into which somebody has yet to write. */
static void loading_waits_for_the_writer_of_a_pipe(void **state)
{
    uint64_t start_us = parley_clock_us();
    char command[160], out[16];
    FILE *writer;

    (void)state;
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    snprintf(command, sizeof command, "{ sleep 0.03; printf prompt; } >%s", in_folder("fifo"));
    writer = popen(command, "r");
    assert_non_null(writer);
    /* The shell opens its end in its own time; until then there is nobody to wait for. */
    while (parley_file_load(in_folder("fifo"), out, sizeof out) == 0)
        assert_true(parley_clock_us() - start_us < 5000000);
    assert_memory_equal(out, "prompt", 6);
    assert_int_equal(pclose(writer), 0);
}

static void a_terminal_is_told_from_a_file(void **state)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), fd = parley_file_open("/dev/null", PARLEY_FILE_READ);

    (void)state;
    assert_false(parley_file_is_terminal(fd));
    assert_false(parley_file_is_terminal(-1));
    if (terminal >= 0)
        assert_true(parley_file_is_terminal(terminal));
    parley_file_close(terminal);
    parley_file_close(fd);
}

static void a_file_is_looked_at_and_removed(void **state)
{
    struct parley_file_facts facts;
    int64_t now_us = parley_clock_unix_s() * 1000000;

    (void)state;
    write_file("a", PARLEY_FILE_CREATE, "hello");
    assert_int_equal(parley_file_look(in_folder("a"), &facts), 0);
    assert_int_equal(facts.bytes, 5);
    assert_in_range(facts.changed_us, now_us - 60000000, now_us + 60000000);
    assert_int_equal(parley_file_look(folder, &facts), PARLEY_ERR_FILE);
    assert_int_equal(symlink("a", in_folder("link")), 0);
    assert_int_equal(parley_file_look(in_folder("link"), &facts), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_remove(in_folder("link")), 0);
    assert_int_equal(parley_file_remove(in_folder("a")), 0);
    assert_int_equal(parley_file_look(in_folder("a"), &facts), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "No such file or directory");
    assert_int_equal(parley_file_remove(in_folder("a")), PARLEY_ERR_FILE);
}

static void a_private_folder_is_made_with_all_above_it(void **state)
{
    (void)state;
    assert_int_equal(parley_file_make_folder(in_folder("x/y/z")), 0);
    assert_int_equal(mode_of("x/y/z"), 0700);
    assert_int_equal(mode_of("x"), 0700);
    assert_int_equal(chmod(in_folder("x/y/z"), 0755), 0);
    assert_int_equal(chmod(in_folder("x"), 0755), 0);
    assert_int_equal(parley_file_make_folder(in_folder("x/y/z/")), 0);
    assert_int_equal(mode_of("x/y/z"), 0700);
    assert_int_equal(mode_of("x"), 0755); /* not ours alone */
    write_file("x/y/z/file", PARLEY_FILE_PRIVATE, "");
    assert_int_equal(parley_file_make_folder(in_folder("x/y/z/file")), PARLEY_ERR_FILE);
    assert_string_equal(parley_file_reason(), "Not a directory");
    assert_int_equal(parley_file_make_folder(in_folder("x/y/z/file/w")), PARLEY_ERR_FILE);
    assert_int_equal(parley_file_make_folder(""), PARLEY_ERR_FILE);
    unlink(in_folder("x/y/z/file"));
    rmdir(in_folder("x/y/z"));
    rmdir(in_folder("x/y"));
    rmdir(in_folder("x"));
}

static void the_working_folder_is_told_if_it_fits(void **state)
{
    char before[1000], now[1000];

    (void)state;
    assert_true(parley_file_working_folder(before, sizeof before) > 0);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(parley_file_working_folder(now, sizeof now), strlen(folder));
    assert_string_equal(now, folder);
    assert_int_equal(parley_file_working_folder(now, strlen(folder)), PARLEY_ERR_TOO_LONG);
    assert_int_equal(parley_file_working_folder(now, 0), PARLEY_ERR_TOO_LONG);
    assert_int_equal(chdir(before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(each_way_of_opening_has_its_mode),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(loading_fits_exactly_or_not_at_all),
        cmocka_unit_test(pipes_say_not_now_and_the_end),
        cmocka_unit_test(a_pipe_without_a_reader_is_closed),
        cmocka_unit_test(loading_waits_for_the_writer_of_a_pipe),
        cmocka_unit_test(a_terminal_is_told_from_a_file),
        cmocka_unit_test(a_file_is_looked_at_and_removed),
        cmocka_unit_test(a_private_folder_is_made_with_all_above_it),
        cmocka_unit_test(the_working_folder_is_told_if_it_fits),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
