/* Any bytes that mbedTLS takes for a certificate: its names, dates and pin as facts, and the words for every
   fault, stay within their room, and are terminated text without control characters. The first byte picks the
   faults. */
#include "test/fuzz/fuzz.h"
#include "transport/wss/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t faults[] = {0, 0xffffffff, MBEDTLS_X509_BADCERT_CN_MISMATCH,
                                      MBEDTLS_X509_BADCERT_NOT_TRUSTED, MBEDTLS_X509_BADCERT_EXPIRED};
    struct parley_address address = {.family = 4, .bytes = {127, 0, 0, 1}};
    struct parley_fact_certificate fact = {0};
    char why[PARLEY_TRANSPORT_REASON] = "", host[300];
    mbedtls_x509_crt certificate;

    if (size < 2)
        return 0;
    mbedtls_x509_crt_init(&certificate);
    if (mbedtls_x509_crt_parse_der(&certificate, data + 1, size - 1) == 0) {
        parley_certificate_fact(&fact, &certificate);
        must_be_clean(fact.subject, sizeof fact.subject);
        must_be_clean(fact.issuer, sizeof fact.issuer);
        must_be_clean(fact.names, sizeof fact.names);
        must(strlen(fact.from) == 10 && strlen(fact.to) == 10);
        must(strlen(fact.pin) == PARLEY_CERTIFICATE_PIN - 1);
        memset(host, 'h', sizeof host);
        parley_certificate_why(why, &certificate, data[0] & 1, faults[data[0] / 2 % 5],
                               parley_view_of(host, data[0]));
        must_be_clean(why, sizeof why);
        parley_certificate_has_address(&certificate, &address);
        address.family = 6;
        parley_certificate_has_address(&certificate, &address);
    }
    mbedtls_x509_crt_free(&certificate);
    return 0;
}
