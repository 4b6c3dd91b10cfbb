#ifndef PARLEY_TEST_WIRE_FRAMES_TEST_H
#define PARLEY_TEST_WIRE_FRAMES_TEST_H

/* A client's frames, what comes into them and what they read; for frames_test.c and compressed_test.c. */
#include "wire_test.h"

#include "transport/wss/frames.h"

static struct parley_frames frames;

/* What was read, in one line: "hello/T" for a text message, "/B" for a binary one. */
static struct {
    char text[1 << 18];
    size_t used;
} reading;

static inline void note(const void *text, size_t len)
{
    assert_true(reading.used + len < sizeof reading.text);
    if (len > 0)
        memcpy(reading.text + reading.used, text, len);
    reading.used += len;
    reading.text[reading.used] = '\0';
}

/* Puts as many of `bytes` as fit into the buffer; returns how many. */
static inline size_t put(struct parley_view bytes)
{
    size_t room = parley_buffer_reserve(&frames.in, 1);
    size_t some = bytes.len < room ? bytes.len : room;

    if (some > 0)
        memcpy(frames.in.at + frames.in.end, bytes.at, some);
    frames.in.end += some;
    parley_frames_arrived(&frames);
    return some;
}

/* Reads all that is there. Returns what ended it. */
static inline int drain(void)
{
    struct parley_fragment piece;
    int got;

    while ((got = parley_frames_next(&frames, &piece)) > 0) {
        assert_true(piece.bytes.len > 0 || piece.last);
        note(piece.bytes.at, piece.bytes.len);
        if (piece.last)
            note(piece.binary ? "/B " : "/T ", 3);
        assert_int_equal(frames.in_message, !piece.last);
    }
    assert_false(parley_frames_ready(&frames)); /* it would be waited for with no wait at all */
    return got;
}

/* Reads `all`, which comes `cut` bytes at a time. */
static inline int read_all(struct parley_view all, size_t cut)
{
    int got = 0;

    reading.used = 0;
    note("", 0);
    while (all.len > 0 && got == 0) {
        size_t some = cut < all.len ? cut : all.len;

        all = parley_view_skip(all, put(parley_view_of(all.at, some)));
        got = drain();
    }
    return got;
}

/* A close frame, with this code or with none (0), is all that waits to be sent. */
static inline void expect_close(const char *title, unsigned code)
{
    static struct client_frame frame;
    struct parley_view rest = parley_buffer_view(&frames.out);

    expect_int(title, take_frame(&rest, &frame), 1);
    expect_int(title, (long)frame.first, FIN | CLOSE);
    if (code == 0)
        expect_int(title, (long)frame.len, 0);
    else
        expect_int(title, (unsigned char)frame.payload[0] << 8 | (unsigned char)frame.payload[1], (long)code);
    expect_int(title, (long)rest.len, 0);
}

#endif
