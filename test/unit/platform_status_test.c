/* The one list of statuses: names, texts, and the hundreds that tell a host what to do. */
#include "platform/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void some_numbers_have_these_names_and_texts(void **state)
{
    static const struct {
        int status;
        const char *name, *text;
    } cases[] = {
        {0, "OK", "fine"},
        {-101, "ERR_ARGUMENT", "an argument is out of range"},
        {-205, "ERR_LOST", "the connection broke"},
        {-403, "ERR_SERVICE", "the service reported an error"},
        {1, "?", "unknown status"},
        {-1, "?", "unknown status"},
        {-99999, "?", "unknown status"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(parley_status_name(cases[i].status), cases[i].name);
        assert_string_equal(parley_status_text(cases[i].status), cases[i].text);
    }
}

#define NUMBER(name, number, text) number,
static const int all[] = {PARLEY_STATUS(NUMBER)};
enum { COUNT = sizeof all / sizeof all[0] };

static void each_failure_is_negative_and_in_one_of_four_hundreds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        if (all[i] != PARLEY_OK)
            assert_in_range((uintmax_t)-all[i], 100, 499);
}

static void no_two_share_a_number_a_name_or_a_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = i + 1; k < COUNT; k++) {
            assert_int_not_equal(all[i], all[k]);
            assert_string_not_equal(parley_status_name(all[i]), parley_status_name(all[k]));
            assert_string_not_equal(parley_status_text(all[i]), parley_status_text(all[k]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_numbers_have_these_names_and_texts),
        cmocka_unit_test(each_failure_is_negative_and_in_one_of_four_hundreds),
        cmocka_unit_test(no_two_share_a_number_a_name_or_a_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
