/* The inbox: which messages are copied, and which stay where the transport has them. */
#include "core/inbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { SIZE = 8, PIECES = 3 };

static void keeps_or_leaves(void **state)
{
    enum { COPIED = true, LEFT = false };
    static const struct {
        const char *title;
        struct {
            const char *text;
            bool lent, binary;
        } pieces[PIECES];
        enum parley_inbox_state state;
        bool copied;
        const char *message;
    } rows[] = {
        {"one piece", {{"hello", false, false}}, PARLEY_INBOX_MESSAGE, COPIED, "hello"},
        {"one piece, lent", {{"hello", true, false}}, PARLEY_INBOX_MESSAGE, LEFT, "hello"},
        {"nothing, lent", {{"", true, false}}, PARLEY_INBOX_MESSAGE, LEFT, ""},
        {"just as long", {{"12345678", true, false}}, PARLEY_INBOX_MESSAGE, LEFT, "12345678"},
        {"too long, lent", {{"123456789", true, false}}, PARLEY_INBOX_TOO_LONG, COPIED, "12345678"},
        {"two pieces, both lent",
         {{"hel", true, false}, {"lo", true, false}},
         PARLEY_INBOX_MESSAGE,
         COPIED,
         "hello"},
        {"the first one empty",
         {{"", true, false}, {"hello", true, false}},
         PARLEY_INBOX_MESSAGE,
         LEFT,
         "hello"},
        {"the last one empty",
         {{"hello", true, false}, {"", true, false}},
         PARLEY_INBOX_MESSAGE,
         COPIED,
         "hello"},
        {"too long in pieces",
         {{"1234", true, false}, {"5678", true, false}, {"9", true, false}},
         PARLEY_INBOX_TOO_LONG,
         COPIED,
         "12345678"},
        {"binary", {{"hello", true, true}}, PARLEY_INBOX_BINARY, COPIED, ""},
        {"binary in pieces", {{"h", true, true}, {"i", true, false}}, PARLEY_INBOX_BINARY, COPIED, ""},
    };
    char memory[SIZE];
    struct parley_inbox inbox;

    (void)state;
    parley_inbox_open(&inbox, memory, sizeof memory);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = 1, total = 0;
        const char *last = rows[i].pieces[0].text;

        while (count < PIECES && rows[i].pieces[count].text != NULL)
            last = rows[i].pieces[count++].text;
        for (size_t k = 0; k < count; k++) {
            struct parley_fragment piece = {.bytes = parley_view(rows[i].pieces[k].text),
                                            .last = k + 1 == count,
                                            .binary = rows[i].pieces[k].binary,
                                            .lent = rows[i].pieces[k].lent};

            total += piece.bytes.len;
            assert_int_equal(inbox.state, PARLEY_INBOX_FILLING);
            parley_inbox_add(&inbox, &piece);
        }
        if (inbox.state != rows[i].state || inbox.total != total || inbox.len != strlen(rows[i].message) ||
            memcmp(inbox.at, rows[i].message, inbox.len) != 0 || (inbox.at == memory) != rows[i].copied ||
            (inbox.at == last) == rows[i].copied)
            fail_msg("%s: state %d, %lu bytes of %lu, %s", rows[i].title, inbox.state,
                     (unsigned long)inbox.len, (unsigned long)inbox.total,
                     inbox.at == memory ? "copied" : "left");
        parley_inbox_release(&inbox);
        assert_ptr_equal(inbox.at, memory);
        assert_int_equal(inbox.len + inbox.total, 0);
        assert_int_equal(inbox.state, PARLEY_INBOX_FILLING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_or_leaves),
    };

    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
