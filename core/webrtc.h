#ifndef PARLEY_CORE_WEBRTC_H
#define PARLEY_CORE_WEBRTC_H

#include "core/endpoint.h"
#include "core/inbox.h"

/*
 * A call over WebRTC (reference 9): its media goes between the host's peer connection and the service, and
 * the conversation beside it over a WebSocket that joins the call.
 *
 *     NONE        no call: the WebSocket is all there is
 *     CREATING    a POST takes the host's offer to the service; its answer names the call: JOINING
 *     JOINING     every link from now on, the first and those after a break, joins that call
 */
enum parley_webrtc_state { PARLEY_WEBRTC_NONE, PARLEY_WEBRTC_CREATING, PARLEY_WEBRTC_JOINING };

struct parley_webrtc {
    enum parley_webrtc_state state;
    struct parley_endpoint *to;    /* of the POST; NULL: none is made */
    struct parley_view body, rest; /* and what of its body is not out yet */
    char id[PARLEY_FACT_CALL_ID];
    bool answer_waits; /* the answer is in the inbox, and the host has not seen it */
};

/* True when the options ask for a call, to be created or joined. */
bool parley_webrtc_is_asked(const struct parley_options *o);

/* The id of the call to join; while it is not known, a text as long as it can be. */
struct parley_view parley_webrtc_id(const struct parley_options *o);

/* Checks what the options say of a call. Returns PARLEY_OK or PARLEY_ERR_ARGUMENT. */
int parley_webrtc_check(const struct parley_options *o, struct parley_error *error);

/* Carves what a call needs. `kept` is the endpoint of the WebSocket, which has to stay, and `counted` serves
   for w->to while the arena only counts. */
void parley_webrtc_open(struct parley_webrtc *w, struct parley_arena *arena, const struct parley_options *o,
                        const struct parley_endpoint *kept, struct parley_endpoint *counted);

/* The POST is to be made again. */
void parley_webrtc_again(struct parley_webrtc *w);

/* The answer is in the inbox: judges it. Returns PARLEY_OK, the call being created, or a status with the
   reason, static text, in *why. */
int parley_webrtc_answered(struct parley_webrtc *w, const struct parley_inbox *inbox,
                           const struct parley_facts *facts, const char **why);

#endif
