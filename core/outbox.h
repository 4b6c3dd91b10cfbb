#ifndef PARLEY_CORE_OUTBOX_H
#define PARLEY_CORE_OUTBOX_H

#include "platform/arena.h"
#include "platform/ring.h"
#include "templates/render.h"

/*
 * What waits for the network, in two lanes of fixed size.
 *
 *   messages   Rendered, in order: what the host and the agent say, and what the conversation itself has to
 *              say. A part at the end is kept for the latter, so it never has to be dropped.
 *   audio      Microphone PCM in chunks, each to become one message. When it is full the oldest chunk makes
 *              room. With `audio_kept_on` a chunk that was taken stays, for taking it again after
 *              parley_outbox_rewind_audio, until parley_outbox_forget_audio or until its room is needed.
 *
 * Messages overtake audio.
 */
struct parley_outbox {
    char *at; /* records of a length and a message, from `head` to `tail` */
    size_t size, head, tail;
    size_t reserve;           /* of `size`: for PARLEY_OUTBOX_OWN only */
    size_t sent;              /* bytes of the first message the network has taken */
    size_t peak;              /* the fullest it was */
    struct parley_ring audio; /* records of a length (in bytes) and PCM */
    size_t audio_bytes;       /* PCM in it that waits, lengths apart */
    size_t audio_bytes_max;   /* of what waits and what is kept */
    bool audio_kept_on;
    size_t audio_kept;    /* PCM at the front of the ring that was taken and is kept */
    size_t kept_in_ring;  /* the same with its lengths */
    uint64_t audio_taken; /* PCM taken so far: the place in the microphone's audio */
};

/* The most PCM in one audio message: 100 ms; and the most of messages in all. */
enum { PARLEY_OUTBOX_CHUNK = 4800, PARLEY_OUTBOX_BYTES_MAX = (1 << 30) - 1 };

/* On whose behalf something is written: the host, whose words are good for any session; the host, but only
   for this session, as it names something of it; the conversation itself, likewise only for this one; and the
   same where it asks for a response. */
enum parley_outbox_for {
    PARLEY_OUTBOX_HOST,
    PARLEY_OUTBOX_HOST_SESSION,
    PARLEY_OUTBOX_OWN,
    PARLEY_OUTBOX_ASK
};

void parley_outbox_open(struct parley_outbox *outbox, struct parley_arena *arena, size_t bytes,
                        size_t reserve, size_t audio_bytes);

/* True when the conversation itself can still write a whole reserve. */
bool parley_outbox_has_reserve(const struct parley_outbox *outbox);

/*
 * Renders a message at the end of the queue, whole or not at all.
 * Returns 0, PARLEY_ERR_FULL when it does not fit now, PARLEY_ERR_TOO_LONG when it never would.
 */
int parley_outbox_put(struct parley_outbox *outbox, enum parley_outbox_for whose,
                      const struct parley_template *t, const struct parley_slot *slots);

/* The rest of the first message to send; len 0 for none. */
struct parley_view parley_outbox_first(const struct parley_outbox *outbox);

/* The network has taken `bytes` of it. Returns true when the message is thereby out. */
bool parley_outbox_took(struct parley_outbox *outbox, size_t bytes);

/* Queues a chunk of PCM (at most PARLEY_OUTBOX_CHUNK bytes); returns the bytes of older PCM dropped for it.
   The reference drops the newest instead: then a late service hears what is long past. */
size_t parley_outbox_put_audio(struct parley_outbox *outbox, const void *pcm, size_t bytes);

/* Takes the oldest chunk out into `pcm` (room for PARLEY_OUTBOX_CHUNK); returns its bytes, 0 for none. */
size_t parley_outbox_take_audio(struct parley_outbox *outbox, void *pcm);

/* Throws away what waits, except a message already begun. */
void parley_outbox_clear(struct parley_outbox *outbox);

/* Another session: messages for the former go, the others stay, and one that was begun begins again. */
void parley_outbox_restart(struct parley_outbox *outbox);

/* Another link to the same session: a message that was begun begins again. */
void parley_outbox_resume(struct parley_outbox *outbox);

/* How many messages of a kind wait, one that is out in part included. */
size_t parley_outbox_count(const struct parley_outbox *outbox, enum parley_outbox_for whose);

/* Audio taken before this place (see audio_taken) need not be kept. */
void parley_outbox_forget_audio(struct parley_outbox *outbox, uint64_t place);

/* What is kept waits again, before all other audio. */
void parley_outbox_rewind_audio(struct parley_outbox *outbox);

#endif
