/*
 * What an HTTP answer is told as that is not the one wanted. What a service says when it refuses is the most
 * useful text there is to whoever has to set the key right, so the judgement takes care to show it.
 */
#include "transport/wss/answer.h"

#include "parser/json.h"
#include "transport/wss/why.h"

enum { MESSAGE_SHOWN = 160, BANNER_SHOWN = 48, HEX_SHOWN = 12 };

void parley_answer_location(char out[PARLEY_ANSWER_LOCATION], struct parley_view value)
{
    const char *query = value.len > 0 ? memchr(value.at, '?', value.len) : NULL;

    if (query != NULL)
        value.len = (size_t)(query - value.at);
    parley_why_clean(out, PARLEY_ANSWER_LOCATION, value);
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

int parley_answer_refuse(const struct parley_http *http, const struct parley_answer_words *words,
                         const char *location, char why[PARLEY_TRANSPORT_REASON])
{
    const char *gap = http->phrase[0] != '\0' ? " " : "";
    char message[MESSAGE_SHOWN];

    body_message(message, http);
    if (http->status >= 300 && http->status < 400)
        parley_why(why, "%s: HTTP %d%s%s: redirects are not followed; it points to %s", words->stage,
                   http->status, gap, http->phrase, location[0] != '\0' ? location : "nowhere");
    else if (http->status < 300)
        parley_why(why, "%s: HTTP %d%s%s: %s", words->stage, http->status, gap, http->phrase, words->success);
    else
        parley_why(why, "%s: HTTP %d%s%s%s%s", words->stage, http->status, gap, http->phrase,
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
static int refuse_not_http(struct parley_view bytes, const char *stage, char why[PARLEY_TRANSPORT_REASON])
{
    static const char digits[] = "0123456789abcdef";
    struct parley_view line = bytes;
    const char *end = memchr(bytes.at, '\n', bytes.len);
    char hex[3 * HEX_SHOWN + 1] = "", text[BANNER_SHOWN];

    line.len = end != NULL ? (size_t)(end - bytes.at) : bytes.len;
    line = parley_view_trim(line);
    if (is_shown_as_text(line)) {
        parley_why_clean(text, sizeof text, line);
        parley_why(why, "%s: the other side does not speak HTTP; it said \"%s\"", stage, text);
        return PARLEY_ERR_HTTP;
    }
    for (size_t i = 0; i < bytes.len && i < HEX_SHOWN; i++) {
        hex[3 * i] = ' ';
        hex[3 * i + 1] = digits[(unsigned char)bytes.at[i] >> 4];
        hex[3 * i + 2] = digits[(unsigned char)bytes.at[i] & 15];
    }
    parley_why(why, "%s: the other side does not speak HTTP; it sent the bytes%s%s", stage, hex,
               bytes.len >= 2 && bytes.at[0] >= 0x14 && bytes.at[0] <= 0x17 && bytes.at[1] == 3
                   ? " (TLS: try https or wss)"
                   : "");
    return PARLEY_ERR_HTTP;
}

int parley_answer_fail(const struct parley_http *http, struct parley_view bytes, const char *stage,
                       char why[PARLEY_TRANSPORT_REASON])
{
    if (http->not_http)
        return refuse_not_http(bytes, stage, why);
    parley_why(why, "%s: the answer is not proper HTTP: %s", stage, http->why);
    return PARLEY_ERR_HTTP;
}
