#ifndef PARLEY_TEST_WIRE_CERTIFICATE_TEST_H
#define PARLEY_TEST_WIRE_CERTIFICATE_TEST_H

/* A key, and a certificate by itself; for tls_test.c and trust_test.c. */
#include "wire_test.h"

#include "platform/random.h"

#include <mbedtls/ecp.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#define MBEDTLS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)
#if MBEDTLS_3
#include <psa/crypto.h>
#endif

static inline int random_bytes(void *context, unsigned char *out, size_t bytes)
{
    (void)context;
    return parley_random(out, bytes);
}

/* Makes `key`, and gets `writer` ready to write its certificate as PEM or DER. Both are freed by the caller,
   the writer first. */
static inline void make_certificate_of(const char *name, mbedtls_pk_context *key,
                                       mbedtls_x509write_cert *writer)
{
    unsigned char serial[] = {1};

    mbedtls_pk_init(key);
    mbedtls_x509write_crt_init(writer);
    assert_int_equal(mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), random_bytes, NULL),
                     0);
    mbedtls_x509write_crt_set_md_alg(writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(writer, key);
    mbedtls_x509write_crt_set_issuer_key(writer, key);
    assert_int_equal(mbedtls_x509write_crt_set_subject_name(writer, name), 0);
    assert_int_equal(mbedtls_x509write_crt_set_issuer_name(writer, name), 0);
    assert_int_equal(mbedtls_x509write_crt_set_validity(writer, "20240101000000", "20450101000000"), 0);
#if MBEDTLS_3
    assert_int_equal(mbedtls_x509write_crt_set_serial_raw(writer, serial, sizeof serial), 0);
#else
    mbedtls_mpi number;
    mbedtls_mpi_init(&number);
    assert_int_equal(mbedtls_mpi_read_binary(&number, serial, sizeof serial), 0);
    assert_int_equal(mbedtls_x509write_crt_set_serial(writer, &number), 0);
    mbedtls_mpi_free(&number);
#endif
}

#endif
