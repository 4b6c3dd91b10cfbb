#ifndef PARLEY_PLATFORM_USER_H
#define PARLEY_PLATFORM_USER_H

#include <stddef.h>

/*
 * The first name of the person at the machine: the first word of the account's full name, else the
 * login name, else "there" (reference 7.3). Always terminated, cut at a whole UTF-8 character.
 * Reads the account database, which may be slow with a network directory: call it before the loop.
 */
void parley_user_first_name(char *out, size_t bytes);

/* The home directory ("" when there is none). Returns its length, or PARLEY_ERR_TOO_LONG. */
int parley_user_home(char *out, size_t bytes);

#endif
