/*
 * The judgement of certificates, as far as mbedTLS leaves it to its user. See certificate.h.
 */
#include "transport/wss/certificate.h"

#include "parser/base64.h"
#include "platform/clock.h"
#include "transport/wss/why.h"

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>

/* ---- names ------------------------------------------------------------------------------------- */

/* The two kinds of GeneralName that name a server: their tags (RFC 5280 section 4.2.1.6). */
enum { TAG_MASK = 0x1f, NAME_DNS = 2, NAME_ADDRESS = 7 };

bool parley_certificate_has_address(const mbedtls_x509_crt *certificate, const struct parley_address *address)
{
    size_t bytes = address->family == 6 ? 16 : 4;

    for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name != NULL; name = name->next)
        if ((name->buf.tag & TAG_MASK) == NAME_ADDRESS && name->buf.len == bytes &&
            memcmp(name->buf.p, address->bytes, bytes) == 0)
            return true;
    return false;
}

/* As much of a name as is shown. */
struct name {
    char text[64];
};
_Static_assert(sizeof(struct name) == sizeof((struct parley_fact_certificate *)0)->subject,
               "names are facts");

static struct name clean(const unsigned char *at, size_t len)
{
    struct name name;

    parley_why_clean(name.text, sizeof name.text, parley_view_of((const char *)at, len));
    return name;
}

/* The common name of a distinguished name, or its organisation, or what stands first. */
static struct name common_name(const mbedtls_x509_name *parts)
{
    const mbedtls_x509_name *best = parts;

    for (const mbedtls_x509_name *part = parts; part != NULL; part = part->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0)
            return clean(part->val.p, part->val.len);
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_ORGANIZATION, &part->oid) == 0)
            best = part;
    }
    return clean(best->val.p, best->val.p != NULL ? best->val.len : 0);
}

/* One subjectAltName as text; empty for kinds that do not name a server. */
static struct name alternative_name(const mbedtls_x509_buf *buf)
{
    struct parley_address address = {.family = buf->len == 16 ? 6 : 4};
    char text[PARLEY_ADDRESS_TEXT];

    if ((buf->tag & TAG_MASK) == NAME_DNS)
        return clean(buf->p, buf->len);
    if ((buf->tag & TAG_MASK) != NAME_ADDRESS || (buf->len != 16 && buf->len != 4))
        return clean(NULL, 0);
    memcpy(address.bytes, buf->p, buf->len);
    parley_address_text(&address, text);
    text[strlen(text) - strlen(":0")] = '\0';
    return clean((const unsigned char *)text, strlen(text));
}

/* ---- facts ------------------------------------------------------------------------------------- */

void parley_certificate_pin(char pin[PARLEY_CERTIFICATE_PIN], const mbedtls_x509_crt *certificate)
{
    static const char kind[] = "sha256/";
    unsigned char digest[PARLEY_CERTIFICATE_DIGEST] = {0};

    /* Fails only in a library built without SHA-256, which could not speak TLS 1.2. */
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), certificate->pk_raw.p, certificate->pk_raw.len,
               digest);
    memcpy(pin, kind, sizeof kind - 1);
    parley_base64_encode(pin + sizeof kind - 1, digest, sizeof digest);
    pin[PARLEY_CERTIFICATE_PIN - 1] = '\0';
}

static void date_text(char out[11], const mbedtls_x509_time *date)
{
    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)date->year % 10000, (unsigned)date->mon % 100,
             (unsigned)date->day % 100);
}

void parley_certificate_today(char out[11])
{
    mbedtls_time_t now = (mbedtls_time_t)parley_clock_unix_s();
    struct tm at = {0};
    mbedtls_x509_time today;

    mbedtls_platform_gmtime_r(&now, &at);
    today = (mbedtls_x509_time){.year = at.tm_year + 1900, .mon = at.tm_mon + 1, .day = at.tm_mday};
    date_text(out, &today);
}

/* As many of the names as there is room for. */
static void list_names(char out[], size_t size, const mbedtls_x509_crt *certificate)
{
    size_t used = 0;

    out[0] = '\0';
    for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at != NULL; at = at->next) {
        struct name name = alternative_name(&at->buf);
        size_t len = strlen(name.text), gap = used > 0 ? 2 : 0;

        if (len == 0 || used + gap + len >= size)
            continue;
        memcpy(out + used, ", ", gap);
        memcpy(out + used + gap, name.text, len + 1);
        used += gap + len;
    }
    if (used == 0)
        memcpy(out, common_name(&certificate->subject).text, sizeof(struct name));
}

void parley_certificate_fact(struct parley_fact_certificate *fact, const mbedtls_x509_crt *certificate)
{
    struct name subject = common_name(&certificate->subject), issuer = common_name(&certificate->issuer);

    memcpy(fact->subject, subject.text, sizeof subject.text);
    memcpy(fact->issuer, issuer.text, sizeof issuer.text);
    list_names(fact->names, sizeof fact->names, certificate);
    date_text(fact->from, &certificate->valid_from);
    date_text(fact->to, &certificate->valid_to);
    parley_certificate_pin(fact->pin, certificate);
}

/* ---- words ------------------------------------------------------------------------------------- */

/* What stands before a piece of the reason. */
static const char *before(const char *why)
{
    return why[0] == '\0' ? "tls: " : "; ";
}

/* "the certificate is for a.test, b.test and 3 more, not for localhost" */
static void add_names(char why[PARLEY_TRANSPORT_REASON], const mbedtls_x509_crt *certificate,
                      struct parley_view host)
{
    struct name wanted = clean((const unsigned char *)host.at, host.len);
    size_t spare = strlen(wanted.text) + sizeof " and 999 more, not for ";
    size_t shown = 0, hidden = 0;

    if (!parley_why_add(why, spare, "%sthe certificate is for ", before(why)))
        return;
    for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at != NULL; at = at->next) {
        struct name name = alternative_name(&at->buf);

        if (name.text[0] == '\0')
            continue;
        if (hidden == 0 && parley_why_add(why, spare, "%s%s", shown > 0 ? ", " : "", name.text))
            shown++;
        else
            hidden++;
    }
    if (hidden > 0)
        parley_why_add(why, 0, " and %lu more", (unsigned long)hidden);
    else if (shown == 0) /* only then does the subject count (RFC 6125 section 6.4.4) */
        parley_why_add(why, spare, "%s", common_name(&certificate->subject).text);
    parley_why_add(why, 0, ", not for %s", wanted.text);
}

static void add_untrusted(char why[PARLEY_TRANSPORT_REASON], const mbedtls_x509_crt *certificate, int depth)
{
    bool own_issuer =
        certificate->subject_raw.len == certificate->issuer_raw.len &&
        memcmp(certificate->subject_raw.p, certificate->issuer_raw.p, certificate->subject_raw.len) == 0;
    struct name issuer = common_name(&certificate->issuer);

    if (own_issuer && depth == 0)
        parley_why_add(why, 0, "%sthe certificate is self-signed (%s) and not a trusted one", before(why),
                       issuer.text);
    else
        parley_why_add(why, 0, "%sthe certificate comes from an unknown authority (%s)", before(why),
                       issuer.text);
}

/* A wrong date is as often the machine's as the certificate's, so both are told. */
static void add_date(char why[PARLEY_TRANSPORT_REASON], int depth, const char *what,
                     const mbedtls_x509_time *date)
{
    char day[11], today[11];

    date_text(day, date);
    parley_certificate_today(today);
    parley_why_add(why, 0, "%s%s %s %s (this machine's date is %s)", before(why),
                   depth == 0 ? "the certificate" : "an authority's certificate", what, day, today);
}

void parley_certificate_why(char why[PARLEY_TRANSPORT_REASON], const mbedtls_x509_crt *certificate, int depth,
                            uint32_t flags, struct parley_view host)
{
    const uint32_t weak =
        MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY;
    const uint32_t usage = MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
                           MBEDTLS_X509_BADCERT_NS_CERT_TYPE;
    const uint32_t told = MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCERT_CN_MISMATCH |
                          MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE | weak | usage;

    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        add_untrusted(why, certificate, depth);
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        add_date(why, depth, "expired on", &certificate->valid_to);
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        add_date(why, depth, "is not valid before", &certificate->valid_from);
    if (flags & weak)
        parley_why_add(why, 0, "%sa signature or key in the chain is too weak", before(why));
    if (flags & usage)
        parley_why_add(why, 0, "%sthe certificate is not meant for a server", before(why));
    if (flags & ~told)
        parley_why_add(why, 0, "%sthe certificate is not accepted (mbedTLS flags 0x%lx)", before(why),
                       (unsigned long)(flags & ~told));
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        add_names(why, certificate, host); /* last: it takes the room that is left */
}
