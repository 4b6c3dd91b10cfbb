/*
 * Any text as a talk. One that is refused says where; one that is not is played for a while, as a service
 * without a host, to a client that answers each message with one of its own.
 */
#include "test/fuzz/fuzz.h"
#include "transport/loopback/peek.h"
#include "transport/loopback/talk.h"

enum { TURNS = 60, PIECES = 2000 };

/* What the fields of a line make is JSON, and meets what they say unless a path is there twice. */
static void check_fields(const struct parley_talk_line *line)
{
    static char text[1 << 20];
    struct parley_render r = parley_render(text, sizeof(text));
    struct parley_talk_field field;
    struct parley_view fields = line->fields;
    char why[PARLEY_TALK_WHY];
    size_t offset;
    const char *fault;

    while (parley_talk_field(&fields, &field))
        must(field.path.len > 0);
    if (line->verb != PARLEY_TALK_SERVER_EVENT)
        return;
    parley_talk_message(&r, line->name, line->fields);
    must(!r.overflow);
    if (!parley_peek_valid(parley_rendered(&r), &fault, &offset))
        must(line->source.len > 500); /* nested too deep */
    else
        parley_talk_matches(parley_rendered(&r), "type", line->name, line->fields, why);
}

static bool check_lines(struct parley_view text)
{
    struct parley_talk talk = {.text = text, .name = PARLEY_VIEW("fuzz")};
    struct parley_talk_settings settings;
    struct parley_talk_line line;
    char why[PARLEY_TALK_WHY] = "";
    int got;

    while ((got = parley_talk_next(&talk, &line, why)) > 0)
        check_fields(&line);
    must(got == 0 || strchr(why, ':') != NULL); /* its name may be that of a line "#@ 7 NAME" */
    talk = (struct parley_talk){.text = text, .name = PARLEY_VIEW("fuzz")};
    return parley_talk_check(&talk, &settings, why) == PARLEY_OK;
}

static void play(struct parley_transport *t)
{
    uint64_t now_us = 1;
    int status = 1;

    for (int turn = 0; turn < TURNS && status >= 0; turn++) {
        struct parley_fragment piece;
        struct parley_interest want;

        parley_transport_work(t, now_us);
        for (int i = 0; i < PIECES && (status = parley_transport_recv(t, &piece)) > 0; i++)
            continue;
        parley_transport_send(t, parley_view("{\"type\":\"response.create\"}"));
        parley_transport_interest(t, &want);
        if (want.deadline_us > now_us && want.deadline_us != PARLEY_NEVER)
            now_us = want.deadline_us;
    }
    must(status >= 0 || parley_transport_reason(t).len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parley_view text = parley_view_of((const char *)data, size);
    struct parley_endpoint to = {.script = text, .script_name = PARLEY_VIEW("fuzz")};
    struct parley_arena arena = parley_arena(NULL, 0);
    struct parley_transport *t;
    char why[PARLEY_TRANSPORT_REASON];
    void *block;

    if (size == 0)
        return 0;
    if (!check_lines(text)) {
        must(parley_transport_open(&t, &arena, &to, why) == PARLEY_ERR_ARGUMENT);
        return 0;
    }
    must(parley_transport_open(&t, &arena, &to, why) == PARLEY_OK);
    block = exact_room(arena.used);
    arena = parley_arena(block, arena.used);
    must(parley_transport_open(&t, &arena, &to, why) == PARLEY_OK && t != NULL);
    play(t);
    parley_transport_drop(t);
    free(block);
    return 0;
}
