#ifndef PARLEY_TRANSPORT_LOOPBACK_SERVICE_STATE_H
#define PARLEY_TRANSPORT_LOOPBACK_SERVICE_STATE_H

#include "transport/loopback/answers.h"
#include "transport/loopback/form.h"
#include "transport/loopback/journal.h"
#include "transport/loopback/loopback.h"
#include "transport/loopback/voice.h"

/*
 * The built-in service inside, for its files alone:
 *
 *   service.c           what the client sends: session, items, requests
 *   service_ear.c       the microphone: where speech begins and ends, what was said
 *   service_reply.c     the running response, a message at a time
 *   service_out.c       messages on their way to the client, items, errors
 */
enum {
    PARLEY_SERVICE_ID = 64,
    PARLEY_SERVICE_QUOTED = 2 + 6 * PARLEY_SERVICE_ID, /* an id as JSON */
    PARLEY_SERVICE_ITEMS = 64,
    PARLEY_SERVICE_SESSION = 64 * 1024, /* the longest session.update */
    PARLEY_SERVICE_QUEUE = 128 * 1024,
    PARLEY_SERVICE_MESSAGE = 16 * 1024,
    PARLEY_SERVICE_UTTERANCES = 4, /* being transcribed at once */
};

enum parley_service_kind {
    PARLEY_ITEM_USER,
    PARLEY_ITEM_SPOKEN,
    PARLEY_ITEM_WRITTEN,
    PARLEY_ITEM_AGENT,
    PARLEY_ITEM_SILENCE,
    PARLEY_ITEM_OUTPUT
};

/* An item of the conversation, as far as requests can be about it. */
struct parley_service_item {
    enum parley_service_kind kind;
    char id[PARLEY_SERVICE_ID]; /* "": no item */
    char call_id[PARLEY_SERVICE_ID];
    bool answered;    /* a call that has its output */
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
    bool message_added, call_added;
    struct parley_answer answer;
    struct parley_voice voice;
    size_t told;        /* bytes of the speech sent as text */
    uint64_t samples;   /* of it sent as sound */
    bool text;          /* the answer is written, not spoken */
    const char *cancel; /* why it was stopped; NULL while it was not */
};

struct parley_service_state {
    struct parley_loopback_peer peer;
    uint64_t now_us;

    bool v1, transcription, text, transcribe;
    bool vad, create_response, interrupt_response;
    bool agent, silence; /* tools */
    uint32_t prefix_ms;
    struct parley_ear_settings ear_settings;
    char voice[32];

    unsigned events, items_made, responses, calls, turns;
    struct parley_service_item items[PARLEY_SERVICE_ITEMS];
    size_t item_next;
    char last_item[PARLEY_SERVICE_ID];

    struct parley_ear ear;
    uint64_t uncommitted;                /* samples appended since the last commit */
    char speech_item[PARLEY_SERVICE_ID]; /* of the speech going on */
    char *heard;                         /* the texts of the heard lines, each with its zero */
    size_t heard_left;
    struct parley_service_utterance utterances[PARLEY_SERVICE_UTTERANCES];
    uint64_t transcribed_us; /* when the last of them will have been told */

    char said[PARLEY_PROMPT_BYTES], backend[2048]; /* for the next answer */
    bool understood, finished, steered, want_reply;
    struct parley_service_reply reply;
    uint64_t tokens;

    struct parley_journal queue;
    bool queue_said; /* its first is being said */
    char *message;
};

/* ---- service_out.c ------------------------------------------------------------------------------ */

/* Begins a message: {"type":...,"event_id":... */
void parley_service_head(struct parley_service_state *s, struct parley_render *r, const char *type);

/* Queues a message: its head, what the pattern adds (from a comma on), and its end. */
void parley_service_post(struct parley_service_state *s, const char *type, const char *pattern, ...);

/* Queues an error event about the client's message. `param` may be NULL. */
void parley_service_error(struct parley_service_state *s, struct parley_view message, const char *code,
                          const char *param, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The oldest queued message. */
bool parley_service_queued(struct parley_service_state *s, struct parley_view *message);

/* Writes the next id ("item_0001") to `id`. */
void parley_service_id(char id[PARLEY_SERVICE_ID], const char *what, unsigned *count);

/* An id as JSON, null for "". */
struct parley_view parley_service_quoted(const char *id, char quoted[PARLEY_SERVICE_QUOTED]);

/* Adds an item; the oldest makes room. */
struct parley_service_item *parley_service_item(struct parley_service_state *s, enum parley_service_kind kind,
                                                const char *id);
struct parley_service_item *parley_service_find(struct parley_service_state *s, struct parley_view id);
struct parley_service_item *parley_service_find_call(struct parley_service_state *s,
                                                     struct parley_view call_id);

/* The agent's oldest call without an output; NULL when it is idle. */
struct parley_service_item *parley_service_open_call(struct parley_service_state *s);

/* ---- service_ear.c ------------------------------------------------------------------------------ */

/* input_audio_buffer.append, .commit, .clear */
void parley_service_append(struct parley_service_state *s, struct parley_view message);
void parley_service_commit(struct parley_service_state *s, struct parley_view message);
void parley_service_clear(struct parley_service_state *s);

/* The next message about what was said, if one is due; else *due_us tells when. */
bool parley_service_transcript(struct parley_service_state *s, struct parley_render *r, uint64_t *due_us);

/* ---- service_reply.c ---------------------------------------------------------------------------- */

/* True from the response's creation until its end. */
bool parley_service_replying(const struct parley_service_state *s);

/* Starts a response, now or when the running one is over. */
void parley_service_reply(struct parley_service_state *s);

/* Stops the running one, if there is one. */
void parley_service_cancel(struct parley_service_state *s, const char *reason);

/* The next message of the running response, if one is due; else *due_us tells when. */
bool parley_service_speak(struct parley_service_state *s, struct parley_render *r, uint64_t *due_us);

#endif
