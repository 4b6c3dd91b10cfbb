/* WebSocket frames with permessage-deflate: which frames may say so, what comes out of them at every cut,
   what goes into them, and how it ends when it is none. */
#include "frames_test.h"

#define ZLIB_CONST
#include <zlib.h>

enum { RECV_BYTES = 8192, SEND_BYTES = 4096, LONGEST = 100000 };

static max_align_t memory[16384];
static struct parley_deflate deflation;
static z_stream server; /* what a server reads our messages with */

/* `resets`: each message is compressed by itself, both ways. */
static void start(bool resets)
{
    const struct parley_extension x = {.agreed = true,
                                       .server_no_context_takeover = resets,
                                       .client_no_context_takeover = resets,
                                       .server_bits = 15,
                                       .client_bits = 15};
    struct parley_arena arena = parley_arena(memory, sizeof memory);
    char why[PARLEY_TRANSPORT_REASON];

    parley_fake_random_seed(7);
    memset(&frames, 0, sizeof frames);
    memset(&deflation, 0, sizeof deflation);
    parley_frames_carve(&frames, &arena, RECV_BYTES, SEND_BYTES);
    parley_deflate_carve(&deflation, &arena);
    assert_false(arena.failed);
    assert_int_equal(parley_frames_start(&frames), 0);
    assert_int_equal(parley_deflate_start(&deflation, why), 0);
    parley_deflate_agree(&deflation, &x);
    frames.deflate = &deflation;
    frames.inflated_bytes = LONGEST;
    memset(&server, 0, sizeof server);
    assert_int_equal(inflateInit2(&server, -15), Z_OK);
}

static void stop(void)
{
    parley_frames_stop(&frames);
    parley_deflate_stop(&deflation);
    inflateEnd(&server);
}

static int setup(void **state)
{
    (void)state;
    start(false);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stop();
    return 0;
}

/* ---- reading ----------------------------------------------------------------------------------- */

#define HELLO "f248 cdc9 c907 00"

static void reads_messages_at_every_cut(void **state)
{
    static const struct {
        const char *title, *script, *expected;
    } rows[] = {
        {"a message", "c1 07 " HELLO, "Hello/T "},
        {"a binary one", "c2 07 " HELLO, "Hello/B "},
        {"two, the second with the first in view", "c1 07 " HELLO " c1 05 f200110000", "Hello/T Hello/T "},
        {"one that is not compressed in between", "c1 07 " HELLO " 81 02 'yo' c1 05 f200110000",
         "Hello/T yo/T Hello/T "},
        {"fragments", "41 03 f248cd 80 04 c9c90700", "Hello/T "},
        {"fragments of a byte", "41 01 f2 00 01 48 00 01 cd 00 01 c9 00 01 c9 00 01 07 80 01 00", "Hello/T "},
        {"empty fragments", "41 00 00 07 " HELLO " 00 00 80 00", "Hello/T "},
        {"a ping and a pong between fragments", "41 03 f248cd 89 01 'p' 8a 00 80 04 c9c90700", "Hello/T "},
        {"without compression", "c1 0b 0005 00fa ff48 656c 6c6f 00", "Hello/T "},
        {"with a last block", "c1 08 f348 cdc9 c907 0000", "Hello/T "},
        {"two blocks", "c1 0d f248 0500 0000 ffff cac9 c907 00", "Hello/T "},
        {"an empty one", "c1 01 00 81 01 'x'", "/T x/T "},
        {"an empty one without a byte", "c1 00 81 01 'x'", "/T x/T "},
        {"fragments without a byte", "41 00 80 00 c1 07 " HELLO, "/T Hello/T "},
        {"a character across fragments", "41 06 0002 00fd ffc3 80 02 a400", "\xc3\xa4/T "},
        {"binary that is no UTF-8", "c2 08 0002 00fd fffe ff00", "\xfe\xff/B "},
        {"half a message", "41 07 0005 00fa ff48 65", "He"},
    };
    static struct bytes all;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        all.used = 0;
        add_script(&all, rows[i].script);
        for (size_t cut = 1; cut <= all.used; cut++) {
            stop();
            start(false);
            expect_int(rows[i].title, read_all(view_of(&all), cut), 0);
            expect_text(rows[i].title, reading.text, rows[i].expected);
        }
    }
}

static void messages_alone_start_anew(void **state)
{
    static struct bytes all;

    (void)state;
    stop();
    start(true);
    all.used = 0;
    add_script(&all, "c1 07 " HELLO " c1 07 " HELLO " c1 05 f200110000");
    assert_int_equal(read_all(view_of(&all), 3), PARLEY_ERR_PROTOCOL);
    assert_string_equal(reading.text, "Hello/T Hello/T H"); /* and then it looks back */
}

static void ends_with_the_right_code(void **state)
{
    static const struct {
        const char *title, *script;
        int status;
        unsigned code;
        const char *why;
    } rows[] = {
#define BROKE "the service broke the WebSocket protocol: "
        {"RSV2", "a1 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame has reserved bits set that compression does not use"},
        {"RSV1 and RSV3", "d1 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame has reserved bits set that compression does not use"},
        {"a compressed ping", "c9 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a control frame is marked as compressed"},
        {"a compressed close", "c8 02 03e8", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a control frame is marked as compressed"},
        {"a compressed continuation", "41 03 f248cd c0 04 c9c90700", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a continuation is marked as compressed"},
        {"a compressed continuation of a message that is not", "01 01 'a' c0 01 00", PARLEY_ERR_PROTOCOL,
         1002, BROKE "a continuation is marked as compressed"},
        {"an opcode that does not exist", "c3 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame has an opcode that does not exist"},
        {"a masked one", "c1 80 01020304", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame is masked, which only a client may do"},
        {"a message within a message", "41 01 f2 c1 01 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a message begins before the one before it has ended"},
        {"no compressed data", "c1 01 07", PARLEY_ERR_PROTOCOL, 1007,
         BROKE "a compressed message cannot be inflated: invalid block type"},
        {"a reference to nowhere", "c1 05 f200110000", PARLEY_ERR_PROTOCOL, 1007,
         BROKE "a compressed message cannot be inflated: invalid distance too far back"},
        {"cut short", "c1 03 f248cd", PARLEY_ERR_PROTOCOL, 1007,
         BROKE "a compressed message cannot be inflated: it is cut short"},
        {"cut short within fragments", "41 02 f248 80 01 cd", PARLEY_ERR_PROTOCOL, 1007,
         BROKE "a compressed message cannot be inflated: it is cut short"},
        {"no UTF-8", "c1 07 0001 00fe ffff 00", PARLEY_ERR_UTF8, 1007, BROKE "a text message is not UTF-8"},
        {"half a character", "c1 07 0001 00fe ffc3 00", PARLEY_ERR_UTF8, 1007,
         BROKE "a text message is not UTF-8"},
        {"bytes that would be UTF-8 if they were not compressed", "c1 02 'ab'", PARLEY_ERR_PROTOCOL, 1007,
         BROKE "a compressed message cannot be inflated: it is cut short"},
        {"close", "c1 07 " HELLO " 88 02 03e9", PARLEY_ERR_PEER_CLOSED, 1001,
         "the service closed the connection: code 1001 (going away)"},
    };
    static struct bytes all;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        all.used = 0;
        add_script(&all, rows[i].script);
        for (size_t cut = 1; cut <= all.used; cut++) {
            stop();
            start(false);
            expect_int(rows[i].title, read_all(view_of(&all), cut), rows[i].status);
            expect_text(rows[i].title, frames.why, rows[i].why);
            expect_close(rows[i].title, rows[i].code);
            assert_false(parley_frames_ready(&frames));
        }
    }
}

/* A message of `len` letters 'a', compressed, as one frame. */
static void add_compressed(struct bytes *to, size_t len)
{
    static unsigned char made[1 << 16];
    static char letters[3 * LONGEST];
    z_stream z = {0};

    assert_true(len <= sizeof letters);
    memset(letters, 'a', sizeof letters);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (const Bytef *)letters;
    z.avail_in = (uInt)len;
    z.next_out = made;
    z.avail_out = sizeof made;
    assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    add_frame(to, FIN | RSV1 | TEXT, parley_view_of((char *)made, sizeof made - z.avail_out - 4));
    deflateEnd(&z);
}

/* Ten pieces or ten thousand: a message that becomes too long ends the link, and no more of it is read. */
static void a_bomb_ends_with_1009(void **state)
{
    static struct bytes all;
    static struct client_frame frame;
    struct parley_view rest;

    (void)state;
    all.used = 0;
    add_compressed(&all, LONGEST);
    assert_int_equal(read_all(view_of(&all), SIZE_MAX), 0);
    assert_int_equal(reading.used, LONGEST + 3);

    all.used = 0;
    add_compressed(&all, LONGEST + 1);
    assert_true(all.used < 300);
    assert_int_equal(read_all(view_of(&all), SIZE_MAX), PARLEY_ERR_TOO_LONG);
    assert_true(reading.used <= LONGEST);
    assert_string_equal(frames.why, "the service sent a compressed message of more than 100000 bytes");
    rest = parley_buffer_view(&frames.out);
    assert_true(take_frame(&rest, &frame));
    assert_int_equal(frame.first, FIN | CLOSE);
    assert_memory_equal(frame.payload,
                        "\x03\xf1"
                        "a compressed message is too long",
                        34);
}

/* A message that is not compressed has no such bound: it costs its sender as much as us. */
static void a_long_honest_message_has_no_bound(void **state)
{
    static struct bytes all;

    (void)state;
    all.used = 0;
    add_header(&all, FIN | TEXT, LONGEST + 20000);
    for (int i = 0; i < LONGEST + 20000; i += 10)
        add_string(&all, "0123456789");
    assert_int_equal(read_all(view_of(&all), SIZE_MAX), 0);
    assert_int_equal(reading.used, LONGEST + 20000 + 3);
}

/* Nothing is left in the buffer, and yet there is more: nobody may wait for the network then. */
static void says_that_there_is_more_inside(void **state)
{
    static struct bytes all;
    struct parley_fragment piece;
    size_t pieces = 1;

    (void)state;
    all.used = 0;
    add_compressed(&all, 5 * PARLEY_INFLATE_PIECE);
    memcpy(frames.in.at, all.at, all.used);
    frames.in.end = all.used;
    parley_frames_arrived(&frames);
    assert_int_equal(parley_frames_next(&frames, &piece), 1);
    assert_int_equal(parley_buffer_used(&frames.in), 0);
    for (; !piece.last; pieces++) {
        assert_true(parley_frames_ready(&frames));
        assert_int_equal(parley_frames_next(&frames, &piece), 1);
    }
    assert_in_range(pieces, 5, 6);
    assert_false(parley_frames_ready(&frames));
}

/* Pings are answered while a message is half inflated and nobody takes it. */
static void answers_pings_within_a_large_message(void **state)
{
    static struct bytes all;
    static struct client_frame frame;
    struct parley_fragment piece;
    struct parley_view rest;

    (void)state;
    all.used = 0;
    add_compressed(&all, LONGEST);
    add_script(&all, "89 02 'hi'");
    memcpy(frames.in.at, all.at, all.used);
    frames.in.end = all.used;
    parley_frames_arrived(&frames);
    rest = parley_buffer_view(&frames.out);
    assert_true(take_frame(&rest, &frame));
    assert_int_equal(frame.first, FIN | PONG);
    assert_int_equal(parley_frames_next(&frames, &piece), 1);
    assert_int_equal(piece.bytes.len, PARLEY_INFLATE_PIECE);
    assert_true(parley_frames_ready(&frames)); /* there is more, though no byte more will come */
    reading.used = 0;
    assert_int_equal(drain(), 0);
    assert_int_equal(reading.used, LONGEST - PARLEY_INFLATE_PIECE + 3);
    assert_int_equal(frames.pings, 1);
}

/* ---- sending ------------------------------------------------------------------------------------ */

/* Inflates a message of ours as a server does. Returns its length. */
static size_t serve(const char *payload, size_t bytes, bool resets, char *into, size_t size)
{
    static const unsigned char tail[] = {0, 0, 0xff, 0xff};

    if (resets)
        inflateReset(&server);
    server.next_out = (Bytef *)into;
    server.avail_out = (uInt)size;
    server.next_in = (const Bytef *)payload;
    server.avail_in = (uInt)bytes;
    assert_int_equal(inflate(&server, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(server.avail_in, 0);
    server.next_in = tail;
    server.avail_in = sizeof tail;
    assert_int_equal(inflate(&server, Z_SYNC_FLUSH), Z_OK);
    return size - server.avail_out;
}

/* Offers a message until it is taken, emptying `out`; puts its frames together. Returns the first byte of the
   first one, with FIN if it was the only one. */
static unsigned send_message(struct parley_view message, char *payload, size_t *bytes)
{
    static struct client_frame frame;
    unsigned first = 0;

    *bytes = 0;
    while (message.len > 0) {
        long taken = parley_frames_text(&frames, message);
        struct parley_view rest = parley_buffer_view(&frames.out);

        assert_true(taken > 0);
        message = parley_view_skip(message, (size_t)taken);
        assert_true(take_frame(&rest, &frame));
        assert_int_equal(rest.len, 0);
        assert_int_equal((frame.first & FIN) != 0, message.len == 0);
        if (first != 0)
            assert_int_equal(frame.first & 0x7f, CONTINUATION);
        else
            first = frame.first;
        memcpy(payload + *bytes, frame.payload, frame.len);
        *bytes += frame.len;
        parley_buffer_skip(&frames.out, parley_buffer_used(&frames.out));
        parley_frames_room(&frames);
    }
    return first;
}

static void compresses_what_is_worth_it(void **state)
{
    static const size_t lengths[] = {1, 100, 255, 256, 257, 2000, 3000, 4000, 10000, 50000};
    static char message[50000], payload[100000], got[100000];

    (void)state;
    for (int resets = 0; resets < 2; resets++) {
        stop();
        start(resets);
        for (size_t i = 0; i < 2 * COUNT(lengths); i++) {
            struct parley_view text = parley_view_of(message, lengths[i / 2]);
            uint64_t seed = i + 1;
            size_t bytes;
            unsigned first;

            for (size_t j = 0; j < text.len; j++)
                message[j] = (char)('A' + next_random(&seed) % (i % 2 == 0 ? 64 : 10));
            first = send_message(text, payload, &bytes);
            assert_int_equal((first & RSV1) != 0, text.len >= PARLEY_DEFLATE_WORTH);
            assert_int_equal(first & 0x0f, TEXT);
            if ((first & RSV1) != 0) {
                bytes = serve(payload, bytes, resets, got, sizeof got);
                memcpy(payload, got, bytes);
            }
            assert_int_equal(bytes, text.len);
            assert_memory_equal(payload, message, bytes);
        }
    }
}

/* What cannot be made smaller becomes larger, and fits all the same. */
static void noise_fits_too(void **state)
{
    static char message[30000], payload[60000], got[60000];
    uint64_t seed = 17;
    size_t bytes;

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)next_random(&seed);
    for (size_t len = PARLEY_DEFLATE_WORTH; len <= sizeof message; len += len / 7) {
        assert_true((send_message(parley_view_of(message, len), payload, &bytes) & RSV1) != 0);
        assert_int_equal(serve(payload, bytes, false, got, sizeof got), len);
        assert_memory_equal(got, message, len);
    }
}

/* Control frames go between the fragments of a compressed message, and are none of it. */
static void control_frames_stay_as_they_are(void **state)
{
    static char message[20000], payload[20000], got[40000];
    static struct client_frame frame;
    struct parley_view left = parley_view_of(message, sizeof message), rest;
    size_t used = 0, pongs = 0, pings = 0;

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)('a' + i * i % 23);
    while (left.len > 0) {
        long taken = parley_frames_text(&frames, left);

        assert_true(taken > 0);
        left = parley_view_skip(left, (size_t)taken);
        parley_frames_ping(&frames);
        read_all(parley_view("\x89\x01p"), 1);
        for (rest = parley_buffer_view(&frames.out); take_frame(&rest, &frame);) {
            pongs += frame.first == (FIN | PONG);
            pings += frame.first == (FIN | PING);
            if ((frame.first & 8) != 0)
                continue;
            assert_int_equal(frame.first & RSV1, used == 0 ? RSV1 : 0);
            memcpy(payload + used, frame.payload, frame.len);
            used += frame.len;
        }
        assert_int_equal(rest.len, 0);
        parley_buffer_skip(&frames.out, parley_buffer_used(&frames.out));
    }
    assert_true(pongs > 3);
    assert_int_equal(pings, pongs);
    assert_int_equal(serve(payload, used, false, got, sizeof got), sizeof message);
    assert_memory_equal(got, message, sizeof message);
}

/* A message that the service may not compress for is sent as it is, in fragments as well. */
static void a_window_of_8_leaves_ours_as_they_are(void **state)
{
    const struct parley_extension x = {.agreed = true, .server_bits = 8, .client_bits = 8};
    static char message[10000], payload[10000];
    size_t bytes;

    (void)state;
    parley_deflate_agree(&deflation, &x);
    memset(message, 'm', sizeof message);
    assert_int_equal(send_message(parley_view_of(message, sizeof message), payload, &bytes), TEXT);
    assert_int_equal(bytes, sizeof message);
    assert_memory_equal(payload, message, bytes);
}

/* Any bytes as compressed frames, at any cut: the same messages, or the same end. */
static void random_bytes_read_the_same_at_any_cut(void **state)
{
    uint64_t seed = 4242;

    (void)state;
    for (int run = 0; run < 1500; run++) {
        static struct bytes all;
        static char expected[sizeof reading.text];
        size_t count = 1 + below(&seed, 5), expected_bytes = 0;
        int status = 0;

        all.used = 0;
        for (size_t i = 0; i < count; i++) {
            static const unsigned firsts[] = {0xc2, 0xc2, 0x42, 0x00, 0x80, 0x82, 0x89, 0xc1};

            if (below(&seed, 3) == 0) {
                add_script(&all, "c2 07 " HELLO);
                continue;
            }
            size_t len = below(&seed, 12);
            add_header(&all, firsts[below(&seed, COUNT(firsts))], len);
            for (size_t j = 0; j < len; j++)
                add_byte(&all, (unsigned)below(&seed, 256));
        }
        for (int cuts = 0; cuts < 3; cuts++) {
            int got;

            stop();
            start(false);
            got = read_all(view_of(&all), cuts == 0 ? SIZE_MAX : cuts == 1 ? 1 : 1 + below(&seed, 9));
            if (cuts == 0) {
                status = got;
                expected_bytes = reading.used;
                memcpy(expected, reading.text, reading.used);
            }
            assert_int_equal(got, status);
            if (status == PARLEY_ERR_UTF8) /* a finer cut hands out more before it shows */
                continue;
            assert_int_equal(reading.used, expected_bytes);
            assert_memory_equal(reading.text, expected, expected_bytes);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_messages_at_every_cut),
        TEST(messages_alone_start_anew),
        TEST(ends_with_the_right_code),
        TEST(a_bomb_ends_with_1009),
        TEST(a_long_honest_message_has_no_bound),
        TEST(says_that_there_is_more_inside),
        TEST(answers_pings_within_a_large_message),
        TEST(compresses_what_is_worth_it),
        TEST(noise_fits_too),
        TEST(control_frames_stay_as_they_are),
        TEST(a_window_of_8_leaves_ours_as_they_are),
        TEST(random_bytes_read_the_same_at_any_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
