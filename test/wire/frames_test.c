/* WebSocket frames, both ways: messages at every cut, every violation with its code, pings, the close. */
#include "frames_test.h"

enum { RECV_BYTES = 8192, SEND_BYTES = 4096 };

static max_align_t memory[2048];

static void start(size_t recv_bytes, size_t send_bytes)
{
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    parley_fake_random_seed(7);
    memset(&frames, 0, sizeof frames);
    parley_frames_carve(&frames, &arena, recv_bytes, send_bytes);
    assert_false(arena.failed);
    assert_int_equal(parley_frames_start(&frames), 0);
}

static int teardown(void **state)
{
    (void)state;
    parley_frames_stop(&frames);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    start(RECV_BYTES, SEND_BYTES);
    return 0;
}

/* What waits to be sent. */
static struct parley_view sent(void)
{
    return parley_buffer_view(&frames.out);
}

/* The next frame in `sent`, as "89 payload". */
static const char *next_sent(struct parley_view *rest)
{
    static struct client_frame frame;
    static char text[sizeof frame.payload + 8];

    if (!take_frame(rest, &frame))
        return "nothing";
    snprintf(text, sizeof text, "%02x %s", frame.first, frame.payload);
    return text;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void reads_messages_at_every_cut(void **state)
{
    static const struct {
        const char *title, *script, *expected;
    } rows[] = {
        {"a text message", "81 05 'hello'", "hello/T "},
        {"an empty one", "81 00", "/T "},
        {"two", "81 02 'ab' 81 01 'c'", "ab/T c/T "},
        {"a binary message", "82 03 'abc'", "abc/B "},
        {"a binary message that is no UTF-8", "82 02 fffe", "\xff\xfe/B "},
        {"fragments", "01 02 'he' 00 01 'l' 80 02 'lo'", "hello/T "},
        {"empty fragments", "01 00 00 00 80 00", "/T "},
        {"an empty last fragment", "01 02 'hi' 80 00", "hi/T "},
        {"fragments of a binary message", "02 01 ff 80 01 fe", "\xff\xfe/B "},
        {"a ping between fragments", "01 02 'he' 89 03 'abc' 80 03 'llo'", "hello/T "},
        {"pongs between fragments", "01 02 'he' 8a 00 8a 01 'x' 80 03 'llo'", "hello/T "},
        {"125 bytes", "81 7d 'x'*125 81 01 'y'", NULL},
        {"126 bytes", "81 7e 007e 'x'*126 81 01 'y'", NULL},
        {"a length of two bytes", "81 7e 0102 'ab'*129 81 01 'y'", NULL},
        {"a length of eight bytes", "81 7f 0000000000010000 'abcd'*16384", NULL},
        {"a character cut by a fragment", "01 02 61c3 80 01 a4", "a\xc3\xa4/T "},
        {"a character cut by two, with a ping", "01 01 f0 00 01 9f 89 00 80 02 9880", "\xf0\x9f\x98\x80/T "},
        {"half a message", "01 02 'he'", "he"},
    };
    static struct bytes all;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static char whole[1 << 17];
        size_t cut = 1;

        all.used = 0;
        add_script(&all, rows[i].script);
        for (; cut <= all.used; cut = cut < 300 ? cut + 1 : cut * 2) {
            parley_frames_stop(&frames);
            start(RECV_BYTES, SEND_BYTES);
            expect_int(rows[i].title, read_all(view_of(&all), cut), 0);
            if (rows[i].expected != NULL)
                expect_text(rows[i].title, reading.text, rows[i].expected);
            else if (cut > 1)
                expect_text(rows[i].title, reading.text, whole);
            memcpy(whole, reading.text, reading.used + 1);
            expect_int(rows[i].title, frames.in_message, strchr(reading.text, '/') == NULL);
        }
        if (rows[i].expected == NULL)
            assert_true(strlen(whole) > 125 && strstr(whole, "/T ") != NULL);
    }
}

static void ends_with_the_right_code(void **state)
{
    static const struct {
        const char *title, *script;
        int status;
        unsigned code; /* that is sent */
        const char *why;
    } rows[] = {
#define BROKE "the service broke the WebSocket protocol: "
        {"RSV1", "c1 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame has reserved bits set though no extension was agreed on"},
        {"RSV2 on a ping", "a9 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame has reserved bits set though no extension was agreed on"},
        {"RSV3", "91 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame has reserved bits set though no extension was agreed on"},
        {"opcode 3", "83 00", PARLEY_ERR_PROTOCOL, 1002, BROKE "a frame has an opcode that does not exist"},
        {"opcode 7", "87 00", PARLEY_ERR_PROTOCOL, 1002, BROKE "a frame has an opcode that does not exist"},
        {"opcode 11", "8b 00", PARLEY_ERR_PROTOCOL, 1002, BROKE "a frame has an opcode that does not exist"},
        {"opcode 15", "8f 00", PARLEY_ERR_PROTOCOL, 1002, BROKE "a frame has an opcode that does not exist"},
        {"a masked frame", "81 85 01020304 6967 6f6c6e", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame is masked, which only a client may do"},
        {"a masked ping", "89 80 01020304", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame is masked, which only a client may do"},
        {"a fragmented ping", "09 00", PARLEY_ERR_PROTOCOL, 1002, BROKE "a control frame is fragmented"},
        {"a long ping", "89 7e 007e", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a control frame is longer than 125 bytes"},
        {"a long close", "88 7f", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a control frame is longer than 125 bytes"},
        {"a continuation of nothing", "80 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a continuation has nothing to continue"},
        {"a continuation after the end", "81 00 80 00", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a continuation has nothing to continue"},
        {"a message within a message", "01 01 'a' 81 01 'b'", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a message begins before the one before it has ended"},
        {"a binary message within a text", "01 01 'a' 82 01 'b'", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a message begins before the one before it has ended"},
        {"125 in two bytes", "81 7e 007d", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame tells its length in more bytes than needed"},
        {"65535 in eight bytes", "81 7f 000000000000ffff", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame tells its length in more bytes than needed"},
        {"the highest bit of a length", "81 7f 8000000000000000", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a frame announces more bytes than anybody can send"},
        {"2^53 + 1 bytes", "82 7f 0020000000000001", PARLEY_ERR_PROTOCOL, 1009,
         BROKE "a frame announces more bytes than anybody can send"},
        {"no UTF-8", "81 03 61ff62", PARLEY_ERR_UTF8, 1007, BROKE "a text message is not UTF-8"},
        {"a surrogate across fragments", "01 01 ed 80 02 a080", PARLEY_ERR_UTF8, 1007,
         BROKE "a text message is not UTF-8"},
        {"half a character at the end", "81 02 61c3", PARLEY_ERR_UTF8, 1007,
         BROKE "a text message is not UTF-8"},
        {"half a character before an empty end", "01 02 61c3 80 00", PARLEY_ERR_UTF8, 1007,
         BROKE "a text message is not UTF-8"},
        {"no UTF-8 in a message that is not complete", "01 7e 0080 'a'*127 ff", PARLEY_ERR_UTF8, 1007,
         BROKE "a text message is not UTF-8"},
        {"an overlong form after a binary message", "82 01 c0 81 02 c080", PARLEY_ERR_UTF8, 1007,
         BROKE "a text message is not UTF-8"},
        {"half a close code", "88 01 03", PARLEY_ERR_PROTOCOL, 1002, BROKE "a close frame holds half a code"},
        {"code 0", "88 02 0000", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 999", "88 02 03e7", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 1004", "88 02 03ec", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 1005", "88 02 03ed", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 1006", "88 02 03ee", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 1015", "88 02 03f7", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 2999", "88 02 0bb7", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 5000", "88 02 1388", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"code 65535", "88 02 ffff", PARLEY_ERR_PROTOCOL, 1002,
         BROKE "a close frame holds a code that may not be sent"},
        {"a close reason that is no UTF-8", "88 03 03e8 ff", PARLEY_ERR_UTF8, 1007,
         BROKE "the reason in a close frame is not UTF-8"},
        {"close 1000", "88 02 03e8", PARLEY_ERR_PEER_CLOSED, 1000,
         "the service closed the connection: code 1000 (normal closure)"},
        {"close 1001 with a reason", "88 05 03e9 'bye'", PARLEY_ERR_PEER_CLOSED, 1001,
         "the service closed the connection: code 1001 (going away): bye"},
        {"close 1008", "88 02 03f0", PARLEY_ERR_PEER_CLOSED, 1008,
         "the service closed the connection: code 1008 (policy violation)"},
        {"close 1011 with control characters", "88 06 03f3 'a' 0a0d 'b'", PARLEY_ERR_PEER_CLOSED, 1011,
         "the service closed the connection: code 1011 (internal error): a b"},
        {"close 1014", "88 02 03f6", PARLEY_ERR_PEER_CLOSED, 1014,
         "the service closed the connection: code 1014 (bad gateway)"},
        {"close 4999", "88 02 1387", PARLEY_ERR_PEER_CLOSED, 4999,
         "the service closed the connection: code 4999 (application code)"},
        {"close without a code", "88 00", PARLEY_ERR_PEER_CLOSED, 0,
         "the service closed the connection without a code"},
        {"close within a message", "01 01 'a' 88 02 03e8", PARLEY_ERR_PEER_CLOSED, 1000,
         "the service closed the connection: code 1000 (normal closure)"},
    };
    static struct bytes all;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        all.used = 0;
        add_script(&all, rows[i].script);
        for (size_t cut = 1; cut <= all.used; cut++) {
            struct parley_fragment piece;

            parley_frames_stop(&frames);
            start(RECV_BYTES, SEND_BYTES);
            expect_int(rows[i].title, read_all(view_of(&all), cut), rows[i].status);
            expect_text(rows[i].title, frames.why, rows[i].why);
            expect_close(rows[i].title, rows[i].code);
            /* And it stays so. */
            put(parley_view("\x81\x01x"));
            expect_int(rows[i].title, parley_frames_next(&frames, &piece), rows[i].status);
            expect_int(rows[i].title, parley_frames_text(&frames, parley_view("more")), 0);
            assert_false(parley_frames_ready(&frames));
        }
    }
}

/* The close frame and violations take effect in their turn: what came before is handed out. */
static void hands_out_what_came_before_the_end(void **state)
{
    static struct bytes all;

    (void)state;
    add_script(&all, "81 05 'hello' 01 02 'he' 80 02 'lp' 88 02 03e8 81 05 'never'");
    for (size_t cut = 1; cut <= all.used; cut++) {
        parley_frames_stop(&frames);
        start(RECV_BYTES, SEND_BYTES);
        assert_int_equal(read_all(view_of(&all), cut), PARLEY_ERR_PEER_CLOSED);
        assert_string_equal(reading.text, "hello/T help/T ");
    }
}

/* Nothing is held back to make a piece longer. */
static void hands_out_what_is_there(void **state)
{
    struct parley_fragment piece;

    (void)state;
    put(parley_view("\x81\x05he"));
    assert_int_equal(parley_frames_next(&frames, &piece), 1);
    assert_memory_equal(piece.bytes.at, "he", 2);
    assert_int_equal(piece.bytes.len, 2);
    assert_false(piece.last);
    assert_int_equal(parley_frames_next(&frames, &piece), 0);
    put(parley_view("llo"));
    assert_int_equal(parley_frames_next(&frames, &piece), 1);
    assert_memory_equal(piece.bytes.at, "llo", 3);
    assert_true(piece.last);
    assert_int_equal(frames.message_bytes, 5);
}

/* A piece is the host's to write over and stays where it is, whatever comes meanwhile, until it is released.
 */
static void lends_messages_where_they_lie(void **state)
{
    static const char third[] = "\x81\x04last";
    struct parley_fragment piece;

    (void)state;
    put(parley_view("\x81\x05hello\x81\x03"
                    "you"));
    assert_int_equal(parley_frames_next(&frames, &piece), 1);
    assert_true(piece.lent && piece.last);
    assert_ptr_equal(piece.bytes.at, frames.in.at + 2);
    memset((char *)piece.bytes.at, '#', piece.bytes.len);
    assert_int_equal(put(parley_view(third)), sizeof third - 1);
    assert_int_equal(parley_buffer_room(&frames.in), frames.in.size - frames.in.end);
    assert_int_equal(parley_buffer_reserve(&frames.in, frames.in.size), frames.in.size - frames.in.end);
    assert_memory_equal(piece.bytes.at, "#####", 5);

    parley_frames_release(&frames);
    assert_int_equal(parley_buffer_room(&frames.in), frames.in.size - 5 - (sizeof third - 1));
    parley_buffer_reserve(&frames.in, frames.in.size);
    assert_int_equal(parley_frames_next(&frames, &piece), 1);
    assert_ptr_equal(piece.bytes.at, frames.in.at + 2);
    assert_memory_equal(piece.bytes.at, "you", 3);
    assert_int_equal(parley_frames_next(&frames, &piece), 1); /* which releases, too */
    assert_memory_equal(piece.bytes.at, "last", 4);
    parley_frames_release(&frames);
    assert_int_equal(frames.in.end, 0);
}

/* Nothing is lent to a host that has been told that there is nothing, and no room kept. */
static void lends_nothing_with_nothing(void **state)
{
    static const char *const scripts[] = {"81 05", "81 05 'hello' 81", "89 00", "81 05 'hello' 88 00",
                                          "83 00"};
    static struct bytes all;

    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        parley_frames_stop(&frames);
        start(RECV_BYTES, SEND_BYTES);
        all.used = 0;
        add_script(&all, scripts[i]);
        put(view_of(&all));
        drain();
        expect_int(scripts[i], (long)parley_buffer_room(&frames.in),
                   (long)(frames.in.size - parley_buffer_used(&frames.in)));
    }
}

/* ---- pings ------------------------------------------------------------------------------------- */

static void answers_pings_at_once(void **state)
{
    static struct bytes all;
    struct parley_view rest;

    (void)state;
    add_script(&all, "81 7e 0400 'x'*1024 89 03 'abc' 01 01 'y' 89 00 8a 01 'z' 80 7e 0100 'y'*200");
    put(view_of(&all)); /* and nobody reads */
    rest = sent();
    assert_string_equal(next_sent(&rest), "8a abc");
    assert_string_equal(next_sent(&rest), "8a ");
    assert_int_equal(rest.len, 0);

    drain();
    assert_int_equal(frames.pings, 2);
    assert_int_equal(frames.pongs, 1);
    rest = sent();
    next_sent(&rest);
    next_sent(&rest);
    assert_int_equal(rest.len, 0); /* not answered twice */
}

static void answers_a_ping_that_comes_in_pieces(void **state)
{
    static struct bytes all;
    size_t cut;

    (void)state;
    all.used = 0;
    add_script(&all, "81 02 'hi' 89 7d 'p'*125 81 02 'ho'");
    for (cut = 1; cut <= all.used; cut++) {
        struct parley_view rest;

        parley_frames_stop(&frames);
        start(RECV_BYTES, SEND_BYTES);
        assert_int_equal(read_all(view_of(&all), cut), 0);
        assert_string_equal(reading.text, "hi/T ho/T ");
        rest = sent();
        assert_int_equal(strlen(next_sent(&rest)), 3 + 125);
        assert_int_equal(rest.len, 0);
    }
}

/* While the network takes nothing, pongs fill the room there is; then the newest waits (5.5.3). */
static void keeps_the_newest_pong_when_nothing_goes_out(void **state)
{
    struct parley_view rest;
    const char *pong = "nothing";
    size_t pongs = 0, wrote;

    (void)state;
    parley_frames_stop(&frames);
    start(RECV_BYTES, 0); /* the smallest send buffer there is */
    wrote = (size_t)parley_frames_text(&frames, parley_view("a message"));
    assert_int_equal(wrote, 9);
    for (unsigned i = 0; i < 1000; i++) {
        struct parley_fragment piece;
        static struct bytes ping;
        char payload[8];

        snprintf(payload, sizeof payload, "%03u", i);
        ping.used = 0;
        add_frame(&ping, FIN | PING, parley_view(payload));
        put(view_of(&ping));
        assert_int_equal(parley_frames_next(&frames, &piece), 0);
    }
    assert_int_equal(frames.pings, 1000);
    rest = sent();
    assert_string_equal(next_sent(&rest), "81 a message");
    while (rest.len > 0) {
        char expected[16];

        snprintf(expected, sizeof expected, "8a %03zu", pongs++);
        assert_string_equal(next_sent(&rest), expected);
    }
    assert_in_range(pongs, 10, 100);

    parley_buffer_skip(&frames.out, parley_buffer_used(&frames.out)); /* now it goes out */
    parley_frames_room(&frames);
    parley_frames_room(&frames);
    rest = sent();
    pong = next_sent(&rest);
    assert_string_equal(pong, "8a 999");
    assert_int_equal(rest.len, 0);
}

static void a_full_send_buffer_still_takes_the_close(void **state)
{
    static struct client_frame frame;
    struct parley_view rest;
    unsigned char last = 0;

    (void)state;
    while (parley_frames_text(&frames, parley_view("x")) > 0)
        ;
    for (int i = 0; i < 200; i++)
        put(parley_view("\x89\x01p"));
    parley_frames_close(&frames, 1000, "");
    for (rest = sent(); take_frame(&rest, &frame);)
        last = (unsigned char)frame.first;
    assert_int_equal(last, FIN | CLOSE);
    assert_int_equal(rest.len, 0);
    put(parley_view("\x89\x01p")); /* nothing follows it */
    parley_buffer_skip(&frames.out, parley_buffer_used(&frames.out));
    parley_frames_room(&frames);
    assert_int_equal(sent().len, 0);
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void sends_a_message_as_one_masked_frame(void **state)
{
    static const size_t lengths[] = {1, 125, 126, 127, 4000, 4096, 65535, 65536, 70000};
    static struct client_frame frame;
    static char message[70000];
    static max_align_t block[80000 / sizeof(max_align_t)];

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct parley_arena arena = parley_arena(block, sizeof block);
        struct parley_view rest;

        parley_frames_stop(&frames);
        memset(&frames, 0, sizeof frames);
        parley_frames_carve(&frames, &arena, 0, 70014);
        assert_int_equal(parley_frames_start(&frames), 0);
        assert_int_equal(parley_frames_text(&frames, parley_view_of(message, lengths[i])), lengths[i]);
        rest = sent();
        assert_true(take_frame(&rest, &frame));
        assert_int_equal(rest.len, 0);
        assert_int_equal(frame.first, FIN | TEXT);
        assert_int_equal(frame.len, lengths[i]);
        assert_memory_equal(frame.payload, message, lengths[i]);
    }
}

static void masks_each_frame_anew(void **state)
{
    struct parley_view rest;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(parley_frames_text(&frames, parley_view("aaaa")), 4);
        assert_int_equal(sent().len, (i + 1) * 10);
    }
    rest = sent();
    for (int i = 0; i < 100; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(rest.at + 10 * i + 2, rest.at + 10 * j + 2, 4);
}

/* A message that fits into the empty buffer waits until it does; nothing is put before it in the meantime. */
static void waits_rather_than_cut(void **state)
{
    static char message[SEND_BYTES - 14];

    (void)state;
    memset(message, 'm', sizeof message);
    assert_int_equal(parley_frames_text(&frames, parley_view("x")), 1);
    assert_int_equal(parley_frames_text(&frames, parley_view_of(message, sizeof message)), 0);
    parley_buffer_skip(&frames.out, sent().len);
    assert_int_equal(parley_frames_text(&frames, parley_view_of(message, sizeof message)), sizeof message);
}

/* A longer one goes in fragments, as room comes; pongs and the close go between them. */
static void sends_a_long_message_in_fragments(void **state)
{
    static char message[20000], got[20000];
    static struct client_frame frame;
    struct parley_view left = parley_view_of(message, sizeof message), rest;
    size_t used = 0, pieces = 0, pongs = 0;

    (void)state;
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)('a' + i % 26);
    while (left.len > 0) {
        long taken = parley_frames_text(&frames, left);

        assert_true(taken > 0);
        assert_int_equal(parley_frames_text(&frames, parley_view_skip(left, (size_t)taken)), 0);
        left = parley_view_skip(left, (size_t)taken);
        put(parley_view("\x89\x01p"));
        for (rest = sent(); take_frame(&rest, &frame);) {
            if (frame.first == (FIN | PONG)) {
                pongs++;
                continue;
            }
            assert_int_equal(frame.first, (left.len == 0 ? FIN : 0) | (pieces == 0 ? TEXT : CONTINUATION));
            memcpy(got + used, frame.payload, frame.len);
            used += frame.len;
            pieces++;
        }
        assert_int_equal(rest.len, 0);
        parley_buffer_skip(&frames.out, sent().len);
    }
    assert_int_equal(used, sizeof message);
    assert_memory_equal(got, message, sizeof message);
    assert_int_equal(pieces, pongs);
    assert_in_range(pieces, 5, 6);
    assert_int_equal(parley_frames_text(&frames, parley_view("next")), 4);
    rest = sent();
    assert_string_equal(next_sent(&rest), "81 next");
}

static void closes_with_a_code_that_may_be_sent(void **state)
{
    static const struct {
        unsigned code, sent;
    } rows[] = {{1000, 1000}, {1001, 1001}, {4000, 4000}, {1005, 1000}, {999, 1000}, {5000, 1000}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct client_frame frame;
        struct parley_view rest;

        parley_frames_stop(&frames);
        start(RECV_BYTES, SEND_BYTES);
        parley_frames_close(&frames, (uint16_t)rows[i].code, "");
        parley_frames_close(&frames, 1011, "twice");
        assert_int_equal(parley_frames_text(&frames, parley_view("x")), 0);
        rest = sent();
        assert_true(take_frame(&rest, &frame));
        assert_int_equal(rest.len, 0);
        assert_int_equal(frame.len, 2);
        assert_int_equal((unsigned char)frame.payload[0] << 8 | (unsigned char)frame.payload[1],
                         rows[i].sent);
    }
}

static void an_empty_message_is_not_sent(void **state)
{
    (void)state;
    assert_int_equal(parley_frames_text(&frames, parley_view("")), 0);
    assert_int_equal(sent().len, 0);
}

/* Any bytes at any cut: the same at each, and every piece within bounds (run under sanitizers). */
static void random_bytes_read_the_same_at_any_cut(void **state)
{
    uint64_t seed = 99;

    (void)state;
    for (int run = 0; run < 3000; run++) {
        static struct bytes all;
        static char expected[1 << 12];
        size_t frames_count = 1 + below(&seed, 6);
        int status = 0;

        all.used = 0;
        for (size_t i = 0; i < frames_count; i++) {
            static const unsigned firsts[] = {0x81, 0x81, 0x01, 0x00, 0x80, 0x82, 0x89, 0x8a, 0x88, 0xc1};
            size_t len = below(&seed, 3) == 0 ? below(&seed, 200) : below(&seed, 5);

            add_header(&all, firsts[below(&seed, COUNT(firsts))], len);
            for (size_t j = 0; j < len; j++)
                add_byte(&all, below(&seed, 40) == 0 ? (unsigned)below(&seed, 256) : 'a');
        }
        for (int cuts = 0; cuts < 3; cuts++) {
            int got;

            parley_frames_stop(&frames);
            start(RECV_BYTES, SEND_BYTES);
            got = read_all(view_of(&all), cuts == 0 ? 1 : cuts == 1 ? all.used : 1 + below(&seed, 9));
            if (cuts == 0)
                memcpy(expected, reading.text, reading.used + 1);
            /* Of a text that turns out to be no UTF-8 a finer cut hands out more before it shows. */
            if (cuts == 0)
                status = got;
            assert_int_equal(got, status);
            if (status != PARLEY_ERR_UTF8)
                assert_string_equal(reading.text, expected);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_messages_at_every_cut),
        TEST(ends_with_the_right_code),
        TEST(hands_out_what_came_before_the_end),
        TEST(hands_out_what_is_there),
        TEST(lends_messages_where_they_lie),
        TEST(lends_nothing_with_nothing),
        TEST(answers_pings_at_once),
        TEST(answers_a_ping_that_comes_in_pieces),
        TEST(keeps_the_newest_pong_when_nothing_goes_out),
        TEST(a_full_send_buffer_still_takes_the_close),
        TEST(sends_a_message_as_one_masked_frame),
        TEST(masks_each_frame_anew),
        TEST(waits_rather_than_cut),
        TEST(sends_a_long_message_in_fragments),
        TEST(closes_with_a_code_that_may_be_sent),
        TEST(an_empty_message_is_not_sent),
        TEST(random_bytes_read_the_same_at_any_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
