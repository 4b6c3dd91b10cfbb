#ifndef PARLEY_TEST_CONVERSATIONS_WIRE_H
#define PARLEY_TEST_CONVERSATIONS_WIRE_H

#include "transport/loopback/loopback.h"
#include "transport/wss/stream_pipe.h"

#include "test/fault/simulation/dice.h"

/*
 * The service's end of a link, and the network in between: an answer to the upgrade, frames, compression, and
 * how the bytes of all that arrive. In the ordinary manner frames are those of `parley fake` and all bytes
 * are there at once; else they are put together here, in as many ways as RFC 6455 and 7692 allow.
 */
enum { WIRE_CUTS = 8 };

enum pieces { PIECES_ALL, PIECES_BYTES, PIECES_SMALL, PIECES_FRAMES, PIECES_ANY, PIECES_KINDS };

struct manner {
    bool ordinary;
    bool compressed, fragments, pings, buffers;
    enum pieces pieces;
    size_t cuts[2][WIRE_CUTS];      /* of reading and of writing; zeros: none */
    size_t break_read, break_write; /* after so many bytes; 0: it holds */
    int break_status;               /* what reading gives then */
};

/* Begins a run: all of what was fed before may be forgotten. */
void wire_start(const struct manner *manner, struct dice *dice);
void wire_stop(void);

/* Another link: the pipe opened last. */
void wire_connect(void);

/* Says a message; closes with a code. */
void wire_say(struct parley_view message, bool binary);
void wire_close(uint16_t code);

/* Moves bytes of the service's, and whole messages of the client's to `heard`. Returns true when it did. */
bool wire_work(void (*heard)(struct parley_view message));

/* Lets some bytes, or all, of what was said arrive. Returns false when there are none, or no room for them.
 */
bool wire_feed(void);

/* The client's answers to pings, at a moment when it has read all: every one at most once, and the last. */
void wire_check_pongs(void);

/* Of the link: it has been asked for; what the service says is broken off; it takes no more of the client's.
 */
bool wire_is_up(void);
bool wire_is_broken(void);
bool wire_is_stuck(void);

/* So many messages of the service have arrived whole, whether they were read or not; so many bytes. */
unsigned wire_arrived(void);
size_t wire_fed(void);

#endif
