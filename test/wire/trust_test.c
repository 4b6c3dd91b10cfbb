/*
 * Certificates and keys out of texts in memory: what is taken, what is left out, and the words for what is
 * wrong. Files are the matter of test/peer/tls_matrix, links of that and of tls_test.
 *
 * link: -Wl,--wrap=calloc,--wrap=free
 */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "certificate_test.h"

#include "transport/wss/trust.h"

#include <mbedtls/pem.h>

/* ---- mbedTLS's heap ------------------------------------------------------------------------------ */

static unsigned long calls, fails_at; /* 0: never */
static struct {
    void *at;
    size_t bytes;
} blocks[256];
static const char *volatile secret; /* is in no block that is freed; gcc knows that free() does not look */
static volatile bool leaked;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __real_free(void *at);
void __wrap_free(void *at);

void *__wrap_calloc(size_t count, size_t size)
{
    void *at = ++calls == fails_at ? NULL : __real_calloc(count, size);

    for (size_t i = 0; i < COUNT(blocks) && secret != NULL && at != NULL; i++)
        if (blocks[i].at == NULL) {
            blocks[i].at = at;
            blocks[i].bytes = count * size;
            break;
        }
    return at;
}

void __wrap_free(void *at)
{
    for (size_t i = 0; i < COUNT(blocks) && secret != NULL && at != NULL; i++) {
        if (blocks[i].at != at)
            continue;
        for (size_t from = 0; from + strlen(secret) <= blocks[i].bytes; from++)
            leaked = leaked || memcmp((char *)at + from, secret, strlen(secret)) == 0;
        blocks[i].at = NULL;
    }
    __real_free(at);
}

/* ---- two authorities ----------------------------------------------------------------------------- */

static struct made {
    char pem[1024], key_pem[512];
    unsigned char der[1024], key_der[256];
    size_t der_bytes, key_der_bytes;
} first, second;

/* mbedTLS writes DER at the end of what there is for it. */
static size_t to_front(unsigned char *buffer, size_t size, int bytes)
{
    assert_true(bytes > 0);
    memmove(buffer, buffer + size - bytes, (size_t)bytes);
    return (size_t)bytes;
}

static void make(struct made *made, const char *name)
{
    mbedtls_pk_context key;
    mbedtls_x509write_cert writer;

    make_certificate_of(name, &key, &writer);
    made->der_bytes =
        to_front(made->der, sizeof made->der,
                 mbedtls_x509write_crt_der(&writer, made->der, sizeof made->der, random_bytes, NULL));
    made->key_der_bytes = to_front(made->key_der, sizeof made->key_der,
                                   mbedtls_pk_write_key_der(&key, made->key_der, sizeof made->key_der));
    assert_int_equal(
        mbedtls_x509write_crt_pem(&writer, (unsigned char *)made->pem, sizeof made->pem, random_bytes, NULL),
        0);
    assert_int_equal(mbedtls_pk_write_key_pem(&key, (unsigned char *)made->key_pem, sizeof made->key_pem), 0);
    mbedtls_x509write_crt_free(&writer);
    mbedtls_pk_free(&key);
}

static int make_both(void **state)
{
    (void)state;
    parley_fake_reset();
    make(&first, "CN=first");
    make(&second, "CN=second");
    return 0;
}

/* Texts are put together from these letters: the certificates in PEM and DER, and what is none. */
static void put(struct bytes *text, const char *parts)
{
    static const char locked[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    static struct made broken, cut;

    text->used = 0;
    broken = cut = first;
    memset(broken.pem + 100, '!', 5);
    broken.der[10] ^= 0xff;
    cut.pem[200] = '\0';
    for (; *parts != '\0'; parts++) {
        switch (*parts) {
        case 'a':
            add(text, first.pem, strlen(first.pem));
            break;
        case 'b':
            add(text, second.pem, strlen(second.pem));
            break;
        case 'x':
            add(text, broken.pem, strlen(broken.pem));
            break;
        case 'c':
            add(text, cut.pem, strlen(cut.pem));
            break;
        case 'k':
            add(text, first.key_pem, strlen(first.key_pem));
            break;
        case 'l':
            add(text, second.key_pem, strlen(second.key_pem));
            break;
        case 'A':
            add(text, first.der, first.der_bytes);
            break;
        case 'B':
            add(text, second.der, second.der_bytes);
            break;
        case 'X':
            add(text, broken.der, first.der_bytes);
            break;
        case 'K':
            add(text, first.key_der, first.key_der_bytes);
            break;
        case 'C':
            add(text, first.der, first.der_bytes / 2);
            break;
        case 't':
            add(text, "0 s:CN=first\r\n", 14);
            break;
        case '0':
            add(text, "", 1);
            break;
        case 'p':
            add(text, locked, strlen(locked));
            break;
        default:
            fail_msg("no part %c", *parts);
        }
    }
}

/* A copy of exactly its length, so that a sanitizer or valgrind sees a byte read behind it. */
static struct parley_view exact(const struct bytes *text, char **copy)
{
    *copy = malloc(text->used + (text->used == 0));
    memcpy(*copy, text->at, text->used);
    return parley_view_of(*copy, text->used);
}

/* `%A` in what is expected stands for the bytes of the first certificate in DER, `%a` for those in PEM. */
static void expand(char out[PARLEY_TRANSPORT_REASON], const char *words)
{
    size_t used = 0;

    for (; *words != '\0'; words++)
        if (words[0] == '%') {
            size_t bytes = *++words == 'A' ? first.der_bytes : strlen(first.pem);
            used += (size_t)snprintf(out + used, PARLEY_TRANSPORT_REASON - used, "%lu", (unsigned long)bytes);
        } else {
            out[used++] = *words;
        }
    out[used] = '\0';
}

static char logged[512];
static void log_line(void *user, enum parley_log_level level, struct parley_view line)
{
    (void)user;
    assert_int_equal(level, PARLEY_LOG_WARN);
    snprintf(logged, sizeof logged, "%.*s", (int)line.len, line.at);
}

static int count_of(const mbedtls_x509_crt *chain)
{
    int count = 0;

    for (; chain != NULL && chain->raw.p != NULL; chain = chain->next)
        count++;
    return count;
}

/* ---- the tests ----------------------------------------------------------------------------------- */

static void reads_authorities(void **state)
{
    static const struct {
        const char *title, *parts;
        int status, count;
        const char *words; /* of the reason, or else of the warning */
    } rows[] = {
        {"PEM", "a", 0, 1, ""},
        {"PEM with its zero", "a0", 0, 1, ""},
        {"two in PEM", "ab", 0, 2, ""},
        {"words around, and a key", "tatkbt", 0, 2, ""},
        {"DER", "A", 0, 1, ""},
        {"two in DER", "AB", 0, 2, ""},
        {"a broken one before a good one, PEM", "xb", 0, 1,
         "ca_pem: the certificate at byte 0 cannot be read"},
        {"and behind it", "ax", 0, 1, "ca_pem: the certificate at byte %a cannot be read"},
        {"a cut one before a good one", "cb", 0, 1, "ca_pem: the certificate at byte 0 has no end"},
        {"and behind it", "ac", 0, 1, "ca_pem: the certificate at byte %a has no end"},
        {"a broken one before a good one, DER", "XB", 0, 1,
         "ca_pem: the certificate at byte 0 cannot be read"},
        {"something behind DER", "At", 0, 1, "ca_pem: the certificate at byte %A has no end"},
        {"a cut one behind DER", "AC", 0, 1, "ca_pem: the certificate at byte %A has no end"},
        {"empty", "", PARLEY_ERR_ARGUMENT, 0,
         "ca_pem: no certificate in it (0 bytes; PEM or DER is expected)"},
        {"something else", "k", PARLEY_ERR_ARGUMENT, 0, "ca_pem: no certificate in it ("},
        {"a zero", "0", PARLEY_ERR_ARGUMENT, 0, "ca_pem: no certificate in it (1 bytes"},
        {"a broken one alone", "tx", PARLEY_ERR_ARGUMENT, 0,
         "ca_pem: the certificate at byte 14 cannot be read"},
        {"a cut one alone", "c", PARLEY_ERR_ARGUMENT, 0, "ca_pem: the certificate at byte 0 has no end"},
        {"a broken one alone, DER", "X", PARLEY_ERR_ARGUMENT, 0,
         "ca_pem: the certificate at byte 0 cannot be"},
        {"half of one, DER", "C", PARLEY_ERR_ARGUMENT, 0, "ca_pem: the certificate at byte 0 has no end"},
        {"DER of a key", "K", PARLEY_ERR_ARGUMENT, 0, "ca_pem: no certificate in it (121 bytes"},
    };
    static struct bytes text;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_log log = {log_line, NULL, PARLEY_LOG_WARN};
        char why[PARLEY_TRANSPORT_REASON], words[PARLEY_TRANSPORT_REASON], *copy;
        mbedtls_x509_crt trusted;

        put(&text, rows[i].parts);
        struct parley_endpoint to = {.ca_pem = exact(&text, &copy)};
        logged[0] = '\0';
        mbedtls_x509_crt_init(&trusted);
        expect_int(rows[i].title, parley_trust_load(&trusted, &to, &log, why), rows[i].status);
        free(copy); /* nothing is left that points to it */
        expect_int(rows[i].title, count_of(&trusted), rows[i].count);
        expand(words, rows[i].words);
        if (strstr(rows[i].status < 0 ? why : logged, words) == NULL)
            fail_msg("%s: \"%s\" and \"%s\" hold no \"%s\"", rows[i].title, why, logged, words);
        if (rows[i].status == 0 && rows[i].words[0] == '\0')
            expect_text(rows[i].title, logged, "");
        if (rows[i].status == 0)
            expect_text(rows[i].title, why, "");
        mbedtls_x509_crt_free(&trusted);
    }
}

/* A text that ends anywhere is read no further, and a certificate of it only when all of it is there. */
static void reads_texts_that_end_anywhere(void **state)
{
    static struct bytes text;

    (void)state;
    for (int der = 0; der < 2; der++) {
        put(&text, der ? "AB" : "ab");
        size_t all = text.used, one = der ? first.der_bytes : strlen(first.pem) - 1,
               two = all - (der ? 0 : 1);
        for (text.used = 0; text.used <= all; text.used += der ? 1 : 7) {
            char why[PARLEY_TRANSPORT_REASON], *copy;
            struct parley_endpoint to = {.ca_pem = exact(&text, &copy)};
            mbedtls_x509_crt trusted;
            int expected = text.used < one ? 0 : text.used < two ? 1 : 2;

            mbedtls_x509_crt_init(&trusted);
            assert_int_equal(parley_trust_load(&trusted, &to, NULL, why),
                             expected > 0 ? 0 : PARLEY_ERR_ARGUMENT);
            assert_int_equal(count_of(&trusted), expected);
            mbedtls_x509_crt_free(&trusted);
            free(copy);
        }
    }
}

static void reads_a_certificate_of_our_own(void **state)
{
    static const struct {
        const char *title, *cert, *key; /* NULL: none */
        const char *cert_file, *key_file;
        int status;
        const char *words;
    } rows[] = {
        {"PEM", "a", "k", NULL, NULL, 0, ""},
        {"PEM with zeroes", "a0", "k0", NULL, NULL, 0, ""},
        {"with a chain", "ab", "k", NULL, NULL, 0, ""},
        {"DER", "A", "K", NULL, NULL, 0, ""},
        {"DER, and its key PEM", "A", "k", NULL, NULL, 0, ""},
        {"both in one text", "ak", NULL, NULL, NULL, 0, ""},
        {"both in one text, the key first", "ka", NULL, NULL, NULL, 0, ""},
        {"the key stands nowhere", "a", NULL, NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_cert_pem: no key in it that can be read"},
        {"no certificate", "t", "k", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_cert_pem: no certificate in it (14 bytes"},
        {"an empty certificate", "", "k", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_cert_pem: no certificate in it (0 bytes"},
        {"a broken certificate", "tx", "k", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_cert_pem: the certificate at byte 14 cannot be read"},
        {"no key", "a", "t", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_key_pem: no key in it that can be read"},
        {"an empty key", "a", "", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_key_pem: no key in it that can be read"},
        {"DER that is no key", "a", "B", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_key_pem: no key in it that can be read"},
        {"a key with a passphrase", "a", "p", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_key_pem: the key has a passphrase, which cannot be asked for"},
        {"the key of another", "a", "l", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_key_pem: the key is not the one of the certificate in client_cert_pem"},
        {"a key without a certificate", NULL, "k", NULL, NULL, PARLEY_ERR_ARGUMENT,
         "client_key_pem needs client_cert or client_cert_pem"},
        {"a certificate twice", "a", "k", "file", NULL, PARLEY_ERR_ARGUMENT,
         "client_cert and client_cert_pem: only one of the two can be"},
        {"a key twice", "a", "k", NULL, "file", PARLEY_ERR_ARGUMENT,
         "client_key and client_key_pem: only one of the two can be"},
        {"a key in a file that is not there", "a", NULL, NULL, "gone", PARLEY_ERR_FILE, "client_key gone: "},
    };
    static struct bytes cert, key_text;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parley_endpoint to = {.client_cert = parley_view(rows[i].cert_file),
                                     .client_key = parley_view(rows[i].key_file)};
        char why[PARLEY_TRANSPORT_REASON] = "", *copies[2] = {NULL, NULL};
        mbedtls_x509_crt own;
        mbedtls_pk_context key;

        put(&cert, rows[i].cert != NULL ? rows[i].cert : "");
        put(&key_text, rows[i].key != NULL ? rows[i].key : "");
        if (rows[i].cert != NULL)
            to.client_cert_pem = exact(&cert, &copies[0]);
        if (rows[i].key != NULL)
            to.client_key_pem = exact(&key_text, &copies[1]);
        mbedtls_x509_crt_init(&own);
        mbedtls_pk_init(&key);
        expect_int(rows[i].title, parley_trust_own(&own, &key, &to, why), rows[i].status);
        free(copies[0]);
        free(copies[1]);
        if (strncmp(why, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s: \"%s\" is not \"%s\"", rows[i].title, why, rows[i].words);
        expect_int(rows[i].title, mbedtls_pk_get_bitlen(&key) > 0 && rows[i].status == 0,
                   rows[i].status == 0);
        mbedtls_x509_crt_free(&own);
        mbedtls_pk_free(&key);
    }
}

static void leaves_no_copy_of_a_key(void **state)
{
    static struct bytes cert, key_text;
    void *(*volatile take)(size_t, size_t) = calloc;
    void (*volatile give)(void *) = free;
    char some[33] = "", why[PARLEY_TRANSPORT_REASON];

    (void)state;
    memcpy(some, strchr(first.key_pem, '\n') + 1, 32);
    put(&cert, "a");
    put(&key_text, "k");
    for (int wrong = 0; wrong < 2; wrong++) {
        struct parley_endpoint to = {.client_cert_pem = {cert.at, cert.used},
                                     .client_key_pem = {key_text.at, key_text.used - (wrong ? 40 : 0)}};
        mbedtls_x509_crt own;
        mbedtls_pk_context key;

        mbedtls_x509_crt_init(&own);
        mbedtls_pk_init(&key);
        memset(blocks, 0, sizeof blocks);
        leaked = false;
        secret = some;
        int status = parley_trust_own(&own, &key, &to, why);
        secret = NULL;
        assert_int_equal(status, wrong ? PARLEY_ERR_ARGUMENT : 0);
        assert_false(leaked);
        assert_null(strstr(why, some));
        mbedtls_x509_crt_free(&own);
        mbedtls_pk_free(&key);
    }
    memset(blocks, 0, sizeof blocks);
    secret = some; /* it would have been seen */
    char *seen = take(1, 64);
    memcpy(seen, some, 32);
    give(seen);
    secret = NULL;
    assert_true(leaked);
}

/* Wherever mbedTLS's heap ends there is a reason, and nothing is left. */
static void says_what_has_no_memory(void **state)
{
    static struct bytes cert, key_text;
    unsigned long fails = 0, unsaid = 0;
    int status = -1;

    (void)state;
    put(&cert, "a");
    put(&key_text, "k");
    for (unsigned long at = 1; status < 0; at += at < 100 ? 1 : 53) { /* most are of the key's numbers */
        struct parley_endpoint to = {.ca_pem = {cert.at, cert.used},
                                     .client_cert_pem = {cert.at, cert.used},
                                     .client_key_pem = {key_text.at, key_text.used}};
        char why[PARLEY_TRANSPORT_REASON] = "";
        mbedtls_x509_crt own, trusted;
        mbedtls_pk_context key;

        mbedtls_x509_crt_init(&own);
        mbedtls_x509_crt_init(&trusted);
        mbedtls_pk_init(&key);
        calls = 0;
        fails_at = at;
        status = parley_trust_load(&trusted, &to, NULL, why);
        if (status == 0)
            status = parley_trust_own(&own, &key, &to, why);
        fails_at = 0;
        fails += status < 0;
        if (strstr(why, "client_key_pem: no key in it that can be read") != NULL)
            unsaid++; /* mbedTLS tries one form after another, and tells of none */
        else if (status != (status < 0 ? PARLEY_ERR_MEMORY : 0) ||
                 (strstr(why, ": no memory ") != NULL) != (status < 0))
            fail_msg("allocation %lu fails: %d, \"%s\"", at, status, why);
        mbedtls_x509_crt_free(&own);
        mbedtls_x509_crt_free(&trusted);
        mbedtls_pk_free(&key);
        assert_true(at < 20000);
    }
    assert_true(fails > 20 && unsaid < fails / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_authorities),
        cmocka_unit_test(reads_texts_that_end_anywhere),
        cmocka_unit_test(reads_a_certificate_of_our_own),
        cmocka_unit_test(leaves_no_copy_of_a_key),
        cmocka_unit_test(says_what_has_no_memory),
    };

#if MBEDTLS_3
    if (psa_crypto_init() != PSA_SUCCESS)
        return 1;
#endif
    return cmocka_run_group_tests(tests, make_both, NULL);
}
