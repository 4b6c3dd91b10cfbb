#ifndef PARLEY_TEST_LOOPBACK_LINK_H
#define PARLEY_TEST_LOOPBACK_LINK_H

/*
 * A client of the loopback for tests, on a made-up clock that jumps from deadline to deadline: what was
 * received is kept as whole messages, with the moment each came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transport/loopback/loopback.h"
#include "transport/loopback/peek.h"

enum { LINK_MESSAGES = 4096, LINK_START_US = 1000000 };

struct link_message {
    char *text; /* terminated */
    size_t len;
    uint64_t at_us;
    unsigned pieces;
    bool binary;
};

struct link {
    struct parley_transport *t;
    void *block;
    uint64_t now_us;
    int status; /* of the latest work or recv */
    struct link_message messages[LINK_MESSAGES];
    size_t count, looked; /* received, and looked at by link_next */
    size_t filling;
};

static inline void link_open(struct link *l, const struct parley_endpoint *to)
{
    char why[PARLEY_TRANSPORT_REASON] = "";
    struct parley_arena count = parley_arena(NULL, 0), arena;
    struct parley_transport *t;

    memset(l, 0, sizeof(*l));
    l->now_us = LINK_START_US;
    if (parley_transport_open(&t, &count, to, why) != PARLEY_OK)
        fail_msg("%s", why);
    l->block = malloc(count.used);
    arena = parley_arena(l->block, count.used);
    if (parley_transport_open(&l->t, &arena, to, why) != PARLEY_OK)
        fail_msg("%s", why);
    assert_non_null(l->t);
}

static inline void link_keep(struct link *l, const struct parley_fragment *piece)
{
    struct link_message *m = &l->messages[l->count];

    if (l->count == LINK_MESSAGES - 1)
        fail_msg("too many messages for the test");
    m->text = realloc(m->text, m->len + piece->bytes.len + 1);
    assert_non_null(m->text);
    if (piece->bytes.len > 0)
        memcpy(m->text + m->len, piece->bytes.at, piece->bytes.len);
    m->len += piece->bytes.len;
    m->text[m->len] = '\0';
    m->pieces++;
    m->at_us = l->now_us;
    m->binary = piece->binary;
    if (piece->last)
        l->count++;
}

/* Works and reads what is there now. */
static inline void link_turn(struct link *l)
{
    struct parley_fragment piece;

    l->status = parley_transport_work(l->t, l->now_us);
    if (l->status >= 0)
        while ((l->status = parley_transport_recv(l->t, &piece)) > 0)
            link_keep(l, &piece);
}

/* Lets time pass up to `us` after the start, from deadline to deadline. */
static inline void link_until(struct link *l, uint64_t us)
{
    const uint64_t end_us = LINK_START_US + us;

    for (;;) {
        struct parley_interest want;

        link_turn(l);
        if (l->status < 0)
            return;
        assert_int_equal(parley_transport_interest(l->t, &want), 1);
        assert_int_equal(want.fd, -1);
        if (want.deadline_us <= l->now_us)
            continue;
        if (want.deadline_us > end_us)
            break;
        l->now_us = want.deadline_us;
    }
    l->now_us = end_us;
    link_turn(l);
}

static inline uint64_t link_ms(const struct link *l)
{
    return (l->now_us - LINK_START_US) / 1000;
}

/* Lets `ms` milliseconds pass. */
static inline void link_pass(struct link *l, uint64_t ms)
{
    link_until(l, l->now_us - LINK_START_US + ms * 1000);
}

/* Sends a whole message, however many turns it takes. */
static inline void link_send(struct link *l, const char *text)
{
    struct parley_view rest = parley_view(text);

    for (unsigned turns = 0; rest.len > 0; turns++) {
        long took = parley_transport_send(l->t, rest);

        if (took < 0 || turns > 100000)
            fail_msg("send: %ld", took);
        rest = parley_view_skip(rest, (size_t)took);
        if (rest.len > 0)
            parley_transport_work(l->t, l->now_us);
    }
}

/* The next message of this type not looked at yet, passing over others; NULL for none. */
static inline const struct link_message *link_next(struct link *l, const char *type)
{
    while (l->looked < l->count) {
        const struct link_message *m = &l->messages[l->looked++];

        if (parley_peek_is(parley_view_of(m->text, m->len), "type", type))
            return m;
    }
    return NULL;
}

/* The same, but it has to be there. */
static inline struct parley_view link_wanted(struct link *l, const char *type)
{
    size_t from = l->looked;
    const struct link_message *m = link_next(l, type);

    if (m == NULL) {
        for (size_t i = from; i < l->count; i++)
            print_message("  %.120s\n", l->messages[i].text);
        fail_msg("no %s among %zu messages", type, l->count - from);
        return parley_view(NULL);
    }
    return parley_view_of(m->text, m->len);
}

/* Checks one member; the value is JSON. */
#define link_member(message, path, json)                                                                     \
    do {                                                                                                     \
        const struct parley_view all_ = (message);                                                           \
        struct parley_view found_;                                                                           \
        char shown_[512];                                                                                    \
                                                                                                             \
        if (!parley_peek(all_, parley_view(path), &found_))                                                  \
            fail_msg("%s is missing in %.300s", path, all_.at);                                              \
        snprintf(shown_, sizeof(shown_), "%.*s", (int)found_.len, found_.at);                                \
        assert_string_equal(shown_, json);                                                                   \
    } while (0)

static inline void link_close(struct link *l)
{
    parley_transport_drop(l->t);
    for (size_t i = 0; i <= l->count; i++)
        free(l->messages[i].text);
    free(l->block);
}

#endif
