/* Any text as the Location of a call: an id that is found is one by the rules of reference 9.2, read the
   other way round, and what is not found is told in clean words. */
#include "parser/utf8.h"
#include "platform/status.h"
#include "test/fuzz/fuzz.h"
#include "transport/wss/location.h"

/* From the left: the last part that is an id. */
static struct parley_view last_id(struct parley_view text)
{
    struct parley_view found = {NULL, 0};

    for (size_t start = 0, i = 0; i <= text.len; i++) {
        bool ends = i == text.len || text.at[i] == '?';

        if (!ends && text.at[i] != '/')
            continue;
        if (i - start > 4 && memcmp(text.at + start, "rtc_", 4) == 0)
            found = parley_view_of(text.at + start, i - start);
        start = i + 1;
        if (ends)
            break;
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view text = parley_view_of((const char *)data, size), wanted = last_id(text);
    char id[PARLEY_FACT_CALL_ID], why[PARLEY_TRANSPORT_REASON] = "";
    bool printable = true;
    int status = parley_location_read(text, id, why);

    for (size_t i = 0; i < size; i++)
        printable = printable && ((data[i] >= ' ' && data[i] < 0x7f) || data[i] == '\t');
    must(status == 0 || (status == PARLEY_ERR_HTTP && why[0] != '\0' && parley_utf8_valid(parley_view(why))));
    must((status == 0) == (printable && wanted.len > 0 && wanted.len < PARLEY_FACT_CALL_ID));
    if (status == 0)
        must(parley_view_equal(parley_view(id), wanted));
    return 0;
}
