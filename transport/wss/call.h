#ifndef PARLEY_TRANSPORT_WSS_CALL_H
#define PARLEY_TRANSPORT_WSS_CALL_H

#include "transport/wss/answer.h"
#include "transport/wss/http.h"
#include "transport/wss/url.h"

/*
 * The creation of a call (reference 9.1, 9.2): the head of the POST, and the judgement of the answer.
 */
struct parley_call {
    struct parley_http http;
    /* What the answer's headers said. */
    bool located;
    int status; /* of reading its Location: 0, or why it names no call */
    char id[PARLEY_FACT_CALL_ID];
    char wrong[PARLEY_TRANSPORT_REASON];   /* with it */
    char location[PARLEY_ANSWER_LOCATION]; /* cleaned, without its query; for redirects */
};

/* Writes the request as far as its body, which is the caller's. It holds secrets: the caller wipes it. */
void parley_call_render(struct parley_render *r, const struct parley_url *url,
                        const struct parley_endpoint *to);

/* Starts to wait for the answer. */
void parley_call_start(struct parley_call *call);

/*
 * Reads on in `bytes`, taking what it has used off its front (see parley_http_next for what has to stay).
 * Returns 1 with a piece of the answer's body; with the last one the call's id stands in call->id. 0 for more
 * bytes, or a refusal with `why` set: PARLEY_ERR_AUTH (401, 403), PARLEY_ERR_REFUSED (any other answer of 3xx
 * to 5xx), PARLEY_ERR_HTTP (a success that names no call, any other answer, or no HTTP at all).
 */
int parley_call_read(struct parley_call *call, struct parley_view *bytes, struct parley_fragment *piece,
                     char why[PARLEY_TRANSPORT_REASON]);

/*
 * No more will come, with `rest` unread; `orderly`: the other side said so itself. Returns 1 with the last
 * piece when the answer may end so; the refusal, if the answer is one as far as it came; otherwise `status`,
 * with `what` in `why`.
 */
int parley_call_end(struct parley_call *call, struct parley_view rest, bool orderly, int status,
                    struct parley_view what, struct parley_fragment *piece,
                    char why[PARLEY_TRANSPORT_REASON]);

#endif
