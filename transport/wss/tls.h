#ifndef PARLEY_TRANSPORT_WSS_TLS_H
#define PARLEY_TRANSPORT_WSS_TLS_H

#include "platform/arena.h"
#include "transport/transport.h"

/*
 * One TLS client session by mbedTLS 2.28 or 3.6, over a connected socket that somebody else owns.
 *
 * At least TLS 1.2, forward secrecy and authenticated encryption only, ALPN http/1.1. The chain and the
 * host's name are verified unless `insecure`; the name of an address literal is looked for among
 * the certificate's addresses, and such a host sends no server name (RFC 6066 section 3). With pins the chain
 * also has to hold one of their keys; of an unverified one only the server's own key counts, as only that is
 * proven.
 *
 * With memory for it (endpoint.kept) the session of the link before is resumed, see resume.h: no certificates
 * are shown again then, and facts.resumed tells. Forward secrecy is that of the first link in TLS 1.2, whose
 * keys the later ones follow from; in TLS 1.3 each link has its own.
 *
 * A peer that asks for another handshake (TLS 1.2) is told that there will be none, and the link goes on; one
 * that changes its keys (KeyUpdate, TLS 1.3) ends the link, as mbedTLS cannot follow.
 *
 * Memory: mbedTLS's contexts lie in the arena. Its buffers (about 36 KB), the trusted certificates (3.3 KB
 * each, until the handshake ends) and what a handshake needs come from its own heap, at open and during the
 * handshake; reading and writing afterwards allocates nothing, but for what a ticket of TLS 1.3 takes where
 * one is kept. All of it is freed at drop, but for 3 KB that 3.6 keeps for the whole process
 * (psa_crypto_init). A key of our own is wiped when the handshake ends; then the system also gets back the
 * pages of the buffers, whose longest record may never come: some 8 KB of them stay resident.
 */
struct parley_tls;

struct parley_tls_options {
    struct parley_view host;                /* as parley_stream_options; stays as long as the session */
    const struct parley_endpoint *endpoint; /* trust, pins, certificate, log; only until open returns */
    struct parley_facts *facts;             /* stay as long as the session */
};

/*
 * Carves a session and sets it up. While the arena only counts *t becomes NULL and nothing else is done.
 * Returns 0, PARLEY_ERR_FILE, PARLEY_ERR_ARGUMENT (host, pin), PARLEY_ERR_MEMORY, PARLEY_ERR_SYSTEM
 * (no randomness) with the reason in `why`; nothing is held then.
 */
int parley_tls_open(struct parley_tls **t, struct parley_arena *arena,
                    const struct parley_tls_options *options, char why[PARLEY_TRANSPORT_REASON]);

/* The connected socket to talk over. */
void parley_tls_attach(struct parley_tls *t, int fd);

/*
 * One step of the handshake, as the slowest of them bounds how long the loop stands still: the chain of
 * certificates, one signature, or one key exchange. Returns 1 when it is done, 0 while it is not,
 * PARLEY_ERR_CERTIFICATE (also for a clock that is not set), PARLEY_ERR_TLS. A failure ends the session.
 */
int parley_tls_handshake(struct parley_tls *t);

/* As parley_stream_read and _write; only after the handshake. */
int parley_tls_read(struct parley_tls *t, void *into, size_t bytes);
int parley_tls_write(struct parley_tls *t, const void *from, size_t bytes);

/* Gives the socket what is left of a record, and tells the time: what follows closely on something else is
   read with fewer calls. Returns 0 (some may be left still) or PARLEY_ERR_LOST. */
int parley_tls_work(struct parley_tls *t, uint64_t now_us);

/* True while part of a record waits for the socket. */
bool parley_tls_unsent(const struct parley_tls *t);

/* True when work is left although the socket is quiet: handshake steps, or bytes decrypted already. */
bool parley_tls_buffered(const struct parley_tls *t);

/* Why it failed; empty while it has not. Good as long as the session. */
const char *parley_tls_reason(const struct parley_tls *t);

/* Nothing has moved for a while: the pages of mbedTLS's buffers go back to the system, as far as they hold
   nothing. As after the handshake; later records made them resident again. */
void parley_tls_rest(struct parley_tls *t);

/* Sends close_notify as far as that does not block; again, it goes on where it stopped. */
void parley_tls_shutdown(struct parley_tls *t);

/* Frees mbedTLS's heap and wipes the session. NULL is allowed. */
void parley_tls_drop(struct parley_tls *t);

#endif
