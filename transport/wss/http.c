/*
 * The HTTP/1.1 response reader: the answer to the upgrade, and later of proxies and call creation.
 * Cut by state: each function below reads one kind of line or one kind of body.
 */
#include "transport/wss/http.h"

#include "transport/wss/why.h"

enum state {
    AT_STATUS,
    AT_HEADER,
    AT_LENGTH, /* a body of `left` bytes */
    AT_CLOSE,  /* a body up to the end of the stream */
    AT_CHUNK_SIZE,
    AT_CHUNK,
    AT_CHUNK_END,
    AT_TRAILER,
    AT_DONE,
    AT_FAILED,
};

enum {
    AGAIN = 100,       /* beside the events: the state has changed, go on */
    BANNER_BYTES = 64, /* of something that is no HTTP: as much as is worth showing */
    SWITCHING = 101,
};

/* Larger lengths are absurd, and adding to them could overflow. */
static const uint64_t length_max = UINT64_C(1) << 53;

void parley_http_start(struct parley_http *http, bool tunnel)
{
    memset(http, 0, sizeof *http);
    http->tunnel = tunnel;
}

static int fail(struct parley_http *http, const char *why)
{
    http->state = AT_FAILED;
    http->why = why;
    return PARLEY_ERR_HTTP;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool parley_http_is(struct parley_view text, const char *expected)
{
    size_t i = 0;

    while (i < text.len && expected[i] != '\0' && lower(text.at[i]) == expected[i])
        i++;
    return i == text.len && expected[i] == '\0';
}

/* Takes the next element off the front of a comma-separated list. */
static struct parley_view next_element(struct parley_view *list)
{
    const char *comma = list->len > 0 ? memchr(list->at, ',', list->len) : NULL;
    size_t len = comma != NULL ? (size_t)(comma - list->at) : list->len;
    struct parley_view element = parley_view_trim(parley_view_of(list->at, len));

    *list = parley_view_skip(*list, len + 1);
    return element;
}

bool parley_http_lists(struct parley_view value, const char *expected)
{
    while (value.len > 0)
        if (parley_http_is(next_element(&value), expected))
            return true;
    return false;
}

bool parley_http_is_token(struct parley_view name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = lower(name.at[i]);
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (!alphanumeric && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return name.len > 0;
}

/* What is wrong with the characters of a line; NULL when nothing is. */
static const char *wrong_characters(struct parley_view line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.at[i];

        if (c == '\r')
            return "a carriage return stands alone in a line";
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return "a line holds a control character";
    }
    return NULL;
}

/* Takes a whole line, without its end, off `bytes`. Returns 1, 0 when its end is not there, < 0. */
static int take_line(struct parley_http *http, struct parley_view *bytes, struct parley_view *line)
{
    const char *end = NULL, *wrong;
    size_t taken;

    if (bytes->len > http->searched)
        end = memchr(bytes->at + http->searched, '\n', bytes->len - http->searched);
    taken = end != NULL ? (size_t)(end - bytes->at) + 1 : bytes->len;
    if (taken >= PARLEY_HTTP_LINE_BYTES + (end != NULL ? 1 : 0))
        return fail(http, "a line is longer than 8192 bytes");
    http->searched = end != NULL ? 0 : taken;
    if (end == NULL)
        return PARLEY_HTTP_MORE;
    http->head_bytes += taken;
    if (http->head_bytes > PARLEY_HTTP_HEAD_BYTES)
        return fail(http, "its headers are longer than 65536 bytes");
    *line = parley_view_of(bytes->at, taken - 1);
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    *bytes = parley_view_skip(*bytes, taken);
    wrong = wrong_characters(*line);
    return wrong != NULL ? fail(http, wrong) : 1;
}

/* ---- the status line --------------------------------------------------------------------------- */

/* True once it is clear that this is no HTTP and enough of it is there to tell what it is instead. */
static bool is_not_http(struct parley_view bytes, bool ended)
{
    static const char begin[] = "HTTP/";
    size_t some = bytes.len < sizeof begin - 1 ? bytes.len : sizeof begin - 1;
    bool tls_record = bytes.len >= 2 && (unsigned char)bytes.at[0] - 0x14u < 4 && bytes.at[1] == 3;

    if (some == 0 || memcmp(bytes.at, begin, some) == 0)
        return false;
    return ended || tls_record || bytes.len >= BANNER_BYTES || memchr(bytes.at, '\n', bytes.len) != NULL;
}

static int fail_not_http(struct parley_http *http)
{
    http->not_http = true;
    return fail(http, "it is not HTTP");
}

/* "HTTP/1.1 101 Switching Protocols" (RFC 9112, 4) */
static bool parse_status(struct parley_http *http, struct parley_view line)
{
    const char *at = line.at;
    int status = 0;

    if (line.len < 12 || memcmp(at, "HTTP/1.", 7) != 0 || at[7] < '0' || at[7] > '9' || at[8] != ' ')
        return false;
    for (size_t i = 9; i < 12; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        status = status * 10 + (at[i] - '0');
    }
    if (status < 100 || status > 599 || (line.len > 12 && at[12] != ' '))
        return false;
    http->minor = (uint8_t)(at[7] - '0');
    http->interim = status < 200 && status != SWITCHING;
    if (http->interim)
        return true;
    http->status = status;
    parley_why_clean(http->phrase, sizeof http->phrase, parley_view_skip(line, 13));
    return true;
}

static int read_status(struct parley_http *http, struct parley_view *bytes)
{
    struct parley_view line;
    int got;

    if (is_not_http(*bytes, false))
        return fail_not_http(http);
    got = take_line(http, bytes, &line);
    if (got <= 0)
        return got;
    if (!parse_status(http, line))
        return fail(http, "its status line is not one of HTTP/1.1");
    http->state = AT_HEADER;
    return AGAIN;
}

/* ---- headers ----------------------------------------------------------------------------------- */

/* A number of `base` without sign; false when it is none or absurd. */
static bool parse_number(struct parley_view text, unsigned base, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = lower(text.at[i]);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;

        if (digit >= base)
            return false;
        *number = *number * base + digit;
        if (*number > length_max)
            return false;
    }
    return text.len > 0;
}

/* Content-Length, which may repeat itself but not contradict (RFC 9112, 6.3). */
static int note_length(struct parley_http *http, struct parley_view value)
{
    do {
        uint64_t length;

        if (!parse_number(next_element(&value), 10, &length))
            return fail(http, "its Content-Length is not a number");
        if (http->has_length && length != http->left)
            return fail(http, "its Content-Length contradicts itself");
        http->has_length = true;
        http->left = length;
    } while (value.len > 0);
    return 0;
}

/* What a header says of the body's framing. */
static int note_framing(struct parley_http *http, const struct parley_http_item *item)
{
    if (parley_http_is(item->name, "content-length"))
        return note_length(http, item->value);
    if (parley_http_is(item->name, "transfer-encoding")) {
        struct parley_view codings = item->value;

        http->coded = true;
        while (codings.len > 0) /* only a chunked that comes last ends the body by itself */
            http->chunked = parley_http_is(next_element(&codings), "chunked");
    }
    return 0;
}

/* Splits a header line. Returns 0 or PARLEY_ERR_HTTP. */
static int parse_header(struct parley_http *http, struct parley_view line, struct parley_http_item *item)
{
    const char *colon;

    if (++http->headers > PARLEY_HTTP_HEADERS)
        return fail(http, "it has more than 128 headers");
    if (line.at[0] == ' ' || line.at[0] == '\t')
        return fail(http, "a header line is folded");
    colon = memchr(line.at, ':', line.len);
    if (colon == NULL)
        return fail(http, "a header line has no colon");
    item->name = parley_view_of(line.at, (size_t)(colon - line.at));
    item->value = parley_view_trim(parley_view_skip(line, item->name.len + 1));
    if (!parley_http_is_token(item->name))
        return fail(http, "the name of a header holds what it may not");
    return 0;
}

/* After the empty line: how the body is framed (RFC 9112, 6.3, in its order). */
static void choose_body(struct parley_http *http)
{
    int status = http->status;
    bool none = status == SWITCHING || status == 204 || status == 304;

    if (none || (http->tunnel && status < 300))
        http->state = AT_DONE;
    else if (http->coded)
        http->state = http->chunked ? AT_CHUNK_SIZE : AT_CLOSE;
    else if (http->has_length)
        http->state = http->left > 0 ? AT_LENGTH : AT_DONE;
    else
        http->state = AT_CLOSE;
}

static int read_header(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item)
{
    struct parley_view line;
    int got = take_line(http, bytes, &line);

    if (got <= 0)
        return got;
    if (line.len == 0) {
        if (http->interim)
            http->state = AT_STATUS;
        else
            choose_body(http);
        return AGAIN;
    }
    got = parse_header(http, line, item);
    if (got < 0 || http->interim)
        return got < 0 ? got : AGAIN;
    got = note_framing(http, item);
    return got < 0 ? got : PARLEY_HTTP_HEADER;
}

/* ---- the body ---------------------------------------------------------------------------------- */

static void keep(struct parley_http *http, struct parley_view piece)
{
    size_t room = sizeof http->kept - http->kept_bytes;
    size_t some = piece.len < room ? piece.len : room;

    memcpy(http->kept + http->kept_bytes, piece.at, some);
    http->kept_bytes += some;
}

/* Up to `left` bytes of body; `next` is the state behind the last of them. */
static int read_counted(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item,
                        enum state next)
{
    size_t some = bytes->len < http->left ? bytes->len : (size_t)http->left;

    if (some == 0)
        return PARLEY_HTTP_MORE;
    item->value = parley_view_of(bytes->at, some);
    *bytes = parley_view_skip(*bytes, some);
    keep(http, item->value);
    http->left -= some;
    if (http->left == 0)
        http->state = (uint8_t)next;
    return PARLEY_HTTP_BODY;
}

static int read_to_close(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item)
{
    http->left = bytes->len;
    return read_counted(http, bytes, item, AT_CLOSE);
}

/* "1f;extension=ignored" (RFC 9112, 7.1) */
static int read_chunk_size(struct parley_http *http, struct parley_view *bytes)
{
    struct parley_view line;
    const char *extension;
    int got = take_line(http, bytes, &line);

    if (got <= 0)
        return got;
    http->head_bytes = 0; /* a long body has many of these lines; each alone is bounded */
    extension = line.len > 0 ? memchr(line.at, ';', line.len) : NULL;
    if (extension != NULL)
        line.len = (size_t)(extension - line.at);
    if (!parse_number(parley_view_trim(line), 16, &http->left))
        return fail(http, "the size of a chunk is not a number");
    http->state = http->left > 0 ? AT_CHUNK : AT_TRAILER;
    return AGAIN;
}

static int read_chunk_end(struct parley_http *http, struct parley_view *bytes)
{
    struct parley_view line;
    int got = take_line(http, bytes, &line);

    if (got <= 0)
        return got;
    if (line.len > 0)
        return fail(http, "a chunk is longer than its size says");
    http->state = AT_CHUNK_SIZE;
    return AGAIN;
}

/* Trailers are checked like headers and ignored. */
static int read_trailer(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item)
{
    struct parley_view line;
    int got = take_line(http, bytes, &line);

    if (got <= 0)
        return got;
    if (line.len == 0) {
        http->state = AT_DONE;
        return AGAIN;
    }
    got = parse_header(http, line, item);
    return got < 0 ? got : AGAIN;
}

/* ---- all together ------------------------------------------------------------------------------ */

static int step(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item)
{
    switch ((enum state)http->state) {
    case AT_STATUS:
        return read_status(http, bytes);
    case AT_HEADER:
        return read_header(http, bytes, item);
    case AT_LENGTH:
        return read_counted(http, bytes, item, AT_DONE);
    case AT_CLOSE:
        return read_to_close(http, bytes, item);
    case AT_CHUNK_SIZE:
        return read_chunk_size(http, bytes);
    case AT_CHUNK:
        return read_counted(http, bytes, item, AT_CHUNK_END);
    case AT_CHUNK_END:
        return read_chunk_end(http, bytes);
    case AT_TRAILER:
        return read_trailer(http, bytes, item);
    case AT_DONE:
        return PARLEY_HTTP_DONE;
    case AT_FAILED:
        break;
    }
    return PARLEY_ERR_HTTP;
}

int parley_http_next(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item)
{
    int event;

    do {
        memset(item, 0, sizeof *item);
        event = step(http, bytes, item);
    } while (event == AGAIN);
    return event;
}

int parley_http_end(struct parley_http *http, struct parley_view rest)
{
    switch ((enum state)http->state) {
    case AT_CLOSE:
        http->state = AT_DONE;
        return PARLEY_HTTP_DONE;
    case AT_DONE:
        return PARLEY_HTTP_DONE;
    case AT_STATUS:
        return is_not_http(rest, true) ? fail_not_http(http)
                                       : fail(http, "it ends before its status line does");
    case AT_HEADER:
        return fail(http, "it ends within its headers");
    case AT_LENGTH:
    case AT_CHUNK_SIZE:
    case AT_CHUNK:
    case AT_CHUNK_END:
    case AT_TRAILER:
        return fail(http, "it ends within its body");
    case AT_FAILED:
        break;
    }
    return PARLEY_ERR_HTTP;
}
