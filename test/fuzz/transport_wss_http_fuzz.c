/* Any bytes as an HTTP response: the same events however they are cut, and no byte read beyond what is there.
   The first byte of the input says how to cut, and whether it answers CONNECT. */
#include "test/fuzz/fuzz.h"
#include "transport/wss/http.h"

struct reading {
    uint64_t hash;
    int end, status;
    size_t left;
};

static void mix(struct reading *r, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < len; i++)
        r->hash = (r->hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static struct reading read_all(const uint8_t *data, size_t size, size_t cut, bool tunnel)
{
    struct reading r = {0};
    struct parley_http_item item;
    struct parley_http http;
    size_t start = 0, end = 0;

    parley_http_start(&http, tunnel);
    while (r.end == 0 && end < size) {
        char *here;
        struct parley_view rest;

        end = end + cut < size ? end + cut : size;
        here = exact_copy(data + start, end - start);
        rest = parley_view_of(here, end - start);
        do {
            r.end = parley_http_next(&http, &rest, &item);
            mix(&r, item.name.at, item.name.len);
            mix(&r, item.value.at, item.value.len);
        } while (r.end > 0 && r.end != PARLEY_HTTP_DONE);
        must(rest.len < PARLEY_HTTP_LINE_BYTES || r.end != 0);
        start = end - rest.len;
        free(here);
    }
    if (r.end == 0)
        r.end = parley_http_end(&http, parley_view_of((const char *)data + start, size - start));
    must(r.end > 0 || http.why != NULL);
    must(http.kept_bytes <= sizeof http.kept && memchr(http.phrase, 0, sizeof http.phrase) != NULL);
    r.status = http.status;
    r.left = size - start;
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading whole, pieces;
    size_t cut;
    bool tunnel;

    if (size < 2)
        return 0;
    tunnel = (data[0] & 1) != 0;
    cut = 1 + data[0] / 2;
    whole = read_all(data + 1, size - 1, size, tunnel);
    pieces = read_all(data + 1, size - 1, cut, tunnel);
    must(whole.end == pieces.end && whole.status == pieces.status && whole.hash == pieces.hash);
    must(whole.end < 0 || whole.left >= pieces.left);
    return 0;
}
