/* Any bytes as the answer to the upgrade: the same verdict however they are cut, told in clean words. The
   first byte of the input says how to cut. */
#include "parser/utf8.h"
#include "test/fuzz/fuzz.h"
#include "transport/wss/upgrade.h"

static int judge(const uint8_t *data, size_t size, size_t cut)
{
    char why[PARLEY_TRANSPORT_REASON] = "";
    struct parley_upgrade u;
    size_t start = 0, end = 0;
    int status = 0;

    parley_upgrade_start(&u, "dGhlIHNhbXBsZSBub25jZQ==", true);
    while (status == 0 && end < size) {
        char *here;
        struct parley_view rest;

        end = end + cut < size ? end + cut : size;
        here = exact_copy(data + start, end - start);
        rest = parley_view_of(here, end - start);
        status = parley_upgrade_read(&u, &rest, why);
        start = end - rest.len;
        free(here);
    }
    if (status == 0)
        status = parley_upgrade_end(&u, parley_view_of((const char *)data + start, size - start),
                                    PARLEY_ERR_LOST, parley_view("no answer"), why);
    must_be_clean(why, sizeof why);
    must((status == 1) == (why[0] == '\0') && parley_utf8_valid(parley_view(why)));
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1)
        must(judge(data + 1, size - 1, size) == judge(data + 1, size - 1, 1 + data[0]));
    return 0;
}
