/* Questions to name servers and what their answers say, byte by byte. */
#include "platform/dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- names ------------------------------------------------------------------------------------ */

static void names_have_their_faults_told(void **state)
{
    static const struct {
        const char *name, *fault;
    } cases[] = {
        {"example.test", NULL},
        {"example.test.", NULL},
        {"a", NULL},
        {"xn--bcher-kva.test", NULL},
        {"_dmarc.EXAMPLE-1.test", NULL},
        {"127.0.0.1.nip.test", NULL},
        {"", "it is empty"},
        {".", "it is empty"},
        {"..", "it has nothing between two dots"},
        {".test", "it has nothing between two dots"},
        {"a..test", "it has nothing between two dots"},
        {"a.test..", "it has nothing between two dots"},
        {"a b.test", "it has a space or control character in it"},
        {"a\n.test", "it has a space or control character in it"},
        {"a\x7f.test", "it has a space or control character in it"},
        {"b\xc3\xbc"
         "cher.test",
         "it is not ASCII: write the xn-- form of an international name"},
        {"a/b.test", "it has a character in it that no host name has"},
        {"user@example.test", "it has a character in it that no host name has"},
        {"example.test:443", "it has a character in it that no host name has"},
        {"1.2.3.256", "it looks like an IPv4 address and is none"},
        {"example.1", "it looks like an IPv4 address and is none"},
        {"1", "it looks like an IPv4 address and is none"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fault = parley_dns_name_fault(parley_view(cases[i].name));

        if ((fault == NULL) != (cases[i].fault == NULL) ||
            (fault != NULL && strcmp(fault, cases[i].fault) != 0))
            fail_msg("'%s': %s", cases[i].name, fault != NULL ? fault : "no fault");
    }
    assert_string_equal(parley_dns_name_fault(parley_view_of("a\0b.test", 8)),
                        "it has a space or control character in it");
    assert_string_equal(parley_dns_name_fault(parley_view(NULL)), "it is empty");
}

/* Labels of 63, 63, 63 and `last` characters. */
static struct parley_view long_name(char out[300], size_t last)
{
    memset(out, 'a', 300);
    out[63] = out[127] = out[191] = '.';
    return parley_view_of(out, 192 + last);
}

static void names_and_labels_may_be_so_long_and_no_longer(void **state)
{
    char text[300];
    unsigned char out[PARLEY_DNS_QUESTION];

    (void)state;
    assert_null(parley_dns_name_fault(long_name(text, 61)));
    assert_int_equal(parley_dns_question(out, 1, long_name(text, 61), PARLEY_DNS_A), PARLEY_DNS_QUESTION);
    assert_string_equal(parley_dns_name_fault(long_name(text, 62)), "it is longer than 253 characters");
    assert_int_equal(parley_dns_question(out, 1, long_name(text, 62), PARLEY_DNS_A), 0);
    text[63] = 'a';
    assert_string_equal(parley_dns_name_fault(parley_view_of(text, 66)),
                        "one of its parts is longer than 63 characters");
}

static void a_question_is_these_bytes(void **state)
{
    static const char expected[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\0\7example\4test\0\0\x1c\0\1";
    unsigned char out[PARLEY_DNS_QUESTION];

    (void)state;
    assert_int_equal(parley_dns_question(out, 0x1234, parley_view("example.test"), PARLEY_DNS_AAAA),
                     sizeof expected - 1);
    assert_memory_equal(out, expected, sizeof expected - 1);
    assert_int_equal(parley_dns_question(out, 0x1234, parley_view("example.test."), PARLEY_DNS_AAAA),
                     sizeof expected - 1);
    assert_memory_equal(out, expected, sizeof expected - 1);
}

/* ---- answers ---------------------------------------------------------------------------------- */

#define BYTES(literal) literal, sizeof(literal) - 1

/* The question all answers below are to; its name begins at 12, "test" at 20. */
static const char question[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\0\7example\4test\0\0\1\0\1";
enum { QUESTION = sizeof question - 1 };

#define FLAGS_FINE            "\x81\x80"
#define ASKED                 "\7example\4test\0\0\1\0\1"
#define FIXED(type, length)   "\0" type "\0\1\0\0\0\x3c\0" length
#define A_RECORD(owner, last) owner FIXED("\1", "\4") "\xc0\0\2" last
#define OWN                   "\xc0\x0c" /* a pointer to the name asked for */

struct answer_case {
    const char *title;
    enum parley_dns_verdict verdict;
    const char *bytes;
    size_t length;
    size_t count;
    const char *first; /* the first address, if there is one */
};

static const struct answer_case answers[] = {
    {"one address", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD(OWN, "\7")), 1, "192.0.2.7:0"},
    {"the owner written out, in other letters", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD("\7eXample\4TEST\0", "\7")), 1,
     "192.0.2.7:0"},
    {"the question in other letters", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0\7EXAMPLE\4test\0\0\1\0\1" A_RECORD(OWN, "\7")), 1,
     "192.0.2.7:0"},
    {"half the owner compressed", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD("\7example\xc0\x14", "\7")), 1,
     "192.0.2.7:0"},
    {"two addresses, in their order", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\2\0\0\0\0" ASKED A_RECORD(OWN, "\x9") A_RECORD(OWN, "\7")), 2,
     "192.0.2.9:0"},
    {"somebody else's address in between", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\2\0\0\0\0" ASKED A_RECORD("\5other\xc0\x14", "\x9")
               A_RECORD(OWN, "\7")),
     1, "192.0.2.7:0"},
    {"another class", PARLEY_DNS_NODATA,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN "\0\1\0\3\0\0\0\x3c\0\4\xc0\0\2\7"), 0, NULL},
    {"another type", PARLEY_DNS_NODATA,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN FIXED("\x10", "\4") "\3txt"), 0, NULL},
    {"an alias and its address", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE
           "\0\1\0\2\0\0\0\0" ASKED OWN FIXED("\5", "\4") "\1b\xc0\x14" A_RECORD("\1b\xc0\x14", "\7")),
     1, "192.0.2.7:0"},
    {"two aliases in the wrong order", PARLEY_DNS_FOUND,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\3\0\0\0\0" ASKED A_RECORD("\1c\xc0\x14", "\7") "\1b\xc0\x14" FIXED(
         "\5", "\4") "\1c\xc0\x14" OWN FIXED("\5", "\4") "\1b\xc0\x14"),
     1, "192.0.2.7:0"},
    {"an alias whose target is elsewhere", PARLEY_DNS_NODATA,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN FIXED("\5", "\4") "\1b\xc0\x14"), 0, NULL},
    {"an alias of itself", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN FIXED("\5", "\2") OWN), 0, NULL},
    {"an alias shorter than its data says", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN FIXED("\5", "\5") "\1b\xc0\x14\0"), 0, NULL},
    {"no records", PARLEY_DNS_NODATA, BYTES("\x12\x34" FLAGS_FINE "\0\1\0\0\0\0\0\0" ASKED), 0, NULL},
    {"no records of a server with authority", PARLEY_DNS_NODATA,
     BYTES("\x12\x34\x85\0\0\1\0\0\0\0\0\0" ASKED), 0, NULL},
    {"no records of one that only refers to others", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34\x81\0\0\1\0\0\0\0\0\0" ASKED), 0, NULL},
    {"no such name", PARLEY_DNS_NXDOMAIN, BYTES("\x12\x34\x81\x83\0\1\0\0\0\0\0\0" ASKED), 0, NULL},
    {"SERVFAIL", PARLEY_DNS_FAILED, BYTES("\x12\x34\x81\x82\0\1\0\0\0\0\0\0" ASKED), 0, NULL},
    {"REFUSED without the question", PARLEY_DNS_FAILED, BYTES("\x12\x34\x81\x85\0\0\0\0\0\0\0\0"), 0, NULL},
    {"truncated", PARLEY_DNS_TRUNCATED, BYTES("\x12\x34\x83\x80\0\1\0\1\0\0\0\0" ASKED A_RECORD(OWN, "\7")),
     0, NULL},
    {"no such name without the question", PARLEY_DNS_FOREIGN, BYTES("\x12\x34\x81\x83\0\0\0\0\0\0\0\0"), 0,
     NULL},
    {"nothing", PARLEY_DNS_FOREIGN, BYTES(""), 0, NULL},
    {"half a header", PARLEY_DNS_FOREIGN, BYTES("\x12\x34\x81\x80\0\1"), 0, NULL},
    {"another id", PARLEY_DNS_FOREIGN,
     BYTES("\x12\x35" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD(OWN, "\7")), 0, NULL},
    {"a question instead of an answer", PARLEY_DNS_FOREIGN, BYTES("\x12\x34\1\0\0\1\0\0\0\0\0\0" ASKED), 0,
     NULL},
    {"another kind of message", PARLEY_DNS_FOREIGN, BYTES("\x12\x34\x89\x80\0\1\0\0\0\0\0\0" ASKED), 0, NULL},
    {"an answer about another name", PARLEY_DNS_FOREIGN,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0\7exbmple\4test\0\0\1\0\1" A_RECORD(OWN, "\7")), 0, NULL},
    {"an answer about another type", PARLEY_DNS_FOREIGN,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\0\0\0\0\0\7example\4test\0\0\x1c\0\1"), 0, NULL},
    {"an answer to two questions", PARLEY_DNS_FOREIGN,
     BYTES("\x12\x34" FLAGS_FINE "\0\2\0\0\0\0\0\0" ASKED ASKED), 0, NULL},
    {"the question cut", PARLEY_DNS_FOREIGN, BYTES("\x12\x34" FLAGS_FINE "\0\1\0\0\0\0\0\0\7exam"), 0, NULL},
    {"a record promised and not there", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED), 0, NULL},
    {"an address of three bytes", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN FIXED("\1", "\3") "\xc0\0\2"), 0, NULL},
    {"data that end too early", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED OWN FIXED("\1", "\4") "\xc0\0\2"), 0, NULL},
    {"a pointer to itself", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD("\xc0\x1e", "\7")), 0, NULL},
    {"a pointer forward", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD("\xc0\x20", "\7")), 0, NULL},
    {"half a pointer", PARLEY_DNS_UNUSABLE, BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED "\xc0"), 0,
     NULL},
    {"a label of a kind there is not", PARLEY_DNS_UNUSABLE,
     BYTES("\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0" ASKED A_RECORD("\x41 \0", "\7")), 0, NULL},
};

static enum parley_dns_verdict read(struct parley_dns_answer *answer, const char *bytes, size_t length,
                                    bool cut)
{
    return parley_dns_answer(answer, (const unsigned char *)question, QUESTION, (const unsigned char *)bytes,
                             length, cut);
}

static void answers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct answer_case *c = &answers[i];
        struct parley_dns_answer answer;
        enum parley_dns_verdict verdict = read(&answer, c->bytes, c->length, false);
        char text[PARLEY_ADDRESS_TEXT] = "";

        if (verdict != c->verdict)
            fail_msg("%s: verdict %d", c->title, (int)verdict);
        if (c->first != NULL)
            parley_address_text(&answer.addresses[0], text);
        if ((verdict == PARLEY_DNS_FOUND && answer.count != c->count) ||
            (c->first != NULL && strcmp(text, c->first) != 0))
            fail_msg("%s: %zu addresses, the first %s", c->title, answer.count, text);
    }
}

/* An answer may end anywhere; then it is never taken for a whole one, and nothing is read beyond it. */
static void every_answer_cut_anywhere_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        for (size_t length = 0; length < answers[i].length; length++) {
            struct parley_dns_answer answer;
            char *copy = malloc(length > 0 ? length : 1); /* so that a sanitizer sees the end */

            assert_non_null(copy);
            memcpy(copy, answers[i].bytes, length);
            if (read(&answer, copy, length, false) == PARLEY_DNS_FOUND)
                fail_msg("%s, cut at %zu: found", answers[i].title, length);
            free(copy);
        }
    }
}

static void of_a_cut_answer_the_whole_records_count(void **state)
{
    static const char bytes[] =
        "\x12\x34" FLAGS_FINE "\0\1\0\3\0\0\0\0" ASKED A_RECORD(OWN, "\7") A_RECORD(OWN, "\x8") OWN "\0\1";
    struct parley_dns_answer answer;

    (void)state;
    assert_int_equal(read(&answer, BYTES(bytes), true), PARLEY_DNS_FOUND);
    assert_int_equal(answer.count, 2);
    assert_int_equal(read(&answer, BYTES(bytes), false), PARLEY_DNS_UNUSABLE);
}

/* Builds an answer out of `records` copies of one record. */
static size_t repeat(char *out, unsigned records, const char *record, size_t length)
{
    size_t at = QUESTION;

    memcpy(out, question, QUESTION);
    memcpy(out + 2, FLAGS_FINE, 2);
    out[6] = (char)(records >> 8);
    out[7] = (char)(records & 0xff);
    for (unsigned i = 0; i < records; i++, at += length)
        memcpy(out + at, record, length);
    return at;
}

static void only_so_many_addresses_are_kept(void **state)
{
    static char bytes[65536];
    struct parley_dns_answer answer;

    (void)state;
    assert_int_equal(read(&answer, bytes, repeat(bytes, 100, BYTES(A_RECORD(OWN, "\7"))), false),
                     PARLEY_DNS_FOUND);
    assert_int_equal(answer.count, PARLEY_DNS_ADDRESSES);
}

/* Each alias leads to the next; more of them than anybody needs are a loop in all but name. */
static void a_chain_of_aliases_has_an_end(void **state)
{
    (void)state;
    for (int links = 15; links <= 18; links++) {
        char bytes[1024];
        size_t at = repeat(bytes, (unsigned)links + 1, "", 0);
        struct parley_dns_answer answer;

        for (int i = 0; i <= links; i++) {
            char owner = (char)('a' + i), target = (char)(owner + 1);

            memcpy(bytes + at, i == 0 ? "\7example\xc0\x14" : "\1?\xc0\x14", i == 0 ? 10 : 4);
            if (i > 0)
                bytes[at + 1] = owner;
            at += i == 0 ? 10 : 4;
            memcpy(bytes + at, i < links ? FIXED("\5", "\4") "\1?\xc0\x14" : FIXED("\1", "\4") "\xc0\0\2\7",
                   14);
            if (i < links)
                bytes[at + 11] = target;
            at += 14;
        }
        assert_int_equal(read(&answer, bytes, at, false),
                         links <= 16 ? PARLEY_DNS_FOUND : PARLEY_DNS_UNUSABLE);
    }
}

/* A record nobody asked for holds labels of 30 characters, each with a pointer to the one before, the first
   to the name asked for; a second record begins with a pointer to the last. Returns the length. */
static size_t ladder(char *bytes, int labels)
{
    size_t at = repeat(bytes, 2, "", 0), data = at + 11;

    memcpy(bytes + at, "\0\0\x10\0\1\0\0\0\x3c", 9);
    bytes[at + 9] = (char)(labels * 33 >> 8);
    bytes[at + 10] = (char)(labels * 33 & 0xff);
    at = data;
    for (int i = 0; i < labels; i++) {
        size_t before = i == 0 ? 12 : at - 33;

        bytes[at] = 30;
        memset(bytes + at + 1, 'a', 30);
        bytes[at + 31] = (char)(0xc0 | before >> 8);
        bytes[at + 32] = (char)(before & 0xff);
        at += 33;
    }
    bytes[at] = (char)(0xc0 | (at - 33) >> 8);
    bytes[at + 1] = (char)((at - 33) & 0xff);
    memcpy(bytes + at + 2, FIXED("\1", "\4") "\xc0\0\2\7", 14);
    return at + 16;
}

static void names_made_of_pointers_are_bounded(void **state)
{
    static const struct {
        int labels;
        enum parley_dns_verdict verdict;
    } cases[] = {{7, PARLEY_DNS_NODATA}, {8, PARLEY_DNS_UNUSABLE}, {40, PARLEY_DNS_UNUSABLE}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[2048];
        struct parley_dns_answer answer;

        assert_int_equal(read(&answer, bytes, ladder(bytes, cases[i].labels), false), cases[i].verdict);
    }
}

static void an_ipv6_answer_has_sixteen_bytes(void **state)
{
    static const char bytes[] = "\x12\x34" FLAGS_FINE "\0\1\0\1\0\0\0\0\7example\4test\0\0\x1c\0\1" OWN FIXED(
        "\x1c", "\x10") "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
    unsigned char asked[PARLEY_DNS_QUESTION];
    size_t length = parley_dns_question(asked, 0x1234, parley_view("example.test"), PARLEY_DNS_AAAA);
    struct parley_dns_answer answer;
    char text[PARLEY_ADDRESS_TEXT];

    (void)state;
    assert_int_equal(
        parley_dns_answer(&answer, asked, length, (const unsigned char *)bytes, sizeof bytes - 1, false),
        PARLEY_DNS_FOUND);
    parley_address_text(&answer.addresses[0], text);
    assert_string_equal(text, "[2001:db8::1]:0");
}

static void errors_have_names(void **state)
{
    (void)state;
    assert_string_equal(parley_dns_rcode_name(2), "SERVFAIL");
    assert_string_equal(parley_dns_rcode_name(5), "REFUSED");
    assert_string_equal(parley_dns_rcode_name(15), "an unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_their_faults_told),
        cmocka_unit_test(names_and_labels_may_be_so_long_and_no_longer),
        cmocka_unit_test(a_question_is_these_bytes),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(every_answer_cut_anywhere_is_survived),
        cmocka_unit_test(of_a_cut_answer_the_whole_records_count),
        cmocka_unit_test(only_so_many_addresses_are_kept),
        cmocka_unit_test(a_chain_of_aliases_has_an_end),
        cmocka_unit_test(names_made_of_pointers_are_bounded),
        cmocka_unit_test(an_ipv6_answer_has_sixteen_bytes),
        cmocka_unit_test(errors_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
