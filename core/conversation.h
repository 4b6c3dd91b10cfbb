#ifndef PARLEY_CORE_CONVERSATION_H
#define PARLEY_CORE_CONVERSATION_H

#include "context/transcript.h"
#include "core/dialect.h"
#include "core/endpoint.h"
#include "core/handoff.h"
#include "core/inbox.h"
#include "core/outbox.h"
#include "core/output_audio.h"
#include "core/reconnect.h"
#include "core/recorder.h"
#include "core/response_queue.h"
#include "core/session.h"
#include "core/speech.h"
#include "core/webrtc.h"
#include "transport/transport.h"

/*
 * The conversation itself, for the files of core alone. Six of them share it:
 *
 *   open.c          carves it out of the caller's block, and gives the block back
 *   conversation.c  the engine: a message of the service in, an event out; no I/O and no clock
 *   calls.c         the engine: what the host says and does
 *   restore.c       the engine: what is left of one session, and what the next one is given again
 *   link.c          the driver: how a link begins, ends and is followed by another
 *   run.c           the driver: queues and deadlines
 */

/* Where a conversation is in its life; it only moves down this list, but for a lost link: then it waits. */
enum parley_life {
    PARLEY_LIFE_WAITING, /* there is no link; the next one comes at reconnection.retry_us */
    PARLEY_LIFE_OPENING, /* the link is coming up */
    PARLEY_LIFE_LIVE,
    PARLEY_LIFE_CLOSING, /* it will end as `closed` says; the link says goodbye, what still comes is ignored
                          */
    PARLEY_LIFE_CLOSED,  /* the link is gone, the CLOSED event waits */
    PARLEY_LIFE_OVER,    /* the host has taken it */
};

/* An event without text of the service, kept until the host takes it. */
struct parley_notice {
    enum parley_event_kind kind;
    const char *text; /* static */
    uint32_t heard_ms;
    enum parley_reason reason;
    uint32_t attempt, wait_ms; /* of RECONNECTING */
    int status;
    uint64_t gap_ms; /* of RECONNECTED */
    bool restored;
    struct parley_id item;
};

/* Of a notice, what does not depend on the length of its item's id. */
enum { PARLEY_NOTICE_HEAD = offsetof(struct parley_notice, item.text) };

/* What the next session is given again; see restore.h. */
struct parley_restore {
    struct parley_transcript *memory; /* what was said, typed and told; NULL: nothing is kept */
    char *message;                    /* one entry of it as a message */
    size_t size;
    bool active;
    struct parley_view rest; /* of that message, what the link has not taken */
    size_t next, end;        /* entries */
    size_t queued_from;      /* those of them that still wait in the outbox start here */
    size_t turns;            /* messages of the outbox whose turn it is */
    const char *missing;     /* what could not be kept, static; NULL: nothing is missing */
};

struct parley_conversation {
    const struct parley_dialect *dialect;
    struct parley_transport *transport;
    const struct parley_facts *facts; /* of the link, also when it has gone */
    struct parley_log log;
    struct parley_recording recording;
    enum parley_mode mode;
    bool close_on_error;

    enum parley_life life;
    enum parley_closed closed; /* how it ends, from CLOSING on */
    struct parley_error error; /* the first that ended it */
    uint64_t now_us;           /* of the latest parley_service; the only clock of the engine */
    const char *stage;         /* of the link, as last told */

    struct parley_reconnection reconnection;
    struct parley_webrtc webrtc;
    struct parley_restore restore;
    struct parley_endpoint
        *endpoint; /* of the WebSocket, with all it points to, if links can follow one another */
    struct parley_arena link_arena; /* the block as it is before the link is carved out of it */
    bool started;                   /* the first link has come up, or the call is created */
    bool expired;                   /* the service says that the session's time is over */
    char lost_why[PARLEY_TRANSPORT_REASON];

    struct parley_view session_id;
    struct parley_session session;
    char *workspace; /* see open.c; `opening` stands in it, then inbox, delegation, audio_message */
    size_t workspace_size;
    size_t opening_bytes;       /* of session.update; 0: none is sent */
    struct parley_view opening; /* what of it is not out yet */
    struct parley_inbox inbox;
    struct parley_outbox outbox;
    char *audio_message; /* the message an audio chunk is rendered into */
    size_t audio_message_size;
    size_t audio_chunk_bytes;      /* the most PCM in it */
    struct parley_view audio_rest; /* what the link has not taken of it */

    struct parley_response_queue responses;
    bool reply_owed; /* a response is due or has begun, and nothing has come of it */
    struct parley_speech speech;
    struct parley_handoff handoff;
    struct parley_output_audio audio;
    struct parley_heard last_cut; /* as the service was told; no item: nothing to correct */
    struct parley_transcript *transcript;
    size_t handoff_lines; /* of the transcript, that go with the present HANDOFF event */
    char *delegation;     /* of a HANDOFF event, or the text of a SKIPPED one */
    size_t delegation_size;

    struct parley_wire_event wire; /* the message in the inbox, read */
    bool wire_held;                /* it is audio that waits for room */
    bool release;                  /* the host has its event: it goes at the next call */

    struct parley_ring notices;  /* of struct parley_notice, each without the end of `item` that is unused */
    struct parley_notice notice; /* the one taken last: its event points to it */
    uint64_t shed;               /* samples since the last SHED event */
    bool closed_told, error_told;

    void *block;
    size_t block_bytes;
    struct parley_stats stats;
};

/* ---- conversation.c ---- */

/* Queues an event without text. There is room: see parley_notices_room. */
void parley_notice(struct parley_conversation *c, struct parley_notice notice);

static inline bool parley_has_notice(const struct parley_conversation *c)
{
    return parley_ring_used(&c->notices) > 0;
}

/* True when every reply could be cut now and the notices would fit. */
bool parley_notices_room(const struct parley_conversation *c);

/* Reads the message in the inbox and lets it take effect. Returns 1 with *event filled, 0 when it means
   nothing to a host or has to wait (wire_held). */
int parley_conversation_message(struct parley_conversation *c, struct parley_event *event);

/* True when there is room for the audio that is held. */
bool parley_audio_fits(const struct parley_conversation *c);

/* A text with a label in front, unless it is empty or has it (reference 6.2): for a slot. */
struct parley_labelled {
    struct parley_view label, text;
};
void parley_write_labelled(struct parley_render *r, const void *labelled);

/* Renders a message of the conversation's own. */
void parley_say(struct parley_conversation *c, const struct parley_template *t,
                const struct parley_slot *slots);

/* Whether the model can be asked for a response: not on v1, nor where it only writes down what is said. */
static inline bool parley_can_ask(const struct parley_conversation *c)
{
    return c->mode == PARLEY_CONVERSATIONAL && c->dialect->response_create != NULL;
}

/* Sends response.create, if the queue says so and it can be. */
void parley_say_create(struct parley_conversation *c, bool now);

/* Answers a function call. */
void parley_say_output(struct parley_conversation *c, struct parley_view call_id, struct parley_view output);

/* Cuts what is unheard, for the service as well; returns the number of replies. */
uint32_t parley_cut(struct parley_conversation *c, enum parley_reason reason);

/* ---- link.c ---- */

/* The conversation will end so; only the first call counts. The link is closed in good order. */
void parley_end(struct parley_conversation *c, enum parley_closed closed);

/* The link has come up. */
void parley_link_up(struct parley_conversation *c);

/* The answer to the creation of a call is in the inbox. */
void parley_link_answered(struct parley_conversation *c);

/* The link ended by itself, or our close is complete: it is over, or another one follows. */
void parley_link_ended(struct parley_conversation *c, int status);

/* Starts the next link when its time has come. Returns true when there is one. */
bool parley_link_again(struct parley_conversation *c);

/* Replaces a session that has expired, or is about to and is in nobody's way. */
void parley_link_renew(struct parley_conversation *c);

/* When parley_link_again or parley_link_renew has something to do. */
uint64_t parley_link_deadline(const struct parley_conversation *c);

/* ---- run.c ---- */

/* Gives the link what it takes now. */
void parley_flush(struct parley_conversation *c);

#endif
