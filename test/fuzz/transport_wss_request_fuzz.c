/* Any bytes as an HTTP request: the same answer however they come, views that lie within the bytes, and a
   query that is decoded within its bounds. The first byte of the input says how to cut. */
#include "test/fuzz/fuzz.h"
#include "transport/wss/request.h"

static void check_within(struct parley_view text, const char *at, size_t size)
{
    must(text.at == NULL || (text.at >= at && text.len <= size && (size_t)(text.at - at) <= size - text.len));
}

static void check_views(const struct parley_request *r, const char *at, size_t size)
{
    const struct parley_view all[] = {r->method,        r->target, r->path, r->query,   r->host,
                                      r->authorization, r->type,   r->key,  r->version, r->protocols};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        check_within(all[i], at, size);
}

/* What stands in the query, in a place of just the right size. */
static void check_query(const struct parley_request *r)
{
    for (size_t bytes = 0; bytes < 40; bytes += 13) {
        char *into = exact_room(bytes);
        struct parley_view value = parley_request_parameter(r, "model", into, bytes);
        must(value.at == NULL || (value.at == into && value.len <= bytes));
        free(into);
    }
}

static void check_lists(const struct parley_request *r)
{
    struct parley_view rest = r->protocols, item;
    size_t bytes = 0;

    while (parley_request_item(&rest, &item))
        bytes += item.len;
    must(bytes <= r->protocols.len);
}

/* Brings the bytes as they come, each time in memory that holds no more than those. */
static struct parley_request read_all(const uint8_t *data, size_t size, size_t cut, long *head)
{
    struct parley_request r = {0};
    size_t searched = 0;

    *head = 0;
    for (size_t end = 0; *head == 0 && end < size;) {
        char *here;

        end = size - end > cut ? end + cut : size;
        here = exact_copy(data, end);
        r = (struct parley_request){.searched = searched};
        *head = parley_request_read(&r, parley_view_of(here, end));
        searched = r.searched;
        must(*head <= (long)end && *head <= PARLEY_REQUEST_HEAD_BYTES && (*head < 0) == (r.status != 0));
        must((r.why != NULL) == (*head < 0) && end < PARLEY_REQUEST_HEAD_BYTES + cut);
        check_views(&r, here, end);
        check_query(&r);
        check_lists(&r);
        free(here);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = size > 0 ? 1 + data[0] % 64 : 1;
    long whole, cut_head;
    struct parley_request a, b;

    if (size == 0)
        return 0;
    a = read_all(data + 1, size - 1, size, &whole);
    b = read_all(data + 1, size - 1, cut, &cut_head);
    /* Where a head has both a fault and no end, which of the two limits is met first is a matter of cuts. */
    if (size <= PARLEY_REQUEST_HEAD_BYTES) {
        must(whole == cut_head && a.status == b.status && a.length == b.length && a.headers == b.headers);
        must(a.method.len == b.method.len && a.path.len == b.path.len && a.query.len == b.query.len);
        must(parley_request_is_upgrade(&a) == parley_request_is_upgrade(&b));
    }
    return 0;
}
