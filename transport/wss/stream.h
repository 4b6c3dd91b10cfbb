#ifndef PARLEY_TRANSPORT_WSS_STREAM_H
#define PARLEY_TRANSPORT_WSS_STREAM_H

#include "platform/arena.h"
#include "transport/transport.h"

/*
 * The byte stream below WebSocket. stream_tls.c is the real one (resolve, connect, a proxy or not, TLS or
 * not); stream_pipe.c plays scripted bytes, so that hostile ones can be tested without a network. The bio
 * functions of the packages disagree about zero; here 0 is always "nothing now".
 */
struct parley_stream;

struct parley_stream_options {
    struct parley_view host; /* a name or an address literal without brackets; zero-terminated as well */
    uint16_t port;
    bool tls;
    const struct parley_endpoint *endpoint; /* trust, addresses, proxy, deadlines, log */
    struct parley_facts *facts;             /* filled in as they become known; stays as long as the stream */
};

/* As parley_transport_open: carves, checks (CA bundle), starts; only carves when the arena counts.
   `host` must stay as long as the stream; the endpoint only until this returns. */
int parley_stream_open(struct parley_stream **s, struct parley_arena *arena,
                       const struct parley_stream_options *options, char why[PARLEY_TRANSPORT_REASON]);

/* Goes on: 1 when bytes can flow, 0 while not yet, < 0 when it failed (again at each later call). */
int parley_stream_work(struct parley_stream *s, uint64_t now_us);

/* Both: bytes moved (> 0), 0 for nothing now, PARLEY_ERR_PEER_CLOSED at the orderly end (read),
   PARLEY_ERR_LOST when broken. After a write that gave 0 the same bytes have to come first in the next one,
   as TLS has made a record of them; there may be more behind them. Fewer are PARLEY_ERR_ARGUMENT. */
int parley_stream_read(struct parley_stream *s, void *into, size_t bytes);
int parley_stream_write(struct parley_stream *s, const void *from, size_t bytes);

/* True when bytes wait inside (decrypted already) although the descriptor may be quiet. */
bool parley_stream_buffered(const struct parley_stream *s);

/* What to wait for; `want_read` and `want_write` say what the layer above has to do. Up to
   PARLEY_TRANSPORT_INTERESTS entries; returns how many. */
size_t parley_stream_interest(const struct parley_stream *s, bool want_read, bool want_write,
                              struct parley_interest *want);

/* "resolve", "connect", "proxy", "tls" or "open"; static. */
const char *parley_stream_stage(const struct parley_stream *s);

/* Why it failed: "stage: reason". */
struct parley_view parley_stream_reason(const struct parley_stream *s);

/* Nothing has moved for a while: the system gets back what memory the stream does not need for that. */
void parley_stream_rest(struct parley_stream *s);

/* Says goodbye where the layer has a way (TLS close_notify), as far as that does not block. While the
   interest then still wants to write, work() and another call go on with it. */
void parley_stream_shutdown(struct parley_stream *s);

/* Releases everything. NULL is allowed. */
void parley_stream_drop(struct parley_stream *s);

#endif
