/*
 * The opening handshake. What a service says when it refuses is the most useful text there is to whoever
 * has to set the key right, so the judgement takes care to show it.
 */
#include "transport/wss/upgrade.h"

#include "parser/base64.h"
#include "parser/json.h"
#include "platform/random.h"
#include "transport/wss/why.h"

#include <mbedtls/md.h>

enum {
    NONCE_BYTES = 16,
    SHA1_BYTES = 20,
    NAME_SHOWN = 64,
    MESSAGE_SHOWN = 160,
    BANNER_SHOWN = 48,
    HEX_SHOWN = 12
};

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

static const char *wrong_header(const struct parley_pair *header)
{
    if (!parley_http_is_token(header->name))
        return "its name holds what a header name may not";
    if (is_ours(header->name))
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
        const char *wrong = wrong_header(&to->headers[i]);
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

/* base64(SHA-1(key + the constant of RFC 6455, 1.3)) */
static void make_accept(char accept[PARLEY_UPGRADE_ACCEPT], const char key[PARLEY_UPGRADE_KEY])
{
    static const char constant[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[PARLEY_UPGRADE_KEY + sizeof constant - 1], digest[SHA1_BYTES] = {0};

    memcpy(text, key, PARLEY_UPGRADE_KEY);
    memcpy(text + PARLEY_UPGRADE_KEY, constant, sizeof constant - 1);
    /* Fails only in a library built without SHA-1, and then no answer is accepted. */
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text, sizeof text, digest);
    parley_base64_encode(accept, digest, sizeof digest);
}

void parley_upgrade_start(struct parley_upgrade *u, const char key[PARLEY_UPGRADE_KEY], bool offered)
{
    memset(u, 0, sizeof *u);
    u->offered = offered;
    parley_http_start(&u->http, false);
    make_accept(u->accept, key);
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

/* The query of a Location may hold a token and is left out. */
static void note_location(struct parley_upgrade *u, struct parley_view value)
{
    const char *query = value.len > 0 ? memchr(value.at, '?', value.len) : NULL;

    if (query != NULL)
        value.len = (size_t)(query - value.at);
    parley_why_clean(u->location, sizeof u->location, value);
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
        note_location(u, item->value);
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

/* The string behind `name` in the object just entered; with `inner`, the one within the object behind it.
   The rest of the text may be missing. */
static struct parley_view find_message(struct parley_json *j, const char *name, const char *inner)
{
    struct parley_view none = {NULL, 0};

    while (parley_json_next(j) == PARLEY_JSON_NAME) {
        enum parley_json_token token;

        if (!parley_json_name_is(j, name)) {
            if (!parley_json_skip(j))
                return none;
            continue;
        }
        token = parley_json_next(j);
        if (token == PARLEY_JSON_STRING)
            return parley_json_string(j);
        return token == PARLEY_JSON_OBJECT && inner != NULL ? find_message(j, inner, NULL) : none;
    }
    return none;
}

/* What the body says: {"error":{"message":"..."}} and its relatives, or its first words. */
static void body_message(char out[MESSAGE_SHOWN], const struct parley_http *http)
{
    static const char *const names[] = {"error", "message", "detail"};
    struct parley_view message = {NULL, 0};
    char text[PARLEY_HTTP_KEPT_BYTES];
    struct parley_json j;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && message.len == 0; i++) {
        memcpy(text, http->kept, http->kept_bytes); /* reading changes it */
        parley_json_start(&j, text, http->kept_bytes);
        if (parley_json_next(&j) == PARLEY_JSON_OBJECT)
            message = find_message(&j, names[i], "message");
    }
    if (message.len == 0)
        message = parley_view_of(http->kept, http->kept_bytes);
    parley_why_clean(out, MESSAGE_SHOWN, message);
}

static int status_of(int http_status)
{
    if (http_status == 401 || http_status == 403)
        return PARLEY_ERR_AUTH;
    return http_status >= 300 ? PARLEY_ERR_REFUSED : PARLEY_ERR_HTTP;
}

/* An answer that is HTTP and no 101. */
static int refuse(const struct parley_upgrade *u, char why[PARLEY_TRANSPORT_REASON])
{
    const struct parley_http *http = &u->http;
    const char *gap = http->phrase[0] != '\0' ? " " : "";
    char message[MESSAGE_SHOWN];

    body_message(message, http);
    if (http->status >= 300 && http->status < 400)
        parley_why(why, "upgrade: HTTP %d%s%s: redirects are not followed; it points to %s", http->status,
                   gap, http->phrase, u->location[0] != '\0' ? u->location : "nowhere");
    else if (http->status < 300)
        parley_why(why, "upgrade: HTTP %d%s%s: the address does not lead to a WebSocket", http->status, gap,
                   http->phrase);
    else
        parley_why(why, "upgrade: HTTP %d%s%s%s%s", http->status, gap, http->phrase,
                   message[0] != '\0' ? ": " : "", message);
    return status_of(http->status);
}

static bool is_shown_as_text(struct parley_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if ((unsigned char)bytes.at[i] >= 0x7f || ((unsigned char)bytes.at[i] < ' ' && bytes.at[i] != '\t'))
            return false;
    return true;
}

/* Says what came instead of HTTP: a banner as text, anything else in hex. */
static int refuse_not_http(struct parley_view bytes, char why[PARLEY_TRANSPORT_REASON])
{
    static const char digits[] = "0123456789abcdef";
    struct parley_view line = bytes;
    const char *end = memchr(bytes.at, '\n', bytes.len);
    char hex[3 * HEX_SHOWN + 1] = "", text[BANNER_SHOWN];

    line.len = end != NULL ? (size_t)(end - bytes.at) : bytes.len;
    line = parley_view_trim(line);
    if (is_shown_as_text(line)) {
        parley_why_clean(text, sizeof text, line);
        parley_why(why, "upgrade: the other side does not speak HTTP; it said \"%s\"", text);
        return PARLEY_ERR_HTTP;
    }
    for (size_t i = 0; i < bytes.len && i < HEX_SHOWN; i++) {
        hex[3 * i] = ' ';
        hex[3 * i + 1] = digits[(unsigned char)bytes.at[i] >> 4];
        hex[3 * i + 2] = digits[(unsigned char)bytes.at[i] & 15];
    }
    parley_why(why, "upgrade: the other side does not speak HTTP; it sent the bytes%s%s", hex,
               bytes.len >= 2 && bytes.at[0] >= 0x14 && bytes.at[0] <= 0x17 && bytes.at[1] == 3
                   ? " (TLS: try https or wss)"
                   : "");
    return PARLEY_ERR_HTTP;
}

static int fail(const struct parley_upgrade *u, struct parley_view bytes, char why[PARLEY_TRANSPORT_REASON])
{
    if (u->http.not_http)
        return refuse_not_http(bytes, why);
    parley_why(why, "upgrade: the answer is not proper HTTP: %s", u->http.why);
    return PARLEY_ERR_HTTP;
}

int parley_upgrade_read(struct parley_upgrade *u, struct parley_view *bytes,
                        char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_http_item item;

    for (;;) {
        int event = parley_http_next(&u->http, bytes, &item);

        if (event < 0)
            return fail(u, *bytes, why);
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
        return refuse_not_http(rest, why);
    if (u->http.status != 0 && (event == PARLEY_HTTP_DONE || u->http.status != 101))
        return refuse(u, why);
    parley_why(why, "upgrade: %.*s%s", (int)what.len, what.at, begun ? " (within the answer)" : "");
    return status;
}
