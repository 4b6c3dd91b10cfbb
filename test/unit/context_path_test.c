/* context/path.c: paths in their plain form. */
#include "context/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char out[PARLEY_PATH_BYTES];

static const struct path_case {
    const char *base, *path, *plain; /* plain "": refused */
} cases[] = {
    {"", "/", "/"},
    {"", "/a", "/a"},
    {"", "/a/", "/a"},
    {"", "//a///b//", "/a/b"},
    {"", "/a/./b/.", "/a/b"},
    {"", "/a/../b", "/b"},
    {"", "/a/b/../../c", "/c"},
    {"", "/..", "/"},
    {"", "/../../a", "/a"},
    {"", "/a/...", "/a/..."},
    {"", "/a/..b/.c", "/a/..b/.c"},
    {"/x/y", "a/b", "/x/y/a/b"},
    {"/x/y/", "../a", "/x/a"},
    {"/x", "../../a", "/a"},
    {"/x", "", "/x"},
    {"/x", "/a", "/a"},
    {"x", "/a", "/a"},
    {"x", "a", ""},
    {"", "a", ""},
    {"", "", ""},
    {"", "./a", ""},
};

static void test_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = parley_path_plain(out, parley_view(cases[i].base), parley_view(cases[i].path));

        if (!parley_view_is(parley_view_of(out, len), cases[i].plain))
            fail_msg("'%s' from '%s': %.*s", cases[i].path, cases[i].base, (int)len, out);
        if (len > 0)
            assert_int_equal(out[len], '\0');
    }
}

static void test_a_zero_is_no_part_of_a_path(void **state)
{
    struct parley_view bad = {"/a\0b", 4}, good = {"/a", 2};
    (void)state;

    assert_int_equal(parley_path_plain(out, parley_view(NULL), bad), 0);
    assert_int_equal(parley_path_plain(out, bad, parley_view("c")), 0);
    assert_int_equal(parley_path_plain(out, bad, good), 2); /* which is not looked at */
}

static void test_as_long_as_can_be(void **state)
{
    static char path[2 * PARLEY_PATH_BYTES];
    struct parley_view longest = {path, PARLEY_PATH_BYTES - 1}, longer = {path, PARLEY_PATH_BYTES};
    (void)state;

    memset(path, 'x', sizeof path);
    path[0] = path[2000] = '/';
    assert_int_equal(parley_path_plain(out, parley_view(NULL), longest), PARLEY_PATH_BYTES - 1);
    assert_int_equal(parley_path_plain(out, parley_view(NULL), longer), 0);
    assert_int_equal(parley_path_plain(out, longest, parley_view("a")), 0);
    assert_int_equal(parley_path_plain(out, longer, parley_view("..")), 0);
    assert_int_equal(parley_path_plain(out, longest, parley_view("..")), 2000);
    assert_int_equal(parley_path_plain(out, longest, parley_view("/b")), 2);
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = 'a';
    assert_int_equal(parley_path_plain(out, parley_view(NULL), parley_view_of(path, sizeof path)), 2);
}

static void test_parents_and_names(void **state)
{
    static const struct {
        const char *path, *parent, *name;
    } table[] = {{"/a/b", "/a", "b"}, {"/a", "/", "a"}, {"/a/b/c d", "/a/b", "c d"}};
    (void)state;

    for (size_t i = 0; i < COUNT(table); i++) {
        assert_true(parley_view_is(parley_path_parent(parley_view(table[i].path)), table[i].parent));
        assert_true(parley_view_is(parley_path_name(parley_view(table[i].path)), table[i].name));
    }
    assert_null(parley_path_parent(parley_view("/")).at);
    assert_null(parley_path_name(parley_view("/")).at);
    assert_null(parley_path_parent(parley_view(NULL)).at);
    assert_null(parley_path_name(parley_view(NULL)).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_a_zero_is_no_part_of_a_path),
        cmocka_unit_test(test_as_long_as_can_be),
        cmocka_unit_test(test_parents_and_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
