/*
 * Links on an mbedTLS that lives in a slice of memory (transport/wss/mbedtls_board.h): `mbedtls_board PORT
 * CA-FILE` meets the peer of test/bench/tls/peer.py there, with slices from too small on. Each of those ends
 * the link with a reason and leaves nothing behind; from some size on a link and the next one, which resumes
 * its session, come up; and never does mbedTLS ask the system for memory. TAP; called by mbedtls_board.sh.
 *
 * link: -Wl,--wrap=calloc,--wrap=malloc
 */
#include "platform/clock.h"
#include "transport/wss/stream.h"

#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

enum { STEP = 512, SLICE_MAX = 128 * 1024 };

static unsigned long heap_calls;
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    (void)count, (void)size;
    heap_calls++;
    return NULL;
}

void *__wrap_malloc(size_t size)
{
    (void)size;
    heap_calls++;
    return NULL;
}

struct met {
    int status;
    struct parley_facts facts;
    char why[PARLEY_TRANSPORT_REASON];
};

/* Until the peer's first line is there, whatever tickets are before it. */
static int greet(struct parley_stream *s)
{
    char line[256];
    int status = 0, got;

    for (size_t have = 0; have < 20;) {
        struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];

        status = parley_stream_work(s, parley_clock_us());
        got = status > 0 ? parley_stream_read(s, line, sizeof line) : status;
        if (got < 0)
            return got;
        have += (size_t)got;
        if (have < 20 &&
            parley_wait(want, parley_stream_interest(s, true, false, want), parley_clock_us() + 5000000) < 0)
            return PARLEY_ERR_SYSTEM;
    }
    return 1;
}

static void meet(struct met *met, const struct parley_endpoint *to)
{
    static unsigned char block[65536];
    struct parley_arena arena = parley_arena(block, sizeof block);
    struct parley_stream_options options = {parley_view("localhost"), to->addresses->port, true, to,
                                            &met->facts};
    struct parley_stream *s = NULL;

    *met = (struct met){0};
    met->status = parley_stream_open(&s, &arena, &options, met->why);
    if (s == NULL)
        return;
    met->status = greet(s);
    snprintf(met->why, sizeof met->why, "%s", parley_stream_reason(s).at);
    parley_stream_shutdown(s);
    parley_stream_drop(s);
}

static unsigned char slice[SLICE_MAX], kept[4096];

/* Two links, one after the other, in so much memory. Leaves the first that failed, or the last, in *met. */
static bool fits(struct met *met, size_t bytes, const struct parley_endpoint *to)
{
    bool fine;

    memset(kept, 0, sizeof kept);
    mbedtls_memory_buffer_alloc_init(slice, bytes);
    meet(met, to);
    fine = met->status > 0;
    if (fine)
        meet(met, to);
#if defined(MBEDTLS_PSA_CRYPTO_C)
    mbedtls_psa_crypto_free();
#endif
    mbedtls_memory_buffer_alloc_free();
    return fine && met->status > 0;
}

static int test(int number, bool good, const char *title)
{
    printf("%sok %d - %s\n", good ? "" : "not ", number, title);
    return good ? 0 : 1;
}

int main(int count, char **arguments)
{
    struct parley_address address = {.family = 4, .bytes = {127, 0, 0, 1}};
    struct parley_endpoint to = {
        .addresses = &address,
        .address_count = 1,
        .recv_bytes = 4096,
        .send_bytes = 4096,
        .deadlines = {.resolve_ms = 5000, .connect_ms = 5000, .tls_ms = 5000},
        .kept = kept,
    };
    struct met met = {0};
    size_t bytes = 4096;
    bool in_words = true;

    if (count != 3 || parley_transport_kept_bytes > sizeof kept)
        return 2;
    void *volatile none = calloc(1, 1); /* to see that calls are counted */
    if (none != NULL || heap_calls != 1)
        return 2;
    heap_calls = 0;
    address.port = (uint16_t)atoi(arguments[1]);
    to.ca_file = parley_view(arguments[2]);
    for (; bytes <= SLICE_MAX && !fits(&met, bytes, &to); bytes += STEP)
        if (met.why[0] == '\0' || met.status >= 0)
            in_words = false;
    int failed = test(1, in_words, "a slice that is too small ends a link with a reason");
    failed += test(2, bytes <= SLICE_MAX && met.facts.resumed, "two links, the second resumed, in a slice");
    failed += test(3, heap_calls == 0, "mbedTLS never asks the system for memory");
    printf("# mbedTLS " MBEDTLS_VERSION_STRING
           ", %s, records of %d bytes in and %d out: %lu bytes are enough%s%s\n",
           met.facts.tls_version != NULL ? met.facts.tls_version : "?", MBEDTLS_SSL_IN_CONTENT_LEN,
           MBEDTLS_SSL_OUT_CONTENT_LEN, (unsigned long)bytes, failed > 0 ? "; " : "",
           failed > 0 ? met.why : "");
    return failed > 0;
}
