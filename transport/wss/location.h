#ifndef PARLEY_TRANSPORT_WSS_LOCATION_H
#define PARLEY_TRANSPORT_WSS_LOCATION_H

#include "transport/transport.h"

/*
 * The id of a call, out of the Location that the answer to its creation has (reference 9.2): up to the first
 * '?', the last of the parts between slashes that begins with "rtc_" and has something behind it. Pure.
 *
 * Returns 0 with the id, zero-terminated, in `id`; PARLEY_ERR_HTTP with the reason in `why` for a Location
 * that is not printable ASCII, holds no id, or one that is longer than PARLEY_FACT_CALL_ID - 1 bytes.
 */
int parley_location_read(struct parley_view location, char id[PARLEY_FACT_CALL_ID],
                         char why[PARLEY_TRANSPORT_REASON]);

#endif
