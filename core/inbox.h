#ifndef PARLEY_CORE_INBOX_H
#define PARLEY_CORE_INBOX_H

#include "platform/arena.h"
#include "transport/transport.h"

/*
 * One inbound message, put together from its fragments in a fixed buffer, or left where the transport has it
 * if it is whole there. It stays until it is released, as the event made of it points into it; meanwhile
 * nothing more is taken from the transport.
 */
enum parley_inbox_state {
    PARLEY_INBOX_FILLING,  /* no whole message yet */
    PARLEY_INBOX_MESSAGE,  /* `at`, `len` hold a text message */
    PARLEY_INBOX_TOO_LONG, /* a message of `total` bytes was skipped; `at`, `len`: its beginning */
    PARLEY_INBOX_BINARY,   /* a binary message of `total` bytes was skipped */
};

struct parley_inbox {
    char *at; /* `own`, or the transport's */
    size_t len;
    char *own;
    size_t size;
    size_t touched; /* bytes of `own` that have ever been written, from the start */
    size_t total;   /* bytes of the message, kept or not */
    bool binary;
    enum parley_inbox_state state;
};

/* An inbox in the `bytes` bytes at `memory`. */
void parley_inbox_open(struct parley_inbox *inbox, void *memory, size_t bytes);

/* Adds a fragment; the state then tells whether a message is complete. Only while FILLING. */
void parley_inbox_add(struct parley_inbox *inbox, const struct parley_fragment *fragment);

/* The message has been dealt with: its memory is free for the next one, and what the transport lent may go
   back. */
void parley_inbox_release(struct parley_inbox *inbox);

#endif
