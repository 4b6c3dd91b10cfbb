/*
 * Certificates and keys that are texts in memory, as a board without files has them, with reasons that name
 * the option and the byte. See trust_parts.h.
 */
#include "transport/wss/trust_parts.h"

#include "platform/arena.h"
#include "transport/wss/why.h"

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>

static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
enum { DER = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE };

/* Where `what` is, at `from` or behind; text.len where it is not. */
static size_t find(struct parley_view text, size_t from, const char *what)
{
    while (from < text.len && !parley_view_starts(parley_view_skip(text, from), parley_view(what)))
        from++;
    return from;
}

/* Longer than 127 bytes, as each certificate is; a line of text may begin with the same byte. */
static bool is_der(struct parley_view text)
{
    return text.len > 1 && (unsigned char)text.at[0] == DER && (unsigned char)text.at[1] >= 0x80 &&
           find(text, 0, begin) == text.len;
}

/* mbedTLS knows PEM by the zero behind it, which a view has not. */
static unsigned char *terminated(struct parley_view text)
{
    unsigned char *copy = mbedtls_calloc(1, text.len + 1);

    if (copy != NULL && text.len > 0)
        memcpy(copy, text.at, text.len);
    return copy;
}

/* ---- certificates ------------------------------------------------------------------------------ */

/* One of them, as it stands in the text. */
struct piece {
    size_t at;
    struct parley_view bytes;
    bool pem, cut; /* it has no end */
};

static bool next_pem(struct piece *piece, struct parley_view text, size_t from)
{
    size_t at = find(text, from, begin), stop = find(text, at, end), next = find(text, at + 1, begin);

    if (at == text.len)
        return false;
    piece->at = at;
    piece->pem = true;
    piece->cut = stop > next || stop == text.len;
    stop = piece->cut ? next : stop + sizeof end - 1;
    piece->bytes = parley_view_of(text.at + at, stop - at);
    return true;
}

/* What is no certificate behind one that is, is one that cannot be read. */
static bool next_der(struct piece *piece, struct parley_view text, size_t from)
{
    unsigned char *first = (unsigned char *)text.at + from, *at = first; /* mbedTLS only looks */
    size_t len;

    if (from == text.len)
        return false;
    piece->at = from;
    piece->pem = false;
    piece->cut = mbedtls_asn1_get_tag(&at, first + (text.len - from), &len, DER) != 0;
    piece->bytes = parley_view_of(text.at + from, piece->cut ? text.len - from : (size_t)(at - first) + len);
    return true;
}

/* The one behind *piece, which begins as none. */
static bool next_certificate(struct piece *piece, struct parley_view text, bool der)
{
    size_t from = piece->at + piece->bytes.len;

    return der ? next_der(piece, text, from) : next_pem(piece, text, from);
}

static int parse(mbedtls_x509_crt *into, const struct piece *piece)
{
    unsigned char *copy;
    int code;

    if (!piece->pem)
        return mbedtls_x509_crt_parse_der(into, (const unsigned char *)piece->bytes.at, piece->bytes.len);
    if ((copy = terminated(piece->bytes)) == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    code = mbedtls_x509_crt_parse(into, copy, piece->bytes.len + 1);
    mbedtls_free(copy);
    return code;
}

static void say_unread(char why[PARLEY_TRANSPORT_REASON], const char *option, const struct piece *piece,
                       int code)
{
    if (piece->cut)
        parley_why(why, "%s: the certificate at byte %lu has no end", option, (unsigned long)piece->at);
    else
        parley_why(why, "%s: the certificate at byte %lu cannot be read (mbedTLS -0x%04x)", option,
                   (unsigned long)piece->at, (unsigned)-code);
}

int parley_trust_certificate_text(mbedtls_x509_crt *into, const char *option, struct parley_view text,
                                  const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON])
{
    bool der = is_der(text), some = false;
    struct piece piece = {0};

    why[0] = '\0';
    while (next_certificate(&piece, text, der)) {
        int code = parse(into, &piece);

        if (parley_trust_is_full(code)) {
            parley_why(why, "%s: no memory for its certificates", option);
            return PARLEY_ERR_MEMORY;
        }
        some = some || code == 0;
        if (code != 0 && why[0] == '\0')
            say_unread(why, option, &piece, code);
    }
    if (!some && why[0] == '\0')
        parley_why(why, "%s: no certificate in it (%lu bytes; PEM or DER is expected)", option,
                   (unsigned long)text.len);
    if (!some)
        return PARLEY_ERR_ARGUMENT;
    if (why[0] != '\0' && log != NULL)
        parley_log_line(log, PARLEY_LOG_WARN, "tls: %s", why);
    why[0] = '\0';
    return 0;
}

/* ---- a key --------------------------------------------------------------------------------------- */

static int parse_key(mbedtls_pk_context *key, struct parley_view text)
{
    unsigned char *copy;
    int code;

    if (text.len > 0 && find(text, 0, "-----BEGIN ") == text.len)
        return mbedtls_pk_parse_key(key, (const unsigned char *)text.at, text.len, NULL,
                                    0 PARLEY_TRUST_RANDOM);
    if ((copy = terminated(text)) == NULL)
        return MBEDTLS_ERR_PK_ALLOC_FAILED;
    code = mbedtls_pk_parse_key(key, copy, text.len + 1, NULL, 0 PARLEY_TRUST_RANDOM);
    parley_wipe(copy, text.len);
    mbedtls_free(copy);
    return code;
}

int parley_trust_key_text(mbedtls_pk_context *key, const char *option, struct parley_view text,
                          char why[PARLEY_TRANSPORT_REASON])
{
    int code = parse_key(key, text);

    if (code == 0)
        return 0;
    if (parley_trust_is_full(code)) {
        parley_why(why, "%s: no memory for the key", option);
        return PARLEY_ERR_MEMORY;
    }
    if (code == MBEDTLS_ERR_PK_PASSWORD_REQUIRED)
        parley_why(why, "%s: the key has a passphrase, which cannot be asked for", option);
    else
        parley_why(why, "%s: no key in it that can be read (PEM or DER is expected; mbedTLS -0x%04x)", option,
                   (unsigned)-code);
    return PARLEY_ERR_ARGUMENT;
}
