#ifndef PARLEY_TRANSPORT_H
#define PARLEY_TRANSPORT_H

#include "platform/arena.h"
#include "platform/log.h"
#include "platform/socket.h"
#include "platform/status.h"
#include "platform/view.h"
#include "platform/wait.h"

/*
 * The seam between a conversation and the way its messages travel. Exactly one implementation is
 * linked into a program: transport/wss (WebSocket over TLS) or transport/loopback (no network).
 * Everything that is incomplete here is complete in that one only.
 *
 * Zero always means "nothing now"; a closed peer is an error of its own.
 */
struct parley_transport;

/* A name and a value: a header, or a parameter of the URL's query. */
struct parley_pair {
    struct parley_view name, value;
};

/* The longest each stage may take, in milliseconds. None is 0 here: core fills in the defaults. */
struct parley_deadlines {
    uint32_t resolve_ms, connect_ms, proxy_ms, tls_ms, upgrade_ms, close_ms; /* upgrade_ms: also of a POST */
    uint32_t ping_ms, pong_ms; /* silence before a ping, 0: never one; and behind it */
};

enum { PARLEY_TRANSPORT_SCRATCH = 8192 };

/* Where to and how. Everything behind a view or pointer must stay until open returns, `peer` until drop. */
struct parley_endpoint {
    struct parley_view url;          /* http(s) or ws(s); path completed as reference 1.2 says */
    const struct parley_pair *query; /* appended to the URL's own query, in this order, form-encoded */
    size_t query_count;
    const struct parley_pair *headers; /* of the upgrade request; may hold secrets: wiped after use */
    size_t header_count;
    struct parley_view ca_pem;          /* PEM or DER of authorities to trust */
    struct parley_view ca_file, ca_dir; /* PEM files of more; none of the three: the system's */
    const struct parley_view *pins;     /* "sha256/BASE64" of keys, one of which has to be in the chain */
    size_t pin_count;
    struct parley_view client_cert, client_key; /* PEM files; the key's absent: in the first one */
    /* PEM or DER instead of those; the second is a secret. */
    struct parley_view client_cert_pem, client_key_pem;
    bool ignore_dates_unset;                /* dates do not count while the clock is not set */
    bool insecure_no_verify;                /* trust any certificate */
    const struct parley_address *addresses; /* from the host: no name resolution then */
    size_t address_count;
    struct parley_view proxy; /* http://[USER:PASSWORD@]HOST[:PORT] (a secret); absent or empty: none */
    struct parley_deadlines deadlines;
    /* Absent: a WebSocket. Else the link creates a call (reference 9.1): one POST, to the URL completed for
       calls, of a body of this type and so many bytes. */
    struct parley_view call_type;
    size_t call_bytes;
    bool compress;                 /* offer permessage-deflate */
    size_t recv_bytes, send_bytes; /* link buffers */
    size_t message_bytes;          /* the longest message the inbox holds; longer ones may still come */
    struct parley_log log;
    struct parley_view script; /* loopback only: the text of a .talk file; absent: the built-in service */
    struct parley_view script_name; /* its name, for messages */
    void *peer;                     /* loopback only: a struct parley_loopback_peer of the host's own */
    /* The caller's memory, aligned for any type, for what is not needed any more once the link is up. Until
       then it is the link's, and from then on the caller's again. */
    void *scratch;
    size_t scratch_bytes; /* at most PARLEY_TRANSPORT_SCRATCH */
    void *kept;           /* parley_transport_kept_bytes for all links to this endpoint; NULL: none */
};

/*
 * A link that creates a call: once it is up, send() takes the body, of call_bytes bytes, in pieces as large
 * as there is room for. The answer's body comes through recv() as one message; with its last piece the call's
 * id stands in the facts, and the link has ended (PARLEY_ERR_CLOSED). An answer that is no success, or names
 * no call, ends it with a failure as one to the upgrade does.
 */

/* A piece of a message, in order. `bytes` is good until the next call with this transport, and where it is
   lent until release() or the next recv(). */
struct parley_fragment {
    struct parley_view bytes;
    bool last;   /* the message ends with this piece */
    bool binary; /* it is a binary message, which the protocol does not have */
    bool lent;   /* and the receiver's to write over */
};

/* "loopback" or "wss". */
extern const char parley_transport_name[];

/* What a transport may keep from one link for the next, in bytes: memory of the caller's, zeroed before the
   first of them, that stays as long as there may be another, holds secrets and is wiped by the caller. 0:
   nothing. */
extern const size_t parley_transport_kept_bytes;

/* The most interests a transport has at once (two address families being tried, and the resolver). */
enum { PARLEY_TRANSPORT_INTERESTS = 4, PARLEY_TRANSPORT_REASON = 256 };

/*
 * Carves a transport for `to` out of `arena` and, unless the arena only counts (then *t is NULL and
 * nothing is started), starts to connect. Nothing blocks; the first work() goes on.
 * Returns 0; PARLEY_ERR_URL, _ERR_ARGUMENT, _ERR_FILE (CA bundle), _ERR_MEMORY, _ERR_SYSTEM (no random
 * numbers), with the reason, in words and naming what was wrong, in `why`.
 */
int parley_transport_open(struct parley_transport **t, struct parley_arena *arena,
                          const struct parley_endpoint *to, char why[PARLEY_TRANSPORT_REASON]);

/*
 * Whatever is due: connecting, handshakes, pongs, reading into the buffer, flushing what was sent.
 * `now_us` is the only clock the transport knows.
 * Returns 1 while the link is up (also while it is closing in good order and messages may still come),
 * 0 while it is not up yet, PARLEY_ERR_CLOSED when a close we asked for is complete, or the failure
 * that ended the link; that one is returned again by every later call, recv and send included, but recv
 * first hands out what had arrived before.
 */
int parley_transport_work(struct parley_transport *t, uint64_t now_us);

/* The next piece of a message. Returns 1, 0 for none now, or < 0 as work() does. */
int parley_transport_recv(struct parley_transport *t, struct parley_fragment *out);

/* The bytes that the last piece lent are not needed any more: until then they take room that could be filled.
 */
void parley_transport_release(struct parley_transport *t);

/*
 * Takes a text message, or the start of it. Offer the rest again until all of it is taken, and nothing
 * else in between. Returns the bytes taken, 0 for "not now" (also while the link is not up), < 0 as work()
 * does, and PARLEY_ERR_LOST when no more can be sent while what has arrived can still be read.
 */
long parley_transport_send(struct parley_transport *t, struct parley_view message);

/* Messages not yet given to the network, in bytes; 0 when all is out. */
size_t parley_transport_pending(const struct parley_transport *t);

/* What to wait for: up to PARLEY_TRANSPORT_INTERESTS entries at `want`; returns how many. A deadline of
   "now" or earlier (in the first entry) says that work() or recv() has something although no descriptor
   tells. */
size_t parley_transport_interest(const struct parley_transport *t, struct parley_interest *want);

/* The stage the link is in ("resolve", "connect", "proxy", "tls", "upgrade" or "call", "open", "closing",
   "closed"), static. */
const char *parley_transport_stage(const struct parley_transport *t);

/* Why the link ended, naming stage and reason ("tls: the certificate is for other.test, not for
   localhost"); empty while it has not. Good as long as the transport. */
struct parley_view parley_transport_reason(const struct parley_transport *t);

/* The code of the close frame with which the other side ended the link (RFC 6455, 7.4); 0 when there was no
   such frame, or none in it. Good as long as the transport. */
uint16_t parley_transport_close_code(const struct parley_transport *t);

/* A certificate the other side showed, as text that is cleaned and cut. */
struct parley_fact_certificate {
    char subject[64], issuer[64];
    char names[128];                 /* it is for; of the service's own only */
    char from[11], to[11];           /* "2026-01-31" */
    char pin[sizeof "sha256/" + 44]; /* of its key, as in an endpoint */
};

/* What is known of a link; what is not known yet is 0 or NULL. */
enum { PARLEY_FACT_CERTIFICATES = 4, PARLEY_FACT_CALL_ID = 128 };
struct parley_facts {
    const char *host; /* to which it connects: the service's or the proxy's; NULL: no network */
    uint16_t port;
    bool proxied, tls;                     /* what the endpoint asks for */
    struct parley_address address;         /* to which it connected */
    int proxy_status, http_status;         /* of the answers to CONNECT and to the upgrade, or to the POST */
    char call_id[PARLEY_FACT_CALL_ID];     /* of the call that was created */
    const char *tls_version, *cipher;      /* static */
    bool resumed;                          /* the TLS session of an earlier link: no chain was shown */
    struct parley_fact_certificate *chain; /* room for PARLEY_FACT_CERTIFICATES; the service's own first; NULL
                                              without TLS */
    size_t chain_count;
};

/* The facts of a link, which grow as it proceeds. Good, also after drop, as long as the arena's memory. */
const struct parley_facts *parley_transport_facts(const struct parley_transport *t);

/* Starts an orderly close with a WebSocket close code (1000) and `deadlines.close_ms` to finish; go on with
 * work(). */
void parley_transport_close(struct parley_transport *t, uint16_t code);

/* Ends at once: descriptors closed, package state freed, secrets wiped. NULL is allowed. */
void parley_transport_drop(struct parley_transport *t);

#endif
