/*
 * The opening handshake: our request, and whether the answer is the one that RFC 6455 asks for.
 */
#include "transport/wss/upgrade.h"

#include "parser/base64.h"
#include "platform/random.h"
#include "transport/wss/answer.h"
#include "transport/wss/why.h"

enum {
    NONCE_BYTES = 16,
    NAME_SHOWN = 64,
};

static const char stage[] = "upgrade";
static const struct parley_answer_words wording = {stage, "the address does not lead to a WebSocket"};

/* ---- the request ------------------------------------------------------------------------------- */

/* The headers that make the handshake, or would give the request a body. */
static bool is_ours(struct parley_view name)
{
    static const char *const ours[] = {"host",    "upgrade",        "connection",
                                       "trailer", "content-length", "transfer-encoding"};
    static const char family[] = "sec-websocket-";

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (parley_http_is(name, ours[i]))
            return true;
    return name.len >= sizeof family - 1 &&
           parley_http_is(parley_view_of(name.at, sizeof family - 1), family);
}

static const char *wrong_header(const struct parley_pair *header, bool call)
{
    if (!parley_http_is_token(header->name))
        return "its name holds what a header name may not";
    if (is_ours(header->name) || (call && parley_http_is(header->name, "content-type")))
        return "the handshake sets it itself";
    for (size_t i = 0; i < header->value.len; i++) {
        unsigned char c = (unsigned char)header->value.at[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return "its value holds a line end or another control character";
        if (c >= 0x80)
            return "its value holds a character that is not ASCII";
    }
    return NULL;
}

int parley_upgrade_check(const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON])
{
    for (size_t i = 0; i < to->header_count; i++) {
        const char *wrong = wrong_header(&to->headers[i], to->call_type.at != NULL);
        char name[NAME_SHOWN];

        if (wrong == NULL)
            continue;
        parley_why_clean(name, sizeof name, to->headers[i].name);
        parley_why(why, "upgrade: the header \"%s\" cannot be sent: %s", name, wrong);
        return PARLEY_ERR_ARGUMENT;
    }
    return 0;
}

int parley_upgrade_draw(char key[PARLEY_UPGRADE_KEY])
{
    uint8_t nonce[NONCE_BYTES];

    if (parley_random(nonce, sizeof nonce) < 0)
        return PARLEY_ERR_SYSTEM;
    parley_base64_encode(key, nonce, sizeof nonce);
    return 0;
}

static void render_header(struct parley_render *r, struct parley_view name, struct parley_view value)
{
    parley_render_raw(r, name);
    parley_render_raw(r, parley_view(": "));
    parley_render_raw(r, value);
    parley_render_raw(r, parley_view("\r\n"));
}

void parley_upgrade_render(struct parley_render *r, const struct parley_url *url,
                           const struct parley_endpoint *to, const char key[PARLEY_UPGRADE_KEY])
{
    parley_render_raw(r, parley_view("GET "));
    parley_url_render_target(url, to->query, to->query_count, r);
    parley_render_raw(r, parley_view(" HTTP/1.1\r\nHost: "));
    parley_url_render_host(url, r);
    parley_render_raw(r, parley_view("\r\n"));
    render_header(r, parley_view("Upgrade"), parley_view("websocket"));
    render_header(r, parley_view("Connection"), parley_view("Upgrade"));
    render_header(r, parley_view("Sec-WebSocket-Key"), parley_view_of(key, PARLEY_UPGRADE_KEY));
    render_header(r, parley_view("Sec-WebSocket-Version"), parley_view("13"));
    if (to->compress)
        render_header(r, parley_view("Sec-WebSocket-Extensions"), parley_view(parley_extension_offer));
    for (size_t i = 0; i < to->header_count; i++)
        render_header(r, to->headers[i].name, parley_view_trim(to->headers[i].value));
    parley_render_raw(r, parley_view("\r\n"));
}

/* ---- the answer -------------------------------------------------------------------------------- */

void parley_upgrade_start(struct parley_upgrade *u, const char key[PARLEY_UPGRADE_KEY], bool offered)
{
    memset(u, 0, sizeof *u);
    u->offered = offered;
    parley_http_start(&u->http, false);
    parley_accept(u->accept, key);
}

static void note_accept(struct parley_upgrade *u, struct parley_view value)
{
    if (u->accepted || !parley_view_equal(value, parley_view_of(u->accept, sizeof u->accept)))
        u->accepted_wrong = true;
    u->accepted = true;
}

/* The first thing that is wrong with the extensions stays. */
static void note_extensions(struct parley_upgrade *u, struct parley_view value)
{
    if (u->extension_wrong[0] == '\0')
        parley_extension_read(&u->compression, value, u->offered, u->extension_wrong);
}

static void note_header(struct parley_upgrade *u, const struct parley_http_item *item)
{
    if (parley_http_is(item->name, "upgrade"))
        u->upgrades = u->upgrades || parley_http_lists(item->value, "websocket");
    else if (parley_http_is(item->name, "connection"))
        u->connects = u->connects || parley_http_lists(item->value, "upgrade");
    else if (parley_http_is(item->name, "sec-websocket-accept"))
        note_accept(u, item->value);
    else if (parley_http_is(item->name, "sec-websocket-extensions"))
        note_extensions(u, item->value);
    else if (parley_http_is(item->name, "sec-websocket-protocol"))
        u->subprotocol = true;
    else if (parley_http_is(item->name, "location"))
        parley_answer_location(u->location, item->value);
}

/* What is missing in a 101; NULL when it is the handshake of RFC 6455, 4.1. */
static const char *wrong_switch(const struct parley_upgrade *u)
{
    if (u->http.minor == 0)
        return "it is HTTP/1.0, which cannot switch";
    if (!u->upgrades)
        return "it has no \"Upgrade: websocket\"";
    if (!u->connects)
        return "it has no \"Connection: Upgrade\"";
    if (!u->accepted)
        return "it has no Sec-WebSocket-Accept";
    if (u->accepted_wrong)
        return "its Sec-WebSocket-Accept does not answer our key";
    if (u->extension_wrong[0] != '\0')
        return u->extension_wrong;
    if (u->subprotocol)
        return "it sets a subprotocol nobody asked for";
    return NULL;
}

static int judge_switch(const struct parley_upgrade *u, char why[PARLEY_TRANSPORT_REASON])
{
    const char *wrong = wrong_switch(u);

    if (wrong == NULL)
        return 1;
    parley_why(why, "upgrade: HTTP 101, but %s", wrong);
    return PARLEY_ERR_HTTP;
}

/* An answer that is HTTP and no 101. */
static int refuse(const struct parley_upgrade *u, char why[PARLEY_TRANSPORT_REASON])
{
    return parley_answer_refuse(&u->http, &wording, u->location, why);
}

int parley_upgrade_read(struct parley_upgrade *u, struct parley_view *bytes,
                        char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_http_item item;

    for (;;) {
        int event = parley_http_next(&u->http, bytes, &item);

        if (event < 0)
            return parley_answer_fail(&u->http, *bytes, stage, why);
        if (event == PARLEY_HTTP_MORE)
            return 0;
        if (event == PARLEY_HTTP_HEADER)
            note_header(u, &item);
        else if (event == PARLEY_HTTP_DONE && u->http.status == 101)
            return judge_switch(u, why);
        else if (event == PARLEY_HTTP_DONE || u->http.kept_bytes == sizeof u->http.kept)
            return refuse(u, why);
    }
}

int parley_upgrade_end(struct parley_upgrade *u, struct parley_view rest, int status, struct parley_view what,
                       char why[PARLEY_TRANSPORT_REASON])
{
    bool begun = u->http.status != 0 || rest.len > 0;
    int event = parley_http_end(&u->http, rest);

    if (u->http.not_http)
        return parley_answer_fail(&u->http, rest, stage, why);
    if (u->http.status != 0 && (event == PARLEY_HTTP_DONE || u->http.status != 101))
        return refuse(u, why);
    parley_why(why, "upgrade: %.*s%s", (int)what.len, what.at, begun ? " (within the answer)" : "");
    return status;
}
