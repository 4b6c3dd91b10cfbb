/* The id of a call out of a Location: the examples of reference 9.2, and what else may stand there. */
#include "wire_test.h"

#include "transport/wss/location.h"

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *title, *location;
    const char *id;    /* NULL: there is none */
    const char *words; /* then why */
} rows[] = {
    {"http_answer_location_plain", "/v1/realtime/calls/rtc_core_test", "rtc_core_test", NULL},
    {"http_answer_location_doubled", "/v1/realtime/calls/calls/rtc_backend_test", "rtc_backend_test", NULL},
    {"http_answer_location_absolute_query", "https://api.openai.com/v1/realtime/calls/rtc_abc?x=rtc_no",
     "rtc_abc", NULL},
    {"http_answer_location_trailing_segment", "/v1/realtime/calls/rtc_abc/sideband", "rtc_abc", NULL},
    {"http_answer_location_no_id", "/v1/realtime/calls/other", NULL,
     "realtime call Location does not contain a call id: /v1/realtime/calls/other"},
    {"http_answer_location_prefix_only", "/v1/realtime/calls/rtc_", NULL,
     "realtime call Location does not contain a call id: /v1/realtime/calls/rtc_"},
    {"the id alone", "rtc_1", "rtc_1", NULL},
    {"the last of two", "/rtc_first/rtc_last/x", "rtc_last", NULL},
    {"the last that has something behind its prefix", "/rtc_first/rtc_", "rtc_first", NULL},
    {"a slash at the end", "/v1/realtime/calls/rtc_abc/", "rtc_abc", NULL},
    {"slashes in a row", "//rtc_abc//", "rtc_abc", NULL},
    {"a query that begins at once", "?rtc_abc", NULL, "realtime call Location does not contain a call id: "},
    {"the case counts", "/RTC_abc", NULL, "realtime call Location does not contain a call id: /RTC_abc"},
    {"within a part it is none", "/xrtc_abc", NULL,
     "realtime call Location does not contain a call id: /xrtc_abc"},
    {"empty", "", NULL, "realtime call Location does not contain a call id: "},
    {"a secret in the query is not told", "/x?token=topsecret", NULL,
     "realtime call Location does not contain a call id: /x"},
    {"as long as it can be", "/rtc_" X64 "12345678901234567890123456789012345678901234567890123456789",
     "rtc_" X64 "12345678901234567890123456789012345678901234567890123456789", NULL},
    {"longer", "/rtc_" X64 "123456789012345678901234567890123456789012345678901234567890", NULL,
     "invalid realtime call Location: its id is longer than 127 bytes"},
    {"a control character", "/rtc_a\x01", NULL,
     "invalid realtime call Location: it holds a character that is not printable ASCII"},
    {"not ASCII", "/caf\xC3\xA9/rtc_a", NULL,
     "invalid realtime call Location: it holds a character that is not printable ASCII"},
};

static void reads(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        char id[PARLEY_FACT_CALL_ID] = "unset", why[PARLEY_TRANSPORT_REASON] = "";
        int status = parley_location_read(parley_view(rows[i].location), id, why);

        if (*state != NULL && strcmp(*state, rows[i].title) != 0)
            continue;
        expect_int(rows[i].title, status, rows[i].id != NULL ? 0 : PARLEY_ERR_HTTP);
        expect_text(rows[i].title, rows[i].id != NULL ? id : why,
                    rows[i].id != NULL ? rows[i].id : rows[i].words);
    }
}

int main(void)
{
    struct CMUnitTest tests[COUNT(rows)];

    for (size_t i = 0; i < COUNT(rows); i++)
        tests[i] = (struct CMUnitTest){rows[i].title, reads, NULL, NULL, (void *)(size_t)rows[i].title};
    return _cmocka_run_group_tests("location", tests, COUNT(tests), NULL, NULL);
}
