#ifndef PARLEY_TRANSPORT_WSS_JUDGE_H
#define PARLEY_TRANSPORT_WSS_JUDGE_H

#include "transport/wss/certificate.h"

/*
 * Whether the peer is who it should be: what its certificates have to satisfy beyond mbedTLS's own checks,
 * and the words for what they do not.
 */

/* "sha256/" and base64, as parley_certificate_pin writes it. */
struct parley_pin {
    char text[PARLEY_CERTIFICATE_PIN];
};

enum { PARLEY_PINS_MAX = 32, PARLEY_CERTIFICATE_DAY = sizeof "1970-01-01" };

/* Set what the first part holds, the rest zero. */
struct parley_judge {
    struct parley_view host;
    struct parley_address address; /* of a host that is a literal; else family 0 */
    struct parley_facts *facts;    /* of what is seen */
    struct parley_pin *pins;
    size_t pin_count;
    bool insecure; /* nothing but pins counts */

    bool clock_unset;                      /* the dates of certificates mean nothing */
    bool faulty;                           /* a certificate of the chain has a fault */
    bool pinned;                           /* one that counts has a pinned key */
    bool judged;                           /* the server's own certificate has been seen */
    char last_day[PARLEY_CERTIFICATE_DAY]; /* on which all of the chain is still good */
    char faults[PARLEY_TRANSPORT_REASON];  /* what was found */
};

/*
 * Takes over one pin; curl's "sha256//" is understood as well.
 * Returns 0, or PARLEY_ERR_ARGUMENT with the reason in `why`.
 */
int parley_judge_pin(struct parley_pin *pin, struct parley_view text, char why[PARLEY_TRANSPORT_REASON]);

/*
 * Before the handshake: is there a date to judge by? Without one it is better to hear so than that a
 * certificate is "not valid yet". Returns 0 (also when dates are to be ignored, with a warning in the log) or
 * PARLEY_ERR_CERTIFICATE with the reason in `why`.
 */
int parley_judge_clock(struct parley_judge *j, bool ignore_dates, const struct parley_log *log,
                       char why[PARLEY_TRANSPORT_REASON]);

/* For mbedtls_ssl_conf_verify: called for each certificate, from the authority down to the server's own. A
   flag set here fails the handshake like one of mbedTLS's own, unless it is an insecure one. */
int parley_judge_certificate(void *judge, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* True when the server's own certificate was seen, nothing is wrong that counts, and a pin fits if there are
   any. mbedTLS has acted on all of it already; a second look costs nothing, and what it guards is
   everything. */
bool parley_judge_accepts(const struct parley_judge *j);

/* True when that rests on more than the peer's word: on authorities, or on a pin. */
bool parley_judge_is_sure(const struct parley_judge *j);

#endif
