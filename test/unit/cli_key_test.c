/* The key: where it comes from, what is refused, and that nothing of it stays behind. */
#include "cli_test.h"

#include "core/cli/key.h"
#include "core/cli/setup.h"

static struct parley_cli_key key;
static char why[PARLEY_CLI_KEY_WHY];

static int read_key(const char *file)
{
    memset(&key, 0, sizeof key);
    why[0] = '\0';
    return parley_cli_key_read(&key, file, "THE_KEY", why);
}

static const struct {
    const char *title, *content, *key; /* key NULL: refused */
    const char *why;
} cases[] = {
    {"a key", "sk-abc", "sk-abc", NULL},
    {"with its newline", "sk-abc\n", "sk-abc", NULL},
    {"as Windows writes it", "sk-abc\r\n", "sk-abc", NULL},
    {"with space around it", "  sk-abc \nsecond line", "sk-abc", NULL},
    {"nothing", "", NULL, "holds no key"},
    {"an empty first line", "\nsk-abc\n", NULL, "holds no key"},
    {"two words", "sk abc", NULL, "holds a key with a space"},
    {"a control character", "sk\033abc", NULL, "that no key has"},
    {"not ASCII", "sk\xc3\xa4", NULL, "that no key has"},
};

static void keys_in_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status;

        parley_fake_file("key", cases[i].content, strlen(cases[i].content));
        status = read_key("key");
        if ((status == 0) != (cases[i].key != NULL))
            fail_msg("%s: %s", cases[i].title, why);
        if (status == 0) {
            assert_true(parley_view_is(parley_view_of(key.text, key.len), cases[i].key));
        } else {
            assert_holds(cases[i].title, why, cases[i].why);
            assert_null(strstr(why, "abc"));
            assert_int_equal(key.len, 0);
        }
        for (size_t k = key.len; k < sizeof key.text; k++)
            assert_int_equal(key.text[k], 0); /* what else was in the file is gone */
    }
}

static void files_that_hold_none(void **state)
{
    static char large[PARLEY_CLI_KEY + 1];

    (void)state;
    assert_int_equal(read_key("missing"), PARLEY_ERR_FILE);
    assert_holds("missing", why, "missing: No such file");
    memset(large, 'x', sizeof large);
    parley_fake_file("large", large, sizeof large);
    assert_int_equal(read_key("large"), PARLEY_ERR_TOO_LONG);
    assert_holds("large", why, "longer than a key can be");
}

static void the_environment_forgets_it(void **state)
{
    static char value[] = "sk-abc";

    (void)state;
    parley_fake_environment("THE_KEY", value);
    assert_int_equal(read_key(NULL), 0);
    assert_true(parley_view_is(parley_view_of(key.text, key.len), "sk-abc"));
    for (size_t i = 0; i < sizeof value; i++)
        assert_int_equal(value[i], 0); /* /proc/self/environ shows these bytes */
    parley_cli_key_wipe(&key);
    for (size_t i = 0; i < sizeof key; i++)
        assert_int_equal(((const char *)&key)[i], 0);
}

static void no_variable_is_no_key(void **state)
{
    (void)state;
    assert_int_equal(read_key(NULL), 0);
    assert_int_equal(key.len, 0);
}

/* ---- the setup around it --------------------------------------------------------------------- */

static struct parley_cli_setup setup;

static void the_prompt_comes_from_a_file(void **state)
{
    struct parley_cli_options options = {.prompt = "@prompt", .user_name = "Ada", .voice = "cedar"};

    (void)state;
    parley_fake_file("prompt", "Be brief.", 9);
    assert_int_equal(parley_cli_setup_make(&setup, &options), 0);
    assert_true(parley_view_is(setup.options.prompt, "Be brief."));
    assert_true(parley_view_is(setup.options.user_first_name, "Ada"));
    assert_true(parley_view_is(setup.options.voice, "cedar"));
    parley_cli_setup_wipe(&setup);
}

static void no_prompt_and_an_empty_one_differ(void **state)
{
    struct parley_cli_options options = {0};

    (void)state;
    parley_fake_user("Grace Hopper", "grace", NULL);
    assert_int_equal(parley_cli_setup_make(&setup, &options), 0);
    assert_null(setup.options.prompt.at);
    assert_true(parley_view_is(setup.options.user_first_name, "Grace"));
    parley_cli_setup_wipe(&setup);
    options.prompt = "";
    assert_int_equal(parley_cli_setup_make(&setup, &options), 0);
    assert_non_null(setup.options.prompt.at);
    parley_cli_setup_wipe(&setup);
}

static void what_cannot_be_read_is_named(void **state)
{
    static const struct {
        struct parley_cli_options options;
        const char *why;
    } wrong[] = {
        {{.prompt = "@nowhere"}, "nowhere: No such file"},
        {{.script = "no.talk"}, "no.talk: No such file"},
        {{.key_file = "no.key"}, "key: no.key: No such file"},
        {{.key_env = "NO_KEY"}, "NO_KEY: this environment variable with the key is not set"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_true(parley_cli_setup_make(&setup, &wrong[i].options) < 0);
        assert_holds("wrong", setup.why, wrong[i].why);
        parley_cli_setup_wipe(&setup);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_in_files, fresh),
        cmocka_unit_test_setup(files_that_hold_none, fresh),
        cmocka_unit_test_setup(the_environment_forgets_it, fresh),
        cmocka_unit_test_setup(no_variable_is_no_key, fresh),
        cmocka_unit_test_setup(the_prompt_comes_from_a_file, fresh),
        cmocka_unit_test_setup(no_prompt_and_an_empty_one_differ, fresh),
        cmocka_unit_test_setup(what_cannot_be_read_is_named, fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
