/* The user of the machine the test runs on. */
#define _GNU_SOURCE
#include "platform/first_name.h"
#include "platform/status.h"
#include "platform/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pwd.h>
#include <unistd.h>

#include <cmocka.h>

static void the_first_name_is_that_of_the_account(void **state)
{
    const struct passwd *user = getpwuid(getuid());
    char out[64], expected[64], small[3];

    (void)state;
    parley_user_first_name(out, sizeof out);
    assert_true(out[0] != '\0');
    if (user == NULL)
        skip();
    parley_first_name(parley_view(user->pw_gecos), parley_view(user->pw_name), expected, sizeof expected);
    assert_string_equal(out, expected);
    parley_user_first_name(small, sizeof small);
    assert_true(strlen(small) <= 2);
}

static void home_is_what_the_environment_says_or_the_account(void **state)
{
    const struct passwd *user = getpwuid(getuid());
    char out[512];

    (void)state;
    setenv("HOME", "/home/ada", 1);
    assert_int_equal(parley_user_home(out, sizeof out), 9);
    assert_string_equal(out, "/home/ada");
    assert_int_equal(parley_user_home(out, 10), 9);
    assert_int_equal(parley_user_home(out, 9), PARLEY_ERR_TOO_LONG);
    if (user == NULL)
        skip();
    setenv("HOME", "", 1);
    assert_int_equal(parley_user_home(out, sizeof out), strlen(user->pw_dir));
    assert_string_equal(out, user->pw_dir);
    unsetenv("HOME");
    assert_int_equal(parley_user_home(out, sizeof out), strlen(user->pw_dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_name_is_that_of_the_account),
        cmocka_unit_test(home_is_what_the_environment_says_or_the_account),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
