#ifndef PARLEY_TRANSPORT_WSS_ANSWER_H
#define PARLEY_TRANSPORT_WSS_ANSWER_H

#include "transport/transport.h"
#include "transport/wss/http.h"

/*
 * The words for an HTTP answer that is not the one wanted, whether to the upgrade or to a call.
 */
enum { PARLEY_ANSWER_LOCATION = 128 };

struct parley_answer_words {
    const char *stage;   /* which was asked for, "upgrade" */
    const char *success; /* what it means that the answer is one of 1xx or 2xx */
};

/* Copies a Location, cleaned; its query may hold a token and is left out. */
void parley_answer_location(char out[PARLEY_ANSWER_LOCATION], struct parley_view value);

/*
 * Tells in `why` what the answer says, with the message of its body as far as it is read. `location`: as
 * above, or empty. Returns PARLEY_ERR_AUTH (401, 403), PARLEY_ERR_REFUSED (any other of 3xx to 5xx), or
 * PARLEY_ERR_HTTP.
 */
int parley_answer_refuse(const struct parley_http *http, const struct parley_answer_words *words,
                         const char *location, char why[PARLEY_TRANSPORT_REASON]);

/* The same for what is no proper HTTP; `bytes` are where reading ended. Returns PARLEY_ERR_HTTP. */
int parley_answer_fail(const struct parley_http *http, struct parley_view bytes, const char *stage,
                       char why[PARLEY_TRANSPORT_REASON]);

#endif
