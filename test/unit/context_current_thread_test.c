/* context/current_thread.c: turns, their order and their budgets, byte for byte (reference 8.3). */
#include "context/current_thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INTRODUCTION                                                                                         \
    "The last turns of user and assistant in this very thread, newest first. Use these for continuity."
#define USER(text)                                                                                           \
    {                                                                                                        \
        PARLEY_ROLE_USER, PARLEY_VIEW(text)                                                                  \
    }
#define ASSISTANT(text)                                                                                      \
    {                                                                                                        \
        PARLEY_ROLE_ASSISTANT, PARLEY_VIEW(text)                                                             \
    }

static struct parley_section section, turn;
static char text[3 * PARLEY_SECTION_EDGE + 1];

/* The body before 8.1 cuts it, terminated. */
static const char *written(const struct parley_message *messages, size_t count)
{
    parley_section_begin(&section);
    parley_current_thread(&section, &turn, messages, count);
    assert_int_equal(section.gone, 0);
    memcpy(text, section.at, section.used);
    text[section.used] = '\0';
    return text;
}

static size_t occurrences(const char *in, const char *what)
{
    size_t count = 0;

    for (; (in = strstr(in, what)) != NULL; in += strlen(what))
        count++;
    return count;
}

static void newest_first(void **state)
{
    static const struct parley_message messages[] = {USER("first question"),     ASSISTANT("first answer"),
                                                     USER("second question"),    ASSISTANT("one moment"),
                                                     ASSISTANT("second answer"), USER("third question")};
    (void)state;

    assert_string_equal(written(messages, COUNT(messages)), INTRODUCTION "\n\n"
                                                                         "### Latest turn\n"
                                                                         "User:\n"
                                                                         "third question\n"
                                                                         "\n"
                                                                         "### Previous turn 1\n"
                                                                         "User:\n"
                                                                         "second question\n"
                                                                         "\n"
                                                                         "Assistant:\n"
                                                                         "one moment\n"
                                                                         "\n"
                                                                         "second answer\n"
                                                                         "\n"
                                                                         "### Previous turn 2\n"
                                                                         "User:\n"
                                                                         "first question\n"
                                                                         "\n"
                                                                         "Assistant:\n"
                                                                         "first answer");
}

static void the_introduction_has_25_tokens(void **state)
{
    (void)state;
    assert_int_equal(parley_tokens(strlen(INTRODUCTION)), 25);
}

static const struct part_case {
    const char *title;
    struct parley_message messages[4];
    const char *turns; /* behind the introduction; "" for none at all */
} parts[] = {
    {"an assistant before any user is no turn",
     {ASSISTANT("welcome"), USER("hi")},
     "### Latest turn\nUser:\nhi"},
    {"an assistant alone is no turn", {ASSISTANT("welcome")}, ""},
    {"blank messages are none",
     {USER("hi"), ASSISTANT(" \n"), USER("\t \xE3\x80\x80"), ASSISTANT("hello")},
     "### Latest turn\nUser:\nhi\n\nAssistant:\nhello"},
    {"white space around goes, within it stays",
     {USER("\n a  b\n\nc \n"), ASSISTANT("  d\n")},
     "### Latest turn\nUser:\na  b\n\nc\n\nAssistant:\nd"},
    {"what a host put in opens no turn",
     {USER("hi"), USER("<environment_context>\n<cwd>/</cwd>\n</environment_context>"), ASSISTANT("hello"),
      USER(" <realtime_conversation>\nbegun\n</realtime_conversation>\n")},
     "### Latest turn\nUser:\nhi\n\nAssistant:\nhello"},
    {"instructions and earlier context neither",
     {USER("<user_instructions>x</user_instructions>"), USER("<startup_context>\nx\n</startup_context>"),
      USER("hi")},
     "### Latest turn\nUser:\nhi"},
    {"a user who quotes a tag is still the user",
     {USER("what is <environment_context>?"), USER("<environment_context> is what?")},
     "### Latest turn\nUser:\n<environment_context> is what?\n\n### Previous turn 1\nUser:\nwhat is "
     "<environment_context>?"},
    {"an assistant may answer with a tag",
     {USER("hi"), ASSISTANT("<user_instructions>x</user_instructions>")},
     "### Latest turn\nUser:\nhi\n\nAssistant:\n<user_instructions>x</user_instructions>"},
    {"nothing at all", {USER("")}, ""},
};

static void test_part(void **state)
{
    const struct part_case *c = *state;
    const char *came = written(c->messages, COUNT(c->messages));

    if (c->turns[0] == '\0') {
        assert_string_equal(came, "");
        return;
    }
    assert_memory_equal(came, INTRODUCTION "\n\n", strlen(INTRODUCTION "\n\n"));
    assert_string_equal(came + strlen(INTRODUCTION "\n\n"), c->turns);
}

static void no_message_is_no_section(void **state)
{
    (void)state;
    assert_string_equal(written(NULL, 0), "");
}

/* ---- long turns ---------------------------------------------------------------------------------- */

enum {
    LATEST_HEAD = sizeof "### Latest turn\nUser:\n" - 1,
    OLDER_HEAD = sizeof "### Previous turn 1\nUser:\n" - 1
};

static char filler[8][200000];

/* A message that makes its turn `tokens` long, whose heading takes `head` bytes. */
static struct parley_message filled(int i, size_t head, size_t tokens, char with)
{
    size_t len = 4 * tokens - head;

    memset(filler[i], with, len);
    memcpy(filler[i], "start", 5);
    memcpy(filler[i] + len - 3, "end", 3);
    return (struct parley_message){PARLEY_ROLE_USER, {filler[i], len}};
}

static void a_long_turn_keeps_its_ends(void **state)
{
    struct parley_message messages[] = {filled(0, LATEST_HEAD, 897, 'n')};
    const char *came = written(messages, 1), *mark = strstr(came, "…604 tokens truncated…");
    (void)state;

    assert_int_equal(strlen(came), 97 + 2 + 1198);
    assert_non_null(mark);
    assert_memory_equal(came + 99, "### Latest turn\nUser:\nstartnnn", 30);
    assert_int_equal(mark - (came + 99), 586); /* half of 293 tokens */
    assert_string_equal(came + strlen(came) - 6, "nnnend");
}

/* Beyond what a section holds at all: the count is that of the whole turn. */
static void a_turn_of_any_length_is_counted_whole(void **state)
{
    struct parley_message messages[] = {filled(0, LATEST_HEAD, 45000, 'n')};
    (void)state;

    assert_non_null(strstr(written(messages, 1), "…44707 tokens truncated…"));
    assert_int_equal(strlen(text), 97 + 2 + 1200);
}

/* Seven older turns of `tokens` below one of 897; returns the section as 8.1 cuts it. */
static const char *check_values(size_t tokens)
{
    struct parley_message messages[8];
    long len;

    for (int i = 0; i < 7; i++)
        messages[i] = filled(i, OLDER_HEAD + 3, tokens, 'o'); /* the fewest bytes that are so many tokens */
    messages[7] = filled(7, LATEST_HEAD, 897, 'n');
    written(messages, 8);
    len = parley_section_fit(&section, text, sizeof text, 1195);
    assert_true(len > 0);
    text[len] = '\0';
    return text;
}

static void turns_of_174_tokens(void **state)
{
    const char *came = check_values(174);
    (void)state;

    assert_non_null(strstr(came, "…604 tokens truncated…"));
    assert_int_equal(occurrences(came, "tokens truncated"), 1);
    assert_int_equal(occurrences(came, "### "), 6);
    assert_non_null(strstr(came, "### Previous turn 5\n"));
    assert_int_equal(parley_tokens(strlen(came)), 1193);
}

static void turns_of_146_tokens(void **state)
{
    const char *came = check_values(146);
    (void)state;

    assert_non_null(strstr(came, "…604 tokens truncated…"));
    assert_non_null(strstr(came, "…7 tokens truncated…"));
    assert_int_equal(occurrences(text, "### "), 7);
    (void)came;
}

/* 300 tokens for each of the newest three, 275 for the next, and nothing is left for another. */
static void the_budget_is_shared_from_the_newest_on(void **state)
{
    struct parley_message messages[6];
    (void)state;

    for (int i = 0; i < 6; i++)
        messages[i] = filled(i, i == 5 ? LATEST_HEAD : OLDER_HEAD, 500, 'x');
    written(messages, 6);
    assert_int_equal(occurrences(text, "### "), 4);
    assert_int_equal(occurrences(text, "…207 tokens truncated…"), 3);
    assert_int_equal(occurrences(text, "…232 tokens truncated…"), 1);
    assert_non_null(strstr(text, "### Previous turn 3\n"));
    assert_null(strstr(text, "### Previous turn 4\n"));
}

/* Three turns of 300 tokens and one of `fourth`, then one of `fifth`, then a short one. */
static const char *six_turns(size_t fourth, struct parley_message fifth)
{
    struct parley_message messages[6] = {USER("k"), fifth};

    messages[2] = filled(2, OLDER_HEAD, fourth, 'x');
    for (int i = 3; i < 6; i++)
        messages[i] = filled(i, i == 5 ? LATEST_HEAD : OLDER_HEAD, 300, 'x');
    return written(messages, 6);
}

/* The mark of a turn may be all that has room, or even that has none. */
static void the_last_tokens_are_used_up(void **state)
{
    (void)state;
    six_turns(267, filled(1, OLDER_HEAD, 400, 'x')); /* leaves 8 */
    assert_string_equal(strrchr(text, 'x') + 1 + strlen("end\n\n"), "##…399 tokens truncated…nd");
    six_turns(270, filled(1, OLDER_HEAD, 400, 'x')); /* leaves 5, which is no room for any mark */
    assert_int_equal(occurrences(text, "tokens truncated"), 0);
    assert_int_equal(occurrences(text, "### "), 4);
}

static void a_turn_without_room_keeps_its_number(void **state)
{
    static char long_text[4100000];
    struct parley_message fifth = {PARLEY_ROLE_USER, {long_text, sizeof long_text}};
    const char *came;
    (void)state;

    memset(long_text, 'l', sizeof long_text);
    came = six_turns(268, fifth); /* leaves 7: a mark of seven digits needs 8 */
    assert_int_equal(occurrences(came, "tokens truncated"), 0);
    assert_string_equal(came + strlen(came) - 32, "end\n\n### Previous turn 5\nUser:\nk");
}

static void characters_stay_whole(void **state)
{
    static char wide[6000];
    struct parley_message message = {PARLEY_ROLE_USER, {wide, 0}};
    (void)state;

    for (; message.text.len < 3000; message.text.len += 3)
        memcpy(wide + message.text.len, "日", 3);
    written(&message, 1);
    for (const char *at = strstr(text, "User:\n") + 6; *at != '\0' && strncmp(at, "…", 3) != 0; at += 3)
        assert_memory_equal(at, "日", 3);
    assert_string_equal(text + strlen(text) - 6, "日日");
}

#define TEST_OF(lines, name)                                                                                 \
    {                                                                                                        \
        lines, name, NULL, NULL, NULL                                                                        \
    }

int main(void)
{
    struct CMUnitTest tests[COUNT(parts) + 11] = {
        TEST_OF("66: short turns, newest first", newest_first),
        TEST_OF("67: a long turn is cut in its middle", a_long_turn_keeps_its_ends),
        TEST_OF("67: check value, older turns of 174 tokens", turns_of_174_tokens),
        TEST_OF("67: check value, older turns of 146 tokens", turns_of_146_tokens),
        TEST_OF("68: the latest turn stays, cut, whatever its length", a_turn_of_any_length_is_counted_whole),
        TEST_OF("99: newest turns up to the budget", the_budget_is_shared_from_the_newest_on),
        cmocka_unit_test(the_introduction_has_25_tokens),
        cmocka_unit_test(no_message_is_no_section),
        cmocka_unit_test(the_last_tokens_are_used_up),
        cmocka_unit_test(a_turn_without_room_keeps_its_number),
        cmocka_unit_test(characters_stay_whole),
    };

    for (size_t i = 0; i < COUNT(parts); i++)
        tests[i + 11] = (struct CMUnitTest){
            .name = parts[i].title, .test_func = test_part, .initial_state = (void *)(uintptr_t)&parts[i]};
    return _cmocka_run_group_tests("current_thread", tests, COUNT(parts) + 11, NULL, NULL);
}
