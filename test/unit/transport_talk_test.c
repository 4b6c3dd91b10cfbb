/*
 * The language of talks, and the peer that plays one.
 */
#include "test/unit/loopback_link.h"
#include "transport/loopback/script.h"
#include "transport/loopback/talk.h"

/* ---- reading lines -------------------------------------------------------------------------------- */

static struct parley_talk talk_of(const char *text)
{
    return (struct parley_talk){.text = parley_view(text), .name = PARLEY_VIEW("t.talk")};
}

/* Reads one line. */
static struct parley_talk_line line_of(const char *text)
{
    struct parley_talk talk = talk_of(text);
    struct parley_talk_line line;
    char why[PARLEY_TALK_WHY];

    if (parley_talk_next(&talk, &line, why) != 1)
        fail_msg("%s", why);
    return line;
}

static void assert_view(struct parley_view view, const char *text)
{
    assert_int_equal(view.len, strlen(text));
    assert_memory_equal(view.at, text, view.len);
}

static void lines_are_read(void **state)
{
    static const struct {
        const char *text;
        enum parley_talk_verb verb;
        const char *name, *quoted, *fields;
        uint64_t amount;
    } rows[] = {
        {"option modality text", PARLEY_TALK_OPTION, "modality", "text", "", 0},
        {"option close_on_error", PARLEY_TALK_OPTION, "close_on_error", "", "", 0},
        {"option prompt \"a b\"", PARLEY_TALK_OPTION, "prompt", "\"a b\"", "", 0},
        {"use service", PARLEY_TALK_USE, "service", "", "", 0},
        {"heard \"say \\\"hi\\\" # now\" # comment", PARLEY_TALK_HEARD, "", "\"say \\\"hi\\\" # now\"", "",
         0},
        {"server {\"type\":\"x # y\"}", PARLEY_TALK_SERVER_JSON, "", "{\"type\":\"x # y\"}", "", 0},
        {"server  x.y  a=1 b~\"c d\" !e", PARLEY_TALK_SERVER_EVENT, "x.y", "", "a=1 b~\"c d\" !e", 0},
        {"server response.created", PARLEY_TALK_SERVER_EVENT, "response.created", "", "", 0},
        {"server audio ms=40", PARLEY_TALK_SERVER_AUDIO, "", "", "ms=40", 0},
        {"server raw \"not json\"", PARLEY_TALK_SERVER_RAW, "", "\"not json\"", "", 0},
        {"server long 70000", PARLEY_TALK_SERVER_LONG, "", "", "", 70000},
        {"server close", PARLEY_TALK_SERVER_CLOSE, "", "", "", 0},
        {"server close 1001", PARLEY_TALK_SERVER_CLOSE, "", "", "", 1001},
        {"server break", PARLEY_TALK_SERVER_BREAK, "", "", "", 0},
        {"service seed 7", PARLEY_TALK_SERVICE, "seed", "7", "", 0},
        {"fault stall 1.5s", PARLEY_TALK_FAULT, "stall", "", "", 1500000},
        {"fault close 1011", PARLEY_TALK_FAULT, "close", "", "", 1011},
        {"fault error", PARLEY_TALK_FAULT, "error", "", "", 0},
        {"expect broken response-one", PARLEY_TALK_EXPECT_BROKEN, "response-one", "", "", 0},
        {"expect event x a*=b* c<5 d>-1.5", PARLEY_TALK_EXPECT_EVENT, "x", "", "a*=b* c<5 d>-1.5", 0},
        {"expect sent audio 1.5s", PARLEY_TALK_EXPECT_AUDIO, "", "", "", 1500000},
        {"expect nothing sent", PARLEY_TALK_EXPECT_NOTHING, "", "", "", 0},
        {"expect sent response.create", PARLEY_TALK_EXPECT_SENT, "response.create", "", "", 0},
        {"expect no event error", PARLEY_TALK_EXPECT_NO_EVENT, "error", "", "", 0},
        {"host audio 20ms silence", PARLEY_TALK_HOST_AUDIO, "silence", "", "", 20000},
        {"host play 2s", PARLEY_TALK_HOST_PLAY, "", "", "", 2000000},
        {"host play 0.5s", PARLEY_TALK_HOST_PLAY, "", "", "", 500000},
        {"host play 3m", PARLEY_TALK_HOST_PLAY, "", "", "", 180000000},
        {"host play 86400000ms", PARLEY_TALK_HOST_PLAY, "", "", "", 86400000000},
        {"host stop\r", PARLEY_TALK_HOST_STOP, "", "", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_talk_line line = line_of(rows[i].text);

        print_message("# %s\n", rows[i].text);
        assert_int_equal(line.verb, rows[i].verb);
        assert_view(line.name, rows[i].name);
        assert_view(line.text, rows[i].quoted);
        assert_view(line.fields, rows[i].fields);
        assert_true(line.amount == rows[i].amount);
        assert_true(line.before_us == PARLEY_NEVER);
        assert_int_equal(line.when, PARLEY_TALK_THEN);
    }
}

static void times_and_ends_of_lines_are_read(void **state)
{
    struct parley_talk_line line;

    (void)state;
    line = line_of("\n# comment\n\n 900ms server x");
    assert_int_equal(line.number, 4);
    assert_int_equal(line.when, PARLEY_TALK_AT);
    assert_true(line.when_us == 900000);
    assert_view(line.source, "900ms server x");
    line = line_of("+1.5s host ask gives ERR_STATE");
    assert_int_equal(line.when, PARLEY_TALK_AFTER);
    assert_true(line.when_us == 1500000);
    assert_view(line.gives, "ERR_STATE");
    line = line_of("expect sent a b=\"before gives\" before 2s");
    assert_true(line.before_us == 2000000);
    assert_view(line.fields, "b=\"before gives\"");
    line = line_of("host progress \"done\" handoff=call_1 gives ERR_FULL");
    assert_view(line.fields, "handoff=call_1");
    assert_view(line.gives, "ERR_FULL");
}

static void bad_lines_are_told_with_their_place(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"server", "t.talk:1:7: a name is missing"},
        {"\n\nhost dance", "t.talk:3:1: 'host dance' is no command"},
        {"900 server x", "t.talk:1:1: '900' is no time such as 900ms"},
        {"+1.55s server x", "t.talk:1:1: '+1.55s' is no time"},
        {"server {\"a\":}", "t.talk:1:13: not JSON: a value is missing"},
        {"server {\"a\":1} more", "t.talk:1:16: not JSON: something follows"},
        {"server {\"a\":1", "not JSON: the text ends too early"},
        {"server x a", "t.talk:1:10: 'a' is no field"},
        {"server x =a", "t.talk:1:10: '=a' is no field"},
        {"server x a..b=1", "t.talk:1:10: 'a..b=1' is no field"},
        {"server x .a=1", "is no field"},
        {"server x a.=1", "is no field"},
        {"server x a=", "t.talk:1:12: 'a=' has no value"},
        {"server x a=\"b", "has no value, or its text no closing quote"},
        {"server x a=\"\\q\"", "t.talk:1:14: there is no such escape"},
        {"heard hello", "t.talk:1:7: a text in double quotes is missing"},
        {"heard \"hello", "t.talk:1:7: the text has no closing quote"},
        {"heard \"a\" b", "t.talk:1:11: 'b' is too much here"},
        {"server long many", "t.talk:1:13: a number is missing"},
        {"server long 5000000000", "t.talk:1:13: a number is missing"},
        {"host play 86400001ms", "t.talk:1:11: a duration"},
        {"host play .5s", "t.talk:1:11: a duration"},
        {"host play 1.5m", "t.talk:1:11: a duration"},
        {"host play ms", "t.talk:1:11: a duration"},
        {"host play fast", "t.talk:1:11: a duration such as 200ms or 1.5s"},
        {"expect sent x before", "t.talk:1:21: a duration"},
        {"host stop now", "t.talk:1:11: 'now' is too much here"},
        {"use telephone", "only 'service' can be used"},
        {"expect event x a*b", "t.talk:1:16: 'a' is no field"},
        {"expect event x a*=", "'a*=' has no value"},
        {"expect event x ~=", "'~=' is no field"},
        {"expect event x a<many", "t.talk:1:18: 'a<many' compares with no number"},
        {"fault stall soon", "t.talk:1:13: 'soon' is neither a number nor a duration"},
        {"fault error", "t.talk:1:1: this needs 'use service' at the top"},
        {"use service\nfault toothache", "t.talk:2:7: 'toothache' is no fault"},
        {"expect broken response-one", "this needs 'use service' at the top"},
        {"use service\nexpect broken the-ice", "t.talk:2:15: 'the-ice' is no rule"},
        {"service speed 0", "t.talk:1:15: 'speed' needs a number"},
        {"service rules some", "t.talk:1:15: rules are strict or lenient"},
        {"service tea 5", "t.talk:1:9: a service has rules, seed"},
        {"include \"x.inc\"", "t.talk:1:1: only 'parley-loopback test' includes files"},
        {"server x\n#@ 9 other.inc\nserver\n", "other.inc:9:7: a name is missing"},
        {"#@ 0 other.inc\nserver\n", "t.talk:2:7: a name is missing"},
        {"option fragment 0", "'fragment' needs a number of bytes"},
        {"option patience soon", "patience needs a duration"},
        {"+1s option voice x", "a setting has no time"},
        {"server x\noption voice x", "t.talk:2:1: settings stand before all other lines"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_talk talk = talk_of(rows[i].text);
        struct parley_talk_settings settings;
        char why[PARLEY_TALK_WHY] = "";

        assert_int_equal(parley_talk_check(&talk, &settings, why), PARLEY_ERR_ARGUMENT);
        if (strstr(why, rows[i].why) == NULL)
            fail_msg("%s: %s", rows[i].text, why);
    }
}

static void settings_are_gathered(void **state)
{
    struct parley_talk talk = talk_of("option patience 2s\noption fragment 3\noption send 5\nuse service\n"
                                      "heard \"a\"\nheard \"bc\"\noption voice x\nservice rules lenient\n"
                                      "service seed 9\nservice speed 2\nservice minutes 3\n"
                                      "service tokens 4\nserver x\n");
    struct parley_talk_settings settings;
    char why[PARLEY_TALK_WHY];

    (void)state;
    assert_int_equal(parley_talk_check(&talk, &settings, why), PARLEY_OK);
    assert_true(settings.service);
    assert_true(settings.patience_us == 2000000);
    assert_int_equal(settings.fragment_bytes, 3);
    assert_int_equal(settings.send_bytes, 5);
    assert_int_equal(settings.heard, 2);
    assert_true(settings.lenient);
    assert_int_equal(settings.seed, 9);
    assert_int_equal(settings.speed, 2);
    assert_int_equal(settings.session_minutes, 3);
    assert_int_equal(settings.tokens_a_minute, 4);
}

/* ---- messages ------------------------------------------------------------------------------------- */

static void fields_become_messages(void **state)
{
    static const struct {
        const char *line, *json;
    } rows[] = {
        {"server a.b", "{\"type\":\"a.b\"}"},
        {"server t a=1 b=true c=x d=\"1\"", "{\"type\":\"t\",\"a\":1,\"b\":true,\"c\":\"x\",\"d\":\"1\"}"},
        {"server t r.id=r1", "{\"type\":\"t\",\"r\":{\"id\":\"r1\"}}"},
        {"server t r.a.b=1 r.a.c=2 r.d=3 e=4",
         "{\"type\":\"t\",\"r\":{\"a\":{\"b\":1,\"c\":2},\"d\":3},\"e\":4}"},
        {"server t ab.c=1 a.c=2", "{\"type\":\"t\",\"ab\":{\"c\":1},\"a\":{\"c\":2}}"},
        {"server t a.b=1 a.b.c=2", "{\"type\":\"t\",\"a\":{\"b\":1,\"b\":{\"c\":2}}}"},
        {"server t n=null x=\"{\\\"y\\\":1}\" z={\"y\":[1,2]}",
         "{\"type\":\"t\",\"n\":null,\"x\":\"{\\\"y\\\":1}\",\"z\":{\"y\":[1,2]}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_talk_line line = line_of(rows[i].line);
        char text[512];
        struct parley_render r = parley_render(text, sizeof(text) - 1);

        parley_talk_message(&r, line.name, line.fields);
        text[r.used] = '\0';
        assert_string_equal(text, rows[i].json);
    }
}

static void messages_are_held_against_fields(void **state)
{
    static const char message[] =
        "{\"type\":\"t\",\"n\":700,\"s\":\"a \\\"b\\\" \\u00e9\",\"o\":{\"p\":[{\"q\":null},"
        "\"7\"]}}";
    static const struct {
        const char *line, *why; /* NULL: it matches */
    } rows[] = {
        {"expect sent t", NULL},
        {"expect sent u", "type is \"t\""},
        {"expect sent t n=700", NULL},
        {"expect sent t n=70", "n is 700"},
        {"expect sent t n=\"700\"", "n is 700"},
        {"expect sent t s=\"a \\\"b\\\" \xc3\xa9\"", NULL},
        {"expect sent t s~\"b\\\"\"", NULL},
        {"expect sent t s~c", "s is"},
        {"expect sent t s~\"\"", NULL},
        {"expect sent t o.p.0.q=null", NULL},
        {"expect sent t o.p.1=7", NULL},
        {"expect sent t o.p.2=7", "o.p.2 is missing"},
        {"expect sent t o.p.x=7", "o.p.x is missing"},
        {"expect sent t n.x=7", "n.x is missing"},
        {"expect sent t !x !o.y", NULL},
        {"expect sent t !n", "n is there: 700"},
        {"expect sent t x=1", "x is missing"},
        {"expect sent t o~null", NULL},
        {"expect sent t s*=\"a*\"", NULL},
        {"expect sent t s*=\"*b*\"", NULL},
        {"expect sent t s*=\"?*b?*\"", NULL},
        {"expect sent t s*=b*", "s is"},
        {"expect sent t s*=a", "s is"},
        {"expect sent t n*=7??", NULL},
        {"expect sent t n*=7?", "n is 700"},
        {"expect sent t n*=7***0", NULL},
        {"expect sent t n<701 n>699.5", NULL},
        {"expect sent t n<700", "n is 700"},
        {"expect sent t n>700", "n is 700"},
        {"expect sent t s>1", "s is"},
        {"expect sent t x>1", "x is missing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parley_talk_line line = line_of(rows[i].line);
        char why[PARLEY_TALK_WHY] = "";
        bool matches = parley_talk_matches(parley_view(message), "type", line.name, line.fields, why);

        if (matches != (rows[i].why == NULL) || (!matches && strstr(why, rows[i].why) == NULL))
            fail_msg("%s: %s", rows[i].line, why);
    }
}

/* ---- playing -------------------------------------------------------------------------------------- */

static void play(struct link *l, const char *text)
{
    struct parley_endpoint to = {.script = parley_view(text), .script_name = PARLEY_VIEW("t.talk")};

    link_open(l, &to);
    link_turn(l);
}

static void lines_come_at_their_times(void **state)
{
    static const struct {
        uint64_t ms;
        const char *text;
    } wanted[] = {
        {0, "{\"type\":\"a\"}"},   {200, "{\"type\":\"b\"}"}, {900, "{\"type\":\"c\"}"},
        {900, "{\"type\":\"d\"}"}, {1000, "not {json"},       {1000, "b\xc3\xa9"},
    };
    struct link l;

    (void)state;
    play(&l, "server {\"type\":\"a\"}\n+200ms server b\n900ms server c\n500ms server d # late already\n"
             "+100ms server raw \"not {json\"\nserver binary \"b\xc3\xa9\"\n");
    link_until(&l, 2000000);
    assert_int_equal(l.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(l.messages[i].text, wanted[i].text);
        assert_int_equal((l.messages[i].at_us - LINK_START_US) / 1000, wanted[i].ms);
        assert_int_equal(l.messages[i].binary, i == 5);
    }
    link_close(&l);
}

static void sound_is_made(void **state)
{
    struct parley_view message, delta;
    struct link l;

    (void)state;
    play(&l, "server audio item=item_1 response=r ms=100\nserver audio ms=30\n"
             "server audio type=conversation.output_audio.delta ms=20\nserver audio ms=99999\n");
    assert_int_equal(l.count, 4);
    message = link_wanted(&l, "response.output_audio.delta");
    link_member(message, "item_id", "\"item_1\"");
    link_member(message, "response_id", "\"r\"");
    link_member(message, "content_index", "0");
    assert_true(parley_peek(message, parley_view("delta"), &delta));
    assert_int_equal(delta.len - 2, 6400);
    assert_false(strspn(delta.at + 1, "A") >= 6400); /* no silence */
    message = link_wanted(&l, "response.output_audio.delta");
    assert_false(parley_peek(message, parley_view("item_id"), &delta));
    assert_true(parley_peek(message, parley_view("delta"), &delta));
    assert_int_equal(delta.len - 2, 1920);
    message = link_wanted(&l, "conversation.output_audio.delta");
    link_member(message, "sample_rate", "24000");
    message = link_wanted(&l, "response.output_audio.delta");
    assert_true(parley_peek(message, parley_view("delta"), &delta));
    assert_int_equal(delta.len - 2, 64000); /* a second at most */
    link_close(&l);
}

static void long_messages_have_their_length(void **state)
{
    static const size_t sizes[] = {1, 40, 41, 4100, 4131, 4132, 4133, 300000};
    const char *why;
    size_t offset;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct link l;
        char text[64];

        snprintf(text, sizeof(text), "server long %zu\nserver after\n", sizes[i]);
        play(&l, text);
        assert_int_equal(l.count, 2);
        assert_int_equal(l.messages[0].len, sizes[i] < 37 ? 37 : sizes[i]);
        assert_true(parley_peek_valid(parley_view_of(l.messages[0].text, l.messages[0].len), &why, &offset));
        assert_string_equal(l.messages[1].text, "{\"type\":\"after\"}");
        link_close(&l);
    }
}

static void the_link_ends_as_the_line_says(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *reason;
    } rows[] = {
        {"server a\nserver close\n", PARLEY_ERR_PEER_CLOSED, "open: the service closed with code 1000"},
        {"server a\nserver close 1011\n", PARLEY_ERR_PEER_CLOSED, "open: the service closed with code 1011"},
        {"server a\nserver break\n", PARLEY_ERR_LOST, "open: the connection broke"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct link l;

        play(&l, rows[i].text);
        assert_int_equal(l.count, 1);
        assert_int_equal(l.status, rows[i].status);
        assert_string_equal(parley_transport_reason(l.t).at, rows[i].reason);
        link_close(&l);
    }
}

/* Without a host a talk is a server that waits for what it expects, and passes over the host's lines. */
static void expectations_hold_the_script_up(void **state)
{
    struct link l;

    (void)state;
    play(&l, "option fragment 2\noption send 3\nserver a\nhost text \"hi\"\nexpect event speech_started\n"
             "expect sent conversation.item.create item.type=message\n+50ms server b\n"
             "expect sent audio 100ms\nserver c\n");
    link_pass(&l, 300);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.messages[0].pieces, 6);
    link_send(&l, "{\"type\":\"session.update\",\"session\":{}}");
    link_pass(&l, 100);
    assert_int_equal(l.count, 1);
    link_send(&l, "{\"type\":\"conversation.item.create\",\"item\":{\"type\":\"message\"}}");
    link_pass(&l, 49);
    assert_int_equal(l.count, 1);
    link_pass(&l, 1);
    assert_int_equal(l.count, 2);
    for (int i = 0; i < 5; i++) {
        char text[2000] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"", *end = text + strlen(text);

        assert_int_equal(l.count, 2);
        memset(end, 'A', 1280); /* 20 ms */
        memcpy(end + 1280, "\"}", 3);
        link_send(&l, text);
        link_pass(&l, 20);
    }
    assert_int_equal(l.count, 3);
    link_close(&l);
}

static void failures_end_the_link_with_words(void **state)
{
    static const struct {
        const char *text, *sent, *reason;
    } rows[] = {
        {"option patience 1s\nexpect sent response.create\n", NULL,
         "t.talk:2: response.create was not sent until 1000 ms, nor anything else"},
        {"expect sent response.create before 200ms\n", NULL,
         "t.talk:1: response.create was not sent until 200 ms"},
        {"expect sent response.create\n", "{\"type\":\"response.cancel\"}",
         "t.talk:1: something else was sent (type is \"response.cancel\"): {\"type\":\"response.cancel\"}"},
        {"expect sent response.create a=1\n", "{\"type\":\"response.create\",\"a\":2}", "(a is 2)"},
        {"expect sent response.create\n", "nonsense", "(type is missing): nonsense"},
        {"expect sent audio 50ms before 1s\n",
         "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAAAAAAAAAA\"}",
         "t.talk:1: only 0 ms of audio were sent until 1000 ms"},
        {"+100ms expect nothing sent\n", "{\"type\":\"response.create\"}",
         "t.talk:1: nothing was to be sent, but: {\"type\":\"response.create\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct link l;

        play(&l, rows[i].text);
        if (rows[i].sent != NULL)
            link_send(&l, rows[i].sent);
        link_until(&l, 20000000);
        assert_int_equal(l.status, PARLEY_ERR_LOST);
        if (strstr(parley_transport_reason(l.t).at, rows[i].reason) == NULL)
            fail_msg("%s", parley_transport_reason(l.t).at);
        link_close(&l);
    }
}

/* ---- hosted --------------------------------------------------------------------------------------- */

static struct parley_script *hosted(struct link *l, void **memory, const char *text)
{
    struct parley_arena count = parley_arena(NULL, 0), arena;
    struct parley_script *script;
    struct parley_endpoint to = {0};
    char why[PARLEY_TALK_WHY];

    assert_int_equal(parley_script_open(&script, &count, parley_view(text), parley_view("t.talk"), true, why),
                     0);
    assert_null(script);
    *memory = malloc(count.used);
    arena = parley_arena(*memory, count.used);
    assert_int_equal(parley_script_open(&script, &arena, parley_view(text), parley_view("t.talk"), true, why),
                     0);
    assert_non_null(script);
    to.peer = parley_script_peer(script);
    link_open(l, &to);
    return script;
}

static void a_hosted_script_waits_for_its_host(void **state)
{
    const struct parley_talk_line *line;
    struct parley_script *s;
    struct link l;
    void *memory;
    uint64_t due_us;

    (void)state;
    s = hosted(&l, &memory, "server a\n+20ms host text \"hi\"\nserver b\nexpect sent close 1000\n");
    parley_script_line(s, &due_us);
    assert_true(due_us == PARLEY_NEVER);
    link_turn(&l);
    assert_int_equal(l.count, 1);
    line = parley_script_line(s, &due_us);
    assert_int_equal(line->verb, PARLEY_TALK_HOST_TEXT);
    assert_true(due_us == LINK_START_US + 20000);
    assert_true(parley_script_due(s) == due_us);
    link_pass(&l, 500);
    assert_int_equal(l.count, 1);
    parley_script_step(s, l.now_us);
    link_turn(&l);
    assert_int_equal(l.count, 2);
    line = parley_script_line(s, &due_us);
    assert_int_equal(line->verb, PARLEY_TALK_EXPECT_CLOSE);
    parley_transport_close(l.t, 1000);
    link_turn(&l);
    parley_script_settle(s, l.now_us);
    assert_null(parley_script_line(s, &due_us));
    assert_int_equal(parley_script_failure(s).len, 0);
    assert_true(parley_script_due(s) == PARLEY_NEVER);
    link_close(&l);
    free(memory);
}

static void what_nobody_expected_is_found(void **state)
{
    struct parley_script *s;
    struct parley_view message;
    struct link l;
    void *memory;
    uint64_t before;

    (void)state;
    s = hosted(&l, &memory, "expect sent a\n");
    link_turn(&l);
    link_send(&l, "{\"type\":\"session.update\"}");
    assert_false(parley_script_unexpected(s, &message));
    link_send(&l, "{\"type\":\"a\"}");
    before = parley_script_digest(s);
    link_send(&l, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"AAAA\"}");
    assert_true(before != parley_script_digest(s));
    link_turn(&l);
    assert_false(parley_script_unexpected(s, &message));
    link_send(&l, "{\"type\":\"b\"}");
    assert_true(parley_script_unexpected(s, &message));
    assert_view(message, "{\"type\":\"b\"}");
    link_close(&l);
    free(memory);
}

/* The log of a hosted script is bounded; a script alone forgets the oldest. */
static void too_much_that_nobody_expects(void **state)
{
    static char text[40000];
    struct parley_script *s;
    struct link l;
    void *memory;

    (void)state;
    snprintf(text, sizeof(text), "{\"type\":\"x\",\"a\":\"%039000d\"}", 0);
    s = hosted(&l, &memory, "+1s server a\n");
    link_turn(&l);
    for (int i = 0; i < 5; i++)
        link_send(&l, text);
    assert_non_null(strstr(parley_script_failure(s).at, "t.talk:1: more was sent than can be remembered"));
    link_pass(&l, 2000);
    assert_int_equal(l.count, 0); /* it stopped */
    link_close(&l);
    free(memory);

    play(&l, "+1s server a\n");
    for (int i = 0; i < 5; i++)
        link_send(&l, text);
    link_pass(&l, 2000);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.status, 0);
    link_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read),
        cmocka_unit_test(times_and_ends_of_lines_are_read),
        cmocka_unit_test(bad_lines_are_told_with_their_place),
        cmocka_unit_test(settings_are_gathered),
        cmocka_unit_test(fields_become_messages),
        cmocka_unit_test(messages_are_held_against_fields),
        cmocka_unit_test(lines_come_at_their_times),
        cmocka_unit_test(sound_is_made),
        cmocka_unit_test(long_messages_have_their_length),
        cmocka_unit_test(the_link_ends_as_the_line_says),
        cmocka_unit_test(expectations_hold_the_script_up),
        cmocka_unit_test(failures_end_the_link_with_words),
        cmocka_unit_test(a_hosted_script_waits_for_its_host),
        cmocka_unit_test(what_nobody_expected_is_found),
        cmocka_unit_test(too_much_that_nobody_expects),
    };

    return cmocka_run_group_tests_name("transport_talk", tests, NULL, NULL);
}
