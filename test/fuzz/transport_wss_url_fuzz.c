/* Any text as the address of the service, and any as its query: whatever is accepted can be sent, and reads
   the same again. The input is the URL, then after a NUL the name and value of a parameter. */
#include "platform/status.h"
#include "test/fuzz/fuzz.h"
#include "transport/wss/url.h"

/* The whole URL into `text`, which holds `size` bytes; returns its length. */
static size_t render(const struct parley_url *url, const struct parley_pair *query, size_t count, char *text,
                     size_t size)
{
    struct parley_render r = parley_render(text, size);

    parley_render_raw(&r, parley_view(url->tls ? "wss://" : "ws://"));
    parley_url_render_host(url, &r);
    parley_url_render_target(url, query, count, &r);
    must(!r.overflow);
    for (size_t i = 0; text != NULL && i < r.used; i++)
        must(text[i] > ' ' && text[i] < 0x7f && text[i] != '#');
    return r.used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view text = parley_view_of((const char *)data, size), rest = {NULL, 0};
    const char *end = size > 0 ? memchr(data, 0, size) : NULL;
    char why[PARLEY_TRANSPORT_REASON] = "";
    struct parley_url url, again;
    char *first, *second;
    size_t bytes;

    if (end != NULL) {
        text.len = (size_t)(end - text.at);
        rest = parley_view_of(end + 1, size - text.len - 1);
    }
    struct parley_pair pair = {parley_view_of(rest.at, rest.len / 2), parley_view_skip(rest, rest.len / 2)};
    if (parley_url_read(&url, text, why) != 0) {
        must(why[0] != '\0');
        return 0;
    }
    must(url.host_bytes > 0 && url.host_bytes < PARLEY_URL_HOST && url.host[url.host_bytes] == '\0');
    must(url.port > 0 && (url.path.len == 0 || url.path.at[0] == '/'));
    bytes = render(&url, &pair, 1, NULL, 0);
    first = exact_room(bytes);
    second = exact_room(bytes);
    must(render(&url, &pair, 1, first, bytes) == bytes);
    if (bytes <= PARLEY_URL_BYTES) {
        must(parley_url_read(&again, parley_view_of(first, bytes), why) == 0);
        must(render(&again, NULL, 0, second, bytes) == bytes);
        must(memcmp(first, second, bytes) == 0);
    }
    free(first);
    free(second);
    return 0;
}
