/* Any bytes as the answer to a call: the same body, the same id and the same verdict however they are cut.
   The first byte of the input says how to cut, and whether the connection ends in good order. */
#include "parser/utf8.h"
#include "platform/status.h"
#include "test/fuzz/fuzz.h"
#include "transport/wss/call.h"

struct verdict {
    int status; /* 1: a call */
    char id[PARLEY_FACT_CALL_ID];
    uint64_t body; /* a sum of it */
    size_t bytes;
};

static void add(struct verdict *v, struct parley_view piece)
{
    for (size_t i = 0; i < piece.len; i++)
        v->body = (v->body ^ (unsigned char)piece.at[i]) * 0x100000001B3;
    v->bytes += piece.len;
}

static struct verdict judge(const uint8_t *data, size_t size, size_t cut, bool orderly)
{
    char why[PARLEY_TRANSPORT_REASON] = "";
    struct verdict v = {.status = 0};
    struct parley_fragment piece = {.last = false};
    struct parley_call call;
    size_t start = 0, end = 0;
    int got = 0;

    parley_call_start(&call);
    while (got >= 0 && !piece.last && end < size) {
        char *here;
        struct parley_view rest;

        end = end + cut < size ? end + cut : size;
        here = exact_copy(data + start, end - start);
        rest = parley_view_of(here, end - start);
        while ((got = parley_call_read(&call, &rest, &piece, why)) > 0) {
            add(&v, piece.bytes);
            if (piece.last)
                break;
        }
        start = end - rest.len;
        free(here);
    }
    if (got == 0 && !piece.last)
        got = parley_call_end(&call, parley_view_of((const char *)data + start, size - start), orderly,
                              PARLEY_ERR_LOST, parley_view("no answer"), &piece, why);
    v.status = got;
    must_be_clean(why, sizeof why);
    must((got > 0) == (why[0] == '\0') && parley_utf8_valid(parley_view(why)));
    if (got > 0)
        memcpy(v.id, call.id, sizeof v.id);
    must(got <= 0 || (piece.last && strlen(v.id) > 4));
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verdict whole, cut;

    if (size < 2)
        return 0;
    whole = judge(data + 1, size - 1, size, data[0] % 2 == 0);
    cut = judge(data + 1, size - 1, 1 + data[0] / 2u, data[0] % 2 == 0);
    must(whole.status == cut.status && strcmp(whole.id, cut.id) == 0);
    must(whole.status <= 0 || (whole.body == cut.body && whole.bytes == cut.bytes));
    return 0;
}
