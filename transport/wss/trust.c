/* What TLS stands on, from wherever it comes: see trust.h, and trust_parts.h for where that is. */
#include "transport/wss/trust_parts.h"

#include "platform/random.h"
#include "transport/wss/why.h"

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>

int parley_trust_random(void *nothing, unsigned char *out, size_t bytes)
{
    (void)nothing;
    return parley_random(out, bytes) == 0 ? 0 : MBEDTLS_ERR_PK_BAD_INPUT_DATA;
}

bool parley_trust_is_full(int code)
{
    int low = -code & 0x7f; /* a detail that may be part of any other code */

    return code == MBEDTLS_ERR_X509_ALLOC_FAILED || code == MBEDTLS_ERR_PEM_ALLOC_FAILED ||
           code == MBEDTLS_ERR_PK_ALLOC_FAILED || code == MBEDTLS_ERR_MD_ALLOC_FAILED ||
           code == MBEDTLS_ERR_ECP_ALLOC_FAILED || low == -MBEDTLS_ERR_ASN1_ALLOC_FAILED ||
           low == -MBEDTLS_ERR_MPI_ALLOC_FAILED;
}

int parley_trust_load(mbedtls_x509_crt *trusted, const struct parley_endpoint *to,
                      const struct parley_log *log, char why[PARLEY_TRANSPORT_REASON])
{
    int status = 0;

    if (to->ca_pem.at == NULL && to->ca_file.at == NULL && to->ca_dir.len == 0)
        return parley_trust_system(trusted, log, why);
    if (to->ca_pem.at != NULL)
        status = parley_trust_certificate_text(trusted, "ca_pem", to->ca_pem, log, why);
    if (status == 0 && to->ca_file.at != NULL)
        status = parley_trust_file(trusted, to->ca_file, log, why);
    return status == 0 ? parley_trust_folders(trusted, to->ca_dir, why) : status;
}

/* ---- our own certificate ----------------------------------------------------------------------- */

/* Where it, or its key, comes from: a file, or a text if that is there. */
struct source {
    const char *option, *text_option;
    struct parley_view file, text;
};

static const char *name_of(const struct source *source)
{
    return source->text.at != NULL ? source->text_option : source->option;
}

static bool is_given(const struct source *source)
{
    return source->text.at != NULL || source->file.len > 0;
}

static int check_sources(const struct source *cert, const struct source *key,
                         char why[PARLEY_TRANSPORT_REASON])
{
    const struct source *twice = cert->text.at != NULL && cert->file.len > 0 ? cert
                                 : key->text.at != NULL && key->file.len > 0 ? key
                                                                             : NULL;

    if (twice != NULL)
        parley_why(why, "%s and %s: only one of the two can be", twice->option, twice->text_option);
    else if (!is_given(cert))
        parley_why(why, "%s needs client_cert or client_cert_pem", name_of(key));
    return twice != NULL || !is_given(cert) ? PARLEY_ERR_ARGUMENT : 0;
}

static int load_certificate(mbedtls_x509_crt *own, const struct source *from,
                            char why[PARLEY_TRANSPORT_REASON])
{
    if (from->text.at != NULL)
        return parley_trust_certificate_text(own, from->text_option, from->text, NULL, why);
    return parley_trust_certificate_file(own, from->option, from->file, why);
}

static int load_key(mbedtls_pk_context *key, const struct source *from, char why[PARLEY_TRANSPORT_REASON])
{
    if (from->text.at != NULL)
        return parley_trust_key_text(key, from->text_option, from->text, why);
    return parley_trust_key_file(key, from->option, from->file, why);
}

static int check_pair(const mbedtls_x509_crt *own, const mbedtls_pk_context *key, const struct source *cert,
                      const struct source *from, char why[PARLEY_TRANSPORT_REASON])
{
    struct parley_view file = from->text.at != NULL ? parley_view("") : from->file;

    int code = mbedtls_pk_check_pair(&own->pk, key PARLEY_TRUST_RANDOM);

    if (code == 0)
        return 0;
    if (parley_trust_is_full(code)) {
        parley_why(why, "%s: no memory to check the key", name_of(from));
        return PARLEY_ERR_MEMORY;
    }
    parley_why(why, "%s%s%.*s: the key is not the one of the certificate in %s", name_of(from),
               file.len > 0 ? " " : "", (int)file.len, file.at, name_of(cert));
    return from->text.at != NULL ? PARLEY_ERR_ARGUMENT : PARLEY_ERR_FILE;
}

int parley_trust_own(mbedtls_x509_crt *own, mbedtls_pk_context *key, const struct parley_endpoint *to,
                     char why[PARLEY_TRANSPORT_REASON])
{
    const struct source cert = {"client_cert", "client_cert_pem", to->client_cert, to->client_cert_pem};
    const struct source its_key = {"client_key", "client_key_pem", to->client_key, to->client_key_pem};
    const struct source *from = is_given(&its_key) ? &its_key : &cert;
    int status = check_sources(&cert, &its_key, why);

    if (status == 0)
        status = load_certificate(own, &cert, why);
    if (status == 0)
        status = load_key(key, from, why);
    return status == 0 ? check_pair(own, key, &cert, from, why) : status;
}
