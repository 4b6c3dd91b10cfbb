#ifndef PARLEY_TRANSPORT_WSS_ALERT_H
#define PARLEY_TRANSPORT_WSS_ALERT_H

#include "transport/transport.h"

/* Puts an alert of the peer into words; `in_handshake`: with a hint at what we offer where that may be why.
 */
void parley_alert_why(char why[PARLEY_TRANSPORT_REASON], unsigned char alert, bool in_handshake);

#endif
