/*
 * Sessions of mbedTLS in memory that outlives a link, as bytes. See resume.h.
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* 3.6: no call leaves the certificate out of a session */

#include "transport/wss/resume.h"

#include "platform/clock.h"

const size_t parley_transport_kept_bytes = sizeof(struct parley_resume);

struct parley_resume_proof parley_resume_proof(const struct parley_judge *judge)
{
    struct parley_resume_proof proof = {.verified_us = parley_clock_us()};

    memcpy(proof.last_day, judge->last_day, sizeof proof.last_day);
    return proof;
}

void parley_resume_forget(struct parley_resume *r)
{
    parley_wipe(r, sizeof *r);
}

/* The peer's certificate, the largest part of it, is left out: what counts of it is in the proof. */
static mbedtls_ssl_session without_certificate(const mbedtls_ssl_session *session)
{
    mbedtls_ssl_session bare = *session;

#if defined(MBEDTLS_SSL_KEEP_PEER_CERTIFICATE)
    bare.peer_cert = NULL;
#endif
    return bare;
}

bool parley_resume_keep(struct parley_resume *r, const mbedtls_ssl_context *ssl,
                        const struct parley_resume_proof *proof)
{
    mbedtls_ssl_session bare = without_certificate(ssl->session);
    bool found = bare.id_len > 0 || bare.ticket_len > 0;

    parley_resume_forget(r);
    if (found && mbedtls_ssl_session_save(&bare, r->session, sizeof r->session, &r->bytes) == 0)
        r->proof = *proof;
    else
        parley_resume_forget(r); /* bytes tells how many it would have been */
    parley_wipe(&bare, sizeof bare);
    return r->bytes > 0;
}

static bool is_good(const struct parley_resume *r, bool check_days)
{
    const uint64_t hour_us = UINT64_C(3600000000);
    char today[PARLEY_CERTIFICATE_DAY];

    parley_certificate_today(today);
    return r->bytes > 0 && parley_clock_us() - r->proof.verified_us < PARLEY_RESUME_HOURS * hour_us &&
           (!check_days || strcmp(today, r->proof.last_day) <= 0);
}

bool parley_resume_offer(struct parley_resume *r, mbedtls_ssl_context *ssl, bool check_days,
                         struct parley_resume_proof *proof)
{
    mbedtls_ssl_session session;
    bool offered = false;

    mbedtls_ssl_session_init(&session);
    if (is_good(r, check_days))
        offered = mbedtls_ssl_session_load(&session, r->session, r->bytes) == 0 &&
                  mbedtls_ssl_set_session(ssl, &session) == 0;
    mbedtls_ssl_session_free(&session); /* wipes it */
    *proof = r->proof;
    parley_resume_forget(r);
    return offered;
}
