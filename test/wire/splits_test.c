/*
 * One conversation, recorded from the upgrade's answer to the close frame, read again in two pieces for every
 * place where it can be split, and in pieces of every length: the same events for the host, the same bytes
 * for the service. Once plain and once compressed.
 */
#include "wire_test.h"

#include "core/parley.h"
#include "transport/wss/stream_pipe.h"

#define ZLIB_CONST
#include <zlib.h>

enum { OVERSIZED = 5000, INBOX_BYTES = 4096 };

static char oversized[OVERSIZED + 1];

/* A frame of the service: its first byte without compression, and what it holds. */
static const struct said {
    unsigned first;
    const char *text;
} said[] = {
    {FIN | TEXT, "{\"type\":\"session.created\",\"session\":{\"id\":\"sess_1\"}}"},
    {FIN | TEXT,
     "{\"type\":\"session.updated\",\"session\":{\"id\":\"sess_1\",\"instructions\":\"be kind\"}}"},
    {FIN | PING, "are you there"},
    {FIN | TEXT, "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_1\"}"},
    {TEXT, "{\"type\":\"conversation.item.input_audio_transcription."},
    {FIN | PING, ""},
    {CONTINUATION, ""},
    {CONTINUATION, "completed\",\"item_id\":\"item_1\",\"transcript\":\"caf\xc3"},
    {FIN | PONG, "nobody asked"},
    {FIN | CONTINUATION, "\xa9 \\u00e9 \xf0\x9f\x8e\x99\"}"},
    {FIN | TEXT, "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}"},
    {FIN | TEXT,
     "{\"type\":\"response.output_audio_transcript.delta\",\"response_id\":\"resp_1\",\"item_id\":\"item_2\","
     "\"delta\":\"Well, \"}"},
    {FIN | TEXT,
     "{\"type\":\"response.output_audio.delta\",\"response_id\":\"resp_1\",\"item_id\":\"item_2\",\"output_"
     "index\":0,"
     "\"content_index\":0,\"delta\":\"AAABAAIAAwAEAAUABgAHAAgACQAKAAsADAANAA4ADwAQABEAEgATABQAFQAWABcA\"}"},
    {FIN | TEXT,
     "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"item_3\"}"}, /* cuts the reply */
    {FIN | TEXT, "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":\"cancelled\"}}"},
    {FIN | TEXT, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":\"odd\","
                 "\"message\":\"no\"}}"},
    {FIN | TEXT, "no JSON"},
    {FIN | TEXT, oversized},
    {FIN | TEXT,
     "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_4\",\"type\":\"function_call\","
     "\"name\":\"background_agent\",\"call_id\":\"call_1\",\"arguments\":\"{\\\"prompt\\\":\\\"count\\\"}\"}"
     "}"},
    {FIN | TEXT, "{\"type\":\"response.output_text.delta\",\"item_id\":\"item_5\",\"delta\":\"good bye\"}"},
    {FIN | CLOSE, "\x03\xe9"
                  "deploying"},
};

static struct parley_options options;
static struct bytes recorded;
static char told[16384];     /* the events */
static struct bytes raw;     /* what the host wrote */
static size_t answer_bytes;  /* of the upgrade, in `all` */
static struct bytes written; /* sorted: the request, its messages in order, its control frames in order */
static struct {
    char told[sizeof told];
    struct bytes written;
} reference; /* the first reading of all */

/* ---- the recording ------------------------------------------------------------------------------- */

/* Messages one behind the other, each with those before it in view. */
static void add_squeezed(z_stream *z, unsigned first, struct parley_view text)
{
    unsigned char piece[OVERSIZED * 2];

    z->next_in = (const unsigned char *)text.at;
    z->avail_in = (unsigned)text.len;
    z->next_out = piece;
    z->avail_out = sizeof piece;
    if (text.len > 0)
        assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
    size_t bytes = sizeof piece - z->avail_out;
    if ((first & FIN) != 0 && bytes > 0)
        bytes -= 4; /* the tail that is left away (RFC 7692, 7.2.1) */
    add_frame(&recorded, first, parley_view_of((char *)piece, bytes));
}

static void record(bool compressed)
{
    z_stream z = {0};
    bool squeezes = false;

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 5, Z_DEFAULT_STRATEGY), Z_OK);
    for (size_t i = 0; i < COUNT(said); i++) {
        unsigned opcode = said[i].first & 0xf;
        struct parley_view text = parley_view(said[i].text);

        if (opcode == TEXT)
            squeezes = compressed && i % 4 != 1; /* not all of them */
        if (opcode > BINARY || !squeezes)
            add_frame(&recorded, said[i].first, text);
        else
            add_squeezed(&z, said[i].first | (opcode == TEXT ? RSV1 : 0), text);
    }
    deflateEnd(&z);
}

/* ---- one reading --------------------------------------------------------------------------------- */

static void tell(const struct parley_event *e)
{
    size_t used = strlen(told);

#define VIEW(v) (int)(v).len, (v).len > 0 ? (v).at : ""
    int more = snprintf(told + used, sizeof told - used, "%s %d [%.*s] %.*s %.*s %.*s %.*s %.*s %zu %d %u\n",
                        parley_event_name(e->kind), e->status, VIEW(e->text), VIEW(e->session_id),
                        VIEW(e->item_id), VIEW(e->response_id), VIEW(e->handoff_id), VIEW(e->code),
                        e->samples, (int)e->reason, e->heard_ms);
    assert_in_range(more, 1, sizeof told - used - 1);
}

static uint64_t now_us;

static void serve(struct parley_conversation *c)
{
    struct parley_event event;

    for (int quiet = 0; quiet < 3;) {
        size_t before = parley_pipe_calls(parley_pipe_last());

        parley_service(c, now_us);
        while (parley_next_event(c, &event) > 0)
            tell(&event);
        quiet = parley_pipe_calls(parley_pipe_last()) == before ? quiet + 1 : 0;
    }
}

/* When a pong goes out between two messages depends on how much is read at once; in which order pongs do does
   not, nor in which order messages do. */
static void sort_written(struct parley_view bytes)
{
    static struct client_frame frame;
    static struct bytes controls;
    size_t request = 0;

    while (memcmp(bytes.at + request, "\r\n\r\n", 4) != 0)
        request++;
    written.used = controls.used = 0;
    add(&written, bytes.at, request + 4);
    bytes = parley_view_skip(bytes, request + 4);
    while (take_frame(&bytes, &frame)) {
        struct bytes *to = (frame.first & 8) != 0 ? &controls : &written;

        add_byte(to, frame.first);
        add(to, frame.payload, frame.len);
    }
    assert_int_equal(bytes.len, 0);
    add(&written, controls.at, controls.used);
}

/* A conversation whose request has gone out, and all that it is going to read. */
struct reading {
    struct parley_conversation *c;
    struct parley_stream *pipe;
    void *block;
};
static struct bytes all;

static struct reading open_reading(void)
{
    struct reading r = {0};
    struct parley_error error = {0};
    size_t bytes;

    parley_fake_reset();
    parley_pipe_reset();
    told[0] = '\0';
    now_us = 1000000;
    bytes = parley_memory_needed(&options);
    r.block = malloc(bytes);
    parley_open(&r.c, r.block, bytes, &options, now_us, &error);
    assert_string_equal(error.text, "");
    r.pipe = parley_pipe_last();
    serve(r.c);
    all.used = 0;
    add_accept(&all, parley_pipe_written(r.pipe),
               options.compress == PARLEY_COMPRESS_AUTO ? "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                                                        : "");
    answer_bytes = all.used;
    add(&all, recorded.at, recorded.used);
    return r;
}

static void close_reading(struct reading *r)
{
    raw.used = 0;
    add(&raw, parley_pipe_written(r->pipe).at, parley_pipe_written(r->pipe).len);
    sort_written(view_of(&raw));
    parley_close(r->c);
    free(r->block);
}

static void feed(struct reading *r, size_t from, size_t to)
{
    assert_true(parley_pipe_feed(r->pipe, parley_view_of(all.at + from, to - from)));
    serve(r->c);
}

/* What came of a reading is compared with what came of the first. */
static void expect_the_same(size_t split, size_t cut)
{
    if (reference.written.used == 0) {
        strcpy(reference.told, told);
        reference.written = written;
    }
    if (strcmp(told, reference.told) != 0 || written.used != reference.written.used ||
        memcmp(written.at, reference.written.at, written.used) != 0)
        fail_msg("split at %zu, then every %zu: %zu bytes written (%zu), and\n%s\ninstead of\n%s", split, cut,
                 written.used, reference.written.used, told, reference.told);
}

/* Reads the recording in pieces of `cut` bytes (0: whole) behind a first one of `split`. */
static void read_in_pieces(size_t split, size_t cut)
{
    struct reading r = open_reading();

    if (split > 0)
        feed(&r, 0, split);
    parley_pipe_read_cuts(r.pipe, &cut, cut > 0);
    feed(&r, split, all.used);
    parley_pipe_end(r.pipe, PARLEY_ERR_PEER_CLOSED);
    serve(r.c);
    close_reading(&r);
    expect_the_same(split, cut);
}

/* ---- the tests ----------------------------------------------------------------------------------- */

static int start(bool compressed)
{
    options = (struct parley_options)PARLEY_OPTIONS_DEFAULT;
    options.url = parley_view("wss://api.test/v1");
    options.prompt =
        parley_view("be kind, be kind, be kind. If you cannot be kind, be quiet. If you can be quiet, be "
                    "kind again, and say the same once more, so that there is something to compress.");
    options.compress = compressed ? PARLEY_COMPRESS_AUTO : PARLEY_COMPRESS_OFF;
    options.limits = (struct parley_limits){.inbox_bytes = INBOX_BYTES,
                                            .outbox_bytes = 16384,
                                            .reply_items = 4,
                                            .input_audio_ms = 200,
                                            .output_audio_ms = 200,
                                            .transcript_bytes = 1024,
                                            .link_recv_bytes = 8192,
                                            .link_send_bytes = 8192};
    memset(oversized, 'x', OVERSIZED);
    recorded.used = reference.written.used = 0;
    record(compressed);
    read_in_pieces(0, 0);
    return 0;
}

static int start_plain(void **state)
{
    (void)state;
    return start(false);
}

static int start_compressed(void **state)
{
    (void)state;
    return start(true);
}

/* What it is that is the same at every split. */
static void tells_the_story(void **state)
{
    static const char *const events[] = {"link ",
                                         "open]",
                                         "started ",
                                         "session_updated 0 [be kind] sess_1",
                                         "speech_started",
                                         "user_done 0 [caf\xc3\xa9 \xc3\xa9 ",
                                         "response_created",
                                         "reply_delta 0 [Well, ]",
                                         "audio ",
                                         "speech_started",
                                         "interrupted",
                                         "response_done",
                                         "error ",
                                         "skipped -304",
                                         "skipped -303",
                                         "handoff 0 [count]",
                                         "reply_delta 0 [good bye]",
                                         "closed -207"};
    const char *at = reference.told;

    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        const char *found = strstr(at, events[i]);

        if (found == NULL)
            fail_msg("no \"%s\" behind the %zu before it:\n%s", events[i], i, reference.told);
        else
            at = found;
    }
}

/* The same reading once more: down to the keys the frames are masked with. */
static void repeats_byte_by_byte(void **state)
{
    static struct bytes before;

    (void)state;
    before.used = 0;
    for (int i = 0; i < 2; i++) {
        read_in_pieces(100, 7);
        if (i == 0)
            add(&before, raw.at, raw.used);
    }
    assert_int_equal(raw.used, before.used);
    assert_memory_equal(raw.at, before.at, raw.used);
}

static void reads_the_same_at_every_split(void **state)
{
    (void)state;
    for (size_t split = 1; split < all.used; split++)
        read_in_pieces(split, 0);
}

static void reads_the_same_in_pieces_of_every_length(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < all.used; cut = cut < 300 ? cut + 1 : cut + 17)
        read_in_pieces(0, cut);
}

/* A byte a second for an hour and a half: each is a sign of life. */
static void a_byte_a_second_is_slow_but_fine(void **state)
{
    struct reading r = open_reading();

    (void)state;
    feed(&r, 0, answer_bytes);
    for (size_t i = answer_bytes; i < all.used; i++) {
        now_us += 1000000;
        feed(&r, i, i + 1);
    }
    parley_pipe_end(r.pipe, PARLEY_ERR_PEER_CLOSED);
    serve(r.c);
    close_reading(&r);
    expect_the_same(answer_bytes, 1);
}

/* The answer to the upgrade has 15 s in all. */
static void an_answer_of_a_byte_a_second_is_too_slow(void **state)
{
    struct reading r = open_reading();
    size_t i = 0;

    (void)state;
    while (parley_error(r.c)->status == PARLEY_OK && i < answer_bytes) {
        feed(&r, i, i + 1);
        i++;
        now_us += 1000000;
        serve(r.c);
    }
    assert_int_equal(i, 15);
    assert_int_equal(parley_error(r.c)->status, PARLEY_ERR_TIMEOUT);
    assert_string_equal(parley_error(r.c)->text, "upgrade: no answer within 15000 ms (within the answer)");
    close_reading(&r);
}

int main(void)
{
#define PLAIN(f) cmocka_unit_test_setup(f, start_plain)
#define COMPRESSED(f)                                                                                        \
    {                                                                                                        \
        "compressed: " #f, f, start_compressed, NULL, NULL                                                   \
    }
    const struct CMUnitTest tests[] = {
        PLAIN(tells_the_story),
        PLAIN(repeats_byte_by_byte),
        PLAIN(reads_the_same_at_every_split),
        PLAIN(reads_the_same_in_pieces_of_every_length),
        PLAIN(a_byte_a_second_is_slow_but_fine),
        PLAIN(an_answer_of_a_byte_a_second_is_too_slow),
        COMPRESSED(tells_the_story),
        COMPRESSED(repeats_byte_by_byte),
        COMPRESSED(reads_the_same_at_every_split),
        COMPRESSED(reads_the_same_in_pieces_of_every_length),
        COMPRESSED(a_byte_a_second_is_slow_but_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
