/*
 * Any messages, one on a line, to the built-in service; an empty line lets 100 ms pass. Whatever comes, all
 * it says is JSON with a type.
 */
#include "test/fuzz/fuzz.h"
#include "transport/loopback/loopback.h"
#include "transport/loopback/peek.h"

static void read_all(struct parley_transport *t, uint64_t now_us)
{
    struct parley_fragment piece;
    struct parley_view type;
    const char *fault;
    size_t offset;

    must(parley_transport_work(t, now_us) == 1);
    while (parley_transport_recv(t, &piece) > 0) {
        must(piece.last && !piece.binary);
        must(parley_peek_valid(piece.bytes, &fault, &offset));
        must(parley_peek(piece.bytes, parley_view("type"), &type) && parley_peek_is_string(type));
    }
}

static void talk(struct parley_transport *t, struct parley_view text)
{
    uint64_t now_us = 1;

    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct parley_view line = parley_view_of(text.at, end != NULL ? (size_t)(end - text.at) : text.len);

        if (line.len > 0)
            must(parley_transport_send(t, line) == (long)line.len);
        else
            now_us += 100000;
        read_all(t, now_us);
        text = parley_view_skip(text, line.len + 1);
    }
    read_all(t, now_us + 60000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *block; /* kept, as clearing it is most of the work */
    static size_t bytes;
    struct parley_endpoint to = {.script = PARLEY_VIEW("use service\nheard \"count the files\"\n")};
    struct parley_arena arena = parley_arena(NULL, 0);
    struct parley_transport *t;
    char why[PARLEY_TRANSPORT_REASON];

    if (block == NULL) {
        must(parley_transport_open(&t, &arena, &to, why) == PARLEY_OK);
        bytes = arena.used;
        block = exact_room(bytes);
    }
    arena = parley_arena(block, bytes);
    must(parley_transport_open(&t, &arena, &to, why) == PARLEY_OK && t != NULL);
    must(parley_transport_work(t, 1) == 1);
    talk(t, parley_view_of((const char *)data, size));
    parley_transport_drop(t);
    return 0;
}
