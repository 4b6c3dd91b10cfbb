#ifndef PARLEY_TRANSPORT_WSS_SERVE_STREAM_H
#define PARLEY_TRANSPORT_WSS_SERVE_STREAM_H

#include "transport/wss/serve_tls.h"

/*
 * The bytes of one connection a server took: the socket, or TLS above it, and the ways in which the network
 * below may be bad on purpose.
 */

/* Zeros: as good as it is. May be changed at any time. */
struct parley_serve_screws {
    size_t write_bytes;      /* the most that is written at once */
    uint32_t read_a_second;  /* bytes; the client finds its way stuffed */
    uint32_t write_a_second; /* and hears us slowly */
    bool frozen;             /* nothing is read or written any more, and the connection stays */
};

struct parley_serve_stream {
    struct parley_serve_screws screws;
    const char *why; /* why it ended; good as long as it */

    /* Internal. */
    int fd;
    struct parley_serve_tls *tls;
    bool secured, finished;
    size_t owed;                        /* bytes of a write of TLS that has to be repeated */
    uint64_t now_us, read_us, write_us; /* nothing is moved before the latter two */
};

/* Takes the socket over. Returns 0 or PARLEY_ERR_MEMORY (the socket stays the caller's then). */
int parley_serve_stream_open(struct parley_serve_stream *s, int fd, struct parley_serve_keys *keys);

/* To be called first in each round. Returns 1 when bytes can travel, 0, PARLEY_ERR_TLS. */
int parley_serve_stream_work(struct parley_serve_stream *s, uint64_t now_us);

/* As parley_socket_read and _write. */
int parley_serve_stream_read(struct parley_serve_stream *s, void *into, size_t bytes);
int parley_serve_stream_write(struct parley_serve_stream *s, const void *from, size_t bytes);

void parley_serve_stream_interest(const struct parley_serve_stream *s, bool read, bool write,
                                  struct parley_interest *want);

/* Nothing more will be written: says so, with TLS's goodbye if there is TLS. A second time: nothing. */
void parley_serve_stream_finish(struct parley_serve_stream *s);

/* Closes it, as it is. A second time: nothing. */
void parley_serve_stream_close(struct parley_serve_stream *s);

#endif
