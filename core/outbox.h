#ifndef PARLEY_CORE_OUTBOX_H
#define PARLEY_CORE_OUTBOX_H

#include "platform/arena.h"
#include "platform/ring.h"
#include "templates/render.h"

/*
 * What waits for the network, in two lanes of fixed size.
 *
 *   messages   Rendered, in order: what the host and the agent say, and what the conversation itself has to
 * say. A part at the end is kept for the latter, so it never has to be dropped. audio      Microphone PCM in
 * chunks, each to become one message. When it is full the oldest chunk makes room. Messages overtake audio.
 */
struct parley_outbox {
    char *at; /* records of a length and a message, from `head` to `tail` */
    size_t size, head, tail;
    size_t reserve;           /* of `size`: for PARLEY_OUTBOX_OWN only */
    size_t sent;              /* bytes of the first message the network has taken */
    size_t peak;              /* the fullest it was */
    struct parley_ring audio; /* records of a length (in bytes) and PCM */
    size_t audio_bytes;       /* PCM in it, lengths apart */
    size_t audio_bytes_max;
};

/* The most PCM in one audio message: 100 ms. */
enum { PARLEY_OUTBOX_CHUNK = 4800 };

/* On whose behalf something is written. */
enum parley_outbox_for { PARLEY_OUTBOX_HOST, PARLEY_OUTBOX_OWN };

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
 */
size_t parley_outbox_put_audio(struct parley_outbox *outbox, const void *pcm, size_t bytes);

/* Takes the oldest chunk out into `pcm` (room for PARLEY_OUTBOX_CHUNK); returns its bytes, 0 for none. */
size_t parley_outbox_take_audio(struct parley_outbox *outbox, void *pcm);

/* Throws away what waits, except a message already begun. */
void parley_outbox_clear(struct parley_outbox *outbox);

#endif
