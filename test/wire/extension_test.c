/* What a service may answer to our offer to compress, and everything it may not. */
#include "wire_test.h"

#include "transport/wss/extension.h"

/* The agreement in a few characters: windows in and out, and which side starts each message anew. */
static const char *told(const struct parley_extension *x)
{
    static char text[64];

    if (!x->agreed)
        return "none";
    snprintf(text, sizeof text, "%d %d%s%s", x->server_bits, x->client_bits,
             x->server_no_context_takeover ? " server" : "", x->client_no_context_takeover ? " client" : "");
    return text;
}

static void reads_what_was_agreed_on(void **state)
{
#define PMD "permessage-deflate"
    static const struct {
        const char *title, *value, *expected;
    } rows[] = {
        {"declined by an empty header", "", "none"},
        {"declined by an empty list", " , ,", "none"},
        {"as offered", PMD, "15 15"},
        {"in other letters", "Permessage-Deflate; Server_Max_Window_Bits=10", "10 15"},
        {"without our window behind the others", PMD "; server_no_context_takeover", "15 15 server"},
        {"our window kept", PMD "; client_no_context_takeover", "15 15 client"},
        {"all four",
         PMD "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9;"
             "client_max_window_bits=12",
         "9 12 server client"},
        {"in another order, without blanks", PMD ";client_max_window_bits=8;server_max_window_bits=15",
         "15 8"},
        {"a value in quotes", PMD "; client_max_window_bits=\"11\"", "15 11"},
        {"blanks around it all", " " PMD " ;\tclient_max_window_bits = 11 ", "15 11"},
        {"empty places in the list", ", " PMD "; server_max_window_bits=8 ,", "8 15"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_extension x = {0};
        char why[PARLEY_EXTENSION_WHY] = "";

        expect_int(rows[i].title, parley_extension_read(&x, parley_view(rows[i].value), true, why), 0);
        expect_text(rows[i].title, why, "");
        expect_text(rows[i].title, told(&x), rows[i].expected);
    }
}

static void every_window_is_read(void **state)
{
    (void)state;
    for (int bits = 0; bits <= 130; bits++) {
        struct parley_extension x = {0};
        char why[PARLEY_EXTENSION_WHY] = "", value[64];
        bool fine = bits >= 8 && bits <= 15;

        snprintf(value, sizeof value, PMD "; server_max_window_bits=%d", bits);
        expect_int(value, parley_extension_read(&x, parley_view(value), true, why),
                   fine ? 0 : PARLEY_ERR_HTTP);
        if (fine)
            expect_int(value, x.server_bits, bits);
    }
}

static void names_what_is_wrong(void **state)
{
#define MINE "its permessage-deflate "
    static const struct {
        const char *title, *value, *why;
    } rows[] = {
        {"another extension", "x-webkit-deflate-frame",
         "it sets an extension nobody asked for (x-webkit-deflate-frame)"},
        {"another one as well", PMD ", bbf-usp-protocol; a=b",
         "it sets an extension nobody asked for (bbf-usp-protocol)"},
        {"a secret in it", "sk-123", "it sets an extension nobody asked for (***)"},
        {"twice", PMD ", " PMD, "it sets an extension twice (permessage-deflate)"},
        {"an unknown parameter", PMD "; level=9", MINE "has an unknown parameter (level=9)"},
        {"an empty parameter", PMD "; ;server_no_context_takeover", MINE "has an unknown parameter ()"},
        {"a parameter twice", PMD "; server_no_context_takeover; server_no_context_takeover",
         MINE "has a parameter twice (server_no_context_takeover)"},
        {"our parameter twice", PMD "; client_no_context_takeover; client_no_context_takeover",
         MINE "has a parameter twice (client_no_context_takeover)"},
        {"a window twice", PMD "; server_max_window_bits=9; server_max_window_bits=9",
         MINE "has a parameter twice (server_max_window_bits=9)"},
        {"our window twice", PMD "; client_max_window_bits=9; client_max_window_bits=10",
         MINE "has a parameter twice (client_max_window_bits=10)"},
        {"a value where none belongs", PMD "; server_no_context_takeover=1",
         MINE "gives a value to a parameter that has none (server_no_context_takeover=1)"},
        {"an empty value where none belongs", PMD "; client_no_context_takeover=",
         MINE "gives a value to a parameter that has none (client_no_context_takeover=)"},
        {"a window too small", PMD "; server_max_window_bits=7",
         MINE "has a window that is not 8 to 15 (server_max_window_bits=7)"},
        {"a window too large", PMD "; client_max_window_bits=16",
         MINE "has a window that is not 8 to 15 (client_max_window_bits=16)"},
        {"a window without a value", PMD "; client_max_window_bits",
         MINE "has a window that is not 8 to 15 (client_max_window_bits)"},
        {"a window with an empty value",
         PMD "; server_max_window_bits=", MINE "has a window that is not 8 to 15 (server_max_window_bits=)"},
        {"a window with a zero in front", PMD "; server_max_window_bits=09",
         MINE "has a window that is not 8 to 15 (server_max_window_bits=09)"},
        {"a window with a sign", PMD "; server_max_window_bits=+9",
         MINE "has a window that is not 8 to 15 (server_max_window_bits=+9)"},
        {"a window with a letter", PMD "; server_max_window_bits=1a",
         MINE "has a window that is not 8 to 15 (server_max_window_bits=1a)"},
        {"a window that wraps round", PMD "; server_max_window_bits=4294967305",
         MINE "has a window that is not 8 to 15 (server_max_window_bits=4294967305)"},
        {"half a quote", PMD "; server_max_window_bits=\"9",
         MINE "has a window that is not 8 to 15 (server_max_window_bits=\"9)"},
        {"a parameter of no end", PMD "; aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         MINE "has an unknown parameter (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_extension x = {0};
        char why[PARLEY_EXTENSION_WHY] = "";

        expect_int(rows[i].title, parley_extension_read(&x, parley_view(rows[i].value), true, why),
                   PARLEY_ERR_HTTP);
        expect_text(rows[i].title, why, rows[i].why);
    }
}

static void a_header_may_come_twice(void **state)
{
    struct parley_extension x = {0};
    char why[PARLEY_EXTENSION_WHY] = "";

    (void)state;
    assert_int_equal(parley_extension_read(&x, parley_view(""), true, why), 0);
    assert_int_equal(parley_extension_read(&x, parley_view(PMD "; server_max_window_bits=9"), true, why), 0);
    assert_string_equal(told(&x), "9 15");
    assert_int_equal(parley_extension_read(&x, parley_view(PMD), true, why), PARLEY_ERR_HTTP);
    assert_string_equal(why, "it sets an extension twice (permessage-deflate)");
}

static void without_an_offer_there_is_nothing_to_agree_on(void **state)
{
    struct parley_extension x = {0};
    char why[PARLEY_EXTENSION_WHY] = "";

    (void)state;
    assert_int_equal(parley_extension_read(&x, parley_view(" ,"), false, why), 0);
    assert_int_equal(parley_extension_read(&x, parley_view(PMD), false, why), PARLEY_ERR_HTTP);
    assert_string_equal(why, "it sets an extension nobody asked for (permessage-deflate)");
    assert_false(x.agreed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_agreed_on),
        cmocka_unit_test(every_window_is_read),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(a_header_may_come_twice),
        cmocka_unit_test(without_an_offer_there_is_nothing_to_agree_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
