/* Creating and joining a call; see webrtc.h. */
#include "core/webrtc.h"

#include "core/session.h"
#include "parser/utf8.h"
#include "templates/templates.h"

/* What ends the parts of the body; see templates/wire/call/multipart.md. */
static const char boundary[] = "--codex-realtime-call-boundary";

bool parley_webrtc_is_asked(const struct parley_options *o)
{
    return o->sdp_offer.at != NULL || o->call_id.at != NULL;
}

struct parley_view parley_webrtc_id(const struct parley_options *o)
{
    static const char longest[PARLEY_FACT_CALL_ID - 1];

    return o->call_id.at != NULL ? o->call_id : parley_view_of(longest, sizeof longest);
}

static bool holds(struct parley_view text, struct parley_view part)
{
    for (; text.len >= part.len; text = parley_view_skip(text, 1))
        if (parley_view_starts(text, part))
            return true;
    return false;
}

int parley_webrtc_check(const struct parley_options *o, struct parley_error *error)
{
    const char *wrong = NULL;

    if (o->sdp_offer.at != NULL && o->call_id.at != NULL)
        wrong = "sdp_offer creates a call, call_id joins another: give one";
    else if (o->sdp_offer.at != NULL && o->sdp_offer.len == 0)
        wrong = "sdp_offer is empty";
    else if (holds(o->sdp_offer, parley_view(boundary)))
        wrong = "sdp_offer holds what ends the parts of a request";
    else if (o->call_id.at != NULL && (o->call_id.len == 0 || o->call_id.len >= PARLEY_FACT_CALL_ID))
        wrong = o->call_id.len == 0 ? "call_id is empty" : "call_id is too long";
    else if (o->keep_session && !parley_webrtc_is_asked(o))
        wrong = "keep_session needs a call: sdp_offer or call_id";
    return wrong != NULL ? parley_error_set(error, PARLEY_ERR_ARGUMENT, "%s", wrong) : PARLEY_OK;
}

/* ---- the request ------------------------------------------------------------------------------- */

static void write_session(struct parley_render *r, const void *options)
{
    struct parley_session session = parley_session_of(options);

    parley_session_render_for_call(r, &session);
}

static struct parley_view call_url(const struct parley_options *o, const struct parley_endpoint *kept)
{
    return o->call_url.at != NULL ? o->call_url : kept->url;
}

/* The three forms of reference 9.1. */
static void render_body(struct parley_render *r, const struct parley_options *o, struct parley_view url,
                        struct parley_view *type)
{
    const struct parley_slot slots[] = {
        {.name = "cr", .text = PARLEY_VIEW("\r")},
        {.name = "sdp", .text = o->sdp_offer},
        {.name = "session", .write = write_session, .state = o},
        {.name = NULL},
    };

    if (o->keep_session) {
        *type = parley_view("application/sdp");
        parley_render_raw(r, o->sdp_offer);
    } else if (holds(url, parley_view("/backend-api"))) {
        *type = parley_view("application/json");
        parley_render_template(r, &parley_template_wire_call_body, slots);
    } else {
        *type = parley_view("multipart/form-data; boundary=codex-realtime-call-boundary");
        parley_render_template(r, &parley_template_wire_call_multipart, slots);
    }
}

void parley_webrtc_open(struct parley_webrtc *w, struct parley_arena *arena, const struct parley_options *o,
                        const struct parley_endpoint *kept, struct parley_endpoint *counted)
{
    struct parley_render r = parley_render(NULL, 0);
    char *body;

    if (!parley_webrtc_is_asked(o))
        return;
    w->state = PARLEY_WEBRTC_JOINING;
    if (o->call_id.at != NULL)
        return;
    w->state = PARLEY_WEBRTC_CREATING;
    w->to = parley_arena_take(arena, 1, sizeof *w->to);
    if (w->to == NULL)
        w->to = counted;
    *w->to = *kept;
    w->to->query = NULL;
    w->to->query_count = 0;
    w->to->compress = false;
    if (o->call_url.at != NULL)
        w->to->kept = NULL; /* that is for links to one address */
    w->to->url = parley_carve_text(arena, call_url(o, kept));
    if (w->to->url.at == NULL) /* the arena counts */
        w->to->url = call_url(o, kept);
    render_body(&r, o, w->to->url, &w->to->call_type);
    w->to->call_bytes = r.used;
    body = parley_arena_take_raw(arena, r.used, 1);
    if (body == NULL)
        return;
    r = parley_render(body, r.used);
    render_body(&r, o, w->to->url, &w->to->call_type);
    w->body = w->rest = parley_rendered(&r);
}

void parley_webrtc_again(struct parley_webrtc *w)
{
    w->rest = w->body;
}

/* ---- the answer -------------------------------------------------------------------------------- */

int parley_webrtc_answered(struct parley_webrtc *w, const struct parley_inbox *inbox,
                           const struct parley_facts *facts, const char **why)
{
    *why = NULL;
    if (inbox->state == PARLEY_INBOX_TOO_LONG)
        *why = "failed to decode realtime call SDP response: it is longer than limits.inbox_bytes";
    else if (inbox->len == 0)
        *why = "failed to decode realtime call SDP response: it is empty";
    else if (!parley_utf8_valid(parley_view_of(inbox->at, inbox->len)))
        *why = "failed to decode realtime call SDP response: it is not UTF-8";
    if (*why != NULL)
        return inbox->state == PARLEY_INBOX_TOO_LONG ? PARLEY_ERR_TOO_LONG : PARLEY_ERR_UTF8;
    memcpy(w->id, facts->call_id, sizeof w->id);
    w->state = PARLEY_WEBRTC_JOINING;
    w->answer_waits = true;
    return PARLEY_OK;
}
