/*
 * What a client says: see rpc.h.
 */
#include "core/cli/rpc.h"

#include "parser/json.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- messages -------------------------------------------------------------------------------- */

static void fault(struct parley_cli_rpc_message *m, enum parley_cli_rpc_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void fault(struct parley_cli_rpc_message *m, enum parley_cli_rpc_code code, const char *format, ...)
{
    va_list arguments;

    if (m->kind == PARLEY_CLI_RPC_FAULT)
        return; /* the first one says what is wrong */
    m->kind = PARLEY_CLI_RPC_FAULT;
    m->code = code;
    va_start(arguments, format);
    vsnprintf(m->why, sizeof m->why, format, arguments);
    va_end(arguments);
}

/* What a message consists of, as far as it has been read. */
struct parts {
    bool has_id, has_method, has_answer;
};

static void read_id(struct parley_cli_rpc_message *m, struct parts *parts, struct parley_json *j)
{
    enum parley_json_token token = parley_json_next(j);

    parts->has_id = true;
    if ((token != PARLEY_JSON_STRING && token != PARLEY_JSON_NUMBER) || j->raw.len > PARLEY_CLI_RPC_ID) {
        fault(m, PARLEY_CLI_RPC_INVALID, "id must be a number or a string of at most %d bytes",
              PARLEY_CLI_RPC_ID);
        parley_json_skip(j);
        return;
    }
    m->id = j->raw;
}

static void read_version(struct parley_cli_rpc_message *m, struct parley_json *j)
{
    m->versioned = true;
    if (parley_json_next(j) != PARLEY_JSON_STRING || !parley_view_is(j->raw, "\"2.0\"")) {
        fault(m, PARLEY_CLI_RPC_INVALID, "jsonrpc must be \"2.0\"");
        parley_json_skip(j);
    }
}

static void read_method(struct parley_cli_rpc_message *m, struct parts *parts, struct parley_json *j)
{
    parts->has_method = true;
    if (parley_json_next(j) == PARLEY_JSON_STRING) {
        m->method = parley_json_string(j);
        return;
    }
    fault(m, PARLEY_CLI_RPC_INVALID, "method must be a string");
    parley_json_skip(j);
}

static void read_params(struct parley_cli_rpc_message *m, char *line, struct parley_json *j)
{
    struct parley_view raw;

    if (!parley_json_raw(j, &raw) || parley_view_is(raw, "null")) /* some clients write null for none */
        return;
    m->params = line + (raw.at - line);
    m->params_len = raw.len;
}

static void read_member(struct parley_cli_rpc_message *m, struct parts *parts, char *line,
                        struct parley_json *j)
{
    if (parley_json_name_is(j, "id"))
        read_id(m, parts, j);
    else if (parley_json_name_is(j, "method"))
        read_method(m, parts, j);
    else if (parley_json_name_is(j, "params"))
        read_params(m, line, j);
    else if (parley_json_name_is(j, "jsonrpc"))
        read_version(m, j);
    else {
        parts->has_answer =
            parts->has_answer || parley_json_name_is(j, "result") || parley_json_name_is(j, "error");
        parley_json_skip(j);
    }
}

static const struct parley_view no_id = PARLEY_VIEW("null");

/* Reads members up to the end of the object, or of what there is. Returns the last token. */
static enum parley_json_token read_members(struct parley_cli_rpc_message *m, struct parts *parts, char *line,
                                           struct parley_json *j)
{
    enum parley_json_token token;

    while ((token = parley_json_next(j)) == PARLEY_JSON_NAME)
        read_member(m, parts, line, j);
    return token;
}

static void judge(struct parley_cli_rpc_message *m, const struct parts *parts)
{
    if (m->kind == PARLEY_CLI_RPC_FAULT)
        return;
    if (!parts->has_method && !parts->has_answer) {
        fault(m, PARLEY_CLI_RPC_INVALID, "it has no method");
        return;
    }
    m->kind = !parts->has_method ? PARLEY_CLI_RPC_ANSWER
              : parts->has_id    ? PARLEY_CLI_RPC_REQUEST
                                 : PARLEY_CLI_RPC_NOTIFICATION;
    if (m->kind != PARLEY_CLI_RPC_REQUEST)
        m->id = parley_view(NULL);
}

void parley_cli_rpc_read(struct parley_cli_rpc_message *m, char *line, size_t len)
{
    struct parts parts = {false, false, false};
    struct parley_json j;
    enum parley_json_token token;

    *m = (struct parley_cli_rpc_message){.kind = PARLEY_CLI_RPC_REQUEST, .id = no_id};
    parley_json_start(&j, line, len);
    token = parley_json_next(&j);
    if (token == PARLEY_JSON_OBJECT) {
        token = read_members(m, &parts, line, &j);
    } else if (token > PARLEY_JSON_END) {
        fault(m, PARLEY_CLI_RPC_INVALID,
              token == PARLEY_JSON_ARRAY ? "batches are not supported: one object on a line"
                                         : "a message must be an object");
        parley_json_skip(&j);
    }
    if (token > PARLEY_JSON_END)
        token = parley_json_next(&j);
    if (token != PARLEY_JSON_END) {
        *m = (struct parley_cli_rpc_message){.kind = PARLEY_CLI_RPC_REQUEST, .id = no_id};
        fault(m, PARLEY_CLI_RPC_PARSE, "not JSON at byte %zu: %s", j.offset,
              j.error != NULL ? j.error : "nothing");
        return;
    }
    judge(m, &parts);
}

void parley_cli_rpc_read_beginning(struct parley_cli_rpc_message *m, char *beginning, size_t len, size_t most)
{
    struct parts parts = {false, false, false};
    struct parley_json j;

    *m = (struct parley_cli_rpc_message){.kind = PARLEY_CLI_RPC_REQUEST, .id = no_id};
    parley_json_start(&j, beginning, len);
    if (parley_json_next(&j) == PARLEY_JSON_OBJECT)
        read_members(m, &parts, beginning, &j);
    if (m->id.at + m->id.len == beginning + len)
        m->id = no_id;                /* a number that may go on behind */
    m->kind = PARLEY_CLI_RPC_REQUEST; /* whatever else is wrong with it */
    fault(m, PARLEY_CLI_RPC_INVALID, "the line is longer than %zu bytes", most);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static bool wrong(char *why, const char *where, const struct parley_cli_rpc_param *param)
{
    static const char *const types[] = {
        [PARLEY_CLI_RPC_TEXT] = "a string",      [PARLEY_CLI_RPC_WHOLE] = "a whole number",
        [PARLEY_CLI_RPC_BOOL] = "true or false", [PARLEY_CLI_RPC_OBJECT] = "an object",
        [PARLEY_CLI_RPC_ARRAY] = "an array",
    };
    int used = snprintf(why, PARLEY_CLI_RPC_WHY, "%s%s must be %s", where, param->name, types[param->type]);

    if (param->type == PARLEY_CLI_RPC_WHOLE)
        snprintf(why + used, PARLEY_CLI_RPC_WHY - (size_t)used, " from 0 to %lu", (unsigned long)param->most);
    return false;
}

static bool read_whole(const struct parley_json *j, uint32_t most, uint32_t *number)
{
    uint64_t wide;

    if (!parley_json_u64(j, &wide) || wide > most)
        return false;
    *number = (uint32_t)wide;
    return true;
}

/* Takes the value that comes next. Returns false when it is of another type. */
static bool read_value(struct parley_json *j, const struct parley_cli_rpc_param *param,
                       struct parley_cli_rpc_value *value)
{
    enum parley_json_token token = parley_json_next(j);
    size_t start = (size_t)(j->raw.at - j->start);

    *value = (struct parley_cli_rpc_value){.given = true, .null = token == PARLEY_JSON_NULL};
    if (value->null)
        return !param->required;
    switch (param->type) {
    case PARLEY_CLI_RPC_TEXT:
        if (token == PARLEY_JSON_STRING)
            value->text = parley_json_string(j);
        return token == PARLEY_JSON_STRING;
    case PARLEY_CLI_RPC_WHOLE:
        return token == PARLEY_JSON_NUMBER && read_whole(j, param->most, &value->number);
    case PARLEY_CLI_RPC_BOOL:
        value->yes = token == PARLEY_JSON_TRUE;
        return token == PARLEY_JSON_TRUE || token == PARLEY_JSON_FALSE;
    case PARLEY_CLI_RPC_OBJECT:
    case PARLEY_CLI_RPC_ARRAY:
        if (token != (param->type == PARLEY_CLI_RPC_OBJECT ? PARLEY_JSON_OBJECT : PARLEY_JSON_ARRAY))
            return false;
        parley_json_skip(j);
        value->json = j->start + start;
        value->len = (size_t)(j->at - value->json);
        return true;
    }
    return false;
}

static const struct parley_cli_rpc_param *find(const struct parley_json *j,
                                               const struct parley_cli_rpc_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parley_json_name_is(j, params[i].name))
            return &params[i];
    return NULL;
}

/* Goes through the members. Returns false, with `why`, when one is of another type. */
static bool read_all(struct parley_json *j, const char *where, const struct parley_cli_rpc_param *params,
                     size_t count, struct parley_cli_rpc_value *values, char *why)
{
    while (parley_json_next(j) == PARLEY_JSON_NAME) {
        const struct parley_cli_rpc_param *param = find(j, params, count);

        if (param == NULL)
            parley_json_skip(j);
        else if (!read_value(j, param, &values[param - params]))
            return wrong(why, where, param);
    }
    return true;
}

bool parley_cli_rpc_params(char *json, size_t len, const char *where,
                           const struct parley_cli_rpc_param *params, size_t count,
                           struct parley_cli_rpc_value *values, char why[PARLEY_CLI_RPC_WHY])
{
    struct parley_json j;

    memset(values, 0, count * sizeof *values);
    if (json != NULL) {
        parley_json_start(&j, json, len);
        if (parley_json_next(&j) != PARLEY_JSON_OBJECT) {
            snprintf(why, PARLEY_CLI_RPC_WHY, "params must be an object");
            return false;
        }
        if (!read_all(&j, where, params, count, values, why))
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (params[i].required && !values[i].given) {
            snprintf(why, PARLEY_CLI_RPC_WHY, "%s%s is missing", where, params[i].name);
            return false;
        }
    return true;
}

bool parley_cli_rpc_element(char *json, size_t json_len, size_t *at, char **element, size_t *len)
{
    struct parley_json j;
    size_t begin = *at;

    /* Every element is a text of its own, so reading starts anew behind the bracket or comma before it. */
    begin += strspn(json + begin, begin == 0 ? "[ \t\r\n" : ", \t\r\n");
    if (begin >= json_len || json[begin] == ']')
        return false;
    parley_json_start(&j, json + begin, json_len - begin);
    parley_json_next(&j);
    parley_json_skip(&j);
    *element = json + begin;
    *len = (size_t)(j.at - *element);
    *at = begin + *len;
    return true;
}

bool parley_cli_rpc_string(char *json, size_t len, struct parley_view *text)
{
    struct parley_json j;

    parley_json_start(&j, json, len);
    if (parley_json_next(&j) != PARLEY_JSON_STRING)
        return false;
    *text = parley_json_string(&j);
    return true;
}
