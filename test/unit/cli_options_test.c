/* The command line of talk: what is read, and what is said about what is wrong. */
#include "cli_test.h"

#include "core/cli/options.h"

enum { ARGUMENTS = 40 };

static struct parley_cli_options options;
static char why[PARLEY_CLI_OPTIONS_WHY];

/* Reads a command line written with '|' between the arguments; one of `call` begins with "call:". */
static int read_line(const char *line, const char *transport)
{
    static char copy[2048];
    bool call = strncmp(line, "call:", 5) == 0;
    char *arguments[ARGUMENTS], talk[] = "talk", name_call[] = "call";
    int count = 0;

    snprintf(copy, sizeof copy, "%s", call ? line + 5 : line);
    arguments[count++] = call ? name_call : talk;
    for (char *at = strtok(copy, "|"); at != NULL; at = strtok(NULL, "|"))
        arguments[count++] = at;
    why[0] = '\0';
    return parley_cli_options_read(&options, count, arguments, transport, why);
}

static const struct {
    const char *title, *line, *transport, *why;
} wrong[] = {
    {"an unknown option", "--modle|x", "wss", "unknown option --modle"},
    {"its value is not shown", "--keys=sk-secret", "wss", "unknown option --keys"},
    {"a word without dashes", "hello", "wss", "hello is not an option; talk takes options only"},
    {"a lone dash", "-", "wss", "- is not an option"},
    {"a missing value", "--model", "wss", "--model wants a value: NAME"},
    {"a flag with a value", "--json=yes", "wss", "--json takes no value"},
    {"a modality that is none", "--modality|video", "wss", "--modality wants audio or text"},
    {"reconnecting now and then", "--reconnect|maybe", "wss", "--reconnect wants on or off"},
    {"a gate that is neither", "--echo-gate|maybe", "wss", "--echo-gate wants on or off"},
    {"a time that is no number", "--agent|x|--agent-timeout|5s", "wss",
     "--agent-timeout wants a whole number from 1 to 86400"},
    {"a time that is empty", "--agent|x|--agent-timeout=", "wss", "--agent-timeout wants a whole number"},
    {"no time at all", "--agent|x|--agent-timeout|0", "wss", "--agent-timeout wants a whole number"},
    {"a time that is negative", "--linger-ms|-5", "wss", "--linger-ms wants a whole number from 1 to 600000"},
    {"a number beyond all numbers", "--linger-ms|99999999999999999999999", "wss",
     "--linger-ms wants a whole"},
    {"a header without a colon", "--header|secret", "wss", "--header wants 'Name: value'"},
    {"a header without a name", "--header|: x", "wss", "--header wants 'Name: value'"},
    {"a file and a microphone", "--in|a.wav|--mic|arecord", "wss", "--in and --mic are two"},
    {"a file and a loudspeaker", "--out|a.wav|--speaker|aplay", "wss", "--out and --speaker are two"},
    {"a file that would be read and written", "--in|a.wav|--out|a.wav", "wss",
     "--in and --out are the same file"},
    {"two keys", "--key-env|A|--key-file|b", "wss", "--key-env and --key-file are two keys"},
    {"trust and no trust", "--ca-file|a|--insecure-no-verify", "wss", "--ca-file says whom to trust"},
    {"no store, and a thread out of it", "--no-store|--thread|0195", "wss",
     "--no-store leaves out what --thread asks for"},
    {"quiet and verbose", "--quiet|--verbose", "wss", "--quiet and --verbose contradict"},
    {"quiet and JSON", "--quiet|--json", "wss", "--quiet and --json contradict"},
    {"JSON and sound on one stream", "--json|--out|-", "wss", "--json and --out - both want standard output"},
    {"a time for no agent", "--agent-timeout|5", "wss", "--agent-timeout needs --agent"},
    {"a script for the real service", "--script|a", "wss", "--script belongs to parley-loopback"},
    {"an agent that is empty", "--agent=", "wss", "--agent wants a command"},
    {"a microphone that is empty", "--mic=", "wss", "--mic wants a command, or none"},
    {"a loudspeaker that is empty", "--speaker=", "wss", "--speaker wants a command, or none"},
    {"sound of a model that writes", "--modality|text|--out|a", "wss", "--out gets no sound"},
    {"a call without an offer", "call:--quiet", "wss", "--sdp is missing"},
    {"a call to create and to join", "call:--sdp|a|--call-id|rtc_1", "wss", "--sdp creates a call"},
    {"an answer that will not come", "call:--call-id|rtc_1|--answer|a", "wss", "--answer needs --sdp"},
    {"sound in a call", "call:--sdp|a|--mic|none", "wss", "unknown option --mic"},
    {"a bound of no record", "--record-bytes|65536", "wss",
     "--record-bytes and --record-audio need --record"},
    {"a record too short for its first line", "--record|a|--record-bytes|1", "wss", "--record-bytes wants"},
    {"an offer in a talk", "--sdp|a", "wss", "unknown option --sdp"},
    {"a loudspeaker for a model that writes", "--modality|text|--speaker|x", "wss",
     "--speaker gets no sound"},
};

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (read_line(wrong[i].line, wrong[i].transport) != PARLEY_ERR_ARGUMENT)
            fail_msg("%s: taken", wrong[i].title);
        assert_holds(wrong[i].title, why, wrong[i].why);
        if (strstr(why, "secret") != NULL || strchr(why, '\n') != NULL)
            fail_msg("%s: %s", wrong[i].title, why);
    }
}

static const struct {
    const char *title, *line, *transport;
} right[] = {
    {"nothing", "", "wss"},
    {"a script on the loopback", "--script|a.talk", "loopback"},
    {"no microphone beside a file", "--in|a.wav|--mic|none", "wss"},
    {"no loudspeaker for a model that writes", "--modality|text|--speaker|none", "wss"},
    {"sound to standard output", "--out|-", "wss"},
    {"help, whatever else", "--quiet|--verbose|--help", "wss"},
    {"a thread, and a context of its own", "--thread|0195|--startup-context|off", "wss"},
    {"a call", "call:--sdp|a|--answer|b|--call-url|https://h/v1", "wss"},
    {"a call that there is", "call:--call-id|rtc_1|--agent|x|--json", "wss"},
    {"the longest time", "--agent|x|--agent-timeout|86400", "wss"},
    {"the shortest time", "--linger-ms|1", "wss"},
};

static void what_is_right_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(right); i++)
        if (read_line(right[i].line, right[i].transport) != PARLEY_OK)
            fail_msg("%s: %s", right[i].title, why);
}

static void values_come_either_way(void **state)
{
    (void)state;
    assert_int_equal(
        read_line("--model=a=b|--voice|cedar|--prompt|--odd|--header|X-A:  b |--header=X-C:d:e", "wss"), 0);
    assert_string_equal(options.model, "a=b");
    assert_string_equal(options.voice, "cedar");
    assert_string_equal(options.prompt, "--odd"); /* a value may look like an option */
    assert_int_equal(options.way.headers.count, 2);
    assert_true(parley_view_is(options.way.headers.at[0].name, "X-A"));
    assert_true(parley_view_is(options.way.headers.at[0].value, "b"));
    assert_true(parley_view_is(options.way.headers.at[1].value, "d:e"));
}

static void defaults_stand_where_nothing_is_said(void **state)
{
    (void)state;
    assert_int_equal(read_line("", "loopback"), 0);
    assert_int_equal(options.agent_timeout_s, 300);
    assert_int_equal(options.linger_ms, 1500);
    assert_int_equal(options.modality, PARLEY_MODALITY_AUDIO);
    assert_int_equal(options.echo_gate, PARLEY_CLI_AUTO);
    assert_int_equal(options.compress, PARLEY_COMPRESS_AUTO);
    assert_null(options.way.url);
    assert_null(options.prompt);
    assert_false(options.json);
    assert_int_equal(read_line("--echo-gate|off|--modality|text|--compress|off|--prompt=|--json|-h", "wss"),
                     0);
    assert_int_equal(options.echo_gate, PARLEY_CLI_OFF);
    assert_int_equal(options.compress, PARLEY_COMPRESS_OFF);
    assert_int_equal(options.modality, PARLEY_MODALITY_TEXT);
    assert_string_equal(options.prompt, "");
    assert_true(options.json);
    assert_true(options.help);
}

static void headers_have_a_bound(void **state)
{
    char line[600] = "";

    (void)state;
    for (int i = 0; i < PARLEY_CLI_HEADERS; i++)
        strcat(line, i == 0 ? "--header|A: b" : "|--header|A: b");
    assert_int_equal(read_line(line, "wss"), PARLEY_OK);
    strcat(line, "|--header|A: b");
    assert_int_equal(read_line(line, "wss"), PARLEY_ERR_ARGUMENT);
    assert_holds("one too many", why, "--header may be given 16 times");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named), cmocka_unit_test(what_is_right_is_taken),
        cmocka_unit_test(values_come_either_way), cmocka_unit_test(defaults_stand_where_nothing_is_said),
        cmocka_unit_test(headers_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
