#ifndef PARLEY_PLATFORM_FIRST_NAME_H
#define PARLEY_PLATFORM_FIRST_NAME_H

#include "platform/view.h"

/*
 * Makes the first name out of what the account database holds: the first word of `full_name` (which
 * ends at the first comma, as in a GECOS field), else `login`, else "there" (reference 7.3). A name that
 * is not UTF-8 counts as missing. At most bytes - 1 bytes of whole characters, always terminated.
 */
void parley_first_name(struct parley_view full_name, struct parley_view login, char *out, size_t bytes);

#endif
