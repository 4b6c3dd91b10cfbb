/*
 * The seam of the loopback, with a peer of the test's own on the other side.
 */
#include "test/unit/loopback_link.h"

/* ---- a peer that says what the table holds and writes down what it hears -------------------------- */

struct line {
    uint64_t at_us; /* after the link came up */
    const char *text;
    bool binary;
    int end; /* a status: the link ends */
};

struct peer {
    struct parley_loopback_peer peer;
    const struct line *lines;
    size_t next, count;
    uint64_t opened_us;
    char heard[4096];
    int opened, closed;
    uint16_t code;
};

static void peer_opened(void *state, uint64_t now_us)
{
    struct peer *p = state;

    p->opened++;
    p->opened_us = now_us;
}

static void peer_received(void *state, struct parley_view message, uint64_t now_us)
{
    struct peer *p = state;
    size_t used = strlen(p->heard);

    (void)now_us;
    snprintf(p->heard + used, sizeof(p->heard) - used, "[%.*s]", (int)message.len, message.at);
}

static int peer_say(void *state, uint64_t now_us, struct parley_fragment *message, uint64_t *due_us)
{
    struct peer *p = state;
    const struct line *line;

    *due_us = PARLEY_NEVER;
    if (p->next == p->count)
        return 0;
    line = &p->lines[p->next];
    *due_us = p->opened_us + line->at_us;
    if (*due_us > now_us)
        return 0;
    p->next++;
    if (line->end != 0)
        return line->end;
    *message =
        (struct parley_fragment){.bytes = parley_view(line->text), .last = true, .binary = line->binary};
    return 1;
}

static void peer_closed(void *state, uint16_t code, uint64_t now_us)
{
    struct peer *p = state;

    (void)now_us;
    p->closed++;
    p->code = code;
}

static struct parley_view peer_reason(void *state)
{
    (void)state;
    return parley_view("gone for lunch");
}

static struct parley_endpoint endpoint(struct peer *p, const struct line *lines, size_t count)
{
    memset(p, 0, sizeof(*p));
    p->lines = lines;
    p->count = count;
    p->peer = (struct parley_loopback_peer){
        .state = p, .opened = peer_opened, .received = peer_received, .say = peer_say, .closed = peer_closed};
    return (struct parley_endpoint){.peer = &p->peer, .send_bytes = 1024, .message_bytes = 1024};
}

static const struct line three[] = {
    {.at_us = 0, .text = "first"},
    {.at_us = 5000, .text = ""},
    {.at_us = 5000, .text = "bytes", .binary = true},
};

/* ---- tests ---------------------------------------------------------------------------------------- */

static void comes_up_on_the_first_work(void **state)
{
    struct peer p;
    struct link l;
    struct parley_endpoint to = endpoint(&p, NULL, 0);
    struct parley_interest want;
    struct parley_fragment piece;

    (void)state;
    link_open(&l, &to);
    assert_string_equal(parley_transport_name, "loopback");
    assert_string_equal(parley_transport_stage(l.t), "connect");
    assert_null(parley_transport_facts(l.t)->host);
    assert_int_equal(parley_transport_send(l.t, parley_view("early")), 0);
    assert_int_equal(parley_transport_recv(l.t, &piece), 0);
    assert_int_equal(p.opened, 0);
    assert_int_equal(parley_transport_interest(l.t, &want), 1);
    assert_true(want.deadline_us == 0);

    assert_int_equal(parley_transport_work(l.t, 7), 1);
    assert_string_equal(parley_transport_stage(l.t), "open");
    assert_int_equal(p.opened, 1);
    assert_true(p.opened_us == 7);
    assert_int_equal(parley_transport_work(l.t, 8), 1);
    assert_int_equal(p.opened, 1);
    assert_int_equal(parley_transport_reason(l.t).len, 0);
    link_close(&l);
}

static void messages_come_when_they_are_due(void **state)
{
    struct peer p;
    struct link l;
    struct parley_endpoint to = endpoint(&p, three, 3);
    struct parley_interest want;

    (void)state;
    link_open(&l, &to);
    link_turn(&l);
    assert_int_equal(l.count, 1);
    assert_string_equal(l.messages[0].text, "first");
    assert_int_equal(parley_transport_interest(l.t, &want), 1);
    assert_int_equal(want.fd, -1);
    assert_true(want.deadline_us == LINK_START_US + 5000);

    link_until(&l, 10000);
    assert_int_equal(l.count, 3);
    assert_true(l.messages[1].at_us == LINK_START_US + 5000);
    assert_int_equal(l.messages[1].len, 0);
    assert_false(l.messages[1].binary);
    assert_string_equal(l.messages[2].text, "bytes");
    assert_true(l.messages[2].binary);
    parley_transport_interest(l.t, &want);
    assert_true(want.deadline_us == PARLEY_NEVER);
    link_close(&l);
}

static void every_cut_gives_the_same_messages(void **state)
{
    (void)state;
    for (size_t cut = 1; cut <= 6; cut++) {
        struct peer p;
        struct link l;
        struct parley_endpoint to = endpoint(&p, three, 3);

        p.peer.fragment_bytes = cut;
        link_open(&l, &to);
        link_until(&l, 10000);
        assert_int_equal(l.count, 3);
        assert_string_equal(l.messages[0].text, "first");
        assert_int_equal(l.messages[0].pieces, (5 + cut - 1) / cut);
        assert_int_equal(l.messages[1].len, 0);
        assert_int_equal(l.messages[1].pieces, 1);
        assert_string_equal(l.messages[2].text, "bytes");
        assert_true(l.messages[2].binary);
        link_close(&l);
    }
}

/* A client that reads one piece and writes before it reads the next, as it may. */
static void sending_amid_a_message_leaves_the_rest_whole(void **state)
{
    struct peer p;
    struct link l;
    struct parley_endpoint to = endpoint(&p, three, 1);
    struct parley_fragment piece;
    struct parley_interest want;

    (void)state;
    p.peer.fragment_bytes = 2;
    link_open(&l, &to);
    parley_transport_work(l.t, l.now_us);
    assert_int_equal(parley_transport_recv(l.t, &piece), 1);
    assert_memory_equal(piece.bytes.at, "fi", 2);
    assert_false(piece.last);
    parley_transport_interest(l.t, &want);
    assert_true(want.deadline_us <= l.now_us);
    link_send(&l, "hello");
    assert_string_equal(p.heard, "[hello]");
    assert_int_equal(parley_transport_recv(l.t, &piece), 1);
    assert_memory_equal(piece.bytes.at, "rs", 2);
    assert_int_equal(parley_transport_recv(l.t, &piece), 1);
    assert_memory_equal(piece.bytes.at, "t", 1);
    assert_true(piece.last);
    assert_int_equal(parley_transport_recv(l.t, &piece), 0);
    link_close(&l);
}

static void messages_are_taken_in_parts(void **state)
{
    (void)state;
    for (size_t most = 1; most <= 12; most++) {
        struct peer p;
        struct link l;
        struct parley_endpoint to = endpoint(&p, NULL, 0);
        long took;

        p.peer.send_bytes = most;
        link_open(&l, &to);
        link_turn(&l);
        took = parley_transport_send(l.t, parley_view("0123456789"));
        assert_int_equal(took, most < 10 ? most : 10);
        if (most < 10) {
            struct parley_interest want;

            assert_int_equal(parley_transport_send(l.t, parley_view("rest")), 0); /* all used up */
            assert_int_equal(parley_transport_pending(l.t), most);
            parley_transport_interest(l.t, &want);
            assert_true(want.deadline_us <= l.now_us);
            assert_string_equal(p.heard, "");
            link_turn(&l);
            link_send(&l, &"0123456789"[most]);
        }
        assert_string_equal(p.heard, "[0123456789]");
        assert_int_equal(parley_transport_pending(l.t), 0);
        link_turn(&l);
        link_send(&l, "more");
        assert_string_equal(p.heard, "[0123456789][more]");
        link_close(&l);
    }
}

/* All that was said before the end is handed out first; then every call tells how it ended. */
static void the_peer_ends_the_link(void **state)
{
    static const struct {
        const char *title;
        int status;
        uint16_t said, code;
        bool words;
        const char *reason;
    } rows[] = {
        {"in good order", PARLEY_ERR_PEER_CLOSED, 0, 0, false, "open: the service closed the connection"},
        {"with a code", PARLEY_ERR_PEER_CLOSED, 1012, 1012, false, "open: the service closed the connection"},
        {"broken", PARLEY_ERR_LOST, 1012, 0, false, "open: the connection broke"},
        {"with a reason of its own", PARLEY_ERR_LOST, 0, 0, true, "open: gone for lunch"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct line lines[] = {{.text = "last words"}, {.end = rows[i].status}};
        struct peer p;
        struct link l;
        struct parley_endpoint to = endpoint(&p, lines, 2);
        struct parley_fragment piece;

        print_message("# %s\n", rows[i].title);
        p.peer.fragment_bytes = 3;
        p.peer.reason = rows[i].words ? peer_reason : NULL;
        p.peer.close_code = rows[i].said;
        link_open(&l, &to);
        link_until(&l, 1000);
        assert_int_equal(l.count, 1);
        assert_string_equal(l.messages[0].text, "last words");
        assert_int_equal(l.status, rows[i].status);
        assert_int_equal(parley_transport_work(l.t, l.now_us), rows[i].status);
        assert_int_equal(parley_transport_recv(l.t, &piece), rows[i].status);
        assert_int_equal(parley_transport_send(l.t, parley_view("x")), rows[i].status);
        assert_string_equal(parley_transport_reason(l.t).at, rows[i].reason);
        assert_int_equal(parley_transport_close_code(l.t), rows[i].code);
        assert_string_equal(parley_transport_stage(l.t), "closed");
        parley_transport_close(l.t, 1000); /* too late, and harmless */
        assert_int_equal(parley_transport_work(l.t, l.now_us), rows[i].status);
        parley_transport_drop(l.t);
        assert_int_equal(p.closed, 0); /* it knows */
        link_close(&l);
    }
}

static void closing_is_told_to_the_peer(void **state)
{
    struct peer p;
    struct link l;
    struct parley_endpoint to = endpoint(&p, three, 1);
    struct parley_interest want;

    (void)state;
    link_open(&l, &to);
    parley_transport_work(l.t, l.now_us);
    parley_transport_close(l.t, 1001);
    parley_transport_close(l.t, 1000); /* the first counts */
    assert_string_equal(parley_transport_stage(l.t), "closing");
    assert_int_equal(parley_transport_send(l.t, parley_view("x")), 0);
    parley_transport_interest(l.t, &want);
    assert_true(want.deadline_us <= l.now_us);
    assert_int_equal(p.closed, 0);
    assert_int_equal(parley_transport_work(l.t, l.now_us), PARLEY_ERR_CLOSED);
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.code, 1001);
    assert_int_equal(parley_transport_work(l.t, l.now_us), PARLEY_ERR_CLOSED);
    link_close(&l);
    assert_int_equal(p.closed, 1);
}

static void dropping_is_told_as_code_0(void **state)
{
    struct peer p;
    struct link l;
    struct parley_endpoint to = endpoint(&p, NULL, 0);

    (void)state;
    link_open(&l, &to);
    link_turn(&l);
    p.code = 7;
    link_close(&l);
    assert_int_equal(p.closed, 1);
    assert_int_equal(p.code, 0);
    parley_transport_drop(NULL);
}

/* What a client sends in parts is bounded, and says so. */
static void a_part_that_grows_too_long_ends_the_link(void **state)
{
    static char text[300 * 1024];
    struct peer p;
    struct link l;
    struct parley_endpoint to = endpoint(&p, NULL, 0);
    long took = 1;
    size_t at = 0;

    (void)state;
    memset(text, 'x', sizeof(text));
    p.peer.send_bytes = 10000;
    link_open(&l, &to);
    link_turn(&l);
    while (took > 0) {
        took = parley_transport_send(l.t, parley_view_of(text + at, sizeof(text) - at));
        at += took > 0 ? (size_t)took : 0;
        parley_transport_work(l.t, l.now_us);
    }
    assert_int_equal(took, PARLEY_ERR_TOO_LONG);
    assert_non_null(strstr(parley_transport_reason(l.t).at, "parts"));
    assert_string_equal(p.heard, "");
    link_close(&l);
}

/* Open with each block smaller than needed: a status and a reason, never a crash. */
static void too_little_memory_is_a_status(void **state)
{
    static const char *const scripts[] = {NULL, "use service\nheard \"hi\"\n", "option send 5\nserver x.y\n"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct parley_endpoint to = {.script = parley_view(scripts[i])};
        struct parley_arena count = parley_arena(NULL, 0);
        struct parley_transport *t;
        char why[PARLEY_TRANSPORT_REASON];

        assert_int_equal(parley_transport_open(&t, &count, &to, why), PARLEY_OK);
        assert_null(t);
        for (size_t bytes = 1; bytes < count.used - 64; bytes += count.used / 37) {
            void *block = malloc(bytes);
            struct parley_arena arena = parley_arena(block, bytes);

            why[0] = '\0';
            assert_int_equal(parley_transport_open(&t, &arena, &to, why), PARLEY_ERR_MEMORY);
            assert_null(t);
            assert_non_null(strstr(why, "memory"));
            free(block);
        }
    }
}

static void a_bad_script_is_refused(void **state)
{
    struct parley_endpoint to = {.script = parley_view("# one\n  servr x\n"),
                                 .script_name = parley_view("my.talk")};
    char block[4096], why[PARLEY_TRANSPORT_REASON];
    struct parley_arena count = parley_arena(NULL, 0), arena = parley_arena(block, sizeof(block));
    struct parley_transport *t;

    (void)state;
    assert_int_equal(parley_transport_open(&t, &count, &to, why), PARLEY_ERR_ARGUMENT);
    assert_int_equal(parley_transport_open(&t, &arena, &to, why), PARLEY_ERR_ARGUMENT);
    assert_null(t);
    assert_non_null(strstr(why, "my.talk:2:3: 'servr x' is no command"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_up_on_the_first_work),
        cmocka_unit_test(messages_come_when_they_are_due),
        cmocka_unit_test(every_cut_gives_the_same_messages),
        cmocka_unit_test(sending_amid_a_message_leaves_the_rest_whole),
        cmocka_unit_test(messages_are_taken_in_parts),
        cmocka_unit_test(the_peer_ends_the_link),
        cmocka_unit_test(closing_is_told_to_the_peer),
        cmocka_unit_test(dropping_is_told_as_code_0),
        cmocka_unit_test(a_part_that_grows_too_long_ends_the_link),
        cmocka_unit_test(too_little_memory_is_a_status),
        cmocka_unit_test(a_bad_script_is_refused),
    };

    return cmocka_run_group_tests_name("transport_loopback", tests, NULL, NULL);
}
