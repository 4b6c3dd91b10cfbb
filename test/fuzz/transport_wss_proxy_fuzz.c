/* Any URL of a proxy and any answer of it, over the fake network: no more read than is there, no password in
   a reason, and the same end however the answer comes in pieces. The input is the URL, a line end, the
   answer. */
#include "platform/clock.h"
#include "platform/fake/fake.h"
#include "test/fuzz/fuzz.h"
#include "transport/wss/proxy.h"

static const struct parley_address proxy = {.family = 4, .bytes = {192, 0, 2, 8}, .port = 3128};

/* Everything there is to say to it is said in one piece or, with `cut`, read in such pieces. */
static int meet(struct parley_view url, struct parley_view answer, size_t cut, int *http_status)
{
    static unsigned char block[32768];
    struct parley_fake_limits limits = {.read_bytes = cut, .write_bytes = cut};
    struct parley_endpoint to = {.proxy = url, .deadlines = {.proxy_ms = 1000}};
    struct parley_facts facts = {0};
    struct parley_proxy_options options = {PARLEY_VIEW("api.test"), 443, &to, &facts};
    struct parley_arena arena = parley_arena(block, sizeof block);
    char why[PARLEY_TRANSPORT_REASON] = "";
    struct parley_proxy *p;
    int fd, status = parley_proxy_open(&p, &arena, &options, why);

    must(status == 0 || (status == PARLEY_ERR_URL && p == NULL && why[0] != '\0'));
    if (status < 0)
        return status;
    must(strlen(parley_proxy_host(p).at) == parley_proxy_host(p).len && parley_proxy_port(p) != 0);
    parley_fake_reset();
    parley_fake_address("192.0.2.8", 3128, PARLEY_FAKE_ACCEPT, 0);
    parley_fake_limits(-1, &limits);
    fd = parley_socket_connect(&proxy);
    parley_proxy_attach(p, fd, 1);
    must(parley_proxy_work(p, 1) == 0);
    parley_fake_peer_write(0, answer.at, answer.len);
    status = parley_proxy_work(p, 1);
    if (status == 0)
        status = parley_proxy_work(p, 2000000);
    must(status == 1 || (status < 0 && strncmp(parley_proxy_reason(p), "proxy: ", 7) == 0));
    must(strlen(parley_proxy_reason(p)) < PARLEY_TRANSPORT_REASON);
    must(parley_proxy_work(p, 2000000) == status);
    *http_status = facts.proxy_status;
    parley_proxy_drop(p);
    parley_socket_close(fd);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view all = {(const char *)data, size}, url = all, answer;
    const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
    int whole_http = 0, pieces_http = 0, whole, pieces;

    if (end == NULL)
        return 0;
    url.len = (size_t)(end - url.at);
    answer = parley_view_skip(all, url.len + 1);
    if (answer.len > PARLEY_FAKE_PIPE_BYTES)
        answer.len = PARLEY_FAKE_PIPE_BYTES;
    whole = meet(url, answer, 0, &whole_http);
    pieces = meet(url, answer, 1 + size % 7, &pieces_http);
    /* An answer that opens the tunnel may have junk behind it, which is seen only if it comes along; and a
       body is read on as far as it is kept, which depends on the pieces not at all. */
    must(whole == pieces || pieces == 1);
    must(whole_http == pieces_http || pieces == 1);
    return 0;
}
