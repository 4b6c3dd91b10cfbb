/*
 * CONNECT. Proxies answer with pages for people, so the words are picked out of what looks like HTML; and
 * when one wants a password, that is said in the way it can be given. See proxy.h.
 */
#include "transport/wss/proxy.h"

#include "parser/base64.h"
#include "platform/clock.h"
#include "transport/wss/http.h"
#include "transport/wss/url.h"
#include "transport/wss/why.h"

#include <stdio.h>

enum {
    USER_BYTES = 512, /* user name, colon and password, without escapes */
    BASE64_BYTES = (USER_BYTES + 1 + 2) / 3 * 4,
    REQUEST_BYTES = 2 * (PARLEY_URL_HOST + 8) + BASE64_BYTES + 128,
    ANSWER_BYTES = PARLEY_HTTP_LINE_BYTES,
    MESSAGE_SHOWN = 120,
    SCHEMES_SHOWN = 40,
};

struct parley_proxy {
    struct parley_url url;
    struct parley_http http;
    struct parley_facts *facts;
    struct parley_log log;
    uint32_t proxy_ms;
    uint64_t by_us;
    int fd;
    int status; /* 0 under way, 1 the tunnel is open, < 0 failed */
    bool has_password, offers_basic;
    char schemes[SCHEMES_SHOWN]; /* of authentication, as offered */
    char request[REQUEST_BYTES]; /* holds the password until it is out */
    size_t request_bytes, sent, got;
    unsigned char answer[ANSWER_BYTES];
    char why[PARLEY_TRANSPORT_REASON];
};

/* ---- the URL ----------------------------------------------------------------------------------- */

static int refuse_url(char why[PARLEY_TRANSPORT_REASON], const char *reason)
{
    parley_why(why, "proxy: %s", reason);
    return PARLEY_ERR_URL;
}

/* The offset of `text` in `in`, its length when it is not there. */
static size_t find(struct parley_view in, const char *text)
{
    size_t i = 0;

    while (i < in.len && !parley_view_starts(parley_view_skip(in, i), parley_view(text)))
        i++;
    return i;
}

/* Takes the scheme off, which may be missing: environments often say no more than HOST:PORT. */
static int take_scheme(struct parley_view *text, char why[PARLEY_TRANSPORT_REASON])
{
    size_t len = find(*text, "://");
    struct parley_view scheme = parley_view_of(text->at, len);

    if (len == text->len)
        return 0;
    if (parley_http_is(scheme, "https"))
        return refuse_url(
            why, "a proxy that is itself spoken to in TLS (https://) is not supported; most take http://");
    if (!parley_http_is(scheme, "http"))
        return refuse_url(why, "only HTTP proxies are supported: http://HOST:PORT");
    *text = parley_view_skip(*text, len + 3);
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes the escapes out of "user:password". Returns the length, or -1. */
static int unescape(char out[USER_BYTES], struct parley_view text)
{
    int used = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.at[i + 2]) : -1;

            if (high < 0 || low < 0)
                return -1;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if ((unsigned char)c < ' ' || c == 0x7f || used == USER_BYTES)
            return -1;
        out[used++] = c;
    }
    return used;
}

/* Writes the header for "user:password", or nothing when there is none. */
static int render_password(struct parley_render *r, struct parley_view user,
                           char why[PARLEY_TRANSPORT_REASON])
{
    char plain[USER_BYTES + 1], base64[BASE64_BYTES];
    size_t colon = find(user, ":");
    int len = unescape(plain, parley_view_of(user.at, colon));
    const char *wrong = NULL;

    if (len >= 0 && memchr(plain, ':', (size_t)len) != NULL)
        wrong = "its user name holds a colon, which HTTP has no way to send";
    len = unescape(plain, user);
    if (len < 0)
        wrong = "its user name and password are too long, or escaped in a wrong way";
    if (wrong != NULL) {
        parley_wipe(plain, sizeof plain);
        return refuse_url(why, wrong);
    }
    if (colon == user.len)
        plain[len++] = ':'; /* no password is an empty one */
    parley_base64_encode(base64, plain, (size_t)len);
    parley_render_raw(r, parley_view("Proxy-Authorization: Basic "));
    parley_render_raw(r, parley_view_of(base64, parley_base64_length((size_t)len)));
    parley_render_raw(r, parley_view("\r\n"));
    parley_wipe(plain, sizeof plain);
    parley_wipe(base64, sizeof base64);
    return 0;
}

/* "host:port", the port always (RFC 9110, 9.3.6) */
static void render_target(struct parley_render *r, const struct parley_proxy_options *options)
{
    bool ipv6 = find(options->host, ":") < options->host.len;

    parley_render_raw(r, parley_view(ipv6 ? "[" : ""));
    parley_render_raw(r, options->host);
    parley_render_raw(r, parley_view(ipv6 ? "]:" : ":"));
    parley_render_number(r, options->port);
}

/* Host and port by the reader for URLs, which gets neither scheme nor password to see. */
static int read_address(struct parley_proxy *p, struct parley_view text, char why[PARLEY_TRANSPORT_REASON])
{
    static const struct parley_view scheme = PARLEY_VIEW("http://"), stage = PARLEY_VIEW("url: ");
    char url[PARLEY_URL_HOST + 32], cause[PARLEY_TRANSPORT_REASON];

    if (text.len > sizeof url - scheme.len)
        return refuse_url(why, "its host is longer than a name can be");
    memcpy(url, scheme.at, scheme.len);
    memcpy(url + scheme.len, text.at, text.len);
    if (parley_url_read(&p->url, parley_view_of(url, scheme.len + text.len), cause) == 0)
        return 0;
    return refuse_url(why, parley_view_starts(parley_view(cause), stage) ? cause + stage.len : cause);
}

/* "user:password" before the last '@', as passwords come with an unescaped one now and then; absent: none. */
static struct parley_view take_user(struct parley_view *text)
{
    size_t at = text->len;
    struct parley_view user = {NULL, 0};

    while (at > 0 && text->at[at - 1] != '@')
        at--;
    if (at == 0)
        return user;
    user = parley_view_of(text->at, at - 1);
    *text = parley_view_skip(*text, at);
    return user;
}

static int render_request(struct parley_proxy *p, const struct parley_proxy_options *options,
                          struct parley_view user, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_render r = parley_render(p->request, sizeof p->request);
    int status = 0;

    parley_render_raw(&r, parley_view("CONNECT "));
    render_target(&r, options);
    parley_render_raw(&r, parley_view(" HTTP/1.1\r\nHost: "));
    render_target(&r, options);
    parley_render_raw(&r, parley_view("\r\n"));
    if (user.len > 0)
        status = render_password(&r, user, why);
    parley_render_raw(&r, parley_view("\r\n"));
    p->has_password = user.len > 0;
    p->request_bytes = r.used;
    return status;
}

static int read_url(struct parley_proxy *p, const struct parley_proxy_options *options,
                    char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_view text = parley_view_trim(options->endpoint->proxy), user;
    int status = take_scheme(&text, why);

    if (status < 0)
        return status;
    text.len = find(text, "/");
    user = take_user(&text);
    status = read_address(p, text, why);
    return status == 0 ? render_request(p, options, user, why) : status;
}

int parley_proxy_open(struct parley_proxy **out, struct parley_arena *arena,
                      const struct parley_proxy_options *options, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_proxy *p = *out = parley_arena_take(arena, 1, sizeof *p);
    int status;

    if (p == NULL)
        return 0; /* counting, or full: whoever opened the arena sees that */
    p->facts = options->facts;
    p->log = options->endpoint->log;
    p->proxy_ms = options->endpoint->deadlines.proxy_ms;
    p->fd = -1;
    p->by_us = PARLEY_NEVER;
    parley_http_start(&p->http, true);
    status = read_url(p, options, why);
    if (status == 0)
        return 0;
    parley_proxy_drop(p);
    *out = NULL;
    return status;
}

struct parley_view parley_proxy_host(const struct parley_proxy *p)
{
    return parley_view_of(p->url.host, p->url.host_bytes);
}

uint16_t parley_proxy_port(const struct parley_proxy *p)
{
    return p->url.port;
}

/* ---- what it answers --------------------------------------------------------------------------- */

/* Where the element that `text` begins with ends, when it is one whose content is not for people. */
static size_t skip_element(struct parley_view text)
{
    static const char *const hidden[][2] = {
        {"<style", "</style>"}, {"<script", "</script>"}, {"<!--", "-->"}, {"<STYLE", "</STYLE>"}};

    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (parley_view_starts(text, parley_view(hidden[i][0]))) {
            size_t end = find(text, hidden[i][1]);

            return end < text.len ? end + strlen(hidden[i][1]) : end;
        }
    return find(text, ">") + 1;
}

/* The words of a body: all of it, or what stands between the tags if it is a page. */
static void body_words(char out[MESSAGE_SHOWN], const struct parley_http *http)
{
    struct parley_view text = parley_view_trim(parley_view_of(http->kept, http->kept_bytes));
    char words[PARLEY_HTTP_KEPT_BYTES];
    size_t used = 0;

    if (text.len == 0 || text.at[0] != '<') {
        parley_why_clean(out, MESSAGE_SHOWN, text);
        return;
    }
    while (text.len > 0) {
        if (text.at[0] == '<') {
            text = parley_view_skip(text, skip_element(text));
            words[used++] = ' '; /* not more than was taken */
            continue;
        }
        words[used++] = text.at[0];
        text = parley_view_skip(text, 1);
    }
    parley_why_clean(out, MESSAGE_SHOWN, parley_view_of(words, used));
}

/* Ends it; nothing of the request stays. */
static int end(struct parley_proxy *p, int status)
{
    parley_wipe(p->request, sizeof p->request);
    return p->status = status;
}

/* A proxy that wants a password, or another one. */
static int refuse_password(struct parley_proxy *p)
{
    const char *advice = "it wants a user name and a password: http://USER:PASSWORD@HOST:PORT";

    if (!p->offers_basic && p->schemes[0] != '\0')
        parley_why(p->why,
                   "proxy: HTTP 407: it wants to be authenticated to by %s, and only Basic is supported",
                   p->schemes);
    else
        parley_why(p->why, "proxy: HTTP 407: %s",
                   p->has_password ? "it does not accept this user name and password" : advice);
    return end(p, PARLEY_ERR_AUTH);
}

static int refuse(struct parley_proxy *p)
{
    const struct parley_http *http = &p->http;
    char message[MESSAGE_SHOWN];

    if (http->status == 407)
        return refuse_password(p);
    body_words(message, http);
    parley_why(p->why, "proxy: HTTP %d%s%s%s%s", http->status, http->phrase[0] != '\0' ? " " : "",
               http->phrase, message[0] != '\0' ? ": " : "", message);
    return end(p, http->status >= 300 ? PARLEY_ERR_REFUSED : PARLEY_ERR_HTTP);
}

/* "Negotiate, Basic realm=..." as the schemes it names: of several headers as many as there is room for. */
static void note_offer(struct parley_proxy *p, struct parley_view value)
{
    size_t used = strlen(p->schemes);
    size_t len = find(value, " ");

    if (parley_http_is(parley_view_of(value.at, len), "basic"))
        p->offers_basic = true;
    if (used + 2 >= sizeof p->schemes)
        return;
    if (used > 0)
        p->schemes[used++] = ' ';
    parley_why_clean(p->schemes + used, sizeof p->schemes - used, parley_view_of(value.at, len));
}

/* The tunnel is open; whatever follows is the service's, which has not been spoken to. */
static int judge_tunnel(struct parley_proxy *p, size_t rest)
{
    if (rest > 0) {
        parley_why(p->why, "proxy: HTTP %d, and %lu bytes behind it that nobody asked for", p->http.status,
                   (unsigned long)rest);
        return end(p, PARLEY_ERR_HTTP);
    }
    parley_log_line(&p->log, PARLEY_LOG_DEBUG, "proxy: HTTP %d, the tunnel is open", p->http.status);
    return end(p, 1);
}

/* Reads what has come of the answer. */
static int read_answer(struct parley_proxy *p)
{
    struct parley_view bytes = parley_view_of((const char *)p->answer, p->got);
    struct parley_http_item item;
    int event;

    while ((event = parley_http_next(&p->http, &bytes, &item)) > 0) {
        p->facts->proxy_status = p->http.status;
        if (event == PARLEY_HTTP_HEADER && parley_http_is(item.name, "proxy-authenticate"))
            note_offer(p, item.value);
        if (event == PARLEY_HTTP_DONE && p->http.status >= 200 && p->http.status < 300)
            return judge_tunnel(p, bytes.len);
        if (event == PARLEY_HTTP_DONE || p->http.kept_bytes == sizeof p->http.kept)
            return refuse(p);
    }
    memmove(p->answer, bytes.at, bytes.len);
    p->got = bytes.len;
    if (event == 0)
        return 0;
    parley_why(p->why, "proxy: the answer is not proper HTTP: %s",
               p->http.not_http ? "this is no HTTP proxy" : p->http.why);
    return end(p, event);
}

/* No more will come. A refusal whose headers are there is one. */
static int end_answer(struct parley_proxy *p, int status, const char *what)
{
    if (p->http.status >= 300)
        return refuse(p);
    parley_why(p->why, "proxy: %s%s", what, p->got > 0 || p->http.status != 0 ? " (within the answer)" : "");
    return end(p, status);
}

/* ---- at work ----------------------------------------------------------------------------------- */

void parley_proxy_attach(struct parley_proxy *p, int fd, uint64_t now_us)
{
    p->fd = fd;
    p->by_us = parley_clock_add(now_us, UINT64_C(1000) * p->proxy_ms);
}

static int fail_socket(struct parley_proxy *p)
{
    char what[PARLEY_TRANSPORT_REASON];

    parley_why(what, "the connection broke: %s", parley_socket_reason());
    return end_answer(p, PARLEY_ERR_LOST, what);
}

static int send_request(struct parley_proxy *p)
{
    while (p->sent < p->request_bytes) {
        int put = parley_socket_write(p->fd, p->request + p->sent, p->request_bytes - p->sent);

        if (put < 0)
            return fail_socket(p);
        if (put == 0)
            return 0;
        p->sent += (size_t)put;
    }
    parley_wipe(p->request, sizeof p->request);
    return 0;
}

static int receive(struct parley_proxy *p)
{
    while (p->status == 0) {
        int got = parley_socket_read(p->fd, p->answer + p->got, sizeof p->answer - p->got);

        if (got == PARLEY_ERR_PEER_CLOSED)
            return end_answer(p, PARLEY_ERR_LOST, "it ended the connection before it had answered");
        if (got < 0)
            return fail_socket(p);
        if (got == 0)
            return 0;
        p->got += (size_t)got;
        read_answer(p);
    }
    return p->status;
}

int parley_proxy_work(struct parley_proxy *p, uint64_t now_us)
{
    char late[64];

    if (p->status == 0)
        send_request(p);
    if (p->status == 0)
        receive(p);
    if (p->status != 0 || now_us < p->by_us)
        return p->status;
    snprintf(late, sizeof late, "no answer within %u ms", (unsigned)p->proxy_ms);
    return end_answer(p, PARLEY_ERR_TIMEOUT, late);
}

void parley_proxy_interest(const struct parley_proxy *p, struct parley_interest *want)
{
    *want = (struct parley_interest){.fd = p->fd, .read = true, .write = p->sent < p->request_bytes};
    want->deadline_us = p->by_us;
}

const char *parley_proxy_reason(const struct parley_proxy *p)
{
    return p->why;
}

void parley_proxy_drop(struct parley_proxy *p)
{
    if (p == NULL)
        return;
    parley_wipe(p->request, sizeof p->request);
    parley_wipe(p->answer, sizeof p->answer);
    p->fd = -1;
}
