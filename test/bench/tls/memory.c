/*
 * The heap that one TLS connection takes with the mbedTLS it is linked with, over the real byte stream, to a
 * peer that is not ours: `memory NAME PORT CA-FILE LINK-BYTES` prints two rows of test/bench/tls.sh's table,
 * of a link and of the next one, which resumes its session. All of it is mbedTLS's: parley itself has no
 * heap.
 *
 * link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
 */
#include "platform/clock.h"
#include "transport/wss/stream.h"

#include <malloc.h>
#include <mbedtls/version.h>
#include <stdio.h>
#include <stdlib.h>

static size_t held, peak;
static unsigned long calls;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_realloc(void *at, size_t size);
void __real_free(void *at);
void __wrap_free(void *at);

static void *taken(void *at)
{
    calls++;
    held += malloc_usable_size(at);
    peak = held > peak ? held : peak;
    return at;
}

void *__wrap_malloc(size_t size)
{
    return taken(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return taken(__real_calloc(count, size));
}

void *__wrap_realloc(void *at, size_t size)
{
    held -= malloc_usable_size(at);
    return taken(__real_realloc(at, size));
}

void __wrap_free(void *at)
{
    held -= malloc_usable_size(at);
    __real_free(at);
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "memory: %s: %s\n", what, why);
    return 1;
}

/* Until the stream is up, or until `bytes` have come. */
static int serve(struct parley_stream *s, size_t bytes)
{
    char line[256];
    int status = 0, got;

    for (size_t have = 0;;) {
        struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];

        status = parley_stream_work(s, parley_clock_us());
        if (status < 0 || (status > 0 && bytes == 0))
            return status;
        got = status > 0 ? parley_stream_read(s, line, sizeof line) : 0;
        if (got < 0 || (have += (size_t)got) >= bytes + (bytes == 0))
            return got;
        if (parley_wait(want, parley_stream_interest(s, true, false, want), parley_clock_us() + 5000000) < 0)
            return PARLEY_ERR_SYSTEM;
    }
}

static int measure(const char *name, const struct parley_endpoint *to, void *block, size_t bytes)
{
    struct parley_arena arena = parley_arena(block, bytes);
    struct parley_facts facts = {0};
    struct parley_stream_options options = {parley_view("localhost"), to->addresses->port, true, to, &facts};
    struct parley_stream *s;
    char why[PARLEY_TRANSPORT_REASON];
    size_t before = held, opened, up;

    peak = held;
    if (parley_stream_open(&s, &arena, &options, why) < 0)
        return fail("open", why);
    opened = held - before;
    if (serve(s, 0) < 0)
        return fail("handshake", parley_stream_reason(s).at);
    size_t highest = peak - before;
    unsigned long calls_before = calls;
    if (serve(s, 20) < 0) /* the peer's first line, and whatever tickets are before it */
        return fail("read", parley_stream_reason(s).at);
    up = held - before;
    printf("| %s | %s, %s%s | %zu | %zu | %zu | %lu |\n", MBEDTLS_VERSION_STRING, name, facts.tls_version,
           facts.resumed ? ", resumed" : "", opened, highest, up, calls - calls_before);
    parley_stream_shutdown(s);
    parley_stream_drop(s);
    if (held - before > 8192)
        return fail("drop", "memory is left");
    return 0;
}

int main(int count, char **arguments)
{
    static unsigned char block[65536], kept[4096];
    struct parley_address address = {.family = 4, .bytes = {127, 0, 0, 1}};
    struct parley_endpoint to = {
        .addresses = &address,
        .address_count = 1,
        .deadlines = {.resolve_ms = 5000, .connect_ms = 5000, .tls_ms = 5000},
        .kept = kept,
    };

    if (count != 5 || parley_transport_kept_bytes > sizeof kept)
        return fail("usage", "memory NAME PORT CA-FILE LINK-BYTES");
    address.port = (uint16_t)atoi(arguments[2]);
    to.ca_file = parley_view(arguments[3]);
    to.recv_bytes = to.send_bytes = (size_t)atol(arguments[4]);
    return measure(arguments[1], &to, block, sizeof block) != 0 ||
           measure(arguments[1], &to, block, sizeof block) != 0;
}
