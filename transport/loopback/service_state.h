#ifndef PARLEY_TRANSPORT_LOOPBACK_SERVICE_STATE_H
#define PARLEY_TRANSPORT_LOOPBACK_SERVICE_STATE_H

#include "transport/loopback/answers.h"
#include "transport/loopback/form.h"
#include "transport/loopback/journal.h"
#include "transport/loopback/service.h"
#include "transport/loopback/shape.h"
#include "transport/loopback/voice.h"

/*
 * The built-in service inside, for its files alone:
 *
 *   service.c           what the client sends, and what comes out next
 *   service_session.c   the session in force
 *   service_items.c     what a client does with items
 *   service_ear.c       the microphone: where speech begins and ends, what was said
 *   service_response.c  responses as they are asked for
 *   service_reply.c     the responses that are running, a message at a time
 *   service_out.c       messages on their way to the client, items, errors, broken rules
 *   service_shapes.c    what a message may hold
 */
enum {
    PARLEY_SERVICE_ID = 64,
    PARLEY_SERVICE_QUOTED = 2 + 6 * PARLEY_SERVICE_ID, /* an id as JSON */
    PARLEY_SERVICE_ITEMS = 64,
    PARLEY_SERVICE_SESSION = 64 * 1024, /* the longest session.update */
    PARLEY_SERVICE_QUEUE = 128 * 1024,
    PARLEY_SERVICE_MESSAGE = 16 * 1024,
    PARLEY_SERVICE_UTTERANCES = 4,  /* being transcribed at once */
    PARLEY_SERVICE_REPLIES = 4,     /* running at once; the first is the default conversation's */
    PARLEY_SERVICE_TEXT = 512,      /* of an item's text that is kept */
    PARLEY_SERVICE_METADATA = 1024, /* of a response that is repeated */
    PARLEY_SERVICE_BREACHES = 64,
};

enum parley_service_kind {
    PARLEY_ITEM_USER,
    PARLEY_ITEM_HEARD, /* the user's, spoken */
    PARLEY_ITEM_SYSTEM,
    PARLEY_ITEM_SPOKEN, /* by the model */
    PARLEY_ITEM_WRITTEN,
    PARLEY_ITEM_AGENT,
    PARLEY_ITEM_SILENCE,
    PARLEY_ITEM_CALL, /* put in by the client */
    PARLEY_ITEM_OUTPUT
};

/* An item of the conversation, as far as requests can be about it. */
struct parley_service_item {
    enum parley_service_kind kind;
    char id[PARLEY_SERVICE_ID];                               /* "": no item */
    char before[PARLEY_SERVICE_ID];                           /* the item in front of it */
    char call_id[PARLEY_SERVICE_ID], name[PARLEY_SERVICE_ID]; /* of a call */
    char text[PARLEY_SERVICE_TEXT];                           /* words, arguments or output */
    bool answered;                                            /* a call that has its output */
    uint64_t samples; /* of the sound that was spoken and not cut off */
    bool sounded;     /* there has been some */
};

/* What was said, on its way to the client as text. */
struct parley_service_utterance {
    char item[PARLEY_SERVICE_ID]; /* "": free */
    struct parley_view text;
    char sound[40]; /* `text` when no words are known */
    size_t told;
    uint64_t due_us;
    unsigned seconds;
    bool failed;
};

/* Where a response is; each stage is a message, SPEAK many. */
enum parley_service_stage {
    PARLEY_REPLY_IDLE,
    PARLEY_REPLY_CREATED,
    PARLEY_REPLY_MESSAGE_OUTPUT_ADDED,
    PARLEY_REPLY_MESSAGE_ADDED,
    PARLEY_REPLY_PART_ADDED,
    PARLEY_REPLY_SPEAK,
    PARLEY_REPLY_AUDIO_DONE,
    PARLEY_REPLY_TEXT_DONE,
    PARLEY_REPLY_PART_DONE,
    PARLEY_REPLY_MESSAGE_DONE,
    PARLEY_REPLY_MESSAGE_OUTPUT_DONE,
    PARLEY_REPLY_CALL_OUTPUT_ADDED,
    PARLEY_REPLY_CALL_ADDED,
    PARLEY_REPLY_ARGUMENTS_DELTA,
    PARLEY_REPLY_ARGUMENTS_DONE,
    PARLEY_REPLY_CALL_DONE,
    PARLEY_REPLY_CALL_OUTPUT_DONE,
    PARLEY_REPLY_DONE,
    PARLEY_REPLY_LIMITS,
};

struct parley_service_reply {
    enum parley_service_stage stage; /* the next message */
    uint64_t due_us;
    char id[PARLEY_SERVICE_ID], call_id[PARLEY_SERVICE_ID];
    char message[PARLEY_SERVICE_ID], call[PARLEY_SERVICE_ID]; /* its items, "" where there is none */
    char message_after[PARLEY_SERVICE_ID], call_after[PARLEY_SERVICE_ID]; /* the items before them */
    char metadata[PARLEY_SERVICE_METADATA];                               /* JSON; "": null */
    bool message_added, call_added;
    bool apart; /* not of the default conversation */
    struct parley_answer answer;
    struct parley_voice voice;
    size_t told;        /* bytes of the speech sent as text */
    uint64_t samples;   /* of it sent as sound */
    bool text;          /* the answer is written, not spoken */
    unsigned most;      /* tokens it may have; 0: any number */
    unsigned input;     /* tokens that went in */
    const char *ended;  /* "cancelled", "incomplete", "failed"; NULL: completed */
    const char *reason; /* why; of a failure its code, or NULL */
};

/* What a client asks of a response: response.create, or speech (all zeros). */
struct parley_service_request {
    struct parley_view response; /* JSON; absent: as the session has it */
    bool apart;
};

struct parley_service_state {
    struct parley_loopback_peer peer;
    struct parley_service_settings settings;
    uint64_t now_us, opened_us, quiet_us; /* nothing is said before quiet_us */
    uint64_t random;
    size_t faults_done;
    int over; /* the status that ends the link, once all that is queued was said */
    char over_reason[80];

    /* The session in force, as JSON, and what of it matters. */
    char session_id[PARLEY_SERVICE_ID];
    char model[PARLEY_SERVICE_ID]; /* by the client's address; "": it names none */
    char *session;
    size_t session_bytes;
    bool typed; /* a session.update has said what it is */
    bool v1, transcription, text, transcribe;
    bool vad, semantic, create_response, interrupt_response;
    bool agent, silence; /* tools */
    uint32_t prefix_ms, idle_ms, eager_ms;
    unsigned most;
    struct parley_ear_settings ear_settings;
    char voice[32];
    bool spoken; /* the model has said something aloud */

    unsigned events, sessions, items_made, responses, calls, turns;
    struct parley_service_item items[PARLEY_SERVICE_ITEMS];
    size_t item_next;
    char last_item[PARLEY_SERVICE_ID];

    struct parley_ear ear;
    uint64_t uncommitted;                /* samples appended since the last commit */
    char speech_item[PARLEY_SERVICE_ID]; /* of the speech going on */
    uint64_t idle_us;                    /* when the model goes on by itself */
    char *heard;                         /* the texts of the heard lines, each with its zero */
    size_t heard_left;
    struct parley_service_utterance utterances[PARLEY_SERVICE_UTTERANCES];
    uint64_t transcribed_us; /* when the last of them will have been told */
    bool fail_transcript;

    char said[PARLEY_PROMPT_BYTES], backend[2048]; /* for the next answer */
    bool understood, finished, steered, want_reply;
    struct parley_service_reply replies[PARLEY_SERVICE_REPLIES];
    uint64_t played_us; /* when all that was said will have been played */
    const char *next_ended, *next_reason;
    bool next_empty;
    uint64_t tokens_left, tokens_us; /* of the rate limit, and when it was that many */

    struct parley_service_breach breaches[PARLEY_SERVICE_BREACHES];
    unsigned breach_count;

    struct parley_journal queue;
    bool queue_said; /* its first is being said */
    char *message;
};

/* ---- service_shapes.c --------------------------------------------------------------------------- */

extern const struct parley_shape parley_service_session_shape, parley_service_response_shape;
extern const struct parley_shape parley_service_plain_shape, parley_service_append_shape,
    parley_service_update_shape, parley_service_create_shape, parley_service_ask_shape,
    parley_service_truncate_shape, parley_service_named_shape, parley_service_cancel_shape,
    parley_service_handoff_shape;
const struct parley_shape *parley_service_item_shape(bool v1);

/* ---- service_session.c -------------------------------------------------------------------------- */

/* A new session with the settings the real one starts with, and what is to be told of it. */
void parley_service_begin(struct parley_service_state *s);
void parley_service_session_update(struct parley_service_state *s, struct parley_view message);

/* ---- service_items.c ---------------------------------------------------------------------------- */

void parley_service_item_create(struct parley_service_state *s, struct parley_view message);
void parley_service_item_truncate(struct parley_service_state *s, struct parley_view message);
void parley_service_item_delete(struct parley_service_state *s, struct parley_view message);
void parley_service_item_retrieve(struct parley_service_state *s, struct parley_view message);
void parley_service_handoff_append(struct parley_service_state *s, struct parley_view message);

/* ---- service_out.c ------------------------------------------------------------------------------ */

/* Begins a message: {"type":...,"event_id":... */
void parley_service_head(struct parley_service_state *s, struct parley_render *r, const char *type);

/* Queues a message: its head, what the pattern adds (from a comma on), and its end. */
void parley_service_post(struct parley_service_state *s, const char *type, const char *pattern, ...);

/* Queues an error event about the client's message, which broke a rule; `param` may be NULL. The code is the
   rule's. */
void parley_service_refuse(struct parley_service_state *s, struct parley_view message, enum parley_rule rule,
                           const char *param, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Holds part of the client's message against a shape; false when it was refused. */
bool parley_service_check(struct parley_service_state *s, struct parley_view message,
                          const struct parley_shape *shape, struct parley_view part, const char *path,
                          const struct parley_shape_rules *rules);

/* Queues an error that is nobody's fault but the service's. `code` may be NULL. */
void parley_service_complain(struct parley_service_state *s, const char *type, const char *code,
                             const char *text);

/* About `us`, by the seed. */
uint64_t parley_service_about(struct parley_service_state *s, uint64_t us);

/* The oldest queued message. */
bool parley_service_queued(struct parley_service_state *s, struct parley_view *message);

/* Writes the next id ("item_0001") to `id`. */
void parley_service_id(char id[PARLEY_SERVICE_ID], const char *what, unsigned *count);

/* An id as JSON, null for "". */
struct parley_view parley_service_quoted(const char *id, char quoted[PARLEY_SERVICE_QUOTED]);

/* Adds an item behind the last, or behind `after` ("": in front of all); the oldest makes room. */
struct parley_service_item *parley_service_item(struct parley_service_state *s, enum parley_service_kind kind,
                                                const char *id);
struct parley_service_item *parley_service_item_after(struct parley_service_state *s,
                                                      enum parley_service_kind kind, const char *id,
                                                      const char *after);
/* Takes one out again; its neighbours join. */
void parley_service_forget(struct parley_service_state *s, struct parley_service_item *item);
struct parley_service_item *parley_service_find(struct parley_service_state *s, struct parley_view id);
struct parley_service_item *parley_service_find_call(struct parley_service_state *s,
                                                     struct parley_view call_id);

/* The agent's oldest call without an output; NULL when it is idle. */
struct parley_service_item *parley_service_open_call(struct parley_service_state *s);

/* ---- service_ear.c ------------------------------------------------------------------------------ */

/* input_audio_buffer.append, .commit, .clear */
void parley_service_append(struct parley_service_state *s, struct parley_view message);
void parley_service_commit(struct parley_service_state *s, struct parley_view message);
void parley_service_clear(struct parley_service_state *s, struct parley_view message);

/* Goes on by itself when nobody has spoken for long; else *due_us tells when. */
void parley_service_idle(struct parley_service_state *s, uint64_t *due_us);

/* The next message about what was said, if one is due; else *due_us tells when. */
bool parley_service_transcript(struct parley_service_state *s, struct parley_render *r, uint64_t *due_us);

/* ---- service_response.c ---------------------------------------------------------------------------- */

/* True from the creation of the default conversation's response until its end. */
bool parley_service_replying(const struct parley_service_state *s);

/* response.create and response.cancel */
void parley_service_response_create(struct parley_service_state *s, struct parley_view message);
void parley_service_response_cancel(struct parley_service_state *s, struct parley_view message);

/* Starts a response of the default conversation, now or when the running one is over. */
void parley_service_reply(struct parley_service_state *s);

/* Ends a running one ("cancelled", ...) for a reason. */
void parley_service_end(struct parley_service_state *s, struct parley_service_reply *reply, const char *ended,
                        const char *reason);

/* The rate limit: what is left of it now, and what is taken. */
uint64_t parley_service_tokens_left(struct parley_service_state *s);
void parley_service_take_tokens(struct parley_service_state *s, uint64_t tokens);

/* ---- service_reply.c ---------------------------------------------------------------------------- */

/* The next message of the running responses, if one is due; else *due_us tells when. */
bool parley_service_speak(struct parley_service_state *s, struct parley_render *r, uint64_t *due_us);

#endif
