#ifndef PARLEY_TEST_WIRE_TEST_H
#define PARLEY_TEST_WIRE_TEST_H

/* What the tests of transport/wss share: cmocka, a writer and a reader of frames for the server's side, and
   a generator that repeats itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parser/base64.h"
#include "platform/fake/fake.h"
#include "platform/status.h"
#include "platform/view.h"

#include <mbedtls/md.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* xorshift64: the same numbers in each run. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline size_t below(uint64_t *state, size_t bound)
{
    return (size_t)(next_random(state) % bound);
}

/* Comparisons that name the row of a table they fail in. */
static inline void expect_int(const char *title, long got, long expected)
{
    if (got != expected)
        fail_msg("%s: %ld, expected %ld", title, got, expected);
}

static inline void expect_text(const char *title, const char *got, const char *expected)
{
    if (strcmp(got, expected) != 0)
        fail_msg("%s:\n\"%s\", expected\n\"%s\"", title, got, expected);
}

/* ---- what a server sends ----------------------------------------------------------------------- */

/* Bytes being put together. */
struct bytes {
    size_t used;
    char at[1 << 18];
};

static inline void add(struct bytes *to, const void *from, size_t len)
{
    assert_true(len <= sizeof to->at - to->used);
    if (len > 0)
        memcpy(to->at + to->used, from, len);
    to->used += len;
}

static inline void add_string(struct bytes *to, const char *text)
{
    add(to, text, strlen(text));
}

static inline void add_byte(struct bytes *to, unsigned byte)
{
    char c = (char)byte;
    add(to, &c, 1);
}

static inline struct parley_view view_of(const struct bytes *from)
{
    return parley_view_of(from->at, from->used);
}

/* Puts together what `script` spells: pairs of hex digits, 'text', and 'text'*N for a text N times. */
static inline void add_script(struct bytes *to, const char *script)
{
    while (*script != '\0') {
        char pair[3] = {script[0], script[0] != '\0' ? script[1] : '\0', '\0'};
        const char *end;
        long times = 1;

        if (*script == ' ') {
            script++;
            continue;
        }
        if (*script != '\'') {
            add_byte(to, (unsigned)strtoul(pair, NULL, 16));
            script += 2;
            continue;
        }
        end = strchr(script + 1, '\'');
        assert_non_null(end);
        if (end[1] == '*')
            times = strtol(end + 2, NULL, 10);
        for (long i = 0; i < times; i++)
            add(to, script + 1, (size_t)(end - script - 1));
        script = strcspn(end, " ") + end;
    }
}

/* First bytes of a frame: FIN, reserved bits, opcode. */
enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10 };
enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* The header of a frame whose length takes its shortest form. */
static inline void add_header(struct bytes *to, unsigned first, uint64_t len)
{
    add_byte(to, first);
    add_byte(to, len < 126 ? (unsigned)len : len < 65536 ? 126 : 127);
    for (int shift = len < 126 ? -8 : len < 65536 ? 8 : 56; shift >= 0; shift -= 8)
        add_byte(to, (unsigned)(len >> shift) & 0xff);
}

static inline void add_frame(struct bytes *to, unsigned first, struct parley_view payload)
{
    add_header(to, first, payload.len);
    add(to, payload.at, payload.len);
}

static inline void add_text(struct bytes *to, const char *text)
{
    add_frame(to, FIN | TEXT, parley_view(text));
}

static inline void add_close(struct bytes *to, unsigned code, const char *reason)
{
    char payload[128] = {(char)(code >> 8), (char)code};
    size_t len = strlen(reason);

    memcpy(payload + 2, reason, len);
    add_frame(to, FIN | CLOSE, parley_view_of(payload, 2 + len));
}

/* ---- what a server receives -------------------------------------------------------------------- */

struct client_frame {
    unsigned first; /* FIN, reserved bits, opcode */
    size_t len;
    char payload[1 << 17]; /* unmasked, zero-terminated */
};

/* Takes a frame off what the client wrote; false when there is no whole one. Every frame must be masked. */
static inline bool take_frame(struct parley_view *written, struct client_frame *frame)
{
    const unsigned char *at = (const unsigned char *)written->at;
    size_t header = 2;
    uint64_t len;

    if (written->len < 2)
        return false;
    assert_true((at[1] & 0x80) != 0);
    len = at[1] & 0x7f;
    if (len >= 126) {
        header += len == 126 ? 2 : 8;
        if (written->len < header)
            return false;
        len = 0;
        for (size_t i = 2; i < header; i++)
            len = len << 8 | at[i];
        assert_true(len >= 126);
    }
    if (written->len < header + 4 + len)
        return false;
    assert_true(len < sizeof frame->payload);
    frame->first = at[0];
    frame->len = (size_t)len;
    for (size_t i = 0; i < len; i++)
        frame->payload[i] = (char)(at[header + 4 + i] ^ at[header + i % 4]);
    frame->payload[len] = '\0';
    *written = parley_view_skip(*written, header + 4 + (size_t)len);
    return true;
}

/* The Sec-WebSocket-Accept for the Sec-WebSocket-Key in `request`, zero-terminated. */
static inline void accept_for(struct parley_view request, char accept[29])
{
    static const char name[] = "\r\nSec-WebSocket-Key: ";
    unsigned char digest[20];
    char text[64] = "";

    for (size_t i = 0; i + sizeof name + 24 < request.len; i++)
        if (memcmp(request.at + i, name, sizeof name - 1) == 0)
            memcpy(text, request.at + i + sizeof name - 1, 24);
    assert_int_equal(strlen(text), 24);
    memcpy(text + 24, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", 36);
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), (const unsigned char *)text, 60, digest);
    parley_base64_encode(accept, digest, sizeof digest);
    accept[28] = '\0';
}

/* The answer that accepts `request`, with further header lines. */
static inline void add_accept(struct bytes *to, struct parley_view request, const char *more)
{
    char accept[29], text[512];

    accept_for(request, accept);
    snprintf(text, sizeof text,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n%s\r\n",
             accept, more);
    add_string(to, text);
}

#endif
