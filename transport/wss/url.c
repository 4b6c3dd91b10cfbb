/*
 * Reads and completes the address of the service. A small reader of our own: a URL library would take
 * far more than the four schemes and the one kind of host that can be dialled here.
 */
#include "transport/wss/url.h"

#include "platform/socket.h"
#include "transport/wss/why.h"

enum { LABEL_BYTES = 63, PORT_MAX = 65535, PORT_HTTP = 80, PORT_HTTPS = 443 };

static int refuse(char why[PARLEY_TRANSPORT_REASON], const char *reason)
{
    parley_why(why, "url: %s", reason);
    return PARLEY_ERR_URL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* The offset of the first of `any` in `text`, its length when there is none. */
static size_t find(struct parley_view text, const char *any)
{
    size_t i = 0;

    while (i < text.len && (text.at[i] == '\0' || strchr(any, text.at[i]) == NULL))
        i++;
    return i;
}

static bool ends_with(struct parley_view text, const char *end)
{
    size_t len = strlen(end);

    return text.len >= len && memcmp(text.at + text.len - len, end, len) == 0;
}

/* What holds for every part: no control characters, and a '%' stands before two hex digits. */
static const char *wrong_characters(struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c < ' ' || c == 0x7f)
            return "it holds a control character";
        if (c == '%' && (text.len - i < 3 || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2])))
            return "it holds a '%' that is not followed by two hex digits";
    }
    return NULL;
}

/* "https://" and its like: takes it off the front of *text. */
static int read_scheme(struct parley_url *url, struct parley_view *text, char why[PARLEY_TRANSPORT_REASON])
{
    static const struct {
        const char *name;
        bool tls;
    } schemes[] = {{"http", false}, {"https", true}, {"ws", false}, {"wss", true}};
    size_t len = find(*text, ":/?#");
    char name[16] = "", shown[32];

    if (len == 0 || len == text->len || text->at[len] != ':')
        return refuse(why, "it has no scheme (it begins with https://, http://, wss:// or ws://)");
    for (size_t i = 0; i < len && i < sizeof name - 1; i++)
        name[i] = lower(text->at[i]);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (len != strlen(schemes[i].name) || strcmp(name, schemes[i].name) != 0)
            continue;
        url->tls = schemes[i].tls;
        *text = parley_view_skip(*text, len);
        if (!parley_view_starts(*text, parley_view("://")))
            return refuse(why, "\"//\" is missing after the scheme");
        *text = parley_view_skip(*text, 3);
        return 0;
    }
    /* "localhost:8080" reads as a scheme: the name may be anything, so it is shown short and cleaned. */
    parley_why_clean(shown, sizeof shown, parley_view_of(text->at, len));
    parley_why(why, "url: the scheme \"%s\" is not one of https, http, wss, ws", shown);
    return PARLEY_ERR_URL;
}

static int read_port(struct parley_url *url, struct parley_view text, char why[PARLEY_TRANSPORT_REASON])
{
    uint32_t port = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return refuse(why, "the port is not a number");
        port = port * 10 + (uint32_t)(text.at[i] - '0');
        if (port > PORT_MAX)
            return refuse(why, "the port is above 65535");
    }
    if (text.len > 0 && port == 0)
        return refuse(why, "port 0 cannot be connected to");
    if (text.len > 0)
        url->port = (uint16_t)port;
    return 0;
}

/* Why `name` is no host name; NULL when it is one. */
static const char *wrong_name(struct parley_view name)
{
    size_t label = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if ((unsigned char)c >= 0x80)
            return "the host is not ASCII: write it in its punycode form (xn--...)";
        if (c == '%')
            return "the host holds a '%'";
        if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '_')
            return "the host holds a character that no host name has";
        if (c == '.' && label == 0)
            return "a part of the host between its dots is empty";
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_BYTES)
            return "a part of the host is longer than 63 characters";
    }
    return NULL;
}

/* Why the text between brackets is no IPv6 address; NULL when it is one. */
static const char *wrong_ipv6(struct parley_view text)
{
    struct parley_address address;

    if (find(text, "%") < text.len)
        return "an IPv6 zone cannot stand in a URL: hand the address in separately";
    if (find(text, ":") == text.len || parley_address_parse(text, &address) != 1)
        return "what stands in brackets is not an IPv6 address";
    return NULL;
}

static int set_host(struct parley_url *url, struct parley_view host, char why[PARLEY_TRANSPORT_REASON])
{
    const char *wrong;

    if (host.len == 0)
        return refuse(why, "it names no host");
    if (host.len >= PARLEY_URL_HOST)
        return refuse(why, "the host is longer than 253 characters");
    wrong = url->ipv6 ? wrong_ipv6(host) : wrong_name(host);
    if (wrong != NULL)
        return refuse(why, wrong);
    for (size_t i = 0; i < host.len; i++)
        url->host[i] = lower(host.at[i]);
    url->host_bytes = host.len;
    return 0;
}

/* "host", "host:port", "[v6]:port" */
static int read_authority(struct parley_url *url, struct parley_view text, char why[PARLEY_TRANSPORT_REASON])
{
    size_t end, start = 0;
    struct parley_view rest;
    int status;

    if (find(text, "@") < text.len)
        return refuse(why, "a user name or password cannot stand in it: use the key or a header");
    url->ipv6 = text.len > 0 && text.at[0] == '[';
    start = url->ipv6 ? 1 : 0;
    end = find(text, url->ipv6 ? "]" : ":");
    if (url->ipv6 && end == text.len)
        return refuse(why, "a '[' is not closed");
    status = set_host(url, parley_view_of(text.at + start, end - start), why);
    if (status < 0)
        return status;
    rest = parley_view_skip(text, end + start);
    if (rest.len > 0 && rest.at[0] != ':')
        return refuse(why, "only a port may follow the address in brackets");
    return read_port(url, parley_view_skip(rest, 1), why);
}

int parley_url_read(struct parley_url *url, struct parley_view text, char why[PARLEY_TRANSPORT_REASON])
{
    const char *wrong;
    size_t end;
    int status;

    memset(url, 0, sizeof *url);
    text = parley_view_trim(text);
    if (text.len == 0)
        return refuse(why, "it is empty");
    if (text.len > PARLEY_URL_BYTES)
        return refuse(why, "it is longer than 8192 bytes");
    wrong = wrong_characters(text);
    if (wrong != NULL)
        return refuse(why, wrong);
    status = read_scheme(url, &text, why);
    if (status < 0)
        return status;
    text.len = find(text, "#");
    url->port = url->tls ? PORT_HTTPS : PORT_HTTP;
    end = find(text, "/?");
    status = read_authority(url, parley_view_of(text.at, end), why);
    if (status < 0)
        return status;
    text = parley_view_skip(text, end);
    end = find(text, "?");
    url->path = parley_view_of(text.at, end);
    url->query = parley_view_skip(text, end + 1);
    return 0;
}

void parley_url_render_host(const struct parley_url *url, struct parley_render *r)
{
    if (url->ipv6)
        parley_render_raw(r, parley_view("["));
    parley_render_raw(r, parley_view_of(url->host, url->host_bytes));
    if (url->ipv6)
        parley_render_raw(r, parley_view("]"));
    if (url->port == (url->tls ? PORT_HTTPS : PORT_HTTP))
        return;
    parley_render_raw(r, parley_view(":"));
    parley_render_number(r, url->port);
}

static void render_escaped(struct parley_render *r, unsigned char c)
{
    static const char digits[] = "0123456789ABCDEF";
    char out[3] = {'%', digits[c >> 4], digits[c & 15]};

    parley_render_raw(r, parley_view_of(out, sizeof out));
}

/* Path and query as given; what may not stand there (RFC 3986, appendix A) as %XX. */
static void render_part(struct parley_render *r, struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
            render_escaped(r, c);
        else
            parley_render_raw(r, parley_view_of(&text.at[i], 1));
    }
}

/* application/x-www-form-urlencoded */
static void render_form(struct parley_render *r, struct parley_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c == ' ')
            parley_render_raw(r, parley_view("+"));
        else if (is_alphanumeric(c) || c == '*' || c == '-' || c == '.' || c == '_')
            parley_render_raw(r, parley_view_of(&text.at[i], 1));
        else
            render_escaped(r, (unsigned char)c);
    }
}

/* The table of reference 1.2. */
static void render_path(struct parley_render *r, struct parley_view path)
{
    const char *more = "";

    if (path.len == 0 || parley_view_is(path, "/"))
        path = parley_view("/v1/realtime");
    else if (ends_with(path, "/realtime/"))
        path.len--;
    else if (ends_with(path, "/v1"))
        more = "/realtime";
    else if (ends_with(path, "/v1/"))
        more = "realtime";
    render_part(r, path);
    parley_render_raw(r, parley_view(more));
}

/* The same for calls (reference 9.1), so that the base of either is good for both. */
static void render_call_path(struct parley_render *r, struct parley_view path)
{
    const char *more = "/realtime/calls";

    while (path.len > 0 && path.at[path.len - 1] == '/')
        path.len--;
    if (path.len == 0)
        path = parley_view("/v1");
    else if (ends_with(path, "/realtime/calls"))
        more = "";
    else if (ends_with(path, "/realtime"))
        more = "/calls";
    render_part(r, path);
    parley_render_raw(r, parley_view(more));
}

void parley_url_render_call_target(const struct parley_url *url, struct parley_render *r)
{
    render_call_path(r, url->path);
    if (url->query.len == 0)
        return;
    parley_render_raw(r, parley_view("?"));
    render_part(r, url->query);
}

void parley_url_render_target(const struct parley_url *url, const struct parley_pair *query,
                              size_t query_count, struct parley_render *r)
{
    bool first = url->query.len == 0;

    render_path(r, url->path);
    if (!first) {
        parley_render_raw(r, parley_view("?"));
        render_part(r, url->query);
    }
    for (size_t i = 0; i < query_count; i++) {
        parley_render_raw(r, parley_view(first ? "?" : "&"));
        first = false;
        render_form(r, query[i].name);
        parley_render_raw(r, parley_view("="));
        render_form(r, query[i].value);
    }
}
