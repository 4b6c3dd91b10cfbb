/*
 * Alerts in words. See alert.h.
 */
#include "transport/wss/alert.h"

#include "transport/wss/why.h"

#include <mbedtls/ssl.h>

/* The alerts a client hears of (RFC 5246 section 7.2, RFC 8446 section 6). */
static const char *alert_name(unsigned char alert)
{
    static const struct {
        unsigned char alert;
        const char *name;
    } names[] = {
        {10, "unexpected message"}, {20, "bad record MAC"},        {40, "handshake failure"},
        {47, "illegal parameter"},  {50, "decode error"},          {51, "decrypt error"},
        {70, "protocol version"},   {71, "insufficient security"}, {80, "internal error"},
        {112, "unrecognised name"}, {116, "certificate required"}, {120, "no application protocol"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].alert == alert)
            return names[i].name;
    return "another reason";
}

void parley_alert_why(char why[PARLEY_TRANSPORT_REASON], unsigned char alert, bool in_handshake)
{
    bool modern = in_handshake && (alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE ||
                                   alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION);

    parley_why(why, "tls: the peer refused with alert %u (%s)%s", alert, alert_name(alert),
               modern ? "; we speak TLS 1.2 and newer, with ECDHE and AES-GCM or ChaCha20-Poly1305" : "");
}
