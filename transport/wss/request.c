/*
 * The head of a request, read in one go once its end is there. See request.h.
 */
#include "transport/wss/request.h"

#include "transport/wss/http.h"

static long refuse(struct parley_request *r, int status, const char *why)
{
    r->status = status;
    r->why = why;
    return PARLEY_ERR_HTTP;
}

/* ---- lines ------------------------------------------------------------------------------------- */

/* Takes a line off the front, without its end: CRLF, or LF alone. False when its end is not there. */
static bool take_line(struct parley_view *bytes, struct parley_view *line)
{
    const char *feed = bytes->len > 0 ? memchr(bytes->at, '\n', bytes->len) : NULL;

    if (feed == NULL)
        return false;
    *line = parley_view_of(bytes->at, (size_t)(feed - bytes->at));
    *bytes = parley_view_skip(*bytes, line->len + 1);
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* Where the head ends, behind its empty line; 0 when that has not come. Looks at no byte twice. */
static size_t find_end(struct parley_request *r, struct parley_view bytes)
{
    for (size_t i = r->searched; i < bytes.len; i++) {
        if (bytes.at[i] != '\n')
            continue;
        if ((i > 0 && bytes.at[i - 1] == '\n') ||
            (i > 1 && bytes.at[i - 1] == '\r' && bytes.at[i - 2] == '\n'))
            return i + 1;
    }
    r->searched = bytes.len;
    return 0;
}

/* Takes what stands before the first space off the front. */
static struct parley_view take_word(struct parley_view *line)
{
    const char *space = line->len > 0 ? memchr(line->at, ' ', line->len) : NULL;
    struct parley_view word = *line;

    if (space != NULL)
        word.len = (size_t)(space - word.at);
    *line = parley_view_skip(*line, word.len + 1);
    return word;
}

static bool is_visible(struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.len > 0;
}

/* ---- the first line ---------------------------------------------------------------------------- */

/* Cuts the target into path and query; of an absolute one the authority is passed over (RFC 9112, 3.2.2). */
static bool read_target(struct parley_request *r)
{
    struct parley_view rest = r->target;
    const char *at;

    if (parley_view_starts(rest, parley_view("http://")) ||
        parley_view_starts(rest, parley_view("https://"))) {
        rest = parley_view_skip(rest, rest.at[4] == 's' ? 8 : 7);
        at = memchr(rest.at, '/', rest.len);
        rest = parley_view_skip(rest, at != NULL ? (size_t)(at - rest.at) : rest.len);
    }
    if (rest.len == 0 || rest.at[0] != '/')
        return false;
    at = memchr(rest.at, '?', rest.len);
    r->path = rest;
    if (at != NULL) {
        r->path.len = (size_t)(at - rest.at);
        r->query = parley_view_skip(rest, r->path.len + 1);
    }
    return true;
}

static long read_first(struct parley_request *r, struct parley_view line)
{
    if (line.len > PARLEY_REQUEST_LINE_BYTES)
        return refuse(r, 414, "the request's first line is too long");
    r->method = take_word(&line);
    r->target = take_word(&line);
    if (!parley_http_is_token(r->method) || !is_visible(r->target))
        return refuse(r, 400, "this is no request of HTTP");
    if (line.len != 8 || !parley_view_starts(line, parley_view("HTTP/")) || line.at[6] != '.')
        return refuse(r, 400, "this is no request of HTTP");
    if (line.at[5] != '1' || line.at[7] < '0' || line.at[7] > '9')
        return refuse(r, 505, "the version of HTTP is not 1.0 or 1.1");
    r->minor = (uint8_t)(line.at[7] - '0');
    return read_target(r) ? 0 : refuse(r, 400, "the request's target is no path");
}

/* ---- headers ----------------------------------------------------------------------------------- */

/* Both sides of the colon; false when it is no header line. */
static bool cut_header(struct parley_view line, struct parley_view *name, struct parley_view *value)
{
    const char *colon = memchr(line.at, ':', line.len);

    if (colon == NULL)
        return false;
    *name = parley_view_of(line.at, (size_t)(colon - line.at));
    *value = parley_view_trim(parley_view_skip(line, name->len + 1));
    for (size_t i = 0; i < value->len; i++)
        if (((unsigned char)value->at[i] < ' ' && value->at[i] != '\t') || value->at[i] == 0x7f)
            return false;
    return parley_http_is_token(*name);
}

static long note_length(struct parley_request *r, struct parley_view value)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || sum > UINT32_MAX)
            return refuse(r, 400, "Content-Length is no number");
        sum = sum * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (value.len == 0 || (r->has_length && r->length != sum))
        return refuse(r, 400, "Content-Length is no number");
    r->has_length = true;
    r->length = sum;
    return 0;
}

/* Which of the request's texts a header is; NULL for none. */
static struct parley_view *text_of(struct parley_request *r, struct parley_view name)
{
    const struct {
        const char *name;
        struct parley_view *text;
    } texts[] = {
        {"host", &r->host},
        {"authorization", &r->authorization},
        {"content-type", &r->type},
        {"sec-websocket-key", &r->key},
        {"sec-websocket-version", &r->version},
        {"sec-websocket-protocol", &r->protocols},
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (parley_http_is(name, texts[i].name))
            return texts[i].text;
    return NULL;
}

static long note_header(struct parley_request *r, struct parley_view name, struct parley_view value)
{
    struct parley_view *text = text_of(r, name);

    if (text != NULL && text->at != NULL)
        return refuse(r, 400, "a header that may stand once comes twice");
    if (text != NULL)
        *text = value;
    else if (parley_http_is(name, "upgrade"))
        r->upgrades = r->upgrades || parley_http_lists(value, "websocket");
    else if (parley_http_is(name, "connection"))
        r->connects = r->connects || parley_http_lists(value, "upgrade");
    else if (parley_http_is(name, "expect"))
        r->expects = parley_http_is(value, "100-continue");
    else if (parley_http_is(name, "content-length"))
        return note_length(r, value);
    else if (parley_http_is(name, "transfer-encoding"))
        return refuse(r, 501, "a body needs a Content-Length");
    return 0;
}

static long read_headers(struct parley_request *r, struct parley_view rest)
{
    struct parley_view line, name, value;
    long status = 0;

    while (status == 0 && take_line(&rest, &line) && line.len > 0) {
        if (++r->headers > PARLEY_REQUEST_HEADERS)
            return refuse(r, 431, "there are too many headers");
        if (!cut_header(line, &name, &value))
            return refuse(r, 400, "a line is no header");
        status = note_header(r, name, value);
    }
    if (status == 0 && r->minor > 0 && r->host.at == NULL)
        return refuse(r, 400, "there is no Host");
    return status;
}

long parley_request_read(struct parley_request *r, struct parley_view bytes)
{
    struct parley_view rest = bytes, line;
    size_t end, blank;
    long status;

    if (r->status != 0)
        return PARLEY_ERR_HTTP;
    /* An empty line before a request is left over from the one before (RFC 9112, 2.2). */
    while (rest.len > 0 && (rest.at[0] == '\r' || rest.at[0] == '\n'))
        rest = parley_view_skip(rest, 1);
    blank = bytes.len - rest.len;
    if (r->searched < blank)
        r->searched = blank;
    end = find_end(r, bytes);
    if (end == 0 && bytes.len < PARLEY_REQUEST_HEAD_BYTES)
        return 0;
    if (end == 0 || end > PARLEY_REQUEST_HEAD_BYTES)
        return take_line(&rest, &line) ? refuse(r, 431, "the headers are too long")
                                       : refuse(r, 414, "the request's first line is too long");
    rest.len = end - blank;
    take_line(&rest, &line);
    status = read_first(r, line);
    if (status == 0)
        status = read_headers(r, rest);
    return status < 0 ? status : (long)end;
}

/* ---- what it says ------------------------------------------------------------------------------ */

bool parley_request_is_upgrade(const struct parley_request *r)
{
    return r->upgrades && r->connects;
}

bool parley_request_item(struct parley_view *list, struct parley_view *item)
{
    const char *comma = list->len > 0 ? memchr(list->at, ',', list->len) : NULL;
    size_t bytes = comma != NULL ? (size_t)(comma - list->at) : list->len;

    if (list->len == 0)
        return false;
    *item = parley_view_trim(parley_view_of(list->at, bytes));
    *list = parley_view_skip(*list, bytes + 1);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As forms are written: '+' is a space, "%41" an A. A '%' that is followed by no number stands for itself. */
static struct parley_view decode(struct parley_view text, char *into, size_t bytes)
{
    size_t used = 0;

    for (size_t i = 0; i < text.len && used < bytes; i++) {
        char c = text.at[i];
        int high = c == '%' && text.len - i > 2 ? hex_digit(text.at[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.at[i + 2]) : -1;

        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        }
        into[used++] = c == '+' && low < 0 ? ' ' : c;
    }
    return parley_view_of(into, used);
}

struct parley_view parley_request_parameter(const struct parley_request *r, const char *name, char *into,
                                            size_t bytes)
{
    struct parley_view rest = r->query;

    while (rest.len > 0) {
        const char *end = memchr(rest.at, '&', rest.len);
        struct parley_view pair = parley_view_of(rest.at, end != NULL ? (size_t)(end - rest.at) : rest.len);
        const char *equals = pair.len > 0 ? memchr(pair.at, '=', pair.len) : NULL;
        size_t cut = equals != NULL ? (size_t)(equals - pair.at) : pair.len;

        if (parley_view_is(parley_view_of(pair.at, cut), name))
            return decode(parley_view_skip(pair, cut + 1), into, bytes);
        rest = parley_view_skip(rest, pair.len + 1);
    }
    return parley_view(NULL);
}
