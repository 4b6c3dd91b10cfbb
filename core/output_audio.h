#ifndef PARLEY_CORE_OUTPUT_AUDIO_H
#define PARLEY_CORE_OUTPUT_AUDIO_H

#include "core/id.h"
#include "platform/arena.h"
#include <stdint.h>

/*
 * How much of which reply was received, queued, played and thrown away; so that an interrupted reply is cut
 * where it was heard. Counts are samples (frames, where there is more than one channel) and for each reply,
 * at any time,
 *
 *     received = played + queued + discarded
 *
 * The reference counts what it received and forgets it at response.done; here a reply stays known until it
 * has been heard to its end. A host that never reads audio here hears it somewhere else: then what was
 * received counts as heard, as in the reference.
 */
struct parley_reply {
    bool used;
    bool complete; /* its response has ended: no more will come */
    bool cut;      /* interrupted: what still comes is late */
    bool told;     /* the cut has been given to the caller */
    bool orphan;   /* of a session that is gone, which need not be told of a cut */
    struct parley_id item, response;
    uint32_t content_index, rate;
    uint32_t order; /* of arrival */
    uint64_t received, queued, played, discarded;
    uint64_t last_read_us; /* when its latest samples were taken for the loudspeaker */
};

/* A run of samples of one reply in the queue. */
struct parley_run {
    uint32_t reply;
    size_t samples;
};

struct parley_output_audio {
    int16_t *queue; /* a ring of `size` samples; positions only grow */
    size_t size, read_at, write_at;
    size_t touched;          /* samples of the ring that have ever been written, from its start */
    struct parley_run *runs; /* which reply the samples belong to; a ring as well */
    size_t runs_size, runs_read, runs_write;
    struct parley_reply *replies;
    uint32_t replies_size, replies_top; /* from there on none has ever been used, nor looked at */
    uint32_t next_order;
    bool host_reads;                      /* parley_read_audio has been called: heard is what was read */
    bool unread;                          /* it has not, and the queue overflowed: out of use until it does */
    bool crowded;                         /* another reply waits for a place among the replies */
    uint64_t delay_us;                    /* from there to the ear */
    struct parley_id cut_response;        /* what still comes of it is late */
    uint64_t received, played, discarded; /* of all replies, forgotten ones included */
};

/* Audio as it came. */
struct parley_chunk {
    const int16_t *pcm;
    size_t samples; /* frames to account for */
    bool playable;  /* 24 kHz mono, and as many samples as are told: can go into the queue */
    struct parley_view item, response;
    uint32_t content_index, rate;
};

/* Carves queue and tables out of the arena; `queue_samples` may be 0. */
void parley_output_audio_open(struct parley_output_audio *o, struct parley_arena *arena, size_t queue_samples,
                              uint32_t replies);

/* True when a chunk can be taken as things stand: there is room in the queue, and the reply it belongs to is
   known or has a place. */
bool parley_output_audio_fits(const struct parley_output_audio *o, const struct parley_chunk *chunk);

/* The same, but for a host that has never read audio here the queue is given up rather than waited for. When
   it returns false, wait until some has been played. */
bool parley_output_audio_room(struct parley_output_audio *o, const struct parley_chunk *chunk);

/* Takes a chunk for which there is room. Returns false when it is late: it belongs to a reply that was cut.
 */
bool parley_output_audio_receive(struct parley_output_audio *o, const struct parley_chunk *chunk);

/* Gives samples to the loudspeaker; returns how many. */
size_t parley_output_audio_read(struct parley_output_audio *o, int16_t *pcm, size_t samples, uint64_t now_us);

size_t parley_output_audio_queued(const struct parley_output_audio *o);

/* The response (absent: every response) has ended, no more audio of it will come. */
void parley_output_audio_complete(struct parley_output_audio *o, struct parley_view response);

/* The session is gone: no more will come of any reply, and what was received is played to its end. */
void parley_output_audio_restart(struct parley_output_audio *o);

/*
 * Cuts everything that is not heard to its end: empties the queue, and takes back what is still between the
 * host and the ear. What still comes of these replies, and of `response` (may be absent), is late. Returns
 * how many replies were cut; parley_output_audio_next_cut then gives them one by one.
 */
uint32_t parley_output_audio_cut(struct parley_output_audio *o, struct parley_view response, uint64_t now_us);

/* A reply that was cut, or heard to its end. `heard_ms` never exceeds what was received. */
struct parley_heard {
    struct parley_id item;
    uint32_t content_index, heard_ms;
    bool orphan; /* its session is gone */
};

/* The next reply that was cut and not told yet. Returns false when there is none. */
bool parley_output_audio_next_cut(struct parley_output_audio *o, struct parley_heard *heard);

/* The next reply that has been heard to its end; it is then forgotten. Returns false when there is none. */
bool parley_output_audio_next_played(struct parley_output_audio *o, uint64_t now_us,
                                     struct parley_heard *heard);

/* When the next reply will have been heard to its end if nothing else happens; PARLEY_NEVER for none. */
uint64_t parley_output_audio_deadline(const struct parley_output_audio *o);

#endif
