/*
 * The judgement of certificates, as far as mbedTLS leaves it to its user. See certificate.h.
 */
#include "transport/wss/certificate.h"

#include "platform/clock.h"
#include "platform/file.h"
#include "transport/wss/why.h"

#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>

/* ---- whom to trust ----------------------------------------------------------------------------- */

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine, OpenWrt, Buildroot, Yocto */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* their newer home */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine, BSDs */
    "/usr/local/share/certs/ca-root-nss.crt",            /* FreeBSD */
};
enum { BUNDLES = sizeof bundles / sizeof *bundles, PATH_BYTES = 1024 };

/* Opens and touches the file first: mbedTLS does not say why a file cannot be read, and a pipe would
   make it wait. */
static int check_readable(const char *path, char why[PARLEY_TRANSPORT_REASON])
{
    unsigned char byte;
    int fd = parley_file_open(path, PARLEY_FILE_READ);

    if (fd < 0) {
        parley_why(why, "ca_file %s: %s", path, parley_file_reason());
        return PARLEY_ERR_FILE;
    }
    int got = parley_file_read(fd, &byte, 1);
    if (got == PARLEY_ERR_PEER_CLOSED)
        parley_why(why, "ca_file %s: the file is empty", path);
    else if (got == 0 || (got > 0 && parley_file_seek(fd, 0) < 0))
        parley_why(why, "ca_file %s: not a regular file", path);
    else if (got < 0)
        parley_why(why, "ca_file %s: %s", path, parley_file_reason());
    parley_file_close(fd);
    return why[0] == '\0' ? 0 : PARLEY_ERR_FILE;
}

static int load(mbedtls_x509_crt *trusted, const char *path, const struct parley_log *log,
                char why[PARLEY_TRANSPORT_REASON])
{
    why[0] = '\0';
    if (check_readable(path, why) < 0)
        return PARLEY_ERR_FILE;

    int unread = mbedtls_x509_crt_parse_file(trusted, path);
    if (unread == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        parley_why(why, "ca_file %s: no memory for its certificates", path);
        return PARLEY_ERR_MEMORY;
    }
    if (unread < 0) {
        parley_why(why,
                   "ca_file %s: holds no certificate that can be read (PEM is expected; mbedTLS -0x%04x)",
                   path, (unsigned)-unread);
        return PARLEY_ERR_FILE;
    }
    if (unread > 0) /* usual in a large bundle: a key of a kind unknown here */
        parley_log_line(log, PARLEY_LOG_WARN, "tls: certificates of %s that cannot be read: %d", path,
                        unread);
    return 0;
}

static int load_system(mbedtls_x509_crt *trusted, const struct parley_log *log,
                       char why[PARLEY_TRANSPORT_REASON])
{
    for (size_t i = 0; i < BUNDLES; i++) {
        int fd = parley_file_open(bundles[i], PARLEY_FILE_READ);

        if (fd < 0)
            continue;
        parley_file_close(fd);
        return load(trusted, bundles[i], log, why);
    }
    parley_why(why,
               "no bundle of trusted certificates: neither %s nor one of %d other usual places is there; "
               "install ca-certificates or set ca_file",
               bundles[0], BUNDLES - 1);
    return PARLEY_ERR_FILE;
}

int parley_certificate_trust(mbedtls_x509_crt *trusted, struct parley_view ca_file,
                             const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON])
{
    char path[PATH_BYTES];

    if (ca_file.at == NULL)
        return load_system(trusted, log, why);
    if (ca_file.len >= sizeof path || memchr(ca_file.at, '\0', ca_file.len) != NULL) {
        parley_why(why, "ca_file: no name of a file (%zu bytes)", ca_file.len);
        return PARLEY_ERR_FILE;
    }
    memcpy(path, ca_file.at, ca_file.len);
    path[ca_file.len] = '\0';
    return load(trusted, path, log, why);
}

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
        parley_why_add(why, 0, " and %zu more", hidden);
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
    mbedtls_time_t now = (mbedtls_time_t)parley_clock_unix_s();
    struct tm today = {0};

    mbedtls_platform_gmtime_r(&now, &today);
    parley_why_add(why, 0, "%s%s %s %04d-%02d-%02d (this machine's date is %04d-%02d-%02d)", before(why),
                   depth == 0 ? "the certificate" : "an authority's certificate", what, date->year, date->mon,
                   date->day, today.tm_year + 1900, today.tm_mon + 1, today.tm_mday);
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
