#ifndef PARLEY_TRANSPORT_WSS_HTTP_H
#define PARLEY_TRANSPORT_WSS_HTTP_H

#include "platform/status.h"
#include "platform/view.h"
#include <stdint.h>

/*
 * An incremental reader of one HTTP/1.1 response (RFC 9112). It keeps no bytes but a first piece of the
 * body: the caller holds what has come in a row, in a buffer of at least PARLEY_HTTP_LINE_BYTES, and brings
 * an unfinished line again when more of it is there.
 *
 *     while ((event = parley_http_next(&http, &bytes, &item)) > 0)
 *         ...
 */
enum {
    PARLEY_HTTP_LINE_BYTES = 8192,  /* the longest line, its end included */
    PARLEY_HTTP_HEAD_BYTES = 65536, /* all headers and trailers, those of 1xx answers included */
    PARLEY_HTTP_HEADERS = 128,      /* and their number */
    PARLEY_HTTP_KEPT_BYTES = 1024,  /* of the body */
    PARLEY_HTTP_PHRASE = 48,        /* of the status line's words, cleaned, with the zero */
};

enum parley_http_event {
    PARLEY_HTTP_MORE = 0, /* bring more bytes behind those that are left */
    PARLEY_HTTP_HEADER,   /* name and value; `status` is known from here on */
    PARLEY_HTTP_BODY,     /* a piece of the body in `value` */
    PARLEY_HTTP_DONE,     /* the response is complete; bytes left over are not of it */
};

struct parley_http_item {
    struct parley_view name, value; /* into the caller's bytes */
};

struct parley_http {
    int status;      /* 101..599; 0 before the status line. 1xx other than 101 is passed over */
    uint8_t minor;   /* of HTTP/1.x */
    bool not_http;   /* it failed because what came is no HTTP at all */
    const char *why; /* why it failed, in words, static; NULL while it has not */
    char phrase[PARLEY_HTTP_PHRASE];
    char kept[PARLEY_HTTP_KEPT_BYTES]; /* how the body begins */
    size_t kept_bytes;

    /* Internal. */
    uint8_t state;
    bool tunnel, interim;
    bool has_length, coded, chunked; /* what the headers say of the body */
    uint64_t left;                   /* of the body or of the chunk */
    size_t searched;                 /* bytes of the unfinished line known to hold no line end */
    size_t head_bytes, headers;
};

/* Starts a response. `tunnel`: it answers CONNECT, so that a 2xx has no body (RFC 9112, 6.3). */
void parley_http_start(struct parley_http *http, bool tunnel);

/*
 * Reads on in `bytes`, taking what it has used off its front. Views in *item point into it.
 * Returns an enum parley_http_event, or PARLEY_ERR_HTTP with `why` set, again at each later call.
 *
 * Refused are: a status line that is none, header lines that are folded, without a colon, with white space
 * before it or with control characters (a CR alone among them), a Content-Length that is no number or
 * contradicts itself, bad chunks, and anything beyond the limits above. A line may end with LF alone.
 */
int parley_http_next(struct parley_http *http, struct parley_view *bytes, struct parley_http_item *item);

/* The stream has ended with `rest` unread: PARLEY_HTTP_DONE when the response may end so, else
 * PARLEY_ERR_HTTP. */
int parley_http_end(struct parley_http *http, struct parley_view rest);

/* True when `text` is `lower`, a zero-terminated text in lower case, in any case. */
bool parley_http_is(struct parley_view text, const char *lower);

/* True when the comma-separated list `value` holds `lower` in any case. */
bool parley_http_lists(struct parley_view value, const char *lower);

/* True when `name` can name a header: a token (RFC 9110, 5.6.2). */
bool parley_http_is_token(struct parley_view name);

#endif
