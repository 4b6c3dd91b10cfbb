#ifndef PARLEY_TRANSPORT_WSS_RESUME_H
#define PARLEY_TRANSPORT_WSS_RESUME_H

#include "transport/wss/judge.h"

#include <mbedtls/ssl.h>

/*
 * What one link leaves to the next: a TLS session, with which the service can be recognised without showing
 * its certificates again, in one round trip less (TLS 1.2) and without the costly arithmetic of a signature.
 *
 * It lies in the memory that core keeps for this (endpoint.kept), so it never leaves its conversation: the
 * host, the pins, the authorities and our own certificate are always those it was made with. It is
 *
 * - made only of a link whose peer was verified, or pinned;
 * - good for PARLEY_RESUME_HOURS since that, and not beyond the last day of the certificates seen then;
 * - taken out when it is offered, so that no ticket is shown twice (RFC 8446 appendix C.4) and one that
 *   spoils a handshake spoils only this one; of a link that comes up another is kept;
 * - forgotten when a link ends by an alert or a record that is not genuine (RFC 5246 section 7.2.2).
 *
 * A service that refuses it goes on with a full handshake on the same connection. One that does not fit into
 * the memory is not kept.
 */
enum {
    PARLEY_RESUME_HOURS = 24,
    PARLEY_RESUME_BYTES = 2000, /* the session's; usual tickets have 150 to 250, with our certificate more */
};

/* What a session rests on. */
struct parley_resume_proof {
    uint64_t verified_us; /* by the monotonic clock */
    char last_day[PARLEY_CERTIFICATE_DAY];
};

/* Zero: nothing is kept. */
struct parley_resume {
    struct parley_resume_proof proof;
    size_t bytes;
    unsigned char session[PARLEY_RESUME_BYTES];
};

/* The proof of a link whose certificates were judged just now. */
struct parley_resume_proof parley_resume_proof(const struct parley_judge *judge);

/* Keeps the link's present session instead of the one before, if the service can find it again and it fits.
   Returns whether it does. */
bool parley_resume_keep(struct parley_resume *r, const mbedtls_ssl_context *ssl,
                        const struct parley_resume_proof *proof);

/*
 * Takes the session out and has it offered in the handshake that is to begin; *proof is then what it rests
 * on. `check_days`: the dates of certificates count. Returns false when there is none, or none any more.
 */
bool parley_resume_offer(struct parley_resume *r, mbedtls_ssl_context *ssl, bool check_days,
                         struct parley_resume_proof *proof);

void parley_resume_forget(struct parley_resume *r);

#endif
