/* JSON-RPC as it comes in, and as it goes out: tables of lines, and the bounds of the queue. */
#include "cli_test.h"

#include "core/cli/rpc.h"
#include "core/cli/rpc_out.h"

#include <stdlib.h>

/* ---- messages ---------------------------------------------------------------------------------- */

enum { ANY = 0 };

static const struct {
    const char *title, *line;
    enum parley_cli_rpc_kind kind;
    const char *id;   /* NULL: absent */
    int code;         /* of a fault */
    const char *what; /* the method, or a part of the reason */
} messages[] = {
    {"a request", "{\"id\":1,\"method\":\"m\",\"params\":{}}", PARLEY_CLI_RPC_REQUEST, "1", ANY, "m"},
    {"members in any order", " { \"params\" : { } , \"method\":\"m\",\"id\" : \"a\\\"b\" } ",
     PARLEY_CLI_RPC_REQUEST, "\"a\\\"b\"", ANY, "m"},
    {"an escaped method", "{\"id\":1,\"method\":\"thread\\/start\"}", PARLEY_CLI_RPC_REQUEST, "1", ANY,
     "thread/start"},
    {"a fraction as id", "{\"id\":1.5,\"method\":\"m\"}", PARLEY_CLI_RPC_REQUEST, "1.5", ANY, "m"},
    {"a notification", "{\"method\":\"m\"}", PARLEY_CLI_RPC_NOTIFICATION, NULL, ANY, "m"},
    {"an answer", "{\"id\":1,\"result\":{}}", PARLEY_CLI_RPC_ANSWER, NULL, ANY, ""},
    {"an error to us", "{\"id\":1,\"error\":{}}", PARLEY_CLI_RPC_ANSWER, NULL, ANY, ""},
    {"unknown members", "{\"id\":1,\"x\":[{}],\"method\":\"m\"}", PARLEY_CLI_RPC_REQUEST, "1", ANY, "m"},
    {"no JSON", "{\"id\":1,", PARLEY_CLI_RPC_FAULT, "null", -32700, "ends too early"},
    {"more than one value", "{\"id\":1,\"method\":\"m\"} {}", PARLEY_CLI_RPC_FAULT, "null", -32700,
     "not JSON at byte"},
    {"nothing", " ", PARLEY_CLI_RPC_FAULT, "null", -32700, "not JSON"},
    {"bytes that are no UTF-8", "{\"id\":1,\"method\":\"\xff\"}", PARLEY_CLI_RPC_FAULT, "null", -32700,
     "not JSON"},
    {"a batch", "[{\"id\":1,\"method\":\"m\"}]", PARLEY_CLI_RPC_FAULT, "null", -32600, "batches"},
    {"a batch that is no JSON", "[{\"id\":1,\"method\":}]", PARLEY_CLI_RPC_FAULT, "null", -32700, "not JSON"},
    {"no object", "\"hello\"", PARLEY_CLI_RPC_FAULT, "null", -32600, "object"},
    {"no method", "{\"id\":1}", PARLEY_CLI_RPC_FAULT, "1", -32600, "no method"},
    {"a method that is none", "{\"id\":1,\"method\":{}}", PARLEY_CLI_RPC_FAULT, "1", -32600,
     "method must be"},
    {"an id that is an object", "{\"id\":{\"a\":1},\"method\":\"m\"}", PARLEY_CLI_RPC_FAULT, "null", -32600,
     "id must"},
    {"an id that is null", "{\"id\":null,\"method\":\"m\"}", PARLEY_CLI_RPC_FAULT, "null", -32600,
     "id must be"},
    {"an old version", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"m\"}", PARLEY_CLI_RPC_FAULT, "1", -32600,
     "jsonrpc"},
    {"a version that is none", "{\"id\":1,\"jsonrpc\":[2],\"method\":\"m\"}", PARLEY_CLI_RPC_FAULT, "1",
     -32600, "jsonrpc"},
};

static struct parley_cli_rpc_message read_line(const char *line)
{
    static char copy[4096];
    struct parley_cli_rpc_message m;

    snprintf(copy, sizeof copy, "%s", line);
    parley_cli_rpc_read(&m, copy, strlen(copy));
    return m;
}

static bool view_is(struct parley_view view, const char *text)
{
    return (view.at == NULL) == (text == NULL) && (text == NULL || parley_view_is(view, text));
}

static void lines_become_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        struct parley_cli_rpc_message m = read_line(messages[i].line);

        if (m.kind != messages[i].kind || !view_is(m.id, messages[i].id))
            fail_msg("%s: kind %d, id %.*s", messages[i].title, (int)m.kind, (int)m.id.len, m.id.at);
        if (m.kind == PARLEY_CLI_RPC_FAULT) {
            assert_int_equal((int)m.code, messages[i].code);
            assert_holds(messages[i].title, m.why, messages[i].what);
        } else if (m.kind != PARLEY_CLI_RPC_ANSWER) {
            assert_true(parley_view_is(m.method, messages[i].what));
        }
    }
}

static void a_long_id_is_a_fault(void **state)
{
    char line[600];

    (void)state;
    snprintf(line, sizeof line, "{\"id\":\"%0254d\",\"method\":\"m\"}", 1);
    assert_int_equal(read_line(line).kind, PARLEY_CLI_RPC_REQUEST);
    snprintf(line, sizeof line, "{\"id\":\"%0255d\",\"method\":\"m\"}", 1);
    assert_int_equal(read_line(line).kind, PARLEY_CLI_RPC_FAULT);
}

static void params_that_are_null_are_none(void **state)
{
    (void)state;
    assert_null(read_line("{\"id\":1,\"method\":\"m\",\"params\": null}").params);
    assert_non_null(read_line("{\"id\":1,\"method\":\"m\",\"params\":{}}").params);
}

static void the_client_tells_whether_it_wants_the_version(void **state)
{
    (void)state;
    assert_true(read_line("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}").versioned);
    assert_false(read_line("{\"id\":1,\"method\":\"m\"}").versioned);
}

/* Every beginning of a request is looked through, in memory of its own so that reading on would show. */
static void the_id_of_a_long_line_is_found_in_its_beginning(void **state)
{
    static const char line[] =
        "{\"jsonrpc\":\"2.0\",\"id\":17,\"method\":\"m\",\"params\":{\"data\":\"xxxxxxxxxxxx\"}}";

    (void)state;
    for (size_t len = 1; len < sizeof line; len++) {
        char *copy = malloc(len);
        struct parley_cli_rpc_message m;

        memcpy(copy, line, len);
        parley_cli_rpc_read_beginning(&m, copy, len, len);
        assert_int_equal(m.kind, PARLEY_CLI_RPC_FAULT);
        assert_int_equal((int)m.code, PARLEY_CLI_RPC_INVALID);
        assert_holds("why", m.why, "the line is longer than");
        if (len > strlen("{\"jsonrpc\":\"2.0\",\"id\":17"))
            assert_true(parley_view_is(m.id, "17"));
        else
            assert_true(parley_view_is(m.id, "null"));
        free(copy);
    }
}

/* ---- parameters -------------------------------------------------------------------------------- */

enum { TEXT, WHOLE, YES, OBJECT, ARRAY, NEEDED, PARAMS };
static const struct parley_cli_rpc_param params[PARAMS] = {
    [TEXT] = {"text", PARLEY_CLI_RPC_TEXT, false, 0},
    [WHOLE] = {"whole", PARLEY_CLI_RPC_WHOLE, false, 65535},
    [YES] = {"yes", PARLEY_CLI_RPC_BOOL, false, 0},
    [OBJECT] = {"object", PARLEY_CLI_RPC_OBJECT, false, 0},
    [ARRAY] = {"array", PARLEY_CLI_RPC_ARRAY, false, 0},
    [NEEDED] = {"needed", PARLEY_CLI_RPC_TEXT, true, 0},
};

static struct parley_cli_rpc_value values[PARAMS];
static char why[PARLEY_CLI_RPC_WHY];

static bool read_params(const char *json)
{
    static char copy[4096];

    snprintf(copy, sizeof copy, "%s", json);
    why[0] = '\0';
    return parley_cli_rpc_params(copy, strlen(copy), "a.", params, PARAMS, values, why);
}

static void parameters_become_values(void **state)
{
    (void)state;
    assert_true(
        read_params("{\"text\":\"a\\u00e9\\u0000\",\"whole\":65535,\"yes\":true,\"object\":{\"x\":[1]},"
                    "\"array\": [ {} ] ,\"else\":{\"text\":7},\"needed\":\"\"}"));
    assert_int_equal(values[TEXT].text.len, 4);
    assert_memory_equal(values[TEXT].text.at, "a\xc3\xa9", 4);
    assert_int_equal(values[WHOLE].number, 65535);
    assert_true(values[YES].yes);
    assert_true(parley_view_is(parley_view_of(values[OBJECT].json, values[OBJECT].len), "{\"x\":[1]}"));
    assert_true(parley_view_is(parley_view_of(values[ARRAY].json, values[ARRAY].len), "[ {} ]"));
    assert_true(values[NEEDED].given && values[NEEDED].text.at != NULL && values[NEEDED].text.len == 0);
}

static void missing_null_and_given_are_three_things(void **state)
{
    (void)state;
    assert_true(read_params("{\"needed\":\"x\",\"text\":null,\"whole\":null,\"object\":null}"));
    assert_true(values[TEXT].given && values[TEXT].null && values[TEXT].text.at == NULL);
    assert_true(values[OBJECT].null && values[OBJECT].json == NULL);
    assert_false(values[ARRAY].given);
    assert_true(read_params("{\"needed\":\"x\",\"text\":\"a\",\"text\":\"b\"}")); /* the last counts */
    assert_true(parley_view_is(values[TEXT].text, "b"));
}

static void wrong_parameters_are_named(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{}", "a.needed is missing"},
        {"[]", "params must be an object"},
        {"\"x\"", "params must be an object"},
        {"{\"needed\":null}", "a.needed must be a string"},
        {"{\"needed\":\"x\",\"text\":1}", "a.text must be a string"},
        {"{\"needed\":\"x\",\"whole\":65536}", "a.whole must be a whole number from 0 to 65535"},
        {"{\"needed\":\"x\",\"whole\":-1}", "a.whole must be a whole number"},
        {"{\"needed\":\"x\",\"whole\":1.0}", "a.whole must be a whole number"},
        {"{\"needed\":\"x\",\"whole\":\"1\"}", "a.whole must be a whole number"},
        {"{\"needed\":\"x\",\"yes\":0}", "a.yes must be true or false"},
        {"{\"needed\":\"x\",\"object\":[]}", "a.object must be an object"},
        {"{\"needed\":\"x\",\"array\":{}}", "a.array must be an array"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(read_params(cases[i].json));
        assert_holds(cases[i].json, why, cases[i].why);
    }
    assert_false(parley_cli_rpc_params(NULL, 0, "", params, PARAMS, values, why));
    assert_string_equal(why, "needed is missing");
}

static void arrays_are_gone_through(void **state)
{
    static const struct {
        const char *json, *elements;
    } cases[] = {
        {"[]", ""},
        {" [ ] ", ""},
        {"[1]", "1;"},
        {"[ \"a,]\" ,{\"b\":[2,3]} ,[ ],null,-1.5e3 ]", "\"a,]\";{\"b\":[2,3]};[ ];null;-1.5e3;"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char copy[200], got[200] = "", *element;
        size_t at = 0, len;

        snprintf(copy, sizeof copy, "%s", cases[i].json);
        while (parley_cli_rpc_element(copy, strlen(copy), &at, &element, &len))
            snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s;", (int)len, element);
        assert_string_equal(got, cases[i].elements);
    }
}

static void a_lone_string_is_read(void **state)
{
    char text[] = "\"a\\nb\"", number[] = "7";
    struct parley_view view;

    (void)state;
    assert_true(parley_cli_rpc_string(text, strlen(text), &view));
    assert_true(parley_view_is(view, "a\nb"));
    assert_false(parley_cli_rpc_string(number, 1, &view));
}

/* ---- going out --------------------------------------------------------------------------------- */

static struct parley_cli_rpc_out out;
static char output[PARLEY_FAKE_PIPE_BYTES + 1];

static int open_out(void **state)
{
    static unsigned char memory[PARLEY_CLI_RPC_QUEUE + PARLEY_CLI_RPC_MESSAGE + 64];
    struct parley_arena arena = parley_arena(memory, sizeof memory);

    fresh(state);
    parley_cli_rpc_out_open(&out, 1, true, &arena);
    assert_false(arena.failed);
    return 0;
}

static const char *written(void)
{
    parley_cli_output_flush(&out.queue, true);
    output[parley_fake_output(1, output, sizeof output - 1)] = '\0';
    return output;
}

static void messages_look_as_they_should(void **state)
{
    struct parley_render *r;

    (void)state;
    r = parley_cli_rpc_result(&out, parley_view("7"));
    parley_cli_json_open(r, NULL, '{');
    parley_cli_json_open(r, "list", '[');
    parley_cli_json_word(r, NULL, "a\"b\n");
    parley_cli_json_null(r, NULL);
    parley_cli_json_open(r, NULL, '{');
    parley_cli_json_close(r, '}');
    parley_cli_json_close(r, ']');
    parley_cli_json_bool(r, "yes", true);
    parley_cli_json_text(r, "none", parley_view(NULL));
    parley_cli_json_number(r, "number", UINT64_MAX);
    parley_cli_json_verbatim(r, "json", parley_view("{\"x\":\r\n [1]\n}"));
    parley_cli_json_close(r, '}');
    parley_cli_rpc_send(&out);
    assert_string_equal(written(),
                        "{\"id\":7,\"result\":{\"list\":[\"a\\\"b\\n\",null,{}],\"yes\":true,\"none\":null,"
                        "\"number\":18446744073709551615,\"json\":{\"x\": [1]}}}\n");
    parley_cli_rpc_done(&out, parley_view("\"a\""));
    assert_string_equal(written(), "{\"id\":\"a\",\"result\":{}}\n");
    parley_cli_rpc_error(&out, parley_view("null"), PARLEY_CLI_RPC_PARSE, "no");
    assert_string_equal(written(), "{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"no\"}}\n");
    out.versioned = true;
    r = parley_cli_rpc_notify(&out, PARLEY_CLI_NOTIFY_REALTIME_CLOSED);
    parley_cli_json_number(r, "x", 1);
    parley_cli_rpc_send(&out);
    assert_string_equal(written(),
                        "{\"jsonrpc\":\"2.0\",\"method\":\"thread/realtime/closed\",\"params\":{\"x\":1}}\n");
}

static void nothing_is_sent_that_nobody_wants(void **state)
{
    (void)state;
    parley_cli_rpc_done(&out, parley_view(NULL)); /* a notification asked for it */
    parley_cli_rpc_error(&out, parley_view(NULL), PARLEY_CLI_RPC_PARSE, "no");
    parley_cli_rpc_opt_out(&out, parley_view("thread/realtime/closed"));
    parley_cli_rpc_opt_out(&out, parley_view("thread/realtime"));
    assert_false(parley_cli_rpc_wanted(&out, PARLEY_CLI_NOTIFY_REALTIME_CLOSED));
    assert_true(parley_cli_rpc_wanted(&out, PARLEY_CLI_NOTIFY_REALTIME_ERROR));
    parley_cli_rpc_notify(&out, PARLEY_CLI_NOTIFY_REALTIME_CLOSED);
    parley_cli_rpc_send(&out);
    assert_string_equal(written(), "");
}

static void fill(size_t bytes)
{
    static char zeros[1 << 16];

    for (; bytes > 0; bytes -= bytes < sizeof zeros ? bytes : sizeof zeros)
        assert_true(parley_cli_output_put(&out.queue, zeros, bytes < sizeof zeros ? bytes : sizeof zeros));
}

static void audio_has_a_share_of_the_queue(void **state)
{
    (void)state;
    assert_true(parley_cli_rpc_audio_room(&out));
    fill(PARLEY_CLI_RPC_AUDIO_SHARE - 1);
    assert_true(parley_cli_rpc_audio_room(&out));
    fill(1);
    assert_false(parley_cli_rpc_audio_room(&out));
    assert_true(parley_cli_rpc_room(&out)); /* for all else */
    parley_ring_take(&out.queue.ring, NULL, PARLEY_CLI_RPC_AUDIO_SHARE / 2 - 1);
    assert_false(parley_cli_rpc_audio_room(&out)); /* not before it is half empty */
    parley_ring_take(&out.queue.ring, NULL, 1);
    assert_true(parley_cli_rpc_audio_room(&out));
    fill(PARLEY_CLI_RPC_QUEUE - PARLEY_CLI_RPC_AUDIO_SHARE / 2 - PARLEY_CLI_RPC_MESSAGE);
    assert_true(parley_cli_rpc_room(&out));
    fill(1);
    assert_false(parley_cli_rpc_room(&out));
}

static void a_message_beyond_all_bounds_is_left_out(void **state)
{
    static char text[PARLEY_CLI_RPC_MESSAGE];
    struct parley_render *r = parley_cli_rpc_result(&out, parley_view("1"));

    (void)state;
    memset(text, 'x', sizeof text);
    parley_cli_json_text(r, NULL, parley_view_of(text, sizeof text));
    parley_cli_rpc_send(&out);
    parley_cli_rpc_done(&out, parley_view("2"));
    assert_string_equal(written(), "{\"id\":2,\"result\":{}}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_messages),
        cmocka_unit_test(a_long_id_is_a_fault),
        cmocka_unit_test(params_that_are_null_are_none),
        cmocka_unit_test(the_client_tells_whether_it_wants_the_version),
        cmocka_unit_test(the_id_of_a_long_line_is_found_in_its_beginning),
        cmocka_unit_test(parameters_become_values),
        cmocka_unit_test(missing_null_and_given_are_three_things),
        cmocka_unit_test(wrong_parameters_are_named),
        cmocka_unit_test(arrays_are_gone_through),
        cmocka_unit_test(a_lone_string_is_read),
        cmocka_unit_test_setup(messages_look_as_they_should, open_out),
        cmocka_unit_test_setup(nothing_is_sent_that_nobody_wants, open_out),
        cmocka_unit_test_setup(audio_has_a_share_of_the_queue, open_out),
        cmocka_unit_test_setup(a_message_beyond_all_bounds_is_left_out, open_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
