/*
 * The judgement of a chain: names, uses, dates and pins. What certificates say stands in certificate.c. See
 * judge.h.
 */
#include "transport/wss/judge.h"

#include "parser/base64.h"
#include "platform/clock.h"
#include "transport/wss/why.h"

#include <mbedtls/oid.h>

/* A clock that shows a time before this one, 2026-01-01, is not set: nothing of this was there to run. */
static const int64_t released_unix_s = 1767225600;

int parley_judge_pin(struct parley_pin *pin, struct parley_view text, char why[PARLEY_TRANSPORT_REASON])
{
    static const struct parley_view kind = PARLEY_VIEW("sha256/");
    unsigned char digest[PARLEY_CERTIFICATE_DIGEST + 1];
    struct parley_view base64 = parley_view_skip(text, kind.len);

    if (base64.len == sizeof pin->text - kind.len && base64.at[0] == '/')
        base64 = parley_view_skip(base64, 1);
    if (!parley_view_starts(text, kind) || base64.len != sizeof pin->text - 1 - kind.len ||
        parley_base64_decode(digest, base64, NULL) != PARLEY_CERTIFICATE_DIGEST) {
        parley_why(why, "pin %.*s: not \"sha256/\" and the base64 of 32 bytes",
                   (int)(text.len < 80 ? text.len : 80), text.at);
        return PARLEY_ERR_ARGUMENT;
    }
    memcpy(pin->text, kind.at, kind.len);
    memcpy(pin->text + kind.len, base64.at, base64.len);
    return 0;
}

int parley_judge_clock(struct parley_judge *j, bool ignore_dates, const struct parley_log *log,
                       char why[PARLEY_TRANSPORT_REASON])
{
    char today[PARLEY_CERTIFICATE_DAY];

    j->clock_unset = parley_clock_unix_s() < released_unix_s;
    if (!j->clock_unset || j->insecure)
        return 0;
    parley_certificate_today(today);
    if (ignore_dates) {
        parley_log_line(
            log, PARLEY_LOG_WARN,
            "tls: the clock says %s, so the dates of certificates are NOT checked, as was asked for", today);
        return 0;
    }
    parley_why(why,
               "tls: the clock says %s, so it is not set, and the dates of certificates cannot be checked: "
               "set the clock, or let it be ignored (clock_unset)",
               today);
    return PARLEY_ERR_CERTIFICATE;
}

/* Keeps what a certificate says, and sees whether its key is a pinned one. Nobody has signed for those above
   the server's own unless the chain is verified. */
static void note(struct parley_judge *j, const mbedtls_x509_crt *certificate, int depth)
{
    struct parley_facts *facts = j->facts;
    struct parley_fact_certificate fact;

    parley_certificate_fact(&fact, certificate);
    for (size_t i = 0; i < j->pin_count; i++)
        if (strcmp(fact.pin, j->pins[i].text) == 0 && (depth == 0 || !j->insecure))
            j->pinned = true;
    if (j->last_day[0] == '\0' || strcmp(fact.to, j->last_day) < 0) /* dates written so sort as text */
        memcpy(j->last_day, fact.to, sizeof fact.to);
    if (depth >= PARLEY_FACT_CERTIFICATES)
        return;
    facts->chain[depth] = fact;
    if (facts->chain_count <= (size_t)depth)
        facts->chain_count = (size_t)depth + 1;
}

/* The pins of what was shown, so that whoever knows better can set the right one. */
static void say_no_pin(struct parley_judge *j)
{
    parley_why(j->faults, "tls: no pin fits; seen:");
    for (size_t i = 0; i < j->facts->chain_count; i++)
        parley_why_add(j->faults, 0, "%s %s (%s)", i > 0 ? "," : "", j->facts->chain[i].pin,
                       j->facts->chain[i].subject);
}

int parley_judge_certificate(void *judge, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct parley_judge *j = judge;

    note(j, certificate, depth);
    if (j->clock_unset)
        *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);

    if (depth == 0 && j->address.family != 0 && !parley_certificate_has_address(certificate, &j->address))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    /* mbedTLS sees to this one too, but later and with less to tell. */
    if (depth == 0 &&
        mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_SERVER_AUTH,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0)
        *flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    if (*flags != 0 && !j->insecure)
        parley_certificate_why(j->faults, certificate, depth, *flags, j->host);
    j->faulty = j->faulty || *flags != 0;
    if (depth > 0)
        return 0;
    j->judged = true;
    if (j->pin_count > 0 && !j->pinned && (j->insecure || !j->faulty)) {
        say_no_pin(j);
        return MBEDTLS_ERR_X509_FATAL_ERROR; /* ends the handshake, also one that forgives all else */
    }
    return 0;
}

bool parley_judge_accepts(const struct parley_judge *j)
{
    return j->judged && (j->insecure || !j->faulty) && (j->pin_count == 0 || j->pinned);
}

bool parley_judge_is_sure(const struct parley_judge *j)
{
    return parley_judge_accepts(j) && (j->pinned || !j->insecure);
}
