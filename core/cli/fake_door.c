/*
 * Who may come in, and where to. See fake_door.h.
 */
#include "core/cli/fake_door.h"

#include "transport/wss/http.h"
#include "transport/wss/why.h"

#include <stdio.h>

#define CALL        "rtc_fake_"
#define UNSAFE_KEY  "openai-insecure-api-key."
#define INVALID     "invalid_request_error"
#define FOR_SOCKETS "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"

enum { WEBSOCKET_KEY = 24 }; /* 16 bytes as base64 (RFC 6455, 4.1) */

static struct parley_cli_fake_entry refuse(int status, const char *words, const char *param, const char *code)
{
    return (struct parley_cli_fake_entry){
        .status = status, .words = words, .param = param, .code = code, .headers = ""};
}

/* ---- who it is --------------------------------------------------------------------------------- */

/* The key a client shows: in its header, or as browsers do, who cannot set one, among the subprotocols. */
static struct parley_view shown_key(const struct parley_request *request)
{
    struct parley_view list = request->protocols, item, header = request->authorization;

    if (header.len > 7 && parley_http_is(parley_view_of(header.at, 7), "bearer "))
        return parley_view_trim(parley_view_skip(header, 7));
    while (parley_request_item(&list, &item))
        if (parley_view_starts(item, parley_view(UNSAFE_KEY)))
            return parley_view_skip(item, sizeof UNSAFE_KEY - 1);
    return parley_view(NULL);
}

/* Takes as long for every key of the right length. */
static bool same_key(struct parley_view a, struct parley_view b)
{
    unsigned char difference = 0;

    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        difference |= (unsigned char)(a.at[i] ^ b.at[i]);
    return difference == 0;
}

static struct parley_cli_fake_entry judge_key(const struct parley_cli_fake_door *door,
                                              const struct parley_request *request)
{
    struct parley_view key = shown_key(request);

    if (key.len == 0)
        return refuse(401, "Missing bearer authentication in header", NULL, NULL);
    if (door->key.at != NULL && !same_key(key, door->key))
        return refuse(401, "Incorrect API key provided.", NULL, "invalid_api_key");
    return (struct parley_cli_fake_entry){.status = 101, .headers = ""};
}

/* ---- where to ---------------------------------------------------------------------------------- */

static bool is_path(const struct parley_request *request, const char *path)
{
    struct parley_view asked = request->path;

    if (asked.len > 1 && asked.at[asked.len - 1] == '/')
        asked.len--;
    return parley_view_is(asked, path);
}

/* True for the id of a call that was created here. */
static bool is_call(const struct parley_cli_fake_door *door, struct parley_view id)
{
    struct parley_view digits = parley_view_skip(id, sizeof CALL - 1);
    uint64_t number = 0;

    if (!parley_view_starts(id, parley_view(CALL)) || digits.len > 9 || digits.len == 0 ||
        digits.at[0] == '0')
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return number > 0 && number <= door->calls;
}

/* What the query says the session is. */
static struct parley_cli_fake_entry judge_query(const struct parley_cli_fake_door *door,
                                                const struct parley_request *request)
{
    struct parley_cli_fake_entry entry = {.status = 101, .headers = ""};
    char text[64];
    struct parley_view call = parley_request_parameter(request, "call_id", text, sizeof text);

    if (call.at != NULL) {
        if (!is_call(door, call))
            return refuse(404, "There is no call with this id.", "call_id", "call_not_found");
        parley_why_clean(entry.model, sizeof entry.model, call);
        return entry;
    }
    call = parley_request_parameter(request, "model", text, sizeof text);
    if (call.len > 0) {
        parley_why_clean(entry.model, sizeof entry.model, call);
        entry.names_model = true;
        return entry;
    }
    call = parley_request_parameter(request, "intent", text, sizeof text);
    if (call.len == 0)
        return refuse(400, "You must provide a model parameter.", "model", "missing_model");
    parley_why_clean(entry.model, sizeof entry.model, call);
    return entry;
}

static struct parley_cli_fake_entry judge_socket(const struct parley_cli_fake_door *door,
                                                 const struct parley_request *request)
{
    struct parley_cli_fake_entry entry;
    struct parley_view list = request->protocols, item;

    if (!parley_view_is(request->method, "GET")) {
        entry = refuse(405, "This address is for WebSockets: GET with an upgrade.", NULL, NULL);
        entry.headers = "Allow: GET\r\n";
        return entry;
    }
    if (!parley_request_is_upgrade(request) || request->minor == 0 ||
        !parley_view_is(request->version, "13")) {
        entry = refuse(426, "This address is for WebSockets, of version 13.", NULL, NULL);
        entry.headers = FOR_SOCKETS;
        return entry;
    }
    if (request->key.len != WEBSOCKET_KEY || !parley_view_is(parley_view_skip(request->key, 22), "=="))
        return refuse(400, "Sec-WebSocket-Key is not 16 bytes in base64.", NULL, NULL);
    entry = judge_key(door, request);
    if (entry.status == 101)
        entry = judge_query(door, request);
    while (parley_request_item(&list, &item))
        entry.realtime = entry.realtime || parley_view_is(item, "realtime");
    return entry;
}

static struct parley_cli_fake_entry judge_call(const struct parley_cli_fake_door *door,
                                               const struct parley_request *request)
{
    struct parley_cli_fake_entry entry;

    if (!parley_view_is(request->method, "POST")) {
        entry = refuse(405, "Calls are created by POST.", NULL, NULL);
        entry.headers = "Allow: POST\r\n";
        return entry;
    }
    entry = judge_key(door, request);
    if (entry.status == 101 && (!request->has_length || request->length == 0))
        return refuse(400, "The request has no SDP offer.", "sdp", "missing_required_parameter");
    if (entry.status == 101)
        entry.status = 201;
    return entry;
}

struct parley_cli_fake_entry parley_cli_fake_door_judge(const struct parley_cli_fake_door *door,
                                                        const struct parley_request *request)
{
    if (is_path(request, "/v1/realtime"))
        return judge_socket(door, request);
    if (is_path(request, "/v1/realtime/calls"))
        return judge_call(door, request);
    return refuse(404, "There is /v1/realtime, and /v1/realtime/calls.", NULL, "unknown_url");
}

/* Our own words: nothing in them has to be escaped. */
static const char *quote(char *into, size_t bytes, const char *text)
{
    if (text == NULL)
        return "null";
    snprintf(into, bytes, "\"%s\"", text);
    return into;
}

size_t parley_cli_fake_door_refusal(const struct parley_cli_fake_entry *entry, char *into, size_t bytes)
{
    char code[48], param[48];
    int used =
        snprintf(into, bytes, "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":%s,\"code\":%s}}\n",
                 entry->words, entry->status == 503 ? "server_error" : INVALID,
                 quote(param, sizeof param, entry->param), quote(code, sizeof code, entry->code));

    return used > 0 && (size_t)used < bytes ? (size_t)used : 0;
}
