/*
 * What the authenticated encryption of one message costs with the mbedTLS it is linked with: AES-128-GCM and
 * ChaCha20-Poly1305 side by side, in turns, so that whatever else the machine does meets both. Prints a row
 * of test/bench/tls.sh's table. The shortest of many rounds counts: what is longer is somebody else's.
 */
#include "platform/clock.h"

#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <mbedtls/version.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { EVENT = 6600, TIMES = 50, ROUNDS = 300 }; /* 100 ms of audio is an event of 6.6 KB */

static unsigned char key[32], nonce[12], header[13], plain[EVENT], sealed[EVENT], tag[16];
static mbedtls_gcm_context gcm;
static mbedtls_chachapoly_context chachapoly;

static int open_gcm(void)
{
    return mbedtls_gcm_auth_decrypt(&gcm, EVENT, nonce, sizeof nonce, header, sizeof header, tag, sizeof tag,
                                    sealed, plain);
}

static int open_chachapoly(void)
{
    return mbedtls_chachapoly_auth_decrypt(&chachapoly, EVENT, nonce, header, sizeof header, tag, sealed,
                                           plain);
}

/* Microseconds of one, or a negative number when it fails. */
static double measure(int (*decrypt)(void))
{
    uint64_t began_us = parley_clock_us();

    for (int i = 0; i < TIMES; i++)
        if (decrypt() != 0)
            return -1;
    return (double)(parley_clock_us() - began_us) / TIMES;
}

int main(void)
{
    double aes_us = 1e9, chacha_us = 1e9;
    unsigned char gcm_tag[16], chacha_tag[16];
    static unsigned char gcm_sealed[EVENT], chacha_sealed[EVENT];

    mbedtls_gcm_init(&gcm);
    mbedtls_chachapoly_init(&chachapoly);
    if (mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 128) != 0 ||
        mbedtls_chachapoly_setkey(&chachapoly, key) != 0 ||
        mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, EVENT, nonce, sizeof nonce, header,
                                  sizeof header, plain, gcm_sealed, sizeof gcm_tag, gcm_tag) != 0 ||
        mbedtls_chachapoly_encrypt_and_tag(&chachapoly, EVENT, nonce, header, sizeof header, plain,
                                           chacha_sealed, chacha_tag) != 0)
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(sealed, gcm_sealed, EVENT);
        memcpy(tag, gcm_tag, sizeof tag);
        double aes = measure(open_gcm);
        memcpy(sealed, chacha_sealed, EVENT);
        memcpy(tag, chacha_tag, sizeof tag);
        double chacha = measure(open_chachapoly);

        if (aes < 0 || chacha < 0)
            return 1;
        aes_us = aes < aes_us ? aes : aes_us;
        chacha_us = chacha < chacha_us ? chacha : chacha_us;
    }
    printf("| %s | %.1f | %.1f | %s |\n", MBEDTLS_VERSION_STRING, aes_us, chacha_us,
           chacha_us <= aes_us ? "ChaCha20-Poly1305" : "AES-128-GCM: build with -DPARLEY_TLS_AES_FIRST");
    return 0;
}
