/*
 * WebSocket without memory: each allocation from parley_open to a message each way is made to fail once, with
 * and without compression. The packages' own are meant: ours is the caller's block, and zlib works in it.
 * That of TLS is the matter of tls_test.
 *
 * The program stands in for malloc, so that those of shared libraries are among them; where something else
 * does (a sanitizer, another C library) the test is skipped.
 */
#include "wire_test.h"

#include "core/parley.h"
#include "transport/wss/stream_pipe.h"

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define STANDS_IN 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STANDS_IN 0
#else
#define STANDS_IN 1
#endif
#else
#define STANDS_IN 1
#endif

/* While `on`, allocations count, and the one with this number fails. */
static struct {
    bool on;
    unsigned count, fail_at;
    long live;
} heap;

#if STANDS_IN
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void __libc_free(void *memory);

static bool is_refused(void)
{
    return heap.on && ++heap.count == heap.fail_at;
}

void *malloc(size_t bytes)
{
    void *memory = is_refused() ? NULL : __libc_malloc(bytes);

    heap.live += heap.on && memory != NULL;
    return memory;
}

void *calloc(size_t count, size_t bytes)
{
    void *memory = is_refused() ? NULL : __libc_calloc(count, bytes);

    heap.live += heap.on && memory != NULL;
    return memory;
}

void *realloc(void *old, size_t bytes)
{
    bool fresh = old == NULL;
    void *memory = is_refused() ? NULL : __libc_realloc(old, bytes);

    heap.live += heap.on && fresh && memory != NULL;
    return memory;
}

void free(void *memory)
{
    heap.live -= heap.on && memory != NULL;
    __libc_free(memory);
}
#endif

static struct parley_conversation *c;
static struct parley_error error;

/* Serves, and takes events up to one of this kind. */
static bool comes_to(enum parley_event_kind kind)
{
    struct parley_event event;
    bool came = false;

    heap.on = true;
    for (int i = 0; i < 4; i++) {
        parley_service(c, 1000000);
        while (!came && parley_next_event(c, &event) == 1)
            came = event.kind == kind;
    }
    heap.on = false;
    return came;
}

/* A link up to a message of the service. */
static void talk(const char *headers)
{
    static struct bytes said;
    struct parley_stream *pipe = parley_pipe_last();

    comes_to(PARLEY_EVENT_CLOSED);
    said.used = 0;
    add_accept(&said, parley_pipe_written(pipe), headers);
    add_text(&said, "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_1\"}");
    assert_true(parley_pipe_feed(pipe, view_of(&said)));
    if (!comes_to(PARLEY_EVENT_SPEECH_STARTED))
        fail_msg("no message: %s", parley_error(c)->text);
    heap.on = true;
    assert_int_equal(parley_send_text(c, parley_view("hello")), PARLEY_OK);
    heap.on = false;
}

/* Returns false when it does without so many. */
static bool starve(const struct parley_options *options, void *block, size_t bytes, const char *headers,
                   unsigned number)
{
    int status;

    heap.count = 0;
    heap.fail_at = number;
    heap.live = 0;
    parley_fake_reset();
    parley_pipe_reset();
    heap.on = true;
    status = parley_open(&c, block, bytes, options, 1000000, &error);
    heap.on = false;
    if (status == PARLEY_OK)
        talk(headers);
    else if (status != PARLEY_ERR_MEMORY || error.text[0] == 0 || heap.count < number)
        fail_msg("allocation %u: status %d, \"%s\"", number, status, error.text);
    heap.on = true;
    parley_close(c);
    heap.on = false;
    if (heap.live != 0)
        fail_msg("allocation %u: %ld are not given back", number, heap.live);
    return heap.count >= number;
}

static void every_allocation_may_fail(void **state)
{
    static const struct {
        enum parley_compress compress;
        const char *headers;
    } rows[] = {
        {PARLEY_COMPRESS_OFF, ""},
        {PARLEY_COMPRESS_AUTO, "Sec-WebSocket-Extensions: permessage-deflate\r\n"},
    };

    (void)state;
    if (!STANDS_IN)
        skip();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_options options = PARLEY_OPTIONS_DEFAULT;
        unsigned number = 1;
        size_t bytes;
        void *block;

        options.url = parley_view("wss://api.test/v1");
        options.compress = rows[i].compress;
        bytes = parley_memory_needed(&options);
        assert_true(bytes > 0);
        block = malloc(bytes);
        while (starve(&options, block, bytes, rows[i].headers, number))
            number++;
        assert_true(number > 1); /* there were some */
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
