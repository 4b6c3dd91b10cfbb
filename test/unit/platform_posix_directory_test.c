/*
 * Folders on the real file system: what is in them, whatever it is, and what cannot be opened.
 * link: -Wl,--wrap=readdir64
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* so that readdir is readdir64, as in platform/posix/directory.c */
#include "platform/directory.h"
#include "platform/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/parley-directory-XXXXXX";
static char path_space[256];

static const char *in_root(const char *name)
{
    snprintf(path_space, sizeof path_space, "%s/%s", root, name);
    return path_space;
}

/* Some file systems tell no types; and a disk can fail at any entry. */
static bool types_unknown, disk_fails;
struct dirent *__real_readdir64(DIR *dir);
struct dirent *__wrap_readdir64(DIR *dir);
struct dirent *__wrap_readdir64(DIR *dir)
{
    struct dirent *e = __real_readdir64(dir);

    if (e != NULL && types_unknown)
        e->d_type = DT_UNKNOWN;
    if (e != NULL && disk_fails) {
        errno = EIO;
        return NULL;
    }
    return e;
}

static void make_file(const char *name)
{
    int fd = open(in_root(name), O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(root) == NULL)
        return -1;
    make_file("file");
    make_file("two\nlines");
    make_file("\xff not UTF-8");
    make_file(".hidden");
    mkdir(in_root("folder"), 0700);
    make_file("folder/inner");
    mkfifo(in_root("fifo"), 0600);
    return symlink("folder", in_root("link")) == 0 && symlink("nowhere", in_root("dangling")) == 0 ? 0 : -1;
}

static int clear_up(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", root, root);
    return system(command);
}

/* All entries as "name=kind;", sorted by insertion. */
static const char *listing(const char *path, bool follow)
{
    static char lines[16][64], all[1024];
    struct parley_directory d;
    struct parley_view name;
    enum parley_entry kind;
    size_t count = 0;

    assert_int_equal(parley_directory_open(&d, path, follow), 0);
    while (parley_directory_next(&d, &name, &kind) == 1) {
        assert_true(count < 16);
        snprintf(lines[count++], 64, "%.*s=%d;", (int)name.len, name.at, (int)kind);
    }
    assert_int_equal(parley_directory_next(&d, &name, &kind), 0);
    parley_directory_close(&d);
    qsort(lines, count, sizeof lines[0], (int (*)(const void *, const void *))strcmp);
    all[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(all, lines[i]);
    return all;
}

/* 1 a file, 2 a folder, 3 something else */
static const char everything[] =
    ".hidden=1;dangling=3;fifo=3;file=1;folder=2;link=3;two\nlines=1;\xff not UTF-8=1;";

static void each_entry_comes_once_with_its_kind(void **state)
{
    (void)state;
    assert_string_equal(listing(root, true), everything);
    assert_string_equal(listing(root, false), everything);
    assert_string_equal(listing(in_root("folder"), false), "inner=1;");
}

static void kinds_are_looked_up_where_the_file_system_tells_none(void **state)
{
    (void)state;
    types_unknown = true;
    assert_string_equal(listing(root, true), everything);
    types_unknown = false;
}

static void a_link_is_followed_only_if_wanted(void **state)
{
    struct parley_directory d;

    (void)state;
    assert_string_equal(listing(in_root("link"), true), "inner=1;");
    assert_int_equal(parley_directory_open(&d, in_root("link"), false), PARLEY_ERR_FILE);
    assert_string_equal(listing(in_root("link/."), false), "inner=1;"); /* within a path it is */
}

static void what_is_no_folder_is_not_opened(void **state)
{
    static const char *const names[] = {"file", "fifo", "dangling", "missing", "file/x"};
    struct parley_directory d;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(parley_directory_open(&d, in_root(names[i]), true), PARLEY_ERR_FILE);
    assert_int_equal(parley_directory_open(&d, "", true), PARLEY_ERR_FILE);
}

static void a_folder_that_may_not_be_read_is_not_opened(void **state)
{
    struct parley_directory d;

    (void)state;
    assert_int_equal(mkdir(in_root("closed"), 0), 0);
    assert_int_equal(chmod(root, 0755), 0);
    if (geteuid() == 0)
        assert_int_equal(seteuid(65534), 0); /* nothing is closed to root */
    assert_int_equal(parley_directory_open(&d, in_root("closed"), true), PARLEY_ERR_FILE);
    assert_int_equal(parley_directory_look(in_root("closed")), PARLEY_ENTRY_FOLDER);
    assert_int_equal(parley_directory_look(in_root("closed/x")), PARLEY_ENTRY_NONE);
    assert_int_equal(seteuid(getuid()), 0);
    assert_int_equal(rmdir(in_root("closed")), 0);
}

static void a_disk_that_fails_is_not_the_end_of_the_folder(void **state)
{
    struct parley_directory d;
    struct parley_view name;
    enum parley_entry kind;

    (void)state;
    assert_int_equal(parley_directory_open(&d, root, true), 0);
    disk_fails = true;
    assert_int_equal(parley_directory_next(&d, &name, &kind), PARLEY_ERR_FILE);
    disk_fails = false;
    parley_directory_close(&d);
}

static void looking_follows_links(void **state)
{
    (void)state;
    assert_int_equal(parley_directory_look(in_root("file")), PARLEY_ENTRY_FILE);
    assert_int_equal(parley_directory_look(in_root("folder")), PARLEY_ENTRY_FOLDER);
    assert_int_equal(parley_directory_look(in_root("link")), PARLEY_ENTRY_FOLDER);
    assert_int_equal(parley_directory_look(in_root("fifo")), PARLEY_ENTRY_OTHER);
    assert_int_equal(parley_directory_look(in_root("dangling")), PARLEY_ENTRY_NONE);
    assert_int_equal(parley_directory_look(in_root("missing")), PARLEY_ENTRY_NONE);
}

static void no_descriptor_is_left_open(void **state)
{
    struct parley_directory d;
    int before = dup(0), after;

    (void)state;
    close(before);
    listing(root, true);
    parley_directory_open(&d, in_root("file"), true);
    parley_directory_open(&d, in_root("link"), false);
    after = dup(0);
    close(after);
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_comes_once_with_its_kind),
        cmocka_unit_test(kinds_are_looked_up_where_the_file_system_tells_none),
        cmocka_unit_test(a_link_is_followed_only_if_wanted),
        cmocka_unit_test(what_is_no_folder_is_not_opened),
        cmocka_unit_test(a_folder_that_may_not_be_read_is_not_opened),
        cmocka_unit_test(a_disk_that_fails_is_not_the_end_of_the_folder),
        cmocka_unit_test(looking_follows_links),
        cmocka_unit_test(no_descriptor_is_left_open),
    };

    return cmocka_run_group_tests(tests, set_up, clear_up);
}
