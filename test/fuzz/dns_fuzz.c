/*
 * Any bytes as the answer to a question, and as a host name. The first byte says how: which type is asked
 * for, whether the answer counts as cut, and whether it comes as it is or is made one to the question first
 * (id, flags and question in place), so that the records are reached without the fuzzer guessing them.
 */
#include "platform/dns.h"
#include "test/fuzz/fuzz.h"

enum { WANTS_AAAA = 1, IS_CUT = 2, AS_IT_IS = 4 };

/* The message a server sends that answers `question`, with `records` behind it. */
static unsigned char *make_answer(const unsigned char *question, size_t length, const uint8_t *records,
                                  size_t size)
{
    unsigned char *message = exact_room(length + (size > 1 ? size - 1 : 0));

    memcpy(message, question, length);
    message[2] = 0x81;
    message[3] = 0x80;
    message[7] = size > 0 ? records[0] : 0; /* how many records */
    if (size > 1)
        memcpy(message + length, records + 1, size - 1);
    return message;
}

static void check_answer(uint8_t how, const uint8_t *data, size_t size)
{
    enum parley_dns_type type = (how & WANTS_AAAA) != 0 ? PARLEY_DNS_AAAA : PARLEY_DNS_A;
    unsigned char question[PARLEY_DNS_QUESTION], *message;
    size_t asked = parley_dns_question(question, 0x1234, parley_view("example.test"), type);
    size_t length = (how & AS_IT_IS) != 0 ? size : asked + (size > 1 ? size - 1 : 0);
    struct parley_dns_answer answer;
    enum parley_dns_verdict verdict;

    message = (how & AS_IT_IS) != 0 ? exact_copy(data, size) : make_answer(question, asked, data, size);
    verdict = parley_dns_answer(&answer, question, asked, message, length, (how & IS_CUT) != 0);
    must(verdict <= PARLEY_DNS_UNUSABLE && answer.count <= PARLEY_DNS_ADDRESSES);
    must((how & AS_IT_IS) != 0 || verdict == PARLEY_DNS_FOUND || verdict == PARLEY_DNS_NODATA ||
         verdict == PARLEY_DNS_UNUSABLE);
    must((verdict != PARLEY_DNS_FOUND) || answer.count > 0);
    must((verdict == PARLEY_DNS_FAILED) <= (answer.rcode != 0));
    for (size_t i = 0; verdict == PARLEY_DNS_FOUND && i < answer.count; i++)
        must(answer.addresses[i].family == (type == PARLEY_DNS_A ? 4 : 6) && answer.addresses[i].port == 0);
    free(message);
}

/* A name either has a fault or makes a question, and that question is answered by its own echo. */
static void check_name(const uint8_t *data, size_t size)
{
    struct parley_view name = parley_view_of((const char *)data, size);
    unsigned char question[PARLEY_DNS_QUESTION], *echo;
    size_t length = parley_dns_question(question, 7, name, PARLEY_DNS_A);
    struct parley_dns_answer answer;

    must((length == 0) == (parley_dns_name_fault(name) != NULL) && length <= PARLEY_DNS_QUESTION);
    if (length == 0)
        return;
    echo = make_answer(question, length, NULL, 0);
    must(parley_dns_answer(&answer, question, length, echo, length, false) == PARLEY_DNS_NODATA);
    free(echo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    check_answer(data[0], data + 1, size - 1);
    check_name(data + 1, size - 1);
    return 0;
}
