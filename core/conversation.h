#ifndef PARLEY_CORE_CONVERSATION_H
#define PARLEY_CORE_CONVERSATION_H

#include "context/transcript.h"
#include "core/dialect.h"
#include "core/handoff.h"
#include "core/inbox.h"
#include "core/outbox.h"
#include "core/output_audio.h"
#include "core/response_queue.h"
#include "transport/transport.h"

/*
 * The conversation itself, for the files of core alone. Four of them share it:
 *
 *   open.c          carves it out of the caller's block, and gives the block back
 *   conversation.c  the engine: a message of the service in, an event out; no I/O and no clock
 *   calls.c         the engine: what the host says and does
 *   run.c           the driver: link, queues and deadlines
 */

/* Where a conversation is in its life; it only moves down this list. */
enum parley_life {
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
    struct parley_id item;
    const char *text; /* static */
    uint32_t heard_ms;
    enum parley_reason reason;
};

struct parley_conversation {
    const struct parley_dialect *dialect;
    struct parley_transport *transport;
    const struct parley_facts *facts; /* of the link, also when it has gone */
    struct parley_log log;
    enum parley_mode mode;
    bool close_on_error;

    enum parley_life life;
    enum parley_closed closed; /* how it ends, from CLOSING on */
    struct parley_error error; /* the first that ended it */
    uint64_t now_us;           /* of the latest parley_service; the only clock of the engine */
    const char *stage;         /* of the link, as last told */

    struct parley_view session_id;
    struct parley_view opening; /* session.update, then nothing once it is out */
    struct parley_inbox inbox;
    struct parley_outbox outbox;
    char *audio_message; /* the message an audio chunk is rendered into */
    size_t audio_message_size;
    struct parley_view audio_rest; /* what the link has not taken of it */

    struct parley_response_queue responses;
    struct parley_handoff handoff;
    struct parley_output_audio audio;
    struct parley_heard last_cut; /* as the service was told; no item: nothing to correct */
    struct parley_transcript *transcript;
    size_t handoff_lines; /* of the transcript, that go with the present HANDOFF event */
    char *delegation;
    size_t delegation_size;

    struct parley_wire_event wire; /* the message in the inbox, read */
    bool wire_held;                /* it is audio that waits for room */
    bool release;                  /* the host has its event: it goes at the next call */
    char text[PARLEY_ERROR_TEXT];  /* of the present SKIPPED event */

    struct parley_notice *notices; /* a ring */
    uint32_t notices_size, notices_read, notices_write;
    uint64_t shed; /* samples since the last SHED event */
    bool closed_told, error_told;

    void *block;
    size_t block_bytes;
    struct parley_stats stats;
};

/* ---- conversation.c ---- */

/* Queues an event without text. There is room: see parley_notices_room. */
void parley_notice(struct parley_conversation *c, struct parley_notice notice);

/* True when every reply could be cut now and the notices would fit. */
bool parley_notices_room(const struct parley_conversation *c);

/* Reads the message in the inbox and lets it take effect. Returns 1 with *event filled, 0 when it means
   nothing to a host or has to wait (wire_held). */
int parley_conversation_message(struct parley_conversation *c, struct parley_event *event);

/* Renders a message of the conversation's own. */
void parley_say(struct parley_conversation *c, const struct parley_template *t,
                const struct parley_slot *slots);

/* Sends response.create, if the queue says so. */
void parley_say_create(struct parley_conversation *c, bool now);

/* Answers a function call. */
void parley_say_output(struct parley_conversation *c, struct parley_view call_id, struct parley_view output);

/* Cuts what is unheard, for the service as well; returns the number of replies. */
uint32_t parley_cut(struct parley_conversation *c, enum parley_reason reason);

/* ---- run.c ---- */

/* The conversation will end so; only the first call counts. The link is closed in good order. */
void parley_end(struct parley_conversation *c, enum parley_closed closed);

/* Gives the link what it takes now. */
void parley_flush(struct parley_conversation *c);

#endif
