/*
 * usage: ws_echo URL [auto|off [SILENCE_MS]]
 * Answers each message over the real transport with the same text until the link ends, and then says how it
 * ended: "ERR_PEER_CLOSED open: the service closed the connection: ...". For conformance suites; the one of
 * this project is ws_conformance.sh. What the transport has no way to send is described: "(empty)" for an
 * empty message, "(binary 5 bytes, fnv 4f9f2cab)" for a binary one. SILENCE_MS: before a ping, and behind it.
 */
#include "platform/clock.h"
#include "transport/transport.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_BYTES = 2 << 20 };

/* A message on its way in, then its answer on its way out. */
static struct {
    char text[MESSAGE_BYTES + 64];
    size_t used, sent;
    bool answering;
} echo;

static void answer_instead(const char *format, size_t bytes, unsigned fnv)
{
    echo.used = (size_t)snprintf(echo.text, sizeof echo.text, format, bytes, fnv);
}

static void take(const struct parley_fragment *piece)
{
    size_t room = MESSAGE_BYTES - echo.used, some = piece->bytes.len < room ? piece->bytes.len : room;
    uint32_t fnv = UINT32_C(2166136261);

    memcpy(echo.text + echo.used, piece->bytes.at, some);
    echo.used += some;
    echo.answering = piece->last;
    if (!piece->last)
        return;
    for (size_t i = 0; i < echo.used; i++)
        fnv = (fnv ^ (unsigned char)echo.text[i]) * UINT32_C(16777619);
    if (piece->binary)
        answer_instead("(binary %zu bytes, fnv %08x)", echo.used, fnv);
    else if (echo.used == 0)
        answer_instead("(empty)", 0, 0);
}

/* Sends what waits, and takes messages as long as none does. Returns how the link ended, 0 while it goes on.
 */
static int move(struct parley_transport *t)
{
    struct parley_fragment piece;

    for (;;) {
        long taken = 0;
        int got = 0;

        if (echo.answering) {
            taken = parley_transport_send(t, parley_view_of(echo.text + echo.sent, echo.used - echo.sent));
            echo.sent += taken > 0 ? (size_t)taken : 0;
            if (taken <= 0)
                return (int)taken;
            if (echo.sent == echo.used) {
                echo.used = echo.sent = 0;
                echo.answering = false;
            }
            continue;
        }
        got = parley_transport_recv(t, &piece);
        if (got <= 0)
            return got;
        take(&piece);
    }
}

/* Runs a link to its end. */
static int live(struct parley_transport *t)
{
    int status = 0;

    while (status == 0) {
        struct parley_interest want[PARLEY_TRANSPORT_INTERESTS];
        size_t count;

        parley_transport_work(t, parley_clock_us()); /* how it ended is told behind the last message */
        status = move(t);
        if (status < 0)
            break;
        count = parley_transport_interest(t, want);
        /* "There is more to read" waits for the answer to go out. */
        if (echo.answering && count > 0 && want[0].write)
            want[0].deadline_us = parley_clock_add(parley_clock_us(), 100000);
        if (count > 0)
            parley_wait(want, count, PARLEY_NEVER);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct parley_endpoint to = {
        .url = parley_view(argc > 1 ? argv[1] : ""),
        .deadlines = {5000, 5000, 5000, 5000, 5000, 2000, 0, 0},
        .compress = argc <= 2 || strcmp(argv[2], "off") != 0,
        .recv_bytes = 32768,
        .send_bytes = 65536,
        .message_bytes = MESSAGE_BYTES / 16, /* a compressed message may become MESSAGE_BYTES */
    };
    struct parley_arena arena = parley_arena(NULL, 0);
    char why[PARLEY_TRANSPORT_REASON];
    struct parley_transport *t;
    struct parley_view reason;
    void *block;
    int status;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: ws_echo URL [auto|off [SILENCE_MS]]\n");
        return 2;
    }
    to.deadlines.ping_ms = to.deadlines.pong_ms = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 20000;
    status = parley_transport_open(&t, &arena, &to, why);
    block = status == 0 ? malloc(arena.used) : NULL;
    if (block != NULL) {
        arena = parley_arena(block, arena.used);
        status = parley_transport_open(&t, &arena, &to, why);
    }
    if (status < 0 || block == NULL) {
        printf("%s %s\n", parley_status_name(status), why);
        return 2;
    }
    status = live(t);
    reason = parley_transport_reason(t);
    printf("%s %.*s\n", parley_status_name(status), (int)reason.len, reason.at);
    parley_transport_drop(t);
    free(block);
    return status == PARLEY_ERR_PEER_CLOSED ? 0 : 1;
}
