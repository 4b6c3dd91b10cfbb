/* Compressed messages against zlib as a server would use it: every window, both ways, at every cut. */
#include "wire_test.h"

#include "transport/wss/deflate.h"

#define ZLIB_CONST
#include <zlib.h>

enum { MESSAGES = 12, LONGEST = 40000 };

static struct parley_deflate d;
static void *block;
static char why[PARLEY_TRANSPORT_REASON];

static void start(void)
{
    struct parley_arena count = parley_arena(NULL, 0), arena;

    memset(&d, 0, sizeof d);
    parley_deflate_carve(&d, &count);
    block = calloc(1, count.used);
    assert_non_null(block);
    arena = parley_arena(block, count.used);
    parley_deflate_carve(&d, &arena);
    assert_false(arena.failed);
    assert_int_equal(parley_deflate_start(&d, why), 0);
}

static void stop(void)
{
    parley_deflate_stop(&d);
    free(block);
}

static int setup(void **state)
{
    (void)state;
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stop();
    return 0;
}

/* Starts anew with what was agreed on. */
static void agree(int server_bits, int client_bits, bool resets)
{
    struct parley_extension x = {.agreed = true,
                                 .server_no_context_takeover = resets,
                                 .client_no_context_takeover = resets,
                                 .server_bits = (uint8_t)server_bits,
                                 .client_bits = (uint8_t)client_bits};

    stop();
    start();
    parley_deflate_agree(&d, &x);
}

/* ---- messages ---------------------------------------------------------------------------------- */

/* The i-th of a row of messages: text that repeats itself, noise, base64, and something of the one before. */
static struct parley_view make_message(int i, char *into)
{
    uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) * (unsigned)(i + 1);
    size_t len = i == 0 ? 0 : i == 1 ? 1 : 100 + below(&seed, LONGEST - 100);

    for (size_t at = 0; at < len; at++)
        switch (i % 4) {
        case 0:
            into[at] = "{\"type\":\"session.update\"}"[at % 25];
            break;
        case 1:
            into[at] = (char)next_random(&seed);
            break;
        case 2:
            into[at] = (char)('A' + next_random(&seed) % 26);
            break;
        default:
            into[at] = at % 700 < 600 ? 'A' : (char)next_random(&seed);
            break;
        }
    return parley_view_of(into, len);
}

/* A server's zlib. */
static z_stream server_in, server_out;

static void start_server(int server_bits, int client_bits)
{
    memset(&server_in, 0, sizeof server_in);
    memset(&server_out, 0, sizeof server_out);
    assert_int_equal(deflateInit2(&server_out, 6, Z_DEFLATED, -server_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(inflateInit2(&server_in, -client_bits), Z_OK);
}

static void stop_server(void)
{
    deflateEnd(&server_out);
    inflateEnd(&server_in);
}

static struct parley_view server_compress(struct parley_view message, bool resets)
{
    static unsigned char made[2 * LONGEST + 100];

    if (resets)
        deflateReset(&server_out);
    server_out.next_in = (const Bytef *)message.at;
    server_out.avail_in = (uInt)message.len;
    server_out.next_out = made;
    server_out.avail_out = sizeof made;
    if (message.len == 0) /* zlib makes nothing of nothing (RFC 7692, 7.2.3.6) */
        return parley_view_of("", 1);
    assert_int_equal(deflate(&server_out, Z_SYNC_FLUSH), Z_OK);
    return parley_view_of((char *)made, sizeof made - server_out.avail_out - 4);
}

static void server_inflates(const void *from, size_t bytes, bool resets, struct parley_view expected)
{
    static const unsigned char tail[] = {0, 0, 0xff, 0xff};
    static char into[LONGEST + 1];

    if (resets)
        inflateReset(&server_in);
    server_in.next_out = (Bytef *)into;
    server_in.avail_out = sizeof into;
    for (int i = 0; i < 2; i++) {
        server_in.next_in = i == 0 ? from : tail;
        server_in.avail_in = i == 0 ? (uInt)bytes : sizeof tail;
        assert_in_range(inflate(&server_in, Z_SYNC_FLUSH), Z_OK, Z_OK);
        assert_int_equal(server_in.avail_in, 0);
    }
    assert_int_equal(sizeof into - server_in.avail_out, expected.len);
    assert_memory_equal(into, expected.at, expected.len);
}

/* What reading gave: the message, and in how many pieces it came. */
static struct {
    char text[3 << 20];
    size_t used, pieces, ends;
} reading;

/* Inflates a message that comes `cut` bytes at a time. Returns 0 or the failure. */
static int inflate_message(struct parley_view bytes, size_t cut)
{
    struct parley_view piece;
    bool last = false;
    int status = 0;

    reading.used = reading.pieces = reading.ends = 0;
    parley_inflate_begin(&d);
    do {
        size_t some = bytes.len < cut ? bytes.len : cut;
        char *here = malloc(some + 1); /* exactly as long as it is, for the sanitizer */

        assert_non_null(here);
        if (some > 0)
            memcpy(here, bytes.at, some);
        bytes = parley_view_skip(bytes, some);
        parley_inflate_give(&d, parley_view_of(here, some), bytes.len == 0);
        while (status == 0 && parley_inflate_busy(&d)) {
            status = parley_inflate_next(&d, &piece, &last);
            if (status < 0)
                break;
            assert_true(piece.len <= PARLEY_INFLATE_PIECE && reading.used + piece.len <= sizeof reading.text);
            assert_false(last && parley_inflate_busy(&d));
            memcpy(reading.text + reading.used, piece.at, piece.len);
            reading.used += piece.len;
            reading.pieces++;
            reading.ends += last;
        }
        free(here);
    } while (bytes.len > 0 && status == 0);
    return status;
}

static void expect_message(const char *title, struct parley_view expected)
{
    expect_int(title, (long)reading.used, (long)expected.len);
    expect_int(title, (long)reading.ends, 1);
    if (expected.len > 0 && memcmp(reading.text, expected.at, expected.len) != 0)
        fail_msg("%s: other bytes", title);
}

/* ---- both ways, with every window ---------------------------------------------------------------- */

static void reads_what_a_server_compresses(void **state)
{
    static const size_t cuts[] = {1, 2, 7, 500, 4096, SIZE_MAX};
    static char message[LONGEST];

    (void)state;
    for (int bits = 9; bits <= 15; bits++)
        for (int resets = 0; resets < 2; resets++) {
            agree(bits, 15, resets);
            start_server(bits, 15);
            for (int i = 0; i < MESSAGES; i++) {
                struct parley_view text = make_message(i, message);
                char title[64];

                snprintf(title, sizeof title, "window %d, takeover %d, message %d", bits, !resets, i);
                expect_int(title,
                           inflate_message(server_compress(text, resets), cuts[(size_t)i % COUNT(cuts)]), 0);
                expect_message(title, text);
            }
            stop_server();
        }
}

/* Compresses a message in pieces of `cut` bytes, each of which may fill a fragment. */
static size_t squeeze(struct parley_view text, size_t cut, unsigned char *into, size_t size)
{
    size_t used = 0;
    bool first = true;

    while (text.len > 0) {
        size_t some = text.len < cut ? text.len : cut, bound = parley_deflate_bound(some), made;

        assert_true(used + bound <= size);
        made = parley_deflate_piece(&d, parley_view_of(text.at, some), first, some == text.len, into + used);
        assert_in_range(made, 1, bound);
        text = parley_view_skip(text, some);
        used += made;
        first = false;
    }
    return used;
}

static void a_server_reads_what_we_compress(void **state)
{
    static const size_t cuts[] = {SIZE_MAX, 1000, 77, 20000};
    static unsigned char made[2 * LONGEST + (1 << 16)];
    static char message[LONGEST];

    (void)state;
    for (int bits = 9; bits <= 15; bits++)
        for (int resets = 0; resets < 2; resets++) {
            agree(15, bits, resets);
            assert_true(d.writes);
            start_server(15, bits);
            for (int i = 1; i < MESSAGES; i++) {
                struct parley_view text = make_message(i, message);
                size_t used = squeeze(text, cuts[(size_t)i % COUNT(cuts)], made, sizeof made);

                server_inflates(made, used, resets, text);
            }
            stop_server();
        }
}

/* Each message alone, or with those before it in view: the second of two equal ones shows which. */
static void takes_its_context_over_unless_told_not_to(void **state)
{
    static char message[2000];
    static unsigned char made[4000];
    size_t first, second;

    (void)state;
    for (int resets = 0; resets < 2; resets++) {
        struct parley_view text = parley_view_of(message, sizeof message);
        uint64_t seed = 99;

        agree(15, 15, resets);
        for (size_t i = 0; i < sizeof message; i++)
            message[i] = (char)next_random(&seed);
        first = squeeze(text, SIZE_MAX, made, sizeof made);
        second = squeeze(text, SIZE_MAX, made, sizeof made);
        assert_true(resets ? second == first : second < first / 10);
    }
}

/* A window of 8 is none of zlib's; and one that is smaller than ours does with less memory. */
static void keeps_to_a_small_window_of_the_service(void **state)
{
    (void)state;
    agree(8, 8, false);
    assert_false(d.writes);
    agree(15, 9, false);
    assert_true(d.writes);
    assert_true(d.out_slice.used < 30000);
    agree(15, 15, false);
    assert_true(d.out_slice.used < PARLEY_DEFLATE_BYTES);
}

/* zlib has all its memory from the start: its window is not taken with the first message. */
static void takes_its_memory_at_the_start(void **state)
{
    static unsigned char made[2 * LONGEST];
    static char message[LONGEST];
    size_t in = d.in_slice.used, out = d.out_slice.used;
    struct parley_extension x = {.agreed = true, .server_bits = 15, .client_bits = 15};

    (void)state;
    assert_true(in > 32768 && in <= PARLEY_INFLATE_BYTES);
    parley_deflate_agree(&d, &x);
    start_server(15, 15);
    for (int i = 1; i < 4; i++) {
        struct parley_view text = make_message(i, message);

        assert_int_equal(inflate_message(server_compress(text, false), SIZE_MAX), 0);
        squeeze(text, SIZE_MAX, made, sizeof made);
    }
    stop_server();
    assert_int_equal(d.in_slice.used, in);
    assert_int_equal(d.out_slice.used, out);
}

/* With another zlib than ours, say. */
static void a_block_too_small_is_told(void **state)
{
    (void)state;
    parley_deflate_stop(&d);
    d.in_slice.size = 20000; /* it holds what zlib takes first, and not the window */
    assert_int_equal(parley_deflate_start(&d, why), PARLEY_ERR_MEMORY);
    assert_memory_equal(why, "memory: this zlib (", 19);
    parley_deflate_stop(&d);
    d.in_slice.size = 1000;
    assert_int_equal(parley_deflate_start(&d, why), PARLEY_ERR_MEMORY);
    parley_deflate_stop(&d);
    d.in_slice.size = PARLEY_INFLATE_BYTES;
    d.out_slice.size = 20000; /* we need not compress */
    assert_int_equal(parley_deflate_start(&d, why), 0);
    assert_false(d.writes);
}

/* ---- what others send ------------------------------------------------------------------------------ */

static void reads_the_examples_of_the_rfc(void **state)
{
    static const struct {
        const char *title, *script, *expected;
    } rows[] = {
        {"7.2.3.1, one block", "f2 48 cd c9 c9 07 00", "Hello"},
        {"7.2.3.2, the window shared", "f2 00 11 00 00", "Hello"},
        {"7.2.3.3, without compression", "00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},
        {"7.2.3.4, with a last block", "f3 48 cd c9 c9 07 00 00", "Hello"},
        {"the window is shared across it", "f2 00 11 00 00", "Hello"},
        {"7.2.3.5, two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"},
        {"7.2.3.6, nothing", "00", ""},
        {"nothing, of another zlib", "02 00", ""},
        {"not a byte", "", ""},
        {"a last block at the very end", "f3 48 cd c9 c9 07 00", "Hello"},
        {"last blocks one behind the other", "f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00", "HelloHello"},
    };
    static struct bytes bytes;

    (void)state;
    for (size_t cut = 1; cut < 16; cut++) {
        agree(15, 15, false);
        for (size_t i = 0; i < COUNT(rows); i++) {
            bytes.used = 0;
            add_script(&bytes, rows[i].script);
            expect_int(rows[i].title, inflate_message(view_of(&bytes), cut), 0);
            expect_message(rows[i].title, parley_view(rows[i].expected));
        }
    }
}

static void tells_what_cannot_be_inflated(void **state)
{
    static const struct {
        const char *title, *script, *why;
    } rows[] = {
        {"no kind of block", "07", "invalid block type"},
        {"lengths that contradict each other", "00 05 00 05 00", "invalid stored block lengths"},
        {"a reference to before the first message", "f2 00 11 00 00", "invalid distance too far back"},
        {"cut within a block", "f2 48 cd", "it is cut short"},
        {"cut within bytes that are stored", "00 05 00 fa ff 48 65", "it is cut short"},
        {"with its tail", "f2 48 cd c9 c9 07 00 00 00 ff ff", "it is cut short"},
    };
    static struct bytes bytes;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t cut = 1; cut < 14; cut++) {
            agree(15, 15, false);
            bytes.used = 0;
            add_script(&bytes, rows[i].script);
            expect_int(rows[i].title, inflate_message(view_of(&bytes), cut), PARLEY_ERR_PROTOCOL);
            expect_text(rows[i].title, d.why, rows[i].why);
        }
}

static void a_message_alone_refers_to_none_before_it(void **state)
{
    static struct bytes bytes;

    (void)state;
    agree(15, 15, true);
    add_script(&bytes, "f2 48 cd c9 c9 07 00");
    assert_int_equal(inflate_message(view_of(&bytes), SIZE_MAX), 0);
    bytes.used = 0;
    add_script(&bytes, "f2 00 11 00 00");
    assert_int_equal(inflate_message(view_of(&bytes), SIZE_MAX), PARLEY_ERR_PROTOCOL);
    assert_string_equal(d.why, "invalid distance too far back");
}

/* A bomb comes out in pieces like anything else: whoever takes them can stop. */
static void a_bomb_takes_no_more_room_than_a_message(void **state)
{
    static char zeros[2 << 20];
    static unsigned char made[8192];
    z_stream z = {0};
    size_t in = d.in_slice.used;

    (void)state;
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (const Bytef *)zeros;
    z.avail_in = sizeof zeros;
    z.next_out = made;
    z.avail_out = sizeof made;
    assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(z.avail_in, 0);
    agree(15, 15, false);
    assert_int_equal(inflate_message(parley_view_of((char *)made, sizeof made - z.avail_out - 4), SIZE_MAX),
                     0);
    expect_message("a bomb", parley_view_of(zeros, sizeof zeros));
    assert_true(reading.pieces >= sizeof zeros / PARLEY_INFLATE_PIECE);
    assert_int_equal(d.in_slice.used, in);
    deflateEnd(&z);
}

/* The bound holds for what cannot be compressed, whatever the length, and so does its reverse. */
static void the_bound_is_one(void **state)
{
    static unsigned char made[20000];
    static char noise[15000];
    uint64_t seed = 5;

    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)(0x90 + next_random(&seed) % 112); /* the longest codes of fixed blocks */
    for (size_t len = 1; len < sizeof noise; len = len < 300 ? len + 1 : len * 5 / 4) {
        size_t used;

        agree(15, len % 2 == 0 ? 9 : 15, false);
        for (int i = 0; i < 3; i++) {
            memset(made, 0xee, sizeof made);
            used = squeeze(parley_view_of(noise, len), SIZE_MAX, made, sizeof made);
            assert_true(used < parley_deflate_bound(len));
            for (size_t at = parley_deflate_bound(len); at < sizeof made; at++)
                assert_int_equal(made[at], 0xee);
        }
    }
    for (size_t room = 0; room < 5000; room++)
        if (parley_deflate_fits(room) > 0)
            assert_true(parley_deflate_bound(parley_deflate_fits(room)) <= room);
    assert_in_range(parley_deflate_fits(65536), 50000, 65536);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_what_a_server_compresses),
        TEST(a_server_reads_what_we_compress),
        TEST(takes_its_context_over_unless_told_not_to),
        TEST(keeps_to_a_small_window_of_the_service),
        TEST(takes_its_memory_at_the_start),
        TEST(a_block_too_small_is_told),
        TEST(reads_the_examples_of_the_rfc),
        TEST(tells_what_cannot_be_inflated),
        TEST(a_message_alone_refers_to_none_before_it),
        TEST(a_bomb_takes_no_more_room_than_a_message),
        TEST(the_bound_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
