/* The record of past conversations: its lines, its files, its bounds, and what is done with files that are
 * torn, foreign or too large. On the fake platform, whose files are in memory. */
#include "context/thread_log.h"
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "platform/file.h"
#include "platform/status.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FOLDER       "/home/ada/.local/state/parley/threads"

enum { NOW_S = 1800000000 };

static unsigned char block[4 << 20];
static struct parley_arena arena;
static struct parley_thread_store store;
static char told[2000]; /* to the log */

static void hear(void *user, enum parley_log_level level, struct parley_view line)
{
    size_t used = strlen(told);

    (void)user;
    (void)level;
    snprintf(told + used, sizeof told - used, "%.*s\n", (int)line.len, line.at);
}

static int fresh(void **state)
{
    const struct parley_log log = {hear, NULL, PARLEY_LOG_DEBUG};

    (void)state;
    parley_fake_reset();
    parley_fake_clock_unix_s(NOW_S);
    told[0] = '\0';
    arena = parley_arena(block, sizeof block);
    parley_thread_store_open(&store, FOLDER, &arena, &log);
    return arena.failed;
}

static void expect_told(const char *expected)
{
    assert_string_equal(told, expected);
    told[0] = '\0';
}

/* ---- lines ------------------------------------------------------------------------------------- */

static void lines_read_as_they_were_written(void **state)
{
    static const struct {
        const char *title;
        struct parley_thread_line line;
        const char *expected;
    } rows[] = {
        {"a session",
         {PARLEY_THREAD_SESSION, 1767225600, {NULL, 0}, PARLEY_VIEW("/home/ada"), PARLEY_VIEW("main")},
         "{\"type\":\"session\",\"at\":1767225600,\"version\":1,\"cwd\":\"/home/"
         "ada\",\"branch\":\"main\"}\n"},
        {"no branch, and a folder with a quote",
         {PARLEY_THREAD_SESSION, 5, {NULL, 0}, PARLEY_VIEW("/a\"b"), {NULL, 0}},
         "{\"type\":\"session\",\"at\":5,\"version\":1,\"cwd\":\"/a\\\"b\"}\n"},
        {"what the user said",
         {PARLEY_THREAD_USER, 6, PARLEY_VIEW("two\nlines \\ \x01"), {NULL, 0}, {NULL, 0}},
         "{\"type\":\"user\",\"at\":6,\"text\":\"two\\nlines \\\\ \\u0001\"}\n"},
        {"what the model said",
         {PARLEY_THREAD_ASSISTANT, 7, PARLEY_VIEW("héllo"), {NULL, 0}, {NULL, 0}},
         "{\"type\":\"assistant\",\"at\":7,\"text\":\"héllo\"}\n"},
        {"what the agent was asked",
         {PARLEY_THREAD_HANDOFF, 0, PARLEY_VIEW("count"), {NULL, 0}, {NULL, 0}},
         "{\"type\":\"handoff\",\"at\":0,\"text\":\"count\"}\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_thread_line read;
        char text[300];
        struct parley_render r = parley_render(text, sizeof text);

        parley_thread_line_render(&r, &rows[i].line);
        if (!parley_view_is(parley_rendered(&r), rows[i].expected))
            fail_msg("%s: %.*s", rows[i].title, (int)r.used, text);
        json_decref(json_loadb(text, r.used, 0, NULL));
        assert_int_equal(parley_thread_line_read(&read, text, r.used), 1);
        if (read.kind != rows[i].line.kind || read.at_s != rows[i].line.at_s ||
            !parley_view_equal(read.text, rows[i].line.text) ||
            !parley_view_equal(read.cwd, rows[i].line.cwd) ||
            !parley_view_equal(read.branch, rows[i].line.branch))
            fail_msg("%s: reads as something else", rows[i].title);
    }
}

static void lines_of_any_kind_are_judged(void **state)
{
    static const struct {
        const char *title, *line;
        int expected;
    } rows[] = {
        {"members in another order, and unknown ones",
         " {\"text\":\"a\", \"x\":{\"type\":\"b\"}, \"at\":1, \"type\":\"user\"} ", 1},
        {"a type of a later version", "{\"type\":\"summary\",\"at\":1}", 0},
        {"empty", "", PARLEY_ERR_JSON},
        {"torn within the text", "{\"type\":\"user\",\"at\":1,\"text\":\"abc", PARLEY_ERR_JSON},
        {"torn before the last bracket", "{\"type\":\"user\",\"at\":1,\"text\":\"abc\"", PARLEY_ERR_JSON},
        {"two on one line", "{\"type\":\"user\",\"at\":1,\"text\":\"a\"}{}", PARLEY_ERR_JSON},
        {"an array", "[1]", PARLEY_ERR_JSON},
        {"not JSON", "hello", PARLEY_ERR_JSON},
        {"no type", "{\"at\":1,\"text\":\"a\"}", PARLEY_ERR_JSON},
        {"no time", "{\"type\":\"user\",\"text\":\"a\"}", PARLEY_ERR_JSON},
        {"a time that is none", "{\"type\":\"user\",\"at\":\"now\",\"text\":\"a\"}", PARLEY_ERR_JSON},
        {"a time out of range", "{\"type\":\"user\",\"at\":1e99,\"text\":\"a\"}", PARLEY_ERR_JSON},
        {"the end of the year 9999", "{\"type\":\"user\",\"at\":253402300799,\"text\":\"a\"}", 1},
        {"beyond it", "{\"type\":\"user\",\"at\":253402300800,\"text\":\"a\"}", PARLEY_ERR_JSON},
        {"a time before 1970", "{\"type\":\"user\",\"at\":-1,\"text\":\"a\"}", PARLEY_ERR_JSON},
        {"no text", "{\"type\":\"user\",\"at\":1}", PARLEY_ERR_JSON},
        {"a text that is none", "{\"type\":\"user\",\"at\":1,\"text\":[\"a\"]}", PARLEY_ERR_JSON},
        {"a session without a folder", "{\"type\":\"session\",\"at\":1}", PARLEY_ERR_JSON},
        {"not UTF-8", "{\"type\":\"user\",\"at\":1,\"text\":\"\xff\"}", PARLEY_ERR_JSON},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_thread_line line;
        char text[200];
        int got;

        snprintf(text, sizeof text, "%s", rows[i].line);
        got = parley_thread_line_read(&line, text, strlen(text));
        if (got != rows[i].expected)
            fail_msg("%s: %d", rows[i].title, got);
    }
}

/* ---- names ------------------------------------------------------------------------------------- */

static void the_folder_is_where_state_belongs(void **state)
{
    static char longest[2000];
    char folder[PARLEY_THREAD_FOLDER];

    (void)state;
    assert_int_equal(parley_thread_folder(folder, "/state", "/home/ada"), strlen("/state/parley/threads"));
    assert_string_equal(folder, "/state/parley/threads");
    parley_thread_folder(folder, NULL, "/home/ada");
    assert_string_equal(folder, FOLDER);
    parley_thread_folder(folder, "", "/home/ada");
    assert_string_equal(folder, FOLDER);
    parley_thread_folder(folder, "state", "/home/ada"); /* relative: to be ignored */
    assert_string_equal(folder, FOLDER);
    assert_int_equal(parley_thread_folder(folder, NULL, ""), 0);
    assert_string_equal(folder, "");
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    assert_int_equal(parley_thread_folder(folder, longest, NULL), PARLEY_ERR_TOO_LONG);
}

static void ids_cannot_lead_out_of_the_folder(void **state)
{
    static const struct {
        const char *id;
        bool valid;
    } rows[] = {
        {"0195a3f0-1c2d-7abc-8def-0123456789ab", true},
        {"A_z-9", true},
        {"", false},
        {"..", false},
        {"../x", false},
        {"a/b", false},
        {"a b", false},
        {"é", false},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_thread_reader reader;

        if (parley_thread_id_valid(parley_view(rows[i].id)) != rows[i].valid)
            fail_msg("%s", rows[i].id);
        if (!rows[i].valid) {
            assert_int_equal(parley_thread_store_read(&store, parley_view(rows[i].id), &reader),
                             PARLEY_ERR_ARGUMENT);
            assert_int_equal(parley_thread_store_remove(&store, parley_view(rows[i].id)),
                             PARLEY_ERR_ARGUMENT);
        }
    }
}

static void new_ids_sort_by_age(void **state)
{
    char first[PARLEY_THREAD_ID], second[PARLEY_THREAD_ID], later[PARLEY_THREAD_ID];

    (void)state;
    parley_thread_id_new(first, NOW_S);
    parley_thread_id_new(second, NOW_S);
    parley_thread_id_new(later, NOW_S + 1);
    assert_int_equal(strlen(first), 36);
    assert_true(first[14] == '7' && strchr("89ab", first[19]) != NULL);
    assert_memory_equal(first, "01a3185c-5000-7", 15); /* 1800000000000 ms */
    assert_string_not_equal(first, second);
    assert_true(strcmp(first, later) < 0 && strcmp(second, later) < 0);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static struct parley_thread_log open_log(const char *id, const char *cwd, const char *branch)
{
    struct parley_thread_log log;
    int status = parley_thread_log_open(&log, &store, parley_view(id), parley_view(cwd), parley_view(branch),
                                        NOW_S, &arena);

    if (status != PARLEY_OK)
        fail_msg("%s", log.why);
    assert_false(arena.failed);
    return log;
}

static void say(struct parley_thread_log *log, enum parley_thread_line_kind kind, const char *text)
{
    if (parley_thread_log_write(log, kind, parley_view(text), NOW_S + 1) != PARLEY_OK)
        fail_msg("%s", log->why);
}

static const char *content(const struct parley_thread_log *log)
{
    static char text[20000];
    struct parley_view found = parley_fake_file_content(log->path);

    if (found.at == NULL)
        return NULL;
    snprintf(text, sizeof text, "%.*s", (int)found.len, found.at);
    return text;
}

static void a_conversation_is_recorded_as_it_goes(void **state)
{
    struct parley_thread_log log = open_log(NULL, "/src/engine", "main");

    (void)state;
    assert_null(content(&log)); /* nothing said, nothing left behind */
    say(&log, PARLEY_THREAD_USER, " \n");
    assert_null(content(&log));
    say(&log, PARLEY_THREAD_USER, "What is left?");
    assert_string_equal(content(&log), "{\"type\":\"session\",\"at\":1800000001,\"version\":1,"
                                       "\"cwd\":\"/src/engine\",\"branch\":\"main\"}\n"
                                       "{\"type\":\"user\",\"at\":1800000001,\"text\":\"What is left?\"}\n");
    say(&log, PARLEY_THREAD_HANDOFF, "list it");
    say(&log, PARLEY_THREAD_ASSISTANT, "Let me see.");
    assert_non_null(strstr(content(&log), "\"list it\"}\n{\"type\":\"assistant\""));
    parley_thread_log_close(&log);
    assert_memory_equal(log.path, FOLDER "/01a3185c-", sizeof FOLDER + 9);
}

static void a_thread_goes_on_in_its_file(void **state)
{
    struct parley_thread_log first = open_log(NULL, "/src/engine", "main"), second;

    (void)state;
    say(&first, PARLEY_THREAD_USER, "one");
    parley_thread_log_close(&first);
    second = open_log(first.id, "/src/other", NULL);
    assert_string_equal(second.path, first.path);
    say(&second, PARLEY_THREAD_USER, "two");
    parley_thread_log_close(&second);
    assert_non_null(strstr(content(&first), "\"one\"}\n{\"type\":\"session\",\"at\":1800000001,\"version\":1,"
                                            "\"cwd\":\"/src/other\"}\n{\"type\":\"user\""));
}

static void a_thread_that_is_not_there_cannot_go_on(void **state)
{
    static const struct {
        const char *id, *why;
        int expected;
    } rows[] = {
        {"0195", "thread 0195: No such file or directory", PARLEY_ERR_FILE},
        {"../0195", "thread ../0195: this is not the name of a thread", PARLEY_ERR_ARGUMENT},
        {"", "thread : this is not the name of a thread", PARLEY_ERR_ARGUMENT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_thread_log log;

        assert_int_equal(parley_thread_log_open(&log, &store, parley_view(rows[i].id), parley_view("/"),
                                                parley_view(NULL), NOW_S, &arena),
                         rows[i].expected);
        assert_string_equal(log.why, rows[i].why);
    }
}

static void what_follows_a_torn_line_can_be_read(void **state)
{
    static const char torn[] =
        "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n{\"type\":\"user\",\"at\":1,\"te";
    struct parley_thread_reader reader;
    struct parley_thread_line line;
    struct parley_thread_log log;

    (void)state;
    parley_fake_file(FOLDER "/torn.jsonl", torn, sizeof torn - 1);
    log = open_log("torn", "/a", NULL);
    say(&log, PARLEY_THREAD_USER, "again");
    parley_thread_log_close(&log);
    assert_int_equal(parley_thread_store_read(&store, parley_view("torn"), &reader), PARLEY_OK);
    assert_int_equal(parley_thread_reader_next(&reader, &line), 1);
    assert_int_equal(parley_thread_reader_next(&reader, &line), 1);
    assert_int_equal(line.kind, PARLEY_THREAD_SESSION);
    assert_int_equal(parley_thread_reader_next(&reader, &line), 1);
    assert_true(parley_view_is(line.text, "again"));
    assert_int_equal(parley_thread_reader_next(&reader, &line), 0);
    assert_true(reader.unread == 1 && !reader.torn);
    parley_thread_store_tell(&store, parley_view("torn"), &reader);
    expect_told("thread torn: 1 lines cannot be read and are left out\n");
}

/* The fake disk is full at PARLEY_FAKE_FILE_BYTES, within a line, and then has room again. */
static void a_full_disk_is_told_once_and_survived(void **state)
{
    static char text[16001];
    struct parley_thread_log log = open_log(NULL, "/a", NULL);
    struct parley_thread_reader reader;
    struct parley_thread_line line;
    int status = PARLEY_OK;
    size_t kept = 0, read = 0;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    while (status == PARLEY_OK && kept < 100) {
        status = parley_thread_log_write(&log, PARLEY_THREAD_USER, parley_view(text), NOW_S);
        kept += status == PARLEY_OK;
    }
    assert_int_equal(status, PARLEY_ERR_FILE);
    assert_non_null(strstr(log.why, "this conversation is not recorded: " FOLDER));
    assert_non_null(strstr(log.why, ": No space left on device"));
    assert_int_equal(parley_thread_log_write(&log, PARLEY_THREAD_USER, parley_view("b"), NOW_S), PARLEY_OK);
    parley_fake_file(log.path, parley_fake_file_content(log.path).at, 100000);
    assert_int_equal(parley_thread_log_write(&log, PARLEY_THREAD_USER, parley_view("c"), NOW_S), PARLEY_OK);
    parley_thread_log_close(&log);
    assert_int_equal(parley_thread_store_read(&store, parley_view(log.id), &reader), PARLEY_OK);
    while (parley_thread_reader_next(&reader, &line) == 1)
        read++;
    assert_true(parley_view_is(line.text, "c") && reader.unread == 1 && read > 5);
}

static void a_folder_that_cannot_be_used_is_told_once(void **state)
{
    struct parley_thread_log log = open_log(NULL, "/a", NULL);

    (void)state;
    parley_fake_file_denied(FOLDER);
    assert_int_equal(parley_thread_log_write(&log, PARLEY_THREAD_USER, parley_view("a"), NOW_S),
                     PARLEY_ERR_FILE);
    assert_non_null(strstr(log.why, ".jsonl: Permission denied"));
    assert_int_equal(parley_thread_log_write(&log, PARLEY_THREAD_USER, parley_view("b"), NOW_S), PARLEY_OK);
    parley_thread_log_close(&log);
}

static void long_texts_lose_their_middle(void **state)
{
    static char text[100001];
    struct parley_thread_log log = open_log(NULL, "/a", NULL);
    struct parley_thread_reader reader;
    struct parley_thread_line line;

    (void)state;
    memset(text, '\x01', sizeof text - 1); /* six bytes each, in JSON */
    say(&log, PARLEY_THREAD_ASSISTANT, text);
    parley_thread_log_close(&log);
    assert_int_equal(parley_thread_store_read(&store, parley_view(log.id), &reader), PARLEY_OK);
    parley_thread_reader_next(&reader, &line);
    assert_int_equal(parley_thread_reader_next(&reader, &line), 1);
    assert_in_range(line.text.len, 16384, 16384 + 64);
    assert_true(line.text.at[0] == '\x01' && line.text.at[line.text.len - 1] == '\x01');
}

/* ---- listing ----------------------------------------------------------------------------------- */

static void put_file(const char *id, int64_t changed_s, const char *text)
{
    char path[200];

    snprintf(path, sizeof path, FOLDER "/%s", id);
    parley_fake_clock_unix_s(changed_s);
    parley_fake_file(path, text, strlen(text));
    parley_fake_clock_unix_s(NOW_S);
}

static void the_newest_threads_are_listed_first(void **state)
{
    struct parley_thread_summary threads[8];

    (void)state;
    assert_int_equal(parley_thread_store_list(&store, threads, COUNT(threads)), 0); /* no folder yet */
    put_file("old.jsonl", NOW_S - 50,
             "{\"type\":\"session\",\"at\":100,\"cwd\":\"/a\",\"branch\":\"main\"}\n"
             "{\"type\":\"user\",\"at\":101,\"text\":\"first ask\"}\n"
             "{\"type\":\"assistant\",\"at\":102,\"text\":\"reply\"}\n"
             "{\"type\":\"later\",\"at\":103}\n"
             "{\"type\":\"handoff\",\"at\":104,\"text\":\"work\"}\n"
             "{\"type\":\"session\",\"at\":200,\"cwd\":\"/b\"}\n"
             "{\"type\":\"user\",\"at\":205,\"text\":\"second ask\"}\n");
    put_file("new.jsonl", NOW_S - 10,
             "{\"type\":\"session\",\"at\":300,\"cwd\":\"/c\",\"branch\":\"topic\"}\n");
    assert_int_equal(parley_thread_store_list(&store, threads, COUNT(threads)), 2);
    expect_told("");
    assert_string_equal(threads[0].id, "new");
    assert_string_equal(threads[0].cwd, "/c");
    assert_string_equal(threads[0].branch, "topic");
    assert_string_equal(threads[0].ask, "");
    assert_string_equal(threads[1].id, "old");
    assert_string_equal(threads[1].cwd, "/b");
    assert_string_equal(threads[1].branch, "");
    assert_string_equal(threads[1].ask, "first ask");
    assert_true(threads[1].created_s == 100 && threads[1].updated_s == 205);
    assert_true(threads[1].asks == 2 && threads[1].replies == 1 && threads[1].handoffs == 1);
    assert_int_equal(parley_thread_store_list(&store, threads, 1), 1);
    assert_string_equal(threads[0].id, "new");
    assert_int_equal(parley_thread_store_list(&store, threads, 0), 0);
}

static void what_cannot_be_read_is_left_out_and_told(void **state)
{
    static const struct {
        const char *title, *file, *text;
        size_t listed;
        const char *told;
    } rows[] = {
        {"a torn last line", "t.jsonl",
         "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n{\"type\":\"user\",\"at\":2,\"tex", 1,
         "thread t: its last line is not whole and is left out\n"},
        {"only the line feed is missing", "t.jsonl",
         "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n{\"type\":\"user\",\"at\":2,\"text\":\"x\"}", 1,
         ""},
        {"garbage between the lines", "t.jsonl",
         "\x01\x02\n\n{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n[]\n", 1,
         "thread t: 2 lines cannot be read and are left out\n"},
        {"nothing but garbage", "t.jsonl", "\xff\xfe", 0,
         "thread t: its last line is not whole and is left out\n"},
        {"no session", "t.jsonl", "{\"type\":\"user\",\"at\":2,\"text\":\"x\"}\n", 0, ""},
        {"an empty file", "t.jsonl", "", 0, ""},
        {"a foreign file", "notes.txt", "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n", 0, ""},
        {"a name that is no id", "a b.jsonl", "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n", 0, ""},
        {"a name without an id", ".jsonl", "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n", 0, ""},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_thread_summary threads[4];
        size_t listed;

        fresh(state);
        put_file(rows[i].file, NOW_S, rows[i].text);
        listed = parley_thread_store_list(&store, threads, COUNT(threads));
        if (listed != rows[i].listed || strcmp(told, rows[i].told) != 0)
            fail_msg("%s: %zu listed, told: %s", rows[i].title, listed, told);
    }
}

static void texts_of_a_summary_are_cut_at_characters(void **state)
{
    static char text[8000];
    struct parley_thread_summary thread;
    size_t used = 0;

    (void)state;
    used += (size_t)snprintf(text, sizeof text,
                             "{\"type\":\"session\",\"at\":1,\"cwd\":\"/a\"}\n"
                             "{\"type\":\"user\",\"at\":2,\"text\":\"");
    for (int i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "\xe2\x82\xac"); /* three bytes each */
    snprintf(text + used, sizeof text - used, "\"}\n");
    put_file("t.jsonl", NOW_S, text);
    assert_int_equal(parley_thread_store_list(&store, &thread, 1), 1);
    assert_int_equal(strlen(thread.ask), 1023);
}

static void only_so_many_are_kept_and_only_so_long(void **state)
{
    static const struct {
        const char *file;
        int64_t age_s;
        bool kept;
    } rows[] = {
        {"a.jsonl", 2, true},           {"b.jsonl", 1, true},
        {"c.jsonl", 5, false}, /* as old as "e", with an earlier id */
        {"d.jsonl", 9, false},          {"e.jsonl", 5, true},
        {"f.jsonl", 91 * 86400, false}, {"notes.txt", 92 * 86400, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        put_file(rows[i].file, NOW_S - rows[i].age_s, "x");
    assert_int_equal(parley_thread_store_prune(&store, 3, NOW_S), 3);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char path[200];

        snprintf(path, sizeof path, FOLDER "/%s", rows[i].file);
        if ((parley_fake_file_content(path).at != NULL) != rows[i].kept)
            fail_msg("%s", rows[i].file);
    }
    assert_int_equal(parley_thread_store_prune(&store, 3, NOW_S), 0);
}

static void a_new_thread_makes_the_old_ones_go(void **state)
{
    (void)state;
    put_file("old.jsonl", NOW_S - 91 * 86400, "x");
    put_file("young.jsonl", NOW_S - 89 * 86400, "x");
    open_log(NULL, "/a", NULL);
    assert_null(parley_fake_file_content(FOLDER "/old.jsonl").at);
    assert_non_null(parley_fake_file_content(FOLDER "/young.jsonl").at);
}

static void a_thread_is_removed(void **state)
{
    (void)state;
    put_file("t.jsonl", NOW_S, "x");
    assert_int_equal(parley_thread_store_remove(&store, parley_view("t")), PARLEY_OK);
    assert_null(parley_fake_file_content(FOLDER "/t.jsonl").at);
    assert_int_equal(parley_thread_store_remove(&store, parley_view("t")), PARLEY_ERR_FILE);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_read_as_they_were_written),
        TEST(lines_of_any_kind_are_judged),
        TEST(the_folder_is_where_state_belongs),
        TEST(ids_cannot_lead_out_of_the_folder),
        TEST(new_ids_sort_by_age),
        TEST(a_conversation_is_recorded_as_it_goes),
        TEST(a_thread_goes_on_in_its_file),
        TEST(a_thread_that_is_not_there_cannot_go_on),
        TEST(what_follows_a_torn_line_can_be_read),
        TEST(a_full_disk_is_told_once_and_survived),
        TEST(a_folder_that_cannot_be_used_is_told_once),
        TEST(long_texts_lose_their_middle),
        TEST(the_newest_threads_are_listed_first),
        TEST(what_cannot_be_read_is_left_out_and_told),
        TEST(texts_of_a_summary_are_cut_at_characters),
        TEST(only_so_many_are_kept_and_only_so_long),
        TEST(a_new_thread_makes_the_old_ones_go),
        TEST(a_thread_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
