/*
 * The whole program `talk`, on the fake platform and the loopback's built-in service: conversations of half a
 * minute in no time, the same each time.
 */
#include "cli_test.h"

#include "context/thread_store.h"
#include "core/cli/sound.h"
#include "core/cli/talk.h"
#include "core/parley.h"
#include "platform/clock.h"
#include "platform/directory.h"
#include "platform/file.h"

#include <stdlib.h>

enum { S = 1000000, ARGUMENTS = 24, OUTPUT = 4 * 1024 * 1024 };

/* ---- the user, played ------------------------------------------------------------------------ */

/* Something the user does at a moment, in milliseconds after the start. */
struct act {
    uint64_t at_ms;
    const char *types; /* empty: Ctrl-D; NULL: Ctrl-C */
};

static const struct act *next_act;
static char output[OUTPUT];
static size_t output_len;
static unsigned waits;

static uint64_t live(void *user, uint64_t now_us)
{
    (void)user;
    if (++waits > 200000)
        fail_msg("the loop spins; so far: %.*s", (int)output_len, output);
    output_len += parley_fake_output(1, output + output_len, OUTPUT - 1 - output_len);
    while (next_act != NULL && next_act->at_ms > 0 && now_us >= S + next_act->at_ms * 1000) {
        if (next_act->types != NULL && next_act->types[0] == '\0')
            parley_fake_input_end();
        else if (next_act->types != NULL)
            parley_fake_input(next_act->types, strlen(next_act->types));
        else
            parley_fake_signal();
        next_act++;
    }
    return next_act != NULL && next_act->at_ms > 0 ? S + next_act->at_ms * 1000 : PARLEY_NEVER;
}

/* Runs `talk` with the arguments; returns its exit status, with `output` what it wrote. */
static int talk(const char *const *arguments, const struct act *acts)
{
    static char copies[ARGUMENTS][300];
    char *argv[ARGUMENTS + 1];
    int argc = 0, status;

    for (; arguments[argc] != NULL; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", arguments[argc]);
        argv[argc] = copies[argc];
    }
    argv[argc] = NULL;
    output_len = waits = 0;
    next_act = acts;
    parley_fake_each_wait(live, NULL);
    status = parley_cli_talk(argc, argv);
    output_len += parley_fake_output(1, output + output_len, OUTPUT - 1 - output_len);
    output[output_len] = '\0';
    return status;
}

#define TALK(acts, ...) talk((const char *const[]){"talk", __VA_ARGS__, NULL}, acts)

/* The recordings, as files of the fake platform. */
static int begin(void **state)
{
    static const char *const names[] = {"hello", "count"};

    fresh(state);
    for (size_t i = 0; i < COUNT(names); i++) {
        static char bytes[PARLEY_FAKE_FILE_BYTES];
        char path[100], name[40];
        size_t len;
        FILE *file;

        snprintf(path, sizeof path, "test/vectors/speech/%s.wav", names[i]);
        file = fopen(path, "rb");
        if (file == NULL)
            fail_msg("cannot open %s (tests run at the top of the tree)", path);
        len = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        snprintf(name, sizeof name, "%s.wav", names[i]);
        parley_fake_file(name, bytes, len);
    }
    return 0;
}

static void script(const char *text)
{
    parley_fake_file("script", text, strlen(text));
}

static void expect_in_order(const char *const *parts)
{
    const char *at = output;

    for (; *parts != NULL; parts++) {
        const char *found = strstr(at, *parts);

        if (found == NULL)
            fail_msg("\"%s\" is not in, or not behind the parts before it:\n%s", *parts, output);
        at = found + strlen(*parts);
    }
}

#define EXPECT(...) expect_in_order((const char *const[]){__VA_ARGS__, NULL})

/* ---- conversations --------------------------------------------------------------------------- */

static void a_file_speaks_and_is_answered(void **state)
{
    static char again[sizeof output];

    (void)state;
    script("use service\nheard \"Hello there, how are you today?\"\n");
    parley_fake_input_end();
    assert_int_equal(TALK(NULL, "--in", "hello.wav", "--script", "script", "--user-name", "Ada"), 0);
    EXPECT("-- link: open --\n-- the conversation has started --\nyou: Hello there, how are you "
           "today?\nparley: ",
           "-- closed: requested --\n");
    memcpy(again, output, output_len + 1);
    begin(state);
    script("use service\nheard \"Hello there, how are you today?\"\n");
    parley_fake_input_end();
    assert_int_equal(TALK(NULL, "--in", "hello.wav", "--script", "script", "--user-name", "Ada"), 0);
    assert_string_equal(output, again); /* byte for byte */
}

static void a_typed_line_is_answered_and_the_end_of_input_ends(void **state)
{
    static const struct act acts[] = {{500, "Hello!\n"}, {500, ""}, {0}};

    (void)state;
    assert_int_equal(TALK(acts, NULL), 0);
    EXPECT("you (typed): Hello!\n", "parley: ", "-- closed: requested --\n");
    begin(state);
    parley_fake_input("Hello!", 6); /* a line without its end, before the link is even up */
    parley_fake_input_end();
    assert_int_equal(TALK(NULL, NULL), 0);
    EXPECT("you (typed): Hello!\n", "parley: ", "-- closed: requested --\n");
}

static void a_typed_line_interrupts(void **state)
{
    static const struct act acts[] = {
        {500, "Hello!\n"}, {3000, "Run the tests, please.\n"}, {6000, "\n"}, {9000, NULL}, {0}};

    (void)state;
    assert_int_equal(TALK(acts, "--json"), 0);
    EXPECT("\"event\":\"typed\"", "\"event\":\"typed\"", "\"event\":\"interrupted\"", "\"reason\":\"text\"",
           "\"event\":\"interrupted\"", "\"reason\":\"host\"", "\"event\":\"closed\"");
}

static void work_is_handed_to_the_agent(void **state)
{
    static const struct act acts[] = {{500, "Please count the files.\n"}, {500, ""}, {0}};
    char got[2000];
    size_t len;

    (void)state;
    parley_fake_command("counter", 2 * S, 0);
    parley_fake_command_says("counter", 1 * S, 1, "I am counting.\n\n");
    parley_fake_command_says("counter", 2 * S, 1, "There are 42.\n");
    assert_int_equal(TALK(acts, "--agent", "counter"), 0);
    EXPECT("you (typed): Please count the files.\n", "[agent] asked: ", "[agent] I am counting.\n",
           "[agent] There are 42.\n", "[agent] finished after 2.0 s\n", "parley: ", "42",
           "-- closed: requested --\n");
    len = parley_fake_process_read(0, got, sizeof got - 1);
    got[len] = '\0';
    assert_holds("what the agent was given", got, "<realtime_delegation>\n  <input>");
    assert_holds("what the agent was given", got, "count the files");
}

static void without_an_agent_the_model_learns_it(void **state)
{
    static const struct act acts[] = {{500, "Please count the files.\n"}, {500, ""}, {0}};

    (void)state;
    assert_int_equal(TALK(acts, NULL), 0);
    EXPECT("[agent] asked: ", "[agent] There is no background agent here",
           "parley: ", "-- closed: requested --\n");
}

static void what_is_heard_is_written(void **state)
{
    struct parley_cli_sound sound;
    int16_t pcm[480];
    long got, loud = 0, all = 0;
    const char *played;

    (void)state;
    parley_fake_input_end();
    parley_fake_input("Bye.\n", 5);
    assert_int_equal(TALK(NULL, "--out", "reply.wav", "--json", "--linger-ms", "100"), 0);
    parley_cli_sound_open(&sound, parley_file_open("reply.wav", PARLEY_FILE_READ));
    while ((got = parley_cli_sound_read(&sound, pcm, 480)) > 0) {
        for (long i = 0; i < got; i++)
            loud += pcm[i] != 0;
        all += got;
    }
    assert_string_equal(sound.why, ""); /* the header tells the truth */
    EXPECT("\"event\":\"played\"");
    played = strstr(strstr(output, "\"event\":\"played\""), "\"heard_ms\":");
    assert_in_range(loud, atol(played + 11) * 24 / 2, atol(played + 11) * 24);
    assert_true(all > loud);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void ctrl_c_ends_in_good_order(void **state)
{
    static const struct act acts[] = {{500, "Hello!\n"}, {2500, NULL}, {0}};

    (void)state;
    assert_int_equal(TALK(acts, NULL), 0);
    EXPECT("parley: ", "-- closed: requested --\n");
    assert_in_range(parley_clock_us(), 3400000, 3700000);
}

static void a_second_ctrl_c_ends_at_once(void **state)
{
    static const struct act acts[] = {{500, NULL}, {500, NULL}, {0}};

    (void)state;
    assert_int_equal(TALK(acts, NULL), 0);
    assert_in_range(parley_clock_us(), 1500000, 1600000);
}

static void the_end_of_typing_does_not_end_a_microphone(void **state)
{
    static const struct act acts[] = {{20000, NULL}, {0}};

    (void)state;
    parley_fake_command("mic", PARLEY_NEVER, 0);
    assert_int_equal(TALK(acts, "--mic", "mic"), 0);
    assert_true(parley_clock_us() >= 21 * (uint64_t)S);
    assert_false(parley_fake_process_running(0));
}

static const struct {
    const char *title, *script;
    int status;
    const char *says;
} ends[] = {
    {"the service closes", "1s server close 1001\n", 1, "-- closed: transport_closed --"},
    {"the connection breaks", "1s server break\n", 1, "-- closed: error --"},
    {"a script that is none", "nonsense\n", 2, ""},
};

static void every_end_has_its_status(void **state)
{
    for (size_t i = 0; i < COUNT(ends); i++) {
        begin(state);
        script(ends[i].script);
        if (TALK(NULL, "--script", "script", "--linger-ms", "60000") != ends[i].status)
            fail_msg("%s: another status; %s", ends[i].title, output);
        assert_holds(ends[i].title, output, ends[i].says);
    }
}

static void what_cannot_begin_has_status_2(void **state)
{
    (void)state;
    assert_int_equal(TALK(NULL, "--voice", "nobody"), 2);
    assert_int_equal(TALK(NULL, "--in", "missing.wav"), 2);
    assert_int_equal(TALK(NULL, "--prompt", "@missing"), 2);
    assert_int_equal(TALK(NULL, "--nonsense"), 2);
    parley_fake_file_denied("x.wav");
    assert_int_equal(TALK(NULL, "--out", "x.wav"), 2);
    assert_string_equal(output, "");
    parley_fake_file("kept.wav", "precious", 8);
    assert_int_equal(TALK(NULL, "--out", "kept.wav", "--voice", "nobody"), 2);
    assert_true(parley_view_is(parley_fake_file_content("kept.wav"), "precious"));
}

/* ---- the record ------------------------------------------------------------------------------ */

#define FOLDER "/home/ada/.local/state/parley/threads"

/* The lines of the one thread there is. */
static const char *recorded(char id[PARLEY_THREAD_ID])
{
    static char text[8000];
    struct parley_directory folder;
    struct parley_view name, content;
    enum parley_entry kind;
    char path[200];

    assert_int_equal(parley_directory_open(&folder, FOLDER, true), 0);
    assert_int_equal(parley_directory_next(&folder, &name, &kind), 1);
    snprintf(id, PARLEY_THREAD_ID, "%.*s", (int)(name.len - strlen(".jsonl")), name.at);
    snprintf(path, sizeof path, FOLDER "/%.*s", (int)name.len, name.at);
    assert_int_equal(parley_directory_next(&folder, &name, &kind), 0);
    parley_directory_close(&folder);
    content = parley_fake_file_content(path);
    snprintf(text, sizeof text, "%.*s", (int)content.len, content.at);
    return text;
}

static void what_is_said_is_recorded_and_goes_on(void **state)
{
    static const struct act acts[] = {{500, "Please count the files.\n"}, {500, ""}, {0}};
    char id[PARLEY_THREAD_ID], same[PARLEY_THREAD_ID];

    (void)state;
    parley_fake_user(NULL, "ada", "/home/ada");
    parley_fake_working_folder("/src/engine");
    parley_fake_file("/src/engine/.git/HEAD", "ref: refs/heads/topic/one\n", 26);
    parley_fake_command("count", 0, 0);
    parley_fake_command_says("count", 0, 1, "12\n");
    assert_int_equal(TALK(acts, "--agent", "count"), 0);
    assert_holds("session", recorded(id), "{\"type\":\"session\",\"at\":");
    assert_holds("where", recorded(id),
                 "\"cwd\":\"/src/engine\",\"branch\":\"topic/one\"}\n{\"type\":\"user\",");
    assert_holds("handoff", recorded(id), "{\"type\":\"handoff\",");
    assert_holds("reply", recorded(id), "{\"type\":\"assistant\",");

    parley_fake_input("And now?\n", 9);
    parley_fake_input_end();
    assert_int_equal(TALK(NULL, "--thread", id), 0);
    assert_holds("the same file", recorded(same), "\"text\":\"And now?\"}\n");
    assert_string_equal(same, id);
}

static void nothing_is_recorded_if_so_asked(void **state)
{
    static const struct act acts[] = {{500, "Hello!\n"}, {500, ""}, {0}};
    struct parley_directory folder;

    (void)state;
    parley_fake_user(NULL, "ada", "/home/ada");
    assert_int_equal(TALK(acts, "--no-store"), 0);
    assert_int_equal(parley_directory_open(&folder, FOLDER, true), PARLEY_ERR_FILE);
    assert_int_equal(TALK(NULL, "--thread", "0195"), 2);
    assert_int_equal(TALK(NULL, "--thread", "../0195"), 2);
    assert_int_equal(TALK(NULL, "--no-store", "--thread", "0195"), 2);
}

static void what_cannot_be_recorded_is_said_once(void **state)
{
    static const struct act acts[] = {{500, "Hello!\n"}, {500, "Well?\n"}, {500, ""}, {0}};
    const char *at;

    (void)state;
    parley_fake_user(NULL, "ada", "/home/ada");
    parley_fake_file_denied(FOLDER);
    assert_int_equal(TALK(acts, NULL), 0);
    at = strstr(output, "this conversation is not recorded: " FOLDER);
    assert_non_null(at);
    assert_null(strstr(at + strlen("this conversation is not recorded"), "not recorded"));
}

/* ---- programs that fail ---------------------------------------------------------------------- */

static void a_microphone_asked_for_must_work(void **state)
{
    (void)state;
    parley_fake_command("mic", 500000, 1);
    parley_fake_command_says("mic", 0, 2, "no such device\n");
    assert_int_equal(TALK(NULL, "--mic", "mic"), 1);
    EXPECT("-- closed: requested --\n");
}

static void a_loudspeaker_asked_for_must_work(void **state)
{
    (void)state;
    parley_fake_command("speaker", 500000, 1);
    assert_int_equal(TALK(NULL, "--speaker", "speaker"), 1);
}

static void the_disk_may_be_full(void **state)
{
    static const struct act acts[] = {{500, "Hello!\n"}, {500, ""}, {0}};

    (void)state;
    assert_int_equal(TALK(acts, "--out", "reply.wav"), 1);
}

static void replies_go_to_a_loudspeaker(void **state)
{
    static const struct act acts[] = {{500, "Hello!\n"}, {3000, "Stop.\n"}, {8000, NULL}, {0}};

    (void)state;
    parley_fake_command("speaker", PARLEY_NEVER, 0);
    assert_int_equal(TALK(acts, "--speaker", "speaker"), 0);
    EXPECT("parley: ", "you (typed): Stop.\n", "-- interrupted after ");
    assert_int_equal(parley_fake_processes(), 2); /* a new one after the interruption */
    assert_false(parley_fake_process_running(1));
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_speaks_and_is_answered),
        TEST(a_typed_line_is_answered_and_the_end_of_input_ends),
        TEST(a_typed_line_interrupts),
        TEST(work_is_handed_to_the_agent),
        TEST(without_an_agent_the_model_learns_it),
        TEST(what_is_heard_is_written),
        TEST(ctrl_c_ends_in_good_order),
        TEST(a_second_ctrl_c_ends_at_once),
        TEST(the_end_of_typing_does_not_end_a_microphone),
        TEST(every_end_has_its_status),
        TEST(what_cannot_begin_has_status_2),
        TEST(what_is_said_is_recorded_and_goes_on),
        TEST(nothing_is_recorded_if_so_asked),
        TEST(what_cannot_be_recorded_is_said_once),
        TEST(a_microphone_asked_for_must_work),
        TEST(a_loudspeaker_asked_for_must_work),
        TEST(the_disk_may_be_full),
        TEST(replies_go_to_a_loudspeaker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
