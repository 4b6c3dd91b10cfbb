/* Events as JSON lines, read back by somebody else's JSON reader. */
#include "cli_test.h"

#include <jansson.h>

#include "core/cli/json_lines.h"

static char buffer[4096];

/* The line of an event: one line, one object. Freed by the caller. */
static json_t *read_line(const struct parley_render *r)
{
    json_error_t error;
    json_t *object;

    assert_true(r->used > 0);
    assert_int_equal(r->at[r->used - 1], '\n');
    assert_null(memchr(r->at, '\n', r->used - 1));
    object = json_loadb(r->at, r->used, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        fail_msg("%s: %.*s", error.text, (int)r->used, r->at);
    return object;
}

static json_t *line_of(struct parley_event event)
{
    struct parley_render r = parley_render(buffer, sizeof buffer);

    parley_cli_json_event(&r, &event, 1000000);
    return read_line(&r);
}

static const struct {
    const char *title;
    struct parley_event event;
    const char *expected;
} events[] = {
    {"a stage",
     {.kind = PARLEY_EVENT_LINK, .text = PARLEY_VIEW("tls")},
     "{'event':'link','at_ms':1204,'text':'tls'}"},
    {"what the user said",
     {.kind = PARLEY_EVENT_USER_DONE, .text = PARLEY_VIEW("\"a\"\n\033\\")},
     "{'event':'user_done','at_ms':1204,'text':'\\\"a\\\"\\n\\u001b\\\\'}"},
    {"sound by its length",
     {.kind = PARLEY_EVENT_AUDIO,
      .samples = 2400,
      .sample_rate = 24000,
      .channels = 1,
      .item_id = PARLEY_VIEW("item_1"),
      .late = true},
     "{'event':'audio','at_ms':1204,'item_id':'item_1','samples':2400,'sample_rate':24000,'channels':1,"
     "'late':true}"},
    {"a handoff",
     {.kind = PARLEY_EVENT_HANDOFF,
      .handoff_id = PARLEY_VIEW("call_1"),
      .item_id = PARLEY_VIEW("item_2"),
      .text = PARLEY_VIEW("count"),
      .delegation = PARLEY_VIEW("<a>\n</a>"),
      .dropped = 7},
     "{'event':'handoff','at_ms':1204,'item_id':'item_2','handoff_id':'call_1','steering':false,'dropped':7,"
     "'text':'count','delegation':'<a>\\n</a>'}"},
    {"an interruption",
     {.kind = PARLEY_EVENT_INTERRUPTED,
      .item_id = PARLEY_VIEW("item_1"),
      .heard_ms = 1400,
      .reason = PARLEY_REASON_SPEECH},
     "{'event':'interrupted','at_ms':1204,'item_id':'item_1','reason':'speech','heard_ms':1400}"},
    {"a reply heard",
     {.kind = PARLEY_EVENT_PLAYED, .heard_ms = 5},
     "{'event':'played','at_ms':1204,'heard_ms':5}"},
    {"a response",
     {.kind = PARLEY_EVENT_RESPONSE_DONE,
      .response_id = PARLEY_VIEW("resp_1"),
      .status_text = PARLEY_VIEW("failed"),
      .code = PARLEY_VIEW("quota"),
      .text = PARLEY_VIEW("")},
     "{'event':'response_done','at_ms':1204,'response_id':'resp_1','status':'failed','code':'quota','text':''"
     "}"},
    {"an error",
     {.kind = PARLEY_EVENT_ERROR,
      .status = PARLEY_ERR_LOST,
      .text = PARLEY_VIEW("gone"),
      .fatal = true,
      .event_id = PARLEY_VIEW("event_3")},
     "{'event':'error','at_ms':1204,'event_id':'event_3','problem':'ERR_LOST','fatal':true,'text':'gone'}"},
    {"something left out",
     {.kind = PARLEY_EVENT_SKIPPED, .status = PARLEY_ERR_JSON, .text = PARLEY_VIEW("at 3")},
     "{'event':'skipped','at_ms':1204,'problem':'ERR_JSON','text':'at 3'}"},
    {"a break",
     {.kind = PARLEY_EVENT_RECONNECTING,
      .status = PARLEY_ERR_LOST,
      .text = PARLEY_VIEW("gone"),
      .attempt = 2,
      .wait_ms = 731},
     "{'event':'reconnecting','at_ms':1204,'problem':'ERR_LOST','attempt':2,'wait_ms':731,'text':'gone'}"},
    {"its end",
     {.kind = PARLEY_EVENT_RECONNECTED, .gap_ms = 1900, .state_restored = true},
     "{'event':'reconnected','at_ms':1204,'gap_ms':1900,'state_restored':true}"},
    {"its end, not as before",
     {.kind = PARLEY_EVENT_RECONNECTED, .gap_ms = 5, .text = PARLEY_VIEW("speech")},
     "{'event':'reconnected','at_ms':1204,'gap_ms':5,'state_restored':false,'text':'speech'}"},
    {"the answer of a call",
     {.kind = PARLEY_EVENT_SDP, .text = PARLEY_VIEW("v=0\r\n"), .call_id = PARLEY_VIEW("rtc_1")},
     "{'event':'sdp','at_ms':1204,'call_id':'rtc_1','text':'v=0\\r\\n'}"},
    {"speech shed",
     {.kind = PARLEY_EVENT_SHED, .samples = 480},
     "{'event':'shed','at_ms':1204,'samples':480}"},
    {"an orderly end",
     {.kind = PARLEY_EVENT_CLOSED, .closed = PARLEY_CLOSED_REQUESTED},
     "{'event':'closed','at_ms':1204,'reason':'requested'}"},
    {"another end",
     {.kind = PARLEY_EVENT_CLOSED, .closed = PARLEY_CLOSED_ERROR, .status = PARLEY_ERR_TLS},
     "{'event':'closed','at_ms':1204,'reason':'error','problem':'ERR_TLS'}"},
    {"an item as it came",
     {.kind = PARLEY_EVENT_ITEM_ADDED, .json = PARLEY_VIEW("{\n  \"a\": [1,\r\n 2]\n}")},
     "{'event':'item_added','at_ms':1204,'json':{'a':[1,2]}}"},
};

/* 'text' is easier to read in a table than \"text\". */
static json_t *expected(const char *quoted)
{
    static char text[1000];
    json_error_t error;
    json_t *object;

    snprintf(text, sizeof text, "%s", quoted);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL)
        fail_msg("%s: %s", quoted, error.text);
    return object;
}

static void every_field_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        struct parley_event event = events[i].event;
        json_t *line, *wanted = expected(events[i].expected);

        event.at_us = 2204567;
        line = line_of(event);
        if (!json_equal(line, wanted))
            fail_msg("%s: %s", events[i].title, buffer);
        json_decref(line);
        json_decref(wanted);
    }
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = PARLEY_EVENT_LINK; kind <= PARLEY_EVENT_CLOSED; kind++) {
        json_t *line = line_of((struct parley_event){.kind = (enum parley_event_kind)kind});

        assert_string_equal(json_string_value(json_object_get(line, "event")),
                            parley_event_name((enum parley_event_kind)kind));
        assert_int_equal(json_integer_value(json_object_get(line, "at_ms")), 0); /* not before the start */
        json_decref(line);
    }
}

static void what_does_not_fit_is_told(void **state)
{
    static char text[5000];
    struct parley_event event = {.kind = PARLEY_EVENT_REPLY_DONE, .text = parley_view_of(text, sizeof text)};
    struct parley_render r = parley_render(buffer, sizeof buffer);
    json_t *line;

    (void)state;
    memset(text, 'x', sizeof text);
    parley_cli_json_event(&r, &event, 0);
    line = read_line(&r);
    assert_true(json_is_true(json_object_get(line, "too_long")));
    assert_string_equal(json_string_value(json_object_get(line, "event")), "reply_done");
    json_decref(line);
}

static void the_program_has_news_too(void **state)
{
    static const struct {
        const char *event, *what, *text, *expected;
    } news[] = {
        {"agent", "said", "42\n", "{'event':'agent','at_ms':7,'what':'said','text':'42\\n'}"},
        {"agent", "started", NULL, "{'event':'agent','at_ms':7,'what':'started'}"},
        {"typed", NULL, "hello", "{'event':'typed','at_ms':7,'text':'hello'}"},
        {"note", "error", "no", "{'event':'note','at_ms':7,'what':'error','text':'no'}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(news); i++) {
        struct parley_render r = parley_render(buffer, sizeof buffer);
        json_t *line, *wanted = expected(news[i].expected);

        parley_cli_json_own(&r, news[i].event, 7999, news[i].what, parley_view(news[i].text));
        line = read_line(&r);
        assert_true(json_equal(line, wanted));
        json_decref(line);
        json_decref(wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_told),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(the_program_has_news_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
