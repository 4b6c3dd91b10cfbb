#ifndef PARLEY_TRANSPORT_WSS_SERVE_TLS_H
#define PARLEY_TRANSPORT_WSS_SERVE_TLS_H

#include "transport/transport.h"

/*
 * The server's side of TLS, by mbedTLS 2.28 or 3.6: TLS 1.2 at least, no certificate is asked for, no session
 * is kept. For a server that clients are tested against; memory comes from the heap, as mbedTLS's does.
 */

/* What all sessions of a server share: its certificate and key. */
struct parley_serve_keys;

/* Reads the PEM files; `key_file` absent: the key stands in `cert_file` too. Returns 0, PARLEY_ERR_FILE,
   PARLEY_ERR_MEMORY, PARLEY_ERR_SYSTEM (no randomness), with the reason in `why`, which holds nothing of the
   key. */
int parley_serve_keys_open(struct parley_serve_keys **keys, struct parley_view cert_file,
                           struct parley_view key_file, char why[PARLEY_TRANSPORT_REASON]);

/* Once no session is left. NULL is allowed. */
void parley_serve_keys_drop(struct parley_serve_keys *keys);

/* One session over a connected socket, which stays the caller's. */
struct parley_serve_tls;

/* NULL when there is no memory. */
struct parley_serve_tls *parley_serve_tls_open(struct parley_serve_keys *keys, int fd);

/* One step of the handshake. Returns 1 when it is done, 0, or PARLEY_ERR_TLS with a reason; to be called
   again at once while parley_serve_tls_busy. */
int parley_serve_tls_handshake(struct parley_serve_tls *t);

/* As parley_socket_read and _write. A write that returned 0 has to be repeated with the same bytes, and maybe
   more behind them. */
int parley_serve_tls_read(struct parley_serve_tls *t, void *into, size_t bytes);
int parley_serve_tls_write(struct parley_serve_tls *t, const void *from, size_t bytes);

/* True when something could be done although the socket is quiet. */
bool parley_serve_tls_busy(const struct parley_serve_tls *t);

/* True while mbedTLS holds bytes that the socket did not take. */
bool parley_serve_tls_unsent(const struct parley_serve_tls *t);

/* Why it failed; good as long as the session. */
const char *parley_serve_tls_reason(const struct parley_serve_tls *t);

/* Says goodbye (close_notify), if that does not block. */
void parley_serve_tls_finish(struct parley_serve_tls *t);

/* NULL is allowed. */
void parley_serve_tls_drop(struct parley_serve_tls *t);

#endif
