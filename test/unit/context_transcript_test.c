/* context/transcript.c: reference 5 (S+) as small stories, and random ones against a plain model. */
#include "context/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned char memory[65536];

static struct parley_transcript *open_transcript(size_t bytes)
{
    struct parley_arena arena = parley_arena(memory, sizeof memory);
    struct parley_transcript *t = parley_transcript_open(&arena, bytes);

    assert_non_null(t);
    return t;
}

/* A handoff's entries as "user: text | assistant: text", and " (n dropped)" when something was. */
static const char *handoff(struct parley_transcript *t, const char *request)
{
    static char told[16384];
    size_t dropped = SIZE_MAX;
    size_t count = parley_transcript_handoff(t, parley_view(request), &dropped);
    size_t used = 0;

    told[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        struct parley_transcript_entry e = parley_transcript_entry(t, i);
        used +=
            (size_t)snprintf(told + used, sizeof told - used, "%s%s: %.*s", i > 0 ? " | " : "",
                             e.role == PARLEY_ROLE_USER ? "user" : "assistant", (int)e.text.len, e.text.at);
    }
    if (dropped > 0)
        snprintf(told + used, sizeof told - used, " (%zu dropped)", dropped);
    return told;
}

/* ---- stories ---------------------------------------------------------------------------------- */

enum step_kind { END, SPEAKS, REPLIES, U_DELTA, A_DELTA, U_DONE, A_DONE, HANDOFF };
struct step {
    enum step_kind kind;
    const char *text;
    const char *told; /* of a handoff */
};

static const struct story {
    const char *title;
    size_t bytes;
    struct step steps[16];
} stories[] = {
    {"reference example, v1: deltas, then a handoff with input",
     1000,
     {{A_DELTA, "assistant context", NULL},
      {U_DELTA, "delegated query", NULL},
      {A_DELTA, "assist confirm", NULL},
      {HANDOFF, "ignored",
       "assistant: assistant context | user: delegated query | assistant: assist confirm | user: ignored"}}},
    {"reference example, v2: whole texts, then a tool call",
     1000,
     {{U_DONE, "Hi how are you", NULL},
      {A_DONE, "Doing well, thanks", NULL},
      {U_DONE, "The secret word is strawberry", NULL},
      {A_DELTA, "Got it-strawberry.", NULL},
      {HANDOFF, "run ls",
       "user: Hi how are you | assistant: Doing well, thanks | user: The secret word is strawberry | "
       "assistant: Got it-strawberry. | user: run ls"}}},
    {"deltas of a role join, done replaces them",
     1000,
     {{SPEAKS, NULL, NULL},
      {U_DELTA, "turn of", NULL},
      {U_DELTA, " the light", NULL},
      {U_DONE, "Turn off the light.", NULL},
      {REPLIES, NULL, NULL},
      {A_DELTA, "On", NULL},
      {A_DELTA, " it.", NULL},
      {HANDOFF, "", "user: Turn off the light. | assistant: On it."}}},
    {"a late done of the user stands behind the reply (kept as in the reference)",
     1000,
     {{SPEAKS, NULL, NULL},
      {U_DELTA, "what time", NULL},
      {REPLIES, NULL, NULL},
      {A_DELTA, "It is", NULL},
      {U_DONE, "What time is it?", NULL},
      {A_DELTA, " noon", NULL},
      {HANDOFF, "", "user: what time | assistant: It is | user: What time is it? | assistant:  noon"}}},
    {"speech that starts again forces a new entry, for a delta and for a done",
     1000,
     {{U_DONE, "one", NULL},
      {SPEAKS, NULL, NULL},
      {U_DELTA, "tw", NULL},
      {U_DONE, "two", NULL},
      {SPEAKS, NULL, NULL},
      {U_DONE, "three", NULL},
      {HANDOFF, "", "user: one | user: two | user: three"}}},
    {"a response that starts again forces a new entry of the assistant only",
     1000,
     {{A_DONE, "one", NULL},
      {REPLIES, NULL, NULL},
      {A_DONE, "two", NULL},
      {U_DELTA, "a", NULL},
      {REPLIES, NULL, NULL},
      {U_DELTA, "b", NULL},
      {HANDOFF, "", "assistant: one | assistant: two | user: ab"}}},
    {"an empty text uses up the mark and nothing else",
     1000,
     {{U_DELTA, "a", NULL},
      {SPEAKS, NULL, NULL},
      {U_DELTA, "", NULL},
      {U_DELTA, "b", NULL},
      {SPEAKS, NULL, NULL},
      {U_DONE, "", NULL},
      {U_DONE, "c", NULL},
      {HANDOFF, "", "user: c"}}},
    {"nothing was said",
     1000,
     {{HANDOFF, "", ""}, {HANDOFF, " \n", ""}, {HANDOFF, "go", "user: go"}, {HANDOFF, "", ""}}},
    {"a handoff gets only what is new, and starts new entries",
     1000,
     {{U_DONE, "hello", NULL},
      {A_DELTA, "hi", NULL},
      {HANDOFF, "first", "user: hello | assistant: hi | user: first"},
      {U_DELTA, "more", NULL},
      {A_DELTA, " there", NULL},
      {HANDOFF, "second", "user: more | assistant:  there | user: second"}}},
    {"the request is trimmed, and not added when the user said it in other white space",
     1000,
     {{U_DONE, " run the tests\n", NULL},
      {HANDOFF, "\t run the tests \xC2\xA0", "user:  run the tests\n"},
      {HANDOFF, "  again ", "user: again"}}},
    {"what the assistant said is no request of the user",
     1000,
     {{A_DONE, "run ls", NULL}, {HANDOFF, "run ls", "assistant: run ls | user: run ls"}}},
    {"a repeated request, handed off before, tells nothing new",
     1000,
     {{U_DONE, "run ls", NULL},
      {HANDOFF, "run ls", "user: run ls"},
      {HANDOFF, "run ls", ""},
      {A_DONE, "done", NULL},
      {HANDOFF, "run ls", "assistant: done"}}},
    {"text that joins an entry already handed off is told no more (kept as in the reference)",
     1000,
     {{U_DONE, "one", NULL},
      {HANDOFF, "", "user: one"},
      {U_DELTA, "", NULL},
      {U_DELTA, " two", NULL},
      {HANDOFF, "", ""},
      {HANDOFF, "one two", ""}}},
    {"bound: the oldest entries go, and are counted once",
     64,
     {{U_DONE, "aaaaaaaaaaaaaaaaaaaa", NULL},
      {A_DONE, "bbbbbbbbbbbbbbbbbbbb", NULL},
      {U_DONE, "c", NULL}, /* 20 + 20 + 1 and 8 for each do not fit into 64 */
      {HANDOFF, "", "assistant: bbbbbbbbbbbbbbbbbbbb | user: c (20 dropped)"},
      {HANDOFF, "d", "user: d"}}},
    {"bound: exactly full, then one byte more",
     64,
     {{U_DONE, "aaaaaaaaaaaaaaaaaaaaaaaa", NULL},
      {A_DONE, "bbbbbbbbbbbbbbbbbbbbbbb", NULL},
      {A_DELTA, "b", NULL},
      {HANDOFF, "", "user: aaaaaaaaaaaaaaaaaaaaaaaa | assistant: bbbbbbbbbbbbbbbbbbbbbbbb"},
      {U_DELTA, "c", NULL},
      {HANDOFF, "", "user: c"}}},
    {"bound: entries handed off go first and are no loss",
     64,
     {{U_DONE, "aaaaaaaaaaaaaaaaaaaa", NULL},
      {HANDOFF, "", "user: aaaaaaaaaaaaaaaaaaaa"},
      {A_DONE, "bbbbbbbbbbbbbbbbbbbb", NULL},
      {U_DONE, "cccccccccc", NULL},
      {HANDOFF, "", "assistant: bbbbbbbbbbbbbbbbbbbb | user: cccccccccc"}}},
    {"bound: of a single one its beginning goes, in whole characters",
     64,
     {{U_DELTA, "0123456789ä123456789012345678901234567890123456789012345", NULL},
      {U_DELTA, "ABCDEFGHIJK", NULL},
      {HANDOFF, "", "user: 123456789012345678901234567890123456789012345ABCDEFGHIJK (12 dropped)"}}},
    {"bound: one text that is too long by itself",
     64,
     {{U_DELTA, "old", NULL},
      {U_DELTA, "0123456789012345678901234567890123456789012345678901234567890", NULL},
      {HANDOFF, "", "user: 56789012345678901234567890123456789012345678901234567890 (8 dropped)"}}},
    {"bound: done brings back what the deltas had lost",
     64,
     {{U_DELTA, "0123456789012345678901234567890123456789", NULL},
      {U_DELTA, "01234567890123456789", NULL},
      {U_DONE, "all of it, and short", NULL},
      {HANDOFF, "", "user: all of it, and short"}}},
    {"bound: the request pushes out what was said",
     64,
     {{U_DONE, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
      {HANDOFF, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "user: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (30 dropped)"}}},
};

static void test_story(void **state)
{
    const struct story *story = *state;
    struct parley_transcript *t = open_transcript(story->bytes);

    for (const struct step *s = story->steps; s->kind != END; s++) {
        switch (s->kind) {
        case END:
            break;
        case SPEAKS:
        case REPLIES:
            parley_transcript_begin(t, s->kind == SPEAKS ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT);
            break;
        case U_DELTA:
        case A_DELTA:
            parley_transcript_delta(t, s->kind == U_DELTA ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT,
                                    parley_view(s->text));
            break;
        case U_DONE:
        case A_DONE:
            parley_transcript_done(t, s->kind == U_DONE ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT,
                                   parley_view(s->text));
            break;
        case HANDOFF:
            assert_string_equal(handoff(t, s->text), s->told);
            break;
        }
    }
}

/* ---- the edges of the interface --------------------------------------------------------------- */

static void test_memory_is_exact(void **state)
{
    static const size_t bounds[] = {0, 1, 63, 64, 65, 1000, 16384};
    (void)state;

    for (size_t i = 0; i < COUNT(bounds); i++) {
        struct parley_arena counting = parley_arena(NULL, 0), arena;

        assert_null(parley_transcript_open(&counting, bounds[i]));
        assert_true(counting.used < bounds[i] * 5 / 4 + 400);
        arena = parley_arena(memory + 1, counting.used);
        assert_non_null(parley_transcript_open(&arena, bounds[i]));
        arena = parley_arena(memory, bounds[i] + 64);
        assert_null(parley_transcript_open(&arena, bounds[i]));
    }
}

static void test_entries_only_until_a_change(void **state)
{
    struct parley_transcript *t = open_transcript(1000);
    size_t dropped;
    (void)state;

    parley_transcript_done(t, PARLEY_ROLE_USER, parley_view("one"));
    assert_null(parley_transcript_entry(t, 0).text.at);
    assert_int_equal(parley_transcript_handoff(t, parley_view("two"), &dropped), 2);
    assert_true(parley_view_is(parley_transcript_entry(t, 1).text, "two"));
    assert_true(parley_view_is(parley_transcript_entry(t, 0).text, "one"));
    assert_null(parley_transcript_entry(t, 2).text.at);
    parley_transcript_begin(t, PARLEY_ROLE_USER);
    assert_true(parley_view_is(parley_transcript_entry(t, 1).text, "two"));
    parley_transcript_delta(t, PARLEY_ROLE_USER, parley_view("x"));
    assert_null(parley_transcript_entry(t, 0).text.at);
}

/* ---- random stories against a model ----------------------------------------------------------- */

/* The same rules over a plain list, everything copied about at will. */
enum { MODEL_ENTRIES = 400, MODEL_TEXT = 4096 };
struct model {
    size_t bound, count, handed, lost, lost_of_last;
    bool begun[2];
    struct {
        enum parley_role role;
        size_t len;
        char text[MODEL_TEXT];
    } entries[MODEL_ENTRIES];
};

static void model_enforce(struct model *m)
{
    for (;;) {
        size_t used = 8 * m->count, excess = 0;

        for (size_t i = 0; i < m->count; i++)
            used += m->entries[i].len;
        if (used <= m->bound)
            return;
        excess = used - m->bound;
        if (m->count > 1) {
            if (m->handed > 0)
                m->handed--;
            else
                m->lost += m->entries[0].len;
            m->count--;
            memmove(&m->entries[0], &m->entries[1], m->count * sizeof m->entries[0]);
        } else {
            while (excess < m->entries[0].len && ((unsigned char)m->entries[0].text[excess] & 0xC0) == 0x80)
                excess++;
            if (m->handed == 0) {
                m->lost += excess;
                m->lost_of_last += excess;
            }
            m->entries[0].len -= excess;
            memmove(m->entries[0].text, m->entries[0].text + excess, m->entries[0].len);
        }
    }
}

static void model_add(struct model *m, enum parley_role role, struct parley_view text, bool done, bool forced)
{
    bool joins = !forced && m->count > 0 && m->entries[m->count - 1].role == role;

    if (text.len == 0)
        return;
    if (!joins) {
        m->lost_of_last = 0;
        m->entries[m->count].role = role;
        m->entries[m->count++].len = 0;
    } else if (done) {
        m->lost -= m->lost_of_last;
        m->lost_of_last = 0;
        m->entries[m->count - 1].len = 0;
    }
    memcpy(m->entries[m->count - 1].text + m->entries[m->count - 1].len, text.at, text.len);
    m->entries[m->count - 1].len += text.len;
    model_enforce(m);
}

static void model_handoff(struct model *m, struct parley_view request)
{
    for (size_t i = 0; i < m->count; i++) {
        struct parley_view text = parley_view_of(m->entries[i].text, m->entries[i].len);
        if (m->entries[i].role == PARLEY_ROLE_USER && parley_view_equal(parley_view_trim(text), request))
            request.len = 0;
    }
    model_add(m, PARLEY_ROLE_USER, request, false, true);
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct parley_view random_text(uint32_t *seed, char *room, size_t most)
{
    static const char *const parts[] = {"a", "b", " ", "ü", "日", "🎧", "word"};
    size_t len = 0, wanted = next(seed) % most;

    while (len < wanted) {
        const char *part = parts[next(seed) % COUNT(parts)];
        memcpy(room + len, part, strlen(part));
        len += strlen(part);
    }
    return parley_view_of(room, len);
}

static void compare_handoff(struct parley_transcript *t, struct model *m, struct parley_view request)
{
    size_t dropped, count;

    model_handoff(m, request);
    count = parley_transcript_handoff(t, request, &dropped);
    assert_int_equal(count, m->count - m->handed);
    assert_int_equal(dropped, m->lost);
    for (size_t i = 0; i < count; i++) {
        struct parley_transcript_entry e = parley_transcript_entry(t, i);
        size_t same = m->handed + i;

        assert_int_equal(e.role, m->entries[same].role);
        assert_true(parley_view_equal(e.text, parley_view_of(m->entries[same].text, m->entries[same].len)));
    }
    m->handed = m->count;
    m->lost = m->lost_of_last = 0;
    m->begun[0] = m->begun[1] = true;
}

static void run_random(uint32_t seed, size_t bound)
{
    static struct model m;
    static char room[512];
    struct parley_transcript *t = open_transcript(bound);
    size_t most = bound < 200 ? bound * 2 : 60;

    m.bound = bound;
    m.count = m.handed = m.lost = m.lost_of_last = 0;
    m.begun[0] = m.begun[1] = false;
    for (int step = 0; step < 300; step++) {
        enum parley_role role = next(&seed) % 2 ? PARLEY_ROLE_USER : PARLEY_ROLE_ASSISTANT;
        struct parley_view text = random_text(&seed, room, next(&seed) % 4 == 0 ? most : 12);
        uint32_t kind = next(&seed) % 10;

        if (kind == 0) {
            compare_handoff(t, &m, parley_view_trim(text));
        } else if (kind <= 2) {
            parley_transcript_begin(t, role);
            m.begun[role] = true;
        } else {
            (kind <= 4 ? parley_transcript_done : parley_transcript_delta)(t, role, text);
            model_add(&m, role, text, kind <= 4, m.begun[role]);
            m.begun[role] = false;
        }
    }
    compare_handoff(t, &m, parley_view_of(NULL, 0));
}

static void test_random_stories(void **state)
{
    static const size_t bounds[] = {64, 65, 97, 150, 400, 1000, 3000};
    (void)state;

    for (uint32_t seed = 1; seed <= 300; seed++)
        run_random(seed, bounds[seed % COUNT(bounds)]);
}

/* All entries as "user: text | assistant: text", with the kind before those that have one. */
static const char *all(const struct parley_transcript *t)
{
    static char told[16384];
    size_t used = 0;

    told[0] = '\0';
    for (size_t i = parley_transcript_first(t); i < parley_transcript_end(t); i++) {
        unsigned kind;
        struct parley_transcript_entry e = parley_transcript_at(t, i, &kind);

        if (used > 0)
            used += (size_t)snprintf(told + used, sizeof told - used, " | ");
        if (kind != 0)
            used += (size_t)snprintf(told + used, sizeof told - used, "%u ", kind);
        used +=
            (size_t)snprintf(told + used, sizeof told - used, "%s: %.*s",
                             e.role == PARLEY_ROLE_USER ? "user" : "assistant", (int)e.text.len, e.text.at);
    }
    return told;
}

static void test_all_entries_with_those_added_by_hand(void **state)
{
    struct parley_transcript *t = open_transcript(200);

    (void)state;
    parley_transcript_delta(t, PARLEY_ROLE_USER, parley_view("hel"));
    parley_transcript_add(t, 1, parley_view("[X] "), parley_view("typed"));
    parley_transcript_done(t, PARLEY_ROLE_USER, parley_view("hello")); /* joins neither */
    parley_transcript_add(t, 3, parley_view(NULL), parley_view(""));
    parley_transcript_delta(t, PARLEY_ROLE_ASSISTANT, parley_view("yes"));
    assert_string_equal(all(t), "user: hel | 1 user: [X] typed | user: hello | 3 user:  | assistant: yes");
    handoff(t, "hello");
    assert_int_equal(parley_transcript_end(t) - parley_transcript_first(t), 5);
    assert_true(parley_transcript_is_complete(t));
}

static void test_the_label_of_a_text_that_is_too_long_stays(void **state)
{
    struct parley_transcript *t = open_transcript(100);
    struct parley_view text;
    char long_text[301];
    unsigned kind;

    (void)state;
    for (size_t i = 0; i < 300; i++)
        long_text[i] = (char)('a' + i % 26);
    for (size_t bytes = 60; bytes <= 300; bytes++) {
        parley_transcript_add(t, 1, parley_view("[X] "), parley_view_of(long_text + 300 - bytes, bytes));
        text = parley_transcript_at(t, parley_transcript_end(t) - 1, &kind).text;
        assert_true(parley_view_starts(text, parley_view("[X] ")));
        assert_true(text.len == bytes + 4 || text.len > 80);
        text = parley_view_skip(text, 4);
        assert_memory_equal(text.at, long_text + 300 - text.len, text.len);
    }
}

static void test_numbers_stay_when_the_oldest_go(void **state)
{
    struct parley_transcript *t = open_transcript(100);
    char text[8];
    unsigned kind;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "%zu", i);
        parley_transcript_add(t, 2, parley_view("no "), parley_view(text));
        assert_int_equal(parley_transcript_end(t), i + 1);
        assert_int_equal(parley_transcript_is_complete(t), parley_transcript_first(t) == 0);
        for (size_t k = parley_transcript_first(t); k <= i; k++) {
            snprintf(text, sizeof text, "no %zu", k);
            assert_true(parley_view_is(parley_transcript_at(t, k, &kind).text, text));
        }
    }
    assert_true(parley_transcript_first(t) > 30);
}

static void test_what_will_be_said_again_is_taken_back(void **state)
{
    static const struct {
        const char *title;
        bool assistant, done, handed, add;
        const char *left;
    } rows[] = {
        {"what came in parts", false, false, false, false, "assistant: a"},
        {"not what came as a whole", false, true, false, false, "assistant: a | user: b"},
        {"not of another role", true, false, false, false, "assistant: a | assistant: b"},
        {"not what an agent has been told", false, false, true, false, "assistant: a | user: b"},
        {"what stands before something else: its place stays", false, false, false, true,
         "assistant: a | user:  | 1 user: c"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_transcript *t = open_transcript(200);
        enum parley_role role = rows[i].assistant ? PARLEY_ROLE_ASSISTANT : PARLEY_ROLE_USER;

        print_message("# %s\n", rows[i].title);
        parley_transcript_done(t, PARLEY_ROLE_ASSISTANT, parley_view("a"));
        parley_transcript_begin(t, PARLEY_ROLE_ASSISTANT);
        parley_transcript_delta(t, role, parley_view("b"));
        if (rows[i].done)
            parley_transcript_done(t, role, parley_view("b"));
        if (rows[i].handed)
            handoff(t, "");
        if (rows[i].add)
            parley_transcript_add(t, 1, parley_view(""), parley_view("c"));
        parley_transcript_take_back(t, PARLEY_ROLE_USER);
        parley_transcript_take_back(t, PARLEY_ROLE_USER);
        assert_string_equal(all(t), rows[i].left);
    }
}

static void test_what_comes_in_the_place_of_what_was_taken_back_is_new(void **state)
{
    struct parley_transcript *t = open_transcript(200);

    (void)state;
    parley_transcript_done(t, PARLEY_ROLE_USER, parley_view("first"));
    parley_transcript_begin(t, PARLEY_ROLE_USER);
    parley_transcript_delta(t, PARLEY_ROLE_USER, parley_view("sec"));
    parley_transcript_take_back(t, PARLEY_ROLE_USER);
    parley_transcript_delta(t, PARLEY_ROLE_USER, parley_view("second"));
    assert_string_equal(all(t), "user: first | user: second");
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_memory_is_exact),
        cmocka_unit_test(test_entries_only_until_a_change),
        cmocka_unit_test(test_random_stories),
        cmocka_unit_test(test_all_entries_with_those_added_by_hand),
        cmocka_unit_test(test_the_label_of_a_text_that_is_too_long_stays),
        cmocka_unit_test(test_numbers_stay_when_the_oldest_go),
        cmocka_unit_test(test_what_will_be_said_again_is_taken_back),
        cmocka_unit_test(test_what_comes_in_the_place_of_what_was_taken_back_is_new),
    };
    struct CMUnitTest tests[COUNT(stories) + COUNT(others)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(stories); i++)
        tests[count++] = (struct CMUnitTest){stories[i].title, test_story, NULL, NULL, (void *)&stories[i]};
    for (size_t i = 0; i < COUNT(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests_name("context_transcript", tests, NULL, NULL);
}
