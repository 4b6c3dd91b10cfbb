/* How to address the person at the machine. */
#include "platform/first_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A copy without a byte behind it, so that a sanitizer sees where it ends. */
static struct parley_view exact_copy(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    if (length > 0)
        memcpy(copy, text, length);
    return parley_view_of(copy, length);
}

static void the_first_name_is_found(void **state)
{
    static const struct {
        const char *title, *full_name, *login, *expected;
    } cases[] = {
        {"the first word", "Ada Lovelace", "ada", "Ada"},
        {"fields behind a comma", "Ada,Room 7,,", "ada", "Ada"},
        {"blanks in front", " \tAda  Lovelace", "ada", "Ada"},
        {"letters beyond ASCII", "\xc3\x85sa \xc3\x96man", "asa", "\xc3\x85sa"},
        {"no full name", "", "ada", "ada"},
        {"an account without one", NULL, "ada", "ada"},
        {"only fields", ",,,", "ada", "ada"},
        {"blanks", "   ", "ada", "ada"},
        {"nothing at all", NULL, NULL, "there"},
        {"nothing but empty", "", "", "there"},
        {"Latin-1", "\xc5sa", "asa", "asa"},
        {"half a character", "A\xc3", "asa", "asa"},
        {"Latin-1 all over", "\xc5sa", "\xe5sa", "there"},
        {"control characters", "A\x1b[31m", "ada", "A?[31m"},
        {"cut to what fits", "Abcdefghijklmnop", "a", "Abcdefghijk"},
        {"cut at a whole character", "Abcdefghij\xc3\xa9", "a", "Abcdefghij"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parley_view full_name = exact_copy(cases[i].full_name), login = exact_copy(cases[i].login);
        char out[12];

        memset(out, 'x', sizeof out);
        parley_first_name(full_name, login, out, sizeof out);
        free((char *)(uintptr_t)full_name.at);
        free((char *)(uintptr_t)login.at);
        assert_non_null(memchr(out, '\0', sizeof out));
        if (strcmp(out, cases[i].expected) != 0)
            fail_msg("%s: '%s'", cases[i].title, out);
    }
}

static void room_for_one_byte_or_none(void **state)
{
    char out[2] = "xy";

    (void)state;
    parley_first_name(parley_view("Ada"), parley_view("ada"), out, 0);
    assert_int_equal(out[0], 'x');
    parley_first_name(parley_view("Ada"), parley_view("ada"), out, 1);
    assert_int_equal(out[0], '\0');
    assert_int_equal(out[1], 'y');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_name_is_found),
        cmocka_unit_test(room_for_one_byte_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
