#ifndef PARLEY_CLI_ADVICE_H
#define PARLEY_CLI_ADVICE_H

#include "platform/view.h"

/*
 * What to do about a link that failed: `stage` is where (as parley_transport_stage names it, or "setup" or
 * "session"), `status` what, `reason` why in words, `http_status` what the service answered, 0 for nothing.
 * One sentence, static.
 */
const char *parley_cli_advice(const char *stage, int status, struct parley_view reason, int http_status);

#endif
