/*
 * Ten thousand conversations over a link that is cut into pieces, delayed and broken by a seed, compressed or
 * not. Both sides say numbered messages; each side has to get those of the other in order and whole, all of
 * them unless the link broke, and then the first so many. Every conversation ends, once, within a bounded
 * number of steps.
 */
#include "wire_test.h"

#include "core/parley.h"
#include "platform/clock.h"
#include "transport/wss/stream_pipe.h"

#define ZLIB_CONST
#include <zlib.h>

enum { SEEDS = 10000, MESSAGES = 12, STEPS = 20000, CUTS = 8 };

/* What becomes of the link. */
enum fate {
    THEY_CLOSE, /* the service, when all is said both ways */
    WE_CLOSE,   /* the host, likewise */
    READ_BREAKS,
    WRITE_BREAKS,
    SILENCE, /* from some byte on nothing comes any more */
    FATES,
};
static const char *const fates[] = {"they close", "we close", "reading breaks", "writing breaks", "silence"};

/* One conversation. */
static struct {
    uint64_t seed, dice, now_us;
    enum fate fate;
    bool compressed;
    struct parley_conversation *c;
    struct parley_stream *pipe;
    size_t cuts[2][CUTS];

    /* The service: what it says, how much of it has been fed, and when the next piece of it is due. */
    struct bytes said;
    size_t fed, break_at;
    uint64_t due_us;
    unsigned to_say, said_count; /* messages */
    bool answered, closes;       /* the upgrade; a close frame was said */
    z_stream out, in;
    size_t seen;         /* bytes of what the host wrote */
    struct bytes coming; /* a message of it */
    bool coming_squeezed;

    unsigned to_send, sent; /* messages of the host */
    unsigned got, heard;    /* messages that arrived: at the service, at the host */
    unsigned closed;        /* events of that kind */
    bool stopped;
} run;

static unsigned cut_short[FATES], complete[FATES]; /* conversations */
static unsigned fragments;                         /* of messages of the host */

static size_t roll(size_t sides)
{
    return below(&run.dice, sides);
}

static void fail_seed(const char *why)
{
    fail_msg("seed %llu (%s, %s): %s; the host has got %u of %u, the service %u of %u; %s",
             (unsigned long long)run.seed, fates[run.fate], run.compressed ? "compressed" : "plain", why,
             run.heard, run.said_count, run.got, run.sent, parley_error(run.c)->text);
}

static void expect_true(bool fine, const char *why)
{
    if (!fine)
        fail_seed(why);
}

/* ---- the service ------------------------------------------------------------------------------------ */

/* The text of a message: its number, and more of it. */
static const char *text_of(char who, unsigned number)
{
    static char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "%c%u ", who, number);
    size_t more = (number * 997 + (unsigned)run.seed * 11) % (number % 3 == 0 ? 3000 : 400);

    for (size_t i = 0; i < more; i++)
        text[used + i] = (char)('a' + (i * number + i / 7) % 26);
    text[used + more] = '\0';
    return text;
}

static void add_piece(bool starts, bool ends, bool squeezed, struct parley_view piece)
{
    add_frame(&run.said, (starts ? TEXT | (squeezed ? RSV1 : 0u) : CONTINUATION) | (ends ? FIN : 0u), piece);
}

/* A message in frames of any length, some of them empty, with pings in between. */
static void say_in_frames(struct parley_view text, bool squeezed)
{
    bool starts = true;

    while (roll(3) == 0) {
        size_t some = roll(text.len + 1);

        add_piece(starts, false, squeezed, parley_view_of(text.at, some));
        text = parley_view_skip(text, some);
        starts = false;
        if (roll(3) == 0)
            add_frame(&run.said, FIN | PING, parley_view("still there?"));
    }
    add_piece(starts, true, squeezed, text);
}

static void say(const char *text)
{
    unsigned char squeezed[8192];

    if (!run.compressed || roll(3) == 0) {
        say_in_frames(parley_view(text), false);
        return;
    }
    run.out.next_in = (const unsigned char *)text;
    run.out.avail_in = (unsigned)strlen(text);
    run.out.next_out = squeezed;
    run.out.avail_out = sizeof squeezed;
    assert_int_equal(deflate(&run.out, Z_SYNC_FLUSH), Z_OK);
    say_in_frames(parley_view_of((char *)squeezed, sizeof squeezed - run.out.avail_out - 4), true);
}

static void say_message(void)
{
    char message[4200];

    snprintf(message, sizeof message,
             "{\"type\":\"response.output_text.delta\",\"item_id\":\"i\",\"delta\":\"%s\"}",
             text_of('s', run.said_count++));
    say(message);
}

/* Feeds a piece of what is to be read when its time has come. */
static void feed(void)
{
    size_t left = run.said.used - run.fed, some = roll(4) == 0 ? left : 1 + roll(1000);

    if (run.now_us < run.due_us || left == 0)
        return;
    some = some < left ? some : left;
    if (run.fate >= READ_BREAKS && run.fate != WRITE_BREAKS && run.fed + some >= run.break_at) {
        some = run.break_at > run.fed ? run.break_at - run.fed : 0;
        if (run.fate == READ_BREAKS)
            parley_pipe_end(run.pipe, roll(2) == 0 ? PARLEY_ERR_LOST : PARLEY_ERR_PEER_CLOSED);
        run.break_at = 0;
    }
    if (some > 0)
        expect_true(parley_pipe_feed(run.pipe, parley_view_of(run.said.at + run.fed, some)),
                    "too many pieces");
    run.fed += some;
    run.due_us = run.break_at == 0 ? PARLEY_NEVER
                                   : run.now_us + (roll(3) > 0    ? roll(2000)
                                                   : roll(20) > 0 ? roll(3000000)
                                                                  : 30000000);
}

/* A whole message of the host, as it travelled, in `coming`. */
static void take_message(void)
{
    static char text[8192];
    char wanted[4200];

    if (run.coming_squeezed) {
        add(&run.coming, "\0\0\xff\xff", 4); /* the tail that was left away (RFC 7692, 7.2.2) */
        run.in.next_in = (const unsigned char *)run.coming.at;
        run.in.avail_in = (unsigned)run.coming.used;
        run.in.next_out = (unsigned char *)text;
        run.in.avail_out = sizeof text - 1;
        expect_true(inflate(&run.in, Z_SYNC_FLUSH) == Z_OK && run.in.avail_in == 0, "it cannot be inflated");
        text[sizeof text - 1 - run.in.avail_out] = '\0';
    } else {
        snprintf(text, sizeof text, "%.*s", (int)run.coming.used, run.coming.at);
    }
    if (strstr(text, "\"session.update\"") != NULL) {
        say("{\"type\":\"session.updated\",\"session\":{\"id\":\"s\",\"instructions\":\"i\"}}");
        return;
    }
    snprintf(wanted, sizeof wanted, "\"[USER] %s\"", text_of('u', run.got));
    expect_true(strstr(text, wanted) != NULL, text);
    run.got++;
}

static void take_fragment(const struct client_frame *frame)
{
    if ((frame->first & 0xf) == TEXT) {
        run.coming.used = 0;
        run.coming_squeezed = (frame->first & RSV1) != 0;
    }
    add(&run.coming, frame->payload, frame->len);
    fragments += (frame->first & FIN) == 0;
    if ((frame->first & FIN) != 0)
        take_message();
}

/* Reads what the host has written, and answers pings and a close as a service does. */
static void listen_to_host(void)
{
    static struct client_frame frame;
    struct parley_view rest = parley_view_skip(parley_pipe_written(run.pipe), run.seen);
    size_t before = rest.len;

    if (!run.answered) {
        if (rest.len < 4 || memcmp(rest.at + rest.len - 4, "\r\n\r\n", 4) != 0)
            return;
        add_accept(&run.said, rest, run.compressed ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
        run.answered = true;
        run.seen += rest.len;
        return;
    }
    while (take_frame(&rest, &frame)) {
        if (frame.first == (FIN | PING))
            add_frame(&run.said, FIN | PONG, parley_view_of(frame.payload, frame.len));
        else if (frame.first == (FIN | CLOSE) && !run.closes)
            add_close(&run.said, 1000, ""), run.closes = true;
        else if ((frame.first & 0xf) <= TEXT)
            take_fragment(&frame);
    }
    run.seen += before - rest.len;
}

static bool all_is_said(void)
{
    return run.answered && run.said_count == run.to_say && run.sent == run.to_send && run.got == run.sent;
}

static void service_step(void)
{
    listen_to_host();
    if (run.answered && run.said_count < run.to_say && roll(4) == 0)
        say_message();
    if (run.fate == THEY_CLOSE && all_is_said() && !run.closes) {
        add_close(&run.said, 1000, "that was all");
        run.closes = true;
    }
    feed();
    if (run.closes && run.fed == run.said.used && run.break_at != 0)
        parley_pipe_end(run.pipe, PARLEY_ERR_PEER_CLOSED);
}

/* ---- the host --------------------------------------------------------------------------------------- */

static void take_events(void)
{
    struct parley_event event;

    while (roll(5) > 0 && parley_next_event(run.c, &event) > 0) {
        expect_true(run.closed == 0, "an event behind the last one");
        run.closed += event.kind == PARLEY_EVENT_CLOSED;
        expect_true(event.kind != PARLEY_EVENT_SKIPPED, "a message was skipped");
        if (event.kind != PARLEY_EVENT_REPLY_DELTA)
            continue;
        expect_true(parley_view_is(event.text, text_of('s', run.heard)),
                    "another message came than was said");
        run.heard++;
    }
}

static void host_step(void)
{
    if (run.sent < run.to_send && roll(4) == 0)
        run.sent += parley_send_text(run.c, parley_view(text_of('u', run.sent))) == PARLEY_OK;
    /* Also where the link was to break at a byte that did not come. */
    if (run.fate != THEY_CLOSE && all_is_said() && run.heard == run.to_say && !run.stopped) {
        parley_stop(run.c);
        run.stopped = true;
    }
    parley_service(run.c, run.now_us);
    take_events();
}

/* ---- one conversation ------------------------------------------------------------------------------- */

/* When nothing is ready the clock goes on to what is due next. */
static void pass_time(void)
{
    struct parley_interest want[PARLEY_INTERESTS];
    size_t count = parley_interest(run.c, want);
    uint64_t next_us = run.fed < run.said.used ? run.due_us : PARLEY_NEVER;

    if (parley_pipe_unread(run.pipe) > 0 || roll(3) > 0)
        return;
    for (size_t i = 0; i < count; i++)
        next_us = want[i].deadline_us < next_us ? want[i].deadline_us : next_us;
    if (next_us != PARLEY_NEVER && next_us > run.now_us)
        run.now_us = next_us;
}

static void choose(uint64_t seed)
{
    memset(&run.cuts, 0, sizeof run.cuts);
    run.seed = seed;
    run.dice = seed * UINT64_C(0x9e3779b97f4a7c15);
    run.now_us = 1000000;
    run.fate = (enum fate)roll(FATES);
    run.compressed = roll(2) == 0;
    run.said.used = run.fed = run.seen = 0;
    run.due_us = 0;
    run.break_at = run.fate >= READ_BREAKS ? 1 + roll(9000) : SIZE_MAX;
    run.to_say = (unsigned)roll(MESSAGES + 1);
    run.to_send = (unsigned)roll(MESSAGES + 1);
    run.said_count = run.sent = run.got = run.heard = run.closed = 0;
    run.answered = run.closes = run.stopped = false;
    for (size_t i = 0; i < CUTS; i++) {
        run.cuts[0][i] = roll(3) == 0 ? roll(4) : roll(400);
        run.cuts[1][i] = roll(3) == 0 ? roll(4) : roll(400);
    }
    run.cuts[0][roll(CUTS)] = run.cuts[1][roll(CUTS)] = 100; /* so that anything moves at all */
}

static void check_end(void)
{
    const char *reason = parley_error(run.c)->text;
    int status = parley_error(run.c)->status;

    expect_true(run.closed == 1, "it has not ended");
    expect_true(status < 0 && strlen(reason) > 10, "no reason is given");
    expect_true(run.heard <= run.said_count && run.got <= run.sent, "more came than was said");
    *(run.heard == run.to_say && run.got == run.to_send ? &complete[run.fate] : &cut_short[run.fate]) += 1;
    if (run.fate >= READ_BREAKS)
        return;
    expect_true(status == (run.fate == WE_CLOSE ? PARLEY_ERR_CLOSED : PARLEY_ERR_PEER_CLOSED),
                "it ended another way");
    expect_true(cut_short[run.fate] == 0, "a message is lost");
}

static void converse(uint64_t seed, void *block, size_t bytes, struct parley_options *options)
{
    choose(seed);
    parley_fake_reset();
    parley_fake_random_seed(seed);
    parley_pipe_reset();
    options->compress = run.compressed ? PARLEY_COMPRESS_AUTO : PARLEY_COMPRESS_OFF;
    assert_int_equal(parley_open(&run.c, block, bytes, options, run.now_us, NULL), PARLEY_OK);
    run.pipe = parley_pipe_last();
    parley_pipe_read_cuts(run.pipe, run.cuts[0], CUTS);
    parley_pipe_write_cuts(run.pipe, run.cuts[1], CUTS);
    parley_pipe_buffers(run.pipe, roll(2) == 0);
    if (run.fate == WRITE_BREAKS)
        parley_pipe_break_write(run.pipe, roll(9000));
    deflateReset(&run.out);
    inflateReset(&run.in);
    for (int step = 0; step < STEPS && run.closed == 0; step++) {
        host_step();
        service_step(); /* behind the host: time does not pass before it has seen what was written */
        pass_time();
    }
    check_end();
    parley_close(run.c);
}

static void nothing_is_lost_and_all_ends(void **state)
{
    struct parley_options options = PARLEY_OPTIONS_DEFAULT;
    unsigned seeds = getenv("PARLEY_TEST_SLOWLY") != NULL ? SEEDS / 100 : SEEDS;

    (void)state;
    options.url = parley_view("wss://api.test/v1");
    options.prompt = parley_view("be kind");
    options.timeouts.upgrade_ms = options.timeouts.close_ms = 3600000; /* slow is not what ends it here */
    options.limits = (struct parley_limits){.inbox_bytes = 4096,
                                            .outbox_bytes = 16384,
                                            .input_audio_ms = 200,
                                            .output_audio_ms = 200,
                                            .transcript_bytes = 1024,
                                            .reply_items = 4,
                                            .link_recv_bytes = 4096,
                                            .link_send_bytes = 2048};
    options.compress = PARLEY_COMPRESS_AUTO; /* takes more */
    size_t bytes = parley_memory_needed(&options);
    void *block = malloc(bytes);
    assert_int_equal(deflateInit2(&run.out, 9, Z_DEFLATED, -15, 5, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(inflateInit2(&run.in, -15), Z_OK);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        converse(seed, block, bytes, &options);
    for (size_t i = 0; i < FATES; i++) { /* it is not that nothing happens */
        print_message("# %s: %u complete, %u cut short\n", fates[i], complete[i], cut_short[i]);
        assert_true(seeds < SEEDS || complete[i] > SEEDS / 20);
        assert_true(seeds < SEEDS || i < READ_BREAKS || cut_short[i] > SEEDS / 20);
    }
    assert_true(fragments > seeds / 10);
    deflateEnd(&run.out);
    inflateEnd(&run.in);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_and_all_ends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
