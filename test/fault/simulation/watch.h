#ifndef PARLEY_TEST_WATCH_H
#define PARLEY_TEST_WATCH_H

#include "core/parley.h"
#include "test/fault/simulation/plan.h"

/*
 * What has to hold, whatever happens. The watch sees what crosses the borders of an engine: messages in and
 * out, the host's calls and what they return, events. It knows nothing of the inside, and has models of its
 * own of what a reply, a call of the agent, and the queue of audio are.
 */
enum { WATCH_ITEMS = 64, WATCH_CALLS = 64, WATCH_RUNS = 256, WATCH_ID = 40 };

struct watch_item {
    char id[WATCH_ID];
    unsigned link;     /* the latest that named it */
    uint64_t received; /* samples, late ones apart */
    uint64_t read;     /* of them, by the host or counted as heard */
    bool told;         /* to be cut, or to have been heard to its end */
    bool cut, ended;   /* interrupted before; since then or before a response has ended, perhaps its own */
    uint64_t read_us;  /* when the latest were read */
    bool odd;          /* of another rate than the queue's */
    bool here, over;   /* it has a place in the table of replies; its response has ended meanwhile */
    char response[WATCH_ID];
};

struct watch_call {
    char id[WATCH_ID];
    unsigned link;
    bool reported;         /* the agent that finished it had said something */
    unsigned due, answers; /* outputs that are owed, and that were sent */
};

struct watch {
    const struct plan *plan;
    const struct parley_conversation *c;
    char broken[24], why[256]; /* the first invariant that did not hold; "" */
    uint64_t hash;             /* of all that crossed the border */

    unsigned links;
    bool up, updated, outstanding;
    bool sure;   /* one link so far, and it holds: the models below are exact */
    bool honest; /* what the service says comes once and in order, and it means it */
    bool slow;   /* the link does not take all at once */
    bool whole;  /* nothing was reported as lost with a link */

    /* replies */
    enum { REPLY_NONE, REPLY_ASKED, REPLY_RUNNING } reply;
    char reply_id[WATCH_ID];
    bool wanted, owed; /* owed: the running one is another than was asked for */
    bool unsent;       /* what asks for one waited to go out when the engine was asked for an event */
    unsigned creates_due, creates;

    /* calls of the agent, and the one it works on */
    char active[WATCH_ID];
    bool reported;
    struct watch_call calls[WATCH_CALLS];
    unsigned call_count;

    /* texts the host was told will be sent, by number; and the last that was, in this session */
    unsigned accepted, last_text, link_texts;

    /* microphone */
    uint64_t given, mic_sent, mic_gaps, shed_told;
    uint32_t mic_next;

    /* loudspeaker */
    struct watch_item items[WATCH_ITEMS];
    unsigned item_count;
    bool anew; /* v1: a reply has ended, and none was cut since */
    bool items_full, reads, delayed, unread;
    struct {
        unsigned item;
        size_t samples;
        uint32_t start;
    } runs[WATCH_RUNS];
    unsigned runs_read, runs_write;
    unsigned audio_said, audio_told; /* messages of audio that is whole */
    uint64_t received, queued, late;
    unsigned interrupted;
    uint64_t delay_us, now_us; /* from the queue to the ear; when the engine was served last */

    unsigned last_line; /* number of the latest text a handoff had */
    unsigned events, closed, cuts, handoffs;
    struct parley_stats stats;
};

void watch_start(struct watch *w, const struct plan *plan);

/* Says that an invariant did not hold. Only the first counts. */
void watch_broken(struct watch *w, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void watch_hash(struct watch *w, uint64_t number);

/* The link: it is up, is gone, the client said something, is about to be given something. */
void watch_opened(struct watch *w);
void watch_gone(struct watch *w);
void watch_sent(struct watch *w, struct parley_view message);
void watch_said(struct watch *w, struct parley_view message);

/* The engine is about to be asked for an event. */
void watch_asks(struct watch *w);

/* What the host was told, and what it did. */
void watch_event(struct watch *w, const struct parley_event *event);
void watch_asked(struct watch *w);    /* for a reply, and that was taken */
void watch_reported(struct watch *w); /* the agent, likewise */
void watch_finished(struct watch *w);
void watch_given(struct watch *w, size_t samples); /* of the microphone */
void watch_read(struct watch *w, const int16_t *pcm, size_t samples);

/* After each call. */
void watch_check(struct watch *w);

/* All that was under way has had time to come to its end, and the host has read all audio. */
void watch_check_settled(struct watch *w);

#endif
