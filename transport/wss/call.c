/* Creating a call: see call.h. */
#include "transport/wss/call.h"

#include "transport/wss/location.h"
#include "transport/wss/why.h"

static const struct parley_answer_words words = {"call", "the address does not create calls"};

/* ---- the request ------------------------------------------------------------------------------- */

static void put(struct parley_render *r, const char *text)
{
    parley_render_raw(r, parley_view(text));
}

void parley_call_render(struct parley_render *r, const struct parley_url *url,
                        const struct parley_endpoint *to)
{
    put(r, "POST ");
    parley_url_render_call_target(url, r);
    put(r, " HTTP/1.1\r\nHost: ");
    parley_url_render_host(url, r);
    put(r, "\r\nConnection: close\r\nContent-Type: ");
    parley_render_raw(r, to->call_type);
    put(r, "\r\nContent-Length: ");
    parley_render_number(r, to->call_bytes);
    put(r, "\r\n");
    for (size_t i = 0; i < to->header_count; i++) {
        parley_render_raw(r, to->headers[i].name);
        put(r, ": ");
        parley_render_raw(r, parley_view_trim(to->headers[i].value));
        put(r, "\r\n");
    }
    put(r, "\r\n");
}

/* ---- the answer -------------------------------------------------------------------------------- */

void parley_call_start(struct parley_call *call)
{
    memset(call, 0, sizeof *call);
    parley_http_start(&call->http, false);
}

/* The first Location counts. */
static void note_header(struct parley_call *call, const struct parley_http_item *item)
{
    if (call->located || !parley_http_is(item->name, "location"))
        return;
    call->located = true;
    parley_answer_location(call->location, item->value);
    call->status = parley_location_read(item->value, call->id, call->wrong);
}

static bool is_success(const struct parley_call *call)
{
    return call->http.status >= 200 && call->http.status < 300;
}

/* A piece of a success; its headers are complete. */
static int take_piece(const struct parley_call *call, struct parley_view bytes, bool last,
                      struct parley_fragment *piece, char why[PARLEY_TRANSPORT_REASON])
{
    if (!call->located || call->status < 0) {
        parley_why(why, "%s", call->located ? call->wrong : "realtime call response missing Location");
        return PARLEY_ERR_HTTP;
    }
    *piece = (struct parley_fragment){.bytes = bytes, .last = last};
    return 1;
}

int parley_call_read(struct parley_call *call, struct parley_view *bytes, struct parley_fragment *piece,
                     char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_http_item item;

    for (;;) {
        int event = parley_http_next(&call->http, bytes, &item);
        bool last = event == PARLEY_HTTP_DONE;

        if (event < 0)
            return parley_answer_fail(&call->http, *bytes, words.stage, why);
        if (event == PARLEY_HTTP_MORE)
            return 0;
        if (event == PARLEY_HTTP_HEADER)
            note_header(call, &item);
        else if (is_success(call))
            return take_piece(call, item.value, last, piece, why);
        else if (last || call->http.kept_bytes == sizeof call->http.kept)
            return parley_answer_refuse(&call->http, &words, call->location, why);
    }
}

int parley_call_end(struct parley_call *call, struct parley_view rest, bool orderly, int status,
                    struct parley_view what, struct parley_fragment *piece, char why[PARLEY_TRANSPORT_REASON])
{
    bool begun = call->http.status != 0 || rest.len > 0;
    int event = parley_http_end(&call->http, rest);

    if (call->http.not_http)
        return parley_answer_fail(&call->http, rest, words.stage, why);
    if (call->http.status != 0 && !is_success(call))
        return parley_answer_refuse(&call->http, &words, call->location, why);
    if (orderly && event == PARLEY_HTTP_DONE)
        return take_piece(call, parley_view(""), true, piece, why);
    parley_why(why, "call: %.*s%s", (int)what.len, what.at, begun ? " (within the answer)" : "");
    return status;
}
